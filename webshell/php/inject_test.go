package php

import (
	"strings"
)

// spots are where lines are put into a large file.
var spots = []string{"start", "first-line", "if", "long-line", "end", "end-closed", "html"}

// nested are the spots within what a program declares.
var nested = []string{"function", "method", "static", "magic", "closure", "branch", "case"}

// bodies are the blocks of the file's functions, by what they belong to.
func (e *editing) bodies(fixed []bool) map[string][]int {
	all := map[string][]int{}
	for i := range e.toks {
		if !e.is(i, "function") || e.kind(i-1) == tArrow || e.is(i-1, "use") {
			continue
		}
		open := i + 1
		for open < len(e.toks) && open < i+60 && e.kind(open) != '{' && e.kind(open) != ';' {
			open++
		}
		if e.kind(open) != '{' || int(e.toks[open].match) <= open {
			continue
		}
		name := e.text(i + 1)
		kind := "function"
		switch {
		case name == "(" || name == "&" && e.text(i+2) == "(":
			kind = "closure"
		case fixed[i] && strings.HasPrefix(name, "__"):
			kind = "magic"
		case fixed[i] && (e.is(i-1, "static") || e.is(i-2, "static")):
			kind = "static"
		case fixed[i]:
			kind = "method"
		}
		all[kind] = append(all[kind], open)
	}
	return all
}

// deep are the tokens behind which a branch within a function starts.
func (e *editing) deep(inside []bool, place string) (at []int) {
	for i := range e.toks {
		switch {
		case !inside[i]:
		case place == "case" && e.kind(i) == ':' && e.is(i-2, "case"),
			place == "branch" && e.kind(i) == '{' && (e.is(i-1, "else") || e.kind(i-1) == ')' && e.is(e.opening(i-1)-1, "if", "elseif")):
			at = append(at, i)
		}
	}
	return at
}

// opening is the parenthesis that the one at i closes.
func (e *editing) opening(i int) int {
	for j := i - 1; j >= max(0, i-80); j-- {
		if e.kind(j) == '(' && int(e.toks[j].match) == i {
			return j
		}
	}
	return -1
}

// inject puts what a page does into a file; from and to are the lines where it
// stands then, and "" says that the file has no such place.
func inject(c *coat, base, page, place string) (out string, from, to int) {
	p, ok := split(page)
	if !ok || len(p.does) == 0 || strings.Contains(page, "$this") {
		return "", 0, 0
	}
	code := strings.TrimSpace(p.code())
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
	case "function", "method", "static", "magic", "closure", "branch", "case":
		if strings.Contains(code, "class ") || strings.Contains(page, "global ") || strings.Contains(page, "GLOBALS") {
			return "", 0, 0
		}
		list := e.bodies(fixed)[place]
		if place == "branch" || place == "case" {
			list = e.deep(inside, place)
		}
		if len(list) > 0 {
			at = int(e.toks[list[c.IntN(len(list))]].end)
		}
	case "between", "hook":
		var list []int
		for i := 0; i < last; i++ {
			switch e.kind(i) {
			case '(', '[', '{':
				if j := int(e.toks[i].match); j > i {
					i = j
				}
			}
			if (e.kind(i) == ';' || e.kind(i) == '}') && !e.is(i+1, "else", "elseif", "catch", "finally", "while") && e.kind(i+1) != tHTML && e.kind(i+1) != tClose && e.kind(i+1) != ')' && e.kind(i+1) != ';' {
				list = append(list, i)
			}
		}
		if len(list) > 0 {
			at = int(e.toks[list[c.IntN(len(list))]].end)
		}
		if place == "hook" {
			before, after = "\nadd_action('init', function () {\n", "\n});\n"
		}
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
