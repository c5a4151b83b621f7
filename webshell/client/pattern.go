package client

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

func (r *runner) replace(name string, this value, args []value) value {
	what, with := arg(args, 0), arg(args, 1)
	if !what.is("regexp") {
		if !what.known() {
			return some(this, with)
		}
		at := strings.Index(this.s, what.string())
		if at < 0 {
			return this
		}
		out := with.string()
		if with.callable() {
			out = r.call(with, value{}, []value{str(what.string())}).string()
		}
		n := 1
		if name == "replaceAll" {
			n = -1
		}
		if strings.Count(this.s, what.string())*len(out)+len(this.s) > maxText {
			return some(this)
		}
		return r.built(strings.Replace(this.s, what.string(), out, n), this, with)
	}
	re := r.pattern(what.o.name, this.s)
	if re == nil {
		return some(this, with)
	}
	_, flags := cutRegexp(what.o.name)
	n := 1
	if strings.Contains(flags, "g") {
		n = maxGroups / (1 + re.NumSubexp())
	}
	var b strings.Builder
	from, pattern := 0, r.text(with)
	for _, m := range re.FindAllStringSubmatchIndex(this.s, n) {
		b.WriteString(this.s[from:m[0]])
		from = m[1]
		if with.callable() {
			b.WriteString(r.call(with, value{}, groups(this.s, m)).string())
		} else {
			expand(&b, pattern, this.s, m)
		}
		if r.left--; r.left <= 0 || b.Len() > maxText {
			break
		}
	}
	b.WriteString(this.s[from:])
	if !this.known() && !strings.Contains(b.String(), hole) { // what is not known was found
		return some(this, with)
	}
	return r.built(b.String(), this, with)
}

// maxGroups bounds the groups that one replacement finds.
const maxGroups = 1 << 18

// expand writes what stands for a match: $& is all of it, $1 its first group.
func expand(b *strings.Builder, with, s string, m []int) {
	for b.Len() <= maxText {
		before, rest, ok := strings.Cut(with, "$")
		b.WriteString(before)
		if !ok {
			return
		}
		group, n := 0, 0
		for n < len(rest) && n < 2 && rest[n] >= '0' && rest[n] <= '9' {
			group = 10*group + int(rest[n]-'0')
			n++
		}
		switch {
		case n > 0:
		case strings.HasPrefix(rest, "&"):
			n = 1
		default:
			b.WriteByte('$')
			with = strings.TrimPrefix(rest, "$")
			continue
		}
		if 2*group < len(m) && m[2*group] >= 0 {
			b.WriteString(s[m[2*group]:m[2*group+1]])
		}
		with = rest[n:]
	}
}

func groups(s string, m []int) []value {
	var out []value
	for i := 0; i+1 < len(m); i += 2 {
		if m[i] < 0 {
			out = append(out, none())
			continue
		}
		out = append(out, str(s[m[i]:m[i+1]]))
	}
	return append(out, num(float64(m[0])), str(s))
}

func cutRegexp(s string) (body, flags string) {
	i := strings.LastIndexByte(s, '/')
	if i < 1 {
		return strings.TrimPrefix(s, "/"), ""
	}
	return s[1:i], s[i+1:]
}

// Bounds of a regular expression: in bytes, and in instructions of its program,
// since .{1000} is short.
const (
	maxPattern = 300
	maxProgram = 2000
)

// A pattern is a regular expression in Go's engine, which knows less.
type pattern struct {
	re   *regexp.Regexp // nil where it fails
	size int            // of its program
}

// pattern is a regular expression for a text; nil where that fails or takes too
// long.
func (r *runner) pattern(rx, s string) *regexp.Regexp {
	if len(rx) > maxPattern {
		return nil
	}
	p, ok := r.patterns[rx]
	if !ok {
		p = compiled(rx)
		r.patterns[rx] = p
		r.spend(512 * (8 + p.size))
	}
	work := len(s) / 128 * (16 + p.size)
	if work > r.left {
		return nil
	}
	r.left -= work
	return p.re
}

func compiled(rx string) (p pattern) {
	body, flags := cutRegexp(rx)
	if strings.Contains(flags, "i") {
		body = "(?i)" + body
	}
	if strings.Contains(flags, "m") {
		body = "(?m)" + body
	}
	body = strings.ReplaceAll(body, `\/`, "/")
	tree, err := syntax.Parse(body, syntax.Perl)
	if err != nil {
		return p
	}
	if program, err := syntax.Compile(tree.Simplify()); err == nil && len(program.Inst) <= maxProgram {
		p.size = len(program.Inst)
		p.re, _ = regexp.Compile(body)
	}
	return p
}

// match is match, test and exec.
func (r *runner) match(name string, s, rx value) value {
	if !s.known() || !rx.is("regexp") && !rx.known() {
		return r.compared(s, rx)
	}
	in, pattern := s.string(), rx.string()
	if !rx.is("regexp") {
		pattern = "/" + pattern + "/"
	}
	re := r.pattern(pattern, in)
	if re == nil {
		return some(s)
	}
	_, flags := cutRegexp(pattern)
	switch {
	case name == "test":
		return yes(re.MatchString(in))
	case name == "match" && strings.Contains(flags, "g"):
		out := array()
		for _, m := range re.FindAllString(in, maxElems) {
			out.o.elems = append(out.o.elems, str(m))
		}
		r.spend(64 * len(out.o.elems))
		if len(out.o.elems) == 0 {
			return none()
		}
		return out
	case name == "matchAll" || name == "exec" && strings.Contains(flags, "g"):
		return some(s)
	}
	m := re.FindStringSubmatchIndex(in)
	if m == nil {
		return none()
	}
	g := groups(in, m)
	return array(g[:len(g)-2]...)
}
