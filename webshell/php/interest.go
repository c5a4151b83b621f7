package php

import (
	"bytes"
	"regexp"
	"slices"

	"limier/internal/literal"
)

// interesting says whether a file holds anything that the machine should look
// at.
func interesting(data []byte, t trait) bool {
	has := func(x trait) bool { return t&x != 0 }
	users := len(data) < 8192 && has(saysUsers) && makesUsers(data)
	if !has(hasAny) && !users {
		return has(saysInclude) && includesHidden(data)
	}
	if has(hasShape) {
		return true
	}
	classes := has(saysClass) && declaresClass(data)
	if classes && partOfProgram(data) {
		return has(hasCards) && has(hasWrite|hasRemote) ||
			has(hasDeadly|hasDynamic|hasHook|hasInclude) && has(hasRequest|hasHeader|hasRemote) ||
			has(hasDeadly|hasDynamic) && has(hasStrong) ||
			has(hasDynamic) && has(hasBuild) && unpads(data) ||
			has(hasMail) && has(hasStrong) ||
			has(hasHeader) && has(hasRemote) ||
			has(hasRequest) && (has(hasWrite) || renames(data)) ||
			has(hasRemote) && len(data) < 32<<10 && bytes.Contains(data, []byte("->login(")) ||
			has(hasDeadly) && (hostileCommand(data) || bytes.Contains(data, []byte("passthru(")) && bytes.Contains(data, []byte("shell_exec("))) ||
			has(hasMail|hasRemote) && tellsPassword(data) ||
			has(hasWrite) && (writesHidden(data) || has(hasRemote) && pasteHost(string(data))) ||
			has(hasInclude) && oddInclude(data)
	}
	switch {
	case has(hasDeadly):
		return true
	case has(hasRequest) && (has(hasWrite) || has(hasInclude) || has(hasHook) || has(hasDynamic)):
		return true
	case has(hasRemote) && (has(hasWrite) || has(hasDynamic) || has(hasRequest)):
		return true
	case has(hasHeader) && (has(hasRemote) || has(hasTarget) || has(hasDynamic)), has(hasStrong) && (has(hasRemote) || has(hasHeader)) && !classes:
		return true
	case (has(hasStrong) || has(hasDecoder) && !classes) && (has(hasDynamic) || has(hasHook) || has(hasWrite) || has(hasInclude) || has(hasTarget)):
		return true
	}
	if has(hasDynamic) && (!classes || has(hasBuild) && len(data) < 4096) {
		return true
	}
	if has(hasHeader) && !classes && (bytes.Contains(data, []byte("://")) || bytes.Contains(data, []byte("window.location"))) && (bytes.Contains(data, []byte("location")) || bytes.Contains(data, []byte("http-equiv")) || bytes.Contains(data, []byte("<script"))) {
		return true
	}
	if has(hasStrong) && !classes && len(data) < 8192 && (bytes.Contains(data, []byte("<scr")) || printsDecoded(data)) {
		return true
	}
	if has(hasStrong) && has(hasHeader) && len(data) < 64<<10 && bytes.Contains(data, []byte("<script")) {
		return true
	}
	if has(hasDecoder) && !classes && len(data) < 8192 && bytes.Contains(data, []byte("echo chr(")) {
		return true
	}
	if has(hasRemote) && !classes && len(data) < 16<<10 && (bytes.Contains(data, []byte("REQUEST_URI")) || bytes.Contains(data, []byte("wp-config.php"))) {
		return true
	}
	if has(hasDecoder) && len(data) < 64<<10 && showsPages(data) {
		return true
	}
	if has(hasRemote) && !classes && len(data) < 16<<10 && endsPage(data) {
		return true
	}
	if has(hasRemote) && !classes && mayStart(data) || has(hasRemote|hasStrong|hasDecoder) && !classes && hexTexts(data) {
		return true
	}
	if has(hasRemote) && len(data) < 16<<10 && tellsHost(data) {
		return true
	}
	if has(hasHeader) && len(data) < 16<<10 && bytes.Contains(data, []byte("etBody(")) {
		return true
	}
	if has(hasRequest) && len(data) < 16<<10 && bytes.Contains(data, []byte("authenticate")) {
		return true
	}
	if has(hasRemote) && !classes && len(data) < 16<<10 && (bytes.Contains(data, []byte("xmlrpc.php")) || bytes.Contains(data, []byte("wp-login.php"))) {
		return true
	}
	if has(hasHeader) && !classes && len(data) < 64<<10 && (bytes.Contains(data, []byte("oogle")) || bytes.Contains(data, []byte("aidu"))) && (bytes.Contains(data, []byte("readfile")) || bytes.Contains(data, []byte("fopen(")) || bytes.Contains(data, []byte("<a ")) || bytes.Contains(data, []byte("<script")) || has(hasInclude)) {
		return true
	}
	if has(hasHeader) && !classes && len(data) < 4096 && bytes.Contains(data, []byte("WP_USE_THEMES")) && bytes.Contains(data, []byte("/wp-blog-header.php")) {
		return true
	}
	if has(hasRemote) && !classes && len(data) < 16<<10 && bytes.Contains(data, []byte("REMOTE_ADDR")) {
		return true
	}
	if !classes && len(data) < 16<<10 && tellsPassword(data) {
		return true
	}
	if has(hasRequest) && bytes.Contains(data, []byte("error_log(")) && len(data) < 4096 {
		return true
	}
	if users {
		return true
	}
	if has(hasRequest) && has(hasBuild) && !classes && len(data) < 2048 {
		return true
	}
	if has(hasRequest) && renames(data) {
		return true
	}
	if has(hasWrite) && has(hasList) && !classes && len(data) < 32<<10 {
		return true
	}
	if has(hasWrite) && len(data) < 4096 && (bytes.Contains(data, []byte("://")) || bytes.Contains(data, []byte(".htaccess")) || bytes.Contains(data, []byte(".user.ini")) || bytes.Contains(data, []byte("wp-config.php")) || bytes.Contains(data, []byte("configuration.php")) || bytes.Contains(data, []byte("RewriteRule"))) {
		return true
	}
	return has(hasInclude) && (oddInclude(data) || !classes && len(data) < 8192 && bytes.Contains(data, []byte("PD9waH"))) || // <?ph, encoded
		has(saysInclude) && includesHidden(data)
}

