package sigma

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"limier/event"
	"limier/internal/literal"
	"limier/sighting"
)

// Columns tells, by the values of its columns, which lines of a text log some
// rule may match, so that no other is parsed. Each rule becomes a few terms: a
// term is one question to each of some columns, and holds if all are answered
// with yes. A value's answers do not depend on the rest of the line, so each
// distinct value is judged once, by the [Judge] of a goroutine.
//
// A term starts with the question least often answered with yes. That is either
// one to the key column, whose values are asked for every line, or one that
// needs a literal, which a log is searched for as a whole; the others are asked
// only then.
//
// It is a filter: a line that a rule matches always passes; one that passes is
// for [Engine.Match] to judge. It is safe for concurrent use.
type Columns struct {
	value   func(column int, raw []byte) []byte
	key     int
	columns []columnRules // and the whole line, as one more
	watched []int         // the columns that start a term, but for the key
	search  *literal.Set  // of what starts a term, but for the key
	terms   []term
}

// A term is an alternative of a rule's condition, without the question that it
// starts with.
type term struct{ rest []question }

type question struct{ column, number int }

// columnRules are the questions to one column.
type columnRules struct {
	b      *bucket // with a rule for each question; nil if there are none
	number map[*sighting.Rule]int
	asked  []*node      // by question
	starts [][]int      // by question: the terms that it starts
	search *literal.Set // a value that starts a term holds one of these; nil if there is no telling
}

// Limits of what a rule becomes.
const (
	maxTerms   = 48
	maxColumns = 200
)

// Columns returns the filter for a text log of a source with those columns, and
// which of them is the key. value returns what an event has for what a line has
// in a column: nothing for "-", say. It returns nil if some rule can only be
// judged on the whole line.
func (e *Engine) Columns(ls event.Logsource, names []string, key int, value func(column int, raw []byte) []byte, sample []byte) *Columns {
	if len(names) > maxColumns {
		return nil
	}
	b := &columnsBuilder{bucketBuilder: bucketBuilder{ls: ls}, names: names, key: key}
	f := &Columns{value: value, key: key, columns: make([]columnRules, len(names)+1)}
	questions, starts := make([][]*node, len(names)+1), make([][]*node, len(names)+1)
	for _, s := range e.concerned(bucketKey{ls: ls}) {
		root, c := b.fold(s.root)
		if c == never {
			continue
		}
		alternatives := b.expand(root, false)
		if c == ever {
			alternatives = []conjunction{{}}
		}
		for _, a := range alternatives {
			first := -1
			for i, at := range a {
				if at.cost < math.Inf(1) && (first < 0 || at.cost < a[first].cost) {
					first = i
				}
			}
			if first < 0 {
				return nil
			}
			t := term{}
			for i, at := range a {
				of := &questions[at.column]
				if i == first {
					c := &f.columns[at.column]
					for len(c.starts) <= len(*of) {
						c.starts = append(c.starts, nil)
					}
					c.starts[len(*of)] = []int{len(f.terms)}
					starts[at.column] = append(starts[at.column], at.n)
				} else {
					t.rest = append(t.rest, question{at.column, len(*of)})
				}
				*of = append(*of, at.n)
			}
			f.terms = append(f.terms, t)
		}
	}
	var all []string
	for i := range f.columns {
		c := &f.columns[i]
		if len(questions[i]) == 0 {
			continue
		}
		c.index(ls, questions[i])
		lits := literalsOf(starts[i])
		if len(lits) > 0 {
			c.search = literal.New(lits)
		}
		if len(starts[i]) > 0 && i != key {
			f.watched = append(f.watched, i)
			all = append(all, lits...)
		}
	}
	slices.Sort(all)
	all = covering(slices.Compact(all))
	if len(sample) >= minSample {
		f.search = literal.NewTuned(all, sample)
	} else {
		f.search = literal.New(all)
	}
	return f
}

