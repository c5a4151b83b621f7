package exposure_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/wire"
)

func TestParseBuild(t *testing.T) {
	for in, want := range map[string]string{
		"15.02.1118.036":                       "15.2.1118.36",
		"15.2.1118.36":                         "15.2.1118.36",
		"15.02.1118.007":                       "15.2.1118.7",
		"Version 15.2 (Build 1118.36)":         "15.2.1118.36",
		"Version 15.1 (Build 32507.6)":         "15.1.2507.6", // as in Active Directory
		"#Version: 15.01.2375.007":             "15.1.2375.7",
		"/owa/auth/15.1.2375/themes/":          "15.1.2375",
		"Microsoft Exchange Server 14.03.0123": "14.3.123",
		"16.0.10417.20027":                     "16.0.10417.20027",
		"15.0.0.0":                             "",
		"1.2.3.4.5":                            "",
		"15.2":                                 "",
		"":                                     "",
		"15.2.999999.1":                        "",
		"x15.2.792.3.":                         "15.2.792.3",
	} {
		b, ok := exposure.ParseBuild(in)
		got := ""
		if ok {
			got = b.String()
		}
		if got != want {
			t.Errorf("ParseBuild(%q) = %q, want %q", in, got, want)
		}
	}
}

// assess judges one exact build.
func assess(t *testing.T, build string, set exposure.Settings) wire.Exposure {
	t.Helper()
	all := exposure.Assess([]exposure.Evidence{{Build: build, Exact: true, Ref: evidence.Ref{Path: "bin/ExSetup.exe"}}}, set)
	if len(all) != 1 {
		t.Fatalf("%s: %d exposures", build, len(all))
	}
	return all[0]
}

func state(x wire.Exposure, cve string) string {
	for _, s := range x.CVEs {
		if s.ID == cve {
			return strings.TrimSpace(string(s.State) + " " + s.FixedIn)
		}
	}
	return "not listed"
}

