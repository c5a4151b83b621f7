package php

import (
	"bytes"
	"strings"
)

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

// sign is 1 for yes.
func sign(yes bool) int {
	if yes {
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
