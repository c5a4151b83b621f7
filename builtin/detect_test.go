package builtin_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"limier/builtin"
	"limier/detect"
	"limier/evidence"
	"limier/finding"
	"limier/scan"
	"limier/sigma"
)

// folders are the folders of detectors, below detect.
var folders = map[string]string{
	"aftermath": "aftermath", "exchange-deserialization": "deserialization", "proxylogon": "proxylogon",
	"proxynotshell": "proxynotshell", "proxyshell": "proxyshell", "proxytoken": "proxytoken",
	"rule-match": "rulematch", "scanning": "scanning", "toolshell": "toolshell", "webshell": "webshell",
}

// findings scans the archive as evidence. A member that ends in .b64 is
// decoded, so that no web shell lies in the repository; those below rules/ are
// a user's rules.
func findings(t *testing.T, a *txtar.Archive, detectors []*detect.Detector) []finding.Finding {
	t.Helper()
	fsys := fstest.MapFS{}
	c, errs := builtin.Rules()
	for _, f := range a.Files {
		data := f.Data
		name, encoded := strings.CutSuffix(f.Name, ".b64")
		if encoded {
			var err error
			if data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), "")); err != nil {
				t.Fatal(f.Name, err)
			}
		}
		switch {
		case name == "want":
		case strings.HasPrefix(name, "rules/"):
			errs = append(errs, c.Add(name, data)...)
		default:
			fsys[name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: time.Date(2021, 3, 3, 7, 0, 0, 0, time.UTC)}
		}
	}
	engine, more := sigma.Compile(c, sigma.Config{})
	for _, err := range append(errs, more...) {
		t.Errorf("%v", &err)
	}
	var all []finding.Finding
	config := scan.Config{Parsers: builtin.Parsers(), Rules: engine, Languages: builtin.Languages(), Detectors: detectors}
	for m, err := range scan.Run(context.Background(), evidence.Source{ID: "test", Host: "EX01", FS: fsys}, config) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Finding != nil:
			all = append(all, *m.Finding)
		case m.Gap != nil:
			t.Errorf("gap %v: %s", m.Gap.Ref, m.Gap.Reason)
		}
	}
	return all
}

// describeFindings writes findings for a reader: what, why, who, and the proof.
func describeFindings(all []finding.Finding) string {
	var b strings.Builder
	for _, f := range all {
		outcome := f.Outcome
		if outcome == "" {
			outcome = "unknown"
		}
		fmt.Fprintf(&b, "%s %s %s, %s confidence: %s\n  %s\n", f.Level, f.Phase, outcome, f.Confidence, f.Title, f.Reason)
		fmt.Fprintf(&b, "  %s to %s; %s %s\n", f.Start.Format(time.RFC3339Nano), f.End.Format(time.RFC3339Nano), strings.Join(f.Techniques, " "), strings.Join(f.CVEs, " "))
		for _, e := range f.Entities {
			fmt.Fprintf(&b, "  %s %s %s\n", e.Type, e.Value, e.Role)
		}
		for _, s := range f.Steps {
			fmt.Fprintf(&b, "  - %s %s %s\n", s.Ref, s.Outcome, s.Text)
		}
	}
	return b.String()
}

// Every detector finds in its own archives what they want. A detector without
// an archive in which it finds something is refused.
func TestDetectors(t *testing.T) {
	for _, d := range builtin.Detectors() {
		t.Run(d.Name, func(t *testing.T) {
			archives, err := filepath.Glob("../detect/" + folders[d.Name] + "/testdata/*.txtar")
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, name := range archives {
				a, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				all := findings(t, a, []*detect.Detector{d})
				found += len(all)
				for _, f := range all {
					check(t, f)
					if d.Name != "rule-match" { // whose titles are the user's
						french(t, f.Title)
					}
				}
				compare(t, name, a, describeFindings(all))
			}
			if found == 0 {
				t.Error("finds nothing in its own testdata")
			}
		})
	}
}

// check looks at what every finding must have.
func check(t *testing.T, f finding.Finding) {
	t.Helper()
	if f.ID == "" || f.Rule == "" || f.Title == "" || f.Reason == "" || len(f.Steps) == 0 || f.Count == 0 || f.Confidence == "" || f.Level == "" {
		t.Errorf("incomplete finding %+v", f)
	}
	if f.End.Before(f.Start) {
		t.Errorf("%s ends before it starts", f.Title)
	}
	if !slices.IsSortedFunc(f.Steps, func(a, b finding.Step) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("%s: steps are not in time order", f.Title)
	}
}

func compare(t *testing.T, name string, a *txtar.Archive, got string) {
	t.Helper()
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
	if *update {
		if i < 0 {
			i = len(a.Files)
			a.Files = append(a.Files, txtar.File{Name: "want"})
		}
		a.Files[i].Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if i < 0 || string(a.Files[i].Data) != got {
		t.Errorf("%s: run with -update and read the difference; got\n%s", name, got)
	}
}

// No detector reports anything in ordinary evidence.
func TestBenign(t *testing.T) {
	archives, err := filepath.Glob("testdata/benign/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no benign archives", err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if all := findings(t, a, builtin.Detectors()); len(all) > 0 {
			t.Errorf("%s: findings in ordinary evidence:\n%s", name, describeFindings(all))
		}
	}
}

// Each rule that ships names a detector that exists.
func TestRulesNameDetectors(t *testing.T) {
	names := map[string]bool{}
	for _, d := range builtin.Detectors() {
		names[d.Name] = true
		if folders[d.Name] == "" {
			t.Errorf("%s: tell the test its folder", d.Name)
		}
	}
	c, _ := builtin.Rules()
	for _, r := range c.Rules {
		for _, tag := range r.Tags {
			if name, ok := strings.CutPrefix(tag, "limier."); ok && !names[name] {
				t.Errorf("%s: no detector %q", r.Name, name)
			}
		}
	}
}
