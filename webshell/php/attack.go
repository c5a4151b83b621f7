package php

import (
	"bytes"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"limier/webshell"
)

// An attack is what a tool does that works on others, or on the server, and lets
// nobody in; by what its text says.
type attack struct {
	rule, text string
	needs      trait    // of the file, all of them
	keys       string   // words of which it has one: see wordsOf
	says       string   // words of which it has some: see says; ~ is a space in one
	fits       []string // patterns of its text in small letters, of which the first says where
	never      string   // words that it does not have, or "class" if it declares none
	size       int      // in tokens, at most; 0 for any
}

const (
	connects = "fsockopen(|curl_exec|curl_multi_exec|socket_connect|stream_socket_client|file_get_contents("
	loops    = "foreach|for(|for~(|while"
)

var attacks = []attack{
	{"sends-injections", "SQL is put into the requests to a site that the caller names, to read its database.", hasRemote, "union~select union~all union+ union% union/ union* benchmark( ascii(substr ascii(mid ascii~(substr ord(mid ord(substr information_schema",
		connects + " $argv|$_post|$_get|$_request|fgets(stdin union|benchmark(|substr|information_schema",
		[]string{`union(?:[\s+]|/\*|\*/|%20|\*)*(?:all(?:[\s+]|/\*|%20)*)?(?:/\*!\d*)?select(?:[^;]*?)(?:concat|0x[0-9a-f]{2}|%27|--|information_schema|from[\s+%]|/\*)|\b(?:ascii|ord)\s*\(\s*(?:substr(?:ing)?|mid)\s*\(\s*\(\s*select|benchmark\s*\(\s*\d{6,}|select\s+count\(\*\)\s*,\s*concat\s*\([^;]*?information_schema`}, "phpunit|mysql_query|mysqli_query|->query(|->prepare(|preg_match_all('/", 6000},
	{"password-cracker", "Names and passwords of two lists are tried on another host, one after another.", 0, "ftp_login curlopt_userpwd imap_open( ssh2_auth ldap_bind wp-login.php mysql_connect( mysqli_connect( authorization:~basic",
		connects + "|ftp_connect|ftp_login|imap_open|ssh2_|mysql_connect|mysqli_connect|ldap_bind " + loops + " pass|pwd",
		[]string{`foreach\s*\(\s*\$\w*(?:pass|pwd|word|pws)\w*(?:\[[^\]]*\])?\s+as\s`, `foreach\s*\(\s*\$\w*(?:user|login|name|mail|account|usr)\w*(?:\[[^\]]*\])?\s+as\s`,
			`curlopt_userpwd|ftp_login\s*\(|imap_open\s*\(|ssh2_auth_password|mysqli?_connect\s*\(|ldap_bind\s*\(|wp-login|log=|passwd=|authorization: basic`}, "", 4000},
	{"password-cracker", "Word after word of a list is tried as the password of a hash or of another host.", 0, "wordlist dictionary brute crack",
		"md5(|sha1(|curlopt_userpwd|ftp_login|wp-login wordlist|dictionary|brute|crack " + loops,
		[]string{`(?:foreach|while|for)\s*\([^{;]*(?:;[^{;]*;[^{;]*)?\)\s*\{[^}]*?(?:(?:md5|sha1)\s*\([^;]*?\)\s*={2,3}\s*\$|={2,3}\s*(?:md5|sha1)\s*\(|curlopt_userpwd|ftp_login\s*\(|log=[^;]*?pwd=)`}, "class", 3000},
	{"network-scanner", "Address after address of a network is tried, to see what answers.", hasRemote, "startip start_ip ip_start <255 <~255 <=255 <=~255 <256 <~256 <254 <~254 <=254 <=~254",
		connects + "|socket_create " + loops + " 25|startip|start_ip|ip_start",
		[]string{`for\s*\(\s*\$(\w+)\s*=[^;]{1,40};\s*\$\w+\s*(?:<=?\s*25[456]|<=?\s*\$\w*end\w*)\s*;[^{]*?\)\s*\{?[^}]*?(?:fsockopen|curl_init|curl_setopt|socket_connect|gethtml\w*|get_headers|file_get_contents)\s*\(|(?:startip|start_ip|ip_start)['"]\][\s\S]*?explode\s*\(\s*['"]\.['"]`}, "class", 3000},
	{"port-scanner", "Port after port of a host that the request names is tried.", hasRemote, "fsockopen( socket_connect stream_socket_client",
		"fsockopen(|socket_connect|stream_socket_client $_post|$_get|$_request|$argv port",
		[]string{`for\s*\(\s*\$\w*(?:port|i|p|start|x|j)\s*=\s*[^;]*?;\s*\$\w+\s*<=?\s*[^;]*?;\s*[^)]{0,20}\+\+[^)]{0,10}\)\s*\{?[^}]*?(?:fsockopen|socket_connect|stream_socket_client)\s*\(`}, "class|127.0.0.1|localhost", 1200},
	{"mass-writer", "Pages are put into the folders of all users of the server.", hasWrite, "/etc/passwd",
		"/etc/passwd|/home/ public_html|/www|/htdocs fwrite|fputs|file_put_contents|copy( deface|hacked|0wned|owned|pwned", []string{`(?:foreach|while|for)\s*\([\s\S]*?(?:fwrite|fputs|file_put_contents|copy)\s*\(`}, "", 3000},
	{"mass-writer", "The same text is written into folder after folder, and it says who was here.", hasWrite, "was~here hacked~by h4cked 0wned owned~by pwned defaced mass~deface",
		"recursivedirectoryiterator|scandir|opendir|glob( fwrite|fputs|file_put_contents|copy( was~here|hacked~by|h4cked|0wned|owned~by|pwned|defaced|mass~deface", []string{`(?:foreach|while|for)\s*\([\s\S]*?(?:fwrite|fputs|file_put_contents|copy)\s*\(`}, "preg_match|strpos(", 3000},
	{"covers-tracks", "The logs that tell of logins and of commands are deleted.", 0, "wtmp",
		"unlink|fopen|exec|system wtmp|lastlog utmp|/var/log/secure|/var/log/messages|auth.log bash_history", []string{`wtmp[\s\S]*?(?:unlink|fopen|exec|system|shell_exec|file_put_contents)\s*\(|(?:unlink|exec|system|file_put_contents)\s*\([\s\S]*?wtmp`}, "preg_match", 4000},
	{"finds-neighbours", "A search engine is asked which other sites stand at an address, page after page.", hasRemote, "bing.com/search ask.com/web search.yahoo duckduckgo",
		"bing.com/search|ask.com/web|search.yahoo|duckduckgo curl_exec|file_get_contents|fsockopen ip:|ip%3a", []string{`\bip(?::|%3a)\s*(?:['"]?\s*\.|\{?\$|%20)`}, "class", 4000},
	{"path-scanner", "Site after site of one list is asked for file after file of another.", 0, "curlopt_nobody get_headers( http_code",
		"explode( curl_exec|get_headers|fsockopen|file_get_contents " + loops + " shell|c99|r57|timthumb|thumb.php|wp-content|wp-config|.env|backdoor|exploit",
		[]string{`foreach\s*\(\s*\$(\w+)\s+as\s+[^)]{1,40}\)[\s\S]*?foreach\s*\(\s*\$(\w+)\s+as\s+[^)]{1,40}\)`, `explode\s*\(\s*["'](?:\\r)?\\n["'][\s\S]*?explode\s*\(\s*["'](?:\\r)?\\n["']|(?:explode\s*\(\s*["'](?:\\r)?\\n["']|file\s*\(\s*["'][\w./-]+\.(?:txt|lst|list)["'])[\s\S]*?(?:array\s*\(|\[)\s*["']/[\w./-]+["']\s*,\s*["']/|(?:explode\s*\(\s*["'](?:\\r)?\\n["']|file\s*\(\s*["'][\w./-]+\.(?:txt|lst|list)["'])[\s\S]*?file\s*\(\s*["'][\w./-]+\.(?:txt|lst|list)["']`,
			`curlopt_nobody|http_code|\b200\b|get_headers`}, "class", 60000},
	{"card-checker", "Number after number of a list is asked about at a service that knows the banks of cards.", 0, "binlist bincodes bin-checker binlookup",
		"binlist|bincodes|bin-checker|binlookup explode|file( foreach|for(|while $_post|$_request|$_get|file(", []string{`explode\s*\(\s*["'](?:\\r)?\\n["'][\s\S]*?(?:bin[\w-]*\.(?:net|com|io|org)|binlookup)`}, "class", 2000},
	{"account-checker", "Name and password after name and password of a list are tried at another site.", hasRemote, "explode(':' explode(\":\" explode('|' explode(\"|\" explode(';'",
		"explode( curl_exec|fsockopen|stream_context_create|curl_multi " + loops + " live|valid|die|dead|hit|work", []string{`(?:list\s*\(|\[)\s*\$\w*(?:mail|user|login|acc)\w*\s*,\s*\$\w*(?:pass|pw)\w*\s*(?:\)|\])\s*=\s*explode\s*\(\s*["'][:|;]["']|\$\w*(?:mail|user|login)\w*\s*=\s*(?:trim\s*\(\s*)?\$\w+\[0\][\s\S]*?\$\w*(?:pass|pw)\w*\s*=\s*(?:trim\s*\(\s*)?\$\w+\[1\]`, `(?:explode\s*\(\s*["'](?:\\r)?\\n["']|file\s*\(|fgets\s*\()`, `\b(?:live|die|dead|hit|valid|working|invalid)\b`}, "class|http_authorization|php_auth_user|preg_match_all('/", 3000},
	{"exhausts-server", "Processes that start processes are started without end.", 0, "pcntl_fork", "pcntl_fork", []string{`while\s*\(\s*(?:1|true|!0)\s*\)\s*\{?\s*@?pcntl_fork\s*\(\s*\)\s*;\s*\}?`}, "pcntl_wait", 60},
	{"makes-account", "An account of Windows is made, and its rights are set.", 0, "shell.users", "shell.users ->create(", []string{`new\s+com\s*\(\s*['"]shell\.users['"]\s*\)[\s\S]*?->create\s*\(`}, "", 1000},
	{"blinds-guards", "What several security programs have found is deleted, or what they look at.", 0, "wordfence wfconfig wfissues",
		"truncate|delete~from|update_option|delete_option|deactivate_plugins wordfence|wfconfig|wfissues itsec|sucuri|wsd_plugin_scan|exploitscanner|aiowps|cerber|ithemes|better-wp-security",
		[]string{`(?:truncate|delete from|update|update_option|delete_option|deactivate_plugins)[^;]*?(?:wfissues|wfconfig|wfstatus|wordfence|itsec|sucuri|wsd_plugin|exploitscanner|aiowps)[\s\S]*?(?:truncate|delete from|update|update_option|delete_option)[^;]*?(?:wfissues|wfconfig|wfstatus|itsec|sucuri|wsd_plugin|exploitscanner|aiowps)`}, "class|register_uninstall_hook|wp_uninstall_plugin", 1500},
	{"posts-foreign-text", "Who knows a password that the file has changes the posts in the database.", hasRequest, "post_content datalist",
		"$wpdb $_request|$_post|$_get post_content|datalist update|insert~into", []string{`\$_(?:request|post|get|cookie)\s*\[\s*['"]\w+['"]\s*\]\s*={2,3}\s*['"][0-9a-f]{32}['"][\s\S]*?(?:update|insert into)[^;]*?(?:posts|datalist)[^;]*?\$_(?:request|post|get)`}, "", 4000},
	{"hidden-names", "Names are spelled with the letters of a list that another name, kept in a list, holds.", 0, "$globals[$globals[", "$globals[$globals[", []string{`\$globals\[\$globals\[['"]\w+['"]\]\[\d+\](?:\.\$globals\[['"]\w+['"]\])+`}, "", 0},
	{"carries-program", "The file carries a program, in figures.", 0, "4d5a9000 4d5a5000 0x4d5a 7f454c4601 7f454c4602 504500004c01", "4d5a|7f454c4601|7f454c4602", []string{`\b(?:0x)?(?:4d5a[59]000[0-9a-f]{8}|7f454c460[12][0-9a-f]{8}|4d5a[0-9a-f]*?504500004c01)[0-9a-f]{300}`}, "", 0},
	{"makes-payload", "An object is made that does harm where it is restored.", 0, "'phpinfo() \"phpinfo() 'system( \"system( 'exec( \"exec( 'eval( \"eval( 'assert( \"assert( '@eval( \"@eval(", "serialize( class~ system(|exec(|eval(|phpinfo(|assert(", []string{`=\s*["'](?:@?(?:system|exec|shell_exec|passthru|eval|assert)\s*\([^;]*?\)|phpinfo\(\))\s*;?["']\s*;[\s\S]*?\bserialize\s*\(`}, "phpunit|namespace ", 400},
	{"sends-code", "Code is encoded and sent to another host, to be run there.", hasRemote, "'phpinfo() \"phpinfo() 'system( \"system( 'exec( \"exec( 'eval( \"eval( 'assert( \"assert( '@eval( \"@eval( '@ini_set( \"@ini_set(", "base64_encode(|urlencode( curl_|fsockopen|stream_context_create \"phpinfo();|'phpinfo();|\"system(|'system(|\"eval(|'eval(|\"@eval(|\"@ini_set(|'@ini_set(", []string{`=\s*["']@?(?:phpinfo\(\)|system\([^;]*?\)|eval\([^;]*?\)|ini_set\([^;]*?\))\s*;[\s\S]*?(?:base64_encode|urlencode)\s*\(|(?:base64_encode|urlencode)\s*\(\s*["']@?(?:phpinfo\(\)|(?:system|exec|passthru|shell_exec|eval|assert)\([^;]*?\))\s*;`}, "phpunit|namespace ", 2000},
	{"shows-accounts", "All that the page does is to show the accounts of the server.", 0, "/etc/passwd /etc/shadow", "/etc/passwd|/etc/shadow", []string{`(?:echo|print|die|exit)\b[^;]*?(?:file_get_contents|file|implode)\s*\(\s*["']/etc/(?:passwd|shadow)["']|readfile\s*\(\s*["']/etc/(?:passwd|shadow)["']|show_source\s*\(\s*["']/etc/passwd`}, "phpunit|class", 120},
	{"uploads-to-others", "A file is posted to a script of a plugin on another site, as exploits do.", hasRemote, "postfields", "curl_exec postfields @", []string{`curl_init\s*\(\s*["']https?://[^"']+/(?:wp-content/(?:plugins|themes)|components/com_|modules/mod_|modules|administrator/components|sites/all/modules)/[^"']+\.php[\s\S]*?curlopt_postfields\s*,\s*(?:array\s*\(|\[)[^;]*?=>\s*["']@`}, "class", 600},
	{"listens", "A request has the script listen on an address and pass on what comes.", hasRequest, "socket_listen", "socket_bind socket_listen socket_accept $_get|$_post|$_request", []string{`socket_bind\s*\(\s*\$\w+\s*,\s*\$`}, "$argv|phpunit|namespace ", 2500},
	{"lists-drives", "The drives of the server are looked for, and any folder that the request names is listed.", hasRequest | hasList, "'z') \"z\") 'x') \"x\")", "opendir|scandir|glob( $_request|$_get|$_post range(|chr(", []string{`(?:range\s*\(\s*['"][a-d]['"]\s*,\s*['"][x-z]['"]\s*\)|chr\s*\()[\s\S]*?is_dir\s*\(\s*[\w$({]+[^;]{0,20}\.\s*['"]:`}, "class|session", 1500},
	{"packs-folders", "Any folder that the request names is packed into an archive, and nobody is asked for a password.", hasRequest | hasList, "x50\\x4b ziparchive", "opendir|scandir|recursivedirectory $_get|$_request|$_post x50\\x4b|ziparchive", []string{`\$(?:\w*dir\w*|\w*path\w*)\s*=\s*\$_(?:get|request)\s*\[\s*['"]?\w*(?:dir|path)\w*['"]?\s*\][\s\S]*?(?:opendir|scandir|recursivedirectoryiterator)\s*\(\s*\$`}, "session|login|token|auth|wp_|namespace |defined(", 4000},
	{"finds-users", "The users of the server are gone through, to see whose files can be reached.", 0, "/passwd", "/passwd public_html|/home explode(", []string{`file(?:_get_contents)?\s*\(\s*["']/etc/+passwd["'][\s\S]*?foreach[\s\S]*?(?:is_readable|is_dir|is_writable|opendir|scandir|file_exists|symlink|copy)\s*\(`}, "class|posix_get|cpanel|$argv|php_sapi|namespace ", 3000},
	{"talks-to-shell", "Code between the marks of a well-known client of web shells is put together.", 0, "->|", "->| |<- base64_decode", []string{`["'(]->\|\\?["'][\s\S]*?\|<-`}, "phpunit|yara|signature", 8000},
	{"finds-writable", "Folder after folder of a path that the request names is shown that may be written.", hasRequest | hasList, "is_writable( is_writeable(",
		"is_writable(|is_writeable( opendir|scandir|readdir|glob( $_post|$_get|$_request", []string{`(?:readdir|scandir|glob|opendir)\s*\([\s\S]*?is_writeable\s*\(|(?:readdir|scandir|glob|opendir)\s*\([\s\S]*?is_writable\s*\([^;{]*?\{?\s*(?:echo|print)`}, "class|move_uploaded_file|unlink|mkdir|chmod|fopen|->|wp_|copy(", 600},
}

