package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/publish"
	"limier/publish/markdown"
	"limier/publish/stix"
	"limier/store"
	"limier/store/sqlite"
	"limier/wire"
)

const password = "correct horse battery"

// An estate is a hub with a store of its own, three organisations and hostile
// text wherever evidence can put it.
type estate struct {
	t     *testing.T
	hub   *store.Hub
	c     *Console
	url   string
	now   time.Time
	mixed int64 // a server of the first organisation
	other int64 // a server of the second
}

const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

func newEstate(t *testing.T, more func(*Config)) *estate {
	t.Helper()
	ctx := context.Background()
	hub, err := sqlite.OpenHub(ctx, filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	e := &estate{t: t, hub: hub, now: time.Date(2021, 3, 10, 9, 0, 0, 0, time.UTC)}
	config := Config{Store: hub, Version: "test", Now: func() time.Time { return e.now }, Publishers: []*publish.Publisher{markdown.Publisher, stix.Publisher}}
	config.NewToken = func(ctx context.Context, scope store.Scope, org string, uses int, life time.Duration, by string) (string, error) {
		return "a token", hub.NewToken(ctx, scope, store.Token{Hash: sha256.Sum256([]byte("a token")), Organisation: org, Uses: uses, Expires: e.now.Add(life), CreatedBy: by})
	}
	if more != nil {
		more(&config)
	}
	if e.c, err = New(config); err != nil {
		t.Fatal(err)
	}
	e.c.words["fr"].missing = &sync.Map{}
	server := httptest.NewServer(e.c)
	t.Cleanup(server.Close)
	e.url = server.URL

	for _, o := range []store.Organisation{{ID: "town", Name: "Town of " + hostile, Country: "FR", Contact: "=cmd|' /C calc'!A0"}, {ID: "clinic", Name: "Clinic", Country: "NO", Contact: "it@clinic.example"}, {ID: "farm", Name: "Farm" + strings.Repeat("é", 190), Country: "SE"}} {
		o.Created = e.now
		if err := hub.PutOrganisation(ctx, store.All(), o); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		org := []string{"town", "clinic", "farm"}[i%3]
		id, err := hub.Enrol(ctx, org, fmt.Sprintf("ex%02d.%s.example", i, org), "", e.now)
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			e.mixed = id
		case 1:
			e.other = id
		}
		if i < 10 {
			e.submit(id, e.caseOf(i))
		}
	}
	return e
}

func (e *estate) caseOf(i int) *casefile.Case {
	day := e.now.AddDate(0, 0, -7+i%5)
	ref := evidence.Ref{Path: "logs/u_ex.log", Line: 3}
	c := &casefile.Case{Complete: true, Start: wire.Start{Format: wire.Format, Version: "test", Source: "host", Host: fmt.Sprint("EX", i), Acquired: e.now, Rules: 1}}
	c.Exposures = []wire.Exposure{{Product: "Exchange Server 2016", Build: "15.1.2106.2", Name: "Exchange Server 2016 CU18", Proof: []evidence.Ref{ref}, CVEs: []wire.CVEState{{ID: "CVE-2021-26855", State: wire.Vulnerable, Exploited: "2021-11-03"}}}}
	c.End = wire.End{Verdict: wire.NoSign, Confidence: finding.ModerateConfidence, Reason: "nothing hostile"}
	if i%2 == 0 {
		c.Findings = []finding.Finding{{
			ID: fmt.Sprint("f", i), Rule: "webshell-use", Title: "Web shell on disk: " + hostile, Reason: "it evaluates text of the request", Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.Critical, Confidence: finding.HighConfidence,
			Start: day, End: day.Add(time.Hour), Techniques: []string{"T1505.003"}, Count: 1, Steps: []finding.Step{{Time: day, Text: "POST to the shell", Ref: ref, Raw: hostile}},
			Entities: []finding.Entity{{Type: finding.Address, Value: "203.0.113.45", Role: "attacker"}, {Type: finding.FilePath, Value: `inetpub/wwwroot/aspnet_client/shell<b>.aspx`, Role: "shell"}, {Type: finding.Hash, Value: strings.Repeat("ab", 32), Role: "shell"}},
		}}
		c.End.Verdict, c.End.Confidence, c.End.Reason = wire.Compromised, finding.HighConfidence, "a web shell answered: "+hostile
		c.End.Next = []wire.NextStep{{Text: "Preserve the evidence."}}
	}
	c.Evidence = []wire.Evidence{{Path: "inetpub/wwwroot/aspnet_client/shell<b>.aspx", Size: 99, SHA256: strings.Repeat("ab", 32)}}
	return c
}

