package php

import (
	"strings"
	"sync"

	"limier/internal/literal"
)

// A family is a known tool and what proves it: parts of its protocol or of its
// own structure, all of which must stand in one text, spaces and double quotes
// aside. A name that anyone could write into a file proves nothing.
type family struct {
	name  string
	proof []string
}

var families = []family{
	// https://github.com/BeichenDream/Godzilla: the key is shifted by one, and the
	// answer stands between the halves of md5(pass.key).
	{"Godzilla", []string{"+1&15", "substr(md5($", "_POST"}},
	// https://github.com/rebeyond/Behinder: AES-128 or XOR with the session's key,
	// then "function|parameters".
	{"Behinder", []string{"php://input", "openssl_decrypt(", "'AES128'", "explode('|'"}},
	{"Behinder", []string{"php://input", "openssl_decrypt(", "'AES128'", "+1&15"}},
	// https://github.com/sensepost/reGeorg and https://github.com/L-codes/Neo-reGeorg:
	// what the tunnel answers to a greeting.
	{"Neo-reGeorg", []string{"NeoGeorgsays,'Allseemsfine'"}},
	{"Neo-reGeorg", []string{"NeoGeorg", "writebuf", "readbuf", "strtr("}},
	{"reGeorg", []string{"Georgsays,'Allseemsfine'"}},
	{"reGeorg", []string{"HTTP_X_CMD", "HTTP_X_TARGET", "X-STATUS"}},
	// https://github.com/epinna/weevely3: the payload between header and footer of
	// the body, or of three last cookies.
	{"weevely", []string{"preg_match('/$kh(.+)$kf/'", "php://input"}},
	{"weevely", []string{"array_slice($a,$c($a)-3)"}},
	// https://github.com/b374k/b374k
	{"b374k", []string{"eval_go(", "html_safe(", "get_nav("}},
	{"b374k", []string{"eval_get_supported(", "view_file("}},
	{"b374k", []string{"$b374k", "showdir(", "$s_"}},
	// WSO by oRb: the action and up to three parameters in a, p1, p2, p3.
	{"WSO", []string{"'action'.$_POST['a']", "$_POST['p1']", "functionaction"}},
	{"c99", []string{"c99sh_surl", "$act=="}},
	{"c99", []string{"c99shexit(", "$act=="}},
	{"c99", []string{"c99_sess_put(", "$act=="}},
	{"r57", []string{"div_title(", "$_POST['alias']", "sr(", "ws("}},
}

// proofs are the proofs of all families, one after the other. The set knows no
// case, so that what it finds may still be none.
var proofs = sync.OnceValue(func() *literal.Set {
	var all []string
	for _, f := range families {
		all = append(all, f.proof...)
	}
	return literal.New(all)
})

// family names the tool that a file is, if its text or what it decodes proves
// it.
func (m *machine) family() string {
	texts := []string{string(m.file.src[:min(len(m.file.src), 1<<20)])}
	for i := len(m.facts.packed) - 1; i >= 0 && len(texts) < 5; i-- {
		c := m.facts.packed[i].code
		texts = append(texts, c[:min(len(c), 1<<20)])
	}
	set := proofs()
	have := make([]uint64, set.Words())
	for _, t := range texts {
		t = tidy(t)
		clear(have)
		set.Contained(have, []byte(t))
		i := 0
		for _, f := range families {
			proven := true
			for _, p := range f.proof {
				proven = proven && have[i>>6]>>(i&63)&1 == 1 && strings.Contains(t, p)
				i++
			}
			if proven {
				return f.name
			}
		}
	}
	if m.oneLiner() {
		return "China Chopper"
	}
	return ""
}

// tidy is a text without spaces, with single quotes for double and escaped ones.
func tidy(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	from := 0 // what is not written yet
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			b.WriteString(s[from:i])
			from = i + 1
		case c == '"':
			b.WriteString(s[from:i])
			b.WriteByte('\'')
			from = i + 1
		case c == '\\' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteString(s[from:i])
			from = i + 1
			i++ // the quote stays
		}
	}
	b.WriteString(s[from:])
	return b.String()
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
