package script

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// A call is a place that could run a command or code: its name, its offset and
// where its arguments stand. Into is the file that they are written to, or nil.
type call struct {
	name       string
	at, lo, hi int
	into       *file
}

// Bounds of the calls of one script.
const (
	maxArguments = 64 << 10 // bytes of one call
	maxCalls     = 100_000  // of one script
	maxCallText  = 16 << 20 // bytes of all calls
)

var readInto = regexp.MustCompile(`(?i)^\s*\(?\s*[\\*]*(?:STDIN\s*,\s*(?:my\s+)?\$(\w+)|\$?\w+\s*,\s*(?:my\s+)?\$(\w+)\s*,[^;]*content_?length)`)

// piped is the mode of a file that is a pipe, between its commas.
var piped = regexp.MustCompile(`^,\s*["'](?:-\||\|-)[^"',]*["']\s*,`)

// words finds what reads the request and what could act, in one pass.
func (s *scan) words() {
	room := maxCallText
	add := func(name string, at, lo, hi int) {
		if room -= hi - lo; room <= 0 || len(s.calls) == maxCalls {
			s.full = true
			return
		}
		s.calls = append(s.calls, call{name, at, lo, hi, s.into})
	}
	tick, paren := ends{data: s.Data, set: "`\n"}, ends{data: s.Data, set: ")\n"}
	s.stop = ends{data: s.Data, set: ";\n"}
	ticked := 0 // the end of the command that backticks hold
	for i := 0; i < len(s.Data); {
		switch c := s.Data[i]; {
		case c == '`' && s.tongue != python && i >= ticked: // there it quotes in prose, or shows a value
			if end := tick.after(i + 1); end < len(s.Data) && s.Data[end] == '`' && end-i < maxArguments && end > i+1 && !s.quoted(i, end) {
				add("`", i, i+1, end)
				ticked = end + 1
			}
			i++
		case c == '$' && i+1 < len(s.Data) && s.Data[i+1] == '(' && s.tongue == other:
			if end := paren.after(i); end < len(s.Data) && s.Data[end] == ')' && end-i < maxArguments && end > i+2 {
				add("$(", i, i+2, end)
			}
			i += 2
		case c == '.' && s.tongue == other && i+1 < len(s.Data) && s.Data[i+1] == ' ':
			s.dot(i, add)
			i++
		case letter(c):
			end := i + 1
			for end < len(s.Data) && (letter(s.Data[end]) || digit(s.Data[end]) || s.Data[end] == '.' && end+1 < len(s.Data) && letter(s.Data[end+1])) {
				end++
			}
			s.word(i, end, i < ticked && s.tongue != other, add)
			i = end
		default:
			i++
		}
	}
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// word judges the name from i to end, which may stand within a command.
func (s *scan) word(i, end int, within bool, add func(name string, at, lo, hi int)) {
	if end-i > 60 || end-i < 2 && (s.tongue != python || len(s.aliases) == 0) {
		if end-i == 1 && s.tongue == perl && s.Data[i] == 's' {
			s.replaces(i, add)
		}
		return
	}
	before, after := byte(0), byte(0)
	if i > 0 {
		before = s.Data[i-1]
	}
	next := end
	for next < len(s.Data) && (s.Data[next] == ' ' || s.Data[next] == '\t') {
		next++
	}
	if next < len(s.Data) {
		after = s.Data[next]
	}
	var buf [64]byte
	low := buf[:0]
	for _, c := range s.Data[i:end] {
		if c-'A' < 26 {
			c |= 0x20
		}
		low = append(low, c)
	}
	if s.asks(low, i, before, after) && !s.ownName(i, end, before) && !s.inPath(i, low) {
		if len(s.from) < maxCalls {
			s.from = append(s.from, i)
		} else {
			s.full = true
		}
		return
	}
	if within || s.tongue == other && s.shellWord(low, i, end, add) || s.writes(low, i, end, before, add) {
		return
	}
	low = s.resolved(low, i, end)
	switch string(low) {
	case "read", "sysread":
		if m := readInto.FindSubmatchIndex(s.Data[end:min(len(s.Data), end+200)]); m != nil {
			k := max(m[2], m[4])
			s.Tainted[string(s.Data[end+k:end+max(m[3], m[5])])] = i
		}
		return
	case "open":
		args := s.statementAt(end)
		if len(args) > 400 {
			args = args[:400]
		}
		if bar := bytes.IndexByte(args, '|'); bar >= 0 && (bytes.Contains(args, []byte(`|"`)) || bytes.Contains(args, []byte(`|'`)) || bytes.Contains(args, []byte(`"|`)) || bytes.Contains(args, []byte(`'-|`)) || bytes.Contains(args, []byte(`'|`)) || bytes.Contains(args, []byte(`"-|`))) && !bytes.Contains(args, []byte("||")) {
			if comma := bytes.IndexByte(args, ','); comma >= 0 {
				if m := piped.FindIndex(args[comma:]); m != nil {
					comma += m[1] - 1
				}
				add("open", i, end+comma+1, end+len(args))
			}
		}
		return
	}
	if bytes.HasSuffix(s.Data[:i], []byte("SUPER::")) {
		return // of the class
	}
	d, ok := sinks[string(low)]
	if !ok && bytes.HasPrefix(low, []byte("subprocess.")) {
		ok = true
	}
	if m, known := methods[string(low[bytes.LastIndexByte(low, '.')+1:])]; known && s.tongue == m.tongue && s.has(m.needs) && (before == '.' || before == '>' || before == ':' || bytes.IndexByte(low, '.') > 0) {
		d, ok = m, true
	} else if ok && before == '.' && s.tongue == python && ofModule.Match(s.Data[max(0, i-60):i]) {
		d = door{}
	} else if strings.IndexByte(".>@%", before) >= 0 && before != 0 && !(i > 1 && before == '>' && s.Data[i-2] == '=') || before == '$' && string(low) != "shell" {
		return
	}
	if !ok || d.needs != "" && (s.tongue != d.tongue || !s.has(d.needs)) {
		return
	}
	if s.odd(i, end) || inPattern(s.Data[end:]) || inMatch(s.Data[max(0, i-12):i]) || !s.callsAt(next) && !s.handedOn(low, next) || s.quoted(i, end) {
		return
	}
	if s.tongue == perl && (string(low) == "compile" || bytes.HasSuffix(bytes.TrimRight(s.Data[max(0, i-8):i], " "), []byte("sub"))) {
		return // of the script's own
	}
	args := s.statementAt(end)
	add(string(low), i, end+past(args, d.skip), end+len(args))
}

// ownName reports whether what reads like the request's is a variable of the
// script, a key of its hashes, or Perl's pragma: the variables of the environment
// have capitals (but for Perl on Windows), and CGI.pm's function Vars has one.
func (s *scan) ownName(i, end int, before byte) bool {
	name := s.Data[i:end]
	switch string(name) {
	case "vars", "VARS":
		return true
	}
	switch small := bytes.Equal(name, bytes.ToLower(name)); {
	case before == '$', before == '{' && i > 1 && s.Data[i-2] == '$':
		return !s.env && small || s.tongue == other && s.sets(name)
	case before == '{' || before == '"' || before == '\'':
		return small && (!environment.Match(s.Data[max(0, i-24):i]) || bytes.HasPrefix(name, []byte("http_")) && !asked.Any(s.Data))
	}
	return false
}

// environment is what stands before the name of a variable of the environment.
var environment = regexp.MustCompile(`(?i)env|scope`)

var (
	// asked are words of which a script that answers requests has one.
	asked = literal.New([]string{"content-type", "query_string", "request_method", "use cgi", "cgi->"})
	// answering is a script of the shell that answers requests by itself.
	answering = regexp.MustCompile(`(?im)^\s*content-type:|\b(?:echo|printf)\b[^|\n]*content-type:`)
	setting   = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?HTTP_\w+=.*$`)
)

// sets reports whether a script of the shell that answers no request sets a variable
// HTTP_… itself, and not from another such.
func (s *scan) sets(name []byte) bool {
	if s.own == nil {
		s.own = map[string]bool{}
		if !answering.Match(s.Data) {
			for _, line := range setting.FindAll(s.Data, maxPrograms) {
				variable, value, _ := bytes.Cut(bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(line, " \t"), []byte("export")), " \t"), []byte("="))
				s.own[string(variable)] = !bytes.Contains(value, []byte("HTTP_")) && !bytes.Contains(value, []byte("QUERY_STRING"))
			}
		}
	}
	return s.own[string(name)]
}

// odd reports whether a name is spelled as no function is: EXEC stands in SQL,
// System in prose.
func (s *scan) odd(i, end int) bool {
	if s.tongue == other {
		return false
	}
	name := s.Data[i:end]
	name = name[bytes.LastIndexByte(name, '.')+1:]
	return string(name) != "Popen" && slices.ContainsFunc(name, func(c byte) bool { return 'A' <= c && c <= 'Z' })
}

// inPattern reports whether a name stands in a regular expression, by the class
// that follows it at once: no call begins with \s, as in exec\s+.
func inPattern(after []byte) bool {
	return len(after) > 2 && after[0] == '\\' && bytes.IndexByte([]byte("sSbB"), after[1]) >= 0 && bytes.IndexByte([]byte("+*?/)|\\{"), after[2]) >= 0
}

// inMatch says that what stands before a name makes it the beginning of a pattern
// of Perl.
func inMatch(before []byte) bool { return bytes.IndexByte(before, '~') >= 0 && matched.Match(before) }

var matched = regexp.MustCompile(`[=!]~\s*m?/\^?$`)

// maxStretch is how far a statement goes on behind a line or a semicolon that ends
// it only by its looks, in bytes.
const maxStretch = 600

// statementAt is the rest of the statement: a semicolon in a string does not end
// it, nor does a line while a bracket is open.
func (s *scan) statementAt(i int) []byte {
	end := min(s.stop.after(i), i+maxArguments)
	if end-i >= maxStretch {
		return s.Data[i:end]
	}
	depth, quote := 0, byte(0)
	for k := i; k < min(len(s.Data), i+maxStretch); k++ {
		switch c := s.Data[k]; {
		case c == '\\':
			k++
		case c == '\n' && quote != 0: // an apostrophe, or a text of many lines
			return s.Data[i:end]
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (s.Data[max(i, k-1)] == ' ' || s.Data[max(i, k-1)] == '\t'):
			k += len(line(s.Data[k:min(len(s.Data), i+maxStretch)])) - 1
		case (c == '(' || c == '[') && s.tongue != other:
			depth++
		case (c == ')' || c == ']') && s.tongue != other:
			depth--
		case c == '{' && depth > 0:
			depth += 100
		case c == '}' && depth >= 100:
			depth -= 100
		case k >= end && (c == ';' || c == '\n') && depth <= 0:
			return s.Data[i:k]
		}
	}
	return s.Data[i:end]
}

// past is where the arguments of a call begin, behind some others, or its end.
func past(args []byte, skip int) int {
	depth := 0
	if skip == 0 {
		return 0
	}
	for i, c := range args[:min(len(args), maxStretch)] {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if skip > 0 && depth <= 1 {
				if skip--; skip == 0 {
					return i + 1
				}
			}
		}
	}
	return len(args)
}

// ends finds the next byte of a set, for offsets that rise, in linear time.
type ends struct {
	data []byte
	set  string
	next int
}

func (e *ends) after(i int) int {
	if e.next < i || e.next == 0 {
		e.next = len(e.data)
		if n := bytes.IndexAny(e.data[i:], e.set); n >= 0 {
			e.next = i + n
		}
	}
	return e.next
}

// inPath reports whether a name is the end of a path, as "$tmp/stdin" in the shell,
// what sums of files print there, "(stdin)= ", or in curl's form of its answers,
// "%{http_code}".
func (s *scan) inPath(i int, low []byte) bool {
	before := s.Data[:i]
	if string(low) == "stdin" {
		sum := bytes.HasSuffix(before, []byte("(")) && bytes.HasPrefix(s.Data[i+len(low):], []byte(")="))
		return s.tongue == other && (sum || bytes.HasSuffix(before, []byte("/")) && !bytes.HasSuffix(before, []byte("/dev/")))
	}
	return bytes.HasSuffix(before, []byte("%{")) && bytes.HasPrefix(low, []byte("http_"))
}

var (
	decodes = regexp.MustCompile(`(?i)b64decode|decode_base64|base64\s+-d|unpack|fromhex|decompress|rot.?13|decode\(`)
	encoded = regexp.MustCompile(`["']([A-Za-z0-9+/=_\-\s]{40,}|(?:\\x[0-9a-fA-F]{2}){16,})["']`)
	// decoders are words without one of which decodes does not match.
	decoders = literal.New([]string{"decode", "base64", "unpack", "fromhex", "decompress", "rot"})
	hostile  = regexp.MustCompile(`(?i)\b(?:system|popen|subprocess|exec|eval|socket|/bin/sh|cmd\.exe|qx|open3)\b`)
)

// decodesIn reports whether text names what decodes.
func decodesIn(text []byte) bool { return decoders.Any(text) && decodes.Match(text) }

// decoded looks into text that is decoded and run.
func (s *scan) decoded(data []byte) {
	room := 4 << 20
	for _, c := range s.calls {
		if c.name != "eval" && c.name != "exec" && c.name != "compile" && c.name != "sh" && c.name != "bash" && c.name != "execfile" {
			continue
		}
		args := data[c.lo:min(len(data), c.lo+256<<10)]
		if c.name == "sh" || c.name == "bash" { // echo … | base64 -d | sh
			args = data[max(0, c.at-64<<10):c.at]
		}
		if !decodesIn(args[:min(len(args), 400)]) && !decodesIn(args[max(0, len(args)-400):]) {
			continue
		}
		if room -= len(args); room < 0 {
			return
		}
		m := encoded.FindSubmatch(args)
		if m == nil {
			continue
		}
		inner, ok := webshell.Base64(string(m[1]))
		if bytes.HasPrefix(m[1], []byte(`\x`)) {
			inner, ok = webshell.Hex(string(m[1]))
		}
		if !ok {
			continue
		}
		if plain, ok := webshell.Inflate(inner); ok && len(plain) > 16 {
			inner = plain
		}
		if webshell.PrintableRatio(inner) < 0.9 || !hostile.Match(inner) {
			continue
		}
		s.Add(webshell.Malicious, finding.ModerateConfidence, "hidden-code", "Encoded code that can run commands is decoded and run.", -1, c.at)
		s.Out[len(s.Out)-1].Decoded = webshell.Cut(string(inner), webshell.MaxShown)
		return
	}
}