// includesHidden says that a small file, which may include something, has the path of
// a file with a hidden name.
func includesHidden(data []byte) bool {
	if len(data) >= 4096 {
		return false
	}
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("/."))
		if i < 0 || at+i+2 >= len(data) {
			return false
		}
		if at += i + 2; identTable[data[at]] {
			return !declaresClass(data)
		}
	}
}

// makesUsers says that a text may be about the users of a well-known program
// that has administrators.
func makesUsers(data []byte) bool {
	if bytes.Contains(data, []byte("user_save(")) {
		return true
	}
	if !bytes.Contains(data, []byte("query(")) && !bytes.Contains(data, []byte("setQuery")) && !bytes.Contains(data, []byte("getModel(")) {
		return false
	}
	for _, w := range []string{"capabilities", "usergroup_map", "admin/user", "user_login", "password=", "users SET", "post_content"} {
		if bytes.Contains(data, []byte(w)) {
			return true
		}
	}
	return false
}

// showsPages looks for the hooks by which a program's pages are changed.
func showsPages(data []byte) bool {
	for _, w := range []string{"wp_head", "wp_footer", "the_content", "ob_start", "template_redirect", "onAfterRender"} {
		if bytes.Contains(data, []byte(w)) {
			return true
		}
	}
	return false
}

// tellsHost looks for what tells another host which site asks, or puts its
// answer out of sight.
func tellsHost(data []byte) bool {
	for _, w := range []string{"HTTP_HOST", "SERVER_NAME", "left:-", "top:-", "font-size:0", "display:none", "height:1px", "wp_insert_post("} {
		if bytes.Contains(data, []byte(w)) {
			return true
		}
	}
	return false
}

// printsDecoded looks for text that is decoded to be printed.
func printsDecoded(data []byte) bool {
	return bytes.Contains(data, []byte("echo base64_decode(")) || bytes.Contains(data, []byte("print base64_decode("))
}

// oddInclude looks for an include whose path is hidden or leads elsewhere.
func oddInclude(data []byte) bool {
	return oddPath(data, "clude") || oddPath(data, "quire")
}

// oddPath looks at what follows a word in its statement.
func oddPath(data []byte, word string) bool {
	const longest = len("/dev/shm/")
	seen := 0 // where the piece before ended
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(word))
		if i < 0 {
			return false
		}
		at += i + len(word)
		from := max(at, seen-longest)
		rest := data[from:min(len(data), at+160)]
		if e := bytes.IndexByte(rest, ';'); e >= 0 {
			rest = rest[:e]
		}
		seen = from + len(rest)
		if s := bytes.TrimLeft(bytes.TrimPrefix(data[at:min(len(data), at+160)], []byte("_once")), " \t("); len(s) > 1 {
			if s[0] == '~' || len(s) > 2 && s[0] == '"' && s[1] == '\\' && (s[2] == 'x' || '0' <= s[2] && s[2] <= '7') { // or its first letter is an escape
				return true
			}
			if s[0] == '"' || s[0] == '\'' {
				if p, _, ok := bytes.Cut(s[1:], s[:1]); ok && nameless(string(p)) {
					return true
				}
			}
		}
		for _, w := range []string{`\x`, `\0`, `\1`, "://", "data:", "/tmp/", "/dev/shm/", ".jp", ".gif", ".png", ".ico", ".txt", ".zip", ".pdf", ".log", "/."} {
			if bytes.Contains(rest, []byte(w)) {
				return true
			}
		}
	}
}

