package html

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"slices"
	"strings"
	"time"

	"limier/attribute"
	"limier/casefile"
	"limier/enrich"
	"limier/finding"
	"limier/publish"
	"limier/wire"
)

// A report is what the template shows, in the order of the page.
type report struct {
	Lang     string
	Home     string
	Name     string // of the host, or of the evidence if it does not say
	Sections []section
	Case     *casefile.Case
	Host     string
	Tone     string // of the verdict: bad, warn, good, none
	Verdict  string
	Says     []template.HTML
	First    time.Time // hostile act
	Last     time.Time
	Worked   int      // findings that succeeded
	First3   []string // of the next steps, the urgent

	Hosts []host // of a merged case

	Intruders                                 []intruder
	Background                                int
	Unassigned                                []row
	MoreIntruders, MoreUnassigned, MoreShells int
	Shells                                    []shell
	Timeline                                  template.HTML
	Graph                                     template.HTML
	Edges                                     []edge
	Tactics                                   []tactic

	Compared                 []*attribute.Comparison
	Levels                   []level // of claims, the lowest first
	MoreCompared, MoreClaims int

	Blind    []string
	Clocks   []string
	Coverage []wire.Coverage
	Gaps     []wire.Gap
	MoreGaps int

	Proof     []proof
	MoreProof int
	Block     []block
	Addresses []address
	More      int // addresses
	Rules     []ruleUse
	From, To  time.Time // of the logs
}

// Most of a list that the page shows: the case file has the rest.
const (
	mostProof     = 300
	mostSteps     = 20
	mostGaps      = 100
	mostAddresses = 200
	mostEdges     = 200
	mostIntruders = 25
	mostRows      = 40 // of one intruder, and of the unassigned
	mostShells    = 40
)

// An intruder is a cluster, told in words.
type intruder struct {
	casefile.Cluster
	Hue   string
	Says  []string
	Known []string // of its addresses
	Rows  []row
	Ties  []string
	More  int // findings
}

// A host of a merged case, with the verdict of its scan.
type host struct{ Name, Verdict string }

// A row names a finding and leads to its proof.
type row struct {
	Number   int
	Finding  finding.Finding
	Host     string   // if there are several
	Commands []string // that it ran, without what a client puts around them
}

// mostCommands of a finding are named in its row.
const mostCommands = 3

// commands are what the processes of a finding were told to do.
func commands(v *casefile.Activity, f *finding.Finding) (list []string) {
	for i := range v.Traces {
		t := &v.Traces[i]
		if t.Finding != f || t.Command == "" || f.Phase != finding.Aftermath {
			continue
		}
		c := cut(casefile.Bare(t.Command), 90)
		if !slices.Contains(list, c) {
			if list = append(list, c); len(list) == mostCommands {
				break
			}
		}
	}
	return list
}

type edge struct {
	From, To string
	casefile.Edge
}

type proof struct {
	row
	Steps []step
	More  int
}

type step struct {
	finding.Step
	Open bool
	Hash string // SHA-256 of Raw
}

// A block is a list of indicators of one kind.
type block struct {
	Kind  string
	Note  string
	Lines []string
}

type address struct {
	casefile.Actor
	Cluster string
	Facts   []string
}

type ruleUse struct {
	Name  string
	Steps int
}

func newReport(c *casefile.Case, w *words) *report {
	v := c.Activity()
	r := &report{Lang: w.lang, Sections: sections, Case: c, Coverage: c.End.Coverage, Gaps: c.Gaps}
	r.names(w)
	r.span()
	r.window()
	numbers := r.proofs()
	for _, s := range c.Scans {
		verdict := w.verb(s.End.Verdict)
		if !s.Complete {
			verdict = w.t("not finished")
		}
		r.Hosts = append(r.Hosts, host{publish.Plain(cmp.Or(s.Start.Host, s.Start.Source)), verdict})
	}
	r.verdict(w, v)
	r.intruders(w, v, numbers)
	r.shells(w, v)
	r.Timeline = timeline(w, c, v, r)
	r.Graph = graph(w, v)
	r.edges(w, v)
	r.Tactics = tactics(w, c)
	r.blind(w, v)
	r.indicators(w, v)
	r.addresses(w, v)
	r.rules()
	if len(r.Gaps) > mostGaps {
		r.Gaps, r.MoreGaps = r.Gaps[:mostGaps], len(r.Gaps)-mostGaps
	}
	return r
}

