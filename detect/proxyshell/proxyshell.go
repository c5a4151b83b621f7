// Package proxyshell finds the exploit chain of August 2021: a path confusion
// that reaches the back end (CVE-2021-34473), remote PowerShell under a token
// of the client's own making (CVE-2021-34523), and a mailbox exported into a
// web folder (CVE-2021-31207).
package proxyshell

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"time"

	"limier/detect"
	"limier/event"
	"limier/finding"
	"limier/sighting"
)

const name = "proxyshell"

// Detector reads the sightings tagged limier.proxyshell, and the exports of
// mailboxes and certificate requests into script files.
var Detector = &detect.Detector{
	Name: name,
	Doc: `ProxyShell: path confusion, forged token and mailbox export of August 2021

It follows each client, decodes the token to the account that it poses as, and
joins the remote PowerShell and management logs of the same hours. The chain
succeeded if a PowerShell session under a forged token was answered as success,
or if the server logged an export into a script file.
Fooled by: scanners send the first request; 401, 400 and 404 are refusals, and
200 or 302 says that the server is open, not that it was used.`,
	Run: run,
}

// The export follows the first request within minutes; pauses of hours are
// other visits. The server's own log may lag behind by a little.
const (
	pause = 6 * time.Hour
	after = 24 * time.Hour
)

