package config

import (
	"bytes"
	"iter"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// A rewrite is a rule of mod_rewrite with the conditions before it, which hold
// for this rule alone (Apache, mod_rewrite, RewriteCond).
type rewrite struct {
	at     int // of the first condition
	conds  []string
	rule   string // what follows RewriteRule, in lower case
	target string
}

var (
	rewriting = literal.New([]string{"rewritecond"})
	visitor   = regexp.MustCompile(`^%\{http(?::|_)(?:referer|user[_-]agent)\}\s+["']?([^!\s].*)`)
	engines   = regexp.MustCompile(`google|yahoo|bing|baidu|yandex|duckduckgo|msn|aol\b`)
	phones    = regexp.MustCompile(`android|iphone|blackberry|symbian|midp|windows (?:ce|phone)|opera.?mini|iemobile|\bmobile\b`)
	// A variable that is set by what a request says of its visitor, and a condition on one.
	tellsBy    = regexp.MustCompile(`^(referer|user-agent)\s+"?([^"\s]+)"?\s+([\w-]+)`)
	byVariable = regexp.MustCompile(`^%\{env:([\w-]+)\}\s+[^!\s]`)
	// otherSite compares this host with the one that the condition before took from
	// the referrer.
	otherSite = regexp.MustCompile(`^%\{(?:http_host|server_name)\}\S*%1\S*\s+!\S*\\1`)
	everyPage = regexp.MustCompile(`^\^?\(?(?:\.[*+])?\)?\$?$`)
	remote    = regexp.MustCompile(`^https?://([^%$/?\s]+)`)
	// renderer is told the whole address of the page that it renders.
	renderer = regexp.MustCompile(`^https?://[^\s]+(?:https?:|%\{(?:http_host|request_scheme)\})|^https?://(?:localhost|127\.0\.0\.1)[:/]`)
	handheld = regexp.MustCompile(`^(?:m|mobil|mobile|wap|touch|amp|app|pda|i|itunes|apps|play|market)\.|apple\.com$|google\.com$|duda|mobi$`)
	pictures = regexp.MustCompile(`jpe\?g|jpg|gif|png`)
	dataPath = regexp.MustCompile(`(?:^|/)(?:wp-content/)?(?:uploads?|images?|img|media|files|cache|tmp|temp|fonts|css|js)/\S*\.(?:php\d?|phtml|html?|txt|jpg|gif|png|ico)(?:$|[?\s"'])`)
	program  = regexp.MustCompile(`\.(?:php\d?|phtml|cgi)(?:$|\?)`)
)

// Bounds of what is read of one .htaccess: lines that matter, and bytes of one
// of them.
const (
	maxLines = 10_000
	maxLine  = 8 << 10
)

// A directive is one line, in lower case.
type directive struct{ name, rest string }

// directives yields those of some names, with their offsets; a rule without a
// condition before it is passed over, since it asks nothing of the visitor.
func (f *file) directives(names ...string) iter.Seq2[int, directive] {
	return func(yield func(int, directive) bool) {
		asked := false
		for at, n := 0, 0; at < len(f.data); {
			line := f.data[at:]
			if end := bytes.IndexByte(line, '\n'); end >= 0 {
				line = line[:end]
			}
			from := at
			at += len(line) + 1
			line = bytes.TrimSpace(line)
			i := slices.IndexFunc(names, func(name string) bool {
				return len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) && strings.IndexByte(" \t>", line[len(name)]) >= 0
			})
			if i < 0 || names[i] == "rewriterule" && !asked && slices.Contains(names, "rewritecond") {
				continue
			}
			asked = names[i] == "rewritecond"
			if len(line) > maxLine {
				f.cut = true
				continue
			}
			if n++; n > maxLines {
				f.cut = true
				return
			}
			rest := strings.ToLower(strings.ReplaceAll(string(line[len(names[i]):]), "\t", " "))
			if !yield(from, directive{names[i], strings.TrimSpace(rest)}) {
				return
			}
		}
	}
}

