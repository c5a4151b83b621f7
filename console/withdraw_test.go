package console

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"limier/claim"
	"limier/publish/taxii"
	"limier/store"
)

// A subscriber is a partner's platform, which polls with a token.
type subscriber struct {
	e           *estate
	name, token string
}

func (e *estate) subscribe(name string) subscriber {
	e.t.Helper()
	_, body := e.as(name).post("/account", "/account/token", url.Values{})
	m := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(body)
	if m == nil {
		e.t.Fatal("no token for ", name)
	}
	return subscriber{e, name, m[1]}
}

// get asks for a path, and reads the answer into v if it is 200.
func (s subscriber) get(path string, v any) int {
	s.e.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, s.e.url+path, nil)
	r.Header.Set("Accept", taxii.MediaType)
	r.SetBasicAuth(s.name, s.token)
	code, body := s.e.visitor().do(r)
	if code == http.StatusOK && json.Unmarshal([]byte(body), v) != nil {
		s.e.t.Fatalf("%s: %s", path, body)
	}
	return code
}

// collections are those that it is told of, by title.
func (s subscriber) collections() map[string]string {
	var in struct{ Collections []struct{ ID, Title string } }
	s.get("/taxii2/limier/collections/", &in)
	all := map[string]string{}
	for _, c := range in.Collections {
		all[c.Title] = c.ID
	}
	return all
}

type stixObject struct {
	ID, Type, Name, Description, Modified string
	Revoked                               bool
	Marks                                 []string `json:"object_marking_refs"`
	Pattern                               string
}

// objects are those of all pages.
func (s subscriber) objects(collection, query string) (all []stixObject) {
	for next := ""; ; {
		var in struct {
			Objects []stixObject
			Next    string
		}
		if code := s.get("/taxii2/limier/collections/"+collection+"/objects/?"+query+next, &in); code != http.StatusOK {
			s.e.t.Errorf("%s: %d", collection, code)
		}
		all = append(all, in.Objects...)
		if in.Next == "" {
			return all
		}
		next = "&next=" + in.Next
	}
}

type mispPart struct {
	Type, Value, Comment string
	Deleted              bool
	Attribute            []mispPart
}

type mispEvent struct {
	Info, Timestamp   string
	Object, Attribute []mispPart
	Tag               []struct{ Name string }
}

// events are those of its MISP feed, by UUID.
func (s subscriber) events() map[string]mispEvent {
	var manifest map[string]struct{ Timestamp string }
	if code := s.get("/misp-feed/manifest.json", &manifest); code != http.StatusOK {
		s.e.t.Error("manifest: ", code)
	}
	all := map[string]mispEvent{}
	for id, m := range manifest {
		var in struct{ Event mispEvent }
		s.get("/misp-feed/"+id+".json", &in)
		if in.Event.Timestamp != m.Timestamp {
			s.e.t.Errorf("%s: the manifest says %s, the event %s", id, m.Timestamp, in.Event.Timestamp)
		}
		all[id] = in.Event
	}
	return all
}

// tick finds the box of what a page of publication shows, by a text in its row.
func tick(t *testing.T, page, text string) string {
	t.Helper()
	for row := range strings.SplitSeq(page, "<li>") {
		if m := regexp.MustCompile(`name="item" value="([^"]+)"`).FindStringSubmatch(row); m != nil && strings.Contains(html.UnescapeString(row), text) {
			return html.UnescapeString(m[1])
		}
	}
	t.Fatalf("nothing to tick for %q", text)
	return ""
}

