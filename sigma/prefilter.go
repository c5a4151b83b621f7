package sigma

import (
	"iter"
	"slices"
	"sync"

	"limier/event"
	"limier/internal/literal"
	"limier/sighting"
)

// A Prefilter tells which raw lines of a log some rule may match, so that no
// other is parsed. It searches for the rarest literals of the rules, and asks of
// each line that holds one whether the other literals of a rule are there too.
// It is safe for concurrent use.
type Prefilter struct {
	rare  *literal.Set
	all   *literal.Set
	rules []*rawCheck
	pool  sync.Pool // of *[]uint64, a bit for each literal of all
}

// A rawCheck is a rule's condition as far as a raw line can answer it.
type rawCheck struct {
	op   op
	kids []*rawCheck
	sets [][]int // of a leaf: of each set, the line holds one
}

// minSample is how much of a log tells what is common in it.
const minSample = 16 << 10

// Prefilter returns the filter for a text log of a source. The rules in without
// have no literal that a line must hold: while there are any, every line must
// be parsed (see [Engine.Literals]). A sample of the log, some 64 KiB, makes the
// search faster; it may be empty.
func (e *Engine) Prefilter(ls event.Logsource, sample []byte) (p *Prefilter, without []*sighting.Rule) {
	rare, without := e.Literals(ls)
	p = &Prefilter{rare: literal.New(rare)}
	if len(sample) >= minSample {
		p.rare = literal.NewTuned(rare, sample)
	}
	b := &rawBuilder{bucketBuilder: bucketBuilder{ls: ls}, cost: map[string]float64{}}
	var roots []*node
	for _, s := range e.concerned(bucketKey{ls: ls}) {
		if root, c := b.fold(s.root); c != never {
			roots = append(roots, root)
			b.collect(root)
		}
	}
	var all []string
	for l := range b.cost {
		all = append(all, l)
	}
	slices.Sort(all)
	at := map[string]int{}
	for i, l := range all {
		at[l] = i
	}
	p.all = literal.New(all)
	for _, root := range roots {
		p.rules = append(p.rules, rawCheckOf(root, at))
	}
	p.pool.New = func() any { bits := make([]uint64, p.all.Words()); return &bits }
	return p, without
}

func rawCheckOf(n *node, at map[string]int) *rawCheck {
	c := &rawCheck{op: n.op}
	for _, k := range n.kids {
		c.kids = append(c.kids, rawCheckOf(k, at))
	}
	if n.op == leaf {
		for _, set := range sets(n.test) {
			var bits []int
			for _, l := range set {
				bits = append(bits, at[l])
			}
			c.sets = append(c.sets, bits)
		}
	}
	return c
}

// may reports whether the literals in bits allow the rule to match.
func (c *rawCheck) may(bits []uint64) bool {
	switch c.op {
	case leaf:
		for _, set := range c.sets {
			if !slices.ContainsFunc(set, func(i int) bool { return bits[i/64]>>(i%64)&1 == 1 }) {
				return false
			}
		}
		return true
	case and:
		for _, k := range c.kids {
			if !k.may(bits) {
				return false
			}
		}
		return true
	case or:
		for _, k := range c.kids {
			if k.may(bits) {
				return true
			}
		}
		return false
	}
	return true // what a line lacks, a negation asks for
}

// Lines yields the start and the end, without its line feed, of every line of b
// that a rule may match, in order.
func (p *Prefilter) Lines(b []byte) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		held := p.pool.Get().(*[]uint64)
		defer p.pool.Put(held)
		bits := *held
		for start, end := range p.rare.Lines(b) {
			clear(bits)
			p.all.Contained(bits, b[start:end])
			for _, r := range p.rules {
				if r.may(bits) {
					if !yield(start, end) {
						return
					}
					break
				}
			}
		}
	}
}
