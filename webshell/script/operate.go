package script

import (
	"bytes"
	"regexp"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// maxTool is the size of a script that is taken for a tool of one purpose, in
// bytes.
const maxTool = 64 << 10

// A tool of the command line holds a word of each: it talks to servers, and to
// who sits before it or with lists of his.
var (
	talks  = literal.New([]string{"lwp::useragent", "http::request", "requests.", "urllib", "httplib", "http.client", "net::http", "curl", "sock_raw", "net::rawip", "net::ftp", "ftplib", "paramiko", "net::ssh", "telnet", "imaplib", "poplib", "net::pop3", "mysql", "psycopg2", "pymssql"})
	listen = literal.New([]string{"stdin", "input(", "readline", "gets", "read ", "login", "connect"})
)

var (
	forever = regexp.MustCompile(`\bwhile\b\s*\(?\s*(?:1|[Tt]rue|!0|:)(?:\W|$)|\bloop\s+do\b`)
	types   = regexp.MustCompile(`<STDIN>|\bstdin\.readline\(|\b(?:raw_)?input\(|\breadline\(|\bSTDIN\.gets\b|(?m)^\s*read\s`)
	posts   = regexp.MustCompile(`LWP::UserAgent|HTTP::Request|\brequests\.(?:get|post|request|Session)\b|\burl(?:lib2?|open)\b|\bhttplib\b|\bhttp\.client\b|Net::HTTP|\bcurl\s`)
	// orders is code for a server, as a text of the script.
	orders = regexp.MustCompile(`["'][^"'\n]{0,40}\b(?:system|passthru|shell_exec|popen|assert|eval|base64_decode|getRuntime\(\)\.exec|Execute)\(\s*(?:[\\'"$%{]|base64)`)
	// ofShells is what such a script says of itself.
	ofShells = regexp.MustCompile(`(?i)\bweb[ _-]?shell`)
	wraps    = regexp.MustCompile(`\b(?:encode_base64|b64encode)\b`)
	// received is what a loop does with packets.
	received = regexp.MustCompile(`(?s)\bwhile\b.{0,1000}?\brecv\w*\b(.{0,1000})`)
	icmp     = regexp.MustCompile(`(?i)IPPROTO_ICMP|Proto\s*=>\s*["']ICMP`)

	logIn = regexp.MustCompile(`(?:->|\.)(?:login|connect|auth|authenticate)\s*\(([^;\n]{1,200})`)
	each  = regexp.MustCompile(`\b(?:foreach|for)\s+(?:my\s+)?\$?(\w+)\s*(?:\(|in\b)`)
	// eachLine is a loop over the lines of a file, and asPassword what is given as
	// a password by that name.
	eachLine   = regexp.MustCompile(`\bfor\s+(\w+)\s+in\s+open\(`)
	asPassword = regexp.MustCompile(`\bpass(?:word|wd)?\s*=\s*(\w+)\b`)
	hosts      = regexp.MustCompile(`(?i)^(?:host|server|ip|addr|node|url|site|target|port|db)`)
)

// tool notes what only a tool of the attacker's does, from wherever he sits.
// Comments of the whole file tell what it is for.
func (s *scan) tool(file []byte) {
	if len(s.Data) > maxTool || !talks.Any(s.Data) || !listen.Any(s.Data) {
		return
	}
	alarm := func(rule, text string, at int) {
		s.Add(webshell.Malicious, finding.ModerateConfidence, rule, text, -1, at)
	}
	if at := s.asksForever(); at >= 0 {
		switch {
		case posts.Match(s.Data) && (orders.Match(s.Data) || ofShells.Match(file) && wraps.Match(s.Data)):
			alarm("operates-webshell", "The script sends what its user types to another server, as code or as orders for a web shell: it is what a web shell is operated with.", at)
		case icmp.Match(s.Data) && s.answersTyped():
			alarm("operates-shell", "The script answers pings with what its user types: it is what a shell in another host is operated with.", at)
		}
	}
	s.guesses(alarm)
}

// maxTurn is how much of a loop is searched for what is typed, in bytes.
const maxTurn = 2 << 10

// asksForever is where a loop without end reads what is typed, or -1.
func (s *scan) asksForever() int {
	for _, m := range forever.FindAllIndex(s.Data, maxLogIns) {
		if at := types.FindIndex(s.Data[m[1]:min(len(s.Data), m[1]+maxTurn)]); at != nil {
			return m[1] + at[0]
		}
	}
	return -1
}

// answersTyped reports whether a loop answers packets with what is typed.
func (s *scan) answersTyped() bool {
	m := received.FindSubmatch(s.Data)
	return m != nil && types.Match(m[1]) && bytes.Contains(m[1], []byte("send"))
}

// maxLogIns is how many calls that log in are looked at.
const maxLogIns = 20

// guesses finds a log-in with a name and a password that are each from a list.
func (s *scan) guesses(alarm func(rule, text string, at int)) {
	lists := map[string]bool{}
	for _, m := range each.FindAllSubmatch(s.Data, -1) {
		lists[string(m[1])] = !hosts.Match(m[1])
	}
	lines := map[string]bool{}
	for _, m := range eachLine.FindAllSubmatch(s.Data, -1) {
		lines[string(m[1])] = true
	}
	if len(lists) < 2 && len(lines) == 0 {
		return
	}
	for _, m := range logIn.FindAllSubmatchIndex(s.Data, maxLogIns) {
		n := 0
		for _, w := range webshell.Words(bytes.TrimSpace(s.Data[m[2]:m[3]]), false) {
			if lists[string(w)] {
				n++
			}
		}
		if word := asPassword.FindSubmatch(s.Data[m[2]:m[3]]); word != nil && lines[string(word[1])] {
			alarm("guesses-passwords", "The script logs in to another host with each line of a file as password.", m[0])
			return
		}
		if n > 1 {
			alarm("guesses-passwords", "The script logs in to another host with each name of one list and each password of another.", m[0])
			return
		}
	}
}
