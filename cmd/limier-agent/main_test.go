package main

import (
	"bytes"
	"strings"
	"testing"
)

// What the small program says of itself bears its own name.
func TestOwnName(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"--version"}, {"--once", "--dir", t.TempDir()}} {
		var out bytes.Buffer
		run(t.Context(), args, nil, &out, &out)
		if s := out.String(); !strings.Contains(s, "limier-agent") || strings.Contains(s, "limier agent") {
			t.Errorf("%v: %s", args, s)
		}
	}
}
