package client

import (
	"regexp"
	"strconv"
	"strings"

	"limier/finding"
	"limier/webshell"
)

var (
	refresh = regexp.MustCompile(`^\s*(\d+)\s*[;,]\s*url\s*=\s*\\?['"]?\s*([^'"\s]+)`)
	// goes is a script that leads elsewhere, in lower case.
	goes   = regexp.MustCompile(`^location(?:(?:\.href)?\s*=|\.(?:replace|assign)\()\s*["'](?:https?:)?//[\w.-]+\.`)
	titles = regexp.MustCompile(`(?s)<title[^>]*>(.*?)</title|<h1[^>]*>(.*?)</h1|<noscript[^>]*>(.*?)</noscript|<meta\s[^>]*name\s*=\s*["']?(?:keywords|description)[^>]*>`)
)

// Bounds of a doorway: its size, and what it has to say, in bytes; and how long
// it shows itself, in seconds.
const (
	maxDoorway = 16 << 10
	maxWords   = 20
	maxWait    = 5
)

// doorways finds pages that are made for search engines and send people on to
// another host at once.
func (p *page) doorways() {
	if p.kind != markup || len(p.data) > maxDoorway || p.survey.has&aRefresh == 0 && (p.survey.has&aScript == 0 || !p.trades()) {
		return
	}
	low := p.markup()
	url, at := "", -1
	for t := range tags(low) {
		if eq, _ := t.attr("http-equiv"); t.name != "meta" || eq != "refresh" {
			continue
		}
		content, _ := t.attr("content")
		m := refresh.FindStringSubmatch(content)
		if m == nil {
			continue
		}
		if wait, err := strconv.Atoi(m[1]); err == nil && wait <= maxWait {
			url, at = m[2], t.at
		}
		break
	}
	h := host(url)
	meta := h != "" && !webshell.WellKnown(h)
	if !meta {
		if at = leaves(low); at < 0 || !p.trades() {
			return
		}
	}
	named := map[string]bool{}
	for _, m := range titles.FindAllString(low, 20) {
		words(m, named)
	}
	switch {
	case len(named) >= 2 && strings.Count(low, "<a ") <= 3:
		p.add(webshell.Malicious, finding.ModerateConfidence, "doorway", "The page names "+strings.Join(first(named, 3), ", ")+" to search engines and sends people to another host.", at, "")
	case meta && says(low) <= maxWords && !told.MatchString(low) && !strings.Contains(low, "canonical") && !strings.Contains(low, "<a ") && !works.MatchString(low):
		p.add(webshell.Suspicious, finding.LowConfidence, "bare-redirect", "The page shows nothing and sends its visitors to another host: "+webshell.Cut(url, 100)+".", at, "")
	}
}

// leaves is where a script in a page leads elsewhere, -1 without.
func leaves(low string) int {
	for i := 0; ; {
		k := strings.Index(low[i:], "location")
		if k < 0 {
			return -1
		}
		at := i + k
		i = at + len("location")
		if (at == 0 || digit(low[at-1]) < 0 && low[at-1] != '_') && goes.MatchString(low[at:min(len(low), at+maxAddress)]) {
			return at
		}
	}
}

// says is how much text a page shows, in bytes.
func says(low string) int { return len(strings.TrimSpace(bare(low, ""))) }

// bare is a page, in lower case, with a text in place of each tag, comment,
// script, style, title and piece of server code. It is no regular expression,
// since that would look for the end of each unfinished one in all of the page.
func bare(low, in string) string {
	var b strings.Builder
	never := map[string]bool{} // ends that do not come any more
	behind := func(i int, ends ...string) int {
		first := -1
		for _, end := range ends {
			if never[end] {
				continue
			}
			k := strings.Index(low[i:], end)
			if k < 0 {
				never[end] = true
			} else if k += i + len(end); first < 0 || k < first {
				first = k
			}
		}
		return first
	}
	for i := 0; ; {
		k := strings.IndexByte(low[i:], '<')
		if k < 0 {
			return b.String() + low[i:]
		}
		b.WriteString(low[i : i+k])
		i += k
		to := -1
		switch rest := low[i+1:]; {
		case strings.HasPrefix(rest, "!--"):
			to = behind(i+4, "-->")
		case strings.HasPrefix(rest, "?"):
			to = behind(i+2, "?>")
		case strings.HasPrefix(rest, "%"):
			to = behind(i+2, "%>")
		case silent.MatchString(rest[:min(len(rest), 7)]):
			to = behind(i+6, "</script", "</style", "</title")
		}
		if to < 0 {
			to = behind(i, ">")
		}
		if to < 0 {
			return b.String() + low[i:]
		}
		b.WriteString(in)
		i = to
	}
}

var silent = regexp.MustCompile(`^(?:script|style|title)\b`)

// works is server code that does something.
var works = regexp.MustCompile(`<[?%][^>]*[$(=@]`)

// told says that a page tells its reader that it sends him on.
var told = regexp.MustCompile(`redirect|moved|forward|weiterleit|umleit|verschoben|umgezogen|redirig|redirec|déplacé`)
