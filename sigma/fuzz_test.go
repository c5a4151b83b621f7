package sigma

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"limier/event"
	"limier/sighting"
)

// judge evaluates a rule without the index: the oracle of the engine.
func judge(n *node, r *record) bool {
	switch n.op {
	case and:
		for _, k := range n.kids {
			if !judge(k, r) {
				return false
			}
		}
		return true
	case or:
		for _, k := range n.kids {
			if judge(k, r) {
				return true
			}
		}
		return false
	case not:
		return !judge(n.kids[0], r)
	}
	values := func(field string) (all []string) {
		id, _ := r.Field("EventID")
		s := &scratch{data: r}
		for _, w := range views(field, r.source, id) {
			if v, ok := s.view(w); ok && v != "" {
				all = append(all, v)
			}
		}
		return all
	}
	have := values(n.test.field)
	if n.test.kind == fieldTest {
		for _, a := range have {
			for _, b := range values(n.test.ref) {
				if refers(n.test.pattern, a, b) {
					return true
				}
			}
		}
		return false
	}
	if len(have) == 0 {
		return n.test.absent()
	}
	for _, v := range have {
		if n.test.matches(v) {
			return true
		}
	}
	return false
}

// FuzzEngine: no rules make it panic, and neither the index nor reading rules
// late changes what matches.
func FuzzEngine(f *testing.F) {
	archives, _ := filepath.Glob("testdata/match/*.txtar")
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, rule := range strings.Split(string(a.Files[0].Data), "---\n") {
			f.Add(rule, "powershell -enc x", "C:\\Windows\\cmd.exe", "4688")
		}
	}
	lint, err := txtar.ParseFile("testdata/lint.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range lint.Files {
		f.Add(string(file.Data), "a", "b", "1")
	}
	correlations, err := os.ReadFile("testdata/correlate.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(correlations), "a", "b", "4625")
	f.Fuzz(func(t *testing.T, rules, command, image, id string) {
		if len(rules) > 4<<10 || len(command)+len(image) > 2<<10 {
			return
		}
		c := &Collection{}
		c.Add("fuzz.yml", []byte(rules))
		config := Config{Placeholders: map[string][]string{"servers": {"EX01", "srv-*"}}}
		e, _ := Compile(c, config)
		lazy := &Collection{Lazy: true}
		lazy.Add("fuzz.yml", []byte(rules))
		late, _ := Compile(lazy, config)
		for _, source := range []event.Logsource{event.Windows("Microsoft-Windows-Sysmon/Operational", id), event.Windows("Security", id), event.IIS} {
			r := &record{source: source, names: []string{"EventID", "CommandLine", "Image", "cs-uri-stem", "cs-uri-query"}, values: []string{id, command, image, image, command}}
			ev := &event.Event{Data: r}
			var want []*sighting.Rule
			for _, s := range e.sources {
				if !concerns(s.rule.Logsource, r.source, eventID(r)) {
					continue
				}
				root := s.root
				if types := eventTypes(s.rule.Logsource.Category, r.source, eventID(r)); types != nil {
					root = &node{op: and, kids: []*node{root, typed(types)}}
				}
				if judge(root, r) {
					want = append(want, &s.rule.Rule)
				}
			}
			if got := e.Match(ev, nil); names(got) != names(want) {
				t.Fatalf("%v: got %q, want %q", r, names(got), names(want))
			}
			if got := late.Match(ev, nil); names(got) != names(want) {
				t.Fatalf("%v: got %q, want %q if rules are read late", r, names(got), names(want))
			}
			e.Literals(source)
		}
		e.Correlator().Run(nil)
	})
}

func eventID(r *record) string {
	if r.source.Product != "windows" {
		return ""
	}
	id, _ := r.Field("EventID")
	return id
}

