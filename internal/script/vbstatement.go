package script

func (p *vbParser) ifStatement() *Node {
	n := p.node(KIf, p.next().Pos)
	n.Kids = append(n.Kids, p.expr())
	p.take("then")
	if k := p.tok(); k.Kind != tNL && k.Kind != tEOF && k.Kind != tHTML || k.Kind == tNL && k.S == ":" {
		p.inlineIf(n)
		return n
	}
	n.Kids = append(n.Kids, p.newBlock())
	for {
		if p.take("elseif") || p.word("else") && p.peek(1).Kind == tIdent && p.peek(1).S == "if" && p.elseIf() {
			n.Kids = append(n.Kids, p.expr())
			p.take("then")
			n.Kids = append(n.Kids, p.newBlock())
			continue
		}
		if p.take("else") {
			n.Kids = append(n.Kids, p.newBlock())
			continue
		}
		break
	}
	if !p.take("endif") && p.word("end") {
		p.i++
		p.take("if")
	}
	// An even count of kids means no else; odd means the last is the else.
	return n
}

// elseIf takes "else if" written as two words on one line with then at its end.
func (p *vbParser) elseIf() bool {
	for i := p.i + 2; i < len(p.toks); i++ {
		t := p.toks[i]
		if t.Kind == tNL || t.Kind == tEOF {
			// "else if c then" opens a nested block with its own end if; VBScript
			// has no two-word form, VB.NET does.
			if p.d == VBNet {
				p.i += 2
				return true
			}
			return false
		}
	}
	return false
}

func (p *vbParser) inlineIf(n *Node) {
	b := p.node(KBlock, p.tok().Pos)
	for {
		t := p.tok()
		if t.Kind == tEOF || t.Kind == tNL && t.S != ":" || t.Kind == tHTML || t.Kind == tOut {
			break
		}
		if t.Kind == tNL {
			p.i++
			continue
		}
		if t.Kind == tIdent && t.S == "else" {
			p.i++
			n.Kids = append(n.Kids, b)
			if len(n.Kids)%2 == 1 {
				b = p.node(KBlock, t.Pos)
				continue
			}
			b = p.node(KBlock, t.Pos)
			continue
		}
		if t.Kind == tIdent && t.S == "elseif" && len(n.Kids)%2 == 1 {
			p.i++
			n.Kids = append(n.Kids, b, p.expr())
			p.take("then")
			b = p.node(KBlock, t.Pos)
			continue
		}
		if t.Kind == tIdent && t.S == "end" && p.peek(1).S == "if" {
			p.i += 2
			break
		}
		if p.ends(nil) {
			break
		}
		at := p.i
		p.depth++
		if p.depth >= maxBlocks { // the rest stands behind
			p.depth--
			break
		}
		if s := p.statement(); s != nil {
			b.Kids = append(b.Kids, s)
		}
		p.depth--
		if p.i == at {
			p.i++
		}
	}
	n.Kids = append(n.Kids, b)
}

func (p *vbParser) forStatement() *Node {
	t := p.next()
	if p.take("each") {
		v := p.postfix(false)
		if p.take("as") {
			p.typ()
		}
		p.take("in")
		e := p.expr()
		n := p.wrap(KForEach, t.Pos, v, e, p.newBlock("next"))
		p.endNext()
		return n
	}
	v := p.postfix(false)
	if p.take("as") {
		p.typ()
	}
	p.takeOp('=')
	from := p.expr()
	p.take("to")
	to := p.expr()
	var step *Node
	if p.take("step") {
		step = p.expr()
	}
	n := p.wrap(KForTo, t.Pos, v, from, to, step, p.newBlock("next"))
	p.endNext()
	return n
}

func (p *vbParser) endNext() {
	if p.take("next") && p.tok().Kind == tIdent && p.peek(1).Kind == tNL {
		p.i++
	}
}

