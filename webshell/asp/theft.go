package asp

import (
	"slices"
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

// indexes begin the names of pages that stand for their folders.
var indexes = []string{"index.", "default.", "main.", "home."}

// text is a line of text being written to a file at path.
func (h *host) text(n *script.Node, path, content script.Value) {
	name := strings.ToLower(path.S)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	s := webshell.Sight{Verdict: webshell.Malicious, Sure: finding.ModerateConfidence}
	typed := content.L&fromRequest != 0 && content.L&(fromUpload|script.Numeric) == 0 && path.L&fromRequest == 0
	constant, known := content.Text()
	switch {
	case typed && oddName(path):
		s.Rule, s.Text = "hides-input", "What visitors send is kept in a file that is named as a picture: "+webshell.Cut(name, 100)+"."
	case typed && content.L&script.Mixed == 0 && strings.Contains(name, "cookie") && len(h.page.Text) <= maxBare && len(h.page.Includes) == 0:
		s.Rule, s.Text = "hides-input", "The page keeps what it is sent in a file for cookies, as receivers of stolen ones do: "+webshell.Cut(name, 100)+"."
	case content.L&abroad != 0 && (name == "robots.txt" || strings.HasPrefix(name, "sitemap")):
		s.Rule, s.Text = "writes-doorways", "The site tells search engines of pages that another server lists."
	case known && h.everyIndex(name, constant):
		s.Rule, s.Text = "defacement", "One text is written in the place of index pages of several names."
	default:
		return
	}
	h.See(n, content, s)
}

// everyIndex notes a document written to an index page, and reports whether it
// was written to one of another name before.
func (h *host) everyIndex(name, text string) bool {
	if !slices.ContainsFunc(indexes, func(s string) bool { return strings.HasPrefix(name, s) }) || !strings.Contains(strings.ToLower(text), "<html") {
		return false
	}
	before, again := h.pages[text]
	if !again && len(h.pages) < maxPages {
		if h.pages == nil {
			h.pages = map[string]string{}
		}
		h.pages[text] = name
	}
	return again && before != name
}

// maxPages is how many documents are told apart that a page writes.
const maxPages = 20
