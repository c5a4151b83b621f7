// Package text writes a case for a terminal: the verdict first, then what it
// rests on, then what could not be seen and what to do.
package text

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/publish"
	"limier/wire"
)

// Publisher writes plain text, 100 columns wide, without colours.
var Publisher = &publish.Publisher{
	Name:      "text",
	Doc:       "the summary that a scan prints",
	Extension: ".txt",
	MediaType: "text/plain; charset=utf-8",
	Write: func(_ context.Context, w io.Writer, c *casefile.Case) error {
		return Write(w, c, Options{})
	},
}

// Options say how to write. The zero value is for a file.
type Options struct {
	Width int  // columns; 0 means 100
	Color bool // with colours, as ANSI escapes
	All   bool // every step, gap and address; otherwise the first of many
}

// Write writes the case.
func Write(w io.Writer, c *casefile.Case, o Options) error {
	if o.Width < 40 {
		o.Width = 100
	}
	p := &page{Options: o, base: base(c)}
	p.verdict(c)
	p.exposures(c.Exposures)
	p.findings("EXPLOITATION", finding.Exploitation, c)
	p.findings("BACK DOORS", finding.Backdoor, c)
	p.findings("AFTERMATH", finding.Aftermath, c)
	p.findings("SCANNING", finding.Scanning, c)
	p.techniques(c)
	p.addresses(c)
	p.timeline(c)
	p.coverage(c)
	p.next(c)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// A page is a text being written.
type page struct {
	Options
	base string // the folder that all of the evidence lies in, such as one archive
	b    strings.Builder
}

// base returns the longest folder that all places named in the case are in,
// with its slash; "" if there is none.
func base(c *casefile.Case) string {
	first, common := true, ""
	add := func(r evidence.Ref) {
		switch {
		case r.Path == "":
		case first:
			first, common = false, r.Path[:strings.LastIndex(r.Path, "/")+1]
		}
		for !strings.HasPrefix(r.Path, common) && r.Path != "" {
			common = common[:strings.LastIndex(common[:len(common)-1], "/")+1]
		}
	}
	for _, e := range c.Exposures {
		for _, r := range e.Proof {
			add(r)
		}
	}
	for _, f := range c.Findings {
		for _, s := range f.Steps {
			add(s.Ref)
		}
	}
	for _, g := range c.Gaps {
		add(g.Ref)
	}
	return common
}

// place names a place in the evidence, below the folder that all share.
func (p *page) place(r evidence.Ref) string {
	r.Path = strings.TrimPrefix(r.Path, p.base)
	return strings.ReplaceAll(publish.Plain(r.String()), " ", blank)
}

// Styles by what they mean.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	red    = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("9"))
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("11"))
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("10"))
	banner = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("15")).Padding(0, 1)
)

func (p *page) paint(s lipgloss.Style, text string) string {
	if !p.Color {
		return text
	}
	return s.Render(text)
}

func (p *page) section(name string) {
	p.b.WriteString("\n" + p.paint(bold, name) + "\n")
}

// hyphen stands for "-" while text is wrapped: a rune that no text has, from
// Unicode's private area, one column wide.
const hyphen = "\uE0FE"

// blank stands for a space that text is not to be wrapped at.
const blank = "\uE0FF"

// line writes text behind a prefix, wrapped at spaces; the lines after the
// first are indented as far as the prefix is wide. Paths and addresses are
// never broken, so that they can be copied.
func (p *page) line(prefix, text string) {
	width := ansi.StringWidth(prefix)
	text = strings.ReplaceAll(text, "-", hyphen) // else Wordwrap breaks there
	text = strings.NewReplacer(hyphen, "-", blank, " ").Replace(ansi.Wordwrap(text, p.Width-width, ""))
	for i, part := range strings.Split(text, "\n") {
		if i == 1 {
			prefix = strings.Repeat(" ", width)
		}
		p.b.WriteString(strings.TrimRight(prefix+part, " ") + "\n")
	}
}

