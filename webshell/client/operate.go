package client

import (
	"math"
	"regexp"
	"strings"

	"limier/internal/script"
)

func (r *runner) plus(a, b value) value {
	a, b = r.primitive(a), r.primitive(b)
	simple := func(v value) bool { return v.k == number || v.k == boolean || v.k == undefined }
	if simple(a) && simple(b) {
		x, _ := a.number()
		y, _ := b.number()
		return value{k: number, n: x + y, from: a.from | b.from}
	}
	if a.k == unknown && simple(b) || simple(a) && b.k == unknown || a.k == unknown && b.k == unknown {
		return some(a, b)
	}
	s, t := a.string(), b.string()
	if !r.spend(len(s)+len(t)) || len(s)+len(t) > maxText {
		return some(a, b)
	}
	from := a.marks() | b.marks()
	if strings.HasPrefix(t, hole) {
		from |= label(s, b.from)
	}
	if t == hole && strings.HasSuffix(s, hole) {
		t = ""
	}
	return value{k: text, s: s + t, from: from}
}

var (
	cardLabel     = regexp.MustCompile(`(?i)\b(?:card[ _-]?(?:number|no)|cvv2?|cvc2?|(?:security|cvv|cvc|card) code)\W{1,12}$`)
	passwordLabel = regexp.MustCompile(`(?i)\b(?:password|passwd|passcode|otp|otp code|seed phrase|recovery phrase|pin(?: code)?)\W{1,12}$`)
)

// ends are how those labels end, in lower case.
var ends = []string{"number", "no", "cvv", "cvv2", "cvc", "cvc2", "code", "password", "passwd", "passcode", "otp", "phrase", "pin"}

// endsLabel is a quick look for them: scripts put many texts together.
func endsLabel(s string) bool {
	n := len(s)
	for n > 0 && (digit(s[n-1]) < 0 || s[n-1] == '_') {
		n--
	}
	if n == 0 || n == len(s) {
		return false
	}
	for _, end := range ends {
		if n >= len(end) && strings.EqualFold(s[n-len(end):n], end) {
			return true
		}
	}
	return false
}

// maxLabel is how much of what stands before a value is read, in bytes.
const maxLabel = 40

// label is what the end of a text says of the value that follows it.
func label(s string, from mark) (m mark) {
	s = s[max(0, len(s)-maxLabel):]
	if !endsLabel(s) || !strings.ContainsAny(s, ":=-") {
		return 0
	}
	if cardLabel.MatchString(s) {
		m = fromCard
	} else if passwordLabel.MatchString(s) {
		m = fromPassword
	}
	if m != 0 && from&fromField == 0 {
		m = labelled
	}
	return m
}

// primitive is what an object gives by its own valueOf or toString, which adding it
// calls: scripts run what they hide that way too.
func (r *runner) primitive(v value) value {
	if !v.is("object") {
		return v
	}
	for _, name := range [...]string{"valueOf", "toString"} {
		if f := v.o.props[name]; f.callable() {
			if got := r.call(f, v, nil); got.k != ref {
				return got
			}
		}
	}
	return v
}

func (r *runner) unary(n *script.Node) value {
	v := r.eval(n.Kids[0])
	switch n.Op {
	case script.OpNot:
		if t, ok := v.truth(); ok {
			return yes(!t)
		}
		return some(v)
	case script.OpTypeof:
		switch {
		case v.k == undefined && n.Kids[0].Kind == script.KName:
			return str("undefined")
		case v.k == number:
			return str("number")
		case v.k == text:
			return str("string")
		case v.k == boolean:
			return str("boolean")
		case v.is("function"):
			return str("function")
		case v.is("array"), v.is("object"):
			return str("object")
		}
		return value{}
	case script.OpSpread:
		return v
	}
	f, ok := v.number()
	if !ok {
		return some(v)
	}
	switch n.Op {
	case '-':
		return num(-f)
	case '~':
		return num(float64(^whole(f)))
	}
	return num(f)
}

