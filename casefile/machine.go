package casefile

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"limier/finding"
)

// Machines lists the hosts that findings are of, in lower case and without
// their domain, by name: one log writes EX01, another EX01.example.org. What
// happened on one is never taken for the work of a request to another.
func (c *Case) Machines() []string {
	var list []string
	for i := range c.Findings {
		if m := machine(c.Findings[i].Host); m != "" {
			list = append(list, m)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Hosts names what the verdict is of: the hosts that findings are of, the
// gravest first, or the host of the evidence if there are none. A collector of
// events holds those of many.
func (c *Case) Hosts() []string {
	if len(c.Findings) == 0 || len(c.Scans) > 0 {
		return nonEmpty(c.Start.Host)
	}
	name, rank := map[string]string{}, map[string]int{}
	for i := range c.Findings {
		f := &c.Findings[i]
		m := machine(cmp.Or(f.Host, c.Start.Host))
		if name[m] == "" {
			name[m] = f.Host
		}
		if m == machine(c.Start.Host) {
			name[m] = c.Start.Host
		}
		if f.Outcome == finding.Succeeded {
			rank[m] = max(rank[m], f.Level.Rank())
		}
	}
	var list []string
	for _, m := range slices.SortedFunc(maps.Keys(name), func(a, b string) int {
		return cmp.Or(rank[b]-rank[a], cmp.Compare(a, b))
	}) {
		list = append(list, nonEmpty(name[m])...)
	}
	return list
}

// Where returns what names the host of a finding: "" for each if all are of
// one.
func (c *Case) Where() func(*finding.Finding) string {
	if len(c.Hosts()) < 2 && len(c.Machines()) < 2 {
		return func(*finding.Finding) string { return "" }
	}
	return func(f *finding.Finding) string { return cmp.Or(f.Host, c.Start.Host) }
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// machines returns what tells the findings of several machines apart: "" for
// each if there is only one.
func (c *Case) machines() func(*finding.Finding) string {
	if len(c.Machines()) < 2 {
		return func(*finding.Finding) string { return "" }
	}
	return func(f *finding.Finding) string { return machine(f.Host) }
}

func machine(host string) string {
	host = strings.ToLower(host)
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	name, _, _ := strings.Cut(host, ".")
	return name
}

// On puts the name of a machine before that of a thing on it.
func On(machine, name string) string {
	if machine == "" {
		return name
	}
	return strings.ToUpper(machine) + ": " + name
}
