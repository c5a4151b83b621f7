package console

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
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
		http.Error(w, "say who you are", http.StatusUnauthorized)
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
			q := taxii.Query{Limit: 8}
			for more := true; more; {
				var page []taxii.Object
				var err error
				if page, more, err = p.Query(ctx, f, q); err != nil {
					yield(nil, err)
					return
				}
				for _, o := range page {
					if !yield(o.JSON, nil) {
						return
					}
					q.After = o.Seq
				}
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

// withdrawFromFeed deletes from the events what was withdrawn from the collection.
func (c *Console) withdrawFromFeed(v *visit, p store.Published, in string, gone []taxii.Object, reason string) error {
	changed := map[string][]byte{}
	for event, err := range events(v.ctx(), p, in) {
		if err != nil {
			return err
		}
		next, err := feed.Withdraw(event, carries(gone), reason, c.Now())
		if err != nil {
			return err
		}
		if string(next) == string(event) {
			continue
		}
		var x struct{ Event struct{ UUID string } }
		if err := json.Unmarshal(next, &x); err != nil {
			return err
		}
		changed[x.Event.UUID] = next
	}
	for uuid, event := range changed {
		if err := c.putEvent(v, p, in, uuid, event); err != nil {
			return err
		}
	}
	return nil
}
