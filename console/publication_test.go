package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"limier/claim"
	"limier/publish/claims"
	"limier/publish/taxii"
	"limier/store"
)

const report = `Brussels, 19 July 2021. The European Union accuses the Chinese government of the hacking of Microsoft Exchange servers.
The White House attributes the attack with a high degree of confidence to actors affiliated with the Ministry of State Security.
<script>alert(1)</script>`

// TestReadAndReview: a report becomes claims; those that a person ticks are
// added to the knowledge, in that person's name.
func TestReadAndReview(t *testing.T) {
	e := newEstate(t, nil)
	e.account("ann", store.Analyst, "")
	v := e.as("ann")
	code, body := v.post("/read", "/read", url.Values{"name": {"news"}, "text": {report}})
	if code != http.StatusOK || strings.Contains(body, "<script>") {
		t.Fatalf("reading: %d", code)
	}
	ids := regexp.MustCompile(`name="accept" value="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(ids) < 2 {
		t.Fatalf("%d claims read, want two or more", len(ids))
	}
	if got, err := e.hub.Claims(context.Background()); err != nil || len(got) != 0 {
		t.Errorf("%d claims were added without a review: %v", len(got), err)
	}
	code, body = v.post("/read", "/read", url.Values{"name": {"news"}, "text": {report}, "accept": {ids[1][1]}, "published": {"2021-07-19"}})
	got, err := e.hub.Claims(context.Background())
	if code != http.StatusOK || err != nil || len(got) != 1 || !strings.Contains(got[0].ExtractedBy, "reviewed by ann") {
		t.Fatalf("accepting one: %d, %d claims, %v: %s", code, len(got), err, regexp.MustCompile(`(?s)role="alert">.*?<`).FindString(body))
	}
	if code, _ := v.post("/read", "/read", url.Values{"name": {"news"}, "text": {"nothing here"}, "accept": {"made-up"}}); code != http.StatusOK {
		t.Errorf("accepting what the text does not claim: %d", code)
	}
	if got, _ := e.hub.Claims(context.Background()); len(got) != 1 {
		t.Errorf("%d claims, want one", len(got))
	}
	if code, _ := v.post("/read", "/read", url.Values{"text": {strings.Repeat("x", maxForm+1)}}); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a text above the bound: %d", code)
	}
}

// TestWhoDenies: what is denied, not said or withdrawn does not look like what is
// claimed, in what is read and in what is known.
func TestWhoDenies(t *testing.T) {
	e := newEstate(t, nil)
	e.account("ann", store.Analyst, "")
	v := e.as("ann")
	k := claim.Claim{ID: "x", Attributors: []claim.Party{{Identity: "Town"}}, Relation: claim.AttributedTo, Object: claim.Thing{Name: "Exchange 2021"}, Target: claim.Thing{Name: "Nemo"}, Level: claim.Group,
		Polarity: claim.Declines, Modality: claim.Asserted, SaidOn: "2021-03-09", Status: claim.Withdrawn, Evidence: []claim.Quote{{Document: "press release"}}}
	if err := e.hub.AddClaims(context.Background(), []claim.Claim{k}, "ann", e.now); err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"en": {"<b>denies</b>", "<b>does not say: attributed to</b>", ">withdrawn</span>", "NATO: Exchange hack — does not say: attributed to China (state)"},
		"fr": {"<b>dément</b>", "<b>ne dit pas\u00a0: attribué à</b>", ">retiré</span>", "NATO\u00a0: Exchange hack — ne dit pas\u00a0: attribué à China (État)"},
	} {
		v.lang = lang
		_, known := v.get("/knowledge?q=Exchange+2021")
		_, read := v.post("/read", "/read", url.Values{"text": {"19 July 2021. NATO does not attribute the Exchange hack to China. \u202etxet"}})
		for _, text := range want {
			if !strings.Contains(known+read, text) {
				t.Errorf("%s: no page says %q: %s", lang, text, regexp.MustCompile(`Accept[^"]*"`).FindAllString(read, -1))
			}
		}
		if _, shown, _ := strings.Cut(read, `class="reading"`); !strings.Contains(shown, `\u202etxet`) || strings.Contains(shown, "\u202e") {
			t.Error("text that runs backwards is shown so")
		}
	}
}

// TestPublish: nothing is on the TAXII server until a publisher lets it go.
func TestPublish(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	e.account("ann", store.Analyst, "")
	v := e.as("pat")
	_, body := v.post("/account", "/account/token", url.Values{})
	token := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(body)[1]
	objects := func(collection int) (int, string) {
		r, _ := http.NewRequest(http.MethodGet, e.url+"/taxii2/limier/collections/"+taxii.Collections()[collection].ID+"/objects/?limit=1000", nil)
		r.Header.Set("Accept", taxii.MediaType)
		r.SetBasicAuth("pat", token)
		code, body := e.visitor().do(r)
		var got struct{ Objects []json.RawMessage }
		if code != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
			t.Fatalf("asking for collection %d: %d %s", collection, code, body)
		}
		return len(got.Objects), body
	}
	for i := range 2 {
		if n, _ := objects(i); n != 0 {
			t.Errorf("collection %d holds %d objects before anything was published", i, n)
		}
	}
	if code, _ := e.as("ann").post("/account", "/publication/claims", url.Values{}); code != http.StatusForbidden {
		t.Errorf("an analyst publishes: %d", code)
	}
	if code, _ := v.post("/publication", "/publication/claims", url.Values{}); code != http.StatusOK {
		t.Errorf("publishing claims: %d", code)
	}
	s, err := e.hub.Server(context.Background(), store.All(), e.mixed)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := v.post("/publication", "/publication/indicators", url.Values{"case": {jsonNumber(s.Latest)}}); code != http.StatusOK {
		t.Errorf("publishing indicators: %d", code)
	}
	clean, err := e.hub.Server(context.Background(), store.All(), e.other)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := v.post("/publication", "/publication/indicators", url.Values{"case": {jsonNumber(clean.Latest)}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "nothing was published") {
		t.Errorf("publishing a case without indicators: %d", code)
	}
	if _, page := v.get("/publication"); !strings.Contains(page, "TLP:CLEAR") || !strings.Contains(page, "TLP:AMBER&#43;STRICT") {
		t.Error("the page does not say how the objects are marked")
	}
	if _, body := objects(0); strings.Contains(body, `"tlp_2_0":"amber`) || !strings.Contains(body, `"tlp_2_0":"clear"`) {
		t.Error("claims are not TLP:CLEAR, as the page says")
	}
	if _, body := objects(1); !strings.Contains(body, `"tlp_2_0":"amber+strict"`) {
		t.Error("indicators are not TLP:AMBER+STRICT, as the page says")
	}
	if n, body := objects(0); n < 100 || !strings.Contains(body, "HAFNIUM") {
		t.Errorf("%d objects of claims", n)
	}
	if n, body := objects(1); n == 0 || !strings.Contains(body, "203.0.113.45") || strings.Contains(body, "town.example") || strings.Contains(body, "EX0") {
		t.Errorf("%d objects of indicators, or they name the victim", n)
	}
	get := func(name, token string) (int, string) {
		r, _ := http.NewRequest(http.MethodGet, e.url+"/misp-feed/"+name, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token) // as MISP's feed headers can
		}
		return e.visitor().do(r)
	}
	code, manifest := get("manifest.json", token)
	var events map[string]struct{ Info string }
	if code != http.StatusOK || json.Unmarshal([]byte(manifest), &events) != nil || len(events) != 2 {
		t.Fatalf("the MISP feed: %d %s", code, manifest)
	}
	k := claim.Claim{ID: "x", Attributors: []claim.Party{{Identity: "Town"}}, Relation: claim.LinkedTo, Object: claim.Thing{Name: "Exchange 2021"}, Target: claim.Thing{Name: "Nemo"}, Level: claim.Group,
		Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: "2021-03-09", Evidence: []claim.Quote{{Document: "press release"}}}
	if err := e.hub.AddClaims(context.Background(), []claim.Claim{k}, "pat", e.now); err != nil {
		t.Fatal(err)
	}
	if code, _ := v.post("/publication", "/publication/claims", url.Values{}); code != http.StatusOK {
		t.Errorf("publishing claims again: %d", code)
	}
	// MISP takes an object in one event only: with another event it would lose the claims that it has.
	if _, again := get("manifest.json", token); json.Unmarshal([]byte(again), &events) != nil || len(events) != 2 {
		t.Errorf("claims published again are another event: %s", again)
	}
	for id, event := range events {
		code, body := get(id+".json", token)
		if code != http.StatusOK || strings.Contains(body, "EX0") || strings.Contains(body, "town.example") {
			t.Errorf("%s: %d, or it names the victim", event.Info, code)
		}
	}
	var many []taxii.Object // several pages of the store
	for i := range 21 {
		id := fmt.Sprintf("5b3f1c0e-6a52-5d0b-9e5d-%012d", i)
		many = append(many, taxii.Object{ID: id, Type: "misp-event", Spec: "2.1", Version: "2021-03-10T00:00:00Z", JSON: fmt.Appendf(nil, `{"Event":{"uuid":%q,"info":"x","date":"2021-03-10","timestamp":"1","Orgc":{}}}`, id)})
	}
	if err := e.hub.Published().Add(context.Background(), mispCollection, many, time.Now()); err != nil {
		t.Fatal(err)
	}
	code, manifest = get("manifest.json", token)
	if err := json.Unmarshal([]byte(manifest), &events); code != http.StatusOK || err != nil || len(events) != 23 {
		t.Errorf("%d: %d events, want 23: %v", code, len(events), err)
	}
	if code, body := get(many[20].ID+".json", token); code != http.StatusOK || body != string(many[20].JSON) {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := get("5b3f1c0e-6a52-5d0b-9e5d-000000000021.json", token); code != http.StatusNotFound {
		t.Errorf("an event that is not there: %d", code)
	}
	if code, body := get("manifest.json", ""); code != http.StatusUnauthorized || !strings.Contains(body, "a token of its page") {
		t.Errorf("the MISP feed without a token: %d", code)
	}
	for range 30 {
		if code, _ := get("manifest.json", "wrong"); code != http.StatusUnauthorized {
			t.Errorf("a wrong token: %d", code)
		}
	}
	for _, path := range []string{"/taxii2/", "/misp-feed/manifest.json"} { // a right token is not called wrong
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		if e.c.ServeHTTP(w, r); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s after too many wrong tokens: %d %v", path, w.Code, w.Header())
		}
	}
	r, _ := http.NewRequest(http.MethodGet, e.url+"/taxii2/", nil)
	r.Header.Set("Accept", taxii.MediaType)
	if code, _ := e.visitor().do(r); code != http.StatusUnauthorized {
		t.Errorf("TAXII without a token: %d", code)
	}
}

