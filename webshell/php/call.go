package php

import (
	"slices"
	"strings"
)

// A call is one call of a built-in function.
type call struct {
	n      *node
	name   string
	args   []value
	nodes  []*node  // nil when the call comes from a callback
	native *native  // set by function
	m      *machine // set by function
}

func (c *call) arg(i int) value {
	if i < len(c.args) {
		return c.args[i]
	}
	return null
}

// node is where argument i stands, nil where that is not known.
func (c *call) node(i int) *node {
	if i < 0 || i >= len(c.nodes) {
		return nil
	}
	return c.nodes[i]
}

// text is argument i as an exact string.
func (c *call) text(i int) (string, bool) {
	if i >= len(c.args) {
		return "", false
	}
	return c.args[i].text()
}

func (c *call) int(i int, missing int64) int64 {
	if i >= len(c.args) || c.args[i].k == vNull {
		return missing
	}
	n, _ := c.args[i].integer()
	return n
}

// taint joins the arguments' taints.
func (c *call) taint() (taint, *trace) { return taintOfAll(c.args) }

func taintOfAll(vals []value) (t taint, tr *trace) {
	for _, v := range vals {
		vt, vtr := taintOf(v)
		if tr == nil || vt&hostile != 0 && t&hostile == 0 {
			tr = vtr
		}
		t = t.also(vt)
	}
	return t, tr
}

// room is space for the arguments of a call, on the stack while there is some.
// Who asks for it puts m.top back once the call is over.
func (m *machine) room(n int) []value {
	at := m.top
	if at+n > len(m.stack) {
		return make([]value, 0, n)
	}
	m.top += n
	return m.stack[at:at:m.top]
}

// args evaluates arguments, into room.
func (m *machine) args(list []*node) []value {
	out := m.room(len(list))
	for _, x := range list {
		if x.op == nSpread {
			v := m.eval(x.a)
			if l, ok := v.list(); ok {
				out = append(out, l...)
				continue
			}
			t, tr := taintOf(v)
			out = append(out, value{t: t, tr: tr}, value{t: t, tr: tr})
			continue
		}
		if x.op == nPair {
			x = x.b
		}
		v := m.eval(x)
		if len(v.s) >= 20 && v.k == vStr || v.k == vPart {
			m.literal(x, v)
		}
		out = append(out, v)
	}
	return out
}

// inOrder puts the arguments that are given by name where they belong; at tells
// the place of a name, -1 of one that is not known.
func inOrder(args []value, nodes []*node, most int, at func(name string) int) ([]value, []*node) {
	if len(args) != len(nodes) || !slices.ContainsFunc(nodes, func(n *node) bool { return n.op == nPair && n.s != "" }) {
		return args, nodes
	}
	most = max(most, len(args))
	vals, list := make([]value, most), make([]*node, most)
	n := 0
	for i, x := range nodes {
		to := i
		if x.op == nPair && x.s != "" {
			if k := at(x.s); k >= 0 {
				to = k
			}
			x = x.b
		}
		if to < most {
			vals[to], list[to], n = args[i], x, max(n, to+1)
		}
	}
	for i := range list[:n] {
		if list[i] == nil {
			vals[i], list[i] = null, bad
		}
	}
	return vals[:n], list[:n]
}

// parameters are the names of the parameters of functions that take several.
var parameters = map[string][]string{
	"str_replace":           {"search", "replace", "subject"},
	"str_ireplace":          {"search", "replace", "subject"},
	"preg_replace":          {"pattern", "replacement", "subject"},
	"preg_replace_callback": {"pattern", "callback", "subject"},
	"strtr":                 {"string", "from", "to"},
	"implode":               {"separator", "array"},
	"explode":               {"separator", "string", "limit"},
	"substr":                {"string", "offset", "length"},
	"array_map":             {"callback", "array"},
	"array_filter":          {"array", "callback"},
	"array_reduce":          {"array", "callback", "initial"},
	"array_walk":            {"array", "callback", "arg"},
	"usort":                 {"array", "callback"},
	"call_user_func_array":  {"callback", "args"},
	"file_put_contents":     {"filename", "data", "flags"},
	"openssl_decrypt":       {"data", "cipher_algo", "passphrase", "options", "iv"},
	"json_decode":           {"json", "associative"},
	"base_convert":          {"num", "from_base", "to_base"},
	"str_repeat":            {"string", "times"},
	"mail":                  {"to", "subject", "message", "additional_headers"},
}

