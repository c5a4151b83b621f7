package client

import (
	"bytes"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// minHidden is how many hosts a list out of sight leads to at least.
const minHidden = 4

// hiddenLists finds an element out of sight that no script has a name for and that
// holds nothing but links to other hosts, as all that is in the file, in front of
// its document or behind the end of its body: whoever reads it is no visitor.
func (p *page) hiddenLists() {
	if p.kind != markup || p.survey.has&aLink == 0 {
		return
	}
	start := bytes.TrimLeft(p.data[:min(len(p.data), maxTag)], blank)
	if len(start) > 1 && start[0] == '<' && strings.IndexByte("dpsuDPSU", start[1]) >= 0 && bytes.Contains(start[:min(len(start), maxMeta)], []byte("style")) {
		low := p.markup()
		hosts, at, end := hiddenList(low, 0)
		rest := strings.TrimLeft(low[end:], blank)
		if len(hosts) >= minHidden && (rest == "" || begins(rest)) {
			p.hiddenList(hosts, at)
		}
	}
	for _, k := range []int{p.survey.body, p.survey.end} {
		if k < 0 || !bytes.Contains(p.data[k:], []byte("style")) {
			continue
		}
		if hosts, at, _ := hiddenList(p.markup(), k+len("</body>")); len(hosts) >= minHidden {
			p.hiddenList(hosts, at)
			return
		}
	}
}

func (p *page) hiddenList(hosts map[string]bool, at int) {
	p.add(webshell.Malicious, finding.ModerateConfidence, "hidden-links", "A list of links to other hosts, outside the page itself, is kept out of sight, as is done for search engines: "+strings.Join(first(hosts, 3), ", ")+".", at, "")
}

// hiddenList reads the element at an offset; it returns the hosts that its links
// lead to, and where it begins and ends. There are none unless it is out of sight
// and holds nothing but such links.
func hiddenList(low string, from int) (hosts map[string]bool, at, end int) {
	var open *tag
	depth := 0
	for t := range tags(low[min(from, len(low)):]) {
		switch {
		case open == nil:
			style, _ := t.attr("style")
			if t.closing || empty(t.name) || t.handled() || hides(style) == shown || strings.TrimSpace(low[from:from+t.at]) != "" {
				return nil, 0, 0
			}
			first := *t
			open, depth, hosts = &first, 1, map[string]bool{}
		case t.name == open.name && t.closing:
			depth--
		case t.name == open.name:
			depth++
		case t.name == "a" && !t.closing:
			href, _ := t.attr("href")
			h := host(href)
			if h == "" || webshell.WellKnown(h) {
				return nil, 0, 0
			}
			hosts[h] = true
		case t.name != "a" && t.name != "p" && t.name != "br" && t.name != "li" && t.name != "ul" && t.name != "div" && t.name != "span" && t.name != "b" && t.name != "strong":
			return nil, 0, 0
		}
		if depth == 0 {
			return hosts, from + open.at, from + t.end
		}
	}
	return nil, 0, 0
}
