package php

import (
	"bytes"
	"encoding/hex"
	"path"
	"regexp"
	"strings"

	"limier/webshell"
)

// maxProbe bounds, in tokens, the pages of which one statement is all.
const maxProbe = 60

// stillEncoded judges a text that is evaluated but is still encoded: what it
// says once it is decoded was meant to run.
func (m *machine) stillEncoded(n *node, v value, code string) {
	if m.alarmed() || !m.isolated() || !m.small() || len(code) < 16 || len(code) > 64<<10 || v.t&hostile != 0 || strings.ContainsAny(code, "$(; ") {
		return
	}
	out, err := hex.DecodeString(code)
	if err != nil {
		s, ok := m.unbase64(code)
		if !ok {
			return
		}
		out = []byte(s)
	}
	if !bytes.ContainsAny(out, "$(") {
		return
	}
	if text := m.shellWithin("<?php "+strings.TrimPrefix(string(out), "<?php")+";", true); text != "" {
		m.report("encoded-code", webshell.Malicious, moderate, "Code is evaluated that nothing decodes"+asItStands+" Mended, it would do this. "+text, n, v)
	}
}

// evaluatedCommand judges a command in a text that a page evaluates which does
// nothing else: it finds out by which way commands may be run.
func (m *machine) evaluatedCommand(n *node, v value) {
	if m.unit.outer != nil && v.k == vStr && v.t == 0 && len(m.file.tokens) < maxProbe && m.isolated() && !m.alarmed() {
		m.report("evaluated-command", webshell.Malicious, moderate, "All that the page does is to evaluate a text that runs a command.", n, v)
	}
}

// gadgetEval judges a method that PHP itself calls at the end of an object, or
// when one is restored, and that evaluates what the object holds: whoever may
// give such an object gives the code.
func (m *machine) gadgetEval(n *node, v value) {
	if m.f.fn == nil || m.f.this == nil || m.alarmed() || !m.isolated() || !m.small() || v.t&fromParam != 0 {
		return
	}
	switch m.f.fn.name {
	case "__destruct", "__wakeup", "__tostring", "__unserialize":
	default:
		return
	}
	if a := evaluated(n); a != nil && a.op == nProp && a.a != nil && a.a.op == nVar && a.a.s == "this" {
		m.report("gadget-to-eval", webshell.Malicious, moderate, "At the end of an object, or when one is restored, the code that it holds is evaluated.", n, v)
	}
}

// evaluated is what eval, or a function that evaluates, is given; nil for nothing.
func evaluated(n *node) *node {
	if n.op == nEval {
		return n.a
	}
	if len(n.list) == 0 {
		return nil
	}
	return n.list[0]
}

// oddSource says that the argument of a call is another that reads a file whose
// path is written out and is not that of a script.
func oddSource(n *node) bool {
	read := evaluated(n)
	if read == nil || read.op != nCall || len(read.list) == 0 {
		return false
	}
	p := read.list[0]
	return p.op == nStr && p.s != "" && path.Ext(p.s) != ".php" && path.Ext(p.s) != ".inc"
}

// taggedPattern judges tags of YAML for which preg_replace is called: value and
// tag are its pattern and its replacement.
func (m *machine) taggedPattern(c *call) {
	if m.unit.says(c.n, "preg_replace", "preg_filter") && m.isolated() && m.small() {
		m.report("request-to-pattern", webshell.Webshell, moderate, "The request gives the tag for which a text of YAML has preg_replace called; with the modifier e that runs code.", c.n, value{})
	}
}

// hookedCommand judges a function that runs commands, where PHP is told to call
// it by itself.
func (m *machine) hookedCommand(c *call, f value) {
	switch c.name {
	case "ob_start", "set_error_handler", "set_exception_handler", "register_tick_function", "header_register_callback", "spl_autoload_register":
	default:
		return
	}
	if s, ok := f.text(); ok && (commands[strings.ToLower(s)] || strings.EqualFold(s, "assert")) && m.isolated() && !m.alarmed() {
		m.report("hooked-command", webshell.Malicious, moderate, "PHP is told to hand what it has to "+strings.ToLower(s)+", by "+c.name+".", c.n, f)
	}
}

