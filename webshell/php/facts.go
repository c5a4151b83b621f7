package php

import (
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
	told      *node            // what visitors type as password, or of their cards, goes through a connection
	answered  bool             // what a connection brings is read
	anyHost   bool             // a raw connection goes to the host that the request says
	passes    bool             // what the request gives, and nothing else, is sent over one
	formLoop  bool             // a loop goes through all of a form
	literals  int              // long literals looked into
	kept      map[string]value // what files were written, by path
	ran       *node            // a command that the file spells out
	temps     int              // temporary files made
	rewrites  *node            // a script is written within a loop
	text      string           // of the file, in lower case, when it was asked for
	mentioned map[string]bool  // words that the text was asked for
	stored    bool             // something of another host was written to a file
	gone      *node            // where the script deletes itself
	lent      bool             // an object is used that another file must have made
	fragment  bool             // and alone the script would have ended there: no request makes an object
	unnamed   unnamed          // the last that was given out
	graft     string           // a script of another host that was put into text
	opened    *trace           // a file that the request names, to be written
	issuer    bool             // a service was asked which bank gave out a card whose number was typed
	feeds     int              // texts of other hosts that are read
	relayed   int              // what other hosts gave, shown as it came
	sold      bool             // a list of links that are for sale is read
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
