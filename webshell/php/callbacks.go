package php

import "slices"

// maxCalledBack is how many elements a callback is given one by one.
const maxCalledBack = 20000

// calledBack answers the functions that call a callback for the elements of
// arrays that are known: those that filter, sort, walk through or join them.
func (m *machine) calledBack(c *call, f value) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if c.name == "array_map" {
		return m.mappedTogether(c, f)
	}
	if !ok || c.arg(0).k != vArr || a.open || len(a.vals) > maxCalledBack || f.k != vFn && f.k != vStr && f.k != vArr {
		return value{}, false
	}
	switch c.name {
	case "array_filter":
		return m.sifted(c, f, a)
	case "usort", "uasort", "uksort":
		return m.sortedBy(c, f, a)
	case "array_walk", "array_walk_recursive":
		if f.k != vFn || len(c.nodes) == 0 || !lvalue(c.nodes[0]) {
			return value{}, false
		}
		left := maxCalledBack
		m.store(c, 0, arrOf(m.walked(c, f, a, &left)))
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

// walked is an array after a function that may change each element was called
// for it.
func (m *machine) walked(c *call, f value, a *array, left *int) *array {
	out := a.clone()
	fn, _ := f.ref.(*closure)
	for i := range out.vals {
		if *left--; *left < 0 || m.steps <= 0 {
			break
		}
		if in, ok := out.vals[i].ref.(*array); ok && c.name == "array_walk_recursive" && !in.open {
			out.vals[i] = arrOf(m.walked(c, f, in, left))
			continue
		}
		m.steps -= 8 // an empty function costs, too
		s := &slot{v: out.vals[i], cond: m.cond}
		m.lent = s
		m.invoke(fn.fn, append([]value{out.vals[i], out.keyAt(i).value()}, c.args[min(2, len(c.args)):]...), nil, fn.this, fn.vars)
		m.lent = nil
		s.settle()
		out.vals[i] = s.v
	}
	return out
}

// mappedTogether is array_map over several arrays.
func (m *machine) mappedTogether(c *call, f value) (value, bool) {
	if len(c.args) < 3 || f.k == vUnknown {
		return value{}, false
	}
	most := 0
	lists := make([][]value, 0, len(c.args)-1)
	for _, v := range c.args[1:] {
		l, ok := v.list()
		if !ok || len(l) > maxCalledBack {
			return value{}, false
		}
		lists, most = append(lists, l), max(most, len(l))
	}
	out := newArray()
	for i := range most {
		if m.steps <= 0 {
			return value{}, false
		}
		args := make([]value, len(lists))
		for j, l := range lists {
			args[j] = null
			if i < len(l) {
				args[j] = l[i]
			}
		}
		if f.k == vNull {
			out.push(arr(args...))
		} else {
			out.push(m.callback(c, f, args))
		}
	}
	return arrOf(out), true
}
