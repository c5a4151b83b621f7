package php

import (
	"slices"
	"strings"
)

// method finds a method of a class, its traits and parents.
func (m *machine) method(c *class, name string) *function {
	for d := 0; c != nil && d < 8; d++ {
		if f := c.methods[name]; f != nil {
			return f
		}
		for _, t := range c.traits {
			if tc := m.classes[t]; tc != nil && tc.methods[name] != nil {
				return tc.methods[name]
			}
		}
		c = m.classes[c.parent]
	}
	return nil
}

func (m *machine) instance(c *class) *object {
	o := &object{class: c, name: c.name, props: map[string]*slot{}}
	chain := []*class{c}
	for p := m.classes[c.parent]; p != nil && len(chain) < 8; p = m.classes[p.parent] {
		chain = append(chain, p)
	}
	for _, t := range c.traits {
		if tc := m.classes[t]; tc != nil {
			chain = append(chain, tc)
		}
	}
	was, wasU := m.f, m.unit
	for i := len(chain) - 1; i >= 0; i-- {
		m.f, m.unit = &frame{vars: map[string]*slot{}, class: chain[i], this: o, cond: m.cond}, chain[i].unit
		for _, p := range chain[i].props {
			if p.static {
				continue
			}
			v := null
			if p.def != nil {
				v = m.eval(p.def)
			}
			o.put(p.name, &slot{v: v, cond: m.cond})
		}
	}
	m.f, m.unit = was, wasU
	return o
}

func (m *machine) newObject(n *node) value {
	top := m.top
	defer func() { m.top = top }()
	args := m.args(n.list)
	name := ""
	cls := n.class
	if cls == nil {
		if n.a.op == nName {
			name = m.className(n.a)
		} else {
			v := m.eval(n.a)
			if s, ok := v.text(); ok {
				name = lowerName(baseName(s))
			} else if o, ok := v.ref.(*object); ok {
				name, cls = o.name, o.class
			} else {
				m.unknownClass(n, v, args)
			}
		}
	}
	if cls == nil {
		cls = m.classes[name]
	}
	if cls != nil && m.calls < maxCalls {
		o := m.instance(cls)
		m.facts.objects = append(m.facts.objects, o)
		ctor := m.method(cls, "__construct")
		if ctor == nil {
			ctor = m.method(cls, cls.name)
		}
		if ctor != nil {
			m.invoke(ctor, args, n.list, o, nil)
		} else if len(args) > 0 && cls.parent != "" && m.classes[cls.parent] == nil {
			m.builtinObject(n, &object{name: cls.parent, props: o.props}, args)
		}
		return value{k: vObj, ref: o}
	}
	o := &object{name: name, props: map[string]*slot{}, cond: m.cond}
	return m.builtinObject(n, o, args)
}

func (m *machine) methodCall(n *node) value {
	top := m.top
	defer func() { m.top = top }()
	o := m.eval(n.a)
	name := m.memberName(n)
	if spreads(n.list) {
		return arr(o, name)
	}
	args := m.args(n.list)
	if obj, ok := o.ref.(*object); ok && o.k == vObj {
		if s, ok := name.text(); ok {
			return m.callMethod(n, obj, lowerName(s), args, n.list)
		}
		if name.t&fromRequest != 0 {
			m.dispatch(obj, args)
		}
	}
	if c, ok := o.ref.(*closure); ok && o.k == vFn {
		this := c.this
		switch s, _ := name.text(); lowerName(s) {
		case "call":
			if len(args) > 0 {
				this, _ = args[0].ref.(*object)
				args = args[1:]
			}
		case "bindto":
			return bound(o, args)
		case "__invoke":
		default:
			return o
		}
		return m.invoke(c.fn, args, nil, this, c.vars)
	}
	if o.k == vUnknown && o.t == fromUndef && n.a.op != nMCall {
		m.facts.lent = true
		if m.cond == 0 && m.dead == 0 && m.calls == 0 && m.facts.loops == 0 && !m.mentions("?->", "register_shutdown_function", "set_exception_handler", "ob_start") {
			m.facts.fragment = true
		}
	}
	s, _ := name.text()
	if low := strings.ToLower(s); o.k == vUnknown && o.t != 0 && len(args) > 0 && (low == "asxml" || low == "savexml" || low == "savehtmlfile") {
		m.written(&call{n: n, name: low, args: args}, args[0], o)
	}
	if m.gadget && o.t&fromRequest != 0 {
		m.chained(o, strings.ToLower(s), args)
	}
	if v, ok := m.unknownMethod(n, strings.ToLower(s), args); ok {
		return v
	}
	if quotesForShell(strings.ToLower(s)) && len(args) > 0 {
		return shellArgument(args[0])
	}
	if name.k == vFn || name.ref != nil && name.k == vObj {
		return m.callValue(n, name, args, n.list, true)
	}
	t, tr := taintOfAll(args)
	if ot, otr := taintOf(o); ot != 0 {
		t |= ot
		if tr == nil {
			tr = otr
		}
	}
	if t != 0 {
		m.consults(args...)
		t |= unsure
	}
	return value{t: t, tr: tr}
}

