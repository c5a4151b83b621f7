package config

import (
	"bytes"
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// joined is a file whose lines that a backslash continues are one, as Apache
// reads them, and as long: https://httpd.apache.org/docs/2.4/configuring.html#syntax.
func joined(data []byte) []byte {
	if !bytes.Contains(data, []byte("\\\n")) && !bytes.Contains(data, []byte("\\\r\n")) {
		return data
	}
	out := bytes.Clone(data)
	for i := 0; i+1 < len(out); i++ {
		switch {
		case out[i] != '\\':
		case out[i+1] == '\n':
			out[i], out[i+1] = ' ', ' '
		case out[i+1] == '\r' && i+2 < len(out) && out[i+2] == '\n':
			out[i], out[i+1], out[i+2] = ' ', ' ', ' '
		}
	}
	return out
}

var (
	// inner are folders of programs where nothing lies that visitors ask for by
	// name.
	inner = regexp.MustCompile(`(?i)(?:^|[\\/])(?:uploads?|images?|img|media|pictures|photos|thumbs?|css|fonts|wp-includes|wp-content[\\/](?:languages|upgrade|mu-plugins))[\\/]`)
	// stored is the path of a script in a folder for data of WordPress, but for those
	// that its own rules name.
	stored     = regexp.MustCompile(`(?:^|/)(?:wp-content/(?:uploads|languages|upgrade)|wp-includes/(?:css|images|fonts|certificates|[\w-]+/[\w-]+))/\S*\.(?:php\d?|phtml)(?:$|[?\s"'])`)
	parts      = regexp.MustCompile(`(?i)(?:^|[\\/])wp-content[\\/](?:plugins|themes)[\\/]`)
	agentExpr  = regexp.MustCompile(`%\{http_user_agent\}\s*={1,2}~?\s*['"/]\^?([^'"/$]+)`)
	ownScripts = regexp.MustCompile(`tinymce|wp-includes/ms-files\.php`)
	agentIsNot = regexp.MustCompile(`^%\{http(?::|_)user[_-]agent\}\s+["']?!\^?([^\s"'$|(]{4,})\$?["']?(?:\s|$)`)
	agentIs    = regexp.MustCompile(`(?i)^(?:user-agent)\s+(?:"([^"]+)"|(\S+))\s+(?:[\w-]+=\S+\s+)*!?([\w-]+)`)
	knownAgent = regexp.MustCompile(`(?i)google|bing|bot|crawl|curl|wget|php|python|java|msie|firefox|chrome|safari|opera|cloudflare|pingdom|monitor|uptime|health|wordpress|jetpack|facebook|check|cron|varnish|mail|okhttp|dart|elb|kube`)
	refuses    = regexp.MustCompile(`\s-\s+\[[^\]]*\b(?:f|g|r=40\d)\b`)
	script     = regexp.MustCompile(`\.\(?(?:php|ph)`)
	fromOne    = regexp.MustCompile(`(?i)(?:allow\s+from|require\s+ip)\s+(?:\d{1,3}\.){3}\d{1,3}\s*(?:$|[\r\n])`)
	ofAgent    = regexp.MustCompile(`(?i)(?:allow\s+from\s+env=|require\s+env\s+)([\w-]+)`)
	replaced   = regexp.MustCompile(`(?i)^["']?s\W.*<(?:script|iframe)\b.*?\bsrc\s*=\s*\\?["']?(?:https?:)?\\?/\\?/([\w.-]+)`)
	asPHP      = regexp.MustCompile(`\[[^\]]*\b(?:t|type|h|handler)=[^\],]*(?:x-httpd-php|php\d*-script)`)
)

// What a file must hold to be asked for one of these.
var (
	holdsData = literal.New([]string{"wp-content/", "wp-includes/", "x-httpd-php"})
	holdsName = literal.New([]string{"user_agent}", "user-agent", "browsermatch"})
	plain     = literal.New([]string{"text/plain", "addhandler txt", "addtype txt"})
	refresh   = literal.New([]string{"refresh"})
	changes   = literal.New([]string{"substitute"})
)

// visitors judges whom scripts answer, and what else visitors are given.
func (f *file) visitors() {
	if holdsData.Any(f.data) {
		f.inData()
	}
	if holdsName.Any(f.data) {
		f.agents()
	}
	if plain.Any(f.data) {
		f.source()
	}
	if refresh.Any(f.data) {
		f.refreshes()
	}
	if changes.Any(f.data) {
		f.substitutes()
	}
}

// inData judges addresses of pages that a script in a folder for data answers.
func (f *file) inData() {
	for at, d := range f.directives("rewriterule", "directoryindex") {
		if d.name == "directoryindex" {
			if stored.MatchString(d.rest) && !ownScripts.MatchString(d.rest) {
				f.add(webshell.Malicious, finding.ModerateConfidence, "runs-stored-script", "A folder's page is a script in a folder for data.", at)
			}
			continue
		}
		fields := strings.Fields(d.rest)
		if asPHP.MatchString(d.rest) && noCodeWord.MatchString(fields[0]) {
			f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "The server is told to run files as scripts that are none by their names.", at)
		}
		if len(fields) < 2 || !stored.MatchString(fields[1]) || ownScripts.MatchString(fields[1]) {
			continue
		}
		f.add(webshell.Malicious, finding.ModerateConfidence, "runs-stored-script", "Pages that visitors ask for are answered by a script in a folder for data.", at)
	}
}

