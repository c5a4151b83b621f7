package php

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// A lead is a literal by which the visitor's browser takes something of another
// host, or goes there.
type lead struct {
	from, to uint32 // the token
	host     string
	away     bool // the reader is taken there
	sent     bool // by the server, before he sees anything
	masked   bool // the literal is written such that nobody can read the host
}

// showsForeign says that a file may hold leads: most hold none.
func showsForeign(data []byte, have trait) bool {
	return bytes.Contains(data, []byte("//")) && (have&saysMoves != 0 || bytes.Contains(data, []byte("<script")) || bytes.Contains(data, []byte("<iframe")) || have&saysWho != 0 && (bytes.Contains(data, []byte("wp_enqueue_script")) || bytes.Contains(data, []byte("drupal_add_js")) || bytes.Contains(data, []byte("addScript(")))) && choosing(data)
}

// choosing says that a file may choose among its visitors, or is one that shows
// nothing by itself.
func choosing(data []byte) bool {
	return choiceWords().Any(data)
}

var choiceWords = literal.NewSource("_COOKIE", "->cookie[", "REMOTE_ADDR", "HTTP_REFERER", "wp_is_mobile", "rand(", "wp-blog-header.php", "DB_PASSWORD", "date('", "date( '", `date("`, "_JEXEC", "return array", "return $", "print(", "echo ")

var (
	siteURL = regexp.MustCompile(`^(?:https?:)?//([\w.-]+\.[a-z]{2,})/`)
	opening = regexp.MustCompile(`<(?:script|iframe)\b[^>]*?\bsrc\s*=\s*\\*["']?(?:$|%(?:1\$)?s)`)
	sending = regexp.MustCompile(`^["']?\s*location:\s*https?://([\w.-]+\.[a-z]{2,})|^["']?https?://([\w.-]+\.[a-z]{2,})`)
	adds    = words("wp_enqueue_script wp_register_script drupal_add_js addscript")
)

// leading are the ways in which a page leads elsewhere.
var leading = []struct {
	says string
	re   *regexp.Regexp
	away bool
}{
	{"<script|<iframe", regexp.MustCompile(`<(?:script|iframe)\b[^>]*?\bsrc\s*=\s*\\*["']?\s*(?:https?:)?//([\w.-]+\.[a-z]{2,})`), false},
	{"createelement", regexp.MustCompile(`\.src\s*=\s*\\*["'](?:https?:)?//([\w.-]+\.[a-z]{2,})`), false},
	{"location|http-equiv", regexp.MustCompile(`(?:location(?:\.href)?\s*=\s*|location\.(?:replace|assign)\(\s*|http-equiv\s*=\s*\\*["']?refresh[^>]*?url\s*=\s*)\\*["']?(?:https?:)?//([\w.-]+\.[a-z]{2,})`), true},
	{"window.open( addeventlistener click", regexp.MustCompile(`=\s*\\*["']https?://([\w.-]+\.[a-z]{2,})[^"']*["'][^<]*?\bwindow\.open\(\s*\w+\s*,`), true},
}

// foreign is the host from which HTML, or a script, in lower case has the
// visitor's browser take something; "" for none and for services of everybody.
func foreign(low string) (host string, away bool) {
	if strings.Contains(low, "%3c") {
		low = strings.ToLower(unescapeURL(low, false))
	}
	if !strings.Contains(low, "//") {
		return "", false
	}
	for _, l := range leading {
		if !says(low, l.says) {
			continue
		}
		for _, m := range l.re.FindAllStringSubmatch(low, 20) {
			if !webshell.WellKnown(m[1]) {
				return m[1], l.away
			}
		}
	}
	return "", false
}

// Bounds of what is looked at: leads, the code round one, a literal and all
// literals that may hold tags or addresses, in bytes.
const (
	maxLeads = 50
	maxRound = 8 << 10
	maxLit   = 8 << 10
	maxLits  = 2 << 20
)

