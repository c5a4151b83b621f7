package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

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
