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
	talks  = literal.New([]string{"lwp::useragent", "http::request", "requests.", "urllib", "httplib", "http.client", "net::http", "sock_raw", "net::rawip", "net::ftp", "ftplib", "paramiko", "net::ssh", "telnet", "imaplib", "poplib", "net::pop3", "mysql", "psycopg2", "pymssql"})
	listen = literal.New([]string{"stdin", "input(", "readline", "login", "connect"})
)

var (
	forever = regexp.MustCompile(`\bwhile\b\s*\(?\s*(?:1|[Tt]rue|!0)\b`)
	types   = regexp.MustCompile(`<STDIN>|\bstdin\.readline\(|\b(?:raw_)?input\(|\breadline\(`)
	posts   = regexp.MustCompile(`LWP::UserAgent|HTTP::Request|\brequests\.(?:get|post|request|Session)\b|\burl(?:lib2?|open)\b|\bhttplib\b|\bhttp\.client\b|Net::HTTP`)
	// orders is code for a server, as a text of the script.
	orders = regexp.MustCompile(`["'][^"'\n]{0,40}\b(?:system|passthru|shell_exec|popen|assert|eval|base64_decode|getRuntime\(\)\.exec|Execute)\s*\(`)
	// ofShells is what such a script says of itself.
	ofShells = regexp.MustCompile(`(?i)\bweb[ _-]?shell`)
	wraps    = regexp.MustCompile(`\b(?:encode_base64|b64encode)\b`)
	// received is what a loop does with packets.
	received = regexp.MustCompile(`(?s)\bwhile\b.{0,1000}?\brecv\w*\b(.{0,1000})`)
	icmp     = regexp.MustCompile(`(?i)IPPROTO_ICMP|Proto\s*=>\s*["']ICMP`)

	logIn = regexp.MustCompile(`(?:->|\.)(?:login|connect|auth|authenticate)\s*\(([^;\n]{1,200})`)
	each  = regexp.MustCompile(`\b(?:foreach|for)\s+(?:my\s+)?\$?(\w+)\s*(?:\(|in\b)`)
	hosts = regexp.MustCompile(`(?i)^(?:host|server|ip|addr|node|url|site|target|port|db)`)
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
	if at := types.FindIndex(s.Data); at != nil && forever.Match(s.Data) {
		switch {
		case posts.Match(s.Data) && (orders.Match(s.Data) || ofShells.Match(file) && wraps.Match(s.Data)):
			alarm("operates-webshell", "The script sends what its user types to another server, as code or as orders for a web shell: it is what a web shell is operated with.", at[0])
		case icmp.Match(s.Data) && s.answersTyped():
			alarm("operates-shell", "The script answers pings with what its user types: it is what a shell in another host is operated with.", at[0])
		}
	}
	s.guesses(alarm)
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
	if len(lists) < 2 {
		return
	}
	for _, m := range logIn.FindAllSubmatchIndex(s.Data, maxLogIns) {
		n := 0
		for _, w := range webshell.Words(bytes.TrimSpace(s.Data[m[2]:m[3]]), false) {
			if lists[string(w)] {
				n++
			}
		}
		if n > 1 {
			alarm("guesses-passwords", "The script logs in to another host with each name of one list and each password of another.", m[0])
			return
		}
	}
}
