package cfml

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/webshell"
)

var (
	scriptName = regexp.MustCompile(`\.(?:cfm|cfc|cfml|cfr|jspx?|php|aspx?|ashx)$`)
	dataName   = regexp.MustCompile(`\.(?:json|xml|csv|txt|log|tmp|zip)$`)
	// nothing is what may stand before a value and adds nothing to it: quotation
	// marks, a drive, a comment of SQL.
	nothing = regexp.MustCompile(`^(?:[\s"';]|[A-Za-z]:[\\/]|/\*[^#*]*\*/|--[^#\n]*\n)*$`)
	// marks are what may stand around an expression and leave it what it is.
	marks = regexp.MustCompile(`^[\s()\[\]"';]*$`)
)

// script reports whether a path is that of a script.
func (v *value) script() bool { return scriptName.MatchString(strings.TrimSpace(v.ends())) }

// begins reports whether a text begins with what the request sent.
func (v *value) begins() bool { return v.sent() && v.first && nothing.MatchString(v.head) }

// evaluate judges an expression that the page evaluates, and gives what it does.
func (r *reader) evaluate(a argument, at int) *value {
	v := a.flat()
	switch {
	case v.known():
		return r.evaluated(v.head, at)
	case !v.sent():
		return unknown
	}
	// evaluate("form.#x#") and evaluate("#x#") read a field by name, which old code does.
	quoted := strings.HasPrefix(a.source, `"`) || strings.HasPrefix(a.source, `'`)
	bare := v.head+v.inner+v.tail == ""
	if v.first && v.pure && !(quoted && bare) && marks.MatchString(v.head+v.inner+v.tail) {
		r.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-eval", "The page evaluates an expression from the request.", v.at, at)
	}
	if scope, _, ok := strings.Cut(strings.ToLower(v.head), "."); ok && (scope == "form" || scope == "url" || scope == "cookie") {
		return request(v.at)
	}
	return mixed(v)
}

// evaluated is what an expression gives that is constant.
func (r *reader) evaluated(code string, at int) *value {
	text := []byte(code)
	s := &reader{page: r.page, low: lower(text), data: text, hi: len(text), made: true, from: at}
	r.room -= len(text)
	return s.expr()
}

// include notes the page that is included.
func (p *page) includes(v *value) {
	if n := fileName(v); n != "" && len(p.included) < 100 {
		p.included[n] = true
	}
}

// fileName is the name of a file without its folder, or what is known of one that
// is made.
func fileName(v *value) string {
	name := strings.TrimSpace(v.ends())
	if i := strings.LastIndexAny(name, `/\:`); i >= 0 {
		return name[i+1:]
	}
	if strings.HasPrefix(name, ".") && v.open && !v.sent() {
		return v.head + "\x00" + name
	}
	return name
}

// actions are what functions do with files, as the tags call it.
var actions = map[string]string{"fileread": "read", "filereadbinary": "read", "filereadline": "read", "filedelete": "delete", "filecopy": "copy", "filemove": "move", "fileupload": "upload", "fileuploadall": "uploadall",
	"filewrite": "write", "fileappend": "append", "filewriteline": "write", "directorylist": "list", "directorydelete": "delete", "directorycreate": "create", "directoryrename": "rename"}

// fileCall is what a function of files gives, nil if it is none.
func (r *reader) fileCall(name string, args []argument, at int) *value {
	action, ok := actions[name]
	first, second := arg(args, 0, "file", "filepath", "fileobj", "source", "filename", "directory", "path"), arg(args, 1, "data", "text", "destination")
	file := first.flat()
	switch {
	case name == "fileopen":
		if mode := arg(args, 1, "mode").ends(); strings.Contains(mode, "write") || strings.Contains(mode, "append") {
			return &value{open: true, file: file}
		}
		return r.reads(file)
	case !ok:
		return nil
	case strings.HasPrefix(name, "directory"):
		if file.sent() {
			r.handles(action, at)
		}
	case action == "read":
		if file.sent() {
			r.handles(action, at)
		}
		return r.reads(file)
	case action == "write" || action == "append":
		if first.file != nil {
			file = first.file.flat()
		}
		r.writes(file, second.value, action, at)
	default:
		a := attributes{values: map[string]*value{"action": constant(action), "file": file, "source": file, "destination": second.value}}
		if strings.HasPrefix(action, "upload") {
			a.values["destination"], a.values["file"] = file, unknown
			if accept := arg(args, 2, "accept"); accept.value != unknown {
				a.values["accept"] = accept.value
			}
		}
		for _, x := range args {
			a.text += x.source + " "
		}
		r.cffile(a, at)
	}
	return unknown
}

