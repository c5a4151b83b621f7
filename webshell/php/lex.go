package php

import (
	"bytes"
	"slices"
)

// A kind is what a token is: an ASCII operator byte stands for itself, the
// rest follow from 128.
type kind uint8

const (
	tEOF kind = iota + 128
	tHTML
	tOpenEcho // <?=
	tVar      // $name
	tIdent    // names and keywords, with namespace separators
	tNum
	tStr      // 'single quoted'
	tTpl      // "double quoted"
	tHeredoc  // <<<X ... X, with interpolation
	tNowdoc   // <<<'X'
	tBacktick // `command`
	tCast     // (int)
	tClose    // ?>: ends a statement

	tArrow       // ->
	tNullArrow   // ?->
	tDoubleArrow // =>
	tColons      // ::
	tInc         // ++
	tDec         // --
	tEq          // ==
	tNe          // != <>
	tSame        // ===
	tNotSame     // !==
	tLe          // <=
	tGe          // >=
	tShip        // <=>
	tAnd         // &&
	tOr          // ||
	tCoalesce    // ??
	tShl         // <<
	tShr         // >>
	tPow         // **
	tEllipsis    // ...
	tAttr        // #[
	tAssignOp    // += .= …: the text tells which
)

// A token is a piece of the file: [pos, end). For an opening bracket, match is
// the index of the token that closes it, 0 when nothing does.
type token struct {
	pos, end uint32
	match    uint32
	kind     kind
}

// maxTokens bounds the memory of one file: 16 bytes each.
const maxTokens = 1 << 20

type lexer struct {
	src    []byte
	pos    int
	tokens []token
	open   []uint32 // indexes of the brackets still open
	cut    bool     // maxTokens was reached
	work   int      // bytes looked at in search of the end of {$…}
	far    int      // of them by braces, of long ones
}

// all reads the tokens up to the end.
func (l *lexer) all() ([]token, bool) {
	for l.pos < len(l.src) && !l.cut {
		l.next()
	}
	l.tokens = append(l.tokens, token{pos: uint32(len(l.src)), end: uint32(len(l.src)), kind: tEOF})
	return l.tokens, l.cut
}

func (l *lexer) emit(k kind, pos, end int) {
	if len(l.tokens) >= maxTokens {
		l.cut = true
		return
	}
	if len(l.tokens) == cap(l.tokens) { // what is left is likely to be as dense as what was read
		more := float64(len(l.tokens)) * float64(len(l.src)-pos) / float64(pos+1)
		l.tokens = slices.Grow(l.tokens, int(max(16, min(more*1.1, float64(2*len(l.tokens)), maxTokens-float64(len(l.tokens))))))
	}
	i := uint32(len(l.tokens))
	l.tokens = append(l.tokens, token{pos: uint32(pos), end: uint32(end), kind: k})
	switch k {
	case '(', '[', '{':
		l.open = append(l.open, i)
	case tAttr:
		l.open = append(l.open, i)
	case ')', ']', '}':
		l.close(k, i)
	}
	l.pos = end
}

// close pairs a closing bracket with the opening one. A brace closes whatever
// broken parentheses are left inside it; a parenthesis never closes a brace.
func (l *lexer) close(k kind, at uint32) {
	for n := len(l.open) - 1; n >= 0 && n >= len(l.open)-64; n-- {
		o := l.tokens[l.open[n]].kind
		if o == '(' && k == ')' || (o == '[' || o == tAttr) && k == ']' || o == '{' && k == '}' {
			l.tokens[l.open[n]].match = at
			l.open = l.open[:n]
			return
		}
		if o == '{' {
			return
		}
	}
}

// html reads text outside PHP up to the next opening tag.
func (l *lexer) html() {
	start := l.pos
	for {
		i := bytes.IndexByte(l.src[l.pos:], '<')
		if i < 0 {
			l.text(start, len(l.src))
			l.pos = len(l.src)
			return
		}
		l.pos += i
		n, echo := openTag(l.src[l.pos:])
		if n == 0 {
			l.pos++
			continue
		}
		l.text(start, l.pos)
		at := l.pos
		l.pos += n
		if echo {
			l.emit(tOpenEcho, at, l.pos)
		}
		return
	}
}

func (l *lexer) text(from, to int) {
	if to > from {
		l.emit(tHTML, from, to)
	}
}

