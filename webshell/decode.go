package webshell

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strconv"
	"unicode/utf8"
)

// MaxDecoded is the most that one decoding yields, in bytes. A real shell is
// below 2 MB; more is a compression bomb.
const MaxDecoded = 8 << 20

// Base64 decodes standard and URL-safe base64 with or without padding. White
// space and other bytes outside the alphabet are skipped, as PHP's and .NET's
// decoders do; ok is false if they are more than one in eight, or nothing
// remains.
func Base64(s string) (out []byte, ok bool) {
	out = make([]byte, 0, min(len(s)/4*3+3, MaxDecoded))
	var acc uint32
	bits, junk := 0, 0
	for i := 0; i < len(s) && len(out) < MaxDecoded; i++ {
		v := base64Values[s[i]]
		switch {
		case v == base64Space:
			continue
		case v == base64Pad:
			bits = 0 // what follows starts a new group: concatenated base64
			continue
		case v >= 64:
			junk++
			continue
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return out, len(out) > 0 && junk <= len(s)/8
}

const (
	base64Junk  = 255
	base64Space = 254
	base64Pad   = 253
)

var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = base64Junk
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = byte(i)
	}
	t['-'], t['_'], t['='] = 62, 63, base64Pad
	for _, c := range " \t\r\n\v\f" {
		t[c] = base64Space
	}
	return t
}()

// Hex decodes pairs of hexadecimal digits; other bytes, such as \x, 0x, % and
// spaces between them, are skipped.
func Hex(s string) (out []byte, ok bool) {
	out = make([]byte, 0, min(len(s)/2, MaxDecoded))
	digits, high := 0, byte(0)
	for i := 0; i < len(s) && len(out) < MaxDecoded; i++ {
		if s[i] == '0' && i+1 < len(s) && s[i+1]|0x20 == 'x' && digits%2 == 0 {
			i++
			continue
		}
		v, is := hexDigit(s[i])
		if !is {
			continue
		}
		if digits++; digits%2 == 0 {
			out = append(out, high<<4|v)
		}
		high = v
	}
	return out, len(out) > 0 && digits >= len(s)/2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// Inflate decompresses gzip, zlib or raw deflate data, whichever it is. Of
// data that is cut short or damaged it returns what there is; ok is false if
// that is nothing.
func Inflate(data []byte) (out []byte, ok bool) {
	if len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b {
		if r, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			if out = readBounded(r); len(out) > 0 {
				return out, true
			}
		}
	}
	if len(data) > 2 && data[0]&0x0f == 8 && (int(data[0])<<8|int(data[1]))%31 == 0 {
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			if out = readBounded(r); len(out) > 0 {
				return out, true
			}
		}
	}
	out = readBounded(flate.NewReader(bytes.NewReader(data)))
	return out, len(out) > 0
}

func readBounded(r io.Reader) []byte {
	out, _ := io.ReadAll(io.LimitReader(r, MaxDecoded)) // an error ends the data
	return out
}

// URL decodes %XX and, as ASP and JavaScript's unescape do, %uXXXX. With plus,
// a plus sign is a space.
func URL(s string, plus bool) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+' && plus:
			out = append(out, ' ')
			continue
		case s[i] == '%' && i+5 < len(s) && s[i+1]|0x20 == 'u':
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				out = utf8.AppendRune(out, rune(v))
				i += 5
				continue
			}
		case s[i] == '%' && i+2 < len(s):
			h, ok1 := hexDigit(s[i+1])
			l, ok2 := hexDigit(s[i+2])
			if ok1 && ok2 {
				out = append(out, h<<4|l)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// Unescape decodes the backslash escapes that C-like languages share: \n, \t,
// \r, \xXX, \u{X…}, \uXXXX (any number of u, as Java allows), \UXXXXXXXX and
// octal \ooo. A backslash before anything else is dropped. With bytes, \x and
// octal escapes stand for bytes, as in PHP; otherwise for code points.
func Unescape(s string, bytes bool) string {
	out := make([]byte, 0, len(s))
	add := func(v uint64) {
		if bytes && v < 256 {
			out = append(out, byte(v))
		} else {
			out = utf8.AppendRune(out, rune(v))
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'x', 'X', 'u', 'U':
			most := map[byte]int{'x': 2, 'X': 2, 'u': 4, 'U': 8}[c]
			j := i + 1
			for c == 'u' && j < len(s) && s[j] == 'u' {
				j++
			}
			brace := j < len(s) && s[j] == '{'
			if brace {
				j, most = j+1, 6
			}
			v, n := uint64(0), 0
			for n < most && j+n < len(s) {
				d, ok := hexDigit(s[j+n])
				if !ok {
					break
				}
				v = v<<4 | uint64(d)
				n++
			}
			if n == 0 {
				out = append(out, '\\', c)
				continue
			}
			if c == 'u' || c == 'U' {
				out = utf8.AppendRune(out, rune(v))
			} else {
				add(v)
			}
			i = j + n - 1
			if brace && i+1 < len(s) && s[i+1] == '}' {
				i++
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v, n := uint64(0), 0
			for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' && v < 32 {
				v = v<<3 | uint64(s[i+n]-'0')
				n++
			}
			add(v)
			i += n - 1
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// Reverse turns a string round, byte by byte.
func Reverse(s string) string {
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	return string(b)
}