// reads is what a file holds: of one that the request names what it sent, perhaps
// as an upload.
func (r *reader) reads(file *value) *value {
	if file.begins() {
		return request(file.at)
	}
	return unknown
}

// A written is what a page writes to a file.
type written struct {
	file, content *value
	action        string
	at            int
}

func (p *page) writes(file, content *value, action string, at int) {
	if len(p.files.written) < maxFields {
		p.files.written = append(p.files.written, written{file.flat(), content.flat(), action, at})
	}
}

// judgeWritten judges what the page writes, when it is known what it includes.
func (p *page) judgeWritten() {
	for _, w := range p.files.written {
		ran := p.included[fileName(w.file)] && fileName(w.file) != ""
		switch {
		case w.content.begins() && (w.file.script() || ran):
			verdict, sure := webshell.Webshell, finding.ModerateConfidence
			if p.member && !ran {
				verdict, sure = webshell.Suspicious, finding.LowConfidence
			}
			p.Add(verdict, sure, "request-to-script", "The page writes what the request sends into a script.", w.content.at, w.at)
		case !w.file.sent():
		case w.content.sent() && !p.member && !dataName.MatchString(w.file.ends()):
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", w.file.at, w.at)
		default:
			p.handles(w.action, w.at)
			p.weak(finding.LowConfidence, "file-access", "The request says which file the page handles.", w.file.at, w.at)
		}
	}
}

// do does what a tag says, or a statement or function of script that stands for
// one.
func (r *reader) do(name string, a attributes, at int) {
	v := a.any()
	switch name {
	case "cfexecute":
		if v != nil {
			r.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The page runs a command from the request.", v.at, at)
		} else {
			r.weak(finding.LowConfidence, "runs-command", "The page runs a program.", -1, at)
		}
	case "cffile":
		r.cffile(a, at)
	case "cfschedule": // fetches a page and publishes it as a file
		if u := a.get("url").flat(); u.sent() && (a.get("file").flat().sent() || u.begins() && a.get("file").script()) {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "remote-to-file", "The request says which address is fetched and to which file it is stored.", u.at, at)
		}
	case "cfhttp":
		u := a.get("url").flat()
		if u.begins() && (a.get("file").script() || a.get("path").script()) {
			r.Add(webshell.Malicious, finding.ModerateConfidence, "remote-to-file", "The page fetches what the request names and stores it as a script.", u.at, at)
		}
		result := a.get("result").head
		if result == "" {
			result = "cfhttp"
		}
		r.set(strings.ToLower(result), nil, r.reads(u))
	case "cfzip":
		if f := a.get("file").flat(); f.begins() && a.get("action").ends() == "unzip" && r.bare() {
			r.Add(webshell.Malicious, finding.ModerateConfidence, "unpacks-upload", "The page does nothing but unpack archives that the client sends, and asks nobody who he is.", f.at, at)
		}
	case "cfcontent":
		if f := a.get("file").flat(); f.begins() && r.bare() {
			r.Add(webshell.Malicious, finding.ModerateConfidence, "reads-any-file", "The page sends the client any file of the server that he names.", f.at, at)
		}
	case "cfdirectory":
		if v != nil {
			action := a.get("action").ends()
			if action == "" {
				action = "list"
			}
			r.handles(action, at)
		}
	case "cfquery":
		// An application may let its datasource be named, and then says itself what it runs there.
		if q := a.get("*").flat(); a.get("datasource").flat().sent() && q.begins() {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "sql-console", "The request says which database the page opens and what it runs there.", q.at, at)
		}
	case "cfobject":
		r.assigned(a.get("name"), r.created(argument{value: a.get("type")}, argument{value: a.get("class")}, at))
	case "cfregistry":
		if v != nil {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-registry", "The request says which registry key the page handles.", v.at, at)
		}
	default:
		r.flows(name, a)
	}
}

