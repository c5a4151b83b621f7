package reading

import (
	"strings"

	"limier/claim"
)

// Cues that tell how a party stands to what is said: it charges, denies,
// endorses, tolerates or takes back.

func (p *passage) legal(d *discourse, c cue, dr *draft) bool {
	if c.template == "law>" {
		if p.wasBefore(c.lo) {
			return false
		}
		s := p.subject(c.lo, partyOK)
		dr.parties, dr.speech = s.list, true
		if s.pronoun {
			dr.parties = d.parties
		}
		dr.targets = p.object(c.hi, 9, p.hi, accusedOK)
	} else {
		s := p.subject(c.lo, accusedOK)
		dr.targets = s.list
		if s.pronoun {
			dr.targets = d.actors
		}
		if p.is(c.hi, "by", "par") {
			dr.parties = p.partiesAfter(c.hi+1, 5)
			dr.speech = len(dr.parties) > 0
		}
	}
	if len(dr.targets) == 0 || c.relation == "indicts" && dr.targets[0].typ == "country" {
		return false
	}
	if c.template == "law>" && len(dr.parties) == 0 && dr.targets[0].typ != "persons" {
		return false
	}
	end := max(c.hi, dr.targets[len(dr.targets)-1].hi)
	dr.acts = []string{c.flag}
	if c.relation == "indicts" {
		dr.modality = claim.Alleged
		for k := end; k < p.hi && k < end+12; k++ {
			if p.is(k, "rôle", "role", "roles", "membre", "membres", "member", "members", "appartenance", "participation", "part") {
				if g := p.object(k, 9, p.hi, func(m *mention) bool { return m.typ == "threat-actor" }); len(g) > 0 {
					dr.relation, dr.objects = claim.MemberOf, g
					return true
				}
			}
		}
	}
	dr.objects = p.object(end, 25, p.hi, objectOK)
	if len(dr.objects) == 0 {
		dr.object = "unspecified activities"
	}
	return true
}

func (p *passage) denies(d *discourse, c cue, dr *draft) bool {
	if c.flag == "said" { // "« Ces accusations sont infondées », a dit X": the frame has who says it
		dr.polarity, dr.object = claim.Negates, p.words(c.lo, c.lo+1)
		return true
	}
	s := p.subject(c.lo, partyOK)
	if s.pronoun {
		s.list = d.parties
	}
	if len(s.list) == 0 || s.list[0].kind == claim.Vendor && c.lo-s.list[0].hi > 4 || s.list[0].kind == claim.Press {
		return false
	}
	dr.parties, dr.speech = s.list, true
	end := c.hi
	for end < p.hi && end < c.hi+7 && (p.tokens[end].word || p.is(end, "'")) && !p.is(end, "et", "and", "but", "mais", "while") {
		end++
	}
	text := p.words(c.hi, end)
	lower := strings.ToLower(text + " " + p.words(c.lo, c.hi))
	if what := c.lo - 1; dr.hi == c.hi && strings.TrimSpace(text) == "" && p.nearBefore(c.lo, 5, "que", "which") && what > p.lo {
		text = "what is said before"
	} else if !containsAny(lower, "accus", "implic", "involv", "allegation", "claim", "charge", "respons", "attack", "attaque", "hack", "role", "rôle", "particip", "lien", "link", "mise en cause", "reproch", "attribution", "finding", "groundless", "baseless", "unfounded", "smear", "fabricat", "false", "lie", "nonsense", "calomni", "infond", "mensong", "slander", "absurd", "ridicul", "fantais", "nothing to do", "being behind", "any", "tout", "derrière", "piratage", "ingérence", "interference", "report", "avoir") {
		return false
	}
	dr.hi = end
	dr.object = strings.Trim(text, " ")
	if dr.object == "" {
		dr.object = "accusations"
	}
	dr.polarity = claim.Negates
	return true
}

func containsAny(s string, list ...string) bool {
	for _, x := range list {
		if strings.Contains(s, x) {
			return true
		}
	}
	return false
}

