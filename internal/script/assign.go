package script

func (m *Machine) evalAssign(out *Value, n *Node) {
	m.evalTo(out, n.Kids[1])
	target := n.Kids[0]
	if n.Op != 0 {
		old := m.eval(target)
		*out = m.updated(n, old, *out)
		if n.Flag&1 == 1 { // x++
			m.assign(target, *out)
			*out = old
			return
		}
	}
	if out.T != nil && target.Kind != KMember {
		*out = m.Step(*out, n)
	}
	if target.Kind == KName {
		v := *out
		m.assignName(target, &v)
		return
	}
	m.assign(target, *out)
}

// updated is what a variable holds once v was added to it, or the like.
func (m *Machine) updated(n *Node, old, v Value) Value {
	switch n.Op {
	case '&':
		v = m.Concat(old, v)
		if !m.cur.d.VB() {
			v = Union(old, v)
		}
		return v
	case '+':
		if v.K == VFunc && m.cur.d != JScript { // a.BeginRequest += (s, e) => …
			m.handler(v)
		}
		return m.plus(old, v)
	case '?':
		return join(old, v)
	}
	x, ok1 := m.code(old)
	y, ok2 := m.code(v)
	v = Union(old, v)
	if ok1 && ok2 {
		op := n.Op
		if op == '<' {
			op = opShl
		}
		if op == '&' {
			op = 'b'
		}
		m.evalBin(&v, &Node{Kind: KBin, Op: op, Kids: []*Node{{Kind: KNum, Num: x}, {Kind: KNum, Num: y}}})
	}
	return v
}

// shareField makes the stand-in of a class hold what any of its objects holds,
// so that methods nobody calls (Class_Terminate, event handlers) see it.
func (m *Machine) shareField(o *Object, name string, v Value) {
	if v.T == nil && v.K != VType {
		return
	}
	m.dirty = true
	if o.Class.Kind != KClass {
		return
	}
	if d := m.instance(o.Class); d != o {
		d.Fields[name] = join(d.Fields[name], v)
	}
}

// assign stores v where n points.
func (m *Machine) assign(n *Node, v Value) {
	switch n.Kind {
	case KName:
		m.assignName(n, &v)
	case KDecl:
		m.define(n, typed(v, n.Low))
	case KMember:
		recv := m.eval(n.Kids[0])
		m.setMember(n, recv, n.Low, n.Name, v)
	case KCall, KIndex:
		m.assignIndex(n, v)
	case KArray, KMany:
		for i, k := range n.Kids {
			if v.K == VArray && i < len(v.O.Elems) && len(v.O.Elems) == len(n.Kids) {
				m.assign(k, v.O.Elems[i])
				continue
			}
			m.assign(k, Union(v))
		}
	}
}

// fixed reports whether n names what VBScript assigns nothing to, so that a page
// that resumes behind errors goes on as before.
func (m *Machine) fixed(n *Node) bool {
	switch n.Low {
	case "execute", "executeglobal", "eval", "createobject", "getobject":
		return m.cur.fn == nil || m.cur.fn.n.Low != n.Low
	}
	_, ok := m.Host.Name(m, n)
	return ok
}

