package php

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/webshell"
)

const (
	high     = finding.HighConfidence
	moderate = finding.ModerateConfidence
	low      = finding.LowConfidence
)

// dangerous are the functions whose name nobody assembles in honest code.
var dangerous = words(`eval assert create_function preg_replace system exec shell_exec passthru popen proc_open pcntl_exec
	call_user_func call_user_func_array file_put_contents array_map usort uasort base64_decode gzinflate str_rot13 gzuncompress move_uploaded_file
	fwrite fputs include require`)

// deadly run code or commands.
var deadly = words("eval assert create_function system exec shell_exec passthru popen proc_open pcntl_exec call_user_func call_user_func_array")

// sink answers calls that may do harm.
func (m *machine) sink(c *call) (value, bool) {
	if c.native.command {
		return m.runs(c), true
	}
	a0 := c.arg(0)
	switch c.name {
	case "eval", "eval_r": // the second is how some boards disarm the first
		return m.evalCode(c.n, a0, c.name), true
	case "assert":
		return m.assertion(c), true
	case "create_function":
		return m.createFunction(c), true
	case "preg_replace", "preg_filter", "mb_ereg_replace", "mb_eregi_replace":
		return m.pregReplace(c)
	case "mail", "mb_send_mail", "wp_mail", "imap_mail":
		return m.mails(c), true
	case "putenv":
		return m.environment(c), true
	case "imap_open":
		return m.opensMailbox(c), true
	case "stream_wrapper_register", "stream_register_wrapper":
		return m.registersScheme(c), true
	case "yaml_parse":
		return m.parsesYAML(c), true
	case "printf", "vprintf":
		m.output(c.n, m.function(call{n: c.n, name: strings.Replace(c.name, "print", "sprint", 1), args: c.args}))
		return value{}, true
	case "header":
		m.header(c)
		return value{}, true
	case "wp_redirect", "wp_safe_redirect":
		return m.redirectsWordPress(c), true
	case "esc_url", "esc_url_raw", "esc_attr", "esc_js": // leave an address as it is
		return a0, a0.k == vStr || a0.k == vPart
	case "wp_enqueue_script", "wp_register_script":
		m.enqueued(c.n, c.arg(1))
		return value{}, true
	case "file_put_contents":
		m.written(c, a0, c.arg(1))
		return value{}, true
	case "error_log":
		return m.logs(c), true
	case "stream_copy_to_stream":
		return m.copiesStream(c), true
	case "fwrite", "fputs", "fputcsv", "gzwrite", "gzputs", "bzwrite":
		return m.writesHandle(c, c.arg(1)), true
	case "fprintf", "vfprintf":
		t, tr := taintOf(c.arg(2))
		return m.writesHandle(c, join(c.arg(1), value{t: t, tr: tr})), true
	case "ftp_get", "ftp_nb_get", "ftp_fget":
		d := value{t: fromRemote | a0.t&fromRequest | c.arg(2).t&fromRequest, tr: m.at(c.n)}
		if h, ok := c.arg(1).ref.(*handle); ok {
			m.written(c, h.path, d)
		} else {
			m.written(c, c.arg(1), d)
		}
		return value{}, true
	case "unzip_file":
		m.installed(c, a0)
		return value{}, true
	case "move_uploaded_file":
		m.upload(c, a0, c.arg(1))
		return value{}, true
	case "copy", "rename":
		m.copied(c, a0, c.arg(1))
		return value{}, true
	case "unlink", "rmdir":
		m.touched(doesDelete, c, a0)
		return value{}, true
	case "chmod", "chown", "chgrp", "touch":
		return m.changesMode(c), true
	case "mkdir":
		m.touched(doesMkdir, c, a0)
		return value{}, true
	case "symlink", "link":
		return m.linksFiles(c), true
	case "phpinfo":
		m.note(doesInfo, c.n, value{})
		return value{}, true
	case "mysql_query", "mysql_unbuffered_query", "mssql_query", "pg_query", "pg_exec", "sqlite_query", "ora_do", "ibase_query", "mysql_db_query", "odbc_exec", "mysqli_query", "pg_send_query", "oci_parse", "db2_exec", "mysqli_multi_query", "odbc_prepare":
		return m.queries(c), true
	case "mysql_connect", "mysql_pconnect", "mssql_connect", "pg_connect", "mysqli_connect", "ftp_connect", "oci_connect", "ldap_connect", "ssh2_connect":
		return m.connects(c), true
	case "class_exists", "interface_exists", "is_subclass_of":
		return m.asksClass(c), true
	case "user_save": // Drupal
		return m.savesUser(c), true
	case "socket_sendto", "socket_send", "socket_write":
		m.sent(c, c.arg(1))
		return value{}, true
	case "ssh2_exec":
		m.command(c.n, c.arg(1), c.name)
		return value{t: unsure}, true
	case "dl":
		return m.loadsLibrary(c), true
	case "ini_get":
		return m.readsSetting(c)
	case "ini_set", "ini_alter":
		return m.setsSetting(c), true
	case "unserialize":
		return m.unserializes(c)
	case "file_exists", "is_file", "is_dir", "filesize", "filemtime", "getimagesize", "md5_file", "sha1_file":
		return m.asksFile(c)
	case "filter_var", "filter_var_array":
		return m.filters(c), true
	case "include", "require", "include_once", "require_once":
		m.included(c.n, a0)
		return value{}, true
	case "wp_set_auth_cookie", "wp_create_user", "wp_insert_user":
		m.wordPress(c)
		return value{t: unsure}, true
	case "wp_insert_post":
		m.posted(c)
		return value{}, true
	case "virtual":
		return value{}, true
	}
	return value{}, false
}