// attackPatterns are the patterns of all attacks, which few runs need.
var attackPatterns = sync.OnceValue(func() (all [][]*regexp.Regexp) {
	for _, a := range attacks {
		var fits []*regexp.Regexp
		for _, p := range a.fits {
			fits = append(fits, regexp.MustCompile(p))
		}
		all = append(all, fits)
	}
	return all
})

// sender is the bit of a hint for sendsShell.
const sender = 1 << 63

// mayAttack says which attacks a file may be a tool for, by those of which it has
// a key.
func mayAttack(data []byte, have trait, keyed uint64) (may uint64) {
	for i := range attacks {
		if needs := attacks[i].needs; have&needs != needs {
			keyed &^= 1 << i
		}
	}
	if have&hasRemote == 0 {
		keyed &^= 1 << len(attacks)
	}
	if keyed == 0 {
		return 0
	}
	low := strings.ToLower(string(data[:min(len(data), 1<<18)]))
	for i := range attacks {
		if keyed&(1<<i) != 0 && saysWords(low, attacks[i].says) {
			may |= 1 << i
		}
	}
	if keyed&(1<<len(attacks)) != 0 && saysWords(low, "eval|assert|create_function|system(|passthru|shell_exec|base64 $_|%24_|jf9|crf|pd9") {
		may |= sender
	}
	return may
}

