// Package proxynotshell finds the exploits of 2022 that bring a mailbox user
// to the PowerShell back end: ProxyNotShell (CVE-2022-41040, -41082) and
// OWASSRF (CVE-2022-41080).
package proxynotshell

import (
	"strings"
	"time"

	"limier/detect"
	"limier/event"
	"limier/finding"
	"limier/sighting"
)

const name = "proxynotshell"

// Detector reads the sightings tagged limier.proxynotshell.
var Detector = &detect.Detector{
	Name: name,
	Doc: `ProxyNotShell and OWASSRF: remote PowerShell for a mailbox user, 2022

It follows each client. A request answered 200 under a user's name succeeded;
the remote PowerShell log raises the confidence. Both need the password of a
mailbox: that account is an entity of the finding.
Fooled by: scanners probe without a password and get 401; those that look for
ProxyShell ask the same and are reported here as attempts.`,
	Run: run,
}

// A visit ends with a pause; the PowerShell log may be off by a little.
const (
	pause = 6 * time.Hour
	slack = 5 * time.Minute
)

func run(p *detect.Pass) []finding.Finding {
	var requests, sessions []sighting.Sighting
	for _, s := range p.Tagged("limier.proxynotshell") {
		if s.Event.Data.Logsource() == event.RPSHTTP {
			sessions = append(sessions, s)
		} else {
			requests = append(requests, s)
		}
	}
	var all []finding.Finding
	used := map[*event.Event]bool{}
	clients, by, _ := detect.ByClient(requests)
	for _, c := range clients {
		for _, visit := range detect.Runs(by[c], pause) {
			if f, ok := judge(p, c, visit, sessions, used); ok {
				all = append(all, f)
			}
		}
	}
	return detect.Crowd(p, append(all, alone(p, sessions, used)...))
}

func judge(p *detect.Pass, client string, visit, sessions []sighting.Sighting, used map[*event.Event]bool) (finding.Finding, bool) {
	d := &detect.Draft{Finding: finding.Finding{Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted}}
	d.Entity(finding.Address, client, "attacker")
	flaw := "ProxyNotShell"
	var answered, named, probe bool
	for _, s := range visit {
		r, _ := detect.RequestOf(s.Event)
		if s.Rule.Name == "owassrf-owa-powershell" {
			flaw = "OWASSRF"
		}
		outcome := finding.Attempted
		if r.OK() {
			answered, outcome = true, finding.Succeeded
			named = named || r.User != ""
		}
		// Nessus asks with this address.
		probe = probe || strings.Contains(strings.ToLower(r.Query), "@test.com")
		d.Entity(finding.Account, r.User, "used")
		d.Entity(finding.UserAgent, r.Agent, "")
		d.Add(s, s.Rule.Title+": "+r.String(), outcome)
	}
	logged := false
	first, last := visit[0].Event.Time, visit[len(visit)-1].Event.Time
	for _, s := range sessions {
		if t := s.Event.Time; answered && !t.Before(first.Add(-slack)) && t.Before(last.Add(slack)) {
			logged, used[s.Event] = true, true
			r, _ := detect.RequestOf(s.Event)
			d.Entity(finding.Account, r.User, "used")
			d.Add(s, s.Rule.Title+" ("+r.Agent+")", finding.Succeeded)
		}
	}
	ran := false
	for _, s := range p.Named("w3wp-child-shell") {
		if t := s.Event.Time; answered && !t.Before(first.Add(-slack)) && t.Before(last.Add(slack)) {
			ran = true
			d.Add(s, s.Rule.Title+": "+s.Event.Field("CommandLine"), finding.Succeeded)
		}
	}
	switch {
	case answered && ran:
		d.Title = flaw + ": code ran on the server"
		d.Reason = "The server answered as success, and within minutes the IIS worker started a shell."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
	case answered && logged:
		d.Title = flaw + ": remote PowerShell was reached"
		d.Reason = "The server answered as success, and its own PowerShell log holds a session by an unusual client at that time. From there the second flaw runs code as SYSTEM."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
	case answered && named:
		d.Title = flaw + ": remote PowerShell was reached"
		d.Reason = "The server answered as success to a user with a password. From there the second flaw runs code as SYSTEM; look for children of the PowerShell application pool."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.ModerateConfidence
	case answered:
		d.Title = flaw + " tried: the server passed requests on"
		d.Reason = "The server answered as success, but no user name is in the log, and without one the back end does nothing."
		d.Level, d.Confidence = finding.High, finding.LowConfidence
	default:
		d.Title = flaw + " tried"
		d.Reason = "The client asked for the PowerShell back end in the way of this exploit; the server refused."
		d.Level, d.Confidence = finding.Medium, finding.LowConfidence
		if !detect.Told(visit) {
			d.Reason = detect.Unanswered
		}
		if probe {
			d.Reason += " The address in the request is one that a vulnerability scanner uses."
		}
	}
	if flaw == "ProxyNotShell" {
		d.CVEs = append(d.CVEs, "CVE-2022-41082")
	}
	return d.Finish(p)
}

// alone reports what only the remote PowerShell log shows.
func alone(p *detect.Pass, sessions []sighting.Sighting, used map[*event.Event]bool) []finding.Finding {
	var left []sighting.Sighting
	for _, s := range sessions {
		if !used[s.Event] {
			left = append(left, s)
		}
	}
	var all []finding.Finding
	clients, by, _ := detect.ByClient(left)
	for _, c := range clients {
		for _, visit := range detect.Runs(by[c], pause) {
			d := &detect.Draft{Finding: finding.Finding{
				Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted, Level: finding.Medium, Confidence: finding.LowConfidence,
				Title:  "Remote PowerShell used by an unusual client",
				Reason: "The remote PowerShell log names a client program that Exchange and Windows do not use. Exploits of 2021 and 2022 leave this, and so do management tools; no exploit request is in the logs at hand.",
			}}
			d.Entity(finding.Address, c, "client")
			for _, s := range visit {
				r, _ := detect.RequestOf(s.Event)
				if s.Rule.Name == "remote-powershell-encoded-path" {
					d.Title = "ProxyNotShell: remote PowerShell was reached"
					d.Reason = "The query in the remote PowerShell log is the rewritten address of the exploit: the front end passed it on."
					d.Level, d.Confidence = finding.High, finding.ModerateConfidence
					if r.OK() {
						d.Outcome, d.Level = finding.Succeeded, finding.Critical
					}
				}
				d.Entity(finding.Account, r.User, "used")
				d.Entity(finding.UserAgent, r.Agent, "")
				d.Add(s, s.Rule.Title+" ("+r.Agent+")", "")
			}
			if f, ok := d.Finish(p); ok {
				all = append(all, f)
			}
		}
	}
	return all
}
