package script

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// A VKind is the kind of a Value.
type VKind uint8

// The kinds of values.
const (
	VUnknown VKind = iota
	VString
	VNumber
	VBool
	VNull
	VBytes  // O.Buf
	VArray  // O.Elems
	VObject // S: the class
	VType   // S: a name nobody declared: "system.io.file"
	VFunc   // O.Fn
	VNone   // no receiver: a call by name alone
)

// A Label says where data came from and what was done to it. The host gives
// the low bits their meaning.
type Label uint32

// Labels the machine itself sets.
const (
	Mixed   Label = 1 << (31 - iota) // joined with other text
	Numeric                          // turned into a number on the way
	Built                            // a constant put together from pieces
	Opaque                           // made of a long constant in a way that was not followed
	Worded                           // Mixed, with text of the program's own
)

// A Value is what the machine knows of a value: perhaps the constant, where it
// came from, and for unknown text what it ends with (S); Prefix tells what it
// starts with.
type Value struct {
	K VKind
	L Label
	N float64
	S string
	O *Object
	T *Trace
}

// Prefix is what unknown text is known to start with.
func (v Value) Prefix() string {
	if v.K == VUnknown && v.O != nil {
		return v.O.prefix
	}
	return ""
}

// An Object is what values of reference types share.
type Object struct {
	Fields map[string]Value
	Elems  []Value
	Buf    []byte
	Any    Value // what was put at unknown places
	Fn     *Node
	Class  *Node
	frame  *frame
	self   *Object
	prefix string
	funcs  bool // one of the fields is a function
	loose  bool // a list that may or may not have grown by what is unknown
}

func (o *Object) set(name string, v Value) {
	if o.Fields == nil {
		o.Fields = map[string]Value{}
	}
	o.Fields[name] = v
	o.funcs = o.funcs || v.K == VFunc
}

// A Trace is the way data took, latest step first.
type Trace struct {
	Node *Node
	Prev *Trace
	n    int
}

// Const makes a constant string.
func Const(s string) Value { return Value{K: VString, S: s} }

// letter is N of a string that is a Char of .NET, with which one can reckon.
const letter = 1

// isLetter reports whether v is a Char, not a string of one letter.
func (v Value) isLetter() bool {
	return v.K == VString && v.N == letter && v.S != "" && len(v.S) <= utf8.UTFMax
}

// one is the letter at i.
func (m *Machine) one(r text, i int) Value {
	v := Value{K: VString, S: r.slice(i, i+1)}
	if m.cur.d == CSharp {
		v.N = letter
	}
	return v
}

// reckoned is the number that a constant is, as a letter of .NET is one.
func (v *Value) reckoned() (float64, bool) {
	if v.isLetter() {
		return float64(letters(v.S).code(0)), true
	}
	return v.Number()
}

// Num makes a number.
func Num(f float64) Value { return Value{K: VNumber, N: f} }

// Bool makes a truth value.
func Bool(b bool) Value {
	if b {
		return Value{K: VBool, N: 1}
	}
	return Value{K: VBool}
}

// Instance makes an object of a class the host knows.
func Instance(class string, from ...Value) Value {
	v := Union(from...)
	return Value{K: VObject, S: class, L: v.L, T: v.T, O: &Object{}}
}

// Text returns the constant as text.
func (v Value) Text() (string, bool) {
	switch v.K {
	case VString:
		return v.S, true
	case VNumber:
		return formatNumber(v.N), true
	case VBool:
		if v.N != 0 {
			return "True", true
		}
		return "False", true
	case VNull:
		return "", true
	case VBytes:
		return string(v.O.Buf), true
	}
	return "", false
}

