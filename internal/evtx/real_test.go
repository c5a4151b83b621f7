package evtx

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared returns a path in the folder of real evidence, or skips the test.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{root, "data"}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no real evidence: set LIMIER_SHARED (%v)", err)
	}
	return name
}

func load(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(shared(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustOpen(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every whole log gives the number of records its manifest counts, and no loss.
func TestRealCounts(t *testing.T) {
	for name, want := range map[string]int{
		"omerbenamram/security.evtx":                      2261,
		"omerbenamram/2-vss_7-System.evtx":                1160,
		"omerbenamram/Security_with_size_t.evtx":          636,
		"plaso/System.evtx":                               5009,
		"velocidex/Security.evtx":                         739,
		"velociraptor/RDPAuth_Security.evtx":              789,
		"chainsaw/security_sample.evtx":                   10,
		"velociraptor/EID4104_PowershellScriptblock.evtx": 2,
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, load(t, append([]string{"evtx-benign"}, strings.Split(name, "/")...)...))
			var d Decoder
			n := 0
			for rec, err := range f.Records(&d) {
				if err != nil {
					t.Error(err)
					continue
				}
				n++
				if _, ok := rec.EventID(); !ok || rec.Time().IsZero() || rec.Value(rec.Shape.Channel).Empty() {
					t.Errorf("record %d: no event identifier, time or channel", rec.ID)
				}
			}
			if n != want {
				t.Errorf("%d records, want %d", n, want)
			}
		})
	}
}
