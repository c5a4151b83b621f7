package php

import (
	"strings"
)

// loop runs a loop: in earnest while its condition is known, else twice, so
// that what the end of the body taints reaches its start.
func (m *machine) loop(conds []*node, cond *node, step []*node, body *node, first bool) ctrl {
	test := func() value {
		v := boolean(true)
		for _, c := range conds {
			v = m.eval(c)
		}
		if cond != nil {
			v = m.eval(cond)
		}
		return v
	}
	start := m.limit - m.steps // both rise when something odd is seen
	apart, exits := m.facts.apart, m.facts.exits
	long := func() bool {
		most := m.limit / 3
		if m.dead > 0 { // what counts the runs may not change
			most = m.limit / 20
		}
		if m.facts.apart == apart { // it decodes nothing
			most = min(most, quietSteps/3)
		}
		return m.limit-m.steps-start >= most
	}
	m.facts.looped++
	defer func() {
		if long() && m.steps > 0 && !m.blur { // too long: what it writes is not known
			m.blur = true
			m.exec(body)
			m.blur = false
		}
	}()
	for n := 0; m.steps > 0 && !long(); n++ {
		if n > 0 || !first {
			v := test()
			yes, ok := v.truth()
			endless := cond == nil && len(conds) == 0 || cond != nil && (cond.op == nNum || cond.op == nConst)
			if !ok || endless && (n > 2000 || n > 50 && m.facts.exits > exits) {
				m.cond++
				for range m.passes() {
					undo := nothing
					if cond != nil {
						undo = m.guard(cond)
					}
					m.facts.loops++
					m.weak(m.exec(body))
					m.facts.loops--
					undo()
					for _, s := range step {
						m.eval(s)
					}
					test()
				}
				m.cond--
				return ctrl{}
			}
			if !yes {
				return ctrl{}
			}
		}
		m.facts.loops++
		c := m.exec(body)
		m.facts.loops--
		switch c.kind {
		case nBreak:
			if c.n > 1 {
				return ctrl{kind: nBreak, n: c.n - 1}
			}
			return ctrl{}
		case nContinue:
			if c.n > 1 {
				return ctrl{kind: nContinue, n: c.n - 1}
			}
		case nReturn, nExit, nGoto:
			return c
		}
		for _, s := range step {
			m.eval(s)
		}
	}
	return ctrl{}
}

// passes is how often the body of an undecided loop is run; loops deep inside
// others run once, lest the runs multiply.
func (m *machine) passes() int {
	if m.facts.loops > 2 {
		return 1
	}
	return 2
}

func (m *machine) foreach(n *node) ctrl {
	m.facts.looped++
	v := m.listed(m.eval(n.a))
	key, val := n.list[0], n.list[1]
	bind := func(k, x value) {
		if key != nil {
			m.assign(key, k)
		}
		if val != nil {
			if val.op == nRef {
				m.assign(val.a, x)
			} else {
				m.assign(val, x)
			}
		}
	}
	m.facts.loops++
	defer func() { m.facts.loops-- }()
	if a, ok := v.ref.(*array); ok && v.k == vArr && !a.open {
		if val != nil && val.op == nRef && val.a.op == nVar && n.a.op != nCall {
			if base := m.lslot(n.a); base != nil {
				bind = func(k, _ value) {
					if key != nil {
						m.assign(key, k)
					}
					if at, ok := keyOf(k); ok {
						x := null
						if now, ok := base.v.ref.(*array); ok {
							x, _ = now.get(at)
						}
						m.f.bind(val.a.s, m.elementSlot(base, at, x))
					}
				}
			}
		}
		was := a.shared
		a.shared = true
		for i := 0; i < len(a.vals) && m.steps > 0; i++ {
			bind(a.keyAt(i).value(), a.vals[i])
			c := m.exec(n.b)
			if c.kind == nBreak || c.kind == nContinue {
				if c.n > 1 {
					return ctrl{kind: c.kind, n: c.n - 1}
				}
				if c.kind == nBreak {
					break
				}
			} else if c.kind != 0 {
				return c
			}
		}
		if !was && val != nil && val.op != nRef {
			a.shared = was
		}
		return ctrl{}
	}
	t, tr := taintOf(v)
	k := value{t: t &^ (wholeReq | secret), tr: tr}
	x := value{t: t &^ wholeReq, tr: tr}
	if a, ok := v.ref.(*array); ok && v.k == vArr {
		x = join(x, a.rest)
		k.t &^= hostile
	}
	if s, ok := v.ref.(super); ok {
		x = m.superElement(s, "", v)
		m.facts.formLoop = m.facts.formLoop || s == "_POST" || s == "_REQUEST" || s == "_GET"
		k.t |= fromRequest
		if s == "_SERVER" || s == "GLOBALS" || s == "_SESSION" {
			k.t &^= fromRequest
		}
	}
	if m.takes { // what is put together of all fields is the form
		x.t |= t & wholeReq
	}
	m.cond++
	for range m.passes() {
		bind(k, x)
		m.weak(m.exec(n.b))
	}
	m.cond--
	return ctrl{}
}

