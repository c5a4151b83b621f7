package ssi

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
	webshelltest.Pathological(t, Language, "x.shtml", `<!--#exec cmd="$QUERY_STRING" -->`, "", 10<<20,
		"<!--#", "<!--#exec ", `<!--#exec cmd="`, `<!--#set var="a" value="$a$a" -->`, `<!--#exec cmd="$QUERY_STRING" -->`, `cmd="`)
}
