package script

import (
	"bytes"
	"regexp"

	"limier/webshell"
)

var (
	// piped in: what stands before and behind a shell that runs what it reads.
	intoShell = regexp.MustCompile(`\|\s*(?:sudo\s+|exec\s+)?(?:/(?:usr/)?(?:local/)?bin/)?$`)
	ofInput   = regexp.MustCompile(`^\s*(?:-s?\s*)?(?:$|[;&|)\n<>"'\x60]|\d>)`)
	fed       = regexp.MustCompile(`^\s*(?:-s?\s+)?(?:<<<|<\()`)
	sourced   = regexp.MustCompile(`^\s+(?:<\(|/dev/stdin\s*<<<)`)
	// forEach hands lines to a shell as code, and trapped is code for the end.
	forEach = regexp.MustCompile(`^[^\n|;]*\b(?:ba|da|k|z)?sh\s+-c\s+["']?(?:\{\}|%)`)
	trapped = regexp.MustCompile(`^[ \t]+["']?\$`)
	// byFlag is an argument that is code, of which the whole is a variable or a
	// command's output.
	byFlag = regexp.MustCompile(`^(?:[ \t]+[\w-]+){0,4}?[ \t]+-\w*[ceErS][ \t]+["']?[$\x60]`)
)

// isShell reports whether a program runs what its input holds.
func isShell(low []byte) bool {
	switch string(low) {
	case "sh", "bash", "dash", "ksh", "zsh", "ash":
		return true
	}
	return false
}

// shellWord notes what only the shell runs by a name, and reports whether that is so.
func (s *scan) shellWord(low []byte, i, end int, add func(name string, at, lo, hi int)) bool {
	after := s.Data[end:min(len(s.Data), end+200)]
	switch name := string(low); {
	case isShell(low):
		if ofInput.Match(after) && intoShell.Match(s.Data[max(0, i-40):i]) {
			from := max(0, i-400)
			from += bytes.LastIndexByte(s.Data[from:i], '\n') + 1
			add("pipe", i, from, i)
			return true
		}
		if !fed.Match(after) {
			return false
		}
	case name == "echo" || name == "printf" || name == "tee" || name == "cat":
		s.redirected(i, end, add)
		return true
	case name == "xargs":
		if !forEach.Match(after) {
			return false
		}
		add("pipe", i, max(0, i-200)+bytes.LastIndexByte(s.Data[max(0, i-200):i], '\n')+1, i)
		return true
	case name == "trap":
		if !trapped.Match(after) {
			return false
		}
	case name == "source":
		if !sourced.Match(after) {
			return false
		}
	case name == "perl" || name == "python" || name == "python2" || name == "python3" || name == "php" || name == "ruby" || name == "node" || name == "su" || name == "script" || name == "env":
		if !byFlag.Match(after) {
			return false
		}
	default:
		return false
	}
	add("pipe", i, end, end+len(s.statementAt(end)))
	return true
}

// dot notes the dot that runs what another command says.
func (s *scan) dot(i int, add func(name string, at, lo, hi int)) {
	if after := s.Data[i+1 : min(len(s.Data), i+40)]; sourced.Match(after) && (i == 0 || bytes.IndexByte([]byte("\n; \t&"), s.Data[i-1]) >= 0) {
		add("pipe", i, i+1, i+1+len(s.statementAt(i+1)))
	}
}

var (
	// filled are variables of the shell that read or printf fills.
	filled = regexp.MustCompile(`\bread[ \t]+((?:-\w+[ \t]+(?:"?\$\w+"?[ \t]+|\d+[ \t]+)?)*)((?:\w+[ \t]*)+)|\bprintf[ \t]+-v[ \t]+()(\w+)`)
	// readBy are variables of Perl that a file fills.
	readBy = regexp.MustCompile(`\bread\s*\(?\s*\$?(\w+)\s*,\s*(?:my\s+)?\$(\w+)`)
)

// fills notes which variables a statement fills from what was sent, other than by
// assignment.
func (s *scan) fills(from, to int) bool {
	text := s.Data[from:min(to, from+400)]
	if s.tongue != other && s.tongue != perl || !bytes.Contains(text, []byte("read")) && !bytes.Contains(text, []byte("printf -v")) {
		return false
	}
	if s.tongue == perl {
		m := readBy.FindSubmatchIndex(text)
		if m == nil {
			return false
		}
		at, ok := s.holds(s.within(from), from+m[2], text[m[2]:m[3]])
		return ok && s.assign(s.within(from), from+m[4], text[m[4]:m[5]], true, at)
	}
	m := filled.FindSubmatchIndex(text)
	if m == nil {
		return false
	}
	at, ok := s.comesFrom(from, to)
	if !ok {
		return false
	}
	if m[8] >= 0 {
		return s.assign(nil, from+m[8], text[m[8]:m[9]], false, at)
	}
	changed := false
	for k, w := range webshell.Words(text[m[4]:m[5]], false) {
		changed = s.assign(nil, from+m[4]+k, w, false, at) || changed
	}
	return changed
}

// reads reports whether a command at an offset reads what was sent, in a script that
// answers requests: what no other command or file feeds.
func (s *scan) reads(low []byte, at int) bool {
	if s.replies == nil {
		a := answering.Match(s.Data)
		s.replies = &a
	}
	if !*s.replies || at == 0 {
		return false
	}
	after := s.Data[at+len(low) : min(len(s.Data), at+len(low)+1000)]
	if string(low) == "cat" {
		return (s.Data[at-1] == '(' || s.Data[at-1] == '`') && alone.Match(after)
	}
	before := s.Data[max(0, at-80):at]
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	if !unfed.Match(before) || !plainRead.Match(after) || bytes.IndexByte(line(after), '<') >= 0 {
		return false
	}
	if done := bytes.Index(after, []byte("done")); bytes.Contains(before, []byte("while")) && (done < 0 || bytes.IndexByte(line(after[done:]), '<') >= 0) {
		return false
	}
	return true
}

var (
	alone     = regexp.MustCompile(`^\s*-?\s*[)\x60]`)
	unfed     = regexp.MustCompile(`^[ \t]*(?:while[ \t]+)?(?:IFS=\S*[ \t]+)?$`)
	plainRead = regexp.MustCompile(`^[ \t]+(?:-[a-zA-Z]+[ \t]+)*[a-zA-Z_]\w*[ \t]*(?:$|[;\n])`)
)
