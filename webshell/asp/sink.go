package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// A sight is a dangerous thing the code does, before context is weighed.
type sight struct {
	rule    string
	text    string
	verdict webshell.Verdict
	sure    finding.Confidence
	decoded string
	value   script.Value
	node    *script.Node
	inner   []webshell.Reason // of a page the code writes
}

// see notes s at n, once per place and rule.
func (h *host) see(m *script.Machine, n *script.Node, v script.Value, s sight) {
	s.value, s.node = v, n
	if h.known == nil {
		h.known = map[*script.Node]int{}
	}
	if i, ok := h.known[n]; ok {
		old := &h.seen[i]
		if old.value.L&fromRequest == 0 && v.L&fromRequest != 0 || s.verdict.Rank() > old.verdict.Rank() {
			*old = s
		}
		return
	}
	if len(h.seen) < 400 {
		h.known[n] = len(h.seen)
		h.seen = append(h.seen, s)
	}
}

// code is what Execute and its kin do with v.
func (h *host) code(m *script.Machine, n *script.Node, v script.Value, d script.Dialect, how string) script.Value {
	if s, ok := v.Text(); ok && v.K == script.VString {
		before := len(h.seen)
		out, ran := m.RunText(s, d)
		if ran && v.L&script.Built != 0 && len(s) > 8 {
			for i := before; i < len(h.seen); i++ {
				if h.seen[i].decoded == "" {
					h.seen[i].decoded = s
				}
			}
			hidden := sight{rule: "hidden-code", verdict: webshell.Suspicious, sure: finding.LowConfidence, decoded: s,
				text: "Code put together from pieces is run by " + how + "."}
			if len(s) > 80 && !strings.Contains(h.page.Text, s[20:60]) {
				hidden.verdict, hidden.sure = webshell.Malicious, finding.ModerateConfidence
				hidden.text = "Code that stands nowhere in the file in plain is decoded and run by " + how + "."
			}
			h.see(m, n, v, hidden)
		}
		return out
	}
	s := sight{rule: "request-to-eval", verdict: webshell.Webshell, sure: finding.HighConfidence,
		text: "Text from the request is run as code by " + how + "."}
	switch {
	case v.L&(fromRequest|fromUpload) != 0 && v.L&script.Numeric != 0:
		return script.Value{}
	case v.L&(fromRequest|fromUpload) != 0:
		if v.L&script.Mixed != 0 && v.L&mapped == 0 {
			s.sure = finding.ModerateConfidence
			if operand(v.Prefix()) {
				s.text = "Text from the request is part of an expression that is run by " + how + "."
				s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
			}
		}
	case v.L&fromRemote != 0:
		s.rule, s.text = "remote-to-eval", "Code fetched from another server is run by "+how+"."
	case v.L&fromSession != 0:
		s.rule, s.text = "session-to-eval", "Text kept in the session is run as code by "+how+"."
		s.sure = finding.ModerateConfidence
		if v.L&script.Mixed != 0 || v.T.Prev != nil { // a cache of code, as frameworks keep it
			s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
		}
	case v.L&fromOdd != 0:
		s.rule, s.text = "stored-to-eval", "Text read from a file that should hold no code is run as code by "+how+"."
		s.sure = finding.ModerateConfidence
	case v.L&(fromFile|fromData) != 0:
		s.rule, s.text = "stored-to-eval", "Text read from a file or database is run as code by "+how+"."
		s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
	case v.L&script.Opaque != 0:
		s.rule, s.text = "opaque-eval", "A long encoded text of the file is run as code by "+how+"; it could not be decoded here."
		s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
	default:
		return script.Value{}
	}
	h.see(m, n, v, s)
	return script.Value{}
}

// operand reports whether what follows the prefix stands inside a statement
// of the page, as in Execute("x = " & text): careless, but no shell.
func operand(prefix string) bool {
	p := strings.TrimRight(prefix, " \t")
	return p != "" && p[len(p)-1] != ':' && p[len(p)-1] != '\n' && p[len(p)-1] != ';' && p[len(p)-1] != '}'
}

// exec is a command line v being run.
func (h *host) exec(m *script.Machine, n *script.Node, v script.Value, how string) {
	s := sight{rule: "request-to-command", verdict: webshell.Webshell, sure: finding.HighConfidence,
		text: "Text from the request is run as a command by " + how + "."}
	text, known := v.Text()
	switch {
	case v.L&(fromRequest|fromUpload) != 0 && v.L&script.Numeric != 0:
		return
	case v.L&(fromRequest|fromUpload) != 0:
	case v.L&fromRemote != 0:
		s.rule, s.text = "remote-to-command", "Text fetched from another server is run as a command by "+how+"."
	case v.L&fromSession != 0:
		s.text, s.sure = "Text kept in the session is run as a command by "+how+".", finding.ModerateConfidence
	case known && hostileCommand(text):
		s.rule, s.text = "hostile-command", "A command that serves intruders is run by "+how+"."
		s.verdict, s.sure, s.decoded = webshell.Malicious, finding.ModerateConfidence, text
	default:
		s.rule, s.text = "runs-command", "A command is run by "+how+"."
		s.verdict, s.sure, s.decoded = webshell.Suspicious, finding.LowConfidence, text
	}
	h.see(m, n, v, s)
}

