package casefile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"limier/evidence"
)

// A Skew compares the clocks behind two kinds of log, by things that both of
// them hold. Without such pairs there is no Skew, and nothing is known.
type Skew struct {
	Machine             string // "" if the case is of one
	A, B                string // sources, as in wire.Coverage
	By                  Pairing
	Pairs               int
	Least, Median, Most time.Duration // time in B less time in A
	Example             [2]evidence.Ref
}

// A Pairing says how records of two logs were recognised as the same thing.
type Pairing string

const (
	ByRequestID Pairing = "request id"       // the front end's id, which IIS logs too
	ByOrder     Pairing = "order"            // the same requests in the same order
	ByProcess   Pairing = "process"          // the same process id and command line
	ByStart     Pairing = "request, process" // a command to a shell and the process it started
)

// Tolerance is how far two clocks may be apart without a word about it: IIS
// logs whole seconds, at the end of a request.
const Tolerance = 2 * time.Second

// Apart reports whether the clocks differ by more than logging explains.
func (s Skew) Apart() bool { return s.Median.Abs() > Tolerance }

// skews compares the clocks of each machine.
func skews(traces []Trace) []Skew {
	if !slices.ContainsFunc(traces, func(t Trace) bool { return t.Machine != "" }) {
		return skewsOf(traces)
	}
	of := map[string][]Trace{}
	for _, t := range traces {
		of[t.Machine] = append(of[t.Machine], t)
	}
	var all []Skew
	for _, m := range slices.Sorted(maps.Keys(of)) {
		for _, s := range skewsOf(of[m]) {
			s.Machine = m
			all = append(all, s)
		}
	}
	return all
}

// skewsOf compares the clocks wherever two logs tell of the same thing.
func skewsOf(traces []Trace) []Skew {
	var all []Skew
	add := func(a, b string, by Pairing, pairs [][2]*Trace) {
		if len(pairs) == 0 {
			return
		}
		var diffs []time.Duration
		for _, p := range pairs {
			diffs = append(diffs, p[1].Step.Time.Sub(p[0].Step.Time))
		}
		slices.Sort(diffs)
		all = append(all, Skew{A: a, B: b, By: by, Pairs: len(pairs), Least: diffs[0], Median: diffs[len(diffs)/2], Most: diffs[len(diffs)-1],
			Example: [2]evidence.Ref{pairs[0][0].Step.Ref, pairs[0][1].Step.Ref}})
	}
	if pairs := paired(traces, "IIS", "HttpProxy", func(t *Trace) string { return t.Request }); len(pairs) > 0 {
		add("IIS", "HttpProxy", ByRequestID, pairs)
	} else {
		add("IIS", "HttpProxy", ByOrder, ordered(traces))
	}
	const sysmon, security = "Windows event log: sysmon", "Windows event log: security"
	add(sysmon, security, ByProcess, paired(traces, sysmon, security, func(t *Trace) string {
		if t.PID == "" || t.Command == "" {
			return ""
		}
		return t.PID + " " + t.Command
	}))
	for _, source := range []string{sysmon, security} {
		add("IIS", source, ByStart, started(traces, source))
	}
	return all
}

// paired returns the first trace of each source under each key that both have.
func paired(traces []Trace, a, b string, key func(*Trace) string) [][2]*Trace {
	inB := map[string]*Trace{}
	for i := range traces {
		if t := &traces[i]; t.Source == b && !t.Step.Time.IsZero() {
			if k := key(t); k != "" && inB[k] == nil {
				inB[k] = t
			}
		}
	}
	var pairs [][2]*Trace
	for i := range traces {
		t := &traces[i]
		if t.Source != a || t.Step.Time.IsZero() {
			continue
		}
		if other := inB[key(t)]; other != nil {
			pairs = append(pairs, [2]*Trace{t, other})
			delete(inB, key(t))
		}
	}
	return pairs
}

// ordered pairs requests to shells that have no id: the same address asked
// the same shell equally often, at least three times, by both logs.
func ordered(traces []Trace) [][2]*Trace {
	type lists struct{ iis, proxy []*Trace }
	groups := map[string]*lists{}
	var keys []string
	seen := map[string]bool{}
	for i := range traces {
		t := &traces[i]
		ref := t.Step.Ref.String()
		if t.Shell == "" || t.Address == "" || seen[ref] || t.Source != "IIS" && t.Source != "HttpProxy" {
			continue
		}
		seen[ref] = true
		k := t.Address + " " + t.Shell
		if groups[k] == nil {
			groups[k] = &lists{}
			keys = append(keys, k)
		}
		if t.Source == "IIS" {
			groups[k].iis = append(groups[k].iis, t)
		} else {
			groups[k].proxy = append(groups[k].proxy, t)
		}
	}
	var pairs [][2]*Trace
	for _, k := range keys {
		g := groups[k]
		if len(g.iis) != len(g.proxy) || len(g.iis) < 3 {
			continue
		}
		least, most := time.Duration(1<<62), time.Duration(-1<<62)
		for i := range g.iis {
			d := g.proxy[i].Step.Time.Sub(g.iis[i].Step.Time)
			least, most = min(least, d), max(most, d)
		}
		if most-least > Tolerance {
			continue
		}
		for i := range g.iis {
			pairs = append(pairs, [2]*Trace{g.iis[i], g.proxy[i]})
		}
	}
	return pairs
}

// started pairs commands to shells with the processes that the web server
// started, if there are as many of one as of the other in the log's reach, or
// else each process with the request nearest to it within a minute.
func started(traces []Trace, source string) [][2]*Trace {
	var requests, processes []*Trace
	seen := map[string]bool{}
	for i := range traces {
		t := &traces[i]
		k := t.Step.Ref.String()
		switch {
		case seen[k] || t.Step.Time.IsZero():
		case t.Source == "IIS" && t.Shell != "" && t.Post:
			requests, seen[k] = append(requests, t), true
		case t.Source == source && t.ByServer && t.Command != "":
			processes, seen[k] = append(processes, t), true
		}
	}
	byTime := func(a, b *Trace) int { return a.Step.Time.Compare(b.Step.Time) }
	slices.SortStableFunc(requests, byTime)
	slices.SortStableFunc(processes, byTime)
	var pairs [][2]*Trace
	if len(requests) == len(processes) {
		for i := range requests {
			pairs = append(pairs, [2]*Trace{requests[i], processes[i]})
		}
		return pairs
	}
	for _, p := range processes {
		if r := nearest(requests, p.Step.Time, time.Minute); r != nil {
			pairs = append(pairs, [2]*Trace{r, p})
		}
	}
	return pairs
}

// nearest returns the trace closest in time, nil if none is within reach.
func nearest(list []*Trace, t time.Time, reach time.Duration) *Trace {
	var best *Trace
	for _, x := range list {
		if d := x.Step.Time.Sub(t).Abs(); d <= reach && (best == nil || d < best.Step.Time.Sub(t).Abs()) {
			best = x
		}
	}
	return best
}

// String says it in a line, for logs and tests.
func (s Skew) String() string {
	return fmt.Sprintf("%s to %s: %v (%v to %v), %d by %s", s.A, s.B, s.Median, s.Least, s.Most, s.Pairs, cmp.Or(s.By, "?"))
}
