package script

// comma reads a, b, c.
func (p *cParser) comma() *Node {
	e := p.expr()
	if !p.op(',') {
		return e
	}
	n := p.wrap(KMany, e.Pos, e)
	n.Op = ','
	for p.takeOp(',') {
		n.Kids = append(n.Kids, p.expr())
	}
	return n
}

// expr reads one assignment.
func (p *cParser) expr() *Node {
	p.depth++
	defer func() { p.depth-- }()
	t := p.tok()
	if p.depth > maxDepth {
		return p.tooDeep()
	}
	if f := p.lambda(t); f != nil {
		return f
	}
	left := p.climb(p.unary(), 1)
	t = p.tok()
	if t.Kind != tOp {
		if t.Kind == tIdent && t.S == "switch" && !p.js() {
			return p.switchArms(left)
		}
		return left
	}
	switch t.Op {
	case '?':
		p.i++
		a := p.expr()
		p.takeOp(':')
		b := p.expr()
		return p.wrap(KCond, t.Pos, left, a, b)
	case '=':
		p.i++
		if p.op('{') && !p.js() {
			return p.wrap(KAssign, left.Pos, left, p.initializer())
		}
		return p.wrap(KAssign, left.Pos, left, p.expr())
	case opSet:
		p.i++
		n := p.wrap(KAssign, left.Pos, left, p.expr())
		n.Op = t.S[0]
		return n
	case '>':
		if n := p.peek(1); n.Kind == tOp && n.Op == opGE && n.Pos == t.Pos+1 {
			p.i += 2
			n := p.wrap(KAssign, left.Pos, left, p.expr())
			n.Op = opShr
			return n
		}
	}
	return left
}

// switchArms reads x switch { a => b, _ => c }: any of the values.
func (p *cParser) switchArms(left *Node) *Node {
	t := p.next()
	n := p.wrap(KMany, t.Pos, left)
	n.Kids = n.Kids[:0]
	if !p.takeOp('{') {
		return left
	}
	for !p.op('}') && p.tok().Kind != tEOF {
		for k := p.tok(); k.Kind != tEOF && !p.op(opArrow) && !p.op('}') && !p.op(';'); k = p.tok() {
			p.i++
		}
		if !p.takeOp(opArrow) {
			break
		}
		n.Kids = append(n.Kids, p.expr())
		p.takeOp(',')
	}
	p.skip('{', '}')
	p.takeOp('}')
	return n
}

// tooDeep puts aside what no real code nests: to the end of the argument.
func (p *cParser) tooDeep() *Node {
	at := p.i
	n := p.node(KMany, p.tok().Pos)
	for ; p.tok().Kind != tEOF; p.i++ {
		t := p.tok()
		if t.Kind != tOp {
			continue
		}
		if nests[t.Op] < 0 || t.Op == ',' || t.Op == ';' {
			break
		}
		if e := p.match(p.i); e > 0 {
			p.i = e
		}
	}
	return p.putAside(n, at, "")
}

func (p *cParser) lambda(t Token) *Node {
	start := p.i
	for t.Kind == tIdent && (t.S == "async" || t.S == "static") && (p.peek(1).Kind != tOp || p.peek(1).Op == '(') {
		p.i++
		t = p.tok()
	}
	switch {
	case t.Kind == tIdent && p.peek(1).Kind == tOp && p.peek(1).Op == opArrow:
		n := p.node(KLambda, t.Pos)
		pn := p.node(KParam, t.Pos)
		pn.Name = t.S
		n.Kids = append(n.Kids, pn)
		p.i += 2
		return p.lambdaBody(n, nil)
	case t.Kind == tIdent && t.S == "delegate" && !p.js():
		p.i++
		n := p.node(KLambda, t.Pos)
		n.Kids, _ = p.params()
		n.Kids = append(n.Kids, p.braces(""))
		return n
	case t.Kind == tOp && t.Op == '(':
		if e := p.match(p.i); e > 0 && p.toks[e+1].Kind == tOp && p.toks[e+1].Op == opArrow {
			n := p.node(KLambda, t.Pos)
			params, first := p.params()
			n.Kids = params
			p.i = e + 2
			return p.lambdaBody(n, first)
		}
	}
	if p.i > start && t.Kind == tOp {
		p.i-- // a call of what has that name
	}
	return nil
}

func (p *cParser) lambdaBody(n *Node, first []*Node) *Node {
	n.Op = OpArrow
	if p.op('{') {
		n.Kids = append(n.Kids, p.before(first, p.braces("")))
		return n
	}
	r := p.wrap(KReturn, n.Pos, p.expr())
	r.Flag = 1
	n.Kids = append(n.Kids, p.before(first, r))
	return n
}

