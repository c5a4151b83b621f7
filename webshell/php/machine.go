package php

import (
	"hash/maphash"
	"io"
	"regexp"
	"strings"

	"limier/webshell"
)

// Budgets of one file.
const (
	maxSteps     = 1_000_000 // nodes evaluated, about a fifth of a second
	quietSteps   = 40_000    // while nothing odd was seen
	settledSteps = 20_000    // from the first certain web shell on
	maxBytes     = 64 << 20  // bytes of strings made
	maxString    = 8 << 20   // bytes of one string
	maxCalls     = 250       // nested calls of the file's own functions
	maxEvals     = 24        // layers of decoded code
	maxJumps     = 5000      // gotos followed
	maxReasons   = 40
)

// A machine runs a file without its effects: values are followed as far as
// they are known, and their taint further. Undecided branches are all taken.
type machine struct {
	unit    *unit
	file    *unit
	path    string
	globals *frame
	f       *frame
	funcs   map[string]*function
	classes map[string]*class
	consts  map[string]value
	statics map[*function]map[string]*slot

	have     trait // of the file's text
	spent    bool  // something of it used up the steps it had
	unread   bool  // and was not looked at by rescue
	steps    int
	limit    int // all the steps there are, as things stand
	bytes    int
	calls    int
	evals    int
	jumps    int
	nodes    int
	cond     int      // undecided conditions around the statement at hand
	undo     []func() // forgets what the condition at hand told
	positive bool     // a check at hand is not negated
	dead     int      // branches around the statement at hand that are not taken
	deadCond int      // cond within the outermost of them
	gadget   bool     // methods are run on objects that the request describes
	blur     bool     // assignments leave values that are not known
	seen     map[looked]bool
	last     string            // a literal that was looked into
	target   string            // the variable that is assigned to
	ending   []later           // callbacks to run at the end
	sending  value             // to the generator that is run
	called   *class            // whose static method is about to run
	lent     *slot             // what the function about to run gets by reference
	schemes  map[string]*class // of streams, by scheme

	list       []*node // statements of the file
	includes   int     // of files that are not here
	takes      bool    // it may take what visitors type
	pours      bool    // it may pour what it has from elsewhere into pages
	framed     bool    // the file is part of a program: a namespace, a foreign parent class, a guard
	guarded    bool    // by the guard alone, as plugins have it
	extracted  bool    // request fields became variables
	standalone bool    // a function that nobody called is run
	settings   bool    // what this is a part of keeps settings
	facts      facts
	reasons    []webshell.Reason
	alarm      bool     // one of them is webshell or malicious
	brief      bool     // the verdict is all that is asked for
	certain    bool     // a web shell was seen beyond doubt
	shell      []packed // what was decoded until then
	reported   map[string]bool

	// What is kept so that it is not made again.
	stack    []value                   // arguments of the calls at hand
	top      int                       // how many of them
	spare    []*call                   // that are over
	secrets  map[string]bool           // what secretName said
	inputs   map[string]bool           // names under which the page asks for passwords
	regexes  map[string]*regexp.Regexp // by PHP's pattern; nil for those that do not compile
	undone   [6]undone
	turn     int           // of undone
	deflated io.ReadCloser // of undeflate
	buf      []byte        // of inflate
}

// looked is a text that was looked into, and for what.
type looked struct {
	into byte // 'e': evaluated, 'l': a literal, 'w': written to a file
	size int
	hash uint64
}

var seed = maphash.MakeSeed()

// first says that a text is looked into for the first time, and notes it.
func (m *machine) first(into byte, text string) bool {
	n := len(m.seen)
	m.seen[looked{into, len(text), maphash.String(seed, text)}] = true
	return len(m.seen) > n
}

// kindle gives a file in which something odd was seen all the steps there are,
// or a part of them where the file belongs to a program.
func (m *machine) kindle() {
	limit := maxSteps
	if m.framed {
		limit = maxSteps / 5
	}
	if m.limit < limit {
		m.steps += limit - m.limit
		m.limit = limit
	}
}

