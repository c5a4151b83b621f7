package casefile

import (
	"cmp"
	"iter"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/finding"
)

// A Trace is a step of a finding, taken apart as far as its raw text allows.
// What an intruder wrote into the text can mislead it; it decides how things
// are arranged, never the verdict.
type Trace struct {
	Finding *finding.Finding
	Step    *finding.Step
	Machine string // where it happened; "" if the case is of one machine
	Source  string // as in wire.Coverage: "IIS", "HttpProxy", "Windows event log: sysmon"…

	Address string // that the request came from; "" if the step is no request
	Shell   string // key of the shell that was asked for
	Post    bool   // the request could carry a command
	Request string // the id that Exchange gave it, in lower case

	Command     string // of a process
	Image       string
	PID, Parent string // in decimal
	ByServer    bool   // started by the web server's worker
}

// Source names the kind of log that a step was read from, in the words of
// wire.Coverage.
func Source(s *finding.Step) string {
	lower := strings.ToLower(s.Ref.Path)
	base := path.Base(lower)
	switch {
	case strings.HasSuffix(base, ".evtx"), strings.HasPrefix(s.Raw, "Provider_Name="):
		channel := field(s.Raw, "Channel")
		if channel == "" {
			channel = strings.ReplaceAll(strings.TrimSuffix(base, ".evtx"), "%4", "/")
		}
		channel = strings.ToLower(channel)
		if strings.Contains(channel, "sysmon") {
			return "Windows event log: sysmon"
		}
		channel = strings.TrimPrefix(channel, "microsoft-windows-")
		channel, _, _ = strings.Cut(channel, "/")
		return "Windows event log: " + strings.ReplaceAll(channel, " ", "-")
	case strings.HasPrefix(s.Raw, "TargetFilename="), s.Ref.Line == 0 && s.Ref.Record == 0:
		return "web files"
	case strings.Contains(base, "httpproxy") || strings.Contains(lower, "/httpproxy/"):
		return "HttpProxy"
	case strings.HasPrefix(base, "u_"):
		return "IIS"
	case strings.HasPrefix(base, "ecpserver"):
		return "ECP Server"
	case strings.HasPrefix(base, "rps_cmdlet"):
		return "Rps_Cmdlet"
	case strings.Contains(base, "access"):
		return "web access log"
	}
	return "other files"
}

var requestID = regexp.MustCompile(`(?i)cafeReqId=([0-9a-f]{8}-[0-9a-f-]{27})|^[^,]{10,40},"?([0-9a-f]{8}-[0-9a-f-]{27})"?,`)

// posted reports whether a line of a log holds the method POST.
func posted(raw string) bool {
	edge := func(i int) bool { return i < 0 || i >= len(raw) || strings.IndexByte(" ,\"", raw[i]) >= 0 }
	for from := 0; ; {
		i := strings.Index(raw[from:], "POST")
		if i < 0 {
			return false
		}
		from += i + 4
		if edge(from-5) && edge(from) {
			return true
		}
	}
}

// traces takes the steps of all findings apart, in the order of the findings.
func (c *Case) traces(shells []Shell) []Trace {
	addresses := map[string]bool{}
	for _, a := range c.Addresses() {
		addresses[a.Address] = true
	}
	machineOf := c.machines()
	of := map[string][]Shell{}
	for _, s := range shells {
		of[s.Machine] = append(of[s.Machine], s)
	}
	on := map[string]*directory{}
	for m, list := range of {
		on[m] = newDirectory(list)
	}
	var all []Trace
	for i := range c.Findings {
		f := &c.Findings[i]
		m := machineOf(f)
		own := map[string]bool{}
		for _, v := range valuesOf(f, finding.Address) {
			own[v] = true
		}
		for k := range f.Steps {
			s := &f.Steps[k]
			t := Trace{Finding: f, Step: s, Machine: m, Source: Source(s)}
			switch {
			case strings.HasPrefix(s.Raw, "Provider_Name="):
				t.process()
			case t.Source != "web files":
				t.Address = cmp.Or(mentioned(s.Text, own), mentioned(s.Raw, own), mentioned(s.Raw, addresses))
				t.Post = posted(s.Raw)
				lower := strings.ToLower(s.Raw)
				if comma := strings.IndexByte(s.Raw[:min(len(s.Raw), 41)], ','); comma >= 10 || strings.Contains(lower, "cafereqid=") {
					if m := requestID.FindStringSubmatch(lower); m != nil {
						t.Request = m[1] + m[2]
					}
				}
				t.Shell = on[m].asked(lower)
			}
			all = append(all, t)
		}
	}
	return all
}

func valuesOf(f *finding.Finding, kind finding.EntityType) []string {
	var list []string
	for _, e := range f.Entities {
		if e.Type == kind && e.Value != "" {
			list = append(list, e.Value)
		}
	}
	return list
}

// mentioned returns the first word of text that is one of the addresses.
func mentioned(text string, list map[string]bool) string {
	for word := range mentions(text, list) {
		return word
	}
	return ""
}

// mentions yields each word of text that is one of the addresses.
func mentions(text string, list map[string]bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			if !addressByte(text[i]) {
				i++
				continue
			}
			start := i
			for i < len(text) && addressByte(text[i]) {
				i++
			}
			word := strings.Trim(text[start:i], ".")
			if k := strings.LastIndexByte(word, ':'); !list[word] && k > 0 { // a port follows
				word = word[:k]
			}
			if list[word] && !yield(word) {
				return
			}
		}
	}
}

func addressByte(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' || b == '.' || b == ':'
}

// A directory finds the shell whose path a request names.
type directory struct {
	shells []Shell
	named  map[string][]int // by the last element of the path
	odd    []int            // whose last element holds what ends a path elsewhere
}

