package php

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// A behaviour is something a script does that is harmless alone.
type behaviour string

const (
	doesRun     behaviour = "runs commands"
	doesEval    behaviour = "evaluates code"
	doesRead    behaviour = "shows any file"
	doesList    behaviour = "lists any folder"
	doesWrite   behaviour = "writes any file"
	doesUpload  behaviour = "takes uploads"
	doesDelete  behaviour = "deletes any file"
	doesRename  behaviour = "renames any file"
	doesChmod   behaviour = "changes permissions"
	doesMkdir   behaviour = "makes folders"
	doesLink    behaviour = "links any file"
	doesSQL     behaviour = "runs any SQL"
	doesConnect behaviour = "connects to any database"
	doesSocket  behaviour = "connects to any host"
	doesMail    behaviour = "sends any mail"
	doesAsk     behaviour = "asks about any host"
	doesInfo    behaviour = "shows the server's configuration"
)

// A mark is where a behaviour was first seen.
type mark struct {
	n  *node
	u  *unit
	tr *trace
	// alone says that nothing else had been loaded by then; top, that it
	// stands outside functions.
	alone, top bool
	open       bool // no upload's name or type had been looked at
	part       bool // a method that nothing in the file calls
}

// A veil says what is known of who sees what the statement at hand shows, by the
// conditions around it.
type veil struct {
	cloak    int // conditions on the visitor's browser or referrer
	searched int // those of them that know search engines
	botted   int // those that hold for search engines
	lured    int // those that hold for who comes from one
	spared   int // conditions that hold for those only who are not logged in
	placed   int // conditions on where he is, as another host says
}

// facts are what a run leaves behind besides reasons.
type facts struct {
	veil
	loops     int // loops around the statement at hand
	looped    int // loops run so far
	apart     int // times that known text was taken apart
	exits     int // ways out of loops and functions that may be taken or not
	varVars   int // $$name with a name that is not known
	closures  []*closure
	objects   []*object
	supers    map[string]value // request fields that were assigned to or checked
	echoed    value
	printed   value // last, since a buffer was started
	prints    int   // since then
	buffer    later // ob_start's callback
	tokens    value // what strtok has left
	raised    value // messages of errors and exceptions
	thrown    value // the last of them
	seen      map[behaviour]mark
	order     []behaviour
	gated     bool // a password is asked for
	borrowed  bool // databases are opened with what the settings of programs say, which are looked for in folders
	consulted bool // a visitor's password is compared, or handed to another file
	uploadOK  bool // an upload's name or type is looked at
	layers    int  // of decoded code
	packed    []packed
	calls     int                            // of functions whose name is assembled
	asked     map[string]bool                // variables of which it was asked whether they name a function
	wroteIn   *frame                         // and which call did so last
	wroteAny  bool                           // something of the request was written to a file
	wrappers  map[*function]map[string]*node // functions that run commands, and how
	redirects bool
	wrote     []value          // where request data was written
	names     map[string]bool  // functions whose names were assembled
	anywhere  bool             // a raw connection goes where the request says
	udp       bool             // and is one of UDP
	dialled   bool             // a loop connects to the host that the request names
	volley    *node            // and sends to it
	answered  bool             // what a connection brings is read
	formLoop  bool             // a loop goes through all of a form
	literals  int              // long literals looked into
	kept      map[string]value // what files were written, by path
	ran       *node            // a command that the file spells out
	temps     int              // temporary files made
	text      string           // of the file, in lower case, when it was asked for
	mentioned map[string]bool  // words that the text was asked for
	stored    bool             // something of another host was written to a file
	lent      bool             // an object is used that another file must have made
	fragment  bool             // and alone the script would have ended there: no request makes an object
	unnamed   unnamed          // the last that was given out
	graft     string           // a script of another host that was put into text
	opened    *trace           // a file that the request names, to be written
}

// packed is code that was decoded and evaluated.
type packed struct {
	code string
	n    *node
	u    *unit
}

