package attribute

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"limier/casefile"
	"limier/claim"
	"limier/finding"
	"limier/knowledge"
)

// An Answer is what a comparison comes to. It is never "attributed".
type Answer string

const (
	Insufficient Answer = "insufficient"
	Compatible   Answer = "compatible with"
	Closest      Answer = "closest to"
	Strong       Answer = "strong resemblance to"
)

// rank orders answers by how much they say.
func (a Answer) rank() int {
	return slices.Index([]Answer{Insufficient, Compatible, Closest, Strong}, a)
}

// A Comparison is one cluster of activity beside everybody known, somebody
// unknown, and several at once.
type Comparison struct {
	Cluster    string       `json:"cluster,omitempty"` // "A", "B"…; "" without a case
	Answer     Answer       `json:"answer"`
	Actors     []string     `json:"actors,omitempty"` // that the answer names; none if insufficient
	Confidence string       `json:"confidence"`       // low or moderate: likeness alone is never high
	Reason     string       `json:"reason"`
	Hypotheses []Hypothesis `json:"hypotheses"` // the best supported first
	Matrix     []Group      `json:"matrix"`     // most diagnostic first; cells are with the hypotheses
	Traits     []Trait      `json:"traits"`

	// WithoutCheap is the actor that leads when what is easy to fake or to share
	// is left out; "" if nobody does. A false flag is made of such things.
	WithoutCheap string         `json:"without_cheap,omitempty"`
	WouldChange  []string       `json:"would_change"` // what to look for next
	Claims       []*claim.Claim `json:"claims"`       // who says so: by level, then date
	Source       string         `json:"source"`       // of the profiles
}

// A Hypothesis says that one actor is behind the cluster, or somebody unknown,
// or several.
type Hypothesis struct {
	Actor     string   `json:"actor"` // ID; "unknown", "several"
	Name      string   `json:"name"`
	Score     float64  `json:"score"`     // nats for it against an average actor
	Posterior float64  `json:"posterior"` // with the prior of 0.6 that it is nobody known
	Cells     []string `json:"cells"`     // "--", "-", "0", "+", "++", in the order of Matrix
	Likeness  float64  `json:"likeness"`  // nats for being like one report: it orders, and is no part of Score
}

// shown is how many actors a comparison lists.
const shown = 8

// Compare weighs traits against the profiles.
func (p *Profiles) Compare(b *knowledge.Base, traits []Trait) *Comparison {
	groups, likeness := p.groups(b, traits, nil)
	r := p.rank(groups, likeness)
	c := &Comparison{Traits: traits, Source: p.Source, Confidence: "low"}
	c.hypotheses(p, groups, likeness, r)
	c.Answer, c.Actors, c.Reason = p.answer(groups, r, c.Hypotheses)
	if c.Answer == Closest || c.Answer == Strong {
		c.Confidence = "moderate"
	}
	for k := range groups {
		// Without its traits all is weighed anew: likeness to a report rests on
		// them too.
		var rest []Trait
		for _, t := range traits {
			if !slices.Contains(groups[k].Traits, t) {
				rest = append(rest, t)
			}
		}
		g, l := p.groups(b, rest, nil)
		ranked := p.rank(g, l)
		d := new(Comparison)
		d.hypotheses(p, g, l, ranked)
		answer, actors, _ := p.answer(g, ranked, d.Hypotheses)
		groups[k].Linchpin = answer.rank() < c.Answer.rank() || len(c.Actors) > 0 && !slices.Equal(actors, c.Actors)
		if c.Answer == Strong && (len(actors) == 0 || actors[0] != c.Actors[0]) {
			c.Answer, c.Reason = Closest, "one piece of evidence decides: without "+groups[k].Name+" the answer is another"
		}
	}
	for k := range groups {
		var low, high float64
		for n, h := range c.Hypotheses {
			if i := p.index(h.Actor); i >= 0 {
				s := groups[k].Scores[i]
				if n == 0 || s < low {
					low = s
				}
				if n == 0 || s > high {
					high = s
				}
			}
		}
		groups[k].Diagnosticity = round(high - low)
	}
	c.order(groups)
	var dear []Trait
	for _, t := range traits {
		if !t.Cheap && t.Kind != Technique {
			dear = append(dear, t)
		}
	}
	if len(dear) > 0 {
		g, l := p.groups(b, dear, nil)
		if s := p.rank(g, l); s.scores[s.order[0]] >= leastFor && s.margin() > 0 {
			c.WithoutCheap = p.Profiles[s.order[0]].Name
		}
	}
	c.WouldChange = wouldChange(traits)
	return c
}

