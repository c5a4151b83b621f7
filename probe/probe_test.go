package probe

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// login is the part of the page that names the build: Exchange 2019 CU8.
const login = `<!DOCTYPE HTML><html><head><link rel="shortcut icon" href="/owa/auth/15.2.792/themes/resources/favicon.ico" type="image/x-icon">
<link rel="stylesheet" href="/owa/auth/15.2.792/themes/resources/logon.css"></head><body class="signInBg"><form action="/owa/auth.owa" method="POST"></form></body></html>`

func prober(t testing.TB, c Config) *Prober {
	t.Helper()
	if c.Contact == "" {
		c.Contact = "cert@example.org"
	}
	if c.Rate == 0 {
		c.Rate = 1000
	}
	c.Version, c.Now = "test", func() time.Time { return time.Date(2021, 3, 9, 0, 0, 0, 0, time.UTC) }
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func target(t testing.TB, address string) Target {
	t.Helper()
	x, err := ParseTarget(address)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// seen records what a server was asked.
type seen struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (s *seen) serve(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		h(w, r)
	})
}

func TestOnePoliteRequest(t *testing.T) {
	var log seen
	s := httptest.NewTLSServer(log.serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, login) }))
	defer s.Close()
	r := prober(t, Config{}).One(t.Context(), target(t, s.URL))
	if r.Status != Exchange || r.Build != "15.2.792" || r.Where != "/owa/auth/15.2.792/" || r.HTTP != 200 {
		t.Fatalf("%+v", r)
	}
	if r.Exposure == nil || r.Exposure.Product != "Exchange Server 2019" || !strings.Contains(r.Exposure.Name, "CU8") {
		t.Errorf("%+v", r.Exposure)
	}
	if !strings.Contains(strings.Join(r.Exposure.Notes, "\n"), "security update") {
		t.Errorf("nothing says that the page does not tell security updates: %q", r.Exposure.Notes)
	}
	if c := r.Certificate; c == nil || len(c.SHA256) != 64 || !slices.Contains(c.Names, "example.com") || c.NotAfter.IsZero() {
		t.Errorf("%+v", c)
	}
	if len(log.requests) != 1 {
		t.Fatalf("%d requests", len(log.requests))
	}
	q := log.requests[0]
	if q.Method != "GET" || q.URL.String() != Path || q.Header.Get("User-Agent") != "limier-probe/test (+cert@example.org; one request, reads the Exchange build)" {
		t.Errorf("%s %s %v", q.Method, q.URL, q.Header)
	}
	for _, name := range []string{"Cookie", "Authorization", "Accept-Encoding", "Referer"} {
		if q.Header.Get(name) != "" {
			t.Errorf("%s is sent: %s", name, q.Header.Get(name))
		}
	}
}

func TestWhatAnswersTell(t *testing.T) {
	for name, c := range map[string]struct {
		header, body string
		status       Status
		build        string
		note         string // in the exposure
	}{
		"header":            {"15.1.2507.6", "", Exchange, "15.1.2507.6", ""},
		"header over page":  {"15.2.792.10", login, Exchange, "15.2.792.10", ""},
		"they differ":       {"15.1.2507.6", login, Exchange, "15.1.2507.6", "15.2.792 too"},
		"lie in the header": {"15.2.792.10; rm -rf /", login, Exchange, "15.2.792", ""},
		"not Exchange":      {"16.0.1.2", "hello", Other, "", ""},
		"OWA without build": {"", `<form action="/owa/auth.owa">`, NoBuild, "", ""},
		"old path":          {"", `src="/owa/14.3.123.3/themes/resources/x.gif"`, Exchange, "14.3.123.3", ""},
		"huge numbers":      {"", `/owa/auth/15.2.99999999999999999999/themes/`, Other, "", ""},
		"nothing":           {"", "", Other, "", ""},
		"binary":            {"", strings.Repeat("\x00\xff\x1f\x8b", 1000), Other, "", ""},
		"in the end":        {"", strings.Repeat("x", 100_000) + login, Exchange, "15.2.792", ""},
		"beyond the limit":  {"", strings.Repeat("x", maxBody) + login, Other, "", ""},
		"many builds":       {"", strings.Repeat(`/owa/auth/15.2.858/themes/ `, 5000), Exchange, "15.2.858", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.header != "" {
					w.Header().Set("X-OWA-Version", c.header)
				}
				io.WriteString(w, c.body)
			}))
			defer s.Close()
			r := prober(t, Config{}).One(t.Context(), target(t, s.URL))
			if r.Status != c.status || r.Build != c.build {
				t.Errorf("got %s %q, want %s %q: %s", r.Status, r.Build, c.status, c.build, r.Reason)
			}
			if c.note != "" && !strings.Contains(strings.Join(r.Exposure.Notes, "\n"), c.note) {
				t.Errorf("no note %q in %q", c.note, r.Exposure.Notes)
			}
		})
	}
}

