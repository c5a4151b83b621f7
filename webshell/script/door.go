package script

import (
	"bytes"
	"regexp"
)

// A door is a function that runs commands or code: of all languages that have it, or
// else of one, in scripts that hold a text. The command may stand behind other
// arguments.
type door struct {
	tongue tongue
	needs  string
	skip   int
}

// sinks are functions that run commands or code, in lower case.
var sinks = map[string]door{
	"system": {}, "exec": {}, "eval": {}, "qx": {}, "popen": {}, "spawn": {}, "compile": {}, "execfile": {}, "__import__": {},
	"bash": {}, "sh": {}, "instance_eval": {}, "syscall": {}, "io.popen": {}, "kernel.system": {}, "kernel.exec": {}, "open3.capture2": {},
	"open3.capture3": {}, "open3.popen3": {}, "open3.capture2e": {}, "pty.spawn": {}, "os.system": {}, "os.popen": {}, "os.popen2": {},
	"os.popen3": {}, "os.popen4": {}, "os.execl": {}, "os.execv": {}, "os.execvp": {}, "os.execlp": {}, "os.execve": {}, "os.execvpe": {}, "os.execle": {}, "os.execlpe": {},
	"os.spawnl": {}, "os.spawnv": {}, "os.spawnlp": {}, "os.spawnvp": {}, "os.spawnve": {}, "os.spawnle": {}, "os.posix_spawn": {}, "os.posix_spawnp": {},
	"os.startfile": {}, "commands.getoutput": {}, "commands.getstatusoutput": {}, "asyncio.create_subprocess_shell": {}, "asyncio.create_subprocess_exec": {},
	"getoutput": {}, "check_output": {}, "getstatusoutput": {}, "popen2.popen2": {}, "popen2.popen3": {}, "popen2.popen4": {},
	"pexpect.run": {}, "pexpect.spawn": {}, "runpy.run_path": {}, "cprofile.run": {}, "timeit.timeit": {}, "pdb.run": {},
	"builtins.exec": {}, "builtins.eval": {}, "__builtins__.exec": {}, "__builtins__.eval": {}, "__builtin__.eval": {},
	"open2": {perl, "IPC::Open", 2}, "open3": {perl, "IPC::Open", 3}, "run": {perl, "IPC::", 0}, "harness": {perl, "IPC::Run", 0}, "capture": {perl, "IPC::System", 0},
	"readpipe": {perl, "readpipe", 0},
}

// methods are as sinks, of objects and modules.
var methods = map[string]door{
	"system": {python, "ctypes", 0}, "runcode": {python, "Interactive", 0}, "runsource": {python, "Interactive", 0}, "push": {python, "InteractiveConsole", 0},
	"spawn": {perl, "Expect", 0}, "create": {perl, "Win32::Process", 2},
}

// ofModule is what stands before a function of a module that is named in a text.
var ofModule = regexp.MustCompile(`(?:import_module\(|modules\[)\s*["'](?:os|subprocess|commands|pty|builtins)["']\s*[)\]]\.$`)

// built is a function of a module by a name that is put together.
var built = regexp.MustCompile(`^\(\s*(?:os|subprocess|builtins|__builtins__)\s*,\s*(?:["']\w*["']\s*\+|[^"'\s\w])[^()\n]*\)\s*\(`)

// Modules of Python whose functions may be called by another name.
var (
	running  = `(os|subprocess|commands|pty|builtins|asyncio|pexpect|popen2|runpy)`
	imported = regexp.MustCompile(`^\s*(?:from\s+` + running + `\s+)?import\s+(.*)`)
	item     = regexp.MustCompile(`^\s*\(?\s*(\w+)(?:\s+as\s+(\w+))?\s*\)?\s*$`)
	ranBy    = regexp.MustCompile(`(?:^|[;\s])(\w+)\s*=\s*$`)
)

// maxAliases bounds the names that functions get.
const maxAliases = 64

// resolved is the name of what a name of Python stands for, from i to end, and notes
// which names an import or an assignment gives.
func (s *scan) resolved(low []byte, i, end int) []byte {
	if s.tongue != python {
		return low
	}
	note := func(name, is []byte) {
		if s.aliases == nil {
			s.aliases = map[string]string{}
		}
		if len(s.aliases) < maxAliases && !bytes.Equal(name, is) {
			s.aliases[string(bytes.ToLower(name))] = string(bytes.ToLower(is))
		}
	}
	if string(low) == "import" {
		from := i - min(i, 80)
		from += bytes.LastIndexAny(s.Data[from:i], "\n;") + 1
		m := imported.FindSubmatch(line(s.Data[from:min(len(s.Data), i+200)]))
		if m == nil {
			return low
		}
		names, _, _ := bytes.Cut(m[2], []byte(";"))
		for _, n := range bytes.Split(names, []byte(",")) {
			as := item.FindSubmatch(n)
			if as == nil {
				continue
			}
			name, is := as[1], as[1]
			if len(as[2]) > 0 {
				name = as[2]
			}
			if len(m[1]) > 0 {
				is = append(append(bytes.Clone(m[1]), '.'), as[1]...)
			}
			note(name, is)
		}
		return low
	}
	if string(low) == "getattr" && built.Match(s.Data[end:min(len(s.Data), end+100)]) {
		return []byte("os.system")
	}
	if len(s.aliases) > 0 {
		first, rest, dotted := bytes.Cut(low, []byte("."))
		if is, ok := s.aliases[string(first)]; ok {
			low = []byte(is)
			if dotted {
				low = append(append(low, '.'), rest...)
			}
		}
	}
	if runs(low) && end < len(s.Data) && s.Data[end] != '(' {
		if m := ranBy.FindSubmatch(s.Data[max(0, i-60):i]); m != nil {
			note(m[1], low)
		}
	}
	return low
}

// runs reports whether a name of Python is a function's that can be nothing else.
func runs(low []byte) bool {
	_, ok := sinks[string(low)]
	return ok && bytes.IndexByte(low, '.') > 0 || string(low) == "eval" || string(low) == "exec"
}

// handedOn reports whether a function of Python is an argument, with its own behind
// it.
func (s *scan) handedOn(low []byte, next int) bool {
	return s.tongue == python && next < len(s.Data) && s.Data[next] == ',' && runs(low)
}

// replaces notes a replacement of Perl whose text is evaluated twice, and so runs.
func (s *scan) replaces(i int, add func(name string, at, lo, hi int)) {
	if m := twice.FindIndex(s.Data[i:min(len(s.Data), i+200)]); m != nil {
		from := max(0, i-100)
		from += bytes.LastIndexAny(s.Data[from:i], ";\n{") + 1
		add("s", i, from, i+m[1])
	}
}

// twice is a replacement by a variable.
var twice = regexp.MustCompile(`^s\s*(?:/[^/\n]*/"?\$\w+"?/|\{[^}\n]*\}\s*\{\s*"?\$\w+"?\s*\}|([|,!#])[^|,!#\n]*[|,!#]"?\$\w+"?[|,!#])[gimsx]*e[gimsx]*e`)
