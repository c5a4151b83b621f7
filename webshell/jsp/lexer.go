package jsp

import (
	"unicode/utf8"

	"limier/webshell"
)

// A kind is a kind of token.
type kind uint8

const (
	end kind = iota
	ident
	str  // a string; its text is unescaped
	char // a character, or a quoted string of the expression language
	number
	punct
)

// A token is one word of Java. Its text is that of the code, from at to to.
type token struct {
	kind kind
	op   [2]byte // of punct: one or two bytes
	at   int32
	to   int32
	pair int32 // of a bracket: the index of the other one; 0 without one
}

func isLetter(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// maxStatement is how far behind the end of a piece its last statement may end,
// in bytes.
const maxStatement = 64 << 10

// lex cuts code into tokens from an offset on, up to the end of the statement
// that stands at to, and returns where that is. It never fails: a byte that
// begins nothing is skipped.
func lex(code []byte, from, to int) ([]token, int) {
	tokens := make([]token, 0, (min(len(code), to)-from)/4+8)
	ended := func() bool {
		n := len(tokens)
		return n == 0 || tokens[n-1].kind == punct && (tokens[n-1].op[0] == ';' || tokens[n-1].op[0] == '{' || tokens[n-1].op[0] == '}')
	}
	i := from
	for i < len(code) && (i < to || !ended() && i < to+maxStatement) {
		c := code[i]
		start := i
		switch {
		case c <= ' ':
			i++
			continue
		case isLetter(c):
			for i < len(code) && (isLetter(code[i]) || isDigit(code[i])) {
				i++
			}
			tokens = append(tokens, token{kind: ident, at: int32(start), to: int32(i)})
		case isDigit(c):
			for i < len(code) && (isLetter(code[i]) || isDigit(code[i]) || code[i] == '.') {
				i++
			}
			tokens = append(tokens, token{kind: number, at: int32(start), to: int32(i)})
		case c == '/' && i+1 < len(code) && code[i+1] == '/':
			for i < len(code) && code[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(code) && code[i+1] == '*':
			for i += 2; i < len(code) && !(code[i] == '*' && i+1 < len(code) && code[i+1] == '/'); {
				i++
			}
			i = min(i+2, len(code))
		case c == '"' || c == '\'':
			i = quoted(code, i)
			k := str
			if c == '\'' {
				k = char
			}
			tokens = append(tokens, token{kind: k, at: int32(start), to: int32(i)})
		default:
			t := token{kind: punct, op: [2]byte{c}, at: int32(start)}
			i++
			if i < len(code) && twoByte(c, code[i]) {
				t.op[1] = code[i]
				i++
			}
			t.to = int32(i)
			tokens = append(tokens, t)
		}
	}
	pairBrackets(tokens)
	return tokens, i
}

// quoted returns the offset behind a string or character. One that is not
// closed ends with its line. Text blocks (""") run over lines.
func quoted(code []byte, i int) int {
	q := code[i]
	if q == '"' && i+2 < len(code) && code[i+1] == '"' && code[i+2] == '"' {
		for j := i + 3; j+2 < len(code); j++ {
			if code[j] == '\\' {
				j++
			} else if code[j] == '"' && code[j+1] == '"' && code[j+2] == '"' {
				return j + 3
			}
		}
		return i + 2
	}
	for j := i + 1; j < len(code); j++ {
		switch code[j] {
		case '\\':
			j++
		case q:
			return j + 1
		case '\n':
			return j
		}
	}
	return len(code)
}

func twoByte(a, b byte) bool {
	switch {
	case b == '=':
		return a == '+' || a == '-' || a == '=' || a == '!' || a == '^' || a == '|' || a == '&' || a == '*'
	case a == b:
		return a == '&' || a == '|' || a == '+' || a == '-' || a == ':'
	case b == '>':
		return a == '-'
	}
	return false
}

func pairBrackets(tokens []token) {
	var open []int32
	for i := range tokens {
		if tokens[i].kind != punct {
			continue
		}
		switch tokens[i].op[0] {
		case '(', '[', '{':
			open = append(open, int32(i))
		case ')', ']', '}':
			// Broken code: look a few brackets back for the partner.
			for back := 0; back < 4 && back < len(open); back++ {
				j := open[len(open)-1-back]
				if closes(tokens[j].op[0], tokens[i].op[0]) {
					tokens[j].pair, tokens[i].pair = int32(i), j
					open = open[:len(open)-1-back]
					break
				}
			}
		}
	}
	for _, j := range open {
		tokens[j].pair = int32(len(tokens))
	}
}

func closes(open, shut byte) bool {
	return open == '(' && shut == ')' || open == '[' && shut == ']' || open == '{' && shut == '}'
}

// unquote returns the text of a string or character token.
func unquote(raw []byte) string {
	if len(raw) >= 6 && raw[0] == '"' && raw[1] == '"' && raw[2] == '"' {
		return webshell.Unescape(string(raw[3:max(3, len(raw)-3)]), false)
	}
	raw = raw[1:]
	if n := len(raw); n > 0 && (raw[n-1] == '"' || raw[n-1] == '\'') {
		raw = raw[:n-1]
	}
	for _, c := range raw {
		if c == '\\' {
			return webshell.Unescape(string(raw), false)
		}
	}
	return string(raw)
}
