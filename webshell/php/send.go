package php

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"

	"limier/webshell"
)

// toWhoTyped says that a mail goes to whom the form that gave the password names:
// what reads one of its fields reads the other, or else sets both.
func (m *machine) toWhoTyped(c *call, to, body value) bool {
	if to.t&fromUndef != 0 && body.t&fromRequest == 0 {
		return true
	}
	tr := body.tr
	for tr != nil && tr.prev != nil {
		tr = tr.prev
	}
	if tr == nil || to.k != vUnknown || len(c.nodes) == 0 || c.nodes[0] == nil {
		return false
	}
	getter, _, ok := strings.Cut(tr.unit.code(tr.pos, tr.end), "(")
	return ok && len(getter) > 3 && strings.Contains(m.unit.code(c.nodes[0].pos, c.nodes[0].end), getter+"(")
}

// mail judges the calls that send mail.
func (m *machine) mail(c *call) {
	to, subject, msg := c.arg(0), c.arg(1), c.arg(2)
	if len(c.args) < 3 {
		return
	}
	mt, mtr := taintOf(msg)
	body := value{k: msg.k, s: msg.s, t: mt, tr: mtr}
	tt, _ := taintOf(to)
	st, _ := taintOf(subject)
	ht, _ := taintOf(c.arg(3))
	mailbox := tt == 0 && to.k == vStr && strings.Contains(to.s, "@")
	freely := func(v value, t taint) bool {
		return (t&(fromRequest|keyed) != 0 || t&(fromUndef|unsure) == fromUndef) && (v.k == vUnknown || v.k == vPart && (v.s == "" || strings.HasPrefix(v.s, "=?") || strings.HasPrefix(v.s, "--")) || v.k == vArr)
	}
	switch {
	case to.k == vStr && strings.Contains(to.s, "@") && tt&decoded != 0:
		verdict := webshell.Malicious
		if m.framed && m.standalone && mt&fromParam != 0 && mt&(hostile|fromUndef|secret|address|loot) == 0 && m.mentions("mailto:") { // support's, hidden from harvesters only
			verdict = webshell.Suspicious
		}
		m.report("hidden-recipient", verdict, moderate, "Mail is sent to an address that the file hides.", c.n, to)
	case mt&secret != 0 && m.toWhoTyped(c, to, body):
	case mt&secret != 0 && tt&fromRequest == 0 && (mt&address != 0 || m.isolated()):
		conf := moderate
		if mt&address != 0 {
			conf = high
		}
		m.report("mails-passwords", webshell.Malicious, conf, "Passwords from a form are mailed away.", c.n, body)
	case mt&secret != 0 && tt&fromRequest == 0 && !m.framed && m.small() && m.cards() && m.redirectsLater():
		m.report("mails-passwords", webshell.Malicious, moderate, "Numbers of cards are mailed away.", c.n, body)
	case mt&secret != 0 && mt&(unsure|checked) == 0 && (tt == 0 && to.k == vUnknown || mailbox) && m.gathers(mt):
		m.report("mails-passwords", webshell.Malicious, moderate, "Passwords from a form are mailed away by a file that does nothing else with them.", c.n, body)
	case m.facts.formLoop && mt&fromRequest != 0 && tt == 0 && to.exact() && strings.Contains(to.s, "@") && m.mentions("'cc_", "\"cc_", "'card", "\"card"):
		m.report("mails-passwords", webshell.Malicious, moderate, "Numbers of cards are mailed away.", c.n, body)
	case st&address != 0 && !m.framed && len(m.file.tokens) < maxHanded && m.mentions("$_files") && papers.MatchString(strings.ToLower(subject.s+" "+subject.tail())):
		m.report("mails-form", webshell.Malicious, moderate, "Pictures of identity papers are mailed away with the visitor's address.", c.n, subject)
	case mt&fromRequest != 0 && mt&address != 0 && tt&fromRequest == 0 && !m.framed && m.small() && m.redirectsLater() && looksUp.MatchString(m.text()):
		m.report("mails-form", webshell.Malicious, moderate, "What visitors type is mailed away with a link that finds out where they are, and they are sent on.", c.n, body)
	case mt&loot != 0 && mailbox:
		m.report("sends-settings", webshell.Malicious, moderate, "Settings that hold passwords are mailed away.", c.n, body)
	case mt&fromRequest != 0 && (mt|st)&address != 0 && mailbox && m.isolated() && m.small() && m.labels():
		m.report("mails-passwords", webshell.Malicious, moderate, "Passwords from a form are mailed away.", c.n, body)
	case mt&fromURI != 0 && mt&fromHeader != 0 && mt&address != 0 && tt == 0 && to.exact() && strings.Contains(to.s, "@") && m.isolated() && m.mentions("document_root") && m.mentions("script_filename", "__file__"):
		m.report("tells-where", webshell.Malicious, moderate, "The file tells an address where on the server it stands, and who asked for it.", c.n, body)
	case mailbox && ((mt|st)&card != 0 || mt&secret != 0 && m.framed && m.cards() || (mt|st)&wholeReq != 0 && m.takes && m.mentions(cardForm...)):
		m.report("mails-passwords", webshell.Malicious, moderate, "Numbers of cards are mailed away.", c.n, body)
	case mailbox && (mt|st)&secret != 0 && m.lettingIn():
		m.report("mails-passwords", webshell.Malicious, moderate, "Passwords from a form are mailed away.", c.n, body)
	case m.facts.issuer && (mt|st)&fromRequest != 0 && tt&fromRequest == 0 && !m.framed:
		m.report("mails-passwords", webshell.Malicious, moderate, cardSent, c.n, body)
	case tt&fromRequest == 0 && (mt|ht)&fromRequest != 0 && m.wards():
		m.report("mails-form", webshell.Malicious, moderate, "What visitors type is mailed away by a page that turns robots away.", c.n, body)
	case tt&fromRequest == 0 && (mt|ht)&fromRequest != 0 && (mt|st|ht)&address != 0 && m.small() && !m.framed && m.feigns():
		m.report("mails-form", webshell.Malicious, moderate, "What visitors type is mailed away with their address, and they are sent on with a session that is made up.", c.n, body)
	case freely(to, tt) && freely(msg, mt) && freely(subject, st) && !(tt&fromRequest == 0 && len(c.nodes) > 0 && c.nodes[0] != nil && c.nodes[0].op == nIndex): // a field of a row, by one that is not here
		m.note(doesMail, c.n, body)
		if m.isolated() && (tt&checked == 0 || m.facts.loops > 0) {
			v, conf := webshell.Malicious, moderate
			if m.facts.loops > 0 {
				conf = high
			}
			if mt&unsure != 0 || tt&unsure != 0 {
				conf = moderate
			}
			m.report("mailer", v, conf, "The request gives recipients, subject and text of the mails sent.", c.n, body)
		}
	case (mt&wholeReq != 0 || m.facts.formLoop && mt&fromRequest != 0) && mt&address != 0 && tt == 0 && to.exact() && m.isolated():
		verdict := webshell.Suspicious
		if m.leaves() || m.cards() {
			verdict = webshell.Malicious
		}
		m.report("mails-form", verdict, moderate, "All of a form is mailed away with the visitor's address.", c.n, body)
	}
}

