package php

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// bytefolds are the folds that take texts apart, and put them together again.
var bytefolds = map[string]func(*call) (value, bool){
	"unpack":          foldUnpack,
	"sscanf":          foldScan,
	"chunk_split":     foldChunks,
	"rawurlencode":    sure(func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }),
	"print_r":         foldShown,
	"var_export":      foldShown,
	"decbin":          func(c *call) (value, bool) { return foldBase(c, 2) },
	"decoct":          func(c *call) (value, bool) { return foldBase(c, 8) },
	"ctype_upper":     letterTest(func(b byte) bool { return b >= 'A' && b <= 'Z' }),
	"ctype_lower":     letterTest(func(b byte) bool { return b >= 'a' && b <= 'z' }),
	"ctype_alpha":     letterTest(func(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }),
	"ctype_digit":     letterTest(isDigit),
	"ctype_xdigit":    letterTest(func(b byte) bool { return hexDigit(b) >= 0 }),
	"ctype_space":     letterTest(func(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }),
	"ctype_alnum":     letterTest(func(b byte) bool { return isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' }),
	"str_contains":    holds(strings.Contains),
	"str_starts_with": holds(strings.HasPrefix),
	"str_ends_with":   holds(strings.HasSuffix),
	"ucwords": sure(func(s string) string {
		b := []byte(s)
		for i := range b {
			if b[i] >= 'a' && b[i] <= 'z' && (i == 0 || strings.IndexByte(" \t\r\n\f\v", b[i-1]) >= 0) {
				b[i] -= 0x20
			}
		}
		return string(b)
	}),
	"array_fill_keys": func(c *call) (value, bool) {
		l, ok := c.arg(0).list()
		out := newArray()
		for _, v := range l {
			k, kok := keyOf(v)
			ok = ok && kok
			out.set(k, c.arg(1))
		}
		return arrOf(out), ok
	},
	"array_key_last": func(c *call) (value, bool) {
		a, ok := c.arg(0).ref.(*array)
		if !ok || a.open || len(a.vals) == 0 {
			return value{}, false
		}
		return a.keyAt(len(a.vals) - 1).value(), true
	},
	"array_product": func(c *call) (value, bool) {
		l, ok := c.arg(0).list()
		product := num(1)
		for _, v := range l {
			x, xok := v.number()
			ok = ok && xok
			product = arithmetic('*', product, x)
		}
		return product, ok
	},
}

func foldBase(c *call, base int) (value, bool) {
	n, ok := c.arg(0).integer()
	return str(strconv.FormatUint(uint64(n), base)), ok
}

// letterTest is a function of ctype on a text that is known.
func letterTest(in func(byte) bool) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		s := c.arg(0).s
		if c.arg(0).k != vStr || c.arg(0).t&undecided != 0 {
			return value{}, false
		}
		for i := range len(s) {
			if !in(s[i]) {
				return boolean(false), true
			}
		}
		return boolean(s != ""), true
	}
}

func holds(f func(s, part string) bool) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		s, ok := c.text(0)
		part, pok := c.text(1)
		return boolean(f(s, part)), ok && pok && (c.arg(0).t|c.arg(1).t)&undecided == 0
	}
}

func foldChunks(c *call) (value, bool) {
	s, ok := c.text(0)
	n, end := int(c.int(1, 76)), "\r\n"
	if len(c.args) > 2 {
		end, _ = c.text(2)
	}
	if !ok || n < 1 || len(s)/n*len(end) > maxString {
		return value{}, false
	}
	var b strings.Builder
	for i := 0; i < len(s); i += n {
		b.WriteString(s[i:min(len(s), i+n)] + end)
	}
	return str(b.String()), true
}

