// Package aftermath groups what was done on a host after the way in: processes,
// accounts, services, mailboxes, logs. It is driven by the rules: no technique
// has code of its own here.
package aftermath

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/detect"
	"limier/finding"
	"limier/sighting"
)

const name = "aftermath"

// Detector reads the sightings tagged limier.aftermath, and the correlations.
var Detector = &detect.Detector{
	Name: name,
	Doc: `What was done on the host

Sightings of one technique on one host make one finding, unless more than a day
lies between them. Rules of low level tell of what administrators do as well:
they are reported only on a host with other signs, within a day of one. A
cleared log is always reported, at low level if nothing else is seen: it is a
blind spot before it is a sign.
Fooled by: administrators and tests; each rule says by what.`,
	Run: run,
}

const (
	day   = 24 * time.Hour
	twice = 2 * time.Second // between the Sysmon and the Security event of one process
)

// logClearing is the technique that is always reported.
const logClearing = "T1070.001"

func run(p *detect.Pass) []finding.Finding {
	type key struct{ host, technique string }
	groups := map[key][]sighting.Sighting{}
	var order []key
	var signs []time.Time // of sightings that stand for themselves
	seen := p.Tagged("limier.aftermath")
	weighty := false
	for _, s := range p.Sightings {
		if s.Rule.Level.Rank() >= finding.Medium.Rank() && slices.ContainsFunc(s.Rule.Tags, func(t string) bool {
			return strings.HasPrefix(t, "limier.") && t != "limier.scanning"
		}) {
			weighty = true
			signs = append(signs, s.Event.Time)
		}
	}
	for _, s := range seen {
		switch {
		case s.Rule.Level.Rank() >= finding.Medium.Rank(), technique(s.Rule) == logClearing:
		case s.Rule.Level == finding.Low && near(signs, s.Event.Time):
		default:
			continue
		}
		k := key{s.Event.Host, technique(s.Rule)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], s)
	}
	var all []finding.Finding
	for _, k := range order {
		for _, part := range detect.Runs(groups[k], day) {
			if f, ok := conclude(p, k.host, k.technique, part, weighty); ok {
				all = append(all, f)
			}
		}
	}
	return append(all, correlated(p)...)
}

// near reports whether t lies within a day of a sign.
func near(signs []time.Time, t time.Time) bool {
	return slices.ContainsFunc(signs, func(s time.Time) bool { return s.Sub(t).Abs() <= day })
}

// technique is the first that the rule is tagged with.
func technique(r *sighting.Rule) string {
	for _, t := range r.Tags {
		if strings.HasPrefix(t, "attack.t") && len(t) > 8 && t[8] >= '0' && t[8] <= '9' {
			return strings.ToUpper(t[7:])
		}
	}
	return ""
}

func conclude(p *detect.Pass, host, technique string, part []sighting.Sighting, weighty bool) (finding.Finding, bool) {
	d := &detect.Draft{Finding: finding.Finding{Rule: name, Host: host, Phase: finding.Aftermath, Outcome: finding.Attempted, Level: finding.Informational}}
	var titles []string
	weightiest := part[0].Rule
	told := map[string]sighting.Sighting{}
	for _, s := range part {
		text, outcome := step(s)
		if cmd := s.Event.Field("CommandLine"); cmd != "" {
			first, ok := told[cmd]
			if ok && first.Event.Data.Logsource().Service != s.Event.Data.Logsource().Service && s.Event.Time.Sub(first.Event.Time).Abs() <= twice {
				d.Also(first.Event.Ref, "the "+s.Event.Field("Channel")+" log")
				d.Annotate(s.Rule)
				continue
			}
			if !ok || s.Event.Ref != first.Event.Ref {
				told[cmd] = s
			}
		}
		if outcome == finding.Succeeded {
			d.Outcome = outcome
		}
		if s.Rule.Level.Rank() > d.Level.Rank() {
			d.Level, weightiest = s.Rule.Level, s.Rule
			titles = slices.Insert(titles, 0, s.Rule.Title)
		} else if !slices.Contains(titles, s.Rule.Title) {
			titles = append(titles, s.Rule.Title)
		}
		entities(d, s)
		d.Add(s, text, outcome)
	}
	d.Title = titles[0]
	if n := namesOf[technique]; n != "" && len(titles) > 1 {
		d.Title = n
	}
	d.Confidence = finding.ModerateConfidence
	switch {
	case d.Level.Rank() >= finding.High.Rank() && d.Outcome == finding.Succeeded:
		d.Confidence = finding.HighConfidence
	case d.Level.Rank() < finding.Medium.Rank():
		d.Confidence = finding.LowConfidence
	}
	if technique == logClearing && weighty && d.Level == finding.Low {
		d.Level = finding.Medium
	}
	d.Reason = reason(weightiest, titles, d.Count)
	if d.Outcome == finding.Attempted {
		d.Title += " (failed)"
		d.Reason += " The log says that it failed."
	}
	if technique == logClearing {
		d.Reason += " What the log held before is lost."
	}
	return d.Finish(p)
}

