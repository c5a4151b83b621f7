// Package cfml analyses ColdFusion pages: tags and scripts that hand form,
// URL, cookie or header values to commands, evaluation, files or databases.
package cfml

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"sync"

	"limier/finding"
	"limier/internal/literal"
	"limier/internal/script"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "cfml",
	Doc:     "ColdFusion pages and components",
	Match:   match,
	Analyse: analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".cfm", ".cfc", ".cfml", ".cfr":
		return true
	}
	return false
}

// acts are words of which a page that acts holds one.
var acts = literal.New([]string{"cfexecute", "evaluate", "createobject", "cffile", "filewrite", "cfquery", "cfregistry", "cfdirectory", "java.lang", "cfinclude", "cfscript",
	"queryexecute", "fileupload", "cfcontent", "cfhttp", "iif(", "fileappend", "cfschedule", "cfwddx", "objectload", "deserialize", "cfobject", "cfzip", "fileopen", "filecopy", "filemove", "render("})

// parts bring other pages of an application into a page; shared is a variable
// that the pages of an application, or of one request, share.
var (
	parts  = literal.New([]string{"<cfinclude", "<cfmodule", "<cfimport", "<cf_"})
	shared = regexp.MustCompile(`^\W?(?:application\.[a-z_]|request\.(?:[a-fh-z]|g[a-df-z])\w*[ .#"&>])`) // not Java's request.getParameter
)

var (
	object       = regexp.MustCompile(`(?i)^createobject\s*\(\s*["'](?:java|com)["']\s*,\s*["'](wscript\.shell|shell\.application|java\.lang\.(?:Runtime|ProcessBuilder|ProcessImpl|ClassLoader)|java\.net\.URLClassLoader|javax\.script\.\w+)["']`)
	runtimeClass = regexp.MustCompile(`(?i)class\s*=\s*["'](wscript\.shell|shell\.application|java\.lang\.(?:Runtime|ProcessBuilder|ProcessImpl|ClassLoader)|java\.net\.URLClassLoader|javax\.script\.\w+)["']`)
	scriptFile   = regexp.MustCompile(`(?i)\b(?:file|destination)\s*=\s*["'](?:#expandpath\(\s*["'])?(?:[^"]*[/\\#])?([^"/\\#]*\.(?:cfm|cfc|cfml|jsp))\b`)
	scriptPath   = regexp.MustCompile(`[^"']\.(?:cfm|cfc|cfml|jspx?)["']\s*\)?\s*$`)
	dataFile     = regexp.MustCompile(`&\s*["'][^"'#]*\.(?:json|xml|csv|txt|log|tmp|zip)["']\s*$`)
	remote       = regexp.MustCompile(`\baccess\s*=\s*["']remote|\bremote\s+(?:\w+\s+)?function\b`)
	action       = regexp.MustCompile(`(?i)\baction\s*=\s*["']?(\w+)`)
)

// lower is bytes.ToLower for ASCII alone, which keeps offsets.
func lower(data []byte) []byte {
	out := make([]byte, len(data))
	for i, c := range data {
		if c-'A' < 26 {
			c |= 0x20
		}
		out[i] = c
	}
	return out
}

func analyse(_ string, data []byte) []webshell.Reason {
	if len(data) > 1 && (data[0] >= 0xFE || data[0] == 0 || data[1] == 0) { // UTF-16
		data = []byte(script.Decode(data))
	}
	if !acts.Any(data) {
		return nil
	}
	data, whole := folded(withoutComments(data))
	p := &page{Listing: webshell.NewListing(data), low: lower(data), room: 64 << 20, acts: map[string]bool{}, alone: map[string]bool{}}
	p.member = parts.Any(p.low) || p.shares("application.") || p.shares("request.")
	p.remote = bytes.Contains(p.low, []byte("remote")) && remote.Match(p.low)
	if bytes.Contains(p.low, []byte("refind")) {
		p.findChecks()
	}
	p.opened = sync.OnceValue(p.opens)
	p.reads, p.measures, p.included = sync.OnceValue(p.readsRequest), sync.OnceValue(p.onlyMeasures), sync.OnceValue(p.templates)
	p.Spread(";\n>", 4, p.statement)
	p.tags()
	p.scriptTags()
	p.calls()
	p.manager()
	p.secrets()
	if !whole || p.room < 0 {
		p.Out = append(p.Out, webshell.Unread(webshell.TooLong))
	}
	return webshell.Strongest(p.Out)
}

