package client

import (
	"limier/internal/script"
)

// eval is what an expression gives.
func (r *runner) eval(n *script.Node) value {
	if n == nil {
		return value{}
	}
	r.left--
	if r.left <= 0 {
		return value{}
	}
	if r.nest > 2*maxNest && n.Kind != script.KStr && n.Kind != script.KNum {
		r.putAside(n)
		return value{}
	}
	var v value
	switch n.Kind {
	case script.KStr:
		v = str(n.Name)
	case script.KNum:
		return num(n.Num)
	default:
		r.nest++
		v = r.expression(n)
		r.nest--
	}
	r.left -= len(v.s) / perStep
	return v
}

func (r *runner) expression(n *script.Node) value {
	switch n.Kind {
	case script.KBool:
		return yes(n.Num != 0)
	case script.KNull:
		return none()
	case script.KBytes:
		elems := make([]value, len(n.Name))
		r.spend(64 * len(elems))
		for i := range elems {
			elems[i] = num(float64(n.Name[i]))
		}
		return array(elems...)
	case script.KName:
		return r.name(n.Name)
	case script.KMember:
		return r.get(r.eval(n.Kids[0]), n.Name)
	case script.KIndex:
		v := r.eval(n.Kids[0])
		return r.index(v, r.key(n))
	case script.KCall:
		return r.evalCall(n)
	case script.KCat:
		v := r.eval(n.Kids[0])
		for _, k := range n.Kids[1:] {
			v = r.plus(v, r.eval(k))
		}
		return v
	case script.KBin:
		return r.binary(n)
	case script.KMany:
		var v value
		for _, k := range n.Kids {
			v = r.eval(k)
			if n.Op == 0 && len(n.Kids) > 1 { // code out of its place: who calls it is not known
				r.later(v, value{})
			}
		}
		if n.Op == ',' || len(n.Kids) == 1 {
			return v
		}
		return value{}
	case script.KUn:
		return r.unary(n)
	case script.KCond:
		c := r.eval(n.Kids[0])
		truth, known := c.truth()
		if known && truth {
			return r.eval(n.Kids[1])
		}
		if known {
			return r.eval(n.Kids[2])
		}
		before := r.under
		r.under |= c.from
		a, b := r.eval(n.Kids[1]), r.eval(n.Kids[2])
		r.under = before
		if by := c.from & (byRobot | byMember | fromCard); by != 0 && a.k != ref && a.k != text && b.k != ref && b.k != text {
			return value{from: by | c.from&fromKept}
		}
		return either(a, b)
	case script.KNew:
		return r.evalNew(n)
	case script.KArray:
		return array(r.args(n.Kids)...)
	case script.KObject:
		return r.object(n)
	case script.KLambda, script.KFunc:
		f := r.function(n)
		if n.Kind == script.KLambda && n.Name != "" {
			inner := &scope{up: r.cur, this: r.cur.this, args: r.cur.args}
			f.o.env = inner
			inner.define(n.Name, f)
		}
		return f
	case script.KClass:
		c := r.class(n)
		r.cur.define(n.Name, c)
		return c
	case script.KAssign:
		return r.assignment(n)
	case script.KBad:
		if n.Op == 'r' {
			return obj(&object{class: "regexp", name: n.Name})
		}
	}
	return value{}
}

// either is one of two values, the more telling.
func either(a, b value) value {
	if a.k == unknown && a.from != 0 && b.k == text && b.s == "" { // what is typed, or nothing
		return some(a, b)
	}
	if a.k == unknown || a.k == undefined || a.k == text && a.s == "" {
		b.from |= a.from
		return b
	}
	a.from |= b.from
	return a
}

func (r *runner) object(n *script.Node) value {
	o := &object{class: "object"}
	for _, k := range n.Kids {
		switch {
		case k.Kind == script.KPair && len(k.Kids) > 1:
			r.set(obj(o), r.eval(k.Kids[1]), r.eval(k.Kids[0]))
		case k.Kind == script.KPair:
			o.set(k.Name, r.eval(k.Kids[0]))
		case k.Kind == script.KName:
			o.set(k.Name, r.eval(k))
		case k.Kind == script.KUn && k.Op == script.OpSpread:
			if v := r.eval(k.Kids[0]); v.is("object") {
				r.copy(o, v.o)
			}
		}
	}
	r.spend(64 * len(n.Kids))
	if v, ok := o.props["value"]; ok && !v.known() && o.props["name"].k == text { // a field, as chats show it
		v.from |= label(o.props["name"].s+":", v.from)
		o.props["value"] = v
	}
	return obj(o)
}

