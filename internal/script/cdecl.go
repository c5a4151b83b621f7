package script

import "slices"

// typ reads a type that starts at token i and returns where it ends and its
// last name in lower case, with [] for arrays. It moves nothing.
func (p *cParser) typ(i int) (int, string, bool) {
	name := ""
	for {
		t := p.toks[i]
		if t.Kind != tIdent {
			if t.Kind == tOp && t.Op == '(' && name == "" && !p.js() { // a tuple
				if e := p.match(i); e > i && e+1 < len(p.toks) && p.toks[e+1].Kind == tIdent {
					for j := i + 1; j < e; j++ {
						if k := p.toks[j]; k.Kind == tStr || k.Kind == tNum || k.Kind == tOp && k.Op != ',' && k.Op != '<' && k.Op != '>' && k.Op != '[' && k.Op != ']' && k.Op != '.' {
							return i, "", false
						}
					}
					return e + 1, "", true
				}
			}
			return i, "", false
		}
		switch t.S {
		case "return", "new", "throw", "await", "else", "case", "in", "is", "as", "typeof", "this", "base", "if", "while", "goto", "out", "ref", "select", "where", "yield", "default", "when", "function", "delegate", "null", "true", "false", "orderby", "by", "on", "equals", "into", "let", "from", "stackalloc", "switch", "break", "continue":
			if !(t.S == "ref" || t.S == "out") {
				return i, "", false
			}
			i++
			continue
		}
		name = lowerASCII(t.S)
		i++
		if k := p.toks[i]; k.Kind == tOp && k.Op == '<' {
			j, ok := p.generic(i)
			if !ok {
				return i, "", false
			}
			i = j
		}
		if k := p.toks[i]; k.Kind == tOp && (k.Op == '.' || k.Op == opScope) {
			i++
			continue
		}
		break
	}
	for {
		k := p.toks[i]
		if k.Kind != tOp {
			break
		}
		if k.Op == '?' || k.Op == '*' {
			i++
			continue
		}
		if k.Op == '[' {
			j := i + 1
			for p.toks[j].Kind == tOp && p.toks[j].Op == ',' {
				j++
			}
			if p.toks[j].Kind == tOp && p.toks[j].Op == ']' {
				i = j + 1
				name += "[]"
				continue
			}
		}
		break
	}
	return i, name, true
}

// generic returns the token after the type arguments that open at i.
func (p *cParser) generic(i int) (int, bool) {
	depth := 0
	for n := 0; n < 80; n++ {
		t := p.toks[i]
		switch {
		case t.Kind == tIdent:
		case t.Kind == tOp && t.Op == '<':
			depth++
		case t.Kind == tOp && t.Op == '>':
			depth--
			if depth == 0 {
				return i + 1, true
			}
		case t.Kind == tOp && (t.Op == ',' || t.Op == '.' || t.Op == '[' || t.Op == ']' || t.Op == '?' || t.Op == '(' || t.Op == ')' || t.Op == opScope):
		default:
			return i, false
		}
		i++
	}
	return i, false
}

// match returns the token that closes the parenthesis, bracket or brace at i, or
// -1. An unclosed parenthesis must not swallow the file, but a lambda's braces
// stand inside one: each kind is for itself.
func (p *cParser) match(i int) int {
	if p.pairs == nil {
		p.pairs = make([]int32, len(p.toks))
		var open [3][]int32
		for j := range p.toks {
			p.pairs[j] = -1
			if t := &p.toks[j]; t.Kind == tOp {
				switch k := nests[t.Op]; {
				case k > 0:
					open[k-1] = append(open[k-1], int32(j))
				case k < 0:
					if n := len(open[-k-1]); n > 0 {
						p.pairs[open[-k-1][n-1]] = int32(j)
						open[-k-1] = open[-k-1][:n-1]
					}
				}
			}
		}
	}
	if e := int(p.pairs[i]); e <= p.hi {
		return e
	}
	return -1
}

