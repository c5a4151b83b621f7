package script

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// constant gives names with a fixed value.
func constant(low string) (Value, bool) {
	switch low {
	case "vbcrlf", "vbnewline":
		return Const("\r\n"), true
	case "vblf":
		return Const("\n"), true
	case "vbcr":
		return Const("\r"), true
	case "vbtab":
		return Const("\t"), true
	case "vbnullchar":
		return Const("\x00"), true
	case "vbnullstring", "string.empty":
		return Const(""), true
	}
	return Value{}, false
}

// from gives a computed constant the provenance of what it was computed from.
func from(v Value, args ...Value) Value {
	u := Union(args...)
	v.L, v.T = v.L|u.L, u.T
	if v.K == VString {
		v.L |= Built
	}
	return v
}

func (m *Machine) folded(s string, args ...Value) (Value, bool) {
	if len(s) > maxString {
		return Union(args...), true
	}
	m.made += len(s)
	m.left -= len(s) / 64
	if m.made > maxMade {
		m.spent()
	}
	return from(Const(s), args...), true
}

func arg(args []Value, i int) Value {
	if i < len(args) {
		return args[i]
	}
	return Value{}
}

func numArg(args []Value, i, otherwise int) (int, bool) {
	if i >= len(args) {
		return otherwise, true
	}
	f, ok := args[i].Number()
	if !ok || math.Abs(f) > 1<<31 {
		return otherwise, false
	}
	return int(f), true
}

