package script

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode turns a file into text: UTF-32, UTF-16 and UTF-7 become UTF-8, a byte order
// mark is dropped, and code that Microsoft's Script Encoder hid is shown.
func Decode(data []byte) string {
	s := wide(data)
	if declared := containsFold(s[:min(len(s), 4096)], "65000"); declared || strings.Contains(s, "+ADw") {
		s = utf7(s, declared)
	}
	if strings.Contains(s, "#@~^") {
		s = DecodeScript(s)
	}
	return s
}

func wide(data []byte) string {
	if len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF {
		return string(data[3:])
	}
	var order binary.ByteOrder
	switch {
	case IsUTF32(data):
		return string(FromUTF32(data))
	case len(data) >= 2 && data[0] == 0xFF && data[1] == 0xFE:
		order, data = binary.LittleEndian, data[2:]
	case len(data) >= 2 && data[0] == 0xFE && data[1] == 0xFF:
		order, data = binary.BigEndian, data[2:]
	case len(data) >= 8 && data[0] != 0 && data[1] == 0 && data[3] == 0 && data[5] == 0:
		order = binary.LittleEndian
	case len(data) >= 8 && data[0] == 0 && data[1] != 0 && data[2] == 0 && data[4] == 0:
		order = binary.BigEndian
	default:
		return string(data)
	}
	out := make([]byte, 0, len(data)/2+16)
	for i := 0; i+1 < len(data); i += 2 {
		c := rune(order.Uint16(data[i:]))
		if c >= 0xD800 && c < 0xDC00 && i+3 < len(data) {
			c = utf16.DecodeRune(c, rune(order.Uint16(data[i+2:])))
			i += 2
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out)
}

// IsUTF32 reports whether a file starts with the byte order mark of UTF-32, which
// .NET's StreamReader and Tomcat look for.
func IsUTF32(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0xFF, 0xFE, 0, 0}) || bytes.HasPrefix(data, []byte{0, 0, 0xFE, 0xFF})
}

// FromUTF32 decodes a file that starts with the byte order mark of UTF-32. What
// is no character becomes U+FFFD.
func FromUTF32(data []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 0 {
		order = binary.BigEndian
	}
	out := make([]byte, 0, len(data)/4+16)
	for i := 4; i+3 < len(data); i += 4 {
		out = utf8.AppendRune(out, rune(order.Uint32(data[i:])))
	}
	return out
}

// utf7 decodes RFC 2152, which IIS accepts as code page 65000.
func utf7(s string, declared bool) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '+' {
			out = append(out, s[i])
			i++
			continue
		}
		j := i + 1
		for j < len(s) && (s[j]|0x20 >= 'a' && s[j]|0x20 <= 'z' || s[j] >= '0' && s[j] <= '9' || s[j] == '+' || s[j] == '/') {
			j++
		}
		word := s[i+1 : j]
		if word == "" {
			out = append(out, '+')
			i = j
			if j < len(s) && s[j] == '-' {
				i++
			}
			continue
		}
		b, err := base64.RawStdEncoding.DecodeString(word[:len(word)/4*4])
		if rest := word[len(word)/4*4:]; err == nil && len(rest) > 1 {
			more, _ := base64.RawStdEncoding.DecodeString(rest)
			b = append(b, more...)
		}
		if err != nil || (len(b) < 2 || b[0] != 0) && !(declared && j < len(s) && s[j] == '-') {
			out = append(out, s[i:j]...) // no UTF-7 after all
			i = j
			continue
		}
		for k := 0; k+1 < len(b); k += 2 {
			out = utf8.AppendRune(out, rune(binary.BigEndian.Uint16(b[k:])))
		}
		i = j
		if j < len(s) && s[j] == '-' {
			i++
		}
	}
	return string(out)
}

// DecodeScript replaces each stretch that the Script Encoder wrote
// (#@~^length==code sum==^#~@) by the code.
func DecodeScript(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "#@~^")
		if i < 0 || i+12 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		body := s[i+12:]
		e := strings.Index(body, "^#~@")
		rest, sum := "", ""
		if e >= 0 {
			rest, sum = body[e+4:], body[max(0, e-8):e]
			body = body[:max(0, e-8)]
		} else if raw, err := base64.StdEncoding.DecodeString(s[i+4 : i+12]); err == nil && len(raw) >= 4 {
			if n := int(binary.LittleEndian.Uint32(raw)); n < len(body) && n > 0 {
				body, rest = body[:n], body[n:]
			}
		}
		b.WriteString(decodeStretch(body, sum))
		s = rest
	}
}

// maxMended is how long a stretch is that is mended, and maxTab how many spaces
// at most stand for a tab.
const (
	maxMended = 1 << 20
	maxTab    = 8
)

// A loss is what a copy of encoded code from a screen, which has no DEL, lost.
type loss int

const (
	nothing loss = iota
	deletes      // spaces stand for DEL
	doubled      // and one space for DEL and a space
)