func (r *runner) binary(n *script.Node) value {
	a := r.eval(n.Kids[0])
	switch n.Op {
	case script.OpAnd, script.OpOr:
		t, known := a.truth()
		if known && t == (n.Op == script.OpOr) {
			return a
		}
		if known {
			return r.eval(n.Kids[1])
		}
		before := r.under
		r.under |= a.from
		b := r.eval(n.Kids[1])
		r.under = before
		if n.Op == script.OpOr && (a.k == ref || a.k == text) {
			a.from |= b.from
			return a
		}
		if a.k == unknown && a.from&fromKept != 0 && (b.k == number || b.is("array") && len(b.o.elems) == 0) || a.k == unknown && a.from&fromField != 0 && b.k == text && b.s == "" { // how often he was here, or never
			return some(a, b)
		}
		if _, ok := b.truth(); n.Op == script.OpAnd && ok && b.k != ref && b.k != text {
			return some(a, b)
		}
		b.from |= a.from
		return b
	case script.OpNullish:
		if a.k == undefined {
			return r.eval(n.Kids[1])
		}
		return a
	}
	b := r.eval(n.Kids[1])
	switch n.Op {
	case script.OpEQ, script.OpNE:
		same, known := r.equal(a, b)
		if !known {
			return r.compared(a, b)
		}
		return yes(same == (n.Op == script.OpEQ))
	case script.OpIs:
		return some(a, b)
	case '<', '>', script.OpLE, script.OpGE:
		return r.less(n.Op, a, b)
	}
	return r.arithmetic(n.Op, n.Flag&1 == 1, a, b)
}

func (r *runner) less(op uint8, a, b value) value {
	var less, same bool
	if a.k == text && b.k == text && a.known() && b.known() {
		less, same = a.s < b.s, a.s == b.s
	} else {
		x, ok1 := a.number()
		y, ok2 := b.number()
		if !ok1 || !ok2 {
			return some(a, b)
		}
		if math.IsNaN(x) || math.IsNaN(y) {
			return yes(false)
		}
		less, same = x < y, x == y
	}
	switch op {
	case '<':
		return yes(less)
	case '>':
		return yes(!less && !same)
	case script.OpLE:
		return yes(less || same)
	}
	return yes(!less)
}

func (r *runner) arithmetic(op uint8, unsigned bool, a, b value) value {
	x, ok1 := a.number()
	y, ok2 := b.number()
	if !ok1 || !ok2 {
		v := some(a, b)
		if op == '^' && v.from&^dated != 0 {
			v.from |= veiled
		}
		return v
	}
	i, j := whole(x), whole(y)
	f := 0.0
	switch op {
	case '-':
		f = x - y
	case '*':
		f = x * y
	case '/':
		f = x / y
	case '%':
		f = math.Mod(x, y)
	case '^':
		f = float64(i ^ j)
	case '|':
		f = float64(i | j)
	case 'b', '&':
		f = float64(i & j)
	case script.OpShl:
		f = float64(i << (uint32(j) & 31))
	case script.OpShr:
		f = float64(i >> (uint32(j) & 31))
		if unsigned {
			f = float64(uint32(i) >> (uint32(j) & 31))
		}
	default:
		return some(a, b)
	}
	return value{k: number, n: f, from: a.from | b.from}
}

// equal compares as == does, and as === does where it could matter.
func (r *runner) equal(a, b value) (same, known bool) {
	r.left -= (len(a.s) + len(b.s)) / perStep
	if a.k == ref && b.k == ref {
		if a.o == b.o {
			return true, true
		}
		return false, a.o.class != "element" && b.o.class != "element"
	}
	if !a.known() || !b.known() {
		if a.k == undefined && (b.is("array") || b.is("function") || b.is("object")) || b.k == undefined && (a.is("array") || a.is("function") || a.is("object")) {
			return false, true
		}
		if a.is("array") || b.is("array") {
			s, t := r.text(a), r.text(b)
			return s == t, a.k != unknown && b.k != unknown && !strings.Contains(s+t, hole)
		}
		return false, false
	}
	if a.k == undefined || b.k == undefined {
		return a.k == b.k, true
	}
	if a.k == text && b.k == text {
		return a.s == b.s, true
	}
	x, _ := a.number()
	y, _ := b.number()
	return x == y, true
}

func (r *runner) numeric(v value) value {
	if f, ok := v.number(); ok {
		return num(f)
	}
	return some(v)
}
