package reading

import (
	"strings"

	"limier/claim"
)

// judge gives a draft its speakers, polarity, manner and grades.
func (r *Reader) judge(p *passage, d *discourse, c cue, cues []cue, at, spoken int, frames []frame, grades []grade, dr *draft) {
	f := speakers(frames, c)
	if f != nil && !dr.speech {
		dr.parties = f.parties
		if f.hull[0] < dr.lo && f.manner != "source" || f.manner == "source" || f.hull[0] >= dr.hi {
			dr.lo, dr.hi = min(dr.lo, f.hull[0]), max(dr.hi, f.hull[1])
		}
	}
	if f != nil && dr.speech && len(dr.parties) == 0 {
		dr.parties = f.parties
		dr.lo = min(dr.lo, f.hull[0])
	}
	// "Researchers at X, citing Y, linked it": Y says it.
	if f != nil && f.manner == "source" && dr.speech && p.is(f.verb, "citing", "citant") {
		dr.parties = f.parties
	}
	if len(dr.parties) == 0 && f == nil {
		r.inherit(p, d, dr)
	}
	r.polarity(p, c, dr)
	p.modality(d, c, f, dr)
	prev, next := p.lo, p.hi
	if spoken >= 0 {
		prev = spoken
	}
	if at+1 < len(cues) {
		next = cues[at+1].lo
	}
	for i := range grades {
		g := &grades[i]
		before := g.lo >= min(prev, c.lo) && g.hi <= c.hi
		if spoken < 0 {
			before = g.hi <= c.hi
		}
		after := g.lo >= c.lo && g.lo <= c.hi+6 && g.hi <= max(next, c.hi)+1 || g.lo >= c.lo && next == p.hi && g.lo < next && !before
		if !before && !after {
			continue
		}
		if g.what == "confidence" {
			dr.confidence = g
		} else if dr.likelihood == nil || before {
			dr.likelihood = g
		}
		if g.lo < dr.lo && dr.lo-g.lo < 30 || g.hi > dr.hi && g.hi-dr.hi < 12 {
			dr.lo, dr.hi = min(dr.lo, g.lo), max(dr.hi, g.hi)
		}
	}
	for _, m := range p.mentions {
		if m.typ == "date" && m.norm.From != "" && m.norm.To != "" && p.is(m.lo, "de", "from", "between", "entre") {
			dr.period = m
			if m.lo < dr.lo && dr.lo-m.lo < 8 {
				dr.lo = m.lo
			}
		}
	}
}

// inherit gives a sentence that goes on with what the one before said the same
// speakers: it stands in their quotation, or its subject is a pronoun.
func (r *Reader) inherit(p *passage, d *discourse, dr *draft) {
	if len(d.parties) == 0 || d.passage == nil || d.passage.paragraph != p.paragraph || p.lo-d.passage.hi > 60 {
		return
	}
	switch first := p.tokens[p.lo]; {
	case first.lower == `"`, pronoun(first.lower):
		dr.parties = d.parties
	case p.lo+1 < p.hi && pronoun(p.tokens[p.lo+1].lower):
		dr.parties = d.parties
	}
}

