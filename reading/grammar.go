package reading

import (
	_ "embed" // for the tables
	"fmt"
	"strings"
)

//go:embed cues.tsv
var cuesTable string

//go:embed speech.tsv
var speechTable string

//go:embed grades.tsv
var gradesTable string

// A grammar holds the words by which texts make claims.
type grammar struct {
	cues, speech, grades    phrasebook
	cueRows                 [][]string // template, relation, flag
	manners                 []string   // of verbs of saying
	gradeRows               [][]string // what, value
	negations, declinations phrasebook
	sources                 phrasebook // "selon", "according to", "citing"
	sourceKinds             []string
}

// negationPhrases make a claim that comes after them one of the contrary.
const negationPhrases = `
no evidence|indication|indications|proof|sign|signs
no direct|known|apparent|confirmed evidence|link|links|connection
aucune|aucun preuve|élément|indice|indication|trace|lien|signe
rien ne permet|prouve|indique|démontre|laisse|relie|lie
nothing suggests|indicates|links|ties|connects
does|do|did n't|not believe|think|see|find
il n' y a pas de|d'
pas de preuve|preuves
rules|ruled|ruling out
exclut|exclu|écarte|écarté
`

// declinationPhrases say that somebody does not say.
const declinationPhrases = `
stopped|stops|stop|stopping|fell|falls short of
declined|declines|decline|refused|refuses|refuse to
without attributing|naming|accusing|blaming|identifying|pointing
sans attribuer|nommer|accuser|désigner|citer|mettre
se|s' _2 garde|gardé|gardée|gardent|refuse|refusé|abstient|abstenu|abstenue de|d'|à
refuse|refusé|refusent à|de|d'
n' a|ont pas souhaité|voulu|souhaités
too early|soon to
trop tôt pour
unable|not able|not ready|not in a position to
pas en mesure de|d'
cannot|can not? attribute|say|confirm
`

// sourcePhrases come before the one who says it. A relay only passes it on.
const sourcePhrases = `
source	selon
source	d' après
source	according to
source	d' après|selon les|des sources de|du|d'?
source	citing|citant
source	in the words|view of
source	aux yeux de|du|des|d'
source	aux dires de|du|des|d'
source	as reported|stated|said by
relay	cité|citée|cités|cités|citées|rapporté|relayé|repris par
relay	quoted|cited|reported|relayed by
`

