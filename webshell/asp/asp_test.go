package asp

import (
	"flag"
	"strings"
	"testing"

	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

// TestExplanation checks that an explanation shows what was hidden.
func TestExplanation(t *testing.T) {
	r := Analyse("rev.asp", webshelltest.Page(t, "testdata", "rev.asp"))[0]
	if len(r.Steps) == 0 || r.Text == "" {
		t.Fatalf("no explanation: %+v", r)
	}
	if !strings.Contains(r.Decoded, "request(") {
		t.Errorf("decoded is %q", r.Decoded)
	}
}

// pathological files of a few megabytes must not take more than a moment.
func pathological() map[string]string {
	const n = 1 << 20
	open, end := "<% x = ", " %>"
	return map[string]string{
		"parentheses":   open + strings.Repeat("(", 10*n) + end + "execute(1)",
		"calls":         open + strings.Repeat("a(", 5*n) + end + "<% execute request %>",
		"concatenation": open + strings.Repeat("\"a\"&", 2*n) + "1" + end + "<% execute x %>",
		"variables":     open + strings.Repeat("a&b+", 2*n) + "1" + end + "<% execute x %>",
		"one line":      "<% execute \"" + strings.Repeat("a", 10*n) + "\" %>",
		"not":           open + strings.Repeat("not ", 2*n) + end + "<% execute x %>",
		"ifs":           "<% " + strings.Repeat("if a then\n", n) + "execute x %>",
		"members":       open + "a" + strings.Repeat(".b", 4*n) + end + "<% execute x %>",
		"loop":          "<% do while true\n s = s & \"aaaaaaaaaaaaaaaa\" : s = s & s\n loop\n execute s %>",
		"recursion":     "<% function f(x)\n f = f(x & \"a\") & f(x & \"b\")\n end function\n execute f(\"\") %>",
		"segments":      strings.Repeat("<%execute x%>", n/2),
		"replace":       "<% s = \"aaaaaaaa\"\n for i = 1 to 100 : s = Replace(s, \"a\", \"aaaaaaaa\") : next : execute s %>",
		"one name":      "<% execute x\n" + strings.Repeat("sub a {}", n) + end,
		"encoded":       "<%#@~^" + strings.Repeat("execute @#@&", n/2) + "%>",
	}
}

func TestPathological(t *testing.T) {
	webshelltest.Bounded(t, Language, "x.asp", pathological())
	webshelltest.Pathological(t, Language, "x.asp", "<% ", "", 10<<20, "f(\"eval reque\"&\"st(\"\"abc\"\")\")\n")
}

func BenchmarkAnalyse(b *testing.B) {
	webshelltest.Benchmark(b, "testdata", Language)
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}
