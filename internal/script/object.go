package script

import (
	"regexp"
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
		return set(m.Concat(old, m.formatted(args)))
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

// replaceable reports whether replacing x by y in s adds no more than one string
// may have.
func replaceable(s, x, y string) bool {
	return strings.Count(s, x)*(len(y)-len(x)) <= maxString
}
