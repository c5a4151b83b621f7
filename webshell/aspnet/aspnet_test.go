package aspnet

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

// TestExplanation checks that an explanation names the line of the sink.
func TestExplanation(t *testing.T) {
	r := Analyse("a5.aspx", webshelltest.Page(t, "testdata", "a5.aspx"))[0]
	if len(r.Steps) == 0 || r.Text == "" {
		t.Fatalf("no explanation: %+v", r)
	}
	if s := r.Steps[len(r.Steps)-1]; s.Role != "sink" || s.Line != 7 || !strings.Contains(s.Code, "ProcessStartInfo") {
		t.Errorf("sink is %+v", s)
	}
}

// pathological files of a few megabytes must not take more than a moment.
func pathological() map[string]string {
	const n = 1 << 20
	open, end := "<% x = ", " %>"
	open = "<%@ Page Language=\"C#\" %><% x = "
	return map[string]string{
		"parentheses":   open + strings.Repeat("(", 10*n) + end,
		"lambdas":       open + strings.Repeat("(a)=>", 2*n) + end,
		"braces":        "<%@ Page Language=\"C#\" %><% " + strings.Repeat("{", 10*n) + end,
		"casts":         open + strings.Repeat("(int)", 2*n) + "1" + end,
		"concatenation": open + strings.Repeat("\"a\"+", 2*n) + "1;" + end,
		"variables":     open + strings.Repeat("a+b-", 2*n) + "1;" + end,
		"generics":      open + strings.Repeat("a<", 4*n) + end,
		"else if":       "<%@ Page Language=\"C#\" %><% if(a){} " + strings.Repeat("else if(a){} ", n/4) + end,
		"unary":         open + strings.Repeat("!", 10*n) + end,
		"array":         open + "new int[]{" + strings.Repeat("300,", 2*n) + "1};" + end,
		"loop":          "<%@ Page Language=\"C#\" %><% var s=\"a\"; while(true){ s += s; s = s.Replace(\"a\",\"bb\"); } %>",
		"razor":         strings.Repeat("@(", 5*n),
		"tags":          strings.Repeat("<asp:TextBox id=a runat=server", n/4),
		"interpolation": open + strings.Repeat("$\"{", n) + end,
		"alias":         open + "using a = " + strings.Repeat("b", n) + "; " + strings.Repeat("a.", n/2) + strings.Repeat("a=a+a;", n/6) + end,
		"padding":       open + `b = "b".PadLeft(60000, "b");` + strings.Repeat(`a = "a".PadLeft(60000, b);`, n/20) + end,
		"bases":         open + strings.Repeat("class ", n) + end,
		"unicode":       open + strings.Repeat("\\u0061", n) + end,
		"holes":         `<%@ Page Language="VB" %><% x = $"` + strings.Repeat("{a}", n/3) + `" %>`,
		"deep holes":    `<%@ Page Language="VB" %><% x = ` + strings.Repeat(`$"{`, n/3) + ` %>`,
		"queries":       `<%@ Page Language="C#" %><% x = ` + strings.Repeat(`from a in `, n/10) + ` %>`,
		"clauses":       `<%@ Page Language="C#" %><% x = from a in b ` + strings.Repeat(`where a `, n/8) + ` %>`,
		"lets":          `<%@ Page Language="C#" %><% x = from a in b ` + strings.Repeat(`let c=a `, n/8) + ` %>`,
	}
}

// A shell does not hide in code that is nested deeper than any other.
func TestDepth(t *testing.T) {
	const open, value, run = `<%@ Page Language="C#" %><%`, `Request["x"]`, `System.Diagnostics.Process.Start("cmd.exe", `
	for _, c := range [][2]string{{"if(a){", "}"}, {"{", "}"}, {"if(a)", ""}, {"do{", "}while(a);"}, {"try{", "}catch{}"}, {"switch(a){case 1:", "}"}, {"f(()=>{", "});"}} {
		page := open + strings.Repeat(c[0], 3000) + run + value + ");" + strings.Repeat(c[1], 3000) + "%>"
		if r := Analyse("x.aspx", []byte(page)); len(r) == 0 || r[0].Verdict != webshell.Webshell {
			t.Errorf("%q: %+v", c[0], r)
		}
	}
	for _, c := range [][2]string{{"(", ")"}, {"f(", ")"}, {"a?b:", ""}, {"!", ""}, {"(object)", ""}, {"new[]{", "}"}, {"a[", "]"}, {"new A{B=", "}"}, {"()=>", ""}, {"a??", ""}} {
		page := open + run + strings.Repeat(c[0], 3000) + value + strings.Repeat(c[1], 3000) + ");%>"
		if r := Analyse("x.aspx", []byte(page)); len(r) == 0 {
			t.Errorf("%q: nothing", c[0])
		}
	}
}

func TestPathological(t *testing.T) {
	webshelltest.Bounded(t, Language, "x.aspx", pathological())
	webshelltest.Pathological(t, Language, "x.cs", "public class A : System.Web.UI.Page { void Page_Load() { ", "}}", 10<<20,
		`File.WriteAllText(Request["a"], Request["b"]);`, `f("eval Reque"+"st[\"abc\"]");`)
}

func BenchmarkAnalyse(b *testing.B) {
	webshelltest.Benchmark(b, "testdata", Language)
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

// What takes up the room for values must not hide what stands behind it.
func TestManySelects(t *testing.T) {
	page := `<%@ Page Language="C#" %><% var a = "` + strings.Repeat("abcd", 1000) + `".Select(c => c); ` + strings.Repeat("a = a.Select(c => a); ", 2000) + `Process.Start(Request["a"]); %>`
	if r := Analyse("a.aspx", []byte(page)); len(r) == 0 || r[0].Rule != "request-to-command" {
		t.Errorf("got %+v", r)
	}
}

// TestSingleton has classes hold an object of their own, as those do of which
// there is one: to make it again for each is to make no end of them.
func TestSingleton(t *testing.T) {
	var fields strings.Builder
	for i := range 300 {
		fmt.Fprintf(&fields, "string f%d = \"a\" + \"b\"; ", i)
	}
	page := `<%@ Page Language="C#" %><script runat="server">class Keeper { static Keeper only = new Keeper(); ` + fields.String() + `}
void Page_Load() { ` + strings.Repeat("var k = new Keeper(); ", 500) + `System.Diagnostics.Process.Start(Request["a"]); }</script>`
	if r := Analyse("a.aspx", []byte(page)); len(r) == 0 || r[0].Rule != "request-to-command" {
		t.Errorf("got %+v", r)
	}
}

func TestDeeds(t *testing.T) {
	for _, archive := range []string{"deeds.txt", "deeds-vb.txt", "deeds-jscript.txt", "flows.txt", "flows-vb.txt", "flows-jscript.txt"} {
		webshelltest.Deeds(t, "testdata/"+archive, "x.aspx", Language)
	}
}
