package knowledge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/claim"
)

// A stixObject is what claims need of a STIX 2.1 object.
type stixObject struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Aliases    []string `json:"aliases"`
	Created    string   `json:"created"`
	Modified   string   `json:"modified"`
	Published  string   `json:"published"`
	Creator    string   `json:"created_by_ref"`
	Revoked    bool     `json:"revoked"`
	Deprecated bool     `json:"x_mitre_deprecated"`
	Confidence *int     `json:"confidence"`
	Kind       string   `json:"relationship_type"`
	Source     string   `json:"source_ref"`
	Target     string   `json:"target_ref"`
	Value      string   `json:"value"`
	Country    string   `json:"country"`
	References []struct {
		Source      string `json:"source_name"`
		URL         string `json:"url"`
		ExternalID  string `json:"external_id"`
		Description string `json:"description"`
	} `json:"external_references"`
}

// attackID is the object's number in ATT&CK; "" if it has none.
func (o *stixObject) attackID() string {
	for _, r := range o.References {
		if strings.HasPrefix(r.Source, "mitre-") && r.ExternalID != "" {
			return r.ExternalID
		}
	}
	return ""
}

// A stixBundle is the objects of a bundle by ID, the newest version of each.
type stixBundle struct {
	objects map[string]*stixObject
	order   []string // IDs as they came
}

func (b *stixBundle) add(o stixObject) error {
	if o.Type == "" {
		return errors.New("an object without a type")
	}
	if o.ID == "" {
		return fmt.Errorf("a %s without an id", short(o.Type))
	}
	if kind, _, ok := strings.Cut(o.ID, "--"); !ok || kind != o.Type {
		return fmt.Errorf("the id %q is not of the type %q", short(o.ID), short(o.Type))
	}
	if b.objects == nil {
		b.objects = map[string]*stixObject{}
	}
	old := b.objects[o.ID]
	switch {
	case old == nil:
		b.order = append(b.order, o.ID)
	case old.Modified > o.Modified: // both in UTC, so text order is time order
		return nil
	case old.Modified == o.Modified && (old.Name != o.Name || old.Source != o.Source || old.Target != o.Target || old.Kind != o.Kind):
		return fmt.Errorf("%s is there twice in one version, with different content", short(o.ID))
	}
	b.objects[o.ID] = &o
	return nil
}

// isActor are the types of STIX that are actors here.
func isActor(kind string) bool {
	return kind == "intrusion-set" || kind == "threat-actor"
}

func (b *stixBundle) read(name string) (*Import, error) {
	im := &Import{Format: "stix"}
	uses := map[string]*Actor{}
	for _, id := range b.order {
		o := b.objects[id]
		if !isActor(o.Type) {
			continue
		}
		if o.Revoked || o.Deprecated || o.Name == "" {
			im.skip("revoked, deprecated or without a name: " + o.Type)
			continue
		}
		a := &Actor{ID: b.thing(id).ID, Name: o.Name, Kind: o.Type, Sources: []string{b.author(o, name).Identity}}
		if n := o.attackID(); strings.HasPrefix(n, "G") {
			a.ATTACK = n
		}
		uses[id] = a
		for _, alias := range o.Aliases {
			if Fold(alias) == Fold(o.Name) || Fold(alias) == "" {
				continue
			}
			c := b.claim(o, name, claim.AliasOf)
			c.Object, c.Target, c.Level = b.thing(id), claim.Thing{Name: alias, Kind: o.Type}, claim.Group
			b.keep(im, c)
		}
	}
	for _, id := range b.order {
		o := b.objects[id]
		if o.Type != "relationship" {
			if !isActor(o.Type) && !slices.Contains([]string{"identity", "location", "campaign", "malware", "tool", "attack-pattern", "marking-definition", "extension-definition"}, o.Type) {
				im.skip("nothing to claim: " + o.Type)
			}
			continue
		}
		source, target := b.objects[o.Source], b.objects[o.Target]
		switch {
		case o.Revoked || o.Deprecated:
			im.skip("revoked relationship")
			continue
		case source == nil || target == nil:
			im.skip("relationship with an end that is not in the file")
			continue
		case source.Revoked || target.Revoked || source.Deprecated || target.Deprecated:
			im.skip("relationship of a revoked object")
			continue
		}
		relation, level := relationOf(o.Kind, source.Type, target.Type)
		if relation == "" {
			im.skip("relationship: " + short(o.Kind) + " of " + short(source.Type))
			continue
		}
		if a := uses[o.Source]; a != nil && relation == claim.Uses {
			switch target.Type {
			case "attack-pattern":
				a.Techniques = appendOnce(a.Techniques, target.attackID())
			case "malware", "tool":
				a.Software = appendOnce(a.Software, target.Name)
			}
		}
		c := b.claim(o, name, relation)
		c.Object, c.Target, c.Level = b.thing(o.Source), b.thing(o.Target), level
		b.keep(im, c)
	}
	for _, id := range b.order {
		if a := uses[id]; a != nil {
			slices.Sort(a.Techniques)
			slices.Sort(a.Software)
			im.Actors = append(im.Actors, *a)
		}
	}
	return im, nil
}

