// Package storetest is the conformance suite of the hub's store: each engine
// runs it on a database of its own.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/store"
	"limier/wire"
)

// now is when all tests begin.
var now = time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)

// Run runs the suite. open gives an empty database each time.
func Run(t *testing.T, open func(t *testing.T) *store.Hub) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *store.Hub)
	}{
		{"Ingest", testIngest}, {"Replace", testReplace}, {"Servers", testServers}, {"Search", testSearch}, {"Scope", testScope}, {"Notify", testNotify},
		{"Tokens", testTokens}, {"Accounts", testAccounts}, {"Trail", testTrail}, {"Expire", testExpire}, {"Counts", testCounts}, {"Publish", testPublish}, {"Pages", testPages},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Case makes a case: n decides what differs from others, hostile whether there
// was an intrusion.
func Case(n int, hostile bool) *casefile.Case {
	at := time.Date(2021, 3, 1+n%9, 4, n%60, 0, 0, time.UTC)
	c := &casefile.Case{
		Start: wire.Start{Format: wire.Format, Version: "test", Source: "live", Host: fmt.Sprintf("EX%04d", n), Acquired: now.Add(-time.Hour), Rules: 3},
		Exposures: []wire.Exposure{{Product: "Exchange Server 2019", Build: fmt.Sprintf("15.2.792.%d", n%3), Name: "Exchange Server 2019 CU8", Proof: []evidence.Ref{{Path: "setup.log", Line: 4}},
			CVEs: []wire.CVEState{{ID: "CVE-2021-26855", State: wire.Vulnerable, Exploited: "2021-11-03"}, {ID: "CVE-2024-21410", State: wire.Depends}, {ID: "CVE-2020-0688", State: wire.Fixed}}}},
		End:      wire.End{Verdict: wire.Exposed, Confidence: finding.HighConfidence, Reason: "open to it", Coverage: []wire.Coverage{{Source: "IIS", Files: 1, Events: 9, First: at, Last: at}}},
		Complete: true,
	}
	file := func(path, text string) {
		sum := sha256.Sum256([]byte(text))
		c.Evidence = append(c.Evidence, wire.Evidence{Path: path, Size: int64(len(text)), SHA256: fmt.Sprintf("%x", sum)})
	}
	file("C/inetpub/wwwroot/logo.aspx", "a vendor's page")
	file("C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", fmt.Sprint("log ", n))
	if !hostile {
		return c
	}
	file("C/inetpub/wwwroot/aspnet_client/supp0rt.aspx", fmt.Sprint("shell ", n%2))
	shell := c.Evidence[2]
	c.Findings = []finding.Finding{
		{ID: "a", Rule: "proxylogon", Title: "ProxyLogon: a 100% new shell_was written", Phase: finding.Exploitation, Outcome: finding.Succeeded, Level: finding.Critical, Confidence: finding.HighConfidence, Start: at, End: at.Add(time.Hour),
			Techniques: []string{"T1190"}, Count: 3, Entities: []finding.Entity{{Type: finding.Address, Value: fmt.Sprintf("203.0.113.%d", n%2), Role: "attacker"}},
			Steps: []finding.Step{{Time: at, Text: "'); DROP TABLE server;--", Ref: evidence.Ref{Path: `..\..\x`, Line: 7}, Raw: "raw \x1b[31m"}}},
		{ID: "b", Rule: "webshell", Title: "Web shell on disk", Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.Critical, Start: at, End: at, Techniques: []string{"T1505.003"}, Count: 1,
			Entities: []finding.Entity{{Type: finding.FilePath, Value: "/aspnet_client/supp0rt.aspx", Role: "shell"}, {Type: finding.Hash, Value: shell.SHA256, Role: "shell"}},
			Steps:    []finding.Step{{Text: "shell", Ref: evidence.Ref{Path: shell.Path}, Raw: `sink: (Request["example"],"unsafe")`}}},
		{ID: "c", Rule: "scanning", Title: "Scanner", Phase: finding.Scanning, Level: finding.Low, Start: at.AddDate(0, 0, -9), End: at, Count: 1,
			Entities: []finding.Entity{{Type: finding.Address, Value: "2001:DB8::1", Role: "scanner"}}, Steps: []finding.Step{{Text: "scan"}}},
	}
	c.End.Verdict, c.End.Reason = wire.Compromised, "a shell"
	c.End.Counts.Findings = len(c.Findings)
	return c
}

// Submission makes a submission of a case.
func Submission(t testing.TB, server int64, c *casefile.Case, received time.Time) store.Submission {
	t.Helper()
	stream := Stream(t, c)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return store.Submission{Server: server, Received: received, Evidence: sha256.Sum256(append([]byte("evidence"), stream...)), Hash: sha256.Sum256(stream), Body: enc.EncodeAll(stream, nil), Summary: store.Summarize(c)}
}

// Stream writes a case as the stream it was read from.
func Stream(t testing.TB, c *casefile.Case) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	put := func(m wire.Message) {
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	put(wire.Message{Start: &c.Start})
	for i := range c.Exposures {
		put(wire.Message{Exposure: &c.Exposures[i]})
	}
	for i := range c.Findings {
		put(wire.Message{Finding: &c.Findings[i]})
	}
	for i := range c.Evidence {
		put(wire.Message{Evidence: &c.Evidence[i]})
	}
	for i := range c.Gaps {
		put(wire.Message{Gap: &c.Gaps[i]})
	}
	if c.Complete {
		put(wire.Message{End: &c.End})
	}
	return b.Bytes()
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func enrol(t *testing.T, h *store.Hub, org, name string) int64 {
	t.Helper()
	return must(h.Enrol(t.Context(), org, name, "key "+name, now))(t)
}

func ingest(t *testing.T, h *store.Hub, batch ...store.Submission) []store.Outcome {
	t.Helper()
	return must(h.Ingest(t.Context(), batch))(t)
}

func testIngest(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a, b := enrol(t, h, "org-a", "ex01"), enrol(t, h, "org-b", "ex01")
	gone := enrol(t, h, "org-b", "ex02")
	if err := h.Revoke(ctx, store.All(), gone, now); err != nil {
		t.Fatal(err)
	}
	first := Submission(t, a, Case(1, true), now)
	clean := Submission(t, b, Case(2, false), now)
	got := ingest(t, h, first, clean, first, Submission(t, 999, Case(3, true), now), Submission(t, gone, Case(3, true), now))
	if diff := cmp.Diff([]store.Outcome{store.Stored, store.Stored, store.Duplicate, store.Unknown, store.Unknown}, got); diff != "" {
		t.Error(diff)
	}
	if got := ingest(t, h, first); got[0] != store.Duplicate {
		t.Error("a replayed case is", got[0])
	}
	o := must(h.Overview(ctx, store.All()))(t)
	want := store.Overview{Servers: 3, Organisations: 2, Cases: 2,
		Verdicts: []store.Count{{Key: "compromised", Servers: 1}, {Key: "exposed", Servers: 1}, {Key: "", Servers: 1}},
		CVEs:     []store.CVE{{ID: "CVE-2021-26855", Exploited: "2021-11-03", Vulnerable: 2}, {ID: "CVE-2024-21410", Depends: 2}},
		Builds:   []store.Build{{Product: "Exchange Server 2019", Build: "15.2.792.1", Name: "Exchange Server 2019 CU8", Servers: 1}, {Product: "Exchange Server 2019", Build: "15.2.792.2", Name: "Exchange Server 2019 CU8", Servers: 1}},
		Curve:    []store.Day{{Day: "2021-03-02", Compromised: 1}},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	s := must(h.Server(ctx, store.All(), a))(t)
	if s.Verdict != wire.Compromised || s.Build != "15.2.792.1" || s.Cases != 1 || s.Findings != 3 || !s.Received.Equal(now) || s.Skew() != 0 {
		t.Errorf("server: %+v", s)
	}
	cases := must(h.Cases(ctx, store.All(), a))(t)
	if len(cases) != 1 || cases[0].ID != s.Latest || cases[0].Evidence != first.Evidence || cases[0].Hash != first.Hash {
		t.Fatalf("cases: %+v", cases)
	}
	info, c, err := h.Case(ctx, store.All(), s.Latest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Case(1, true), c); diff != "" || info != cases[0] {
		t.Error(diff)
	}
	held := must(h.Held(ctx, a, [][32]byte{first.Evidence, clean.Evidence}))(t)
	if diff := cmp.Diff([][32]byte{first.Evidence}, held); diff != "" {
		t.Error(diff)
	}
	if _, err := h.Enrol(ctx, "org-a", "ex01", "another key", now); !errors.Is(err, store.ErrEnrolled) {
		t.Error("a name was taken over:", err)
	}
	if k := must(h.KeyHash(ctx, a))(t); k != "key ex01" {
		t.Error(k)
	}
	if _, err := h.KeyHash(ctx, gone); !errors.Is(err, store.ErrNotFound) {
		t.Error("a revoked server has a key:", err)
	}
	if id := must(h.Enrol(ctx, "org-b", "ex02", "new key", now))(t); id != gone {
		t.Errorf("enrolled again as %d, was %d", id, gone)
	}
}

func testReplace(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a := enrol(t, h, "org", "ex01")
	ingest(t, h, Submission(t, a, Case(1, true), now))
	ingest(t, h, Submission(t, a, Case(1, false), now.Add(time.Hour)))
	o := must(h.Overview(ctx, store.All()))(t)
	if o.Cases != 2 || len(o.Curve) != 0 || len(o.Verdicts) != 1 || o.Verdicts[0] != (store.Count{Key: "exposed", Servers: 1}) {
		t.Errorf("overview: %+v", o)
	}
	if kinds, _, err := h.SearchFindings(ctx, store.All(), "", "", store.Page{}); err != nil || len(kinds) != 0 {
		t.Error("findings of a case that was replaced:", kinds, err)
	}
	if files, _, err := h.SearchFiles(ctx, store.All(), "supp0rt", store.Page{}); err != nil || len(files) != 0 {
		t.Error("files of a case that was replaced:", files, err)
	}
	// Two of one server in one batch: the later counts.
	ingest(t, h, Submission(t, a, Case(4, true), now.Add(2*time.Hour)), Submission(t, a, Case(5, false), now.Add(3*time.Hour)))
	s := must(h.Server(ctx, store.All(), a))(t)
	if s.Verdict != wire.Exposed || s.Cases != 4 {
		t.Errorf("server: %+v", s)
	}
}

func testServers(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	var batch []store.Submission
	for n := range 30 {
		batch = append(batch, Submission(t, enrol(t, h, fmt.Sprintf("org-%d", n%4), fmt.Sprintf("ex%02d", n)), Case(n, n%5 == 0), now))
	}
	ingest(t, h, batch...)
	for _, c := range []struct {
		name  string
		scope store.Scope
		f     store.Filter
		want  int
	}{
		{"all", store.All(), store.Filter{}, 30},
		{"verdict", store.All(), store.Filter{Verdict: wire.Compromised}, 6},
		{"no such verdict", store.All(), store.Filter{Verdict: wire.NoSign}, 0},
		{"build", store.All(), store.Filter{Build: "15.2.792.1"}, 10},
		{"cve", store.All(), store.Filter{CVE: "CVE-2021-26855"}, 30},
		{"fixed cve", store.All(), store.Filter{CVE: "CVE-2020-0688"}, 0},
		{"cve and verdict", store.All(), store.Filter{CVE: "CVE-2024-21410", Build: "15.2.792.0", Verdict: wire.Compromised}, 2},
		{"name", store.All(), store.Filter{Name: "ex1"}, 10},
		{"organisation", store.All(), store.Filter{Organisation: "org-1"}, 8},
		{"scope", store.Org("org-1"), store.Filter{}, 8},
		{"scope and another organisation", store.Org("org-1"), store.Filter{Organisation: "org-2"}, 0},
		{"scope and name", store.Org("org-1"), store.Filter{Name: "ex"}, 8},
		{"no scope", store.Scope{}, store.Filter{}, 0},
		{"injection", store.All(), store.Filter{Name: "' OR 1=1 --", Build: "'", CVE: "%"}, 0},
	} {
		var all []int64
		page := store.Page{Limit: 4}
		for {
			servers, next, err := h.Servers(ctx, c.scope, c.f, page)
			if err != nil {
				t.Fatal(c.name, err)
			}
			for _, s := range servers {
				if slices.Contains(all, s.ID) {
					t.Errorf("%s: server %d twice", c.name, s.ID)
				}
				all = append(all, s.ID)
			}
			if page.After = next; next == "" {
				break
			}
		}
		if len(all) != c.want {
			t.Errorf("%s: %d servers, want %d", c.name, len(all), c.want)
		}
	}
	worst, _, err := h.Servers(ctx, store.All(), store.Filter{}, store.Page{Limit: 6})
	if err != nil || !slices.IsSortedFunc(worst, func(a, b store.Server) int { return b.LastHostile.Compare(a.LastHostile) }) || worst[5].Verdict != wire.Compromised {
		t.Error("the worst do not come first", err)
	}
}

func testSearch(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	var batch []store.Submission
	for n := range 12 {
		batch = append(batch, Submission(t, enrol(t, h, fmt.Sprintf("org-%d", n%2), fmt.Sprintf("ex%02d", n)), Case(n, n < 4), now))
	}
	ingest(t, h, batch...)
	findings := func(scope store.Scope, text string) (n []int) {
		t.Helper()
		kinds, _, err := h.SearchFindings(ctx, scope, text, "", store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kinds {
			n = append(n, k.Servers)
		}
		return n
	}
	for _, c := range []struct {
		text  string
		scope store.Scope
		want  []int
	}{
		{"WEB SHELL", store.All(), []int{4}}, {"web shell", store.Org("org-1"), []int{2}}, {"100% new", store.All(), []int{4}}, {"100%shell", store.All(), nil}, {"l_w", store.All(), []int{4}}, {"b_shell", store.All(), nil},
		{"", store.All(), []int{4, 4, 4}}, {"", store.Scope{}, nil}, {`\`, store.All(), nil}, {"'", store.All(), nil},
	} {
		if diff := cmp.Diff(c.want, findings(c.scope, c.text)); diff != "" {
			t.Errorf("findings %q: %s", c.text, diff)
		}
	}
	for _, c := range []struct {
		text  string
		scope store.Scope
		want  []string
	}{
		{"203.0.113.1", store.All(), []string{"203.0.113.1 2"}}, {"203.0.113.", store.All(), []string{"203.0.113.0 2", "203.0.113.1 2"}}, {"2001:db8::1", store.All(), []string{"2001:db8::1 4"}},
		{"SUPP0RT", store.All(), []string{"/aspnet_client/supp0rt.aspx 4"}}, {"SUPP0RT", store.Org("org-0"), []string{"/aspnet_client/supp0rt.aspx 2"}}, {"example", store.All(), []string{"example 4"}},
		{"T1190", store.All(), []string{"T1190 T1505.003 4"}}, {"203.0.113.1", store.Org("org-0"), nil}, {"nothing", store.All(), nil},
	} {
		found, _, err := h.SearchIndicators(ctx, c.scope, c.text, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range found {
			got = append(got, fmt.Sprint(i.Value, " ", i.Servers))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("indicators %q: %s", c.text, diff)
		}
	}
	files, _, err := h.SearchFiles(ctx, store.All(), "supp", store.Page{})
	if err != nil || len(files) != 2 || files[0].Servers != 2 || files[0].Path != "aspnet_client/supp0rt.aspx" {
		t.Fatalf("files: %+v %v", files, err)
	}
	if logs, _, err := h.SearchFiles(ctx, store.All(), "u_ex", store.Page{}); err != nil || len(logs) != 0 {
		t.Error("logs are no files to compare:", logs, err)
	}
	byHash, _, err := h.SearchFiles(ctx, store.All(), files[1].SHA256[:12], store.Page{})
	if err != nil || len(byHash) != 1 || byHash[0] != files[1] {
		t.Error("by hash:", byHash, err)
	}
	for _, f := range files {
		with, of := 0, 0
		for _, p := range must(h.Prevalence(ctx, f.ID))(t) {
			with, of = with+p.With, of+p.Servers
			if p.Servers != 4 || p.SamePath < p.With {
				t.Errorf("prevalence: %+v", p)
			}
		}
		if with != 2 || of != 8 {
			t.Errorf("on %d of %d", with, of)
		}
	}
	on, _, err := h.FileServers(ctx, store.All(), files[0].ID, store.Page{})
	if err != nil || len(on) != 2 {
		t.Error(on, err)
	}
	rare := must(h.FilesOf(ctx, store.All(), on[0].Server.ID, 10))(t)
	if len(rare) != 2 || rare[0].Servers != 2 || rare[1].Servers != 12 {
		t.Errorf("the rarest first: %+v", rare)
	}
	campaigns, _, err := h.Campaigns(ctx, store.All(), "", store.Page{})
	if err != nil || len(campaigns) != 7 || campaigns[0].Servers != 4 { // path, parameter, techniques; two addresses, two hashes
		t.Fatalf("campaigns: %+v %v", campaigns, err)
	}
	if some, _, err := h.Campaigns(ctx, store.All(), store.ShellParameter, store.Page{}); err != nil || len(some) != 1 || some[0].Value != "example" {
		t.Error(some, err)
	}
	if own, _, err := h.Campaigns(ctx, store.Org("org-1"), "", store.Page{Limit: 2}); err != nil || len(own) != 2 || own[0].Servers != 2 {
		t.Error(own, err)
	}
	c := must(h.Campaign(ctx, store.All(), campaigns[0].ID))(t)
	if c.Organisations != 2 || len(c.Related) != 6 || c.Related[0].Servers != 4 || c.Related[5].Servers != 2 {
		t.Errorf("campaign: %+v", c)
	}
	if c := must(h.Campaign(ctx, store.Org("org-0"), campaigns[0].ID))(t); c.Organisations != 1 || c.Servers != 2 {
		t.Errorf("campaign of one organisation: %+v", c)
	}
	where, next, err := h.IndicatorServers(ctx, store.All(), campaigns[0].ID, store.Page{Limit: 3})
	if err != nil || len(where) != 3 || next == "" || where[0].First.IsZero() {
		t.Error(where, next, err)
	}
	if where, next, err = h.IndicatorServers(ctx, store.All(), campaigns[0].ID, store.Page{After: next, Limit: 3}); err != nil || len(where) != 1 || next != "" {
		t.Error(where, next, err)
	}
}

func testScope(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a, b := enrol(t, h, "a", "ex01"), enrol(t, h, "b", "ex02")
	ingest(t, h, Submission(t, a, Case(1, true), now), Submission(t, b, Case(2, true), now))
	latest := must(h.Server(ctx, store.All(), a))(t).Latest
	files, _, err := h.SearchFiles(ctx, store.Org("a"), "supp", store.Page{})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for _, scope := range []store.Scope{store.Org("b"), store.Org(""), {}} {
		for name, err := range map[string]error{
			"server": second(h.Server(ctx, scope, a)), "cases": second(h.Cases(ctx, scope, a)), "files": second(h.FilesOf(ctx, scope, a, 5)), "revoke": h.Revoke(ctx, scope, a, now),
			"organisation": second(h.Organisation(ctx, scope, "a")), "notified": h.Notified(ctx, scope, "a", "x", now), "ask": second(h.AskFile(ctx, scope, store.FileRequest{Server: a})),
			"requests": second(h.FileRequests(ctx, scope, a, "")), "body": third(h.CaseBody(ctx, scope, latest)), "case": third(h.Case(ctx, scope, latest)),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%+v sees %s of another organisation: %v", scope, name, err)
			}
		}
		if on, _, err := h.FileServers(ctx, scope, files[0].ID, store.Page{}); err != nil || len(on) != 0 {
			t.Error(on, err)
		}
		for name, err := range map[string]error{
			"dead letters": third(h.DeadLetters(ctx, scope, store.Page{})), "dead letter": third(h.DeadLetter(ctx, scope, 1)), "put organisation": h.PutOrganisation(ctx, scope, store.Organisation{ID: "x"}),
			"token": h.NewToken(ctx, scope, store.Token{Organisation: "a"}), "account": h.PutAccount(ctx, scope, store.Account{Name: "x", Role: store.Admin}),
			"account of another": h.PutAccount(ctx, scope, store.Account{Name: "x", Role: store.Admin, Organisation: "a"}),
		} {
			if !errors.Is(err, store.ErrScope) {
				t.Errorf("%+v may: %s: %v", scope, name, err)
			}
		}
	}
	o := must(h.Overview(ctx, store.Org("a")))(t)
	if o.Servers != 1 || o.Cases != 1 || len(o.CVEs) != 2 || len(o.Builds) != 1 || len(o.Curve) != 1 {
		t.Errorf("overview of one organisation: %+v", o)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func testNotify(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a := enrol(t, h, "a", "ex01")
	enrol(t, h, "quiet", "ex02")
	ingest(t, h, Submission(t, a, Case(1, true), now))
	if err := h.PutOrganisation(ctx, store.All(), store.Organisation{ID: "a", Name: "Société A", Country: "FR", Contact: "cert@a.example"}); err != nil {
		t.Fatal(err)
	}
	list, _, err := h.Organisations(ctx, store.All(), true, store.Page{})
	if err != nil || len(list) != 1 || list[0].Name != "Société A" || list[0].Compromised != 1 || list[0].Servers != 1 {
		t.Fatal(list, err)
	}
	if err := h.Notified(ctx, store.All(), "a", "ana", now); err != nil {
		t.Fatal(err)
	}
	if list, _, err := h.Organisations(ctx, store.All(), true, store.Page{}); err != nil || len(list) != 0 {
		t.Error("told, and still to be told:", list, err)
	}
	b := enrol(t, h, "a", "ex03")
	ingest(t, h, Submission(t, b, Case(3, true), now))
	if list, _, err := h.Organisations(ctx, store.All(), true, store.Page{}); err != nil || len(list) != 1 || list[0].Compromised != 2 {
		t.Error("something new to tell:", list, err)
	}
	for n := range 5 {
		enrol(t, h, fmt.Sprint("org", n), "x")
	}
	seen := 0
	for page := (store.Page{Limit: 2}); ; {
		list, next, err := h.Organisations(ctx, store.All(), false, page)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(list)
		if page.After = next; next == "" {
			break
		}
	}
	if seen != 7 {
		t.Errorf("%d organisations, want 7", seen)
	}
}

func testTokens(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	put := func(text string, uses int) {
		t.Helper()
		if err := h.NewToken(ctx, store.Org("a"), store.Token{Hash: sha256.Sum256([]byte(text)), Organisation: "a", Created: now, CreatedBy: "ana", Expires: now.Add(time.Hour), Uses: uses}); err != nil {
			t.Fatal(err)
		}
	}
	put("one", 1)
	use := func(token, server, key string, at time.Time) error {
		_, _, err := h.UseToken(ctx, token, server, key, at)
		return err
	}
	if err := use("one", "ex01", "k1", now.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
		t.Error("expired:", err)
	}
	_, id, err := h.UseToken(ctx, "one", "ex01", "k1", now)
	if err != nil {
		t.Fatal(err)
	}
	if s := must(h.Server(ctx, store.Org("a"), id))(t); s.Name != "ex01" {
		t.Errorf("%+v", s)
	}
	if err := use("one", "ex01", "k1", now); err != nil {
		t.Error("the same server with the same key, as after a lost answer:", err)
	}
	for name, err := range map[string]error{"used up": use("one", "ex02", "k2", now), "stolen": use("one", "ex01", "k2", now), "unknown": use("two", "ex03", "k3", now)} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	put("many", 5)
	if err := use("many", "ex01", "stolen key", now); !errors.Is(err, store.ErrEnrolled) {
		t.Error("a stolen token took a server's name over:", err)
	}
	if all := must(h.Tokens(ctx, store.All()))(t); len(all) != 2 || all[0].Uses+all[1].Uses != 5 {
		t.Errorf("a failed enrolment costs no use: %+v", all)
	}
	if err := h.RevokeToken(ctx, store.Org("b"), sha256.Sum256([]byte("many"))); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := h.RevokeToken(ctx, store.Org("a"), sha256.Sum256([]byte("many"))); err != nil {
		t.Error(err)
	}
	if err := use("many", "ex09", "k", now); !errors.Is(err, store.ErrNotFound) {
		t.Error("revoked:", err)
	}
}

func testAccounts(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	ana := store.Account{Name: "ana", Organisation: "a", Role: store.Analyst, Password: "hash", Subject: "https://idp 7", Created: now}
	if err := h.PutAccount(ctx, store.All(), ana); err != nil {
		t.Fatal(err)
	}
	got := must(h.Account(ctx, "ana"))(t)
	if diff := cmp.Diff(ana, got); diff != "" {
		t.Error(diff)
	}
	if a := must(h.AccountBySubject(ctx, "https://idp 7"))(t); a.Name != "ana" {
		t.Error(a)
	}
	if _, err := h.AccountBySubject(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Error("no subject is nobody:", err)
	}
	for range 3 {
		if err := h.LogIn(ctx, "ana", false, now); err != nil {
			t.Fatal(err)
		}
	}
	if a := must(h.Account(ctx, "ana"))(t); a.Failures != 3 || !a.Failed.Equal(now) {
		t.Errorf("%+v", a)
	}
	if err := h.LogIn(ctx, "ana", true, now); err != nil {
		t.Fatal(err)
	}
	if a := must(h.Account(ctx, "ana"))(t); a.Failures != 0 {
		t.Errorf("%+v", a)
	}
	if err := h.PutAccount(ctx, store.All(), store.Account{Name: "x", Role: "king"}); err == nil {
		t.Error("a role that is none")
	}
	session := store.Session{Account: ana, Created: now, Expires: now.Add(time.Hour), Address: "192.0.2.1"}
	if err := h.NewSession(ctx, "secret", session); err != nil {
		t.Fatal(err)
	}
	if s := must(h.Session(ctx, "secret", now))(t); s.Account.Name != "ana" || s.Account.Scope() != store.Org("a") || s.Address != "192.0.2.1" {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		secret string
		at     time.Time
	}{{"secret", now.Add(time.Hour)}, {"wrong", now}, {"", now}} {
		if _, err := h.Session(ctx, c.secret, c.at); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q at %v: %v", c.secret, c.at, err)
		}
	}
	ana.Disabled = true
	if err := h.PutAccount(ctx, store.Org("a"), ana); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Session(ctx, "secret", now); !errors.Is(err, store.ErrNotFound) {
		t.Error("a session outlived its account:", err)
	}
	if err := h.PutAccount(ctx, store.Org("b"), store.Account{Name: "ana", Organisation: "b", Role: store.Viewer}); !errors.Is(err, store.ErrScope) {
		t.Error("an account was taken over:", err)
	}
	if all := must(h.Accounts(ctx, store.Org("b")))(t); len(all) != 0 {
		t.Error(all)
	}
}

func testTrail(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	for n := range 5 {
		if err := h.Log(ctx, store.Entry{At: now, Actor: "ana", Organisation: fmt.Sprint(n % 2), Action: "look", Object: fmt.Sprint(n), Detail: "nul \x00 and \xff"}); err != nil {
			t.Fatal(err)
		}
	}
	all, next, err := h.Audit(ctx, store.All(), store.Page{Limit: 3})
	if err != nil || len(all) != 3 || all[0].Object != "4" || next == "" {
		t.Fatal(all, next, err)
	}
	if own, _, err := h.Audit(ctx, store.Org("1"), store.Page{}); err != nil || len(own) != 2 {
		t.Error(own, err)
	}
	for _, body := range [][]byte{nil, []byte("broken \x00")} {
		if err := h.PutDeadLetter(ctx, store.DeadLetter{At: now, Server: 7, Reason: "no case"}, body); err != nil {
			t.Fatal(err)
		}
	}
	dead, _, err := h.DeadLetters(ctx, store.All(), store.Page{})
	if err != nil || len(dead) != 2 || dead[0].Size != 8 || dead[0].Server != 7 {
		t.Fatal(dead, err)
	}
	if _, body, err := h.DeadLetter(ctx, store.All(), dead[0].ID); err != nil || string(body) != "broken \x00" {
		t.Error(body, err)
	}
	if err := h.Replayed(ctx, dead[0].ID, now); err != nil {
		t.Error(err)
	}
	a := enrol(t, h, "a", "ex01")
	x := Case(1, true)
	ingest(t, h, Submission(t, a, x, now))
	latest := must(h.Server(ctx, store.All(), a))(t).Latest
	ask := store.FileRequest{Case: latest, Path: store.FilePath(x.Evidence[2].Path), SHA256: x.Evidence[2].SHA256, Asked: now, AskedBy: "ana"}
	if _, err := h.AskFile(ctx, store.Org("a"), ask); !errors.Is(err, store.ErrNotAllowed) {
		t.Error("asked although the administrator does not allow it:", err)
	}
	if err := h.Contact(ctx, a, true, now); err != nil {
		t.Fatal(err)
	}
	other := ask
	other.SHA256 = x.Evidence[0].SHA256
	if _, err := h.AskFile(ctx, store.Org("a"), other); !errors.Is(err, store.ErrNotNamed) {
		t.Error("asked for what the case does not name:", err)
	}
	id := must(h.AskFile(ctx, store.Org("a"), ask))(t)
	if err := h.AnswerFile(ctx, a+1, store.FileRequest{ID: id, State: store.FileReceived}); !errors.Is(err, store.ErrNotFound) {
		t.Error("another server answered:", err)
	}
	if open := must(h.FileRequests(ctx, store.All(), a, store.FileAsked))(t); len(open) != 1 || open[0].Path != x.Evidence[2].Path || open[0].Server != a {
		t.Error(open)
	}
	if err := h.AnswerFile(ctx, a, store.FileRequest{ID: id, State: store.FileRefused, Reason: "not allowed", Answered: now}); err != nil {
		t.Error(err)
	}
	if err := h.AnswerFile(ctx, a, store.FileRequest{ID: id, State: store.FileReceived}); !errors.Is(err, store.ErrNotFound) {
		t.Error("answered twice:", err)
	}
	if err := h.Contact(ctx, a, true, now); err != nil {
		t.Fatal(err)
	}
	if s := must(h.Server(ctx, store.All(), a))(t); !s.AllowFiles || !s.Seen.Equal(now) {
		t.Errorf("%+v", s)
	}
}

func testExpire(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a := enrol(t, h, "a", "ex01")
	for n := range 4 {
		ingest(t, h, Submission(t, a, Case(n, true), now.AddDate(0, 0, n)))
	}
	n := must(h.Expire(ctx, now.AddDate(0, 0, 2)))(t)
	if left := must(h.Cases(ctx, store.All(), a))(t); n != 2 || len(left) != 2 {
		t.Errorf("%d expired, %d left", n, len(left))
	}
	// The latest case stays, however old.
	n = must(h.Expire(ctx, now.AddDate(1, 0, 0)))(t)
	if left := must(h.Cases(ctx, store.All(), a))(t); n != 1 || len(left) != 1 {
		t.Errorf("%d expired, %d left", n, len(left))
	}
	if o := must(h.Overview(ctx, store.All()))(t); o.Cases != 1 {
		t.Error(o.Cases, "cases")
	}
}

// testCounts submits at random and compares all that is counted with what
// counting anew gives.
func testCounts(t *testing.T, h *store.Hub) {
	r := rand.New(rand.NewPCG(1, 2))
	var ids []int64
	for n := range 12 {
		ids = append(ids, enrol(t, h, fmt.Sprintf("org-%d", n%3), fmt.Sprintf("ex%02d", n)))
	}
	for round := range 20 {
		var batch []store.Submission
		for range r.IntN(8) {
			batch = append(batch, Submission(t, ids[r.IntN(len(ids))], Case(r.IntN(20), r.IntN(2) == 0), now.Add(time.Duration(round)*time.Hour)))
		}
		ingest(t, h, batch...)
	}
	for what, q := range map[string]string{
		"verdicts":  `SELECT COUNT(*) FROM (SELECT verdict, COUNT(*) AS n FROM server GROUP BY verdict) s LEFT JOIN counter c ON c.kind = 'verdict' AND c.key = s.verdict WHERE c.n IS NULL OR c.n <> s.n`,
		"cases":     `SELECT COUNT(*) FROM counter WHERE kind = 'cases' AND n <> (SELECT COUNT(*) FROM cases)`,
		"findings":  `SELECT COUNT(*) FROM finding f WHERE servers <> (SELECT COUNT(*) FROM server_finding x WHERE x.finding = f.id)`,
		"indicator": `SELECT COUNT(*) FROM indicator f WHERE servers <> (SELECT COUNT(*) FROM server_indicator x WHERE x.indicator = f.id)`,
		"files":     `SELECT COUNT(*) FROM file f WHERE servers <> (SELECT COUNT(*) FROM server_file x WHERE x.file = f.id)`,
		"exposures": `SELECT COUNT(*) FROM exposure f WHERE servers <> (SELECT COUNT(*) FROM server x WHERE x.exposure = f.id)`,
		"builds":    `SELECT COUNT(*) FROM build f WHERE servers <> (SELECT COUNT(*) FROM server x JOIN exposure e ON e.id = x.exposure WHERE e.build = f.id)`,
		"by build":  `SELECT COUNT(*) FROM file_build f WHERE servers <> (SELECT COUNT(*) FROM server_file x JOIN server s ON s.id = x.server JOIN exposure e ON e.id = s.exposure WHERE x.file = f.file AND e.build = f.build)`,
		"orgs":      `SELECT COUNT(*) FROM organisation o WHERE compromised <> (SELECT COUNT(*) FROM server s WHERE s.org = o.id AND s.verdict = 'compromised') OR servers <> (SELECT COUNT(*) FROM server s WHERE s.org = o.id)`,
	} {
		var wrong int
		if err := h.DB().QueryRowContext(context.Background(), q).Scan(&wrong); err != nil {
			t.Fatal(what, err)
		}
		if wrong != 0 {
			t.Errorf("%s: %d counts are wrong", what, wrong)
		}
	}
}
