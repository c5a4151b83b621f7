package client

import (
	"slices"

	"limier/internal/script"
)

// plain is the constructor of a class that has none.
var plain = &script.Node{Kind: script.KFunc, Kids: []*script.Node{{Kind: script.KBlock}}}

// class makes the function that a class is: what it holds for all stands in its
// prototype, of which each object gets a copy.
func (r *runner) class(n *script.Node) value {
	inner := &scope{up: r.cur, this: r.cur.this}
	c := obj(&object{class: "function", fn: plain, env: inner, def: n})
	proto := &object{class: "object"}
	inner.define(n.Name, c)
	if len(n.Attr) > 0 {
		base := r.name(n.Attr[0])
		inner.define("super", base)
		if p := r.get(base, "prototype"); p.is("object") {
			r.copy(proto, p.o)
		}
		if base.is("function") {
			c.o.fn = base.o.fn
		}
	}
	c.o.set("prototype", obj(proto))
	before := r.cur
	r.cur = inner
	for _, m := range n.Kids {
		static := slices.Contains(m.Attr, "static")
		switch {
		case m.Kind == script.KFunc && m.Name == "constructor" && !static:
			c.o.fn = m
		case m.Kind == script.KFunc && static:
			c.o.set(m.Name, r.function(m))
		case m.Kind == script.KFunc:
			proto.set(m.Name, r.function(m))
		case m.Kind == script.KDecl && static && len(m.Kids) > 0:
			inner.this = c
			c.o.set(m.Name, r.eval(m.Kids[0]))
		}
		r.spend(96)
	}
	r.cur = before
	return c
}

// fields gives a new object those of its class, and of the one before it where that
// makes the object.
func (r *runner) fields(c, this value) {
	if !c.is("function") || c.o.def == nil || !this.is("object") {
		return
	}
	if base := c.o.env.own("super"); base != nil && base.is("function") && base.o.fn == c.o.fn && r.nest < maxNest {
		r.left--
		r.nest++
		r.fields(*base, this)
		r.nest--
	}
	before := r.cur
	r.cur = &scope{up: c.o.env, this: this}
	for _, m := range c.o.def.Kids {
		if m.Kind == script.KDecl && len(m.Kids) > 0 && !slices.Contains(m.Attr, "static") {
			r.set(this, str(m.Name), r.eval(m.Kids[0]))
		}
	}
	r.cur = before
}
