package script

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// find returns the function of that name: of the class when one is given, else
// of any. args -1 means any number.
func (m *Machine) find(low string, class *Node, args int) *fun {
	if s := m.symbols[low]; s != nil {
		return best(s.funcs, class, args)
	}
	return nil
}

// maxSame is how many functions of one name are asked for the best.
const maxSame = 200

// best is find among the functions of one name.
func best(funcs []*fun, class *Node, args int) *fun {
	var best *fun
	for _, f := range funcs[:min(len(funcs), maxSame)] {
		if class != nil && f.class != class {
			continue
		}
		if len(f.n.Kids) == 0 {
			continue
		}
		if best == nil || len(f.n.Kids)-1 == args && len(best.n.Kids)-1 != args {
			best = f
		}
	}
	return best
}

// byDefault returns the method that a call of an object means: of VBScript's
// classes the one marked Default, or the only one.
func (m *Machine) byDefault(class *Node) *fun {
	var only *fun
	n := 0
	for _, f := range m.order {
		if f.class != class || f.n.Low == "class_initialize" || f.n.Low == "class_terminate" {
			continue
		}
		if slices.Contains(f.n.Attr, "default") {
			return f
		}
		n++
		only = f
	}
	if n != 1 {
		return nil
	}
	return only
}

func (m *Machine) evalCall(n *Node) Value {
	callee := n.Kids[0]
	kids := n.Kids[1:]
	switch callee.Kind {
	case KName:
		if c := m.lookup(callee); c != nil {
			if c.v.K == VFunc {
				return m.callFunc(c.v, m.evalArgs(kids))
			}
			if m.cur.fn == nil || m.cur.fn.n.Name != callee.Name { // not the function's own result
				if c.v.K == VType && m.cur.d != JScript && len(c.v.S) > len(lastName(c.v.S)) { // Func<…> f = Assembly.Load
					return m.callType(n, c.v, m.evalArgs(kids))
				}
				if f := m.find(c.v.S, nil, len(kids)); c.v.K == VType && f != nil { // GetRef("F")
					return m.invoke(f, nil, m.evalArgs(kids), nil)
				}
				if o := c.v.O; o != nil && o.Class != nil { // the class's default member
					if f := m.byDefault(o.Class); f != nil {
						return m.invoke(f, o, m.evalArgs(kids), nil)
					}
				}
				if c.v.K == VType { // var f = eval; f(x)
					return m.callType(n, c.v, m.evalArgs(kids))
				}
				args := m.evalArgs(kids)
				if v, ok := m.callAny(c.v, args); ok {
					return v
				}
				return m.index(n, c.v, args)
			}
		}
		if f := best(m.symbol(callee).low.funcs, nil, len(kids)); f != nil {
			self := m.cur.self
			if f.class == nil || self == nil || self.Class != f.class {
				self = nil
				if f.class != nil {
					self = m.instance(f.class)
				}
			}
			args := m.evalArgs(kids)
			if isImport(f.n) {
				return m.callName(n, Value{K: VNone}, callee.Low, args)
			}
			var up *frame
			if f.local {
				up = m.cur
			}
			return m.invokeIn(f, self, up, args, m.references(f, kids))
		}
		if o := m.cur.self; o != nil {
			if v, ok := o.Fields[callee.Name]; ok {
				args := m.evalArgs(kids)
				if v.K == VFunc {
					return m.callFunc(v, args)
				}
				return m.index(n, v, args)
			}
		}
		args := m.evalArgs(kids)
		if recv, ok := m.within(); ok { // with (o) f(x)
			for _, of := range [...]Value{{K: VNone}, recv} {
				if v, ok := m.Host.Call(m, n, of, callee.Low, args); ok {
					return v
				}
			}
		}
		return m.callName(n, Value{K: VNone}, callee.Low, args)
	case KMember:
		recv := m.eval(callee.Kids[0])
		args := m.evalArgs(kids)
		return m.callMember(n, recv, callee, args)
	case KLambda:
		return m.callFunc(m.eval(callee), m.evalArgs(kids))
	case KIndex:
		recv := m.eval(callee.Kids[0])
		keys := m.evalArgs(callee.Kids[1:])
		if k := m.keyed(callee, recv, keys); k != nil && recv.K == VObject { // o["f"](x)
			return m.callMember(n, recv, k, m.evalArgs(kids))
		}
		v := m.index(callee, recv, keys)
		args := m.evalArgs(kids)
		if r, ok := m.callAny(v, args); ok {
			return r
		}
		return m.callValue(n, v, args)
	}
	return m.callValue(n, m.eval(callee), m.evalArgs(kids))
}

