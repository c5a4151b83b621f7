package attribute

import (
	"cmp"
	"math"
	"slices"

	"limier/knowledge"
)

// The weights of the comparison, in nats. doc/attribution-evaluation.md shows
// what they give on ATT&CK 12.1, the only version they were chosen on.
const (
	capTechniques = 4.0 // of all techniques that no observed software implies
	capShared     = 1.5 // of software that several use
	capExclusive  = 4.0 // of software that one uses
	capFresh      = 5.0 // of a hash, a domain or an address
	capPath       = 1.0
	capReport     = 6.0 // of likeness to one report

	softwareWeight  = 1.5
	explainedWeight = 0.25 // of what a group holds besides its strongest part
	reportWeight    = 2.0
	smoothing       = 2.0 // reports of an average actor that a profile begins with
	reportsPower    = 0.3 // how much more is asked of actors with many reports

	priorUnknown = 0.6
	priorSeveral = 0.05

	marginClosest  = 5.0
	marginFresh    = 4.0 // with a hash, domain or address of one actor
	marginStrong   = 8.0
	marginTie      = 3.0  // hypotheses this near to the best are not told apart
	leastFresh     = 1.25 // nats left of a hash, domain or address that still counts
	leastFor       = 3.5  // below this nothing speaks for anybody
	mostCompatible = 5
)

// A Group is evidence that counts together, so that one fact is not counted
// twice: a tool and the techniques that it implies, all other techniques, each
// piece of infrastructure.
type Group struct {
	Name   string    `json:"name"`
	Kind   Kind      `json:"kind"`
	Traits []Trait   `json:"traits"`
	Cheap  bool      `json:"cheap"`
	Scores []float64 `json:"-"` // nats, by profile
	// Diagnosticity is the range of the scores among the hypotheses shown.
	Diagnosticity float64 `json:"diagnosticity"`
	Linchpin      bool    `json:"linchpin"` // without it the answer says less, or names others
}

// groups sorts traits into groups and weighs each against every profile; absent
// takes a report away from a profile, for evaluation.
func (p *Profiles) groups(b *knowledge.Base, traits []Trait, absent func(profile, report int) bool) (all []Group, likeness []float64) {
	n := len(p.Profiles)
	observed := map[string]bool{}
	for _, t := range traits {
		observed[t.ID] = true
	}
	// How many reports of each profile have each trait, and how many there are.
	count := make([]map[string]int, n)
	reports := make([]float64, n)
	users := map[string]float64{}
	for i, x := range p.Profiles {
		count[i] = map[string]int{}
		for k, r := range x.Reports {
			if absent != nil && absent(i, k) {
				continue
			}
			reports[i]++
			for _, t := range r.Traits {
				if observed[t] {
					count[i][t]++
				}
			}
		}
		for t := range count[i] {
			users[t]++
		}
	}
	background := func(trait string) float64 { return (users[trait] + 0.5) / float64(n+1) }
	ratio := func(i int, trait string) float64 {
		bg := background(trait)
		return math.Log((float64(count[i][trait]) + smoothing*bg) / (math.Pow(reports[i], reportsPower) + smoothing) / bg)
	}
	each := func(score func(i int) float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			if reports[i] > 0 {
				s[i] = score(i)
			}
		}
		return s
	}

	implied := p.implied(traits, observed)
	var techniques []Trait
	for _, t := range traits {
		switch t.Kind {
		case Technique:
			if implied[t.ID] == "" {
				techniques = append(techniques, t)
			}
		case Software:
			limit := capShared
			if users[t.ID] <= 1 {
				limit = capExclusive
			}
			g := Group{Name: t.Name, Kind: Software, Traits: []Trait{t}, Cheap: users[t.ID] > 1}
			for _, x := range traits {
				if implied[x.ID] == t.ID {
					g.Traits = append(g.Traits, x)
				}
			}
			g.Scores = each(func(i int) float64 {
				best, sum := softwareWeight*ratio(i, t.ID), 0.0
				for _, x := range g.Traits[1:] {
					v := ratio(i, x.ID)
					sum += min(v, best)
					best = max(best, v)
				}
				return max(-limit, min(limit, best+explainedWeight*sum))
			})
			all = append(all, g)
		default:
			limit := capFresh
			if t.Kind == Path {
				limit = capPath
			}
			scores := make([]float64, n)
			for i, x := range p.Profiles {
				if a := b.Actor(x.ID); a != nil && has(a, t) {
					scores[i] = limit * decay(t, infrastructureDay)
				}
			}
			all = append(all, Group{Name: t.Name, Kind: t.Kind, Traits: []Trait{t}, Cheap: t.Cheap, Scores: scores})
		}
	}
	if len(techniques) > 0 {
		g := Group{Name: "techniques", Kind: Technique, Traits: techniques, Cheap: true}
		g.Scores = each(func(i int) float64 {
			sum := 0.0
			for _, t := range techniques {
				sum += ratio(i, t.ID)
			}
			return capTechniques * math.Tanh(sum/capTechniques)
		})
		all = append(all, g)
	}

	return all, p.likeness(observed, users, absent)
}

