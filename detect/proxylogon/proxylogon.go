// Package proxylogon finds the exploit chain of March 2021: a server-side
// request (CVE-2021-26855), a session in another's name, and a file written
// through the control panel (CVE-2021-27065), besides the flaws in Unified
// Messaging and in the address book generator (CVE-2021-26857, -26858).
package proxylogon

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"limier/detect"
	"limier/event"
	"limier/finding"
	"limier/sighting"
)

const name = "proxylogon"

// Detector reads the sightings tagged limier.proxylogon.
var Detector = &detect.Detector{
	Name: name,
	Doc: `ProxyLogon: server-side request, session and file write of March 2021

It follows each client through the front end's logs and joins what the control
panel, the back end and the management log tell of the same seconds. A run
succeeded if a virtual directory was reset while it held a script, if the mail
service answered through the server-side request, or if the log of the back end
or of the management shell says so. A run that got a session and no more was
attempted, and its reason tells how far it came.
Fooled by: scanners send the first requests of the chain; they stay attempts.
Patched servers answer some of them with 200 as well.`,
	Run: run,
}

const (
	// pause ends a run: the steps of one run follow each other within seconds.
	pause = 5 * time.Minute

	// The back end logs a request some 0.1 s before the front end does, since
	// the front end waits for its answer; the rest of a chain may come later.
	before, after = 2 * time.Second, time.Minute
)

func run(p *detect.Pass) []finding.Finding {
	var chain, server, host []sighting.Sighting
	for _, s := range p.Tagged("limier.proxylogon") {
		switch s.Rule.Name {
		case "um-deserialization-error", "um-worker-child", "um-worker-file", "oab-generator-stray-download":
			host = append(host, s)
		default:
			chain = append(chain, s)
		}
	}
	clients, by, server := detect.ByClient(chain)
	var runs []*attack
	for _, c := range clients {
		for _, part := range detect.Runs(by[c], pause) {
			runs = append(runs, &attack{client: c, front: part})
		}
	}
	var orphans []sighting.Sighting
	for _, s := range server {
		if a := nearest(runs, s.Event.Time); a != nil {
			a.server = append(a.server, s)
		} else {
			orphans = append(orphans, s)
		}
	}
	for _, part := range detect.Runs(orphans, pause) {
		runs = append(runs, &attack{server: part})
	}
	return append(findings(p, runs), onHost(p, host)...)
}

// An attack is one run of the chain: what the front end saw of one client, and
// what the server logged of itself meanwhile.
type attack struct {
	client        string // "" if no front-end log tells it
	front, server []sighting.Sighting
}

func (a *attack) span() (from, to time.Time) {
	return a.front[0].Event.Time.Add(-before), a.front[len(a.front)-1].Event.Time.Add(after)
}

// nearest returns the run during which t lies; of several, the one that
// started last.
func nearest(runs []*attack, t time.Time) (best *attack) {
	for _, a := range runs {
		from, to := a.span()
		if t.Before(from) || t.After(to) {
			continue
		}
		if best == nil || from.After(best.front[0].Event.Time.Add(-before)) {
			best = a
		}
	}
	return best
}

// findings returns one finding for each run that succeeded or came as far as
// the control panel, and one for all that each client tried besides.
func findings(p *detect.Pass, runs []*attack) []finding.Finding {
	var all []finding.Finding
	tried := map[string]*attack{}
	var clients []string
	for _, a := range runs {
		j := judge(a)
		if j.reach >= session || a.client == "" {
			if f, ok := a.finding(p, j); ok {
				all = append(all, f)
			}
			continue
		}
		if tried[a.client] == nil {
			clients = append(clients, a.client)
			tried[a.client] = &attack{client: a.client}
		}
		t := tried[a.client]
		t.front, t.server = append(t.front, a.front...), append(t.server, a.server...)
	}
	for _, c := range clients {
		if f, ok := tried[c].finding(p, judge(tried[c])); ok {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b finding.Finding) int { return a.Start.Compare(b.Start) })
	return detect.Crowd(p, all)
}

// A reach says how far a run came.
type reach int

