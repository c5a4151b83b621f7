package php

import (
	"bytes"
	"regexp"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// maxFeeds bounds the files that are asked what another host puts into the page.
const maxFeeds = 16 << 10

// feedsPage says that a small file, which asks another host, is one that starts a
// program or asks for text that is ready to be shown.
func feedsPage(data []byte) bool { return len(data) < maxFeeds && feedWords().Any(data) }

var feedWords = literal.NewSource("template-loader.php", "wp-blog-header.php", "_JEXEC', 1", "ABSPATH . 'wp-config.php'", "backlink", ".txt'", `.txt"`, ".html'", `.html"`)

var (
	readyText = regexp.MustCompile(`^https?://([\w.-]+\.[a-z]{2,})(?::\d+)?/[^?#]*\.(?:txt|html?)$`)
	soldLinks = regexp.MustCompile(`^https?://[^?#]*back-?links?[^?#]*\.(?:txt|html?|php)$`)
)

// feeds notes an address that is read from, if it holds text that is ready to be shown.
func (m *machine) feeds(url string) {
	if g := readyText.FindStringSubmatch(url); g != nil && !webshell.WellKnown(g[1]) && !nearURL(url) {
		m.facts.feeds++
	}
	m.facts.sold = m.facts.sold || soldLinks.MatchString(url)
}

// fed judges what another host gives being shown as it comes.
func (m *machine) fed(n *node, v value, t taint) {
	if t&(fromRequest|fromParam|fromHeader|checked) != 0 || v.k != vUnknown {
		return
	}
	m.facts.relayed++
	switch {
	case m.unwatched() && m.alone(v) && m.hides(n):
		m.report("cloaked-content", webshell.Malicious, moderate, "What another host gives is shown to each visitor but once, for which their addresses are kept, or not to those whom cookies tell to be logged in.", n, v)
	case m.starts():
		m.report("stray-content", webshell.Malicious, moderate, "A file that only starts a program shows what another host gives.", n, v)
	case m.facts.sold && (!m.framed || m.guarded):
		m.report("sold-links", webshell.Malicious, moderate, "A list of links that another host keeps is shown as it comes.", n, v)
	}
}

// hides says that the code round n shows what it shows once for each address, or not to those whom
// the names of cookies tell to be logged in.
func (m *machine) hides(n *node) bool {
	if m.unit != m.file {
		return false
	}
	p := picks(m.round(lead{from: n.pos, to: n.end}, m.declared()))
	return p&byMemory != 0 && p&knownBots == 0 || p&byNames != 0
}

// relays sees a file that does nothing but show several texts of other hosts, as
// what is included to sell links does.
func (m *machine) relays() {
	f := &m.facts
	if f.relayed < 2 || f.feeds < f.relayed || f.prints > f.relayed || m.alarmed() || !m.isolated() || m.have&(hasRequest|hasHeader|hasWrite) != 0 {
		return
	}
	for _, t := range m.file.tokens {
		if t.kind == tHTML && len(bytes.TrimSpace(m.file.src[t.pos:t.end])) > 0 {
			return
		}
	}
	m.report("sold-links", webshell.Malicious, moderate, "All that the file does is to show texts of other hosts, as they come.", &node{pos: 0, end: 60}, value{})
}

// mayPose says that a file may ask another host in a robot's name.
func mayPose(data []byte, have trait) bool {
	return have&hasRemote != 0 && len(data) < 256<<10 && robotNames().Any(data)
}

var (
	robotNames = literal.NewSource("oglebot/", "ingbot/", "andexBot/", "aiduspider/")
	inItsName  = regexp.MustCompile(`(?:googlebot|bingbot|yandexbot|baiduspider)/[\d.]+[^"'\n]{0,40}(?:["']\s*\.\s*|\{)?\$\w+`)
)

// poses sees a file that asks another host in the name of a search engine's robot,
// and tells it there which page a visitor asks for.
func (m *machine) poses() {
	low := m.text()
	if at := inItsName.FindStringIndex(low); at != nil && strings.Contains(low, "request_uri") && m.mentions("http_host", "server_name") {
		m.report("poses-as-robot", webshell.Malicious, moderate, "Another host is asked in the name of a search engine's robot, and told which page a visitor asks for.", &node{pos: uint32(at[0]), end: uint32(at[1])}, value{})
	}
}