// callAny calls every function of a table: which one is meant is not known, as
// in table[Request["a"]](Request["b"]).
func (m *Machine) callAny(table Value, args []Value) (Value, bool) {
	if !table.hasFunctions() {
		return Value{}, false
	}
	var out []Value
	m.left -= len(table.O.Fields)
	for _, name := range slices.Sorted(maps.Keys(table.O.Fields)) {
		if f := table.O.Fields[name]; f.K == VFunc && len(out) < 64 {
			m.weak++
			out = append(out, m.callFunc(f, args))
			m.weak--
		}
	}
	return Union(out...), true
}

// hasFunctions reports whether v is a table of functions.
func (v Value) hasFunctions() bool {
	return v.K == VObject && v.O != nil && v.O.Class == nil && v.O.funcs
}

func (m *Machine) callValue(n *Node, v Value, args []Value) Value {
	switch v.K {
	case VFunc:
		return m.callFunc(v, args)
	case VType: // this["eval"](x), GetRef("Execute")(x), ((Func<…>)Assembly.Load)(x)
		return m.callType(n, v, args)
	}
	return m.index(n, v, args)
}

// callType calls what a name means that nobody declared: a function, or
// Class.Method.
func (m *Machine) callType(n *Node, v Value, args []Value) Value {
	last := lastName(v.S)
	if len(v.S) > len(last) {
		class := Value{K: VType, S: v.S[:len(v.S)-len(last)-1]}
		if m.cur.d != JScript {
			return m.callName(n, class, last, args)
		}
		if v, ok := m.Host.Call(m, n, class, last, args); ok {
			return v
		}
	}
	return m.callName(n, Value{K: VNone}, last, args)
}

func lastName(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return s[i+1:]
		}
	}
	return s
}

func isImport(f *Node) bool {
	for _, a := range f.Attr {
		if a == "dllimport" {
			return true
		}
	}
	return false
}

// callMember calls recv.name(args).
func (m *Machine) callMember(n *Node, recv Value, callee *Node, args []Value) Value {
	name := callee.Low
	class := (*Node)(nil)
	var self *Object
	switch {
	case recv.O != nil && recv.O.Class != nil:
		class, self = recv.O.Class, recv.O
	case recv.K == VType:
		if class = m.classes[lastName(recv.S)]; class != nil {
			self = m.instance(class)
		} else if recv.S == "this" || recv.S == "me" || recv.S == "base" || recv.S == "page" || recv.S == "mybase" {
			if f := m.find(name, nil, len(args)); f != nil {
				return m.invoke(f, m.cur.self, args, nil)
			}
		}
	}
	if class != nil {
		if f := m.find(name, class, len(args)); f != nil {
			if isImport(f.n) {
				return m.callName(n, recv, name, args)
			}
			return m.invoke(f, self, args, m.references(f, n.Kids[1:]))
		}
		if v, ok := self.Fields[callee.Name]; ok {
			if v.K == VFunc {
				return m.callOn(v, recv, args)
			}
			return m.index(n, v, args)
		}
	}
	if recv.K == VObject && recv.O.Fields != nil {
		if v, ok := recv.O.Fields[name]; ok {
			if v.K == VFunc {
				return m.callOn(v, recv, args)
			}
			if v.K == VType { // o = {f: eval}; o.f(x)
				return m.callName(n, Value{K: VNone}, lastName(v.S), args)
			}
			if m.cur.d.VB() && len(args) > 0 {
				return m.index(n, v, args)
			}
		}
	}
	if name == "invoke" || name == "dynamicinvoke" {
		if v, ok := m.callAny(recv, args); ok {
			return v
		}
		if recv.K == VType && m.cur.d != JScript && len(recv.S) > len(lastName(recv.S)) {
			return m.callType(n, recv, args)
		}
	}
	if recv.K == VFunc && (name == "call" || name == "apply" || name == "invoke" || name == "dynamicinvoke" || name == "begininvoke" || name == "start") {
		var this Value
		if m.cur.d == JScript && len(args) > 0 && (name == "call" || name == "apply") {
			this, args = args[0], args[1:]
			if name == "apply" && len(args) > 0 && args[0].K == VArray {
				args = args[0].O.Elems
			}
		}
		return m.callOn(recv, this, args)
	}
	if m.cur.d == JScript {
		if f, ok := m.inherited(recv, name); ok {
			return m.callOn(f, recv, args)
		}
		switch {
		case (name == "call" || name == "apply") && recv.K == VType && len(args) > 1:
			rest := args[1:]
			if name == "apply" && rest[0].K == VArray && len(rest[0].O.Elems) > 0 {
				rest = rest[0].O.Elems
			}
			return m.callName(n, Value{K: VNone}, lastName(recv.S), rest)
		case name == "constructor" && len(args) > 0: // f.constructor is Function
			return m.callName(n, Value{K: VNone}, "function", args)
		}
	}
	return m.callName(n, recv, name, args)
}

