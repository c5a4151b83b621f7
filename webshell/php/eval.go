package php

import (
	"strings"

	"limier/webshell"
)

// eval gives the value of an expression, and does what it does.
func (m *machine) eval(n *node) value {
	m.steps--
	if n == nil || m.steps <= 0 {
		return value{}
	}
	switch n.op {
	case nStr:
		v := str(n.s)
		if n.n >= 3 || n.n > 0 && len(n.s) < maxWord && (n.s == "mail" || dangerous[strings.ToLower(n.s)]) {
			v.t |= hidden
		}
		if len(n.s) >= 200 {
			v.t |= fromBlob
		}
		return v
	case nNum:
		if n.s != "" {
			return flt(parseFloat(n.s))
		}
		return num(n.n)
	case nConcat:
		return m.concatAll(n)
	case nVar:
		return m.variable(n)
	case nVarVar:
		return m.varVar(n)
	case nIndex:
		return m.index(n)
	case nProp:
		return m.property(n)
	case nSProp:
		if s := m.staticSlot(n); s != nil {
			return s.v
		}
		return value{}
	case nConst:
		return m.constant(n)
	case nClassConst:
		return m.classConst(n)
	case nName:
		return str(n.s)
	case nCall:
		return m.call(n)
	case nNew:
		return m.newObject(n)
	case nMCall:
		return m.methodCall(n)
	case nSCall:
		return m.staticCall(n)
	case nAssign:
		return m.evalAssign(n)
	case nAssignRef:
		if s := m.refSlot(n.b); s != nil && n.a.op == nVar {
			m.f.bind(n.a.s, s)
			return s.v
		}
		v := m.eval(n.b)
		m.assign(n.a, v)
		return v
	case nAssignOp:
		return m.assignOp(n)
	case nBin:
		return m.binary(n)
	case nUn:
		return m.unary(n)
	case nIncDec:
		return m.incDec(n)
	case nTernary:
		return m.ternary(n)
	case nCast:
		return m.cast(n)
	case nArray:
		return m.arrayLiteral(n)
	case nClone:
		return m.clone(m.eval(n.a))
	case nRef, nSpread:
		return m.eval(n.a)
	case nClosure:
		return m.makeClosure(n)
	case nIsset:
		if len(n.list) == 1 {
			return m.isset(n.list[0])
		}
		for _, x := range n.list {
			m.eval(x)
		}
		return value{}
	case nEmpty:
		v := m.eval(n.a)
		if yes, ok := v.truth(); ok && v.t&undecided == 0 && m.calls+m.evals > 0 && v.k != vNull {
			return boolean(!yes)
		}
		return value{}
	case nInclude:
		v := m.eval(n.a)
		m.included(n, v)
		return value{}
	case nEval:
		return m.evalCode(n, m.eval(n.a), "eval")
	case nExit:
		if n.a != nil {
			m.output(n, m.eval(n.a))
		}
		return null
	case nPrint:
		m.output(n, m.eval(n.a))
		return num(1)
	case nBacktick:
		return m.command(n, m.concatAll(n), "`…`")
	case nMatch:
		v, ok := m.matched(n)
		if ok {
			return v
		}
		m.cond++
		for i, c := range n.list {
			for _, x := range c.list {
				m.eval(x)
			}
			if x := m.eval(c.b); i == 0 {
				v = x
			} else {
				v = join(v, x)
			}
		}
		m.cond--
		return v
	case nThrow:
		m.raise(m.eval(n.a))
	case nYield:
		return m.yielded(n)
	case nInstanceof:
		m.eval(n.a)
	}
	return value{}
}

func (m *machine) concatAll(n *node) value {
	exact := true
	total, picked := 0, 0
	var few [4]value // most texts are put together of no more, and then none are allocated
	vals := few[:]
	if len(n.list) > len(few) {
		vals = make([]value, len(n.list))
	}
	vals = vals[:len(n.list)]
	for i, x := range n.list {
		v := m.eval(x)
		if i == 0 && v.k == vUnknown && v.t == fromUndef && x.op == nVar && x.s == m.target { // $a = $a.'x' starts an empty string
			v = str("")
		}
		if v.k == vObj {
			v = m.toString(v)
		}
		vals[i] = v
		s, ok := v.text()
		if ok && len(s) == 1 && x.op == nIndex {
			picked++
		}
		exact = exact && ok
		total += len(s)
	}
	if !exact {
		return m.partly(n, vals)
	}
	var t taint
	var tr *trace
	for _, x := range vals {
		t = t.also(x.t)
		if tr == nil || x.t&hostile != 0 {
			if x.tr != nil {
				tr = x.tr
			}
		}
	}
	if !m.spend(total) {
		return value{t: t, tr: tr}
	}
	var b strings.Builder
	b.Grow(total)
	for _, x := range vals {
		s, _ := x.text()
		b.WriteString(s)
	}
	v := value{k: vStr, s: b.String(), t: t, tr: tr}
	if t&decoded != 0 && total < 4096 && !m.framed && loadsScript(v.s) {
		m.report("hidden-script", webshell.Malicious, moderate, "Where a script of the page comes from, or sends its visitors, is hidden.", n, v)
	}
	if total >= 200 {
		v.t |= fromBlob
	}
	if picked >= 5 && picked*2 > len(vals) { // letters out of an alphabet
		v.t |= hidden | decoded
	}
	if total < 24 && (dangerous[strings.ToLower(v.s)] || v.s == ".htaccess" && len(vals) > 2) {
		v.t |= hidden
	}
	return v
}

