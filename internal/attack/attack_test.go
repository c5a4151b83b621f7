package attack

import (
	"slices"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for id, name := range map[string]string{"T1505.003": "Web Shell", "T1190": "Exploit Public-Facing Application", "T1003.001": "LSASS Memory"} {
		if got, ok := Lookup(id); !ok || got.Name != name {
			t.Errorf("Lookup(%s) = %q, %v; want %q", id, got.Name, ok, name)
		}
	}
	for _, id := range []string{"", "T", "T1505.", "T9999", "Web Shell", "T1190\tExploit"} {
		if got, ok := Lookup(id); ok {
			t.Errorf("Lookup(%q) = %v", id, got)
		}
	}
}

// TestTable reads every line: sorted, once each, tactics of the matrix only.
func TestTable(t *testing.T) {
	last := ""
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for _, l := range lines {
		id, _, _ := strings.Cut(l, "\t")
		got, ok := Lookup(id)
		if !ok || got.ID != id || id <= last {
			t.Errorf("line %q: got %v, %v after %s", l, got, ok, last)
		}
		for _, tactic := range got.Tactics {
			if !slices.Contains(Tactics[:], tactic) {
				t.Errorf("%s: unknown tactic %q", id, tactic)
			}
		}
		last = id
	}
	if len(lines) < 600 {
		t.Errorf("%d techniques, want more than 600", len(lines))
	}
}
