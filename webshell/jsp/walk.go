package jsp

import (
	"strconv"
	"strings"
)

// maxDepth is how deep expressions are followed; what is nested deeper is
// read later, as a statement of its own.
const maxDepth = 150

// Bounds on what makes a walk more than linear: methods within methods that
// see each other's variables, and methods of one name.
const (
	maxNesting   = 16
	maxOverloads = 16
)

// A method is one that the page declares.
type method struct {
	name   string
	params []param
	body   [2]int // token range
	parent int    // the enclosing method, 0 for the page itself
	result value
}

type param struct {
	name, typ string
	got       value
}

type varKey struct {
	scope int
	name  string
}

// A walker follows values through the code of a page.
type walker struct {
	page    *page
	code    string // the piece of the page's code that is walked
	from    int    // where it begins
	tokens  []token
	methods []method
	byName  map[string][]int
	byBrace map[int]int // index of '{' → method
	extends map[string]string
	classes map[string]bool // that the page declares
	lambdas map[int]int     // token of the body → method
	vars    map[varKey]value
	before  map[string]value // what variables held where the piece before ended
	checked map[varKey]check // where variables are known to hold less than anything
	scope   int
	i, hi   int
	depth   int
	later   [][3]int // token ranges nested too deep, with their scope
	work    int      // bytes folded so far
	calls   int      // of functions that are values
	changed bool
	target  varKey // of the last expression, if it can be assigned to
	first   string // name of the variable that is the first argument of the last call
	third   varKey // the variable that is the third
	facts   *facts
}

func (w *walker) text(t token) string { return w.code[int(t.at)-w.from : int(t.to)-w.from] }

func (w *walker) is(i int, op byte) bool {
	return uint(i) < uint(len(w.tokens)) && w.tokens[i].kind == punct && w.tokens[i].op == [2]byte{op}
}

func (w *walker) isTwo(i int, a, b byte) bool {
	return uint(i) < uint(len(w.tokens)) && w.tokens[i].kind == punct && w.tokens[i].op == [2]byte{a, b}
}

func (w *walker) isIdent(i int) bool {
	return uint(i) < uint(len(w.tokens)) && w.tokens[i].kind == ident
}

func (w *walker) word(i int) string {
	if !w.isIdent(i) {
		return ""
	}
	return w.text(w.tokens[i])
}

// run walks the tokens until nothing new is learned, three times at most.
func (w *walker) run() {
	w.vars, w.lambdas, w.checked = map[varKey]value{}, map[int]int{}, map[varKey]check{}
	for id, class := range w.page.made {
		w.vars[varKey{0, id}] = value{typ: simple(class)}
	}
	for name, v := range w.before {
		w.vars[varKey{0, name}] = v
	}
	w.declare()
	for range 3 {
		w.changed = false
		w.depth, w.scope = 0, 0
		w.block(0, len(w.tokens))
		for n := 0; len(w.later) > 0; n++ {
			if n > len(w.tokens) { // each stands behind the one that held it
				w.facts.full, w.later = true, nil
				break
			}
			r := w.later[len(w.later)-1]
			w.later = w.later[:len(w.later)-1]
			w.scope, w.depth = r[2], 0
			w.block(r[0], r[1])
		}
		if !w.changed {
			return
		}
	}
}

