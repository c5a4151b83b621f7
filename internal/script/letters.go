package script

import (
	"strings"
	"unicode/utf8"
)

// text gives letters by position: bytes when that is what the text is, runes
// when it is UTF-8.
type text struct {
	s string
	r []rune
}

func letters(s string) text {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			if utf8.ValidString(s) && len(s) < 1<<20 {
				return text{s, []rune(s)}
			}
			break
		}
	}
	return text{s: s}
}

func (t text) len() int {
	if t.r != nil {
		return len(t.r)
	}
	return len(t.s)
}

func (t text) code(i int) int {
	if t.r != nil {
		return int(t.r[i])
	}
	return int(t.s[i])
}

func (t text) slice(i, j int) string {
	n := t.len()
	i = max(0, min(i, n))
	j = max(i, min(j, n))
	if t.r != nil {
		return string(t.r[i:j])
	}
	return t.s[i:j]
}

func reverse(s string) string {
	t := letters(s)
	if t.r != nil {
		out := make([]rune, len(t.r))
		for i, r := range t.r {
			out[len(out)-1-i] = r
		}
		return string(out)
	}
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	return string(b)
}

// unescapeText undoes JScript's escape: %41 and %u0041.
func unescapeText(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if s[i+1]|0x20 == 'u' && i+5 < len(s) {
				if v, ok := hexValue(s[i+2 : i+6]); ok {
					b = appendChar(b, rune(v))
					i += 5
					continue
				}
			} else if v, ok := hexValue(s[i+1 : i+3]); ok {
				b = append(b, byte(v))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func hexValue(s string) (int, bool) {
	v := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return v, len(s) > 0
}

// replaceFold is strings.Replace without regard to case.
func replaceFold(s, old, with string) string {
	low, lold := lowerASCII(s), lowerASCII(old)
	var b strings.Builder
	for {
		i := strings.Index(low, lold)
		if i < 0 || b.Len() > maxString {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteString(with)
		s, low = s[i+len(old):], low[i+len(old):]
	}
}
