package script

import (
	"slices"
	"strings"
)

// A Host gives the names of a platform their meaning. A method that returns
// false leaves the matter to the machine.
type Host interface {
	Name(m *Machine, n *Node) (Value, bool)
	Member(m *Machine, n *Node, recv Value) (Value, bool)
	Call(m *Machine, n *Node, recv Value, name string, args []Value) (Value, bool)
	Index(m *Machine, n *Node, recv Value, args []Value) (Value, bool)
	New(m *Machine, n *Node, class string, args []Value) (Value, bool)
	Assign(m *Machine, n *Node, recv Value, name string, v Value) bool
	Compare(m *Machine, n *Node, a, b Value)
	Params(m *Machine, fn, class *Node) []Value
}

// A Machine runs programs abstractly.
type Machine struct {
	// Settles has Hurry end the run: what a verdict rests on does not matter.
	Settles bool

	Host  Host
	Depth int // of code run from text

	// What of the code was not read as it stands: it is nested deeper than can be
	// followed, or there is more of it than is read.
	Deep, Long bool

	units   []unit
	globals *frame
	symbols map[string]*symbol
	texts   map[string][]*Node // code that was run from text
	order   []*fun
	imports []string // classes whose static methods are called without their names
	aliases map[string]string
	classes map[string]*Node
	objects map[*Node]*Object
	cur     *frame
	dropped *Node // the statement whose value nobody uses
	pending []pending
	total   int     // steps left in all
	left    int     // steps left in this entry
	skimmed int     // steps that skim took
	making  []*Node // classes whose fields are being set
	brief   bool
	made    int
	eached  int // values that each called a function with
	tokens  int
	stock   *stock
	tails   [4][]byte
	heads   [4]head
	tail    int
	short   ring
	long    ring
	slab    []Value
	weak    int
	loops   int // of unknown rounds around the statement at hand
	marks   int // that the host made so far
	marked  int // conditions with a mark around the statement at hand
	escapes int
	thrown  Value           // by whatever threw last
	this    *Value          // of the function of JScript's that is called next
	kinds   map[any]*Object // prototypes of JScript, by the function or the name of the class
	nest    int
	calls   int
	dirty   bool
	hurry   bool
}

type unit struct {
	text string
	d    Dialect
}

type fun struct {
	n       *Node
	class   *Node
	d       Dialect
	local   bool // declared inside another: it sees that one's variables
	busy    int
	briefly int // calls with constants that skim followed
	memos   map[uint64]*memo
}

type cell struct {
	v      Value
	typ    string
	marked bool // set to a constant under a condition with a mark
}

type frame struct {
	vars map[*symbol]*cell // of globals they are in the symbols
	up   *frame            // of a closure
	self *Object
	fn   *fun
	ret  Value
	with Value
	d    Dialect
	weak int // of the machine when the frame began: its own variables start anew
}

type pending struct {
	f    *frame
	n    *Node
	from int
}

type control uint8

const (
	goOn control = iota
	breaks
	continues
	returns
)

const (
	totalSteps = 3_500_000
	entrySteps = 2_500_000
)

// NewMachine returns a machine with fresh budgets. Its owner may release it.
func NewMachine(h Host) *Machine {
	m := &Machine{Host: h, total: totalSteps, stock: stocks.Get().(*stock),
		symbols: map[string]*symbol{}, texts: map[string][]*Node{}, classes: map[string]*Node{}, objects: map[*Node]*Object{}}
	m.globals = &frame{}
	m.cur = m.globals
	return m
}

// Release gives back what programs were read into, for the next machine.
// Neither the machine nor any node of it may be used afterwards.
func (m *Machine) Release() {
	m.stock.release()
	m.stock = nil
}

// Text returns the text a node was read from and whether it is the file itself.
func (m *Machine) Text(n *Node) (string, bool) {
	if int(n.Unit) < len(m.units) {
		return m.units[n.Unit].text, n.Unit == 0
	}
	return "", false
}

// Source is a new unknown value with labels, from n.
func (m *Machine) Source(n *Node, l Label) Value {
	return Value{L: l, T: &Trace{Node: n, n: 1}}
}

// Passing reports whether the text that n was read from is shown only as long as
// it runs.
func (m *Machine) Passing(n *Node) bool { return n.Unit == maxUnits }

