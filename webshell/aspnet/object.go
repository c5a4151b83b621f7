package aspnet

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// objectCall calls a method of an object whose class is known.
func (h *host) objectCall(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	a := first(args)
	all := script.Union(args...)
	switch recv.S {
	case "request", "httprequest", "httprequestbase", "httplistenerrequest":
		switch name {
		case "getbufferlessinputstream", "getbufferedinputstream":
			return h.source(m, n, fromRequest, "inputstream"), true
		case "binaryread":
			return h.source(m, n, fromRequest|fromUpload, ""), true
		case "mappath":
			return h.mapPath(a), true
		case "saveas":
			h.write(m, n, a, m.Source(n, fromRequest|fromUpload))
			return none, true
		case "form", "querystring", "params", "headers", "cookies", "servervariables", "item", "files":
			v, _ := h.requestMember(m, n, name)
			return h.Index(m, n, v, args)
		}
		return none, true
	case "request.collection":
		return h.source(m, n, fromRequest, ""), true
	case "files", "httpfilecollection":
		return h.source(m, n, fromUpload, "httppostedfile"), true
	case "response", "httpresponse":
		switch name {
		case "write", "binarywrite":
			h.print(m, n, a)
			if a.L&config != 0 {
				h.See(n, a, webshell.Sight{Rule: "prints-secrets", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "A configuration file of the server is sent to the client."})
			}
		case "redirect", "redirectpermanent":
			if s, _ := a.Text(); strings.HasPrefix(strings.ToLower(s+a.Prefix()), "http") && a.L&(client|info) == 0 {
				h.leads(m, n)
			}
		case "writefile", "transmitfile":
			h.act("read", n, a)
			if pure(a) && a.L&mapped == 0 {
				h.readsAny(n, a)
			}
		}
		return none, true
	case "server", "httpserverutility":
		switch name {
		case "mappath":
			return h.mapPath(a), true
		case "createobject", "createobjectfromclsid":
			s, _ := a.Text()
			return script.Instance(webshell.ProgID(s)), true
		case "execute", "transfer":
			if !a.Known() {
				h.ran = n
			}
			if a.L&client != 0 && a.L&script.Mixed == 0 {
				h.See(n, a, webshell.Sight{Rule: "request-to-include", Text: "The request names the page that is run."})
			}
			return none, true
		case "htmlencode", "urlencode", "urldecode", "htmldecode":
			return all, true
		}
		return none, true
	case "process":
		if name == "kill" && recv.L&client != 0 {
			h.See(n, recv, webshell.Sight{Rule: "kills-processes", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page ends the process that the request names."})
		}
		if name == "start" || name == "kill" || name == "waitforexit" {
			return none, true
		}
	case "comtype":
		if s, ok := a.Text(); ok && name == "invokemember" && len(args) > 4 {
			return h.Call(m, n, args[3], strings.ToLower(s), elements(args[4]))
		}
	case "xmlserializer", "datacontractserializer", "datacontractjsonserializer", "javascriptserializer":
		if recv.L&client != 0 && (strings.HasPrefix(name, "deserialize") || name == "readobject") {
			h.deserialize(m, n, script.Union(recv, all), recv.S+" of a type that the request names")
		}
		return all, true
	case "stdin":
		if strings.HasPrefix(name, "write") {
			h.exec(m, n, a, "Process", "standard input")
		}
		return none, true
	case "stdout":
		return none, true
	case "wscript.shell", "shell.application":
		switch name {
		case "run", "exec", "shellexecute":
			h.exec(m, n, all, recv.S, name)
			return script.Instance("process"), true
		}
	case "assembly":
		switch name {
		case "gettype", "gettypes":
			if s, ok := a.Text(); ok && recv.L&(client|fromRemote|blob) == 0 {
				return script.Value{K: script.VType, S: strings.ToLower(s)}, true
			}
			return script.Instance("type", recv), true
		case "createinstance":
			if s, ok := a.Text(); ok && recv.L&(client|fromRemote|blob) == 0 { // of the framework
				class := last(strings.ToLower(s))
				if v, ok := h.New(m, n, class, nil); ok {
					return v, true
				}
				return script.Instance(class), true
			}
			return script.Instance("loaded", recv), true
		}
	case "appdomain":
		if name == "load" || strings.HasPrefix(name, "executeassembly") {
			return h.load(m, n, deep(args...), a, "AppDomain."+name), true
		}
	case "methodinfo":
		return h.invoke(m, n, recv, name, args)
	case "propertyinfo":
		if s, ok := recv.O.Fields["name"].Text(); ok && name == "setvalue" && len(args) > 1 && a.K == script.VObject {
			h.Assign(m, n, a, s, args[1])
			return none, true
		}
	case "constructorinfo":
		if name == "invoke" {
			class, _ := recv.O.Fields["class"].Text()
			list := elements(nth(args, len(args)-1))
			if v, ok := h.New(m, n, class, list); ok {
				return v, true
			}
			return script.Instance(class, list...), true
		}
	case "type":
		if s, ok := a.Text(); ok && name == "invokemember" && len(args) > 4 && args[3].K != script.VNull {
			return h.Call(m, n, args[3], strings.ToLower(s), elements(args[4]))
		}
		if name == "getmethod" || name == "invokemember" || name == "getmethods" {
			v := script.Instance("methodinfo", append(args, recv)...)
			if s, ok := a.Text(); ok {
				v.O.Fields = map[string]script.Value{"name": script.Const(strings.ToLower(s))}
			} else if list := script.Union(elements(nth(args, 4))...); list.L&fromRequest != 0 && len(args) > 4 && args[3].K == script.VNull {
				h.hiddenCall(n, list)
			} else if a.L&recv.L&fromRequest != 0 {
				v.O.Fields = map[string]script.Value{"asked": a}
			}
			return v, true
		}
	case "codedomprovider", "csharpcodeprovider", "vbcodeprovider", "icodecompiler":
		switch name {
		case "createcompiler":
			return script.Instance("codedomprovider"), true
		case "compileassemblyfromsource", "compileassemblyfromfile", "compileassemblyfromdom", "compileassemblyfromsourcebatch":
			h.code(m, n, script.Union(args[min(1, len(args)):]...), "CodeDom")
			return script.Instance("assembly", all), true
		}
		return none, false
	case "losformatter", "objectstateformatter", "binaryformatter", "netdatacontractserializer", "soapformatter":
		if strings.HasPrefix(name, "deserialize") || strings.HasPrefix(name, "unsafedeserialize") || name == "readobject" {
			h.deserialize(m, n, all, recv.S)
			return all, true
		}
	case "powershell", "pipeline", "runspace", "commandcollection":
		switch name {
		case "addscript", "addcommand", "createpipeline", "createnestedpipeline", "add":
			h.exec(m, n, a, "PowerShell", name)
			return script.Instance("powershell"), true
		}
		return script.Instance("powershell"), true
	case "objectdatasource", "objectdataprovider":
		switch name {
		case "add": // a parameter
			recv.O.Any = script.Union(append(args, recv.O.Any)...)
			if recv.S == "objectdataprovider" {
				h.bind(m, n, recv)
			}
			return none, true
		case "select", "refresh":
			return h.bind(m, n, recv), true
		}
	case "administrators":
		if s, _ := a.Text(); name == "add" || name == "invoke" && strings.EqualFold(s, "add") {
			h.See(n, all, webshell.Sight{Rule: "adds-administrator", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page makes an account an administrator of the server."})
		}
	case "websocket":
		if name == "receiveasync" && len(n.Kids) > 1 {
			h.received(m, n, n.Kids[1], fromRequest)
		}
		return none, true
	case "managementclass", "managementobject":
		switch name {
		case "invokemethod":
			if s, ok := a.Text(); ok && !strings.EqualFold(s, "create") {
				return none, true
			}
			h.exec(m, n, deep(append(args, recv)...), "WMI", name)
			return none, true
		case "getmethodparameters":
			return script.Instance("managementbaseobject"), true
		}
	case "xmldocument", "xpathdocument":
		if name == "load" && ofIIS(a) {
			recv.O.Any = script.Union(recv.O.Any, m.Source(n, fromFile|setting))
			return none, true
		}
	case "xslcompiledtransform", "xsltransform":
		if name == "load" {
			if s := deep(args...); s.L&(client|fromRemote) != 0 && (len(args) > 1 || recv.S == "xsltransform") {
				h.code(m, n, s, "XSLT")
			}
			return none, true
		}
		if name == "transform" {
			return all, true
		}
	case "scriptcontrol", "msscriptcontrol.scriptcontrol":
		if name == "addcode" || name == "eval" || name == "executestatement" {
			if s, ok := a.Text(); ok {
				m.RunText(s, script.VBScript)
				return none, true
			}
			return h.code(m, n, a, "ScriptControl"), true
		}
	case "filewriter":
		if strings.HasPrefix(name, "write") || name == "copyfrom" {
			if len(args) == 1 {
				all = a
			}
			h.write(m, n, recv.O.Fields["path"], all)
			return none, true
		}
		if strings.HasPrefix(name, "read") || name == "copyto" {
			v := h.read(m, n, recv.O.Fields["path"])
			return v, true
		}
		return none, true
	case "directoryinfo", "fileinfo":
		path := recv.O.Fields["path"]
		switch name {
		case "getfiles", "getdirectories", "getfilesysteminfos", "enumeratefiles", "enumeratedirectories":
			h.act("list", n, path)
			v := script.Instance("fileinfo")
			v.O.Fields = map[string]script.Value{"path": path}
			return v, true
		case "delete":
			h.act("delete", n, path)
		case "create", "createsubdirectory":
			h.act("mkdir", n, script.Union(path, a))
		case "moveto", "copyto", "replace":
			h.act("move", n, script.Union(path, a))
		case "open", "openread", "opentext", "openwrite", "createtext", "appendtext":
			v := script.Instance("filewriter")
			v.O.Fields = map[string]script.Value{"path": path}
			return v, true
		}
		return none, true
	case "sqlconnection", "oledbconnection", "odbcconnection", "mysqlconnection", "oracleconnection":
		if name == "createcommand" {
			v := script.Instance("sqlcommand")
			v.O.Fields = map[string]script.Value{"connection": recv}
			return v, true
		}
		return none, true
	case "sqlcommand", "oledbcommand", "odbccommand", "mysqlcommand", "oraclecommand":
		if name == "executereader" {
			return script.Instance("sqldatareader"), true
		}
		return none, true
	case "sqldataadapter", "oledbdataadapter", "odbcdataadapter", "mysqldataadapter":
		return none, true
	case "sqldatareader", "oledbdatareader":
		return h.source(m, n, fromData, ""), true
	case "tcpclient", "socket", "udpclient":
		switch name {
		case "connect", "beginconnect", "connectasync":
			if all.L&client != 0 {
				h.socket(n, all)
			}
			return none, true
		case "getstream":
			return h.source(m, n, fromRemote, "networkstream"), true
		case "send":
			if all.L&client != 0 {
				h.sockets++
			}
			return none, true
		case "receive", "receiveasync":
			if len(n.Kids) > 1 {
				h.received(m, n, n.Kids[1], fromRemote)
			}
			return none, true
		}
	case "networkstream":
		if strings.HasPrefix(name, "read") {
			if len(args) > 1 {
				h.received(m, n, n.Kids[1], fromRemote)
			}
			return h.source(m, n, fromRemote, ""), true
		}
		if name == "write" && all.L&client != 0 {
			h.sockets++
		}
		return none, true
	case "webclient":
		if strings.HasPrefix(name, "upload") || strings.HasPrefix(name, "post") || strings.HasPrefix(name, "download") || strings.HasPrefix(name, "get") {
			if s, _ := a.Text(); all.L&(typed|password) != 0 && (len(args) > 1 || all.L&script.Mixed != 0) && strings.HasPrefix(strings.ToLower(s+a.Prefix()), "http") {
				h.told = n
			}
			h.asked(n, a)
			h.mailbox(n, a, nth(args, 1))
		}
		if s, _ := a.Text(); strings.HasPrefix(strings.ToLower(s+a.Prefix()), renderer) {
			return none, true // the site itself, as its scripts show it
		}
		switch name {
		case "downloadstring", "downloaddata", "openread", "uploadstring", "uploaddata", "getstringasync", "getbytearrayasync", "getasync":
			return h.source(m, n, fromRemote, ""), true
		case "downloadfile":
			h.write(m, n, nth(args, 1), m.Source(n, fromRemote))
			return none, true
		}
	case "httpwebrequest", "webrequest":
		switch name {
		case "getresponse":
			return script.Instance("httpwebresponse"), true
		case "getrequeststream":
			return script.Instance("networkstream"), true
		}
	case "smtpclient":
		if a.S == "mailmessage" && a.O != nil && strings.HasPrefix(name, "send") && a.O.Any.L&client != 0 && m.Looping() && h.bare() {
			if body := a.O.Fields["body"]; pure(a.O.Fields["subject"]) && body.L&client != 0 && body.Prefix() == "" {
				h.See(n, body, webshell.Sight{Rule: "mass-mail", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "The page sends mail to each of many addresses, all of which the request sends, with its text and subject."})
			}
		}
		return none, true
	case "mailmessage": // and its lists of addresses
		if name == "add" {
			recv.O.Any = script.Union(recv.O.Any, deep(args...))
		}
		return none, true
	case "httpwebresponse", "webresponse":
		return h.source(m, n, fromRemote, ""), true
	case "httplistener":
		if strings.HasPrefix(name, "getcontext") || name == "endgetcontext" {
			return script.Instance("httpcontext"), true
		}
		return none, true
	case "registry", "registrykey":
		return h.registry(n, args), true
	case "session", "application", "cache", "viewstate", "items":
		if name == "add" || name == "insert" || name == "set" {
			if s, ok := a.Text(); ok {
				m.Share(recv.S+"#"+strings.ToLower(s), nth(args, 1))
			}
			return none, true
		}
		if name == "get" || name == "item" {
			return h.Index(m, n, recv, args)
		}
		return none, true
	case "httpcontext":
		if name == "getsection" {
			return none, true
		}
	case "textbox", "list", "control":
		return none, true
	case "schedule.service":
		return recv, true
	case "scripting.filesystemobject":
		return h.fileCall(m, n, "fso", name, args)
	}
	return none, false
}

// received taints the buffer into which a call puts what it receives, also
// behind new ArraySegment<byte>(buffer).
func (h *host) received(m *script.Machine, n, buffer *script.Node, from script.Label) {
	if buffer.Kind == script.KNew && len(buffer.Kids) > 1 {
		buffer = buffer.Kids[1]
	}
	m.Taint(buffer, m.Source(n, from))
}

// invoke runs a method that reflection found.
func (h *host) invoke(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	switch name {
	case "invoke", "dynamicinvoke":
	case "compile", "createdelegate", "first", "firstordefault", "single", "singleordefault", "last", "lastordefault", "elementat", "where", "tolist", "toarray": // one of them
		return recv, true
	default:
		return script.Union(append(args, recv)...), true
	}
	method, _ := recv.O.Fields["name"].Text()
	class, _ := recv.O.Fields["class"].Text()
	var list []script.Value
	if len(args) > 0 {
		list = elements(args[len(args)-1])
	}
	u := script.Union(list...)
	switch {
	case recv.O.Fields["asked"].T != nil && u.L&fromRequest != 0:
		h.See(n, u, webshell.Sight{Rule: "request-to-reflection", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "The request names the class and the method that are called, and sends what they are given."})
	case method == "getapplicationconfig" || strings.Contains(method, "machinekey"):
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	case class == "" && method == "load" && u.L&(client|fromRemote|fromSession|blob|fromOdd) != 0:
		return h.load(m, n, u, first(list), "reflection"), true
	case class == "assembly" && method == "" && u.L&(client|fromRemote|fromSession|blob) != 0: // one of all its methods
		return h.load(m, n, u, first(list), "reflection"), true
	case class == "process" && method == "" && u.L&(client|fromRemote|fromSession) != 0:
		h.exec(m, n, u, "reflection", "")
	case class == "" && method != "" && len(args) > 1 && args[0].K == script.VObject && args[0].S != "methodinfo":
		if v, ok := h.Call(m, n, args[0], method, list); ok {
			return v, true
		}
	case class != "" && method != "":
		target := script.Value{K: script.VType, S: class}
		if len(args) > 1 && args[0].K == script.VObject && args[0].S == class {
			target = args[0]
		}
		if v, ok := h.Call(m, n, target, method, list); ok {
			return v, true
		}
	}
	return script.Union(append(args, recv)...), true
}

// ownEWS is Exchange's web service on this host.
var ownEWS = regexp.MustCompile(`(?i)^https://(?:localhost|127\.0\.0\.1)(?::\d+)?/ews/`)

// mailbox is a message being sent to url: as the web service of Exchange, on the
// server itself, is told to act for anyone whose address the request sends.
func (h *host) mailbox(n *script.Node, url, message script.Value) {
	if s, ok := url.Text(); ok && ownEWS.MatchString(s) && message.L&fromRequest != 0 && h.poses() {
		h.See(n, message, webshell.Sight{Rule: "reads-mailboxes", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page asks Exchange for the mailbox of anyone whom the request names."})
	}
}

// hiddenCall is a method of a class called through reflection, of which the
// page shows no name.
func (h *host) hiddenCall(n *script.Node, v script.Value) {
	h.See(n, v, webshell.Sight{Rule: "request-to-hidden-call", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
		Text: "Text from the request is handed to a call through reflection whose name the page hides."})
}

// renderer is a service that search engines are sent to for pages that only
// scripts show.
const renderer = "https://service.prerender.io/"

// statement is the start of SQL, whatever class sends it.
var statement = regexp.MustCompile(`(?i)^\s*(?:select\s.*\sfrom|insert\s+into|delete\s+from|update\s+\w+\s+set)\s`)

// unknownCall judges calls on objects of a class nobody named, by what the
// method is called. Only names that mean one thing are here.
func (h *host) unknownCall(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	u := script.Union(args...)
	if s, ok := first(args).Text(); ok && len(s) < 4<<10 && statement.MatchString(s) {
		h.query = n
	}
	switch name {
	case "invokemember":
		if s, ok := first(args).Text(); ok && len(args) > 4 && args[3].K != script.VNull {
			return h.Call(m, n, args[3], strings.ToLower(s), elements(args[4]))
		}
	case "getmethod":
		v := script.Instance("methodinfo", append(args, recv)...)
		if s, ok := first(args).Text(); ok {
			v.O.Fields = map[string]script.Value{"name": script.Const(strings.ToLower(s))}
		}
		return v, true
	case "receiveasync": // of a web socket that an extension of ASP.NET's hands over
		if len(n.Kids) > 1 {
			h.received(m, n, n.Kids[1], fromRequest)
		}
	case "addscript", "addcode":
		if u.L&client != 0 {
			h.code(m, n, u, name)
			return none, true
		}
	case "createmethodbody", "setmethodbody":
		if u.L&client != 0 {
			h.See(n, u, webshell.Sight{Rule: "request-to-assembly", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
				Text: "Compiled code from the request becomes a method (" + name + ")."})
		}
	case "compileassemblyfromsource":
		h.code(m, n, script.Union(args[min(1, len(args)):]...), "CodeDom")
		return script.Instance("assembly", args...), true
	case "shellexecute":
		h.exec(m, n, u, "ShellExecute", "")
		return none, true
	case "saveas":
		if recv.L&fromUpload != 0 {
			h.upload(m, n, first(args))
			return none, true
		}
	case "transformfinalblock", "createdecryptor", "createencryptor":
		// A cipher: the data stays what it was.
		v := script.Union(append(args, recv)...)
		if name == "createencryptor" {
			v.L |= ciphered
		}
		return v, true
	case "frombase64string":
		if s, ok := first(args).Text(); ok && len(s) > 600 {
			return script.Value{}, false
		}
	case "getattribute", "attribute", "attributes", "getnameditem", "selectnodes", "selectsinglenode", "getelementsbytagname", "descendants", "xpathselectelements", "xpathselectelement", "xpathevaluate":
		switch s, _ := first(args).Text(); {
		case strings.Contains(strings.ToLower(s), "machinekey"), strings.Contains(strings.ToLower(s), "password") && deep(recv).L&setting != 0:
			return script.Value{L: secret, T: m.Source(n, secret).T}, true
		}
	case "getrawxml": // of a section of the configuration
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	case "read", "copyto", "copytoasync", "writeto":
		if a := first(args); a.K == script.VObject && a.S == "response" {
			h.print(m, n, recv)
			return none, true
		}
		if a := first(args); a.K == script.VObject && a.S == "filewriter" && name != "read" {
			h.write(m, n, a.O.Fields["path"], recv)
			return none, true
		}
		// Data read into a buffer.
		if recv.L&(client|fromRemote) != 0 && len(args) > 0 && args[0].O != nil && len(n.Kids) > 1 {
			m.Taint(n.Kids[1], recv)
			return script.Value{}, true
		}
	case "getsection":
		if s, ok := first(args).Text(); ok && strings.Contains(strings.ToLower(s), "machinekey") {
			return script.Value{L: secret, T: m.Source(n, secret).T}, true
		}
	case "getapplicationconfig":
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	case "connect":
		if u.L&client != 0 && len(args) >= 1 && recv.K == script.VUnknown && recv.T == nil && len(args) <= 2 && strings.Contains(h.page.Text, "Socket") {
			h.socket(n, u)
		}
	}
	return none, false
}
