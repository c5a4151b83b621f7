package script

import (
	"math"
	"unicode/utf8"
)

func (m *Machine) eval(n *Node) Value {
	var v Value
	m.evalTo(&v, n)
	return v
}

// evalTo is eval for loops that decode letter by letter: a Value is large, and
// what is returned is copied at every level.
func (m *Machine) evalTo(out *Value, n *Node) {
	if n == nil {
		*out = Value{}
		return
	}
	m.left--
	if m.left <= 0 {
		*out = Value{}
		return
	}
	switch n.Kind {
	case KStr:
		*out = Value{K: VString, S: n.Name, N: n.Num}
		return
	case KNum:
		*out = Value{K: VNumber, N: n.Num}
		return
	case KName:
		if c := m.lookup(n); c != nil {
			if c.marked {
				m.marks++
			}
			*out = c.v
			return
		}
	}
	if m.nest > 2*maxNest {
		m.later(n)
		*out = Value{}
		return
	}
	m.nest++
	switch n.Kind {
	case KCall:
		if q := m.quick(n); q != notQuick {
			m.evalQuick(out, n, q)
		} else {
			*out = m.evalCall(n)
		}
	case KCat:
		m.evalCat(out, n)
	case KBin:
		m.evalBin(out, n)
	case KAssign:
		m.evalAssign(out, n)
	default:
		*out = m.evalNode(n)
	}
	m.nest--
}

func (m *Machine) evalNode(n *Node) Value {
	switch n.Kind {
	case KBool:
		return Bool(n.Num != 0)
	case KNull:
		return Value{K: VNull}
	case KBytes:
		return Value{K: VBytes, O: &Object{Buf: []byte(n.Name)}}
	case KName:
		return m.evalName(n)
	case KMember:
		return m.evalMember(n)
	case KIndex:
		return m.evalIndex(n)
	case KBlock:
		m.execBlock(n, 0)
	case KMany:
		var vs []Value
		for _, k := range n.Kids {
			v := m.eval(k)
			if v.K == VFunc && n.Op == 0 { // code out of its place: who calls it is not known
				m.handler(v)
			}
			if len(vs) < 64 {
				vs = append(vs, v)
			} else if v.T != nil {
				vs[63] = Union(vs[63], v)
			}
		}
		if n.Op == ',' && m.cur.d == CSharp { // a tuple
			return Value{K: VArray, O: &Object{Elems: vs}}
		}
		if n.Op == ',' {
			return vs[len(vs)-1]
		}
		return Union(vs...)
	case KUn:
		return m.evalUn(n)
	case KCond:
		c := m.eval(n.Kids[0])
		if t, ok := c.Truth(); ok && c.T == nil && c.K != VObject {
			if t {
				return m.eval(n.Kids[1])
			}
			return m.eval(n.Kids[2])
		}
		a, b := m.eval(n.Kids[1]), m.eval(n.Kids[2])
		if a.T == nil && b.T == nil {
			if a.K == VNull {
				return b
			}
			return a
		}
		return join(a, b)
	case KNew:
		return m.evalNew(n)
	case KArray:
		return m.evalArray(n)
	case KObject:
		o := &Object{Fields: map[string]Value{}}
		for _, k := range n.Kids {
			if k.Kind == KPair {
				v := m.eval(k.Kids[0])
				o.set(k.Low, v)
				o.Any = Union(o.Any, v)
			} else {
				v := m.eval(k)
				o.Any = Union(o.Any, v)
			}
		}
		return Value{K: VObject, S: "object", O: o, L: o.Any.L, T: o.Any.T}
	case KCast:
		v := m.eval(n.Kids[0])
		return m.cast(n, v)
	case KLambda, KFunc:
		return Value{K: VFunc, O: &Object{Fn: n, frame: m.cur, self: m.cur.self}}
	case KDelegate:
		if k := n.Kids[0]; k.Kind == KName || k.Kind == KMember { // not its result
			if f := m.find(k.Low, nil, 1); f != nil {
				return Value{K: VFunc, O: &Object{Fn: f.n, self: m.cur.self}}
			}
		}
		return m.eval(n.Kids[0])
	case KDecl:
		m.exec(n)
		if c := m.lookup(n); c != nil {
			return c.v
		}
	case KBad:
		if m.cur.with.K != VUnknown && n.Op == 0 {
			return m.cur.with
		}
	}
	return Value{}
}

