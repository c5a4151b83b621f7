package jsp

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// A judge turns what a page does into reasons.
type judge struct {
	page  *page
	data  []byte
	facts *facts
	out   []webshell.Reason

	embedded   int    // code offset of a class in a string, 0 without
	decoded    string // what it decodes to
	implements bool   // a class of the page is a filter, servlet, listener or valve
	dumps      bool   // enumerates the tables of a database
	threads    bool   // runs threads
}

// look reads what the walk does not follow: strings and class headers.
func (j *judge) look(w *walker) {
	for i, t := range w.tokens {
		switch t.kind {
		case str:
			if t.to-t.at > 100 && j.embedded == 0 {
				j.lookInto(unquote(w.page.code[t.at:t.to]), int(t.at))
			}
			if !j.dumps && t.to-t.at < 400 {
				j.dumps = namesCatalog(string(w.page.code[t.at:t.to]))
			}
		case ident:
			switch w.text(t) {
			case "implements", "extends":
				for k := i + 1; k < i+12 && k < len(w.tokens) && !w.is(k, '{'); k++ {
					switch w.word(k) {
					case "Filter", "Servlet", "HttpServlet", "ServletRequestListener", "ServletRequestAttributeListener", "ServletContextListener", "HttpSessionListener", "ValveBase", "Valve", "HandlerInterceptor", "HandlerInterceptorAdapter", "Endpoint", "UpgradeProtocol", "ThreadPoolExecutor":
						j.implements = true
					}
				}
			case "Filter", "ServletRequestListener", "Servlet", "HttpServlet":
				if i > 0 && w.word(i-1) == "new" {
					j.implements = true
				}
			case "Thread", "ExecutorService", "Executors", "LinkedBlockingQueue", "ThreadPoolExecutor":
				j.threads = true
			case "getTables", "getCatalogs", "getSchemas":
				j.dumps = true
			}
		}
	}
}

// catalog are the tables in which a database lists its tables.
var catalog = []string{"user_tab_comments", "information_schema", "show tables", "show databases", "sysobjects", "all_tables", "user_tables", "sys.tables", "master..sysdatabases"}

func namesCatalog(s string) bool {
	s = strings.ToLower(s)
	for _, c := range catalog {
		if strings.Contains(s, c) {
			return true
		}
	}
	return false
}

// lookInto notes a class that is hidden in a string.
func (j *judge) lookInto(s string, at int) {
	var b []byte
	if strings.HasPrefix(s, "$$BCEL$$") {
		j.embedded, j.decoded = at, "a class in BCEL encoding"
		return
	}
	if h, ok := webshell.Hex(s); ok && bytes.HasPrefix(h, []byte{0xca, 0xfe, 0xba, 0xbe}) {
		b = h
	} else if d, ok := webshell.Base64(s); ok {
		b = d
		if z, ok := webshell.Inflate(d); ok && webshell.Sniff(d) == "" {
			b = z
		}
	}
	switch webshell.Sniff(b) {
	case webshell.ContentClass:
		j.embedded, j.decoded = at, "a compiled Java class"
	case webshell.ContentPage, webshell.ContentPHP:
		j.embedded, j.decoded = at, webshell.Cut(string(b), webshell.MaxShown)
	}
}

func (j *judge) add(v webshell.Verdict, c finding.Confidence, rule, text string, steps ...webshell.Step) *webshell.Reason {
	j.out = append(j.out, webshell.Reason{Verdict: v, Confidence: c, Rule: rule, Text: text, Steps: steps})
	return &j.out[len(j.out)-1]
}

func (j *judge) step(role string, at int32) webshell.Step {
	at = max(0, min(at, int32(len(j.page.code))))
	return webshell.Step{Line: j.page.line(int(at)), Role: role, Code: webshell.Snippet(j.page.code, int(at))}
}

// flow is the steps from where a value came in to where it acts.
func (j *judge) flow(v value, at int32) []webshell.Step {
	steps := []webshell.Step{j.step("sink", at)}
	if v.taint != 0 {
		steps = slices.Insert(steps, 0, j.step("source", v.origin))
	}
	return steps
}

