package webshell

import (
	"bytes"
	"strings"
	"sync"

	"limier/internal/literal"
)

// families are tools known by what their server side and their client must
// agree on, or by their own structure: names of parameters and headers, keys,
// the frame around answers, the method that is called. A tool is named if the
// file, judged hostile already, holds every word, in any case, and every text
// of the proof, which is compared without spaces and with single quotes for
// double. A name that anyone could write into a file proves nothing.
var families = []struct {
	name  string
	words []string
	proof []string
}{
	// PHP.
	// https://github.com/BeichenDream/Godzilla: the key is shifted by one, and the
	// answer stands between the halves of md5(pass.key).
	{"Godzilla", []string{"substr", "md5", "_POST"}, []string{"+1&15", "substr(md5($", "_POST"}},
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
	{"WSO", []string{"_POST", "p1", "action", "function action"}, []string{"'action'.$_POST['a']", "$_POST['p1']", "functionaction"}},
	{"c99", []string{"c99sh_surl"}, []string{"c99sh_surl", "$act=="}},
	{"c99", []string{"c99shexit"}, []string{"c99shexit(", "$act=="}},
	{"c99", []string{"c99_sess_put"}, []string{"c99_sess_put(", "$act=="}},
	{"r57", []string{"div_title"}, []string{"div_title(", "$_POST['alias']", "sr(", "ws("}},

	// All languages.
	// https://github.com/rebeyond/Behinder: AES under a key of 16 letters, a class
	// loader or assembly named U, equals as the entry. Java's follow Godzilla's, which
	// have AES and that entry too, as AntSword's have the entry.
	{"Behinder", []string{"binaryread", "rijndaelmanaged", "createinstance(\"u\").equals"}, nil},
	{"Behinder", []string{"session(\"k\")", "binaryread", "totalbytes", "execute"}, nil},
	{"Behinder", []string{"openssl_decrypt", "\"aes128\"", "php://input", "class c{public function __invoke"}, nil},
	// https://github.com/BeichenDream/Godzilla: the payload kept in the session,
	// answers between the halves of an MD5 sum.
	{"Godzilla", []string{"\"payload\"", "md5", "substring(0, 16)", "substring(16)"}, nil},
	{"Godzilla", []string{"\"payload\"", "md5", "substring(0,16)", "substring(16)"}, nil},
	{"Behinder", []string{"defineclass(", "\"aes\"", ".equals(pagecontext"}, nil},
	{"AntSword", []string{"defineclass(", ".equals(pagecontext"}, nil},
	{"Godzilla", []string{"payload", "rijndaelmanaged", "createinstance(\"ly\")"}, nil},
	{"Godzilla", []string{"$payloadname", "getbasicsinfo", "substr(md5("}, nil},
	{"Godzilla", []string{"bypassdictionary", "payload", "execute"}, nil},
	// https://github.com/sensepost/reGeorg and https://github.com/L-codes/Neo-reGeorg
	{"reGeorg", []string{"x-cmd", "x-status", "connect", "disconnect", "forward"}, nil},
	{"reGeorg", []string{"georg says, 'all seems fine'"}, nil},
	{"Neo-reGeorg", []string{"blv_decode", "blv_encode"}, nil},
	{"Neo-reGeorg", []string{"blvdecode", "blvencode"}, nil},
	{"Neo-reGeorg", []string{"neoreg"}, nil},
	{"pivotnacci", []string{"x-operation", "x-type", "x-svc"}, nil},
	// https://github.com/SECFORCE/Tunna
	{"Tunna", []string{"tunna v", "proxy", "socket"}, nil},
	// https://github.com/nccgroup/ABPTTS
	{"ABPTTS", []string{"paramnameaccesskey", "paramnameencryptedblock", "responsestringconnectioncreated"}, nil},
	{"ABPTTS", []string{"headernamekey", "headervaluekey", "responsestringconnectioncreated"}, nil},
	{"ASPXSpy", []string{"bin_h2_title", "bin_button"}, nil},
	{"ASPXSpy", []string{"aspxspy"}, nil},
	{"AntSword", []string{"antsword", "eval"}, nil},
	{"WebAdmin 2", []string{"webadmin2y.x.y"}, nil},
}

