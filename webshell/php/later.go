package php

import (
	"strings"
)

// A later is a callable that PHP calls at some other time: at the end, on an
// error, when a class is missing.
type later struct {
	f  value
	by string // the function that took it
	n  *node
	u  *unit
	veil
}

// postpone keeps a callable for later; it says whether c is a call that takes
// one.
func (m *machine) postpone(c *call, f value) bool {
	switch c.name {
	case "ob_start":
		m.facts.echoed, m.facts.printed, m.facts.prints = value{}, value{}, 0
		if f.k != vUnknown || f.t != 0 {
			m.facts.buffer = later{f, c.name, c.n, m.unit, m.facts.veil}
		}
		return true
	case "set_error_handler", "set_exception_handler", "spl_autoload_register", "register_shutdown_function", "header_register_callback":
		if (f.k == vFn || c.name[0] == 's') && len(m.ending) < 64 {
			m.ending = append(m.ending, later{f, c.name, c.n, m.unit, m.facts.veil})
		}
		return f.k == vFn || c.name[0] == 's'
	}
	return false
}

// flush hands what was printed to the callback of ob_start.
func (m *machine) flush() {
	l := m.facts.buffer
	m.facts.buffer = later{}
	if l.n != nil {
		was, veil := m.unit, m.facts.veil
		m.unit, m.facts.veil = l.u, l.veil
		text := m.facts.echoed
		if m.facts.printed.k == vStr {
			text = m.facts.printed
		}
		m.output(l.n, m.callNow(l, text))
		m.unit, m.facts.veil = was, veil
	}
}

// callNow calls what was kept; a zero later is none.
func (m *machine) callNow(l later, args ...value) value {
	if l.n == nil {
		return value{}
	}
	was, veil := m.unit, m.facts.veil
	m.unit, m.facts.veil = l.u, l.veil
	v := m.callback(&call{n: l.n}, l.f, args)
	m.unit, m.facts.veil = was, veil
	return v
}

// buffered answers the calls that read or end an output buffer. What was
// printed is known when it was printed at once.
func (m *machine) buffered(c *call) value {
	v := m.facts.printed
	if c.name == "ob_end_clean" || c.name == "ob_end_flush" || c.name == "ob_flush" {
		v = value{}
	}
	if c.name != "ob_get_contents" {
		m.flush()
	}
	return v
}

// atEnd calls what waits for the end or for an error.
func (m *machine) atEnd() {
	m.flush()
	for _, l := range m.ending {
		args := []value{{}, m.facts.raised}
		switch l.by {
		case "set_exception_handler":
			args = []value{exception(m.facts.raised)}
		case "spl_autoload_register":
			if l.f.k != vFn {
				continue
			}
			args = []value{{}, {}}
		}
		m.callNow(l, args...)
	}
}

// exception is an object that carries v as its message.
func exception(v value) value {
	o := &object{name: "exception", props: map[string]*slot{"#args": {v: arr(v)}}}
	return value{k: vObj, ref: o, t: v.t, tr: v.tr}
}

// raise notes the message of an error or exception.
func (m *machine) raise(v value) {
	if o, ok := v.ref.(*object); ok && v.k == vObj && o.props["#args"] != nil {
		if l, ok := o.props["#args"].v.list(); ok && len(l) > 0 {
			v = l[0]
		}
	}
	if v.k != vObj {
		m.facts.thrown = v
		m.facts.raised = join(m.facts.raised, v)
	}
}

// autoload calls the autoloaders for a class whose name the request gives.
func (m *machine) autoload(v value) {
	for _, l := range m.ending {
		if l.by == "spl_autoload_register" {
			m.callNow(l, v)
		}
	}
	if f := m.funcs["__autoload"]; f != nil {
		m.invoke(f, []value{v}, nil, nil, nil)
	}
}

// magic calls a magic method of an object's class, if it has it.
func (m *machine) magic(o value, name string, args ...value) (value, bool) {
	obj, ok := o.ref.(*object)
	if !ok || o.k != vObj || obj.class == nil {
		return value{}, false
	}
	f := m.method(obj.class, name)
	if f == nil || m.f.fn == f { // a property that is missing within __get is just missing
		return value{}, false
	}
	return m.invoke(f, args, nil, obj, nil), true
}

// generator is what calling a function that yields gives.
func generator(f *function, this *object, bound map[string]*slot, fr *frame) value {
	yields := fr.yields
	run := value{k: vFn, ref: &closure{fn: f, this: this, vars: bound}}
	o := &object{name: "generator", props: map[string]*slot{"#yields": {v: yields}, "#run": {v: run}, "#return": {v: fr.ret}}}
	if !fr.list.open {
		o.props["#items"] = &slot{v: arrOf(fr.list)}
	}
	return value{k: vObj, ref: o, t: yields.t, tr: yields.tr}
}

// generatorMethod calls a method of a generator.
func (m *machine) generatorMethod(n *node, o *object, name string, args []value) value {
	run, yields := o.props["#run"], o.props["#yields"]
	if run == nil || yields == nil { // made by new: of a class that is elsewhere
		return value{}
	}
	if name == "send" && len(args) > 0 {
		m.sending = args[0]
		again := m.callValue(n, run.v, nil, nil, true)
		m.sending = value{}
		if g, ok := again.ref.(*object); ok && g.props["#yields"] != nil {
			yields = g.props["#yields"]
		}
	}
	if name == "getreturn" {
		return o.props["#return"].v
	}
	return yields.v
}

// streamed is what the file's own stream wrapper gives for a path; ok says that
// the path is of such a wrapper.
func (m *machine) streamed(path value) (v value, ok bool) {
	scheme, _, ok := strings.Cut(path.s, "://")
	if !ok || path.k != vStr && path.k != vPart {
		return value{}, false
	}
	c := m.schemes[strings.ToLower(scheme)]
	if c == nil {
		return value{}, false
	}
	o := m.instance(c)
	for _, name := range []string{"stream_open", "stream_read"} {
		if f := m.method(c, name); f != nil {
			v = m.invoke(f, []value{path, {}, {}, {}}, nil, o, nil)
		}
	}
	return v, true
}