// shares reports whether the page has shared variables of a scope.
func (p *page) shares(scope string) bool {
	for i := 0; ; i++ {
		n := bytes.Index(p.low[i:], []byte(scope))
		if n < 0 {
			return false
		}
		if i += n; shared.Match(p.low[max(0, i-1):]) {
			return true
		}
	}
}

// withoutComments turns comments into spaces, so that offsets keep their
// lines.
func withoutComments(data []byte) []byte {
	out := bytes.Clone(data)
	for i := 0; ; {
		n := bytes.Index(out[i:], []byte("<!---"))
		if n < 0 {
			return out
		}
		i += n
		end := bytes.Index(out[i:], []byte("--->"))
		if end < 0 {
			return out
		}
		for k := i; k < i+end+4; k++ {
			if out[k] != '\n' {
				out[k] = ' '
			}
		}
		i += end + 4
	}
}

// A page is one file on its way through the analysis.
type page struct {
	*webshell.Listing                 // variables are in lower case
	low               []byte          // the text in lower case
	files             []int           // where it handles files that the request names
	acts              map[string]bool // what it does with them
	room              int             // bytes of arguments that may still be read
	remote            bool            // functions of a component may be called from outside
	member            bool            // the page includes others of its application, which may check who asks
	checks            []check
	alone             map[string]bool // variables that hold what the request sent and nothing else

	// What is looked for in the whole page, once and only if it is asked.
	reads, measures func() bool
	included        func() [][]byte
	opened          func() map[string][2]int // where the paths stand of files that variables hold
}

// statement passes on what <cfset x = …>, <cfparam> or a statement of cfscript
// assigns.
func (p *page) statement(from, to int) bool {
	text := p.low[from:to]
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("<cfhttp")) {
		return p.fetched(from, to)
	}
	cut := bytes.IndexByte(text, '=')
	if cut <= 0 || cut > 400 {
		return false
	}
	if i := bytes.IndexByte(text[:cut], '<'); i >= 0 && !bytes.HasPrefix(text[i:], []byte("<cfset")) && !bytes.HasPrefix(text[i:], []byte("<cfparam")) {
		return false
	}
	value := from + cut
	if v := bytes.TrimLeft(text[cut+1:], " \t\"'#"); bytes.HasPrefix(v, []byte("evaluate(")) { // the field of that name, or its value
		value = p.closes(to-len(v)+len("evaluate("), to)
	}
	at, ok := p.from(value, to)
	if !ok {
		return false
	}
	var name []byte
	for _, w := range webshell.Words(text[:cut], true) {
		name = w
	}
	if string(name) == "name" { // <cfparam name="x" default="…">
		for _, w := range webshell.Words(text[cut:], true) {
			name = w
			break
		}
	}
	if len(name) == 0 || p.alone[string(name)] || fields.Match(name) {
		return false
	}
	whole := p.whole(from+cut+1, to)
	if _, old := p.Tainted[string(name)]; old && !whole {
		return false
	}
	p.Tainted[string(name)] = at
	if bytes.HasPrefix(bytes.TrimLeft(text[cut+1:], " "), []byte("gethttprequestdata")) {
		p.Tainted[string(name)+".content"], p.alone[string(name)+".content"] = at, true
	}
	if whole {
		p.alone[string(name)] = true
	}
	return true
}

// fetched is <cfhttp url="…" result="x">: what another server answers that the
// request names is the request's.
func (p *page) fetched(from, to int) bool {
	lo, hi := attribute(p.low[from:to], "url")
	at, ok := p.from(from+lo, from+hi)
	if !ok || !p.begins(from+lo, from+hi) {
		return false
	}
	name := "cfhttp"
	if lo, hi := attribute(p.low[from:to], "result"); hi > lo {
		name = string(p.low[from+lo : from+hi])
	}
	name += ".filecontent"
	if p.alone[name] {
		return false
	}
	p.Tainted[name], p.alone[name] = at, true
	return true
}

// fields are variables that hold what the request sent anyway.
var fields = regexp.MustCompile(`^(?:form|url|cgi|cookie)\.`)