// leads are those of the file.
func (m *machine) leads() (all []lead) {
	left, alone := maxLits, 0
	for i, t := range m.file.tokens {
		if !holdsText(t) || len(all) >= maxLeads {
			continue
		}
		raw := m.file.src[t.pos:min(t.end, t.pos+maxLit)]
		if bytes.IndexByte(raw, '\\') < 0 && bytes.IndexByte(raw, '%') < 0 && !bytes.Contains(raw, []byte("//")) {
			continue
		}
		text := strings.ToLower(meant(t.kind, raw))
		if left -= len(text); left < 0 {
			break
		}
		if host, away := foreign(text); host != "" {
			all = append(all, lead{from: t.pos, to: t.end, host: host, away: away, masked: !strings.Contains(lower(raw), host)})
		} else if host := m.sends(i, text); host != "" {
			all = append(all, lead{from: t.pos, to: t.end, host: host, away: true, sent: true})
		} else if g := siteURL.FindStringSubmatch(text); g != nil && !webshell.WellKnown(g[1]) && strings.Contains(text, ".js") {
			all = append(all, lead{from: t.pos, to: t.end, host: g[1]})
			alone++
		}
	}
	if alone > 0 && !m.adds() { // addresses alone show nothing
		all = slices.DeleteFunc(all, func(l lead) bool {
			return siteURL.MatchString(strings.Trim(lower(m.file.src[l.from:l.to]), `"'`))
		})
	}
	return all
}

// sends is the host to which the server sends its visitors by the literal at i, which
// is a header or what is handed to a function that makes one; "" for none.
func (m *machine) sends(i int, text string) string {
	g := sending.FindStringSubmatch(text)
	if g == nil {
		return ""
	}
	host := g[1]
	if k := i - 2; host == "" && k >= 0 && m.file.tokens[i-1].kind == '(' && m.file.tokens[k].kind == tIdent && foldEqual(m.file.src[m.file.tokens[k].pos:m.file.tokens[k].end], "wp_redirect") {
		host = g[2]
	}
	if webshell.WellKnown(host) {
		return ""
	}
	return host
}

func holdsText(t token) bool {
	return (t.kind == tStr || t.kind == tTpl || t.kind == tHTML || t.kind == tHeredoc || t.kind == tNowdoc) && t.end-t.pos >= 12
}

// adds says that the file has a tag whose address is another literal, or calls
// what adds scripts to pages.
func (m *machine) adds() bool {
	for i, t := range m.file.tokens {
		if holdsText(t) && (m.added(i) || i+1 < len(m.file.tokens) && (m.file.tokens[i+1].kind == '.' || m.file.tokens[i+1].kind == ',') && opening.MatchString(strings.ToLower(meant(t.kind, m.file.src[t.pos:min(t.end, t.pos+maxLit)])))) {
			return true
		}
	}
	return false
}

// added says that the literal at i is an argument of what adds scripts to pages.
func (m *machine) added(i int) bool {
	toks := m.file.tokens
	for k := i - 1; k > max(0, i-8); k-- {
		if toks[k].kind == '(' {
			return toks[k-1].kind == tIdent && adds[lower(m.file.src[toks[k-1].pos:toks[k-1].end])]
		}
	}
	return false
}

// meant is what a literal stands for.
func meant(kind kind, raw []byte) string {
	switch {
	case kind == tStr:
		return unescapeSingle(raw)
	case kind == tTpl && bytes.IndexByte(raw, '\\') >= 0:
		var out strings.Builder
		for i := 0; i < len(raw); {
			if raw[i] == '\\' && i+1 < len(raw) {
				i += int(escape(&out, raw[i:], '"'))
				continue
			}
			out.WriteByte(raw[i])
			i++
		}
		return out.String()
	}
	return string(raw)
}

// A pick is how code picks the visitors to whom it shows something.
type pick uint16

const (
	byLogin    pick = 1 << iota // those who are not logged in
	byNames                     // the same, by the names of cookies, as code does that runs before the program
	byCookie                    // those without some cookie
	byMemory                    // those whose address was not seen before
	byDevice                    // by what they read with
	byOrigin                    // by where they come from
	byTongue                    // by the languages they read
	byHour                      // at some hours
	byChance                    // at random
	onceOnly                    // a cookie is set, so that it is seen once
	inTheEnd                    // the finished page is changed
	knownBots                   // search engines are told apart
	byCheckout                  // on the pages where visitors pay
	offLogin                    // but for the page where users log in
)

var (
	cookieName = regexp.MustCompile(`(?:\$_cookie|->cookie)\s*\[\s*["']([^"']*)`)
	agreed     = regexp.MustCompile(`consent|gdpr|rgpd|accept|opt[_-]?(?:in|out)|privacy|newsletter|dismiss|notice|lang|currency|cookie[_-]?law|cookies|logged_in`)
	hours      = regexp.MustCompile(`\b(?:date|gmdate|current_time|date_i18n|wp_date)\(\s*["'][hgwn]["']`)
	chance     = regexp.MustCompile(`\b(?:rand|mt_rand|random_int|array_rand|shuffle)\(`)
	remembers  = regexp.MustCompile(`\b(?:update_option|add_option|set_transient|file_put_contents|fwrite|fputs)\(|->insert\(|insert into`)
)