// by says what a value came from, in words.
func by(v value) string {
	switch {
	case v.taint&fromRequest != 0:
		return "a request parameter, header or cookie"
	case v.taint&fromBody != 0:
		return "the body of the request"
	case v.taint&fromUpload != 0:
		return "an uploaded file"
	case v.taint&fromNet != 0:
		return "the network"
	}
	return "stored data"
}

func sure(v value) bool { return v.taint&controlled != 0 && v.taint&weak == 0 }

func (j *judge) reasons() []webshell.Reason {
	files := map[string]hit{}
	var sockets, execs, shellConst, implants, connects, sqls, defines []hit
	for _, h := range j.facts.hits {
		switch h.kind {
		case sinkExec:
			execs = append(execs, h)
			if c := h.v.begins(); h.v.taint&controlled == 0 && isShell(c) && len(strings.Fields(c)) <= 2 {
				shellConst = append(shellConst, h)
			}
			j.exec(h)
		case sinkEval:
			j.eval(h)
		case sinkDefine:
			defines = append(defines, h)
		case sinkReflect:
			j.reflection(h)
		case sinkDeserial:
			if sure(h.v) {
				j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-deserialization",
					"The page rebuilds objects from "+by(h.v)+", which can run any code.", j.flow(h.v, h.at)...)
			}
		case sinkLookup:
			if sure(h.v) {
				j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-jndi",
					"The page looks up a JNDI name from "+by(h.v)+", which can load code from another host.", j.flow(h.v, h.at)...)
			}
		case sinkWrite:
			j.write(h)
			if h.path.taint&controlled != 0 {
				files["write"] = h
			}
		case sinkSQL:
			if sure(h.v) && !h.v.lead {
				sqls = append(sqls, h)
			}
		case sinkConnect:
			connects = append(connects, h)
		case sinkSocket:
			sockets = append(sockets, h)
		case sinkCompile:
			if j.facts.reads {
				j.add(webshell.Webshell, finding.ModerateConfidence, "compiles-source",
					"The page reads the request and compiles Java source.", j.step("sink", h.at))
			}
		case sinkInternal:
			if j.facts.reads || h.v.taint&controlled != 0 {
				j.add(webshell.Webshell, finding.ModerateConfidence, "runtime-internals",
					"The page reads the request and reaches through reflection into what Java keeps closed: "+h.name+".", j.step("sink", h.at))
			} else {
				j.add(webshell.Suspicious, finding.LowConfidence, "runtime-internals",
					"The page reaches through reflection into what Java keeps closed: "+h.name+".", j.step("sink", h.at))
			}
		case sinkURL:
			if sure(h.v) && j.threads {
				j.add(webshell.Malicious, finding.ModerateConfidence, "scanner",
					"The page fetches addresses that the request names, many at a time.", j.flow(h.v, h.at)...)
			} else if sure(h.v) && h.name != "" && !h.v.lead {
				j.add(webshell.Malicious, finding.ModerateConfidence, "relays-requests",
					"The page asks any server that the request names, with headers that it names too.", j.flow(h.v, h.at)...)
			} else if sure(h.v) && h.v.taint&header != 0 && !h.v.lead { // map servers' proxies are sent it in the query
				j.add(webshell.Malicious, finding.ModerateConfidence, "relays-requests",
					"The page asks any server whose address a header of the request names.", j.flow(h.v, h.at)...)
			}
		case sinkLoad:
			if sure(h.v) {
				j.add(webshell.Webshell, finding.HighConfidence, "request-to-library",
					"The page loads code from a place that "+by(h.v)+" names.", j.flow(h.v, h.at)...)
			} else if elsewhere.MatchString(h.path.s) {
				j.add(webshell.Webshell, finding.ModerateConfidence, "network-to-class",
					"The page loads classes from another host.", j.flow(h.v, h.at)...).Decoded = webshell.Cut(h.path.s, webshell.MaxShown)
			} else if h.name != "URLClassLoader" && len(j.facts.native) > 0 {
				j.add(webshell.Webshell, finding.ModerateConfidence, "native-library",
					"The page declares a native method and loads the library for it itself.", j.flow(h.v, h.at)...)
			}
		case sinkServer:
			j.add(webshell.Malicious, finding.ModerateConfidence, "server-accounts", "The page "+h.name+".", j.flow(h.v, h.at)...)
		case sinkImplant:
			implants = append(implants, h)
		case sinkHiddenName:
			j.add(webshell.Webshell, finding.HighConfidence, "hidden-name",
				"The page puts together the name "+h.name+" to call it through reflection.", j.flow(h.v, h.at)...).Decoded = h.name
		case sinkFileAct:
			name := h.name
			if name == "list" {
				name = "listFiles"
			}
			files[name] = h
			if (name == "read" || name == "listFiles") && sure(h.v) && !h.v.lead && h.v.typ != "" {
				v := webshell.Suspicious
				if j.bare() && !bytes.Contains(j.data, []byte("RealPath")) {
					v = webshell.Malicious
				}
				j.add(v, finding.ModerateConfidence, "request-to-file-read",
					"The page reads any file or folder that the request names.", j.flow(h.v, h.at)...)
			}
		}
	}
	j.define(defines)
	j.structure(files, sockets, execs, shellConst, implants, connects, sqls)
	j.hidden()
	return webshell.Strongest(j.out)
}

