package sigma

import (
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"unicode"

	"limier/event"
	"limier/internal/literal"
	"limier/sighting"
)

// A Judge applies [Columns] to lines and remembers what it said of values. It
// is for one goroutine. Its memory is bounded, whatever the log holds, and what
// it remembers never changes what it says.
type Judge struct {
	*Columns
	seed   maphash.Seed
	shelf  []shelf   // by column
	lines  uint64    // asked so far
	held   bool      // the line holds a literal
	asked  []uint64  // by column: the line that answer is of
	answer []*answer // by column
	spare  []answer  // by column: the answer to a value that is not remembered
	needs  map[question]need
	one    oneValue
	sc     scratch
	found  []*sighting.Rule
}

// An answer is what is known of a value.
type answer struct {
	hash   uint64
	raw    []byte
	starts []int    // the terms that it starts
	yes    []uint64 // by question; empty if it was not asked
}

// A shelf is a cache of answers, two places for each hash. While most values
// are new, as those of queries are, it is not used.
type shelf struct {
	answers      []answer
	seen, new    int // since it was last looked at whether that pays
	closed, wait int // values for which it stays unused
}

const (
	shelfSize  = 4096 // answers, a power of two
	maxValue   = 256  // bytes of a value that is remembered
	trialSize  = 4096 // values
	firstPause = 64 << 10

	asked = 1 // the hash of a spare answer
)

// Judge returns a judge that has seen nothing.
func (c *Columns) Judge() *Judge {
	n := len(c.columns)
	return &Judge{
		Columns: c, seed: maphash.MakeSeed(), shelf: make([]shelf, n), asked: make([]uint64, n),
		answer: make([]*answer, n), spare: make([]answer, n), needs: map[question]need{},
	}
}

// Find returns a finder for the lines of b that hold a literal. Any other needs
// to be looked at only if its key [Judge.Starts] something.
func (j *Judge) Find(b []byte) literal.Finder { return j.search.Find(b) }

// Starts reports whether some rule may match a line for the value of its key.
func (j *Judge) Starts(key []byte) bool { return len(j.find(j.key, key).starts) > 0 }

// May reports whether some rule may match a line with these values, one for each
// column; found says that the line holds a literal.
func (j *Judge) May(line []byte, values [][]byte, found bool) bool {
	j.lines++
	j.held = found
	if j.starts(j.key, line, values) {
		return true
	}
	if found {
		for _, c := range j.watched {
			if j.starts(c, line, values) {
				return true
			}
		}
	}
	return false
}

// starts reports whether the value of a column starts a term that holds.
func (j *Judge) starts(c int, line []byte, values [][]byte) bool {
	for _, t := range j.ask(c, line, values).starts {
		if j.holds(&j.terms[t], line, values) {
			return true
		}
	}
	return false
}

func (j *Judge) holds(t *term, line []byte, values [][]byte) bool {
	for _, q := range t.rest {
		a := j.ask(q.column, line, values)
		if len(a.yes) == 0 {
			raw := j.raw(q.column, line, values)
			if need := j.need(q); need.literals != nil {
				if !need.literals.Any(raw) {
					return false
				}
				if need.enough {
					continue
				}
			}
			j.evaluate(q.column, raw, a)
		}
		if a.yes[q.number>>6]>>(q.number&63)&1 == 0 {
			return false
		}
	}
	return true
}

// A need is literals one of which is in every value that answers a question
// with yes; nil if there are none. They are found sooner than all questions of a
// column are asked.
type need struct {
	literals *literal.Set
	enough   bool // any of them answers it
}

func (j *Judge) need(q question) need {
	n, ok := j.needs[q]
	if !ok {
		asked := j.columns[q.column].asked[q.number]
		if lits := literalsOf([]*node{asked}); len(lits) > 0 {
			n = need{literal.NewTuned(lits, literal.Typical()), q.column == len(j.columns)-1 && oneOf(asked)}
		}
		j.needs[q] = n
	}
	return n
}

