package reading

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var months = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"janvier": 1, "février": 2, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "août": 8, "aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "decembre": 12,
}

// relativeDates are spans of time that only the date of publication fixes.
const relativeDates = `
today	aujourd'hui|today|tonight
same	dans le même temps
same	le même jour
same	the same day
same	at the same time
then	à l' époque
then	at the time
day	hier|yesterday
day	on? monday|tuesday|wednesday|thursday|friday|saturday|sunday
day	ce? lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche
vague	ces derniers|dernières jours|semaines|mois|années
vague	in recent|the? last|past days|weeks|months|years
vague	récemment|recently
vague	over|in|during the last|past _2 days|weeks|months|years
lastyear	l' an|année dernier|dernière
lastyear	last year
vague	last|this week|month|autumn|spring|summer|winter|fall
vague	la semaine dernière
vague	le mois dernier
vague	earlier this year|month|week
vague	plus tôt cette année
`

var isoDate = regexp.MustCompile(`^(19|20)\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$`)

func isYear(s string) bool {
	return len(s) == 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")) && s[2] >= '0' && s[2] <= '9' && s[3] >= '0' && s[3] <= '9'
}

func isDay(s string) bool {
	s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "st"), "nd"), "rd"), "th"), "er")
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 31 && len(s) <= 2
}

func dayOf(s string) int {
	n, _ := strconv.Atoi(strings.TrimRight(s, "stndrhe"))
	return n
}

// findDate reads a date at token i of the passage: a day, a month, a year or a
// span of them.
func (p *passage) findDate(i int) *mention {
	t := p.tokens
	w := t[i].lower
	at := func(k int) string {
		if k < p.hi {
			return t[k].lower
		}
		return ""
	}
	// De 2011 à 2018, between 2011 and 2018, from March to June 2020.
	for _, span := range [][2]string{{"de", "à"}, {"from", "to"}, {"between", "and"}, {"entre", "et"}} {
		if w != span[0] {
			continue
		}
		if a := p.findPoint(i + 1); a != nil && at(a.hi) == span[1] {
			if b := p.findPoint(a.hi + 1); b != nil {
				return &mention{typ: "date", lo: i, hi: b.hi, norm: Norm{From: a.norm.From, To: b.norm.To, Precision: b.norm.Precision}}
			}
		}
	}
	// Au mois de mars dernier, en mars, in March 2021, le 19 juillet.
	from := i
	switch {
	case w == "au" && at(i+1) == "mois" && (at(i+2) == "de" || at(i+2) == "d'"):
		from = i + 3
	case w == "en" || w == "in" || w == "on" || w == "le" || w == "since" || w == "depuis" || w == "fin" || w == "début" || w == "late" || w == "early" || w == "mid":
		from = i + 1
		if at(from) == "early" || at(from) == "late" || at(from) == "mid" || at(from) == "début" {
			from++
		}
	}
	m := p.findPoint(from)
	if m == nil {
		return nil
	}
	if from > i && m.norm.Precision == "" {
		return nil
	}
	m.lo = i
	if at(m.hi) == "dernier" || at(m.hi) == "dernière" {
		m.hi++
	}
	m.hlo, m.hhi = 0, 0
	return m
}

// findPoint reads a day, a month or a year without a preposition.
func (p *passage) findPoint(i int) *mention {
	if i >= p.hi {
		return nil
	}
	t := p.tokens
	at := func(k int) string {
		if k < p.hi {
			return t[k].lower
		}
		return ""
	}
	w := at(i)
	point := func(hi, y int, m time.Month, d int) *mention {
		return &mention{typ: "date", lo: i, hi: hi, norm: dateNorm(y, m, d)}
	}
	if isoDate.MatchString(w) {
		y, _ := strconv.Atoi(w[:4])
		m, _ := strconv.Atoi(w[5:7])
		d := 0
		if len(w) == 10 {
			d, _ = strconv.Atoi(w[8:])
		}
		return point(i+1, y, time.Month(m), d)
	}
	year := func(k int) (int, int) {
		if at(k) == "," && isYear(at(k+1)) {
			y, _ := strconv.Atoi(at(k + 1))
			return y, k + 2
		}
		if isYear(at(k)) {
			y, _ := strconv.Atoi(at(k))
			return y, k + 1
		}
		return 0, k
	}
	switch m := months[w]; {
	case m > 0 && (w != "may" && w != "march" && w != "mars" && w != "mai" && w != "jan" && w != "dec" && w != "mar" && w != "sep" || t[i].upper || p.lang == "fr"):
		if isDay(at(i+1)) && (at(i+2) == "," || isYear(at(i+2)) || !strings.Contains("0123456789", at(i + 2)[:min(1, len(at(i+2)))]) || at(i+2) == "") { // March 2, 2021
			y, hi := year(i + 2)
			return point(hi, y, m, dayOf(at(i+1)))
		}
		y, hi := year(i + 1)
		return point(hi, y, m, 0)
	case isDay(w) && (t[i].number || len(w) >= 3) && months[at(i+1)] > 0: // 19 July 2021, 1er mars
		y, hi := year(i + 2)
		return point(hi, y, months[at(i+1)], dayOf(w))
	case isYear(w):
		y, _ := strconv.Atoi(w)
		return point(i+1, y, 0, 0)
	}
	return nil
}

