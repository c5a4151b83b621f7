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
	d.legal = d.legal || p.ofCourts()
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
		busy = max(busy, usedUp(c, dr))
	}
	r.remember(p, d, frames, out)
	return out
}

// ofCourts reports whether the passage speaks of charges or of a court.
func (p *passage) ofCourts() bool {
	return slices.ContainsFunc(p.tokens[p.lo:p.hi], func(t token) bool {
		w := t.lower
		return strings.HasPrefix(w, "inculp") || strings.HasPrefix(w, "indict") || strings.HasPrefix(w, "prosecut") || w == "charges" || w == "charged" || strings.HasPrefix(w, "procureur") || w == "tribunal" || w == "court" || w == "parquet"
	})
}

// usedUp is the end of the tokens after the cue in which no other claim begins.
func usedUp(c cue, dr *draft) int {
	end := 0
	switch c.template {
	case "deny", "back", "retract":
		end = dr.hi
	case "att>", "blame>", "blame<", "law>", "law<":
	default:
		return 0
	}
	for _, m := range dr.objects {
		if m.hlo > c.lo {
			end = max(end, m.hhi)
		}
	}
	return end
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
