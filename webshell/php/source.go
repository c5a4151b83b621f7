package php

import (
	"bytes"
	"path"
	"strings"

	"limier/webshell"
)

// supers are the arrays that PHP fills from the request.
var supers = map[string]super{
	"_GET": "_GET", "_POST": "_POST", "_REQUEST": "_REQUEST", "_COOKIE": "_COOKIE", "_SERVER": "_SERVER",
	"_FILES": "_FILES", "_ENV": "_ENV", "_SESSION": "_SESSION", "GLOBALS": "GLOBALS",
	"HTTP_GET_VARS": "_GET", "HTTP_POST_VARS": "_POST", "HTTP_COOKIE_VARS": "_COOKIE", "HTTP_SERVER_VARS": "_SERVER",
	"HTTP_POST_FILES": "_FILES", "HTTP_RAW_POST_DATA": "_INPUT",
}

// superOf is the array that a variable's name stands for.
func superOf(name string) (super, bool) {
	if name == "" || name[0] != '_' && name[0] != 'G' && name[0] != 'H' { // most names need no hash
		return "", false
	}
	s, ok := supers[name]
	return s, ok
}

func (m *machine) superValue(s super, n *node) value {
	switch s {
	case "_GET", "_POST", "_REQUEST", "_COOKIE":
		return value{t: fromRequest | wholeReq, ref: s, tr: m.at(n)}
	case "_INPUT":
		return value{t: fromRequest, tr: m.at(n)}
	case "_FILES":
		return value{t: fromUpName | wholeReq, ref: s, tr: m.at(n)}
	}
	if s == "_SERVER" {
		return value{t: fromRequest | fromHeader | unsure, ref: s, tr: m.at(n)}
	}
	return value{ref: s, tr: m.at(n)}
}

// superElement is the element key of a superglobal; "" for a key not known.
func (m *machine) superElement(s super, key string, base value) value {
	switch s {
	case "_GET", "_POST", "_REQUEST", "_COOKIE":
		v := value{t: fromRequest | base.t&(checked|unsure|address)} // a copy may have the address put beside
		if m.secretName(key) {
			v.t |= secret
		}
		return v
	case "_SERVER", "_ENV":
		return serverElement(key)
	case "_SESSION":
		if cardName(key) {
			return value{t: session | card}
		}
		return value{t: session}
	case "_FILES":
		return value{ref: super("_FILE"), t: fromUpName | base.t&checked}
	case "_FILE":
		switch key {
		case "tmp_name":
			return value{t: fromUpload | base.t&checked}
		case "size", "error":
			return value{}
		case "name", "type":
			return value{t: fromRequest | fromUpName | base.t&checked}
		}
		return value{t: fromRequest | fromUpName | fromUpload | base.t&checked, ref: s}
	case "GLOBALS":
		if key == "" {
			return value{}
		}
		if sup, ok := superOf(key); ok {
			return m.superValue(sup, &node{})
		}
		if v := m.globals.vars[key]; v != nil {
			return v.v
		}
		return m.undefined(key)
	}
	return value{}
}

func serverElement(key string) value {
	switch key {
	case "REMOTE_ADDR", "REMOTE_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_CLIENT_IP":
		t := address
		if key[0] == 'H' {
			t |= fromHeader
		}
		return value{t: t}
	case "QUERY_STRING":
		return value{t: fromRequest}
	case "PHP_AUTH_USER", "PHP_AUTH_PW":
		return value{t: fromRequest | secret}
	case "REQUEST_URI":
		return value{t: fromURI | ownPage}
	case "HTTP_HOST":
		return value{t: fromURI | ownHost}
	case "SERVER_NAME":
		return value{t: ownHost}
	case "PHP_SELF", "PATH_INFO", "ORIG_PATH_INFO", "PATH_TRANSLATED", "argv":
		return value{t: fromURI}
	case "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING":
		return value{t: fromRequest | fromHeader}
	case "HTTP_CF_IPCOUNTRY", "GEOIP_COUNTRY_CODE", "HTTP_X_COUNTRY_CODE", "HTTP_CLOUDFRONT_VIEWER_COUNTRY": // as servers in front say
		return value{t: placed}
	case "SCRIPT_FILENAME":
		return value{t: selfPath}
	case "COMSPEC":
		return str("cmd.exe")
	case "REQUEST_METHOD":
		return value{t: fromHeader}
	}
	if strings.HasPrefix(key, "HTTP_") {
		return value{t: fromRequest | fromHeader}
	}
	return value{}
}

