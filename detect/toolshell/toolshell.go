// Package toolshell finds the SharePoint exploit chain of July 2025
// (CVE-2025-49704, -49706, -53770, -53771).
package toolshell

import (
	"time"

	"limier/detect"
	"limier/finding"
	"limier/sighting"
)

const name = "toolshell"

// Detector reads the sightings tagged limier.toolshell.
var Detector = &detect.Detector{
	Name: name,
	Doc: `ToolShell: SharePoint without a logon, July 2025

It joins the request to ToolPane.aspx, the page that prints the machine keys,
and what process and file events tell. The keys are lost if that page was
answered with 200; the file or the process shows that the server was breached.
Fooled by: scanners ask for both; 401, 403 and 404 are refusals.`,
	Run: run,
}

const pause = 24 * time.Hour

func run(p *detect.Pass) []finding.Finding {
	var all []finding.Finding
	clients, by, host := detect.ByClient(p.Tagged("limier.toolshell"))
	used := false
	for _, c := range clients {
		for _, visit := range detect.Runs(by[c], pause) {
			f, ok, joined := judge(p, c, visit, host)
			used = used || joined
			if ok {
				all = append(all, f)
			}
		}
	}
	if !used && len(host) > 0 {
		if f, ok, _ := judge(p, "", nil, host); ok {
			all = append(all, f)
		}
	}
	return detect.Crowd(p, all)
}

// judge reads one client's requests with what the host shows. joined reports
// whether the host's traces were taken into the finding.
func judge(p *detect.Pass, client string, visit, host []sighting.Sighting) (f finding.Finding, ok, joined bool) {
	d := &detect.Draft{Finding: finding.Finding{Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted}}
	d.Entity(finding.Address, client, "attacker")
	var passed, keys, pane, here bool
	for _, s := range visit {
		r, _ := detect.RequestOf(s.Event)
		outcome := finding.Attempted
		switch s.Rule.Name {
		case "toolshell-toolpane":
			pane = true
			here = here || r.Status != 404 // without SharePoint the path does not exist
			if r.Status == 200 || r.Status == 302 {
				passed, outcome = true, finding.Succeeded
			}
		case "toolshell-key-page":
			if r.OK() {
				keys, outcome = true, finding.Succeeded
				d.Entity(finding.FilePath, r.Path, "shell")
			}
		}
		d.Entity(finding.UserAgent, r.Agent, "")
		d.Add(s, s.Rule.Title+": "+r.String(), outcome)
	}
	if passed || keys || client == "" {
		for _, s := range host {
			joined = true
			text := s.Rule.Title
			if path := s.Event.Field("TargetFilename"); path != "" {
				d.Entity(finding.FilePath, path, "shell")
				text += ": " + path
			}
			if cmd := s.Event.Field("CommandLine"); cmd != "" {
				text += ": " + cmd
			}
			d.Add(s, text, finding.Succeeded)
		}
	}
	switch {
	case keys:
		d.Title = "ToolShell: the server's machine keys were given away"
		d.Reason = "The page that prints the machine keys was answered with 200. Whoever has the keys comes back after the update; change them."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.ModerateConfidence
		if joined {
			d.Confidence = finding.HighConfidence
		}
		d.Technique("T1552.004")
	case joined:
		d.Title = "ToolShell: code ran on the SharePoint server"
		d.Reason = "The host itself shows the exploit's file or process."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
	case passed:
		d.Title = "ToolShell: ToolPane was reached without a logon"
		d.Reason = "The request of the exploit was answered as success, which a patched server refuses. Nothing on the host shows what it did; code may have run in memory."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.High, finding.ModerateConfidence
	case pane && here:
		d.Title = "ToolShell tried"
		d.Reason = "The client sent the request of this exploit; the server refused."
		d.Level, d.Confidence = finding.Medium, finding.LowConfidence
		if !detect.Told(visit) {
			d.Reason = detect.Unanswered
		}
	default:
		d.Title = "ToolShell looked for"
		d.Reason = "The client asked for the pages of this exploit; they are not there."
		d.Phase, d.Level, d.Confidence = finding.Scanning, finding.Low, finding.ModerateConfidence
	}
	f, ok = d.Finish(p)
	return f, ok, joined
}