// hiddenRequest judges a variable of the request whose name is put together
// from letters that are written otherwise.
func (m *machine) hiddenRequest(n *node, name string, v value) {
	if s, ok := superOf(name); !ok || s == "_SERVER" || s == "_ENV" || m.alarmed() || !m.isolated() || !m.small() {
		return
	}
	if v.t&decoded != 0 || v.t&hidden != 0 && m.unit.says(n, "chr(", "pack(") {
		m.report("hidden-names", webshell.Malicious, moderate, "The name of "+name+" is put together at run time, which hides that the request is read.", n, v)
	}
}

// keptUnreadable judges the whole request, kept in the list of all variables
// under what is no variable's name.
func (m *machine) keptUnreadable(n *node, v value) {
	base, key := n.a.a, n.a.b
	if base == nil || key == nil || base.op != nVar || base.s != "GLOBALS" || !m.isolated() || m.alarmed() {
		return
	}
	if s, ok := m.eval(key).text(); ok && strings.ContainsFunc(s, func(r rune) bool { return r < 0x80 && !isIdent(byte(r)) && r != ' ' && r != '-' && r != '.' }) {
		m.report("hidden-names", webshell.Malicious, moderate, "The whole request is kept in a variable whose name nobody can read.", n, v)
	}
}

// namedCall is a call by name with something of the request.
var namedCall = regexp.MustCompile(`(\w{4,16})\s*\(\s*(?:\w+\s*\(\s*)*@?\$_(?:GET|POST|REQUEST|COOKIE)`)

// misspells says that a small file hands the request to a function whose name is
// nearly that of one which runs code.
func misspells(data []byte, have trait) bool {
	if len(data) > 1024 || have&hasRequest == 0 {
		return false
	}
	for _, p := range namedCall.FindAllSubmatch(data, 4) {
		if misspelt(lower(p[1])) != "" {
			return true
		}
	}
	return false
}

// locked counts the calls of a function of the file with nothing but a text in
// Base64, most of which are padded; 0 if they are few texts.
func (m *machine) locked() int {
	type use struct {
		n, padded int
		texts     map[string]bool
	}
	uses := map[string]*use{}
	toks, src := m.file.tokens, m.file.src
	for i := 0; i+3 < len(toks); i++ {
		if toks[i].kind != tIdent || toks[i+1].kind != '(' || toks[i+3].kind != ')' || toks[i+2].kind != tStr && toks[i+2].kind != tTpl {
			continue
		}
		s := strings.Trim(string(src[toks[i+2].pos:toks[i+2].end]), `"'`)
		name := lower(src[toks[i].pos:toks[i].end])
		if m.funcs[name] == nil || len(s)%4 != 0 || len(s) < 4 || len(s) > 400 || !dense([]byte(s)) {
			continue
		}
		if uses[name] == nil {
			uses[name] = &use{texts: map[string]bool{}}
		}
		u := uses[name]
		u.n++
		u.texts[s] = true
		if strings.HasSuffix(s, "=") {
			u.padded++
		}
	}
	best := 0
	for _, u := range uses {
		if len(u.texts) >= 5 && u.padded*3 >= u.n {
			best = max(best, u.n)
		}
	}
	return best
}

// alikeNames counts the names of eight letters and more that are all O and 0, or
// all I, l and 1.
func (m *machine) alikeNames() int {
	names := map[string]bool{}
	for _, t := range m.file.tokens {
		if t.kind != tIdent && t.kind != tVar || t.end-t.pos < 8 {
			continue
		}
		w := strings.TrimLeft(string(m.file.src[t.pos:t.end]), "$_")
		if len(w) >= 8 && (strings.Trim(w, "oO0") == "" || strings.Trim(w, "Il1") == "") {
			names[w] = true
		}
	}
	return len(names)
}