// cardSent is said of what was typed, once it was asked who gave out the card of that
// number.
const cardSent = "What visitors type is sent away or kept by a page that asks which bank gave out the card of a number they typed."

const sentAway = "What visitors type as password, or of their cards, is sent to another host, and nobody looks at the answer."

// issuers are services that tell by the first digits of a card's number which bank
// gave it out, up to where those digits stand.
var issuers = regexp.MustCompile(`^https?://(?:[^/]*[/.])?(?:bin[-_]?(?:list|codes?|check(?:er)?|lookup|base|db|info|search)|bins)\b[^/]*/|^https?://[^/]+/(?:[^?]*/)?bins?/$|[?&]bin=$`)

// asksIssuer says that a URL asks such a service of a number that was typed.
func asksIssuer(u value) bool {
	return u.t&fromRequest != 0 && u.k == vPart && issuers.MatchString(strings.ToLower(u.s))
}

// looksUp is a link by which a reader finds out where a visitor is.
var looksUp = regexp.MustCompile(`https?://[\w./-]*(?:geoip|geobytes|iptool|ip-tracker|iplocation|ip-lookup|whatismyip|ip2location|db-ip|ipinfo|whatismyipaddress)[\w./-]*\?ip=["' .]*\$|https?://[\w./-]*(?:geoip|geobytes|iptool|ip-tracker|iplocation|ip-lookup|whatismyip|ip2location|db-ip|ipinfo|whatismyipaddress)[\w./?=-]*["']\s*\.`)