// index is the place of an actor's profile; -1 for unknown and several.
func (p *Profiles) index(id string) int {
	return slices.IndexFunc(p.Profiles, func(x Profile) bool { return x.ID == id })
}

// hypotheses makes those that are shown, with their share of the belief.
func (c *Comparison) hypotheses(p *Profiles, groups []Group, likeness []float64, r ranking) {
	n := float64(len(p.Profiles))
	// Several: each piece of evidence by whoever fits it best, at the price of
	// being free to choose.
	several, owners := 0.0, map[int]bool{}
	for _, g := range groups {
		best := 0
		for i, s := range g.Scores {
			if s > g.Scores[best] {
				best = i
			}
		}
		if len(g.Scores) > 0 && g.Scores[best] > 0 {
			several += g.Scores[best]
			owners[best] = true
		}
	}
	several -= float64(max(len(owners), 2)) * math.Log(n)
	weight := func(prior, score float64) float64 { return prior * math.Exp(score) }
	total := weight(priorUnknown, 0) + weight(priorSeveral, several)
	each := (1 - priorUnknown - priorSeveral) / n
	// Being like one report is made of the same traits: it orders hypotheses,
	// and counts for nothing here.
	score := func(i int) float64 { return r.scores[i] - likeness[i] }
	for i := range r.scores {
		total += weight(each, score(i))
	}
	list := []Hypothesis{{Actor: "unknown", Name: "somebody not in the table", Posterior: weight(priorUnknown, 0) / total}, {Actor: "several", Name: "several actors", Score: several, Posterior: weight(priorSeveral, several) / total}}
	for _, i := range r.order[:min(shown, len(r.order))] {
		list = append(list, Hypothesis{Actor: p.Profiles[i].ID, Name: p.Profiles[i].Name, Score: score(i), Posterior: weight(each, score(i)) / total, Likeness: likeness[i]})
	}
	slices.SortStableFunc(list, func(x, y Hypothesis) int { return cmp.Compare(y.Posterior, x.Posterior) })
	for k := range list {
		h := &list[k]
		i := p.index(h.Actor)
		for _, g := range groups {
			switch {
			case i >= 0:
				h.Cells = append(h.Cells, cell(g.Scores[i]))
			default:
				h.Cells = append(h.Cells, "0")
			}
		}
		h.Score, h.Posterior, h.Likeness = round(h.Score), round(h.Posterior), round(h.Likeness)
	}
	c.Hypotheses = list
}

// cell says in the signs of an ACH matrix how well evidence fits: a sign for
// each bit or three.
func cell(nats float64) string {
	switch bits := nats / math.Ln2; {
	case bits >= 3:
		return "++"
	case bits >= 1:
		return "+"
	case bits <= -3:
		return "--"
	case bits <= -1:
		return "-"
	}
	return "0"
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

// answer says what the ranking comes to.
func (p *Profiles) answer(groups []Group, r ranking, hypotheses []Hypothesis) (Answer, []string, string) {
	if len(r.order) == 0 || len(groups) == 0 {
		return Insufficient, nil, "there is nothing to compare"
	}
	best := r.order[0]
	name := p.Profiles[best].Name
	speak, beyond := 0, 0
	own := map[int]bool{} // actors of whom a hash, domain or address was seen
	for _, g := range groups {
		if g.Scores[best] >= math.Ln2 {
			speak++
			if g.Kind != Technique {
				beyond++
			}
		}
		for i, s := range g.Scores {
			if (g.Kind == Network || g.Kind == File) && s >= leastFresh {
				own[i] = true
			}
		}
	}
	margin, near := r.margin(), r.near()
	posterior := 1.0
	for _, h := range hypotheses {
		if h.Actor == p.Profiles[best].ID {
			posterior = h.Posterior
		}
		if h.Actor == "several" && h.Posterior > 0.5 {
			return Insufficient, nil, "what was seen points to several actors at once: look whether this is one intrusion"
		}
	}
	switch {
	case len(own) > 1:
		return Insufficient, nil, fmt.Sprintf("hashes, domains or addresses of %d actors were seen: look whether this is one intrusion", len(own))
	case len(own) == 1 && (!own[best] || margin < marginFresh):
		for i := range own {
			name = p.Profiles[i].Name
		}
		return Compatible, []string{name}, "a hash, domain or address that only it is reported with was seen; what else was seen fits many"
	case r.scores[best] < leastFor:
		return Insufficient, nil, "what was seen speaks for nobody in particular: many do the same"
	case margin >= marginStrong && posterior >= 0.9 && speak >= 2 && beyond >= 1:
		return Strong, []string{name}, fmt.Sprintf("%d independent kinds of evidence speak for it, and nobody else comes near", speak)
	case margin >= marginClosest && speak >= 2 && beyond >= 1, margin >= marginFresh && own[best]:
		return Closest, []string{name}, "what was seen fits it better than anybody else in the table"
	case near <= mostCompatible && r.scores[best] >= leastFor && beyond >= 1:
		var names []string
		for _, i := range r.order[:near] {
			names = append(names, p.Profiles[i].Name)
		}
		if near == 1 {
			return Compatible, names, "it fits, and so may somebody who is not in the table"
		}
		return Compatible, names, "these are not told apart by what was seen"
	case near > 1:
		return Insufficient, nil, fmt.Sprintf("%d actors fit as well as the best: what was seen tells none of them apart", near)
	}
	return Insufficient, nil, "only techniques speak for it, and techniques alone never name an actor"
}

// order sorts the rows of the matrix, and the cells with them.
func (c *Comparison) order(groups []Group) {
	places := make([]int, len(groups))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(groups[y].Diagnosticity, groups[x].Diagnosticity) })
	for _, k := range places {
		c.Matrix = append(c.Matrix, groups[k])
	}
	for n := range c.Hypotheses {
		cells := make([]string, len(places))
		for to, from := range places {
			cells[to] = c.Hypotheses[n].Cells[from]
		}
		c.Hypotheses[n].Cells = cells
	}
}

