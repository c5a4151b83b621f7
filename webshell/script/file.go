package script

import (
	"bytes"
	"regexp"
	"slices"

	"limier/finding"
	"limier/webshell"
)

// A file is what a script writes to: where its name stands, or a shell that runs
// what is written.
type file struct {
	lo, hi int
	shell  bool
}

const shellName = `(?:/(?:usr/)?bin/)?(?:(?:ba|da|k|z|a)?sh|cmd(?:\.exe)?|powershell)`

var (
	// opened is a file of Perl that is opened to be written, or a shell.
	opened = regexp.MustCompile(`^\s*\(?\s*(?:my\s+|local\s+)?\\?\*?\$?(\w+)\s*,\s*(?:["'](?:\+?>>?)(?::[\w:()-]+)?["']\s*,\s*([^;\n]+)|(["'])\s*\+?>>?\s*([^"';\n]+)["']|["']\|\s*` + shellName + `\s*["']()|["']\|-["']\s*,\s*["']` + shellName + `["']())`)
	// made is one that is opened by sysopen.
	made    = regexp.MustCompile(`^\s*\(?\s*(?:my\s+)?\$?(\w+)\s*,\s*([^,;\n]+),[^;\n]*O_(?:WRONLY|RDWR|CREAT)`)
	fedBy   = regexp.MustCompile(`^\s*\(\s*(?:my\s+)?\\?\*?\$?(\w+)\s*,[^;\n]*["']` + shellName + `["']\s*\)`)
	printed = regexp.MustCompile(`^\s*\(?\s*\{?\s*\$?(\w+)\s*\}?[\s,]\s*`)
	// ends are what may follow a name.
	nameEnds = regexp.MustCompile(`\)?\s*(?:\bor\b|\|\||\bunless\b|\bif\b|$).*$|\)\s*$`)

	writing  = regexp.MustCompile(`^\s*(?:mode\s*=\s*)?["'][wax][bt+]*["']`)
	givenTo  = regexp.MustCompile(`(?:^|[;\s])(\w+)\s*=\s*$`)
	behind   = regexp.MustCompile(`^\s*\.write(?:lines)?\s*\(`)
	asName   = regexp.MustCompile(`^\s+as\s+(\w+)\s*:`)
	shellPy  = regexp.MustCompile(`^\s*\(\s*\[?\s*["']` + shellName + `["']\s*[],)]`)
	pathPy   = regexp.MustCompile(`^\s*\(\s*(["'][^"'\n]*["'])\s*\)\.write_(?:text|bytes)\(`)
	redirect = regexp.MustCompile(`[^0-9&>]>>?[ \t]*("[^"\n]*"|[^\s;&|"'()]+)`)
	teed     = regexp.MustCompile(`^(?:[ \t]+-a)?[ \t]+("[^"\n]*"|[^\s;&|"'()]+)`)
)

// maxHandles bounds the files that a script holds open.
const maxHandles = 256

func (s *scan) handle(name []byte, f *file) {
	if s.handles == nil {
		s.handles = map[string]*file{}
	}
	if len(s.handles) < maxHandles {
		s.handles[string(name)] = f
	}
}

// writes notes files that are opened and what is written to them, by a name from i to
// end, and reports whether the name does no more.
func (s *scan) writes(low []byte, i, end int, before byte, add func(name string, at, lo, hi int)) bool {
	into := func(f *file, lo, hi int) {
		if s.into = f; f != nil && lo < hi {
			add("print", i, lo, hi)
		}
		s.into = nil
	}
	after := s.Data[end:min(len(s.Data), end+300)]
	switch s.tongue {
	case perl:
		switch string(low) {
		case "open":
			if m := opened.FindSubmatchIndex(after); m != nil {
				f := &file{shell: m[10] >= 0 || m[12] >= 0}
				for _, k := range []int{4, 8} {
					if m[k] >= 0 {
						f.lo, f.hi = end+m[k], end+m[k+1]
						if cut := nameEnds.FindIndex(s.Data[f.lo:f.hi]); cut != nil && k == 4 {
							f.hi = f.lo + cut[0]
						}
					}
				}
				s.handle(after[m[2]:m[3]], f)
			}
		case "sysopen":
			if m := made.FindSubmatchIndex(after); m != nil {
				s.handle(after[m[2]:m[3]], &file{lo: end + m[4], hi: end + m[5]})
			}
		case "open3":
			if m := fedBy.FindSubmatchIndex(after); m != nil {
				s.handle(after[m[2]:m[3]], &file{shell: true})
			}
		case "print", "printf", "say", "syswrite":
			if len(s.handles) > 0 && before != '$' && before != '>' {
				if m := printed.FindSubmatchIndex(after); m != nil {
					into(s.handles[string(after[m[2]:m[3]])], end+m[1], end+len(s.statementAt(end)))
				}
			}
			return true
		}
	case python:
		first, rest, dotted := bytes.Cut(low, []byte("."))
		switch string(low) {
		case "open", "io.open", "codecs.open":
			s.opensPython(i, end, into)
			return true
		case "path", "pathlib.path":
			if m := pathPy.FindSubmatchIndex(after); m != nil {
				into(&file{lo: end + m[2], hi: end + m[3]}, end+m[1], end+len(s.statementAt(end)))
			}
		case "popen", "subprocess.popen":
			if m := givenTo.FindSubmatch(s.Data[max(0, i-60):i]); m != nil && shellPy.Match(after) {
				s.handle(m[1], &file{shell: true})
			}
		}
		if dotted && len(s.handles) > 0 && (string(rest) == "write" || string(rest) == "writelines" || string(rest) == "communicate" || string(rest) == "stdin.write") {
			into(s.handles[string(first)], end, end+len(s.statementAt(end)))
		}
	}
	return false
}

