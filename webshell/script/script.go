// Package script analyses CGI scripts: Perl, Python, Ruby and shell that hand
// what a request sent to a command or to evaluation, or tie a shell to a
// network socket.
package script

import (
	"bytes"
	"path"
	"regexp"
	"slices"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "script",
	Doc:     "CGI scripts in Perl, Python, Ruby and shell",
	Match:   match,
	Analyse: analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".pl", ".cgi", ".pm", ".py", ".sh", ".bash", ".rb", ".fcgi":
		return true
	}
	return bytes.HasPrefix(head, []byte("#!/")) && path.Ext(name) != ".php"
}

var (
	// What reads a request, in each of the languages.
	source = regexp.MustCompile(`(?i)\bparam\s*\(|\bVars\b|\$ENV\s*\{\s*['"]?(QUERY_STRING|HTTP_\w+|PATH_INFO|REQUEST_URI|CONTENT_LENGTH)|STDIN|` +
		`FieldStorage|os\.environ(?:\.get\(|\[)\s*['"](QUERY_STRING|HTTP_\w+|PATH_INFO|REQUEST_URI|CONTENT_LENGTH)|sys\.stdin|request\.(args|form|values|data|json|cookies|headers|params|GET|POST|body|query)|` +
		`\$\{?(QUERY_STRING|HTTP_[A-Z_]+|PATH_INFO|REQUEST_URI|REQUEST_BODY)|\bCGI\.new|\bparams\[|parse_qs|ENV\[['"](QUERY_STRING|HTTP_)`)
	read   = regexp.MustCompile(`\b(?:sys)?read\s*\(\s*\w+\s*,\s*(?:my\s+)?\$(\w+)`)
	sink   = regexp.MustCompile("(?m)(?:^|[^\\w.>$@%])(system|exec|eval|qx|popen|spawn|os\\.system|os\\.popen[234]?|commands\\.getoutput|commands\\.getstatusoutput|subprocess\\.\\w+|compile|execfile|__import__|Popen|pty\\.spawn|bash|sh|\\$SHELL|instance_eval|syscall|IO\\.popen)\\b\\s*([^;\\n]*)|`([^`\\n]+)`|\\bopen\\s*\\(?\\s*(?:my\\s+)?\\$?\\w+\\s*,\\s*((?:\"[^\"\\n]*\\|[^\"\\n]*\"|'[^'\\n]*\\|[^'\\n]*'|[^;\\n]*\"\\|\")[^;\\n]*)|\\$\\(([^)\\n]+)\\)")
	socket = regexp.MustCompile(`(?i)IO::Socket|\buse\s+Socket\b|socket\.socket|TCPSocket|/dev/tcp/`)
	shell  = regexp.MustCompile(`['"` + "`" + ` ](?:/usr)?/bin/(?:ba|k|c|z|da)?sh\b|cmd\.exe|\bsh\s+-i|bash\s+-i|pty\.spawn`)
	rewire = regexp.MustCompile(`(?i)open\s*\(?\s*\*?STD(?:IN|OUT|ERR)\s*,\s*["']?[<>+]*&|dup2\s*\(|0>&1|reopen|2>&1.*/dev/tcp|STDIN->fdopen`)
	irc    = regexp.MustCompile(`PRIVMSG`)
	join   = regexp.MustCompile(`\bJOIN\b`)
)

var (
	// A script without one of these does not answer requests.
	answers = literal.New([]string{"content-type", "query_string", "fieldstorage", "request_method", "use cgi", "cgi.new", "cgi->", "flask", "bottle", "http_", "request.", "params["})
	asks    = literal.New([]string{"param", "vars", "env", "stdin", "fieldstorage", "environ", "request", "query_string", "http_", "path_info", "cgi.new", "parse_qs", "read"})
	acts    = literal.New([]string{"system", "exec", "eval", "qx", "popen", "spawn", "commands.", "subprocess", "compile", "__import__", "sh", "syscall", "`", "open", "$("})
	sockets = literal.New([]string{"socket", "/dev/tcp/"})
)

func holds(set *literal.Set, b []byte) bool {
	found := make([]uint64, set.Words())
	set.Contained(found, b)
	return slices.ContainsFunc(found, func(w uint64) bool { return w != 0 })
}

func analyse(_ string, data []byte) []webshell.Reason {
	cgi, net := holds(answers, data), holds(sockets, data)
	if !cgi && !net || !holds(acts, data) {
		return nil
	}
	s := &scan{Listing: webshell.NewListing(withoutComments(data))}
	if net && socket.Match(s.Data) {
		s.network()
	}
	if cgi {
		s.sources()
		if len(s.from) > 0 {
			s.spread()
			s.sinks()
		}
	}
	return webshell.Strongest(s.Out)
}

// withoutComments turns lines that are comments into spaces.
func withoutComments(data []byte) []byte {
	out := bytes.Clone(data)
	for i := 0; i < len(out); {
		end := bytes.IndexByte(out[i:], '\n')
		if end < 0 {
			end = len(out) - i
		}
		line := out[i : i+end]
		if t := bytes.TrimLeft(line, " \t"); len(t) > 0 && t[0] == '#' {
			for k := range line {
				line[k] = ' '
			}
		}
		i += end + 1
	}
	return out
}

// A scan is one script on its way through the analysis.
type scan struct {
	*webshell.Listing       // variables are without their sigils
	from              []int // offsets that read the request
}

