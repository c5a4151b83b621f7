package reading

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"

	"limier/claim"
)

// A draft is a claim on the way.
type draft struct {
	relation   claim.Relation
	objects    []*mention
	object     string // where no mention stands for it
	targets    []*mention
	parties    []*mention
	level      claim.Level // of the target, where the draft knows better
	polarity   claim.Polarity
	modality   claim.Modality
	status     claim.Status
	acts       []string
	confidence *grade
	likelihood *grade
	value      int64
	rule       string
	lo, hi     int // evidence
	speech     bool
	period     *mention
	extra      []string // notes
}

// claims reads the claims of the page, in the order of the text.
func (r *Reader) claims(doc *Document, p *page) []claim.Claim {
	list := []claim.Claim{}
	d := &discourse{paragraph: -1}
	for _, pg := range p.passages {
		if pg.paragraph != d.paragraph {
			d.paragraph = pg.paragraph
			d.parties, d.passage, d.legal = nil, nil, false
		}
		for _, dr := range r.drafts(pg, d) {
			list = append(list, r.finish(doc, pg, dr)...)
		}
	}
	return unique(list)
}

// drafts reads the claims of one passage and moves the discourse on.
func (r *Reader) drafts(p *passage, d *discourse) []*draft {
	cues := r.grammar.find(p)
	frames := r.frames(p, d)
	grades := r.grammar.findGrades(p)
	for i := p.lo; i < p.hi; i++ {
		w := p.tokens[i].lower
		if strings.HasPrefix(w, "inculp") || strings.HasPrefix(w, "indict") || strings.HasPrefix(w, "prosecut") || w == "charges" || w == "charged" || strings.HasPrefix(w, "procureur") || w == "tribunal" || w == "court" || w == "parquet" {
			d.legal = true
		}
	}
	var out []*draft
	busy := p.lo // tokens that a claim has used up
	spoken := -1 // the end of the last cue that made a claim
	for i, c := range cues {
		if c.lo < busy && c.template != "from" {
			continue
		}
		dr := r.draft(p, d, c, frames)
		if dr == nil && c.template == "hack>" { // "100 companies were compromised"
			c.template, c.relation = "count", string(claim.VictimCount)
			dr = r.draft(p, d, c, frames)
		}
		if dr == nil {
			continue
		}
		if c.template == "deny" && len(out) > 0 && out[len(out)-1].relation == claim.Denies && slices.Equal(out[len(out)-1].parties, dr.parties) {
			continue // he denies it and calls it a slander
		}
		dr.rule = c.template + " " + c.relation
		r.judge(p, d, c, cues, i, spoken, frames, grades, dr)
		spoken = c.hi
		if dr.relation == claim.Denies && len(dr.parties)+len(dr.targets) == 0 {
			continue
		}
		out = append(out, dr)
		if more := p.instead(dr); more != nil {
			out = append(out, more)
		}
		if len(dr.objects) > 0 && (c.template == "att>" || c.template == "blame>" || c.template == "blame<" || c.template == "law>" || c.template == "law<" || c.template == "retract" || c.template == "deny" || c.template == "back") {
			for _, m := range dr.objects {
				if m.hhi > busy && m.hlo > c.lo {
					busy = m.hhi
				}
			}
		}
		if c.template == "deny" || c.template == "back" || c.template == "retract" {
			busy = max(busy, dr.hi)
		}
	}
	r.remember(p, d, frames, out)
	return out
}

// remember keeps what the next sentences may mean by "they" and "it".
func (r *Reader) remember(p *passage, d *discourse, frames []frame, out []*draft) {
	for _, f := range frames {
		if len(f.parties) > 0 {
			d.parties, d.passage = f.parties, p
		}
	}
	for _, dr := range out {
		if len(dr.parties) > 0 {
			d.parties, d.passage = dr.parties, p
		}
		for _, m := range dr.objects {
			if activityOK(m) {
				d.activity, d.about = m, p
			}
		}
		var actors []*mention
		for _, m := range dr.targets {
			if actorOK(m) {
				actors = append(actors, m)
			}
		}
		if len(actors) > 0 {
			d.actors, d.from = actors, p
		}
	}
	for _, m := range p.mentions {
		switch {
		case m.typ == "threat-actor":
			d.named = m
		case m.typ == "org" && partyOK(m):
			d.party = m
		case activityOK(m) && len(out) == 0:
			d.activity, d.about = m, p
		}
	}
}