// foldShown is what print_r and var_export return of a text or a number.
func foldShown(c *call) (value, bool) {
	yes, _ := c.arg(1).truth()
	s, ok := c.text(0)
	if !yes || !ok || c.arg(0).k != vStr && c.arg(0).k != vInt {
		return value{}, false
	}
	if c.name == "var_export" && c.arg(0).k == vStr {
		s = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	return str(s), true
}

// foldUnpack knows the codes that obfuscators use: C, c, a, A, H, n, N, v, V.
func foldUnpack(c *call) (value, bool) {
	format, ok := c.text(0)
	s, sok := c.text(1)
	if !ok || !sok || len(format) > 256 {
		return value{}, false
	}
	out := newArray()
	for part := range strings.SplitSeq(format, "/") {
		if part == "" {
			return value{}, false
		}
		code, i := part[0], 1
		for i < len(part) && (isDigit(part[i]) || part[i] == '*') {
			i++
		}
		n, star := 1, part[1:i] == "*"
		if !star && i > 1 {
			n = int(min(parseInt(strings.TrimLeft(part[1:i], "0")), maxElements))
		}
		name := part[i:]
		set := func(at int, many bool, v value) {
			label := name
			if many || name == "" {
				label += fmt.Sprint(at)
			}
			k, _ := keyOf(str(label))
			v.t = c.arg(1).t &^ undecided
			out.set(k, v)
		}
		size := map[byte]int{'C': 1, 'c': 1, 'n': 2, 'v': 2, 'N': 4, 'V': 4}[code]
		switch {
		case code == 'a' || code == 'A' || code == 'H':
			if code == 'H' {
				n = (n + 1) / 2
			}
			if star || n > len(s) {
				n = len(s)
			}
			text := s[:n]
			switch code {
			case 'A':
				text = strings.TrimRight(text, " \t\r\n\x00")
			case 'H':
				text = fmt.Sprintf("%x", text)
			}
			set(1, false, str(text))
			s = s[n:]
		case size > 0:
			if star {
				n = len(s) / size
			}
			if n > maxElements || n*size > len(s) {
				return value{}, false
			}
			for j := range n {
				b := []byte(s[j*size : (j+1)*size])
				x := uint64(b[0])
				switch code {
				case 'c':
					x = uint64(int8(b[0]))
				case 'n':
					x = uint64(binary.BigEndian.Uint16(b))
				case 'v':
					x = uint64(binary.LittleEndian.Uint16(b))
				case 'N':
					x = uint64(binary.BigEndian.Uint32(b))
				case 'V':
					x = uint64(binary.LittleEndian.Uint32(b))
				}
				set(j+1, n > 1 || star, num(int64(x)))
			}
			s = s[n*size:]
		default:
			return value{}, false
		}
	}
	return arrOf(out), true
}

// foldScan is sscanf for numbers, letters and words: %d, %x, %o, %c, %s, each
// with a width.
func foldScan(c *call) (value, bool) {
	s, ok := c.text(0)
	format, fok := c.text(1)
	if !ok || !fok || len(c.args) != 2 || len(format) > 1<<16 {
		return value{}, false
	}
	out := newArray()
	for i := 0; i < len(format); i++ {
		if format[i] == ' ' {
			s = strings.TrimLeft(s, " \t\r\n")
			continue
		}
		if format[i] != '%' {
			if s == "" || s[0] != format[i] {
				return value{}, false
			}
			s = s[1:]
			continue
		}
		i++
		d := i
		for i < len(format) && isDigit(format[i]) {
			i++
		}
		width := len(s)
		if i > d {
			width = int(min(parseInt(strings.TrimLeft(format[d:i], "0")), int64(len(s))))
		}
		if i >= len(format) {
			return value{}, false
		}
		base := map[byte]int{'d': 10, 'x': 16, 'X': 16, 'o': 8}[format[i]]
		switch {
		case format[i] == 'c':
			width = min(len(s), max(1, min(width, map[bool]int{true: 1, false: width}[i == d])))
			out.push(str(s[:width]))
			s = s[width:]
		case format[i] == 's':
			n := strings.IndexAny(s[:width], " \t\r\n")
			if n < 0 {
				n = width
			}
			out.push(str(s[:n]))
			s = s[n:]
		case base > 0:
			n := 0
			for n < width && hexDigit(s[n]) >= 0 && hexDigit(s[n]) < base {
				n++
			}
			x, err := strconv.ParseInt(s[:n], base, 64)
			if err != nil {
				return value{}, false
			}
			out.push(num(x))
			s = s[n:]
		default:
			return value{}, false
		}
	}
	return arrOf(out), true
}