// polarity reads negation: of what is said, or of the saying.
func (r *Reader) polarity(p *passage, c cue, dr *draft) {
	start := max(p.lo, c.lo-8)
	for k := c.lo - 1; k >= start; k-- {
		if p.is(k, ";", ":", "but", "mais", "that", "que", "qu'", "and", "et") || k < c.lo-1 && p.is(k, ",") && p.is(k+1, "qui", "who", "which", "and", "et") {
			start = k + 1
			break
		}
	}
	for k := max(p.lo, c.lo-9); k < c.lo; k++ {
		if p.is(k, "exclu", "exclue", "excluded", "ruled", "rule", "impossible") && p.nearBefore(k, 3, "pas", "not", "cannot", "n't") {
			dr.modality = claim.Possible
			dr.lo = min(dr.lo, k)
			return
		}
	}
	negated, evidence := false, false
	for k := start; k < c.hi; k++ {
		switch p.tokens[k].lower {
		case "not", "n't", "never", "neither", "nor", "pas", "jamais", "aucun", "aucune", "nullement", "cannot", "none":
			if !(p.is(k, "not", "pas") && p.is(k+1, "only", "seulement", "just")) {
				negated = true
				dr.lo = min(dr.lo, k)
			}
		case "no":
			negated = true
		}
	}
	for k := max(p.lo, c.lo-20); k < c.lo; k++ {
		if id, end := r.grammar.declinations.longest(p.tokens, k, p.hi); id >= 0 && end <= c.hi {
			if dr.speech || dr.polarity != claim.Negates {
				dr.polarity = claim.Declines
			}
			dr.lo = min(dr.lo, k)
			return
		}
		if id, end := r.grammar.negations.longest(p.tokens, k, p.hi); id >= 0 && end <= c.hi {
			negated, evidence = true, true
			dr.lo = min(dr.lo, k)
		}
	}
	if !negated {
		return
	}
	switch {
	case dr.polarity == claim.Negates: // does not deny
		dr.polarity = claim.Declines
	case !evidence && dr.speech && (c.template == "att>" || c.template == "blame>"):
		dr.polarity = claim.Declines
	default:
		dr.polarity = claim.Negates
	}
}

// modality reads how a claim is made, from the words around the verb.
func (p *passage) modality(d *discourse, c cue, f *frame, dr *draft) {
	found := dr.modality
	rank := map[claim.Modality]int{claim.Asserted: 0, claim.Believed: 1, claim.Hedged: 2, claim.Possible: 3, claim.Alleged: 4, claim.Hypothetical: 5, claim.Predicted: 6, claim.Acknowledged: 7}
	set := func(m claim.Modality) {
		if rank[m] > rank[found] {
			found = m
		}
	}
	start := max(p.lo, c.lo-8)
	if f != nil && f.verb >= start && f.verb < c.lo && !dr.speech {
		start = f.verb
	}
	for k := c.lo - 1; k >= start; k-- {
		if p.is(k, ";", ":", "but", "mais", "while", "alors") || p.is(k, "that", "que", "qu'") && k < c.lo-1 {
			if s := p.at(k + 1); s == nil || !relative(p.tokens[k].lower) || f != nil {
				start = k + 1
				break
			}
		}
	}
	for k := start; k < c.hi; k++ {
		w := p.tokens[k].lower
		if p.at(k) != nil && p.at(k).typ == "date" {
			continue
		}
		switch w {
		case "peut", "peuvent", "pourrait", "pourraient", "might", "could", "possibly", "peut-être", "potentially", "potentiellement", "éventuellement", "may":
			if w != "may" || !p.tokens[k].upper {
				set(claim.Possible)
			}
		case "aurait", "auraient", "serait", "seraient", "reportedly", "allegedly", "apparently", "supposedly", "purportedly", "alleged", "semble", "semblent", "seems", "appears", "appear", "présumé", "présumée", "présumés", "présumées":
			set(claim.Hedged)
		case "believed", "thought", "suspected", "soupçonné", "soupçonnée", "soupçonnés", "soupçonnées", "suspecté", "suspectés", "considered", "considéré", "considérée", "réputé":
			if k < c.lo || c.flag == "believed" {
				set(claim.Believed)
			}
		case "devrait", "devraient", "will", "would", "va", "vont":
			if c.template == "deny" || k == c.lo-1 && w != "would" && w != "va" {
				set(claim.Predicted)
			}
		case "expected":
			if p.is(k+1, "to") {
				set(claim.Predicted)
			}
		}
	}
	if f != nil && !dr.speech {
		switch f.manner {
		case "believe":
			set(claim.Believed)
		case "suggest":
			set(claim.Hedged)
		}
	}
	if c.flag == "believed" {
		set(claim.Believed)
	}
	if c.template == "blame<" && d.legal {
		set(claim.Alleged)
	}
	if first := p.tokens[p.lo].lower; (first == "si" || first == "if" || first == "s'") || p.conditional(c) {
		set(claim.Hypothetical)
	}
	dr.modality = found
	if found == claim.Predicted && dr.relation == claim.Denies {
		// Nobody has denied anything yet.
		dr.targets, dr.parties, dr.level = dr.parties, nil, claim.TheState
	}
	if found == claim.Believed && dr.likelihood == nil && p.believedTo(start, c.lo) {
		dr.extra = append(dr.extra, "believed")
	}
}

