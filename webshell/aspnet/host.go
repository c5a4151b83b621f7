package aspnet

import (
	"strings"

	"limier/internal/script"
	"limier/webshell"
)

// Labels, the most telling lowest.
const (
	fromRequest script.Label = 1 << iota // the client sends it
	fromControl                          // a form's control holds it
	fromUpload                           // an uploaded file
	fromRemote                           // fetched from another server
	fromSession
	fromFile
	fromData
	blob   // a large constant that was encoded
	mapped // went through MapPath
	secret // keys and passwords of the configuration
	fileName
	info     // of the request, but not the client's choice
	config   // of a configuration file
	anyFile  // of a file that the client alone chose
	password // typed into a field for it
	fromHeader
	stored   // names a file that holds an upload
	typed    // in a password box of a form of ASP.NET's
	encoded  // the client sends it in base64
	rooted   // a path whose every part the client names
	fromOdd  // of a file that should hold no code, with fromFile
	setting  // of an element of IIS's configuration
	running  // of the processes of this host
	ciphered // went through a cipher
)

const client = fromRequest | fromControl | fromUpload

// host gives the .NET Framework's classes their meaning and collects what it
// sees.
type host struct {
	webshell.Sights
	page    *script.Page
	depth   int
	acts    map[string]act
	drives  bool
	checked bool // the name of an upload is looked at
	uploads []upload
	imports map[string]*script.Node
	sockets int
	engine  string                  // the last search engine that what another server answered was compared with
	bots    *script.Node            // where a visitor's name or origin is compared with search engines
	relays  *script.Node            // where fetched content is sent to the client
	jumps   *script.Node            // where data is made callable
	gate    *script.Node            // where a header is compared with a constant
	dead    bool                    // the page can answer that it does not exist
	away    *script.Node            // where visitors are sent to another site, or its script to them
	query   *script.Node            // where a statement is sent to a database
	asks    bool                    // the page itself checks who someone is
	told    *script.Node            // where what was typed as password is sent to another server
	logs    *script.Node            // where data from the request is written to a file
	wrote   *script.Node            // where what the page does not show is written to a script
	ran     *script.Node            // where a page is run whose name is made up
	onward  *script.Node            // where a server is asked whose address the client sends encoded or in a header
	guards  map[string]*script.Node // where a security product is looked for

	// What is looked for in the whole page, once and only if it is asked.
	poses    func() bool // it has Exchange take it for somebody else
	allows   func() bool // a program asks whether a name's ending is one of those that it allows
	keeps    func() bool // it keeps its own view state, or cookie
	restarts func() bool // it starts and stops what IIS runs, and reads nothing of it
}

// An act is one kind of file action on a path the client chooses.
type act struct {
	n    *script.Node
	v    script.Value
	pure bool
}

// An upload is a stored file of the client.
type upload struct {
	n    *script.Node
	path script.Value
}

// controls declares the elements that run at the server.
func (h *host) controls(m *script.Machine) {
	for _, t := range h.page.Tags {
		id := t.Attrs["id"]
		if id == "" {
			continue
		}
		class := ""
		name := t.Name
		if i := strings.IndexByte(name, ':'); i >= 0 {
			name = name[i+1:]
		}
		switch name {
		case "textbox", "hiddenfield", "textarea", "htmlinputhidden", "aspxtextbox", "radtextbox", "aspxmemo":
			class = "textbox"
		case "input":
			class = "textbox"
			if strings.EqualFold(t.Attrs["type"], "file") {
				class = "fileupload"
			} else if strings.EqualFold(t.Attrs["type"], "submit") || strings.EqualFold(t.Attrs["type"], "button") {
				class = "button"
			}
		case "fileupload":
			class = "fileupload"
		case "object":
			if class = webshell.ProgID(t.Attrs["progid"]); class == "" {
				class = webshell.ClassID(t.Attrs["classid"])
			}
		case "dropdownlist", "listbox", "radiobuttonlist", "checkboxlist", "select":
			class = "list"
		case "script", "form", "page", "control":
		default:
			class = "control"
		}
		if class == "" {
			continue
		}
		key := id
		if h.page.Dialect.VB() {
			key = strings.ToLower(id)
		}
		v := script.Instance(class)
		if class == "textbox" && (strings.EqualFold(t.Attrs["textmode"], "password") || strings.EqualFold(t.Attrs["type"], "password")) {
			v.O.Fields = map[string]script.Value{"<password>": script.Bool(true)}
		}
		m.SetGlobal(key, v)
	}
}

