package reading

import (
	"strings"

	"limier/claim"
)

// shape extends heads to the phrases around them, and drops what only counts
// in some company.
func (r *Reader) shape(p *passage) {
	p.joinPlaces(r)
	p.joinParties(r)
	p.sort()
	p.joinCompounds()
	for _, m := range p.mentions {
		switch m.typ {
		case "activity", "campaign":
			p.extendActivity(m)
		case "product":
			p.extendProduct(m)
		case "infrastructure":
			p.extendInfrastructure(m)
		case "vuln-mention":
			p.extendVulnerability(m)
		case "malware-class":
			m.level = claim.Group
		case "coalition":
			m.kind = claim.Intergovernmental
		}
	}
	for _, m := range p.mentions {
		switch m.typ {
		case "group", "hackers", "persons":
			r.extendActor(p, m)
		}
	}
	p.count()
	for _, m := range p.mentions {
		if m.typ == "attack" {
			p.extendAttack(m)
		}
	}
	p.gate()
	p.sort()
}

// joinPlaces makes "le territoire chinois" and "the territory of China" places.
func (p *passage) joinPlaces(r *Reader) {
	for i := p.lo; i < p.hi; i++ {
		if !p.is(i, "territoire", "territory", "sol", "soil", "mainland", "within") {
			continue
		}
		m := &mention{typ: "location", lo: i, hi: i + 1, level: claim.Territory}
		switch {
		case i+1 < p.hi && r.names.adj[p.tokens[i+1].lower] != "":
			m.iso, m.hi = r.names.adj[p.tokens[i+1].lower], i+2
		case i > p.lo && r.names.adj[p.tokens[i-1].lower] != "" && !p.is(i, "sol", "within"):
			m.iso, m.lo = r.names.adj[p.tokens[i-1].lower], i-1
			if p.is(m.lo-1, "north", "south", "new") {
				continue
			}
		default:
			k := i + 1
			for k < p.hi && k < i+4 && (article(p.tokens[k].lower) || p.is(k, "of")) {
				k++
			}
			if c := p.at(k); c != nil && c.typ == "country" {
				m.iso, m.hi = c.iso, c.hi
				m.norm.ISO2 = c.iso
				p.mentions = append(p.mentions, m) // around the country
				m.hlo, m.hhi = i, i+1
				c.inside = true
			}
			continue
		}
		m.norm.ISO2 = m.iso
		p.put(m)
	}
}

// joinParties gives parties of a kind their nationality: "le gouvernement
// polonais", "Polish authorities", "ministère danois de la Défense".
func (p *passage) joinParties(r *Reader) {
	for _, m := range p.mentions {
		if m.typ != "party" && m.typ != "state" {
			continue
		}
		iso := ""
		if iso = p.nationality(r, m.lo-1); iso != "" {
			m.lo--
			if c := p.at(m.lo - 1); p.is(m.lo, "'s") && c != nil {
				m.lo, c.inside = c.lo, true
			}
			if p.is(m.lo-1, "north", "south", "new", "saudi", "sri") {
				m.lo--
			}
		} else if iso = p.nationality(r, m.hi); iso != "" {
			m.hi++
		}
		if iso == "" || m.kind == "company" {
			continue
		}
		m.iso, m.norm.ISO2 = iso, iso
		if m.kind == claim.Vendor || m.kind == "" {
			continue // French researchers speak for no state
		}
		m.typ, m.hidden, m.level = "org", false, claim.TheState
		if m.kind == claim.Agency && !p.is(m.hlo, "government", "gouvernement", "authorities", "autorités", "state", "officials", "responsables") {
			m.level = claim.Organisation
		}
	}
	// A ministry of any country: "ministère danois de la Défense", "Danish Defence Ministry".
	for i := p.lo; i < p.hi; i++ {
		if !p.is(i, "ministère", "ministry", "département", "secrétariat") || p.at(i) != nil {
			continue
		}
		m := &mention{typ: "org", lo: i, hi: i + 1, kind: claim.Agency, level: claim.Organisation}
		if iso := p.nationality(r, i+1); iso != "" {
			m.iso = iso
			m.hi++
		} else if iso := p.nationality(r, i-1); iso != "" {
			m.iso, m.lo = iso, i-1
		}
		for k := m.hi; k < p.hi && k < m.hi+8 && p.at(k) == nil; k++ {
			w := p.tokens[k]
			if w.upper {
				m.hi = k + 1
			} else if !article(w.lower) && w.lower != "et" && w.lower != "of" && w.lower != "and" && w.lower != "for" {
				break
			}
		}
		if iso := p.nationality(r, m.hi); iso != "" && m.iso == "" {
			m.iso = iso
			m.hi++
		}
		m.norm = Norm{ISO2: m.iso, Canonical: p.words(m.lo, m.hi)}
		if m.hi > i+1 || m.iso != "" {
			p.put(m)
		}
	}
}

