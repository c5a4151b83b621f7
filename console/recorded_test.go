package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every text that the collector, the hub and the knowledge write down for the
// console to show has French words: those of their code are tried, with values
// filled in.
func TestRecordedInFrench(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	fr := &words{lang: "fr"}
	tried := 0
	try := func(e ast.Expr) {
		if call, ok := e.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
				e = call.Args[0]
			}
		}
		if sum, ok := e.(*ast.BinaryExpr); ok { // a text of ours and an error
			e = sum.X
		}
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(verbs.ReplaceAllString(text, ""), " ,:/.") == "" || strings.HasPrefix(text, "files/") {
			return
		}
		tried++
		text = verbs.ReplaceAllStringFunc(text, func(v string) string {
			if v == "%d" {
				return "7"
			}
			return "x"
		})
		if strings.HasSuffix(text, " ") {
			text += "7"
		}
		if fr.recorded(text) == text {
			t.Errorf("no French for %q", text)
		}
	}
	for _, dir := range []string{".", "../fleet/hub", "../fleet/agent", "../knowledge"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					name := ""
					switch f := n.Fun.(type) {
					case *ast.Ident:
						name = f.Name
					case *ast.SelectorExpr:
						name = f.Sel.Name
					}
					if name == "refuse" && dir != "." || name == "note" && len(n.Args) == 4 {
						for _, a := range n.Args[max(0, len(n.Args)-2):] {
							try(a)
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Detail" || key.Name == "Object" || key.Name == "Actor") && dir == "../fleet/hub" {
						try(n.Value)
					}
				case *ast.CompositeLit:
					if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Contradiction" && len(n.Elts) == 2 {
						try(n.Elts[1])
					}
				}
				return true
			})
		}
	}
	if tried < 15 {
		t.Errorf("only %d texts", tried)
	}
}
