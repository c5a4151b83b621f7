package hub_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats-server/v2/server"

	"limier/casefile"
	"limier/fleet"
	"limier/fleet/agent"
	"limier/fleet/hub"
	"limier/store"
	"limier/store/postgres"
	"limier/store/sqlite"
	"limier/store/storetest"
)

// submit sends a case and returns its evidence hash, or the error.
func submit(ctx context.Context, t testing.TB, c *agent.Client, x *casefile.Case) (string, error) {
	t.Helper()
	body := pack(t, string(storetest.Stream(t, x)))
	checked, err := fleet.Check(body)
	if err != nil {
		t.Fatal(err)
	}
	evidence := fmt.Sprintf("%x", checked.Evidence)
	_, err = c.Submit(ctx, body, evidence, fmt.Sprintf("%x", checked.Hash))
	return evidence, err
}

// settled checks that each case that has a receipt is stored, and once.
func settled(t *testing.T, st *store.Hub, want map[int64]map[string]bool) {
	t.Helper()
	total := 0
	for server, sums := range want {
		total += len(sums)
		eventually(t, fmt.Sprint("all cases of server ", server, " are stored"), func() bool {
			list, err := st.Cases(t.Context(), store.All(), server)
			return err == nil && len(list) >= len(sums)
		})
		list, err := st.Cases(t.Context(), store.All(), server)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, c := range list {
			got[fmt.Sprintf("%x", c.Evidence)]++
		}
		for sum := range sums {
			if got[sum] != 1 {
				t.Errorf("server %d: a case with a receipt is stored %d times", server, got[sum])
			}
		}
	}
	t.Logf("%d cases with a receipt, each stored once", total)
}

// blocked holds the database's write lock until the function it returns is
// called.
func blocked(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() { tx.Rollback(); db.Close() }
}

// TestBackPressure: while nothing can be stored the queue fills, collectors are
// told to come later, and what was accepted is not lost.
func TestBackPressure(t *testing.T) {
	var dir string
	s := start(t, func(c *hub.Config) { dir, c.QueueMessages, c.PerMinute = c.Dir, 10, 20 })
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	release := blocked(t, filepath.Join(dir, "hub.db"))
	accepted := map[string]bool{}
	var later *agent.Later
	for n := range 20 {
		sum, err := submit(t.Context(), t, c, storetest.Case(n, true))
		if err == nil {
			accepted[sum] = true
		} else if !errors.As(err, &later) {
			t.Fatal(err)
		}
	}
	if later == nil || later.Status != http.StatusServiceUnavailable || later.After < 10*time.Second || len(accepted) < 10 || len(accepted) > 11 {
		t.Errorf("%d accepted, then %v", len(accepted), later)
	}
	// One server cannot keep the others out by asking often.
	if _, err := submit(t.Context(), t, c, storetest.Case(1, true)); !errors.As(err, &later) || later.Status != http.StatusTooManyRequests {
		t.Error("the 21st request of a minute:", err)
	}
	release()
	settled(t, s.store, map[int64]map[string]bool{1: accepted})
}

