package aspnet

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// reflect follows what of a class is found by name, and called later.
func (c call) reflect() (script.Value, bool) {
	class := script.Const(last(c.recv.S))
	s, known := c.arg(0).Text()
	switch name := script.Const(strings.ToLower(s)); c.name {
	case "invokemember":
		if known && len(c.args) > 4 {
			target := c.recv
			if obj := c.args[3]; obj.K == script.VObject {
				target = obj
			}
			return c.m.Host.Call(c.m, c.n, target, name.S, elements(c.args[4]))
		}
	case "getmethod":
		v := script.Instance("methodinfo", c.args...)
		v.O.Fields = map[string]script.Value{"class": class}
		if known {
			v.O.Fields["name"] = name
		}
		return v, true
	case "getmethods":
		return holding("methodinfo", "class", class), true
	case "getconstructor", "getconstructors":
		return holding("constructorinfo", "class", class), true
	case "getproperty", "getfield":
		return holding("propertyinfo", "name", name), known
	}
	return script.Value{}, false
}

// invokeMember is InvokeMember(name, flags, binder, target, args).
func (c call) invokeMember() (script.Value, bool) {
	if s, ok := c.arg(0).Text(); ok && len(c.args) > 4 {
		return c.m.Host.Call(c.m, c.n, c.args[3], strings.ToLower(s), elements(c.args[4]))
	}
	return script.Value{}, false
}

// invokesMember is invokeMember of a class that may have no object.
func (c call) invokesMember() (script.Value, bool) {
	if c.arg(3).K == script.VNull {
		return script.Value{}, false
	}
	return c.invokeMember()
}

func (c call) typeCall() (script.Value, bool) {
	a := c.arg(0)
	if _, ok := a.Text(); ok && c.name == "invokemember" && len(c.args) > 4 && c.args[3].K != script.VNull {
		return c.invokeMember()
	}
	if c.name != "getmethod" && c.name != "invokemember" && c.name != "getmethods" {
		return script.Value{}, false
	}
	v, _ := c.getMethod()
	switch list := script.Union(elements(c.arg(4))...); {
	case v.O.Fields != nil:
	case list.L&client != 0 && len(c.args) > 4 && c.args[3].K == script.VNull:
		c.hiddenCall(c.n, list)
	case a.L&c.recv.L&client != 0:
		v.O.Fields = map[string]script.Value{"asked": a}
	}
	return v, true
}

// getMethod is a method of a class that is not known, by its name.
func (c call) getMethod() (script.Value, bool) {
	v := script.Instance("methodinfo", append(c.args, c.recv)...)
	if s, ok := c.arg(0).Text(); ok {
		v.O.Fields = map[string]script.Value{"name": script.Const(strings.ToLower(s))}
	}
	return v, true
}

