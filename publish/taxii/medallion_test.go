package taxii

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// medallion loads the test data of OASIS's own server (oasis-open/
// cti-taxii-server at 39e76bf), and answers for its user admin.
func medallion(t *testing.T) *Server {
	t.Helper()
	name := filepath.Join(cmp.Or(os.Getenv("LIMIER_SHARED"), "../../../shared"), "data", "cti", "taxii", "medallion-test-data", "default_data.json")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("no data at %s", name)
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	store := new(Memory)
	s := &Server{Title: "Some TAXII Server", Store: store, Now: time.Now, User: func(r *http.Request) (string, bool) {
		user, password, _ := r.BasicAuth()
		return user, user == "admin" && password == "Password0"
	}}
	var roots []Root
	for _, path := range []string{"api1", "api2", "trustgroup1"} {
		var in struct {
			Information struct {
				Title string `json:"title"`
				Max   int64  `json:"max_content_length"`
			} `json:"information"`
			Status      []Status `json:"status"`
			Collections []struct {
				Collection
				Objects  []json.RawMessage `json:"objects"`
				Manifest []struct {
					ID      string    `json:"id"`
					Version string    `json:"version"`
					Added   time.Time `json:"date_added"`
				} `json:"manifest"`
			} `json:"collections"`
		}
		if err := json.Unmarshal(data[path], &in); err != nil {
			t.Fatal(err)
		}
		root := Root{Path: path, Title: in.Information.Title, MaxContent: in.Information.Max}
		for _, st := range in.Status {
			s.KeepStatus(path, "admin", st)
		}
		for _, c := range in.Collections {
			var list []Object
			for _, raw := range c.Objects {
				o, err := ParseObject(raw)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range c.Manifest {
					if m.ID == o.ID && o.is(m.Version) {
						o.Added = m.Added
					}
				}
				list = append(list, o)
			}
			slices.SortStableFunc(list, func(a, b Object) int { return a.Added.Compare(b.Added) })
			if err := store.Load(c.ID, list); err != nil {
				t.Fatal(err)
			}
			root.Collections = append(root.Collections, c.Collection)
		}
		roots = append(roots, root)
	}
	s.Roots = func(context.Context, string) ([]Root, error) { return roots, nil }
	return s
}

