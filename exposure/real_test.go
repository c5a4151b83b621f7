package exposure_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/parse"
	"limier/parse/build"
	"limier/parse/config"
)

var update = flag.Bool("update", false, "rewrite doc/exposure.md")

// setups says which build each real ExchangeSetup.log proves to be installed,
// read by eye: all of these runs failed, or prepared Active Directory, so the
// build is what setup found on the machine before ("locally installed version").
var setups = []struct{ file, version, operation, outcome, why string }{
	{"ExchangeSetup-PrepareSchema-8245.log", "15.1.1531.3", "prepareschema", "failed", "15.1.2176.2 prepared the schema only"},
	{"ExchangeSetup_ADUpdated_NoOrgMan.log", "15.2.721.2", "BuildToBuildUpgrade", "failed", "upgrade to 15.2.792.3 failed before it copied files"},
	{"ExchangeSetup_Failed_Mount_Database.log", "15.0.1497.2", "BuildToBuildUpgrade", "failed", "failed after the files of 15.0.1497.2 were installed"},
	{"ExchangeSetup_Firewall_Endpoint.log", "15.0.1497.2", "BuildToBuildUpgrade", "failed", "the same, in a second attempt"},
	{"ExchangeSetup_InstallFromBin.log", "15.1.2176.9", "BuildToBuildUpgrade", "failed", "setup was started from the installed Bin folder: its version is the installed one"},
	{"ExchangeSetup_MSI_1.log", "15.0.1497.2", "BuildToBuildUpgrade", "failed", "failed after the files were installed"},
	{"ExchangeSetup_MSI_3.log", "", "BuildToBuildUpgrade", "unfinished", "the excerpt ends before setup says what is installed"},
	{"ExchangeSetup_MSI_4.log", "15.1.2106.2", "BuildToBuildUpgrade", "failed", "failed after the files were installed"},
	{"ExchangeSetup_MSI_5.log", "15.1.2242.4", "BuildToBuildUpgrade", "failed", "upgrade to 15.1.2308.8 failed"},
	{"ExchangeSetup_MissingDirectory.log", "15.0.1497.2", "BuildToBuildUpgrade", "failed", "failed after the files were installed"},
	{"ExchangeSetup_Missing_HomeMdb.log", "15.0.1497.2", "BuildToBuildUpgrade", "failed", "failed after the files were installed"},
	{"ExchangeSetup_Multi_EAS_Vdirs.log", "15.2.922.7", "BuildToBuildUpgrade", "failed", "upgrade to 15.2.986.5 failed"},
	{"ExchangeSetup_Reboot_Pending.log", "", "prepareschema", "failed", "no Exchange on this machine: 15.1.2106.2 prepared the schema"},
	{"ExchangeSetup_SchemaAdmin_PrepareSchema.log", "15.2.721.2", "prepareschema", "failed", "second of two runs; the first had a wrong command line"},
	{"ExchangeSetup_Search_Foundation_Failure_Install.log", "15.2.922.7", "Install", "failed", "failed after the files were installed"},
	{"ExchangeSetup_Vdir_1.log", "15.1.2106.2", "BuildToBuildUpgrade", "failed", "failed after the files were installed"},
}

// hosts says what Extended Protection is in each real applicationHost.config,
// by the manifest of the evidence and by CSS-Exchange's own tests, and how its
// files were read by eye where those are silent.
var hosts = []struct {
	file string
	want exposure.Setting
	why  string
}{
	{"HC_E19_Exchange_IIS_BadApplicationHost.config", exposure.Unknown, "malformed on purpose: a gap"},
	{"HC_E19_Exchange_IIS_applicationHost1.config", exposure.On, "every directory as it should be"},
	{"HC_E19_Exchange_IIS_applicationHost2.config", exposure.Partial, "PowerShell of the back end has None"},
	{"Shared_Data_E16_applicationHost_Mixed.config", exposure.Off, "None everywhere"},
	{"Shared_Data_E19_applicationHost_Default.config", exposure.Off, "not set"},
	{"Shared_ExtendedProtection_Data_E15_Configured_Mbx_ApplicationHost.config", exposure.On, "manifest: ON"},
	{"Shared_ExtendedProtection_Data_E15_NotConfigured_Both_ApplicationHost.config", exposure.Off, "manifest: OFF"},
	{"Shared_ExtendedProtection_Data_E15_NotConfigured_Cas_ApplicationHost.config", exposure.Off, "manifest: OFF"},
	{"Shared_ExtendedProtection_Data_E16_Configured_IPFilter_ApplicationHost.config", exposure.On, "manifest: ON; EWS of the back end by addresses"},
	{"Shared_ExtendedProtection_Data_E19_NotConfigured_ApplicationHost.config", exposure.Off, "manifest: OFF"},
}

