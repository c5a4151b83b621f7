package php

import (
	"regexp"
	"strings"
)

// A veil says what is known of who sees what the statement at hand shows, by the
// conditions around it.
type veil struct {
	cloak    int // conditions on the visitor's browser or referrer
	searched int // those of them that know search engines
	botted   int // those that hold for search engines
	named    int // those of them that name one, and nobody else
	lured    int // those that hold for who comes from one
	spared   int // conditions that hold for those only who are not logged in
	placed   int // conditions on where he is, as another host says
}

// enter notes that a branch depends on the visitor's browser or referrer, or on
// where he is.
func (m *machine) enter(n *node, v value) func() {
	was := m.facts.veil
	end := func() { m.facts.veil = was }
	if v.t&fromHeader == 0 {
		m.facts.placed += sign(v.t&placed != 0)
		return end
	}
	code := strings.ToLower(m.unit.code(n.pos, n.end))
	searched := v.t&spotted != 0 || botWord(code)
	if !searched && !strings.Contains(code, "agent") && !strings.Contains(code, "refer") {
		if searched = m.facts.loops > 0 && m.mentions("http_user_agent", "http_referer", "gethostbyaddr(") && m.mentions(bots...); !searched {
			return end
		}
	}
	code = strings.ReplaceAll(code, " ", "")
	botted := searched && !strings.Contains(code, "==false") && !strings.ContainsRune(code, '!') || searched && strings.Contains(code, "!==false")
	m.facts.placed += sign(v.t&placed != 0)
	m.facts.cloak++
	m.facts.searched += sign(searched)
	m.facts.botted += sign(botted)
	m.facts.named += sign(botted && botWord(code) && !strings.Contains(code, "||") && !strings.Contains(code, "ref"))
	m.facts.lured += sign(botted && strings.Contains(code, "ref"))
	return end
}

// otherwise notes that a branch is taken when a negated condition on the
// visitor's browser or referrer fails.
func (m *machine) otherwise(n *node) func() {
	if n.op != nUn || n.kind != '!' || m.facts.loops > 0 {
		return nothing
	}
	return m.enter(n.a, m.eval(n.a))
}

// spots marks the answer of a test that looks for search engines in what the
// visitor's browser says of itself.
func (m *machine) spots(c *call, t taint) taint {
	if t&(fromHeader|address) == 0 || c.n == nil {
		return 0
	}
	if t&address != 0 {
		for _, a := range c.args {
			if a.k == vStr && len(a.s) < 4096 && robotNets.MatchString(a.s) {
				return fromHeader | spotted
			}
		}
	}
	if t&fromHeader == 0 {
		return 0
	}
	if botWord(strings.ToLower(m.unit.code(c.n.pos, c.n.end))) {
		return spotted
	}
	for _, a := range c.args {
		if s, ok := a.text(); ok && a.t&hostile == 0 && len(s) < 4096 && (botWord(strings.ToLower(s)) || strings.EqualFold(s, "bot")) {
			return spotted
		}
	}
	return 0
}

// learned is what an assignment or a function's answer tells of the visitor
// because of the branch that it stands in.
func (m *machine) learned(v value) value {
	if m.facts.searched > 0 && (v.k == vBool || v.k == vInt) {
		return value{t: v.t | fromHeader | spotted, tr: v.tr}
	}
	return v
}

// robotNets are networks from which search engines come:
// https://developers.google.com/crawling/docs/crawlers-fetchers/verify-google-requests.
var robotNets = regexp.MustCompile(`\b(?:66\\?\.249|64\\?\.233|72\\?\.14|157\\?\.55|207\\?\.46|40\\?\.77|77\\?\.88|180\\?\.76)\b`)

var bots = []string{"google", "bingbot", "baidu", "yandex", "spider", "crawl", "slurp", "sogou", "msnbot", "yahoo"}

func botWord(s string) bool {
	for _, w := range bots {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