// nests tells what opens, and its negative what closes.
var nests = [256]int8{'(': 1, ')': -1, '[': 2, ']': -2, '{': 3, '}': -3}

// declaration reads a variable, property or method, or nothing.
func (p *cParser) declaration(class string, attrs []string) *Node {
	t := p.tok()
	if t.Kind == tIdent && p.peek(1).Kind == tOp && p.peek(1).Op == '(' && (class != "" && t.S == class || len(attrs) > 0) {
		if t.S != "await" {
			p.i++
			return p.method(t, attrs)
		}
	}
	e, typ, ok := p.typ(p.i)
	if !ok || e == p.i {
		return nil
	}
	nt := p.toks[e]
	if nt.Kind != tIdent {
		return nil
	}
	switch nt.S {
	case "is", "as", "in", "when", "switch", "and", "or", "with", "equals", "on", "select", "where", "orderby", "join", "into", "ascending", "descending":
		if a := p.toks[e+1]; a.Kind != tOp || a.Op != '=' && a.Op != ';' && a.Op != ',' {
			return nil
		}
	}
	start := p.i
	p.i = e + 1
	if nt.S == "operator" {
		for p.tok().Kind == tOp && !p.op('(') || p.tok().Kind == tIdent {
			p.i++
		}
		return p.method(nt, attrs)
	}
	for p.op('.') && p.peek(1).Kind == tIdent { // explicit interface
		nt = p.peek(1)
		p.i += 2
	}
	if p.op('<') {
		if j, ok := p.generic(p.i); ok && p.toks[j].Kind == tOp && p.toks[j].Op == '(' {
			p.i = j
		}
	}
	k := p.tok()
	if k.Kind == tOp {
		switch k.Op {
		case '(':
			return p.method(nt, attrs)
		case '[':
			if nt.S == "this" {
				p.skipIndex()
				return p.property(nt, typ, attrs)
			}
			p.skipIndex() // fixed byte b[10]
			return p.variablesFrom(nt, typ)
		case '{', opArrow:
			return p.property(nt, typ, attrs)
		case '=', ',', ';', ')', ':':
			p.i = e
			return p.variables(t.Pos, typ)
		}
	}
	p.i = start
	return nil
}

func (p *cParser) skipIndex() {
	p.i++
	p.skip('[', ']')
	p.takeOp(']')
}

func (p *cParser) variablesFrom(nt Token, typ string) *Node {
	n := p.node(KDecl, nt.Pos)
	n.Name, n.Low = nt.S, typ
	p.semicolon()
	return n
}

func (p *cParser) property(nt Token, typ string, attrs []string) *Node {
	n := p.node(KFunc, nt.Pos)
	n.Name, n.Low, n.Op, n.Attr = nt.S, lowerASCII(nt.S), 'g', attrs
	if p.takeOp(opArrow) {
		r := p.wrap(KReturn, nt.Pos, p.expr())
		r.Flag = 1
		p.takeOp(';')
		n.Kids = p.kids(r)
		return n
	}
	auto := p.op('{') && p.peek(1).Kind == tIdent && p.peek(2).Kind == tOp && p.peek(2).Op == ';'
	body := p.braces("")
	if auto || len(body.Kids) == 0 {
		d := p.node(KDecl, nt.Pos)
		d.Name, d.Low = nt.S, typ
		if p.takeOp('=') {
			d.Kids = p.kids(p.expr())
			p.takeOp(';')
		}
		return d
	}
	n.Kids = p.kids(body)
	return n
}

