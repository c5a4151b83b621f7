package php

import (
	"path"
	"slices"
	"strings"

	"limier/webshell"
)

// scriptName says that a path ends as a script of a web server does, or as a
// file that makes others into scripts.
func scriptName(v value) bool {
	s := strings.ToLower(v.tail())
	if i := strings.LastIndexAny(s, "/\\"); i >= 0 {
		s = s[i+1:]
	}
	switch path.Ext(strings.TrimRight(s, " .")) {
	case ".php", ".php3", ".php4", ".php5", ".php7", ".phtml", ".pht", ".phar", ".asp", ".aspx", ".ashx", ".asmx", ".jsp", ".jspx", ".cfm", ".cgi", ".pl", ".inc", ".py", ".sh", ".module":
		return true
	}
	return s == ".htaccess" || s == ".user.ini" || s == "web.config"
}

// webPage says that a path ends as a page does.
func webPage(s string) bool { return pages[path.Ext(strings.ToLower(s))] }

var pages = words(".php .htm .html .asp .aspx .jsp .txt")

// safeName says that a path ends in a way that no server runs.
func safeName(v value) bool {
	s := strings.ToLower(v.tail())
	e := path.Ext(s)
	return len(e) > 1 && len(e) < 8 && !scriptName(v)
}

// announced judges what is written to tell search engines of pages: proof of
// who owns the site, and the list of its pages.
func (m *machine) announced(c *call, p, d value) {
	if !m.isolated() || !m.small() {
		return
	}
	const proof = "google-site-verification"
	t, _ := taintOf(d)
	switch {
	case len(d.s) >= len(proof) && strings.EqualFold(d.s[:len(proof)], proof) && (t|p.t)&fromRequest != 0:
		m.report("proves-ownership", webshell.Malicious, moderate, "Whoever asks is made an owner of the site in the eyes of a search engine.", c.n, d)
	case strings.HasSuffix(p.tail(), "robots.txt") && strings.Contains(strings.ToLower(d.s+" "+d.tail()), "sitemap:") && t&(ownHost|fromURI) != 0 && m.have&(hasRemote|hasRequest) != 0 && !m.mentions("add_action("):
		m.report("announces-pages", webshell.Malicious, moderate, "Search engines are told of pages that another host, or the request, makes up.", c.n, d)
	}
}

// posted sees text of another host that becomes posts of the site, one after
// another, without anybody's asking.
func (m *machine) posted(c *call) {
	a, ok := c.arg(0).ref.(*array)
	if !ok || m.facts.loops == 0 || !m.small() || m.framed || !m.mentions("wp-load.php", "wp-blog-header.php") {
		return
	}
	if body, _ := a.get(key{s: "post_content", str: true}); body.t&fromRemote != 0 {
		m.report("posts-foreign-text", webshell.Malicious, moderate, "Text of another host becomes posts of the site, one after another.", c.n, body)
	}
}