// TestWithdrawClaim: a claim that was published this morning and is wrong. The
// publisher finds it and withdraws it; who polls is told, over TAXII and by the
// MISP feed; it does not come back; what is right goes on.
func TestWithdrawClaim(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	e.account("ann", store.Analyst, "")
	e.account("it", store.Admin, "town")
	e.account("partner", store.Viewer, "clinic")
	partner, v := e.subscribe("partner"), e.as("pat")
	wrong := claim.Claim{ID: "wrong", Attributors: []claim.Party{{Identity: "Town Crier"}}, Relation: claim.AttributedTo, Object: claim.Thing{Name: "Exchange 2021"}, Target: claim.Thing{Name: "Innocent Ltd"}, Level: claim.Group,
		Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: "2021-03-09", Wording: "it was Innocent Ltd", Evidence: []claim.Quote{{Document: "a forged press release"}}}
	right := wrong
	right.ID, right.Target.Name, right.Wording = "right", "HAFNIUM", "it was HAFNIUM"
	recalled := right // by who said it
	recalled.ID, recalled.Status = "recalled", claim.Withdrawn
	if err := e.hub.AddClaims(t.Context(), []claim.Claim{wrong, right, recalled}, "pat", e.now); err != nil {
		t.Fatal(err)
	}
	if code, _ := v.post("/publication", "/publication/claims", url.Values{}); code != http.StatusOK {
		t.Fatal("publishing: ", code)
	}
	claims := partner.collections()["Claims"]
	before, event := partner.objects(claims, ""), partner.events()
	var culprit, claimID string
	for _, o := range before {
		if strings.HasPrefix(o.Name, "Innocent Ltd") {
			culprit = o.ID
		}
		if strings.Contains(o.Description, "it was Innocent Ltd") {
			claimID = o.ID
		}
	}
	if culprit == "" || claimID == "" || len(event) != 1 {
		t.Fatal("what was published is not there")
	}
	seen := e.now.Add(time.Second)
	e.now = e.now.Add(3 * time.Hour)
	v = e.as("pat")
	e.now = e.now.Add(time.Minute)
	_, page := v.get("/publication?q=innocent")
	item := tick(t, page, "Innocent Ltd")
	if n := strings.Count(page, `name="item"`); n != 1 || !strings.Contains(page, "2021-03-10 09:00Z") {
		t.Errorf("%d found, or not since when", n)
	}

	// What is left out is asked for, and what was typed and ticked is kept.
	code, body := v.post("/publication", "/publication/withdraw", url.Values{"item": {item}, "reason": {" \n"}, "q": {"innocent"}})
	if code != http.StatusBadRequest || !strings.Contains(body, "Say why") || !strings.Contains(body, " checked") || !strings.Contains(body, `name="q" value="innocent"`) {
		t.Errorf("without a reason: %d", code)
	}
	code, body = v.post("/publication", "/publication/withdraw", url.Values{"reason": {"a forgery"}, "q": {"innocent"}})
	if code != http.StatusBadRequest || !strings.Contains(body, "Tick what") || !strings.Contains(body, `value="a forgery"`) {
		t.Errorf("without anything: %d", code)
	}
	form := url.Values{"item": {item}, "reason": {"a forgery; <b>sorry</b>"}}
	for _, name := range []string{"ann", "it"} {
		if code, _ := e.as(name).post("/account", "/publication/withdraw", form); code != http.StatusForbidden {
			t.Errorf("%s withdraws: %d", name, code)
		}
	}
	code, body = v.post("/publication", "/publication/withdraw", form)
	if code != http.StatusOK || !strings.Contains(body, "Withdrawn: 1.") || !strings.Contains(body, "a forgery; &lt;b&gt;sorry&lt;/b&gt;") || strings.Contains(body, "Innocent Ltd") {
		t.Errorf("withdrawing: %d", code)
	}
	if code, _ := v.post("/publication", "/publication/withdraw", form); code != http.StatusNotFound {
		t.Errorf("withdrawing again: %d", code)
	}

	// The partner's platform polls for what is new.
	var got []string
	for _, o := range partner.objects(claims, "added_after="+seen.Format(time.RFC3339)) {
		got = append(got, o.ID)
		if !o.Revoked || !strings.Contains(o.Description, "a forgery") || o.Modified != e.now.UTC().Format("2006-01-02T15:04:05.000Z") {
			t.Errorf("%+v", o)
		}
	}
	if !slices.Contains(got, claimID) || !slices.Contains(got, culprit) || len(got) != 2 {
		t.Errorf("the partner is told of %v, want the claim and whom it accused", got)
	}
	if all := partner.objects(claims, "match[version]=all"); slices.ContainsFunc(all, func(o stixObject) bool { return strings.Contains(o.Description, "it was Innocent") }) || len(all) != len(before) {
		t.Errorf("an old version of it is still served, or of %d objects there are %d", len(before), len(all))
	}
	check := func(what string) {
		t.Helper()
		deleted, live := 0, 0
		for id, after := range partner.events() {
			if after.Timestamp <= event[id].Timestamp {
				t.Errorf("%s: the event is not newer than before, so that nobody reads it: %s", what, after.Timestamp)
			}
			for _, o := range after.Object {
				text := fmt.Sprint(o.Attribute)
				switch {
				case o.Deleted && o.Comment == "claim wrong" && strings.Contains(text, "a forgery"):
					deleted++
				case o.Deleted || strings.Contains(text, "it was Innocent"):
					t.Errorf("%s: %+v", what, o)
				case o.Comment == "claim right", o.Comment == "claim recalled":
					live++
				}
			}
		}
		if deleted != 1 || live != 2 {
			t.Errorf("%s: the MISP feed has the claim deleted %d times, two others %d times", what, deleted, live)
		}
	}
	check("withdrawn")
	_, log := e.as("it").get("/api/v1/audit")
	if strings.Contains(log, "withdrew") {
		t.Error("an organisation sees in the log what the whole hub did")
	}
	e.account("root", store.Admin, "")
	if _, log := e.as("root").get("/admin"); !strings.Contains(log, "withdrew") || !strings.Contains(log, "a forgery") || !strings.Contains(log, claimID) || !strings.Contains(log, "it was Innocent Ltd") {
		t.Error("the audit log does not say what was withdrawn, and why")
	}

	// Published again, it stays away; a right claim on the same name gets through.
	later := wrong
	later.ID, later.Wording = "later", "surely Innocent Ltd"
	if err := e.hub.AddClaims(t.Context(), []claim.Claim{later}, "pat", e.now); err != nil {
		t.Fatal(err)
	}
	e.now = e.now.Add(time.Hour)
	code, body = e.as("pat").post("/publication", "/publication/claims", url.Values{})
	if code != http.StatusOK || !strings.Contains(body, "withdrawn before: 1.") {
		t.Errorf("publishing again: %d", code)
	}
	check("published again")
	revoked := map[string]bool{}
	all := partner.objects(claims, "")
	for _, o := range all {
		revoked[o.ID] = o.Revoked
	}
	if !revoked[claimID] || !revoked[culprit] {
		t.Error("what was withdrawn came back")
	}
	i := slices.IndexFunc(all, func(o stixObject) bool { return strings.Contains(o.Description, "surely Innocent Ltd") })
	j := slices.IndexFunc(all, func(o stixObject) bool { return strings.HasPrefix(o.Name, "Innocent Ltd") && !o.Revoked })
	if i < 0 || all[i].Revoked || j < 0 || all[j].ID == culprit {
		t.Error("a new claim on the same name is not there, or points to what was revoked")
	}
	fr := e.as("pat")
	fr.lang = "fr"
	if _, page := fr.get("/publication"); !strings.Contains(page, "Ce qui est publié") || !strings.Contains(page, ">retiré</span>") {
		t.Error("the page in French")
	}
}

