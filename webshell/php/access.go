package php

import (
	"strings"
)

func (p *parser) newExpr(at int) *node {
	n := p.node(nNew, at)
	p.i++
	for p.peek() == tAttr {
		p.i = min(p.closing(p.i)+1, p.hi)
	}
	if p.word() == "class" {
		p.i++
		n.list = p.args()
		c := &class{name: "class@anonymous", unit: p.u}
		p.classRest(c)
		n.class = c
		return p.done(n)
	}
	switch p.peek() {
	case tIdent:
		n.a = p.node(nName, p.i)
		n.a.s = string(p.text(p.i))
		p.i++
		if p.peek() == tColons && p.peekAt(1) == tVar { // new static::$x
			n.a = p.node(nSProp, p.i)
			n.a.b = p.node(nStr, p.i+1)
			n.a.b.s = string(p.text(p.i + 1)[1:])
			n.a.a = bad
			p.i += 2
		}
	case '(':
		n.a = p.paren()
	case tVar, '$':
		e := p.primary()
		for {
			if p.peek() == tArrow && p.peekAt(1) == tIdent || p.peek() == '[' || p.peek() == tColons && p.peekAt(1) == tVar {
				e = p.access(e, at)
				if *p.u.budget <= 0 {
					break
				}
				continue
			}
			break
		}
		n.a = e
	default:
		n.a = bad
	}
	n.list = p.args()
	return p.done(n)
}

func (p *parser) closure(at int) *node {
	n := p.node(nClosure, at)
	f := &function{unit: p.u, toks: p.toks, name: "{closure}", pos: p.toks[at].pos, level: p.level}
	f.arrow = p.word() == "fn"
	p.i++
	f.byRef = p.accept('&')
	p.signature(f)
	if f.arrow {
		if p.accept(tDoubleArrow) {
			r := p.node(nReturn, p.i)
			r.a = p.expr(powAssign)
			f.body = []*node{p.done(r)}
		}
		f.parsed = true
	} else {
		p.bodyRange(f)
	}
	n.fn = f
	return p.done(n)
}

func (p *parser) matchExpr(at int) *node {
	n := p.node(nMatch, at)
	p.i++
	n.a = p.paren()
	if p.peek() != '{' {
		return p.done(n)
	}
	stop := p.closing(p.i)
	p.i++
	for p.i < stop && p.peek() != tEOF {
		c := p.node(nPair, p.i)
		if p.word() == "default" {
			p.i++
		} else {
			c.list = p.expressions()
		}
		if p.accept(tDoubleArrow) {
			c.b = p.expr(0)
		}
		n.list = append(n.list, p.done(c))
		if !p.accept(',') && p.i < stop {
			p.i++
		}
	}
	p.i = min(stop+1, p.hi)
	return p.done(n)
}

// postfix reads the calls, indexes and members that follow an operand.
func (p *parser) postfix(e *node, at int) *node {
	for *p.u.budget > 0 {
		switch p.peek() {
		case '(', '[', '{', tArrow, tNullArrow, tColons:
			x := p.access(e, at)
			if x == nil {
				return e
			}
			e = x
		case tInc, tDec:
			n := p.node(nIncDec, at)
			n.s, n.n = "post", 1
			if p.peek() == tDec {
				n.n = -1
			}
			p.i++
			n.a = e
			e = p.done(n)
		default:
			return e
		}
	}
	p.skipExpr()
	return e
}

// access reads one call, index or member; nil if what follows is none.
func (p *parser) access(e *node, at int) *node {
	switch p.peek() {
	case '(':
		n := p.node(nCall, at)
		if e.op == nConst {
			e.op = nName
		}
		n.a = e
		n.list = p.args()
		return p.done(n)
	case '[':
		open := p.i
		p.i++
		n := p.node(nIndex, at)
		n.a = e
		if !p.accept(']') {
			n.b = p.expr(0)
			p.shut(']', open)
		}
		return p.done(n)
	case '{': // $s{0}, until PHP 7
		if e.op != nVar && e.op != nIndex && e.op != nProp && e.op != nVarVar && e.op != nStr && e.op != nSProp {
			return nil
		}
		open := p.i
		if c := p.closing(open); c-open > 40 || c-open < 2 {
			return nil
		}
		p.i++
		n := p.node(nIndex, at)
		n.a = e
		n.b = p.expr(0)
		if !p.accept('}') {
			p.i = open
			return nil
		}
		return p.done(n)
	case tArrow, tNullArrow:
		p.i++
		name := p.memberName()
		if p.peek() == '(' {
			n := p.node(nMCall, at)
			n.a, n.b = e, name
			n.list = p.args()
			return p.done(n)
		}
		n := p.node(nProp, at)
		n.a, n.b = e, name
		return p.done(n)
	case tColons:
		p.i++
		if e.op == nConst {
			e.op = nName
		}
		switch p.peek() {
		case tVar, '$':
			v := p.primary()
			if p.peek() == '(' { // a::$f()
				n := p.node(nSCall, at)
				n.a, n.b = e, v
				n.list = p.args()
				return p.done(n)
			}
			n := p.node(nSProp, at)
			n.a = e
			if v.op == nVar {
				v.op = nStr
			} else if v.op == nVarVar {
				v = v.a
			}
			n.b = v
			return p.done(n)
		}
		name := p.memberName()
		if p.peek() == '(' {
			n := p.node(nSCall, at)
			n.a, n.b = e, name
			n.list = p.args()
			return p.done(n)
		}
		n := p.node(nClassConst, at)
		n.a, n.s = e, name.s
		return p.done(n)
	}
	return nil
}

// memberName reads what follows -> or ::, a nStr when it is a plain name.
func (p *parser) memberName() *node {
	at := p.i
	switch p.peek() {
	case tIdent:
		n := p.node(nStr, at)
		n.s = string(p.text(at))
		p.i++
		return n
	case tVar, '$':
		return p.primary()
	case '{':
		p.i++
		e := p.expr(0)
		p.shut('}', at)
		return e
	}
	return &node{op: nBad}
}

// baseName is a name without its namespace.
func baseName(s string) string {
	if i := strings.LastIndexByte(s, '\\'); i >= 0 {
		return s[i+1:]
	}
	return s
}