// hostileCommand knows commands that no page has reason to run.
func hostileCommand(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"net user", "net localgroup", "net1 user", "powershell", "certutil", "bitsadmin", "mimikatz", "procdump", "reg save", "whoami", "cacls", "sethc", "terminal server", "ipconfig", "netstat", "mshta", "regsvr32"} {
		if strings.Contains(s, w) {
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

// write is content being written to a file at path.
func (h *host) write(m *script.Machine, n *script.Node, path, content script.Value) {
	if content.K == script.VString && h.depth < 2 && len(content.S) > 10 {
		low := strings.ToLower(content.S)
		if strings.Contains(low, "<%") || strings.Contains(low, "runat") {
			if inner := analyse(content.S, h.depth+1); len(inner) > 0 && inner[0].Verdict == webshell.Webshell {
				h.see(m, n, content, sight{rule: "writes-webshell", verdict: webshell.Webshell, sure: finding.HighConfidence,
					text: "A web shell is written to a file.", decoded: content.S, inner: inner})
				return
			}
		}
	}
	if content.K == script.VString && content.L&script.Built != 0 && len(content.S) > 256 && strings.HasPrefix(content.S, "MZ") {
		h.see(m, n, content, sight{rule: "writes-program", verdict: webshell.Malicious, sure: finding.HighConfidence,
			text: "A program hidden in the page is written to a file."})
		return
	}
	req := content.L&(fromRequest|fromUpload) != 0 && content.L&script.Numeric == 0
	if path.L&fromRequest != 0 {
		h.act(m, n, "write", path)
	}
	s := sight{rule: "request-to-file", verdict: webshell.Suspicious, sure: finding.LowConfidence, text: "Text from the request is written to a file."}
	switch {
	case req && content.L&fromUpload == 0 && pure(path) && content.L&script.Mixed == 0 && (path.L&mapped == 0 || path.Prefix() == ""):
		s.text = "Text from the request is written to a file that the request names."
		s.verdict, s.sure = webshell.Webshell, finding.HighConfidence
	case req && path.L&info != 0 && path.L&mapped != 0 && path.L&fromRequest == 0:
		s.text = "Text from the request is written to the script itself."
		s.verdict, s.sure = webshell.Malicious, finding.ModerateConfidence
		if content.L&script.Mixed == 0 {
			s.verdict = webshell.Webshell
		}
	case req && content.L&fromUpload == 0 && scriptName(path) && content.L&script.Mixed == 0:
		s.text = "Text from the request alone is written to a script."
		s.verdict, s.sure = webshell.Webshell, finding.ModerateConfidence
	case content.L&fromRemote != 0 && (pure(path) || scriptName(path)):
		s.rule, s.text = "remote-to-file", "Content fetched from another server is written to a script or to a file that the request names."
		s.verdict, s.sure = webshell.Malicious, finding.HighConfidence
	case content.L&fromUpload != 0 && pure(path):
		s.rule, s.text = "upload-to-file", "An uploaded file is stored where the request says."
		s.verdict, s.sure = webshell.Suspicious, finding.LowConfidence
	case req:
	default:
		return
	}
	h.see(m, n, script.Union(content, path), s)
}

// sql is a statement being run. Only a console's is of interest: the request
// sends all of it and names the database too.
func (h *host) sql(m *script.Machine, n *script.Node, v, conn script.Value) {
	if v.L&fromRequest == 0 || v.L&script.Numeric != 0 {
		return
	}
	s := sight{rule: "request-to-sql", verdict: webshell.Suspicious, sure: finding.LowConfidence,
		text: "A whole SQL statement comes from the request."}
	c := script.Union(conn, anyOf(conn))
	low := strings.TrimRight(strings.ToLower(v.Prefix()), " [\"")
	switch names := c.L&(fromRequest|fromSession) != 0; {
	case names && pure(v):
		s.verdict, s.sure = webshell.Webshell, finding.HighConfidence
		s.text = "The request names the database and sends the SQL statement."
	case names && strings.HasSuffix(low, " from"):
		s.verdict, s.sure = webshell.Webshell, finding.ModerateConfidence
		s.text = "The request names the database and the table that is read."
	case !pure(v):
		return
	}
	h.see(m, n, v, s)
}

func (h *host) connect(m *script.Machine, n *script.Node, recv, v script.Value) {
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
