package text

import (
	"strings"
	"testing"
	"time"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

// The techniques come with their names, the weightiest first; an event that two
// rules recognised counts once, and a host's short and full names are one host.
func TestTechniques(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2021, 3, 3, hour, 5, 0, 0, time.UTC) }
	steps := func(lines ...int) (list []finding.Step) {
		for _, n := range lines {
			list = append(list, finding.Step{Ref: evidence.Ref{Path: "log", Line: n}})
		}
		return list
	}
	c := &casefile.Case{Complete: true, End: wire.End{Verdict: wire.Compromised}, Findings: []finding.Finding{
		{Level: finding.Low, Outcome: finding.Attempted, Host: "EX01", Start: at(1), Techniques: []string{"T1595.002"}, Steps: steps(1), Count: 4000},
		{Level: finding.Medium, Host: "ex01.example.org", Start: at(4), Techniques: []string{"T1505.003"}, Steps: steps(2, 3), Count: 2},
		{Level: finding.Critical, Host: "EX01", Start: at(5), Techniques: []string{"T1505.003", "T9999"}, Steps: steps(3, 4), Count: 2},
	}}
	var b strings.Builder
	if err := Write(&b, c, Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\nTECHNIQUES")
	got, _, _ = strings.Cut(got, "\n\n")
	want := ` of MITRE ATT&CK 18.1, first seen in UTC
  3 findings: 1 critical, 1 medium, 1 low
  critical  T1505.003  Server Software Component: Web Shell: 3 events, first 2021-03-03 04:05
  critical  T9999      (not in ATT&CK 18.1): 2 events, first 2021-03-03 05:05
  low       T1595.002  Active Scanning: Vulnerability Scanning: 4,000 events, first 2021-03-03 01:05, attempted`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
