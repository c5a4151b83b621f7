package php

import (
	"math"
	"sort"
	"strconv"
	"strings"

	"limier/webshell"
)

func foldTrim(c *call, sides int) (value, bool) {
	s, ok := c.text(0)
	cut := " \t\n\r\x00\x0b"
	if len(c.args) > 1 {
		x, xok := c.text(1)
		if !xok {
			return value{}, false
		}
		cut = x
		if i := strings.Index(x, ".."); i > 0 && i+2 < len(x) && x[i-1] < x[i+2] {
			var b strings.Builder
			b.WriteString(x[:i-1] + x[i+3:])
			for k := int(x[i-1]); k <= int(x[i+2]); k++ {
				b.WriteByte(byte(k))
			}
			cut = b.String()
		}
	}
	in := func(b byte) bool { return strings.IndexByte(cut, b) >= 0 }
	for sides&1 != 0 && len(s) > 0 && in(s[0]) {
		s = s[1:]
	}
	for sides&2 != 0 && len(s) > 0 && in(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return str(s), ok
}

func foldDec(c *call, base int) (value, bool) {
	s, ok := c.text(0)
	if !ok {
		return value{}, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		d := hexDigit(s[i])
		if d < 0 || d >= base {
			continue
		}
		if n > math.MaxInt64/32 {
			return value{}, false
		}
		n = n*int64(base) + int64(d)
	}
	return num(n), true
}

func foldIntval(c *call) (value, bool) {
	v := c.arg(0)
	base := c.int(1, 10)
	if s, ok := v.text(); ok && base != 10 && base >= 2 && base <= 36 {
		s = strings.ToLower(strings.TrimSpace(s))
		if base == 16 {
			s = strings.TrimPrefix(s, "0x")
		}
		e := 0
		for e < len(s) && (isDigit(s[e]) || s[e] >= 'a' && s[e] <= 'z') {
			e++
		}
		n, err := strconv.ParseInt(s[:e], int(base), 64)
		return num(n), err == nil
	}
	n, ok := v.integer()
	return num(n), ok
}

func foldFloor(c *call) (value, bool) {
	v, ok := c.arg(0).number()
	if !ok {
		return value{}, false
	}
	f := toFloat(v)
	switch c.name {
	case "floor":
		f = math.Floor(f)
	case "ceil":
		f = math.Ceil(f)
	default:
		if c.int(1, 0) != 0 {
			return value{}, false
		}
		f = math.Round(f)
	}
	if math.Abs(f) < 1<<53 {
		return num(int64(f)), true
	}
	return flt(f), true
}

// foldMath computes a function of one number.
func foldMath(f func(float64) float64) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		v, ok := c.arg(0).number()
		return flt(f(toFloat(v))), ok
	}
}

func foldPow(c *call) (value, bool) {
	a, aok := c.arg(0).number()
	b, bok := c.arg(1).number()
	if !aok || !bok || len(c.args) != 2 {
		return value{}, false
	}
	x, y := toFloat(a), toFloat(b)
	switch c.name {
	case "fmod":
		return flt(math.Mod(x, y)), true
	case "intdiv":
		x = math.Trunc(x / y)
	default:
		x = math.Pow(x, y)
	}
	if a.k == vInt && b.k == vInt && math.Abs(x) < 1<<53 && x == math.Trunc(x) {
		return num(int64(x)), true
	}
	return flt(x), true
}

func foldAbs(c *call) (value, bool) {
	v, ok := c.arg(0).number()
	if ok && v.k == vInt {
		return num(max(v.n, -v.n)), true
	}
	return flt(math.Abs(toFloat(v))), ok
}

func foldMinMax(c *call, sign float64) (value, bool) {
	list := c.args
	if len(list) == 1 {
		l, ok := list[0].list()
		if !ok {
			return value{}, false
		}
		list = l
	}
	var best value
	for i, v := range list {
		x, ok := v.number()
		if !ok {
			return value{}, false
		}
		if i == 0 || sign*(toFloat(x)-toFloat(best)) > 0 {
			best = x
		}
	}
	return best, len(list) > 0
}

func foldCount(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	return num(int64(len(l))), ok
}

// slice cuts [start, start+length) as substr and array_slice do.
func slice(n int, c *call, at int) (int, int) {
	start := int(max(-1<<30, min(c.int(at, 0), 1<<30)))
	length := int(max(-1<<30, min(c.int(at+1, 1<<30), 1<<30)))
	if start < 0 {
		start = max(0, n+start)
	}
	start = min(start, n)
	end := n
	if length < 0 {
		end = max(start, n+length)
	} else if length < n-start {
		end = start + length
	}
	return start, end
}

