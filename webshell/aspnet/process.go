package aspnet

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// line is the command line of a program and its arguments, if they are known.
func line(m *script.Machine, args []script.Value) script.Value {
	if s, ok := nth(args, 1).Text(); ok && len(args) == 2 && s != "" {
		return m.Concat(args[0], script.Const(" "), args[1])
	}
	if len(args) == 1 {
		return args[0]
	}
	return script.Union(args...)
}

// withFields adds what a ProcessStartInfo was given to what is passed.
func withFields(args []script.Value) []script.Value {
	out := append([]script.Value(nil), args...)
	for _, a := range args {
		if a.O != nil && a.O.Fields != nil {
			out = append(out, a.O.Fields["filename"], a.O.Fields["arguments"])
		}
	}
	return out
}

func (c call) newStartInfo() (script.Value, bool) {
	if len(c.args) > 0 {
		c.exec(c.m, c.n, line(c.m, c.args), "ProcessStartInfo", "")
	}
	return c.withArgs()
}

func (c call) processStatic() (script.Value, bool) {
	switch c.name {
	case "start":
		v := script.Union(withFields(c.args)...)
		if l := line(c.m, c.args); len(c.args) < 3 && l.K == script.VString {
			v = l
		}
		c.exec(c.m, c.n, v, "Process.Start", "")
		return script.Instance("process"), true
	case "getprocesses", "getprocessbyid", "getprocessesbyname":
		c.guard(c.n, c.arg(0))
		c.act("processes", c.n, c.arg(0))
		v := script.Instance("process", c.args...)
		v.L, v.T = v.L|running, c.m.Source(c.n, running).T
		return v, true
	}
	return script.Value{}, false
}

func (c call) processCall() (script.Value, bool) {
	if c.name == "kill" && c.recv.L&client != 0 {
		c.See(c.n, c.recv, webshell.Sight{Rule: "kills-processes", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page ends the process that the request names."})
	}
	if c.name == "start" && len(c.args) > 0 { // Visual Basic calls it on an object, too
		return c.processStatic()
	}
	return script.Value{}, c.name == "start" || c.name == "kill" || c.name == "waitforexit"
}

func (c call) processMember() (script.Value, bool) {
	switch c.name {
	case "startinfo":
		return script.Instance("processstartinfo"), true
	case "standardinput", "stdin": // the latter of COM's
		return script.Instance("stdin"), true
	case "standardoutput", "standarderror":
		return script.Instance("stdout"), true
	}
	return script.Value{}, true
}

func (c call) stdinCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "write") {
		c.exec(c.m, c.n, c.arg(0), "Process", "standard input")
	}
	return script.Value{}, true
}

// shell is Visual Basic's.
func (c call) shell() (script.Value, bool) {
	if c.m.Dialect() != script.VBNet {
		return script.Value{}, false
	}
	c.exec(c.m, c.n, c.arg(0), "Shell", "")
	return script.Value{}, true
}

func (c call) interactionStatic() (script.Value, bool) {
	switch c.name {
	case "shell":
		c.exec(c.m, c.n, c.arg(0), "Shell", "")
		return script.Value{}, true
	case "createobject":
		return c.createObject()
	case "callbyname":
		return c.byName()
	case "getobject":
		return c.getObject()
	}
	return c.visualBasic()
}

func (c call) shellExecute() (script.Value, bool) {
	c.exec(c.m, c.n, c.all(), "ShellExecute", "")
	return script.Value{}, true
}

// system is a function of Windows, or of its C library, that runs a program.
func (c call) system() (script.Value, bool) {
	c.exec(c.m, c.n, c.all(), c.name, "")
	return script.Value{}, true
}

// address is that of a function of the system, by its name.
func (c call) address() (script.Value, bool) {
	if s, ok := c.arg(len(c.args) - 1).Text(); ok {
		c.imported(s, c.n)
	}
	return script.Value{}, true
}

func (c call) marshalStatic() (script.Value, bool) {
	u := c.all()
	runs := c.isImported("virtualalloc") || c.isImported("virtualprotect")
	switch c.name {
	case "getdelegateforfunctionpointer":
		c.jumps = c.n
		runs = true
	case "copy", "writebyte":
		if len(c.n.Kids) > 3 { // to memory
			c.m.Taint(c.n.Kids[3], c.arg(0))
		}
	default:
		return script.Value{}, false
	}
	if u.L&client != 0 && runs {
		c.See(c.n, u, webshell.Sight{Rule: "request-to-memory", Verdict: webshell.Webshell, Sure: finding.HighConfidence, Text: "Bytes from the request are placed in executable memory."})
	}
	return script.Value{}, true
}

// addArgument adds to the list of a program's arguments.
func (c call) addArgument() (script.Value, bool) {
	c.exec(c.m, c.n, c.arg(0), "Process", "arguments")
	return script.Value{}, true
}

func (c call) powershellStatic() (script.Value, bool) {
	if last(c.recv.S) == "scriptblock" && c.name == "create" {
		c.exec(c.m, c.n, c.arg(0), "PowerShell", "script block")
	}
	return script.Instance(last(c.recv.S)), true
}

func (c call) powershellCall() (script.Value, bool) {
	switch c.name {
	case "invoke":
		if c.recv.S == "runspaceinvoke" {
			c.exec(c.m, c.n, c.arg(0), "PowerShell", c.name)
		}
	case "addscript", "addcommand", "createpipeline", "createnestedpipeline", "add":
		c.exec(c.m, c.n, c.arg(0), "PowerShell", c.name)
	}
	return script.Instance("powershell"), true
}

// managementCall is a method of WMI's.
func (c call) managementCall() (script.Value, bool) {
	switch c.name {
	case "invokemethod":
		if s, ok := c.arg(0).Text(); !ok || strings.EqualFold(s, "create") {
			c.exec(c.m, c.n, deep(append(c.args, c.recv)...), "WMI", c.name)
		}
		return script.Value{}, true
	case "getmethodparameters":
		return script.Instance("managementbaseobject"), true
	}
	return script.Value{}, false
}

func (c call) newManagementSearcher() (script.Value, bool) {
	query, scope := c.arg(0), script.Value{}
	if len(c.args) > 1 {
		query, scope = c.args[1], query
	}
	c.wholeQuery(c.n, query, scope, "request-to-wmi", "The request sends a whole query that Windows answers about the system (WMI).")
	return c.withArgs()
}
