package taxii

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"limier/publish"
)

// Collections are the two that Limier publishes: claims, then indicators. Their
// ids are the same everywhere.
func Collections() []Collection {
	one := func(alias, title, description string) Collection {
		return Collection{ID: publish.UUID(publish.Space, "taxii collection\n"+alias), Alias: alias, Title: title, Description: description, CanRead: true, MediaTypes: []string{StixType}}
	}
	return []Collection{
		one("claims", "Claims", "Who says what of whom, with level, grade and source"),
		one("indicators", "Indicators", "What to look for elsewhere; nothing of who was attacked"),
	}
}

// shareable are the types that tell what to look for, and nothing of who was
// attacked.
var shareable = []string{"indicator", "attack-pattern", "marking-definition", "extension-definition", "identity", "malware", "vulnerability"}

// Indicators returns those objects of a case's STIX bundle that tell others
// what to look for, and nothing of the victim: indicators, what they indicate,
// and who says so. The host, what was observed on it and the report stay behind.
func Indicators(bundle []byte) ([]Object, error) {
	var in struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(bundle, &in); err != nil {
		return nil, fmt.Errorf("no STIX bundle: %w", err)
	}
	type refs struct {
		Creator string   `json:"created_by_ref"`
		Source  string   `json:"source_ref"`
		Target  string   `json:"target_ref"`
		Marks   []string `json:"object_marking_refs"`
		Samples []string `json:"sample_refs"`
		Roles   []string `json:"roles"`
	}
	// An indicator is kept, then what is joined to it, then what those name.
	parsed := make([]Object, len(in.Objects))
	links := make([]refs, len(in.Objects))
	keep := map[string]bool{}
	for i, raw := range in.Objects {
		o, err := ParseObject(raw)
		if err != nil {
			return nil, fmt.Errorf("object %d: %w", i+1, err)
		}
		if err := json.Unmarshal(raw, &links[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		parsed[i] = o
		keep[o.ID] = o.Type == "indicator"
	}
	may := func(id string) bool {
		kind, _, _ := strings.Cut(id, "--")
		return slices.Contains(shareable, kind)
	}
	for i, o := range parsed {
		l := links[i]
		if o.Type == "relationship" && keep[l.Source] && strings.HasPrefix(l.Source, "indicator--") && may(l.Target) {
			keep[o.ID], keep[l.Target] = true, true
		}
	}
	for i, o := range parsed {
		if keep[o.ID] {
			keep[links[i].Creator] = true
			for _, m := range links[i].Marks {
				keep[m] = true
			}
		}
	}
	var out []Object
	for i, o := range parsed {
		if !keep[o.ID] || slices.Contains(links[i].Roles, "victim") || len(links[i].Samples) > 0 {
			continue
		}
		out = append(out, o)
	}
	// What others refer to comes first, so that no page points to a later one.
	rank := func(o Object) int {
		return slices.Index([]string{"marking-definition", "extension-definition", "identity", "attack-pattern", "vulnerability", "malware", "indicator", "relationship"}, o.Type)
	}
	slices.SortStableFunc(out, func(a, b Object) int { return rank(a) - rank(b) })
	kept := map[string]bool{}
	for _, o := range out {
		kept[o.ID] = true
	}
	return slices.DeleteFunc(out, func(o Object) bool {
		i := slices.IndexFunc(parsed, func(p Object) bool { return p.ID == o.ID })
		return o.Type == "relationship" && (!kept[links[i].Source] || !kept[links[i].Target])
	}), nil
}