const (
	nothing  reach = iota // weak signs only
	probed                // a request that checkers send as well
	asked                 // a request that only exploits send, not answered as success
	answered              // the server passed the request on: it is vulnerable
	session               // a session opened, or the control panel obeyed
	mail                  // the mail service answered without a logon
	wrote                 // a file was written, as far as the log tells
)

type judgement struct {
	reach  reach
	set    bool   // a command with a script reached the control panel
	failed string // the error that the control panel logged
	proof  bool   // the server's own log shows it, not only the answer
}

var (
	exception = regexp.MustCompile(`S:EX=([A-Za-z_.]{5,120})`)
	mailPath  = regexp.MustCompile(`(?i)ServerInfo~[^/]*/(ews|mapi/nspi|oab)/`)
)

func judge(a *attack) (j judgement) {
	raise := func(r reach) { j.reach = max(j.reach, r) }
	opened, posts := false, 0
	for _, s := range a.front {
		r, _ := detect.RequestOf(s.Event)
		anchor := s.Event.Field("AnchorMailbox")
		switch s.Rule.Name {
		case "proxylogon-reset-virtual-directory":
			raise(asked)
			if r.Status == 200 {
				raise(wrote)
			}
		case "proxylogon-anchor-mailbox", "proxylogon-backend-cookie":
			raise(asked)
			switch {
			case !r.OK():
			case r.Status == 241, strings.Contains(anchor, "/DDI/DDIService.svc/"):
				raise(session)
			case mailPath.MatchString(anchor):
				raise(mail)
			default:
				raise(answered)
			}
		case "proxylogon-anchor-mailbox-probe":
			raise(probed)
		case "proxylogon-static-post", "proxylogon-user-agent", "proxylogon-logon-answer":
			raise(probed)
			switch {
			case s.Rule.Name != "proxylogon-static-post":
			case r.Status == 241:
				opened = true
				raise(session)
			case r.OK():
				raise(answered)
				if opened {
					posts++
				}
			}
		case "proxylogon-static-resource":
			raise(probed)
		}
	}
	// Where only an access log is left: a session, then the reads and writes
	// of the control panel through the same static file.
	if posts >= 2 {
		raise(wrote)
	}
	for _, s := range a.server {
		text := detect.Text(s.Event)
		if m := exception.FindStringSubmatch(text); m != nil && strings.Contains(text, "VirtualDirectory") {
			j.failed = m[1]
		}
		switch s.Rule.Name {
		case "proxylogon-ecp-set-virtual-directory":
			j.set, j.proof = true, true
			raise(session)
		case "proxylogon-management-set-virtual-directory":
			j.set, j.proof = true, true
			raise(session)
			if s.Event.Field("EventID") == "1" {
				raise(wrote)
			}
		case "proxylogon-backend-reset":
			j.proof = true
			raise(session)
			if s.Event.Field("sc-status") == "200" {
				raise(wrote)
			}
		case "proxylogon-logon-answer":
			raise(asked)
			if r, _ := detect.RequestOf(s.Event); r.OK() {
				raise(session)
			}
		}
	}
	// The control panel's own word stands above an answer: what it could not
	// do was not done, unless the reset itself was answered.
	if j.failed != "" && j.reach == wrote && !reset(a) {
		j.reach = session
	}
	return j
}

func reset(a *attack) bool {
	return slices.ContainsFunc(a.front, func(s sighting.Sighting) bool {
		return s.Rule.Name == "proxylogon-reset-virtual-directory" && s.Event.Field("HttpStatus") == "200"
	})
}