func run(p *detect.Pass) []finding.Finding {
	seen := p.Tagged("limier.proxyshell")
	exports := p.Named("mailbox-export-to-script", "mailbox-export-to-script-rps", "certificate-request-to-script", "certificate-request-to-script-rps")
	var all []finding.Finding
	used := map[*event.Event]bool{}
	clients, by, _ := detect.ByClient(seen)
	for _, c := range clients {
		for _, visit := range detect.Runs(by[c], pause) {
			if f, ok := judge(p, c, visit, exports, used); ok {
				all = append(all, f)
			}
		}
	}
	var orphans []sighting.Sighting
	for _, s := range exports {
		if !used[s.Event] {
			orphans = append(orphans, s)
		}
	}
	for _, part := range detect.Runs(orphans, pause) {
		d := draft()
		d.Title = "ProxyShell: a mailbox or certificate request was written as a web shell"
		d.Reason = "The server's own log holds a command that writes a script into a folder. The requests that led to it are not in the logs at hand."
		d.Outcome, d.Level, d.Confidence = finding.Attempted, finding.High, finding.ModerateConfidence
		for _, s := range part {
			if export(d, s) == finding.Succeeded {
				d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
			}
		}
		if d.Outcome == finding.Attempted {
			d.Title = "ProxyShell tried: writing a web shell failed"
			d.Reason += " The log says that it failed."
		}
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return detect.Crowd(p, all)
}

func draft() *detect.Draft {
	return &detect.Draft{Finding: finding.Finding{Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted}}
}

func judge(p *detect.Pass, client string, visit, exports []sighting.Sighting, used map[*event.Event]bool) (finding.Finding, bool) {
	d := draft()
	d.Entity(finding.Address, client, "attacker")
	var reached, session, logged, forged bool
	own := false // something that only ProxyShell sends
	for _, s := range visit {
		r, _ := detect.RequestOf(s.Event)
		d.Entity(finding.UserAgent, r.Agent, "")
		outcome := finding.Attempted
		switch s.Rule.Name {
		case "proxyshell-rps-cat", "proxyshell-rps-cat-exchange":
			own, forged = true, true
			if r.Status == 200 {
				session, outcome = true, finding.Succeeded
				logged = logged || s.Event.Data.Logsource() == event.RPSHTTP
			}
			account, sid := token(r.Query)
			d.Entity(finding.Account, account, "impersonated")
			text := s.Rule.Title + ": " + r.String()
			if account != "" {
				text = "Remote PowerShell as " + account + " (" + sid + "), " + r.String()
			}
			d.Add(s, text, outcome)
			continue
		case "proxyshell-autodiscover", "proxyshell-httpproxy":
			own = true
			if r.Status == 200 || r.Status == 302 {
				reached, outcome = true, finding.Succeeded
			}
		case "remote-powershell-foreign-client":
			logged, outcome = true, finding.Succeeded
		}
		d.Add(s, s.Rule.Title+": "+r.String(), outcome)
	}
	if !own {
		return finding.Finding{}, false // a foreign PowerShell client alone is proxynotshell's
	}
	first, last := visit[0].Event.Time, visit[len(visit)-1].Event.Time
	written := false
	for _, s := range exports {
		if t := s.Event.Time; (session || reached || logged) && !t.Before(first.Add(-time.Minute)) && t.Before(last.Add(after)) {
			used[s.Event] = true
			written = export(d, s) == finding.Succeeded || written
		}
	}
	switch {
	case written:
		d.Title = "ProxyShell: a web shell was written through a mailbox export"
		d.Reason = "After the client's requests the server's own log holds a command that writes a script into a folder, and that worked."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
	case session && logged:
		d.Title = "ProxyShell: remote PowerShell under a forged token"
		d.Reason = "The server answered remote PowerShell under a token that the client made, and its own PowerShell log holds the session. No export into a script file is in the logs at hand."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
	case session:
		d.Title = "ProxyShell: remote PowerShell under a forged token"
		d.Reason = "The server answered remote PowerShell under a token that the client made with 200. What was run is in the PowerShell logs, which are not at hand or hold nothing."
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.ModerateConfidence
	case reached:
		d.Title = "ProxyShell tried: the server passed requests on"
		d.Reason = "The server answered the path confusion with 200 or 302, which only an unpatched server does. No PowerShell session under a forged token was answered as success."
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
	default:
		d.Title = "ProxyShell tried"
		d.Reason = "The client sent requests of this exploit; none was answered as success."
		d.Level, d.Confidence = finding.Medium, finding.LowConfidence
		if forged {
			d.Reason = "The client sent a forged token; the server refused it."
		}
		if !detect.Told(visit) {
			d.Reason = detect.Unanswered
		}
	}
	return d.Finish(p)
}

// export adds a command that writes a script, and says whether it worked.
func export(d *detect.Draft, s sighting.Sighting) finding.Outcome {
	outcome := finding.Succeeded
	if s.Event.Field("EventID") == "6" || strings.Contains(strings.ToLower(s.Event.Field("ExecutionResult")), "error") {
		outcome = finding.Attempted
	}
	text := detect.Text(s.Event)
	if m := scriptPath.FindString(text); m != "" {
		d.Entity(finding.FilePath, m, "shell")
		d.Add(s, s.Rule.Title+": "+m, outcome)
		return outcome
	}
	d.Add(s, s.Rule.Title, outcome)
	return outcome
}

var scriptPath = regexp.MustCompile(`(?i)(\\\\|[a-z]:\\)[^"'<>|\n]{1,240}\.(aspx|ashx|asmx|asp|cer|cshtml|php|jsp)\b`)

var cat = regexp.MustCompile(`(?i)x-rps-cat=`)

// token decodes X-Rps-CAT, a serialised access token: tagged fields of which
// L is the logon name and U the SID. Source:
// https://www.zerodayinitiative.com/blog/2021/8/17/from-pwn2own-2021-a-new-attack-surface-on-microsoft-exchange-proxyshell
func token(query string) (account, sid string) {
	if q, err := url.PathUnescape(query); err == nil {
		query = q
	}
	at := cat.FindStringIndex(query)
	if at == nil {
		return "", ""
	}
	text, _, _ := strings.Cut(query[at[1]:], "&")
	text = strings.TrimRight(strings.ReplaceAll(text, " ", "+"), "=")
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", ""
	}
	if m := logon.FindSubmatch(data); m != nil && int(m[1][0]) <= len(m[2]) {
		account = string(m[2][:m[1][0]])
	}
	return account, string(sidText.Find(data))
}

var (
	logon   = regexp.MustCompile(`(?s)L(.)([!-~]{2,254})`)
	sidText = regexp.MustCompile(`S-1-5-[0-9-]{3,60}`)
)
