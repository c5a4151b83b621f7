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
	t, tr := taintOf(d)
	dv := value{k: d.k, s: d.s, ref: d.ref, t: t, tr: tr}
	m.keep(p, dv)
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
				if !m.isolated() && (m.includes > 0 || !m.plainly(c.node(c.pathAt()), p)) {
					verdict, conf = webshell.Suspicious, moderate
				}
				m.report("request-writes-file", verdict, conf, "The request gives a file's name and content.", c.n, dv)
			}
		} else if script && p.t&fromParam == 0 && t&(fromRequest|fromUpload) != 0 {
			m.note(doesWrite, c.n, dv)
			verdict := webshell.Suspicious
			if m.isolated() && m.small() {
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
	if dst.t&(fromRequest|fromUpName|fromUndef) != 0 && !safeName(dst) || scriptName(dst) {
		m.note(doesUpload, c.n, value{t: dst.t, tr: firstTrace(dst.tr, src.tr)})
		if !m.facts.uploadOK && m.f.fn != nil && m.plainly(c.node(1), dst) { // into no folder of its own
			m.report("uploader", webshell.Webshell, moderate, "Any file is taken and stored under the name that the request gives; nothing is checked.", c.n, dst)
		}
	}
}

// copied judges copy and rename.
func (m *machine) copied(c *call, src, dst value) {
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
	if strings.HasPrefix(strings.ToLower(src.s), "php://input") {
		m.keep(dst, m.read(c, src))
	} else {
		m.keep(dst, value{t: src.t})
	}
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

// included judges include and require.
func (m *machine) included(n *node, v value) {
	s, ok := v.text()
	low := strings.ToLower(s)
	if v.k == vPart {
		low = strings.ToLower(v.s)
	}
	t, _ := taintOf(v)
	if code, ok := m.streamed(v); ok {
		m.evalCode(n, code, "include, through a stream of the file's own")
		return
	}
	m.includeKept(n, v)
	if e := strings.ToLower(path.Ext(v.tail())); m.facts.searched > 0 && (e == ".html" || e == ".htm" || e == ".txt" || ok && nameless(s)) && m.unwatched() {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown a file in place of the page.", n, v)
	}
	if m.facts.searched > 0 && ok && m.includes == 0 && scriptName(v) && m.small() && m.mentions("/wp-blog-header.php") && m.mentions("wp_use_themes") {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown another script in place of the program that the file starts.", n, v)
	}
	switch {
	case strings.HasPrefix(low, "php://input"), strings.HasPrefix(low, "php://filter") && strings.Contains(low, "php://input"):
		m.report("request-to-include", webshell.Webshell, high, "The body of the request is included as a script.", n, v)
	case strings.HasPrefix(low, "data:"), strings.HasPrefix(low, "php://filter") && strings.Contains(low, "resource=data:"):
		if ok {
			d := m.read(&call{n: n}, v)
			code, _ := d.text()
			m.runCode(n, value{k: vStr, t: decoded | hidden}, "?>"+code, "include")
		}
		if !ok && t&(fromRequest|fromUndef) != 0 {
			m.report("request-to-include", webshell.Webshell, high, "Data from the request is included as a script.", n, v)
			break
		}
		m.report("data-include", webshell.Malicious, moderate, "Encoded data is included as a script.", n, v)
	case strings.HasPrefix(low, "php://filter") && t&(fromRequest|fromUndef) != 0 && t&checked == 0 && m.isolated():
		m.report("request-to-include", webshell.Webshell, moderate, "The request names the file that is decoded and included as a script.", n, v)
	case strings.HasPrefix(low, "php://filter") && filtersBack(low):
		m.report("data-include", webshell.Malicious, moderate, "A file that is no script until it is decoded is included.", n, v)
	case strings.HasPrefix(low, "expect://"):
		m.command(n, value{k: v.k, s: v.s[len("expect://"):], t: v.t, tr: v.tr}, "expect://")
	case strings.HasPrefix(low, "zip://"), strings.HasPrefix(low, "compress.zlib://"), strings.HasPrefix(low, "phar://") && oddArchive(low[7:]):
		m.report("odd-include", webshell.Malicious, moderate, "A script is included out of an archive that poses as another file.", n, v)
	case strings.HasPrefix(low, "phar://") && m.veilsScheme(n):
		m.report("odd-include", webshell.Malicious, moderate, "A script is included out of an archive, which the file hides.", n, v)
	case remoteURL(low) && !strings.HasPrefix(low, "//"):
		m.report("remote-include", webshell.Malicious, moderate, "A script of another host is included.", n, v)
	case t&fromUpload != 0 && v.k == vUnknown:
		m.report("request-to-include", webshell.Webshell, high, "An uploaded file is included as a script.", n, v)
	case ok && len(s) > 4 && v.t&hidden != 0 && (oddFile(s) || hiddenFile(s) && path.Base(s) != ".php"): // of a view whose name is not known
		m.report("odd-include", webshell.Malicious, high, "A file that is no script is included, under a hidden name.", n, v)
	case ok && tempFolder(low) && (strings.HasPrefix(path.Base(low), ".") || strings.HasPrefix(path.Base(low), "sess_")):
		m.report("odd-include", webshell.Malicious, moderate, "A hidden file of the folder for temporary files is included as a script.", n, v)
	case ok && nameless(s) && !m.framed:
		m.report("odd-include", webshell.Malicious, moderate, "A file without the name of a script is included by its full path.", n, v)
	case veiled(v.tail()):
		m.report("odd-include", webshell.Malicious, moderate, "A file that is no script, with a hidden name, is included.", n, v)
	case v.t&decoded != 0 && (ok && len(s) > 3 || v.k == vPart && t&(hostile|fromParam|fromFile|fromDB) == 0 && scriptName(v)):
		m.report("odd-include", webshell.Malicious, moderate, "The name of an included file is hidden.", n, v)
	case (ok || v.k == vPart) && (oddFile(v.tail())):
		e := strings.ToLower(path.Ext(v.tail()))
		if e == ".css" || e == ".svg" || e == ".log" || e == ".bak" {
			break
		}
		m.report("odd-include", webshell.Malicious, moderate, "A file that is no script is included.", n, v)
	case t&(fromRequest|fromUndef) != 0 && t&checked == 0:
		m.includeChosen(n, v, t)
	case t&fromRemote != 0 && v.k == vUnknown && t&unsure == 0:
		m.report("remote-include", webshell.Malicious, moderate, "A remote server names the script that is included.", n, v)
	default:
		if !ok {
			m.includeWritten(n, v)
		} else {
			for _, w := range m.facts.wrote {
				if ws, wok := w.text(); wok && ws == s {
					m.report("request-to-include", webshell.Webshell, high, "A file that the request filled is included as a script.", n, v)
				}
			}
		}
	}
	if (!ok || low != "") && !m.opens(v) {
		m.includes++
	}
}

// veilsScheme says that code at n includes something from an archive and does not say so
// in plain letters.
func (m *machine) veilsScheme(n *node) bool {
	code := m.unit.code(n.pos, n.end)
	return strings.Contains(code, `\`) && !strings.Contains(strings.ToLower(code), "phar") && !strings.Contains(code, "$")
}

// filtersBack says that a stream filter decodes what goes through it.
func filtersBack(low string) bool {
	for _, w := range []string{"convert.base64-decode", "convert.quoted-printable-decode", "convert.iconv", "string.rot13", "zlib.inflate", "bzip2.decompress"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// nameless says that a full path on a server that is no Windows leads to a file
// without extension. What systems install is named by its own rules.
func nameless(s string) bool {
	return strings.HasPrefix(s, "/") && strings.Count(s, "/") > 1 && path.Ext(s) == "" && !strings.HasSuffix(s, "/") &&
		!strings.HasPrefix(s, "/etc/") && !strings.HasPrefix(s, "/usr/") && !strings.HasPrefix(s, "/dev/") && !strings.HasPrefix(s, "/proc/")
}

// tempFolder says that a path in lower case leads into a folder where everybody
// may write.
func tempFolder(low string) bool {
	return strings.HasPrefix(low, "/tmp/") || strings.HasPrefix(low, "/var/tmp/") || strings.HasPrefix(low, "/dev/shm/")
}

// opens says that what is included is WordPress itself, for a page that asks
// nobody who he is: that protects nothing.
func (m *machine) opens(v value) bool {
	p := v.tail()
	return (strings.HasSuffix(p, "wp-load.php") || strings.HasSuffix(p, "wp-blog-header.php")) &&
		!m.mentions("current_user_can", "is_user_logged_in", "check_admin_referer", "wp_verify_nonce", "auth_redirect", "is_super_admin", "check_ajax_referer")
}

// oddArchive says that a path leads into an archive that has another kind's name.
func oddArchive(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if oddFile(part) && !strings.HasSuffix(part, ".zip") && !strings.HasSuffix(part, ".gz") {
			return true
		}
	}
	return false
}

func hiddenFile(s string) bool {
	b := s[strings.LastIndexByte(s, '/')+1:]
	return strings.HasPrefix(b, ".")
}

// veiled says that a path leads to a hidden file with the name and the ending of
// what is no script.
func veiled(p string) bool {
	base := path.Base(p)
	return strings.Contains(p, "/") && hiddenFile(p) && oddFile(p) && len(base) > len(path.Ext(p))+1
}

// includeChosen judges an include whose path the client has a say in.
func (m *machine) includeChosen(n *node, v value, t taint) {
	if t&fromRequest == 0 && !m.isolated() {
		return
	}
	small := len(m.file.src) < 1500
	switch {
	case v.k == vUnknown && t&unsure == 0 && m.isolated() && small && t&fromRequest != 0, m.f.fn != nil && m.plainly(n.a, v):
		m.report("request-to-include", webshell.Webshell, moderate, "The request names the script that is included.", n, v)
	case v.k == vPart && v.s == "" && t&unsure == 0 && m.isolated() && t&fromRequest != 0 && len(m.file.tokens) < 60 && len(m.file.src) < 400:
		m.report("request-to-include", webshell.Webshell, moderate, "The request says where the script that is included lies.", n, v)
	case v.k == vPart && path.Ext(v.tail()) == ".php" && m.inFolder(n, v):
		// Wherever the rest climbs to, that is a script, which runs without this include.
	case v.k == vUnknown && t&unsure == 0:
		m.report("request-to-include", webshell.Suspicious, moderate, "The request names the script that is included.", n, v)
	default:
		m.report("request-to-include", webshell.Suspicious, low, "The request is part of the name of an included script.", n, v)
	}
}

// inFolder says that the path of an include begins in a folder of this server,
// by its text or by a constant that another file defines: it is no address and
// no stream.
func (m *machine) inFolder(n *node, v value) bool {
	if v.s != "" {
		return strings.Contains(v.s, "/") && !strings.Contains(v.s, ":") && !strings.HasPrefix(v.s, "//")
	}
	return n.a != nil && n.a.op == nConcat && len(n.a.list) > 0 && n.a.list[0].op == nConst && m.constant(n.a.list[0]).t == 0
}

// includeWritten sees a file that is filled from the request, then included.
func (m *machine) includeWritten(n *node, v value) {
	if v.t&(fromParam|fromFile) != 0 || v.tr == nil && v.k != vUnknown {
		return
	}
	for _, w := range m.facts.wrote {
		if w.k == v.k && w.s == v.s && w.tail() == v.tail() && v.k == vPart {
			m.report("request-to-include", webshell.Webshell, moderate, "A file that the request filled is included as a script.", n, v)
			return
		}
	}
}

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