// keeps are functions that hand on text, all of it, or decode it.
var keeps = map[string]bool{"trim": true, "ltrim": true, "rtrim": true, "tostring": true, "tobinary": true, "binarydecode": true, "charsetencode": true, "charsetdecode": true,
	"decrypt": true, "urldecode": true, "reverse": true, "javacast": true, "evaluate": true, "preservesinglequotes": true, "replace": true, "replacenocase": true, "lcase": true, "ucase": true, "expandpath": true, "de": true, "mid": true, "left": true, "right": true, "len": true, "removechars": true, "rereplace": true, "rereplacenocase": true, "jsstringformat": true,
	"structfind": true, "listgetat": true, "listfirst": true, "listlast": true, "deserializejson": true, "gethttprequestdata": true, "getpagecontext": true, "getrequest": true, "getparameter": true, "getheader": true}

// withoutBlanks leaves out texts of nothing but space that an expression adds:
// form.q & "".
func withoutBlanks(text []byte) []byte {
	first, rest, added := bytes.Cut(text, []byte("&"))
	if !added {
		return text
	}
	out := bytes.Clone(first)
	for part := range bytes.SplitSeq(rest, []byte("&")) {
		t := bytes.TrimLeft(part, " \t\r\n")
		if len(t) > 1 && (t[0] == '"' || t[0] == '\'') {
			if end := bytes.IndexByte(t[1:], t[0]); end >= 0 && len(bytes.TrimSpace(t[1:1+end])) == 0 {
				out = append(out, t[end+2:]...)
				continue
			}
		}
		out = append(append(out, '&'), part...)
	}
	return out
}

// whole reports whether an expression is what the request sent, perhaps
// decoded, with nothing before or behind it: neither a piece of a name that the
// page completes nor the result of a calculation.
func (p *page) whole(lo, hi int) bool {
	if _, ok := p.from(lo, hi); !ok {
		return false
	}
	text := bytes.Trim(p.low[lo:min(hi, lo+4096, len(p.low))], " \t\r\n/>")
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') {
		if text[n-1] != text[0] {
			return false
		}
		text = bytes.TrimSpace(text[1 : n-1])
		if len(text) < 2 || text[0] != '#' || text[len(text)-1] != '#' || bytes.Count(text, []byte("#")) != 2 {
			return false
		}
	}
	text = withoutBlanks(bytes.Trim(text, "#"))
	if bytes.IndexByte(text, '&') >= 0 && bytes.ContainsAny(text, `"'`) {
		return false
	}
	for at, w := range webshell.Words(text, true) {
		rest := bytes.TrimLeft(text[at+len(w):], " ")
		if _, tainted := p.Tainted[string(w)]; tainted && !p.alone[string(w)] || len(rest) > 0 && rest[0] == '(' && !keeps[string(w)] {
			return false
		}
	}
	return true
}

// first returns where the first value between number signs ends, if the text
// begins with one.
func first(text []byte) int {
	if len(text) < 2 || text[0] != '#' {
		return 0
	}
	return bytes.IndexByte(text[1:], '#') + 2
}

// nothing is what may stand before a value and adds nothing to it: quotation
// marks, a drive, a comment of SQL.
var nothing = regexp.MustCompile(`^(?:[\s"';]|[a-z]:[\\/]|/\*[^#*]*\*/|--[^#\n]*\n)+`)

// begins reports whether a value begins with what the request sent.
func (p *page) begins(lo, hi int) bool {
	if m := nothing.FindIndex(p.low[lo:hi]); m != nil {
		lo += m[1]
	}
	n := first(p.low[lo:hi])
	return n > 2 && p.whole(lo, lo+n)
}

// A check is where a field of the request holds nothing but digits and dots.
type check struct {
	name   string
	lo, hi int
}

var whole = regexp.MustCompile(`\brefind(?:nocase)?\s*\(\s*["']\^(?:\[[0-9.\-]+\]|\\[d.]|[{}0-9,+*?])+\$["']\s*,\s*((?:form|url)\.\w+)`)

// findChecks finds <cfif reFind("^[0-9.]+$", form.x)> … </cfif>.
func (p *page) findChecks() {
	for _, m := range whole.FindAllSubmatchIndex(p.low, 50) {
		open := bytes.LastIndex(p.low[:m[0]], []byte("<cfif"))
		shut := bytes.Index(p.low[m[1]:], []byte("</cfif"))
		if open < 0 || shut < 0 || bytes.ContainsAny(p.low[open:m[0]], ">!") || bytes.Contains(p.low[open:m[0]], []byte("not ")) || bytes.Contains(p.low[open:m[1]+shut], []byte("<cfelse")) || bytes.Contains(p.low[m[0]:m[1]+shut], []byte(" or ")) {
			continue
		}
		p.checks = append(p.checks, check{string(p.low[m[2]:m[3]]), open, m[1] + shut})
	}
}

