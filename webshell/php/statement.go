package php

func (p *parser) keyword() (*node, bool) {
	at := p.i
	w := p.word()
	switch w {
	case "":
		return nil, false
	case "if":
		p.i++
		return p.ifStatement(at), true
	case "while":
		p.i++
		n := p.node(nWhile, at)
		n.a = p.paren()
		n.b = p.body("endwhile")
		p.word2("endwhile")
		return p.done(n), true
	case "do":
		p.i++
		n := p.node(nDo, at)
		n.b = p.body()
		if p.word() == "while" {
			p.i++
			n.a = p.paren()
		}
		p.end()
		return p.done(n), true
	case "for":
		p.i++
		return p.forStatement(at), true
	case "foreach":
		p.i++
		return p.foreachStatement(at), true
	case "switch":
		p.i++
		return p.switchStatement(at), true
	case "return", "throw":
		p.i++
		n := p.node(nReturn, at)
		if w == "throw" {
			n = p.node(nExpr, at)
		}
		if k := p.peek(); k != ';' && k != tClose && k != tEOF && k != '}' {
			n.a = p.expr(0)
		}
		if w == "throw" && n.a != nil {
			t := p.node(nThrow, at)
			t.a = n.a
			n.a = p.done(t)
		}
		p.end()
		return p.done(n), true
	case "break", "continue":
		p.i++
		n := p.node(nBreak, at)
		if w == "continue" {
			n.op = nContinue
		}
		n.n = 1
		if p.peek() == tNum {
			n.n = max(1, min(20, parseInt(string(p.text(p.i)))))
			p.i++
		}
		p.end()
		return p.done(n), true
	case "echo":
		p.i++
		n := p.node(nEcho, at)
		n.list = p.expressions()
		p.end()
		return p.done(n), true
	case "global", "unset", "static":
		if w == "unset" && p.peekAt(1) != '(' || w == "static" && p.peekAt(1) != tVar {
			break
		}
		p.i++
		n := p.node(nGlobal, at)
		if w == "unset" {
			n.op = nUnset
			n.list = p.args()
		} else {
			if w == "static" {
				n.op = nStatic
			}
			n.list = p.expressions()
		}
		p.end()
		return p.done(n), true
	case "try":
		p.i++
		return p.tryStatement(at), true
	case "goto":
		if p.peekAt(1) == tIdent {
			n := p.node(nGoto, at)
			n.s = owned(p.text(p.i + 1))
			p.i += 2
			p.end()
			return n, true
		}
	case "function":
		n := 1
		if p.peekAt(n) == '&' {
			n++
		}
		if p.peekAt(n) == tIdent && p.peekAt(n+1) == '(' {
			return p.functionStatement(at, nil), true
		}
	case "abstract", "final", "readonly", "class", "interface", "trait", "enum":
		if s := p.classStatement(at); s != nil {
			return s, true
		}
	case "namespace":
		if p.peekAt(1) == '\\' {
			break
		}
		p.i++
		if p.peek() == tIdent {
			p.i++
		}
		if p.peek() == '{' {
			return p.block(), true
		}
		p.end()
		return nil, true
	case "use":
		n := p.useFunction(at)
		p.skip()
		return n, true
	case "const":
		p.i++
		n := p.node(nConstDef, at)
		for p.peek() == tIdent {
			c := p.node(nPair, p.i)
			c.s = owned(p.text(p.i))
			p.i++
			if p.accept('=') {
				c.b = p.expr(0)
			}
			n.list = append(n.list, p.done(c))
			if !p.accept(',') {
				break
			}
		}
		p.end()
		return p.done(n), true
	case "declare":
		if p.peekAt(1) == '(' {
			p.i = min(p.closing(p.i+1)+1, p.hi)
			if p.peek() == '{' {
				return p.block(), true
			}
			p.end()
			return nil, true
		}
	case "__halt_compiler":
		p.i = p.hi
		return nil, true
	}
	if p.peekAt(1) == ':' && p.peekAt(2) != ':' && w != "default" && w != "else" && w != "parent" && w != "self" {
		n := p.node(nLabel, at)
		n.s = owned(p.text(at))
		p.i += 2
		return n, true
	}
	return nil, false
}

// word2 accepts the word that ends the alternative syntax, and the semicolon.
func (p *parser) word2(w string) {
	if p.word() == w {
		p.i++
		p.end()
	}
}

// paren reads a parenthesised expression.
func (p *parser) paren() *node {
	if p.peek() != '(' {
		return bad
	}
	at := p.i
	p.i++
	e := p.expr(0)
	for p.accept(',') {
		e = p.expr(0)
	}
	if !p.accept(')') {
		if c := p.closing(at); c > p.i {
			p.i = min(c+1, p.hi)
		}
	}
	return e
}