// pickings are how code tells that it picks: words, and a pattern that fits.
var pickings = []struct {
	pick pick
	says string
	fits *regexp.Regexp
}{
	{byLogin, "is_user_logged_in(|current_user_can(|is_super_admin(|->guest|->islogged(", nil},
	{byNames, "_cookie logged_in|wp-settings", nil},
	{byMemory, "remote_addr|http_client_ip|http_x_forwarded_for|http_cf_connecting_ip in_array(|get_transient(|strpos(|strstr(|stripos(|isset(|array_key_exists(|->get_var(", remembers},
	{byDevice, "wp_is_mobile(", nil},
	{byDevice, "http_user_agent iphone|android|mobile|ipad", nil},
	{knownBots, "http_user_agent|http_referer " + strings.Join(bots, "|"), nil},
	{byOrigin, "http_referer|wp_get_referer(", nil},
	{byTongue, "http_accept_language in_array(|preg_match(|strpos(|==", nil},
	{byHour, "date(|current_time(|date_i18n(", hours},
	{byChance, "rand(|random_int(|shuffle(", chance},
	{byCheckout, "request_uri checkout|onepage|onestep", nil},
	{offLogin, "request_uri wp-login", nil},
	{onceOnly, "setcookie(", nil},
	{inTheEnd, "</head>|</body>|</html> replace(", nil},
}

// picks reads them from code in lower case.
func picks(low string) (p pick) {
	for _, s := range pickings {
		if says(low, s.says) && (s.fits == nil || s.fits.MatchString(low)) {
			p |= s.pick
		}
	}
	for _, m := range cookieName.FindAllStringSubmatch(low, 20) {
		if !agreed.MatchString(m[1]) {
			p |= byCookie
		}
	}
	return p
}

// says reports whether a text has all words of a list, or of each one of those
// with a | between; ~ is a space in one, and one in double quotes may stand in
// single ones.
func says(text, list string) bool {
	for all := range strings.FieldsSeq(list) {
		has := false
		for w := range strings.SplitSeq(all, "|") {
			w = strings.ReplaceAll(w, "~", " ")
			has = has || strings.Contains(text, w) || w[0] == '"' && strings.Contains(text, "'"+strings.Trim(w, `"`)+"'")
		}
		if !has {
			return false
		}
	}
	return true
}

func (p pick) has(all pick) bool { return p&all == all }

// count is how many ways of picking those are that have to do with who reads.
func (p pick) count() (n int) {
	for _, one := range []pick{byLogin | byNames, byCookie, byMemory, byDevice, byOrigin, byTongue, byHour, byChance} {
		if p&one != 0 {
			n++
		}
	}
	return n
}

// shown judges what a file has its visitors' browsers take from another host,
// by whom it picks for that and by what the file is otherwise.
func (m *machine) shown() {
	leads := m.leads()
	if len(leads) == 0 {
		return
	}
	declared := m.declared()
	for _, l := range leads {
		n := &node{pos: l.from, end: l.to}
		if l.masked {
			m.report("hidden-script", webshell.Malicious, moderate, "Where a script of the page comes from, or sends its visitors, is hidden.", n, value{})
			continue
		}
		round := m.round(l, declared)
		p := picks(round)
		what, rule := "Visitors are shown a script or frame of another host", "cloaked-script"
		if l.away {
			what, rule = "Visitors are sent to another host", "cloaked-redirect"
		}
		if l.sent && p&byMemory == 0 && !p.has(byNames|offLogin) && p.count() < 3 && !(p&onceOnly != 0 && p.count() >= 2) {
			continue // who opens soon, or speaks another language, does so too
		}
		switch {
		case !l.away && people.MatchString(round) && m.toldTitle(l):
			m.report(rule, webshell.Malicious, moderate, "Those who are no robots are shown a script of another host, which is told the title of the page.", n, value{})
		case p&byMemory != 0 && p&knownBots == 0:
			m.report(rule, webshell.Malicious, moderate, what+", each but once, for which their addresses are kept.", n, value{})
		case p&byNames != 0 && (p&(inTheEnd|offLogin) != 0 || p.count() >= 2):
			m.report(rule, webshell.Malicious, moderate, what+", but not those whom cookies tell to be logged in.", n, value{})
		case p.count() >= 3, !l.away && p&knownBots != 0 && p&(byLogin|byNames) != 0 && p.count() >= 2,
			p.has(byCookie | byOrigin), p.has(byCookie | byHour), p.has(byCookie | byLogin), p.has(byCookie | byCheckout),
			l.away && p&(byCookie|byChance) != 0 && p.count() >= 2:
			m.report(rule, webshell.Malicious, moderate, what+", picked by several signs such that those who would notice see nothing.", n, value{})
		case m.mute():
			m.report("stray-script", webshell.Malicious, moderate, "A file that shows nothing by itself shows a script or frame of another host.", n, value{})
		}
	}
}