// openTag measures the opening tag at the start of b, 0 if none is there.
func openTag(b []byte) (n int, echo bool) {
	switch {
	case len(b) < 2:
		return 0, false
	case b[1] == '?':
		if len(b) >= 3 && b[2] == '=' {
			return 3, true
		}
		if len(b) >= 5 && foldEqual(b[2:5], "php") {
			return 5, false
		}
		if len(b) >= 5 && (foldEqual(b[2:5], "xml") || foldEqual(b[2:5], "mso")) {
			return 0, false
		}
		if len(b) >= 6 && foldEqual(b[2:6], "xpac") {
			return 0, false
		}
		if len(b) > 2 && b[2] >= 0x80 || len(b) > 2 && b[2] < 9 { // binary data
			return 0, false
		}
		return 2, false
	case b[1] == '%': // asp_tags, until PHP 7
		if len(b) >= 3 && (b[2] == '@' || b[2] == '-' || b[2] == '!' || b[2] >= 0x80 || b[2] < 9) {
			return 0, false
		}
		if len(b) >= 3 && b[2] == '=' {
			return 3, true
		}
		return 2, false
	case len(b) > 15 && foldEqual(b[1:7], "script"):
		end := bytes.IndexByte(b[:min(len(b), 80)], '>')
		if end < 0 {
			return 0, false
		}
		tag := bytes.ToLower(b[:end])
		i := bytes.Index(tag, []byte("language"))
		if i < 0 {
			return 0, false
		}
		v := bytes.Trim(tag[i+8:], " =\t\r\n\"'")
		if string(v) == "php" {
			return end + 1, false
		}
	}
	return 0, false
}

// foldEqual compares b with a lower-case ASCII word.
func foldEqual(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

func isIdentStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x7f
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isIdent(c byte) bool { return isIdentStart(c) || isDigit(c) }

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// next reads one token or one comment.
func (l *lexer) next() {
	src, p := l.src, l.pos
	c := src[p]
	switch {
	case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0:
		for p++; p < len(src) && (src[p] == ' ' || src[p] == '\t'); p++ {
		}
		l.pos = p
	case c >= 0x80 && blank(src[p:]) > 0: // copied from a web page: PHP stops here, people do not
		l.pos += blank(src[p:])
	case isIdentStart(c):
		l.ident(p)
	case c == '\\' && isIdentStart(l.at(p+1)):
		l.ident(p)
	case c == '$':
		if !isIdentStart(l.at(p + 1)) {
			l.emit('$', p, p+1)
			return
		}
		e := p + 2
		for e < len(src) && identTable[src[e]] {
			e++
		}
		l.emit(tVar, p, e)
	case isDigit(c) || c == '.' && isDigit(l.at(p+1)):
		l.number(p)
	case c == '\'':
		l.emit(tStr, p, quoted(src, p))
	case c == '"':
		l.emit(tTpl, p, l.interpolated(p))
	case c == '`' && l.at(p+1) == '`' && l.at(p+2) == '`': // no PHP runs with it: code in Markdown ends
		l.leave(p, p+3)
	case c == '`':
		l.emit(tBacktick, p, l.interpolated(p))
	case c == '#':
		if l.at(p+1) == '[' {
			l.emit(tAttr, p, p+2)
			return
		}
		l.lineComment()
	case c == '/' && l.at(p+1) == '/':
		l.lineComment()
	case c == '/' && l.at(p+1) == '*':
		if i := bytes.Index(src[p+2:], []byte("*/")); i >= 0 {
			l.pos = p + 2 + i + 2
		} else {
			l.pos = len(src)
		}
	case c == '?' && l.at(p+1) == '>', c == '%' && l.at(p+1) == '>':
		l.leave(p, p+2)
	case c == '<' && l.at(p+1) == '<' && l.at(p+2) == '<' && l.heredoc(p):
	case c == '<' && l.at(p+1) == '/' && len(src)-p >= 9 && foldEqual(src[p+2:p+8], "script"):
		if i := bytes.IndexByte(src[p:], '>'); i >= 0 {
			l.leave(p, p+i+1)
		} else {
			l.leave(p, len(src))
		}
	case c == '<' && l.at(p+1) == '?' && l.at(p+2) == 'p': // a doubled opening tag: PHP stops here, people do not
		n, _ := openTag(src[p:])
		l.pos += n
	case c == '(':
		if n := castLen(src[p:]); n > 0 {
			l.emit(tCast, p, p+n)
			return
		}
		l.emit('(', p, p+1)
	default:
		l.operator(p)
	}
}

// blank is the length of the Unicode space at the start of b, 0 if none is
// there.
func blank(b []byte) int {
	switch {
	case len(b) >= 2 && b[0] == 0xc2 && b[1] == 0xa0:
		return 2
	case len(b) >= 3 && b[0] == 0xe2 && b[1] == 0x80 && b[2] >= 0x80 && b[2] <= 0x8b,
		len(b) >= 3 && b[0] == 0xe3 && b[1] == 0x80 && b[2] == 0x80,
		len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf:
		return 3
	}
	return 0
}

func (l *lexer) ident(p int) {
	e := p + 1
	for e < len(l.src) && (identTable[l.src[e]] || l.src[e] == '\\' && isIdentStart(l.at(e+1))) {
		e++
	}
	l.emit(tIdent, p, e)
	// What follows the halt is data.
	if e-p == 15 && foldEqual(l.src[p:e], "__halt_compiler") {
		l.pos = len(l.src)
	}
}

func (l *lexer) number(p int) {
	e := p + 1
	src := l.src
	if src[p] == '0' && e < len(src) && (src[e]|0x20 == 'x' || src[e]|0x20 == 'b' || src[e]|0x20 == 'o') {
		for e++; e < len(src) && (isDigit(src[e]) || src[e]|0x20 >= 'a' && src[e]|0x20 <= 'f' || src[e] == '_'); e++ {
		}
		l.emit(tNum, p, e)
		return
	}
	for e < len(src) && (isDigit(src[e]) || src[e] == '.' && isDigit(l.at(e+1)) || src[e] == '_' && isDigit(l.at(e+1))) {
		e++
	}
	if e < len(src) && src[e]|0x20 == 'e' {
		x := e + 1
		if x < len(src) && (src[x] == '+' || src[x] == '-') {
			x++
		}
		if x < len(src) && isDigit(src[x]) {
			for e = x; e < len(src) && isDigit(src[e]); e++ {
			}
		}
	}
	l.emit(tNum, p, e)
}

// quoted finds the end of a single-quoted string.
func quoted(src []byte, p int) int {
	q := src[p]
	for i, e := p+1, p; i < len(src); { // e is the first quote from i on, once it is known
		if e < i {
			n := bytes.IndexByte(src[i:], q)
			if n < 0 {
				break
			}
			e = i + n
		}
		b := bytes.IndexByte(src[i:e], '\\')
		if b < 0 {
			return e + 1
		}
		i += b + 2
	}
	return len(src)
}

// interpolated finds the end of a double-quoted or backtick string; quotes
// inside {$…} do not end it.
func (l *lexer) interpolated(p int) int {
	src := l.src
	q := src[p]
	if e := bytes.IndexByte(src[p+1:], q); e >= 0 && verbatim(src[p+1:p+1+e]) {
		return p + 1 + e + 1
	}
	for i := p + 1; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\\':
			i++
		case c == q:
			return i + 1
		case c == '{' && i+1 < len(src) && src[i+1] == '$', c == '$' && i+1 < len(src) && src[i+1] == '{':
			if l.work > 4*len(src)+1<<16 {
				continue
			}
			e := braces(src, i, &l.far)
			if e > 0 {
				l.work += e - i
				i = e - 1
			} else {
				l.work += 4096
			}
		}
	}
	return len(src)
}

