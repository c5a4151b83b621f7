// Package attribute compares a case with what is published about actors. It
// states competing hypotheses, what speaks for and against each, and what would
// change the answer. It never says who did it: attribution exists only as
// somebody's claim, and those stand beside the comparison.
package attribute

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed" // for the profiles
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"limier/knowledge"
)

// A Profile is what reports say that an actor does.
type Profile struct {
	ID      string   `json:"id"` // "attack--G0125", or an ID of the knowledge that ships
	Name    string   `json:"name"`
	Reports []Report `json:"reports"`
}

// A Report is what one publication says: techniques ("T1190") and software
// ("S0020", or a folded name where ATT&CK has no number for it).
type Report struct {
	Name   string   `json:"name"`
	Traits []string `json:"traits"`
}

// A Tool is software that actors use.
type Tool struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Aliases    []string `json:"aliases,omitempty"`
	Techniques []string `json:"techniques,omitempty"` // that it implies
}

// Profiles is the table that cases are compared with.
type Profiles struct {
	Source   string    `json:"source"` // "ATT&CK v18.1"
	Profiles []Profile `json:"profiles"`
	Tools    []Tool    `json:"tools"`

	toolIDs  map[string]string // by ID and by folded name
	counting sync.Once
	counted  map[string]int // by trait: the profiles that have it
}

//go:embed profiles.json.gz
var shipped []byte

// table is what ships, read once.
var table = sync.OnceValues(func() (*Profiles, error) {
	z, err := gzip.NewReader(bytes.NewReader(shipped))
	if err != nil {
		return nil, err
	}
	p := new(Profiles)
	if err := json.NewDecoder(z).Decode(p); err != nil {
		return nil, err
	}
	p.nameTools()
	return p, nil
})

// Builtin is the table that ships: ATT&CK's groups, made by attribute/gen, and
// the actors of the knowledge.
func Builtin(b *knowledge.Base) (*Profiles, error) {
	t, err := table()
	if err != nil {
		return nil, err
	}
	p := &Profiles{Source: t.Source, Profiles: slices.Clone(t.Profiles), Tools: t.Tools, toolIDs: t.toolIDs}
	p.join(b)
	return p, nil
}

// nameTools notes the names of the tools. The first tool of a name has it.
func (p *Profiles) nameTools() {
	p.toolIDs = map[string]string{}
	for _, t := range p.Tools {
		for _, name := range append([]string{t.Name}, t.Aliases...) {
			name = knowledge.Fold(name)
			p.toolIDs[name] = cmp.Or(p.toolIDs[name], t.ID)
		}
	}
	for _, t := range p.Tools {
		p.toolIDs[t.ID] = t.ID
	}
}

// join adds the actors of the knowledge: one with a number in ATT&CK as one
// more report of that group, others as profiles of their own.
func (p *Profiles) join(b *knowledge.Base) {
	for _, a := range b.Actors {
		if len(a.Software)+len(a.Techniques)+len(a.Network)+len(a.SHA1) == 0 || strings.HasPrefix(a.ID, "attack--") {
			continue
		}
		r := Report{Name: strings.Join(a.Sources, ", "), Traits: slices.Clone(a.Techniques)}
		for _, s := range a.Software {
			r.Traits = append(r.Traits, p.toolID(s))
		}
		i := -1
		if a.ATTACK != "" {
			i = slices.IndexFunc(p.Profiles, func(x Profile) bool { return x.ID == "attack--"+a.ATTACK })
		}
		if i < 0 {
			p.Profiles = append(p.Profiles, Profile{ID: a.ID, Name: a.Name, Reports: []Report{r}})
			continue
		}
		p.Profiles[i].ID, p.Profiles[i].Name = a.ID, a.Name
		p.Profiles[i].Reports = append(slices.Clone(p.Profiles[i].Reports), r)
	}
	slices.SortFunc(p.Profiles, func(x, y Profile) int { return cmp.Compare(x.ID, y.ID) })
}