// callName calls what the code does not declare.
func (m *Machine) callName(n *Node, recv Value, name string, args []Value) Value {
	if v, ok := m.Host.Call(m, n, recv, name, args); ok {
		return v
	}
	if recv.K == VNone || recv.K == VType {
		if class := lastName(recv.S); name == "create" && (class == "tuple" || class == "valuetuple") {
			return Value{K: VArray, O: &Object{Elems: args}}
		}
		if v, ok := m.builtin(n, name, args); ok {
			return v
		}
	}
	if recv.K == VNone {
		for _, class := range m.imports {
			if v, ok := m.Host.Call(m, n, Value{K: VType, S: class}, name, args); ok {
				return v
			}
		}
	}
	if v, ok := m.method(n, recv, name, args); ok {
		return v
	}
	switch name { // buffers filled from others
	case "copy", "blockcopy", "constrainedcopy":
		if len(args) >= 2 && len(n.Kids) > 3 {
			to := 1
			if len(args) == 5 {
				to = 2
			}
			if args[0].T != nil && to+1 < len(n.Kids) {
				m.fill(n.Kids[to+1], args[0])
			}
		}
	case "copyto", "copytoasync", "read", "readasync", "writeto":
		if len(args) == 4 && len(n.Kids) > 2 && recv.K != VObject { // text.CopyTo(from, letters, to, count)
			m.fill(n.Kids[2], recv)
		} else if (recv.T != nil || recv.L&Opaque != 0) && len(n.Kids) > 1 && len(args) > 0 {
			if args[0].K == VObject {
				args[0].O.Any = Union(args[0].O.Any, recv)
			} else {
				m.fill(n.Kids[1], recv)
			}
		}
	case "trygetvalue":
		if u := Union(recv, recv.O.AnyValue()); u.T != nil || recv.hasFunctions() {
			last := n.Kids[len(n.Kids)-1]
			if last.Kind == KDecl {
				last = &Node{Kind: KName, Name: last.Name, Low: lowerASCII(last.Name), Pos: last.Pos, Unit: last.Unit}
			}
			if recv.hasFunctions() {
				m.assign(last, recv)
			} else {
				m.fill(last, u)
			}
		}
	}
	if recv.K == VObject && asks[name] && recv.T == nil { // what a table holds is not of who looks it up
		return Value{}
	}
	if (recv.K == VObject || recv.K == VArray) && name == "item" && len(args) == 1 && recv.T == nil {
		return m.index(n, recv, args)
	}
	// A function passed to unknown code is run with what went along.
	out := Union(append([]Value{recv}, args...)...)
	for _, a := range args {
		if a.K == VFunc && a.O.Fn != nil {
			m.weak++
			r := m.callFunc(a, []Value{out, out})
			m.weak--
			if r.T != nil {
				if out.T == nil {
					out.L &^= Numeric // a count of rounds says nothing of what they give
				}
				out = Union(out, r)
			}
		}
	}
	if recv.K == VObject && recv.O != nil { // data handed to an object may stay there
		if u := Union(args...); u.T != nil || u.L&Opaque != 0 {
			recv.O.Any = Union(recv.O.Any, u)
			if under := recv.O.Fields["<base>"]; under.O != nil { // or in the stream below it
				under.O.Any = Union(under.O.Any, u)
			}
		}
		out = Union(out, recv.O.Any)
	}
	if out.T != nil {
		out = m.Step(out, n)
	}
	return out
}

