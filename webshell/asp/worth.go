package asp

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync"

	"limier/internal/literal"
	"limier/webshell"
)

// words are what worth looks for in one pass, 64 at most; shorter ones would
// take most of its time.
var words = []string{"65000", "+adw", "#@~^", "runat", "#include", "request", "remote_addr", "createtextfile", "opentextfile", "pass", "classid", "progid",
	"getref", "getobject", "127.0.0.1", "xmlhttp", "binaryread", "createobject", "activexobject", "xp_cmdshell", "adodb.command", "jscript", `javascript"%>`, "constructor",
	"this[", "spider", "user_agent", "http_referer", ".redirect", "google", "baidu", "adodb.", "provider=", "driver=", "execute", "eval", "winhttp", "syscolumns", "cdo.message", "cdonts.newmail", "jmail.", "persits.mail", "server.execute", "server.transfer", "servervariables", "<body", "request_method", "openrowset", "opendatasource", "transformnode"}

var (
	wordSet = literal.NewSource(words...)
	bits    = func() map[string]uint64 {
		m := map[string]uint64{}
		for i, w := range words {
			m[w] = 1 << i
		}
		return m
	}()
)

// worth is a quick look for anything by which a page could do harm. Most
// legitimate pages only open databases; they cost no more than this look.
func worth(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	if data[0] >= 0xFE || data[1] == 0 || data[0] == 0 { // UTF-16
		return true
	}
	var held [1]uint64
	wordSet().Contained(held[:], data)
	has := func(word string) bool { return held[0]&bits[word] != 0 }
	low := sync.OnceValue(func() []byte { return lower(data) })
	if has("65000") || has("+adw") || has("#@~^") {
		return true
	}
	if has("#include") && includesImage(low()) {
		return true
	}
	runat := has("runat")
	if !runat && !bytes.Contains(data, []byte("<%")) {
		return false
	}
	if webshell.HasBlank(data) {
		return true
	}
	if has("request") && has("remote_addr") && (has("createtextfile") || has("opentextfile")) && (has("pass") || bytes.Contains(low(), []byte("pwd"))) {
		return true
	}
	if (has("classid") || has("progid")) && runat || has("getref") || has("getobject") || has("xmlhttp") && (has("127.0.0.1") || has("binaryread")) {
		return true
	}
	if has("execute") || has("eval") || has("createobject") || has("activexobject") {
		if has("execute") && called(low(), "execute", runat) || has("eval") && called(low(), "eval", runat) ||
			has("createobject") && created(low(), "createobject") || has("activexobject") && created(low(), "activexobject") {
			return true
		}
	}
	if (has("jscript") || has(`javascript"%>`)) && bytes.Contains(data, []byte(`\u00`)) { // letters of names, perhaps
		return true
	}
	if has("servervariables") && hidesName(low()) {
		return true
	}
	if has("server.execute") || has("server.transfer") || has("xp_cmdshell") || has("syscolumns") || has("openrowset") || has("opendatasource") || has("transformnode") || has("adodb.command") && bytes.Contains(low(), []byte("xp_")) {
		return true
	}
	if (has("jscript") || has(`javascript"%>`) || runat) && (has("constructor") || has("this[") || bytes.Contains(data, []byte("](")) || namesFunction(data)) {
		return true
	}
	if has("user_agent") && (has("spider") || has("google") || has("baidu")) || has("http_referer") && (has("google") || has("baidu")) {
		return true
	}
	if (has("xmlhttp") || has("winhttp")) && (has("user_agent") && (has("google") || has("baidu") || !has("<body")) || farOff(data)) {
		return true
	}
	if (has("cdo.message") || has("cdonts.newmail") || has("jmail.") || has("persits.mail")) && (has("pass") || bytes.Contains(low(), []byte("pwd"))) {
		return true
	}
	if (has("cdo.message") || has("cdonts.newmail")) && has("request") && !has("#include") && bytes.Contains(low(), []byte("split")) {
		return true
	}
	if (has("xmlhttp") || has("winhttp")) && (has("request_method") || has("servervariables") && bytes.Contains(low(), []byte("replace")) || bytes.Contains(low(), []byte("exit for")) || bytes.Contains(low(), []byte("exit do"))) {
		return true
	}
	if (has("xmlhttp") || has("winhttp")) && has("request") && (bytes.Contains(data, []byte(`://"`)) || bytes.Contains(data, []byte(`://'`))) { // and the host is not the page's
		return true
	}
	// A database console names its server itself.
	if has("adodb.") && has("request") && (opens(low()) || bytes.Contains(low(), []byte(".save"))) {
		return true
	}
	return has("request") && (has("provider=") || has("driver="))
}

// maxOpens is how far behind the opening of a database the request is looked for.
const maxOpens = 60

// opens reports whether what a database or its table is opened with begins with what
// the request sends, however that is dressed.
func opens(low []byte) bool {
	for _, how := range []string{".open", "connectionstring", "activeconnection"} {
		for rest := low; ; {
			_, after, ok := bytes.Cut(rest, []byte(how))
			if !ok {
				break
			}
			rest = after
			after = after[:min(len(after), maxOpens)]
			if end := bytes.IndexAny(after, "\"':;\r\n"); end >= 0 {
				after = after[:end]
			}
			if bytes.Contains(after, []byte("request")) {
				return true
			}
		}
	}
	return false
}

// farOff says that something stands where nobody sees it.
func farOff(data []byte) bool {
	for i := 0; i < len(data); i++ {
		k := bytes.IndexByte(data[i:], '-')
		if k < 0 {
			break
		}
		if i += k; bytes.HasSuffix(bytes.TrimRight(data[max(0, i-64):i], " \t\r\n"), []byte(":")) {
			return offScreen.Match(data)
		}
	}
	return false
}

