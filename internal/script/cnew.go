package script

func (p *cParser) newObject() *Node {
	t := p.next()
	n := p.node(KNew, t.Pos)
	n.Kids = p.kids(nil)
	if p.op('[') {
		p.i--
		return p.newArray(t)
	}
	if p.op('{') {
		n.Kids[0] = p.initializer()
		return n
	}
	// The type: names, then generic arguments, never the brackets of an array.
	i := p.i
	for p.tok().Kind == tIdent {
		nt := p.next()
		n.Name, n.Low = nt.S, lowerASCII(nt.S)
		if p.op('<') {
			if j, ok := p.generic(p.i); ok {
				p.i = j
			}
		}
		if !p.takeOp('.') && !p.takeOp(opScope) {
			break
		}
	}
	if p.op('?') {
		p.i++
	}
	if p.op('[') && !p.js() {
		p.i = i - 1
		return p.newArray(t)
	}
	if p.i == i && !p.op('(') { // new (expr) in JScript
		return n
	}
	if p.takeOp('(') {
		n.Kids = append(n.Kids[:1:1], p.args(')')...)
	}
	if p.op('{') && !p.js() {
		n.Kids[0] = p.initializer()
	}
	return n
}

// newArray reads new T[n] { … } from "new".
func (p *cParser) newArray(t Token) *Node {
	p.take("new")
	name := ""
	for p.tok().Kind == tIdent {
		name = lowerASCII(p.next().S)
		if p.op('<') {
			if j, ok := p.generic(p.i); ok {
				p.i = j
			}
		}
		if !p.takeOp('.') {
			break
		}
	}
	n := p.node(KArray, t.Pos)
	n.Low = name
	for p.takeOp('[') {
		if a := p.args(']'); len(a) == 1 {
			n.Kids = a
			n.Op = 'n' // only a length
		}
	}
	if p.op('{') {
		l := p.list()
		l.Low = name
		return l
	}
	return n
}

// list reads { a, b }; a run of small numbers becomes one node.
func (p *cParser) list() *Node {
	t := p.next()
	return p.array(t, '}')
}

func (p *cParser) array(t Token, closing uint8) *Node {
	if b := p.bytes(closing); b != nil {
		n := p.node(KBytes, t.Pos)
		n.Name = string(b)
		return n
	}
	n := p.node(KArray, t.Pos)
	n.Kids = p.args(closing)
	return n
}

func (p *cParser) bytes(closing uint8) []byte {
	if !(p.tok().Kind == tNum && p.peek(1).Kind == tOp && p.peek(1).Op == ',') {
		return nil
	}
	var b []byte
	i := p.i
	for ; ; i++ {
		t := p.toks[i]
		if t.Kind == tOp && t.Op == closing && len(b) > 3 {
			p.i = i + 1
			return b
		}
		if t.Kind != tNum {
			return nil
		}
		v := number(t.S)
		if v < 0 || v > 255 || v != float64(byte(v)) {
			return nil
		}
		b = append(b, byte(v))
		i++
		if t = p.toks[i]; t.Kind == tOp && t.Op == ',' {
			if n := p.toks[i+1]; n.Kind == tOp && n.Op == closing {
				i++
			} else {
				continue
			}
		}
		if t = p.toks[i]; !(t.Kind == tOp && t.Op == closing) || len(b) < 4 {
			return nil
		}
		p.i = i + 1
		return b
	}
}

// initializer reads { A = 1, B = { … }, 2 }.
func (p *cParser) initializer() *Node {
	t := p.next()
	n := p.node(KObject, t.Pos)
	p.depth++
	defer func() { p.depth-- }()
	for !p.op('}') && p.tok().Kind != tEOF {
		at := p.i
		if p.depth > maxDepth {
			many := p.node(KMany, p.tok().Pos)
			p.leave('{', '}')
			n.Kids = append(n.Kids, p.putAside(many, at, ""))
			break
		}
		if k := p.tok(); k.Kind == tIdent && p.peek(1).Kind == tOp && p.peek(1).Op == '=' {
			p.i += 2
			var v *Node
			if p.op('{') {
				v = p.initializer()
			} else {
				v = p.expr()
			}
			pair := p.wrap(KPair, k.Pos, v)
			pair.Name, pair.Low = k.S, lowerASCII(k.S)
			n.Kids = append(n.Kids, pair)
		} else if p.op('{') {
			n.Kids = append(n.Kids, p.initializer())
		} else if p.op('[') { // ["key"] = value
			p.i++
			entry := p.node(KObject, k.Pos)
			entry.Kids = append(entry.Kids, p.expr())
			if p.takeOp(']') && p.takeOp('=') {
				entry.Kids = append(entry.Kids, p.expr())
			}
			n.Kids = append(n.Kids, entry)
		} else if !p.op(',') {
			n.Kids = append(n.Kids, p.expr())
		}
		p.takeOp(',')
		if p.i == at {
			p.i++
		}
	}
	p.takeOp('}')
	return n
}

// object reads a JScript { a: 1 }.
func (p *cParser) object() *Node {
	t := p.next()
	n := p.node(KObject, t.Pos)
	for !p.op('}') && p.tok().Kind != tEOF && !p.op(';') {
		at := p.i
		k := p.tok()
		if (k.Kind == tIdent || k.Kind == tStr || k.Kind == tNum) && p.peek(1).Kind == tOp && p.peek(1).Op == ':' {
			p.i += 2
			pair := p.wrap(KPair, k.Pos, p.expr())
			pair.Name, pair.Low = k.S, lowerASCII(k.S)
			n.Kids = append(n.Kids, pair)
		} else if m := p.member(false); m != nil && m.Kind == KFunc { // a method
			pair := p.wrap(KPair, k.Pos, m)
			pair.Name, pair.Low = m.Name, m.Low
			m.Kind, m.Name, m.Low = KLambda, "", ""
			n.Kids = append(n.Kids, pair)
		} else if p.takeOp('[') { // a key that is computed
			pair := p.wrap(KPair, k.Pos, nil, p.expr())
			p.takeOp(']')
			p.takeOp(':')
			pair.Kids[0] = p.expr()
			n.Kids = append(n.Kids, pair)
		} else {
			n.Kids = append(n.Kids, p.expr())
		}
		p.takeOp(',')
		if p.i == at {
			p.i++
		}
	}
	p.takeOp('}')
	return n
}
