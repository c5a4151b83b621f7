// Package script analyses CGI scripts: Perl, Python, Ruby and shell that hand
// what a request sent to a command or to evaluation, or tie a shell to a
// network socket.
package script

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

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
	case ".pl", ".cgi", ".pm", ".py", ".wsgi", ".sh", ".bash", ".rb", ".fcgi":
		return true
	}
	switch webshell.Interpreter(head) {
	case "", "php", "node": // of other analysers
		return false
	}
	return true
}

var (
	socket = regexp.MustCompile(`(?i)IO::Socket|\buse\s+Socket\b|socket\.socket|TCPSocket|/dev/tcp/`)
	shell  = regexp.MustCompile(`['"` + "`" + ` ](?:/usr)?/bin/(?:ba|k|c|z|da)?sh\b|cmd\.exe|\bsh\s+-i|bash\s+-i|pty\.spawn`)
	rewire = regexp.MustCompile(`(?i)open\s*\(?\s*\*?STD(?:IN|OUT|ERR)\s*,\s*["']?[<>+]*&|dup2\s*\(|0>&1|reopen|2>&1.*/dev/tcp|STDIN->fdopen`)
	irc    = regexp.MustCompile(`PRIVMSG`)
	join   = regexp.MustCompile(`\bJOIN\b`)
)

var (
	// A script without one of these does not answer requests.
	answers = literal.New([]string{"content-type", "query_string", "fieldstorage", "request_method", "use cgi", "cgi.new", "cgi->", "flask", "bottle", "http_", "request.", "params[",
		"plack::", "mojolicious", "dancer", "wsgi", "tornado", "httprequesthandler", "fastapi", "web.input", "web.data", "mod_python", "falcon", "path_info"})
	acts    = literal.New([]string{"system", "exec", "eval", "qx", "popen", "spawn", "commands.", "subprocess", "compile", "__import__", "sh", "syscall", "`", "open", "$(", "readpipe", "ipc::", "/e"})
	sockets = literal.New([]string{"socket", "/dev/tcp/"})
	shells  = literal.New([]string{"/bin/", "cmd.exe", "-i", "pty.spawn"})
	streams = literal.New([]string{"stdin", "stdout", "stderr", "dup2", "0>&1", "reopen", "/dev/tcp"})
	joins   = literal.New([]string{"join"})
)

func analyse(name string, data []byte) []webshell.Reason {
	cgi, net := answers.Any(data), sockets.Any(data)
	if !cgi && !net || !acts.Any(data) {
		if (len(data) > maxTool || !talks.Any(data)) && !moving(data) {
			return nil
		}
		s := &scan{Listing: webshell.NewListing(withoutComments(bytes.Clone(data))), tongue: tongueOf(strings.ToLower(name), data)}
		s.tool(data)
		s.takesOver()
		return webshell.Strongest(s.Out)
	}
	tongue, text := tongueOf(strings.ToLower(name), data), bytes.Clone(data)
	if tongue == perl {
		text = withoutDocumentation(text)
	}
	s := &scan{Listing: webshell.NewListing(withoutComments(text)), tongue: tongue, elements: map[string]int{}, tables: map[string]bool{}, bare: map[string]bool{}, programs: map[string]bool{}}
	s.quotes = quotes{data: s.Data, open: -1}
	s.byPerl = forPerl.Match(data[:min(len(data), 200)])
	s.env = s.tongue == perl && bytes.Contains(data, []byte("Env")) && environ.Match(data)
	s.words()
	if net {
		s.network()
	}
	if cgi && (len(s.from) > 0 || len(s.Tainted) > 0 || s.routes()) {
		s.functions()
		s.Spread(";\n", 6, s.statement)
		for _, c := range s.calls {
			s.sink(c)
		}
	}
	s.decoded(data)
	s.tool(data)
	s.takesOver()
	if s.full {
		s.Out = append(s.Out, webshell.Unread(webshell.TooMuch))
	}
	return webshell.Strongest(s.Out)
}