// draft reads the claim that a cue makes, or nil.
func (r *Reader) draft(p *passage, d *discourse, c cue, frames []frame) *draft {
	dr := &draft{relation: claim.Relation(c.relation), lo: c.lo, hi: c.hi, polarity: claim.Affirms, modality: claim.Asserted}
	var ok bool
	switch c.template {
	case "att>":
		ok = p.attributes(d, c, frames, dr)
	case "att<":
		ok = p.attributed(d, c, dr)
	case "blame>":
		ok = p.accuses(d, c, frames, dr)
	case "blame<":
		ok = p.accused(d, c, dr)
	case "claim>":
		if ok = p.did(d, c, dr); ok {
			dr.parties, dr.speech = dr.targets, true // they say it of themselves
		}
	case "did>", "hack>":
		ok = p.did(d, c, dr)
	case "did<":
		ok = p.doneBy(d, c, dr)
	case "from", "loc":
		ok = p.from(d, c, dr)
	case "law>", "law<":
		ok = p.legal(d, c, dr)
	case "deny":
		ok = p.denies(d, c, dr)
	case "back":
		ok = p.endorses(d, c, dr)
	case "for":
		ok = p.serves(d, c, dr)
	case "alias":
		ok = p.alias(c, dr)
	case "use":
		ok = p.uses(d, c, dr)
	case "count":
		ok = p.victims(c, dr)
	case "idle":
		ok = p.idle(c, dr)
	case "retract":
		ok = p.retracts(d, c, dr)
	}
	if !ok || vacuous(dr) && !p.declines(c) {
		return nil
	}
	for _, list := range [][]*mention{dr.objects, dr.targets, dr.parties} {
		for _, m := range list {
			if m.hlo >= p.lo && m.hi <= p.hi {
				dr.lo, dr.hi = min(dr.lo, m.lo), max(dr.hi, m.hi)
			}
		}
	}
	return dr
}

// vacuous reports whether a claim of authorship accuses nobody who could be
// told from others: "the attackers", "the group behind the attack".
func vacuous(dr *draft) bool {
	switch dr.relation {
	case claim.AttributedTo, claim.ConductedBy, claim.LinkedTo, claim.Accuses:
	default:
		return false
	}
	for _, m := range dr.targets {
		if !m.hidden || m.typ == "state" || m.norm.Sponsor != "" || m.norm.Value > 0 || m.iso != "" {
			return false
		}
	}
	return len(dr.targets) > 0
}

// declines reports whether the cue stands under a word of refusal.
func (p *passage) declines(c cue) bool {
	return p.nearBefore(c.lo, 10, "not", "n't", "pas", "aucun", "without", "sans", "short", "declined", "refused")
}

// speakers are those who say what stands at the cue.
func speakers(frames []frame, c cue) *frame {
	var best *frame
	for i := range frames {
		f := &frames[i]
		if c.lo >= f.lo && c.lo < f.hi && f.verb != c.lo && (best == nil || f.lo >= best.lo && f.manner != "source" || best.manner == "condemn") {
			best = f
		}
	}
	return best
}

