package casefile

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"limier/evidence"
	"limier/finding"
)

// A NodeKind is a kind of thing in the graph of an intrusion.
type NodeKind string

const (
	NodeAddress NodeKind = "address"
	NodeExploit NodeKind = "exploit" // the requests that made a way in
	NodeShell   NodeKind = "shell"
	NodeProcess NodeKind = "process"
	NodeFile    NodeKind = "file"    // a dump, archive or export that a command names
	NodeAccount NodeKind = "account" // made or changed
	NodeAct     NodeKind = "act"     // a finding on the host without a process
)

// A Node is a thing. Its ID is unique in a graph and the same for the same case.
type Node struct {
	ID      string
	Kind    NodeKind
	Label   string
	Time    time.Time // first seen; zero if unknown
	Cluster string    // name of the cluster; "" if none
	Ref     evidence.Ref
}

// An Edge says how one thing led to another, and where that is written.
type Edge struct {
	From, To    string
	Kind        EdgeKind
	Count       int
	First, Last time.Time
	Ref         evidence.Ref // the first proof
}

// An EdgeKind is the verb of an edge.
type EdgeKind string

const (
	Sent      EdgeKind = "sent"
	Wrote     EdgeKind = "wrote"
	Requested EdgeKind = "requested"
	Commanded EdgeKind = "commanded"
	Started   EdgeKind = "started"
	Named     EdgeKind = "named" // in its command line
)

// A Graph links shells, requests, addresses, processes and what they made.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// A Link is a command to a shell and the process that the web server started
// for it, by time and by the folder that the command names.
type Link struct {
	Request, Process Trace
	ByFolder         bool // the command changes into the shell's folder
}

// reach is how far a process may start from the end of the request for it.
const reach = 10 * time.Second

