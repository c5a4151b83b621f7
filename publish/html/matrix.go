package html

import (
	"cmp"
	"slices"

	"limier/casefile"
	"limier/finding"
	"limier/internal/attack"
)

// A tactic is a column of the ATT&CK matrix.
type tactic struct {
	Name       string
	Techniques []technique
}

type technique struct {
	ID, Name, URL string
	Findings      int
	Worked        bool
}

// tactics is the kill chain with what was seen of it. A technique that ATT&CK
// gives several tactics stands under that which fits the phase of its finding
// best: the matrix would otherwise say more than was seen.
func tactics(w *words, c *casefile.Case) []tactic {
	fits := map[finding.Phase][]string{
		finding.Scanning:     {"reconnaissance"},
		finding.Exploitation: {"initial-access", "persistence", "execution"},
		finding.Backdoor:     {"persistence", "initial-access"},
		finding.Aftermath:    {"execution", "persistence", "credential-access", "collection", "exfiltration", "impact", "lateral-movement", "discovery", "privilege-escalation", "defense-evasion", "command-and-control"},
	}
	all := make([]tactic, len(attack.Tactics))
	for i, t := range attack.Tactics {
		all[i].Name = w.verb(t)
	}
	for _, f := range c.Findings {
		for _, id := range f.Techniques {
			t, ok := attack.Lookup(id)
			if !ok {
				continue
			}
			column := t.Tactics[0]
			for _, want := range fits[f.Phase] {
				if slices.Contains(t.Tactics, want) {
					column = want
					break
				}
			}
			col := &all[slices.Index(attack.Tactics[:], column)]
			i := slices.IndexFunc(col.Techniques, func(x technique) bool { return x.ID == id })
			if i < 0 {
				col.Techniques = append(col.Techniques, technique{ID: id, Name: t.Name, URL: t.URL()})
				i = len(col.Techniques) - 1
			}
			col.Techniques[i].Findings++
			col.Techniques[i].Worked = col.Techniques[i].Worked || f.Outcome == finding.Succeeded
		}
	}
	for i := range all {
		slices.SortFunc(all[i].Techniques, func(a, b technique) int { return cmp.Compare(a.ID, b.ID) })
	}
	return all
}