// agents judges scripts that are kept from everybody but who calls himself
// something that no browser and no known program is called.
func (f *file) agents() {
	named := map[string]string{}
	verdict := webshell.Suspicious
	if inner.MatchString(f.name) || parts.MatchString(f.name) {
		verdict = webshell.Malicious
	}
	const text = "A script answers only who calls himself by a name that no known browser has: "
	own := ""
	for at, d := range f.directives("rewritecond", "rewriterule", "setenvif", "setenvifnocase", "browsermatch", "allow", "require") {
		switch d.name {
		case "rewritecond":
			if m := agentIsNot.FindStringSubmatch(d.rest); m != nil && !knownAgent.MatchString(m[1]) {
				own = m[1]
			}
		case "rewriterule":
			if own != "" && refuses.MatchString(d.rest) && script.MatchString(d.rest) {
				f.add(verdict, finding.ModerateConfidence, "answers-one-agent", text+webshell.Cut(own, 60)+".", at)
			}
			own = ""
		case "setenvif", "setenvifnocase", "browsermatch":
			rest := d.rest
			if d.name == "browsermatch" {
				rest = "user-agent " + rest
			}
			if m := agentIs.FindStringSubmatch(rest); m != nil && len(named) < 100 {
				named[m[3]] = m[1] + m[2]
			}
		default:
			if m := agentExpr.FindStringSubmatch(d.rest); m != nil && odd(m[1]) {
				f.add(verdict, finding.ModerateConfidence, "answers-one-agent", text+webshell.Cut(m[1], 60)+".", at)
				continue
			}
			m := ofAgent.FindStringSubmatch(d.name + " " + d.rest)
			if m == nil {
				continue
			}
			if agent, ok := named[m[1]]; ok && odd(agent) && denies.Match(f.data) && verdict == webshell.Malicious {
				f.add(verdict, finding.ModerateConfidence, "answers-one-agent", text+webshell.Cut(agent, 60)+".", at)
			}
		}
	}
}

var (
	asText  = regexp.MustCompile(`(?im)^[ \t]*(?:AddType|AddHandler)[ \t]+(?:text/plain|txt)[ \t]+(?:\S+[ \t]+)*\.?php\b`)
	follows = regexp.MustCompile(`(?im)^[ \t]*Options[ \t](?:.*[ \t])?(?:all\b|\+?FollowSymLinks)`)
	opened  = regexp.MustCompile(`(?im)^[ \t]*(?:Satisfy[ \t]+Any|(?:AddType|AddHandler)[ \t]+(?:text/plain|txt)[ \t]+\.html?)\b`)
)

// source judges a folder whose scripts the server shows as text, those of other
// sites too, to which links lead: so their passwords are read.
func (f *file) source() {
	data := f.data[:min(len(f.data), maxConfig)]
	if m := asText.FindIndex(data); m != nil && follows.Match(data) && opened.Match(data) {
		f.add(webshell.Malicious, finding.ModerateConfidence, "shows-source", "The server shows scripts as text, and follows links to those of others.", m[0])
	}
}

// odd says that a browser's name is none that is known: what is left of it without
// the word all browsers start with.
func odd(agent string) bool {
	agent = strings.Trim(strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(agent), `\`, ""), "^"), " ^$")
	if rest, ok := strings.CutPrefix(agent, "mozilla/"); ok {
		agent = strings.TrimLeft(rest, "0123456789. ")
		return agent != "" && !strings.HasPrefix(agent, "(") && !knownAgent.MatchString(agent)
	}
	return len(agent) >= 4 && !knownAgent.MatchString(agent)
}

var (
	refreshing = regexp.MustCompile(`\brefresh\s+["']?[^"']*url=\s*(https?://[^\s"']+)`)
	bySome     = regexp.MustCompile(`expr=[^%]*%\{(?:http|req)[_:](?:user[_-]agent|referer|cookie)|\benv=!?[\w-]+`)
)

// refreshes judges a header by which some visitors are sent elsewhere.
func (f *file) refreshes() {
	for at, d := range f.directives("header") {
		if m := refreshing.FindStringSubmatch(d.rest); m != nil && bySome.MatchString(d.rest) {
			f.add(webshell.Malicious, finding.ModerateConfidence, "picked-redirect", "Some visitors are sent to another site by a header: "+webshell.Cut(m[1], 100)+".", at)
			return
		}
	}
}

// substitutes judges what the server itself puts into the pages that it sends
// (Apache, mod_substitute).
func (f *file) substitutes() {
	for at, d := range f.directives("substitute") {
		if m := replaced.FindStringSubmatch(d.rest); m != nil && !webshell.WellKnown(m[1]) {
			f.add(webshell.Malicious, finding.ModerateConfidence, "infects-pages", "The server puts a script or frame of another host into all pages: "+webshell.Cut(m[1], 100)+".", at)
			return
		}
	}
}