// runs judges a command and who gives it, and answers with what it prints.
func (m *machine) runs(c *call) value {
	a0 := c.arg(0)
	v := a0
	if a, ok := a0.ref.(*array); ok && a0.k == vArr {
		t, tr := taintOf(a0)
		v = value{t: t, tr: tr}
		if len(a.vals) > 0 {
			if s, ok := a.vals[0].text(); ok && len(a.vals) > 1 {
				v = value{k: vPart, s: s + " ", t: t, tr: tr}
			}
		}
	}
	if c.name == "pcntl_exec" && len(c.args) > 1 {
		t, tr := c.taint()
		v = value{k: v.k, s: v.s, t: t, tr: tr}
		if v.k == vStr && t&hostile != 0 {
			v.k = vPart
		}
	}
	r := m.command(c.n, v, c.name)
	if s, ok := a0.text(); ok && c.name == "popen" && interpreter(s) {
		return value{ref: &handle{path: a0, shell: true}}
	}
	if s, ok := a0.text(); ok && c.name == "proc_open" && interpreter(s) {
		m.store(c, 2, arr(value{ref: &handle{path: a0, shell: true}}))
	}
	if c.name == "exec" {
		m.store(c, 1, value{})
	}
	return r
}

// assertion judges what assert is given: code before PHP 8, if it is a text.
func (m *machine) assertion(c *call) value {
	a0 := c.arg(0)
	if a0.k == vStr || a0.k == vUnknown || a0.k == vPart {
		if s, ok := a0.text(); ok && !strings.ContainsAny(s, "(`") {
			return value{}
		}
		return m.evalCode(c.n, a0, c.name)
	}
	return value{}
}

// mails judges what is mailed, and the options that mail hands to sendmail.
func (m *machine) mails(c *call) value {
	m.mail(c)
	if v := c.arg(4); v.t&fromRequest != 0 && strings.Contains(v.s, "-X") { // sendmail's log goes where the client says
		m.report("request-writes-file", webshell.Webshell, moderate, "The request gives options of sendmail, one of which writes a file.", c.n, v)
	}
	return value{}
}

// opensMailbox finds commands in the name of a mail server: https://nvd.nist.gov/vuln/detail/CVE-2018-19518
func (m *machine) opensMailbox(c *call) value {
	a0 := c.arg(0)
	if strings.Contains(strings.ToLower(a0.s+a0.tail()), "-oproxycommand") {
		m.report("request-to-command", webshell.Webshell, moderate, "A command is hidden in the name of a mail server.", c.n, a0)
	}
	return value{}
}

// parsesYAML calls the functions that are given for tags.
func (m *machine) parsesYAML(c *call) value {
	a0 := c.arg(0)
	if a, ok := c.arg(3).ref.(*array); ok {
		t, tr := taintOf(a0)
		if all, _ := c.taint(); all&fromRequest != 0 {
			m.taggedPattern(c)
		}
		for _, f := range a.vals {
			m.callback(c, f, []value{{t: t, tr: tr}, {t: t, tr: tr}, {}})
		}
	}
	return value{t: a0.t, tr: a0.tr}
}

