package jsp

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A taint is a set of places that data came from.
type taint uint16

const (
	fromRequest taint = 1 << iota // a parameter, header, cookie or path
	fromBody                      // the body of the request
	fromUpload                    // a file of a multipart form
	fromNet                       // fetched from another host
	fromStore                     // a file, a database, a session or an application attribute
	password                      // typed into a field for it
	header                        // a header of the request, with fromRequest
	weak                          // passed through a call we do not know

	controlled = fromRequest | fromBody // whoever sends the request chose it freely
)

// maxConst is the longest constant that is folded, in bytes.
const maxConst = 256 << 10

// A value is what is known of an expression.
type value struct {
	taint  taint
	origin int32   // code offset of the source, where taint is not 0
	typ    string  // simple name of its class, if known: "File"
	name   string  // of a name not yet resolved: "java.lang.Runtime"; of a Class or Method: what it names
	s      string  // a constant; with lead, only how the string begins
	n      int64   // a constant number
	elems  []value // of an array with few elements
	isStr  bool
	isNum  bool
	lead   bool
	hidden bool // the constant was put together or decoded
	fn     *function
	args   bool  // of a Method: obtained through reflection on a dangerous class
	fixed  bool  // one of the page's own constants, or what holds nothing else
	digits taint // of a number: of the text that it was read from, which it is again as a character
}

func text(s string) value { return value{typ: "String", s: s, isStr: true} }

// known reports whether the whole string is constant.
func (v value) known() bool { return v.isStr && !v.lead }

// isFixed reports whether a value is one of the page's own constants, or an
// array of them.
func (v value) isFixed() bool {
	return v.fixed || v.taint == 0 && (v.known() || v.isNum || len(v.elems) > 0 && !slices.ContainsFunc(v.elems, func(e value) bool {
		return !e.known() && !e.fixed && !e.isNum
	}))
}

func allFixed(vs []value) bool {
	return !slices.ContainsFunc(vs, func(v value) bool { return !v.isFixed() })
}

// begins returns the constant part that a string begins with.
func (v value) begins() string {
	if v.isStr {
		return v.s
	}
	if len(v.elems) > 0 {
		var parts []string
		for _, e := range v.elems {
			if !e.isStr {
				break
			}
			parts = append(parts, e.s)
			if e.lead {
				break
			}
		}
		return strings.Join(parts, " ")
	}
	return ""
}

// join is what is known of a value that is one or the other.
func join(a, b value) value {
	out := a
	out.taint |= b.taint
	if a.taint == 0 || a.taint&controlled == 0 && b.taint&controlled != 0 {
		out.origin = b.origin
	}
	if out.taint&weak != 0 && (a.taint|b.taint)&^weak != 0 {
		// A sure path beats one through an unknown call.
		if a.taint != 0 && a.taint&weak == 0 || b.taint != 0 && b.taint&weak == 0 {
			out.taint &^= weak
		}
	}
	if !a.isStr && b.isStr {
		out.s, out.isStr, out.lead, out.hidden = b.s, true, b.lead, b.hidden
	}
	if a.typ == "" {
		out.typ = b.typ
	}
	if a.name == "" {
		out.name = b.name
	}
	if len(a.elems) == 0 {
		out.elems = b.elems
	}
	out.fn = either(a.fn, b.fn)
	out.args = a.args || b.args
	out.fixed = a.fixed && b.fixed
	out.digits |= b.digits
	if a.isNum && b.isNum && a.n != b.n || a.isNum != b.isNum {
		out.isNum = false
	}
	return out
}

// add is a + b.
func add(a, b value) value {
	if a.isNum && b.isNum && a.typ != "char" && b.typ != "char" {
		return value{typ: "int", isNum: true, n: a.n + b.n, taint: a.taint | b.taint}
	}
	out := value{typ: "String", taint: a.taint | b.taint, origin: a.origin}
	if a.taint == 0 || a.taint&controlled == 0 && b.taint&controlled != 0 {
		out.origin = b.origin
	}
	out.fixed = a.isFixed() && b.isFixed()
	x, xok := a.asText()
	y, yok := b.asText()
	switch {
	case a.lead:
		out.s, out.isStr, out.lead, out.hidden = a.s, true, true, a.hidden
	case xok && yok && len(x)+len(y) <= maxConst && (x == "" || a.taint != 0 || b.taint&controlled == 0): // else y is one of several
		out.s, out.isStr, out.lead = x+y, true, b.lead
		out.hidden = a.hidden || b.hidden || len(x) > 0 && len(y) > 0
	case xok && x != "":
		out.s, out.isStr, out.lead, out.hidden = x, true, true, a.hidden
	}
	return out
}

// asText is the constant as a string operand.
func (v value) asText() (string, bool) {
	switch {
	case v.isStr:
		return v.s, true
	case v.isNum && v.typ == "char":
		return string(rune(v.n)), true
	case v.isNum:
		return itoa(v.n), true
	}
	return "", false
}

func itoa(n int64) string {
	if n >= 0 && n < 10 {
		return "0123456789"[n : n+1]
	}
	var b [20]byte
	i := len(b)
	neg := n < 0
	for u := uint64(max(n, -n)); u > 0; u /= 10 {
		i--
		b[i] = byte('0' + u%10)
	}
	if neg {
		i--
		b[i] = '-'
	}
	return string(b[i:])
}

// appendUnit appends a constant element of an array of bytes or characters.
func (v value) appendUnit(b []byte, bytes bool) ([]byte, bool) {
	switch {
	case v.isNum && bytes:
		return append(b, byte(v.n)), true
	case v.isNum && v.n >= 0 && v.n <= utf8.MaxRune:
		return utf8.AppendRune(b, rune(v.n)), true
	case v.isStr && !v.lead && v.typ == "char":
		return append(b, v.s...), true
	}
	return b, false
}

// simple is the last component of a qualified name, without type arguments.
func simple(name string) string {
	if i := strings.IndexByte(name, '<'); i >= 0 {
		name = name[:i]
	}
	return name[strings.LastIndexByte(name, '.')+1:]
}
