package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/casefile"
	"limier/store"
	"limier/wire"
)

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
	build := func(n int, vulnerable, depends int) store.CVEBuild {
		b := want.Builds[n]
		b.Servers = vulnerable + depends
		return store.CVEBuild{Build: b, Vulnerable: vulnerable, Depends: depends}
	}
	for _, c := range []struct {
		scope store.Scope
		cve   string
		want  []store.CVEBuild
	}{
		{store.All(), "CVE-2021-26855", []store.CVEBuild{build(0, 1, 0), build(1, 1, 0)}}, {store.All(), "CVE-2024-21410", []store.CVEBuild{build(0, 0, 1), build(1, 0, 1)}}, {store.All(), "CVE-2020-0688", nil}, {store.All(), "x", nil},
		{store.Org("org-a"), "CVE-2021-26855", []store.CVEBuild{build(0, 1, 0)}}, {store.Org(""), "CVE-2021-26855", nil},
	} {
		if diff := cmp.Diff(c.want, must(h.CVEBuilds(ctx, c.scope, c.cve))(t)); diff != "" {
			t.Errorf("%+v %s: %s", c.scope, c.cve, diff)
		}
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
	if diff := cmp.Diff(map[int64]string{a: "key ex01", b: "key ex01"}, must(h.KeyHashes(ctx, 0, 1000))(t)); diff != "" {
		t.Error("keys of all but the revoked:", diff)
	}
	if diff := cmp.Diff(map[int64]string{a: "key ex01"}, must(h.KeyHashes(ctx, a, a+1))(t)); diff != "" {
		t.Error("the key of one:", diff)
	}
	before := must(h.KeyChanges(ctx))(t)
	if id := must(h.Enrol(ctx, "org-b", "ex02", "new key", now))(t); id != gone {
		t.Errorf("enrolled again as %d, was %d", id, gone)
	}
	again := must(h.KeyChanges(ctx))(t)
	if err := h.Revoke(ctx, store.All(), gone, now); err != nil {
		t.Fatal(err)
	}
	if n := must(h.KeyChanges(ctx))(t); again == before || n == again {
		t.Errorf("keys were replaced and taken away: counted %d, %d, %d", before, again, n)
	}
}

