package script

// vbParser reads VBScript and VB.NET.
type vbParser struct {
	parser
	with int // blocks of With that are open
}

// parseVB returns the program as one block.
func parseVB(toks []Token, d Dialect, a arena) (*Node, arena) {
	p := &vbParser{parser: newParser(toks, d, a)}
	b := p.node(KBlock, 0)
	for p.tok().Kind != tEOF {
		at := p.i
		p.block(b, nil)
		if p.i == at || p.tok().Kind != tEOF {
			p.i = max(p.i, at) + 1 // a stray "end if"
			for k := p.tok().Kind; k != tNL && k != tEOF; k = p.tok().Kind {
				p.i++
			}
		}
	}
	p.readAside(p.readDeep)
	return b, p.arena
}

// readDeep reads a piece of code that was put aside.
func (p *vbParser) readDeep(a aside) {
	for p.tok().Kind != tEOF {
		at := p.i
		a.into.Kids = append(a.into.Kids, p.expr())
		if p.i == at {
			p.i++
		}
	}
}

// ends reports whether the line starts with a word that closes a block.
func (p *vbParser) ends(stop []string) bool {
	t := p.tok()
	if t.Kind != tIdent {
		return false
	}
	for _, s := range stop {
		if t.S == s {
			return true
		}
	}
	switch t.S {
	case "end":
		n := p.peek(1)
		if n.Kind == tIdent {
			switch n.S {
			case "if", "sub", "function", "property", "class", "select", "with", "while", "try", "using", "get", "set", "module", "namespace", "structure", "synclock", "interface", "enum", "operator", "event", "addhandler", "removehandler", "raiseevent":
				return true
			}
		}
	case "loop", "next", "wend", "elseif", "catch", "finally", "endif":
		return true
	case "case", "else":
		return p.peek(1).Kind != tOp || p.peek(1).Op != '='
	}
	return false
}

// block reads statements into b until a closing word, which it leaves.
func (p *vbParser) block(b *Node, stop []string) {
	for {
		t := p.tok()
		switch {
		case t.Kind == tEOF || p.ends(stop):
			return
		case t.Kind == tNL:
			p.i++
			continue
		}
		at := p.i
		if s := p.statement(); s != nil {
			b.Kids = append(b.Kids, s)
		}
		if p.i == at {
			p.i++
		}
	}
}

// maxBlocks is how deep blocks nest: what stands deeper is read as if it stood
// in the block around it. It leaves room for expressions.
const maxBlocks = maxDepth - 100

func (p *vbParser) newBlock(stop ...string) *Node {
	b := p.node(KBlock, p.tok().Pos)
	p.depth++
	if p.depth < maxBlocks {
		p.block(b, stop)
	} else {
		p.deep = true
	}
	p.depth--
	return b
}

// line skips to the line's end.
func (p *vbParser) line() {
	for k := p.tok().Kind; k != tNL && k != tEOF && k != tHTML; k = p.tok().Kind {
		p.i++
	}
}

// close takes "end word" or the single word.
func (p *vbParser) close(word string) {
	if p.take("end") {
		p.take(word)
		return
	}
	if p.word(word) || p.word("end"+word) {
		p.i++
	}
}

func (p *vbParser) statement() *Node {
	t := p.tok()
	switch t.Kind {
	case tHTML:
		p.i++
		return p.node(KHTML, t.Pos)
	case tOut:
		p.i++
		for p.tok().Kind == tNL {
			p.i++
		}
		return p.wrap(KOut, t.Pos, p.expr())
	case tIdent:
		if t.Op == 0 && !(p.peek(1).Kind == tOp && (p.peek(1).Op == '=' || p.peek(1).Op == '.')) {
			if s, ok := p.keyword(t); ok {
				return s
			}
		}
	case tOp:
		if t.Op == '<' && p.d == VBNet {
			return p.attributes()
		}
		if t.Op == '<' { // <!-- around a script
			p.line()
			return nil
		}
	}
	return p.simple()
}

func (p *vbParser) attributes() *Node {
	var attrs []string
	p.i++
	depth := 1
	for n := 0; depth > 0 && n < 200; n++ {
		t := p.next()
		switch {
		case t.Kind == tEOF:
			return nil
		case t.Kind == tIdent:
			attrs = append(attrs, t.S)
		case t.Kind == tStr:
			attrs = append(attrs, lowerASCII(t.S))
		case t.Kind == tOp && t.Op == '<':
			depth++
		case t.Kind == tOp && t.Op == '>':
			depth--
		}
	}
	for p.tok().Kind == tNL {
		p.i++
	}
	s := p.statement()
	if s != nil && (s.Kind == KFunc || s.Kind == KClass) {
		s.Attr = append(attrs, s.Attr...)
	}
	return s
}

