package client

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// A browser is where what scripts do comes together.
type browser struct {
	page *page
	told map[string]bool // rules that spoke

	keeps    bool // a cookie is set, or something else kept
	carried  bool // a script holds a program
	cards    bool // what is typed was looked at for numbers of cards
	answered bool // what a host answered is shown, or goes on
	choices  []choice

	linked map[string]bool // hosts of which was asked whether the page links to them
	hidden map[string]bool // hosts that were asked for, and whether the page hides them
}

// tell notes what the statement at hand does.
func (r *runner) tell(v webshell.Verdict, rule, words string, decoded value) {
	if r.told[rule] {
		return
	}
	r.told[rule] = true
	sure := finding.ModerateConfidence
	if v == webshell.Suspicious {
		sure = finding.LowConfidence
	}
	shown := strings.ReplaceAll(strings.ReplaceAll(decoded.string(), day, hole), hole, "…")
	if strings.Trim(shown, "…") == "" { // nothing of it is known
		shown = ""
	}
	r.page.add(v, sure, rule, words, r.at, shown)
}

// code runs text as code, which how does.
func (r *runner) code(v value, how string) value {
	if v.k != text || !v.known() {
		if v.from&fromAnswer != 0 {
			verdict := webshell.Suspicious
			if v.from&(fromReferrer|bySearch|veiled) != 0 {
				verdict = webshell.Malicious
			}
			r.picks(value{}, "runs what another host answers", false)
			r.tell(verdict, "remote-to-eval", "The visitor's browser runs what another host answers.", value{})
		}
		if r.under&atCheckout != 0 && v.from&veiled != 0 {
			r.tell(webshell.Malicious, "hidden-code", "Where visitors pay, a script runs what it decodes from another page.", value{})
		}
		if v.from&fromPlace != 0 && v.from&veiled != 0 {
			r.tell(webshell.Malicious, "hidden-code", "What a script runs is decoded by the page's own address, so that it works on one site only.", value{})
		}
		return value{}
	}
	if r.deep >= maxDeep || r.codes[v.s] && len(v.s) > 64 || !r.spend(32*len(v.s)) {
		return value{}
	}
	r.codes[v.s] = true
	r.deep++
	out := r.run(script.ParseJS(v.s, 0, len(v.s), made))
	r.deep--
	return out
}

// maxStyles bounds the styles that scripts add, in bytes.
const maxStyles = 16 << 10

// styled is text that becomes part of the page's styles.
func (r *runner) styled(v value) {
	if v.k == text && v.known() && len(r.css)+len(v.s) < maxStyles && r.spend(8*len(v.s)) {
		r.css += v.s + "\n"
	}
}

// compile is new Function(…): what it makes runs its last argument.
func (r *runner) compile(args []value) value {
	if len(args) == 0 {
		return value{}
	}
	body := args[len(args)-1]
	if body.k != text || !body.known() {
		r.code(body, "Function")
		return value{}
	}
	params := r.text(array(args[:len(args)-1]...))
	if r.deep >= maxDeep || !r.spend(32*(len(params)+len(body.s))) {
		return value{}
	}
	src := "(function(" + params + "){" + body.s + "\n})"
	r.deep++
	f := r.run(script.ParseJS(src, 0, len(src), made))
	r.deep--
	return f
}

