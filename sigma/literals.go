package sigma

import (
	"bytes"
	"slices"
	"strings"

	"limier/event"
	"limier/internal/literal"
	"limier/sighting"
)

// Literals returns literals that a text log of a source can be searched for
// before its lines are parsed: every event of the source that a rule matches has
// one of the literals in its raw line, ASCII case aside. The rules in without
// have no such literal: while there are any, every line must be parsed.
//
// Raw lines hold the values of the fields as they are, except that a log may
// write "+" for a space, quote a value or double its quotes. So no literal
// holds what a log may write in another way.
func (e *Engine) Literals(ls event.Logsource) (lits []string, without []*sighting.Rule) {
	b := &rawBuilder{bucketBuilder: bucketBuilder{ls: ls}, cost: map[string]float64{}}
	var roots []*node
	var rules []*sighting.Rule
	for _, s := range e.concerned(bucketKey{ls: ls}) {
		if root, c := b.fold(s.root); c != never {
			roots = append(roots, root)
			rules = append(rules, &s.rule.Rule)
			b.collect(root)
		}
	}
	b.judge()
	seen := map[string]bool{}
	for i, root := range roots {
		best := b.clause(root)
		if best == nil {
			without = append(without, rules[i])
			continue
		}
		for _, l := range best {
			seen[l] = true
		}
	}
	for l := range seen {
		lits = append(lits, l)
	}
	slices.Sort(lits)
	return covering(lits), without
}

// covering leaves out literals that hold another one.
func covering(lits []string) []string {
	return slices.DeleteFunc(slices.Clone(lits), func(l string) bool {
		return slices.ContainsFunc(lits, func(other string) bool { return other != l && strings.Contains(l, other) })
	})
}

// A rawBuilder chooses literals for raw lines.
type rawBuilder struct {
	bucketBuilder
	cost map[string]float64 // by literal: how often it is expected
}

// pieces returns the parts of a text that a raw line is sure to hold as they are.
func pieces(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"?,;\`, r) })
}

// sets returns sets of pieces: a raw line holds one of each.
func sets(t *test) [][]string {
	var all [][]string
	switch t.kind {
	case patternTest:
		for _, tok := range t.pattern.toks {
			if tok.kind != literalToken {
				continue
			}
			for _, p := range pieces(strings.ToLower(tok.text)) {
				if len(p) >= minRaw {
					all = append(all, []string{p})
				}
			}
		}
	case regexTest:
		for _, set := range t.sets {
			var longest []string
			for _, l := range set {
				best := ""
				for _, p := range pieces(l) {
					if len(p) > len(best) {
						best = p
					}
				}
				longest = append(longest, best)
			}
			if shortest(longest) >= minRaw {
				all = append(all, longest)
			}
		}
	}
	return all
}

func (b *rawBuilder) collect(n *node) {
	for _, k := range n.kids {
		b.collect(k)
	}
	if n.op == leaf {
		for _, set := range sets(n.test) {
			for _, l := range set {
				b.cost[l] = 0
			}
		}
	}
}

// judge estimates what each literal costs: the lines that hold it are parsed,
// which costs a microsecond, and the search stops at places that look like it.
func (b *rawBuilder) judge() {
	all := make([]string, 0, len(b.cost))
	for l := range b.cost {
		all = append(all, l)
	}
	slices.Sort(all)
	set := literal.New(all)
	sample := literal.Typical()
	for i, l := range all {
		b.cost[l] = 1 + set.Cost(i)/100 + 1000*float64(bytes.Count(sample, []byte(l)))
	}
}

func (b *rawBuilder) total(set []string) (sum float64) {
	for _, l := range set {
		sum += b.cost[l]
	}
	return sum
}

// clause returns the cheapest literals one of which stands in every line that
// the node matches, or nil.
func (b *rawBuilder) clause(n *node) (best []string) {
	better := func(set []string) {
		if set != nil && (best == nil || b.total(set) < b.total(best)) {
			best = set
		}
	}
	switch n.op {
	case leaf:
		for _, set := range sets(n.test) {
			better(set)
		}
	case and:
		for _, k := range n.kids {
			better(b.clause(k))
		}
	case or:
		for _, k := range n.kids {
			c := b.clause(k)
			if c == nil {
				return nil
			}
			best = append(best, c...)
		}
	}
	return best
}