// withoutComments turns lines that are comments into spaces, in place.
func withoutComments(out []byte) []byte {
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
	*webshell.Listing        // variables are without their sigils
	from              []int  // offsets that read the request
	calls             []call // what could act, in order
	full              bool   // there is more of either than is kept
	stop              ends   // of statements
	tongue            tongue
	funcs             []function       // in order
	subs              map[string][]int // functions by name
	waiting           []int            // room of pass
	elements          map[string]int   // as Tainted, of hashes and dictionaries
	tables            map[string]bool  // names that were asked for by a key: whether the script fills them with its own
	quotes            quotes
	env               bool            // Perl's Env may make variables of the environment's
	byPerl            bool            // the first line names Perl
	programs          map[string]bool // variables of the shell that fixedVariable has judged
	interprets        *bool           // the script names an interpreter; nil before anybody asks
	own               map[string]bool // HTTP_… that a script of the shell sets; nil before anybody asks
	bare              map[string]bool // names that Perl assigned without a sigil: constants, handles
	tampers           *bool           // with the meaning of Perl's functions and patterns; nil before anybody asks
	held              map[string]bool // whether the script has a text
	aliases           map[string]string
	handles           map[string]*file // by variable
	handlers          [][2]int         // classes of Python that answer requests; nil before anybody asks
	replies           *bool            // a script of the shell; nil before anybody asks
	directly          map[string]bool  // by variable, of direct
	looked            int              // how often isRun did
	into              *file            // of the call that is noted next
}

// maxSocketScript is how much of a script is searched for sockets, in bytes.
const maxSocketScript = 512 << 10

// network recognises shells tied to a socket, and bots that take orders from
// IRC.
func (s *scan) network() {
	head, rest := s.Data, []byte(nil)
	if len(head) > maxSocketScript {
		head, rest = head[:maxSocketScript], head[maxSocketScript:]
	}
	s.connects(head, 0)
	if tail := max(0, len(rest)-maxSocketScript); len(rest) > 0 && len(s.Out) == 0 {
		s.connects(rest[tail:], len(head)+tail)
		s.full = s.full || sockets.Any(rest[:tail])
	}
}

// connects is network for a part of the script that begins at an offset.
func (s *scan) connects(head []byte, from int) {
	place := near(socket, sockets, head)
	if place == nil {
		return
	}
	at := from + place[0]
	if m := near(shell, shells, head); m != nil && near(rewire, streams, head) != nil && !ownPipes(head) && sideBySide(head) {
		s.Add(webshell.Malicious, finding.HighConfidence, "socket-shell", "The script ties a shell to a network socket.", at, from+m[0])
	}
	if m := irc.FindIndex(head); m != nil && near(join, joins, head) != nil {
		if len(s.calls) > 0 {
			s.Add(webshell.Malicious, finding.ModerateConfidence, "irc-bot", "The script takes orders from an IRC channel and runs commands.", from+m[0], s.calls[0].at)
		}
	}
}

// Bounds of a large script, in which a shell and the streams that are tied to a
// socket stand near each other, in bytes.
const (
	maxApart = 16 << 10
	maxTied  = 64
)

// sideBySide reports whether a script names a shell near to where it ties a stream.
func sideBySide(head []byte) bool {
	if len(head) <= maxTool {
		return true
	}
	for from, n := 0, 0; n < maxTied; n++ {
		m := near(rewire, streams, head[from:])
		if m == nil {
			return false
		}
		if near(shell, shells, head[max(0, from+m[0]-maxApart):min(len(head), from+m[1]+maxApart)]) != nil {
			return true
		}
		from += m[1]
	}
	return true
}

var (
	wire   = regexp.MustCompile(`(?i)open\s*\(?\s*\*?STD(?:IN|OUT|ERR)\s*,\s*["'][<>+]*&=?(\w+)["']\s*(?:[);]|or\b|\|\|)`)
	piping = regexp.MustCompile(`\bpipe\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)`)
	wiring = regexp.MustCompile(`(?:\b(?:open|socket|accept|socketpair)\s*\(?\s*|\*\s*\{?\s*['"]?)(\w+)(?:\s*,\s*(\w+))?`)
)

// ownPipes reports whether all that standard streams are tied to in a Perl
// script are ends of its own pipes, as where it feeds a command, and none of
// these names gets another meaning.
func ownPipes(head []byte) bool {
	pipe := map[string]bool{"STDIN": true, "STDOUT": true, "STDERR": true}
	for _, m := range piping.FindAllSubmatch(head, -1) {
		pipe[string(m[1])], pipe[string(m[2])] = true, true
	}
	for _, m := range wiring.FindAllSubmatch(head, -1) {
		if bytes.HasPrefix(m[0], []byte("open")) && bytes.HasPrefix(m[1], []byte("STD")) {
			continue // to what, rewire tells
		}
		delete(pipe, string(m[1]))
		delete(pipe, string(m[2]))
	}
	return len(wire.FindAllIndex(head, -1)) == len(rewire.FindAllIndex(head, -1)) &&
		!slices.ContainsFunc(wire.FindAllSubmatch(head, -1), func(m [][]byte) bool { return !pipe[string(m[1])] })
}

