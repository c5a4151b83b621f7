package script

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// newBuiltin makes the objects of which the content can be followed.
func (m *Machine) newBuiltin(n *Node, args []Value) (Value, bool) {
	switch n.Low {
	case "array", "list", "arraylist", "stack", "queue", "hashset":
		o := &Object{}
		if n.Low == "array" && len(args) != 1 {
			o.Elems = append(o.Elems, args...)
		} else if len(args) == 1 && args[0].K == VArray && m.room(len(args[0].O.Elems)) {
			o.Elems = append(o.Elems, args[0].O.Elems...)
			o.Any = args[0].O.Any
		} else if len(args) == 1 {
			o.Any = Union(args[0])
			o.Any.L &^= Built
		}
		return Value{K: VArray, O: o}, true
	case "string":
		if len(args) == 2 {
			s, ok1 := args[0].Text()
			f, ok2 := args[1].Number()
			if ok1 && ok2 && f >= 0 && f < 1<<16 {
				return m.folded(strings.Repeat(s, int(f)), args...)
			}
			return Union(args...), true
		}
		if len(args) > 0 {
			if b, ok := m.bytesOf(args[0]); ok {
				return m.folded(string(b), args[0])
			}
			if args[0].K == VArray {
				return m.Concat(args[0].O.Elems...), true
			}
			return Union(args...), true
		}
		return Const(""), true
	case "regexp", "regex":
		o := &Object{Fields: map[string]Value{}}
		if len(args) > 0 {
			o.Fields["pattern"] = args[0]
		}
		return Value{K: VObject, S: "regexp", O: o}, true
	case "stringbuilder":
		o := &Object{Fields: map[string]Value{"<text>": Const("")}}
		if len(args) > 0 && (args[0].K == VString || args[0].T != nil) {
			o.Fields["<text>"] = args[0]
		}
		return Value{K: VObject, S: "stringbuilder", O: o}, true
	case "uri", "memorystream", "streamreader", "bufferedstream", "gzipstream", "deflatestream", "cryptostream", "binaryreader", "stringreader":
		u := Union(args...)
		o := &Object{Any: u}
		if len(args) > 0 && args[0].K == VObject {
			o.Fields = map[string]Value{"<base>": args[0]}
			o.Any = Union(u, args[0].O.AnyValue())
		}
		return Value{K: VObject, S: n.Low, L: u.L | o.Any.L&Opaque, T: u.T, O: o}, true
	}
	return Value{}, false
}

