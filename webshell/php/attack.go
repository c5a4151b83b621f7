package php

import (
	"bytes"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"limier/internal/literal"
	"limier/webshell"
)

// An attack is what a tool does that works on others, or on the server, and lets
// nobody in; by what its text says.
type attack struct {
	rule, text string
	needs      trait  // of the file, all of them
	says       string // words of which it has some: see says
	fits       string // a pattern of its text in small letters
	never      string // words that it does not have, or "class" if it declares none
	size       int    // in tokens, at most; 0 for any
}

// Words that several attacks have.
const (
	connects = "fsockopen(|curl_exec|curl_multi_exec|socket_connect|stream_socket_client|file_get_contents("
	loops    = "foreach|for(|for~(|while"
)

var attacks = []attack{
	{"sends-injections", "SQL is put into the requests to a site that the caller names, to read its database.", hasRemote,
		"union~select|union~all|union+|union%|union/|union*|benchmark(|ascii(substr|ascii(mid|ascii~(substr|ord(mid|ord(substr|information_schema " + connects + " $argv|$_post|$_get|$_request|fgets(stdin",
		`union(?:[\s+]|/\*|\*/|%20|\*)*(?:all(?:[\s+]|/\*|%20)*)?(?:/\*!\d*)?select(?:[^;]*?)(?:concat|0x[0-9a-f]{2}|%27|--|information_schema|from[\s+%]|/\*)|\b(?:ascii|ord)\s*\(\s*(?:substr(?:ing)?|mid)\s*\(\s*\(\s*select|benchmark\s*\(\s*\d{6,}|select\s+count\(\*\)\s*,\s*concat\s*\([^;]*?information_schema`,
		"phpunit|mysql_query|mysqli_query|->query(|->prepare(|preg_match_all('/", 2000},
	{"network-scanner", "Address after address of a network is tried, to see what answers.", hasRemote,
		"startip|start_ip|ip_start|<255|<~255|<=255|<=~255|<256|<~256|<254|<~254|<=254|<=~254 " + connects + "|socket_create " + loops,
		`for\s*\(\s*\$(\w+)\s*=[^;]{1,40};\s*\$\w+\s*(?:<=?\s*25[456]|<=?\s*\$\w*end\w*)\s*;[^{]*?\)\s*\{?[^}]*?(?:fsockopen|curl_init|curl_setopt|socket_connect|gethtml\w*|get_headers|file_get_contents)\s*\(|(?:startip|start_ip|ip_start)['"]\][\s\S]*?explode\s*\(\s*['"]\.['"]`,
		"class", 3000},
	{"covers-tracks", "The logs that tell of logins and of commands are deleted.", 0,
		"wtmp unlink|fopen|exec|system utmp|/var/log/secure|/var/log/messages|auth.log bash_history",
		`wtmp[\s\S]*?(?:unlink|fopen|exec|system|shell_exec|file_put_contents)\s*\(|(?:unlink|exec|system|file_put_contents)\s*\([\s\S]*?wtmp`, "preg_match", 4000},
	{"carries-program", "The file carries a program, in figures.", 0, "4d5a9000|4d5a5000|0x4d5a|7f454c4601|7f454c4602|504500004c01",
		`\b(?:0x)?(?:4d5a[59]000[0-9a-f]{8}|7f454c460[12][0-9a-f]{8}|4d5a[0-9a-f]*?504500004c01)[0-9a-f]{300}`, "", 0},
}

// sendWords are the words of what sends code.
const sendWords = "curl_exec|fsockopen(|socket_create|stream_context_create|curl_init|http_request eval|assert|create_function|system(|passthru|shell_exec|base64 $_|%24_|jf9|crf|pd9"

// attackWords are the words of all of them of which a file has one.
var attackWords = literal.NewSource(func() []string {
	words := firstOf(sendWords)
	for _, a := range attacks {
		words = append(words, firstOf(a.says)...)
	}
	return words
}()...)

// firstOf are the first words of a list, of which a text has one: see says.
func firstOf(list string) []string {
	return strings.Split(strings.ReplaceAll(strings.Fields(list)[0], "~", " "), "|")
}

// maxAttack bounds the files that are looked at for attacks.
const maxAttack = 512 << 10

// mayAttack says that a file may be a tool for an attack, by its words.
func mayAttack(data []byte, have trait) bool {
	if len(data) > maxAttack || have&(hasRemote|hasDeadly|hasWrite|hasList|hasRequest) == 0 && len(data) >= 2048 || !attackWords().Any(data) ||
		have&saysClass != 0 && (len(data) >= 8192 || have&hasRemote == 0) && partOfProgram(data) {
		return false
	}
	low := strings.ToLower(string(data[:min(len(data), 1<<18)]))
	return have&hasRemote != 0 && says(low, sendWords) || slices.ContainsFunc(attacks, func(a attack) bool { return have&a.needs == a.needs && says(low, a.says) })
}

// attackPatterns are the patterns of all attacks, which few runs need.
var attackPatterns = sync.OnceValue(func() (all []*regexp.Regexp) {
	for _, a := range attacks {
		all = append(all, regexp.MustCompile(a.fits))
	}
	return all
})

// attacking judges the file by whom it attacks.
func (m *machine) attacking() {
	if m.alarmed() || m.onlyTexts() {
		return
	}
	low := m.text()
	for i, a := range attacks {
		if m.framed || m.have&a.needs != a.needs || a.size > 0 && len(m.file.tokens) > a.size || !says(low, a.says) || a.never != "" && m.never(a.never) {
			continue
		}
		if at := attackPatterns()[i].FindStringIndex(low); at != nil {
			m.report(a.rule, webshell.Malicious, moderate, a.text, &node{pos: uint32(at[0]), end: uint32(at[1])}, value{})
			return
		}
	}
	if m.have&hasRemote != 0 && says(low, sendWords) {
		m.sendsShell()
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
		b := m.file.src[t.pos:min(t.end, t.pos+maxAttack)]
		if !bytes.ContainsAny(b, "$%=&") && !encodedWord.Match(b) {
			continue
		}
		code := decodedWithin(string(b))
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

// decodedWithin is a text with what is encoded in it decoded.
func decodedWithin(s string) string {
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
