package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/claim"
	"limier/publish/taxii"
	"limier/store"
)

// testPublish: claims that reviewers accept, and objects that publishers let go.
func testPublish(t *testing.T, h *store.Hub) {
	ctx := context.Background()
	good := claim.Claim{ID: "x", Attributors: []claim.Party{{Identity: "Example CERT"}}, Relation: claim.LinkedTo, Object: claim.Thing{Name: "a campaign"}, Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: "2021-07", Evidence: []claim.Quote{{Document: "a report"}}}
	bad := good
	bad.ID, bad.Evidence = "y", nil
	if err := h.AddClaims(ctx, []claim.Claim{good, bad}, "ann", now); err == nil {
		t.Error("a claim without a source was taken")
	}
	if got, err := h.Claims(ctx); err != nil || len(got) != 0 {
		t.Errorf("half of what was refused was kept: %d, %v", len(got), err)
	}
	for range 2 { // twice gives one
		if err := h.AddClaims(ctx, []claim.Claim{good}, "ann", now); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.Claims(ctx); err != nil || len(got) != 1 || got[0].Attributors[0].Identity != "Example CERT" {
		t.Errorf("claims: %v, %v", got, err)
	}

	p := h.Published()
	object := func(n int) taxii.Object {
		id := fmt.Sprintf("indicator--00000000-0000-4000-8000-%012d", n)
		return taxii.Object{ID: id, Type: "indicator", Spec: "2.1", Version: "2021-03-10T00:00:00Z", JSON: json.RawMessage(`{"id":"` + id + `"}`)}
	}
	for range 2 {
		if err := p.Add(ctx, "c", []taxii.Object{object(1), object(2), object(3)}, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Add(ctx, "c", []taxii.Object{object(4)}, now.Add(-time.Hour)); err != nil { // a clock set back
		t.Fatal(err)
	}
	if n, _, err := p.Count(ctx, "c"); n != 4 || err != nil {
		t.Errorf("%d objects, want 4: %v", n, err)
	}
	var last time.Time
	var after int64
	for seen := 0; ; {
		page, more, err := p.Query(ctx, "c", taxii.Query{After: after, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page {
			if !o.Added.After(last) {
				t.Errorf("%s was added at %s, not after %s", o.ID, o.Added, last)
			}
			last, after = o.Added, o.Seq
			seen++
		}
		if !more {
			if seen != 4 {
				t.Errorf("%d objects on all pages, want 4", seen)
			}
			break
		}
	}
	if n, err := p.Delete(ctx, "c", taxii.Query{IDs: []string{object(2).ID}}); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if page, _, err := p.Query(ctx, "other", taxii.Query{}); len(page) != 0 || err != nil {
		t.Errorf("another collection holds %d, %v", len(page), err)
	}
}

// testCollections: who may make collections, and who reads which.
func testCollections(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	for _, o := range []string{"a", "b"} {
		if err := h.PutOrganisation(ctx, store.All(), store.Organisation{ID: o, Name: o, Created: now}); err != nil {
			t.Fatal(err)
		}
	}
	accounts := map[string]store.Account{}
	for _, a := range []store.Account{{Name: "ann", Organisation: "a", Role: store.Admin}, {Name: "bob", Organisation: "b", Role: store.Viewer}, {Name: "eve", Role: store.Analyst}, {Name: "pat", Role: store.Publisher}} {
		a.Created = now
		if err := h.AddAccount(ctx, store.All(), a); err != nil {
			t.Fatal(err)
		}
		accounts[a.Name] = a
	}
	put := func(c store.Collection) error {
		c.Created = now
		return h.PutCollection(ctx, store.All(), c)
	}
	var nobody *store.ReaderError
	for what, err := range map[string]error{
		"an organisation that is not there": put(store.Collection{ID: "x", Title: "x", TLP: "green", Readers: []string{"a", "c"}}), "an account that is not there": put(store.Collection{ID: "x", Title: "x", TLP: "red", Readers: []string{"@ann", "@zoe"}}),
		"an account without @": put(store.Collection{ID: "x", Title: "x", TLP: "green", Readers: []string{"ann"}}), "broken text": put(store.Collection{ID: "x", Title: "x", TLP: "green", Readers: []string{"\xff\x00"}}),
	} {
		if !errors.As(err, &nobody) {
			t.Errorf("%s reads: %v", what, err)
		}
	}
	for what, err := range map[string]error{"an organisation": put(store.Collection{ID: "x", Title: "x", TLP: "red", Readers: []string{"a"}}), "everybody": put(store.Collection{ID: "x", Title: "x", TLP: "red", Everybody: true})} {
		if !errors.Is(err, store.ErrRed) {
			t.Errorf("%s reads TLP:RED: %v", what, err)
		}
	}
	if put(store.Collection{ID: "x", TLP: "green"}) == nil || put(store.Collection{ID: "x", Title: "x", TLP: "white"}) == nil {
		t.Error("a collection without a title, or with a marking that is none")
	}
	if err := h.PutCollection(ctx, store.Org("a"), store.Collection{ID: "x", Title: "x", TLP: "green"}); !errors.Is(err, store.ErrScope) {
		t.Error("an organisation makes a collection:", err)
	}
	for _, c := range []store.Collection{{ID: "all", Title: "2", TLP: "green", Everybody: true}, {ID: "a", Title: "1", TLP: "amber", Readers: []string{"a"}}, {ID: "persons", Title: "3", TLP: "red", Readers: []string{"@bob", "@eve"}}, {ID: "closed", Title: "4", TLP: "clear"}} {
		if err := put(c); err != nil {
			t.Fatal(err)
		}
	}
	reads := func() string {
		var all []string
		for _, name := range []string{"ann", "bob", "eve", "pat"} {
			all = append(all, name)
			for _, c := range must(h.Collections(ctx))(t)[2:] {
				if c.Reads(accounts[name]) {
					all = append(all, c.ID)
				}
			}
		}
		return strings.Join(all, " ")
	}
	if got, want := reads(), "ann a all bob all persons eve all persons pat a all persons closed"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := put(store.Collection{ID: "a", Title: "5", TLP: "clear", Readers: []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := reads(), "ann all bob all persons a eve all persons pat all persons closed a"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	list := must(h.Collections(ctx))(t)
	if c := list[5]; len(list) != 6 || c.Title != "5" || c.TLP != "amber" || !c.Created.Equal(now) || !list[0].Always || !list[0].Reads(accounts["ann"]) || list[2].Always {
		t.Errorf("%+v", list)
	}
}

// Versions of objects, the later one after the earlier.
const earlier, later = "2021-03-10T00:00:00Z", "2021-03-10T00:00:01Z"

func object(kind string, n int, version, body string) taxii.Object {
	return taxii.Object{ID: fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", kind, n), Type: kind, Spec: "2.1", Version: version, JSON: json.RawMessage(body)}
}

// fill publishes objects in two collections.
func fill(t *testing.T, p store.Published) {
	t.Helper()
	for collection, objects := range map[string][]taxii.Object{
		"all":     {object("indicator", 1, earlier, `{"name":"203.0.113.45"}`), object("relationship", 1, earlier, `{"relationship_type":"indicates"}`), object("identity", 1, earlier, `{"name":"203.0.113.45"}`)},
		"persons": {object("relationship", 2, earlier, `{"claim_id":"old"}`), object("relationship", 2, later, `{"claim_id":"100%_New"}`), object("note", 1, earlier, `{}`), object("opinion", 1, earlier, `{}`)},
	} {
		if err := p.Add(t.Context(), collection, objects, now); err != nil {
			t.Fatal(err)
		}
	}
}

// items lists what is published, limit at a time.
func items(t *testing.T, p store.Published, in []string, text string, limit int) string {
	t.Helper()
	var all []string
	page := store.Page{Limit: limit}
	for {
		list, next, err := p.Items(t.Context(), in, text, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			all = append(all, fmt.Sprint(i.Collection, " ", i.Type, " ", i.Revoked))
		}
		if page.After = next; next == "" {
			return strings.Join(all, ", ")
		}
	}
}

// testItems: what is found in collections, and that a look is of one moment.
func testItems(t *testing.T, h *store.Hub) {
	ctx, p := t.Context(), h.Published()
	fill(t, p)
	for _, c := range []struct {
		in         []string
		text, want string
	}{
		{[]string{"all"}, "", "all indicator false"}, {[]string{"persons"}, "", "persons opinion false, persons note false, persons relationship false"}, {[]string{"persons"}, "100%_nEW", "persons relationship false"}, {[]string{"persons"}, "old", ""},
		{[]string{"persons"}, "%", "persons relationship false"}, {[]string{"other"}, "", ""}, {nil, "", ""}, {[]string{"all", "other"}, "\xff", ""},
	} {
		for _, limit := range []int{1, 2, 0} {
			if got := items(t, p, c.in, c.text, limit); got != c.want {
				t.Errorf("%v %q by %d: %s, want %s", c.in, c.text, limit, got, c.want)
			}
		}
	}
	broken := errors.New("broken")
	// A look is of one moment, and in nobody's way.
	err := p.Look(ctx, func(then store.Published) error {
		count := func() int {
			list, _, err := then.Query(ctx, "moment", taxii.Query{})
			if err != nil {
				t.Error(err)
			}
			return len(list)
		}
		before := count()
		if err := p.Add(ctx, "moment", []taxii.Object{object("indicator", 7, "", "")}, now); err != nil {
			t.Error(err)
		}
		if after := count(); before != 0 || after != 0 {
			t.Errorf("%d and %d objects, want none", before, after)
		}
		return broken
	})
	if list, _, e := p.Query(ctx, "moment", taxii.Query{}); !errors.Is(err, broken) || e != nil || len(list) != 1 {
		t.Error(err, len(list), e)
	}
}

// testWithdrawal: what is withdrawn at once by two, or in a change that fails, and
// that what is revoked stays so.
func testWithdrawal(t *testing.T, h *store.Hub) {
	ctx, p := t.Context(), h.Published()
	fill(t, p)
	// Two withdraw at once while a third publishes what speaks of it: each thing goes
	// once, with all that speaks of it, whoever looked when.
	indicator := object("indicator", 1, earlier, `{"name":"203.0.113.45"}`)
	link := func(n int) taxii.Object {
		return object("relationship", n, earlier, fmt.Sprintf(`{"relationship_type":"indicates","source_ref":%q}`, indicator.ID))
	}
	if err := p.Add(ctx, "race", []taxii.Object{indicator, link(1)}, now); err != nil {
		t.Fatal(err)
	}
	var looks sync.WaitGroup // nobody withdraws before both have looked and the third has published
	looks.Add(3)
	var all sync.WaitGroup
	gone := make([]int, 2)
	for i := range gone {
		all.Go(func() {
			var w *taxii.Withdrawal
			look := func(p store.Published) (err error) {
				w, err = taxii.Prepare(ctx, p, "race", []string{indicator.ID})
				return err
			}
			if err := p.Look(ctx, look); err != nil {
				t.Error(err)
			}
			looks.Done()
			looks.Wait()
			err := p.Change(ctx, func(p store.Published) error {
				changed, err := w.Changed(ctx, p)
				if err == nil && changed {
					err = look(p)
				}
				if err != nil {
					return err
				}
				list, err := w.Do(ctx, p, "why", now)
				gone[i] = len(list)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		if err := p.Add(ctx, "race", []taxii.Object{link(2)}, now); err != nil {
			t.Error(err)
		}
		looks.Done()
	})
	all.Wait()
	if got := must(p.Revoked(ctx, "race"))(t); gone[0]+gone[1] != 1 || len(got) != 3 {
		t.Errorf("%v were withdrawn, and %v are", gone, got)
	}
	if list, _, err := p.Query(ctx, "race", taxii.Query{Versions: []string{"all"}}); err != nil || len(list) != 3 {
		t.Errorf("%d versions are left, want 3, %v", len(list), err)
	}
	broken := errors.New("broken")
	// All of a change, or nothing.
	id := object("indicator", 1, "", "").ID
	for _, want := range []error{broken, nil} {
		err := p.Change(ctx, func(p store.Published) error {
			gone, err := taxii.Withdraw(ctx, p, "all", []string{id}, "why", now)
			if err != nil || len(gone) != 1 {
				t.Error(gone, err)
			}
			if inside := must(p.Revoked(ctx, "all"))(t); !inside[id] || len(inside) != 1 {
				t.Error("what was changed does not show within the change:", inside)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Error(err)
		}
		if got := must(p.Revoked(ctx, "all"))(t)[id]; got != (want == nil) {
			t.Errorf("after a change that ended with %v the object is revoked: %v", want, got)
		}
	}
	if err := p.Add(ctx, "all", []taxii.Object{object("indicator", 1, "2031-01-01T00:00:00Z", `{"name":"back"}`)}, now); err != nil {
		t.Fatal(err)
	}
	if got := items(t, p, []string{"all"}, "", 0); got != "all indicator true" {
		t.Error("a revoked object came back:", got)
	}
	if page, _, err := p.Query(ctx, "all", taxii.Query{IDs: []string{id}, Versions: []string{"all"}}); err != nil || len(page) != 1 || !page[0].Revoked || !strings.Contains(string(page[0].JSON), "why") {
		t.Error(page, err)
	}
}

// UpgradeLists opens a database with a row for each server and thing.
func UpgradeLists(t *testing.T, open func() (*store.Hub, error), db *sql.DB) {
	h := must(open())(t)
	var ids []int64
	var batch []store.Submission
	for n := range 250 {
		ids = append(ids, enrol(t, h, "org", fmt.Sprintf("ex%03d", n)))
		batch = append(batch, Submission(t, ids[n], Case(n, n%5 != 0), now))
	}
	ingest(t, h, batch...)
	want := things(t, h)
	steps := append(beforeLists, `UPDATE meta SET value = '6' WHERE key = 'schema'`)
	for _, x := range want {
		for _, s := range x.On {
			into := fmt.Sprintf(`INSERT INTO server_%s VALUES (%d, %d`, x.Table, s.Server.ID, x.ID)
			if x.Table != "file" {
				into += fmt.Sprintf(`, %d, %d`, micro(s.First), micro(s.Last))
			}
			if x.Table == "finding" {
				into += fmt.Sprint(", ", s.Count)
			}
			steps = append(steps, into+`)`)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, q := range steps {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	h = must(open())(t)
	defer h.Close()
	if diff := cmp.Diff(want, things(t, h)); diff != "" {
		t.Error(diff)
	}
	ingest(t, h, Submission(t, ids[0], Case(1, false), now.Add(time.Hour)))
	countThings(t, h, ids)
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Upgrade opens a database as a hub before step 3 of the schema left it,
// with objects in it: open opens the hub, db the tables.
func Upgrade(t *testing.T, open func() (*store.Hub, error), db *sql.DB) {
	ctx := context.Background()
	const id = "indicator--00000000-0000-4000-8000-000000000001"
	for i, version := range []string{"2021-03-10T00:00:00.5Z", "2021-03-10T00:00:00Z", "2021-03-10T00:00:00.123456789Z"} {
		h, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Published().Add(ctx, "c", []taxii.Object{{ID: id, Type: "indicator", Spec: "2.1", Version: version, JSON: json.RawMessage(`{}`)}}, now); err != nil {
			t.Fatal(err)
		}
		page, _, err := h.Published().Query(ctx, "c", taxii.Query{})
		if err != nil || len(page) != 1 || page[0].Version != "2021-03-10T00:00:00.5Z" {
			t.Errorf("with %d versions the last is %v, %v", i+1, page, err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		for _, q := range append(beforeLists, `DROP INDEX published_order`, `DROP INDEX published_type`, `DROP INDEX published_version`, `DROP INDEX published_added`,
			`ALTER TABLE published DROP COLUMN instant`, `DROP INDEX published_revoked`, `ALTER TABLE published DROP COLUMN revoked`, `DROP TABLE collection`, `DROP TABLE missed`, `CREATE INDEX published_order ON published (collection, seq)`, `UPDATE meta SET value = '2' WHERE key = 'schema'`) {
			if _, err := db.ExecContext(ctx, q); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
}

// BenchmarkPublished measures pages of a collection of 100,000 objects: as
// TAXII asks for them by default, of one type, and since a date.
func BenchmarkPublished(b *testing.B, h *store.Hub) {
	const n = 100_000
	p := h.Published()
	objects := make([]taxii.Object, n)
	for i := range objects {
		id := fmt.Sprintf("indicator--00000000-0000-4000-8000-%012d", i)
		objects[i] = taxii.Object{ID: id, Type: "indicator", Spec: "2.1", Version: "2021-03-10T00:00:00Z", JSON: fmt.Appendf(nil, `{"id":%q,"description":%q}`, id, strings.Repeat("x", 500))}
	}
	objects[n/2].Type = "malware"
	if err := p.Add(b.Context(), "c", objects, now); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		q    taxii.Query
		want int
	}{
		{"first", taxii.Query{Limit: 100}, 100}, {"middle", taxii.Query{Limit: 100, After: n / 2}, 100},
		{"type", taxii.Query{Limit: 100, Types: []string{"malware"}}, 1}, {"id", taxii.Query{Limit: 100, IDs: []string{objects[n-1].ID}}, 1},
		{"since", taxii.Query{Limit: 100, AddedAfter: now.Add((n - 11) * time.Microsecond)}, 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if page, _, err := p.Query(b.Context(), "c", c.q); err != nil || len(page) != c.want {
					b.Fatalf("%d objects, want %d: %v", len(page), c.want, err)
				}
			}
		})
	}
	for name, text := range map[string]string{"items": "", "items with a text": "000000000007"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if items, _, err := p.Items(b.Context(), []string{"c", "d"}, text, store.Page{Limit: 20}); err != nil || len(items) == 0 {
					b.Fatal(len(items), err)
				}
			}
		})
	}
	b.Run("withdraw", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		var held time.Duration    // the lock that others who write wait for
		var pages []time.Duration // of subscribers who read meanwhile
		var reading sync.WaitGroup
		stop := make(chan struct{})
		reading.Go(func() {
			for tick := time.NewTicker(50 * time.Millisecond); ; {
				select {
				case <-stop:
					tick.Stop()
					return
				case <-tick.C:
				}
				begin := time.Now()
				if _, _, err := p.Query(b.Context(), "c", taxii.Query{Limit: 100}); err != nil {
					b.Error(err)
				}
				pages = append(pages, time.Since(begin))
			}
		})
		for b.Loop() {
			n++
			var w *taxii.Withdrawal
			err := p.Look(b.Context(), func(p store.Published) (err error) {
				w, err = taxii.Prepare(b.Context(), p, "c", []string{objects[n].ID})
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			err = p.Change(b.Context(), func(p store.Published) error {
				if changed, err := w.Changed(b.Context(), p); err != nil || changed {
					b.Error(changed, err)
				}
				gone, err := w.Do(b.Context(), p, "why", now)
				if len(gone) != 1 {
					b.Error(gone)
				}
				return err
			})
			if held += time.Since(begin); err != nil {
				b.Fatal(err)
			}
		}
		close(stop)
		reading.Wait()
		slices.Sort(pages)
		if len(pages) > 0 {
			b.ReportMetric(pages[len(pages)/2].Seconds()*1000, "ms-page-median")
			b.ReportMetric(pages[len(pages)-1].Seconds()*1000, "ms-page-slowest")
		}
		b.ReportMetric(float64(held.Microseconds())/1000/float64(n), "ms-held/op")
	})
}
