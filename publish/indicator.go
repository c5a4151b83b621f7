package publish

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"limier/casefile"
	"limier/enrich"
	"limier/finding"
)

// An Indicator is a thing by which others may know the same intruder.
type Indicator struct {
	Type        finding.EntityType // a FilePath that begins with "/" is one that was requested
	Value       string             // in its usual form; it comes from the evidence
	Role        string
	First, Last time.Time
	Level       finding.Level
	Confidence  finding.Confidence
	Findings    []*finding.Finding

	// Block says that the value may go onto a block list as it is; if not,
	// Note says why.
	Block bool
	Note  string
	Known []enrich.Fact // what tables said of it when the case was enriched

	spelled string // as the findings have it
}

// maxIndicators bounds what one case lists; the gravest are kept.
const maxIndicators = 10_000

// Indicators lists what a case tells others to look for, the gravest first.
func Indicators(c *casefile.Case) []Indicator {
	type key struct {
		kind  finding.EntityType
		value string
	}
	at := map[key]int{}
	var all []Indicator
	for i := range c.Findings {
		f := &c.Findings[i]
		span := casefile.Spans(f)
		for _, e := range f.Entities {
			one, ok := indicator(f, e)
			if e.Type == finding.Address {
				one.First, one.Last = span(e.Value)
			}
			if !ok {
				continue
			}
			k := key{one.Type, one.Value}
			n, known := at[k]
			if !known {
				at[k] = len(all)
				all = append(all, one)
				continue
			}
			all[n].add(one)
		}
	}
	slices.SortStableFunc(all, func(a, b Indicator) int {
		return cmp.Or(cmp.Compare(b.Level.Rank(), a.Level.Rank()), a.First.Compare(b.First), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	})
	all = all[:min(len(all), maxIndicators)]
	for i := range all {
		all[i].know(c)
	}
	return all
}

// know adds what tables say. What others use as well is on no block list.
func (n *Indicator) know(c *casefile.Case) {
	n.Known = c.About(n.Type, n.spelled)
	for _, f := range n.Known {
		if f.Shared && n.Block {
			n.Block, n.Note = false, "others use it too: "+f.Text
		}
	}
}

// add takes in what another finding says of the same thing.
func (n *Indicator) add(o Indicator) {
	if o.Level.Rank() > n.Level.Rank() {
		n.Level, n.Confidence, n.Role = o.Level, o.Confidence, o.Role
		if !n.Block {
			n.Note = o.Note // why the gravest is not for blocking
		}
	}
	if n.First.IsZero() || !o.First.IsZero() && o.First.Before(n.First) {
		n.First = o.First
	}
	if o.Last.After(n.Last) {
		n.Last = o.Last
	}
	if o.Block {
		n.Block, n.Note = true, ""
	}
	if !slices.Contains(n.Findings, o.Findings[0]) {
		n.Findings = append(n.Findings, o.Findings[0])
	}
}

func indicator(f *finding.Finding, e finding.Entity) (Indicator, bool) {
	n := Indicator{Type: e.Type, Value: e.Value, spelled: e.Value, Role: e.Role, First: f.Start, Last: f.End, Level: f.Level, Confidence: f.Confidence, Findings: []*finding.Finding{f}}
	switch {
	case f.Level.Rank() < finding.Medium.Rank():
		n.Note = "of a finding of low level"
	case f.Phase == finding.Scanning:
		n.Note = "it only looked at the server from outside"
	case f.Confidence == finding.LowConfidence:
		n.Note = "of a finding of low confidence"
	}
	switch e.Type {
	case finding.Address:
		a, err := netip.ParseAddr(e.Value)
		if err != nil {
			return n, false
		}
		a = a.Unmap().WithZone("")
		n.Value = a.String()
		if !a.IsGlobalUnicast() || a.IsPrivate() {
			n.Note = "an address of the inside: look for who used it"
		} else if e.Role != "attacker" && n.Note == "" {
			n.Note = "it took part, but others may need it"
		}
	case finding.Hash:
		n.Value = strings.ToLower(e.Value)
		if e.Role != "shell" || len(n.Value) != 64 || strings.Trim(n.Value, "0123456789abcdef") != "" {
			return n, false
		}
	case finding.FilePath:
		if e.Role != "shell" || e.Value == "" {
			return n, false
		}
		if !strings.HasPrefix(e.Value, "/") {
			n.Value = HostPath(e.Value)
		}
	case finding.UserAgent:
		if e.Value == "" || f.Phase == finding.Scanning {
			return n, false
		}
		n.Note = "others may send it too"
	case finding.Domain, finding.URL:
		if e.Value == "" || e.Role == "" {
			return n, false
		}
		n.Note = "it took part, but others may need it"
	default:
		return n, false
	}
	n.Block = n.Note == ""
	return n, true
}

// HostPath turns a path in the evidence into the path that the file had on
// its Windows host, if a drive's letter is among its folders.
func HostPath(p string) string {
	elems := strings.Split(p, "/")
	for i, e := range elems[:len(elems)-1] {
		e = strings.TrimSuffix(e, ":")
		if len(e) == 1 && (e[0]|0x20) >= 'a' && (e[0]|0x20) <= 'z' {
			return strings.ToUpper(e) + `:\` + strings.Join(elems[i+1:], `\`)
		}
	}
	return p
}

// Dated is the time that a case tells of itself: when the evidence was taken,
// else the last time that anything in it bears. Exports carry it as their own
// date, so that the same case gives the same bytes.
func Dated(c *casefile.Case) time.Time {
	if !c.Start.Acquired.IsZero() {
		return c.Start.Acquired.UTC()
	}
	last := time.Unix(0, 0)
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, f := range c.Findings {
		later(f.End)
	}
	for _, v := range c.End.Coverage {
		later(v.Last)
	}
	return last.UTC()
}

// Subject names what the verdict is of.
func Subject(c *casefile.Case) string {
	hosts := c.Hosts()
	switch n := len(hosts); {
	case n == 0:
		return Host(c)
	case n == 1:
		return hosts[0]
	case n > 4:
		return fmt.Sprintf("%d hosts (%s and %d more)", n, strings.Join(hosts[:3], ", "), n-3)
	default:
		return fmt.Sprintf("%d hosts (%s)", n, strings.Join(hosts, ", "))
	}
}

// Host names the host of the evidence.
func Host(c *casefile.Case) string { return cmp.Or(c.Start.Host, c.Start.Source, "an unnamed host") }
