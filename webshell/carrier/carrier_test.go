package carrier

import (
	"bytes"
	"flag"
	"runtime"
	"testing"

	"limier/webshell/asp"
	"limier/webshell/aspnet"
	"limier/webshell/jsp"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, New(asp.Language, aspnet.Language, jsp.Language))
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", New(asp.Language, aspnet.Language, jsp.Language))
}

// What follows one address is not read again for the next.
func TestManyAddresses(t *testing.T) {
	dump := bytes.Repeat([]byte("ExternalUrl"), 100_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	New().Analyse("a.txt", dump)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4*uint64(len(dump)) {
		t.Errorf("%d bytes allocated", n)
	}
}
