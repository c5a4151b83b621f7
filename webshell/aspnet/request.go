package aspnet

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) requestCall() (script.Value, bool) {
	switch c.name {
	case "getbufferlessinputstream", "getbufferedinputstream":
		return c.source(c.m, c.n, fromRequest, "inputstream"), true
	case "binaryread":
		return c.source(c.m, c.n, fromRequest|fromUpload, ""), true
	case "mappath":
		return c.mappedPath()
	case "saveas":
		c.write(c.m, c.n, c.arg(0), c.m.Source(c.n, fromRequest|fromUpload))
	case "form", "querystring", "params", "headers", "cookies", "servervariables", "item", "files":
		v, _ := c.requestMember()
		return c.Index(c.m, c.n, v, c.args)
	case "unvalidated", "userlanguages", "accepttypes": // indexed, in Visual Basic
		v, _ := c.requestMember()
		return script.Union(v), true
	}
	return script.Value{}, true
}

func (c call) requestMember() (script.Value, bool) {
	switch c.name {
	case "request":
		return script.Instance("request"), true
	case "headers":
		return c.source(c.m, c.n, fromRequest|fromHeader, "request.collection"), true
	case "form", "querystring", "params", "cookies", "servervariables", "item", "unvalidated", "query":
		return c.source(c.m, c.n, fromRequest, "request.collection"), true
	case "files":
		return c.source(c.m, c.n, fromUpload, "files"), true
	case "inputstream":
		return c.source(c.m, c.n, fromRequest, "inputstream"), true
	case "physicalpath":
		return script.Value{L: mapped}, true
	case "physicalapplicationpath":
		return c.m.Concat(script.Const("~/"), script.Value{L: mapped}), true
	case "url":
		return c.source(c.m, c.n, fromRequest, "uri"), true
	case "urlreferrer":
		v := c.source(c.m, c.n, fromRequest, "uri")
		v.O.Fields = map[string]script.Value{"<from>": script.Bool(true)}
		return v, true
	case "path", "userhostname":
		return c.m.Source(c.n, info), true
	case "getbufferlessinputstream", "content", "body", "bodyreader", "useragent", "userlanguages", "contenttype", "rawurl", "accepttypes", "pathinfo":
		return c.m.Source(c.n, fromRequest), true
	}
	return script.Value{}, true
}

func (c call) collectionMember() (script.Value, bool) {
	if c.name == "count" || c.name == "length" {
		return script.Value{}, true
	}
	return c.m.Source(c.n, fromRequest), true
}

func (c call) filesMember() (script.Value, bool) {
	if c.name == "count" {
		return script.Value{}, true
	}
	return c.source(c.m, c.n, fromUpload, "httppostedfile"), true
}

func (c call) uploadMember() (script.Value, bool) {
	switch c.name {
	case "filename", "value":
		return c.m.Source(c.n, fromUpload|fileName), true
	case "postedfile":
		return c.source(c.m, c.n, fromUpload, "httppostedfile"), true
	case "hasfile", "contentlength", "hasfiles", "size":
		return script.Value{}, true
	case "contenttype":
		return script.Value{L: fileName}, true
	case "inputstream", "filebytes", "filecontent", "postedfiles":
		return c.m.Source(c.n, fromUpload), true
	}
	return script.Value{}, false
}

func (c call) uriMember() (script.Value, bool) {
	switch c.name {
	case "scheme", "host", "authority", "absolutepath", "localpath", "segments", "port", "dnssafehost":
		if _, from := c.recv.O.Fields["<from>"]; !from { // else any page that the client says he comes from
			return script.Value{L: info}, true
		}
	}
	return script.Union(c.recv), true
}

func (c call) responseCall() (script.Value, bool) {
	a := c.arg(0)
	switch c.name {
	case "write", "binarywrite":
		c.print(c.m, c.n, a)
		if a.L&config != 0 {
			c.See(c.n, a, webshell.Sight{Rule: "prints-secrets", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "A configuration file of the server is sent to the client."})
		}
	case "redirect", "redirectpermanent":
		// Who asks another server whether it is a search engine that calls leads
		// the others away, with what they look for.
		if startsAs(a, "http") && a.L&(client|info) == 0 || c.judged && (a.L&fromRemote != 0 || namesHost(a)) {
			c.leads(c.m, c.n)
		}
	case "writefile", "transmitfile":
		c.act("read", c.n, a)
		if pure(a) && a.L&mapped == 0 {
			c.readsAny(c.n, a)
		}
	}
	return script.Value{}, true
}

// startsAs reports whether what is known of a text's start is, in lower case.
func startsAs(v script.Value, start string) bool {
	s, _ := v.Text()
	return strings.HasPrefix(strings.ToLower(s+v.Prefix()), start)
}

func (c call) responseMember() (script.Value, bool) {
	if strings.HasPrefix(c.name, "output") { // Output, OutputStream
		return script.Instance("response"), true
	}
	return script.Value{}, true
}

// shown is <%= … %>.
func (c call) shown() (script.Value, bool) {
	c.print(c.m, c.n, c.arg(0))
	return script.Value{}, true
}

