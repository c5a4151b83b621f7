package client

import (
	"limier/internal/script"
)

// Bounds of one file's run.
const (
	maxSteps   = 1_200_000
	maxTurning = 3 * maxSteps // further ones, for a script that turns a list of texts until they fit
	maxText    = 2 << 20      // bytes of one text
	maxMade    = 48 << 20     // bytes of all that is made
	maxElems   = 1 << 17      // of a list
	maxNest    = 400          // statements, with the calls around them, and half as deep as expressions
	maxDeep    = 6            // code that makes code
	perStep    = 512          // bytes of text that are passed over for one step
)

// Bounds of functions that are run later: how many, and how many of one place in a
// script, which a loop may make.
const (
	maxQueue = 400
	maxAlike = 20
)

// Bounds of functions that nobody calls: how many are run, and their steps.
const (
	maxIdle   = 50
	idleSteps = maxSteps / 100
)

// A control is how a statement ended.
type control uint8

const (
	next control = iota
	breaks
	continues
	returns
	throws
)

// A runner runs scripts without any effect: what is constant is computed, of
// what is not both ways are taken, and the browser is told nothing.
type runner struct {
	browser
	global  *scope
	cur     *scope
	ret     value
	raised  bool // the expression threw
	under   mark // of the conditions that decided to come here
	left    int
	made    int
	nest    int
	deep    int
	at      int    // offset in the file of the statement at hand
	css     string // what scripts add to the page's styles
	starts  []int  // of the scripts in the file, by the unit of their nodes
	queue   []event
	waiting map[*script.Node]int // how many of the queue are of a place
	idle    []value              // functions of short scripts
	short   bool                 // the script at hand is one
	codes   map[string]bool      // that were run

	unsure   int       // conditions that are not known round the statement at hand
	endless  int       // loops round the statement at hand that do not end by themselves
	gathered bool      // something was read that a visitor types
	turns    bool      // a script turns a list of texts
	stored   mark      // of what is kept in the browser
	posted   mark      // of what workers are sent
	pending  []request // whose answers nobody has looked at so far

	patterns map[string]pattern
	names    map[string]mark // what names of fields tell
	ciphers  map[*script.Node]*cipher

	programs []*script.Node // the file's scripts
	aside    []aside
	returned map[*script.Node]int // how often code was put aside
	brief    map[*script.Node]int // calls, while scripts are gone through once more
}

// An event is a function that the browser may call.
type event struct {
	heard bool // the browser does, and cares for nothing that it returns
	fn    value
	this  value
	args  []value
	under mark
}

func newRunner() *runner {
	r := &runner{left: maxSteps, codes: map[string]bool{}, patterns: map[string]pattern{}, waiting: map[*script.Node]int{}, ciphers: map[*script.Node]*cipher{}, returned: map[*script.Node]int{}}
	r.told, r.hidden, r.linked = map[string]bool{}, map[string]bool{}, map[string]bool{}
	r.global = &scope{this: obj(&object{class: "window"})}
	r.cur = r.global
	return r
}

// made is the unit of the nodes of code that a script made.
const made = 255

// script runs a script that starts at an offset of the file.
func (r *runner) script(text string, at int) {
	unit := min(len(r.starts), made-1)
	if unit == len(r.starts) {
		r.starts = append(r.starts, at)
	}
	b := script.ParseJS(text, 0, len(text), uint8(unit))
	r.programs = append(r.programs, b)
	r.short = len(text) <= smallScript || len(text) <= maxChat && chatNames().AnyIn(text)
	r.run(b)
	r.runAside()
}

// run runs a program.
func (r *runner) run(b *script.Node) value {
	var last value
	r.hoist(b)
	for _, k := range b.Kids {
		if k != nil && k.Kind == script.KExpr && len(k.Kids) == 1 {
			r.place(k)
			last = r.eval(k.Kids[0])
			last.dropped()
			if r.raised {
				break
			}
			continue
		}
		if r.exec(k) == throws || r.left <= 0 {
			break
		}
	}
	r.raised = false
	return last
}

// drain runs what the scripts left for later.
func (r *runner) drain() {
	for round := range 2 {
		for i := 0; i < len(r.queue) && r.left > 0; i++ {
			e := r.queue[i]
			if e.fn.o.runs++; e.fn.o.runs > 2+round {
				continue
			}
			r.under = e.under
			if v := r.call(e.fn, e.this, e.args); e.heard {
				v.dropped()
			}
			r.raised = false
			r.runAside()
		}
		if !r.gathered { // else what one handler keeps another may send
			break
		}
	}
	r.queue = nil
	clear(r.waiting)
	r.unused()
	r.conclude()
}