// TestMedallion asks what medallion's test_backends.py asks, and wants what it
// wants.
func TestMedallion(t *testing.T) {
	s := medallion(t)
	auth := []string{"Authorization", "Basic YWRtaW46UGFzc3dvcmQw"}
	const (
		base      = "/taxii2/trustgroup1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"
		indicator = "objects/indicator--6770298f-0fd8-471a-ab8c-1c658a46574e"
		malware   = "objects/malware--c0931cc6-c75e-47e5-9036-78fabc95d4ec"
		relation  = "objects/relationship--2f9a9aa9-108a-4333-83e2-4fb25add0463"
	)
	for _, c := range []struct {
		target string
		n      int // objects or versions; -1: an empty answer
		want   string
	}{
		{"objects/", 5, "more=false first=2014-05-08T09:00:00.000000Z last=2017-12-31T13:49:53.935000Z"},
		{"manifest/", 5, "more=false first=2014-05-08T09:00:00.000000Z last=2017-12-31T13:49:53.935000Z"},
		{malware + "/", 1, "first=2017-01-27T13:49:59.997000Z last=2017-01-27T13:49:59.997000Z"},
		{relation + "/versions", 1, "first=2014-05-08T09:00:00.000000Z"},
		{"objects/?added_after=2016-11-03T12:30:59Z", 3, ""},
		{"objects/?limit=3", 3, "more=true last=2017-01-20T00:00:00.000000Z"},
		{"objects/?match[id]=malware--c0931cc6-c75e-47e5-9036-78fabc95d4ec", 1, ""},
		{"objects/?match[type]=indicator", 2, ""},
		{"objects/?match[version]=2016-12-25T12:30:59.444Z", 1, ""},
		{"objects/?match[version]=first", 5, "2016-11-03T12:30:59.000Z 2017-01-27T13:49:53.997Z"},
		{"objects/?match[version]=last", 5, "2017-01-27T13:49:53.935Z"},
		{"objects/?match[version]=all", 7, ""},
		{"objects/?match[spec_version]=2.0", 1, "2018-02-23T18:30:00.000Z"},
		{"objects/?match[spec_version]=2.0,2.1", 5, "2018-02-23T18:30:00.000Z"},
		{"objects/?match[spec_version]=2.1", 5, "2017-01-27T13:49:53.997Z"},
		{malware + "?added_after=2018-01-27T13:49:59.997000Z", -1, ""},
		{malware + "?added_after=2017-01-27T13:49:59Z", 1, "more=false"},
		{indicator + "?limit=1", 1, "first=2017-12-31T13:49:53.935000Z"},
		{indicator + "?match[version]=all&limit=2", 2, "more=true first=2016-11-03T12:30:59.001000Z last=2016-12-27T13:49:59.000000Z"},
		{indicator + "?match[version]=2016-12-25T12:30:59.444Z", 1, "2016-12-25T12:30:59.444Z"},
		{indicator + "?match[version]=first", 1, `"modified":"2016-11-03T12:30:59.000Z"`},
		{indicator + "?match[version]=last", 1, `"modified":"2017-01-27T13:49:53.935Z"`},
		{indicator + "?match[version]=all", 3, "more=false"},
		{malware + "?match[spec_version]=2.0", 1, "2018-02-23T18:30:00.000Z"},
		{malware + "?match[spec_version]=2.1", 1, "2017-01-27T13:49:53.997Z"},
		{malware + "?match[spec_version]=2.0,2.1", 1, "2018-02-23T18:30:00.000Z"},
		{"manifest/?added_after=2017-01-20T00:00:00.000Z", 2, "more=false"},
		{"manifest/?limit=2", 2, "more=true"},
		{"manifest/?match[type]=indicator", 2, ""},
		{"manifest/?match[version]=all", 7, ""},
		{"manifest/?match[version]=first", 5, `"version":"2016-11-03T12:30:59.000Z"`},
		{"manifest/?match[spec_version]=2.0", 1, "application/stix+json;version=2.0"},
		{"manifest/?match[spec_version]=2.0,2.1", 5, `"version":"2018-02-23T18:30:00.000Z"`},
		{relation + "/versions?added_after=2014-05-08T09:00:00Z", -1, ""},
		{relation + "/versions?added_after=2014-05-08T08:00:00Z", 1, ""},
		{indicator + "/versions?limit=1", 1, "more=true first=2016-11-03T12:30:59.001000Z"},
		{malware + "/versions?match[spec_version]=2.0", 1, "2018-02-23T18:30:00.000Z"},
		{malware + "/versions?match[spec_version]=2.1", 1, "2017-01-27T13:49:53.997Z"},
		{malware + "/versions?match[spec_version]=2.0,2.1", 2, ""},
		{malware + "/versions", 1, "2017-01-27T13:49:53.997Z"},
		{"objects/?match[type]=indicator&match[version]=2017-01-27T13:49:53.935Z", 1, "indicator--6770298f"},
	} {
		a := ask(t, s, "GET", base+c.target, "", auth...)
		var v struct {
			Versions []string `json:"versions"`
		}
		json.Unmarshal([]byte(a.raw), &v)
		n := len(a.Objects) + len(v.Versions)
		if a.Code != 200 || n != max(c.n, 0) || c.n == -1 && strings.TrimSpace(a.raw) != "{}" {
			t.Errorf("%s: %d with %d, want %d: %s", c.target, a.Code, n, c.n, a.raw)
		}
		for _, want := range strings.Fields(c.want) {
			key, value, _ := strings.Cut(want, "=")
			switch {
			case key == "first" && a.Header.Get("X-TAXII-Date-Added-First") == value, key == "last" && a.Header.Get("X-TAXII-Date-Added-Last") == value:
			case key == "more" && a.More == (value == "true"):
			case strings.Contains(a.raw, want):
			default:
				t.Errorf("%s: no %s in %v %s", c.target, want, a.Header, a.raw)
			}
		}
	}
	for _, target := range []string{"objects/?limit=3", indicator + "?match[version]=all&limit=2", "manifest/?limit=2"} {
		a := ask(t, s, "GET", base+target, "", auth...)
		if b := ask(t, s, "GET", base+target+"&next="+a.Next, "", auth...); b.Code != 200 || len(b.Objects) == 0 {
			t.Errorf("%s: page 2 is %d %s", target, b.Code, b.raw)
		}
	}
	a := ask(t, s, "GET", base+"objects/?match[version]=all&limit=2", "", auth...)
	if b := ask(t, s, "GET", base+"objects/?match[version]=first&limit=2&next="+a.Next, "", auth...); b.Code != 400 || !strings.Contains(b.raw, `"title":"ProcessingError"`) {
		t.Errorf("filters change between pages: %d %s", b.Code, b.raw)
	}

	// Codes, and what is written.
	const add = "/taxii2/trustgroup1/collections/365fed99-08fa-fdcd-a1b3-fb247eb41d01/objects/"
	coa := func(version, more string) string {
		return `{"type":"course-of-action","spec_version":"2.1","id":"course-of-action--68794cd5-28db-429d-ab1e-1256704ef906","created":"2014-01-27T13:49:53.935Z"` + version + more + `}`
	}
	v := func(day string) string { return coa(`,"modified":"`+day+`T13:49:53.935Z"`, "") }
	for _, c := range []struct {
		method, target, body string
		code                 int
		want                 string
	}{
		{"GET", "/taxii2/trustgroup1/status/2d086da7-4bdc-4f91-900e-d77486753710/", "", 200, `"pending_count":2`},
		{"GET", "/taxii2/trustgroup1/status/22101993/", "", 404, ""},
		{"GET", "/taxii2/trustgroup1/collections/", "", 200, "64993447"},
		{"GET", "/taxii2/carbon1/collections/", "", 404, ""},
		{"GET", "/taxii2/trustgroup1/collections/64993447-4d7e-4f70-b94d-d7f33742ee63/manifest/", "", 403, ""},
		{"GET", "/taxii2/trustgroup1/collections/24042009/manifest/", "", 404, ""},
		{"POST", add, v("2015-01-27"), 422, "While processing supplied content, an error occurred"},
		{"POST", add, post(coa("", ""), v("2015-01-27"), v("2016-01-27"), v("2018-01-27"), v("2019-01-27")), 202, `"success_count":5`},
		{"GET", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906/versions", "", 200, "2018-01-27"},
		{"DELETE", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906?match[version]=2018-01-27T13:49:53.935Z", "", 200, ""},
		{"DELETE", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906?match[version]=first", "", 200, ""},
		{"DELETE", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906?match[version]=last", "", 200, ""},
		{"GET", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906/versions", "", 200, `["2015-01-27T13:49:53.935Z","2016-01-27T13:49:53.935Z"]`},
		{"DELETE", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906?match[version]=all", "", 200, ""},
		{"GET", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906/versions", "", 404, ""},
		{"DELETE", add + "course-of-action--68794cd5-28db-429d-ab1e-1256704ef906", "", 404, ""},
	} {
		a := ask(t, s, c.method, c.target, c.body, auth...)
		if a.Code != c.code || !strings.Contains(a.raw, c.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.method, c.target, a.Code, a.raw, c.code, c.want)
		}
	}
	if a := ask(t, s, "GET", "/taxii2/trustgroup1/collections/", ""); a.Code != 401 {
		t.Errorf("without a name: %d", a.Code)
	}
}
