package claims

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/claim"
	"limier/publish"
)

// begun is the date of objects that only name something: it never changes,
// whatever claims are added.
var begun = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)

// object is one STIX object; encoding/json sorts its keys.
type object map[string]any

func (o object) id() string { return o["id"].(string) }

// Markings of TLP 2.0 (oasis-open/cti-stix-common-objects, extension 60a3c5c5).
const tlpExtension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

// Marking is the definition of a marking of TLP 2.0, and its identifier.
func Marking(tlp string) (id string, definition json.RawMessage, err error) {
	o, err := marking(tlp)
	if err != nil {
		return "", nil, err
	}
	definition, err = json.Marshal(o)
	return o.id(), definition, err
}

func marking(tlp string) (object, error) {
	tlp = cmp.Or(strings.TrimPrefix(strings.ToLower(tlp), "tlp:"), "clear")
	id := map[string]string{
		"clear": "94868c89-83c2-464b-929b-a1a8aa3c8487", "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
		"amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003", "red": "e828b379-4e03-4974-9ac4-e53a884c97c1",
	}[tlp]
	if id == "" {
		return nil, fmt.Errorf("no TLP %q: there are clear, green, amber, amber+strict, red", tlp)
	}
	return object{"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--" + id, "created": "2022-10-01T00:00:00.000Z", "name": "TLP:" + strings.ToUpper(tlp),
		"extensions": object{tlpExtension: object{"extension_type": "property-extension", "tlp_2_0": tlp}}}, nil
}

// table holds the rows of the specification's tables of relationships that
// claims use (STIX 2.1, sections 4 and appendix B).
var table = []string{
	"campaign attributed-to intrusion-set", "campaign attributed-to threat-actor", "campaign originates-from location", "campaign uses malware", "campaign uses tool", "campaign uses attack-pattern", "campaign uses infrastructure",
	"campaign targets identity", "campaign targets location", "campaign targets vulnerability",
	"intrusion-set attributed-to threat-actor", "intrusion-set originates-from location", "intrusion-set uses malware", "intrusion-set uses tool", "intrusion-set uses attack-pattern", "intrusion-set uses infrastructure",
	"threat-actor attributed-to identity", "threat-actor located-at location", "threat-actor uses malware", "threat-actor uses tool", "threat-actor uses attack-pattern", "threat-actor uses infrastructure",
	"identity located-at location",
}

// kinds are the STIX types that a [claim.Thing] may name.
var kinds = []string{"campaign", "intrusion-set", "threat-actor", "identity", "location", "malware", "tool", "attack-pattern", "vulnerability", "infrastructure", "incident"}

// bundle is what is being written.
type bundle struct {
	list     []claim.Claim
	tlp      string
	producer string
	openCTI  bool
	gone     func(id string) bool
	stamp    string // the newest of the claims
	objects  []object
	at       map[string]int    // place of an object by its id
	rel      map[string]string // relationship of a claim, by the claim's id
	merged   map[string]string // OpenCTI: relationship by type and ends
}

func writeSTIX(w io.Writer, list []claim.Claim, o Options) error { return write(w, list, o, false) }

func writeOpenCTI(w io.Writer, list []claim.Claim, o Options) error { return write(w, list, o, true) }

func write(w io.Writer, list []claim.Claim, o Options, openCTI bool) error {
	b, err := build(list, o, openCTI)
	if err != nil {
		return err
	}
	ids := make([]string, len(b.objects))
	for i, o := range b.objects {
		ids[i] = o.id()
	}
	return whole(w, func(out *bytes.Buffer) error {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(object{"type": "bundle", "id": "bundle--" + publish.UUID(publish.Space, strings.Join(ids, "\n")+b.stamp), "objects": b.objects})
	})
}

