package html_test

import (
	"strings"
	"testing"
	"time"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/publish/html"
	"limier/wire"
)

// intrusion is one client that used ProxyLogon in March 2021 and was followed
// by a request of the server to a host.
func intrusion(to string) *casefile.Case {
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	c := &casefile.Case{Complete: true, End: wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence}}
	client := finding.Entity{Type: finding.Address, Value: "198.51.100.1", Role: "attacker"}
	f := finding.Finding{ID: "1", Title: "ProxyLogon", Phase: finding.Exploitation, Outcome: finding.Succeeded, Level: finding.Critical, Start: at, End: at, Count: 1,
		Techniques: []string{"T1190", "T1505.003"}, CVEs: []string{"CVE-2021-26855"}, Entities: []finding.Entity{client},
		Steps: []finding.Step{{Time: at, Text: "Control panel asked", Outcome: finding.Succeeded, Ref: evidence.Ref{Path: "u_ex210303.log", Line: 4}, Raw: "2021-03-03 04:00:00 POST /ecp/y.js - 198.51.100.1 python 241"}}}
	if to != "" {
		f.Entities = append(f.Entities, finding.Entity{Type: finding.Domain, Value: to})
	}
	c.Findings = append(c.Findings, f)
	return c
}

// TestCompared: what many do is like nobody, a domain of one is like it, and
// the claims stand beside, each at its own level.
func TestCompared(t *testing.T) {
	page := render(t, intrusion(""), "en")
	for _, want := range []string{"Group A: insufficient to compare", "somebody not in the table", "Level: territory", "European Union", "undertaken from the territory of China", "Level: affiliated with a state"} {
		if !strings.Contains(page, want) {
			t.Errorf("not in the report: %s", want)
		}
	}
	if a, b := strings.Index(page, "Level: territory"), strings.Index(page, "Level: affiliated"); a > b {
		t.Error("the levels are not in their order")
	}
	for _, lang := range html.Languages() {
		if page := render(t, intrusion("yolkish.com"), lang); !strings.Contains(page, " Calypso <small>") {
			t.Errorf("%s: a domain that only Calypso is reported with does not name it", lang)
		}
	}
	if strings.Contains(render(t, &casefile.Case{Complete: true, End: wire.End{Verdict: wire.NoSign, Confidence: finding.LowConfidence}}, "en"), "European Union") {
		t.Error("a clean server is put beside the claims of a campaign")
	}
}

// TestComparedInFrench: each clause of a comparison has its French.
func TestComparedInFrench(t *testing.T) {
	for _, to := range []string{"", "yolkish.com"} {
		page := render(t, intrusion(to), "fr")
		i := strings.Index(page, `<section id="compared"`)
		j := strings.Index(page, "Qui affirme quoi")
		if i < 0 || j < i {
			t.Fatal("no comparison in the report")
		}
		if strings.Contains(page[i:j], `<span lang="en">`) {
			t.Errorf("with %q something is left in English: %s", to, page[i:j])
		}
	}
}