// verbatim says that nothing in a text between double quotes stands for anything
// but itself.
func verbatim(b []byte) bool { return bytes.IndexByte(b, '\\') < 0 && bytes.IndexByte(b, '$') < 0 }

// Bounds of the expressions in texts, in bytes: of most, and of all that is
// looked at beyond.
const (
	maxBraces = 4096
	maxFar    = 1 << 20
)

// braces finds the end of the {$…} or ${…} at p, 0 when it does not end within
// reason: then it was text. far counts what it looks at of long ones.
func braces(src []byte, p int, far *int) int {
	end := min(len(src), p+maxBraces+max(0, maxFar-*far))
	depth, i := 0, p
	defer func() { *far += max(0, i-p-maxBraces) }()
	for ; i < end; i++ {
		switch src[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\'', '"':
			q := src[i]
			j := i + 1
			for ; j < end && src[j] != q; j++ {
				if src[j] == '\\' {
					j++
				}
			}
			i = j
			if j >= end {
				return 0
			}
		case ';', '\n':
			if depth == 1 && src[i] == ';' {
				return 0
			}
		}
	}
	return 0
}

func (l *lexer) lineComment() {
	for i := l.pos; i < len(l.src); i++ {
		switch l.src[i] {
		case '\n', '\r':
			l.pos = i + 1
			return
		case '?':
			if l.at(i+1) == '>' {
				l.leave(i, i+2)
				return
			}
		}
	}
	l.pos = len(l.src)
}