// matched is what the arm of match gives that a known value picks.
func (m *machine) matched(n *node) (value, bool) {
	v := m.eval(n.a)
	if !v.exact() || v.t&undecided != 0 {
		return value{}, false
	}
	var other *node
	for _, c := range n.list {
		if len(c.list) == 0 {
			other = c.b
		}
		for _, x := range c.list {
			eq, ok := strictEqual(v, m.eval(x))
			if !ok {
				return value{}, false
			}
			if eq {
				return m.eval(c.b), true
			}
		}
	}
	return m.eval(other), other != nil
}

func (m *machine) execSwitch(n *node) ctrl {
	v := m.eval(n.a)
	var other *node
	known := v.exact() && v.t&undecided == 0
	for _, c := range n.list { // known value: run from the case that equals it
		if !known {
			break
		}
		if c.a == nil {
			other = c
			continue
		}
		x := m.eval(c.a)
		if known = x.exact(); !known {
			break
		}
		if eq, ok := looseEqual(v, x); ok && eq {
			return m.cases(n.list, c)
		}
	}
	if known && other != nil {
		return m.cases(n.list, other)
	}
	m.guard(n.a)()
	m.cond++
	for _, c := range n.list {
		end := nothing
		if c.a != nil {
			end = m.enter(c.a, join(v, m.eval(c.a)))
		}
		m.weak(m.exec(c.b))
		end()
	}
	m.cond--
	return ctrl{}
}

func (m *machine) cases(list []*node, from *node) ctrl {
	on := false
	for _, c := range list {
		on = on || c == from
		if !on {
			continue
		}
		switch r := m.exec(c.b); r.kind {
		case 0:
		case nBreak, nContinue:
			if r.n > 1 {
				return ctrl{kind: r.kind, n: r.n - 1}
			}
			return ctrl{}
		default:
			return r
		}
	}
	return ctrl{}
}

func (m *machine) execStatic(n *node) {
	if m.f.fn == nil {
		for _, x := range n.list {
			m.eval(x)
		}
		return
	}
	vars := m.statics[m.f.fn]
	if vars == nil {
		vars = map[string]*slot{}
		m.statics[m.f.fn] = vars
	}
	for _, x := range n.list {
		name := ""
		if x.op == nVar {
			name = x.s
		} else if x.op == nAssign && x.a.op == nVar {
			name = x.a.s
		} else {
			continue
		}
		s := vars[name]
		if s == nil {
			s = &slot{v: null}
			if x.op == nAssign {
				s.v = m.eval(x.b)
			}
			vars[name] = s
		}
		m.f.bind(name, s)
	}
}

func (m *machine) slotIn(f *frame, name string) *slot {
	s := f.vars[name]
	if s == nil {
		s = &slot{cond: -1}
		if f == m.globals {
			s.v = m.undefined(name)
		}
		f.vars[name] = s
	}
	return s
}

// undefined is the value of a variable that nothing was assigned to.
func (m *machine) undefined(name string) value {
	switch {
	case name == "this", (name == "argv" || name == "argc") && m.tellsUsage():
		return value{}
	case m.extracted:
		if m.secretName(name) {
			return value{t: fromRequest | secret}
		}
		return value{t: fromRequest}
	case m.f == m.globals && m.includes == 0 && m.evals == 0:
		if m.secretName(name) {
			return value{t: fromUndef | secret}
		}
		return value{t: fromUndef}
	}
	return value{}
}

// tellsUsage says that the file is a tool of the command line, which tells how it
// is called: what it takes from there is nobody's request, but for what makes scripts
// that evaluate.
func (m *machine) tellsUsage() bool {
	return m.mentions("usage:", "usage :") && !(m.mentions(`"<?`, "'<?") && m.mentions("eval"))
}

// spend charges n bytes of string work; false when the budget is gone.
func (m *machine) spend(n int) bool {
	m.bytes -= n
	m.steps -= n >> 8
	if m.bytes < 0 {
		m.steps = min(m.steps, 0)
	}
	return m.bytes >= 0 && n <= maxString
}

// maxCode is how much of the text at a node is told and looked at, in bytes.
const maxCode = 160

// says reports whether the text at a node holds one of the words, which are of
// small letters, in either case.
func (u *unit) says(n *node, words ...string) bool {
	text := u.text(n)
	for i, c := range text {
		for _, w := range words {
			if c|0x20 == w[0] && i+len(w) <= len(text) && foldEqual(text[i:i+len(w)], w) {
				return true
			}
		}
	}
	return false
}

// text is the start of the text at a node.
func (u *unit) text(n *node) []byte {
	end := min(int(n.end), len(u.src), int(n.pos)+maxCode)
	return u.src[min(int(n.pos), end):end]
}

// code is the text at a node, cut for a report.
func (u *unit) code(pos, end uint32) string {
	if int(end) > len(u.src) {
		end = uint32(len(u.src))
	}
	if pos >= end {
		return ""
	}
	b := u.src[pos:end]
	whole := len(b) <= maxCode
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(b[:min(len(b), maxCode)]), "\uFFFD")), " ")
	if len(s) > maxCode { // replaced bytes take three
		s, whole = cut(s, maxCode), false
	}
	if !whole {
		s += "…"
	}
	return s
}