func (c call) propertyCall() (script.Value, bool) {
	if s, ok := c.field("name").Text(); ok && c.name == "setvalue" && len(c.args) > 1 && c.args[0].K == script.VObject {
		c.Assign(c.m, c.n, c.args[0], s, c.args[1])
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) constructorCall() (script.Value, bool) {
	if c.name != "invoke" {
		return script.Value{}, false
	}
	class, _ := c.field("class").Text()
	return c.newOr(class, elements(c.arg(len(c.args)-1)))
}

// newOr makes an object of a class, known or not.
func (c call) newOr(class string, args []script.Value) (script.Value, bool) {
	if v, ok := c.m.Host.New(c.m, c.n, class, args); ok {
		return v, true
	}
	return script.Instance(class, args...), true
}

// invoke runs a method that reflection found.
func (c call) invoke() (script.Value, bool) {
	switch c.name {
	case "invoke", "dynamicinvoke":
	case "compile", "createdelegate", "first", "firstordefault", "single", "singleordefault", "last", "lastordefault", "elementat", "where", "tolist", "toarray": // one of them
		return c.recv, true
	default:
		return script.Union(append(c.args, c.recv)...), true
	}
	var list []script.Value
	if len(c.args) > 0 {
		list = elements(c.args[len(c.args)-1])
	} else if c.recv.T != nil { // an expression's, which has its arguments
		list = []script.Value{script.Union(c.recv)}
	}
	if v, ok := c.invokes(list); ok {
		return v, true
	}
	return script.Union(append(c.args, c.recv)...), true
}

// invokes runs the method with the arguments that it gets.
func (c call) invokes(list []script.Value) (script.Value, bool) {
	method, _ := c.field("name").Text()
	class, _ := c.field("class").Text()
	u := script.Union(list...)
	switch {
	case c.field("asked").T != nil && u.L&client != 0:
		c.asksCall(u)
	case method == "getapplicationconfig" || strings.Contains(method, "machinekey"):
		return c.m.Source(c.n, secret), true
	case class == "" && method == "load" && u.L&(client|fromRemote|fromSession|blob|fromOdd) != 0,
		class == "assembly" && method == "" && u.L&(client|fromRemote|fromSession|blob) != 0: // one of all its methods
		return c.load(c.m, c.n, u, first(list), "reflection"), true
	case class == "process" && method == "" && u.L&(client|fromRemote|fromSession) != 0:
		c.exec(c.m, c.n, u, "reflection", "")
	case class == "" && method != "" && len(c.args) > 1 && c.args[0].K == script.VObject && c.args[0].S != "methodinfo":
		return c.m.Host.Call(c.m, c.n, c.args[0], method, list)
	case class != "" && method != "":
		target := script.Value{K: script.VType, S: class}
		if len(c.args) > 1 && c.args[0].K == script.VObject && c.args[0].S == class {
			target = c.args[0]
		}
		return c.m.Host.Call(c.m, c.n, target, method, list)
	}
	return script.Value{}, false
}

// asksCall is a method of a class being called, both of which the request names.
func (c call) asksCall(given script.Value) {
	c.See(c.n, given, webshell.Sight{Rule: "request-to-reflection", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
		Text: "The request names the class and the method that are called, and sends what they are given."})
}

// hiddenCall is a method of a class called through reflection, of which the
// page shows no name.
func (h *host) hiddenCall(n *script.Node, v script.Value) {
	h.See(n, v, webshell.Sight{Rule: "request-to-hidden-call", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
		Text: "Text from the request is handed to a call through reflection whose name the page hides."})
}

// ofAnyone is a call by name alone of what any object has.
func (c call) ofAnyone() (script.Value, bool) {
	return c.m.Host.Call(c.m, c.n, script.Value{}, c.name, c.args)
}

func (c call) byName() (script.Value, bool) {
	if s, ok := c.arg(1).Text(); ok && len(c.args) > 3 {
		return c.m.Host.Call(c.m, c.n, c.args[0], strings.ToLower(s), c.args[3:])
	}
	if len(c.args) > 3 && c.args[0].L&c.args[1].L&client != 0 && script.Union(c.args[3:]...).L&client != 0 {
		c.asksCall(script.Union(c.args[1:]...))
	}
	return script.Value{}, false
}

// typeNamed is the class of a full name, which an assembly's may follow.
func typeNamed(s string) script.Value {
	s, _, _ = strings.Cut(s, ",")
	return script.Value{K: script.VType, S: strings.ToLower(s)}
}

func (c call) getType() (script.Value, bool) {
	if s, ok := c.arg(0).Text(); ok && s != "" {
		return typeNamed(s), true
	}
	return script.Instance("type", append(c.args, c.recv)...), true
}

func (c call) typeStatic() (script.Value, bool) {
	s, ok := c.arg(0).Text()
	switch c.name {
	case "gettype":
		if ok {
			return typeNamed(s), true
		}
		return script.Instance("type", c.args...), true
	case "gettypefromprogid", "gettypefromclsid":
		v := script.Instance("comtype", c.arg(0))
		v.O.Fields = map[string]script.Value{"progid": c.arg(0)}
		if ok && c.name == "gettypefromclsid" {
			v.O.Fields["progid"] = script.Const(webshell.ClassID(s))
		}
		return v, true
	}
	return script.Value{}, false
}

func (c call) activatorStatic() (script.Value, bool) {
	a := c.arg(0)
	switch {
	case strings.HasPrefix(c.name, "createinstancefrom"):
		return c.load(c.m, c.n, a, a, "Activator."+c.name), true
	case c.name != "createinstance":
	case a.K == script.VType:
		return c.newOr(last(a.S), c.args[1:])
	case a.S == "comtype":
		s, _ := a.O.Field("progid").Text()
		return script.Instance(webshell.ProgID(s), a), true
	}
	return script.Value{}, false
}

func (c call) delegateStatic() (script.Value, bool) {
	return c.arg(len(c.args) - 1), c.name == "createdelegate" && len(c.args) > 1
}

// expressionStatic is a node of an expression tree: the call in it stands for the
// whole tree and for the delegate that is compiled from it.
func (c call) expressionStatic() (script.Value, bool) {
	if s, ok := c.arg(1).Text(); ok && c.name == "call" && c.args[0].K == script.VType {
		v := script.Instance("methodinfo", c.args[2:]...)
		v.O.Fields = map[string]script.Value{"class": script.Const(last(c.args[0].S)), "name": script.Const(strings.ToLower(s))}
		return v, true
	}
	for _, a := range c.args {
		if a.K == script.VObject && a.S == "methodinfo" {
			return a, true
		}
	}
	if c.name == "constant" {
		return c.arg(0), true
	}
	return c.given()
}

func (c call) assemblyCall() (script.Value, bool) {
	s, ok := c.arg(0).Text()
	ours := ok && c.recv.L&(client|fromRemote|blob) == 0 // of the framework
	switch c.name {
	case "gettype", "gettypes":
		if ours {
			return script.Value{K: script.VType, S: strings.ToLower(s)}, true
		}
		return script.Instance("type", c.recv), true
	case "createinstance":
		if ours {
			return c.newOr(last(strings.ToLower(s)), nil)
		}
		return script.Instance("loaded", c.recv), true
	}
	return script.Value{}, false
}

// assemblyStatic is a method of Assembly, AppDomain or AppDomain.CurrentDomain.
func (c call) assemblyStatic() (script.Value, bool) {
	a := c.arg(0)
	switch c.name {
	case "load", "loadfrom", "loadfile", "unsafeloadfrom", "reflectiononlyload", "executeassembly", "createinstancefrom", "createinstancefromandunwrap":
		return c.load(c.m, c.n, deep(c.args...), a, c.name), true
	case "loadwithpartialname":
		return script.Instance("assembly"), true
	case "gettype": // typeof(Uri).Assembly.GetType("System.Diagnostics.Process")
		s, ok := a.Text()
		return script.Value{K: script.VType, S: strings.ToLower(s)}, ok
	case "createdomain":
		return script.Instance("appdomain"), true
	case "setdata", "getdata":
		return c.variable()
	}
	return script.Instance("assembly"), last(c.recv.S) == "assembly" && strings.HasSuffix(c.name, "assembly")
}

func (c call) domainCall() (script.Value, bool) {
	if c.name == "load" || strings.HasPrefix(c.name, "executeassembly") || strings.HasPrefix(c.name, "createinstancefrom") {
		return c.load(c.m, c.n, deep(c.args...), c.arg(0), "AppDomain."+c.name), true
	}
	return script.Value{}, false
}

// variable is a variable of the process, by its name, set or read.
func (c call) variable() (script.Value, bool) {
	s, ok := c.arg(0).Text()
	key := "variables#" + strings.ToLower(s)
	switch {
	case !ok:
		return script.Value{}, false
	case strings.HasPrefix(c.name, "set"):
		c.m.Share(key, c.arg(1))
		return script.Value{}, true
	}
	return c.m.Shared(key)
}

func (c call) loadModule() (script.Value, bool) {
	return c.load(c.m, c.n, deep(c.args...), c.arg(1), c.name), true
}

func (c call) loadFromStream() (script.Value, bool) {
	return c.load(c.m, c.n, deep(c.args...), c.arg(0), c.name), true
}
