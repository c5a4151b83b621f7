package php

// sweep runs what no way through the file led to: what stands behind a
// parameter's default value, in a loop over a list that is empty here, in a
// function that is first met deep inside others. A few lines that were put
// there wait for a request, not for the program.
func (m *machine) sweep() {
	left := m.steps
	run := func(f *function, this *object, list []*node) {
		if left <= 0 || len(list) == 0 || m.alarmed() {
			return
		}
		m.steps = min(left, m.limit/10)
		before := m.steps
		was, unit := m.f, m.unit
		if f != nil {
			fr := &frame{vars: map[string]*slot{}, fn: f, class: f.class, this: this, cond: m.cond}
			for _, p := range f.params {
				fr.vars[p.name] = &slot{v: value{t: fromParam}, home: fr}
			}
			m.f, m.unit = fr, f.unit
		}
		m.cond++
		m.passed(list)
		m.cond--
		m.f, m.unit = was, unit
		left -= before - max(0, m.steps)
	}
	run(nil, nil, m.list)
	for _, f := range sorted(m.funcs) {
		run(f, nil, f.body)
	}
	for _, c := range sorted(m.classes) {
		for _, f := range c.order {
			run(f, c.self, f.body)
		}
	}
	for _, c := range m.facts.closures {
		run(c.fn, c.this, c.fn.body)
	}
	m.steps = left
}

// passed runs the bodies within a list that were passed over and could matter.
func (m *machine) passed(list []*node) {
	for _, n := range list {
		if n == nil {
			continue
		}
		switch n.op {
		case nBlock:
			m.passed(n.list)
		case nIf:
			for _, arm := range n.list {
				m.passedBody(arm.b)
			}
			m.passedBody(n.c)
		case nWhile, nDo, nFor, nForeach:
			m.passedBody(n.b)
		case nSwitch:
			for _, c := range n.list {
				m.passedBody(c.b)
			}
		case nTry:
			m.passedBody(n.a)
			for _, x := range n.list {
				m.passedBody(x)
			}
			m.passedBody(n.b)
		}
	}
}

func (m *machine) passedBody(n *node) {
	if n == nil || m.steps <= 0 {
		return
	}
	if !n.ran {
		code := m.unit.src[n.pos:max(n.pos, n.end)]
		m.spend(len(code))
		have := traits(code)
		if have&(hasDeadly|hasDynamic|hasInclude|hasHook|hasWrite) == 0 || have&(hasRequest|hasRemote|hasDeadly) == 0 && !oddInclude(code) {
			return
		}
		m.exec(n)
	}
	m.passed([]*node{n})
}