// checked reports whether a field is checked where it is used.
func (p *page) checked(name string, at int) bool {
	return slices.ContainsFunc(p.checks, func(c check) bool { return c.name == name && c.lo < at && at < c.hi })
}

// from returns where in the text, or before it, the request comes in.
func (p *page) from(lo, hi int) (int, bool) {
	text := p.low[lo:min(hi, lo+maxTag, len(p.low))]
	if p.room -= len(text); p.room < 0 {
		return 0, false
	}
	for at, w := range webshell.Words(text, true) {
		scope, _, dotted := bytes.Cut(w, []byte{'.'})
		switch string(scope) {
		case "form", "url", "cgi", "cookie":
			if p.checked(string(w), lo+at) || inVal(text[:at]) {
				continue
			}
			if dotted || at+len(w) < len(text) && text[at+len(w)] == '[' || bytes.HasSuffix(bytes.TrimRight(text[:at], " "), []byte("structfind(")) {
				return lo + at, true
			}
		case "arguments": // of a function that is called from outside
			if dotted && p.remote {
				return lo + at, true
			}
		case "gethttprequestdata":
			return lo + at, true
		case "getpagecontext":
			if rest := text[at:]; bytes.Contains(rest, []byte("getrequest()")) && (bytes.Contains(rest, []byte("getparameter(")) || bytes.Contains(rest, []byte("getheader("))) {
				return lo + at, true
			}
		}
		if at, ok := p.Tainted[string(w)]; ok {
			return at, true
		}
	}
	return 0, false
}

// inVal reports whether what follows is made a number: val(form.n), val(trim(form.n)).
func inVal(before []byte) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	i := bytes.LastIndex(before, []byte("val("))
	return i >= 0 && len(bytes.Trim(before[i+4:], letters+"( ")) == 0 && (i == 0 || !bytes.ContainsAny(before[i-1:i], letters+"_0123456789"))
}

// readsRequest reports whether the page reads the request at all.
func (p *page) readsRequest() bool {
	for _, scope := range []string{"form.", "url.", "cgi.http", "cgi.query_string", "cgi.path_info", "cookie.", "form[", "url[", "(form,", "(url,", "gethttprequestdata", "getrequest()"} {
		if bytes.Contains(p.low, []byte(scope)) {
			return true
		}
	}
	return len(p.Tainted) > 0
}

var opens = regexp.MustCompile(`\b(\w+)\s*=\s*fileopen\(`)

// opens are the places of the first paths of files that are opened, by the names of
// the variables that hold them.
func (p *page) opens() map[string][2]int {
	files := map[string][2]int{}
	if !bytes.Contains(p.low, []byte("fileopen(")) {
		return files
	}
	for _, m := range opens.FindAllSubmatchIndex(p.low, 100) {
		hi := p.closes(m[1], min(len(p.low), m[1]+400))
		if end := bytes.LastIndexByte(p.low[m[1]:hi], ','); end >= 0 { // how
			hi = m[1] + end
		}
		files[string(p.low[m[2]:m[3]])] = [2]int{m[1], hi}
	}
	return files
}

var template = regexp.MustCompile(`<cfinclude\s+template\s*=\s*["'](?:[^"']*[/\\#])?([^"'/\\#]+)["']`)

// templates are the names of the first pages that the page includes.
func (p *page) templates() (names [][]byte) {
	for _, m := range template.FindAllSubmatch(p.low, 100) {
		names = append(names, m[1])
	}
	return names
}

// includes reports whether the page includes the script that a tag writes, in
// whatever folder.
func (p *page) includes(attrs []byte) bool {
	name := scriptFile.FindSubmatch(attrs)
	if name == nil || name[1][0] == '.' {
		return false
	}
	return slices.ContainsFunc(p.included(), func(page []byte) bool { return bytes.EqualFold(page, name[1]) })
}

// Methods of Runtime that tell how much memory there is, and what starts programs
// or calls a method whose name is made.
var (
	memory = regexp.MustCompile(`memory\(|availableprocessors\(|\bgc\(`)
	exec   = regexp.MustCompile(`\bexec\b|\binvoke\(|<cfinvoke|\]\s*\(`)
)