// written judges data that is written to a file.
func (m *machine) written(c *call, p, d value) {
	if n := len(p.s) + len(p.tail()); n > maxPath && !(strings.HasPrefix(p.s, "php://") && m.spend(n)) {
		p = value{t: p.t, tr: p.tr}
	}
	if chain, to, ok := strings.Cut(p.s, "resource="); ok && strings.HasPrefix(strings.ToLower(chain), "php://filter/") { // which decodes what it writes
		if x, ok := m.throughFilters(c, chain[len("php://filter/"):], d); ok {
			p.s, d = to, x
		}
	}
	var at *node // where the path stands, if this call is given it
	if c.name == "file_put_contents" {
		at = c.node(0)
	}
	t, tr := taintOf(d)
	dv := value{k: d.k, s: d.s, ref: d.ref, t: t, tr: tr}
	m.keep(p, dv)
	if m.facts.loops > 0 && scriptName(p) && p.t&fromList == 0 {
		m.facts.rewrites = c.n
	}
	m.announced(c, p, d)
	if p.t&hidden != 0 && p.s == ".htaccess" && m.isolated() {
		m.report("hidden-settings", webshell.Malicious, moderate, "The name of a configuration file that is written is put together from pieces.", c.n, p)
	}
	if e := p.tail(); (strings.HasSuffix(e, ".cpanel/contactinfo") || strings.HasSuffix(e, "/.contactemail")) && m.isolated() {
		m.report("takes-account", webshell.Malicious, moderate, "The address to which the hosting panel sends new passwords is changed.", c.n, p)
	}
	if t&ownText != 0 && p.t&fromList != 0 && m.facts.loops > 0 && (scriptName(p) || p.k == vUnknown) {
		m.report("copies-itself", webshell.Malicious, moderate, "The script puts its own text into other files.", c.n, dv)
		return
	}
	if t&ownText != 0 && d.k == vStr && len(d.s) == len(m.file.src) && p.t&selfPath == 0 && scriptName(p) && m.isolated() && m.small() && !m.asksLeave() {
		m.report("copies-itself", webshell.Malicious, moderate, "The script copies itself to another one.", c.n, dv)
		return
	}
	if t&(fromRemote|fromDB) != 0 && (t&fromFile != 0 || m.appends(c)) && p.t&fromList != 0 && m.facts.loops > 0 && d.k != vStr && (scriptName(p) || p.k == vUnknown || p.tail() == "") && m.isolated() && m.small() && !m.verifies() {
		m.report("infects-pages", webshell.Malicious, moderate, "What another host, or the database, gives is put into file after file.", c.n, dv)
		return
	}
	if t&ownText != 0 && t&fromRequest != 0 && t&(checked|unsure) == 0 && p.t&selfPath != 0 && p.k == vUnknown {
		m.report("request-rewrites-script", webshell.Webshell, moderate, "The request says how the script rewrites itself.", c.n, dv)
		return
	}
	m.facts.stored = m.facts.stored || t&fromRemote != 0
	if s, ok := d.text(); ok && d.k == vStr {
		m.dropped(c.n, p, d, s)
		return
	}
	if t&fromFile != 0 {
		m.infects(c, p, d)
	}
	if d.k == vPart {
		if low := strings.ToLower(d.s + " " + d.tail()); fetches(low) && runsFetched(low) {
			m.report("drops-script", webshell.Malicious, moderate, "A command that fetches a program and runs it is written to a file.", c.n, dv)
			return
		}
	}
	if d.k == vPart && t&(fromRequest|fromUndef) != 0 && strings.Contains(d.s, "<?") && len(d.s)+len(d.tail()) < 4096 && !m.framed {
		hole := "$_REQUEST[0]"
		if s := strings.TrimSpace(d.s); strings.HasSuffix(s, "<?php") || strings.HasSuffix(s, "<?") { // a whole script
			if hole = "eval($_REQUEST[0]);"; t&fromRequest == 0 && m.mentions("$argv") { // the command line gives it
				hole = ""
			}
		}
		m.dropped(c.n, p, d, d.s+hole+d.tail())
		if m.alarmed() {
			return
		}
	}
	if t&(fromRequest|fromUpload|fromUndef) != 0 {
		m.facts.wroteAny, m.facts.wroteIn = true, m.f
	}
	if e := p.tail(); t&fromRequest != 0 && t&(checked|unsure) == 0 && (strings.HasSuffix(e, ".ssh/authorized_keys") || strings.Contains(p.s, "spool/cron/")) && m.isolated() && m.small() {
		m.report("request-writes-file", webshell.Webshell, moderate, "What the request gives is added to the keys or the timetable of a user of the server.", c.n, dv)
		return
	}
	whole := d.k == vUnknown || d.k == vArr || d.k == vPart && strings.TrimSpace(d.s) == "" && len(d.tail()) < 4
	script := scriptName(p)
	if _, resource, ok := strings.Cut(p.s, "resource="); ok && strings.HasPrefix(p.s, "php://filter") {
		p.s = resource
		script = scriptName(p)
	}
	if p.t&selfPath != 0 && p.k == vUnknown && t&fromRemote != 0 && whole && t&(fromRequest|fromParam) == 0 && m.unasked() {
		m.report("replaces-itself", webshell.Malicious, moderate, "Whatever another host answers takes the script's own place, and nobody asks for it.", c.n, dv)
	}
	if p.t&selfPath != 0 && p.k == vUnknown && t&fromRequest != 0 && t&checked == 0 && m.appends(c) {
		m.report("request-into-script", webshell.Malicious, moderate, "What the request gives is added to the script's own file.", c.n, dv)
	}
	if p.t&selfPath != 0 || strings.HasPrefix(p.s, "php://") {
		return
	}
	switch {
	case t&fromRequest != 0 && t&wholeReq != 0 && t&wrapped != 0 && m.appends(c) && !script && p.t&hostile == 0:
		m.report("skims-forms", webshell.Malicious, moderate, "Whatever visitors send is kept in a file, encoded.", c.n, dv)
	case t&fromRequest != 0 && m.facts.formLoop && t&wrapped != 0 && m.appends(c) && !script && p.t&hostile == 0 && m.isolated() && m.mentions("remote_addr"):
		m.report("skims-forms", webshell.Malicious, moderate, "Field by field, what visitors send is kept in a file, encoded, with their addresses.", c.n, dv)
	case p.k >= vStr && p.t&hostile == 0 && poses(p.tail()) && (t&(secret|card) != 0 || t&wholeReq != 0 && t&wrapped != 0 && m.takes || t&(fromRequest|keyed) != 0 && m.appends(c) && (t&wrapped != 0 || picture(p.tail()))):
		m.report("skims-forms", webshell.Malicious, moderate, "What visitors send is added to a file that poses as a picture.", c.n, dv)
	case t&(secret|card) != 0 && (t&wrapped != 0 && t&(fromRequest|card) != 0 || t&unsure == 0 && m.lettingIn()) && m.appends(c) && !script && p.k >= vStr && p.t&hostile == 0 && !ownUsers.MatchString(p.s+p.tail()) && !m.dumps(c):
		m.report("skims-forms", webshell.Malicious, moderate, "What visitors type as password, or of their cards, is added to a file, encoded or where they log in.", c.n, dv)
	case m.facts.issuer && t&fromRequest != 0 && m.appends(c) && !script && p.t&hostile == 0 && !m.framed:
		m.report("skims-forms", webshell.Malicious, moderate, cardSent, c.n, dv)
	case t&keyed != 0 && m.appends(c) && !script && p.t&hostile == 0 && hiddenFile(p.tail()) && m.isolated() && m.small():
		m.report("skims-forms", webshell.Malicious, moderate, "What visitors send is added, encoded, to a hidden file.", c.n, dv)
	case t&fromRequest != 0 && t&checked == 0 && whole && p.t&fromList != 0 && m.facts.loops > 0:
		m.report("mass-writer", webshell.Malicious, moderate, "What the request gives is written into file after file.", c.n, dv)
	case t&secret != 0 && t&unsure == 0 && (m.isolated() || t&address != 0 && !script && !m.framed && m.small() && m.leaves()) && (t&address != 0 || !script) && (p.t&hostile == 0 || p.t&checked != 0) && p.t&fromParam == 0 && p.k >= vStr:
		if t&address != 0 || m.facts.redirects || m.redirectsLater() {
			verdict := webshell.Malicious
			if m.module() && t&wrapped == 0 {
				verdict = webshell.Suspicious
			}
			m.report("stores-passwords", verdict, moderate, "Passwords from a form are written to a file.", c.n, dv)
		}
	case t&secret != 0 && t&(unsure|checked) == 0 && !script && (p.exact() || p.t == 0 && p.tail() == "") && !ownUsers.MatchString(p.s) && m.appends(c) && m.gathers(t):
		m.report("stores-passwords", webshell.Malicious, moderate, "Passwords from a form are added to a file by a page that does nothing else with them.", c.n, dv)
	case t&(fromRequest|fromUpload|fromUndef) != 0 && t&checked == 0 && whole:
		m.facts.wrote = append(m.facts.wrote, p)
		if m.chosen(p) && !safeName(p) {
			m.note(doesWrite, c.n, dv)
			if t&unsure == 0 && t&(fromRequest|fromUpload) != 0 {
				verdict, conf := webshell.Webshell, high
				if !m.isolated() && (m.includes > 0 || !m.plainly(at, p)) {
					verdict, conf = webshell.Suspicious, moderate
				}
				m.report("request-writes-file", verdict, conf, "The request gives a file's name and content.", c.n, dv)
			}
		} else if script && p.t&fromParam == 0 && t&(fromRequest|fromUpload) != 0 {
			m.note(doesWrite, c.n, dv)
			verdict := webshell.Suspicious
			if m.isolated() && (m.small() || m.always()) {
				verdict = webshell.Webshell
			} else if m.wards() {
				verdict = webshell.Malicious
			}
			m.report("request-writes-script", verdict, moderate, "The content of a script comes from "+describe(t)+".", c.n, dv)
		} else if t&fromRequest != 0 && !safeName(p) {
			m.note(doesWrite, c.n, dv)
		}
	case t&fromRemote != 0 && p.t&fromRemote != 0 && m.facts.loops > 0 && webPage(p.tail()) && m.isolated() && m.small() && !m.verifies():
		m.report("writes-doorways", webshell.Malicious, moderate, "Another host says which pages are made, and what is in them.", c.n, dv)
	case t&shady != 0 && whole && t&fromRequest == 0 && !m.verifies():
		m.report("drops-remote-file", webshell.Malicious, moderate, "A file is fetched from a host where anyone may leave text, and stored.", c.n, dv)
	case t&fromRemote != 0 && whole && (script || m.chosen(p) && !safeName(p)):
		v, conf := webshell.Malicious, moderate
		if t&fromRequest != 0 && m.chosen(p) {
			v, conf = webshell.Webshell, moderate
		}
		if !(m.isolated() && m.small()) && t&(hidden|decoded) == 0 || (m.framed || m.includes > 0 && t&fromFile != 0) && t&decoded == 0 || p.t&fromParam != 0 || t&fromParam != 0 || m.verifies() || m.ownLibrary(dv) || t&(fromFile|decoded) == fromFile && parsed(tr) { // data put into a table
			v = webshell.Suspicious
		}
		m.report("drops-remote-file", v, conf, "A script is fetched from a remote server and stored.", c.n, dv)
	case t&fromRequest != 0 && d.k == vPart && script && (strings.Contains(d.s, "<?") || t&fromFile != 0) && t&checked == 0:
		m.report("request-into-script", webshell.Suspicious, low, "The request is written into a script.", c.n, dv)
	case d.k == vPart && t&fromRequest != 0 && strings.Contains(strings.ToLower(d.s), "auto_prepend_file"), d.k == vPart && runsOthers(p, d.s+d.tail()):
		m.report("prepends-script", m.byProgram(p, d.s+d.tail()), moderate, "A configuration file is written that runs a script before every page.", c.n, dv)
	case t&fromDB != 0 && t&decoded != 0 && t&(fromRequest|fromParam) == 0 && d.k == vUnknown && script && !m.framed && (m.open() || m.mentions("wp_schedule_event(")) && m.unasked():
		m.report("restores-script", webshell.Malicious, moderate, "A script that the database keeps, encoded, is written to a file, and nobody asks for it.", c.n, dv)
	case (t&(fromBlob|fromOddFile) != 0 || t&fromFile != 0 && p.t&fromParam == 0 && m.isolated() && m.small()) && t&decoded != 0 && (script || m.chosen(p) && !safeName(p)) && d.k == vUnknown:
		m.report("drops-hidden-file", webshell.Malicious, moderate, "A payload that is decoded in a way that could not be followed is written into a script.", c.n, dv)
	}
}