// declare finds the methods and classes of the page.
func (w *walker) declare() {
	w.methods = []method{{body: [2]int{0, len(w.tokens)}}}
	w.byName, w.byBrace = map[string][]int{}, map[int]int{}
	w.extends, w.classes = map[string]string{}, map[string]bool{}
	type open struct{ end, method int }
	var stack []open
	for i := 0; i < len(w.tokens); i++ {
		for len(stack) > 0 && stack[len(stack)-1].end <= i {
			stack = stack[:len(stack)-1]
		}
		if !w.isIdent(i) {
			continue
		}
		name := w.word(i)
		if name == "class" && w.isIdent(i+1) && !w.is(i-1, '.') {
			w.classes[w.word(i+1)] = true
			for j := i + 2; j < i+12 && j < len(w.tokens) && !w.is(j, '{'); j++ {
				if w.word(j) == "extends" {
					last := w.word(j + 1)
					for k := j + 2; w.is(k, '.') && w.isIdent(k+1); k += 2 {
						last = w.word(k + 1)
					}
					w.extends[w.word(i+1)] = last
				}
			}
			continue
		}
		if !w.is(i+1, '(') || i > 0 && w.is(i-1, '.') || keywords[name] {
			continue
		}
		shut := int(w.tokens[i+1].pair)
		if shut <= i || shut >= len(w.tokens) {
			continue
		}
		brace := shut + 1
		if w.word(brace) == "throws" {
			for brace < len(w.tokens) && brace < shut+40 && !w.is(brace, '{') && !w.is(brace, ';') {
				brace++
			}
		}
		if !w.is(brace, '{') || i > 0 && (w.word(i-1) == "new" || w.is(i-1, '=')) {
			continue
		}
		m := method{name: name, params: w.parameters(i+2, shut), body: [2]int{brace + 1, int(w.tokens[brace].pair)}}
		if n := len(stack); n > 0 && n < maxNesting {
			m.parent = stack[n-1].method
		}
		w.methods = append(w.methods, m)
		index := len(w.methods) - 1
		if len(w.byName[name]) < maxOverloads {
			w.byName[name] = append(w.byName[name], index)
		}
		w.byBrace[brace] = index
		stack = append(stack, open{end: m.body[1], method: index})
	}
}

// parameters reads the parameters of a method between two tokens.
func (w *walker) parameters(lo, hi int) []param {
	var out []param
	from := lo
	flush := func(to int) {
		name, typ := "", ""
		for j := from; j < to; j++ {
			if !w.isIdent(j) {
				continue
			}
			if name != "" && typ == "" || name != "" && w.is(j-1, '.') {
				typ = name
			}
			if name != "" {
				typ = name
			}
			name = w.word(j)
		}
		if name != "" {
			p := param{name: name, typ: typ}
			if requestTypes[typ] {
				p.typ = "Request"
			}
			out = append(out, p)
		}
	}
	angle := 0
	for j := lo; j < hi && len(out) < 64; j++ {
		switch {
		case w.is(j, '<'):
			angle++
		case w.is(j, '>'):
			angle--
		case w.is(j, ',') && angle <= 0:
			flush(j)
			from = j + 1
		}
	}
	flush(hi)
	return out
}

// thrown stands for whatever the page throws.
var thrown = varKey{0, "@thrown"}

// block walks statements from lo to hi.
func (w *walker) block(lo, hi int) {
	savedI, savedHi := w.i, w.hi
	w.i, w.hi = lo, min(hi, len(w.tokens))
	type open struct{ end, scope int }
	var scopes []open
	for w.i < w.hi {
		for len(scopes) > 0 && w.i >= scopes[len(scopes)-1].end {
			w.scope = scopes[len(scopes)-1].scope
			scopes = scopes[:len(scopes)-1]
		}
		start := w.i
		t := w.tokens[w.i]
		if t.kind == punct && t.op[0] == '{' {
			if m, ok := w.byBrace[w.i]; ok {
				scopes = append(scopes, open{int(t.pair), w.scope})
				w.scope = m
				w.enter(m)
			}
			w.i++
			continue
		}
		w.statement(t)
		if w.i <= start {
			w.i = start + 1
		}
	}
	for _, o := range scopes[:min(1, len(scopes))] {
		w.scope = o.scope
	}
	w.i, w.hi = savedI, savedHi
}

// enter gives a method's parameters what its callers passed.
func (w *walker) enter(index int) {
	for _, p := range w.methods[index].params {
		v := p.got
		if v.typ == "" || p.typ == "Request" {
			v.typ = p.typ
		}
		w.vars[varKey{index, p.name}] = v
	}
}

