package client

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// trades are words of what is advertised on other people's sites, in lower case.
var trades = []string{"viagra", "cialis", "levitra", "kamagra", "tramadol", "xanax", "phentermine", "ambien", "pharmacy", "without prescription", "no prescription", "sildenafil", "tadalafil",
	"casino", "poker", "roulette", "blackjack", "slot online", "slot gacor", "best slots", "togel", "judi ", "maxwin", "sportsbook", "betting", "bet365", "188bet", "1xbet",
	"payday", "cash advance", "loans", "replica ", "louis vuitton", "ugg boots", "nfl jerseys", "nike shoes", "jordan shoes", "michael kors", "moncler", "canada goose", "ray ban", "rolex", "outlet", "essay", "dissertation", "escort", "porn", "sex cam", "dating",
	"keygen", "warez", "crack serial", "bahis", "iddaa", "kumarhane", "博彩", "彩票", "赌场", "百家乐", "时时彩", "六合彩", "棋牌", "娱乐城", "私服", "代孕", "代开发票", "激安", "카지노", "토토", "казино", "ставки на спорт", "виагра"}

// gbk are the words of these bytes, which pages of the code page 936 have.
var gbk = map[string]string{"\xb2\xa9\xb2\xca": "博彩", "\xb2\xca\xc6\xb1": "彩票", "\xb6\xc4\xb3\xa1": "赌场", "\xb0\xd9\xbc\xd2\xc0\xd6": "百家乐", "\xca\xb1\xca\xb1\xb2\xca": "时时彩",
	"\xc1\xf9\xba\xcf\xb2\xca": "六合彩", "\xc6\xe5\xc5\xc6": "棋牌", "\xd3\xe9\xc0\xd6\xb3\xc7": "娱乐城", "\xcb\xbd\xb7\xfe": "私服", "\xb4\xfa\xbf\xaa\xb7\xa2\xc6\xb1": "代开发票"}

// spelt are the words as pages spell them, the bytes of GBK behind all others.
var spelt = slices.Concat(trades, slices.Sorted(maps.Keys(gbk)))

var (
	tradeWords = literal.NewSource(spelt...)
	hideWords  = literal.NewSource("display:none", "display: none", "visibility:hidden", "visibility: hidden", "left:-", "left: -", "top:-", "top: -", "right:-", "right: -", "text-indent:-", "text-indent: -",
		"font-size:0", "font-size: 0", "font-size:1", "font-size: 1", "opacity:0", "opacity: 0", "height:0", "height: 0", "height:1px", "height: 1px", "width:0", "width: 0", ".display", "<marquee")
)

// trades says that the page names one of them.
func (p *page) trades() bool {
	if p.trade == nil {
		any := tradeWords().Any(p.data)
		p.trade = &any
	}
	return *p.trade
}

// A hidden link stands in an element that is kept out of sight, or is one.
type links struct {
	at     int             // of the first
	hosts  map[string]bool // other hosts that they lead to
	count  int             // links to other hosts
	own    int             // links within the site
	inside int             // of those, in elements that no script opens
	away   int             // links in elements that no script opens
	whole  bool            // nothing else is in the file than such an element, which has no name
	alone  int             // elements that hold one link to another host and no other element
	words  map[string]bool // trades that are named in such elements
	rest   map[string]bool // trades that are named elsewhere
}

// maxPart is the size of what may be a part of a page, in bytes: its links need not
// be whole addresses.
const maxPart = 64 << 10

// maxHosts is how many hosts of one page are told apart.
const maxHosts = 100

