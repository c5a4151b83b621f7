package casefile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"limier/evidence"
	"limier/finding"
)

// A Cluster is activity that the evidence ties together: one intruder, as far
// as it tells. Several clusters on one server may still be one intruder who
// changed everything, and an address may be shared: the tie is stated in Why.
type Cluster struct {
	Name        string   // "A", "B"…: the gravest first
	Addresses   []string // by first act; empty if no request could be tied to it
	Agents      []string // user agents of the requests
	Shells      []string // keys of the shells asked for
	First, Last time.Time
	Level       finding.Level
	Succeeded   bool // something of it worked
	Commanded   bool // a shell took commands
	Findings    []*finding.Finding
	Sessions    []Session
	Why         []Tie
}

// A Session is a run of requests of one address without a pause of an hour.
type Session struct {
	Address     string
	Shell       string // key of the shell; "" for requests to none
	First, Last time.Time
	Requests    int
	Ref         evidence.Ref // of the first
}

// A Tie is why two addresses, or an address and an act on the host, are put
// into one cluster.
type Tie struct {
	Kind TieKind
	A, B string // addresses; B is the title of a finding for TieProcess
	Via  string // key of the shell, or the user agent
	Gap  time.Duration
	Refs [2]evidence.Ref
}

// A TieKind is a kind of tie.
type TieKind string

const (
	TieWritten TieKind = "commanded what the other wrote"  // within Handover of it
	TieShared  TieKind = "commanded the same shell"        // within Handover of each other
	TieAgent   TieKind = "same shell and same user agent"  // within Handover of each other
	TieProcess TieKind = "a command and a process started" // within 10 seconds
)

// Handover is how close in time two addresses must act on one shell to be
// taken for one intruder. The name and the password of a shell get around:
// after hours somebody else may have found it.
const Handover = 6 * time.Hour

const pause = time.Hour

// cluster ties together what belongs together, the gravest cluster first.
func (v *Activity) cluster(c *Case) {
	clusters, u := v.Clusters, union{}
	byAddress := map[string][]*finding.Finding{}
	for i := range c.Findings {
		f := &c.Findings[i]
		for _, e := range f.Entities {
			// Where a process of the host connected to did nothing on it.
			if e.Type == finding.Address && e.Value != "" && e.Role != "destination" {
				byAddress[e.Value] = append(byAddress[e.Value], f)
			}
		}
	}
	var acting []string
	for _, a := range c.Addresses() {
		switch did := byAddress[a.Address]; {
		case slices.ContainsFunc(did, func(f *finding.Finding) bool { return f.Phase != finding.Scanning }):
			acting = append(acting, a.Address)
		case len(did) > 0:
			v.Background = append(v.Background, a.Address)
		}
	}
	ties := v.ties(u)
	at := map[string]int{} // by root: the cluster
	for _, a := range acting {
		root := u.find(a)
		i, ok := at[root]
		if !ok {
			i = len(clusters)
			at[root] = i
			clusters = append(clusters, Cluster{})
		}
		clusters[i].Addresses = append(clusters[i].Addresses, a)
	}
	did := v.acts(c, byAddress, ties)
	for i := range clusters {
		clusters[i].fill(did)
	}
	taken := map[*finding.Finding]bool{}
	for _, cl := range clusters {
		for _, f := range cl.Findings {
			taken[f] = true
		}
	}
	for i := range c.Findings {
		if f := &c.Findings[i]; !taken[f] && f.Phase != finding.Scanning {
			v.Unassigned = append(v.Unassigned, f)
		}
	}
	slices.SortStableFunc(clusters, func(a, b Cluster) int {
		return cmp.Or(yes(b.Succeeded)-yes(a.Succeeded), yes(b.Commanded)-yes(a.Commanded), cmp.Compare(b.Level.Rank(), a.Level.Rank()), a.First.Compare(b.First))
	})
	for i := range clusters {
		clusters[i].Name = name(i)
	}
	slices.Sort(v.Background)
	v.Clusters = clusters
}

