package script

// cParser reads C#, JScript and JScript.NET.
type cParser struct {
	parser
	pairs []int32 // the closing token of each parenthesis, once needed
}

func (p *cParser) js() bool { return p.d == JScript }

// parseC returns the program as one block.
func parseC(toks []Token, d Dialect, a arena) (*Node, arena) {
	p := &cParser{parser: newParser(toks, d, a)}
	b := p.node(KBlock, 0)
	for p.tok().Kind != tEOF {
		at := p.i
		p.statements(b, "")
		if p.i == at || p.op('}') {
			p.i = max(at+1, p.i)
			p.takeOp('}')
		}
	}
	if p.deep {
		p.match(0) // while all tokens are there
	}
	p.readAside(p.readDeep)
	return b, p.arena
}

// readDeep reads a piece of code that was put aside.
func (p *cParser) readDeep(a aside) {
	for p.tok().Kind != tEOF {
		at := p.i
		if a.into.Kind == KBlock {
			p.statements(a.into, a.class)
		} else {
			a.into.Kids = append(a.into.Kids, p.expr())
		}
		if p.i == at {
			p.i++
		}
	}
}

// statements reads up to a closing brace, which it leaves.
func (p *cParser) statements(b *Node, class string) {
	for {
		t := p.tok()
		if t.Kind == tEOF || t.Kind == tOp && t.Op == '}' {
			return
		}
		at := p.i
		if s := p.statement(class); s != nil {
			b.Kids = append(b.Kids, s)
		}
		if p.i == at {
			p.i++
		}
	}
}

func (p *cParser) braces(class string) *Node {
	b := p.node(KBlock, p.tok().Pos)
	if !p.takeOp('{') {
		return b
	}
	p.depth++
	if p.depth < maxDepth {
		p.statements(b, class)
	} else {
		at := p.i
		p.leave('{', '}')
		p.putAside(b, at, class)
	}
	p.depth--
	p.takeOp('}')
	return b
}

// leave is skip for the nest that the token before opens, for those who may come
// by often.
func (p *cParser) leave(open, closing uint8) {
	if e := p.match(p.i - 1); e > 0 {
		p.i = e
		return
	}
	p.skip(open, closing)
}

// skip moves to the closing operator of the nest it is in.
func (p *cParser) skip(open, closing uint8) {
	for depth := 0; p.tok().Kind != tEOF; p.i++ {
		if p.op(open) {
			depth++
		} else if p.op(closing) {
			if depth == 0 {
				return
			}
			depth--
		}
	}
}

// parens reads (expr).
func (p *cParser) parens() *Node {
	if !p.takeOp('(') {
		return p.expr()
	}
	e := p.comma()
	if !p.takeOp(')') {
		p.skip('(', ')')
		p.takeOp(')')
	}
	return e
}

// sub reads the statement an if or a loop owns.
func (p *cParser) sub() *Node {
	for p.tok().Kind == tHTML {
		p.i++
	}
	if p.op('{') {
		return p.braces("")
	}
	p.depth++
	defer func() { p.depth-- }()
	b := p.node(KBlock, p.tok().Pos)
	if p.depth < maxDepth {
		if s := p.statement(""); s != nil {
			b.Kids = append(b.Kids, s)
		}
	} // else it stands behind, as a statement of its own
	return b
}

// semicolon skips to the statement's end.
func (p *cParser) semicolon() {
	for {
		t := p.tok()
		if t.Kind == tEOF || t.Kind == tHTML || t.Kind == tOut {
			return
		}
		if t.Kind == tOp && (t.Op == '}' || t.Op == '{') {
			return
		}
		p.i++
		if t.Kind == tOp && t.Op == ';' {
			return
		}
	}
}

func (p *cParser) end() {
	if p.takeOp(';') {
		return
	}
	if p.js() { // a new line may end the statement
		return
	}
	if t := p.tok(); t.Kind == tOp && t.Op != '}' {
		p.i++
	}
}