// Step adds n to the way of v.
func (m *Machine) Step(v Value, n *Node) Value {
	if v.T == nil || v.T.n > 12 || v.T.Node == n || v.T.Node.Pos == n.Pos && v.T.Node.Unit == n.Unit {
		return v
	}
	v.T = &Trace{Node: n, Prev: v.T, n: v.T.n + 1}
	return v
}

// Load reads the segments of text as code of dialect d and declares what it
// declares. The blocks it returns are to be given to Run.
func (m *Machine) Load(text string, segs []Segment, d Dialect) []*Node {
	if len(m.units) == 0 {
		m.units = append(m.units, unit{text, d})
	}
	unit := uint8(0)
	for u := range m.units {
		if len(m.units[u].text) == len(text) && m.units[u].text == text {
			unit = uint8(u)
		}
	}
	return m.load(text, segs, d, unit)
}

// Tokens after which a program is read in parts, and how many of all parts are
// parsed, twice as many of those that run something, and thrice as many with the
// texts that are run: what hides in a giant program stands at its start or its
// end, or is rare in it.
const (
	partTokens = 40_000
	maxTokens  = 180_000
)

func (m *Machine) load(text string, segs []Segment, d Dialect, unit uint8) []*Node {
	var out []*Node
	toks := m.stock.toks
	low := text
	if d.VB() {
		low = lowerASCII(text)
	}
	for parts := 0; len(segs) > 0; parts++ {
		toks = toks[:0]
		if d.VB() {
			toks, segs = lexVB(toks, text, low, segs, partTokens, d == VBNet)
		} else {
			toks, segs = lexC(toks, text, segs, partTokens, d == JScript)
		}
		m.stock.held = max(m.stock.held, len(toks))
		if parts > 0 && m.tokens > maxTokens && len(segs) > 0 {
			acts := runs(toks)
			m.Long = m.Long || acts && m.tokens > 2*maxTokens
			if !acts || m.tokens > 2*maxTokens {
				continue
			}
		}
		if parts > 1 && !m.worth(toks) {
			continue
		}
		m.unalias(toks, d)
		a := arena{stock: m.stock, unit: unit}
		var b *Node
		if d.VB() {
			b, a = parseVB(toks, d, a)
		} else {
			b, a = parseC(toks, d, a)
		}
		m.tokens += max(len(toks), a.made) // broken code makes more nodes than it has tokens
		m.Deep = m.Deep || a.deep
		m.declare(b, nil, d)
		out = append(out, b)
	}
	m.stock.toks = toks // for the next text: nodes do not hold them
	return out
}

// maxAliases bounds the names that code gives to classes.
const maxAliases = 500

// Alias makes a name stand for a class or namespace, as using A = B.C does.
func (m *Machine) Alias(name, class string, d Dialect) {
	if m.aliases == nil {
		m.aliases = map[string]string{}
	}
	if d.VB() {
		name = lowerASCII(name)
	}
	if class = lastName(class); len(m.aliases) < maxAliases && len(class) <= maxClass { // it is put wherever the name stands
		m.aliases[name] = class
	}
}

// unalias puts the names of classes where the code uses others for them.
func (m *Machine) unalias(toks []Token, d Dialect) {
	if d != CSharp && d != VBNet {
		return
	}
	for i := 0; i+3 < len(toks); i++ {
		if t := &toks[i]; t.Kind == tIdent && (t.S == "using" || d == VBNet && lowerASCII(t.S) == "imports") && toks[i+1].Kind == tIdent && toks[i+2].Kind == tOp && toks[i+2].Op == '=' {
			j := i + 3
			for j+2 < len(toks) && toks[j].Kind == tIdent && toks[j+1].Kind == tOp && (toks[j+1].Op == '.' || toks[j+1].Op == opScope) {
				j += 2
			}
			if toks[j].Kind == tIdent && toks[j].S != "new" {
				m.Alias(toks[i+1].S, toks[j].S, d)
			}
		}
	}
	if len(m.aliases) == 0 {
		return
	}
	for i := range toks {
		t := &toks[i]
		if t.Kind != tIdent || i > 0 && toks[i-1].Kind == tOp && toks[i-1].Op == '.' {
			continue
		}
		name := t.S
		if d == VBNet {
			name = lowerASCII(name)
		}
		if class, ok := m.aliases[name]; ok {
			t.S = class
		}
	}
}

