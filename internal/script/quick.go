package script

// A quick is a function of the language that loops call for each letter.
type quick uint8

const (
	notQuick quick = iota
	quickMid
	quickAsc
	quickChr
	quickLen
)

var quicks = map[string]quick{"mid": quickMid, "asc": quickAsc, "ascw": quickAsc, "chr": quickChr, "chrw": quickChr, "len": quickLen}

// maxQuick is how many arguments such a call has at most.
const maxQuick = 3

// quick says which of these functions a call means.
func (m *Machine) quick(n *Node) quick {
	callee, args := n.Kids[0], len(n.Kids)-1
	if callee.Kind != KName || args == 0 || args > maxQuick {
		return notQuick
	}
	q := m.symbol(callee).low.quick
	if q == notQuick || m.lookup(callee) != nil || best(callee.sym.low.funcs, nil, args) != nil {
		return notQuick
	}
	if o := m.cur.self; o != nil {
		if _, ok := o.Fields[callee.Name]; ok {
			return notQuick
		}
	}
	return q
}

// evalQuick evaluates the call of such a function.
func (m *Machine) evalQuick(out *Value, n *Node, q quick) {
	var buf [maxQuick]Value
	args := buf[:len(n.Kids)-1]
	for i, k := range n.Kids[1:] {
		m.evalTo(&args[i], k)
	}
	if m.quickCall(out, q, args) {
		return
	}
	kept := m.values(len(args))
	copy(kept, args)
	*out = m.callName(n, Value{K: VNone}, n.Kids[0].Low, kept)
}

// quickCall gives what the function makes of plain constants. False leaves the
// call to the host and the builtins.
func (m *Machine) quickCall(out *Value, q quick, args []Value) bool {
	switch a := &args[0]; {
	case q == quickMid && len(args) == 3 && plain(a):
		at, n := &args[1], &args[2]
		if at.K == VNumber && n.K == VNumber && at.N >= 1 && n.N >= 0 && at.N < 1<<30 && n.N < 1<<30 {
			i := int(at.N) - 1
			*out = Value{K: VString, L: a.L | Built, T: a.T, S: m.letters(a.S).slice(i, i+int(n.N))}
			return true
		}
	case len(args) > 1:
	case q == quickAsc && a.K == VString && len(a.S) == 1:
		*out = Value{K: VNumber, N: float64(a.S[0]), L: a.L, T: a.T}
		return true
	case q == quickChr && a.K == VNumber && a.N >= 0 && a.N < 0x80:
		r := int(a.N)
		*out = Value{K: VString, L: a.L&^Numeric | Built, T: a.T, S: asciiLetters[r : r+1]}
		return true
	case q == quickLen && plain(a):
		*out = Num(float64(m.letters(a.S).len()))
		return true
	}
	return false
}

// Texts of these sizes, in bytes, a host does not look at when they were put
// together: too short to hide a call, or shown when they are run.
const (
	shortPlain = 12
	longPlain  = 512
)

// plain reports whether v is constant text of which a host need not be told.
func plain(v *Value) bool {
	return v.K == VString && (v.L&Built == 0 || len(v.S) < shortPlain || len(v.S) > longPlain)
}
