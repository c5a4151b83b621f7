// Package rulematch reports the sightings that no other detector reads: those
// of rules that the user brought, and of analysers.
package rulematch

import (
	"slices"
	"strings"
	"time"

	"limier/detect"
	"limier/event"
	"limier/finding"
	"limier/sighting"
)

const name = "rule-match"

// Detector reads sightings of medium level and above whose rule has no tag of
// a detector.
var Detector = &detect.Detector{
	Name: name,
	Doc: `Matches of other rules

One finding for each rule, host and day, with the rule's own title, level and
false positives. Rules below medium are not reported by themselves.
Fooled by: whatever fools the rule; read its description.`,
	Run: run,
}

// read are the analysers whose sightings other detectors read.
var read = []string{"webshell-file", "malicious-file", "hostile-to-visitors", "suspicious-file", "unknown-script"}

func run(p *detect.Pass) []finding.Finding {
	type key struct {
		rule *sighting.Rule
		host string
		day  string
	}
	groups := map[key][]sighting.Sighting{}
	var order []key
	for _, s := range p.Sightings {
		if s.Rule.Level.Rank() < finding.Medium.Rank() || slices.Contains(read, s.Rule.Name) || claimed(s.Rule) {
			continue
		}
		k := key{s.Rule, s.Event.Host, ""}
		if !s.Event.Time.IsZero() {
			k.day = s.Event.Time.Format(time.DateOnly)
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], s)
	}
	var all []finding.Finding
	for _, c := range p.Correlated {
		if c.Rule.Level.Rank() < finding.Medium.Rank() || claimed(c.Rule) || len(c.Sightings) == 0 {
			continue
		}
		first := c.Sightings[0].Event
		d := draft(c.Rule, first.Host)
		for _, s := range c.Sightings {
			d.Add(s, s.Rule.Title, "")
		}
		d.Annotate(c.Rule)
		d.Count = max(d.Count, c.Count)
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	for _, k := range order {
		d := draft(k.rule, k.host)
		if _, web := detect.RequestOf(groups[k][0].Event); web && k.rule.Level == finding.Medium && d.Phase != finding.Backdoor {
			// One request that looks odd, such as a scanner's user agent, is
			// what every server on the Internet sees.
			d.Phase = finding.Scanning
		}
		for _, s := range groups[k] {
			text := s.Note
			if text == "" {
				text = k.rule.Title
			}
			if r, ok := detect.RequestOf(s.Event); ok {
				text += ": " + r.String()
				d.Entity(finding.Address, r.Client, "client")
			} else if cmd := s.Event.Field("CommandLine"); cmd != "" {
				text += ": " + cmd
			} else if what := about(s.Event); what != "" {
				text += ": " + what
			}
			d.Add(s, text, "")
		}
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return all
}

func draft(r *sighting.Rule, host string) *detect.Draft {
	d := &detect.Draft{Finding: finding.Finding{
		Rule: r.Name, Host: host, Title: r.Title, Phase: phase(r), Level: r.Level, Confidence: finding.LowConfidence,
		Reason: strings.TrimSpace(firstParagraph(r.Description)),
	}}
	if d.Reason == "" {
		d.Reason = "The rule " + r.Title + " matched."
	}
	d.Reason = sentence(d.Reason)
	if len(r.FalsePos) > 0 {
		d.Reason += " Known false positives: " + sentence(strings.TrimSpace(strings.Join(r.FalsePos, "; ")))
	}
	return d
}

// sentence ends a text as sentences do: rules often leave that out.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:") {
		return s
	}
	return s + "."
}

// told are the fields that say what an event without a request or a command is
// about, the first that it has of each.
var told = [][]string{
	{"TargetFilename", "TargetObject", "ImageLoaded", "PipeName", "RelativeTargetName", "ServiceName", "TaskName", "QueryName", "DestinationIp"},
	{"Details", "ImagePath", "ServiceFileName", "TargetImage", "TargetUserName", "MemberName"},
	{"Image", "ProcessName", "SubjectUserName"},
}

// about says in a few words what an event is about.
func about(e *event.Event) string {
	var parts []string
	for _, names := range told {
		for _, n := range names {
			if v := e.Field(n); v != "" && v != "-" {
				parts = append(parts, n+" "+v)
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}

func claimed(r *sighting.Rule) bool {
	return slices.ContainsFunc(r.Tags, func(t string) bool { return strings.HasPrefix(t, "limier.") })
}

// phase goes by the tactic that the rule is tagged with.
func phase(r *sighting.Rule) finding.Phase {
	for _, t := range r.Tags {
		switch {
		case t == "attack.reconnaissance":
			return finding.Scanning
		case t == "attack.initial-access", t == "attack.initial_access":
			return finding.Exploitation
		case strings.HasPrefix(t, "attack.t1505"):
			return finding.Backdoor
		}
	}
	return finding.Aftermath
}

func firstParagraph(s string) string {
	first, _, _ := strings.Cut(s, "\n\n")
	return strings.ReplaceAll(first, "\n", " ")
}