// TestPublishSingle: a publisher ticks single claims on the list; they go out,
// under the collection's marking, and the others do not.
func TestPublishSingle(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	e.account("ann", store.Analyst, "")
	e.account("tom", store.Publisher, "town")
	v, sub := e.as("pat"), e.subscribe("pat")
	const list = "/knowledge?q=Exchange+2021"
	for name, want := range map[string]bool{"pat": true, "ann": false, "tom": false} {
		if _, body := e.as(name).get(list); strings.Contains(body, `name="claim"`) != want {
			t.Errorf("%s may tick claims: %v", name, !want)
		}
	}
	if code, _ := v.post("/publication", "/publication/collections", url.Values{"title": {"Partners"}, "tlp": {"amber"}, "everybody": {"yes"}}); code != http.StatusOK {
		t.Fatal(code)
	}
	partners := sub.collections()["Partners"]
	for lang, want := range map[string]string{"en": "Publish the claim: ", "fr": "Publier l&#39;affirmation\u00a0: "} {
		v.lang = lang
		_, body := v.get(list)
		if !strings.Contains(body, want) || !strings.Contains(body, "Partners (TLP:AMBER)") {
			t.Errorf("%s: no %q", lang, want)
		}
	}
	v.lang = "en"
	_, body := v.get(list)
	ids := regexp.MustCompile(`name="claim" value="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(ids) < 4 {
		t.Fatal(len(ids), " claims to tick")
	}
	said := func() (n int) {
		t.Helper()
		var in struct {
			Objects []struct {
				Type    string
				Revoked bool
				Refs    []string `json:"object_marking_refs"`
			}
		}
		if code := sub.get("/taxii2/limier/collections/"+partners+"/objects/?limit=1000", &in); code != http.StatusOK {
			t.Fatal(code)
		}
		amber, _, err := claims.Marking("amber")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range in.Objects {
			if slices.Contains([]string{"relationship", "note", "opinion"}, o.Type) && !o.Revoked {
				n++
				if len(o.Refs) != 1 || o.Refs[0] != amber {
					t.Errorf("marked %v", o.Refs)
				}
			}
		}
		return n
	}
	parts := func() (n int) { // of the MISP event
		t.Helper()
		var events map[string]struct{ Info string }
		if sub.get("/misp-feed/manifest.json", &events); len(events) != 1 {
			t.Fatalf("%d events, want one", len(events))
		}
		for uuid := range events {
			var in struct {
				Event struct{ Object []struct{ Deleted bool } }
			}
			sub.get("/misp-feed/"+uuid+".json", &in)
			for _, o := range in.Event.Object {
				if !o.Deleted {
					n++
				}
			}
		}
		return n
	}
	for i, tick := range [][]string{{ids[0][1], ids[1][1]}, {ids[2][1]}} {
		if code, body := v.post(list, "/publication/claims", url.Values{"choose": {"yes"}, "collection": {partners}, "claim": tick}); code != http.StatusOK || !strings.Contains(body, "Published: ") {
			t.Fatal(code)
		}
		if want := 2 + i; said() != want || parts() != want {
			t.Errorf("%d claims and %d parts of the event, want %d", said(), parts(), want)
		}
	}
	for what, tick := range map[string][]string{"nothing": nil, "what is not there": {"made-up"}} {
		if code, body := v.post(list, "/publication/claims", url.Values{"choose": {"yes"}, "collection": {partners}, "claim": tick}); code != http.StatusBadRequest || !strings.Contains(body, "Tick the claims to publish.") || said() != 3 {
			t.Errorf("%s: %d", what, code)
		}
	}
	// What is withdrawn stays so, and does not come back with another.
	item := regexp.MustCompile(`name="item" value="([^"]+)"`).FindAllStringSubmatch(second(v.get("/publication?in="+partners)), -1)
	if len(item) != 3 {
		t.Fatalf("%d items, want 3", len(item))
	}
	if code, _ := v.post("/publication", "/publication/withdraw", url.Values{"item": {item[0][1]}, "reason": {"wrong"}}); code != http.StatusOK {
		t.Fatal(code)
	}
	if code, _ := v.post(list, "/publication/claims", url.Values{"choose": {"yes"}, "collection": {partners}, "claim": {ids[3][1]}}); code != http.StatusOK || said() != 3 || parts() != 3 {
		t.Errorf("%d: %d claims and %d parts of the event, want 3", code, said(), parts())
	}
}

