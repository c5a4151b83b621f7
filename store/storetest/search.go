package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/finding"
	"limier/publish/taxii"
	"limier/store"
	"limier/wire"
)

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
	for _, odd := range []string{"\xff", "é"[:1], "a\x00b"} { // anybody can ask for it: no error of the database
		_, _, servers := h.Servers(ctx, store.All(), store.Filter{Name: odd, Organisation: odd, Build: odd, CVE: odd}, store.Page{After: odd + "\x00" + odd})
		_, _, indicators := h.SearchIndicators(ctx, store.All(), odd, store.Page{})
		_, _, files := h.SearchFiles(ctx, store.Org(odd), odd, store.Page{})
		_, _, findings := h.SearchFindings(ctx, store.All(), []string{odd}, "", store.Page{})
		_, _, campaigns := h.Campaigns(ctx, store.All(), odd, store.Page{})
		_, _, published := h.Published().Query(ctx, odd, taxii.Query{IDs: []string{odd}})
		if err := errors.Join(servers, indicators, files, findings, campaigns, published); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
		_, account := h.Account(ctx, odd)
		_, subject := h.AccountBySubject(ctx, odd)
		_, org := h.Organisation(ctx, store.All(), odd)
		for _, err := range []error{account, subject, org} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: %v, want not found", odd, err)
			}
		}
	}
	worst, _, err := h.Servers(ctx, store.All(), store.Filter{}, store.Page{Limit: 6})
	if err != nil || !slices.IsSortedFunc(worst, func(a, b store.Server) int { return b.LastHostile.Compare(a.LastHostile) }) || worst[5].Verdict != wire.Compromised {
		t.Error("the worst do not come first", err)
	}
}