// onlyMeasures reports whether all that the page asks of a Runtime can be how
// much memory there is.
func (p *page) onlyMeasures() bool { return memory.Match(p.low) && !exec.Match(p.low) }

// runs reports whether the page reads the request and has use for a class other
// than to ask how much memory there is.
func (p *page) runs(class []byte) bool {
	return p.reads() && !(bytes.HasSuffix(class, []byte(".Runtime")) && p.measures())
}

func (p *page) tags() {
	for i := 0; len(p.Out) < 50; {
		n := bytes.Index(p.Data[i:], []byte("<"))
		if n < 0 {
			return
		}
		i += n
		end := i + 1
		for end < len(p.low) && end < i+14 && p.low[end] >= 'a' && p.low[end] <= 'z' {
			end++
		}
		name := string(p.low[i+1 : end])
		switch name {
		case "cfexecute", "cffile", "cfquery", "cfdirectory", "cfregistry", "cfobject", "cfcontent", "cfschedule", "cfhttp", "cfzip":
		default:
			i = end
			continue
		}
		shut := bytes.IndexByte(p.Data[end:], '>')
		if shut < 0 {
			return
		}
		p.tag(name, i, end, end+shut)
		i = end + shut
	}
}

// scriptTag is a tag as a statement of cfscript.
var scriptTag = regexp.MustCompile(`[;{}>\n]\s*(?:cf)?(execute|file|http|registry|schedule|zip)\s+(?:name|action|url|arguments|file)\s*=\s*["']`)

func (p *page) scriptTags() {
	if !bytes.Contains(p.low, []byte("cfscript")) && !bytes.HasPrefix(bytes.TrimSpace(p.low), []byte("component")) {
		return
	}
	for _, m := range scriptTag.FindAllSubmatchIndex(p.low, 1000) {
		if end := bytes.IndexByte(p.low[m[3]:min(len(p.low), m[3]+maxTag)], ';'); end >= 0 && len(p.Out) < 50 {
			p.tag("cf"+string(p.low[m[2]:m[3]]), m[2], m[3], m[3]+end)
		}
	}
}

// maxWeak is how many reasons that raise no alarm are told: nothing hides behind
// them.
const maxWeak = 20

// weak notes a reason that raises no alarm.
func (p *page) weak(c finding.Confidence, rule, text string, from, at int) {
	if len(p.Out) < maxWeak {
		p.Add(webshell.Suspicious, c, rule, text, from, at)
	}
}

