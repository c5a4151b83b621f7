package html

import (
	"cmp"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"limier/publish"
)

// words speaks the language of the report. The English text is the key of the
// catalogue, so that the template reads as what it says.
type words struct {
	lang    string
	missing []string // keys that the catalogue lacks; a report is not written with any
}

// t says text in the language, with its values filled in.
func (w *words) t(text string, values ...any) string {
	if w.lang == "fr" {
		said, ok := french[text]
		if !ok && !slices.Contains(w.missing, text) {
			w.missing = append(w.missing, text)
		}
		text = spaced(said)
	}
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// n says "1 file" or "3 files".
func (w *words) n(count any, one, many string) string {
	n := toInt(count)
	word := many
	if n == 1 || w.lang == "fr" && n == 0 {
		word = one
	}
	return w.number(n) + "\u00a0" + w.t(word)
}

func toInt(v any) int64 {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int64:
		return v
	}
	return 0
}

// number writes 12,345 or, in French, 12 345.
func (w *words) number(n int64) string {
	s := fmt.Sprint(n)
	mark := ","
	if w.lang == "fr" {
		mark = "\u202f"
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

// spaced sets the spaces before French punctuation that must not break.
func spaced(s string) string { return spacer.Replace(s) }

var spacer = strings.NewReplacer(" :", "\u00a0:", " ;", "\u00a0;", " ?", "\u00a0?", " !", "\u00a0!", "« ", "«\u00a0", " »", "\u00a0»")

// iso is a time as evidence has it, in UTC.
func iso(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateTime)
}

var frenchMonths = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

func (w *words) day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	if w.lang == "fr" {
		d := fmt.Sprint(t.Day())
		if t.Day() == 1 {
			d = "1er"
		}
		return fmt.Sprintf("%s\u00a0%s\u00a0%d", d, frenchMonths[t.Month()-1], t.Year())
	}
	return strings.ReplaceAll(t.Format("2 January 2006"), " ", "\u00a0")
}

// when is a day and a time, in words.
func (w *words) when(t time.Time) string {
	if t.IsZero() {
		return w.t("at an unknown time")
	}
	if w.lang == "fr" {
		return w.day(t) + " à\u00a0" + t.UTC().Format("15:04") + "\u00a0UTC"
	}
	return w.day(t) + " at\u00a0" + t.UTC().Format("15:04") + "\u00a0UTC"
}

func (w *words) span(a, b time.Time) string {
	switch {
	case a.IsZero():
		return w.t("at an unknown time")
	case b.Sub(a) < time.Minute:
		return w.when(a)
	case w.day(a) == w.day(b):
		return w.t("%s, from %s to %s UTC", w.day(a), a.UTC().Format("15:04"), b.UTC().Format("15:04"))
	case b.Sub(a) < 14*24*time.Hour:
		return w.t("%s to %s", w.when(a), w.when(b))
	}
	return w.t("%s to %s", w.day(a), w.day(b))
}

// verb translates a word of the case that comes from a fixed list: a verdict,
// a level, a phase, an outcome.
func (w *words) verb(v any) string {
	s := fmt.Sprint(v)
	if w.lang == "fr" {
		if said, ok := fixed[s]; ok {
			return spaced(said)
		}
	}
	if said, ok := english[s]; ok && w.lang == "en" {
		return said
	}
	if channel, ok := strings.CutPrefix(s, "Windows event log: "); ok {
		return publish.Plain(w.t("Event log: %s", strings.TrimPrefix(channel, "microsoft-windows-")))
	}
	return publish.Plain(s)
}

// title is a title of a finding: in French if the catalogue has it, else in
// English and marked as such.
func (w *words) title(s string) template.HTML {
	text, ok := w.known(s)
	return w.mark(text, ok)
}

// plainTitle is title where there is no room for a mark.
func (w *words) plainTitle(s string) string {
	text, _ := w.known(s)
	return text
}

// inFrench looks a text up; "" if it is not known.
func inFrench(s string) string {
	return cmp.Or(titles[s], reasons[s], described[s], gaps[s], scripts[s])
}

func (w *words) mark(text string, ok bool) template.HTML {
	safe := template.HTMLEscapeString(publish.Plain(text))
	if w.lang != "en" && !ok {
		return template.HTML(`<span lang="en">` + safe + `</span>`)
	}
	return template.HTML(safe)
}