// last is the last part of a dotted name.
func last(s string) string {
	if i := strings.LastIndexByte(s, '.'); i >= 0 {
		return s[i+1:]
	}
	return s
}

func (h *host) Name(m *script.Machine, n *script.Node) (script.Value, bool) {
	return h.name(n.Low)
}

func (h *host) name(low string) (script.Value, bool) {
	switch low {
	case "request", "response", "server", "session", "application", "viewstate", "cache":
		return script.Instance(low), true
	case "context":
		return script.Instance("httpcontext"), true
	}
	return script.Value{}, false
}

func (h *host) source(m *script.Machine, n *script.Node, l script.Label, class string) script.Value {
	v := m.Source(n, l)
	if class != "" {
		w := script.Instance(class)
		w.L, w.T = v.L, v.T
		return w
	}
	return v
}

func (h *host) Member(m *script.Machine, n *script.Node, recv script.Value) (script.Value, bool) {
	return h.member(m, n, recv, n.Low)
}

func (h *host) member(m *script.Machine, n *script.Node, recv script.Value, name string) (script.Value, bool) {
	if recv.K == script.VType {
		return h.static(m, n, last(recv.S), name)
	}
	if name == "validationkey" || name == "decryptionkey" {
		return script.Value{L: secret | recv.L, T: m.Source(n, secret).T}, true
	}
	if name == "processmodel" {
		return script.Instance(name), true
	}
	if name == "outerxml" || name == "innerxml" {
		if l := deep(recv).L; l&setting != 0 {
			return script.Value{L: l | config, T: m.Source(n, config).T}, true
		}
	}
	if recv.L&secret != 0 {
		switch name {
		case "name", "providername", "datasource", "initialcatalog", "database", "server", // of a connection, without its password
			"validation", "decryption", "compatibilitymode", "applicationname": // of a machine key: the algorithms
			return script.Value{}, true
		}
	}
	if recv.K != script.VObject {
		switch name {
		case "length", "count", "longlength", "isempty", "hasvalue":
			return script.Value{}, false
		case "startinfo":
			return script.Instance("processstartinfo"), true
		case "request":
			return script.Instance("request"), true
		case "inputstream":
			if recv.L&fromUpload != 0 {
				return recv, true
			}
		case "extension":
			h.checked = h.checked || recv.L&(fromUpload|fileName) != 0
		}
		return script.Value{}, false
	}
	switch recv.S {
	case "httpcontext", "httpapplication", "httplistenercontext", "controllercontext", "httpcontextbase":
		switch name {
		case "request", "response", "server", "session", "application", "cache":
			return script.Instance(name), true
		case "context", "current", "httpcontext":
			return recv, true
		case "items":
			return script.Instance(name), true
		case "user", "error":
			return script.Value{}, true
		case "websockets":
			return script.Instance(name), true
		}
	case "aspnetwebsocketcontext", "httplistenerwebsocketcontext", "websocketcontext":
		if name == "websocket" {
			return script.Instance(name), true
		}
		return h.requestMember(m, n, name)
	case "mailmessage":
		if name == "to" || name == "bcc" || name == "cc" {
			return recv, true
		}
	case "ziparchive", "ziparchiveentry", "zipfile":
		v := script.Instance("ziparchiveentry", recv)
		if strings.HasSuffix(name, "name") {
			v = script.Value{L: recv.L | fileName, T: recv.T}
		}
		return v, true
	case "request", "httprequest", "httprequestbase", "httplistenerrequest", "httprequestmessage":
		return h.requestMember(m, n, name)
	case "request.collection":
		switch name {
		case "count", "keys", "allkeys", "length":
			if name == "allkeys" || name == "keys" {
				return h.source(m, n, fromRequest, ""), true
			}
			return script.Value{}, true
		}
		return h.source(m, n, fromRequest, ""), true
	case "files", "httpfilecollection":
		if name == "count" {
			return script.Value{}, true
		}
		return h.source(m, n, fromUpload, "httppostedfile"), true
	case "administrators":
		return recv, name == "members"
	case "objectdatasource", "objectdataprovider":
		return recv, strings.HasSuffix(name, "parameters")
	case "processmodel", "virtualdirectory": // of Microsoft.Web.Administration
		if name == "password" {
			return script.Value{L: secret, T: m.Source(n, secret).T}, true
		}
	case "response", "server", "user":
		if recv.S == "response" && strings.HasPrefix(name, "output") { // Output, OutputStream
			return script.Instance("response"), true
		}
		return script.Value{}, true
	case "session", "application", "cache", "viewstate", "items":
		switch name {
		case "sessionid", "count", "timeout":
			return script.Value{}, true
		}
		return recv, true
	case "textbox":
		switch name {
		case "text", "value", "innertext", "innerhtml":
			if v, ok := recv.O.Fields["text"]; ok && v.T != nil {
				return v, true
			}
			l := fromRequest | fromControl
			if _, ok := recv.O.Fields["<password>"]; ok {
				l |= typed
			}
			return h.source(m, n, l, ""), true
		case "postedfile":
			return h.source(m, n, fromUpload, "httppostedfile"), true
		}
		return script.Value{}, true
	case "list":
		switch name {
		case "selectedvalue", "selecteditem", "text", "value", "selectedindex":
			return h.source(m, n, fromControl, ""), true
		}
		return script.Value{}, true
	case "control":
		switch name {
		case "commandargument", "selectedvalue", "commandname":
			return h.source(m, n, fromControl, ""), true
		case "text", "value":
			if v, ok := recv.O.Fields["text"]; ok {
				return v, true
			}
			return script.Value{}, true
		}
		return script.Value{}, true
	case "commandeventargs", "gridviewcommandeventargs", "repeatercommandeventargs", "datagridcommandeventargs", "datalistcommandeventargs", "gridviewdeleteeventargs":
		return h.source(m, n, fromControl, ""), true
	case "fileupload", "httppostedfile", "httppostedfilebase", "iformfile", "uploadedfile":
		switch name {
		case "filename":
			v := h.source(m, n, fromUpload|fileName, "")
			return v, true
		case "postedfile":
			return h.source(m, n, fromUpload, "httppostedfile"), true
		case "hasfile", "contentlength", "hasfiles", "size":
			return script.Value{}, true
		case "contenttype":
			return script.Value{L: fileName}, true
		case "inputstream", "filebytes", "filecontent", "postedfiles":
			return h.source(m, n, fromUpload, ""), true
		case "value":
			return h.source(m, n, fromUpload|fileName, ""), true
		}
	case "process":
		switch name {
		case "startinfo":
			return script.Instance("processstartinfo"), true
		case "standardinput":
			return script.Instance("stdin"), true
		case "standardoutput", "standarderror":
			return script.Instance("stdout"), true
		}
		return script.Value{}, true
	case "stdout":
		return script.Value{}, true
	case "directoryinfo", "fileinfo":
		switch name {
		case "fullname", "name", "parent", "directory", "directoryname", "root":
			return script.Union(recv.O.Fields["path"]), true
		case "extension":
			h.checked = h.checked || recv.O.Fields["path"].L&fileName != 0
		case "exists", "length", "lastwritetime", "attributes", "creationtime":
			return script.Value{}, true
		}
	case "sqldatareader", "oledbdatareader", "dataset", "datatable", "datarow", "sqldatareader[]", "datarowview", "idatareader", "dbdatareader":
		return h.source(m, n, fromData, ""), true
	case "uri":
		switch name {
		case "scheme", "host", "authority", "absolutepath", "localpath", "segments", "port", "dnssafehost":
			if _, from := recv.O.Fields["<from>"]; from { // any page that the client says he comes from
				return script.Union(recv), true
			}
			return script.Value{L: info}, true
		}
		return script.Union(recv), true
	case "exception", "eventargs":
		return script.Value{}, true
	case "httpwebresponse", "webresponse", "httpresponsemessage":
		return h.source(m, n, fromRemote, ""), true
	case "schedule.service":
		return recv, true
	case "xmlhttp":
		if strings.HasPrefix(name, "response") {
			return h.source(m, n, fromRemote, ""), true
		}
	}
	return script.Value{}, false
}

