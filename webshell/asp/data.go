package asp

import (
	"encoding/base64"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) connectionCall() (script.Value, bool) {
	switch c.name {
	case "open":
		c.connect(c.m, c.n, c.recv, c.arg())
	case "execute":
		c.sql(c.m, c.n, c.arg(), c.recv)
		return script.Instance("recordset"), true
	}
	return script.Value{}, true
}

func (c call) recordSetCall() (script.Value, bool) {
	switch c.name {
	case "open":
		c.sql(c.m, c.n, c.arg(), nth(c.args, 1))
	case "save":
		content := c.recv.O.Any
		content.L |= fromData
		c.write(c.m, c.n, c.arg(), content)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

func (c call) recordSetMember() (script.Value, bool) {
	switch c.name {
	case "eof", "bof", "recordcount", "pagecount", "state":
		return script.Value{}, true
	case "fields":
		return c.recv, true
	}
	return c.source(c.m, c.n, fromData)
}

func (c call) commandCall() (script.Value, bool) {
	if c.name == "createparameter" {
		c.recv.O.Any = script.Union(append(c.args, c.recv.O.Any)...)
	}
	if c.name != "execute" || c.recv.O.Fields == nil {
		return script.Value{}, false
	}
	sql := c.field("<sql>")
	if s, ok := sql.Text(); ok && databaseCommand(strings.ToLower(s)) { // the command is a parameter
		c.databaseCommand(c.n, c.recv.O.Any)
	} else {
		c.sql(c.m, c.n, sql, c.field("<connection>"))
	}
	return script.Instance("recordset"), true
}

func (c call) commandMember() (script.Value, bool) {
	if c.name == "execute" {
		return c.commandCall()
	}
	return script.Value{}, false
}

// styled is a style sheet being used.
func (h *host) styled(n *script.Node, v script.Value) {
	if v = script.Union(v, anyOf(v)); v.L&hostile != 0 {
		h.See(n, v, webshell.Sight{Rule: "request-to-eval", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence, Text: "A style sheet from the request, which may hold script, is run."})
	}
}

func (c call) documentCall() (script.Value, bool) {
	a := c.arg()
	switch c.name {
	case "createelement", "createnode":
		return script.Instance("xmlnode"), true
	case "selectsinglenode", "selectnodes", "getelementsbytagname":
		return script.Instance("xmlnode", c.recv, c.recv.O.Any), true
	case "load", "loadxml":
		if a.K == script.VObject && a.S == "request" { // what it sends is the document
			a = c.m.Source(c.n, fromRequest)
		}
		if a.L&mapped == 0 { // a file of the site is not of who names it
			c.recv.O.Any = script.Union(c.recv.O.Any, a)
		}
	case "save":
		if scriptName(a) || a.L&fromRequest != 0 {
			c.write(c.m, c.n, a, c.recv.O.Any)
		}
	case "transformnode", "transformnodetoobject":
		c.styled(c.n, a)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

func (c call) documentMember() (script.Value, bool) {
	return script.Instance("xmlnode", c.recv, c.recv.O.Any), c.name == "documentelement"
}

// nodeMember decodes what was given to an XML element of type bin.base64.
func (c call) nodeMember() (script.Value, bool) {
	if c.name != "nodetypedvalue" && c.name != "text" {
		return script.Value{}, false
	}
	f := c.recv.O.Fields
	if f == nil {
		return script.Union(c.recv), true
	}
	if t, ok := f["text"]; ok && c.name == "nodetypedvalue" {
		typ, _ := f["datatype"].Text()
		if s, known := t.Text(); known && !strings.HasSuffix(strings.ToLower(typ), "hex") {
			if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), "")); err == nil {
				return script.Value{K: script.VString, S: string(b), L: t.L | script.Built, T: t.T}, true
			}
		}
		return script.Union(t), true
	}
	if v, ok := f[c.name]; ok {
		return v, true
	}
	return script.Union(f["text"], f["nodetypedvalue"], c.recv), true
}
