package aspnet

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// statement is the start of SQL, whatever class sends it.
var statement = regexp.MustCompile(`(?i)^\s*(?:select\s.*\sfrom|insert\s+into|delete\s+from|update\s+\w+\s+set)\s`)

// putsPassword puts something in the place of a connection's password.
var putsPassword = regexp.MustCompile(`(?i)\b(?:pass|password|pwd)\s*=\s*'?"\s*[&+]`)

func (c call) newConnection() (script.Value, bool) {
	v := script.Instance(c.name)
	v.O.Any = c.all()
	if c.m.Looping() && v.O.Any.L&(client|fromFile) != 0 && putsPassword.MatchString(c.m.Place(c.n).Code) {
		c.See(c.n, v.O.Any, webshell.Sight{Rule: "guesses-passwords", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page logs in to a database again and again, with one password after the other."})
	}
	return v, true
}

func (c call) connectionCall() (script.Value, bool) {
	if c.name == "createcommand" {
		return holding("sqlcommand", "connection", c.recv), true
	}
	return script.Value{}, true
}

func (c call) newCommand() (script.Value, bool) {
	c.sql(c.m, c.n, c.arg(0), c.arg(1))
	v := holding(c.name, "connection", c.arg(1))
	v.O.Fields["commandtext"] = c.arg(0)
	return v, true
}

// commandCall is a method of a statement, or of its parameters.
func (c call) commandCall() (script.Value, bool) {
	switch {
	case c.name == "add" || c.name == "addwithvalue":
		c.recv.O.Any = script.Union(c.recv.O.Any, deep(c.args...))
	case strings.HasPrefix(c.name, "execute"):
		if given := c.recv.O.Any; given.L&client != 0 && given.L&script.Numeric == 0 && runsCommands(c.field("commandtext")) {
			c.databaseCommand(c.n, given)
		}
	}
	if c.name == "executereader" {
		return script.Instance("sqldatareader"), true
	}
	return script.Value{}, true
}

func (c call) newDocument() (script.Value, bool) {
	if ofIIS(c.arg(0)) {
		return script.Instance(c.name, c.m.Source(c.n, fromFile|setting)), true
	}
	return script.Value{}, false
}

func (c call) documentCall() (script.Value, bool) {
	switch {
	case c.name == "load" && ofIIS(c.arg(0)):
		c.recv.O.Any = script.Union(c.recv.O.Any, c.m.Source(c.n, fromFile|setting))
	case c.name == "loadxml":
		c.recv.O.Any = script.Union(c.recv.O.Any, c.arg(0))
	case c.name == "save":
		c.write(c.m, c.n, c.arg(0), deep(c.recv))
	case strings.HasPrefix(c.name, "transformnode"): // of COM's, whose style sheets may hold code
		c.code(c.m, c.n, deep(c.arg(0)), "XSLT")
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

func (c call) documentStatic() (script.Value, bool) {
	if ofIIS(c.arg(0)) {
		return c.m.Source(c.n, fromFile|setting), true
	}
	if c.name == "parse" {
		return script.Instance("xmldocument", c.arg(0)), true
	}
	return script.Value{}, false
}

// attribute is an attribute or element of XML, by a name or path.
func (c call) attribute() (script.Value, bool) {
	s, _ := c.arg(0).Text()
	s = strings.ToLower(s)
	if strings.Contains(s, "machinekey") || strings.Contains(s, "password") && deep(c.recv).L&setting != 0 {
		return c.m.Source(c.n, secret), true
	}
	return script.Value{}, false
}

// section is a section of the site's configuration.
func (c call) section() (script.Value, bool) {
	if s, ok := c.arg(0).Text(); ok && strings.Contains(strings.ToLower(s), "machinekey") {
		return c.m.Source(c.n, secret), true
	}
	return script.Value{}, false
}

func (c call) configurationStatic() (script.Value, bool) {
	switch c.name {
	case "getsection", "getwebapplicationsection":
		v, _ := c.section()
		return v, true
	case "openwebconfiguration":
		return script.Instance("configuration", c.args...), true
	}
	return script.Value{}, true
}

func (c call) registryCall() (script.Value, bool) {
	if u := c.all(); u.L&client != 0 {
		c.See(c.n, u, webshell.Sight{Rule: "request-to-registry", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence, Text: "The request names the registry key that is read or written."})
	}
	return script.Instance("registry", c.args...), true
}

func (c call) newGUID() (script.Value, bool) { return c.arg(0), c.arg(0).Known() }