// hiddenLinks finds links that only search engines see, put into pages of other
// people for the sake of the sites that they lead to.
func (p *page) hiddenLinks() {
	if p.kind != markup || p.survey.has&aLink == 0 && (len(p.data) > maxPart || p.survey.has&aPlain == 0) || !hideWords().Any(p.data) || !p.trades() {
		return
	}
	low := p.markup()
	styled := sheets(low)
	l := links{at: -1, hosts: map[string]bool{}, words: map[string]bool{}, rest: map[string]bool{}}
	var open tag
	var how hiding
	depth, from := 0, 0
	begin := len(low) - len(strings.TrimLeft(low, blank))
	within, before := 0, 0 // tags in the open element, and links outside the site before it
	for t := range tags(low) {
		if depth == 0 {
			if t.closing || empty(t.name) {
				continue
			}
			if how = hidden(t, styled); how == shown {
				continue
			}
			l.whole = t.at == begin && !t.handled()
			words(low[from:t.at], l.rest)
			open, depth, from = *t, 1, t.end
			within, before = 0, l.count
		} else if t.name == open.name {
			if !t.closing {
				depth++
			} else if depth--; depth == 0 {
				words(low[from:t.at], l.words)
				from = t.end
				l.whole = l.whole && strings.TrimSpace(low[from:]) == ""
				if within == 3 && l.count == before+1 { // its own tag, <a> and </a>
					l.alone++
				}
			}
		}
		within++
		if t.name == "a" && !t.closing {
			l.link(t, open.at, how)
		}
	}
	if depth > 0 {
		words(low[from:], l.words)
	} else {
		words(low[from:], l.rest)
	}
	p.judge(&l)
}

// styledAway finds elements that hold nothing but links to other hosts and that
// styles of a script put away: who hides a part of his own page has no need of
// a script.
func (p *page) styledAway(css string) {
	if css == "" || p.kind != markup || p.survey.has&aLink == 0 {
		return
	}
	styled := map[string]hiding{}
	for _, m := range sheet.FindAllStringSubmatch(strings.ToLower(css), 50) {
		if hides(m[2]) == away {
			styled[m[1]] = away
		}
	}
	if len(styled) == 0 {
		return
	}
	var l links
	var open tag
	depth := 0
	for t := range tags(p.markup()) {
		switch {
		case depth == 0:
			if !t.closing && !empty(t.name) && byName(t, styled) == away {
				open, depth, l = *t, 1, links{at: -1, hosts: map[string]bool{}}
			}
			continue
		case t.name == open.name && t.closing:
			depth--
		case t.name == open.name:
			depth++
		case t.closing:
		case t.name == "a":
			l.link(t, open.at, away)
		case t.name != "p" && t.name != "br" && t.name != "li" && t.name != "ul" && t.name != "span" && t.name != "b" && t.name != "strong": // no list of links
			l.own++
		}
		if depth == 0 && len(l.hosts) > 0 && l.own == 0 {
			break
		}
	}
	if len(l.hosts) > 0 && l.own == 0 {
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-links", "A script puts links to other hosts out of sight: "+strings.Join(first(l.hosts, 3), ", ")+".", l.at, "")
	}
}

func (l *links) link(t *tag, at int, how hiding) {
	href, _ := t.attr("href")
	switch h := host(href); {
	case h != "" && !webshell.WellKnown(h):
		if l.at < 0 {
			l.at = at
		}
		if len(l.hosts) < maxHosts {
			l.hosts[h] = true
		}
		l.count++
		if how == away {
			l.away++
		}
	case h == "" && href != "" && href[0] != '#' && !strings.HasPrefix(href, "javascript:"):
		if l.at < 0 {
			l.at = at
		}
		l.own++
		if how == away {
			l.inside++
		}
	}
}

// kindsOf counts the kinds of trades among words: no site deals in several.
func kindsOf(found map[string]bool) int {
	kinds := map[int]bool{}
	for w := range found {
		if i := slices.Index(trades, w); i >= 0 {
			kinds[slices.IndexFunc(firsts, func(first string) bool { return slices.Index(trades, first) > i })] = true
		}
	}
	return len(kinds)
}

// firsts begin the kinds of trades: games, credit, goods, papers, company.
var firsts = []string{"casino", "payday", "replica ", "essay", "escort"}