// attacking judges the file by whom it attacks.
func (m *machine) attacking() {
	if m.alarmed() || m.onlyTexts() {
		return
	}
	may := m.hint.attacks
	if may == 0 {
		return
	}
	if may&sender != 0 {
		defer m.sendsShell()
	}
	if m.framed {
		return
	}
	low := m.text()
	for i := range attacks {
		a := &attacks[i]
		if may&(1<<i) == 0 || a.size > 0 && len(m.file.tokens) > a.size || a.never != "" && m.never(a.never) {
			continue
		}
		fits := attackPatterns()[i]
		at := fits[0].FindStringIndex(low)
		if at == nil || slices.ContainsFunc(fits[1:], func(re *regexp.Regexp) bool { return !re.MatchString(low) }) {
			continue
		}
		m.report(a.rule, webshell.Malicious, moderate, a.text, &node{pos: uint32(at[0]), end: uint32(at[1])}, value{})
		return
	}
}

// never says that the file has one of the words that a tool of some kind has not.
func (m *machine) never(list string) bool {
	for w := range strings.SplitSeq(list, "|") {
		if w != "class" && m.mentions(w) || w == "class" && slices.ContainsFunc(m.list, func(n *node) bool { return n.op == nClass }) {
			return true
		}
	}
	return false
}

