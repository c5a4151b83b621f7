package script

// precedence ranks the operator t, 0 for none.
func (p *vbParser) precedence(t Token) int {
	if t.Kind == tIdent {
		if t.Op != 0 {
			return 0
		}
		switch t.S {
		case "imp":
			return 1
		case "eqv":
			return 2
		case "xor":
			return 3
		case "or", "orelse":
			return 4
		case "and", "andalso":
			return 5
		case "is", "isnot", "like":
			return 7
		case "mod":
			return 10
		}
		return 0
	}
	if t.Kind != tOp {
		return 0
	}
	switch t.Op {
	case '=', opNE, '<', '>', opLE, opGE:
		return 7
	case '&', opShl, opShr:
		return 8
	case '+', '-':
		return 9
	case '\\':
		return 11
	case '*', '/':
		return 12
	case '^':
		return 14
	}
	return 0
}

func vbOperator(t Token) uint8 {
	if t.Kind == tOp {
		if t.Op == '=' {
			return opEQ
		}
		return t.Op
	}
	switch t.S {
	case "and", "andalso":
		return opAnd
	case "or", "orelse":
		return opOr
	case "xor":
		return opXor
	case "mod":
		return opMod
	case "is":
		return opEQ
	case "isnot":
		return opNE
	case "like":
		return opLike
	}
	return opEqv
}

func (p *vbParser) expr() *Node {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return p.tooDeep()
	}
	return p.climb(p.unary(), 1)
}

// tooDeep puts aside a nest that is deeper than any real code.
func (p *vbParser) tooDeep() *Node {
	at, n := p.i, p.node(KMany, p.tok().Pos)
	depth := 0
	for k := p.tok().Kind; k != tNL && k != tEOF && k != tHTML; k = p.tok().Kind {
		if p.op('(') {
			depth++
		} else if p.op(')') {
			if depth == 0 {
				break
			}
			depth--
		}
		p.i++
	}
	return p.putAside(n, at, "")
}

func (p *vbParser) climb(left *Node, least int) *Node {
	chain := 0
	for {
		t := p.tok()
		prec := p.precedence(t)
		if prec == 0 || prec < least {
			return left
		}
		p.i++
		for p.tok().Kind == tNL && (p.d == VBNet && p.tok().S != ":") {
			p.i++
		}
		right := p.unary()
		for {
			n := p.precedence(p.tok())
			if n <= prec {
				break
			}
			right = p.climb(right, n)
		}
		left = p.binary(vbOperator(t), t.Pos, left, right, &chain)
	}
}

func (p *vbParser) unary() *Node {
	t := p.tok()
	minus := false
	for {
		t := p.tok()
		if t.Kind == tIdent && t.S == "not" && t.Op == 0 {
			p.i++
			p.depth++
			var e *Node
			if p.depth < maxDepth {
				e = p.climb(p.unary(), 7)
			} else {
				e = p.tooDeep()
			}
			p.depth--
			n := p.wrap(KUn, t.Pos, e)
			n.Op = opNot
			return n
		}
		if t.Kind == tOp && (t.Op == '-' || t.Op == '+') {
			p.i++
			minus = minus != (t.Op == '-')
			continue
		}
		break
	}
	e := p.postfix(false)
	if minus {
		p.depth++
		defer func() { p.depth-- }()
		if p.depth > maxDepth {
			n := p.tooDeep()
			n.Kids = append(n.Kids, e)
			return n
		}
		e = p.climb(e, 14) // -2 ^ 2
		n := p.wrap(KUn, t.Pos, e)
		n.Op = '-'
		return n
	}
	return e
}