// asks are methods by which a table is asked for a key.
var asks = map[string]bool{"exists": true, "haskey": true}

// references are the caller's variables behind by-reference arguments.
func (m *Machine) references(f *fun, kids []*Node) []*cell {
	var out []*cell
	for i, k := range kids {
		if i >= len(f.n.Kids)-1 {
			break
		}
		if p := f.n.Kids[i]; (f.d == VBScript && p.Flag&1 == 0 || p.Flag&reference != 0) && (k.Kind == KName || k.Kind == KDecl) {
			if out == nil {
				out = make([]*cell, len(kids))
			}
			if out[i] = m.lookup(k); out[i] == nil && f.d == VBScript && m.cur.self == nil && !m.fixed(k) && len(m.symbol(k).low.funcs) == 0 { // made by being named
				out[i] = &cell{v: Value{K: VType, S: k.Low}}
				in := m.globals
				if m.cur.fn != nil {
					in = m.cur
				}
				m.bind(in, m.symbol(k), out[i])
			}
		}
	}
	return out
}

// handler follows a function that someone else will call.
func (m *Machine) handler(f Value) Value {
	if f.O == nil || f.O.Fn == nil || f.O.Fn.Kind != KLambda {
		return Value{} // a declared function is run by itself
	}
	m.weak++
	defer func() { m.weak-- }()
	return m.callFunc(f, nil)
}

func (m *Machine) callFunc(v Value, args []Value) Value { return m.callOn(v, Value{}, args) }

// callOn calls a function, of JScript as a method of this.
func (m *Machine) callOn(v, this Value, args []Value) Value {
	if v.O == nil || v.O.Fn == nil {
		return Union(args...)
	}
	f := &fun{n: v.O.Fn, d: m.cur.d}
	for _, g := range m.symbol(v.O.Fn).low.funcs {
		if g.n == v.O.Fn {
			f = g
		}
	}
	if f.d == JScript && (this.K == VObject || this.T != nil || this.Known() && this.K != VNull) {
		m.this = &this
	}
	return m.invokeIn(f, v.O.self, v.O.frame, args, nil)
}

func (m *Machine) invoke(f *fun, self *Object, args []Value, refs []*cell) Value {
	return m.invokeIn(f, self, nil, args, refs)
}

// maxCalls is how deep calls are followed; what is called deeper is run
// afterwards.
const maxCalls = 250

