package sigma

import (
	"bufio"
	"bytes"
	"encoding/json"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"limier/event"
	"limier/sighting"
)

// record is an event with its fields in the order they were written.
type record struct {
	source event.Logsource
	names  []string
	values []string
}

func (r *record) Logsource() event.Logsource { return r.source }

func (r *record) Field(name string) (string, bool) {
	if i := slices.Index(r.names, name); i >= 0 {
		return r.values[i], r.values[i] != ""
	}
	return "", false
}

func (r *record) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, n := range r.names {
			if !yield(n, r.values[i]) {
				return
			}
		}
	}
}

// readRecord reads the fields of an event from JSON. "source" is its log
// source, Sysmon's if absent; "want" is taken out. A space at the end of a name
// lets it repeat.
func readRecord(t *testing.T, line []byte) (r *record, want string) {
	t.Helper()
	r = &record{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.Token()
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		v, err := dec.Token()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch name, value := k.(string), v.(string); name {
		case "want":
			want = value
		case "source":
			parts := strings.Split(value, "/")
			r.source = event.Logsource{Product: parts[0], Category: parts[1], Service: parts[2]}
		default:
			r.names = append(r.names, strings.TrimRight(name, " "))
			r.values = append(r.values, value)
		}
	}
	if r.source == (event.Logsource{}) {
		id, _ := r.Field("EventID")
		r.source = event.Windows("Microsoft-Windows-Sysmon/Operational", id)
	}
	return r, want
}

func compile(t *testing.T, rules string) *Engine {
	t.Helper()
	c := &Collection{}
	for _, e := range c.Add("rules.yml", []byte(rules)) {
		t.Error(e.Error())
	}
	e, errs := Compile(c, Config{Placeholders: map[string][]string{"servers": {"EX01", "srv-*"}}})
	for _, e := range errs {
		t.Error(e.Error())
	}
	return e
}

func names(rules []*sighting.Rule) string {
	var all []string
	for _, r := range rules {
		all = append(all, r.Name)
	}
	return strings.Join(all, " ")
}

func file(t *testing.T, a *txtar.Archive, name string) string {
	t.Helper()
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

func TestMatch(t *testing.T) {
	archives, _ := filepath.Glob("testdata/match/*.txtar")
	if len(archives) == 0 {
		t.Fatal("no archives")
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			e := compile(t, file(t, a, "rules.yml"))
			seen := map[string]bool{}
			lines := bufio.NewScanner(strings.NewReader(file(t, a, "events.jsonl")))
			for lines.Scan() {
				r, want := readRecord(t, lines.Bytes())
				got := names(e.Match(&event.Event{Data: r}, nil))
				if got != want {
					t.Errorf("%s\ngot  %q\nwant %q", lines.Text(), got, want)
				}
				for _, n := range strings.Fields(want) {
					seen[n] = true
				}
			}
			for _, r := range e.Rules() {
				if !seen[r.Name] {
					t.Errorf("no event matches %s", r.Name)
				}
			}
		})
	}
}