// margin is how far from the line of its word a pattern may reach, in bytes.
const margin = 128

// near finds a pattern around the lines that hold one of the words without
// which it does not match, which is faster by far than looking everywhere.
func near(pattern *regexp.Regexp, words *literal.Set, data []byte) []int {
	from, to := 0, 0
	find := func() []int {
		m := pattern.FindIndex(data[from:to])
		if m != nil {
			m[0], m[1] = m[0]+from, m[1]+from
		}
		return m
	}
	for start, end := range words.Lines(data) {
		if start-margin > to { // a stretch of its own
			if m := find(); m != nil {
				return m
			}
			from = start - margin
		}
		to = min(len(data), end+margin)
	}
	return find()
}

// statement passes on what an assignment or a loop's head holds.
func (s *scan) statement(from, to int) bool {
	text := s.Data[from:to]
	if s.tongue == perl && slurps.Match(text[max(0, len(text)-40):]) && to+1 < len(s.Data) {
		if end := bytes.IndexByte(s.Data[to+1:min(len(s.Data), to+200)], ';'); end >= 0 { // do { local $/; <STDIN> }
			to += 1 + end
			text = s.Data[from:to]
		}
	}
	passed := s.pass(from, to)
	passed = s.fills(from, to) || passed
	cut := s.assigns(text)
	if i := bytes.Index(text, []byte("for")); i >= 0 && (cut < 0 || i < cut) && loop.Match(text[i:min(len(text), i+9)]) {
		// foreach $x (@y), for x in y
		if k := max(bytes.Index(text, []byte(" in ")), bytes.IndexByte(text[i:], '(')+i); k > i+3 {
			cut = k
		}
	}
	if cut <= 0 || cut > 400 {
		return passed
	}
	value := to
	if s.tongue == perl {
		if m := modified.FindIndex(text[cut:]); m != nil {
			value = from + cut + m[1]
		}
	}
	at, ok := s.comesFrom(from+cut, value)
	if !ok || s.harmless(from+cut+1, to) {
		return passed
	}
	changed := passed
	left, start := text[:cut], from
	if i := bytes.LastIndexAny(left, "{}"); i >= 0 && left[i] == '{' && bytes.IndexByte(left[i:], '}') < 0 && bytes.LastIndexByte(left[:i], '$') < 0 {
		left, start = left[i:], from+i // the block's brace before the variable
	}
	f, local, element := s.within(from), s.local(left), 0
	for k, w := range webshell.Words(left, false) {
		if s.names(start+k, len(w)) {
			element = k // $h{name} = … says nothing of other elements
		}
	}
	for k, w := range webshell.Words(left, false) {
		if k >= element && !plain[string(w)] {
			changed = s.assign(f, start+k, w, local, at) || changed
		}
	}
	return changed
}

// slurps is the beginning of a block of Perl that reads a file whole.
var slurps = regexp.MustCompile(`\bdo\s*\{\s*local\s*\(?\s*\$/[^;]*$`)

var loop = regexp.MustCompile(`^for(each)?[\s(]`)

// plain are words left of an assignment that are no variables.
var plain = map[string]bool{"my": true, "our": true, "local": true, "for": true, "foreach": true, "while": true, "if": true, "export": true, "self": true, "in": true, "and": true, "or": true}

// comesFrom returns where what stands in the text came in.
func (s *scan) comesFrom(from, to int) (int, bool) {
	if i, _ := slices.BinarySearch(s.from, from); i < len(s.from) && s.from[i] < to {
		return s.from[i], true
	}
	f := s.within(from)
	for k, w := range webshell.Words(s.Data[from:min(to, from+maxArguments)], false) {
		if at, ok := s.holds(f, from+k, w); ok && !s.looksUp(from+k, len(w)) {
			return at, true
		}
	}
	return 0, false
}

