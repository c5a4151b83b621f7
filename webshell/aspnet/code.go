package aspnet

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// misplaced tells JScript's eval and VBScript's Execute of what a request holds,
// in a page of another language, from Eval of data binding.
func (c call) misplaced() bool {
	if a := c.arg(0); a.L&client == 0 || a.L&script.Mixed != 0 {
		return false
	}
	how, _ := c.arg(1).Text()
	return c.name != "eval" || how == "unsafe" || len(c.n.Kids) > 0 && c.n.Kids[0] != nil && c.n.Kids[0].Name == "eval"
}

// eval is a call of eval, Execute or ExecuteGlobal.
func (c call) eval() (script.Value, bool) {
	a := c.arg(0)
	if (c.m.Dialect() == script.JScript || c.m.Dialect() == script.VBScript) && len(c.args) > 0 {
		if s, ok := c.arg(1).Text(); ok && s == "unsafe" && a.L == 0 && !a.Known() {
			c.See(c.n, a, webshell.Sight{Rule: "unsafe-eval", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
				Text: "Text that is not in the file is run as code, with the switch that lifts all limits."})
		}
		return c.code(c.m, c.n, a, c.name), true
	}
	if c.misplaced() {
		c.See(c.n, a, webshell.Sight{Rule: "request-to-eval", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "Text from the request is handed to " + c.name + ". It runs where the page's language is JScript; here it was put into a page that its writer knew little of."})
	}
	return script.Value{}, c.name == "eval" // data binding
}

// charCast is a cast of JScript's.
func (c call) charCast() (script.Value, bool) {
	if r, ok := c.arg(0).Number(); ok && c.m.Dialect() == script.JScript && r >= 0 && r < 1<<16 {
		return script.Value{K: script.VString, S: string(rune(r)), L: script.Built}, true
	}
	return script.Value{}, false
}

// functionOf is Function of JScript, by whatever name it is called.
func (c call) functionOf() (script.Value, bool) {
	if len(c.args) == 0 || c.m.Dialect() != script.JScript {
		return script.Value{}, false
	}
	if f, ok := c.m.NewFunction(c.args); ok {
		return f, true
	}
	return c.code(c.m, c.n, c.args[len(c.args)-1], "Function"), true
}

func (c call) parseControl() (script.Value, bool) {
	if c.arg(0).L&client != 0 {
		c.code(c.m, c.n, c.arg(0), "ParseControl")
	}
	return script.Value{}, true
}

