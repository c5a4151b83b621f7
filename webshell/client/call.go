package client

import (
	"slices"
	"strconv"
	"strings"

	"limier/internal/script"
)

// name is what a variable holds, or what the language and the browser give.
func (r *runner) name(name string) value {
	switch name {
	case "this":
		return r.cur.this
	case "arguments":
		for s := r.cur; s != nil; s = s.up {
			if s.args != nil {
				return array(s.args...)
			}
		}
		return value{}
	}
	if v := r.cur.find(name); v != nil && (v.k != unknown || v.from != 0 || name != "$" && name != "jQuery") {
		return *v
	}
	return r.builtin(name)
}

// get is a member of a value.
func (r *runner) get(v value, key string) value {
	switch v.k {
	case text:
		return r.letter(v, key)
	case number, boolean:
		return method(v, key)
	case undefined:
		return none()
	case unknown:
		return value{k: ref, from: v.from &^ allCookies, o: &object{class: "element", name: key, this: v}}
	}
	o := v.o
	if p, ok := o.props[key]; ok {
		if p.is("getter") {
			return r.invoke(p.o, v, nil)
		}
		return p
	}
	switch o.class {
	case "array":
		if key == "length" {
			return num(float64(len(o.elems)))
		}
		if i, err := strconv.Atoi(key); err == nil {
			if i >= 0 && i < len(o.elems) {
				return o.elems[i]
			}
			return none()
		}
		if key == "" {
			return none()
		}
	case "object":
		switch key {
		case "hasOwnProperty", "toString", "constructor", "valueOf":
		default:
			return none()
		}
	case "function":
		switch key {
		case "prototype":
			p := obj(&object{class: "object"})
			o.set(key, p)
			return p
		case "length":
			return num(float64(len(o.fn.Kids) - 1))
		}
	case "native":
		if name := o.native(); key == "name" && name != "" {
			return str(name)
		}
	case "regexp":
		if key == "source" {
			body, _ := cutRegexp(o.name)
			return str(body)
		}
	default:
		return r.member(v, key)
	}
	return method(v, key)
}

func (r *runner) letter(v value, key string) value {
	if key == "length" {
		if !v.known() {
			return some(v)
		}
		return num(float64(length(v.s)))
	}
	if i, err := strconv.Atoi(key); err == nil {
		if !v.known() {
			return some(v)
		}
		if c := slice(v.s, i, i+1); c != "" {
			return value{k: text, s: c, from: v.from}
		}
		return none()
	}
	return method(v, key)
}

// set stores a member.
func (r *runner) set(base, key, v value) {
	if v.callable() && key.s == "request" { // of a wallet, as the page's own calls
		r.later(v, base, value{}, value{})
	}
	if base.k != ref {
		return
	}
	o := base.o
	if !key.known() {
		if o.class == "object" || o.class == "array" || o.class == "element" {
			o.set("\x00any", some(v, o.props["\x00any"]))
		}
		return
	}
	name := key.string()
	if o.class == "array" {
		i, err := strconv.Atoi(name)
		if err == nil && i >= 0 && i < maxElems && i <= len(o.elems)+1024 {
			for len(o.elems) <= i {
				o.elems = append(o.elems, none())
				r.spend(64)
			}
			o.elems[i] = v
			return
		}
		if f, ok := v.number(); name == "length" && ok && f >= 0 && f < float64(len(o.elems)) {
			o.elems = o.elems[:int(f)]
			return
		}
	}
	if v.callable() && (o.class == "native" || o.class == "window" && name == "fetch") { // the page's own calls come by
		sent, url := value{from: fromField | fromAll}, value{from: fromPlace}
		switch name {
		case "send":
			r.later(v, base, sent)
		case "fetch":
			r.later(v, base, url, sent)
		default:
			r.later(v, base, value{}, value{})
		}
	}
	if o.class == "window" && !strings.HasPrefix(name, "on") {
		if !r.setGlobal(name, v) {
			r.global.define(name, v)
		}
		return
	}
	if len(o.keys) < maxElems {
		r.spend(96)
		o.set(name, v)
	}
	if o.class != "object" && o.class != "array" && o.class != "function" {
		r.assigned(base, name, v)
	}
}

