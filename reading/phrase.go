package reading

import (
	"fmt"
	"strings"
)

// A phrase is a pattern over tokens: elements apart by spaces, alternatives
// apart by bars, a star for any ending, a question mark for what may be
// missing, and _N for up to N tokens of any kind but an end of clause:
//
//	a|ont été? attribué* à|au|aux
type phrase struct {
	elems []element
}

type element struct {
	exact    []string
	prefix   []string
	optional bool
	gap      int
}

func (e *element) matches(w string) bool {
	for _, x := range e.exact {
		if w == x {
			return true
		}
	}
	for _, p := range e.prefix {
		if strings.HasPrefix(w, p) {
			return true
		}
	}
	return false
}

func parsePhrase(s string) (phrase, error) {
	var p phrase
	for _, f := range strings.Fields(s) {
		var e element
		if n, ok := strings.CutPrefix(f, "_"); ok && len(n) == 1 {
			e.gap = int(n[0] - '0')
			p.elems = append(p.elems, e)
			continue
		}
		f, e.optional = strings.CutSuffix(f, "?")
		for _, alt := range strings.Split(f, "|") {
			if stem, ok := strings.CutSuffix(alt, "*"); ok {
				e.prefix = append(e.prefix, stem)
			} else {
				e.exact = append(e.exact, alt)
			}
		}
		p.elems = append(p.elems, e)
	}
	if len(p.elems) == 0 || p.elems[0].gap > 0 {
		return p, fmt.Errorf("phrase %q must start with a word", s)
	}
	return p, nil
}

// match returns the end of the phrase in words, which starts at its first
// word, or -1.
func (p *phrase) match(tokens []token, i, hi int) int { return matchElems(p.elems, tokens, i, hi) }

func matchElems(elems []element, tokens []token, i, hi int) int {
	for k := range elems {
		e := &elems[k]
		if e.gap > 0 {
			for n := 0; n <= e.gap && i+n < hi; n++ {
				if n > 0 && (tokens[i+n-1].lower == "." || tokens[i+n-1].lower == ";" || tokens[i+n-1].lower == ",") {
					break
				}
				if end := matchElems(elems[k+1:], tokens, i+n, hi); end >= 0 {
					return end
				}
			}
			return -1
		}
		if i < hi && e.matches(tokens[i].lower) {
			if e.optional {
				if end := matchElems(elems[k+1:], tokens, i+1, hi); end >= 0 {
					return end
				}
				continue
			}
			i++
			continue
		}
		if !e.optional {
			return -1
		}
	}
	return i
}

// A phrasebook finds the phrases of a lexicon in tokens. Each phrase carries a
// value, the number of its entry.
type phrasebook struct {
	phrases []phrase
	entry   []int // by phrase
	entries int
	exact   map[string][]int
	prefix  map[string][]int // by the first two bytes
}

func (b *phrasebook) add(s string) error {
	p, err := parsePhrase(s)
	if err != nil {
		return err
	}
	if b.exact == nil {
		b.exact, b.prefix = map[string][]int{}, map[string][]int{}
	}
	b.entries++
	for {
		if err := b.index(p); err != nil {
			return fmt.Errorf("phrase %q: %w", s, err)
		}
		if !p.elems[0].optional {
			return nil
		}
		// A first word that may be missing: the phrase is indexed without it too.
		p.elems = p.elems[1:]
		if len(p.elems) == 0 {
			return fmt.Errorf("phrase %q has no word", s)
		}
	}
}

func (b *phrasebook) index(p phrase) error {
	id := len(b.phrases)
	b.phrases = append(b.phrases, p)
	b.entry = append(b.entry, b.entries-1)
	for _, x := range p.elems[0].exact {
		b.exact[x] = append(b.exact[x], id)
	}
	for _, x := range p.elems[0].prefix {
		if len(x) < 2 {
			return fmt.Errorf("%q* needs two letters", x)
		}
		b.prefix[x[:2]] = append(b.prefix[x[:2]], id)
	}
	return nil
}

// longest returns the longest phrase that starts at token i, or -1. Of equal
// ones the first of the lexicon wins.
func (b *phrasebook) longest(tokens []token, i, hi int) (id, end int) {
	id, end = -1, -1
	try := func(ids []int) {
		for _, n := range ids {
			if e := b.phrases[n].match(tokens, i, hi); e > end || e == end && e >= 0 && b.entry[n] < id {
				id, end = b.entry[n], e
			}
		}
	}
	w := tokens[i].lower
	try(b.exact[w])
	if len(w) >= 2 {
		try(b.prefix[w[:2]])
	}
	return id, end
}