// none are the arguments of a call that the code itself spells out without any.
var none = []*node{}

func (m *machine) call(n *node) value {
	top := m.top
	defer func() { m.top = top }()
	callee := n.a
	if spreads(n.list) { // f(...) is f itself
		if callee.op == nName {
			return str(callee.s)
		}
		return m.eval(callee)
	}
	if callee.op == nName {
		if n.s == "" {
			n.s = lowerName(baseName(callee.s))
			n.native = nativeOf(n.s)
		}
		name := n.s
		if len(n.list) == 1 && name == "strlen" {
			if e := m.edited(n.list[0]); e != nil {
				m.steps--
				return num(int64(len(e.edit)))
			}
		}
		nodes := n.list
		if nodes == nil {
			nodes = none
		}
		args := m.args(n.list)
		if order := parameters[name]; order != nil {
			args, nodes = inOrder(args, nodes, len(order), func(name string) int { return slices.Index(order, name) })
		}
		return m.function(call{n: n, name: name, args: args, nodes: nodes, native: n.native})
	}
	f := m.eval(callee)
	args := m.args(n.list)
	if callee.op == nIndex && f.k == vUnknown {
		if a, ok := m.eval(callee.a).ref.(*array); ok && len(a.vals) < 64 { // one of several closures
			for _, v := range a.vals {
				if v.k == vFn {
					m.callValue(n, v, args, n.list, true)
				}
			}
		}
	}
	if callee.op == nStr && f.t == 0 { // "name"(…): nobody writes this but to hide
		f.t |= hidden
	}
	v := m.callValue(n, f, args, n.list, true)
	m.calledByName(n, f)
	m.spelled(n)
	return v
}

// callValue calls what a value names: a string, an array, a closure. direct
// says that the code itself writes $f(…), as against handing f to a function
// that calls it.
func (m *machine) callValue(n *node, f value, args []value, nodes []*node, direct bool) value {
	switch x := f.ref.(type) {
	case *closure:
		if f.k == vFn {
			return m.invoke(x.fn, args, nodes, x.this, x.vars)
		}
	case *array:
		if f.k == vArr && len(x.vals) == 2 {
			return m.callPair(n, x.vals[0], x.vals[1], args, nodes)
		}
	case *object:
		if f.k == vObj && x.class != nil {
			if fn := m.method(x.class, "__invoke"); fn != nil {
				return m.invoke(fn, args, nodes, x, nil)
			}
		}
	}
	if name, ok := f.text(); ok && f.k == vStr {
		name = lowerName(strings.TrimSpace(name))
		if i := strings.Index(name, "::"); i > 0 {
			return m.callStatic(n, name[:i], name[i+2:], args, nodes)
		}
		name = baseName(name)
		if plain := unslashed(name); plain != "" {
			name, f.t = plain, f.t|hidden
		}
		if f.t&(hidden|decoded) != 0 || f.t&hostile != 0 {
			m.hiddenCall(n, f, name, args)
		}
		m.nowhere(n, name, args)
		v := m.function(call{n: n, name: name, args: args, nodes: nodes})
		if f.t&hidden != 0 && m.funcs[name] == nil && (v.k == vStr || v.k == vUnknown) {
			v.t |= masked
		}
		return v
	}
	return m.unknownCall(n, f, args, direct)
}

func (m *machine) callPair(n *node, o, name value, args []value, nodes []*node) value {
	if obj, ok := o.ref.(*object); ok && o.k == vObj {
		if s, ok := name.text(); ok {
			return m.callMethod(n, obj, lowerName(s), args, nodes)
		}
		if name.t&fromRequest != 0 {
			m.dispatch(obj, args)
		}
		t, tr := taintOfAll(args)
		return value{t: t, tr: tr}
	}
	if cls, ok := o.text(); ok {
		if s, ok := name.text(); ok {
			return m.callStatic(n, strings.ToLower(cls), strings.ToLower(s), args, nodes)
		}
	}
	if o.t&fromRequest != 0 && name.t&fromRequest != 0 && o.t&checked == 0 && name.k == vUnknown { // else of a few that are named alike
		return m.unknownCall(n, o, args, true)
	}
	t, tr := taintOfAll(args)
	return value{t: t, tr: tr}
}

