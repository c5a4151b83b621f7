package jsp

import (
	"strings"

	"limier/internal/script"
	"limier/webshell"
)

// A call is a method being called.
type call struct {
	*walker
	recv   value
	holder varKey // the variable that recv came from
	class  string // of recv, by its simple name
	name   string // of the method; of the class, where an object is made
	args   []value
	at     int32
}

func (c call) arg(i int) value { return arg(c.args, i) }

// A meaning says what a call does and gives; where it returns false, others may.
type meaning func(call) (value, bool)

// an is an object of a class, from wherever the call is made.
func an(class string) meaning {
	return func(call) (value, bool) { return value{typ: class}, true }
}

// by is the call as a table says it.
func (c call) by(table map[string]meaning) (value, bool) {
	if f := table[c.name]; f != nil {
		return f(c)
	}
	return value{}, false
}

// inputs are methods by which data or the objects that give it come in.
var inputs = script.Table(map[string]meaning{
	"getParameter getParameterValues getParameterMap getQueryString getParameterNames":                                               call.parameter,
	"getHeader getHeaders getHeaderNames getCookies getPathInfo getRequestURI getRequestURL getPathTranslated getRequestedSessionId": call.headerOf,
	"getInputStream getReader": call.stream,
	"getPart getParts parseRequest getItemIterator getFile getFiles getFileMap": call.part,
	"openStream getContent":                 call.opened,
	"setProperty getProperty":               call.property,
	"getAttribute getValue":                 call.attributeOf,
	"setAttribute putValue":                 call.setAttribute,
	"findAttribute":                         call.findAttribute,
	"getRealPath":                           call.realPath,
	"lookup publicLookup privateLookupIn":   call.handles,
	"getRequest":                            an("Request"),
	"getSession":                            an("HttpSession"),
	"getServletContext":                     an("ServletContext"),
	"getResponse":                           an("Response"),
	"getRuntime getruntime":                 an("Runtime"),
	"getOutputStream getWriter":             call.out,
	"getExpressionFactory":                  an("ExpressionFactory"),
	"getExpressionEvaluator":                an("ExpressionEvaluator"),
	"enter enterContext":                    call.sameClass, // of Rhino
	"openConnection":                        call.openConnection,
	"setRequestProperty addRequestProperty": call.requestProperty,
	"getEngineByName getEngineByExtension getEngineByMimeType getScriptEngine": an("ScriptEngine"),
})

func (c call) isRequest() bool { return strings.HasSuffix(c.class, "Request") }

// isUnknown reports whether nothing is known of the object whose method is called.
func (c call) isUnknown() bool { return c.class == "" || c.recv.name != "" && c.recv.typ == "" }

func (c call) parameter() (value, bool) {
	if !c.isRequest() && !c.isUnknown() && c.class != "this" && c.class != "Object" {
		return value{}, false
	}
	c.facts.reads = true
	out := value{taint: fromRequest, origin: c.at, typ: "String"}
	if a := c.arg(0); a.known() && (webshell.PasswordField(a.s) || a.s == "j_password") {
		out.taint |= password
	}
	return out, true
}

func (c call) headerOf() (value, bool) {
	if !c.isRequest() && (!c.isUnknown() || c.name == "getHeader") {
		return value{}, false
	}
	c.facts.reads = true
	out := value{taint: fromRequest, origin: c.at}
	if c.name == "getHeaderNames" || c.name == "getHeader" && !strings.EqualFold(c.arg(0).s, "referer") {
		out.taint |= header
	}
	return out, true
}

func (c call) stream() (value, bool) {
	switch {
	case c.isRequest():
		c.facts.reads = true
		return value{taint: fromBody, origin: c.at, typ: "BodyStream"}, true
	case c.class == "Process":
		c.facts.processOutput = true
		return value{typ: "ProcessStream"}, true
	case strings.HasSuffix(c.class, "Connection") || c.class == "URL" || c.class == "Socket":
		return c.opened()
	}
	return value{}, false
}

// sameClass is a static method that gives an object of its class.
func (c call) sameClass() (value, bool) { return value{typ: c.class}, c.class == "Context" }

// opened is what another host sends.
func (c call) opened() (value, bool) {
	return value{taint: c.recv.taint | fromNet, origin: max(c.recv.origin, c.at), typ: "NetStream"}, true
}

func (c call) part() (value, bool) {
	if strings.HasPrefix(c.name, "getFile") && !c.isRequest() && !strings.Contains(c.class, "Multi") {
		return value{}, false
	}
	c.facts.reads = true
	return value{taint: fromUpload, origin: c.at}, true
}

func (c call) property() (value, bool) {
	if c.class != "System" || !c.arg(0).known() {
		return value{}, false
	}
	key := varKey{0, "@system." + c.args[0].s}
	if c.name == "setProperty" && len(c.args) > 1 {
		c.assign(key, c.args[1])
		return value{}, true
	}
	v, ok := c.vars[key]
	return v, ok
}

// attribute is the variable that stands for an attribute of the session, the
// application, the request or the page.
func (c call) attribute() (varKey, bool) {
	switch c.class {
	case "HttpSession", "ServletContext", "PageContext", "Request":
		if c.arg(0).known() {
			return varKey{0, "@" + c.args[0].s}, true
		}
		return varKey{0, "@"}, len(c.args) > 0
	}
	return varKey{}, false
}

func (c call) attributeOf() (value, bool) {
	key, ok := c.attribute()
	if !ok {
		return value{}, false
	}
	if v, ok := c.vars[key]; ok {
		v.taint |= fromStore
		return v, true
	}
	return value{taint: fromStore, origin: c.at}, true
}

func (c call) findAttribute() (value, bool) {
	if c.class == "PageContext" {
		return c.attributeOf()
	}
	return value{}, false
}

func (c call) setAttribute() (value, bool) {
	if key, ok := c.attribute(); ok && len(c.args) > 1 {
		c.assign(key, c.args[1])
		return value{}, true
	}
	return value{}, false
}

// realPath is a folder that is given, with the name as it is.
func (c call) realPath() (value, bool) {
	out := c.arg(0)
	out.typ = "String"
	return out, true
}

func (c call) handles() (value, bool) {
	return value{typ: "Lookup"}, c.class == "MethodHandles"
}

func (c call) out() (value, bool) {
	switch c.class {
	case "Response", "HttpServletResponse", "ServletResponse":
		return value{typ: "JspWriter"}, true
	case "Process", "Socket":
		return value{typ: c.class + "Out", taint: c.recv.taint, s: c.recv.s, isStr: c.recv.isStr, lead: c.recv.lead}, true
	}
	return value{}, false
}

func (c call) openConnection() (value, bool) {
	if c.recv.taint&controlled != 0 {
		c.facts.sink(sinkURL, c.at, c.recv)
	}
	return value{typ: "URLConnection", taint: c.recv.taint, origin: c.recv.origin}, true
}

func (c call) requestProperty() (value, bool) {
	if a := c.arg(0); c.recv.taint&controlled != 0 && a.taint&controlled != 0 && a.taint&header == 0 { // proxies pass on the names they were sent
		c.facts.sink(sinkURL, c.at, c.recv).name = c.name
	}
	return value{}, true
}