// wouldChange says what evidence could tell the hypotheses apart.
func wouldChange(traits []Trait) []string {
	has := func(k Kind) bool { return slices.ContainsFunc(traits, func(t Trait) bool { return t.Kind == k }) }
	var all []string
	if !has(File) {
		all = append(all, "hashes of the tools that were left behind, looked up in published reports")
	}
	if !has(Network) {
		all = append(all, "domains and addresses that the server itself connected to")
	}
	if !has(Software) {
		all = append(all, "which web shell, loader or back door it was")
	}
	return append(all, "what was done after the break-in: which data, which hours, which mistakes")
}

// Of compares each cluster of activity of a case in which something worked or
// was tried beyond scanning.
func (p *Profiles) Of(b *knowledge.Base, c *casefile.Case) []*Comparison {
	activity := c.Activity()
	var all []*Comparison
	for i := range activity.Clusters {
		k := &activity.Clusters[i]
		if !slices.ContainsFunc(k.Findings, func(f *finding.Finding) bool { return f.Phase != finding.Scanning }) {
			continue
		}
		x := p.Compare(b, p.FromCluster(b, k))
		x.Cluster = k.Name
		x.Claims = relevant(b, x, k)
		all = append(all, x)
	}
	return all
}

// exchange are the vulnerabilities of the Exchange campaign of 2021.
func exchange() []string {
	return []string{"CVE-2021-26855", "CVE-2021-26857", "CVE-2021-26858", "CVE-2021-27065"}
}

// relevant are the claims about the campaign whose vulnerabilities were used,
// if at its time, and about the actors that the answer names.
func relevant(b *knowledge.Base, x *Comparison, k *casefile.Cluster) []*claim.Claim {
	var list []*claim.Claim
	if k != nil && strings.HasPrefix(k.First.UTC().Format("2006"), "2021") && slices.ContainsFunc(k.Findings, func(f *finding.Finding) bool {
		return slices.ContainsFunc(f.CVEs, func(cve string) bool { return slices.Contains(exchange(), cve) })
	}) {
		// Several groups used the same vulnerabilities: that is no claim about the
		// campaign, and stands beside it.
		list = append(append(list, b.About("campaign--exchange-2021")...), b.About("activity--exchange-vulnerabilities-2021")...)
	}
	for _, name := range x.Actors {
		for _, n := range b.Find(name) {
			if n.Claim == nil {
				list = append(list, b.About(n.Actor.ID)...)
			}
		}
	}
	return Claims(list)
}

// Claims takes each claim once, without other names and uses, by level and
// date.
func Claims(list []*claim.Claim) []*claim.Claim {
	seen := map[string]bool{}
	list = slices.DeleteFunc(slices.Clone(list), func(c *claim.Claim) bool {
		if seen[c.ID] || c.Relation == claim.AliasOf || c.Relation == claim.Uses {
			return true
		}
		seen[c.ID] = true
		return false
	})
	slices.SortStableFunc(list, func(x, y *claim.Claim) int {
		return cmp.Or(cmp.Compare(x.Level.Rank(), y.Level.Rank()), cmp.Compare(x.SaidOn, y.SaidOn), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// Named adds the claims about the actors that the answer names.
func (c *Comparison) Named(b *knowledge.Base) { c.Claims = relevant(b, c, nil) }
