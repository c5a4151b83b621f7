package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"limier/statement"
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

// Whoever does not abstain says where it said so.
func TestEveryPositionHasItsSource(t *testing.T) {
	files, err := build(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	f, err := statement.Read(files["statement.json"])
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range f.Verify(nil).Rows {
		said := 0
		for _, s := range row.Position.Stands {
			if s.Role == statement.Abstains {
				continue
			}
			said++
			if s.Source == nil {
				t.Errorf("%s says %s of %s, and not where", row.Signer, s.Role, s.Claim)
			}
		}
		if said == 0 {
			t.Errorf("%s says nothing", row.Signer)
		}
	}
}