func TestStates(t *testing.T) {
	for _, test := range []struct{ build, cve, want string }{
		// ProxyLogon: https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-26855
		{"15.2.792.3", "CVE-2021-26855", "vulnerable 15.2.792.10"},
		{"15.2.792.10", "CVE-2021-26855", "fixed 15.2.792.10"},
		{"15.2.858.5", "CVE-2021-26855", "fixed 15.2.858.5"},
		{"15.2.2562.17", "CVE-2021-26855", "fixed 15.2.858.5"}, // SE is a later 2019
		{"15.1.225.42", "CVE-2021-26855", "vulnerable"},        // 2016 RTM never got it
		{"15.1.1415.8", "CVE-2021-26855", "depends 15.1.1415.8"},
		{"15.1.1415.10", "CVE-2021-26855", "fixed 15.1.1415.8"},
		{"15.0.1497.12", "CVE-2021-26855", "fixed 15.0.1497.12"},
		{"14.3.468.0", "CVE-2021-26855", "not listed"},
		{"14.3.468.0", "CVE-2021-26857", "vulnerable 14.3.513.0"},
		{"14.3.513.0", "CVE-2021-26857", "fixed 14.3.513.0"},
		// ProxyShell was mended in April 2021: a higher number without it is open.
		{"15.2.792.13", "CVE-2021-34473", "fixed 15.2.792.13"},
		{"15.2.858.5", "CVE-2021-34473", "vulnerable 15.2.858.10"},
		{"15.2.858.10", "CVE-2021-33766", "fixed 15.2.858.10"},
		{"15.2.721.13", "CVE-2021-34523", "vulnerable"},
		{"15.0.1473.6", "CVE-2021-34473", "vulnerable"},
		{"15.1.2242.4", "CVE-2021-31207", "vulnerable 15.1.2242.10"},
		// No CU of 2013 followed CU23.
		{"15.0.1497.44", "CVE-2022-41082", "fixed 15.0.1497.44"},
		{"15.2.1118.7", "CVE-2022-41040", "vulnerable 15.2.1118.20"},
		// Mended in April 2025 for CU14 and CU15; SE came after.
		{"15.2.2562.17", "CVE-2025-53786", "depends"},
		{"15.2.1258.39", "CVE-2025-53786", "vulnerable"},
		{"15.2.1118.30", "CVE-2023-21709", "vulnerable 15.2.1118.36"},
		{"15.02.1118.036", "CVE-2023-21709", "depends 15.2.1118.36"},
		{"15.2.1118.40", "CVE-2023-36439", "depends 15.2.1118.40"},
		{"15.2.1118.36", "CVE-2023-36439", "vulnerable 15.2.1118.40"},
		{"15.2.1118.36", "CVE-2024-21410", "depends"},
		{"15.2.1118.7", "CVE-2024-21410", "vulnerable"}, // before August 2022
		{"15.2.858.5", "CVE-2024-21410", "vulnerable"},  // its CU never got Aug22SU
		{"15.2.2562.37", "CVE-2026-21527", "fixed 15.2.2562.37"},
		{"15.2.2999.1", "CVE-2026-21527", "fixed"},
		{"16.0.10417.20026", "CVE-2025-49704", "vulnerable 16.0.10417.20027"},
		{"16.0.10417.20027", "CVE-2025-53770", "vulnerable 16.0.10417.20037"},
		{"16.0.18526.20508", "CVE-2025-53770", "fixed 16.0.18526.20508"},
		{"16.0.5513.1001", "CVE-2025-53771", "fixed 16.0.5513.1001"},
		{"16.0.18526.20508", "CVE-2025-49704", "not listed"}, // Subscription Edition is not affected
	} {
		if got := state(assess(t, test.build, exposure.Settings{}), test.cve); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.build, test.cve, got, test.want)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, test := range []struct {
		build, cve string
		set        exposure.Settings
		want       wire.State
	}{
		{"15.2.1544.4", "CVE-2024-21410", exposure.Settings{ExtendedProtection: exposure.On}, wire.Fixed},
		{"15.2.1544.4", "CVE-2024-21410", exposure.Settings{ExtendedProtection: exposure.Off}, wire.Vulnerable},
		{"15.2.1544.4", "CVE-2024-21410", exposure.Settings{ExtendedProtection: exposure.Partial}, wire.Vulnerable},
		{"15.2.1118.30", "CVE-2023-21709", exposure.Settings{TokenCacheModule: exposure.Off}, wire.Fixed},
		{"15.2.1544.4", "CVE-2023-21709", exposure.Settings{TokenCacheModule: exposure.On}, wire.Depends},
		{"15.2.1544.4", "CVE-2023-36439", exposure.Settings{SerializedDataSigning: exposure.On}, wire.Fixed},
		{"15.2.1544.4", "CVE-2023-36439", exposure.Settings{SerializedDataSigning: exposure.Off}, wire.Vulnerable},
		{"15.2.792.3", "CVE-2023-36439", exposure.Settings{SerializedDataSigning: exposure.On}, wire.Vulnerable},
	} {
		test.set.Proof = []evidence.Ref{{Path: "applicationHost.config"}}
		x := assess(t, test.build, test.set)
		if got, _, _ := strings.Cut(state(x, test.cve), " "); got != string(test.want) {
			t.Errorf("%s %s %+v: got %s, want %s", test.build, test.cve, test.set, got, test.want)
		}
		if !slices.Contains(x.Proof, test.set.Proof[0]) {
			t.Errorf("%s: proof %v lacks the configuration", test.build, x.Proof)
		}
	}
}