func (p *cParser) statement(class string) *Node {
	t := p.tok()
	switch t.Kind {
	case tHTML:
		p.i++
		return p.node(KHTML, t.Pos)
	case tOut:
		p.i++
		n := p.wrap(KOut, t.Pos, p.comma())
		p.takeOp(';')
		return n
	case tOp:
		switch t.Op {
		case ';', ')':
			p.i++
			return nil
		case '{':
			return p.braces("")
		case '[':
			if !p.js() {
				return p.attributed(class)
			}
			if class != "" {
				if m := p.member(true); m != nil {
					return m
				}
			}
		case '~': // a finalizer, named as its class
			if n := p.peek(1); class != "" && n.Kind == tIdent && n.S == class && !p.js() {
				p.i += 2
				return p.method(n, nil)
			}
		}
	case tIdent:
		if class != "" && p.js() {
			if m := p.member(true); m != nil {
				return m
			}
		}
		if s, ok := p.keyword(t, class); ok {
			return s
		}
		if !p.js() {
			if s := p.declaration(class, nil); s != nil {
				return s
			}
		} else if p.peek(1).Kind == tIdent && class != "" { // WebMethodAttribute function f
			var attrs []string
			at := p.i
			for p.tok().Kind == tIdent && p.tok().S != "function" && len(attrs) < 8 {
				attrs = append(attrs, lowerASCII(p.next().S))
			}
			if p.word("function") {
				if s := p.statement(class); s != nil {
					s.Attr = append(s.Attr, attrs...)
					return s
				}
			}
			p.i = at
		}
		if n := p.peek(1); n.Kind == tOp && n.Op == ':' && !(p.peek(2).Kind == tOp && p.peek(2).Op == ':') && class == "" { // label
			p.i += 2
			return nil
		}
	}
	e := p.comma()
	p.end()
	return p.wrap(KExpr, t.Pos, e)
}

func (p *cParser) attributed(class string) *Node {
	var attrs []string
	for p.op('[') {
		depth := 0
		for p.tok().Kind != tEOF {
			t := p.next()
			switch {
			case t.Kind == tIdent || t.Kind == tStr:
				attrs = append(attrs, lowerASCII(t.S))
			case t.Kind == tOp && t.Op == '[':
				depth++
			case t.Kind == tOp && t.Op == ']':
				depth--
			}
			if depth == 0 {
				break
			}
		}
	}
	s := p.statement(class)
	if s != nil && (s.Kind == KFunc || s.Kind == KClass) {
		s.Attr = append(attrs, s.Attr...)
	}
	return s
}

func (p *cParser) keyword(t Token, class string) (*Node, bool) {
	n1 := p.peek(1)
	switch t.S {
	case "if":
		return p.ifStatement(), true
	case "for":
		return p.forStatement(), true
	case "foreach":
		p.i++
		return p.foreach(t), true
	case "while":
		p.i++
		c := p.parens()
		return p.wrap(KWhile, t.Pos, c, p.sub()), true
	case "do":
		return p.doLoop(t), true
	case "switch":
		if n1.Kind == tOp && n1.Op == '(' {
			return p.switchStatement(), true
		}
	case "try":
		return p.tryBlock(t), true
	case "return", "throw", "yield":
		if t.S == "yield" && n1.Kind != tIdent {
			break
		}
		p.i++
		if t.S == "yield" {
			p.i++
		}
		n := p.node(KReturn, t.Pos)
		n.Op = t.S[0]
		if k := p.tok(); !(k.Kind == tOp && (k.Op == ';' || k.Op == '}')) && k.Kind != tEOF && k.Kind != tHTML {
			n.Kids = p.kids(p.comma())
			n.Flag = 1
		}
		p.end()
		return n, true
	case "break", "continue", "goto":
		p.i++
		k := KBreak
		if t.S == "continue" {
			k = KContinue
		}
		p.semicolon()
		return p.node(k, t.Pos), true
	case "using", "import", "package", "namespace":
		return p.using(t), true
	case "lock", "fixed", "with":
		return p.lock(t)
	case "unsafe", "checked", "unchecked", "else", "finally":
		if n1.Kind == tOp && n1.Op == '{' {
			p.i++
			return p.braces(""), true
		}
		if t.S == "else" {
			p.i++
			return nil, true
		}
	case "case", "default":
		if t.S == "default" && !(n1.Kind == tOp && n1.Op == ':') {
			break
		}
		p.i++
		if t.S == "case" {
			p.expr()
		}
		p.takeOp(':')
		return nil, true
	case "class", "struct", "interface", "enum", "record":
		if n1.Kind == tIdent {
			return p.class(t), true
		}
	case "var", "let", "const":
		return p.variable(t, class)
	case "function":
		if n1.Kind == tIdent || n1.Kind == tOp && n1.Op == '*' {
			p.i++
			return p.jsFunction(t), true
		}
	case "public", "private", "protected", "internal", "static", "readonly", "sealed", "abstract", "virtual", "override", "new", "extern", "partial", "async", "volatile", "unsafe_", "event", "hide", "expando", "final", "required", "file":
		if n1.Kind != tIdent || t.S == "new" && class == "" {
			break
		}
		return p.modified(class), true
	case "delegate":
		if n1.Kind == tIdent {
			p.semicolon()
			return nil, true
		}
	case "get", "set", "add", "remove", "init":
		return p.accessor(t)
	}
	return nil, false
}