// conditional reports whether the cue stands under an "if" of its clause.
func (p *passage) conditional(c cue) bool {
	for k := c.lo - 1; k >= p.lo && k >= c.lo-12; k-- {
		if p.is(k, ",", ";", ".") {
			return false
		}
		if p.is(k, "if", "whether", "si") {
			return true
		}
	}
	return false
}

func (p *passage) believedTo(lo, hi int) bool {
	for k := lo; k < hi; k++ {
		if p.is(k, "believed", "thought") {
			return true
		}
	}
	return false
}

// finish makes claims of a draft: one for each pair of object and target.
func (r *Reader) finish(doc *Document, p *passage, dr *draft) []claim.Claim {
	objects := dr.objects
	if dr.object != "" || len(objects) == 0 {
		objects = []*mention{nil}
	}
	targets := dr.targets
	if len(targets) == 0 {
		targets = []*mention{nil}
	}
	hi := dr.hi
	for hi > dr.lo && !p.tokens[hi-1].word && !strings.ContainsAny(p.tokens[hi-1].lower, `")%`) {
		hi--
	}
	start, end := p.tokens[dr.lo].start, p.tokens[hi-1].end
	quote := claim.Quote{Document: doc.Name, SHA256: doc.SHA256, Lang: doc.Lang, Quote: doc.Text[start:end], Start: p.point(start), End: p.point(end), ByteStart: start, ByteEnd: end, Depth: claim.Paraphrase}
	if p.tokens[p.lo].lower == `"` && p.lo < dr.lo {
		quote.Depth = claim.Quoted
	}
	var list []claim.Claim
	for _, o := range objects {
		for _, t := range targets {
			c := claim.Claim{Attributors: []claim.Party{}, Relation: dr.relation, Polarity: dr.polarity, Modality: dr.modality, Status: dr.status, Acts: dr.acts,
				Evidence: []claim.Quote{quote}, Reliability: "F", SaidOn: p.saidOn(doc, dr), ExtractedBy: "limier read: " + dr.rule, Lang: doc.Lang, Value: dr.value}
			for _, m := range dr.parties {
				c.Attributors = append(c.Attributors, r.party(p, m))
				if m.kind == claim.Self {
					c.Evidence[0].Depth = claim.Primary
				}
			}
			c.Object = claim.Thing{Name: dr.object}
			if o != nil {
				c.Object = r.thing(p, o, t)
			}
			if t != nil {
				c.Target = r.thing(p, t, nil)
				c.Level = dr.level
				if c.Level == "" && accusedOK(t) {
					c.Level = t.level
					if t.typ == "state" {
						c.Level = claim.TheState
					}
					if t.typ == "country" {
						c.Target.Kind = "identity" // the state, not the place
					}
				}
			}
			if dr.confidence != nil {
				c.Confidence = claim.Confidence(dr.confidence.value)
				c.Wording = p.words(dr.confidence.lo, dr.confidence.hi)
			}
			if dr.likelihood != nil {
				c.Likelihood = claim.Likelihood(dr.likelihood.value)
				c.Wording = strings.TrimPrefix(c.Wording+"; "+p.words(dr.likelihood.lo, dr.likelihood.hi), "; ")
			}
			if dr.period != nil {
				c.AboutFrom, c.AboutTo = trimDate(dr.period.norm.From, dr.period.norm.Precision), trimDate(dr.period.norm.To, dr.period.norm.Precision)
			}
			notes := dr.extra
			if len(c.Attributors) == 0 {
				notes = append(notes, "the text names nobody who says so")
			}
			c.Note = strings.Join(notes, "; ")
			c.ID = identify(&c)
			list = append(list, c)
		}
	}
	return list
}

func trimDate(day, precision string) string {
	switch {
	case len(day) != 10:
		return ""
	case precision == "year":
		return day[:4]
	case precision == "month":
		return day[:7]
	}
	return day
}

