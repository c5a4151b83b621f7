package client

// A scope holds the variables of one call: most have few.
type scope struct {
	few  []variable
	many map[string]*value // instead, once there are more than maxFew
	up   *scope
	this value
	args []value
}

type variable struct {
	name string
	held value
}

const maxFew = 8

// own is what the scope itself has; the next definition may move it.
func (s *scope) own(name string) *value {
	if s.many != nil {
		return s.many[name]
	}
	for i := range s.few {
		if s.few[i].name == name {
			return &s.few[i].held
		}
	}
	return nil
}

func (s *scope) find(name string) *value {
	for ; s != nil; s = s.up {
		if v := s.own(name); v != nil {
			return v
		}
	}
	return nil
}

func (s *scope) define(name string, v value) {
	if old := s.own(name); old != nil {
		*old = v
		return
	}
	if s.many == nil && len(s.few) < maxFew {
		s.few = append(s.few, variable{name, v})
		return
	}
	if s.many == nil {
		s.many = make(map[string]*value, 2*maxFew)
		for i := range s.few {
			s.many[s.few[i].name] = &s.few[i].held
		}
	}
	s.many[name] = &v
}
