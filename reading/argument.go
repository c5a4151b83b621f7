package reading

import "slices"

// A subject is what stands before a verb.
type subject struct {
	list    []*mention
	pronoun bool // "they": nothing else stands there
	at      int  // token of the pronoun
	plural  bool
}

func partyOK(m *mention) bool {
	switch m.typ {
	case "country", "coalition":
		return !m.inside
	case "org":
		return !m.inside && (m.kind != "" || m.iso != "")
	case "party":
		return !m.inside && m.kind != ""
	}
	return false
}

func actorOK(m *mention) bool {
	switch m.typ {
	case "threat-actor", "actor-class", "group", "hackers", "persons":
		return !m.inside
	}
	return false
}

func accusedOK(m *mention) bool {
	switch m.typ {
	case "country", "state":
		return !m.inside
	case "org":
		return !m.inside && m.kind != "vendor" && m.kind != "press" && m.level != ""
	}
	return actorOK(m)
}

func activityOK(m *mention) bool {
	switch m.typ {
	case "activity", "attack", "campaign":
		return !m.inside
	}
	return false
}

// objectOK are things that are no activity but stand for one: "behind NotPetya".
func objectOK(m *mention) bool {
	switch m.typ {
	case "malware", "malware-class", "tool", "vuln-mention", "infrastructure":
		return !m.inside
	}
	return activityOK(m)
}

func placeOK(m *mention) bool {
	return m.typ == "location" || m.typ == "country" || m.typ == "org" && m.norm.Metonym
}

func preposition(w string) bool {
	switch w {
	case "in", "en", "of", "from", "against", "contre", "at", "with", "avec", "for", "pour", "on", "sur", "by", "par", "dans", "via", "to", "à", "de", "d'", "du", "au", "aux", "depuis", "targeting", "visant", "ciblant", "than", "que", "vers", "inside", "within", "into", "through", "chez", "sous", "after", "après", "before", "avant", "about", "as", "comme":
		return w != "que"
	}
	return false
}

// governed reports whether a preposition stands before the mention, so that it
// is no subject.
func (p *passage) governed(m *mention) bool {
	k := m.lo - 1
	for k >= p.lo && (p.is(k, "le", "la", "les", "l'", "un", "une", "the", "a", "an", "des", "its", "their", "some", "several", "plusieurs", "certain", `"`, "groupe", "group")) {
		k--
	}
	return k >= p.lo && preposition(p.tokens[k].lower)
}

func pronoun(w string) bool {
	switch w {
	case "il", "elle", "ils", "elles", "it", "they", "he", "she", "celui-ci", "celle-ci", "ceux-ci", "celles-ci", "both", "them":
		return true
	}
	return false
}

func relative(w string) bool {
	return w == "qui" || w == "who" || w == "which" || w == "that" || w == "whose"
}

// subject returns what stands before token i and ok accepts: the nearest, with
// what is joined to it by "and" and commas.
func (p *passage) subject(i int, ok func(*mention) bool) subject {
	rel := false
	for k := i - 1; k >= p.lo && k >= i-30; k-- {
		t := p.tokens[k]
		if t.lower == ";" {
			break
		}
		if m := p.at(k); m != nil {
			if ok(m) && (rel && m.hi >= k || !p.governed(m)) {
				return subject{list: p.spokesman(p.coordinated(m, -1, ok)), at: m.lo}
			}
			if rel && m.hi > k { // the antecedent is of another kind
				rel = false
			}
			k = m.hlo
			continue
		}
		if pronoun(t.lower) {
			return subject{pronoun: true, at: k, plural: t.lower == "ils" || t.lower == "elles" || t.lower == "they"}
		}
		if (t.lower == "we" || t.lower == "nous") && p.we() != nil {
			return subject{list: []*mention{p.we()}, at: k}
		}
		if relative(t.lower) && k > p.lo && (p.at(k-1) != nil || p.tokens[k-1].lower == ",") {
			rel = true
		}
	}
	return subject{at: i}
}

// we is who speaks of himself in the first person. Texts that write of
// "Allies" are NATO's; of others only the reader knows.
func (p *passage) we() *mention {
	m := &mention{typ: "party", lo: p.lo, hi: p.lo + 1, kind: "self"}
	for i := p.lo; i < p.hi; i++ {
		if p.is(i, "we", "nous") {
			m.lo, m.hi = i, i+1
		}
		if p.is(i, "allies") && p.tokens[i].upper || p.is(i, "alliés") && p.tokens[i].upper {
			m.typ, m.norm.Canonical, m.kind, m.iso = "org", "NATO", "intergovernmental", "NATO"
		}
	}
	m.hlo, m.hhi = m.lo, m.hi
	return m
}

