package casefile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

var errNothing = errors.New("a merge needs two cases or more")

// Merge joins cases of several hosts, or of several scans of one, into one.
// Paths of evidence begin with the name of their source where the sources
// differ. A finding that two scans of one source make is told once. The
// verdict is the gravest of all; the reasons say of which host.
func Merge(cases ...*Case) (*Case, error) {
	if len(cases) < 2 {
		return nil, errNothing
	}
	m := &Case{Start: wire.Start{Format: wire.Format}, Complete: true}
	prefixes := prefixes(cases)
	var sources, hosts []string
	seen := map[string]bool{}
	for i, c := range cases {
		under := func(r evidence.Ref) evidence.Ref {
			if r.Path != "" {
				r.Path = prefixes[i] + r.Path
			}
			return r
		}
		once := func(parts ...any) bool {
			k := fmt.Sprintf("%q", parts)
			was := seen[k]
			seen[k] = true
			return !was
		}
		m.Complete = m.Complete && c.Complete
		m.Start.Version = max(m.Start.Version, c.Start.Version)
		m.Start.Rules = max(m.Start.Rules, c.Start.Rules)
		if c.Start.Acquired.After(m.Start.Acquired) {
			m.Start.Acquired = c.Start.Acquired
		}
		sources, hosts = append(sources, c.Start.Source), append(hosts, c.Start.Host)
		for _, e := range c.Exposures {
			e.Host = cmp.Or(e.Host, c.Start.Host)
			e.Proof = slices.Clone(e.Proof)
			for k := range e.Proof {
				e.Proof[k] = under(e.Proof[k])
			}
			if once("exposure", e.Host, e.Product, e.Build) {
				m.Exposures = append(m.Exposures, e)
			}
		}
		for _, f := range c.Findings {
			f.Host = cmp.Or(f.Host, c.Start.Host, strings.ReplaceAll(strings.TrimSuffix(prefixes[i], "/"), ".", "_"))
			f.Steps = slices.Clone(f.Steps)
			for k := range f.Steps {
				f.Steps[k].Ref = under(f.Steps[k].Ref)
			}
			f.Entities = slices.Clone(f.Entities)
			for k, e := range f.Entities {
				if e.Type == finding.FilePath && slices.ContainsFunc(f.Steps, func(s finding.Step) bool { return s.Ref.Path == prefixes[i]+e.Value }) {
					f.Entities[k].Value = prefixes[i] + e.Value // a file of the evidence
				}
			}
			if once("finding", prefixes[i], f.Host, f.ID) {
				m.Findings = append(m.Findings, f)
			}
		}
		for _, e := range c.Evidence {
			e.Path = prefixes[i] + e.Path
			if once("evidence", e) {
				m.Evidence = append(m.Evidence, e)
			}
		}
		for _, f := range c.Facts {
			if once("fact", f) {
				m.Facts = append(m.Facts, f)
			}
		}
		for _, g := range c.Gaps {
			g.Ref = under(g.Ref)
			if once("gap", g) {
				m.Gaps = append(m.Gaps, g)
			}
		}
		for _, n := range c.End.Next {
			if once("next", n) {
				m.End.Next = append(m.End.Next, n)
			}
		}
		if len(c.Scans) > 0 {
			m.Scans = append(m.Scans, c.Scans...)
		} else {
			end := c.End
			end.Next = nil
			m.Scans = append(m.Scans, Scan{c.Start, end, c.Complete})
		}
	}
	m.Start.Source, m.Start.Host = join(sources), join(hosts)
	slices.SortStableFunc(m.Facts, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value)) })
	slices.SortStableFunc(m.Findings, func(a, b finding.Finding) int { return a.Start.Compare(b.Start) })
	m.conclude(cases, !slices.ContainsFunc(prefixes, func(p string) bool { return p != "" }))
	return m, nil
}

// gravity orders verdicts, the gravest first.
var gravity = []wire.Verdict{wire.Compromised, wire.Attacked, wire.Exposed, wire.NotEnough, wire.NoSign}

func rankOf(v wire.Verdict) int {
	if i := slices.Index(gravity, v); i >= 0 {
		return i
	}
	return len(gravity)
}

