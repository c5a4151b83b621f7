package client

import (
	"bytes"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// minSold is how many hosts such a list leads to at least.
const minSold = 5

// maxSold bounds such a list, in bytes.
const maxSold = 64 << 10

// soldLinks finds a part of a page that holds nothing but links to the front
// pages of other hosts, where the same words lead to several of them: search
// engines are to find those hosts by these words. Who lists sites for visitors
// calls each by its name.
func (p *page) soldLinks() {
	if p.kind != markup || p.survey.has&aLink == 0 || len(p.data) > maxSold {
		return
	}
	if text := bytes.TrimSpace(p.data); len(text) < 2 || text[0] != '<' || strings.IndexByte("abdlpsuABDLPSU", text[1]) < 0 {
		return // most pages begin otherwise
	}
	low := p.markup()
	hosts, texts := map[string]bool{}, map[string]bool{}
	from, at, inside, count := 0, -1, false, 0
	for t := range tags(low) {
		between := strings.TrimSpace(low[from:t.at])
		from = t.end
		switch {
		case t.name == "a" && t.closing && inside:
			texts[between] = true
			inside = false
			continue
		case between != "":
			return
		case t.name == "a" && !t.closing:
			href, _ := t.attr("href")
			h := host(href)
			if h == "" || webshell.WellKnown(h) || strings.Trim(href[strings.Index(href, h)+len(h):], "/") != "" || hosts[h] {
				return
			}
			hosts[h], inside = true, true
			if count++; at < 0 {
				at = t.at
			}
		case t.name != "p" && t.name != "br" && t.name != "li" && t.name != "ul" && t.name != "div" && t.name != "span":
			return
		}
	}
	if strings.TrimSpace(low[from:]) != "" || inside || count < minSold || 2*len(texts) > count || texts[""] {
		return
	}
	p.add(webshell.Malicious, finding.ModerateConfidence, "sold-links", "The file holds nothing but links to other hosts, several by the same words, for search engines to find: "+strings.Join(first(hosts, 3), ", ")+".", at, "")
}
