package casefile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/acquire"
	"limier/builtin"
	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/scan"
	"limier/sigma"
)

// scanned scans the evidence at path with everything that ships.
func scanned(t *testing.T, path string) *casefile.Case {
	t.Helper()
	src, closer, err := acquire.Open(t.Context(), path, acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	all, bad := builtin.Rules()
	rules, worse := sigma.Compile(all, sigma.Config{})
	if bad = append(bad, worse...); len(bad) > 0 {
		t.Fatal(bad)
	}
	c, err := casefile.Build(scan.Run(context.Background(), src, scan.Config{Parsers: builtin.Parsers(), Rules: rules, Languages: builtin.Languages(), Detectors: builtin.Detectors()}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func shared(t *testing.T, elem ...string) string {
	t.Helper()
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real evidence at %s", path)
	}
	return path
}

func who(v *casefile.Activity) (all [][]string) {
	for _, cl := range v.Clusters {
		all = append(all, cl.Addresses)
	}
	return all
}

func TestActivityOfTheExample(t *testing.T) {
	c := scanned(t, "../examples/intrusion")
	v := c.Activity()
	if diff := cmp.Diff([][]string{{"203.0.113.45", "198.51.100.23"}, {"203.0.113.201"}}, who(v)); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"192.0.2.203", "192.0.2.61"}, v.Background); diff != "" {
		t.Errorf("background (-want +got):\n%s", diff)
	}
	if a := v.Clusters[0]; !a.Succeeded || !a.Commanded || !slices.ContainsFunc(a.Why, func(t casefile.Tie) bool { return t.Kind == casefile.TieWritten }) {
		t.Errorf("cluster A: %+v", a)
	}
	if b := v.Clusters[1]; b.Succeeded || b.Commanded || len(b.Shells) > 0 {
		t.Errorf("cluster B only probed: %+v", b)
	}
	for _, f := range v.Unassigned {
		t.Errorf("nobody did %q", f.Title)
	}
	for _, s := range v.Skews {
		if s.Apart() {
			t.Errorf("the example has one clock: %v", s)
		}
	}
	if len(v.Skews) < 2 {
		t.Errorf("%d comparisons of clocks, want 2 or more: %v", len(v.Skews), v.Skews)
	}
	want := map[casefile.EdgeKind]bool{casefile.Sent: true, casefile.Wrote: true, casefile.Requested: true, casefile.Commanded: true, casefile.Started: true, casefile.Named: true}
	for _, e := range v.Graph.Edges {
		delete(want, e.Kind)
		if e.Ref.Path == "" || e.Count < 1 {
			t.Errorf("edge without proof: %+v", e)
		}
	}
	for k := range want {
		t.Errorf("no edge %q", k)
	}
	if n := len(v.Requests["/owa/auth/errorew.aspx"]); n != 8 {
		t.Errorf("%d requests to the shell, want 8 although two logs hold each", n)
	}
	if diff := cmp.Diff(v.Graph, c.Activity().Graph); diff != "" {
		t.Errorf("not the same twice:\n%s", diff)
	}
}

// TestActivityOfHelseCERT has an exploiter of 3 March and two clients that
// looked at the shell days later.
func TestActivityOfHelseCERT(t *testing.T) {
	v := scanned(t, shared(t, "data", "exchange-logs", "helsecert-2021-03")).Activity()
	if diff := cmp.Diff([][]string{{"130.255.189.21"}, {"139.162.202.236"}, {"67.205.176.9"}}, who(v)); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if len(v.Clusters) != 3 {
		t.Fatal(who(v))
	}
	if a := v.Clusters[0]; !a.Succeeded || a.Commanded {
		t.Errorf("the exploiter wrote and did not command: %+v", a)
	}
	for _, cl := range v.Clusters[1:] {
		if cl.Succeeded || cl.Commanded {
			t.Errorf("%s only looked: %+v", cl.Addresses, cl)
		}
	}
}

// request is a step as IIS and the proxy log it.
func request(second int, address, method, id string) (iis, proxy finding.Step) {
	at := time.Date(2021, 3, 3, 4, 0, second, 0, time.UTC)
	iis = finding.Step{Time: at, Outcome: finding.Succeeded, Ref: evidence.Ref{Path: "u_ex.log", Line: second}, Text: method + " answered 200",
		Raw: at.Format(time.DateTime) + " 10.0.0.1 " + method + " /owa/auth/x.aspx &cafeReqId=" + id + "; 443 - " + address + " Mozilla/5.0 - 200 0 0 1"}
	later := at.Add(17 * time.Minute)
	proxy = finding.Step{Time: later, Outcome: finding.Succeeded, Ref: evidence.Ref{Path: "HttpProxy/Owa/HttpProxy_1.LOG", Line: second}, Text: method + " answered 200",
		Raw: later.Format(time.RFC3339) + "," + id + ",15,/owa/auth/x.aspx,Mozilla/5.0," + address + ",200," + method}
	return iis, proxy
}

func shellCase(steps ...finding.Step) *casefile.Case {
	f := finding.Finding{ID: "1", Title: "Web shell used: x.aspx", Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.High, Steps: steps,
		Entities: []finding.Entity{{Type: finding.FilePath, Value: "/owa/auth/x.aspx", Role: "shell"}}}
	for _, a := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.11"} {
		f.Entities = append(f.Entities, finding.Entity{Type: finding.Address, Value: a, Role: "attacker"})
	}
	return &casefile.Case{Findings: []finding.Finding{f}}
}