// TestDeadLetter: a case of a server that was revoked meanwhile is kept, and
// can be stored once the server is back.
func TestDeadLetter(t *testing.T) {
	s := start(t, nil)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	if err := c.Ping(t.Context()); err != nil { // the hub knows it now, for half a minute
		t.Fatal(err)
	}
	if err := s.store.Revoke(t.Context(), store.All(), 1, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := submit(t.Context(), t, c, storetest.Case(1, true)); err != nil {
		t.Fatal(err)
	}
	var dead []store.DeadLetter
	eventually(t, "there is a dead letter", func() bool {
		var err error
		dead, _, err = s.store.DeadLetters(t.Context(), store.All(), store.Page{})
		return err == nil && len(dead) == 1
	})
	if !strings.Contains(dead[0].Reason, "revoked") || dead[0].Server != 1 {
		t.Errorf("%+v", dead[0])
	}
	if out, err := s.Replay(t.Context(), store.All(), dead[0].ID); err != nil || out != store.Unknown {
		t.Error(out, err)
	}
	if _, err := s.store.Enrol(t.Context(), "org-a", "ex01", "key", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []store.Outcome{store.Stored, store.Duplicate} {
		if out, err := s.Replay(t.Context(), store.All(), dead[0].ID); err != nil || out != want {
			t.Error(out, err)
		}
	}
	if _, err := s.Replay(t.Context(), store.Org("org-a"), dead[0].ID); !errors.Is(err, store.ErrScope) {
		t.Error(err)
	}
}

// TestClockJumps: no clock, the hub's or a server's, loses or doubles a case.
func TestClockJumps(t *testing.T) {
	s := start(t, nil)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	want := map[string]bool{}
	jumps := []time.Duration{0, 300 * 24 * time.Hour, -300 * 24 * time.Hour, -24 * time.Hour, 25 * time.Hour}
	for n, jump := range jumps {
		s.clock.move(jump)
		x := storetest.Case(n, n%2 == 0)
		x.Start.Acquired = s.clock.Now().Add(time.Duration(n%3-1) * 1000 * time.Hour)
		sum, err := submit(t.Context(), t, c, x)
		if err != nil {
			t.Fatalf("after a jump of %v: %v", jump, err)
		}
		want[sum] = true
		eventually(t, "it is stored", func() bool { return s.server(t, 1).Cases == n+1 })
	}
	settled(t, s.store, map[int64]map[string]bool{1: want})
	x := storetest.Case(9, true)
	x.Start.Acquired = s.clock.Now().Add(48 * time.Hour)
	if _, err := submit(t.Context(), t, c, x); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is stored", func() bool { return s.server(t, 1).Cases == len(jumps)+1 })
	if v := s.server(t, 1); v.Skew() != 48*time.Hour || !v.Received.Equal(s.clock.Now()) {
		t.Errorf("evidence from the future: skew %v, received %v", v.Skew(), v.Received)
	}
}

// TestReceipts: only the hub's word for this case counts.
func TestReceipts(t *testing.T) {
	s, other := start(t, nil), start(t, nil)
	key := s.Keys().Receipt
	r := fleet.Receipt{Server: 7, Evidence: "aa", Case: "bb", Received: s.clock.Now()}
	fleet.Sign(key, &r)
	verify := func(r fleet.Receipt, server int64, evidence, hash string) error {
		return r.Verify(key.Public().(ed25519.PublicKey), server, evidence, hash)
	}
	if err := verify(r, 7, "aa", "bb"); err != nil {
		t.Error(err)
	}
	moved := r
	moved.Received = moved.Received.Add(time.Second)
	forged := r
	fleet.Sign(other.Keys().Receipt, &forged)
	for name, err := range map[string]error{"another server": verify(r, 8, "aa", "bb"), "another case": verify(r, 7, "aa", "cc"), "another time": verify(moved, 7, "aa", "bb"), "another hub": verify(forged, 7, "aa", "bb"), "none": verify(fleet.Receipt{}, 7, "aa", "bb")} {
		if err == nil {
			t.Errorf("%s: the receipt holds", name)
		}
	}

	// Those that share a signature.
	for _, n := range []int64{1, 2, 16, 17, 40} {
		var list []*fleet.Receipt
		for server := range n {
			list = append(list, &fleet.Receipt{Server: server, Evidence: "aa", Case: "bb", Received: s.clock.Now()})
		}
		fleet.Sign(key, list...)
		signatures := map[string]bool{}
		for server, r := range list {
			signatures[string(r.Signature)] = true
			if err := verify(*r, int64(server), "aa", "bb"); err != nil {
				t.Errorf("receipt %d of %d: %v", server, n, err)
			}
			another, more, less, alone := *r, *r, *r, *r
			another.Server = 99
			more.Batch = append(bytes.Clone(r.Batch), make([]byte, sha256.Size)...)
			less.Batch, alone.Batch = r.Batch[:len(r.Batch)/2], nil
			for i, bad := range []fleet.Receipt{another, more, less, alone} {
				if (i < 2 || r.Batch != nil) && verify(bad, bad.Server, "aa", "bb") == nil {
					t.Errorf("receipt %d of %d, changed in way %d: it holds", server, n, i)
				}
			}
		}
		if want := (int(n) + 15) / 16; len(signatures) != want {
			t.Errorf("%d receipts have %d signatures, want %d", n, len(signatures), want)
		}
	}
}

// TestSharedReceipts: cases that come at once share a signature if their
// collectors say that they read it; those of older ones have one each.
func TestSharedReceipts(t *testing.T) {
	s := start(t, nil)
	cert := func(server int) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: "server-" + strconv.Itoa(server)}, RawSubjectPublicKeyInfo: []byte("key")}
	}
	const servers = 32
	var list []store.Enrolment
	for n := range servers {
		list = append(list, store.Enrolment{Organisation: "org-a", Name: fmt.Sprint("ex", n), KeyHash: fleet.KeyHash(cert(n))})
	}
	if err := s.store.EnrolMany(t.Context(), list, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	body := pack(t, string(storetest.Stream(t, storetest.Case(1, true))))
	shared := map[bool]*atomic.Int32{true: {}, false: {}}
	var wg sync.WaitGroup
	for n := 1; n <= servers; n++ {
		wg.Go(func() {
			r := httptest.NewRequest(http.MethodPost, fleet.PathCases, bytes.NewReader(body))
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert(n)}}
			asked := n%2 == 0
			if asked {
				r.Header.Set("Limier-Receipt", "batch")
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			var receipt fleet.Receipt
			if err := json.Unmarshal(w.Body.Bytes(), &receipt); err != nil || w.Code != http.StatusAccepted {
				t.Error(w.Code, w.Body, err)
				return
			}
			if err := receipt.Verify(s.Keys().Receipt.Public().(ed25519.PublicKey), int64(n), receipt.Evidence, receipt.Case); err != nil {
				t.Error(n, err)
			}
			if receipt.Batch != nil {
				shared[asked].Add(1)
			}
		})
	}
	wg.Wait()
	if shared[true].Load() == 0 || shared[false].Load() != 0 {
		t.Errorf("%d receipts share a signature where they may, %d where not", shared[true].Load(), shared[false].Load())
	}
}

