// Package markdown writes a summary of a case for a ticket or a chat, in
// Markdown that shows text from evidence and never obeys it.
package markdown

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/publish"
)

// Publisher writes the summary.
var Publisher = &publish.Publisher{
	Name:      "md",
	Doc:       "summary for a ticket, in Markdown",
	Extension: ".md",
	MediaType: "text/markdown; charset=utf-8",
	Write:     write,
}

// What a ticket shows at most of each.
const (
	maxFindings   = 25
	maxSteps      = 3
	maxIndicators = 40
	maxGaps       = 10
)

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := bufio.NewWriter(w)
	p := func(format string, args ...any) { fmt.Fprintf(out, format, args...) }

	p("# %s: %s\n\n", text(publish.Subject(c)), text(c.Verdict()))
	if c.End.Reason != "" {
		p("%s Confidence: %s.\n\n", text(c.End.Reason), text(string(c.End.Confidence)))
	}
	if !c.Complete {
		p("**The scan was cut short: what follows is incomplete.**\n\n")
	}

	var shown, low []*finding.Finding
	for i := range c.Findings {
		if f := &c.Findings[i]; f.Level.Rank() >= finding.Medium.Rank() {
			shown = append(shown, f)
		} else {
			low = append(low, f)
		}
	}
	p("## What happened\n\n")
	if len(shown) == 0 {
		p("Nothing of medium level or above.\n")
	}
	for _, f := range shown[:min(len(shown), maxFindings)] {
		on := ""
		if len(c.Scans) > 0 && f.Host != "" {
			on = " on " + text(f.Host)
		}
		p("- %s **%s**%s (%s, %s confidence%s)\n", when(f.Start), text(f.Title), on, text(string(f.Level)), text(string(f.Confidence)), list(", ", append(f.CVEs[:len(f.CVEs):len(f.CVEs)], f.Techniques...)))
		n := 0
		for _, s := range f.Steps {
			if s.Key && n < maxSteps {
				n++
				p("  - %s %s in %s\n", when(s.Time), text(s.Text), code(s.Ref.String()))
			}
		}
	}
	if more := len(shown) - maxFindings; more > 0 {
		p("- and %d more\n", more)
	}
	if len(low) > 0 {
		p("\n%d more findings of low level change nothing about the verdict.\n", len(low))
	}

	if all := publish.Indicators(c); len(all) > 0 {
		p("\n## Indicators\n\n")
		for _, n := range all[:min(len(all), maxIndicators)] {
			p("- %s (%s", code(n.Value), text(string(n.Type)))
			if n.Role != "" {
				p(", %s", text(n.Role))
			}
			for _, f := range n.Known {
				p("; %s", text(f.Text))
			}
			if !n.Block {
				p("; do not block: %s", text(n.Note))
			}
			p(")\n")
		}
		if more := len(all) - maxIndicators; more > 0 {
			p("- and %d more\n", more)
		}
	}

	if len(c.End.Next) > 0 {
		p("\n## Next steps\n\n")
		for i, n := range c.End.Next {
			p("%d. %s\n", i+1, text(n.Text))
		}
	}

	p("\n## What the evidence covered\n\n")
	for _, v := range c.End.Coverage {
		p("- %s: %d files, %d events", text(v.Source), v.Files, v.Events)
		if !v.First.IsZero() {
			p(", %s to %s", when(v.First), when(v.Last))
		}
		p("\n")
	}
	if len(c.End.Coverage) == 0 {
		p("Nothing.\n")
	}
	if len(c.Gaps) > 0 {
		p("\nNot read:\n\n")
		for _, g := range c.Gaps[:min(len(c.Gaps), maxGaps)] {
			p("- %s: %s\n", code(g.Ref.String()), text(g.Reason))
		}
		if more := len(c.Gaps) - maxGaps; more > 0 {
			p("- and %d more\n", more)
		}
	}
	p("\nBy Limier %s; times are UTC.\n", text(c.Start.Version))
	return out.Flush()
}

func when(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

func list(sep string, all []string) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(sep + text(s))
	}
	return b.String()
}

// text writes text so that Markdown takes nothing in it for markup. What
// trackers turn into links or mentions by themselves becomes code.
func text(s string) string {
	s = publish.Plain(s)
	if strings.ContainsAny(s, "@") || strings.Contains(s, "://") || strings.Contains(strings.ToLower(s), "www.") {
		return code(s)
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte("\\`*_{}[]<>()#+!|~&$^=", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// code writes text as a code span, whose fence is longer than any run of
// backticks within.
func code(s string) string {
	s = publish.Plain(s)
	run, longest := 0, 0
	for i := range len(s) {
		if s[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || strings.HasPrefix(s, " ") {
		s = " " + s + " "
	}
	if strings.TrimSpace(s) == "" {
		return "(empty)"
	}
	return fence + s + fence
}