func (c call) jscriptStatic() (script.Value, bool) {
	if strings.HasPrefix(c.name, "jscriptevaluate") || c.name == "eval" {
		c.code(c.m, c.n, c.arg(0), "JScriptEvaluate")
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) roslynStatic() (script.Value, bool) {
	c.code(c.m, c.n, c.arg(0), last(c.recv.S)+"."+c.name)
	return script.Value{}, true
}

// engineCall runs code by an engine of IronPython or ClearScript.
func (c call) engineCall() (script.Value, bool) {
	return c.code(c.m, c.n, script.Union(c.args...), c.recv.S), true
}

func (c call) syntaxStatic() (script.Value, bool) {
	if strings.HasPrefix(c.name, "parse") {
		return c.roslynStatic()
	}
	return script.Value{}, false
}

func (c call) scriptControlCall() (script.Value, bool) {
	if c.name != "addcode" && c.name != "eval" && c.name != "executestatement" {
		return script.Value{}, false
	}
	if s, ok := c.arg(0).Text(); ok {
		c.m.RunText(s, script.VBScript)
		return script.Value{}, true
	}
	return c.code(c.m, c.n, c.arg(0), "ScriptControl"), true
}

func (c call) addCode() (script.Value, bool) {
	if u := c.all(); u.L&client != 0 {
		c.code(c.m, c.n, u, c.name)
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) compilerCall() (script.Value, bool) {
	switch c.name {
	case "createcompiler":
		return script.Instance("codedomprovider"), true
	case "compileassemblyfromsource", "compileassemblyfromfile", "compileassemblyfromdom", "compileassemblyfromsourcebatch":
		return c.compile()
	}
	return script.Value{}, false
}

// compile compiles all but the first argument.
func (c call) compile() (script.Value, bool) {
	c.code(c.m, c.n, script.Union(c.args[min(1, len(c.args)):]...), "CodeDom")
	return script.Instance("assembly", c.args...), true
}

func (c call) methodBody() (script.Value, bool) {
	if u := c.all(); u.L&client != 0 {
		c.See(c.n, u, webshell.Sight{Rule: "request-to-assembly", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
			Text: "Compiled code from the request becomes a method (" + c.name + ")."})
	}
	return script.Value{}, false
}

func (c call) emit() (script.Value, bool) {
	for _, a := range c.args {
		if class, _ := a.O.Field("class").Text(); a.S == "methodinfo" && (class == "process" || class == "assembly") {
			c.See(c.n, a, webshell.Sight{Rule: "emits-call", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page puts together machine code that calls " + class + "."})
		}
	}
	return script.Value{}, false
}

// transformCall is a method of a style sheet of XSLT, which may hold code.
func (c call) transformCall() (script.Value, bool) {
	switch c.name {
	case "load":
		if s := deep(c.args...); s.L&(client|fromRemote) != 0 && (len(c.args) > 1 || c.recv.S == "xsltransform") {
			c.code(c.m, c.n, s, "XSLT")
		}
		return script.Value{}, true
	case "transform":
		return c.given()
	}
	return script.Value{}, false
}

func (c call) xamlStatic() (script.Value, bool) {
	c.deserialize(c.m, c.n, c.arg(0), last(c.recv.S)+"."+c.name)
	return script.Value{}, true
}

func (c call) jsonStatic() (script.Value, bool) {
	if o := c.arg(1); o.O != nil && strings.HasPrefix(c.name, "deserialize") {
		if how := o.O.Fields["typenamehandling"]; how.K == script.VType && !strings.HasSuffix(how.S, ".none") {
			c.deserialize(c.m, c.n, c.arg(0), "Json.NET with type names")
		}
	}
	return script.Value{}, false
}

// newSerializer notes whether what is read may say of which type it is.
func (c call) newSerializer() (script.Value, bool) {
	v, _ := c.withArgs()
	if a := c.arg(0); a.K == script.VObject && strings.HasSuffix(a.S, "typeresolver") {
		v.O.Fields = map[string]script.Value{"types": a}
	}
	return v, true
}

// newResources reads resources, which may be objects of any type. A path is that of
// a file of the site, as editors of resources name it.
func (c call) newResources() (script.Value, bool) {
	if a := c.arg(0); a.K == script.VObject {
		c.deserialize(c.m, c.n, deep(a), c.name)
	}
	return c.withArgs()
}

// serializerCall is a method of a serializer that rebuilds objects of one type.
func (c call) serializerCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "deserialize") && c.field("types").K == script.VObject {
		c.deserialize(c.m, c.n, c.all(), "JavaScriptSerializer with type names")
	}
	if c.recv.L&client != 0 && (strings.HasPrefix(c.name, "deserialize") || c.name == "readobject") {
		c.deserialize(c.m, c.n, script.Union(c.recv, c.all()), c.recv.S+" of a type that the request names")
	}
	return c.given()
}

// formatterCall is a method of a formatter that rebuilds objects of any type.
func (c call) formatterCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "deserialize") || strings.HasPrefix(c.name, "unsafedeserialize") || c.name == "readobject" {
		c.deserialize(c.m, c.n, c.all(), c.recv.S)
		return c.given()
	}
	return script.Value{}, false
}

// ciphers is a cipher: the data stays what it was.
func (c call) ciphers() (script.Value, bool) {
	v := script.Union(append(c.args, c.recv)...)
	if c.name == "createencryptor" {
		v.L |= ciphered
	}
	return v, true
}

func (c call) ofName() (script.Value, bool) { return script.Instance(c.name), true }