// always says that what runs now runs whenever somebody asks for the file: outside
// functions and conditions, and nothing in the file may end it before or asks who it is.
func (m *machine) always() bool {
	return m.f == m.globals && m.cond == 0 && !m.mentions("exit", "die", "return;", "_session", "php_auth")
}

// dropped judges known text that is written to a file.
func (m *machine) dropped(n *node, p, d value, s string) {
	if p.t&fromList != 0 && m.facts.loops > 0 && m.isolated() && m.small() && d.t&(fromFile|fromParam) == 0 && len(s) > 0 && (p.k == vPart && webPage(p.tail()) || p.k == vUnknown && p.t&fromParam == 0) {
		m.report("mass-writer", webshell.Malicious, moderate, "The same text is written as a page into folder after folder.", n, d)
		return
	}
	if d.t&decoded != 0 && (strings.HasPrefix(s, "#!/") && m.isolated() || strings.HasPrefix(s, "\x7fELF")) && !m.alarmed() {
		m.report("drops-program", webshell.Malicious, moderate, "A program that the file hides is written to a file.", n, d)
		return
	}
	if low := strings.ToLower(s[:min(len(s), 4096)]); fetches(low) && runsFetched(low) {
		m.report("drops-script", webshell.Malicious, moderate, "A command that fetches a program and runs it is written to a file.", n, d)
		return
	}
	if redirectsSearch(p, s) {
		m.report("search-redirect", webshell.Malicious, moderate, "A configuration file is written that sends visitors of search engines to another host.", n, d)
		return
	}
	if runsOthers(p, s) || m.isolated() && m.small() && runsPages(p, s) {
		m.report("prepends-script", m.byProgram(p, s), moderate, "A configuration file is written that makes other files run as scripts.", n, d)
		return
	}
	m.carried(n, p, d, s)
}

