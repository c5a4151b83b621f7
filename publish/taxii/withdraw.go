package taxii

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Withdraw revokes objects of a collection, for good, and with them the
// relationships from or to them and what nothing else in the collection speaks
// of any more: a claim's culprit goes with the last claim. What is left of each
// is a last version that says so, with the reason instead of the text: no
// earlier version is served. It returns those that were asked for, as they
// were; what is not there or was revoked before is passed over.
func Withdraw(ctx context.Context, s Store, collection string, ids []string, reason string, at time.Time) ([]Object, error) {
	w, err := Prepare(ctx, s, collection, ids)
	if err != nil {
		return nil, err
	}
	return w.Do(ctx, s, reason, at)
}

// A Withdrawal is what goes from a collection as it was when Prepare looked. To
// look takes long, since all of the collection may speak of what goes, and
// nobody need wait meanwhile; to do it takes a moment.
type Withdrawal struct {
	collection string
	last       int64    // Seq of the last object that Prepare saw
	asked, all []Object // those that were asked for come first in all
}

// Prepare looks what withdrawing the objects takes with it. All that it reads
// from the store must be of one moment.
func Prepare(ctx context.Context, s Store, collection string, ids []string) (*Withdrawal, error) {
	w := &Withdrawal{collection: collection}
	if len(ids) == 0 {
		return w, nil
	}
	live := func(q Query) ([]Object, error) {
		list, _, err := s.Query(ctx, collection, q)
		return slices.DeleteFunc(list, func(o Object) bool { return o.Revoked }), err
	}
	var err error
	if w.asked, err = live(Query{IDs: ids}); err != nil {
		return nil, err
	}
	gone := map[string]Object{}
	maybe := map[string]bool{} // what they speak of
	for _, o := range w.asked {
		gone[o.ID] = o
	}
	for _, o := range w.asked {
		for _, id := range mentioned(o) {
			if _, ok := gone[id]; !ok {
				maybe[id] = true
			}
		}
	}
	near := map[string]bool{} // UUIDs of both
	for id := range gone {
		near[id[len(id)-36:]] = true
	}
	for id := range maybe {
		near[id[len(id)-36:]] = true
	}
	newest, _, err := s.Query(ctx, collection, Query{Limit: 1, Newest: true, Versions: []string{"all"}, Specs: allSpecs})
	if err != nil {
		return nil, err
	}
	for _, o := range newest {
		w.last = o.Seq
	}
	var links []Object
	q := Query{Limit: 500}
	if len(near) <= maxMentions {
		q.Mentions = near
	}
	for more := len(gone) > 0; more; {
		var page []Object
		if page, more, err = s.Query(ctx, collection, q); err != nil {
			return nil, err
		}
		for _, o := range page {
			q.After = o.Seq
			_, going := gone[o.ID]
			if o.Revoked || going || o.Type == "report" || !mentionsAny(o.JSON, near) { // a report only lists
				continue
			}
			switch refs := mentioned(o); {
			case o.Type == "relationship" && slices.ContainsFunc(refs, func(id string) bool { _, ok := gone[id]; return ok }):
				links = append(links, o)
				delete(maybe, o.ID) // else it would be revoked twice
			default:
				for _, id := range refs {
					delete(maybe, id)
				}
			}
		}
	}
	var orphans []string
	for id := range maybe {
		orphans = append(orphans, id)
	}
	slices.Sort(orphans)
	w.all = append(slices.Clone(w.asked), links...)
	if len(orphans) > 0 {
		more, err := live(Query{IDs: orphans})
		if err != nil {
			return nil, err
		}
		w.all = append(w.all, more...)
	}
	return w, nil
}

func (w *Withdrawal) newer(limit int) Query {
	return Query{After: w.last, Limit: limit, Versions: []string{"all"}, Specs: allSpecs}
}

// Changed reports whether something was published or withdrawn in the collection
// since Prepare looked: then it must look again.
func (w *Withdrawal) Changed(ctx context.Context, s Store) (bool, error) {
	page, _, err := s.Query(ctx, w.collection, w.newer(1))
	return len(page) > 0, err
}

