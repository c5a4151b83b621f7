package script

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// methods are those of text, bytes and lists.
var methods = Table(map[string]meaning{
	"startswith endswith contains containskey containsvalue equals gettype_ compareto hasownproperty test": call.nothing,
	"filter": call.all,

	"length":                           call.count,
	"indexof lastindexof search":       call.indexOf,
	"charat chars get_chars elementat": call.charAt,
	"charcodeat":                       call.charCodeAt,
	"ucase toupper touppercase toupperinvariant":   call.upper,
	"lcase tolower tolowercase tolowerinvariant":   call.lower,
	"trim ltrim rtrim trimstart trimend normalize": call.trim,
	"padleft padright":                             call.pad,
	"substring substr slice":                       call.substring,
	"insert":                                       call.insert,
	"remove":                                       call.remove,
	"replace":                                      call.replace,
	"split":                                        call.split,
	"concat":                                       call.plus,
	"reverse":                                      call.reverse,

	"tochararray":                 call.toCharArray,
	"tostring":                    call.toString,
	"getbytes getstring getchars": call.transcode,
	"toarray valueof clone cast asenumerable tolist": call.content,
})

// method calls a method of text, bytes and lists.
func (m *Machine) method(n *Node, recv Value, name string, args []Value) (Value, bool) {
	if recv.K == VObject && recv.S == "stringbuilder" && recv.O.Fields != nil {
		return m.stringBuilder(recv, name, args)
	}
	if recv.K == VObject && recv.S == "regexp" && len(args) > 0 {
		return m.regExp(recv, name, args)
	}
	switch {
	case name == "select" && len(args) == 1:
		if v, ok := m.each(n, recv, args[0]); ok {
			return v, true
		}
	case name == "aggregate" && len(args) == 2 && args[1].K == VFunc:
		if all, ok := m.list(recv); ok {
			v := args[0]
			for _, e := range all {
				v = m.callFunc(args[1], []Value{v, e})
			}
			return v, true
		}
	case name == "skip" || name == "take":
		if i, ok := numArg(args, 0, 0); ok && i >= 0 && len(args) == 1 {
			if v, ok := m.part(recv, name, i); ok {
				return v, true
			}
		}
	}
	if recv.K == VArray {
		if v, ok := m.arrayMethod(recv, name, args); ok {
			return v, true
		}
	}
	f := methods[name]
	if f == nil {
		return Value{}, false
	}
	c := call{Machine: m, n: n, recv: recv, name: name, args: args}
	c.s, c.known = recv.Text()
	return f(c)
}

func (c call) replace() (Value, bool) {
	x, ok1 := arg(c.args, 0).Text()
	y, ok2 := arg(c.args, 1).Text()
	if k := c.n.Kids; c.known && ok2 && arg(c.args, 0).K == VUnknown && len(k) > 1 && k[1] != nil && k[1].Kind == KBad && k[1].Op == Pattern {
		return c.regexReplace(c.s, k[1].Name, y, c.recv)
	}
	if c.known && ok1 && ok2 {
		return c.replaced(x, y)
	}
	out, _ := c.all()
	if !c.known && c.recv.S != "" && ok1 && ok2 && replaceable(c.recv.S, x, y) { // the known end stays known
		out.S = strings.ReplaceAll(c.recv.S, x, y)
	}
	return out, true
}

// replaced is a constant with y for x.
func (c call) replaced(x, y string) (Value, bool) {
	if x == "" {
		return c.recv, true
	}
	c.left -= len(c.s) / 128
	if !replaceable(c.s, x, y) {
		return c.all()
	}
	t := ""
	switch {
	case len(c.args) > 4 && c.args[4].N == 1:
		t = replaceFold(c.s, x, y)
	case c.cur.d == JScript:
		t = strings.Replace(c.s, x, y, 1)
	default:
		t = strings.ReplaceAll(c.s, x, y)
	}
	return c.folded(t, append([]Value{c.recv}, c.args...)...)
}

