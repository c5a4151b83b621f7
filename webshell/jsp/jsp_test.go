package jsp

import (
	"encoding/binary"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, Language, "x.jsp", `<% Class.forName("a"); x = `, "", 10<<20,
		"(", "((a", "{", "[", `"a"+`, "a.b(", "new A(){", "-", "(a)", "a?b:", "x->", "<%", "${a(", "a b(){", "/*", "\"", `\u0041`, "f(x);int f(int x){return f(", "x=x+", "catch(", "new int[]{1,", "{1,", "l.add(x->1);f=l.get(0);l.add(f::a);", "ProcessBuilder::new;", `if(a.equals("x"))`, `if("x".equals(a)||`, "throw new E(", "%>${", "%><a:scriptlet ", "a.")
}

func FuzzAnalyse(f *testing.F) {
	for _, s := range []string{
		`<%= new String(new byte[]{104,105}) %>`, `<%! int f(int x){return x;} %><%=f(1)%>`, `${a.b(c)}`, "<jsp:scriptlet><![CDATA[x()]]>&lt;</jsp:scriptlet>",
		`<% String s = "a" + 'b' + (char) 99; \u0066(); %>`, `<% for (A a : b) { new T(){ void m(){} }; } %>`, `<% x -> { y[1] = {2}; } %>`, "\x4c\x6f\xa7\x94\x93",
	} {
		f.Add(s)
	}
	l := Language
	f.Fuzz(func(t *testing.T, s string) {
		l.Analyse("x.jsp", []byte(s+`<% Class.forName("x"); %>`))
		l.Analyse("x_jsp.java", []byte(s+`exec("x")`))
	})
}

func TestLinesOfSplitCode(t *testing.T) {
	p := split([]byte("one\ntwo <% a();\nb(); %>\n<%= c() %>${d()}"), false)
	for word, want := range map[string]int{"a()": 2, "b()": 3, "c()": 4, "d()": 4} {
		if got := p.line(strings.Index(string(p.code), word)); got != want {
			t.Errorf("%s is on line %d, want %d", word, got, want)
		}
	}
}

// A long text in the place of each of its own letters would be 4 GB.
func TestReplaceBomb(t *testing.T) {
	a := strings.Repeat("a", 1<<16)
	page := `<% String a = "` + a + `"; Runtime.getRuntime().exec(a.replace("a", a) + request.getParameter("c")); %>`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Language.Analyse("a.jsp", []byte(page))
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; made > 256<<20 {
		t.Errorf("%d MB were made", made>>20)
	}
}

// Lists of references to what the list before holds double the calls each time:
// without a bound the analysis does not end.
func TestReferenceBomb(t *testing.T) {
	var page strings.Builder
	page.WriteString(`<% Object f = x -> Runtime.getRuntime().exec(request.getParameter("c"));`)
	for i := range 200 {
		fmt.Fprintf(&page, "List l%[1]d = new ArrayList(); l%[1]d.add(f::a%[1]d); l%[1]d.add(f::b%[1]d); f = l%[1]d.get(0);\n", i)
	}
	page.WriteString(`f.run(request.getParameter("d")); %>`)
	if r := Language.Analyse("a.jsp", []byte(page.String())); len(r) == 0 {
		t.Error("nothing found")
	}
}

// A back door does not hide in what is nested, nor where the page is cut to be
// read.
func TestExhausted(t *testing.T) {
	const value = `Runtime.getRuntime().exec(request.getParameter("x"))`
	page := func(n int, open, shut string) string {
		return "<%Object v = " + strings.Repeat(open, n) + value + strings.Repeat(shut, n) + ";%>"
	}
	comments := strings.Repeat("/*a*/", 100_000)
	webshelltest.Exhausted(t, Language, "a.jsp", webshell.Webshell, map[string]string{
		"parentheses": page(3000, "(", ")"),
		"indexes":     page(3000, "a[", "]"),
		"calls":       page(3000, "f(", ")"),
		"arrays":      page(3000, "new Object[]{", "}"),
		"lambdas":     page(3000, "()->{return ", ";}"),
		"classes":     page(3000, "new Thread(){public void run(){", "}}"),
		"comments":    "<%" + comments + value + ";" + comments + "%>",
		"pieces":      `<%String c = request.getParameter("c");` + strings.Repeat("out.print(1);\n", 60_000) + "Runtime.getRuntime().exec(c);%>",
		"method":      `<%!void f(HttpServletRequest request) {String c = request.getParameter("c");` + strings.Repeat("out.print(1);\n", 60_000) + "Runtime.getRuntime().exec(c);}%>",
	})
	if r := Language.Analyse("a.jsp", []byte(`<%String c = "date";`+strings.Repeat("out.print(1);\n", 60_000)+"Runtime.getRuntime().exec(c);%>")); len(r) > 0 && r[0].Verdict != webshell.Suspicious {
		t.Errorf("a fixed command: %+v", r)
	}
	webshelltest.Exhausted(t, Language, "a.jsp", webshell.Suspicious, map[string]string{
		"expressions": strings.Repeat(`${"`, 100_000) + `${"".getClass().forName("java.lang.Runtime").getMethod("exec", "".getClass()).invoke(x, param.x)}`,
		"lists":       "<%" + strings.Repeat(`s.executeQuery(request.getParameter("q"));`, 10_000) + value + ";%>",
	})
}

func TestPlainWord(t *testing.T) {
	for pattern, want := range map[string]bool{"^[a-zA-Z0-9_-]+$": true, `\w{1,20}`: true, "[0-z]+": false, "[!-z]+": false, "[^a-z]+": false, ".*": false, "[A-z ]*": false} {
		if got := plainWord(pattern); got != want {
			t.Errorf("plainWord(%q) = %v, want %v", pattern, got, want)
		}
	}
}

// Expressions that do not end are not read to the end of the page each.
func TestOpenExpressions(t *testing.T) {
	s := &splitter{data: []byte(strings.Repeat("${", 100_000)), page: &page{}, line: 1}
	if s.run(); s.vain > maxVain+len(s.data) {
		t.Errorf("%d bytes read in vain", s.vain)
	}
}

// TestUTF32: a page is read by its byte order mark, as Tomcat does.
func TestUTF32(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		page, err := binary.Append(nil, order, []rune("\uFEFF<% Runtime.getRuntime().exec(request.getParameter(\"c\")); %>"))
		if err != nil {
			t.Fatal(err)
		}
		if got := webshell.Judge([]*webshell.Language{Language}, "a.jsp", page); got.Verdict != webshell.Webshell {
			t.Errorf("%v: got %s, want %s", order, got.Verdict, webshell.Webshell)
		}
	}
}

func TestDeeds(t *testing.T) { webshelltest.Deeds(t, "testdata/deeds.txt", "x.jsp", Language) }