// rewrites judges what visitors are shown, by where they come from and by what
// they read with.
func (f *file) rewrites() {
	if !rewriting.Any(f.data) {
		return
	}
	r, told := rewrite{at: -1}, map[string]string{}
	for at, d := range f.directives("rewritecond", "rewriterule", "setenvif", "setenvifnocase") {
		switch d.name {
		case "setenvif", "setenvifnocase":
			if m := tellsBy.FindStringSubmatch(d.rest); m != nil && len(told) < 100 {
				told[m[3]] = "%{http_" + strings.ReplaceAll(m[1], "-", "_") + "} " + m[2]
			}
			continue
		case "rewritecond":
			if r.at < 0 {
				r.at = at
			}
			if m := byVariable.FindStringSubmatch(d.rest); m != nil && told[m[1]] != "" {
				d.rest = told[m[1]]
			}
			r.conds = append(r.conds, d.rest)
		case "rewriterule":
			r.rule = d.rest
			if fields := strings.Fields(d.rest); len(fields) > 1 {
				r.target = strings.Trim(fields[1], `"'`)
				f.rewrite(&r)
				f.exempts(&r)
			}
			r = rewrite{at: -1}
		}
	}
}

func (f *file) rewrite(r *rewrite) {
	engine, phone, own, once, came := false, false, false, false, false
	for i, c := range r.conds {
		came = came || otherSite.MatchString(c) && i > 0 && strings.HasPrefix(r.conds[i-1], "%{http_referer} ")
		once = once || strings.HasPrefix(c, "%{http_cookie}") && strings.Contains(c, "!")
		own = own || strings.HasPrefix(c, "%{http_host}")
		if m := visitor.FindStringSubmatch(c); m != nil {
			engine = engine || engines.MatchString(m[1])
			phone = phone || strings.Contains(c, "agent") && phones.MatchString(m[1])
		}
	}
	pattern, _, _ := strings.Cut(r.rule, " ")
	away := remote.FindStringSubmatch(r.target)
	if came && away != nil && everyPage.MatchString(pattern) {
		f.add(webshell.Malicious, finding.ModerateConfidence, "search-redirect", "Visitors who come from other sites are sent to another one.", r.at)
		return
	}
	if !engine && !phone || r.target == "-" || pictures.MatchString(pattern) {
		return
	}
	switch {
	case engine && away != nil && !renderer.MatchString(r.target):
		f.add(webshell.Malicious, finding.ModerateConfidence, "search-redirect", "Visitors who come from a search engine are sent to another site.", r.at)
	case phone && away != nil && !handheld.MatchString(away[1]) && !own:
		v := webshell.Suspicious
		if strings.Contains(r.target, "?") && !strings.Contains(r.target, "$") && !strings.Contains(r.target, "%{") || program.MatchString(r.target) {
			v = webshell.Malicious // a counter's address, the same for every page
		}
		if once && strings.Contains(r.rule, "co=") { // each but once
			v = webshell.Malicious
		}
		f.add(v, finding.ModerateConfidence, "mobile-redirect", "Visitors with telephones are sent to another site.", r.at)
	case engine && away == nil && dataPath.MatchString(r.target):
		f.add(webshell.Malicious, finding.ModerateConfidence, "search-page", "Search engines, or visitors who come from them, are shown a file of a folder for data.", r.at)
	case engine && away == nil && program.MatchString(r.target) && !strings.Contains(r.target, "index.php"):
		f.add(webshell.Suspicious, finding.LowConfidence, "search-page", "Search engines, or visitors who come from them, are shown another page of this site.", r.at)
	}
}

