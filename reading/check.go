package reading

import (
	"fmt"
	"strings"

	"limier/claim"
	"limier/knowledge"
)

// Check holds the claims of a document against what is known, and gives things
// that the knowledge has by that very name their IDs. It warns of a claim that
// is stronger than what its attributor said himself, or that somebody
// contradicts; it changes no word of a claim.
func Check(d *Document, b *knowledge.Base) {
	d.Warnings = nil
	about := ""
	for i := range d.Claims {
		c := &d.Claims[i]
		resolve(&c.Object, b)
		resolve(&c.Target, b)
		if id := campaign(d, c, b); id != "" {
			c.Object.ID, about = id, id
		}
	}
	for i := range d.Claims {
		c := &d.Claims[i]
		asked, doubt := *c, ""
		if asked.Object.ID == "" && about != "" && c.Object.Kind != "intrusion-set" && c.Object.Kind != "malware" {
			asked.Object.ID = about
			doubt = ", if it speaks of the same activities as the rest of the document"
		}
		for _, x := range b.Contradictions(&asked) {
			stronger := strings.HasPrefix(x.Why, "stronger")
			switch {
			case doubt != "" && (!stronger || ownWords(c, b)):
				continue
			case stronger && c.Relation == claim.Accuses && x.Claim.Level.Rank() >= claim.Affiliated.Rank():
				continue // whoever accuses those who work for a state is said to accuse it
			}
			kind := "contradicted"
			if stronger {
				kind = "stronger-than-primary"
			}
			d.Warnings = append(d.Warnings, Warning{Claim: c.ID, Kind: kind, Known: x.Claim.ID, Text: x.Why + doubt})
		}
	}
}

// resolve gives a thing the ID of the one that bears its name in the knowledge.
// A name that several bear, or that is only somebody's other name, stays open.
func resolve(t *claim.Thing, b *knowledge.Base) {
	if t.ID != "" || t.Name == "" {
		return
	}
	name := knowledge.Fold(t.Name)
	for i := range b.Actors {
		if knowledge.Fold(b.Actors[i].Name) == name {
			t.ID = b.Actors[i].ID
			return
		}
	}
	for i := range b.Claims {
		for _, known := range []claim.Thing{b.Claims[i].Object, b.Claims[i].Target} {
			if known.ID != "" && known.Kind == t.Kind && knowledge.Fold(known.Name) == name {
				t.ID = known.ID
				return
			}
		}
	}
}

// campaign is the ID of the known campaign that a claim names: one whose name
// is a product and a year, where the claim has the product and the document
// is of that year.
func campaign(d *Document, c *claim.Claim, b *knowledge.Base) string {
	if c.Object.Kind != "incident" && c.Object.Kind != "campaign" || c.Object.ID != "" {
		return ""
	}
	for i := range b.Claims {
		known := b.Claims[i].Object
		word, year, ok := strings.Cut(known.Name, " ")
		if known.Kind != "campaign" || !ok || !isYear(year) {
			continue
		}
		if strings.Contains(strings.ToLower(c.Object.Name), strings.ToLower(word)) && (strings.HasPrefix(d.Published, year) || strings.Contains(d.Text, year)) {
			return known.ID
		}
	}
	return ""
}

// ownWords reports whether an attributor of the claim is known to have said as
// much of the same target, about whatever.
func ownWords(c *claim.Claim, b *knowledge.Base) bool {
	for i := range b.Claims {
		o := &b.Claims[i]
		if knowledge.Fold(o.Target.Name) != knowledge.Fold(c.Target.Name) || o.Level.Rank() < c.Level.Rank() {
			continue
		}
		for _, p := range o.Attributors {
			for _, q := range c.Attributors {
				if knowledge.Fold(p.Identity) == knowledge.Fold(q.Identity) {
					return true
				}
			}
		}
	}
	return false
}

// Choose returns the claims of the IDs, each of which may be cut to its first
// eight letters, for a person who has read their quotes.
func (d *Document) Choose(ids []string) ([]claim.Claim, error) {
	var list []claim.Claim
	for _, id := range ids {
		n := 0
		for _, c := range d.Claims {
			if len(id) >= 8 && strings.HasPrefix(c.ID, id) {
				list = append(list, c)
				n++
			}
		}
		if n != 1 {
			return nil, fmt.Errorf("%s: %d claims have the ID %q; limier read prints them", d.Name, n, id)
		}
	}
	return list, nil
}
