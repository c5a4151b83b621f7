package detect

import (
	"fmt"
	"slices"

	"limier/finding"
)

// maxRefused is how many refused attempts of one kind are shown one by one.
const maxRefused = 10

// Crowd joins the attempts of a detector that were refused, beyond the first
// ten, into one finding for each title: on the Internet hundreds of clients try
// each exploit. What succeeded, and what came further than a refusal, stays.
func Crowd(p *Pass, all []finding.Finding) []finding.Finding {
	refused := func(f finding.Finding) bool {
		return f.Outcome == finding.Attempted && f.Level.Rank() <= finding.Medium.Rank()
	}
	shown := map[string]int{}
	rest := map[string]*finding.Finding{}
	var kept []finding.Finding
	var order []string
	for _, f := range all {
		if !refused(f) {
			kept = append(kept, f)
			continue
		}
		if shown[f.Title]++; shown[f.Title] <= maxRefused {
			kept = append(kept, f)
			continue
		}
		into := rest[f.Title]
		if into == nil {
			first := f
			first.Steps = slices.Clone(f.Steps[:1])
			first.Entities = slices.Clone(f.Entities)
			rest[f.Title] = &first
			order = append(order, f.Title)
			continue
		}
		into.Count += f.Count
		if f.End.After(into.End) {
			into.End = f.End
		}
		if len(into.Steps) < maxSteps {
			into.Steps = append(into.Steps, f.Steps[0])
		}
		for _, e := range f.Entities {
			if len(into.Entities) < 100 && !slices.Contains(into.Entities, e) {
				into.Entities = append(into.Entities, e)
			}
		}
	}
	for _, title := range order {
		f := rest[title]
		n := shown[title] - maxRefused
		if n > 1 {
			f.Title = fmt.Sprintf("%s, by %d more clients", title, n)
			f.Reason += fmt.Sprintf(" So did %d others.", n-1)
		}
		slices.SortStableFunc(f.Steps, func(a, b finding.Step) int { return a.Time.Compare(b.Time) })
		kept = append(kept, *f)
	}
	return kept
}
