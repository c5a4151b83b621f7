// Package webshelltest checks the languages of web shell analysis against
// evidence that is stored encoded, so that antivirus software leaves the
// checkout alone.
package webshelltest

import (
	"encoding/base64"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/internal/cputime"
	"limier/webshell"
)

// Run judges every file of every archive dir/*.txtar and compares with the
// archive's section "want". A file NAME.b64 is base64 of NAME; others are as
// they are. With update the section is rewritten. An archive without files
// to judge fails.
func Run(t *testing.T, dir string, update bool, languages ...*webshell.Language) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			want, wantAt := "", -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want, wantAt = string(f.Data), i
					continue
				}
				got.WriteString(describe(t, languages, f))
			}
			if got.Len() == 0 || wantAt < 0 {
				t.Fatal("nothing to judge, or no section want")
			}
			if update {
				archive.Files[wantAt].Data = []byte(got.String())
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(got.String(), want); d != "" {
				t.Error("got (-), want (+):\n" + d)
			}
		})
	}
}

// decode returns the name and the bytes of a file of an archive.
func decode(t testing.TB, f txtar.File) (string, []byte) {
	t.Helper()
	name, ok := strings.CutSuffix(f.Name, ".b64")
	if !ok {
		return f.Name, f.Data
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Data)), ""))
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return name, data
}

// Pages yields every file of every archive dir/*.txtar but "want".
func Pages(t testing.TB, dir string) iter.Seq2[string, []byte] {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	return func(yield func(string, []byte) bool) {
		for _, name := range names {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range archive.Files {
				if f.Name == "want" {
					continue
				}
				if !yield(decode(t, f)) {
					return
				}
			}
		}
	}
}

// Page returns one file of the archives.
func Page(t testing.TB, dir, name string) []byte {
	t.Helper()
	for n, data := range Pages(t, dir) {
		if n == name {
			return data
		}
	}
	t.Fatalf("no archive in %s holds %s", dir, name)
	return nil
}

// Fuzz feeds the language with what grows from the archives' files and checks
// that two runs agree.
func Fuzz(f *testing.F, dir string, l *webshell.Language) {
	for name, data := range Pages(f, dir) {
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if d := cmp.Diff(l.Analyse(name, data), l.Analyse(name, data)); d != "" {
			t.Error("two runs differ:\n" + d)
		}
	})
}

// Benchmark judges the archives' files.
func Benchmark(b *testing.B, dir string, l *webshell.Language) {
	var names []string
	var pages [][]byte
	size := 0
	for name, data := range Pages(b, dir) {
		names, pages = append(names, name), append(pages, data)
		size += len(data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for i, p := range pages {
			l.Analyse(names[i], p)
		}
	}
}

// describe is one line: file, verdict, confidence, family, then rule and lines
// of the strongest reason.
func describe(t *testing.T, languages []*webshell.Language, f txtar.File) string {
	name, data := decode(t, f)
	j := webshell.Judge(languages, name, data)
	brief := webshell.JudgeBriefly(languages, name, data)
	if brief.Verdict != j.Verdict || brief.Confidence != j.Confidence || brief.Family != j.Family || brief.Language != j.Language {
		t.Errorf("%s: briefly %+v, in full %s %s %s %s", name, brief, j.Verdict, j.Confidence, j.Family, j.Language)
	}
	if j.Verdict == "" {
		return name + " nothing\n"
	}
	family := j.Family
	if family == "" {
		family = "-"
	}
	line := fmt.Sprintf("%s %s %s %s %s", name, j.Verdict, j.Confidence, strings.ReplaceAll(family, " ", "-"), j.Reasons[0].Rule)
	for _, s := range j.Reasons[0].Steps {
		line += fmt.Sprintf(" %s:%d", s.Role, s.Line)
	}
	return line + "\n"
}

// Pathological judges inputs made to exhaust an analyser, each of size bytes,
// under a name. The atoms are what the language nests and repeats: "(",
// "\"a\"+", "eval(".
func Pathological(t *testing.T, l *webshell.Language, name, open, shut string, size int, atoms ...string) {
	t.Helper()
	texts := map[string]string{}
	for _, atom := range atoms {
		texts[atom] = open + strings.Repeat(atom, max(1, (size-len(open)-len(shut))/len(atom))) + shut
	}
	Bounded(t, l, name, texts)
}

// Bounded judges inputs made to exhaust an analyser and logs how long each
// takes of the processor. The goal is a second on an idle core. Only what is far
// beyond fails, for a busy machine is slower too.
func Bounded(t *testing.T, l *webshell.Language, name string, texts map[string]string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds files of 10 MB")
	}
	for _, kind := range slices.Sorted(maps.Keys(texts)) {
		data := []byte(texts[kind])
		before := cputime.Used()
		webshell.Judge([]*webshell.Language{l}, name, data)
		took := cputime.Used() - before
		t.Logf("%8.3f s %8.1f MB %s %q", took.Seconds(), float64(len(data))/1e6, name, kind)
		if took > 15*time.Second {
			t.Errorf("%s: %d MB of %q take %v", l.Name, len(data)>>20, kind, took.Round(time.Millisecond))
		}
	}
}

// Exhausted judges pages in which a back door stands before, in or behind what
// uses up a bound of the analyser. Each must get the verdict at least, soon.
func Exhausted(t *testing.T, l *webshell.Language, name string, least webshell.Verdict, pages map[string]string) {
	t.Helper()
	for _, kind := range slices.Sorted(maps.Keys(pages)) {
		before := cputime.Used()
		j := webshell.Judge([]*webshell.Language{l}, name, []byte(pages[kind]))
		if took := cputime.Used() - before; took > 3*time.Second { // a second, on a machine that does nothing else
			t.Errorf("%s: %v", kind, took.Round(time.Millisecond))
		}
		if j.Verdict.Rank() < least.Rank() {
			t.Errorf("%s: %q, want %q: %+v", kind, j.Verdict, least, j.Reasons)
		}
	}
}