// TestPublishSingleVersion: a new version of a claim that was published does not
// leave because another claim was ticked.
func TestPublishSingleVersion(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	v, sub := e.as("pat"), e.subscribe("pat")
	first := claim.Claim{ID: "first", Version: 1, Attributors: []claim.Party{{Identity: "Town Crier"}}, Relation: claim.AttributedTo, Object: claim.Thing{Name: "Exchange 2021"}, Target: claim.Thing{Name: "HAFNIUM"}, Level: claim.Group,
		Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: "2021-03-09", Wording: "it was HAFNIUM", Evidence: []claim.Quote{{Document: "a press release"}}}
	other := first
	other.ID, other.SaidOn, other.Wording = "other", "2021-03-10", "HAFNIUM it was"
	add := func(list ...claim.Claim) {
		t.Helper()
		if err := e.hub.AddClaims(t.Context(), list, "ann", e.now); err != nil {
			t.Fatal(err)
		}
	}
	// check publishes what is ticked, and looks for words of the claims.
	check := func(tick string, want map[string]bool) {
		t.Helper()
		if code, _ := v.post("/knowledge?q=Exchange+2021", "/publication/claims", url.Values{"choose": {"yes"}, "claim": {tick}}); code != http.StatusOK {
			t.Fatal(code)
		}
		var events map[string]struct{ Info string }
		sub.get("/misp-feed/manifest.json", &events)
		var said []byte
		for uuid := range events {
			var event json.RawMessage
			sub.get("/misp-feed/"+uuid+".json", &event)
			said = append(said, event...)
		}
		for words, is := range want {
			if bytes.Contains(said, []byte(words)) != is {
				t.Errorf("%q is in the feed: %v", words, !is)
			}
		}
	}
	add(first, other)
	check("first", map[string]bool{"it was HAFNIUM": true, "HAFNIUM it was": false})
	next := first
	next.Version, next.Wording = 2, "a secret word"
	add(next)
	check("other", map[string]bool{"it was HAFNIUM": true, "HAFNIUM it was": true, "a secret word": false})
	check("first", map[string]bool{"it was HAFNIUM": false, "HAFNIUM it was": true, "a secret word": true})
}

