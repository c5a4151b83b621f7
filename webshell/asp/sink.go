package asp

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// code is what Execute and its kin do with v.
func (h *host) code(m *script.Machine, n *script.Node, v script.Value, d script.Dialect, how string) script.Value {
	if s, ok := v.Text(); ok && v.K == script.VString {
		before := len(h.All)
		out, ran := m.RunText(s, d)
		if ran && v.L&script.Built != 0 && len(s) > 8 {
			for i := before; i < len(h.All); i++ {
				if h.All[i].Decoded == "" {
					h.All[i].Decoded = s
				}
			}
			hidden := webshell.Sight{Rule: "hidden-code", Decoded: s,
				Text: "Code put together from pieces is run by " + how + "."}
			if len(s) > 80 && (capable(s) || runsText(s)) && !strings.Contains(h.page.Text, s[20:60]) {
				hidden.Verdict, hidden.Sure = webshell.Malicious, finding.ModerateConfidence
				hidden.Text = "Code that stands nowhere in the file in plain is decoded and run by " + how + "."
			}
			h.See(n, v, hidden)
		}
		return out
	}
	s := webshell.Sight{Rule: "request-to-eval", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as code by " + how + "."}
	switch {
	case v.L&(fromRequest|fromUpload) != 0 && v.L&script.Numeric != 0:
		return script.Value{}
	case v.L&(fromRequest|fromUpload) != 0:
		if v.L&script.Mixed != 0 && v.L&mapped == 0 {
			s.Sure = finding.ModerateConfidence
			switch p := strings.TrimSpace(v.Prefix()); {
			case h.binds && strings.HasSuffix(p, ".") && v.S == "":
				s.Text = "The request names an object and what is done with it, by " + how + "."
				s.Verdict = webshell.Malicious
			case m.Discards(n) && p != "" && strings.Trim(p, "(") == "" && strings.Trim(v.S, ") ;") == "":
				s.Verdict = webshell.Malicious // else JSON that is read without care
			case operand(v.Prefix()) || v.S != "" && (v.S[0] == '"' || v.S[0] == '\''):
				s.Text = "Text from the request is part of an expression that is run by " + how + "."
				s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
			}
		}
	case v.L&fromRemote != 0:
		s.Rule, s.Text = "remote-to-eval", "Code fetched from another server is run by "+how+"."
		if v.L&script.Mixed != 0 && v.L&fromFile != 0 { // a page compiled from its template, which may be anywhere
			s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
		}
	case v.L&fromSession != 0:
		s.Rule, s.Text = "session-to-eval", "Text kept in the session is run as code by "+how+"."
		s.Sure = finding.ModerateConfidence
		if v.L&script.Mixed != 0 || v.T.Prev != nil { // a cache of code, as frameworks keep it
			s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
		}
	case v.L&fromOdd != 0:
		s.Rule, s.Text = "stored-to-eval", "Text read from a file that should hold no code is run as code by "+how+"."
		s.Sure = finding.ModerateConfidence
	case v.L&(fromFile|fromData) != 0:
		s.Rule, s.Text = "stored-to-eval", "Text read from a file or database is run as code by "+how+"."
		s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
	case v.L&script.Opaque != 0:
		s.Rule, s.Text = "opaque-eval", "A long encoded text of the file is run as code by "+how+"; it could not be decoded here."
		s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
	default:
		return script.Value{}
	}
	h.See(n, v, s)
	return script.Value{}
}

// capable reports whether code names anything by which it could do harm. Sites
// are sold with their code encoded, too.
func capable(code string) bool {
	low := strings.ToLower(code)
	for _, w := range []string{"wscript.shell", "shell.application", "adodb.stream", "filesystemobject", "createtextfile", "savetofile", "xmlhttp", "classid", "getobject"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// runsText reports whether code runs more text as code.
func runsText(code string) bool {
	low := strings.ToLower(code)
	return strings.Contains(low, "execute") || strings.Contains(low, "eval")
}

// operand reports whether what follows the prefix stands inside a statement
// of the page, as in Execute("x = " & text): careless, but no shell.
func operand(prefix string) bool {
	p := strings.TrimRight(prefix, " \t")
	return p != "" && p != "return" && !strings.HasSuffix(p, ";return") && !strings.HasSuffix(p, "; return") && p[len(p)-1] != ':' && p[len(p)-1] != '\n' && p[len(p)-1] != ';' && p[len(p)-1] != '}'
}

// exec is a command line v being run.
func (h *host) exec(m *script.Machine, n *script.Node, v script.Value, how string) {
	s := webshell.Sight{Rule: "request-to-command", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as a command by " + how + "."}
	text, known := v.Text()
	switch {
	case v.L&(fromRequest|fromUpload) != 0 && v.L&script.Numeric != 0:
		return
	case v.L&(fromRequest|fromUpload) != 0:
	case v.L&fromRemote != 0:
		s.Rule, s.Text = "remote-to-command", "Text fetched from another server is run as a command by "+how+"."
	case v.L&fromSession != 0:
		s.Text, s.Sure = "Text kept in the session is run as a command by "+how+".", finding.ModerateConfidence
	case known && hostileCommand(text):
		s.Rule, s.Text = "hostile-command", "A command that serves intruders is run by "+how+"."
		s.Verdict, s.Sure, s.Decoded = webshell.Malicious, finding.ModerateConfidence, text
	default:
		s.Rule, s.Text = "runs-command", "A command is run by "+how+"."
		s.Verdict, s.Sure, s.Decoded = webshell.Suspicious, finding.LowConfidence, text
	}
	h.See(n, v, s)
}

// hostileCommand knows commands that no page has reason to run.
func hostileCommand(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"net user", "net localgroup", "net1 user", "powershell", "certutil", "bitsadmin", "mimikatz", "procdump", "reg save", "whoami", "cacls", "sethc", "recycler", "$recycle.bin", "terminal server", "ipconfig /all", "netstat", "mshta", "regsvr32"} {
		if strings.Contains(s, w) && (w != "powershell" || !webshell.RunsScript(s)) {
			return true
		}
	}
	return false
}

// scriptName reports whether a path ends as a script does.
func scriptName(v script.Value) bool {
	s := v.S
	if v.K != script.VString && v.K != script.VUnknown {
		return false
	}
	s = strings.ToLower(strings.TrimRight(s, " ."))
	for _, e := range []string{".asp", ".asa", ".cer", ".cdx", ".aspx", ".ashx", ".asmx", ".php", ".jsp", ".exe", ".bat", ".vbs", ".cmd", ".htr", ".dll"} {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return strings.Contains(s, ".asp;") || strings.Contains(s, ".asa;")
}

// pure reports whether the request alone chooses the text.
func pure(v script.Value) bool {
	return v.L&fromRequest != 0 && v.L&script.Mixed == 0 && v.L&script.Numeric == 0
}

// whole reports whether the text is all of the request, perhaps in pieces.
func whole(v script.Value) bool {
	return v.L&script.Mixed == 0 || v.L&(script.Worded|info|fromFile|fromData|fromSession|fromRemote) == 0
}

// write is content being written to a file at path.
func (h *host) write(m *script.Machine, n *script.Node, path, content script.Value) {
	if content.K == script.VString && h.depth < 2 && len(content.S) > 10 {
		low := strings.ToLower(content.S)
		if strings.Contains(low, "<%") || strings.Contains(low, "runat") {
			if inner := analyse(content.S, h.depth+1); len(inner) > 0 && inner[0].Verdict == webshell.Webshell {
				h.See(n, content, webshell.Sight{Rule: "writes-webshell", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
					Text: "A web shell is written to a file.", Decoded: content.S, Inner: inner})
				return
			}
		}
	}
	if content.K == script.VString && content.L&script.Built != 0 && len(content.S) > 256 && strings.HasPrefix(content.S, "MZ") {
		h.See(n, content, webshell.Sight{Rule: "writes-program", Verdict: webshell.Malicious, Sure: finding.HighConfidence,
			Text: "A program hidden in the page is written to a file."})
		return
	}
	if s, ok := content.Text(); ok && !path.Known() && webshell.Injected(s) {
		h.See(n, content, webshell.Sight{Rule: "injects-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Nothing but a script of another host is written into files.", Decoded: s})
		return
	}
	if content.L&fromFile != 0 && (webshell.Injected(content.Prefix()) || webshell.Injected(content.S)) {
		h.See(n, content, webshell.Sight{Rule: "injects-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "A script of another host is put before or behind what a file holds.", Decoded: content.Prefix() + content.S})
		return
	}
	req := content.L&(fromRequest|fromUpload) != 0 && content.L&script.Numeric == 0
	if s, ok := path.Text(); ok && req {
		m.Wrote(s, content)
	}
	if path.L&fromRequest != 0 {
		h.act(m, n, "write", path)
	}
	s := webshell.Sight{Rule: "request-to-file", Text: "Text from the request is written to a file."}
	switch {
	case req && content.L&fromUpload == 0 && pure(path) && whole(content) && (path.L&mapped == 0 || path.Prefix() == ""):
		s.Text = "Text from the request is written to a file that the request names."
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
	case req && whole(content) && path.L&fromRequest != 0 && path.L&mapped == 0 && path.Prefix() == "" && path.S != "":
		s.Text = "Text from the request alone is written into any folder that the request names."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	case req && path.L&info != 0 && path.L&mapped != 0 && path.L&(fromRequest|script.Mixed) == 0: // not a file below its folder
		s.Text = "Text from the request is written to the script itself."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
		if whole(content) {
			s.Verdict = webshell.Webshell
		}
	case req && content.L&password != 0 && content.L&script.Mixed != 0 && path.L&fromRequest == 0:
		s.Rule, s.Text = "stores-passwords", "Passwords that visitors type are written to a file in plain."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	case req && (content.L&fromUpload == 0 || path.L&(fromRequest|fromUpload) == 0) && scriptName(path) && whole(content):
		s.Text = "Text from the request alone is written to a script."
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
	case req && content.L&fromUpload == 0 && scriptName(path) && strings.HasSuffix(strings.TrimSpace(content.Prefix()), "<%"):
		s.Text = "Text from the request is written to a script as its code."
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
	case content.L&fromRemote != 0 && (pure(path) || scriptName(path) && content.L&script.Mixed == 0):
		s.Rule, s.Text = "remote-to-file", "Content fetched from another server is written to a script or to a file that the request names."
		s.Verdict, s.Sure = webshell.Malicious, finding.HighConfidence
	case content.L&fromRemote != 0 && content.L&script.Mixed == 0 && path.L&fromRequest != 0 && path.L&script.Numeric == 0 && path.S == "" && len(h.page.Includes) == 0:
		s.Rule, s.Text = "remote-to-file", "Content fetched from another server is written to a file whose ending the request chooses."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	case content.L&fromUpload != 0 && pure(path) && path.L&mapped == 0:
		s.Rule, s.Text = "upload-to-file", "An uploaded file is stored wherever on the server the request says."
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
	case content.L&fromUpload != 0 && path.L&(fromRequest|fromUpload) != 0 && path.S == "" && path.L&script.Numeric == 0 && h.bare():
		s.Rule, s.Text = "upload-to-file", "The page does nothing but store what it is sent under the name it is sent, and checks neither names nor who asks."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	case content.L&fromUpload != 0 && pure(path):
		s.Rule, s.Text = "upload-to-file", "An uploaded file is stored where the request says."
		s.Verdict, s.Sure = webshell.Suspicious, finding.LowConfidence
	case req:
	default:
		return
	}
	h.See(n, script.Union(content, path), s)
}

// makesScript is a file being moved or copied, which may make it a script.
func (h *host) makesScript(n *script.Node, from, to script.Value) {
	if content, ok := h.Machine.Written(from); ok && scriptName(to) {
		h.write(h.Machine, n, to, content)
	} else if pure(from) && to.L&fromRequest == 0 && scriptName(to) {
		h.See(n, from, webshell.Sight{Rule: "file-to-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page makes a script of any file that the request names."})
	}
}

// maxBare is the size of a page that only stores what it is sent, in bytes.
const maxBare = 3 << 10

// bare reports whether the page is small, stands alone and checks nothing.
func (h *host) bare() bool {
	if len(h.page.Text) > maxBare || len(h.page.Includes) > 0 {
		return false
	}
	low := strings.ToLower(h.page.Text)
	for _, w := range []string{"session", "extension", "contenttype", "content-type", "filesize", ".jpg", ".gif", ".png", ".pdf", ".csv", ".txt", "class ", "instrrev(filename", "getext"} {
		if strings.Contains(low, w) {
			return false
		}
	}
	return true
}

// sql is a statement being run. Only a console's is of interest: the request
// sends all of it and names the database too.
func (h *host) sql(m *script.Machine, n *script.Node, v, conn script.Value) {
	if strings.HasPrefix(strings.TrimSpace(strings.ToLower(v.Prefix())), "update") && webshell.ScriptElsewhere(v.S) {
		h.See(n, v, webshell.Sight{Rule: "injects-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "A script of another host is put into tables of the database.", Decoded: v.S})
		return
	}
	h.queriesOthers(n, v)
	if v.L&fromRequest == 0 || v.L&script.Numeric != 0 {
		return
	}
	s := webshell.Sight{Rule: "request-to-sql", Verdict: webshell.Suspicious, Sure: finding.LowConfidence,
		Text: "A whole SQL statement comes from the request."}
	c := script.Union(conn, anyOf(conn))
	low := strings.TrimRight(strings.ToLower(v.Prefix()), " [\"")
	switch names := c.L&(fromRequest|fromSession) != 0; {
	case databaseCommand(low):
		h.databaseCommand(n, v)
		return
	case names && pure(v):
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
		s.Text = "The request names the database and sends the SQL statement."
	case names && strings.HasSuffix(low, " from"):
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		s.Text = "The request names the database and the table that is read."
	case c.L&fromRequest != 0:
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
		s.Text = "The request names the database and sends part of the SQL statement."
	case !pure(v):
		return
	}
	h.See(n, v, s)
}

// databaseCommand reports whether a statement runs commands of the system.
func databaseCommand(low string) bool {
	return strings.Contains(low, "xp_cmdshell") || strings.Contains(low, "sp_oacreate")
}

// export is where a query begins that bcp is to run, in quotation marks.
var export = regexp.MustCompile(`(?i)xp_cmdshell\s+'bcp\s+"[^"&|]*$`)

// databaseCommand is v being run as a command by the database server.
func (h *host) databaseCommand(n *script.Node, v script.Value) {
	if v.L&fromRequest == 0 || v.L&script.Numeric != 0 {
		return
	}
	s := webshell.Sight{Rule: "request-to-command", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
		Text: "Text from the request is run as a command by the database server."}
	if export.MatchString(v.Prefix()) {
		s.Rule, s.Verdict, s.Sure = "database-command", webshell.Suspicious, finding.LowConfidence
		s.Text = "The database server exports, by its own program, what a query with text from the request finds."
	}
	h.See(n, v, s)
}

func (h *host) connect(m *script.Machine, n *script.Node, recv, v script.Value) {
	h.logsIn(n, v)
	if v.L&(fromRequest|fromSession) != 0 && recv.O != nil {
		recv.O.Any = script.Union(recv.O.Any, v)
	}
}

// act notes a file action on a path that the request chooses.
func (h *host) act(m *script.Machine, n *script.Node, kind string, path script.Value) {
	if path.L&(fromRequest|fromSession) == 0 || path.L&script.Numeric != 0 {
		return
	}
	if h.acts == nil {
		h.acts = map[string]act{}
	}
	p := pure(path)
	if old, ok := h.acts[kind]; !ok || p && !old.pure {
		h.acts[kind] = act{n: n, v: path, pure: p}
	}
}
