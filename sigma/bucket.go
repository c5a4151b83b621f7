package sigma

import (
	"bytes"
	"math"
	"slices"

	"limier/event"
	"limier/internal/literal"
	"limier/sighting"
)

// A bucket is the rules for the events of one log source and event ID, with
// what all of them can be ruled out by: every literal that they need is looked
// for in one pass over each field, and only rules of which a literal was seen
// are evaluated.
type bucket struct {
	slots    []slot
	searched []int    // slots that are searched in every event; others when a rule asks
	words    int      // of a bitset of all literals
	always   []uint64 // rules that no literal stands for
	start    []uint32 // by literal: where its rules start in byLit; one more at the end
	byLit    []uint32
	rules    []indexed
}

// A slot is a field that rules ask for.
type slot struct {
	views    []view
	literals *literal.Set // nil if nothing is looked for
	at       int          // of its literals in the bitset, a word
	high     int          // bit of what is not ASCII, -1 if nothing asks for it
	keywords [2]*keywords // by spans; nil if the slot is not for keywords, or they do not tell
}

// spans says whether a keyword may begin in one value of an event and end in
// another: in the unnamed strings of Windows' older logs, parts of a sentence.
type spans int

const (
	apart spans = iota
	across
)

// keywords are texts one of which every record holds that some test of a slot
// for keywords matches.
type keywords struct {
	texts []string
	ansi  func() *literal.Set // made at need: only records of Windows are searched
	wide  func() *literal.Set // in UTF-16
}

// An indexed is a rule, ready for one bucket.
type indexed struct {
	rule *sighting.Rule
	root *check
}

// A check is a node whose test knows its slot and its literals.
type check struct {
	op    op
	kids  []*check
	test  *test
	slot  int32
	ref   int32    // the other slot, of fieldTest
	bits  []uint32 // one of these literals was seen, or the test fails
	whole bool     // and if one was, it holds
	any   []mask   // of an or whose kids all ask for bits of one slot: one of these is set, or it fails
	own   bool     // no other slot decides it
}

// A mask is bits of a word of a bitset.
type mask struct {
	word int32
	bits uint64
}

// constant is the value of a node that the log source alone decides.
type constant int8

const (
	unknown constant = iota
	never
	ever
)

// A bucketBuilder collects what the rules of a bucket need.
type bucketBuilder struct {
	ls      event.Logsource
	eventID string // "": one that no rule names
	slotOf  map[string]int
	slots   []slot
	lits    []map[string]int // by slot: its literals
	uses    []map[string]int // by slot: how many rules' tests need the literal
	gates   map[*test][]string
}

// A source is a rule with its compiled logic.
type source struct {
	rule *Rule
	root *node
}

