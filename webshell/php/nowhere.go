package php

import (
	"slices"
	"strings"

	"limier/webshell"
)

// asItStands ends the reason of what does not run, or does not do what it was
// written for.
const asItStands = ". The page does not run as it stands."

// nowhere judges a call with the request's data through a name that was made at
// run time and that no function has. Whether the attacker erred or the run here
// did, a page that hides what it calls hands the request to it.
func (m *machine) nowhere(n *node, name string, args []value) {
	if !m.isolated() || !m.small() || m.alarmed() || m.funcs[name] != nil || dangerous[name] || ordinary(name) || len(name) <= maxWord && wordTable[name] != 0 {
		return
	}
	t, tr := taintOfAll(args)
	if t&fromRequest == 0 || t&(checked|unsure) != 0 || len(name) >= 2 && m.mentions(name) {
		return
	}
	m.report("made-up-function", webshell.Malicious, moderate, "The request's data is handed to a function whose name is put together and exists nowhere"+asItStands, n, value{t: t, tr: tr})
}

// calledNumber judges a call with the request's data of what is no name at all.
func (m *machine) calledNumber(n *node, f value, t taint) {
	if f.k != vInt && f.k != vFloat || t&fromRequest == 0 || t&checked != 0 || !m.isolated() || !m.small() || m.alarmed() {
		return
	}
	m.report("made-up-function", webshell.Malicious, moderate, "A number that is decoded into a function's name gets the request's data"+asItStands, n, value{t: t})
}

// calledByName judges a call through a variable that another variable names, as
// in ${$a}[0](${$a}[1]).
func (m *machine) calledByName(n *node, f value) {
	base := n.a
	if base.op == nIndex {
		base = base.a
	}
	if base == nil || base.op != nVarVar || !m.isolated() || !m.small() || m.alarmed() {
		return
	}
	name := m.eval(base.a)
	text := string(m.unit.text(base))
	again := false
	for _, x := range n.list {
		again = again || n.a.op == nIndex && strings.Contains(string(m.unit.text(x)), text)
	}
	if again && f.k == vUnknown || name.t&decoded != 0 && name.k == vStr {
		m.report("hidden-function", webshell.Webshell, moderate, "A variable whose name is made at run time says what is called.", n, name)
	}
}

// spelled judges a call of a function whose name is put together from bare
// words, which PHP before 8 took for their own text.
func (m *machine) spelled(n *node) {
	if n.a.op != nConcat || m.alarmed() || !m.isolated() || !m.small() {
		return
	}
	bare := 0
	for _, x := range n.a.list {
		switch _, own := m.consts[baseName(x.s)]; {
		case x.op != nConst || own || strings.ToLower(x.s) != x.s:
			return
		default:
			bare++
		}
	}
	if bare >= 2 {
		m.report("hidden-function", webshell.Malicious, moderate, "The name of the function that is called is put together from bare words.", n, value{})
	}
}

// misspelt is the function that runs code or commands of whose name a word is
// one letter off; "" for any other.
func misspelt(word string) string {
	if len(word) < 4 || wordTable[word] != 0 || nativeOf(word) != unknownNative {
		return ""
	}
	for _, w := range []string{"eval", "assert", "system", "passthru", "shell_exec", "proc_open", "create_function"} {
		if oneOff(word, w) {
			return w
		}
	}
	return ""
}

// oneOff says that a letter was changed, left out, added, or that two changed
// places.
func oneOff(a, b string) bool {
	if a == b || len(a)-len(b) > 1 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) > len(b):
		return a[i+1:] == b[i:]
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// undeclared judges a call, by its name, of a function that PHP does not have
// and the file does not declare, where the file is nothing else.
func (m *machine) undeclared(c *call) {
	if c.nodes == nil || len(c.args) == 0 || len(m.file.tokens) > 60 || !m.isolated() || m.alarmed() || c.native != unknownNative || len(c.name) <= maxWord && wordTable[c.name] != 0 {
		return
	}
	t, tr := c.taint()
	if t&fromRequest == 0 || t&(checked|unsure) != 0 {
		return
	}
	if w := misspelt(c.name); w != "" {
		m.report("made-up-function", webshell.Malicious, moderate, "The request's data is handed to "+c.name+", which is "+w+" misspelt or disguised"+asItStands, c.n, value{t: t, tr: tr})
	}
}

// leans says that code of the file calls functions which neither it nor PHP has,
// as parts of a program do: no function of PHP's has a capital within its name.
func (m *machine) leans() bool {
	var foreign []string
	for i, t := range m.file.tokens[:len(m.file.tokens)-1] {
		if t.kind != tIdent || m.file.tokens[i+1].kind != '(' || !capitalWithin(m.file.src[t.pos:t.end]) {
			continue
		}
		if i > 0 {
			switch before := m.file.tokens[i-1]; before.kind {
			case tArrow, tNullArrow, tColons:
				continue
			case tIdent:
				if w := lower(m.file.src[before.pos:before.end]); w == "function" || w == "new" {
					continue
				}
			}
		}
		name := lower(m.file.src[t.pos:t.end])
		if m.funcs[name] == nil && nativeOf(name) == unknownNative && !slices.Contains(foreign, name) {
			if foreign = append(foreign, name); len(foreign) == 3 {
				return true
			}
		}
	}
	return false
}

// capitalWithin says that a small letter of a name is followed by a capital.
func capitalWithin(name []byte) bool {
	for i := 1; i < len(name); i++ {
		if 'A' <= name[i] && name[i] <= 'Z' && 'a' <= name[i-1] && name[i-1] <= 'z' {
			return true
		}
	}
	return false
}
