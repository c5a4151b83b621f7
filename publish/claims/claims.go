// Package claims publishes claims: who says what of whom, in STIX 2.1, for
// OpenCTI and for MISP. No export merges claims, raises a level, drops a hedge
// or makes one number of confidence and likelihood.
package claims

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"limier/claim"
	"limier/publish"
)

// Options say who publishes, and to whom. The zero value is Limier, to all.
type Options struct {
	Publisher string // name of the one who publishes; never an attributor
	TLP       string // "clear", "green", "amber", "amber+strict" or "red"; "" is clear
	Set       string // what is published again as it grows: one MISP event all the time; "" means that other claims are another event

	// Gone reports whether a STIX object was revoked where these are published. That
	// is for good: what is named again gets another identifier; a claim does not. Nil:
	// none was.
	Gone func(id string) bool
}

// A Format is one way to write claims.
type Format struct {
	Name, Doc string
	Write     func(w io.Writer, list []claim.Claim, o Options) error
}

// Formats lists the formats.
func Formats() []Format {
	return []Format{
		{"stix", "STIX 2.1 bundle: a relationship for each claim, with its details in an extension", writeSTIX},
		{"opencti", "STIX 2.1 bundle for OpenCTI: one relationship, a note and an opinion for each attributor", writeOpenCTI},
		{"misp", "MISP event: an annotation for each claim, with tags of the taxonomies", writeMISP},
	}
}

// Lint returns what is wrong with claims that are to be published.
func Lint(list []claim.Claim) error {
	var errs []error
	have := map[string]bool{}
	for i := range list {
		c := &list[i]
		if err := c.Lint(); err != nil {
			errs = append(errs, fmt.Errorf("claim %s: %w", c.ID, err))
		}
		key := fmt.Sprint(c.ID, " version ", max(c.Version, 1))
		if have[key] {
			errs = append(errs, fmt.Errorf("claim %s is there twice", key))
		}
		have[key] = true
	}
	if len(list) == 0 {
		errs = append(errs, errors.New("no claims"))
	}
	return errors.Join(errs...)
}

// said is when a claim was made, at the start of its day, month or year.
func said(c *claim.Claim) time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, c.SaidOn); err == nil {
			return t
		}
	}
	return time.Unix(0, 0).UTC()
}

// changed is when the claim got its present form: versions of its objects
// depend on it. Where nothing tells, a later version is a second later.
func changed(c *claim.Claim) time.Time {
	at := said(c)
	if c.RecordedAt.After(at) {
		at = c.RecordedAt.UTC()
	}
	return at.Add(time.Duration(max(c.Version, 1)-1) * time.Second)
}

// party names one who speaks.
func party(p claim.Party) string { return publish.Plain(p.Name()) }

func parties(c *claim.Claim) string {
	var names []string
	for _, p := range c.Attributors {
		names = append(names, party(p))
	}
	if len(names) == 0 {
		return "an unnamed party"
	}
	return strings.Join(names, ", ")
}

// name is what a claim calls a thing.
func name(t claim.Thing) string { return publish.Plain(cmp.Or(t.Name, t.ID, "unspecified")) }

// sentence says a claim in words that raise nothing and drop nothing.
func sentence(c *claim.Claim) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s: ", parties(c), publish.Plain(c.SaidOn))
	what := fmt.Sprintf("%s %s", name(c.Object), c.Relation)
	if c.Target.Name != "" || c.Target.ID != "" {
		what += " " + name(c.Target)
	}
	switch {
	case c.Relation == claim.Denies: // it says no by itself
		what = fmt.Sprintf("denies: %s by %s", name(c.Object), name(c.Target))
	case c.Polarity == claim.Negates:
		what = "NOT: " + what
	case c.Polarity == claim.Declines:
		what = "declines to say: " + what
	}
	b.WriteString(what)
	var more []string
	add := func(key, value string) {
		if value != "" {
			more = append(more, key+" "+value)
		}
	}
	add("level", string(c.Level))
	add("modality", string(c.Modality))
	add("likelihood", string(c.Likelihood))
	add("confidence", string(c.Confidence))
	if c.Wording != "" {
		add("in the words", fmt.Sprintf("“%s” (%s)", publish.Plain(c.Wording), cmp.Or(c.Lang, "und")))
	}
	add("with", publish.Plain(strings.Join(c.Acts, ", ")))
	if c.Status != "" && c.Status != claim.Active {
		add("status", string(c.Status))
	}
	fmt.Fprintf(&b, " [%s]", strings.Join(more, "; "))
	return b.String()
}

// sources lists where it stands, a line each.
func sources(c *claim.Claim) string {
	var b strings.Builder
	for _, q := range c.Evidence {
		fmt.Fprintf(&b, "Source: %s", publish.Plain(cmp.Or(q.Document, q.URL)))
		if q.Depth != "" {
			fmt.Fprintf(&b, " (%s)", q.Depth)
		}
		if q.URL != "" && q.Document != "" {
			fmt.Fprintf(&b, " %s", publish.Plain(q.URL))
		}
		if q.Quote != "" {
			fmt.Fprintf(&b, ": “%s”", publish.Plain(q.Quote))
		}
		b.WriteByte('\n')
	}
	if c.Note != "" {
		fmt.Fprintf(&b, "Note of the publisher: %s\n", publish.Plain(c.Note))
	}
	return b.String()
}

// credibility derives the Admiralty code's information credibility from how
// many parties say the same of the same, independently: press copies and claims
// derived from one another count once.
func credibility(c *claim.Claim, all []claim.Claim) string {
	others := map[string]bool{}
	for i := range all {
		o := &all[i]
		if o.Relation != c.Relation || name(o.Object) != name(c.Object) || name(o.Target) != name(c.Target) || o.Polarity != c.Polarity || len(o.DerivedFrom) > 0 || withdrawn(o) {
			continue
		}
		for _, p := range o.Attributors {
			if p.Kind != claim.Press {
				others[p.Identity] = true
			}
		}
	}
	for _, p := range c.Attributors {
		delete(others, p.Identity)
	}
	switch {
	case withdrawn(c) || len(c.Attributors) == 0:
		return "6"
	case len(others) >= 1:
		return "2"
	}
	return "3"
}

func withdrawn(c *claim.Claim) bool { return c.Status == claim.Withdrawn || c.WithdrawnBy != "" }

// ordered returns the newest version of each claim, by date and id.
func ordered(list []claim.Claim) []claim.Claim {
	newest := map[string]int{}
	for i := range list {
		newest[list[i].ID] = max(newest[list[i].ID], list[i].Version)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c claim.Claim) bool { return c.Version != newest[c.ID] })
	slices.SortStableFunc(list, func(a, b claim.Claim) int { return cmp.Or(cmp.Compare(a.SaidOn, b.SaidOn), cmp.Compare(a.ID, b.ID)) })
	return list
}

// whole writes what run writes, or nothing.
func whole(w io.Writer, run func(*bytes.Buffer) error) error {
	var b bytes.Buffer
	if err := run(&b); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}
