package php

import (
	"strings"
)

// spots are where lines are put into a large file.
var spots = []string{"start", "first-line", "method", "if", "long-line", "end", "end-closed", "html"}

// inject puts what a page does into a file; from and to are the lines where it
// stands then, and "" says that the file has no such place.
func inject(c *coat, base, page, place string) (out string, from, to int) {
	p, ok := split(page)
	if !ok || len(p.declares) > 0 || strings.Contains(page, "$this") {
		return "", 0, 0
	}
	code := strings.Join(p.does, "\n")
	e := newEditing(base)
	inside, fixed := e.scopes()
	last := len(e.toks) - 2
	if last < 10 || strings.Contains(base, "__halt_compiler") {
		return "", 0, 0
	}
	at := -1
	nearest := func(fits func(i int) bool) {
		mid := last/4 + c.IntN(last/2)
		for d := 0; d < last; d++ {
			for _, i := range []int{mid + d, mid - d} {
				if i > 0 && i < last && fits(i) {
					at = int(e.toks[i].end)
					return
				}
			}
		}
	}
	before, after := "\n", "\n"
	switch place {
	case "start":
		if e.is(0, "namespace") || strings.Contains(base, "\nnamespace ") || strings.Contains(base, "declare(") {
			return "", 0, 0
		}
		at, before, after = 0, "<?php\n", "\n?"+">"
	case "first-line":
		if strings.Contains(base, "\nnamespace ") || strings.Contains(base, "declare(") || !strings.HasPrefix(base, "<?php") {
			return "", 0, 0
		}
		at = len("<?php")
	case "method":
		nearest(func(i int) bool {
			return e.kind(i) == '{' && inside[i] && !inside[i-1] && !fixed[i] && int(e.toks[i].match) > i
		})
	case "if":
		nearest(func(i int) bool {
			if e.kind(i) != '{' || e.kind(i-1) != ')' {
				return false
			}
			for j := i - 1; j > i-80 && j > 0; j-- {
				if e.kind(j) == '(' && int(e.toks[j].match) == i-1 {
					return e.is(j-1, "if")
				}
			}
			return false
		})
	case "long-line":
		if strings.Contains(code, "//") || strings.Contains(code, "#") || strings.Contains(code, "<<<") {
			return "", 0, 0
		}
		nearest(func(i int) bool {
			return e.kind(i) == ';' && inside[i] && !fixed[i] && e.statement(i) >= 0 && !e.is(e.statement(i), "return", "break", "continue", "throw", "exit", "die", "if", "else", "for", "foreach", "while")
		})
		code, before, after = strings.ReplaceAll(code, "\n", " "), strings.Repeat(" ", 500), " "
	case "end", "end-closed":
		if e.kind(last) == tHTML || e.kind(last) == tClose {
			before = "<?php\n"
		} else if place == "end-closed" {
			before = "\n?" + ">\n<?php\n"
		}
		at = len(base)
	case "html":
		nearest(func(i int) bool { return e.kind(i) == tHTML && e.toks[i].end-e.toks[i].pos > 40 })
		if at >= 0 {
			i := strings.LastIndexByte(base[:at], '>')
			for i > 0 && base[i-1] == '?' {
				i = strings.LastIndexByte(base[:i], '>')
			}
			if i < 0 {
				return "", 0, 0
			}
			toks := newEditing(base[:i+1])
			if k := toks.kind(len(toks.toks) - 2); k != tHTML {
				return "", 0, 0
			}
			at, before, after = i+1, "<?php ", " ?"+">"
		}
	}
	if at < 0 {
		return "", 0, 0
	}
	from = strings.Count(base[:at]+before, "\n") + 1
	return base[:at] + before + code + after + base[at:], from, from + strings.Count(code, "\n")
}
