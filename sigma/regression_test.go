package sigma

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"limier/parse/evtx"
)

// shared returns a path in the folder of real evidence, or skips the test.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	name := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no %s: real evidence is not in the repository", filepath.Join(elem...))
	}
	return name
}

// sigmaHQ compiles the rules of a checkout of SigmaHQ/sigma, which
// LIMIER_SIGMAHQ names, or skips the test.
func sigmaHQ(t testing.TB) *Engine {
	t.Helper()
	root := os.Getenv("LIMIER_SIGMAHQ")
	if root == "" {
		t.Skip("LIMIER_SIGMAHQ names no checkout of https://github.com/SigmaHQ/sigma")
	}
	c := &Collection{}
	for _, tree := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		part, errs := Read(os.DirFS(filepath.Join(root, tree)))
		for _, e := range errs {
			t.Error(e.Error())
		}
		c.Rules = append(c.Rules, part.Rules...)
	}
	e, errs := Compile(c, Config{})
	for _, err := range errs {
		t.Log(err.Error())
	}
	return e
}

// info is what SigmaHQ says of a regression case.
type info struct {
	Rules []struct {
		ID string `yaml:"id"`
	} `yaml:"rule_metadata"`
	Tests []struct {
		Type  string `yaml:"type"`
		Count int    `yaml:"match_count"`
		Path  string `yaml:"path"`
	} `yaml:"regression_tests_info"`
}

// Every regression case of SigmaHQ that we have matches its rule as often as
// SigmaHQ says.
func TestRegression(t *testing.T) {
	root := os.DirFS(shared(t, "data", "sigma"))
	e := sigmaHQ(t)
	have := map[string]bool{}
	for _, r := range e.Rules() {
		have[r.ID] = true
	}
	cases := 0
	err := fs.WalkDir(root, "regression_data", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Base(name) != "info.yml" {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		var in info
		if err := yaml.Unmarshal(data, &in); err != nil {
			return err
		}
		for _, test := range in.Tests {
			if test.Type != "evtx" {
				t.Logf("%s: %s cases are not read", name, test.Type)
				continue
			}
			cases++
			f, err := root.Open(test.Path)
			if err != nil {
				return err
			}
			got := map[string]int{}
			for ev, err := range evtx.Parser.Parse(context.Background(), test.Path, f) {
				if err != nil {
					t.Errorf("%s: %v", test.Path, err)
					continue
				}
				for _, r := range e.Match(ev, nil) {
					got[r.ID]++
				}
			}
			f.Close()
			for _, r := range in.Rules {
				if !have[r.ID] {
					t.Errorf("%s: no rule %s", test.Path, r.ID)
					continue
				}
				if got[r.ID] < max(1, test.Count) {
					t.Errorf("%s: rule %s matched %d times, want at least %d", strings.TrimPrefix(test.Path, "regression_data/"), r.ID, got[r.ID], test.Count)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases < 100 {
		t.Errorf("only %d cases", cases)
	}
}
