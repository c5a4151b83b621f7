package aspnet

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// received taints the buffer into which a call puts what it receives, also
// behind new ArraySegment<byte>(buffer).
func (c call) received(from script.Label) {
	if len(c.n.Kids) < 2 {
		return
	}
	buffer := c.n.Kids[1]
	if buffer.Kind == script.KNew && len(buffer.Kids) > 1 {
		buffer = buffer.Kids[1]
	}
	c.m.Taint(buffer, c.m.Source(c.n, from))
}

func (c call) newSocket() (script.Value, bool) {
	if u := c.all(); u.L&client != 0 {
		c.socket(c.n, u)
	}
	for _, a := range c.args {
		if a.K == script.VType && strings.HasSuffix(a.S, "sockettype.raw") {
			c.See(c.n, a, webshell.Sight{Rule: "raw-socket", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens a raw socket, as sniffers and scanners do."})
		}
	}
	return c.ofName()
}

func (c call) socketCall() (script.Value, bool) {
	fromClient := c.all().L&client != 0
	switch c.name {
	case "connect", "beginconnect", "connectasync":
		if fromClient {
			c.socket(c.n, c.all())
		}
	case "getstream":
		return c.source(c.m, c.n, fromRemote, "networkstream"), true
	case "send":
		if fromClient {
			c.sockets++
		}
	case "receive", "receiveasync":
		c.received(fromRemote)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

// connects is a call named Connect, in a page that has to do with sockets.
func (c call) connects() (script.Value, bool) {
	if u := c.all(); u.L&client != 0 && len(c.args) <= 2 && c.recv.K == script.VUnknown && c.recv.T == nil && strings.Contains(c.page.Text, "Socket") {
		c.socket(c.n, u)
	}
	return script.Value{}, false
}

func (c call) streamCall() (script.Value, bool) {
	if strings.HasPrefix(c.name, "read") {
		if len(c.args) > 1 {
			c.received(fromRemote)
		}
		return c.m.Source(c.n, fromRemote), true
	}
	if c.name == "write" && c.all().L&client != 0 {
		c.sockets++
	}
	return script.Value{}, true
}

// renderer is a service that search engines are sent to for pages that only
// scripts show.
const renderer = "https://service.prerender.io/"

func (c call) webClientCall() (script.Value, bool) {
	a := c.arg(0)
	if strings.HasPrefix(c.name, "upload") || strings.HasPrefix(c.name, "post") || strings.HasPrefix(c.name, "download") || strings.HasPrefix(c.name, "get") {
		if all := c.all(); all.L&(typed|password) != 0 && (len(c.args) > 1 || all.L&script.Mixed != 0) && startsAs(a, "http") {
			c.told = c.n
		}
		c.asked(c.n, a)
		c.mailbox(c.n, a, c.arg(1))
	}
	if startsAs(a, renderer) {
		return script.Value{}, true // the site itself, as its scripts show it
	}
	switch c.name {
	case "downloadstring", "downloaddata", "openread", "uploadstring", "uploaddata", "getstringasync", "getbytearrayasync", "getasync":
		return c.m.Source(c.n, fromRemote), true
	case "downloadfile":
		c.write(c.m, c.n, c.arg(1), c.m.Source(c.n, fromRemote))
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) webRequestStatic() (script.Value, bool) {
	c.asked(c.n, c.arg(0))
	return script.Instance("httpwebrequest", c.args...), true
}

func (c call) webRequestCall() (script.Value, bool) {
	switch c.name {
	case "getresponse":
		return script.Instance("httpwebresponse"), true
	case "getrequeststream":
		return script.Instance("networkstream"), true
	}
	return script.Value{}, false
}

func (c call) xmlHTTPMember() (script.Value, bool) {
	return c.m.Source(c.n, fromRemote), strings.HasPrefix(c.name, "response")
}

func (c call) dnsStatic() (script.Value, bool) {
	if u := c.all(); u.L&anyFile != 0 {
		c.See(c.n, u, webshell.Sight{Rule: "file-to-dns", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The content of a file that the client names leaves the server as names that are looked up."})
	}
	return c.given()
}

// asked is a server at address url being asked.
func (h *host) asked(n *script.Node, url script.Value) {
	if url.L&(encoded|fromHeader) != 0 && pure(url) { // map servers' proxies are sent it in plain, in the query
		h.onward = n
	}
	if p := url.Prefix(); url.L&client != 0 && url.L&script.Numeric == 0 && (p == "" || p == "http://" || p == "https://") {
		h.proxied = n
	}
	if p := strings.ToLower(url.Prefix()); url.L&fromRequest != 0 && (p == "http://127.0.0.1:" || p == "http://localhost:") {
		h.See(n, url, webshell.Sight{Rule: "request-to-local-port", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The request names a port of this host to which the page talks."})
	}
}

// ownEWS is Exchange's web service on this host.
var ownEWS = regexp.MustCompile(`(?i)^https://(?:localhost|127\.0\.0\.1)(?::\d+)?/ews/`)

// mailbox is a message being sent to url: as the web service of Exchange, on the
// server itself, is told to act for anyone whose address the request sends.
func (h *host) mailbox(n *script.Node, url, message script.Value) {
	if s, ok := url.Text(); ok && ownEWS.MatchString(s) && message.L&fromRequest != 0 && h.poses() {
		h.See(n, message, webshell.Sight{Rule: "reads-mailboxes", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page asks Exchange for the mailbox of anyone whom the request names."})
	}
}

func (c call) smtpCall() (script.Value, bool) {
	a := c.arg(0)
	if a.S == "mailmessage" && a.O != nil && strings.HasPrefix(c.name, "send") && a.O.Any.L&client != 0 && c.m.Looping() && c.bare() {
		if body := a.O.Fields["body"]; pure(a.O.Fields["subject"]) && body.L&client != 0 && body.Prefix() == "" {
			c.See(c.n, body, webshell.Sight{Rule: "mass-mail", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The page sends mail to each of many addresses, all of which the request sends, with its text and subject."})
		}
	}
	return script.Value{}, true
}

func (c call) mailCall() (script.Value, bool) {
	if c.name == "add" {
		c.recv.O.Any = script.Union(c.recv.O.Any, deep(c.args...))
	}
	return script.Value{}, true
}

// namesHost reports whether an address begins with a host that the page names.
func namesHost(url script.Value) bool {
	_, rest, ok := strings.Cut(url.Prefix(), "://")
	return ok && strings.Contains(rest, "/")
}

// visitor notes that a visitor's name or origin is compared with a search
// engine's.
func (h *host) visitor(m *script.Machine, n *script.Node, v, name script.Value) {
	s, ok := name.Text()
	if !ok || v.L&(fromRequest|fromRemote) == 0 {
		return
	}
	if v.L&fromRequest == 0 { // another server's answer: one name may stand in any page, two say whose the visitor is
		if webshell.SearchEngines(s) > 0 && h.engine != s {
			if h.engine != "" {
				h.bots, h.judged = n, true
			}
			h.engine = s
		}
		return
	}
	if webshell.SearchEngine(s) {
		h.bots = n
	}
	if webshell.SearchEngines(s) > 0 {
		m.Mark()
	}
}

// leads notes where visitors are sent to another site, or its script to them.
func (h *host) leads(m *script.Machine, n *script.Node) {
	h.away = n
	if m.Marked() {
		h.bots = n
	}
}