// saidOn is the date of the saying: a date at the start of the sentence, else
// that of the document.
func (p *passage) saidOn(doc *Document, dr *draft) string {
	for _, m := range p.mentions {
		if m.typ == "date" && m.lo <= p.lo+2 && m != dr.period && m.norm.From != "" && m.norm.To != "" {
			if s := trimDate(m.norm.From, m.norm.Precision); s != "" {
				return s
			}
		}
	}
	return doc.Published
}

// party says who a mention is.
func (r *Reader) party(p *passage, m *mention) claim.Party {
	words := p.words(m.lo, m.hi)
	if actorOK(m) {
		return claim.Party{Identity: words, Kind: claim.Self}
	}
	country := r.names.country(m.iso)
	switch {
	case m.typ == "country":
		return claim.Party{Identity: m.norm.Canonical, Kind: claim.State}
	case m.typ == "org" && m.iso == "EU":
		party := claim.Party{Identity: "European Union", Kind: claim.Intergovernmental}
		if m.norm.Canonical != "European Union" {
			party.Organ = m.norm.Canonical
		}
		return party
	case m.typ == "org" && country != "":
		party := claim.Party{Identity: country, Organ: m.norm.Canonical, Kind: m.kind}
		switch {
		case m.norm.Metonym:
			party.Organ = ""
		case m.norm.Canonical == "" || strings.HasSuffix(m.norm.Canonical, " Government"):
			party.Organ = words
		}
		return party
	case m.kind == claim.Self:
		return claim.Party{Identity: words, Kind: claim.Self}
	case m.norm.Canonical != "":
		return claim.Party{Identity: m.norm.Canonical, Kind: m.kind}
	}
	return claim.Party{Identity: words, Kind: m.kind}
}

// thing says what a mention stands for, in the words of the text.
func (r *Reader) thing(p *passage, m, other *mention) claim.Thing {
	t := claim.Thing{Name: p.words(m.lo, m.hi)}
	switch m.typ {
	case "threat-actor":
		t.Kind = "intrusion-set"
	case "malware", "malware-class":
		t.Kind = "malware"
	case "tool":
		t.Kind = "tool"
	case "vuln-mention":
		t.Kind = "vulnerability"
	case "infrastructure":
		t.Kind = "infrastructure"
	case "country", "location":
		t.Kind = "location"
		if name := r.names.country(m.iso); name != "" {
			t.Name = name
		}
	case "org", "state", "persons", "actor-class", "group", "hackers":
		t.Kind = "identity"
		if m.typ == "org" && m.norm.Canonical != "" {
			t.Name = m.norm.Canonical
		}
	case "campaign":
		t.Kind = "campaign"
		t.Name = p.described(m, other)
	case "activity", "attack":
		t.Kind = "incident"
		t.Name = p.described(m, other)
	case "quantity":
		t.Kind = "quantity"
	}
	return t
}

// described adds to an activity what it was on, when the text goes on to say
// so: "attack" becomes "attack against TV5Monde". The accused is no part of it.
func (p *passage) described(m, other *mention) string {
	lo, hi := m.lo, m.hi
	if m.typ == "attack" {
		hi = m.hhi
		if other == nil || other.lo < m.lo || other.lo >= m.hi {
			hi = m.hi
		}
	}
	for k := hi; k < hi+6 && k < len(p.tokens); k++ {
		w := p.tokens[k].lower
		if o := p.at(k); o != nil {
			if (o.typ == "org" || o.typ == "product" || o.typ == "country" || o.typ == "sector") && o != other && k > hi {
				hi = o.hi
			}
			break
		}
		if !preposition(w) && !article(w) && w != "encontre" && !units[w] || w == "by" || w == "par" || w == "to" || w == "for" || w == "pour" {
			break
		}
	}
	if lo > p.lo {
		if o := p.at(lo - 1); o != nil && o.hi == lo && (o.typ == "product" || o.typ == "malware" || o.typ == "org" || o.typ == "malware-class" || o.typ == "campaign") {
			lo = o.lo
		}
	}
	return p.words(lo, hi)
}