func (c call) split() (Value, bool) {
	sep, ok := arg(c.args, 0).Text()
	if len(c.args) == 0 {
		sep, ok = " ", true
	} else if a := c.args[0]; a.K == VArray && len(a.O.Elems) > 0 {
		sep, ok = a.O.Elems[0].Text()
	}
	if c.known && ok && c.recv.T == nil && c.room(strings.Count(c.s, sep)+1) {
		parts := strings.Split(c.s, sep)
		o := &Object{Elems: make([]Value, len(parts))}
		c.left -= len(c.s) / 64
		for i, p := range parts {
			o.Elems[i] = Const(p)
		}
		return Value{K: VArray, O: o}, true
	}
	u := Union(c.recv)
	return Value{K: VArray, O: &Object{Any: u}, L: u.L, T: u.T}, true
}

// cased is text in another case, which an end of the text that is known keeps.
func (c call) cased(to func(string) string) (Value, bool) {
	if c.known {
		return c.folded(to(c.s), c.recv)
	}
	out := Union(c.recv)
	out.S = c.recv.S
	return out, true
}

func (c call) upper() (Value, bool) { return c.cased(strings.ToUpper) }

func (c call) lower() (Value, bool) { return c.cased(strings.ToLower) }

func (c call) trim() (Value, bool) {
	if !c.known {
		return c.all()
	}
	cut := " \t\r\n"
	if s, ok := arg(c.args, 0).Text(); ok && len(c.args) > 0 {
		cut = s
	}
	switch c.name {
	case "ltrim", "trimstart":
		return c.folded(strings.TrimLeft(c.s, cut), c.recv)
	case "rtrim", "trimend":
		return c.folded(strings.TrimRight(c.s, cut), c.recv)
	}
	return c.folded(strings.Trim(c.s, cut), c.recv)
}

func (c call) substring() (Value, bool) {
	i, ok1 := numArg(c.args, 0, 0)
	j, ok2 := numArg(c.args, 1, 1<<30)
	if !c.known || !ok1 || !ok2 {
		out, _ := c.all()
		if len(c.args) == 1 {
			out.S = c.recv.S
		}
		return out, true
	}
	r := c.letters(c.s)
	if i < 0 {
		i = max(0, r.len()+i)
	}
	switch {
	case len(c.args) < 2:
		j = r.len()
	case c.name == "substr" || c.name == "substring" && c.cur.d != JScript:
		j = i + max(j, 0)
	case j < 0:
		j = r.len() + j
	case c.name == "substring" && j < i:
		i, j = j, i
	}
	return c.folded(r.slice(i, j), c.recv)
}

func (c call) charAt() (Value, bool) {
	if i, ok := numArg(c.args, 0, 0); c.known && ok && i >= 0 {
		return c.folded(c.letters(c.s).slice(i, i+1), c.recv)
	}
	return c.all()
}

func (c call) charCodeAt() (Value, bool) {
	if i, ok := numArg(c.args, 0, 0); c.known && ok {
		if r := c.letters(c.s); i >= 0 && i < r.len() {
			return from(Num(float64(r.code(i))), c.recv), true
		}
	}
	out := Union(c.recv)
	out.L |= Numeric
	return out, true
}

func (c call) indexOf() (Value, bool) {
	t, ok := arg(c.args, 0).Text()
	switch {
	case !c.known || !ok || c.recv.T != nil:
		return Value{}, true
	case c.name == "lastindexof":
		return Num(float64(strings.LastIndex(c.s, t))), true
	}
	return Num(float64(strings.Index(c.s, t))), true
}

func (c call) count() (Value, bool) {
	if c.recv.K == VArray && c.recv.O.Any.T == nil && len(c.recv.O.Elems) > 0 {
		return Num(float64(len(c.recv.O.Elems))), true
	}
	return c.length()
}

func (c call) plus() (Value, bool) {
	if c.recv.K == VString || c.recv.K == VUnknown && len(c.args) > 0 {
		return c.Concat(append([]Value{c.recv}, c.args...)...), true
	}
	return Value{}, false
}