// names says what is reported on, and what is to be done first.
func (r *report) names(w *words) {
	c := r.Case
	r.Name, r.Host = publish.Plain(publish.Host(c)), publish.Plain(cmp.Or(c.Start.Host, w.t("The server")))
	if c.End.Verdict == wire.Compromised || c.End.Verdict == wire.Attacked {
		switch hosts := c.Hosts(); len(hosts) {
		case 0:
		case 1:
			r.Name, r.Host = publish.Plain(hosts[0]), publish.Plain(hosts[0])
		default:
			r.Name, r.Host = publish.Plain(strings.Join(hosts, ", ")), w.t("At least one of %d hosts", len(hosts))
		}
		for _, n := range c.End.Next[:min(len(c.End.Next), 3)] {
			r.First3 = append(r.First3, n.Text)
		}
	}
}

// window is when what was found happened, and how much of it worked.
func (r *report) window() {
	for _, f := range r.Case.Findings {
		if f.Phase == finding.Scanning {
			continue
		}
		if f.Outcome == finding.Succeeded {
			r.Worked++
		}
		if !f.Start.IsZero() && (r.First.IsZero() || f.Start.Before(r.First)) {
			r.First = f.Start
		}
		if f.End.After(r.Last) {
			r.Last = f.End
		}
	}
}

// proofs numbers the findings, in the order of an intrusion, and shows their steps.
func (r *report) proofs() map[*finding.Finding]int {
	c := r.Case
	numbers := map[*finding.Finding]int{}
	order := make([]*finding.Finding, len(c.Findings))
	for i := range c.Findings {
		order[i] = &c.Findings[i]
	}
	phases := []finding.Phase{finding.Exploitation, finding.Backdoor, finding.Aftermath, finding.Scanning}
	slices.SortStableFunc(order, func(a, b *finding.Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(phases, a.Phase), slices.Index(phases, b.Phase)), a.Start.Compare(b.Start))
	})
	where := c.Where()
	for i, f := range order {
		numbers[f] = i + 1
		if i >= mostProof {
			r.MoreProof++
			continue
		}
		p := proof{row: row{Number: i + 1, Finding: *f, Host: where(f)}}
		for k, s := range f.Steps {
			if k == mostSteps {
				p.More = len(f.Steps) - k
				break
			}
			sum := sha256.Sum256([]byte(s.Raw))
			p.Steps = append(p.Steps, step{s, k < 2 && f.Phase != finding.Scanning, hex.EncodeToString(sum[:])})
		}
		r.Proof = append(r.Proof, p)
	}
	return numbers
}

// edges names what the graph joins.
func (r *report) edges(w *words, v *casefile.Activity) {
	labels := map[string]string{}
	for _, n := range v.Graph.Nodes {
		labels[n.ID] = n.Label
		if n.Kind == casefile.NodeExploit || n.Kind == casefile.NodeAct {
			labels[n.ID] = w.plainTitle(n.Label)
		}
	}
	for _, e := range v.Graph.Edges[:min(len(v.Graph.Edges), mostEdges)] {
		r.Edges = append(r.Edges, edge{labels[e.From], labels[e.To], e})
	}
}

// rules counts the steps of each rule.
func (r *report) rules() {
	uses := map[string]int{}
	for _, f := range r.Case.Findings {
		for _, s := range f.Steps {
			uses[cmp.Or(s.Rule, f.Rule)]++
		}
	}
	for name, n := range uses {
		r.Rules = append(r.Rules, ruleUse{name, n})
	}
	slices.SortFunc(r.Rules, func(a, b ruleUse) int { return cmp.Compare(a.Name, b.Name) })
}