// dateNorm gives the days that a date covers. The year is 0 where the text
// does not say it, until the date of publication is known.
func dateNorm(y int, m time.Month, d int) Norm {
	n := Norm{Precision: "year"}
	first, last := time.Date(y, max(m, 1), max(d, 1), 0, 0, 0, 0, time.UTC), time.Time{}
	switch {
	case d > 0:
		n.Precision, last = "day", first
	case m > 0:
		n.Precision, last = "month", first.AddDate(0, 1, -1)
	default:
		last = first.AddDate(1, 0, -1)
	}
	n.From, n.To = first.Format(time.DateOnly), last.Format(time.DateOnly)
	return n
}

// published is the date that the text gives as its own, near its start.
func (p *page) published() string {
	for _, pg := range p.passages {
		for _, m := range pg.mentions {
			if p.tokens[m.lo].start > 400 {
				return ""
			}
			if m.typ == "date" && !strings.HasPrefix(m.norm.From, "0000") && m.norm.From != "" && m.norm.Precision != "year" {
				before := ""
				if m.lo > 0 {
					before = p.tokens[m.lo-1].lower
				}
				alone := m.lo == pg.lo && m.hi == pg.hi
				if isoDate.MatchString(p.tokens[m.lo].lower) || alone || before == "date" || before == "published" || before == "publié" {
					m.norm.Role = "publication"
					return strings.TrimSuffix(m.norm.From[:map[string]int{"month": 7, "day": 10}[m.norm.Precision]], "-")
				}
			}
		}
	}
	return ""
}

// normaliseDates gives dates without a year, and words such as "today", the
// days that the date of publication implies, never more precise than it.
func (p *page) normaliseDates(published string) {
	var anchor time.Time
	layout := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02"}[len(published)]
	if layout != "" {
		anchor, _ = time.Parse(layout, published)
	}
	last := Norm{}
	for _, pg := range p.passages {
		for _, m := range pg.mentions {
			if m.typ != "date" {
				continue
			}
			n := &m.norm
			if strings.HasPrefix(n.From, "0000") {
				if anchor.IsZero() {
					n.From, n.To = "", ""
					continue
				}
				// The last such month up to publication.
				y := anchor.Year()
				if n.From[5:7] > fmt.Sprintf("%02d", int(anchor.Month())) {
					y--
				}
				n.From, n.To = fmt.Sprintf("%04d%s", y, n.From[4:]), fmt.Sprintf("%04d%s", y, n.To[4:])
			}
			switch n.Role {
			case "today", "same", "day":
				if anchor.IsZero() {
					break
				}
				*n = anchorNorm(anchor, published)
			case "vague":
				if !anchor.IsZero() {
					n.To = anchorNorm(anchor, published).To
				}
			case "lastyear":
				if !anchor.IsZero() {
					*n = dateNorm(anchor.Year()-1, 0, 0)
				}
			case "then":
				if last.From != "" {
					n.From, n.To, n.Precision = last.From, last.To, last.Precision
				}
			default:
				last = *n
			}
		}
	}
}

func anchorNorm(a time.Time, published string) Norm {
	switch len(published) {
	case 4:
		return dateNorm(a.Year(), 0, 0)
	case 7:
		return dateNorm(a.Year(), a.Month(), 0)
	}
	return dateNorm(a.Year(), a.Month(), a.Day())
}