// opensPython notes a file that Python opens to write.
func (s *scan) opensPython(i, end int, into func(f *file, lo, hi int)) {
	args := s.Data[end:min(len(s.Data), end+300)]
	comma := past(args, 1)
	if len(args) == 0 || args[0] != '(' || !writing.Match(args[comma:]) {
		return
	}
	closed := bytes.IndexByte(args[comma:], ')')
	if closed < 0 {
		return
	}
	f, rest := &file{lo: end + 1, hi: end + comma - 1}, args[comma+closed+1:]
	if m := behind.FindIndex(rest); m != nil {
		lo := end + comma + closed + 1 + m[1] - 1
		into(f, lo, lo+len(s.statementAt(lo)))
	} else if m := asName.FindSubmatch(rest); m != nil {
		s.handle(m[1], f)
	} else if m := givenTo.FindSubmatch(s.Data[max(0, i-60):i]); m != nil {
		s.handle(m[1], f)
	}
}

// redirected notes what a command of the shell writes to a file.
func (s *scan) redirected(i, end int, add func(name string, at, lo, hi int)) {
	text := s.statementAt(end)
	lo, hi := end, end+len(text)
	m := redirect.FindSubmatchIndex(text[:min(len(text), 400)])
	if s.Data[i] == 't' { // tee
		lo = max(0, i-400)
		lo += bytes.LastIndexByte(s.Data[lo:i], '\n') + 1
		hi = i
		m = teed.FindSubmatchIndex(text[:min(len(text), 400)])
	} else if m != nil {
		hi = end + m[0] + 1
	}
	if m == nil {
		return
	}
	s.into = &file{lo: end + m[2], hi: end + m[3]}
	add("print", i, lo, hi)
	s.into = nil
}

var (
	// ofScript is the end of a script's name.
	ofScript = regexp.MustCompile(`(?i)\.(?:cgi|pl|php\d?|phtml|py|jspx?|aspx?|ashx)["'\s)]*$`)
	// fixed is a name that holds no variable.
	fixedName = regexp.MustCompile(`^\s*(?:"[^$@"'\n]+"|'[^"'\n]+')\s*$`)
	bareName  = regexp.MustCompile(`^[\w/.~-]+$`)
	// ending is the fixed end of a name.
	ending = regexp.MustCompile(`\.\w{1,5}["'\s)]*$`)
	// mixed is content with a text of the script's.
	mixed = regexp.MustCompile(`^\s*\(*\s*(?:[fbru]?'|f"|"[^$@"]|"")|\w\s*[+%.]\s*["']|["']\s*[+%.]\s*[\w$]|\bformat\(|\bsprintf\b|<<`)
	// verbatim is the form of what is printed as it is.
	verbatim = regexp.MustCompile(`^\s*(?:-\w+\s+)?["']%[sb](?:\\n)?["']`)
	// runBy is what stands before the name of a file that is run.
	runBy = regexp.MustCompile(`(?:\b(?:(?:ba|da|k|z)?sh|perl|python\d?|php|source|system|exec|execfile|do|popen|run|call|Popen)|(?:^|[\s;&|])\.|\bchmod\b[^\n;]*(?:\+x|7\d\d\b)[^\n;]*|[\n;&|]|[\x60])[\s(]*["']?\s*$`)
)