// worth reports whether a later part of a giant program names anything that
// could matter.
func (m *Machine) worth(toks []Token) bool {
	for _, t := range toks {
		if t.Kind != tIdent {
			continue
		}
		switch lowerASCII(t.S) {
		case "eval", "execute", "executeglobal", "createobject", "getobject", "request", "process", "assembly", "activator", "script", "function", "sub":
			return true
		}
	}
	return false
}

// runs reports whether a part names what runs code, programs or objects.
func runs(toks []Token) bool {
	for _, t := range toks {
		if t.Kind != tIdent {
			continue
		}
		switch lowerASCII(t.S) {
		case "eval", "execute", "executeglobal", "createobject", "getobject", "activexobject", "process", "processstartinfo", "assembly", "activator", "saveas", "writealltext", "writeallbytes", "streamwriter", "filestream":
			return true
		}
	}
	return false
}

func (m *Machine) declare(b *Node, class *Node, d Dialect) {
	for _, k := range b.Kids {
		switch {
		case k == nil:
		case k.Kind == KFunc:
			f := &fun{n: k, class: class, d: d}
			s := m.named(lowerASCII(k.Name))
			s.funcs = append(s.funcs, f)
			m.order = append(m.order, f)
			if len(k.Kids) > 0 {
				if body := k.Kids[len(k.Kids)-1]; body.Kind == KBlock {
					m.declareInner(body, class, d)
				}
			}
		case k.Kind == KClass:
			m.classes[lowerASCII(k.Name)] = k
			m.declare(k, k, d)
		case k.Kind == KBlock:
			m.declare(k, class, d)
		case class == nil && d == VBScript && compound(k.Kind):
			m.declare(k, nil, d) // what an If holds is declared whether it holds or not
		}
	}
}

// compound reports whether statements of the kind hold others.
func compound(k Kind) bool {
	switch k {
	case KIf, KFor, KForEach, KForTo, KWhile, KSelect, KCase, KWith:
		return true
	}
	return false
}

// declareInner finds local functions.
func (m *Machine) declareInner(b *Node, class *Node, d Dialect) {
	for _, k := range b.Kids {
		if k != nil && k.Kind == KFunc {
			n := len(m.order)
			m.declare(&Node{Kids: []*Node{k}}, class, d)
			m.order[n].local = true
		}
	}
}

// Run runs the blocks, then every branch that was passed by, then every
// function that nothing called.
func (m *Machine) Run(blocks []*Node, d Dialect) {
	m.globals.d = d
	m.entry(func() {
		for _, b := range blocks {
			m.execBlock(b, 0)
		}
		m.drain()
	})
}

// RunFunctions runs every function that nothing called, twice when the first
// round left request data behind in what functions share.
func (m *Machine) RunFunctions() {
	var mine []*fun
	for i := 0; i < len(m.order); i++ { // grows when text is run
		if f := m.order[i]; !f.n.seen {
			mine = append(mine, f)
			m.runEntry(f)
		}
	}
	if m.dirty {
		for _, f := range mine {
			m.runEntry(f)
		}
	}
}

func (m *Machine) runEntry(f *fun) {
	m.entry(func() {
		args := m.Host.Params(m, f.n, f.class)
		var self *Object
		if f.class != nil {
			self = m.instance(f.class)
		}
		m.weak++ // what a function stores may or may not be there for another
		m.invoke(f, self, args, nil)
		m.weak--
		m.drain()
	})
}

// hurrySteps is what a machine has left once its host knows the verdict.
const hurrySteps = 20_000

// Hurry tells the machine that the verdict stands: what it still finds only
// adds to it, and nothing if the verdict is all that is asked for.
func (m *Machine) Hurry() {
	if m.hurry {
		return
	}
	m.hurry = true
	m.left = min(m.left, m.hurried())
}

// hurried is how many steps a machine that hurries has at most.
func (m *Machine) hurried() int {
	if m.Settles {
		return 0
	}
	return hurrySteps
}

func (m *Machine) entry(run func()) {
	m.left = min(entrySteps, m.total)
	before := m.left
	m.cur, m.nest = m.globals, 0
	run()
	m.total -= before - max(m.left, 0)
	if m.hurry {
		m.total = min(m.total, m.hurried())
	}
	if m.left <= 0 && !m.hurry {
		m.skim(run)
	}
	m.pending = m.pending[:0]
}