// decodeStretch decodes a stretch that ends with the sum of its code's letters.
// Where that differs, the stretch may have been copied from a screen: what comes
// nearest to the sum is the code.
func decodeStretch(body, sum string) string {
	best, got := decodeRun(body, nothing)
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || len(raw) < 4 || len(body) > maxMended || strings.IndexByte(body, ' ') < 0 {
		return best
	}
	want := int(binary.LittleEndian.Uint32(raw))
	far := func(got int) int { return max(got-want, want-got) }
	least := far(got)
	for width := 1; width <= maxTab && least > 0; width++ {
		tab := strings.Repeat(" ", width)
		if !strings.Contains(body, tab) {
			break
		}
		mended := body
		if width > 1 {
			mended = strings.ReplaceAll(body, tab, "\t")
		}
		for _, lost := range []loss{deletes, doubled} {
			if s, got := decodeRun(mended, lost); far(got) < least {
				best, least = s, far(got)
			}
		}
	}
	return best
}

// The encoder's three alphabets for the codes 32 to 127 and the order in which
// they take turns, as published by Mr Brownstone ("Script Encoder cracked",
// 2001) and used in many decoders since.
const (
	alphabets = ".-2Gu0zR!V`)Bq[j^8/I3&\\=IbXA}:4)526e[ 9v|\\rzVC\x7fs8kf9cNp3EE+khhbqQYOfx\tv^b1}DdJ#TmuCqJLA~:`JLA^~S@L@wEBJ,'a*H]tr\"'uK71oD7NyM;YRL/\"PoTg&j*rG}jdt9-T{ +?\x7f-8.,wL0g]nS~kGlf4o5xy%]t!0Cd#&MZvR[%cl$?H+{U(xp#)iA(.4sL\tY!*3$D\x7fN?mPwU\t;SVU|si:5a_aceKPFXgX;Q1WIi\"OlmFZMhH%|'(6\\Fp=Jn$2zyA/7=_`_KQOZ B,6eW"
	turns     = "0120121221210212021200122102122100212120200120210212001220012021"
)

// decodeRun decodes what was encoded in one go, and adds up the letters of ASCII
// in it.
func decodeRun(s string, lost loss) (code string, sum int) {
	out := make([]byte, 0, len(s))
	index := 0
	utf := utf8.ValidString(s)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '@' && i+1 < len(s) {
			var plain byte
			switch s[i+1] {
			case '&':
				plain = '\n'
			case '#':
				plain = '\r'
			case '*':
				plain = '>'
			case '!':
				plain = '<'
			case '$':
				plain = '@'
			}
			if plain != 0 {
				out = append(out, plain)
				sum += int(plain)
				index++
				i++
				continue
			}
		}
		if c >= 0x80 { // passed through, without a turn
			out = append(out, c)
			if !utf && i+1 < len(s) { // the second byte of a letter may look like ASCII
				i++
				out = append(out, s[i])
			}
			continue
		}
		turn := int(turns[index%64] - '0')
		index++
		switch {
		case c == 9:
			c = "Wn{"[turn]
		case c == ' ' && lost != nothing && turn == 1: // more often DEL, for e, than a minus
			c = 'e'
			if lost == doubled && turns[index%64] == '0' {
				out = append(out, c)
				sum += int(c)
				c = '.'
				index++
			}
		case c > 31 && c != '<' && c != '>' && c != '@':
			c = alphabets[(int(c)-32)*3+turn]
		}
		out = append(out, c)
		sum += int(c)
	}
	return string(out), sum
}

// A Place is one step of a trace as a person sees it.
type Place struct {
	Line int // 0 in decoded code
	Code string
}

// Place shows where a node stands.
func (m *Machine) Place(n *Node) Place {
	text, file := m.Text(n)
	pos := min(int(n.Pos), len(text))
	from := strings.LastIndexByte(text[:pos], '\n') + 1
	to := len(text)
	if e := strings.IndexByte(text[pos:], '\n'); e >= 0 {
		to = pos + e
	}
	if to-from > 200 {
		from = max(from, pos-60)
		to = min(to, from+200)
	}
	p := Place{Code: strings.ToValidUTF8(strings.TrimSpace(text[from:to]), "?")}
	if file {
		p.Line = 1 + strings.Count(text[:pos], "\n")
	}
	return p
}

// Places lists a trace from its source on, at most the given number.
func (m *Machine) Places(t *Trace, most int) []Place {
	var out []Place
	for ; t != nil; t = t.Prev {
		p := m.Place(t.Node)
		if n := len(out); n == 0 || out[n-1] != p {
			out = append(out, p)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	if len(out) > most {
		out = append(out[:most-1:most-1], out[len(out)-1])
	}
	return out
}

// Units lists the texts that were decoded and run.
func (m *Machine) Units() []string {
	var out []string
	for _, u := range m.units[min(1, len(m.units)):] {
		out = append(out, u.text)
	}
	return out
}