// joinCompounds puts names that only say which attack or agency into what they
// stand before: "NotPetya attack", "US Justice Department", "Russia's GRU".
func (p *passage) joinCompounds() {
	for i := 0; i+1 < len(p.mentions); i++ {
		m, next := p.mentions[i], p.mentions[i+1]
		switch {
		case m.typ == "country" && (next.lo == m.hi || p.is(m.hi, "'s") && next.lo == m.hi+1) && (next.typ == "org" || next.typ == "party"):
			if next.iso == "" || next.iso == m.iso {
				m.inside = true
				if next.iso == "" && next.typ == "party" && next.kind != claim.Vendor {
					next.iso, next.typ, next.hidden, next.level, next.lo = m.iso, "org", false, claim.TheState, m.lo
					next.norm.ISO2 = m.iso
				}
			}
		case next.lo == m.hi && next.typ == "group" && (m.typ == "threat-actor" || m.typ == "malware"):
			m.typ, m.level = "threat-actor", claim.Group // "the DarkSide group"
			next.inside = true
		case next.lo == m.hi && activityOK(next):
			switch m.typ {
			case "malware", "org", "product", "malware-class", "threat-actor", "campaign":
				m.inside = m.typ != "org" || m.kind != claim.State
			}
		}
	}
}

// nationality is the country of an adjective at token i, or "".
func (p *passage) nationality(r *Reader, i int) string {
	if i < p.lo || i >= p.hi {
		return ""
	}
	w := p.tokens[i].lower
	if (w == "us" || w == "uk") && p.text[p.tokens[i].start:p.tokens[i].end] == w {
		return ""
	}
	if w == "'s" && i > p.lo {
		if c := p.at(i - 1); c != nil && c.typ == "country" {
			return c.iso
		}
	}
	if iso := r.names.adj[w]; iso != "" {
		if w == "korean" && p.is(i-1, "north") {
			return "KP"
		}
		return iso
	}
	if w == "korean" && i > p.lo {
		return map[string]string{"north": "KP", "south": "KR"}[p.tokens[i-1].lower]
	}
	w, _, linked := strings.Cut(w, "-")
	if linked && r.names.adj[w] != "" { // "Russian-speaking" says no state
		return ""
	}
	return ""
}

var adjectiveEndings = []string{"ique", "iques", "ale", "al", "ales", "aux", "aire", "aires", "ante", "antes", "ants", "ive", "ives", "ifs", "euse", "euses", "eux", "elle", "elles", "iel", "iels", "able", "ables", "ible", "iale", "ées", "ée"}

