package sigma

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

func TestLint(t *testing.T) {
	a, err := txtar.ParseFile("testdata/lint.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys, want := fstest.MapFS{}, ""
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
		} else {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	remarks, usable := Lint(fsys, Config{})
	var got strings.Builder
	for _, r := range remarks {
		mark := "advice"
		if r.Refused {
			mark = "refused"
		}
		fmt.Fprintf(&got, "%s:%d: %s: %s\n", r.File, r.Line, mark, r.Text)
	}
	fmt.Fprintf(&got, "%d usable\n", usable)
	if diff := cmp.Diff(got.String(), want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
		if os.Getenv("UPDATE") != "" { // to paste below "want"
			t.Log(got.String())
		}
	}
}