func (p *page) verdict(c *casefile.Case) {
	name := strings.ToUpper(publish.Plain(string(c.End.Verdict)))
	if !c.Complete {
		name = "NOT FINISHED"
	}
	badge := name
	if p.Color {
		colour := "8"
		switch c.End.Verdict {
		case wire.Compromised:
			colour = "1"
		case wire.Attacked, wire.Exposed:
			colour = "3"
		case wire.NoSign:
			colour = "2"
		}
		badge = banner.Background(lipgloss.Color(colour)).Render(name)
	}
	p.b.WriteString(badge)
	if c.End.Confidence != "" {
		fmt.Fprintf(&p.b, "  %s confidence", publish.Plain(string(c.End.Confidence)))
	}
	p.b.WriteString("\n")
	about := "evidence " + c.Start.Source
	switch len(c.Hosts()) {
	case 0:
	case 1:
		about = "host " + publish.Subject(c) + ", " + about
	default:
		about = publish.Subject(c) + ", " + about
	}
	if p.base != "" {
		about += "; places below " + p.base
	}
	p.line("", p.paint(dim, publish.Plain(about)))
	p.b.WriteString("\n")
	if c.Complete {
		p.line("", publish.Plain(c.End.Reason))
	} else {
		p.line("", "The scan was cut short. What follows is what it had found by then; the rest is unknown.")
	}
}

func (p *page) exposures(list []wire.Exposure) {
	if len(list) == 0 {
		return
	}
	p.section("EXPOSURE")
	for _, e := range list {
		name := cmp.Or(e.Name, e.Product)
		text := fmt.Sprintf("%s, build %s", name, e.Build)
		if e.Updated != "" {
			text += ", released " + e.Updated
		}
		p.line("  ", publish.Plain(text))
		if len(e.Proof) > 0 {
			p.line("    ", p.paint(dim, p.place(e.Proof[0])))
		}
		for _, k := range []struct {
			state wire.State
			text  string
			style lipgloss.Style
		}{
			{wire.Vulnerable, "open to", red}, {wire.Depends, "may be open to", yellow},
		} {
			var ids []string
			for _, s := range e.CVEs {
				if s.State == k.state {
					ids = append(ids, publish.Plain(s.ID))
				}
			}
			if len(ids) == 0 {
				continue
			}
			shown := ids
			if !p.All && len(ids) > 12 {
				shown = append(slices.Clone(ids[:12]), fmt.Sprintf("and %d more", len(ids)-12))
			}
			p.line("    "+p.paint(k.style, k.text)+fmt.Sprintf(" %d: ", len(ids)), strings.Join(shown, " "))
		}
		for _, n := range e.Notes {
			p.line("    note: ", publish.Plain(n))
		}
	}
}

func (p *page) findings(name string, phase finding.Phase, c *casefile.Case) {
	var list []finding.Finding
	for _, f := range c.Findings {
		if f.Phase == phase {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Level.Rank(), a.Level.Rank()), a.Start.Compare(b.Start))
	})
	p.section(name)
	most, where := 12, c.Where()
	for i, f := range list {
		if i == most && !p.All {
			p.line("  ", fmt.Sprintf("… and %d more; --all shows them", len(list)-most))
			return
		}
		p.finding(f, where(&f))
	}
}

