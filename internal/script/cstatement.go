package script

func (p *cParser) ifStatement() *Node {
	n := p.node(KIf, p.next().Pos)
	for {
		c := p.parens()
		n.Kids = append(n.Kids, c, p.sub())
		for p.tok().Kind == tHTML && p.peek(1).Kind == tIdent && p.peek(1).S == "else" {
			p.i++
		}
		if !p.take("else") {
			return n
		}
		if p.take("if") {
			continue
		}
		n.Kids = append(n.Kids, p.sub())
		return n
	}
}

func (p *cParser) forStatement() *Node {
	t := p.next()
	if !p.takeOp('(') {
		return nil
	}
	var init, cond, post *Node
	if p.word("each") {
		p.i++
	}
	if !p.op(';') {
		if p.take("var") || p.js() && (p.take("let") || p.take("const")) {
			if p.eachOf() {
				return p.forIn(t)
			}
			init = p.variables(t.Pos, "")
		} else if p.eachOf() {
			return p.forIn(t)
		} else if s := p.maybeDeclaration(); s != nil {
			init = s
		} else {
			init = p.wrap(KExpr, t.Pos, p.comma())
			p.takeOp(';')
		}
	} else {
		p.i++
	}
	if !p.op(';') {
		cond = p.comma()
	}
	p.takeOp(';')
	if !p.op(')') {
		post = p.comma()
	}
	if !p.takeOp(')') {
		p.skip('(', ')')
		p.takeOp(')')
	}
	return p.wrap(KFor, t.Pos, init, cond, post, p.sub())
}

func (p *cParser) maybeDeclaration() *Node {
	if p.js() {
		return nil
	}
	return p.declaration("", nil)
}

// eachOf reports whether "x in" follows, or JScript's "x of".
func (p *cParser) eachOf() bool {
	n := p.peek(1)
	if p.opens() {
		e := p.match(p.i)
		if e < 0 {
			return false
		}
		n = p.toks[e+1]
	}
	return n.Kind == tIdent && (n.S == "in" || n.S == "of" && p.js())
}

func (p *cParser) forIn(t Token) *Node {
	var parts []*Node
	var v *Node
	if p.opens() {
		v = p.apart(1)
		parts = p.pattern(v)
	} else {
		v = p.name(p.next())
	}
	of := p.next().S == "of"
	e := p.comma()
	p.takeOp(')')
	n := p.wrap(KForEach, t.Pos, v, e, p.before(parts, p.sub()))
	if !of {
		n.Op = 'k' // keys
	}
	return n
}

func (p *cParser) foreach(t Token) *Node {
	if !p.takeOp('(') {
		return nil
	}
	var v *Node
	if e, typ, ok := p.typ(p.i); ok && p.toks[e].Kind == tIdent && p.toks[e].S != "in" {
		p.i = e
		v = p.name(p.next())
		d := p.node(KDecl, v.Pos)
		d.Name, d.Low = v.Name, typ
		v = d
	} else {
		v = p.name(p.next())
	}
	p.take("in")
	e := p.comma()
	p.takeOp(')')
	return p.wrap(KForEach, t.Pos, v, e, p.sub())
}

func (p *cParser) switchStatement() *Node {
	t := p.next()
	n := p.wrap(KSelect, t.Pos, p.parens())
	if !p.takeOp('{') {
		return n
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth >= maxDepth {
		at := p.i
		p.leave('{', '}')
		n.Kids = append(n.Kids, p.wrap(KCase, t.Pos, p.putAside(p.node(KBlock, t.Pos), at, "")))
		p.takeOp('}')
		return n
	}
	var c *Node
	var body *Node
	for !p.op('}') && p.tok().Kind != tEOF {
		at := p.i
		if p.word("case") || p.word("default") && p.peek(1).Kind == tOp && p.peek(1).Op == ':' {
			if c == nil || len(body.Kids) > 0 {
				c = p.node(KCase, p.tok().Pos)
				n.Kids = append(n.Kids, c)
				body = p.node(KBlock, p.tok().Pos)
			} else {
				c.Kids = c.Kids[:len(c.Kids)-1]
			}
			if p.next().S == "default" {
				c.Flag = 1
			} else {
				c.Kids = append(c.Kids, p.expr())
				if p.take("when") {
					p.expr()
				}
			}
			p.takeOp(':')
			c.Kids = append(c.Kids, body)
			continue
		}
		if s := p.statement(""); s != nil && body != nil {
			body.Kids = append(body.Kids, s)
		}
		if p.i == at {
			p.i++
		}
	}
	p.takeOp('}')
	return n
}

// lock reads lock, fixed or with, and the statement under it.
func (p *cParser) lock(t Token) (*Node, bool) {
	n1 := p.peek(1)
	if n1.Kind == tOp && n1.Op == '(' {
		p.i++
		b := p.node(KBlock, t.Pos)
		p.i++
		if t.S == "fixed" {
			if s := p.declaration("", nil); s != nil {
				b.Kids = append(b.Kids, s)
			}
		} else {
			b.Kids = append(b.Kids, p.wrap(KExpr, t.Pos, p.comma()))
		}
		p.takeOp(')')
		s := p.sub()
		if t.S == "with" {
			return p.wrap(KWith, t.Pos, b.Kids[0].Kids[0], s), true
		}
		b.Kids = append(b.Kids, s)
		return b, true
	}
	return nil, false
}

// accessor reads one of a property or an event.
func (p *cParser) accessor(t Token) (*Node, bool) {
	n1 := p.peek(1)
	if !p.js() && n1.Kind == tOp && (n1.Op == '{' || n1.Op == ';' || n1.Op == opArrow) {
		p.i++
		switch {
		case p.op('{'):
			return p.braces(""), true
		case p.takeOp(opArrow):
			e := p.wrap(KExpr, t.Pos, p.comma())
			p.end()
			return e, true
		}
		p.i++
		return nil, true
	}
	return nil, false
}

// variable reads a declaration that begins with one of these words.
func (p *cParser) variable(t Token, class string) (*Node, bool) {
	n1 := p.peek(1)
	if p.js() || n1.Kind == tIdent && t.S == "var" {
		p.i++
		return p.variables(t.Pos, ""), true
	}
	if n1.Kind == tOp && n1.Op == '(' && t.S != "const" { // var (a, b) = …
		p.i++
		e := p.expr()
		p.end()
		return p.wrap(KExpr, t.Pos, e), true
	}
	if t.S == "const" && n1.Kind == tIdent {
		return p.modified(class), true
	}
	return nil, false
}

// doLoop reads do … while (…).
func (p *cParser) doLoop(t Token) *Node {
	p.i++
	b := p.sub()
	p.take("while")
	n := p.wrap(KWhile, t.Pos, p.parens(), b)
	n.Flag = 1
	p.takeOp(';')
	return n
}

// tryBlock reads try … catch … finally ….
func (p *cParser) tryBlock(t Token) *Node {
	p.i++
	n := p.wrap(KTry, t.Pos, p.braces(""))
	for p.word("catch") || p.word("finally") {
		p.i++
		name := ""
		if p.takeOp('(') {
			from := p.i
			p.skip('(', ')')
			if last := p.toks[p.i-1]; last.Kind == tIdent && (p.js() || p.i-from > 1 && p.toks[p.i-2].Op != '.') {
				name = last.S
			}
			p.takeOp(')')
		}
		if p.take("when") {
			p.parens()
		}
		b := p.braces("")
		b.Name = name
		n.Kids = append(n.Kids, b)
	}
	return n
}
