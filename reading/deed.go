package reading

import (
	"limier/claim"
)

// Cues that tell what somebody did, with what, for whom and from where.

func (p *passage) did(d *discourse, c cue, dr *draft) bool {
	s := p.subject(c.lo, accusedOK)
	switch {
	case len(s.list) > 0:
		dr.targets = p.named(s.list)
		for _, m := range dr.targets { // the name may come after the verb, of somebody else
			if m.lo > c.lo {
				dr.targets = s.list
			}
		}
	case s.pronoun && len(d.actors) > 0:
		dr.targets, dr.parties = d.actors, d.parties
	default:
		return false
	}
	if p.wasBefore(c.lo) && (p.is(c.lo, "conducted", "launched", "orchestrated", "perpetrated", "mounted", "executed", "staged", "committed", "hacked", "breached", "infiltrated", "attacked", "compromised", "penetrated") || p.is(c.lo, "carried")) {
		return false
	}
	if c.template == "hack>" {
		return p.hacked(c, s.list, dr)
	}
	dr.objects = p.object(c.hi, 14, p.hi, objectOK)
	if len(dr.objects) > 0 && dr.objects[0].typ == "vuln-mention" {
		return false
	}
	if len(dr.objects) == 0 {
		if g := p.object(c.hi, 4, p.hi, actorOK); len(g) > 0 && g[0].typ == "threat-actor" {
			dr.objects, dr.relation = g, claim.SponsoredBy // "the FSB is behind the group Callisto"
			return true
		}
		if p.is(c.hi, "it", "them", "this", ".", ",") || p.is(c.hi-1, "dans", "it") {
			dr.objects, dr.object = d.it(p)
			return len(dr.objects) > 0
		}
		return false
	}
	return true
}

// hacked reads whom they broke into.
func (p *passage) hacked(c cue, who []*mention, dr *draft) bool {
	// "a hacked database", "… of the United States, compromised": no verb of theirs.
	if article(p.tokens[c.lo-1].lower) || len(who) > 0 && (c.lo-who[len(who)-1].hi > 6 || p.is(c.lo-1, ",", "and", "et")) {
		return false
	}
	victims := p.object(c.hi, 7, p.hi, func(m *mention) bool {
		return !m.inside && (m.typ == "org" || m.typ == "product" || m.typ == "sector" || m.typ == "country")
	})
	for k := c.hi; len(victims) == 0 && k < min(c.hi+4, p.hi); k++ {
		if p.tokens[k].upper && p.at(k) == nil { // somebody we do not know
			victims = []*mention{{lo: k, hi: k + 1}}
		}
	}
	if len(victims) == 0 {
		return false
	}
	dr.object, dr.hi = p.words(c.hi-1, victims[0].hi), victims[0].hi
	return true
}

func (p *passage) doneBy(d *discourse, c cue, dr *draft) bool {
	dr.targets = p.object(c.hi, 6, p.hi, accusedOK)
	if len(dr.targets) == 0 {
		return false
	}
	if p.is(c.lo, "work") && p.is(c.lo+1, "by") || p.is(c.lo, "fait") && !p.wasBefore(c.lo) {
		return false
	}
	dr.objects = p.before(c.lo, objectOK)
	if len(dr.objects) == 0 {
		dr.objects, dr.object = d.it(p)
		return pronounBefore(p, c.lo) || len(dr.objects) > 0 && p.is(c.lo, "work", "œuvre")
	}
	if near := dr.objects[len(dr.objects)-1]; c.lo-near.hhi > 12 {
		return false
	}
	return true
}

func (p *passage) from(d *discourse, c cue, dr *draft) bool {
	dr.targets = p.object(c.hi, 6, p.hi, placeOK)
	if len(dr.targets) == 0 {
		return false
	}
	dr.level = claim.Territory
	things := func(m *mention) bool { return objectOK(m) || actorOK(m) }
	if c.template == "loc" {
		things = func(m *mention) bool { return actorOK(m) }
	}
	dr.objects = p.before(c.lo, things)
	if len(dr.objects) == 0 {
		s := p.subject(c.lo, things)
		switch {
		case s.pronoun && c.template == "loc" && len(d.actors) > 0:
			dr.objects = d.actors
		case s.pronoun:
			dr.objects, dr.object = d.it(p)
			dr.parties = d.parties
		default:
			return false
		}
	}
	if c.template == "loc" {
		if dr.objects[0].typ == "group" && d.named != nil {
			dr.extra = append(dr.extra, "the group may be "+p.words(d.named.lo, d.named.hi))
		}
		if c.lo-dr.objects[len(dr.objects)-1].hi > 6 {
			return false
		}
	}
	return true
}