// method calls a method of text, bytes and lists.
func (m *Machine) method(n *Node, recv Value, name string, args []Value) (Value, bool) {
	if recv.K == VObject && recv.S == "stringbuilder" && recv.O.Fields != nil {
		return m.stringBuilder(recv, name, args)
	}
	if recv.K == VObject && recv.S == "regexp" && len(args) > 0 {
		return m.regExp(recv, name, args)
	}
	switch {
	case name == "select" && len(args) == 1:
		if v, ok := m.each(n, recv, args[0]); ok {
			return v, true
		}
	case name == "aggregate" && len(args) == 2 && args[1].K == VFunc:
		if all, ok := m.list(recv); ok {
			v := args[0]
			for _, e := range all {
				v = m.callFunc(args[1], []Value{v, e})
			}
			return v, true
		}
	case name == "skip" || name == "take":
		if i, ok := numArg(args, 0, 0); ok && i >= 0 && len(args) == 1 {
			if v, ok := m.part(recv, name, i); ok {
				return v, true
			}
		}
	}
	if recv.K == VArray {
		if v, ok := m.arrayMethod(recv, name, args); ok {
			return v, true
		}
	}
	s, known := recv.Text()
	all := func() (Value, bool) { return Union(append([]Value{recv}, args...)...), true }
	switch name {
	case "replace":
		x, ok1 := arg(args, 0).Text()
		y, ok2 := arg(args, 1).Text()
		if rx := arg(args, 0); known && ok2 && rx.K == VUnknown && len(n.Kids) > 1 && n.Kids[1] != nil && n.Kids[1].Kind == KBad && n.Kids[1].Op == Pattern {
			return m.regexReplace(s, n.Kids[1].Name, y, recv)
		}
		if known && ok1 && ok2 {
			if x == "" {
				return recv, true
			}
			m.left -= len(s) / 128
			if !replaceable(s, x, y) {
				return all()
			}
			t := s
			if len(args) > 4 && arg(args, 4).N == 1 {
				t = replaceFold(s, x, y)
			} else if m.cur.d == JScript && !m.cur.d.VB() {
				t = strings.Replace(s, x, y, 1)
			} else {
				t = strings.ReplaceAll(s, x, y)
			}
			return m.folded(t, append([]Value{recv}, args...)...)
		}
		out := Union(append([]Value{recv}, args...)...)
		if !known && recv.S != "" && ok1 && ok2 && replaceable(recv.S, x, y) { // the known end stays known
			out.S = strings.ReplaceAll(recv.S, x, y)
		}
		return out, true
	case "split":
		sep, ok := arg(args, 0).Text()
		if len(args) > 0 && args[0].K == VArray && len(args[0].O.Elems) > 0 {
			sep, ok = args[0].O.Elems[0].Text()
		}
		if len(args) == 0 {
			sep, ok = " ", true
		}
		if known && ok && recv.T == nil && m.room(strings.Count(s, sep)+1) {
			parts := strings.Split(s, sep)
			o := &Object{Elems: make([]Value, len(parts))}
			m.left -= len(s) / 64
			for i, p := range parts {
				o.Elems[i] = Const(p)
			}
			return Value{K: VArray, O: o}, true
		}
		u := Union(recv)
		return Value{K: VArray, O: &Object{Any: u}, L: u.L, T: u.T}, true
	case "ucase", "toupper", "touppercase", "toupperinvariant":
		if known {
			return m.folded(strings.ToUpper(s), recv)
		}
		out := Union(recv)
		out.S = recv.S
		return out, true
	case "lcase", "tolower", "tolowercase", "tolowerinvariant":
		if known {
			return m.folded(strings.ToLower(s), recv)
		}
		out := Union(recv)
		out.S = recv.S
		return out, true
	case "trim", "ltrim", "rtrim", "trimstart", "trimend", "normalize":
		if known {
			cut := " \t\r\n"
			if c, ok := arg(args, 0).Text(); ok && len(args) > 0 {
				cut = c
			}
			switch name {
			case "ltrim", "trimstart":
				return m.folded(strings.TrimLeft(s, cut), recv)
			case "rtrim", "trimend":
				return m.folded(strings.TrimRight(s, cut), recv)
			}
			return m.folded(strings.Trim(s, cut), recv)
		}
		return all()
	case "substring", "substr", "slice":
		return m.substring(recv, s, known, name, args)
	case "charat", "chars", "get_chars", "elementat":
		if i, ok := numArg(args, 0, 0); known && ok && i >= 0 {
			return m.folded(m.letters(s).slice(i, i+1), recv)
		}
		return all()
	case "charcodeat":
		if i, ok := numArg(args, 0, 0); known && ok {
			if r := m.letters(s); i >= 0 && i < r.len() {
				return from(Num(float64(r.code(i))), recv), true
			}
		}
		out := Union(recv)
		out.L |= Numeric
		return out, true
	case "indexof", "lastindexof", "search":
		t, ok := arg(args, 0).Text()
		if known && ok && recv.T == nil {
			if name == "lastindexof" {
				return Num(float64(strings.LastIndex(s, t))), true
			}
			return Num(float64(strings.Index(s, t))), true
		}
		return Value{}, true
	case "length":
		if recv.K == VArray && recv.O.Any.T == nil && len(recv.O.Elems) > 0 {
			return Num(float64(len(recv.O.Elems))), true
		}
		if known {
			return Num(float64(m.letters(s).len())), true
		}
		return Value{}, true
	case "startswith", "endswith", "contains", "equals", "gettype_", "compareto", "hasownproperty", "test":
		return Value{}, true
	case "tochararray", "toarray", "tostring", "valueof", "clone", "getbytes", "getchars", "getstring", "cast", "asenumerable", "tolist":
		return m.convert(recv, s, known, name, args)
	case "concat":
		if recv.K == VString || recv.K == VUnknown && len(args) > 0 {
			return m.Concat(append([]Value{recv}, args...)...), true
		}
	case "insert":
		i, ok1 := numArg(args, 0, 0)
		t, ok2 := arg(args, 1).Text()
		if known && ok1 && ok2 && i >= 0 && i <= len(s) {
			return m.folded(s[:i]+t+s[i:], recv, args[1])
		}
		return all()
	case "remove":
		i, ok1 := numArg(args, 0, 0)
		c, ok2 := numArg(args, 1, 1<<30)
		if known && ok1 && ok2 && i >= 0 && i <= len(s) && c >= 0 {
			return m.folded(s[:i]+s[min(len(s), i+c):], recv)
		}
		return all()
	case "padleft", "padright":
		size, ok := numArg(args, 0, 0)
		with, ok2 := arg(args, 1).Text()
		if len(args) < 2 {
			with, ok2 = " ", true
		}
		if missing := size - m.letters(s).len(); known && ok && ok2 && len(with) == 1 && missing < 1<<16 {
			with = strings.Repeat(with, max(0, missing))
			if name == "padleft" {
				return m.folded(with+s, recv)
			}
			return m.folded(s+with, recv)
		}
		return all()
	case "reverse":
		if known && recv.K == VString {
			return m.folded(reverse(s), recv)
		}
		if recv.K == VBytes {
			return from(Value{K: VBytes, O: &Object{Buf: []byte(reverse(string(recv.O.Buf)))}}, recv), true
		}
	case "filter":
		return all()
	}
	return Value{}, false
}