// parseFile adds the events of a file to a collector.
func parseFile(t *testing.T, fsys fs.FS, p *parse.Parser, name string, visit func(*event.Event)) (gaps int) {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 4096)
	g, _ := fsys.Open(name)
	n, _ := g.Read(head)
	g.Close()
	if !p.Match(name, head[:n]) {
		t.Errorf("%s is not for %s", name, p.Name)
	}
	for e, err := range p.Parse(context.Background(), name, f) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			gaps++
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			visit(e)
		}
	}
	return gaps
}

// TestRealServers reads real setup logs and configurations, and compares the
// table in doc/exposure.md. -update rewrites that.
func TestRealServers(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	fsys := os.DirFS(dir)
	var doc bytes.Buffer
	doc.WriteString(intro)
	for _, want := range setups {
		var c exposure.Collector
		var last *event.Event
		parseFile(t, fsys, build.Setup, "data/exchange-logs/exchangesetup/"+want.file, func(e *event.Event) { c.Add(e); last = e })
		if last == nil {
			t.Fatalf("%s: no run of setup", want.file)
		}
		got := last.Field("Version")
		if got != want.version || last.Field("Operation") != want.operation || last.Field("Outcome") != want.outcome {
			t.Errorf("%s: got %q %s %s, want %q %s %s", want.file, got, last.Field("Operation"), last.Field("Outcome"), want.version, want.operation, want.outcome)
		}
		name, count := "–", "–"
		for _, x := range c.Exposures() {
			counts := map[string]int{}
			for _, s := range x.CVEs {
				counts[string(s.State)]++
			}
			name, count = x.Name, fmt.Sprintf("%d / %d / %d", counts["vulnerable"], counts["depends"], counts["fixed"])
		}
		fmt.Fprintf(&doc, "| %s | %s | %s | %s, %s | %s | %s | %s |\n", strings.TrimSuffix(want.file, ".log"), dash(want.version), dash(got),
			last.Field("Operation"), last.Field("Outcome"), name, count, want.why)
	}
	doc.WriteString(middle)
	for _, want := range hosts {
		var c exposure.Collector
		gaps := parseFile(t, fsys, config.Parser, "data/misc/exchange-iis-config/"+want.file, c.Add)
		got := c.Settings()
		if got.ExtendedProtection != want.want {
			t.Errorf("%s: got %q, want %q", want.file, got.ExtendedProtection, want.want)
		}
		if (gaps > 0) != strings.Contains(want.file, "Bad") {
			t.Errorf("%s: %d gaps", want.file, gaps)
		}
		c.AddBuild(exposure.Evidence{Build: "15.2.1544.4", Exact: true, Ref: evidence.Ref{Path: "ExSetup.exe"}})
		state := ""
		for _, s := range c.Exposures()[0].CVEs {
			if s.ID == "CVE-2024-21410" {
				state = string(s.State)
			}
		}
		fmt.Fprintf(&doc, "| %s | %s | %s | %s | %s | %s |\n", strings.TrimSuffix(want.file, path.Ext(want.file)),
			or(want.want), or(got.ExtendedProtection), or(got.TokenCacheModule), state, want.why)
	}
	if *update {
		if err := os.WriteFile("../doc/exposure.md", doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("../doc/exposure.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doc.String(), string(have)); diff != "" {
		t.Errorf("doc/exposure.md is out of date: go test ./exposure -run TestRealServers -update\n%s", diff)
	}
}

func dash(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func or(s exposure.Setting) string {
	if s == "" {
		return "unknown"
	}
	return string(s)
}

const intro = `# Builds and settings of real servers: expected and got

Made by ` + "`go test ./exposure -run TestRealServers -update`" + ` from setup logs of Microsoft's support cases and
configurations of real servers (microsoft/CSS-Exchange, MIT), which are not part of this repository.

## ExchangeSetup.log

None of these runs succeeded. *Installed* is the build that the log proves to be on the machine at that time; a log
names the cumulative update, not the security update on top of it, so most of its vulnerabilities "depend".

| log | installed, expected | got | run | is | vulnerable / depends / fixed | why |
|---|---|---|---|---|---|---|
`

const middle = `
## applicationHost.config

Extended Protection decides about CVE-2024-21410, shown here for a server of build 15.2.1544.4 with that configuration.

| configuration | expected | got | TokenCacheModule | CVE-2024-21410 | why |
|---|---|---|---|---|---|
`
