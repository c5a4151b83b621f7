// Package proxytoken finds CVE-2021-33766: options of a mailbox, such as a
// forwarding rule, changed without a logon.
package proxytoken

import (
	"regexp"
	"time"

	"limier/detect"
	"limier/finding"
)

const name = "proxytoken"

// Detector reads the sightings tagged limier.proxytoken.
var Detector = &detect.Detector{
	Name: name,
	Doc: `ProxyToken: a mailbox's rules changed without a logon (CVE-2021-33766)

A rule created by a client without a user name succeeded if the server answered
200 or 500: it fails while it shows the rule that it has just made.
Fooled by: scanners send the cookie alone; that is an attempt.`,
	Run: run,
}

var mailbox = regexp.MustCompile(`(?i)^/ecp/([^/]+@[^/]+|[^/]+%40[^/]+)/`)

func run(p *detect.Pass) []finding.Finding {
	var all []finding.Finding
	clients, by, _ := detect.ByClient(p.Tagged("limier.proxytoken"))
	for _, c := range clients {
		for _, visit := range detect.Runs(by[c], 6*time.Hour) {
			d := &detect.Draft{Finding: finding.Finding{
				Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted, Level: finding.Medium, Confidence: finding.LowConfidence,
				Title:  "ProxyToken tried",
				Reason: "The client asked for a mailbox's options with the cookie that skips the logon; no change was answered as success.",
			}}
			d.Entity(finding.Address, c, "attacker")
			for _, s := range visit {
				r, _ := detect.RequestOf(s.Event)
				outcome := finding.Attempted
				if s.Rule.Name == "proxytoken-inbox-rule" && (r.Status == 200 || r.Status == 500) {
					outcome = finding.Succeeded
					d.Title = "ProxyToken: a mail rule was made in another's mailbox"
					d.Reason = "A client without a user name created an inbox rule, and the server answered in the way it does when the rule was made. Look at the mailbox's rules for forwarding."
					d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.High, finding.ModerateConfidence
				}
				if m := mailbox.FindStringSubmatch(r.Path); m != nil {
					d.Entity(finding.Account, m[1], "victim mailbox")
				}
				d.Entity(finding.UserAgent, r.Agent, "")
				d.Add(s, s.Rule.Title+": "+r.String(), outcome)
			}
			if f, ok := d.Finish(p); ok {
				all = append(all, f)
			}
		}
	}
	return detect.Crowd(p, all)
}
