package taxii

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	open   = "365fed99-08fa-4dcd-a1b3-fb247eb41d01"
	secret = "64993447-4d7e-4f70-b94d-d7f33742ee63"
)

// clock gives the same time each time.
func clock() time.Time { return time.Date(2021, 7, 22, 12, 0, 0, 0, time.UTC) }

func server(store Store) *Server {
	return &Server{Title: "test", Contact: "cert@example.org", Store: store, Now: clock, Roots: func(_ context.Context, user string) ([]Root, error) {
		if user == "nobody" {
			return nil, nil
		}
		return []Root{{Path: "main", Title: "the root", MaxContent: 100_000, Collections: []Collection{
			{ID: open, Title: "open", Alias: "open", CanRead: true, CanWrite: true},
			{ID: secret, Title: "secret"},
		}}}, nil
	}}
}

type answer struct {
	Code    int
	Header  http.Header
	Objects []map[string]any `json:"objects"`
	More    bool             `json:"more"`
	Next    string           `json:"next"`
	Status
	raw string
}

// ask sends a request; extra are names and values of headers.
func ask(t *testing.T, s http.Handler, method, target, body string, extra ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Accept", MediaType)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", MediaType)
	}
	for i := 0; i < len(extra); i += 2 {
		r.Header.Set(extra[i], extra[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := answer{Code: w.Code, Header: w.Header(), raw: w.Body.String()}
	if ct := w.Header().Get("Content-Type"); ct != MediaType {
		t.Errorf("%s %s: content type %q", method, target, ct)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Errorf("%s %s: %v in %s", method, target, err, w.Body)
	}
	return a
}

func object(n int, version string) string {
	return fmt.Sprintf(`{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-%012d","created":"2020-01-01T00:00:00.000Z","modified":%q,"pattern":"[url:value = 'x']"}`, n, version)
}

func post(objects ...string) string { return `{"objects":[` + strings.Join(objects, ",") + `]}` }

// walk pages through a collection as a client does: next makes the query of
// the page that follows an answer.
func walk(t *testing.T, s http.Handler, what, query string, next func(answer) string) (ids []string) {
	t.Helper()
	for n := 0; n < 1000; n++ {
		a := ask(t, s, "GET", "/taxii2/main/collections/"+open+"/"+what+"/?"+query, "")
		if a.Code != 200 {
			t.Fatalf("%s: %d %s", query, a.Code, a.raw)
		}
		for _, o := range a.Objects {
			ids = append(ids, o["id"].(string))
		}
		if query = next(a); query == "" {
			return ids
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

// many fills a collection by one POST, with versions in reverse order.
func many(t *testing.T, n int) *Server {
	s := server(new(Memory))
	var list []string
	for i := range n {
		list = append(list, object(i, fmt.Sprintf("2021-01-01T00:%02d:%02d.000Z", (n-i)/60, (n-i)%60)))
	}
	if a := ask(t, s, "POST", "/taxii2/main/collections/open/objects/", post(list...)); a.Code != 202 || a.SuccessCount != n {
		t.Fatal(a.Code, a.raw)
	}
	return s
}

func complete(t *testing.T, ids []string, n int) {
	t.Helper()
	if len(ids) != n || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != n {
		t.Errorf("got %d objects, %d of them different, want %d", len(ids), len(slices.Compact(slices.Sorted(slices.Values(ids)))), n)
	}
}

// The six bugs of other servers and clients.

func TestAddedAfterAndNext(t *testing.T) { // OpenCTI-Platform/opencti#5681
	s := many(t, 25)
	complete(t, walk(t, s, "objects", "limit=10&added_after=2020-01-01T00:00:00Z", func(a answer) string {
		if !a.More {
			return ""
		}
		return "limit=10&added_after=2020-01-01T00:00:00Z&next=" + a.Next
	}), 25)
	complete(t, walk(t, s, "objects", "limit=10&added_after=2020-01-01T00:00:00Z", func(a answer) string {
		if !a.More {
			return ""
		}
		return "limit=10&added_after=" + a.Header.Get("X-TAXII-Date-Added-Last") + "&next=" + a.Next // moves both
	}), 25)
}

func TestAddedAfterIsDropped(t *testing.T) { // elastic/integrations#20184
	s := many(t, 25)
	first := ask(t, s, "GET", "/taxii2/main/collections/open/objects/?limit=5", "")
	after := first.Header.Get("X-TAXII-Date-Added-Last")
	complete(t, walk(t, s, "objects", "limit=7&match[type]=indicator&added_after="+after, func(a answer) string {
		if !a.More {
			return ""
		}
		return "next=" + a.Next
	}), 20)
}

func TestVersionsInAnyOrder(t *testing.T) { // PaloAltoNetworks/minemeld#400
	s := many(t, 25)
	last := ""
	complete(t, walk(t, s, "objects", "limit=10", func(a answer) string {
		first, end := a.Header.Get("X-TAXII-Date-Added-First"), a.Header.Get("X-TAXII-Date-Added-Last")
		if first <= last || end < first {
			t.Errorf("dates do not grow: %s, %s after %s", first, end, last)
		}
		last = end
		if !a.More {
			return ""
		}
		return "limit=10&added_after=" + end
	}), 25)
}

func TestManyObjectsOfOneMoment(t *testing.T) { // oasis-open/cti-taxii-client#23 and #50
	s := many(t, 250) // one POST, one tick of the clock, more than any page
	complete(t, walk(t, s, "objects", "limit=10", func(a answer) string {
		if !a.More {
			return ""
		}
		return "limit=10&next=" + a.Next
	}), 250)
	complete(t, walk(t, s, "objects", "limit=10", func(a answer) string {
		if len(a.Objects) == 0 {
			return ""
		}
		return "limit=10&added_after=" + a.Header.Get("X-TAXII-Date-Added-Last")
	}), 250)
}

func TestDatesAreRFC3339(t *testing.T) { // center-for-threat-informed-defense/attack-workbench-taxii-server#32
	s := many(t, 3)
	for _, what := range []string{"objects/", "manifest/", "objects/indicator--00000000-0000-4000-8000-000000000001/", "objects/indicator--00000000-0000-4000-8000-000000000001/versions/"} {
		a := ask(t, s, "GET", "/taxii2/main/collections/open/"+what, "")
		for _, name := range []string{"X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"} {
			if _, err := time.Parse(time.RFC3339Nano, a.Header.Get(name)); err != nil || !strings.HasSuffix(a.Header.Get(name), "Z") {
				t.Errorf("%s: %s is %q", what, name, a.Header.Get(name))
			}
		}
	}
}

func TestManifestHasNext(t *testing.T) { // oasis-open/cti-taxii-client#110
	s := many(t, 25)
	complete(t, walk(t, s, "manifest", "limit=10", func(a answer) string {
		if a.More != (a.Next != "") {
			t.Error("more and next differ")
		}
		if !a.More {
			return ""
		}
		return "limit=10&next=" + a.Next
	}), 25)
}

// What is answered with which code.
func TestCodes(t *testing.T) {
	s := many(t, 1)
	one := "/taxii2/main/collections/open/objects/indicator--00000000-0000-4000-8000-000000000000/"
	for _, c := range []struct {
		method, target, body string
		code                 int
		header               []string
	}{
		{"GET", "/taxii2/", "", 200, nil},
		{"GET", "/taxii2", "", 200, nil},
		{"GET", "/taxii2/main/", "", 200, nil},
		{"HEAD", "/taxii2/main", "", 200, nil},
		{"GET", "/taxii2/other/", "", 404, nil},
		{"GET", "/other/", "", 404, nil},
		{"GET", "/taxii2/main/collections/", "", 200, nil},
		{"GET", "/taxii2/main/collections/" + open + "/", "", 200, nil},
		{"GET", "/taxii2/main/collections/" + secret + "/", "", 200, nil},
		{"GET", "/taxii2/main/collections/" + secret + "/objects/", "", 403, nil},
		{"GET", "/taxii2/main/collections/" + secret + "/manifest/", "", 403, nil},
		{"POST", "/taxii2/main/collections/" + secret + "/objects/", post(object(1, "2021-01-01T00:00:00Z")), 403, nil},
		{"GET", "/taxii2/main/collections/none/objects/", "", 404, nil},
		{"GET", one, "", 200, nil},
		{"GET", one + "versions/", "", 200, nil},
		{"GET", one + "others/", "", 404, nil},
		{"GET", "/taxii2/main/collections/open/objects/indicator--00000000-0000-4000-8000-000000000099/", "", 404, nil},
		{"GET", "/taxii2/main/collections/open/objects/..%2f..%2fetc/", "", 404, nil},
		{"GET", "/taxii2/main/status/none/", "", 404, nil},
		{"PUT", "/taxii2/main/", "", 405, nil},
		{"PATCH", "/taxii2/main/collections/open/objects/", "", 405, nil},
		{"GET", "/taxii2/", "", 200, []string{"Accept", "*/*"}},
		{"GET", "/taxii2/", "", 200, []string{"Accept", "application/taxii+json"}},
		{"GET", "/taxii2/", "", 200, []string{"Accept", "text/html, application/taxii+json; version=2.1;q=0.5"}},
		{"GET", "/taxii2/", "", 406, []string{"Accept", "application/json"}},
		{"GET", "/taxii2/", "", 406, []string{"Accept", "application/taxii+json;version=2.0"}},
		{"GET", "/taxii2/", "", 406, []string{"Accept", "application/vnd.oasis.taxii+json; version=2.0"}},
		{"POST", "/taxii2/main/collections/open/objects/", post(), 202, nil},
		{"POST", "/taxii2/main/collections/open/objects/", post(), 415, []string{"Content-Type", "application/json"}},
		{"POST", "/taxii2/main/collections/open/objects/", post(), 415, []string{"Content-Type", "application/taxii+json;version=2.0"}},
		{"POST", "/taxii2/main/collections/open/objects/", post(), 415, []string{"Content-Type", ""}},
		{"POST", "/taxii2/main/collections/open/objects/", object(1, "2021-01-01T00:00:00Z"), 422, nil},
		{"POST", "/taxii2/main/collections/open/objects/", "[", 422, nil},
		{"POST", "/taxii2/main/collections/open/objects/", `{"objects":` + strings.Repeat("[", 50_000), 422, nil},
		{"POST", "/taxii2/main/collections/open/objects/", strings.Repeat(" ", 100_001), 413, nil},
		{"GET", "/taxii2/main/collections/open/objects/?limit=-20", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?limit=0", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?limit=99999999999999999999", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?limit=1000000", "", 200, nil},
		{"GET", "/taxii2/main/collections/open/objects/?added_after=yesterday", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?match[version]=newest", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?match[id]=", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?match[type]=a&match[type]=b", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?next=abc", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?next=eyJzIjotMX0", "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?match[id]=" + strings.Repeat("a,", 600), "", 400, nil},
		{"GET", "/taxii2/main/collections/open/objects/?%zz", "", 400, nil},
	} {
		a := ask(t, s, c.method, c.target, c.body, c.header...)
		if a.Code != c.code {
			t.Errorf("%s %.90s %v: got %d, want %d: %.200s", c.method, c.target, c.header, a.Code, c.code, a.raw)
		}
	}
}

func TestPostTellsOfEachObject(t *testing.T) {
	s := server(new(Memory))
	a := ask(t, s, "POST", "/taxii2/main/collections/open/objects/", post(
		object(1, "2021-01-01T00:00:00Z"), object(1, "2021-01-02T00:00:00Z"), object(1, "2021-01-01T00:00:00Z"),
		object(2, "yesterday"), object(2, "2021-01-01T00:00:00+02:00"), `{"type":"malware","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000003"}`, `{"id":"../../etc/passwd","type":"x"}`,
		`{"type":"artifact","spec_version":"2.1","id":"artifact--6f437177-6e48-5cf8-9d9e-872a2bddd641"}`, `7`, `{"type":"indicator","spec_version":"9","id":"indicator--00000000-0000-4000-8000-000000000004"}`))
	if a.Code != 202 || a.SuccessCount != 4 || a.FailureCount != 6 || a.Total != 10 {
		t.Fatal(a.Code, a.raw)
	}
	b := ask(t, s, "GET", "/taxii2/main/status/"+a.ID+"/", "")
	if diff := cmp.Diff(a.Status, b.Status); diff != "" {
		t.Error(diff)
	}
	all := ask(t, s, "GET", "/taxii2/main/collections/open/objects/?match[version]=all", "")
	if len(all.Objects) != 3 {
		t.Errorf("%d objects, want 3: the same version is kept once", len(all.Objects))
	}
	// What was posted in the middle of another client's pages comes at their end.
	first := ask(t, s, "GET", "/taxii2/main/collections/open/objects/?limit=1", "")
	ask(t, s, "POST", "/taxii2/main/collections/open/objects/", post(object(9, "2019-01-01T00:00:00Z")))
	rest := ask(t, s, "GET", "/taxii2/main/collections/open/objects/?next="+first.Next, "")
	if n := len(rest.Objects); n != 2 || rest.Objects[1]["id"] != "indicator--00000000-0000-4000-8000-000000000009" {
		t.Error(n, rest.raw)
	}
}

func TestWhoAsks(t *testing.T) {
	s := many(t, 1)
	s.User = func(r *http.Request) (string, bool) {
		user, password, _ := r.BasicAuth()
		return user, password == "right"
	}
	auth := func(user, password string) []string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(user, password)
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	a := ask(t, s, "GET", "/taxii2/", "")
	if a.Code != 401 || a.Header.Get("WWW-Authenticate") == "" {
		t.Error(a.Code, a.Header)
	}
	if a := ask(t, s, "GET", "/taxii2/main/collections/", "", auth("ann", "right")...); a.Code != 200 {
		t.Error(a.Code)
	}
	if a := ask(t, s, "GET", "/taxii2/main/collections/", "", auth("nobody", "right")...); a.Code != 404 {
		t.Error("one who may know of no root sees it:", a.Code)
	}
	st := ask(t, s, "POST", "/taxii2/main/collections/open/objects/", post(object(5, "2021-01-01T00:00:00Z")), auth("ann", "right")...)
	if a := ask(t, s, "GET", "/taxii2/main/status/"+st.ID+"/", "", auth("bob", "right")...); a.Code != 404 {
		t.Error("bob sees the status of ann's post:", a.Code)
	}
}

func FuzzParseQuery(f *testing.F) {
	q := Query{IDs: []string{"indicator--1"}, AddedAfter: clock()}
	for _, raw := range []string{"", "limit=3&added_after=2021-01-01T00:00:00Z", "match[type]=a,b&match[version]=first,last", "match%5Bid%5D=x&next=" + q.cursor(7), "next=e30", "a;b=c", "match[version]=2021-01-01T00:00:00.5Z"} {
		f.Add(raw)
	}
	all := []Object{{ID: "a", Type: "x", Spec: "2.1", Version: "2021-01-01T00:00:00Z", Seq: 1, Added: clock()}, {ID: "a", Type: "x", Spec: "2.1", Version: "2022-01-01T00:00:00Z", Seq: 2, Added: clock()}}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := ParseQuery(raw)
		if err != nil {
			return
		}
		page, more := selectFrom(all, places(all), q)
		if more && len(page) != q.Limit {
			t.Fatal("more without a full page")
		}
		if len(page) > 0 {
			r, err := ParseQuery("next=" + q.cursor(page[len(page)-1].Seq))
			if err != nil {
				t.Fatalf("a cursor of ours is refused: %v", err)
			}
			if again, _ := selectFrom(all, places(all), r); more != (len(again) > 0) {
				t.Fatalf("more is %v, and the next page has %d", more, len(again))
			}
		}
	})
}

// BenchmarkPages pages through 100,000 objects, 100 at a time, as JSON.
func BenchmarkPages(b *testing.B) {
	store := new(Memory)
	var list []Object
	for i := range 100_000 {
		o, err := ParseObject([]byte(object(i, "2021-01-01T00:00:00.000Z")))
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, o)
	}
	if err := store.Add(b.Context(), open, list, clock()); err != nil {
		b.Fatal(err)
	}
	s := server(store)
	next, n := "", 0
	for b.Loop() {
		r := httptest.NewRequest("GET", "/taxii2/main/collections/"+open+"/objects/"+next, nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var a struct{ Next string }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
			b.Fatal(w.Code, err)
		}
		if next = ""; a.Next != "" {
			next = "?next=" + a.Next
		}
		n += 100
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "objects/s")
}