// adjective reports whether a French word after a noun may belong to it.
func adjective(w string) bool {
	if len(w) < 5 {
		return false
	}
	switch w {
	case "également", "elles", "celles", "laquelle", "lequel", "quelle", "menée", "menées", "conduite", "attribuée", "attribuées", "attribué", "attribués", "liée", "liées", "imputée", "imputées", "lancée", "lancées", "ciblant", "visant":
		return false
	}
	for _, e := range adjectiveEndings {
		if strings.HasSuffix(w, e) {
			return true
		}
	}
	return strings.HasPrefix(w, "malveillant") || strings.HasPrefix(w, "mondia") || strings.HasPrefix(w, "massi")
}

// modifier reports whether an English word before a noun may belong to it.
func modifier(w string) bool {
	switch w {
	case "cyber", "malicious", "widespread", "global", "destructive", "ransomware", "phishing", "hacking", "espionage", "massive", "large-scale", "recent", "sophisticated", "supply-chain", "spear-phishing", "cyberespionage", "cyber-espionage", "disinformation", "influence", "intrusion", "data", "ongoing", "wiper", "network", "computer", "hostile", "sweeping":
		return true
	}
	return false
}

func (p *passage) extendActivity(m *mention) {
	for m.hi < p.hi && p.at(m.hi) == nil && p.lang == "fr" && p.tokens[m.hi].word && adjective(p.tokens[m.hi].lower) {
		m.hi++
	}
	for m.lo > p.lo && p.lang != "fr" && p.at(m.lo-1) == nil && modifier(p.tokens[m.lo-1].lower) {
		m.lo--
	}
	// "par ransomware", "de cyberespionnage", "d'intrusion informatique".
	if p.is(m.hi, "par", "de", "d'", "au", "of") && m.hi+1 < p.hi {
		if o := p.at(m.hi + 1); o != nil && (o.typ == "malware-class" || o.typ == "activity" && p.lang == "fr" || o.typ == "motive") && o.hlo == m.hi+1 && m.typ != "motive" {
			m.hi = o.hi
			o.hidden, o.inside = true, true
			for m.hi < p.hi && p.at(m.hi) == nil && p.lang == "fr" && adjective(p.tokens[m.hi].lower) {
				m.hi++
			}
		}
	}
	if m.typ == "activity" && !m.plural && p.is(m.hlo, "attaque", "cyberattaque", "cyber-attaque", "attack", "cyberattack", "cyber-attack", "hack", "breach", "intrusion", "piratage", "compromise", "compromission", "cyber", "supply", "ransomware", "wiper") {
		m.typ = "attack"
		m.norm.Canonical = ""
	}
	m.level = ""
}

// extendAttack adds whom the attack was on, or who is said to have done it.
func (p *passage) extendAttack(m *mention) {
	k := m.hi
	switch {
	case p.is(k, "contre", "visant", "sur", "against", "on", "targeting", "of", "ciblant", "de", "du", "d'"):
		k++
	case p.is(k, "à") && p.is(k+1, "l'") && p.is(k+2, "encontre") && p.is(k+3, "de", "des", "du", "d'"):
		k += 4
	case p.is(k, "menée", "mené", "conduite", "lancée", "perpétrée") && p.is(k+1, "par"), p.is(k, "carried") && p.is(k+1, "out") && p.is(k+2, "by"), p.is(k, "conducted", "launched") && p.is(k+1, "by"):
		for !p.is(k, "par", "by") {
			k++
		}
		k++
	default:
		return
	}
	for k < p.hi && p.at(k) == nil && (article(p.tokens[k].lower) || p.is(k, "groupe", "group")) {
		k++
	}
	o := p.at(k)
	if o != nil && o.typ == "group" {
		o = p.at(o.hi)
	}
	if o == nil {
		return
	}
	switch o.typ {
	case "product", "org", "country", "threat-actor", "actor-class", "sector", "party":
		m.hi = o.hi
	}
}

