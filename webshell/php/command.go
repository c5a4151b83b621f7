package php

import (
	"bytes"
	"strings"

	"limier/webshell"
)

var commands = words("system exec shell_exec passthru popen proc_open pcntl_exec expect_popen win_shell_execute win32_create_service")

// interpreter says that a command starts what runs the text it is sent.
func interpreter(cmd string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(cmd)), " ")
	switch word[strings.LastIndexAny(word, "/\\")+1:] {
	case "sh", "bash", "ksh", "zsh", "dash", "cmd", "cmd.exe", "powershell", "powershell.exe", "php", "perl", "python", "python3", "crontab", "at":
		return true
	}
	return false
}

var shellWords = []string{"cmd", "/bin/", "sh ", "bash", "powershell", "nohup", "cd ", "(", "timeout", "exec", "start ", "su ", "env ", "runas", "perl ", "python ", "php ", "ruby ", "gcc ", "./"}

// wholeCommand says that a command is foreign from its start, or is handed to
// a shell.
func wholeCommand(v value) bool {
	if v.k != vPart {
		return true
	}
	pre := strings.ToLower(strings.TrimLeft(v.s, " \"'"))
	if rest, ok := strings.CutPrefix(pre, "sudo "); ok { // what matters is what it starts
		for pre = strings.TrimLeft(rest, " "); ; pre = strings.TrimLeft(pre, " ") {
			word, rest, _ := strings.Cut(pre, " ")
			if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
				break
			}
			pre = rest
			if len(word) == 2 && strings.Contains("cdgprtu", word[1:]) { // an option with a value
				_, pre, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
			}
		}
	}
	whole := strings.TrimSpace(pre) == "" || anotherFollows(pre)
	for _, w := range shellWords {
		whole = whole || strings.HasPrefix(pre, w)
	}
	return whole
}

// namesScript says that a language's interpreter is told which script to run,
// so that what follows is for that script to read.
func namesScript(v value) bool {
	cmd := strings.ToLower(v.s)
	words := strings.Fields(cmd)
	if len(words) < 2 || strings.HasPrefix(words[1], "-") || anotherFollows(cmd) || len(words) == 2 && !strings.HasSuffix(cmd, " ") {
		return false
	}
	switch words[0] {
	case "perl", "python", "php", "ruby":
		return true
	}
	return false
}

// anotherFollows says that the shell takes what follows for a command of its own.
func anotherFollows(cmd string) bool {
	if strings.Count(cmd, `"`)%2 != 0 || strings.Count(cmd, "'")%2 != 0 {
		return false
	}
	cmd = strings.TrimRight(cmd, " \t")
	for _, w := range []string{";", "|", "&&", "`", "$(", "\n"} {
		if strings.HasSuffix(cmd, w) {
			return true
		}
	}
	return false
}

// handsCode says that an interpreter is told to run what follows.
func handsCode(v value) bool {
	words := strings.Fields(v.s)
	if v.k != vPart || len(words) < 2 || !interpreter(v.s) {
		return false
	}
	switch strings.ToLower(words[len(words)-1]) {
	case "-c", "-lc", "-e", "-r", "/c", "-command":
		return true
	}
	return false
}

// programsOwn says that a command starts with a constant that another file of
// the program sets, and goes on with text of this one.
func (m *machine) programsOwn(n *node) bool {
	if m.includes == 0 || n.op != nCall || len(n.list) == 0 || n.list[0].op != nConcat || len(n.list[0].list) < 2 {
		return false
	}
	first, next := n.list[0].list[0], n.list[0].list[1]
	_, own := m.consts[baseName(first.s)]
	return first.op == nConst && !own && next.op == nStr && !anotherFollows(next.s)
}

// quotesForShell says that what is no function of the file is, by its name,
// escapeshellarg of its program.
func quotesForShell(name string) bool {
	return strings.Contains(name, "shell") && (strings.Contains(name, "escape") || strings.Contains(name, "quote"))
}

// shellArgument is v, quoted for the shell.
func shellArgument(v value) value {
	if v.t&fromRequest != 0 && v.t&(checked|unsure) == 0 {
		return value{t: argument, tr: v.tr}
	}
	return value{}
}