func (m *Machine) cast(n *Node, v Value) Value {
	switch n.Low {
	case "char":
		if f, ok := v.Number(); ok && (v.K == VNumber || v.K == VBool) {
			return Value{K: VString, S: string(appendChar(nil, rune(f))), N: letter, L: v.L, T: v.T}
		}
		v.L &^= Numeric
		return v
	case "byte":
		if f, ok := m.code(v); ok {
			return Value{K: VNumber, N: float64(byte(int64(f))), L: v.L, T: v.T}
		}
		v.L &^= Numeric // bytes are made into text again
		return v
	case "int", "uint", "short", "long", "ushort", "integer", "int32":
		if f, ok := m.code(v); ok {
			return Value{K: VNumber, N: math.Trunc(f), L: v.L, T: v.T}
		}
		return v
	}
	if v.K == VUnknown && n.Low != "" && n.Low != "string" && n.Low != "string[]" && n.Low != "byte[]" {
		return typed(v, n.Low)
	}
	return v
}

// code is the number of a number or of a single letter.
func (m *Machine) code(v Value) (float64, bool) {
	if v.K == VNumber {
		return v.N, true
	}
	if v.K == VString && len(v.S) <= utf8.UTFMax {
		if r := letters(v.S); r.len() == 1 {
			return float64(r.code(0)), true
		}
	}
	return v.Number()
}

func (m *Machine) evalName(n *Node) Value {
	if o := m.cur.self; o != nil {
		if v, ok := o.Fields[n.Name]; ok {
			return v
		}
		if n.Low == "this" || n.Low == "me" {
			return Value{K: VObject, S: lowerASCII(o.Class.Name), O: o}
		}
	}
	if f := best(m.symbol(n).low.funcs, nil, 0); f != nil {
		if f.n.Op == 'g' || f.d.VB() && m.cur.d.VB() && (m.cur.fn == nil || m.cur.fn.n.Low != n.Low) {
			return m.invoke(f, m.cur.self, nil, nil)
		}
		return Value{K: VFunc, O: &Object{Fn: f.n, self: m.cur.self}}
	}
	if v, ok := m.Host.Name(m, n); ok {
		return v
	}
	if recv, ok := m.within(); ok {
		if v, ok := m.Host.Member(m, n, recv); ok && (v.K != VUnknown || v.T != nil) {
			return v
		}
		if v, ok := recv.O.Fields[n.Low]; ok {
			return v
		}
	}
	if v, ok := constant(n.Low); ok {
		return v
	}
	if m.cur.d.VB() {
		if v, ok := m.builtin(n, n.Low, nil); ok {
			return v
		}
	}
	for _, class := range m.imports {
		if v, ok := m.Host.Member(m, n, Value{K: VType, S: class}); ok {
			return v
		}
	}
	if len(n.Low) > maxClass {
		return Value{}
	}
	return Value{K: VType, S: n.Low}
}

// within is the object of JScript's with, whose members names mean.
func (m *Machine) within() (Value, bool) {
	v := m.cur.with
	return v, m.cur.d == JScript && v.K == VObject && v.O.Class == nil
}

func (m *Machine) evalMember(n *Node) Value {
	recv := m.eval(n.Kids[0])
	if recv.O != nil && recv.O.Class != nil {
		if v, ok := recv.O.Fields[n.Name]; ok {
			return v
		}
		if f := m.find(n.Low, recv.O.Class, 0); f != nil {
			if f.n.Op == 'g' || m.cur.d.VB() {
				return m.invoke(f, recv.O, nil, nil)
			}
			return Value{K: VFunc, O: &Object{Fn: f.n, self: recv.O}}
		}
	}
	if n.Low == "prototype" && m.cur.d == JScript {
		if o := m.prototype(recv, nil); o != nil {
			return Value{K: VObject, S: "object", O: o}
		}
	}
	if n.Low == "constructor" && m.cur.d == JScript {
		return Value{K: VType, S: "function"}
	}
	if v, ok := m.Host.Member(m, n, recv); ok {
		return v
	}
	if recv.K == VType && (recv.S == "this" || recv.S == "me") {
		if f := m.find(n.Low, nil, 0); f != nil && f.n.Op == 'g' {
			return m.invoke(f, m.cur.self, nil, nil)
		}
	}
	return m.property(n, recv, n.Low)
}

// prototype is that of a function, or of a class of the language, which then is
// made or, unless it is nil, the given one.
func (m *Machine) prototype(of Value, as *Object) *Object {
	var key any
	switch {
	case of.K == VFunc && of.O != nil && of.O.Fn != nil:
		key = of.O.Fn
	case of.K == VType:
		key = ""
	default:
		return nil
	}
	if o := m.kinds[key]; as == nil && o != nil {
		return o
	}
	if m.kinds == nil {
		m.kinds = map[any]*Object{}
	}
	if as == nil {
		as = &Object{}
	}
	m.kinds[key] = as
	return as
}