var (
	denies   = regexp.MustCompile(`(?i)deny\s+from\s+all|require\s+all\s+denied`)
	permits  = regexp.MustCompile(`(?i)allow\s+from\s+all|require\s+all\s+granted`)
	spelling = regexp.MustCompile(`(?i)\bph(?:p\b|tml\b|ar\b|\*)`)
	scripts  = regexp.MustCompile(`(?i)[\w-]+\\?\.ph(?:p|tml|ar)\b`)
	endings  = regexp.MustCompile(`^(?:\.\*)?\\?\.\(`) // which a list in parentheses follows
	anyOf    = regexp.MustCompile(`^[\w-]+\*$`)        // whatever is so called, scripts among it
)

// dataFolder is a folder for data, where no scripts of a site are.
var dataFolder = regexp.MustCompile(`(?i)(?:^|[\\/])(?:uploads?|images?|img|media|pictures|photos|thumbs?)[\\/]`)

var (
	phpNames = regexp.MustCompile(`(?i)\bph\b|ph(?:p|tml|\*)|\.\*$`)
	cleaned  = regexp.MustCompile(`(?i)\bsuspected\b`) // what hosts rename hacked scripts to; nobody else knows that ending
	kinds    = regexp.MustCompile(`(?i)\b(?:exe|py|jsp|asp)\b`)
	listed   = regexp.MustCompile(`(?i)\(\??:?([\w|.\\-]+)\)\\?\.php`)
	butFor   = regexp.MustCompile(`(?i)\(\?!\^?[^)]*[\w-]\\?\.php`)
	notThese = regexp.MustCompile(`(?i)^%\{(?:request_filename|request_uri|script_filename)\}\s+!\S*[\w)-]\\?\.php`)
	refused  = regexp.MustCompile(`(?i)^\S*\.\(?(?:php|ph)\S*\s+-\s+\[[^\]]*\bf\b`)
)

// named is how many scripts a pattern names.
func named(names []byte) int {
	if anyOf.Match(names) {
		return 1
	}
	if m := listed.FindSubmatch(names); m != nil {
		return 1 + bytes.Count(m[1], []byte("|"))
	}
	return len(scripts.FindAll(names, 100))
}

// spellings is in how many ways a pattern writes one ending in capitals and small
// letters, of that which it writes in most.
func spellings(names []byte) (most int) {
	forms, ways := map[string]bool{}, map[string]int{}
	for _, s := range spelling.FindAllString(string(names), 20) {
		if !forms[s] {
			forms[s] = true
			low := strings.ToLower(s)
			ways[low]++
			most = max(most, ways[low])
		}
	}
	return most
}

// locks finds a server that runs a few scripts by name and no other: an attacker
// who keeps others, and the site's owner, from his own. He writes the ending in
// capitals and small letters, where an owner would write (?i), or knows the one
// that hosts give to hacked scripts, or names a script in a folder for data, or runs
// files of an ending of his own.
func (f *file) locks(blocks [][]int) {
	at, open := -1, 0
	shut, odd, mixed, both, strange := false, false, false, false, false
	ways := map[string]bool{}  // of writing the ending of PHP, each in a block of its own
	front, own := false, false // the page of a folder is named, and an ending of his own
	for _, m := range blocks {
		names, body := f.data[m[2]:m[3]], f.data[m[4]:m[5]]
		switch {
		case denies.Match(body) && !permits.Match(body):
			if !phpNames.Match(names) || scripts.Match(names) && !butFor.Match(names) && !endings.Match(names) {
				continue
			}
			forms := spellings(names)
			if f.other && bytes.HasPrefix(names, []byte("*.")) {
				ways[string(names)] = true
			}
			if at < 0 {
				at = m[0]
			}
			shut = true
			odd = odd || forms >= 3 || cleaned.Match(names) || bytes.HasPrefix(names, []byte("*.ph*"))
			mixed = mixed || kinds.Match(names)
			both = both || forms >= 3 && cleaned.Match(names)
			if butFor.Match(names) {
				open++
			}
		case permits.Match(body), inner.MatchString(f.name) && fromOne.Match(body):
			open += named(names)
			if f.ending != "" && bytes.Contains(names, []byte("."+f.ending)) {
				open++
				odd, own = true, true
			}
			front = front || bytes.Contains(names, []byte("index"))
			strange = strange || named(bytes.ReplaceAll(names, []byte("index"), nil)) > 0
		}
	}
	few := "Only the scripts that are named here run; all others are refused, in every spelling of their ending."
	if own {
		few = "Only the scripts that are named here, and files of an ending that no language has, run as PHP; all others are refused."
	}
	switch {
	case !shut:
	case len(ways) >= 3:
		f.add(webshell.Malicious, finding.ModerateConfidence, "locks-others-out", "PHP runs under an ending of the attacker's own; all scripts are refused, in every spelling of their ending.", at)
	case odd && open >= 2, mixed && open >= 3, mixed && open >= 2 && !front, both && strange:
		f.add(webshell.Malicious, finding.ModerateConfidence, "locks-others-out", few, at)
	case open >= 1 && dataFolder.MatchString(f.name):
		f.add(webshell.Malicious, finding.ModerateConfidence, "runs-one-upload", "In a folder for data a script runs that is named here; all others are refused.", at)
	case odd && strange:
		f.add(webshell.Suspicious, finding.ModerateConfidence, "locks-others-out", few, at)
	case both: // owners shut off what others left so, too, but no programs of other languages
		v := webshell.Suspicious
		if mixed {
			v = webshell.Malicious
		}
		f.add(v, finding.ModerateConfidence, "locks-others-out", "All scripts are refused, in every spelling of their ending and in the one that hosts give to hacked ones.", at)
	}
}