// print notes what is printed, as long as it is little: it may be read from the
// buffer.
func (m *machine) print(v value) {
	f := &m.facts
	switch f.prints++; {
	case f.prints == 1:
		f.printed = v
	case f.prints < 50 && v.k < vArr && m.spend(len(f.printed.s)+len(v.s)):
		f.printed = concat(f.printed, v, maxPrinted)
	default:
		f.printed = value{}
	}
}

// maxPrinted bounds what is noted of a buffer, in bytes.
const maxPrinted = 1 << 16

// maxSetting bounds the names of what a page sets for itself, in bytes.
const maxSetting = 100

// set notes a variable of the environment or a setting of PHP.
func (f *facts) set(kind, name string, v value) {
	if len(name) <= maxSetting {
		f.setSuper(kind+"."+name, v)
	}
}

// setting is what set noted.
func (f *facts) setting(kind, name string) (value, bool) {
	if len(name) > maxSetting {
		return value{}, false
	}
	v, ok := f.supers[kind+"."+name]
	return v, ok
}

// namesHot says that a text names a function that runs code, or the request:
// whoever leaves it somewhere means to find it there.
func namesHot(s string) bool {
	if len(s) >= maxWord {
		return false
	}
	_, super := superOf(s)
	return super || deadly[strings.ToLower(s)]
}

func (f *facts) setSuper(k string, v value) {
	if f.supers == nil {
		f.supers = map[string]value{}
	}
	if strings.HasPrefix(k, "_SESSION.") && v.k < vArr && !(v.k == vStr && namesHot(v.s)) { // another request may have left something else
		v = value{t: v.t | session, tr: v.tr}
	}
	if len(f.supers) < 4096 {
		f.supers[k] = v
	}
}

func (m *machine) note(b behaviour, n *node, v value) {
	m.kindle()
	if m.facts.seen == nil {
		m.facts.seen = map[behaviour]mark{}
	}
	if _, ok := m.facts.seen[b]; !ok {
		m.facts.seen[b] = mark{n, m.unit, v.tr, m.isolated(), m.f == m.globals, !m.facts.uploadOK, m.module()}
		m.facts.order = append(m.facts.order, b)
	}
}

func (m *machine) does(b behaviour) bool {
	_, ok := m.facts.seen[b]
	return ok
}

// isolated says that the file stands alone: nothing else is loaded that could
// check who is asking.
func (m *machine) isolated() bool { return m.includes == 0 && !m.framed }

// unwatched says the same of what is shown to visitors, for which the guard of
// a plugin does not matter.
func (m *machine) unwatched() bool { return m.includes == 0 && (!m.framed || m.guarded) }

// plainCode is code that gives, or keeps, what a variable or an element has, at most
// decoded.
var plainCode = regexp.MustCompile(`^(?:\$\w+\s*=\s*)?(?:@|\(|\s|base64_decode\()*\$\w+(?:\s*\[[^][]*\]){0,2}[\s)]*(?:\?\?[^.]*)?$`)

// maxPlain bounds the code that is looked at for that.
const maxPlain = 200

// plainly says that v, which stands at n where that is known, is an element of the
// request as the client sends it: nothing was put before or behind, or picked.
func (m *machine) plainly(n *node, v value) bool {
	is := func(code []byte) bool { return len(code) < maxPlain && plainCode.Match(code) }
	if v.k != vUnknown || v.t&(fromRequest|fromUpName) == 0 || v.t&(checked|unsure|fromHeader) != 0 || n != nil && !is(m.unit.src[n.pos:max(n.pos, n.end)]) {
		return false
	}
	for t := v.tr; t != nil; t = t.prev {
		if !is(t.unit.src[t.pos:t.end]) {
			return false
		}
	}
	return true
}

// chosen says that the client chooses v freely.
func (m *machine) chosen(v value) bool {
	if v.t&checked != 0 {
		return false
	}
	if v.t&(fromRequest|fromUpName) != 0 {
		return true
	}
	return v.t&fromUndef != 0 && m.isolated() && !m.facts.fragment
}