// Bounds of the letters or elements that a function is called with one by one:
// of one list, and of all.
const (
	maxEach    = 4096
	maxEachAll = 8 * maxEach
)

// each is LINQ's list.Select(f) of what is known; f may be a method's name.
func (m *Machine) each(n *Node, list, f Value) (Value, bool) {
	if f.K != VFunc && f.K != VType {
		return Value{}, false
	}
	all, ok := m.list(list)
	if !ok {
		return Value{}, false
	}
	o := &Object{Elems: make([]Value, len(all))}
	for i, e := range all {
		o.Elems[i] = m.callValue(n, f, []Value{e})
	}
	return Value{K: VArray, O: o}, true
}

// list is what a known list holds, or the letters of a text, each of which a
// function is to be called with.
func (m *Machine) list(v Value) ([]Value, bool) {
	var all []Value
	switch s, ok := v.Text(); {
	case v.T != nil || m.eached >= maxEachAll:
		return nil, false
	case v.K == VArray && v.O.Any.T == nil && len(v.O.Elems) <= maxEach:
		all = v.O.Elems
	case v.K == VBytes && len(v.O.Buf) <= maxEach:
		for _, b := range v.O.Buf {
			all = append(all, Num(float64(b)))
		}
	case v.K == VString && ok && len(s) <= maxEach:
		r := m.letters(s)
		for i := range r.len() {
			all = append(all, m.one(r, i))
		}
	}
	m.eached += len(all)
	return all, len(all) > 0 && m.room(len(all))
}

// part is what LINQ's Skip or Take leaves of a text or list.
func (m *Machine) part(v Value, name string, i int) (Value, bool) {
	switch {
	case v.K == VString && name == "skip":
		r := m.letters(v.S)
		return m.folded(r.slice(i, r.len()), v)
	case v.K == VString:
		return m.folded(m.letters(v.S).slice(0, i), v)
	case v.K == VArray && v.O.Any.T == nil && !v.O.loose:
		e := v.O.Elems
		if i = min(i, len(e)); name == "skip" {
			e = e[i:]
		} else {
			e = e[:i]
		}
		if !m.room(len(e)) {
			return Value{}, false
		}
		return Value{K: VArray, L: v.L, T: v.T, O: &Object{Elems: slices.Clone(e)}}, true
	}
	return Value{}, false
}