// postfix reads a value with its members, calls and indexes. In a statement
// the spaced parenthesis after a name still reads as a call; simple mends it.
func (p *vbParser) postfix(statement bool) *Node {
	e := p.primary()
	for links := 0; ; links++ {
		t := p.tok()
		if t.Kind != tOp {
			return e
		}
		switch t.Op {
		case '.', opQDot:
			if statement && p.with > 0 && p.spaced() {
				return e // Execute .Form("a"): an argument, of With's subject
			}
			if p.peek(1).Kind == tNL && p.d == VBNet {
				p.i++
			}
			p.i++
			n := p.tok()
			if n.Kind != tIdent && n.Kind != tNum {
				return e
			}
			p.i++
			m := p.wrap(KMember, n.Pos, e)
			m.Name, m.Low = n.S, n.S
			if links > 3000 {
				continue // no tree deeper than this
			}
			e = m
		case '!':
			n := p.peek(1)
			if n.Kind != tIdent {
				return e
			}
			p.i += 2
			e = p.wrap(KCall, t.Pos, e, p.str(n))
		case '(':
			p.i++
			if p.word("of") {
				for k := p.tok().Kind; k != tNL && k != tEOF && !p.op(')'); k = p.tok().Kind {
					p.i++
				}
				p.takeOp(')')
				continue
			}
			args := p.args(')')
			if links > 3000 {
				continue
			}
			c := p.wrap(KCall, t.Pos, e)
			c.Pos = e.Pos
			if len(args) > 0 {
				c.Kids = append(c.Kids[:1:1], args...)
			}
			e = c
		default:
			return e
		}
	}
}

// spaced reports whether space stands between the name at hand and the token
// before it.
func (p *vbParser) spaced() bool {
	if p.i == 0 {
		return false
	}
	t := p.toks[p.i-1]
	return t.Kind == tIdent && t.Op == 0 && int(t.Pos)+len(t.S) < int(p.tok().Pos)
}

func (p *vbParser) primary() *Node {
	t := p.tok()
	switch t.Kind {
	case tStr:
		p.i++
		return p.str(t)
	case tNum:
		p.i++
		return p.num(t)
	case tOp:
		return p.operand(t)
	case tIdent:
		if t.S == "from" && t.Op == 0 && p.d == VBNet {
			if q := p.query(p.expr); q != nil {
				return q
			}
		}
		p.i++
		if n := p.special(t); n != nil {
			return n
		}
		return p.name(t)
	}
	return p.node(KBad, t.Pos)
}

// operand reads what begins with an operator.
func (p *vbParser) operand(t Token) *Node {
	switch t.Op {
	case '(':
		p.i++
		e := p.expr()
		p.takeOp(')')
		if e.Kind == KCat { // parenthesised: do not melt into the chain
			return p.paren(e)
		}
		return e
	case '.':
		return p.node(KBad, t.Pos) // a member of With's subject
	case '{':
		p.i++
		a := p.node(KArray, t.Pos)
		a.Kids = p.args('}')
		return a
	}
	if t.Op == ')' || t.Op == ',' || t.Op == '=' || t.Op == '}' {
		return p.node(KBad, t.Pos)
	}
	p.i++
	return p.node(KBad, t.Pos)
}

// special reads what begins with a word of the language's own; nil: none does.
func (p *vbParser) special(t Token) *Node {
	if t.Op != 0 {
		return nil
	}
	switch t.S {
	case "new":
		return p.newObject(t)
	case "true", "false":
		n := p.node(KBool, t.Pos)
		if t.S == "true" {
			n.Num = 1
		}
		return n
	case "nothing", "null", "empty":
		return p.node(KNull, t.Pos)
	case "addressof":
		n := p.wrap(KDelegate, t.Pos, p.postfix(false))
		return n
	case "ctype", "directcast", "trycast":
		if p.takeOp('(') {
			e := p.expr()
			n := p.wrap(KCast, t.Pos, e)
			if p.takeOp(',') {
				n.Name = p.typ()
				n.Low = n.Name
			}
			p.takeOp(')')
			return n
		}
	case "gettype":
		if p.takeOp('(') {
			n := p.node(KName, t.Pos)
			n.Low = p.typ()
			n.Name = n.Low
			p.takeOp(')')
			return n
		}
	case "function", "sub":
		if p.op('(') && p.d == VBNet {
			return p.lambda(t)
		}
	}
	return nil
}

