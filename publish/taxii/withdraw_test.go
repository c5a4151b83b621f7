package taxii

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWithdraw: a claim goes with whom it alone accuses, and nothing else does;
// no version of it is served any more but the one that says so, which who polls
// by date is given.
func TestWithdraw(t *testing.T) {
	const at = `"spec_version":"2.1","created":"2021-03-01T00:00:00.000Z","modified":"2021-03-01T00:00:00.000Z"`
	id := func(kind string, n int) string { return fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", kind, n) }
	claim := func(n int, source, target, words string) string {
		return fmt.Sprintf(`{"type":"relationship","id":%q,%s,"relationship_type":"attributed-to","source_ref":%q,"target_ref":%q,"created_by_ref":%q,"description":%q,"confidence":85,"extensions":{"x":{"extension_type":"property-extension","claim_id":"c%d","wording":%q,"attributor_refs":[%q]}}}`,
			id("relationship", n), at, source, target, id("identity", 1), words, n, words, id("identity", 2))
	}
	named := func(o, name string) string {
		kind, _, _ := strings.Cut(o, "--")
		return fmt.Sprintf(`{"type":%q,"id":%q,%s,"name":%q,"created_by_ref":%q}`, kind, o, at, name, id("identity", 1))
	}
	campaign, guilty, innocent := id("campaign", 1), id("threat-actor", 1), id("threat-actor", 2)
	var raws []json.RawMessage
	for _, text := range []string{
		named(id("identity", 1), "publisher"), named(id("identity", 2), "who says so"), named(campaign, "a campaign"), named(guilty, "guilty"), named(innocent, "innocent"),
		claim(1, campaign, guilty, "they did it"), claim(2, campaign, innocent, "no, they did"), fmt.Sprintf(`{"type":"report","id":%q,%s,"name":"all","object_refs":[%q,%q]}`, id("report", 1), at, id("relationship", 2), innocent),
		named(id("indicator", 1), "203.0.113.45"), named(id("attack-pattern", 1), "T1190"), fmt.Sprintf(`{"type":"relationship","id":%q,%s,"relationship_type":"indicates","source_ref":%q,"target_ref":%q}`, id("relationship", 3), at, id("indicator", 1), id("attack-pattern", 1)),
	} {
		raws = append(raws, json.RawMessage(text))
	}
	objects, err := ParseObjects(raws)
	if err != nil {
		t.Fatal(err)
	}
	store := new(Memory)
	now := clock()
	if err := store.Add(t.Context(), open, objects, now); err != nil {
		t.Fatal(err)
	}
	s := server(store)

	// Somebody who publishes after a look is noticed, even with a version that is not the last.
	w, err := Prepare(t.Context(), store, open, []string{id("relationship", 2)})
	if err != nil || len(w.Asked()) != 1 {
		t.Fatal(w, err)
	}
	older := objects[4]
	older.Version = "2020-03-01T00:00:00.000Z"
	for _, want := range []bool{false, true} {
		if changed, err := w.Changed(t.Context(), store); err != nil || changed != want {
			t.Errorf("changed: %v, want %v, %v", changed, want, err)
		}
		if err := store.Add(t.Context(), open, []Object{older}, now); err != nil {
			t.Fatal(err)
		}
	}
	if w, err = Prepare(t.Context(), store, open, []string{id("relationship", 2)}); err != nil {
		t.Fatal(err)
	}
	if changed, err := w.Changed(t.Context(), store); err != nil || changed {
		t.Error("changed since this moment:", changed, err)
	}
	last := ask(t, s, "GET", "/taxii2/main/collections/"+open+"/objects/?match[version]=all", "").Header.Get("X-TAXII-Date-Added-Last")

	gone, err := Withdraw(t.Context(), store, open, []string{id("relationship", 2), id("indicator", 1), id("relationship", 99)}, "  a wrong copy ", now.Add(-24*365*time.Hour)) // a clock set back
	if err != nil || len(gone) != 2 || !strings.Contains(string(gone[0].JSON), "no, they did") {
		t.Fatal(gone, err)
	}
	if gone, err := Withdraw(t.Context(), store, open, []string{id("relationship", 2)}, "again", now); err != nil || len(gone) != 0 {
		t.Error("withdrawn twice:", gone, err)
	}
	poll := ask(t, s, "GET", "/taxii2/main/collections/"+open+"/objects/?added_after="+last, "")
	var got []string
	for _, o := range poll.Objects {
		got = append(got, fmt.Sprint(o["id"], " ", o["revoked"]))
		if !strings.Contains(fmt.Sprint(o["description"]), "a wrong copy") || o["modified"].(string) <= "2021-03-01T00:00:00.000Z" || o["created"] != "2021-03-01T00:00:00.000Z" {
			t.Errorf("%v", o)
		}
	}
	want := fmt.Sprintf("[%s true %s true %s true %s true]", id("relationship", 2), id("indicator", 1), id("relationship", 3), innocent)
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	all := ask(t, s, "GET", "/taxii2/main/collections/"+open+"/objects/?match[version]=all", "")
	if len(all.Objects) != len(raws) || strings.Contains(all.raw, "no, they did") || !strings.Contains(all.raw, "they did it") || !strings.Contains(all.raw, `"claim_id":"c2"`) {
		t.Errorf("%d objects, want each once and nothing of what was withdrawn: %s", len(all.Objects), all.raw)
	}
	// It stays so.
	if err := store.Add(t.Context(), open, objects, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if again := ask(t, s, "GET", "/taxii2/main/collections/"+open+"/objects/?match[version]=all", ""); again.raw != all.raw {
		t.Errorf("published again: %s", again.raw)
	}
}

// TestWithdrawLeavesWord: whatever goes leaves a last version that says so, if it
// was published in the same millisecond or is reached in two ways.
func TestWithdrawLeavesWord(t *testing.T) {
	id := func(kind string, n int) string { return fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", kind, n) }
	now := time.Date(2021, 3, 1, 0, 0, 0, 1_500_000, time.UTC)
	for _, at := range []string{"2021-03-01T00:00:00.001Z", "2021-03-01T00:00:00.001400Z"} {
		common := fmt.Sprintf(`"spec_version":"2.1","created":%q,"modified":%q`, at, at)
		objects, err := ParseObjects([]json.RawMessage{
			json.RawMessage(fmt.Sprintf(`{"type":"indicator","id":%q,%s,"name":"203.0.113.45"}`, id("indicator", 1), common)),
			json.RawMessage(fmt.Sprintf(`{"type":"relationship","id":%q,%s,"relationship_type":"indicates","source_ref":%q,"target_ref":%q}`, id("relationship", 1), common, id("indicator", 1), id("malware", 1))),
			json.RawMessage(fmt.Sprintf(`{"type":"note","id":%q,%s,"content":"of both","object_refs":[%q]}`, id("note", 1), common, id("relationship", 1))),
		})
		if err != nil {
			t.Fatal(err)
		}
		store := new(Memory)
		if err := store.Add(t.Context(), open, objects, now); err != nil {
			t.Fatal(err)
		}
		if gone, err := Withdraw(t.Context(), store, open, []string{id("indicator", 1), id("note", 1)}, "why", now); err != nil || len(gone) != 2 {
			t.Error(gone, err)
		}
		left, _, err := store.Query(t.Context(), open, Query{Versions: []string{"all"}})
		if err != nil || len(left) != len(objects) {
			t.Errorf("%s: %d objects are left, want a last version of each of %d: %v", at, len(left), len(objects), err)
		}
		for _, o := range left {
			if !o.Revoked || o.Version != "2021-03-01T00:00:00.002Z" {
				t.Errorf("%s: %s of %s, revoked %v", at, o.ID, o.Version, o.Revoked)
			}
		}
	}
}
