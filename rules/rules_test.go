package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/event"
	"limier/finding"
	"limier/parse"
	"limier/parse/accesslog"
	"limier/parse/exchange"
	"limier/parse/iis"
	"limier/parse/winevent"
	"limier/sighting"
	"limier/sigma"
)

// onDisk reads the rules as they lie in this folder.
func onDisk(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yml" {
			return err
		}
		files[name], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPackIsInSync(t *testing.T) {
	want := onDisk(t)
	got := 0
	for name, data := range Files() {
		got++
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s differs from the pack: run go generate ./rules", name)
		}
	}
	if got != len(want) {
		t.Errorf("the pack holds %d rules, the folder %d: run go generate ./rules", got, len(want))
	}
	for _, hostile := range []string{"eval(", "sekurlsa", "stratum", "Invoke-"} {
		if bytes.Contains(pack, []byte(hostile)) {
			t.Errorf("the pack holds %q in clear", hostile)
		}
	}
}

func engine(t *testing.T) *sigma.Engine { return compile(t, false) }

func compile(t *testing.T, lazy bool) *sigma.Engine {
	t.Helper()
	c := sigma.Collection{Lazy: lazy}
	for _, err := range Add(&c) {
		t.Errorf("%v", &err)
	}
	e, errs := sigma.Compile(&c, sigma.Config{})
	for _, err := range errs {
		t.Errorf("%v", &err)
	}
	return e
}

func TestHeaders(t *testing.T) {
	e := engine(t)
	all := append(e.Rules(), e.Correlations()...)
	seen := map[string]string{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, r := range all {
		fail := func(format string, args ...any) { t.Helper(); t.Errorf(r.Name+": "+format, args...) }
		for _, id := range []string{r.ID, r.Name} {
			if other, ok := seen[id]; ok {
				fail("%s is also that of %s", id, other)
			}
			seen[id] = r.Name
		}
		if !uuid.MatchString(r.ID) {
			fail("id %q is no UUID", r.ID)
		}
		if !kebab.MatchString(r.Name) {
			fail("the name is not kebab-case")
		}
		if r.Title == "" || r.Author == "" || r.Status == "" || r.Level == "" || len(r.References) == 0 || len(r.FalsePos) == 0 {
			fail("title, author, status, level, references or falsepositives are missing")
		}
		if !strings.Contains(r.Description, "Fooled by: ") {
			fail("the description does not say what fools the rule")
		}
		tagged := func(prefix string) bool {
			return slices.ContainsFunc(r.Tags, func(tag string) bool { return strings.HasPrefix(tag, prefix) })
		}
		if !tagged("attack.t") || !tagged("limier.") {
			fail("no technique, or no detector that reads it, in the tags %v", r.Tags)
		}
	}
	if len(all) != len(onDisk(t)) {
		t.Errorf("got %d rules of %d files", len(all), len(onDisk(t)))
	}
}

var parsers = []*parse.Parser{winevent.Parser, exchange.Parser, iis.Parser, accesslog.Parser}

// events parses an example: files.jsonl holds files, everything else is a log.
func events(t *testing.T, name string, data []byte) (all []*event.Event) {
	t.Helper()
	if path.Base(name) == "files.jsonl" {
		for line := range bytes.Lines(data) {
			var f struct{ TargetFilename string }
			if err := json.Unmarshal(line, &f); err != nil {
				t.Fatal(err)
			}
			all = append(all, &event.Event{Data: &event.FileData{Path: f.TargetFilename}})
		}
		return all
	}
	for _, p := range parsers {
		if !p.Match(name, data) {
			continue
		}
		f, err := fstest.MapFS{name: {Data: data}}.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range p.Events(context.Background(), name, f) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			all = append(all, e)
		}
		return all
	}
	t.Errorf("%s: no parser reads it", name)
	return nil
}

// Every rule recognises each of its positive examples and none of its negative
// ones, read at once or late. A correlation is shown all of either at once.
func TestExamples(t *testing.T) {
	e, late := engine(t), compile(t, true)
	correlations := map[string]bool{}
	for _, c := range e.Correlations() {
		correlations[c.Name] = true
	}
	for file := range onDisk(t) {
		name := strings.TrimSuffix(path.Base(file), ".yml")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(strings.TrimSuffix(file, ".yml") + ".txtar")
			if errors.Is(err, fs.ErrNotExist) {
				t.Fatal("no examples: a rule without them is refused")
			}
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			sightings := map[string][]sighting.Sighting{}
			for _, f := range archive.Files {
				sign, rest, _ := strings.Cut(f.Name, "/")
				if sign != "positive" && sign != "negative" {
					t.Errorf("%s is neither positive nor negative", f.Name)
				}
				for i, ev := range events(t, rest, f.Data) {
					count[sign]++
					matched := false
					found := e.Match(ev, nil)
					if diff := cmp.Diff(late.Match(ev, nil), found); diff != "" {
						t.Errorf("%s example %d of %s, rules read late: %s", sign, i+1, f.Name, diff)
					}
					for _, r := range found {
						matched = matched || r.Name == name
						sightings[sign] = append(sightings[sign], sighting.Sighting{Rule: r, Event: ev, Count: 1, Last: ev.Time})
					}
					if !correlations[name] && matched != (sign == "positive") {
						t.Errorf("%s example %d of %s: matched is %v\n%v", sign, i+1, f.Name, matched, show(ev))
					}
				}
			}
			if count["positive"] == 0 || count["negative"] == 0 {
				t.Errorf("got %d positive and %d negative examples, want some of both", count["positive"], count["negative"])
			}
			if !correlations[name] {
				return
			}
			for sign, seen := range sightings {
				matched := slices.ContainsFunc(e.Correlator().Run(seen), func(c sigma.Correlated) bool { return c.Rule.Name == name })
				if matched != (sign == "positive") {
					t.Errorf("the %s examples together: matched is %v", sign, matched)
				}
			}
		})
	}
}

func show(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v", e.Data.Logsource())
	for name, v := range e.Data.Fields() {
		fmt.Fprintf(&b, "\n  %s = %s", name, v)
	}
	return b.String()
}

// Levels are Sigma's words, and informational rules are those that mean
// nothing alone.
func TestLevels(t *testing.T) {
	for _, r := range engine(t).Rules() {
		switch r.Level {
		case finding.Informational, finding.Low, finding.Medium, finding.High, finding.Critical:
		default:
			t.Errorf("%s: level %q", r.Name, r.Level)
		}
	}
}
