package limier

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// longest is how many lines a function may have.
const longest = 120

// long are functions that have more. The list only shrinks.
var long = []string{
	"webshell/client.act", "webshell/client.free", "webshell/php.builtinMethod", "webshell/php.effect", "webshell/php.eval",
	"webshell/php.keyword", "webshell/php.pure", "webshell/php.source", "webshell/php.written",
}

// TestStyle checks those conventions that a parser can see.
func TestStyle(t *testing.T) {
	fset := token.NewFileSet()
	documented, seen := map[string]bool{}, map[string]bool{}
	goFiles(t, func(name string) error {
		for _, elem := range strings.Split(path.Dir(name), "/") {
			switch elem {
			case "util", "utils", "common", "helper", "helpers", "model", "models", "types", "pkg":
				t.Errorf("%s: a package is one noun of CONVENTIONS, not %q", name, elem)
			}
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			if strings.Contains(spec.Path.Value, "testify") || strings.Contains(spec.Path.Value, "gomock") {
				t.Errorf("%s imports %s: compare values with cmp.Diff instead", name, spec.Path.Value)
			}
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		documented[path.Dir(name)] = documented[path.Dir(name)] || f.Doc != nil
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			at := path.Dir(name) + "." + fn.Name.Name
			switch lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line; {
			case lines <= longest:
			case slices.Contains(long, at):
				seen[at] = true
			default:
				t.Errorf("%s: %s has %d lines, more than %d", fset.Position(fn.Pos()), fn.Name.Name, lines, longest)
			}
		}
		checkDecls(t, fset, f)
		ast.Inspect(f, func(n ast.Node) bool {
			sel, _ := n.(*ast.SelectorExpr)
			if sel == nil || sel.Sel.Name != "Exit" {
				return true
			}
			if x, _ := sel.X.(*ast.Ident); x != nil && x.Name == "os" && path.Base(name) != "main.go" {
				t.Errorf("%s: only main may call os.Exit", fset.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	for _, at := range long {
		if !seen[at] {
			t.Errorf("%s is short now: take it off the list", at)
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

// checkDecls reports init functions and exported names without a doc comment.
func checkDecls(t *testing.T, fset *token.FileSet, f *ast.File) {
	need := func(id *ast.Ident, docs ...*ast.CommentGroup) {
		for _, d := range docs {
			if d != nil {
				return
			}
		}
		if id.IsExported() && f.Name.Name != "main" {
			t.Errorf("%s: %s has no doc comment", fset.Position(id.Pos()), id.Name)
		}
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "init" && d.Recv == nil {
				t.Errorf("%s: no init functions", fset.Position(d.Pos()))
			}
			if d.Recv == nil {
				need(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					need(s.Name, s.Doc, d.Doc)
				case *ast.ValueSpec:
					if d.Tok == token.CONST {
						continue // the type says what its constants mean
					}
					for _, id := range s.Names {
						need(id, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
}