func (p *page) finding(f finding.Finding, host string) {
	mark, style := "•", yellow
	switch f.Outcome {
	case finding.Succeeded:
		mark, style = "✗", red
	case finding.Attempted:
		mark = "○"
	}
	p.line("  "+p.paint(style, mark)+" ", p.paint(bold, publish.Plain(f.Title)))
	when := ""
	if !f.Start.IsZero() {
		when = f.Start.Format("2006-01-02 15:04:05")
		switch {
		case f.End.Sub(f.Start) < time.Second:
		case f.End.Format(time.DateOnly) == f.Start.Format(time.DateOnly):
			when += " to " + f.End.Format("15:04:05")
		default:
			when += " to " + f.End.Format("2006-01-02 15:04:05")
		}
		when += " UTC, "
	}
	if host != "" {
		when += "on " + host + ", "
	}
	facts := fmt.Sprintf("%s%s, %s confidence", when, f.Level, f.Confidence)
	if f.Outcome != "" {
		facts += ", " + string(f.Outcome)
	}
	if tags := append(slices.Clone(f.CVEs), f.Techniques...); len(tags) > 0 {
		facts += "  " + strings.Join(tags, " ")
	}
	p.line("    ", p.paint(dim, publish.Plain(facts)))
	if f.Reason != "" {
		p.line("    ", publish.Plain(f.Reason))
	}
	if f.Phase == finding.Scanning && !p.All {
		return
	}
	steps := f.Steps
	if !p.All && len(steps) > 7 {
		steps = few(steps, 6)
	}
	for _, s := range steps {
		text, when := p.short(publish.Plain(s.Text)), ""
		if !s.Time.IsZero() {
			when = s.Time.Format("01-02 15:04:05") + "  "
		}
		if s.Outcome == finding.Attempted {
			text += " (failed, or no sign that it worked)"
		}
		p.line("      "+when, text)
		indent := strings.Repeat(" ", 6+len(when))
		p.line(indent, p.paint(dim, p.place(s.Ref)))
		p.code(indent, s)
	}
	if more := len(f.Steps) - len(steps); more > 0 {
		p.line("      ", p.paint(dim, fmt.Sprintf("… %d more steps", more)))
	}
}

// code shows the lines of a file that its analysis names: where data comes in,
// where it ends, and what was decoded.
func (p *page) code(indent string, s finding.Step) {
	if s.Ref != (evidence.Ref{Path: s.Ref.Path}) {
		return // an event, not a file
	}
	for n, line := range strings.Split(strings.TrimRight(s.Raw, "\n"), "\n") {
		if n == 4 && !p.All {
			return
		}
		if line != "" {
			p.line(indent, p.paint(dim, ansi.Truncate(publish.Plain(line), max(20, p.Width-len(indent)), "…")))
		}
	}
}

// few returns n of the steps, in their order: the key ones and the first.
func few(steps []finding.Step, n int) []finding.Step {
	for _, s := range steps {
		if s.Key {
			n--
		}
	}
	var some []finding.Step
	for _, s := range steps {
		if !s.Key {
			n--
		}
		if s.Key || n >= 0 {
			some = append(some, s)
		}
	}
	return some
}

// short cuts a long text, such as an encoded command line, unless all is
// wanted.
func (p *page) short(text string) string {
	if p.All {
		return text
	}
	return ansi.Truncate(text, 3*p.Width, "…")
}

func (p *page) addresses(c *casefile.Case) {
	list := c.Addresses()
	if len(list) == 0 {
		return
	}
	p.section("ADDRESSES")
	for i, a := range list {
		if i == 10 && !p.All {
			p.line("  ", fmt.Sprintf("… and %d more; --all shows them", len(list)-i))
			return
		}
		text := cmp.Or(a.Role, "seen")
		if !a.First.IsZero() {
			text += ", " + a.First.Format("2006-01-02 15:04")
			if a.Last.Sub(a.First) > time.Minute {
				text += " to " + a.Last.Format("2006-01-02 15:04") + " UTC"
			} else {
				text += " UTC"
			}
		}
		for _, fact := range c.About(finding.Address, a.Address) {
			text += ", " + fact.Text
		}
		p.line(fmt.Sprintf("  %-16s ", publish.Plain(a.Address)), publish.Plain(text)+": "+publish.Plain(strings.Join(a.Findings[:min(3, len(a.Findings))], "; ")))
	}
}