func (p *passage) extendProduct(m *mention) {
	if m.lo > p.lo && p.is(m.lo-1, "serveurs", "serveur", "on-premises", "vulnerable", "unpatched") {
		m.lo--
		if p.is(m.lo-1, "serveurs") {
			m.lo--
		}
	}
	for {
		switch {
		case p.is(m.hi, "servers", "server", "vulnérables", "vulnérable", "locaux", "on-premises", "email") && p.at(m.hi) == nil:
			m.hi++
		case p.is(m.hi, "sur") && p.is(m.hi+1, "site"):
			m.hi += 2
		default:
			return
		}
	}
}

// extendInfrastructure adds where it stands: "loués aux États-Unis".
func (p *passage) extendInfrastructure(m *mention) {
	k := m.hi
	for k < p.hi && p.is(k, "loué", "loués", "leased", "rented", "hébergé", "hébergés", "hosted", "situé", "situés", "located", "basés", "based", "privés", "compromis") {
		k++
	}
	m.hi = k
	if p.is(k, "aux", "en", "au", "in", "à") {
		for k++; k < p.hi && article(p.tokens[k].lower); k++ {
		}
		if o := p.at(k); o != nil && o.typ == "country" {
			m.hi = o.hi
			o.norm.Role = "hosting"
			o.inside = true
		}
	}
}

func (p *passage) extendVulnerability(m *mention) {
	if p.is(m.hi, "divulguée", "divulguées", "révélées", "corrigées", "disclosed", "patched", "découvertes") {
		if d := p.at(m.hi + 1); d != nil && d.typ == "date" {
			m.hi = d.hi
		}
	}
}

// extendActor gives a noun for actors its nationality and whom it works for;
// with either it is an actor-class, which is shown.
func (r *Reader) extendActor(p *passage, m *mention) {
	m.level = claim.Persons
	if m.typ == "group" {
		m.level = claim.Group
	}
	// Before: "Chinese state-sponsored actors", "a Russian hacking group".
	for m.lo > p.lo {
		w := p.tokens[m.lo-1].lower
		iso := p.nationality(r, m.lo-1)
		switch {
		case iso != "":
			m.iso = iso
			if p.is(m.lo-2, "north", "south") && (iso == "KP" || iso == "KR") {
				m.lo--
			}
		case stateBacked(w):
			m.level = claim.Affiliated
			m.norm.Sponsor = "state"
			if head, _, ok := strings.Cut(w, "-"); ok {
				if n := r.names.names[fold(head)]; n != nil && (n.entries[0].typ == 'o' || n.entries[0].typ == 'C') {
					m.norm.Sponsor, m.iso = n.entries[0].canonical, n.entries[0].iso
				}
			}
		case modifier(w) || p.is(m.lo-1, "sophisticated", "suspected", "advanced", "persistent", "cyber", "skilled", "elite", "computer"):
		case (p.is(m.lo-1, "government", "state") || p.at(m.lo-1) != nil && p.at(m.lo-1).entry != nil && p.at(m.lo-1).entry.organ) && !p.is(m.lo, "group", "groups"):
			o := p.at(m.lo - 1)
			if o != nil {
				o.inside = true
				m.sponsor, m.iso = o, o.iso
				m.norm.Sponsor = o.norm.Canonical
				m.lo = o.lo + 1
				if m.typ != "persons" {
					m.level = claim.Organisation
				}
			}
		default:
			goto after
		}
		m.lo--
	}
after:
	for m.hi < p.hi {
		w := p.tokens[m.hi].lower
		if iso := p.nationality(r, m.hi); iso != "" {
			m.iso = iso
		} else if w == "étatique" || w == "étatiques" {
			m.level, m.norm.Sponsor = claim.Affiliated, "state"
		} else if w != "malveillants" && w != "informatiques" && w != "présumés" && w != "présumé" && w != "criminels" {
			break
		}
		m.hi++
	}
	if p.is(m.hlo, "acteur", "acteurs", "nation-state", "state", "foreign") && p.is(m.hlo+1, "étatique", "étatiques", "actor", "actors", "hackers") {
		m.level, m.norm.Sponsor = claim.Affiliated, "state"
	}
	if p.is(m.hlo, "nation-state", "state", "puissance", "foreign") {
		m.level, m.norm.Sponsor = claim.Affiliated, "state"
	}
	if m.typ == "persons" && p.is(m.hi, "of", "du", "de", "from", "with") {
		for k := m.hi + 1; k < min(m.hi+4, p.hi); k++ {
			if o := p.at(k); o != nil {
				if o.entry != nil && o.entry.organ {
					m.hi, m.sponsor, m.iso, o.inside = o.hi, o, o.iso, true
					m.norm.Sponsor = o.norm.Canonical
				}
				break
			}
		}
	}
	r.tie(p, m)
	if m.iso != "" || m.norm.Sponsor != "" {
		if m.typ != "persons" {
			m.typ, m.hidden = "actor-class", false
		}
		m.norm.ISO2 = m.iso
	}
	if m.typ == "persons" {
		m.hidden = m.iso == "" && m.norm.Sponsor == ""
		m.norm.Canonical = ""
	}
}