func (p *passage) serves(d *discourse, c cue, dr *draft) bool {
	dr.targets = p.object(c.hi, 7, p.hi, func(m *mention) bool {
		return !m.inside && (m.typ == "org" && m.level != "" && m.kind != claim.Vendor || m.typ == "country" || m.typ == "state" || m.typ == "threat-actor" && c.relation == "member-of")
	})
	s := p.subject(c.lo, actorOK)
	if dr.objects = s.list; len(s.list) > 0 {
		if named := p.named(s.list); named[0].lo < c.lo {
			dr.objects = named
		}
	}
	if s.pronoun {
		dr.objects = d.actors
	}
	if len(dr.targets) == 0 || len(dr.objects) == 0 {
		return false
	}
	if c.relation == "member-of" {
		if dr.targets[0].typ == "country" || dr.targets[0].typ == "state" {
			return false
		}
		dr.objects, dr.targets = dr.targets, dr.objects
	}
	return true
}

func (p *passage) alias(c cue, dr *draft) bool {
	named := func(m *mention) bool {
		return (m.typ == "threat-actor" || m.typ == "malware") && !m.inside
	}
	dr.objects = p.before(c.lo, named)
	dr.targets = p.object(c.hi, 5, p.hi, named)
	if len(dr.objects) == 0 || len(dr.targets) == 0 {
		return false
	}
	dr.objects = dr.objects[len(dr.objects)-1:]
	if c.lo-dr.objects[0].hi > 6 || dr.objects[0].typ != dr.targets[0].typ {
		return false
	}
	if s := p.partiesBetween(dr.objects[0].hi, c.hi); len(s) > 0 {
		dr.parties, dr.speech = s, true
	}
	// "tracked as X by Y"
	if end := dr.targets[len(dr.targets)-1].hi; p.is(end, "by", "par") {
		dr.parties = p.partiesAfter(end+1, 4)
		dr.speech = len(dr.parties) > 0
	}
	return true
}

func (p *passage) partiesBetween(lo, hi int) []*mention {
	for k := lo; k < hi; k++ {
		if m := p.at(k); m != nil && partyOK(m) {
			return []*mention{m}
		}
	}
	return nil
}

func (p *passage) uses(d *discourse, c cue, dr *draft) bool {
	if p.is(c.lo-1, "en", "by", "of", "be", "to", "is", "was") {
		return false
	}
	tools := func(m *mention) bool {
		switch m.typ {
		case "malware", "tool", "infrastructure", "malware-class", "vuln-mention":
			return !m.inside
		}
		return false
	}
	things := p.object(c.hi, 6, p.hi, tools)
	s := p.subject(c.lo, actorOK)
	who := s.list
	if s.pronoun {
		who = d.actors
	}
	if len(things) == 0 || len(who) == 0 {
		return false
	}
	if len(s.list) > 0 && c.lo-s.list[len(s.list)-1].hi > 14 {
		return false
	}
	dr.objects, dr.targets = things, who
	if who[0].typ == "group" && d.named != nil {
		dr.extra = append(dr.extra, "the group may be "+p.words(d.named.lo, d.named.hi))
	}
	return true
}

func (p *passage) victims(c cue, dr *draft) bool {
	near := func(m *mention) bool { return m.typ == "quantity" && !m.inside }
	q := p.before(c.lo, near)
	if len(q) == 0 || c.lo-q[len(q)-1].hi > 10 {
		q = p.object(c.hi, 6, p.hi, near)
	}
	if len(q) == 0 {
		return false
	}
	dr.targets, dr.value = q[len(q)-1:], q[len(q)-1].norm.Value
	dr.objects = p.before(c.lo, activityOK)
	if len(dr.objects) == 0 {
		dr.object = p.words(dr.targets[0].lo, dr.targets[0].hi)
	}
	if q[0].norm.Approx {
		dr.extra = append(dr.extra, "the number is approximate")
	}
	return true
}