// written judges what a script writes to a file.
func (s *scan) written(c call) {
	at, ok := s.comesFrom(c.lo, c.hi)
	if !ok || len(s.Out) > 1000 || !s.sure(at, c.at) {
		return
	}
	if c.into.shell {
		s.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The script runs a command or code from the request.", at, c.at)
		return
	}
	name := s.Data[c.into.lo:c.into.hi]
	if mixed.Match(verbatim.ReplaceAll(s.Data[c.lo:c.hi], nil)) {
		return
	}
	switch fixed := fixedName.Match(name) || (s.tongue == other || s.tongue == perl && s.Data[max(0, c.into.lo-1)] != ' ') && bareName.Match(name); {
	case fixed && (ofScript.Match(name) || s.isRun(bytes.Trim(name, "\"' "), c.into.lo)):
		s.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-script", "The page writes what the request sends into a script.", at, c.at)
	case !fixed && !ending.Match(name):
		if from, ok := s.comesFrom(c.into.lo, c.into.hi); ok && len(s.Data) <= maxTool && s.direct(c.into.lo, c.into.hi) && !s.checks(name) {
			s.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", from, c.at)
		}
	}
}

// maxSettings is how many places are looked at where one variable is set.
const maxSettings = 8

// direct reports whether what stands in the text is the request's as it came: read
// there, or in a variable that is set from it alone.
func (s *scan) direct(from, to int) bool {
	if i, _ := slices.BinarySearch(s.from, from); i < len(s.from) && s.from[i] < to {
		return true
	}
	f := s.within(from)
	for k, w := range webshell.Words(s.Data[from:min(to, from+400)], false) {
		if _, ok := s.holds(f, from+k, w); ok && s.setDirectly(w) {
			return true
		}
	}
	return false
}

func (s *scan) setDirectly(name []byte) bool {
	direct, known := s.directly[string(name)]
	if !known && len(s.directly) < maxPrograms {
		if s.directly == nil {
			s.directly = map[string]bool{}
		}
		direct = s.allDirectly(name)
		s.directly[string(name)] = direct
	}
	return direct
}

func (s *scan) allDirectly(name []byte) bool {
	set := 0
	for i, n := 0, 0; n < maxSettings*8 && set < maxSettings; n++ {
		k := bytes.Index(s.Data[i:], name)
		if k < 0 {
			break
		}
		at := i + k
		i = at + len(name)
		near := max(0, at-40)
		if k := bytes.LastIndex(s.Data[near:at], []byte("read")); k >= 0 && readInto.Match(s.Data[near+k+len("read"):i]) {
			set++
			continue
		}
		after := bytes.TrimLeft(s.Data[i:min(len(s.Data), i+20)], " \t)")
		if len(after) < 2 || after[0] != '=' || bytes.IndexByte([]byte("=~>"), after[1]) >= 0 || at > 0 && (letter(s.Data[at-1]) || digit(s.Data[at-1])) {
			continue
		}
		value := line(s.Data[i:min(len(s.Data), i+200)])
		if j, _ := slices.BinarySearch(s.from, i); j == len(s.from) || s.from[j] >= i+len(value) || joined.Match(value) {
			return false
		}
		set++
	}
	return set > 0
}

// joined is a text that is put together.
var joined = regexp.MustCompile(`[\w$)]["']?\s*\.\s*["'$]|["']\s*[.+%]\s*[\w"'$]|\w\s*\+\s*["']|/\$|\$\{?\w+\}?[/.-]|\bjoin\b|\bformat\b`)

// isRun reports whether a script runs the file of a name, which stands at an offset.
func (s *scan) isRun(name []byte, at int) bool {
	if len(name) < 3 || bytes.HasPrefix(name, []byte("/dev/")) {
		return false
	}
	if s.looked++; s.looked > maxPrograms {
		return false
	}
	for i, n := 0, 0; n < maxPrograms; n++ {
		k := bytes.Index(s.Data[i:], name)
		if k < 0 {
			return false
		}
		i += k
		if before := s.Data[max(0, i-60):i]; i != at && (at > i || i > at+2) && runBy.Match(before) {
			return true
		}
		i += len(name)
	}
	return false
}

// checks reports whether a script looks at a name, or takes but a part of it.
func (s *scan) checks(name []byte) bool {
	for _, word := range []string{"secure_filename", "safe_join", "basename", "splitext", "endswith", "isalnum", "fileparse", "allowed"} {
		if s.has(word) {
			return true
		}
	}
	for _, w := range webshell.Words(name, false) {
		if s.has("$"+string(w)+" =~") || s.has("$"+string(w)+"=~") {
			return true
		}
	}
	return false
}