func (m *Machine) invokeIn(f *fun, self *Object, up *frame, args []Value, refs []*cell) Value {
	this := m.this
	m.this = nil
	if f.busy > 1 && (f.busy > 60 || !allKnown(args)) || m.calls > maxCalls && f.n.seen || m.left <= 0 || f.busy > 2 && m.weak > 0 {
		return Union(args...)
	}
	if m.brief && allKnown(args) {
		if f.briefly > 1 {
			return Union(args...)
		}
		f.briefly++
	}
	var past *memo
	if m.weak > 0 || !allKnown(args) {
		kind := args
		if this != nil {
			kind = append(slices.Clone(args), Union(*this, this.O.AnyValue()))
		}
		if past = f.past(kind); past.times >= 2 {
			m.marks += past.marks
			return past.ret
		}
		past.times++
	}
	marks := m.marks
	n := f.n
	n.seen = true
	fr := &frame{vars: make(map[*symbol]*cell, 8), up: up, self: self, fn: f, d: f.d, weak: m.weak}
	last := len(n.Kids) - 1
	if last > 0 && last <= len(args) && n.Kids[last-1].Flag&2 != 0 && !(last == len(args) && (args[last-1].K == VArray || args[last-1].K == VBytes)) {
		rest := Value{K: VArray, O: &Object{Elems: slices.Clone(args[last-1:])}}
		args = append(slices.Clone(args[:last-1]), rest)
	}
	for i, p := range n.Kids[:last] {
		c := &cell{typ: p.Low}
		if i < len(args) {
			c.v = typed(m.Step(args[i], p), p.Low)
			if refs != nil && i < len(refs) && refs[i] != nil {
				c = refs[i]
			}
		} else {
			if m.weak == 0 {
				c.v.K = VNull
			}
			c.v = typed(c.v, p.Low)
		}
		m.bind(fr, m.symbol(p), c)
	}
	if this != nil {
		m.bind(fr, m.named("this"), &cell{v: *this})
	}
	if f.d == JScript && len(args) > 0 {
		m.bind(fr, m.named("arguments"), &cell{v: Value{K: VArray, O: &Object{Elems: slices.Clone(args)}}})
	}
	if f.d.VB() {
		c := &cell{}
		if f.d == VBScript {
			c.v.K = VNull // empty at first: f = f & "x" adds to nothing
		}
		m.bind(fr, m.symbol(n), c)
	}
	old := m.cur
	m.cur = fr
	if m.calls > maxCalls {
		m.later(n.Kids[last])
		m.cur = old
		return Union(args...)
	}
	f.busy++
	m.calls++
	m.execBlock(n.Kids[last], 0)
	m.cur = old
	f.busy--
	m.calls--
	ret := fr.ret
	if f.d.VB() {
		if c := m.own(fr, m.symbol(n)); c != nil && (c.v.T != nil || c.v.K != VUnknown && (c.v.K != VNull || f.d == VBNet)) {
			ret = join(fr.ret, c.v)
		}
	}
	if past != nil {
		past.ret, past.marks = ret, min(m.marks-marks, 1)
	}
	return ret
}

// A memo is what a function gave for arguments of one kind. Calls that are not
// computed but only followed need not be followed again and again.
type memo struct {
	times int
	ret   Value
	marks int // 1 if the host marked a condition
}

func (f *fun) past(args []Value) *memo {
	h := uint64(14695981039346656037) // FNV-1a
	mix := func(v uint64) { h = (h ^ v) * 1099511628211 }
	for i := range args {
		a := &args[i]
		mix(uint64(a.K))
		mix(uint64(a.L))
		mix(math.Float64bits(a.N))
		mix(uint64(len(a.S)))
		for i := 0; i < len(a.S) && i < 64; i++ {
			mix(uint64(a.S[i]))
		}
	}
	if f.memos == nil {
		f.memos = map[uint64]*memo{}
	}
	p := f.memos[h]
	if p == nil {
		p = &memo{}
		if len(f.memos) < 500 {
			f.memos[h] = p
		}
	}
	return p
}

func allKnown(args []Value) bool {
	for _, a := range args {
		if !a.Known() {
			return false
		}
	}
	return len(args) > 0
}

// NewFunction makes what JScript's new Function("x", "return eval(x)") does, of
// constants alone.
func (m *Machine) NewFunction(args []Value) (Value, bool) {
	var parts []string
	for _, a := range args {
		s, ok := a.Text()
		if !ok {
			return Value{}, false
		}
		parts = append(parts, s)
	}
	last := len(parts) - 1
	if last < 0 || last == 0 && !strings.Contains(parts[0], "arguments") {
		return Value{}, false
	}
	f, _ := m.RunText("(function("+strings.Join(parts[:last], ",")+"){"+parts[last]+"})", JScript)
	return f, f.K == VFunc
}