// looksUp says that a variable is only the key of a table that the script fills with
// its own: what is found there is none of the request's.
func (s *scan) looksUp(at, size int) bool {
	before := bytes.TrimRight(s.Data[max(0, at-maxKey):at], "$\"'")
	if n := len(before); s.tongue == other || n == 0 || before[n-1] != '[' && before[n-1] != '{' {
		return false
	}
	behind := bytes.TrimLeft(s.Data[at+size:min(len(s.Data), at+size+8)], "\"' ")
	if len(behind) == 0 || behind[0] != ']' && behind[0] != '}' {
		return false
	}
	before = bytes.TrimRight(before[:len(before)-1], "-> ")
	table := before[bytes.LastIndexFunc(before, func(r rune) bool { return r >= 0x80 || !letter(byte(r)) && !digit(byte(r)) })+1:]
	if len(table) == 0 {
		return false
	}
	known, asked := s.tables[string(table)]
	if !asked && len(s.tables) < maxTables {
		known = isTable(s.Data, table)
		s.tables[string(table)] = known
	}
	return known
}

// isTable reports whether a list or a table is assigned to a name.
func isTable(text, name []byte) bool {
	for {
		i := bytes.Index(text, name)
		if i < 0 {
			return false
		}
		whole := i == 0 || !letter(text[i-1]) && !digit(text[i-1])
		text = text[i+len(name):]
		if value, ok := bytes.CutPrefix(bytes.TrimLeft(text[:min(len(text), maxKey)], " \t"), []byte("=")); ok && whole {
			if value = bytes.TrimLeft(value, " \t\r\n"); len(value) > 0 && (value[0] == '(' || value[0] == '{' || value[0] == '[') {
				return true
			}
		}
	}
}

// Bounds of what is looked at for tables: bytes before a key, and tables of one script.
const (
	maxKey    = 60
	maxTables = 20
)

// sink judges one call.
func (s *scan) sink(c call) {
	text := s.Data[c.lo:c.hi]
	if c.into != nil {
		s.written(c)
		return
	}
	if len(s.Out) > 1000 || (c.name == "sh" || c.name == "bash") && !bytes.Contains(text, []byte("-c")) {
		return
	}
	if c.name == "eval" && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return // Perl's try
	}
	if c.name == "eval" && (refers.Match(text) || named.Match(text) || s.byPerl && never.Match(s.Data[c.lo:min(len(s.Data), c.lo+400)])) {
		return // a function, or what Perl never runs
	}
	if c.name == "eval" && s.tongue == other && s.evaluatesOutput(s.Data[c.lo:min(len(s.Data), c.lo+600)]) {
		return // the request's values are its arguments, in quotes
	}
	if c.name == "`" && s.tongue != other && bytes.IndexByte(text, '$') < 0 && bytes.IndexByte(text, '@') < 0 && !bytes.Contains(text, []byte("#{")) {
		return // no variable stands in it: SQL quotes its names so
	}
	at, ok := s.comesFrom(c.lo, c.hi)
	if !ok {
		return
	}
	if s.program(c, text) || s.indirect(c, text, at) {
		if c.name != "$(" { // else a value that a filter makes
			s.Add(webshell.Suspicious, finding.LowConfidence, "request-to-argument", "The script runs a program with an argument from the request.", at, c.at)
		}
		return
	}
	verdict, sure := webshell.Webshell, finding.HighConfidence
	if !s.sure(at, c.at) || c.name == "eval" && translates.Match(text) || c.name == "$(" && (at < c.lo || at > c.hi) && reckons.Match(s.Data[c.lo:min(len(s.Data), c.hi+2)]) {
		verdict, sure = webshell.Suspicious, finding.LowConfidence
	}
	s.Add(verdict, sure, "request-to-command", "The script runs a command or code from the request.", at, c.at)
}

// indirect reports whether a call is of a kind that programs make with what they have
// made of a request: of a module of Perl, over several lines, in the second statement of a text, with the
// output of a command of the shell that is given what was read.
func (s *scan) indirect(c call, text []byte, at int) bool {
	if cut := bytes.IndexByte(text, '\n'); cut >= 0 {
		if _, first := s.comesFrom(c.lo, c.lo+cut); !first {
			return !s.direct(c.lo, c.hi)
		}
	}
	switch c.name {
	case "pipe":
		return !s.direct(c.lo, c.hi)
	case "eval":
		cut := bytes.IndexByte(text, ';')
		if cut < 0 || s.tongue != perl {
			return false
		}
		_, first := s.comesFrom(c.lo, c.lo+cut)
		return !first && !s.direct(c.lo, c.hi)
	case "$(", "`":
		return s.tongue == other && (bytes.HasPrefix(s.Data[at:], []byte("read")) || bytes.HasPrefix(s.Data[at:], []byte("cat")))
	}
	return sinks[c.name].needs != "" && !s.direct(c.lo, c.hi)
}