// redirectsWordPress judges where WordPress sends a visitor.
func (m *machine) redirectsWordPress(c *call) value {
	a0 := c.arg(0)
	if a0.t&(shady|tailored) == 0 && (m.facts.spared == 0 || a0.t&decoded == 0) { // programs are told by their makers' servers where to log in
		a0.t &^= fromRemote
	}
	m.redirected(c, concat(str("Location: "), a0, maxString))
	return value{}
}

// queries judges a statement, and gives what the database answers.
func (m *machine) queries(c *call) value {
	for _, a := range c.args {
		m.sqlText(c.n, a)
		if m.chosen(a) && a.k == vUnknown && a.t&unsure == 0 {
			m.note(doesSQL, c.n, a)
		}
	}
	return value{t: fromDB | m.users(c.arg(0)) | m.users(c.arg(1))}
}

// connects notes servers that the request chooses, and passwords tried on them.
func (m *machine) connects(c *call) value {
	a0 := c.arg(0)
	if t, _ := c.taint(); t&fromRequest != 0 && t&checked == 0 {
		m.note(doesConnect, c.n, a0)
		if m.facts.loops >= 2 && len(c.args) > 2 && c.args[1].t&fromRequest != 0 && c.args[2].t&fromRequest != 0 {
			m.report("password-cracker", webshell.Malicious, moderate, "Names and passwords that the request lists are tried on a server, one after another.", c.n, a0)
		}
	}
	if c.name == "ftp_connect" {
		return value{t: a0.t & fromRequest, tr: a0.tr}
	}
	return value{}
}

// asksClass runs the loader of a class whose existence is asked for.
func (m *machine) asksClass(c *call) value {
	a0 := c.arg(0)
	if m.chosen(a0) {
		m.autoload(a0)
	}
	return value{}
}

// savesUser judges what Drupal is told of a user.
func (m *machine) savesUser(c *call) value {
	if a, ok := c.arg(1).ref.(*array); ok && m.small() && !m.framed {
		if p, _ := a.get(key{s: "pass", str: true}); p.k == vStr && p.s != "" {
			m.report("makes-administrator", webshell.Malicious, moderate, "The script gives a user a password that it knows.", c.n, value{})
		}
	}
	return value{}
}

// unserializes runs what the request may put into an object.
func (m *machine) unserializes(c *call) (value, bool) {
	a0 := c.arg(0)
	if t, tr := taintOf(a0); t&fromRequest != 0 && m.isolated() {
		m.gadgets(value{t: t, tr: tr})
	}
	return value{}, false
}

// filters calls the function that is given as a filter.
func (m *machine) filters(c *call) value {
	a0 := c.arg(0)
	if spec, ok := c.arg(1).ref.(*array); ok && c.name == "filter_var_array" {
		for _, s := range append(spec.vals, c.arg(1)) {
			if in, ok := s.ref.(*array); ok {
				if f, _ := in.get(key{s: "options", str: true}); f.k == vStr || f.k == vFn || f.t != 0 {
					return m.callback(c, f, []value{elementOf(a0)})
				}
			}
		}
	}
	if opts, ok := c.arg(2).ref.(*array); ok {
		f, _ := opts.get(key{s: "options", str: true})
		if f.k == vStr || f.k == vFn || f.t != 0 {
			return m.callback(c, f, []value{elementOf(a0)})
		}
		f = opts.rest
		if f.t != 0 {
			return m.callback(c, f, []value{elementOf(a0)})
		}
	}
	if n := c.int(1, 516); n == 516 || n == 1024 || n == 513 || c.arg(1).k == vUnknown && len(c.args) < 2 {
		if c.name == "filter_var" && a0.k < vArr {
			return a0
		}
		return value{t: a0.t, tr: a0.tr}
	}
	return value{}
}

func (m *machine) noteAsked(c *call) {
	if t, _ := taintOf(c.arg(0)); t&(secret|card|loot) != 0 && c.arg(0).k == vPart && strings.Count(c.arg(0).tail(), ".") > 1 {
		m.report("sends-passwords", webshell.Malicious, moderate, "A password, or the number of a card, is told to another host in a name that is looked up.", c.n, c.arg(0))
	}
	if m.chosen(c.arg(0)) {
		m.note(doesAsk, c.n, c.arg(0))
	}
}