// method reads from the parameters on.
func (p *cParser) method(nt Token, attrs []string) *Node {
	n := p.node(KFunc, nt.Pos)
	n.Name, n.Low, n.Attr = nt.S, lowerASCII(nt.S), attrs
	n.Kids, _ = p.params()
	if p.takeOp(':') { // : base(…)
		if p.tok().Kind == tIdent {
			p.i++
		}
		if p.takeOp('(') {
			p.args(')')
		}
	}
	for p.tok().Kind == tIdent && p.tok().S == "where" {
		for k := p.tok(); k.Kind != tEOF && !p.op('{') && !p.op(';') && !p.op(opArrow); k = p.tok() {
			p.i++
		}
	}
	switch {
	case p.op('{'):
		n.Kids = append(n.Kids, p.braces(""))
	case p.takeOp(opArrow):
		r := p.wrap(KReturn, nt.Pos, p.expr())
		r.Flag = 1
		p.takeOp(';')
		n.Kids = append(n.Kids, r)
	default:
		p.semicolon()
		n.Kids = append(n.Kids, p.node(KBlock, nt.Pos))
	}
	return n
}

// params reads (T a, b : T, params T[] c = 1), in JavaScript also ({a}, b = 1, ...c).
// What the body begins with then stands in first.
func (p *cParser) params() (out, first []*Node) {
	if !p.takeOp('(') {
		return nil, nil
	}
	for !p.op(')') && p.tok().Kind != tEOF {
		at, begun := p.i, len(first)
		for p.op('[') && !p.js() {
			p.skipIndex()
		}
		rest := uint8(0)
		if p.js() && p.takeOp(opRange) {
			rest = 2
		}
		for p.word("this") || p.word("ref") || p.word("out") || p.word("params") || p.word("in") || p.word("const") {
			if p.word("params") {
				rest = 2
			}
			if p.word("ref") || p.word("out") {
				rest = reference
			}
			p.i++
		}
		if e, typ, ok := p.typ(p.i); ok && p.toks[e].Kind == tIdent && !p.js() {
			nt := p.toks[e]
			p.i = e + 1
			n := p.node(KParam, nt.Pos)
			n.Name, n.Low, n.Flag = nt.S, typ, rest
			out = append(out, n)
		} else if p.tok().Kind == tIdent {
			nt := p.next()
			n := p.node(KParam, nt.Pos)
			n.Name, n.Flag = nt.S, rest
			if p.takeOp(':') {
				if e, typ, ok := p.typ(p.i); ok {
					p.i, n.Low = e, typ
				}
			}
			out = append(out, n)
		} else if p.opens() {
			v := p.apart(len(out) + 2)
			n := p.node(KParam, v.Pos)
			n.Name = v.Name
			out = append(out, n)
			first = append(first, p.pattern(v)...)
		}
		if p.takeOp('=') {
			e := p.expr()
			if p.js() && len(out) > 0 {
				v := p.node(KName, e.Pos)
				v.Name, v.Low = out[len(out)-1].Name, lowerASCII(out[len(out)-1].Name)
				set := p.wrap(KAssign, e.Pos, v, e)
				set.Op = '?'
				first = slices.Insert(first, begun, p.wrap(KExpr, e.Pos, set))
			}
		}
		if !p.takeOp(',') && !p.op(')') && p.i == at {
			p.i++
		}
		if p.op(';') || p.op('{') && !p.js() || p.op('}') {
			return out, first
		}
	}
	p.takeOp(')')
	return out, first
}

func (p *cParser) jsFunction(t Token) *Node {
	if (p.word("get") || p.word("set")) && p.peek(1).Kind == tIdent {
		p.i++
	}
	n := p.node(KFunc, t.Pos)
	p.takeOp('*')
	if p.tok().Kind == tIdent {
		nt := p.next()
		for p.op('.') && p.peek(1).Kind == tIdent { // function IHttpHandler.ProcessRequest
			p.i++
			nt = p.next()
		}
		n.Name, n.Low, n.Pos = nt.S, lowerASCII(nt.S), nt.Pos
	}
	params, first := p.params()
	if p.takeOp(':') {
		if e, _, ok := p.typ(p.i); ok {
			p.i = e
		}
	}
	n.Kids = append(params, p.before(first, p.braces("")))
	return n
}
