package reading

import (
	"strings"

	"limier/claim"
)

// Cues that tell who is held to be behind something.

// speakers are the parties that speak before token i, and where the pronoun
// stands if they are named by one.
func (p *passage) speakers(d *discourse, i int) (parties []*mention, at int) {
	s := p.subject(i, partyOK)
	if !s.pronoun {
		return s.list, s.at
	}
	if len(d.parties) > 0 {
		return d.parties, s.at
	}
	return p.first(partyOK, s.at), s.at // "which it attributes to"
}

func (p *passage) attributes(d *discourse, c cue, frames []frame, dr *draft) bool {
	dr.speech = true
	if p.wasBefore(c.lo) {
		return false
	}
	var at int
	dr.parties, at = p.speakers(d, c.lo)
	// The accused comes after "to"; what they are accused of before or after.
	for k := c.hi; k < p.hi && k < c.hi+40; k++ {
		if !p.is(k, "to", "à", "au", "aux", "on", "sur", "with", "et") {
			continue
		}
		got := p.object(k+1, 6, p.hi, accusedOK)
		if len(got) == 0 || p.is(k, "et") && p.tokens[c.lo].lower != "fait" {
			continue
		}
		dr.targets = got
		dr.objects = p.object(c.hi, 40, k, objectOK)
		if len(dr.objects) == 0 {
			dr.objects = p.object(got[len(got)-1].hi, 12, p.hi, func(m *mention) bool { return activityOK(m) || m.typ == "threat-actor" })
		}
		break
	}
	if len(dr.targets) == 0 {
		return false
	}
	if len(dr.objects) == 0 && p.nearBefore(at, 3, "which", "that", "que", "qu'") {
		dr.objects = p.before(at, activityOK)
	}
	if len(dr.objects) == 0 {
		dr.objects, dr.object = d.it(p)
	}
	return len(dr.parties) > 0 || speakers(frames, c) != nil || dr.object == "" && len(dr.objects) > 0
}

// first returns the first mention before token i that ok accepts.
func (p *passage) first(ok func(*mention) bool, i int) []*mention {
	for _, m := range p.mentions {
		if m.hi <= i && ok(m) && !p.governed(m) {
			return []*mention{m}
		}
	}
	return nil
}

// wasBefore reports whether a form of "to be" makes the word a passive.
func (p *passage) wasBefore(i int) bool {
	for k := i - 1; k >= p.lo && k >= i-3; k-- {
		if p.is(k, "is", "are", "was", "were", "be", "been", "being", "est", "sont", "été", "être", "était", "étaient") {
			return true
		}
		if p.at(k) != nil || !p.tokens[k].word {
			return false
		}
	}
	return false
}

// it is what "it" means, if anything was spoken of.
func (d *discourse) it(p *passage) ([]*mention, string) {
	if d.activity != nil && d.about != nil && p.paragraph-d.about.paragraph <= 1 {
		return []*mention{d.activity}, ""
	}
	return nil, "unspecified activities"
}

func (p *passage) attributed(d *discourse, c cue, dr *draft) bool {
	accused := func(m *mention) bool {
		return accusedOK(m) || strings.HasPrefix(c.relation, "linked") && (activityOK(m) || m.typ == "malware")
	}
	stop := c.hi
	for stop < p.hi && !relative(p.tokens[stop].lower) && !p.is(stop, "may", "can", "could", "dont", "where") {
		stop++
	}
	dr.targets = p.object(c.hi, 10, stop, accused)
	if len(dr.targets) == 0 {
		return false
	}
	// Active after all: "has linked it to", "which Mandiant attributes to".
	if s := p.subject(c.lo, partyOK); len(s.list) > 0 && !p.wasBefore(c.lo) && s.list[len(s.list)-1].hi >= c.lo-1 && !p.is(c.lo, "lié", "liée", "liés", "liées", "lien", "liens", "link", "links", "ties") {
		dr.speech, dr.parties = true, s.list
		if dr.objects = p.object(dr.targets[len(dr.targets)-1].hi, 8, p.hi, activityOK); len(dr.objects) == 0 {
			dr.objects = p.before(s.at, objectOK)
		}
		if len(dr.objects) == 0 {
			dr.objects, dr.object = d.it(p)
		}
		return true
	}
	things := func(m *mention) bool {
		return objectOK(m) || m.typ == "threat-actor" || m.typ == "actor-class" || m.typ == "group" && !m.inside
	}
	dr.objects = p.before(c.lo, things)
	if len(dr.objects) == 0 {
		if s := p.subject(c.lo, objectOK); s.pronoun {
			dr.objects, dr.object = d.it(p)
		} else if p.is(c.lo, "lien", "liens", "link", "links", "attributed", "attribué", "attribuée", "attribués", "attribuées", "imputée", "imputé") {
			dr.objects, dr.object = d.it(p)
		} else {
			return false
		}
	}
	last := dr.targets[len(dr.targets)-1].hi
	if p.is(last, "by", "par") {
		if by := p.partiesAfter(last+1, 4); len(by) > 0 {
			dr.speech, dr.parties = true, by
		}
	}
	// "was attributed by the NCSC to": the agent came first.
	for k := c.lo; k < c.hi+1 && k < p.hi; k++ {
		if p.is(k, "by", "par") {
			if by := p.partiesAfter(k+1, 4); len(by) > 0 {
				dr.speech, dr.parties = true, by
			}
		}
	}
	if c.relation == "linked-to" && len(dr.objects) > 0 && actorOK(dr.objects[0]) && (dr.targets[0].typ == "threat-actor" || activityOK(dr.targets[0])) && !actorOK(dr.targets[0]) {
		dr.objects, dr.targets = dr.targets, dr.objects // a group linked to an attack
	}
	return true
}

