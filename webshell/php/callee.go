package php

import (
	"strings"

	"limier/webshell"
)

// unknownCall judges a call of which the function is not known.
func (m *machine) unknownCall(n *node, f value, args []value, direct bool) value {
	t, tr := taintOfAll(args)
	ft, _ := taintOf(f)
	out := value{t: t, tr: tr}
	if t != 0 {
		out.t |= unsure
	}
	if ft&hidden != 0 && ft&fromParam == 0 {
		out.t |= masked
	}
	m.calledNumber(n, f, t)
	given := t&(fromRequest|fromUpload|fromRemote) != 0
	switch {
	case ft&fromRequest != 0 && f.k == vUnknown:
		what := "The request names the function that is called"
		switch {
		case ft&checked != 0 || ft&unsure != 0 && (!given || t&unsure != 0):
		case given && (direct || m.isolated() || ft&decoded != 0 || t&fromRequest != 0 && t&(checked|unsure) == 0 && ft&unsure == 0):
			m.note(doesEval, n, f)
			m.report("request-names-function", webshell.Webshell, high, what+", and gives its arguments.", n, join(value{t: t, tr: tr}, f))
		case len(args) > 0 && m.isolated() && (len(args) == 1 && args[0].exact() || t&(fromUndef) != 0):
			m.report("request-names-function", webshell.Webshell, moderate, what+".", n, f)
		default:
			m.report("request-names-function", webshell.Suspicious, low, what+".", n, f)
		}
	case ft&fromRequest != 0 && f.k == vPart && given && ft&checked == 0 && deadlyPart(f):
		m.report("request-names-function", webshell.Webshell, moderate, "The request completes the name of the function that is called, and gives its arguments.", n, join(value{t: t, tr: tr}, f))
	case ft&fromRemote != 0 && f.k == vUnknown:
		m.report("remote-names-function", webshell.Malicious, moderate, "A remote server names the function that is called.", n, f)
	case f.k == vUnknown && given && ft&(hidden|decoded|keyed) != 0 && ft&fromParam == 0 && t&checked == 0:
		verdict := webshell.Webshell
		if t&(fromRequest|fromHeader) != fromRequest && m.asked(n) {
			verdict = webshell.Suspicious
		}
		m.report("hidden-function", verdict, moderate, "A function whose name is assembled at run time gets data from "+describe(t)+".", n, value{t: t, tr: tr})
	case f.k == vUnknown && given && ft&selfPath != 0:
		m.report("hidden-function", webshell.Webshell, moderate, "A function that is named after the file itself gets data from "+describe(t)+".", n, value{t: t, tr: tr})
	case f.k == vUnknown && given && ft&fromUndef != 0 && m.isolated() && t&fromRequest != 0 && !m.standsFor(n.a):
		m.report("hidden-function", webshell.Webshell, moderate, "A function that only the request can name gets data from it.", n, value{t: t, tr: tr})
	case f.k == vUnknown && ft&decoded != 0 && ft&fromBlob != 0:
		m.report("hidden-function", webshell.Suspicious, moderate, "A function whose name is decoded at run time is called.", n, f)
	}
	return out
}

// standsFor says that a variable is named like the function of PHP's that it
// stands for, as programs choose between one that escapes and one that does not.
func (m *machine) standsFor(f *node) bool {
	return f != nil && f.op == nVar && passing[strings.ToLower(f.s)]
}

// asked says that the page asked whether the function that a variable names
// exists, as programs do that call what their parts may have; PHP's own exist.
func (m *machine) asked(n *node) bool {
	f := n.a
	if f != nil && f.op == nName && len(n.list) > 0 { // of call_user_func
		f = n.list[0]
	}
	return f != nil && f.op == nVar && m.facts.asked[f.s]
}

// unslashed is the name of a function that runs code or commands, written in
// escapes that have lost their backslashes: "asx73ert". "" for any other.
func unslashed(name string) string {
	i := strings.IndexByte(name, 'x')
	if i < 0 || i+2 >= len(name) || len(name) > 2*maxWord {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == 'x' && i+2 < len(name) && hexDigit(name[i+1]) >= 0 && hexDigit(name[i+2]) >= 0 {
			b.WriteByte(byte(hexDigit(name[i+1])<<4 | hexDigit(name[i+2])))
			i += 2
			continue
		}
		b.WriteByte(name[i])
	}
	if s := b.String(); s != name && deadly[s] {
		return s
	}
	return ""
}