// dispatch calls the methods of an object of which the request names one.
func (m *machine) dispatch(o *object, args []value) {
	if o.class == nil {
		return
	}
	for _, f := range o.class.order {
		if f.runs == 0 && !strings.HasPrefix(f.name, "__") {
			m.invoke(f, args, nil, o, nil)
		}
	}
}

// function calls a function by name: a built-in one, or one of the file.
func (m *machine) function(k call) value {
	m.steps -= 2
	if k.name == "" {
		return value{}
	}
	c := m.newCall()
	defer m.endCall(c)
	*c = k
	c.m = m
	if c.native == nil {
		c.native = nativeOf(c.name)
	}
	if u := m.funcs[c.name]; u != nil && !shadowed(c) {
		return m.invoke(u, c.args, c.nodes, nil, nil)
	}
	if len(m.consts) > 0 && c.n.a != nil && c.n.a.op == nName && strings.EqualFold(baseName(c.n.a.s), c.name) {
		if f, ok := m.consts[baseName(c.n.a.s)]; ok && f.k == vStr && !strings.EqualFold(strings.TrimSpace(baseName(f.s)), c.name) {
			return m.callValue(c.n, f, c.args, c.nodes, true)
		}
	}
	if v, ok := m.sink(c); ok {
		return v
	}
	if v, ok := m.source(c); ok {
		return v
	}
	if v, ok := m.effect(c); ok {
		return v
	}
	m.undeclared(c)
	return m.pure(c)
}

// shadowed says that a function of that name in the file cannot be more than a
// fallback for PHP's own.
func shadowed(c *call) bool {
	return c.native.fold != nil || c.name == "getallheaders" || c.name == "apache_request_headers"
}

// newCall is a call that endCall took back, or a new one.
func (m *machine) newCall() *call {
	if n := len(m.spare) - 1; n >= 0 {
		c := m.spare[n]
		m.spare = m.spare[:n]
		return c
	}
	return &call{}
}

func (m *machine) endCall(c *call) {
	*c = call{}
	m.spare = append(m.spare, c)
}

// invoke runs a function of the file.
func (m *machine) invoke(f *function, args []value, nodes []*node, this *object, bound map[string]*slot) value {
	args, nodes = inOrder(args, nodes, len(f.params), func(name string) int {
		return slices.IndexFunc(f.params, func(q param) bool { return q.name == name })
	})
	lent := m.lent
	m.lent = nil
	telling := false       // arguments worth a run of their own
	ends := len(args) == 0 // a recursion may, by what it is told anew
	for i, a := range args {
		if a.known() && a.k != vNull {
			telling = true
			ends = ends || i >= len(f.given) || a.k != f.given[i].k || a.n != f.given[i].n || a.s != f.given[i].s || a.ref != f.given[i].ref
		}
		telling = telling || a.t != 0
	}
	if this != nil && f.class != nil && f.runs < 200 {
		telling = true
	}
	t, tr := taintOfAll(args)
	if m.calls >= maxCalls || m.steps <= 0 || f.runs > 200 && m.cond > 20 || m.idle(f, t) || f.active > 1 && !ends {
		if t != 0 {
			t |= unsure
		}
		return value{t: t, tr: tr}
	}
	if !telling && f.runs > 2 {
		return value{}
	}
	f.runs++
	f.active++
	m.calls++
	looped, veil := m.facts.looped, m.facts.veil
	fr := &frame{vars: make(map[string]*slot, len(f.params)+4), fn: f, class: f.class, this: this, cond: m.cond, args: args}
	was, wasUnit := m.f, m.unit
	if f.arrow {
		for k, s := range bound {
			fr.vars[k] = s
		}
	} else {
		for _, u := range f.uses {
			if s := bound[u.name]; s != nil {
				if !u.ref {
					s = &slot{v: s.v, cond: m.cond}
				}
				fr.vars[u.name] = s
			}
		}
	}
	for i, q := range f.params {
		s := m.given(fr, was, i, q, lent, nodes)
		fr.bind(q.name, s)
		if q.promoted && this != nil {
			this.put(q.name, &slot{v: s.v, cond: m.cond})
		}
	}
	fr.sent, m.sending = m.sending, value{}
	fr.called, m.called = m.called, nil
	m.f, m.unit = fr, f.unit
	given := f.given
	f.given = args
	m.run(m.bodyOf(f))
	f.given = given
	m.f, m.unit = was, wasUnit
	m.facts.veil = veil
	m.calls--
	f.active--
	if fr.yielded {
		return generator(f, this, bound, fr)
	}
	if t&fromRequest != 0 && (fr.ret.k == vUnknown || fr.ret.k == vPart) && fr.ret.t&(hostile|fromFile|fromDB|checked|unsure) == 0 && m.facts.looped > looped {
		fr.ret.t |= keyed // what a loop makes of the request, the request decides
		fr.ret.tr = firstTrace(fr.ret.tr, tr)
	}
	return fr.ret
}