// useFunction reads use function f as g, also in lists and in braces, which
// defines g; nil for other uses.
func (p *parser) useFunction(at int) *node {
	var n *node
	all := p.wordAt(1) == "function"
	one := all
	for i := 1; ; i++ {
		switch p.peekAt(i) {
		case ',', '{':
			one = all || p.wordAt(i+1) == "function"
			continue
		case '}', '\\':
			continue
		case tIdent:
		default:
			if n == nil {
				return nil
			}
			return p.done(n)
		}
		if !one || p.wordAt(i+1) != "as" || p.peekAt(i+2) != tIdent {
			continue
		}
		if n == nil {
			n = p.node(nConstDef, at)
		}
		c, f := p.node(nPair, at+i+2), p.node(nStr, at+i)
		c.s, f.s = owned(p.text(at+i+2)), baseName(owned(p.text(at+i)))
		c.b = p.done(f)
		n.list = append(n.list, p.done(c))
		i += 2
	}
}

func (p *parser) ifStatement(at int) *node {
	n := p.node(nIf, at)
	arm := func() {
		c := p.node(nPair, p.i)
		c.a = p.paren()
		c.b = p.body("else", "elseif", "endif")
		n.list = append(n.list, p.done(c))
	}
	arm()
	for {
		switch {
		case p.word() == "elseif":
			p.i++
			arm()
			continue
		case p.word() == "else" && p.wordAt(1) == "if":
			p.i += 2
			arm()
			continue
		case p.word() == "else":
			p.i++
			n.c = p.body("endif")
		}
		break
	}
	p.word2("endif")
	return p.done(n)
}

func (p *parser) forStatement(at int) *node {
	n := p.node(nFor, at)
	if p.peek() == '(' {
		open := p.i
		p.i++
		for range 3 {
			b := p.node(nBlock, p.i)
			if k := p.peek(); k != ';' && k != ')' {
				b.list = p.expressions()
			}
			n.list = append(n.list, p.done(b))
			if !p.accept(';') {
				break
			}
		}
		p.shut(')', open)
	}
	for len(n.list) < 3 {
		n.list = append(n.list, p.node(nBlock, at))
	}
	n.b = p.body("endfor")
	p.word2("endfor")
	return p.done(n)
}

func (p *parser) foreachStatement(at int) *node {
	n := p.node(nForeach, at)
	if p.peek() == '(' {
		open := p.i
		p.i++
		n.a = p.expr(0)
		var key, val *node
		if p.word() == "as" {
			p.i++
			val = p.expr(0)
			if p.accept(tDoubleArrow) {
				key, val = val, p.expr(0)
			}
		}
		n.list = []*node{key, val}
		p.shut(')', open)
	} else {
		n.a, n.list = bad, []*node{nil, nil}
	}
	n.b = p.body("endforeach")
	p.word2("endforeach")
	return p.done(n)
}

func (p *parser) switchStatement(at int) *node {
	n := p.node(nSwitch, at)
	n.a = p.paren()
	alt := false
	if !p.accept('{') {
		if !p.accept(':') {
			return p.done(n)
		}
		alt = true
	}
	for p.peek() != tEOF && p.peek() != '}' {
		w := p.word()
		if alt && w == "endswitch" {
			break
		}
		if w != "case" && w != "default" {
			p.i++
			continue
		}
		c := p.node(nPair, p.i)
		p.i++
		if w == "case" {
			c.a = p.expr(0)
		}
		if !p.accept(':') {
			p.accept(';')
		}
		b := p.node(nBlock, p.i)
		b.list = p.statements("case", "default", "endswitch")
		c.b = p.done(b)
		n.list = append(n.list, p.done(c))
	}
	if alt {
		p.word2("endswitch")
	} else {
		p.accept('}')
	}
	return p.done(n)
}

func (p *parser) tryStatement(at int) *node {
	n := p.node(nTry, at)
	n.a = p.block()
	for {
		switch p.word() {
		case "catch":
			p.i++
			name := ""
			if p.peek() == '(' {
				shut := min(p.closing(p.i), p.hi)
				if t := p.toks[max(0, shut-1)]; t.kind == tVar {
					name = string(p.u.src[t.pos+1 : t.end])
				}
				p.i = min(shut+1, p.hi)
			}
			b := p.block()
			if b.op == nBlock {
				b.s = name
			}
			n.list = append(n.list, b)
			continue
		case "finally":
			p.i++
			n.b = p.block()
			continue
		}
		break
	}
	return p.done(n)
}
