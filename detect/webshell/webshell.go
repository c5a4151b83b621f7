// Package webshell joins what is known of each web shell: the file, who wrote
// it, who asked for it, and whether it was commanded.
package webshell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/detect"
	"limier/event"
	"limier/finding"
	"limier/sighting"
)

const name = "webshell"

// maxChildren is how many processes are shown with a shell.
const maxChildren = 20

// Detector reads the analysers' sightings of files, the sightings tagged
// limier.webshell, and the inventory of requested scripts.
var Detector = &detect.Detector{
	Name: name,
	Doc: `Web shells: files, requests, and scripts that were answered and are gone

A file judged a web shell is one finding with the requests for it. A script
that the product does not ship and that was answered with 200, although no such
file is in the evidence, is one too: it lay there once. GET requests alone mean
that it was checked; logs keep no bodies, so a POST answered as success counts
as a command. Names that one client tries in vain are a sweep.
Fooled by: pages of the owner's own in the folders of Exchange, and tunnels
whose protocol looks like another.`,
	Run: run,
}

// A shell is what is known of one web path.
type shell struct {
	path     string // lower case; the file's path if it is in no known web root
	files    []sighting.Sighting
	writers  []sighting.Sighting
	requests []sighting.Sighting
	commands []sighting.Sighting // that show a command or a tunnel
	script   *detect.Script
	present  bool // the evidence has the file
}

func run(p *detect.Pass) []finding.Finding {
	shells := map[string]*shell{}
	of := func(path string) *shell {
		path = strings.ToLower(path)
		if shells[path] == nil {
			shells[path] = &shell{path: path}
		}
		return shells[path]
	}
	for _, s := range p.Sightings {
		switch s.Rule.Name {
		case "webshell-file", "malicious-file", "hostile-to-visitors", "unknown-script":
			sh := of(webPath(s.Event.Field("TargetFilename")))
			sh.files = append(sh.files, s)
		case "w3wp-script-write":
			sh := of(webPath(s.Event.Field("TargetFilename")))
			sh.writers = append(sh.writers, s)
		}
	}
	for _, s := range p.Tagged("limier.webshell") {
		r, ok := detect.RequestOf(s.Event)
		if !ok || r.BackEnd {
			continue
		}
		sh := of(r.Path)
		switch s.Rule.Name {
		case "exchange-unknown-script", "exchange-unknown-script-proxy":
			sh.requests = append(sh.requests, s)
		default:
			sh.commands = append(sh.commands, s)
		}
	}
	for _, file := range p.Files {
		if sh := shells[webPath(file)]; sh != nil {
			sh.present = true
		}
	}
	for i := range p.Scripts {
		if sh := shells[p.Scripts[i].Path]; sh != nil {
			sh.script = &p.Scripts[i]
		}
	}
	var all []finding.Finding
	for _, path := range sorted(shells) {
		if f, ok := shells[path].finding(p); ok {
			all = append(all, f)
		}
	}
	return append(all, sweeps(p, shells)...)
}

