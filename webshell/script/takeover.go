package script

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// moves are words of scripts that take over a host's time, by what each is a sign of.
var moves = literal.New([]string{"curl", "wget", "pkill", "killall", "kill -9", "histfile", "bash_history", "/cron", "crontab", "chmod", "base64", ` -u `, `"\0"`, "sock_dgram", "udp"})

const (
	gets  = 1<<0 | 1<<1
	kills = 1<<2 | 1<<3 | 1<<4
	hides = 1<<5 | 1<<6
	times = 1<<7 | 1<<8
	makes = 1 << 9
	seals = 1 << 10
	names = 1 << 11
	blots = 1 << 12
	casts = 1<<13 | 1<<14
)

// maxTakeover bounds the scripts that are looked at for that, in bytes.
const maxTakeover = 1 << 20

// moving reports whether a script holds all words of what takesOver finds.
func moving(data []byte) bool {
	if len(data) > maxTakeover {
		return false
	}
	var held [1]uint64
	moves.Contained(held[:], data)
	has := func(words uint64) bool { return held[0]&words != 0 }
	return has(gets) && has(kills) && (has(times) || has(makes)) || has(gets) && has(hides) && has(times) ||
		has(seals) && sealed.Match(data) || has(names) && (has(kills) || has(hides) || veiled.Match(data)) && wallet.Match(data) || has(blots) ||
		has(casts) && bytes.Contains(data, []byte("rand"))
}

// sealed is base 64 that is decoded for what comes behind.
var sealed = regexp.MustCompile(`\|\s*base64\s+(?:-d|-D|--decode)\s*\|`)

var (
	fetched = regexp.MustCompile(`(?i)\b(?:curl|wget)\b`)
	remote  = regexp.MustCompile(`(?i)\b(?:https?|ftp)://["']?[\w$.{-]+`)
	local   = regexp.MustCompile(`(?i)://(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.)`)
	// toShell is a command that hands what it fetches to a shell.
	toShell = regexp.MustCompile(`\b(?:curl|wget)\b[^\n|]*\|(?:[^\n|]*\|)?\s*(?:sudo\s+)?(?:/bin/)?(?:ba|da|z)?sh\b`)
	// tabled is a line that goes into the table of what is run again and again.
	tabled = regexp.MustCompile(`(?m)^.*(?:\|\s*crontab\s+-|>\s*/(?:etc/cron|var/spool/cron)).*$`)
	used   = regexp.MustCompile(`\$\{?(\w+)`)
	set    = regexp.MustCompile(`(\w+)=["']?$`)
	// ended are the programs that a script ends.
	ended = regexp.MustCompile(`\b(?:pkill|killall)\s+(?:-\S+\s+)*["']?([\w./-]+)`)
	// found are those that it looks for among all.
	found = regexp.MustCompile(`\bgrep\s+(?:-[a-uw-zA-Z]+\s+)*["']?([\w./-]{3,})["']?\s*\|[^\n]*\bkill\s+-9`)
	// wiped is a search of the whole disk that removes what it finds.
	wiped     = regexp.MustCompile(`\bfind\s+/\s[^\n]*(?:-delete\b|\brm\b)`)
	forgotten = regexp.MustCompile(`\bunset\s+HISTFILE\b|\brm\s[^\n;&|]*\.bash_history\b|\bHISTSIZE=0\b`)
	allowed   = regexp.MustCompile(`\bchmod\s+(?:-\S+\s+)*(?:[ugoa]*\+\w*x|[0-7]{3,4})\s+["']?([^\s;&|"']+)`)
	// unseen is a program that is started beside the script, without its output.
	unseen = regexp.MustCompile(`(?m)(?:(?:\bnohup|\bsetsid)\s+["']?([^\s;&|"']+)[^\n;|]*|(?:^|[;&]|\bthen|\bdo)\s*((?:\./|/(?:var/)?tmp/|/dev/shm/)[^\s;&|"']+)[^\n;|]*>\s*/dev/null[^\n;|]*)&[ \t]*$`)
	// wallet is an account of Monero: 95 letters of base 58.
	wallet = regexp.MustCompile(`\b[48][1-9A-HJ-NP-Za-km-z]{94}\b`)
	pool   = regexp.MustCompile(`\s-o\s+["']?[\w$.:/{}-]+`)
	// veiled is a program that lists of files pass over, or take for an option,
	// told where to reckon.
	veiled = regexp.MustCompile(`/[.-][^\s;&|"'/]*["']?[ \t](?:[^\n;&|]*[ \t])?-o\s`)
	// hidden is a text in base 64 that is decoded for a shell.
	hidden = regexp.MustCompile(`["' ]([A-Za-z0-9+/]{40,}={0,2})["']?\s*\|\s*base64\s+(?:-d|-D|--decode)\s*\|\s*(?:sudo\s+)?(?:/bin/)?(?:ba|da|z)?sh\b`)
	// renamed is a process that overwrites what its arguments were with another's name.
	renamed = regexp.MustCompile(`\$0\s*=[^;\n]*"\\0"\s*x\s*\d`)
	// cast is a datagram in Perl or Python, with the variable that holds its port.
	cast = regexp.MustCompile(`\bsend\b[^;]{0,200}?sockaddr_in\s*\(\s*\$(\w+)\s*,|\.sendto\s*\([^\n]{0,200}?,\s*\(\s*[\w.]+\s*,\s*(\w+)\s*\)\s*\)`)
	// drawn is a variable that chance sets.
	drawn = regexp.MustCompile(`(\w+)\s*=[^;=\n]*\brand(?:int|range)?\b`)
	turns = regexp.MustCompile(`\b(?:while|until|for|foreach)\b`)
	told  = regexp.MustCompile(`@ARGV\b|\$ARGV\b|\bshift\b|\bsys\.argv\b|\binput\(`)
)

