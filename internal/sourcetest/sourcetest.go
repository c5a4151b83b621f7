// Package sourcetest finds the texts that a program may say in its source, for
// tests that want each of them translated.
package sourcetest

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

// Each calls f with each node of the Go files that a pattern names, but for
// tests; dir is the file's folder, as the pattern writes it.
func Each(t testing.TB, f func(dir string, n ast.Node), patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
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
				f(filepath.Dir(name), n)
				return true
			})
		}
	}
}

// Called is the name of the function or method that a call calls.
func Called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// Text is the text of a literal; "" if an expression is none.
func Text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

var verbs = regexp.MustCompile(`%[+#.0-9]*[a-zA-Z]`)

// Bare is a format without its verbs.
func Bare(format string) string { return verbs.ReplaceAllString(format, "") }

// Filled is a format with values: 7 for %d, err for %w, x for others.
func Filled(format, err string) string {
	return verbs.ReplaceAllStringFunc(format, func(v string) string {
		switch v {
		case "%d":
			return "7"
		case "%w":
			return err
		}
		return "x"
	})
}