func (p *vbParser) keyword(t Token) (*Node, bool) {
	switch t.S {
	case "if":
		return p.ifStatement(), true
	case "for":
		return p.forStatement(), true
	case "do":
		return p.doLoop(t), true
	case "while":
		return p.whileLoop(t), true
	case "select":
		return p.selectStatement(), true
	case "with":
		return p.withBlock(t), true
	case "using", "synclock":
		return p.usingBlock(t), true
	case "try":
		return p.tryBlock(t), true
	case "sub", "function", "property", "operator":
		return p.function(), true
	case "class", "module", "structure", "interface", "namespace", "enum":
		return p.class(t)
	case "dim", "const", "static", "redim":
		p.i++
		k := KDecl
		if t.S == "redim" {
			k = KRedim
			p.take("preserve")
		}
		p.take("const")
		return p.declared(k, t.Pos), true
	case "public", "private", "friend", "protected", "shared", "overrides", "overloads", "default", "shadows", "readonly", "writeonly", "mustinherit", "partial", "notinheritable", "overridable", "mustoverride", "withevents", "async", "iterator", "declare", "notoverridable":
		if k := p.peek(1).Kind; k != tIdent {
			return nil, false
		}
		return p.modified(), true
	case "set", "let":
		if p.peek(1).Kind != tIdent && !(p.peek(1).Kind == tOp && p.peek(1).Op == '.') {
			return nil, false
		}
		p.i++
		return p.simple(), true
	case "call":
		p.i++
		return p.simple(), true
	case "yield":
		if p.d == VBNet && p.peek(1).Kind != tOp {
			return p.returned(t), true
		}
	case "throw":
		if p.peek(1).Kind == tOp {
			return nil, false
		}
		n := p.returned(t)
		n.Op = 't'
		return n, true
	case "on", "option", "goto", "resume", "stop", "erase", "error":
		return p.skipped(t)
	case "imports", "inherits", "implements":
		return p.imports(t), true
	case "exit", "continue":
		return p.exit(t), true
	case "return":
		return p.returned(t), true
	case "end":
		p.i++
		return nil, true
	case "addhandler", "removehandler", "raiseevent":
		p.i++
		n := p.wrap(KExpr, t.Pos, p.expr())
		if p.takeOp(',') {
			n.Kids = append(n.Kids, p.expr())
		}
		return n, true
	case "get":
		if k := p.peek(1).Kind; p.d == VBNet && k == tNL {
			p.i++
			n := p.newBlock()
			p.close("get")
			return n, true
		}
	}
	return nil, false
}

func (p *vbParser) modified() *Node {
	t := p.tok()
	decl, byDefault := false, false
	for p.tok().Kind == tIdent {
		switch p.tok().S {
		case "declare":
			for k := p.tok().Kind; k != tNL && k != tEOF; k = p.tok().Kind {
				if p.tok().S == "function" || p.tok().S == "sub" {
					break
				}
				p.i++
			}
			decl = true
			continue
		case "public", "private", "friend", "protected", "shared", "overrides", "overloads", "default", "shadows", "readonly", "writeonly", "mustinherit", "partial", "notinheritable", "overridable", "mustoverride", "withevents", "async", "iterator", "notoverridable", "const", "static", "dim", "custom", "widening", "narrowing":
			byDefault = byDefault || p.word("default")
			p.i++
			continue
		case "sub", "function", "property", "operator":
			if decl { // Declare Function x Lib "y": an import
				n := p.node(KFunc, t.Pos)
				p.i++
				n.Name = p.next().S
				n.Low = n.Name
				n.Attr = []string{"dllimport"}
				for k := p.tok().Kind; k != tNL && k != tEOF; k = p.tok().Kind {
					if k == tStr {
						n.Attr = append(n.Attr, lowerASCII(p.tok().S))
					}
					p.i++
				}
				n.Kids = p.kids(p.node(KBlock, t.Pos))
				return n
			}
			n := p.function()
			if byDefault {
				n.Attr = append(n.Attr, "default")
			}
			return n
		case "class", "module", "structure", "interface", "enum":
			s, _ := p.keyword(p.tok())
			return s
		case "event", "delegate":
			p.line()
			return nil
		}
		break
	}
	return p.declared(KDecl, t.Pos)
}

func (p *vbParser) declared(k Kind, pos int32) *Node {
	list := p.declare(k)
	if len(list) == 1 {
		return list[0]
	}
	b := p.node(KBlock, pos)
	b.Kids = list
	return b
}