// ends are what a path in a log may be followed by.
const ends = " ,\"?;/\t"

func newDirectory(shells []Shell) *directory {
	d := &directory{shells: shells, named: map[string][]int{}}
	for i, s := range shells {
		last := s.Path[strings.LastIndexByte(s.Path, '/')+1:]
		switch {
		case s.Path == "":
		case last == "" || strings.ContainsAny(last, ends):
			d.odd = append(d.odd, i)
		default:
			d.named[last] = append(d.named[last], i)
		}
	}
	return d
}

// asked returns the key of the first shell whose path the request line, in
// lower case, names.
func (d *directory) asked(lower string) string {
	if d == nil || len(d.shells) == 0 {
		return ""
	}
	best := len(d.shells)
	for start, i := 0, 0; i <= len(lower); i++ {
		if i < len(lower) && strings.IndexByte(ends, lower[i]) < 0 {
			continue
		}
		for _, k := range d.named[lower[start:i]] {
			if k < best && strings.HasSuffix(lower[:i], d.shells[k].Path) {
				best = k
			}
		}
		start = i + 1
	}
	for _, k := range d.odd {
		p := d.shells[k].Path
		for from := 0; k < best; {
			i := strings.Index(lower[from:], p)
			if i < 0 {
				break
			}
			if end := from + i + len(p); end == len(lower) || strings.IndexByte(ends, lower[end]) >= 0 {
				best = k
			}
			from += i + 1
		}
	}
	if best == len(d.shells) {
		return ""
	}
	return d.shells[best].Key
}

// process reads the fields that Sysmon's event 1 and Windows' event 4688 have.
func (t *Trace) process() {
	raw := t.Step.Raw
	t.Command = field(raw, "CommandLine")
	t.Image = cmp.Or(field(raw, "Image"), field(raw, "NewProcessName"))
	parent := cmp.Or(field(raw, "ParentImage"), field(raw, "ParentProcessName"))
	if id := field(raw, "NewProcessId"); id != "" {
		t.PID, t.Parent = decimal(id), decimal(field(raw, "ProcessId"))
	} else {
		t.PID, t.Parent = decimal(field(raw, "ProcessId")), decimal(field(raw, "ParentProcessId"))
	}
	t.ByServer = strings.EqualFold(base(parent), "w3wp.exe")
}

// field returns the value of a field of a Windows event: the text that
// follows its name until the next name.
func field(raw, name string) string {
	at := 0
	if !strings.HasPrefix(raw, name+"=") {
		if at = strings.Index(raw, " "+name+"=") + 1; at == 0 {
			return ""
		}
	}
	rest := raw[at+len(name)+1:]
	if m := nextField.FindStringIndex(rest); m != nil {
		rest = rest[:m[0]]
	}
	if rest == "-" {
		return ""
	}
	return rest
}

var nextField = regexp.MustCompile(` [A-Z][A-Za-z]+(?:_[A-Za-z]+)*=`)

func decimal(id string) string {
	n, err := strconv.ParseUint(id, 0, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// base is the last element of a Windows or a Unix path.
func base(p string) string { return p[strings.LastIndexAny(p, `\/`)+1:] }

// A Shell is a way back in that a finding names.
type Shell struct {
	Key         string // of the node and the traces: the path, or the finding's ID, behind the machine if there are several
	Machine     string // "" if the case is of one
	Path        string // as requested, in lower case; "" if it never was
	File        string // in the evidence; "" if it is gone
	Hash        string // SHA-256; "" if it is gone
	First, Last time.Time
	Finding     *finding.Finding
}

// Shells lists the shells by time.
func (c *Case) Shells() []Shell {
	machineOf := c.machines()
	var all []Shell
	seen := map[string]bool{}
	for i := range c.Findings {
		f := &c.Findings[i]
		s := Shell{Machine: machineOf(f), First: f.Start, Last: f.End, Finding: f}
		for _, e := range f.Entities {
			if e.Role != "shell" {
				continue
			}
			switch {
			case e.Type == finding.FilePath && strings.HasPrefix(e.Value, "/") && s.Path == "":
				s.Path = strings.ToLower(e.Value)
			case e.Type == finding.FilePath && s.File == "":
				s.File = e.Value
			case e.Type == finding.Hash && s.Hash == "":
				s.Hash = e.Value
			}
		}
		if s.Path == "" && s.File == "" && s.Hash == "" {
			continue
		}
		s.Key = On(s.Machine, cmp.Or(s.Path, s.File, f.ID))
		if !seen[s.Key] {
			seen[s.Key] = true
			all = append(all, s)
		}
	}
	return all
}

// Label is a short name for the shell.
func (s Shell) Label() string { return On(s.Machine, base(cmp.Or(s.File, s.Path, s.Finding.ID))) }

// requestsOf returns what was asked of the shells, one trace for each request
// although two logs may hold it, by time. The key is the shell's.
func requestsOf(traces []Trace) map[string][]Trace {
	type id struct{ shell, address, request string }
	seen := map[id]bool{}
	all := map[string][]Trace{}
	for _, pass := range []bool{true, false} { // those of IIS first: they keep more
		for _, t := range traces {
			if t.Shell == "" || t.Address == "" || (t.Source == "IIS") != pass {
				continue
			}
			k := id{t.Shell, t.Address, cmp.Or(t.Request, t.Step.Time.UTC().Format(time.DateTime))}
			second := id{t.Shell, t.Address, t.Step.Time.UTC().Format(time.DateTime)}
			if seen[k] || !pass && seen[second] {
				continue
			}
			seen[k], seen[second] = true, true
			all[t.Shell] = append(all[t.Shell], t)
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b Trace) int { return a.Step.Time.Compare(b.Step.Time) })
	}
	return all
}