func describe(t taint) string {
	switch {
	case t&fromUpload != 0:
		return "an uploaded file"
	case t&fromRequest != 0 && t&fromHeader != 0:
		return "a request header"
	case t&fromRequest != 0:
		return "the request"
	case t&fromRemote != 0:
		return "a remote server"
	case t&fromOddFile != 0:
		return "a file that is no script"
	case t&fromUndef != 0:
		return "a variable that only the request can set"
	case t&fromDB != 0:
		return "the database"
	case t&fromFile != 0:
		return "a file"
	case t&fromBlob != 0:
		return "a literal that was decoded"
	}
	return "data"
}

// report notes a reason once per rule and place.
func (m *machine) report(rule string, verdict webshell.Verdict, conf finding.Confidence, text string, n *node, v value) {
	if len(m.reasons) >= maxReasons {
		return
	}
	line := m.lineOf(m.unit, n.pos)
	m.kindle()
	id := rule + string(verdict) + itoa(line) + ":" + itoa(int(n.pos))
	if m.reported[id] {
		return
	}
	m.reported[id] = true
	_, tr := taintOf(v)
	r := webshell.Reason{Verdict: verdict, Confidence: conf, Rule: rule, Text: text}
	var steps []webshell.Step
	for t := tr; t != nil && len(steps) < 12; t = t.prev {
		steps = append(steps, webshell.Step{Line: t.unit.lineAt(t.pos), Role: "step", Code: t.unit.code(t.pos, t.end)})
	}
	slices.Reverse(steps)
	if len(steps) > 0 {
		steps[0].Role = "source"
	}
	for u := m.unit; u != nil && u.outer != nil; u = u.outer {
		if u.outer.outer == nil {
			steps = append([]webshell.Step{{Line: u.line, Role: "step", Code: "evaluates decoded code"}}, steps...)
		}
	}
	steps = append(steps, webshell.Step{Line: m.unit.lineAt(n.pos), Role: "sink", Code: m.unit.code(n.pos, max(n.end, n.pos+1))})
	r.Steps = steps
	if m.unit.outer != nil {
		from := max(0, int(n.pos)-150)
		r.Decoded = cut(string(m.unit.src[from:min(len(m.unit.src), int(n.pos)+350)]), 500)
	}
	m.reason(r)
	if verdict == webshell.Webshell && conf == finding.HighConfidence { // it is settled: look round a little more
		m.steps = min(m.steps, settledSteps)
	}
}

// cut is a copy of the start of s.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return strings.Clone(s)
}

// lineOf is the line in the file where the code of u runs.
func (m *machine) lineOf(u *unit, pos uint32) int {
	for u.outer != nil && u.outer.outer != nil {
		u = u.outer
	}
	if u.outer != nil {
		return u.line
	}
	return u.lineAt(pos)
}

func itoa(n int) string {
	s, _ := num(int64(n)).text()
	return s
}

// mark adds taint to what a node names.
func (m *machine) mark(n *node, t taint) {
	switch n.op {
	case nVar:
		if s := m.f.find(n); s != nil {
			if m.positive && s.v.t&t == 0 {
				m.undo = append(m.undo, func() { s.v.t &^= t })
			}
			s.v.t |= t
			if a, ok := s.v.ref.(*array); ok && t == checked {
				a.rest.t |= t
			}
		}
	case nIndex:
		base := n
		depth := 0
		for base.op == nIndex {
			base = base.a
			depth++
		}
		if base.op != nVar {
			return
		}
		if s, ok := superOf(base.s); ok {
			x := n
			for x.a.op == nIndex {
				x = x.a
			}
			if x.b == nil {
				return
			}
			k, ok := m.eval(x.b).text()
			if !ok {
				return
			}
			v := m.superElement(s, k, value{})
			v.tr = m.at(n)
			v.t |= t
			name := string(s) + "." + k
			if old, had := m.facts.supers[name]; m.positive && !had {
				m.undo = append(m.undo, func() { delete(m.facts.supers, name) })
			} else if m.positive {
				m.undo = append(m.undo, func() { m.facts.supers[name] = old })
			}
			m.facts.setSuper(name, v)
			return
		}
		if s := m.f.find(base); s != nil && n.a == base && n.b != nil && t == checked && len(s.seen) < maxSeen {
			if k, ok := keyOf(m.eval(n.b)); ok { // and of no other field
				if m.positive && !s.seen[k] {
					m.undo = append(m.undo, func() { delete(s.seen, k) })
				}
				if s.seen == nil {
					s.seen = map[key]bool{}
				}
				s.seen[k] = true
				return
			}
		}
		m.mark(base, t)
	case nProp:
		if s := m.propSlot(m.eval(n.a), n.b, false); s != nil {
			s.v.t |= t
		}
	case nAssign, nAssignRef:
		m.mark(n.a, t)
	case nCast:
		m.mark(n.a, t)
	case nCall: // in_array(strtolower($x), …): what was looked at is $x
		for _, a := range n.list {
			m.mark(a, t)
		}
	}
}