// papers are words for what proves who somebody is.
var papers = regexp.MustCompile(`\b(?:id[ _-]?cards?|identity|passport|selfie|driver'?s?[ _-]licen[sc]e|kyc)\b`)

// maxHanded bounds the files that hand on what visitors type, in tokens.
const maxHanded = 3000

// handed judges text that is handed to a function of another file whose answer
// nothing asks for, before the visitor is sent on: its name says nothing, but
// what a site takes for itself it keeps field by field, and without his address.
func (m *machine) handed(c *call) {
	left := slices.ContainsFunc(c.args, func(a value) bool { return a.k == vUnknown && a.t&fromUndef != 0 }) // to what includes this file
	if m.includes == 0 && !left || m.framed || len(m.file.tokens) > maxHanded || !m.ignored(c.n) || !m.redirectsLater() {
		return
	}
	for _, a := range c.args {
		if a.k == vPart && a.t&fromRequest != 0 && (a.t&address != 0 && (a.t&secret != 0 || m.labels()) || a.t&card != 0) {
			m.report("hands-on-passwords", webshell.Malicious, moderate, "What visitors type as password, or of their cards, is put in one text and handed to another file before they are sent on.", c.n, a)
			return
		}
	}
}

// labels says that a text of the file ends by asking for what follows to be a
// password or the like.
func (m *machine) labels() bool {
	for _, t := range m.file.tokens {
		if t.kind != tStr && t.kind != tTpl {
			continue
		}
		raw := lower(m.file.src[t.pos:t.end])
		if !strings.ContainsAny(raw, ":=>") {
			continue
		}
		for n := 0; n < maxLabels; n++ { // of a template each part before a variable
			part, rest, more := strings.Cut(raw, "$")
			if t.kind == tStr {
				part, more = raw, false
			}
			if m.label(strings.TrimRight(part, "\"' `*{:=>-|")) {
				return true
			}
			if raw = rest; !more {
				break
			}
		}
	}
	return false
}

// maxLabels bounds the variables of one text.
const maxLabels = 50

// label says that a text ends in a word for a password or the like.
func (m *machine) label(s string) bool {
	return endsIn(s, labels...) || endsIn(s, "pin", "card number", "otp code", "2fa code", "sms code") ||
		strings.HasSuffix(s, "sms") && m.redirectsLater() // gateways of messages answer programs
}

// sent judges data that leaves through a connection.
func (m *machine) sent(c *call, d value) {
	if m.facts.udp && m.facts.loops > 0 && m.isolated() {
		m.report("flooder", webshell.Malicious, moderate, "A host that the request names is sent packet after packet.", c.n, d)
	}
	if m.facts.dialled && m.facts.loops > 0 && m.facts.volley == nil {
		m.facts.volley = c.n
	}
	t, tr := taintOf(d)
	if d.k == vUnknown && t&(fromRequest|checked) == fromRequest {
		m.facts.passes = true
	}
	if strings.HasPrefix(strings.ToLower(d.s), "rcpt to:") && t&fromRequest != 0 && t&checked == 0 && m.does(doesSocket) && m.isolated() {
		m.report("mailer", webshell.Malicious, moderate, "The request says through which server mail is sent, and to whom.", c.n, d)
	}
	if t&loot != 0 {
		m.report("sends-settings", webshell.Malicious, moderate, "Settings that hold passwords, or users with theirs, are sent to another host.", c.n, value{t: t, tr: tr})
	}
	if h, ok := c.arg(0).ref.(*handle); ok && m.takes && t&(secret|card) != 0 && h.path.k == vStr && strings.Contains(h.path.s, ".") && !strings.Contains(h.path.s, "127.0") && !webshell.WellKnown(h.path.s) {
		m.facts.told = &node{pos: c.n.pos, end: c.n.end}
	}
	if t&secret != 0 && t&unsure == 0 && m.isolated() && (t&address != 0 || t&wrapped != 0 && t&fromRequest != 0) { // protocols of mail have passwords encoded
		m.report("sends-passwords", webshell.Malicious, moderate, "Passwords from a form are sent to another host.", c.n, value{t: t, tr: tr})
	}
}