// setPair sets the member of an object that its initializer names: A = 1, or
// A = { B = 1 }, which sets members of the object that A holds.
func (m *Machine) setPair(k *Node, o Value) {
	if inner := k.Kids[0]; inner.Kind == KObject && m.cur.d == CSharp {
		if held, ok := m.Host.Member(m, k, o); ok && held.O != nil {
			for _, k := range inner.Kids {
				if k.Kind == KPair {
					m.setPair(k, held)
				}
			}
			return
		}
	}
	m.setMember(k, o, k.Low, k.Name, m.eval(k.Kids[0]))
}

// put is an entry of a table's initializer: { "key", value }.
func (m *Machine) put(o *Object, key, v Value) {
	s, ok := key.Text()
	if !ok {
		s = strconv.Itoa(len(o.Fields))
	}
	o.set("#"+lowerASCII(s), v)
	o.Any = Union(o.Any, v)
}

func (m *Machine) evalNew(n *Node) Value {
	args := m.evalArgs(n.Kids[1:])
	var out Value
	if m.cur.d == JScript { // F = Function; new F(x)
		if c := m.lookup(n); c != nil && c.v.K == VType {
			if v, ok := m.Host.New(m, n, lastName(c.v.S), args); ok {
				return v
			}
		}
	}
	if c := m.classes[n.Low]; c != nil && n.Low != "" {
		o := &Object{Class: c, Fields: map[string]Value{}}
		m.made += 64
		m.initialize(o)
		out = Value{K: VObject, S: n.Low, O: o}
		ctor := m.find(n.Low, c, len(args))
		if ctor == nil {
			ctor = m.find("new", c, len(args))
		}
		if ctor == nil {
			ctor = m.find("class_initialize", c, 0)
		}
		if ctor != nil {
			m.invoke(ctor, o, args, nil)
		}
		m.Host.New(m, n, "<"+c.Low, args)
	} else if f := m.find(n.Low, nil, len(args)); f != nil && m.cur.d == JScript {
		o := &Object{Class: f.n, Fields: map[string]Value{}}
		m.invoke(f, o, args, nil)
		out = Value{K: VObject, S: n.Low, O: o}
	} else if v, ok := m.Host.New(m, n, n.Low, args); ok {
		out = v
	} else if v, ok := m.newBuiltin(n, args); ok {
		out = v
	} else {
		u := Union(args...)
		for _, a := range args { // new Thread(delegate { … }), new Lazy<string>(() => …)
			if a.K == VFunc {
				u = Union(u, m.handler(a))
			}
		}
		out = Value{K: VObject, S: n.Low, L: u.L, T: u.T, O: &Object{}}
		if len(args) > 0 && (strings.HasSuffix(n.Low, "exception") || n.Low == "error") {
			out.O.set("message", args[0])
		}
		if len(args) == 1 && args[0].K == VFunc && u.T == nil && m.cur.d != JScript { // new Action<string>(f), new Thread(f)
			out = args[0]
		}
		if len(args) == 1 && args[0].K == VType && m.cur.d != JScript && len(args[0].S) > len(lastName(args[0].S)) { // new Func<…>(Assembly.Load)
			out = args[0]
		}
	}
	if init := n.Kids[0]; init != nil {
		for _, k := range init.Kids {
			if k.Kind == KPair {
				m.setPair(k, out)
			} else if k.Kind == KObject && len(k.Kids) == 2 && out.O != nil && k.Kids[1].Kind != KPair {
				m.put(out.O, m.eval(k.Kids[0]), m.eval(k.Kids[1]))
			} else {
				v := m.eval(k)
				if out.O != nil {
					out.O.Elems = append(out.O.Elems, v)
					out.O.Any = Union(out.O.Any, v)
				}
			}
		}
		if out.O != nil && len(out.O.Elems) > 0 && out.K == VObject && out.O.Class == nil {
			out.K = VArray
			if n.Low == "byte" || n.Low == "char" {
				if b, ok := m.bytesOf(out); ok {
					return Value{K: VBytes, O: &Object{Buf: b}}
				}
			}
		}
	}
	return out
}