// command judges what is run by the operating system.
func (m *machine) command(n *node, v value, via string) value {
	v = m.addressed(v)
	t, _ := taintOf(v)
	out := value{}
	m.wrapper(n, v, via)
	if m.facts.wroteAny && (m.isolated() && m.small() || m.facts.wroteIn == m.f) && v.k != vNull {
		low := strings.ToLower(v.s)
		for _, w := range []string{"gcc", "javac", "java ", "perl", "python", "ruby", "chmod", "/tmp/", "./", "node ", "csc"} {
			if strings.HasPrefix(low, w) {
				m.report("request-writes-and-runs", webshell.Webshell, moderate, "What the request gives is written to a file, and a program is run on it.", n, v)
				break
			}
		}
	}
	if m.facts.stored && m.isolated() && m.namesFetched(v.s+" "+v.tail()) && !m.verifies() {
		m.report("fetches-and-runs", webshell.Malicious, moderate, "A program is fetched from another host, stored and run.", n, v)
	}
	if s, ok := v.text(); ok && v.k == vStr {
		m.knownCommand(n, v, s)
		return out
	}
	what := "A command from " + describe(t) + " is run by " + via + "."
	if low := strings.ToLower(v.s); v.k == vPart && strings.HasPrefix(low, "ln -s /home") && m.isolated() {
		m.report("links-foreign-files", webshell.Malicious, moderate, "Links are made to the files of other users of the server.", n, v)
	}
	if low := strings.ToLower(v.tail()); v.k == vPart && (strings.HasPrefix(v.s, "curl ") || strings.HasPrefix(v.s, "wget ")) && strings.Contains(low, "http") && (t&decoded != 0 || pasteHost(low)) {
		m.report("fetches-file", webshell.Malicious, moderate, "A command fetches a file from a host that is hidden, or where anyone may leave text.", n, v)
	}
	switch {
	case t&(fromRequest|fromUpload) != 0 && t&checked != 0:
		m.report("request-to-command", webshell.Suspicious, moderate, what, n, v)
	case t&(fromRequest|fromUpload) != 0:
		whole := wholeCommand(v) && !m.programsOwn(n) || m.isolated() && m.small()
		conf := high
		if t&unsure != 0 {
			conf = moderate
		}
		if !whole {
			m.report("command-injection", webshell.Suspicious, moderate, "Part of a command comes from "+describe(t)+" ("+via+").", n, v)
			break
		}
		m.note(doesRun, n, v)
		m.report("request-to-command", webshell.Webshell, conf, what, n, v)
	case t&argument != 0 && (v.k == vUnknown || handsCode(v)) && t&(checked|unsure) == 0 && m.isolated(): // quoted or not, the client names the program
		m.note(doesRun, n, v)
		m.report("request-to-command", webshell.Webshell, moderate, "The request names the program that is run by "+via+".", n, v)
	case t&keyed != 0 && wholeCommand(v) && m.isolated():
		m.note(doesRun, n, v)
		m.report("request-to-command", webshell.Webshell, moderate, "A command that the request gives, encoded, is run by "+via+".", n, v)
	case t&fromRemote != 0 && v.k == vPart && !wholeCommand(v):
		m.report("command-injection", webshell.Suspicious, moderate, "Part of a command comes from "+describe(t)+" ("+via+").", n, v)
	case t&fromRemote != 0:
		m.report("remote-to-command", webshell.Webshell, moderate, what, n, v)
	case t&fromUndef != 0 && bytes.HasPrefix(m.file.src, []byte("#!")) && namesScript(v): // arguments of a command line, most likely
		m.report("undefined-to-command", webshell.Suspicious, low, what, n, v)
	case t&(fromUndef|unsure) == fromUndef && m.isolated() && wholeCommand(v):
		m.note(doesRun, n, v)
		m.report("undefined-to-command", webshell.Webshell, moderate, what, n, v)
	case t&fromUndef != 0 && v.k == vUnknown:
		m.report("undefined-to-command", webshell.Suspicious, low, what, n, v)
	}
	return out
}