func foldSubstr(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok || !c.arg(1).exact() || !c.arg(2).exact() {
		return value{}, false
	}
	a, b := slice(len(s), c, 1)
	return str(s[a:b]), true
}

func foldSubstrReplace(c *call) (value, bool) {
	s, ok := c.text(0)
	r, rok := c.text(1)
	if !ok || !rok || !c.arg(2).exact() || !c.arg(3).exact() {
		return value{}, false
	}
	a, b := slice(len(s), c, 2)
	return str(s[:a] + r + s[b:]), true
}

func foldStrstr(c *call) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	if !ok || !xok {
		return value{}, false
	}
	i := strings.Index(s, x)
	if c.name == "stristr" {
		i = strings.Index(strings.ToLower(s), strings.ToLower(x))
	}
	if i < 0 || i > len(s) {
		return boolean(false), true
	}
	if yes, _ := c.arg(2).truth(); yes {
		return str(s[:i]), true
	}
	return str(s[i:]), true
}

func foldStrrchr(c *call) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	if !ok || !xok || x == "" {
		return value{}, false
	}
	i := strings.LastIndexByte(s, x[0])
	if i < 0 {
		return boolean(false), true
	}
	return str(s[i:]), true
}

func foldStrpos(c *call, find func(a, b string) int) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	from := int(c.int(2, 0))
	if !ok || !xok || from < 0 || from > len(s) || !c.arg(2).exact() {
		return value{}, false
	}
	i := find(s[from:], x)
	if i < 0 {
		return boolean(false), true
	}
	return num(int64(i + from)), true
}

func foldRepeat(c *call) (value, bool) {
	s, ok := c.text(0)
	n := c.int(1, 0)
	if !ok || !c.arg(1).exact() || n < 0 || n*int64(len(s)) > 1<<20 || n > 1<<20 {
		return value{}, false
	}
	return str(strings.Repeat(s, int(n))), true
}

func foldPad(c *call) (value, bool) {
	s, ok := c.text(0)
	n := c.int(1, 0)
	p := " "
	if len(c.args) > 2 {
		p, _ = c.text(2)
	}
	if !ok || n > 1<<16 || p == "" || !c.arg(1).exact() {
		return value{}, false
	}
	left := c.int(3, 1) == 0
	pad := ""
	if need := int(n) - len(s); need > 0 {
		pad = strings.Repeat(p, need/len(p)+1)[:need]
	}
	if left {
		return str(pad + s), true
	}
	return str(s + pad), true
}

func foldStrSplit(c *call) (value, bool) {
	s, ok := c.text(0)
	n := int(c.int(1, 1))
	if !ok || n < 1 || len(s)/n > maxElements || !c.arg(1).exact() {
		return value{}, false
	}
	a := newArray()
	for i := 0; i < len(s); i += n {
		a.push(str(s[i:min(len(s), i+n)]))
	}
	return arrOf(a), true
}

func foldExplode(c *call) (value, bool) {
	sep, ok := c.text(0)
	s, sok := c.text(1)
	if !ok || !sok || sep == "" {
		return value{}, false
	}
	limit := int(c.int(2, maxElements))
	if limit < 1 {
		limit = maxElements
	}
	a := newArray()
	for _, x := range strings.SplitN(s, sep, min(limit, maxElements)) {
		a.push(str(x))
	}
	return arrOf(a), true
}

func foldRange(c *call) (value, bool) {
	a, b := c.arg(0), c.arg(1)
	if !a.exact() || !b.exact() {
		return value{}, false
	}
	step := c.int(2, 1)
	if step == 0 {
		step = 1
	}
	step = max(step, -step)
	letters := a.k == vStr && b.k == vStr && a.s != "" && b.s != "" && !looksNumeric(a.s)
	var x, y int64
	if letters {
		x, y = int64(a.s[0]), int64(b.s[0])
	} else {
		x, _ = a.integer()
		y, _ = b.integer()
	}
	if y > x && y-x > 1<<16 || x > y && x-y > 1<<16 {
		return value{}, false
	}
	out := newArray()
	add := func(i int64) {
		if letters {
			out.push(str(string([]byte{byte(i)})))
		} else {
			out.push(num(i))
		}
	}
	if x <= y {
		for i := x; i <= y; i += step {
			add(i)
		}
	} else {
		for i := x; i >= y; i -= step {
			add(i)
		}
	}
	return arrOf(out), true
}