// inherited is a method that an object of JScript has from its prototype, or what is
// no object from that of its class.
func (m *Machine) inherited(of Value, low string) (Value, bool) {
	if m.kinds == nil {
		return Value{}, false
	}
	var key any = ""
	switch {
	case of.K == VType || of.K == VObject && of.O.Class == nil:
		return Value{}, false
	case of.K == VObject:
		key = of.O.Class
	}
	f := m.kinds[key].Field(low)
	return f, f.K == VFunc
}

// maxClass bounds the name of a class with its namespace, in bytes: it is read
// and copied for each of its members.
const maxClass = 256

// property reads what no host knows.
func (m *Machine) property(n *Node, recv Value, name string) Value {
	if recv.O != nil && recv.O.Fields != nil && recv.K == VObject {
		if v, ok := recv.O.Fields[name]; ok {
			return v
		}
	}
	switch recv.K {
	case VType:
		if c := m.classes[recv.S]; c != nil {
			o := m.instance(c)
			if v, ok := o.Fields[n.Name]; ok {
				return v
			}
			if f := m.find(name, c, 0); f != nil {
				if f.n.Op == 'g' {
					return m.invoke(f, o, nil, nil)
				}
				return Value{K: VFunc, O: &Object{Fn: f.n, self: o}}
			}
		}
		if v, ok := constant(lastName(recv.S) + "." + name); ok {
			return v
		}
		if v, ok := constant(name); ok {
			return v
		}
		if len(recv.S)+len(name) > maxClass {
			return recv
		}
		return Value{K: VType, S: recv.S + "." + name}
	case VString, VBytes, VArray, VNumber, VUnknown:
		if v, ok := m.method(n, recv, name, nil); ok {
			return v
		}
	}
	if (name == "items" || name == "values") && recv.K == VObject {
		return Union(recv, recv.O.Any)
	}
	if name == "length" || name == "count" || name == "size" {
		return Value{L: Union(recv).L & Numeric}
	}
	if i := len(name) - 1; recv.K == VArray && i == len("item") && name[:i] == "item" && int(name[i]-'1') < len(recv.O.Elems) { // of a tuple
		return recv.O.Elems[name[i]-'1']
	}
	return Union(recv)
}

func (m *Machine) evalCat(out *Value, n *Node) {
	var buf [4]Value
	vs := buf[:min(len(n.Kids), len(buf))]
	if len(n.Kids) > len(buf) {
		vs = make([]Value, len(n.Kids))
	}
	for i, k := range n.Kids {
		m.evalTo(&vs[i], k)
	}
	if n.Op == '&' || len(vs) == 2 && vs[0].K == VString && vs[1].K == VString {
		*out = m.Concat(vs...)
		return
	}
	*out = vs[0]
	for i, v := range vs[1:] {
		if out.K != VNumber && i > 0 && out.K != VBool {
			*out = m.Concat(append([]Value{*out}, vs[i+1:]...)...)
			return
		}
		*out = m.plus(*out, v)
	}
}

func (m *Machine) plus(a, b Value) Value {
	num := func(v Value) bool { return v.K == VNumber || v.K == VBool || v.K == VNull && m.cur.d.VB() }
	if num(a) && num(b) {
		return Value{K: VNumber, N: a.N + b.N, L: a.L | b.L, T: a.T}
	}
	if m.cur.d == CSharp && (a.isLetter() && (num(b) || b.isLetter()) || num(a) && b.isLetter()) {
		x, _ := m.code(a)
		y, _ := m.code(b)
		return Value{K: VNumber, N: x + y, L: a.L | b.L, T: a.T}
	}
	if (a.K == VFunc || b.K == VFunc) && a.T == nil && b.T == nil { // handlers += f
		return a
	}
	return m.Concat(a, b)
}

func (m *Machine) evalUn(n *Node) Value {
	v := m.eval(n.Kids[0])
	switch n.Op {
	case '-':
		if v.K == VString && v.S == "" && m.cur.d == JScript {
			return Num(0)
		}
		if f, ok := v.Number(); ok {
			return Num(-f)
		}
	case '+':
		if f, ok := v.Number(); ok {
			return Num(f)
		}
	case '~':
		if f, ok := v.Number(); ok {
			return Num(float64(^int64(f)))
		}
	case opNot:
		if t, ok := v.Truth(); ok && v.K != VObject && v.K != VFunc {
			return Bool(!t)
		}
		return Value{}
	case opTypeof:
		return Value{}
	}
	v = Union(v)
	v.L |= Numeric
	return v
}