// writeWords are calls that write to files, and a setting that is odd in whatever is
// written.
var writeWords = literal.NewSource("fputs", "fwrite", "file_put_contents", "auto_prepend_file")

// writesHidden says that what a call writes may be decoded in its line, or be a
// setting that runs a script before every page.
func writesHidden(data []byte) bool {
	for from, to := range writeWords().Lines(data) {
		line := data[from:min(to, from+maxWriter)]
		for _, w := range []string{"auto_prepend_file", "pack(", "hex2bin(", "base64_decode(", "strrev(", `\x3c`} {
			if bytes.Contains(line, []byte(w)) {
				return true
			}
		}
	}
	return false
}

// maxWriter bounds the start of a line in which a call that writes is looked at.
const maxWriter = 1 << 10

// unpadding is a literal out of which letters are taken, which nobody writes who
// does not hide it.
var unpadding = regexp.MustCompile(`^str_i?replace\(\s*["'][^"']{1,8}["']\s*,\s*(?:""|'')\s*,\s*["']\w`)

// unpads says that a text is written with letters that are taken out again.
func unpads(data []byte) bool {
	for {
		i := bytes.Index(data, []byte("str_"))
		if i < 0 {
			return false
		}
		if unpadding.Match(data[i:min(len(data), i+maxUnpadding)]) {
			return true
		}
		data = data[i+len("str_"):]
	}
}

// maxUnpadding bounds what is looked at of a call for that.
const maxUnpadding = 64

// renames says that functions may be given other names.
func renames(data []byte) bool {
	return bytes.Contains(data, []byte("use function ")) && bytes.Contains(data, []byte(" as "))
}

// partOfProgram says, from the text alone, that a file is framed: it has a
// namespace or extends a class.
func partOfProgram(data []byte) bool {
	head := data[:min(len(data), 8<<10)]
	for at := 0; ; {
		i := bytes.Index(head[at:], []byte("namespace "))
		if i < 0 {
			break
		}
		at += i + 10
		if b := at - 11; (b < 0 || head[b] == '\n' || head[b] == ' ') && at < len(head) && isIdentStart(head[at]) {
			e := at
			for e < len(head) && (isIdent(head[e]) || head[e] == '\\') {
				e++
			}
			if e < len(head) && head[e] == ';' {
				return true
			}
		}
	}
	i := bytes.Index(data, []byte(" extends "))
	return i > 6 && bytes.Contains(data[max(0, i-80):i], []byte("class "))
}

// hostileCommand looks for what the commands of intruders have in them.
func hostileCommand(data []byte) bool {
	for _, w := range []string{"/dev/tcp", "/bin/sh", "/bin/bash", "wget ", "curl ", "nc -", "cmd.exe", "powershell", "/etc/passwd", "bash -i", "_history", "HISTFILE", "/var/log"} {
		if bytes.Contains(data, []byte(w)) {
			return true
		}
	}
	return false
}

// tellsPassword says that a file names the password of a site's database, and
// has a way to another host.
func tellsPassword(data []byte) bool {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(data, []byte(w)) })
	}
	return has("DB_PASS", "database.connections", "JConfig") && has("http://", "https://", "mail(", "fsockopen(", "curl_exec(")
}

// Of files that keep their texts in hexadecimal: their size, in bytes, how many
// such texts they hold, and how long those are.
const (
	maxHexFile = 64 << 10
	minHexes   = 12
	minHex     = 8
)

// hexTexts says that a file calls functions with many texts in hexadecimal.
func hexTexts(data []byte) bool {
	if len(data) > maxHexFile {
		return false
	}
	for n := 0; n < minHexes; n++ {
		for {
			i := bytes.IndexByte(data, '(')
			if i < 0 || i+1 >= len(data) {
				return false
			}
			quote := data[i+1]
			if data = data[i+1:]; quote != '"' && quote != '\'' {
				continue
			}
			k := 1
			for k < len(data) && hexDigit(data[k]) >= 0 {
				k++
			}
			if k > minHex && k < len(data) && data[k] == quote {
				data = data[k:]
				break
			}
		}
	}
	return true
}