// builtin calls a free function, or a static method by its last name.
func (m *Machine) builtin(n *Node, name string, args []Value) (Value, bool) {
	if len(args) == 0 {
		switch name {
		case "now", "date", "time", "timer", "rnd":
			return Value{}, true
		case "array":
			return Value{K: VArray, O: &Object{}}, true
		}
		return Value{}, false
	}
	a := args[0]
	switch name { // what loops call for each letter
	case "chr", "chrw", "chrb":
		if a.K == VNumber {
			return m.char(name, a), true
		}
	case "mid":
		if a.K == VString && len(args) == 3 && args[1].K == VNumber && args[2].K == VNumber && args[1].N >= 1 && args[2].N >= 0 && args[1].N < 1<<30 && args[2].N < 1<<30 {
			i := int(args[1].N) - 1
			return Value{K: VString, L: a.L | Built, T: a.T, S: m.letters(a.S).slice(i, i+int(args[2].N))}, true
		}
	case "asc", "ascw":
		if a.K == VString && len(a.S) == 1 {
			return Value{K: VNumber, N: float64(a.S[0]), L: a.L, T: a.T}, true
		}
	}
	s, known := "", a.Known()
	if known {
		s, _ = a.Text()
	}
	u := func() (Value, bool) { return Union(args...), true }
	switch name {
	case "len", "lenb", "isnumeric", "isempty", "isnull", "isobject", "isarray", "isdate", "vartype", "typename", "strcomp", "ubound", "lbound", "isnan", "isnullorempty", "isnullorwhitespace", "isnothing", "indexof":
		switch name {
		case "len", "lenb":
			if known {
				return Num(float64(m.letters(s).len())), true
			}
		case "ubound":
			if a.K == VArray && a.O.Any.T == nil && len(a.O.Elems) > 0 {
				return Num(float64(len(a.O.Elems) - 1)), true
			}
			if a.K == VBytes {
				return Num(float64(len(a.O.Buf) - 1)), true
			}
		case "lbound":
			return Num(0), true
		case "isarray":
			if a.K == VArray {
				return Bool(true), true
			}
		case "isnumeric":
			if known && a.T == nil {
				_, ok := a.Number()
				return Bool(ok), true
			}
		}
		return Value{}, true
	case "chr", "chrw", "chrb", "fromcharcode", "tochar", "convertfromutf32":
		if name == "fromcharcode" && len(args) > 1 {
			var b []byte
			for _, v := range args {
				f, ok := v.Number()
				if !ok {
					out := Union(args...)
					out.L &^= Numeric
					return out, true
				}
				b = appendChar(b, rune(f))
			}
			return m.folded(string(b), args...)
		}
		if f, ok := a.Number(); ok {
			a.N = f
			return m.char(name, a), true
		}
		if name == "tochar" && known {
			return a, true
		}
		out := Union(a)
		out.L &^= Numeric
		return out, true
	case "asc", "ascw", "ascb":
		if known && s != "" {
			return from(Num(float64(m.letters(s).code(0))), a), true
		}
		out := Union(a)
		out.L |= Numeric
		return out, true
	case "cint", "clng", "cdbl", "csng", "cbyte", "int", "fix", "toint32", "toint16", "tobyte", "toint64", "parseint", "parsefloat", "number", "val", "cdec", "touint32", "todouble", "touint16", "abs", "floor", "round", "ceil", "truncate", "tosingle":
		return m.toNumber(name, args)
	case "cbool", "cdate", "toboolean", "todatetime", "tryparse", "isdefined":
		return Value{}, true
	case "hex", "oct":
		if f, ok := a.Number(); ok {
			base := 16
			if name == "oct" {
				base = 8
			}
			return m.folded(strings.ToUpper(strconv.FormatInt(int64(f), base)), a)
		}
		return u()
	case "array":
		return Value{K: VArray, O: &Object{Elems: append([]Value(nil), args...)}}, true
	case "sgn":
		if f, ok := a.Number(); ok {
			switch {
			case f > 0:
				return Num(1), true
			case f < 0:
				return Num(-1), true
			}
			return Num(0), true
		}
		return Value{}, true
	case "sqr", "sqrt":
		if f, ok := a.Number(); ok && f >= 0 {
			return Num(math.Sqrt(f)), true
		}
		return Value{}, true
	case "mid", "midb":
		start, ok1 := numArg(args, 1, 1)
		size, ok2 := numArg(args, 2, 1<<30)
		if known && ok1 && ok2 && start > 0 && size >= 0 {
			v := from(Const(m.letters(s).slice(start-1, start-1+size)), args...)
			v.L |= Built
			return v, true
		}
		return u()
	case "left", "leftb", "right", "rightb":
		size, ok := numArg(args, 1, 0)
		if known && ok && size >= 0 && len(args) > 1 {
			t := m.letters(s)
			if name[0] == 'l' {
				return m.folded(t.slice(0, size), args...)
			}
			return m.folded(t.slice(t.len()-size, t.len()), args...)
		}
		if name[0] == 'r' { // the end of the text stays its end
			out := Union(args...)
			out.S = a.S
			return out, true
		}
		return u()
	case "instr", "instrrev":
		return m.instr(name, args)
	case "string":
		if len(args) == 2 {
			f, ok := a.Number()
			t, ok2 := args[1].Text()
			if ok && ok2 && t != "" && f >= 0 && f < 1<<16 {
				return m.folded(strings.Repeat(m.letters(t).slice(0, 1), int(f)), args...)
			}
			return u()
		}
		if known {
			return m.folded(s, a)
		}
		return u()
	case "space":
		if f, ok := a.Number(); ok && f >= 0 && f < 1<<16 {
			return m.folded(strings.Repeat(" ", int(f)), a)
		}
		return Value{}, true
	case "cstr", "tostring", "ctype":
		if len(args) == 2 {
			f, ok := a.Number()
			base, ok2 := args[1].Number()
			if ok && ok2 && base >= 2 && base <= 36 {
				return m.folded(strconv.FormatInt(int64(f), int(base)), a)
			}
		}
		if a.K == VString {
			return a, true
		}
		if known {
			return m.folded(s, a)
		}
		return u()
	case "isletter", "isupper", "islower", "isdigit", "isletterordigit":
		if known && a.K == VString && m.cur.d != VBScript {
			return Bool(ofKind(name, s)), true
		}
		return Value{}, true
	case "strreverse":
		if known {
			return m.folded(reverse(s), a)
		}
		return u()
	case "convertall":
		if v, ok := m.each(n, a, arg(args, 1)); ok {
			return v, true
		}
		return Value{}, false
	case "parse": // of a number's class
		if f, ok := a.Number(); ok && a.K == VString {
			return from(Num(f), a), true
		}
		return Value{}, false
	case "reverse":
		if a.K == VString && len(args) == 1 {
			return m.folded(reverse(a.S), a)
		}
		if a.K == VArray && len(args) == 1 {
			e := a.O.Elems
			for i, j := 0, len(e)-1; i < j; i, j = i+1, j-1 {
				e[i], e[j] = e[j], e[i]
			}
			return a, true
		}
		if a.K == VBytes {
			b := a.O.Buf
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			return a, true
		}
		return u()
	case "join", "concat", "format":
		return m.joinArgs(name, args)
	case "escape", "encodeuricomponent", "encodeuri", "urlencode", "htmlencode", "server.htmlencode":
		if known && name == "escape" {
			return m.folded(url.QueryEscape(s), a)
		}
		return u()
	case "unescape", "decodeuricomponent", "decodeuri", "urldecode", "unescapedatastring":
		if known {
			return m.folded(unescapeText(s), a)
		}
		return u()
	case "frombase64string", "atob":
		if known {
			t := strings.Map(func(r rune) rune {
				if r <= ' ' {
					return -1
				}
				return r
			}, s)
			b, err := base64.StdEncoding.DecodeString(t)
			if err != nil {
				b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(t, "="))
			}
			if err == nil {
				m.left -= len(b) / 64
				return from(Value{K: VBytes, L: Built, O: &Object{Buf: b}}, a), true
			}
		}
		return u()
	case "tobase64string":
		if b, ok := m.bytesOf(a); ok {
			return m.folded(base64.StdEncoding.EncodeToString(b), a)
		}
		return u()
	case "fromhexstring":
		if b, err := hex.DecodeString(s); known && err == nil {
			return from(Value{K: VBytes, L: Built, O: &Object{Buf: b}}, a), true
		}
		return u()
	case "getstring", "getbytes", "getchars":
		return m.method(n, Value{}, name, args)
	case "getobjectvalue", "tolist", "isolate":
		return u()
	}
	// Functions that Visual Basic has where others have methods.
	switch name {
	case "filter":
		return m.filter(args)
	case "replace", "split", "ucase", "lcase", "trim", "ltrim", "rtrim":
		return m.method(n, a, name, args[1:])
	}
	return Value{}, false
}