// tag judges the tag at a place, whose attributes stand from lo to hi.
func (p *page) tag(name string, at, lo, hi int) {
	attrs := p.Data[lo:min(hi, lo+maxTag)]
	from, controlled := p.from(lo, hi)
	value := func(name string) (int, bool) {
		at, end := attribute(p.low[lo:lo+len(attrs)], name)
		return p.from(lo+at, lo+end)
	}
	begins := func(name string) bool {
		at, end := attribute(p.low[lo:lo+len(attrs)], name)
		return p.begins(lo+at, lo+end)
	}
	switch name {
	case "cfexecute":
		if controlled {
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The page runs a command from the request.", from, at)
		} else {
			p.weak(finding.LowConfidence, "runs-command", "The page runs a program.", -1, at)
		}
	case "cffile":
		what := ""
		if a := action.FindSubmatch(attrs); a != nil {
			what = string(bytes.ToLower(a[1]))
		}
		file, fileOK := value("file")
		_, outOK := value("output")
		_, destOK := value("destination")
		switch {
		case (what == "write" || what == "append") && fileOK && outOK && !p.member:
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", file, at)
		case (what == "write" || what == "append") && outOK && scriptFile.Match(attrs) && begins("output"):
			verdict, sure := webshell.Webshell, finding.ModerateConfidence
			if p.member && !p.includes(attrs) {
				verdict, sure = webshell.Suspicious, finding.LowConfidence
			}
			p.Add(verdict, sure, "request-to-script", "The page writes what the request sends into a script.", from, at)
		case what == "upload" && !destOK && !bytes.Contains(attrs, []byte("accept")) && !bytes.Contains(p.low[lo:lo+len(attrs)], []byte("gettempdirectory()")) && p.bare():
			p.Add(webshell.Malicious, finding.ModerateConfidence, "upload-to-file", "The page does nothing but store uploads under the names the client gave, and checks neither names nor who asks.", -1, at)
		case what == "upload" && begins("destination") && !p.member && !bytes.Contains(attrs, []byte("accept")):
			p.Add(webshell.Malicious, finding.ModerateConfidence, "upload-to-file", "The page stores any uploaded file in the folder that the request names.", from, at)
		case (what == "copy" || what == "move" || what == "rename") && begins("source") && scriptFile.Match(attrs) && !destOK && !p.member:
			p.makesScript(from, at)
		case fileOK || destOK:
			p.handles(what, at)
			p.weak(finding.LowConfidence, "file-access", "The request says which file the page handles.", from, at)
		}
	case "cfschedule": // fetches a page and publishes it as a file
		_, named := value("file")
		if from, ok := value("url"); ok && named {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "remote-to-file", "The request says which address is fetched and to which file it is stored.", from, at)
		}
		fallthrough // or as a script
	case "cfhttp":
		if from, ok := value("url"); ok && scriptFile.Match(attrs) && begins("url") {
			p.Add(webshell.Malicious, finding.ModerateConfidence, "remote-to-file", "The page fetches what the request names and stores it as a script.", from, at)
		}
	case "cfzip":
		if from, ok := value("file"); ok && begins("file") && bytes.Contains(p.low[lo:hi], []byte("unzip")) && p.bare() {
			p.Add(webshell.Malicious, finding.ModerateConfidence, "unpacks-upload", "The page does nothing but unpack archives that the client sends, and asks nobody who he is.", from, at)
		}
	case "cfcontent":
		if from, ok := value("file"); ok && begins("file") && p.bare() {
			p.Add(webshell.Malicious, finding.ModerateConfidence, "reads-any-file", "The page sends the client any file of the server that he names.", from, at)
		}
	case "cfdirectory":
		if a := action.FindSubmatch(attrs); controlled && a != nil {
			p.handles(string(bytes.ToLower(a[1])), at)
		} else if controlled {
			p.handles("list", at) // if nothing is said
		}
	case "cfquery":
		if _, ok := value("datasource"); !ok {
			return
		}
		end := min(len(p.low), hi+2000)
		if i := bytes.Index(p.low[hi:end], []byte("</cfquery")); i >= 0 {
			end = hi + i
		}
		// An application may let its datasource be named, and then says itself what it runs there.
		if at, ok := p.from(hi, end); ok && p.begins(min(hi+1, end), end) {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "sql-console", "The request says which database the page opens and what it runs there.", at, at)
		}
	case "cfobject":
		if m := runtimeClass.FindSubmatch(attrs); m != nil && p.runs(m[1]) {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "java-runtime", "The page reads the request and makes a "+string(m[1])+", past ColdFusion's own limits.", -1, at)
		}
	case "cfregistry":
		if controlled {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-registry", "The request says which registry key the page handles.", from, at)
		}
	}
}

// makesScript is a file that the request names becoming a script.
func (p *page) makesScript(from, at int) {
	p.Add(webshell.Malicious, finding.ModerateConfidence, "file-to-script", "The page makes a script of any file that the request names.", from, at)
}

// maxBare is the size of a page that does only one thing, in bytes.
const maxBare = 2 << 10

// bare reports whether the page is small, checks nothing, hands nothing to a
// component of its program and asks nobody who he is.
func (p *page) bare() bool {
	if len(p.low) > maxBare {
		return false
	}
	for _, w := range []string{"session", "isuser", "getauthuser", "cflogin", "cfinclude", "application.", "createobject(\"component\"", "<cfinvoke", "<cfquery", "<cfmail", "listfind", "listlast", "fileext", "contenttype", "filesize", "refind", ".jpg", ".png", ".pdf", ".csv", "expandpath(\"/", "getfilefrompath", "val("} {
		if bytes.Contains(p.low, []byte(w)) {
			return false
		}
	}
	return true
}

// maxTag bounds what is read of one tag, in bytes.
const maxTag = 64 << 10

// closingQuote returns where a value ends that a quotation mark opened: those
// between number signs are of the expression there.
func closingQuote(text []byte, quote byte) int {
	inside := false
	for i, c := range text {
		if c == '#' {
			inside = !inside
		} else if c == quote && !inside {
			return i
		}
	}
	return bytes.IndexByte(text, quote) // a lone number sign
}

