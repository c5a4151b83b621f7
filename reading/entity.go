package reading

import (
	_ "embed" // for the lexicon
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"limier/claim"
)

//go:embed lexicon.tsv
var lexiconTable string

// A lexicon finds the heads of noun phrases.
type lexicon struct {
	book  phrasebook
	types []string
	norms []string
	dates phrasebook
	roles []string
	// Qualifiers of actors: whom they work for or belong to.
	ties      phrasebook
	tieLevels []claim.Level
}

// tiePhrases come right after a noun for actors and before a state or organ.
var tiePhrases = []struct {
	level   claim.Level
	phrases string
}{
	{claim.Affiliated, `
affilié|affiliés|affiliée|affiliées au|aux|à
lié|liés|liée|liées au|aux|à
soutenu|soutenus|soutenue|soutenues par
parrainé|parrainés|parrainée|parrainées par
financé|financés|financée|financées par
commandité|commandités par
dirigé|dirigés|contrôlé|contrôlés|piloté|pilotés par
rattaché|rattachés|rattachée au|aux|à
proche|proches du|de|des|d'
à la solde de|du|des|d'
au service de|du|des|d'
pour le compte de|du|des|d'
agissant|opérant|travaillant pour|sous _4 compte|ordres|direction de|du|des|d'
travaillant pour
affiliated with|to
associated with
linked|tied|connected to|with
aligned with|to
backed|sponsored|directed|controlled|employed|hired|funded|supported|tasked by
working|acting|operating for|with
working|acting|operating on behalf of
working|operating under _2 direction|control of
on behalf of
who|that works|work for|with
qui travaille|travaillent pour
reporting to`},
	{claim.Persons, `
ayant _2 travaillé pour
qui ont|avaient _2 travaillé pour
with a history of working for
who|that had|have _1 worked for|with
formerly employed by`},
}

func loadLexicon() (*lexicon, error) {
	l := &lexicon{}
	for line := range strings.Lines(lexiconTable) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("lexicon.tsv: %q has %d fields, not 3", line, len(f))
		}
		if err := l.book.add(f[2]); err != nil {
			return nil, fmt.Errorf("lexicon.tsv: %w", err)
		}
		l.types, l.norms = append(l.types, f[0]), append(l.norms, f[1])
	}
	for line := range strings.Lines(strings.TrimSpace(relativeDates)) {
		role, p, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if err := l.dates.add(p); err != nil {
			return nil, err
		}
		l.roles = append(l.roles, role)
	}
	for _, t := range tiePhrases {
		for line := range strings.Lines(strings.TrimSpace(t.phrases)) {
			if err := l.ties.add(strings.TrimSpace(line)); err != nil {
				return nil, err
			}
			l.tieLevels = append(l.tieLevels, t.level)
		}
	}
	return l, nil
}

// maxMentions is after how many things that a text speaks of the rest of its
// sentences is left out: no report has so many, and each takes 500 bytes.
const maxMentions = 100_000

// findMentions finds what every passage speaks of.
func (r *Reader) findMentions(p *page, indicators []indicator) {
	next, found := 0, 0
	for n, pg := range p.passages {
		if found > maxMentions {
			p.passages = p.passages[:n]
			break
		}
		for i := pg.lo; i < pg.hi; {
			// What is in an indicator is no word.
			for next < len(indicators) && indicators[next].end <= p.tokens[i].start {
				next++
			}
			if next < len(indicators) && indicators[next].start < p.tokens[i].end && indicators[next].typ != "attack-pattern" {
				i++
				continue
			}
			i = r.mentionAt(pg, i)
		}
		pg.sort()
		found += len(pg.mentions)
	}
	r.tagNames(p)
	for _, pg := range p.passages {
		r.shape(pg)
	}
}