// TestOrder: of the open vulnerabilities the exploited ones come first.
func TestOrder(t *testing.T) {
	x := assess(t, "15.2.792.3", exposure.Settings{})
	var first []string
	for _, s := range x.CVEs[:6] {
		first = append(first, s.ID+" "+s.Exploited)
	}
	want := []string{"CVE-2021-26855 2021-11-03", "CVE-2021-26857 2021-11-03", "CVE-2021-26858 2021-11-03", "CVE-2021-27065 2021-11-03", "CVE-2021-31196 2024-08-21", "CVE-2021-31207 2021-11-03"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
}

func TestNames(t *testing.T) {
	for build, want := range map[string]string{
		"15.2.792.10":      "Exchange Server 2019|Exchange Server 2019 CU8 Mar21SU|2021-03-02",
		"15.2.792.11":      "Exchange Server 2019|between Exchange Server 2019 CU8 Mar21SU and Exchange Server 2019 CU8 Apr21SU|",
		"15.2.792":         "Exchange Server 2019|Exchange Server 2019 CU8, security update unknown|",
		"15.2.2562.99":     "Exchange Server SE|newer than Exchange Server SE RTM May26HU|",
		"15.2.3000.1":      "Exchange Server SE|newer than Exchange Server SE RTM May26HU|",
		"15.1.1.1":         "Exchange Server 2016|older than Exchange Server 2016 Preview|",
		"15.0.1395.4":      "Exchange Server 2013|Exchange Server 2013 CU21|2018-06-19",
		"8.3.83.6":         "Exchange Server 2007|Exchange Server 2007 SP3|2010-06-07",
		"15.0.4569.1506":   "SharePoint before 2016||",
		"16.0.14326.20450": "SharePoint Server Subscription Edition||",
	} {
		x := assess(t, build, exposure.Settings{})
		if got := x.Product + "|" + x.Name + "|" + x.Updated; got != want {
			t.Errorf("%s: got %q, want %q", build, got, want)
		}
		if len(x.Notes) == 0 {
			t.Errorf("%s: no notes", build)
		}
	}
	for _, build := range []string{"15.2.2562.99", "15.2.3000.1"} {
		if x := assess(t, build, exposure.Settings{}); !slices.ContainsFunc(x.Notes, func(n string) bool { return strings.Contains(n, "2026-05-07") && strings.Contains(n, "2026-02-10") }) {
			t.Errorf("%s: no note dates the table: %q", build, x.Notes)
		}
	}
	if got := exposure.Assess([]exposure.Evidence{{Build: "10.0.17763.1"}, {Build: "?"}, {Build: "15.2.792.3", Product: exposure.SharePoint}}, exposure.Settings{}); got != nil {
		t.Errorf("got %+v of builds of neither product", got)
	}
}

// TestVague makes sure that a log of CU8 alone does not pass for CU8 without
// security updates.
func TestVague(t *testing.T) {
	found := []exposure.Evidence{
		{Build: "15.2.792.3", Ref: evidence.Ref{Path: "ExchangeSetup.log", Line: 9}},
		{Build: "15.2.721.2", Ref: evidence.Ref{Path: "ExchangeSetup.log", Line: 2}},
	}
	x := exposure.Assess(found, exposure.Settings{})[0]
	for cve, want := range map[string]string{
		"CVE-2021-26855": "depends 15.2.792.10",
		"CVE-2021-34473": "depends 15.2.792.13",
		"CVE-2022-41082": "vulnerable", // no update of CU8 mends it
		"CVE-2020-0688":  "fixed 15.2.595.3",
	} {
		if got := state(x, cve); got != want {
			t.Errorf("%s: got %q, want %q", cve, got, want)
		}
	}
	if !strings.Contains(strings.Join(x.Notes, " "), "15.2.721.2") || x.Build != "15.2.792.3" {
		t.Errorf("%s: notes %q do not name the older build", x.Build, x.Notes)
	}
	// The program file decides.
	found = append(found, exposure.Evidence{Build: "15.02.0792.003", Exact: true, Ref: evidence.Ref{Path: "V15/Bin/ExSetup.exe"}})
	if got := state(exposure.Assess(found, exposure.Settings{})[0], "CVE-2021-26855"); got != "vulnerable 15.2.792.10" {
		t.Errorf("with ExSetup.exe: got %q", got)
	}
	// The order of evidence does not matter.
	want := exposure.Assess(found, exposure.Settings{})
	for range 20 {
		rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		if diff := cmp.Diff(want, exposure.Assess(found, exposure.Settings{})); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestCollector: rows tell the security update, until their day; a damaged
// or an old configuration tells nothing.
func TestCollector(t *testing.T) {
	row := func(revision string, day int, line int) *event.Event {
		return &event.Event{Time: time.Date(2023, 1, day, 0, 0, 0, 0, time.UTC), Ref: evidence.Ref{Path: "HttpProxy.LOG", Line: line}, Data: &event.Table{Source: event.HTTPProxy,
			Names: []string{"MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion"}, Values: []string{"15", "1", "2375", revision}}}
	}
	conf := func(path, kind, location, token string) *event.Event {
		return &event.Event{Ref: evidence.Ref{Path: path}, Data: &event.Table{Source: event.Config,
			Names: []string{"Kind", "Location", "Windows", "TokenChecking"}, Values: []string{kind, location, "true", token}}}
	}
	events := []*event.Event{
		row("7", 3, 5), row("7", 11, 900), row("7", 8, 6),
		{Ref: evidence.Ref{Path: "Logging/HttpProxy.LOG"}, Data: &event.Table{Source: event.Setup, Names: []string{"Product", "Version"}, Values: []string{"Exchange", "15.01.2375.007"}}},
		conf("Windows/System32/inetsrv/config/applicationHost.config", "authentication", "Exchange Back End/EWS", "None"),
		conf("Windows/System32/inetsrv/config/applicationHost.config", "end", "", ""),
		conf("inetpub/history/CFGHISTORY_0000000001/applicationHost.config", "authentication", "Exchange Back End/EWS", "Require"),
		conf("inetpub/history/CFGHISTORY_0000000001/applicationHost.config", "end", "", ""),
		conf("a/applicationHost.config", "authentication", "Exchange Back End/EWS", "Require"), // no end: damaged
	}
	var want []wire.Exposure
	for n := range 20 {
		rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		var c exposure.Collector
		for _, e := range events {
			c.Add(e)
		}
		got := c.Exposures()
		if n == 0 {
			want = got
			if len(got) != 1 || state(got[0], "CVE-2022-41040") != "vulnerable 15.1.2375.37" || state(got[0], "CVE-2024-21410") != "vulnerable" {
				t.Fatalf("got %+v", got)
			}
			if !strings.Contains(strings.Join(got[0].Notes, " "), "of 2023-01-11") || got[0].Proof[0].Line != 5 {
				t.Errorf("notes %q, proof %v", got[0].Notes, got[0].Proof)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestNewerIsNotWorse: inside one CU a newer build is open to no more.
func TestNewerIsNotWorse(t *testing.T) {
	rank := map[wire.State]int{wire.Vulnerable: 2, wire.Depends: 1, wire.Fixed: 0}
	for _, cu := range exposure.CUs() {
		for _, exact := range []bool{true, false} {
			var before map[string]int
			last := 3
			if exact {
				last = 70 // the highest revision there is: 15.1.2507.66
			}
			for revision := range last {
				b := cu
				b[3] = revision
				x := exposure.Assess([]exposure.Evidence{{Build: b.String(), Exact: exact}}, exposure.Settings{})
				if len(x) != 1 {
					t.Fatalf("%s: %d exposures", b, len(x))
				}
				now := map[string]int{}
				for _, s := range x[0].CVEs {
					now[s.ID] = rank[s.State]
					// A vague base build may be anything: it is compared by the exact run.
					if was, ok := before[s.ID]; exact && ok && now[s.ID] > was {
						t.Errorf("%s %s is worse than the build before it", b, s.ID)
					}
				}
				if before != nil && len(now) != len(before) {
					t.Errorf("%s lists %d vulnerabilities, the build before it %d", b, len(now), len(before))
				}
				before = now
			}
		}
	}
}

func FuzzAssess(f *testing.F) {
	f.Add("15.02.1118.036", true)
	f.Add("Version 15.2 (Build 31118.36)", false)
	f.Add("16.0.5513.1001", true)
	f.Add("15.2.792", false)
	f.Fuzz(func(t *testing.T, build string, exact bool) {
		for _, x := range exposure.Assess([]exposure.Evidence{{Build: build, Exact: exact}}, exposure.Settings{}) {
			if x.Product == "" || x.Build == "" || len(x.Notes) == 0 {
				t.Errorf("%q: %+v", build, x)
			}
			if again, ok := exposure.ParseBuild(x.Build); !ok || again.String() != x.Build {
				t.Errorf("%q does not read back", x.Build)
			}
		}
	})
}
