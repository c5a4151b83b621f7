package php

import (
	"math"
	"strings"
)

func (m *machine) binary(n *node) value {
	switch n.kind {
	case tAnd, tOr, tCoalesce:
		return m.logical(n)
	}
	a := m.eval(n.a)
	b := m.eval(n.b)
	return m.operate(n.kind, a, b)
}

func (m *machine) logical(n *node) value {
	a := m.eval(n.a)
	yes, ok := a.truth()
	if a.t&undecided != 0 {
		ok = false
	}
	switch {
	case n.kind == tCoalesce:
		if a.known() && a.k != vNull && a.t&(fromUndef|fromParam) == 0 {
			return a
		}
		m.cond++
		b := m.eval(n.b)
		m.cond--
		if a.k == vNull || a.k == vUnknown && a.t == fromUndef && b.k == vStr && b.s != "" {
			return b
		}
		if v, ok := worse(a, b); ok {
			return v
		}
		return join(b, a)
	case ok && n.kind == tAnd && !yes:
		return boolean(false)
	case ok && n.kind == tOr && yes:
		return boolean(true)
	}
	if !ok {
		if n.kind == tOr { // what follows runs where the test failed
			m.guard(n.a)()
		} else if b := n.b.op; b == nBin || b == nUn || b == nIsset || b == nEmpty {
			defer m.guardHalf(n.a, n.b)()
		} else {
			defer m.guard(n.a)()
		}
		m.cond++
		defer func() { m.cond-- }()
	}
	end := nothing
	if !ok && n.kind == tAnd {
		end = m.enter(n.a, a)
	}
	b := m.eval(n.b)
	end()
	if byes, bok := b.truth(); ok && bok && b.t&undecided == 0 {
		return boolean(byes)
	}
	return value{t: (a.t | b.t) & (fromHeader | fromUndef | spotted | placed)}
}

// operate applies a binary operator.
func (m *machine) operate(k kind, a, b value) value {
	t := a.t.also(b.t)
	tr := a.tr
	if tr == nil {
		tr = b.tr
	}
	switch k {
	case tEq, tNe, tSame, tNotSame:
		if t&secret != 0 && a.t&b.t&fromRequest == 0 && !(a.k == vStr && a.s == "") && !(b.k == vStr && b.s == "") {
			m.consults(a, b)
		}
		eq, ok := looseEqual(a, b)
		if k == tSame || k == tNotSame {
			eq, ok = strictEqual(a, b)
		}
		if t&tailored != 0 { // another host, which was told of the visitor, says who he is
			t |= fromHeader | spotted
		}
		if !ok || t&undecided != 0 {
			return value{t: t & (fromHeader | spotted | placed)}
		}
		return boolean(eq == (k == tEq || k == tSame))
	case '<', '>', tLe, tGe, tShip:
		return compare(k, a, b, t)
	case '^', '|', '&':
		if a.k == vStr && b.k == vStr {
			if !m.spend(min(len(a.s), len(b.s)) + 1) {
				return value{t: t, tr: tr}
			}
			return value{k: vStr, s: bitwise(k, a.s, b.s), t: t | decoded | hidden, tr: tr}
		}
		if a.k == vUnknown || b.k == vUnknown || a.k == vPart || b.k == vPart {
			return value{t: t&^checked | decoded, tr: tr}
		}
	case '+':
		x, xok := a.ref.(*array)
		y, yok := b.ref.(*array)
		if xok && yok && a.k == vArr && b.k == vArr {
			c := x.clone()
			for i := range y.vals {
				k := y.keyAt(i)
				if c.find(k) < 0 {
					c.set(k, y.vals[i])
				}
			}
			if y.open {
				c.add(y.rest)
			}
			return arrOf(c)
		}
	}
	x, xok := a.number()
	y, yok := b.number()
	if !xok || !yok {
		if _, arrays := a.ref.(*array); k == '+' && (arrays || a.k == vUnknown && a.t&wholeReq != 0) {
			at, atr := taintOf(a)
			bt, _ := taintOf(b)
			return value{t: at | bt, tr: atr}
		}
		// Arithmetic leaves numbers, which harm nobody.
		return value{t: t & (fromBlob | fromFile | fromOddFile | decoded | keyed)}
	}
	v := arithmetic(k, x, y)
	v.t = t &^ (hostile | fromUndef)
	return v
}

func arithmetic(k kind, x, y value) value {
	ints := x.k == vInt && y.k == vInt
	switch k {
	case '+':
		if ints {
			if s := x.n + y.n; (s > x.n) == (y.n > 0) {
				return num(s)
			}
		}
		return flt(toFloat(x) + toFloat(y))
	case '-':
		if ints {
			if s := x.n - y.n; (s < x.n) == (y.n > 0) {
				return num(s)
			}
		}
		return flt(toFloat(x) - toFloat(y))
	case '*':
		if ints {
			if p := x.n * y.n; x.n == 0 || p/x.n == y.n && !(x.n == -1 && y.n == math.MinInt64) {
				return num(p)
			}
		}
		return flt(toFloat(x) * toFloat(y))
	case '/':
		if toFloat(y) == 0 {
			return value{}
		}
		if ints && x.n%y.n == 0 {
			return num(x.n / y.n)
		}
		return flt(toFloat(x) / toFloat(y))
	case tPow:
		p := math.Pow(toFloat(x), toFloat(y))
		if ints && y.n >= 0 && math.Abs(p) < 1<<53 {
			return num(int64(p))
		}
		return flt(p)
	}
	xi, _ := x.integer()
	yi, _ := y.integer()
	switch k {
	case '%':
		if yi == 0 {
			return value{}
		}
		if yi == -1 {
			return num(0)
		}
		return num(xi % yi)
	case '&':
		return num(xi & yi)
	case '|':
		return num(xi | yi)
	case '^':
		return num(xi ^ yi)
	case tShl:
		if yi < 0 || yi > 63 {
			return num(0)
		}
		return num(xi << uint(yi))
	case tShr:
		if yi < 0 {
			return num(0)
		}
		return num(xi >> uint(min(yi, 63)))
	}
	return value{}
}

