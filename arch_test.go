package limier

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// order lists the packages so that each imports only those above it. "x/*"
// are the children of x: they import x and never each other. A package under
// internal/ knows nothing of Limier.
var order = []string{
	// Libraries.
	"internal/*",

	// The words we speak in.
	"evidence", "event", "finding", "sighting", "claim", "wire",

	// What plugs in.
	"parse", "parse/*", "sigma", "rules", "webshell", "webshell/*", "baseline", "baseline/*", "exposure", "exposure/*",
	"detect", "detect/*", "enrich", "enrich/*", "knowledge", "reading",

	// The pipeline.
	"acquire", "probe", "scan", "casefile", "attribute", "attribute/*",

	// What leaves the house.
	"publish", "publish/*", "statement", "store", "store/*", "fleet", "fleet/*", "console",

	// The product.
	"builtin", "cmd/*", "bench/*", "examples/*",
}

func place(pkg string) int {
	for i, pattern := range order {
		if ok, _ := path.Match(pattern, pkg); ok {
			return i
		}
	}
	return -1
}

// goFiles calls visit with every Go file of the module.
func goFiles(t *testing.T, visit func(name string) error) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (d.Name()[0] == '.' || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		return visit(name)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointUp(t *testing.T) {
	goFiles(t, func(name string) error {
		from := path.Dir(name)
		if strings.HasSuffix(name, "_test.go") || from == "." {
			return nil
		}
		if place(from) < 0 {
			t.Errorf("package %s has no place: add it to order and to ARCHITECTURE.md", from)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(imported, "limier/")
			if ours && place(to) >= place(from) {
				t.Errorf("%s imports %s, which does not stand above it", name, to)
			}
		}
		return nil
	})
}
