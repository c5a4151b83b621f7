package console

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"time"

	"limier/publish/claims"
	"limier/publish/feed"
	"limier/publish/taxii"
	"limier/store"
)

// mispCollection keeps the events of the collections that are always there;
// TAXII does not show it.
const mispCollection = "misp-feed"

// feedOf is where the events of a collection are kept.
func feedOf(k store.Collection) string {
	if k.Always {
		return mispCollection
	}
	return mispCollection + " " + k.ID
}

// mispFeed serves what was published to those whom TAXII serves: to each the
// events of the collections that it reads.
func (c *Console) mispFeed(w http.ResponseWriter, r *http.Request) {
	a, ok := c.subscriber(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="MISP feed", charset="UTF-8"`)
		http.Error(w, "the name of an account and a token of its page, as the password, are needed", http.StatusUnauthorized)
		return
	}
	all, err := c.readable(r.Context(), a)
	if err != nil {
		http.Error(w, "the feed could not be read", http.StatusInternalServerError)
		return
	}
	feeds := []string{mispCollection} // of collections that everybody reads
	for _, k := range all {
		if !k.Always {
			feeds = append(feeds, feedOf(k))
		}
	}
	p := c.Store.Published()
	http.StripPrefix("/misp-feed", feed.Source{
		All: func(ctx context.Context) iter.Seq2[[]byte, error] { return events(ctx, p, feeds...) },
		One: func(ctx context.Context, uuid string) ([]byte, error) {
			for _, f := range feeds {
				if page, _, err := p.Query(ctx, f, taxii.Query{IDs: []string{uuid}, Limit: 1}); err != nil || len(page) > 0 {
					return append(page, taxii.Object{})[0].JSON, err
				}
			}
			return nil, nil
		},
	}).ServeHTTP(w, r)
}

// events yields the events of feeds, a few at a time from the store.
func events(ctx context.Context, p store.Published, feeds ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, f := range feeds {
			for o, err := range eventsAfter(ctx, p, f, 0) {
				if !yield(o.JSON, err) || err != nil {
					return
				}
			}
		}
	}
}

// eventsAfter yields the events of a feed that came after one.
func eventsAfter(ctx context.Context, p store.Published, in string, seq int64) iter.Seq2[taxii.Object, error] {
	return func(yield func(taxii.Object, error) bool) {
		q := taxii.Query{Limit: 8, After: seq}
		for more := true; more; {
			var page []taxii.Object
			var err error
			if page, more, err = p.Query(ctx, in, q); err != nil {
				yield(taxii.Object{}, err)
				return
			}
			for _, o := range page {
				if !yield(o, nil) {
					return
				}
				q.After = o.Seq
			}
		}
	}
}

// putEvent puts an event in the place of the one that was there, unless it is the
// same: old versions hold what was withdrawn.
func (c *Console) putEvent(v *visit, p store.Published, in, uuid string, event []byte) error {
	q := taxii.Query{IDs: []string{uuid}, Versions: []string{"all"}}
	old, _, err := p.Query(v.ctx(), in, q)
	if err != nil {
		return err
	}
	if len(old) == 1 && string(old[0].JSON) == string(event) {
		return nil
	}
	if _, err := p.Delete(v.ctx(), in, q); err != nil {
		return err
	}
	o := taxii.Object{ID: uuid, Type: "misp-event", Spec: "2.1", Version: c.Now().UTC().Format(time.RFC3339Nano), JSON: event}
	return p.Add(v.ctx(), in, []taxii.Object{o}, c.Now())
}

// carries reports whether a part of an event, by its comment or value, carries one
// of the claims and indicators.
func carries(list []taxii.Object) func(comment, value string) bool {
	comments, values := map[string]bool{}, map[string]bool{}
	for _, o := range list {
		var x struct {
			Extensions map[string]struct {
				Claim string `json:"claim_id"`
			}
		}
		_ = json.Unmarshal(o.JSON, &x) // it was read when it was published
		if o.Type == "indicator" {
			values[naming(o)] = true
		}
		for _, e := range x.Extensions {
			if e.Claim != "" {
				comments[claims.Comment(e.Claim)] = true
			}
		}
	}
	return func(comment, value string) bool { return comments[comment] || values[value] }
}

// feedParts are the events of a feed that carry something.
type feedParts struct {
	in      string
	carries func(comment, value string) bool
	events  []string // their UUIDs
	last    int64    // Seq of the last event that was looked at
}

// lookInFeed finds the events that carry one of the objects.
func (c *Console) lookInFeed(v *visit, p store.Published, in string, list []taxii.Object) (*feedParts, error) {
	f := &feedParts{in: in, carries: carries(list)}
	return f, f.more(v.ctx(), p)
}

// more looks at events that came since.
func (f *feedParts) more(ctx context.Context, p store.Published) error {
	for o, err := range eventsAfter(ctx, p, f.in, f.last) {
		if err != nil {
			return err
		}
		f.last = o.Seq
		next, err := feed.Withdraw(o.JSON, f.carries, "", time.Time{})
		if err != nil {
			return err
		}
		if string(next) != string(o.JSON) && !slices.Contains(f.events, o.ID) {
			f.events = append(f.events, o.ID)
		}
	}
	return nil
}

// withdrawFromFeed deletes the parts from their events.
func (c *Console) withdrawFromFeed(v *visit, p store.Published, f *feedParts, reason string) error {
	if err := f.more(v.ctx(), p); err != nil {
		return err
	}
	for _, uuid := range f.events {
		list, _, err := p.Query(v.ctx(), f.in, taxii.Query{IDs: []string{uuid}})
		if err != nil {
			return err
		}
		for _, o := range list {
			next, err := feed.Withdraw(o.JSON, f.carries, reason, c.Now())
			if err != nil {
				return err
			}
			if err := c.putEvent(v, p, f.in, uuid, next); err != nil {
				return err
			}
		}
	}
	return nil
}
