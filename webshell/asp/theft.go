package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// mail is a letter being sent: CDO's and its like hold it in their properties,
// CDONTS takes it as from, to, subject and text, too.
func (h *host) mail(n *script.Node, letter script.Value, args []script.Value) {
	f := letter.O.Fields
	to, body := f["to"], script.Union(f["textbody"], f["htmlbody"], f["body"], f["subject"])
	if len(args) > 3 {
		to, body = args[1], script.Union(args[2:]...)
	}
	if s, ok := to.Text(); ok && strings.Contains(s, "@") && body.L&password != 0 {
		h.See(n, body, webshell.Sight{Rule: "sends-passwords", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Passwords are mailed to an address that the page holds: " + webshell.Cut(s, 100) + "."})
	}
}

// text is a line of text being written to a file at path.
func (h *host) text(n *script.Node, path, content script.Value) {
	name := strings.ToLower(path.S)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	s := webshell.Sight{Verdict: webshell.Malicious, Sure: finding.ModerateConfidence}
	typed := content.L&fromRequest != 0 && content.L&(fromUpload|script.Numeric) == 0 && path.L&fromRequest == 0
	switch {
	case typed && oddName(path):
		s.Rule, s.Text = "hides-input", "What visitors send is kept in a file that is named as a picture: "+webshell.Cut(name, 100)+"."
	case content.L&abroad != 0 && (name == "robots.txt" || strings.HasPrefix(name, "sitemap")):
		s.Rule, s.Text = "writes-doorways", "The site tells search engines of pages that another server lists."
	default:
		return
	}
	h.See(n, content, s)
}