func (w *walker) statement(t token) {
	switch t.kind {
	case punct:
		switch t.op[0] {
		case '(', '!', '-', '+', '~':
			w.expr(0)
		default:
			w.i++
		}
	case ident:
		word := w.text(t)
		switch word {
		case "import", "package":
			for w.i < w.hi && !w.is(w.i, ';') {
				w.i++
			}
			return
		case "return", "yield":
			w.i++
			if w.i < w.hi && !w.is(w.i, ';') {
				v := w.expr(0)
				m := &w.methods[w.scope]
				was := m.result
				m.result = join(m.result, v)
				if m.result.taint != was.taint || m.result.typ != was.typ || m.result.name != was.name || m.result.isStr != was.isStr {
					w.changed = true
				}
			}
			return
		case "for":
			w.forEach()
			return
		case "if":
			w.narrow()
		case "class", "interface", "enum":
			for w.i < w.hi && !w.is(w.i, '{') && !w.is(w.i, ';') && !w.is(w.i, '(') {
				w.i++
			}
			return
		case "native":
			w.facts.native = append(w.facts.native, t.at)
		case "throw":
			w.i++
			w.assign(thrown, w.expr(0))
			return
		case "catch":
			if w.is(w.i+1, '(') {
				shut := int(w.tokens[w.i+1].pair)
				if name := w.word(shut - 1); name != "" {
					v := w.vars[thrown]
					v.typ = "Exception"
					w.assign(varKey{w.scope, name}, v)
				}
				w.skipTo(shut + 1)
				return
			}
		}
		if keywords[word] && word != "new" && word != "this" && word != "super" {
			w.i++
			return
		}
		if w.declaration() {
			return
		}
		w.expr(0)
	default:
		w.expr(0)
	}
}

// forEach reads for (T x : xs), which gives x what xs holds.
func (w *walker) forEach() {
	w.i++
	if !w.is(w.i, '(') {
		return
	}
	lo, hi := w.i+1, int(w.tokens[w.i].pair)
	for j := lo; j < hi && j < lo+24; j++ {
		if w.is(j, ';') || w.is(j, '(') || w.is(j, '=') {
			break
		}
		if w.is(j, ':') && w.isIdent(j-1) {
			name, typ := w.word(j-1), ""
			if j-2 >= lo {
				typ = w.typeEnding(j - 2)
			}
			w.i = j + 1
			v := w.expr(0)
			e := value{taint: v.taint, origin: v.origin, typ: typ, args: v.args, name: v.name}
			if v.fn != nil && v.fn.holds {
				e.fn = &function{some: v.fn.some}
			}
			for _, x := range v.elems {
				e = join(e, x)
			}
			w.assign(varKey{w.scope, name}, e)
			return
		}
	}
	w.i = lo
}

// typeEnding returns the simple name of the type whose last token is at j.
func (w *walker) typeEnding(j int) string {
	for j > 0 && (w.is(j, ']') || w.is(j, '[')) {
		j--
	}
	if w.is(j, '>') {
		depth := 0
		for k := j; k >= 0 && k > j-40; k-- {
			if w.is(k, '>') {
				depth++
			} else if w.is(k, '<') {
				if depth--; depth == 0 {
					j = k - 1
					break
				}
			}
		}
	}
	return w.word(j)
}

// declaration reads T x = …, T[] x, T<U> x, a.b.T x; it leaves w.i behind the
// name's initial value.
func (w *walker) declaration() bool {
	j := w.i
	typ := w.word(j)
	j++
	for w.is(j, '.') && w.isIdent(j+1) {
		typ = w.word(j + 1)
		j += 2
	}
	if w.is(j, '<') {
		depth, k := 0, j
		for ; k < w.hi && k < j+40; k++ {
			switch {
			case w.is(k, '<'):
				depth++
			case w.is(k, '>'):
				depth--
			case w.isIdent(k), w.is(k, '.'), w.is(k, ','), w.is(k, '?'), w.is(k, '['), w.is(k, ']'):
			default:
				return false
			}
			if depth == 0 {
				break
			}
		}
		if depth != 0 {
			return false
		}
		j = k + 1
	}
	for w.is(j, '[') && w.is(j+1, ']') {
		j += 2
	}
	if !w.isIdent(j) || keywords[w.word(j)] {
		return false
	}
	name := w.word(j)
	k := j + 1
	for w.is(k, '[') && w.is(k+1, ']') {
		k += 2
	}
	if !(w.is(k, '=') || w.is(k, ';') || w.is(k, ',') || w.is(k, ':') || w.is(k, ')')) {
		return false
	}
	if requestTypes[typ] {
		typ = "Request"
	}
	scope := w.scope
	for {
		key := varKey{scope, name}
		if w.is(k, '=') {
			w.i = k + 1
			var v value
			if w.is(w.i, '{') {
				v = w.array(typ)
			} else {
				v = w.expr(1)
			}
			if v.typ == "" || typ == "Request" {
				v.typ = typ
			}
			w.assign(key, v)
			k = w.i
		} else {
			w.i = k
			w.assign(key, value{typ: typ})
		}
		if !w.is(k, ',') || !w.isIdent(k+1) || !(w.is(k+2, '=') || w.is(k+2, ',') || w.is(k+2, ';')) {
			return true
		}
		name, k = w.word(k+1), k+2
	}
}