// ties joins addresses that acted on one shell, and says why.
func (v *Activity) ties(u union) []Tie {
	var ties []Tie
	tie := func(t Tie) {
		if u.join(t.A, t.B) {
			ties = append(ties, t)
		}
	}
	for _, s := range v.Shells {
		for _, w := range v.writers(s) {
			for _, r := range v.Requests[s.Key] {
				if gap := r.Step.Time.Sub(w.Step.Time); r.Post && r.Address != w.Address && gap >= 0 && gap <= Handover {
					tie(Tie{TieWritten, w.Address, r.Address, s.Key, gap, [2]evidence.Ref{w.Step.Ref, r.Step.Ref}})
				}
			}
		}
		// Tying each request to the last before it is enough to join them all.
		var command *Trace
		byAgent := map[string]*Trace{}
		for i := range v.Requests[s.Key] {
			r := &v.Requests[s.Key][i]
			before := func(p *Trace, kind TieKind, via string) {
				if p != nil && p.Address != r.Address && r.Step.Time.Sub(p.Step.Time) <= Handover {
					tie(Tie{kind, p.Address, r.Address, via, r.Step.Time.Sub(p.Step.Time), [2]evidence.Ref{p.Step.Ref, r.Step.Ref}})
				}
			}
			if r.Post {
				before(command, TieShared, s.Key)
				command = r
			}
			if agent := agentOf(*r); agent != "" {
				k := bareAgent.Replace(agent)
				before(byAgent[k], TieAgent, agent)
				byAgent[k] = r
			}
		}
	}
	return ties
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// name counts A, B … Z, AA, AB.
func name(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return name(i/26-1) + name(i%26)
}

// writers returns the requests that the shell's finding gives as its origin.
func (v *Activity) writers(s Shell) []Trace {
	var list []Trace
	for _, i := range v.of[s.Finding] {
		if t := v.Traces[i]; t.Address != "" && t.Shell == "" {
			list = append(list, t)
		}
	}
	return list
}

// agentOf is the user agent of the finding that the request names; IIS writes
// its spaces as plus signs.
func agentOf(t Trace) string {
	for _, v := range valuesOf(t.Finding, finding.UserAgent) {
		if contains(t.Step.Raw, v) {
			return v
		}
	}
	return ""
}

// acts are what each address did.
type acts struct {
	findings         map[string][]*finding.Finding
	traces, requests map[string][]Trace
	links            map[string][]Link
	ties             map[string][]Tie
	place            map[*finding.Finding]int // in the case
}

// acts sorts what was done by address.
func (v *Activity) acts(c *Case, byAddress map[string][]*finding.Finding, ties []Tie) acts {
	did := acts{byAddress, map[string][]Trace{}, map[string][]Trace{}, map[string][]Link{}, map[string][]Tie{}, map[*finding.Finding]int{}}
	for i := range c.Findings {
		did.place[&c.Findings[i]] = i
	}
	for _, t := range v.Traces {
		if t.Address != "" {
			did.traces[t.Address] = append(did.traces[t.Address], t)
		}
	}
	for _, s := range v.Shells {
		for _, t := range v.Requests[s.Key] {
			did.requests[t.Address] = append(did.requests[t.Address], t)
		}
	}
	for _, l := range v.Links {
		did.links[l.Request.Address] = append(did.links[l.Request.Address], l)
	}
	for _, t := range ties {
		did.ties[t.A] = append(did.ties[t.A], t)
	}
	return did
}

func (cl *Cluster) fill(did acts) {
	mine := map[*finding.Finding]bool{}
	for _, a := range cl.Addresses {
		for _, f := range did.findings[a] {
			mine[f] = true
		}
		for _, t := range did.traces[a] {
			mine[t.Finding] = true
		}
		cl.Why = append(cl.Why, did.ties[a]...)
	}
	var acts []Trace
	seen := map[string]bool{}
	for _, a := range cl.Addresses {
		for _, l := range did.links[a] {
			if f := l.Process.Finding; !mine[f] {
				mine[f] = true
				cl.Why = append(cl.Why, Tie{TieProcess, a, f.Title, l.Request.Shell, l.Process.Step.Time.Sub(l.Request.Step.Time), [2]evidence.Ref{l.Request.Step.Ref, l.Process.Step.Ref}})
			}
		}
		for _, t := range did.requests[a] {
			acts = append(acts, t)
			seen[t.Step.Ref.String()] = true
		}
		for _, t := range did.traces[a] {
			cl.note(t)
			if k := t.Step.Ref.String(); !seen[k] && t.Shell == "" && !t.Step.Time.IsZero() {
				seen[k] = true
				acts = append(acts, t)
			}
		}
	}
	for f := range mine {
		cl.Findings = append(cl.Findings, f)
		if f.Level.Rank() > cl.Level.Rank() || cl.Level == "" {
			cl.Level = f.Level
		}
		if len(acts) == 0 { // known from event logs alone, which hold no requests
			if cl.First.IsZero() || !f.Start.IsZero() && f.Start.Before(cl.First) {
				cl.First = f.Start
			}
			if f.End.After(cl.Last) {
				cl.Last = f.End
			}
			cl.Succeeded = cl.Succeeded || f.Phase == finding.Aftermath && f.Outcome == finding.Succeeded
		}
	}
	slices.SortFunc(cl.Findings, func(a, b *finding.Finding) int { return cmp.Compare(did.place[a], did.place[b]) })
	slices.SortStableFunc(acts, func(a, b Trace) int {
		return cmp.Or(a.Step.Time.Compare(b.Step.Time), cmp.Compare(a.Step.Ref.String(), b.Step.Ref.String()))
	})
	open := map[[2]string]int{}
	for _, t := range acts {
		when := t.Step.Time
		if cl.First.IsZero() || when.Before(cl.First) {
			cl.First = when
		}
		if when.After(cl.Last) {
			cl.Last = when
		}
		if t.Shell != "" && !slices.Contains(cl.Shells, t.Shell) {
			cl.Shells = append(cl.Shells, t.Shell)
		}
		cl.Commanded = cl.Commanded || t.Shell != "" && t.Post && t.Step.Outcome == finding.Succeeded
		k := [2]string{t.Address, t.Shell}
		if i, ok := open[k]; ok && when.Sub(cl.Sessions[i].Last) <= pause {
			cl.Sessions[i].Last = when
			cl.Sessions[i].Requests++
			continue
		}
		open[k] = len(cl.Sessions)
		cl.Sessions = append(cl.Sessions, Session{t.Address, t.Shell, when, when, 1, t.Step.Ref})
	}
	first := map[string]int{} // session of each address
	for i := len(cl.Sessions) - 1; i >= 0; i-- {
		first[cl.Sessions[i].Address] = i + 1
	}
	slices.SortStableFunc(cl.Addresses, func(a, b string) int {
		if first[a] == 0 || first[b] == 0 { // without a session: last
			return yes(first[a] == 0) - yes(first[b] == 0)
		}
		return cmp.Compare(first[a], first[b])
	})
}

// note takes from a trace what it tells of the cluster.
func (cl *Cluster) note(t Trace) {
	if a := agentOf(t); a != "" && !slices.ContainsFunc(cl.Agents, func(o string) bool { return bareAgent.Replace(a) == bareAgent.Replace(o) }) {
		cl.Agents = append(cl.Agents, a)
	}
	// A shell that answered a look at it is no break-in by who looked.
	if t.Step.Outcome == finding.Succeeded && t.Finding.Outcome == finding.Succeeded && (t.Finding.Phase == finding.Exploitation || t.Shell != "" && t.Post) {
		cl.Succeeded = true
	}
}

// bareAgent makes user agents alike that logs write with other spaces and
// commas.
var bareAgent = strings.NewReplacer(" ", "", ",", "", "+", "")

// A union joins names into sets.
type union map[string]string

func (u union) find(a string) string {
	for u[a] != "" && u[a] != a {
		a = u[a]
	}
	return a
}

func (u union) join(a, b string) bool {
	x, y := u.find(a), u.find(b)
	if x == y {
		return false
	}
	u[max(x, y)] = min(x, y)
	return true
}