func (p *cParser) modified(class string) *Node {
	var attrs []string
	for p.tok().Kind == tIdent && (p.peek(1).Kind == tIdent || p.peek(1).Kind == tOp && p.peek(1).Op == '[' && p.js()) {
		switch t := p.tok(); t.S {
		case "public", "private", "protected", "internal", "static", "readonly", "const", "sealed", "abstract", "virtual", "override", "new", "extern", "partial", "async", "volatile", "unsafe", "event", "hide", "expando", "final", "required", "file":
			attrs = append(attrs, t.S)
			p.i++
			continue
		}
		break
	}
	var s *Node
	switch t := p.tok(); t.S {
	case "class", "struct", "interface", "enum", "record":
		if p.peek(1).Kind == tIdent {
			s = p.class(t)
		}
	}
	if s == nil && !p.js() {
		s = p.declaration(class, attrs)
	}
	if s == nil {
		s = p.statement(class)
	}
	if s != nil && s.Kind == KFunc {
		s.Attr = append(s.Attr, attrs...)
	}
	return s
}

func (p *cParser) using(t Token) *Node {
	p.i++
	if t.S == "using" && p.op('(') {
		p.i++
		b := p.node(KBlock, t.Pos)
		if p.word("var") {
			p.i++
			b.Kids = append(b.Kids, p.variables(t.Pos, ""))
		} else if s := p.declaration("", nil); s != nil {
			b.Kids = append(b.Kids, s)
		} else {
			b.Kids = append(b.Kids, p.wrap(KExpr, t.Pos, p.comma()))
		}
		p.takeOp(')')
		b.Kids = append(b.Kids, p.sub())
		return b
	}
	if t.S == "using" && p.word("var") {
		p.i++
		return p.variables(t.Pos, "")
	}
	if t.S == "using" && !p.word("static") {
		if s := p.declaration("", nil); s != nil && len(s.Kids) > 0 && s.Kids[0] != nil {
			return s
		}
	}
	n := p.node(KImport, t.Pos)
	for {
		k := p.tok()
		if k.Kind == tIdent {
			n.Name = k.S
			if k.S == "static" {
				n.Op = 's'
			}
			if p.peek(1).Kind == tOp && p.peek(1).Op == '=' {
				n.Attr = append(n.Attr, k.S) // an alias
			}
			n.Low = lowerASCII(k.S)
		} else if k.Kind != tOp || k.Op != '.' && k.Op != '=' && k.Op != opScope {
			break
		}
		p.i++
	}
	if t.S == "namespace" || t.S == "package" {
		if p.op('{') {
			return p.braces("")
		}
		p.takeOp(';')
		return nil
	}
	p.semicolon()
	return n
}

func (p *cParser) class(t Token) *Node {
	const maxBases = 2 << 10 // bytes of their names
	p.i++
	n := p.node(KClass, p.tok().Pos)
	if !p.word("extends") && !p.op('{') {
		n.Name = p.next().S
	}
	if p.js() && p.word("extends") && p.peek(1).Kind == tIdent {
		n.Attr = []string{p.peek(1).S}
	}
	for k := p.tok(); k.Kind != tEOF && !p.op('{') && !p.op(';'); k = p.tok() {
		if k.Kind == tIdent && len(n.Low) < maxBases {
			n.Low += " " + lowerASCII(k.S)
		}
		p.i++
	}
	if t.S == "enum" {
		p.takeOp('{')
		p.skip('{', '}')
		p.takeOp('}')
		return n
	}
	if p.js() && n.Name == "" {
		n.Name = "\x00class"
	}
	n.Kids = p.braces(n.Name).Kids
	return n
}

// variables reads "a = 1, b : T = 2".
func (p *cParser) variables(pos int32, typ string) *Node {
	b := p.node(KBlock, pos)
	for p.tok().Kind == tIdent || p.opens() {
		var parts []*Node
		t := p.tok()
		n := p.node(KDecl, t.Pos)
		if p.opens() {
			from := p.apart(0)
			parts = p.pattern(from)
			n.Name = from.Name
		} else {
			p.i++
			n.Name, n.Low = t.S, typ
		}
		if p.op(':') && p.js() {
			p.i++
			if _, name, ok := p.typ(p.i); ok {
				e, _, _ := p.typ(p.i)
				p.i, n.Low = e, name
			}
		}
		if p.takeOp('=') {
			var v *Node
			if p.op('{') && typ != "" && !p.js() { // int[] a = { … }
				v = p.list()
			} else {
				v = p.expr()
			}
			n.Kids = p.kids(v)
			if n.Low == "" && v.Kind == KNew {
				n.Low = v.Low
			}
		}
		b.Kids = append(append(b.Kids, n), parts...)
		if !p.takeOp(',') {
			break
		}
	}
	if !p.op(')') {
		p.end()
	}
	if len(b.Kids) == 1 {
		return b.Kids[0]
	}
	return b
}