// noteSent looks at a request that curl makes.
func (m *machine) noteSent(c *call, o *object) {
	u, d := value{}, value{}
	if s := o.props["url"]; s != nil {
		u = s.v
	}
	if s := o.props["data"]; s != nil {
		d = s.v
	}
	if loginPage(u.tail()) && u.t&hostile != 0 && m.facts.loops >= 2 {
		m.report("password-cracker", webshell.Malicious, moderate, "Names and passwords are tried on sites that "+describe(u.t)+" lists, one after another.", c.n, u)
	}
	if o.props["method"] != nil && u.k == vUnknown && m.chosen(u) && d.t&fromRequest != 0 && m.isolated() && m.small() {
		m.report("proxy", webshell.Malicious, moderate, "What the client sends is passed on to any host that it names.", c.n, u)
	}
	m.fetched(c.n, u, d)
}

// logsIn says that the file lets users of a program in.
func (m *machine) logsIn() bool {
	return m.mentions("wp_signon(", "wp_authenticate(", "->login(", "wp_check_password(", "->authenticate(")
}

// ignored says that a call is a statement, at most maxRound behind the last:
// nothing asks what it gives.
func (m *machine) ignored(n *node) bool {
	end := min(int(n.pos), len(m.unit.src))
	before := bytes.TrimRight(m.unit.src[max(0, end-maxRound):end], "@ \t\r\n")
	return len(before) > 0 && bytes.IndexByte([]byte(";{})"), before[len(before)-1]) >= 0
}

// loginPage says that a URL is where a well-known program is logged in to.
func loginPage(url string) bool {
	return strings.HasSuffix(url, "wp-login.php") || strings.HasSuffix(url, "xmlrpc.php") || strings.HasSuffix(url, "administrator/index.php")
}

// fetched judges a request to another host: what it carries and where it goes.
func (m *machine) fetched(n *node, u, d value) {
	t, tr := taintOf(d)
	t |= u.t
	host := strings.ToLower(u.s)
	if strings.Contains(host, "/ping?sitemap=") && m.facts.echoed.t&fromRemote != 0 && !m.framed && m.small() {
		m.report("announces-pages", webshell.Malicious, moderate, "Search engines are told of pages that another host, or the request, makes up.", n, u)
	}
	if strings.Contains(host, "api.telegram.org") || strings.Contains(host, "discord.com/api/webhooks") || strings.Contains(host, "discordapp.com/api/webhooks") || strings.Contains(host, "hooks.slack.com/") {
		if t&(secret|card) != 0 || t&fromRequest != 0 && (t&address != 0 || !m.framed && m.labels() || m.wards() || !m.framed && m.small() && m.leaves() && m.mentions("wallet", "metamask", "mnemonic", "seed phrase")) {
			m.report("sends-passwords", webshell.Malicious, high, "Form data is sent to a chat service.", n, value{t: t, tr: firstTrace(tr, u.tr)})
		}
		if t&address != 0 && t&(fromRequest|fromParam) == 0 && m.guardsVisits() {
			m.report("reports-visitors", webshell.Malicious, moderate, "Who comes is reported to a chat service by a page that turns robots away.", n, value{t: t, tr: firstTrace(tr, u.tr)})
		}
		if t&loot != 0 {
			m.report("sends-settings", webshell.Malicious, high, "Settings that hold passwords, or users, are sent to a chat service.", n, value{t: t, tr: firstTrace(tr, u.tr)})
		}
		return
	}
	if t&loot != 0 && u.t&fromRequest == 0 && remoteURL(host) && wholeHost(host) {
		m.report("sends-settings", webshell.Malicious, moderate, "Settings that hold passwords, or users with theirs, are sent to another host.", n, value{t: t, tr: firstTrace(tr, u.tr)})
	}
	if m.takes && (t&(secret|card) != 0 || t&wholeReq != 0 && (t&wrapped != 0 && m.mentions("checkout", "cc_number", "onepage", "billing") || m.looksFor())) && remoteURL(host) && wholeHost(host) && !webshell.WellKnown(hostOf(host)) && m.ignored(n) {
		m.report("sends-passwords", webshell.Malicious, moderate, sentAway, n, value{t: t, tr: firstTrace(tr, u.tr)})
		return
	}
	if t&fromRequest != 0 && t&wrapped != 0 && u.t&decoded != 0 && u.t&fromRequest == 0 && remoteURL(host) {
		m.report("sends-requests", webshell.Malicious, moderate, "What visitors send is passed on, encoded, to a host that is hidden.", n, value{t: t, tr: firstTrace(tr, u.tr)})
	}
	if t&secret != 0 && t&unsure == 0 && t&address != 0 && m.isolated() && u.t&fromRequest == 0 {
		verdict := webshell.Malicious
		if m.module() && t&wrapped == 0 && u.t&decoded == 0 {
			verdict = webshell.Suspicious
		}
		m.report("sends-passwords", verdict, moderate, "Passwords from a form are sent to another host.", n, value{t: t, tr: firstTrace(tr, u.tr)})
	}
	if t&secret != 0 && t&(unsure|checked) == 0 && (u.k == vUnknown || remoteURL(host) && wholeHost(host) && !webshell.WellKnown(hostOf(host))) && m.gathers(t) {
		m.report("sends-passwords", webshell.Malicious, moderate, "Passwords from a form are sent to another host by a file that does nothing else with them.", n, value{t: t, tr: firstTrace(tr, u.tr)})
		return
	}
	if t&fromRequest != 0 && t&unsure == 0 && u.t&fromRequest == 0 && remoteURL(host) && m.isolated() && t&wrapped != 0 && (t&wholeReq != 0 || m.cards()) ||
		t&secret != 0 && t&fromRequest != 0 && !m.framed && remoteURL(host) && (t&wrapped != 0 || u.t&decoded != 0) ||
		t&secret != 0 && t&wrapped != 0 && remoteURL(host) && wholeHost(host) && (m.cards() || t&fromRequest != 0) {
		m.report("sends-passwords", webshell.Malicious, moderate, "Form data is sent to another host, encoded or to a host that is hidden.", n, value{t: t, tr: firstTrace(tr, u.tr)})
	}
	if u.t&fromRequest != 0 && u.k == vUnknown {
		m.note(doesSocket, n, u)
	}
}