// given is what a function's parameter holds when it is called, by who had was
// for a frame.
func (m *machine) given(fr, was *frame, i int, q param, lent *slot, nodes []*node) *slot {
	s := &slot{cond: m.cond, home: fr}
	switch {
	case q.variadic:
		a := newArray()
		for _, x := range fr.args[min(i, len(fr.args)):] {
			a.push(x)
		}
		s.v = arrOf(a)
	case i < len(fr.args) && !(q.def != nil && i < len(nodes) && nodes[i] == bad):
		if q.ref && i == 0 && lent != nil {
			s = lent
			break
		}
		if q.ref && i < len(nodes) {
			m.f = was
			if r := m.refSlot(nodes[i]); r != nil {
				s = r
				break
			}
		}
		s.v = fr.args[i]
		if a, ok := s.v.ref.(*array); ok {
			a.shared = true
		}
	case q.def != nil:
		m.f = fr
		m.unit = fr.fn.unit
		s.v = m.eval(q.def)
	case m.standalone && len(fr.args) == 0:
		s.v = value{t: fromParam}
	case nodes != nil && len(nodes) == 0 && fr.this == nil && fr.class == nil: // PHP would refuse since 7.1: a part cut out of a tool
		s.v = value{t: fromUndef}
	}
	switch q.typ {
	case "int", "float", "bool":
		if s.v.k == vUnknown || s.v.k == vStr {
			s.v = value{t: s.v.t &^ hostile}
		}
	}
	if m.takes && passwordNames[q.name] && logon(fr.fn.name) {
		s.v.t |= secret
	}
	if m.takes && paying[fr.fn.name] && m.standalone && i == 0 {
		s.v.t |= card
	}
	return s
}

func (m *machine) bodyOf(f *function) []*node {
	if !f.parsed {
		f.parsed = true
		p := &parser{u: f.unit, toks: f.toks, i: int(f.lo), hi: min(int(f.hi), len(f.toks)-1), depth: 1, level: f.level + 1}
		if p.level < maxLevels {
			f.body = p.statements()
		} else {
			f.unit.stock.skipped = true
		}
		m.hoist(f.body)
	}
	return f.body
}

// bodyTraits are the traits of a function's text, and its length.
func bodyTraits(f *function) (trait, int) {
	if f.arrow || int(f.hi) <= int(f.lo) || int(f.hi) > len(f.toks)-1 {
		return hasHot, 0
	}
	from, to := f.toks[f.lo].pos, f.toks[f.hi].pos
	if !f.told {
		f.told = true
		f.traits = traits(f.unit.src[from:max(from, to)])
	}
	return f.traits, int(to) - int(from)
}

// idle says that running f again would tell nothing.
func (m *machine) idle(f *function, t taint) bool {
	have, size := bodyTraits(f)
	hot := hasHot | hasHook
	if m.takes {
		hot |= hasWrite
	}
	foreign := t&(hostile|fromUndef|fromBlob|hidden|decoded|fromOddFile|keyed) != 0
	switch {
	case size < 300:
		return f.runs > 50_000
	case !foreign && have&hot == 0 && (have&hasInclude == 0 || f.runs > 0) && m.facts.searched == 0 && !(f.runs == 0 && m.trades(f)): // what search engines get may come from a file
		return t&fromList == 0 || have&hasWrite == 0 || f.runs > 3
	case !foreign:
		return f.runs >= 4 && size > 1500 || f.runs > 5_000
	case size > 1500:
		return f.runs >= 25
	}
	return f.runs > 20_000
}
