package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"limier/publish/taxii"
	"limier/store"
)

// TestEveryPage walks the whole console as an administrator in both languages:
// each page answers, says all its words in the language, and shows hostile text
// as text.
func TestEveryPage(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	for _, lang := range []string{"en", "fr"} {
		v := e.as("root")
		v.lang = lang
		seen := map[string]bool{"/logout": true}
		queue := []string{"/", "/search?q=203.0.113.45", "/search?q=shell&in=files", "/search?q=web&in=findings", "/servers?cve=CVE-2021-26855", "/knowledge?q=hafnium", "/knowledge?q=Silk+Typhoon", "/knowledge?q=Exchange+2021", "/notify?all=yes", "/account", "/api/v1/overview", "/api/v1/servers", "/api/v1/search/indicators?q=203"}
		for len(queue) > 0 && len(seen) < 400 {
			path := queue[0]
			queue = queue[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			code, body := v.get(path)
			if code != http.StatusOK {
				t.Errorf("%s %s: %d", lang, path, code)
			}
			if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
				if !strings.HasPrefix(path, "/api/") && !strings.HasSuffix(path, ".csv") && !strings.Contains(path, "/markdown") && !strings.Contains(path, "/stix") {
					t.Errorf("%s %s: text of the evidence became markup", lang, path)
				}
			}
			if strings.Contains(body, "%!") {
				t.Errorf("%s %s: a text lacks its values", lang, path)
			}
			for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
				link := strings.ReplaceAll(strings.ReplaceAll(m[1], "&amp;", "&"), "&#43;", "+")
				queue = append(queue, strings.SplitN(link, "#", 2)[0])
			}
		}
		if len(seen) < 60 {
			t.Errorf("%s: only %d pages found", lang, len(seen))
		}
	}
	// Texts of the case are French there too, and found by what they say there.
	v := e.as("root")
	for path, want := range map[string]string{"/search?in=findings&q=SHELL+sur+le": "Web shell sur le disque\u00a0: ", "/search?in=findings&q=on+disk": "Web shell sur le disque\u00a0: ", fmt.Sprint("/servers/", e.mixed): "Web shell sur le disque\u00a0: "} {
		v.lang = "fr"
		if _, body := v.get(path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q", path, want)
		}
		v.lang = "en"
		if _, body := v.get(path); strings.Contains(body, want) {
			t.Errorf("%s in English has %q", path, want)
		}
	}
	e.c.words["fr"].missing.Range(func(key, _ any) bool {
		t.Errorf("no French for %q", key)
		return true
	})
}

// TestOrganisationsSeeTheirOwn asks for everything of another's with the
// account of one organisation.
func TestOrganisationsSeeTheirOwn(t *testing.T) {
	e := newEstate(t, nil)
	e.account("it", store.Admin, "town")
	e.account("root", store.Admin, "")
	v := e.as("it")
	other, err := e.hub.Server(context.Background(), store.All(), e.other)
	if err != nil {
		t.Fatal(err)
	}
	report := fmt.Sprint("/cases/", other.Latest)
	all := e.as("root")
	first, page := all.get(report)
	if again, kept := all.get(report); first != http.StatusOK || again != http.StatusOK || kept != page {
		t.Errorf("a report that was read: %d, and again: %d, the same: %v", first, again, kept == page)
	}
	if !strings.Contains(page, `<a href="/">Limier</a>`) {
		t.Error("no way leads back from a report")
	}
	for _, path := range []string{fmt.Sprint("/servers/", e.other), fmt.Sprint("/cases/", other.Latest), fmt.Sprint("/cases/", other.Latest, "/stix"), fmt.Sprint("/api/v1/servers/", e.other), fmt.Sprint("/api/v1/cases/", other.Latest), fmt.Sprint("/api/v1/servers/", e.other, "/cases")} {
		if code, body := v.get(path); code != http.StatusNotFound || strings.Contains(body, "clinic") {
			t.Errorf("%s: %d, want 404", path, code)
		}
	}
	for _, path := range []string{"/", "/servers", "/servers?organisation=clinic", "/search?q=203.0.113.45", "/campaigns", "/notify?all=yes", "/notify.csv", "/admin", "/api/v1/servers", "/api/v1/organisations", "/api/v1/audit"} {
		code, body := v.get(path)
		if code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		for _, word := range []string{"clinic.example", "Clinic", "farm.example"} {
			if strings.Contains(body, word) {
				t.Errorf("%s shows %s to another organisation", path, word)
			}
		}
	}
	if code, _ := v.post("/admin", fmt.Sprint("/servers/", e.other, "/revoke"), url.Values{}); code != http.StatusNotFound {
		t.Errorf("revoking another's server: %d, want 404", code)
	}
	if code, _ := v.post("/admin", "/admin/accounts", url.Values{"name": {"spy"}, "role": {"admin"}, "organisation": {""}, "password": {password}}); code != http.StatusForbidden {
		t.Errorf("making an account that sees all: %d, want 403", code)
	}
	if code, _ := v.post("/admin", "/admin/tokens", url.Values{"organisation": {"clinic"}, "uses": {"1"}, "days": {"1"}}); code != http.StatusForbidden {
		t.Errorf("making another's token: %d, want 403", code)
	}
}

