package jsp

import (
	"slices"
	"strings"

	"limier/internal/script"
	"limier/webshell"
)

// constants are methods that fold constants, and builders that gather them.
var constants = script.Table(map[string]meaning{
	"join":                 call.joined,
	"format":               call.format,
	"add":                  call.addTo,
	"append concat insert": call.appended,
	"toString trim strip intern toCharArray getBytes String build asString": call.itself,
	"getMessage getLocalizedMessage getCause":                               call.message,
	"valueOf copyValueOf": call.valueOf,
	"chr":                 call.chr,
})

// folded are methods of constants.
var folded = script.Table(map[string]meaning{
	"replace replaceAll replaceFirst": call.replaced,
	"toLowerCase":                     call.lower,
	"toUpperCase":                     call.upper,
	"reverse":                         call.reversed,
	"substring subSequence":           call.substring,
	"deleteCharAt":                    call.withoutChar,
	"charAt":                          call.charAt,
	"split":                           call.split,
})

func (c call) constant() (value, bool) {
	if v, ok := c.by(constants); ok {
		return v, true
	}
	if v, ok := decoded(c.class, c.name, c.args); ok {
		return v, true
	}
	if !c.recv.known() || c.class == "Class" {
		return value{}, false
	}
	return c.by(folded)
}

func (c call) joined() (value, bool) {
	a := c.arg(0)
	if c.class != "String" || len(c.args) < 2 || !a.known() {
		return value{}, false
	}
	list := c.args[1:]
	if e := c.args[1].elems; len(e) > 0 {
		list = e
	}
	out := text("")
	for i, v := range list {
		if i > 0 && a.s != "" {
			out = c.sum(out, a)
		}
		out = c.sum(out, v)
	}
	return out, true
}

func (c call) format() (value, bool) {
	a := c.arg(0)
	if n := strings.Count(a.s, "%s"); c.class != "String" || !a.known() || strings.Count(a.s, "%") != n || n != len(c.args)-1 ||
		slices.ContainsFunc(c.args, func(v value) bool { return !v.known() }) {
		return value{}, false
	}
	out := text("")
	for i, s := range strings.Split(a.s, "%s") {
		if out = c.sum(out, text(s)); i+1 < len(c.args) {
			out = c.sum(out, c.args[i+1])
		}
	}
	return out, true
}

// keep gives the variable that the receiver came from what it now is.
func (c call) keep(v value) (value, bool) {
	if c.holder.name != "" {
		c.assign(c.holder, v)
	}
	return v, true
}

func (c call) addTo() (value, bool) {
	if c.class != "StringJoiner" {
		return value{}, false
	}
	out := c.sum(c.recv, c.arg(0))
	out.typ = c.class
	return c.keep(out)
}

func (c call) appended() (value, bool) {
	a := c.arg(0)
	out := c.sum(c.recv, a)
	if c.name == "insert" {
		b := c.arg(1)
		if out = c.sum(c.recv, b); a.isNum && a.n == 0 {
			out = c.sum(b, c.recv)
		}
	}
	if c.name == "append" && c.class != "String" && !c.recv.isStr {
		out = c.sum(text(""), a)
		out.taint |= c.recv.taint
		out.origin = max(out.origin, c.recv.origin)
		if c.recv.taint != 0 { // what it begins with is not known
			out.s, out.isStr = "", false
		}
	}
	if c.name == "concat" {
		return out, true
	}
	if out.typ = c.class; c.class == "String" {
		return out, true
	}
	return c.keep(out)
}

// itself is a text in another form, or what is left of it between its spaces.
func (c call) itself() (value, bool) {
	out := c.recv
	switch {
	case c.name == "getBytes":
		out.typ = "byte[]"
	case c.name == "toCharArray":
		out.typ = "char[]"
	case c.recv.isStr || c.recv.typ == "StringBuilder" || c.recv.typ == "StringBuffer":
		out.typ = "String"
	}
	if c.recv.isNum && c.name == "toString" {
		return text(itoa(c.recv.n)), true
	}
	if a := c.arg(0); c.name == "toString" && a.taint != 0 && strings.HasSuffix(c.class, "Utils") { // Commons IO: of what a stream gives
		return value{typ: "String", taint: a.taint, origin: a.origin}, true
	}
	if c.name == "toString" && c.class == "Character" && len(c.args) == 1 {
		s, ok := c.args[0].asText()
		return value{typ: "String", s: s, isStr: true, hidden: true}, ok
	}
	if c.recv.known() && (c.name == "trim" || c.name == "strip") && out.s != strings.TrimSpace(out.s) {
		out.s, out.hidden = strings.TrimSpace(out.s), true
	}
	return out, !fileOut[c.class]
}