func TestClocksApart(t *testing.T) {
	a, b := request(5, "198.51.100.1", "POST", "bb23c491-719f-4083-a617-cdcb0706c962")
	c, d := request(9, "198.51.100.1", "POST", "c58aa8a4-cdeb-4cec-ba6d-2e00685e9917")
	v := shellCase(a, b, c, d).Activity()
	if len(v.Skews) != 1 || v.Skews[0].Median != 17*time.Minute || v.Skews[0].Pairs != 2 || !v.Skews[0].Apart() {
		t.Errorf("got %v, want 17 minutes from two requests", v.Skews)
	}
	if n := len(v.Requests["/owa/auth/x.aspx"]); n != 2 {
		t.Errorf("%d requests, want 2: the id joins what the clocks part", n)
	}
}

// TestSharedShell: whoever commands a shell within hours of another is taken
// for the same; whoever only looks at it is not.
func TestSharedShell(t *testing.T) {
	a, _ := request(1, "198.51.100.1", "POST", "bb23c491-719f-4083-a617-cdcb0706c962")
	b, _ := request(2, "198.51.100.2", "POST", "c58aa8a4-cdeb-4cec-ba6d-2e00685e9917")
	c, _ := request(3, "198.51.100.11", "GET", "5034d54c-b980-4cd0-8e70-8927dbedef60")
	v := shellCase(a, b, c).Activity()
	if diff := cmp.Diff([][]string{{"198.51.100.1", "198.51.100.2"}, {"198.51.100.11"}}, who(v)); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	b.Time = b.Time.Add(casefile.Handover + time.Minute)
	if v := shellCase(a, b, c).Activity(); len(v.Clusters) != 3 {
		t.Errorf("after %v it is somebody else: %v", casefile.Handover, who(v))
	}
}

// TestManyClients: a server that thousands tried takes seconds, not hours.
func TestManyClients(t *testing.T) {
	c := &casefile.Case{}
	for i := range 5000 {
		a, _ := request(i, fmt.Sprintf("198.51.%d.%d", i/250, i%250), "POST", fmt.Sprintf("bb23c491-719f-4083-a617-%012x", i))
		f := shellCase(a).Findings[0]
		f.ID, f.Entities = fmt.Sprint(i), append(f.Entities[:1:1], finding.Entity{Type: finding.Address, Value: fmt.Sprintf("198.51.%d.%d", i/250, i%250), Role: "attacker"})
		if i%2 == 0 {
			f.Phase = finding.Exploitation
		}
		c.Findings = append(c.Findings, f)
	}
	start := time.Now()
	v := c.Activity()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("%v", took)
	}
	n := 0
	for _, cl := range v.Clusters {
		n += len(cl.Addresses)
	}
	if n != 5000 {
		t.Errorf("%d addresses in clusters, want 5000", n)
	}
}

// Event logs name the address that a connection came from and the one it went
// to; only the first is somebody, and what it did is known without a request.
func TestClusterOfEventLogsAlone(t *testing.T) {
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	c := &casefile.Case{Complete: true, Findings: []finding.Finding{{
		ID: "1", Rule: "aftermath", Title: "PowerShell accepted a connection", Phase: finding.Aftermath, Outcome: finding.Succeeded, Level: finding.High, Start: at, End: at.Add(time.Minute),
		Entities: []finding.Entity{{Type: finding.Address, Value: "10.0.2.13", Role: "source"}, {Type: finding.Address, Value: "10.0.2.18", Role: "destination"}},
		Steps:    []finding.Step{{Time: at, Raw: "Provider_Name=Microsoft-Windows-Sysmon SourceIp=10.0.2.13 DestinationIp=10.0.2.18"}},
	}}}
	v := c.Activity()
	if len(v.Clusters) != 1 || len(v.Background) != 0 {
		t.Fatalf("clusters %+v, background %q", v.Clusters, v.Background)
	}
	cl := v.Clusters[0]
	if !slices.Equal(cl.Addresses, []string{"10.0.2.13"}) || !cl.Succeeded || !cl.First.Equal(at) || !cl.Last.Equal(at.Add(time.Minute)) {
		t.Errorf("%+v", cl)
	}
}