// module says that a method is run that nothing in the file calls: a part of a
// program, such as one that takes payments.
func (m *machine) module() bool { return m.standalone && m.f.class != nil }

// cards says that the file has to do with the numbers of cards.
func (m *machine) cards() bool {
	return m.mentions("cc_number", "ccnum", "cardnum", "card_num", "card-num", "cvv", "cvc", "4[0-9]{12}", "5[1-5][0-9]")
}

// output judges what is shown to the visitor.
func (m *machine) output(n *node, v value) {
	t, _ := taintOf(v)
	m.print(v)
	if m.facts.cloak > 0 && m.unwatched() && len(v.s) > 30 && len(v.s) < 4096 && sendsAway(strings.ToLower(v.s+v.tail())) {
		m.report("cloaked-redirect", webshell.Malicious, moderate, "Some visitors are sent to another host, by browser or referrer.", n, v)
	}
	if m.facts.lured > 0 && v.k == vStr && len(v.s) < 4096 && !m.framed && takesForeign(strings.ToLower(v.s)) {
		m.report("cloaked-script", webshell.Malicious, moderate, "A script of another host is put into the page for those who come from a search engine.", n, v)
	}
	if m.facts.searched > 0 && v.k == vStr && len(v.s) < 4096 && linksElsewhere(strings.ToLower(v.s)) {
		m.report("cloaked-content", webshell.Malicious, moderate, "Links to other hosts are shown to search engines only.", n, v)
	}
	m.forRobots(n, v)
	if t&(fromRequest|fromRemote) != 0 {
		m.facts.echoed = join(m.facts.echoed, value{t: t, tr: v.tr})
	}
	if t&(decoded|hidden) != 0 && v.k == vStr && len(v.s) < 4096 && !m.framed && loadsScript(v.s) && !m.spelt(v) {
		m.report("hidden-script", webshell.Malicious, moderate, "Where a script of the page comes from, or sends its visitors, is hidden.", n, v)
	}
	m.conceals(n, v)
	if m.pours || t&shady != 0 {
		m.poured(n, v, t)
	}
	if t&fromDB != 0 && m.facts.searched > 0 && m.unwatched() && linksTo(strings.ToLower(v.s+" "+v.tail())) {
		m.report("cloaked-content", webshell.Malicious, moderate, "Links of the database are shown to search engines only.", n, v)
	}
	if t&fromFile != 0 && t&fromOddFile != 0 && m.facts.searched > 0 && t&fromRemote == 0 {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown a file in place of the page.", n, v)
	}
	if t&fromFile != 0 && m.facts.searched > 0 && m.unwatched() && !m.mentions("403", "forbidden") {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown a file in place of the page.", n, v)
	}
	if m.keepsRemote(t) && m.offScreen(n) {
		t |= fromRemote
	}
	if t&fromRemote == 0 {
		return
	}
	if t&(fromRequest|fromParam|fromHeader|checked) == 0 && v.k == vUnknown && !m.framed && m.behindPage(n) {
		m.report("stray-content", webshell.Malicious, moderate, "What another host gives is shown as it comes behind the end of the page.", n, v)
	}
	if t&tailored != 0 && m.unwatched() {
		m.report("doorway", webshell.Malicious, moderate, "Another host is told which page of this one is asked for, and what it answers is shown.", n, v)
	}
	if (hidesText(v.s) || m.offScreen(n)) && t&fromParam == 0 && t&fromRequest == 0 {
		m.report("hidden-links", webshell.Malicious, moderate, "Content of another host is put where no visitor sees it.", n, v)
	}
	if t&fromRequest != 0 && t&fromHeader == 0 {
		return
	}
	switch {
	case m.facts.cloak > 0 && t&checked == 0:
		m.report("cloaked-content", webshell.Malicious, moderate, "Content of another host is shown to some visitors only, by browser or referrer.", n, v)
	case m.facts.placed > 0 && t&(checked|placed) == 0 && m.unwatched() && m.alone(v):
		m.report("cloaked-content", webshell.Malicious, moderate, "Content of another host is shown, as it comes, in some countries only.", n, v)
	case t&decoded != 0 && (t&unsure == 0 || t&shady != 0 && m.alone(v)):
		verdict := webshell.Suspicious
		if t&shady != 0 && m.alone(v) {
			verdict = webshell.Malicious
		}
		m.report("hidden-content", verdict, moderate, "Content of another host, whose name is hidden, is shown.", n, v)
	}
	if !m.alarmed() {
		m.fed(n, v, t)
	}
}

