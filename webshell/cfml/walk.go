package cfml

import (
	"bytes"
	"regexp"
	"strings"
)

// reader reads a stretch of the page.
func (p *page) reader(lo, hi int) *reader {
	return &reader{page: p, low: p.low, data: p.Data, i: lo, hi: hi}
}

// Attributes of a tag, or of a statement that stands for one.
type attributes struct {
	values map[string]*value
	text   string // as they are written, in lower case
}

func (a attributes) get(name string) *value {
	if v := a.values[name]; v != nil {
		return v
	}
	return unknown
}

// any is the request's in whatever attribute, nil if there is none.
func (a attributes) any() *value {
	all := make([]*value, 0, len(a.values))
	for _, v := range a.values {
		if v.flat().sent() {
			all = append(all, v.flat())
		}
	}
	if len(all) == 0 {
		return nil
	}
	first := all[0]
	for _, v := range all {
		if v.at < first.at {
			first = v
		}
	}
	return first
}

func (a attributes) add(name string, v *value) {
	switch {
	case name == "attributecollection" && v.fields != nil:
		for k, f := range v.fields {
			if k != name { // it may hold itself
				a.add(k, f)
			}
		}
	case name == "attributecollection" && v.sent():
		for _, k := range []string{"name", "arguments", "file", "output", "url"} {
			a.values[k] = v.member(k)
		}
	case len(a.values) < maxFields:
		a.values[name] = v
	}
}

func named(args []argument) attributes {
	a := attributes{values: map[string]*value{}}
	for _, arg := range args {
		a.add(arg.name, arg.value)
		a.text += arg.source + " "
	}
	return a
}

// attributes reads what a tag is given, up to the > that ends it, or a statement
// of script up to its end.
func (r *reader) attributes() attributes {
	a := attributes{values: map[string]*value{}}
	lo, tag := r.i, r.tag
	for r.i < r.hi && r.i-lo < maxTag {
		r.skip()
		c := r.peek(0)
		if !tag && (c == ';' || c == '{' || c == '}') || c == '>' || c == '<' {
			break
		}
		from := r.i
		name, ok := r.key()
		if !ok {
			if r.word(); r.i == from {
				r.i = min(r.i+1, r.hi)
			}
			continue
		}
		r.skip()
		switch c := r.peek(0); {
		case c == '"' || c == '\'':
			r.i++
			a.add(name, r.text(c))
		case !tag || c == '#':
			a.add(name, r.expr())
		default:
			from := r.i
			for r.i < r.hi && r.low[r.i] > ' ' && r.low[r.i] != '>' {
				r.i++
			}
			a.add(name, constant(string(r.data[from:r.i])))
		}
	}
	a.text = string(r.low[lo:min(r.i, lo+2000)])
	return a
}

// maxTag bounds what is read of one tag, in bytes.
const maxTag = 64 << 10

// emit adds to the text that is kept, if any is.
func (p *page) emit(v *value) {
	if p.written != nil {
		p.written = concat(p.written, v)
	}
}

// capture returns what walk writes.
func (p *page) capture(walk func()) *value {
	before := p.written
	p.written = constant("")
	walk()
	v := p.written
	p.written = before
	return v
}

// tags reads the tags of a page, and what stands between them.
func (r *reader) tags() {
	for r.i < r.hi && r.room >= 0 {
		n := bytes.IndexAny(r.low[r.i:r.hi], "<#")
		if n < 0 {
			n = r.hi - r.i
		}
		if n > 0 {
			r.emit(constant(string(r.data[r.i : r.i+min(n, maxKnown)])))
		}
		r.i += n
		r.room -= n + 1
		from := r.i
		switch {
		case r.i >= r.hi:
		case r.low[r.i] == '#':
			r.shown()
		case r.has("<cf"):
			r.i++
			r.element(r.word(), from)
		case r.has("</cf"):
			r.i += 2
			r.ended(r.word())
			if n := bytes.IndexByte(r.low[r.i:min(r.hi, r.i+20)], '>'); n >= 0 {
				r.i += n + 1
			}
		default:
			r.emit(constant("<"))
			r.i++
		}
		r.room -= r.i - from
	}
}

// shown reads what stands between number signs in text.
func (r *reader) shown() {
	rest := r.low[r.i+1 : min(r.hi, r.i+2000)]
	if len(rest) > 0 && (r.written != nil && rest[0] != '#' || letterByte(rest[0]) && bytes.IndexByte(rest[:max(0, bytes.IndexByte(rest, '#'))], '(') >= 0) {
		r.emit(r.inText())
		return
	}
	r.i++
}