// message is what an exception says.
func (c call) message() (value, bool) {
	out := c.recv
	if c.name != "getCause" {
		out.typ = "String"
	}
	return out, isError(c.class)
}

func (c call) valueOf() (value, bool) {
	if c.class != "String" || len(c.args) == 0 {
		return value{}, false
	}
	a := c.args[0]
	if s, ok := a.asText(); ok {
		out := text(s)
		out.hidden, out.taint, out.origin, out.lead = a.hidden || a.isNum, a.taint, a.origin, a.lead
		return out, true
	}
	a.typ = "String"
	return a, true
}

func (c call) chr() (value, bool) {
	return text(string(rune(c.arg(0).n))), c.arg(0).isNum
}

// made is the receiver with another text.
func (c call) made(s string) value {
	out := c.recv
	out.s, out.hidden = s, true
	return out
}

func (c call) replaced() (value, bool) {
	a, b := c.arg(0), c.arg(1)
	if !a.isStr || !b.isStr {
		return value{}, false
	}
	c.work += len(c.recv.s)
	s, ok := webshell.ReplaceAll(c.recv.s, a.s, b.s, maxConst)
	return c.made(s), ok
}

func (c call) lower() (value, bool) { return c.made(strings.ToLower(c.recv.s)), true }

func (c call) upper() (value, bool) { return c.made(strings.ToUpper(c.recv.s)), true }

func (c call) reversed() (value, bool) {
	r := []rune(c.recv.s)
	slices.Reverse(r)
	return c.keep(c.made(string(r)))
}

func (c call) substring() (value, bool) {
	a, b := c.arg(0), c.arg(1)
	end := int64(len(c.recv.s))
	if b.isNum {
		end = b.n
	}
	if a.isNum && 0 <= a.n && a.n <= end && end <= int64(len(c.recv.s)) {
		return c.made(c.recv.s[a.n:end]), true
	}
	return value{}, false
}

// isAt reports whether the first argument is the place of a letter.
func (c call) isAt() bool {
	a := c.arg(0)
	return a.isNum && 0 <= a.n && a.n < int64(len(c.recv.s))
}

func (c call) withoutChar() (value, bool) {
	if !c.isAt() {
		return value{}, false
	}
	i := c.args[0].n
	return c.keep(c.made(c.recv.s[:i] + c.recv.s[i+1:]))
}

func (c call) charAt() (value, bool) {
	if !c.isAt() {
		return value{}, false
	}
	i := c.args[0].n
	return value{typ: "char", s: c.recv.s[i : i+1], isStr: true, hidden: true}, true
}

func (c call) split() (value, bool) {
	a := c.arg(0)
	if !a.known() || a.s == "" || len(c.recv.s) >= 8192 {
		return value{}, false
	}
	out := value{typ: "String[]"}
	for _, part := range strings.SplitN(c.recv.s, strings.Trim(a.s, `\[]`), 64) {
		out.elems = append(out.elems, value{typ: "String", s: part, isStr: true, hidden: true})
	}
	return out, true
}

// decoded is what a call that decodes base64 or hex gives for a constant.
func decoded(class, name string, args []value) (value, bool) {
	a := arg(args, 0)
	if !a.known() || len(a.s) < 4 {
		return value{}, false
	}
	out := value{typ: "byte[]", isStr: true, hidden: true}
	switch strings.ToLower(name) {
	case "decodebuffer", "parsebase64binary", "decodebase64", "decodefromstring", "decodebase64string", "base64decode":
	case "decode":
		if strings.Contains(class, "URL") {
			out.s, out.typ = webshell.URL(a.s, true), "String"
			return out, true
		}
		if strings.Contains(class, "Hex") {
			b, ok := webshell.Hex(a.s)
			out.s = string(b)
			return out, ok
		}
	case "parsehexbinary", "decodehex", "fromhexstring", "hextobytes":
		b, ok := webshell.Hex(a.s)
		out.s = string(b)
		return out, ok
	default:
		return value{}, false
	}
	b, ok := webshell.Base64(a.s)
	if len(b) > maxConst {
		b = b[:maxConst]
	}
	out.s = string(b)
	return out, ok
}