// TestResumed: a collector that comes again goes on with the session of its last
// visit, and a revoked one is out all the same.
func TestResumed(t *testing.T) {
	s := start(t, nil)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	visit := func() (resumed bool, err error) {
		err = c.Ping(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{TLSHandshakeDone: func(s tls.ConnectionState, _ error) { resumed = s.DidResume }}))
		c.Close()
		return resumed, err
	}
	for n := range 2 {
		if resumed, err := visit(); err != nil || resumed != (n > 0) {
			t.Errorf("visit %d goes on: %v, %v", n+1, resumed, err)
		}
	}
	if err := s.store.Revoke(t.Context(), store.All(), 1, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.clock.move(time.Minute)
	var refused *agent.Refused
	if resumed, err := visit(); !resumed || !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("a revoked server goes on: %v, %v", resumed, err)
	}
}

// TestRefusedCase: a case that the store refuses for good is kept as a dead
// letter, and its collector does not send it again.
func TestRefusedCase(t *testing.T) {
	s := start(t, nil)
	a, _, dir := s.collector(t, "org-a", "ex01", func() *casefile.Case { return storetest.Case(1, true) })
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'refused'); END`); err != nil {
		t.Fatal(err)
	}
	letters := func() []store.DeadLetter {
		all, _, err := s.store.DeadLetters(t.Context(), store.All(), store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if err := a.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is a dead letter", func() bool { return len(letters()) == 1 })
	if err := a.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dir + "/spool/*/*"); len(left) != 0 {
		t.Error("left in the spool:", left)
	}
	if _, err := db.ExecContext(t.Context(), `DROP TRIGGER refuse`); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Replay(t.Context(), store.All(), letters()[0].ID); err != nil || out != store.Stored {
		t.Error(out, err)
	}
}

// TestOddRequests: paths, headers and methods that somebody made up.
func TestOddRequests(t *testing.T) {
	s := start(t, nil)
	addr := strings.TrimPrefix(s.url, "https://")
	for _, x := range []struct {
		request string
		want    string
	}{
		{"GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n", " 3| 4"}, {"GET /api/v1/files/..%2f..%2fx HTTP/1.1\r\nHost: h\r\n", " 4"}, {"PUT /api/v1/files/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n", " 401"},
		{"POST /api/v1/cases HTTP/1.1\r\nHost: h\r\nX-Client-Cert: server-1\r\nX-Forwarded-For: 127.0.0.1\r\nContent-Length: 0\r\n", " 401"}, {"POST /api/v1/contact HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", " 4"},
		{"GET /healthz HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n", " 431"}, {"GET /healthz HTTP/1.1\r\nHost: h\r\nHost: i\r\n", " 400"}, {"GET /healthz HTTP/1.1\r\nBad Header: x\r\nHost: h\r\n", " 400"},
		{"BREW /healthz HTTP/1.1\r\nHost: h\r\n", " 405"}, {"POST /api/v1/enroll HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n[[[[", " 400"}, {"GET /metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n", " 200"},
		{"GET /api/openapi.json HTTP/1.1\r\nHost: h\r\n", " 200"}, {"GET /nothing HTTP/1.1\r\nHost: h\r\n", " 404"},
	} {
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(3 * time.Second))
		fmt.Fprintf(conn, "%sConnection: close\r\n\r\n", strings.TrimSuffix(x.request, "\r\n\r\n[[[[")+map[bool]string{true: "\r\n"}[strings.Contains(x.request, "[[[[")])
		if strings.Contains(x.request, "[[[[") {
			io.WriteString(conn, "[[[[")
		}
		reply, _ := io.ReadAll(io.LimitReader(conn, 1<<20))
		conn.Close()
		status, head, _ := strings.Cut(string(reply), "\r\n")
		ok := false
		for w := range strings.SplitSeq(x.want, "|") {
			ok = ok || strings.HasPrefix(status, "HTTP/1.1"+w)
		}
		if !ok || strings.Contains(head, "root:") {
			t.Errorf("%.60q: %q", x.request, status)
		}
	}
}

// TestQueueAway: that the queue is away says nothing of the store.
func TestQueueAway(t *testing.T) {
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 9 << 20, JetStreamMaxStore: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	go broker.Start()
	defer broker.Shutdown()
	if !broker.ReadyForConnections(10 * time.Second) {
		t.Fatal("no broker")
	}
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := hub.Open(t.Context(), hub.Config{Dir: t.TempDir(), Store: st, NATS: broker.ClientURL(), Replicas: 1, QueueBytes: 1 << 30}); err == nil || !strings.Contains(err.Error(), "--queue-bytes") {
		t.Error("a queue that has no room:", err)
	}
	s := start(t, func(c *hub.Config) { c.NATS, c.Replicas, c.QueueBytes = broker.ClientURL(), 1, 1<<20 })
	broker.Shutdown()
	for path, want := range map[string]string{"/healthz": `{"queue":"unreachable","status":"failing","store":"ok"}`, "/metrics": "\nlimier_store_up 1\n"} {
		r := httptest.NewRequest(http.MethodGet, "https://hub"+path, nil)
		r.RemoteAddr = "127.0.0.1:40000"
		w := httptest.NewRecorder()
		if s.Handler().ServeHTTP(w, r); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

// TestQueueRefuses: a cluster that refuses the hub again and again, as one that
// learns of new credentials late, is tried until it does not, or the hub ends.
func TestQueueRefuses(t *testing.T) {
	o := &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 9 << 20, Username: "hub", Password: "old"}
	broker, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	go broker.Start()
	defer broker.Shutdown()
	if !broker.ReadyForConnections(10 * time.Second) {
		t.Fatal("no broker")
	}
	connected := func() uint64 {
		t.Helper()
		v, err := broker.Varz(nil)
		if err != nil {
			t.Fatal(err)
		}
		return v.TotalConnections
	}
	url := strings.Replace(broker.ClientURL(), "nats://", "nats://hub:old@", 1)
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	s := start(t, func(c *hub.Config) {
		c.NATS, c.Replicas, c.QueueBytes, c.Log = url, 1, 1<<20, slog.New(slog.NewTextHandler(said, nil))
	})
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "keys"), os.DirFS(filepath.Join(s.dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	other, err := hub.Open(t.Context(), hub.Config{Dir: dir, Store: s.store, NATS: url, Replicas: 1, QueueBytes: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	o.Port = broker.Addr().(*net.TCPAddr).Port
	for _, password := range []string{"new", "old"} {
		now := *o
		now.Password = password
		before := connected()
		if err := broker.ReloadOptions(&now); err != nil {
			t.Fatal(err)
		}
		if password == "new" {
			eventually(t, "both hubs were refused again and again", func() bool { return connected() >= before+10 })
			other.Close() // it ends, or this test does not
		}
	}
	accepted := ""
	eventually(t, "a case is accepted", func() bool {
		accepted, err = submit(t.Context(), t, c, storetest.Case(1, true))
		return err == nil
	})
	settled(t, s.store, map[int64]map[string]bool{1: {accepted: true}})
	if got, err := os.ReadFile(said.Name()); err != nil || !bytes.Contains(got, []byte("authorization violation")) || !bytes.Contains(got, []byte("NATS is back")) {
		t.Errorf("the hub said: %s, %v", got, err)
	}
}

// TestBehindProxy: everybody comes from the proxy's address, which opens nothing.
func TestBehindProxy(t *testing.T) {
	s := start(t, nil)
	token, err := os.ReadFile(filepath.Join(s.dir, "keys", "metrics.token"))
	if err != nil {
		t.Fatal(err)
	}
	for bearer, want := range map[string]int{"": http.StatusForbidden, strings.TrimSpace(string(token)): http.StatusOK} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = "127.0.0.1:40000"
		r.Header.Set("Authorization", "Bearer "+bearer)
		w := httptest.NewRecorder()
		if s.Handler().ServeHTTP(w, r); w.Code != want {
			t.Errorf("metrics with the token %q: %d", bearer, w.Code)
		}
	}
}

// TestSameFolder: two hubs would write the same queue.
func TestSameFolder(t *testing.T) {
	s := start(t, nil)
	if h, err := hub.Open(t.Context(), hub.Config{Dir: s.dir, Store: s.store}); err == nil || !strings.Contains(err.Error(), "another hub") {
		if err == nil {
			h.Close()
		}
		t.Error("a second hub in the same folder:", err)
	}
}

// TestOtherKeys: a hub whose keys are not those that the database's servers know
// does not start, and makes none.
func TestOtherKeys(t *testing.T) {
	s := start(t, nil)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	open := func() error {
		h, err := hub.Open(t.Context(), hub.Config{Dir: dir, Store: s.store, Now: s.clock.Now})
		if err == nil {
			h.Close()
		}
		return err
	}
	refused := func(what string) {
		t.Helper()
		if err := open(); err == nil || !strings.Contains(err.Error(), "not in "+keys+": copy there, whole") {
			t.Errorf("%s: %v", what, err)
		}
	}
	copied := func(names ...string) {
		t.Helper()
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(s.dir, "keys", name))
			if err := errors.Join(err, os.WriteFile(filepath.Join(keys, name), text, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused("no keys")
	if _, err := os.Stat(keys); err == nil {
		t.Error("keys were made")
	}
	if _, err := hub.OpenKeys(keys, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	refused("keys of its own")
	copied("authority.key", "authority.pem")
	refused("a key of its own for receipts")
	copied("receipt.key")
	if err := open(); err != nil {
		t.Error("the same keys:", err)
	}
	// On purpose, and as a database of before: the first start notes them.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM meta WHERE key = 'keys'`); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := open(); err != nil {
		t.Error("new keys, on purpose:", err)
	}
	dir = s.dir
	if _, err := hub.KeysOf(t.Context(), s.store, filepath.Join(dir, "keys"), s.clock.Now()); err == nil {
		t.Error("the keys before were taken")
	}
}

