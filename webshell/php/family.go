package php

import (
	"slices"
	"strings"

	"limier/webshell"
)

// family names the tool that a file is, if its text or what it decodes proves
// it.
func (m *machine) family() string {
	if name := webshell.FamilyOf(m.file.src); name != "" {
		return name
	}
	layers := m.facts.packed
	if m.certain {
		layers = m.shell
	}
	for _, l := range slices.Backward(layers[max(0, len(layers)-4):]) {
		if name := webshell.FamilyOf(raw(l.code)); name != "" {
			return name
		}
	}
	if m.oneLiner() {
		return "China Chopper"
	}
	return ""
}

// oneLiner says that a file is the server's part of China Chopper, which AntSword
// and others use too: it evaluates one field of the request and does nothing
// else (FireEye, "Breaking Down the China Chopper Web Shell", 2013).
func (m *machine) oneLiner() bool {
	code := 0
	for _, t := range m.file.tokens {
		if t.kind != tHTML && t.kind != tClose && t.kind != tEOF && t.kind != '@' && t.kind != ';' {
			code++
		}
	}
	if code > 9 || len(m.reasons) == 0 {
		return false
	}
	r := m.reasons[0]
	if r.Rule != "request-to-eval" || len(r.Steps) != 2 {
		return false
	}
	src := r.Steps[0].Code
	return strings.HasPrefix(src, "$_POST[") || strings.HasPrefix(src, "$_REQUEST[") || strings.HasPrefix(src, "$_GET[")
}