// forRobots sees a script or frame of another host that search engines alone are shown.
func (m *machine) forRobots(n *node, v value) {
	if m.facts.named == 0 || m.framed || v.k != vStr || len(v.s) > 4096 {
		return
	}
	if host, away := foreign(strings.ToLower(v.s)); host != "" && !away {
		m.report("cloaked-script", webshell.Malicious, moderate, "A script or frame of another host is put into the page for search engines only.", n, v)
	}
}

// spelt says that the host from which HTML takes a script stands in the file.
func (m *machine) spelt(v value) bool {
	host, _ := foreign(strings.ToLower(v.s))
	return host != "" && strings.Contains(m.text(), host)
}

// conceals sees that a page is given something of another host that the file
// does not name in plain.
func (m *machine) conceals(n *node, v value) {
	t, _ := taintOf(v)
	pieced := t&(decoded|hidden) == 0
	if v.k != vStr && v.k != vPart || t&(fromRequest|fromDB|fromParam) != 0 || len(v.s)+len(v.tail()) > 4096 {
		return
	}
	for _, s := range [2]string{v.s, v.tail()} {
		if !strings.Contains(s, "//") && !strings.Contains(s, "%") {
			continue
		}
		if host, _ := foreign(strings.ToLower(s)); host != "" && !strings.Contains(m.text(), host) && (!pieced || strings.Contains(s, host+"/") && m.unwritten(host)) {
			m.report("hidden-script", webshell.Malicious, moderate, "Where a script of the page comes from, or sends its visitors, is hidden.", n, v)
			return
		}
	}
}

// unwritten says that what the owner of a host chose of its name stands nowhere in the
// file as one word: whoever reads it does not learn where it leads.
func (m *machine) unwritten(host string) bool {
	own := webshell.OwnName(host)
	return len(own) > 3 && len(m.file.src) < maxRound*8 && m.evals == 0 && !strings.Contains(m.text(), own)
}

// veiledHost says that a URL whose start the file itself spells has such a host.
func (m *machine) veiledHost(v value, url string) bool {
	if v.k == vStr {
		url += "/"
	}
	return v.k <= vPart && remoteURL(url) && wholeHost(url) && m.unwritten(hostOf(url))
}

