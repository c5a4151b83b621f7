package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestExampleIsMadeFromItsDraft(t *testing.T) {
	files, err := build(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Clean(name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what go run ./examples/statement makes (%v)", name, err)
		}
	}
}
