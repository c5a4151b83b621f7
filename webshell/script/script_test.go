package script

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
	webshelltest.Pathological(t, Language, "x.sh", "#!/bin/sh\necho Content-Type: text/html\nsh -c \"$QUERY_STRING\"\nx=", "", 10<<20,
		"`", "$(", "open(a,", "sh ", "request.args", "a=b\n", "eval(b64decode(", "(", "$x=$x\n", "for a in ")
}