// alone says that what another host answered is shown as it came, by code that
// is no function of a program.
func (m *machine) alone(v value) bool {
	return v.k == vUnknown && (m.f == m.globals || m.f.class == nil && says(owned(m.file.src), pageHooks)) && !m.framed && m.facts.loops == 0
}

// loadsScript says that HTML takes a script from another host, or leads there.
func loadsScript(s string) bool {
	if strings.Contains(s, "&#") {
		s = html.UnescapeString(s)
	}
	if !strings.Contains(s, "<") {
		return false
	}
	low := strings.ToLower(s)
	if !strings.Contains(low, "//") {
		return false
	}
	return strings.Contains(low, "<script") && (strings.Contains(low, "src=") || strings.Contains(low, "createelement") && strings.Contains(low, ".src") || packsItself(low)) || sendsAway(low)
}

// packsItself says that a script evaluates text that it unpacks first.
func packsItself(low string) bool {
	return strings.Contains(low, "eval(function(p,a,c,k,e") || strings.Contains(low, "eval(unescape(") || strings.Contains(low, "write(unescape(") || strings.Contains(low, "eval(string.fromcharcode(")
}

// linksTo says that HTML links somewhere.
func linksTo(low string) bool {
	_, link, ok := strings.Cut(low, "<a ")
	return ok && strings.Contains(link, "href")
}

// answer judges a whole page that a plugin puts in the place of the program's.
func (m *machine) answer(n *node, v value) {
	if t, _ := taintOf(v); t&fromDB != 0 && m.facts.searched > 0 {
		m.report("cloaked-content", webshell.Malicious, moderate, "Links of the database are shown to search engines only.", n, v)
	}
	m.output(n, v)
}

// lastTag is an element that opens right before code.
var lastTag = regexp.MustCompile(`<(?:div|span|p|font|ul|section|center|td|b|i|u)\b[^<>]*>\s*(?:<\?(?:php|=)?\s*)?$`)

// offScreen says that what is printed at n stands in an element that keeps it
// out of sight.
func (m *machine) offScreen(n *node) bool {
	end := min(int(n.pos), len(m.unit.src))
	tag := lastTag.Find(m.unit.src[max(0, end-300):end])
	return tag != nil && hidesText(string(tag))
}

// What stands behind so many blanks of its line is out of sight in any editor, and
// maxLine is how far back the line is read.
const (
	outOfSight = 100
	maxLine    = 2000
)

var margin = bytes.Repeat([]byte(" "), outOfSight)

// pushed says that blanks push the code at n out of sight.
func (m *machine) pushed(n *node) bool {
	if n == nil || m.unit != m.file {
		return false
	}
	end := min(int(n.pos), len(m.unit.src))
	line := m.unit.src[max(0, end-maxLine):end]
	return bytes.Contains(line[bytes.LastIndexByte(line, '\n')+1:], margin)
}

// linksElsewhere says that HTML links to another host.
func linksElsewhere(low string) bool {
	_, link, ok := strings.Cut(low, "<a ")
	return ok && strings.Contains(link, "href") && strings.Contains(link, "://")
}

// takesForeign says that HTML in lower case takes a script from another host,
// whose name it has.
func takesForeign(low string) bool {
	_, tag, ok := strings.Cut(low, "<script")
	tag, _, _ = strings.Cut(tag, ">")
	_, src, found := strings.Cut(tag, "src=")
	src = strings.TrimLeft(src, "\"' ")
	return ok && found && (strings.HasPrefix(src, "//") || remoteURL(src))
}

// cloaked judges what a function gives back to the page for search engines only.
func (m *machine) cloaked(n *node, v value) {
	if m.facts.lured > 0 && len(v.s)+len(v.tail()) < 4096 && !m.framed && takesForeign(strings.ToLower(v.s+v.tail())) {
		m.report("cloaked-script", webshell.Malicious, moderate, "A script of another host is put into the page for those who come from a search engine.", n, v)
	}
	if m.facts.searched > 0 && v.t&decoded != 0 && v.t&(fromDB|fromFile) != 0 && v.t&fromRequest == 0 && !m.framed {
		m.report("cloaked-content", webshell.Malicious, moderate, "Content that the site hides is shown to search engines only.", n, v)
	}
	if m.facts.botted > 0 && v.t&fromRemote != 0 && v.t&(fromRequest|fromParam|fromHeader|checked) == 0 && v.k == vUnknown && m.isolated() && m.f.class == nil {
		m.report("cloaked-content", webshell.Malicious, moderate, "Content of another host is shown to some visitors only, by browser or referrer.", n, v)
	}
}