func testSearch(t *testing.T, h *store.Hub) {
	var batch []store.Submission
	for n := range 12 {
		batch = append(batch, Submission(t, enrol(t, h, fmt.Sprintf("org-%d", n%2), fmt.Sprintf("ex%02d", n)), Case(n, n < 4), now))
	}
	ingest(t, h, batch...)
	for range 2 { // before what is new is in the indexes, and after
		searchFindings(t, h)
		searchIndicators(t, h)
		searchFiles(t, h)
		if err := h.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	searchCampaigns(t, h)
}

// testRecent: files are found and listed in order, whether they are in the indexes
// or not; if they are many, they are.
func testRecent(t *testing.T, h *store.Hub) {
	ctx, id := t.Context(), enrol(t, h, "org", "ex01")
	c := Case(1, false)
	recent := func() (n int) {
		t.Helper()
		if err := h.DB().QueryRowContext(ctx, `SELECT COUNT(*) FROM file WHERE recent = 1`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const each, cases = 1000, 51
	for n := range cases {
		c.Evidence = nil
		for i := range each {
			name := fmt.Sprintf("%05d", i*cases+n)
			c.Evidence = append(c.Evidence, wire.Evidence{Path: "C/inetpub/wwwroot/" + name + ".aspx", SHA256: strings.Repeat("ab", 29) + "0" + name})
		}
		c.Start.Acquired = now.Add(time.Duration(n) * time.Hour)
		ingest(t, h, Submission(t, id, c, c.Start.Acquired), Submission(t, enrol(t, h, "org", fmt.Sprint("other", n)), c, c.Start.Acquired))
	}
	if n := recent(); n != each {
		t.Errorf("%d files are not in the indexes, want those of the last case", n)
	}
	for _, text := range []string{"", "0", "c:/inetpub/wwwroot/0", "abab"} {
		var got []string
		for page := (store.Page{Limit: 300}); len(got) < 900; {
			files, next, err := h.SearchFiles(ctx, store.All(), text, page)
			if err != nil || next == "" {
				t.Fatal(next, err)
			}
			for _, f := range files {
				got = append(got, f.Path)
			}
			page.After = next
		}
		for i, path := range got {
			if want := fmt.Sprintf("inetpub/wwwroot/%05d.aspx", i); path != want {
				t.Fatalf("%q: file %d is %s, want %s", text, i, path, want)
			}
		}
	}
}

func searchFindings(t *testing.T, h *store.Hub) {
	findings := func(scope store.Scope, text string) (n []int) {
		t.Helper()
		kinds, _, err := h.SearchFindings(t.Context(), scope, []string{text}, "", store.Page{})
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
	if kinds, _, err := h.SearchFindings(t.Context(), store.Org("org-1"), []string{"nothing", "web shell"}, "", store.Page{}); err != nil || len(kinds) != 1 || kinds[0].Servers != 2 {
		t.Error("either of two texts:", kinds, err)
	}
}

func searchIndicators(t *testing.T, h *store.Hub) {
	for _, c := range []struct {
		text  string
		scope store.Scope
		want  []string
	}{
		{"203.0.113.1", store.All(), []string{"203.0.113.1 2"}}, {"203.0.113.", store.All(), []string{"203.0.113.0 2", "203.0.113.1 2"}}, {"2001:db8::1", store.All(), []string{"2001:db8::1 4"}},
		{"SUPP0RT", store.All(), []string{"/aspnet_client/supp0rt.aspx 4"}}, {"SUPP0RT", store.Org("org-0"), []string{"/aspnet_client/supp0rt.aspx 2"}}, {"example", store.All(), []string{"example 4"}},
		{"T1190", store.All(), []string{"T1190 T1505.003 4"}}, {"203.0.113.1", store.Org("org-0"), nil}, {"nothing", store.All(), nil},
		{"203[.]0[.]113[.]1", store.All(), []string{"203.0.113.1 2"}}, {"2001:DB8::1", store.All(), []string{"2001:db8::1 4"}}, {`C:\`, store.All(), nil},
	} {
		found, _, err := h.SearchIndicators(t.Context(), c.scope, c.text, store.Page{})
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
}

func searchFiles(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	files, _, err := h.SearchFiles(ctx, store.All(), "supp", store.Page{})
	if err != nil || len(files) != 2 || files[0].Servers != 2 || files[0].Path != "aspnet_client/supp0rt.aspx" {
		t.Fatalf("files: %+v %v", files, err)
	}
	if logs, _, err := h.SearchFiles(ctx, store.All(), "u_ex", store.Page{}); err != nil || len(logs) != 0 {
		t.Error("logs are no files to compare:", logs, err)
	}
	for _, scope := range []store.Scope{store.All(), store.Org("org-0")} { // as other programs write it
		if got, _, err := h.SearchFiles(ctx, scope, `C:\inetpub\wwwroot\aspnet_client\Supp0rt.aspx`, store.Page{}); err != nil || len(got) == 0 || got[0].Path != files[0].Path {
			t.Error("by a whole path:", got, err)
		}
	}
	if got, _, err := h.SearchIndicators(ctx, store.All(), strings.ToUpper(files[0].SHA256), store.Page{}); err != nil || len(got) != 1 || got[0].Value != files[0].SHA256 {
		t.Error("by a hash in capitals:", got, err)
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
}

// searchTimes: an organisation is told when its own servers saw an indicator, not
// when others did.
func searchTimes(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	for _, scope := range []store.Scope{store.All(), store.Org("org-0"), store.Org("org-1")} {
		found, _, err := h.SearchIndicators(ctx, scope, "supp0rt", store.Page{})
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		want := found[0]
		want.First, want.Last = time.Time{}, time.Time{}
		on, _, err := h.IndicatorServers(ctx, scope, want.ID, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range on {
			if want.First.IsZero() || s.First.Before(want.First) {
				want.First = s.First
			}
			if s.Last.After(want.Last) {
				want.Last = s.Last
			}
		}
		ties, _, err := h.Campaigns(ctx, scope, string(finding.FilePath), store.Page{})
		if err != nil || len(ties) != 1 {
			t.Fatal(ties, err)
		}
		c := must(h.Campaign(ctx, scope, want.ID))(t)
		for name, got := range map[string]store.Indicator{"search": found[0], "campaigns": ties[0], "campaign": c.Indicator} {
			if got != want {
				t.Errorf("%s in %+v: %+v, want %+v", name, scope, got, want)
			}
		}
		for _, r := range c.Related { // all on these servers only
			if want := must(h.Indicator(ctx, scope, r.ID))(t); r != want {
				t.Errorf("related in %+v: %+v, want %+v", scope, r, want)
			}
		}
	}
}

func searchCampaigns(t *testing.T, h *store.Hub) {
	ctx := t.Context()
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
	searchTimes(t, h)
	where, next, err := h.IndicatorServers(ctx, store.All(), campaigns[0].ID, store.Page{Limit: 3})
	if err != nil || len(where) != 3 || next == "" || where[0].First.IsZero() {
		t.Error(where, next, err)
	}
	if where, next, err = h.IndicatorServers(ctx, store.All(), campaigns[0].ID, store.Page{After: next, Limit: 3}); err != nil || len(where) != 1 || next != "" {
		t.Error(where, next, err)
	}
	var batch []store.Submission
	for n := range 2 {
		c := Case(100, true)
		c.Findings[0].Entities[0].Value = "2001:db8::bad"
		batch = append(batch, Submission(t, enrol(t, h, "org-6", fmt.Sprint("six", n)), c, now))
	}
	ingest(t, h, batch...)
	addresses, _, err := h.Campaigns(ctx, store.All(), string(finding.Address), store.Page{})
	if err != nil || len(addresses) != 3 || !slices.ContainsFunc(addresses, func(i store.Indicator) bool { return i.Value == "2001:db8::bad" && i.Type == "ipv6-addr" }) {
		t.Errorf("campaigns by address: %+v %v", addresses, err)
	}
}
