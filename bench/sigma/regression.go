package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"

	"go.yaml.in/yaml/v3"

	"limier/event"
	"limier/parse"
	"limier/parse/evtx"
	"limier/parse/winevent"
	"limier/sigma"
)

// A suite is what SigmaHQ says of a regression case.
type suite struct {
	Rules []struct {
		ID    string `yaml:"id"`
		Title string `yaml:"title"`
	} `yaml:"rule_metadata"`
	Tests []struct {
		Type  string `yaml:"type"`
		Count int    `yaml:"match_count"`
		Path  string `yaml:"path"`
	} `yaml:"regression_tests_info"`
}

// regression writes, case by case, whether the rule matches as often as SigmaHQ
// says, and what else matches.
func regression(w io.Writer, rules, data string) error {
	c, errs := read(rules, shipped...)
	if len(errs) > 0 {
		return &errs[0]
	}
	e, _ := sigma.Compile(c, sigma.Config{})
	root := filepath.Join(data, "sigma")
	var cases, passed, skipped int
	var rows bytes.Buffer
	err := filepath.WalkDir(filepath.Join(root, "regression_data"), func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Base(name) != "info.yml" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var s suite
		if err := yaml.Unmarshal(text, &s); err != nil {
			return err
		}
		for _, t := range s.Tests {
			events, err := eventsOf(filepath.Join(root, t.Path), t.Type)
			if err != nil {
				return err
			}
			got := map[string]int{}
			for _, ev := range events {
				for _, r := range e.Match(ev, nil) {
					got[r.ID]++
				}
			}
			for _, r := range s.Rules {
				want := max(1, t.Count)
				verdict := "yes"
				switch {
				case events == nil:
					verdict = "not read: " + t.Type
					skipped++
				case got[r.ID] < want:
					verdict = "**no**"
				default:
					passed++
				}
				cases++
				others := len(got)
				if got[r.ID] > 0 {
					others--
				}
				fmt.Fprintf(&rows, "| %s | %s | %d | %d | %d | %s | %d |\n", r.Title, t.Type, len(events), want, got[r.ID], verdict, others)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, `# SigmaHQ's regression cases in Limier

Each case is a log and the rule that must match it at least as often as SigmaHQ
says (its own runner takes more matches for a warning). Made by `+"`go run . regression RULES DATA`"+`
in bench/sigma, with all rules loaded; "others" counts further rules that match.

%d of %d cases match; %d are in formats that Limier does not read.

| rule | log | events | wanted | matched | as it should | others |
|---|---|---:|---:|---:|---|---:|
`, passed, cases, skipped)
	lines := bufio.NewScanner(&rows)
	var sorted []string
	for lines.Scan() {
		sorted = append(sorted, lines.Text())
	}
	sort.Strings(sorted)
	for _, l := range sorted {
		fmt.Fprintln(w, l)
	}
	return nil
}

// eventsOf reads a case; nil if its format is not one of ours.
func eventsOf(name, kind string) (events []*event.Event, err error) {
	var p *parse.Parser
	switch kind {
	case "evtx":
		p = evtx.Parser
	case "json", "jsoncls":
		p = winevent.Parser
	default:
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for ev, err := range p.Events(context.Background(), name, f) {
		if err == nil {
			events = append(events, ev)
		}
	}
	return events, nil
}