// carried judges a script that is written to a file as if it were one already.
func (m *machine) carried(n *node, p, d value, s string) {
	if !strings.Contains(s, "<?") && !strings.Contains(s, "<%") || m.evals > 3 || !m.first('w', s) {
		return
	}
	if len(s) < 20 || m.nodes < 1000 {
		return
	}
	sub := newMachine("", []byte(s), traits([]byte(s)))
	defer sub.release()
	sub.steps = min(m.steps/2, maxSteps/3)
	sub.limit = maxSteps
	sub.bytes = m.bytes / 2
	sub.nodes = m.nodes / 2
	sub.evals = m.evals + 1
	before := sub.steps
	reasons := sub.analyse()
	m.steps -= before - max(0, sub.steps)
	m.bytes -= m.bytes/2 - sub.bytes
	m.nodes -= m.nodes/2 - sub.nodes
	if len(reasons) == 0 || reasons[0].Verdict.Rank() < webshell.Malicious.Rank() {
		if d.t&decoded != 0 && scriptName(p) && !m.framed {
			m.report("drops-hidden-file", webshell.Malicious, moderate, "Decoded code is written into a script.", n, d)
		}
		return
	}
	r := reasons[0]
	verdict := webshell.Malicious
	if m.standalone && m.inTest() {
		verdict = webshell.Suspicious
	}
	m.report("drops-script", verdict, r.Confidence, "A hostile script is written to a file: "+r.Text, n, d)
	if i := len(m.reasons) - 1; i >= 0 && m.reasons[i].Rule == "drops-script" {
		m.reasons[i].Decoded = cut(s, 500)
	}
}

