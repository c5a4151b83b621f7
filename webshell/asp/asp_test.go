package asp

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/webshell"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata")

// page returns the page of an archive. Its text is stored as base64, so that
// antivirus leaves the checkout alone.
func page(t testing.TB, name string) (string, []byte, *txtar.Archive) {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(a.Files[0].Data), "\n", ""))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return a.Files[0].Name, data, a
}

// tell writes reasons as the archives have them.
func tell(reasons []webshell.Reason) string {
	var b strings.Builder
	for _, r := range reasons {
		fmt.Fprintf(&b, "%s %s %s", r.Verdict, r.Confidence, r.Rule)
		for _, s := range r.Steps {
			fmt.Fprintf(&b, " %s:%d", s.Role, s.Line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestAnalyse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d archives: %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			name, data, a := page(t, f)
			reasons := Analyse(name, data)
			got := tell(reasons)
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(f, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(got, string(a.Files[1].Data)); diff != "" {
				t.Errorf("got (-) want (+):\n%s", diff)
			}
			alarm := len(reasons) > 0 && reasons[0].Verdict.Rank() > webshell.Suspicious.Rank()
			if legit := strings.HasPrefix(filepath.Base(f), "legit-"); alarm == legit {
				t.Errorf("alarm is %v", alarm)
			}
		})
	}
}

// TestDecodedIsShown checks that an explanation names lines and what was hidden.
func TestExplanation(t *testing.T) {
	name, data, _ := page(t, "testdata/rev-asp.txtar")
	r := Analyse(name, data)[0]
	if len(r.Steps) == 0 || r.Text == "" {
		t.Fatalf("no explanation: %+v", r)
	}
	if !strings.Contains(r.Decoded, "request(") {
		t.Errorf("decoded is %q", r.Decoded)
	}
}

// pathological files of a few megabytes must not take more than a moment.
func pathological() map[string]string {
	const n = 1 << 20
	open, end := "<% x = ", " %>"
	return map[string]string{
		"parentheses":   open + strings.Repeat("(", 10*n) + end + "execute(1)",
		"calls":         open + strings.Repeat("a(", 5*n) + end + "<% execute request %>",
		"concatenation": open + strings.Repeat("\"a\"&", 2*n) + "1" + end + "<% execute x %>",
		"variables":     open + strings.Repeat("a&b+", 2*n) + "1" + end + "<% execute x %>",
		"one line":      "<% execute \"" + strings.Repeat("a", 10*n) + "\" %>",
		"not":           open + strings.Repeat("not ", 2*n) + end + "<% execute x %>",
		"ifs":           "<% " + strings.Repeat("if a then\n", n) + "execute x %>",
		"members":       open + "a" + strings.Repeat(".b", 4*n) + end + "<% execute x %>",
		"loop":          "<% do while true\n s = s & \"aaaaaaaaaaaaaaaa\" : s = s & s\n loop\n execute s %>",
		"recursion":     "<% function f(x)\n f = f(x & \"a\") & f(x & \"b\")\n end function\n execute f(\"\") %>",
		"segments":      strings.Repeat("<%execute x%>", n/2),
		"replace":       "<% s = \"aaaaaaaa\"\n for i = 1 to 100 : s = Replace(s, \"a\", \"aaaaaaaa\") : next : execute s %>",
		"encoded":       "<%#@~^" + strings.Repeat("execute @#@&", n/2) + "%>",
	}
}

func TestPathological(t *testing.T) {
	if testing.Short() {
		t.Skip("builds files of 10 MB")
	}
	for kind, text := range pathological() {
		start := time.Now()
		Analyse("x.asp", []byte(text))
		// The goal is a second on an idle core; this one may be shared.
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v", kind, took)
		} else {
			t.Logf("%s: %v for %d bytes", kind, took, len(text))
		}
	}
}

func BenchmarkAnalyse(b *testing.B) {
	files, _ := filepath.Glob("testdata/*.txtar")
	var names []string
	var pages [][]byte
	size := 0
	for _, f := range files {
		name, data, _ := page(b, f)
		names, pages = append(names, name), append(pages, data)
		size += len(data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for i, p := range pages {
			Analyse(names[i], p)
		}
	}
}

func FuzzAnalyse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		n, data, _ := page(f, name)
		f.Add(n, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		first := tell(Analyse(name, data))
		if second := tell(Analyse(name, data)); first != second {
			t.Errorf("two runs differ:\n%s\n%s", first, second)
		}
	})
}
