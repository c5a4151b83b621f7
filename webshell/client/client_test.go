package client

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

func BenchmarkAnalyse(b *testing.B) {
	webshelltest.Benchmark(b, "testdata", Language)
}
