package cfml

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A value is what an expression gives: a text of which the begin and the end are
// known, an object of Java, a struct or list, or a function.
type value struct {
	head, tail string // of a constant all is head
	inner      string // what is known between pieces of the request
	open       bool   // between head and tail stands what the request sent, or what nobody knows

	req   bool // the request is in it
	at    int  // where that comes in
	first bool // what it sent follows head
	pure  bool // nothing but what it sent stands between head and tail
	scope bool // all fields of the request
	num   bool // a number made of what it sent

	class  string // of an object of Java
	file   *value // the file that an object writes
	fields map[string]*value
	deep   int // how deep its fields are nested, at most
	fn     *function
}

// maxKnown bounds what is remembered of a text, maxFields and maxNested what is of
// a struct.
const maxKnown, maxFields, maxNested = 4 << 10, 200, 8

var unknown = &value{open: true}

func constant(text string) *value {
	if len(text) > maxKnown {
		return &value{head: text[:maxKnown/2], tail: text[len(text)-maxKnown/2:], open: true}
	}
	return &value{head: text}
}

// request is what the request sent, at a place of the page.
func request(at int) *value { return &value{open: true, req: true, first: true, pure: true, at: at} }

// known reports whether the value is a constant text.
func (v *value) known() bool { return !v.open && v.class == "" && v.fields == nil && v.fn == nil }

// sent reports whether text of the request is in the value.
func (v *value) sent() bool { return v.req && !v.num }

// flat is a struct or list as a text of all that it holds.
func (v *value) flat() *value {
	if v.fields == nil {
		return v
	}
	var all []*value
	for _, k := range slices.Sorted(maps.Keys(v.fields)) {
		all = append(all, v.fields[k])
	}
	out := mixed(all...)
	if out.req && !slices.ContainsFunc(all, func(f *value) bool { return f.fields != nil || f.open && !f.pure || f.num }) {
		return request(out.at)
	}
	return out
}

// mixed is a value in which others are, nobody knows where.
func mixed(all ...*value) *value {
	out := &value{open: true}
	for _, v := range all {
		if v.fields != nil {
			for _, k := range slices.Sorted(maps.Keys(v.fields)) {
				if f := v.fields[k]; f.sent() && !out.req {
					out.req, out.at = true, f.at
				}
			}
		}
		if v.sent() && !out.req {
			out.req, out.at = true, v.at
		}
		if v.file != nil && out.file == nil {
			out.file = v.file
		}
	}
	return out
}

// either is one value or the other: the one of which more is the request's.
func either(a, b *value) *value {
	if b.sent() && (!a.sent() || b.pure && !a.pure) || a == unknown || !a.sent() && a.class == "" && a.fields == nil && b.class != "" {
		return b
	}
	return a
}

// number is a number that is made of others.
func number(all ...*value) *value {
	for _, v := range all {
		if v.req {
			return &value{open: true, req: true, num: true, at: v.at}
		}
	}
	return unknown
}

// decoded is what is decoded or cut from a value.
func decoded(v *value) *value {
	if v = v.flat(); v.sent() {
		return request(v.at)
	}
	return unknown
}

func concat(a, b *value) *value {
	if a.known() && a.head == "" {
		return b.flat()
	}
	if b.known() && b.head == "" {
		return a.flat()
	}
	a, b = a.flat(), b.flat()
	out := &value{open: a.open || b.open, req: a.sent() || b.sent(), at: a.at}
	if !a.sent() {
		out.at = b.at
	}
	// A number or an object is no text whose begin anyone knows.
	switch {
	case a.known() && b.known():
		return constant(a.head + b.head)
	case a.known():
		out.head, out.tail, out.inner, out.first, out.pure = a.head+b.head, b.tail, b.inner, b.first && b.sent(), b.pure
	case b.known():
		out.head, out.tail, out.inner, out.first, out.pure = a.head, a.tail+b.head, a.inner, a.first && a.sent(), a.pure
	default:
		out.head, out.tail, out.first, out.pure = a.head, b.tail, a.first && a.sent(), a.pure && b.pure
		out.inner = a.inner + a.tail + b.head + b.inner
	}
	out.open = true
	out.head, out.tail, out.inner = clipped(out.head, true), clipped(out.tail, false), clipped(out.inner, true)
	return out
}

func clipped(s string, begin bool) string {
	switch {
	case len(s) <= maxKnown/4:
		return s
	case begin:
		return s[:maxKnown/4]
	}
	return s[len(s)-maxKnown/4:]
}

// ends is the known end of a text, in lower case.
func (v *value) ends() string {
	if v.known() {
		return strings.ToLower(v.head)
	}
	return strings.ToLower(v.tail)
}

// sentByClient are variables of CGI that hold what the client says.
var sentByClient = regexp.MustCompile(`^(?:http_|query_string$|path_info$|path_translated$|request_ur|content_type$|cf_template_path$|auth_user$|remote_user$)`)

// outside is where a value comes in that who calls a function from outside gives:
// where it is used.
const outside = -1

// member is a field of a struct, of the request or of an object.
func (v *value) member(key string) *value {
	switch {
	case v.fields != nil:
		if f := v.fields[key]; f != nil {
			return f
		}
		if f := v.fields["*"]; f != nil {
			return f
		}
		return unknown
	case v.scope && key == "fieldnames":
		return unknown
	case v.class == "cgi":
		if key == "*" || sentByClient.MatchString(key) {
			return request(v.at)
		}
		return unknown
	case v.sent():
		out := request(v.at)
		out.class = v.class
		return out
	case v.class != "" || v.file != nil:
		return &value{open: true, class: v.class, file: v.file}
	}
	return unknown
}

// put sets a field of a struct.
func (v *value) put(key string, f *value) {
	if f.deep >= maxNested {
		f = f.flat()
	}
	v.deep = max(v.deep, f.deep+1)
	if v.fields[key] == nil && len(v.fields) >= maxFields {
		key = "*"
	}
	if key == "*" && v.fields[key] != nil {
		f = either(v.fields[key], f)
	}
	v.fields[key] = f
}

// element is what a loop takes from a list, or a struct's values.
func (v *value) element() *value {
	if v.fields != nil {
		out := unknown
		for _, k := range slices.Sorted(maps.Keys(v.fields)) {
			out = either(out, v.fields[k])
		}
		return out
	}
	return decoded(v)
}