// ofKind reports what Char.IsLetter and its kin say of a letter.
func ofKind(name, s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	switch name {
	case "isletter":
		return unicode.IsLetter(r)
	case "isupper":
		return unicode.IsUpper(r)
	case "islower":
		return unicode.IsLower(r)
	case "isdigit":
		return unicode.IsDigit(r)
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// asciiLetters holds the letters of ASCII, for strings of one letter that cost nothing.
const asciiLetters = "\x00\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f"

// char is Chr: one byte, two of a code page of East Asia, or a rune.
func (m *Machine) char(name string, a Value) Value {
	out := Value{K: VString, L: a.L&^Numeric | Built, T: a.T}
	r := rune(a.N)
	switch {
	case r >= 0 && r < 0x80:
		out.S = asciiLetters[r : r+1]
	case name != "chrb" && name != "chr":
		out.S = string(appendChar(nil, r&0xFFFF))
	case r < 0 || r > 0xFF:
		out.S = string([]byte{byte(uint16(r) >> 8), byte(r)})
	default:
		out.S = string([]byte{byte(r)})
	}
	return out
}

func (m *Machine) toNumber(name string, args []Value) (Value, bool) {
	a := args[0]
	out := Union(a)
	out.L |= Numeric
	f, ok := a.Number()
	base := 10
	if len(args) > 1 {
		if b, ok := args[1].Number(); ok {
			base = int(b)
		}
	}
	if s, isText := a.Text(); isText && a.K == VString && base != 10 && base >= 2 && base <= 36 {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(s), "0x"), "0X")
		v, err := strconv.ParseInt(s, base, 64)
		f, ok = float64(v), err == nil
	} else if isText && a.K == VString && !ok && name == "parseint" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		v, err := strconv.Atoi(s[:i])
		f, ok = float64(v), err == nil
	} else if c, isChar := m.code(a); !ok && isChar {
		f, ok = c, true
	}
	if !ok {
		if name == "cbyte" || name == "tobyte" { // bytes are made into text again
			out.L &^= Numeric
		}
		return out, true
	}
	switch name {
	case "int", "floor":
		f = math.Floor(f)
	case "fix", "parseint", "truncate":
		f = math.Trunc(f)
	case "cint", "clng", "cbyte", "toint32", "round", "toint16", "tobyte", "toint64", "touint32", "touint16":
		f = math.RoundToEven(f)
	case "ceil":
		f = math.Ceil(f)
	case "abs":
		f = math.Abs(f)
	}
	out.K, out.N = VNumber, f
	out.L &^= Numeric
	return out, true
}