func (a *attack) finding(p *detect.Pass, j judgement) (finding.Finding, bool) {
	if j.reach == nothing {
		return finding.Finding{}, false
	}
	d := &detect.Draft{Finding: finding.Finding{Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted}}
	switch j.reach {
	case wrote:
		d.Title = "ProxyLogon: a web shell was written through the control panel"
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.ModerateConfidence
		d.Reason = "The client made the front end pass its requests to the back end, opened a session in another's name, and reset a virtual directory, which writes a file; the server answered that it did."
		if !reset(a) && !j.proof {
			d.Reason = "The access log shows a session opened (status 241) through a static file and the requests of the control panel that follow it when a web shell is written, all answered as success. No log of Exchange was there to confirm it."
		}
		if j.set {
			d.Confidence = finding.HighConfidence
			d.Reason += " The server's own log holds the command, with a script as the directory's URL."
		}
		d.Technique("T1505.003")
	case mail:
		d.Title = "ProxyLogon: the mail service was reached without a logon"
		d.Outcome, d.Level, d.Confidence = finding.Succeeded, finding.Critical, finding.ModerateConfidence
		d.Reason = "Requests of the client were passed to the mail service of the back end and answered as success: mailboxes could be read. No file was written in this run."
		d.Technique("T1114.002")
	case session:
		d.Title = "ProxyLogon: the control panel was reached, no web shell was written"
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = "The server-side request worked and the control panel took the client's requests, so the server was open to the attack. Nothing in the logs shows that a file was written in this run."
		if j.set {
			d.Confidence = finding.HighConfidence
			d.Reason = "The server-side request worked and the control panel ran a command that put a script into a virtual directory's URL. No reset that would write it to a file was answered as success in this run."
		}
		if j.failed != "" {
			d.Reason += " The control panel logged the error " + j.failed[strings.LastIndex(j.failed, ".")+1:] + "."
		}
	case answered:
		d.Title = "ProxyLogon tried: the server passed requests on"
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = "The server passed the client's requests to its back end and answered them, which only an unpatched server does. No session and no file write is seen."
		if !proxied(a) {
			d.Confidence = finding.LowConfidence
			d.Reason = "The client posted to a file that nobody posts to, and the server answered as success. The access log does not show what was asked of the back end."
		}
	case asked:
		d.Title = "ProxyLogon tried"
		d.Level, d.Confidence = finding.Medium, finding.LowConfidence
		d.Reason = "The client sent requests of this exploit; none was answered as success."
		if !detect.Told(a.front) {
			d.Reason = detect.Unanswered
		}
	default:
		d.Title = "ProxyLogon probed"
		d.Level, d.Confidence = finding.Medium, finding.LowConfidence
		d.Reason = "The client sent a request with which both exploits and vulnerability checks begin, and nothing beyond it."
	}
	if a.client == "" {
		d.Reason += " The logs that would name the client are missing."
	}
	d.Entity(finding.Address, a.client, "attacker")
	for _, s := range a.front {
		r, _ := detect.RequestOf(s.Event)
		d.Entity(finding.UserAgent, r.Agent, "")
		if a.retold(s, r) {
			d.Tally(s)
			continue
		}
		outcome := finding.Attempted
		if r.OK() && s.Rule.Level.Rank() >= finding.Medium.Rank() {
			outcome = finding.Succeeded
		}
		d.Add(s, frontStep(s, r), outcome)
	}
	for _, s := range a.server {
		text, outcome := serverStep(s)
		d.Add(s, text, outcome)
	}
	return d.Finish(p)
}

// retold reports whether an access log tells of a request that the HttpProxy
// log tells of better: it knows what was asked of the back end.
func (a *attack) retold(s sighting.Sighting, r detect.Request) bool {
	if s.Event.Data.Logsource() == event.HTTPProxy {
		return false
	}
	return slices.ContainsFunc(a.front, func(o sighting.Sighting) bool {
		other, _ := detect.RequestOf(o.Event)
		return o.Event.Data.Logsource() == event.HTTPProxy && o.Event.Time.Sub(s.Event.Time).Abs() <= time.Second &&
			strings.EqualFold(other.Path, r.Path) && other.Status == r.Status
	})
}

func proxied(a *attack) bool {
	return slices.ContainsFunc(a.front, func(s sighting.Sighting) bool { return s.Event.Data.Logsource() == event.HTTPProxy })
}

