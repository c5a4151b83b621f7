package php

import (
	"cmp"
	"slices"
	"strings"
)

// uncertain says that what c takes may have been taken before, or not: its
// variable was set under fewer conditions than there are now.
func (m *machine) uncertain(c *call) bool {
	if len(c.nodes) > 0 && c.nodes[0].op == nArray {
		return false
	}
	if len(c.nodes) > 0 && c.nodes[0].op == nVar {
		if s := m.f.find(c.nodes[0]); s != nil {
			return m.cond > s.cond
		}
	}
	return m.cond > 0
}

// pick is array_pop, end, current and the like.
func (m *machine) pick(c *call) value {
	a, ok := c.arg(0).ref.(*array)
	if !ok || c.arg(0).k != vArr || a.open || len(a.vals) == 0 || m.uncertain(c) && c.name != "end" && c.name != "reset" && c.name != "current" {
		if ok && c.arg(0).k == vArr && len(a.vals) == 0 && !a.open {
			return boolean(false)
		}
		t, tr := taintOf(c.arg(0))
		if c.name == "key" {
			t &^= wholeReq
		}
		return value{t: t &^ wholeReq, tr: tr}
	}
	last := len(a.vals) - 1
	switch c.name {
	case "array_pop", "array_shift":
		b := a
		i := last
		if c.name == "array_shift" {
			i = 0
		}
		v := a.vals[i]
		if a.shared {
			m.steps -= len(a.vals)
			m.bytes -= elementSize / 8 * len(a.vals)
			b = a.clone()
		}
		if i == 0 && last > 0 {
			m.steps -= len(a.vals)
			m.bytes -= elementSize / 8 * len(a.vals)
			n := newArray()
			for j := 1; j <= last; j++ {
				if b.keyAt(j).str {
					n.set(b.keyAt(j), b.vals[j])
				} else {
					n.push(b.vals[j])
				}
			}
			b = n
		} else {
			b.remove(b.keyAt(i))
			b.next = max(0, b.next-1)
		}
		m.store(c, 0, arrOf(b))
		return v
	case "end":
		a.at = last
	case "reset":
		a.at = 0
	case "next":
		a.at++
	case "prev":
		a.at--
	}
	if a.at < 0 || a.at > last {
		if c.name == "key" {
			return null
		}
		return boolean(false)
	}
	switch k, v := a.keyAt(a.at).value(), a.vals[a.at]; c.name {
	case "key":
		return k
	case "each":
		a.at++
		pair := arr(k, v)
		pair.ref.(*array).set(key{s: "key", str: true}, k)
		pair.ref.(*array).set(key{s: "value", str: true}, v)
		return pair
	default:
		return v
	}
}

// spliced is array_splice and array_unshift on arrays that are known.
func (m *machine) spliced(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	if !ok || len(c.nodes) == 0 || m.uncertain(c) || !m.spend(elementSize/8*len(l)) {
		return value{}, false
	}
	from, to := 0, 0
	put := c.args[1:]
	if c.name == "array_splice" {
		if !c.arg(1).exact() || !c.arg(2).exact() {
			return value{}, false
		}
		from, to = slice(len(l), c, 1)
		put = nil
		if len(c.args) > 3 {
			if put, ok = c.args[3].list(); !ok {
				put = c.args[3:4]
			}
		}
	}
	out, taken := slices.Concat(l[:from], put, l[to:]), slices.Clone(l[from:to])
	m.store(c, 0, arr(out...))
	if c.name == "array_unshift" {
		return num(int64(len(out))), true
	}
	return arr(taken...), true
}

func (m *machine) sorted(c *call) value {
	a, ok := c.arg(0).ref.(*array)
	if !ok || a.open || c.arg(0).k != vArr || !strings.HasPrefix(c.name, "k") {
		return boolean(true)
	}
	b := a.clone()
	b.unpack()
	m.steps -= len(a.vals)
	m.bytes -= elementSize / 8 * len(a.vals)
	order := make([]int, len(a.vals))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { // numbers before texts
		x, y := a.keyAt(i), a.keyAt(j)
		return cmp.Or(sign(x.str)-sign(y.str), cmp.Compare(x.n, y.n), cmp.Compare(x.s, y.s))
	})
	for i, o := range order {
		if c.name == "krsort" {
			o = order[len(order)-1-i]
		}
		b.keys[i], b.vals[i] = a.keyAt(o), a.vals[o]
	}
	b.reindex()
	m.store(c, 0, arrOf(b))
	return boolean(true)
}
