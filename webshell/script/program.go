package script

import (
	"bytes"
	"path"
	"regexp"
)

// program reports whether what a call runs is a fixed program.
func (s *scan) program(c call, text []byte) bool {
	switch c.name {
	case "sh", "bash", "eval", "pipe":
		return false
	case "$(", "`":
		if fixedProgram(text, false) || s.fixedVariable(text) || s.tongue == other && absolute.Match(s.Data[c.lo:min(len(s.Data), c.hi+40)]) {
			return true
		}
	}
	if m := held.FindSubmatch(text); m != nil && s.begins(m[1], !codeFlag.Match(text)) {
		return true
	}
	if toShellEnd.Match(text) {
		return false
	}
	if m := folder.FindIndex(text); m != nil { // what follows is what counts
		c.lo += m[1]
		text = text[m[1]:]
	}
	if m := leading.FindSubmatchIndex(text); m != nil && (s.tongue == perl || s.tongue == other) && !takesCode.Match(text) && s.leads(c.lo+m[2], c.lo+m[3]) {
		return true
	}
	return fixedProgram(text, s.tongue != other && c.name != "qx" && c.name != "`") || s.listed(c, text)
}

var program = regexp.MustCompile(`^\s*\(?\s*\[?\s*(["']?)\s*([/\w.-]{2,})["']?[\s,]+[^,)]`)

// fixedProgram reports whether a command begins with a program's name that is
// no shell. Without a mark around it a name may be a variable's.
func fixedProgram(text []byte, marked bool) bool {
	m := program.FindSubmatch(text)
	if m == nil || marked && len(m[1]) == 0 || m[2][len(m[2])-1] == '/' {
		return false
	}
	switch path.Base(string(m[2])) {
	case "sh", "bash", "ksh", "csh", "cmd", "cmd.exe", "perl", "python", "eval", "exec", "cd", "my":
		return false
	}
	return text[0] != '$' && !bytes.HasPrefix(bytes.TrimLeft(text, " (["), []byte("$"))
}

var (
	// first is the program of a list that is run without a shell.
	first = regexp.MustCompile(`^\s*(?:\(\s*)?(?:\[\s*)?(\$?[\w:.]+(?:(?:->)?\{\w+\}|\[["']\w+["']\])*)\s*,`)
	// codeFlag is an argument by which an interpreter takes code.
	codeFlag = regexp.MustCompile(`["'](?:-\w*[ceE]|/[cC])["']|\bshell\s*=\s*(?:True|1)`)
	// interprets is the name of an interpreter as a text.
	interprets = regexp.MustCompile(`["'/](?:(?:ba|da|k|c|z|a)?sh|busybox|env|cmd(?:\.exe)?|perl|python|ruby|php|node|lua)[\d.]*["']`)
	// held is a command that a variable holds.
	held = regexp.MustCompile(`^\s*\(?\s*["']?\s*[$@]?\{?(\w+)\}?["']?(?:[\s,);]|$)`)
)

var (
	// toShellEnd hands what a command says to a shell.
	toShellEnd = regexp.MustCompile(`\|\s*(?:/(?:usr/)?bin/)?(?:ba|da|k|z)?sh\s*(?:$|["'|&;)])`)
	// folder is the folder that a command is run in.
	folder = regexp.MustCompile(`^\s*\(?\s*["']?\s*cd\s+[^;&|\x60\n]*(?:;|&&)`)
	// leading is the variable that a command of Perl begins with.
	leading = regexp.MustCompile(`^\s*\(?\s*(?:qq?\s*[{(]|["'{(/|])?\s*(\$\{?\w+\}?(?:(?:->)?\{\w+\})*)[\w/.-]*\s+[^\s,."')]`)
	// takesCode is an argument by which an interpreter takes code, in a command.
	takesCode = regexp.MustCompile(`\s(?:-\w*[ceE]|/[cC])\b`)
)

// listed reports whether a call hands a list of arguments to a program of which the
// request says nothing, and no interpreter is named in the script.
func (s *scan) listed(c call, text []byte) bool {
	m := first.FindSubmatchIndex(text)
	if m == nil || s.tongue == other || s.tongue == python && bytes.IndexByte(text[:m[2]], '[') < 0 || codeFlag.Match(text) {
		return false
	}
	return s.leads(c.lo+m[2], c.lo+m[3])
}