// TestShapes: what servers of each version, and what stands before them, answer
// to the one request.
func TestShapes(t *testing.T) {
	packed := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, s)
		z.Close()
		return b.String()
	}
	page := func(build string) string { return strings.ReplaceAll(login, "15.2.792", build) }
	bomb := packed(strings.Repeat("\x00", 64<<20) + login)
	for name, c := range map[string]struct {
		code   int
		header []string
		body   string
		status Status
		build  string
		where  string
	}{
		"2013":                    {200, nil, page("15.0.1497"), Exchange, "15.0.1497", "/owa/auth/15.0.1497/"},
		"2016, its script":        {200, nil, `<script src="/owa/auth/15.1.2507/scripts/premium/flogon.js"></script>`, Exchange, "15.1.2507", "/owa/auth/15.1.2507/"},
		"2019, header":            {200, []string{"X-OWA-Version", "15.2.1118.40", "X-FEServer", "EX01"}, page("15.2.1118"), Exchange, "15.2.1118.40", "X-OWA-Version"},
		"SE":                      {200, nil, page("15.2.2562"), Exchange, "15.2.2562", "/owa/auth/15.2.2562/"},
		"other case":              {200, nil, strings.ToUpper(page("15.1.2507")), Exchange, "15.1.2507", "/owa/auth/15.1.2507/"},
		"control panel":           {200, nil, `<link href="/ecp/15.1.2507.6/themes/default/main.css">`, Exchange, "15.1.2507.6", ""},
		"redirect with header":    {302, []string{"Location", "https://mail.example.org/owa/auth/logon.aspx?url=x", "X-OWA-Version", "15.1.2507.6"}, "", Exchange, "15.1.2507.6", "X-OWA-Version"},
		"redirect to itself":      {302, []string{"Location", "/owa/auth/logon.aspx"}, "", Other, "", ""},
		"440":                     {440, []string{"X-OWA-Version", "15.2.792.10"}, "Login Timeout", Exchange, "15.2.792.10", "X-OWA-Version"},
		"refused by the front":    {403, []string{"X-FEServer", "EX01"}, "Forbidden", NoBuild, "", ""},
		"balancer without server": {503, nil, "<h1>No server is available</h1>", Other, "", ""},
		"packed":                  {200, []string{"Content-Encoding", "gzip"}, packed(page("15.2.792")), Exchange, "15.2.792", ""},
		"packed, it says":         {200, []string{"Content-Encoding", "gzip"}, page("15.2.792"), Other, "", ""},
		"packed, header":          {200, []string{"Content-Encoding", "gzip", "X-OWA-Version", "15.2.792.10"}, "x", Exchange, "15.2.792.10", ""},
		"packed and cut":          {200, []string{"Content-Encoding", "gzip"}, packed(page("15.2.792") + strings.Repeat("0123456789", 10))[:20], Unreachable, "", ""},
		"bomb":                    {200, []string{"Content-Encoding", "gzip"}, bomb, Other, "", ""},
		"wrong type":              {200, []string{"Content-Type", "image/png"}, page("15.2.792"), Exchange, "15.2.792", ""},
		"unknown packing":         {200, []string{"Content-Encoding", "br"}, "\x8b\x01\x80", Other, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Accept-Encoding"); got != "" {
					t.Errorf("it asked for %q", got)
				}
				for i := 0; i < len(c.header); i += 2 {
					w.Header().Set(c.header[i], c.header[i+1])
				}
				w.WriteHeader(c.code)
				io.WriteString(w, c.body)
			}))
			defer s.Close()
			r := prober(t, Config{}).One(t.Context(), target(t, s.URL))
			if r.Status != c.status || r.Build != c.build || r.HTTP != c.code || c.where != "" && r.Where != c.where {
				t.Errorf("got %s %q by %q, want %s %q by %q: %s", r.Status, r.Build, r.Where, c.status, c.build, c.where, r.Reason)
			}
		})
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var other seen
	elsewhere := httptest.NewServer(other.serve(func(http.ResponseWriter, *http.Request) {}))
	defer elsewhere.Close()
	var log seen
	s := httptest.NewServer(log.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-OWA-Version", "15.1.2507.6")
		http.Redirect(w, r, elsewhere.URL+"/owa/", http.StatusFound)
	}))
	defer s.Close()
	r := prober(t, Config{}).One(t.Context(), target(t, s.URL))
	if r.Status != Exchange || r.Redirect != elsewhere.URL+"/owa/" || len(other.requests) != 0 || len(log.requests) != 1 {
		t.Errorf("%+v; %d and %d requests", r, len(log.requests), len(other.requests))
	}
}