func appendOnce(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// relationOf is the relation of a STIX relationship that claims something of an
// actor or a campaign, and the level at which it does; "" for others.
func relationOf(kind, source, target string) (claim.Relation, claim.Level) {
	actor := isActor(source) || source == "campaign" || source == "incident"
	switch {
	case !actor:
		return "", ""
	case kind == "uses":
		return claim.Uses, ""
	case kind == "attributed-to" && isActor(target):
		return claim.AttributedTo, claim.Group
	case kind == "attributed-to" && target == "identity":
		return claim.AttributedTo, claim.Organisation
	case kind == "originates-from" && target == "location":
		return claim.OriginatesFrom, claim.Territory
	case kind == "located-at" && target == "location":
		return claim.LocatedIn, claim.Territory
	case kind == "related-to" && isActor(target):
		return claim.LinkedTo, claim.Group
	}
	return "", ""
}

// thing is an object as claims speak of it. What has a number in ATT&CK goes by
// that, so that two versions of ATT&CK speak of the same.
func (b *stixBundle) thing(id string) claim.Thing {
	o := b.objects[id]
	t := claim.Thing{ID: id, Name: cmp.Or(o.Name, o.Value, o.Country, id), Kind: o.Type}
	if n := o.attackID(); n != "" {
		t.ID = "attack--" + n
	}
	return t
}

// author is who made an object; the file itself where it does not say.
func (b *stixBundle) author(o *stixObject, file string) claim.Party {
	if by := b.objects[o.Creator]; by != nil && by.Name != "" {
		if strings.HasPrefix(by.Name, "The MITRE") {
			return claim.Party{Identity: "MITRE", Organ: "ATT&CK", Kind: claim.Vendor}
		}
		return claim.Party{Identity: by.Name}
	}
	return claim.Party{Identity: "author of " + file, Kind: claim.Anonymous}
}

func (b *stixBundle) claim(o *stixObject, file string, relation claim.Relation) claim.Claim {
	who := b.author(o, file)
	c := claim.Claim{
		Attributors: []claim.Party{who}, Relation: relation, Polarity: claim.Affirms, Modality: claim.Asserted,
		SaidOn: stixDay(cmp.Or(o.Published, o.Modified, o.Created)), ExtractedBy: "stix import",
		Evidence: []claim.Quote{{Document: file, Depth: claim.Primary}},
	}
	// The scale "low, medium, high" of STIX 2.1, appendix A.
	if n := o.Confidence; n != nil {
		switch {
		case *n >= 70:
			c.Confidence = claim.High
		case *n >= 30:
			c.Confidence = claim.Moderate
		case *n >= 1:
			c.Confidence = claim.Low
		}
		c.Wording = fmt.Sprintf("confidence %d of 100", *n)
	}
	for _, r := range o.References {
		if r.ExternalID == "" && len(c.Evidence) < 8 && (r.Description != "" || r.Source != "") {
			c.Evidence = append(c.Evidence, claim.Quote{Document: cmp.Or(r.Description, r.Source), URL: r.URL, Depth: claim.Paraphrase})
		}
	}
	return c
}

// keep adds a claim if it has what a claim needs.
func (b *stixBundle) keep(im *Import, c claim.Claim) {
	if c.SaidOn == "" {
		im.skip("without a date")
		return
	}
	c.ID = NewID(&c)
	im.Claims = append(im.Claims, c)
}

func stixDay(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