func (j *judge) exec(h hit) {
	begins := h.v.begins()
	switch {
	case sure(h.v) && (begins == "" || isShell(begins) || !h.v.lead && len(h.v.elems) == 0):
		j.add(webshell.Webshell, finding.HighConfidence, "request-to-command",
			"The page runs a command from "+by(h.v)+".", j.flow(h.v, h.at)...)
	case h.v.taint&controlled != 0 && begins == "":
		j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-command",
			"The page runs a command that it makes of "+by(h.v)+".", j.flow(h.v, h.at)...)
	case h.v.taint&controlled != 0 && isShell(begins):
		j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-command",
			"The page runs a shell with "+by(h.v)+".", j.flow(h.v, h.at)...)
	case h.v.taint&controlled != 0:
		j.add(webshell.Suspicious, finding.ModerateConfidence, "request-to-argument",
			"The page runs a program with an argument from "+by(h.v)+".", j.flow(h.v, h.at)...)
	case isReverse(begins):
		j.add(webshell.Webshell, finding.HighConfidence, "reverse-shell",
			"The page runs a command that hands a shell to another host.", j.flow(h.v, h.at)...)
	case fetchesAndRuns(begins):
		j.add(webshell.Malicious, finding.ModerateConfidence, "fetches-and-runs",
			"The page runs a fixed command that fetches a program and starts it.", j.flow(h.v, h.at)...)
	case h.v.taint&fromNet != 0:
		j.add(webshell.Webshell, finding.ModerateConfidence, "network-to-command",
			"The page runs a command that it fetches from the network.", j.flow(h.v, h.at)...)
	case !h.v.known() && !h.v.isFixed() && j.facts.reads && j.facts.processOutput:
		j.add(webshell.Webshell, finding.ModerateConfidence, "command-page",
			"The page reads the request, runs a command that is not fixed, and reads its output.", j.flow(h.v, h.at)...)
	default:
		j.add(webshell.Suspicious, finding.LowConfidence, "runs-command", "The page runs a program.", j.flow(h.v, h.at)...)
	}
}

func (j *judge) eval(h hit) {
	lower := strings.ToLower(h.v.s)
	switch {
	case h.v.taint&controlled != 0 && (h.v.taint&weak == 0 || !strings.HasPrefix(h.name, "Context")):
		j.add(webshell.Webshell, finding.HighConfidence, "request-to-eval",
			"The page evaluates code from "+by(h.v)+".", j.flow(h.v, h.at)...)
	case h.v.taint&fromNet != 0:
		j.add(webshell.Webshell, finding.ModerateConfidence, "network-to-eval",
			"The page evaluates code that it fetches from the network.", j.flow(h.v, h.at)...)
	case strings.Contains(lower, "runtime") && strings.Contains(lower, "exec"), strings.Contains(lower, "processbuilder"),
		strings.Contains(lower, "java.type"), strings.Contains(lower, "xalan") && strings.Contains(lower, "java"), strings.Contains(lower, "getparameter"), strings.Contains(lower, "defineclass"):
		j.add(webshell.Webshell, finding.HighConfidence, "script-in-string",
			"The page evaluates a script in a string that runs commands or reads the request.", j.flow(h.v, h.at)...).Decoded = webshell.Cut(h.v.s, webshell.MaxShown)
	}
}

