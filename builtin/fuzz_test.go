package builtin_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"limier/builtin"
	"limier/casefile"
	"limier/evidence"
	"limier/fleet"
	"limier/scan"
	"limier/sigma"
	"limier/wire"
)

// FuzzScan scans one file as evidence. Two scans agree, and the hub takes what
// was found: nothing in a log may keep a case from leaving its server.
func FuzzScan(f *testing.F) {
	archives, err := filepath.Glob("../detect/*/testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatal("no archives", err)
	}
	for _, name := range append(archives, logArchives(f)...) {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			name, encoded := strings.CutSuffix(file.Name, ".b64")
			data := file.Data
			if encoded {
				if data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), "")); err != nil {
					f.Fatal(file.Name, err)
				}
			}
			if name != "want" && len(data) < 4<<10 {
				f.Add(name, data)
			}
		}
	}
	c, _ := builtin.Rules()
	engine, _ := sigma.Compile(c, sigma.Config{})
	stream := func(t *testing.T, files fstest.MapFS, workers int) []byte {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		config := scan.Config{Parsers: builtin.Parsers(), Rules: engine, Languages: builtin.Languages(), Detectors: builtin.Detectors(), Evidence: true, Workers: workers}
		for m, err := range scan.Run(t.Context(), evidence.Source{ID: "fuzz", FS: files}, config) {
			if err != nil {
				t.Fatal(err)
			}
			if err := enc.Encode(m); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if !fs.ValidPath(name) || name == "." {
			return
		}
		files := fstest.MapFS{name: {Data: data, Mode: 0o644}}
		one := stream(t, files, 1)
		if two := stream(t, files, 2); !bytes.Equal(one, two) {
			t.Errorf("two scans differ:\n%s\n%s", one, two)
		}
		if _, err := fleet.CheckStream(one); err != nil {
			t.Errorf("%v\n%s", err, one)
		}
	})
}

// FuzzStream feeds the hub with what a server may send, and publishes what it
// takes: every export is well-formed and harms nobody who opens it.
func FuzzStream(f *testing.F) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	c := hostileCase("x")
	c.Findings[0].Entities = c.Findings[0].Entities[:3]
	for _, m := range []wire.Message{{Start: &c.Start}, {Exposure: &c.Exposures[0]}, {Finding: &c.Findings[0]}, {Gap: &c.Gaps[0]}, {End: &c.End}} {
		if err := enc.Encode(m); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		checked, err := fleet.CheckStream(data)
		if err != nil {
			return
		}
		exports(t, checked.Case)
	})
}

// FuzzPublishers puts a text wherever evidence can put one.
func FuzzPublishers(f *testing.F) {
	for _, bad := range hostileStrings {
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, bad string) { exports(t, hostileCase(bad)) })
}

// exports checks every export of the case but the French page, which takes
// long and is the English one in other words.
func exports(t *testing.T, c *casefile.Case) {
	t.Helper()
	for _, p := range builtin.Publishers() {
		if p.Name == "html-fr" {
			continue
		}
		if problem := harm(p, published(t, p, c)); problem != "" {
			t.Errorf("%s: %s", p.Name, problem)
		}
	}
}
