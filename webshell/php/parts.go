package php

import (
	"bytes"
	"slices"
	"strings"

	"limier/webshell"
)

// maxParts bounds the parts of a file that are judged by themselves, partSize
// the bytes of one, maxPartsRead the bytes of white space that is read with them.
const (
	maxParts     = 16
	partSize     = 12 << 10
	maxPartsRead = 4 << 20
)

// A span is a piece of a file's text.
type span struct{ from, to uint32 }

// parts judges by itself what stands in a file but has nothing to do with the
// rest: what a program around it checks does not protect it. Such are the
// callbacks that a plugin of WordPress hooks to the requests of everybody, and
// code between a pair of tags of its own at the head or tail of a page.
func (m *machine) parts() {
	if m.alarmed() {
		return
	}
	judged := 0
	for _, p := range slices.Concat(m.seams(), m.callbacks(), m.endings()) {
		size := 0
		for _, s := range p {
			size += int(s.to - s.from)
		}
		if size > partSize || size*10 > len(m.file.src)*9 {
			continue
		}
		text := make([]byte, 0, size+len(p))
		for _, s := range p {
			text = append(append(text, m.file.src[s.from:s.to]...), '\n')
		}
		have := traits(text)
		if !interesting(text, have) || protected(text) {
			continue
		}
		if judged++; judged > maxParts || judged > 1 && judged*len(m.file.src) > maxPartsRead {
			return
		}
		// What is left out stays as white space, so that lines are those of the file.
		src := emptied(m.file.src)
		copy(src[tagPlace(src, int(p[0].from)):], "<?php")
		for _, s := range p {
			copy(src[s.from:], m.file.src[s.from:s.to])
		}
		sub := newMachine(m.path, src, have)
		sub.settings = m.mentions("add_option(", "update_option(", "register_setting(")
		for _, r := range sub.analyse() {
			if r.Verdict.Rank() >= webshell.Malicious.Rank() {
				m.reason(r)
			}
		}
		sub.release()
		if m.alarmed() {
			return
		}
	}
}

// holdsParts says that a file in which nothing is of interest as a whole may
// hold a part that is.
func holdsParts(data []byte, have trait) bool {
	return have&(hasRequest|hasHeader|hasRemote|hasCards|hasDeadly|hasDynamic) != 0 && (have&hasAction != 0 || have&saysRender != 0 && bytes.Contains(data, []byte("onAfterRender"))) ||
		have&hasStrong != 0 && (have&hasRemote != 0 || says(owned(data), decodedShown))
}

// tagPlace is where a tag of PHP stands before a part that starts at from, so that
// no line is lost.
func tagPlace(src []byte, from int) int {
	const size = len("<?php")
	for at := 0; at+size <= from; at++ {
		if i := bytes.LastIndexByte(src[at:at+size], '\n'); i >= 0 {
			at += i
			continue
		}
		return at
	}
	return 0
}

// emptied is white space in as many lines.
func emptied(src []byte) []byte {
	out := make([]byte, len(src))
	for i, c := range src {
		out[i] = ' '
		if c == '\n' {
			out[i] = c
		}
	}
	return out
}

