package baseline_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"limier/baseline"
)

func sum(t testing.TB, s string) (out [32]byte) {
	t.Helper()
	if n, err := hex.Decode(out[:], []byte(s)); n != 32 || err != nil {
		t.Fatalf("%q is no SHA-256: %v", s, err)
	}
	return out
}

const (
	timeoutLogout = "a816d124957c75f3f491f8a2a2e7bb9bfa1be9fa72b6d06c0dfb7a0e7128aab1" // of 15.1.225.42 and later
)

// tamper is the hash of no file of Microsoft's.
var tamper = sha256.Sum256([]byte("tampered"))

func TestJudgeByPath(t *testing.T) {
	for _, test := range []struct {
		path string
		want baseline.Verdict
		rel  string
	}{
		// Names from published lists of shells that are Microsoft's own (CSS-Exchange#150).
		{`C:\Program Files\Microsoft\Exchange Server\V15\ClientAccess\owa\auth\error.aspx`, baseline.Changed, "clientaccess/owa/auth/error.aspx"},
		{`uploads/auto/C%3A/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/ecp/auth/TimeoutLogout.aspx`, baseline.Changed, "frontend/httpproxy/ecp/auth/timeoutlogout.aspx"},
		{`FrontEnd/HttpProxy/owa/auth/OutlookCN.aspx`, baseline.Changed, "frontend/httpproxy/owa/auth/outlookcn.aspx"},
		{`d/exchange/FRONTEND/HTTPPROXY/OWA/AUTH/RedirSuiteServiceProxy.aspx`, baseline.Changed, "frontend/httpproxy/owa/auth/redirsuiteserviceproxy.aspx"},
		// A HAFNIUM-era shell beside it in the lists.
		{`C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/RedirSuiteServerProxy.aspx`, baseline.Unlisted, "frontend/httpproxy/owa/auth/redirsuiteserverproxy.aspx"},
		{`FrontEnd/HttpProxy/owa/auth/OutlookEN.aspx`, baseline.Unlisted, "frontend/httpproxy/owa/auth/outlooken.aspx"},
		{`FrontEnd/HttpProxy/owa/auth/error.aspx`, baseline.Unlisted, "frontend/httpproxy/owa/auth/error.aspx"}, // right name, wrong folder
		{`V15/FrontEnd/HttpProxy/owa/auth/15.1.2375/themes/resources/x.aspx`, baseline.Unlisted, "frontend/httpproxy/owa/auth/version/themes/resources/x.aspx"},
		{`V15/FrontEnd/HttpProxy/owa/auth/Current/x.ashx`, baseline.Unlisted, "frontend/httpproxy/owa/auth/version/x.ashx"},
		{`V15\ClientAccess\OAB\web.config`, baseline.Changed, "clientaccess/oab/web.config"},
		{`V15\FrontEnd\HttpProxy\bin\owaauth.dll`, baseline.Changed, "frontend/httpproxy/bin/owaauth.dll"},
		{`V15\FrontEnd\HttpProxy\bin\evil.dll`, baseline.Unlisted, "frontend/httpproxy/bin/evil.dll"},
		{`V15\FrontEnd\HttpProxy\owa\auth\15.1.2375\themes\resources\logon.css`, baseline.Outside, "frontend/httpproxy/owa/auth/version/themes/resources/logon.css"},
		{`C:\inetpub\wwwroot\aspnet_client\x.aspx`, baseline.Unlisted, "aspnet_client/x.aspx"},
		{`C%3A/inetpub/wwwroot/aspnet_client/system_web/4_0_30319/WebUIValidation.js`, baseline.Outside, "aspnet_client/system_web/4_0_30319/webuivalidation.js"},
		{`C:\inetpub\wwwroot\default.aspx`, baseline.Outside, ""},
		{`C:\Program Files\Microsoft\Exchange Server\V14\ClientAccess\owa\auth\logon.aspx`, baseline.Outside, ""},
		{`C:\myclientaccess\owa\x.aspx`, baseline.Outside, ""},
		{`C:\myclientaccess\ClientAccess\owa\x.aspx`, baseline.Unlisted, "clientaccess/owa/x.aspx"},
		{``, baseline.Outside, ""},
		{`%`, baseline.Outside, ""},
		{`frontend/httpproxy/`, baseline.Outside, "frontend/httpproxy/"},
	} {
		got := baseline.Judge(test.path, tamper)
		if got.Verdict != test.want || got.Path != test.rel {
			t.Errorf("Judge(%q) = %s %q, want %s %q", test.path, got.Verdict, got.Path, test.want, test.rel)
		}
	}
}