func (m *Machine) convert(recv Value, s string, known bool, name string, args []Value) (Value, bool) {
	switch name {
	case "tochararray":
		if !known || recv.T != nil {
			return Union(recv), true
		}
		r := m.letters(s)
		n := min(r.len(), 1<<17)
		if m.room(n) {
			o := &Object{Elems: make([]Value, n)}
			for i := range o.Elems {
				o.Elems[i] = m.one(r, i)
			}
			return Value{K: VArray, O: o}, true
		}
		return Union(recv), true
	case "tostring":
		if len(args) == 1 {
			f, ok := recv.Number()
			b, ok2 := args[0].Number()
			if ok && ok2 && recv.K == VNumber && b >= 2 && b <= 36 {
				return m.folded(strconv.FormatInt(int64(f), int(b)), recv)
			}
			if t, ok3 := args[0].Text(); ok && ok3 && recv.K == VNumber && (t == "x2" || t == "X2") {
				return m.folded(hex.EncodeToString([]byte{byte(int64(f))}), recv)
			}
		}
		if recv.K == VString {
			return recv, true
		}
		if known && recv.K != VBytes {
			return m.folded(s, recv)
		}
		if recv.K == VType || recv.K == VObject && recv.T == nil && recv.O.AnyValue().T == nil {
			return Value{}, false
		}
		if recv.K == VObject {
			return Union(recv, recv.O.AnyValue()), true
		}
		return Union(recv), true
	case "getbytes", "getstring", "getchars":
		if len(args) == 0 {
			return Value{}, false
		}
		if b, ok := m.bytesOf(args[0]); ok {
			if len(args) == 3 && name == "getstring" {
				i, ok1 := numArg(args, 1, 0)
				c, ok2 := numArg(args, 2, 0)
				if !ok1 || !ok2 || i < 0 || c < 0 || i > len(b) {
					return Union(args...), true
				}
				b = b[i:min(len(b), i+c)]
			}
			if name == "getbytes" {
				return from(Value{K: VBytes, O: &Object{Buf: append([]byte(nil), b...)}}, args[0]), true
			}
			return m.folded(string(b), args[0])
		}
		return Union(args...), true
	}
	if recv.K == VType {
		return Value{}, false
	}
	if recv.K == VObject { // a stream or a dictionary gives what was put in
		return Union(recv, recv.O.AnyValue()), true
	}
	return recv, true
}

func (m *Machine) substring(recv Value, s string, known bool, name string, args []Value) (Value, bool) {
	i, ok1 := numArg(args, 0, 0)
	j, ok2 := numArg(args, 1, 1<<30)
	if !known || !ok1 || !ok2 {
		out := Union(append([]Value{recv}, args...)...)
		if len(args) == 1 {
			out.S = recv.S
		}
		return out, true
	}
	r := m.letters(s)
	if i < 0 {
		i = max(0, r.len()+i)
	}
	switch {
	case len(args) < 2:
		j = r.len()
	case name == "substr" || name == "substring" && m.cur.d != JScript:
		j = i + max(j, 0)
	case j < 0:
		j = r.len() + j
	case name == "substring" && j < i:
		i, j = j, i
	}
	return m.folded(r.slice(i, j), recv)
}

// regExp calls a method of VBScript's RegExp or of .NET's Regex objects.
func (m *Machine) regExp(recv Value, name string, args []Value) (Value, bool) {
	if name == "test" || name == "ismatch" {
		return Value{}, true
	}
	pattern, ok1 := recv.O.Fields["pattern"].Text()
	s, ok2 := args[0].Text()
	with, ok3 := arg(args, 1).Text()
	if name != "replace" || !ok1 || !ok2 || !ok3 || len(pattern) > 300 || pattern == "" {
		return Union(args...), true
	}
	flags := ""
	if f := recv.O.Fields["global"]; f.N != 0 || m.cur.d != VBScript {
		flags = "g"
	}
	if recv.O.Fields["ignorecase"].N != 0 {
		flags += "i"
	}
	return m.regexReplace(s, "/"+pattern+"/"+flags, with, args[0])
}