func (p *passage) endorses(d *discourse, c cue, dr *draft) bool {
	end := c.hi
	for end < p.hi && end < c.hi+14 && !p.is(end, ".", ";", ",") {
		end++
	}
	text := strings.ToLower(p.words(c.lo, end))
	if !containsAny(text, "statement", "attribution", "assessment", "finding", "conclusion", "déclaration", "accusation", "allies", "alliés", "partners", "partenaires", "condamnation", "condemnation", "united kingdom", "royaume-uni", "united states", "états-unis") {
		return false
	}
	s := p.subject(c.lo, partyOK)
	if s.pronoun {
		s.list = d.parties
	}
	if len(s.list) == 0 {
		return false
	}
	dr.parties, dr.speech = s.list, true
	for k := c.hi; k < end; k++ {
		if p.is(k, "attributing", "attribuant", "blaming", "accusant", "accusing") {
			end = k
		}
	}
	dr.object = p.words(c.hi, end)
	dr.hi = max(dr.hi, end)
	for k := end; k < p.hi && !p.is(k, ".", ";"); k++ {
		dr.hi = k + 1 // what is endorsed is quoted, not claimed
	}
	if strings.HasPrefix(p.tokens[c.lo].lower, "acknowledg") || strings.HasPrefix(p.tokens[c.lo].lower, "pr") || p.is(c.lo, "pris") {
		dr.modality = claim.Acknowledged
	}
	return dr.object != ""
}

func (p *passage) idle(c cue, dr *draft) bool {
	states := func(m *mention) bool { return partyOK(m) && m.level == claim.TheState }
	s := p.subject(c.lo, states)
	dr.targets = s.list
	if len(dr.targets) == 0 {
		dr.targets = p.before(c.lo, states)
	}
	if len(dr.targets) == 0 {
		return false
	}
	dr.targets = dr.targets[len(dr.targets)-1:]
	dr.parties = nil
	for k := dr.targets[0].lo - 1; k >= p.lo; k-- {
		if m := p.at(k); m != nil && partyOK(m) && m.iso != dr.targets[0].iso {
			dr.parties = p.coordinated(m, -1, partyOK)
			break
		}
	}
	if !containsAny(p.tokens[c.lo].lower, "harbo", "shelter", "abrit", "protè", "toler", "tolèr", "ferm", "turn", "safe", "protecting", "héberg") && len(dr.parties) == 0 {
		return false
	}
	dr.objects = p.object(c.hi, 10, p.hi, func(m *mention) bool { return activityOK(m) || actorOK(m) })
	if len(dr.objects) == 0 {
		if containsAny(p.tokens[c.lo].lower, "protè", "protecting", "failure", "unwilling", "turn") {
			return false
		}
		dr.object = "unspecified activities"
	}
	return true
}

func (p *passage) retracts(d *discourse, c cue, dr *draft) bool {
	s := p.subject(c.lo, partyOK)
	dr.parties, dr.speech = s.list, true
	if s.pronoun {
		dr.parties = d.parties
	}
	for k := c.hi; k < p.hi; k++ {
		if p.is(k, "to", "à", "au", "aux") {
			if dr.targets = p.object(k+1, 5, p.hi, accusedOK); len(dr.targets) > 0 {
				dr.objects = p.object(c.hi, 20, k, objectOK)
				break
			}
		}
	}
	dr.status = claim.Withdrawn
	if len(dr.objects) == 0 {
		dr.objects, dr.object = d.it(p)
	}
	return len(dr.parties) > 0 && len(dr.targets) > 0
}

// instead reads "not the work of X but of Y" as two claims.
func (p *passage) instead(dr *draft) *draft {
	if dr.polarity != claim.Negates || len(dr.targets) == 0 {
		return nil
	}
	end := dr.targets[len(dr.targets)-1].hi
	for k := end; k < p.hi && k < end+3; k++ {
		if !p.is(k, "but", "mais") {
			continue
		}
		more := *dr
		more.targets = p.object(k+1, 6, p.hi, accusedOK)
		if len(more.targets) == 0 {
			return nil
		}
		more.polarity = claim.Affirms
		more.hi = max(more.hi, more.targets[len(more.targets)-1].hi)
		return &more
	}
	return nil
}
