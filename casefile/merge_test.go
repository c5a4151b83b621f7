package casefile_test

import (
	"testing"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

func one(host, source, id string, verdict wire.Verdict) *casefile.Case {
	return &casefile.Case{
		Start:    wire.Start{Format: wire.Format, Host: host, Source: source},
		Findings: []finding.Finding{{ID: id, Rule: "r", Title: id, Steps: []finding.Step{{Ref: evidence.Ref{Path: "C/x.log", Line: 1}}}}},
		Evidence: []wire.Evidence{{Path: "C/x.log"}}, Complete: true,
		End: wire.End{Verdict: verdict, Reason: "why", Coverage: []wire.Coverage{{Source: "IIS", Files: 1, Events: 5}}},
	}
}

func TestMergeOfHosts(t *testing.T) {
	m, err := casefile.Merge(one("EX01", "c", "a", wire.NoSign), one("EX02", "c", "a", wire.Compromised), one("EX03", "../d", "b", wire.NotEnough))
	if err != nil {
		t.Fatal(err)
	}
	if m.End.Verdict != wire.Compromised || len(m.Findings) != 3 || len(m.Scans) != 3 || m.End.Coverage[0].Events != 15 || m.Start.Host != "EX01, EX02, EX03" {
		t.Errorf("%+v", m)
	}
	for i, want := range []string{"c/C/x.log", "c-EX02/C/x.log", "__d/C/x.log"} {
		if got := m.Findings[i].Steps[0].Ref.Path; got != want || m.Evidence[i].Path != want {
			t.Errorf("got %q and %q, want %q", got, m.Evidence[i].Path, want)
		}
	}
	if again, err := casefile.Merge(m, one("EX04", "e", "c", wire.NoSign)); err != nil || len(again.Scans) != 4 || again.Findings[0].Steps[0].Ref.Path != "c/C/x.log" {
		t.Errorf("merged twice: %+v, %v", again, err)
	}
	if _, err := casefile.Merge(m); err == nil {
		t.Error("one case is no merge")
	}
}

func TestMergeOfRescans(t *testing.T) {
	a, b := one("EX01", "c", "a", wire.NoSign), one("EX01", "c", "a", wire.Attacked)
	b.Findings = append(b.Findings, finding.Finding{ID: "new", Rule: "r"})
	m, err := casefile.Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Findings) != 2 || m.End.Coverage[0].Events != 5 || len(m.Evidence) != 1 || m.End.Verdict != wire.Attacked {
		t.Errorf("%+v", m)
	}
}

func TestDiff(t *testing.T) {
	a, b := one("EX01", "c", "a", wire.NoSign), one("EX01", "c", "b", wire.NoSign)
	b.Findings = append(b.Findings, finding.Finding{ID: "c", Rule: "r", Level: finding.High})
	a.Findings = append(a.Findings, finding.Finding{ID: "c", Rule: "r", Level: finding.Low})
	d := casefile.Diff(a, b)
	if len(d) != 3 || d[0].Before != nil || d[1].Before == nil || d[1].After == nil || d[2].After != nil || d[2].Before.ID != "a" {
		t.Errorf("%+v", d)
	}
	if d := casefile.Diff(a, a); len(d) > 0 {
		t.Errorf("%+v", d)
	}
}