func (m *machine) at(n *node) *trace { return &trace{unit: m.unit, pos: n.pos, end: n.end} }

// step adds a place to the way of a tainted value.
func (m *machine) step(v value, n *node) value {
	if v.tr == nil || v.t == 0 || v.tr.n >= 10 || v.tr.pos >= n.pos && v.tr.end <= n.end && v.tr.prev != nil {
		return v
	}
	v.tr = &trace{unit: m.unit, pos: n.pos, end: n.end, prev: v.tr, n: v.tr.n + 1}
	return v
}

func (m *machine) variable(n *node) value {
	name := n.s
	if s, ok := superOf(name); ok {
		return m.superValue(s, n)
	}
	if name == "this" && m.f.this != nil {
		return value{k: vObj, ref: m.f.this}
	}
	s := m.f.find(n)
	if s == nil {
		if m.f != m.globals {
			return null
		}
		v := m.undefined(name)
		if v.t != 0 {
			v.tr = m.at(n)
		}
		return v
	}
	s.settle()
	v := s.v
	if v.t&(fromUndef|fromRequest) != 0 && v.tr == nil {
		v.tr = m.at(n)
	}
	return v
}

// edited is the slot of a variable whose text is being edited, nil for others.
func (m *machine) edited(n *node) *slot {
	if n.op != nVar {
		return nil
	}
	if s := m.f.find(n); s != nil && s.edit != nil {
		return s
	}
	return nil
}

func (m *machine) varVar(n *node) value {
	v := m.eval(n.a)
	name, ok := v.text()
	if !ok {
		m.facts.varVars++
		t, tr := taintOf(v)
		if strings.HasPrefix(v.s, "_") && v.k == vPart { // what starts so and is not spelled out is the request
			x := m.superValue("_REQUEST", n)
			x.t |= hidden
			return x
		}
		return value{t: t | hidden, tr: tr}
	}
	m.hiddenRequest(n, name, v)
	x := m.variable(&node{op: nVar, s: name, pos: n.pos, end: n.end})
	if n.a.op != nVar {
		x.t |= v.t & hidden
	}
	return x
}

func (m *machine) index(n *node) value {
	if e := m.edited(n.a); e != nil && n.b != nil {
		if i, ok := m.eval(n.b).integer(); ok && i >= 0 && i < int64(len(e.edit)) {
			m.facts.apart++
			return value{k: vStr, s: string(e.edit[i : i+1]), t: e.v.t | hidden, tr: e.v.tr}
		}
	}
	base := m.eval(n.a)
	if n.b == nil {
		return value{}
	}
	k := m.eval(n.b)
	if k.k == vUnknown && base.ref == super("_SERVER") && n.b.op == nConst { // before PHP 8 a name alone is its own text
		k = str(n.b.s)
	}
	v := m.element(base, k, n)
	if base.k == vUnknown && k.k == vStr {
		if t := m.typed(n, base, k.s); t != 0 {
			v.t |= t
			v.tr = firstTrace(v.tr, m.at(n))
		}
	}
	if n.a.op == nVar {
		if s := m.f.find(n.a); s != nil && len(s.seen) > 0 {
			if at, ok := keyOf(k); ok && s.seen[at] {
				v.t |= checked
			}
		}
	}
	return v
}

// minAlphabet is the length of a text out of whose letters others are made.
const minAlphabet = 10

// maxChoice bounds the list of functions of which the request chooses one.
const maxChoice = 64

// letters says that a list holds single letters alone, and more than a few.
func letters(vals []value) bool {
	if len(vals) < 4 || len(vals) > 256 {
		return false
	}
	for _, v := range vals {
		if s, ok := v.text(); !ok || len(s) != 1 {
			return false
		}
	}
	return true
}

// spells says that the key of the index n lets the request decide, letter by
// letter, what text is made: it comes from there, as a number too.
func (m *machine) spells(k value, n *node) bool {
	if m.facts.loops == 0 {
		return false
	}
	if k.t&fromRequest != 0 {
		return true
	}
	if n == nil || n.op != nIndex || n.b == nil {
		return false
	}
	switch n := n.b; {
	case n.op == nCast:
		return m.eval(n.a).t&fromRequest != 0
	case n.op == nCall && n.a.op == nName && len(n.list) > 0 && strings.EqualFold(n.a.s, "intval"):
		return m.eval(n.list[0]).t&fromRequest != 0
	}
	return false
}

