// Package stix writes a case as a STIX 2.1 bundle
// (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html): what was
// observed, what to look for elsewhere, and the incident that it adds up to.
//
// Identifiers are version 5 UUIDs of what the objects are about, so that the
// same case gives the same bundle and a rescan updates objects rather than
// doubling them.
package stix

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/internal/attack"
	"limier/publish"
	"limier/wire"
)

// Publisher writes the bundle. Everything that tells of the victim is marked
// TLP:AMBER+STRICT; so is the whole bundle, since it names a host.
var Publisher = &publish.Publisher{
	Name:      "stix",
	Doc:       "STIX 2.1 bundle: indicators, observed data, the incident",
	Extension: ".json",
	MediaType: "application/stix+json;version=2.1",
	Write:     write,
}

const (
	// The marking that FIRST's TLP 2.0 has in STIX
	// (https://github.com/oasis-open/cti-stix-common-objects, extension 60a3c5c5).
	tlp          = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
	tlpExtension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
	tlpCreated   = "2022-10-01T00:00:00.000Z"

	// incidentCore is OASIS's extension of the incident object, which 2.1
	// leaves a stub (the same repository, incident-core).
	incidentCore = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"

	begun = "2026-01-01T00:00:00.000Z" // the producer's own date
)

// An object is one STIX object; encoding/json sorts its keys.
type object map[string]any

// id returns the object's identifier.
func (o object) id() string { return o["id"].(string) }

// A bundle is what is being written.
type bundle struct {
	c        *casefile.Case
	stamp    string // created and modified of what the case tells
	producer string
	host     string // identity of the victim
	shells   []casefile.Shell
	objects  []object
	seen     map[string]bool
}

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	b := &bundle{c: c, stamp: stamp(publish.Dated(c)), shells: c.Shells(), seen: map[string]bool{}}
	b.frame()
	incident := b.incident()
	observed := b.observed()
	b.techniques(incident)
	b.vulnerabilities(incident)
	b.infrastructure(observed)
	b.malware()
	b.indicators(observed)
	b.note(incident)
	b.report()

	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	ids := make([]string, len(b.objects))
	for i, o := range b.objects {
		ids[i] = o.id()
	}
	if err := enc.Encode(object{"type": "bundle", "id": "bundle--" + publish.UUID(publish.Space, strings.Join(ids, "\n")+b.stamp), "objects": b.objects}); err != nil {
		return err
	}
	return out.Flush()
}

// add adds an object once and returns its identifier.
func (b *bundle) add(o object) string {
	if !b.seen[o.id()] {
		b.seen[o.id()] = true
		b.objects = append(b.objects, o)
	}
	return o.id()
}

// sdo makes an object of the case; what tells it apart from others of its
// kind is its name in the name space.
func (b *bundle) sdo(kind string, name ...string) object {
	return object{
		"type": kind, "spec_version": "2.1", "id": kind + "--" + publish.UUID(publish.Space, kind+"\n"+strings.Join(name, "\n")),
		"created": b.stamp, "modified": b.stamp, "created_by_ref": b.producer, "object_marking_refs": []string{tlp},
	}
}

// relate adds a relationship, of a kind that the tables of the specification
// allow between the two ends.
func (b *bundle) relate(source, kind, target string) {
	o := b.sdo("relationship", source, kind, target)
	o["source_ref"], o["relationship_type"], o["target_ref"] = source, kind, target
	b.add(o)
}