// assigned sets the variable that a tag names.
func (p *page) assigned(name, v *value) {
	if r := p.reader(0, 0); name.known() && name.head != "" {
		keys := strings.Split(variable(strings.ToLower(name.head)), ".")
		if r.lookup(keys[0]) == nil || len(keys) == 1 {
			r.set(keys[0], keys[1:], v)
		}
	}
}

// flows passes on what a tag assigns or throws.
func (r *reader) flows(name string, a attributes) {
	switch name {
	case "cfsavecontent", "cfxml":
		r.assigned(a.get("variable"), a.get("*"))
	case "cfparam":
		if d := a.get("default"); d != unknown && r.lookup(strings.ToLower(a.get("name").head)) == nil {
			r.assigned(a.get("name"), d)
		}
	case "cfargument":
		if name := strings.ToLower(a.get("name").head); len(r.frames) > 0 && a.get("default") != unknown && r.frames[len(r.frames)-1].vars[name] == unknown {
			r.frames[len(r.frames)-1].vars[name] = a.get("default")
		}
	case "cfinclude":
		r.includes(a.get("template"))
	case "cfthrow":
		r.thrown = unknown
		if v := a.any(); v != nil {
			r.thrown = decoded(v)
		}
	case "cfcatch":
		name := strings.ToLower(a.get("name").head)
		if name == "" {
			name = "cfcatch"
		}
		r.caught(name)
	case "cfwddx":
		r.assigned(a.get("output"), decoded(a.get("input")))
	case "cfloop":
		r.loops(a)
	case "cfinvoke":
		if fn := r.functions[a.get("method").ends()]; fn != nil && a.get("method").known() {
			var args []argument
			for _, k := range slices.Sorted(maps.Keys(a.values)) {
				args = append(args, argument{value: a.values[k], name: k})
			}
			r.assigned(a.get("returnvariable"), r.invoke(fn, args))
		}
	}
}

// loops assigns what a tag's loop takes.
func (r *reader) loops(a attributes) {
	for _, k := range []string{"collection", "struct", "array", "list"} {
		v := a.values[k]
		switch {
		case v == nil:
		case a.values["item"] != nil && a.values["index"] != nil:
			r.assigned(a.get("index"), unknown)
			r.assigned(a.get("item"), v.element())
			return
		case k == "collection" || k == "struct":
			v = r.each(v)
			fallthrough
		default:
			if v != unknown {
				v = v.element()
			}
			r.assigned(either(a.get("index"), a.get("item")), v)
			r.assigned(a.get("item"), v)
			return
		}
	}
}

// cffile judges what a page does with a file.
func (r *reader) cffile(a attributes, at int) {
	action := a.get("action").ends()
	file, destination := a.get("file").flat(), a.get("destination").flat()
	if s := a.get("source").flat(); !file.sent() && s.sent() {
		file = s
	}
	upload := strings.HasPrefix(action, "upload") && a.values["accept"] == nil
	switch {
	case action == "write" || action == "append":
		r.writes(file, a.get("output"), action, at)
		return
	case action == "upload" && upload && !destination.sent() && !strings.Contains(a.text, "gettempdirectory()") && r.bare():
		r.Add(webshell.Malicious, finding.ModerateConfidence, "upload-to-file", "The page does nothing but store uploads under the names the client gave, and checks neither names nor who asks.", -1, at)
	case upload && destination.begins() && !r.member:
		r.Add(webshell.Malicious, finding.ModerateConfidence, "upload-to-file", "The page stores any uploaded file in the folder that the request names.", destination.at, at)
	case (action == "copy" || action == "move" || action == "rename") && file.begins() && destination.script() && !destination.sent() && !r.member:
		r.Add(webshell.Malicious, finding.ModerateConfidence, "file-to-script", "The page makes a script of any file that the request names.", file.at, at)
	case file.sent() || destination.sent():
		from := file
		if !from.sent() {
			from = destination
		}
		r.handles(action, at)
		r.weak(finding.LowConfidence, "file-access", "The request says which file the page handles.", from.at, at)
	}
	if strings.HasPrefix(action, "read") {
		r.assigned(a.get("variable"), r.reads(file))
	}
}

// maxWeak is how many reasons that raise no alarm are told: nothing hides behind
// them.
const maxWeak = 20