func (m *machine) noteSocket(c *call) {
	t, tr := c.taint()
	if a := c.arg(0).s; (strings.HasPrefix(a, "unix:") || strings.HasSuffix(a, ":9000") || c.int(1, 0) == 9000) && m.mentions("php_admin_value", "php_value") && m.mentions("auto_prepend_file", "allow_url_include", "extension=") {
		m.report("settings-by-fastcgi", webshell.Webshell, moderate, "PHP is asked, past the web server, to run code with settings of the script's own.", c.n, value{t: t, tr: tr})
	}
	if t&fromRequest == 0 {
		return
	}
	m.note(doesSocket, c.n, value{t: t, tr: tr})
	host, port := c.arg(0), c.arg(1)
	if c.name == "socket_connect" {
		host, port = c.arg(1), c.arg(2)
	}
	low := strings.ToLower(host.s)
	if host.t&fromRequest == 0 || host.t&(checked|fromURI) != 0 || host.k == vPart && low != "" && !strings.HasSuffix(low, "://") {
		return
	}
	if strings.HasPrefix(low, "udp") {
		m.facts.udp = true
	}
	// A port that is cast to a number has lost its origin; a header that names
	// the host is telling enough.
	if c.name == "stream_socket_client" || port.t&fromRequest != 0 || port.k == vUnknown && (host.t&fromHeader != 0 || host.k == vUnknown && m.f == m.globals) {
		m.facts.anywhere = true
	}
	m.facts.anyHost = m.facts.anyHost || host.k == vUnknown && port.k == vUnknown
	if m.facts.loops > 0 {
		m.facts.dialled = true
	}
}

// sqlText sees SQL that leaves the database.
func (m *machine) sqlText(n *node, v value) {
	low := strings.ToLower(v.s + " " + v.tail())
	if m.facts.graft != "" && m.facts.loops > 0 && v.t&fromDB != 0 && strings.Contains(low, "update ") && m.small() && !m.framed {
		m.report("infects-pages", webshell.Malicious, moderate, "A script of another host is added to the pages in the database.", n, v)
	}
	m.newAdministrator(n, string(m.unit.src[min(n.pos, n.end):n.end]), low)
	for _, w := range []string{"into dumpfile", "xp_cmdshell", "sys_eval(", "sys_exec(", " soname ", "sp_oacreate", "into outfile", "mysql/user."} {
		if w == "into outfile" && !strings.Contains(low, "<?") && !strings.Contains(low, "0x3c3f") && !(v.t&fromRequest != 0 && scriptName(str(strings.TrimRight(low, " '\";)")))) {
			continue
		}
		if strings.Contains(low, w) {
			m.report("database-to-command", webshell.Webshell, moderate, "The database is made to write files or run commands.", n, v)
			return
		}
	}
}

// declaration is the start of code that declares a function or a class. What stands
// for its name is set by the program that includes the file.
var declaration = regexp.MustCompile(`^\s*(?:(?:abstract|final)\s+)?(?:function|class|interface)\s+\w*$`)

// addressed is what is run: where that is the page's address alone, which pages may
// ask for, it is the request's.
func (m *machine) addressed(v value) value {
	if v.k == vUnknown && v.t&fromURI != 0 && v.t&ownHost == 0 && !m.mentions("argv") {
		v.t |= fromRequest
	}
	return v
}

