package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every set of real evidence yields what its manifest expects.
func TestRealEvidence(t *testing.T) {
	shared := os.Getenv("LIMIER_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	data := filepath.Join(shared, "data")
	if _, err := os.Stat(data); err != nil {
		t.Skip("no real evidence: ", err)
	}
	var table strings.Builder
	if err := evalEvidence(context.Background(), []string{"-data", data}, nil, &table); err != nil {
		t.Error(err)
	}
	if !strings.Contains(table.String(), "| exchange-logs/helsecert-2021-03 |") {
		t.Errorf("no table:\n%s", table.String())
	}
}