func newBucket(ls event.Logsource, eventID string, sources []source) *bucket {
	b := &bucketBuilder{ls: ls, eventID: eventID, slotOf: map[string]int{}, gates: map[*test][]string{}}
	var kept []source
	for _, s := range sources {
		root := s.root
		if types := eventTypes(s.rule.Logsource.Category, ls, eventID); types != nil {
			root = &node{op: and, kids: []*node{root, typed(types)}}
		}
		root, c := b.fold(root)
		if c == never {
			continue
		}
		b.gather(root)
		kept = append(kept, source{s.rule, root})
	}
	if len(kept) == 0 {
		return nil
	}
	out := &bucket{}
	for i := range b.slots {
		b.slots[i].at, b.slots[i].high = out.words, -1
		if lits := b.lits[i]; len(lits) > 0 {
			ordered := make([]string, 0, len(lits))
			for l := range lits {
				ordered = append(ordered, l)
			}
			slices.Sort(ordered)
			for k, l := range ordered {
				lits[l] = k
				if l == highByte {
					b.slots[i].high = out.words*64 + k
				}
			}
			b.slots[i].literals = literal.New(ordered)
			if b.slots[i].views[0].derive == everything {
				for how := range b.slots[i].keywords {
					if texts := rawKeywords(ordered, spans(how)); texts != nil {
						b.slots[i].keywords[how] = &keywords{texts: texts}
					}
				}
			}
			out.words += b.slots[i].literals.Words()
		}
	}
	searched := make([]bool, len(b.slots))
	out.always = make([]uint64, (len(kept)+63)/64)
	posts := make([][]uint32, out.words*64)
	for i, s := range kept {
		c := b.clause(s.root)
		if c == nil {
			out.always[i>>6] |= 1 << (i & 63)
		} else {
			for _, l := range c.lits {
				searched[l.slot] = true
				bit := b.bit(l)
				if p := posts[bit]; len(p) == 0 || p[len(p)-1] != uint32(i) {
					posts[bit] = append(p, uint32(i))
				}
			}
		}
		out.rules = append(out.rules, indexed{&s.rule.Rule, b.check(s.root)})
	}
	for i, yes := range searched {
		if yes {
			out.searched = append(out.searched, i)
		}
	}
	out.slots = b.slots // b.check may have added some
	for _, p := range posts {
		out.start = append(out.start, uint32(len(out.byLit)))
		out.byLit = append(out.byLit, p...)
	}
	out.start = append(out.start, uint32(len(out.byLit)))
	return out
}

func typed(types []string) *node {
	var kids []*node
	for _, t := range types {
		p := newPattern([]token{{literalToken, t}}, false)
		kids = append(kids, &node{test: &test{field: "EventType", kind: patternTest, pattern: p}})
	}
	return join(or, kids)
}

// fold removes what the bucket's event ID decides.
func (b *bucketBuilder) fold(n *node) (*node, constant) {
	switch n.op {
	case leaf:
		if n.test.field != "EventID" {
			return n, unknown
		}
		if b.eventID != "" {
			if n.test.kind != fieldTest {
				if n.test.matches(b.eventID) {
					return n, ever
				}
				return n, never
			}
		} else if n.test.kind == patternTest && n.test.pattern.kind == equalPattern && n.test.pattern.text != "" {
			return n, never // else this would be the bucket of that ID
		}
		return n, unknown
	case not:
		k, c := b.fold(n.kids[0])
		switch c {
		case never:
			return n, ever
		case ever:
			return n, never
		}
		return &node{op: not, kids: []*node{k}}, unknown
	}
	absorbing := ever // of or
	if n.op == and {
		absorbing = never
	}
	var kids []*node
	for _, k := range n.kids {
		f, c := b.fold(k)
		switch c {
		case absorbing:
			return n, absorbing
		case unknown:
			kids = append(kids, f)
		}
	}
	if len(kids) == 0 {
		return n, never + ever - absorbing
	}
	return join(n.op, kids), unknown
}

func (b *bucketBuilder) slot(field string) int {
	i, ok := b.slotOf[field]
	if !ok {
		i = len(b.slots)
		b.slotOf[field] = i
		b.slots = append(b.slots, slot{views: views(field, b.ls, b.eventID)})
		b.lits = append(b.lits, map[string]int{})
		b.uses = append(b.uses, map[string]int{})
	}
	return i
}

// gather chooses for each test the literals that stand for it.
func (b *bucketBuilder) gather(n *node) {
	for _, k := range n.kids {
		b.gather(k)
	}
	if n.op != leaf {
		return
	}
	slot := b.slot(n.test.field)
	gate, seen := b.gates[n.test]
	if !seen {
		best := math.Inf(1)
		for _, set := range n.test.required() {
			cost := 0.0
			for _, l := range set {
				cost += commonness(l)
			}
			if cost < best {
				gate, best = set, cost
			}
		}
		b.gates[n.test] = gate
	}
	for _, l := range gate {
		b.lits[slot][l] = 0
		b.uses[slot][l]++
	}
}

