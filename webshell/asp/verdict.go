package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// maxLoader is the size in bytes of a page that does nothing but include.
const maxLoader = 120

// verdict weighs what was seen.
func (h *host) verdict() []webshell.Reason {
	h.fileManager()
	h.structure()
	h.Blank(h.page)
	if h.lists && h.shown != nil && (h.told || h.bots) {
		h.See(h.shown, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "A page that tells search engines apart shows what another server answers to its address."})
	}
	if h.named && h.shown != nil && h.alone() {
		h.See(h.shown, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Another server is told which browser visits and what it asks for, and its answer is the page."})
	}
	for _, f := range h.page.Includes {
		if oddName(script.Const(f)) {
			s := webshell.Sight{Rule: "includes-image", Text: "The page runs a file that should hold no code: " + webshell.Cut(f, 100) + "."}
			if len(h.page.Text) < maxLoader { // applications do it, too, for what their pages share
				s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
			}
			h.See(nil, script.Value{}, s)
		}
	}
	if len(h.page.Includes) > 0 { // part of an application, which may check who asks
		for i := range h.All {
			switch s := &h.All[i]; s.Rule {
			case "request-to-file", "request-to-sql", "file-manager", "remote-to-file", "hidden-request", "hidden-code", "reads-any-file":
				s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
			}
		}
	}
	return h.Reasons()
}

// fileManager weighs file actions that together make a file manager.
func (h *host) fileManager() {
	n, free := 0, 0
	var kinds []string
	for _, k := range []string{"list", "read", "write", "delete", "move", "mkdir"} {
		a, ok := h.acts[k]
		if !ok {
			continue
		}
		n++
		if a.pure && a.v.L&mapped == 0 {
			free++
		}
		kinds = append(kinds, k)
	}
	if n < 2 {
		return
	}
	a := h.acts[kinds[0]]
	s := webshell.Sight{Rule: "file-manager", Value: a.v, Node: a.n,
		Text: "The request chooses the path of several file actions: " + strings.Join(kinds, ", ") + "."}
	if n >= 3 && free >= 2 || n >= 2 && free >= 1 && h.drives {
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		if h.drives && free >= 2 {
			s.Sure = finding.HighConfidence
		}
	} else if free >= 2 {
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	}
	h.See(a.n, a.v, s)
}

// alone reports whether the page is nothing but code.
func (h *host) alone() bool {
	text, code := strings.TrimSpace(h.page.Text), 0
	for _, b := range h.page.Blocks {
		for _, s := range b.Segments {
			code += s.End - s.Start
		}
	}
	return len(h.page.Includes) == 0 && len(text)-code < maxLoader
}