func (m *Machine) evalBin(out *Value, n *Node) {
	var a, b Value
	m.evalTo(&a, n.Kids[0])
	m.evalTo(&b, n.Kids[1])
	switch n.Op {
	case opEQ, opNE, '<', '>', opLE, opGE, opLike, opIs:
		if a.T != nil || b.T != nil {
			m.Host.Compare(m, n, a, b)
			*out = Value{}
			return
		}
		*out = compare(n.Op, &a, &b)
	default:
		*out = m.operate(n.Op, &a, &b)
	}
}

// operate joins two values by an operator other than a comparison.
func (m *Machine) operate(op uint8, a, b *Value) Value {
	switch op {
	case opAnd, opOr:
		x, ok1 := a.Truth()
		y, ok2 := b.Truth()
		if ok1 && ok2 && a.T == nil && b.T == nil {
			if f, isNum := a.Number(); isNum && a.K == VNumber && b.K == VNumber { // bitwise in Visual Basic
				g, _ := b.Number()
				if op == opAnd {
					return Num(float64(int64(f) & int64(g)))
				}
				return Num(float64(int64(f) | int64(g)))
			}
			if op == opAnd {
				return Bool(x && y)
			}
			return Bool(x || y)
		}
		if op == opOr && m.cur.d == JScript && (a.T != nil || b.T != nil) {
			return join(*a, *b)
		}
		return Value{}
	case opNullish:
		if a.K == VNull {
			return *b
		}
		return join(*b, *a)
	}
	x, ok1 := m.code(*a)
	y, ok2 := m.code(*b)
	if ok1 && ok2 {
		var f float64
		switch op {
		case '-':
			f = x - y
		case '*':
			f = x * y
		case '/':
			if y == 0 {
				return Value{}
			}
			f = x / y
			if m.cur.d == CSharp && x == math.Trunc(x) && y == math.Trunc(y) {
				f = math.Trunc(f)
			}
		case '\\':
			if y == 0 {
				return Value{}
			}
			f = math.Trunc(x / y)
		case opMod, '%':
			if y == 0 {
				return Value{}
			}
			f = math.Mod(x, y)
		case '^':
			if m.cur.d.VB() {
				f = math.Pow(x, y)
			} else {
				f = float64(int64(x) ^ int64(y))
			}
		case opXor:
			f = float64(int64(x) ^ int64(y))
		case opEqv:
			f = float64(^(int64(x) ^ int64(y)))
		case 'b':
			f = float64(int64(x) & int64(y))
		case '|':
			f = float64(int64(x) | int64(y))
		case opShl:
			f = float64(int64(x) << (uint64(y) & 63))
		case opShr:
			f = float64(int64(x) >> (uint64(y) & 63))
		case '+':
			f = x + y
		default:
			return Value{}
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return Value{}
		}
		if a.T == nil && b.T == nil {
			return Value{K: VNumber, N: f, L: (a.L | b.L) &^ Built}
		}
		v := Union(*a, *b)
		v.K, v.N = VNumber, f
		return v
	}
	v := Union(*a, *b)
	if op != opXor { // what is decoded byte by byte is none yet
		v.L |= Numeric
	}
	return v
}

func compare(op uint8, a, b *Value) Value {
	if op == opIs || op == opLike {
		return Value{}
	}
	if !a.Known() || !b.Known() {
		return Value{}
	}
	less, equal := false, false
	x, y, ok1, ok2 := a.N, b.N, a.K == VNumber, b.K == VNumber
	if !(ok1 && ok2) && (a.K != VString || b.K != VString) {
		x, ok1 = a.reckoned()
		y, ok2 = b.reckoned()
	}
	switch {
	case ok1 && ok2:
		less, equal = x < y, x == y
	case a.K == VString && b.K == VString && (op == opEQ || op == opNE):
		equal = a.S == b.S
	default:
		s, _ := a.Text()
		t, _ := b.Text()
		less, equal = s < t, s == t
	}
	switch op {
	case opEQ:
		return Bool(equal)
	case opNE:
		return Bool(!equal)
	case '<':
		return Bool(less)
	case '>':
		return Bool(!less && !equal)
	case opLE:
		return Bool(less || equal)
	}
	return Bool(!less)
}