// TestSlowClients: hundreds of connections that say nothing, or little, keep
// nobody out, and are ended.
func TestSlowClients(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the time-outs")
	}
	s := start(t, nil)
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	addr := strings.TrimPrefix(s.url, "https://")
	const many = 300
	ended := make(chan time.Duration, many)
	var wg sync.WaitGroup
	begin := time.Now()
	for n := range many {
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n%2 == 0 {
			io.WriteString(conn, "POST /api/v1/cases HTTP/1.1\r\nHost:")
		}
		wg.Go(func() {
			io.Copy(io.Discard, conn)
			ended <- time.Since(begin)
		})
	}
	asked := time.Now()
	if _, err := submit(t.Context(), t, c, storetest.Case(1, true)); err != nil {
		t.Fatal(err)
	}
	t.Logf("a case was accepted in %v beside %d slow clients", time.Since(asked).Round(time.Millisecond), many)
	wg.Wait()
	close(ended)
	last := time.Duration(0)
	for d := range ended {
		last = max(last, d)
	}
	if last > 60*time.Second {
		t.Error("the last slow client was ended after", last)
	}
}

// TestDatabaseAway: PostgreSQL crashes under load and comes back.
func TestDatabaseAway(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	cluster, err := storetest.StartPostgres(t.Context())
	if errors.Is(err, storetest.ErrNoPostgres) || os.IsPermission(err) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	dsn, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := start(t, func(c *hub.Config) { c.Store = st })
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	want := map[int64]map[string]bool{1: {}}
	for n := range 40 {
		if n == 10 {
			if err := cluster.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sum, err := submit(t.Context(), t, c, storetest.Case(n, true)) // its key is known for half a minute: the queue takes it
		if err != nil {
			t.Fatalf("case %d: %v", n, err)
		}
		want[1][sum] = true
	}
	if err := st.Ping(t.Context()); err == nil {
		t.Fatal("the database is not away")
	}
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}).Get(s.url + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	text, _ := io.ReadAll(resp.Body)
	if !strings.Contains(string(text), "degraded") {
		t.Errorf("health: %s", text)
	}
	if err := cluster.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	settled(t, st, want)
}

