package aspnet

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
	name, data, _ := page(t, "testdata/a5-aspx.txtar")
	r := Analyse(name, data)[0]
	if len(r.Steps) == 0 || r.Text == "" {
		t.Fatalf("no explanation: %+v", r)
	}
	if s := r.Steps[len(r.Steps)-1]; s.Role != "sink" || s.Line != 7 || !strings.Contains(s.Code, "ProcessStartInfo") {
		t.Errorf("sink is %+v", s)
	}
}

// pathological files of a few megabytes must not take more than a moment.
func pathological() map[string]string {
	const n = 1 << 20
	open, end := "<% x = ", " %>"
	open = "<%@ Page Language=\"C#\" %><% x = "
	return map[string]string{
		"parentheses":   open + strings.Repeat("(", 10*n) + end,
		"lambdas":       open + strings.Repeat("(a)=>", 2*n) + end,
		"braces":        "<%@ Page Language=\"C#\" %><% " + strings.Repeat("{", 10*n) + end,
		"casts":         open + strings.Repeat("(int)", 2*n) + "1" + end,
		"concatenation": open + strings.Repeat("\"a\"+", 2*n) + "1;" + end,
		"variables":     open + strings.Repeat("a+b-", 2*n) + "1;" + end,
		"generics":      open + strings.Repeat("a<", 4*n) + end,
		"else if":       "<%@ Page Language=\"C#\" %><% if(a){} " + strings.Repeat("else if(a){} ", n/4) + end,
		"unary":         open + strings.Repeat("!", 10*n) + end,
		"array":         open + "new int[]{" + strings.Repeat("300,", 2*n) + "1};" + end,
		"loop":          "<%@ Page Language=\"C#\" %><% var s=\"a\"; while(true){ s += s; s = s.Replace(\"a\",\"bb\"); } %>",
		"razor":         strings.Repeat("@(", 5*n),
		"tags":          strings.Repeat("<asp:TextBox id=a runat=server", n/4),
		"interpolation": open + strings.Repeat("$\"{", n) + end,
		"unicode":       open + strings.Repeat("\\u0061", n) + end,
	}
}

func TestPathological(t *testing.T) {
	if testing.Short() {
		t.Skip("builds files of 10 MB")
	}
	for kind, text := range pathological() {
		start := time.Now()
		Analyse("x.aspx", []byte(text))
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
