package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/claim"
	"limier/publish"
	"limier/publish/claims"
	"limier/publish/feed"
	"limier/publish/misp"
	"limier/publish/stix"
	"limier/publish/taxii"
	"limier/statement"
	"limier/store"
)

// taxiiServer serves what was published to each account whose collection it is:
// by token, or by name and token.
func (c *Console) taxiiServer() *taxii.Server {
	return &taxii.Server{
		Title: "Limier", Description: "What this hub publishes", Store: c.Store.Published(), Now: c.Now,
		Roots: func(ctx context.Context, name string) ([]taxii.Root, error) {
			a, err := c.Store.Account(ctx, name)
			if err != nil {
				return nil, err
			}
			root := taxii.Root{Path: "limier", Title: "Limier"}
			all, err := c.readable(ctx, a)
			for _, k := range all {
				t := taxii.Collection{ID: k.ID, Title: publish.Plain(k.Title), CanRead: true, MediaTypes: []string{taxii.StixType}}
				if i := slices.IndexFunc(taxii.Collections(), func(t taxii.Collection) bool { return t.ID == k.ID }); i >= 0 {
					t = taxii.Collections()[i]
				}
				t.Description = strings.TrimPrefix(t.Description+". "+tlpName(k.TLP), ". ")
				root.Collections = append(root.Collections, t)
			}
			return []taxii.Root{root}, err
		},
		User: func(r *http.Request) (string, bool) {
			a, ok := c.subscriber(r)
			return a.Name, ok
		},
	}
}

// readable lists the collections that an account reads.
func (c *Console) readable(ctx context.Context, a store.Account) ([]store.Collection, error) {
	all, err := c.Store.Collections(ctx)
	return slices.DeleteFunc(all, func(k store.Collection) bool { return !k.Reads(a) }), err
}

func tlpName(tlp string) string { return "TLP:" + strings.ToUpper(tlp) }

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
func (c *Console) subscriber(r *http.Request) (store.Account, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name := ""
	if !ok {
		if name, token, ok = r.BasicAuth(); !ok {
			return store.Account{}, false
		}
	}
	s, err := c.Store.Session(r.Context(), token, c.Now())
	if err != nil || name != "" && s.Account.Name != name {
		return store.Account{}, false
	}
	c.byHost.forget(host(r))
	return s.Account, true
}

type publicationData struct {
	Collections []publishedCollection
	Own         []store.Collection // that this account may change
	TLPs        []string
	Query, In   string
	Items       []publishedItem
	Report      *statement.Report
	File, Pins  string

	Form string     // that was refused: "indicators", "collection" or "withdraw"; "" for none
	Sent url.Values // what it held
}

// Kept is what a field of a form held when the form was refused.
func (d publicationData) Kept(form, field string) string {
	if form != d.Form {
		return ""
	}
	return d.Sent.Get(field)
}

// Choices are the collections that claims, or indicators, may go to.
func (d publicationData) Choices(kind string) []publishedCollection {
	return choices(d.Collections, kind)
}

// choices leaves out the collection that is always there for the other kind.
func choices(all []publishedCollection, kind string) []publishedCollection {
	return slices.DeleteFunc(slices.Clone(all), func(k publishedCollection) bool {
		i := slices.IndexFunc(taxii.Collections(), func(t taxii.Collection) bool { return t.ID == k.ID })
		return i >= 0 && taxii.Collections()[i].Alias != kind
	})
}

type publishedCollection struct {
	store.Collection
	Description, Marking string
	Objects              int
	Last                 time.Time
}

// A publishedItem is a claim or an indicator as a person reads it.
type publishedItem struct {
	store.Item
	Key    string // of the form: collection and object
	Name   string // of an indicator
	Text   string // what it says; why, if it was withdrawn
	Where  publishedCollection
	Ticked bool
}

// naming is what a STIX object calls itself.
func naming(o taxii.Object) string {
	var x struct{ Name string }
	_ = json.Unmarshal(o.JSON, &x) // it was read when it was published
	return x.Name
}

// saying is what a STIX object says, in one line.
func saying(o taxii.Object) string {
	var x struct{ Name, Description, Content, Explanation string }
	_ = json.Unmarshal(o.JSON, &x)
	line, _, _ := strings.Cut(cmp.Or(x.Content, x.Explanation, x.Description), "\n")
	return line
}

func (c *Console) publication(v *visit) error {
	return c.showPublication(v, http.StatusOK, "", "", publicationData{})
}

// refusePublication shows a form of the page again, with what it held and what
// is wrong.
func (c *Console) refusePublication(v *visit, status int, form, text string, values ...any) error {
	return c.showPublication(v, status, "", v.t(text, values...), publicationData{Form: form, Sent: v.r.PostForm})
}

