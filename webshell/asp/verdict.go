package asp

import (
	"sort"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// verdict weighs what was seen.
func (h *host) verdict(m *script.Machine) []webshell.Reason {
	h.fileManager(m)
	h.structure(m)
	for _, f := range h.page.Includes {
		if oddName(script.Const(f)) {
			h.seen = append(h.seen, sight{rule: "includes-image", verdict: webshell.Suspicious, sure: finding.LowConfidence,
				text: "The page runs a file that should hold no code: " + webshell.Cut(f, 100) + "."})
		}
	}
	site := len(h.page.Includes) > 0 // part of an application, which may check who asks
	var out []webshell.Reason
	for _, s := range h.seen {
		if s.verdict == "" {
			s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
		}
		if site && (s.rule == "request-to-file" || s.rule == "request-to-sql" || s.rule == "file-manager" || s.rule == "remote-to-file") {
			s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
		}
		out = append(out, h.reason(m, s))
		out = append(out, s.inner...)
	}
	sort.SliceStable(out, func(i, j int) bool {
		if a, b := out[i].Verdict.Rank(), out[j].Verdict.Rank(); a != b {
			return a > b
		}
		return level(out[i].Confidence) > level(out[j].Confidence)
	})
	if len(out) > 20 {
		out = out[:20]
	}
	return out
}

func level(c finding.Confidence) int {
	switch c {
	case finding.HighConfidence:
		return 2
	case finding.ModerateConfidence:
		return 1
	}
	return 0
}

func (h *host) reason(m *script.Machine, s sight) webshell.Reason {
	r := webshell.Reason{Verdict: s.verdict, Confidence: s.sure, Rule: s.rule, Text: s.text}
	places := m.Places(s.value.T, 7)
	for i, p := range places {
		role := "step"
		if i == 0 {
			role = "source"
		}
		r.Steps = append(r.Steps, webshell.Step{Line: p.Line, Role: role, Code: webshell.Cut(p.Code, webshell.MaxSnippet)})
	}
	if s.node != nil {
		p := m.Place(s.node)
		step := webshell.Step{Line: p.Line, Role: "sink", Code: webshell.Cut(p.Code, webshell.MaxSnippet)}
		if n := len(r.Steps); n > 1 && r.Steps[n-1].Line == step.Line && r.Steps[n-1].Code == step.Code {
			r.Steps = r.Steps[:n-1]
		}
		r.Steps = append(r.Steps, step)
	}
	if s.decoded == "" && s.node != nil {
		if text, file := m.Text(s.node); !file {
			s.decoded = text
		}
	}
	r.Decoded = webshell.Cut(s.decoded, webshell.MaxShown)
	return r
}

// fileManager weighs file actions that together make a file manager.
func (h *host) fileManager(m *script.Machine) {
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
	s := sight{rule: "file-manager", verdict: webshell.Suspicious, sure: finding.LowConfidence, value: a.v, node: a.n,
		text: "The request chooses the path of several file actions: " + strings.Join(kinds, ", ") + "."}
	if n >= 3 && free >= 2 || n >= 2 && free >= 1 && h.drives {
		s.verdict, s.sure = webshell.Webshell, finding.ModerateConfidence
		if h.drives && free >= 2 {
			s.sure = finding.HighConfidence
		}
	} else if free >= 2 {
		s.verdict, s.sure = webshell.Malicious, finding.ModerateConfidence
	}
	h.seen = append(h.seen, s)
}