// A frame is the variables of one function call, or of the top level.
type frame struct {
	vars    map[string]*slot
	fn      *function
	class   *class
	this    *object
	ret     value
	hasRet  bool
	cond    int
	pending []string // labels that undecided branches jump to
	args    []value
	yields  value // of a generator, joined
	yielded bool
	list    *array // what it yields, one by one
	sent    value  // to the generator
	called  *class // whose static method runs, where that is not class
}

// find is the slot of a variable that a node names, nil if there is none. Most
// nodes name the same one again and again.
func (f *frame) find(n *node) *slot {
	if s := n.slot; s != nil && s.home == f {
		return s
	}
	s := f.vars[n.s]
	if s != nil && s.home == f {
		n.slot = s
	}
	return s
}

// bind has a name mean a slot.
func (f *frame) bind(name string, s *slot) {
	f.forget(name)
	f.vars[name] = s
}

// forget has a name mean nothing.
func (f *frame) forget(name string) {
	if s := f.vars[name]; s != nil {
		s.home = nil
		delete(f.vars, name)
	}
}

// A ctrl is how a statement ended.
type ctrl struct {
	kind  op // 0, nReturn, nBreak, nContinue, nGoto, nExit
	n     int64
	label string
}

func newMachine(path string, data []byte, have trait) *machine {
	m := &machine{path: path, have: have,
		funcs: map[string]*function{}, classes: map[string]*class{}, consts: map[string]value{},
		statics: map[*function]map[string]*slot{}, seen: map[looked]bool{}, reported: map[string]bool{},
		steps: quietSteps, limit: quietSteps, bytes: maxBytes, nodes: maxNodes, jumps: maxJumps}
	m.globals = &frame{vars: map[string]*slot{}}
	m.f = m.globals
	m.file = &unit{src: data, budget: &m.nodes, stock: stocks.Get().(*stock)}
	m.file.tokens, m.file.cut = m.file.stock.lex(data)
	m.unit, m.stack = m.file, m.file.stock.args[:]
	m.framed, m.guarded = framed(m.file)
	if have&hasShape != 0 {
		m.kindle()
	}
	return m
}

// framed says that a file is part of a program, which decides who gets to it:
// it has a namespace, extends classes that are elsewhere, or refuses to run
// when it is asked for directly; guarded says that it does no more than that.
func framed(u *unit) (framed, guarded bool) {
	is := func(i int, w string) bool {
		t := u.tokens[i]
		return t.kind == tIdent && int(t.end-t.pos) == len(w) && foldEqual(u.src[t.pos:t.end], w)
	}
	classes := map[string]bool{"exception": true, "php_user_filter": true, "errorexception": true, "arrayobject": true, "arrayiterator": true, "ziparchive": true}
	var parents []string
	own := false // a class or function of the file was seen
	for i := 0; i+3 < len(u.tokens); i++ {
		switch {
		case u.tokens[i].kind == tVar && !own && u.tokens[i].end-u.tokens[i].pos == 5 && string(u.src[u.tokens[i].pos:u.tokens[i].end]) == "$this":
			return true, false // a method of the program includes the file
		case u.tokens[i].kind != tIdent:
		case is(i, "function"), is(i, "fn"):
			own = true
		case i < 60 && (is(i, "php_sapi") || is(i, "php_sapi_name") || is(i, "\\php_sapi")) && commandLine(u, i):
			return true, false
		case i < 40 && is(i, "namespace") && u.tokens[i+1].kind == tIdent && (u.tokens[i+2].kind == ';' || u.tokens[i+2].kind == '{'):
			return true, false
		case is(i, "class") && u.tokens[i+1].kind == tIdent:
			own = true
			classes[lower(u.src[u.tokens[i+1].pos:u.tokens[i+1].end])] = true
		case is(i, "extends") && u.tokens[i+1].kind == tIdent && i >= 2 && (is(i-2, "class") || is(i-2, "abstract")):
			t := u.tokens[i+1]
			parents = append(parents, strings.TrimPrefix(lower(u.src[t.pos:t.end]), "\\"))
		case i < 60 && is(i, "defined") && u.tokens[i+1].kind == '(' && (u.tokens[i+2].kind == tStr || u.tokens[i+2].kind == tTpl) && u.tokens[i+3].kind == ')' && guards(u, i):
			guarded = true
		}
	}
	for _, p := range parents {
		if !classes[p] {
			return true, false
		}
	}
	return guarded, guarded
}

