package script

// execBlock runs statements from the given one on.
func (m *Machine) execBlock(b *Node, from int) control {
	if b == nil {
		return goOn
	}
	if b.Kind != KBlock {
		return m.exec(b)
	}
	if from == 0 {
		b.seen = true
	}
	for i := from; i < len(b.Kids); i++ {
		if c := m.exec(b.Kids[i]); c != goOn {
			if i+1 < len(b.Kids) && c == returns {
				// What stands behind may be reached in truth.
				m.rest(b, i+1)
			}
			return c
		}
		if m.left <= 0 {
			return goOn
		}
	}
	return goOn
}

// rest keeps the unreached tail of a block for later, once.
func (m *Machine) rest(b *Node, from int) {
	t := b.Kids[from]
	if t.Flag&128 == 0 && len(m.pending) < maxPending && !t.seen {
		t.Flag |= 128
		m.pending = append(m.pending, pending{m.cur, b, from})
	}
}

// maxNest is how deep statements, with the calls around them, are followed, and
// half as deep as expressions are. What is deeper is run afterwards.
const maxNest = 4 * maxDepth

func (m *Machine) exec(n *Node) control {
	if n == nil {
		return goOn
	}
	m.left--
	if m.left <= 0 {
		return goOn
	}
	if m.nest > maxNest {
		m.later(n)
		return goOn
	}
	m.nest++
	c := goOn
	switch n.Kind { // what loops are made of, without the large frame of the rest
	case KExpr:
		var v Value
		around := m.dropped
		m.dropped = n
		for _, k := range n.Kids {
			m.evalTo(&v, k)
		}
		m.dropped = around
	case KAssign, KCall, KMany, KMember, KName:
		var v Value
		m.evalTo(&v, n)
	case KIf:
		c = m.execIf(n)
	default:
		c = m.execNode(n)
	}
	m.nest--
	return c
}

func (m *Machine) execNode(n *Node) control {
	switch n.Kind {
	case KBlock:
		return m.execBlock(n, 0)
	case KHTML:
		if m.marked > 0 {
			m.Host.Call(m, n, Value{K: VNone}, "<html>", []Value{Const(m.markup(n))})
		}
	case KOut:
		v := m.eval(n.Kids[0])
		m.Host.Call(m, n, Value{K: VNone}, "<%=", []Value{v})
	case KDecl:
		var v Value
		if len(n.Kids) > 0 && n.Kids[0] != nil {
			v = m.eval(n.Kids[0])
		} else if n.Low == "string" || m.cur.d == VBScript {
			v = Value{K: VNull}
		}
		if n.Op == 'a' || v.K == VUnknown && len(n.Low) > 2 && n.Low[len(n.Low)-1] == ']' && v.L == 0 {
			if (v.K == VUnknown || v.K == VNull) && v.L == 0 {
				v = Value{K: VArray, O: &Object{}}
			}
		}
		m.define(n, typed(v, n.Low))
	case KRedim:
		c := m.lookup(n)
		if o := m.cur.self; o != nil && c == nil {
			if v, ok := o.Fields[n.Name]; ok { // of the class
				if v.K != VArray {
					o.Fields[n.Name] = Value{K: VArray, O: &Object{}}
				}
				return goOn
			}
		}
		if c == nil || c.v.K != VArray {
			m.define(n, Value{K: VArray, O: &Object{}})
		}
	case KFor, KForTo, KForEach, KWhile:
		return m.loop(n)
	case KSelect:
		return m.execSelect(n)
	case KTry:
		c := m.execBlock(n.Kids[0], 0)
		for _, k := range n.Kids[1:] {
			m.weak++
			if k.Name != "" {
				m.bind(m.cur, m.symbol(k), &cell{v: m.thrown})
			}
			m.execBlock(k, 0)
			m.weak--
		}
		return c
	case KWith:
		old := m.cur.with
		m.cur.with = m.eval(n.Kids[0])
		c := m.execBlock(n.Kids[1], 0)
		m.cur.with = old
		return c
	case KReturn:
		if len(n.Kids) > 0 {
			v := m.Step(m.eval(n.Kids[0]), n)
			if n.Op == 't' {
				m.thrown = join(m.thrown, v)
			} else {
				m.cur.ret = join(m.cur.ret, v)
			}
		}
		return returns
	case KBreak:
		return breaks
	case KContinue:
		return continues
	case KImport:
		switch {
		case len(n.Low) > maxClass:
		case len(n.Attr) > 0: // using A = B.C;
			m.SetGlobal(n.Attr[0], Value{K: VType, S: n.Low})
		case n.Op == 's' && len(m.imports) < 64:
			m.imports = append(m.imports, n.Low)
		}
	case KFunc, KClass:
	default:
		m.eval(n)
	}
	return goOn
}

