package webshell

import (
	"bytes"

	"limier/finding"
)

// A Listing is the text of a script of which only words are read, not the
// grammar: which variables hold what a request sent, and what was found.
type Listing struct {
	Data    []byte
	Tainted map[string]int // variable → offset of the source
	Out     []Reason
	lines   *Lines
}

// NewListing begins the analysis of a text. Offsets of data must be those of
// the file, so that comments are blanked, never cut.
func NewListing(data []byte) *Listing {
	return &Listing{Data: data, Tainted: map[string]int{}}
}

// Step shows the line at an offset.
func (l *Listing) Step(role string, at int) Step {
	if l.lines == nil {
		l.lines = LinesOf(l.Data)
	}
	return Step{Line: l.lines.At(at), Role: role, Code: Snippet(l.Data, at)}
}

// Add notes a reason whose data comes from one offset, unless that is
// negative, and is used at another.
func (l *Listing) Add(v Verdict, c finding.Confidence, rule, text string, from, at int) {
	r := Reason{Verdict: v, Confidence: c, Rule: rule, Text: text}
	if from >= 0 {
		r.Steps = append(r.Steps, l.Step("source", from))
	}
	r.Steps = append(r.Steps, l.Step("sink", at))
	l.Out = append(l.Out, r)
}

// Spread calls statement for each stretch of text between the given bytes, at
// most rounds times, until none of them tells of a new tainted variable.
func (l *Listing) Spread(ends string, rounds int, statement func(from, to int) bool) {
	for range rounds {
		changed := false
		for from := 0; from < len(l.Data); {
			to := bytes.IndexAny(l.Data[from:], ends)
			if to < 0 {
				to = len(l.Data) - from
			}
			if to > 0 {
				changed = statement(from, from+to) || changed
			}
			from += to + 1
		}
		if !changed {
			return
		}
	}
}
