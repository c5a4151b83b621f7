package attribute

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/knowledge"
)

// A Kind is what sort of thing a trait is.
type Kind string

const (
	Technique Kind = "technique"
	Software  Kind = "software"
	Network   Kind = "network" // domain or address
	File      Kind = "file"    // by its hash
	Path      Kind = "path"
)

// A Trait is one thing seen that may speak for or against an actor.
type Trait struct {
	Kind  Kind   `json:"kind"`
	ID    string `json:"id"`             // technique, tool, folded name, or the value
	Name  string `json:"name"`           // as people call it
	Seen  string `json:"seen,omitempty"` // day it was seen, yyyy-mm-dd; "" if not known
	Cheap bool   `json:"cheap"`          // easy to fake or to share: anybody can have it
}

var techniqueID = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// Parse reads traits as people write them: ATT&CK techniques and software by
// number or name, domains, addresses, hashes and paths.
func (p *Profiles) Parse(b *knowledge.Base, list []string) ([]Trait, error) {
	var all []Trait
	for _, s := range list {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		t, ok := p.parse(b, s)
		if !ok {
			return nil, fmt.Errorf("%q is no ATT&CK technique, no software, domain, address, hash or path that any report here names; check its spelling", s)
		}
		all = append(all, t)
	}
	return tidy(all), nil
}

func (p *Profiles) parse(b *knowledge.Base, s string) (Trait, bool) {
	if techniqueID.MatchString(s) {
		return Trait{Kind: Technique, ID: s, Name: s}, true
	}
	id := p.toolID(s)
	if slices.ContainsFunc(p.Tools, func(t Tool) bool { return t.ID == id }) {
		return p.software(id), true
	}
	for _, a := range b.Actors {
		if slices.ContainsFunc(a.Software, func(name string) bool { return knowledge.Fold(name) == id }) {
			return Trait{Kind: Software, ID: id, Name: s}, true
		}
	}
	return indicator(b, s)
}

// indicator is a domain, address, hash or path that some actor is reported with.
func indicator(b *knowledge.Base, s string) (Trait, bool) {
	low := strings.ToLower(refang(s))
	if u, err := url.Parse(low); err == nil && u.Scheme != "" && u.Hostname() != "" {
		low = u.Hostname()
	}
	for _, a := range b.Actors {
		switch {
		case slices.Contains(a.Network, low):
			return Trait{Kind: Network, ID: low, Name: low}, true
		case slices.Contains(a.SHA1, low), slices.Contains(a.SHA256, low):
			return Trait{Kind: File, ID: low, Name: low}, true
		case slices.ContainsFunc(a.Paths, func(path string) bool { return samePath(path, s) }):
			return Trait{Kind: Path, ID: slashed(s), Name: s, Cheap: true}, true
		}
	}
	return Trait{}, false
}

// software is the trait of a tool. What many use anybody can have.
func (p *Profiles) software(id string) Trait {
	return Trait{Kind: Software, ID: id, Name: p.name(id), Cheap: p.users(id) > 1}
}

// users counts the profiles that have a trait.
func (p *Profiles) users(id string) int {
	p.counting.Do(func() { p.counted = p.allUsers() })
	return p.counted[id]
}

func (p *Profiles) allUsers() map[string]int {
	n := map[string]int{}
	for _, x := range p.Profiles {
		seen := map[string]bool{}
		for _, r := range x.Reports {
			for _, t := range r.Traits {
				if !seen[t] {
					seen[t] = true
					n[t]++
				}
			}
		}
	}
	return n
}

func refang(s string) string {
	return strings.NewReplacer("[.]", ".", "hxxp", "http", "[:]", ":").Replace(s)
}

func slashed(s string) string { return strings.ToLower(strings.ReplaceAll(s, `\`, "/")) }

// samePath reports whether a path seen ends with one reported.
func samePath(reported, seen string) bool {
	r, s := slashed(reported), slashed(seen)
	return s == r || strings.HasSuffix(s, "/"+r)
}

// maxSaid bounds the words of one finding that names are looked for in, bytes.
const maxSaid = 64 << 10

// FromCluster is what the findings of one cluster of a case show: techniques
// that worked or were tried, software named in our own words, and those of its
// addresses, domains, hashes and paths that some report names.
func (p *Profiles) FromCluster(b *knowledge.Base, k *casefile.Cluster) []Trait {
	var all []Trait
	names := p.toolNames(b)
	looked := map[string]bool{}
	for _, f := range k.Findings {
		day := ""
		if !f.Start.IsZero() {
			day = f.Start.UTC().Format(time.DateOnly)
		}
		for _, t := range f.Techniques {
			if techniqueID.MatchString(t) {
				all = append(all, Trait{Kind: Technique, ID: t, Name: t, Seen: day})
			}
		}
		var text strings.Builder
		text.WriteString(f.Title + "\n" + f.Reason)
		for _, s := range f.Steps {
			if text.Len() < maxSaid && !looked[s.Text] { // what is said again says nothing more
				looked[s.Text] = true
				text.WriteString("\n" + s.Text)
			}
		}
		said := text.String()
		for _, n := range names {
			if word(said, n.name) {
				t := n.trait
				t.Seen = day
				all = append(all, t)
			}
		}
		for _, e := range f.Entities {
			switch e.Type {
			case finding.Address, finding.Domain, finding.Hash, finding.FilePath, finding.URL:
				if t, ok := indicator(b, e.Value); ok {
					t.Seen = day
					all = append(all, t)
				}
			}
		}
	}
	return tidy(all)
}

type toolName struct {
	name  string
	trait Trait
}

// toolNames are the names that our findings may use. Common words are none.
func (p *Profiles) toolNames(b *knowledge.Base) []toolName {
	var all []toolName
	add := func(name string, t Trait) {
		if len(name) >= 5 && (strings.ContainsAny(name, " 0123456789-") || name != strings.ToLower(name) && len(name) >= 6) {
			all = append(all, toolName{name, t})
		}
	}
	for _, t := range p.Tools {
		add(t.Name, Trait{Kind: Software, ID: t.ID, Name: t.Name, Cheap: p.users(t.ID) > 1})
	}
	for _, a := range b.Actors {
		for _, s := range a.Software {
			if id := p.toolID(s); id == knowledge.Fold(s) {
				add(s, Trait{Kind: Software, ID: id, Name: s})
			}
		}
	}
	return all
}

// word reports whether text holds a name as a word of its own.
func word(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		from := at + i
		to := from + len(name)
		if (from == 0 || !letter(text[from-1])) && (to == len(text) || !letter(text[to])) {
			return true
		}
		at = to
	}
}

func letter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// tidy sorts traits and takes each once, as it was first seen.
func tidy(all []Trait) []Trait {
	slices.SortFunc(all, func(x, y Trait) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Seen, y.Seen))
	})
	return slices.CompactFunc(all, func(x, y Trait) bool { return x.Kind == y.Kind && x.ID == y.ID })
}

// decay is what is left of the weight of infrastructure after some time: half
// after 90 days for an address, a year for a domain, two for a hash.
func decay(t Trait, reported string) float64 {
	seen, err1 := time.Parse(time.DateOnly, t.Seen)
	said, err2 := time.Parse(time.DateOnly, reported)
	if err1 != nil || err2 != nil {
		return 1
	}
	days := math.Abs(seen.Sub(said).Hours()) / 24
	half := 365.0
	switch {
	case t.Kind == File:
		half = 730
	case t.Kind == Network && !strings.ContainsAny(t.ID, "abcdefghijklmnopqrstuvwxyz"):
		half = 90
	}
	return math.Exp2(-days / half)
}