// reason is what the weightiest rule says of itself, and how often.
func reason(first *sighting.Rule, titles []string, n int) string {
	what, fooled, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(first.Description), "\n", " "), " Fooled by: ")
	text := what
	if n > 1 {
		text += fmt.Sprintf(" Seen %d times.", n)
	}
	if len(titles) > 1 {
		text += " With it: " + strings.Join(titles[1:min(len(titles), 4)], "; ") + "."
	}
	if fooled != "" {
		text += " Harmless causes: " + strings.TrimSuffix(fooled, ".") + "."
	}
	return text
}

// step says what one event shows, and whether what was tried worked.
func step(s sighting.Sighting) (string, finding.Outcome) {
	e := s.Event
	outcome := finding.Succeeded
	switch ls := e.Data.Logsource(); {
	case ls.Service == "msexchange-management" && e.Field("EventID") == "6",
		ls.Service == "rps-cmdlet" && e.Field("ExecutionResult") != "" && !strings.EqualFold(e.Field("ExecutionResult"), "Success"):
		outcome = finding.Attempted
	case technique(s.Rule) == "T1110.003": // a guess, and wrong
		outcome = finding.Attempted
	}
	text := s.Rule.Title
	for _, field := range []string{"CommandLine", "Cmdlet", "ImagePath", "ServiceFileName", "TaskName", "TargetObject", "TargetFilename", "PipeName", "Destination", "Consumer", "ScriptBlockText"} {
		if v := e.Field(field); v != "" {
			if field == "Cmdlet" {
				v += " " + e.Field("Parameters")
			}
			return text + ": " + shorten(v), outcome
		}
	}
	if e.Data.Logsource().Service == "msexchange-management" {
		var values []string
		for name, v := range e.Data.Fields() {
			if (name == "Data" || name == "") && len(values) < 2 {
				values = append(values, v)
			}
		}
		return text + ": " + shorten(strings.Join(values, " ")), outcome
	}
	var parts []string
	for _, field := range []struct{ name, word string }{
		{"SourceImage", "by"}, {"TargetImage", "of"}, {"GrantedAccess", "with rights"}, {"ImageLoaded", "loading"},
		{"OldTargetUserName", "from"}, {"NewTargetUserName", "to"},
		{"MemberName", "member"}, {"MemberSid", "member"}, {"TargetUserName", "account or group"}, {"SubjectUserName", "by"},
		{"RelativeTargetName", "pipe"}, {"IpAddress", "from"}, {"Image", "process"}, {"SourceIp", "from"}, {"SourcePort", "port"}, {"DestinationHostname", "to"}, {"DestinationIp", "to"},
		{"Application", "program"}, {"DestAddress", "to"}, {"DestPort", "port"},
	} {
		if v := e.Field(field.name); v != "" && v != "-" {
			parts = append(parts, field.word+" "+v)
		}
	}
	if len(parts) > 0 {
		text += ": " + shorten(strings.Join(parts, ", "))
	}
	return text, outcome
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 240 {
		return strings.ToValidUTF8(s[:240], "") + "…"
	}
	return s
}

// entities adds who did it, to whom, from where and with what.
func entities(d *detect.Draft, s sighting.Sighting) {
	e := s.Event
	for _, f := range []struct {
		field string
		kind  finding.EntityType
		role  string
	}{
		{"User", finding.Account, "acting"}, {"SubjectUserName", finding.Account, "acting"}, {"AuthenticatedUser", finding.Account, "acting"},
		{"TargetUserName", finding.Account, "target"}, {"NewTargetUserName", finding.Account, "target"}, {"MemberName", finding.Account, "member"},
		{"Image", finding.Process, ""}, {"SourceImage", finding.Process, ""}, {"ParentImage", finding.Process, "parent"},
		{"IpAddress", finding.Address, "source"}, {"SourceIp", finding.Address, "source"}, {"DestinationIp", finding.Address, "destination"},
		{"DestinationHostname", finding.Domain, "destination"}, {"TargetFilename", finding.FilePath, "written"},
	} {
		if v := e.Field(f.field); v != "" && v != "-" && len(d.Entities) < 100 {
			d.Entity(f.kind, strings.TrimPrefix(v, "::ffff:"), f.role)
		}
	}
}

// correlated makes a finding of each correlation of a shipped rule.
func correlated(p *detect.Pass) []finding.Finding {
	var all []finding.Finding
	for _, c := range p.Correlated {
		if !slices.Contains(c.Rule.Tags, "limier.aftermath") || len(c.Sightings) == 0 {
			continue
		}
		d := &detect.Draft{Finding: finding.Finding{
			Rule: c.Rule.Name, Title: c.Rule.Title, Phase: finding.Aftermath, Outcome: finding.Succeeded,
			Level: c.Rule.Level, Confidence: finding.ModerateConfidence, Host: c.Sightings[0].Event.Host,
			Reason: reason(c.Rule, []string{c.Rule.Title}, 1),
		}}
		if technique(c.Rule) == "T1110.003" {
			d.Outcome = finding.Attempted
		}
		for _, s := range c.Sightings {
			text, outcome := step(s)
			entities(d, s)
			d.Add(s, text, outcome)
		}
		d.Count = max(d.Count, c.Count)
		d.Annotate(c.Rule)
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return all
}
