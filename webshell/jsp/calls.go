package jsp

import "strings"

var requestTypes = map[string]bool{
	"HttpServletRequest": true, "ServletRequest": true, "HttpServletRequestWrapper": true, "Request": true, "MultipartHttpServletRequest": true,
}

// fileOut are the classes that write to a file they are given the name of.
var fileOut = map[string]bool{
	"FileOutputStream": true, "FileWriter": true, "RandomAccessFile": true, "PrintWriter": true, "PrintStream": true, "FileHandler": true,
	"Formatter": true, "FileImageOutputStream": true, "ZipFile": false,
}

// joinAll is what is known of several values together.
func joinAll(vs []value) (out value) {
	for i, v := range vs {
		if i == 0 {
			out = value{taint: v.taint, origin: v.origin}
			continue
		}
		out = join(out, value{taint: v.taint, origin: v.origin})
	}
	return out
}

func arg(args []value, i int) value {
	if i < len(args) {
		return args[i]
	}
	return value{}
}

// class is the simple name of what a method is called on: the class of a
// value, or the name itself.
func (v value) class() string {
	if v.typ != "" {
		return v.typ
	}
	return simple(v.name)
}

// invoke is a call without a receiver: of the page's own method, or of one
// that its class inherits.
func (w *walker) invoke(name string, args []value, at int32) value {
	if v, ok := w.own(name, args); ok {
		if name == "defineClass" {
			w.facts.sink(sinkDefine, at, joinConst(args))
		}
		return v
	}
	return w.call(value{typ: "this"}, varKey{}, name, args, at)
}

// own passes arguments to the page's methods of that name.
func (w *walker) own(name string, args []value) (value, bool) {
	var out value
	found := false
	for _, index := range w.byName[name] {
		m := &w.methods[index]
		if len(m.params) != len(args) {
			continue
		}
		w.pass(index, args)
		if !found {
			out = m.result
		} else {
			out = join(out, m.result)
		}
		found = true
	}
	return out, found
}

// pass gives a method's parameters what a caller passes.
func (w *walker) pass(index int, args []value) {
	m := &w.methods[index]
	for i := range args[:min(len(args), len(m.params))] {
		p := &m.params[i]
		got := args[i]
		got.elems = nil
		was := p.got
		if was.taint == 0 && was.typ == "" && !was.isStr {
			p.got = got
		} else {
			if was.isStr && got.isStr && was.s != got.s {
				was.s, was.isStr = "", false
				got.s, got.isStr = "", false
			}
			p.got = join(was, got)
		}
		if p.got.taint != was.taint || p.got.typ != was.typ {
			w.changed = true
		}
	}
}

// joinConst is joinAll that keeps a constant.
func joinConst(args []value) value {
	out := joinAll(args)
	for _, a := range args {
		if a.isStr && len(a.s) > len(out.s) {
			out.s, out.isStr, out.lead, out.hidden = a.s, true, a.lead, a.hidden
		}
	}
	return out
}

// call is recv.name(args); holder is the variable that recv came from.
func (w *walker) call(recv value, holder varKey, name string, args []value, at int32) value {
	if recv.fn != nil && recv.fn.holds {
		return w.held(recv, holder, name, args)
	} else if recv.fn != nil {
		return w.callFunction(recv.fn, args, at)
	}
	class := recv.class()
	if takes[name] {
		if f := holding(args); f != nil {
			return w.hold(recv, holder, f)
		}
	}
	c := call{w, recv, holder, class, name, args, at}
	if v, ok := c.by(inputs); ok {
		return v
	}
	if v, ok := c.acts(); ok {
		return v
	}
	if v, ok := w.reflect(recv, class, name, args, at); ok {
		return v
	}
	if v, ok := c.constant(); ok {
		return v
	}
	if a := arg(args, 0); name == "matches" && a.known() && holder.name != "" && plainWord(a.s) {
		w.check(holder, at)
	}
	if class != "this" && class != "Request" {
		if v, ok := w.own(name, args); ok {
			return join(v, value{taint: recv.taint & controlled, origin: recv.origin})
		}
	}
	out := w.through(recv, holder, class, name, args)
	if v := w.handOn(recv, args, at); v.taint != 0 {
		out = join(out, v)
	}
	return out
}

