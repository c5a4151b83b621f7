package php

import (
	"regexp"
	"strings"
)

var (
	wards    = regexp.MustCompile(`(?:include|require)(?:_once)?[^;]{0,40}["'/](?:anti[-_]?(?:bots?|\d)|[^"'/;]{0,12}(?:bots?_?block|blocker|killbot))[^;"'/]{0,20}\.php`)
	feigning = regexp.MustCompile(`location:[^"';]*[?&]session=\$`)
)

// wards says that the file first includes what turns robots away, under the names
// that kits of phishing pages have for it, and either several of those or words
// for passwords and cards.
func (m *machine) wards() bool {
	if m.includes == 0 || m.framed || !m.mentions("antibot", "anti-bot", "anti_bot", "/anti", "'anti", "\"anti", "blocker", "botblock", "bot_block", "botsblock", "bots_block", "killbot") {
		return false
	}
	n := len(wards.FindAllStringIndex(m.text(), 2))
	return n > 1 || n > 0 && (m.labels() || m.cards())
}

// guardsVisits says that the file turns robots away, by several files or before it
// sends its visitors on.
func (m *machine) guardsVisits() bool {
	return m.wards() || m.includes > 0 && !m.framed && m.small() && m.redirectsLater() && m.mentions("anti", "block", "killbot") && wards.MatchString(m.text())
}

// feigns says that visitors are sent on with a session in the address that was
// made at random.
func (m *machine) feigns() bool {
	return m.mentions("session=$") && m.mentions("rand(") && feigning.MatchString(m.text())
}

// labelled is v behind a text that may ask for a password: then what the client
// sends is one, whatever its field is called.
func labelled(text, v value) value {
	if v.k == vUnknown && v.t&fromRequest != 0 && v.t&(secret|fromHeader) == 0 && asksPassword(text) {
		v.t |= secret
	}
	return v
}

// formatted says whether a password is put into a format of strings only.
func formatted(format string, args []value) (t taint) {
	parts := strings.Split(format, "%s")
	if strings.Count(format, "%") != len(parts)-1 {
		return 0
	}
	for i := 1; i < min(len(args), len(parts)); i++ {
		t |= labelled(str(parts[i-1]), args[i]).t & secret
	}
	return t
}

// maxLabel bounds the end of a text in which a label is looked for.
const maxLabel = 200

// asksPassword says that a text ends in the label of a password, maybe with markup
// behind it. What ends in a bare = is a query or a command.
func asksPassword(v value) bool {
	s := v.tail()
	if v.k == vStr {
		s = v.s
	}
	s = strings.ToLower(s[max(0, len(s)-maxLabel):])
	end := labelEnd.FindStringIndex(s)
	if end == nil || strings.HasSuffix(s, "=") && !strings.HasSuffix(s, " =") {
		return false
	}
	label := s[:end[0]]
	return endsIn(label, labels...) || endsIn(strings.TrimRight(label, " 0123456789"), labels...) // of several tries
}

// labelEnd is what stands between a label and what it tells of.
var labelEnd = regexp.MustCompile(`\s*(?:<[^<>]*>|[*\x60:=>|\])_-])(?:<[^<>]*>|[\s*\x60:=>|\])_-])*$`)

// labels are those of passwords, of the code on a payment card (cards of members
// have numbers, too) and of the words that open a wallet.
var labels = []string{"password", "passcode", "passwd", "pass", "pwd", "cvv", "ssn", "otp", "mot de passe", "contraseña", "senha", "passwort", "пароль", "كلمة المرور", "كلمة السر",
	"cc number", "cvc", "csc", "secret phrase", "seed phrase", "recovery phrase", "mnemonic", "private key"}

// figures are written for the letters that they look like, so that no filter of
// mail reads a label; a number may follow one, as in CVV2.
var figures = strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "i", "0", "o", "5", "s", "$", "s")

// endsIn says that a text in lower case ends in one of the words, some of whose
// letters may be figures.
func endsIn(s string, words ...string) bool {
	s = s[max(0, len(s)-maxLabelWord):]
	plain := figures.Replace(s)
	for _, w := range words {
		if strings.HasSuffix(s, w) || strings.HasSuffix(plain, w) {
			return true
		}
	}
	return strings.HasSuffix(s, "2") && endsIn(strings.TrimRight(s, "2"), words...)
}

// maxLabelWord bounds the end of a text that is a label, in bytes.
const maxLabelWord = 30

// ownUsers is in the paths of files in which a site keeps its own users.
var ownUsers = regexp.MustCompile(`(?i)user|account|member|regist|passwd|admin|credential`)

// consults notes that a password is handed to what is not in this file, alone, or
// compared with something: who does so may know its owner.
func (m *machine) consults(args ...value) {
	for _, a := range args {
		m.facts.consulted = m.facts.consulted || a.k == vUnknown && a.t&secret != 0
	}
}

// gathers says that a file whose settings another one has, does nothing with the
// passwords of its visitors that lets somebody in: they are compared with nothing,
// no database hears of them, and who typed them is sent on, his session ends, or
// the text t with them tells his browser.
func (m *machine) gathers(t taint) bool {
	return m.includes > 0 && !m.framed && m.small() && !m.facts.consulted && (t&fromHeader != 0 || m.redirectsLater() || m.mentions("session_destroy(", "window.location", "document.location")) &&
		!m.mentions("password_", "md5(", "sha1(", "hash(", "crypt(", "mysql", "->query(", "db_query(", "->prepare(", "insert into", "->save(", "imap_open(", "ldap_", "wp_", "$_files")
}
