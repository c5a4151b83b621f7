package php

import "strings"

func (m *machine) evalAssign(n *node) value {
	was := m.target
	if n.b.op == nConcat && n.a.op == nVar {
		m.target = n.a.s
	}
	v := m.learned(m.eval(n.b))
	m.target = was
	if n.b.op == nConcat && v.k == vUnknown && v.ref == nil && v.t&hostile == 0 && m.have&(hasInclude|hasWrite) == hasInclude|hasWrite {
		m.facts.unnamed++
		v.ref = m.facts.unnamed
	}
	if n.b.op != nStr && v.tr != nil {
		v = m.step(v, n)
	}
	if len(v.s) >= 20 || v.k == vPart {
		m.literal(n, v)
	}
	if v.k == vStr && len(v.s) < 40 && v.t&hidden != 0 && len(v.s) >= 3 {
		m.assembled(n, v)
	}
	if v.t&wholeReq != 0 && n.a.op == nIndex {
		m.keptUnreadable(n, v)
	}
	m.assign(n.a, v)
	return v
}

// set stores v in a slot. Under an undecided condition the old value's taint
// stays, for it may be what is found there later.
func (m *machine) set(s *slot, v value) {
	m.put(s, v)
	if s.back != nil {
		s.back(s.v)
	}
}

func (m *machine) put(s *slot, v value) {
	if a, ok := v.ref.(*array); ok {
		a.shared = true
	}
	if m.keeps(s) {
		return
	}
	s.settle()
	s.buf, s.seen = nil, nil
	if m.blur {
		s.v = blurred(s.v, v)
		return
	}
	if m.cond > s.cond && s.cond >= 0 {
		s.v = join(s.v, v)
		return
	}
	s.v = v
	s.cond = m.cond
}

// blurred is what a variable may hold after a loop that was too long to run.
func blurred(a, b value) value {
	at, atr := taintOf(a)
	bt, btr := taintOf(b)
	return value{t: at.also(bt) | decoded, tr: firstTrace(atr, btr)}
}

func (m *machine) assign(n *node, v value) {
	switch n.op {
	case nVar:
		if s, ok := superOf(n.s); ok {
			m.facts.setSuper(string(s)+".", v)
			return
		}
		s := m.f.find(n)
		if s == nil {
			s = &slot{cond: m.cond, home: m.f}
			m.f.vars[n.s] = s
			if a, ok := v.ref.(*array); ok {
				a.shared = true
			}
			s.v = v
			if v.k == vStr && v.s == "" && m.cond > 0 && m.f == m.globals { // what was there before may still be
				s.v = m.undefined(n.s)
			}
			return
		}
		m.set(s, v)
	case nVarVar:
		nv := m.eval(n.a)
		if name, ok := nv.text(); ok && len(name) < 256 {
			m.assign(&node{op: nVar, s: name}, v)
			return
		}
		if nv.t&hostile != 0 && nv.t&checked == 0 {
			if _, part := nv.ref.(tail); !part && m.f == m.globals {
				m.extracted = true
			}
		}
	case nIndex:
		m.assignIndex(n, v)
	case nProp:
		o := m.eval(n.a)
		if w, ok := m.hookOf(o, n.b, "::set", v); ok {
			if w.k == vUnknown && w.t == 0 {
				return
			}
			v = w // set => … gives what is stored
		}
		if m.propSlot(o, n.b, false) == nil {
			if _, ok := m.magic(o, "__set", m.eval(n.b), v); ok {
				return
			}
		}
		if s := m.propSlot(o, n.b, true); s != nil {
			m.set(s, v)
		} else if obj, ok := o.ref.(*object); ok && o.k == vObj && m.eval(n.b).t&fromRequest != 0 { // the request names it
			t, tr := taintOf(v)
			obj.props["#any"] = &slot{v: value{t: t, tr: tr}}
		}
	case nSProp:
		if s := m.staticSlot(n); s != nil {
			m.set(s, v)
		}
	case nArray:
		m.destructure(n, v)
	case nRef:
		m.assign(n.a, v)
	}
}

func (m *machine) destructure(n *node, v value) {
	next := int64(0)
	for _, x := range n.list {
		k := num(next)
		target := x
		if x.op == nPair {
			k = m.eval(x.a)
			target = x.b
		} else {
			next++
		}
		if target.op == nBad {
			continue
		}
		m.assign(target, m.element(v, k, n))
	}
}

// lslot is the slot behind a variable or property; nil for anything else.
func (m *machine) lslot(n *node) *slot {
	switch n.op {
	case nVar:
		if _, ok := superOf(n.s); ok {
			return nil
		}
		s := m.f.find(n)
		if s == nil {
			s = &slot{v: null, cond: m.cond, home: m.f}
			if m.f == m.globals {
				s.v = m.undefined(n.s)
			}
			m.f.vars[n.s] = s
		}
		s.settle()
		return s
	case nVarVar:
		if name, ok := m.eval(n.a).text(); ok && len(name) < 256 {
			return m.lslot(&node{op: nVar, s: name})
		}
	case nProp:
		return m.propSlot(m.eval(n.a), n.b, true)
	case nSProp:
		return m.staticSlot(n)
	case nRef:
		return m.lslot(n.a)
	}
	return nil
}