// TestWholeHub: what concerns the whole hub is not for an account of one
// organisation, whatever its role, nor do its pages offer it.
func TestWholeHub(t *testing.T) {
	e := newEstate(t, nil)
	e.account("it", store.Admin, "town")
	e.account("root", store.Admin, "")
	e.account("dora", store.Viewer, "clinic")
	it, root := e.as("it"), e.as("root")
	server, err := e.hub.Server(t.Context(), store.All(), e.mixed)
	if err != nil {
		t.Fatal(err)
	}
	_, text := root.post("/read", "/read", url.Values{"text": {report}})
	claim := regexp.MustCompile(`name="accept" value="([^"]+)"`).FindStringSubmatch(text)
	if claim == nil {
		t.Fatal("nothing to accept")
	}
	for path, form := range map[string]url.Values{
		"/notify": {"organisation": {"town"}}, "/publication/claims": {}, "/publication/indicators": {"case": {fmt.Sprint(server.Latest)}}, "/read": {"text": {report}, "accept": {claim[1]}, "published": {"2021-07-19"}},
		"/admin/organisations": {"id": {"town"}, "name": {"x"}}, "/admin/dead-letters/replay": {"id": {"1"}},
	} {
		if code, _ := it.post("/account", path, form); code != http.StatusForbidden {
			t.Errorf("%s as an administrator of one organisation: %d, want 403", path, code)
		}
	}
	for _, collection := range []string{taxii.Collections()[0].ID, taxii.Collections()[1].ID, mispCollection} {
		if n, _, err := e.hub.Published().Count(t.Context(), collection); err != nil || n != 0 {
			t.Errorf("%d objects were published: %v", n, err)
		}
	}
	if claims, err := e.hub.Claims(t.Context()); err != nil || len(claims) != 0 {
		t.Errorf("%d claims were added: %v", len(claims), err)
	}
	if o, err := e.hub.Organisation(t.Context(), store.All(), "town"); err != nil || !o.Notified.IsZero() || o.Name == "x" {
		t.Errorf("the organisation was changed: %+v %v", o, err)
	}
	offers := func(v *visitor) string {
		_, pages := v.post("/read", "/read", url.Values{"text": {report}})
		for _, path := range []string{"/notify?all=yes", "/publication", "/admin"} {
			_, body := v.get(path)
			pages += body
		}
		return pages
	}
	for _, lang := range []string{"en", "fr"} {
		it.lang = lang
		own, all := offers(it), offers(root)
		for _, offer := range []string{`action="/notify"`, `action="/publication/claims"`, `action="/publication/indicators"`, `name="accept"`, `action="/admin/organisations"`, `id="dead"`} {
			if strings.Contains(own, offer) || !strings.Contains(all, offer) {
				t.Errorf("%s is offered to an organisation, or to nobody", offer)
			}
		}
		for _, offer := range []string{`action="/publication/statement"`, `action="/admin/tokens"`, `action="/admin/accounts"`} {
			if !strings.Contains(own, offer) {
				t.Errorf("%s is not offered to an organisation", offer)
			}
		}
	}
	e.c.words["fr"].missing.Range(func(key, _ any) bool {
		t.Errorf("no French for %q", key)
		return true
	})
	if code, _ := it.post("/admin", "/admin/accounts/state", url.Values{"name": {"dora"}, "disabled": {"yes"}}); code != http.StatusNotFound {
		t.Errorf("another organisation's account: %d, want 404 as for one that is not there", code)
	}
	// A file that only others have.
	empty, _, err := e.hub.Servers(t.Context(), store.All(), store.Filter{Name: "ex10.clinic"}, store.Page{})
	if err != nil || len(empty) != 1 {
		t.Fatal(empty, err)
	}
	c := e.caseOf(1)
	c.Evidence[0].Path, c.Evidence[0].SHA256 = "inetpub/wwwroot/secret.aspx", strings.Repeat("cd", 32)
	e.submit(empty[0].ID, c)
	files, _, err := e.hub.SearchFiles(t.Context(), store.All(), "secret", store.Page{})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for _, path := range []string{"/files/%d", "/files/%d?after=0", "/api/v1/files/%d/prevalence"} {
		path = fmt.Sprintf(path, files[0].ID)
		if code, _ := root.get(path); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		if code, body := it.get(path); code != http.StatusNotFound || strings.Contains(body, "secret.aspx") {
			t.Errorf("%s of another organisation: %d, want 404", path, code)
		}
	}
}

