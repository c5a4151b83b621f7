package evtx

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the event as a JSON object on one line, laid out as the
// widespread tool evtx_dump does: elements by name, attributes under
// "#attributes", the text of an element that has attributes under "#text",
// named Data of EventData by their names. Names that repeat hold an array.
// Integers that JSON readers keep exactly are numbers. It ends early at 8 MiB
// by leaving out fields.
func (r *Record) AppendJSON(dst []byte) []byte {
	j := jsonWriter{rec: r, dst: dst, limit: len(dst) + maxRender}
	if r.scratch != nil {
		j.members = (*r.scratch)[:0]
	}
	j.children(r.instances[0].tpl.nodes, 0)
	j.object(0, -1)
	if r.scratch != nil {
		*r.scratch = j.members
	}
	return j.dst
}

type jsonWriter struct {
	rec   *Record
	dst   []byte
	limit int
	depth int

	members []member // of the objects being written, outermost first
}

// A member is an element with the instance it stands in, or one element of the
// array that it holds.
type member struct {
	key      string
	node     *node
	instance int
	elem     Value
	isElem   bool
	data     bool // named by its Name attribute
	repeated bool // a member before it has the same key
	repeats  bool // a member after it has
}

// children adds the elements in nodes, those of nested instances among them.
func (j *jsonWriter) children(nodes []node, k int) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case len(j.members) > maxFields:
			return
		case n.kind == nodeSub:
			for i := k + 1; i < len(j.rec.instances); i++ {
				if in := &j.rec.instances[i]; int(in.parent) == k && in.sub == n.sub {
					j.children(in.tpl.nodes, i)
				}
			}
		case n.kind != nodeElement || j.rec.omitted(n, k):
		default:
			m := member{key: n.name, node: n, instance: k}
			if n.name == "Data" || n.name == "ComplexData" {
				if name := j.dataName(n, k); name != "" {
					m.key, m.data = name, true
				}
			}
			v, ok := j.rec.array(n, k)
			if !ok {
				j.members = append(j.members, m)
				continue
			}
			m.isElem = true
			for e := range v.Elems() {
				m.elem = e
				j.members = append(j.members, m)
			}
		}
	}
}

func (j *jsonWriter) dataName(n *node, k int) string {
	for i := range n.attrs {
		if n.attrs[i].name == "Name" {
			if text, ok := constant(n.attrs[i].kids); ok {
				return text
			}
			return string(j.rec.compose(nil, n.attrs[i].kids, k))
		}
	}
	return ""
}

// object writes the attributes of the member holder and the members from index
// from on, those of one name together, and removes them.
func (j *jsonWriter) object(from, holder int) {
	j.dst = append(j.dst, '{')
	first := holder < 0 || !j.attributes(holder)
	to := len(j.members)
	if j.depth++; j.depth > maxDepth {
		to = from
	}
	markRepeated(j.members[from:to])
	for i := from; i < to && len(j.dst) <= j.limit; i++ {
		m := &j.members[i] // until the slice moves
		if m.repeated {
			continue
		}
		key := m.key
		if !first {
			j.dst = append(j.dst, ',')
		}
		first = false
		j.str(key)
		j.dst = append(j.dst, ':')
		if !m.repeats {
			j.member(i)
			continue
		}
		j.dst = append(j.dst, '[')
		j.member(i)
		for k := i + 1; k < to && len(j.dst) <= j.limit; k++ {
			if j.members[k].key == key {
				j.dst = append(j.dst, ',')
				j.member(k)
			}
		}
		j.dst = append(j.dst, ']')
	}
	j.members = j.members[:from]
	j.depth--
	j.dst = append(j.dst, '}')
}

// markRepeated finds members that share a key.
func markRepeated(members []member) {
	if len(members) > 40 {
		first := make(map[string]int, len(members))
		for i := range members {
			m := &members[i]
			if k, ok := first[m.key]; ok {
				members[k].repeats, m.repeated = true, true
			} else {
				first[m.key] = i
			}
		}
		return
	}
	for i := range members {
		for k := range i {
			if members[k].key == members[i].key {
				members[k].repeats, members[i].repeated = true, true
				break
			}
		}
	}
}

func (j *jsonWriter) member(i int) {
	from := len(j.members)
	m := j.members[i]
	j.children(m.node.kids, m.instance)
	switch {
	case len(j.members) > from && !m.isElem:
		j.object(from, i)
		return
	case !j.hasAttributes(i):
		j.leaf(m)
	default:
		j.dst = append(j.dst, '{')
		j.attributes(i)
		if len(m.node.kids) > 0 {
			j.dst = append(j.dst, `,"#text":`...)
			j.leaf(m)
		}
		j.dst = append(j.dst, '}')
	}
	j.members = j.members[:from]
}

