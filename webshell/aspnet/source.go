package aspnet

import (
	"regexp"
	"strings"

	"limier/internal/script"
)

// maxSource is how much of a data source's element is read, in bytes.
const maxSource = 4 << 10

var sourceParameter = regexp.MustCompile(`(?i)<asp:(\w*)parameter\b[^>]*`)

func isSource(t script.Tag) bool { return strings.HasSuffix(t.Name, ":objectdatasource") }

// dataSources calls what data sources on the page bind to methods of the
// framework: <asp:ObjectDataSource TypeName="System.Diagnostics.Process"
// SelectMethod="Start">, with what its parameters take from the request.
func (h *host) dataSources(m *script.Machine) {
	for _, t := range h.page.Tags {
		if !isSource(t) {
			continue
		}
		text := h.page.Text[t.Pos:min(len(h.page.Text), t.Pos+maxSource)]
		if end := strings.Index(strings.ToLower(text), "</"+t.Name); end >= 0 {
			text = text[:end]
		}
		n := &script.Node{Kind: script.KCall, Pos: int32(t.Pos)}
		var args []script.Value
		for _, p := range sourceParameter.FindAllStringSubmatch(text, 20) {
			switch strings.ToLower(p[1]) {
			case "querystring", "form", "cookie":
				args = append(args, m.Source(n, fromRequest))
			case "control":
				args = append(args, m.Source(n, fromRequest|fromControl))
			case "session":
				args = append(args, m.Source(n, fromSession))
			default:
				args = append(args, script.Value{})
			}
		}
		for _, method := range []string{"selectmethod", "insertmethod", "updatemethod", "deletemethod"} {
			h.bound(m, n, t.Attrs["typename"], t.Attrs[method], args)
		}
	}
}

// bound calls a method that a data source names, if it is the framework's.
func (h *host) bound(m *script.Machine, n *script.Node, class, method string, args []script.Value) script.Value {
	class, _, _ = strings.Cut(strings.ToLower(class), ",")
	if !strings.HasPrefix(class, "system.") || method == "" {
		return script.Value{}
	}
	v, _ := m.Host.Call(m, n, script.Value{K: script.VType, S: strings.TrimSpace(class)}, strings.ToLower(method), args)
	h.print(m, n, v)
	return v
}

// bind calls what a data source made in code is bound to.
func (h *host) bind(m *script.Machine, n *script.Node, source script.Value) script.Value {
	f := source.O.Fields
	class, method := f["typename"], f["selectmethod"]
	if source.S == "objectdataprovider" {
		class, method = f["objecttype"], f["methodname"]
	}
	name, _ := class.Text()
	if class.K == script.VType {
		name = class.S
		if !strings.Contains(name, ".") {
			name = "system." + name // known by an import
		}
	}
	how, _ := method.Text()
	return h.bound(m, n, name, how, []script.Value{source.O.AnyValue()})
}

func (c call) newDataSource() (script.Value, bool) {
	v := script.Instance(c.name)
	v.O.Fields = map[string]script.Value{"typename": c.arg(0), "selectmethod": c.arg(1)}
	return v, true
}

func (c call) dataSourceCall() (script.Value, bool) {
	switch c.name {
	case "add": // a parameter
		c.recv.O.Any = script.Union(append(c.args, c.recv.O.Any)...)
		if c.recv.S == "objectdataprovider" {
			c.bind(c.m, c.n, c.recv)
		}
		return script.Value{}, true
	case "select", "refresh":
		return c.bind(c.m, c.n, c.recv), true
	}
	return script.Value{}, false
}

func (c call) dataSourceMember() (script.Value, bool) {
	return c.recv, strings.HasSuffix(c.name, "parameters")
}
