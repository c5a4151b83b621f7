package knowledge

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"limier/claim"
)

// A galaxyFile is a cluster of a MISP galaxy
// (https://www.misp-standard.org/rfc/misp-standard-galaxy-format.html).
type galaxyFile struct {
	Name   string
	Values []galaxyValue
}

type galaxyValue struct {
	UUID  string `json:"uuid"`
	Value string `json:"value"`
	Meta  struct {
		Synonyms   texts  `json:"synonyms"`
		Country    string `json:"country"`
		Sponsor    string `json:"cfr-suspected-state-sponsor"`
		Confidence any    `json:"attribution-confidence"`
		Refs       texts  `json:"refs"`
	} `json:"meta"`
}

// texts takes a list of texts, and passes over what is none.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var any []json.RawMessage
	if json.Unmarshal(data, &any) != nil {
		return nil
	}
	for _, raw := range any {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			*t = append(*t, s)
		}
	}
	return nil
}

// galaxyDay is the day that claims of a galaxy get: its files carry none.
const galaxyDay = "2026"

func (g *galaxyFile) read() (*Import, error) {
	im := &Import{Format: "misp-galaxy"}
	document := "MISP galaxy, " + g.Name
	for i, v := range g.Values {
		if v.Value == "" || v.UUID == "" {
			return nil, fmt.Errorf("value %d has no name or no UUID", i+1)
		}
		a := Actor{ID: "misp--" + v.UUID, Name: v.Value, Kind: "intrusion-set", MISP: v.UUID, Sources: []string{document}}
		if !strings.Contains(strings.ToLower(g.Name), "actor") && !strings.Contains(strings.ToLower(g.Name), "activity group") {
			a.Kind = "malware"
		}
		im.Actors = append(im.Actors, a)
		add := func(relation claim.Relation, target claim.Thing, level claim.Level, wording string) {
			c := claim.Claim{
				Attributors: []claim.Party{{Identity: "MISP project", Organ: "galaxy", Kind: claim.Vendor}}, Relation: relation,
				Object: claim.Thing{ID: a.ID, Name: v.Value, Kind: "intrusion-set"}, Target: target, Level: level, Polarity: claim.Affirms, Modality: claim.Asserted,
				Wording: wording, SaidOn: galaxyDay, ExtractedBy: "misp import", Evidence: []claim.Quote{{Document: document, Depth: claim.Paraphrase}},
				Reliability: "C",
			}
			for n, ref := range v.Meta.Refs {
				if n == 3 {
					break
				}
				c.Evidence = append(c.Evidence, claim.Quote{Document: "reference of the galaxy", URL: ref, Depth: claim.Paraphrase})
			}
			c.ID = NewID(&c)
			im.Claims = append(im.Claims, c)
		}
		seen := map[string]bool{Fold(v.Value): true}
		for _, s := range v.Meta.Synonyms {
			if f := Fold(s); f != "" && !seen[f] {
				seen[f] = true
				add(claim.AliasOf, claim.Thing{Name: s, Kind: "intrusion-set"}, claim.Group, "")
			}
		}
		if v.Meta.Country != "" {
			add(claim.LocatedIn, claim.Thing{Name: v.Meta.Country, Kind: "location"}, claim.Territory, confidenceWords(v.Meta.Confidence))
		}
		if v.Meta.Sponsor != "" {
			add(claim.SponsoredBy, claim.Thing{Name: v.Meta.Sponsor, Kind: "identity"}, claim.TheState, "suspected state sponsor")
			im.Claims[len(im.Claims)-1].Modality = claim.Believed
		}
	}
	return im, nil
}

func confidenceWords(v any) string {
	if v == nil {
		return ""
	}
	return "attribution-confidence " + short(fmt.Sprint(v))
}

// A mispEvent is an event in MISP's core format.
type mispEvent struct {
	UUID string `json:"uuid"`
	Info string `json:"info"`
	Date string `json:"date"`
	Orgc struct {
		Name string `json:"name"`
	} `json:"Orgc"`
	Tag []struct {
		Name string `json:"name"`
	} `json:"Tag"`
	Galaxy []struct {
		Type    string `json:"type"`
		Cluster []struct {
			Value string `json:"value"`
			UUID  string `json:"uuid"`
		} `json:"GalaxyCluster"`
	} `json:"Galaxy"`
	Attribute []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
		IDS   bool   `json:"to_ids"`
	} `json:"Attribute"`
}

var actorTag = regexp.MustCompile(`^misp-galaxy:(?:threat-actor|mitre-intrusion-set|microsoft-activity-group)="([^"]{1,200})"$`)

// maxIndicators bounds the indicators of one event.
const maxIndicators = 20_000

