package script

import (
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// text gives letters by position: bytes when that is what the text is, runes
// when it is UTF-8, and pairs of bytes where a code page of East Asia has them.
type text struct {
	s  string
	at []int32 // where each letter starts, and the end; nil: every byte is one
}

func letters(s string) text {
	i := 0
	for i < len(s) && s[i] < 0x80 {
		i++
	}
	if i == len(s) {
		return text{s: s}
	}
	t := text{s: s, at: make([]int32, 0, len(s)+1)}
	if utf8.ValidString(s) {
		for i := range s {
			t.at = append(t.at, int32(i))
		}
	} else {
		for i := 0; i < len(s); i++ {
			t.at = append(t.at, int32(i))
			if s[i] > 0x80 && i+1 < len(s) && s[i+1] >= 0x40 {
				i++
			}
		}
	}
	t.at = append(t.at, int32(len(s)))
	return t
}

// A ring holds the texts used last.
type ring struct {
	texts [4]text
	next  int
}

// longText is from where on a text has a place that short ones do not take, in
// bytes: the loop that reads it letter by letter makes many of those.
const longText = 4 << 10

// letters remembers the last texts, which loops take apart letter by letter.
func (m *Machine) letters(s string) text {
	if len(s) < 48 {
		return letters(s)
	}
	r := &m.short
	if len(s) >= longText {
		r = &m.long
	}
	for i := range r.texts {
		if t := &r.texts[i]; len(t.s) == len(s) && unsafe.StringData(t.s) == unsafe.StringData(s) {
			return *t
		}
	}
	m.left -= len(s) / 64
	t := letters(s)
	r.texts[r.next] = t
	r.next = (r.next + 1) % len(r.texts)
	return t
}

// number is how many letters start before the byte at i.
func (t text) number(i int) int {
	if t.at == nil {
		return i
	}
	n, _ := slices.BinarySearch(t.at, int32(i))
	return n
}

func (t text) len() int {
	if t.at != nil {
		return len(t.at) - 1
	}
	return len(t.s)
}

// code is the number of a letter: its code point, or what a code page of two
// bytes gives it, negative as Asc tells it.
func (t text) code(i int) int {
	if t.at == nil {
		return int(t.s[i])
	}
	l := t.s[t.at[i]:t.at[i+1]]
	if len(l) == 1 {
		return int(l[0])
	}
	if r, n := utf8.DecodeRuneInString(l); n == len(l) {
		return int(r)
	}
	return int(int16(uint16(l[0])<<8 | uint16(l[1])))
}

func (t text) slice(i, j int) string {
	n := t.len()
	i = max(0, min(i, n))
	j = max(i, min(j, n))
	if t.at != nil {
		return t.s[t.at[i]:t.at[j]]
	}
	return t.s[i:j]
}

func reverse(s string) string {
	t := letters(s)
	if t.at != nil {
		out := make([]byte, 0, len(s))
		for i := t.len() - 1; i >= 0; i-- {
			out = append(out, t.slice(i, i+1)...)
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
