package evtx

import "unicode/utf8"

// maxRender limits the text of one record, in bytes. A hostile template can use
// one long value thousands of times.
const maxRender = 8 << 20

// AppendXML appends the event as XML, in the words of Windows' own EvtRender:
// one line, attributes in single quotes, empty elements closed at once only if
// the template does so or nothing stands in them. It ends early at 8 MiB.
func (r *Record) AppendXML(dst []byte) []byte {
	x := xmlWriter{rec: r, dst: dst, limit: len(dst) + maxRender}
	x.instance(0)
	return x.dst
}

type xmlWriter struct {
	rec   *Record
	dst   []byte
	limit int
}

func (x *xmlWriter) instance(k int) { x.nodes(x.rec.instances[k].tpl.nodes, k) }

func (x *xmlWriter) nodes(nodes []node, k int) {
	for i := range nodes {
		if len(x.dst) > x.limit {
			return
		}
		switch n := &nodes[i]; n.kind {
		case nodeElement:
			x.element(n, k)
		case nodeText:
			x.text(n.text, false)
		case nodeCDATA:
			x.dst = append(append(append(x.dst, "<![CDATA["...), n.text...), "]]>"...)
		case nodeEntity:
			x.dst = append(append(append(x.dst, '&'), n.name...), ';')
		case nodePI:
			x.dst = append(append(x.dst, "<?"...), n.name...)
			x.dst = append(append(append(x.dst, ' '), n.text...), "?>"...)
		case nodeSub:
			if !x.nested(n, k) {
				x.value(x.rec.at(k, int(n.sub)), false)
			}
		}
	}
}

// nested writes the instances that stand for a value, if there are any.
func (x *xmlWriter) nested(n *node, k int) (found bool) {
	for j := k + 1; j < len(x.rec.instances); j++ {
		if in := &x.rec.instances[j]; int(in.parent) == k && in.sub == n.sub {
			x.instance(j)
			found = true
		}
	}
	return found
}

// element writes n, once for each element of an array that it holds.
func (x *xmlWriter) element(n *node, k int) {
	if x.rec.omitted(n, k) {
		return
	}
	if v, ok := x.rec.array(n, k); ok {
		for e := range v.Elems() {
			x.open(n, k)
			x.dst = append(x.dst, '>')
			x.value(e, false)
			x.close(n)
		}
		return
	}
	x.open(n, k)
	if len(n.kids) == 0 {
		x.dst = append(x.dst, "/>"...)
		return
	}
	x.dst = append(x.dst, '>')
	x.nodes(n.kids, k)
	x.close(n)
}

func (x *xmlWriter) open(n *node, k int) {
	x.dst = append(append(x.dst, '<'), n.name...)
	for i := range n.attrs {
		a := &n.attrs[i]
		if x.rec.omittedAttribute(a, k) || len(x.dst) > x.limit {
			continue
		}
		x.dst = append(append(append(x.dst, ' '), a.name...), "='"...)
		for j := range a.kids {
			switch p := &a.kids[j]; p.kind {
			case nodeSub:
				x.value(x.rec.at(k, int(p.sub)), true)
			case nodeEntity:
				x.dst = append(append(append(x.dst, '&'), p.name...), ';')
			default:
				x.text(p.text, true)
			}
		}
		x.dst = append(x.dst, '\'')
	}
}

func (x *xmlWriter) close(n *node) {
	x.dst = append(append(append(x.dst, "</"...), n.name...), '>')
}

// value writes the text of v; only text can need escaping.
func (x *xmlWriter) value(v Value, attribute bool) {
	from := len(x.dst)
	x.dst = v.Append(x.dst)
	if t := v.Type &^ TypeArray; t != TypeString && t != TypeAnsi && v.Type != TypeText {
		return
	}
	if i := special(x.dst[from:], attribute); i >= 0 {
		rest := string(x.dst[from+i:])
		x.dst = x.dst[:from+i]
		x.text(rest, attribute)
	}
}

// special returns where the first character is that needs a closer look, or -1.
func special[T string | []byte](s T, attribute bool) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ', c == '&', c == '<', c == '>', c == 0xef, attribute && c == '\'':
			return i
		}
	}
	return -1
}

// text writes escaped text. Characters that XML cannot hold become U+FFFD.
func (x *xmlWriter) text(s string, attribute bool) {
	for {
		i := special(s, attribute)
		if i < 0 {
			x.dst = append(x.dst, s...)
			return
		}
		x.dst = append(x.dst, s[:i]...)
		r, size := utf8.DecodeRuneInString(s[i:])
		s = s[i+size:]
		switch {
		case r == '&':
			x.dst = append(x.dst, "&amp;"...)
		case r == '<':
			x.dst = append(x.dst, "&lt;"...)
		case r == '>':
			x.dst = append(x.dst, "&gt;"...)
		case r == '\'':
			x.dst = append(x.dst, "&apos;"...)
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff: // UTF-8: ef bf be, ef bf bf
			x.dst = utf8.AppendRune(x.dst, utf8.RuneError)
		default:
			x.dst = utf8.AppendRune(x.dst, r)
		}
	}
}

// omitted reports whether an element is left out: the value that it depends on
// is null, or the only thing in it is an optional value that is null
// ([MS-EVEN6] 2.2.12.4 and 2.2.12.5). Event never is.
func (r *Record) omitted(n *node, k int) bool {
	if n.depends != noDependency && n.name != "Event" && r.at(k, int(n.depends)).Type == TypeNull {
		return true
	}
	return len(n.kids) == 1 && n.kids[0].optional && r.at(k, int(n.kids[0].sub)).Type == TypeNull
}

func (r *Record) omittedAttribute(a *node, k int) bool {
	return len(a.kids) == 1 && a.kids[0].optional && r.at(k, int(a.kids[0].sub)).Type == TypeNull
}

// array returns the value that alone fills an element, if it is an array.
func (r *Record) array(n *node, k int) (Value, bool) {
	if len(n.kids) != 1 || n.kids[0].kind != nodeSub {
		return Value{}, false
	}
	v := r.at(k, int(n.kids[0].sub))
	return v, v.Array()
}