// evalCode judges code that is evaluated, and runs it when it is known.
func (m *machine) evalCode(n *node, v value, via string) value {
	if v.k == vObj {
		v = m.toString(v)
	}
	v = m.addressed(v)
	t, _ := taintOf(v)
	code, ok := v.text()
	if ok && v.k == vStr {
		r := m.runCode(n, v, code, via)
		if t&masked != 0 && !m.alarmed() {
			m.report("hidden-function", webshell.Malicious, moderate, "Code that a function with an assembled name decodes is evaluated by "+via+".", n, v)
		}
		return r
	}
	if v.k == vBool || v.k == vInt || v.k == vNull || v.k == vFn || v.k == vObj {
		return value{}
	}
	what := "Code from " + describe(t) + " is evaluated by " + via + "."
	conf := high
	if t&unsure != 0 {
		conf = moderate
	}
	switch {
	case t&(fromRequest|fromUpload) != 0:
		m.note(doesEval, n, v)
		if v.k == vPart && (t&checked != 0 || t&unsure != 0 && t&requoted != 0 && quotes(v)) || via == "assert" && v.k == vPart && t&unsure != 0 {
			m.report("request-to-eval", webshell.Suspicious, low, what, n, v)
			break
		}
		if t&checked != 0 {
			conf = moderate
		}
		m.report("request-to-eval", webshell.Webshell, conf, what, n, v)
	case t&keyed != 0:
		m.report("keyed-eval", webshell.Webshell, moderate, "Code that only a key in the request decodes is evaluated by "+via+".", n, v)
	case t&session != 0 && (t&decoded == 0 || v.k != vUnknown):
		m.report("session-to-eval", webshell.Suspicious, moderate, "Code from the session is evaluated by "+via+".", n, v)
	case t&session != 0:
		m.report("session-to-eval", webshell.Malicious, moderate, "Code from the session is evaluated by "+via+".", n, v)
	case t&fromParam != 0 && m.f.fn != nil && m.f.fn.made:
		m.report("callback-to-eval", webshell.Webshell, moderate, "A function made from a string evaluates its argument by "+via+".", n, v)
	case t&fromRemote != 0 && t&(shady|decoded) == 0 && (m.inTest() || m.ownLibrary(v)): // a test or a tool of a program
		m.report("remote-to-eval", webshell.Suspicious, conf, what, n, v)
	case t&fromRemote != 0:
		m.report("remote-to-eval", webshell.Malicious, conf, what, n, v)
	case t&fromOddFile != 0:
		m.report("odd-file-to-eval", webshell.Malicious, moderate, what, n, v)
	case t&fromUndef != 0 && m.isolated() && (m.facts.lent || t&unsure != 0 || declaration.MatchString(v.s)): // another file sets it
		m.report("undefined-to-eval", webshell.Suspicious, moderate, what, n, v)
	case t&fromUndef != 0 && m.isolated():
		m.note(doesEval, n, v)
		m.report("undefined-to-eval", webshell.Webshell, moderate, what, n, v)
	case via == "eval" && t&fromFile != 0 && len(m.file.tokens) < maxProbe/2 && m.isolated() && oddSource(n):
		m.report("odd-file-to-eval", webshell.Malicious, moderate, "All that the page does is to evaluate a file that is no script.", n, v)
	case t&fromBlob != 0 && t&decoded != 0:
		m.report("hidden-payload", webshell.Malicious, moderate, "A payload that is decoded in a way that could not be followed is evaluated by "+via+".", n, v)
	case m.evals > 0 && m.facts.layers > 0 && via == "eval" && t&fromParam == 0 && (v.k == vUnknown || v.k == vPart):
		m.report("hidden-payload", webshell.Malicious, moderate, "Decoded code evaluates more code, which could not be followed.", n, v)
	case t&fromFile != 0 && t&decoded != 0:
		m.report("decoded-file-to-eval", webshell.Malicious, moderate, "The decoded content of a file is evaluated by "+via+".", n, v)
	case t&fromDB != 0 && t&decoded != 0 && (via == "eval" || via == "create_function" || via == keptInclude) && m.isolated() && m.small():
		m.report("database-to-eval", webshell.Malicious, moderate, what, n, v)
	case t&(fromDB|hidden|decoded) == fromDB|hidden:
		m.report("database-to-eval", webshell.Malicious, moderate, "Code is evaluated that the database keeps under a hidden name.", n, v)
	case t == fromDB && via == "eval" && m.replacesPosts(n):
		m.report("database-to-eval", webshell.Malicious, moderate, "Code of the database takes the place of what a post says, and its errors stay hidden.", n, v)
	case t&fromDB != 0 && t&decoded != 0:
		m.report("database-to-eval", webshell.Suspicious, moderate, what, n, v)
	case t&masked != 0 && t&fromParam == 0 && v.k == vUnknown:
		m.report("hidden-function", webshell.Malicious, moderate, "Code that a function with an assembled name makes is evaluated by "+via+".", n, v)
	case via == "eval" && t&decoded != 0 && t&(fromParam|fromFile|fromDB|session) == 0 && v.k == vUnknown && len(m.file.tokens) < maxProbe && m.isolated():
		m.report("hidden-payload", webshell.Malicious, moderate, "All that the page does is to evaluate, behind decoders, a text that they do not decode"+asItStands, n, v)
	case t&hidden != 0 && t&fromParam == 0 && via != "assert":
		m.report("assembled-eval", webshell.Suspicious, low, "Code that is assembled at run time is evaluated by "+via+".", n, v)
	}
	return value{}
}