// regexReplace runs s.replace(/rx/flags, with) where Go's engine can.
func (m *Machine) regexReplace(s, rx, with string, recv Value) (Value, bool) {
	i := strings.LastIndexByte(rx, '/')
	if i < 1 || len(rx) > 300 {
		return Union(recv), true
	}
	body, flags := rx[1:i], rx[i+1:]
	if strings.Contains(flags, "i") {
		body = "(?i)" + body
	}
	re, err := regexp.Compile(body)
	if err != nil {
		return Union(recv), true
	}
	m.left -= len(s) / 8
	if strings.Contains(flags, "g") {
		if len(s)*len(with) > maxString { // a match at each place at most
			return Union(recv), true
		}
		return m.folded(re.ReplaceAllString(s, strings.ReplaceAll(with, "$", "$$")), recv)
	}
	if at := re.FindStringIndex(s); at != nil {
		return m.folded(s[:at[0]]+with+s[at[1]:], recv)
	}
	return recv, true
}

func (m *Machine) stringBuilder(recv Value, name string, args []Value) (Value, bool) {
	old := recv.O.Fields["<text>"]
	set := func(v Value) (Value, bool) {
		recv.O.Fields["<text>"] = v
		recv.L, recv.T = v.L&^Built, v.T
		return recv, true
	}
	switch name {
	case "append", "appendline":
		parts := append([]Value{old}, args...)
		if len(args) > 1 {
			parts = parts[:2]
		}
		if name == "appendline" {
			parts = append(parts, Const("\r\n"))
		}
		return set(m.Concat(parts...))
	case "appendformat":
		v, _ := m.joinArgs("format", args)
		return set(m.Concat(old, v))
	case "insert":
		if len(args) == 2 && args[0].K == VNumber && args[0].N == 0 {
			return set(m.Concat(args[1], old))
		}
		return set(Union(append([]Value{old}, args...)...))
	case "tostring":
		return old, true
	case "replace", "remove":
		v, _ := m.method(&Node{}, old, name, args)
		return set(v)
	case "length", "clear", "capacity":
		if name == "clear" {
			return set(Const(""))
		}
		return Value{}, true
	}
	return Union(append([]Value{old}, args...)...), true
}

func (m *Machine) arrayMethod(recv Value, name string, args []Value) (Value, bool) {
	o := recv.O
	switch name {
	case "push", "add", "addrange", "enqueue":
		for _, a := range args {
			o.loose = o.loose || m.weak > m.cur.weak && !a.Known()
			if len(o.Elems) < 1<<18 && o.Any.T == nil {
				if name == "addrange" && a.K == VArray && m.room(len(a.O.Elems)) {
					o.Elems = append(o.Elems, a.O.Elems...)
					continue
				}
				o.Elems = append(o.Elems, a)
			} else {
				o.Any = Union(o.Any, a)
			}
		}
		return recv, true
	case "join":
		sep := Const(",")
		if len(args) > 0 {
			sep = args[0]
		}
		return m.joinArgs("join", []Value{recv, sep})
	case "reverse":
		if m.room(len(o.Elems)) {
			o.Elems = slices.Clone(o.Elems)
			slices.Reverse(o.Elems)
		}
		return recv, true
	case "toarray", "tolist", "cast", "clone":
		if b, ok := m.bytesOf(recv); ok && len(o.Elems) > 0 && o.Elems[0].K == VNumber {
			return Value{K: VBytes, O: &Object{Buf: b}}, true
		}
		return recv, true
	case "tostring":
		if m.cur.d == JScript {
			return m.joinArgs("join", []Value{recv, Const(",")})
		}
	case "count", "length":
		if o.Any.T == nil && len(o.Elems) > 0 && !o.loose {
			return Num(float64(len(o.Elems))), true
		}
		return Value{}, true
	case "pop", "shift", "dequeue", "removeat":
		if n := len(o.Elems); n > 0 && m.weak == 0 && m.room(n) {
			i := 0
			switch name {
			case "pop":
				i = n - 1
			case "removeat":
				i, _ = numArg(args, 0, 0)
				i = max(0, min(i, n-1))
			}
			e := o.Elems[i]
			o.Elems = append(append([]Value(nil), o.Elems[:i]...), o.Elems[i+1:]...)
			return e, true
		}
		return Union(recv), true
	}
	return Value{}, false
}

// replaceable reports whether replacing x by y in s adds no more than one string
// may have.
func replaceable(s, x, y string) bool {
	return strings.Count(s, x)*(len(y)-len(x)) <= maxString
}
