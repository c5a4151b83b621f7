package casefile

import "limier/finding"

// Activity is what the findings of a case tell when they are laid side by
// side: who did what, through which shell, and whether the clocks agree. It
// is worked out from the case alone, and the same case gives the same.
type Activity struct {
	Traces     []Trace // of every step, in the order of the findings
	Shells     []Shell
	Requests   map[string][]Trace // to each shell, by its key
	Links      []Link
	Clusters   []Cluster          // the gravest first
	Background []string           // addresses that only scanned
	Unassigned []*finding.Finding // that no address could be tied to
	Skews      []Skew
	Graph      Graph

	of map[*finding.Finding][]int // indexes of the traces
}

// Activity lays the findings side by side.
func (c *Case) Activity() *Activity {
	v := &Activity{Shells: c.Shells(), of: map[*finding.Finding][]int{}}
	v.Traces = c.traces(v.Shells)
	for i, t := range v.Traces {
		v.of[t.Finding] = append(v.of[t.Finding], i)
	}
	v.Requests = requestsOf(v.Traces)
	v.Links = linksOf(v.Traces, v.Shells, v.Requests)
	v.cluster(c)
	v.Skews = skews(v.Traces)
	v.Graph = v.graph(c)
	return v
}