// secretName is secretName, which it asks once for each name.
func (m *machine) secretName(key string) bool {
	is, ok := m.secrets[key]
	if !ok {
		if m.secrets == nil {
			m.secrets = map[string]bool{}
		}
		is = secretName(key) || m.passwordInput(key)
		if len(m.secrets) < 4096 {
			m.secrets[key] = is
		}
	}
	return is
}

var (
	unquotes = strings.NewReplacer(`"`, "", `'`, "", `\`, "")
	unjoins  = strings.NewReplacer("_", "", "-", "")
)

// passwordInput says that a form of the page itself asks for a password, or a
// card, under that name.
func (m *machine) passwordInput(key string) bool {
	if m.inputs == nil {
		m.inputs = map[string]bool{}
		src := m.file.src[:min(len(m.file.src), 1<<18)]
		for at := 0; len(m.inputs) < 64; {
			i := bytes.Index(src[at:], []byte("<input"))
			if i < 0 {
				break
			}
			tag := src[at+i : min(len(src), at+i+400)]
			at += i + 6
			if e := bytes.IndexByte(tag, '>'); e > 0 {
				tag = tag[:e]
			}
			low := unquotes.Replace(string(tag))
			if !strings.Contains(low, "type=password") && !strings.Contains(low, "autocomplete=cc-") {
				continue
			}
			if _, name, ok := strings.Cut(low, " name="); ok {
				name, _, _ = strings.Cut(name, " ")
				m.inputs[strings.TrimSuffix(name, "/")] = true
			}
		}
	}
	return m.inputs[key]
}

// secretName says that a form field holds what phishers want.
func secretName(key string) bool {
	k := strings.ToLower(key)
	if strings.ContainsAny(k, "-_") {
		k = unjoins.Replace(k)
	}
	for _, w := range []string{"pass", "pwd", "pswd", "senha", "kennwort", "contrasena", "motdepasse", "parola", "cvv", "cvc", "ccnum", "cardnum", "ssn", "ccexp", "cccid", "creditcard", "otp", "pincode", "cardno", "cardnumber", "ccno", "ccv", "securitycode", "mmn", "maiden", "mnemonic", "seedphrase", "recoveryphrase", "2fa", "twofa", "onetimecode", "smscode", "privatekey", "keystore", "routing", "sortcode"} {
		if strings.Contains(k, w) {
			return true
		}
	}
	k = strings.TrimRight(k, "0123456789") // of several tries
	return k == "pw" || k == "sms" || k == "smscode" || k == "codesms" || k == "vbv" || k == "seed" || k == "phrase" || k == "pin" || k == "psw" || k == "pss" || k == "pswrd"
}

// cardName says that a form field holds what is printed on a card.
func cardName(key string) bool {
	k := unjoins.Replace(strings.ToLower(key))
	for _, w := range []string{"cardnum", "ccnum", "cccid", "cvv", "cvc", "ccno", "cardno", "ccexp"} {
		if strings.Contains(k, w) {
			return true
		}
	}
	return false
}

// A handle is an open file or connection.
type handle struct {
	path    value
	mode    string
	data    string // the file's own content, when it opened itself
	pos     int
	t       taint
	shell   bool   // a command interpreter that reads what is written
	memory  bool   // no file at all
	kept    value  // what was written to memory
	filters string // that what is read goes through
}

// oddFile says that a path names no script and no data that programs read as
// code.
func oddFile(p string) bool { return odd[strings.ToLower(path.Ext(strings.TrimRight(p, " .")))] }

var odd = words(".jpg .jpeg .png .gif .ico .bmp .svg .woff .ttf .mp3 .zip .pdf .css .swf .webp .log .bak .rar .gz")

// dotFile says that a path ends in a hidden name with the ending of a text.
func dotFile(p string) bool {
	base := strings.ToLower(path.Base(p))
	return strings.HasPrefix(base, ".") && (strings.HasSuffix(base, ".txt") || strings.HasSuffix(base, ".html") || strings.HasSuffix(base, ".dat") || strings.HasSuffix(base, ".ini"))
}

// read is the content behind a path.
func (m *machine) read(c *call, p value) value {
	if len(p.s) > maxPath && !m.spend(len(p.s)) { // data, in a path
		return value{t: p.t, tr: p.tr}
	}
	s, ok := p.text()
	low := strings.ToLower(s)
	if p.k == vPart {
		low = strings.ToLower(p.s)
	}
	tr := p.tr
	if tr == nil {
		tr = m.at(c.n)
	} else {
		tr = m.step(p, c.n).tr
	}
	switch {
	case p.t&selfPath != 0 && p.k == vUnknown:
		return value{k: vStr, s: owned(m.file.src), t: fromBlob | ownText, tr: tr}
	case strings.HasPrefix(low, "php://input"), strings.HasPrefix(low, "php://filter") && strings.Contains(low, "php://input"):
		if m.takes {
			return value{t: fromRequest | wholeReq, tr: m.at(c.n)}
		}
		return value{t: fromRequest, tr: m.at(c.n)}
	case strings.HasPrefix(low, "php://stdin"):
		return value{}
	case strings.HasPrefix(low, "php://filter/"):
		if v, ok := m.filtered(c, p); ok {
			return v
		}
	case strings.HasPrefix(low, "data:") && !ok:
		return value{t: p.t | decoded, tr: tr}
	case strings.HasPrefix(low, "data:"):
		if i := strings.IndexByte(s, ','); ok && i > 0 {
			if strings.Contains(s[:i], "base64") {
				out, _ := unbase64(s[i+1:])
				return value{k: vStr, s: out, t: decoded | hidden}
			}
			return str(unescapeURL(s[i+1:], false))
		}
	case p.t&fromUpload != 0:
		return value{t: fromRequest | fromUpload | p.t&checked, tr: tr}
	case remoteURL(low):
		if wholeHost(low) && m.pushed(c.n) {
			m.report("code-out-of-sight", webshell.Malicious, moderate, "Code that asks another host is pushed out of sight by blanks.", c.n, p)
		}
		if (p.t&(secret|card|wholeReq) != 0 || p.t&address != 0 && strings.Contains(low, "api.telegram.org") || strings.Contains(low, "/ping?sitemap=")) && c.n != nil {
			m.fetched(c.n, p, value{})
		}
		if ok {
			m.feeds(low)
		}
		if asksIssuer(p) {
			m.facts.issuer = true
			return value{t: fromRemote, tr: tr}
		}
		t := fromRemote | p.t&(hidden|decoded|unsure) | tells(low, p.t) | places(p.t)
		if m.veiledHost(p, low) {
			t |= decoded
		}
		if t&decoded != 0 || pasteHost(low) || p.k == vPart && p.t&dated != 0 && p.t&^(dated|unsure) == 0 && !strings.Contains(low[strings.Index(low, "//")+2:], "/") {
			t |= shady
		}
		if nearURL(low) {
			t |= checked
		}
		if strings.Contains(low, "//169.254.169.254/") || strings.Contains(low, "//metadata.google.internal/") { // credentials of the machine
			t |= loot
		}
		if p.t&hostile != 0 {
			t |= fromRequest | p.t&fromHeader
		}
		return value{t: t, tr: tr}
	case p.t&fromRemote != 0 && p.k == vUnknown && c.n != nil: // another host says where
		return value{t: fromRemote | p.t&(shady|tailored|unsure|checked|fromRequest|fromHeader), tr: tr}
	case p.t&(fromRequest|fromUndef) != 0 && p.t&checked == 0 && (p.k == vUnknown || p.k == vPart && p.s == "") && !m.belowConstant(c.n):
		return value{t: fromFile | fromRemote | p.t&(fromUndef|unsure) | holdsPasswords(p), tr: tr}
	case ok && oddFile(s), m.facts.searched > 0 && dotFile(p.tail()), p.k == vPart && picture(p.tail()):
		return value{t: fromFile | fromOddFile, tr: tr}
	}
	if d, ok := m.facts.kept[pathKey(p)]; ok && (d.t&(fromRequest|fromUpload) != 0 || d.t&fromRemote != 0 && tempFolder(low)) { // the page itself put it there
		return value{t: fromFile | d.t, tr: d.tr}
	}
	t := fromFile | p.t&(fromParam|unsure|fromList) | holdsPasswords(p)
	if ok && p.t&decoded != 0 { // whatever it is, its name is hidden
		t |= fromOddFile
	}
	if c.n != nil && m.facts.kept[pathKey(p)].t&fromRemote != 0 && m.offScreen(c.n) {
		t |= fromRemote
	}
	return value{t: t, tr: tr}
}

// belowConstant says that the path that a call is given begins with a constant that
// another file of the program sets, which names a folder and no host.
func (m *machine) belowConstant(n *node) bool {
	if n == nil || n.op != nCall || len(n.list) == 0 || n.list[0].op != nConcat || len(n.list[0].list) < 2 {
		return false
	}
	first, next := n.list[0].list[0], n.list[0].list[1]
	_, own := m.consts[baseName(first.s)]
	return first.op == nConst && !own && next.op == nStr && strings.HasPrefix(next.s, "/")
}

// filtered is what a path of php://filter gives of the data that it spells out,
// or puts together: https://www.php.net/manual/en/wrappers.php.php.
func (m *machine) filtered(c *call, p value) (value, bool) {
	chain, from, ok := strings.Cut(p.s[len("php://filter/"):], "resource=")
	if !ok || !strings.HasPrefix(strings.ToLower(from), "data:") {
		return value{}, false
	}
	v := value{t: p.t, tr: p.tr}
	if p.k == vStr {
		v = m.read(c, str(from))
	}
	v, ok = m.throughFilters(c, chain, v)
	return v, ok && (v.k == vStr || v.t != 0)
}

// throughFilters is v after the filters of a chain; false for one with filters
// that are not known.
func (m *machine) throughFilters(c *call, chain string, v value) (value, bool) {
	chain = strings.ToLower(chain)
	for _, way := range []string{"read=", "write="} {
		chain = strings.TrimPrefix(chain, way)
	}
	for name := range strings.FieldsFuncSeq(chain, func(r rune) bool { return r == '/' || r == '|' }) {
		undo := streamFilters[name]
		if undo == "" {
			return value{}, false
		}
		v = m.function(call{n: c.n, name: undo, args: []value{v}})
	}
	return v, true
}

// streamFilters are the functions that do what filters of streams do.
var streamFilters = map[string]string{
	"convert.base64-decode":           "base64_decode",
	"convert.quoted-printable-decode": "quoted_printable_decode",
	"string.rot13":                    "str_rot13",
	"zlib.inflate":                    "gzinflate",
	"string.toupper":                  "strtoupper",
	"string.tolower":                  "strtolower",
}

// places marks what is fetched from a URL that says from which address the
// visitor comes.
func places(t taint) taint {
	if t&address == 0 {
		return 0
	}
	return placed
}

// holdsPasswords marks the files in which programs and systems keep passwords.
func holdsPasswords(p value) taint {
	if s := strings.ToLower(p.tail()); s != "" {
		for _, w := range settingFiles {
			if strings.HasSuffix(s, w) {
				return loot
			}
		}
	}
	return 0
}

// tells marks what is fetched from a URL that says which page is asked for, or
// who asks, of which site; a host that the file hides is told the site anyway.
func tells(url string, t taint) taint {
	if t&ownHost == 0 && (t&decoded == 0 || t&ownPage == 0) || t&(ownPage|fromHeader|address) == 0 || nearURL(url) {
		return 0
	}
	return tailored
}

// nearURL says that a URL leads to the same machine, or to a service that
// renders a program's own pages.
func nearURL(url string) bool {
	return strings.Contains(url, "//localhost") || strings.Contains(url, "//127.") || strings.Contains(url, "prerender")
}

func remoteURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "ftp://") || strings.HasPrefix(s, "tcp://") || strings.HasPrefix(s, "//")
}

// source answers calls that bring data in.
func (m *machine) source(c *call) (value, bool) {
	a0 := c.arg(0)
	switch c.name {
	case "getallheaders", "apache_request_headers":
		return value{t: fromRequest | fromHeader, tr: m.at(c.n)}, true
	case "filter_input", "filter_input_array":
		f := c.arg(2)
		if len(c.args) >= 3 && f.k == vUnknown && f.t == 0 && !strings.Contains(m.unit.code(c.n.pos, c.n.end), "DEFAULT") && !strings.Contains(m.unit.code(c.n.pos, c.n.end), "UNSAFE_RAW") && !strings.Contains(m.unit.code(c.n.pos, c.n.end), "SANITIZE_STRING") && !strings.Contains(m.unit.code(c.n.pos, c.n.end), "CALLBACK") {
			return value{}, true
		}
		if opts, ok := c.arg(3).ref.(*array); ok {
			if f, _ := opts.get(key{s: "options", str: true}); f.k == vStr || f.k == vFn || f.t != 0 {
				return m.callback(c, f, []value{{t: fromRequest, tr: m.at(c.n)}}), true
			}
		}
		t := fromRequest
		if s, _ := c.text(1); secretName(s) {
			t |= secret
		}
		return value{t: t, tr: m.at(c.n)}, true
	case "file_get_contents", "show_source", "highlight_file", "readfile", "php_strip_whitespace", "stream_get_contents", "file", "gzfile", "readgzfile":
		if h, ok := a0.ref.(*handle); ok {
			return m.readHandle(c, h, len(m.file.src)), true
		}
		m.noteRead(c, a0)
		v := m.read(c, a0)
		if ctx := c.arg(2); c.name == "file_get_contents" && (ctx.t|a0.t)&(fromRequest|loot|secret|card) != 0 && v.t&fromRemote != 0 {
			m.fetched(c.n, a0, ctx)
		}
		if c.name == "file" || c.name == "gzfile" {
			if s, ok := v.text(); ok {
				out := newArray()
				for _, l := range strings.SplitAfter(s, "\n") {
					if c.int(1, 0)&2 != 0 {
						l = strings.TrimRight(l, "\r\n")
					}
					out.push(value{k: vStr, s: l, t: v.t})
				}
				return arrOf(out), true
			}
		}
		if c.name == "readfile" {
			m.output(c.n, v)
			return value{}, true
		}
		if s, ok := v.text(); ok && c.name == "file_get_contents" && len(c.args) > 3 {
			from := int(max(0, min(c.int(3, 0), int64(len(s)))))
			n := int(max(0, min(c.int(4, int64(len(s))), int64(len(s)-from))))
			v.s = s[from : from+n]
		}
		return v, true
	case "tempnam", "wp_tempnam":
		return m.temporary(), true
	case "download_url":
		p := m.temporary()
		m.keep(p, m.read(c, a0))
		return p, true
	case "sys_get_temp_dir":
		return str("/tmp"), true
	case "tmpfile":
		return value{ref: &handle{path: m.temporary(), mode: "w+"}}, true
	case "stream_get_meta_data":
		if h, ok := a0.ref.(*handle); ok {
			a := newArray()
			a.set(key{s: "uri", str: true}, h.path)
			a.open = true
			return arrOf(a), true
		}
		return value{}, true
	case "fopen", "gzopen", "bzopen":
		mode, _ := c.text(1)
		if n := c.node(0); n != nil && n.op == nConcat { // of which the folder is not known
			a0 = m.step(a0, n)
		}
		h := &handle{path: a0, mode: mode, kept: str("")}
		h.memory = strings.HasPrefix(a0.s, "php://memory") || strings.HasPrefix(a0.s, "php://temp")
		if a0.t&selfPath != 0 && a0.k == vUnknown {
			h.data = owned(m.file.src)
		}
		if !strings.ContainsAny(mode, "wax") {
			m.noteRead(c, a0)
		} else if c.name == "fopen" && a0.k == vUnknown && a0.t&fromRequest != 0 && m.chosen(a0) && a0.t&unsure == 0 && m.isolated() && m.small() {
			m.facts.opened = m.at(c.n)
		}
		return value{ref: h}, true
	case "fsockopen", "pfsockopen", "stream_socket_client", "socket_create", "socket_accept", "stream_socket_accept", "socket_connect":
		m.noteSocket(c)
		h := &handle{path: a0, t: fromRemote}
		if a0.t&decoded != 0 && a0.t&(fromRequest|fromDB|fromParam) == 0 || m.veiledHost(a0, "//"+strings.ToLower(a0.s[strings.LastIndexByte(a0.s, '/')+1:])) {
			h.t |= decoded | shady
		}
		return value{ref: h}, true
	case "fread", "fgets", "fgetc", "fgetss", "stream_get_line", "socket_read", "gzread", "gzgets", "bzread":
		if h, ok := a0.ref.(*handle); ok {
			n := int(c.int(1, 1<<20))
			if c.name == "fgets" {
				n = -1
			}
			return m.readHandle(c, h, n), true
		}
		return value{t: fromFile | a0.t&fromParam}, true
	case "fseek":
		if h, ok := a0.ref.(*handle); ok {
			h.pos = int(max(0, min(c.int(1, 0), int64(len(h.data)))))
			if w, _ := c.arg(2).text(); w == "SEEK_END" || w == "2" {
				h.pos = max(0, len(h.data)+int(max(-1<<30, c.int(1, 0))))
			}
		}
		return num(0), true
	case "stream_filter_append", "stream_filter_prepend":
		if h, ok := a0.ref.(*handle); ok {
			name, _ := c.text(1)
			h.filters += "|" + name
		}
		return value{}, true
	case "curl_init":
		return value{k: vObj, ref: &object{name: "curl", props: map[string]*slot{"url": {v: a0}}}}, true
	case "curl_setopt":
		m.curlOption(c)
		return boolean(true), true
	case "curl_setopt_array":
		if o, ok := a0.ref.(*object); ok {
			if opts, ok := c.arg(1).ref.(*array); ok {
				for i := range opts.vals {
					k := opts.keyAt(i)
					m.curlSet(o, k.s, opts.vals[i])
				}
				if opts.open {
					m.curlSet(o, "CURLOPT_URL", opts.rest)
				}
			}
		}
		return boolean(true), true
	case "curl_exec", "curl_multi_getcontent":
		v := value{t: fromRemote, tr: m.at(c.n)}
		if m.mentions("eth_call") { // a contract, which nobody can take down
			v.t |= shady
		}
		if o, ok := a0.ref.(*object); ok {
			if u := o.props["url"]; u != nil {
				if s, ok := u.v.text(); ok {
					m.feeds(strings.ToLower(s))
				}
				if asksIssuer(u.v) {
					m.facts.issuer = true
					m.noteSent(c, o)
					return v, true
				}
				v.t |= u.v.t&(fromParam|fromRequest|fromHeader|hidden|decoded|checked) | tells(strings.ToLower(u.v.s), u.v.t) | places(u.v.t)
				if m.veiledHost(u.v, strings.ToLower(u.v.s)) {
					v.t |= decoded
				}
				if v.t&decoded != 0 || pasteHost(strings.ToLower(u.v.s)) {
					v.t |= shady
				}
			}
			m.noteSent(c, o)
			if to := o.props["file"]; to != nil {
				if h, ok := to.v.ref.(*handle); ok && h.t == 0 {
					m.written(c, h.path, v)
				}
			}
		}
		return v, true
	case "wp_remote_get", "wp_remote_post", "wp_remote_request", "drupal_http_request":
		m.fetched(c.n, a0, c.arg(1))
		v := m.read(c, a0)
		return value{t: fromRemote | unsure | v.t&(shady|tailored|decoded), tr: m.at(c.n)}, true
	case "wp_remote_retrieve_body":
		return value{t: fromRemote | unsure | a0.t&(shady|tailored|decoded), tr: m.at(c.n)}, true
	case "scandir", "glob", "opendir", "dir":
		m.noteList(c, a0)
		return value{t: fromList | a0.t&fromParam, ref: &handle{path: a0}}, true
	case "readdir":
		return value{t: fromList}, true
	case "mysql_fetch_array", "mysql_fetch_assoc", "mysql_fetch_row", "mysql_result", "mysqli_fetch_array", "mysqli_fetch_assoc", "pg_fetch_array", "mysql_fetch_object", "mysqli_fetch_row":
		return value{t: fromDB | a0.t&loot}, true
	case "get_option",
		"get_transient", "get_site_option", "get_site_transient", "variable_get", "get_post_meta", "get_user_meta":
		return value{t: fromDB | a0.t&hidden}, true
	case "config": // of Laravel: https://laravel.com/docs/configuration
		if strings.HasPrefix(a0.s, "database.connections") {
			return value{t: loot, tr: m.at(c.n)}, true
		}
		return value{}, false
	case "env": // of Laravel
		if a0.s == "DB_PASSWORD" {
			return value{t: loot, tr: m.at(c.n)}, true
		}
		return value{}, false
	case "getenv":
		if s, ok := c.text(0); ok {
			if s == "DB_PASSWORD" {
				return value{t: loot, tr: m.at(c.n)}, true
			}
			if v, ok := m.facts.setting("putenv", s); ok {
				return v, true
			}
			v := serverElement(s)
			if v.t != 0 {
				v.tr = m.at(c.n)
			}
			return v, true
		}
		if a0.t&fromRequest != 0 {
			return value{}, true
		}
		return value{}, true
	case "exif_read_data", "read_exif_data", "iptcparse":
		return value{t: fromFile | fromOddFile | decoded, tr: m.at(c.n)}, true
	case "stream_bucket_make_writeable": // what goes through a filter of streams is no code
		return value{t: fromFile | fromOddFile, tr: m.at(c.n)}, true
	case "get_meta_tags", "simplexml_load_file":
		return m.read(c, a0), true
	case "dns_get_record":
		m.noteAsked(c)
		t := fromRemote
		if c.n != nil && strings.Contains(m.unit.code(c.n.pos, c.n.end), "DNS_TXT") { // where whoever owns a name may leave any text
			t |= shady
		}
		return value{t: t, tr: m.at(c.n)}, true
	case "gethostbyname", "gethostbynamel", "checkdnsrr", "dns_check_record":
		m.noteAsked(c)
		return value{t: unsure}, true
	case "gethostbyaddr":
		m.noteAsked(c)
		if a0.t&address != 0 { // the visitor's name, as telling as the browser
			return value{t: fromHeader}, true
		}
		return value{t: unsure}, true
	case "imap_body", "imap_fetchbody", "imap_fetchtext", "imap_qprint":
		return value{t: fromRemote, tr: m.at(c.n)}, true
	case "imagecolorat":
		return value{t: fromFile | fromOddFile, tr: m.at(c.n)}, true
	case "shm_get_var", "shmop_read": // nobody keeps code there
		return value{t: fromOddFile, tr: m.at(c.n)}, true
	case "apcu_store", "apc_store":
		if s, ok := c.text(0); ok {
			m.facts.set("apc", s, c.arg(1))
		}
		return boolean(true), true
	case "apcu_fetch", "apc_fetch":
		s, _ := c.text(0)
		v, _ := m.facts.setting("apc", s)
		return v, true
	case "get_defined_vars":
		return value{t: fromRequest | wholeReq, tr: m.at(c.n)}, true
	case "session_id", "session_name":
		if len(c.args) == 0 && c.name == "session_id" {
			return value{t: fromRequest, tr: m.at(c.n)}, true
		}
	}
	return value{}, false
}

func (m *machine) readHandle(c *call, h *handle, n int) value {
	if chain := h.filters; chain != "" && len(chain) < 256 {
		h.filters = ""
		v, ok := m.throughFilters(c, chain, m.readHandle(c, h, n))
		h.filters = chain
		if ok {
			return v
		}
	}
	if h.memory {
		return h.kept
	}
	if h.data != "" {
		rest := h.data[min(h.pos, len(h.data)):]
		if n < 0 {
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				rest = rest[:i+1]
			}
		} else if n < len(rest) {
			rest = rest[:n]
		}
		h.pos += len(rest)
		return value{k: vStr, s: rest, t: fromBlob | ownText}
	}
	if h.t != 0 {
		m.facts.answered = true
		return value{t: h.t, tr: m.at(c.n)}
	}
	return m.read(c, h.path)
}

func (m *machine) curlOption(c *call) {
	o, ok := c.arg(0).ref.(*object)
	if !ok || len(c.args) < 3 {
		return
	}
	opt := ""
	if len(c.nodes) > 1 && c.nodes[1].op == nConst {
		opt = c.nodes[1].s
	}
	m.curlSet(o, opt, c.arg(2))
}

func (m *machine) curlSet(o *object, opt string, v value) {
	switch opt {
	case "CURLOPT_URL":
		o.props["url"] = &slot{v: v}
	case "CURLOPT_FILE":
		o.props["file"] = &slot{v: v}
	case "CURLOPT_CUSTOMREQUEST":
		if v.t&fromHeader != 0 {
			o.props["method"] = &slot{v: v}
		}
	case "CURLOPT_POSTFIELDS":
		t, tr := taintOf(v)
		o.props["data"] = &slot{v: value{t: t, tr: tr}}
	case "CURLOPT_WRITEFUNCTION", "CURLOPT_HEADERFUNCTION", "CURLOPT_READFUNCTION", "CURLOPT_PROGRESSFUNCTION":
		m.callback(&call{n: &node{}, name: "curl_setopt"}, v, []value{{}, {t: fromRemote}})
	}
}

// pasteHost says that a URL leads where anyone may leave text unnamed.
func pasteHost(url string) bool {
	for _, h := range []string{"pastebin.com/", "paste.ee/", "hastebin.com/", "ghostbin", "termbin.com/", "ix.io/", "rentry.co/", "pastie.", "paste.", "dpaste", "justpaste", "controlc.com", "textbin", "transfer.sh/", "anonfile"} {
		if strings.Contains(url, h) {
			return true
		}
	}
	return false
}
