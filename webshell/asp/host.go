package asp

import (
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
	anyHost // of a host that the request names, with fromRemote
	address // the visitor's
	whose   // of another host that was told it, with fromRemote
)

const hostile = fromRequest | fromUpload | fromRemote

// host gives ASP's objects their meaning and collects what it sees.
type host struct {
	webshell.Sights
	page    *script.Page
	depth   int
	events  bool // global.asa, which shows no page
	brief   bool // the verdict is all that is asked for
	gates   int
	members bool           // the session is asked for something
	acts    map[string]act // file actions on a path the request chooses
	drives  bool
	binds   bool                            // what is sent names an object that is created
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
		return h.asked(m, n, args)
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
		return script.Value{L: serverVariable(s)}, true
	case "session", "application":
		if s, ok := args[0].Text(); ok {
			if c, ok := m.Shared(recv.S + "#" + strings.ToLower(s)); ok {
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

func (h *host) Assign(m *script.Machine, n *script.Node, recv script.Value, name string, v script.Value) bool {
	if recv.K != script.VObject {
		return false
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
	case "wmi": // what a method is given
		if name == "commandline" {
			h.exec(m, n, v, "WMI")
		}
		return true
	case "adodb.recordset":
		if name == "<index>" {
			recv.O.Any = script.Union(recv.O.Any, v)
			return true
		}
	case "msxml2.xsltemplate":
		if name == "stylesheet" {
			h.styled(n, v)
		}
		return true
	case "xmlnode":
		if name == "text" || name == "nodetypedvalue" || name == "datatype" {
			set(recv, name, v)
			return true
		}
	case "adodb.command":
		switch name {
		case "commandtext":
			set(recv, "<sql>", v)
			return true
		case "activeconnection":
			set(recv, "<connection>", v)
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
		if name == "name" {
			h.makesScript(n, path, v)
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
	h.members = h.members || (a.L|b.L)&fromSession != 0
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
