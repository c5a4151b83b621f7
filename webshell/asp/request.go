package asp

import (
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) requestCall() (script.Value, bool) {
	switch c.name {
	case "binaryread":
		return c.source(c.m, c.n, fromUpload|fromRequest)
	case "servervariables":
		return c.variable()
	case "form", "querystring", "cookies", "item", "params":
		return c.fieldOf()
	}
	return script.Value{}, true
}

func (c call) requestMember() (script.Value, bool) {
	switch c.name {
	case "form", "querystring", "cookies", "item", "clientcertificate", "params":
		v := script.Instance("request.collection")
		v.L, v.T = fromRequest, c.m.Source(c.n, fromRequest).T
		return v, true
	case "servervariables":
		return script.Instance("servervariables"), true
	}
	return script.Value{}, c.name == "totalbytes"
}

func (c call) collectionMember() (script.Value, bool) {
	if c.name == "count" {
		return script.Value{}, true
	}
	return c.source(c.m, c.n, fromRequest)
}

// fieldOf is a field of the request by its name.
func (c call) fieldOf() (script.Value, bool) { return c.asked(c.m, c.n, c.args) }

// variable is a server variable by its name.
func (c call) variable() (script.Value, bool) {
	return c.Index(c.m, c.n, script.Instance("servervariables"), c.args)
}

// indexed is Request("x") and its kin.
func (c call) indexed() (script.Value, bool) {
	return c.Index(c.m, c.n, script.Instance(c.name), c.args)
}

func (c call) storeCall() (script.Value, bool) {
	if c.name == "contents" || c.name == "value" {
		return c.Index(c.m, c.n, c.recv, c.args)
	}
	return script.Value{}, true
}

func (c call) storeMember() (script.Value, bool) {
	switch c.name {
	case "sessionid", "timeout", "lcid", "codepage":
		return script.Value{}, true
	}
	return c.recv, true // contents, staticobjects
}

func (c call) responseCall() (script.Value, bool) {
	c.respond(c.m, c.n, c.name, c.args)
	return script.Value{}, true
}

// shown is what the page holds between its code, and what <%= … %> shows.
func (c call) shown() (script.Value, bool) {
	c.send(c.m, c.n, c.name, c.arg())
	return script.Value{}, false
}

func (c call) split() (script.Value, bool) {
	if s, ok := c.arg().Text(); ok && webshell.SearchEngines(s) > 2 {
		c.lists = true
	}
	return script.Value{}, false
}

func (c call) serverCall() (script.Value, bool) {
	a := c.arg()
	switch c.name {
	case "createobject":
		return c.createObject()
	case "mappath":
		if s, ok := a.Text(); ok {
			return script.Value{K: script.VString, S: s, L: mapped | a.L, T: a.T}, true
		}
		a.L |= mapped
		return a, true
	case "execute", "transfer":
		if a.L&fromRequest != 0 {
			c.See(c.n, a, webshell.Sight{Rule: "request-to-include", Text: "The request names the page that is run."})
		} else if content, ok := c.Machine.Written(a); ok {
			c.code(c.m, c.n, content, c.m.Dialect(), "Server."+c.name)
		} else if s, ok := a.Text(); ok && runsPicture(s) {
			c.See(c.n, a, webshell.Sight{Rule: "includes-image", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page runs a file that should hold no code: " + webshell.Cut(s, 100) + "."})
		}
	case "htmlencode", "urlencode", "urlpathencode":
		return c.all(), true
	}
	return script.Value{}, true
}

// asked is a field of the request by its name.
func (h *host) asked(m *script.Machine, n *script.Node, args []script.Value) (script.Value, bool) {
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
	switch s {
	case "http_host":
		return info
	case "remote_addr", "remote_host":
		return info | address
	}
	if strings.HasPrefix(s, "http_") || s == "query_string" || s == "all_http" || s == "all_raw" || s == "path_info" || s == "auth_user" || s == "unencoded_url" {
		if s == "path_info" {
			return info
		}
		return fromRequest
	}
	return info
}