// unused runs functions that nobody called: elements of the page may.
func (r *runner) unused() {
	left := r.left
	r.left = min(left, idleSteps)
	before := r.left
	for _, f := range r.idle {
		if f.o.calls == 0 && r.left > 0 {
			r.under = 0
			r.shows(r.call(f, r.global.this, make([]value, len(f.o.fn.Kids))))
			r.raised = false
		}
	}
	r.idle = nil
	r.left = left - (before - max(0, r.left))
}

func (r *runner) later(fn, this value, args ...value) {
	if !fn.callable() || len(r.queue) >= maxQueue {
		return
	}
	if n := fn.o.fn; n != nil {
		if r.waiting[n]++; r.waiting[n] > maxAlike {
			return
		}
	}
	r.queue = append(r.queue, event{fn: fn, this: this, args: args, under: r.under})
}

// hears is later for who listens to the browser, which calls a function or the
// method handleEvent of an object.
func (r *runner) hears(v, this value, args ...value) {
	if v.is("object") {
		v, this = v.o.props["handleEvent"], v
	}
	n := len(r.queue)
	r.later(v, this, args...)
	if len(r.queue) > n {
		r.queue[n].heard = true
	}
}

// spend counts bytes that are made.
func (r *runner) spend(n int) bool {
	r.made += n
	r.left -= n / 64
	if r.made > maxMade {
		r.left = 0
	}
	return r.left > 0
}

func (r *runner) place(n *script.Node) {
	if int(n.Unit) < len(r.starts) {
		r.at = r.starts[n.Unit] + int(n.Pos)
	}
}

// hoist declares the functions of a block before it is run.
func (r *runner) hoist(b *script.Node) {
	r.left -= len(b.Kids) / 16
	for _, k := range b.Kids {
		if k != nil && k.Kind == script.KFunc {
			r.spend(128)
			f := r.function(k)
			r.cur.define(k.Name, f)
			r.idles(f)
		}
	}
}

// idles notes a function that has a name for all of the page.
func (r *runner) idles(f value) {
	if f.is("function") && r.cur == r.global && r.short && len(r.idle) < maxIdle {
		r.idle = append(r.idle, f)
	}
}

func (r *runner) function(n *script.Node) value {
	f := &object{class: "function", fn: n, env: r.cur}
	switch n.Op {
	case script.OpArrow:
		f.this = r.cur.this
	case 'g':
		f.class = "getter"
	}
	return obj(f)
}

func (r *runner) block(b *script.Node) control {
	if b == nil {
		return next
	}
	if b.Kind != script.KBlock {
		return r.exec(b)
	}
	r.hoist(b)
	for _, k := range b.Kids {
		if c := r.exec(k); c != next {
			return c
		}
		if r.left <= 0 {
			return next
		}
	}
	return next
}

func (r *runner) exec(n *script.Node) control {
	if n == nil {
		return next
	}
	r.left--
	if r.left <= 0 {
		return next
	}
	if r.nest > maxNest {
		r.putAside(n)
		return next
	}
	r.place(n)
	r.nest++
	c := r.statement(n)
	r.nest--
	if r.raised {
		r.raised = false
		return throws
	}
	return c
}

func (r *runner) statement(n *script.Node) control {
	switch n.Kind {
	case script.KBlock:
		return r.block(n)
	case script.KExpr:
		for _, k := range n.Kids {
			r.eval(k).dropped()
		}
	case script.KDecl:
		if len(n.Kids) > 0 {
			v := r.eval(n.Kids[0])
			r.idles(v)
			r.cur.define(n.Name, v)
		} else if r.cur != r.global && r.cur.own(n.Name) == nil {
			r.cur.define(n.Name, none())
		}
	case script.KIf:
		return r.branch(n)
	case script.KFor:
		r.exec(n.Kids[0])
		return r.loop(n.Kids[1], n.Kids[3], n.Kids[2], false)
	case script.KWhile:
		return r.loop(n.Kids[0], n.Kids[1], nil, n.Flag&1 == 1)
	case script.KForEach:
		return r.each(n)
	case script.KSelect:
		return r.choose(n)
	case script.KTry:
		c := r.block(n.Kids[0])
		if c == throws {
			c = next
			if len(n.Kids) > 1 {
				c = r.block(n.Kids[1])
			}
		}
		if len(n.Kids) > 2 {
			r.block(n.Kids[2])
		}
		return c
	case script.KWith:
		return r.block(n.Kids[1])
	case script.KReturn:
		v := none()
		if len(n.Kids) > 0 {
			v = r.eval(n.Kids[0])
		}
		if n.Op == 't' {
			return throws
		}
		if v.is("element") && v.o.name == "promise" { // the caller may wait for it
			v.o.set(given, yes(true))
			r.shows(v)
		}
		if by := r.under & (byRobot | byMember | fromCard); by != 0 && (v.k == boolean || v.k == number) { // both ways were taken to come here
			v = value{from: by | r.under&fromKept}
		}
		r.ret = v
		return returns
	case script.KBreak:
		return breaks
	case script.KContinue:
		return continues
	case script.KFunc, script.KHTML, script.KImport:
	default:
		r.eval(n)
	}
	return next
}