func (p *vbParser) selectStatement() *Node {
	t := p.next()
	p.take("case")
	n := p.wrap(KSelect, t.Pos, p.expr())
	for p.tok().Kind == tNL || p.tok().Kind == tHTML {
		p.i++
	}
	for p.word("case") {
		c := p.node(KCase, p.next().Pos)
		if p.take("else") {
			c.Flag = 1
		} else {
			for {
				p.take("is")
				if t := p.tok(); t.Kind == tOp && (t.Op == '<' || t.Op == '>' || t.Op == '=' || t.Op == opNE || t.Op == opLE || t.Op == opGE) {
					p.i++
					c.Op = 'r'
				}
				c.Kids = append(c.Kids, p.expr())
				if p.take("to") {
					p.expr()
					c.Op = 'r'
				}
				if !p.takeOp(',') {
					break
				}
			}
		}
		c.Kids = append(c.Kids, p.newBlock())
		n.Kids = append(n.Kids, c)
		if p.word("else") { // tolerated for "case else"
			break
		}
	}
	p.close("select")
	return n
}

// simple reads an assignment or a call with or without parentheses.
func (p *vbParser) simple() *Node {
	t := p.tok()
	e := p.postfix(true)
	switch n := p.tok(); {
	case n.Kind == tOp && n.Op == '=':
		p.i++
		for p.tok().Kind == tNL && p.d == VBNet {
			p.i++
		}
		v := p.expr()
		return p.wrap(KAssign, t.Pos, e, v)
	case n.Kind == tOp && n.Op == opSet:
		p.i++
		a := p.wrap(KAssign, t.Pos, e, p.expr())
		a.Op = n.S[0]
		return a
	case n.Kind == tNL || n.Kind == tEOF || n.Kind == tHTML || n.Kind == tOut || n.Kind == tIdent && n.S == "else":
		if e.Kind == KName || e.Kind == KMember {
			e = p.wrap(KCall, e.Pos, e)
		}
		return p.wrap(KExpr, t.Pos, e)
	case n.Kind == tOp && p.precedence(n) > 0 && e.Kind == KCall && len(e.Kids) == 2:
		// f (a) & b is f with the one argument (a) & b.
		e.Kids[1] = p.climb(e.Kids[1], 1)
		if p.takeOp(',') {
			e.Kids = append(e.Kids[:2:2], p.args(0)...)
		}
		return p.wrap(KExpr, t.Pos, e)
	case n.Kind == tOp && n.Op == ',' && e.Kind == KCall && len(e.Kids) == 2:
		p.i++
		e.Kids = append(e.Kids[:2:2], p.args(0)...)
		return p.wrap(KExpr, t.Pos, e)
	default:
		c := p.wrap(KCall, e.Pos, e)
		c.Kids = append(c.Kids[:1:1], p.args(0)...)
		return p.wrap(KExpr, t.Pos, c)
	}
}

// args reads arguments up to the closing operator, which it takes; with 0 up
// to the line's end.
func (p *vbParser) args(closing uint8) []*Node {
	var out []*Node
	for {
		for closing != 0 && p.tok().Kind == tNL && p.d == VBNet {
			p.i++
		}
		t := p.tok()
		if t.Kind == tEOF || t.Kind == tNL || t.Kind == tHTML || t.Kind == tOut {
			return out
		}
		if closing != 0 && p.takeOp(closing) {
			return out
		}
		if closing == 0 && t.Kind == tIdent && (t.S == "else" || t.S == "end") {
			return out
		}
		if t.Kind == tOp && t.Op == ',' { // an omitted argument
			p.i++
			out = append(out, p.node(KBad, t.Pos))
			continue
		}
		at := p.i
		if t.Kind == tIdent && p.peek(1).Kind == tOp && p.peek(1).Op == ':' && p.peek(1).S == ":=" {
			p.i += 2
		}
		out = append(out, p.expr())
		if p.take("to") { // array bounds
			p.expr()
		}
		for closing != 0 && p.tok().Kind == tNL && p.d == VBNet {
			p.i++
		}
		if p.takeOp(',') {
			continue
		}
		if closing != 0 && p.takeOp(closing) {
			return out
		}
		if closing == 0 || p.i == at {
			return out
		}
		if k := p.tok().Kind; k != tOp && k != tIdent && k != tStr && k != tNum {
			return out
		}
		if p.op(')') || p.op(']') || p.op('}') {
			return out
		}
	}
}

// doLoop reads Do … Loop, with a condition at either end.
func (p *vbParser) doLoop(t Token) *Node {
	p.i++
	n := p.node(KWhile, t.Pos)
	var cond *Node
	if p.word("while") || p.word("until") {
		if p.next().S == "until" {
			n.Op = 'u'
		}
		cond = p.expr()
	}
	body := p.newBlock("loop")
	p.take("loop")
	if cond == nil && (p.word("while") || p.word("until")) {
		if p.next().S == "until" {
			n.Op = 'u'
		}
		cond, n.Flag = p.expr(), 1
	}
	n.Kids = p.kids(cond, body)
	return n
}

