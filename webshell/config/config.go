// Package config analyses the configuration files that change what a web
// server runs: web.config, applicationHost.config, web.xml, .htaccess and
// .user.ini.
package config

import (
	"bytes"
	"cmp"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// New returns the analyser; inner are the languages that judge code within a
// configuration file.
func New(inner ...*webshell.Language) *webshell.Language {
	return &webshell.Language{
		Name:    "config",
		Doc:     "web.config, applicationHost.config, web.xml, .htaccess, .user.ini",
		Match:   match,
		Analyse: func(name string, data []byte) []webshell.Reason { return analyse(inner, name, data) },
	}
}

func match(name string, _ []byte) bool {
	switch path.Base(strings.ReplaceAll(name, `\`, "/")) {
	case ".htaccess", ".user.ini", "php.ini", "web.xml":
		return true
	}
	return path.Ext(name) == ".config" || path.Ext(name) == ".htaccess"
}

// maxCondition is how much of a precondition is read, in bytes.
const maxCondition = 4 << 10

// A file is one configuration on its way through the analysis.
type file struct {
	name string
	raw  []byte
	data []byte // as it is read
	out  []webshell.Reason
	told map[grade]int

	ending string // that no language has, in lower case, whose files PHP runs
	other  bool   // PHP runs files of an ending that is not its own
	cut    bool   // something that may matter was not read
}

// A grade is how much a reason weighs.
type grade struct {
	v webshell.Verdict
	c finding.Confidence
}

// maxTold is how many reasons of one grade are kept, no fewer than are told of
// a file.
const maxTold = 20

func (f *file) add(v webshell.Verdict, c finding.Confidence, rule, text string, at int) {
	if f.told[grade{v, c}]++; f.told[grade{v, c}] > maxTold {
		return
	}
	f.out = append(f.out, webshell.Reason{Verdict: v, Confidence: c, Rule: rule, Text: text,
		Steps: []webshell.Step{{Line: webshell.Line(f.raw, at), Role: "sink", Code: webshell.Snippet(f.raw, at)}}})
}

// lines finds a pattern that keeps to one line in the lines that hold one of the
// words, which is faster by far than looking everywhere; at most n times.
func (f *file) lines(pattern *regexp.Regexp, n int, words *literal.Set) (all [][]int) {
	for at := 0; at < len(f.data) && len(all) < n; {
		line := f.data[at:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		if len(line) >= len("AddType") && words.Any(line) {
			for _, m := range pattern.FindAllSubmatchIndex(line, n-len(all)) {
				for i := range m {
					if m[i] >= 0 { // of a group that took part
						m[i] += at
					}
				}
				all = append(all, m)
			}
		}
		at += len(line) + 1
	}
	return all
}

// settings are the words without which a file changes nothing that we judge.
var settings = literal.New([]string{"auto_prepend_file", "auto_append_file", "allow_url_include", "addtype", "addhandler", "sethandler", "forcetype",
	"http_referer", "http_user_agent", "errordocument", "<files", "wp-content/", "wp-includes/", "x-httpd-php", "remote_addr", "user-agent", "browsermatch", "substitute", "refresh", "http_user", "text/plain", "addhandler txt", ".php$", "taskfactory", "<add", "<remove", "<%", "runat=", "jspservlet", "physicalpath", "processpath", "compileroptions",
	"autoshutdownexe", "orphanactionexe", "<codebase", "allowinsecuredeserialization"})

// What a line, or a file, must hold to be looked at for one pattern.
var (
	prepends = literal.New([]string{"auto_prepend_file", "auto_append_file"})
	allows   = literal.New([]string{"allow_url_include"})
	handles  = literal.New([]string{"addtype", "addhandler"})
	blocked  = literal.New([]string{"<files"})
	searches = literal.New([]string{"{http_referer}", "{http_user_agent}"})
	shells   = literal.New([]string{`\cmd.exe"`, `\powershell.exe"`})
	opens    = literal.New([]string{`".config`, `'.config`, `"web.config`, `'web.config`})
	runat    = literal.New([]string{`runat="server"`})
	folders  = literal.New([]string{"physicalpath"})
	hosts    = literal.New([]string{"processpath"})
	compiles = literal.New([]string{"compileroptions"})
	fails    = literal.New([]string{"autoshutdownexe", "orphanactionexe"})
	codes    = literal.New([]string{"<codebase"})
	unsafe   = literal.New([]string{`"aspnet:allowinsecuredeserialization"`})
)

func analyse(inner []*webshell.Language, name string, data []byte) []webshell.Reason {
	f := &file{name: name, data: data, raw: data, told: map[grade]int{}}
	if !settings.Any(data) {
		return nil
	}
	switch base := path.Base(strings.ToLower(strings.ReplaceAll(name, `\`, "/"))); {
	case strings.HasSuffix(base, ".ini"):
		f.prepend(`=`)
	case strings.HasSuffix(base, ".htaccess"):
		f.data = joined(data)
		f.prepend(`\s`)
		f.htaccess()
	case base == "web.xml":
		f.servlets()
	default:
		f.iis()
		f.code(inner)
	}
	if f.cut || len(data) > maxConfig && settings.Any(data[maxConfig:]) {
		f.out = append(f.out, webshell.Unread(webshell.TooLong))
	}
	return webshell.Strongest(f.out)
}

// notCode are types of file that hold no code; a server told to run them runs
// what was uploaded as a picture.
const notCode = `(?:jpe?g|gif|png|bmp|ico|svg|webp|txt|log|dat|pdf|css|zip|rar|doc|xls|mp3|mp4|xml|config|htaccess|ini|bak|tmp)`

var (
	prependINI = regexp.MustCompile(`(?im)^[ \t]*(?:auto_prepend_file|auto_append_file)[ \t]*=[ \t]*["']?([^"'\r\n;]+)`)
	prependHTA = regexp.MustCompile(`(?im)^[ \t]*php_(?:admin_)?value[ \t]+(?:auto_prepend_file|auto_append_file)[ \t]+["']?([^"'\r\n]+)`)
	allowURL   = regexp.MustCompile(`(?im)^[ \t]*(?:php_(?:admin_)?(?:flag|value)[ \t]+)?allow_url_include[ \t=]+["']?(?:1|on)`)
	hiddenFile = regexp.MustCompile(`(?i)\.` + notCode + `$|^php://|^data:|^https?://|^/(?:var/)?tmp/|^/dev/shm|(?:^|/)sess_|(?:^|/)\.[^./]`)
	addType    = regexp.MustCompile(`(?im)^[ \t]*(?:AddType|AddHandler)[ \t]+["']?\S*(?:php|cgi-script|x-httpd|server-parsed)\S*((?:[ \t]+\S+)+)`)
	ofNoCode   = regexp.MustCompile(`(?i)(?:^|\s)\.?` + notCode + `\b`)
	ofCode     = regexp.MustCompile(`(?i)\.?(?:ph|s?html?|inc\b|module|tpl|cgi|pl\b|py\b|asp|cfm|jsp|do\b|rss)`)
	ofCGI      = regexp.MustCompile(`(?i)\.?\b(?:[a-z]{0,3}sh|rbx?|exe|com|bat|ps1|lua|tcl|awk|fpl|plx|py\d|m?js|jl|hs|go|scm|lisp|ml|pike|groovy|bin|out|so|[crd])\b`)
	runsCGI    = regexp.MustCompile(`(?im)^[ \t]*Options[ \t](?:.*[ \t])?\+?ExecCGI`)
	listsAll   = regexp.MustCompile(`(?im)^[ \t]*Options[ \t](?:.*[ \t])?\+?Indexes`)
	otherwise  = regexp.MustCompile(`(?im)^[ \t]*(?:[^#\soa]|o[^p]|a[^d])`) // what says more than options and types
	cgiHandler = regexp.MustCompile(`(?i)cgi-script`)
	ofText     = regexp.MustCompile(`(?i)^\.?(?:x?html?|js|json|xsl|rdf|atom|ics|csv|wml|action|api|cms|class|lib)$`)
	ofPages    = regexp.MustCompile(`(?i)(?:^|\s)\.?s?html?\b`)
	uploads    = regexp.MustCompile(`(?i)(?:^|[\\/])uploads?[\\/]`) // pages that are scripts are usual elsewhere
	phpHandler = regexp.MustCompile(`(?i)x-httpd-php|php\d*-|php-`)
	files      = regexp.MustCompile(`(?is)<Files(?:Match)?[ \t]+~?[ \t]*["']?([^>"']+)["']?[ \t]*>(.*?)</Files`)
	setHandler = regexp.MustCompile(`(?i)(?:SetHandler|ForceType)[ \t]+["']?\S*(?:php|cgi-script|server-parsed)`)
	ownEnding  = regexp.MustCompile(`(?i)(?:^|[\s."'])(?:ph|s?html?|inc\b|module)`)
	noCodeWord = regexp.MustCompile(`(?i)(?:^|[\s.(|\\"'])` + notCode + `(?:$|[\s)|"'?$])`)
)

// maxPrepends is how many settings of what runs first are looked at: the last
// counts.
const maxPrepends = 100_000

func (f *file) prepend(sep string) {
	re := prependINI
	if sep != "=" {
		re = prependHTA
	}
	for _, m := range f.lines(re, maxPrepends, prepends) {
		target := strings.TrimSpace(string(f.data[m[2]:m[3]]))
		switch {
		case target == "" || strings.EqualFold(target, "none"):
		case hiddenFile.MatchString(target):
			f.add(webshell.Malicious, finding.HighConfidence, "prepends-hidden-code", "Every PHP page runs "+webshell.Cut(target, 100)+" first, which is no PHP file by its name.", m[0])
		default:
			f.add(webshell.Suspicious, finding.LowConfidence, "prepends-code", "Every PHP page runs "+webshell.Cut(target, 100)+" as well.", m[0])
		}
	}
	for _, m := range f.lines(allowURL, 1, allows) {
		f.add(webshell.Suspicious, finding.ModerateConfidence, "includes-urls", "PHP may include code from other hosts.", m[0])
	}
}

func (f *file) htaccess() {
	programs := false
	for _, m := range f.lines(addType, 200, handles) {
		if phpHandler.Match(f.data[m[0]:m[1]]) {
			f.ending = cmp.Or(f.ending, unknown(f.data[m[2]:m[3]]))
			f.other = f.other || !ownEnding.Match(f.data[m[2]:m[3]])
		}
		switch ends := f.data[m[2]:m[3]]; {
		case ofNoCode.Match(ends):
			f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "The server is told to run files as scripts that are none by their names.", m[0])
		case !programs && cgiHandler.Match(f.data[m[0]:m[1]]) && !ofCode.Match(ends) && !ofCGI.Match(ends):
			programs = true
			f.programs(m[0])
		case phpHandler.Match(f.data[m[0]:m[1]]) && (dataFolder.MatchString(f.name) && !ofCode.Match(ends) || uploads.MatchString(f.name) && ofPages.Match(ends)):
			f.add(webshell.Malicious, finding.ModerateConfidence, "runs-no-code", "In a folder for data pages, or files of an ending of the attacker's own, are run as scripts.", m[0])
		}
	}
	var blocks [][]int
	if blocked.Any(f.data) {
		blocks = files.FindAllSubmatchIndex(f.data[:min(len(f.data), maxConfig)], 200)
	}
	for _, m := range blocks {
		if setHandler.Match(f.data[m[4]:m[5]]) && noCodeWord.Match(f.data[m[2]:m[3]]) {
			f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "The server is told to run files as scripts that are none by their names.", m[0])
		}
	}
	f.rewrites()
	f.locks(blocks)
	f.errors()
	f.visitors()
}

// unknown returns the first of some endings that neither pages, nor texts, nor any
// language has; "" without.
func unknown(ends []byte) string {
	for _, e := range bytes.Fields(ends) {
		if len(e) > 1 && !ofCode.Match(e) && !ofNoCode.Match(e) && !ofPages.Match(e) && !ofCGI.Match(e) && !ofText.Match(e) {
			return strings.ToLower(string(bytes.Trim(e, `."'`)))
		}
	}
	return ""
}

// programs judges files of an ending that no language has, which are run as
// programs: an owner who has his own does not list them to everybody.
func (f *file) programs(at int) {
	data := f.data[:min(len(f.data), maxConfig)]
	if !runsCGI.Match(data) {
		return
	}
	v := webshell.Suspicious
	if dataFolder.MatchString(f.name) || listsAll.Match(data) && !otherwise.Match(data) {
		v = webshell.Malicious
	}
	f.add(v, finding.ModerateConfidence, "runs-no-code", "Files of an ending that no language has are run as programs.", at)
}

var (
	noCodeExt   = regexp.MustCompile(`(?i)\.` + notCode + `$`)
	runs        = regexp.MustCompile(`(?i)asp\.dll|aspnet_isapi|PageHandlerFactory|SimpleHandlerFactory|WebServiceHandlerFactory|PageBuildProvider|WebHandlerBuildProvider|php-cgi|FastCgiModule|CgiModule|cmd\.exe|powershell`)
	aspnetISAPI = regexp.MustCompile(`(?i)^(?:c:\\windows|%windir%|%systemroot%)\\Microsoft\.NET\\Framework(?:64)?\\v[\d.]+\\aspnet_isapi\.dll$`)
	unblocks    = regexp.MustCompile(`(?i)<remove\s+(?:fileExtension\s*=\s*["']\.config|segment\s*=\s*["']web\.config)`)
	rewriteRule = regexp.MustCompile(`(?is)<rule\b.*?</rule>`)
	searchInput = regexp.MustCompile(`(?i)\{HTTP_(?:REFERER|USER_AGENT)\}"[^>]*(?:google|baidu|bing|yahoo|sogou|spider)`)
	awayAction  = regexp.MustCompile(`(?i)<action\b[^>]*\burl\s*=\s*"https?://[^{"]`)
	awayScript  = regexp.MustCompile(`(?i)<action\b[^>]*\bvalue\s*=\s*"[^"]*&lt;(?:script|iframe)[^"]*src=[^"]{0,8}(?:https?:)?//`)
	picture     = regexp.MustCompile(`(?i)\.(?:jpe?g|gif|png|bmp|ico)$`)
	factory     = regexp.MustCompile(`(?:Page|SimpleHandler|WebServiceHandler)Factory`)
	homeAction  = regexp.MustCompile(`(?i)<action\b[^>]*\burl\s*=\s*"https?://(?:(?:localhost|127\.0\.0\.1)[:/"]|service\.prerender\.io/https?://\{HTTP_HOST\}/)`)
	shellCGI    = regexp.MustCompile(`(?i)<application\b[^>]*\bfullPath\s*=\s*"[^"]*\\(?:cmd|powershell)\.exe"`)
	hosted      = regexp.MustCompile(`(?i)<(?:aspNetCore|httpPlatform)\b[^>]*>`)
	masked      = regexp.MustCompile(`(?is)\b(?:powershell|pwsh)(?:\.exe)?\s.*(?:[-/]e(?:c|nc\w*)?\s+[a-z0-9+/=]{8,}|\bdownloadstring\b)`)
	compiler    = regexp.MustCompile(`(?i)\bcompilerOptions\s*=\s*(?:"[^"]*(?:\\\\[\w.-]+\\|&amp;)|'[^']*(?:\\\\[\w.-]+\\|&amp;))`)
	onFailure   = regexp.MustCompile(`(?i)\b(?:autoShutdownExe|orphanActionExe)\s*=\s*"([^"]+)"`)
	codeBase    = regexp.MustCompile(`(?i)<codeBase\b[^>]*\bhref\s*=\s*"([^"]+)"`)
	insecure    = regexp.MustCompile(`(?i)"aspnet:AllowInsecureDeserialization"\s+value\s*=\s*"true"`)
	ruleNeeds   = regexp.MustCompile(`(?i)<rule\b[^>]*\bpreCondition\s*=\s*"([^"]+)"`)
	condition   = regexp.MustCompile(`<preCondition name="([^"]{1,200})"`)
	folder      = regexp.MustCompile(`(?i)\bphysicalPath\s*=\s*"([^"]*)"`)
	device      = regexp.MustCompile(`(?i)\\(?:con|prn|aux|nul|com\d|lpt\d)(?:[\\. ]|$)`)
	oddFolder   = regexp.MustCompile(`(?i)^c:\\users\\all users\\|\\\$?recycle|\\perflogs\\|\\windows\\(?:temp|tasks|debug|fonts|help)\\`)
	system      = []string{`%windir%\`, `%systemroot%\`, `c:\windows\system32\`, `c:\windows\microsoft.net\`, `%programfiles%`, `%programw6432%`, `%exchangeinstall`, `%iis_bin%`,
		`c:\program files\`, `c:\program files (x86)\`, `%commonprogramfiles`, `%iis_user`}
	anyones  = []string{`\temp\`, `\perflogs\`, `\windows\temp`, `\windows\tasks`, `\recycle`, `%temp%`, `%public%`, `\users\public`}
	writable = []string{`\system32\drivers\`, `\temp\`, `\inetpub\`, `\users\`, `\perflogs\`, `\programdata\`, `\windows\temp`, `\windows\tasks`, `\recycle`, `%temp%`, `%public%`, `%appdata%`}
)

var (
	jspServlet = regexp.MustCompile(`(?s)<servlet-name>\s*([^<\s]+)\s*</servlet-name>\s*<servlet-class>\s*[\w.]*JspServlet\s*<`)
	mapping    = regexp.MustCompile(`(?s)<servlet-mapping>\s*<servlet-name>\s*([^<\s]+)\s*</servlet-name>(.*?)</servlet-mapping>`)
	noCodeURL  = regexp.MustCompile(`(?i)<url-pattern>\s*[^<]*\.` + notCode + `\s*<`)
)

// servlets finds files that a Java server runs as pages though they are none by
// their names.
func (f *file) servlets() {
	data := f.data[:min(len(f.data), maxConfig)]
	pages := map[string]bool{"jsp": true} // the server's own
	for _, m := range jspServlet.FindAllSubmatch(data, 50) {
		pages[string(m[1])] = true
	}
	for _, m := range mapping.FindAllSubmatchIndex(data, 1000) {
		if pages[string(data[m[2]:m[3]])] && noCodeURL.Match(data[m[4]:m[5]]) {
			f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "The server is told to run files as pages that hold no code by their names.", m[0])
		}
	}
}

// maxConfig is how much of a file is read as configuration, in bytes; code in it
// is looked for to the end.
const maxConfig = 2 << 20

// iis reads handlers, build providers and native modules.
func (f *file) iis() {
	data := withoutNotes(f.data[:min(len(f.data), maxConfig)])
	n := 0
	for at, head := range adds(data) {
		n++
		f.cut = n == maxAdds
		a := attributes(head)
		handler := a["type"] + " " + a["scriptprocessor"]
		where := a["path"] + a["extension"]
		pages := sync.OnceValue(func() bool { return factory.MatchString(a["type"]) })
		scripts := sync.OnceValue(func() bool { return runs.MatchString(handler + " " + a["modules"]) })
		for one := range strings.SplitSeq(where, ",") {
			if one == "" {
				continue
			}
			if strings.EqualFold(where, "*.xml") && aspnetISAPI.MatchString(a["scriptprocessor"]) {
				continue // Exchange's own Autodiscover.xml; ASP.NET compiles no .xml
			}
			if picture.MatchString(one) && pages() || noCodeExt.MatchString(strings.TrimSpace(one)) && scripts() && (strings.HasPrefix(strings.TrimSpace(one), "*") || a["extension"] != "" || strings.EqualFold(one, "web.config")) {
				f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "The server is told to run "+webshell.Cut(one, 60)+", which holds no code by its name.", at)
			}
		}
		if noCodeExt.MatchString(a["src"]) { // <pages><controls>: a control that every page may show
			f.add(webshell.Malicious, finding.HighConfidence, "runs-no-code", "Pages are given a control whose file holds no code by its name: "+webshell.Cut(a["src"], 60)+".", at)
		}
		if strings.Contains(a["type"], "App_Web_") {
			f.add(webshell.Malicious, finding.HighConfidence, "page-as-module", "A class of a compiled page answers requests as a module or handler of the server: "+webshell.Cut(a["type"], 100)+".", at)
		}
		if s := strings.ToLower(a["scriptprocessor"]); strings.Contains(s, "cmd.exe") || strings.Contains(s, "powershell") {
			f.add(webshell.Webshell, finding.HighConfidence, "handler-runs-shell", "Requests are handed to a shell.", at)
		}
		if s := a["scriptprocessor"]; strings.HasPrefix(s, `\\`) && !strings.HasPrefix(s, `\\?\`) {
			f.add(webshell.Malicious, finding.ModerateConfidence, "handler-elsewhere", "Requests are handed to a program on another host: "+webshell.Cut(s, 200)+".", at)
		}
		image := strings.ToLower(a["image"])
		if image == "" || slices.ContainsFunc(system, func(p string) bool { return strings.HasPrefix(image, p) }) && !slices.ContainsFunc(writable, func(p string) bool { return strings.Contains(image, p) }) {
			continue
		}
		if anyone(image) {
			// Not an alarm: the entry alone does not show what the module does, and
			// administrators test theirs in such folders too.
			f.add(webshell.Suspicious, finding.HighConfidence, "module-elsewhere", "The server loads a native module from a folder where anyone may write: "+webshell.Cut(a["image"], 200)+". Look at that file.", at)
			continue
		}
		confidence := finding.ModerateConfidence
		if slices.ContainsFunc(writable, func(p string) bool { return strings.Contains(image, p) }) {
			confidence = finding.HighConfidence
		}
		f.add(webshell.Suspicious, confidence, "module-elsewhere", "The server loads a native module from outside the system's and the programs' folders: "+webshell.Cut(a["image"], 200)+".", at)
	}
	if at := bytes.Index(data, []byte("TaskFactory")); at >= 0 && bytes.Contains(data, []byte("<Code")) && bytes.Contains(data, []byte("UsingTask")) {
		f.add(webshell.Malicious, finding.HighConfidence, "build-code-in-config", "The configuration file is a project of MSBuild whose code runs when it is built.", at)
	}
	var rules [][]int
	var needs map[string]bool
	if searches.Any(data) {
		rules = rewriteRule.FindAllIndex(data, 1000)
		needs = conditions(data)
	}
	for _, m := range rules {
		if rule := data[m[0]:m[1]]; searching(rule, needs) && (awayAction.Match(rule) || awayScript.Match(rule)) && !homeAction.Match(rule) { // a renderer on this host, or a known service of that kind, is none
			f.add(webshell.Malicious, finding.ModerateConfidence, "search-redirect", "Search engines, or visitors who come from them, are shown another site.", m[0])
		}
	}
	for _, m := range f.lines(folder, 1000, folders) {
		switch p := f.data[m[2]:m[3]]; {
		case device.Match(p):
			f.add(webshell.Malicious, finding.HighConfidence, "hidden-folder", "Part of a site lies in a folder with a device's name, which Windows' own tools can't open: "+webshell.Cut(string(p), 200)+".", m[0])
		case oddFolder.Match(p):
			f.add(webshell.Malicious, finding.ModerateConfidence, "hidden-folder", "Part of a site lies in a folder where no site belongs: "+webshell.Cut(string(p), 200)+".", m[0])
		}
	}
	if hosts.Any(data) {
		for _, m := range hosted.FindAllIndex(data, 50) {
			if a := attributes(data[m[0]:m[1]]); masked.MatchString(a["processpath"] + " " + a["arguments"]) {
				f.add(webshell.Malicious, finding.HighConfidence, "host-runs-shell", "The server starts PowerShell with a hidden command as the site's program: "+webshell.Cut(a["arguments"], 200)+".", m[0])
			}
		}
	}
	if compiles.Any(data) {
		if m := compiler.FindIndex(data); m != nil {
			f.add(webshell.Malicious, finding.ModerateConfidence, "compiler-runs-more", "The compiler of pages is handed a file of another host, or a further command.", m[0])
		}
	}
	f.inReserve(data)
	if shells.Any(data) {
		if m := shellCGI.FindIndex(data); m != nil {
			f.add(webshell.Webshell, finding.HighConfidence, "handler-runs-shell", "Requests are handed to a shell.", m[0])
		}
	}
	if opens.Any(data) {
		if m := unblocks.FindIndex(data); m != nil {
			f.add(webshell.Suspicious, finding.ModerateConfidence, "serves-config", "Configuration files may be requested from outside.", m[0])
		}
	}
}

// conditions are the names of the preconditions that ask for search engines.
func conditions(data []byte) map[string]bool {
	all := map[string]bool{}
	for _, m := range condition.FindAllSubmatchIndex(data, 100) {
		body, _, _ := bytes.Cut(data[m[0]:min(len(data), m[0]+maxCondition)], []byte("</preCondition>"))
		all[string(data[m[2]:m[3]])] = searchInput.Match(body)
	}
	return all
}

// searching reports whether a rule, or the precondition that it names, asks for
// search engines.
func searching(rule []byte, conditions map[string]bool) bool {
	m := ruleNeeds.FindSubmatch(rule)
	return m != nil && conditions[string(m[1])] || searchInput.Match(rule)
}

// inReserve finds what the server runs, or lets in, only later: when a pool of
// applications fails, when an assembly is asked for, when data is sent back.
func (f *file) inReserve(data []byte) {
	if fails.Any(data) {
		for _, m := range onFailure.FindAllSubmatchIndex(data, 50) {
			exe := strings.ToLower(string(data[m[2]:m[3]]))
			if base := path.Base(strings.ReplaceAll(exe, `\`, "/")); base == "cmd.exe" || base == "powershell.exe" || anyone(exe) {
				f.add(webshell.Malicious, finding.ModerateConfidence, "failure-runs-program", "When a pool of applications fails, the server runs a program that does not belong there: "+webshell.Cut(string(data[m[2]:m[3]]), 200)+".", m[0])
			}
		}
	}
	if codes.Any(data) {
		for _, m := range codeBase.FindAllSubmatchIndex(data, 50) {
			if href := strings.ToLower(strings.ReplaceAll(string(data[m[2]:m[3]]), "/", `\`)); anyone(href) {
				f.add(webshell.Suspicious, finding.HighConfidence, "module-elsewhere", "An assembly is loaded from a folder where anyone may write: "+webshell.Cut(string(data[m[2]:m[3]]), 200)+". Look at that file.", m[0])
			}
		}
	}
	if unsafe.Any(data) {
		if m := insecure.FindIndex(data); m != nil {
			f.add(webshell.Suspicious, finding.HighConfidence, "deserialises-anything", "ASP.NET is told to take view states back unchecked, which lets whoever sends one run code.", m[0])
		}
	}
}

// anyone reports whether a path is in a folder where anyone may write.
func anyone(path string) bool {
	return slices.ContainsFunc(anyones, func(p string) bool { return strings.Contains(path, p) })
}

// withoutNotes turns XML's comments, which are out of force, into spaces, but
// for those in which code for the server hides.
func withoutNotes(data []byte) []byte {
	opening, closing := []byte("<!--"), []byte("-->")
	at := bytes.Index(data, opening)
	if at < 0 {
		return data
	}
	out := bytes.Clone(data)
	for {
		n := bytes.Index(out[at+len(opening):], closing)
		if n < 0 {
			return out
		}
		note := out[at : at+len(opening)+n+len(closing)]
		if !bytes.Contains(note, []byte("<%")) {
			for i := range note {
				note[i] = ' '
			}
		}
		at += len(note)
		if n = bytes.Index(out[at:], opening); n < 0 {
			return out
		}
		at += n
	}
}

// maxAdds is how many elements of one file are looked at.
const maxAdds = 20_000

// adds yields the offset of each <add …> and what stands behind its name.
func adds(data []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		const name = "<add"
		for at, n := 0, 0; n < maxAdds; {
			i := bytes.IndexByte(data[at:], '<')
			if i < 0 {
				return
			}
			at += i
			if len(data)-at <= len(name) || !bytes.EqualFold(data[at:at+len(name)], []byte(name)) || word(data[at+len(name)]) {
				at++
				continue
			}
			head := data[at+len(name):]
			if i = bytes.IndexByte(head, '>'); i < 0 || !yield(at, head[:i]) {
				return
			}
			at += len(name) + i
			n++
		}
	}
}

func word(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' }

// judged are the attributes of an element by which it is judged; the values of
// others may look like them.
var judged = []string{"path", "type", "modules", "scriptprocessor", "image", "name", "extension", "verb", "src", "processpath", "arguments"}

// maxAttributes is how many attributes of one element are looked at.
const maxAttributes = 20

// attributes reads the judged ones of an element, by their names in lower case;
// nil if there are none.
func attributes(head []byte) map[string]string {
	const space = " \t\r\n\f"
	var out map[string]string
	for at, n := 0, 0; n < maxAttributes; {
		i := bytes.IndexByte(head[at:], '=')
		if i < 0 {
			break
		}
		key := bytes.TrimRight(head[at:at+i], space)
		start := len(key)
		for start > 0 && word(key[start-1]) {
			start--
		}
		at += i + 1
		k := slices.IndexFunc(judged, func(name string) bool { return strings.EqualFold(name, string(key[start:])) })
		value := bytes.TrimLeft(head[at:], space)
		if k < 0 || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			continue
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[judged[k]] = string(value[1 : 1+end])
		at = len(head) - len(value) + end + 2
		n++
	}
	return out
}

// code judges server code inside a configuration file, where none belongs.
func (f *file) code(inner []*webshell.Language) {
	at := bytes.Index(f.data, []byte("<%"))
	if at < 0 {
		if !runat.Any(f.data) {
			return
		}
		at = max(0, bytes.Index(bytes.ToLower(f.data), []byte(`runat="server"`)))
	}
	found := false
	for _, name := range []string{"web.asp", "web.aspx"} {
		j := webshell.Judge(inner, name, f.data)
		if j.Verdict.Rank() >= webshell.Malicious.Rank() {
			f.out = append(f.out, j.Reasons...)
			found = true
			break
		}
	}
	if !found {
		f.add(webshell.Suspicious, finding.ModerateConfidence, "code-in-config", "The configuration file holds code for the server.", at)
	}
}
