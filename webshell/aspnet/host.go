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
	judged  bool                    // the answer was, with two of them
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
	proxied *script.Node            // where any server is asked that the client names
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
	case "request", "response", "server", "session", "application", "viewstate", "cache", "routedata":
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

// member reads a member of an object.
func (c call) member() (script.Value, bool) {
	if c.recv.K == script.VType {
		return c.staticMember(c.m, c.n, last(c.recv.S), c.name)
	}
	switch c.name {
	case "validationkey", "decryptionkey":
		return script.Value{L: secret | c.recv.L, T: c.m.Source(c.n, secret).T}, true
	case "processmodel":
		return script.Instance(c.name), true
	case "outerxml", "innerxml":
		if l := deep(c.recv).L; l&setting != 0 {
			return script.Value{L: l | config, T: c.m.Source(c.n, config).T}, true
		}
	case "name", "providername", "datasource", "initialcatalog", "database", "server", // of a connection, without its password
		"validation", "decryption", "compatibilitymode", "applicationname": // of a machine key: the algorithms
		if c.recv.L&secret != 0 {
			return script.Value{}, true
		}
	}
	if c.recv.K == script.VObject {
		return c.by(members, c.recv.S)
	}
	switch c.name {
	case "startinfo":
		return script.Instance("processstartinfo"), true
	case "request":
		return script.Instance("request"), true
	case "inputstream":
		return c.recv, c.recv.L&fromUpload != 0
	case "extension":
		c.checked = c.checked || c.recv.L&(fromUpload|fileName) != 0
	}
	return script.Value{}, false
}

// staticMember reads a static member of a class.
func (h *host) staticMember(m *script.Machine, n *script.Node, class, name string) (script.Value, bool) {
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

func (h *host) Index(m *script.Machine, n *script.Node, recv script.Value, args []script.Value) (script.Value, bool) {
	if len(args) > 0 {
		switch s, _ := args[0].Text(); strings.ToLower(s) {
		case "anonymoususerpass", "wamuserpass", "uncpassword": // of IIS's metabase
			return m.Source(n, secret), true
		case "password":
			if deep(recv).L&setting != 0 {
				return m.Source(n, secret), true
			}
		}
	}
	if recv.K != script.VObject || len(args) == 0 {
		return script.Value{}, false
	}
	switch recv.S {
	case "methodinfo": // a delegate made of it is called
		return call{h, m, n, recv, "invoke", []script.Value{{K: script.VArray, O: &script.Object{Elems: args}}}}.invoke()
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
		return m.Source(n, secret), true
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
	case "wmi": // what a method is given
		if name == "commandline" {
			h.exec(m, n, v, "WMI", "")
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
		if name == "commandtext" {
			h.sql(m, n, v, recv.O.Fields["connection"])
		}
		if name == "commandtext" || name == "connection" {
			if recv.O.Fields == nil {
				recv.O.Fields = map[string]script.Value{}
			}
			recv.O.Fields[name] = v
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
		if name == "name" { // of COM's
			h.makesScript(n, recv.O.Fields["path"], v)
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
