package casefile_test

import (
	"slices"
	"testing"
	"time"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

// breached is a host with the shell that every case of ProxyLogon has, one
// command to it, and the process it started.
func breached(host, client, command string, at time.Time) *casefile.Case {
	step := func(path, raw string, when time.Time) finding.Step {
		return finding.Step{Time: when, Ref: evidence.Ref{Path: path, Line: 7}, Raw: raw, Outcome: finding.Succeeded}
	}
	domain := host
	if host != "" {
		domain += ".example.org" // Sysmon writes the full name
	}
	return &casefile.Case{
		Start: wire.Start{Format: wire.Format, Host: host, Source: "collection"}, Complete: true,
		End: wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence},
		Findings: []finding.Finding{
			{ID: "1" + host, Rule: "webshell", Title: "Web shell", Host: host, Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.Critical, Start: at, End: at.Add(time.Second),
				Entities: []finding.Entity{{Type: finding.FilePath, Value: "/owa/auth/help.aspx", Role: "shell"}, {Type: finding.Address, Value: client, Role: "attacker"}},
				Steps:    []finding.Step{step("C/u_ex.log", "POST /owa/auth/help.aspx - 443 - "+client+" x 200", at)}},
			{ID: "2" + host, Rule: "aftermath", Title: "Shells started", Host: domain, Phase: finding.Aftermath, Outcome: finding.Succeeded, Level: finding.High, Start: at, End: at,
				Steps: []finding.Step{step("C/sysmon.evtx", "Provider_Name=Microsoft-Windows-Sysmon Channel=Microsoft-Windows-Sysmon/Operational ProcessId=42 ParentImage=C:\\w3wp.exe Image=C:\\cmd.exe CommandLine="+command, at.Add(time.Second))}},
		},
	}
}

func TestShellsOfSeveralMachinesStayApart(t *testing.T) {
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	m, err := casefile.Merge(breached("EX01", "203.0.113.1", "whoami", at), breached("EX02", "203.0.113.2", "whoami", at.Add(2*time.Second)), breached("", "203.0.113.3", "hostname", at.Add(90*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	v := m.Activity()
	var shells []string
	for _, s := range v.Shells {
		shells = append(shells, s.Label())
		if got := v.Requests[s.Key]; len(got) != 1 || got[0].Machine != s.Machine {
			t.Errorf("requests to %s: %+v", s.Key, got)
		}
	}
	if want := []string{"EX01: help.aspx", "EX02: help.aspx", "COLLECTION-2: help.aspx"}; !slices.Equal(shells, want) {
		t.Errorf("got %q, want %q", shells, want)
	}
	// Within ten seconds of both commands, yet each process is of its machine.
	if len(v.Links) != 3 {
		t.Fatalf("%d links", len(v.Links))
	}
	for _, l := range v.Links {
		if l.Request.Machine != l.Process.Machine {
			t.Errorf("%s commanded, %s ran", l.Request.Machine, l.Process.Machine)
		}
	}
	if len(v.Clusters) != 3 {
		t.Errorf("three addresses, nothing in common: %q", who(v))
	}
	processes := 0
	for _, n := range v.Graph.Nodes {
		if n.Kind == casefile.NodeProcess {
			processes++
		}
	}
	if processes != 3 {
		t.Errorf("%d processes: %+v", processes, v.Graph.Nodes)
	}
}

func TestOneMachineHasNoName(t *testing.T) {
	v := breached("EX01", "203.0.113.1", "whoami", time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)).Activity()
	if len(v.Shells) != 1 || v.Shells[0].Label() != "help.aspx" || len(v.Links) != 1 {
		t.Errorf("%+v", v)
	}
}

// A collector of events holds those of many: the verdict is of the host that
// it was found on, not of the one that most events are of.
func TestHosts(t *testing.T) {
	for _, tc := range []struct {
		start    string
		findings []finding.Finding
		want     []string
	}{
		{"", nil, nil},
		{"EX01", nil, []string{"EX01"}},
		{"EX01", []finding.Finding{{}, {Host: "ex01.example.org"}}, []string{"EX01"}},
		{"DC1", []finding.Finding{{Host: "EX01"}}, []string{"EX01"}},
		{"DC1", []finding.Finding{{}, {Host: "EX02", Level: finding.High, Outcome: finding.Succeeded}, {Host: "EX03", Level: finding.Critical}}, []string{"EX02", "DC1", "EX03"}},
	} {
		c := &casefile.Case{Start: wire.Start{Host: tc.start}, Findings: tc.findings}
		if got := c.Hosts(); !slices.Equal(got, tc.want) {
			t.Errorf("%q, %d findings: %q, want %q", tc.start, len(tc.findings), got, tc.want)
		}
	}
}