// conclude takes the gravest verdict, and adds up what was covered; rescans
// read the same again.
func (m *Case) conclude(cases []*Case, rescans bool) {
	worst := cases[0]
	for _, c := range cases[1:] {
		if rankOf(c.End.Verdict) < rankOf(worst.End.Verdict) {
			worst = c
		}
	}
	m.End.Verdict, m.End.Confidence = worst.End.Verdict, worst.End.Confidence
	var reasons []string
	for _, c := range cases {
		reason := fmt.Sprintf("%s: %s. %s", cmp.Or(c.Start.Host, c.Start.Source), c.Verdict(), c.End.Reason)
		if reason = strings.TrimSpace(reason); !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		n, o := &m.End.Counts, c.End.Counts
		if rescans {
			n.Files, n.Bytes, n.Events, n.Sightings = max(n.Files, o.Files), max(n.Bytes, o.Bytes), max(n.Events, o.Events), max(n.Sightings, o.Sightings)
		} else {
			n.Files, n.Bytes, n.Events, n.Sightings = n.Files+o.Files, n.Bytes+o.Bytes, n.Events+o.Events, n.Sightings+o.Sightings
		}
		for _, v := range c.End.Coverage {
			m.cover(v, rescans)
		}
	}
	slices.SortFunc(m.End.Coverage, func(a, b wire.Coverage) int { return cmp.Compare(a.Source, b.Source) })
	m.End.Reason = strings.Join(reasons, " ")
	m.End.Counts.Findings, m.End.Counts.Gaps = len(m.Findings), len(m.Gaps)
}

func (m *Case) cover(v wire.Coverage, rescans bool) {
	i := slices.IndexFunc(m.End.Coverage, func(o wire.Coverage) bool { return o.Source == v.Source })
	if i < 0 {
		m.End.Coverage = append(m.End.Coverage, v)
		return
	}
	o := &m.End.Coverage[i]
	if rescans {
		o.Files, o.Events, o.Bytes = max(o.Files, v.Files), max(o.Events, v.Events), max(o.Bytes, v.Bytes)
	} else {
		o.Files, o.Events, o.Bytes = o.Files+v.Files, o.Events+v.Events, o.Bytes+v.Bytes
	}
	if o.First.IsZero() || !v.First.IsZero() && v.First.Before(o.First) {
		o.First = v.First
	}
	if v.Last.After(o.Last) {
		o.Last = v.Last
	}
}

var plainName = strings.NewReplacer("/", "_", `\`, "_", "..", "_")

// prefixes are the folders that each case's evidence goes under: none where
// all are of one source.
func prefixes(cases []*Case) []string {
	name := func(c *Case) string { return c.Start.Host + "\n" + c.Start.Source }
	out := make([]string, len(cases))
	same := true
	for _, c := range cases {
		same = same && name(c) == name(cases[0])
	}
	if same {
		return out
	}
	owner := map[string]string{}
	for i, c := range cases {
		if len(c.Scans) > 0 {
			continue // merged before: its paths begin with names already
		}
		for n, base := 1, cmp.Or(c.Start.Source, c.Start.Host, "source"); ; n++ {
			p := plainName.Replace(base)
			if n == 2 && c.Start.Host != "" {
				p += "-" + plainName.Replace(c.Start.Host)
			} else if n > 1 {
				p = fmt.Sprintf("%s-%d", p, n)
			}
			if o, taken := owner[p]; !taken || o == name(c) {
				owner[p], out[i] = name(c), p+"/"
				break
			}
		}
	}
	return out
}

func join(names []string) string {
	var list []string
	for _, n := range names {
		if n != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return strings.Join(list, ", ")
}

// A Change is a finding that is in one of two cases only, or in both and not
// the same.
type Change struct {
	Before, After *finding.Finding // nil if it is not there
}

// Diff compares the findings of two cases: those that appeared, those that
// disappeared, and those whose level, outcome, title or number changed.
func Diff(before, after *Case) []Change {
	key := func(f *finding.Finding) string { return f.ID + "\n" + f.Rule }
	old := map[string]*finding.Finding{}
	for i := range before.Findings {
		old[key(&before.Findings[i])] = &before.Findings[i]
	}
	var all []Change
	for i := range after.Findings {
		f := &after.Findings[i]
		o := old[key(f)]
		delete(old, key(f))
		if o == nil || o.Level != f.Level || o.Outcome != f.Outcome || o.Title != f.Title || o.Count != f.Count {
			all = append(all, Change{o, f})
		}
	}
	for i := range before.Findings {
		if f := &before.Findings[i]; old[key(f)] == f {
			all = append(all, Change{Before: f})
		}
	}
	return all
}
