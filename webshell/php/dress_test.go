package php

import (
	"strings"
)

// texts change what no parser of PHP looks at.
var texts = []change{
	{"comments", func(c *coat, src string) string {
		e := newEditing(src)
		for i := range e.toks {
			if k := e.kind(i); k != tHTML && k != tEOF && k != tOpenEcho && e.kind(i-1) != tHTML && e.kind(i-1) != tClose && e.kind(i-1) != tHeredoc && e.kind(i-1) != tNowdoc && e.kind(i-1) != tEOF && c.IntN(2) == 0 {
				e.insert[i] = []string{"/*" + c.name() + "*/", "/**/", "/* ?" + " */", "#" + c.name() + "\n", "//'\n"}[c.IntN(5)]
			}
		}
		return e.done()
	}},
	{"case", func(c *coat, src string) string {
		e := newEditing(src)
		own := e.declared()
		for i := range e.toks {
			if e.kind(i) == tIdent && (e.kind(i+1) == '(' && e.kind(i-1) != tColons && e.kind(i-1) != tArrow || own[strings.ToLower(e.text(i))] || e.is(i, constructs...)) {
				b := []byte(e.text(i))
				for j, x := range b {
					if x|0x20 >= 'a' && x|0x20 <= 'z' && c.IntN(2) == 0 {
						b[j] ^= 0x20
					}
				}
				e.to[i] = string(b)
			}
		}
		return e.done()
	}},
	{"spaces", func(c *coat, src string) string {
		e := newEditing(src)
		for i := range e.toks {
			if k := e.kind(i); k != tHTML && k != tEOF && k != tOpenEcho && e.kind(i-1) != tHTML && e.kind(i-1) != tClose && e.kind(i-1) != tHeredoc && e.kind(i-1) != tNowdoc && e.kind(i-1) != tEOF {
				e.insert[i] = []string{"", " ", "\t", "\n", "\r\n\t", strings.Repeat(" ", 300)}[c.IntN(6)]
			}
		}
		return e.done()
	}},
	{"crlf", func(c *coat, src string) string {
		return strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\n", "\r\n")
	}},
	{"cr", func(c *coat, src string) string {
		return strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\n", "\r")
	}},
	{"bom", func(c *coat, src string) string { return "\xef\xbb\xbf" + src }},
	{"nulls-in-comments", func(c *coat, src string) string {
		if !strings.HasPrefix(src, "<?php") {
			return ""
		}
		return "<?php /*\x00\x00\x01\xff*/" + src[5:]
	}},
	{"picture", func(c *coat, src string) string {
		return "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04" + src
	}},
	{"html", func(c *coat, src string) string {
		return "<!DOCTYPE html>\n<html><head><title>x</title></head><body>\n" + src
	}},
	{"short-tag", func(c *coat, src string) string {
		if strings.Contains(src, "<?xml") {
			return ""
		}
		return strings.ReplaceAll(strings.ReplaceAll(src, "<?php", "<?"), "<?PHP", "<?")
	}},
	{"tag-case", func(c *coat, src string) string { return strings.ReplaceAll(src, "<?php", "<?PhP") }},
	{"cuts", func(c *coat, src string) string {
		e := newEditing(src)
		_, fixed := e.scopes()
		depth := 0
		for i := range e.toks {
			switch e.kind(i) {
			case '(', '[':
				depth++
			case ')', ']':
				depth--
			case ';':
				if depth == 0 && !fixed[i] && e.kind(i+1) != tClose && e.kind(i+1) != tEOF && e.kind(i+1) != tHTML && !e.is(i+1, "else", "elseif", "case", "default", "catch", "while") && c.IntN(2) == 0 {
					e.to[i] = ";?" + "><?php\n"
				}
			}
		}
		return e.done()
	}},
	{"rename-variables", func(c *coat, src string) string {
		low := strings.ToLower(src)
		for _, w := range []string{"$$", "${", "extract", "compact", "parse_str", "globals", "register_globals", "create_function", "eval('", "eval(\"", "func_get", "import_request"} {
			if strings.Contains(low, w) {
				return ""
			}
		}
		e := newEditing(src)
		to := map[string]string{}
		assigned := map[string]bool{}
		for i := range e.toks {
			if e.kind(i) == tVar {
				name := e.text(i)
				if _, super := superOf(name[1:]); super || name == "$this" || name == "$argv" || name == "$argc" || strings.HasPrefix(name, "$php_") || strings.HasPrefix(name, "$http_") || strings.HasPrefix(name, "$wp") || e.kind(i-1) == tColons || e.is(i-1, "public", "private", "protected", "var", "static", "global") {
					assigned[name] = false
					to[name] = name
				} else if to[name] == "" {
					to[name] = "$" + c.name()
				}
				if e.kind(i+1) == '=' || e.kind(i-1) == '(' || e.kind(i-1) == ',' || e.is(i-1, "as") || e.kind(i-1) == tDoubleArrow {
					assigned[name] = true
				}
			}
		}
		for i := range e.toks {
			switch e.kind(i) {
			case tVar:
				if assigned[e.text(i)] && to[e.text(i)] != e.text(i) {
					e.to[i] = to[e.text(i)]
				}
			case tTpl, tHeredoc, tBacktick:
				s := e.text(i)
				var b strings.Builder
				for j := 0; j < len(s); {
					if s[j] == '\\' && j+1 < len(s) {
						b.WriteString(s[j : j+2])
						j += 2
						continue
					}
					if s[j] == '$' {
						k := j + 1
						for k < len(s) && identTable[s[k]] {
							k++
						}
						if n := s[j:k]; assigned[n] && to[n] != "" {
							b.WriteString(to[n])
							j = k
							continue
						}
					}
					b.WriteByte(s[j])
					j++
				}
				if b.String() != s {
					e.to[i] = b.String()
				}
			}
		}
		return e.done()
	}},
	{"rename-functions", func(c *coat, src string) string {
		e := newEditing(src)
		to := map[string]string{}
		_, fixed := e.scopes()
		for i := range e.toks {
			if e.is(i, "function") && e.kind(i+1) == tIdent && !fixed[i] {
				to[strings.ToLower(e.text(i+1))] = c.name()
			}
		}
		for i := range e.toks {
			switch e.kind(i) {
			case tIdent:
				if n := to[strings.ToLower(e.text(i))]; n != "" && e.kind(i+1) == '(' && e.kind(i-1) != tArrow && e.kind(i-1) != tColons && !e.is(i-1, "new") && !(e.is(i-1, "function") && fixed[i-1]) {
					e.to[i] = n
				}
			case tStr, tTpl:
				if n := to[strings.ToLower(strings.Trim(e.text(i), `'"`))]; n != "" {
					e.to[i] = quote(n)
				}
			}
		}
		return e.done()
	}},
}
