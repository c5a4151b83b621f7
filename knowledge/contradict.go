package knowledge

import (
	"fmt"
	"slices"

	"limier/claim"
)

// A Contradiction is a claim of the base that another does not agree with.
type Contradiction struct {
	Claim *claim.Claim
	Why   string
}

// Contradictions returns the claims of the base that c contradicts: those of
// the same object and target with the opposite polarity, and those of the same
// attributor that are weaker than what c says they said. A claim at another
// level by somebody else is no contradiction.
func (b *Base) Contradictions(c *claim.Claim) []Contradiction {
	var all []Contradiction
	for i := range b.Claims {
		o := &b.Claims[i]
		if o.ID == c.ID || o.Status == claim.Withdrawn || !sameThing(o.Object, c.Object) {
			continue
		}
		switch {
		case attributes(o.Relation) && attributes(c.Relation) && sameThing(o.Target, c.Target) && opposite(o.Polarity, c.Polarity):
			all = append(all, Contradiction{o, fmt.Sprintf("%s says the opposite", who(o))})
		case o.Relation == claim.Denies && attributes(c.Relation) && c.Polarity == claim.Affirms && sameThing(o.Target, c.Target):
			all = append(all, Contradiction{o, fmt.Sprintf("%s denies it", who(o))})
		}
	}
	// What is said in somebody's name is held against the strongest that this
	// party said itself.
	for _, p := range c.Attributors {
		var own []*claim.Claim
		for i := range b.Claims {
			o := &b.Claims[i]
			if o.ID != c.ID && sameThing(o.Object, c.Object) && o.Polarity == claim.Affirms && len(o.Evidence) > 0 && o.Evidence[0].Depth != claim.PressCopy &&
				slices.ContainsFunc(o.Attributors, func(q claim.Party) bool { return Fold(q.Identity) == Fold(p.Identity) }) {
				own = append(own, o)
			}
		}
		if len(own) == 0 || c.Polarity != claim.Affirms || !attributes(c.Relation) {
			continue
		}
		strongest := slices.MaxFunc(own, func(x, y *claim.Claim) int { return strength(x) - strength(y) })
		if strength(c) > strength(strongest) {
			all = append(all, Contradiction{strongest, fmt.Sprintf("stronger than the primary source: %s itself said %s (%s)", p.Identity, words(strongest), strongest.SaidOn)})
		}
	}
	return all
}

// strength orders what a claim commits its attributor to: its level, and
// nothing for an endorsement.
func strength(c *claim.Claim) int {
	if c.Relation == claim.Endorses || c.Modality == claim.Acknowledged {
		return 0
	}
	return c.Level.Rank()
}

// words are what a claim says, in short.
func words(c *claim.Claim) string {
	s := string(c.Relation) + " " + c.Target.Name
	if c.Wording != "" {
		s += fmt.Sprintf(", %q", c.Wording)
	}
	return s
}

func attributes(r claim.Relation) bool {
	return slices.Contains([]claim.Relation{claim.AttributedTo, claim.ConductedBy, claim.LinkedTo, claim.SponsoredBy, claim.Accuses}, r)
}

func opposite(a, b claim.Polarity) bool {
	return a == claim.Affirms && b == claim.Negates || a == claim.Negates && b == claim.Affirms
}

func sameThing(a, b claim.Thing) bool {
	if a.ID != "" && b.ID != "" {
		return a.ID == b.ID
	}
	return a.Name != "" && Fold(a.Name) == Fold(b.Name)
}

func who(c *claim.Claim) string {
	if len(c.Attributors) == 0 {
		return "somebody"
	}
	return c.Attributors[0].Name()
}
