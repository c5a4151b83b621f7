package aspnet

import (
	"maps"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func first(args []script.Value) script.Value { return nth(args, 0) }

// deep is what values and the objects they hold stem from.
func deep(args ...script.Value) script.Value {
	u := script.Union(args...)
	for _, a := range args {
		if a.K == script.VObject {
			u = script.Union(u, a.O.AnyValue())
		}
	}
	return u
}

// fields is what the fields of an object stem from.
func fields(v script.Value) script.Value {
	var u script.Value
	for _, name := range slices.Sorted(maps.Keys(v.O.Fields)) {
		u = script.Union(u, v.O.Fields[name])
	}
	return u
}

func nth(args []script.Value, i int) script.Value {
	if i < len(args) {
		return args[i]
	}
	return script.Value{}
}

func (h *host) Call(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	h.Hidden(n, args, h.page.Text)
	switch name {
	case "validateuser", "authenticate", "logonuser", "validatecredentials":
		h.asks = true
	case "addusertorole", "addusertoroles", "adduserstorole", "addtorole", "addtoroleasync":
		if role, _ := nth(args, 1).Text(); strings.HasPrefix(strings.ToLower(role), "admin") && first(args).L&fromRequest != 0 {
			h.promotes(n, first(args))
		}
	case "changepassword":
		if len(n.Kids) > 2 && len(args) == 2 && args[1].L&fromRequest != 0 && calls(n.Kids[1], "resetpassword") {
			h.owns(n, args[1], "makes-administrator", "The page gives any user a password without the old one, and asks nobody who he is.")
		}
	case "tryparse", "tryparseexact", "trycreate": // the last argument receives what the first says
		if len(args) > 1 && len(n.Kids) > len(args) {
			v := script.Union(args[0])
			if name != "trycreate" {
				v.L |= script.Numeric
			}
			m.Taint(n.Kids[len(args)], v)
		}
	}
	switch recv.K {
	case script.VNone:
		return h.free(m, n, name, args)
	case script.VType:
		return h.staticCall(m, n, last(recv.S), recv, name, args)
	}
	// What the name alone says, whoever answers.
	switch name {
	case "gettype":
		if s, ok := first(args).Text(); ok && s != "" {
			return script.Value{K: script.VType, S: strings.ToLower(strings.Split(s, ",")[0])}, true
		}
		if len(args) == 0 {
			return script.Instance("type", recv), true
		}
		return script.Instance("type", append(args, recv)...), true
	case "<each>":
		if recv.S == "connectionstrings" {
			return script.Value{L: secret, T: m.Source(n, secret).T}, true
		}
		return recv, recv.S == "methodinfo" || recv.S == "ziparchiveentry" || recv.K == script.VUnknown && recv.S != "" // files whose names all end so
	case "endswith", "contains", "equals", "indexof", "lastindexof", "startswith", "ismatch", "compareto", "any", "exists":
		u := script.Union(append(args, recv)...)
		if u.L&fileName != 0 {
			h.checked = true
		}
		if name == "equals" {
			h.Compare(m, n, recv, first(args))
		}
		h.visitor(m, n, recv, first(args))
		if name == "ismatch" && recv.K == script.VObject { // of a Regex
			h.visitor(m, n, first(args), recv.O.Fields["pattern"])
		}
		return script.Value{}, false
	case "loadfromstream":
		return h.load(m, n, deep(args...), first(args), name), true
	case "emit":
		for _, a := range args {
			if class, _ := a.O.Field("class").Text(); a.S == "methodinfo" && (class == "process" || class == "assembly") {
				h.See(n, a, webshell.Sight{Rule: "emits-call", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "The page puts together machine code that calls " + class + "."})
			}
		}
	case "extracttodirectory", "extracttofile", "extractall":
		if recv.L&(client|stored) != 0 {
			h.unpack(n, recv, first(args))
			return script.Value{}, true
		}
	case "find":
		if administrators(args) {
			return script.Instance("administrators"), true
		}
	case "acceptwebsocketasync":
		return script.Instance("websocket"), true
	case "createconnection":
		return script.Instance("sqlconnection"), true
	case "saveas", "copytoasync":
		if recv.L&fromUpload != 0 || recv.S == "fileupload" || recv.S == "httppostedfile" {
			to := first(args)
			if to.S == "filewriter" && to.K == script.VObject {
				to = to.O.Fields["path"]
			}
			h.upload(m, n, to)
			if to.L&client == 0 && len(n.Kids) > 1 {
				m.Taint(n.Kids[1], script.Value{L: stored, T: m.Source(n, stored).T})
			}
			return script.Value{}, true
		}
	case "createinstance":
		if recv.L&client != 0 && recv.S == "assembly" {
			return script.Instance("loaded", recv), true
		}
	}
	if recv.K != script.VObject {
		return h.unknownCall(m, n, recv, name, args)
	}
	if v, ok := h.objectCall(m, n, recv, name, args); ok {
		return v, true
	}
	if len(args) == 0 {
		if v, ok := h.member(m, n, recv, strings.TrimPrefix(name, "get_")); ok {
			return v, true
		}
	}
	return h.unknownCall(m, n, recv, name, args)
}

// misplaced tells JScript's eval and VBScript's Execute of what a request holds,
// in a page of another language, from Eval of data binding.
func misplaced(n *script.Node, name string, args []script.Value) bool {
	if len(args) == 0 || args[0].L&client == 0 || args[0].L&script.Mixed != 0 {
		return false
	}
	how, _ := nth(args, 1).Text()
	return name != "eval" || how == "unsafe" || len(n.Kids) > 0 && n.Kids[0] != nil && n.Kids[0].Name == "eval"
}

// free calls a function by its name alone.
func (h *host) free(m *script.Machine, n *script.Node, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	switch name {
	case "callbyname":
		if s, ok := nth(args, 1).Text(); ok && len(args) > 3 {
			return h.Call(m, n, args[0], strings.ToLower(s), args[3:])
		}
	case "<%=":
		h.print(m, n, first(args))
		return none, true
	case "char": // a cast of JScript's
		if r, ok := first(args).Number(); ok && m.Dialect() == script.JScript && r >= 0 && r < 1<<16 {
			return script.Value{K: script.VString, S: string(rune(r)), L: script.Built}, true
		}
	case "request", "session", "application", "viewstate", "cache":
		if len(args) > 0 {
			return h.Index(m, n, script.Instance(name), args)
		}
	case "eval", "execute", "executeglobal":
		if (m.Dialect() == script.JScript || m.Dialect() == script.VBScript) && len(args) > 0 {
			if s, ok := nth(args, 1).Text(); ok && s == "unsafe" && args[0].L == 0 && !args[0].Known() {
				h.See(n, args[0], webshell.Sight{Rule: "unsafe-eval", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
					Text: "Text that is not in the file is run as code, with the switch that lifts all limits."})
			}
			return h.code(m, n, args[0], name), true
		}
		if misplaced(n, name, args) {
			h.See(n, args[0], webshell.Sight{Rule: "request-to-eval", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
				Text: "Text from the request is handed to " + name + ". It runs where the page's language is JScript; here it was put into a page that its writer knew little of."})
		}
		if name == "eval" {
			return none, true // data binding
		}
	case "function": // of JScript, by whatever name it is called
		if len(args) > 0 && m.Dialect() == script.JScript {
			return h.New(m, n, name, args)
		}
	case "createobject":
		if s, ok := first(args).Text(); ok {
			return script.Instance(webshell.ProgID(s)), true
		}
	case "shell":
		if m.Dialect() == script.VBNet {
			h.exec(m, n, first(args), "Shell", "")
			return none, true
		}
	case "mappath":
		return h.mapPath(first(args)), true
	case "parsecontrol", "parsetemplate":
		if first(args).L&client != 0 {
			h.code(m, n, first(args), "ParseControl")
		}
		return none, true
	case "winexec", "createprocess", "shellexecute", "shellexecutea", "shellexecutew", "system", "createprocessasuser", "createprocesswithlogonw", "createprocesswithtokenw":
		h.exec(m, n, script.Union(args...), name, "")
		return none, true
	case "getprocaddress", "getexport":
		if s, ok := nth(args, len(args)-1).Text(); ok {
			h.imported(s, n)
		}
		return none, true
	case "gettype":
		return h.Call(m, n, script.Value{}, name, args)
	case "includepage", "renderpage":
		return none, true
	}
	return none, false
}

func (h *host) mapPath(v script.Value) script.Value {
	if v.K == script.VType {
		v = script.Value{}
	}
	v.L |= mapped
	return v
}

// staticCall calls Class.name(args).
func (h *host) staticCall(m *script.Machine, n *script.Node, class string, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	a := first(args)
	if name == "getmethod" || name == "invokemember" {
		return h.reflect(m, n, recv, class, name, args)
	}
	switch class {
	case "this", "me", "page", "base", "mybase":
		return h.free(m, n, name, args)
	case "process":
		switch name {
		case "start":
			v := script.Union(withFields(args)...)
			if l := line(m, args); len(args) < 3 && l.K == script.VString {
				v = l
			}
			h.exec(m, n, v, "Process.Start", "")
			return script.Instance("process"), true
		case "getprocesses", "getprocessbyid", "getprocessesbyname":
			h.guard(n, a)
			h.act("processes", n, a)
			v := script.Instance("process", args...)
			v.L, v.T = v.L|running, m.Source(n, running).T
			return v, true
		}
	case "assembly", "appdomain", "currentdomain":
		switch name {
		case "load", "loadfrom", "loadfile", "unsafeloadfrom", "reflectiononlyload":
			return h.load(m, n, deep(args...), a, name), true
		case "loadwithpartialname":
			return script.Instance("assembly"), true
		case "gettype": // typeof(Uri).Assembly.GetType("System.Diagnostics.Process")
			if s, ok := a.Text(); ok {
				return script.Value{K: script.VType, S: strings.ToLower(s)}, true
			}
		}
		switch name {
		case "createdomain":
			return script.Instance("appdomain"), true
		case "setdata", "getdata":
			return h.variable(m, n, name, args)
		}
		if class == "assembly" && strings.HasSuffix(name, "assembly") {
			return script.Instance("assembly"), true
		}
	case "activator":
		if name == "createinstance" {
			if a.K == script.VType {
				if v, ok := h.New(m, n, last(a.S), args[1:]); ok {
					return v, true
				}
				return script.Instance(last(a.S), args[1:]...), true
			}
			if a.S == "comtype" {
				s, _ := a.O.Fields["progid"].Text()
				return script.Instance(webshell.ProgID(s), a), true
			}
		}
	case "thread":
		if name == "getdomain" {
			return script.Instance("appdomain"), true
		}
	case "groupprincipal":
		if administrators(args) {
			return script.Instance("administrators"), true
		}
	case "expression":
		return expression(name, args), true
	case "dbproviderfactories":
		return script.Instance("dbproviderfactory"), true
	case "type":
		switch name {
		case "gettype":
			if s, ok := a.Text(); ok {
				return script.Value{K: script.VType, S: strings.ToLower(strings.Split(s, ",")[0])}, true
			}
			return script.Instance("type", args...), true
		case "gettypefromprogid", "gettypefromclsid":
			v := script.Instance("comtype", a)
			v.O.Fields = map[string]script.Value{"progid": a}
			if s, ok := a.Text(); ok && name == "gettypefromclsid" {
				v.O.Fields["progid"] = script.Const(webshell.ClassID(s))
			}
			return v, true
		}
	case "interaction":
		switch name {
		case "shell":
			h.exec(m, n, a, "Shell", "")
			return none, true
		case "createobject", "callbyname":
			return h.free(m, n, name, args)
		}
	case "eval", "jscriptevaluator":
		if strings.HasPrefix(name, "jscriptevaluate") || name == "eval" {
			h.code(m, n, a, "JScriptEvaluate")
			return none, true
		}
	case "csharpscript", "visualbasicscript":
		h.code(m, n, a, class+"."+name)
		return none, true
	case "csharpsyntaxtree", "vbsyntaxtree", "syntaxfactory":
		if strings.HasPrefix(name, "parse") {
			h.code(m, n, a, class+"."+name)
			return none, true
		}
	case "codedomprovider":
		return script.Instance("codedomprovider"), true
	case "xamlreader", "xamlservices":
		h.deserialize(m, n, a, class+"."+name)
		return none, true
	case "xdocument", "xelement", "xmlreader":
		if ofIIS(a) {
			return m.Source(n, fromFile|setting), true
		}
	case "powershell", "runspacefactory":
		return script.Instance(class), true
	case "environment":
		if name == "setenvironmentvariable" || name == "getenvironmentvariable" {
			if v, ok := h.variable(m, n, name, args); ok {
				return v, true
			}
		}
		return h.fileCall(m, n, class, name, args)
	case "file", "directory", "path", "zipfile", "filesystem", "driveinfo":
		return h.fileCall(m, n, class, name, args)
	case "delegate":
		if name == "createdelegate" && len(args) > 1 {
			return args[len(args)-1], true
		}
	case "jsonconvert":
		if o := nth(args, 1); o.O != nil && strings.HasPrefix(name, "deserialize") {
			if how := o.O.Fields["typenamehandling"]; how.K == script.VType && !strings.HasSuffix(how.S, ".none") {
				h.deserialize(m, n, a, "Json.NET with type names")
			}
		}
	case "marshal":
		if name == "getdelegateforfunctionpointer" {
			h.jumps = n
		}
		switch name {
		case "copy", "getdelegateforfunctionpointer", "writebyte":
			if u := script.Union(args...); u.L&client != 0 && (h.isImported("virtualalloc") || h.isImported("virtualprotect")) {
				h.See(n, u, webshell.Sight{Rule: "request-to-memory", Verdict: webshell.Webshell, Sure: finding.HighConfidence, Text: "Bytes from the request are placed in executable memory."})
			}
			return none, true
		}
	case "hostingenvironment":
		if strings.HasPrefix(name, "registervirtualpathprovider") { // …Internal, through reflection
			s := webshell.Sight{Rule: "virtual-path-provider", Text: "The code registers a provider of pages that exist only in memory."}
			switch inside := h.page.Kind != "" && h.page.Kind != source && h.page.Kind != "application"; {
			case deep(a).L&client != 0 || a.O != nil && fields(a).L&client != 0:
				s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
			case inside: // an application does so where it starts
				s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
			}
			h.See(n, a, s)
			return none, true
		}
		if name == "mappath" {
			return h.mapPath(a), true
		}
	case "machinekeysection":
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	case "webconfigurationmanager", "configurationmanager":
		switch name {
		case "getsection", "getwebapplicationsection":
			if s, ok := a.Text(); ok && strings.Contains(strings.ToLower(s), "machinekey") {
				return script.Value{L: secret, T: m.Source(n, secret).T}, true
			}
			return none, true
		case "openwebconfiguration":
			return script.Instance("configuration", args...), true
		}
		return none, true
	case "convert":
		if name == "frombase64string" && a.L&fromRequest != 0 && !a.Known() {
			return script.Value{L: a.L | encoded, T: a.T}, true
		}
	case "webrequest", "httpwebrequest":
		h.asked(n, a)
		return script.Instance("httpwebrequest", args...), true
	case "dns":
		if u := script.Union(args...); u.L&anyFile != 0 {
			h.See(n, u, webshell.Sight{Rule: "file-to-dns", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The content of a file that the client names leaves the server as names that are looked up."})
		}
		return script.Union(args...), true
	case "httpruntime":
		return none, true
	case "regex":
		if u := script.Union(args...); u.L&fileName != 0 {
			h.checked = true
		}
		h.visitor(m, n, a, nth(args, 1))
	case "string":
		if name == "equals" || name == "compare" {
			if len(args) > 1 {
				h.Compare(m, n, args[0], args[1])
			}
			if u := script.Union(args...); u.L&fileName != 0 {
				h.checked = true
			}
			return none, true
		}
	case "httpcontext":
		return none, false
	case "registry", "registrykey":
		return h.registry(n, args), true
	}
	if s, ok := a.Text(); ok && (name == "getproperty" || name == "getfield") {
		v := script.Instance("propertyinfo")
		v.O.Fields = map[string]script.Value{"name": script.Const(strings.ToLower(s))}
		return v, true
	}
	if name == "getmethods" {
		v := script.Instance("methodinfo")
		v.O.Fields = map[string]script.Value{"class": script.Const(class)}
		return v, true
	}
	if name == "getconstructor" || name == "getconstructors" {
		v := script.Instance("constructorinfo")
		v.O.Fields = map[string]script.Value{"class": script.Const(class)}
		return v, true
	}
	return none, false
}

// variable is a variable of the process, by its name, set or read.
func (h *host) variable(m *script.Machine, n *script.Node, name string, args []script.Value) (script.Value, bool) {
	s, ok := first(args).Text()
	if !ok {
		return script.Value{}, false
	}
	if strings.HasPrefix(name, "set") {
		m.Share("variables#"+strings.ToLower(s), nth(args, 1))
		return script.Value{}, true
	}
	return m.Shared("variables#" + strings.ToLower(s))
}

// calls reports whether n is a call by that name.
func calls(n *script.Node, name string) bool {
	return n.Kind == script.KCall && len(n.Kids) > 0 && n.Kids[0].Low == name
}

// promotes is a user whom the page makes an administrator of the site.
func (h *host) promotes(n *script.Node, user script.Value) {
	h.owns(n, user, "makes-administrator", "The page makes a user an administrator of the site, and asks nobody who he is.")
}

// owns is what only administrators may do, in a page that anyone may ask for it.
func (h *host) owns(n *script.Node, v script.Value, rule, text string) {
	if h.page.Kind != source && !h.asks && h.alone(maxAlone) {
		h.See(n, v, webshell.Sight{Rule: rule, Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: text})
	}
}

// administrators reports whether that group is asked for.
func administrators(args []script.Value) bool {
	return slices.ContainsFunc(args, func(a script.Value) bool {
		s, ok := a.Text()
		return ok && strings.EqualFold(s, "administrators")
	})
}

// expression is a node of an expression tree: the call in it stands for the
// whole tree and for the delegate that is compiled from it.
func expression(name string, args []script.Value) script.Value {
	if s, ok := nth(args, 1).Text(); ok && name == "call" && args[0].K == script.VType {
		v := script.Instance("methodinfo", args[2:]...)
		v.O.Fields = map[string]script.Value{"class": script.Const(last(args[0].S)), "name": script.Const(strings.ToLower(s))}
		return v
	}
	for _, a := range args {
		if a.K == script.VObject && a.S == "methodinfo" {
			return a
		}
	}
	if name == "constant" {
		return first(args)
	}
	return script.Union(args...)
}

// withFields adds what a ProcessStartInfo was given to what is passed.
func withFields(args []script.Value) []script.Value {
	out := append([]script.Value(nil), args...)
	for _, a := range args {
		if a.O != nil && a.O.Fields != nil {
			out = append(out, a.O.Fields["filename"], a.O.Fields["arguments"])
		}
	}
	return out
}

// visitor notes that a visitor's name or origin is compared with a search
// engine's.
func (h *host) visitor(m *script.Machine, n *script.Node, v, name script.Value) {
	s, ok := name.Text()
	if !ok || v.L&(fromRequest|fromRemote) == 0 {
		return
	}
	if v.L&fromRequest == 0 { // another server's answer: one name may stand in any page, two say whose the visitor is
		if webshell.SearchEngines(s) > 0 && h.engine != s {
			if h.engine != "" {
				h.bots = n
			}
			h.engine = s
		}
		return
	}
	if webshell.SearchEngine(s) {
		h.bots = n
	}
	if webshell.SearchEngines(s) > 0 {
		m.Mark()
	}
}

// leads notes where visitors are sent to another site, or its script to them.
func (h *host) leads(m *script.Machine, n *script.Node) {
	h.away = n
	if m.Marked() {
		h.bots = n
	}
}

// asked is a server at address url being asked.
func (h *host) asked(n *script.Node, url script.Value) {
	if url.L&(encoded|fromHeader) != 0 && pure(url) { // map servers' proxies are sent it in plain, in the query
		h.onward = n
	}
	if p := strings.ToLower(url.Prefix()); url.L&fromRequest != 0 && (p == "http://127.0.0.1:" || p == "http://localhost:") {
		h.See(n, url, webshell.Sight{Rule: "request-to-local-port", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The request names a port of this host to which the page talks."})
	}
}

// directory is a search of Active Directory.
func (h *host) directory(n *script.Node, filter, root script.Value) {
	h.wholeQuery(n, filter, root, "request-to-directory", "The request sends the whole query for which the directory of the domain is searched.")
}

// wholeQuery is a query that the request sends as a whole, to a host that it
// names too or in a page that asks nobody who he is.
func (h *host) wholeQuery(n *script.Node, query, to script.Value, rule, text string) {
	if pure(query) && query.L&fromRequest != 0 && (deep(to).L&fromRequest != 0 || h.bare()) {
		h.See(n, query, webshell.Sight{Rule: rule, Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: text})
	}
}

func (h *host) registry(n *script.Node, args []script.Value) script.Value {
	if u := script.Union(args...); u.L&client != 0 {
		h.See(n, u, webshell.Sight{Rule: "request-to-registry", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence, Text: "The request names the registry key that is read or written."})
	}
	return script.Instance("registry", args...)
}

// reflect follows a method found by name and called later.
func (h *host) reflect(m *script.Machine, n *script.Node, recv script.Value, class, name string, args []script.Value) (script.Value, bool) {
	s, known := first(args).Text()
	if name == "invokemember" {
		if known && len(args) > 4 {
			inner := args[4]
			target := recv
			if obj := args[3]; obj.K == script.VObject {
				target = obj
			}
			return h.Call(m, n, target, strings.ToLower(s), elements(inner))
		}
		return script.Value{}, false
	}
	v := script.Instance("methodinfo", args...)
	v.O.Fields = map[string]script.Value{"class": script.Const(class)}
	if known {
		v.O.Fields["name"] = script.Const(strings.ToLower(s))
	}
	return v, true
}

// elements are the values of an object[] argument.
func elements(v script.Value) []script.Value {
	if v.K == script.VArray {
		if len(v.O.Elems) > 0 {
			return v.O.Elems
		}
		return []script.Value{v.O.Any}
	}
	return []script.Value{v}
}