// commandLine says that the file stops unless it was started from a command
// line, by what stands around PHP_SAPI at i.
func commandLine(u *unit, i int) bool {
	cli, stops := false, false
	for j := max(0, i-4); j < len(u.tokens) && j < i+12; j++ {
		b := u.src[u.tokens[j].pos:u.tokens[j].end]
		switch u.tokens[j].kind {
		case tStr, tTpl:
			cli = cli || string(b[1:max(1, len(b)-1)]) == "cli"
		case tIdent:
			stops = stops || foldEqual(b, "die") || foldEqual(b, "exit") || foldEqual(b, "throw")
		case tEq, tSame:
			return false
		}
	}
	return cli && stops
}

// guards says that defined(…) at i is followed by the file's refusal to run.
func guards(u *unit, i int) bool {
	for j := i + 4; j < len(u.tokens) && j < i+10; j++ {
		t := u.tokens[j]
		if t.kind == tIdent {
			w := lower(u.src[t.pos:t.end])
			if w == "die" || w == "exit" || w == "return" || w == "header" {
				return true
			}
		}
	}
	return false
}

func (m *machine) newUnit(src []byte, outer *unit, inPHP bool) *unit {
	u := &unit{src: src, outer: outer, budget: &m.nodes, stock: m.file.stock}
	u.tokens, u.cut = u.stock.lexText(src, inPHP)
	return u
}

// program parses and runs a whole unit.
func (m *machine) program(u *unit) {
	p := newParser(u, 0, len(u.tokens)-1)
	list := p.statements()
	if u == m.file {
		m.list = list
	}
	was := m.unit
	m.unit = u
	m.hoist(list)
	m.run(list)
	m.unit = was
}

// hoist declares the functions and classes of a list before it runs.
func (m *machine) hoist(list []*node) {
	for _, n := range list {
		m.hoistOne(n)
	}
}

func (m *machine) hoistOne(n *node) {
	switch n.op {
	case nFunc:
		if m.funcs[n.fn.name] == nil {
			m.funcs[n.fn.name] = n.fn
		}
	case nClass:
		m.declare(n.class)
	case nBlock:
		m.hoist(n.list)
	case nIf:
		for _, arm := range n.list {
			m.hoistOne(arm.b)
		}
		if n.c != nil {
			m.hoistOne(n.c)
		}
	}
}

func (m *machine) declare(c *class) {
	if m.classes[c.name] == nil {
		m.classes[c.name] = c
	}
}

