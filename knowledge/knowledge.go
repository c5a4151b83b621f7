// Package knowledge holds what has been published about actors, campaigns and
// software: claims, each with who makes it, and the actors they speak of.
//
// It is append-only: what was said is not changed by what is said later. Other
// names of an actor are claims of somebody on a day. They are followed one step
// at a time and never closed over: that X is called Y by one party and Y is
// called Z by another does not make X and Z one.
package knowledge

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"

	"limier/claim"
)

// A Base is what is known. The zero value knows nothing.
type Base struct {
	Actors []Actor
	Claims []claim.Claim // in the order they were added
}

// An Actor is one that somebody tells apart from others: an intrusion set, a
// cluster of activity, or the operators of a malware family.
type Actor struct {
	ID         string   `json:"id" yaml:"id"`
	Name       string   `json:"name" yaml:"name"`
	Kind       string   `json:"kind" yaml:"kind"`                                 // "intrusion-set", "activity-cluster", "malware"
	ATTACK     string   `json:"attack,omitempty" yaml:"attack,omitempty"`         // "G0125"
	MISP       string   `json:"misp,omitempty" yaml:"misp,omitempty"`             // UUID in the galaxy threat-actor
	ApartFrom  []string `json:"apart_from,omitempty" yaml:"apart_from,omitempty"` // IDs that somebody joins with it and others do not
	Software   []string `json:"software,omitempty" yaml:"software,omitempty"`
	Exclusive  []string `json:"exclusive,omitempty" yaml:"exclusive,omitempty"`   // of Software: reported of nobody else here
	Techniques []string `json:"techniques,omitempty" yaml:"techniques,omitempty"` // ATT&CK IDs
	Network    []string `json:"network,omitempty" yaml:"network,omitempty"`       // domains and addresses
	SHA1       []string `json:"sha1,omitempty" yaml:"sha1,omitempty"`             // of its files, lower-case hex
	SHA256     []string `json:"sha256,omitempty" yaml:"sha256,omitempty"`
	Paths      []string `json:"paths,omitempty" yaml:"paths,omitempty"` // of its files; easy to imitate
	Sources    []string `json:"sources" yaml:"sources"`
	Note       string   `json:"note,omitempty" yaml:"note,omitempty"`
}

//go:embed story
var story embed.FS