// shortWord is the size of words, in bytes, that would take most of the time of
// a pass over a text. They are looked for where all others were found.
const shortWord = 3

// familyWords are the longer words of all families, one after the other.
var familyWords = sync.OnceValue(func() *literal.Set {
	var all []string
	for _, f := range families {
		for _, w := range f.words {
			if len(w) > shortWord {
				all = append(all, w)
			}
		}
	}
	return literal.NewTuned(all, literal.Typical())
})

// FamilyOf names the tool whose server side a hostile text is, or "". It reads
// the first MiB.
func FamilyOf(text []byte) string {
	text = text[:min(len(text), 1<<20)]
	set := familyWords()
	have := make([]uint64, set.Words())
	set.Contained(have, text)
	var plain []byte
	i := 0
	for _, f := range families {
		proven := true
		for _, w := range f.words {
			if len(w) > shortWord {
				proven = proven && have[i>>6]>>(i&63)&1 == 1
				i++
			}
		}
		for _, w := range f.words {
			proven = proven && (len(w) > shortWord || holdsFold(text, w))
		}
		for _, p := range f.proof {
			proven = proven && (plain != nil || mayHold(text, p))
		}
		if proven && len(f.proof) > 0 && plain == nil {
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

// maxOneLiner is the size in bytes of a page that only hands one parameter to
// an evaluation, as the client of China Chopper expects it.
const maxOneLiner = 120

// otherFields are parts of a request in which that client sends nothing.
var otherFields = literal.NewSource("headers", "servervariables", "pathinfo", "useragent", "_server", "_cookie", "getenv(", "://input")

// family names the tool that a hostile file belongs to, or "". PHP asked for
// its tools already, and tells longer one-liners of China Chopper itself.
func family(language string, data []byte, best Reason) string {
	if language != "php" {
		if name := FamilyOf(data); name != "" {
			return name
		}
	}
	if (language == "asp" || language == "aspnet" || language == "php") && best.Rule == "request-to-eval" && len(bytes.TrimSpace(data)) < maxOneLiner && !otherFields().Any(data) {
		return "China Chopper"
	}
	return ""
}

// holdsFold reports whether a text holds a word in lower case that ends in a
// digit, in either case.
func holdsFold(text []byte, word string) bool {
	last := len(word) - 1
	for i := last; i < len(text); i++ {
		k := bytes.IndexByte(text[i:], word[last])
		if k < 0 {
			return false
		}
		if i += k; strings.EqualFold(string(text[i-last:i]), word[:last]) {
			return true
		}
	}
	return false
}

// mayHold reports whether a text could hold a proof, by the sign of it that is
// rare in code: to tidy a text takes longer.
func mayHold(text []byte, proof string) bool {
	_, rest, rare := strings.Cut(proof, "&")
	for rare {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return false
		}
		if text = text[i+1:]; bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte(rest)) {
			return true
		}
	}
	return true
}

// tidy is a text without spaces, with single quotes for double and escaped ones.
func tidy(s []byte) []byte {
	out := make([]byte, len(s))
	n := 0
	for i, c := range s {
		t := &tidied[c]
		out[n] = t.as
		n += int(t.size)
		if c == '\\' && i+1 < len(s) && s[i+1] == '\'' {
			n-- // the quote stays
		}
	}
	return out[:n]
}

// tidied is what becomes of each byte: spaces take no room.
var tidied = func() (t [256]struct{ as, size uint8 }) {
	for c := range t {
		t[c].as, t[c].size = byte(c), 1
	}
	t['"'].as = '\''
	for _, c := range " \t\r\n" {
		t[c].size = 0
	}
	return t
}()