// copy gives an object what another holds.
func (r *runner) copy(to, from *object) {
	if !r.spend(96 * len(from.keys)) {
		return
	}
	for _, k := range from.keys {
		to.set(k, from.props[k])
	}
}

func (r *runner) args(kids []*script.Node) []value {
	out := make([]value, 0, len(kids))
	r.spend(64 * len(kids))
	for _, k := range kids {
		if k != nil && k.Kind == script.KUn && k.Op == script.OpSpread {
			v := r.eval(k.Kids[0])
			if v.is("array") && r.spend(64*len(v.o.elems)) {
				out = append(out, v.o.elems...)
				continue
			}
			if v.k == text && v.known() && r.spend(64*len(v.s)) {
				for _, c := range units(v.s) {
					out = append(out, str(c))
				}
				continue
			}
			if v.is("element") {
				e := dom("item", v)
				e.from |= v.marks()
				out = append(out, e)
			} else {
				out = append(out, some(v))
			}
			continue
		}
		out = append(out, r.eval(k))
	}
	return out
}

func (r *runner) key(n *script.Node) value {
	var v value
	for _, k := range n.Kids[1:] {
		v = r.eval(k)
	}
	return v
}

func (r *runner) index(v, key value) value {
	if key.known() || key.is("array") {
		return r.get(v, r.text(key))
	}
	if v.is("array") && len(v.o.elems) > 0 && len(v.o.elems) < 64 { // one of them
		out := v.o.elems[0]
		out.from |= v.marks()
		return out
	}
	return some(v)
}

// assignment stores what the right side gives.
func (r *runner) assignment(n *script.Node) value {
	target := n.Kids[0]
	var base, key, old value
	switch target.Kind {
	case script.KMember:
		base, key = r.eval(target.Kids[0]), str(target.Name)
	case script.KIndex:
		base = r.eval(target.Kids[0])
		key = r.key(target)
	}
	if n.Op != 0 {
		if target.Kind == script.KName {
			old = r.name(target.Name)
		} else {
			old = r.index(base, key)
		}
	}
	v := r.eval(n.Kids[1])
	switch n.Op {
	case 0:
	case '+':
		if n.Flag&1 == 1 || n.Kids[1].Kind == script.KNum && n.Kids[1].Pos == n.Pos { // x++
			old = r.numeric(old)
		}
		v = r.plus(old, v)
	case '?':
		if old.k != undefined {
			v = old
		}
	case '<':
		v = r.arithmetic(script.OpShl, false, old, v)
	default:
		v = r.arithmetic(n.Op, false, old, v)
	}
	switch target.Kind {
	case script.KArray, script.KObject:
		r.takeApart(target, v)
	case script.KName:
		if held := r.cur.find(target.Name); r.unsure > 0 && v.k == boolean && held != nil && (held.k == unknown || held.k == boolean && held.n != v.n) {
			v = value{from: held.from | v.from} // either
		}
		r.assignName(target.Name, v)
	case script.KDecl:
		r.cur.define(target.Name, v)
	case script.KMember, script.KIndex:
		r.set(base, key, v)
	}
	if n.Flag&1 == 1 {
		return old
	}
	return v
}

// takeApart assigns what a list or an object holds to the names on the left.
func (r *runner) takeApart(target *script.Node, v value) {
	for i, k := range target.Kids {
		var of value
		switch {
		case target.Kind == script.KArray:
			of = r.get(v, format(float64(i)))
		case k.Kind == script.KPair:
			of = r.get(v, k.Name)
			k = k.Kids[0]
		default:
			of = r.get(v, k.Name)
		}
		switch k.Kind {
		case script.KName:
			r.assignName(k.Name, of)
		case script.KMember:
			r.set(r.eval(k.Kids[0]), str(k.Name), of)
		case script.KIndex:
			r.set(r.eval(k.Kids[0]), r.key(k), of)
		}
	}
}