func (p *cParser) precedence(t Token) int {
	if t.Kind == tIdent {
		switch t.S {
		case "is", "as", "instanceof", "in":
			return 8
		}
		return 0
	}
	if t.Kind != tOp {
		return 0
	}
	switch t.Op {
	case opNullish:
		return 1
	case opOr:
		return 2
	case opAnd:
		return 3
	case '|':
		return 4
	case '^':
		return 5
	case '&':
		return 6
	case opEQ, opNE:
		return 7
	case '<', opLE, opGE:
		return 8
	case '>':
		if n := p.peek(1); n.Kind == tOp && n.Pos == t.Pos+1 {
			if n.Op == '>' {
				return 9
			}
			if n.Op == opGE {
				return 0
			}
		}
		return 8
	case opShl:
		return 9
	case '+', '-':
		return 10
	case '*', '/', '%':
		return 11
	}
	return 0
}

func (p *cParser) climb(left *Node, least int) *Node {
	chain := 0
	for {
		t := p.tok()
		prec := p.precedence(t)
		if prec == 0 || prec < least {
			return left
		}
		p.i++
		op, unsigned := t.Op, uint8(0)
		switch {
		case t.Kind == tIdent && (t.S == "as" || t.S == "is") && !p.js():
			if p.word("not") {
				p.i++
			}
			e, typ, ok := p.typ(p.i)
			if !ok {
				p.unary()
				continue
			}
			p.i = e
			if t.S == "as" {
				n := p.wrap(KCast, t.Pos, left)
				n.Low = typ
				left = n
				continue
			}
			if p.tok().Kind == tIdent && p.precedence(p.tok()) == 0 && p.tok().S != "and" && p.tok().S != "or" {
				d := p.node(KDecl, t.Pos) // x is T y
				d.Name, d.Low = p.next().S, typ
				d.Kids = p.kids(left)
				left = d
			}
			continue
		case t.Kind == tIdent:
			op = opIs
		case op == '>' && prec == 9:
			p.i++
			op = opShr
			if n := p.tok(); n.Kind == tOp && n.Op == '>' && p.js() {
				p.i++
				unsigned = 1
			}
		case op == '&':
			op = 'b' // bitwise, not a concatenation
		}
		right := p.unary()
		for {
			n := p.precedence(p.tok())
			if n <= prec {
				break
			}
			right = p.climb(right, n)
		}
		left = p.binary(op, t.Pos, left, right, &chain)
		left.Flag |= unsigned
	}
}

func (p *cParser) unary() *Node {
	t := p.tok()
	if t.Kind == tOp {
		switch t.Op {
		case '!', '-', '+', '~', opInc, opDec, '&', '*', opRange, '^':
			p.depth++
			defer func() { p.depth-- }()
			if p.depth > maxDepth {
				return p.tooDeep()
			}
			p.i++
			e := p.unary()
			if t.Op == opInc || t.Op == opDec {
				return p.step(e, t)
			}
			if t.Op == '&' || t.Op == '*' {
				return e
			}
			n := p.wrap(KUn, t.Pos, e)
			n.Op = t.Op
			if t.Op == '!' {
				n.Op = opNot
			}
			return n
		case '(':
			if c := p.cast(t); c != nil {
				return c
			}
		}
	}
	if t.Kind == tIdent {
		switch t.S {
		case "await", "delete", "void", "ref", "out", "typeof", "throw":
			if n := p.peek(1); n.Kind == tIdent || n.Kind == tStr || n.Kind == tOp && n.Op == '(' && (t.S != "ref" && t.S != "out") || p.js() && startsValue(n) {
				p.i++
				if t.S == "out" || t.S == "ref" {
					if e, typ, ok := p.typ(p.i); ok && p.toks[e].Kind == tIdent { // out T x
						p.i = e
						d := p.node(KDecl, t.Pos)
						d.Name, d.Low = p.next().S, typ
						return d
					}
				}
				if t.S == "typeof" && !p.js() && p.op('(') {
					p.i++
					e, typ, ok := p.typ(p.i)
					if ok {
						p.i = e
					}
					p.takeOp(')')
					n := p.node(KName, t.Pos)
					n.Name, n.Low = typ, typ
					return p.postfix(n)
				}
				p.depth++
				defer func() { p.depth-- }()
				if p.depth > maxDepth {
					return p.tooDeep()
				}
				e := p.unary()
				if t.S == "typeof" {
					n := p.wrap(KUn, t.Pos, e)
					n.Op = opTypeof
					return n
				}
				return e
			}
		}
	}
	return p.postfix(p.primary())
}

// startsValue reports whether an operand of void or typeof begins with t.
func startsValue(t Token) bool {
	return t.Kind == tNum || t.Kind == tOp && (t.Op == '[' || t.Op == '!' || t.Op == '+' || t.Op == '-' || t.Op == '~')
}

// step makes x++ an assignment.
func (p *cParser) step(e *Node, t Token) *Node {
	one := p.node(KNum, t.Pos)
	one.Num = 1
	n := p.wrap(KAssign, t.Pos, e, one)
	n.Op = '+'
	if t.Op == opDec {
		n.Op = '-'
	}
	return n
}

