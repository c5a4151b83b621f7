package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/publish"
	"limier/publish/claims"
	"limier/publish/feed"
	"limier/publish/misp"
	"limier/publish/stix"
	"limier/publish/taxii"
	"limier/statement"
)

// taxiiServer serves what was published to every account, of whatever
// organisation: by token, or by name and token.
func (c *Console) taxiiServer() *taxii.Server {
	return &taxii.Server{
		Title: "Limier", Description: "What this hub publishes", Store: c.Store.Published(), Now: c.Now,
		Roots: func(string) []taxii.Root {
			return []taxii.Root{{Path: "limier", Title: "Limier", Collections: taxii.Collections()}}
		},
		User: c.subscriber,
	}
}

// asking holds back an address that tries tokens.
func (c *Console) asking(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			if wait, ok := c.byHost.allow(host(r)); !ok {
				w.Header().Set("Content-Type", taxii.MediaType)
				w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(wait.Seconds()))))
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, `{"title":"TooManyRequests","description":"too many wrong tokens came from this address","http_status":"429"}`+"\n")
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// subscriber is the account of a program: a token as bearer, or as the password
// of its name (RFC 7617), which TAXII clients can send.
func (c *Console) subscriber(r *http.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name := ""
	if !ok {
		if name, token, ok = r.BasicAuth(); !ok {
			return "", false
		}
	}
	s, err := c.Store.Session(r.Context(), token, c.Now())
	if err != nil || name != "" && s.Account.Name != name {
		return "", false
	}
	c.byHost.forget(host(r))
	return s.Account.Name, true
}

type publicationData struct {
	Collections []publishedCollection
	Report      *statement.Report
	File, Pins  string
}

type publishedCollection struct {
	taxii.Collection
	Marking string
	Objects int
	Last    time.Time
}

func (c *Console) publication(v *visit) error {
	return c.showPublication(v, http.StatusOK, "", "", publicationData{})
}

func (c *Console) showPublication(v *visit, status int, done, problem string, d publicationData) error {
	for i, k := range taxii.Collections() {
		n, last, err := c.Store.Published().Count(v.ctx(), k.ID)
		if err != nil {
			return err
		}
		d.Collections = append(d.Collections, publishedCollection{k, []string{"TLP:CLEAR", "TLP:AMBER+STRICT"}[i], n, last})
	}
	return c.show(v, status, "publication", page{Title: v.t("Publication"), Data: d, Done: done, Error: problem})
}

// publishClaims lets the knowledge go: what ships, and what was reviewed here.
func (c *Console) publishClaims(v *visit) error {
	b, err := c.base(v)
	if err != nil {
		return err
	}
	raws, err := claims.Objects(b.Claims, claims.Options{TLP: "clear"})
	if err != nil {
		return err
	}
	objects, err := taxii.ParseObjects(raws)
	if err != nil {
		return err
	}
	all := claims.Formats()
	var event bytes.Buffer
	i := slices.IndexFunc(all, func(f claims.Format) bool { return f.Name == "misp" })
	if err := all[i].Write(&event, b.Claims, claims.Options{TLP: "clear", Set: "hub"}); err != nil {
		return err
	}
	return c.letGo(v, 0, objects, event.Bytes())
}

// publishIndicators lets the indicators of a case go, and nothing of the victim.
func (c *Console) publishIndicators(v *visit) error {
	id, err := strconv.ParseInt(v.r.PostForm.Get("case"), 10, 64)
	if err != nil {
		return c.showPublication(v, http.StatusBadRequest, "", v.t("A case is a number: the report's address ends with it."), publicationData{})
	}
	_, got, err := c.Store.Case(v.ctx(), v.scope, id)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := stix.Publisher.Write(v.ctx(), &b, got); err != nil {
		return err
	}
	objects, err := taxii.Indicators(b.Bytes())
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return c.showPublication(v, http.StatusUnprocessableEntity, "", v.t("This case holds no indicators: nothing was published."), publicationData{})
	}
	var event bytes.Buffer
	if err := misp.WriteIndicators(&event, got); err != nil {
		return err
	}
	return c.letGo(v, 1, objects, event.Bytes())
}

// letGo publishes objects over TAXII, and the same as an event of the MISP feed.
func (c *Console) letGo(v *visit, collection int, objects []taxii.Object, event []byte) error {
	k := taxii.Collections()[collection]
	if err := c.Store.Published().Add(v.ctx(), k.ID, objects, c.Now()); err != nil {
		return err
	}
	var in struct{ Event struct{ UUID string } }
	if err := json.Unmarshal(event, &in); err != nil {
		return err
	}
	o := taxii.Object{ID: in.Event.UUID, Type: "misp-event", Spec: "2.1", Version: c.Now().UTC().Format(time.RFC3339Nano), JSON: event}
	if err := c.Store.Published().Add(v.ctx(), mispCollection, []taxii.Object{o}, c.Now()); err != nil {
		return err
	}
	if err := c.note(v, "published", k.Alias, fmt.Sprint(len(objects), " objects")); err != nil {
		return err
	}
	return c.showPublication(v, http.StatusOK, v.t("Published: %s.", v.words.n(len(objects), "object", "objects")), "", publicationData{})
}

// mispCollection keeps the events of the MISP feed; TAXII does not show it.
const mispCollection = "misp-feed"

// mispFeed serves what was published to those whom TAXII serves.
func (c *Console) mispFeed(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.subscriber(r); !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="MISP feed", charset="UTF-8"`)
		http.Error(w, "say who you are", http.StatusUnauthorized)
		return
	}
	http.StripPrefix("/misp-feed", feed.Source{All: c.events, One: c.event}).ServeHTTP(w, r)
}

// events yields the events of the MISP feed, a few at a time from the store.
func (c *Console) events(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		q := taxii.Query{Limit: 8}
		for more := true; more; {
			var page []taxii.Object
			var err error
			if page, more, err = c.Store.Published().Query(ctx, mispCollection, q); err != nil {
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

func (c *Console) event(ctx context.Context, uuid string) ([]byte, error) {
	page, _, err := c.Store.Published().Query(ctx, mispCollection, taxii.Query{IDs: []string{uuid}, Limit: 1})
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return page[0].JSON, nil
}

// verifyStatement shows what the signatures of a co-signed statement are worth
// under the keys that the visitor trusts.
func (c *Console) verifyStatement(v *visit) error {
	d := publicationData{File: v.r.PostForm.Get("statement"), Pins: v.r.PostForm.Get("pins")}
	bad := func(err error) error {
		return c.showPublication(v, http.StatusBadRequest, "", v.t("The statement could not be read: %s", publish.Plain(err.Error())), d)
	}
	file, err := statement.Read([]byte(d.File))
	if err != nil {
		return bad(err)
	}
	pins := statement.Pins{}
	if err := pins.ReadPins(strings.NewReader(d.Pins)); err != nil {
		return bad(err)
	}
	var out bytes.Buffer
	if err := statement.WriteHTML(&out, file.Verify(pins), v.lang); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = v.w.Write(out.Bytes())
	return nil
}
