package webshell

import (
	"fmt"
	"slices"
	"strings"

	"limier/detect"
	"limier/finding"
	"limier/sighting"
)

// minSwept is how many names of scripts that are not there a client has to ask
// for before we call it a sweep.
const minSwept = 2

// sweeps finds clients that ask for shell names in vain.
func sweeps(p *detect.Pass, shells map[string]*shell) []finding.Finding {
	type sweep struct {
		missed []string
		hit    []string
		seen   []sighting.Sighting
	}
	by := map[string]*sweep{}
	var clients []string
	for _, path := range sorted(shells) {
		for _, s := range shells[path].requests {
			r, _ := detect.RequestOf(s.Event)
			w := by[r.Client]
			if w == nil {
				w = &sweep{}
				by[r.Client] = w
				clients = append(clients, r.Client)
			}
			w.seen = append(w.seen, s)
			list := &w.missed
			switch {
			case r.OK():
				list = &w.hit
			case r.Status == 0:
				continue // the log does not tell whether it was there
			}
			if !slices.Contains(*list, path) {
				*list = append(*list, path)
			}
		}
	}
	slices.Sort(clients)
	var all []finding.Finding
	for _, c := range clients {
		w := by[c]
		w.missed = slices.DeleteFunc(w.missed, func(path string) bool { return slices.Contains(w.hit, path) })
		if len(w.missed) < minSwept {
			continue
		}
		d := &detect.Draft{Finding: finding.Finding{
			Rule: name + "-sweep", Phase: finding.Scanning, Outcome: finding.Attempted, Level: finding.Low, Confidence: finding.ModerateConfidence,
			Title: "Names of web shells tried",
			Reason: fmt.Sprintf("The client asked for %d scripts that Exchange does not ship and that are not there: %s.",
				len(w.missed), strings.Join(w.missed[:min(5, len(w.missed))], ", ")),
		}}
		if len(w.hit) > 0 {
			d.Level = finding.Medium
			d.Reason += " It also asked for " + strings.Join(w.hit, ", ") + ", which was answered as success."
		}
		d.Technique("T1595.002")
		d.Entity(finding.Address, c, "scanner")
		for _, s := range w.seen {
			r, _ := detect.RequestOf(s.Event)
			d.Entity(finding.UserAgent, r.Agent, "")
			outcome := finding.Attempted
			if r.OK() {
				outcome = finding.Succeeded
			}
			d.Add(s, r.String(), outcome)
		}
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return detect.Crowd(p, all)
}