// TestAskedFile: whoever asked for a file is told where it lies.
func TestAskedFile(t *testing.T) {
	var e *estate
	e = newEstate(t, func(c *Config) {
		c.DeleteFile = func(ctx context.Context, scope store.Scope, server, request int64) error {
			return e.hub.DropFile(ctx, scope, server, request, time.Time{})
		}
	})
	e.account("ann", store.Analyst, "")
	v, page := e.as("ann"), fmt.Sprint("/servers/", e.mixed)
	if err := e.hub.Contact(t.Context(), e.mixed, true, e.now); err != nil {
		t.Fatal(err)
	}
	_, text := v.get(page)
	ask := regexp.MustCompile(`name="path" value="([^"]+)"><input type="hidden" name="sha256" value="([0-9a-f]+)"`).FindStringSubmatch(text)
	if ask == nil {
		t.Fatal("nothing to ask for")
	}
	if status, _ := v.post(page, page+"/ask", url.Values{"path": {html.UnescapeString(ask[1])}, "sha256": {ask[2]}}); status != http.StatusSeeOther {
		t.Error("asking:", status)
	}
	if _, text := v.get(page); strings.Contains(text, "files/1.zst") {
		t.Error("a file that has not come is said to be there")
	}
	if err := e.hub.AnswerFile(t.Context(), e.mixed, store.FileRequest{ID: 1, State: store.FileReceived, Answered: e.now}); err != nil {
		t.Fatal(err)
	}
	_, text = v.get(page)
	if !strings.Contains(text, "<code>files/1.zst</code>") || strings.Contains(text, "/delete-file") {
		t.Error("nothing says where the file is, or an analyst may delete it")
	}
	if status, _ := v.post(page, page+"/delete-file", url.Values{"request": {"1"}}); status != http.StatusForbidden {
		t.Error("an analyst deletes a file:", status)
	}
	e.account("root", store.Admin, "")
	e.account("it", store.Admin, "clinic")
	root := e.as("root")
	if status, _ := e.as("it").post("/account", page+"/delete-file", url.Values{"request": {"1"}}); status != http.StatusNotFound {
		t.Error("another organisation's administrator deletes a file:", status)
	}
	if _, text := root.get(page); !strings.Contains(text, "/delete-file") {
		t.Error("an administrator is not offered to delete it")
	}
	if status, _ := root.post(page, page+"/delete-file", url.Values{"request": {"1"}}); status != http.StatusSeeOther {
		t.Error("deleting:", status)
	}
	if _, text := root.get(page); strings.Contains(text, "files/1.zst") || !strings.Contains(text, "deleted") {
		t.Error("a deleted file is still said to be there")
	}
	if _, log := root.get("/admin"); !strings.Contains(log, "deleted file") {
		t.Error("the audit log does not say who deleted it")
	}
	if status, _ := root.post(page, page+"/delete-file", url.Values{"request": {"1"}}); status != http.StatusNotFound {
		t.Error("deleting it again:", status)
	}
}

