package client

import (
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"limier/internal/literal"
	"limier/internal/script"
	"limier/webshell"
)

var (
	cardName      = regexp.MustCompile(`cc_|cc-|ccnum|credit[_-]?card|card[_-]?(?:na|nu|no|ho|ow|ty|mo|ye|da|ex|va|cod|cv|cs|n?$)|["'=]card|cvv|cvc|_cid|expir`)
	passwordName  = regexp.MustCompile(`pass(?:wor[dt]|wd|code|phrase)?(?:$|[^a-z])|pwd`)
	payForm       = regexp.MustCompile(`checkout|payment`)
	anyField      = regexp.MustCompile(`^\s*(?:form|:?input|select|textarea|\*)\s*(?:$|[,: ])`)
	checkout      = regexp.MustCompile(`checkout|onepage|onestep|payment|billing`)
	passwordField = literal.New([]string{`type="password`, `type='password`, `type=password`})
	manyDigits    = regexp.MustCompile(`(?:\\d|0-9\])\{1[2-6](?:,\d*)?\}`) // finds numbers of cards
	jsonp         = regexp.MustCompile(`(?i)(?:callback|jsonp|cb)=`)
)

// maxSelector is how much of what an element was asked for by is read, in bytes.
const maxSelector = 500

// perName is how many bytes of an element's name are looked at for one step.
const perName = 4

// fieldMark is what reading the value of an element tells, by what it and those
// around it were asked for.
func (r *runner) fieldMark(v value) mark {
	m := fromField | v.from
	pays, any := false, false
	for n := 0; v.k == ref && n < 8; v, n = v.o.this, n+1 {
		asked := v.o.props["\x00which"].s
		asked = strings.ToLower(asked[:min(len(asked), maxSelector)])
		for _, s := range [2]string{asked, strings.ToLower(v.o.name)} {
			if s == "" {
				continue
			}
			m |= r.named(s)
			pays, any = pays || payForm.MatchString(s), any || strings.Contains(s, "input")
		}
		if anyField.MatchString(asked) && (v.o.name != "querySelector" || strings.HasPrefix(asked, "form")) || v.o.name == "elements" || v.o.name == "forms" || v.o.name == "event" && v.o.this.k == ref && (v.o.this.is("window") || v.o.this.o.name == "document" || v.o.this.o.name == "body") {
			m |= fromAll
		}
	}
	if pays && any {
		m |= fromCard
	}
	return m
}

// formMark is what reading all of a form tells.
func (r *runner) formMark(v value) mark {
	m := r.fieldMark(v) | fromAll
	if belongs(v, payForm) {
		m |= fromCard
	}
	return m
}

// named is what the name of a field tells of what is typed into it.
func (r *runner) named(name string) mark {
	name = strings.ToLower(name[:min(len(name), maxSelector)])
	r.left -= len(name) / perName
	m, known := r.names[name]
	if known {
		return m
	}
	if cardName.MatchString(name) {
		m |= fromCard
	}
	if passwordName.MatchString(name) || slices.ContainsFunc(r.page.inputs, func(input string) bool { return holdsWord(name, input) }) {
		m |= fromPassword
	}
	if r.names == nil {
		r.names = map[string]mark{}
	}
	r.names[name] = m
	return m
}

// belongs reports whether what an element or one round it was asked for says so.
func belongs(v value, to *regexp.Regexp) bool {
	for n := 0; v.k == ref && n < 8; v, n = v.o.this, n+1 {
		asked := v.o.props["\x00which"].s
		if to.MatchString(strings.ToLower(asked[:min(len(asked), maxSelector)])) || to.MatchString(strings.ToLower(v.o.name)) {
			return true
		}
	}
	return false
}

// checkoutMark tells that an element belongs to a shop's last pages.
func checkoutMark(v value) mark {
	if belongs(v, checkout) {
		return atCheckout
	}
	return 0
}

// payingMark tells that what is listened to belongs to those.
func payingMark(v value) mark {
	if checkoutMark(v) != 0 {
		return ofPaying
	}
	return 0
}

// target is what a handler is called with: the element, or one of those that
// jQuery's on names.
func target(this value, args []value) value {
	if len(args) < 3 || args[1].k != text {
		return this
	}
	e := dom("target", this)
	e.o.set("\x00which", args[1])
	return e
}

// An answering is what becomes of the answer to a request.
type answering uint8

