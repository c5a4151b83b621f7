package aspnet

import (
	"sort"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// A sight is a dangerous thing the code does, before context is weighed.
type sight struct {
	rule    string
	text    string
	verdict webshell.Verdict
	sure    finding.Confidence
	decoded string
	value   script.Value
	node    *script.Node
	inner   []webshell.Reason // of a page the code writes
}

// see notes s at n, once per place, the strongest.
func (h *host) see(n *script.Node, v script.Value, s sight) {
	if s.verdict == "" {
		s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
	}
	s.value, s.node = v, n
	if h.known == nil {
		h.known = map[*script.Node]int{}
	}
	if i, ok := h.known[n]; ok {
		if old := &h.seen[i]; rank(s) > rank(*old) {
			*old = s
		}
		return
	}
	if len(h.seen) < 400 {
		h.known[n] = len(h.seen)
		h.seen = append(h.seen, s)
	}
}

func rank(s sight) int { return s.verdict.Rank()*3 + level(s.sure) }

func level(c finding.Confidence) int {
	switch c {
	case finding.HighConfidence:
		return 2
	case finding.ModerateConfidence:
		return 1
	}
	return 0
}

// verdict weighs what was seen.
func (h *host) verdict(m *script.Machine) []webshell.Reason {
	h.structure(m)
	h.fileManager()
	h.uploader()
	var out []webshell.Reason
	for _, s := range h.seen {
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

func (h *host) reason(m *script.Machine, s sight) webshell.Reason {
	r := webshell.Reason{Verdict: s.verdict, Confidence: s.sure, Rule: s.rule, Text: s.text}
	for i, p := range m.Places(s.value.T, 7) {
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
		if text, file := m.Text(s.node); !file && s.decoded == "" {
			s.decoded = text
		}
	}
	r.Decoded = webshell.Cut(s.decoded, webshell.MaxShown)
	return r
}