func (j *judge) define(defines []hit) {
	for _, h := range defines {
		switch {
		case h.v.taint&(controlled|fromUpload) != 0:
			j.add(webshell.Webshell, finding.HighConfidence, "request-to-class",
				"The page makes a class of "+by(h.v)+" and so runs any code.", j.flow(h.v, h.at)...)
		case h.v.taint&fromNet != 0:
			j.add(webshell.Webshell, finding.HighConfidence, "network-to-class",
				"The page makes a class of what it fetches from the network.", j.flow(h.v, h.at)...)
		case j.embedded != 0:
			r := j.add(webshell.Webshell, finding.HighConfidence, "embedded-class",
				"The page makes a class of a string that it carries.", j.step("source", int32(j.embedded)), j.step("sink", h.at))
			r.Decoded = j.decoded
		default:
			j.add(webshell.Webshell, finding.ModerateConfidence, "defines-class",
				"The page makes a class of bytes, which pages have no reason to do.", j.flow(h.v, h.at)...)
		}
	}
	if j.embedded != 0 && len(defines) == 0 && j.decoded != "" {
		j.add(webshell.Suspicious, finding.ModerateConfidence, "embedded-class",
			"The page carries code in an encoded string.", j.step("source", int32(j.embedded))).Decoded = j.decoded
	}
}

func (j *judge) reflection(h hit) {
	switch {
	case h.name == "hidden":
		j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-hidden-call",
			"The page hands "+by(h.v)+" to a call through reflection whose name it hides.", j.flow(h.v, h.at)...)
	case h.name == "newInstance":
		if h.path.taint&controlled != 0 {
			j.add(webshell.Webshell, finding.HighConfidence, "request-to-reflection",
				"The request names the class that the page makes, and its arguments.", j.flow(h.v, h.at)...)
			return
		}
		j.add(webshell.Suspicious, finding.LowConfidence, "request-to-class-name",
			"The request names a class that the page makes.", j.flow(h.v, h.at)...)
	default:
		j.add(webshell.Webshell, finding.HighConfidence, "request-to-reflection",
			"The page calls a method that "+by(h.v)+" names.", j.flow(h.v, h.at)...)
	}
}

var elsewhere = regexp.MustCompile(`^(?i:https?|ftp)://|^\\\\`)

var scriptExt = regexp.MustCompile(`(?i)\.(jspx?|jspf|war|jar|class|php|aspx?|ashx|sh|bat|exe|ps1)$`)

func (j *judge) write(h hit) {
	path, content := h.path, h.v
	toScript := path.known() && scriptExt.MatchString(path.s)
	pathSure, contentSure := sure(path), sure(content)
	switch {
	case content.known() && isScript(content.s):
		j.add(webshell.Malicious, finding.HighConfidence, "writes-script",
			"The page writes a script that it carries into a file.", j.flow(content, h.at)...).Decoded = webshell.Cut(content.s, webshell.MaxShown)
	case pathSure && (contentSure || path.typ == "FileHandler"):
		j.add(webshell.Webshell, finding.HighConfidence, "request-to-file",
			"The request says which file the page writes, and what.", j.flow(path, h.at)...)
	case contentSure && content.taint&password != 0 && path.taint&controlled == 0:
		j.add(webshell.Malicious, finding.ModerateConfidence, "stores-passwords",
			"Passwords that visitors type are written to a file in plain.", j.flow(content, h.at)...)
	case contentSure && toScript:
		j.add(webshell.Webshell, finding.HighConfidence, "request-to-script",
			"The page writes "+by(content)+" into a script.", j.flow(content, h.at)...)
	case pathSure && !path.lead && content.taint&fromUpload != 0:
		j.add(webshell.Webshell, finding.ModerateConfidence, "upload-to-file",
			"An uploaded file is stored wherever on the server the request says.", j.flow(path, h.at)...)
	case content.taint&fromUpload != 0 && path.taint&fromUpload != 0 && j.bare():
		j.add(webshell.Malicious, finding.ModerateConfidence, "upload-to-file",
			"The page does nothing but store uploads under the names the client gave, and checks neither names nor who asks.", j.flow(content, h.at)...)
	case pathSure && content.taint&fromNet != 0:
		j.add(webshell.Malicious, finding.HighConfidence, "network-to-file",
			"The page fetches a file from the network and stores it under a name from the request.", j.flow(path, h.at)...)
	case toScript && content.taint&fromNet != 0:
		j.add(webshell.Malicious, finding.HighConfidence, "network-to-script",
			"The page fetches a script from the network and stores it.", j.flow(content, h.at)...)
	case pathSure:
		j.add(webshell.Suspicious, finding.ModerateConfidence, "request-to-file-name",
			"The request says which file the page writes.", j.flow(path, h.at)...)
	}
}

