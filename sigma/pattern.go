package sigma

import (
	"strings"
	"unicode/utf8"
)

// A token is a part of a pattern.
type token struct {
	kind tokenKind
	text string // of a literal or a placeholder's name
}

type tokenKind uint8

const (
	literalToken tokenKind = iota
	starToken              // *: any characters
	anyToken               // ?: one character
	dashToken              // windash: one of five characters
	placeholder            // expand: %name%
)

// dashes are what the windash modifier takes for the same character.
var dashes = []string{"-", "/", "–", "—", "―"}

// parseTokens reads a Sigma string: "*" and "?" are wildcards unless a
// backslash stands before them, and a backslash stands for itself before
// anything but a wildcard or a backslash (rules specification, "Escape
// Character"). With expand, %name% is a placeholder.
func parseTokens(s string, expand bool) []token {
	var toks []token
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			toks = append(toks, token{literalToken, lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\' || expand && s[i+1] == '%'):
			i++
			lit.WriteByte(s[i])
		case c == '*':
			flush()
			toks = append(toks, token{kind: starToken})
		case c == '?':
			flush()
			toks = append(toks, token{kind: anyToken})
		case c == '%' && expand:
			end := strings.IndexByte(s[i+1:], '%')
			if end <= 0 {
				lit.WriteByte(c)
				continue
			}
			flush()
			toks = append(toks, token{placeholder, s[i+1 : i+1+end]})
			i += end + 1
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return toks
}

type patternKind uint8

const (
	globPattern patternKind = iota
	equalPattern
	prefixPattern
	suffixPattern
	containsPattern
)

// A pattern is a compiled Sigma string.
type pattern struct {
	kind  patternKind
	toks  []token
	text  string // of every kind but globPattern
	cased bool
	wide  bool // not only ASCII: the text is folded by strings.ToLower
	high  bool // every match holds something that is not ASCII
}

func newPattern(toks []token, cased bool) *pattern {
	p := &pattern{cased: cased}
	for _, t := range toks {
		if t.kind == literalToken && !ascii(t.text) {
			p.wide = !cased
			if !utf8.ValidString(t.text) { // bytes of an encoding: there is no case
				p.cased, p.wide, cased = true, false, true
				break
			}
		}
	}
	for _, t := range toks {
		if last := len(p.toks) - 1; last >= 0 && t.kind == starToken && p.toks[last].kind == starToken {
			continue
		} else if last >= 0 && t.kind == literalToken && p.toks[last].kind == literalToken {
			p.toks[last].text += t.text
			continue
		}
		p.toks = append(p.toks, t)
	}
	shape := make([]byte, 0, 4)
	for i, t := range p.toks {
		if t.kind == literalToken && !cased {
			p.toks[i].text = strings.ToLower(t.text)
		}
		if t.kind == literalToken && !ascii(p.toks[i].text) {
			p.high = true
		}
		shape = append(shape, "l*?d%"[t.kind])
	}
	switch string(shape) {
	case "":
		p.kind = equalPattern
	case "l":
		p.kind, p.text = equalPattern, p.toks[0].text
	case "l*":
		p.kind, p.text = prefixPattern, p.toks[0].text
	case "*l":
		p.kind, p.text = suffixPattern, p.toks[1].text
	case "*l*":
		p.kind, p.text = containsPattern, p.toks[1].text
	}
	return p
}

func (p *pattern) match(v string) bool {
	if p.wide {
		v = strings.ToLower(v)
	}
	return p.folded(v)
}

// folded is match for a value that strings.ToLower was applied to if p is wide.
func (p *pattern) folded(v string) bool {
	fold := !p.cased && !p.wide
	switch p.kind {
	case equalPattern:
		return len(v) == len(p.text) && same(v, p.text, fold)
	case prefixPattern:
		return len(v) >= len(p.text) && same(v[:len(p.text)], p.text, fold)
	case suffixPattern:
		return len(v) >= len(p.text) && same(v[len(v)-len(p.text):], p.text, fold)
	case containsPattern:
		return index(v, p.text, fold) >= 0
	}
	return p.glob(v, fold)
}

// glob is linear in len(v) times the length of the pattern: only the last star
// is ever tried again.
func (p *pattern) glob(v string, fold bool) bool {
	at, tok := 0, 0
	star, from := -1, 0
	for {
		if tok < len(p.toks) {
			t := &p.toks[tok]
			if t.kind == starToken {
				tok++
				if tok == len(p.toks) {
					return true
				}
				star, from = tok, at
				continue
			}
			if n, ok := t.at(v[at:], fold); ok {
				at += n
				tok++
				continue
			}
		} else if at == len(v) {
			return true
		}
		if star < 0 || from >= len(v) {
			return false
		}
		from++
		if t := &p.toks[star]; t.kind == literalToken {
			next := index(v[from:], t.text, fold)
			if next < 0 {
				return false
			}
			from += next
		}
		at, tok = from, star
	}
}

// at returns how many bytes of v the token takes.
func (t *token) at(v string, fold bool) (n int, ok bool) {
	switch t.kind {
	case literalToken:
		return len(t.text), len(v) >= len(t.text) && same(v[:len(t.text)], t.text, fold)
	case anyToken:
		_, n := utf8.DecodeRuneInString(v)
		return n, n > 0
	case dashToken:
		for _, d := range dashes {
			if strings.HasPrefix(v, d) {
				return len(d), true
			}
		}
	}
	return 0, false
}

// same compares strings of one length; b is lower case if fold is set.
func same(a, b string, fold bool) bool {
	if !fold {
		return a == b
	}
	for i := 0; i < len(a); i++ {
		if c := a[i]; c != b[i] && (c-'A' > 'Z'-'A' || c|0x20 != b[i]) {
			return false
		}
	}
	return true
}

// index is strings.Index; sub is lower case if fold is set.
func index(s, sub string, fold bool) int {
	if !fold {
		return strings.Index(s, sub)
	}
	if sub == "" {
		return 0
	}
	c := sub[0]
	upper := c
	if c-'a' <= 'z'-'a' {
		upper -= 'a' - 'A'
	}
	for i := 0; i+len(sub) <= len(s); i++ {
		if (s[i] == c || s[i] == upper) && same(s[i:i+len(sub)], sub, true) {
			return i
		}
	}
	return -1
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// required returns the longest piece of ASCII text that every match holds.
func (p *pattern) required() string {
	best := ""
	for _, t := range p.toks {
		if t.kind != literalToken {
			continue
		}
		for _, run := range asciiRuns(t.text) {
			if len(run) > len(best) {
				best = run
			}
		}
	}
	return strings.ToLower(best)
}

func asciiRuns(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// whole reports whether a value that holds required() is sure to match.
func (p *pattern) whole() bool { return p.kind == containsPattern && !p.cased && !p.wide }