// static reads a static member of a class.
func (h *host) static(m *script.Machine, n *script.Node, class, name string) (script.Value, bool) {
	switch class {
	case "this", "me", "page", "base", "mybase", "myclass":
		if v, ok := h.name(name); ok {
			return v, true
		}
		if v, ok := m.Global(n.Name); ok {
			return v, true
		}
		return script.Value{}, false
	case "httpcontext":
		switch name {
		case "current":
			return script.Instance("httpcontext"), true
		case "request", "response", "session", "websockets": // of a Razor page or controller
			return script.Instance(name), true
		}
	case "my":
		return h.name(name)
	case "registry":
		return script.Instance("registry"), true
	case "hostingenvironment", "httpruntime":
		switch name {
		case "cache":
			return script.Instance(name), true
		case "appdomainapppath", "applicationphysicalpath":
			return m.Concat(script.Const("~/"), script.Value{}), true
		}
		return script.Value{}, false
	case "currentdomain": // of AppDomain
		if name == "basedirectory" {
			return m.Concat(script.Const("~/"), script.Value{}), true
		}
		return script.Value{}, false
	case "appdomain", "environment":
		return script.Value{}, false
	case "configurationmanager", "configurationsettings", "webconfigurationmanager":
		if name == "connectionstrings" {
			return script.Instance("connectionstrings"), true
		}
		return script.Value{}, name == "appsettings"
	}
	return script.Value{}, false
}