func (c *Console) showPublication(v *visit, status int, done, problem string, d publicationData) error {
	var err error
	if d.Collections, err = c.collections(v); err != nil {
		return err
	}
	d.TLPs = store.TLPs()
	where := map[string]publishedCollection{}
	for i := range d.Collections {
		k := &d.Collections[i]
		if k.Objects, k.Last, err = c.Store.Published().Count(v.ctx(), k.ID); err != nil {
			return err
		}
		if !k.Always {
			d.Own = append(d.Own, k.Collection)
		}
		where[k.ID] = *k
	}
	asked := v.r.URL.Query()
	if v.r.Method == http.MethodPost {
		asked = v.r.PostForm // the list stays as it was
	}
	d.Query, d.In = strings.TrimSpace(cut(asked.Get("q"))), asked.Get("in")
	var in []string
	for _, k := range d.Collections {
		if d.In == "" || d.In == k.ID {
			in = append(in, k.ID)
		}
	}
	items, next, err := c.Store.Published().Items(v.ctx(), in, d.Query, store.Page{After: asked.Get("after"), Limit: 20})
	if err != nil {
		return err
	}
	for _, i := range items {
		p := publishedItem{Item: i, Key: i.Collection + "/" + i.ID, Where: where[i.Collection]}
		if p.Text = saying(i.Object); i.Type == "indicator" {
			p.Name = naming(i.Object)
		}
		p.Ticked = d.Form == "withdraw" && slices.Contains(d.Sent["item"], p.Key)
		d.Items = append(d.Items, p)
	}
	p := page{Title: v.t("Publication"), Data: d, Done: done, Error: problem}
	if next != "" {
		p.Next = "/publication?" + url.Values{"q": {d.Query}, "in": {d.In}, "after": {next}}.Encode() + "#published"
	}
	return c.show(v, status, "publication", p)
}

// collections lists those that the visit's account reads.
func (c *Console) collections(v *visit) (list []publishedCollection, err error) {
	all, err := c.readable(v.ctx(), *v.account)
	for _, k := range all {
		p := publishedCollection{Collection: k, Marking: tlpName(k.TLP)}
		if i := slices.IndexFunc(taxii.Collections(), func(t taxii.Collection) bool { return t.ID == k.ID }); i >= 0 {
			p.Title, p.Description = v.t(k.Title), taxii.Collections()[i].Description
		}
		list = append(list, p)
	}
	return list, err
}

// chosen is the collection that a form names; without, that of the kind which
// is always there.
func (c *Console) chosen(v *visit, kind string) (store.Collection, error) {
	all, err := c.readable(v.ctx(), *v.account)
	if err != nil {
		return store.Collection{}, err
	}
	id := v.r.PostForm.Get("collection")
	for _, t := range taxii.Collections() {
		switch {
		case id == "" && t.Alias == kind:
			id = t.ID
		case id == t.ID && t.Alias != kind:
			return store.Collection{}, store.ErrNotFound
		}
	}
	for _, k := range all {
		if k.ID == id {
			return k, nil
		}
	}
	return store.Collection{}, store.ErrNotFound
}

// publishClaims lets the knowledge go, what ships and what was reviewed here, or
// what was ticked of it, but for what was withdrawn from the collection.
func (c *Console) publishClaims(v *visit) error {
	k, err := c.chosen(v, "claims")
	if err != nil {
		return err
	}
	b, err := c.base(v)
	if err != nil {
		return err
	}
	chosen := b.Claims
	ticked, some := v.r.PostForm["claim"], v.r.PostForm.Has("choose")
	if some {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(k claim.Claim) bool { return !slices.Contains(ticked, k.ID) })
		if len(chosen) == 0 {
			return c.refusePublication(v, http.StatusBadRequest, "", "Tick the claims to publish.")
		}
	}
	var join func(old, fresh []byte) ([]byte, error)
	if some {
		join = func(old, fresh []byte) ([]byte, error) { return feed.Join(old, fresh, claims.Title) }
	}
	return c.letGo(v, k, join, func(gone map[string]bool) (objects []taxii.Object, event []byte, left int, err error) {
		withdrawn := func(k claim.Claim) bool {
			// What its author withdrew is published as that, and revoked too.
			return k.Status != claim.Withdrawn && k.WithdrawnBy == "" && slices.ContainsFunc(claims.IDs(&k), func(id string) bool { return gone[id] })
		}
		list := slices.DeleteFunc(slices.Clone(chosen), withdrawn)
		if left = len(chosen) - len(list); len(list) == 0 {
			return nil, nil, left, errAllGone
		}
		o := claims.Options{TLP: k.TLP, Set: "hub", Gone: func(id string) bool { return gone[id] }}
		if !k.Always {
			o.Set += " " + k.ID
		}
		raws, err := claims.Objects(list, o)
		if err != nil {
			return nil, nil, 0, err
		}
		if objects, err = taxii.ParseObjects(raws); err != nil {
			return nil, nil, 0, err
		}
		all := claims.Formats()
		var out bytes.Buffer
		i := slices.IndexFunc(all, func(f claims.Format) bool { return f.Name == "misp" })
		err = all[i].Write(&out, list, o)
		return objects, out.Bytes(), left, err
	})
}