// index makes a bucket of questions.
func (c *columnRules) index(ls event.Logsource, questions []*node) {
	rules := make([]Rule, len(questions))
	sources := make([]source, len(questions))
	c.asked = questions
	c.number = make(map[*sighting.Rule]int, len(questions))
	for i, n := range questions {
		sources[i] = source{&rules[i], n}
		c.number[&rules[i].Rule] = i
	}
	for len(c.starts) < len(questions) {
		c.starts = append(c.starts, nil)
	}
	c.b = newBucket(ls, "", sources)
}

// literalsOf returns literals one of which stands, in a line, in every value
// that answers one of the questions with yes; nil if there is no telling.
func literalsOf(questions []*node) []string {
	all := map[string]bool{}
	for _, n := range questions {
		lits, _ := cheapest(n)
		if lits == nil {
			return nil
		}
		for _, l := range lits {
			// A line may have "+" for a space.
			words := strings.Fields(l)
			if len(words) == 0 {
				return nil
			}
			all[slices.MaxFunc(words, func(x, y string) int { return len(x) - len(y) })] = true
		}
	}
	return covering(slices.Sorted(maps.Keys(all)))
}

// cheapest returns literals one of which every value holds that answers the
// question with yes, the rarest that there are, or nil.
func cheapest(n *node) (best []string, cost float64) {
	cost = math.Inf(1)
	better := func(set []string, c float64) {
		if len(set) > 0 && c < cost {
			best, cost = set, c
		}
	}
	switch n.op {
	case leaf:
		for _, set := range n.test.required() {
			if slices.ContainsFunc(set, func(l string) bool { return l == highByte || strings.TrimSpace(l) == "" }) {
				continue
			}
			c := 0.0
			for _, l := range set {
				c += commonness(l)
			}
			better(set, c)
		}
	case and:
		for _, k := range n.kids {
			better(cheapest(k))
		}
	case or:
		var all []string
		sum := 0.0
		for _, k := range n.kids {
			set, c := cheapest(k)
			if len(set) == 0 {
				return nil, cost
			}
			all, sum = append(all, set...), sum+c
		}
		better(all, sum)
	}
	return best, cost
}

// An atom is a question to one column.
type atom struct {
	column int
	n      *node
	cost   float64 // of starting with it; +Inf if that cannot be
}

// A conjunction has at most one atom for each column. The empty one always
// holds.
type conjunction []atom

// cost is the least cost of an atom.
func (c conjunction) cost() float64 {
	least := math.Inf(1)
	for _, a := range c {
		least = min(least, a.cost)
	}
	return least
}

// A columnsBuilder turns the logic of rules into questions to columns.
type columnsBuilder struct {
	bucketBuilder
	names []string
	key   int
}

// atom guesses how dear it is to start with a question: how often it is
// answered with yes, and what the search for it costs.
func (b *columnsBuilder) atom(column int, n *node) atom {
	lits, cost := cheapest(n)
	switch {
	case column == b.key && lits == nil:
		cost = 1000
	case column == b.key:
		cost /= 4
	case lits != nil && shortest(lits) < 5:
		cost++
	}
	return atom{column, n, cost}
}

// expand returns conjunctions one of which holds if the node does, or, if
// negated is set, if it does not. None means that it never does. What columns
// cannot tell is taken to hold.
func (b *columnsBuilder) expand(n *node, negated bool) []conjunction {
	if column, ok := b.column(n); ok {
		own := onValue(n)
		if negated {
			own = &node{op: not, kids: []*node{own}}
		}
		return []conjunction{{b.atom(column, own)}}
	}
	switch {
	case n.op == not:
		return b.expand(n.kids[0], !negated)
	case n.op == leaf:
		return b.leaf(n.test, negated)
	case n.op == and && !negated || n.op == or && negated:
		return b.both(n.kids, negated)
	}
	var all []conjunction
	for _, k := range n.kids {
		for _, c := range b.expand(k, negated) {
			all = b.either(all, c)
		}
	}
	if len(all) > maxTerms {
		return []conjunction{{}}
	}
	return all
}