func (j *judge) structure(files map[string]hit, sockets, execs, shellConst, implants, connects, sqls []hit) {
	for _, s := range sockets {
		if len(shellConst) > 0 {
			j.add(webshell.Webshell, finding.HighConfidence, "socket-shell",
				"The page ties a shell to a network socket.", j.step("source", s.at), j.step("sink", shellConst[0].at))
			break
		}
	}
	for _, s := range sockets {
		if sure(s.v) {
			j.add(webshell.Webshell, finding.HighConfidence, "tunnel",
				"The page connects to a host that "+by(s.v)+" names: a tunnel into the network.", j.flow(s.v, s.at)...)
			break
		}
		if s.v.taint&(controlled|fromStore) != 0 && j.facts.reads {
			j.add(webshell.Suspicious, finding.ModerateConfidence, "socket",
				"The page opens a network socket.", j.flow(s.v, s.at)...)
		}
	}
	j.handsOn(sockets)
	if len(implants) > 0 {
		h := implants[0]
		switch {
		case j.implements || len(implants) > 1:
			j.add(webshell.Webshell, finding.HighConfidence, "memory-shell",
				"The page registers a filter, servlet, listener or valve in the running server: it stays after the page is deleted.", j.step("sink", h.at))
		default:
			j.add(webshell.Suspicious, finding.ModerateConfidence, "registers-component",
				"The page changes the server's filters, servlets, listeners or valves.", j.step("sink", h.at))
		}
	}
	if len(sqls) > 0 {
		s := sqls[0]
		for _, c := range connects {
			if c.path.taint&controlled != 0 {
				j.add(webshell.Webshell, finding.HighConfidence, "sql-console",
					"The request says which database the page opens and what it runs there.", j.flow(s.v, s.at)...)
				break
			}
		}
		v := webshell.Suspicious
		if len(connects) > 0 && j.bare() {
			v = webshell.Webshell
		}
		j.add(v, finding.ModerateConfidence, "request-to-sql",
			"The page runs a whole SQL statement from "+by(s.v)+".", j.flow(s.v, s.at)...)
	}
	if len(connects) > 0 && j.dumps {
		v := webshell.Suspicious
		if len(sqls) > 0 || len(files) > 0 || j.writesFiles() || j.namesTables() {
			v = webshell.Malicious
		}
		j.add(v, finding.ModerateConfidence, "database-dump",
			"The page opens a database by itself, lists its tables and reads them out.", j.step("sink", connects[0].at))
	}
	j.storedAndLoaded()
	j.manager(files, execs)
	for _, line := range j.page.queries {
		j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-sql",
			"A tag runs a whole SQL statement from the request.", webshell.Step{Line: line, Role: "sink"})
	}
	for _, line := range j.page.beans {
		j.add(webshell.Suspicious, finding.ModerateConfidence, "request-to-class-name",
			"The request names the class of a bean.", webshell.Step{Line: line, Role: "sink"})
	}
}

