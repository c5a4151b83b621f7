package script

// A symbol is what a name means: the nodes that have the name share one, so
// that a loop does not look it up by its letters in every round.
type symbol struct {
	global *cell // the page-wide variable
	at     *frame
	local  *cell   // the variable of the frame at, nil if it has none
	funcs  []*fun  // if the name is in lower case: what it calls
	low    *symbol // of the name in lower case
	quick  quick   // if the name is in lower case: the function it calls unless declared anew
}

// symbol returns the symbol of the node's name.
func (m *Machine) symbol(n *Node) *symbol {
	if n.sym == nil {
		n.sym = m.named(n.Name)
	}
	return n.sym
}

func (m *Machine) named(name string) *symbol {
	s := m.symbols[name]
	if s == nil {
		s = &symbol{quick: quicks[name]}
		m.symbols[name] = s
		s.low = s
		if low := lowerASCII(name); low != name {
			s.low = m.named(low)
		}
	}
	return s
}

// own returns the variable that the frame itself has, or nil.
func (m *Machine) own(f *frame, s *symbol) *cell {
	if f == m.globals {
		return s.global
	}
	if s.at != f {
		s.at, s.local = f, f.vars[s]
	}
	return s.local
}

func (m *Machine) bind(f *frame, s *symbol, c *cell) {
	if f == m.globals {
		s.global = c
		return
	}
	if f.vars == nil {
		f.vars = map[*symbol]*cell{}
	}
	f.vars[s] = c
	s.at, s.local = f, c
}

// lookup returns the variable that n names, or nil.
func (m *Machine) lookup(n *Node) *cell {
	s := m.symbol(n)
	for f := m.cur; f != nil && f != m.globals; f = f.up {
		if c := m.own(f, s); c != nil {
			return c
		}
	}
	return s.global
}