// checks are the functions whose answer says whether a value is one of those
// expected, with the argument they look at.
var checks = map[string]int{"in_array": 0, "array_key_exists": 0, "array_search": 0, "preg_match": 1, "is_numeric": 0, "ctype_digit": 0,
	"ctype_alnum": 0, "ctype_alpha": 0, "filter_var": 0, "getimagesize": 0, "exif_imagetype": 0, "is_int": 0,
	"mime_content_type": 0, "finfo_file": 1, "eregi": 1, "ereg": 1, "method_exists": 1, "is_a": 0, "is_subclass_of": 0, "ctype_xdigit": 0}

// guard learns from a condition what was checked.
//
// What a positive test says holds where the test succeeded: undo forgets it.
// What a negated test says holds once undo was called, since the branch leaves.
func (m *machine) guard(n *node) (undo func()) { return m.guardHalf(n, nil) }

// guardHalf learns from a condition that other is asked too if it holds; nil for
// none.
func (m *machine) guardHalf(n, other *node) (undo func()) {
	was := m.undo
	m.undo = nil
	m.guardWithin(n, 0, false, [2]*node{1: other})
	marks := m.undo
	m.undo = was
	if len(marks) == 0 {
		return nothing
	}
	return func() {
		for _, u := range marks {
			u()
		}
	}
}

func nothing() {}

// holds marks what n names as checked where the test of it succeeded. Of two tests
// of which one will do, both must look at it: halves has the other, for a test as
// it stands and for a negated one.
func (m *machine) holds(n *node, negated bool, halves [2]*node) {
	if other := halves[sign(negated)]; other != nil && !m.tests(other, m.unit.text(n), 0) {
		return
	}
	if negated {
		m.undo = append(m.undo, m.holdsAfter(n))
		return
	}
	m.positive = true
	m.mark(n, checked)
	m.positive = false
}

func sign(negated bool) int {
	if negated {
		return 1
	}
	return 0
}

// tests says that a condition compares what stands in text, or checks it.
func (m *machine) tests(n *node, text []byte, depth int) bool {
	if n == nil || depth > 12 {
		return false
	}
	switch n.op {
	case nBin:
		if n.kind == tEq || n.kind == tSame || n.kind == tNe || n.kind == tNotSame {
			return bytes.Contains(m.unit.text(n), text)
		}
		return m.tests(n.a, text, depth+1) || m.tests(n.b, text, depth+1)
	case nUn:
		return m.tests(n.a, text, depth+1)
	case nEmpty:
		return bytes.Contains(m.unit.text(n), text)
	case nIsset, nCall:
		return bytes.Contains(m.unit.text(n), text)
	}
	return false
}

// holdsAfter marks what n names as checked, unless it is something else by then.
func (m *machine) holdsAfter(n *node) func() {
	if n.op == nVar {
		if s := m.f.find(n); s != nil {
			was := s.v.tr
			return func() {
				if s.v.tr == was {
					m.mark(n, checked)
				}
			}
		}
	}
	return func() { m.mark(n, checked) }
}