// claims adds what an event says: of whom it takes the activity to be, and what
// was used in it.
func (e *mispEvent) claims(im *Import) error {
	if e.Orgc.Name == "" || e.Info == "" || e.Date == "" {
		return fmt.Errorf("the event %q has no organisation, info or date", short(e.UUID))
	}
	object := claim.Thing{ID: "misp-event--" + e.UUID, Name: e.Info, Kind: "campaign"}
	add := func(relation claim.Relation, target claim.Thing, level claim.Level) {
		c := claim.Claim{
			Attributors: []claim.Party{{Identity: e.Orgc.Name}}, Relation: relation, Object: object, Target: target, Level: level, Polarity: claim.Affirms, Modality: claim.Asserted,
			SaidOn: e.Date, ExtractedBy: "misp import", Evidence: []claim.Quote{{Document: "MISP event " + e.UUID + ": " + e.Info, Depth: claim.Primary}},
		}
		c.ID = NewID(&c)
		im.Claims = append(im.Claims, c)
	}
	actors := map[string]bool{}
	actor := func(name, uuid string) {
		if name == "" || actors[Fold(name)] {
			return
		}
		actors[Fold(name)] = true
		t := claim.Thing{Name: name, Kind: "intrusion-set"}
		if uuid != "" {
			t.ID = "misp--" + uuid
		}
		add(claim.AttributedTo, t, claim.Group)
	}
	for _, g := range e.Galaxy {
		if g.Type == "threat-actor" || g.Type == "mitre-intrusion-set" || g.Type == "microsoft-activity-group" {
			for _, k := range g.Cluster {
				actor(k.Value, k.UUID)
			}
		}
	}
	for _, t := range e.Tag {
		if m := actorTag.FindStringSubmatch(t.Name); m != nil {
			actor(m[1], "")
		}
	}
	n := 0
	for _, a := range e.Attribute {
		switch a.Type {
		case "sha256", "sha1", "md5", "domain", "hostname", "ip-dst", "ip-src", "url":
			if n++; n > maxIndicators {
				return fmt.Errorf("the event %q has more than %d indicators", short(e.UUID), maxIndicators)
			}
			if a.Value != "" && len(a.Value) <= 2000 {
				add(claim.Uses, claim.Thing{Name: a.Value, Kind: "indicator"}, "")
			}
		default:
			im.skip("attribute: " + short(a.Type))
		}
	}
	if len(im.Claims) == 0 {
		im.skip("event without an actor or an indicator")
	}
	return nil
}

// readMapping reads Microsoft's list of names
// (https://github.com/microsoft/mstic): each row is Microsoft's word on a day.
func readMapping(in io.Reader) (*Import, error) {
	var rows []struct {
		Name   string `json:"Threat actor name"`
		Origin string `json:"Origin/Threat"`
		Others string `json:"Other names"`
	}
	dec := json.NewDecoder(in)
	if err := dec.Decode(&rows); err != nil {
		return nil, place(dec, err)
	}
	im := &Import{Format: "microsoft-mapping"}
	for i, r := range rows {
		if r.Name == "" {
			return nil, fmt.Errorf("row %d has no name", i+1)
		}
		a := Actor{ID: "microsoft--" + Fold(r.Name), Name: r.Name, Kind: "intrusion-set", Sources: []string{"Microsoft, mapping of threat actor names"}}
		im.Actors = append(im.Actors, a)
		add := func(relation claim.Relation, target claim.Thing, level claim.Level) {
			c := claim.Claim{
				Attributors: []claim.Party{{Identity: "Microsoft", Kind: claim.Vendor}}, Relation: relation, Object: claim.Thing{ID: a.ID, Name: r.Name, Kind: "intrusion-set"}, Target: target,
				Level: level, Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: galaxyDay, ExtractedBy: "microsoft import",
				Evidence: []claim.Quote{{Document: "Microsoft, mapping of threat actor names", URL: "https://github.com/microsoft/mstic", Depth: claim.Primary}},
			}
			c.ID = NewID(&c)
			im.Claims = append(im.Claims, c)
		}
		for other := range strings.SplitSeq(r.Others, ",") {
			if other = strings.TrimSpace(other); Fold(other) != "" {
				add(claim.AliasOf, claim.Thing{Name: other, Kind: "intrusion-set"}, claim.Group)
			}
		}
		if r.Origin != "" && len(strings.Fields(r.Origin)) < 4 && !strings.Contains(strings.ToLower(r.Origin), "develop") && !strings.Contains(strings.ToLower(r.Origin), "financ") && !strings.Contains(strings.ToLower(r.Origin), "influence") && !strings.Contains(strings.ToLower(r.Origin), "private") {
			add(claim.OriginatesFrom, claim.Thing{Name: r.Origin, Kind: "location"}, claim.Territory)
		}
	}
	return im, nil
}