func (c call) serverCall() (script.Value, bool) {
	a := c.arg(0)
	switch c.name {
	case "mappath":
		return c.mappedPath()
	case "createobject", "createobjectfromclsid":
		return c.createObject()
	case "execute", "transfer":
		if !a.Known() {
			c.ran = c.n
		}
		if content, ok := c.Machine.Written(a); ok {
			c.code(c.m, c.n, content, "Server."+c.name)
		}
		if a.L&client != 0 && a.L&script.Mixed == 0 {
			c.See(c.n, a, webshell.Sight{Rule: "request-to-include", Text: "The request names the page that is run."})
		}
	case "htmlencode", "urlencode", "urldecode", "htmldecode":
		return c.given()
	}
	return script.Value{}, true
}

func (c call) mappedPath() (script.Value, bool) {
	v := c.arg(0)
	if v.K == script.VType {
		v = script.Value{}
	}
	v.L |= mapped
	return v, true
}

// indexed is Request("x") and its kin.
func (c call) indexed() (script.Value, bool) {
	return c.Index(c.m, c.n, script.Instance(c.name), c.args)
}

// storeCall is a method of what the server keeps between requests.
func (c call) storeCall() (script.Value, bool) {
	switch c.name {
	case "add", "insert", "set":
		if s, ok := c.arg(0).Text(); ok {
			c.m.Share(c.recv.S+"#"+strings.ToLower(s), c.arg(1))
		}
	case "get", "item":
		return c.Index(c.m, c.n, c.recv, c.args)
	}
	return script.Value{}, true
}

func (c call) storeMember() (script.Value, bool) {
	switch c.name {
	case "sessionid", "count", "timeout":
		return script.Value{}, true
	}
	return c.recv, true
}

func (c call) contextMember() (script.Value, bool) {
	switch c.name {
	case "request", "response", "server", "session", "application", "cache", "items", "websockets":
		return script.Instance(c.name), true
	case "context", "current", "httpcontext":
		return c.recv, true
	}
	return script.Value{}, c.name == "user" || c.name == "error"
}

func (c call) webSocketCall() (script.Value, bool) {
	if c.name == "receiveasync" {
		c.webSocketReceives()
	}
	return script.Value{}, true
}

func (c call) webSocketReceives() (script.Value, bool) {
	c.received(fromRequest)
	return script.Value{}, false
}

func (c call) webSocketMember() (script.Value, bool) {
	if c.name == "websocket" {
		return script.Instance(c.name), true
	}
	return c.requestMember()
}

func (c call) listenerCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "getcontext") || c.name == "endgetcontext" {
		return script.Instance("httpcontext"), true
	}
	return script.Value{}, true
}

func (c call) newListener() (script.Value, bool) {
	c.See(c.n, c.arg(0), webshell.Sight{Rule: "second-listener", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens a web server of its own."})
	return c.ofName()
}

func (c call) textBoxMember() (script.Value, bool) {
	switch c.name {
	case "text", "value", "innertext", "innerhtml":
		if v, ok := c.recv.O.Fields["text"]; ok && v.T != nil {
			return v, true
		}
		l := fromRequest | fromControl
		if _, ok := c.recv.O.Fields["<password>"]; ok {
			l |= typed
		}
		return c.m.Source(c.n, l), true
	case "postedfile":
		return c.source(c.m, c.n, fromUpload, "httppostedfile"), true
	}
	return script.Value{}, true
}

func (c call) listMember() (script.Value, bool) {
	switch c.name {
	case "selectedvalue", "selecteditem", "text", "value", "selectedindex":
		return c.m.Source(c.n, fromControl), true
	}
	return script.Value{}, true
}

func (c call) controlMember() (script.Value, bool) {
	switch c.name {
	case "commandargument", "selectedvalue", "commandname":
		return c.m.Source(c.n, fromControl), true
	case "text", "value":
		return c.field("text"), true
	}
	return script.Value{}, true
}

// hostingStatic is a method of HostingEnvironment's.
func (c call) hostingStatic() (script.Value, bool) {
	if c.name == "mappath" {
		return c.mappedPath()
	}
	if !strings.HasPrefix(c.name, "registervirtualpathprovider") { // …Internal, through reflection
		return script.Value{}, false
	}
	a := c.arg(0)
	s := webshell.Sight{Rule: "virtual-path-provider", Text: "The code registers a provider of pages that exist only in memory."}
	switch inside := c.page.Kind != "" && c.page.Kind != source && c.page.Kind != "application"; {
	case deep(a).L&client != 0 || a.O != nil && fields(a).L&client != 0:
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
	case inside: // an application does so where it starts
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	}
	c.See(c.n, a, s)
	return script.Value{}, true
}

func (c call) regexStatic() (script.Value, bool) {
	c.checked = c.checked || c.all().L&fileName != 0
	c.visitor(c.m, c.n, c.arg(0), c.arg(1))
	return script.Value{}, false
}

func (c call) stringStatic() (script.Value, bool) {
	if c.name != "equals" && c.name != "compare" {
		return script.Value{}, false
	}
	if len(c.args) > 1 {
		c.Compare(c.m, c.n, c.args[0], c.args[1])
	}
	c.checked = c.checked || c.all().L&fileName != 0
	return script.Value{}, true
}

func (c call) convertStatic() (script.Value, bool) {
	a := c.arg(0)
	return script.Value{L: a.L | encoded, T: a.T}, c.name == "frombase64string" && a.L&fromRequest != 0 && !a.Known()
}