func (m *machine) element(base, k value, n *node) value {
	switch base.k {
	case vStr:
		i, ok := k.integer()
		if !ok {
			t := base.t | k.t&^fromRequest
			if len(base.s) >= minAlphabet && m.spells(k, n) {
				t |= keyed
			}
			return value{t: t, tr: firstTrace(base.tr, k.tr)}
		}
		if i < 0 {
			i += int64(len(base.s))
		}
		if i < 0 || i >= int64(len(base.s)) {
			return value{k: vStr, t: base.t}
		}
		m.facts.apart++
		return value{k: vStr, s: base.s[i : i+1], t: base.t | hidden, tr: base.tr}
	case vArr:
		a := base.ref.(*array)
		key, ok := keyOf(k)
		if !ok {
			t, tr := taintOf(base)
			if letters(a.vals) && m.spells(k, n) {
				return value{t: t | keyed, tr: firstTrace(tr, k.tr)}
			}
			if k.t&hostile != 0 && !a.open && t&fromRequest == 0 { // the request chooses among what the program lists
				for _, v := range a.vals[:min(len(a.vals), maxChoice)] {
					if v.k == vStr && len(v.s) < maxWord && commands[strings.ToLower(v.s)] {
						return v
					}
				}
				t |= checked
			}
			t |= k.t & (fromBlob | fromFile | fromOddFile | keyed)
			if k.t&fromRequest == 0 { // else it chooses, and makes nothing
				t |= k.t & decoded
			}
			v := value{t: t, tr: tr}
			if a.open {
				v = join(v, value{t: a.rest.t, tr: a.rest.tr})
			}
			return v
		}
		v, _ := a.get(key)
		v.t |= k.t & (fromBlob | fromFile | fromOddFile | decoded | keyed)
		v.t |= base.t & (decoded | hidden | unsure | checked)
		return v
	case vObj:
		if s := items(base); s != nil {
			return m.element(s.v, k, n)
		}
		return value{t: base.t, tr: base.tr}
	}
	if s, ok := base.ref.(super); ok {
		key, _ := k.text()
		if k.k == vUnknown || k.k == vPart {
			key = ""
		}
		if over, ok := m.facts.supers[string(s)+"."+key]; ok && key != "" {
			return over
		}
		v := m.superElement(s, key, base)
		if s == "_SERVER" && k.k == vPart && strings.HasPrefix(k.s, "HTTP_") {
			v = value{t: fromRequest | fromHeader}
		}
		if v.t != 0 {
			v.tr = m.at(n)
		}
		return v
	}
	v := value{t: base.t &^ wholeReq, tr: base.tr}
	if base.t&fromRequest != 0 && k.k == vStr && secretName(k.s) {
		v.t |= secret
	}
	return v
}

func (m *machine) property(n *node) value {
	o := m.eval(n.a)
	if v, ok := m.hookOf(o, n.b, "::get"); ok {
		return v
	}
	if s := m.propSlot(o, n.b, false); s != nil {
		return s.v
	}
	if v, ok := m.magic(o, "__get", m.eval(n.b)); ok {
		return v
	}
	if obj, ok := o.ref.(*object); ok && o.k == vObj && obj.props["#any"] != nil {
		return obj.props["#any"].v
	}
	if o.k == vArr { // of JSON
		return m.element(o, m.eval(n.b), n)
	}
	if o.k == vStr && n.b.op == nStr && n.b.s == "value" { // of an enumeration
		return o
	}
	if m.takes && o.k == vUnknown && o.t == 0 && n.b.op == nStr && n.b.s == "post" { // of a program's request
		return value{t: wholeReq, tr: m.at(n)}
	}
	return value{t: o.t, tr: o.tr}
}

// hookOf runs the code that a property has for reading or setting it, but not
// from within that code.
func (m *machine) hookOf(o value, name *node, what string, args ...value) (value, bool) {
	obj, ok := o.ref.(*object)
	if !ok || o.k != vObj || obj.class == nil || !obj.class.hooked {
		return value{}, false
	}
	s, ok := m.eval(name).text()
	if !ok || m.f.fn != nil && m.f.this == obj && strings.HasPrefix(m.f.fn.name, "$"+s+"::") {
		return value{}, false
	}
	return m.magic(o, "$"+s+what, args...)
}

// propSlot finds a property; make says to make it.
func (m *machine) propSlot(o value, name *node, create bool) *slot {
	obj, ok := o.ref.(*object)
	if !ok || o.k != vObj {
		return nil
	}
	nv := m.eval(name)
	s, ok := nv.text()
	if !ok {
		return nil
	}
	if p := obj.props[s]; p != nil {
		return p
	}
	if !create {
		return nil
	}
	p := &slot{cond: max(m.f.cond, obj.cond)}
	obj.put(s, p)
	return p
}
