package php

import (
	"strings"
	"sync"
	"unsafe"

	"limier/internal/literal"
	"limier/webshell"
)

// sockets is in whatever payload looks for in other languages.
var sockets = sync.OnceValue(func() *literal.Set {
	return literal.NewTuned([]string{"socket", "winsock", "java.net"}, literal.Typical())
})

// raw is a text as bytes, which nobody may change.
func raw(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// owned is a text of bytes that nobody will change as long as it is used: those
// of the file stay until it was judged, and reasons have copies.
func owned(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// payload says what a text is when it is no PHP: a backdoor in another
// language, or a program. "" for anything else.
func payload(s string) string {
	if len(s) < 40 {
		return ""
	}
	if strings.HasPrefix(s, "\x7fELF") {
		return "an ELF program"
	}
	if strings.HasPrefix(s, "MZ") && strings.Contains(s[:min(len(s), 4096)], "PE\x00\x00") {
		return "a Windows program"
	}
	if !sockets().Any(raw(s)) {
		return ""
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(s, w) {
				return true
			}
		}
		return false
	}
	shell := has("/bin/sh", "/bin/bash", "cmd.exe", "STDIN", "dup2(", "system(", "exec(", "subprocess")
	switch {
	case has("<sys/socket.h>", "<winsock", "socket(AF_INET", "socket(PF_INET") && has("#include") && (shell || has("execl", "accept(", "bind(")):
		return "a backdoor in C"
	case has("use Socket", "use IO::Socket", "IO::Socket::INET") && (shell || has("SOCK_DGRAM", "connect(")):
		return "a backdoor in Perl"
	case has("import socket", "import sys,socket", "import os,sys,socket") && has("/bin/sh", "subprocess", "os.system", "pty.spawn", "os.popen", "os.dup2"):
		return "a backdoor in Python"
	case has("java.net.Socket", "import java.net") && has("getRuntime()", "ProcessBuilder"):
		return "a backdoor in Java"
	case has("TCPSocket", "require 'socket'") && has("/bin/sh", "cmd.exe", "IO.popen", "exec"):
		return "a backdoor in Ruby"
	}
	return ""
}

// hiddenScript says what a text that was encoded is: a script of the shell or
// of Perl that intruders run. "" for anything else.
func hiddenScript(s string) string {
	if !strings.HasPrefix(s, "#!/") {
		return ""
	}
	switch {
	case (strings.Contains(s, "wget ") || strings.Contains(s, "curl ")) && strings.Contains(s, "chmod "):
		return "a script that fetches programs and runs them"
	case strings.Contains(s, "/etc/passwd") && (strings.Contains(s, "ln -s") || strings.Contains(s, "symlink")):
		return "a script that links other users' files"
	}
	return ""
}

// literal looks into a long literal for a program in another language.
func (m *machine) literal(n *node, v value) {
	if v.s == m.last && v.k == vStr {
		return
	}
	m.carriedShell(n, v)
	if v.k == vPart && len(v.s) < 200 && len(v.tail()) >= 200 {
		v.s += "\n" + v.tail()
	}
	if len(v.s) < 200 || m.facts.literals > 40 || len(v.s) > 4096 && m.alarmed() {
		return
	}
	s := v.s
	if !m.first('l', s) {
		m.last = s
		return
	}
	m.facts.literals++
	what := ""
	if dense(raw(s)) {
		if !m.spend(len(s)) {
			return
		}
		s, _ = m.unbase64(s)
		if what = payload(s); what == "" {
			what = hiddenScript(s)
		}
		if what == "" {
			if out, ok := m.anyInflate(s); ok && m.spend(len(out)) {
				s = out
				what = payload(s)
			} else if strings.HasSuffix(v.s, "Yul2I") { // #!/bin, turned round
				s, _ = unbase64(reverse(v.s))
				what = payload(s)
			}
		}
	} else {
		what = payload(s)
	}
	if what == "" || what == "a Windows program" && m.includes > 0 {
		return
	}
	m.report("carries-program", webshell.Malicious, high, "The file carries "+what+".", n, value{})
	if i := len(m.reasons) - 1; i >= 0 && m.reasons[i].Rule == "carries-program" {
		m.reasons[i].Decoded = cut(s, 500)
	}
}

// carriedShell looks into a text for a web shell in PHP, which exploits, builders
// and droppers carry. What checks for shells carries no whole one.
func (m *machine) carriedShell(n *node, v value) {
	if m.framed || m.includes > 0 || m.evals > 0 || m.facts.literals > 40 || m.alarmed() {
		return
	}
	s := v.s
	if v.k == vPart {
		s += "x" + v.tail()
	}
	if len(s) < 20 || len(s) > 64<<10 {
		return
	}
	encoded := strings.HasPrefix(s, "PD9") && dense(raw(s))
	if encoded {
		s, _ = m.unbase64(s)
	}
	at := strings.Index(s, "<?")
	if at < 0 || !encoded && !strings.Contains(s, "$_") || !m.first('c', s) || m.soughtFor(n) {
		return
	}
	m.facts.literals++
	if text := m.shellWithin(s[at:], encoded); text != "" {
		what := "a web shell"
		if encoded {
			what = "a hostile script, encoded"
		}
		m.report("carries-shell", webshell.Malicious, moderate, "The file carries "+what+": "+text, n, value{})
	}
}

// soughtFor says that n is a variable whose text is looked for in others, as
// scanners look for what they know.
func (m *machine) soughtFor(n *node) bool {
	if n.op != nVar {
		return false
	}
	needle := "$" + n.s
	toks, src := m.unit.tokens, m.unit.src
	for i := 2; i+1 < len(toks); i++ {
		if toks[i].kind != tVar || toks[i+1].kind != ')' || string(src[toks[i].pos:toks[i].end]) != needle {
			continue
		}
		for j := i - 1; j > max(0, i-8); j-- {
			if toks[j].kind == '(' {
				switch lower(src[toks[j-1].pos:toks[j-1].end]) {
				case "strpos", "stripos", "strstr", "stristr", "substr_count":
					return true
				}
			}
		}
	}
	return false
}

// shellWithin says why a text is a web shell beyond doubt, or one that was hidden a
// hostile page at all; "" if it is none.
func (m *machine) shellWithin(code string, hidden bool) string {
	sub := newMachine("", []byte(code), traits([]byte(code)))
	defer sub.release()
	sub.evals = maxEvals // what it carries in turn is not looked at
	sub.steps, sub.limit = min(m.steps/4, quietSteps), maxSteps
	before := sub.steps
	reasons := sub.analyse()
	m.steps -= before - max(0, sub.steps)
	for _, r := range reasons {
		if hidden && r.Verdict.Rank() >= webshell.Malicious.Rank() {
			return r.Text
		}
		switch r.Rule {
		case "request-to-eval", "request-to-command", "request-names-function":
			if r.Verdict == webshell.Webshell && r.Confidence == high {
				return r.Text
			}
		}
	}
	return ""
}

// assembled notes a text, put together at run time, that is the name of a
// function. Honest programs have no reason to hide those.
func (m *machine) assembled(n *node, v value) {
	name := strings.ToLower(v.s)
	if !dangerous[name] && !ordinary(name) {
		return
	}
	if m.facts.names == nil {
		m.facts.names = map[string]bool{}
	}
	if m.facts.names[name] {
		return
	}
	m.facts.names[name] = true
	m.kindle()
	if deadly[name] || len(m.facts.names) == 3 {
		verdict := webshell.Malicious
		if m.framed && !deadly[name] && m.unpacksOwn() {
			verdict = webshell.Suspicious
		}
		m.report("assembled-names", verdict, moderate, "Names of functions are assembled at run time: "+name+".", n, value{})
	}
}

// signatures says that a list is of what a scanner looks for: calls, cut off
// behind their bracket.
func signatures(list []*node) bool {
	n := 0
	for _, x := range list {
		if x.op == nStr && strings.HasSuffix(x.s, "(") {
			n++
		}
	}
	return n >= 3
}

// unpacksOwn says that the functions whose names are assembled undo each other:
// a program keeps data of its own, encoded, and hides the names from scanners.
func (m *machine) unpacksOwn() bool {
	for name := range m.facts.names {
		if s, ok := strings.CutSuffix(name, "_decode"); ok && m.facts.names[s+"_encode"] {
			return true
		}
	}
	return false
}

// ordinary says that PHP has a harmless function of that name.
func ordinary(name string) bool {
	n := nativeOf(name)
	return n.fold != nil || n.cleaning || n.passing || n.hook != nil
}