// implied are the techniques that observed software explains, each with the
// first that does: they say nothing beyond it, and join its group.
func (p *Profiles) implied(traits []Trait, observed map[string]bool) map[string]string {
	implied := map[string]string{}
	for _, t := range traits {
		if t.Kind != Software {
			continue
		}
		if k := slices.IndexFunc(p.Tools, func(x Tool) bool { return x.ID == t.ID }); k >= 0 {
			for _, technique := range p.Tools[k].Techniques {
				if observed[technique] && implied[technique] == "" {
					implied[technique] = t.ID
				}
			}
		}
	}
	return implied
}

// likeness is what the report of each profile that the evidence is most like
// says for it: what is rare counts more.
func (p *Profiles) likeness(observed map[string]bool, users map[string]float64, absent func(profile, report int) bool) []float64 {
	n := len(p.Profiles)
	likeness := make([]float64, n)
	for i, x := range p.Profiles {
		for k, r := range x.Reports {
			if absent != nil && absent(i, k) {
				continue
			}
			sum := 0.0
			for _, t := range r.Traits {
				if observed[t] {
					w := math.Log(float64(n+1) / (users[t] + 0.5))
					if !techniqueID.MatchString(t) {
						w *= softwareWeight
					}
					sum += w
				}
			}
			if v := sum / math.Sqrt(float64(len(r.Traits))+5); v > likeness[i] {
				likeness[i] = v
			}
		}
	}
	for i, v := range likeness {
		likeness[i] = capReport * math.Tanh(reportWeight*v/capReport)
	}
	return likeness
}

// infrastructureDay is the day of ESET's report, from which the hashes and
// addresses of the actors that ship come.
const infrastructureDay = "2021-03-10"

func has(a *knowledge.Actor, t Trait) bool {
	switch t.Kind {
	case Network:
		return slices.Contains(a.Network, t.ID)
	case File:
		return slices.Contains(a.SHA1, t.ID) || slices.Contains(a.SHA256, t.ID)
	case Path:
		return slices.ContainsFunc(a.Paths, func(path string) bool { return samePath(path, t.ID) })
	}
	return false
}

// A ranking is the profiles by score.
type ranking struct {
	order  []int // the best first; ties by ID
	scores []float64
}

func (p *Profiles) rank(groups []Group, likeness []float64) ranking {
	r := ranking{scores: make([]float64, len(p.Profiles))}
	copy(r.scores, likeness)
	for _, g := range groups {
		for i, s := range g.Scores {
			r.scores[i] += s
		}
	}
	for i := range p.Profiles {
		r.order = append(r.order, i)
	}
	slices.SortStableFunc(r.order, func(x, y int) int { return cmp.Compare(r.scores[y], r.scores[x]) })
	return r
}

func (r ranking) margin() float64 {
	if len(r.order) < 2 {
		return 0
	}
	return r.scores[r.order[0]] - r.scores[r.order[1]]
}

// near is how many profiles the best is not told apart from, itself among them.
func (r ranking) near() (n int) {
	for _, i := range r.order {
		if r.scores[r.order[0]]-r.scores[i] < marginTie {
			n++
		}
	}
	return n
}