// commonness guesses how often a literal is seen: long ones seldom, unless they
// are in the sample of what logs hold.
func commonness(l string) float64 {
	return math.Exp2(-float64(min(len(l), 24))/2) + float64(bytes.Count(literal.Typical(), []byte(l)))
}

// A lit is a literal in a field.
type lit struct {
	slot int
	text string
}

func (b *bucketBuilder) bit(l lit) uint32 {
	return uint32(b.slots[l.slot].at*64 + b.lits[l.slot][l.text])
}

// A clause is literals one of which every matching event holds.
type clause struct {
	lits []lit
	cost float64
}

// constants are fields that hardly tell one event of a bucket from another.
var constants = []string{"Provider_Name", "Channel", "Computer", "EventID", "SourceName", "Source", "EventLog"}

// clause returns the cheapest clause of a node, or nil.
func (b *bucketBuilder) clause(n *node) *clause {
	switch n.op {
	case leaf:
		gate := b.gates[n.test]
		if len(gate) == 0 {
			return nil
		}
		c := &clause{}
		slot := b.slotOf[n.test.field]
		for _, l := range gate {
			c.lits = append(c.lits, lit{slot, l})
			c.cost += commonness(l) * (1 + float64(b.uses[slot][l])/4)
		}
		if slices.Contains(constants, n.test.field) {
			c.cost += 100
		}
		if d := b.slots[slot].views[0].derive; d == account || d == integrity {
			c.cost++ // made up for each event, and not remembered
		}
		return c
	case and:
		var best *clause
		for _, k := range n.kids {
			if c := b.clause(k); c != nil && (best == nil || c.cost < best.cost) {
				best = c
			}
		}
		return best
	case or:
		all := &clause{}
		for _, k := range n.kids {
			c := b.clause(k)
			if c == nil {
				return nil
			}
			all.lits = append(all.lits, c.lits...)
			all.cost += c.cost
		}
		return all
	}
	return nil
}

func (b *bucketBuilder) check(n *node) *check {
	c := &check{op: n.op, test: n.test}
	for _, k := range n.kids {
		c.kids = append(c.kids, b.check(k))
	}
	if n.op == and || n.op == or {
		slices.SortStableFunc(c.kids, func(x, y *check) int { return x.effort() - y.effort() })
	}
	if n.op != leaf {
		c.slot = c.kids[0].slot
		c.own = b.slots[c.slot].literals != nil && !slices.ContainsFunc(c.kids, func(k *check) bool { return !k.own || k.slot != c.slot })
		if n.op == or {
			c.any = masks(c.kids)
		}
		return c
	}
	c.slot = int32(b.slot(n.test.field))
	c.own = n.test.kind != fieldTest
	if !c.own {
		c.ref = int32(b.slot(n.test.ref))
	}
	for _, l := range b.gates[n.test] {
		c.bits = append(c.bits, b.bit(lit{int(c.slot), l}))
	}
	c.whole = len(c.bits) > 0 && n.test.kind == patternTest && n.test.pattern.whole()
	return c
}

// masks returns the bits that leaves ask for, nil if one asks for none or they
// are not of one slot.
func masks(kids []*check) (all []mask) {
	for _, k := range kids {
		if len(k.bits) == 0 || k.slot != kids[0].slot {
			return nil
		}
		for _, bit := range k.bits {
			i := slices.IndexFunc(all, func(m mask) bool { return m.word == int32(bit>>6) })
			if i < 0 {
				i = len(all)
				all = append(all, mask{word: int32(bit >> 6)})
			}
			all[i].bits |= 1 << (bit & 63)
		}
	}
	return all
}

// effort orders checks: what a bit decides comes first.
func (c *check) effort() int {
	switch {
	case c.op != leaf:
		most := 0
		for _, k := range c.kids {
			most = max(most, k.effort())
		}
		if c.op == not {
			return most + 1
		}
		return most
	case c.whole:
		return 0
	case len(c.bits) > 0:
		return 1
	case c.test.kind == regexTest:
		return 9
	}
	return 2
}