func TestRoles(t *testing.T) {
	e := newEstate(t, nil)
	for _, r := range store.Roles() {
		e.account(string(r), r, "")
	}
	server, err := e.hub.Server(context.Background(), store.All(), e.mixed)
	if err != nil {
		t.Fatal(err)
	}
	for path, least := range map[string]store.Role{"/": store.Viewer, "/servers": store.Viewer, fmt.Sprint("/cases/", server.Latest): store.Viewer, fmt.Sprint("/cases/", server.Latest, "/stix"): store.Analyst, "/notify": store.Analyst, "/notify.csv": store.Analyst, "/admin": store.Admin, "/api/v1/audit": store.Admin} {
		if code, _ := e.visitor().get(path); code != http.StatusSeeOther && code != http.StatusUnauthorized {
			t.Errorf("%s without a log-in: %d", path, code)
		}
		for _, r := range store.Roles() {
			want := http.StatusOK
			if r.Rank() < least.Rank() {
				want = http.StatusForbidden
			}
			e.now = e.now.Add(time.Minute) // log-ins of one address are held back
			if code, _ := e.as(string(r)).get(path); code != want {
				t.Errorf("%s as %s: %d, want %d", path, r, code, want)
			}
		}
	}
}

func TestSetUp(t *testing.T) {
	e := newEstate(t, nil)
	v := e.visitor()
	asks := func() bool {
		_, page := v.get("/setup")
		if asks, told := strings.Contains(page, `name="token"`), strings.Contains(page, "limier serve token --admin"); asks == told {
			t.Errorf("the page asks for a token: %v, and says that there is none: %v", asks, told)
		}
		return strings.Contains(page, `name="token"`)
	}
	if asks() {
		t.Error("the page asks for a token when there is none")
	}
	for _, token := range []store.Token{{Hash: sha256.Sum256([]byte("first")), Created: e.now, Expires: e.now.Add(time.Hour), Uses: 1}, {Hash: sha256.Sum256([]byte("a server's")), Organisation: "town", Expires: e.now.Add(time.Hour), Uses: 1}} {
		if err := e.hub.NewToken(t.Context(), store.All(), token); err != nil {
			t.Fatal(err)
		}
	}
	if !asks() {
		t.Error("the page does not ask for the token")
	}
	form := func(token string) url.Values {
		return url.Values{"token": {token}, "name": {"root"}, "password": {password}}
	}
	if code, _ := v.post("/setup", "/setup", form("guess")); code != http.StatusBadRequest {
		t.Errorf("a wrong token: %d", code)
	}
	e.account("ann", store.Viewer, "town")
	taken := form("first")
	taken.Set("name", "ann")
	if code, body := v.post("/setup", "/setup", taken); code != http.StatusBadRequest || !strings.Contains(body, "taken") {
		t.Errorf("the name of another account: %d", code)
	}
	if code, body := v.post("/setup", "/setup", form("first")); code != http.StatusSeeOther {
		t.Fatalf("the right token: %d %s", code, body)
	}
	if code, body := v.get("/admin"); code != http.StatusOK || !strings.Contains(body, "<td>made account</td>") {
		t.Errorf("the administrator's page does not tell how its account came to be: %d %s", code, body)
	}
	for _, lang := range []string{"en", "fr"} {
		if v.lang = lang; asks() {
			t.Error("the page asks for a token that was used")
		}
	}
	e.c.words["fr"].missing.Range(func(key, _ any) bool {
		t.Errorf("no French for %q", key)
		return true
	})
}

