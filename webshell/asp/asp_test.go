package asp

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"limier/webshell"
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

// A shell does not hide behind more of what is harmless than is read or kept.
func TestDecoys(t *testing.T) {
	const run = "Execute "
	sql, texts, chain, inner := "", "", "", run+`Request("x")`
	for i := range 500 {
		sql += fmt.Sprintf("Set c = CreateObject(\"ADODB.Connection\"): c.Open \"DSN=a\": c.Execute Request(\"q%d\")\n", i)
		texts += fmt.Sprintf(run+"\"a%d=\" & \"1\"\n", i)
	}
	for i := range 150 {
		chain += fmt.Sprintf("Sub f%d(x)\nf%d x\nEnd Sub\n", i, i+1)
	}
	for range 7 {
		inner = run + `"` + strings.ReplaceAll(inner, `"`, `""`) + `"`
	}
	const shell = run + "Request(\"x\")\n"
	few, many := strings.Repeat("a=request(1):b=2\n", 20_000), strings.Repeat("a=request(1):b=2\n", 50_000)
	for name, code := range map[string]string{
		"sights":   sql + shell,
		"texts":    texts + shell,
		"tokens":   many + shell + few,
		"branches": strings.Repeat("If 1=2 Then\nb=x\nEnd If\n", 6000) + "If 1=2 Then\n" + shell + "End If\n",
		"calls":    chain + "Sub f150(x)\n" + run + "x\nEnd Sub\nf0 Request(\"x\")\n",
		"inner":    inner,
		"depth":    strings.Repeat("If a Then\n", 300) + shell + strings.Repeat("End If\n", 300),
		"segments": strings.Repeat("%><%a", 40_000) + "%><%" + shell + strings.Repeat("%><%a", 40_000),
		"deeper":   strings.Repeat("If a Then\n", 5000) + shell + strings.Repeat("End If\n", 5000),
		"wrapped":  run + strings.Repeat("f(", 5000) + `Request("x")` + strings.Repeat(")", 5000),
		"assigned": "On Error Resume Next\nExecute = 1\nRequest = 1\n" + shell,
	} {
		if r := Analyse("x.asp", []byte("<%"+code+"%>")); len(r) == 0 || r[0].Verdict != webshell.Webshell {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Of the texts that a page runs, the one is shown that holds what was seen.
func TestManyTexts(t *testing.T) {
	texts := ""
	for i := range 500 {
		texts += fmt.Sprintf("Execute \"a%d=\" & \"1\"\n", i)
	}
	hidden := "Execute \"CreateObject(\"\"WScript.Shell\"\").Run \" & \"Request(\"\"x\"\")\"\n"
	r := Analyse("x.asp", []byte("<%"+texts+hidden+strings.ReplaceAll(texts, "a", "b")+"%>"))
	if len(r) == 0 || !strings.Contains(r[0].Decoded, `Run Request("x")`) {
		t.Errorf("got %+v", r)
	}
}

// A page of more code than is read is worth a look.
func TestTooLong(t *testing.T) {
	decoys := strings.Repeat("Set c = CreateObject(\"ADODB.Connection\")\n", 100_000)
	if r := Analyse("x.asp", []byte("<%"+decoys+"Execute Request(1)\n"+decoys+"%>")); !slices.ContainsFunc(r, func(r webshell.Reason) bool { return r.Text == webshell.TooLong }) {
		t.Errorf("got %+v", r)
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
		"many texts":    "<% for i = 1 to 300000 : execute \"a\" & i & \"=1\" : next %>",
		"skimmed":       "<% x = f(40)\n" + strings.Repeat("s = \"a\": s = s & s: execute s & s\n", n/4) + "function f(n)\n if n > 0 then f = f(n-1) + f(n-1)\n end function %>",
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

func TestDeeds(t *testing.T) {
	for _, archive := range []string{"deeds.txt", "deeds-jscript.txt", "flows.txt", "flows-jscript.txt"} {
		webshelltest.Deeds(t, "testdata/"+archive, "x.asp", Language)
	}
}