// dated are the sources whose times are those of events: files and builds
// have dates of years ago.
func dated(c wire.Coverage) bool {
	return !c.First.IsZero() && c.Source != "builds" && c.Source != "web files" && c.Source != "other files"
}

func (r *report) span() {
	for _, c := range r.Coverage {
		if !dated(c) {
			continue
		}
		if r.From.IsZero() || c.First.Before(r.From) {
			r.From = c.First
		}
		if c.Last.After(r.To) {
			r.To = c.Last
		}
	}
}

// verdict says it in three sentences.
func (r *report) verdict(w *words, v *casefile.Activity) {
	c := r.Case
	say := func(text string, values ...any) {
		r.Says = append(r.Says, template.HTML(template.HTMLEscapeString(w.t(text, values...))))
	}
	r.Tone = map[wire.Verdict]string{wire.Compromised: "bad", wire.Attacked: "warn", wire.Exposed: "warn", wire.NoSign: "good"}[c.End.Verdict]
	r.Verdict = w.verb(c.End.Verdict)
	if !c.Complete {
		r.Tone, r.Verdict = "none", w.t("not finished")
		say("The scan was cut short: what follows is what it had found by then, and the rest is unknown.")
		return
	}
	confidence := w.verb(string(c.End.Confidence) + " confidence")
	acts := weightiest(c)
	broken := 0
	for _, s := range c.Scans {
		if s.End.Verdict == wire.Compromised {
			broken++
		}
	}
	switch c.End.Verdict {
	case wire.Compromised:
		if n := len(c.Scans); n > 0 {
			say("Of %d scans, %d found a break-in (%s).", n, broken, confidence)
		} else {
			say("%s was broken into (%s).", r.Host, confidence)
		}
		if len(acts) > 0 {
			first := acts[0]
			for _, f := range acts {
				if f.Outcome == finding.Succeeded && !f.Start.IsZero() && (f.Start.Before(first.Start) || first.Start.IsZero()) {
					first = f
				}
			}
			text := template.HTMLEscapeString(w.t("The first act that worked is of %s: ", w.when(first.Start))) + "<strong>" + string(w.title(first.Title)) + "</strong>"
			text += template.HTMLEscapeString(w.t("; the last hostile act seen is of %s", w.when(r.Last)))
			if n := len(v.Clusters); n > 1 {
				text += template.HTMLEscapeString(w.t(", and %s are told apart.", w.n(n, "group of activity", "groups of activity")))
			} else {
				text += "."
			}
			r.Says = append(r.Says, template.HTML(text))
		}
	case wire.Attacked:
		say("%s was attacked (%s).", r.Host, confidence)
		if len(acts) > 0 {
			text := template.HTMLEscapeString(w.t("The gravest attempt is of %s: ", w.when(acts[0].Start))) + "<strong>" + string(w.title(acts[0].Title)) + "</strong>"
			r.Says = append(r.Says, template.HTML(text+template.HTMLEscapeString(w.t("; nothing in the evidence shows that it worked."))))
		}
	case wire.Exposed:
		open, exploited := map[string]bool{}, map[string]bool{}
		for _, e := range c.Exposures {
			for _, s := range e.CVEs {
				if s.State == wire.Vulnerable {
					open[s.ID] = true
					if s.Exploited != "" {
						exploited[s.ID] = true
					}
				}
			}
		}
		say("%s is exposed, and no sign of a break-in was found (%s).", r.Host, confidence)
		if n := w.n(len(open), "known vulnerability", "known vulnerabilities"); len(exploited) > 0 {
			say("Its build is open to %s, of which %d are known to be exploited.", n, len(exploited))
		} else {
			say("Its build is open to %s.", n)
		}
	case wire.NoSign:
		say("No sign of a break-in was found on %s (%s).", r.Host, confidence)
		say("%s were read, and nothing in them shows that somebody got in.", w.n(c.End.Counts.Events, "event", "events"))
	default:
		say("There is not enough evidence to say whether %s was broken into.", r.Host)
	}
	if r.From.IsZero() {
		say("The evidence holds no dated log, so it says nothing of when.")
	} else {
		say("The logs cover %s to %s; what could not be seen is listed below and limits this answer.", w.day(r.From), w.day(r.To))
	}
}

