package aspnet

import (
	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// createObject makes an object of COM, whose class the request may name.
func (c call) createObject() (script.Value, bool) {
	a := c.arg(0)
	if s, ok := a.Text(); ok {
		return script.Instance(webshell.ProgID(s)), true
	}
	return script.Instance("", a), true
}

// getObject binds an object of COM by its moniker.
func (c call) getObject() (script.Value, bool) {
	a := c.arg(0)
	switch {
	case a.L&fromRequest != 0 && (a.Prefix() == "" || startsAs(a, "script:")):
		c.See(c.n, a, webshell.Sight{Rule: "request-to-object", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "The request names the object that is bound, which may be a script of another host."})
	case startsAs(a, "new:"):
		return script.Instance(webshell.ProgID(a.S)), true
	case startsAs(a, "winmgmts"):
		return script.Instance("wmi"), true
	case startsAs(a, "winnt:"):
		return script.Instance("winnt"), true
	}
	return script.Value{}, false
}

// shellCall is a method of Windows' shells.
func (c call) shellCall() (script.Value, bool) {
	switch c.name {
	case "run", "exec", "shellexecute", "open":
		c.exec(c.m, c.n, c.all(), c.recv.S, c.name)
		return script.Instance("process"), true
	case "regread", "regwrite", "regdelete":
		if a := c.arg(0); pure(a) {
			c.See(c.n, a, webshell.Sight{Rule: "request-to-registry", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The request names the registry key that is read or written."})
		}
	}
	return script.Value{}, false
}

// wmiCall is a method of WMI's, or of what it gives.
func (c call) wmiCall() (script.Value, bool) {
	if c.name == "create" || c.name == "exec" {
		c.exec(c.m, c.n, c.arg(0), "WMI", "")
	}
	return script.Instance("wmi"), true
}

// accountCall is a method of GetObject("WinNT://…"): accounts of this host.
func (c call) accountCall() (script.Value, bool) {
	if u := c.all(); u.L&fromRequest != 0 && (c.name == "create" || c.name == "setpassword" || c.name == "add") {
		c.See(c.n, u, webshell.Sight{Rule: "makes-accounts", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page makes or changes accounts of the server as the request says."})
	}
	return c.recv, true
}

// office runs a command, or code, by a program of Microsoft's, whatever object of it is asked.
func (c call) office() (script.Value, bool) {
	if a := c.all(); c.name == "execscript" || c.name == "addfromstring" {
		c.code(c.m, c.n, a, c.name)
	} else {
		c.exec(c.m, c.n, a, c.name, "")
	}
	return script.Value{}, true
}

// adodbConnectionCall is a method of a database's connection.
func (c call) adodbConnectionCall() (script.Value, bool) {
	switch c.name {
	case "open":
		c.recv.O.Any = script.Union(append(c.args, c.recv.O.Any)...)
	case "execute":
		c.sql(c.m, c.n, c.arg(0), c.recv)
	}
	return script.Value{}, true
}

// visualBasic is a function of Visual Basic's own for files, which are known by
// numbers once they are open.
func (c call) visualBasic() (script.Value, bool) {
	if c.m.Dialect() != script.VBNet && c.recv.K == script.VNone {
		return script.Value{}, false
	}
	a := c.arg(0)
	number, _ := a.Text()
	file := "file#" + number
	switch c.name {
	case "fileopen":
		c.m.Share(file, c.arg(1))
	case "print", "printline", "write", "writeline", "fileput", "fileputobject":
		if path, ok := c.m.Shared(file); ok && len(c.args) > 1 {
			content := c.arg(1)
			if len(c.args) > 2 {
				content = script.Union(c.args[1:]...)
			}
			c.write(c.m, c.n, path, content)
			return script.Value{}, true
		}
		return script.Value{}, false
	case "input", "inputstring", "lineinput":
		if path, ok := c.m.Shared(file); ok {
			return c.read(c.m, c.n, path), true
		}
		return script.Value{}, false
	case "dir":
		return c.lists(), true
	case "kill":
		c.act("delete", c.n, a)
	case "filecopy", "rename":
		c.moves()
	case "mkdir":
		c.act("mkdir", c.n, a)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}
