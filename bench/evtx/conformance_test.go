package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestConformance reads every real log beside Velocidex/evtx; each difference
// must be of a kind that is explained, and no record be theirs alone unless we
// say that it is lost. PEERS names what peers.py wrote.
func TestConformance(t *testing.T) {
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	root = filepath.Join(root, "data")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no real evidence: set LIMIER_SHARED (%v)", err)
	}
	logs, err := corpus(root)
	if err != nil {
		t.Fatal(err)
	}
	var lines []peerLine
	if name := os.Getenv("PEERS"); name != "" {
		if lines, err = readPeers(name); err != nil {
			t.Fatal(err)
		}
	}
	r := conformance(logs, lines)
	if len(r.logs) < 400 || r.records < 17000 || r.scores[0].equal < 355000 {
		t.Errorf("%d logs, %d records, %d equal values: is the evidence whole?", len(r.logs), r.records, r.scores[0].equal)
	}
	for _, s := range r.scores {
		for _, u := range s.unexplained {
			t.Errorf("%s: %s", s.reader, u)
		}
	}
}

// A difference must be seen where there is one.
func TestCompareSees(t *testing.T) {
	ours := []fact{{section: "EventData", name: "A", value: "1"}, {section: "EventData", name: "B", value: "2"}}
	theirs := []fact{{section: "EventData", name: "A", value: "1"}, {section: "EventData", name: "B", value: "3"}, {section: "System", name: "C", value: "4"}}
	equal, diffs := compare("x", key{}, ours, theirs, func(a, b string) bool { return a == b })
	if equal != 1 || len(diffs) != 2 || diffs[0].theirs == nil || diffs[1].ours != nil {
		t.Errorf("%d equal, differences %v", equal, diffs)
	}
	for _, d := range diffs {
		if kind := explainVelocidex(d, ours, theirs); kind != "" {
			t.Errorf("%v explained as %q", d, kind)
		}
	}
}