func (m *Machine) evalArray(n *Node) Value {
	o := &Object{}
	if n.Op == 'n' {
		f, ok := m.eval(n.Kids[0]).Number()
		if n.Low == "byte" && ok && f >= 0 && f <= 1<<20 {
			o.Buf = make([]byte, int(f))
			m.made += int(f)
			return Value{K: VBytes, O: o}
		}
		if n.Low == "byte" {
			return Value{}
		}
		return Value{K: VArray, O: o}
	}
	for _, k := range n.Kids {
		o.Elems = append(o.Elems, m.eval(k))
	}
	if n.Low == "byte" {
		buf := make([]byte, 0, len(o.Elems))
		for _, e := range o.Elems {
			f, ok := m.code(e)
			if !ok {
				return Value{K: VArray, O: o}
			}
			buf = append(buf, byte(int64(f)))
		}
		return Value{K: VBytes, O: &Object{Buf: buf}}
	}
	return Value{K: VArray, O: o}
}

func (m *Machine) evalIndex(n *Node) Value {
	recv := m.eval(n.Kids[0])
	kids := n.Kids[1:]
	if last := len(kids) - 1; last >= 0 && last < 2 && kids[last].Kind == KUn && kids[last].Op == opRange && m.cur.d == CSharp { // text[2..5], text[..5], text[2..]
		cut := []Value{Num(0)}
		if last == 1 {
			cut[0] = m.eval(kids[0])
		}
		if to := kids[last].Kids[0]; to.Kind != KBad { // else up to the end
			cut = append(cut, m.eval(to))
		}
		c := call{Machine: m, recv: recv, name: "slice", args: cut}
		c.s, c.known = recv.Text()
		v, _ := c.substring()
		return v
	}
	return m.index(n, recv, m.evalArgs(kids))
}

func (m *Machine) evalArgs(kids []*Node) []Value {
	if len(kids) == 0 {
		return nil
	}
	args := m.values(len(kids))
	for i, k := range kids {
		m.evalTo(&args[i], k)
	}
	return args
}

// values is make([]Value, n): arguments are many and small.
func (m *Machine) values(n int) []Value {
	if len(m.slab) < n {
		m.slab = make([]Value, max(256, n))
	}
	vs := m.slab[:n:n]
	m.slab = m.slab[n:]
	return vs
}

// keyed is the member that o["name"] means in JScript, if no such field is kept.
func (m *Machine) keyed(n *Node, recv Value, keys []Value) *Node {
	if m.cur.d != JScript || len(keys) != 1 || recv.K != VObject && recv.K != VType {
		return nil
	}
	s, ok := keys[0].Text()
	if !ok || s == "" || s == "constructor" {
		return nil
	}
	low := lowerASCII(s)
	if recv.K == VObject {
		_, kept := recv.O.Fields["#"+low]
		_, field := recv.O.Fields[low]
		if kept || field || recv.hasFunctions() {
			return nil
		}
	}
	return &Node{Kind: KMember, Name: s, Low: low, Pos: n.Pos, Unit: n.Unit, Kids: n.Kids[:1]}
}

// index reads recv[args].
func (m *Machine) index(n *Node, recv Value, args []Value) Value {
	if v, ok := m.Host.Index(m, n, recv, args); ok {
		return v
	}
	if len(args) == 0 {
		return recv
	}
	if f, ok := args[0].Number(); ok && f >= 0 && recv.K != VObject {
		i := int(f)
		switch recv.K {
		case VArray:
			if i < len(recv.O.Elems) && len(args) == 1 {
				if e := recv.O.Elems[i]; e.K != VUnknown || e.T != nil {
					return e
				}
			}
			return recv.O.Any
		case VBytes:
			if i < len(recv.O.Buf) {
				return Num(float64(recv.O.Buf[i]))
			}
			return Value{}
		case VString:
			if r := m.letters(recv.S); i < r.len() {
				v := m.one(r, i)
				v.L, v.T = recv.L, recv.T
				return v
			}
			return Value{}
		}
	}
	if recv.O != nil && recv.K == VObject {
		if s, ok := args[0].Text(); ok {
			if v, ok := recv.O.Fields["#"+lowerASCII(s)]; ok {
				return v
			}
			if v, ok := recv.O.Fields[lowerASCII(s)]; ok { // JScript: o["f"]
				return v
			}
		}
		if recv.hasFunctions() { // one of them
			return recv
		}
		return Union(Value{L: recv.L, T: recv.T}, recv.O.Any)
	}
	if m.cur.d == JScript && len(args) == 1 && (recv.K == VType || recv.K == VUnknown) {
		if s, ok := args[0].Text(); ok && s == "constructor" {
			return Value{K: VType, S: "function"}
		} else if ok && s != "" && recv.K == VType { // window["eval"]
			if v, ok := m.Host.Member(m, m.keyed(n, recv, args), recv); ok {
				return v
			}
			return Value{K: VType, S: recv.S + "." + lowerASCII(s)}
		}
	}
	return Union(recv)
}
