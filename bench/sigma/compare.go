package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing/fstest"

	theirs "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator"

	"limier/event"
	"limier/parse"
	"limier/parse/evtx"
	"limier/parse/winevent"
	"limier/sigma"
)

// A peer is a rule in sigma-go.
type peer struct {
	rule  *evaluator.RuleEvaluator
	title string
}

// aliases are the fields of Security events that Sigma's rules know by Sysmon's
// names: sigma-go has no such taxonomy, so it is given them.
var aliases = []string{"Image", "ParentImage", "CommandLine", "ParentProcessId", "LogonId", "IntegrityLevel", "User", "TargetObject", "Details", "EventType"}

// compare runs the same rules with Limier and sigma-go on the same events, and
// writes where they differ. Which rules concern which events is Limier's word
// for both: sigma-go leaves that to its user.
func compare(w io.Writer, rules, data string) error {
	c, errs := read(rules, shipped...)
	if len(errs) > 0 {
		return &errs[0]
	}
	windows := &sigma.Collection{}
	for _, r := range c.Rules {
		if r.Logsource.Product == "windows" {
			windows.Rules = append(windows.Rules, r)
		}
	}
	b := comparison{peers: map[event.Logsource]map[string]peer{}, differences: map[string]*difference{}}
	b.ours, _ = sigma.Compile(windows, sigma.Config{})
	if err := b.readPeers(windows.Rules, rules); err != nil {
		return err
	}
	if err := corpus(data, b.event); err != nil {
		return err
	}
	b.write(w)
	return nil
}

type difference struct {
	title    string
	ours     bool
	count    int
	example  string
	lastText string
}

// A comparison is of the same rules on the same events.
type comparison struct {
	ours         *sigma.Engine
	gate         *sigma.Engine // which rules of sigma-go's concern an event
	peers        map[event.Logsource]map[string]peer
	unread       []string
	events, both int
	differences  map[string]*difference
}

// readPeers reads the rules that Limier compiled with sigma-go, too.
func (b *comparison) readPeers(all []*sigma.Rule, folder string) error {
	compiled := map[string]bool{}
	for _, r := range b.ours.Rules() {
		compiled[r.ID] = true
	}
	var gates []string
	for _, r := range all {
		if !compiled[r.ID] {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(r.File)))
		if err != nil {
			return err
		}
		parsed, err := theirs.ParseRule(text)
		if err != nil {
			b.unread = append(b.unread, fmt.Sprintf("%s: %v", r.File, err))
			continue
		}
		if b.peers[r.Logsource] == nil {
			b.peers[r.Logsource] = map[string]peer{}
			gates = append(gates, fmt.Sprintf("title: %s/%s/%s\nlogsource: {product: %q, category: %q, service: %q}\ndetection: {a: {NoSuchField: null}, condition: a}\n",
				r.Logsource.Product, r.Logsource.Category, r.Logsource.Service, r.Logsource.Product, r.Logsource.Category, r.Logsource.Service))
		}
		b.peers[r.Logsource][r.ID] = peer{evaluator.ForRule(parsed), r.Title}
	}
	gateRules := &sigma.Collection{}
	gateRules.Add("gates.yml", []byte(strings.Join(gates, "---\n")))
	b.gate, _ = sigma.Compile(gateRules, sigma.Config{})
	return nil
}

// event runs both on one event.
func (b *comparison) event(name string, ev *event.Event) {
	b.events++
	got := map[string]bool{}
	for _, r := range b.ours.Match(ev, nil) {
		got[r.ID] = true
	}
	fields := map[string]string{}
	for k, v := range ev.Data.Fields() {
		if old, ok := fields[k]; ok && k == "Data" {
			v = old + "\n" + v
		} else if ok {
			continue // Limier takes any of the values
		}
		fields[k] = v
	}
	for _, a := range aliases {
		if v, ok := sigma.Field(ev, a); ok && fields[a] == "" {
			fields[a] = v
		}
	}
	for _, g := range b.gate.Match(ev, nil) {
		parts := strings.Split(g.Title, "/")
		for id, p := range b.peers[event.Logsource{Product: parts[0], Category: parts[1], Service: parts[2]}] {
			result, err := p.rule.Matches(context.Background(), fields)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if result.Match == got[id] {
				if got[id] {
					b.both++
				}
				continue
			}
			key := fmt.Sprint(p.title, got[id])
			if b.differences[key] == nil {
				b.differences[key] = &difference{title: p.title, ours: got[id], example: fmt.Sprintf("%s#%d", name, ev.Ref.Record), lastText: text}
			}
			b.differences[key].count++
		}
	}
}

func (b *comparison) write(w io.Writer) {
	fmt.Fprintf(w, `# Limier and sigma-go on the same rules and logs

%d of SigmaHQ's Windows rules on %d events of data/evtx-attack, data/evtx-benign
and data/sigma. Made by `+"`go run . compare RULES DATA`"+` in bench/sigma, with
bradleyjkemp/sigma-go v0.6.6. The reasons are looked up in why.go, by hand.

- both match: %d times
- rules that sigma-go cannot read: %d

| rule | only | times | first at | why |
|---|---|---:|---|---|
`, len(b.ours.Rules()), b.events, b.both, len(b.unread))
	var keys []string
	for k := range b.differences {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		d := b.differences[k]
		only := "sigma-go"
		if d.ours {
			only = "Limier"
		}
		fmt.Fprintf(w, "| %s | %s | %d | %s | %s |\n", d.title, only, d.count, d.example, why(d.title, d.ours, d.lastText))
	}
	fmt.Fprint(w, "\n## Rules that sigma-go cannot read\n\n")
	for _, u := range b.unread {
		fmt.Fprintf(w, "- %s\n", strings.ReplaceAll(u, "\n", " "))
	}
}

// corpus calls each with every event of the evidence's Windows logs.
func corpus(data string, each func(name string, ev *event.Event)) error {
	for _, group := range []string{"evtx-attack", "evtx-benign", "sigma/regression_data"} {
		err := filepath.WalkDir(filepath.Join(data, group), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if filepath.Ext(name) != ".zip" {
				events(filepath.Base(name), text, each)
				return nil
			}
			z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
			if err != nil {
				return err
			}
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					return err
				}
				text, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				events(f.Name[strings.LastIndexAny(f.Name, `/\`)+1:], text, each)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// events calls each with the events of one file, if it is a Windows log.
func events(name string, text []byte, each func(name string, ev *event.Event)) {
	for _, p := range []*parse.Parser{evtx.Parser, winevent.Parser} {
		if !p.Match(name, text[:min(len(text), 4096)]) {
			continue
		}
		f, err := fstest.MapFS{"f": {Data: text}}.Open("f")
		if err != nil {
			return
		}
		for ev, err := range p.Events(context.Background(), name, f) {
			if err == nil {
				each(name, ev)
			}
		}
		return
	}
}
