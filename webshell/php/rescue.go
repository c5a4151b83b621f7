package php

// Bounds of what is looked at of a file that is too much to be followed.
const (
	maxSpots   = 300  // places
	spotTokens = 150  // before and behind each
	spotSteps  = 3000 // of each, and as many nodes
	spotBytes  = 16 << 10
	allNodes   = 60_000 // of all
)

// rescue looks at the places where a file acts, each with the few statements
// around it: what hides in a file that is too deep, too long or too busy to be
// followed stands in one of them. It reports whether it saw all of them.
func (m *machine) rescue() bool {
	was, unit := m.f, m.unit
	m.unit = m.file
	m.f = &frame{vars: m.globals.vars, cond: m.cond} // not the top level: what is not known here was set elsewhere
	m.cond++
	m.seen = map[looked]bool{}
	defer func() { m.f, m.unit = was, unit; m.cond-- }()
	toks, left, seen, spots := m.file.tokens, allNodes, 0, 0
	for i := 0; i+1 < len(toks) && !m.alarmed(); i++ {
		if i < seen || !m.mayAct(i) {
			continue
		}
		lo, hi := m.around(i, seen) // what is before was run, or of no interest
		seen = min(hi, i+spotTokens)
		code := m.file.src[toks[lo].pos:toks[hi].pos]
		have := traits(code)
		if have&(hasDeadly|hasDynamic|hasInclude|hasHook|hasWrite) == 0 || have&(hasRequest|hasRemote|hasDeadly) == 0 && !oddInclude(code) {
			continue
		}
		if spots++; spots > maxSpots || left <= 0 {
			return false
		}
		m.nodes = min(left, spotSteps)
		left -= m.nodes
		m.file.stock.skipped = false
		list := newParser(m.file, lo, hi).statements()
		m.file.stock.lost = m.file.stock.lost || m.file.stock.skipped
		left += max(0, m.nodes)
		for _, n := range list { // loops before it leave what it needs
			m.steps, m.bytes = spotSteps, spotBytes
			if n != list[len(list)-1] {
				m.steps /= 10
			}
			m.exec(n)
		}
		m.passed(list)
	}
	return true
}

// mayAct reports whether a token of the file is the start of a call that may do
// harm.
func (m *machine) mayAct(i int) bool {
	t, next := m.file.tokens[i], m.file.tokens[i+1].kind
	switch t.kind {
	case tBacktick:
		return true
	case tVar, ']', ')', '}':
		return next == '('
	case tIdent:
		if n := int(t.end - t.pos); n >= maxWord {
			return false
		}
		have := wordTable[lower(m.file.src[t.pos:t.end])]
		return have&hasInclude != 0 || next == '(' && have&(hasDeadly|hasHook|hasWrite) != 0
	}
	return false
}

// around returns the statements around a token, within its function, from a token
// on.
func (m *machine) around(i, from int) (lo, hi int) {
	toks := m.file.tokens
	lo = i
	for j := i - 1; j >= max(from, i-spotTokens); j-- {
		switch toks[j].kind {
		case '{':
			if int(toks[j].match) > i && m.ofFunction(j) {
				return j + 1, m.ends(i)
			}
			lo = j + 1
		case ';', '}', tClose, tHTML:
			lo = j + 1
		}
	}
	return lo, m.ends(i)
}

// ofFunction reports whether the brace at i opens a function or class.
func (m *machine) ofFunction(i int) bool {
	for j := i - 1; j >= max(0, i-40); j-- {
		switch t := m.file.tokens[j]; t.kind {
		case ';', '{', '}':
			return false
		case tIdent:
			switch lower(m.file.src[t.pos:t.end]) {
			case "function", "class", "trait":
				return true
			}
		}
	}
	return false
}

// ends returns where the statement of a token ends.
func (m *machine) ends(i int) int {
	toks := m.file.tokens
	last := len(toks) - 1
	for j, n := i, 0; j < last; j++ {
		switch toks[j].kind {
		case ';', tClose:
			return j + 1
		case '}':
			return j
		case '(', '[', '{':
			if c := int(toks[j].match); c > j {
				j = c
			}
		}
		if n++; n > spotTokens {
			return j
		}
	}
	return last
}