func (c call) insert() (Value, bool) {
	i, ok1 := numArg(c.args, 0, 0)
	t, ok2 := arg(c.args, 1).Text()
	if c.known && ok1 && ok2 && i >= 0 && i <= len(c.s) {
		return c.folded(c.s[:i]+t+c.s[i:], c.recv, c.args[1])
	}
	return c.all()
}

func (c call) remove() (Value, bool) {
	i, ok1 := numArg(c.args, 0, 0)
	n, ok2 := numArg(c.args, 1, 1<<30)
	if c.known && ok1 && ok2 && i >= 0 && i <= len(c.s) && n >= 0 {
		return c.folded(c.s[:i]+c.s[min(len(c.s), i+n):], c.recv)
	}
	return c.all()
}

func (c call) pad() (Value, bool) {
	size, ok := numArg(c.args, 0, 0)
	with, ok2 := arg(c.args, 1).Text()
	if len(c.args) < 2 {
		with, ok2 = " ", true
	}
	missing := size - c.letters(c.s).len()
	if !c.known || !ok || !ok2 || len(with) != 1 || missing >= 1<<16 {
		return c.all()
	}
	with = strings.Repeat(with, max(0, missing))
	if c.name == "padleft" {
		return c.folded(with+c.s, c.recv)
	}
	return c.folded(c.s+with, c.recv)
}

func (c call) reverse() (Value, bool) {
	switch {
	case c.known && c.recv.K == VString:
		return c.folded(reverse(c.s), c.recv)
	case c.recv.K == VBytes:
		return from(Value{K: VBytes, O: &Object{Buf: []byte(reverse(string(c.recv.O.Buf)))}}, c.recv), true
	}
	return Value{}, false
}

func (c call) toCharArray() (Value, bool) {
	r := c.letters(c.s)
	n := min(r.len(), 1<<17)
	if !c.known || c.recv.T != nil || !c.room(n) {
		return Union(c.recv), true
	}
	o := &Object{Elems: make([]Value, n)}
	for i := range o.Elems {
		o.Elems[i] = c.one(r, i)
	}
	return Value{K: VArray, O: o}, true
}

func (c call) toString() (Value, bool) {
	if len(c.args) == 1 && c.recv.K == VNumber {
		f, _ := c.recv.Number()
		if b, ok := c.args[0].Number(); ok && b >= 2 && b <= 36 {
			return c.folded(strconv.FormatInt(int64(f), int(b)), c.recv)
		}
		if t, ok := c.args[0].Text(); ok && (t == "x2" || t == "X2") {
			return c.folded(hex.EncodeToString([]byte{byte(int64(f))}), c.recv)
		}
	}
	switch {
	case c.recv.K == VString:
		return c.recv, true
	case c.known && c.recv.K != VBytes:
		return c.folded(c.s, c.recv)
	case c.recv.K == VType || c.recv.K == VObject && c.recv.T == nil && c.recv.O.AnyValue().T == nil:
		return Value{}, false
	case c.recv.K == VObject:
		return c.content()
	}
	return Union(c.recv), true
}

// transcode is text as bytes, or the other way round.
func (c call) transcode() (Value, bool) {
	if len(c.args) == 0 {
		return Value{}, false
	}
	b, ok := c.bytesOf(c.args[0])
	if !ok {
		return c.given()
	}
	if len(c.args) == 3 && c.name == "getstring" {
		i, ok1 := numArg(c.args, 1, 0)
		n, ok2 := numArg(c.args, 2, 0)
		if !ok1 || !ok2 || i < 0 || n < 0 || i > len(b) {
			return c.given()
		}
		b = b[i:min(len(b), i+n)]
	}
	if c.name == "getbytes" {
		return from(Value{K: VBytes, O: &Object{Buf: append([]byte(nil), b...)}}, c.args[0]), true
	}
	return c.folded(string(b), c.args[0])
}

// content is what a stream or a dictionary gives that was put in, or the value itself.
func (c call) content() (Value, bool) {
	switch c.recv.K {
	case VType:
		return Value{}, false
	case VObject:
		return Union(c.recv, c.recv.O.AnyValue()), true
	}
	return c.recv, true
}
