package script

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// lexVB reads the segments of src as Visual Basic. low is src in lower case.
// It stops after limit tokens and returns where to go on: a segment and an
// offset, or len(segments) when all was read.
func lexVB(toks []Token, src, low string, segs []Segment, limit int, net bool) ([]Token, []Segment) {
	for k, seg := range segs {
		if seg.Out {
			toks = append(toks, Token{Kind: tOut, Pos: int32(seg.Start)})
		}
		i, end := seg.Start, seg.End
		for i < end {
			if len(toks) >= limit && (src[i] == '\n' || len(toks) > 2*limit) {
				rest := append([]Segment{{Start: i + 1, End: end}}, segs[k+1:]...)
				return append(toks, Token{Kind: tNL, Pos: int32(i)}, Token{Kind: tEOF, Pos: int32(i)}), rest
			}
			c := src[i]
			switch {
			case c == ' ' || c == '\t' || c == '\f' || c == '\v':
				i++
			case c == '\r' || c == '\n' || c == ':':
				if c == ':' && i+1 < end && src[i+1] == '=' { // named argument
					toks = append(toks, Token{Kind: tOp, Op: ':', Pos: int32(i), S: ":="})
					i += 2
					continue
				}
				if n := len(toks); n > 0 && toks[n-1].Kind != tNL {
					toks = append(toks, Token{Kind: tNL, Pos: int32(i), S: low[i : i+1]})
				} else if c != ':' && n > 0 {
					toks[n-1].S = "\n"
				}
				i++
			case c == '\'':
				i = lineEnd(src, i, end)
			case c >= 0x80 && smartQuote(src[i:end]) > 0:
				s, j := smartString(src, i, end)
				toks = append(toks, Token{Kind: tStr, Pos: int32(i), S: s})
				i = j
			case identStart(c):
				toks, i = vbWord(toks, src, low, i, end, net)
			case c >= '0' && c <= '9' || c == '.' && i+1 < end && src[i+1] >= '0' && src[i+1] <= '9' && !prevValue(toks):
				j := i + 1
				for j < end && (identByte(src[j]) || src[j] == '.') {
					j++
				}
				toks = append(toks, Token{Kind: tNum, Pos: int32(i), S: low[i:j]})
				i = j
			case c == '"':
				s, j := vbString(src, i, end)
				toks = append(toks, Token{Kind: tStr, Pos: int32(i), S: s})
				i = j
				if i < end && src[i]|0x20 == 'c' && (i+1 >= end || !identByte(src[i+1])) {
					i++
				}
			case c == '$' && i+1 < end && src[i+1] == '"':
				toks, i = vbInterpolated(toks, src, low, i, end)
			case c == '&' && i+2 < end && (low[i+1] == 'h' || low[i+1] == 'o') && hexDigit(low[i+2]):
				toks, i = vbHex(toks, src, low, i, end)
			case c == '[':
				j := i + 1
				for j < end && src[j] != ']' && src[j] != '\n' {
					j++
				}
				toks = append(toks, Token{Kind: tIdent, Pos: int32(i), S: low[i+1 : j], Op: 1})
				i = min(j+1, end)
			case c == '#' && !prevValue(toks):
				if j := strings.IndexByte(src[i+1:min(end, i+40)], '#'); j > 0 {
					toks = append(toks, Token{Kind: tStr, Pos: int32(i), S: src[i+1 : i+1+j]})
					i += j + 2
				} else {
					i = lineEnd(src, i, end) // #Region
				}
			default:
				if c == '(' && !net {
					toks = unwrap(toks)
				}
				op, n := vbOp(src[i:min(end, i+2)])
				t := Token{Kind: tOp, Op: op, Pos: int32(i)}
				if op == opSet {
					t.S = src[i : i+1]
				}
				toks = append(toks, t)
				i += n
			}
		}
		toks = append(toks, Token{Kind: tNL, Pos: int32(end), S: "\n"})
		if k+1 < len(segs) {
			toks = append(toks, Token{Kind: tHTML, Pos: int32(end)})
		}
	}
	return append(toks, Token{Kind: tEOF, Pos: int32(len(src))}), nil
}

