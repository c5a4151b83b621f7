package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"testing"

	"go.yaml.in/yaml/v3"
)

// shape writes a node as the library and the reader of plain documents agree on
// it.
func shape(n *yaml.Node) string {
	s := fmt.Sprintf("(%d %s %d %q", n.Kind, n.Tag, n.Style, n.Value)
	for _, k := range n.Content {
		s += shape(k)
	}
	return s + ")"
}

// samePlain fails if a document is read in another way than the library does.
func samePlain(t *testing.T, name string, data []byte) (plain bool) {
	t.Helper()
	got := readPlain(data)
	if got == nil {
		return false
	}
	var want, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("%s: read %s, want %v", name, shape(got), err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		t.Fatalf("%s: read one document of several (%v)", name, err)
	}
	if got, want := shape(got), shape(want.Content[0]); got != want {
		t.Fatalf("%s:\ngot  %s\nwant %s", name, got, want)
	}
	if got.Line != want.Content[0].Line {
		t.Fatalf("%s: got line %d, want %d", name, got.Line, want.Content[0].Line)
	}
	return true
}

// Plain documents are read as the library reads them, and rules are plain.
func TestPlain(t *testing.T) {
	for _, root := range []string{"../rules", os.Getenv("LIMIER_SIGMAHQ")} {
		if root == "" {
			continue
		}
		rules, plain := 0, 0
		err := fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || path.Ext(name) != ".yml" {
				return err
			}
			data, err := fs.ReadFile(os.DirFS(root), name)
			if rules++; samePlain(t, name, data) {
				plain++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d", root, plain, rules)
		if plain < rules/2 {
			t.Errorf("%s: only %d of %d rules are plain", root, plain, rules)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{
		"a: b\nc:\n- d\n- e: 'f''g' # h\n  i: \"j\"\nk:\n    - 1\n    - 2.5\nl: |\n    m\n\n      n\n\no: ~\np:\n",
		"a: b\n  c\n", "a:\n  b\n", "a: 'b\n", "- a\n", "a: |\n b\nc: d\n", "a : b\n", "on: off\n", "a: b: c\n", "a: b #c\n", "a:\n# b\n c: d\n",
		"a: |\n  b\n c: d\n", "a: b\n---\nc: d\n", "a:\n  - b\n  c: d\n", "a: - b\n", "a: b\na: c\n", "a: |\n  #b\n #c\nd: 2021-01-01\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { samePlain(t, "fuzz", data) })
}