// run executes statements, following gotos to labels among them.
func (m *machine) run(list []*node) ctrl {
	var pending []string
	var visits, labels map[string]int
	find := func(l string) int {
		if labels == nil {
			labels = map[string]int{}
			for i := len(list) - 1; i >= 0; i-- {
				if list[i].op == nLabel {
					labels[list[i].s] = i
				}
			}
		}
		if i, ok := labels[l]; ok {
			return i
		}
		return -1
	}
	known := len(m.f.pending)
	for i := 0; ; i++ {
		if m.steps <= 0 {
			return ctrl{kind: nExit}
		}
		if i >= len(list) {
			if len(pending) == 0 {
				return ctrl{}
			}
			l := pending[len(pending)-1]
			pending = pending[:len(pending)-1]
			i = find(l)
			if i < 0 {
				return ctrl{}
			}
			continue
		}
		c := m.exec(list[i])
		if len(m.f.pending) > known { // jumps that may happen
			kept := m.f.pending[:0]
			for _, l := range m.f.pending {
				if visits[l] == 0 && find(l) >= 0 {
					if visits == nil {
						visits = map[string]int{}
					}
					visits[l]++
					pending = append(pending, l)
				} else if visits[l] == 0 {
					kept = append(kept, l)
				}
			}
			m.f.pending = kept
			known = len(kept)
		}
		switch c.kind {
		case 0:
		case nGoto:
			at := find(c.label)
			if at < 0 {
				return c
			}
			if visits == nil {
				visits = map[string]int{}
			}
			if m.jumps--; m.jumps <= 0 || visits[c.label] > 200 {
				if len(pending) == 0 {
					return ctrl{}
				}
				i = len(list)
				continue
			}
			visits[c.label]++
			i = at
		case nExit, nReturn:
			if m.f == m.globals { // what follows may be reached another way
				if len(pending) > 0 {
					i = len(list)
				}
				if c.kind == nReturn && m.evals > 0 {
					return c
				}
				continue
			}
			if len(pending) > 0 {
				if c.kind == nReturn {
					m.f.hasRet = true
				}
				i = len(list)
				continue
			}
			return c
		default:
			return c
		}
	}
}

func (m *machine) exec(n *node) ctrl {
	m.steps--
	if n.op != nBad { // which is shared
		n.ran = true
	}
	switch n.op {
	case nExpr:
		if n.a == nil {
			return ctrl{}
		}
		v := m.eval(n.a)
		_ = v
		if n.a.op == nExit {
			return ctrl{kind: nExit}
		}
	case nEcho:
		for _, x := range n.list {
			m.output(n, m.eval(x))
		}
	case nHTML:
		v := value{t: fromBlob}
		if size := int(n.end - n.pos); size <= maxPrinted && m.spend(size) {
			v.k, v.s = vStr, string(m.unit.src[n.pos:n.end])
		}
		m.print(v)
	case nBlock:
		return m.run(n.list)
	case nIf:
		return m.execIf(n)
	case nWhile:
		return m.loop(nil, n.a, nil, n.b, false)
	case nDo:
		return m.loop(nil, n.a, nil, n.b, true)
	case nFor:
		for _, x := range n.list[0].list {
			m.eval(x)
		}
		return m.loop(n.list[1].list, nil, n.list[2].list, n.b, false)
	case nForeach:
		return m.foreach(n)
	case nSwitch:
		return m.execSwitch(n)
	case nReturn:
		v := null
		if n.a != nil {
			v = m.eval(n.a)
			m.cloaked(n, v)
		}
		m.returned(v)
		return ctrl{kind: nReturn}
	case nBreak, nContinue:
		return ctrl{kind: n.op, n: n.n}
	case nGlobal:
		for _, x := range n.list {
			if x.op == nVar {
				m.f.bind(x.s, m.slotIn(m.globals, x.s))
			} else if x.op == nVarVar {
				if name, ok := m.eval(x.a).text(); ok {
					m.f.bind(name, m.slotIn(m.globals, name))
				}
			}
		}
	case nStatic:
		m.execStatic(n)
	case nUnset:
		for _, x := range n.list {
			m.unset(x)
		}
	case nTry:
		m.facts.thrown = value{}
		fragment := m.facts.fragment
		c := m.exec(n.a)
		m.facts.fragment = fragment // what ends the script is caught
		thrown := m.facts.thrown
		if thrown.k == vUnknown && thrown.t == 0 {
			thrown = m.facts.raised
		}
		for _, x := range n.list {
			if x.s != "" && (thrown.k != vUnknown || thrown.t != 0) {
				m.assign(&node{op: nVar, s: x.s}, exception(thrown))
			}
			m.cond++
			m.weak(m.exec(x))
			m.cond--
		}
		if n.b != nil {
			m.exec(n.b)
		}
		return c
	case nFunc:
		if m.funcs[n.fn.name] == nil {
			m.funcs[n.fn.name] = n.fn
		}
	case nClass:
		m.declare(n.class)
	case nGoto:
		return ctrl{kind: nGoto, label: n.s}
	case nConstDef:
		for _, c := range n.list {
			if c.b != nil {
				m.consts[c.s] = m.eval(c.b)
			}
		}
	}
	return ctrl{}
}

