package php

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata")

// page decodes the sample of an archive. Samples are stored in base64, so that
// antivirus leaves the checkout alone.
func page(tb testing.TB, a *txtar.Archive) []byte {
	tb.Helper()
	for _, f := range a.Files {
		if f.Name == "page.php.base64" {
			data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Data)), ""))
			if err != nil {
				tb.Fatal(err)
			}
			return data
		}
	}
	tb.Fatal("no page.php.base64")
	return nil
}

// lines tells the reasons in short: verdict, confidence, rule, and the lines
// of the steps.
func lines(reasons []webshell.Reason) string {
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

func TestFixtures(t *testing.T) {
	for _, kind := range []string{"hostile", "benign"} {
		files, err := filepath.Glob("testdata/" + kind + "/*.txtar")
		if err != nil || len(files) == 0 {
			t.Fatalf("no fixtures of %s: %v", kind, err)
		}
		for _, name := range files {
			t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
				a, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				reasons := Analyse("page.php", page(t, a))
				alarm := len(reasons) > 0 && reasons[0].Verdict.Rank() >= webshell.Malicious.Rank()
				if alarm != (kind == "hostile") {
					t.Errorf("alarm: got %v, want %v\n%s", alarm, kind == "hostile", lines(reasons))
				}
				want := &a.Files[len(a.Files)-1]
				if *update {
					want.Data = []byte(lines(reasons))
					if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if d := cmp.Diff(lines(reasons), string(want.Data)); d != "" {
					t.Errorf("reasons (-got +want):\n%s", d)
				}
			})
		}
	}
}

// TestKinds judges several pages of a kind at a time.
func TestKinds(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

// TestExplains reads one reason as its user would.
func TestExplains(t *testing.T) {
	code := "<?php\n$a = $_POST['c'];\n$b = base64_decode($a);\neval($b);\n"
	got := Analyse("a.php", []byte(code))
	want := []webshell.Reason{{Verdict: webshell.Webshell, Confidence: high, Rule: "request-to-eval",
		Text: "Code from the request is evaluated by eval.",
		Steps: []webshell.Step{
			{Line: 2, Role: "source", Code: "$_POST['c']"},
			{Line: 2, Role: "step", Code: "$a = $_POST['c']"},
			{Line: 3, Role: "step", Code: "$b = base64_decode($a)"},
			{Line: 4, Role: "sink", Code: "eval($b)"},
		}}}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("reasons (-got +want):\n%s", d)
	}
}

// TestSameTwice proves that nothing depends on the order of a map.
func TestSameTwice(t *testing.T) {
	files, _ := filepath.Glob("testdata/hostile/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data := page(t, a)
		first := Analyse("a.php", data)
		for range 3 {
			if d := cmp.Diff(Analyse("a.php", data), first); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	}
}

func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.txtar")
	for _, name := range files {
		if a, err := txtar.ParseFile(name); err == nil {
			f.Add(page(f, a))
		}
	}
	f.Add([]byte("<?php eval($_GET[1].'" + strings.Repeat("\xff ", 100) + "');"))
	for _, s := range hostileShapes(400) {
		f.Add([]byte(s))
	}
}

func FuzzAnalyse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		m := newMachine("a.php", data, traits(data))
		for _, r := range m.analyse() {
			if r.Verdict.Rank() == 0 || r.Rule == "" || r.Text == "" {
				t.Fatalf("empty reason: %+v", r)
			}
			for _, s := range r.Steps {
				if len(s.Code) > 200 {
					t.Fatalf("code of %d bytes", len(s.Code))
				}
			}
			if len(r.Decoded) > 500 {
				t.Fatalf("decoded of %d bytes", len(r.Decoded))
			}
		}
	})
}

// FuzzLex checks that tokens are in order, inside the file, and that brackets
// close after they open.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, _ := new(stock).lex(data)
		at := uint32(0)
		for i, k := range tokens {
			if k.pos < at || k.end < k.pos || int(k.end) > len(data) {
				t.Fatalf("token %d: %+v after %d of %d", i, k, at, len(data))
			}
			if k.match != 0 && (int(k.match) <= i || int(k.match) >= len(tokens)) {
				t.Fatalf("token %d: match %d", i, k.match)
			}
			at = k.end
		}
		if tokens[len(tokens)-1].kind != tEOF {
			t.Fatal("no end")
		}
	})
}

func BenchmarkAnalyse(b *testing.B) {
	files, _ := filepath.Glob("testdata/benign/*.txtar")
	var pages [][]byte
	total := int64(0)
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			b.Fatal(err)
		}
		p := page(b, a)
		pages = append(pages, p)
		total += int64(len(p))
	}
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pages {
			Analyse("a.php", p)
		}
	}
}

// A class of a program may be called Generator too: it has nothing that yields.
func TestForeignGenerator(t *testing.T) {
	page := "<?php $g = new Generator(); echo $g->current(); $g->send(1); sys" + "tem($_GET['c']);"
	if got := lines(Analyse("page.php", []byte(page))); !strings.HasPrefix(got, "webshell high request-to-command") {
		t.Errorf("got %s", got)
	}
}

func TestDeeds(t *testing.T) {
	archives, _ := filepath.Glob("testdata/deeds*.txt")
	for _, a := range archives {
		webshelltest.Deeds(t, a, "x.php", Language)
	}
}
