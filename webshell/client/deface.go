package client

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

var (
	boasts = literal.NewSource("hacked", "h4cked", "h4ck3d", "hack3d", "owned", "0wn3d", "own3d", "0wned", "pwned", "pwn3d", "defaced", "d3fac3d", "def4ced", "was here", "w4s h3re", "hackead", "hacklen", "invadid", "diretas", "greetz", "gr33t")
	leet   = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a")
	// boast is what such a page says of itself, letters in place of numbers.
	boast = regexp.MustCompile(`\b(?:hacked|hackead[oa]|owned|pwned|defaced|invadid[oa]|rooted|diretas)[\s:;.~|-]{1,4}(?:by|por|oleh|from)\b|\bhacklendi\b|hack(?:ed|lendi) *!|(?:you|site|server|system|website|box|security)(?: has| have|'ve)?(?: been| got| is| was)? (?:hacked|pwned|owned|defaced)\b|\b\w+ was here\b`)
	greet = regexp.MustCompile(`\bgr[e3]{2}t[sz]\b|greetings? to|special thanks|thanks to all|shout ?outs?|we are (?:anonymous|legion)`)
	taunt = regexp.MustCompile(`(?:dear|hey|hi|hello|sorry|dont|don't|the) ?(?:mr\.? ?)?admin|admin ?:|(?:your|ur|the) (?:security|system|site|server|website|box)|patch (?:your|it|the)|back-?up is|no war|free palestine|stop killing|expect us|cyber ?(?:army|team|crew|ghost|wolf)|(?:team|crew) (?:was|hack)`)
	music = regexp.MustCompile(`<(?:audio|video)\b[^>]*\bautoplay|<embed\b|<bgsound\b|autoplay=1|autostart\s*=\s*["']?(?:true|1)|<object\b[^>]*(?:d27cdb6e|shockwave)`)
	locks = regexp.MustCompile(`oncontextmenu\s*=|onselectstart\s*=|onmousedown\s*=\s*["']return false|onkeydown\s*=\s*["']?return false|event\.button\s*==\s*2`)
	black = regexp.MustCompile(`bgcolor\s*=\s*["']?(?:black|#0{3}(?:0{3})?)\b|background(?:-color)?\s*:\s*(?:black|#0{3}(?:0{3})?)\b`)
	reach = regexp.MustCompile(`t\.me/|telegram|icq|zone-?h|[\w.+-]+@[\w-]+\.[a-z]`)
)

// Bounds of a page that replaces another: its size and what it says, in bytes.
const (
	maxDefaced = 64 << 10
	maxBoast   = 4000
)

// defaced finds pages that someone put in the place of a site's own to boast of
// it. The words alone are not enough, since articles have them too: such a page
// leads nowhere within the site and asks for nothing, and plays music, locks the
// mouse, greets friends or mocks the administrator.
func (p *page) defaced() {
	if p.kind != markup || len(p.data) > maxDefaced || p.survey.has&aBody == 0 || !boasts().Any(p.data) {
		return
	}
	low := p.markup()
	at, title := len(low), ""
	for t := range tags(low) {
		if t.closing {
			continue
		}
		switch t.name {
		case "form":
			return
		case "a", "frame":
			href, _ := t.attr("href")
			if href != "" && host(href) == "" && href[0] != '#' && !strings.Contains(href, ":") {
				return // a page of the site
			}
		case "title":
			title, _, _ = strings.Cut(low[t.end:min(len(low), t.end+500)], "</title")
			at = t.at
		case "body", "h1", "center":
			at = min(at, t.at)
		}
	}
	text := leet.Replace(bare(low, " "))
	if at == len(low) || len(text) > maxBoast {
		return
	}
	signs := 0
	switch {
	case boast.MatchString(leet.Replace(title)):
		signs = 2
	case boast.MatchString(text):
		signs = 1
	default:
		return
	}
	for _, sign := range []*regexp.Regexp{greet, taunt} {
		if sign.MatchString(text) {
			signs++
		}
	}
	for _, sign := range []*regexp.Regexp{music, locks, black, reach} {
		if sign.MatchString(low) {
			signs++
		}
	}
	const text1 = "The page boasts of having replaced another one."
	switch {
	case signs >= 4:
		p.add(webshell.Malicious, finding.ModerateConfidence, "defaced", text1, at, "")
	case signs == 3:
		p.add(webshell.Suspicious, finding.LowConfidence, "defaced", text1, at, "")
	}
}