// frame adds who says so, under which marking, of whom.
func (b *bundle) frame() {
	b.producer = "identity--" + publish.UUID(publish.Space, "identity\nlimier")
	b.add(object{"type": "marking-definition", "spec_version": "2.1", "id": tlp, "created": tlpCreated, "name": "TLP:AMBER+STRICT",
		"extensions": object{tlpExtension: object{"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}})
	b.add(object{"type": "identity", "spec_version": "2.1", "id": b.producer, "created": begun, "modified": begun, "name": "Limier",
		"identity_class": "system", "description": "A program that reads evidence of web and mail servers. It says what was done, never by whom."})
	victim := b.sdo("identity", "host", publish.Subject(b.c))
	victim["name"], victim["identity_class"] = publish.Plain(publish.Subject(b.c)), "system"
	victim["roles"] = []string{"victim"}
	b.host = b.add(victim)
}

// key tells cases of the same evidence apart from others.
func (b *bundle) key() string { return b.c.Start.Source + "\n" + b.c.Start.Host }

func (b *bundle) incident() string {
	o := b.sdo("incident", b.key())
	o["name"] = publish.Plain(fmt.Sprintf("%s: %s", publish.Subject(b.c), b.c.Verdict()))
	o["description"] = publish.Plain(b.c.End.Reason)
	if o["description"] == "" {
		o["description"] = "The scan was cut short: there is no verdict."
	}
	if n := confidence(b.c.End.Confidence); n > 0 {
		o["confidence"] = n
	}
	core := object{"extension_type": "property-extension", "investigation_status": "new", "detection_methods": []string{"automated-tool"}, "determination": determination(b.c)}
	if kinds := incidentTypes(b.c); len(kinds) > 0 {
		core["incident_types"] = kinds
	}
	o["extensions"] = object{incidentCore: core}
	return b.add(o)
}

// determination is one of the words of the extension's schema.
func determination(c *casefile.Case) string {
	switch c.End.Verdict {
	case wire.Compromised:
		return "successful-attempt"
	case wire.Attacked:
		return "failed-attempt"
	case wire.NoSign:
		return "low-value"
	}
	return "suspected"
}

// incidentTypes are words of the open vocabulary incident-type-ov.
func incidentTypes(c *casefile.Case) []string {
	var kinds []string
	add := func(k string) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	for _, f := range c.Findings {
		switch {
		case f.Phase == finding.Scanning:
			add("scanning")
		case f.Outcome != finding.Succeeded:
			add("attempted-intrusion")
		case f.Phase == finding.Backdoor:
			add("malicious-code")
		default:
			add("system-compromise")
		}
	}
	slices.Sort(kinds)
	return kinds
}

// observed adds what each finding rests on, and returns the observed data by
// finding.
func (b *bundle) observed() map[*finding.Finding]string {
	by := map[*finding.Finding]string{}
	for i := range b.c.Findings {
		f := &b.c.Findings[i]
		refs := b.observables(f)
		if len(refs) == 0 {
			continue
		}
		o := b.sdo("observed-data", b.key(), f.ID, fmt.Sprint(i))
		first, last := f.Start, f.End
		if first.IsZero() {
			first = publish.Dated(b.c)
		}
		if last.Before(first) {
			last = first
		}
		o["first_observed"], o["last_observed"] = stamp(first), stamp(last)
		o["number_observed"] = min(max(f.Count, 1), 999_999_999)
		o["object_refs"] = refs
		if n := confidence(f.Confidence); n > 0 {
			o["confidence"] = n
		}
		by[f] = b.add(o)
	}
	return by
}

// techniques adds the attack patterns that the findings name, and says that
// they were sighted on the host.
func (b *bundle) techniques(incident string) {
	for _, id := range techniqueIDs(b.c) {
		t, known := attack.Lookup(id)
		if !known {
			continue
		}
		o := object{
			"type": "attack-pattern", "spec_version": "2.1", "id": attackID(id), "created": b.stamp, "modified": b.stamp, "created_by_ref": b.producer, "object_marking_refs": []string{tlp},
			"name":                t.Name,
			"external_references": []object{{"source_name": "mitre-attack", "external_id": id, "url": t.URL()}},
		}
		var phases []object
		for _, tactic := range t.Tactics {
			phases = append(phases, object{"kill_chain_name": "mitre-attack", "phase_name": tactic})
		}
		if len(phases) > 0 {
			o["kill_chain_phases"] = phases
		}
		ap := b.add(o)
		b.relate(ap, "targets", b.host)
		b.relate(incident, "related-to", ap)
	}
}

func attackID(id string) string {
	return "attack-pattern--" + publish.UUID(publish.Space, "attack-pattern\n"+id)
}

func techniqueIDs(c *casefile.Case) []string {
	var ids []string
	for _, f := range c.Findings {
		ids = append(ids, f.Techniques...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (b *bundle) vulnerabilities(incident string) {
	used := map[string]bool{}
	for _, f := range b.c.Findings {
		for _, id := range f.CVEs {
			used[id] = true
		}
	}
	about := map[string]string{}
	for _, e := range b.c.Exposures {
		for _, s := range e.CVEs {
			if s.State == wire.Vulnerable && about[s.ID] == "" {
				about[s.ID] = fmt.Sprintf("%s %s is open to it. %s", e.Product, e.Build, s.Note)
				if _, found := used[s.ID]; !found && s.Exploited != "" {
					used[s.ID] = false // there, though no finding is about it
				}
			}
		}
	}
	for _, id := range sortedKeys(used) {
		o := b.sdo("vulnerability", id)
		o["name"] = publish.Plain(id)
		if about[id] != "" {
			o["description"] = publish.Plain(strings.TrimSpace(about[id]))
		}
		o["external_references"] = []object{{"source_name": "cve", "external_id": publish.Plain(id)}}
		v := b.add(o)
		if used[id] {
			b.relate(incident, "related-to", v)
		}
	}
}

// note says what the evidence covered and what could not be read.
func (b *bundle) note(incident string) {
	var t strings.Builder
	fmt.Fprintf(&t, "Verdict: %s", b.c.Verdict())
	if b.c.End.Confidence != "" {
		fmt.Fprintf(&t, " (%s confidence)", b.c.End.Confidence)
	}
	t.WriteString(".\nCoverage:\n")
	for _, v := range b.c.End.Coverage {
		fmt.Fprintf(&t, "- %s: %d files, %d events", publish.Plain(v.Source), v.Files, v.Events)
		if !v.First.IsZero() {
			fmt.Fprintf(&t, ", %s to %s", v.First.UTC().Format(time.RFC3339), v.Last.UTC().Format(time.RFC3339))
		}
		t.WriteByte('\n')
	}
	fmt.Fprintf(&t, "Gaps: %d\n", len(b.c.Gaps))
	const most = 100
	for _, g := range b.c.Gaps[:min(len(b.c.Gaps), most)] {
		fmt.Fprintf(&t, "- %s: %s (%d)\n", publish.Plain(g.Ref.String()), publish.Plain(g.Reason), max(g.Count, 1))
	}
	if more := len(b.c.Gaps) - most; more > 0 {
		fmt.Fprintf(&t, "- and %d more\n", more)
	}
	o := b.sdo("note", b.key(), "coverage")
	o["abstract"], o["content"], o["object_refs"] = "What the evidence covered, and what could not be read", t.String(), []string{incident}
	b.add(o)
}

func (b *bundle) report() {
	refs := make([]string, 0, len(b.objects))
	for _, o := range b.objects {
		if o.id() != tlp && o.id() != b.producer {
			refs = append(refs, o.id())
		}
	}
	o := b.sdo("report", b.key())
	o["name"] = publish.Plain("Limier: " + publish.Subject(b.c) + ", " + b.c.Verdict())
	o["description"] = publish.Plain(cmp.Or(b.c.End.Reason, "The scan was cut short."))
	o["report_types"], o["published"], o["object_refs"] = []string{"indicator", "observed-data", "threat-report"}, b.stamp, refs
	b.add(o)
}

// stamp writes a time as STIX wants it: with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// confidence follows the specification's table of low, medium and high
// (appendix A, "None / Low / Med / High").
func confidence(c finding.Confidence) int {
	switch c {
	case finding.LowConfidence:
		return 15
	case finding.ModerateConfidence:
		return 50
	case finding.HighConfidence:
		return 85
	}
	return 0
}

func sortedKeys(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