// refSlot is the slot behind what a reference is made to: lslot's, or one that
// tells the array whose element it is.
func (m *machine) refSlot(n *node) *slot {
	if n.op != nIndex {
		return m.lslot(n)
	}
	if n.b == nil || n.a.op != nVar && n.a.op != nProp && n.a.op != nSProp {
		return nil
	}
	base := m.lslot(n.a)
	k, ok := keyOf(m.eval(n.b))
	if base == nil || !ok {
		return nil
	}
	if _, isArray := base.v.ref.(*array); !isArray && base.v.k != vNull {
		return nil
	}
	v := null
	if a, isArray := base.v.ref.(*array); isArray {
		v, _ = a.get(k)
	}
	return m.elementSlot(base, k, v)
}

// elementSlot is a slot for v, which stands under k in the array that base holds.
func (m *machine) elementSlot(base *slot, k key, v value) *slot {
	return &slot{v: v, cond: m.cond, back: func(v value) {
		a, ok := base.v.ref.(*array)
		switch {
		case !ok && base.v.k == vNull:
			a = newArray()
		case !ok:
			return
		case a.shared:
			m.steps -= len(a.vals)
			m.bytes -= elementSize / 8 * len(a.vals)
			a = a.clone()
		}
		if in, ok := v.ref.(*array); ok {
			in.shared = true
		}
		a.set(k, v)
		base.v = value{k: vArr, ref: a, t: base.v.t, tr: base.v.tr}
		if base.back != nil {
			base.back(base.v)
		}
	}}
}

// assignIndex stores into $a[k1][k2]…
func (m *machine) assignIndex(n *node, v value) {
	var path []*node
	base := n
	for base.op == nIndex {
		path = append(path, base.b)
		base = base.a
	}
	if base.op == nVarVar {
		if name, ok := m.eval(base.a).text(); ok && len(name) < 256 {
			base = &node{op: nVar, s: name, pos: base.pos, end: base.end}
		}
	}
	if base.op == nVar {
		if s, ok := superOf(base.s); ok {
			key := ""
			if k := path[len(path)-1]; k != nil {
				key, _ = m.eval(k).text()
			}
			if s == "GLOBALS" {
				if key != "" {
					s := m.slotIn(m.globals, key)
					if len(path) == 1 {
						m.set(s, v)
					} else {
						s.buf = nil
						s.v = m.stored(s.v, path[:len(path)-1], v, 0)
					}
				}
				return
			}
			if len(path) == 1 {
				if m.cond > m.f.cond {
					v = join(m.superElement(s, key, value{}), v)
				}
				m.facts.setSuper(string(s)+"."+key, v)
			} else if t, tr := taintOf(v); s == "_SESSION" && key != "" && t&hostile != 0 {
				m.facts.setSuper(string(s)+"."+key, value{t: t, tr: tr})
			}
			return
		}
	}
	if e := m.edited(base); e != nil && len(path) == 1 && path[0] != nil && !m.blur {
		i, ok := m.eval(path[0]).integer()
		if x, xok := v.text(); ok && xok && len(x) > 0 && i >= 0 && i < int64(len(e.edit))+4096 && i < maxString {
			for int64(len(e.edit)) <= i {
				e.edit = append(e.edit, ' ')
			}
			e.edit[i] = x[0]
			e.v.t |= v.t
			return
		}
	}
	s := m.lslot(base)
	if s == nil {
		return
	}
	s.buf = nil
	if in := items(s.v); in != nil {
		s = in
	}
	if s.v.k == vStr && s.v.s != "" && len(path) == 1 && path[0] != nil { // $s[3] = "x"
		i, ok := m.eval(path[0]).integer()
		x, xok := v.text()
		if ok && xok && len(x) > 0 && i >= 0 && i < int64(len(s.v.s))+4096 && m.spend(len(s.v.s)) {
			b := []byte(s.v.s)
			for int64(len(b)) <= i {
				b = append(b, ' ')
			}
			b[i] = x[0]
			s.v.t |= v.t | hidden
			if m.blur {
				s.v = value{t: s.v.t | decoded, tr: s.v.tr}
				return
			}
			s.edit = b
			return
		}
		s.v = value{t: s.v.t | v.t, tr: v.tr}
		return
	}
	s.seen = nil
	s.v = m.stored(s.v, path, v, 0)
	if s.back != nil {
		s.back(s.v)
	}
}

