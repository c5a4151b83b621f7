package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/casefile"
	"limier/enrich"
	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

func sample() *casefile.Case {
	at := time.Date(2021, 3, 3, 6, 59, 17, 960_000_000, time.UTC)
	return &casefile.Case{
		Start:     wire.Start{Format: wire.Format, Version: "test", Source: "ex01", Host: "EX01", Rules: 3},
		Exposures: []wire.Exposure{{Product: "Exchange Server 2019", Build: "15.2.792.3", Proof: []evidence.Ref{{Path: "setup.log", Line: 4}}, CVEs: []wire.CVEState{{ID: "CVE-2021-26855", State: wire.Vulnerable, Exploited: "2021-11-03"}}}},
		Findings: []finding.Finding{{ID: "a", Rule: "proxylogon", Title: "t", Phase: finding.Exploitation, Outcome: finding.Succeeded, Level: finding.Critical, Confidence: finding.HighConfidence,
			Start: at, End: at, Techniques: []string{"T1190"}, Count: 1, Entities: []finding.Entity{{Type: finding.Address, Value: "192.0.2.1", Role: "attacker"}},
			Steps: []finding.Step{{Time: at, Text: "'); DROP TABLE step;--", Key: true, Ref: evidence.Ref{Path: `..\..\x`, Line: 7, Offset: 99}, Raw: "raw \x1b[31m"}}}},
		Evidence: []wire.Evidence{{Path: "u_ex.log", Size: 3, SHA256: strings.Repeat("ab", 32)}},
		Gaps:     []wire.Gap{{Ref: evidence.Ref{Path: "y"}, Reason: "unreadable", Count: 2}},
		Facts:    []casefile.Fact{{Type: finding.Address, Value: "192.0.2.1", Fact: enrich.Fact{Kind: enrich.Network, Text: "AS1", ASN: 1, Source: "t", Date: "2024-01-02", Shared: true}}},
		End: wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence, Reason: "r", Coverage: []wire.Coverage{{Source: "IIS", Files: 1, Events: 9, First: at, Last: at}},
			Next: []wire.NextStep{{Text: "do"}}, Counts: wire.Counts{Files: 1, Findings: 1, Gaps: 1}},
		Complete: true,
	}
}

func TestRoundTrip(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.limier")
	for range 2 { // a second write replaces the first
		if err := Write(t.Context(), name, sample()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".limier-*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestReadRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	if err := Write(t.Context(), whole, sample()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("hello"), "truncated": b[:len(b)/2], "flipped": append(append([]byte{}, b[:5000]...), make([]byte, len(b)-5000)...)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
