package php

import (
	"bytes"
	"html"
	"math/bits"
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
	needs      trait    // of the file, all of them
	keys       string   // words of which it has one
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
		[]string{`union(?:[\s+]|/\*|\*/|%20|\*)*(?:all(?:[\s+]|/\*|%20)*)?(?:/\*!\d*)?select(?:[^;]*?)(?:concat|0x[0-9a-f]{2}|%27|--|information_schema|from[\s+%]|/\*)|\b(?:ascii|ord)\s*\(\s*(?:substr(?:ing)?|mid)\s*\(\s*\(\s*select|benchmark\s*\(\s*\d{6,}|select\s+count\(\*\)\s*,\s*concat\s*\([^;]*?information_schema`}, "phpunit|mysql_query|mysqli_query|->query(|->prepare(|preg_match_all('/", 2000},
	{"network-scanner", "Address after address of a network is tried, to see what answers.", hasRemote, "startip start_ip ip_start <255 <~255 <=255 <=~255 <256 <~256 <254 <~254 <=254 <=~254",
		connects + "|socket_create " + loops + " 25|startip|start_ip|ip_start",
		[]string{`for\s*\(\s*\$(\w+)\s*=[^;]{1,40};\s*\$\w+\s*(?:<=?\s*25[456]|<=?\s*\$\w*end\w*)\s*;[^{]*?\)\s*\{?[^}]*?(?:fsockopen|curl_init|curl_setopt|socket_connect|gethtml\w*|get_headers|file_get_contents)\s*\(|(?:startip|start_ip|ip_start)['"]\][\s\S]*?explode\s*\(\s*['"]\.['"]`}, "class", 3000},
	{"covers-tracks", "The logs that tell of logins and of commands are deleted.", 0, "wtmp",
		"unlink|fopen|exec|system wtmp|lastlog utmp|/var/log/secure|/var/log/messages|auth.log bash_history", []string{`wtmp[\s\S]*?(?:unlink|fopen|exec|system|shell_exec|file_put_contents)\s*\(|(?:unlink|exec|system|file_put_contents)\s*\([\s\S]*?wtmp`}, "preg_match", 4000},
	{"carries-program", "The file carries a program, in figures.", 0, "4d5a9000 4d5a5000 0x4d5a 7f454c4601 7f454c4602 504500004c01", "4d5a|7f454c4601|7f454c4602", []string{`\b(?:0x)?(?:4d5a[59]000[0-9a-f]{8}|7f454c460[12][0-9a-f]{8}|4d5a[0-9a-f]*?504500004c01)[0-9a-f]{300}`}, "", 0},
}

// attackWords are the words of attacks and, behind those, of the ways to send code,
// and to which of them each belongs.
var attackWords, attackOf = wordsOf(len(attacks)+1, func(i int) string {
	if i < len(attacks) {
		return attacks[i].keys
	}
	return "curl_exec fsockopen( socket_create stream_context_create curl_init http_request"
})

// sender is the bit of sendsShell.
var sender = uint64(1) << len(attacks)

// maxAttack bounds the files that are looked at for attacks.
const maxAttack = 512 << 10

// mayAttack says which attacks a file may be a tool for, by its words.
func mayAttack(data []byte, have trait) (may uint64) {
	if len(data) > maxAttack || have&(hasRemote|hasDeadly|hasWrite|hasList|hasRequest) == 0 && len(data) >= 2048 {
		return 0
	}
	said := saidBy(data, attackWords(), attackOf)
	if said == 0 || have&saysClass != 0 && (len(data) >= 8192 || have&hasRemote == 0) && partOfProgram(data) {
		return 0
	}
	for i := range attacks {
		if needs := attacks[i].needs; have&needs != needs {
			said &^= 1 << i
		}
	}
	if have&hasRemote == 0 {
		said &^= sender
	}
	if said == 0 {
		return 0
	}
	low := strings.ToLower(string(data[:min(len(data), 1<<18)]))
	for i := range attacks {
		if said&(1<<i) != 0 && says(low, attacks[i].says) {
			may |= 1 << i
		}
	}
	if said&sender != 0 && says(low, "eval|assert|create_function|system(|passthru|shell_exec|base64 $_|%24_|jf9|crf|pd9") {
		may |= sender
	}
	return may
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

// attacking judges the file by whom it attacks.
func (m *machine) attacking(may uint64) {
	if may == 0 || m.alarmed() || m.onlyTexts() {
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

// wordsOf is a set of the words of several lists, and for each word the lists
// that have it. In a word, ~ is a space.
func wordsOf(n int, list func(int) string) (func() *literal.Set, []uint64) {
	var words []string
	var by []uint64
	at := map[string]int{}
	for i := range n {
		for w := range strings.FieldsSeq(list(i)) {
			w = strings.ReplaceAll(w, "~", " ")
			if _, ok := at[w]; !ok {
				at[w] = len(words)
				words, by = append(words, w), append(by, 0)
			}
			by[at[w]] |= 1 << i
		}
	}
	return literal.NewSource(words...), by
}

// saidBy says of which lists a text has a word.
func saidBy(data []byte, set *literal.Set, by []uint64) (lists uint64) {
	var held [4]uint64
	set.Contained(held[:set.Words()], data)
	for i, h := range held {
		for ; h != 0; h &= h - 1 {
			lists |= by[64*i+bits.TrailingZeros64(h)]
		}
	}
	return lists
}