// branch is an if; where the condition is not known both ways are taken, and
// what follows a way out stands under the condition, too.
func (r *runner) branch(n *script.Node) control {
	before := r.under
	var out control
	ways, ended, unsure := 0, 0, 0
	way := func(b *script.Node) {
		ways++
		r.unsure += unsure
		if c := r.block(b); c != next {
			ended++
			out = c
		}
		r.unsure -= unsure
	}
	for i := 0; i+1 < len(n.Kids); i += 2 {
		c := r.eval(n.Kids[i])
		if r.raised {
			return throws
		}
		truth, known := c.truth()
		if known && !truth {
			continue
		}
		if !known {
			unsure = 1
		}
		r.under |= c.from
		way(n.Kids[i+1])
		if known {
			if ways == 1 {
				return out
			}
			goto end
		}
	}
	if len(n.Kids)%2 == 1 {
		if ways == 0 {
			return r.block(n.Kids[len(n.Kids)-1])
		}
		way(n.Kids[len(n.Kids)-1])
	} else {
		ways++
	}
end:
	if ended == 0 {
		r.under = before
	}
	if ended == ways {
		return out
	}
	return next
}

func (r *runner) loop(cond, body, post *script.Node, late bool) control {
	floor := r.left / 4 // a loop may not eat what comes behind it
	if cond == nil || cond.Kind == script.KBool {
		if body != nil && body.Kind == script.KBlock && len(body.Kids) == 0 { // it only keeps the browser busy
			return next
		}
		r.endless++
		defer func() { r.endless-- }()
	}
	for rounds := 0; r.left > floor; rounds++ {
		r.left-- // an empty body costs, too
		known := true
		if cond != nil && !(late && rounds == 0) {
			c := r.eval(cond)
			truth, ok := c.truth()
			if ok && !truth || r.raised {
				return next
			}
			if known = ok; !known && rounds > 1 {
				return next
			}
		}
		switch c := r.block(body); c {
		case breaks:
			return next
		case returns, throws:
			if known {
				return c
			}
			return next
		}
		r.exec(post)
		if r.brief != nil {
			return next
		}
	}
	return next
}

func (r *runner) each(n *script.Node) control {
	list := r.eval(n.Kids[1])
	var items []value
	known := true
	switch {
	case list.is("array") && n.Op != 'k':
		items = list.o.elems
	case list.is("array"):
		r.spend(64 * len(list.o.elems))
		for i := range list.o.elems {
			items = append(items, str(format(float64(i))))
		}
	case list.is("object"):
		r.spend(64 * len(list.o.keys))
		for _, k := range list.o.keys {
			items = append(items, str(k))
		}
	case list.k == text && list.known():
		s := list.s[:min(len(list.s), maxElems)]
		r.spend(64 * len(s))
		for i, c := range units(s) {
			if n.Op == 'k' {
				items = append(items, str(format(float64(i))))
			} else {
				items = append(items, str(c))
			}
		}
	default:
		known = false
		items = []value{some(list)}
		if n.Op != 'k' && list.k == ref {
			items[0] = dom("item", list)
		}
	}
	floor := r.left / 4
	for _, v := range items {
		r.left--
		r.assignName(n.Kids[0].Name, v)
		switch c := r.block(n.Kids[2]); c {
		case breaks:
			return next
		case returns, throws:
			if known {
				return c
			}
		}
		if r.left < floor || r.brief != nil {
			break
		}
	}
	return next
}

// choose is a switch: from the case that fits on, or every case.
func (r *runner) choose(n *script.Node) control {
	v := r.eval(n.Kids[0])
	open := !v.known()
	run, fallback := -1, -1
	for i, c := range n.Kids[1:] {
		if c.Flag&1 == 1 {
			fallback = i
		}
		if open || run >= 0 || len(c.Kids) == 0 {
			continue
		}
		for _, k := range c.Kids[:len(c.Kids)-1] {
			if same, ok := r.equal(v, r.eval(k)); ok && same {
				run = i
			}
		}
	}
	if run < 0 {
		run = fallback
	}
	if open {
		run = 0
	}
	if run < 0 {
		return next
	}
	for _, c := range n.Kids[1+min(run, len(n.Kids)-1):] {
		if len(c.Kids) == 0 {
			continue
		}
		switch c := r.block(c.Kids[len(c.Kids)-1]); c {
		case next:
		case breaks:
			if !open {
				return next
			}
		default:
			if !open {
				return c
			}
		}
	}
	return next
}

func (r *runner) assignName(name string, v value) {
	r.idles(v)
	if old := r.cur.find(name); old != nil {
		*old = v
		return
	}
	if r.setGlobal(name, v) {
		return
	}
	r.global.define(name, v)
}