// hiddenCall judges a call of a function whose name was assembled.
func (m *machine) hiddenCall(n *node, f value, name string, args []value) {
	t, tr := taintOfAll(args)
	computed := f.t&decoded != 0 || f.t&hidden != 0 && m.isolated() && m.small()
	if computed && t&fromRequest != 0 && t&checked == 0 && m.funcs[name] == nil && !dangerous[name] && !ordinary(name) {
		m.report("hidden-function", webshell.Webshell, moderate, "A function whose name is computed at run time gets data from "+describe(t)+".", n, value{t: t, tr: tr})
		return
	}
	if name == "mail" && f.t&hidden != 0 && len(args) > 2 {
		m.report("hidden-function", webshell.Malicious, moderate, "The name of mail is hidden where it is called.", n, value{t: t, tr: tr})
		return
	}
	if !dangerous[name] {
		return
	}
	m.facts.calls++
	if name == "preg_replace" && len(args) > 0 && f.t&hidden != 0 {
		if p, ok := args[0].text(); ok {
			if _, flags, _ := pattern(p); strings.Contains(flags, "e") {
				m.report("hidden-function", webshell.Malicious, moderate, "The name of preg_replace, which is told to evaluate, is assembled at run time.", n, value{t: t, tr: tr})
			}
		}
	}
	if !deadly[name] {
		return
	}
	text, exact := "", len(args) > 0
	if exact {
		text, exact = args[0].text()
	}
	switch {
	case exact && len(text) < 2:
	case t&(hostile|fromUndef) != 0: // the sink will say so
	case exact && name != "call_user_func" && name != "call_user_func_array":
		m.report("hidden-function", webshell.Malicious, moderate, "The name of "+name+" is assembled at run time.", n, value{t: t, tr: tr})
	case t&fromParam == 0 || len(args) > 0:
		m.report("hidden-function", webshell.Malicious, moderate, "The name of "+name+" is assembled at run time.", n, value{t: t, tr: tr})
	}
}

func (m *machine) unknownClass(n *node, v value, args []value) {
	t, _ := taintOfAll(args)
	if v.t&fromRequest == 0 || v.t&checked != 0 || v.k != vUnknown {
		return
	}
	if t&fromRequest != 0 && v.t&unsure == 0 {
		m.report("request-names-class", webshell.Webshell, moderate, "The request names a class and gives its arguments.", n, v)
		return
	}
	m.autoload(v)
	m.report("request-names-class", webshell.Suspicious, low, "The request names a class.", n, v)
}

// gadgets runs the magic methods of the file's classes on an object that the
// request describes.
func (m *machine) gadgets(v value) {
	was := m.gadget
	m.gadget = true
	defer func() { m.gadget = was }()
	for _, c := range sorted(m.classes) {
		o := m.shaped(c, v)
		for _, name := range []string{"__wakeup", "__destruct", "__tostring"} {
			if f := m.method(c, name); f != nil {
				runs := f.runs
				m.invoke(f, nil, nil, o, nil)
				f.runs = runs // it runs again at the end of objects that the file makes
			}
		}
	}
}

// shaped is an object whose properties the request gives.
func (m *machine) shaped(c *class, v value) *object {
	o := m.instance(c)
	for _, s := range o.props {
		s.v = value{t: v.t, tr: v.tr}
	}
	return o
}

// chained calls a method on what a gadget holds: an object of any class that has
// it.
func (m *machine) chained(v value, name string, args []value) {
	for _, c := range sorted(m.classes) {
		if f := c.methods[name]; f != nil && f.runs < 4 {
			m.invoke(f, args, nil, m.shaped(c, v), nil)
		}
	}
}

// wrapper notes which functions run commands, and in how many ways.
func (m *machine) wrapper(n *node, v value, via string) {
	if m.f.fn == nil || v.k == vStr || len(m.facts.wrappers) > 200 {
		return
	}
	if m.facts.wrappers == nil {
		m.facts.wrappers = map[*function]map[string]*node{}
	}
	if m.facts.wrappers[m.f.fn] == nil {
		m.facts.wrappers[m.f.fn] = map[string]*node{}
	}
	m.facts.wrappers[m.f.fn][via] = n
}

// deadlyPart says that a half-known name may become that of a function that
// runs code or commands.
func deadlyPart(f value) bool {
	s, t := strings.ToLower(f.s), strings.ToLower(f.tail())
	for name := range deadly {
		if len(s)+len(t) > 1 && len(s)+len(t) < len(name) && strings.HasPrefix(name, s) && strings.HasSuffix(name, t) {
			return true
		}
	}
	return false
}
