package webshell

import (
	"bytes"
	"sync"

	"limier/internal/literal"
)

// families are tools known by what their server side and their client must
// agree on: names of parameters and headers, keys, the frame around answers,
// the method that is called. A tool is named if the file holds every word of
// one line, in lower case, after its verdict stands.
var families = []struct {
	name  string
	words []string
}{
	// https://github.com/rebeyond/Behinder: AES under a key of 16 letters, a class
	// loader or assembly named U, equals as the entry.
	{"Behinder", []string{"binaryread", "rijndaelmanaged", "createinstance(\"u\").equals"}},
	{"Behinder", []string{"extends classloader", "\"aes\"", "getreader().readline()", ".newinstance().equals(pagecontext"}},
	{"Behinder", []string{"session(\"k\")", "binaryread", "totalbytes", "execute"}},
	{"Behinder", []string{"openssl_decrypt", "\"aes128\"", "php://input", "class c{public function __invoke"}},
	// https://github.com/BeichenDream/Godzilla: the payload kept in the session,
	// answers between the halves of an MD5 sum.
	{"Godzilla", []string{"\"payload\"", "md5", "substring(0, 16)", "substring(16)"}},
	{"Godzilla", []string{"\"payload\"", "md5", "substring(0,16)", "substring(16)"}},
	{"Godzilla", []string{"payload", "rijndaelmanaged", "createinstance(\"ly\")"}},
	{"Godzilla", []string{"$payloadname", "getbasicsinfo", "substr(md5("}},
	{"Godzilla", []string{"bypassdictionary", "payload", "execute"}},
	// https://github.com/sensepost/reGeorg and https://github.com/L-codes/Neo-reGeorg
	{"reGeorg", []string{"x-cmd", "x-status", "connect", "disconnect", "forward"}},
	{"reGeorg", []string{"georg says, 'all seems fine'"}},
	{"Neo-reGeorg", []string{"blv_decode", "blv_encode"}},
	{"Neo-reGeorg", []string{"blvdecode", "blvencode"}},
	{"Neo-reGeorg", []string{"neoreg"}},
	{"pivotnacci", []string{"x-operation", "x-type", "x-svc"}},
	// https://github.com/SECFORCE/Tunna
	{"Tunna", []string{"tunna v", "proxy", "socket"}},
	// https://github.com/nccgroup/ABPTTS
	{"ABPTTS", []string{"paramnameaccesskey", "paramnameencryptedblock", "responsestringconnectioncreated"}},
	{"ABPTTS", []string{"headernamekey", "headervaluekey", "responsestringconnectioncreated"}},
	{"ASPXSpy", []string{"bin_h2_title", "bin_button"}},
	{"ASPXSpy", []string{"aspxspy"}},
	{"AntSword", []string{"antsword", "eval"}},
	{"WebAdmin 2", []string{"webadmin2y.x.y"}},
}

// familyWords are the words of all families, one after the other.
var familyWords = sync.OnceValue(func() *literal.Set {
	var all []string
	for _, f := range families {
		all = append(all, f.words...)
	}
	return literal.New(all)
})

// maxOneLiner is the size in bytes of a page that only hands one parameter to
// an evaluation, as the client of China Chopper expects it.
const maxOneLiner = 120

// family names the tool that a hostile file belongs to, or "".
func family(language string, data []byte, best Reason) string {
	set := familyWords()
	have := make([]uint64, set.Words())
	set.Contained(have, data[:min(len(data), 256<<10)])
	i := 0
	for _, f := range families {
		all := true
		for range f.words {
			all = all && have[i>>6]>>(i&63)&1 == 1
			i++
		}
		if all {
			return f.name
		}
	}
	if (language == "asp" || language == "aspnet" || language == "php") && best.Rule == "request-to-eval" && len(bytes.TrimSpace(data)) < maxOneLiner {
		return "China Chopper"
	}
	return ""
}