// stored is base with v put at the path, last key first.
func (m *machine) stored(base value, path []*node, v value, depth int) value {
	var a *array
	switch {
	case base.k == vArr:
		a = base.ref.(*array)
		if a.shared {
			m.steps -= len(a.vals)
			m.bytes -= elementSize / 8 * len(a.vals) // the old one is soon garbage
			a = a.clone()
		}
	case base.k == vNull || base.k == vStr && base.s == "" || base.k == vUnknown && base.t&(hostile|wholeReq) == 0:
		a = newArray()
		if base.k == vUnknown {
			a.open, a.rest = true, base
		}
	default:
		t, tr := taintOf(v)
		base.t = base.t.also(t)
		if base.tr == nil || t&hostile != 0 {
			base.tr = tr
		}
		return base
	}
	m.bytes -= elementSize / 2
	kn := path[len(path)-1]
	rest := path[:len(path)-1]
	if depth > 32 {
		return arrOf(a)
	}
	if in, ok := v.ref.(*array); ok {
		in.shared = true
	}
	if kn == nil {
		if len(rest) > 0 {
			v = m.stored(null, rest, v, depth+1)
		}
		if m.facts.loops > 0 && m.cond > 0 {
			a.add(v)
		} else {
			a.push(v)
		}
		return value{k: vArr, ref: a, t: base.t, tr: base.tr}
	}
	k, ok := keyOf(m.eval(kn))
	if len(rest) > 0 {
		old := null
		if ok {
			if i := a.find(k); i >= 0 {
				old = a.vals[i]
			}
		}
		v = m.stored(old, rest, v, depth+1)
		if in, isArr := v.ref.(*array); isArr {
			in.shared = false
		}
	}
	if !ok {
		a.add(v)
	} else {
		if i := a.find(k); i >= 0 && m.cond > 0 && len(rest) == 0 {
			v = join(a.vals[i], v)
		}
		a.set(k, v)
	}
	return value{k: vArr, ref: a, t: base.t, tr: base.tr}
}

func (m *machine) assignOp(n *node) value {
	if n.kind == tCoalesce {
		if n.a.op == nVar && m.f.find(n.a) == nil && !m.extracted && m.cond == 0 && m.includes == 0 {
			v := m.eval(n.b)
			m.assign(n.a, v)
			return v
		}
		old := m.eval(n.a)
		if old.known() && old.k != vNull {
			return old
		}
		m.cond++
		v := m.eval(n.b)
		m.cond--
		v = join(old, v)
		m.assign(n.a, v)
		return v
	}
	if n.kind != '.' {
		old := m.eval(n.a)
		v := m.operate(n.kind, old, m.eval(n.b))
		m.assign(n.a, v)
		return v
	}
	b := m.eval(n.b)
	if b.k == vObj {
		b = m.toString(b)
	}
	s := m.lslot(n.a)
	if s == nil {
		v := concat(m.eval(n.a), b, maxString)
		m.assign(n.a, v)
		return v
	}
	if m.keeps(s) {
		return concat(s.v, b, maxString)
	}
	if s.back != nil {
		v := concat(s.v, b, maxString)
		m.set(s, v)
		return v
	}
	if m.blur {
		s.buf = nil
		s.v = blurred(s.v, b)
		return s.v
	}
	b = labelled(s.v, b)
	bs, bok := b.text()
	if s.v.k == vUnknown && s.v.t == fromUndef { // .= to nothing starts an empty string
		s.v = str("")
	}
	as, aok := s.v.text()
	if aok && bok && (m.cond <= s.cond || s.cond < 0) {
		t := s.v.t.also(b.t)
		tr := s.v.tr
		if tr == nil || b.t&hostile != 0 {
			tr = b.tr
		}
		if len(as)+len(bs) > maxString || !m.spend(len(bs)+8) {
			s.v = value{t: t, tr: tr}
			return s.v
		}
		if s.buf == nil || s.buf.Len() != len(as) {
			s.buf = &strings.Builder{}
			m.spend(len(as))
			s.buf.Grow(len(as) + len(bs) + 32)
			s.buf.WriteString(as)
		}
		s.buf.WriteString(bs)
		s.v = value{k: vStr, s: s.buf.String(), t: t, tr: tr}
		return s.v
	}
	m.spend(64)
	v := concat(s.v, b, maxString)
	if v.tr != nil && b.t&(hostile|secret) != 0 {
		v = m.step(v, n)
	}
	if m.cond > s.cond && s.cond >= 0 { // may or may not be added
		v.t = v.t.also(s.v.t)
		if v.k == vStr && m.facts.loops > 0 {
			v = concat(s.v, value{t: b.t, tr: b.tr}, maxString)
		}
		s.v = v
		s.buf = nil
		return v
	}
	s.buf = nil
	s.v = v
	return v
}

func (m *machine) unset(n *node) {
	switch n.op {
	case nVar:
		if m.cond == 0 {
			m.f.forget(n.s)
		}
	case nIndex:
		s := (*slot)(nil)
		if n.a.op == nVar || n.a.op == nProp {
			s = m.lslot(n.a)
		}
		if s == nil || n.b == nil || s.v.k != vArr {
			return
		}
		a := s.v.ref.(*array)
		if k, ok := keyOf(m.eval(n.b)); ok && m.cond == 0 {
			if a.shared {
				m.steps -= len(a.vals)
				m.bytes -= elementSize / 8 * len(a.vals) // the old one is soon garbage
				a = a.clone()
				s.v.ref = a
			}
			m.steps -= len(a.vals) / 16
			a.remove(k)
		}
	}
}