// skimSteps is what all entries together have to be gone through once more.
const skimSteps = 400_000

// skim goes through an entry that used up its steps once more, past rounds of
// loops and calls with constants: nothing hides behind work that is endless.
func (m *Machine) skim(run func()) {
	m.cur, m.nest = m.globals, 0
	m.brief, m.left = true, skimSteps-m.skimmed
	run()
	m.brief, m.skimmed = false, skimSteps-max(m.left, 0)
}

// drain runs the branches that constant conditions passed by: a constant here
// may be something else in truth.
func (m *Machine) drain() {
	var done []pending
	for i := 0; i < len(m.pending) && m.left > 0; i++ {
		if p := m.pending[i]; !p.n.seen || p.from > 0 {
			m.aside(p)
			done = append(done, p)
		}
	}
	// What a later branch learnt may matter to an earlier one.
	for i := 0; i < len(done) && len(done) < 300 && len(done) > 1 && m.left > 0; i++ {
		m.aside(done[i])
	}
	m.pending = m.pending[:0]
}

func (m *Machine) aside(p pending) {
	m.cur = p.f
	m.weak++
	p.n.seen = true
	m.execBlock(p.n, p.from)
	m.weak--
	m.cur = m.globals
}

// maxPending is how many branches are kept for later.
const maxPending = 60_000

func (m *Machine) later(n *Node) {
	if n != nil && !n.seen && len(m.pending) < maxPending {
		m.pending = append(m.pending, pending{m.cur, n, 0})
	}
}

// maxTexts is how deep texts that are run may stand in one another.
const maxTexts = 30

// maxUnits is how many texts, the file among them, are kept to be shown.
const maxUnits = 200

// RunText runs constant text as code, in the scope of the caller. It returns
// false when the text is too deep or too long, or was run before.
func (m *Machine) RunText(text string, d Dialect) (Value, bool) {
	if m.Depth > maxTexts || len(text) > 4<<20 || m.left <= 0 {
		return Value{}, false
	}
	blocks, known := m.texts[text]
	if !known && m.tokens > 3*maxTokens {
		m.Long = true
		return Value{}, false
	}
	if !known {
		at := len(m.units)
		if at < maxUnits {
			m.units = append(m.units, unit{text, d})
		} else { // code that hides behind many texts is run, too: the last place is for all of them
			if at = maxUnits; len(m.units) == at {
				m.units = append(m.units, unit{})
			}
			m.left -= len(text)
		}
		blocks = m.load(text, []Segment{{Start: 0, End: len(text)}}, d, uint8(at))
		m.texts[text] = blocks
	}
	if len(blocks) > 0 && blocks[0].Unit == maxUnits { // shown as long as it runs
		around := m.units[maxUnits]
		m.units[maxUnits] = unit{text, d}
		defer func() { m.units[maxUnits] = around }()
	}
	m.Depth++
	old := m.cur.d
	m.cur.d = d
	defer func(f *frame) { m.Depth--; f.d = old }(m.cur)
	var last Value
	for _, b := range blocks {
		if len(b.Kids) == 1 && b.Kids[0].Kind == KExpr {
			e := b.Kids[0].Kids[0]
			if d == VBScript && e.Kind == KCall && len(e.Kids) == 1 && e.Kids[0].Kind == KName { // Eval("Request") is the object
				e = e.Kids[0]
			}
			last = m.eval(e)
			continue
		}
		m.execBlock(b, 0)
	}
	return last, !known
}

// instance is the object that stands for every instance of a class whose
// methods nobody calls.
func (m *Machine) instance(class *Node) *Object {
	o := m.objects[class]
	if o == nil {
		o = &Object{Class: class, Fields: map[string]Value{}}
		m.objects[class] = o
		m.initialize(o)
	}
	return o
}

func (m *Machine) initialize(o *Object) {
	if slices.Contains(m.making, o.Class) { // the only object of its class, which the class holds itself
		return
	}
	m.making = append(m.making, o.Class)
	f := &frame{self: o, d: m.cur.d}
	old := m.cur
	m.cur = f
	for _, k := range o.Class.Kids {
		m.fields(o, k)
	}
	m.cur = old
	m.making = m.making[:len(m.making)-1]
}

