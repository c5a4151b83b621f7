package script

import (
	"slices"
	"strings"
)

func (c call) array() (Value, bool) {
	return Value{K: VArray, O: &Object{Elems: slices.Clone(c.args)}}, true
}

func (c call) isArray() (Value, bool) {
	if c.recv.K == VArray {
		return Bool(true), true
	}
	return Value{}, true
}

func (c call) ubound() (Value, bool) {
	a := c.recv
	if a.K == VArray && a.O.Any.T == nil && len(a.O.Elems) > 0 {
		return Num(float64(len(a.O.Elems) - 1)), true
	}
	if a.K == VBytes {
		return Num(float64(len(a.O.Buf) - 1)), true
	}
	return Value{}, true
}

func (c call) lbound() (Value, bool) { return Num(0), true }

// reverseArg is Array.Reverse, or StrReverse by another name.
func (c call) reverseArg() (Value, bool) {
	switch a := c.recv; {
	case a.K == VString && len(c.args) == 1:
		return c.folded(reverse(a.S), a)
	case a.K == VArray && len(c.args) == 1:
		slices.Reverse(a.O.Elems)
		return a, true
	case a.K == VBytes:
		slices.Reverse(a.O.Buf)
		return a, true
	}
	return c.given()
}

// join is Join(array, sep) of Visual Basic, or string.Join(sep, …).
func (c call) join() (Value, bool) {
	list, sep := c.recv, Const(" ")
	if c.cur.d == VBScript || list.K == VArray {
		if len(c.args) > 1 {
			sep = c.args[1]
		}
	} else if len(c.args) > 1 { // string.Join(sep, list)
		sep, list = list, c.args[1]
		if len(c.args) > 2 || list.K != VArray {
			list = Value{K: VArray, O: &Object{Elems: c.args[1:]}}
		}
	}
	return c.joined(list, sep, c.args), true
}

// joined is a list with text in between; of an unknown one, what args stem from.
func (m *Machine) joined(list, sep Value, args []Value) Value {
	if list.K != VArray || list.O.Any.T != nil || len(list.O.Elems) == 0 || !m.room(2*len(list.O.Elems)) {
		return Union(args...)
	}
	parts := make([]Value, 0, 2*len(list.O.Elems))
	for i, e := range list.O.Elems {
		if i > 0 {
			parts = append(parts, sep)
		}
		parts = append(parts, e)
	}
	m.left -= len(parts)
	return m.Concat(parts...)
}

// filter is Visual Basic's Filter(list, part, include).
func (c call) filter() (Value, bool) {
	part, ok := arg(c.args, 1).Text()
	list := c.recv
	if list.K != VArray || list.O.Any.T != nil || !ok {
		return c.given()
	}
	include := true
	if len(c.args) > 2 {
		include, _ = c.args[2].Truth()
	}
	o := &Object{}
	for _, e := range list.O.Elems {
		if s, known := e.Text(); !known || strings.Contains(s, part) == include {
			o.Elems = append(o.Elems, e)
		}
		c.left--
	}
	return Value{K: VArray, O: o}, true
}

// Bounds of the letters or elements that a function is called with one by one:
// of one list, and of all.
const (
	maxEach    = 4096
	maxEachAll = 8 * maxEach
)

// each is LINQ's list.Select(f) of what is known; f may be a method's name.
func (m *Machine) each(n *Node, list, f Value) (Value, bool) {
	if f.K != VFunc && f.K != VType {
		return Value{}, false
	}
	all, ok := m.list(list)
	if !ok {
		return Value{}, false
	}
	o := &Object{Elems: make([]Value, len(all))}
	for i, e := range all {
		o.Elems[i] = m.callValue(n, f, []Value{e})
	}
	return Value{K: VArray, O: o}, true
}

// list is what a known list holds, or the letters of a text, each of which a
// function is to be called with.
func (m *Machine) list(v Value) ([]Value, bool) {
	var all []Value
	switch s, ok := v.Text(); {
	case v.T != nil || m.eached >= maxEachAll:
		return nil, false
	case v.K == VArray && v.O.Any.T == nil && len(v.O.Elems) <= maxEach:
		all = v.O.Elems
	case v.K == VBytes && len(v.O.Buf) <= maxEach:
		for _, b := range v.O.Buf {
			all = append(all, Num(float64(b)))
		}
	case v.K == VString && ok && len(s) <= maxEach:
		r := m.letters(s)
		for i := range r.len() {
			all = append(all, m.one(r, i))
		}
	}
	m.eached += len(all)
	return all, len(all) > 0 && m.room(len(all))
}

// part is what LINQ's Skip or Take leaves of a text or list.
func (m *Machine) part(v Value, name string, i int) (Value, bool) {
	switch {
	case v.K == VString && name == "skip":
		r := m.letters(v.S)
		return m.folded(r.slice(i, r.len()), v)
	case v.K == VString:
		return m.folded(m.letters(v.S).slice(0, i), v)
	case v.K == VArray && v.O.Any.T == nil && !v.O.loose:
		e := v.O.Elems
		if i = min(i, len(e)); name == "skip" {
			e = e[i:]
		} else {
			e = e[:i]
		}
		if !m.room(len(e)) {
			return Value{}, false
		}
		return Value{K: VArray, L: v.L, T: v.T, O: &Object{Elems: slices.Clone(e)}}, true
	}
	return Value{}, false
}

func (m *Machine) arrayMethod(recv Value, name string, args []Value) (Value, bool) {
	o := recv.O
	switch name {
	case "push", "add", "addrange", "enqueue":
		for _, a := range args {
			o.loose = o.loose || m.weak > m.cur.weak && !a.Known()
			if len(o.Elems) < 1<<18 && o.Any.T == nil {
				if name == "addrange" && a.K == VArray && m.room(len(a.O.Elems)) {
					o.Elems = append(o.Elems, a.O.Elems...)
					continue
				}
				o.Elems = append(o.Elems, a)
			} else {
				o.Any = Union(o.Any, a)
			}
		}
		return recv, true
	case "join":
		sep := Const(",")
		if len(args) > 0 {
			sep = args[0]
		}
		return m.joined(recv, sep, []Value{recv, sep}), true
	case "reverse":
		if m.room(len(o.Elems)) {
			o.Elems = slices.Clone(o.Elems)
			slices.Reverse(o.Elems)
		}
		return recv, true
	case "toarray", "tolist", "cast", "clone":
		if b, ok := m.bytesOf(recv); ok && len(o.Elems) > 0 && o.Elems[0].K == VNumber {
			return Value{K: VBytes, O: &Object{Buf: b}}, true
		}
		return recv, true
	case "tostring":
		if m.cur.d == JScript {
			return m.joined(recv, Const(","), []Value{recv}), true
		}
	case "count", "length":
		if o.Any.T == nil && len(o.Elems) > 0 && !o.loose {
			return Num(float64(len(o.Elems))), true
		}
		return Value{}, true
	case "pop", "shift", "dequeue", "removeat":
		if n := len(o.Elems); n > 0 && m.weak == 0 && m.room(n) {
			i := 0
			switch name {
			case "pop":
				i = n - 1
			case "removeat":
				i, _ = numArg(args, 0, 0)
				i = max(0, min(i, n-1))
			}
			e := o.Elems[i]
			o.Elems = append(append([]Value(nil), o.Elems[:i]...), o.Elems[i+1:]...)
			return e, true
		}
		return Union(recv), true
	}
	return Value{}, false
}