func second(_ int, s string) string { return s }

// TestNamesakes: servers of one name, in organisations that do not know of each
// other, have events of their own, the same ones each time.
func TestNamesakes(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	v, sub := e.as("pat"), e.subscribe("pat")
	values := []string{"203.0.113.45", "198.51.100.7"}
	var events map[string]struct{ Info string }
	var cases []int64
	for i, org := range []string{"town", "clinic"} {
		id, err := e.hub.Enrol(t.Context(), org, "mail", "", e.now)
		if err != nil {
			t.Fatal(err)
		}
		k := e.caseOf(0)
		k.Findings[0].Entities[0].Value = values[i]
		e.submit(id, k)
		s, err := e.hub.Server(t.Context(), store.All(), id)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, s.Latest)
	}
	for range 2 {
		for _, id := range cases {
			if code, _ := v.post("/publication", "/publication/indicators", url.Values{"case": {jsonNumber(id)}}); code != http.StatusOK {
				t.Fatal(code)
			}
		}
		if code := sub.get("/misp-feed/manifest.json", &events); code != http.StatusOK || len(events) != 2 {
			t.Errorf("%d: %d events, want 2", code, len(events))
		}
	}
	var all []byte
	for uuid := range events {
		var event json.RawMessage
		sub.get("/misp-feed/"+uuid+".json", &event)
		all = append(all, event...)
	}
	for _, value := range values {
		if n := bytes.Count(all, []byte(value)); n == 0 {
			t.Errorf("%s is in no event", value)
		}
	}
}

func jsonNumber(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// TestStatement checks the statement that ships, under keys and without.
func TestStatement(t *testing.T) {
	file, err := os.ReadFile("../examples/statement/statement.json")
	if err != nil {
		t.Skip("no example of a statement: ", err)
	}
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	v := e.as("pat")
	code, body := v.post("/publication", "/publication/statement", url.Values{"statement": {string(file)}})
	if code != http.StatusOK || !strings.Contains(body, "European Union") {
		t.Errorf("a statement: %d", code)
	}
	if code, _ := v.post("/publication", "/publication/statement", url.Values{"statement": {"{}"}}); code != http.StatusBadRequest {
		t.Errorf("no statement: %d", code)
	}
}
