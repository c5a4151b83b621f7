package casefile

import (
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
