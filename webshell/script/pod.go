package script

import (
	"bytes"
	"regexp"
	"strings"
)

// A reader of Perl follows where strings, patterns and here-documents end, as far
// as that is certain without knowing what functions the script calls.
type reader struct {
	data  []byte
	at    int
	prev  byte     // last mark of code; 'v' a value, 'w' a bare word
	word  string   // the last one
	heres []string // ends of the here-documents that begin with the next line
	block []bool   // of the braces that are open
}

// withoutDocumentation turns Perl's documentation, from a line =word to =cut, into
// spaces. A script may hold such a line in a string, with code behind it: from where
// it is not certain that none is open, all is left as it is.
func withoutDocumentation(data []byte) []byte {
	if !bytes.Contains(data, []byte("\n=")) {
		return data
	}
	r := reader{data: data}
	for r.at < len(data) {
		if !r.documents() {
			if !r.step() {
				break
			}
			continue
		}
		end := bytes.Index(data[r.at:], []byte("\n=cut"))
		if end < 0 {
			end = len(data) - r.at
		} else if end += len("\n=cut"); r.at+end < len(data) && data[r.at+end] != '\n' && data[r.at+end] != '\r' {
			break // another word, or more in its line
		}
		for i, c := range data[r.at : r.at+end] {
			if c != '\n' {
				data[r.at+i] = ' '
			}
		}
		r.at += end
	}
	return data
}

// documents reports whether documentation begins here: at a line's start, where a
// statement may.
func (r *reader) documents() bool {
	return r.data[r.at] == '=' && letter(r.byte(1)) && (r.at == 0 || r.data[r.at-1] == '\n') &&
		(r.prev == 0 || r.prev == ';' || r.prev == '}' || r.prev == 'w' && (r.word == "__END__" || r.word == "__DATA__"))
}

// byte is what stands some bytes on, or 0.
func (r *reader) byte(n int) byte {
	if r.at+n < 0 || r.at+n >= len(r.data) {
		return 0
	}
	return r.data[r.at+n]
}

func (r *reader) value() bool { return r.prev == 'v' || r.prev == ')' }

// step passes over what begins here, and reports whether it is certain where it ends.
func (r *reader) step() bool {
	c := r.data[r.at]
	switch {
	case c == '\n':
		r.at++
		return r.documentsHere()
	case c == ' ' || c == '\t' || c == '\r':
		r.at++
	case c == '#':
		r.at += len(line(r.data[r.at:]))
	case c == '$' || c == '@':
		return r.variable()
	case c == '%' || c == '&' || c == '*':
		r.at, r.prev = r.at+1, c
		if letter(r.byte(0)) {
			return !quoting[r.name()] && r.set('w', "") // what is meant depends on what stands before it
		}
	case c == '-' && r.byte(1) == '>':
		r.at += 2
		for r.byte(0) == ' ' || r.byte(0) == '\n' {
			r.at++
		}
		if r.set('v', ""); letter(r.byte(0)) {
			r.name()
		}
	case letter(c):
		return r.bareWord()
	case digit(c):
		r.name()
		r.prev = 'v'
	case c == '"' || c == '\'' || c == '`':
		return r.text(c) && r.set('v', "")
	case c == '/':
		return r.slash()
	case c == '<':
		return r.less()
	case c == '{':
		r.block = append(r.block, r.prev == 0 || bytes.IndexByte([]byte(";{})w"), r.prev) >= 0)
		r.at, r.prev = r.at+1, c
	case c == '}':
		r.at, r.prev = r.at+1, 'v'
		if n := len(r.block) - 1; n >= 0 {
			if r.block[n] {
				r.prev = '}'
			}
			r.block = r.block[:n]
		}
	case (c == '+' || c == '-') && r.byte(1) == c:
		r.at, r.prev = r.at+2, '>' // of what stands before it or behind
	case c == ']':
		r.at, r.prev = r.at+1, 'v'
	case c == '=' && r.byte(1) == '>':
		r.at, r.prev = r.at+2, ','
	default:
		r.at, r.prev = r.at+1, c
	}
	return true
}

