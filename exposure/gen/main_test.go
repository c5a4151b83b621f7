package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRebuild makes the embedded tables again from the joined ones.
func TestRebuild(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no tables to rebuild from: set LIMIER_SHARED")
	}
	to := t.TempDir()
	if err := run(filepath.Join(dir, "data/builds"), to); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"builds.tsv", "fixed.tsv"} {
		got, err := os.ReadFile(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs from what gen makes", name)
		}
	}
}

func TestTwoNotes(t *testing.T) {
	row := "CVE-1\tExchange 2019\tCU1\t-\t15.2.%s\t-\t-\tSU\t-\t%s\n"
	rows, err := read(strings.NewReader("head\n"+strings.NewReplacer("%s", "1").Replace(row)+strings.NewReplacer("%s", "2").Replace(row)), 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fixes(rows); err == nil {
		t.Error("two notes for one vulnerability were joined in silence")
	}
	if _, err := read(strings.NewReader("head\na\tb\tc\n"), 2); err == nil {
		t.Error("a third column was lost in silence")
	}
}