// knownCommand looks at a command that the file itself spells out.
func (m *machine) knownCommand(n *node, v value, s string) {
	low := strings.ToLower(s)
	fetch := fetches(low)
	m.facts.ran = n
	m.evaluatedCommand(n, v)
	first, _, _ := strings.Cut(strings.TrimSpace(low), "\n")
	switch {
	case strings.Contains(low, "stratum+tcp"), strings.Contains(low, "xmrig"), strings.Contains(low, "minerd "), strings.Contains(low, "cpuminer"):
		m.report("starts-miner", webshell.Malicious, high, "A command starts a miner of coins.", n, v)
	case strings.Contains(low, ".bash_history"), strings.Contains(low, "histfile"), strings.Contains(low, "rm -rf /var/log"):
		m.report("covers-tracks", webshell.Malicious, high, "A command wipes the traces of commands.", n, v)
	case (m.isolated() || m.dials()) && (low == "/bin/sh" || low == "/bin/bash" || low == "cmd.exe" || low == "/bin/sh -i" || low == "sh -i" || low == "uname -a; w; id; /bin/sh -i"):
		m.report("starts-shell", webshell.Webshell, moderate, "A command interpreter is started.", n, v)
	case m.isolated() && m.small() && m.f == m.globals && (strings.Contains(low, "/etc/passwd") || strings.Contains(low, "net user") || strings.Contains(low, "find / -") || first == "whoami" || first == "id" || strings.HasPrefix(low, "uname -a")):
		m.report("explores-server", webshell.Malicious, moderate, "Commands ask about the server's users and system.", n, v)
	case strings.Contains(low, "/dev/tcp/"), strings.Contains(low, "nc -e"), strings.Contains(low, "bash -i"), strings.Contains(low, "fsockopen("):
		m.report("reverse-shell", webshell.Webshell, high, "A command opens a shell to another host.", n, v)
	case fetch && (runsFetched(low) || strings.Contains(low, "perl ") || strings.Contains(low, "chmod +x") || strings.Contains(low, "chmod 777") || strings.Contains(low, "/tmp") || strings.Contains(low, "php ")):
		m.report("fetches-and-runs", webshell.Malicious, high, "A command fetches a program and runs it.", n, v)
	case fetch && strings.Contains(low, "http") && m.isolated():
		m.report("fetches-file", webshell.Malicious, moderate, "A command fetches a file from another host.", n, v)
	case v.t&(decoded|hidden) != 0 && v.t&decoded != 0:
		m.report("hidden-command", webshell.Malicious, moderate, "A command that the file hides is run.", n, v)
	}
}

// dials says that the file opens connections, as what hands a shell to somebody
// does wherever it stands.
func (m *machine) dials() bool {
	return m.mentions("fsockopen(", "socket_create(", "socket_accept(", "stream_socket_client(", "stream_socket_server(")
}

// namesFetched says that a command names a file in which something of another
// host was stored.
func (m *machine) namesFetched(cmd string) bool {
	for path, d := range m.facts.kept {
		if d.t&fromRemote != 0 && len(path) > 4 && strings.Contains(cmd, path) {
			return true
		}
	}
	return false
}

// fetches says that a command fetches something over the network.
func fetches(low string) bool {
	for _, w := range []string{"wget ", "curl ", "lwp-download", "irm ", "iwr ", "invoke-webrequest", "invoke-restmethod", "downloadstring(", "downloadfile(", "certutil -urlcache"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return startsFetch(low)
}

// startsFetch says that a command, or a part of one, is fetch(1), and no verb of
// another program such as git.
func startsFetch(low string) bool {
	for at := 0; ; {
		i := strings.Index(low[at:], "fetch ")
		if i < 0 {
			return false
		}
		start := at + i
		at = start + len("fetch ")
		before := strings.TrimRight(low[:start], " ")
		if before == "" {
			return true
		}
		last := before[len(before)-1:]
		if strings.ContainsAny(last, ";|&(`/\n") || len(before) == start && strings.ContainsAny(last, `"'`) {
			return true
		}
	}
}

// runsFetched says that what a command fetches goes to a shell.
func runsFetched(low string) bool {
	if strings.Contains(low, "iex") && strings.Contains(low, "powershell") || strings.Contains(low, "invoke-expression") {
		return true
	}
	for _, part := range strings.Split(low, "|")[1:] {
		if interpreter(part) {
			return true
		}
	}
	return false
}
