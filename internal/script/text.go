package script

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
)

func (c call) length() (Value, bool) {
	if c.known {
		return Num(float64(c.letters(c.s).len())), true
	}
	return Value{}, true
}

func (c call) mid() (Value, bool) {
	start, ok1 := numArg(c.args, 1, 1)
	size, ok2 := numArg(c.args, 2, 1<<30)
	if !c.known || !ok1 || !ok2 || start <= 0 || size < 0 {
		return c.given()
	}
	return from(Const(c.letters(c.s).slice(start-1, start-1+size)), c.args...), true
}

// side is Left or Right.
func (c call) side() (Value, bool) {
	size, ok := numArg(c.args, 1, 0)
	left := c.name[0] == 'l'
	switch t := c.letters(c.s); {
	case c.known && ok && size >= 0 && len(c.args) > 1 && left:
		return c.folded(t.slice(0, size), c.args...)
	case c.known && ok && size >= 0 && len(c.args) > 1:
		return c.folded(t.slice(t.len()-size, t.len()), c.args...)
	}
	out := Union(c.args...)
	if !left { // the end of the text stays its end
		out.S = c.recv.S
	}
	return out, true
}

// repeat is String(n, letter), or String(v) of JScript.
func (c call) repeat() (Value, bool) {
	if len(c.args) == 2 {
		f, ok := c.recv.Number()
		t, ok2 := c.args[1].Text()
		if ok && ok2 && t != "" && f >= 0 && f < 1<<16 {
			return c.folded(strings.Repeat(c.letters(t).slice(0, 1), int(f)), c.args...)
		}
	} else if c.known {
		return c.folded(c.s, c.recv)
	}
	return c.given()
}

func (c call) spaces() (Value, bool) {
	if f, ok := c.recv.Number(); ok && f >= 0 && f < 1<<16 {
		return c.folded(strings.Repeat(" ", int(f)), c.recv)
	}
	return Value{}, true
}

// cstr is CStr(v), or Convert.ToString(v, base).
func (c call) cstr() (Value, bool) {
	if len(c.args) == 2 {
		f, ok := c.recv.Number()
		base, ok2 := c.args[1].Number()
		if ok && ok2 && base >= 2 && base <= 36 {
			return c.folded(strconv.FormatInt(int64(f), int(base)), c.recv)
		}
	}
	switch {
	case c.recv.K == VString:
		return c.recv, true
	case c.known:
		return c.folded(c.s, c.recv)
	}
	return c.given()
}

func (c call) reversed() (Value, bool) {
	if c.known {
		return c.folded(reverse(c.s), c.recv)
	}
	return c.given()
}

func (c call) escape() (Value, bool) {
	if c.known && c.name == "escape" {
		return c.folded(url.QueryEscape(c.s), c.recv)
	}
	return c.given()
}

func (c call) unescape() (Value, bool) {
	if c.known {
		return c.folded(unescapeText(c.s), c.recv)
	}
	return c.given()
}

func (c call) fromBase64() (Value, bool) {
	if !c.known {
		return c.given()
	}
	t := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, c.s)
	b, err := base64.StdEncoding.DecodeString(t)
	if err != nil {
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(t, "="))
	}
	if err != nil {
		return c.given()
	}
	c.left -= len(b) / 64
	return from(Value{K: VBytes, L: Built, O: &Object{Buf: b}}, c.recv), true
}

func (c call) toBase64() (Value, bool) {
	if b, ok := c.bytesOf(c.recv); ok {
		return c.folded(base64.StdEncoding.EncodeToString(b), c.recv)
	}
	return c.given()
}

func (c call) fromHex() (Value, bool) {
	if b, err := hex.DecodeString(c.s); c.known && err == nil {
		return from(Value{K: VBytes, L: Built, O: &Object{Buf: b}}, c.recv), true
	}
	return c.given()
}

func (c call) instr() (Value, bool) {
	start, rest := 1, c.args
	if c.name == "instr" && len(c.args) > 2 {
		if f, ok := c.recv.Number(); ok && c.recv.K == VNumber {
			start, rest = int(f), c.args[1:]
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
	c.left -= len(s) / 256
	i := 0
	if c.name == "instrrev" {
		i = strings.LastIndex(s, t) + 1
	} else if i = strings.Index(s[start-1:], t) + 1; i > 0 {
		i += start - 1
	}
	if i > 1 {
		i = c.letters(s).number(i-1) + 1
	}
	return Num(float64(i)), true
}

// concatArgs is string.Concat.
func (c call) concatArgs() (Value, bool) {
	if len(c.args) == 1 && c.recv.K == VArray {
		return c.Concat(c.recv.O.Elems...), true
	}
	return c.Concat(c.args...), true
}

// format is string.Format.
func (c call) format() (Value, bool) { return c.formatted(c.args), true }

func (m *Machine) formatted(args []Value) Value {
	f, ok := arg(args, 0).Text()
	if !ok {
		return Union(args...)
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
	return m.Concat(append(parts, Const(f))...)
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