// takesOver finds scripts that take over a host's time: that start programs
// which they fetch unseen, end others, come back, and hide as another program.
func (s *scan) takesOver() {
	if !moving(s.Data) {
		return
	}
	alarm := func(rule, text string, at int) {
		s.Add(webshell.Malicious, finding.ModerateConfidence, rule, text, -1, at)
	}
	if at := s.floods(); at >= 0 {
		alarm("floods", "The script sends datagrams in a loop to random ports of a host that its user names, and waits for no answer: it floods that host.", at)
	}
	switch s.tongue {
	case perl:
		if at := renamed.FindIndex(s.Data); at != nil && (socket.Match(s.Data) || posts.Match(s.Data) || bytes.Contains(s.Data, []byte("LWP::"))) {
			alarm("hides-process", "The script talks to other hosts and overwrites its arguments with the name of another program: it hides in the list of processes.", at[0])
		}
		return
	case other:
	default:
		return
	}
	if m := hidden.FindSubmatchIndex(s.Data); m != nil {
		if code, err := base64.StdEncoding.DecodeString(string(s.Data[m[2]:m[3]])); err == nil && fetched.Match(code) && remote.Match(code) {
			alarm("hidden-code", "The script runs commands that stand in it in base 64, and these fetch from another host.", m[0])
		}
	}
	starts := s.unseenStart()
	others := s.endsOthers(starts)
	if at := s.comesBack(); at >= 0 && (others > 0 || bytes.Contains(s.Data, []byte("kill -9")) || forgotten.Match(s.Data)) {
		alarm("comes-back", "The script ends programs, and has a host's script fetched and run again and again.", at)
	}
	if fetched.Match(s.Data) && s.asksAbroad() && starts != "" && (others > 1 || others > 0 && wiped.Match(s.Data)) {
		alarm("takes-over", "The script fetches a program, ends others and starts it unseen.", 0)
	}
	if m := wallet.FindIndex(s.Data); m != nil && pool.Match(s.Data) && (others > 0 || forgotten.Match(s.Data) || veiled.Match(s.Data)) {
		alarm("mines", "The script has the host reckon for an account of Monero, and ends other programs or hides what it does.", m[0])
	}
}

// floods is where a loop sends datagrams to ports that it draws by chance, of a
// host that its user names, or -1. Who scans ports waits for an answer.
func (s *scan) floods() int {
	if bytes.Contains(s.Data, []byte("recv")) || !told.Match(s.Data) {
		return -1
	}
	chance := map[string]bool{}
	for _, m := range drawn.FindAllSubmatch(s.Data, maxLogIns) {
		chance[string(m[1])] = true
	}
	for _, m := range cast.FindAllSubmatchIndex(s.Data, maxLogIns) {
		port := s.Data[max(m[2], 0):max(m[3], 0)]
		if m[2] < 0 {
			port = s.Data[m[4]:m[5]]
		}
		if chance[string(port)] && turns.Match(s.Data[:m[0]]) {
			return m[0]
		}
	}
	return -1
}

// asksAbroad reports whether an address of the script is another host's.
func (s *scan) asksAbroad() bool {
	return len(remote.FindAllIndex(s.Data, maxLogIns)) > len(local.FindAllIndex(s.Data, maxLogIns))
}

// base is the name of a file in its folder.
func base(path []byte) string { return string(path[bytes.LastIndexByte(path, '/')+1:]) }

// unseenStart is the name of a file that the script makes a program and starts
// beside itself, if it does.
func (s *scan) unseenStart() string {
	made := map[string]bool{}
	for _, m := range allowed.FindAllSubmatch(s.Data, maxLogIns) {
		made[base(m[1])] = true
	}
	for _, m := range unseen.FindAllSubmatch(s.Data, maxLogIns) {
		if name := base(slices.Concat(m[1], m[2])); made[name] {
			return name
		}
	}
	return ""
}

// endsOthers counts the programs that the script ends and does not start.
func (s *scan) endsOthers(starts string) int {
	names := map[string]bool{}
	for _, m := range slices.Concat(ended.FindAllSubmatch(s.Data, maxLogIns), found.FindAllSubmatch(s.Data, maxLogIns)) {
		if name := base(m[1]); name != starts {
			names[name] = true
		}
	}
	return len(names)
}

// comesBack is where the table of what is run again and again gets a line that
// hands what it fetches to a shell, or -1.
func (s *scan) comesBack() int {
	lines := tabled.FindAllIndex(s.Data, maxLogIns)
	if lines == nil {
		return -1
	}
	kept := map[string]bool{} // variables that hold such a command
	for _, m := range toShell.FindAllIndex(s.Data, maxLogIns) {
		if v := set.FindSubmatch(s.Data[max(0, m[0]-80):m[0]]); v != nil {
			kept[string(v[1])] = true
		}
	}
	for _, m := range lines {
		line := s.Data[m[0]:m[1]]
		if toShell.Match(line) {
			return m[0]
		}
		for _, v := range used.FindAllSubmatch(line, maxLogIns) {
			if kept[string(v[1])] {
				return m[0]
			}
		}
	}
	return -1
}
