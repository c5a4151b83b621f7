package php

// containers are PHP's own classes that hold a list of values.
var containers = words("arrayobject arrayiterator splstack splqueue spldoublylinkedlist splfixedarray")

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
		return v
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
	first, last := name == "shift" || name == "dequeue" || name == "bottom", name == "pop" || name == "top"
	if name == "current" {
		first, last = o.name != "splstack", o.name == "splstack"
	}
	switch {
	case name == "push" || name == "enqueue" || name == "append":
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

// yield notes what a generator gives.
func (f *frame) yield(v value, certain bool) {
	f.yields, f.yielded = join(f.yields, v), true
	if f.list == nil {
		f.list = newArray()
	}
	if certain {
		f.list.push(v)
	} else {
		f.list.add(v)
	}
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