// unasked says that nothing in the file asks for a request or a command to update
// it, and that nothing is checked before it does.
func (m *machine) unasked() bool {
	return !m.verifies() && !m.mentions("$_get", "$_post", "$_request", "argv", "nonce", "register_activation_hook")
}

// runsOthers says that text written to p makes the server run other files as
// scripts, or show scripts as text.
func runsOthers(p value, text string) bool {
	if !strings.HasSuffix(p.tail(), ".htaccess") && !strings.HasSuffix(p.tail(), ".user.ini") {
		return false
	}
	low := strings.ToLower(text)
	has := func(w string) bool { return strings.Contains(low, w) }
	return has("auto_prepend_file") || has("application/x-httpd-php") && has(".jpg") ||
		has("followsymlinks") && (has("text/plain") || has("cgi-script")) ||
		has("cgi-script") && has("addhandler") && has("execcgi") && !has("-execcgi")
}

// runsPages says that all of the text written to p makes the server run pages
// as scripts, and at most forbids others, in place of whatever it was told before.
func runsPages(p value, text string) bool {
	low := strings.ToLower(text)
	w := strings.Fields(low)
	return strings.HasSuffix(p.tail(), ".htaccess") && len(w) > 2 && len(w) < 9 && (w[0] == "addhandler" || w[0] == "addtype") && strings.Contains(w[1], "php") &&
		!slices.ContainsFunc(w[2:], func(end string) bool { return !strings.HasPrefix(end, ".") }) && (slices.Contains(w, ".html") || slices.Contains(w, ".htm"))
}

// byProgram is the verdict on a function that nobody in the file calls, and
// that has PHP run a script before every page: firewalls for programs do that.
func (m *machine) byProgram(p value, text string) webshell.Verdict {
	if _, path, ok := strings.Cut(strings.ToLower(text), "auto_prepend_file"); ok && m.standalone && strings.HasSuffix(p.tail(), ".user.ini") {
		path, _, _ = strings.Cut(path, "\n")
		if path = strings.Trim(path, " =\"'\r"); strings.HasSuffix(path, ".php") && !strings.Contains(path, "/.") && !strings.Contains(path, "tmp/") {
			return webshell.Suspicious
		}
	}
	return webshell.Malicious
}

// redirectsSearch says that text written to p sends those who come from a search
// engine to another host.
func redirectsSearch(p value, text string) bool {
	if !strings.HasSuffix(p.tail(), ".htaccess") {
		return false
	}
	low := strings.ToLower(text)
	return strings.Contains(low, "rewriterule") && strings.Contains(low, "://") && strings.Contains(low, "http_referer") && botWord(low) && !strings.Contains(low, "[f")
}