func (m *Machine) define(n *Node, v Value) {
	c := &cell{v: v, typ: n.Low}
	s := m.symbol(n)
	if old := m.own(m.cur, s); old != nil && m.weak > m.cur.weak {
		c.v = join(old.v, v)
	}
	m.bind(m.cur, s, c)
	if v.T != nil && m.cur == m.globals {
		m.dirty = true
	}
}

func (m *Machine) execIf(n *Node) control {
	var out control
	weak := 0
	for i := 0; i+1 < len(n.Kids); i += 2 {
		var cond Value
		marks := m.marks
		m.evalTo(&cond, n.Kids[i])
		truth, known := cond.N != 0, cond.K == VBool
		if !known {
			truth, known = cond.Truth()
		}
		if known && cond.T == nil {
			if !truth {
				m.later(n.Kids[i+1])
				continue
			}
			c := m.execMarked(n.Kids[i+1], marks)
			for j := i + 3; j < len(n.Kids); j += 2 {
				m.later(n.Kids[j])
			}
			if len(n.Kids)%2 == 1 {
				m.later(n.Kids[len(n.Kids)-1])
			}
			m.weak -= weak
			if weak > 0 {
				return out
			}
			return c
		}
		m.weak++
		weak++
		if c := m.execMarked(n.Kids[i+1], marks); c == breaks || c == returns {
			m.escapes++
		}
	}
	if len(n.Kids)%2 == 1 {
		c := m.execBlock(n.Kids[len(n.Kids)-1], 0)
		if weak > 0 && (c == breaks || c == returns) {
			m.escapes++
		}
		if weak == 0 {
			out = c
		}
	}
	m.weak -= weak
	return out
}

// execMarked runs what stands under a condition that the host may have marked
// since it had made so many marks.
func (m *Machine) execMarked(b *Node, marks int) control {
	around := m.marked
	if m.marks > marks {
		m.marked++
	}
	c := m.execBlock(b, 0)
	m.marked = around
	return c
}

func (m *Machine) execSelect(n *Node) control {
	marks := m.marks
	v := m.eval(n.Kids[0])
	s, known := v.Text()
	known = known && v.T == nil
	var out control
	hit := false
	for _, c := range n.Kids[1:] {
		if len(c.Kids) == 0 {
			continue
		}
		body := c.Kids[len(c.Kids)-1]
		match, sure := c.Flag&1 == 1 && !hit, true
		for _, k := range c.Kids[:len(c.Kids)-1] {
			cv := m.eval(k)
			m.Host.Compare(m, k, v, cv)
			if t, ok := cv.Text(); ok && c.Op != 'r' {
				match = match || t == s
			} else {
				sure = false
			}
		}
		switch {
		case known && sure && match && !hit:
			hit = true
			out = m.execBlock(body, 0)
		case known && sure:
			m.later(body)
		default:
			m.weak++
			m.execMarked(body, marks)
			m.weak--
		}
	}
	if out == breaks || !hit {
		out = goOn
	}
	return out
}

// maxRounds bounds the iterations of one loop.
const maxRounds = 300_000

// A watch sees whether a loop still does anything that could matter.
type watch struct {
	escapes int // ways out under unknown conditions
	made    int
	since   int
}

func (m *Machine) watch() *watch { return &watch{escapes: m.escapes, made: m.made} }

// on reports whether another round is worth its time: a loop that may end for
// reasons unknown is run three times, one that builds nothing 2,000 times.
func (w *watch) on(m *Machine, rounds int) bool {
	if m.made != w.made {
		w.made, w.since = m.made, rounds
	}
	if m.brief {
		return rounds == 0
	}
	return (m.escapes == w.escapes || rounds < 3) && rounds-w.since < 2000
}

// unsure runs a round of a loop twice, since nobody knows how many there are
// and what the end of one taints reaches the start of the next; deep inside
// others once, lest the runs multiply.
func (m *Machine) unsure(round func()) {
	m.weak++
	m.loops++
	round()
	if m.loops <= 3 {
		round()
	}
	m.loops--
	m.weak--
}

