package aspnet

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/internal/script"
	"limier/webshell"
)

// code is v being compiled or evaluated.
func (h *host) code(m *script.Machine, n *script.Node, v script.Value, how string) script.Value {
	if s, ok := v.Text(); ok && v.K == script.VString {
		if how != "eval" && how != "Function" && how != "execute" && how != "executeglobal" {
			return script.Value{}
		}
		before := len(h.All)
		d := script.JScript
		if m.Dialect() == script.VBScript {
			d = script.VBScript
		}
		out, ran := m.RunText(s, d)
		if ran && v.L&script.Built != 0 && len(s) > 8 {
			for i := before; i < len(h.All); i++ {
				if h.All[i].Decoded == "" {
					h.All[i].Decoded = s
				}
			}
			h.See(n, v, webshell.Sight{Rule: "hidden-code", Decoded: s, Text: "Code put together from pieces is run by " + how + "."})
		}
		return out
	}
	s := webshell.Sight{Rule: "request-to-eval", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as code by " + how + "."}
	switch {
	case v.L&script.Numeric != 0:
		return script.Value{}
	case v.L&client != 0:
		if v.L&script.Mixed != 0 {
			s.Sure = finding.ModerateConfidence
		}
	case v.L&fromRemote != 0:
		s.Rule, s.Text = "remote-to-eval", "Code fetched from another server is run by "+how+"."
	case v.L&fromSession != 0 && v.L&script.Mixed == 0:
		s.Rule, s.Text, s.Sure = "session-to-eval", "Text kept in the session is run as code by "+how+".", finding.ModerateConfidence
	case v.L&(fromFile|fromData) != 0:
		s.Rule, s.Text = "stored-to-eval", "Text read from a file or database is run as code by "+how+"."
		s.Verdict = ""
	default:
		return script.Value{}
	}
	h.See(n, v, s)
	return script.Value{}
}

// exec is a command line v being run.
func (h *host) exec(m *script.Machine, n *script.Node, v script.Value, how, part string) {
	if part != "" {
		how += " (" + part + ")"
	}
	s := webshell.Sight{Rule: "request-to-command", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as a command by " + how + "."}
	text, known := v.Text()
	if !known && v.K == script.VUnknown {
		text = v.S // its end
	}
	switch {
	case v.L&script.Numeric != 0 && v.L&client != 0:
		return
	case v.L&(fromRequest|fromUpload) != 0:
	case v.L&fromControl != 0:
		s.Sure = finding.ModerateConfidence
	case v.L&fromRemote != 0:
		s.Rule, s.Text = "remote-to-command", "Text fetched from another server is run as a command by "+how+"."
	case v.L&fromSession != 0:
		s.Text, s.Sure = "Text kept in the session is run as a command by "+how+".", finding.ModerateConfidence
	case hostileCommand(text):
		s.Rule, s.Text = "hostile-command", "A command that serves intruders is run by "+how+"."
		s.Verdict, s.Sure, s.Decoded = webshell.Malicious, finding.ModerateConfidence, text
	default:
		s = webshell.Sight{Rule: "runs-command", Text: "A command is run by " + how + ".", Decoded: text}
	}
	h.See(n, v, s)
}

// maxCommand is the length of the longest command line of Windows:
// https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createprocessw.
const maxCommand = 32767

// hostileCommand knows commands that no page has reason to run.
func hostileCommand(s string) bool {
	s = strings.ToLower(s[:min(len(s), maxCommand)])
	for _, w := range []string{"net user", "net localgroup", "net1 user", "certutil", "bitsadmin", "mimikatz", "procdump", "reg save", "whoami", "comsvcs", "powershell -e", "powershell -nop", "downloadstring", "mshta", "regsvr32", "new-mailboxexportrequest", "recycler", "$recycle.bin", "processmodel.password", "list apppool /text:*", "regedit -s", "regedit.exe -s"} {
		if strings.Contains(s, w) && (!strings.HasPrefix(w, "powershell") || !webshell.RunsScript(s)) {
			return true
		}
	}
	return false
}

// load is an assembly being loaded from bytes or from a path.
func (h *host) load(m *script.Machine, n *script.Node, all, what script.Value, how string) script.Value {
	v := script.Instance("assembly", all)
	s := webshell.Sight{Rule: "request-to-assembly", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "An assembly from the request is loaded and run (" + how + ")."}
	switch {
	case all.L&script.Numeric != 0 && all.L&client != 0, h.ofSite(what):
		return v
	case all.L&(fromRequest|fromUpload) != 0:
	case all.L&fromControl != 0:
		s.Sure = finding.ModerateConfidence
	case all.L&fromRemote != 0:
		s.Rule, s.Text = "remote-to-assembly", "An assembly fetched from another server is loaded ("+how+")."
	case all.L&fromSession != 0:
		s.Rule, s.Text, s.Sure = "session-to-assembly", "An assembly kept in the session is loaded ("+how+").", finding.ModerateConfidence
	case all.L&fromOdd != 0:
		s.Rule, s.Text = "stored-to-assembly", "An assembly hidden in a file that should hold no code is loaded ("+how+")."
		s.Verdict = webshell.Malicious
	case all.L&(blob|script.Opaque) != 0 || what.K == script.VBytes && len(what.O.Buf) > 256 || what.K == script.VArray:
		s.Rule, s.Text = "embedded-assembly", "An assembly hidden in the page itself is loaded ("+how+")."
		s.Verdict, s.Sure = webshell.Malicious, finding.HighConfidence
	default:
		return v
	}
	h.See(n, all, s)
	return v
}

var siteFolder = regexp.MustCompile(`^(?:~?/)?bin(?:[/\\]|$)`)

// ofSite reports whether a path begins with the folder of the site's own
// assemblies, which run anyway.
func (h *host) ofSite(path script.Value) bool {
	s := strings.ToLower(path.Prefix())
	return h.page.Kind == source && path.L&mapped != 0 && path.L&script.Mixed != 0 && siteFolder.MatchString(s) && !strings.Contains(s, "..")
}

var statePersister = regexp.MustCompile(`(?i)PageState(?:From|To)PersistenceMedium|PageStatePersister`)

// A page that hands out as a cookie what it takes back later.
var (
	ownCookie  = regexp.MustCompile(`(?i)\.Cookies\.(?:Add|Set)\(`)
	serializes = regexp.MustCompile(`\.Serialize\(`)
)

// keepsState reports whether the page keeps its own view state, or cookie.
func (h *host) keepsState() bool {
	return statePersister.MatchString(h.page.Text) || h.page.Kind == source && ownCookie.MatchString(h.page.Text) && serializes.MatchString(h.page.Text)
}

func (h *host) deserialize(m *script.Machine, n *script.Node, v script.Value, how string) {
	if v.L&(fromRequest|fromUpload) == 0 || v.L&script.Numeric != 0 {
		return
	}
	s := webshell.Sight{Rule: "request-to-deserialize", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Data from the request is deserialised by " + how + ", which lets it run code."}
	if h.keeps() {
		s.Verdict = ""
	}
	h.See(n, v, s)
}

// runsCommands says that a statement has the database server run a command.
func runsCommands(sql script.Value) bool {
	low := strings.ToLower(sql.S + sql.Prefix())
	return strings.Contains(low, "xp_cmdshell") || strings.Contains(low, "sp_oacreate")
}

// databaseCommand is v being run as a command by the database server.
func (h *host) databaseCommand(n *script.Node, v script.Value) {
	h.See(n, v, webshell.Sight{Rule: "request-to-command", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as a command by the database server."})
}

// sql is a statement v being prepared on conn.
func (h *host) sql(m *script.Machine, n *script.Node, v, conn script.Value) {
	h.query = n
	if runsCommands(v) {
		if v.L&client != 0 {
			h.databaseCommand(n, v)
		} else {
			h.See(n, v, webshell.Sight{Rule: "database-command", Text: "A command is run by the database server."})
		}
		return
	}
	if v.L&(fromRequest|fromControl) == 0 || v.L&script.Numeric != 0 {
		return
	}
	s := webshell.Sight{Rule: "request-to-sql", Text: "A whole SQL statement comes from the request."}
	c := script.Union(conn, conn.O.AnyValue())
	switch names := c.L&(client|fromSession) != 0; {
	case names && pure(v):
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
		s.Text = "The request names the database and sends the SQL statement."
	case names && c.L&client != 0:
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		s.Text = "The request names the database and what to read from it."
	case !pure(v):
		return
	case h.bare():
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		s.Text = "The page does nothing but run SQL statements that the request sends, and asks nobody who he is."
	}
	h.See(n, v, s)
}

func (h *host) socket(n *script.Node, v script.Value) {
	h.sockets++
	h.See(n, v, webshell.Sight{Rule: "request-to-socket", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
		Text: "The page connects to any host and port that the request names: a tunnel."})
}

// print is v being written to the client.
func (h *host) print(m *script.Machine, n *script.Node, v script.Value) {
	if v.L&fromRemote != 0 {
		h.relays = n
	}
	if v.L&fromRemote != 0 && v.L&info != 0 && h.proxied != nil {
		h.See(n, v, webshell.Sight{Rule: "open-proxy", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page shows what any server answers that the request names, with links that lead through itself: whoever knows of it hides behind this server."})
	}
	if s, ok := v.Text(); ok && webshell.ScriptElsewhere(s) {
		h.leads(m, n)
	}
	if v.L&anyFile != 0 {
		h.readsAny(n, v)
	}
	if v.L&running != 0 && v.L&ciphered != 0 {
		h.See(n, v, webshell.Sight{Rule: "hidden-inventory", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The list of the server's processes is sent to the client, encrypted."})
	}
	if v.L&secret != 0 {
		h.See(n, v, webshell.Sight{Rule: "prints-secrets", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Keys or passwords of the configuration are sent to the client."})
	}
}

// readsAny is a file that the client alone chose, sent to him.
func (h *host) readsAny(n *script.Node, v script.Value) {
	h.See(n, v, webshell.Sight{Rule: "reads-any-file", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
		Text: "The page sends the client any file of the server that he names."})
}

func (h *host) isImported(name string) bool {
	_, ok := h.imports[name]
	return ok
}

// imported notes a function of the system that the code can call.
func (h *host) imported(name string, n *script.Node) {
	if h.imports == nil {
		h.imports = map[string]*script.Node{}
	}
	if len(h.imports) < 1000 {
		h.imports[strings.ToLower(name)] = n
	}
}

// declared collects the system's functions that the code imports.
func (h *host) declared() {
	h.Machine.Functions(func(fn, class *script.Node) {
		if slices.Contains(fn.Attr, "dllimport") {
			h.imported(fn.Name, fn)
		}
	})
}

// guards are the makers of security products, as their folders and programs
// are named.
var guards = []string{"bitdefender", "carbonblack", "cortex", "crowdstrike", "cybereason", "cylance", "deep instinct", "defender", "eset security", "fireeye", "kaspersky", "mcafee", "sentinelone", "sophos", "symantec", "tanium", "trellix", "trend micro"}

// guard notes that a file or process is looked for that belongs to a security
// product. Intruders do so before they go on (Exchange servers, March 2021).
func (h *host) guard(n *script.Node, path script.Value) {
	s, ok := path.Text()
	if !ok || len(s) > 400 {
		return
	}
	s = strings.ToLower(s)
	for _, g := range guards {
		if strings.Contains(s, g) {
			if h.guards == nil {
				h.guards = map[string]*script.Node{}
			}
			h.guards[g] = n
			return
		}
	}
}

// runsPrograms tells the script of a style sheet that runs programs or loads
// code from those that format dates.
var runsPrograms = regexp.MustCompile(`\b(?:Process|ProcessStartInfo|Assembly|WScript|VirtualAlloc)\b`)

// rare are words of which each of those pages has one.
var rare = literal.New([]string{".receive(", "getsubkeynames", "getvaluenames"})

// together finds pages by the words they bring together, whose flow is lost in
// collections: tunnels that keep a socket in the session, and searches of the
// whole registry.
func (h *host) together() {
	if len(h.page.Text) > 256<<10 || !rare.Any([]byte(h.page.Text)) {
		return
	}
	low := strings.ToLower(h.page.Text)
	all := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(low, w) })
	}
	if all("socket", ".connect(", ".receive(", ".send(", "session[", "request.", "response.") {
		h.See(nil, script.Value{}, webshell.Sight{Rule: "socket-in-session", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "The page keeps a socket from one request to the next and passes data both ways: a tunnel."})
	}
	hives := 0
	for _, hive := range []string{"registry.localmachine", "registry.currentuser", "registry.classesroot", "registry.users", "registry.currentconfig"} {
		if strings.Contains(low, hive) {
			hives++
		}
	}
	if hives >= 3 && (all("getsubkeynames") || all("getvaluenames")) {
		h.See(nil, script.Value{}, webshell.Sight{Rule: "walks-registry", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page walks through all of the registry."})
	}
}

// foreignPage is a page that does nothing but make an object of a library that
// somebody put beside it, and give it a key.
var foreignPage = regexp.MustCompile(`(?i)^\s*<script\b[^>]*\brunat\b[^>]*>\s*(?:[\w.]+\s+\w+\s*=\s*)?new\s+\w+(?:\.\w+)+\s*\(\s*"[0-9a-z+/=]{12,}"\s*\)\s*;?\s*</script>[^<]*$`)

// maxForeign is the size of such a page, in bytes.
const maxForeign = 512

// foreign looks for a page whose code is all in a library that it hands a key.
func (h *host) foreign() {
	if text := h.page.Text; len(text) <= maxForeign && foreignPage.MatchString(text) && !strings.Contains(text, "new System.") {
		h.See(nil, script.Value{}, webshell.Sight{Rule: "foreign-library", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page does nothing but hand a key to an object of a library: what the page does is there, and who knows the key commands it."})
	}
}

// pictures end the names of files that hold no code, as plain does.
var (
	pictures = []string{".jpg", ".jpeg", ".gif", ".png", ".bmp", ".ico"}
	plain    = []string{".txt", ".log"}
)

// endsAs reports whether a file's name ends as one of those.
func endsAs(name string, endings []string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) })
}

// handed is a process about to be started being given what it reads from.
var handed = regexp.MustCompile(`(?i)\bhStdInput\s*=\s*\(?\w`)

var (
	ownForm   = regexp.MustCompile(`(?i)<form\b[^>]*\baction\s*=\s*["']?(?:[\w./~?-]+|<%[^>]*>)["'\s>]`)
	sendsHome = regexp.MustCompile(`(?i)(?:\.open\(\s*["'](?:get|post|put)["']\s*,|fetch\(|sendBeacon\(|\.src\s*=|\.(?:ajax|get|post)\(\s*(?:\{\s*url\s*:)?)\s*["']/?[\w.]`)
)

// sendsTwice reports whether a script in a logon page reads its password field and
// sends something to its own host, besides the form (Exchange servers, 2024 and 2025).
func sendsTwice(page string) bool {
	names := webshell.PasswordInputs(page)
	for i, name := range names {
		names[i] = regexp.QuoteMeta(name)
	}
	return len(names) > 0 && sendsHome.MatchString(page) && ownForm.MatchString(page) &&
		regexp.MustCompile(`["'.#](?:`+strings.Join(names, "|")+`)["']?\]?\)?(?:\[0\])?\.val(?:ue\b|\(\))`).MatchString(page)
}

// structure looks at what the code brings together.
func (h *host) structure() {
	h.together()
	h.foreign()
	code := append([]string{h.page.Behind}, h.page.Includes...)
	for i, name := range code {
		if endsAs(name, pictures) || i == 0 && endsAs(name, plain) {
			h.See(nil, script.Value{}, webshell.Sight{Rule: "code-in-picture", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The code of the page is in a file that should hold none: " + webshell.Cut(name, 100) + "."})
			break
		}
	}
	if strings.Contains(h.page.Text, scripted) { // in a string of the code
		for _, body := range sheetScripts(h.page.Text) {
			if runsPrograms.MatchString(h.page.Text[body.Start:body.End]) {
				h.See(&script.Node{Pos: int32(body.Start)}, script.Value{}, webshell.Sight{Rule: "code-in-sheet", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
					Text: "A style sheet holds a script for the server that runs programs or loads code."})
			}
		}
	}
	if h.bots != nil && h.relays != nil {
		h.See(h.relays, script.Value{}, webshell.Sight{Rule: "cloaked-content", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Search engines, or those who come from them, are sent content fetched from another server."})
	}
	if h.bots != nil && h.away != nil {
		h.See(h.away, script.Value{}, webshell.Sight{Rule: "search-redirect", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Search engines, or those who come from them, are sent to another site or its script."})
	}
	if h.onward != nil && h.relays != nil {
		h.See(h.onward, script.Value{}, webshell.Sight{Rule: "relays-requests", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
			Text: "The page asks any server whose address the client sends encoded or in a header, and hands him the answer: a tunnel."})
	}
	if h.wrote != nil && h.ran != nil {
		h.See(h.wrote, script.Value{}, webshell.Sight{Rule: "runs-what-it-writes", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page writes a script that it does not show, under a name that it makes up, and runs it."})
	}
	if h.logs != nil && sendsTwice(h.page.Text) {
		h.See(h.logs, script.Value{}, webshell.Sight{Rule: "stores-passwords", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "A script in the page sends what is typed as password besides the form, and the page writes what it is sent to a file."})
	}
	if len(h.guards) > 1 {
		names := slices.Sorted(maps.Keys(h.guards))
		h.See(h.guards[names[0]], script.Value{}, webshell.Sight{Rule: "looks-for-guards", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page looks which security products the server has: " + strings.Join(names, ", ") + "."})
	}
	if h.asks && h.told != nil {
		h.See(h.told, script.Value{}, webshell.Sight{Rule: "sends-passwords", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page checks passwords itself and sends them to another server as well."})
	}
	if h.gate != nil && h.dead && (len(h.acts) > 0 || h.query != nil || h.relays != nil) {
		h.See(h.gate, script.Value{}, webshell.Sight{Rule: "plays-dead", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page says that it does not exist, except to a request with a certain header, which then gets at files, the database or another server."})
	}
	at := func(names ...string) *script.Node {
		for _, name := range names {
			if n := h.imports[name]; n != nil {
				return n
			}
		}
		return nil
	}
	memory := at("virtualalloc", "virtualallocex", "virtualprotect", "virtualprotectex", "ntallocatevirtualmemory", "heapcreate", "createfilemapping", "mapviewoffile", "ntcreatesection")
	if n := memory; n != nil && (h.jumps != nil || at("createthread", "createremotethread", "writeprocessmemory", "ntcreatethreadex", "queueuserapc", "waitforsingleobject", "rtlmovememory",
		"enumsystemlocales", "enumsystemlocalesa", "enumwindows", "enumdesktops", "enumchildwindows", "createfiber", "callwindowproc", "enumdatefomats", "createtimerqueuetimer", "rtlcreateuserthread") != nil) {
		h.See(n, script.Value{}, webshell.Sight{Rule: "shellcode", Verdict: webshell.Malicious, Sure: finding.HighConfidence,
			Text: "The page allocates executable memory and starts a thread in it."})
	}
	if n := at("wsasocket", "wsasocketa", "wsasocketw"); n != nil && h.page.Kind != source && handed.MatchString(h.page.Text) &&
		at("createprocess", "createprocessa", "createprocessw", "createprocessasuser", "createprocesswithtokenw", "createprocesswithlogonw") != nil {
		h.See(n, script.Value{}, webshell.Sight{Rule: "socket-to-process", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
			Text: "The page opens a socket of Windows and starts a process, by the system's own calls, that reads from it: a shell for another host."})
	}
	if n := at("createprocessasuser", "createprocesswithtokenw", "createprocesswithlogonw", "impersonatenamedpipeclient", "ntquerysysteminformation", "zwquerysysteminformation", "minidumpwritedump", "wtsenumerateprocesses", "wtsenumerateprocessesa"); n != nil {
		h.See(n, script.Value{}, webshell.Sight{Rule: "takes-privileges", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page calls the system to take another account's rights or to read other processes."})
	}
}