// TestBackup: a backup of a hub that runs, restored, is the same hub.
func TestBackup(t *testing.T) {
	var dir string
	s := start(t, func(c *hub.Config) { dir = c.Dir })
	_, c, home := s.collector(t, "org-a", "ex01", nil)
	if _, err := submit(t.Context(), t, c, storetest.Case(1, true)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is stored", func() bool { return s.server(t, 1).Cases == 1 })
	var b bytes.Buffer
	if err := hub.Backup(t.Context(), dir, s.store, sqlite.BackupHub, &b); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".backup-*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if err := hub.Restore(restored, bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := hub.Restore(restored, bytes.NewReader(b.Bytes())); err == nil {
		t.Error("a backup was restored over a hub")
	}
	cut := filepath.Join(t.TempDir(), "cut")
	if err := hub.Restore(cut, bytes.NewReader(b.Bytes()[:b.Len()*9/10])); err == nil {
		t.Error("a backup that is cut off was restored")
	}
	if left, err := os.ReadDir(cut); err != nil || len(left) > 0 {
		t.Error("left of a backup that is cut off:", left, err)
	}
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(restored, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	again := start(t, func(c *hub.Config) { c.Dir, c.Store = restored, st })
	if v := again.server(t, 1); v.Cases != 1 || v.Name != "ex01" {
		t.Errorf("%+v", v)
	}
	own, err := agent.OpenClient(home, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := submit(t.Context(), t, own.Against(again.url), storetest.Case(2, true)); err != nil {
		t.Error("the collector does not know the restored hub:", err)
	}
	for name, entries := range map[string][]string{"outside": {"../x"}, "absolute": {"/tmp/x"}, "elsewhere": {"queue/x"}, "deep": {"keys/a/b"}, "dots": {"keys/.."}, "twice": {"keys/a", "keys/a"}} {
		var hostile bytes.Buffer
		enc, err := zstd.NewWriter(&hostile)
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(enc)
		for _, e := range entries {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e, Size: 1, Mode: 0o777}); err != nil {
				t.Fatal(err)
			}
			w.Write([]byte("x"))
		}
		w.Close()
		enc.Close()
		if err := hub.Restore(filepath.Join(t.TempDir(), "x"), &hostile); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	if err := hub.Restore(filepath.Join(t.TempDir(), "x"), strings.NewReader("hello")); err == nil {
		t.Error("what is no backup was restored")
	}
}
