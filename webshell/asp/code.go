package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) eval() (script.Value, bool) {
	if len(c.args) == 0 {
		return script.Value{}, false
	}
	a := c.args[0]
	if callee := c.n.Kids[0]; (callee.Kind == script.KName || callee.Kind == script.KMember || callee.Kind == script.KIndex) && callee.Low != c.name && a.L == 0 && !a.Known() {
		c.See(c.n, a, webshell.Sight{Rule: "renamed-eval", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Text that is not in the file is run as code by " + c.name + " under another name."})
	}
	return c.code(c.m, c.n, a, c.m.Dialect(), c.name), true
}

// functionOf is Function of JScript, called.
func (c call) functionOf() (script.Value, bool) {
	if len(c.args) == 0 || c.m.Dialect() != script.JScript {
		return script.Value{}, false
	}
	if f, ok := c.m.NewFunction(c.args); ok {
		return f, true
	}
	return c.code(c.m, c.n, c.args[len(c.args)-1], script.JScript, c.name), true
}

func (h *host) New(m *script.Machine, n *script.Node, class string, args []script.Value) (script.Value, bool) {
	switch class {
	case "activexobject":
		return call{h, m, n, script.Value{}, class, args}.createObject()
	case "function":
		if f, ok := m.NewFunction(args); ok {
			return f, true
		}
		if len(args) > 0 {
			return h.code(m, n, args[len(args)-1], script.JScript, "Function"), true
		}
	case "enumerator", "vbarray":
		return script.Union(args...), true
	}
	return script.Value{}, false
}

func (c call) createObject() (script.Value, bool) {
	a := c.arg()
	s, ok := a.Text()
	if !ok {
		c.binds = c.binds || a.L&(hostile|fromSession) != 0
		if a.L&fromRequest != 0 {
			c.See(c.n, a, webshell.Sight{Rule: "request-to-object", Text: "The request names the object that is created."})
		}
		return script.Value{}, true
	}
	v := script.Instance(webshell.ProgID(s))
	if a.L&script.Built != 0 && dangerous(v.S) {
		c.See(c.n, a, webshell.Sight{Rule: "hidden-object", Text: "The name of the object " + s + " is put together from pieces.", Decoded: s})
	}
	return v, true
}

func dangerous(class string) bool {
	switch class {
	case "wscript.shell", "shell.application", "adodb.stream", "scripting.filesystemobject", "msscriptcontrol.scriptcontrol":
		return true
	}
	return false
}

func (c call) getObject() (script.Value, bool) {
	if len(c.args) == 0 {
		return script.Value{}, false
	}
	a := c.args[0]
	s, _ := a.Text()
	if s == "" {
		s = a.Prefix()
	}
	low := strings.ToLower(s)
	switch {
	case a.L&hostile != 0 && (a.Prefix() == "" || strings.HasPrefix(low, "script:")):
		c.See(c.n, a, webshell.Sight{Rule: "request-to-object", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "The request names the object that is bound, which may be a script of another host."})
	case strings.HasPrefix(low, "new:"):
		return script.Instance(webshell.ProgID(low)), true
	case strings.HasPrefix(low, "winmgmts"):
		return script.Instance("wmi"), true
	case strings.HasPrefix(low, "script:"):
		c.See(c.n, a, webshell.Sight{Rule: "remote-to-eval", Text: "A script is fetched and run by its moniker.", Decoded: s})
	case strings.HasPrefix(low, "iis:"):
		return script.Instance("iis"), true
	case strings.HasPrefix(low, "winnt:"):
		return script.Instance("winnt"), true
	}
	return script.Value{}, true
}

func (c call) getRef() (script.Value, bool) {
	s, ok := c.arg().Text()
	return script.Value{K: script.VType, S: strings.ToLower(s)}, ok
}

func (c call) scriptControlCall() (script.Value, bool) {
	switch c.name {
	case "addobject":
		if s, ok := c.arg().Text(); ok && len(c.args) > 1 { // code that it runs knows the object by this name
			c.m.SetGlobal(strings.ToLower(s), c.args[1])
		}
	case "addcode", "eval", "executestatement", "run":
		d := script.VBScript
		if s, ok := c.field("language").Text(); ok && strings.HasPrefix(strings.ToLower(s), "j") {
			d = script.JScript
		}
		return c.code(c.m, c.n, c.arg(), d, "ScriptControl."+c.name), true
	}
	return script.Value{}, true
}

func (c call) shellCall() (script.Value, bool) {
	switch a := c.arg(); c.name {
	case "run", "exec":
		c.exec(c.m, c.n, a, "WScript.Shell."+c.name)
		return script.Instance("exec"), true
	case "regread", "regwrite", "regdelete":
		c.registryRead()
		if pure(a) {
			c.See(c.n, a, webshell.Sight{Rule: "request-to-registry", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The request names the registry key that is read or written."})
		}
		return script.Value{}, true
	}
	return script.Value{}, false
}

// execMember is a member of a program that runs.
func (c call) execMember() (script.Value, bool) {
	if c.name == "stdin" {
		return script.Instance(c.name), true
	}
	return script.Value{}, true
}

func (c call) stdinCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "write") {
		c.exec(c.m, c.n, c.arg(), "WScript.Shell (standard input)")
	}
	return script.Value{}, true
}

// executorCall is a method of components that were sold to run programs, or
// PowerShell, for pages.
func (c call) executorCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "exec") || c.name == "eval" {
		c.exec(c.m, c.n, script.Union(c.all(), c.field("application"), c.field("parameters")), "a component's "+c.name)
	}
	return script.Value{}, true
}

func (c call) applicationCall() (script.Value, bool) {
	switch c.name {
	case "shellexecute", "open":
		c.exec(c.m, c.n, c.all(), "Shell.Application."+c.name)
		return script.Value{}, true
	case "namespace":
		c.act(c.m, c.n, "list", c.arg())
		return at("folder", c.arg())
	}
	return script.Value{}, false
}

func (c call) locatorCall() (script.Value, bool) { return script.Instance("wmi"), true }

func (c call) wmiCall() (script.Value, bool) {
	if c.name == "create" || c.name == "exec" {
		c.exec(c.m, c.n, c.arg(), "WMI")
		return script.Value{}, true
	}
	return c.recv, true
}

// office runs a command, or code, by a program of Microsoft's, whatever object of it is asked.
func (c call) office() (script.Value, bool) {
	if a := c.all(); c.name == "execscript" || c.name == "addfromstring" {
		c.code(c.m, c.n, a, script.VBScript, c.name)
	} else {
		c.exec(c.m, c.n, a, c.name)
	}
	return script.Value{}, true
}

// accountCall is a method of GetObject("WinNT://…"): accounts of this host.
func (c call) accountCall() (script.Value, bool) {
	if c.name == "create" || c.name == "setpassword" || c.name == "add" {
		s := webshell.Sight{Rule: "makes-accounts", Text: "The page changes accounts of the server."}
		if c.all().L&fromRequest != 0 {
			s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
			s.Text = "The page makes or changes accounts of the server as the request says."
		}
		c.See(c.n, c.all(), s)
	}
	return c.recv, true
}