// vbWord reads a name, a comment after Rem, or what is no part of the code.
func vbWord(toks []Token, src, low string, i, end int, net bool) ([]Token, int) {
	if c := src[i]; c >= 0x80 {
		if n := spaceAt(src[i:end]); n > 0 {
			return toks, i + n
		}
		if !net {
			// VBScript has no such names. They are what is left of a
			// line's end where a page was recoded or badly decoded.
			i += foreign(src[i:end])
			if n := len(toks); n > 0 && toks[n-1].Kind != tNL {
				toks = append(toks, Token{Kind: tNL, Pos: int32(i), S: "\n"})
			}
			return toks, i
		}
	}
	if src[i] == '_' && (i+1 >= end || !identByte(src[i+1])) {
		if j, ok := continued(src, i+1, end); ok {
			return toks, j
		}
	}
	j := i + 1
	for j < end && identByte(src[j]) && (net || src[j] < 0x80) {
		j++
	}
	word := low[i:j]
	if word == "rem" && (len(toks) == 0 || toks[len(toks)-1].Kind != tOp || toks[len(toks)-1].Op != '.') {
		return toks, lineEnd(src, i, end)
	}
	return append(toks, Token{Kind: tIdent, Pos: int32(i), S: word}), j
}

// vbHex reads &H1F or &O17.
func vbHex(toks []Token, src, low string, i, end int) ([]Token, int) {
	j := i + 2
	for j < end && hexDigit(low[j]) {
		j++
	}
	word := low[i:j]
	if j < end && src[j] == '&' && (j+1 >= end || src[j+1] != ' ') {
		j++ // type suffix
	}
	return append(toks, Token{Kind: tNum, Pos: int32(i), S: word}), j
}

// What an interpolated text may hold of code: pieces, and bytes of one.
const (
	maxHoles = 1000
	maxHole  = 256
)

// vbInterpolated turns $"a{b}c" into ("a" & (b) & "c").
func vbInterpolated(toks []Token, src, low string, at, end int) ([]Token, int) {
	add := func(op uint8) { toks = append(toks, Token{Kind: tOp, Op: op, Pos: int32(at)}) }
	var b []byte
	text := func() {
		toks = append(toks, Token{Kind: tStr, Pos: int32(at), S: string(b)})
		b = b[:0]
	}
	add('(')
	holes := 0
	i := at + 2
	for i < end && src[i] != '\n' {
		c := src[i]
		double := i+1 < end && src[i+1] == c
		switch {
		case c == '"' && !double:
			text()
			add(')')
			return toks, i + 1
		case double && (c == '"' || c == '{' || c == '}'):
			b = append(b, c)
			i += 2
		case c == '{' && holes < maxHoles:
			holes++
			shut, stop := hole(src, i+1, min(end, i+maxHole))
			if shut < 0 {
				b = append(b, c)
				i++
				continue
			}
			text()
			add('&')
			add('(')
			inner, _ := lexVB(nil, src, low, []Segment{{Start: i + 1, End: stop}}, maxHole, true)
			for n := len(inner); n > 0 && (inner[n-1].Kind == tNL || inner[n-1].Kind == tEOF); n-- {
				inner = inner[:n-1]
			}
			toks = append(toks, inner...)
			add(')')
			add('&')
			i = shut + 1
		default:
			b = append(b, c)
			i++
		}
	}
	text()
	add(')')
	return toks, i
}

// hole finds where code within a text is shut, -1 if it is not, and where the
// code stops before a width or a format.
func hole(src string, i, end int) (shut, stop int) {
	depth, quoted := 0, false
	stop = -1
	for ; i < end && src[i] != '\n'; i++ {
		switch c := src[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '{':
			depth++
		case depth == 0 && (c == ',' || c == ':') && stop < 0:
			stop = i
		case depth == 0 && c == '}':
			if stop < 0 {
				stop = i
			}
			return i, stop
		case c == ')' || c == '}':
			depth--
		}
	}
	return -1, -1
}

// prevValue reports whether the last token ends a value.
func prevValue(toks []Token) bool {
	if len(toks) == 0 {
		return false
	}
	t := toks[len(toks)-1]
	switch t.Kind {
	case tStr, tNum:
		return true
	case tIdent:
		return !vbWordOps[t.S]
	case tOp:
		return t.Op == ')' || t.Op == ']'
	}
	return false
}

var vbWordOps = map[string]bool{"and": true, "or": true, "not": true, "mod": true, "then": true, "return": true, "if": true, "xor": true, "case": true, "else": true, "is": true, "to": true}