// oneOf reports whether a question is no more than whether a value contains a
// literal, or one of several, without spaces.
func oneOf(n *node) bool {
	switch {
	case n.op == or:
		return !slices.ContainsFunc(n.kids, func(k *node) bool { return !oneOf(k) })
	case n.op != leaf || n.test.kind != patternTest || !n.test.pattern.whole():
		return false
	}
	return !slices.ContainsFunc(n.test.pattern.toks, func(t token) bool { return strings.ContainsFunc(t.text, unicode.IsSpace) })
}

func (j *Judge) raw(c int, line []byte, values [][]byte) []byte {
	if c == len(values) {
		return line
	}
	return values[c]
}

// ask returns what is known of the value of a column.
func (j *Judge) ask(c int, line []byte, values [][]byte) *answer {
	if j.asked[c] != j.lines {
		j.asked[c], j.answer[c] = j.lines, j.find(c, j.raw(c, line, values))
	}
	return j.answer[c]
}

func (j *Judge) find(c int, raw []byte) *answer {
	s := &j.shelf[c]
	if s.closed > 0 || len(raw) > maxValue || c == len(j.columns)-1 {
		s.closed = max(0, s.closed-1)
		a := &j.spare[c]
		if a.hash == asked && string(a.raw) == string(raw) {
			return a // as Starts and May ask the same
		}
		a.hash, a.raw = asked, append(a.raw[:0], raw...)
		a.starts, a.yes = a.starts[:0], a.yes[:0]
		// Without a literal in the line only the key starts something.
		if col := &j.columns[c]; (j.held || c == j.key) && (col.search == nil || col.search.Any(raw)) {
			j.evaluate(c, raw, a)
		}
		return a
	}
	if s.answers == nil {
		s.answers = make([]answer, shelfSize)
	}
	h := maphash.Bytes(j.seed, raw) | 1
	at := h >> 8 & (shelfSize - 2)
	a, b := &s.answers[at], &s.answers[at+1]
	s.seen++
	switch {
	case a.hash == h && string(a.raw) == string(raw):
		return a
	case b.hash == h && string(b.raw) == string(raw):
		*a, *b = *b, *a
		return a
	}
	*a, *b = *b, *a // the older one goes
	s.new++
	if s.seen >= trialSize {
		if s.new > s.seen/2 {
			s.wait = max(firstPause, min(2*s.wait, 1<<24))
			s.closed = s.wait
		}
		s.seen, s.new = 0, 0
	}
	a.hash, a.raw = h, append(a.raw[:0], raw...)
	a.starts, a.yes = a.starts[:0], a.yes[:0]
	if col := &j.columns[c]; col.search == nil || col.search.Any(raw) {
		j.evaluate(c, raw, a)
	}
	return a
}

// evaluate asks a value all questions of its column.
func (j *Judge) evaluate(c int, raw []byte, a *answer) {
	col := &j.columns[c]
	words := (len(col.starts) + 63) / 64
	if cap(a.yes) < words {
		a.yes = make([]uint64, words)
	}
	a.yes = a.yes[:words]
	clear(a.yes)
	a.starts = a.starts[:0]
	if col.b == nil {
		return
	}
	if c < len(j.columns)-1 {
		raw = j.value(c, raw)
	}
	j.one.text = string(raw)
	j.sc.reset(col.b)
	j.sc.data = &j.one
	j.found = col.b.match(&j.sc, j.found[:0])
	j.sc.data = nil
	for _, r := range j.found {
		n := col.number[r]
		a.yes[n>>6] |= 1 << (n & 63)
		a.starts = append(a.starts, col.starts[n]...)
	}
}

// oneValue is the Data of a value alone.
type oneValue struct{ text string }

func (o *oneValue) Logsource() event.Logsource { return event.Logsource{} }

func (o *oneValue) Field(string) (string, bool) { return o.text, o.text != "" }

func (o *oneValue) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) { yield(valueField, o.text) }
}