// raw serves bytes that are no good HTTP.
func raw(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.ReadAtLeast(c, make([]byte, 4096), 16)
				talk(c)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestHostileServers(t *testing.T) {
	forever := func(c net.Conn, chunk string) {
		for {
			if _, err := io.WriteString(c, chunk); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		talk   func(net.Conn)
		status Status
	}{
		"silence":  {func(c net.Conn) { io.Copy(io.Discard, c) }, Unreachable},
		"hangs up": {func(net.Conn) {}, Unreachable},
		"no HTTP":  {func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n") }, Unreachable},
		"endless header": {func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, "X-A: "+strings.Repeat("a", 1000)+"\r\n")
		}, Unreachable},
		"endless body":  {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); forever(c, strings.Repeat("a", 1000)) }, Other},
		"endless build": {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); forever(c, login) }, Exchange},
		"endless chunks": {func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			forever(c, "400\r\n"+strings.Repeat("a", 1024)+"\r\n")
		}, Other},
		"drips": {func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<html>")
			io.Copy(io.Discard, c)
		}, Unreachable},
		"cut short":       {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+login) }, Exchange},
		"100 without end": {func(c net.Conn) { forever(c, "HTTP/1.1 100 Continue\r\n\r\n") }, Unreachable},
		"packed": {func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")
		}, Other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := prober(t, Config{Timeout: time.Second}).One(t.Context(), target(t, raw(t, c.talk)))
			if r.Status != c.status {
				t.Errorf("got %s (%s), want %s", r.Status, r.Reason, c.status)
			}
		})
	}
}

func TestExcludedAreNotAsked(t *testing.T) {
	var log seen
	s := httptest.NewServer(log.serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, login) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	x, err := ReadExclusion(strings.NewReader("# never\n127.0.0.0/8\n*.hospital.example\nmail.example.org # asked us\n2001:db8::/32\n::ffff:192.0.2.0/120\n"))
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "rebound.example": // one good address, and one that is excluded
			return []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("127.0.0.1")}, nil
		case "mapped.example":
			return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1")}, nil
		}
		return nil, errors.New("no such name")
	}
	p := prober(t, Config{Exclude: x, Lookup: lookup})
	for _, host := range []string{s.URL, "http://rebound.example:" + port, "http://mapped.example:" + port, "http://mail.example.org", "http://MAIL.example.org.:" + port, "a.b.hospital.example", "hospital.example", "[2001:db8::1]", "192.0.2.7", "64:ff9b::c000:207"} {
		if r := p.One(t.Context(), target(t, host)); r.Status != Excluded {
			t.Errorf("%s: %s %s", host, r.Status, r.Reason)
		}
	}
	if r := p.One(t.Context(), target(t, "hospital.example.org")); r.Status != Unreachable {
		t.Errorf("another name is excluded too: %s", r.Reason)
	}
	if len(log.requests) > 0 {
		t.Errorf("%d were asked", len(log.requests))
	}
	for _, line := range []string{"10.0.0.0/33", "10.0.0.0/", "a b", "*", "https://x.example/path", "10.0.0.300", "x..y"} {
		if _, err := ReadExclusion(strings.NewReader(line)); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

func TestTargets(t *testing.T) {
	for s, want := range map[string]string{
		"mail.example.org": "https mail.example.org:443", "Mail.Example.ORG.:8443": "https mail.example.org:8443", "https://x.example/": "https x.example:443",
		"http://127.0.0.1:80": "http 127.0.0.1:80", "2001:db8::1": "https [2001:db8::1]:443", "[2001:DB8::1]:444": "https [2001:db8::1]:444", "::ffff:192.0.2.1": "https 192.0.2.1:443",
	} {
		x, err := ParseTarget(s)
		if got := x.Scheme + " " + x.Key(); err != nil || got != want {
			t.Errorf("%s: got %s, want %s, %v", s, got, want, err)
		}
	}
	for _, s := range []string{"", " ", "ftp://x", "https://", "x/owa", "https://user@x", "x:0", "x:99999", "x?y", "x#y", "a b", "127.1", "2130706433", "0x7f.1", "x.0x7f", "[fe80::1%25eth0]", "mäil.example", "x\r\ny", "-f /etc/passwd", "[::1", "a..b", strings.Repeat("a", 300), "https://x.example/owa/auth"} {
		if x, err := ParseTarget(s); err == nil {
			t.Errorf("%q becomes %v", s, x)
		}
	}
}

func TestRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := prober(t, Config{Rate: 2})
		start := time.Now()
		var wg sync.WaitGroup
		for range 11 {
			wg.Go(func() { p.wait(t.Context()) })
		}
		wg.Wait()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("11 requests at 2 a second take %v", took)
		}
	})
}

func TestInterruptedAndTakenUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, login) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	var targets []Target
	for i := range 20 {
		targets = append(targets, target(t, "http://127.0.0."+string(rune('1'+i%9))+":"+port))
		targets[i].Host = netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}).String()
	}
	lookup := func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
	name := filepath.Join(t.TempDir(), "state.jsonl")
	st, err := OpenState(name)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	n := 0
	err = prober(t, Config{Lookup: lookup, Workers: 3}).Run(t.Context(), targets, func(i int, r Result) error {
		if n++; n > 5 {
			return enough
		}
		return st.Add(r)
	})
	if !errors.Is(err, enough) || len(st.Done) != 5 {
		t.Fatal(err, len(st.Done))
	}
	st.Close()
	f, _ := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"target":"127.0.0.9:80","stat`) // a crash in mid-line
	f.Close()
	if st, err = OpenState(name); err != nil || len(st.Done) != 5 {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	left := slices.DeleteFunc(slices.Clone(targets), func(x Target) bool { return st.Done[x.Key()] != "" })
	if err := prober(t, Config{Lookup: lookup}).Run(t.Context(), left, func(i int, r Result) error {
		asked[r.Target] = true
		return st.Add(r)
	}); err != nil {
		t.Fatal(err)
	}
	st.Close()
	if st, err = OpenState(name); err != nil || len(st.Done) != 20 || len(asked) != 15 {
		t.Errorf("%v: %d done, %d asked in the second run", err, len(st.Done), len(asked))
	}
	st.Close()
	for _, text := range []string{"no state\n", "{}\n", strings.Repeat("x", 2<<20)} {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenState(bad); err == nil {
			t.Errorf("%.20q is taken for a state file", text)
		}
		if b, _ := os.ReadFile(bad); !bytes.Equal(b, []byte(text)) {
			t.Errorf("%.20q was changed", text)
		}
	}
}

func TestWhoAsksIsNamed(t *testing.T) {
	for _, c := range []Config{{}, {Contact: " "}, {Contact: "a\r\nX: y"}, {Contact: "a", Rate: -1}, {Contact: "a", Rate: 1e9}, {Contact: "a", Workers: 10_000}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("15.2.792.10", []byte(login))
	f.Add("", []byte(`/owa/auth/15.1.2507/themes /owa/auth/14.3.123.3/scripts`))
	f.Add("15.2", []byte("\x00\xff/owa/auth/99.99.99999.99999/prem"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		r := Read(http.Header{"X-Owa-Version": {header}}, body)
		if again := Read(http.Header{"X-Owa-Version": {header}}, body); !cmp.Equal(r, again) {
			t.Fatal("not the same twice")
		}
		if r.Build == "" {
			return
		}
		if assess(r, Target{Host: "x", Port: 443}) == nil {
			t.Fatalf("%q is taken for a build and has no exposure", r.Build)
		}
	})
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"mail.example.org", "[::1]:8443", "https://x/", "::ffff:1.2.3.4", "x:y", "[fe80::1%25eth0]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := ParseTarget(s)
		if err != nil {
			return
		}
		if y, err := ParseTarget(x.Scheme + "://" + x.Key()); err != nil || x != y {
			t.Fatalf("%q is %v, then %v, %v", s, x, y, err)
		}
		if strings.ContainsAny(x.URL(), " \r\n\"<>") {
			t.Fatalf("%q", x.URL())
		}
	})
}