func stateBacked(w string) bool {
	for _, end := range []string{"-sponsored", "-backed", "-affiliated", "-linked", "-directed", "-controlled", "-aligned", "-nexus", "-supported", "-run"} {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

// tie reads "affiliés au ministère …" after an actor.
func (r *Reader) tie(p *passage, m *mention) {
	k := m.hi
	for k < p.hi && k < m.hi+2 && p.is(k, "directement", "étroitement", "closely", "directly", "reportedly", "allegedly", ",") {
		k++
	}
	if k >= p.hi {
		return
	}
	id, end := r.lexicon.ties.longest(p.tokens, k, p.hi)
	if id < 0 {
		return
	}
	for end < p.hi && p.at(end) == nil && article(p.tokens[end].lower) {
		end++
	}
	// "the Chinese Ministry", "the country's military"
	o := p.at(min(end, p.hi-1))
	if o == nil && end+1 < p.hi {
		o = p.at(end + 1)
	}
	if o == nil || o.inside || o.typ != "org" && o.typ != "country" && o.typ != "state" && o.typ != "threat-actor" {
		return
	}
	if o.typ == "threat-actor" || o.kind == claim.Vendor || o.kind == claim.Press {
		return
	}
	m.hi, m.sponsor = o.hi, o
	m.level = r.lexicon.tieLevels[id]
	m.norm.Sponsor = o.norm.Canonical
	if o.typ == "state" {
		m.norm.Sponsor = "state"
	}
	m.iso = o.iso
	o.inside = true
}

// units are what victims are counted in.
var units = map[string]bool{"serveurs": true, "servers": true, "server": true, "organisations": true, "organizations": true, "victims": true, "victimes": true, "ordinateurs": true, "computers": true, "customers": true, "clients": true,
	"entreprises": true, "companies": true, "entités": true, "entities": true, "systèmes": true, "systems": true, "machines": true, "networks": true, "réseaux": true, "comptes": true, "accounts": true, "modems": true, "routeurs": true, "routers": true,
	"utilisateurs": true, "users": true, "appareils": true, "devices": true, "postes": true, "terminals": true, "terminaux": true, "agencies": true, "institutions": true, "hôpitaux": true, "hospitals": true, "sites": true, "firms": true, "businesses": true,
	"collectivités": true, "banks": true, "banques": true, "endpoints": true, "hosts": true, "subscribers": true, "abonnés": true, "foyers": true, "homes": true, "households": true, "people": true, "personnes": true, "municipalities": true, "targets": true, "cibles": true, "emails": true, "courriels": true, "éoliennes": true, "turbines": true, "countries": true, "pays": true}

var approximations = []string{"de l' ordre de", "plus de", "près de", "environ", "quelque", "au moins", "jusqu' à", "about", "around", "more than", "over", "nearly", "at least", "up to", "as many as", "some", "an estimated", "roughly", "approximately", "almost", "fewer than", "moins de"}

// count makes quantities of victims and numbers of persons.
func (p *passage) count() {
	for i := p.lo; i < p.hi; i++ {
		value, hi := p.number(i)
		if hi == i || value == 0 && !p.is(i, "several", "plusieurs") {
			continue
		}
		if d := p.at(i); d != nil {
			continue
		}
		k := hi
		if p.is(k, "de", "d'", "of") {
			k++
		}
		// "quatre ressortissants chinois", "four Chinese nationals", "seven of its officers"
		for j := k; j < min(k+4, p.hi); j++ {
			if o := p.at(j); o != nil && (o.typ == "persons" || o.typ == "hackers" || o.typ == "actor-class" && o.level != claim.Group) && o.lo <= j {
				o.typ, o.lo, o.hidden = "persons", i, false
				o.norm.Value = value
				i = o.hi
				break
			} else if o != nil || !p.tokens[j].word || p.is(j, "and", "et", "in", "dans") {
				break
			}
		}
		if i >= hi {
			continue
		}
		u := k
		for u < min(k+4, p.hi) && !units[p.tokens[u].lower] && p.tokens[u].word && !p.is(u, "in", "and", "et", "the", "les", "dans") {
			u++
		}
		if u >= p.hi || !units[p.tokens[u].lower] || value == 1 || value == 0 && !p.is(i, "several", "plusieurs") {
			continue
		}
		m := &mention{typ: "quantity", lo: i, hi: u + 1, hlo: i, hhi: hi, norm: Norm{Value: value, Unit: p.words(k, u+1)}}
		if o := p.at(u); o != nil && o.typ == "product" {
			m.hi = o.hi
			m.norm.Unit = p.words(k, m.hi)
		} else if o := p.at(u); o != nil && o.typ == "party" {
			o.inside = true
		}
		for n := 1; n <= 4; n++ {
			if i-n >= p.lo && approximate(p, i-n, i) {
				m.lo, m.norm.Approx = i-n, true
				break
			}
		}
		if _, word := numberWords[p.tokens[i].lower]; word && value >= 20 {
			m.norm.Approx = true
		}
		p.put(m)
		i = u
	}
}

func approximate(p *passage, lo, hi int) bool {
	var words []string
	for _, t := range p.tokens[lo:hi] {
		words = append(words, t.lower)
	}
	s := strings.Join(words, " ")
	for _, a := range approximations {
		if s == a {
			return true
		}
	}
	return false
}

// gate hides what only counts where a purpose or an aim is spoken of.
func (p *passage) gate() {
	for _, m := range p.mentions {
		switch m.typ {
		case "motive":
			if !p.nearBefore(m.lo, 9, "fins", "but", "purpose", "purposes", "motivation", "motivations", "motif", "pour", "objectif", "aim", "goal", "motivated", "motivé", "motivés") {
				m.hidden = true
			} else if p.is(m.lo-1, "d'") {
				m.lo-- // as in "à des fins d'espionnage"
			}
		case "target":
			if !p.nearBefore(m.lo, 10, "visant", "ciblant", "visait", "targeting", "targeted", "stealing", "steal", "voler", "stole", "theft", "vol", "cible", "visé") {
				m.hidden = true
			}
		}
	}
	// What lies in a longer span of activities is part of it.
	for _, m := range p.mentions {
		if m.typ != "activity" && m.typ != "campaign" && m.typ != "quantity" {
			continue
		}
		for _, o := range p.mentions {
			if o != m && o.lo >= m.lo && o.hi <= m.hi && (o.typ == "malware-class" || o.typ == "motive") {
				o.hidden = true
			}
		}
	}
}

func (p *passage) nearBefore(i, n int, words ...string) bool {
	for k := i - 1; k >= p.lo && k >= i-n; k-- {
		if p.is(k, words...) {
			return true
		}
	}
	return false
}