// protected says that code asks for the token that WordPress gives to those who
// may do something.
func protected(text []byte) bool {
	for _, w := range []string{"check_admin_referer(", "check_ajax_referer(", "wp_verify_nonce("} {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}

// seams are the first and the last piece of code of a file, where one PHP tag
// closes and another opens with nothing between.
func (m *machine) seams() (parts [][]span) {
	src := m.file.src
	var at []span // of the seams: end of the code before, start of the code after
	for i := 0; ; {
		j := bytes.Index(src[i:], []byte("?>"))
		if j < 0 {
			break
		}
		i += j + 2
		rest := bytes.TrimLeft(src[i:], " \t\r\n")
		if bytes.HasPrefix(rest, []byte("<?php")) {
			at = append(at, span{uint32(i - 2), uint32(len(src) - len(rest) + 5)})
		}
	}
	parts = m.edges()
	if len(at) == 0 {
		return parts
	}
	if bytes.HasPrefix(src, []byte("<?php")) && !bytes.Contains(src[:at[0].from], []byte("?>")) {
		parts = append(parts, []span{{5, at[0].from}})
	}
	last := at[len(at)-1]
	if end := bytes.TrimSuffix(bytes.TrimSpace(src), []byte("?>")); int(last.to) < len(end) && !bytes.Contains(end[last.to:], []byte("?>")) {
		parts = append(parts, []span{{last.to, uint32(len(end))}})
	}
	return parts
}

// edges are the code before the comment that says whose file it is, and the
// code after the last class.
func (m *machine) edges() (parts [][]span) {
	src, toks := m.file.src, m.file.tokens
	to := signed(src[:min(len(src), partSize)])
	if to == 0 && m.framed {
		to = m.firstClass()
	}
	if to > 5 && bytes.HasPrefix(src, []byte("<?php")) && len(toks) > 0 && toks[0].pos < to && !bytes.Contains(src[:to], []byte("?>")) {
		parts = append(parts, []span{{5, to}})
	}
	for i := len(toks) - 2; i >= 0; i-- {
		if t := toks[i]; t.kind != tIdent || t.end-t.pos != 5 || toks[i+1].kind != tIdent || i > 0 && toks[i-1].kind == tColons || !foldEqual(src[t.pos:t.end], "class") {
			continue
		}
		for i < len(toks) && toks[i].kind != '{' {
			i++
		}
		if i < len(toks) {
			i = int(toks[i].match)
		}
		if end := bytes.TrimSuffix(bytes.TrimSpace(src), []byte("?>")); i > 0 && i < len(toks) && int(toks[i].end) < len(end) && !bytes.Contains(end[toks[i].end:], []byte("?>")) {
			parts = append(parts, []span{{toks[i].end, uint32(len(end))}})
		}
		break
	}
	return parts
}

// firstClass is where the first class begins that no condition wraps, 0 if
// that is where the code begins.
func (m *machine) firstClass() uint32 {
	for _, n := range m.list {
		if n.op == nClass {
			return n.pos
		}
	}
	return 0
}

// signed finds the first comment that says whose file this is, 0 if none does.
func signed(head []byte) uint32 {
	for at := 0; ; {
		i := bytes.Index(head[at:], []byte("/**"))
		if i < 0 {
			return 0
		}
		at += i
		n := bytes.Index(head[at:], []byte("*/"))
		if n < 0 {
			return 0
		}
		for _, w := range []string{"@package", "@copyright", "@license", "@author", "@category", "Copyright"} {
			if bytes.Contains(head[at:at+n], []byte(w)) {
				return uint32(at)
			}
		}
		at += n
	}
}

// callbacks are the callbacks of hooks, each with the functions that it calls.
func (m *machine) callbacks() (parts [][]span) {
	own := map[string]span{}
	for _, n := range m.list {
		switch n.op {
		case nFunc:
			own[n.fn.name] = span{n.pos, n.end}
		case nClass:
			own[n.class.name] = span{n.pos, n.end}
		}
	}
	left := 4 * partSize * maxParts // bytes to look at: functions may be called from many places
	for _, n := range m.list {
		if left <= 0 {
			break
		}
		switch {
		case n.op == nExpr && n.a != nil && n.a.op == nCall && n.a.a != nil && n.a.a.op == nName && hooking[strings.ToLower(n.a.a.s)]:
		case n.op == nIf && len(n.list) > 0 && m.file.says(n.list[0].a, "function_exists") && m.declares(span{n.pos, n.end}):
		default:
			continue
		}
		part := []span{{n.pos, n.end}}
		for i := 0; i < len(part) && len(part) < 12 && left > 0; i++ {
			left -= int(part[i].to - part[i].from)
			m.words(part[i], func(w string) {
				if s, ok := own[w]; ok && !slices.Contains(part, s) {
					part = append(part, s)
				}
			})
		}
		slices.SortFunc(part, func(a, b span) int { return int(a.from) - int(b.from) })
		parts = append(parts, part)
	}
	return parts
}

// endings are the bodies of the methods by which a plugin of Joomla changes
// every page before it is sent:
// https://docs.joomla.org/Plugin/Events/System.
func (m *machine) endings() (parts [][]span) {
	for _, n := range m.list {
		if n.op != nClass {
			continue
		}
		for _, f := range n.class.order {
			switch f.name {
			case "onafterrender", "onbeforerender", "onbeforecompilehead", "onafterdispatch", "oncontentprepare":
				if int(f.hi) < len(f.toks) && f.lo < f.hi {
					parts = append(parts, []span{{f.toks[f.lo].pos, f.toks[f.hi].pos}})
				}
			}
		}
	}
	return parts
}

// hooking are the functions by which WordPress is told what to call.
var hooking = words("add_action add_filter add_shortcode register_activation_hook")

// declares says that a function is declared there; a text may well name one.
func (m *machine) declares(s span) (yes bool) {
	m.words(s, func(w string) { yes = yes || w == "function" })
	return yes
}

// words calls see for the names and texts in a piece of the file.
func (m *machine) words(s span, see func(string)) {
	toks := m.file.tokens
	i, _ := slices.BinarySearchFunc(toks, s.from, func(t token, at uint32) int { return int(t.pos) - int(at) })
	for ; i < len(toks) && toks[i].pos < s.to; i++ {
		switch b := m.file.src[toks[i].pos:toks[i].end]; toks[i].kind {
		case tIdent:
			see(lower(b))
		case tStr, tTpl:
			see(strings.Trim(lower(b), `"'`))
		}
	}
}
