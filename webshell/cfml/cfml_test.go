package cfml

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

// A back door does not hide behind what is long or many.
func TestExhausted(t *testing.T) {
	const run = `<cfexecute name="cmd.exe" arguments="/c #url.x#"></cfexecute>`
	many := strings.Repeat(`<cfexecute name="a"></cfexecute>`, 1000)
	lines := strings.Repeat("<cfset a = 1>\n", 30_000)
	const joined = "#'java.lang.'&'Runtime'#"
	webshelltest.Exhausted(t, Language, "a.cfm", webshell.Webshell, map[string]string{
		"decoys":   many + run + many,
		"long tag": "<cffile " + strings.Repeat(" ", 20_000) + `action="write" file="#form.f#" output="#form.c#">`,
		"joined":   lines + `<cfset r = createObject("java", "` + joined + `").getRuntime().exec(form.c)>` + "\n" + lines,
	})
	texts := strings.Repeat("<cfset a = 'a'&'b'>\n", 30_000)
	webshelltest.Exhausted(t, Language, "a.cfm", webshell.Suspicious, map[string]string{
		"many joined": texts + `<cfset r = createObject("java", "` + joined + `").getRuntime().exec(form.c)>`,
	})
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, Language, "x.cfm", `<cfset a = form.a><cfexecute name="#a#"></cfexecute><cfset x = `, "", 10<<20,
		"a=b\n", "evaluate(", "<cfset a=b>", "<cffile ", "#a#", "<!---", "createobject(", "a.b=", "filewrite(a,", `"a"+`, "a=a\n", "request.",
		"<cfobject class=\"java.lang.Runtime\">memory(", "createobject(\"java\",\"java.lang.Runtime\")\n", "<cffile action=\"write\" file=\"a.cfm\" output=\"#form.a#\"><cfinclude ",
		"<cfsavecontent variable=\"a\">", "<cfscript>a={b=a};\n", "<cfscript>function b(x){b(x);b(x);}b(a);", "a(function(){", "(a)=>")
}

// Texts that replace one letter by many do not fill the memory.
func TestFoldedGrowth(t *testing.T) {
	line := "<cfset y = \"#replace('" + strings.Repeat("a", 500) + "','a','" + strings.Repeat("b", 500) + "')#\">\n"
	page := bytes.Repeat([]byte(line), maxFolded/len(line))
	out := fold(page)
	if len(out) <= len(page) || len(out) > len(page)+maxFolded {
		t.Errorf("%d bytes became %d", len(page), len(out))
	}
}

func TestDeeds(t *testing.T) { webshelltest.Deeds(t, "testdata/deeds.txt", "x.cfm", Language) }

// A struct that holds itself as the attributes of a tag is read once.
func TestAttributesOfThemselves(t *testing.T) {
	for _, page := range []string{
		`<cfset a={}><cfset a.attributecollection=a><cfset a.name=url.x><cfexecute attributecollection="#a#">`,
		`<cfscript>function f(name){arguments.attributecollection=arguments;cfexecute(attributecollection=arguments);}f(url.x);</cfscript>`,
	} {
		if len(analyse("", []byte(page))) == 0 {
			t.Error(page)
		}
	}
}
