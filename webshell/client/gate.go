package client

import (
	"bytes"
	"math/bits"
	"net/url"
	"regexp"
	"strings"

	"limier/webshell"
)

var (
	robots = regexp.MustCompile(`bot|crawl|spider|slurp|lighthouse|headless`)
	phones = regexp.MustCompile(`^(?:m|mobile?|wap|touch|amp|app)\.`) // hosts of the same site
)

// ofMembers reports whether a text names what only those who are logged in have.
func ofMembers(s string) bool {
	for _, w := range []string{"wpadminbar", "admin-bar", "logged-in", "logged_in", "wp-admin", "wp-login", "wp-settings"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// gates are the signs of short scripts that pick their visitors, or do what few
// pages do.
var (
	gates = newSigns("bot|", "|bot", "/bot", "lebot", `"bot"`, "'bot'", "crawl", "spider", "wpadminbar", "admin-bar", "logged", "wp-admin", "wp-login", "cookie", "storage", "referrer", "useragent",
		"payment", "checkout", "user-new.php", "upload-plugin", "upload-theme", "-editor.php", "v2/users", "xmlrpc", "eth_sendtransaction", "bc1", "{40}", "a-km-z", "setdata",
		"requestpermission", "getutc", "getdate(", "getmonth(", "getfullyear", "date.now", "pdate", "outdated", ".zip", ".exe", ".msi", ".apk", ".dmg", "btoa(", "curl", "wget", "cmd", "bash", "eventsource", "no-cors", ".action", "prototype.send", "window.fetch", "stylesheet")
	robot    = gates.of("bot|", "|bot", "/bot", "lebot", `"bot"`, "'bot'", "crawl", "spider")
	member   = gates.of("wpadminbar", "admin-bar", "logged", "wp-admin", "wp-login")
	kept     = gates.of("cookie", "storage")
	asks     = gates.of("referrer", "useragent")
	pays     = gates.of("payment", "checkout")
	reaches  = gates.of("user-new.php", "upload-plugin", "upload-theme", "-editor.php", "v2/users", "xmlrpc", "eth_sendtransaction", "bc1", "{40}", "a-km-z", "setdata", "no-cors")
	dates    = gates.of("getutc", "getdate(", "getmonth(", "getfullyear", "date.now")
	old      = gates.of("pdate", "outdated")
	programs = gates.of(".zip", ".exe", ".msi", ".apk", ".dmg")
	commands = gates.of("curl", "wget", "cmd", "bash")
)

// cloaks says that signs pick visitors by what they are and by whether they have
// been there.
func cloaks(held uint64) bool {
	return held&kept != 0 && held&(robot|member) != 0
}

// gated is a quick look for such signs; words are those of telling.
func gated(words uint64, data []byte) bool {
	held := gates.in(data)
	has := func(m uint64) bool { return held&m != 0 }
	switch {
	case has(reaches), has(robot) && has(kept|member), has(member) && has(kept|asks):
		return true
	case has(gates.of("requestpermission")) && words&brings != 0, has(dates) && words&brings != 0 && bytes.Contains(data, []byte("//")), has(kept) && (words&of("window.open(") != 0 || bytes.Contains(data, []byte(".click()"))) && namesHost(data):
		return true
	case has(gates.of(".action")) && has(pays), has(old) && has(programs), has(gates.of("btoa(")) && (has(asks) || words&sends != 0 && namesHost(data)), has(gates.of("eventsource")) && words&reads != 0:
		return true
	case has(gates.of("prototype.send", "window.fetch")) && words&sends != 0 && namesHost(data), has(gates.of("stylesheet")) && words&reads != 0 && namesHost(data):
		return true
	case has(gates.of("referrer")) && words&brings != 0 && namesHost(data):
		return true
	case has(commands) && words&of("clipboard", "execcommand") != 0, has(gates.of("cookie")) && words&sends != 0 && namesHost(data):
		return true
	}
	return words&reads != 0 && words&sends != 0 && words&(texts|decoders) != 0
}

// A choice is something that happens to some visitors only.
type choice struct {
	url   value
	does  string
	under mark
	at    int
	bare  bool // a script alone, as counters are loaded
}

// sendsOn is what a script does that leads its visitors away.
const sendsOn = "sends visitors to another host"

// maxChoices bounds the choices that are remembered.
const maxChoices = 100

// picks notes what a host that the file names in plain does to those visitors
// who were picked.
func (r *runner) picks(url value, does string, bare bool) {
	if r.under&(byRobot|byMember|fromKept|fromReferrer|byAnyClick) != 0 && len(r.choices) < maxChoices {
		r.choices = append(r.choices, choice{url, does, r.under, r.at, bare})
	}
}

// chosen judges such choices: who counts or advertises leaves out robots, or
// those who have seen it; who hides also leaves out those who could find it, or
// takes once wherever the visitor clicks for an answer.
func (r *runner) chosen() {
	for _, c := range r.choices {
		by := c.under & (byRobot | byMember | fromReferrer | byAnyClick)
		if r.keeps { // else nothing tells the next visit from the first
			by |= c.under & fromKept
		}
		if by&byAnyClick != 0 && (by&(fromKept|fromReferrer) == 0 || c.url.k != text || c.bare) {
			by &^= byAnyClick
		}
		apart := c.does == sendsOn && c.under&(byMember|fromKept) == byMember|fromKept // by the cookies of those who look after the site
		if n := bits.OnesCount32(uint32(by)); !apart && (n < 2 || n == 2 && by&(byMember|byAnyClick) == 0 && (c.bare || by&byRobot == 0)) {
			continue
		}
		if c.url.k == unknown || r.foreign(hostOf(landing(c.url.s))) {
			r.at = c.at
			r.tell(webshell.Malicious, "cloaked-script", "A script "+c.does+", hidden from robots, from those who look after the site or from who has seen it.", c.url)
		}
	}
	r.choices = nil
}

// passing are pages of services that send whoever opens them on to the address that
// stands in the query.
var passing = regexp.MustCompile(`^https?://(?:www\.google\.com/url|www\.youtube\.com/redirect|l\.facebook\.com/l\.php)\?`)

// landing is where an address leads in the end.
func landing(address string) string {
	m := passing.FindStringIndex(address)
	if m == nil {
		return address
	}
	query, _ := url.ParseQuery(address[m[1]:]) // as far as it goes
	for _, name := range []string{"url", "q", "u"} {
		if to := query.Get(name); strings.HasPrefix(to, "http") {
			return to
		}
	}
	return address
}

// placed is an element that becomes part of another.
func (r *runner) placed(in, e value) {
	if !e.is("element") || !in.is("element") {
		return
	}
	if v, ok := e.o.props["value"]; ok {
		in.o.set("\x00typed", some(v, in.o.props["\x00typed"]))
	}
}

// submitted is a form that a script sends; one that leads the visitor away hides
// nothing from him.
func (r *runner) submitted(form value) {
	if target := form.o.props["target"]; target.k == text && strings.HasPrefix(target.s, "_") || target.k == unknown {
		return
	}
	r.send(blind, form.o.props["action"], form.o.props["\x00typed"], nil)
}
