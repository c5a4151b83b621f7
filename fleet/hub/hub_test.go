package hub_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/evidence"
	"limier/fleet"
	"limier/fleet/agent"
	"limier/fleet/hub"
	"limier/store"
	"limier/store/sqlite"
	"limier/store/storetest"
	"limier/wire"
)

// A site is a hub that runs, for a test.
type site struct {
	*hub.Hub
	dir   string
	url   string
	store *store.Hub
	clock *clock
}

// A clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func start(t *testing.T, change func(*hub.Config)) *site {
	t.Helper()
	dir := t.TempDir()
	c := hub.Config{Dir: dir, Linger: 20 * time.Millisecond, PerMinute: 1000}
	s := &site{clock: &clock{now: time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)}}
	c.Now = s.clock.Now
	if change != nil {
		change(&c)
	}
	if c.Store == nil {
		st, err := sqlite.OpenHub(t.Context(), filepath.Join(dir, "hub.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		c.Store = st
	}
	s.store = c.Store
	h, err := hub.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l, false) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error("serving:", err)
		}
		h.Close()
	})
	s.Hub, s.dir, s.url = h, c.Dir, "https://"+l.Addr().String()
	return s
}

func (s *site) token(t *testing.T, org string, uses int) string {
	t.Helper()
	token, err := s.NewToken(t.Context(), store.All(), org, uses, time.Hour, "test")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// collector enrols a server and returns its collector, which scans what scan
// says.
func (s *site) collector(t *testing.T, org, name string, scan func() *casefile.Case) (*agent.Agent, *agent.Client, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if _, err := agent.Enroll(t.Context(), dir, s.url, s.token(t, org, 1), name, s.clock.Now); err != nil {
		t.Fatal(err)
	}
	a, err := agent.Open(agent.Config{Dir: dir, Now: s.clock.Now, Rand: rand.New(rand.NewPCG(1, 1)), AllowFiles: true, Scan: func(context.Context) iter.Seq2[wire.Message, error] { return messages(t, scan()) }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := agent.OpenClient(dir, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a, c, dir
}

func messages(t *testing.T, c *casefile.Case) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		dec := json.NewDecoder(bytes.NewReader(storetest.Stream(t, c)))
		for dec.More() {
			var m wire.Message
			if err := dec.Decode(&m); !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
		<-tick.C
	}
}

func (s *site) server(t *testing.T, id int64) store.Server {
	t.Helper()
	v, err := s.store.Server(t.Context(), store.All(), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll([]byte(text), nil)
}

func TestSubmit(t *testing.T) {
	s := start(t, nil)
	hostile := true
	a, _, dir := s.collector(t, "org-a", "ex01", func() *casefile.Case { return storetest.Case(1, hostile) })
	if err := a.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the case is stored", func() bool { return s.server(t, 1).Cases == 1 })
	v := s.server(t, 1)
	if v.Verdict != wire.Compromised || v.Organisation != "org-a" || v.Name != "ex01" || !v.AllowFiles {
		t.Errorf("%+v", v)
	}
	sent, _ := filepath.Glob(dir + "/spool/sent/*")
	if len(sent) != 2 { // a case and its receipt
		t.Error("sent:", sent)
	}
	// The same again is known; what changed is another case. Then the spool is
	// empty but for the last.
	for range 2 {
		if err := a.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	hostile = false
	if err := a.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second case is stored", func() bool { return s.server(t, 1).Cases == 2 })
	if v := s.server(t, 1); v.Verdict != wire.Exposed {
		t.Error(v.Verdict)
	}
	if err := a.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dir + "/spool/*/*"); len(left) != 0 {
		t.Error("left in the spool:", left)
	}
	log, _, err := s.store.Audit(t.Context(), store.All(), store.Page{})
	if err != nil || len(log) != 2 || log[0].Action != "enrol" || log[0].Address != "127.0.0.1" {
		t.Error(log, err)
	}
}

// TestHostileCases sends what an intruder on an enrolled server could.
func TestHostileCases(t *testing.T) {
	s := start(t, nil)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	good := string(storetest.Stream(t, storetest.Case(1, true)))
	start, rest, _ := strings.Cut(good, "\n")
	end := good[strings.LastIndex(strings.TrimSpace(good), "\n")+1:]
	packed := pack(t, good)
	flipped := bytes.Clone(packed)
	flipped[len(flipped)/2] ^= 0x40
	for _, x := range []struct {
		name string
		body []byte
		want int
	}{
		{"empty", nil, 422}, {"no zstd", []byte("hello"), 422}, {"truncated", packed[:len(packed)/2], 422}, {"flipped", flipped, 422},
		{"no end", pack(t, start+"\n"), 422}, {"no start", pack(t, rest), 422}, {"two starts", pack(t, start+"\n"+good), 422}, {"after the end", pack(t, good+end), 422},
		{"last line without its end", pack(t, strings.TrimSpace(good)), 422}, {"another format", pack(t, strings.Replace(good, "limier/1", "limier/2", 1)), 422},
		{"two in one", pack(t, `{"start":{"format":"limier/1"},"end":{}}`+"\n"), 422}, {"no JSON", pack(t, start+"\n{\n"+end), 422}, {"a list", pack(t, "[]\n"), 422}, {"wrong type", pack(t, start+"\n"+`{"finding":{"count":"x"}}`+"\n"+end), 422},
		{"deep", pack(t, start+"\n"+`{"finding":`+strings.Repeat(`{"a":`, 20000)+"\n"), 422},
		{"long line", pack(t, start+"\n"+`{"finding":{"title":"`+strings.Repeat("A", 5<<20)+`"}}`+"\n"+end), 422},
		{"bomb", pack(t, start+"\n"+strings.Repeat(`{"gap":{"reason":"`+strings.Repeat("A", 1<<20)+`"}}`+"\n", 64)+end), 413},
		{"many messages", pack(t, start+"\n"+strings.Repeat("{}\n", 500_001)+end), 422},
		{"too large", make([]byte, fleet.MaxBody+1), 413},
	} {
		_, err := c.Submit(t.Context(), x.body, "", "")
		refused, ok := err.(*agent.Refused)
		if !ok || refused.Status != x.want || !refused.Final() {
			t.Errorf("%s: %v, want %d", x.name, err, x.want)
		}
	}
	// Hostile text in a case that is well-formed is kept, and does no harm.
	odd := storetest.Case(1, true)
	odd.Start.Host = "<script>\x00\r\n"
	odd.Findings[0].Title = strings.Repeat("é", 5000)
	odd.Findings[0].Rule = "'); DROP TABLE server; --"
	odd.Findings[0].Entities[0].Value = "\x00"
	odd.Evidence[0].Path = "../../../etc/passwd\x00"
	odd.Exposures[0].Build = strings.Repeat("9", 10000)
	odd.End.Reason = "\xff\xfe"
	odd.End.Verdict = "innocent"
	body := storetest.Stream(t, odd)
	checked, err := fleet.Check(pack(t, string(body)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Submit(t.Context(), pack(t, string(body)), fmt.Sprintf("%x", checked.Evidence), fmt.Sprintf("%x", checked.Hash)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the odd case is stored", func() bool { return s.server(t, 1).Cases == 1 })
	if v := s.server(t, 1); v.Verdict != wire.NotEnough {
		t.Errorf("a verdict that we do not know: %q", v.Verdict)
	}
	if dead, _, err := s.store.DeadLetters(t.Context(), store.All(), store.Page{}); err != nil || len(dead) != 0 {
		t.Error(dead, err)
	}
}

// TestOldKey: who has a key that was revoked asks no more often than a server
// may, and keeps nobody out who has the new one.
func TestOldKey(t *testing.T) {
	s := start(t, func(c *hub.Config) { c.PerMinute = 5 })
	_, old, _ := s.collector(t, "org-a", "ex01", nil)
	if err := s.store.Revoke(t.Context(), store.All(), 1, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.clock.move(time.Minute)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	for n := range 10 {
		_, err := old.Contact(t.Context(), fleet.ContactRequest{})
		var later *agent.Later
		if err == nil || errors.As(err, &later) != (n >= 5) {
			t.Errorf("request %d with the old key: %v", n+1, err)
		}
	}
	if _, err := c.Contact(t.Context(), fleet.ContactRequest{}); err != nil {
		t.Error("with the new key:", err)
	}
}

func TestIdentity(t *testing.T) {
	s := start(t, nil)
	a, c, dir := s.collector(t, "org-a", "ex01", func() *casefile.Case { return storetest.Case(1, true) })
	plain := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := plain.Post(s.url+fleet.PathCases, "application/zstd", strings.NewReader("x"))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Error("without a certificate:", resp, err)
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}}}
	if _, err := old.Get(s.url + "/healthz"); err == nil {
		t.Error("TLS 1.2 was accepted")
	}
	// A certificate of another authority with the same name.
	other := start(t, nil)
	_, stranger, _ := other.collector(t, "org-a", "ex01", nil)
	if err := stranger.Against(s.url).Ping(t.Context()); err == nil {
		t.Error("a stranger's certificate was accepted")
	}
	// Renewing keeps the key; the hub's offer of another identity is ignored.
	if err := c.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.store.Revoke(t.Context(), store.All(), 1, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.clock.move(time.Minute)
	if err := a.Visit(t.Context()); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Error("a revoked server:", err)
	}
	// Whoever enrols under the name now gets in; the old key does not.
	again := filepath.Join(t.TempDir(), "again")
	if id, err := agent.Enroll(t.Context(), again, s.url, s.token(t, "org-a", 1), "ex01", s.clock.Now); err != nil || id != 1 {
		t.Fatal(id, err)
	}
	s.clock.move(time.Minute)
	if err := a.Visit(t.Context()); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Error("the key before:", err)
	}
	if err := a.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "stay in the spool") {
		t.Error("a case with an old key was taken:", err)
	}
	// A key that was lost is told.
	text, err := os.ReadFile(filepath.Join(dir, "agent.key"))
	if err := errors.Join(err, os.Remove(filepath.Join(dir, "agent.key"))); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.OpenClient(dir, s.clock.Now); err == nil || !strings.Contains(err.Error(), "not the one that enrolled") {
		t.Error("without its key:", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "agent.key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	// The same folder enrols again as it is told to: what waited there is not lost.
	if err := s.store.Revoke(t.Context(), store.All(), 1, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	enroll := func() error {
		_, err := agent.Enroll(t.Context(), dir, s.url, s.token(t, "org-a", 1), "ex01", s.clock.Now)
		return err
	}
	if err := enroll(); err == nil || !strings.Contains(err.Error(), "remove identity.json and agent.key from "+dir) {
		t.Error("enrolled already:", err)
	}
	for _, name := range []string{"identity.json", "agent.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := enroll(); err != nil {
		t.Fatal(err)
	}
	if a, err = agent.Open(agent.Config{Dir: dir, Now: s.clock.Now}); err != nil {
		t.Fatal(err)
	}
	s.clock.move(time.Minute)
	if err := a.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what waited is stored", func() bool { return s.server(t, 1).Cases == 1 })
}

// TestOwnCertificate: a hub that runs for years, or started with a wrong clock,
// shows a certificate that holds.
func TestOwnCertificate(t *testing.T) {
	at := time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)
	keys, err := hub.OpenKeys(t.TempDir(), at)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := keys.TLS(nil, nil, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(keys.Authority)
	for _, years := range []int{0, 3, -2} {
		at = at.AddDate(years, 0, 0)
		cert, err := conf.GetCertificate(&tls.ClientHelloInfo{ServerName: fleet.ServerName})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: fleet.ServerName, Roots: roots, CurrentTime: at}); err != nil {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestEnrol(t *testing.T) {
	s := start(t, func(c *hub.Config) { c.Enrolments = 12 })
	enrol := func(token, name string) error {
		_, err := agent.Enroll(t.Context(), filepath.Join(t.TempDir(), "x"), s.url, token, name, s.clock.Now)
		return err
	}
	one := s.token(t, "org-a", 1)
	if _, err := s.NewToken(t.Context(), store.Org("org-b"), "org-b", 1, time.Hour, "it"); err != nil {
		t.Fatal(err)
	}
	if log, _, err := s.store.Audit(t.Context(), store.Org("org-b"), store.Page{}); err != nil || len(log) != 1 || log[0].Action != "token-create" {
		t.Error("an organisation does not see that it made a token:", log, err)
	}
	s.url += "/" // as browsers show it
	if err := enrol(one, "ex01"); err != nil {
		t.Fatal(err)
	}
	other := start(t, nil)
	for name, x := range map[string]struct{ token, name, want string }{
		"used twice":               {one, "ex02", "used up"},
		"another hub's":            {other.token(t, "org-a", 1), "ex02", "not the hub"},
		"a name that is taken":     {s.token(t, "org-a", 1), "ex01", "enrolled already"},
		"a name with a path":       {s.token(t, "org-a", 1), "x/../../x", "letters, digits"},
		"a name with a line":       {s.token(t, "org-a", 1), "a\r\nX-Admin: 1", "letters, digits"},
		"no name":                  {s.token(t, "org-a", 1), "", "200 characters"},
		"no token":                 {"hello", "ex02", "no enrolment token"},
		"cut":                      {one[:20], "ex02", "no enrolment token"},
		"right hub, made-up token": {"limier1.AAAAAAAAAAAAAAAAAAAAAAAAAAA" + one[strings.LastIndex(one, "."):], "ex02", "unknown"},
	} {
		if err := enrol(x.token, x.name); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An administrator's token enrols nobody.
	admin, err := s.NewAdminToken(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	root := store.Account{Name: "root", Role: store.Admin}
	if err := s.store.AddAdmin(t.Context(), one, root, s.clock.Now()); err == nil {
		t.Error("an enrolment token made an administrator")
	}
	if _, _, err := s.store.UseToken(t.Context(), admin, "ex02", "k", s.clock.Now()); err == nil {
		t.Error("an administrator's token enrolled a server")
	}
	for _, x := range []struct {
		name string
		want error
	}{{"root", nil}, {"boot", store.ErrNotFound}} {
		root.Name = x.name
		if err := s.store.AddAdmin(t.Context(), admin, root, s.clock.Now()); !errors.Is(err, x.want) {
			t.Errorf("an administrator's token for %s: %v, want %v", x.name, err, x.want)
		}
	}
	// Guessing is slow.
	guess := func() error {
		return enrol("limier1.AAAAAAAAAAAAAAAAAAAAAAAAAAB"+one[strings.LastIndex(one, "."):], "ex03")
	}
	for range 12 {
		err = guess()
	}
	if err == nil || !strings.Contains(err.Error(), "too many") {
		t.Error("guessed 12 times:", err)
	}
	s.clock.move(time.Minute)
	if err := guess(); err == nil || strings.Contains(err.Error(), "too many") {
		t.Error("a minute later:", err)
	}
}

// TestMissed: what a collector cannot send, the hub learns at the next contact,
// once; a collector that does not tell is served as before.
func TestMissed(t *testing.T) {
	s := start(t, nil)
	a, c, dir := s.collector(t, "org-a", "ex01", func() *casefile.Case { return storetest.Case(1, false) })
	if err := os.WriteFile(filepath.Join(dir, "spool", "waiting", "000000000000-aa.zst"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	told := func() store.Missed {
		t.Helper()
		m, err := s.store.Missed(t.Context(), store.All(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for i, want := range []int{0, 1, 1} {
		if err := a.Visit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := told(); m.Cases != want || want > 0 && !strings.Contains(m.Reason, "damaged") {
			t.Errorf("after visit %d: %+v, want %d", i, m, want)
		}
	}
	if _, err := c.Contact(t.Context(), fleet.ContactRequest{}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("é", 1000) + "\x00"
	if _, err := c.Contact(t.Context(), fleet.ContactRequest{Missed: &fleet.Missed{Cases: 3, Reason: long}}); err != nil {
		t.Fatal(err)
	}
	if m := told(); m.Cases != 3 || len(m.Reason) > 500 || !m.Told.Equal(s.clock.Now()) {
		t.Errorf("%+v", m)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Authorization", "Bearer "+s.Keys().Metrics)
	s.Handler().ServeHTTP(w, r)
	if got := w.Body.String(); !strings.Contains(got, "\nlimier_cases_missed_total 3\n") {
		t.Error(got)
	}
	if _, err := s.store.Missed(t.Context(), store.Org("org-b"), 1); !errors.Is(err, store.ErrNotFound) {
		t.Error("another organisation sees it:", err)
	}
}

// folder is evidence for what the hub asks for.
func folder(path string) func(context.Context) (evidence.Source, io.Closer, error) {
	return func(context.Context) (evidence.Source, io.Closer, error) { return openFolder(path) }
}