func (h *host) requestMember(m *script.Machine, n *script.Node, name string) (script.Value, bool) {
	switch name {
	case "request":
		return script.Instance("request"), true
	case "form", "querystring", "params", "headers", "cookies", "servervariables", "item", "unvalidated", "query":
		l := fromRequest
		if name == "headers" {
			l |= fromHeader
		}
		return h.source(m, n, l, "request.collection"), true
	case "files":
		return h.source(m, n, fromUpload, "files"), true
	case "inputstream":
		return h.source(m, n, fromRequest, "inputstream"), true
	case "physicalpath":
		return script.Value{L: mapped}, true
	case "physicalapplicationpath":
		return m.Concat(script.Const("~/"), script.Value{L: mapped}), true
	case "getbufferlessinputstream", "content", "body", "bodyreader":
		return h.source(m, n, fromRequest, ""), true
	case "useragent", "urlreferrer", "pathinfo", "userlanguages", "contenttype", "rawurl", "url", "path", "accepttypes", "userhostname":
		l := fromRequest
		if name == "path" || name == "pathinfo" || name == "userhostname" {
			l = info
		}
		if name == "url" || name == "urlreferrer" {
			v := h.source(m, n, l, "uri")
			if name == "urlreferrer" {
				v.O.Fields = map[string]script.Value{"<from>": script.Bool(true)}
			}
			return v, true
		}
		return h.source(m, n, l, ""), true
	}
	return script.Value{}, true
}

func (h *host) Index(m *script.Machine, n *script.Node, recv script.Value, args []script.Value) (script.Value, bool) {
	if len(args) > 0 {
		switch s, _ := args[0].Text(); strings.ToLower(s) {
		case "anonymoususerpass", "wamuserpass", "uncpassword": // of IIS's metabase
			return script.Value{L: secret, T: m.Source(n, secret).T}, true
		case "password":
			if deep(recv).L&setting != 0 {
				return script.Value{L: secret, T: m.Source(n, secret).T}, true
			}
		}
	}
	if recv.K != script.VObject || len(args) == 0 {
		return script.Value{}, false
	}
	switch recv.S {
	case "methodinfo": // a delegate made of it is called
		return h.invoke(m, n, recv, "invoke", []script.Value{{K: script.VArray, O: &script.Object{Elems: args}}})
	case "request", "httprequest", "httprequestbase", "request.collection", "httplistenerrequest", "namevaluecollection":
		if recv.S == "namevaluecollection" && recv.L == 0 {
			return script.Value{}, false
		}
		if s, ok := args[0].Text(); ok {
			switch strings.ToLower(s) {
			case "appl_physical_path", "path_translated", "local_addr", "server_name", "script_name", "remote_addr", "server_software", "url", "http_host", "server_port", "path_info", "https", "request_method":
				return h.source(m, n, info, ""), true
			}
			if webshell.PasswordField(s) {
				return h.source(m, n, fromRequest|password, ""), true
			}
		}
		return h.source(m, n, fromRequest|recv.L&fromHeader, ""), true
	case "files", "httpfilecollection":
		return h.source(m, n, fromUpload, "httppostedfile"), true
	case "session", "application", "cache", "viewstate", "items":
		if s, ok := args[0].Text(); ok {
			if v, ok := m.Shared(recv.S + "#" + strings.ToLower(s)); ok {
				return v, true
			}
		}
		if recv.S == "items" { // of this request
			return script.Value{}, true
		}
		return h.source(m, n, fromSession, ""), true
	case "connectionstrings":
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	case "sqldatareader", "oledbdatareader", "datatable", "datarow", "dataset", "dbdatareader":
		return h.source(m, n, fromData, ""), true
	}
	return script.Value{}, false
}

