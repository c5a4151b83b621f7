package jsp

import (
	"regexp"
	"slices"
	"strings"

	"limier/webshell"
)

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
	if v, ok := w.source(recv, class, name, args, at); ok {
		return v
	}
	if v, ok := w.sinkCall(recv, class, name, args, at); ok {
		return v
	}
	if v, ok := w.reflect(recv, class, name, args, at); ok {
		return v
	}
	if v, ok := w.constant(recv, holder, class, name, args); ok {
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

// otherRange is one that may hold more than letters and digits: [0-z].
var otherRange = regexp.MustCompile(`\w-\w`)

// plainWord reports whether a pattern matches only letters, digits, "-" and "_".
func plainWord(pattern string) bool {
	for _, s := range []string{`\d`, `\w`, "a-z", "A-Z", "0-9"} {
		pattern = strings.ReplaceAll(pattern, s, "")
	}
	return !strings.Contains(pattern, "[^") && !otherRange.MatchString(pattern) && strings.Trim(pattern, "^$()[]{}+*?|,-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// check notes if (!name.matches(…)) { … return …: what follows has a name that
// matches.
func (w *walker) check(holder varKey, at int32) {
	code := w.page.code
	before := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(string(code[max(0, int(at)-80):at]), " ."), holder.name), " ")
	after := string(code[at:min(len(code), int(at)+240)])
	end := strings.IndexByte(after, '}')
	if strings.HasSuffix(before, "!") && end >= 0 && (strings.Contains(after[:end], "return") || strings.Contains(after[:end], "throw ")) {
		if w.checked == nil {
			w.checked = map[varKey]int32{}
		}
		w.checked[holder] = at + int32(end)
	}
}

// source is data that comes in.
func (w *walker) source(recv value, class, name string, args []value, at int32) (value, bool) {
	request := class == "Request" || strings.HasSuffix(class, "Request")
	a0 := arg(args, 0)
	unknown := class == "" || recv.name != "" && recv.typ == ""
	switch name {
	case "getParameter", "getParameterValues", "getParameterMap", "getQueryString", "getParameterNames":
		if !request && !unknown && class != "this" && class != "Object" {
			return value{}, false
		}
		w.facts.reads = true
		out := value{taint: fromRequest, origin: at, typ: "String"}
		if a := arg(args, 0); a.known() && (webshell.PasswordField(a.s) || a.s == "j_password") {
			out.taint |= password
		}
		return out, true
	case "getHeader", "getHeaders", "getHeaderNames", "getCookies", "getPathInfo", "getRequestURI", "getRequestURL", "getPathTranslated", "getRequestedSessionId":
		if request || unknown && name != "getHeader" {
			w.facts.reads = true
			out := value{taint: fromRequest, origin: at}
			if name == "getHeaderNames" || name == "getHeader" && !strings.EqualFold(arg(args, 0).s, "referer") {
				out.taint |= header
			}
			return out, true
		}
	case "getInputStream", "getReader":
		switch {
		case request:
			w.facts.reads = true
			return value{taint: fromBody, origin: at, typ: "BodyStream"}, true
		case class == "Process":
			w.facts.processOutput = true
			return value{typ: "ProcessStream"}, true
		case strings.HasSuffix(class, "Connection") || class == "URL" || class == "Socket":
			return value{taint: recv.taint | fromNet, origin: max(recv.origin, at), typ: "NetStream"}, true
		}
	case "getPart", "getParts", "parseRequest", "getItemIterator", "getFile", "getFiles", "getFileMap":
		if name[:7] == "getPart" || name[:3] == "par" || name == "getItemIterator" || request || strings.Contains(class, "Multi") {
			w.facts.reads = true
			return value{taint: fromUpload, origin: at}, true
		}
	case "openStream", "getContent":
		return value{taint: recv.taint | fromNet, origin: max(recv.origin, at), typ: "NetStream"}, true
	case "setProperty", "getProperty":
		if class == "System" && a0.known() {
			key := varKey{0, "@system." + a0.s}
			if name == "setProperty" && len(args) > 1 {
				w.assign(key, args[1])
				return value{}, true
			}
			v, ok := w.vars[key]
			return v, ok
		}
	case "getAttribute", "getValue":
		if key, ok := attribute(class, args); ok {
			if v, ok := w.vars[varKey{0, key}]; ok {
				v.taint |= fromStore
				return v, true
			}
			return value{taint: fromStore, origin: at}, true
		}
	case "setAttribute", "putValue":
		if key, ok := attribute(class, args); ok && len(args) > 1 {
			w.assign(varKey{0, key}, args[1])
			return value{}, true
		}
	case "findAttribute":
		if class == "PageContext" {
			return w.source(recv, class, "getAttribute", args, at)
		}
	case "getRealPath":
		out := arg(args, 0) // a folder that is given, with the name as it is
		out.typ = "String"
		return out, true
	case "lookup", "publicLookup", "privateLookupIn":
		if class == "MethodHandles" {
			return value{typ: "Lookup"}, true
		}
	case "getRequest":
		return value{typ: "Request"}, true
	case "getSession":
		return value{typ: "HttpSession"}, true
	case "getServletContext":
		return value{typ: "ServletContext"}, true
	case "getResponse":
		return value{typ: "Response"}, true
	case "getRuntime", "getruntime":
		return value{typ: "Runtime"}, true
	case "getOutputStream", "getWriter":
		switch class {
		case "Response", "HttpServletResponse", "ServletResponse":
			return value{typ: "JspWriter"}, true
		case "Process", "Socket":
			return value{typ: class + "Out", taint: recv.taint}, true
		}
	case "getExpressionFactory":
		return value{typ: "ExpressionFactory"}, true
	case "openConnection":
		if recv.taint&controlled != 0 {
			w.facts.sink(sinkURL, at, recv)
		}
		return value{typ: "URLConnection", taint: recv.taint, origin: recv.origin}, true
	case "setRequestProperty", "addRequestProperty":
		if recv.taint&controlled != 0 && arg(args, 0).taint&controlled != 0 && arg(args, 0).taint&header == 0 { // proxies pass on the names they were sent
			w.facts.sink(sinkURL, at, recv).name = name
		}
		return value{}, true
	case "getEngineByName", "getEngineByExtension", "getEngineByMimeType", "getScriptEngine":
		return value{typ: "ScriptEngine"}, true
	}
	return value{}, false
}

// attribute is the variable that stands for an attribute of the session, the
// application, the request or the page.
func attribute(class string, args []value) (string, bool) {
	switch class {
	case "HttpSession", "ServletContext", "PageContext", "Request":
		if len(args) > 0 && args[0].known() {
			return "@" + args[0].s, true
		}
		return "@", len(args) > 0
	}
	return "", false
}

// constant folds calls on constants, and builders that gather them.
func (w *walker) constant(recv value, holder varKey, class, name string, args []value) (value, bool) {
	a, b := arg(args, 0), arg(args, 1)
	switch name {
	case "join":
		if class == "String" && len(args) > 1 && a.known() {
			list := args[1:]
			if len(b.elems) > 0 {
				list = b.elems
			}
			out := text("")
			for i, v := range list {
				if i > 0 && a.s != "" {
					out = w.sum(out, a)
				}
				out = w.sum(out, v)
			}
			return out, true
		}
	case "format":
		if class == "String" && a.known() && strings.Count(a.s, "%") == strings.Count(a.s, "%s") && strings.Count(a.s, "%s") == len(args)-1 && !slices.ContainsFunc(args, func(v value) bool { return !v.known() }) {
			out := text("")
			for i, s := range strings.Split(a.s, "%s") {
				if out = w.sum(out, text(s)); i+1 < len(args) {
					out = w.sum(out, args[i+1])
				}
			}
			return out, true
		}
	case "add":
		if class == "StringJoiner" {
			out := w.sum(recv, a)
			out.typ = class
			if holder.name != "" {
				w.assign(holder, out)
			}
			return out, true
		}
	case "append", "concat", "insert":
		out := w.sum(recv, a)
		if name == "insert" {
			if out = w.sum(recv, b); a.isNum && a.n == 0 {
				out = w.sum(b, recv)
			}
			a = b
		}
		if name == "append" && class != "String" && !recv.isStr {
			out = w.sum(text(""), a)
			out.taint |= recv.taint
			out.origin = max(out.origin, recv.origin)
			if recv.lead {
				out.s, out.isStr, out.lead = recv.s, true, true
			}
		}
		if name == "append" || name == "insert" {
			out.typ = class
			if holder.name != "" && class != "String" {
				w.assign(holder, out)
			}
		}
		return out, true
	case "toString", "trim", "strip", "intern", "toCharArray", "getBytes", "String", "build", "asString":
		out := recv
		if name == "getBytes" {
			out.typ = "byte[]"
		} else if name == "toCharArray" {
			out.typ = "char[]"
		} else if recv.isStr || recv.typ == "StringBuilder" || recv.typ == "StringBuffer" {
			out.typ = "String"
		}
		if recv.isNum && name == "toString" {
			return text(itoa(recv.n)), true
		}
		if name == "toString" && class == "Character" && len(args) == 1 {
			s, ok := a.asText()
			return value{typ: "String", s: s, isStr: true, hidden: true}, ok
		}
		if recv.known() && (name == "trim" || name == "strip") && out.s != strings.TrimSpace(out.s) {
			out.s, out.hidden = strings.TrimSpace(out.s), true
		}
		return out, !fileOut[class]
	case "valueOf", "copyValueOf":
		if class == "String" && len(args) > 0 {
			if s, ok := a.asText(); ok {
				out := text(s)
				out.hidden, out.taint, out.origin, out.lead = a.hidden || a.isNum, a.taint, a.origin, a.lead
				return out, true
			}
			a.typ = "String"
			return a, true
		}
	case "chr":
		if a.isNum {
			return text(string(rune(a.n))), true
		}
	}
	if v, ok := decoded(class, name, recv, args); ok {
		return v, true
	}
	if !recv.known() || class == "Class" {
		return value{}, false
	}
	out := recv
	out.hidden = true
	switch name {
	case "replace", "replaceAll", "replaceFirst":
		if a.isStr && b.isStr {
			w.work += len(recv.s)
			var ok bool
			out.s, ok = webshell.ReplaceAll(recv.s, a.s, b.s, maxConst)
			return out, ok
		}
	case "toLowerCase":
		out.s = strings.ToLower(recv.s)
		return out, true
	case "toUpperCase":
		out.s = strings.ToUpper(recv.s)
		return out, true
	case "reverse":
		r := []rune(recv.s)
		for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
			r[i], r[j] = r[j], r[i]
		}
		out.s = string(r)
		if holder.name != "" {
			w.assign(holder, out)
		}
		return out, true
	case "substring", "subSequence":
		lo, hi := int64(0), int64(len(recv.s))
		if a.isNum {
			lo = a.n
		}
		if b.isNum {
			hi = b.n
		}
		if a.isNum && 0 <= lo && lo <= hi && hi <= int64(len(recv.s)) {
			out.s = recv.s[lo:hi]
			return out, true
		}
	case "deleteCharAt":
		if a.isNum && 0 <= a.n && a.n < int64(len(recv.s)) {
			out.s = recv.s[:a.n] + recv.s[a.n+1:]
			if holder.name != "" {
				w.assign(holder, out)
			}
			return out, true
		}
	case "charAt":
		if a.isNum && a.n >= 0 && a.n < int64(len(recv.s)) {
			return value{typ: "char", s: recv.s[a.n : a.n+1], isStr: true, hidden: true}, true
		}
	case "split":
		if a.known() && a.s != "" && len(recv.s) < 8192 {
			out = value{typ: "String[]"}
			for _, part := range strings.SplitN(recv.s, strings.Trim(a.s, `\[]`), 64) {
				out.elems = append(out.elems, value{typ: "String", s: part, isStr: true, hidden: true})
			}
			return out, true
		}
	}
	return value{}, false
}