// replacesPosts says that a filter of what posts say evaluates code, that errors
// of it are kept quiet, and that the file has no settings of which it may be one.
func (m *machine) replacesPosts(n *node) bool {
	return !m.framed && !m.settings && n.pos > 0 && m.unit.src[n.pos-1] == '@' && m.f.fn != nil &&
		m.mentions("add_filter('the_content'", "add_filter(\"the_content\"", "add_filter( 'the_content'") &&
		!m.mentions("add_option(", "update_option(", "register_setting(")
}

// maxSeenTexts is how many texts of one file are looked into.
const maxSeenTexts = 20_000

// runCode runs code that eval is given, in place.
func (m *machine) runCode(n *node, v value, code, via string) value {
	if len(m.seen) > maxSeenTexts {
		m.spent = true
		return value{}
	}
	if strings.TrimSpace(code) == "" || m.evals >= maxEvals || !m.first('e', code) {
		return value{}
	}
	m.stillEncoded(n, v, code)
	m.gadgetEval(n, v)
	m.kindle()
	if v.t&decoded != 0 && len(code) > 60 {
		m.facts.packed = append(m.facts.packed, packed{code, n, m.unit})
		m.facts.layers++
	}
	if !m.spend(2 * len(code)) {
		return value{}
	}
	u := m.newUnit(raw(code), m.unit, true)
	u.line = m.lineOf(m.unit, n.pos)
	m.evals++
	wasRet, wasHas := m.f.ret, m.f.hasRet
	m.f.hasRet = false
	m.program(u)
	r := m.f.ret
	if !m.f.hasRet {
		r = null
	}
	m.f.ret, m.f.hasRet = wasRet, wasHas
	m.evals--
	return r
}

// createFunction makes a function of two strings.
func (m *machine) createFunction(c *call) value {
	params, pok := c.text(0)
	code, ok := c.text(1)
	t, tr := taintOf(c.arg(1))
	pt, ptr := taintOf(c.arg(0))
	if !ok || !pok {
		if (t|pt)&(hostile|fromOddFile|keyed|session|fromBlob|fromUndef) != 0 || t&fromDB != 0 && t&(decoded|hidden) != 0 {
			m.evalCode(c.n, value{k: c.arg(1).k, s: c.arg(1).s, ref: c.arg(1).ref, t: t | pt, tr: firstTrace(tr, ptr)}, "create_function")
		}
		return value{t: t | pt, tr: firstTrace(tr, ptr)}
	}
	if m.evals >= maxEvals || !m.spend(2*len(code)) {
		return value{}
	}
	if t&decoded != 0 && len(code) > 60 {
		m.facts.packed = append(m.facts.packed, packed{code, c.n, m.unit})
		m.facts.layers++
	}
	m.kindle()
	u := m.newUnit([]byte("function("+params+"){"+code+"\n}"), m.unit, true)
	u.line = m.lineOf(m.unit, c.n.pos)
	p := newParser(u, 0, len(u.tokens)-1)
	e := p.expr(0)
	if strings.Contains(code, "}") { // code after the function's end runs at once
		if rest := p.statements(); len(rest) > 0 {
			was := m.unit
			m.unit = u
			m.run(rest)
			m.unit = was
		}
	}
	if e.op != nClosure {
		return value{}
	}
	e.fn.made = true
	return m.makeClosure(e)
}

