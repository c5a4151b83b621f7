package script

// maxDepth bounds the nesting that a parser follows at once. Deeper code is put
// aside and read afterwards, as if it stood beside what is around it.
const maxDepth = 500

// parser holds what both grammars need.
type parser struct {
	arena
	toks   []Token
	i, hi  int // at hand, and the last that is read
	depth  int
	d      Dialect
	aside  []aside
	around *Node // of the code put aside that is read now, or nil
}

func newParser(toks []Token, d Dialect, a arena) parser {
	toks = padded(toks)
	return parser{arena: a, toks: toks, hi: len(toks) - 1, d: d}
}

// aside is code that was too deep: where it stands, and the KMany or KBlock
// that it goes into.
type aside struct {
	lo, hi int
	into   *Node
	class  string
}

// putAside keeps the code between lo and the token at hand for later. What is
// deeper still goes into the same node, so that no tree of one kind grows without
// end.
func (p *parser) putAside(n *Node, lo int, class string) *Node {
	p.arena.deep = true
	into := n
	if p.around != nil && p.around.Kind == n.Kind {
		into = p.around
	}
	if p.i > lo {
		p.aside = append(p.aside, aside{lo, p.i, into, class})
	}
	return n
}

// readAside reads what was put aside: one calls for each piece, whose end is
// made the end of all tokens.
func (p *parser) readAside(one func(aside)) {
	for len(p.aside) > 0 {
		a := p.aside[len(p.aside)-1]
		p.aside = p.aside[:len(p.aside)-1]
		end := p.toks[a.hi]
		p.toks[a.hi] = Token{Kind: tEOF, Pos: end.Pos}
		p.i, p.hi, p.depth, p.around = a.lo, a.hi, 0, a.into
		one(a)
		p.toks[a.hi] = end
	}
}

// tok is the token at hand; past the end it stays the last one.
func (p *parser) tok() Token {
	p.i = min(p.i, p.hi)
	return p.toks[p.i]
}

// padded adds ends, so that looking a little ahead needs no checks.
func padded(toks []Token) []Token {
	end := toks[len(toks)-1]
	return append(toks, end, end, end, end)
}

func (p *parser) peek(n int) Token {
	if p.i+n < len(p.toks) {
		return p.toks[p.i+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) next() Token {
	t := p.tok()
	if t.Kind != tEOF {
		p.i++
	}
	return t
}

func (p *parser) op(c uint8) bool {
	if p.i > p.hi {
		return false
	}
	t := &p.toks[p.i]
	return t.Kind == tOp && t.Op == c
}

func (p *parser) word(s string) bool {
	if p.i > p.hi {
		return false
	}
	t := &p.toks[p.i]
	return t.Kind == tIdent && t.S == s
}

func (p *parser) takeOp(c uint8) bool {
	if p.op(c) {
		p.i++
		return true
	}
	return false
}

func (p *parser) take(s string) bool {
	if p.word(s) {
		p.i++
		return true
	}
	return false
}

func (p *parser) name(t Token) *Node {
	n := p.node(KName, t.Pos)
	n.Name, n.Low = t.S, t.S
	if !p.d.VB() {
		n.Low = lowerASCII(t.S)
	}
	return n
}

func (p *parser) str(t Token) *Node {
	n := p.node(KStr, t.Pos)
	n.Name = t.S
	if p.d == CSharp && t.Op == 1 {
		n.Num = letter
	}
	return n
}

func (p *parser) num(t Token) *Node {
	n := p.node(KNum, t.Pos)
	n.Num = number(t.S)
	return n
}

func (p *parser) wrap(k Kind, pos int32, kids ...*Node) *Node {
	n := p.node(k, pos)
	n.Kids = p.kids(kids...)
	return n
}

// binary joins two operands. Chains of & and + become one flat node, and other
// long chains are cut, so that no tree is deeper than the budget.
func (p *parser) binary(op uint8, pos int32, a, b *Node, chain *int) *Node {
	if (op == '&' || op == '+') && a.Kind == KCat && a.Op == op && a.Flag == 0 {
		// Adjacent literals melt at once: a megabyte of "a"+"b" costs no nodes.
		last := a.Kids[len(a.Kids)-1]
		if last.Kind == KStr && b.Kind == KStr && last.Flag == 1 && len(last.Name) < 64 {
			last.Name += b.Name
			return a
		}
		if b.Kind == KStr {
			b.Flag = 1
		}
		a.Kids = append(a.Kids, b)
		return a
	}
	if op == '&' || op == '+' {
		n := p.node(KCat, pos)
		n.Op = op
		n.Kids = append(make([]*Node, 0, 4), a, b)
		return n
	}
	*chain++
	if *chain > 200 {
		if a.Kind == KMany {
			a.Kids = append(a.Kids, b)
			return a
		}
		return p.wrap(KMany, pos, a, b)
	}
	n := p.wrap(KBin, pos, a, b)
	n.Op = op
	return n
}