var (
	people = regexp.MustCompile(`(?:!\s*|\bempty\(\s*)\$?(?:is_?)?(?:an?_?)?(?:search_?)?(?:bots?|robots?|crawlers?|spiders?)\b`)
	passes = regexp.MustCompile(`\bvar\s+\w+\s*=\s*["']([^"'<>]{8,120})["']`)
	titles = regexp.MustCompile(`<title>\s*([^<]{8,400})`)
)

// toldTitle says that a variable beside a script of another host has what the
// page's title starts with, as doorways pass on what their visitors searched for.
func (m *machine) toldTitle(l lead) bool {
	title := titles.FindStringSubmatch(m.text())
	if title == nil {
		return false
	}
	for _, t := range passes.FindAllStringSubmatch(lower(m.file.src[l.from:l.to]), 20) {
		if strings.HasPrefix(title[1], t[1]) {
			return true
		}
	}
	return false
}

// round is the code that decides on a lead, in lower case: the function round it
// with those of the file that it calls, or its statement and what stands before.
func (m *machine) round(l lead, declared map[string]*function) string {
	var in span
	for i, n := range m.list {
		if l.from < n.pos || max(n.end, n.pos+1) <= l.from {
			continue
		}
		in = span{n.pos, max(n.end, l.to)}
		switch n.op {
		case nFunc:
		case nClass:
			for _, f := range n.class.order {
				if int(f.hi) < len(f.toks) && f.pos <= l.from && l.from < f.toks[f.hi].end {
					in = span{f.pos, f.toks[f.hi].end}
				}
			}
		default:
			for k := i - 1; k >= max(0, i-4) && in.to-m.list[k].pos < maxRound/4; k-- {
				in.from = m.list[k].pos
			}
		}
	}
	if in.to-in.from > maxRound {
		return ""
	}
	text := lower(m.file.src[in.from:in.to])
	left := maxRound
	m.words(in, func(w string) {
		f := m.funcs[w]
		if f == nil {
			f = declared[w]
		}
		if f == nil || f.unit != m.file || int(f.hi) >= len(f.toks) || left <= 0 {
			return
		}
		if from, to := f.toks[f.lo].pos, f.toks[f.hi].pos; (from < in.from || from > in.to) && int(to-from) < left {
			left -= int(to - from)
			text += lower(m.file.src[from:to])
		}
	})
	return text
}

// declared are the functions that the file's statements declare, by name.
func (m *machine) declared() map[string]*function {
	all := map[string]*function{}
	for _, n := range m.list {
		if n.op == nFunc && all[n.fn.name] == nil {
			all[n.fn.name] = n.fn
		}
	}
	return all
}

// starts says that the file is one of those that only start a well-known program,
// which show nothing themselves.
func (m *machine) starts() bool {
	src := m.text()
	return len(src) < 16<<10 && (says(src, "wp_did_header /template-loader.php") || says(src, "/wp-blog-header.php wp_use_themes") ||
		says(src, "define(~'abspath' abspath~.~'wp-config.php'") || says(src, "'_jexec',~1 ->execute("))
}

// mute says that the file is one that shows nothing to anybody: the settings of
// WordPress, what starts a program, or texts and settings.
func (m *machine) mute() bool {
	src := m.text()
	switch path.Base(strings.ToLower(strings.ReplaceAll(m.path, `\`, "/"))) {
	case "wp-config.php":
		return strings.Contains(src, "db_password") && strings.Contains(src, "abspath")
	case "index.php":
		if m.small() && m.starts() {
			return true
		}
	}
	shows, sets := 0, 0
	for _, n := range m.list {
		switch {
		case n.op == nHTML && len(bytes.TrimSpace(m.file.src[n.pos:n.end])) == 0:
		case n.op == nEcho || n.op == nHTML || n.op == nExpr && n.a != nil && n.a.op == nPrint:
			shows++
		case n.op == nExpr && n.a != nil && n.a.op == nAssign && n.a.a.op == nIndex && n.a.b.op == nStr:
			sets++
		case n.op == nReturn:
		default:
			return false
		}
	}
	return shows == 1 && sets >= 5
}