// Bounds of a script in which the same name in two places says enough to call it
// a shell. Padding makes a script large, but does not spread what the request
// sent over it.
const (
	maxNames = 128 << 10 // bytes, or else
	maxHeld  = 64        // variables that hold what the request sent
)

// sure reports whether what came in at one offset is what arrives at another: in
// a large script names alone do not say so, unless few are concerned or it is all
// in one function.
func (s *scan) sure(came, at int) bool {
	if len(s.Data) <= maxNames || came < at && s.within(came) == s.within(at) {
		return true
	}
	held := len(s.Tainted) + len(s.elements)
	for _, f := range s.funcs {
		held += len(f.tainted)
	}
	return held < maxHeld
}

// reckons is what the shell reckons with, in which only Bash runs code, of variables.
var reckons = regexp.MustCompile(`^\([\w\s${}#+*/%<>=-]*\)\)$`)

// translates is the text that Perl's tr is evaluated in, for its tables are fixed
// otherwise.
var translates = regexp.MustCompile(`^\s*\(?\s*["{]\s*(?:tr|y)/`)

var (
	environ = regexp.MustCompile(`\b(?:use|require)\s+Env\b|\bEnv(?:::|->)`)
	forPerl = regexp.MustCompile(`^#!\S*perl\b`)
	// never is what hands a script to Perl where a shell runs it first.
	never = regexp.MustCompile(`^\s*'[^'\\]*'\s*if\s+0\s*;`)
)

// named is the text that loads a Perl module by its own name, with nothing joined
// to it.
var named = regexp.MustCompile(`^\s*\(?\s*(?:"` + module + `"|'` + module + `'|qq?\s*\{` + module + `\})\s*\)?\s*(?:(?:or|and|if|unless)\b|\|\||&&|\}|$)`)

const module = `\s*(?:use|require)\s+[\w:]+\s*(?:;\s*1?\s*;?\s*)?`

// refers is the text that takes a reference to a Perl function.
var refers = regexp.MustCompile(`^\s*\(?\s*(?:qq?\s*)?["'({]\s*\\+&[\w:$>{}\-]+\s*(?:["')}]|$)`)

// assigns is the offset of the first = of a statement that compares nothing, or
// -1. In the shell only spaces tell: A==x assigns.
func (s *scan) assigns(text []byte) int {
	for i := 0; ; i++ {
		k := bytes.IndexByte(text[i:], '=')
		if k < 0 {
			return -1
		}
		i += k
		double := i+1 < len(text) && text[i+1] == '='
		unequal := i > 0 && bytes.IndexByte([]byte("!<>"), text[i-1]) >= 0 && (i < 2 || text[i-2] != text[i-1]) // not <<=
		start := i
		if unequal {
			start--
		}
		if !double && !unequal || s.tongue == other && (start == 0 || text[start-1] != ' ') {
			return i
		}
		if double {
			i++
		}
	}
}

var (
	whole = regexp.MustCompile(`^\s*int\s*(\([\w\s$+\-*/%.()]*\))\s*$`)
	// compares is a fixed text of Perl that asks whether a variable matches the
	// pattern in another.
	compares = regexp.MustCompile(`^\s*'\$\w+\s*=~\s*m?/\$\w+/[imsx]*;?'\s*;`)
	// modified is a string of Perl, whatever the condition behind it asks: the
	// first mark that is not masked ends it, whatever stands in it.
	modified = regexp.MustCompile(`^=\s*"[^"\\]*"\s+(?:if|unless)\b`)
	// tampering gives int another meaning, or lets patterns run code.
	tampering = regexp.MustCompile(`\bsub\s+int\b|\bsubs\b|\bGLOBAL\b|\bimport\b|\*\s*\{|\*[\w:']*\bint\b|::\s*\{[^}\n]*\}\s*=[^=~]|\bBEGIN\b|\buse\s+(?:re|overload)\b`)
)

// maxTampering is how much of a script is searched for what tampers, in bytes;
// nothing is taken to be harmless in a larger one.
const maxTampering = 256 << 10