// weak notes a reason that raises no alarm.
func (p *page) weak(c finding.Confidence, rule, text string, from, at int) {
	if p.weaks++; p.weaks <= maxWeak {
		p.Add(webshell.Suspicious, c, rule, text, from, at)
	}
}

// Add notes a reason, once for a place.
func (p *page) Add(v webshell.Verdict, c finding.Confidence, rule, text string, from, at int) {
	s := said{rule, at}
	if p.told[s] || len(p.Out) >= 50 {
		return
	}
	p.told[s] = true
	p.Listing.Add(v, c, rule, text, from, at)
}

type said struct {
	rule string
	at   int
}

// maxBare is the size of a page that does only one thing, in bytes.
const maxBare = 2 << 10

// bare reports whether the page is small, checks nothing, hands nothing to a
// component of its program and asks nobody who he is.
func (p *page) bare() bool {
	if len(p.low) > maxBare {
		return false
	}
	for _, w := range []string{"session", "isuser", "getauthuser", "cflogin", "cfinclude", "application.", "createobject(\"component\"", "<cfinvoke", "<cfquery", "<cfmail", "listfind", "listlast", "fileext", "contenttype", "filesize", "refind", ".jpg", ".png", ".pdf", ".csv", "expandpath(\"/", "getfilefrompath", "val("} {
		if bytes.Contains(p.low, []byte(w)) {
			return false
		}
	}
	return true
}

// Methods of Runtime that tell how much memory there is, and what starts programs
// or calls a method whose name is made.
var (
	memory = regexp.MustCompile(`memory\(|availableprocessors\(|\bgc\(`)
	exec   = regexp.MustCompile(`\bexec\b|\binvoke\(|<cfinvoke|\]\s*\(`)
)

// onlyMeasures reports whether all that the page asks of a Runtime can be how
// much memory there is.
func (p *page) onlyMeasures() bool { return memory.Match(p.low) && !exec.Match(p.low) }

// readsRequest reports whether the page reads the request at all.
func (p *page) readsRequest() bool {
	return slices.ContainsFunc([]string{"form.", "url.", "cgi.http", "cookie.", "form[", "url[", "cookie[", "gethttprequestdata"}, func(scope string) bool { return bytes.Contains(p.low, []byte(scope)) })
}

// judgeMade judges classes that run programs or code.
func (p *page) judgeMade() {
	reads := p.asked || p.readsRequest()
	for _, m := range p.made {
		if reads && !(strings.HasSuffix(strings.ToLower(m.class), ".runtime") && p.onlyMeasures()) {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "java-runtime", "The page reads the request and makes a "+m.class+", past ColdFusion's own limits.", -1, m.at)
		} else {
			p.weak(finding.ModerateConfidence, "java-runtime", "The page makes a "+m.class+".", -1, m.at)
		}
	}
}

// printsPassword is a member of that name between text that is shown.
var printsPassword = regexp.MustCompile(`#[^#\s]{1,80}\.password#`)

// secrets finds pages that decrypt or show the passwords of the server's databases.
func (p *page) secrets() {
	at := bytes.Index(p.low, []byte("datasourceservice"))
	if at >= 0 && bytes.Contains(p.low, []byte(".password")) && bytes.Contains(p.low, []byte("decrypt(")) {
		p.Add(webshell.Malicious, finding.ModerateConfidence, "prints-secrets", "The page decrypts the passwords of the server's databases.", -1, at)
	} else if at >= 0 && bytes.Contains(p.low, []byte("getdatasources(")) && printsPassword.Match(p.low) {
		p.Add(webshell.Malicious, finding.ModerateConfidence, "prints-secrets", "The page shows the passwords of the server's databases.", -1, at)
	}
}

// handles notes an action on a file or folder that the request names.
func (p *page) handles(action string, at int) {
	p.files.handled = append(p.files.handled, at)
	p.files.acts[action] = true
}

// manager recognises file managers by how much they do as the request says.
func (p *page) manager() {
	if len(p.files.handled) >= 4 && len(p.files.acts) >= 3 && !p.member {
		p.Add(webshell.Webshell, finding.ModerateConfidence, "file-manager", "The page lists, reads, writes or deletes files as the request says.", -1, slices.Min(p.files.handled))
	}
}
