package client

import (
	"bytes"
	"net/netip"
	"path"
	"regexp"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// maxFrames is how many frames and scripts of one page are looked at.
const maxFrames = 50

// frames finds frames of other hosts that no visitor sees. Kits that attack
// browsers were reached that way for years, and tools still put them into every
// page of a site, most often in front of all markup or behind its end (Sophos
// and StopBadware on frames of one pixel, 2007 on; Sucuri's notes on hidden
// frames).
func (p *page) frames() {
	if p.kind != markup || p.survey.has&aFrame == 0 {
		return
	}
	low, n := p.markup(), 0
	var around []hiding // of elements that are open: only the nearest count
	noscript := false
	for t := range tags(low) {
		switch t.name {
		case "noscript":
			noscript = !t.closing
		case "div", "span", "p", "center", "td", "noindex":
			if t.closing {
				around = around[:max(0, len(around)-1)]
			} else if style, _ := t.attr("style"); len(around) < maxDepth {
				around = append(around, wrapper(t, style))
			}
		case "iframe", "frame", "object":
			if t.closing {
				continue
			}
			if n++; n > maxFrames {
				return
			}
			hidden := len(around) > 0 && around[len(around)-1] != shown
			p.frame(low, t, hidden, noscript)
		}
	}
}

// maxDepth bounds the elements that are remembered as open.
const maxDepth = 200

// wrapper says how an element without a name hides what is in it; a script
// that opens it would need one.
func wrapper(t *tag, style string) hiding {
	h := hides(style)
	if h == folded && t.handled() {
		return shown
	}
	return h
}

// handled says that an element has a name by which scripts and styles find it.
func (t *tag) handled() bool {
	for _, a := range []string{"id", "class", "name", "runat"} {
		if _, ok := t.attr(a); ok {
			return true
		}
	}
	return false
}

var (
	// A frame of these keeps a session or ends it.
	session = regexp.MustCompile(`log(?:in|out|off)|sign-?(?:in|out|off)|sso|oauth|openid|saml|auth|session|keepalive|wsfed|cookie|consent`)
	// What is asked of traffic distribution systems since 2007.
	seller = regexp.MustCompile(`^https?://[^/]+:(?:8080|8088|8000|81)/|/in\.cgi|/(?:go|in|out|show|count|ts|tds|show)\.php\?(?:s?id|s)=\d|/tds/`)
)

func (p *page) frame(low string, t *tag, hidden, noscript bool) {
	url := t.shows()
	h := host(url)
	if h == "" || webshell.WellKnown(h) || t.name == "object" && !strings.Contains(t.attrs, "text/html") {
		return
	}
	style, _ := t.attr("style")
	how, tiny := hides(style), t.tiny()
	if t.name == "frame" {
		hidden = p.lastRow(low[:t.at])
	}
	if !hidden && how == shown && !tiny {
		return
	}
	const text = "A frame of another host is kept out of sight: "
	shown := text + webshell.Cut(url, 100) + "."
	switch {
	case outside(low, t):
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-frame", "Outside the page's own markup a frame of another host is kept out of sight: "+webshell.Cut(url, 100)+".", t.at, "")
	case public(h), seller.MatchString(url), t.name == "frame", t.name == "object": // counters use neither
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-frame", shown, t.at, "")
	case noscript || t.handled() && !(tiny && how == away) || session.MatchString(url) || p.names(low, h, t.at):
		// A counter, a frame that scripts use, a session's, or one of the own hosts.
	default:
		p.add(webshell.Suspicious, finding.ModerateConfidence, "hidden-frame", shown, t.at, "")
	}
}

var noRow = regexp.MustCompile(`(?:rows|cols)\s*=\s*["']?\s*(?:100%|\*)\s*,\s*[01](?:px|%)?\s*["'\s>]`)

// lastRow says that the frame set before leaves no place for its last frame, and
// that one frame stood in it already.
func (p *page) lastRow(before string) bool {
	k := strings.LastIndex(before, "<frameset")
	return k >= 0 && noRow.MatchString(before[k:min(len(before), k+300)]) && strings.Contains(before[k+len("<frameset"):], "<frame ")
}

// public says that a host is an address of the internet.
func public(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsGlobalUnicast() && !a.IsPrivate()
}

// names says that the page names a host elsewhere too, as a site does its own.
func (p *page) names(low, host string, at int) bool {
	return strings.Contains(low[:at], "//"+host) || strings.Contains(low[min(len(low), at+maxTag):], "//"+host)
}

// outside says that an element stands where the page's markup has ended, or has
// not begun: behind </html>, or at the very start of a file that goes on with a
// document of its own or with server code.
func outside(low string, t *tag) bool { return behind(low, t) || before(low, t) }

// end is what may stand between a document and what was put behind it.
var end = regexp.MustCompile(`^</html\s*>(?s:\s|<!--.*?-->|<script\b.*?</script>|<iframe\b.*?</iframe>)*$`)

// maxBehind is how far behind a document, or into its file, an element is looked
// for, in bytes.
const maxBehind = 4096

func behind(low string, t *tag) bool {
	k := strings.LastIndex(low[max(0, t.at-maxBehind):t.at], "</html")
	return k >= 0 && end.MatchString(low[max(0, t.at-maxBehind)+k:t.at])
}

// before says that an element opens the file, in front of its document or of its
// server code.
func before(low string, t *tag) bool {
	return t.at < maxBehind && strings.TrimLeft(low[:t.at], blank) == "" && begins(strings.TrimLeft(after(low, t), blank))
}

const blank = "\ufeff \t\r\n"

// after is what follows an element that holds nothing.
func after(low string, t *tag) string {
	return strings.TrimPrefix(strings.TrimLeft(low[t.end:], blank), "</"+t.name+">")
}

// begins says that a document or server code begins here.
func begins(low string) bool {
	for _, s := range []string{"<!doctype", "<html", "<?php", "<%@"} {
		if strings.HasPrefix(low, s) {
			return true
		}
	}
	return false
}

// loads are addresses of scripts that no site's own author writes so.
var loads = regexp.MustCompile(`^(?:https?:)?//[^?#]*\.(?:php|cgi)(?:$|[?#])`)

// unquoted is how tools for SQL injection write it, to spare quotation marks.
var unquoted = regexp.MustCompile(`^\s+src=https?://[^\s"']+$`)

// maxAlone is the size of a page that is one script and nothing to read.
const maxAlone = 512

// served are the endings of pages that a site's author writes to have code.
var served = map[string]bool{".asp": true, ".aspx": true, ".php": true, ".jsp": true, ".cfm": true}

// wordless is markup without text, entities aside, or code for the server.
var wordless = regexp.MustCompile(`^(?:\s|<[a-z/][^<>]*>|&\w+;)*$`)

// strays finds scripts of other hosts outside the page's markup, where tools put
// them that know nothing of the page. One that leaves not a byte between itself
// and the page's own text was hardly typed.
func (p *page) strays() {
	if p.kind != markup || p.survey.has&aScript == 0 {
		return
	}
	if foldPrefix(bytes.TrimLeft(p.data[:min(len(p.data), maxTag)], blank), "<script") {
		low := p.markup()
		for t := range tags(low) {
			if before(low, t) {
				p.stray(low, t, begins(strings.TrimPrefix(low[t.end:], "</script>")), false)
			} else if served[path.Ext(p.name)] && len(low) < maxAlone && unquoted.MatchString(t.attrs) && wordless.MatchString(after(low, t)) {
				p.stray(low, t, false, false)
			}
			break
		}
	}
	k := p.survey.end
	if k < 0 || p.survey.script < k {
		return
	}
	low, n := p.markup(), 0
	seen := map[string]bool{}
	for t := range tags(low[k:]) {
		if t.name != "script" || t.closing {
			continue
		}
		if n++; n > maxFrames {
			break
		}
		t.at, t.end = t.at+k, t.end+k
		if behind(low, t) {
			url, _ := t.attr("src")
			p.stray(low, t, strings.HasSuffix(low[:t.at], "</html>"), seen[url])
			seen[url] = true
		}
	}
}

func (p *page) stray(low string, t *tag, glued, again bool) {
	url, _ := t.attr("src")
	h := host(url)
	if h == "" || webshell.WellKnown(h) {
		return
	}
	own := !again && p.names(low, h, t.at)
	text := "Outside the page's own markup a script of another host is loaded: " + webshell.Cut(url, 100) + "."
	switch {
	case glued && !own, public(h), loads.MatchString(url) && !own, unquoted.MatchString(t.attrs) && !own, again:
		p.add(webshell.Malicious, finding.ModerateConfidence, "stray-script", text, t.at, "")
	case !own:
		p.add(webshell.Suspicious, finding.LowConfidence, "stray-script", text, t.at, "")
	}
}

// marks are how tools mark what they put into many files, to find it again:
// six hexadecimal digits in a comment, and the same behind a slash at its end.
var marks = []struct{ from, to string }{{"<!--", "-->"}, {"#", "#"}, {"/*", "*/"}}

// marked returns the mark that ends a text, white space aside; nil without.
func marked(before []byte) []byte {
	before = bytes.TrimRight(before, " \t\r\n")
	for _, m := range marks {
		n := len(before) - len(m.to) - 6
		if n >= len(m.from) && string(before[n+6:]) == m.to && hexDigits(before[n:n+6]) && string(before[n-len(m.from):n]) == m.from {
			return before[n-len(m.from):]
		}
	}
	return nil
}

// blocks finds a script between such marks (Sucuri on darkleech and its like,
// 2012 and 2013).
func (p *page) blocks() {
	if p.kind != markup || p.survey.mark < 0 {
		return
	}
	at := p.survey.mark
	mark := string(marked(p.data[:at]))
	k := strings.IndexFunc(mark, func(r rune) bool { return r < 0x80 && hexDigits([]byte{byte(r)}) })
	if bytes.Contains(p.data[at:min(len(p.data), maxMarkup)], []byte(mark[:k]+"/"+mark[k:])) {
		p.add(webshell.Malicious, finding.HighConfidence, "marked-block", "A tool marked the script that it put into this file, so as to find it again.", at, "")
	}
}

func hexDigits(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}
