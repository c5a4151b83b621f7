package php

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

func foldArrayReverse(c *call) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || a.open {
		return value{}, false
	}
	keep, _ := c.arg(1).truth()
	out := newArray()
	for i := len(a.vals) - 1; i >= 0; i-- {
		if a.keyAt(i).str || keep {
			out.set(a.keyAt(i), a.vals[i])
		} else {
			out.push(a.vals[i])
		}
	}
	return arrOf(out), true
}

func foldArrayFlip(c *call) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || a.open {
		return value{}, false
	}
	out := newArray()
	for i, v := range a.vals {
		k, ok := keyOf(v)
		if !ok {
			return value{}, false
		}
		out.set(k, a.keyAt(i).value())
	}
	return arrOf(out), true
}

func foldArrayMerge(c *call) (value, bool) {
	out := newArray()
	for _, v := range c.args {
		a, ok := v.ref.(*array)
		if !ok || v.k != vArr || a.open {
			return value{}, false
		}
		for i := range a.vals {
			k := a.keyAt(i)
			if k.str {
				out.set(k, a.vals[i])
			} else {
				out.push(a.vals[i])
			}
		}
	}
	return arrOf(out), true
}

func foldArrayKeys(c *call) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || a.open || c.arg(0).k != vArr {
		return value{}, false
	}
	out := newArray()
	for i := range a.vals {
		out.push(a.keyAt(i).value())
	}
	return arrOf(out), true
}

func foldArrayColumn(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	k, kok := keyOf(c.arg(1))
	if !ok || !kok || len(c.args) != 2 {
		return value{}, false
	}
	out := newArray()
	for _, v := range l {
		a, ok := v.ref.(*array)
		if !ok || v.k != vArr || a.open {
			return value{}, false
		}
		if x, ok := a.get(k); ok {
			out.push(x)
		}
	}
	return arrOf(out), true
}

func foldArraySlice(c *call) (value, bool) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || a.open || !c.arg(1).exact() || !c.arg(2).exact() {
		return value{}, false
	}
	x, y := slice(len(a.vals), c, 1)
	out := newArray()
	for i := x; i < y; i++ {
		if a.keyAt(i).str {
			out.set(a.keyAt(i), a.vals[i])
		} else {
			out.push(a.vals[i])
		}
	}
	return arrOf(out), true
}

func foldArrayCombine(c *call) (value, bool) {
	a, ok := c.arg(0).list()
	b, bok := c.arg(1).list()
	if !ok || !bok || len(a) != len(b) {
		return value{}, false
	}
	out := newArray()
	for i := range a {
		k, ok := keyOf(a[i])
		if !ok {
			return value{}, false
		}
		out.set(k, b[i])
	}
	return arrOf(out), true
}

func foldArrayFill(c *call) (value, bool) {
	n := c.int(1, 0)
	if !c.arg(0).exact() || !c.arg(1).exact() || n < 0 || n > 1<<14 {
		return value{}, false
	}
	out := newArray()
	for i := range n {
		out.set(key{n: c.int(0, 0) + i}, c.arg(2))
	}
	return arrOf(out), true
}

func foldArrayChunk(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	n := int(c.int(1, 1))
	if !ok || n < 1 || !c.arg(1).exact() {
		return value{}, false
	}
	out := newArray()
	for i := 0; i < len(l); i += n {
		out.push(arr(l[i:min(len(l), i+n)]...))
	}
	return arrOf(out), true
}

func foldArraySum(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	if !ok {
		return value{}, false
	}
	sum := num(0)
	for _, v := range l {
		x, ok := v.number()
		if !ok {
			return value{}, false
		}
		sum = arithmetic('+', sum, x)
	}
	return sum, true
}

func foldInArray(c *call) (value, bool) {
	a, ok := c.arg(1).ref.(*array)
	if !ok || a.open || c.arg(1).k != vArr {
		return value{}, false
	}
	for i, v := range a.vals {
		eq, ok := looseEqual(c.arg(0), v)
		if !ok {
			return value{}, false
		}
		if eq {
			if c.name == "array_search" {
				return a.keyAt(i).value(), true
			}
			return boolean(true), true
		}
	}
	return boolean(false), true
}

func foldIP2Long(c *call) (value, bool) {
	s, ok := c.text(0)
	ip, err := netip.ParseAddr(s)
	if !ok || err != nil || !ip.Is4() {
		return value{}, false
	}
	b := ip.As4()
	return num(int64(binary.BigEndian.Uint32(b[:]))), true
}

func foldLong2IP(c *call) (value, bool) {
	n, ok := c.arg(0).integer()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	return str(netip.AddrFrom4(b).String()), ok
}

// foldUnserialize reads PHP's serialised scalars and arrays.
func foldUnserialize(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok {
		return value{}, false
	}
	v, _, ok := unserialize(s, 0)
	return v, ok
}

func unserialize(s string, depth int) (value, string, bool) {
	fail := func() (value, string, bool) { return value{}, "", false }
	if len(s) < 2 || depth > 16 {
		return fail()
	}
	if strings.HasPrefix(s, "N;") {
		return null, s[2:], true
	}
	kind := s[0]
	if s[1] != ':' {
		return fail()
	}
	s = s[2:]
	i := strings.IndexAny(s, ":;")
	if i < 0 {
		return fail()
	}
	n, err := strconv.ParseInt(s[:i], 10, 64)
	switch kind {
	case 'i':
		return num(n), s[i+1:], err == nil
	case 'b':
		return boolean(n != 0), s[i+1:], err == nil
	case 'd':
		return flt(parseFloat(s[:i])), s[i+1:], true
	case 's':
		s = s[i+1:]
		if err != nil || n < 0 || int64(len(s)) < n+3 || s[0] != '"' {
			return fail()
		}
		return str(s[1 : 1+n]), s[n+3:], true
	case 'a':
		s = s[i+1:]
		if err != nil || n < 0 || n > maxElements || len(s) < 1 || s[0] != '{' {
			return fail()
		}
		s = s[1:]
		a := newArray()
		for range n {
			k, rest, ok := unserialize(s, depth+1)
			if !ok {
				return fail()
			}
			v, rest, ok := unserialize(rest, depth+1)
			if !ok {
				return fail()
			}
			s = rest
			key, ok := keyOf(k)
			if !ok {
				return fail()
			}
			a.set(key, v)
		}
		return arrOf(a), strings.TrimPrefix(s, "}"), true
	}
	return fail()
}