func (p *passage) attributes(d *discourse, c cue, frames []frame, dr *draft) bool {
	dr.speech = true
	if p.wasBefore(c.lo) {
		return false
	}
	s := p.subject(c.lo, partyOK)
	dr.parties = s.list
	if s.pronoun {
		dr.parties = d.parties
	}
	if s.pronoun && len(dr.parties) == 0 {
		dr.parties = p.first(partyOK, s.at) // "which it attributes to"
	}
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
	if len(dr.objects) == 0 && p.nearBefore(s.at, 3, "which", "that", "que", "qu'") {
		dr.objects = p.before(s.at, activityOK)
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
	s := p.subject(c.lo, partyOK)
	dr.parties = s.list
	if s.pronoun {
		dr.parties = d.parties
	}
	if s.pronoun && len(dr.parties) == 0 {
		dr.parties = p.first(partyOK, s.at)
	}
	if p.is(c.hi, "for", "pour", "de") && p.nearBefore(s.at, 3, "which", "whom", "que", "qu'") { // "Iran, which it blames for"
		dr.targets = p.before(s.at, accusedOK)
		dr.objects = p.object(c.hi, 8, p.hi, objectOK)
		return len(dr.targets) > 0 && len(dr.objects) > 0 && len(dr.parties) > 0
	}
	first := p.object(c.hi, 9, p.hi, func(m *mention) bool { return accusedOK(m) || activityOK(m) })
	if len(first) == 0 {
		return false
	}
	if activityOK(first[0]) {
		// "blamed the attack on X", "condemns Russia's attack".
		for k := first[len(first)-1].hi; k < p.hi && k < first[len(first)-1].hi+12; k++ {
			if p.is(k, "on", "sur") && p.is(c.lo, "blames", "blame", "blaming", "blamed") {
				dr.targets, dr.objects = p.object(k+1, 6, p.hi, accusedOK), first
				dr.relation = claim.AttributedTo
				return len(dr.targets) > 0
			}
		}
		if o := p.owner(first[0]); o != nil {
			dr.targets, dr.objects = []*mention{o}, first
			return len(dr.parties) > 0
		}
		return false
	}
	dr.targets = first
	if len(dr.parties) == 1 && dr.parties[0] == first[0] {
		return false
	}
	end := first[len(first)-1].hi
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
		if !has("responsible", "responsable", "responsables", "accountable") {
			return false
		}
		dr.relation = claim.AttributedTo
	case c.relation == "attributed-to" || p.is(c.lo, "désigne", "désignent", "désigné"):
		if !has("responsible", "behind", "author", "authors", "perpetrator", "perpetrators", "culprit", "responsable", "responsables", "auteur", "auteurs", "derrière", "origine", "operator", "operators") {
			return false
		}
	case p.is(c.lo, "called", "calls", "calling", "call"):
		if len(dr.parties) == 0 || p.is(c.hi, "on") {
			return false
		}
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
		// "a hacked database", "… of the United States, compromised": no verb of theirs.
		if last := s.list; article(p.tokens[c.lo-1].lower) || len(last) > 0 && c.lo-last[len(last)-1].hi > 6 || len(last) > 0 && p.is(c.lo-1, ",", "and", "et") {
			return false
		}
		victims := p.object(c.hi, 7, p.hi, func(m *mention) bool {
			return !m.inside && (m.typ == "org" || m.typ == "product" || m.typ == "sector" || m.typ == "country")
		})
		if len(victims) == 0 {
			for k := c.hi; k < min(c.hi+4, p.hi); k++ {
				if p.tokens[k].upper && p.at(k) == nil { // somebody we do not know
					victims = []*mention{{lo: k, hi: k + 1}}
					break
				}
			}
		}
		if len(victims) == 0 {
			return false
		}
		dr.object = p.words(c.hi-1, victims[0].hi)
		dr.hi = victims[0].hi
		return true
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
	if who[0].typ == "group" && d.named != nil && p.paragraph-0 >= 0 {
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

// unique drops a claim that another of the same sentence already makes.
func unique(list []claim.Claim) []claim.Claim {
	seen := map[string]bool{}
	out := list[:0]
	for _, c := range list {
		if seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b claim.Claim) int {
		return cmp.Compare(a.Evidence[0].ByteStart, b.Evidence[0].ByteStart)
	})
	return out
}

// identify is UUIDv5 over what makes a claim itself, in our own namespace.
func identify(c *claim.Claim) string {
	var who []string
	for _, a := range c.Attributors {
		who = append(who, a.Identity+"/"+a.Organ)
	}
	q := c.Evidence[0]
	h := sha1.New()
	h.Write([]byte("limier.claim\x00"))
	fmt.Fprintf(h, "%s|%s|%s|%s|%s|%s|%d|%d|%s|%s", strings.Join(who, ","), c.Relation, cmp.Or(c.Object.ID, c.Object.Name), cmp.Or(c.Target.ID, c.Target.Name), c.SaidOn, q.SHA256, q.ByteStart, q.ByteEnd, c.Polarity, c.Modality)
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
