package assembly

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

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

// Marks of metadata before the real ones hide nothing.
func TestDecoys(t *testing.T) {
	for name, data := range webshelltest.Pages(t, "testdata") {
		if before := Language.Analyse(name, data); len(before) > 0 {
			decoys := append([]byte("MZ"+strings.Repeat("BSJB.", 20)), data...)
			if after := Language.Analyse(name, decoys); len(after) == 0 || after[0].Verdict != before[0].Verdict {
				t.Errorf("%s: %+v", name, after)
			}
		}
	}
}
