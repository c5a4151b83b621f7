// Package webshelltest checks the languages of web shell analysis against
// evidence that is stored encoded, so that antivirus software leaves the
// checkout alone.
package webshelltest

import (
	"encoding/base64"
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

// describe is one line: file, verdict, confidence, family, then rule and lines
// of the strongest reason.
func describe(t *testing.T, languages []*webshell.Language, f txtar.File) string {
	data, name := f.Data, f.Name
	if plain, ok := strings.CutSuffix(name, ".b64"); ok {
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		data, name = b, plain
	}
	j := webshell.Judge(languages, name, data)
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
// under a name, and fails if one takes longer than the limit. The atoms are
// what the language nests and repeats: "(", "\"a\"+", "eval(".
func Pathological(t *testing.T, l *webshell.Language, name, open, shut string, size int, limit time.Duration, atoms ...string) {
	t.Helper()
	for _, atom := range atoms {
		n := max(1, (size-len(open)-len(shut))/len(atom))
		data := []byte(open + strings.Repeat(atom, n) + shut)
		start := time.Now()
		webshell.Judge([]*webshell.Language{l}, name, data)
		if took := time.Since(start); took > limit {
			t.Errorf("%s: %d MB of %q take %v", l.Name, size>>20, atom, took.Round(time.Millisecond))
		}
	}
}
