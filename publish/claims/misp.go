package claims

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"limier/claim"
	"limier/publish"
)

// annotation is MISP's object template of that name (MISP/misp-objects).
const (
	annotationUUID    = "5d8dc046-15a1-4ca3-a09f-ed4ede7c4487"
	annotationVersion = "3"
)

type mispTag struct {
	Name string `json:"name"`
}

type mispAttribute struct {
	UUID         string    `json:"uuid"`
	Type         string    `json:"type"`
	Category     string    `json:"category"`
	Relation     string    `json:"object_relation"`
	ToIDs        bool      `json:"to_ids"`
	Distribution string    `json:"distribution"` // 5: as the event
	Timestamp    string    `json:"timestamp"`
	Value        string    `json:"value"`
	Tags         []mispTag `json:"Tag,omitempty"`
}

type mispObject struct {
	UUID         string          `json:"uuid"`
	Name         string          `json:"name"`
	Meta         string          `json:"meta-category"`
	Template     string          `json:"template_uuid"`
	Version      string          `json:"template_version"`
	Distribution string          `json:"distribution"`
	Timestamp    string          `json:"timestamp"`
	Comment      string          `json:"comment"`
	Attributes   []mispAttribute `json:"Attribute"`
}

// writeMISP writes one event. Tags that grade or name an actor are on the
// attribute of the claim that says so, never on the event: there they would
// look like everybody's.
func writeMISP(w io.Writer, list []claim.Claim, o Options) error {
	if err := Lint(list); err != nil {
		return err
	}
	m, err := marking(o.TLP)
	if err != nil {
		return err
	}
	list = ordered(list)
	newest := changed(&list[0])
	for i := range list {
		if t := changed(&list[i]); t.After(newest) {
			newest = t
		}
	}
	who := cmp.Or(o.Publisher, "Limier")
	event := map[string]any{
		"uuid": publish.UUID(publish.Space, "misp claims\n"+cmp.Or(o.Set, list[0].ID+"\n"+strconv.Itoa(len(list)))), "info": Title(len(list)),
		"date": newest.Format("2006-01-02"), "timestamp": seconds(newest.Unix()), "threat_level_id": "4", "analysis": "2", "distribution": "0", "published": false,
		"attribute_count": "0", "Attribute": []any{},
		"Orgc": map[string]string{"name": publish.Plain(who), "uuid": publish.UUID(publish.Space, "misp org\n"+strings.ToLower(who))},
		"Tag":  []mispTag{{strings.ToLower(m["name"].(string))}},
	}
	var objects []mispObject
	n := 0
	for i := range list {
		objects = append(objects, annotation(&list[i], list, o.Set))
		n += len(objects[i].Attributes)
	}
	event["Object"], event["attribute_count"] = objects, strconv.Itoa(n)
	return whole(w, func(b *bytes.Buffer) error {
		enc := json.NewEncoder(b)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"Event": event})
	})
}

// Title is that of an event with so many claims.
func Title(n int) string { return fmt.Sprintf("%d claims: who says what", n) }

// Comment is that of the MISP object which carries a claim.
func Comment(claimID string) string { return publish.Plain("claim " + claimID) }

func seconds(n int64) string { return strconv.FormatInt(max(n, 0), 10) }

// annotation is a claim as an object of an event. MISP takes an object in one
// event only: each set has its own.
func annotation(c *claim.Claim, all []claim.Claim, set string) mispObject {
	at, key := seconds(changed(c).Unix()), "misp claim\n"+c.ID
	if set != "" && set != "hub" { // what was published before there were sets
		key += "\n" + set
	}
	o := mispObject{UUID: publish.UUID(publish.Space, key), Name: "annotation", Meta: "misc", Template: annotationUUID, Version: annotationVersion, Distribution: "5", Timestamp: at, Comment: Comment(c.ID)}
	add := func(relation, kind, category, value string, tags []mispTag) {
		o.Attributes = append(o.Attributes, mispAttribute{
			UUID: publish.UUID(publish.Space, fmt.Sprintf("%s\n%s\n%s\n%d", key, relation, value, len(o.Attributes))), Type: kind, Category: category, Relation: relation,
			Distribution: "5", Timestamp: at, Value: value, Tags: tags,
		})
	}
	add("text", "text", "Other", strings.TrimSpace(sentence(c)+"\n"+sources(c)), tags(c, all)) // MISP takes space at the ends away
	add("type", "text", "Other", "Annotation", nil)
	add("format", "text", "Other", "text", nil)
	add("creation-date", "datetime", "Other", said(c).Format("2006-01-02T15:04:05.000000+0000"), nil) // as MISP keeps it
	for _, q := range c.Evidence {
		if strings.HasPrefix(q.URL, "https://") {
			add("ref", "link", "External analysis", publish.Plain(q.URL), nil)
		}
	}
	return o
}

// tags grades one claim in the words of MISP's taxonomies. Only what is affirmed
// carries the name of an actor.
func tags(c *claim.Claim, all []claim.Claim) []mispTag {
	var list []mispTag
	add := func(format, value string) {
		if value != "" {
			list = append(list, mispTag{fmt.Sprintf(format, value)})
		}
	}
	add("estimative-language:likelihood-probability=%q", string(c.Likelihood))
	add("estimative-language:confidence-in-analytic-judgment=%q", string(c.Confidence))
	if strings.HasPrefix(c.Lang, "fr") && c.Likelihood != "" {
		add("vocabulaire-des-probabilites-estimatives:degré-de-probabilité=%q", frenchDegree(c.Wording))
	}
	if r := strings.ToLower(string(c.Reliability)); len(r) == 1 && r[0] >= 'a' && r[0] <= 'f' {
		add("admiralty-scale:source-reliability=%q", r)
	}
	add("admiralty-scale:information-credibility=%q", credibility(c, all))
	add("state-responsibility:%s", publish.Plain(string(c.Responsibility)))
	if c.Polarity == claim.Affirms && !withdrawn(c) {
		for _, t := range []claim.Thing{c.Object, c.Target} {
			if t.Kind == "intrusion-set" {
				add("misp-galaxy:threat-actor=%q", name(t))
			}
		}
	}
	return list
}

// frenchDegree finds the degree of the French vocabulary that a wording stands
// for, "" if none: its "très probable" is not the "very likely" of ICD 203.
func frenchDegree(wording string) string {
	wording = strings.ToLower(wording)
	for _, row := range []struct{ word, degree string }{ // longer words first
		{"très peu probable", "presque-aucune-chance"}, {"très improbable", "presque-aucune-chance"}, {"quasi impossible", "presque-aucune-chance"}, {"presque aucune chance", "presque-aucune-chance"},
		{"invraisemblable", "probablement-pas"}, {"peu probable", "probablement-pas"}, {"improbable", "presque-aucune-chance"}, {"probablement pas", "probablement-pas"},
		{"une chance sur deux", "chances-à-peu-près-egales"}, {"chances à peu près égales", "chances-à-peu-près-egales"},
		{"quasi certain", "quasi-certaine"}, {"quasi-certain", "quasi-certaine"}, {"presque certain", "quasi-certaine"}, {"très probable", "quasi-certaine"},
		{"vraisemblable", "probable"}, {"probable", "probable"},
	} {
		if strings.Contains(wording, row.word) {
			return row.degree
		}
	}
	return ""
}