// hidesText says that HTML keeps what follows it out of sight.
func hidesText(s string) bool {
	if len(s) < 10 || len(s) > 4096 {
		return false
	}
	low := strings.ReplaceAll(strings.ToLower(s), " ", "")
	for _, w := range []string{"left:-", "top:-", "display:none", "height:1px", "font-size:0", "font-size:1px", "text-indent:-", "height:0;overflow:hidden", "height:0px;overflow:hidden", "overflow:hidden;height:0", "opacity:0;", "visibility:hidden"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// sendsAway says that HTML takes its reader to another host at once.
func sendsAway(low string) bool {
	if !strings.Contains(low, "http://") && !strings.Contains(low, "https://") {
		return false
	}
	return strings.Contains(low, "<script") && (strings.Contains(low, "location=") || strings.Contains(low, "location.href") || strings.Contains(low, "location.replace")) ||
		strings.Contains(low, "http-equiv") && strings.Contains(low, "refresh")
}

// header judges redirects.
func (m *machine) header(c *call) {
	m.redirected(c, c.arg(0))
}

func (m *machine) redirected(c *call, v value) {
	low := strings.ToLower(v.s)
	target, ok := strings.CutPrefix(low, "location:")
	if _, url, later := strings.Cut(low, "url="); strings.HasPrefix(low, "refresh:") && later {
		target, ok = url, true
	}
	if !ok {
		return
	}
	m.facts.redirects = true
	target = strings.TrimSpace(target)
	switch {
	case m.veiledHost(v, target):
		m.report("hidden-redirect", webshell.Malicious, moderate, "The target of a redirect is hidden.", c.n, v)
	case remoteURL(target) && v.t&decoded != 0 && (v.t&fromRequest == 0 || wholeHost(target) || m.isolated()): // of a program, the request hides nothing from who sends it
		m.report("hidden-redirect", webshell.Malicious, moderate, "The target of a redirect is hidden.", c.n, v)
	case remoteURL(target) && m.facts.cloak > 0 && (v.k == vStr && (m.facts.searched > 0 || m.mentions("http_referer")) || v.k == vPart && m.facts.searched > 0 && wholeHost(target)) && m.unwatched():
		m.report("cloaked-redirect", webshell.Malicious, moderate, "Some visitors are sent to another host, by browser or referrer.", c.n, v)
	case remoteURL(target) && v.k == vPart && v.t&fromRequest != 0 && wholeHost(target) && m.small() && m.mentions("remote_addr") && m.wards():
		m.report("cloaked-redirect", webshell.Malicious, moderate, "Visitors are sent to another host by a page that turns robots away.", c.n, v)
	case v.t&fromRemote != 0:
		m.report("remote-redirect", webshell.Malicious, moderate, "A remote server says where visitors are sent.", c.n, v)
	}
}

// wholeHost says that the start of a URL has all of its host.
func wholeHost(url string) bool { return len(hostOf(url)) > 3 }

// hostOf is the host of a URL whose start has all of it.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "//")
	return rest[:max(0, strings.IndexAny(rest, "/?"))]
}

// leaves says that the file sends its visitors to another host in the end.
func (m *machine) leaves() bool {
	s := m.text()[:min(len(m.file.src), 1<<16)]
	for at := 0; ; {
		i := strings.Index(s[at:], "location:")
		if i < 0 {
			return false
		}
		at += i + 9
		if t := strings.TrimLeft(s[at:], " "); strings.HasPrefix(t, "http://") || strings.HasPrefix(t, "https://") {
			return true
		}
	}
}

// redirectsLater says that the file sends its visitors elsewhere after taking
// a form, as phishing kits do.
func (m *machine) redirectsLater() bool {
	s := m.text()[:min(len(m.file.src), 1<<16)]
	return strings.Contains(s, "location:") || strings.Contains(s, "location.href") || strings.Contains(s, "location.replace(") || strings.Contains(s, "http-equiv")
}