// mentionAt adds the mention that starts at token i, if one does, and returns
// where to go on.
func (r *Reader) mentionAt(p *passage, i int) int {
	t := p.tokens
	if !t[i].word {
		return i + 1
	}
	if id, end := r.lexicon.dates.longest(t, i, p.hi); id >= 0 {
		p.put(&mention{typ: "date", lo: i, hi: end, norm: Norm{Role: r.lexicon.roles[id], Precision: "vague"}})
		return end
	}
	if m := p.findDate(i); m != nil {
		p.put(m)
		return m.hi
	}
	id, end := r.lexicon.book.longest(t, i, p.hi)
	if id >= 0 && r.lexicon.types[id] == "product" && !p.capital(i, end) {
		id = -1
	}
	m := r.pattern(p, i)
	if n, e := r.names.find(t, i, p.hi, func(n *name, lo, hi int) bool { return p.accepts(n, lo, hi) }); n != nil && (m == nil || e > m.hi) {
		m = r.named(p, n, i, e)
	}
	if m != nil && m.typ == "attack-pattern" && id >= 0 {
		m = nil // "web shell" is a thing before it is a technique
	}
	if m != nil && (id < 0 || m.hi >= end) {
		p.put(m)
		return m.hi
	}
	if id >= 0 {
		m := &mention{typ: r.lexicon.types[id], lo: i, hi: end}
		last := t[end-1].lower
		m.plural = strings.HasSuffix(last, "s") || strings.HasSuffix(t[i].lower, "s") && t[i].lower != "des"
		// The article belongs to no head.
		if article(t[i].lower) && end > i+1 {
			m.lo++
		}
		switch m.typ {
		case "activity", "campaign", "coalition", "malware-class", "product", "infrastructure":
			if norm := r.lexicon.norms[id]; strings.HasPrefix(norm, "T1") {
				m.norm.ATTACK = norm
			} else {
				m.norm.Canonical = norm
			}
		case "party":
			m.hidden = true
			m.kind = claim.PartyKind(r.lexicon.norms[id])
			if m.kind == "company" {
				m.kind = ""
			}
		case "group", "hackers", "persons", "state":
			m.hidden = true
		default:
			m.norm.Canonical = r.lexicon.norms[id]
		}
		p.put(m)
		return end
	}
	return i + 1
}

func (p *passage) capital(lo, hi int) bool {
	for _, t := range p.tokens[lo:hi] {
		if t.upper {
			return true
		}
	}
	return false
}

// numbered are the schemes by which vendors number actors, without the number.
var numbered = regexp.MustCompile(`^(?i:apt|ta|unc|fin|storm|dev|uat|uta|tg|uac|temp|atk|ghost|cl-sta|cl-unk|tag|g|swt|lapsus)-?(?:c-)?\d{1,5}$`)

// animals and weather are the second words of vendors' names for actors.
var animals = map[string]bool{"panda": true, "bear": true, "kitten": true, "spider": true, "chollima": true, "buffalo": true, "leopard": true, "tiger": true, "jackal": true, "crane": true, "wolf": true, "lynx": true, "hawk": true, "ocelot": true,
	"typhoon": true, "blizzard": true, "sandstorm": true, "sleet": true, "tempest": true, "cyclone": true, "tsunami": true, "flood": true, "dust": true, "rain": true, "hail": true,
	"taurus": true, "ursa": true, "serpens": true, "pisces": true, "libra": true, "scorpius": true}

// pattern reads a name by its form: APT 41, TA505, "Volt Typhoon".
func (r *Reader) pattern(p *passage, i int) *mention {
	t := p.tokens
	text := p.text[t[i].start:t[i].end]
	actor := func(hi int) *mention {
		m := &mention{typ: "threat-actor", lo: i, hi: hi, level: claim.Group}
		r.identify(m, p.words(i, hi))
		return m
	}
	if last := text[len(text)-1]; t[i].upper && last >= '0' && last <= '9' && len(text) >= 4 && len(text) <= 16 && numbered.MatchString(t[i].lower) {
		if strings.HasPrefix(t[i].lower, "temp") || strings.HasPrefix(t[i].lower, "g") && len(text) != 5 && t[i].lower[1] != 'h' {
			return nil
		}
		return actor(i + 1)
	}
	if (text == "APT" || text == "FIN" || text == "UNC") && i+1 < p.hi && t[i+1].number && len(t[i+1].lower) <= 4 {
		return actor(i + 2)
	}
	if text == "APT-C" && i+2 < p.hi && t[i+1].lower == "-" && t[i+2].number {
		return actor(i + 3)
	}
	if t[i].upper && i+1 < p.hi && t[i+1].upper && animals[t[i+1].lower] && !article(t[i].lower) && !t[i+1].number {
		if _, country := r.names.adj[t[i].lower]; !country {
			return actor(i + 2)
		}
	}
	return nil
}

// identify adds the identifiers of entries that bear the name as their own,
// else of those that list it as another name.
func (r *Reader) identify(m *mention, spelt string) {
	n := r.names.names[r.names.key(tokenize(spelt))]
	if n == nil {
		n = r.names.names[r.names.key(tokenize(strings.ReplaceAll(spelt, " ", "")))]
	}
	if n == nil {
		return
	}
	m.resolve(n)
}