func TestForgedForms(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	v := e.as("root")
	send := func(change func(*http.Request), form url.Values) int {
		r, _ := http.NewRequest(http.MethodPost, e.url+"/admin/accounts/state", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if change != nil {
			change(r)
		}
		code, _ := v.do(r)
		return code
	}
	if code := send(nil, url.Values{"name": {"root"}}); code != http.StatusForbidden {
		t.Errorf("a form without its secret: %d, want 403", code)
	}
	_, body := v.get("/admin")
	good := url.Values{"csrf": {csrfField.FindStringSubmatch(body)[1]}, "name": {"nobody"}, "disabled": {"yes"}}
	if code := send(func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, good); code != http.StatusForbidden {
		t.Errorf("a form from another site: %d, want 403", code)
	}
	if code := send(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, good); code != http.StatusForbidden {
		t.Errorf("a form from another site, by its fetch metadata: %d, want 403", code)
	}
	if code := send(nil, good); code != http.StatusNotFound {
		t.Errorf("the console's own form: %d, want 404 for an account that is not there", code)
	}
	other := e.as("root")
	if code, _ := other.do(func() *http.Request {
		r, _ := http.NewRequest(http.MethodPost, e.url+"/admin/accounts/state", strings.NewReader(good.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}()); code != http.StatusForbidden {
		t.Errorf("a form's secret in another session: %d, want 403", code)
	}
}

// TestTenThousandBadLogins: a flood of guesses is held back after the first
// few, costs few slow hashes, and does not lock out others.
func TestTenThousandBadLogins(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	v := e.visitor()
	_, page := v.get("/login")
	form := url.Values{"csrf": {csrfField.FindStringSubmatch(page)[1]}, "name": {"root"}, "password": {"guess guess guess"}}.Encode()
	codes := map[int]int{}
	for range 10_000 {
		r, _ := http.NewRequest(http.MethodPost, e.url+"/login", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		code, _ := v.do(r)
		codes[code]++
	}
	if codes[http.StatusUnauthorized] != 10 || codes[http.StatusTooManyRequests] != 9_990 {
		t.Errorf("10,000 guesses at one instant: %v, want 10 tried and the rest held back", codes)
	}
	e.now = e.now.Add(time.Hour)
	if _, body := e.as("root").get("/"); !strings.Contains(body, "root") {
		t.Error("the account cannot log in an hour later")
	}
}

func TestSessionsEnd(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	e.account("ann", store.Analyst, "")
	ann := e.as("ann")
	e.now = e.now.Add(20 * time.Minute)
	if code, _ := ann.get("/"); code != http.StatusOK {
		t.Errorf("20 minutes later: %d", code)
	}
	e.now = e.now.Add(31 * time.Minute)
	if code, _ := ann.get("/"); code != http.StatusSeeOther {
		t.Errorf("after 31 idle minutes: %d, want the log-in page", code)
	}
	ann = e.as("ann")
	root := e.as("root")
	if code, _ := root.post("/admin", "/admin/accounts/state", url.Values{"name": {"ann"}, "disabled": {"yes"}}); code != http.StatusSeeOther {
		t.Errorf("disabling an account: %d", code)
	}
	if code, _ := ann.get("/"); code != http.StatusSeeOther {
		t.Errorf("a disabled account's page: %d, want the log-in page", code)
	}
	if code, _ := root.post("/", "/logout", url.Values{}); code != http.StatusSeeOther {
		t.Errorf("logging out: %d", code)
	}
	if code, _ := root.get("/"); code != http.StatusSeeOther {
		t.Errorf("after logging out: %d", code)
	}
}

func TestAPI(t *testing.T) {
	e := newEstate(t, nil)
	e.account("ann", store.Analyst, "")
	v := e.as("ann")
	_, body := v.post("/account", "/account/token", url.Values{})
	m := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("the page shows no token")
	}
	ask := func(path, token string) (int, string) {
		r, _ := http.NewRequest(http.MethodGet, e.url+path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return e.visitor().do(r)
	}
	e.now = e.now.AddDate(0, 1, 0)
	code, body := ask("/api/v1/servers?verdict=compromised", m[1])
	var got struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || len(got.Data) != 5 {
		t.Errorf("compromised servers: %d, %d of them, %v", code, len(got.Data), err)
	}
	code, body = ask("/api/v1/cves/cve-2021-26855/builds", m[1])
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || len(got.Data) != 1 || got.Data[0]["build"] != "15.1.2106.2" || got.Data[0]["vulnerable"] != 10.0 {
		t.Errorf("builds that are open to a vulnerability: %d %s", code, body)
	}
	if code, body := ask("/api/v1/servers?verdict=compromized", m[1]); code != http.StatusBadRequest || !strings.Contains(body, "no such verdict") {
		t.Errorf("a verdict that is none: %d %s", code, body)
	}
	if code, body := ask("/api/v1/servers?name=nobody", m[1]); code != http.StatusOK || body != `{"data":[]}`+"\n" {
		t.Errorf("a list of nothing: %d %s", code, body)
	}
	if code, body := ask("/api/v1/servers", "wrong"); code != http.StatusUnauthorized || !strings.Contains(body, "Authorization: Bearer") {
		t.Errorf("a wrong token: %d %s", code, body)
	}
	if code, body := ask("/api/v1/audit", m[1]); code != http.StatusForbidden || !json.Valid([]byte(body)) {
		t.Errorf("the audit log as an analyst: %d %s", code, body)
	}
	if code, _ := ask("/api/v1/servers", m[1][:20]); code != http.StatusUnauthorized {
		t.Errorf("half a token: %d", code)
	}
	// Each path of the description is there, and none besides.
	var api struct{ Paths map[string]any }
	if err := json.Unmarshal(openAPI, &api); err != nil {
		t.Fatal(err)
	}
	var described []string
	ids := map[string]bool{}
	for p, methods := range api.Paths {
		described = append(described, p)
		for method, op := range methods.(map[string]any) {
			id, _ := op.(map[string]any)["operationId"].(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s has the operationId %q, none or another's", method, p, id)
			}
			ids[id] = true
		}
	}
	slices.Sort(described)
	var there []string
	e.c.api(func(pattern string, _ store.Role, _ handler) {
		there = append(there, strings.TrimPrefix(pattern, "GET "))
	})
	slices.Sort(there)
	if !slices.Equal(described, there) {
		t.Errorf("described %v\nthere %v", described, there)
	}
}

// TestWrongMethod: an address that takes another method says which; one that is
// not there says nothing of methods.
func TestWrongMethod(t *testing.T) {
	e := newEstate(t, nil)
	e.account("ann", store.Analyst, "")
	v := e.as("ann")
	_, body := v.post("/account", "/account/token", url.Values{})
	token := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(body)[1]
	for _, c := range []struct {
		method, path string
		code         int
		allow        string
	}{
		{http.MethodPost, "/api/v1/servers", http.StatusMethodNotAllowed, "GET, HEAD"}, {http.MethodDelete, "/api/v1/servers/1", http.StatusMethodNotAllowed, "GET, HEAD"}, {http.MethodPut, "/api/console.json", http.StatusMethodNotAllowed, "GET, HEAD"},
		{http.MethodGet, "/logout", http.StatusMethodNotAllowed, "POST"}, {http.MethodPatch, "/login", http.StatusMethodNotAllowed, "GET, HEAD, POST"}, {http.MethodPost, "/api/v1/nothing", http.StatusNotFound, ""}, {http.MethodGet, "/nothing", http.StatusNotFound, ""},
	} {
		r, _ := http.NewRequest(c.method, e.url+c.path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.code || resp.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.path, resp.StatusCode, resp.Header.Get("Allow"), c.code, c.allow)
		}
	}
}

// TestRefusedForms: what was typed is still there beside what is wrong with it,
// in its own form; a password is not.
func TestRefusedForms(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	e.account("it", store.Admin, "town")
	e.account("secretive", store.Viewer, "clinic")
	root := e.as("root")
	for _, c := range []struct {
		path   string
		form   url.Values
		want   []string
		absent string
	}{
		{"/admin/accounts", url.Values{"name": {"dora"}, "role": {"viewer"}, "organisation": {"twon"}, "password": {password}}, []string{`value="dora"`, `value="twon">`, "no organisation “twon”"}, password},
		{"/admin/accounts", url.Values{"name": {"dora"}, "role": {"publisher"}, "organisation": {"farm"}, "password": {"elevenchars"}}, []string{`value="dora"`, `<option value="publisher" selected>`, `value="farm">`, "12 "}, "elevenchars"},
		{"/admin/tokens", url.Values{"organisation": {"farm"}, "uses": {"7"}, "days": {"999"}}, []string{`value="farm"`, `value="7"`, `value="999"`}, `name="days" type="number" min="1" max="365" value="7"`},
		{"/admin/organisations", url.Values{"id": {"farm2"}, "name": {`Farm "2"`}, "country": {"Norway"}, "contact": {"it@farm.example"}}, []string{`value="farm2"`, `value="Farm &#34;2&#34;"`, `value="Norway"`, `value="it@farm.example"`}, `autocomplete="username" value="Farm`},
	} {
		code, body := root.post("/admin", c.path, c.form)
		for _, text := range c.want {
			if code != http.StatusBadRequest || !strings.Contains(body, text) {
				t.Errorf("%s: %d, lacks %s", c.path, code, text)
			}
		}
		if strings.Contains(body, c.absent) {
			t.Errorf("%s: shows %s", c.path, c.absent)
		}
	}
	for lang, want := range map[string]string{"en": "unique on the whole hub", "fr": "uniques sur tout le concentrateur"} {
		v := e.as("it")
		v.lang = lang
		code, body := v.post("/admin", "/admin/accounts", url.Values{"name": {"secretive"}, "role": {"viewer"}, "organisation": {"town"}, "password": {password}})
		if code != http.StatusBadRequest || !strings.Contains(body, want) || strings.Contains(body, "clinic") {
			t.Errorf("%s: a name that another organisation has: %d", lang, code)
		}
	}
}

// TestSecureCookies: who speaks TLS to a proxy on this machine gets cookies that
// go over TLS only; the word of another machine is not believed.
func TestSecureCookies(t *testing.T) {
	e := newEstate(t, nil)
	for _, c := range []struct {
		peer, proto string
		want        bool
	}{{"127.0.0.1:1", "https", true}, {"[::1]:1", "https", true}, {"127.0.0.1:1", "http", false}, {"127.0.0.1:1", "", false}, {"192.0.2.7:1", "https", false}} {
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-Proto", c.proto)
		w := httptest.NewRecorder()
		e.c.ServeHTTP(w, r)
		k := w.Result().Cookies()
		if len(k) != 1 || k[0].Secure != c.want || strings.HasPrefix(k[0].Name, "__Host-") != c.want || (w.Header().Get("Strict-Transport-Security") != "") != c.want {
			t.Errorf("%+v: %v %v", c, k, w.Header())
		}
	}
	// A log-in through such a proxy holds.
	e.account("root", store.Admin, "")
	jar := map[string]string{}
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range jar {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		e.c.ServeHTTP(w, r)
		for _, k := range w.Result().Cookies() {
			jar[k.Name] = k.Value
		}
		return w
	}
	csrf := csrfField.FindStringSubmatch(ask(http.MethodGet, "/login", "").Body.String())[1]
	ask(http.MethodPost, "/login", url.Values{"csrf": {csrf}, "name": {"root"}, "password": {password}}.Encode())
	if w := ask(http.MethodGet, "/admin", ""); w.Code != http.StatusOK {
		t.Errorf("the administrator's page through a proxy: %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	e := newEstate(t, nil)
	resp, err := http.Get(e.url + "/login")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if !strings.Contains(resp.Header.Get(name), want) {
			t.Errorf("%s: %q", name, resp.Header.Get(name))
		}
	}
	for _, k := range resp.Cookies() {
		if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %s can be read by scripts or sent by other sites", k.Name)
		}
	}
	for back, want := range map[string]string{"https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "/servers?verdict=attacked": "/servers?verdict=attacked", "javascript:alert(1)": "/", "": "/", "/x\r\nSet-Cookie: a=b": "/"} {
		if got := inside(back); got != want {
			t.Errorf("back to %q goes to %q, want %q", back, got, want)
		}
	}
}

func TestPasswords(t *testing.T) {
	h := newHasher(1)
	ctx := context.Background()
	hash, err := h.hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{password: true, password + " ": false, "": false, strings.Repeat("x", 1000): false} {
		if got, err := h.verify(ctx, text, hash); got != want || err != nil {
			t.Errorf("%.20q: %v, %v; want %v", text, got, err, want)
		}
	}
	if ok, _ := h.verify(ctx, "", ""); ok {
		t.Error("an account without a password lets everybody in")
	}
	if _, err := h.verify(ctx, password, "$argon2id$broken"); err == nil {
		t.Error("a broken hash is no error")
	}
	if _, err := h.hash(ctx, "short"); err == nil {
		t.Error("a short password is taken")
	}
}

func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now }, 2, time.Second)
	l.most = 100
	for i := range 10_000 {
		l.allow(fmt.Sprint(i))
	}
	if len(l.keys) != 100 || l.order.Len() != 100 {
		t.Errorf("%d keys kept, want 100", len(l.keys))
	}
	l.allow("a")
	l.allow("a")
	if wait, ok := l.allow("a"); ok || wait != time.Second {
		t.Errorf("the third try: %v, %v", wait, ok)
	}
	now = now.Add(-time.Hour) // a clock set back gives no tries, and takes none
	if _, ok := l.allow("a"); ok {
		t.Error("a clock set back gives a try")
	}
	now = now.Add(time.Second)
	if _, ok := l.allow("a"); !ok {
		t.Error("a second later there is no try")
	}
}