func TestJudgeByContent(t *testing.T) {
	shipped := sum(t, timeoutLogout)
	a := baseline.Judge(`V15\FrontEnd\HttpProxy\ecp\auth\TimeoutLogout.aspx`, shipped)
	if a.Verdict != baseline.Shipped || !a.Script || len(a.Builds) == 0 || a.Builds[0] != "15.1.225.42" || a.Has != 122 {
		t.Errorf("got %+v, want a shipped script of 15.1.225.42 and later, at a path of 122 builds", a)
	}
	// The same content elsewhere is still Microsoft's, but of no build there.
	a = baseline.Judge(`C:\inetpub\wwwroot\copy.aspx`, shipped)
	if a.Verdict != baseline.Shipped || a.Builds != nil {
		t.Errorf("got %+v, want shipped without builds", a)
	}
	shipped[10] ^= 1 // the last byte that the table keeps
	if baseline.Known(shipped) {
		t.Error("a hash that differs in its 11th byte is known")
	}
}

func TestScript(t *testing.T) {
	for path, want := range map[string]bool{
		"x.aspx": true, "X.ASPX": true, "a.aspx/b": false, "x.aspx.txt": false, "x": false, "": false,
		".asp": true, "x.": false, `a.b\asp`: false, "x.config": false, "x.a": false, "x. ": false,
	} {
		if got := baseline.Script(path); got != want {
			t.Errorf("Script(%q) = %v, want %v", path, got, want)
		}
	}
}

// TestWholeTable looks up every pair that the table was made of.
func TestWholeTable(t *testing.T) {
	pairs, scripts := 0, 0
	published(t, func(path string, s [32]byte) {
		pairs++
		if !baseline.Known(s) {
			t.Fatalf("%s %x is not known", path, s)
		}
		if !strings.HasPrefix(strings.ToLower(path), "frontend") && !strings.HasPrefix(strings.ToLower(path), "clientaccess") {
			path = `ClientAccess\` + path
		}
		a := baseline.Judge(`C:\Exchange\V15\`+path, s)
		if a.Script {
			scripts++
			if a.Verdict != baseline.Shipped || len(a.Builds) == 0 || a.Has < len(a.Builds) {
				t.Fatalf("%s %x: got %+v", path, s, a)
			}
			s[31]++ // beyond what is kept of any hash: still the same file
			s[12]++ // a script's content is kept in 16 bytes
			if a := baseline.Judge(path, s); len(a.Builds) != 0 {
				t.Fatalf("%s: other content has builds %v", path, a.Builds)
			}
		}
	})
	if pairs != 206560 || scripts < 3000 {
		t.Errorf("%d pairs, %d of them scripts", pairs, scripts)
	}
}

// TestStrangers makes sure that nothing else is known: of a million hashes, none.
func TestStrangers(t *testing.T) {
	s := tamper
	for range 1 << 20 {
		if s = sha256.Sum256(s[:]); baseline.Known(s) {
			t.Fatalf("%x is known", s)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(`uploads/auto/C%3A/V15/FrontEnd/HttpProxy/owa/auth/15.1.2375/x.aspx`)
	f.Add(`clientaccess/clientaccess//./current/%2e%`)
	f.Fuzz(func(t *testing.T, path string) {
		a := baseline.Judge(path, tamper)
		if a.Verdict == baseline.Shipped || a.Path == "" && a.Verdict != baseline.Outside {
			t.Errorf("%q: %+v", path, a)
		}
		// A path in the table's spelling stays as it is.
		if rel, _ := baseline.Rel(a.Path); a.Path != "" && !strings.Contains(a.Path, "%") && !strings.HasPrefix(a.Path, "aspnet_client/") && rel != a.Path {
			t.Errorf("Rel(%q) = %q", a.Path, rel)
		}
	})
}

func BenchmarkKnown(b *testing.B) {
	s := tamper
	for b.Loop() {
		s[0], s[1] = s[0]+37, s[1]+11
		baseline.Known(s)
	}
}

func BenchmarkJudge(b *testing.B) {
	for b.Loop() {
		baseline.Judge(`C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/logon.aspx`, tamper)
	}
}

// published calls visit with every file of the list that the table is made
// from. The test is skipped where that is not at hand.
func published(t *testing.T, visit func(path string, sum [32]byte)) {
	t.Helper()
	name := filepath.Join(shared(t), "data/builds/exchange-known-good-hashes.tsv.xz")
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("no xz to unpack the list with")
	}
	cmd := exec.Command("xz", "-dc", name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if f := strings.Split(lines.Text(), "\t"); len(f) == 3 && f[0][0] != '#' {
			visit(f[1], sum(t, f[0]))
		}
	}
	if err := cmd.Wait(); err != nil || lines.Err() != nil {
		t.Fatal(err, lines.Err())
	}
}

// shared returns the folder of real evidence beside the repository.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	return dir
}
