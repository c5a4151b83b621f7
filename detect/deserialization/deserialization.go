// Package deserialization finds CVE-2021-42321: a hostile object stored in a
// mailbox that Get-App deserializes.
package deserialization

import (
	"time"

	"limier/detect"
	"limier/finding"
	"limier/sighting"
)

const name = "exchange-deserialization"

// Detector reads the sightings tagged limier.exchange-deserialization, and
// shells that the IIS worker started soon after.
var Detector = &detect.Detector{
	Name: name,
	Doc: `Deserialization of a mailbox's configuration (CVE-2021-42321)

The error that the exploit causes stands in the management and Application logs
whether or not its code ran. A shell started by the IIS worker within minutes
tells that it did.
Fooled by: damaged add-in data, which gives other errors.`,
	Run: run,
}

func run(p *detect.Pass) []finding.Finding {
	children := p.Named("w3wp-child-shell")
	var all []finding.Finding
	for _, part := range detect.Runs(p.Tagged("limier."+name), 24*time.Hour) {
		d := &detect.Draft{Finding: finding.Finding{
			Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted, Level: finding.High, Confidence: finding.ModerateConfidence,
			Title:  "Hostile object deserialized from a mailbox (CVE-2021-42321)",
			Reason: "Exchange logged the error that this exploit causes. It does not tell whether code ran.",
		}}
		for _, s := range part {
			d.Add(s, s.Rule.Title, finding.Attempted)
			for _, c := range soon(children, s.Event.Time) {
				d.Reason = "Exchange logged the error that this exploit causes, and within five minutes the IIS worker started a shell."
				d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
				d.Add(c, c.Rule.Title+": "+c.Event.Field("CommandLine"), finding.Succeeded)
			}
		}
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return all
}

func soon(all []sighting.Sighting, t time.Time) (found []sighting.Sighting) {
	for _, s := range all {
		if d := s.Event.Time.Sub(t); !t.IsZero() && d > -time.Minute && d < 5*time.Minute {
			found = append(found, s)
		}
	}
	return found
}
