package javaclass

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

// The constants decide, and of a file that is cut what is left of them.
func TestCut(t *testing.T) {
	for name, data := range webshelltest.Pages(t, "testdata") {
		whole := analyse(name, data)
		if got := analyse(name, data[:read(data).size]); cmp.Diff(got, whole) != "" {
			t.Errorf("%s: without its code %v, with it %v", name, got, whole)
		}
		for n := 11; n < len(data); n++ {
			analyse(name, data[:n])
		}
	}
}
