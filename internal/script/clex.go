package script

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexC reads the segments of src as C# or JScript. Like lexVB it stops after
// limit tokens and returns what is left.
func lexC(toks []Token, src string, segs []Segment, limit int, js bool) ([]Token, []Segment) {
	for k, seg := range segs {
		if seg.Out {
			toks = append(toks, Token{Kind: tOut, Pos: int32(seg.Start)})
		}
		l := cLexer{toks: toks, src: src, end: seg.End, js: js}
		i := l.run(seg.Start, limit)
		toks = l.toks
		if i < seg.End {
			rest := append([]Segment{{Start: i, End: seg.End}}, segs[k+1:]...)
			return append(toks, Token{Kind: tEOF, Pos: int32(i)}), rest
		}
		if seg.Out {
			toks = append(toks, Token{Kind: tOp, Op: ';', Pos: int32(seg.End)})
		}
		if k+1 < len(segs) {
			toks = append(toks, Token{Kind: tHTML, Pos: int32(seg.End)})
		}
	}
	return append(toks, Token{Kind: tEOF, Pos: int32(len(src))}), nil
}

type cLexer struct {
	toks  []Token
	src   string
	end   int
	js    bool
	depth int // of interpolated strings
	work  int // bytes looked at in vain
}

func (l *cLexer) add(k, op uint8, pos int, s string) {
	l.toks = append(l.toks, Token{Kind: k, Op: op, Pos: int32(pos), S: s})
}

func (l *cLexer) run(i, limit int) int {
	src, end := l.src, l.end
	for i < end {
		if len(l.toks) >= limit && (src[i] == '\n' || len(l.toks) > 2*limit) {
			return i + 1
		}
		c := src[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v' || c == 0:
			i++
		case c == '/' && i+1 < end && src[i+1] == '/':
			i = lineEnd(src, i, end)
		case c == '/' && i+1 < end && src[i+1] == '*':
			if l.js && strings.HasPrefix(src[i:end], "/*@cc_on") {
				i += 8 // code for JScript alone
				continue
			}
			j := strings.Index(src[i+2:end], "*/")
			if j < 0 {
				return end
			}
			i += j + 4
		case c == '@' && l.js && strings.HasPrefix(src[i:end], "@*/"):
			i += 3
		case c >= 0x80 && spaceAt(src[i:end]) > 0:
			i += spaceAt(src[i:end])
		case c >= 0x80 && smartQuote(src[i:end]) > 0:
			s, j := smartString(src, i, end)
			l.add(tStr, 0, i, s)
			i = j
		case identStart(c) || c == '\\' && i+1 < end && src[i+1]|0x20 == 'u' || c == '$' && l.js:
			i = l.ident(i)
		case c >= '0' && c <= '9' || c == '.' && i+1 < end && src[i+1] >= '0' && src[i+1] <= '9':
			j := i + 1
			for j < end && (identByte(src[j]) || src[j] == '.' && (j+1 >= end || !identStart(src[j+1])) || (src[j] == '+' || src[j] == '-') && src[j-1]|0x20 == 'e' && src[i+1]|0x20 != 'x') {
				if src[j] == '.' && j+1 < end && src[j+1] == '.' {
					break
				}
				j++
			}
			l.add(tNum, 0, i, src[i:j])
			i = j
		case c == '"':
			if !l.js && strings.HasPrefix(src[i:end], `"""`) {
				i = l.raw(i)
				continue
			}
			i = l.quoted(i, i+1, '"')
		case c == '\'':
			i = l.quoted(i, i+1, '\'')
		case c == '`' && l.js:
			i = l.template(i)
		case c == '@' && !l.js && i+1 < end && src[i+1] == '"':
			i = l.verbatim(i, i+2)
		case c == '$' && !l.js:
			j, verb := i+1, false
			for j < end && (src[j] == '$' || src[j] == '@') {
				verb = verb || src[j] == '@'
				j++
			}
			if j < end && src[j] == '"' {
				i = l.interpolated(i, j+1, verb)
				continue
			}
			i = j // a run of signs is read once, not once for each
		case c == '@' && i+2 < end && src[i+1] == '$' && src[i+2] == '"' && !l.js:
			i = l.interpolated(i, i+3, true)
		case c == '@':
			i++ // @keyword
		case c == '#' && l.js:
			i++ // of a private name
		case c == '#':
			i = lineEnd(src, i, end) // preprocessor; every branch of #if is read
		case c == '/' && l.js && !l.value():
			i = l.regex(i)
		default:
			i = l.operator(i)
		}
	}
	return i
}

