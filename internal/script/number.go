package script

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (c call) isNumeric() (Value, bool) {
	if !c.known || c.recv.T != nil {
		return Value{}, true
	}
	_, ok := c.recv.Number()
	return Bool(ok), true
}

// parse is that of a number's class.
func (c call) parse() (Value, bool) {
	if f, ok := c.recv.Number(); ok && c.recv.K == VString {
		return from(Num(f), c.recv), true
	}
	return Value{}, false
}

// digits is Hex or Oct.
func (c call) digits() (Value, bool) {
	f, ok := c.recv.Number()
	if !ok {
		return c.given()
	}
	base := 16
	if c.name == "oct" {
		base = 8
	}
	return c.folded(strings.ToUpper(strconv.FormatInt(int64(f), base)), c.recv)
}

func (c call) sign() (Value, bool) {
	f, ok := c.recv.Number()
	switch {
	case !ok:
		return Value{}, true
	case f > 0:
		return Num(1), true
	case f < 0:
		return Num(-1), true
	}
	return Num(0), true
}

func (c call) root() (Value, bool) {
	if f, ok := c.recv.Number(); ok && f >= 0 {
		return Num(math.Sqrt(f)), true
	}
	return Value{}, true
}

func (c call) asc() (Value, bool) {
	if c.known && c.s != "" {
		return from(Num(float64(c.letters(c.s).code(0))), c.recv), true
	}
	out := Union(c.recv)
	out.L |= Numeric
	return out, true
}

func (c call) chr() (Value, bool) {
	if c.name == "fromcharcode" && len(c.args) > 1 {
		return c.fromCharCodes()
	}
	if f, ok := c.recv.Number(); ok {
		c.recv.N = f
		return c.char(c.name, c.recv), true
	}
	if c.name == "tochar" && c.known {
		return c.recv, true
	}
	out := Union(c.recv)
	out.L &^= Numeric
	return out, true
}

func (c call) fromCharCodes() (Value, bool) {
	var b []byte
	for _, v := range c.args {
		f, ok := v.Number()
		if !ok {
			out := Union(c.args...)
			out.L &^= Numeric
			return out, true
		}
		b = appendChar(b, rune(f))
	}
	return c.folded(string(b), c.args...)
}

// isOfKind is what Char.IsLetter and its kin say of a letter.
func (c call) isOfKind() (Value, bool) {
	if !c.known || c.recv.K != VString || c.cur.d == VBScript {
		return Value{}, true
	}
	r, _ := utf8.DecodeRuneInString(c.s)
	switch c.name {
	case "isletter":
		return Bool(unicode.IsLetter(r)), true
	case "isupper":
		return Bool(unicode.IsUpper(r)), true
	case "islower":
		return Bool(unicode.IsLower(r)), true
	case "isdigit":
		return Bool(unicode.IsDigit(r)), true
	}
	return Bool(unicode.IsLetter(r) || unicode.IsDigit(r)), true
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

func (c call) toNumber() (Value, bool) {
	a := c.recv
	out := Union(a)
	out.L = out.L&^(Mixed|Worded) | Numeric // nothing of the words beside it is left
	f, ok := a.Number()
	base := 10
	if len(c.args) > 1 {
		if b, ok := c.args[1].Number(); ok {
			base = int(b)
		}
	}
	if s, isText := a.Text(); isText && a.K == VString && base != 10 && base >= 2 && base <= 36 {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(s), "0x"), "0X")
		v, err := strconv.ParseInt(s, base, 64)
		f, ok = float64(v), err == nil
	} else if isText && a.K == VString && !ok && c.name == "parseint" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		v, err := strconv.Atoi(s[:i])
		f, ok = float64(v), err == nil
	} else if r, isChar := c.code(a); !ok && isChar {
		f, ok = r, true
	}
	if !ok {
		if c.name == "cbyte" || c.name == "tobyte" { // bytes are made into text again
			out.L &^= Numeric
		}
		return out, true
	}
	switch c.name {
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