// TestCollections: a publisher chooses for whom; others are not told that there is
// anything. What is withdrawn from one collection stays in another.
func TestCollections(t *testing.T) {
	e := newEstate(t, nil)
	e.account("pat", store.Publisher, "")
	e.account("partner", store.Viewer, "clinic")
	e.account("other", store.Viewer, "farm")
	e.account("ann", store.Analyst, "")
	v := e.as("pat")
	make := func(title, tlp, readers string) (int, string) {
		return v.post("/publication", "/publication/collections", url.Values{"title": {title}, "tlp": {tlp}, "readers": {readers}})
	}
	for _, c := range []struct{ title, tlp, readers, want string }{
		{"", "green", "clinic", "needs a title"}, {"Partners", "white", "clinic", "needs a title"}, {"Partners", "amber", "clinic\r\nnobody-here", "“nobody-here” is no organisation"}, {"Partners", "red", "clinic", "single persons"},
	} {
		if code, body := make(c.title, c.tlp, c.readers); code != http.StatusBadRequest || !strings.Contains(body, c.want) || !strings.Contains(html.UnescapeString(body), `class="mono" rows="4">`+strings.ReplaceAll(c.readers, "\r", "")) && !strings.Contains(body, `rows="4">`+c.readers) {
			t.Errorf("%+v: %d", c, code)
		}
	}
	for title, c := range map[string][2]string{"Partners " + hostile: {"amber", "clinic\r\n\r\n clinic "}, "Persons": {"red", "@other\n@ann"}, "Closed": {"green", ""}} {
		if code, body := make(title, c[0], c[1]); code != http.StatusOK || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: %d", title, code)
		}
	}
	server, err := e.hub.Server(t.Context(), store.All(), e.mixed)
	if err != nil {
		t.Fatal(err)
	}
	sub := map[string]subscriber{}
	for _, name := range []string{"pat", "partner", "other", "ann"} {
		sub[name] = e.subscribe(name)
		e.now = e.now.Add(time.Minute)
	}
	all := sub["pat"].collections()
	partners := all["Partners "+hostile]
	for name, want := range map[string]string{"pat": "Claims Closed Indicators Partners Persons", "partner": "Claims Indicators Partners", "other": "Claims Indicators Persons", "ann": "Claims Indicators Persons"} {
		var titles []string
		for title := range sub[name].collections() {
			first, _, _ := strings.Cut(title, " ")
			titles = append(titles, first)
		}
		slices.Sort(titles)
		if got := strings.Join(titles, " "); got != want {
			t.Errorf("%s is told of %s, want %s", name, got, want)
		}
	}
	v = e.as("pat")
	for _, id := range []string{"", partners} {
		if code, body := v.post("/publication", "/publication/indicators", url.Values{"case": {fmt.Sprint(server.Latest)}, "collection": {id}}); code != http.StatusOK {
			t.Errorf("publishing to %q: %d %s", id, code, regexp.MustCompile(`role="alert">[^<]*`).FindString(body))
		}
	}
	if code, _ := v.post("/publication", "/publication/claims", url.Values{"collection": {partners}}); code != http.StatusOK {
		t.Errorf("publishing claims to partners: %d", code)
	}
	for _, id := range []string{all["Claims"], "made-up"} {
		if code, _ := v.post("/publication", "/publication/indicators", url.Values{"case": {fmt.Sprint(server.Latest)}, "collection": {id}}); code != http.StatusNotFound {
			t.Errorf("indicators to %s: %d", id, code)
		}
	}
	if code, body := v.post("/publication", "/publication/indicators", url.Values{"case": {"999999"}, "collection": {partners}}); code != http.StatusNotFound || !strings.Contains(body, `value="999999"`) || !strings.Contains(body, `value="`+partners+`" selected`) {
		t.Errorf("a case that is not there: %d", code)
	}
	for _, o := range sub["partner"].objects(partners, "") {
		if strings.Contains(strings.Join(o.Marks, " "), "939a9414") || o.Type != "marking-definition" && o.Type != "attack-pattern" && o.Type != "identity" && o.Type != "extension-definition" && !slices.Contains(o.Marks, "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421") {
			t.Errorf("not TLP:AMBER: %+v", o)
		}
		if o.Type == "marking-definition" && o.Name != "TLP:AMBER" {
			t.Errorf("%+v", o)
		}
	}
	if code := sub["other"].get("/taxii2/limier/collections/"+partners+"/objects/", nil); code != http.StatusNotFound {
		t.Errorf("another organisation asks for it: %d", code)
	}
	events, others := sub["partner"].events(), sub["other"].events()
	if len(events) != 3 || len(others) != 1 {
		t.Fatalf("%d and %d events, want 3 and 1", len(events), len(others))
	}
	amber := ""
	for id, event := range events {
		if _, both := others[id]; !both {
			if len(event.Tag) == 0 || event.Tag[0].Name != "tlp:amber" {
				t.Errorf("%s: %v", event.Info, event.Tag)
			}
			if len(event.Attribute) > 0 {
				amber = id
			}
			if code := sub["other"].get("/misp-feed/"+id+".json", nil); code != http.StatusNotFound {
				t.Errorf("another organisation asks for an event: %d", code)
			}
		}
	}

	// A false positive is withdrawn from one of them.
	_, page := v.get("/publication?q=203.0.113.45&in=" + partners)
	item := tick(t, page, "203.0.113.45")
	if !strings.HasPrefix(item, partners+"/indicator--") {
		t.Fatal(item)
	}
	if code, _ := v.post("/publication", "/publication/withdraw", url.Values{"item": {item, "made-up/x", partners + "/indicator--made-up"}, "reason": {"our own scanner"}}); code != http.StatusOK {
		t.Errorf("withdrawing: %d", code)
	}
	state := func(list []stixObject) (live, revoked, links int) {
		for _, o := range list {
			switch {
			case o.Type == "relationship" && o.Revoked:
				links++
			case o.Name != "203.0.113.45":
			case o.Revoked:
				revoked++
			default:
				live++
			}
		}
		return live, revoked, links
	}
	if live, revoked, links := state(sub["partner"].objects(partners, "")); live != 0 || revoked != 1 || links == 0 {
		t.Errorf("for partners the indicator is there %d times, revoked %d times, %d of its relationships too", live, revoked, links)
	}
	if live, revoked, _ := state(sub["other"].objects(all["Indicators"], "")); live != 1 || revoked != 0 {
		t.Errorf("for others the indicator is there %d times, revoked %d times", live, revoked)
	}
	deleted := func(event mispEvent) (n int) {
		for _, a := range event.Attribute {
			if a.Deleted && a.Value == "203.0.113.45" && strings.Contains(a.Comment, "our own scanner") {
				n++
			} else if a.Deleted || a.Value == "203.0.113.45" {
				n += 100
			}
		}
		return n
	}
	if n := deleted(sub["partner"].events()[amber]); n != 1 {
		t.Errorf("the event for partners: %d", n)
	}
	// The same address in another case stays away from them.
	second, _, err := e.hub.Servers(t.Context(), store.All(), store.Filter{Name: "ex02."}, store.Page{})
	if err != nil || len(second) != 1 {
		t.Fatal(second, err)
	}
	for _, c := range []int64{server.Latest, second[0].Latest} {
		code, body := v.post("/publication", "/publication/indicators", url.Values{"case": {fmt.Sprint(c)}, "collection": {partners}})
		if code != http.StatusOK || !strings.Contains(body, "withdrawn before: 1.") {
			t.Errorf("publishing case %d after that: %d", c, code)
		}
	}
	for id, event := range sub["partner"].events() {
		if _, both := others[id]; !both && slices.ContainsFunc(event.Attribute, func(a mispPart) bool { return !a.Deleted && a.Value == "203.0.113.45" }) {
			t.Errorf("%s has it again", id)
		}
	}
	if live, revoked, _ := state(sub["partner"].objects(partners, "")); live != 0 || revoked != 1 {
		t.Errorf("it came back: %d, %d", live, revoked)
	}

	// A partner who is one no more is not served any more.
	if code, _ := v.post("/publication", "/publication/collections", url.Values{"collection": {partners}, "title": {"Partners"}, "tlp": {"clear"}, "readers": {"farm"}}); code != http.StatusOK {
		t.Errorf("changing readers: %d", code)
	}
	if code := sub["partner"].get("/taxii2/limier/collections/"+partners+"/", nil); code != http.StatusNotFound {
		t.Errorf("a partner who is none any more: %d", code)
	}
	if n := len(sub["partner"].events()); n != 1 {
		t.Errorf("a partner who is none any more has %d events", n)
	}
	if got := sub["other"].collections()["Partners"]; got != partners {
		t.Error("the new partner is not told of it")
	}
	if list, err := e.hub.Collections(t.Context()); err != nil || !slices.ContainsFunc(list, func(k store.Collection) bool { return k.ID == partners && k.TLP == "amber" }) {
		t.Error("the marking of what went out changed: ", list, err)
	}
	e.account("it", store.Admin, "town")
	_, page = e.as("it").get("/publication")
	for _, text := range []string{`action="/publication/collections"`, `action="/publication/withdraw"`, "Partners", "farm"} {
		if strings.Contains(page, text) {
			t.Errorf("the page of one organisation has %q", text)
		}
	}
	e.c.words["fr"].missing.Range(func(key, _ any) bool {
		t.Errorf("no French for %q", key)
		return true
	})
}