// value reports whether the last token ends a value.
func (l *cLexer) value() bool {
	if len(l.toks) == 0 {
		return false
	}
	t := l.toks[len(l.toks)-1]
	switch t.Kind {
	case tStr, tNum:
		return true
	case tIdent:
		return t.S != "return" && t.S != "typeof" && t.S != "in" && t.S != "case"
	case tOp:
		return t.Op == ')' || t.Op == ']' || t.Op == '}'
	}
	return false
}

func (l *cLexer) ident(i int) int {
	src, end := l.src, l.end
	j := i
	plain := true
	for j < end && (identByte(src[j]) || src[j] == '$' && l.js) {
		plain = plain && src[j] < 0x80
		j++
	}
	if plain && (j >= end || src[j] != '\\') {
		l.add(tIdent, 0, i, src[i:j])
		return j
	}
	// Escapes and invisible letters (Unicode class Cf) are part of names in C#
	// and mean nothing: ECMA-334, 6.4.3.
	var b []byte
	j = i
	for j < end {
		switch c := src[j]; {
		case c == '\\' && j+1 < end && src[j+1]|0x20 == 'u':
			n := 4
			if src[j+1] == 'U' {
				n = 8
			}
			if j+2+n > end {
				n = end - j - 2
			}
			v, err := strconv.ParseUint(src[j+2:j+2+n], 16, 32)
			if err != nil {
				j += 2
				continue
			}
			if r := rune(v); !unicode.Is(unicode.Cf, r) {
				b = utf8.AppendRune(b, r)
			}
			j += 2 + n
			continue
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(src[j:end])
			if unicode.Is(unicode.Z, r) || smartQuote(src[j:end]) > 0 {
				break
			}
			if !unicode.Is(unicode.Cf, r) && r != 0xA0 && r != 0x3000 {
				b = append(b, src[j:j+n]...)
			}
			j += n
			continue
		case identByte(c) || c == '$' && l.js:
			b = append(b, c)
			j++
			continue
		}
		break
	}
	j = max(j, i+1)
	if len(b) > 0 {
		l.add(tIdent, 0, i, string(b))
	}
	return j
}

// quoted reads a literal with escapes; it ends with its line at the latest.
func (l *cLexer) quoted(pos, i int, quote byte) int {
	src, end := l.src, l.end
	from := i
	for i < end && src[i] != quote && src[i] != '\\' && src[i] != '\n' {
		if n := 0; src[i] == 0xe2 && quote == '"' {
			if n = smartQuote(src[i:end]); n > 0 && closesSmart(src, i+n, end) {
				l.add(tStr, 0, pos, src[from:i])
				return i + n
			}
		}
		i++
	}
	op := uint8(0)
	if quote == '\'' && !l.js {
		op = 1
	}
	if i >= end || src[i] != '\\' {
		l.add(tStr, op, pos, src[from:i])
		return min(i+1, end)
	}
	b := append([]byte(nil), src[from:i]...)
	for i < end && src[i] != quote && src[i] != '\n' {
		if src[i] != '\\' {
			b = append(b, src[i])
			i++
			continue
		}
		b, i = l.unescape(b, i)
	}
	l.add(tStr, op, pos, string(b))
	return min(i+1, end)
}