func (m *machine) returned(v value) {
	v = m.learned(v)
	if a, ok := v.ref.(*array); ok {
		a.shared = true
	}
	if m.f.hasRet || m.cond > m.f.cond {
		if m.f.hasRet {
			m.f.ret = join(m.f.ret, v)
		} else {
			m.f.ret = v
		}
		m.f.hasRet = true
		return
	}
	m.f.ret, m.f.hasRet = v, true
}

// keeps says that a branch that is not taken leaves s as it is.
func (m *machine) keeps(s *slot) bool {
	return m.dead > 0 && s.cond < m.deadCond && s.v.known() && s.v.k != vNull
}

// weak notes how an undecided branch ended and lets the code go on.
func (m *machine) weak(c ctrl) {
	if c.kind != 0 && c.kind != nContinue {
		m.facts.exits++
	}
	if c.kind == nGoto && len(m.f.pending) < 64 {
		m.f.pending = append(m.f.pending, c.label)
	}
}

func (m *machine) execIf(n *node) ctrl {
	leaves := true // every branch so far jumps away
	var last ctrl
	for i, arm := range n.list {
		v := m.eval(arm.a)
		yes, ok := v.truth()
		if ok && v.t&undecided == 0 && i == 0 {
			if yes {
				m.guard(arm.a)
				c := m.exec(arm.b)
				for _, other := range n.list[1:] {
					m.deadBranch(other.b)
				}
				m.deadBranch(n.c)
				return c
			}
			m.deadBranch(arm.b)
			if len(n.list) == 1 {
				if n.c != nil {
					return m.exec(n.c)
				}
				return ctrl{}
			}
			continue
		}
		undo := m.guard(arm.a)
		end := m.enter(arm.a, v)
		asks, absent := m.guests(arm.a)
		if absent {
			m.facts.spared++
		}
		deeper := 1 + min(i, 1) // than the first branch: what that assigned may be found there later
		m.cond += deeper
		before := m.includes
		c := m.exec(arm.b)
		if exits(arm.b) { // what is loaded only to leave protects nothing
			m.includes = before
		}
		m.cond -= deeper
		m.weak(c)
		end()
		undo()
		if absent {
			m.facts.spared--
		} else if asks && (c.kind == nReturn || c.kind == nExit) { // the rest is for those who are not
			m.facts.spared++
		}
		if c.kind == 0 || c.kind == nGoto {
			leaves = false
		} else if v.t&spotted != 0 && arm.a.op == nUn && arm.a.kind == '!' && (c.kind == nReturn || c.kind == nExit) { // the rest is for search engines
			m.facts.cloak++
			m.facts.searched++
			m.facts.botted++
		}
		last = c
	}
	if n.c != nil {
		m.cond += 2
		end := m.otherwise(n.list[len(n.list)-1].a)
		c := m.exec(n.c)
		end()
		m.cond -= 2
		m.weak(c)
		if leaves && c.kind != 0 && c.kind != nGoto && c.kind == last.kind {
			return c
		}
	}
	return ctrl{}
}

// exits says that a branch ends by ending the script.
func exits(n *node) bool {
	if n != nil && n.op == nBlock && len(n.list) > 0 {
		n = n.list[len(n.list)-1]
	}
	return n != nil && n.op == nExpr && n.a != nil && n.a.op == nExit
}

// deadBranch runs a branch that is not taken as things stand, since a setting
// at the top of the file may decide it. It changes no variable that was there
// before.
func (m *machine) deadBranch(n *node) {
	if n == nil || m.facts.loops > 0 || m.calls > 2 || m.dead > 3 || m.steps < m.limit/4 {
		return
	}
	m.dead++
	m.cond++
	if m.dead == 1 {
		m.deadCond = m.cond
	}
	m.exec(n)
	m.cond--
	m.dead--
}