// timeline shows the key steps of the weighty findings.
func (p *page) timeline(c *casefile.Case) {
	var moments []casefile.Moment
	left := 0
	for _, m := range c.Timeline() {
		if m.Finding.Level.Rank() < finding.Medium.Rank() || m.Finding.Phase == finding.Scanning {
			continue
		}
		moments = append(moments, m)
		if m.Step.Key {
			left++
		}
	}
	if left == 0 {
		return
	}
	p.section("TIMELINE, key moments in UTC")
	told := make([]bool, len(moments))
	shown := 0
	for i, m := range moments {
		if !m.Step.Key || told[i] {
			continue
		}
		if shown++; shown > 20 && !p.All {
			p.line("  ", fmt.Sprintf("… and %d more; --all shows them", left))
			return
		}
		text := publish.Plain(m.Step.Text)
		left--
		if !p.All {
			alike := 1 // within a minute, key or not
			for j := i + 1; j < len(moments) && moments[j].Time.Sub(m.Time) < time.Minute; j++ {
				if moments[j].Step.Text == m.Step.Text && !told[j] {
					told[j] = true
					alike++
					if moments[j].Step.Key {
						left--
					}
				}
			}
			times := ""
			if alike > 1 {
				times = fmt.Sprintf(" (%d times)", alike)
			}
			text = ansi.Truncate(text, p.Width-23-len(times), "…") + times
		}
		p.line("  "+m.Time.Format("2006-01-02 15:04:05")+"  ", text)
	}
}

func (p *page) coverage(c *casefile.Case) {
	p.section("COVERAGE AND GAPS")
	for _, cov := range p.kinds(c.End.Coverage) {
		span := strings.Repeat(" ", 23)
		if !cov.First.IsZero() {
			span = cov.First.Format(time.DateOnly) + " … " + cov.Last.Format(time.DateOnly)
		}
		text := span + "  " + plural(int64(cov.Files), "file")
		if !strings.HasSuffix(cov.Source, "files") && cov.Events > 0 {
			text += ", " + plural(cov.Events, "event")
		}
		p.line(fmt.Sprintf("  %-31s ", publish.Plain(cov.Source)), text)
	}
	if c.Complete && len(c.End.Coverage) == 0 {
		p.line("  ", "nothing that Limier can read")
	}
	if len(c.Gaps) == 0 {
		if len(c.End.Coverage) == 0 {
			return // there was nothing to read: that is no praise
		}
		p.line("  ", p.paint(green, "no gap: every file of a known kind could be read"))
		return
	}
	for i, g := range c.Gaps {
		if i == 10 && !p.All {
			p.line("  ", fmt.Sprintf("… and %d more gaps; --all shows them", len(c.Gaps)-i))
			break
		}
		text := ""
		if at := p.place(g.Ref); at != "" {
			text += at + ": "
		}
		text += publish.Plain(g.Reason)
		if g.Count > 1 {
			text += fmt.Sprintf(" (%d times)", g.Count)
		}
		p.line("  "+p.paint(yellow, "gap")+" ", text)
	}
}

// kinds shortens the names of event logs, and sums up the channels that few
// people know unless all are wanted.
func (p *page) kinds(list []wire.Coverage) []wire.Coverage {
	var out []wire.Coverage
	rest := wire.Coverage{Source: "event logs, other channels"}
	for _, cov := range list {
		channel, ok := strings.CutPrefix(cov.Source, "Windows event log: ")
		switch {
		case !ok:
		case p.All || len(channel) <= 24 && !strings.Contains(channel, "/"):
			cov.Source = "event log " + channel
		default:
			rest.Files += cov.Files
			rest.Events += cov.Events
			if rest.First.IsZero() || !cov.First.IsZero() && cov.First.Before(rest.First) {
				rest.First = cov.First
			}
			if cov.Last.After(rest.Last) {
				rest.Last = cov.Last
			}
			continue
		}
		out = append(out, cov)
	}
	if rest.Events > 0 {
		out = append(out, rest)
	}
	return out
}

func (p *page) next(c *casefile.Case) {
	if len(c.End.Next) == 0 {
		return
	}
	p.section("NEXT STEPS")
	for i, n := range c.End.Next {
		p.line(fmt.Sprintf("  %d. ", i+1), publish.Plain(n.Text))
		if n.Source != "" {
			p.line("     ", p.paint(dim, publish.Plain(n.Source)))
		}
	}
}

func plural(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + " " + noun
}