// whileLoop reads While … Wend, or … End While.
func (p *vbParser) whileLoop(t Token) *Node {
	p.i++
	cond := p.expr()
	body := p.newBlock("wend")
	if !p.take("wend") {
		p.close("while")
	}
	return p.wrap(KWhile, t.Pos, cond, body)
}

// withBlock reads With … End With.
func (p *vbParser) withBlock(t Token) *Node {
	p.i++
	s := p.expr()
	p.with++
	n := p.wrap(KWith, t.Pos, s, p.newBlock())
	p.with--
	p.close("with")
	return n
}

// usingBlock reads Using or SyncLock … End.
func (p *vbParser) usingBlock(t Token) *Node {
	p.i++
	b := p.node(KBlock, t.Pos)
	if p.peek(1).Kind == tIdent && p.peek(1).S == "as" || p.peek(1).Kind == tOp && p.peek(1).Op == '=' {
		b.Kids = append(b.Kids, p.declare(KDecl)...)
	} else {
		b.Kids = append(b.Kids, p.wrap(KExpr, t.Pos, p.expr()))
	}
	b.Kids = append(b.Kids, p.newBlock())
	p.close(t.S)
	return b
}

// tryBlock reads Try … Catch … Finally … End Try.
func (p *vbParser) tryBlock(t Token) *Node {
	p.i++
	n := p.wrap(KTry, t.Pos, p.newBlock())
	for p.word("catch") || p.word("finally") {
		p.i++
		name := ""
		if t := p.tok(); t.Kind == tIdent && t.S != "when" {
			name = t.S
		}
		p.line()
		b := p.newBlock()
		b.Name = name
		n.Kids = append(n.Kids, b)
	}
	p.close("try")
	return n
}

// class reads a class or its like; a namespace is a block.
func (p *vbParser) class(t Token) (*Node, bool) {
	if p.peek(1).Kind != tIdent {
		return nil, false
	}
	p.i++
	n := p.node(KClass, t.Pos)
	n.Name = p.next().S
	for p.takeOp('.') {
		n.Name = p.next().S
	}
	p.line()
	body := p.newBlock()
	n.Kids = body.Kids
	for _, k := range n.Kids {
		if k.Kind == KImport && k.Op == 'i' {
			n.Low += " " + k.Low
		}
	}
	p.close(t.S)
	if t.S == "namespace" {
		n.Kind = KBlock
	}
	return n, true
}

// skipped passes over a statement that gives nothing.
func (p *vbParser) skipped(t Token) (*Node, bool) {
	if p.peek(1).Kind == tOp {
		return nil, false
	}
	if t.S == "on" && p.peek(1).S == "error" && p.peek(2).S == "resume" && p.peek(3).S == "next" {
		p.i += 4 // a page whose line ends were lost goes on here
		return nil, true
	}
	p.line()
	return nil, true
}

// imports reads the name of what is imported or inherited.
func (p *vbParser) imports(t Token) *Node {
	p.i++
	n := p.node(KImport, t.Pos)
	n.Op = 's' // what is imported may be a class
	for k := p.tok().Kind; k == tIdent || k == tOp; k = p.tok().Kind {
		if k == tIdent {
			n.Low = p.tok().S
		}
		p.i++
	}
	if t.S != "imports" {
		n.Op = 'i'
	}
	p.line()
	return n
}

// exit reads Exit or Continue, of a loop or function.
func (p *vbParser) exit(t Token) *Node {
	p.i++
	k := KBreak
	if t.S == "continue" {
		k = KContinue
	} else if p.word("sub") || p.word("function") || p.word("property") {
		k = KReturn
	}
	p.line()
	return p.node(k, t.Pos)
}

// returned reads Return, with a value or without.
func (p *vbParser) returned(t Token) *Node {
	p.i++
	n := p.node(KReturn, t.Pos)
	if k := p.tok().Kind; k != tNL && k != tEOF && k != tHTML {
		n.Kids = p.kids(p.expr())
		n.Flag = 1
	}
	return n
}