func (r *reader) set(prev byte, word string) bool {
	r.prev, r.word = prev, word
	return true
}

// line is the line that a text begins with.
func line(text []byte) []byte {
	l, _, _ := bytes.Cut(text, []byte("\n"))
	return l
}

// near is what follows in the line, as far as what begins here may reach.
func (r *reader) near() []byte { return line(r.data[r.at:min(len(r.data), r.at+400)]) }

// name passes over a name and returns it.
func (r *reader) name() string {
	from := r.at
	for c := r.byte(0); letter(c) || digit(c) || c == ':' && r.byte(1) == ':' || c == ':' && r.byte(-1) == ':' && r.at > from; c = r.byte(0) {
		r.at++
	}
	return string(r.data[from:r.at])
}

// variable passes over $x, @$x, $#x, $/ and the beginning of ${x}.
func (r *reader) variable() bool {
	c := r.data[r.at]
	r.at, r.prev = r.at+1, c
	if c == '$' && r.byte(0) == '#' {
		r.at++
	}
	from := r.at
	for r.byte(0) == '$' {
		r.at++
	}
	switch next := r.byte(0); {
	case next == '{':
		return true
	case next <= ' ' && from == r.at:
		return false
	case letter(next) || digit(next) || next == ':':
		r.name()
		if r.byte(0) == '\'' && letter(r.byte(1)) {
			return false // may be a part of the name
		}
	case c == '$' && from == r.at:
		r.at++ // a mark that names a variable
	}
	r.prev = 'v'
	return true
}

// takes are words that a value follows and no operator.
var takes = map[string]bool{"split": true, "grep": true, "map": true, "if": true, "elsif": true, "unless": true, "and": true, "or": true, "not": true, "while": true, "until": true,
	"return": true, "print": true, "x": true, "lt": true, "gt": true, "le": true, "ge": true, "eq": true, "ne": true, "cmp": true, "when": true, "push": true, "join": true, "die": true, "warn": true, "eval": true}

// quoting are words that begin a string.
var quoting = map[string]bool{"q": true, "qq": true, "qw": true, "qr": true, "qx": true, "m": true, "s": true, "tr": true, "y": true}

// bareWord passes over a word, and the string that it begins.
func (r *reader) bareWord() bool {
	from, after := r.at, r.prev == 'w' && (r.word == "print" || r.word == "printf")
	prev, last := r.prev, r.word
	w := r.name()
	rest := bytes.TrimLeft(r.data[r.at:], " \t\r\n")
	if w == "sub" || prev == 'w' && last == "sub" {
		if m := prototype.Find(rest); m != nil {
			rest = rest[len(m):]
			r.at = len(r.data) - len(rest)
		}
	}
	key := bytes.HasPrefix(rest, []byte("=>")) || from > 0 && r.data[from-1] == '{' && bytes.HasPrefix(rest, []byte("}"))
	switch {
	case key || prev == 'w' && last == "sub" || prev == '-' && r.data[from-1] == '-' && w == "s":
		return r.set('w', "")
	case w == "format" && bytes.HasSuffix(bytes.TrimRight(r.near(), " \t\r"), []byte("=")), strings.HasPrefix(w, "CORE::"):
		return false
	case quoting[w] && bytes.IndexByte([]byte("%&*"), prev) >= 0:
		return false
	case !quoting[w]:
		if r.byte(0) == '\'' && letter(r.byte(1)) {
			return false
		}
		if after {
			w = "print FH"
		}
		return r.set('w', w)
	}
	if len(rest) == 0 || len(rest) < len(r.data)-r.at && rest[0] == '#' || letter(rest[0]) || digit(rest[0]) || prev != '~' && bytes.IndexByte([]byte("=,;)"), rest[0]) >= 0 {
		return false
	}
	r.at = len(r.data) - len(rest)
	if !r.text(rest[0]) {
		return false
	}
	if w == "s" || w == "tr" || w == "y" { // there is a second part
		if opposite(rest[0]) == rest[0] {
			r.at--
		} else if r.at = len(r.data) - len(bytes.TrimLeft(r.data[r.at:], " \t\r\n")); r.byte(0) == '#' {
			return false
		}
		if r.at >= len(r.data) || !r.text(r.data[r.at]) {
			return false
		}
	}
	for letter(r.byte(0)) {
		r.at++ // how the pattern is meant
	}
	return r.set('v', "")
}