func hexDigit(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func lineEnd(src string, i, end int) int {
	for i < end && src[i] != '\n' && src[i] != '\r' {
		i++
	}
	return i
}

// continued reports whether only space stands between i and the line's end,
// and returns where the next line starts.
func continued(src string, i, end int) (int, bool) {
	for i < end && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i < end && src[i] == '\'' {
		i = lineEnd(src, i, end)
	}
	if i >= end {
		return i, false
	}
	if src[i] == '\r' {
		i++
		if i < end && src[i] == '\n' {
			i++
		}
		return i, true
	}
	if src[i] == '\n' {
		return i + 1, true
	}
	return i, false
}

// unwrap takes back a line's end before an opening bracket, with which no
// statement begins: a forum or a mail wrapped the line.
func unwrap(toks []Token) []Token {
	if n := len(toks); n > 1 && toks[n-1].Kind == tNL && toks[n-1].S == "\n" && toks[n-2].Kind == tIdent {
		return toks[:n-1]
	}
	return toks
}

// vbString reads the literal that opens at i. An unclosed one ends with its line.
func vbString(src string, i, end int) (string, int) {
	j := i + 1
	var b []byte
	from := j
	for j < end {
		switch src[j] {
		case '"':
			if j+1 < end && src[j+1] == '"' {
				b = append(b, src[from:j+1]...)
				j += 2
				from = j
				continue
			}
			if b == nil {
				return src[from:j], j + 1
			}
			return string(append(b, src[from:j]...)), j + 1
		case 0xe2:
			if n := smartQuote(src[j:end]); n > 0 && closesSmart(src, j+n, end) {
				return string(append(b, src[from:j]...)), j + n
			}
		case '\n', '\r':
			if b == nil {
				return src[from:j], j
			}
			return string(append(b, src[from:j]...)), j
		}
		j++
	}
	return string(append(b, src[from:j]...)), j
}

// foreign returns the size of the letter at the start of s, in UTF-8 or in a
// code page of two bytes.
func foreign(s string) int {
	if r, n := utf8.DecodeRuneInString(s); r != utf8.RuneError || n > 1 {
		return n
	}
	if len(s) > 1 && s[1] >= 0x40 {
		return 2
	}
	return 1
}

// smartQuote returns the size of a typographic quotation mark at the start of
// s, in UTF-8 or GBK: VB.NET takes it for a plain one, and copies out of web
// pages are full of them.
func smartQuote(s string) int {
	if strings.HasPrefix(s, "\xe2\x80\x9c") || strings.HasPrefix(s, "\xe2\x80\x9d") || strings.HasPrefix(s, "\xe2\x80\xb3") {
		return 3
	}
	if strings.HasPrefix(s, "\xa1\xb0") || strings.HasPrefix(s, "\xa1\xb1") {
		return 2
	}
	return 0
}

// closesSmart reports whether no plain quotation mark closes the literal on
// its line, so that a typographic one must.
func closesSmart(src string, i, end int) bool {
	return strings.IndexByte(src[i:lineEnd(src, i, end)], '"') < 0
}

func smartString(src string, i, end int) (string, int) {
	i += smartQuote(src[i:end])
	for j := i; j < end && src[j] != '\n'; j++ {
		if src[j] == '"' {
			return src[i:j], j + 1
		}
		if src[j] >= 0x80 {
			if n := smartQuote(src[j:end]); n > 0 {
				return src[i:j], j + n
			}
		}
	}
	j := lineEnd(src, i, end)
	return src[i:j], j
}

func vbOp(s string) (uint8, int) {
	c := s[0]
	if len(s) < 2 {
		return c, 1
	}
	d := s[1]
	switch {
	case c == '<' && d == '>' || c == '>' && d == '<':
		return opNE, 2
	case c == '<' && d == '=' || c == '=' && d == '<':
		return opLE, 2
	case c == '>' && d == '=' || c == '=' && d == '>':
		return opGE, 2
	case d == '=' && (c == '+' || c == '&' || c == '-' || c == '*' || c == '/' || c == '^' || c == '\\'):
		return opSet, 2
	case c == '<' && d == '<':
		return opShl, 2
	case c == '>' && d == '>':
		return opShr, 2
	case c == '?' && d == '.':
		return opQDot, 2
	}
	return c, 1
}

// number reads a literal of any of the languages.
func number(s string) float64 {
	if s == "" {
		return 0
	}
	s = strings.ReplaceAll(s, "_", "")
	base := 0
	switch {
	case len(s) > 2 && (s[:2] == "&h" || s[:2] == "0x" || s[:2] == "0X"):
		base = 16
	case len(s) > 2 && s[:2] == "&o":
		base = 8
	case len(s) > 2 && (s[:2] == "0b" || s[:2] == "0B"):
		base = 2
	}
	if base != 0 {
		d := strings.TrimRight(s[2:], "uUlLsSiI")
		n, err := strconv.ParseUint(d, base, 64)
		if err != nil {
			return 0
		}
		if base != 2 && s[0] == '&' && len(d) == 4 && n >= 0x8000 { // VBScript's 16-bit integers
			return float64(int16(n))
		}
		return float64(n)
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n
	}
	n, _ := strconv.ParseFloat(strings.TrimRight(s, "uUlLfFdDmMsSiIrRcC!#@%&"), 64)
	return n
}