// declare reads "a, b(10) As T = v".
func (p *vbParser) declare(k Kind) []*Node {
	var out []*Node
	for p.tok().Kind == tIdent {
		t := p.next()
		n := p.node(k, t.Pos)
		n.Name = t.S
		for p.takeOp('(') { // twice in arrays of arrays
			p.args(')') // the bounds
			n.Op = 'a'
		}
		if p.take("as") {
			if p.word("new") {
				v := p.expr()
				n.Low = v.Low
				n.Kids = p.kids(v)
			} else {
				n.Low = p.typ()
			}
		}
		if p.takeOp('=') {
			n.Kids = p.kids(p.expr())
		}
		out = append(out, n)
		if !p.takeOp(',') {
			break
		}
		for p.tok().Kind == tNL && p.d == VBNet {
			p.i++
		}
	}
	return out
}

// typ reads a type and returns its last name.
func (p *vbParser) typ() string {
	name := p.next().S
	for p.op('.') {
		p.i++
		name = p.next().S
	}
	for p.op('(') {
		depth := 0
		array := p.peek(1).Kind == tOp && p.peek(1).Op == ')'
		for k := p.tok().Kind; k != tNL && k != tEOF; k = p.tok().Kind {
			if p.op('(') {
				depth++
			} else if p.op(')') {
				depth--
			}
			p.i++
			if depth == 0 {
				break
			}
		}
		if array {
			name += "[]"
		}
	}
	return name
}

func (p *vbParser) function() *Node {
	kw := p.next()
	kind := kw.S
	if kind == "property" && (p.word("get") || p.word("let") || p.word("set")) && p.peek(1).Kind == tIdent {
		kind += p.next().S
	}
	t := p.next()
	n := p.node(KFunc, t.Pos)
	n.Name, n.Low = t.S, t.S
	if kind == "property" || kind == "propertyget" {
		n.Op = 'g'
	} else if kind != "sub" && kind != "function" && kind != "operator" {
		n.Op = 's'
	}
	if p.takeOp('(') {
		if p.word("of") {
			for k := p.tok().Kind; k != tNL && k != tEOF && !p.op(')'); k = p.tok().Kind {
				p.i++
			}
			p.takeOp(')')
			if !p.takeOp('(') {
				goto body
			}
		}
		for {
			byval, byref := false, false
			var attr []string
			for p.word("byval") || p.word("byref") || p.word("optional") || p.word("paramarray") {
				word := p.next().S
				byval, byref = word == "byval" || byval, word == "byref" || byref
			}
			if p.op('<') {
				for k := p.tok().Kind; k != tNL && k != tEOF && !p.op('>'); k = p.tok().Kind {
					p.i++
				}
				p.i++
				continue
			}
			if p.tok().Kind != tIdent {
				break
			}
			pt := p.next()
			pn := p.node(KParam, pt.Pos)
			pn.Name, pn.Attr = pt.S, attr
			if byval || p.d == VBNet {
				pn.Flag = 1
			}
			if byref {
				pn.Flag = reference
			}
			if p.takeOp('(') {
				p.takeOp(')')
			}
			if p.take("as") {
				pn.Low = p.typ()
			}
			if p.takeOp('=') {
				p.expr()
			}
			n.Kids = append(n.Kids, pn)
			if !p.takeOp(',') {
				break
			}
			for p.tok().Kind == tNL {
				p.i++
			}
		}
		p.takeOp(')')
	}
body:
	if k := p.tok(); k.Kind == tNL && k.S == ":" {
		p.i++
	} else if p.word("handles") || p.word("implements") || p.word("as") {
		if p.take("as") {
			p.typ()
		}
		for k := p.tok().Kind; k != tNL && k != tEOF && !p.op('='); k = p.tok().Kind {
			if k == tIdent {
				n.Attr = append(n.Attr, p.tok().S)
			}
			p.i++
		}
		if p.takeOp('=') {
			p.expr()
		}
	}
	if p.d == VBNet && kw.S == "property" && !p.hasEnd("property") {
		n.Kids = append(n.Kids, p.node(KBlock, t.Pos))
		return n
	}
	body := p.newBlock()
	n.Kids = append(n.Kids, body)
	p.close(kw.S)
	return n
}

// hasEnd reports whether "end word" follows before another member starts.
func (p *vbParser) hasEnd(word string) bool {
	for i := p.i; i < min(len(p.toks), p.i+4000); i++ {
		if t := p.toks[i]; t.Kind == tIdent && t.S == word {
			return i > 0 && p.toks[i-1].S == "end"
		}
	}
	return false
}