func formatNumber(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// Number returns the constant as a number.
func (v Value) Number() (float64, bool) {
	switch v.K {
	case VNumber, VBool:
		return v.N, true
	case VNull:
		return 0, true
	case VString:
		s := strings.TrimSpace(v.S)
		if s == "" || len(s) > 40 || !(s[0] >= '0' && s[0] <= '9' || s[0] == '-' || s[0] == '+' || s[0] == '&' || s[0] == '.') {
			return 0, false
		}
		if s[0] == '&' {
			return number(lowerASCII(s)), true
		}
		if len(s) > 1 && s[1]|0x20 == 'x' {
			return number(s), true
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	return 0, false
}

// Truth returns the constant as a condition.
func (v Value) Truth() (bool, bool) {
	switch v.K {
	case VBool, VNumber:
		return v.N != 0, true
	case VNull:
		return false, true
	case VString:
		switch lowerASCII(v.S) {
		case "true":
			return true, true
		case "false", "":
			return false, true
		}
		return v.S != "0", true
	case VArray, VBytes, VObject, VFunc:
		return true, v.L == 0 && v.K != VObject
	}
	return false, false
}

// Known reports whether the value is a constant.
func (v Value) Known() bool {
	return v.K == VString || v.K == VNumber || v.K == VBool || v.K == VNull || v.K == VBytes
}

// Union is an unknown value that may stem from any of the given ones.
func Union(vs ...Value) Value {
	var out Value
	text := false // one of them is more than a number
	for i := range vs {
		v := &vs[i]
		l, t := v.L, v.T
		if v.O != nil && v.K == VArray {
			l |= v.O.Any.L
			if t == nil {
				t = v.O.Any.T
			}
			for i := 0; i < len(v.O.Elems) && i < 16; i++ {
				e := &v.O.Elems[i]
				l |= e.L
				if t == nil {
					t = e.T
				}
			}
		}
		if v.K == VString && len(v.S) > 300 || v.K == VBytes && len(v.O.Buf) > 300 {
			l |= Opaque
		}
		// The way shown is that of the lowest label, the host's most telling.
		if t != nil && (out.T == nil || l&-l < out.L&-out.L) {
			out.T = t
		}
		out.L |= l &^ Built
		text = text || t != nil && l&Numeric == 0
	}
	if text {
		out.L &^= Numeric
	}
	return out
}

// join is a value that is either old or new.
func join(old, v Value) Value {
	if old.T == nil && old.K == VBool && v.K == VBool && old.N != v.N && v.T == nil {
		return Value{}
	}
	if old.T == nil || old.T == v.T {
		return v
	}
	if v.T != nil {
		v.L |= old.L
		return v
	}
	if v.K == VObject {
		v.L, v.T = v.L|old.L, old.T
		return v
	}
	if v.K == VFunc || v.K == VType {
		return v
	}
	if old.K == VUnknown || v.Known() {
		return old
	}
	return Union(old, v)
}

// Append joins two strings, growing the first in place when it was built last.
func (m *Machine) concat(a, b string) string {
	if a == "" {
		return b
	}
	if b == "" {
		return a
	}
	if len(a)+len(b) > maxString {
		return a
	}
	if len(a) < 64 && len(b) < 64 {
		m.made += len(a) + len(b)
		return a + b
	}
	for i := range m.tails {
		t := m.tails[i]
		if len(t) == len(a) && len(t) > 0 && unsafe.StringData(a) == &t[0] {
			m.made += len(b)
			t = append(t, b...) // never changes what a shows
			m.tails[i] = t
			return unsafe.String(&t[0], len(t))
		}
	}
	if len(a) < 64 && len(b) >= 64 {
		return m.prepend(a, b)
	}
	m.made += len(a) + len(b)
	if m.made > maxMade {
		m.spent()
		return a
	}
	t := make([]byte, 0, 2*(len(a)+len(b)))
	t = append(append(t, a...), b...)
	m.tails[m.tail] = t
	m.tail = (m.tail + 1) % len(m.tails)
	return unsafe.String(&t[0], len(t))
}

// A head is a buffer that was filled from its end.
type head struct {
	buf   []byte
	start int
}

// prepend puts the short a before b, in place when b was built so last: code
// that is turned round letter by letter would cost the square of its size.
func (m *Machine) prepend(a, b string) string {
	for i := range m.heads {
		h := &m.heads[i]
		if len(h.buf)-h.start == len(b) && len(b) > 0 && unsafe.StringData(b) == &h.buf[h.start] && h.start >= len(a) {
			h.start -= len(a)
			copy(h.buf[h.start:], a)
			m.made += len(a)
			return unsafe.String(&h.buf[h.start], len(a)+len(b))
		}
	}
	m.made += len(a) + len(b)
	if m.made > maxMade {
		m.spent()
		return b
	}
	n := 2 * (len(a) + len(b))
	h := head{buf: make([]byte, n), start: n - len(a) - len(b)}
	copy(h.buf[h.start:], a)
	copy(h.buf[h.start+len(a):], b)
	m.heads[m.tail] = h
	m.tail = (m.tail + 1) % len(m.heads)
	return unsafe.String(&h.buf[h.start], len(a)+len(b))
}

const (
	maxString = 16 << 20
	maxMade   = 96 << 20
)

// spent ends an entry that made all it may. One that is only gone through once
// more goes on, without what it would make.
func (m *Machine) spent() {
	if !m.brief {
		m.left = 0
	}
}

// room counts n values about to be made and reports whether they may be.
func (m *Machine) room(n int) bool {
	m.made += n * int(unsafe.Sizeof(Value{}))
	if m.made > maxMade {
		m.spent()
		return false
	}
	return true
}

// Concat joins values as text.
func (m *Machine) Concat(vs ...Value) Value {
	var out Value
	known, built := true, 0
	acc, text, suffix := "", false, ""
	prefixDone, free := false, false // free: a part that is more than a number
	var l Label
	for i := range vs {
		v := &vs[i]
		if v.K == VType && m.cur.d == VBScript { // a variable nobody set is empty
			v = &Value{K: VNull}
		}
		s, ok := v.S, v.K == VString
		if !ok {
			s, ok = v.Text()
		}
		if ok {
			if known {
				acc = m.concat(acc, s)
			}
			if s != "" {
				text = text || len(s) > 3 || !separators(s)
				built++
				if !known {
					suffix = m.concat(suffix, s)
				}
			}
			l |= v.L &^ Built
			if v.T != nil && out.T == nil {
				out.T = v.T
			}
			continue
		}
		if known {
			known = false
			if !prefixDone {
				if p := acc + v.Prefix(); p != "" {
					out.O = &Object{prefix: p[:min(len(p), 512)]}
				}
				prefixDone = true
			}
		}
		suffix = v.S
		if v.K != VUnknown {
			suffix = ""
		}
		u := Union(*v)
		if u.T != nil && (out.T == nil || u.L&-u.L < l&-l) {
			out.T = u.T
		}
		if i > 0 && u.L != 0 && l != 0 && u.T != out.T {
			u.L |= Mixed
		}
		l |= u.L
		free = free || u.T != nil && u.L&Numeric == 0
	}
	if free {
		l &^= Numeric
	}
	if known {
		out.K, out.S, out.O = VString, acc, nil
		out.L = l
		if built > 1 {
			out.L |= Built
		}
		return out
	}
	out.L, out.S = l, suffix
	if text {
		out.L |= Mixed | Worded
	}
	return out
}

// separators reports whether s holds only what adds nothing of one's own.
func separators(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '\\', '/', '.', '~', ' ':
		default:
			return false
		}
	}
	return true
}

// Field is what a field of an object holds; o may be nil.
func (o *Object) Field(name string) Value {
	if o == nil {
		return Value{}
	}
	return o.Fields[name]
}

// AnyValue is what was put into an object at unknown places; o may be nil.
func (o *Object) AnyValue() Value {
	if o == nil {
		return Value{}
	}
	return o.Any
}