// object returns the nearest mention after token i that ok accepts, with what
// is joined to it, up to limit tokens away and not past stop.
func (p *passage) object(i, limit, stop int, ok func(*mention) bool) []*mention {
	for k := i; k < stop && k < p.hi && k < i+limit; k++ {
		if p.tokens[k].lower == ";" {
			return nil
		}
		if m := p.at(k); m != nil {
			if ok(m) {
				return p.named(p.coordinated(m, 1, ok))
			}
			k = m.hhi - 1
		}
	}
	return nil
}

// named prefers the names that follow a noun for a group: "un groupe Hafnium",
// "groups known as APT40 and APT31", "hackers from the group Sandworm".
func (p *passage) named(list []*mention) []*mention {
	last := list[len(list)-1]
	if last.typ != "group" && last.typ != "hackers" && !(last.typ == "actor-class" && last.sponsor == nil && last.level != "affiliated") {
		return list
	}
	for k := last.hi; k < p.hi && k < last.hi+9; k++ {
		m := p.at(k)
		if m == nil {
			if t := p.tokens[k]; t.lower == "." || t.lower == ";" || verbal(t.lower) {
				break
			}
			continue
		}
		if m.typ == "threat-actor" && !m.inside {
			return p.coordinated(m, 1, func(m *mention) bool { return m.typ == "threat-actor" })
		}
		if m.typ != "group" && m.typ != "country" && m.typ != "persons" && m.typ != "hackers" && m.typ != "org" {
			break
		}
	}
	return list
}

// verbal are words that end the phrase of a noun.
func verbal(w string) bool {
	switch w {
	case "is", "are", "was", "were", "has", "have", "had", "est", "sont", "a", "ont", "avait", "and", "et", "but", "mais", "while", "contre", "against", "dans", "pour", "for":
		return true
	}
	return false
}

// coordinated returns the mention with those that are joined to it, in the
// order of the text. The direction is that of the search.
func (p *passage) coordinated(m *mention, dir int, ok func(*mention) bool) []*mention {
	list := []*mention{m}
	conj := false // commas alone join nothing: "X, citing Y, Z"
	for len(list) < 24 {
		next, and := p.joined(list[len(list)-1], dir, ok)
		if next == nil || dir < 0 && len(list) == 1 && !and {
			break
		}
		conj = conj || and
		list = append(list, next)
	}
	if !conj {
		list = list[:1]
	}
	if dir < 0 {
		slices.Reverse(list)
	}
	// What only groups the names says nothing beside them.
	if len(list) > 1 {
		var names []*mention
		for _, x := range list {
			if x.typ != "group" && x.typ != "coalition" && x.typ != "hackers" {
				names = append(names, x)
			}
		}
		if len(names) > 0 {
			list = names
		}
	}
	return list
}

// joined returns the mention beside m in the direction, if only words that
// join stand between.
func (p *passage) joined(m *mention, dir int, ok func(*mention) bool) (next *mention, and bool) {
	i := m.hi
	if dir < 0 {
		i = m.lo - 1
	}
	seen := false
	for n := 0; n < 12 && i >= p.lo && i < p.hi; n++ {
		if o := p.at(i); o != nil && o != m && !o.inside {
			if ok(o) && seen && sameKind(m, o) {
				return o, and
			}
			return nil, false
		}
		switch w := p.tokens[i].lower; w {
		case ",", "(", ")":
			seen = true
		case "and", "et", "or", "ou", "nor", "ni", "&", "ainsi", "que", "comprenant", "including", "notamment", "dont", "as", "well", "plus", "with", "avec", "along", "together", "like", "comme", "/":
			seen, and = true, true
		case "le", "la", "les", "l'", "un", "une", "the", "a", "an", "du", "de", "d'", "des", "aux", "au", "of", "its", "groupe", "group", "groups", "groupes", "entre", "among", "autres", "others", "dans", "to", "to-", "par", "by":
			if p.is(i, "of", "to", "dans", "par", "by") && !seen && dir > 0 {
				return nil, false
			}
		default:
			return nil, false
		}
		i += dir
	}
	return nil, false
}

// sameKind keeps lists of like things together: states and organisations,
// actors, activities.
func sameKind(a, b *mention) bool {
	class := func(m *mention) int {
		switch {
		case activityOK(m):
			return 1
		case m.typ == "country" || m.typ == "org" || m.typ == "coalition" || m.typ == "party":
			return 2
		case actorOK(m):
			return 3
		}
		return 4
	}
	return class(a) == class(b)
}

// A discourse is what earlier sentences spoke of.
type discourse struct {
	paragraph int
	parties   []*mention // who spoke last
	passage   *passage   // where
	party     *mention   // the last party with a name
	activity  *mention   // the last activity
	about     *passage   // where
	actors    []*mention // the last who were accused
	from      *passage   // where
	legal     bool       // the paragraph speaks of a court
	named     *mention   // the last named actor
}