func sorted(shells map[string]*shell) []string {
	var paths []string
	for path := range shells {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// roots are the folders that web sites of Exchange, SharePoint and IIS are
// made of, and where they lie on the web.
var roots = []struct{ folder, web string }{
	{"/frontend/httpproxy/", "/"},
	{"/clientaccess/", "/"},
	{"/inetpub/wwwroot/", "/"},
	{"/template/layouts/", "/_layouts/15/"},
}

// webPath turns a file's path, with slashes or backslashes, into the path by
// which it is requested; a file outside the known roots keeps its own.
func webPath(file string) string {
	path := strings.ToLower(strings.ReplaceAll(file, `\`, "/"))
	for _, r := range roots {
		if i := strings.Index("/"+path, r.folder); i >= 0 {
			return r.web + ("/" + path)[i+len(r.folder):]
		}
	}
	return path
}

// A use says what was done with a script.
type use struct {
	requests, posts, answered int
	clients                   []string
	agents                    []string
	commands                  int // answered
	untold                    int // answered, to a method that the log does not tell
	first, last               time.Time
	firstOK, lastOK           time.Time
	gone                      time.Time // first refusal after the last answer
}

func (sh *shell) use() (u use) {
	had := map[*[]string]map[string]bool{&u.clients: {"": true, "-": true}, &u.agents: {"": true, "-": true}}
	spread := func(c string, list *[]string) {
		if !had[list][c] {
			had[list][c] = true
			*list = append(*list, c)
		}
	}
	seen := map[string]bool{} // a request in two logs counts once
	all := slices.Clone(sh.requests)
	if len(all) == 0 {
		all = slices.Clone(sh.commands)
	}
	// The rules for unknown scripts see every request, also those with commands.
	for _, s := range sh.commands {
		if r, _ := detect.RequestOf(s.Event); r.OK() {
			u.commands += max(1, s.Count)
		}
	}
	slices.SortStableFunc(all, func(a, b sighting.Sighting) int { return a.Event.Time.Compare(b.Event.Time) })
	for _, s := range all {
		r, _ := detect.RequestOf(s.Event)
		at := s.Event.Time.Truncate(time.Second)
		key := func(t time.Time) string { return fmt.Sprint(t, r.Client, r.Status) }
		if r.Log != "access log" && (seen[key(at)] || seen[key(at.Add(-time.Second))]) {
			continue
		}
		seen[key(at)] = true
		n := max(1, s.Count)
		u.requests += n
		spread(r.Client, &u.clients)
		spread(r.Agent, &u.agents)
		if u.first.IsZero() {
			u.first = s.Event.Time
		}
		if s.Last.After(u.last) {
			u.last = s.Last
		}
		if !r.OK() {
			if u.answered > 0 && u.gone.IsZero() {
				u.gone = s.Event.Time
			}
			continue
		}
		if u.answered == 0 {
			u.firstOK = s.Event.Time
		}
		u.answered += n
		u.lastOK, u.gone = s.Last, time.Time{}
		switch r.Method {
		case "POST":
			u.posts += n
		case "":
			u.untold += n
		}
	}
	// Rules that see commands alone leave the other requests to the inventory.
	if sh.script != nil && len(sh.requests) == 0 {
		s := sh.script
		u.requests, u.answered = s.Requests, s.Answered
		u.first, u.last, u.firstOK = s.First, s.Last, s.FirstOK
		if s.Answered > 0 {
			u.posts = max(u.posts, min(s.Posts, s.Answered))
		}
		for _, c := range keys(s.Clients) {
			spread(c, &u.clients)
		}
		for _, a := range keys(s.Agents) {
			spread(strings.ReplaceAll(a, "+", " "), &u.agents)
		}
	}
	return u
}

func keys(m map[string]int) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

func (sh *shell) finding(p *detect.Pass) (finding.Finding, bool) {
	u := sh.use()
	d := &detect.Draft{Finding: finding.Finding{Rule: name, Phase: finding.Backdoor, Outcome: finding.Succeeded}}
	judged := slices.IndexFunc(sh.files, func(s sighting.Sighting) bool { return s.Rule.Name != "unknown-script" })
	switch {
	case judged >= 0:
		sh.judged(d, sh.files[judged], u)
	case !sh.suspected(p, d, u):
		return finding.Finding{}, false
	}
	if !u.gone.IsZero() {
		d.Reason += " From " + u.gone.UTC().Format("2006-01-02 15:04") + " on it was not answered as success: it was gone or out of reach."
	}
	if judged >= 0 && sh.files[judged].Rule.Name == "hostile-to-visitors" && u.commands == 0 {
		d.Technique("T1189") // it gives nobody a way in
	} else {
		d.Technique("T1505.003")
	}
	sh.entities(d, u)
	sh.steps(d)
	if o := sh.origin(p, u); o != nil {
		d.Reason += " Likely origin: " + lowerFirst(o.Rule.Title) + " at " + o.Event.Time.UTC().Format("2006-01-02 15:04:05") + " UTC."
		d.Context(*o, "Likely origin: "+o.Rule.Title)
		d.Confidence = finding.HighConfidence
	}
	sh.children(p, d)
	return d.Finish(p)
}

// judged is the shell as the analysis of its file judges it.
func (sh *shell) judged(d *detect.Draft, s sighting.Sighting, u use) {
	d.Title = s.Rule.Title + " on disk: " + sh.name()
	d.Level, d.Confidence = s.Rule.Level, finding.HighConfidence
	if f, ok := s.Event.Data.(*event.FileData); ok && f.Confidence != "" {
		d.Confidence = finding.Confidence(f.Confidence) // the analysis' own
	}
	d.Reason = strings.TrimSuffix(s.Note, ".") + ". " + u.words()
	if s.Note == "" {
		d.Reason = s.Rule.Description + " " + u.words()
	}
}

// suspected is the shell as what else is known of it lets suspect; false: it
// does not.
func (sh *shell) suspected(p *detect.Pass, d *detect.Draft, u use) bool {
	base := sh.name()
	switch {
	case len(sh.writers) > 0:
		d.Title = "Script written by the web server: " + base
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = "The IIS worker or an Exchange service wrote this script into a web folder. " + u.words()
		if u.answered > 0 && !sh.present {
			d.Reason += " The file is not in the evidence."
		}
	case u.commands > 0:
		d.Title = "Web shell used: " + base
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = sh.protocol() + " " + u.words()
		if !sh.present {
			d.Reason += " The file itself is not in the evidence."
		}
	case len(sh.files) > 0 && u.answered > 0:
		d.Title = "Unknown script in a folder of Exchange was requested: " + base
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = "No known build ships this script, its code was not judged hostile, and it was answered. " + u.words()
	case len(sh.files) > 0:
		d.Title = "Unknown script in a folder of Exchange: " + base
		d.Level, d.Confidence, d.Outcome = finding.Medium, finding.LowConfidence, ""
		d.Reason = "No known build ships a script of this name; builds after March 2021 are not among the known ones. " + u.words()
	case u.answered > 0:
		d.Title = "Web shell that is gone: " + base
		d.Level, d.Confidence = finding.High, finding.ModerateConfidence
		d.Reason = "Exchange ships no such page, yet the server answered it with success; the file is not in the evidence. " + u.words()
		if sh.present {
			d.Title = "Script that Exchange does not ship, answered: " + base
			d.Reason = "Exchange ships no such page, yet it lies on the server, which answered it with success; its code was not judged hostile. " + u.words()
		}
		if len(u.clients) > 10 && u.posts == 0 && sh.origin(p, u) == nil {
			d.Title = "Page that Exchange does not ship: " + base
			d.Level, d.Confidence, d.Outcome = finding.Low, finding.LowConfidence, ""
			d.Reason = fmt.Sprintf("More than ten clients were served this page, none posted to it: more likely the owner's own page than a web shell. %s", u.words())
		}
	default:
		return false
	}
	return true
}

// entities names the files, and who asked for them.
func (sh *shell) entities(d *detect.Draft, u use) {
	shell, client := "shell", "attacker"
	if d.Outcome == "" {
		shell, client = "unknown script", "client"
	}
	d.Entity(finding.FilePath, sh.path, shell)
	for _, s := range sh.files {
		d.Entity(finding.FilePath, s.Event.Field("TargetFilename"), shell)
		_, hash, _ := strings.Cut(s.Event.Field("Hashes"), "SHA256=")
		d.Entity(finding.Hash, hash, shell)
	}
	for _, c := range u.clients {
		d.Entity(finding.Address, c, client)
	}
	for _, a := range u.agents[:min(5, len(u.agents))] {
		d.Entity(finding.UserAgent, a, "")
	}
}

// steps adds the files, who wrote them, and the requests for them.
func (sh *shell) steps(d *detect.Draft) {
	for _, s := range sh.files {
		text := s.Rule.Title
		if s.Note != "" {
			text += ": " + s.Note
		}
		d.Add(s, text, "")
	}
	for _, s := range sh.writers {
		d.Add(s, s.Rule.Title+": "+s.Event.Field("Image")+" wrote "+s.Event.Field("TargetFilename"), finding.Succeeded)
	}
	for _, s := range append(slices.Clone(sh.requests), sh.commands...) {
		r, _ := detect.RequestOf(s.Event)
		outcome := finding.Attempted
		if r.OK() {
			outcome = finding.Succeeded
		}
		text := r.String()
		if r.Client != "" {
			text += " to " + r.Client
		}
		d.Add(s, text+" ("+r.Log+")", outcome)
	}
	if sh.script != nil && len(d.Steps) == len(sh.files) {
		for _, ref := range sh.script.Proof {
			d.Place(sh.script.First, ref, "Requested: "+sh.path)
		}
	}
}

// name is the file's name as it is written on disk, or else was requested.
func (sh *shell) name() string {
	path := sh.path
	switch {
	case len(sh.files) > 0:
		path = sh.files[0].Event.Field("TargetFilename")
	case len(sh.writers) > 0:
		path = sh.writers[0].Event.Field("TargetFilename")
	case len(sh.requests)+len(sh.commands) > 0:
		r, _ := detect.RequestOf(append(slices.Clone(sh.requests), sh.commands...)[0].Event)
		path = r.Path
	}
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// words tells the use of a script in plain words.
func (u use) words() string {
	if u.requests == 0 {
		return "No request for it is in the logs at hand."
	}
	who := plural(len(u.clients), "client")
	if len(u.clients) == 0 {
		who = "clients that the log does not name"
	}
	when := "between " + u.first.UTC().Format("2006-01-02 15:04") + " and " + u.last.UTC().Format("2006-01-02 15:04") + " UTC"
	text := fmt.Sprintf("It was requested %s by %s %s, and answered as success %s.", times(u.requests), who, when, times(u.answered))
	switch {
	case u.answered == 0:
		return fmt.Sprintf("It was requested %s by %s, never answered as success.", times(u.requests), who)
	case u.posts > 0:
		return text + fmt.Sprintf(" POST requests among the answered ones: %d. It was commanded.", u.posts)
	case u.commands > 0:
		return text + " Commands or tunnel data stand in the queries. It was commanded."
	}
	if u.untold > 0 {
		return text + " The log does not tell GET from POST, so whether it was commanded is not known."
	}
	return text + " All were GET requests without a command: it was checked, never commanded as far as the logs tell."
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

func plural(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// protocol says what kind of shell speaks like this.
func (sh *shell) protocol() string {
	for _, s := range sh.commands {
		switch s.Rule.Name {
		case "webshell-tunnel-tunna":
			return "Its requests are those of the Tunna tunnel, which carries other protocols, such as remote desktop, through a web server."
		case "webshell-tunnel-regeorg":
			return "Its requests are those of the reGeorg tunnel, which lets a client reach the inner network through a web server."
		}
	}
	return "System commands stand in the queries of its requests."
}

// origin is what last wrote a file through Exchange in the month before the
// shell was first answered, nil if nothing did.
func (sh *shell) origin(p *detect.Pass, u use) (last *sighting.Sighting) {
	const month = 30 * 24 * time.Hour
	if u.firstOK.IsZero() {
		return nil
	}
	for _, s := range p.Named("proxylogon-reset-virtual-directory", "proxylogon-backend-reset", "mailbox-export-to-script", "certificate-request-to-script", "oab-generator-stray-download") {
		t := s.Event.Time
		if t.IsZero() || t.After(u.firstOK) || u.firstOK.Sub(t) > month || s.Event.Field("HttpStatus") != "" && s.Event.Field("HttpStatus") != "200" {
			continue
		}
		last = &s
	}
	return last
}

// children adds the shells that the IIS worker started within seconds of a
// request that may hold a command: most likely that command. An access log has the time of the answer, to the
// second.
func (sh *shell) children(p *detect.Pass, d *detect.Draft) {
	const before, after = 5 * time.Second, 2 * time.Second
	n, seen := 0, map[string]bool{}
	for _, c := range p.Named("w3wp-child-shell", "w3wp-china-chopper") {
		near := func(s sighting.Sighting) bool {
			r, _ := detect.RequestOf(s.Event)
			gap := s.Event.Time.Sub(c.Event.Time)
			return r.OK() && (r.Method == "POST" || strings.HasPrefix(s.Rule.Name, "webshell-")) && gap <= before && gap >= -after
		}
		if !c.Event.Time.IsZero() && (slices.ContainsFunc(sh.requests, near) || slices.ContainsFunc(sh.commands, near)) {
			cmd := c.Event.Field("CommandLine")
			key := cmd + c.Event.Time.Truncate(5*time.Second).String() // two logs tell of one process
			if seen[key] {
				continue
			}
			seen[key] = true
			if n++; n <= maxChildren {
				d.Context(c, "Started by the IIS worker within seconds of a request: "+cmd)
			}
		}
	}
	if n > 0 {
		d.Reason += " Shells started under the IIS worker within seconds of its requests: most likely its commands."
		d.Level, d.Confidence = finding.Critical, finding.HighConfidence
	}
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