// decoded is what a call that decodes base64 or hex gives for a constant.
func decoded(class, name string, recv value, args []value) (value, bool) {
	a := arg(args, 0)
	if !a.known() || len(a.s) < 4 {
		return value{}, false
	}
	out := value{typ: "byte[]", isStr: true, hidden: true}
	switch strings.ToLower(name) {
	case "decodebuffer", "parsebase64binary", "decodebase64", "decodefromstring", "decodebase64string", "base64decode":
	case "decode":
		if strings.Contains(class, "URL") {
			out.s, out.typ = webshell.URL(a.s, true), "String"
			return out, true
		}
		if strings.Contains(class, "Hex") {
			b, ok := webshell.Hex(a.s)
			out.s = string(b)
			return out, ok
		}
	case "parsehexbinary", "decodehex", "fromhexstring", "hextobytes":
		b, ok := webshell.Hex(a.s)
		out.s = string(b)
		return out, ok
	default:
		return value{}, false
	}
	b, ok := webshell.Base64(a.s)
	if len(b) > maxConst {
		b = b[:maxConst]
	}
	out.s = string(b)
	return out, ok
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
		return value{typ: "int"}
	}
	out := value{taint: recv.taint, origin: recv.origin}
	if class == "Request" || class == "JspWriter" {
		return value{}
	}
	if (name == "get" || name == "getOrDefault") && strings.HasSuffix(class, "Map") { // the key is not in what it finds
		args = args[min(1, len(args)):]
	}
	in := joinAll(args)
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
	case "write", "println", "print", "put", "add", "addAll", "push", "set", "offer", "putAll", "addElement", "setProperty", "printf", "update":
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