// weightiest returns the findings that the verdict rests on, the gravest first.
func weightiest(c *casefile.Case) []finding.Finding {
	var list []finding.Finding
	for _, f := range c.Findings {
		if f.Phase != finding.Scanning && f.Level.Rank() >= finding.Medium.Rank() {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b finding.Finding) int {
		worked := func(f finding.Finding) int {
			if f.Outcome == finding.Succeeded {
				return 0
			}
			return 1
		}
		return cmp.Or(worked(a)-worked(b), cmp.Compare(b.Level.Rank(), a.Level.Rank()), a.Start.Compare(b.Start))
	})
	return list
}

func (r *report) intruders(w *words, v *casefile.Activity, numbers map[*finding.Finding]int) {
	where := r.Case.Where()
	for i, cl := range v.Clusters {
		if i == mostIntruders {
			r.MoreIntruders = len(v.Clusters) - i
			break
		}
		in := intruder{Cluster: cl, Hue: hue(cl.Name)}
		in.Says = append(in.Says, w.t("Seen: %s.", w.span(cl.First, cl.Last)))
		switch {
		case cl.Commanded:
			in.Says = append(in.Says, w.t("It commanded %s.", w.n(len(cl.Shells), "web shell", "web shells")))
		case len(cl.Shells) > 0 && !cl.Succeeded:
			in.Says = append(in.Says, w.t("It asked for a web shell and got an answer, without a command as far as the logs tell."))
		case cl.Succeeded:
			in.Says = append(in.Says, w.t("It got in; no command to a web shell is seen from its addresses."))
		default:
			in.Says = append(in.Says, w.t("It tried; nothing shows that it got in."))
		}
		for _, a := range cl.Addresses[:min(len(cl.Addresses), 6)] {
			var facts []string
			for _, f := range r.Case.About(finding.Address, a) {
				facts = append(facts, w.fact(f))
			}
			if len(facts) > 0 {
				in.Known = append(in.Known, w.t("%s: %s", publish.Plain(a), strings.Join(facts, "; ")))
			}
		}
		for k, f := range cl.Findings {
			if k == mostRows {
				in.More = len(cl.Findings) - k
				break
			}
			in.Rows = append(in.Rows, row{numbers[f], *f, where(f), commands(v, f)})
		}
		for _, t := range cl.Why[:min(len(cl.Why), mostRows)] {
			via := publish.Plain(t.Via)
			switch t.Kind {
			case casefile.TieWritten:
				in.Ties = append(in.Ties, w.t("%s commanded %s %s after %s had it written.", t.B, via, w.pause(t.Gap), t.A))
			case casefile.TieShared:
				in.Ties = append(in.Ties, w.t("%s and %s commanded %s within %s of each other.", t.A, t.B, via, w.pause(t.Gap)))
			case casefile.TieAgent:
				in.Ties = append(in.Ties, w.t("%s and %s asked for the same web shell under the same user agent within %s of each other (%s).", t.A, t.B, w.pause(t.Gap), cut(via, 60)))
			case casefile.TieProcess:
				in.Ties = append(in.Ties, w.t("“%s”: the web server started the process within %s of a request of %s to %s.", w.plainTitle(t.B), w.pause(t.Gap.Abs()), t.A, via))
			}
		}
		for i := range in.Ties {
			in.Ties[i] = publish.Plain(in.Ties[i])
		}
		r.Intruders = append(r.Intruders, in)
	}
	r.Background = len(v.Background)
	for i, f := range v.Unassigned {
		if i == mostRows {
			r.MoreUnassigned = len(v.Unassigned) - i
			break
		}
		r.Unassigned = append(r.Unassigned, row{numbers[f], *f, where(f), commands(v, f)})
	}
}