func (m *Machine) instr(name string, args []Value) (Value, bool) {
	start := 1
	rest := args
	if name == "instr" && len(args) > 2 {
		if f, ok := args[0].Number(); ok && args[0].K == VNumber {
			start, rest = int(f), args[1:]
		}
	}
	if len(rest) < 2 {
		return Value{}, true
	}
	s, ok1 := rest[0].Text()
	t, ok2 := rest[1].Text()
	if !ok1 || !ok2 || start < 1 || rest[0].T != nil {
		return Value{}, true
	}
	if start > len(s)+1 {
		return Num(0), true
	}
	m.left -= len(s) / 256
	i := 0
	if name == "instrrev" {
		i = strings.LastIndex(s, t) + 1
	} else if i = strings.Index(s[start-1:], t) + 1; i > 0 {
		i += start - 1
	}
	if i > 1 {
		i = m.letters(s).number(i-1) + 1
	}
	return Num(float64(i)), true
}

// joinArgs is Join(array, sep) of Visual Basic, string.Join(sep, …),
// string.Concat and string.Format.
func (m *Machine) joinArgs(name string, args []Value) (Value, bool) {
	switch name {
	case "concat":
		if len(args) == 1 && args[0].K == VArray {
			return m.Concat(args[0].O.Elems...), true
		}
		return m.Concat(args...), true
	case "format":
		f, ok := args[0].Text()
		if !ok {
			return Union(args...), true
		}
		var parts []Value
		for f != "" {
			i := strings.IndexByte(f, '{')
			j := strings.IndexByte(f, '}')
			if i < 0 || j < i || len(parts) > 400 {
				break
			}
			digits := f[i+1 : j]
			if k := strings.IndexAny(digits, ":,"); k >= 0 {
				digits = digits[:k]
			}
			k, err := strconv.Atoi(digits)
			parts = append(parts, Const(f[:i]))
			if err == nil && k >= 0 && k+1 < len(args) {
				parts = append(parts, args[k+1])
			} else if err == nil {
				parts = append(parts, Union(args[1:]...))
			}
			f = f[j+1:]
		}
		return m.Concat(append(parts, Const(f))...), true
	}
	list, sep := args[0], Const(" ")
	if m.cur.d == VBScript || list.K == VArray {
		if len(args) > 1 {
			sep = args[1]
		}
	} else if len(args) > 1 { // string.Join(sep, list)
		sep, list = args[0], args[1]
		if len(args) > 2 || list.K != VArray {
			list = Value{K: VArray, O: &Object{Elems: args[1:]}}
		}
	}
	if list.K != VArray || list.O.Any.T != nil || len(list.O.Elems) == 0 {
		return Union(args...), true
	}
	if !m.room(2 * len(list.O.Elems)) {
		return Union(args...), true
	}
	parts := make([]Value, 0, 2*len(list.O.Elems))
	for i, e := range list.O.Elems {
		if i > 0 {
			parts = append(parts, sep)
		}
		parts = append(parts, e)
	}
	m.left -= len(parts)
	return m.Concat(parts...), true
}

// filter is Visual Basic's Filter(list, part, include).
func (m *Machine) filter(args []Value) (Value, bool) {
	part, ok := arg(args, 1).Text()
	list := args[0]
	if list.K != VArray || list.O.Any.T != nil || !ok {
		return Union(args...), true
	}
	include := true
	if len(args) > 2 {
		include, _ = args[2].Truth()
	}
	o := &Object{}
	for _, e := range list.O.Elems {
		if s, known := e.Text(); !known || strings.Contains(s, part) == include {
			o.Elems = append(o.Elems, e)
		}
		m.left--
	}
	return Value{K: VArray, O: o}, true
}

// bytesOf reads a constant as bytes.
func (m *Machine) bytesOf(v Value) ([]byte, bool) {
	switch v.K {
	case VBytes:
		return v.O.Buf, true
	case VString:
		return []byte(v.S), true
	case VArray:
		b := make([]byte, 0, len(v.O.Elems))
		for _, e := range v.O.Elems {
			if e.K == VString {
				b = append(b, e.S...)
				continue
			}
			f, ok := e.Number()
			if !ok {
				return nil, false
			}
			b = append(b, byte(int64(f)))
		}
		return b, len(b) > 0
	}
	return nil, false
}