func (m *mention) resolve(n *name) {
	typ := byte('a')
	switch m.typ {
	case "malware":
		typ = 'm'
	case "tool":
		typ = 't'
	}
	for _, main := range []bool{true, false} {
		for _, e := range n.entries {
			if e.typ != typ || strings.EqualFold(e.canonical, n.spelt) != main {
				continue
			}
			m.norm.Canonical = e.canonical
			if e.id == "" || len(m.norm.KB) >= 6 {
				continue
			}
			source := "misp-galaxy:"
			if len(e.id) == 5 {
				source = "mitre-attack:"
			}
			m.norm.KB = append(m.norm.KB, source+e.id)
		}
		if len(m.norm.KB) > 0 {
			if !main {
				m.norm.Canonical = n.spelt // an alias: whose, is not ours to say
			}
			return
		}
	}
}

// context words say that a name near them is that of an actor or of malware.
func contextWord(w string) bool {
	for _, stem := range []string{"malware", "maliciel", "ransom", "rançon", "trojan", "backdoor", "loader", "stealer", "botnet", "wiper", "group", "gang", "actor", "acteur", "attribu", "imput", "apt",
		"hacker", "pirate", "espion", "espionage", "cyber", "threat", "menace", "payload", "implant", "rat", "variant", "campaign", "campagne", "intrusion", "exploit", "infect", "shell", "collectif", "operator", "opérateur"} {
		if strings.HasPrefix(w, stem) {
			return stem != "rat" && stem != "apt" || len(w) <= 4
		}
	}
	return false
}

// accepts is the gate of a name: its case, and for common words its company.
func (p *passage) accepts(n *name, lo, hi int) bool {
	text := p.words(lo, hi)
	e := n.entries[0]
	first := p.tokens[lo]
	exact := text == n.spelt
	lowerSpelt := n.spelt == strings.ToLower(n.spelt)
	if e.typ == 'C' || e.typ == 'o' {
		abbreviation := len(n.spelt) <= 5 && n.spelt == strings.ToUpper(n.spelt)
		if abbreviation {
			return exact || len(text) >= 4 && text == titled(n.spelt)
		}
		return first.upper || lowerSpelt || exact || hi-lo >= 3
	}
	if len(text) <= 1 || first.number && hi == lo+1 {
		return false
	}
	if e.typ == 'x' {
		return hi-lo >= 2
	}
	if e.typ == 'v' {
		return first.upper && (!n.gated || exact && lo > p.lo)
	}
	shouted := len(text) > 3 && text == strings.ToUpper(text)
	capital := first.upper && (exact || shouted || strings.EqualFold(text, n.spelt))
	if !n.gated {
		if hi-lo == 1 && len(text) <= 4 && !exact && !shouted {
			return false
		}
		if capital {
			// One plain word that starts a sentence may be just that.
			return hi-lo > 1 || lo > p.lo || len(text) >= 5 || exact && !lowerSpelt && n.spelt != titled(n.spelt) || p.company(lo, hi)
		}
		return exact && (len(text) >= 6 || strings.ContainsAny(text, "0123456789"))
	}
	if !first.upper || !exact && !shouted && !strings.EqualFold(text, n.spelt) {
		return false
	}
	if len(text) <= 3 && !exact {
		return false
	}
	// In the middle of a name of somebody else.
	if lo > p.lo && p.tokens[lo-1].upper && p.tokens[lo-1].word && lo-1 > p.lo && !contextWord(p.tokens[lo-1].lower) ||
		hi < p.hi && p.tokens[hi].upper && p.tokens[hi].word && !contextWord(p.tokens[hi].lower) {
		return false
	}
	if distinct := n.spelt != titled(n.spelt) && exact && len(text) >= 5; distinct {
		return true
	}
	return p.company(lo, hi)
}