// saysWords is says for words that may hold a space, written as ~.
func saysWords(text, list string) bool {
	for all := range strings.FieldsSeq(list) {
		has := false
		for w := range strings.SplitSeq(all, "|") {
			has = has || strings.Contains(text, strings.ReplaceAll(w, "~", " "))
		}
		if !has {
			return false
		}
	}
	return true
}

// asksToRun is code that evaluates the request, in a text.
var asksToRun = regexp.MustCompile(`(?i)(?:\beval|\bassert|\bcreate_function|\bsystem|\bpassthru|\bshell_exec)\s*\(\s*(?:["'\x01]{0,2}\s*,?\s*\(?(?:@?\w+\s*\(\s*)*)@?\$\{?_(?:post|get|request|cookie)\b|\$_(?:post|get|request|cookie)\[[^\]]{1,30}\]\s*\(`)

// sendsShell judges a file that sends code to another host which evaluates the
// request there: an exploit that leaves a web shell, or a client of one.
func (m *machine) sendsShell() {
	if m.alarmed() || len(m.file.tokens) > 20000 || m.callsAny("scandir", "recursivedirectoryiterator", "readdir", "glob") || m.mentions("phpunit", "signature") {
		return
	}
	for _, t := range m.file.tokens {
		switch t.kind {
		case tStr, tTpl, tHeredoc, tNowdoc:
		case tHTML:
			if !m.mentions("<input", "<textarea", "<form", "<option", "href=") {
				continue // nothing sends it, as where a scanner's test tells what is found
			}
		default:
			continue
		}
		b := m.file.src[t.pos:min(t.end, t.pos+maxMended)]
		if !bytes.ContainsAny(b, "$%=&") && !encodedWord.Match(b) {
			continue
		}
		code := plainly(string(b))
		if asksToRun.MatchString(code) || t.kind != tHTML && len(b) > 20 && len(b) < 4096 && strings.Contains(code, "$_") && strings.HasSuffix(strings.Trim(code, "\"'> ?"), ";") && m.shellWithin("<?php "+strings.Trim(code, "\"'"), false) != "" {
			m.report("sends-shell", webshell.Malicious, moderate, "Code that evaluates the request is sent to another host, or is what a client of web shells talks to.", &node{pos: t.pos, end: t.end}, value{})
			return
		}
	}
}

// callsAny says that code of the file calls one of some functions, or makes an object
// of that name.
func (m *machine) callsAny(names ...string) bool {
	for i, t := range m.file.tokens[:len(m.file.tokens)-1] {
		if t.kind == tIdent && m.file.tokens[i+1].kind == '(' && slices.Contains(names, lower(m.file.src[t.pos:t.end])) {
			return true
		}
	}
	return false
}

var encodedWord = regexp.MustCompile(`[A-Za-z0-9+/]{24,}`)

// plainly is a text with what is encoded in it decoded.
func plainly(s string) string {
	s = strings.ReplaceAll(html.UnescapeString(s), `\$`, "$")
	if strings.IndexByte(s, '%') >= 0 {
		if out, err := url.PathUnescape(s); err == nil {
			s = out
		}
	}
	return encodedWord.ReplaceAllStringFunc(s, func(w string) string {
		if out, ok := unbase64(w); ok && strings.Contains(out, "$_") {
			return out
		}
		return w
	})
}