// linksOf finds the processes behind the requests to shells.
func linksOf(traces []Trace, shells []Shell, requests map[string][]Trace) []Link {
	posts := map[string][]*Trace{} // by machine
	folders := map[string]string{}
	for _, s := range shells {
		folders[s.Key] = s.Path[:strings.LastIndex(s.Path, "/")+1]
	}
	var keys []string
	for k := range requests {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for i := range requests[k] {
			if requests[k][i].Post {
				m := requests[k][i].Machine
				posts[m] = append(posts[m], &requests[k][i])
			}
		}
	}
	var links []Link
	children := map[[2]string]*Trace{} // by machine and PID: the request
	var rest []*Trace
	for i := range traces {
		t := &traces[i]
		switch {
		case t.Command == "":
		case t.ByServer:
			if r := nearest(posts[t.Machine], t.Step.Time, reach); r != nil {
				folder := folders[r.Shell]
				links = append(links, Link{*r, *t, folder != "" && contains(strings.ToLower(strings.ReplaceAll(t.Command, `\`, "/")), folder)})
				children[[2]string{t.Machine, t.PID}] = r
			}
		default:
			rest = append(rest, t)
		}
	}
	for _, t := range rest {
		if r := children[[2]string{t.Machine, t.Parent}]; r != nil && t.Step.Time.Sub(r.Step.Time).Abs() <= time.Hour {
			links = append(links, Link{Request: *r, Process: *t})
		}
	}
	return links
}

// contains compares as IIS writes: with plus signs for spaces.
func contains(raw, text string) bool {
	return strings.Contains(raw, text) || strings.Contains(raw, strings.ReplaceAll(text, " ", "+")) || strings.Contains(raw, strings.ReplaceAll(text, ", ", "  "))
}

// graph builds the graph of everything but mere scanning.
func (v *Activity) graph(c *Case) Graph {
	b := &builder{v: v, c: c, node: map[string]int{}, edge: map[[3]string]int{}, processes: map[string][]int{}, cluster: map[*finding.Finding]string{}, owner: map[string]string{}, machine: c.machines()}
	for _, cl := range v.Clusters {
		for _, a := range cl.Addresses {
			b.owner[a] = cl.Name
		}
		for _, f := range cl.Findings {
			b.cluster[f] = cmp.Or(b.cluster[f], cl.Name)
		}
	}
	b.exploits()
	b.shells()
	b.commands()
	b.aftermath()
	slices.SortStableFunc(b.g.Nodes, func(x, y Node) int {
		return cmp.Or(cmp.Compare(rank(x.Kind), rank(y.Kind)), x.Time.Compare(y.Time), cmp.Compare(x.ID, y.ID))
	})
	return b.g
}

// accounts are those that a finding says were made or changed.
func accounts(f *finding.Finding) []string {
	if !slices.ContainsFunc(f.Techniques, func(t string) bool { return strings.HasPrefix(t, "T1136") || strings.HasPrefix(t, "T1098") }) {
		return nil
	}
	var list []string
	for _, e := range f.Entities {
		if e.Type == finding.Account && e.Role != "acting" && e.Value != "" {
			list = append(list, e.Value)
		}
	}
	return list
}

func rank(k NodeKind) int {
	return slices.Index([]NodeKind{NodeAddress, NodeExploit, NodeShell, NodeProcess, NodeFile, NodeAccount, NodeAct}, k)
}

// products are files that dumps, archives and exports are written to.
var products = regexp.MustCompile(`(?i)[a-z]:\\[^"'<>|&;:*?\s]+\.(?:dmp|dump|zip|rar|7z|cab|pst|ntds|hiv)\b`)

// framed is a command as China Chopper sends it: change directory, run, echo
// marks.
var framed = regexp.MustCompile(`(?is)^"?cmd"?(?:\.exe)?"?\s+/c\s+cd /d\s+"[^"]*"&(.*?)(?:&echo \[S\].*)?$`)

// Bare is a command line without the frame that a shell's client puts around.
func Bare(command string) string {
	if m := framed.FindStringSubmatch(command); m != nil && m[1] != "" {
		return m[1]
	}
	return command
}

type builder struct {
	v         *Activity
	c         *Case
	g         Graph
	node      map[string]int
	edge      map[[3]string]int
	processes map[string][]int // by bare command: their nodes
	cluster   map[*finding.Finding]string
	owner     map[string]string // of an address: its cluster
	exploit   []*finding.Finding
	holder    map[evidence.Ref][]*finding.Finding // of a step: the exploits it is part of
	machine   func(*finding.Finding) string
}

func (b *builder) add(n Node) string {
	if _, ok := b.node[n.ID]; !ok {
		b.node[n.ID] = len(b.g.Nodes)
		b.g.Nodes = append(b.g.Nodes, n)
	}
	return n.ID
}

func (b *builder) address(t Trace) string {
	return b.add(Node{ID: "address " + t.Address, Kind: NodeAddress, Label: t.Address, Time: t.Step.Time, Cluster: b.owner[t.Address], Ref: t.Step.Ref})
}

// exploits adds what was exploited, and from which addresses.
func (b *builder) exploits() {
	b.holder = map[evidence.Ref][]*finding.Finding{}
	for i := range b.c.Findings {
		f := &b.c.Findings[i]
		if f.Phase != finding.Exploitation || len(f.Steps) == 0 {
			continue
		}
		b.exploit = append(b.exploit, f)
		id := b.add(Node{ID: "exploit " + f.ID, Kind: NodeExploit, Label: f.Title, Time: f.Start, Cluster: b.cluster[f], Ref: f.Steps[0].Ref})
		for _, k := range b.v.of[f] {
			t := b.v.Traces[k]
			b.holder[t.Step.Ref] = append(b.holder[t.Step.Ref], f)
			if t.Address != "" {
				b.link(b.address(t), id, Sent, t)
			}
		}
	}
}

// shells adds the web shells, the exploits that wrote them and who used them.
func (b *builder) shells() {
	for _, s := range b.v.Shells {
		if len(s.Finding.Steps) == 0 {
			continue
		}
		id := b.add(Node{ID: "shell " + s.Key, Kind: NodeShell, Label: s.Label(), Time: s.First, Cluster: b.cluster[s.Finding], Ref: s.Finding.Steps[0].Ref})
		for _, t := range b.v.writers(s) {
			from := b.holder[t.Step.Ref]
			for _, f := range b.exploit {
				if !slices.Contains(from, f) && !t.Step.Time.Before(f.Start) && !t.Step.Time.After(f.End) {
					from = append(from, f)
				}
			}
			for _, f := range from {
				b.link("exploit "+f.ID, id, Wrote, t)
			}
		}
		for _, t := range b.v.Requests[s.Key] {
			kind := Requested
			if t.Post {
				kind = Commanded
			}
			b.link(b.address(t), id, kind, t)
		}
	}
}

// commands adds what was run, by which shell or process, and what it names.
func (b *builder) commands() {
	shellOf := map[*finding.Step]string{}
	for _, l := range b.v.Links {
		if l.Process.ByServer {
			shellOf[l.Process.Step] = l.Request.Shell
		}
	}
	byPID := map[[2]string][]Trace{}
	for _, t := range b.v.Traces {
		if t.Command != "" && t.PID != "" {
			k := [2]string{t.Machine, t.PID}
			byPID[k] = append(byPID[k], t)
		}
	}
	for _, t := range b.v.Traces {
		if t.Command == "" || t.Finding.Phase == finding.Scanning {
			continue
		}
		p := b.process(t)
		if s := shellOf[t.Step]; s != "" {
			b.link("shell "+s, p, Started, t)
		}
		parents := byPID[[2]string{t.Machine, t.Parent}]
		if i := slices.IndexFunc(parents, func(o Trace) bool { return o.Step.Time.Sub(t.Step.Time).Abs() <= time.Hour }); i >= 0 {
			b.link(b.process(parents[i]), p, Started, t)
		}
		for _, file := range products.FindAllString(t.Command, 4) {
			b.link(p, b.add(Node{ID: "file " + On(b.machine(t.Finding), strings.ToLower(file)), Kind: NodeFile, Label: On(b.machine(t.Finding), base(file)), Time: t.Step.Time, Cluster: b.cluster[t.Finding], Ref: t.Step.Ref}), Named, t)
		}
		for _, a := range accounts(t.Finding) {
			if strings.Contains(strings.ToLower(t.Command), strings.ToLower(a)) {
				b.link(p, b.account(t.Finding, a), Named, t)
			}
		}
	}
}

// aftermath adds accounts that were made or changed, and what no command shows.
func (b *builder) aftermath() {
	for i := range b.c.Findings {
		f := &b.c.Findings[i]
		if f.Phase != finding.Aftermath || len(f.Steps) == 0 {
			continue
		}
		for _, a := range accounts(f) {
			b.account(f, a)
		}
		if !slices.ContainsFunc(b.v.of[f], func(i int) bool { return b.v.Traces[i].Command != "" }) {
			b.add(Node{ID: "act " + f.ID, Kind: NodeAct, Label: f.Title, Time: f.Start, Cluster: b.cluster[f], Ref: f.Steps[0].Ref})
		}
	}
}

// process adds a process once although two logs and several findings have it,
// and although a command shell stands before it.
func (b *builder) process(t Trace) string {
	label := On(b.machine(t.Finding), Bare(t.Command))
	for _, i := range b.processes[label] {
		if n := b.g.Nodes[i]; n.Time.Sub(t.Step.Time).Abs() <= time.Minute {
			return n.ID
		}
	}
	b.processes[label] = append(b.processes[label], len(b.g.Nodes))
	return b.add(Node{ID: "process " + t.Step.Time.UTC().Format(time.RFC3339Nano) + " " + label, Kind: NodeProcess, Label: label, Time: t.Step.Time, Cluster: b.cluster[t.Finding], Ref: t.Step.Ref})
}

func (b *builder) account(f *finding.Finding, name string) string {
	name = On(b.machine(f), name)
	return b.add(Node{ID: "account " + strings.ToLower(name), Kind: NodeAccount, Label: name, Time: f.Start, Cluster: b.cluster[f], Ref: f.Steps[0].Ref})
}

func (b *builder) link(from, to string, kind EdgeKind, t Trace) {
	if from == to {
		return
	}
	k := [3]string{from, to, string(kind)}
	i, ok := b.edge[k]
	if !ok {
		b.edge[k] = len(b.g.Edges)
		b.g.Edges = append(b.g.Edges, Edge{from, to, kind, 1, t.Step.Time, t.Step.Time, t.Step.Ref})
		return
	}
	e := &b.g.Edges[i]
	e.Count++
	if t.Step.Time.Before(e.First) {
		e.First, e.Ref = t.Step.Time, t.Step.Ref
	}
	if t.Step.Time.After(e.Last) {
		e.Last = t.Step.Time
	}
}