// TestVisitorGoesAway: a page that nobody waits for any more is no failure of
// the hub; one that the store fails is.
func TestVisitorGoesAway(t *testing.T) {
	var log bytes.Buffer
	e := newEstate(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ask := func(ctx context.Context) {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/files/1", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: "a session"})
		e.c.ServeHTTP(httptest.NewRecorder(), r)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if ask(gone); log.Len() > 0 {
		t.Errorf("logged although the visitor went away: %s", &log)
	}
	if err := e.hub.Close(); err != nil {
		t.Fatal(err)
	}
	if ask(t.Context()); !strings.Contains(log.String(), "request failed") {
		t.Errorf("a failure was not logged: %q", &log)
	}
}

// TestAsPeopleWrite asks with the capitals, spaces and methods that people and
// programs use.
func TestAsPeopleWrite(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	v := e.as("root")
	for path, want := range map[string]string{"/servers?cve=+cve-2021-26855": "ex00.town.example", "/api/v1/servers?cve=cve-2021-26855": "ex00.town.example", "/servers?name=ex00+": "ex00.town.example", "/api/v1/search/indicators?q=+203.0.113.45+": "203.0.113.45"} {
		if code, body := v.get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, without %s", path, code, want)
		}
	}
	if _, list := v.get("/notify.csv"); !strings.HasPrefix(list, "\uFEFForganisation,") {
		t.Errorf("Excel does not take the list for UTF-8: %.20q", list)
	}
	if code, _ := v.get("/api/v1/files/99/prevalence"); code != http.StatusNotFound {
		t.Errorf("prevalence of no file: %d", code)
	}
	for _, c := range []struct{ name, country, want string }{{"n", "France", "two letters"}, {" ", "FR", "needs a name"}, {"n", " fr", "was saved"}, {"n", "", "was saved"}} {
		if _, body := v.post("/admin", "/admin/organisations", url.Values{"id": {"new"}, "name": {c.name}, "country": {c.country}}); !strings.Contains(body, c.want) {
			t.Errorf("organisation %q of %q: not told %q", c.name, c.country, c.want)
		}
	}
	for path, want := range map[string]int{"/servers": http.StatusSeeOther, "/api/v1/servers": http.StatusUnauthorized} {
		w := httptest.NewRecorder()
		e.c.ServeHTTP(w, httptest.NewRequest(http.MethodHead, path, nil))
		if w.Code != want || want == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("HEAD %s without a log-in: %d %v", path, w.Code, w.Header())
		}
	}
}