// callMethod calls a method of an object that is known.
func (m *machine) callMethod(n *node, o *object, name string, args []value, nodes []*node) value {
	if o.class != nil {
		if f := m.method(o.class, name); f != nil {
			if o.name == "phpmailer" && m.f.this != o {
				m.letter(n, o, name, &call{args: args})
			}
			return m.invoke(f, args, nodes, o, nil)
		}
		if p := o.props[name]; p != nil && p.v.k == vFn {
			return m.callValue(n, p.v, args, nodes, true)
		}
		if f := m.method(o.class, "__call"); f != nil && name != "" {
			a := newArray()
			for _, x := range args {
				a.push(x)
			}
			return m.invoke(f, []value{str(name), arrOf(a)}, nil, o, nil)
		}
	}
	return m.builtinMethod(n, o, name, args)
}

// memberName is the name of the method that is called; it may be worked out.
func (m *machine) memberName(n *node) value {
	if n.b.op == nStr {
		return str(n.b.s)
	}
	return m.eval(n.b)
}

func (m *machine) staticCall(n *node) value {
	top := m.top
	defer func() { m.top = top }()
	c := m.classAt(n.a)
	cls := ""
	if c == nil {
		cls = m.className(n.a)
	} else {
		cls = c.name
	}
	name := m.memberName(n)
	if spreads(n.list) {
		if c != nil && c.self == nil {
			c.self = m.instance(c)
		}
		if c != nil {
			return arr(value{k: vObj, ref: c.self}, name)
		}
		return arr(str(cls), name)
	}
	args := m.args(n.list)
	s, ok := name.text()
	if !ok {
		t, tr := taintOfAll(args)
		return value{t: t, tr: tr}
	}
	return m.callClass(n, c, cls, lowerName(s), args, n.list)
}

func (m *machine) callStatic(n *node, cls, name string, args []value, nodes []*node) value {
	return m.callClass(n, m.classes[cls], cls, name, args, nodes)
}

// callClass calls a static method of a class, nil for one that is not in the file.
func (m *machine) callClass(n *node, c *class, cls, name string, args []value, nodes []*node) value {
	if c != nil {
		if f := m.method(c, name); f != nil {
			this := (*object)(nil)
			if !f.static {
				this = m.f.this
			} else {
				m.called = c
			}
			was := f.class
			v := m.invoke(f, args, nodes, this, nil)
			f.class, m.called = was, nil
			return v
		}
		if f := m.method(c, "__callstatic"); f != nil {
			a := newArray()
			for _, x := range args {
				a.push(x)
			}
			return m.invoke(f, []value{str(name), arrOf(a)}, nil, nil, nil)
		}
	}
	switch {
	case cls == "closure" && name == "fromcallable" && len(args) > 0:
		return args[0]
	case cls == "closure" && name == "bind" && len(args) > 0:
		return bound(args[0], args[1:])
	case cls == "splfixedarray" && name == "fromarray" && len(args) > 0:
		return m.builtinObject(n, &object{name: "arrayobject", props: map[string]*slot{}}, args[:1])
	case cls == "ffi":
		return value{k: vObj, ref: &object{name: "ffi", props: map[string]*slot{}}}
	case cls == "intlchar" && name == "chr":
		return m.function(call{n: n, name: "chr", args: args})
	case name == "fromshellcommandline" && len(args) > 0: // Symfony's Process
		return m.command(n, args[0], "fromShellCommandline")
	case name == "__construct" && m.f.this != nil && m.classes[cls] == nil:
		m.f.this.props["#args"] = &slot{v: arr(args...)}
	}
	if v, ok := m.unknownMethod(n, name, args); ok {
		return v
	}
	if quotesForShell(name) && len(args) > 0 {
		return shellArgument(args[0])
	}
	t, tr := taintOfAll(args)
	if t != 0 {
		m.consults(args...)
		t |= unsure
	}
	return value{t: t, tr: tr}
}

// bound is a closure for which $this is the object it is bound to.
func bound(f value, args []value) value {
	c, ok := f.ref.(*closure)
	if !ok || f.k != vFn || len(args) == 0 {
		return f
	}
	if o, ok := args[0].ref.(*object); ok && args[0].k == vObj {
		f.ref = &closure{fn: c.fn, this: o, vars: c.vars}
	}
	return f
}

// clone is a copy of an object, after what its class does to copies.
func (m *machine) clone(v value) value {
	o, ok := v.ref.(*object)
	if !ok || v.k != vObj || m.steps <= 0 {
		return v
	}
	m.spend(elementSize / 2 * len(o.props))
	p := &object{class: o.class, name: o.name, props: make(map[string]*slot, len(o.props)), names: slices.Clone(o.names), cond: m.cond}
	for name, s := range o.props {
		if a, ok := s.v.ref.(*array); ok {
			a.shared = true
		}
		p.props[name] = &slot{v: s.v, cond: m.cond}
	}
	v.ref = p
	m.magic(v, "__clone")
	return v
}