// harmless reports whether what a statement of Perl assigns can hold no command
// and no code of the request, though it is made of it: a whole number, or a
// fixed text that compares.
func (s *scan) harmless(from, to int) bool {
	if s.tongue != perl || to >= len(s.Data) || s.Data[to] != ';' {
		return false
	}
	m := whole.FindSubmatch(s.Data[from:to])
	if m != nil && closes(m[1]) != len(m[1])-1 || m == nil && !compares.Match(s.Data[from:min(len(s.Data), to+3)]) {
		return false
	}
	if s.tampers == nil {
		t := len(s.Data) > maxTampering || tampering.Match(s.Data)
		s.tampers = &t
	}
	return !*s.tampers
}

// closes is the offset of the bracket that closes the first one, or -1. The text
// holds no strings.
func closes(text []byte) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

var (
	variable = regexp.MustCompile(`^\s*\$(?:(\w+)|\{(\w+)\})\s+[^;&|\n` + "`" + `]*$`)
	settled  = regexp.MustCompile(`^=["']?(?:\$\w+|\$\{\w+\})?/[\w./-]+["']?\s*(?:\n|$)`)
)

// maxPrograms is how many variables of a script are looked for.
const maxPrograms = 16

// fixedVariable reports whether a command of the shell is a variable's program,
// which is set once in the file, at a line's start, to the path of one that is
// no interpreter. Whatever else may set it, as read or eval, names it.
func (s *scan) fixedVariable(text []byte) bool {
	m := variable.FindSubmatch(text)
	if s.tongue != other || m == nil {
		return false
	}
	name := string(m[1]) + string(m[2])
	fixed, known := s.programs[name]
	if known || len(s.programs) == maxPrograms {
		return fixed
	}
	s.programs[name] = s.settled(name)
	return s.programs[name]
}

func (s *scan) settled(name string) bool {
	if _, ok := s.Tainted[name]; ok {
		return false
	}
	set := 0
	for i := 0; ; {
		k := bytes.Index(s.Data[i:], []byte(name))
		if k < 0 {
			return set == 1
		}
		at := i + k
		i = at + len(name)
		word := func(c byte) bool { return letter(c) || digit(c) }
		if at > 0 && word(s.Data[at-1]) || i < len(s.Data) && word(s.Data[i]) {
			continue // another name
		}
		before := s.Data[:at]
		switch {
		case bytes.HasSuffix(before, []byte("$")), bytes.HasSuffix(before, []byte("${")) && i < len(s.Data) && s.Data[i] == '}':
		case at == 0 || s.Data[at-1] == '\n':
			line := settled.Find(s.Data[i:min(len(s.Data), i+300)])
			if line == nil || interpreter(string(bytes.Trim(line[1:], "\"' \t\r\n"))) {
				return false
			}
			set++
		default:
			return false
		}
	}
}

// interpreter reports whether a program runs what its arguments say, going by
// its name.
func interpreter(name string) bool {
	switch strings.TrimRight(path.Base(name), "0123456789.-") {
	case "sh", "bash", "ksh", "csh", "ash", "dash", "zsh", "tcsh", "fish", "busybox", "env", "cmd", "cmd.exe", "perl", "python", "ruby", "php", "node", "lua",
		"tclsh", "awk", "gawk", "mawk", "nawk", "xargs", "find", "nohup", "setsid", "timeout", "sudo", "su", "nice", "ssh", "eval", "exec":
		return true
	}
	return false
}

// ownOutput is what a shell evaluates if it is the output of one of the system's
// own programs, such as a check of sessions: no common tool, which could hand on
// what it is given, has two words for its name.
var ownOutput = regexp.MustCompile(`^\s*"?\$\(\s*([a-z]{3,}(?:_[a-z]{3,})+)(?:\s+(?:[\w./-]+|"[^"$` + "`" + `\n]*"|"\$\w+"|\$\([\w ./-]*\)))*\s*\)\s*"?\s*(?:[\n|;]|$)`)

// evaluatesOutput reports whether what the shell evaluates is such output, and the
// program is no function of the script.
func (s *scan) evaluatesOutput(text []byte) bool {
	m := ownOutput.FindSubmatch(text)
	return m != nil && !regexp.MustCompile(`\b`+string(m[1])+`\s*(?:\(|\{)|\balias\s+`+string(m[1])+`=`).Match(s.Data)
}

// absolute is how scripts of the shell make a path absolute: what stands for the
// folder is expanded once and can be no command.
var absolute = regexp.MustCompile(`^\s*cd\s+[^;|&` + "`" + `\n]*(?:;|&&)\s*pwd(?:\s+-P)?\s*\)`)