// namesFunction reports whether JScript's Function is asked for: Visual Basic's, in
// the same page, has a name behind it.
func namesFunction(data []byte) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("Function"))
		if i < 0 {
			return false
		}
		at += i + len("Function")
		if rest := bytes.TrimLeft(data[at:min(len(data), at+8)], " \t"); len(rest) > 0 && bytes.IndexByte([]byte(";,.)]}([:?"), rest[0]) >= 0 {
			return true
		}
	}
}

// hidesName reports whether the name of a server variable is not a plain literal.
func hidesName(low []byte) bool {
	for {
		i := bytes.Index(low, []byte("servervariables"))
		if i < 0 {
			return false
		}
		low = low[i+len("servervariables"):]
		arg := bytes.TrimLeft(low[:min(len(low), 100)], " \t")
		if len(arg) == 0 {
			return len(low) > 100 // the name stands out of sight
		}
		if arg[0] != '(' {
			continue
		}
		if arg = bytes.TrimLeft(arg[1:], " \t"); len(arg) == 0 || arg[0] != '"' && arg[0] != '\'' {
			return true
		}
		if e := bytes.IndexByte(arg[1:], arg[0]); e >= 0 {
			if after := bytes.TrimLeft(arg[e+2:], " \t"); len(after) > 0 && (after[0] == '&' || after[0] == '+') {
				return true
			}
		}
	}
}

// maxInclude is how long an include is that is read, in bytes.
const maxInclude = 4 << 10

// includesImage reports whether the page includes a file that should hold no
// code.
func includesImage(low []byte) bool {
	for {
		i := bytes.Index(low, []byte("#include"))
		if i < 0 {
			return false
		}
		low = low[i+len("#include"):]
		e := bytes.Index(low[:min(len(low), maxInclude)], []byte("-->"))
		if e >= 0 && runsPicture(string(bytes.Trim(low[:e], " \t\"'"))) {
			return true
		}
	}
}

// lower is bytes.ToLower for ASCII alone, which keeps offsets.
func lower(data []byte) []byte {
	const each = 0x0101010101010101
	out := bytes.Clone(data)
	i := 0
	for ; i+8 <= len(out); i += 8 { // eight bytes at once
		x := binary.LittleEndian.Uint64(out[i:])
		low := x & (0x7f * each)
		capital := (low + (0x80-'A')*each) &^ (low + (0x7f-'Z')*each) &^ x & (0x80 * each)
		binary.LittleEndian.PutUint64(out[i:], x|capital>>2)
	}
	for ; i < len(out); i++ {
		if out[i]-'A' < 26 {
			out[i] |= 0x20
		}
	}
	return out
}

func word(c byte) bool { return c-'a' < 26 || c-'0' < 10 || c == '_' }

// called reports whether the function is called in code of the server, and not
// as a method of something, as in conn.Execute.
func called(low []byte, name string, anywhere bool) bool {
	for from, n := 0, 0; ; n++ {
		i := bytes.Index(low[from:], []byte(name))
		if i < 0 {
			return false
		}
		i += from
		from = i + len(name)
		if n > 300 {
			return true
		}
		rest := low[from:]
		if len(rest) > 0 && word(rest[0]) && !bytes.HasPrefix(rest, []byte("global")) {
			continue
		}
		k := i - 1
		for k >= 0 && (low[k] == ' ' || low[k] == '\t') {
			k--
		}
		if k >= 0 && (low[k] == '.' && name == "execute" || k == i-1 && word(low[k])) {
			continue
		}
		if anywhere {
			return true
		}
		window := low[max(0, i-64<<10):i]
		if o := bytes.LastIndex(window, []byte("<%")); o >= 0 && !bytes.Contains(window[o:], []byte("%>")) || o < 0 && len(window) == 64<<10 {
			return true
		}
	}
}

// created reports whether an object that can do harm, or one whose name is not
// a plain literal, is created.
func created(low []byte, name string) bool {
	for from := 0; ; {
		i := bytes.Index(low[from:], []byte(name))
		if i < 0 {
			return false
		}
		from += i + len(name)
		rest := bytes.TrimLeft(low[from:min(len(low), from+200)], " \t\r\n(")
		if len(rest) == 0 {
			return from+200 < len(low) // what is created stands out of sight
		}
		quote := rest[0]
		if quote != '"' && quote != '\'' {
			if word(quote) || quote >= 0x80 || quote == '[' || quote == '{' || quote == '/' || quote == '$' || quote == '\\' { // ["WScript", "Shell"].join(".")
				return true
			}
			continue
		}
		e := bytes.IndexByte(rest[1:], quote)
		if e < 0 {
			continue
		}
		id, after := rest[1:1+e], bytes.TrimLeft(rest[e+2:], " \t\r\n_") // lines go on behind _
		if len(after) == 0 {
			return from+200 < len(low)
		}
		if strings.IndexByte(`&+./[?|`, after[0]) >= 0 || bytes.IndexByte(id, '\\') >= 0 {
			return true
		}
		if after[0] == ',' { // the last counts in JScript
			id, _, _ = bytes.Cut(rest, []byte{')'})
		}
		for _, bad := range []string{"shell", "adodb.stream", "filesystemobject", "scriptcontrol", "swbemlocator", "schedule.service", "clsid", "{", "new:", "upload", "fileup", "xmldom", "domdocument", "excel.app", "word.app", "mmc2", "htmlfile", "activexposh", ".exec"} {
			if bytes.Contains(id, []byte(bad)) {
				return true
			}
		}
	}
}
