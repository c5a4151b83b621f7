package client

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"limier/webshell"
)

var (
	cardName     = regexp.MustCompile(`cc_|cc-|ccnum|credit[_-]?card|card[_-]?(?:na|nu|no|ho|ow|ty|mo|ye|da|ex|va|cod|cv|cs|n?$)|["'=]card|cvv|cvc|_cid|expir`)
	passwordName = regexp.MustCompile(`pass(?:wor[dt]|wd|code|phrase)?(?:$|[^a-z])|pwd`)
	payForm      = regexp.MustCompile(`checkout|payment`)
	anyField     = regexp.MustCompile(`^\s*(?:form|:?input|select|textarea|\*)\s*(?:$|[,: ])`)
	checkout     = regexp.MustCompile(`checkout|onepage|onestep|payment|billing`)
	jsonp        = regexp.MustCompile(`(?i)(?:callback|jsonp|cb)=`)
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
			r.left -= len(s) / perName
			if cardName.MatchString(s) {
				m |= fromCard
			}
			pays, any = pays || payForm.MatchString(s), any || strings.Contains(s, "input")
			if passwordName.MatchString(s) {
				m |= fromPassword
			}
		}
		if anyField.MatchString(asked) || v.o.name == "elements" || v.o.name == "forms" || v.o.name == "event" && v.o.this.k == ref && (v.o.this.is("window") || v.o.this.o.name == "document" || v.o.this.o.name == "body") {
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

// used marks requests and promises whose answers somebody asks for.
const used = "\x00used"

// A request is one that was sent.
type request struct {
	o    *object
	url  value
	from mark
	at   int
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
	if slices.ContainsFunc(callbacks, value.callable) {
		kind = answered
	}
	r.send(kind, url, data, p.o)
	for _, f := range callbacks {
		r.later(f, value{}, value{from: from})
	}
	return p
}

// send is data leaving for an address; o is the request, nil without.
func (r *runner) send(kind answering, url, data value, o *object) {
	from := url.marks() | data.marks()
	if data.is("object") {
		for _, k := range data.o.keys {
			from |= data.o.props[k].marks()
		}
	}
	if from&fromField == 0 {
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
	case slices.Contains(chatHosts, host) && from&(fromCard|fromPassword) != 0:
		r.stolen(request{nil, url, from, r.at})
	case kind == blind:
		r.stolen(request{o, url, from | r.under&atCheckout, r.at})
	case kind == waits && o != nil && len(r.pending) < maxPending:
		r.pending = append(r.pending, request{o, url, from | r.under&atCheckout, r.at})
	}
}

// maxPending bounds the requests that are remembered.
const maxPending = 100

var (
	chatHosts = []string{"api.telegram.org", "discord.com", "discordapp.com"}
	stray     = regexp.MustCompile(`(?:^|/)(?:uploads|media|images?|img|cache|skin|fonts)/[^?#]*\.php\b`)
)

// unanswered judges requests whose answers nobody asked for.
func (r *runner) unanswered() {
	for _, q := range r.pending {
		asked := false
		for _, name := range []string{used, "onreadystatechange", "onload", "onloadend"} {
			_, ok := q.o.props[name]
			asked = asked || ok
		}
		if !asked {
			r.at = q.at
			r.stolen(q)
		}
	}
	r.pending = nil
}

// stolen judges data that leaves for an address from which no answer is awaited:
// who takes payments or lets users in waits for one.
func (r *runner) stolen(q request) {
	rule, words := "", ""
	switch {
	case q.from&fromCard != 0:
		rule, words = "card-skimmer", "Fields of payment cards are sent to another host as no shop does it."
	case q.from&fromPassword != 0:
		rule, words = "sends-passwords", webshell.SkimmerText
	case q.from&fromKeys != 0:
		rule, words = "key-logger", "The keys that visitors press are sent to another host."
	case q.from&fromAll != 0 && (q.from&(veiled|atCheckout) != 0 || q.o != nil && q.o.name == "socket"):
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

// copied is text that a script gives the visitor to paste elsewhere.
func (r *runner) copied(v value) {
	if v.k == text && r.spend(len(v.s)/4) && command.MatchString(v.s[:min(len(v.s), maxCommand)]) {
		r.tell(webshell.Malicious, "pastes-command", "A script gives the visitor a command to paste that runs code of another host out of sight.", v)
	}
}