// Objects returns the STIX objects of claims, for a TAXII collection: those
// that others refer to first.
func Objects(list []claim.Claim, o Options) ([]json.RawMessage, error) {
	b, err := build(list, o, false)
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	for _, o := range b.objects {
		raw, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	return all, nil
}

func build(list []claim.Claim, o Options, openCTI bool) (*bundle, error) {
	if err := Lint(list); err != nil {
		return nil, err
	}
	tlp, err := marking(o.TLP)
	if err != nil {
		return nil, err
	}
	b := &bundle{list: ordered(list), tlp: tlp.id(), openCTI: openCTI, gone: o.Gone, at: map[string]int{}, rel: map[string]string{}, merged: map[string]string{}}
	newest := time.Unix(0, 0)
	for i := range b.list {
		if t := changed(&b.list[i]); t.After(newest) {
			newest = t
		}
	}
	b.stamp = stamp(newest)
	b.add(tlp)
	who := cmp.Or(o.Publisher, "Limier")
	p := b.sdo("identity", begun, "publisher", who)
	delete(p, "created_by_ref")
	p["name"], p["identity_class"], p["description"] = publish.Plain(who), "organization", "Publishes what others have claimed, and who claimed it. It is not the author of the claims."
	b.producer = b.add(p)
	if !openCTI {
		b.definition()
	}
	for i := range b.list {
		b.claim(&b.list[i])
	}
	for i := range b.list { // what speaks of other claims
		b.opinion(&b.list[i])
	}
	b.report()
	return b, nil
}

// add adds an object once and returns its identifier.
func (b *bundle) add(o object) string {
	if _, ok := b.at[o.id()]; !ok {
		b.at[o.id()] = len(b.objects)
		b.objects = append(b.objects, o)
	}
	return o.id()
}

func (b *bundle) sdo(kind string, at time.Time, key ...string) object {
	id := idOf(kind, key...)
	for n := 2; key[0] != "claim" && b.gone != nil && b.gone(id); n++ { // a claim itself stays revoked
		id = idOf(kind, append(key, "again", strconv.Itoa(n))...)
	}
	o := object{
		"type": kind, "spec_version": "2.1", "id": id,
		"created": stamp(at), "modified": stamp(at), "object_marking_refs": []string{b.tlp},
	}
	if b.producer != "" {
		o["created_by_ref"] = b.producer
	}
	return o
}

func idOf(kind string, key ...string) string {
	return kind + "--" + publish.UUID(publish.Space, "claims\n"+kind+"\n"+strings.Join(key, "\n"))
}

// IDs are the STIX objects that may carry a claim.
func IDs(c *claim.Claim) []string {
	return []string{idOf("relationship", "claim", c.ID), idOf("note", "claim", c.ID), idOf("opinion", "claim", c.ID)}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// extension is the id of the definition of what claims carry.
func extension() string {
	return "extension-definition--" + publish.UUID(publish.Space, "claims\nextension\n1")
}

func (b *bundle) definition() {
	b.add(object{
		"type": "extension-definition", "spec_version": "2.1", "id": extension(), "created": stamp(begun), "modified": stamp(begun), "created_by_ref": b.producer,
		"name": "limier-claim", "version": "1.0.0", "extension_types": []string{"property-extension"},
		"description": "Who states a relationship, in which words, with which confidence and likelihood, at which level, and where it stands.",
		"schema":      "A JSON object; doc/exports.md of Limier describes its fields.",
	})
}

func key(t claim.Thing) string { return cmp.Or(t.ID, t.Name) }

// thing adds the object that a claim speaks of. Several names of one actor stay
// several objects: aliases are claims too.
func (b *bundle) thing(t claim.Thing, kind string) string {
	o := b.sdo(kind, begun, "thing", key(t))
	o["name"] = name(t)
	switch kind {
	case "identity":
		o["identity_class"] = "organization"
	case "location":
		if c := country(t.Name); c != "" {
			o["country"] = c
		} else {
			o["region"] = name(t) // the specification wants one of the two
		}
	case "malware":
		o["is_family"] = true
	}
	return b.add(o)
}

// accused adds the actor that a claim accuses. Who is "affiliated with" an organ
// is another actor than the organ: the level is part of its name and identity,
// since who draws the graph does not read the extension.
func (b *bundle) accused(c *claim.Claim) string {
	o := b.sdo("threat-actor", begun, "accused", key(c.Target), string(c.Level))
	o["name"] = name(c.Target)
	if c.Level != "" {
		o["name"] = fmt.Sprintf("%s (level: %s)", name(c.Target), c.Level)
	}
	return b.add(o)
}

// country returns the ISO 3166 code of a country that claims often speak of.
func country(name string) string {
	return map[string]string{
		"china": "CN", "people's republic of china": "CN", "people’s republic of china": "CN", "prc": "CN", "russia": "RU", "russian federation": "RU", "iran": "IR", "north korea": "KP", "dprk": "KP",
		"belarus": "BY", "vietnam": "VN", "india": "IN", "pakistan": "PK", "israel": "IL", "turkey": "TR", "lebanon": "LB", "syria": "SY", "ukraine": "UA", "united states": "US", "united kingdom": "GB", "france": "FR",
		"germany": "DE", "finland": "FI", "norway": "NO", "japan": "JP", "canada": "CA", "australia": "AU", "new zealand": "NZ", "belgium": "BE", "czech republic": "CZ", "hong kong": "HK", "taiwan": "TW",
	}[strings.ToLower(name)]
}

// identity adds one who speaks.
func (b *bundle) identity(p claim.Party) string {
	o := b.sdo("identity", begun, "party", party(p))
	o["name"] = party(p)
	o["identity_class"] = map[claim.PartyKind]string{claim.Person: "individual", claim.Anonymous: "unknown"}[p.Kind]
	if o["identity_class"] == "" {
		o["identity_class"] = "organization"
	}
	switch p.Kind {
	case claim.State, claim.Agency:
		o["sectors"] = []string{"government-national"}
	case claim.Intergovernmental:
		o["sectors"] = []string{"government-regional"}
	}
	return b.add(o)
}

// speakers adds those who make a claim.
func (b *bundle) speakers(c *claim.Claim) (refs []string) {
	for _, p := range c.Attributors {
		refs = append(refs, b.identity(p))
	}
	return refs
}

// relation returns how STIX says what a claim says, and the types of the two
// ends; "" if no relationship says it.
func relation(c *claim.Claim) (source, kind, target string) {
	if c.Polarity != claim.Affirms || c.Target.Name == "" && c.Target.ID == "" {
		return "", "", "" // a relationship would say the contrary
	}
	source, target = typeOf(c.Object, "campaign"), typeOf(c.Target, "threat-actor")
	switch c.Relation {
	case claim.AttributedTo, claim.ConductedBy, claim.SponsoredBy, claim.Accuses, claim.Indicts:
		kind = "attributed-to"
		if source != "threat-actor" && target == "identity" {
			target = "threat-actor" // the accused organ, as the actor that it is said to be
		}
		if source == "incident" {
			source = "campaign" // 2.1 has no relationships of incidents
		}
	case claim.OriginatesFrom, claim.LocatedIn:
		kind, target = "originates-from", "location"
		if source == "threat-actor" || source == "identity" {
			kind = "located-at"
		}
		if source == "incident" {
			source = "campaign"
		}
	case claim.Uses:
		kind = "uses"
		if target == "threat-actor" {
			target = "tool"
		}
	case claim.LinkedTo, claim.AliasOf, claim.MemberOf, claim.Tolerates:
		return source, "related-to", target
	default:
		return "", "", ""
	}
	if !slices.Contains(table, source+" "+kind+" "+target) {
		kind = "related-to"
	}
	return source, kind, target
}

func typeOf(t claim.Thing, otherwise string) string {
	if slices.Contains(kinds, t.Kind) {
		return t.Kind
	}
	return otherwise
}

// confidence is Appendix A's number for low, moderate, high; likelihood is
// another thing and stays out of it.
func confidence(c *claim.Claim) int {
	return map[claim.Confidence]int{claim.Low: 15, claim.Moderate: 50, claim.High: 85}[c.Confidence]
}

// speaksOfClaims reports whether a claim is about other claims.
func speaksOfClaims(c *claim.Claim) bool {
	return (c.Relation == claim.Endorses || c.Relation == claim.Denies) && len(c.DerivedFrom)+len(c.Contradicts) > 0
}

func (b *bundle) claim(c *claim.Claim) {
	refs := b.speakers(c)
	if speaksOfClaims(c) {
		return
	}
	source, kind, target := relation(c)
	if kind == "" {
		b.note(c, b.about(c), refs)
		return
	}
	s, t := b.thing(c.Object, source), ""
	if target == "threat-actor" && c.Target.Kind != "threat-actor" {
		t = b.accused(c)
	} else {
		t = b.thing(c.Target, target)
	}
	o := b.sdo("relationship", changed(c), "claim", c.ID)
	o["created"] = stamp(said(c))
	o["source_ref"], o["relationship_type"], o["target_ref"] = s, kind, t
	if b.openCTI {
		b.shared(c, o, refs)
		return
	}
	o["description"] = sentence(c)
	if r := references(c); len(r) > 0 {
		o["external_references"] = r
	}
	if n := confidence(c); n > 0 {
		o["confidence"] = n
	}
	if withdrawn(c) {
		o["revoked"] = true
	}
	o["extensions"] = object{extension(): b.details(c, refs)}
	b.rel[c.ID] = b.add(o)
}

// shared writes for OpenCTI, which merges relationships of the same type and
// ends: one that nobody signs, and what each says of it beside.
func (b *bundle) shared(c *claim.Claim, o object, refs []string) {
	k := fmt.Sprint(o["source_ref"], o["relationship_type"], o["target_ref"])
	if b.merged[k] == "" {
		r := b.sdo("relationship", begun, "shared", k)
		r["source_ref"], r["relationship_type"], r["target_ref"] = o["source_ref"], o["relationship_type"], o["target_ref"]
		r["description"] = "Claimed by one or several parties, who differ: see the notes and opinions on this relationship."
		b.merged[k] = b.add(r)
	}
	b.rel[c.ID] = b.merged[k]
	b.note(c, []string{b.merged[k]}, refs)
	if withdrawn(c) {
		return
	}
	opinion := "agree"
	switch c.Modality {
	case claim.Acknowledged, claim.Hypothetical, claim.Predicted:
		opinion = "neutral"
	case claim.Asserted:
		if c.Confidence == claim.High || c.Likelihood == claim.AlmostCertain {
			opinion = "strongly-agree"
		}
	}
	b.says(c, opinion, []string{b.merged[k]})
}

func (b *bundle) says(c *claim.Claim, opinion string, about []string) {
	o := b.sdo("opinion", changed(c), "claim", c.ID)
	o["created"] = stamp(said(c))
	o["opinion"], o["authors"], o["object_refs"] = opinion, names(c), about
	o["explanation"] = sentence(c) + "\n" + sources(c)
	if withdrawn(c) {
		o["revoked"] = true
	}
	if !b.openCTI {
		o["extensions"] = object{extension(): b.details(c, b.speakers(c))}
	}
	b.add(o)
}

func names(c *claim.Claim) []string {
	list := []string{}
	for _, p := range c.Attributors {
		list = append(list, party(p))
	}
	return list
}

// opinion writes endorsements and denials of other claims.
func (b *bundle) opinion(c *claim.Claim) {
	if !speaksOfClaims(c) {
		return
	}
	var about []string
	for _, id := range append(slices.Clone(c.DerivedFrom), c.Contradicts...) {
		if r := b.rel[id]; r != "" && !slices.Contains(about, r) {
			about = append(about, r)
		}
	}
	switch {
	case len(about) == 0:
		b.note(c, b.about(c), b.speakers(c))
	case c.Relation == claim.Denies:
		b.says(c, "strongly-disagree", about)
	case c.Modality == claim.Acknowledged:
		b.says(c, "neutral", about) // taking note is no agreement
	default:
		b.says(c, "agree", about)
	}
}

// about returns what a note is about: the object of the claim, unless STIX has
// nothing for it.
func (b *bundle) about(c *claim.Claim) []string {
	if c.Object.Kind != "" && !slices.Contains(kinds, c.Object.Kind) {
		return nil
	}
	return []string{b.thing(c.Object, typeOf(c.Object, "campaign"))}
}

func (b *bundle) note(c *claim.Claim, about, refs []string) {
	o := b.sdo("note", changed(c), "claim", c.ID)
	o["created"] = stamp(said(c))
	o["abstract"] = publish.Plain(fmt.Sprintf("Claim %s: %s", c.ID, parties(c)))
	o["content"], o["authors"] = sentence(c)+"\n"+sources(c), names(c)
	o["object_refs"] = append(about, refs...)
	if len(about)+len(refs) == 0 {
		o["object_refs"] = []string{b.producer} // nobody is named, and nothing that STIX knows
	}
	if withdrawn(c) {
		o["revoked"] = true
	}
	if !b.openCTI {
		o["extensions"] = object{extension(): b.details(c, refs)}
	}
	b.add(o)
}

// details is what the extension carries.
func (b *bundle) details(c *claim.Claim, refs []string) object {
	d := object{
		"extension_type": "property-extension", "claim_id": publish.Plain(c.ID), "relation": string(c.Relation), "statement_date": publish.Plain(c.SaidOn),
		"polarity": map[claim.Polarity]string{claim.Affirms: "positive", claim.Negates: "negative", claim.Declines: "declined"}[c.Polarity],
		"modality": string(c.Modality), "status": cmp.Or(string(c.Status), string(claim.Active)), "version": max(c.Version, 1),
	}
	put := func(k, v string) {
		if v != "" {
			d[k] = publish.Plain(v)
		}
	}
	if len(refs) > 0 {
		d["attributor_refs"] = refs
	}
	put("responsibility_level", string(c.Level))
	put("likelihood", string(c.Likelihood))
	put("confidence_level", string(c.Confidence))
	put("wording", c.Wording)
	put("lang", c.Lang)
	put("state_responsibility", string(c.Responsibility))
	put("source_reliability", string(c.Reliability))
	put("information_credibility", credibility(c, b.list))
	put("about_from", c.AboutFrom)
	put("about_to", c.AboutTo)
	put("withdrawn_by", c.WithdrawnBy)
	for k, list := range map[string][]string{"acts": c.Acts, "derived_from": c.DerivedFrom, "contradicts": c.Contradicts} {
		if len(list) > 0 {
			plain := make([]string, len(list))
			for i, s := range list {
				plain[i] = publish.Plain(s)
			}
			d[k] = plain
		}
	}
	var evidence []object
	for _, q := range c.Evidence {
		e := object{"source": publish.Plain(cmp.Or(q.Document, q.URL))}
		for k, v := range map[string]string{"url": q.URL, "sha256": q.SHA256, "lang": q.Lang, "quote": q.Quote, "depth": string(q.Depth)} {
			if v != "" {
				e[k] = publish.Plain(v)
			}
		}
		if q.End > q.Start {
			e["start"], e["end"] = q.Start, q.End
		}
		evidence = append(evidence, e)
	}
	if len(evidence) > 0 {
		d["evidence"] = evidence
	}
	return d
}

func references(c *claim.Claim) []object {
	var list []object
	for _, q := range c.Evidence {
		r := object{"source_name": publish.Plain(cmp.Or(q.Document, q.URL))}
		if q.Quote != "" {
			r["description"] = publish.Plain(q.Quote)
		}
		if strings.HasPrefix(q.URL, "https://") && !strings.ContainsAny(q.URL, " \"<>\\^`{|}") {
			r["url"] = q.URL
			if len(q.SHA256) == 64 && strings.Trim(q.SHA256, "0123456789abcdef") == "" {
				r["hashes"] = object{"SHA-256": q.SHA256} // of the text that the offsets of the quote count in
			}
		} else if r["description"] == nil {
			r["description"] = "no quotation"
		}
		list = append(list, r)
	}
	return list
}

func (b *bundle) report() {
	var refs []string
	for _, o := range b.objects {
		if t := o["type"]; t != "marking-definition" && t != "extension-definition" && o.id() != b.producer {
			refs = append(refs, o.id())
		}
	}
	newest, _ := time.Parse("2006-01-02T15:04:05.000Z", b.stamp)
	o := b.sdo("report", newest, append([]string{"claims"}, refs...)...) // another set of claims is another report
	o["name"], o["published"], o["report_types"], o["object_refs"] = fmt.Sprintf("%d claims: who says what", len(b.list)), b.stamp, []string{"threat-report"}, refs
	o["description"] = "Each relationship is what the parties named in its extension say, no more. Nothing here is the publisher's own conclusion."
	b.add(o)
}