// shipped is the knowledge that ships, read once.
var shipped = sync.OnceValues(func() (*Base, error) {
	b := new(Base)
	for name, read := range map[string]func(io.Reader) error{"story/actors.yaml": b.ReadActors, "story/claims.yaml": b.ReadClaims} {
		text, err := story.ReadFile(name)
		if err == nil {
			err = read(bytes.NewReader(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
})

// Builtin is the knowledge that ships: the claims and actors of the Exchange
// campaign of 2021. More can be added to it; what ships is not to be changed.
func Builtin() (*Base, error) {
	b, err := shipped()
	if err != nil {
		return nil, err
	}
	return &Base{Actors: slices.Clone(b.Actors), Claims: slices.Clone(b.Claims)}, nil
}

// maxFile bounds a file of claims, in bytes.
const maxFile = 16 << 20

var goType = regexp.MustCompile(`(?m) (?:into|in type) \S+$`)

func decode[T any](r io.Reader) (list []T, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	err = dec.Decode(&list)
	var misfit *yaml.TypeError
	switch {
	case errors.As(err, &misfit): // without the Go types that the library names
		return nil, errors.New(goType.ReplaceAllString(strings.Join(misfit.Errors, "\n"), ""))
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	}
	return list, nil
}

// ReadClaims adds the claims of a YAML list: all of them, or none if one is
// refused.
func (b *Base) ReadClaims(r io.Reader) error {
	list, err := decode[claim.Claim](r)
	if err != nil {
		return err
	}
	return b.Add(list...)
}

// Add adds claims: all of them, or none if one is refused. A claim that is
// there already, unchanged, is passed over; another of the same ID and version
// is refused, since nothing that was said is changed.
func (b *Base) Add(list ...claim.Claim) error {
	have := map[string]*claim.Claim{}
	key := func(c *claim.Claim) string { return fmt.Sprint(c.ID, "/", max(c.Version, 1)) }
	for i := range b.Claims {
		have[key(&b.Claims[i])] = &b.Claims[i]
	}
	var errs []error
	var fresh []claim.Claim
	for i := range list {
		c := &list[i]
		old := have[key(c)]
		switch err := c.Lint(); {
		case err != nil:
			errs = append(errs, fmt.Errorf("claim %q: %w", c.ID, err))
		case old == nil:
			have[key(c)] = c
			fresh = append(fresh, *c)
		case !same(old, c):
			errs = append(errs, fmt.Errorf("claim %q says something else than the one of version %d that is there: give it the next version", c.ID, max(c.Version, 1)))
		}
	}
	for i := range fresh {
		for _, id := range fresh[i].DerivedFrom {
			if have[id+"/1"] == nil {
				errs = append(errs, fmt.Errorf("claim %q repeats %q, which is not there", fresh[i].ID, id))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	b.Claims = append(b.Claims, fresh...)
	return nil
}

// same compares what two claims say.
func same(a, b *claim.Claim) bool {
	x, err1 := yaml.Marshal(a)
	y, err2 := yaml.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// ReadActors adds the actors of a YAML list.
func (b *Base) ReadActors(r io.Reader) error {
	list, err := decode[Actor](r)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.ID == "" || a.Name == "" || len(a.Sources) == 0 {
			return fmt.Errorf("actor %q: an actor has an id, a name and sources", cmp.Or(a.ID, a.Name))
		}
		if b.Actor(a.ID) != nil {
			return fmt.Errorf("actor %q is there twice", a.ID)
		}
		b.Actors = append(b.Actors, a)
	}
	return nil
}

// Actor returns the actor of an ID; nil if there is none.
func (b *Base) Actor(id string) *Actor {
	i := slices.IndexFunc(b.Actors, func(a Actor) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &b.Actors[i]
}

// Claim returns the newest version of a claim, nil if there is none.
func (b *Base) Claim(id string) *claim.Claim {
	var found *claim.Claim
	for i := range b.Claims {
		if c := &b.Claims[i]; c.ID == id && (found == nil || c.Version > found.Version) {
			found = c
		}
	}
	return found
}

// Fold is a name without case, spaces and punctuation, by which names are
// compared.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// A Naming is an actor that a name may mean, and why.
type Naming struct {
	Actor *Actor
	// Claim says that the name is another of the actor's; nil if it is the name
	// that the actor goes by here, or its ID.
	Claim *claim.Claim
}

// Find returns the actors that a name may mean: those who go by it, then those
// of whom a claim says so, each with its author. There may be several, and two
// that share a name stay two.
func (b *Base) Find(name string) []Naming {
	var found []Naming
	folded := Fold(name)
	for i := range b.Actors {
		a := &b.Actors[i]
		if Fold(a.Name) == folded || a.ID == name || a.ATTACK != "" && strings.EqualFold(a.ATTACK, name) || a.MISP != "" && a.MISP == name {
			found = append(found, Naming{Actor: a})
		}
	}
	for i := range b.Claims {
		c := &b.Claims[i]
		if c.Relation == claim.AliasOf && Fold(c.Target.Name) == folded {
			if a := b.Actor(c.Object.ID); a != nil {
				found = append(found, Naming{a, c})
			}
		}
	}
	return found
}

// Aliases returns the claims that give the actor another name, by name, then
// date. It follows no name further.
func (b *Base) Aliases(id string) []*claim.Claim {
	var all []*claim.Claim
	for i := range b.Claims {
		if c := &b.Claims[i]; c.Relation == claim.AliasOf && c.Object.ID == id {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *claim.Claim) int {
		return cmp.Or(cmp.Compare(Fold(a.Target.Name), Fold(b.Target.Name)), cmp.Compare(a.SaidOn, b.SaidOn))
	})
	return all
}

// About returns the claims whose object or target is the thing of an ID, or is
// called so, by level from the lowest, then date.
func (b *Base) About(thing string) []*claim.Claim {
	folded := Fold(thing)
	is := func(t claim.Thing) bool {
		return thing != "" && (t.ID == thing || folded != "" && Fold(t.Name) == folded)
	}
	var all []*claim.Claim
	for i := range b.Claims {
		if c := &b.Claims[i]; is(c.Object) || is(c.Target) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *claim.Claim) int {
		return cmp.Or(cmp.Compare(a.Level.Rank(), b.Level.Rank()), cmp.Compare(a.SaidOn, b.SaidOn))
	})
	return all
}

// Independent counts the parties that make the claims on their own: one that
// repeats another's claim, or is the same party, counts once.
func (b *Base) Independent(claims []*claim.Claim) int {
	roots := map[string]bool{}
	for _, c := range claims {
		for _, r := range b.roots(c, map[string]bool{}) {
			for _, p := range r.Attributors {
				roots[Fold(p.Identity)] = true
			}
		}
	}
	return len(roots)
}

// roots are the claims that one rests on, through those it repeats.
func (b *Base) roots(c *claim.Claim, seen map[string]bool) []*claim.Claim {
	if seen[c.ID] || len(c.DerivedFrom) == 0 {
		return []*claim.Claim{c}
	}
	seen[c.ID] = true
	var all []*claim.Claim
	for i := range b.Claims {
		if slices.Contains(c.DerivedFrom, b.Claims[i].ID) {
			all = append(all, b.roots(&b.Claims[i], seen)...)
		}
	}
	if len(all) == 0 {
		return []*claim.Claim{c}
	}
	return all
}
