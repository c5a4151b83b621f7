package asp

import (
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// Labels, the most telling lowest.
const (
	fromRequest script.Label = 1 << iota
	fromUpload
	fromRemote
	fromSession
	fromFile
	fromData
	mapped  // went through Server.MapPath
	info    // server variables that no client chooses
	fromOdd // read from a file that should hold no code
	password
	anyFile // of a file that the request alone chose
	agent   // the name of the visitor's browser
	abroad  // of another host that the page names, with fromRemote
)

const hostile = fromRequest | fromUpload | fromRemote

// host gives ASP's objects their meaning and collects what it sees.
type host struct {
	webshell.Sights
	page    *script.Page
	depth   int
	events  bool // global.asa, which shows no page
	gates   int
	acts    map[string]act // file actions on a path the request chooses
	drives  bool
	records map[*script.Node]*script.Object // the record set of a field's value
	bots    bool                            // a visitor's name or origin is compared with search engines
	lists   bool                            // the page has a list of search engines
	told    bool                            // another server is told what the visitor asks for
	named   bool                            // and which browser he has
	shown   *script.Node                    // where the visitor is sent what another server answers
	linked  map[string]bool                 // hosts to which links lead that search engines alone are shown
	link    *script.Node                    // the last of these links
	titled  bool                            // and they are shown a title
	instead bool                            // and nothing else
	inputs  []string                        // the page's own fields for passwords
	looked  bool                            // for those
	pages   map[string]string               // the index page to which a text was written first
}

// locked are the attributes of a file that is read-only, hidden and the system's.
const locked = 1 | 2 | 4

// An act is one kind of file action.
type act struct {
	n    *script.Node
	v    script.Value
	pure bool // the request alone chooses the path
}

// objects declares <object runat=server>.
func (h *host) objects(m *script.Machine) {
	for _, t := range h.page.Tags {
		if t.Name != "object" || t.Attrs["id"] == "" {
			continue
		}
		class := webshell.ProgID(t.Attrs["progid"])
		if class == "" {
			class = webshell.ClassID(t.Attrs["classid"])
		}
		if class != "" {
			m.SetGlobal(strings.ToLower(t.Attrs["id"]), script.Instance(class))
		}
	}
}

func (h *host) Name(m *script.Machine, n *script.Node) (script.Value, bool) {
	switch n.Low {
	case "request", "response", "server", "session", "application", "err":
		return script.Instance(n.Low), true
	}
	return script.Value{}, false
}

func (h *host) source(m *script.Machine, n *script.Node, l script.Label) (script.Value, bool) {
	return m.Source(n, l), true
}

func (h *host) Member(m *script.Machine, n *script.Node, recv script.Value) (script.Value, bool) {
	if recv.K != script.VObject {
		return script.Value{}, false
	}
	return h.member(m, n, recv, n.Low)
}

func (h *host) member(m *script.Machine, n *script.Node, recv script.Value, name string) (script.Value, bool) {
	field := func(f string) script.Value {
		if recv.O == nil {
			return script.Value{}
		}
		return recv.O.Fields[f]
	}
	switch recv.S {
	case "request":
		switch name {
		case "form", "querystring", "cookies", "item", "clientcertificate", "params":
			v := script.Instance("request.collection")
			v.L, v.T = fromRequest, m.Source(n, fromRequest).T
			return v, true
		case "servervariables":
			return script.Instance("servervariables"), true
		case "totalbytes":
			return script.Value{}, true
		}
	case "request.collection":
		switch name {
		case "count":
			return script.Value{}, true
		}
		return h.source(m, n, fromRequest)
	case "response", "err":
		return script.Value{}, true
	case "session", "application":
		switch name {
		case "sessionid", "timeout", "lcid", "codepage":
			return script.Value{}, true
		}
		return recv, true // contents, staticobjects
	case "xmlhttp":
		switch name {
		case "responsetext", "responsebody", "responsestream", "responsexml":
			l := fromRemote
			if foreign(field("<url>")) {
				l |= abroad
			}
			return m.Source(n, l), true
		case "status", "readystate", "statustext":
			return script.Value{}, true
		}
	case "xmlnode":
		switch name {
		case "nodetypedvalue", "text":
			return h.nodeValue(m, recv, name), true
		}
	case "xmldom":
		switch name {
		case "documentelement":
			return script.Instance("xmlnode", recv, recv.O.Any), true
		}
	case "scripting.filesystemobject":
		if name == "drives" {
			h.drives = true
			return script.Instance("drives"), true
		}
	case "folder":
		switch name {
		case "files", "subfolders":
			h.act(m, n, "list", field("path"))
			v := script.Instance(name)
			v.O.Fields = map[string]script.Value{"path": field("path")}
			return v, true
		case "path", "name", "parentfolder":
			return field("path"), true
		}
		return script.Value{}, true
	case "files", "subfolders":
		return script.Value{}, true // a count
	case "file":
		switch name {
		case "openastextstream":
			return recv, true
		case "name", "path", "shortpath":
			v := script.Union(field("path"))
			return v, true
		}
		return script.Value{}, true
	case "textstream":
		switch name {
		case "readall", "readline", "read":
			return h.read(m, n, field("path")), true
		}
		return script.Value{}, true
	case "adodb.stream":
		switch name {
		case "read", "readtext":
			return h.streamContent(m, n, recv), true
		case "size", "eos", "position", "state":
			return script.Value{}, true
		}
	case "adodb.recordset", "recordset":
		switch name {
		case "eof", "bof", "recordcount", "pagecount", "state":
			return script.Value{}, true
		case "fields":
			return recv, true
		}
		return h.source(m, n, fromData)
	case "exec": // WScript.Shell.Exec
		return script.Value{}, true
	case "adodb.command":
		if name == "execute" {
			return h.objectCall(m, n, recv, name, nil)
		}
	case "schedule.service":
		return recv, true
	case "wscript.shell", "shell.application", "adodb.connection", "scripting.dictionary":
		return script.Value{}, false
	}
	return script.Value{}, false
}

// read is the content of a file at path.
func (h *host) read(m *script.Machine, n *script.Node, path script.Value) script.Value {
	h.act(m, n, "read", path)
	l := fromFile
	if oddName(path) {
		l |= fromOdd
	}
	if pure(path) && path.L&mapped == 0 {
		l |= anyFile
	}
	return m.Source(n, l)
}

// oddName reports whether a path ends as no script does.
func oddName(path script.Value) bool {
	s := strings.ToLower(path.S)
	for _, e := range []string{".jpg", ".jpeg", ".gif", ".png", ".bmp", ".ico", ".zip", ".rar"} {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

func (h *host) streamContent(m *script.Machine, n *script.Node, recv script.Value) script.Value {
	if v, ok := recv.O.Fields["<content>"]; ok {
		return v
	}
	if p, ok := recv.O.Fields["<loaded>"]; ok {
		return h.read(m, n, p)
	}
	return script.Value{}
}

func (h *host) Index(m *script.Machine, n *script.Node, recv script.Value, args []script.Value) (script.Value, bool) {
	if recv.K != script.VObject || len(args) == 0 {
		return script.Value{}, false
	}
	switch recv.S {
	case "request", "request.collection":
		if recv.S == "request" {
			if s, ok := args[0].Text(); ok {
				if l := serverVariable(s); l != 0 && strings.Contains(s, "_") && isServerVariable(s) {
					return h.source(m, n, l)
				}
			}
		}
		return h.field(m, n, args)
	case "servervariables":
		s, ok := args[0].Text()
		if !ok {
			return h.source(m, n, fromRequest)
		}
		if l := serverVariable(s); l == fromRequest {
			if strings.EqualFold(s, "http_user_agent") {
				l |= agent
			}
			return h.source(m, n, l)
		}
		return script.Value{L: info}, true
	case "session", "application":
		if s, ok := args[0].Text(); ok {
			if c, ok := h.sessionValue(m, recv.S, s); ok {
				return c, true
			}
		}
		return h.source(m, n, fromSession)
	case "adodb.recordset", "recordset":
		v := m.Source(n, fromData)
		if s, ok := args[0].Text(); ok && webshell.PasswordField(s) {
			v.L |= password
		}
		if h.records == nil {
			h.records = map[*script.Node]*script.Object{}
		}
		h.records[n] = recv.O
		if any := recv.O.Any; any.T != nil {
			return script.Union(any, v), true
		}
		return v, true
	}
	return script.Value{}, false
}

// field is a field of the request by its name.
func (h *host) field(m *script.Machine, n *script.Node, args []script.Value) (script.Value, bool) {
	if s, ok := first(args).Text(); ok && (webshell.PasswordField(s) || h.asksFor(s)) {
		return h.source(m, n, fromRequest|password)
	}
	return h.source(m, n, fromRequest)
}

// asksFor reports whether the page itself has a field for passwords of that name.
func (h *host) asksFor(name string) bool {
	if !h.looked {
		h.looked = true
		h.inputs = webshell.PasswordInputs(h.page.Text)
	}
	return slices.ContainsFunc(h.inputs, func(s string) bool { return strings.EqualFold(s, name) })
}

func isServerVariable(s string) bool {
	switch s = strings.ToLower(s); {
	case strings.HasPrefix(s, "http_"), strings.HasPrefix(s, "server_"), strings.HasPrefix(s, "remote_"), strings.HasPrefix(s, "script_"), strings.HasPrefix(s, "path_"), strings.HasPrefix(s, "appl_"), strings.HasPrefix(s, "local_"), strings.HasPrefix(s, "request_"), strings.HasPrefix(s, "query_"):
		return true
	}
	return false
}

// serverVariable labels one server variable: only some are the client's.
func serverVariable(s string) script.Label {
	s = strings.ToLower(s)
	if s == "http_host" {
		return info
	}
	if strings.HasPrefix(s, "http_") || s == "query_string" || s == "all_http" || s == "all_raw" || s == "path_info" || s == "auth_user" || s == "unencoded_url" {
		if s == "path_info" {
			return info
		}
		return fromRequest
	}
	return info
}

func (h *host) sessionValue(m *script.Machine, kind, key string) (script.Value, bool) {
	return m.Shared(kind + "#" + strings.ToLower(key))
}

func (h *host) Assign(m *script.Machine, n *script.Node, recv script.Value, name string, v script.Value) bool {
	if recv.K != script.VObject {
		return false
	}
	set := func(f string) {
		if recv.O.Fields == nil {
			recv.O.Fields = map[string]script.Value{}
		}
		recv.O.Fields[f] = v
	}
	switch recv.S {
	case "session", "application":
		if name == "<index>" && len(n.Kids) > 1 && n.Kids[1].Kind == script.KStr {
			m.Share(recv.S+"#"+strings.ToLower(n.Kids[1].Name), v)
		}
		return true
	case "schedule.service": // an action of a task
		if name == "path" || name == "arguments" {
			h.exec(m, n, v, "Task Scheduler")
		}
		return true
	case "xmlnode":
		if name == "text" || name == "nodetypedvalue" || name == "datatype" {
			set(name)
			return true
		}
	case "adodb.command":
		if name == "commandtext" {
			set("<sql>")
			return true
		}
	case "adodb.connection":
		if name == "connectionstring" {
			h.connect(m, n, recv, v)
			return true
		}
	case "request", "response", "servervariables", "request.collection":
		return true
	case "file", "folder":
		path := recv.O.Fields["path"]
		if name == "attributes" || name == "name" {
			h.act(m, n, "move", path)
		}
		if f, ok := v.Number(); ok && name == "attributes" && int(f)&locked == locked && scriptName(path) {
			h.See(n, path, webshell.Sight{Rule: "keeps-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page hides a script, as one of the system's, and locks it against changes: " + webshell.Cut(path.S, 100) + "."})
		}
		return true
	}
	return false
}

func (h *host) Compare(m *script.Machine, n *script.Node, a, b script.Value) {
	if a.L&fromRequest == 0 {
		a, b = b, a
	}
	if a.L&fromRequest != 0 && b.Known() {
		if s, _ := b.Text(); s != "" {
			h.gates++
		}
	}
}

func (h *host) Params(m *script.Machine, fn, class *script.Node) []script.Value { return nil }

func (h *host) New(m *script.Machine, n *script.Node, class string, args []script.Value) (script.Value, bool) {
	switch class {
	case "activexobject":
		return h.create(m, n, args), true
	case "function":
		if f, ok := m.NewFunction(args); ok {
			return f, true
		}
		if len(args) > 0 {
			return h.code(m, n, args[len(args)-1], script.JScript, "Function"), true
		}
	case "enumerator":
		return script.Union(args...), true
	case "vbarray":
		return script.Union(args...), true
	}
	return script.Value{}, false
}