// network recognises shells tied to a socket, and bots that take orders from
// IRC.
func (s *scan) network() {
	at := socket.FindIndex(s.Data)[0]
	if m, r := shell.FindIndex(s.Data), rewire.FindIndex(s.Data); m != nil && r != nil {
		s.Add(webshell.Malicious, finding.HighConfidence, "socket-shell", "The script ties a shell to a network socket.", at, m[0])
	}
	if m := irc.FindIndex(s.Data); m != nil && join.Match(s.Data) {
		if x := sink.FindIndex(s.Data); x != nil {
			s.Add(webshell.Malicious, finding.ModerateConfidence, "irc-bot", "The script takes orders from an IRC channel and runs commands.", m[0], x[0])
		}
	}
}

// sources finds the places that read the request.
func (s *scan) sources() {
	for from, to := range asks.Lines(s.Data) {
		line := s.Data[from:to]
		for _, m := range source.FindAllIndex(line, 100) {
			s.from = append(s.from, from+m[0])
		}
		for _, m := range read.FindAllSubmatchIndex(line, 10) {
			s.Tainted[string(line[m[2]:m[3]])] = from + m[0]
		}
	}
}

// spread finds the variables that hold what the request sent, through at most
// six assignments.
func (s *scan) spread() {
	s.Spread(";\n", 6, s.statement)
}

// statement passes on what an assignment or a loop's head holds.
func (s *scan) statement(from, to int) bool {
	text := s.Data[from:to]
	cut := bytes.IndexByte(text, '=')
	if i := bytes.Index(text, []byte("for")); i >= 0 && (cut < 0 || i < cut) && loop.Match(text[i:min(len(text), i+9)]) {
		// foreach $x (@y), for x in y
		if k := max(bytes.Index(text, []byte(" in ")), bytes.IndexByte(text[i:], '(')+i); k > i+3 {
			cut = k
		}
	}
	if cut <= 0 || cut > 400 {
		return false
	}
	at, ok := s.comesFrom(from+cut, to)
	if !ok {
		return false
	}
	changed := false
	left := text[:cut]
	if i := bytes.LastIndexAny(left, "{}"); i >= 0 && left[i] == '{' && bytes.IndexByte(left[i:], '}') < 0 && bytes.LastIndexByte(left[:i], '$') < 0 {
		left = left[i:] // the block's brace before the variable
	}
	for _, w := range webshell.Words(left, false) {
		if _, old := s.Tainted[string(w)]; !old && !plain[string(w)] {
			s.Tainted[string(w)] = at
			changed = true
		}
	}
	return changed
}

var loop = regexp.MustCompile(`^for(each)?[\s(]`)

// plain are words left of an assignment that are no variables.
var plain = map[string]bool{"my": true, "our": true, "local": true, "for": true, "foreach": true, "while": true, "if": true, "export": true, "self": true, "in": true, "and": true, "or": true}

// comesFrom returns where what stands in the text came in.
func (s *scan) comesFrom(from, to int) (int, bool) {
	if i, _ := slices.BinarySearch(s.from, from); i < len(s.from) && s.from[i] < to {
		return s.from[i], true
	}
	for _, w := range webshell.Words(s.Data[from:min(to, from+4096)], false) {
		if at, ok := s.Tainted[string(w)]; ok {
			return at, true
		}
	}
	return 0, false
}

func (s *scan) sinks() {
	for lo, hi := range acts.Lines(s.Data) {
		if len(s.Out) > 50 {
			return
		}
		for _, m := range sink.FindAllSubmatchIndex(s.Data[lo:hi], 200) {
			s.sink(m, lo)
		}
	}
}

// sink judges one match of the expression in the line at lo.
func (s *scan) sink(m []int, lo int) {
	m = slices.Clone(m)
	for i := range m {
		if m[i] >= 0 {
			m[i] += lo
		}
	}
	from, to := 0, 0
	for _, g := range []int{4, 6, 8, 10} {
		if m[g] >= 0 {
			from, to = m[g], m[g+1]
			break
		}
	}
	text := s.Data[from:to]
	name := ""
	if m[2] >= 0 {
		name = string(s.Data[m[2]:m[3]])
	}
	if name == "sh" || name == "bash" {
		if !bytes.Contains(text, []byte("-c")) {
			return
		}
	}
	if name == "eval" && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return // Perl's try
	}
	at, ok := s.comesFrom(from, to)
	if !ok {
		return
	}
	if name != "sh" && name != "bash" && fixedProgram(text) {
		if m[10] >= 0 {
			return // a value that a filter makes
		}
		s.Add(webshell.Suspicious, finding.LowConfidence, "request-to-argument", "The script runs a program with an argument from the request.", at, m[0])
		return
	}
	s.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The script runs a command or code from the request.", at, m[0])
}

var program = regexp.MustCompile(`^\s*\(?\s*\[?\s*["']?\s*([/\w.-]{2,})["']?[\s,]+[^,)]`)

// fixedProgram reports whether a command begins with a program's name that is
// no shell.
func fixedProgram(text []byte) bool {
	m := program.FindSubmatch(text)
	if m == nil {
		return false
	}
	switch path.Base(string(m[1])) {
	case "sh", "bash", "ksh", "csh", "cmd", "cmd.exe", "perl", "python", "eval", "exec", "cd", "my":
		return false
	}
	return text[0] != '$' && !bytes.HasPrefix(bytes.TrimLeft(text, " (["), []byte("$"))
}