func loadGrammar() (*grammar, error) {
	g := &grammar{}
	read := func(table string, fields int, add func(f []string) error) error {
		for line := range strings.Lines(strings.TrimSpace(table)) {
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			f := strings.Split(line, "\t")
			if len(f) != fields {
				return fmt.Errorf("%q has %d fields, not %d", line, len(f), fields)
			}
			if err := add(f); err != nil {
				return err
			}
		}
		return nil
	}
	for _, t := range []struct {
		table  string
		fields int
		add    func(f []string) error
	}{
		{cuesTable, 4, func(f []string) error { g.cueRows = append(g.cueRows, f[:3]); return g.cues.add(f[3]) }},
		{speechTable, 2, func(f []string) error { g.manners = append(g.manners, f[0]); return g.speech.add(f[1]) }},
		{gradesTable, 3, func(f []string) error { g.gradeRows = append(g.gradeRows, f[:2]); return g.grades.add(f[2]) }},
		{negationPhrases, 1, func(f []string) error { return g.negations.add(f[0]) }},
		{declinationPhrases, 1, func(f []string) error { return g.declinations.add(f[0]) }},
		{sourcePhrases, 2, func(f []string) error { g.sourceKinds = append(g.sourceKinds, f[0]); return g.sources.add(f[1]) }},
	} {
		if err := read(t.table, t.fields, t.add); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// A cue is words of a passage that make a claim.
type cue struct {
	template, relation, flag string
	lo, hi                   int
}

// cues finds the cues of a passage, left to right, the longest first.
func (g *grammar) find(p *passage) []cue {
	var list []cue
	for i := p.lo; i < p.hi; {
		id, end := g.cues.longest(p.tokens, i, p.hi)
		if id < 0 || p.covered(i) {
			i++
			continue
		}
		row := g.cueRows[id]
		if strings.HasSuffix(row[0], ">") && p.nearBefore(end, end-i, "été", "been") {
			i++ // "a été mené" is no "a mené"
			continue
		}
		list = append(list, cue{row[0], row[1], row[2], i, end})
		i = end
	}
	return list
}

// covered reports whether a token belongs to a phrase about who somebody is,
// such as "acteurs liés au GRU", or to the head of a mention.
func (p *passage) covered(i int) bool {
	for _, m := range p.mentions {
		if i < m.lo || i >= m.hi {
			continue
		}
		switch m.typ {
		case "actor-class", "persons", "infrastructure", "location", "org":
			return true
		}
		if i >= m.hlo && i < m.hhi && m.typ != "group" && m.typ != "hackers" && m.typ != "party" {
			return true
		}
	}
	return false
}

// A grade is words of confidence or likelihood.
type grade struct {
	what, value string
	lo, hi      int
}

func (g *grammar) findGrades(p *passage) []grade {
	var list []grade
	for i := p.lo; i < p.hi; {
		id, end := g.grades.longest(p.tokens, i, p.hi)
		if id < 0 {
			i++
			continue
		}
		list = append(list, grade{g.gradeRows[id][0], g.gradeRows[id][1], i, end})
		i = end
	}
	return list
}

// A frame is the part of a passage that somebody is said to have said.
type frame struct {
	lo, hi  int // what was said
	verb    int // token of the verb or preposition
	parties []*mention
	manner  string
	hull    [2]int // from the party to the verb
}

// frames finds who says which part of the passage.
func (r *Reader) frames(p *passage, d *discourse) []frame {
	var list []frame
	var relays []*mention
	g := r.grammar
	for i := p.lo; i < p.hi; i++ {
		if id, end := g.sources.longest(p.tokens, i, p.hi); id >= 0 && p.at(i) == nil {
			who := p.partiesAfter(end, 6)
			if len(who) == 0 {
				continue
			}
			if g.sourceKinds[id] == "relay" {
				relays = append(relays, who...)
				continue
			}
			f := frame{lo: p.lo, hi: p.hi, verb: i, parties: who, manner: "source", hull: [2]int{i, who[len(who)-1].hi}}
			if p.is(i, "citing", "citant") {
				relays = append(relays, p.before(i, partyOK)...)
			}
			list = append(list, f)
			i = end - 1
			continue
		}
		id, end := g.speech.longest(p.tokens, i, p.hi)
		if id < 0 || p.covered(i) && p.at(i) != nil && p.at(i).typ != "party" {
			continue
		}
		f := frame{verb: i, manner: g.manners[id], lo: end, hi: p.hi}
		// ", indique l'agence.", ", said the ministry": the speaker comes after the words.
		after := p.partiesAfter(end, 3)
		before := p.subject(i, partyOK)
		switch {
		case len(after) > 0 && (i > p.lo+2) && (p.is(i-1, ",", `"`) || p.is(i-2, ",", `"`)) && (len(before.list) == 0 || i-before.list[len(before.list)-1].hi > 3):
			f.parties, f.lo, f.hi = after, p.lo, i
			f.hull = [2]int{i, after[len(after)-1].hi}
		case len(before.list) > 0:
			f.parties = before.list
			f.hull = [2]int{before.list[0].lo, end}
			if p.ends(end) { // "…, the agency said."
				f.lo, f.hi = p.lo, before.list[0].lo
			}
		case before.pronoun && len(d.parties) > 0:
			f.parties = d.parties
			f.hull = [2]int{before.at, end}
			if p.ends(end) {
				f.lo, f.hi = p.lo, before.at
			}
		default:
			continue
		}
		list = append(list, f)
		i = end - 1
	}
	// Who only passes it on says nothing himself.
	out := list[:0]
	for _, f := range list {
		f.parties = without(f.parties, relays)
		if len(f.parties) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func without(list, drop []*mention) []*mention {
	var out []*mention
	for _, m := range list {
		keep := true
		for _, x := range drop {
			keep = keep && x != m
		}
		if keep {
			out = append(out, m)
		}
	}
	return out
}

// ends reports whether nothing but a date follows token i.
func (p *passage) ends(i int) bool {
	for i < p.hi {
		if m := p.at(i); m != nil && m.typ == "date" {
			i = m.hi
			continue
		}
		if p.tokens[i].word && !p.is(i, "on", "in", "le", "ce", "en", "a", "to", "dans", "un", "une", "communiqué", "statement", "blog", "post", "its", "report", "the", "son", "rapport") {
			return false
		}
		i++
	}
	return true
}

// partiesAfter returns the parties that come within n tokens after token i.
func (p *passage) partiesAfter(i, n int) []*mention {
	for k := i; k < p.hi && k < i+n; k++ {
		if m := p.at(k); m != nil && !m.inside {
			if !partyOK(m) {
				return nil
			}
			return p.spokesman(p.coordinated(m, 1, partyOK))
		}
		if t := p.tokens[k]; !t.word && t.lower != `"` && t.lower != "(" {
			return nil
		}
	}
	return nil
}

// spokesman replaces "a spokesperson for X" by X.
func (p *passage) spokesman(list []*mention) []*mention {
	for i, m := range list {
		if m.typ != "party" || !p.is(m.hhi-1, "spokesperson", "spokesman", "spokeswoman", "porte-parole", "researchers", "researcher", "chercheurs", "experts", "analysts", "officials", "responsable", "ambassador", "ambassadeur", "team", "équipe", "president", "président") || !p.is(m.hi, "for", "of", "du", "de", "d'", "at", "from", "chez") {
			continue
		}
		for k := m.hi; k < p.hi && k < m.hi+5; k++ {
			if o := p.at(k); o != nil {
				if partyOK(o) {
					list[i] = o
				}
				break
			}
		}
	}
	return list
}
