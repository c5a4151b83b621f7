package php

import "slices"

// maxCalledBack is how many elements a callback is given one by one.
const maxCalledBack = 20000

// calledBack answers the functions that call a callback for the elements of
// arrays that are known: those that filter, sort, walk through or join them.
func (m *machine) calledBack(c *call, f value) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || c.arg(0).k != vArr || a.open || len(a.vals) > maxCalledBack || f.k != vFn && f.k != vStr && f.k != vArr {
		return value{}, false
	}
	switch c.name {
	case "array_filter":
		return m.sifted(c, f, a)
	case "usort", "uasort", "uksort":
		return m.sortedBy(c, f, a)
	case "array_walk", "array_walk_recursive":
		if fn := m.functionOf(f); fn == nil || len(c.nodes) == 0 || !lvalue(c.nodes[0]) {
			return value{}, false
		}
		if len(a.vals) >= longWalk {
			m.kindle()
		}
		left := maxCalledBack
		out := arrOf(m.walked(c, f, a, &left))
		if left < 0 { // what is left of the steps must do for the rest of the file
			t, tr := taintOf(c.arg(0))
			out = value{t: t | decoded | hidden, tr: tr}
		}
		m.store(c, 0, out)
		return boolean(true), true
	}
	return value{}, false
}

// sifted is array_filter; false where the callback does not say what stays.
func (m *machine) sifted(c *call, f value, a *array) (value, bool) {
	out := newArray()
	mode := c.int(2, 0)
	for i := range a.vals {
		k := a.keyAt(i)
		args := []value{a.vals[i]}
		switch mode {
		case 2:
			args = []value{k.value()}
		case 1:
			args = []value{a.vals[i], k.value()}
		}
		keep, ok := m.callback(c, f, args).truth()
		if !ok || m.steps <= 0 {
			return value{}, false
		}
		if keep {
			out.set(k, a.vals[i])
		}
	}
	return arrOf(out), true
}

// sortedBy is usort, uasort or uksort with a callback that decides.
func (m *machine) sortedBy(c *call, f value, a *array) (value, bool) {
	order := make([]int, len(a.vals))
	for i := range order {
		order[i] = i
	}
	known := true
	slices.SortStableFunc(order, func(i, j int) int {
		if !known {
			return 0
		}
		x, y := a.vals[i], a.vals[j]
		if c.name == "uksort" {
			x, y = a.keyAt(i).value(), a.keyAt(j).value()
		}
		n, ok := m.callback(c, f, []value{x, y}).number()
		known = ok && m.steps > 0
		return int(max(-1, min(1, toFloat(n))))
	})
	if !known {
		return value{}, false
	}
	out := newArray()
	for _, i := range order {
		if c.name == "usort" {
			out.push(a.vals[i])
		} else {
			out.set(a.keyAt(i), a.vals[i])
		}
	}
	m.store(c, 0, arrOf(out))
	return boolean(true), true
}

// longWalk is the length of an array that holds more than a word.
const longWalk = 64

// walked is an array after a function that may change each element was called
// for it; left is below 0 where that took too long.
func (m *machine) walked(c *call, f value, a *array, left *int) *array {
	out := a.clone()
	fn := m.functionOf(f)
	for i, v := range out.vals {
		if *left--; m.steps <= m.limit/8 {
			*left = -1
		}
		if *left < 0 {
			break
		}
		if in, ok := v.ref.(*array); ok && c.name == "array_walk_recursive" && !in.open {
			out.vals[i] = arrOf(m.walked(c, f, in, left))
			continue
		}
		m.steps -= 8 // an empty function costs, too
		s := &slot{v: v, cond: m.cond}
		m.lent = s
		v.t |= hidden
		fn.runs = 0 // however long it is, each element tells something
		m.callValue(c.n, f, append([]value{v, out.keyAt(i).value()}, c.args[min(2, len(c.args)):]...), nil, false)
		m.lent = nil
		s.settle()
		out.vals[i] = s.v
	}
	return out
}

// functionOf is the function of the file that a value stands for, nil for others.
func (m *machine) functionOf(f value) *function {
	switch x := f.ref.(type) {
	case *closure:
		return x.fn
	case *array:
		if len(x.vals) == 2 {
			if o, ok := x.vals[0].ref.(*object); ok && o.class != nil {
				name, _ := x.vals[1].text()
				return m.method(o.class, lowerName(name))
			}
		}
	}
	if f.k == vStr {
		return m.funcs[lowerName(baseName(f.s))]
	}
	return nil
}

// mapped is array_map over arrays that are known.
func (m *machine) mapped(c *call, f value) (value, bool) {
	most := 0
	var lists []*array
	for _, v := range c.args[min(1, len(c.args)):] {
		a, ok := v.ref.(*array)
		if !ok || a.open || len(a.vals) > maxCalledBack {
			return value{}, false
		}
		lists, most = append(lists, a), max(most, len(a.vals))
	}
	one := len(lists) == 1
	if len(lists) == 0 || !one && f.k == vUnknown {
		return value{}, false
	}
	out := newArray()
	for i := range most {
		if m.steps <= 0 {
			return value{}, false
		}
		args := make([]value, len(lists))
		for j, a := range lists {
			args[j] = null
			if i < len(a.vals) {
				args[j] = a.vals[i]
			}
		}
		v := args[0]
		if f.k != vNull {
			v = m.callback(c, f, args)
		} else if !one {
			v = arr(args...)
		}
		if one {
			out.set(lists[0].keyAt(i), v)
		} else {
			out.push(v)
		}
	}
	return arrOf(out), true
}