// attribute returns where the value of an attribute stands; attrs are in lower
// case.
func attribute(attrs []byte, name string) (from, to int) {
	for i := 0; ; {
		n := bytes.Index(attrs[i:], []byte(name))
		if n < 0 {
			return 0, 0
		}
		i += n + len(name)
		k := i
		for k < len(attrs) && (attrs[k] <= ' ' || attrs[k] == '=') {
			k++
		}
		if k == i || k >= len(attrs) || bytes.IndexByte(attrs[i:k], '=') < 0 {
			continue
		}
		end := -1
		if q := attrs[k]; q == '"' || q == '\'' {
			k++
			end = closingQuote(attrs[k:], q)
		} else {
			end = bytes.IndexAny(attrs[k:], " \t\r\n")
		}
		if end < 0 {
			end = len(attrs) - k
		}
		return k, k + end
	}
}

// eachCall yields the places where a function is called, and its arguments up
// to the end of the statement.
func (p *page) eachCall(name string, visit func(at, lo, hi int)) {
	for i := 0; len(p.Out) < 50 && p.room > 0; {
		n := bytes.Index(p.low[i:], []byte(name))
		if n < 0 {
			return
		}
		at := i + n
		i = at + len(name)
		lo := i
		for lo < len(p.low) && (p.low[lo] == ' ' || p.low[lo] == '\t') {
			lo++
		}
		if lo >= len(p.low) || p.low[lo] != '(' || at > 0 && (p.low[at-1] >= 'a' && p.low[at-1] <= 'z' || p.low[at-1] == '_') {
			continue
		}
		lo++
		hi := min(len(p.low), lo+400)
		if end := bytes.IndexAny(p.low[lo:hi], ";\n"); end >= 0 {
			hi = lo + end
		}
		visit(at, lo, hi)
	}
}