func (h *host) Assign(m *script.Machine, n *script.Node, recv script.Value, name string, v script.Value) bool {
	if name == "issuperuser" && v.K == script.VBool && v.N != 0 { // of DNN
		h.promotes(n, v)
	}
	if recv.K != script.VObject {
		if recv.K == script.VType && name == "text" {
			return true
		}
		return false
	}
	switch recv.S {
	case "processstartinfo":
		if name == "filename" || name == "arguments" {
			h.exec(m, n, v, "Process", name)
			return false
		}
	case "session", "application", "cache", "viewstate", "items":
		if name == "<index>" && len(n.Kids) > 1 && n.Kids[1].Kind == script.KStr {
			m.Share(recv.S+"#"+strings.ToLower(n.Kids[1].Name), v)
		}
		return true
	case "schedule.service": // a task of its scheduler
		if name == "path" || name == "arguments" {
			h.exec(m, n, v, "Task Scheduler", name)
		}
		return true
	case "textbox", "control", "list":
		if name == "text" || name == "innerhtml" || name == "innertext" || name == "value" {
			h.print(m, n, v)
			if recv.O.Fields == nil {
				recv.O.Fields = map[string]script.Value{}
			}
			if recv.S == "control" {
				recv.O.Fields["text"] = v
			}
		}
		return true
	case "sqlconnection", "oledbconnection", "odbcconnection", "mysqlconnection", "oracleconnection", "dbconnection":
		if name == "connectionstring" {
			recv.O.Any = script.Union(recv.O.Any, v)
			return true
		}
	case "sqlcommand", "oledbcommand", "odbccommand", "mysqlcommand", "dbcommand", "oraclecommand":
		switch name {
		case "commandtext":
			h.sql(m, n, v, recv.O.Fields["connection"])
		case "connection":
			if recv.O.Fields == nil {
				recv.O.Fields = map[string]script.Value{}
			}
			recv.O.Fields["connection"] = v
			return true
		}
	case "response":
		if s, ok := v.Text(); ok && strings.HasPrefix(name, "status") && strings.HasPrefix(s, "404") {
			h.dead = true
		}
		return true
	case "directorysearcher":
		if name == "filter" {
			h.directory(n, v, recv.O.Fields["root"])
			return true
		}
	case "xmlhttp", "request":
		return true
	case "directoryinfo", "fileinfo":
		if strings.HasPrefix(name, "last") || strings.HasPrefix(name, "creation") {
			h.act("time", n, recv.O.Fields["path"])
		}
		return true
	}
	return false
}

func (h *host) Compare(m *script.Machine, n *script.Node, a, b script.Value) {
	if (a.L|b.L)&fileName != 0 && (a.Known() && a.S != "" || b.Known() && b.S != "") {
		h.checked = true
	}
	for range 2 {
		if s, ok := b.Text(); ok && a.L&fromHeader != 0 && len(s) > 2 {
			h.gate = n
		}
		a, b = b, a
	}
}

func (h *host) Params(m *script.Machine, fn, class *script.Node) []script.Value {
	service := h.page.Kind == "servicehost"
	for _, a := range fn.Attr {
		if a == "webmethod" || a == "webmethodattribute" || a == "operationcontract" || a == "webinvoke" || a == "webget" || a == "httppost" || a == "httpget" {
			service = true
		}
	}
	if !service {
		return nil
	}
	var out []script.Value
	for _, p := range fn.Kids[:len(fn.Kids)-1] {
		out = append(out, m.Source(p, fromRequest))
	}
	return out
}