func (r *runner) evalCall(n *script.Node) value {
	callee := n.Kids[0]
	var fn, this value
	switch callee.Kind {
	case script.KMember, script.KIndex:
		base := callee.Kids[0]
		this = r.eval(base)
		key := str(callee.Name)
		if callee.Kind == script.KIndex {
			key = r.key(callee)
		}
		if base != nil && base.Kind == script.KName && base.Name == "super" && this.is("function") {
			fn, this = r.index(r.get(this, "prototype"), key), r.cur.this
			break
		}
		if key.k == text && key.known() && this.methodOf(key.s) && !r.raised {
			return r.method(key.s, this, n)
		}
		fn = r.index(this, key)
	default:
		fn = r.eval(callee)
		if callee.Kind != script.KName {
			break
		}
		switch callee.Name {
		case "super":
			this = r.cur.this
			r.fields(fn, this)
		case "require", "requirejs", "define":
			if fn.k == unknown {
				return r.requires(r.args(n.Kids[1:]))
			}
		}
	}
	if r.raised {
		return value{}
	}
	return r.call(fn, this, r.args(n.Kids[1:]))
}

// requires calls a function with the libraries that the list before it names, as
// loaders of modules do; jQuery is the one that matters.
func (r *runner) requires(args []value) value {
	var given []value
	for _, a := range args {
		if a.is("array") {
			for _, e := range a.o.elems[:min(len(a.o.elems), maxMarked)] {
				lib := value{}
				if e.k == text && e.s == "jquery" {
					lib = method(value{}, "$")
				}
				given = append(given, lib)
			}
		}
		r.later(a, value{}, given...)
	}
	return some(args...)
}

// methodOf says that what a text, number or list has by a name is a method of the
// language, for which no function need be made.
func (v value) methodOf(name string) bool {
	switch {
	case name == "" || name == "length" || name[0] <= '9':
		return false
	case v.is("array"):
		_, own := v.o.props[name]
		return !own
	}
	return v.k == text || v.k == number
}

// method calls such a method.
func (r *runner) method(name string, this value, call *script.Node) value {
	args := r.args(call.Kids[1:])
	if r.left <= 0 || r.nest > 2*maxNest {
		return value{}
	}
	return r.native(name, this, args)
}

// call calls fn.
func (r *runner) call(fn, this value, args []value) value {
	if r.left <= 0 || r.nest > 2*maxNest {
		return value{}
	}
	switch {
	case fn.is("function"):
		return r.invoke(fn.o, this, args)
	case fn.is("native"):
		return r.native(fn.o.name, fn.o.this, args)
	case fn.is("element"):
		return r.native(fn.o.name, fn.o.this, args)
	}
	for _, a := range args {
		r.later(a, value{}, value{}, value{})
	}
	r.shows(args...)
	return some(append(args, fn)...)
}

// invoke runs a function of the script.
func (r *runner) invoke(f *object, this value, args []value) value {
	n := f.fn
	last := len(n.Kids) - 1
	if last < 0 || f.busy > 2 && slices.ContainsFunc(args, value.vague) || r.repeats(n) {
		return some(args...)
	}
	f.calls++
	c := r.cipherOf(n, args)
	if c != nil && c.proven >= maxProven && r.spend(256+8*len(args[0].s)) {
		if s, ok := c.plain(args[0].s, args[1].s); ok {
			return value{k: text, s: s, from: args[0].from | args[1].from}
		}
	}
	f.busy++
	defer func() { f.busy-- }()
	s := &scope{up: f.env, this: this, args: args}
	switch {
	case n.Op == script.OpArrow:
		s.this = f.this
	case this.k == unknown && this.o == nil:
		s.this = r.global.this
	}
	if args == nil {
		s.args = []value{}
	}
	r.spend(128 + 64*last)
	s.few = make([]variable, 0, min(maxFew, last+1))
	for i, p := range n.Kids[:last] {
		v := none()
		switch {
		case p.Flag == 2:
			v = array(args[min(i, len(args)):]...)
		case i < len(args):
			v = args[i]
		}
		s.define(p.Name, v)
	}
	old, under := r.cur, r.under
	r.cur, r.ret = s, none()
	r.nest++
	ended := r.block(n.Kids[last])
	r.nest--
	r.cur, r.under = old, under
	if ended == throws {
		r.raised = true
		return value{}
	}
	out := r.ret
	r.ret = none()
	if ended != returns {
		return none()
	}
	if c != nil {
		c.learn(args, out)
	}
	return out
}

func (r *runner) evalNew(n *script.Node) value {
	args := r.args(n.Kids[1:])
	fn := r.name(n.Name)
	if n.Name == "window" || n.Name == "self" { // new window["X"]: the rest follows
		return fn
	}
	return r.construct(fn, n.Name, args)
}

func (r *runner) construct(fn value, name string, args []value) value {
	if fn.is("function") {
		this := obj(&object{class: "object"})
		if p, ok := fn.o.props["prototype"]; ok && p.is("object") {
			r.copy(this.o, p.o)
		}
		r.fields(fn, this)
		if out := r.invoke(fn.o, this, args); out.k == ref {
			return out
		}
		return this
	}
	if fn.is("native") {
		name = fn.o.name
	}
	return r.native(name, value{}, args)
}