// known translates a text of ours that the case holds in English: as a whole,
// or what stands before the name of a file.
func (w *words) known(s string) (string, bool) {
	if w.lang == "en" {
		return s, true
	}
	if said := inFrench(s); said != "" {
		return spaced(said), true
	}
	if what, ok := strings.CutSuffix(s, " (failed)"); ok {
		if said := inFrench(what); said != "" {
			return spaced(said) + " (échec)", true
		}
	}
	if list, ok := strings.CutPrefix(s, "With it: "); ok {
		all := strings.Split(strings.TrimSuffix(list, "."), "; ")
		for i, title := range all {
			if all[i], ok = w.known(title); !ok {
				return s, false
			}
			all[i] = "« " + all[i] + " »"
		}
		return spaced("Avec : " + strings.Join(all, " ; ") + "."), true
	}
	if gap, at, ok := strings.Cut(s, ", written "); ok { // a record of an event log
		if said, ok := w.known(gap); ok {
			return said + ", écrit le " + at, true
		}
	}
	if m := lost.FindStringSubmatch(s); m != nil {
		if said := inFrench(m[1]); said != "" {
			return spaced(said) + " (" + m[2] + " octets)", true
		}
	}
	if gap, ok := strings.CutSuffix(s, " more alike)"); ok {
		if first, more, ok := strings.Cut(gap, " (and "); ok {
			if said, ok := w.known(first); ok {
				return said + " (et " + more + " de plus)", true
			}
		}
	}
	for _, list := range [][]pattern{patterns, steps, gapPatterns} {
		for _, p := range list {
			if m := p.re.FindStringSubmatchIndex(s); m != nil {
				return string(p.re.ExpandString(nil, spaced(p.french), s, m)), true
			}
		}
	}
	for _, p := range verdicts {
		if m := p.re.FindStringSubmatchIndex(s); m != nil {
			return read(string(p.re.ExpandString(nil, spaced(p.french), s, m))), true
		}
	}
	// What follows a colon is a name, a path or a command, or texts of ours.
	for _, i := range []int{strings.Index(s, ": "), strings.LastIndex(s, ": ")} {
		if i <= 0 {
			continue
		}
		if said := inFrench(s[:i]); said != "" {
			rest := sentences(s[i+2:])
			for i, part := range rest {
				rest[i], _ = w.known(part)
			}
			return spaced(said+" : ") + strings.Join(rest, " "), true
		}
	}
	if len(sentences(s)) == 1 {
		if said, ok := tell(s); ok {
			return said, true
		}
	}
	return s, false
}

// prose is text of ours of several sentences, each translated by itself.
func (w *words) prose(s string) template.HTML {
	if w.lang == "en" {
		return w.mark(s, true)
	}
	if acts, ok := w.acts(s); ok {
		return acts
	}
	if text, ok := w.known(s); ok {
		return w.mark(text, true)
	}
	var out template.HTML
	for _, part := range sentences(s) {
		if out != "" {
			out += " "
		}
		if acts, ok := w.acts(part); ok {
			out += acts
			continue
		}
		text, ok := w.known(part)
		out += w.mark(text, ok)
	}
	return out
}

var act = regexp.MustCompile(`^(.+) (\(\d{4}-\d\d-\d\d \d\d:\d\d UTC\))$`)

// acts is the reason of a verdict, if s is one: titles of findings with their
// times.
func (w *words) acts(s string) (out template.HTML, ok bool) {
	for i, part := range strings.Split(strings.TrimSuffix(s, "."), "; ") {
		if i > 0 {
			out += "\u00a0; "
		}
		var more int
		m := act.FindStringSubmatch(part)
		if _, err := fmt.Sscanf(part, "and %d more", &more); m == nil && err == nil {
			out += template.HTML(template.HTMLEscapeString(w.t("and %d more", more)))
			continue
		}
		if m == nil {
			return "", false
		}
		title, known := w.known(m[1])
		out += w.mark(title, known) + template.HTML(template.HTMLEscapeString(" "+m[2]))
	}
	return out + ".", true
}

// lost is a gap that says how much is lost.
var lost = regexp.MustCompile(`^(.+) \((\d+) bytes\)$`)

// sentences splits at a full stop that a space and a capital letter follow.
func sentences(s string) []string {
	var all []string
	start := 0
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '.' && s[i+1] == ' ' && s[i+2] >= 'A' && s[i+2] <= 'Z' {
			all = append(all, s[start:i+1])
			start = i + 2
		}
	}
	return append(all, s[start:])
}

// A pattern translates a text with values in it.
type pattern struct {
	re     *regexp.Regexp
	french string
}