// pregReplace sees the modifier e, which evaluates the replacement.
func (m *machine) pregReplace(c *call) (value, bool) {
	p, r, s := c.arg(0), c.arg(1), c.arg(2)
	m.grafted(c)
	pats := []value{p}
	if l, ok := p.list(); ok {
		pats = l
	}
	ereg := strings.HasPrefix(c.name, "mb_")
	rt, rtr := taintOf(r)
	st, str := taintOf(s)
	pt, _ := taintOf(p)
	for i, x := range pats {
		pat, ok := x.text()
		flags := ""
		if ereg {
			if flags, _ = c.arg(3).text(); m.chosen(c.arg(3)) && rt&fromRequest != 0 {
				flags = "e"
			}
		} else if ok {
			_, flags, _ = pattern(strings.TrimSpace(pat))
		}
		if !strings.Contains(flags, "e") {
			continue
		}
		repl := r
		if l, ok := r.list(); ok && i < len(l) {
			repl = l[i]
		}
		if rt&(hostile|fromUndef) != 0 {
			return m.evalCode(c.n, value{t: rt, tr: rtr}, c.name+" with the modifier e"), true
		}
		code, ok := repl.text()
		if !ok {
			return m.evalCode(c.n, repl, c.name+" with the modifier e"), true
		}
		trimmed := strings.Trim(strings.TrimSpace(code), `"'{}();@ `)
		low := strings.ToLower(code)
		raw := trimmed == `\1` || trimmed == `\0` || trimmed == `$1` || trimmed == `$0` || trimmed == `\\1` || trimmed == `\\0` ||
			strings.Contains(low, "eval(") || strings.Contains(low, "assert(") || strings.Contains(low, "create_function") || strings.Contains(low, "system(") || strings.Contains(low, "exec(")
		if st&hostile != 0 && raw {
			return m.evalCode(c.n, value{t: st, tr: str}, c.name+" with the modifier e"), true
		}
		if subj, ok := s.text(); ok && raw && len(trimmed) <= 4 {
			return m.runCode(c.n, value{k: vStr, t: repl.t | s.t}, subj, c.name), true
		}
		if st&fromRequest != 0 && st&(checked|unsure) == 0 && quotesMatch(code) && m.isolated() && m.small() { // "${…}" in the match runs
			return m.evalCode(c.n, value{t: st, tr: str}, c.name+" with the modifier e"), true
		}
		if repl.t&hidden != 0 && raw {
			m.report("hidden-function", webshell.Malicious, moderate, "The code that a pattern evaluates is assembled at run time.", c.n, repl)
		}
		m.runCode(c.n, repl, code, c.name)
		return value{t: st, tr: str}, true
	}
	if pat, ok := p.text(); ok && r.k == vStr && len(r.s) < 2 && s.k != vStr && st&fromRequest != 0 && strings.Contains(pat, "[^") && strings.Count(pat, "[") == 1 {
		if re, _, ok := m.regex(pat); !ok || !strings.ContainsAny(re.ReplaceAllString(anyCommand, ""), ";|&$") {
			st |= checked // what is not in a set of letters is taken out
		}
		return value{t: st &^ wholeReq, tr: str}, true
	}
	if pt&rt&fromOddFile != 0 {
		m.report("odd-file-to-pattern", webshell.Malicious, moderate, "A file that is no script gives pattern and replacement; with the modifier e that runs code.", c.n, r)
	}
	if p.k == vUnknown && pt&fromUndef != 0 && m.isolated() && m.small() && rt&fromRequest != 0 {
		m.report("request-to-pattern", webshell.Webshell, moderate, "A pattern that only the request can set gets its replacement from the request; with the modifier e that runs code.", c.n, r)
	}
	if _, ok := p.text(); !ok && p.k != vArr && m.chosen(p) && pt&fromRequest != 0 && (rt|st)&fromRequest != 0 && rt&fromRequest != 0 {
		verdict := webshell.Webshell
		if !m.isolated() || m.standalone {
			verdict = webshell.Suspicious
		}
		m.report("request-to-pattern", verdict, moderate, "The request gives pattern and replacement; with the modifier e that runs code.", c.n, r)
	}
	return value{}, false
}

// quotesMatch says that the code of a pattern's replacement has the match in
// double quotes.
func quotesMatch(code string) bool {
	for _, w := range []string{`"\0"`, `"\1"`, `"\\0"`, `"\\1"`, `"$0"`, `"$1"`} {
		if strings.Contains(code, w) {
			return true
		}
	}
	return false
}

// small says that the file holds little code: what it does is all it is for.
func (m *machine) small() bool { return len(m.file.tokens) < 500 }

// ownLibrary says that code comes from the host of a library whose classes the
// file imports, going by its name: of lib.example.org, vendor\example\Reader.
func (m *machine) ownLibrary(v value) bool {
	first := v.tr
	for first != nil && first.prev != nil {
		first = first.prev
	}
	if first == nil || first.unit != m.file {
		return false
	}
	_, rest, ok := strings.Cut(strings.ToLower(string(m.file.text(&node{pos: first.pos, end: first.end}))), "https://")
	name := webshell.OwnName(rest[:max(0, strings.IndexByte(rest, '/'))])
	if !ok || len(name) < 6 {
		return false
	}
	for line := range strings.Lines(m.text()) {
		if imported, ok := strings.CutPrefix(line, "use "); ok && strings.Contains(imported, `\`+name+`\`) {
			return true
		}
	}
	return false
}
