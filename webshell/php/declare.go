package php

import (
	"strings"
)

func (p *parser) functionStatement(at int, c *class) *node {
	n := p.node(nFunc, at)
	*p.u.budget -= perFunction
	p.i++ // function
	f := &function{unit: p.u, toks: p.toks, class: c, pos: p.toks[at].pos, level: p.level}
	f.byRef = p.accept('&')
	f.name = lower(p.text(p.i))
	p.i++
	p.signature(f)
	p.bodyRange(f)
	n.fn = f
	return p.done(n)
}

// bodyRange notes where the body is, without reading it.
func (p *parser) bodyRange(f *function) {
	if p.peek() != '{' {
		p.end()
		f.parsed = true
		return
	}
	f.lo = uint32(p.i + 1)
	c := p.closing(p.i)
	f.hi = uint32(c)
	p.i = min(c+1, p.hi)
}

// signature reads (params) [use (…)] [: type].
func (p *parser) signature(f *function) {
	if p.peek() == '(' {
		f.params = p.params()
	}
	if p.word() == "use" && p.peekAt(1) == '(' {
		p.i++
		f.uses = p.params()
	}
	if p.accept(':') {
		for {
			switch p.peek() {
			case '?', '|', '&', tIdent, '(', ')':
				p.i++
				continue
			}
			break
		}
	}
}

func (p *parser) params() []param {
	open := p.i
	stop := p.closing(open)
	p.i++
	var list []param
	for p.i < stop && p.peek() != tEOF && len(list) < maxParams {
		var q param
		for p.i < stop && p.peek() != tVar && p.peek() != ',' {
			switch p.peek() {
			case '&':
				q.ref = true
			case tEllipsis:
				q.variadic = true
			case tAttr:
				p.i = max(p.i, min(p.closing(p.i), stop-1))
			case tIdent:
				switch w := p.word(); w {
				case "public", "private", "protected", "readonly":
					q.promoted = true
				default:
					q.typ = w
				}
			}
			p.i++
		}
		if p.i < stop && p.peek() == tVar {
			q.name = owned(p.text(p.i)[1:])
			p.i++
			if p.accept('=') {
				q.def = p.expr(0)
			}
			list = append(list, q)
		}
		if p.i < stop && !p.accept(',') {
			p.i++
		}
	}
	p.i = min(stop+1, p.hi)
	return list
}

// classStatement reads a class, interface, trait or enum; nil when the word
// was none of these.
func (p *parser) classStatement(at int) *node {
	i := 0
	for {
		switch p.wordAt(i) {
		case "abstract", "final", "readonly":
			i++
			continue
		}
		break
	}
	switch p.wordAt(i) {
	case "class", "interface", "trait", "enum":
	default:
		return nil
	}
	if p.peekAt(i+1) != tIdent {
		return nil
	}
	p.i += i + 1
	n := p.node(nClass, at)
	*p.u.budget -= perClass
	c := &class{name: lower(p.text(p.i)), unit: p.u}
	p.i++
	p.classRest(c)
	n.class = c
	return p.done(n)
}

func (p *parser) classRest(c *class) {
	for p.peek() != '{' && p.peek() != tEOF && p.peek() != ';' {
		if p.word() == "extends" && p.peekAt(1) == tIdent {
			c.parent = strings.ToLower(baseName(string(p.text(p.i + 1))))
		}
		if p.word() == "implements" {
			for p.i++; p.peek() == tIdent || p.peek() == ','; p.i++ {
				if p.peek() == tIdent {
					c.interfaces = append(c.interfaces, strings.ToLower(baseName(string(p.text(p.i)))))
				}
			}
			continue
		}
		p.i++
	}
	if p.peek() != '{' {
		return
	}
	stop := p.closing(p.i)
	p.i++
	for p.i < stop && p.peek() != tEOF {
		p.member(c, stop)
	}
	p.i = min(stop+1, p.hi)
}

func (p *parser) member(c *class, stop int) {
	static := false
	for p.i < stop {
		switch p.peek() {
		case tAttr:
			p.i = min(p.closing(p.i)+1, stop)
			continue
		case tVar:
			q := prop{name: owned(p.text(p.i)[1:]), static: static}
			p.i++
			if p.accept('=') {
				q.def = p.expr(0)
			}
			c.props = append(c.props, q)
			if p.peek() == '{' {
				p.hooks(c, q.name)
				return
			}
			if p.accept(',') {
				continue
			}
			p.end()
			return
		case tIdent:
			switch p.word() {
			case "static":
				static = true
			case "function":
				n := 1
				if p.peekAt(1) == '&' {
					n = 2
				}
				if p.peekAt(n) != tIdent {
					p.i++
					continue
				}
				f := p.functionStatement(p.i, c).fn
				f.static = static
				if c.methods == nil {
					c.methods = map[string]*function{}
				}
				c.methods[f.name] = f
				c.order = append(c.order, f)
				return
			case "const", "case":
				p.i++
				p.classConsts(c, stop)
				return
			case "use":
				p.i++
				for p.i < stop && p.peek() == tIdent {
					c.traits = append(c.traits, strings.ToLower(baseName(string(p.text(p.i)))))
					p.i++
					p.accept(',')
				}
				if p.peek() == '{' {
					p.i = min(p.closing(p.i)+1, stop)
				}
				return
			}
			p.i++
		default:
			p.i++
			return
		}
	}
}

// hooks reads the code that a property runs when it is read or set, as methods
// of the names that PHP gives them: https://wiki.php.net/rfc/property-hooks.
func (p *parser) hooks(c *class, name string) {
	stop := p.closing(p.i)
	for p.i++; p.i < stop && p.peek() != tEOF; {
		at := p.i
		p.accept('&')
		if p.peek() != tIdent {
			p.i++
			continue
		}
		f := &function{unit: p.u, toks: p.toks, class: c, pos: p.toks[at].pos, level: p.level, name: "$" + name + "::" + lower(p.text(p.i))}
		p.i++
		*p.u.budget -= perFunction
		f.params = []param{{name: "value"}}
		if p.peek() == '(' {
			f.params = p.params()
		}
		if p.accept(tDoubleArrow) {
			r := p.node(nReturn, p.i)
			r.a = p.expr(0)
			f.body, f.parsed = []*node{p.done(r)}, true
			p.end()
		} else {
			p.bodyRange(f)
		}
		if c.methods == nil {
			c.methods = map[string]*function{}
		}
		c.hooked = true
		c.methods[f.name] = f
		c.order = append(c.order, f)
	}
	p.i = min(stop+1, p.hi)
}

func (p *parser) classConsts(c *class, stop int) {
	for p.i < stop {
		if p.peek() == tIdent && p.peekAt(1) == tIdent { // a type
			p.i++
		}
		if p.peek() != tIdent {
			break
		}
		name := owned(p.text(p.i))
		p.i++
		if p.accept('=') {
			if c.consts == nil {
				c.consts = map[string]*node{}
			}
			if c.consts[name] == nil {
				c.named = append(c.named, name)
			}
			c.consts[name] = p.expr(0)
		}
		if !p.accept(',') {
			break
		}
	}
	p.end()
}