// load is an element that shows or runs what an address gives.
func (r *runner) load(tag string, v value) {
	if v.is("element") && v.o.name == "blob" && tag == "script" {
		r.code(v.o.props["data"], "a script element")
		return
	}
	if v.k != text {
		return
	}
	if code, ok := dataURL(v.s); ok {
		if tag == "script" {
			r.code(str(code), "a script element")
		} else {
			r.html(str(code))
		}
		return
	}
	host := hostOf(v.s)
	switch {
	case v.marks()&fromField != 0 && tag == "script" && jsonp.MatchString(v.s): // the script is the answer
		r.send(answered, v, v, dom(tag, value{}).o)
	case v.marks()&(fromField|allCookies) != 0, v.marks()&(fromOwn|veiled) == fromOwn|veiled:
		r.send(blind, v, v, nil)
	case !r.hides(host) && !(tag == "script" && r.hidesOwner(v.s)):
		frame := strings.Contains(tag, "frame")
		if tag == "script" && v.marks()&r.under&fromReferrer != 0 && r.foreign(host) {
			r.tell(webshell.Malicious, "cloaked-script", "A script of another host is loaded for those alone who come from another page, and told which.", v)
		}
		if tag == "script" && r.under&atCheckout != 0 && r.foreign(host) && r.looksAway() {
			r.tell(webshell.Malicious, "cloaked-script", "A script of another host is loaded for those alone who pay, and not for those who look how the page works.", v)
		}
		if tag == "script" && v.marks()&veiled != 0 && v.marks()&(fromReferrer|fromAgent|fromPlace) != 0 && r.foreign(host) {
			r.tell(webshell.Malicious, "cloaked-script", "A script tells another host, encoded, who visits, and runs what that answers.", v)
		}
		if frame || tag == "script" {
			r.picks(v, "loads code or a page of another host", !frame)
		}
	case strings.Contains(tag, "frame") || tag == "embed" || tag == "object":
		r.tell(webshell.Malicious, "hidden-frame", "A script shows the visitor a frame of a host that the file does not name in plain.", v)
	case strings.Contains(tag, "script") || tag == "html" || tag == "":
		r.tell(webshell.Malicious, "hidden-script-loader", "A script loads another of a host that the file does not name in plain.", v)
	}
}

// tools are signs of a browser's tools for developers: how much of the window they
// take, and the oldest of them.
var tools = regexp.MustCompile(`outer(?:width|height)\s*-\s*(?:window\.)?inner(?:width|height)|\.firebug\b`)

// looksAway says that the page's scripts look for such tools.
func (r *runner) looksAway() bool {
	low := r.page.markup()
	r.left -= len(low) / 32
	return tools.MatchString(low)
}

// redirect sends the visitor to an address.
func (r *runner) redirect(v value) {
	if v.k != text {
		if v.from&fromAnswer != 0 && v.from&veiled != 0 {
			r.tell(webshell.Malicious, "remote-redirect", "A script sends the visitor to where another host says, encoded.", value{})
		}
		return
	}
	if code, ok := strings.CutPrefix(v.s, "javascript:"); ok {
		r.code(str(code), "a javascript: address")
		return
	}
	host := hostOf(v.s)
	r.shows(v)
	switch {
	case host == "":
	case r.hides(host):
		r.tell(webshell.Malicious, "hidden-redirect", "A script sends the visitor to a host that the file does not name in plain.", v)
	case r.under&atCheckout != 0 && v.from&veiled != 0 && r.foreign(host):
		r.tell(webshell.Malicious, "checkout-redirect", "A script sends those who pay to another host, with encoded data.", v)
	case r.under&bySearch != 0 && !r.links(host):
		r.tell(webshell.Malicious, "search-redirect", "A script sends visitors who come from search engines to another site.", v)
	case r.under&byLeave != 0 && r.foreign(host):
		r.tell(webshell.Malicious, "push-lure", "Whoever is asked whether he may be notified is sent to another host.", v)
	case v.from&allCookies != 0:
		r.send(blind, v, v, nil)
	case !phones.MatchString(host):
		r.picks(v, sendsOn, false)
	}
}

// hides asks the page, once for each host, since that passes over all of it.
func (r *runner) hides(host string) bool {
	key := host
	if r.deep > 0 {
		key += " decoded"
	}
	hidden, asked := r.hidden[key]
	if !asked {
		r.left -= len(r.page.data) / perStep
		hidden = r.page.hides(host, r.deep > 0)
		r.hidden[key] = hidden
	}
	return hidden
}

// stores are hosts that give scripts of anybody, whom the address names next.
var stores = []string{"//cdn.jsdelivr.net/gh/", "//raw.githubusercontent.com/", "//cdn.statically.io/gh/", "//raw.githack.com/", "//rawcdn.githack.com/"}

// hidesOwner reports whether an address names somebody's script at a host that
// keeps those of anybody, and the file does not say whose.
func (r *runner) hidesOwner(url string) bool {
	for _, s := range stores {
		if _, path, ok := strings.Cut(url, s); ok {
			owner, _, _ := strings.Cut(lowerASCII(path), "/")
			r.left -= len(r.page.data) / perStep
			return len(owner) > 3 && !strings.Contains(owner, hole) && !holdsWord(r.page.lower(), owner)
		}
	}
	return false
}

func (r *runner) links(host string) bool {
	r.left -= len(r.page.data) / perStep * 2
	return r.page.links(host)
}