// newObject reads New T(…), with what it holds in braces.
func (p *vbParser) newObject(t Token) *Node {
	n := p.node(KNew, t.Pos)
	n.Low = p.typ0()
	n.Name = n.Low
	n.Kids = p.kids(nil)
	array := false
	if p.takeOp('(') {
		n.Kids = append(n.Kids[:1:1], p.args(')')...)
		array = p.op('{')
	}
	if p.op('{') || p.word("with") && p.peek(1).Kind == tOp && p.peek(1).Op == '{' || p.word("from") {
		if p.tok().Kind == tIdent {
			p.i++
		}
		if p.takeOp('{') {
			o := p.node(KObject, t.Pos)
			for !p.op('}') && p.tok().Kind != tEOF {
				at := p.i
				if p.takeOp('.') {
					nt := p.next()
					p.takeOp('=')
					pair := p.wrap(KPair, nt.Pos, p.expr())
					pair.Name, pair.Low = nt.S, nt.S
					o.Kids = append(o.Kids, pair)
				} else if p.tok().Kind != tNL && !p.op(',') {
					o.Kids = append(o.Kids, p.expr())
				}
				for p.tok().Kind == tNL || p.op(',') {
					p.i++
				}
				if p.i == at {
					break
				}
			}
			p.takeOp('}')
			n.Kids[0] = o
			if array {
				return p.array(n)
			}
		}
	}
	return n
}

// array turns New T(bound) { … } into what C# writes as new T[] { … }, or as
// new T[n] if no element stands in the braces.
func (p *vbParser) array(n *Node) *Node {
	a := p.node(KArray, n.Pos)
	a.Low = n.Low
	if a.Kids = n.Kids[0].Kids; len(a.Kids) == 0 && len(n.Kids) == 2 {
		one := p.node(KNum, n.Pos)
		one.Num = 1
		length := p.wrap(KBin, n.Pos, n.Kids[1])
		length.Op, length.Kids = '+', append(length.Kids, one)
		a.Op, a.Kids = 'n', []*Node{length}
	}
	return a
}

// paren keeps a chain apart from the one around it.
func (p *vbParser) paren(e *Node) *Node {
	e.Flag = 1
	return e
}

// typ0 reads a type name after New, without its argument list.
func (p *vbParser) typ0() string {
	name := p.next().S
	for p.op('.') {
		p.i++
		name = p.next().S
	}
	if p.op('(') && p.peek(1).Kind == tIdent && p.peek(1).S == "of" {
		for k := p.tok().Kind; k != tNL && k != tEOF && !p.op(')'); k = p.tok().Kind {
			p.i++
		}
		p.takeOp(')')
	}
	return name
}

func (p *vbParser) lambda(t Token) *Node {
	n := p.node(KLambda, t.Pos)
	p.i++
	for p.tok().Kind == tIdent {
		pn := p.node(KParam, p.tok().Pos)
		pn.Name = p.next().S
		if p.take("as") {
			pn.Low = p.typ()
		}
		n.Kids = append(n.Kids, pn)
		if !p.takeOp(',') {
			break
		}
	}
	p.takeOp(')')
	if p.tok().Kind == tNL {
		n.Kids = append(n.Kids, p.newBlock())
		p.close(t.S)
		return n
	}
	if t.S == "sub" {
		b := p.node(KBlock, t.Pos)
		if s := p.statement(); s != nil {
			b.Kids = append(b.Kids, s)
		}
		n.Kids = append(n.Kids, b)
		return n
	}
	r := p.wrap(KReturn, t.Pos, p.expr())
	r.Flag = 1
	n.Kids = append(n.Kids, r)
	return n
}
