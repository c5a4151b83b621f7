package client

import (
	"bytes"
	"slices"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// Bounds of the scripts of one file that are run, in bytes: of what is longer the
// start and the end are, where code is added, and what stands out between them.
const (
	maxParsed = 384 << 10
	maxMiddle = 128 << 10
	windowed  = 8 << 10 // how much is looked at together
	overlap   = 2 << 10 // of two windows
)

// run follows the scripts that could hide something.
func (p *page) run() {
	var r *runner
	left, middle := maxParsed, maxMiddle
	for _, s := range p.scripts {
		var parts []span
		if telling(s.words, p.data[s.from:s.to]) {
			parts = p.parts(s, left, &middle)
		} else if s.to-s.from > smallScript {
			parts = p.gates(s, &middle)
			if p.kind == code {
				parts = append(p.added(s), parts...)
			}
		}
		for _, part := range parts {
			if r == nil {
				r = newRunner()
				r.page = p
				if passwordField.Any(p.data) {
					p.inputs = webshell.PasswordInputs(p.markup())
				}
			}
			if s.words&rotates != 0 && !r.turns { // each turn decodes some twenty texts, by RC4 mostly
				r.turns = true
				r.left += maxTurning
			}
			left = max(0, left-(part.to-part.from))
			r.script(p.clean(part), part.from)
		}
	}
	if r != nil {
		r.drain()
		r.again()
		p.styledAway(r.css)
	}
	if middle < 0 && !slices.ContainsFunc(p.out, func(r webshell.Reason) bool { return r.Verdict != webshell.Suspicious }) {
		p.out = append(p.out, webshell.Unread(webshell.TooLong))
	}
}

// added are the lines at either end of a long script that would be told if they
// were one by themselves, as what is added to the scripts of others.
func (p *page) added(s span) (parts []span) {
	first, last := span{from: s.from, to: s.from + smallScript}, span{from: s.to - smallScript, to: s.to}
	first.to = first.from + bytes.LastIndexByte(p.data[first.from:first.to], '\n') + 1
	last.from += bytes.IndexByte(p.data[last.from:last.to], '\n') + 1
	for _, part := range []span{first, last} {
		if text := p.data[part.from:part.to]; telling(tells.in(text), text) {
			parts = append(parts, part)
		}
	}
	return parts
}

// gates are the lines within a long script that pick their visitors by more than
// one sign and take something of another host, as what is put into the scripts of
// others does; middle is how much may be looked at so, as of parts.
func (p *page) gates(s span, middle *int) (parts []span) {
	if s.words&brings == 0 || !cloaks(gates.in(p.data[s.from:s.to])) {
		return nil
	}
	for from := s.from; from < s.to; from += smallScript / 2 {
		window := p.data[from:min(from+smallScript, s.to)]
		if !cloaks(gates.in(window)) || tells.in(window)&brings == 0 || !namesHost(window) {
			continue
		}
		part := span{from: from + bytes.IndexByte(window, '\n') + 1, to: from + len(window)}
		if end := bytes.LastIndexByte(window, '\n'); from+end > part.from {
			part.to = from + end
		}
		if k := len(parts) - 1; k >= 0 && parts[k].to > part.from { // once is enough
			part.from = parts[k].to
		}
		if *middle -= part.to - part.from; *middle < 0 {
			break
		}
		parts = append(parts, part)
	}
	return parts
}

// parts are what is read of a script; middle is how much between the ends may
// be, below 0 once that was not enough.
func (p *page) parts(s span, left int, middle *int) []span {
	if s.to-s.from <= left {
		return []span{s}
	}
	end := s.to - left/2
	parts := []span{{from: s.from, to: s.from + left/2}}
	for from := parts[0].to; from < end; from += windowed - overlap {
		to := min(from+windowed, end)
		window := p.data[from:to]
		if words := tells.in(window); words&(decoders|rotates) == 0 || words&brings == 0 || !telling(words, window) {
			continue
		}
		last := &parts[len(parts)-1]
		if len(parts) == 1 || last.to < from {
			parts = append(parts, span{from: from, to: from})
			last = &parts[len(parts)-1]
		}
		if *middle -= to - last.to; *middle < 0 {
			break
		}
		last.to = to
	}
	return append(parts, span{from: end, to: s.to})
}

// Signs are words that are looked for together, 64 at most.
type signs struct {
	set func() *literal.Set
	bit map[string]uint64
}

func newSigns(words ...string) signs {
	s := signs{literal.NewSource(words...), map[string]uint64{}}
	for i, w := range words {
		s.bit[w] = 1 << i
	}
	return s
}

// in returns those that data holds.
func (s signs) in(data []byte) uint64 {
	var held [1]uint64
	s.set().Contained(held[:], data)
	return held[0]
}

func (s signs) of(words ...string) (m uint64) {
	for _, w := range words {
		m |= s.bit[w]
	}
	return m
}

// tells are the signs of telling.
var tells = newSigns("fromcharcode", "unescape(", "decodeuri", "atob", "charcodeat", `\x6`, `\x7`, `\u006`, `\u007`, "reverse", "function(p,a,c,k,e", "responsetext", "eval", "referrer",
	"websocket", ".replace(", "join(", "fetch(", "sendbeacon", "location", "createelement", "settimeout", ".src", "google", "bing",
	"yahoo", "yandex", "baidu", "cc_", "card", "cvv", "cvc", "xmlhttprequest", ".post(", "ajax", "getscript", "innerhtml", ".split(", "substr", "constructor", "'+'", `"+"`, "base64", "new function", "document.write", ".value", ".val(", "serialize", "formdata", "keycode", "keypress", "keydown", "keyup", "clipboard", "execcommand", "powershell", "mshta", "datachannel", ".which", ".get(", "['shift']", `["shift"]`, "window.open(")

func of(words ...string) uint64 { return tells.of(words...) }

var (
	decoders = of("fromcharcode", "unescape(", "decodeuri", "atob", "charcodeat", `\x6`, `\x7`, `\u006`, `\u007`, "function(p,a,c,k,e", "base64")
	texts    = of("reverse", ".replace(", "join(", ".split(", "substr", "'+'", `"+"`)
	acts     = of("new function", "createelement", "location", "eval", "settimeout", ".src", "constructor", "getscript", "fetch(", "websocket", "sendbeacon", "xmlhttprequest", "document.write", "innerhtml", "ajax", ".post(", `\x6`, `\x7`, `\u006`, `\u007`)
	brings   = of("createelement", "location", "eval", "document.write", "new function", "constructor", "getscript", "innerhtml", "websocket", "sendbeacon", ".src")
	engines  = of("google", "bing", "yahoo", "yandex", "baidu")
	cardish  = of("cc_", "card", "cvv", "cvc")
	reads    = of(".value", ".val(", "serialize", "formdata", "keycode", "keypress", "keydown", "keyup", ".which")
	sends    = of("websocket", "sendbeacon", "xmlhttprequest", "fetch(", ".src", "ajax", ".post(", ".get(")
	rotates  = of("['shift']", `["shift"]`) // how texts are taken from a list that code turns first
)

// smallScript is the size of a script, in bytes, of which a word that takes
// text apart is reason enough to run it.
const smallScript = 4 << 10

// maxChat bounds the scripts that are read for sending to chats, in bytes.
const maxChat = 64 << 10

// telling is a quick look for anything that could hide where a script leads.
func telling(held uint64, data []byte) bool {
	has := func(m uint64) bool { return held&m != 0 }
	switch {
	case onlySigns(data):
		return true
	case len(data) <= smallScript && (has(decoders) || has(texts) && has(brings)):
		return true
	case len(data) <= smallScript && has(of("createelement")) && bytes.Contains(data, []byte(":-")) && (bytes.Contains(data, []byte("'style'")) || bytes.Contains(data, []byte(`"style"`))):
		return true // it may put something away
	case len(data) <= smallScript && (has(brings|sends|reads|of("clipboard", ".replace(", "window.open(")) || bytes.Contains(data, []byte("ethereum"))) && gated(held, data):
		return true
	case len(data) <= smallScript && has(brings) && bytes.Contains(data, []byte("outerWidth")) && bytes.Contains(data, []byte("checkout")):
		return true
	case has(rotates), bracketed(data):
		return true
	case has(of("clipboard", "execcommand")) && has(of("powershell", "mshta", "atob", "fromcharcode")), has(of("datachannel")) && has(brings|reads):
		return true
	case has(sends) && toChat(data):
		return true
	case has(reads) && has(sends) && (namesHost(data) || len(data) <= maxParsed && bytes.Contains(data, []byte("btoa(")) && stray.Match(data)):
		return true
	case !has(acts):
		return false
	case has(of("function(p,a,c,k,e")):
		return true
	case has(of("eval", "constructor", "new function")) && has(of("responsetext", "fetch(", "websocket")) && bytes.Contains(data, []byte("//")):
		return true
	case has(of("referrer")) && has(of("location")) && has(engines):
		return true
	case has(cardish) && (has(of("websocket", "sendbeacon", ".src")) || has(of("ajax")) && bytes.Contains(data, []byte(".serialize"))) && bytes.Contains(data, []byte("//")):
		return true
	}
	return has(decoders) && encoded(data)
}

var chatNames = literal.NewSource(chatHosts...)

// toChat reports whether a script is one that may send something to a chat.
func toChat(data []byte) bool {
	return len(data) <= maxChat && chatNames().Any(data)
}

// onlySigns reports whether a script begins as one that spells all it does with
// brackets, plus and exclamation marks (jsfuck.com).
func onlySigns(data []byte) bool {
	const letters = "[]()!+"
	data = bytes.TrimLeft(data[:min(len(data), 200)], " \t\r\n;")
	return len(data) > 100 && len(bytes.TrimLeft(data, letters)) == 0
}

// bracketed reports whether a script names the members of its objects by texts in
// brackets, as nobody writes but a program that hides what it does.
func bracketed(data []byte) bool {
	data = data[:min(len(data), windowed)]
	texts := 0
	for i := 1; i+2 < len(data); i++ {
		k := bytes.IndexByte(data[i:], '[')
		if k < 0 {
			break
		}
		i += k
		if q := data[min(i+1, len(data)-1)]; (q == '\'' || q == '"') && (isIdent(data[i-1]) || data[i-1] == ']' || data[i-1] == ')') {
			texts++
		}
	}
	return texts >= minBracketed && texts > 2*dotted(data)
}

// minBracketed is how many members in brackets are odd.
const minBracketed = 4

// dotted counts the members that are named after a dot, or after PHP's arrow: what
// looks like a script in its code is none.
func dotted(data []byte) (n int) {
	for i := 1; i+1 < len(data); i++ {
		k := bytes.IndexByte(data[i:], '.')
		if k < 0 {
			break
		}
		i += k
		if i+1 < len(data) && (isIdent(data[i-1]) || data[i-1] == ')') && digit(data[i+1]) >= 10 {
			n++
		}
	}
	return n + bytes.Count(data, []byte("->"))
}

// isIdent reports whether a byte may stand in a name.
func isIdent(c byte) bool { return c == '_' || c == '$' || digit(c) >= 0 && digit(c) < 62 }

// namesHost reports whether a literal of the script is the address of a host that
// not very many sites ask.
func namesHost(data []byte) bool {
	for i := 0; ; {
		k := bytes.Index(data[i:], []byte("//"))
		if k < 0 {
			return false
		}
		at := i + k
		i = at + 2
		rest := data[i:min(len(data), i+maxHost)]
		before := data[max(0, at-7):at]
		for _, scheme := range []string{"https:", "http:", "wss:", "ws:"} {
			if bytes.HasSuffix(before, []byte(scheme)) {
				before = before[:len(before)-len(scheme)]
				break
			}
		}
		if len(before) == 0 || before[len(before)-1] != '"' && before[len(before)-1] != '\'' && before[len(before)-1] != '`' {
			continue
		}
		n := 0
		for n < len(rest) && (digit(rest[n]) >= 0 || rest[n] == '.' || rest[n] == '-') {
			n++
		}
		if host := lowerASCII(rest[:n]); strings.Contains(strings.Trim(host, "."), ".") && !webshell.WellKnown(host) && !strings.HasSuffix(host, "w3.org") {
			return true
		}
	}
}

// maxHost bounds a host's name, in bytes.
const maxHost = 253

// encoded reports whether data holds a stretch of letters written by their
// numbers, or of text that is none.
func encoded(data []byte) bool {
	escapes, percent, numbers, hexes, base := 0, 0, 0, 0, 0
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '\\' && i+3 < len(data) && (data[i+1] == 'x' || data[i+1] == 'u' && i+5 < len(data) && data[i+2] == '0' && data[i+3] == '0'):
			at := i + 2
			if data[i+1] == 'u' {
				at = i + 4
			}
			hi, lo := digit(data[at]), digit(data[at+1])
			if hi >= 2 && hi <= 7 && lo >= 0 && lo < 16 {
				if escapes++; escapes >= 5 {
					return true
				}
			}
			i = at + 1
			continue
		case c == '%' && i+2 < len(data) && digit(data[i+1]) >= 0 && digit(data[i+1]) < 16 && digit(data[i+2]) >= 0 && digit(data[i+2]) < 16:
			if percent++; percent >= 6 || data[i+1] == '3' && data[i+2]|0x20 == 'c' {
				return true
			}
			i += 2
			continue
		}
		escapes, percent = 0, 0
		if c >= '0' && c <= '9' {
			n := 0
			for i+n < len(data) && (digit(data[i+n]) >= 0 && digit(data[i+n]) < 16) {
				n++
			}
			hexes = n
			if n <= 4 {
				numbers++
			} else {
				numbers = 0
			}
			if numbers >= 12 || hexes >= 24 {
				return true
			}
		}
		if d := digit(c); d >= 0 || c == '+' || c == '/' || c == '=' {
			if base++; base >= 40 {
				return true
			}
			if c >= '0' && c <= '9' {
				n := hexes - 1
				i += n
				base += n
			} else if d >= 16 {
				numbers = 0
			}
			continue
		}
		base = 0
		if c != ',' && c != ' ' && c != '|' && c != '!' && c != '.' && c != '-' && c != '\n' && c != '\r' && c != '\t' && c != '[' {
			numbers = 0
		}
	}
	return false
}
