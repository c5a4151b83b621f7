package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestRebuild makes the embedded table again from the published lists.
func TestRebuild(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no lists to rebuild from: set LIMIER_SHARED")
	}
	var got bytes.Buffer
	if err := run(filepath.Join(dir, "data/misc"), &got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../networks.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("networks.bin differs from what gen makes")
	}
}
