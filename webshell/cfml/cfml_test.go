package cfml

import (
	"flag"
	"testing"

	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, Language, "x.cfm", `<cfset a = form.a><cfexecute name="#a#"></cfexecute><cfset x = `, "", 10<<20,
		"a=b\n", "evaluate(", "<cfset a=b>", "<cffile ", "#a#", "<!---", "createobject(", "a.b=", "filewrite(a,")
}