func (m *Machine) fields(o *Object, k *Node) {
	if k == nil {
		return
	}
	if k.Kind == KBlock {
		for _, d := range k.Kids {
			m.fields(o, d)
		}
		return
	}
	if k.Kind != KDecl {
		return
	}
	m.left-- // an object of many fields is many steps
	var v Value
	if len(k.Kids) > 0 && k.Kids[0] != nil {
		v = m.eval(k.Kids[0])
	}
	o.Fields[k.Name] = typed(v, k.Low)
}

// typed gives an unknown value the class it was declared with.
func typed(v Value, class string) Value {
	if class != "" && (v.K == VUnknown || v.K == VNull && class != "string") {
		switch class {
		case "string", "object", "var", "variant", "dynamic", "integer":
			return v
		case "int", "long", "bool", "boolean", "double", "datetime", "decimal", "guid", "int32", "int64":
			if v.L != 0 {
				v.L |= Numeric
			}
			return v
		}
		if class[len(class)-1] == ']' {
			return v
		}
		return Value{K: VObject, S: class, L: v.L, T: v.T, O: &Object{}}
	}
	return v
}

// Function returns the function that holds the code now run, or nil.
func (m *Machine) Function() *Node {
	if m.cur.fn != nil {
		return m.cur.fn.n
	}
	return nil
}

// Functions calls visit with each function and its class.
func (m *Machine) Functions(visit func(fn, class *Node)) {
	for _, f := range m.order {
		visit(f.n, f.class)
	}
}

// Class returns a class the code declares, by its name in lower case.
func (m *Machine) Class(name string) *Node { return m.classes[name] }

// Dialect is the language of the code now run.
func (m *Machine) Dialect() Dialect { return m.cur.d }

// Mark marks the condition that is being evaluated, if one is.
func (m *Machine) Mark() { m.marks++ }

// Marked reports whether the statement at hand runs only where a condition
// that was marked holds.
func (m *Machine) Marked() bool { return m.marked > 0 }

// maxShown bounds the page's own text between two pieces of code, in bytes.
const maxShown = 16 << 10

// markup is the page's own text behind the code that ends at n.
func (m *Machine) markup(n *Node) string {
	text, _ := m.Text(n)
	text = strings.TrimPrefix(text[min(len(text), int(n.Pos)):], "%>")
	text = text[:min(len(text), maxShown)]
	if i := strings.Index(text, "<%"); i >= 0 {
		text = text[:i]
	}
	return text
}

// Looping reports whether the statement at hand runs for each of a number of
// rounds that is not known.
func (m *Machine) Looping() bool { return m.loops > 0 }

// Discards reports whether nobody uses what the call at hand gives, in the
// languages with semicolons.
func (m *Machine) Discards(n *Node) bool {
	return m.dropped != nil && slices.Contains(m.dropped.Kids, n)
}

// SetGlobal gives a page-wide variable a value.
func (m *Machine) SetGlobal(name string, v Value) { m.named(name).global = &cell{v: v} }

// Share stores a value that all code of the file sees under a key of the host.
func (m *Machine) Share(key string, v Value) {
	s := m.named(key)
	if s.global != nil {
		s.global.v = join(s.global.v, v)
		return
	}
	if v.T != nil {
		m.dirty = true
	}
	s.global = &cell{v: v}
}

// Shared returns what Share stored.
func (m *Machine) Shared(key string) (Value, bool) {
	return m.Global(key)
}

// Wrote keeps what was written to a file.
func (m *Machine) Wrote(path string, content Value) {
	m.Share("written#"+strings.ToLower(path), content)
}

// Written returns what Wrote kept of a file whose path is known.
func (m *Machine) Written(path Value) (Value, bool) {
	s, ok := path.Text()
	if !ok {
		return Value{}, false
	}
	return m.Shared("written#" + strings.ToLower(s))
}

// Global returns a page-wide variable.
func (m *Machine) Global(name string) (Value, bool) {
	if s := m.symbols[name]; s != nil && s.global != nil {
		return s.global.v, true
	}
	return Value{}, false
}

// Taint makes the variable that n names stem from v too, as when a buffer is
// filled from it.
func (m *Machine) Taint(n *Node, v Value) {
	if n == nil || n.Kind != KName {
		return
	}
	if c := m.lookup(n); c != nil {
		u := Union(v)
		c.v = Value{L: c.v.L | u.L, T: u.T}
	}
}
