package carrier

import (
	"bytes"
	"flag"
	"runtime"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/asp"
	"limier/webshell/aspnet"
	"limier/webshell/jsp"
	"limier/webshell/php"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, New(asp.Language, aspnet.Language, jsp.Language))
}

// A short page does not hide in the middle of a picture.
func TestExhausted(t *testing.T) {
	const page = "<?php @eval($_POST[1]);"
	picture := "GIF89a" + strings.Repeat("\x00\x01\xff", 200_000)
	marks := strings.Repeat("<%", 100_000)
	webshelltest.Exhausted(t, New(asp.Language, php.Language), "a.gif", webshell.Webshell, map[string]string{
		"closed":  picture + page + "?>" + picture,
		"stopped": picture + page + "__halt_compiler();" + picture,
		"marks":   picture + marks + page + "?>",
	})
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
