package php

// containers are PHP's own classes that hold a list of values.
var containers = words("arrayobject arrayiterator splstack splqueue spldoublylinkedlist splfixedarray splminheap splmaxheap splpriorityqueue")

// items is the slot of what a container holds, or of what a generator yields;
// nil when that is not known one by one.
func items(v value) *slot {
	if o, ok := v.ref.(*object); ok && v.k == vObj {
		return o.props["#items"]
	}
	return nil
}

// listed is what a loop over v goes through: a stack gives its last first.
func (m *machine) listed(v value) value {
	s := items(v)
	if s == nil {
		return m.iterated(v)
	}
	a, ok := s.v.ref.(*array)
	if o := v.ref.(*object); ok && o.name == "splstack" && !a.open && m.spend(elementSize/8*len(a.vals)) {
		b := newArray()
		for i := len(a.vals) - 1; i >= 0; i-- {
			b.push(a.vals[i])
		}
		return arrOf(b)
	}
	if ok {
		a.shared = true
	}
	return s.v
}

// iterated is what a loop over any other object goes through: what its class
// gives, or its properties.
func (m *machine) iterated(v value) value {
	o, ok := v.ref.(*object)
	if !ok || v.k != vObj || m.calls >= maxCalls/2 {
		return v
	}
	if o.class == nil {
		if o.name != "stdclass" || len(o.names) == 0 {
			return v
		}
		return arrOf(o.array())
	}
	if in, ok := m.magic(v, "getiterator"); ok {
		if w, _ := in.ref.(*object); w != nil && w != o {
			return m.listed(in)
		}
		return in
	}
	if m.method(o.class, "valid") == nil {
		if len(o.names) == 0 {
			return v
		}
		return arrOf(o.array())
	}
	a := newArray()
	m.magic(v, "rewind")
	for range maxIterated {
		more, _ := m.magic(v, "valid")
		if yes, ok := more.truth(); !ok || !yes {
			a.open = !ok
			break
		}
		x, _ := m.magic(v, "current")
		a.push(x)
		m.magic(v, "next")
	}
	if t, tr := taintOf(arrOf(a)); a.open {
		x, _ := m.magic(v, "current")
		a.rest = join(x, value{t: t, tr: tr})
	}
	return arrOf(a)
}

// maxIterated is how many elements of a class's own iterator are asked for.
const maxIterated = 2000

// container calls a method of a container; ok is false for one that is not
// about what it holds.
func (m *machine) container(o *object, name string, args []value) (v value, ok bool) {
	s := o.props["#items"]
	if s == nil {
		return value{}, false
	}
	a, ok := s.v.ref.(*array)
	if !ok || s.v.k != vArr {
		return value{}, false
	}
	arg := func(i int) value {
		if i < len(args) {
			return args[i]
		}
		return null
	}
	first, last := name == "shift" || name == "extract" || name == "dequeue" || name == "bottom", name == "pop" || name == "top"
	if name == "current" {
		first, last = o.name != "splstack", o.name == "splstack"
	}
	switch {
	case name == "push" || name == "enqueue" || name == "append" || name == "insert":
		s.v = m.stored(s.v, []*node{nil}, arg(0), 0)
		return null, true
	case name == "offsetset" && len(args) == 2:
		if k, ok := keyOf(arg(0)); ok {
			if a.shared {
				m.spend(elementSize / 8 * len(a.vals))
				a = a.clone()
				s.v = arrOf(a)
			}
			a.set(k, arg(1))
		} else {
			a.add(arg(1))
		}
		return null, true
	case name == "offsetget":
		return m.element(s.v, arg(0), nil), true
	case name == "isempty" || name == "valid":
		return boolean((len(a.vals) == 0) == (name == "isempty")), !a.open
	case name == "count" || name == "getsize":
		return num(int64(len(a.vals))), !a.open
	case name == "getarraycopy" || name == "toarray":
		a.shared = true
		return s.v, true
	case (first || last) && !a.open && len(a.vals) > 0:
		i := 0
		if last {
			i = len(a.vals) - 1
		}
		v := a.vals[i]
		if name != "top" && name != "bottom" && name != "current" && m.cond <= o.cond && m.spend(elementSize/8*len(a.vals)) {
			b := newArray()
			for j, x := range a.vals {
				if j != i {
					b.push(x)
				}
			}
			s.v = arrOf(b)
		}
		return v, true
	}
	return value{}, false
}

// yielded notes what a generator gives, and is what it is sent. n.s is "from"
// where it gives all that another has.
func (m *machine) yielded(n *node) value {
	f := m.f
	v := m.eval(n.a)
	f.yielded = true
	if f.list == nil {
		f.list = newArray()
	}
	certain := m.cond == f.cond
	if n.s == "from" {
		in := m.listed(v)
		f.yields = join(f.yields, elementOf(in))
		if a, ok := in.ref.(*array); ok && certain && !a.open && m.spend(elementSize/8*len(a.vals)) {
			for i := range a.vals {
				k := a.keyAt(i)
				if k.str {
					f.list.set(k, a.vals[i])
				} else {
					f.list.push(a.vals[i])
				}
			}
		} else {
			f.list.add(elementOf(in))
		}
		return value{}
	}
	f.yields = join(f.yields, v)
	key, known := key{n: f.list.next}, true
	if n.b != nil {
		k := m.eval(n.b)
		if key, known = keyOf(k); !known { // it may be what the text is, all the same
			f.yields = join(f.yields, value{t: k.t, tr: k.tr})
		}
	}
	switch {
	case certain && known:
		f.list.set(key, v)
	default:
		f.list.add(v)
	}
	return f.sent
}

// worse is what either of two expressions gives: where one is the name of a
// function that runs code or commands, that one.
func worse(a, b value) (value, bool) {
	if a.k == vStr && b.k == vStr {
		for _, v := range [2]value{a, b} {
			if len(v.s) < maxWord && deadly[lowerName(v.s)] {
				return v, true
			}
		}
	}
	return value{}, false
}