// leave ends PHP at a closing tag, which swallows one newline.
func (l *lexer) leave(p, e int) {
	l.emit(tClose, p, e)
	l.pos = e
	if l.at(l.pos) == '\n' {
		l.pos++
	} else if l.at(l.pos) == '\r' && l.at(l.pos+1) == '\n' {
		l.pos += 2
	}
	if l.pos < len(l.src) {
		l.html()
	}
}

func (l *lexer) heredoc(p int) bool {
	src := l.src
	i := p + 3
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	k := tHeredoc
	q := byte(0)
	if i < len(src) && (src[i] == '\'' || src[i] == '"') {
		q = src[i]
		if q == '\'' {
			k = tNowdoc
		}
		i++
	}
	s := i
	for i < len(src) && isIdent(src[i]) {
		i++
	}
	label := src[s:i]
	if len(label) == 0 || !isIdentStart(label[0]) {
		return false
	}
	if q != 0 {
		if l.at(i) != q {
			return false
		}
		i++
	}
	nl := bytes.IndexByte(src[i:], '\n')
	if nl < 0 || len(bytes.TrimSpace(src[i:i+nl])) > 0 {
		return false
	}
	for at := i + nl; at < len(src); {
		j := bytes.Index(src[at:], label)
		if j < 0 {
			break
		}
		j += at
		at = j + len(label)
		if at < len(src) && isIdent(src[at]) {
			continue
		}
		b := j
		for b > 0 && (src[b-1] == ' ' || src[b-1] == '\t') {
			b--
		}
		if b > 0 && src[b-1] == '\n' {
			l.emit(k, p, at)
			return true
		}
	}
	l.emit(k, p, len(src))
	return true
}

// heredocBody is the text of a heredoc token: without the label lines.
func heredocBody(b []byte) []byte {
	nl := bytes.IndexByte(b, '\n')
	if nl < 0 {
		return nil
	}
	b = b[nl+1:]
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		return bytes.TrimSuffix(b[:i], []byte("\r"))
	}
	return nil
}

var casts = map[string]bool{"int": true, "integer": true, "bool": true, "boolean": true, "float": true, "double": true,
	"real": true, "string": true, "binary": true, "array": true, "object": true, "unset": true}

func castLen(b []byte) int {
	i := 1
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	s := i
	for i < len(b) && i-s < 8 && (b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z') {
		i++
	}
	if i == s {
		return 0
	}
	e := i
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	if i >= len(b) || b[i] != ')' || !casts[string(bytes.ToLower(b[s:e]))] {
		return 0
	}
	return i + 1
}

// An operator is one of several characters.
type operator struct {
	text string
	kind kind
}

// operators are those that start with a character, longest first.
var operators = func() (by [128][]operator) {
	for _, o := range allOperators {
		by[o.text[0]] = append(by[o.text[0]], o)
	}
	return by
}()

// longer are the characters that come second in one of them.
var longer = func() (t [256]bool) {
	for _, o := range allOperators {
		t[o.text[1]] = true
	}
	return t
}()

var allOperators = []operator{
	{"===", tSame}, {"!==", tNotSame}, {"<=>", tShip}, {"**=", tAssignOp}, {"??=", tAssignOp}, {"<<=", tAssignOp},
	{">>=", tAssignOp}, {"...", tEllipsis}, {"?->", tNullArrow}, {"->", tArrow}, {"=>", tDoubleArrow}, {"::", tColons},
	{"++", tInc}, {"--", tDec}, {"==", tEq}, {"!=", tNe}, {"<>", tNe}, {"<=", tLe}, {">=", tGe}, {"&&", tAnd},
	{"||", tOr}, {"??", tCoalesce}, {"<<", tShl}, {">>", tShr}, {"**", tPow}, {"+=", tAssignOp}, {"-=", tAssignOp},
	{"*=", tAssignOp}, {"/=", tAssignOp}, {".=", tAssignOp}, {"%=", tAssignOp}, {"&=", tAssignOp}, {"|=", tAssignOp},
	{"^=", tAssignOp},
}

func (l *lexer) operator(p int) {
	c := l.src[p]
	switch c {
	case ';', ',', ')', '[', ']', '{', '}', '~', '@':
		l.emit(kind(c), p, p+1)
		return
	}
	if c < 128 && longer[l.at(p+1)] {
		rest := l.src[p:min(len(l.src), p+3)]
		for _, o := range operators[c] {
			if len(rest) >= len(o.text) && string(rest[:len(o.text)]) == o.text {
				l.emit(o.kind, p, p+len(o.text))
				return
			}
		}
	}
	if c < 0x20 {
		l.pos++
		return
	}
	l.emit(kind(c), p, p+1)
}