var prototype = regexp.MustCompile(`^\([$@%&*;\\+_\[\] ]*\)`)

func opposite(mark byte) byte {
	if i := bytes.IndexByte([]byte("({[<"), mark); i >= 0 {
		return ")}]>"[i]
	}
	return mark
}

// text passes over a string from its first mark to its last.
func (r *reader) text(mark byte) bool {
	end, depth, from := opposite(mark), 0, r.at
	for r.at++; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; {
		case c == '\\':
			r.at++
		case c == end && depth == 0:
			r.at++
			return !bytes.Contains(r.data[from:r.at], []byte("<<")) // code in it may begin a here-document
		case c == end:
			depth--
		case c == mark:
			depth++
		}
	}
	return false
}

// slash passes over a pattern, or the mark of a division.
func (r *reader) slash() bool {
	double := r.byte(1) == '/'
	switch {
	case r.value() && double, r.prev == 'w' && (r.word == "shift" || r.word == "pop") && double:
		r.at, r.prev = r.at+2, '/'
		return true
	case r.value():
		r.at, r.prev = r.at+1, '/'
		return true
	case r.prev == '}' || r.prev == '>' || r.prev == 'w' && !takes[r.word]:
		return false // either
	}
	if !r.text('/') {
		return false
	}
	for letter(r.byte(0)) {
		r.at++
	}
	return r.set('v', "")
}

// less passes over <FH>, the mark of a comparison or the beginning of a
// here-document.
func (r *reader) less() bool {
	if r.byte(1) != '<' {
		if !r.value() {
			l := r.near()
			if i := bytes.IndexByte(l, '>'); i > 1 && bytes.ContainsAny(l[:i], "'\"`#/") {
				return false
			}
		}
		r.at, r.prev = r.at+1, '<'
		return true
	}
	r.at += 2
	end := ""
	if r.byte(0) == '~' {
		r.at, end = r.at+1, "~"
	}
	name := bytes.TrimLeft(r.near(), " \t")
	if bytes.HasPrefix(name, []byte(`"`)) || bytes.HasPrefix(name, []byte("'")) {
		r.at += bytes.IndexByte(r.data[r.at:], name[0])
	}
	switch c := r.byte(0); {
	case c == '"' || c == '\'':
		r.at++
		i := bytes.IndexByte(r.near(), c)
		if i < 1 {
			return false
		}
		end += string(r.data[r.at : r.at+i])
		r.at += i + 1
	case letter(c):
		end += r.name()
	case c == '`' || c == '\\':
		return false
	default:
		r.prev = '<'
		return true
	}
	if r.value() || r.prev == '}' || r.prev == '>' || r.prev == 'w' && !takes[r.word] && r.word != "print FH" {
		return false // or a shift
	}
	r.heres = append(r.heres, end)
	return r.set('v', "") && len(r.heres) < 100
}

// documentsHere passes over the here-documents that begin with this line.
func (r *reader) documentsHere() bool {
	for _, end := range r.heres {
		for {
			if r.at >= len(r.data) {
				return false
			}
			l := line(r.data[r.at:])
			r.at = min(len(r.data), r.at+len(l)+1)
			l = bytes.TrimSuffix(l, []byte("\r"))
			if indented, ok := strings.CutPrefix(end, "~"); string(l) == end || ok && string(bytes.TrimLeft(l, " \t")) == indented {
				break
			}
		}
	}
	r.heres = r.heres[:0]
	return true
}
