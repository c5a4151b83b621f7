package asp

import (
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// seeTool notes what only a tool of intruders does.
func (h *host) seeTool(n *script.Node, v script.Value, rule, text string) {
	h.See(n, v, webshell.Sight{Rule: rule, Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: text})
}

// iisCall is a method of GetObject("IIS://…"), IIS's own configuration.
func (c call) iisCall() (script.Value, bool) {
	if s, ok := c.arg().Text(); ok && (c.name == "get" || c.name == "getex") {
		return call{c.host, c.m, c.n, c.recv, strings.ToLower(s), nil}.iisMember()
	}
	return c.itself()
}

// iisMember is a property: only IIS itself has a use for the passwords of the
// accounts under which sites run.
func (c call) iisMember() (script.Value, bool) {
	if c.name == "anonymoususerpass" || c.name == "wamuserpass" {
		c.seeTool(c.n, c.recv, "reads-iis-metabase", "The page reads the passwords of the accounts under which IIS runs sites.")
	}
	return c.itself()
}

var (
	// putsPassword puts something in the place of a connection's password.
	putsPassword = regexp.MustCompile(`(?i)\b(?:pass|password|pwd)\s*=\s*['"]+\s*[&+]|\breplace\s*\([^,]*,\s*"[^"]*(?:pass|pwd)[^"]*"`)
	// namesPort puts a port behind a host's name.
	namesPort = regexp.MustCompile(`["']\s*[:,]\s*["']\s*[&+]\s*\w`)
	// untilOther ends a loop with the first answer that lacks a text.
	untilOther = regexp.MustCompile(`(?is)\binstr\s*\([^\n]{1,100}\)\s*(?:<\s*1|<?=\s*0)\s+then\b.{0,300}?\b(?:exit\s+(?:for|do)|response\.end)\b`)
)

// maxWay is how many steps of a value's way are looked at.
const maxWay = 7

// written reports whether the code at n, or on the way of v, looks so.
func (h *host) written(n *script.Node, v script.Value, pattern *regexp.Regexp) bool {
	return pattern.MatchString(h.Machine.Place(n).Code) ||
		slices.ContainsFunc(h.Machine.Places(v.T, maxWay), func(p script.Place) bool { return pattern.MatchString(p.Code) })
}

// logsIn is a connection to a database being opened, again and again.
func (h *host) logsIn(n *script.Node, v script.Value) {
	if !h.Machine.Looping() || v.L&(fromRequest|fromFile) == 0 {
		return
	}
	switch {
	case h.written(n, v, putsPassword):
		h.seeTool(n, v, "guesses-passwords", "The page logs in to a database again and again, with one password after the other.")
	case v.L&fromRequest != 0 && strings.Contains(strings.ToLower(h.page.Text), "(connect())"):
		h.seeTool(n, v, "scans-ports", "The page tells by the errors of a database's driver which ports are open on hosts that the request names.")
	}
}

// queriesOthers is a statement that has the database log in elsewhere.
func (h *host) queriesOthers(n *script.Node, v script.Value) {
	low := strings.ToLower(v.Prefix())
	if h.Machine.Looping() && v.L&(fromRequest|fromFile) != 0 && (strings.Contains(low, "openrowset") || strings.Contains(low, "opendatasource")) {
		h.seeTool(n, v, "guesses-passwords", "The page has the database log in to others, again and again, with what the request or a file holds.")
	}
}

// tries is a form being sent to another server, again and again.
func (c call) tries(form script.Value) {
	if c.m.Looping() && form.L&(fromRequest|fromFile) != 0 && form.Prefix() != "" && len(c.page.Includes) == 0 && untilOther.MatchString(c.page.Text) {
		c.seeTool(c.n, form, "guesses-passwords", "The page sends a form with one text after the other, until the answer is another: it guesses passwords.")
	}
}

// probes is a port of a host being asked, again and again.
func (c call) probes(url script.Value) {
	if p := url.Prefix(); c.m.Looping() && url.L&fromRequest != 0 && (p == "http://" || p == "https://") && c.written(c.n, url, namesPort) {
		c.seeTool(c.n, url, "scans-ports", "The page asks one port after the other of hosts that the request names.")
	}
}

// leadsBack is a page of any server that the request names, being sent with links
// that lead back to the page that asked for it.
func (h *host) leadsBack(n *script.Node, v script.Value) {
	if v.L&anyHost != 0 && v.L&info != 0 {
		h.seeTool(n, v, "open-proxy", "The page shows what any server answers that the request names, with links that lead through itself: whoever knows of it hides behind this server.")
	}
}

// namesHost reports whether the request names the host of an address.
func namesHost(url script.Value) bool {
	p := url.Prefix()
	return url.L&fromRequest != 0 && url.L&script.Numeric == 0 && (p == "" || p == "http://" || p == "https://")
}

// remoteControl are keys of the registry in which programs for remote control
// keep their passwords.
var remoteControl = regexp.MustCompile(`(?i)\\(?:winvnc\d?|winvnc4|realvnc|tightvnc|ultravnc|radmin|pcanywhere|teamviewer)\b.*\\(?:password\w*|parameter|securitypasswordaes)$|\\winlogon\\defaultpassword$`)

// registryRead is a value of the registry being read.
func (c call) registryRead() {
	if s, ok := c.arg().Text(); ok && remoteControl.MatchString(s) {
		c.seeTool(c.n, c.arg(), "reads-passwords", "The page reads a password that a program for remote control keeps in the registry.")
	}
}
