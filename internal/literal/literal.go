// Package literal finds many literals at once in bytes, ASCII letters in
// either case. It scans logs for the lines that hold any of a thousand
// literals, and short values for all the literals that they hold.
//
// It looks at every k-th place of the text only. Wherever a literal of n bytes
// stands, one of those places falls on one of any k consecutive grams of q
// bytes in it (k ≤ n-q+1), so it is enough to know the k grams of one window of
// the literal: the window that is rarest in a sample. One bit per gram tells
// whether a place is worth a comparison; unlike with a shift table or an
// automaton no step waits for the one before, which is what makes it fast. The
// idea is that of Wu and Manber's agrep (TR-94-17), with a fixed step in place
// of the shift. Short literals, which allow no long step, are looked for in a
// pass of their own, where that is cheaper.
package literal

import (
	"iter"
	"unsafe"
)

// A Set is a fixed set of literals. It is immutable and safe for concurrent
// use. Folding is ASCII only: "É" and "é" differ.
type Set struct {
	lits   [][]byte // folded
	groups []group  // longest literals first
	empty  []int    // the indices of empty literals
	cost   []float64
}

// New returns the set of the literals. Duplicates and the empty literal, which
// is in everything, are allowed.
func New(lits []string) *Set { return newSet(lits, typicalModel()) }

// NewTuned is New for text like the sample, of which a megabyte is enough. The
// sample decides how fast a search is, never what it finds.
func NewTuned(lits []string, sample []byte) *Set {
	m := newModel(sample)
	m.sampled = true
	return newSet(lits, m)
}

func newSet(lits []string, m *model) *Set {
	s := &Set{lits: make([][]byte, len(lits)), cost: make([]float64, len(lits))}
	var members []int
	for i, l := range lits {
		f := []byte(l)
		for j, c := range f {
			f[j] = fold[c]
		}
		s.lits[i] = f
		if len(f) == 0 {
			s.empty = append(s.empty, i)
		} else {
			members = append(members, i)
		}
	}
	s.divide(members, m.rates(s))
	return s
}

// NewWide returns the set of the literals, which must be ASCII, as they stand in
// bytes that hold text in UTF-16LE.
func NewWide(lits []string) *Set {
	wide := make([]string, len(lits))
	all := make([]int, len(lits))
	for i, l := range lits {
		wide[i], all[i] = string(widen([]byte(l))), i
	}
	m := newModel(widen(typical))
	s := newSet(wide, m)
	if g, ok := s.wide(all); ok {
		g.fill(s, all, m.rates(s))
		s.groups = []group{g}
	}
	return s
}

func widen(b []byte) []byte {
	w := make([]byte, 2*len(b))
	for i, c := range b {
		w[2*i] = c
	}
	return w
}

// Len returns the number of literals.
func (s *Set) Len() int { return len(s.lits) }

// Words returns how many words a bitset of the literals needs.
func (s *Set) Words() int { return (len(s.lits) + 63) / 64 }

// Cost says how often the i-th literal makes a search stop and compare, per
// MiB of text like the sample. Above a few thousand it slows the whole scan.
func (s *Set) Cost(i int) float64 { return s.cost[i] }

// Lines yields the start and the end, without its line feed, of every line of
// b that holds a literal, in order. Literals that hold a line feed are in no
// line. The last line need not end in a line feed; where b is a part of a log,
// the caller cuts it at line ends.
func (s *Set) Lines(b []byte) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		f := s.Find(b)
		for f.Next() && yield(f.Start, f.End) {
		}
	}
}

// A Finder goes through the lines that hold a literal.
type Finder struct {
	Start, End int // of the line, without its line feed

	s       *Set
	b       []byte
	begun   bool
	cursors [maxGroups]cursor
}

// Find returns a finder for the lines of b, as [Set.Lines] has them.
func (s *Set) Find(b []byte) Finder { return Finder{s: s, b: b} }

// Next goes to the next line, and reports whether there is one.
func (f *Finder) Next() bool {
	if len(f.s.empty) > 0 {
		return f.everyLine()
	}
	for i := range f.s.groups {
		switch c := &f.cursors[i]; {
		case !f.begun:
			c.advance(f.s, &f.s.groups[i], f.b, 0)
		case c.start == f.Start:
			c.advance(f.s, &f.s.groups[i], f.b, f.End+1)
		}
	}
	f.begun = true
	best := -1
	for i, c := range f.cursors[:len(f.s.groups)] {
		if c.start >= 0 && (best < 0 || c.start < f.cursors[best].start) {
			best = i
		}
	}
	if best < 0 {
		f.Start, f.End = len(f.b), len(f.b)
		return false
	}
	f.Start, f.End = f.cursors[best].start, f.cursors[best].end
	return true
}

func (f *Finder) everyLine() bool {
	if f.begun {
		f.Start = f.End + 1
	}
	f.begun = true
	if f.Start >= len(f.b) {
		f.Start, f.End = len(f.b), len(f.b)
		return false
	}
	f.End = f.Start + indexNewline(f.b[f.Start:])
	return true
}

// A cursor is one group's next line with a literal; start is -1 after the last.
type cursor struct{ start, end int }

func (c *cursor) advance(s *Set, g *group, b []byte, from int) {
	for from < len(b) {
		at, size := g.next(s, b, from)
		if at < 0 {
			break
		}
		c.start = at
		for c.start > 0 && b[c.start-1] != '\n' {
			c.start--
		}
		n := indexNewline(b[at:])
		c.end = at + n
		if n >= size {
			return
		}
		from = at + 1 // the literal holds a line feed
	}
	c.start = -1
}

// Any reports whether b holds a literal.
func (s *Set) Any(b []byte) bool {
	for i := range s.groups {
		if at, _ := s.groups[i].next(s, b, 0); at >= 0 {
			return true
		}
	}
	return len(s.empty) > 0
}

// AnyIn is Any for a string.
func (s *Set) AnyIn(text string) bool { return s.Any(unsafe.Slice(unsafe.StringData(text), len(text))) }

// Contained sets in dst the bit of every literal that b holds: literal i is
// bit i%64 of word i/64. It leaves the other bits alone and allocates nothing.
// dst must have [Set.Words] words.
func (s *Set) Contained(dst []uint64, b []byte) {
	for _, i := range s.empty {
		dst[i>>6] |= 1 << (i & 63)
	}
	for i := range s.groups {
		s.groups[i].contained(s, dst, b)
	}
}