// shown reports whether attribute a of m is written as one.
func (j *jsonWriter) shown(m *member, a *node) bool {
	return !(m.data && a.name == "Name") && !j.rec.omittedAttribute(a, m.instance)
}

func (j *jsonWriter) hasAttributes(i int) bool {
	m := &j.members[i]
	for k := range m.node.attrs {
		if j.shown(m, &m.node.attrs[k]) {
			return true
		}
	}
	return false
}

// attributes writes "#attributes" and reports whether there are any.
func (j *jsonWriter) attributes(i int) bool {
	if !j.hasAttributes(i) {
		return false
	}
	m := &j.members[i]
	j.dst = append(j.dst, `"#attributes":{`...)
	first := true
	for k := range m.node.attrs {
		a := &m.node.attrs[k]
		if !j.shown(m, a) || len(j.dst) > j.limit {
			continue
		}
		if !first {
			j.dst = append(j.dst, ',')
		}
		first = false
		j.str(a.name)
		j.dst = append(j.dst, ':')
		j.parts(a.kids, m.instance)
	}
	j.dst = append(j.dst, '}')
	return true
}

func (j *jsonWriter) leaf(m member) {
	switch {
	case m.isElem:
		j.value(m.elem)
	case len(m.node.kids) == 0:
		j.dst = append(j.dst, "null"...)
	default:
		j.parts(m.node.kids, m.instance)
	}
}

func (j *jsonWriter) parts(nodes []node, k int) {
	if len(nodes) == 1 && nodes[0].kind == nodeSub {
		j.value(j.rec.at(k, int(nodes[0].sub)))
		return
	}
	j.str(string(j.rec.compose(nil, nodes, k)))
}

// value writes v as the JSON type that suits it.
func (j *jsonWriter) value(v Value) {
	const exact = 1 << 53 // beyond it a float64 skips integers
	switch v.Type {
	case TypeInt8, TypeInt16, TypeInt32, TypeInt64:
		if n := v.signed(); n > -exact && n < exact {
			j.dst = strconv.AppendInt(j.dst, n, 10)
			return
		}
	case TypeUint8, TypeUint16, TypeUint32, TypeUint64:
		if n := v.unsigned(); n < exact {
			j.dst = strconv.AppendUint(j.dst, n, 10)
			return
		}
	case TypeBool:
		j.dst = strconv.AppendBool(j.dst, v.unsigned() != 0)
		return
	case TypeFloat32, TypeFloat64:
		if f, ok := v.float(); ok {
			j.dst = strconv.AppendFloat(j.dst, f, 'g', -1, 64)
			return
		}
	case TypeNull:
		j.dst = append(j.dst, "null"...)
		return
	case TypeString:
		j.utf16(trimNUL16(v.Raw))
		return
	case TypeText, TypeAnsi:
		j.str(v.String())
		return
	}
	if v.Array() { // in an attribute or between other text
		j.str(v.String())
		return
	}
	j.dst = append(j.dst, '"') // none of the others needs escaping
	j.dst = append(v.Append(j.dst), '"')
}

// float returns a finite number.
func (v Value) float() (f float64, ok bool) {
	switch {
	case v.Type == TypeFloat32 && len(v.Raw) == 4:
		f = float64(math.Float32frombits(le32(v.Raw)))
	case v.Type == TypeFloat64 && len(v.Raw) == 8:
		f = math.Float64frombits(le64(v.Raw))
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

// utf16 writes UTF-16, whole if it is plain ASCII.
func (j *jsonWriter) utf16(b []byte) {
	from := len(j.dst)
	j.dst = appendUTF16(append(j.dst, '"'), b)
	for i, c := range j.dst[from+1:] {
		if c < ' ' || c == '"' || c == '\\' {
			rest := string(j.dst[from+1+i:])
			j.dst = j.escape(j.dst[:from+1+i], rest)
			break
		}
	}
	j.dst = append(j.dst, '"')
}

func (j *jsonWriter) str(s string) {
	j.dst = append(j.escape(append(j.dst, '"'), s), '"')
}

func (j *jsonWriter) escape(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			} else {
				i += size - 1
			}
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
		}
	}
	return append(dst, s[from:]...)
}