func titled(s string) string {
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

// company reports whether words near the tokens speak of actors or malware.
func (p *passage) company(lo, hi int) bool {
	for i := max(p.lo, lo-8); i < min(p.hi, hi+6); i++ {
		if (i < lo || i >= hi) && contextWord(p.tokens[i].lower) {
			return true
		}
	}
	return false
}

// named makes a mention of a name of the gazetteer.
func (r *Reader) named(p *passage, n *name, lo, hi int) *mention {
	m := &mention{lo: lo, hi: hi, entry: n.entries[0]}
	has := map[byte]*entry{}
	for _, e := range n.entries {
		if has[e.typ] == nil {
			has[e.typ] = e
		}
	}
	switch {
	case has['C'] != nil:
		e := has['C']
		m.typ, m.iso, m.kind, m.entry, m.level = "country", e.iso, claim.State, e, claim.TheState
		m.norm = Norm{ISO2: e.iso, Canonical: e.canonical}
	case has['o'] != nil:
		e := has['o']
		m.typ, m.iso, m.kind, m.entry = "org", e.iso, e.kind, e
		m.norm = Norm{Canonical: e.canonical, Metonym: e.metonym}
		if len(e.iso) == 2 {
			m.norm.ISO2 = e.iso
		}
		m.level = claim.Organisation
		if e.metonym || e.kind == claim.State {
			m.level = claim.TheState
		}
	case has['x'] != nil && len(has) == 1:
		m.typ = "attack-pattern"
		m.norm = Norm{Canonical: has['x'].canonical, ATTACK: has['x'].id}
	case has['v'] != nil && has['a'] == nil && has['m'] == nil:
		e := has['v']
		m.typ, m.kind, m.entry = "org", claim.Vendor, e
		m.norm.Canonical = e.canonical
	case has['c'] != nil && has['a'] == nil:
		m.typ, m.entry = "campaign", has['c']
		m.norm = Norm{Canonical: has['c'].canonical, KB: []string{"mitre-attack:" + has['c'].id}}
	case has['a'] != nil && (has['m'] == nil && has['t'] == nil || !p.softwareContext(lo, hi)):
		m.typ, m.level = "threat-actor", claim.Group
		m.resolve(n)
	case has['t'] != nil && has['m'] == nil || has['t'] != nil && n.entries[0].typ == 't':
		m.typ = "tool"
		m.resolve(n)
	case p.is(hi, "gang", "group", "operators", "operator", "crew", "team", "affiliates") || p.is(lo-1, "gang", "groupe", "collectif"):
		m.typ, m.level = "threat-actor", claim.Group
	default:
		m.typ = "malware"
		m.resolve(n)
	}
	return m
}

// softwareContext reports whether the words next to a name say that it is a
// program: "Conti ransomware", "the wiper NotPetya".
func (p *passage) softwareContext(lo, hi int) bool {
	near := func(i int) bool {
		if i < p.lo || i >= p.hi {
			return false
		}
		switch p.tokens[i].lower {
		case "ransomware", "malware", "trojan", "backdoor", "rat", "wiper", "loader", "stealer", "botnet", "rootkit", "payload", "rançongiciel", "maliciel", "worm", "spyware", "sample", "samples", "variant":
			return true
		}
		return false
	}
	if near(hi) {
		return hi+1 >= p.hi || !p.is(hi+1, "gang", "group", "operators", "operator", "crew")
	}
	return near(lo-1) || near(lo-2)
}

// number reads digits or a number word at token i; 0 if there is none.
func (p *passage) number(i int) (value int64, hi int) {
	t := p.tokens
	if t[i].number {
		digits := strings.NewReplacer(",", "", ".", "").Replace(t[i].lower)
		if strings.Contains(t[i].lower, ".") && !regexp.MustCompile(`^\d{1,3}(\.\d{3})+$`).MatchString(t[i].lower) {
			return 0, i
		}
		hi = i + 1
		for hi < p.hi && t[hi].number && len(t[hi].lower) == 3 && len(digits) <= 9 && t[hi].start-t[hi-1].end <= 3 && len(t[i].lower) <= 3 {
			digits += t[hi].lower
			hi++
		}
		value, _ = strconv.ParseInt(digits, 10, 64)
	} else if n, ok := numberWords[t[i].lower]; ok {
		value, hi = n, i+1
		if n >= 10 && hi+1 < p.hi && p.is(hi, "of", "de") && p.is(hi+1, "thousands", "milliers", "millions") {
			hi += 2
			return value * map[string]int64{"thousands": 1e3, "milliers": 1e3, "millions": 1e6}[t[hi-1].lower], hi
		}
	} else {
		return 0, i
	}
	for hi < p.hi {
		switch t[hi].lower {
		case "million", "millions":
			value *= 1e6
		case "milliard", "milliards", "billion":
			value *= 1e9
		case "thousand", "mille":
			value *= 1e3
		case "hundred", "cent", "cents":
			value *= 100
		default:
			return value, hi
		}
		hi++
		if hi < p.hi && (t[hi].lower == "de" || t[hi].lower == "d'") {
			hi++
		}
	}
	return value, hi
}

var numberWords = map[string]int64{"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "tens": 10, "dozens": 24, "hundreds": 100, "thousands": 1000,
	"deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "dizaines": 20, "centaines": 100, "milliers": 1000, "une": 0, "un": 0, "one": 1, "several": 0, "plusieurs": 0}
