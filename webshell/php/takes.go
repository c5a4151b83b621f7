package php

import (
	"bytes"
	"regexp"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// A theft follows what visitors type through one function, token by token: the
// function may stand in a program of any size, whose request has many forms.
// Who takes payments or lets users in looks at the answer of the host that he
// asks, and keeps no password in a picture.
type theft struct {
	m     *machine
	login bool              // the function lets users in
	held  map[string]taking // what variables hold
	said  map[string]string // what was assigned to them last, in lower case
	sent  map[string]taking // what connections carry
	given map[string]taking // what functions of the file are handed
	again bool              // something was handed to one
	left  *int              // tokens that may still be looked at
}

// A taking is what was taken, and whether it was encoded.
type taking uint8

const (
	tookPassword taking = 1 << iota
	tookCard
	tookForm // all of it
	tookCoded
)

// maxTakes bounds the files that are asked what they take.
const maxTakes = 512 << 10

var (
	takeWords = literal.New([]string{"getccnumber", "getcccid", "cc_number", "cc_num", "cvv", "cvc", "csc", "card", "passwd", "pass", "pwd", "checkout", "payment", "credentials", "authenticat", "loggedin"})
	giveWords = literal.New([]string{"file_append", "curl_exec", "fwrite", "fputs", "wp_remote_", "file_get_contents", "mail(", "drupal_http_request"})
	askWords  = literal.New([]string{"$_post", "$_request", "getvalue(", "->post", "getpost(", "getparam(", "credentials[", "['values']", "getcc", "php://input", "$password", "$passwd", "'cc_", "\"cc_"})
)

// mayTake says that a file may take what visitors type.
func mayTake(data []byte, have trait) bool {
	return len(data) < maxTakes && (have&(hasWrite|hasRemote|hasMail) != 0 || have&hasRequest != 0 && bytes.Contains(data, []byte("wp_mail("))) && giveWords.Any(data) && askWords.Any(data) && takeWords.Any(data)
}

// maxTaken bounds the tokens that are looked at as parts of expressions, which
// stand within each other.
const maxTaken = 4 << 20

// takes looks at each function, and at what stands outside of them.
func (m *machine) takes() {
	given, left := map[string]taking{}, maxTaken
	for range 2 { // what is handed to a function that stands before
		t := &theft{m: m, given: given, left: &left}
		toks := m.file.tokens
		t.begin()
		for i := 0; i < len(toks)-1; {
			if separates(toks[i].kind) || toks[i].kind == tIdent && modifiers[t.low(i)] {
				i++
				continue
			}
			if toks[i].kind != tIdent || !t.is(i, "function") {
				i = t.statement(i, len(toks)-1)
				continue
			}
			open := i + 1
			for open < len(toks)-1 && toks[open].kind != '(' && toks[open].kind != ';' {
				open++
			}
			body := int(toks[open].match) + 1
			for body > open && body < len(toks)-1 && toks[body].kind != '{' && toks[body].kind != ';' {
				body++
			}
			if body <= open || body >= len(toks)-1 || toks[body].kind != '{' || int(toks[body].match) <= body {
				i++
				continue
			}
			f := &theft{m: m, given: given, left: &left}
			f.begin()
			f.parameters(lower(m.file.src[toks[i].end:toks[open].pos]), open)
			end := int(toks[body].match)
			for k := body + 1; k < end; {
				k = f.statement(k, end)
			}
			t.again = t.again || f.again
			i = end + 1
		}
		if !t.again || m.alarmed() {
			return
		}
	}
}

var modifiers = words("public protected private static final abstract")

func (t *theft) begin() {
	t.held, t.said, t.sent = map[string]taking{}, map[string]string{}, map[string]taking{}
}

var (
	letsUsersIn = regexp.MustCompile(`log_?[io]n|auth|sign_?[io]n|onuser|check_?password`)
	passwordVar = regexp.MustCompile(`^\$(?:password|passwd|pass|pwd)$`)
)

// parameters notes what the function is handed.
func (t *theft) parameters(name string, open int) {
	name = strings.TrimSpace(name)
	t.login = letsUsersIn.MatchString(name)
	first := true
	for i := open + 1; i < int(t.m.file.tokens[open].match); i++ {
		if t.m.file.tokens[i].kind != tVar {
			continue
		}
		v := t.low(i)
		if t.login && passwordVar.MatchString(v) {
			t.held[v] |= tookPassword
		}
		if first {
			t.held[v] |= t.given[name]
			first = false
		}
	}
}

func (t *theft) low(i int) string {
	k := t.m.file.tokens[i]
	return lower(t.m.file.src[k.pos:k.end])
}

func (t *theft) is(i int, name string) bool {
	k := t.m.file.tokens[i]
	return int(k.end-k.pos) == len(name) && foldEqual(t.m.file.src[k.pos:k.end], name)
}

// text is the code of the tokens from a to b in lower case, cut to what matters.
func (t *theft) text(a, b int) string {
	if b <= a {
		return ""
	}
	from, to := t.m.file.tokens[a].pos, t.m.file.tokens[b-1].end
	return lower(t.m.file.src[from:min(to, from+maxSaid)])
}

// maxSaid is how much of an expression is read as text, in bytes.
const maxSaid = 1024

// statement follows the one that begins at i and returns where the next begins.
func (t *theft) statement(i, end int) int {
	toks := t.m.file.tokens
	for i < end && separates(toks[i].kind) {
		i++
	}
	if i >= end {
		return end
	}
	if toks[i].kind == tIdent && i+1 < end && toks[i+1].kind == '(' {
		switch t.low(i) {
		case "if", "elseif", "while", "foreach", "for", "switch":
			close := int(toks[i+1].match)
			if close <= i || close > end {
				return i + 1
			}
			if t.is(i, "foreach") {
				t.each(i+2, close)
			}
			return close + 1
		}
	}
	b := i
	for b < end && toks[b].kind != ';' && toks[b].kind != '{' && toks[b].kind != '}' {
		if (toks[b].kind == '(' || toks[b].kind == '[') && int(toks[b].match) > b {
			b = int(toks[b].match)
		}
		b++
	}
	b = min(b, end)
	t.assigns(i, b)
	for k := i; k+1 < b; k++ {
		if toks[k].kind == tIdent && t.is(k, "function") { // a callback shares the names
			from := k + 1
			for from < b && toks[from].kind != '{' {
				from++
			}
			if from < b && int(toks[from].match) > from {
				to := int(toks[from].match)
				for s := from + 1; s < to && *t.left > 0; {
					*t.left--
					s = t.statement(s, to)
				}
				k = to
				continue
			}
		}
		if toks[k].kind == tIdent && toks[k+1].kind == '(' && int(toks[k+1].match) > k {
			t.call(k, k == i)
		}
	}
	return max(b, i+1)
}

// separates says that a token stands between statements, or before one.
func separates(k kind) bool {
	return k == '@' || k == '{' || k == '}' || k == ';' || k == tClose || k == tHTML
}

// each is foreach (… as $k => $v).
func (t *theft) each(a, b int) {
	for i := a; i < b; i++ {
		if t.m.file.tokens[i].kind == tIdent && t.is(i, "as") {
			took := t.taken(a, i)
			for k := i + 1; k < b; k++ {
				if t.m.file.tokens[k].kind == tVar {
					t.held[t.low(k)] = took
				}
			}
			return
		}
	}
}

// assigns notes what a statement stores in a variable.
func (t *theft) assigns(a, b int) {
	toks := t.m.file.tokens
	if toks[a].kind != tVar {
		return
	}
	at := a + 1
	for at < b && toks[at].kind == '[' && int(toks[at].match) >= at {
		at = int(toks[at].match) + 1
	}
	if at >= b {
		return
	}
	v := t.low(a)
	switch op := t.low(at); op {
	case "=", ".=":
		took, said := t.taken(at+1, b), t.text(at+1, b)
		if op == "=" && at == a+1 {
			t.held[v], t.said[v] = took, said
			if strings.Contains(said, "curl_init") {
				t.sent[v] = took
			}
			return
		}
		t.held[v] |= took
		if len(t.said[v]) < maxSaid {
			t.said[v] += " " + said
		}
	}
}

var (
	requestNames = regexp.MustCompile(`^\$(?:_post|_request|credentials?|creds|post|request|input|form_values|values)$`)
	requestCalls = regexp.MustCompile(`^(?:getvalue|getpost|getpostvalue|getparam|getvar|getstring|getraw|filter_input)$`)
	plainNumbers = words("md5 sha1 hash password_hash crypt strlen count empty isset in_array is_array number_format password_verify verifypassword checkhash")
	interpolated = regexp.MustCompile(`\$\w+`)
)

// taken is what the tokens from a to b hold of what visitors type.
func (t *theft) taken(a, b int) (took taking) {
	toks := t.m.file.tokens
	for i := a; i < b; i++ {
		if *t.left--; *t.left < 0 {
			return 0
		}
		switch toks[i].kind {
		case tVar:
			v := t.low(i)
			if v == "$_post" || v == "$_request" {
				if i+1 >= b || toks[i+1].kind != '[' || toks[i+2].kind != tStr || t.key(i+2) == "payment" {
					took |= tookForm
				}
				continue
			}
			took |= t.held[v]
		case tTpl, tHeredoc:
			*t.left -= int(toks[i].end - toks[i].pos)
			for _, v := range interpolated.FindAllString(t.low(i), 32) {
				took |= t.held[v]
			}
		case tStr:
			if t.low(i) == `'php://input'` || t.low(i) == `"php://input"` {
				took |= tookForm
			}
			took |= t.field(a, i)
		case tIdent:
			name := t.low(i)
			call := i+1 < b && toks[i+1].kind == '('
			switch {
			case call && plainNumbers[name]:
				i = max(i, int(toks[i+1].match))
			case call && (name == "getccnumber" || name == "getcccid"):
				took |= tookCard
			case name == "post" && i > a && toks[i-1].kind == tArrow && (i+1 >= b || toks[i+1].kind != '[' && toks[i+1].kind != '('):
				took |= tookForm
			case call && (name == "base64_encode" || name == "bin2hex" || name == "openssl_public_encrypt" || name == "openssl_encrypt" || name == "gzdeflate"):
				took |= tookCoded
			}
		}
	}
	if took == tookCoded {
		return 0
	}
	return took
}

// key is a literal without its quotation marks.
func (t *theft) key(i int) string { return strings.Trim(t.low(i), `"'`) }

// field is what a literal at i names: a field of the request that holds a
// secret.
func (t *theft) field(a, i int) taking {
	toks := t.m.file.tokens
	if i < 2 {
		return 0
	}
	k := t.key(i)
	card := cardName(k) || strings.Contains(k, "card") && (strings.Contains(k, "number") || strings.Contains(k, "csc") || strings.Contains(k, "expir"))
	switch toks[i-1].kind {
	case '(':
		if secretName(k) && requestCalls.MatchString(t.low(i-2)) {
			if card {
				return tookCard
			}
			return tookPassword
		}
	case '[':
		switch before := toks[i-2]; {
		case card && (before.kind == tVar || before.kind == ']' || before.kind == tIdent):
			return tookCard
		case k == "credit_card" && before.kind == ']':
			return tookCard
		case !secretName(k):
		case before.kind == tVar && requestNames.MatchString(t.low(i-2)),
			before.kind == tIdent && (t.is(i-2, "post") || t.is(i-2, "request")),
			before.kind == ']' && toks[i-3].kind == tStr && t.key(i-3) == "values":
			return tookPassword
		}
	}
	return 0
}

var (
	poses   = regexp.MustCompile(`\.(?:jpe?g|png|gif|bmp|ico|webp|css|js|woff2?|ttf|svg)["']|/\.[a-z]\w*["']`)
	abroad  = regexp.MustCompile(`["'](?:https?:)?//([\w.-]+\.[a-z]{2,})`)
	mailbox = regexp.MustCompile(`["'][\w.+-]+@[\w-]+\.[\w.-]+["']`)
)

// call judges a call of the function named at i; alone says that nothing uses
// what it gives.
func (t *theft) call(i int, alone bool) {
	toks := t.m.file.tokens
	close := int(toks[i+1].match)
	args := t.args(i+2, close)
	arg := func(n int) (a, b int) {
		if n < len(args) {
			return args[n][0], args[n][1]
		}
		return close, close
	}
	told := func(n int) string { // what an argument says, or the variable that it is
		a, b := arg(n)
		s := t.text(a, b)
		for _, v := range interpolated.FindAllString(s, 8) {
			s += " " + t.said[v]
		}
		return s
	}
	took := func(n int) taking { return t.taken(arg(n)) }
	switch name := t.low(i); name {
	case "file_put_contents":
		t.kept(i, told(0), took(1))
	case "fwrite", "fputs":
		t.kept(i, told(0), took(1))
	case "mail", "wp_mail":
		d := took(2) | took(1)
		if !mailbox.MatchString(told(0)) {
			return
		}
		switch {
		case d&tookCard != 0, d&tookForm != 0 && t.m.mentions("cc_number", "cc_cid", "cc_cvv", "card_number", "card_cvc"):
			t.say(i, "mails-passwords", "Numbers of cards are mailed away.")
		case d&tookPassword != 0 && t.login:
			t.say(i, "mails-passwords", "Passwords from a form are mailed away.")
		}
	case "curl_setopt", "curl_setopt_array":
		a, b := arg(0)
		ch := t.text(a, b)
		d := took(1) | took(2)
		t.sent[ch] |= d
		if s := told(1) + told(2); len(t.said[ch]) < maxSaid && (strings.Contains(s, "//") || strings.Contains(s, "curlopt_url")) {
			t.said[ch] += " " + s
		}
	case "curl_exec":
		a, b := arg(0)
		ch := t.text(a, b)
		if alone {
			t.gone(i, t.said[ch], t.sent[ch])
		}
	case "file_get_contents", "wp_remote_post", "wp_remote_get", "wp_remote_request", "drupal_http_request":
		if alone {
			var d taking
			said := told(0)
			for n := range args {
				d |= took(n)
			}
			t.gone(i, said, d)
		}
	default:
		if d := took(0) &^ tookCoded; d != 0 && len(args) == 1 && len(t.given) < 64 && t.given[name]|d != t.given[name] {
			t.given[name] |= d
			t.again = true
		}
	}
}

// args are where the arguments between a and b begin and end.
func (t *theft) args(a, b int) (all [][2]int) {
	toks := t.m.file.tokens
	from := a
	for i := a; i < b; i++ {
		switch toks[i].kind {
		case '(', '[', '{':
			if int(toks[i].match) > i {
				i = int(toks[i].match)
			}
		case ',':
			all = append(all, [2]int{from, i})
			from = i + 1
		}
	}
	if from < b {
		all = append(all, [2]int{from, b})
	}
	return all
}

// kept judges what is written to a file.
func (t *theft) kept(i int, path string, d taking) {
	if poses.MatchString(path) && !strings.Contains(path, "htaccess") && (d&(tookCard|tookPassword) != 0 || d&tookForm != 0 && d&tookCoded != 0) {
		t.say(i, "skims-forms", "What visitors send is added to a file that poses as a picture.")
	}
}

// gone judges what is sent to another host whose answer nobody looks at.
func (t *theft) gone(i int, url string, d taking) {
	host := abroad.FindStringSubmatch(url)
	if host == nil || webshell.WellKnown(host[1]) {
		return
	}
	if d&(tookCard|tookPassword) != 0 || d&tookForm != 0 && d&tookCoded != 0 && t.m.mentions("checkout", "cc_number", "onepage", "billing") {
		t.say(i, "sends-passwords", "What visitors type as password, or of their cards, is sent to another host, and nobody looks at the answer.")
	}
}

func (t *theft) say(i int, rule, text string) {
	k := t.m.file.tokens[i]
	t.m.report(rule, webshell.Malicious, moderate, text, &node{pos: k.pos, end: k.end}, value{})
}