// unescape appends what the escape at i stands for.
func (l *cLexer) unescape(b []byte, i int) ([]byte, int) {
	src, end := l.src, l.end
	if i+1 >= end {
		return append(b, '\\'), i + 1
	}
	digits := 0
	switch c := src[i+1]; c {
	case 'n':
		b = append(b, '\n')
	case 'r':
		b = append(b, '\r')
	case 't':
		b = append(b, '\t')
	case 'b':
		b = append(b, '\b')
	case 'f':
		b = append(b, '\f')
	case 'v':
		b = append(b, '\v')
	case 'a':
		b = append(b, 7)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		j := i + 1
		v := 0
		for j < end && j < i+4 && src[j] >= '0' && src[j] <= '7' {
			v = v*8 + int(src[j]-'0')
			j++
		}
		return appendChar(b, rune(v)), j
	case 'x':
		if digits = 2; !l.js {
			digits = 4
		}
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case '\r':
		if i+2 < end && src[i+2] == '\n' {
			return b, i + 3
		}
	case '\n':
	default:
		b = append(b, c)
	}
	if digits > 0 {
		j := i + 2
		for j < end && j < i+2+digits && hexDigit(src[j]) {
			j++
		}
		v, err := strconv.ParseUint(src[i+2:j], 16, 32)
		if err != nil {
			return append(b, src[i+1]), i + 2
		}
		return appendChar(b, rune(v)), j
	}
	return b, i + 2
}

// spaceAt returns the size of a Unicode space at the start of s.
func spaceAt(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if unicode.Is(unicode.Z, r) || r == 0x85 || r == 0xFEFF || r == 0x200B {
		return n
	}
	return 0
}

func appendChar(b []byte, r rune) []byte {
	if r < 0x80 {
		return append(b, byte(r))
	}
	return utf8.AppendRune(b, r)
}

func (l *cLexer) verbatim(pos, i int) int {
	src, end := l.src, l.end
	from := i
	var b []byte
	for i < end {
		if src[i] == '"' {
			if i+1 < end && src[i+1] == '"' {
				b = append(b, src[from:i+1]...)
				i += 2
				from = i
				continue
			}
			break
		}
		i++
	}
	s := src[from:i]
	if b != nil {
		s = string(append(b, s...))
	}
	l.add(tStr, 0, pos, s)
	return min(i+1, end)
}

// raw reads """ … """.
func (l *cLexer) raw(i int) int {
	n := 0
	for i+n < l.end && l.src[i+n] == '"' {
		n++
	}
	j := strings.Index(l.src[i+n:l.end], l.src[i:i+n])
	if j < 0 {
		l.add(tStr, 0, i, l.src[i+n:l.end])
		return l.end
	}
	l.add(tStr, 0, i, l.src[i+n:i+n+j])
	return i + n + j + n
}

// maxJoined bounds the tokens that one text with code inside becomes.
const maxJoined = 1 << 20

// joined is code between two parts of a text that opens at an offset.
func (l *cLexer) joined(at, from, to int) {
	l.add(tOp, '+', at, "")
	l.add(tOp, '(', at, "")
	if l.depth < 4 {
		inner := cLexer{toks: l.toks, src: l.src, end: to, js: l.js, depth: l.depth + 1}
		inner.run(from, 1<<30)
		l.toks = inner.toks
	}
	l.add(tOp, ')', to, "")
	l.add(tOp, '+', to, "")
}

// interpolated turns $"a{b}c" into ("a" + (b) + "c").
func (l *cLexer) interpolated(pos, i int, verbatim bool) int {
	src, end := l.src, l.end
	most := len(l.toks) + maxJoined
	l.add(tOp, '(', pos, "")
	var b []byte
	for i < end {
		c := src[i]
		switch {
		case c == '"' && verbatim && i+1 < end && src[i+1] == '"':
			b = append(b, '"')
			i += 2
		case c == '"' || c == '\n' && !verbatim:
			l.add(tStr, 0, pos, string(b))
			l.add(tOp, ')', i, "")
			return i + 1
		case c == '\\' && !verbatim:
			b, i = l.unescape(b, i)
		case (c == '{' || c == '}') && i+1 < end && src[i+1] == c:
			b = append(b, c)
			i += 2
		case len(l.toks) > most:
			return end
		case c == '{':
			j, depth := i+1, 0
			for ; j < end; j++ {
				d := src[j]
				if d == '{' || d == '(' || d == '[' {
					depth++
				} else if (d == '}' || d == ':') && depth == 0 || d == '\n' && !verbatim {
					break
				} else if d == '}' || d == ')' || d == ']' {
					depth--
				}
			}
			l.add(tStr, 0, pos, string(b))
			b = b[:0]
			l.joined(i, i+1, j)
			if j < end && src[j] == ':' {
				for j < end && src[j] != '}' && src[j] != '"' && src[j] != '\n' {
					j++
				}
			}
			if j < end && src[j] == '}' {
				j++
			}
			i = max(j, i+1)
		default:
			b = append(b, c)
			i++
		}
	}
	l.add(tStr, 0, pos, string(b))
	l.add(tOp, ')', end-1, "")
	return end
}