// publishIndicators lets the indicators of a case go, and nothing of the victim.
func (c *Console) publishIndicators(v *visit) error {
	k, err := c.chosen(v, "indicators")
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(v.r.PostForm.Get("case"), 10, 64)
	if err != nil {
		return c.refusePublication(v, http.StatusBadRequest, "indicators", "A case is a number: the report's address ends with it.")
	}
	info, got, err := c.Store.Case(v.ctx(), v.scope, id)
	if errors.Is(err, store.ErrNotFound) {
		return c.refusePublication(v, http.StatusNotFound, "indicators", "There is no case of that number.")
	} else if err != nil {
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
		return c.refusePublication(v, http.StatusUnprocessableEntity, "indicators", "This case holds no indicators: nothing was published.")
	}
	if objects, err = marking(objects, k.TLP); err != nil {
		return err
	}
	set := fmt.Sprintf("\nserver %d", info.Server) // several have one name, in organisations that do not know of each other
	if !k.Always {
		set += "\n" + k.ID
	}
	var event bytes.Buffer
	if err := misp.WriteIndicators(&event, got, k.TLP, set); err != nil {
		return err
	}
	return c.letGo(v, k, nil, func(gone map[string]bool) ([]taxii.Object, []byte, int, error) {
		var without []taxii.Object
		all := 0
		for _, o := range objects {
			if o.Type != "indicator" {
				continue
			}
			if all++; gone[o.ID] {
				without = append(without, o)
			}
		}
		if len(without) == all {
			return nil, nil, all, errAllGone
		}
		text, err := feed.Withdraw(event.Bytes(), carries(without), "withdrawn before", c.Now())
		return objects, text, len(without), err
	})
}

// marking marks the indicators of a case, which are TLP:AMBER+STRICT as it is,
// in another way.
func marking(objects []taxii.Object, tlp string) ([]taxii.Object, error) {
	id, definition, err := claims.Marking(tlp)
	if err != nil {
		return nil, err
	}
	strict, _, err := claims.Marking("amber+strict")
	if err != nil {
		return nil, err
	}
	raws := make([]json.RawMessage, len(objects))
	for i, o := range objects {
		raws[i] = bytes.ReplaceAll(o.JSON, []byte(strict), []byte(id))
		if o.ID == strict {
			raws[i] = definition
		}
	}
	return taxii.ParseObjects(raws)
}

// letGo publishes objects over TAXII, and the same as an event of the MISP feed.
// What was withdrawn before stays so: make is told what, and says how many claims
// or indicators that leaves out. The event takes the place of one that is there,
// which join, unless it is nil, puts into it first.
func (c *Console) letGo(v *visit, k store.Collection, join func(old, fresh []byte) ([]byte, error), make func(gone map[string]bool) (objects []taxii.Object, event []byte, left int, err error)) error {
	n, left := 0, 0
	err := c.Store.Published().Change(v.ctx(), func(p store.Published) error {
		gone, err := p.Revoked(v.ctx(), k.ID)
		if err != nil {
			return err
		}
		objects, event, without, err := make(gone)
		if err != nil {
			return err
		}
		objects = slices.DeleteFunc(slices.Clone(objects), func(o taxii.Object) bool { return gone[o.ID] })
		n, left = len(objects), without
		if err := p.Add(v.ctx(), k.ID, objects, c.Now()); err != nil {
			return err
		}
		var in struct{ Event struct{ UUID string } }
		if err := json.Unmarshal(event, &in); err != nil {
			return err
		}
		old, _, err := p.Query(v.ctx(), feedOf(k), taxii.Query{IDs: []string{in.Event.UUID}})
		if err != nil {
			return err
		}
		if len(old) > 0 && join != nil {
			if event, err = join(old[0].JSON, event); err != nil {
				return err
			}
		}
		if len(old) > 0 {
			if event, err = feed.Keep(old[0].JSON, event, c.Now()); err != nil {
				return err
			}
		}
		return c.putEvent(v, p, feedOf(k), in.Event.UUID, event)
	})
	if errors.Is(err, errAllGone) {
		return c.refusePublication(v, http.StatusUnprocessableEntity, "", "All of it was withdrawn before: nothing was published.")
	} else if err != nil {
		return err
	}
	if err := c.note(v, "published", publish.Plain(k.Title), fmt.Sprintf("%d objects, %d left out that were withdrawn", n, left)); err != nil {
		return err
	}
	done := v.t("Published: %s.", v.words.n(n, "object", "objects"))
	if left > 0 {
		done += " " + v.t("Left out, since it was withdrawn before: %s.", v.words.number(left))
	}
	return c.showPublication(v, http.StatusOK, done, "", publicationData{})
}

