package aspnet

import (
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// promotes is a user whom the page makes an administrator of the site.
func (h *host) promotes(n *script.Node, user script.Value) {
	h.owns(n, user, "makes-administrator", "The page makes a user an administrator of the site, and asks nobody who he is.")
}

// owns is what only administrators may do, in a page that anyone may ask for it.
func (h *host) owns(n *script.Node, v script.Value, rule, text string) {
	if h.page.Kind != source && !h.asks && h.alone(maxAlone) {
		h.See(n, v, webshell.Sight{Rule: rule, Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: text})
	}
}

// findGroup finds the group of the administrators of the host.
func (c call) findGroup() (script.Value, bool) {
	return script.Instance("administrators"), slices.ContainsFunc(c.args, func(a script.Value) bool {
		s, ok := a.Text()
		return ok && strings.EqualFold(s, "administrators")
	})
}

func (c call) administratorsCall() (script.Value, bool) {
	if s, _ := c.arg(0).Text(); c.name == "add" || c.name == "invoke" && strings.EqualFold(s, "add") {
		c.See(c.n, c.all(), webshell.Sight{Rule: "adds-administrator", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page makes an account an administrator of the server."})
	}
	return script.Value{}, false
}

func (c call) newDirectorySearcher() (script.Value, bool) {
	c.directory(c.n, c.arg(1), c.arg(0))
	return holding(c.name, "root", c.arg(0)), true
}

func (c call) newDirectoryEntry() (script.Value, bool) {
	a := c.arg(0)
	if startsAs(a, "iis://") && !c.restarts() {
		c.See(c.n, a, webshell.Sight{Rule: "reads-iis-metabase", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens the configuration of IIS itself, which holds accounts and passwords."})
	}
	if word := c.arg(2); c.m.Looping() && word.L&(client|fromFile) != 0 {
		c.See(c.n, word, webshell.Sight{Rule: "guesses-passwords", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page logs in to the domain again and again, with one password after the other."})
	}
	v := script.Instance(c.name, c.args...)
	v.O.Fields = map[string]script.Value{"path": a}
	return v, true
}

// directory is a search of Active Directory.
func (h *host) directory(n *script.Node, filter, root script.Value) {
	h.wholeQuery(n, filter, root, "request-to-directory", "The request sends the whole query for which the directory of the domain is searched.")
}

// wholeQuery is a query that the request sends as a whole, to a host that it
// names too or in a page that asks nobody who he is.
func (h *host) wholeQuery(n *script.Node, query, to script.Value, rule, text string) {
	if pure(query) && query.L&fromRequest != 0 && (deep(to).L&fromRequest != 0 || h.bare()) {
		h.See(n, query, webshell.Sight{Rule: rule, Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: text})
	}
}

var (
	restarts   = regexp.MustCompile(`(?i)\.Invoke\(\s*"(?:Recycle|Start|Stop)"`)
	properties = regexp.MustCompile(`(?i)\.Properties\s*[\[(.]`)
)

// restartsPools reports whether the page starts and stops what IIS runs, and reads
// nothing of it.
func (h *host) restartsPools() bool {
	return h.page.Kind == source && restarts.MatchString(h.page.Text) && !properties.MatchString(h.page.Text)
}
