package asp

import (
	"path"
	"regexp"
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
	h.Unread(h.page)
	h.cloaks()
	if h.lists && h.shown != nil && (h.told || h.bots) {
		h.See(h.shown, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "A page that tells search engines apart shows what another server answers to its address."})
	}
	if h.named && h.shown != nil && h.alone() {
		h.See(h.shown, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Another server is told which browser visits and what it asks for, and its answer is the page."})
	}
	for _, f := range h.page.Includes {
		if runsPicture(f) {
			s := webshell.Sight{Rule: "includes-image", Text: "The page runs a file that should hold no code: " + webshell.Cut(f, 100) + "."}
			if len(h.page.Text) < maxLoader || inFolder(f) { // applications keep what their pages share beside them, under any name
				s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
			}
			h.See(nil, script.Value{}, s)
		}
	}
	if len(h.page.Includes) > 0 { // part of an application, whose functions may check the name; anybody can put an include beside a shell
		for i := range h.All {
			switch s := &h.All[i]; s.Rule {
			case "hidden-code", "reads-any-file":
				s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
			}
		}
	}
	return h.Reasons()
}

// runsPicture reports whether a file that is run, by the address that a page has
// for it, ends as no script does, or lies among uploads as a text.
func runsPicture(address string) bool {
	return oddName(script.Const(address)) || plain.MatchString(address) && uploads.MatchString(address)
}

var (
	plain   = regexp.MustCompile(`(?i)\.(?:txt|log|css|js|xml|dat|doc|pdf|swf|mp3|flv)$`)
	uploads = regexp.MustCompile(`(?i)(?:^|[/\\])(?:[\w-]*upload\w*|attach\w*|avatars?|im(?:g|age)s?|pics?|photos?|thumbs?)[/\\]`)
)

// inFolder reports whether an address names another folder than the page's.
func inFolder(address string) bool {
	address = strings.ReplaceAll(address, `\`, "/")
	dir := strings.ReplaceAll(strings.TrimPrefix(path.Dir(address), "/"), "../", "")
	return dir != "" && dir != "." && dir != ".."
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
	} else if free >= 2 && !h.members { // else those who logged in choose, as an installer's files
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