// both expands what must hold together. Where that becomes too much, what tells
// least is left out.
func (b *columnsBuilder) both(kids []*node, negated bool) []conjunction {
	var parts [][]conjunction
	for _, k := range kids {
		part := b.expand(k, negated)
		if len(part) == 0 {
			return nil
		}
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(x, y []conjunction) int {
		if d := min(len(x), 2) - min(len(y), 2); d != 0 {
			return d
		}
		return cmp.Compare(total(x), total(y))
	})
	all := []conjunction{{}}
	for _, part := range parts {
		if len(all)*len(part) > maxTerms {
			continue
		}
		var longer []conjunction
		for _, x := range all {
			for _, y := range part {
				longer = append(longer, b.and(x, y))
			}
		}
		all = longer
	}
	return all
}

// total is the cost of finding what any of the alternatives starts with.
func total(alternatives []conjunction) (sum float64) {
	for _, c := range alternatives {
		sum += c.cost()
	}
	return sum
}

// and joins two conjunctions.
func (b *columnsBuilder) and(x, y conjunction) conjunction {
	out := slices.Clone(x)
	for _, a := range y {
		if i := slices.IndexFunc(out, func(o atom) bool { return o.column == a.column }); i >= 0 {
			out[i] = b.atom(a.column, &node{op: and, kids: []*node{out[i].n, a.n}})
		} else {
			out = append(out, a)
		}
	}
	return out
}

// either adds an alternative; single questions to one column become one, and beside
// what always holds there is no other.
func (b *columnsBuilder) either(all []conjunction, c conjunction) []conjunction {
	if len(c) == 0 || len(all) == 1 && len(all[0]) == 0 {
		return []conjunction{{}}
	}
	if len(c) == 1 {
		for i, have := range all {
			if len(have) == 1 && have[0].column == c[0].column {
				all[i] = conjunction{b.atom(c[0].column, &node{op: or, kids: []*node{have[0].n, c[0].n}})}
				return all
			}
		}
	}
	return append(all, c)
}

// valueField is the field's name in questions to a column.
const valueField = "\x00value"

// onValue returns the node with its tests asking the one value.
func onValue(n *node) *node {
	out := &node{op: n.op}
	for _, k := range n.kids {
		out.kids = append(out.kids, onValue(k))
	}
	if n.op == leaf {
		t := *n.test
		t.field = valueField
		out.test = &t
	}
	return out
}

// column returns the only column that a node depends on.
func (b *columnsBuilder) column(n *node) (column int, ok bool) {
	if n.op == leaf {
		columns, exact := b.columnsOf(n.test.field)
		if !exact || len(columns) != 1 || n.test.kind == fieldTest {
			return 0, false
		}
		return columns[0], true
	}
	for i, k := range n.kids {
		c, ok := b.column(k)
		if !ok || i > 0 && c != column {
			return 0, false
		}
		column = c
	}
	return column, len(n.kids) > 0
}

// columnsOf returns the columns that a field's value is made of; exact says
// that it is the value of the only one, or that there is none.
func (b *columnsBuilder) columnsOf(field string) (columns []int, exact bool) {
	vs := views(field, b.ls, "")
	exact = len(vs) == 1 && vs[0].derive == plain
	for i, name := range b.names {
		for _, v := range vs {
			if (v.derive == everything || slices.Contains(v.names, name)) && !slices.Contains(columns, i) {
				columns = append(columns, i)
			}
		}
	}
	return columns, exact && len(columns) < 2
}

// leaf returns the questions of a test on the value of several columns: the
// line holds the text that it requires, as that holds nothing that joins them.
func (b *columnsBuilder) leaf(t *test, negated bool) []conjunction {
	if columns, exact := b.columnsOf(t.field); exact && len(columns) == 0 && t.kind != fieldTest {
		if t.absent() == negated {
			return nil
		}
		return []conjunction{{}}
	}
	if negated {
		return []conjunction{{}}
	}
	all := conjunction{}
	for _, set := range sets(t) {
		var kids []*node
		for _, l := range set {
			p := newPattern([]token{{kind: starToken}, {literalToken, l}, {kind: starToken}}, false)
			kids = append(kids, &node{test: &test{field: valueField, kind: patternTest, pattern: p}})
		}
		all = b.and(all, conjunction{b.atom(len(b.names), join(or, kids))})
	}
	return []conjunction{all}
}