// toolID is the number of a tool by its name; a folded name where there is none.
func (p *Profiles) toolID(name string) string {
	folded := knowledge.Fold(name)
	return cmp.Or(p.toolIDs[name], p.toolIDs[folded], folded)
}

// name is what a trait is called.
func (p *Profiles) name(trait string) string {
	for _, t := range p.Tools {
		if t.ID == trait {
			return t.Name
		}
	}
	return trait
}

// FromSTIX makes the table of an ATT&CK bundle: for each group and each report
// that a relation cites, what the group is said to do there. Relations that
// cite nothing are left out.
func FromSTIX(source string, r io.Reader) (*Profiles, error) {
	type reference struct {
		Source string `json:"source_name"`
		ID     string `json:"external_id"`
	}
	type object struct {
		Type       string      `json:"type"`
		ID         string      `json:"id"`
		Name       string      `json:"name"`
		Aliases    []string    `json:"x_mitre_aliases"`
		Revoked    bool        `json:"revoked"`
		Deprecated bool        `json:"x_mitre_deprecated"`
		Kind       string      `json:"relationship_type"`
		Source     string      `json:"source_ref"`
		Target     string      `json:"target_ref"`
		References []reference `json:"external_references"`
	}
	var bundle struct{ Objects []object }
	if err := json.NewDecoder(io.LimitReader(r, 512<<20)).Decode(&bundle); err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	number := func(o *object) string {
		for _, ref := range o.References {
			if strings.HasPrefix(ref.Source, "mitre-") && ref.ID != "" {
				return ref.ID
			}
		}
		return ""
	}
	byID := map[string]*object{}
	for i := range bundle.Objects {
		if o := &bundle.Objects[i]; !o.Revoked && !o.Deprecated && (o.Type == "relationship" || number(o) != "") {
			byID[o.ID] = o
		}
	}
	p := &Profiles{Source: source}
	groups, tools := map[string]map[string][]string{}, map[string]*Tool{}
	for _, o := range byID {
		if o.Type == "malware" || o.Type == "tool" {
			t := &Tool{ID: number(o), Name: o.Name}
			for _, a := range o.Aliases {
				if a != o.Name {
					t.Aliases = append(t.Aliases, a)
				}
			}
			tools[o.ID] = t
		}
	}
	for _, o := range byID {
		from, to := byID[o.Source], byID[o.Target]
		if o.Type != "relationship" || o.Kind != "uses" || from == nil || to == nil {
			continue
		}
		if t := tools[o.Source]; t != nil && to.Type == "attack-pattern" {
			t.Techniques = append(t.Techniques, number(to))
			continue
		}
		if from.Type != "intrusion-set" {
			continue
		}
		for _, ref := range o.References {
			if ref.ID != "" || ref.Source == "" {
				continue
			}
			if groups[o.Source] == nil {
				groups[o.Source] = map[string][]string{}
			}
			groups[o.Source][ref.Source] = append(groups[o.Source][ref.Source], number(to))
		}
	}
	for id, reports := range groups {
		g := Profile{ID: "attack--" + number(byID[id]), Name: byID[id].Name}
		for name, traits := range reports {
			slices.Sort(traits)
			g.Reports = append(g.Reports, Report{name, slices.Compact(traits)})
		}
		slices.SortFunc(g.Reports, func(x, y Report) int { return cmp.Compare(x.Name, y.Name) })
		p.Profiles = append(p.Profiles, g)
	}
	for _, t := range tools {
		slices.Sort(t.Techniques)
		p.Tools = append(p.Tools, *t)
	}
	slices.SortFunc(p.Profiles, func(x, y Profile) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(p.Tools, func(x, y Tool) int { return cmp.Compare(x.ID, y.ID) })
	if len(p.Profiles) == 0 {
		return nil, errors.New("no groups that use something")
	}
	p.nameTools()
	return p, nil
}
