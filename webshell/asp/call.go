package asp

import (
	"encoding/base64"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func first(args []script.Value) script.Value {
	if len(args) > 0 {
		return args[0]
	}
	return script.Value{}
}

func (h *host) Call(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	h.Hidden(n, args, h.page.Text)
	h.picks(m, n, recv, name, args)
	if name == "execute" && recv.K != script.VNone && recv.K != script.VObject { // on a connection that an included page opened
		a := first(args)
		if databaseCommand(strings.ToLower(a.Prefix())) {
			h.databaseCommand(n, a)
			return none, true
		}
		if s, _ := a.Text(); strings.HasPrefix(strings.ToLower(s+a.Prefix()), "select ") {
			return script.Instance("recordset"), true
		}
	}
	if recv.K == script.VNone || recv.K == script.VType {
		return h.free(m, n, recv, name, args)
	}
	if recv.K != script.VObject {
		if name == "appendchunk" && recv.T != nil { // bytes made into text by a record set
			if o := h.records[recv.T.Node]; o != nil {
				o.Any = script.Union(append(args, o.Any)...)
			}
		}
		return none, false
	}
	switch recv.S {
	case "request":
		switch name {
		case "binaryread":
			return h.source(m, n, fromUpload|fromRequest)
		case "servervariables":
			return h.Index(m, n, script.Instance("servervariables"), args)
		case "form", "querystring", "cookies", "item", "params":
			return h.field(m, n, args)
		}
		return none, true
	case "request.collection":
		return h.field(m, n, args)
	case "servervariables":
		return h.Index(m, n, recv, args)
	case "response":
		h.respond(m, n, name, args)
		return none, true
	case "session", "application":
		if name == "contents" || name == "value" {
			return h.Index(m, n, recv, args)
		}
		return none, true
	case "server":
		return h.server(m, n, name, args)
	case "drives":
		return none, true
	case "files", "subfolders": // one of them
		v := script.Instance(strings.TrimPrefix(strings.TrimSuffix(recv.S, "s"), "sub"))
		v.O.Fields = recv.O.Fields
		return v, true
	}
	if v, ok := h.objectCall(m, n, recv, name, args); ok {
		return v, true
	}
	if len(args) == 0 {
		if v, ok := h.member(m, n, recv, name); ok {
			return v, true
		}
	}
	return none, false
}

// free calls a function of the language.
func (h *host) free(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	if recv.K == script.VType && name != "createobject" && name != "eval" {
		return none, false
	}
	switch name {
	case "<%=", "<html>", "<each>":
		h.send(m, n, name, first(args))
		return none, false
	case "split":
		if s, ok := first(args).Text(); ok && webshell.SearchEngines(s) > 2 {
			h.lists = true
		}
	case "request":
		if len(args) > 0 {
			return h.Index(m, n, script.Instance("request"), args)
		}
	case "session", "application":
		if len(args) > 0 {
			return h.Index(m, n, script.Instance(name), args)
		}
	case "eval", "execute", "executeglobal":
		if len(args) > 0 {
			if callee := n.Kids[0]; callee.Kind == script.KName && callee.Low != name && args[0].L == 0 && !args[0].Known() {
				h.See(n, args[0], webshell.Sight{Rule: "renamed-eval", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "Text that is not in the file is run as code by " + name + " under another name."})
			}
			return h.code(m, n, args[0], m.Dialect(), name), true
		}
	case "function":
		if len(args) > 0 && m.Dialect() == script.JScript {
			if f, ok := m.NewFunction(args); ok {
				return f, true
			}
			return h.code(m, n, args[len(args)-1], script.JScript, name), true
		}
	case "createobject":
		return h.create(m, n, args), true
	case "getobject":
		if len(args) > 0 {
			return h.getObject(m, n, args), true
		}
	case "getref":
		if s, ok := first(args).Text(); ok {
			return script.Value{K: script.VType, S: strings.ToLower(s)}, true
		}
	}
	return none, false
}

func (h *host) server(m *script.Machine, n *script.Node, name string, args []script.Value) (script.Value, bool) {
	a := first(args)
	switch name {
	case "createobject":
		return h.create(m, n, args), true
	case "mappath":
		v := a
		if s, ok := a.Text(); ok {
			return script.Value{K: script.VString, S: s, L: mapped | a.L, T: a.T}, true
		}
		v.L |= mapped
		return v, true
	case "execute", "transfer":
		if a.L&fromRequest != 0 {
			h.See(n, a, webshell.Sight{Rule: "request-to-include", Text: "The request names the page that is run."})
		} else if s, ok := a.Text(); ok && runsPicture(s) {
			h.See(n, a, webshell.Sight{Rule: "includes-image", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page runs a file that should hold no code: " + webshell.Cut(s, 100) + "."})
		}
		return script.Value{}, true
	case "htmlencode", "urlencode", "urlpathencode":
		return script.Union(args...), true
	}
	return script.Value{}, true
}

// create is CreateObject.
func (h *host) create(m *script.Machine, n *script.Node, args []script.Value) script.Value {
	a := first(args)
	s, ok := a.Text()
	if !ok {
		if a.L&fromRequest != 0 {
			h.See(n, a, webshell.Sight{Rule: "request-to-object", Text: "The request names the object that is created."})
		}
		return script.Value{}
	}
	v := script.Instance(webshell.ProgID(s))
	if a.L&script.Built != 0 && dangerous(v.S) {
		h.See(n, a, webshell.Sight{Rule: "hidden-object", Text: "The name of the object " + s + " is put together from pieces.", Decoded: s})
	}
	return v
}

func dangerous(class string) bool {
	switch class {
	case "wscript.shell", "shell.application", "adodb.stream", "scripting.filesystemobject", "msscriptcontrol.scriptcontrol":
		return true
	}
	return false
}

func (h *host) getObject(m *script.Machine, n *script.Node, args []script.Value) script.Value {
	a := args[0]
	s, _ := a.Text()
	if s == "" {
		s = a.Prefix()
	}
	low := strings.ToLower(s)
	switch {
	case a.L&hostile != 0 && a.Prefix() == "":
		h.See(n, a, webshell.Sight{Rule: "request-to-object", Text: "The request names the object that is bound."})
	case strings.HasPrefix(low, "new:"):
		return script.Instance(webshell.ProgID(low))
	case strings.HasPrefix(low, "winmgmts"):
		return script.Instance("wmi")
	case strings.HasPrefix(low, "script:"):
		h.See(n, a, webshell.Sight{Rule: "remote-to-eval", Text: "A script is fetched and run by its moniker.", Decoded: s})
	case strings.HasPrefix(low, "iis:"):
		return script.Instance("iis")
	case strings.HasPrefix(low, "winnt:"):
		return script.Instance("winnt")
	}
	return script.Value{}
}

func (h *host) objectCall(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	a := first(args)
	set := func(f string, v script.Value) {
		if recv.O.Fields == nil {
			recv.O.Fields = map[string]script.Value{}
		}
		recv.O.Fields[f] = v
	}
	made := func(class string, path script.Value) script.Value {
		v := script.Instance(class)
		v.O.Fields = map[string]script.Value{"path": path}
		return v
	}
	switch recv.S {
	case "wscript.shell":
		switch name {
		case "run", "exec":
			h.exec(m, n, a, "WScript.Shell."+name)
			return script.Instance("exec"), true
		case "regread", "regwrite", "regdelete":
			if pure(a) {
				h.See(n, a, webshell.Sight{Rule: "request-to-registry", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "The request names the registry key that is read or written."})
			}
			return none, true
		}
	case "shell.application":
		switch name {
		case "shellexecute", "open":
			h.exec(m, n, script.Union(args...), "Shell.Application."+name)
			return none, true
		case "namespace":
			h.act(m, n, "list", a)
			return made("folder", a), true
		}
	case "schedule.service": // and what it gives
		return recv, true
	case "exec":
		return none, true
	case "wbemscripting.swbemlocator":
		return script.Instance("wmi"), true
	case "winnt": // GetObject("WinNT://…"): accounts of this host
		if name == "create" || name == "setpassword" || name == "add" {
			s := webshell.Sight{Rule: "makes-accounts", Text: "The page changes accounts of the server."}
			if u := script.Union(args...); u.L&fromRequest != 0 {
				s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
				s.Text = "The page makes or changes accounts of the server as the request says."
			}
			h.See(n, script.Union(args...), s)
		}
		return recv, true
	case "wmi":
		if name == "create" || name == "exec" {
			h.exec(m, n, a, "WMI")
			return none, true
		}
		return recv, true
	case "scripting.filesystemobject":
		switch name {
		case "getdrive", "drives":
			h.drives = true
			return script.Instance("drives"), true
		case "getfolder":
			return made("folder", a), true
		case "getfile":
			return made("file", a), true
		case "createtextfile":
			return made("textstream", a), true
		case "opentextfile":
			return made("textstream", a), true
		case "deletefile", "deletefolder":
			h.act(m, n, "delete", a)
			return none, true
		case "copyfile", "movefile", "copyfolder", "movefolder":
			h.act(m, n, "move", script.Union(args...))
			return none, true
		case "createfolder":
			h.act(m, n, "mkdir", a)
			return none, true
		case "buildpath":
			return m.Concat(args...), true
		case "getparentfoldername", "getfilename", "getbasename", "getextensionname", "getabsolutepathname":
			return script.Union(args...), true
		}
		return none, true
	case "folder", "file":
		path := recv.O.Fields["path"]
		switch name {
		case "delete":
			h.act(m, n, "delete", path)
		case "copy", "move", "copyhere", "movehere":
			h.act(m, n, "move", script.Union(append(args, path)...))
		case "openastextstream":
			return made("textstream", path), true
		case "createtextfile":
			return made("textstream", script.Union(a, path)), true
		default:
			return none, false
		}
		return none, true
	case "textstream":
		switch name {
		case "write", "writeline", "writeblanklines":
			h.text(n, recv.O.Fields["path"], a)
			h.write(m, n, recv.O.Fields["path"], a)
			return none, true
		}
	case "adodb.stream":
		switch name {
		case "write", "writetext":
			if old, ok := recv.O.Fields["<content>"]; ok {
				set("<content>", m.Concat(old, a))
			} else {
				set("<content>", a)
			}
			return none, true
		case "loadfromfile":
			set("<loaded>", a)
			return none, true
		case "savetofile":
			content, ok := recv.O.Fields["<content>"]
			if p, loaded := recv.O.Fields["<loaded>"]; !ok && loaded {
				h.act(m, n, "move", script.Union(a, p))
				return none, true
			}
			h.write(m, n, a, content)
			return none, true
		case "read", "readtext":
			return h.streamContent(m, n, recv), true
		case "copyto":
			if a.O != nil && a.S == "adodb.stream" {
				if a.O.Fields == nil {
					a.O.Fields = map[string]script.Value{}
				}
				a.O.Fields["<content>"] = h.streamContent(m, n, recv)
			}
			return none, true
		}
	case "adodb.connection":
		switch name {
		case "open":
			h.connect(m, n, recv, a)
			return none, true
		case "execute":
			h.sql(m, n, a, recv)
			return script.Instance("recordset"), true
		}
		return none, true
	case "adodb.recordset":
		switch name {
		case "open":
			conn := none
			if len(args) > 1 {
				conn = args[1]
			}
			h.sql(m, n, a, conn)
			return none, true
		case "save":
			h.write(m, n, a, script.Value{L: fromData})
			return none, true
		}
	case "adodb.command":
		if name == "createparameter" {
			recv.O.Any = script.Union(append(args, recv.O.Any)...)
		}
		if name == "execute" && recv.O.Fields != nil {
			sql := recv.O.Fields["<sql>"]
			if s, ok := sql.Text(); ok && databaseCommand(strings.ToLower(s)) { // the command is a parameter
				h.databaseCommand(n, recv.O.Any)
				return script.Instance("recordset"), true
			}
			h.sql(m, n, sql, none)
			return script.Instance("recordset"), true
		}
	case "xmlhttp":
		if url := recv.O.Fields["<posts>"]; name == "send" && pure(url) && pure(a) {
			h.See(n, url, webshell.Sight{Rule: "relays-requests", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page posts what the request sends to any address that the request names."})
		}
		if name == "send" && foreign(recv.O.Fields["<url>"]) {
			h.told = h.told || a.L&(fromRequest|info) != 0
			h.named = h.named || a.L&agent != 0
		}
		if name == "open" && len(args) > 1 {
			set("<url>", args[1])
			h.told = h.told || args[1].L&(fromRequest|info) != 0 && foreign(args[1])
			h.named = h.named || args[1].L&agent != 0 && foreign(args[1])
			if s, ok := a.Text(); !ok || strings.EqualFold(s, "post") { // or as the client asks
				set("<posts>", args[1])
			}
			if p := strings.ToLower(args[1].Prefix()); args[1].L&fromRequest != 0 && (p == "http://127.0.0.1:" || p == "http://localhost:") {
				h.See(n, args[1], webshell.Sight{Rule: "request-to-local-port", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "The request names a port of this host to which the page talks."})
			}
		}
		return none, true
	case "cdo.message", "cdonts.newmail":
		if name == "send" && m.Looping() && h.bare() {
			f := recv.O.Fields
			for _, part := range []string{"htmlbody", "textbody", "body"} {
				if f[part].L&fromRequest != 0 && f[part].Prefix() == "" && pure(f["subject"]) && f["to"].L&f["from"].L&fromRequest != 0 {
					h.See(n, f[part], webshell.Sight{Rule: "mass-mail", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
						Text: "The page sends mail to each of many addresses, all of which the request sends, with its text, subject and sender."})
				}
			}
		}
		if name == "send" {
			h.mail(n, recv, args)
		}
		return none, name == "send"
	case "jmail.message", "jmail.smtpmail", "persits.mailsender":
		switch {
		case strings.HasPrefix(name, "add") && strings.HasSuffix(name, "recipient"), name == "addaddress":
			set("to", a)
		case name == "send", name == "execute":
			h.mail(n, recv, nil)
		default:
			return none, false
		}
		return none, true
	case "xmldom":
		switch name {
		case "createelement", "createnode":
			return script.Instance("xmlnode"), true
		case "load", "loadxml":
			recv.O.Any = script.Union(recv.O.Any, a)
			return none, true
		case "save":
			h.write(m, n, a, recv.O.Any)
			return none, true
		case "transformnode", "transformnodetoobject":
			if v := script.Union(a, anyOf(a)); v.L&hostile != 0 {
				h.See(n, v, webshell.Sight{Rule: "request-to-eval", Text: "A style sheet from the request, which may hold script, is run."})
			}
			return none, true
		}
	case "persits.upload", "persits.upload.1", "softartisans.fileup", "w3.upload", "dundas.upload.2":
		if strings.HasPrefix(name, "save") && a.L&fromRequest != 0 {
			h.write(m, n, a, m.Source(n, fromUpload))
			return none, true
		}
	case "msscriptcontrol.scriptcontrol":
		switch name {
		case "addobject":
			if s, ok := a.Text(); ok && len(args) > 1 { // code that it runs knows the object by this name
				m.SetGlobal(strings.ToLower(s), args[1])
			}
			return none, true
		case "addcode", "eval", "executestatement", "run":
			d := script.VBScript
			if recv.O.Fields != nil {
				if s, ok := recv.O.Fields["language"].Text(); ok && strings.HasPrefix(strings.ToLower(s), "j") {
					d = script.JScript
				}
			}
			return h.code(m, n, a, d, "ScriptControl."+name), true
		}
		return none, true
	}
	return none, false
}

// nodeValue decodes what was given to an XML element of type bin.base64.
func (h *host) nodeValue(m *script.Machine, node script.Value, name string) script.Value {
	f := node.O.Fields
	if f == nil {
		return script.Union(node)
	}
	if name == "nodetypedvalue" {
		if t, ok := f["text"]; ok {
			if s, known := t.Text(); known {
				s = strings.Join(strings.Fields(s), "")
				typ, _ := f["datatype"].Text()
				if strings.HasSuffix(strings.ToLower(typ), "hex") {
					return script.Union(t)
				}
				if b, err := base64.StdEncoding.DecodeString(s); err == nil {
					return script.Value{K: script.VString, S: string(b), L: t.L | script.Built, T: t.T}
				}
			}
			return script.Union(t)
		}
	}
	if v, ok := f[name]; ok {
		return v
	}
	return script.Union(f["text"], f["nodetypedvalue"], node)
}

func anyOf(v script.Value) script.Value {
	if v.O != nil {
		return v.O.Any
	}
	return script.Value{}
}

// foreign reports whether an address, of which the start is known, is one of
// another host.
func foreign(url script.Value) bool {
	p, known := url.Text()
	if !known {
		p = url.Prefix()
	}
	p = strings.ToLower(p)
	return strings.HasPrefix(p, "http") && len(p) > len("https://")+3 && !strings.HasPrefix(p, "http://127.") && !strings.HasPrefix(p, "http://localhost")
}