// Asked are the objects that were asked for and are there.
func (w *Withdrawal) Asked() []Object { return w.asked }

// Do withdraws, and returns what was asked for as it was.
func (w *Withdrawal) Do(ctx context.Context, s Store, reason string, at time.Time) ([]Object, error) {
	left := make([]Object, len(w.all))
	for i, o := range w.all {
		var err error
		if left[i], err = o.revoke(reason, at); err != nil {
			return nil, err
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	// They come before the others go: dates of addition grow from the last one.
	if err := s.Add(ctx, w.collection, left, at); err != nil {
		return nil, err
	}
	for _, o := range left {
		versions, _, err := s.Query(ctx, w.collection, Query{IDs: []string{o.ID}, Versions: []string{"all"}, Specs: allSpecs})
		if err != nil {
			return nil, err
		}
		old := Query{IDs: []string{o.ID}, Specs: allSpecs}
		for _, v := range versions {
			if !v.Revoked {
				old.Versions = append(old.Versions, v.Version)
			}
		}
		if _, err := s.Delete(ctx, w.collection, old); err != nil {
			return nil, err
		}
	}
	return w.asked, nil
}

// maxMentions bounds the UUIDs that a store is asked to look for: of more it is
// quicker to read all objects.
const maxMentions = 10

// mentionsAny reports whether a text has one of the UUIDs as part of an
// identifier: to decode all objects of a large collection takes ten times longer.
func mentionsAny(text []byte, uuids map[string]bool) bool {
	for i := bytes.Index(text, []byte("--")); i >= 0 && i+38 <= len(text); {
		if uuids[string(text[i+2:i+38])] {
			return true
		}
		next := bytes.Index(text[i+2:], []byte("--"))
		if next < 0 {
			return false
		}
		i += 2 + next
	}
	return false
}

// mentioned lists the objects that o speaks of, but for who made it and how it
// is marked.
func mentioned(o Object) (ids []string) {
	var v any
	if json.Unmarshal(o.JSON, &v) != nil {
		return nil
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, v := range v {
				if k != "id" && k != "created_by_ref" && k != "object_marking_refs" {
					walk(v)
				}
			}
		case []any:
			for _, v := range v {
				walk(v)
			}
		case string:
			if stixID.MatchString(v) {
				ids = append(ids, v)
			}
		}
	}
	walk(v)
	return ids
}

// texts are the properties that tell what an object says, by its type; the
// first must be there in that type.
var texts = map[string][]string{"note": {"content", "abstract"}, "opinion": {"explanation"}}

// revoke is the last version of an object: it tells why and since when, and
// nothing of what it said besides names.
func (o Object) revoke(reason string, at time.Time) (Object, error) {
	d := json.NewDecoder(bytes.NewReader(o.JSON))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return o, fmt.Errorf("%s: %w", o.ID, err)
	}
	at = at.UTC().Truncate(time.Millisecond)
	if before, err := time.Parse(time.RFC3339Nano, o.Version); err == nil && !at.After(before) {
		at = before.UTC().Truncate(time.Millisecond).Add(time.Millisecond) // within the same one, or a clock set back
	}
	o.Version, o.Revoked = at.Format("2006-01-02T15:04:05.000Z"), true
	for _, k := range append([]string{"description", "external_references", "confidence", "labels"}, texts[o.Type]...) {
		delete(m, k)
	}
	where := "description"
	if own := texts[o.Type]; len(own) > 0 {
		where = own[0]
	}
	m["revoked"], m["modified"], m[where] = true, o.Version, fmt.Sprintf("Withdrawn by its publisher, %s: %s", o.Version[:10], strings.TrimSpace(reason))
	if all, ok := m["extensions"].(map[string]any); ok {
		for _, x := range all {
			if x, ok := x.(map[string]any); ok {
				for k := range x {
					if k != "extension_type" && k != "claim_id" {
						delete(x, k)
					}
				}
			}
		}
	}
	var err error
	o.JSON, err = json.Marshal(m)
	return o, err
}