// assignName stores v, which it may change, where the name n points.
func (m *Machine) assignName(n *Node, v *Value) {
	c := m.lookup(n)
	if c == nil && m.cur.self != nil {
		if old, ok := m.cur.self.Fields[n.Name]; ok {
			if m.weak > 0 {
				*v = join(old, *v)
			}
			m.cur.self.Fields[n.Name] = *v
			m.shareField(m.cur.self, n.Name, *v)
			return
		}
	}
	if c == nil {
		if f := best(m.symbol(n).low.funcs, nil, 1); f != nil && f.n.Op == 's' {
			m.invoke(f, m.cur.self, []Value{*v}, nil)
			return
		}
		if recv, ok := m.within(); ok { // with (o) f = x
			m.setMember(n, recv, n.Low, n.Name, *v)
		}
		if m.Host.Assign(m, n, Value{}, n.Low, *v) {
			return
		}
		if m.cur.d == VBScript && m.fixed(n) {
			return
		}
		c = &cell{}
		if m.cur.fn != nil && m.cur.d == VBScript {
			m.bind(m.cur, m.symbol(n), c)
		} else {
			m.bind(m.globals, m.symbol(n), c)
		}
	}
	weak := m.weak
	if m.own(m.cur, m.symbol(n)) == c {
		weak -= m.cur.weak
	}
	if weak > 0 && !(m.cur.fn != nil && m.cur.fn.n.Name == n.Name && v.T == nil && c.v.T == nil) {
		*v = join(c.v, *v)
	}
	if v.T != nil && m.symbol(n).global == c {
		m.dirty = true
	}
	if c.typ != "" {
		*v = typed(*v, c.typ)
	}
	if m.marked > 0 && v.T == nil && (v.K == VBool || v.K == VNumber) {
		c.marked = true
	}
	c.v = *v
}

func (m *Machine) setMember(n *Node, recv Value, low, name string, v Value) {
	if recv.O != nil && recv.O.Class != nil {
		if m.weak > 0 {
			v = join(recv.O.Fields[name], v)
		}
		if f := m.find(low, recv.O.Class, 1); f != nil && f.n.Op == 's' {
			m.invoke(f, recv.O, []Value{v}, nil)
			return
		}
		recv.O.Fields[name] = v
		m.shareField(recv.O, name, v)
		return
	}
	if low == "prototype" && m.cur.d == JScript && v.K == VObject && m.prototype(recv, v.O) != nil {
		return
	}
	if m.Host.Assign(m, n, recv, low, v) {
		return
	}
	if recv.K == VObject && recv.O != nil {
		recv.O.set(low, v)
		if v.T != nil {
			recv.O.Any = Union(recv.O.Any, v)
		}
	}
	if recv.K == VType {
		if c := m.classes[recv.S]; c != nil {
			m.instance(c).Fields[name] = v
		}
	}
}

// fill makes the buffer that n names stem from v.
func (m *Machine) fill(n *Node, v Value) {
	u := Union(v)
	u.L &^= Numeric
	switch n.Kind {
	case KName, KMember:
		m.weak++
		m.assign(n, u)
		m.weak--
	case KCast:
		m.fill(n.Kids[0], v)
	}
}

func (m *Machine) assignIndex(n *Node, v Value) {
	recv := m.eval(n.Kids[0])
	args := m.evalArgs(n.Kids[1:])
	if m.Host.Assign(m, n, recv, "<index>", v) {
		return
	}
	if recv.O == nil || len(args) == 0 {
		if recv.K == VUnknown && v.T != nil && n.Kids[0].Kind == KName {
			u := Union(recv, v)
			m.assignName(n.Kids[0], &u)
		}
		return
	}
	f, ok := args[0].Number()
	i := int(f)
	switch {
	case recv.K == VBytes && ok && i >= 0 && i < len(recv.O.Buf):
		if c, ok := m.code(v); ok && v.T == nil {
			recv.O.Buf[i] = byte(int64(c))
			m.made++
		} else if v.T != nil {
			m.fill(n.Kids[0], v)
		}
	case recv.K == VBytes && v.T != nil:
		m.fill(n.Kids[0], v)
	case recv.K == VArray && ok && len(args) == 1 && i >= 0 && i < 1<<18 && (i < len(recv.O.Elems)+4096):
		for len(recv.O.Elems) <= i {
			recv.O.Elems = append(recv.O.Elems, Value{})
			m.made += 16
		}
		if m.weak > 0 {
			v = join(recv.O.Elems[i], v)
		}
		m.made++
		recv.O.Elems[i] = v
	case recv.K == VObject:
		if s, ok := args[0].Text(); ok {
			recv.O.set("#"+lowerASCII(s), v)
		}
		recv.O.Any = Union(recv.O.Any, v)
	default:
		recv.O.Any = Union(recv.O.Any, v)
	}
}
