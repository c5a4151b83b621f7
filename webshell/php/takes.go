package php

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"limier/internal/literal"
)

// maxTakes bounds the files that are asked what they take.
const maxTakes = 512 << 10

var (
	takeWords  = literal.NewSource("getccnumber", "getcccid", "cc_number", "cc_num", "cvv", "cvc", "csc", "card", "passwd", "pass", "pwd", "checkout", "payment", "credentials", "authenticat", "loggedin")
	giveWords  = literal.NewSource("gethostby", "dns_", "fsockopen", "file_append", "curl_exec", "fwrite", "fputs", "wp_remote_", "file_get_contents", "mail(", "drupal_http_request")
	otherGives = literal.NewSource("wp_mail(", "gethostbyname(")
	askWords   = literal.NewSource("$_post", "'authenticate'", "\"authenticate\"", "wp_authenticate", "check_password", "password_reset", "$_request", "getvalue(", "->post", "input->get(", "->input(", "->gpc[", "assigndata(", "['password']", "getpost(", "getparam(", "credentials[", "['values']", "getcc", "importdata(", "savepayment", "php://input", "$password", "$passwd", "'cc_", "\"cc_")
)

// mayTake says that a file may take what visitors type in a program, whose
// request has many forms. Who takes payments or lets users in looks at the answer
// of the host that he asks, and keeps no password in a picture.
func mayTake(data []byte, have trait) bool {
	return len(data) < maxTakes && (have&(hasWrite|hasRemote|hasMail) != 0 || have&hasRequest != 0 && otherGives().Any(data)) && giveWords().Any(data) && askWords().Any(data) && takeWords().Any(data)
}

// logon says that a function is one by which programs let their users in.
func logon(name string) bool {
	name = strings.ReplaceAll(name, "_", "")
	for _, w := range []string{"login", "logon", "auth", "signin", "signon", "onuser", "checkpassword"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// lettingIn says that the function at hand lets users in, or that the file waits where
// WordPress does: at its hooks, or for the fields of its form.
func (m *machine) lettingIn() bool {
	return m.f.fn != nil && (logon(m.f.fn.name) || m.f.class != nil && logon(m.f.class.name)) ||
		m.takes && (m.mentions(logonHooks...) || m.mentions("$_post['log']", "$_post[\"log\"]") && m.mentions("$_post['pwd']", "$_post[\"pwd\"]"))
}

// logonHooks are those of credentials as they stand in calls.
var logonHooks = func() (all []string) {
	for name := range credentials {
		if name != "wp_mail" {
			all = append(all, "_filter('"+name+"'", "_filter(\""+name+"\"", "_action('"+name+"'", "_action(\""+name+"\"", "_filter( '"+name+"'", "_action( '"+name+"'")
		}
	}
	slices.Sort(all)
	return all
}()

// looksFor says that the file looks among what visitors send for a password or the
// number of a card.
func (m *machine) looksFor() bool { return secretField.MatchString(m.text()) }

var secretField = regexp.MustCompile(`\$_(?:post|request)\s*\[\s*["'](?:pwd|passwd?|password|user_pass|cc_number|cc_cid|card_number|cvv2?|cvc)["']|(?:strpos|strstr|stripos|preg_match)\s*\([^;]{0,60}(?:cc_number|cc_cid|card_number|cvv|cvc)`)

var (
	// paying are the methods of shops that are handed what visitors pay with.
	paying        = words("savepayment savepaymentinformation importdata assigndata")
	passwordNames = words("password passwd pass pwd")
	requestNames  = words("credential credentials creds post request input form_values values gpc getpost getparam")
)

// typed says what visitors type into the field key of what n.a is: a program hands
// its functions the request under many names.
func (m *machine) typed(n *node, base value, key string) (t taint) {
	if !m.takes {
		return 0
	}
	if cardField(key) || key == "credit_card" && n.a.op == nIndex {
		t = card
	}
	if !m.secretName(key) {
		return t
	}
	name := n.a.s
	if (n.a.op == nProp || n.a.op == nIndex) && n.a.b != nil {
		name = n.a.b.s
	}
	if requestNames[strings.ToLower(name)] || base.t&fromParam != 0 && m.lettingIn() {
		t |= secret
	}
	return t
}

// cardField says that a field holds what is printed on a card.
func cardField(key string) bool {
	key = strings.ToLower(key)
	return cardName(key) || strings.Contains(key, "card") && (strings.Contains(key, "number") || strings.Contains(key, "csc") || strings.Contains(key, "expir"))
}

// cardForm are words of files whose forms ask for cards.
var cardForm = []string{"cc_number", "cc_cid", "cc_cvv", "card_number", "card_cvc"}

// poses says that a path ends as that of a picture, a style or a font does, or in
// a hidden name.
func poses(p string) bool {
	return styles[path.Ext(strings.ToLower(p))] || picture(p) || strings.Contains(p, "/.") && hiddenFile(p) && strings.Count(path.Base(p), ".") == 1 && !strings.Contains(p, "/.ht")
}

var styles = words(".css .js .woff .woff2 .ttf .svg")