func (p *page) judge(l *links) {
	text := "Links to other hosts are kept out of sight, as is done for search engines: " + strings.Join(first(l.hosts, 3), ", ") + "."
	switch {
	case len(l.hosts) >= 2 && len(l.words) >= 2 && len(l.rest) == 0 && l.own <= len(l.hosts),
		len(l.hosts) >= 2 && len(l.words) >= 2 && l.away >= 2 && l.own == 0 && len(l.rest) < len(l.words),
		l.alone >= 2 && l.alone == l.count && len(l.words) >= 2 && len(l.rest) == 0 && l.own == 0:
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-links", text, l.at, "")
	case l.whole && l.count >= 3 && l.own == 0 && len(l.words) >= 2:
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-links", "The file holds nothing but links to another host, kept out of sight, as is done for search engines: "+strings.Join(first(l.hosts, 3), ", ")+".", l.at, "")
	case l.inside >= 3 && l.count == 0 && len(l.rest) == 0 && kindsOf(l.words) >= 2: // doorways on the site itself
		p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-links", "Links to pages of several trades are kept out of sight, as is done for search engines.", l.at, "")
	case len(l.hosts) >= 1 && len(l.words) >= 1 && len(l.rest) == 0 && l.away >= 1 && l.own == 0:
		p.add(webshell.Suspicious, finding.ModerateConfidence, "hidden-links", text, l.at, "")
	}
}

// first returns up to n of the keys of a set, in order.
func first(set map[string]bool, n int) []string {
	keys := slices.Sorted(maps.Keys(set))
	return keys[:min(n, len(keys))]
}

// words notes the trades that a text names.
func words(low string, into map[string]bool) {
	found := make([]uint64, tradeWords().Words())
	tradeWords().Contained(found, []byte(low))
	for i, w := range spelt {
		if found[i>>6]>>(i&63)&1 == 1 && startsWord(low, w) {
			into[cmp.Or(gbk[w], w)] = true
		}
	}
}

// startsWord says that a word of the text begins with w: "specialist" does not
// speak of pills.
func startsWord(low, w string) bool {
	for i := 0; ; {
		k := strings.Index(low[i:], w)
		if k < 0 {
			return false
		}
		if i += k; i == 0 || low[i-1] < 'a' || low[i-1] > 'z' || w[0] >= 0x80 {
			return true
		}
		i += len(w)
	}
}

// empty says that an element has no end tag.
func empty(name string) bool {
	switch name {
	case "img", "br", "hr", "input", "meta", "link", "iframe", "script", "style", "param", "embed", "base", "col", "area":
		return true
	}
	return false
}

var (
	sheet    = regexp.MustCompile(`([.#][\w-]+)\s*\{([^{}]{1,300})\}`)
	scripted = regexp.MustCompile(`getelementbyid\(\\?["']([\w-]+)\\?["']\)\.style\.(?:display\s*=\s*\\?["']none|visibility\s*=\s*\\?["']hidden)`)
)

// sheets returns how the page's own styles and scripts hide classes and ids.
func sheets(low string) map[string]hiding {
	out := map[string]hiding{}
	for rest, n := low, 0; n < maxFrames; n++ {
		var css string
		_, css, _ = strings.Cut(rest, "<style")
		if css == "" {
			break
		}
		css, rest, _ = strings.Cut(css, "</style")
		for _, m := range sheet.FindAllStringSubmatch(css[:min(len(css), 64<<10)], 500) {
			if how := hides(m[2]); how != shown {
				out[m[1]] = how
			}
		}
	}
	if strings.Contains(low, ".style.") {
		for _, m := range scripted.FindAllStringSubmatch(low, 100) {
			out["#"+m[1]] = folded
		}
	}
	return out
}

// hidden says how an element is kept out of sight by itself.
func hidden(t *tag, styled map[string]hiding) hiding {
	if style, ok := t.attr("style"); ok {
		if how := hides(style); how != shown {
			return how
		}
	}
	if t.name == "marquee" && t.tiny() {
		return away
	}
	return byName(t, styled)
}

// byName says how styles keep an element out of sight by its id or class.
func byName(t *tag, styled map[string]hiding) hiding {
	if len(styled) == 0 {
		return shown
	}
	if id, ok := t.attr("id"); ok && styled["#"+id] != shown {
		return styled["#"+id]
	}
	class, _ := t.attr("class")
	for c := range strings.FieldsSeq(class) {
		if how := styled["."+c]; how != shown {
			return how
		}
	}
	return shown
}