func (m *Machine) loop(n *Node) control {
	floor := m.left / 3 // a loop may not eat what comes behind it
	switch n.Kind {
	case KForTo:
		return m.forTo(n, floor)
	case KForEach:
		return m.forEach(n, floor)
	case KFor:
		m.exec(n.Kids[0])
		return m.while(n.Kids[1], n.Kids[3], n.Kids[2], false, floor)
	}
	if n.Flag&1 == 1 {
		if c := m.execBlock(n.Kids[1], 0); c == returns || c == breaks || m.brief || m.loops > 3 {
			if c == breaks {
				c = goOn
			}
			return c
		}
	}
	return m.while(n.Kids[0], n.Kids[1], nil, n.Op == 'u', floor)
}

func (m *Machine) while(cond, body, post *Node, until bool, floor int) control {
	watch := m.watch()
	for rounds := 0; rounds < maxRounds && m.left > floor && watch.on(m, rounds); rounds++ {
		known, truth := false, false
		var cv Value
		if cond != nil {
			cv = m.eval(cond)
			truth, known = cv.Truth()
			known = known && cv.T == nil
			truth = truth != until
		}
		if !known {
			m.unsure(func() {
				m.execBlock(body, 0)
				m.exec(post)
			})
			return goOn
		}
		if !truth {
			if rounds == 0 {
				m.later(body)
			}
			return goOn
		}
		switch m.execBlock(body, 0) {
		case breaks:
			return goOn
		case returns:
			return returns
		}
		m.exec(post)
	}
	return goOn
}

func (m *Machine) forTo(n *Node, floor int) control {
	from, to, step := m.eval(n.Kids[1]), m.eval(n.Kids[2]), Num(1)
	if n.Kids[3] != nil {
		step = m.eval(n.Kids[3])
	}
	a, ok1 := from.Number()
	b, ok2 := to.Number()
	s, ok3 := step.Number()
	if !ok1 || !ok2 || !ok3 || s == 0 {
		m.unsure(func() {
			m.assign(n.Kids[0], Union(from, Value{L: to.L & Numeric}))
			m.execBlock(n.Kids[4], 0)
		})
		return goOn
	}
	if s > 0 && a > b || s < 0 && a < b {
		m.later(n.Kids[4])
	}
	watch := m.watch()
	for i, rounds := a, 0; watch.on(m, rounds) && (s > 0 && i <= b || s < 0 && i >= b) && rounds < maxRounds && m.left > floor; i, rounds = i+s, rounds+1 {
		m.strong(n.Kids[0], Num(i))
		switch m.execBlock(n.Kids[4], 0) {
		case breaks:
			return goOn
		case returns:
			return returns
		}
		if c := m.lookup(n.Kids[0]); c != nil && c.v.K == VNumber {
			i = c.v.N
		}
	}
	return goOn
}

func (m *Machine) forEach(n *Node, floor int) control {
	list := m.eval(n.Kids[1])
	set := func(v Value) {
		if n.Kids[0].Kind == KDecl {
			m.bind(m.cur, m.symbol(n.Kids[0]), &cell{v: typed(v, n.Kids[0].Low)})
			return
		}
		m.strong(n.Kids[0], v)
	}
	size, at := 0, func(int) Value { return Value{} }
	switch {
	case list.K == VArray && list.O.Any.T == nil && len(list.O.Elems) > 0:
		size, at = len(list.O.Elems), func(i int) Value { return list.O.Elems[i] }
	case list.K == VBytes:
		size, at = len(list.O.Buf), func(i int) Value { return Num(float64(list.O.Buf[i])) }
	case list.K == VString && n.Op != 'k':
		r := m.letters(list.S)
		size, at = r.len(), func(i int) Value { return m.one(r, i) }
	}
	if size == 0 {
		v := Union(list)
		m.weak++
		if e, ok := m.Host.Call(m, n, list, "<each>", nil); ok {
			v = e
		}
		m.weak--
		m.unsure(func() {
			set(v)
			m.execBlock(n.Kids[2], 0)
		})
		return goOn
	}
	for i := 0; i < size && m.left > floor && !(m.brief && i > 0); i++ {
		if n.Op == 'k' {
			set(Num(float64(i)))
		} else {
			set(at(i))
		}
		switch m.execBlock(n.Kids[2], 0) {
		case breaks:
			return goOn
		case returns:
			return returns
		}
	}
	return goOn
}

// strong assigns a loop's variable even where assignments are weak.
func (m *Machine) strong(n *Node, v Value) {
	old := m.weak
	m.weak = 0
	m.assign(n, v)
	m.weak = old
}
