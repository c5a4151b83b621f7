package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) httpCall() (script.Value, bool) {
	switch {
	case c.name == "send":
		c.asks()
	case c.name == "open" && len(c.args) > 1:
		c.opens(c.args[1])
	}
	return script.Value{}, true
}

// opens is another server's address being given.
func (c call) opens(url script.Value) {
	c.set("<url>", url)
	c.probes(url)
	c.told = c.told || url.L&(fromRequest|info) != 0 && foreign(url)
	c.named = c.named || url.L&agent != 0 && foreign(url)
	if s, ok := c.args[0].Text(); !ok || strings.EqualFold(s, "post") { // or as the client asks
		c.set("<posts>", url)
	}
	if p := strings.ToLower(url.Prefix()); url.L&fromRequest != 0 && (p == "http://127.0.0.1:" || p == "http://localhost:") {
		c.See(c.n, url, webshell.Sight{Rule: "request-to-local-port", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The request names a port of this host to which the page talks."})
	}
}

// asks is another server being asked.
func (c call) asks() {
	a := c.arg()
	c.tries(a)
	if url := c.field("<posts>"); (pure(url) || namesHost(url) && c.alone()) && pure(a) {
		c.See(c.n, url, webshell.Sight{Rule: "relays-requests", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page posts what the request sends to any address that the request names."})
	}
	if foreign(c.field("<url>")) {
		c.told = c.told || a.L&(fromRequest|info) != 0
		c.named = c.named || a.L&agent != 0
	}
}

func (c call) httpMember() (script.Value, bool) {
	switch c.name {
	case "responsetext", "responsebody", "responsestream", "responsexml":
		l := fromRemote
		switch url := c.field("<url>"); {
		case foreign(url):
			l |= abroad
			if url.L&address != 0 {
				l |= whose
			}
		case namesHost(url):
			l |= anyHost
		}
		return c.source(c.m, c.n, l)
	case "status", "readystate", "statustext":
		return script.Value{}, true
	}
	return script.Value{}, false
}

// foreign reports whether an address, of which the start is known, is one of
// another host.
func foreign(url script.Value) bool {
	p, known := url.Text()
	if !known {
		p = url.Prefix()
	}
	p = strings.ToLower(p)
	return strings.HasPrefix(p, "http") && len(p) > len("https://")+3 && !strings.HasPrefix(p, "http://127.") && !strings.HasPrefix(p, "http://localhost")
}

func (c call) letterCall() (script.Value, bool) {
	if c.name != "send" {
		return script.Value{}, false
	}
	if c.m.Looping() && c.bare() {
		for _, part := range []string{"htmlbody", "textbody", "body"} {
			body := c.field(part)
			if body.L&fromRequest != 0 && body.Prefix() == "" && pure(c.field("subject")) && c.field("to").L&c.field("from").L&fromRequest != 0 {
				c.See(c.n, body, webshell.Sight{Rule: "mass-mail", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "The page sends mail to each of many addresses, all of which the request sends, with its text, subject and sender."})
			}
		}
	}
	c.mail(c.n, c.recv, c.args)
	return script.Value{}, true
}

func (c call) mailerCall() (script.Value, bool) {
	switch {
	case strings.HasPrefix(c.name, "add") && strings.HasSuffix(c.name, "recipient"), c.name == "addaddress":
		c.set("to", c.arg())
	case c.name == "send", c.name == "execute":
		c.mail(c.n, c.recv, nil)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}