// handsOn finds pages that do nothing but hand what the request sends to a
// program that listens on this host (FIN13's CLOSEWATCH, December 2021).
func (j *judge) handsOn(sockets []hit) {
	local := slices.ContainsFunc(sockets, func(s hit) bool {
		return s.v.known() && (s.v.s == "127.0.0.1" || s.v.s == "localhost" || s.v.s == "::1")
	})
	if !local || !j.bare() {
		return
	}
	for _, h := range j.facts.hits {
		if h.kind == sinkSend {
			j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-socket",
				"The page does nothing but hand what "+by(h.v)+" sends to a program that listens on this host.", j.flow(h.v, h.at)...)
			return
		}
	}
}

// maxBare is the size of a page that does only one thing, in bytes.
const maxBare = 2 << 10

// bare reports whether the page is small, checks nothing and asks nobody who he
// is.
func (j *judge) bare() bool {
	if len(j.data) > maxBare {
		return false
	}
	for _, w := range []string{"session", "UserInRole", "UserPrincipal", "RemoteUser", "Canonical", "startsWith", "endsWith", "contains(", "matches(", "include file", "\"..", ".indexOf(\".", "exists()", "ontentType", "getSize", "SizeMax", "xtension", ".jpg", ".png", ".xls", ".csv"} {
		if bytes.Contains(j.data, []byte(w)) {
			return false
		}
	}
	return true
}

// storedAndLoaded finds pages that write what they are sent to a file and load
// code from a file, which may be the same.
func (j *judge) storedAndLoaded() {
	var stored, loaded *hit
	for i := range j.facts.hits {
		switch h := &j.facts.hits[i]; {
		case h.kind == sinkWrite && h.v.taint&(controlled|fromUpload) != 0 && h.v.taint&weak == 0:
			stored = h
		case h.kind == sinkLoad, h.kind == sinkInternal && strings.HasPrefix(h.name, "VirtualMachine"):
			loaded = h
		}
	}
	if stored != nil && loaded != nil {
		j.add(webshell.Webshell, finding.ModerateConfidence, "request-to-library",
			"The page stores what "+by(stored.v)+" sends and loads code from a file.", j.step("source", stored.at), j.step("sink", loaded.at))
	}
}

func (j *judge) writesFiles() bool {
	for _, h := range j.facts.hits {
		if h.kind == sinkWrite {
			return true
		}
	}
	return false
}

// namesTables reports whether a statement ends where a table's name is put in.
func (j *judge) namesTables() bool {
	for _, h := range j.facts.hits {
		if h.kind == sinkSQL && strings.HasSuffix(strings.ToLower(strings.TrimRight(h.v.begins(), " \"'`")), " from") {
			return true
		}
	}
	return false
}

// manager recognises file managers by how much they do as the request says.
func (j *judge) manager(files map[string]hit, execs []hit) {
	n := 0
	var steps []webshell.Step
	for _, act := range []string{"listFiles", "listRoots", "delete", "renameTo", "write", "read", "mkdir", "mkdirs", "createNewFile", "setLastModified"} {
		if h, ok := files[act]; ok {
			if n++; len(steps) < 6 {
				steps = append(steps, j.step("sink", h.at))
			}
		}
	}
	_, roots := files["listRoots"]
	_, lists := files["listFiles"]
	whole := lists && sure(files["listFiles"].v) && !files["listFiles"].v.lead
	if n >= 4 || whole && n >= 2 || roots && (lists || n >= 2 || len(execs) > 0) {
		j.add(webshell.Webshell, finding.ModerateConfidence, "file-manager",
			"The page lists, reads, writes or deletes files anywhere as the request says.", steps...)
	} else if n >= 2 {
		j.add(webshell.Suspicious, finding.LowConfidence, "file-access",
			"The page handles files that the request names.", steps...)
	}
}

var escapedASCII = regexp.MustCompile(`\\u+00[2-7][0-9a-fA-F]`)

// hidden judges pages whose source hides.
func (j *judge) hidden() {
	if n := len(escapedASCII.FindAllIndex(j.data, 64)); n >= 24 {
		j.add(webshell.Malicious, finding.ModerateConfidence, "escaped-source",
			"Plain letters of the source are written as Unicode escapes, which only hides them.")
	}
	if j.page.charset != "" && j.page.charset != "UTF-16" {
		j.add(webshell.Malicious, finding.ModerateConfidence, "odd-charset",
			"The page is encoded in "+j.page.charset+", which no editor writes and which hides the source.")
	}
}