// until returns where the tag ends that holds others.
func (r *reader) until(name string) int {
	if !r.unclosed[name] {
		if n := bytes.Index(r.low[r.i:r.hi], []byte("</"+name)); n >= 0 {
			return r.i + n
		}
		r.unclosed[name] = true
	}
	return r.hi
}

// closed goes past the end of a tag.
func (r *reader) closed() {
	if n := bytes.IndexAny(r.low[r.i:r.hi], "<>"); n >= 0 && r.low[r.i+n] == '>' {
		r.i += n + 1
	}
}

// element reads a tag whose name is taken.
func (r *reader) element(name string, at int) {
	r.tag = true
	defer func() { r.tag = false }()
	switch name {
	case "cfscript":
		r.closed()
		end := r.until(name)
		s := *r
		s.hi, s.tag = end, false
		s.script()
		r.i = end
	case "cffunction":
		if fn := r.page.at[at]; fn != nil && !r.made {
			r.i = fn.end
		}
	case "cfset":
		r.expr()
		r.closed()
	case "cfreturn":
		r.returns(r.expr())
		r.closed()
	case "cfif", "cfelseif":
		if name == "cfelseif" {
			r.ended("cfif")
		}
		names, negated := r.condition(func() { r.expr() })
		r.closed()
		if len(r.ifs) < maxFields {
			r.ifs = append(r.ifs, branch{names, negated, r.i})
			if !negated {
				r.checked(names, 1)
			}
		}
	case "cfelse":
		if n := len(r.ifs); n > 0 {
			r.ended("cfif")
			r.ifs = append(r.ifs, branch{at: r.i})
		}
	default:
		a := r.attributes()
		open := r.i > 0 && r.low[r.i-1] != '/'
		r.closed()
		r.holding(name, a, at, open)
	}
}

// holding reads what a tag holds, if that is more than code that runs, and does
// what it says.
func (r *reader) holding(name string, a attributes, at int, open bool) {
	switch name {
	case "cfsavecontent", "cfxml", "cfquery", "cfinvoke":
		if name == "cfinvoke" && !open || r.depth > maxDepth/2 {
			break
		}
		r.depth++
		defer func() { r.depth-- }()
		s := *r
		s.hi = r.until(name)
		s.tag = false
		if name == "cfinvoke" {
			s.hi = min(s.hi, s.i+maxKnown)
			for _, m := range invokeArgument.FindAllIndex(r.low[s.i:s.hi], 50) {
				t := *r
				t.i = s.i + m[1]
				b := t.attributes()
				a.add(strings.ToLower(b.get("name").head), b.get("value"))
			}
			break
		}
		a.values["*"] = r.capture(s.tags)
		r.i = s.hi
	}
	r.do(name, a, r.place(at))
}

var invokeArgument = regexp.MustCompile(`<cfinvokeargument\b`)

// A branch is a tag that asks a condition: names of what has been found
// harmless.
type branch struct {
	names   []string
	negated bool
	at      int
}

var leaves = regexp.MustCompile(`\b(?:cf)?(?:abort|location|throw|return|exit|rethrow)\b`)

// ended reads the end of a tag that asks a condition.
func (r *reader) ended(name string) {
	if name != "cfif" || len(r.ifs) == 0 {
		return
	}
	b := r.ifs[len(r.ifs)-1]
	r.ifs = r.ifs[:len(r.ifs)-1]
	if !b.negated {
		r.checked(b.names, -1)
	} else if len(b.names) > 0 && leaves.Match(r.low[min(b.at, r.i):min(r.i, b.at+2000)]) {
		r.checked(b.names, 1)
	}
}

// script reads statements. Blocks are read as they stand, since all are run.
func (r *reader) script() {
	for r.i < r.hi && r.room >= 0 {
		from := r.i
		r.statement()
		if r.i == from {
			r.i = min(r.i+1, r.hi)
		}
		r.room -= r.i - from
		for n := len(r.ifs); n > 0 && r.i >= r.ifs[n-1].at; n = len(r.ifs) {
			r.checked(r.ifs[n-1].names, -1)
			r.ifs = r.ifs[:n-1]
		}
	}
}

