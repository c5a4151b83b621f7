package asp

import (
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// picks marks the condition at hand if it looks for a search engine in the name
// of the visitor's browser, in the page that he comes from, or in what another
// server says of his address.
func (h *host) picks(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) {
	switch name {
	case "instr", "instrrev", "indexof", "lastindexof", "search", "match", "test":
	default:
		return
	}
	if recv.K == script.VObject && recv.S == "regexp" {
		recv = recv.O.Fields["pattern"]
	}
	if len(args) == 0 || (script.Union(recv).L|script.Union(args...).L)&(fromRequest|whose) == 0 {
		return
	}
	for _, a := range append([]script.Value{recv}, args...) {
		if s, ok := a.Text(); ok {
			h.names(m, s)
		}
	}
	kids := n.Kids
	if len(kids) > 0 && kids[0] != nil {
		kids = slices.Concat(kids, kids[0].Kids) // /bingbot/.test(ua) as ua.match(/bingbot/)
	}
	for _, k := range kids {
		if k != nil && k.Kind == script.KBad && k.Op == script.Pattern {
			h.names(m, strings.Trim(k.Name[:strings.LastIndexByte(k.Name, '/')+1], "/"))
		}
	}
}

// names marks the condition at hand if a text or pattern names search engines.
func (h *host) names(m *script.Machine, s string) {
	if len(s) <= maxNames && (webshell.SearchEngine(s) || webshell.SearchEngines(s) > 0) {
		m.Mark()
		h.bots = h.bots || webshell.SearchEngine(s)
	}
}

// maxNames is the size of a list of search engines, in bytes.
const maxNames = 1 << 10

// respond calls a method of Response.
func (h *host) respond(m *script.Machine, n *script.Node, name string, args []script.Value) {
	a := first(args)
	switch name {
	case "end":
		h.instead = h.instead || m.Marked()
	case "addheader", "appendheader":
		if s, _ := a.Text(); strings.EqualFold(s, "location") && len(args) > 1 {
			h.send(m, n, "redirect", args[1])
		}
	default:
		h.send(m, n, name, a)
	}
}

var (
	offScreen = regexp.MustCompile(`(?i)(?:left|top|text-indent)\s*:\s*-\d{3,}`)
	// leads is a script that leads elsewhere, or an element that does.
	leads = regexp.MustCompile(`(?i)(?:\blocation(?:\.href)?\s*=\s*|\blocation\.(?:replace|assign)\(\s*|http-equiv\s*=\s*["']?refresh\b[^>]*url\s*=\s*)["']?https?://([\w.-]+)`)
	// link is a link to a page of a host that is named.
	link = regexp.MustCompile(`(?i)<a\s[^>]*?href\s*=\s*["']?https?://([\w.-]+)`)
)

// send is what is sent to the client, or where he is sent.
func (h *host) send(m *script.Machine, n *script.Node, name string, v script.Value) {
	text, known := v.Text()
	if !known {
		text = v.Prefix() + v.S
	}
	if name == "redirect" {
		if (h.bots || m.Marked()) && strings.HasPrefix(strings.ToLower(text), "http") {
			h.See(n, v, webshell.Sight{Rule: "search-redirect", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "Search engines, or those who come from them, are sent to another site."})
		}
		return
	}
	h.leadsBack(n, v)
	if v.L&anyFile != 0 {
		h.See(n, v, webshell.Sight{Rule: "reads-any-file", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page sends the client any file of the server that the request names."})
	}
	if v.L&fromRemote != 0 {
		h.shown = n
	}
	if v.L&fromRemote != 0 && offScreen.MatchString(v.Prefix()) {
		h.See(n, v, webshell.Sight{Rule: "hidden-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "What another server answers is put outside the visible page."})
	}
	s := webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence}
	switch {
	case m.Marked() && known && webshell.Injected(text), h.bots && v.L&fromFile != 0 && webshell.Injected(v.S):
		s.Text = "Search engines, or those who come from them, are sent a script of another host."
	case v.L&fromRemote != 0 && (h.bots && h.told || m.Marked()):
		s.Text = "Search engines, or those who come from them, are sent content fetched from another server."
	case m.Marked() && h.leadsAway(text):
		s.Rule, s.Text = "search-redirect", "Those who come from search engines are shown a page that leads to another site."
	case h.events && (h.bots || m.Marked()) && link.MatchString(text):
		s.Text = "Search engines are shown links to other sites before any page."
	default:
		if m.Marked() {
			h.links(n, text)
		}
		return
	}
	h.See(n, v, s)
}

// leadsAway reports whether text leads the browser to a host that is no
// service's.
func (h *host) leadsAway(text string) bool {
	m := leads.FindStringSubmatch(text)
	return m != nil && !webshell.WellKnown(strings.ToLower(m[1]))
}

// maxLinks is how many hosts are told apart to which links lead.
const maxLinks = 20

// links notes the hosts to which links lead that search engines alone are shown.
func (h *host) links(n *script.Node, text string) {
	h.titled = h.titled || strings.Contains(strings.ToLower(text), "<title")
	for _, m := range link.FindAllStringSubmatchIndex(text, maxLinks) {
		name := strings.ToLower(text[m[2]:m[3]])
		if webshell.WellKnown(name) || len(h.linked) == maxLinks {
			continue
		}
		if h.linked == nil {
			h.linked = map[string]bool{}
		}
		h.linked[name], h.link = true, n
		if n.Kind == script.KHTML { // the page's own text begins behind the code
			h.link = &script.Node{Unit: n.Unit, Pos: n.Pos + int32(len("%>")+m[0])}
		}
	}
}

// cloaks weighs what search engines are shown in all.
func (h *host) cloaks() {
	if len(h.linked) > 1 || len(h.linked) == 1 && h.titled && h.instead {
		h.See(h.link, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Search engines, or those who come from them, are shown links to other sites."})
	}
}
