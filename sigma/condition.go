package sigma

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// A node is a part of a rule's logic.
type node struct {
	op   op
	kids []*node // of and, or, not
	test *test   // of leaf
}

type op uint8

const (
	leaf op = iota
	and
	or
	not
)

func join(o op, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	return &node{op: o, kids: kids}
}

// size counts the nodes, up to limit.
func (n *node) size(limit int) int {
	total := 1
	for _, k := range n.kids {
		if total += k.size(limit - total); total >= limit {
			break
		}
	}
	return total
}

const (
	maxCondition = 16 << 10 // bytes
	maxDepth     = 64
	maxNodes     = 100_000
)

// A conditionParser reads a rule's condition (rules specification, "Condition").
type conditionParser struct {
	toks  []string
	names []string // of the search identifiers, in the order of the rule
	by    map[string]*node
	used  map[string]bool
	depth int
}

func parseCondition(text string, names []string, by map[string]*node, used map[string]bool) (*node, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("condition longer than %d bytes", maxCondition)
	}
	if i := strings.IndexByte(text, '|'); i >= 0 {
		return nil, errors.New("condition has an aggregation after \"|\": Sigma 2 has correlation rules instead")
	}
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	p := &conditionParser{toks: strings.Fields(text), names: names, by: by, used: used}
	if len(p.toks) == 0 {
		return nil, errors.New("condition is empty")
	}
	n, err := p.or()
	if err == nil && len(p.toks) > 0 {
		err = fmt.Errorf("condition: unexpected %q", p.toks[0])
	}
	if err != nil {
		return nil, err
	}
	if n.size(maxNodes) >= maxNodes {
		return nil, fmt.Errorf("condition has more than %d parts", maxNodes)
	}
	return n, nil
}

func (p *conditionParser) next() string {
	if len(p.toks) == 0 {
		return ""
	}
	return p.toks[0]
}

func (p *conditionParser) take(word string) bool {
	if !strings.EqualFold(p.next(), word) {
		return false
	}
	p.toks = p.toks[1:]
	return true
}

func (p *conditionParser) or() (*node, error)  { return p.chain(or, "or", p.and) }
func (p *conditionParser) and() (*node, error) { return p.chain(and, "and", p.not) }

func (p *conditionParser) chain(o op, word string, operand func() (*node, error)) (*node, error) {
	var kids []*node
	for {
		n, err := operand()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if !p.take(word) {
			return join(o, kids), nil
		}
	}
}

func (p *conditionParser) not() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("condition is nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.take("not") {
		n, err := p.not()
		return &node{op: not, kids: []*node{n}}, err
	}
	if p.take("(") {
		n, err := p.or()
		if err == nil && !p.take(")") {
			err = errors.New("condition: missing \")\"")
		}
		return n, err
	}
	return p.identifier()
}

func (p *conditionParser) identifier() (*node, error) {
	word := p.next()
	if word == "" || word == ")" {
		return nil, errors.New("condition ends where a search identifier should stand")
	}
	p.toks = p.toks[1:]
	if len(p.toks) > 0 && strings.EqualFold(p.toks[0], "of") {
		o, ok := map[string]op{"1": or, "any": or, "all": and}[strings.ToLower(word)]
		if !ok {
			return nil, fmt.Errorf("condition: %q of: only 1, any and all", word)
		}
		p.toks = p.toks[1:]
		return p.of(o)
	}
	n, ok := p.by[word]
	if !ok {
		return nil, fmt.Errorf("condition names %q, which the detection lacks", word)
	}
	p.used[word] = true
	return n, nil
}

func (p *conditionParser) of(o op) (*node, error) {
	pattern := p.next()
	if pattern == "" {
		return nil, errors.New("condition ends after \"of\"")
	}
	p.toks = p.toks[1:]
	var kids []*node
	for _, name := range p.names {
		in := false
		if strings.EqualFold(pattern, "them") {
			in = !strings.HasPrefix(name, "_")
		} else {
			in, _ = path.Match(pattern, name)
		}
		if in {
			p.used[name] = true
			kids = append(kids, p.by[name])
		}
	}
	if len(kids) == 0 {
		return nil, fmt.Errorf("condition: no search identifier is like %q", pattern)
	}
	return join(o, kids), nil
}
