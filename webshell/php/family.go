package php

import (
	"bytes"
	"strings"
	"sync"

	"limier/internal/literal"
)

// A family is a known tool and what proves it: parts of its protocol or of its
// own structure, all of which must stand in one text, spaces and double quotes
// aside. A name that anyone could write into a file proves nothing.
type family struct {
	name  string
	words []string // in every text that holds the proof, spaces and quotes or not
	proof []string
}

var families = []family{
	// https://github.com/BeichenDream/Godzilla: the key is shifted by one, and the
	// answer stands between the halves of md5(pass.key).
	{"Godzilla", []string{"substr", "_POST"}, []string{"+1&15", "substr(md5($", "_POST"}},
	// https://github.com/rebeyond/Behinder: AES-128 or XOR with the session's key,
	// then "function|parameters".
	{"Behinder", []string{"openssl_decrypt", "explode"}, []string{"php://input", "openssl_decrypt(", "'AES128'", "explode('|'"}},
	{"Behinder", []string{"openssl_decrypt", "php://input"}, []string{"php://input", "openssl_decrypt(", "'AES128'", "+1&15"}},
	// https://github.com/sensepost/reGeorg and https://github.com/L-codes/Neo-reGeorg:
	// what the tunnel answers to a greeting.
	{"Neo-reGeorg", []string{"NeoGeorg"}, []string{"NeoGeorgsays,'Allseemsfine'"}},
	{"Neo-reGeorg", []string{"NeoGeorg", "writebuf"}, []string{"NeoGeorg", "writebuf", "readbuf", "strtr("}},
	{"reGeorg", []string{"Georg"}, []string{"Georgsays,'Allseemsfine'"}},
	{"reGeorg", []string{"HTTP_X_CMD"}, []string{"HTTP_X_CMD", "HTTP_X_TARGET", "X-STATUS"}},
	// https://github.com/epinna/weevely3: the payload between header and footer of
	// the body, or of three last cookies.
	{"weevely", []string{"preg_match", "php://input"}, []string{"preg_match('/$kh(.+)$kf/'", "php://input"}},
	{"weevely", []string{"array_slice"}, []string{"array_slice($a,$c($a)-3)"}},
	// https://github.com/b374k/b374k
	{"b374k", []string{"eval_go"}, []string{"eval_go(", "html_safe(", "get_nav("}},
	{"b374k", []string{"eval_get_supported"}, []string{"eval_get_supported(", "view_file("}},
	{"b374k", []string{"$b374k"}, []string{"$b374k", "showdir(", "$s_"}},
	// WSO by oRb: the action and up to three parameters in a, p1, p2, p3.
	{"WSO", []string{"_POST", "action", "function"}, []string{"'action'.$_POST['a']", "$_POST['p1']", "functionaction"}},
	{"c99", []string{"c99sh_surl"}, []string{"c99sh_surl", "$act=="}},
	{"c99", []string{"c99shexit"}, []string{"c99shexit(", "$act=="}},
	{"c99", []string{"c99_sess_put"}, []string{"c99_sess_put(", "$act=="}},
	{"r57", []string{"div_title"}, []string{"div_title(", "$_POST['alias']", "sr(", "ws("}},
}

// familyWords are the words of all families, one after the other. The set knows
// no case, so that what it finds may still be none.
var familyWords = sync.OnceValue(func() *literal.Set {
	var all []string
	for _, f := range families {
		all = append(all, f.words...)
	}
	return literal.New(all)
})

// family names the tool that a file is, if its text or what it decodes proves
// it.
func (m *machine) family() string {
	const most = 1 << 20
	if name := familyOf(m.file.src[:min(len(m.file.src), most)]); name != "" {
		return name
	}
	for i, n := len(m.facts.packed)-1, 1; i >= 0 && n < 5; i, n = i-1, n+1 {
		c := m.facts.packed[i].code
		if name := familyOf([]byte(c[:min(len(c), most)])); name != "" {
			return name
		}
	}
	if m.oneLiner() {
		return "China Chopper"
	}
	return ""
}

func familyOf(text []byte) string {
	set := familyWords()
	have := make([]uint64, set.Words())
	set.Contained(have, text)
	var plain []byte
	i := 0
	for _, f := range families {
		proven := true
		for range f.words {
			proven = proven && have[i>>6]>>(i&63)&1 == 1
			i++
		}
		if proven && plain == nil {
			plain = tidy(text)
		}
		for _, p := range f.proof {
			proven = proven && bytes.Contains(plain, []byte(p))
		}
		if proven {
			return f.name
		}
	}
	return ""
}

// tidy is a text without spaces, with single quotes for double and escaped ones.
func tidy(s []byte) []byte {
	out := make([]byte, len(s))
	n := 0
	for i, c := range s {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			c = '\''
		case '\\':
			if i+1 < len(s) && s[i+1] == '\'' {
				continue // the quote stays
			}
		}
		out[n] = c
		n++
	}
	return out[:n]
}

// oneLiner says that a file is the server's part of China Chopper, which AntSword
// and others use too: it evaluates one field of the request and does nothing
// else (FireEye, "Breaking Down the China Chopper Web Shell", 2013).
func (m *machine) oneLiner() bool {
	code := 0
	for _, t := range m.file.tokens {
		if t.kind != tHTML && t.kind != tClose && t.kind != tEOF && t.kind != '@' && t.kind != ';' {
			code++
		}
	}
	if code > 9 || len(m.reasons) == 0 {
		return false
	}
	r := m.reasons[0]
	if r.Rule != "request-to-eval" || len(r.Steps) != 2 {
		return false
	}
	src := r.Steps[0].Code
	return strings.HasPrefix(src, "$_POST[") || strings.HasPrefix(src, "$_REQUEST[") || strings.HasPrefix(src, "$_GET[")
}