// declared goes past a function that was found at the begin.
func (r *reader) declared() bool {
	i := r.i
	for range 6 {
		if r.ahead() == "function" {
			if fn := r.page.at[r.i]; fn != nil && !r.made {
				r.i = fn.end
				return true
			}
			break
		}
		if r.word() == "" {
			break
		}
		for r.peek(0) == '.' || r.peek(0) == '[' || r.peek(0) == ']' {
			r.i++
			r.word()
		}
		r.skip()
	}
	r.i = i
	return false
}

func (r *reader) statement() {
	r.skip()
	if !letterByte(r.peek(0)) {
		if c := r.peek(0); c == '{' || c == '}' || c == ';' {
			r.i++
			return
		}
		r.expr()
		return
	}
	if r.declared() {
		return
	}
	at := r.i
	w := r.word()
	r.skip()
	switch w {
	case "if":
		r.branch()
	case "else", "do", "try", "finally", "switch", "while":
	case "case":
		r.expr()
		r.skip()
		r.take(":")
	case "return":
		if r.peek(0) != ';' && r.peek(0) != '}' {
			r.returns(r.expr())
		}
	case "for":
		r.loop()
	case "catch":
		if r.take("(") {
			var name string
			for r.skip(); r.i < r.hi && r.peek(0) != ')'; r.skip() {
				if w := r.word(); w != "" {
					name = w
				} else {
					r.i++
				}
			}
			r.caught(name)
		}
	case "throw":
		if r.take("(") {
			r.thrown = mixed(values(r.arguments())...)
		} else if r.peek(0) != ';' {
			r.thrown = r.expr()
		}
		r.thrown = decoded(r.thrown)
	case "include":
		if !r.take("template=") {
			r.take("(")
		}
		r.includes(r.expr())
	case "savecontent", "cfsavecontent":
		a := r.given()
		if r.skip(); r.depth < maxDepth/2 && r.take("{") {
			r.depth++
			s := *r
			s.hi = r.closes()
			a.values["*"] = r.capture(s.script)
			r.i = s.hi
			r.depth--
		}
		r.do("cfsavecontent", a, r.place(at))
	default:
		if letterByte(r.peek(0)) && w != "var" && w != "final" && w != "new" && w != "not" {
			i := r.i
			if _, ok := r.key(); ok {
				r.i = i
				r.do("cf"+strings.TrimPrefix(w, "cf"), r.attributes(), r.place(at))
				return
			}
		}
		r.i = at
		r.expr()
	}
}

// given reads attributes with or without parentheses around them.
func (r *reader) given() attributes {
	if r.take("(") {
		return named(r.arguments())
	}
	return r.attributes()
}

// branch reads the condition of an if, and notes how far it holds.
func (r *reader) branch() {
	if !r.take("(") {
		return
	}
	names, negated := r.condition(func() { r.expr() })
	r.skip()
	r.take(")")
	if len(names) == 0 || len(r.ifs) >= maxFields {
		return
	}
	r.skip()
	s := *r
	end := r.hi
	if s.take("{") {
		end = s.closes()
	} else if n := bytes.IndexByte(r.low[r.i:r.hi], ';'); n >= 0 {
		end = r.i + n
	}
	if negated {
		if leaves.Match(r.low[r.i:min(end, r.i+2000)]) {
			r.checked(names, 1)
		}
		return
	}
	r.checked(names, 1)
	r.ifs = append(r.ifs, branch{names: names, at: end})
}

// loop reads the head of a loop.
func (r *reader) loop() {
	if !r.take("(") {
		return
	}
	i := r.i
	r.skip()
	w := r.word()
	if w == "var" || own[w] && r.peek(0) == '.' {
		r.skip()
		r.take(".")
		w = r.word()
	}
	r.skip()
	if w != "" && r.ahead() == "in" {
		r.word()
		v := r.expr()
		r.set(w, nil, r.each(v))
		return
	}
	r.i = i
	for r.i < r.hi {
		from := r.i
		r.expr()
		r.skip()
		if !r.take(";") && r.i == from || r.peek(0) == ')' {
			break
		}
	}
}

// each is what a loop takes from a value: of a struct the names of fields.
func (r *reader) each(v *value) *value {
	if v.scope || v.fields != nil && v.fields["*"] == nil {
		return unknown
	}
	return v.element()
}

// caught assigns what was thrown.
func (r *reader) caught(name string) {
	v := r.thrown
	if v == nil {
		v = unknown
	}
	r.set(name, nil, v)
}