const (
	waits    answering = iota // someone may ask for it
	answered                  // someone does
	blind                     // nobody can
)

// used marks requests and promises whose answers somebody asks for, given those that
// a function returned, whose caller may.
const (
	used  = "\x00used"
	given = "\x00given"
)

// dropped notes that nobody asks for what a function returned.
func (v value) dropped() {
	if v.is("element") && v.o.name == "promise" {
		delete(v.o.props, given)
	}
}

// then calls what takes the answer of a promise.
func (r *runner) then(name string, this value, args []value) value {
	f := arg(args, 0)
	before := r.under
	r.under |= this.from & byLeave
	v := r.call(f, value{}, []value{dom("answer", value{from: this.from})})
	r.under = before
	if name == "then" && len(args) > 0 && (listens(f) || !f.is("function")) {
		if this.k == ref {
			this.o.set(used, yes(true))
		}
	} else if this.is("element") && this.o.name == "promise" {
		return this
	}
	return dom("promise", some(v, this))
}

// A request is one that was sent.
type request struct {
	o    *object
	url  value
	from mark
	at   int
}

// shows notes that a page goes on with what a host answered, as one does that
// takes payments or lets visitors in.
func (r *runner) shows(vs ...value) {
	r.answered = r.answered || (r.under|some(vs...).from)&fromAnswer != 0
}

func how(this value) answering {
	if this.o.name == "xhr" {
		return waits
	}
	return blind
}

// ajax is jQuery's: an address, or settings that hold it.
func (r *runner) ajax(args []value) value {
	url, data := arg(args, 0), arg(args, 1)
	callbacks := args
	if url.is("object") || data.is("object") && url.k == text && len(args) == 2 && data.o.props["type"].k == text {
		settings := data
		if url.is("object") {
			settings = url
			url = settings.o.props["url"]
		}
		data = settings.o.props["data"]
		callbacks = []value{settings.o.props["success"], settings.o.props["complete"]}
	}
	from := r.answer(url)
	p := dom("promise", value{from: from})
	kind := waits
	if slices.ContainsFunc(callbacks, listens) {
		kind = answered
	}
	r.send(kind, url, data, p.o)
	for _, f := range callbacks {
		r.later(f, value{}, value{from: from})
	}
	return p
}

// listens reports whether a value is a function that looks at what it is given, or
// one that stands for any.
func listens(f value) bool {
	if !f.is("function") || f.o.fn == nil || len(f.o.fn.Kids) == 0 {
		return f.callable()
	}
	body := f.o.fn.Kids[len(f.o.fn.Kids)-1]
	return body == nil || body.Kind != script.KBlock || slices.ContainsFunc(body.Kids, func(n *script.Node) bool {
		return n != nil && (n.Kind != script.KReturn || len(n.Kids) > 0 && n.Kids[0].Kind != script.KBool)
	})
}

// send is data leaving for an address; o is the request, nil without.
func (r *runner) send(kind answering, url, data value, o *object) {
	from := url.marks() | data.marks()
	if (r.cards || r.under&fromCard != 0) && from&fromAll != 0 {
		from |= fromCard
	}
	r.asMember(url, data)
	r.forwards(kind, url, from)
	if from&(fromField|allCookies|labelled) == 0 {
		if from&fromKept != 0 && url.k == text && hostOf(url.s) != "" { // what is put away later goes with the next page
			if o == nil || kind == blind {
				o = &object{}
			}
			r.awaits(kind, url, from, o)
		}
		return
	}
	if o != nil && o.name == "channel" {
		r.tell(webshell.Malicious, "hidden-skimmer", "What visitors type is sent to a host that the file does not name in plain.", url)
		return
	}
	if url.k != text {
		return
	}
	host := hostOf(url.s)
	switch {
	case host == "":
		if from&(secrets|fromAll) != 0 && from&veiled != 0 && stray.MatchString(url.s) {
			r.tell(webshell.Malicious, "form-skimmer", "What visitors type is sent, encoded, to a script that stands among pictures or uploads.", url)
		}
	case r.hides(host):
		r.tell(webshell.Malicious, "hidden-skimmer", "What visitors type is sent to a host that the file does not name in plain.", url)
	case url.marks()&fromPassword != 0 && kind == waits, // no address is for passwords
		slices.Contains(chatHosts, host) && from&(fromCard|fromPassword) != 0:
		r.stolen(request{nil, url, from, r.at})
	case from&labelled != 0 && slices.Contains(chatHosts, host):
		r.tell(webshell.Malicious, "sends-passwords", "What is called a card's number or a password is sent to a chat service.", url)
	case kind == blind:
		r.stolen(request{o, url, from | r.under&(atCheckout|ofPaying|timed|byRobot), r.at})
	case o != nil:
		r.awaits(kind, url, from, o)
	}
}