// TestDays: one clock that is wrong by years does not hide the outbreak, and
// what the picture leaves out is counted.
func TestDays(t *testing.T) {
	now := time.Date(2021, 3, 12, 0, 0, 0, 0, time.UTC)
	points, outside := days([]store.Day{{Day: "2019-09-03", Compromised: 1}, {Day: "2021-03-01", Compromised: 2}, {Day: "2021-03-03", Attacked: 3}, {Day: "2099-01-01", Attacked: 4}}, now)
	if want := []point{{"2021-03-01", 2}, {"2021-03-02", 0}, {"2021-03-03", 3}}; !slices.Equal(points, want) || outside != 5 {
		t.Errorf("%v and %d outside, want %v and 5", points, outside, want)
	}
	if one := curve("c", "t", &words{lang: "en"}, points[:1]); !strings.Contains(string(one), `class="bar bad"`) {
		t.Error("a single day is not to be seen")
	}
}

// TestIdentifiers: a program that reads numbers as doubles, as JavaScript and jq
// do, asks for what it was told of.
func TestIdentifiers(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	v := e.as("root")
	var got struct{ Data []map[string]any }
	_, body := v.get("/api/v1/search/files?q=shell")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Data) == 0 {
		t.Fatalf("no files: %v %s", err, body)
	}
	if code, body := v.get(fmt.Sprintf("/api/v1/files/%v/prevalence", got.Data[0]["id"])); code != http.StatusOK || !strings.Contains(body, `"with":`) {
		t.Errorf("%v: %d %s", got.Data[0]["id"], code, body)
	}
}
