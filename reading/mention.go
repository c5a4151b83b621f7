package reading

import (
	"slices"

	"limier/claim"
)

// A mention is a run of tokens that speaks of something. Its head is what the
// grammar looks at, its span what is shown: "[cyberattaque] menée par un
// groupe Hafnium".
type mention struct {
	typ      string // an entity's type, or group, hackers, party, state: nouns that name nobody
	lo, hi   int    // tokens
	hlo, hhi int    // tokens of the head
	norm     Norm
	entry    *entry // of the gazetteer
	iso      string
	level    claim.Level // if it were accused
	kind     claim.PartyKind
	sponsor  *mention // whom an actor-class works for
	inside   bool     // in the span of another: shown, no part of the grammar
	hidden   bool     // not shown
	plural   bool
}

// A passage is a sentence with what was found in it.
type passage struct {
	*page
	sentence
	mentions   []*mention // by head
	techniques []technique
}

// A page is a document on the way to be read.
type page struct {
	text     string
	tokens   []token
	lang     string
	passages []*passage
	points   []int // code points before every 1024th byte
}

func (p *passage) words(lo, hi int) string {
	if lo >= hi {
		return ""
	}
	return p.text[p.tokens[lo].start:p.tokens[hi-1].end]
}

func (p *passage) is(i int, words ...string) bool {
	return i >= p.lo && i < p.hi && slices.Contains(words, p.tokens[i].lower)
}

// put adds a mention unless its head crosses one that is there.
func (p *passage) put(m *mention) {
	if m.hhi == 0 {
		m.hlo, m.hhi = m.lo, m.hi
	}
	for _, o := range p.mentions {
		if m.hlo < o.hhi && o.hlo < m.hhi {
			return
		}
	}
	p.mentions = append(p.mentions, m)
}

// at returns the mention whose head covers token i.
func (p *passage) at(i int) *mention {
	for _, m := range p.mentions {
		if m.hlo <= i && i < m.hhi {
			return m
		}
	}
	return nil
}

func (p *passage) sort() {
	slices.SortStableFunc(p.mentions, func(a, b *mention) int { return a.hlo - b.hlo })
}

func article(w string) bool {
	switch w {
	case "le", "la", "les", "l'", "un", "une", "des", "du", "de", "d'", "au", "aux", "the", "a", "an", "ce", "cette", "ces", "cet", "this", "these", "its", "sa", "son", "ses", "leur", "leurs", "their":
		return true
	}
	return false
}
