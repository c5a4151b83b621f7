package reading

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is read into testdata/sentences.txt")

// TestSentences reads sentences about many events, each alone: TV5Monde,
// NotPetya, SolarWinds, the Bundestag, Viasat and others. A line that starts
// with => is a claim of the sentence above it.
func TestSentences(t *testing.T) {
	want, err := os.ReadFile("testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(want)) {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		got.WriteString(line)
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		d := read(t, line)
		for i := range d.Claims {
			got.WriteString("=> " + Sentence(&d.Claims[i]) + "\n")
		}
	}
	if *update {
		if err := os.WriteFile("testdata/sentences.txt", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" && !*update {
		t.Errorf("-want +got:\n%s", diff)
	}
}