// exempts judges a rule that refuses scripts but for those that its conditions
// name.
func (f *file) exempts(r *rewrite) {
	if !refused.MatchString(r.rule) || !dataFolder.MatchString(f.name) {
		return
	}
	for _, c := range r.conds {
		if notThese.MatchString(c) || strings.HasPrefix(c, "%{remote_addr} !") {
			f.add(webshell.Malicious, finding.ModerateConfidence, "runs-one-upload", "In a folder for data a script runs that is named here; all others are refused.", r.at)
			return
		}
	}
}

// searched is the condition of an <If> that holds for search engines, or for
// visitors who come from them.
var searched = regexp.MustCompile(`^[^!]*%\{http_(?:referer|user_agent)\}[^!]*(?:google|yahoo|bing|baidu|yandex)`)

// errors judges what visitors are shown in place of an error.
func (f *file) errors() {
	pages, first := map[string]int{}, -1
	engine := false
	for at, d := range f.directives("errordocument", "redirect", "<if", "</if") {
		if d.name == "redirect" {
			if fields := strings.Fields(d.rest); engine && len(fields) > 0 && remote.MatchString(strings.Trim(fields[len(fields)-1], `"'`)) {
				f.add(webshell.Malicious, finding.ModerateConfidence, "search-redirect", "Visitors who come from a search engine are sent to another site.", at)
				return
			}
			continue
		}
		if d.name != "errordocument" {
			engine = d.name == "<if" && searched.MatchString(d.rest)
			continue
		}
		_, target, _ := strings.Cut(d.rest, " ")
		target = strings.Trim(strings.TrimSpace(target), `"'`)
		switch {
		case engine && remote.MatchString(target):
			f.add(webshell.Malicious, finding.ModerateConfidence, "search-redirect", "Visitors who come from a search engine are sent to another site when a page is not found.", at)
			return
		case remote.MatchString(target):
			if first < 0 {
				first = at
			}
			pages[target]++
			if pages[target] == 4 {
				f.add(webshell.Suspicious, finding.ModerateConfidence, "errors-elsewhere", "Whatever goes wrong, visitors are sent to one page of another host: "+webshell.Cut(target, 100)+".", first)
			}
		case dataPath.MatchString(target) && program.MatchString(target):
			f.add(webshell.Malicious, finding.ModerateConfidence, "error-runs-upload", "A page that is not found runs a script in a folder for data: "+webshell.Cut(target, 100)+".", at)
			return
		}
	}
}