// numeric are calls whose result cannot carry text.
var numeric = map[string]bool{
	"parseInt": true, "parseLong": true, "length": true, "indexOf": true, "equals": true, "equalsIgnoreCase": true, "startsWith": true,
	"endsWith": true, "contains": true, "isEmpty": true, "size": true, "hashCode": true, "compareTo": true, "exists": true, "isDirectory": true,
	"isFile": true, "parseBoolean": true, "parseDouble": true, "parseFloat": true, "intValue": true, "longValue": true, "lastIndexOf": true,
	"matches": true, "hasNext": true, "hasMoreElements": true, "hasMoreTokens": true, "available": true, "find": true,
	"getContentLength": true, "lastModified": true, "containsKey": true, "equalsIgnorecase": true, "isInstance": true, "getInt": true, "getLong": true,
}

// keeps are calls that give back what they were given, changed a little.
var keeps = map[string]bool{
	"decode": true, "encode": true, "decodeBuffer": true, "parseBase64Binary": true, "decodeBase64": true, "doFinal": true, "update": true,
	"replace": true, "replaceAll": true, "format": true, "valueOf": true, "copyOf": true, "copyOfRange": true, "asList": true, "of": true,
	"get": true, "getPath": true, "wrap": true, "toByteArray": true, "decodeHex": true, "parseHexBinary": true, "toString": true, "join": true,
	"readAllBytes": true, "readFully": true, "unescape": true, "concat": true, "nvl": true, "requireNonNull": true, "ofNullable": true,
	"orElse": true, "getBytes": true, "convert": true, "fromHex": true, "hexStringToByte": true, "inflate": true, "decompress": true,
}

// through is a call that nothing is known of: data flows from the receiver to
// the result; from the arguments with less certainty, unless the call is known
// to pass them on.
func (w *walker) through(recv value, holder varKey, class, name string, args []value) value {
	if numeric[name] {
		in := join(recv, joinAll(args))
		if !strings.HasPrefix(name, "parse") {
			in.taint = 0
		}
		return value{typ: "int", digits: in.taint | in.digits, origin: in.origin}
	}
	out := value{taint: recv.taint, origin: recv.origin}
	if class == "Request" || class == "JspWriter" {
		return value{}
	}
	switch {
	case name == "of" || name == "asList": // List, Set and Map; Arrays
		out.fixed = allFixed(args)
	case !recv.fixed || !holders[class]:
	case gives[name]: // by whatever key
		out.fixed = name != "getOrDefault" || allFixed(args[min(1, len(args)):])
	case !numeric[name] && !allFixed(args) && holder.name != "":
		v := w.vars[holder]
		v.fixed = false
		w.vars[holder] = v
	}
	if (name == "get" || name == "getOrDefault") && strings.HasSuffix(class, "Map") { // the key is not in what it finds
		args = args[min(1, len(args)):]
	}
	in := joinAll(args)
	if class == "Character" || name == "appendCodePoint" {
		in = arg(args, 0).asChar()
		in = value{taint: in.taint, origin: in.origin}
	}
	switch name {
	case "read", "readFully":
		// The data goes into the buffer that is the first argument.
		if w.first != "" && recv.taint != 0 {
			if v, key, ok := w.lookup(w.first); ok {
				v.taint |= recv.taint
				v.origin = max(v.origin, recv.origin)
				w.assign(key, v)
			}
		}
	case "arraycopy", "getChars": // text.getChars(from, to, letters, at), System.arraycopy(a, from, b, …)
		from := recv
		if name == "arraycopy" {
			from = arg(args, 0)
		}
		if key, ok := w.third, w.third.name != ""; ok && from.taint != 0 {
			if v, ok := w.vars[key]; ok {
				w.assign(key, join(v, value{taint: from.taint, origin: from.origin}))
			}
		}
	case "write", "println", "print", "put", "appendCodePoint", "add", "addAll", "push", "set", "offer", "putAll", "addElement", "setProperty", "printf", "update":
		if holder.name != "" && in.taint != 0 {
			if v, ok := w.vars[holder]; ok {
				w.assign(holder, join(v, in))
			}
		}
	}
	if in.taint != 0 {
		if !keeps[name] {
			in.taint |= weak
		}
		out = join(out, in)
	}
	if name == "getName" || name == "getSubmittedFileName" || name == "getOriginalFilename" || name == "getFileName" {
		out.typ = "String"
		if class == "File" && out.taint != 0 {
			out.taint |= weak // without the folders: it stays where it is put
		}
	}
	return out
}