// cast reads (T)x, or nothing.
func (p *cParser) cast(t Token) *Node {
	if p.js() {
		return nil
	}
	e, typ, ok := p.typ(p.i + 1)
	if !ok || !(p.toks[e].Kind == tOp && p.toks[e].Op == ')') {
		return nil
	}
	n := p.toks[e+1]
	switch n.Kind {
	case tIdent:
		if n.S == "is" || n.S == "as" || n.S == "in" || n.S == "switch" {
			return nil
		}
	case tStr, tNum:
	case tOp:
		if n.Op != '(' && n.Op != '!' && n.Op != '~' {
			switch typ {
			case "int", "byte", "char", "long", "uint", "short", "ushort", "ulong", "double", "float", "sbyte":
				if n.Op != '-' && n.Op != '+' && n.Op != '*' {
					return nil
				}
			default:
				return nil
			}
		}
	default:
		return nil
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return p.tooDeep()
	}
	p.i = e + 1
	c := p.wrap(KCast, t.Pos, p.unary())
	c.Low = typ
	return c
}

func (p *cParser) postfix(e *Node) *Node {
	for links := 0; ; links++ {
		t := p.tok()
		if t.Kind != tOp {
			return e
		}
		switch t.Op {
		case '.', opQDot, opPtr, opScope:
			n := p.peek(1)
			if n.Kind != tIdent {
				if n.Kind == tOp && (n.Op == '[' || n.Op == '(') {
					p.i++
					continue
				}
				p.i++
				return e
			}
			p.i += 2
			m := p.wrap(KMember, n.Pos, e)
			m.Name, m.Low = n.S, lowerASCII(n.S)
			if links < 3000 {
				e = m
			}
		case '(':
			p.i++
			args := p.args(')')
			c := p.wrap(KCall, e.Pos, e)
			c.Kids = append(c.Kids[:1:1], args...)
			if links < 3000 {
				e = c
			}
		case '[':
			p.i++
			args := p.args(']')
			c := p.wrap(KIndex, e.Pos, e)
			c.Kids = append(c.Kids[:1:1], args...)
			if links < 3000 {
				e = c
			}
		case opInc, opDec:
			if e.Kind != KName && e.Kind != KMember && e.Kind != KIndex {
				return e
			}
			p.i++
			e = p.step(e, t)
			e.Flag = 1 // the old value
		case '!':
			if p.js() {
				return e
			}
			p.i++
		case '<':
			if p.js() || e.Kind != KName && e.Kind != KMember {
				return e
			}
			j, ok := p.generic(p.i)
			if !ok || !(p.toks[j].Kind == tOp && (p.toks[j].Op == '(' || p.toks[j].Op == '.')) {
				return e
			}
			p.i = j
		default:
			return e
		}
	}
}

func (p *cParser) args(closing uint8) []*Node {
	var out []*Node
	for {
		t := p.tok()
		if t.Kind == tEOF || t.Kind == tHTML || t.Kind == tOut {
			return out
		}
		if p.takeOp(closing) {
			return out
		}
		if p.takeOp(',') {
			continue
		}
		if p.op(';') || p.op('}') || p.op(')') || p.op(']') {
			return out
		}
		if t.Kind == tIdent && p.peek(1).Kind == tOp && p.peek(1).Op == ':' && closing == ')' { // named
			p.i += 2
		}
		at := p.i
		out = append(out, p.expr())
		if p.i == at {
			p.i++
		}
		if p.op('{') { // a query or a form not known: skip
			p.i++
			p.skip('{', '}')
			p.takeOp('}')
		}
	}
}

func (p *cParser) primary() *Node {
	t := p.tok()
	switch t.Kind {
	case tStr:
		p.i++
		if t.Op == 2 { // a regular expression
			n := p.node(KBad, t.Pos)
			n.Name = t.S
			n.Op = Pattern
			return n
		}
		n := p.str(t)
		n.Op = t.Op
		return n
	case tNum:
		p.i++
		return p.num(t)
	case tOp:
		switch t.Op {
		case '(':
			p.i++
			e := p.comma()
			if !p.takeOp(')') {
				p.skip('(', ')')
				p.takeOp(')')
			}
			if e.Kind == KCat {
				e.Flag = 1
			}
			return e
		case '[':
			p.i++
			return p.array(t, ']')
		case '{':
			if p.js() {
				return p.object()
			}
			return p.list()
		case ')', ']', '}', ';', ',':
			return p.node(KBad, t.Pos)
		}
		p.i++
		return p.node(KBad, t.Pos)
	case tIdent:
		switch t.S {
		case "new":
			return p.newObject()
		case "true", "false":
			p.i++
			n := p.node(KBool, t.Pos)
			if t.S == "true" {
				n.Num = 1
			}
			return n
		case "null", "undefined":
			p.i++
			return p.node(KNull, t.Pos)
		case "function":
			p.i++
			f := p.jsFunction(t)
			f.Kind = KLambda
			return f
		case "class":
			if n := p.peek(1); p.js() && (n.Kind == tIdent || n.Kind == tOp && n.Op == '{') {
				return p.class(t)
			}
		case "stackalloc":
			p.i++
			return p.newArray(t)
		case "from":
			if p.d == CSharp {
				if q := p.query(p.expr); q != nil {
					return q
				}
			}
		}
		p.i++
		return p.name(t)
	}
	return p.node(KBad, t.Pos)
}