// template turns `a${b}c` into ("a" + (b) + "c").
func (l *cLexer) template(pos int) int {
	src, end := l.src, l.end
	most := len(l.toks) + maxJoined
	l.add(tOp, '(', pos, "")
	var b []byte
	i := pos + 1
	for i < end && src[i] != '`' {
		switch {
		case src[i] == '\\':
			b, i = l.unescape(b, i)
		case len(l.toks) > most:
			return end
		case src[i] == '$' && i+1 < end && src[i+1] == '{':
			j, depth := i+2, 0
			for ; j < end && (depth > 0 || src[j] != '}'); j++ {
				if src[j] == '{' {
					depth++
				} else if src[j] == '}' {
					depth--
				}
			}
			l.add(tStr, 0, pos, string(b))
			b = b[:0]
			l.joined(i, i+2, j)
			i = min(j+1, end)
		default:
			b = append(b, src[i])
			i++
		}
	}
	l.add(tStr, 0, pos, string(b))
	l.add(tOp, ')', min(i, end-1), "")
	return min(i+1, end)
}

// maxWork bounds the bytes that are looked at in vain for the ends of regular
// expressions.
const maxWork = 1 << 20

func (l *cLexer) regex(i int) int {
	src, end := l.src, l.end
	class := false
	j := i + 1
	for ; j < end && src[j] != '\n' && l.work < maxWork; j++ {
		switch src[j] {
		case '\\':
			j++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if class {
				continue
			}
			k := j + 1
			for k < end && identByte(src[k]) {
				k++
			}
			l.add(tStr, 2, i, src[i:k])
			return k
		}
	}
	l.work += j - i - 1
	return l.operator(i)
}

func (l *cLexer) operator(i int) int {
	src, end := l.src, l.end
	c := src[i]
	var d, e byte
	if i+1 < end {
		d = src[i+1]
	}
	if i+2 < end {
		e = src[i+2]
	}
	op, n := c, 1
	switch {
	case c == '=' && d == '=':
		op, n = opEQ, 2
		if e == '=' {
			n = 3
		}
	case c == '!' && d == '=':
		op, n = opNE, 2
		if e == '=' {
			n = 3
		}
	case c == '=' && d == '>':
		op, n = opArrow, 2
	case c == '<' && d == '=':
		op, n = opLE, 2
	case c == '>' && d == '=':
		op, n = opGE, 2
	case c == '&' && d == '&':
		op, n = opAnd, 2
	case c == '|' && d == '|':
		op, n = opOr, 2
	case c == '+' && d == '+':
		op, n = opInc, 2
	case c == '-' && d == '-':
		op, n = opDec, 2
	case c == '-' && d == '>':
		op, n = opPtr, 2
	case c == ':' && d == ':':
		op, n = opScope, 2
	case c == '?' && d == '?':
		op, n = opNullish, 2
		if e == '=' {
			l.add(tOp, opSet, i, "??")
			return i + 3
		}
	case c == '?' && d == '.' && !(e >= '0' && e <= '9'):
		op, n = opQDot, 2
	case c == '.' && d == '.':
		op, n = opRange, 2
		if l.js && e == '.' {
			n = 3
		}
	case c == '<' && d == '<':
		op, n = opShl, 2
		if e == '=' {
			l.add(tOp, opSet, i, "<")
			return i + 3
		}
	case d == '=' && strings.IndexByte("+-*/%^|&", c) >= 0:
		l.add(tOp, opSet, i, src[i:i+1])
		return i + 2
	}
	l.add(tOp, op, i, "")
	return i + n
}