// pause says how long, roughly.
func (w *words) pause(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return w.n(max(1, int64(d.Round(time.Second)/time.Second)), "second", "seconds")
	case d < 2*time.Minute:
		return w.n(int64(d.Round(time.Second)/time.Second), "second", "seconds")
	case d < 2*time.Hour:
		return w.n(int64(d.Round(time.Minute)/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		return w.n(int64(d.Round(time.Hour)/time.Hour), "hour", "hours")
	}
	return w.n(int64(d.Round(24*time.Hour)/(24*time.Hour)), "day", "days")
}

// indicators lists what to block or to look for elsewhere.
func (r *report) indicators(w *words, v *casefile.Activity) {
	var addresses, doubtful, agents, paths, hashes, domains []string
	put := func(list *[]string, s string) {
		if s = publish.Plain(s); s != "" && !slices.Contains(*list, s) && len(*list) < mostAddresses {
			*list = append(*list, s)
		}
	}
	for _, n := range publish.Indicators(r.Case) {
		why, _ := w.known(n.Note)
		switch {
		case n.Type == finding.Address && n.Block:
			put(&addresses, n.Value)
		case n.Type == finding.Address && n.Level.Rank() >= finding.Medium.Rank():
			put(&doubtful, n.Value+"  ("+why+")")
		case (n.Type == finding.Domain || n.Type == finding.URL) && n.Block:
			put(&domains, n.Value)
		case n.Type == finding.Domain || n.Type == finding.URL:
			put(&domains, n.Value+"  ("+why+")")
		}
	}
	for _, cl := range v.Clusters {
		for _, a := range cl.Agents {
			if !strings.HasPrefix(a, "Mozilla/") {
				put(&agents, a)
			}
		}
	}
	for _, s := range v.Shells {
		put(&paths, s.Path)
		put(&hashes, s.Hash)
	}
	for _, f := range r.Case.Findings {
		for _, e := range f.Entities {
			if e.Type == finding.Hash {
				put(&hashes, e.Value)
			}
		}
	}
	add := func(kind, note string, lines []string) {
		if len(lines) > 0 {
			r.Block = append(r.Block, block{w.t(kind), w.t(note), lines})
		}
	}
	add("Addresses", "Block them at the edge and look for them in the logs of other servers. Leased servers change hands: let the rule expire.", addresses)
	add("Addresses that no block list may take without a look", "Look for them in the logs of other servers. Why they are not for blocking stands behind each.", doubtful)
	add("Paths of web shells", "Search the access logs of other servers for them.", paths)
	add("SHA-256 of files", "Search for them on other servers.", hashes)
	add("Domains and URLs", "Block them at the proxy and the name server, if no remark says otherwise.", domains)
	add("User agents of tools", "To search with, not to block: others use them as well.", agents)
}

func (r *report) addresses(w *words, v *casefile.Activity) {
	of := map[string]string{}
	for _, cl := range v.Clusters {
		for _, a := range cl.Addresses {
			of[a] = cl.Name
		}
	}
	for i, a := range r.Case.Addresses() {
		if i == mostAddresses {
			r.More = len(r.Case.Addresses()) - i
			break
		}
		x := address{Actor: a, Cluster: of[a.Address]}
		for _, f := range r.Case.About(finding.Address, a.Address) {
			x.Facts = append(x.Facts, w.fact(f))
		}
		r.Addresses = append(r.Addresses, x)
	}
}

// fact says what a table holds, with its date.
func (w *words) fact(f enrich.Fact) string {
	what := w.verb("kind " + string(f.Kind))
	switch {
	case w.lang == "en":
		return publish.Plain(f.Text)
	case f.Kind == enrich.Reserved:
		text, _ := w.known(f.Text)
		return publish.Plain(text)
	case f.ASN > 0:
		what += " : AS" + w.bare(int64(f.ASN))
	}
	if f.Name != "" {
		what += ", " + f.Name
	}
	if f.Country != "" {
		what += ", " + f.Country
	}
	source, _ := w.known(f.Source)
	return publish.Plain(w.t("%s (table %s of %s)", spaced(what), source, f.Date))
}

func (w *words) bare(n int64) string {
	return strings.NewReplacer(",", "", "\u202f", "").Replace(w.number(n))
}
