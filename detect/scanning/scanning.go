// Package scanning finds vulnerability scanners. Every server on the Internet
// is scanned: these findings change no verdict.
package scanning

import (
	"fmt"
	"slices"
	"strings"

	"limier/detect"
	"limier/finding"
	"limier/sighting"
)

const name = "scanning"

// Detector reads the sightings tagged limier.scanning.
var Detector = &detect.Detector{
	Name: name,
	Doc: `Vulnerability scanners

A client is a scanner if it says so by its user agent, or if it asks for many
paths and sends many attack strings that only scanners do. What answered it is
no sign of success.
Fooled by: anyone may send any user agent; an intruder's own scan looks alike.`,
	Run: run,
}

const (
	minPaths   = 3  // different paths that only scanners ask for
	minStrings = 10 // requests with an attack string
	maxClients = 25 // shown one by one
	maxShown   = 10 // requests of each
)

// A visitor is what one client sent.
type visitor struct {
	client         string
	named          string // the scanner that it says it is
	paths          []string
	strings, count int
	seen           []sighting.Sighting
}

func run(p *detect.Pass) []finding.Finding {
	clients, by, _ := detect.ByClient(p.Tagged("limier.scanning"))
	var scanners []*visitor
	for _, c := range clients {
		if c == "" {
			continue // nobody knows how many they are
		}
		v := &visitor{client: c, seen: by[c]}
		for _, s := range v.seen {
			r, _ := detect.RequestOf(s.Event)
			v.count += max(1, s.Count)
			switch s.Rule.Name {
			case "scanner-user-agent", "scanner-user-agent-proxy":
				v.named = r.Agent
			case "scanner-path":
				if !slices.Contains(v.paths, r.Path) {
					v.paths = append(v.paths, r.Path)
				}
			case "scanner-attack-string":
				v.strings += max(1, s.Count)
			}
		}
		if v.named != "" || len(v.paths) >= minPaths || v.strings >= minStrings {
			scanners = append(scanners, v)
		}
	}
	slices.SortStableFunc(scanners, func(a, b *visitor) int { return b.count - a.count })
	var all []finding.Finding
	for _, v := range scanners[:min(len(scanners), maxClients)] {
		d := draft("Scanned from " + v.client)
		d.Reason = v.words()
		v.add(d)
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	if len(scanners) > maxClients {
		rest := scanners[maxClients:]
		d := draft(fmt.Sprintf("Scanned from %d more addresses", len(rest)))
		d.Reason = "Each of these clients showed itself as a scanner, less often than those listed one by one."
		for _, v := range rest {
			v.seen = v.seen[:1]
			v.add(d)
		}
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return all
}

func draft(title string) *detect.Draft {
	return &detect.Draft{Finding: finding.Finding{
		Rule: name, Phase: finding.Scanning, Outcome: finding.Attempted, Level: finding.Low, Confidence: finding.ModerateConfidence, Title: title,
	}}
}

func (v *visitor) add(d *detect.Draft) {
	d.Entity(finding.Address, v.client, "scanner")
	d.Entity(finding.UserAgent, v.named, "")
	for i, s := range v.seen {
		if i >= maxShown {
			d.Tally(s)
			continue
		}
		r, _ := detect.RequestOf(s.Event)
		d.Add(s, r.String(), finding.Attempted)
	}
}

func (v *visitor) words() string {
	var parts []string
	if v.named != "" {
		parts = append(parts, "it says that it is one by its user agent ("+v.named+")")
	}
	if len(v.paths) > 0 {
		parts = append(parts, fmt.Sprintf("it asked for %d paths that only scanners ask for", len(v.paths)))
	}
	if v.strings > 0 {
		parts = append(parts, fmt.Sprintf("it sent %d requests with attack strings", v.strings))
	}
	return "The client is a scanner: " + strings.Join(parts, ", ") + "."
}
