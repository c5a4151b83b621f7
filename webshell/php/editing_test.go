package php

import (
	"slices"
	"strings"
)

// An edit of tokens.
type editing struct {
	src    string
	toks   []token
	insert map[int]string // before the token
	to     map[int]string // in its place
}

func newEditing(src string) *editing {
	toks, _ := new(stock).lex([]byte(src))
	return &editing{src: src, toks: toks, insert: map[int]string{}, to: map[int]string{}}
}

func (e *editing) text(i int) string {
	if i < 0 || i >= len(e.toks) {
		return ""
	}
	return e.src[e.toks[i].pos:e.toks[i].end]
}

func (e *editing) is(i int, words ...string) bool {
	return i >= 0 && i < len(e.toks) && e.toks[i].kind == tIdent && slices.Contains(words, strings.ToLower(e.text(i)))
}

func (e *editing) kind(i int) kind {
	if i < 0 || i >= len(e.toks) {
		return tEOF
	}
	return e.toks[i].kind
}

func (e *editing) done() string {
	if len(e.insert)+len(e.to) == 0 {
		return ""
	}
	var b strings.Builder
	at := 0
	for i, t := range e.toks {
		b.WriteString(e.src[at:t.pos])
		at = int(t.end)
		b.WriteString(e.insert[i])
		if to, ok := e.to[i]; ok {
			b.WriteString(to)
		} else {
			b.WriteString(e.text(i))
		}
	}
	return b.String()
}

// statement is the first token of the statement that holds i, -1 where
// nothing can be put before it.
func (e *editing) statement(i int) int {
	depth := 0
	for i--; i >= 0; i-- {
		switch e.kind(i) {
		case ')', ']':
			depth++
		case '(', '[', tAttr:
			depth = max(0, depth-1)
		case ';', '{', '}', tClose, tHTML:
			if depth > 0 {
				continue
			}
			if e.kind(i) == '{' && (e.kind(i-1) == tArrow || e.kind(i-1) == '$' || e.is(i-1, "match")) {
				return -1
			}
			if e.is(i+1, "else", "elseif", "case", "default", "catch", "finally", "while", "endif") || e.kind(i+1) == tOpenEcho || e.kind(i+1) == ')' || e.kind(i+1) == ',' {
				return -1
			}
			return i + 1
		case tOpenEcho:
			return -1
		}
	}
	return 0
}

// scopes tells for each token whether it stands in a function, and whether
// only a constant may stand there.
func (e *editing) scopes() (inside, fixed []bool) {
	inside, fixed = make([]bool, len(e.toks)), make([]bool, len(e.toks))
	mark := func(list []bool, from, to int, v bool) {
		for ; from <= to && from < len(list); from++ {
			list[from] = v
		}
	}
	for i := range e.toks {
		switch {
		case e.is(i, "class", "interface", "trait", "enum") && e.kind(i-1) != tColons && e.kind(i-1) != tArrow:
			for j := i; j < len(e.toks) && j < i+30; j++ {
				if e.kind(j) == '{' {
					mark(fixed, j, int(e.toks[j].match), true)
					break
				}
			}
		case e.is(i, "function") && e.kind(i-1) != tArrow, e.is(i, "fn"):
			for j := i; j < len(e.toks) && j < i+4; j++ {
				if e.kind(j) != '(' {
					continue
				}
				m := int(e.toks[j].match)
				mark(fixed, j, m, true)
				for k := m; k < len(e.toks) && k < m+40 && e.kind(k) != ';'; k++ {
					if e.kind(k) == '{' {
						mark(fixed, k, int(e.toks[k].match), false)
						mark(inside, k, int(e.toks[k].match), true)
						break
					}
				}
				break
			}
		case e.is(i, "const"), e.is(i, "static") && e.kind(i+1) == tVar, e.is(i, "declare", "namespace", "use"):
			for j := i; j < len(e.toks) && e.kind(j) != ';'; j++ {
				fixed[j] = true
			}
		case e.kind(i) == tAttr:
			mark(fixed, i, int(e.toks[i].match), true)
		}
	}
	return inside, fixed
}

var constructs = strings.Fields(`if while for foreach switch match catch function fn use isset empty unset list array eval exit die echo print include include_once require require_once
	return and or xor declare compact extract func_get_args func_get_arg get_defined_vars parse_str define defined constant self parent static __halt_compiler elseif else new clone yield throw mb_parse_str assert`)

// declared are the functions of the file.
func (e *editing) declared() map[string]bool {
	own := map[string]bool{}
	for i := range e.toks {
		if e.is(i, "function") && e.kind(i+1) == tIdent {
			own[strings.ToLower(e.text(i+1))] = true
		}
	}
	return own
}

// plain is the text of a literal that is no more than its letters.
func (e *editing) plain(i int) (string, bool) {
	t := e.text(i)
	if k := e.kind(i); k != tStr && k != tTpl || len(t) < 4 || strings.ContainsAny(t, `\$`) && k == tTpl {
		return "", false
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(t[1 : len(t)-1]), true
}

// A read is an element of the request, with the tokens from i to j.
func (e *editing) reads(f func(i, j int, key string)) {
	skip := -1
	for i := range e.toks {
		if e.is(i, "isset", "empty", "unset", "list", "array_key_exists") && e.kind(i+1) == '(' {
			skip = max(skip, int(e.toks[i+1].match))
		}
		if i <= skip || e.kind(i) != tVar || !slices.Contains([]string{"$_GET", "$_POST", "$_REQUEST", "$_COOKIE"}, e.text(i)) || e.kind(i+1) != '[' {
			continue
		}
		j := int(e.toks[i+1].match)
		if k := e.kind(j + 1); j == 0 || k == '=' || k == tAssignOp || k == '[' || k == tInc || k == tArrow || e.kind(i-1) == '&' || e.is(i-1, "as") || e.kind(i-1) == tDoubleArrow && e.is(i-3, "as") {
			continue
		}
		key := ""
		if j == i+3 {
			key = strings.Trim(e.text(i+2), `'"`)
		}
		f(i, j, key)
	}
}