func (m *machine) guardWithin(n *node, depth int, negated bool, halves [2]*node) {
	if n == nil || depth > 12 {
		return
	}
	switch n.op {
	case nBin:
		if refuses(n) {
			negated = !negated
		}
		left, right := halves, halves
		if n.kind == tOr || n.kind == tAnd {
			void := sign(negated != (n.kind == tAnd))
			left[void], right[void] = n.b, n.a
		}
		m.guardWithin(n.a, depth+1, negated, left)
		m.guardWithin(n.b, depth+1, negated, right)
		if n.kind == tEq || n.kind == tNe || n.kind == tSame || n.kind == tNotSame {
			m.gate(n)
			m.extension(n)
		}
	case nUn, nAssign:
		if n.op == nAssign {
			m.guardWithin(n.b, depth+1, negated, halves)
		} else {
			m.guardWithin(n.a, depth+1, negated != (n.kind == '!'), halves)
		}
	case nIsset:
		for _, x := range n.list {
			if x.op == nIndex && x.b != nil && m.eval(x.a).k == vArr { // a look-up in a list
				m.holds(x.b, negated, halves)
			}
		}
	case nCall:
		if n.a.op != nName {
			return
		}
		name := strings.ToLower(baseName(n.a.s))
		if at, ok := checks[name]; ok && at < len(n.list) {
			if m.allowsAll(name, n.list) {
				return
			}
			m.holds(n.list[at], negated, halves)
			m.facts.uploadOK = m.facts.uploadOK || bytes.Contains(m.unit.text(n), []byte("ext")) || name != "preg_match"
		}
		if name == "password_verify" || name == "hash_equals" {
			m.facts.gated = true
		}
		for _, a := range n.list {
			m.guardWithin(a, depth+1, negated, halves)
		}
	}
}

// refuses says that a comparison holds where what is compared does not: with
// false, or with no match.
func refuses(n *node) bool {
	for _, x := range [2]*node{n.a, n.b} {
		no := x.op == nConst && strings.EqualFold(x.s, "false") || x.op == nNum && x.n == 0 && x.s == ""
		yes := x.op == nConst && strings.EqualFold(x.s, "true") || x.op == nNum && x.n == 1
		if no && (n.kind == tEq || n.kind == tSame) || yes && (n.kind == tNe || n.kind == tNotSame || n.kind == '<' && x == n.b) {
			return true
		}
	}
	return false
}

// listsScripts says that a list of endings names scripts among pictures: it is no
// list of what is forbidden, and what it allows runs.
func (m *machine) listsScripts(n *node) bool {
	if n.op != nVar && n.op != nArray {
		return false
	}
	a, ok := m.eval(n).ref.(*array)
	if !ok || len(a.vals) > maxEndings {
		return false
	}
	script, picture := false, false
	for _, v := range a.vals {
		s, _ := v.text()
		switch strings.ToLower(strings.TrimPrefix(s, ".")) {
		case "php", "phtml", "php5", "php7", "phar":
			script = true
		case "jpg", "jpeg", "png", "gif":
			picture = true
		}
	}
	return script && picture
}

// maxSeen bounds the fields of a variable that are known to be checked.
const maxSeen = 64

// maxEndings bounds a list of endings that is looked at.
const maxEndings = 200

// allowsAll says that a check is none: whoever asks passes it.
func (m *machine) allowsAll(name string, args []*node) bool {
	first, more := args[0], len(args) > 1
	switch name {
	case "preg_match":
		p := first.s
		return first.op == nStr && (!strings.ContainsAny(p, "^$") || schemeOnly(p) || m.fitsAll(p)) || more && measures(args[1])
	case "in_array":
		return more && (m.listsScripts(args[1]) || m.listedByClient(args[1]))
	case "array_search", "array_key_exists":
		return more && m.listedByClient(args[1])
	case "filter_var":
		return !more || args[1].op == nConst && (args[1].s == "FILTER_DEFAULT" || args[1].s == "FILTER_UNSAFE_RAW") && len(args) == 2
	}
	return measures(first) && (strings.HasPrefix(name, "ctype_") || strings.HasPrefix(name, "is_"))
}

// listedByClient says that the request gives the list that its value must be in.
func (m *machine) listedByClient(n *node) bool {
	if n.op != nVar && n.op != nIndex && n.op != nArray {
		return false
	}
	t, _ := taintOf(m.eval(n))
	return t&fromRequest != 0 && t&checked == 0
}

// anyCommand is what a pattern that guards commands does not let pass.
const anyCommand = "a b;c|d&e $(f) >g"