// assign sets a variable. Where it held data that a request controls it keeps
// that: branches are not followed apart.
func (w *walker) assign(key varKey, v value) {
	old, ok := w.vars[key]
	v.lead = v.lead && v.isStr
	if ok && old.taint&^v.taint != 0 {
		v.taint |= old.taint
		if v.origin == 0 {
			v.origin = old.origin
		}
	}
	if v.typ == "" {
		v.typ = old.typ
	}
	delete(w.checked, key)
	if !ok || old.taint != v.taint || old.typ != v.typ || old.isStr != v.isStr || old.name != v.name {
		w.changed = true
	}
	if ok && w.work > 64<<20 {
		v.s, v.isStr = "", false
	}
	w.vars[key] = v
}

// lookup finds a variable in the method, then in those around it.
func (w *walker) lookup(name string) (value, varKey, bool) {
	for scope := w.scope; ; scope = w.methods[scope].parent {
		if v, ok := w.vars[varKey{scope, name}]; ok {
			if c, ok := w.checked[varKey{scope, name}]; ok && w.i < len(w.tokens) && c.from < w.tokens[w.i].at && w.tokens[w.i].at < c.to {
				if c.fixed {
					return value{typ: v.typ, fixed: true}, varKey{scope, name}, true
				}
				v.taint |= weak // a word of letters and digits
			}
			return v, varKey{scope, name}, true
		}
		if scope == 0 {
			break
		}
	}
	return value{}, varKey{w.scope, name}, false
}

// array reads { a, b, … } of element type typ.
func (w *walker) array(typ string) value {
	if w.depth >= maxDepth {
		return w.postpone()
	}
	w.depth++
	defer func() { w.depth-- }()
	hi := int(w.tokens[w.i].pair)
	w.i++
	var elems []value
	var folded []byte
	out := value{typ: typ + "[]"}
	primitive := typ == "byte" || typ == "char" || typ == "int" || typ == "short"
	for w.i < w.hi && w.i < hi {
		if w.is(w.i, ',') {
			w.i++
			continue
		}
		start := w.i
		var v value
		if w.is(w.i, '{') {
			v = w.array(typ)
		} else {
			v = w.expr(0)
		}
		if w.i <= start {
			w.i = start + 1
		}
		out.taint |= v.taint
		if out.origin == 0 {
			out.origin = v.origin
		}
		if len(elems) < 64 {
			elems = append(elems, v)
		}
		if primitive = primitive && len(folded) < maxConst; primitive {
			folded, primitive = v.appendUnit(folded, typ == "byte")
		}
	}
	w.skipTo(hi + 1)
	if primitive && len(folded) > 0 {
		out.s, out.isStr, out.hidden = string(folded), true, true
	}
	out.elems = elems
	return out
}

func parseNumber(s string) (int64, bool) {
	s = strings.ReplaceAll(s, "_", "")
	if n := len(s); n > 1 && (s[n-1]|0x20 == 'l') && !strings.HasPrefix(s, "0x") {
		s = s[:n-1]
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return n, true
	}
	return 0, false
}

// skipTo goes on at a token, never back: brackets of broken code lie.
func (w *walker) skipTo(i int) { w.i = max(w.i, min(i, w.hi)) }
