package sigma

import (
	"math/bits"
	"slices"
	"strings"

	"limier/sighting"
)

// match appends to found the rules that the event matches, in the order they
// were read.
func (b *bucket) match(s *scratch, found []*sighting.Rule) []*sighting.Rule {
	searched := b.searched
	if s.layout != nil {
		searched = s.layout.searched
	}
	copy(s.candidates, b.always)
	for _, i := range searched {
		for _, r := range s.starts(i) {
			s.candidates[r>>6] |= 1 << (r & 63)
		}
	}
	for w, word := range s.candidates[:len(b.always)] {
		for ; word != 0; word &= word - 1 {
			if r := &b.rules[w<<6+bits.TrailingZeros64(word)]; s.holds(r.root) {
				found = append(found, r.rule)
			}
		}
	}
	s.forget()
	return found
}

// starts returns the rules that start with a literal that a slot holds. What
// else a remembered value holds is of use only if there is such a rule.
func (s *scratch) starts(i int) []uint32 {
	sl := &s.b.slots[i]
	if s.lacks(sl) {
		s.looked[i] = s.turn
		return nil
	}
	if s.memory != nil && s.recall(i, sl) {
		if r := s.recalled(i); r != nil {
			return r.starts
		}
		return nil
	}
	s.looked[i] = s.turn
	before := len(s.hits)
	s.search(i, sl)
	s.rules = s.b.starting(s.rules[:0], s.hits[before:])
	return s.rules
}

// starting appends the rules that start with some literals.
func (b *bucket) starting(rules []uint32, hits []uint32) []uint32 {
	for _, bit := range hits {
		rules = append(rules, b.byLit[b.start[bit]:b.start[bit+1]]...)
	}
	return rules
}

// look makes sure that it is known which literals of a slot the event holds.
func (s *scratch) look(i int) {
	if s.looked[i] == s.turn {
		return
	}
	s.looked[i] = s.turn
	r := s.recalled(i)
	if r == nil {
		sl := &s.b.slots[i]
		if s.lacks(sl) {
			return
		}
		if s.memory == nil || !s.recall(i, sl) {
			s.search(i, sl)
			return
		}
		if r = s.recalled(i); r == nil {
			return
		}
	}
	for _, bit := range r.hits {
		s.set(bit)
	}
}

// lacks reports whether a slot is for keywords and the record holds none.
func (s *scratch) lacks(sl *slot) bool {
	if s.layout == nil || s.layout.spoken {
		return false
	}
	k := sl.keywords[s.layout.spans]
	return k != nil && !k.in(s.record, s.memory)
}

// search looks for a slot's literals in its values.
func (s *scratch) search(i int, sl *slot) {
	v := s.load(i)
	for k := range v.n {
		sl.literals.Contained(s.bits[sl.at:], bytesOf(v.text[k]))
		if sl.high >= 0 && !ascii(v.text[k]) {
			s.bits[sl.high>>6] |= 1 << (sl.high & 63)
		}
	}
	if v.n > 0 {
		s.collect(sl.at, sl.literals.Words())
	}
}

// holds reports how a check ends. What a value alone decides is remembered with it.
func (s *scratch) holds(c *check) bool {
	if c.any != nil && !s.anyOf(c) {
		return false
	}
	if len(c.bits) > 0 {
		s.look(int(c.slot))
		seen := false
		for _, bit := range c.bits {
			if s.bits[bit>>6]>>(bit&63)&1 != 0 {
				seen = true
				break
			}
		}
		if !seen || c.whole {
			return seen
		}
	}
	if !c.own || c.op == not {
		return s.decide(c)
	}
	if c.op != leaf {
		s.look(int(c.slot))
	}
	r := s.recalled(int(c.slot))
	if r == nil {
		return s.decide(c)
	}
	for _, t := range r.tests {
		if t.check == c {
			return t.holds
		}
	}
	holds := s.decide(c)
	if len(r.tests) < maxTested {
		r.tests = append(r.tests, tested{c, holds})
	}
	return holds
}

func (s *scratch) decide(c *check) bool {
	switch c.op {
	case and:
		return !slices.ContainsFunc(c.kids, func(k *check) bool { return !s.holds(k) })
	case or:
		return slices.ContainsFunc(c.kids, s.holds)
	case not:
		return !s.holds(c.kids[0])
	}
	return s.test(c)
}

// anyOf reports whether a literal was seen that a kid asks for.
func (s *scratch) anyOf(c *check) bool {
	s.look(int(c.slot))
	for _, m := range c.any {
		if s.bits[m.word]&m.bits != 0 {
			return true
		}
	}
	return false
}

// test asks the values of a slot.
func (s *scratch) test(c *check) bool {
	v := s.load(int(c.slot))
	if v.n == 0 {
		if c.test.kind == fieldTest {
			return false
		}
		return c.test.absent()
	}
	for k := range v.n {
		if c.test.kind == fieldTest {
			other := s.load(int(c.ref))
			for j := range other.n {
				if refers(c.test.pattern, v.text[k], other.text[j]) {
					return true
				}
			}
		} else if c.test.kind == patternTest && c.test.pattern.wide {
			if c.test.pattern.folded(v.lowered(k)) {
				return true
			}
		} else if c.test.matches(v.text[k]) {
			return true
		}
	}
	return false
}

// refers compares the values of two fields the way p compares with a text.
func refers(p *pattern, a, b string) bool {
	equal := strings.EqualFold
	if p.cased {
		equal = func(a, b string) bool { return a == b }
	}
	switch p.kind {
	case prefixPattern:
		return len(a) >= len(b) && equal(a[:len(b)], b)
	case suffixPattern:
		return len(a) >= len(b) && equal(a[len(a)-len(b):], b)
	case containsPattern:
		if !p.cased {
			a, b = strings.ToLower(a), strings.ToLower(b)
		}
		return strings.Contains(a, b)
	}
	return equal(a, b)
}