// upload judges where an uploaded file goes.
func (m *machine) upload(c *call, src, dst value) {
	if src.t&checked != 0 || dst.t&checked != 0 {
		m.facts.uploadOK = true
	}
	m.keep(dst, value{t: fromUpload | (src.t|dst.t)&checked, tr: src.tr})
	if dst.t&(fromRequest|fromUpName|fromUndef) != 0 && !safeName(dst) || scriptName(dst) {
		m.note(doesUpload, c.n, value{t: dst.t, tr: firstTrace(dst.tr, src.tr)})
		if !m.facts.uploadOK && m.f.fn != nil && m.plainly(c.node(1), dst) { // into no folder of its own
			m.report("uploader", webshell.Webshell, moderate, "Any file is taken and stored under the name that the request gives; nothing is checked.", c.n, dst)
		}
	}
}

// copied judges copy and rename.
func (m *machine) copied(c *call, src, dst value) {
	if was := m.facts.kept[pathKey(src)]; was.t&fromUpload != 0 {
		src.t |= fromUpload | was.t&checked
	} else if was.t&fromRemote != 0 && was.k == vUnknown && c.name == "rename" {
		m.written(c, dst, was)
	}
	if src.t&fromUpload != 0 {
		m.upload(c, src, dst)
		return
	}
	if c.name == "copy" && src.t&selfPath != 0 && src.k == vUnknown && scriptName(dst) && m.isolated() && m.small() {
		m.report("copies-itself", webshell.Malicious, moderate, "The script copies itself to another one.", c.n, dst)
	}
	if c.name == "copy" && isServed(dst.tail()) && slices.ContainsFunc(settingFiles, func(w string) bool { return strings.HasSuffix("/"+src.tail(), w) }) && m.isolated() && m.small() {
		m.report("shows-settings", webshell.Malicious, moderate, "The site's configuration, which holds passwords, is copied to where anyone may read it.", c.n, dst)
	}
	if d, ok := m.facts.kept[pathKey(src)]; ok && scriptName(dst) && !scriptName(src) && d.t&fromRequest != 0 {
		m.written(c, dst, d)
	}
	if strings.HasPrefix(strings.ToLower(src.s), "php://input") {
		m.keep(dst, m.read(c, src))
	} else {
		m.keep(dst, value{t: src.t})
	}
	m.becomes(c, src, dst)
	s, _ := src.text()
	if src.k == vPart {
		s = src.s
	}
	if c.name == "copy" && (remoteURL(strings.ToLower(s)) || src.t&fromRequest != 0 && src.t&checked == 0) {
		d := m.read(c, src)
		if src.t&fromRequest != 0 && m.chosen(dst) {
			m.note(doesRename, c.n, dst)
			m.note(doesRead, c.n, src)
			if (m.isolated() && m.small() || m.includes == 0 && m.plainly(c.node(0), src) && m.plainly(c.node(1), dst)) && src.k == vUnknown && dst.k == vUnknown && (src.t|dst.t)&(unsure|fromUpName) == 0 && src.t&fromURI == 0 {
				m.report("request-writes-file", webshell.Webshell, moderate, "The request says which file or address is copied where.", c.n, src)
			}
			return
		}
		if src.t&fromRequest != 0 && src.t&(unsure|fromURI) == 0 && src.k == vUnknown && scriptName(dst) {
			m.report("request-writes-file", webshell.Webshell, moderate, "The request names the file or address that a script is copied from.", c.n, src)
		} else if remoteURL(strings.ToLower(s)) {
			m.written(c, dst, d)
		}
		return
	}
	if m.chosen(src) && m.chosen(dst) {
		m.note(doesRename, c.n, src)
	} else if m.chosen(src) || m.chosen(dst) {
		m.note(doesRename, c.n, join(src, dst))
	}
}

// isServed says that a path leads to a file that a server sends as it is.
func isServed(p string) bool { return served[path.Ext(strings.ToLower(p))] || picture(p) }

var served = words(".txt .htm .html .xml .json .css .js")

// inTest says that a method of a test runs, which nothing in its file calls.
func (m *machine) inTest() bool {
	return m.framed && m.f.class != nil && strings.HasSuffix(strings.ToLower(m.f.class.parent), "testcase")
}

// parsed says that what was fetched was read as JSON or XML on its way, for the
// fields of a table.
func parsed(tr *trace) bool {
	for ; tr != nil; tr = tr.prev {
		if code := tr.unit.code(tr.pos, tr.end); strings.Contains(code, "json_decode(") || strings.Contains(code, "simplexml_load_") {
			return true
		}
	}
	return false
}

// dumps says that a call is given all that an array holds, of which something may have been
// taken out.
func (m *machine) dumps(c *call) bool {
	return c.n != nil && strings.Contains(m.unit.code(c.n.pos, c.n.end), "print_r(")
}