func foldImplode(c *call) (value, bool) {
	sep, list := c.arg(0), c.arg(1)
	if len(c.args) == 1 {
		sep, list = str(""), c.arg(0)
	} else if sep.k == vArr {
		sep, list = list, sep
	}
	s, ok := sep.text()
	l, lok := list.list()
	if !ok || !lok {
		return value{}, false
	}
	var b strings.Builder
	for i, v := range l {
		x, ok := v.text()
		if !ok || b.Len() > maxString {
			return value{}, false
		}
		if i > 0 {
			b.WriteString(s)
		}
		b.WriteString(x)
	}
	return str(b.String()), true
}

// strings2 reads a value as a list of exact strings.
func (v value) strings() ([]string, bool) {
	if v.k != vArr {
		s, ok := v.text()
		return []string{s}, ok
	}
	l, ok := v.list()
	if !ok {
		return nil, false
	}
	out := make([]string, len(l))
	for i, x := range l {
		if out[i], ok = x.text(); !ok {
			return nil, false
		}
	}
	return out, true
}

func foldReplace(c *call, fold bool) (value, bool) {
	from, ok1 := c.arg(0).strings()
	to, ok2 := c.arg(1).strings()
	if !ok1 || !ok2 || len(c.args) < 3 {
		return value{}, false
	}
	replace := func(s string) (string, bool) {
		for i, f := range from {
			if f == "" || !fold && !strings.Contains(s, f) {
				continue
			}
			t := ""
			if c.arg(1).k != vArr {
				t = to[0]
			} else if i < len(to) {
				t = to[i]
			}
			replaceAll := webshell.ReplaceAll
			if fold {
				replaceAll = replaceFold
			}
			var ok bool
			if s, ok = replaceAll(s, f, t, maxString/4); !ok {
				return "", false
			}
		}
		return s, true
	}
	if c.arg(2).k == vArr {
		l, ok := c.arg(2).strings()
		a := newArray()
		for _, s := range l {
			s, ok2 := replace(s)
			ok = ok && ok2
			a.push(str(s))
		}
		return arrOf(a), ok
	}
	s, ok := c.text(2)
	if !ok {
		return value{}, false
	}
	s, ok = replace(s)
	return str(s), ok
}

func replaceFold(s, from, to string, limit int) (string, bool) {
	ls, lf := strings.ToLower(s), strings.ToLower(from)
	if len(ls) != len(s) {
		return s, true
	}
	var b strings.Builder
	for {
		i := strings.Index(ls, lf)
		if i < 0 || i+len(lf) > len(s) {
			b.WriteString(s)
			return b.String(), b.Len() <= limit
		}
		if b.Len() > limit {
			return "", false
		}
		b.WriteString(s[:i])
		b.WriteString(to)
		s, ls = s[i+len(lf):], ls[i+len(lf):]
	}
}

func foldStrtr(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok {
		return value{}, false
	}
	if len(c.args) == 2 {
		a, ok := c.arg(1).ref.(*array)
		if !ok || a.open {
			return value{}, false
		}
		pairs, longest := make([]string, 0, 2*len(a.vals)), 0
		order := make([]int, len(a.vals))
		for i := range order {
			order[i] = i
		}
		text := func(i int) string { k, _ := a.keyAt(i).value().text(); return k }
		sort.SliceStable(order, func(i, j int) bool { return len(text(order[i])) > len(text(order[j])) })
		for _, i := range order {
			v, ok := a.vals[i].text()
			if !ok {
				return value{}, false
			}
			if k := text(i); k != "" {
				pairs = append(pairs, k, v)
				longest = max(longest, len(v))
			}
		}
		if len(s)*longest > maxBytes {
			return value{}, false
		}
		return str(strings.NewReplacer(pairs...).Replace(s)), true
	}
	from, ok1 := c.text(1)
	to, ok2 := c.text(2)
	if !ok1 || !ok2 {
		return value{}, false
	}
	var table [256]byte
	for i := range table {
		table[i] = byte(i)
	}
	for i := 0; i < min(len(from), len(to)); i++ {
		table[from[i]] = to[i]
	}
	b := []byte(s)
	for i := range b {
		b[i] = table[b[i]]
	}
	return str(string(b)), true
}
