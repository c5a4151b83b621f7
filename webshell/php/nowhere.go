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
