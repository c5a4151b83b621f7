// Package casefile gathers what a scan found into a case: one intrusion, or
// the answer that there was none. (The word "case" alone is taken by Go.)
package casefile

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"limier/finding"
	"limier/wire"
)

// A Case is everything known about one server.
type Case struct {
	Start     wire.Start
	Exposures []wire.Exposure
	Findings  []finding.Finding // by time
	Evidence  []wire.Evidence   // files read whole, if the scan was asked for their hashes
	Gaps      []wire.Gap
	Facts     []Fact // by type and value; see [Case.Enrich]
	End       wire.End
	Complete  bool // false if the scan was cut short; then End is zero

	// Scans are those that a merged case is made of; none in others.
	Scans []Scan
}

// A Scan is one of several in a merged case.
type Scan struct {
	Start    wire.Start
	End      wire.End // without Next
	Complete bool
}

var (
	errNoStart = errors.New("the stream does not begin with a start message")
	errFormat  = errors.New("the stream has a format that this version does not read; it reads " + wire.Format)
)

// Build makes a case of the messages of one scan.
func Build(messages iter.Seq2[wire.Message, error]) (*Case, error) {
	c := &Case{}
	for m, err := range messages {
		switch {
		case err != nil:
			return nil, err
		case m.Start != nil:
			if m.Start.Format != wire.Format {
				return nil, errFormat
			}
			c.Start = *m.Start
		case c.Start.Format == "":
			return nil, errNoStart
		case m.Exposure != nil:
			c.Exposures = append(c.Exposures, *m.Exposure)
		case m.Finding != nil:
			c.Findings = append(c.Findings, *m.Finding)
		case m.Evidence != nil:
			c.Evidence = append(c.Evidence, *m.Evidence)
		case m.Gap != nil:
			c.Gaps = append(c.Gaps, *m.Gap)
		case m.End != nil:
			c.End, c.Complete = *m.End, true
		}
	}
	return c, nil
}

// An Actor is an address that hostile requests came from.
type Actor struct {
	Address     string
	Role        string
	First, Last time.Time
	Findings    []string // titles of what it takes part in
	Level       finding.Level
}

// Verdict is the verdict as a heading says it: of a scan that did not end there
// is none.
func (c *Case) Verdict() string {
	if !c.Complete {
		return "scan cut short"
	}
	return string(c.End.Verdict)
}

// Addresses sums up the addresses of the findings, the worst first.
func (c *Case) Addresses() []Actor {
	all := map[string]*Actor{}
	for _, f := range c.Findings {
		span := Spans(&f)
		for _, e := range f.Entities {
			if e.Type != finding.Address {
				continue
			}
			first, last := span(e.Value)
			a := all[e.Value]
			if a == nil {
				a = &Actor{Address: e.Value, Role: e.Role, First: first, Last: last}
				all[e.Value] = a
			}
			if f.Level.Rank() > a.Level.Rank() || a.Level == "" {
				a.Level, a.Role = f.Level, e.Role
			}
			if a.First.IsZero() || !first.IsZero() && first.Before(a.First) {
				a.First = first
			}
			if last.After(a.Last) {
				a.Last = last
			}
			if !slices.Contains(a.Findings, f.Title) {
				a.Findings = append(a.Findings, f.Title)
			}
		}
	}
	return slices.SortedFunc(values(maps.Values(all)), func(a, b Actor) int {
		return cmp.Or(cmp.Compare(b.Level.Rank(), a.Level.Rank()), a.First.Compare(b.First), cmp.Compare(a.Address, b.Address))
	})
}

// Spans returns when each address shows in a finding. Where several clients
// share one, their own steps tell, if all are kept; else it is all the time of
// the finding.
func Spans(f *finding.Finding) func(address string) (first, last time.Time) {
	type span struct{ first, last time.Time }
	own, addresses := map[string]span{}, map[string]bool{}
	for _, a := range valuesOf(f, finding.Address) {
		addresses[a] = true
	}
	if f.Count <= len(f.Steps) && len(addresses) > 1 {
		for _, s := range f.Steps {
			if s.Time.IsZero() {
				continue
			}
			for _, text := range []string{s.Text, s.Raw} {
				for a := range mentions(text, addresses) {
					o := own[a]
					if o.first.IsZero() || s.Time.Before(o.first) {
						o.first = s.Time
					}
					if s.Time.After(o.last) {
						o.last = s.Time
					}
					own[a] = o
				}
			}
		}
	}
	return func(address string) (first, last time.Time) {
		if o, ok := own[address]; ok {
			return o.first, o.last
		}
		return f.Start, f.End
	}
}

func values(seq iter.Seq[*Actor]) iter.Seq[Actor] {
	return func(yield func(Actor) bool) {
		for a := range seq {
			if !yield(*a) {
				return
			}
		}
	}
}

// A Moment is one line of the timeline.
type Moment struct {
	Time    time.Time
	Finding *finding.Finding
	Step    *finding.Step
}

// Timeline returns the steps of all findings by time; steps without a time
// are left out.
func (c *Case) Timeline() []Moment {
	var all []Moment
	for i := range c.Findings {
		f := &c.Findings[i]
		for k := range f.Steps {
			if t := f.Steps[k].Time; !t.IsZero() {
				all = append(all, Moment{t, f, &f.Steps[k]})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return a.Time.Compare(b.Time) })
	return all
}