// awaits keeps a request until it is known who looks at its answer.
func (r *runner) awaits(kind answering, url value, from mark, o *object) {
	if len(r.pending) == maxPending {
		return
	}
	if kind == answered {
		o.set(used, yes(true))
	}
	r.pending = append(r.pending, request{o, url, from | r.under&(atCheckout|ofPaying|timed|byRobot), r.at})
}

// forwards judges what the site answers its visitor being sent to another host,
// encoded, such that nobody sees an answer.
func (r *runner) forwards(kind answering, url value, from mark) {
	if kind == blind && url.k == text && from&(fromOwn|veiled) == fromOwn|veiled && r.foreign(hostOf(url.s)) {
		r.tell(webshell.Malicious, "sends-pages", "What the site shows its visitor alone is fetched and sent to another host, encoded.", url)
	}
}

// maxPending bounds the requests that are remembered.
const maxPending = 100

var (
	chatHosts = []string{"api.telegram.org", "discord.com", "discordapp.com"}
	stray     = regexp.MustCompile(`(?:^|/)(?:uploads|media|images?|img|cache|skin|fonts)/[^?#]*\.php\b`)
)

// conclude judges what can be judged at the end only: requests by what becomes of
// their answers, and what some visitors are shown.
func (r *runner) conclude() {
	for _, q := range r.pending {
		asked := false
		for _, name := range []string{used, given, "onreadystatechange", "onload", "onloadend"} {
			f, ok := q.o.props[name]
			asked = asked || ok && (listens(f) || !f.is("function"))
		}
		r.at = q.at
		if q.from&fromKept != 0 {
			q.from |= r.stored
		}
		if !asked || r.furtive(q) {
			r.stolen(q)
		}
	}
	r.pending = nil
	r.chosen()
}

// furtive reports whether a request whose answer is looked at is none of who
// takes payments: he shows the answer or goes on with it, and neither encodes
// what he sends, nor keeps it, nor sends it by and by, nor looks where the visitor
// is and whether he is one.
func (r *runner) furtive(q request) bool {
	if q.from&(fromCard|fromAll) == 0 {
		return false
	}
	signs := bits.OnesCount32(uint32(q.from & (veiled | atCheckout | timed | byRobot)))
	if q.from&fromKept != 0 && r.stored&fromField != 0 {
		signs++
	}
	if r.answered || q.from&fromCard == 0 {
		return signs >= 2 && q.from&veiled != 0
	}
	return signs >= 1
}

// stolen judges data that leaves for an address from which no answer is awaited:
// who takes payments or lets users in waits for one.
func (r *runner) stolen(q request) {
	rule, words := "", ""
	switch {
	case q.from&fromCard != 0:
		rule, words = "card-skimmer", "Fields of payment cards are sent to another host as no shop does it."
	case q.from&fromPassword != 0:
		rule, words = "sends-passwords", "A script in the page sends what is typed as password to another host as well."
	case q.from&fromKeys != 0:
		rule, words = "key-logger", "The keys that visitors press are sent to another host."
	case q.from&allCookies != 0 && q.from&fromField == 0:
		rule, words = "sends-cookies", "All cookies of the page are sent to another host."
	case q.from&fromAll != 0 && (q.from&(veiled|atCheckout|ofPaying) != 0 || q.o != nil && q.o.name == "socket"):
		rule, words = "form-skimmer", "All that visitors type is sent to another host, encoded or from the pages where they pay."
	}
	if rule != "" && !r.told[rule] && r.foreign(hostOf(q.url.s)) {
		r.tell(webshell.Malicious, rule, words, q.url)
	}
}

// foreign says that a host is of the internet, and neither the page's own nor one
// of those that very many sites ask.
func (r *runner) foreign(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsGlobalUnicast() && !a.IsPrivate()
	}
	if !strings.Contains(host, ".") || strings.Contains(host, hole) || webshell.WellKnown(host) && !slices.Contains(chatHosts, host) {
		return false
	}
	linked, asked := r.linked[host]
	if !asked {
		linked = r.links(host)
		r.linked[host] = linked
	}
	return !linked
}

