package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/publish/taxii"
	"limier/store"
)

// testPages asks random questions of a collection that grows and shrinks, and
// wants what a store in memory answers, page by page.
func testPages(t *testing.T, h *store.Hub) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(1, 2))
	p, memory := h.Published(), new(taxii.Memory)
	specs := []string{"2.0", "2.1"}
	types := []string{"indicator", "malware", "identity"}
	// As texts some of these are in another order than as times, and two are one.
	versions := []string{"2021-03-10T00:00:00Z", "2021-03-10T00:00:00.000Z", "2021-03-10T00:00:00.5Z", "2021-03-10T00:00:00.123456789Z", "2021-03-09T23:59:59.999Z", "2022-01-01T00:00:00Z"}
	id := func() (string, string) {
		n := r.IntN(12)
		return fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", types[n%3], n), types[n%3]
	}
	mention := func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", r.IntN(5)) }
	some := func(list []string) (out []string) {
		for range r.IntN(3) {
			out = append(out, list[r.IntN(len(list))])
		}
		return out
	}
	at := now
	for range 40 {
		var objects []taxii.Object
		for range r.IntN(8) {
			id, kind := id()
			objects = append(objects, taxii.Object{ID: id, Type: kind, Spec: specs[r.IntN(2)], Version: versions[r.IntN(len(versions))], JSON: json.RawMessage(fmt.Sprintf(`{"ref":"a--%s"}`, mention()))})
		}
		at = at.Add(time.Duration(r.IntN(20)-5) * time.Microsecond)
		for _, s := range []taxii.Store{p, memory} {
			if err := s.Add(ctx, "c", objects, at); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Add(ctx, "other", objects, at); err != nil { // must not show
			t.Fatal(err)
		}
		for range 25 {
			q := taxii.Query{Types: some(types), Specs: some(specs), Versions: some(append(versions, "first", "last", "last", "all", "2021-03-10T01:00:00+01:00")), Limit: r.IntN(6)}
			for range r.IntN(3) {
				id, _ := id()
				q.IDs = append(q.IDs, id)
			}
			q.Mentions = map[string]bool{}
			for range max(0, r.IntN(8)-5) {
				q.Mentions[mention()] = true
			}
			if r.IntN(3) == 0 {
				q.AddedAfter = at.Add(time.Duration(r.IntN(200)-180) * time.Microsecond)
			}
			q.Newest = r.IntN(8) == 0
			want, got := pages(t, memory, q), pages(t, p, q)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v: in memory - here +\n%s", q, diff)
			}
		}
		if r.IntN(4) == 0 {
			id, _ := id()
			q := taxii.Query{IDs: []string{id}, Versions: []string{"last"}}
			want, err := memory.Delete(ctx, "c", q)
			got, err2 := p.Delete(ctx, "c", q)
			if got != want || err != nil || err2 != nil {
				t.Fatalf("deleted %d, want %d: %v, %v", got, want, err, err2)
			}
		}
	}
}

// pages reads all pages of a query, an object a line.
func pages(t *testing.T, s taxii.Store, q taxii.Query) (all []string) {
	t.Helper()
	for {
		page, more, err := s.Query(context.Background(), "c", q)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page {
			all = append(all, fmt.Sprint(o.ID, " ", o.Spec, " ", o.Version, " ", o.Added.Format(time.RFC3339Nano)))
			q.After = o.Seq
		}
		all = append(all, fmt.Sprint("more ", more))
		if !more || len(page) == 0 || q.Newest {
			return all
		}
	}
}

// beforeLists takes away what the last steps of the schema made, and brings back
// what they took away.
var beforeLists = []string{
	`DROP INDEX file_path`, `DROP INDEX file_base`, `DROP INDEX file_sha256`, `DROP INDEX file_recent`, `DROP INDEX indicator_value`, `DROP INDEX indicator_base`, `DROP INDEX indicator_recent`,
	`ALTER TABLE file DROP COLUMN recent`, `ALTER TABLE indicator DROP COLUMN recent`, `CREATE INDEX file_path ON file (path, id)`, `CREATE INDEX file_base ON file (base, id)`,
	`CREATE INDEX file_sha256 ON file (sha256, id)`, `CREATE INDEX indicator_value ON indicator (value, id)`, `CREATE INDEX indicator_base ON indicator (base, id)`,
	`DROP INDEX dead_letter_evidence`, `ALTER TABLE dead_letter DROP COLUMN evidence`,
	`DROP TABLE holders`, `ALTER TABLE server DROP COLUMN files`, `ALTER TABLE server DROP COLUMN kinds`, `ALTER TABLE server DROP COLUMN indicators`,
	`ALTER TABLE file DROP COLUMN holders`, `ALTER TABLE file DROP COLUMN parted`, `ALTER TABLE finding DROP COLUMN holders`, `ALTER TABLE finding DROP COLUMN parted`,
	`ALTER TABLE indicator DROP COLUMN holders`, `ALTER TABLE indicator DROP COLUMN parted`, `CREATE TABLE file_build (file BIGINT)`,
	`CREATE TABLE server_file (server BIGINT NOT NULL, file BIGINT NOT NULL, PRIMARY KEY (server, file))`,
	`CREATE TABLE server_finding (server BIGINT NOT NULL, finding BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (server, finding))`,
	`CREATE TABLE server_indicator (server BIGINT NOT NULL, indicator BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (server, indicator))`,
}
