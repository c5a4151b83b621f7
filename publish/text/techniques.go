package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/internal/attack"
	"limier/publish"
)

// A technique sums up the findings that show one technique of ATT&CK.
type technique struct {
	id, name string
	level    finding.Level
	events   int // each counted once, however many findings it is in
	first    time.Time
	hosts    []string
	tried    bool // no finding shows more than an attempt
}

// techniquesOf lists the techniques: the weightiest first, then by time.
func techniquesOf(c *casefile.Case) []technique {
	var all []technique
	seen := map[string]map[evidence.Ref]bool{}
	for _, f := range c.Findings {
		for _, id := range f.Techniques {
			i := slices.IndexFunc(all, func(t technique) bool { return t.id == id })
			if i < 0 {
				i = len(all)
				all = append(all, technique{id: id, name: nameOf(id), level: f.Level, tried: true})
				seen[id] = map[evidence.Ref]bool{}
			}
			t := &all[i]
			if f.Level.Rank() > t.level.Rank() {
				t.level = f.Level
			}
			for _, s := range f.Steps {
				if !seen[id][s.Ref] {
					seen[id][s.Ref] = true
					t.events++
				}
			}
			t.events += max(0, f.Count-len(f.Steps))
			if !f.Start.IsZero() && (t.first.IsZero() || f.Start.Before(t.first)) {
				t.first = f.Start
			}
			if h := shortHost(f.Host); h != "" && !slices.Contains(t.hosts, h) {
				t.hosts = append(t.hosts, h)
			}
			t.tried = t.tried && f.Outcome == finding.Attempted
		}
	}
	slices.SortStableFunc(all, func(a, b technique) int {
		return cmp.Or(cmp.Compare(b.level.Rank(), a.level.Rank()), a.first.Compare(b.first), strings.Compare(a.id, b.id))
	})
	return all
}

// shortHost is a host's name without its domain: logs of one host write both.
func shortHost(host string) string {
	host, _, _ = strings.Cut(host, ".")
	return strings.ToUpper(host)
}

// nameOf names a technique with its parent: "Server Software Component: Web
// Shell".
func nameOf(id string) string {
	t, ok := attack.Lookup(id)
	if !ok {
		return "(not in ATT&CK " + attack.Version + ")"
	}
	if parent, sub, ok := strings.Cut(id, "."); ok && sub != "" {
		if p, ok := attack.Lookup(parent); ok {
			return p.Name + ": " + t.Name
		}
	}
	return t.Name
}

// techniques shows what the findings come to, a line for each technique.
func (p *page) techniques(c *casefile.Case) {
	list := techniquesOf(c)
	if len(list) == 0 {
		return
	}
	p.section("TECHNIQUES of MITRE ATT&CK " + attack.Version + ", first seen in UTC")
	hosts := p.tally(c.Findings)
	for i, t := range list {
		if i == 25 && !p.All {
			p.line("  ", fmt.Sprintf("… and %d more; --all shows them", len(list)-i))
			return
		}
		text := t.name + ": " + plural(int64(t.events), "event")
		if !t.first.IsZero() {
			text += ", first " + t.first.Format("2006-01-02 15:04")
		}
		if hosts > 1 && len(t.hosts) > 0 {
			text += " on " + strings.Join(t.hosts[:min(2, len(t.hosts))], ", ")
			if more := len(t.hosts) - 2; more > 0 {
				text += fmt.Sprintf(" and %d more", more)
			}
		}
		if t.tried {
			text += ", attempted"
		}
		level := fmt.Sprintf("%-8s", t.level)
		switch {
		case t.level.Rank() >= finding.High.Rank():
			level = p.paint(red, level)
		case t.level == finding.Medium:
			level = p.paint(yellow, level)
		}
		p.line("  "+level+"  "+fmt.Sprintf("%-9s", publish.Plain(t.id))+"  ", publish.Plain(text))
	}
}

// tally says how many findings there are of each level and, if there are
// several hosts, on each of them; it returns the number of hosts.
func (p *page) tally(findings []finding.Finding) (hosts int) {
	levels, byHost := map[finding.Level]int{}, map[string]int{}
	for _, f := range findings {
		levels[f.Level]++
		if h := shortHost(f.Host); h != "" {
			byHost[h]++
		}
	}
	var parts []string
	for _, l := range []finding.Level{finding.Critical, finding.High, finding.Medium, finding.Low, finding.Informational} {
		if n := levels[l]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, l))
		}
	}
	text := plural(int64(len(findings)), "finding") + ": " + strings.Join(parts, ", ")
	if len(byHost) > 1 {
		names := slices.SortedFunc(maps.Keys(byHost), func(a, b string) int {
			return cmp.Or(cmp.Compare(byHost[b], byHost[a]), strings.Compare(a, b))
		})
		parts = nil
		for _, h := range names[:min(8, len(names))] {
			parts = append(parts, fmt.Sprintf("%s %d", h, byHost[h]))
		}
		text += fmt.Sprintf("; on %d hosts: %s", len(byHost), strings.Join(parts, ", "))
		if len(names) > 8 {
			text += ", …"
		}
	}
	p.line("  ", publish.Plain(text))
	return len(byHost)
}