// frontStep says what a request to the front end was for.
func frontStep(s sighting.Sighting, r detect.Request) string {
	anchor := strings.ToLower(s.Event.Field("AnchorMailbox"))
	what := s.Rule.Title
	for _, k := range []struct{ in, text string }{
		{"schema=reset", "Virtual directory reset, which writes the file"},
		{"/ddiservice.svc/setobject", "Setting of the virtual directory changed"},
		{"/ddiservice.svc/getobject", "Virtual directory read"},
		{"/proxylogon.ecp", "Session opened in another's name"},
		{"/mapi/emsmdb", "Mailbox protocol asked for the account's SID"},
		{"/autodiscover/", "Autodiscover asked for a mailbox"},
		{"/ews/", "Mail service reached"},
	} {
		if strings.Contains(anchor, k.in) {
			what = k.text
			break
		}
	}
	return what + ": " + r.String()
}

// serverStep says what the server logged of itself, and whether that worked.
func serverStep(s sighting.Sighting) (string, finding.Outcome) {
	if r, ok := detect.RequestOf(s.Event); ok {
		if r.OK() {
			return s.Rule.Title + ": " + r.String(), finding.Succeeded
		}
		return s.Rule.Title + ": " + r.String(), finding.Attempted
	}
	text := detect.Text(s.Event)
	what := s.Rule.Title
	if m := command.FindStringSubmatch(text); m != nil {
		what = "Control panel ran " + m[1]
		if m[2] != "" {
			what += " with " + m[2]
		}
		if s.Rule.Name == "proxylogon-ecp-set-virtual-directory" {
			what += " set to a script"
		}
	}
	if m := exception.FindStringSubmatch(text); m != nil {
		return what + ": it failed with " + m[1][strings.LastIndex(m[1], ".")+1:], finding.Attempted
	}
	if s.Event.Field("EventID") == "6" {
		return what + ": the cmdlet failed", finding.Attempted
	}
	return what, finding.Succeeded
}

// command finds the cmdlet and its first parameter in a row of the control
// panel's log. The value is left out: it may hold hostile code.
var command = regexp.MustCompile(`S:CMD=(?:[^;|]*\|)?([A-Za-z]+-[A-Za-z]+)(?:\.([A-Za-z]+)=)?`)

// onHost makes findings of what the host itself logged: one for Unified
// Messaging, one for the address book generator.
func onHost(p *detect.Pass, seen []sighting.Sighting) []finding.Finding {
	um := &detect.Draft{Finding: finding.Finding{
		Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted, Level: finding.High, Confidence: finding.ModerateConfidence,
		Title:  "Unified Messaging service failed on a hostile object (CVE-2021-26857)",
		Reason: "The service logged the error that the exploit causes. It does not tell whether code ran.",
	}}
	oab := &detect.Draft{Finding: finding.Finding{
		Rule: name, Phase: finding.Exploitation, Outcome: finding.Attempted, Level: finding.High, Confidence: finding.ModerateConfidence,
		Title:  "Address book generator wrote outside its folder (CVE-2021-26858)",
		Reason: "The generator tried to write to a path that is not its own. Look at that path: the file may still lie there.",
	}}
	for _, s := range seen {
		switch s.Rule.Name {
		case "oab-generator-stray-download":
			oab.Add(s, s.Rule.Title, finding.Attempted)
		case "um-deserialization-error":
			um.Add(s, s.Rule.Title, finding.Attempted)
		default:
			um.Title = "Unified Messaging service ran foreign code (CVE-2021-26857, CVE-2021-26858)"
			um.Reason = "The service started a program or wrote a file, which it never does by itself."
			um.Outcome, um.Level, um.Confidence = finding.Succeeded, finding.Critical, finding.HighConfidence
			text := s.Rule.Title
			if cmd := s.Event.Field("CommandLine"); cmd != "" {
				text += ": " + cmd
			}
			if file := s.Event.Field("TargetFilename"); file != "" {
				text += ": " + file
				um.Entity(finding.FilePath, file, "written")
			}
			um.Add(s, text, finding.Succeeded)
		}
	}
	var all []finding.Finding
	for _, d := range []*detect.Draft{um, oab} {
		if f, ok := d.Finish(p); ok {
			all = append(all, f)
		}
	}
	return all
}