// leads reports whether what stands in the text can name the program of a list: it
// holds nothing of the request, and no interpreter is named in the script.
func (s *scan) leads(from, to int) bool {
	if _, held := s.comesFrom(from, to); held {
		return false
	}
	if s.interprets == nil {
		names := shell.Match(s.Data) || interprets.Match(s.Data)
		s.interprets = &names
	}
	return !*s.interprets
}

var (
	started = regexp.MustCompile(`^\s*[(\[]?\s*(qq?[({/|]\s*|qw[({/|]\s*|["'])?\s*(?:sudo\s+(?:-n\s+)?)?([/\w.-]{2,})(?:["'\s,]|$)`)
	// list is one of a program and its arguments, or its beginning.
	list = regexp.MustCompile(`^\s*[(\[]\s*(\$?[\w:.]+(?:(?:->)?\{\w+\}|\[["']\w+["']\])*)\s*[,)\]]`)
	// declares may stand before a variable that is set.
	declares = regexp.MustCompile(`^\s*(?:(?:my|our|local|export|readonly)\s+)?[$@]?$`)
	// changes are ways to set a variable that do not say to what.
	changes = regexp.MustCompile(`\b(?:def|for|foreach|lambda|with|global|read|getopts|unshift|splice|shift|sysread|substr|import|except)\b|\\[$@]?$`)
	// declared are variables in brackets that are set together.
	declared = regexp.MustCompile(`(?:^|\b(?:my|our|local))\s*\([^()]*$`)
	together = regexp.MustCompile(`^[^;()]*\)\s*=`)
	altered  = regexp.MustCompile(`^(?:(?:\|\||//|&&|<<|>>|[-*/%x|^&])=|=~\s*(?:s|tr|y)\W|\[[^\]\n]*\]\s*=[^=~])`)
	several  = regexp.MustCompile(`^,[^()\[\]{};\n]*[^=!<>]=[^=~>]`)
)

// maxPlaces is how many places of one variable are looked at.
const maxPlaces = 1000

// begins reports whether all that a variable is set to begins with the name of a
// program that is no interpreter, whatever is added behind it; or else, where lists
// serve, that it is a list of one and its arguments.
func (s *scan) begins(name []byte, lists bool) bool {
	key := "=" + string(name)
	if lists {
		key = "[" + string(name)
	}
	fixed, known := s.programs[key]
	if known || len(s.programs) >= maxPrograms {
		return fixed
	}
	s.programs[key] = s.allBegin(name, lists)
	return s.programs[key]
}

func (s *scan) allBegin(name []byte, lists bool) bool {
	set, places := 0, 0
	word := func(i int) bool { return i >= 0 && i < len(s.Data) && (letter(s.Data[i]) || digit(s.Data[i])) }
	for i := 0; ; {
		k := bytes.Index(s.Data[i:], name)
		if k < 0 {
			return set > 0
		}
		at := i + k
		i = at + len(name)
		if word(at-1) || word(i) || s.tongue == perl && !s.sigil(at) {
			continue
		}
		if places++; places > maxPlaces {
			return false
		}
		before := s.Data[max(0, at-200):at]
		before = before[bytes.LastIndexAny(before, ";\n{}")+1:]
		after := bytes.TrimLeft(s.Data[i:min(len(s.Data), i+400)], " \t")
		sets := len(after) > 1 && after[0] == '=' && bytes.IndexByte([]byte("=~>"), after[1]) < 0
		switch {
		case sets && declares.Match(before):
			from := i + bytes.IndexByte(s.Data[i:], '=') + 1
			if l := list.FindSubmatchIndex(after[1:]); l != nil && lists && (s.tongue == python || s.tongue == perl && bytes.HasSuffix(before, []byte("@"))) && s.leads(from+l[2], from+l[3]) {
				set++
				break
			}
			m := started.FindSubmatch(after[1:])
			if m == nil || len(m[1]) == 0 && s.tongue != other || m[2][len(m[2])-1] == '/' || interpreter(string(m[2])) || string(m[2]) == "cd" {
				return false
			}
			set++
		case sets && (s.tongue != python || bytes.IndexByte(before, '(') < 0), altered.Match(after), changes.Match(before), declared.Match(before) && together.Match(after),
			several.Match(after) && bytes.IndexByte(before, '(') < 0:
			return false
		}
	}
}