var errAllGone = errors.New("all of it was withdrawn before")

// putCollection makes a collection, or changes who reads it.
func (c *Console) putCollection(v *visit) error {
	f := v.r.PostForm
	bad := func(text string, values ...any) error {
		return c.refusePublication(v, http.StatusBadRequest, "collection", text, values...)
	}
	k := store.Collection{ID: f.Get("collection"), Title: strings.TrimSpace(cut(f.Get("title"))), TLP: f.Get("tlp"), Everybody: f.Get("everybody") == "yes", Created: c.Now(), CreatedBy: v.account.Name}
	action := "changed collection"
	if k.ID == "" {
		action, k.ID = "made collection", publish.UUID(publish.Space, "taxii collection\n"+secret())
	} else if old, err := c.chosen(v, ""); err != nil {
		return err
	} else {
		k.TLP = old.TLP
	}
	for line := range strings.Lines(f.Get("readers")) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(k.Readers, line) {
			k.Readers = append(k.Readers, line)
		}
	}
	if k.Title == "" || !slices.Contains(store.TLPs(), k.TLP) {
		return bad("A collection needs a title and a marking.")
	}
	var nobody *store.ReaderError
	switch err := c.Store.PutCollection(v.ctx(), v.scope, k); {
	case errors.As(err, &nobody):
		return bad("“%s” is no organisation of this hub, and no account with @ in front. Make it first, under Administration.", publish.Plain(nobody.Reader))
	case errors.Is(err, store.ErrRed):
		return bad("TLP:RED is for single persons: name accounts with @ in front, no organisation and not everybody.")
	case err != nil:
		return err
	}
	who := strings.Join(k.Readers, " ")
	if k.Everybody {
		who = "everybody"
	}
	if err := c.note(v, action, publish.Plain(k.Title), tlpName(k.TLP)+", "+who); err != nil {
		return err
	}
	return c.showPublication(v, http.StatusOK, v.t("The collection was saved."), "", publicationData{})
}

// withdraw takes back what was ticked: over TAXII it is revoked, in the MISP feed
// deleted.
func (c *Console) withdraw(v *visit) error {
	f := v.r.PostForm
	reason := strings.Join(strings.Fields(cut(f.Get("reason"))), " ")
	if len(f["item"]) == 0 {
		return c.refusePublication(v, http.StatusBadRequest, "withdraw", "Tick what is to be withdrawn.")
	}
	if reason == "" {
		return c.refusePublication(v, http.StatusBadRequest, "withdraw", "Say why: subscribers read it.")
	}
	all, err := c.readable(v.ctx(), *v.account)
	if err != nil {
		return err
	}
	n := 0
	for _, k := range all {
		var ids []string
		for _, item := range f["item"] {
			if id, ok := strings.CutPrefix(item, k.ID+"/"); ok {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			continue
		}
		// What takes long is done before, while others may publish: it is done again
		// if they did. What changes, changes in one moment.
		var w *taxii.Withdrawal
		var f *feedParts
		look := func(p store.Published) (err error) {
			if w, err = taxii.Prepare(v.ctx(), p, k.ID, ids); err == nil {
				f, err = c.lookInFeed(v, p, feedOf(k), w.Asked())
			}
			return err
		}
		var gone []taxii.Object
		err := c.Store.Published().Look(v.ctx(), look)
		if err == nil {
			err = c.Store.Published().Change(v.ctx(), func(p store.Published) error {
				changed, err := w.Changed(v.ctx(), p)
				if err == nil && changed {
					err = look(p)
				}
				if err == nil {
					gone, err = w.Do(v.ctx(), p, reason, c.Now())
				}
				if err != nil {
					return err
				}
				return c.withdrawFromFeed(v, p, f, reason)
			})
		}
		if err != nil {
			return err
		}
		for _, o := range gone {
			n++
			if err := c.note(v, "withdrew", o.ID, publish.Plain(k.Title+": "+reason+" — "+saying(o))); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return c.refusePublication(v, http.StatusNotFound, "withdraw", "Nothing of that is published any more.")
	}
	return c.showPublication(v, http.StatusOK, v.t("Withdrawn: %s. Subscribers learn it at their next visit.", v.words.number(n)), "", publicationData{})
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