// before returns the nearest mention before token i that ok accepts, whatever
// governs it, with what is joined to it.
func (p *passage) before(i int, ok func(*mention) bool) []*mention {
	for k := i - 1; k >= p.lo && k >= i-25; k-- {
		if p.tokens[k].lower == ";" {
			return nil
		}
		if m := p.at(k); m != nil {
			if ok(m) {
				return p.coordinated(m, -1, ok)
			}
			k = m.hlo
		} else if pronoun(p.tokens[k].lower) {
			return nil
		}
	}
	return nil
}

func (p *passage) accuses(d *discourse, c cue, frames []frame, dr *draft) bool {
	dr.speech = true
	if p.wasBefore(c.lo) && !p.is(c.lo, "met", "mettent") {
		return false
	}
	var at int
	dr.parties, at = p.speakers(d, c.lo)
	if p.is(c.hi, "for", "pour", "de") && p.nearBefore(at, 3, "which", "whom", "que", "qu'") { // "Iran, which it blames for"
		dr.targets = p.before(at, accusedOK)
		dr.objects = p.object(c.hi, 8, p.hi, objectOK)
		return len(dr.targets) > 0 && len(dr.objects) > 0 && len(dr.parties) > 0
	}
	first := p.object(c.hi, 9, p.hi, func(m *mention) bool { return accusedOK(m) || activityOK(m) })
	if len(first) == 0 {
		return false
	}
	end := first[len(first)-1].hi
	if activityOK(first[0]) {
		dr.objects = first
		return p.blamedOn(c, end, dr)
	}
	dr.targets = first
	if len(dr.parties) == 1 && dr.parties[0] == first[0] || !p.reproach(c, end, dr) {
		return false
	}
	dr.objects = p.object(end, 30, p.hi, activityOK)
	if len(dr.objects) == 0 && p.is(end, "for", "of", "pour", "de", "d'") {
		dr.objects = p.object(end, 6, p.hi, objectOK)
	}
	if len(dr.objects) == 0 {
		dr.objects, dr.object = nil, "unspecified activities"
		if len(dr.parties) == 0 {
			return false
		}
	}
	return len(dr.parties) > 0 || speakers(frames, c) != nil
}

// blamedOn reads whom an activity is held against: "blamed the attack on X",
// "condemns Russia's attack".
func (p *passage) blamedOn(c cue, end int, dr *draft) bool {
	if p.is(c.lo, "blames", "blame", "blaming", "blamed") {
		for k := end; k < p.hi && k < end+12; k++ {
			if p.is(k, "on", "sur") {
				dr.targets, dr.relation = p.object(k+1, 6, p.hi, accusedOK), claim.AttributedTo
				return len(dr.targets) > 0
			}
		}
	}
	if o := p.owner(dr.objects[0]); o != nil {
		dr.targets = []*mention{o}
		return len(dr.parties) > 0
	}
	return false
}

// reproach reports whether a cue that can also be harmless is an accusation:
// "holds X responsible", not "holds talks with X".
func (p *passage) reproach(c cue, end int, dr *draft) bool {
	has := func(words ...string) bool {
		for k := end; k < p.hi && k < end+16; k++ {
			if p.is(k, words...) {
				return true
			}
		}
		return false
	}
	switch {
	case p.is(c.lo, "holds", "hold", "held", "holding", "tient", "tiennent", "tenir", "tenu"):
		dr.relation = claim.AttributedTo
		return has("responsible", "responsable", "responsables", "accountable")
	case c.relation == "attributed-to" || p.is(c.lo, "désigne", "désignent", "désigné"):
		return has("responsible", "behind", "author", "authors", "perpetrator", "perpetrators", "culprit", "responsable", "responsables", "auteur", "auteurs", "derrière", "origine", "operator", "operators")
	case p.is(c.lo, "called", "calls", "calling", "call"):
		return len(dr.parties) > 0 && !p.is(c.hi, "on")
	}
	return true
}

// owner is the state whose activity it is: "Russia's attack", "China's campaign".
func (p *passage) owner(m *mention) *mention {
	for _, o := range p.mentions {
		if o.typ == "country" && o.hi <= m.lo && p.is(o.hi, "'s") && o.hi >= m.lo-4 {
			return o
		}
	}
	return nil
}

func (p *passage) accused(d *discourse, c cue, dr *draft) bool {
	s := p.subject(c.lo, accusedOK)
	dr.targets = s.list
	if s.pronoun || len(s.list) == 0 && len(d.actors) > 0 && pronounBefore(p, c.lo) {
		dr.targets = d.actors
		dr.parties = d.parties
	}
	if len(dr.targets) == 0 {
		return false
	}
	k := c.hi
	if p.is(k, "by", "par") {
		if by := p.partiesAfter(k+1, 4); len(by) > 0 {
			dr.speech, dr.parties = true, by
			k = by[len(by)-1].hi
		}
	}
	dr.objects = p.object(k, 14, p.hi, objectOK)
	if len(dr.objects) == 0 {
		if len(dr.parties) == 0 && !s.pronoun {
			return false
		}
		dr.object = "unspecified activities"
	}
	return true
}

func pronounBefore(p *passage, i int) bool {
	for k := i - 1; k >= p.lo && k >= i-5; k-- {
		if pronoun(p.tokens[k].lower) {
			return true
		}
	}
	return false
}