// testBuildName: how one server calls its build is how no other calls it.
func testBuildName(t *testing.T, h *store.Hub) {
	liar, honest := Case(1, false), Case(1, false)
	liar.Exposures[0].Name = "Exchange Server 1999"
	servers := map[int64]string{}
	for n, c := range []*casefile.Case{liar, honest} {
		id := enrol(t, h, "org-a", fmt.Sprint("ex", n))
		ingest(t, h, Submission(t, id, c, now))
		servers[id] = c.Exposures[0].Name
	}
	for id, want := range servers {
		if s := must(h.Server(t.Context(), store.All(), id))(t); s.BuildName != want {
			t.Errorf("server %d has the build %q, want %q", id, s.BuildName, want)
		}
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
	if kinds, _, err := h.SearchFindings(ctx, store.All(), nil, "", store.Page{}); err != nil || len(kinds) != 0 {
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
	// What the server saw before, and sees again later.
	later := Case(5, true)
	for n := range later.Findings {
		later.Findings[n].End = now.AddDate(0, 0, 1)
	}
	ingest(t, h, Submission(t, a, Case(5, true), now.Add(4*time.Hour)), Submission(t, enrol(t, h, "org", "ex02"), Case(6, true), now))
	ingest(t, h, Submission(t, a, later, now.Add(24*time.Hour)))
	for _, scope := range []store.Scope{store.All(), store.Org("org")} {
		found, _, err := h.SearchIndicators(ctx, scope, "supp0rt", store.Page{})
		if err != nil || len(found) != 1 || found[0].Servers != 2 || !found[0].Last.Equal(now.AddDate(0, 0, 1)) {
			t.Errorf("seen again: %+v %v", found, err)
		}
	}
}

// testOrder: cases come late, as dead letters and from several hubs; the server
// is told by the newest.
func testOrder(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a := enrol(t, h, "org", "ex01")
	day := func(n int, hostile bool, days int) store.Submission {
		c := Case(n, hostile)
		c.Start.Acquired = now.AddDate(0, 0, days)
		s := Submission(t, a, c, c.Start.Acquired.Add(time.Hour))
		s.Evidence = Submission(t, a, Case(n, hostile), now).Evidence // which says nothing of when
		return s
	}
	is := func(what string, verdict wire.Verdict, cases, days int) {
		t.Helper()
		s := must(h.Server(ctx, store.All(), a))(t)
		latest, _, err := h.Case(ctx, store.All(), s.Latest)
		if err != nil {
			t.Fatal(err)
		}
		if s.Verdict != verdict || s.Cases != cases || latest.Verdict != verdict || !s.Acquired.Equal(now.AddDate(0, 0, days)) {
			t.Errorf("%s: %s of %v, %d cases, the latest %s", what, s.Verdict, s.Acquired, s.Cases, latest.Verdict)
		}
		kinds, _, err := h.SearchFindings(ctx, store.All(), nil, "", store.Page{})
		if err != nil || len(kinds) > 0 != (verdict == wire.Compromised) {
			t.Errorf("%s: %d findings, %v", what, len(kinds), err)
		}
	}
	first := day(1, true, 1)
	ingest(t, h, day(3, true, 3))
	ingest(t, h, first, day(2, false, 2))
	is("two that come late", wire.Compromised, 3, 3)
	ingest(t, h, day(4, false, 4))
	is("the next", wire.Exposed, 4, 4)
	if got := ingest(t, h, first); got[0] != store.Duplicate {
		t.Error(got)
	}
	is("one sent again", wire.Exposed, 4, 4)
	if got := ingest(t, h, day(1, true, 5)); got[0] != store.Duplicate {
		t.Error(got)
	}
	is("as it was on the first day", wire.Compromised, 4, 5)
	ingest(t, h, day(6, false, 6), day(1, true, 7))
	is("and so in one batch", wire.Compromised, 5, 7)
	ingest(t, h, day(8, false, -200))
	is("a clock was wrong", wire.Exposed, 6, -200)
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
	for _, scope := range []store.Scope{store.All(), store.Org("a")} {
		if o := must(h.Overview(ctx, scope))(t); o.Cases != 1 {
			t.Errorf("%+v: %d cases", scope, o.Cases)
		}
	}
	if s := must(h.Server(ctx, store.All(), a))(t); s.Cases != 1 {
		t.Error(s.Cases, "cases of the server")
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
		"exposures": `SELECT COUNT(*) FROM exposure f WHERE servers <> (SELECT COUNT(*) FROM server x WHERE x.exposure = f.id)`,
		"builds":    `SELECT COUNT(*) FROM build f WHERE servers <> (SELECT COUNT(*) FROM server x JOIN exposure e ON e.id = x.exposure WHERE e.build = f.id)`,
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
	countThings(t, h, ids)
}

// A thing is all that is told of a file, a kind of finding or an indicator.
type thing struct {
	Table   string
	ID      int64
	Servers int
	On      []store.Sighted
	Builds  map[string]int // of files
}

// things asks for all that servers have, by name, and compares how many servers
// are counted with how many are listed.
func things(t *testing.T, h *store.Hub) map[string]thing {
	t.Helper()
	ctx, page := t.Context(), store.Page{Limit: 1000}
	all := map[string]thing{}
	add := func(table, name string, servers int, id int64, list func(context.Context, store.Scope, int64, store.Page) ([]store.Sighted, string, error)) {
		one := thing{Table: table, ID: id, Servers: servers}
		for page := (store.Page{Limit: 100}); ; {
			on, next, err := list(ctx, store.All(), id, page)
			if err != nil {
				t.Fatal(err)
			}
			one.On = append(one.On, on...)
			if page.After = next; next == "" {
				break
			}
		}
		if len(one.On) != servers {
			t.Errorf("%s is on %d servers, of which %d are listed", name, servers, len(one.On))
		}
		all[name] = one
	}
	files, _, err := h.SearchFiles(ctx, store.All(), "", page)
	for _, f := range files {
		add("file", f.Path+" "+f.SHA256, f.Servers, f.ID, h.FileServers)
		one, listed := all[f.Path+" "+f.SHA256], map[string]int{}
		one.Builds = map[string]int{}
		for _, p := range must(h.Prevalence(ctx, f.ID))(t) {
			one.Builds[p.Build.Build] = p.With
		}
		for _, s := range one.On {
			listed[s.Server.Build]++
		}
		if !maps.Equal(one.Builds, listed) {
			t.Errorf("%s is on builds %v, of which %v are listed", f.Path, one.Builds, listed)
		}
		all[f.Path+" "+f.SHA256] = one
	}
	kinds, _, err2 := h.SearchFindings(ctx, store.All(), nil, "", page)
	for _, k := range kinds {
		add("finding", k.Title, k.Servers, k.ID, h.FindingServers)
	}
	indicators, _, err3 := h.SearchIndicators(ctx, store.All(), "", page)
	for _, i := range indicators {
		add("indicator", i.Type+" "+i.Value, i.Servers, i.ID, h.IndicatorServers)
	}
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	return all
}

// countThings compares what things say of servers with what servers say of files,
// and with the cases.
func countThings(t *testing.T, h *store.Hub, servers []int64) {
	t.Helper()
	want := map[string]int{}
	for _, id := range servers {
		s := must(h.Server(t.Context(), store.All(), id))(t)
		if s.Latest == 0 {
			continue
		}
		_, c, err := h.Case(t.Context(), store.All(), s.Latest)
		if err != nil {
			t.Fatal(err)
		}
		sum := store.Summarize(c)
		for _, f := range sum.Files {
			want[f.Path+" "+f.SHA256]++
		}
		for _, k := range sum.Kinds {
			want[k.Title]++
		}
		for _, i := range sum.Indicators {
			want[i.Type+" "+i.Value]++
		}
		if files := must(h.FilesOf(t.Context(), store.All(), id, 1000))(t); len(files) != len(sum.Files) {
			t.Errorf("server %d has %d files, want %d", id, len(files), len(sum.Files))
		}
	}
	got := map[string]int{}
	for name, x := range things(t, h) {
		got[name] = x.Servers
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// testMany: a file of many servers, that come and go.
func testMany(t *testing.T, h *store.Hub) {
	const n = 200
	var ids []int64
	for i := range n {
		ids = append(ids, enrol(t, h, fmt.Sprintf("org-%d", i%2), fmt.Sprintf("ex%03d", i)))
	}
	for round := range 12 {
		var batch []store.Submission
		for i, id := range ids {
			c := Case((i+round)%3, i < 60 && round%2 == 0) // of another build each time
			if round > 7 && i%6 != 1 {
				c.Evidence = nil
			}
			c.Start.Acquired = now.Add(time.Duration(round) * time.Hour)
			batch = append(batch, Submission(t, id, c, c.Start.Acquired))
		}
		ingest(t, h, batch...)
		if round == 5 || round == 11 {
			countThings(t, h, ids)
		}
	}
	var bytes int
	if err := h.DB().QueryRowContext(t.Context(), `SELECT COALESCE(SUM(LENGTH(body)), 0) FROM holders`).Scan(&bytes); err != nil || bytes > 1<<10 {
		t.Errorf("lists of 33 servers take %d bytes, %v", bytes, err)
	}
}
