package script

import "strconv"

// pattern reads {a, b: c, [k]: d = 1, ...e} or [f, , ...g], by which JavaScript
// takes values apart, as the declarations that it stands for: each of a member of
// from, which is evaluated as often.
func (p *cParser) pattern(from *Node) (parts []*Node) {
	t := p.next()
	list := t.Op == '['
	closing := uint8('}')
	if list {
		closing = ']'
	}
	p.depth++
	defer func() { p.depth-- }()
	for i := 0; !p.op(closing) && p.tok().Kind != tEOF && !p.op(';'); i++ {
		at := p.i
		if p.depth > maxPattern {
			p.skip(t.Op, closing)
			break
		}
		if !p.op(',') {
			parts = append(parts, p.part(from, list, i)...)
		}
		if !p.takeOp(',') && p.i == at {
			p.i++
		}
	}
	p.takeOp(closing)
	return parts
}

// maxPattern is how deep patterns nest: each name costs as many steps.
const maxPattern = 32

// part reads one name of a pattern, or the pattern in its place.
func (p *cParser) part(from *Node, list bool, i int) []*Node {
	t := p.tok()
	rest := p.takeOp(opRange)
	var of *Node
	switch {
	case rest && list:
		m := p.wrap(KMember, t.Pos, from)
		m.Name, m.Low = "slice", "slice"
		of = p.wrap(KCall, t.Pos, m, p.index(t, i))
	case rest:
		of = from
	case list:
		of = p.wrap(KIndex, t.Pos, from, p.index(t, i))
	case p.takeOp('['): // a key that is computed
		of = p.wrap(KIndex, t.Pos, from, p.expr())
		p.takeOp(']')
		p.takeOp(':')
	default:
		of = p.wrap(KMember, t.Pos, from)
		of.Name, of.Low = t.S, lowerASCII(t.S)
		if n := p.peek(1); n.Kind == tOp && n.Op == ':' {
			p.i += 2
		}
	}
	if p.opens() {
		parts := p.pattern(of)
		if p.takeOp('=') {
			p.expr()
		}
		return parts
	}
	if p.tok().Kind != tIdent {
		return nil
	}
	nt := p.next()
	d := p.node(KDecl, nt.Pos)
	d.Name, d.Kids = nt.S, p.kids(p.orElse(of))
	return p.kids(d)
}

func (p *cParser) index(t Token, i int) *Node {
	n := p.node(KNum, t.Pos)
	n.Num = float64(i)
	return n
}

// orElse reads the "= value" that stands for a member which is not there.
func (p *cParser) orElse(of *Node) *Node {
	if !p.takeOp('=') {
		return of
	}
	n := p.wrap(KBin, of.Pos, of, p.expr())
	n.Op = opNullish
	return n
}

// opens reports whether a pattern begins here, where a name may stand.
func (p *cParser) opens() bool { return p.js() && (p.op('{') || p.op('[')) }

// apart is a name no program has for the value that a pattern takes apart.
func (p *cParser) apart(i int) *Node {
	n := p.node(KName, p.tok().Pos)
	n.Name = "\x00" + strconv.Itoa(i)
	n.Low = n.Name
	return n
}

// before puts statements before a body.
func (p *cParser) before(first []*Node, body *Node) *Node {
	if len(first) == 0 {
		return body
	}
	if body.Kind != KBlock {
		body = p.wrap(KBlock, body.Pos, body)
	}
	body.Kids = append(first, body.Kids...)
	return body
}

// member reads a method of JavaScript, static async *f() {…}, get a() {…}, or a
// field of a class, b = 1; nil for all that JScript's classes have.
func (p *cParser) member(fields bool) *Node {
	i := p.i
	static, get := false, false
	for ; p.toks[i].Kind == tIdent; i++ {
		n := p.toks[i+1]
		if n.Kind != tIdent && n.Kind != tStr && (n.Kind != tOp || n.Op != '*' && n.Op != '[') {
			break
		}
		switch p.toks[i].S {
		case "static":
			static = true
		case "get":
			get = true
		case "set", "async":
		default:
			return nil
		}
	}
	if p.toks[i].Kind == tOp && p.toks[i].Op == '*' {
		i++
	}
	nt := p.toks[i]
	if e := p.toks[i:]; len(e) > 3 && nt.Kind == tOp && nt.Op == '[' && e[1].Kind == tStr && e[2].Kind == tOp && e[2].Op == ']' { // ["a"]() {}
		nt = e[1]
		i += 2
	}
	if nt.Kind != tIdent && nt.Kind != tStr || p.toks[i+1].Kind != tOp {
		return nil
	}
	var m *Node
	switch p.toks[i+1].Op {
	case '(':
		e := p.match(i + 1)
		if e < 0 || p.toks[e+1].Kind != tOp || p.toks[e+1].Op != '{' || nt.S == "if" || nt.S == "for" || nt.S == "while" || nt.S == "switch" || nt.S == "function" {
			return nil
		}
		p.i = i + 1
		m = p.node(KFunc, nt.Pos)
		params, first := p.params()
		m.Kids = append(params, p.before(first, p.braces("")))
		if get {
			m.Op = 'g'
		}
	case '=', ';':
		if !fields {
			return nil
		}
		p.i = i + 1
		m = p.node(KDecl, nt.Pos)
		if p.takeOp('=') {
			m.Kids = p.kids(p.expr())
		}
		p.end()
	default:
		return nil
	}
	m.Name, m.Low = nt.S, lowerASCII(nt.S)
	if static {
		m.Attr = []string{"static"}
	}
	return m
}