// submit ingests a case as the hub does.
func (e *estate) submit(server int64, c *casefile.Case) {
	e.t.Helper()
	var stream bytes.Buffer
	enc := json.NewEncoder(&stream)
	write := func(m wire.Message) {
		if err := enc.Encode(m); err != nil {
			e.t.Fatal(err)
		}
	}
	write(wire.Message{Start: &c.Start})
	for i := range c.Exposures {
		write(wire.Message{Exposure: &c.Exposures[i]})
	}
	for i := range c.Findings {
		write(wire.Message{Finding: &c.Findings[i]})
	}
	for i := range c.Evidence {
		write(wire.Message{Evidence: &c.Evidence[i]})
	}
	write(wire.Message{End: &c.End})
	z, err := zstd.NewWriter(nil)
	if err != nil {
		e.t.Fatal(err)
	}
	s := store.Submission{Server: server, Received: e.now, Evidence: sha256.Sum256(fmt.Append(nil, server)), Hash: sha256.Sum256(stream.Bytes()), Body: z.EncodeAll(stream.Bytes(), nil), Summary: store.Summarize(c)}
	out, err := e.hub.Ingest(context.Background(), []store.Submission{s})
	if err != nil || out[0] != store.Stored {
		e.t.Fatalf("ingest: %v, %v", out, err)
	}
}

// account makes an account with the usual password.
func (e *estate) account(name string, role store.Role, org string) {
	e.t.Helper()
	hash, err := e.c.hasher.hash(context.Background(), password)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := e.hub.AddAccount(context.Background(), store.All(), store.Account{Name: name, Role: role, Organisation: org, Password: hash, Created: e.now}); err != nil {
		e.t.Fatal(err)
	}
}

// A visitor is a browser with its cookies.
type visitor struct {
	e      *estate
	client *http.Client
	lang   string
}

func (e *estate) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		e.t.Fatal(err)
	}
	return &visitor{e: e, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a visitor who logged in.
func (e *estate) as(name string) *visitor {
	v := e.visitor()
	if code, body := v.post("/login", "/login", url.Values{"name": {name}, "password": {password}}); code != http.StatusSeeOther {
		e.t.Fatalf("logging in as %s: %d %s", name, code, body)
	}
	return v
}

func (v *visitor) get(path string) (int, string) {
	v.e.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.e.url+path, nil)
	if err != nil {
		v.e.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", v.lang)
	return v.do(r)
}

func (v *visitor) do(r *http.Request) (int, string) {
	v.e.t.Helper()
	resp, err := v.client.Do(r)
	if err != nil {
		v.e.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.e.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)

// post sends a form as the browser does after it loaded the page with it.
func (v *visitor) post(page, action string, form url.Values) (int, string) {
	v.e.t.Helper()
	_, body := v.get(page)
	if m := csrfField.FindStringSubmatch(body); m != nil {
		form.Set("csrf", m[1])
	}
	r, err := http.NewRequest(http.MethodPost, v.e.url+action, strings.NewReader(form.Encode()))
	if err != nil {
		v.e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", v.lang)
	return v.do(r)
}

// links of a page that stay in the console.
var hrefs = regexp.MustCompile(`href="(/[^"]*)"`)