func bitwise(k kind, a, b string) string {
	if k == '|' && len(b) > len(a) {
		a, b = b, a
	}
	n := min(len(a), len(b))
	if k == '|' {
		n = len(a)
	}
	out := make([]byte, n)
	for i := range out {
		switch {
		case k == '^':
			out[i] = a[i] ^ b[i]
		case k == '&':
			out[i] = a[i] & b[i]
		case i < len(b):
			out[i] = a[i] | b[i]
		default:
			out[i] = a[i]
		}
	}
	return string(out)
}

func looksNumeric(s string) bool {
	s = strings.TrimSpace(s)
	if s == "" || !isDigit(s[len(s)-1]) && s[len(s)-1] != '.' {
		return false
	}
	dots := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
		case c == '.':
			if dots++; dots > 1 {
				return false
			}
		case (c == '-' || c == '+') && i == 0 && len(s) > 1:
		default:
			return false
		}
	}
	return true
}

func looseEqual(a, b value) (eq, ok bool) {
	if !a.exact() || !b.exact() {
		return false, false
	}
	switch {
	case a.k == vStr && b.k == vStr:
		if looksNumeric(a.s) && looksNumeric(b.s) {
			x, y := numeric(a.s), numeric(b.s)
			return x.k == y.k && x.n == y.n, true
		}
		return a.s == b.s, true
	case a.k == vBool || b.k == vBool || a.k == vNull || b.k == vNull:
		if a.k == vNull && b.k == vStr || b.k == vNull && a.k == vStr {
			return a.s == b.s, true
		}
		x, _ := a.truth()
		y, _ := b.truth()
		return x == y, true
	}
	x, _ := a.number()
	y, _ := b.number()
	if x.k == vInt && y.k == vInt {
		return x.n == y.n, true
	}
	return toFloat(x) == toFloat(y), true
}

func toFloat(v value) float64 {
	if v.k == vInt {
		return float64(v.n)
	}
	return v.float()
}

func strictEqual(a, b value) (eq, ok bool) {
	if !a.exact() || !b.exact() {
		if a.k == vArr && b.exact() || b.k == vArr && a.exact() {
			return false, true
		}
		return false, false
	}
	return a.k == b.k && a.n == b.n && a.s == b.s, true
}

func compare(k kind, a, b value, t taint) value {
	if !a.exact() || !b.exact() || t&undecided != 0 {
		return value{t: t & (fromHeader | spotted | placed)}
	}
	c := 0
	if a.k == vStr && b.k == vStr && !(looksNumeric(a.s) && looksNumeric(b.s)) {
		c = strings.Compare(a.s, b.s)
	} else {
		x, _ := a.number()
		y, _ := b.number()
		switch d := toFloat(x) - toFloat(y); {
		case d < 0:
			c = -1
		case d > 0:
			c = 1
		}
	}
	switch k {
	case '<':
		return boolean(c < 0)
	case '>':
		return boolean(c > 0)
	case tLe:
		return boolean(c <= 0)
	case tGe:
		return boolean(c >= 0)
	}
	return num(int64(c))
}

func (m *machine) unary(n *node) value {
	v := m.eval(n.a)
	switch n.kind {
	case '!':
		if yes, ok := v.truth(); ok && v.t&undecided == 0 {
			return boolean(!yes)
		}
		return value{t: v.t & (fromHeader | spotted | placed)}
	case '~':
		if v.k == vStr {
			if !m.spend(len(v.s)) {
				return value{t: v.t}
			}
			out := []byte(v.s)
			for i := range out {
				out[i] = ^out[i]
			}
			return value{k: vStr, s: string(out), t: v.t | decoded | hidden, tr: v.tr}
		}
		if v.k == vInt {
			return num(^v.n)
		}
		return value{t: v.t | decoded, tr: v.tr}
	case '-':
		if x, ok := v.number(); ok {
			return arithmetic('-', num(0), x)
		}
	case '+':
		if x, ok := v.number(); ok {
			return x
		}
	}
	return value{}
}

func (m *machine) incDec(n *node) value {
	old := m.eval(n.a)
	if yes, ok := old.ref.(*array); ok && yes != nil {
		return old
	}
	now := value{}
	switch {
	case old.k == vNull && n.n > 0:
		now = num(1)
	case old.k == vStr && n.n > 0 && !looksNumeric(old.s):
		now = value{k: vStr, s: increment(old.s), t: old.t | hidden, tr: old.tr}
	case old.exact():
		x, _ := old.number()
		now = arithmetic('+', x, num(n.n))
		now.t = old.t &^ (hostile | fromUndef)
	}
	m.assign(n.a, now)
	if n.s == "pre" {
		return now
	}
	return old
}

// increment is PHP's string increment: "a" to "b", "Az" to "Ba".
func increment(s string) string {
	if s == "" {
		return "1"
	}
	b := []byte(s)
	i := len(b) - 1
	for ; i >= 0; i-- {
		switch c := b[i]; {
		case c == 'z':
			b[i] = 'a'
		case c == 'Z':
			b[i] = 'A'
		case c == '9':
			b[i] = '0'
		case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
			b[i]++
			return string(b)
		default:
			return string(b)
		}
	}
	first := b[0]
	if first == '0' {
		first = '1'
	}
	return string(first) + string(b)
}
