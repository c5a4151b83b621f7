package php

import (
	"bytes"
	"regexp"

	"limier/internal/literal"
)

// interesting says whether a file holds anything that the machine should look
// at.
func interesting(data []byte, t trait) bool {
	has := func(x trait) bool { return t&x != 0 }
	users := len(data) < 8192 && has(saysUsers) && makesUsers(data)
	if !has(hasAny) && !users {
		return has(saysInclude) && includesHidden(data) || len(data) < 1024 && bytes.Contains(data, []byte("readfile(")) && feedsPage(data)
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
			has(hasRequest) && (has(hasWrite) || says(owned(data), renames)) ||
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
	for _, i := range interests {
		if t&i.has == i.has && (i.most == 0 || len(data) < i.most) && !(i.plain && classes) && says(owned(data), i.says) {
			return true
		}
	}
	return users || has(hasRemote) && !classes && feedsPage(data) || has(hasRemote) && !classes && len(data) < 16<<10 && endsPage(data) || !classes && len(data) < 16<<10 && tellsPassword(data) ||
		has(hasInclude) && oddInclude(data) || has(saysInclude) && includesHidden(data)
}

// interests are what makes a file of interest that has traits.
var interests = []struct {
	has   trait  // all of them
	most  int    // its size is less, in bytes; 0 for any
	plain bool   // it declares no class
	says  string // see says
}{
	{hasHeader, 0, true, "://|window.location location|http-equiv|<script|<iframe"},
	{hasStrong, 8 << 10, true, "<scr|<iframe|http-equiv|wp_redirect(|wp_enqueue_script(|readfile(|" + decodedShown},
	{hasStrong | hasHeader, 64 << 10, false, "<script"},
	{hasDecoder, 8 << 10, true, "echo~chr(|<script|<iframe|http-equiv|wp_redirect(|wp_enqueue_script("},
	{hasRemote, 16 << 10, true, "CURLOPT_FILE|wp_insert_post(|sitemap=|REQUEST_URI|REMOTE_ADDR|wp-config.php|wp-login.php|xmlrpc.php|template-loader.php|wp-blog-header.php|_JEXEC',~1"},
	{hasDecoder, 64 << 10, false, pageHooks},
	{hasHeader, 16 << 10, false, "etBody("},
	{hasHeader, 16 << 10, true, "wp_redirect( ://"},
	{hasRequest, 16 << 10, false, "authenticate"},
	{hasHeader, 64 << 10, true, "oogle|aidu readfile|fopen(|<a~|<script"},
	{hasHeader | hasInclude, 64 << 10, true, "oogle|aidu"},
	{hasHeader, 4 << 10, true, "WP_USE_THEMES /wp-blog-header.php"},
	{hasRequest, 4 << 10, false, "error_log(|error_log'|expect://|apcu_store(|apc_store("},
	{hasRequest, 16 << 10, true, "error_log("},
	{hasRequest, 16 << 10, false, "outfile|OUTFILE"},
	{hasRequest | hasBuild, 2 << 10, true, ""},
	{hasRequest, 0, false, renames},
	{hasWrite | hasList, 32 << 10, true, ""},
	{hasWrite, 4 << 10, false, "://|.htaccess|.user.ini|wp-config.php|configuration.php|RewriteRule"},
	{hasInclude, 8 << 10, true, "PD9waH"}, // <?ph, encoded
}

const (
	decodedShown = "echo~base64_decode(|print~base64_decode("
	pageHooks    = "wp_head|wp_footer|the_content|ob_start|template_redirect|onAfterRender" // by which a program's pages are changed
	renames      = "use~function~ ~as~"                                                     // functions may be given other names
)

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
	return says(owned(data), "user_save(|set_role(") || says(owned(data), "query(|setQuery|getModel( capabilities|usergroup_map|admin/user|user_login|password=|users~SET|post_content")
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
	return says(owned(data), "/dev/tcp|/bin/sh|/bin/bash|wget~|curl~|nc~-|cmd.exe|powershell|/etc/passwd|bash~-i|_history|HISTFILE|/var/log")
}

// tellsPassword says that a file names the password of a site's database, and
// has a way to another host.
func tellsPassword(data []byte) bool {
	return says(owned(data), "DB_PASS|database.connections|JConfig http://|https://|mail(|fsockopen(|curl_exec(")
}