// closes returns where the parenthesis closes that was opened before lo, at
// most hi.
func (p *page) closes(lo, hi int) int {
	depth := 1
	for i := lo; i < hi; i++ {
		switch p.low[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return hi
}

func (p *page) calls() {
	for _, name := range []string{"evaluate", "precisionevaluate", "render"} {
		p.eachCall(name, func(at, lo, hi int) {
			// evaluate("form.#x#") reads a field by name, which old code does.
			if from, ok := p.from(lo, hi); ok && p.whole(lo, p.closes(lo, hi)) && p.low[lo] != '"' && p.low[lo] != '\'' {
				p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-eval", "The page evaluates an expression from the request.", from, at)
			}
		})
	}
	p.eachCall("cfexecute", func(at, lo, hi int) {
		if from, ok := p.from(lo, hi); ok {
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The page runs a command from the request.", from, at)
		}
	})
	for _, name := range []string{"filewrite", "fileappend", "filewriteline"} {
		p.eachCall(name, p.filewrite)
	}
	for _, name := range []string{"filecopy", "filemove"} {
		p.eachCall(name, func(at, lo, hi int) {
			hi = p.closes(lo, hi)
			comma := bytes.IndexByte(p.low[lo:hi], ',')
			if comma < 0 || p.member || !scriptPath.Match(p.low[lo+comma:hi]) {
				return
			}
			if _, named := p.from(lo+comma, hi); !named && p.whole(lo, lo+comma) {
				p.makesScript(lo, at)
			}
		})
	}
	p.eachCall("iif", func(at, lo, hi int) { // its second and third arguments are evaluated
		comma := bytes.IndexByte(p.low[lo:hi], ',')
		if comma < 0 {
			return
		}
		lo += comma + 1
		end := p.closes(lo, hi)
		if k := bytes.IndexByte(p.low[lo:end], ','); k >= 0 {
			end = lo + k
		}
		value := bytes.TrimSpace(p.low[lo:end])
		if from, ok := p.from(lo, end); ok && p.whole(lo, end) && !bytes.HasPrefix(value, []byte("de(")) && value[0] != '"' && value[0] != '\'' {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-eval", "The page evaluates an expression from the request.", from, at)
		}
	})
	p.eachCall("queryexecute", func(at, lo, hi int) {
		from, ok := p.from(lo, hi)
		if i := bytes.Index(p.low[lo:hi], []byte("datasource")); ok && i >= 0 {
			if _, named := p.from(lo+i, hi); named {
				p.Add(webshell.Webshell, finding.ModerateConfidence, "sql-console", "The request says which database the page opens and what it runs there.", from, at)
			}
		}
	})
	p.eachCall("createobject", func(at, lo, hi int) {
		m := object.FindSubmatch(p.Data[at:min(len(p.Data), at+400)])
		switch {
		case m == nil:
			p.javaObject(at, lo, hi)
		case p.runs(m[1]):
			p.Add(webshell.Webshell, finding.ModerateConfidence, "java-runtime", "The page reads the request and makes a "+string(m[1])+", past ColdFusion's own limits.", -1, at)
		default:
			p.weak(finding.ModerateConfidence, "java-runtime", "The page makes a "+string(m[1])+".", -1, at)
		}
	})
}

// Objects of Java's that are made and used in one statement.
var (
	javaClass  = regexp.MustCompile(`^\s*["']java["']\s*,\s*["']java\.(io\.(?:fileoutputstream|filewriter|printwriter)|io\.objectinputstream|lang\.system|net\.socket)["']\s*\)`)
	javaScript = regexp.MustCompile(`\.(?:cfm|cfc|cfml|jspx?)["']\s*\)`)
	loads      = regexp.MustCompile(`^\s*\.load(?:library)?\(`)
)

// javaObject is an object of Java's being given what the request sends.
func (p *page) javaObject(at, lo, hi int) {
	m := javaClass.FindSubmatchIndex(p.low[lo:hi])
	if m == nil || p.member {
		return
	}
	class := string(p.low[lo+m[2] : lo+m[3]])
	lo += m[1]
	from, ok := p.from(lo, hi)
	switch {
	case !ok:
	case class == "lang.system":
		if loads.Match(p.low[lo:hi]) {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-library", "The request names the library of compiled code that is loaded.", from, at)
		}
	case class == "io.objectinputstream":
		p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-deserialize", "Data from the request is deserialised by ObjectInputStream, which lets it run code.", from, at)
	case class == "net.socket":
		p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-socket", "The page connects to any host and port that the request names: a tunnel.", from, at)
	default:
		if script := javaScript.FindIndex(p.low[lo:hi]); script != nil {
			if from, ok := p.from(lo+script[1], hi); ok {
				p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-script", "The page writes what the request sends into a script.", from, at)
			}
		}
	}
}

// filewrite judges what a function writes to a file.
func (p *page) filewrite(at, lo, hi int) {
	comma := bytes.IndexByte(p.low[lo:hi], ',')
	if comma < 0 {
		return
	}
	path := p.low[lo : lo+comma]
	from, a := p.from(lo, lo+comma)
	if open := p.opened()[string(bytes.TrimSpace(path))]; open[1] > 0 { // a file that was opened before
		path = p.low[open[0]:open[1]]
		from, a = p.from(open[0], open[1])
	}
	content, b := p.from(lo+comma, hi)
	switch {
	case b && !a && !p.member && scriptPath.Match(path) && p.whole(lo+comma+1, p.closes(lo, hi)):
		p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-script", "The page writes what the request sends into a script.", content, at)
	case !a || !b:
	case p.member || dataFile.Match(path):
		p.handles("write", at)
		p.weak(finding.LowConfidence, "file-access", "The request says which file the page handles.", from, at)
	default:
		p.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", from, at)
	}
}

// printsPassword is a member of that name between text that is shown.
var printsPassword = regexp.MustCompile(`#[^#\s]{1,80}\.password#`)

// secrets finds pages that decrypt or show the passwords of the server's databases.
func (p *page) secrets() {
	at := bytes.Index(p.low, []byte("datasourceservice"))
	if at >= 0 && bytes.Contains(p.low, []byte(".password")) && bytes.Contains(p.low, []byte("decrypt(")) {
		p.Add(webshell.Malicious, finding.ModerateConfidence, "prints-secrets", "The page decrypts the passwords of the server's databases.", -1, at)
	} else if at >= 0 && bytes.Contains(p.low, []byte("getdatasources(")) && printsPassword.Match(p.low) {
		p.Add(webshell.Malicious, finding.ModerateConfidence, "prints-secrets", "The page shows the passwords of the server's databases.", -1, at)
	}
}

// handles notes an action on a file or folder that the request names.
func (p *page) handles(action string, at int) {
	p.files = append(p.files, at)
	p.acts[action] = true
}

// manager recognises file managers by how much they do as the request says.
func (p *page) manager() {
	if len(p.files) >= 4 && len(p.acts) >= 3 && !p.member {
		p.Add(webshell.Webshell, finding.ModerateConfidence, "file-manager", "The page lists, reads, writes or deletes files as the request says.", -1, p.files[0])
	}
}