// answer is the mark of what an address gives.
func (r *runner) answer(url value) mark {
	host := ""
	if url.k == text {
		host = hostOf(url.s)
	}
	if host == "" {
		if url.k == text && (!strings.HasPrefix(url.s, hole) || url.from&fromPlace != 0) && !strings.Contains(url.s, ":") {
			return fromOwn
		}
		return 0
	}
	m := fromAnswer
	if r.hides(host) || r.under&(fromReferrer|bySearch) != 0 {
		m |= bySearch
	}
	return m
}

var (
	shows = regexp.MustCompile(`(?i)<(script|iframe|frame|embed|object)\b[^>]*?\s(?:src|data)\s*=\s*["']?([^"'\s>]+)`)
	moves = regexp.MustCompile(`(?i)<meta\b[^>]*\brefresh\b[^>]*?\burl\s*=\s*["']?([^"'\s>]+)`)
)

// asksCard is a field for a card's number or code.
var asksCard = regexp.MustCompile(`(?i)<input\b[^>]*(?:id|name)\s*=\s*["']?[^"'\s>]*(?:cvv|cvc|card[_-]?num|cc[_-]num)`)

// html is text that becomes part of the page.
func (r *runner) html(v value) {
	if v.k != text || !strings.Contains(v.s, "<") || !r.spend(8*len(v.s)) {
		return
	}
	r.feigns(v)
	r.cards = r.cards || asksCard.MatchString(v.s)
	for _, m := range shows.FindAllStringSubmatch(v.s, 20) {
		r.load(strings.ToLower(m[1]), value{k: text, s: m[2], from: v.from})
	}
	for _, m := range moves.FindAllStringSubmatch(v.s, 4) {
		r.redirect(str(m[1]))
	}
	part := page{data: []byte(v.s)}
	part.look()
	for _, s := range part.scripts {
		r.code(str(v.s[s.from:s.to]), "document.write")
	}
}

// dataURL is what a data: address holds.
func dataURL(s string) (string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), "data:")
	if !ok {
		return "", false
	}
	head, body, ok := strings.Cut(rest, ",")
	if !ok || strings.HasPrefix(head, "image/") {
		return "", false
	}
	if strings.Contains(head, "base64") {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(body, "="))
		return string(b), err == nil
	}
	return unescape(body), true
}

// hostOf is the host of an absolute address in lower case.
func hostOf(s string) string {
	s = strings.TrimLeft(s, hole+" \t\r\n")
	s = lowerASCII(s[:min(len(s), maxAddress)])
	for _, scheme := range []string{"https:", "http:", "wss:", "ws:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	rest, ok := strings.CutPrefix(s, "//")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#:\\ \"'<>"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// hides reports whether a host stands nowhere in the file in plain: its name,
// or, for code that was decoded, name and domain together, since packers list
// the words of a program. One that is called after the date stands in none.
func (p *page) hides(host string, decoded bool) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return !holdsWord(p.lower(), host)
	}
	name := webshell.OwnName(host)
	at := strings.LastIndex(host, name+".")
	if at < 0 {
		return false
	}
	domain, top := host[at:], host[strings.LastIndexByte(host, '.')+1:]
	if strings.Contains(name, day) && strings.Trim(top, "abcdefghijklmnopqrstuvwxyz") == "" {
		return true
	}
	if name == "" || strings.Contains(domain, hole) || webshell.ServiceName(name) {
		return false
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" && !strings.HasPrefix(name, "xn--") {
		return false
	}
	if decoded || len(name) < 4 {
		name = domain
	}
	return !holdsWord(p.lower(), name)
}

// links reports whether the page names a host outside its scripts, as it does its
// own.
func (p *page) links(host string) bool {
	name := strings.TrimPrefix(host, "www.")
	if labels := strings.Split(name, "."); len(labels) > 2 {
		name = strings.Join(labels[1:], ".")
	}
	if p.kind == code {
		return false
	}
	n := strings.Count(p.lower(), name)
	for _, s := range p.scripts {
		n -= strings.Count(p.lower()[s.from:s.to], name)
	}
	return n > 0
}

// holdsWord reports whether s holds a word, and not as part of another.
func holdsWord(s, word string) bool {
	for i := 0; ; {
		k := strings.Index(s[i:], word)
		if k < 0 {
			return false
		}
		i += k
		end := i + len(word)
		if (i == 0 || digit(s[i-1]) < 0) && (end == len(s) || digit(s[end]) < 0) {
			return true
		}
		i = end
	}
}