// A pattern matches what the regular expression of its tokens matches.
func TestPattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := []rune(`aAb\*?%.É`)
		text := rapid.StringOfN(rapid.SampledFrom(letters), 0, 8, -1).Draw(t, "pattern")
		value := rapid.StringOfN(rapid.SampledFrom([]rune(`aAbB\*?%.éÉ`)), 0, 12, -1).Draw(t, "value")
		cased := rapid.Bool().Draw(t, "cased")
		toks := parseTokens(text, false)
		re := `(?s)^`
		for _, tok := range toks {
			switch tok.kind {
			case literalToken:
				re += regexp.QuoteMeta(tok.text)
			case starToken:
				re += ".*"
			case anyToken:
				re += "."
			}
		}
		re += "$"
		if !cased {
			re = "(?i)" + re
		}
		p := newPattern(toks, cased)
		if got, want := p.match(value), regexp.MustCompile(re).MatchString(value); got != want {
			t.Fatalf("%q (cased %v) on %q: got %v, want %v", text, cased, value, got, want)
		}
		if p.match(value) && !strings.Contains(strings.ToLower(value), p.required()) {
			t.Fatalf("%q matches %q, which lacks %q", text, value, p.required())
		}
	})
}

// What a regular expression is said to require, every match holds.
func TestRequired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alternatives := rapid.SampledFrom([]string{"ab|cd", "a(b|c)?d", "(?i)aB+c", "[ab]c{2}d", "x*(abc|bcd)", "(ab){1,2}c", `a\.b.*c`, "(a|b|)cd", "^abc$|d"})
		a, b := alternatives.Draw(t, "left"), alternatives.Draw(t, "right")
		re, sets, err := newRegex("(?:"+a+")x?(?:"+b+")", "")
		if err != nil {
			t.Fatal(err)
		}
		value := rapid.StringOfN(rapid.SampledFrom([]rune("abcdABCDx.")), 0, 14, -1).Draw(t, "value")
		if !re.MatchString(value) {
			return
		}
	next:
		for _, set := range sets {
			for _, l := range set {
				if strings.Contains(strings.ToLower(value), l) {
					continue next
				}
			}
			t.Fatalf("%v matches %q, which lacks all of %q", re, value, set)
		}
	})
}

// Events written for any of SigmaHQ's Windows rules match the same rules with
// the index of all and without.
func TestIndex(t *testing.T) {
	e := sigmaHQ(t)
	var windows []source
	for _, s := range e.sources {
		if s.rule.Logsource.Product == "windows" {
			windows = append(windows, s)
		}
	}
	channels := []struct{ name, id string }{
		{"Microsoft-Windows-Sysmon/Operational", "1"}, {"Microsoft-Windows-Sysmon/Operational", "11"},
		{"Microsoft-Windows-Sysmon/Operational", "13"}, {"Microsoft-Windows-PowerShell/Operational", "4104"},
		{"Security", "4688"}, {"System", "7045"},
	}
	matched := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(windows).Draw(t, "rule")
		fields := map[string]string{}
		satisfy(s.root, fields, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "alternative") })
		ch := rapid.SampledFrom(channels).Draw(t, "channel")
		for _, c := range channels {
			if concerns(s.rule.Logsource, event.Windows(c.name, c.id), c.id) {
				ch = c
			}
		}
		r := &record{source: event.Windows(ch.name, ch.id), names: []string{"EventID"}, values: []string{ch.id}}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if name != "EventID" && name != "cs-uri-query" {
				r.names, r.values = append(r.names, name), append(r.values, fields[name])
			}
		}
		var want []*sighting.Rule
		for _, o := range windows {
			if !concerns(o.rule.Logsource, r.source, ch.id) {
				continue
			}
			root := o.root
			if types := eventTypes(o.rule.Logsource.Category, r.source, ch.id); types != nil {
				root = &node{op: and, kids: []*node{root, typed(types)}}
			}
			if judge(root, r) {
				want = append(want, &o.rule.Rule)
				matched[o.rule.Name] = true
			}
		}
		if got := e.Match(&event.Event{Data: r}, nil); names(got) != names(want) {
			t.Fatalf("%v:\ngot  %q\nwant %q", r, names(got), names(want))
		}
	})
	t.Logf("events for %d rules", len(matched))
	if len(matched) < 5 { // of 100 random events
		t.Errorf("only %d rules matched an event", len(matched))
	}
}