var command = regexp.MustCompile(`(?i)\b(?:powershell|pwsh)(?:\.exe)?["']?\s.*(?:-w(?:i[a-z]*)?\s+(?:h|1\b)|-e(?:nc?|c)?[a-z]*\s+[a-z0-9+/=]{20})|\bmshta(?:\.exe)?["']?\s+["']?https?:|\bconhost(?:\.exe)?\s+--headless|(?:powershell|cmd|curl|wget|msiexec|rundll32)\b.*(?:#|::|rem)[^"']*(?:robot|captcha|verif|human|cloudflare)|base64\s+(?:-d|--decode|-D)\s*\|\s*(?:ba|z)?sh\b`)

// maxCommand is how much of what is copied is read, in bytes.
const maxCommand = 4 << 10

// fetches is a command that runs what a host answers, and blanks hide what
// stands before them where it is pasted.
var (
	fetches = regexp.MustCompile(`(?i)\b(?:iwr|irm|curl|wget|invoke-(?:webrequest|restmethod)|downloadstring)\b.*(?:\||\$\(|;).*\b(?:iex|invoke-expression|(?:ba|z)?sh)\b|\b(?:ba|z)?sh\b.*\$\((?:curl|wget)\b|\b(?:mshta|msiexec|rundll32|regsvr32)\b.*https?:`)
	blanks  = regexp.MustCompile(`(?i)\b(?:powershell|pwsh|cmd|mshta|curl)\b.* {20,}\S|\b(?:powershell|pwsh|cmd|mshta)\b.*\s#\s+\w:\\`)
	human   = regexp.MustCompile(`(?s)not a robot|(?:are|you're|you’re) (?:a )?human|captcha|verify (?:that )?you|verification (?:steps?|id|hash)|\+\s*(?:<[a-z]+>)?r\b.{1,400}ctrl(?:</?[a-z]+>)?\s*\+\s*(?:<[a-z]+>)?v\b`)
)

// copied is text that a script gives the visitor to paste elsewhere.
func (r *runner) copied(v value) {
	if v.k != text || !r.spend(len(v.s)/4) {
		return
	}
	s := v.s[:min(len(v.s), maxCommand)]
	r.left -= len(s) / perName
	if command.MatchString(s) || blanks.MatchString(s) || fetches.MatchString(s) && r.feignsCheck() {
		r.tell(webshell.Malicious, "pastes-command", "A script gives the visitor a command to paste that runs code of another host out of sight.", v)
	}
}

// feignsCheck reports whether the page speaks of a check that its visitor is to pass.
func (r *runner) feignsCheck() bool {
	low := r.page.markup()
	r.left -= len(low) / 32
	return human.MatchString(low)
}

// The forms of WordPress by which those who look after a site add others like
// them, or code.
var (
	memberForms = regexp.MustCompile(`/user-new\.php|/update\.php\?action=upload-(?:plugin|theme)|/(?:plugin|theme)-editor\.php|/wp-json/wp/v2/users`)
	memberWords = regexp.MustCompile(`createuser|administrator|pluginzip|themezip|newcontent`)
)

// asMember judges a request that a script sends as the visitor.
func (r *runner) asMember(url, data value) {
	if url.k != text {
		return
	}
	switch {
	case memberForms.MatchString(url.s[:min(len(url.s), maxAddress)]) && r.says(data, 2):
		r.tell(webshell.Malicious, "acts-as-member", "A script adds an administrator, or code, in the name of a visitor who is logged in.", url)
	case url.from&fromAnswer != 0 && strings.HasSuffix(url.s, "/xmlrpc.php"):
		r.tell(webshell.Malicious, "attacks-others", "A script has the visitor's browser try passwords on other sites.", url)
	}
}

// says reports whether what is sent is what such forms have.
func (r *runner) says(v value, depth int) bool {
	if v.k == text {
		s := v.s[:min(len(v.s), maxCommand)]
		r.left -= len(s) / 32
		return memberWords.MatchString(s)
	}
	if v.k != ref || depth == 0 {
		return false
	}
	return slices.ContainsFunc(v.o.keys[:min(len(v.o.keys), maxMarked)], func(k string) bool {
		return r.says(str(k), 0) || r.says(v.o.props[k], depth-1)
	})
}