// fitsAll says that a pattern fits what a check should refuse.
func (m *machine) fitsAll(p string) bool {
	re, _, ok := m.regex(p)
	return ok && re.MatchString(anyCommand)
}

// measures says that a call gives a number or a hash of its argument, or text of
// few letters that holds any.
func measures(n *node) bool {
	if n.op != nCall || n.a.op != nName {
		return false
	}
	f := nativeOf(strings.ToLower(baseName(n.a.s)))
	return f.cleaning || f.keys || f.encodes
}

// schemeOnly says that a pattern asks of a URL no more than that it is one.
func schemeOnly(pattern string) bool {
	i := strings.Index(pattern, "^http")
	return i >= 0 && strings.Trim(pattern[i+5:], "s?:/\\~#()i@|!") == ""
}

// gate sees a password gate: a request field, hashed or not, compared with a
// literal.
func (m *machine) gate(n *node) {
	for _, x := range [2]*node{n.a, n.b} {
		c := x
		for c.op == nCall && c.a.op == nName && len(c.list) > 0 {
			name := strings.ToLower(c.a.s)
			if name == "md5" || name == "sha1" || name == "hash" || name == "crypt" {
				m.facts.gated = true
			}
			c = c.list[0]
		}
	}
}

// extension sees the name or type of an upload compared with something.
func (m *machine) extension(n *node) {
	for i, x := range [2]*node{n.a, n.b} {
		with := [2]*node{n.b, n.a}[i]
		if !(with.op == nStr && with.s == "") && !m.unit.says(x, "ctype_") && m.unit.says(x, "ext", "type", "mime") {
			m.facts.uploadOK = true
			m.mark(x, checked)
		}
	}
}

// enter notes that a branch depends on the visitor's browser or referrer, or on
// where he is.
func (m *machine) enter(n *node, v value) func() {
	was := m.facts.veil
	end := func() { m.facts.veil = was }
	if v.t&fromHeader == 0 {
		m.facts.placed += sign(v.t&placed != 0)
		return end
	}
	code := strings.ToLower(m.unit.code(n.pos, n.end))
	searched := v.t&spotted != 0 || botWord(code)
	if !searched && !strings.Contains(code, "agent") && !strings.Contains(code, "refer") {
		if searched = m.facts.loops > 0 && m.mentions("http_user_agent", "http_referer", "gethostbyaddr(") && m.mentions(bots...); !searched {
			return end
		}
	}
	code = strings.ReplaceAll(code, " ", "")
	botted := searched && !strings.Contains(code, "==false") && !strings.ContainsRune(code, '!') || searched && strings.Contains(code, "!==false")
	m.facts.cloak++
	m.facts.searched += sign(searched)
	m.facts.botted += sign(botted)
	m.facts.lured += sign(botted && strings.Contains(code, "ref"))
	return end
}

// otherwise notes that a branch is taken when a negated condition on the
// visitor's browser or referrer fails.
func (m *machine) otherwise(n *node) func() {
	if n.op != nUn || n.kind != '!' || m.facts.loops > 0 {
		return nothing
	}
	return m.enter(n.a, m.eval(n.a))
}

// spots marks the answer of a test that looks for search engines in what the
// visitor's browser says of itself.
func (m *machine) spots(c *call, t taint) taint {
	if t&fromHeader == 0 || c.n == nil {
		return 0
	}
	if botWord(strings.ToLower(m.unit.code(c.n.pos, c.n.end))) {
		return spotted
	}
	for _, a := range c.args {
		if s, ok := a.text(); ok && a.t&hostile == 0 && len(s) < 4096 && (botWord(strings.ToLower(s)) || strings.EqualFold(s, "bot")) {
			return spotted
		}
	}
	return 0
}

// learned is what an assignment or a function's answer tells of the visitor
// because of the branch that it stands in.
func (m *machine) learned(v value) value {
	if m.facts.searched > 0 && (v.k == vBool || v.k == vInt) {
		return value{t: v.t | fromHeader | spotted, tr: v.tr}
	}
	return v
}

var bots = []string{"google", "bingbot", "baidu", "yandex", "spider", "crawl", "slurp", "sogou", "msnbot", "yahoo"}

func botWord(s string) bool {
	for _, w := range bots {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
