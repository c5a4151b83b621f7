package build

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Setup reads C:\ExchangeSetupLogs\ExchangeSetup.log: an event for each run of
// setup, at the time it began. Times in it are UTC, in the American order; it
// names the local time zone beside them.
//
// Version is what the run proves to be installed: the new build only if setup
// says that it completed and it was no preparation of Active Directory; else
// the build that setup found installed before.
var Setup = &parse.Parser{
	Name: "exchange-setup",
	Doc:  "ExchangeSetup.log: which build was installed, when, and whether that worked",
	Match: func(name string, head []byte) bool {
		b := base(name)
		return strings.HasPrefix(b, "exchangesetup") && strings.HasSuffix(b, ".log") ||
			bytes.Contains(head, []byte("] Starting Microsoft Exchange Server ")) && bytes.Contains(head, []byte("] Setup version: "))
	},
	Parse: parseSetup,
}

const maxLine = 64 << 10

// facts are the lines that matter, and the field that each tells.
var facts = []struct {
	field string
	re    *regexp.Regexp
}{
	{"SetupVersion", regexp.MustCompile(`^Setup version: ([0-9.]+?)\.?$`)},
	{"User", regexp.MustCompile(`^Logged on user: (.+?)\.?$`)},
	{"Source", regexp.MustCompile(`^Setup will use the path '(.*)' for installing Exchange`)},
	{"Previous", regexp.MustCompile(`^The backup copy of the previously installed version is '([0-9.]+)'`)},
	{"Path", regexp.MustCompile(`^The backup copy of the install path is '(.*)'`)},
	{"Operation", regexp.MustCompile(`^The installation mode is set to: '(\w+)'`)},
	{"Installed", regexp.MustCompile(`^The locally installed version is ([0-9.]+?)\.?$`)},
	{"Prepare", regexp.MustCompile(`(?i)^The command-line option (prepare\w+) has been specified`)},
	{"Prepare", regexp.MustCompile(`(?i)^Command Line Parameter Name='(prepare\w+)'`)},
}

// A run is one run of setup.
type run struct {
	start   time.Time
	ref     evidence.Ref
	said    map[string]string
	outcome string
}

func (r *run) event() *event.Event {
	v := map[string]string{"Product": "Exchange", "Mode": "setup", "Outcome": r.outcome, "Version": r.said["Installed"]}
	for _, f := range []string{"SetupVersion", "User", "Previous", "Operation", "Path"} {
		v[f] = r.said[f]
	}
	if p := r.said["Prepare"]; p != "" {
		v["Operation"] = p
	}
	source := strings.ToLower(strings.TrimRight(r.said["Source"], `\"`))
	switch {
	case v["Operation"] == "Uninstall" && r.outcome == "succeeded":
		v["Previous"], v["Version"] = r.said["Installed"], ""
	case r.outcome == "succeeded" && r.said["Prepare"] == "" && v["SetupVersion"] != "":
		if v["Previous"] == "" {
			v["Previous"] = r.said["Installed"]
		}
		v["Version"] = v["SetupVersion"]
	case strings.HasSuffix(source, `\v15\bin`) && v["SetupVersion"] != "":
		// Setup was started from the installed programs: its version is theirs.
		v["Version"], v["Exact"] = v["SetupVersion"], "true"
		v["Path"] = strings.ToValidUTF8(r.said["Source"], "\uFFFD")
		v["Path"] = v["Path"][:max(0, len(v["Path"])-len(`\bin`))]
	}
	return &event.Event{Time: r.start, Ref: r.ref, Data: table(v)}
}

func parseSetup(ctx context.Context, name string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		var r *run
		in := bufio.NewReaderSize(f, maxLine)
		var offset int64
		for n := 1; ; n++ {
			if n%1000 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			line, err := in.ReadSlice('\n')
			at := offset
			offset += int64(len(line))
			text := string(bytes.TrimRight(line, "\r\n"))
			for errors.Is(err, bufio.ErrBufferFull) { // no fact is that long
				line, err = in.ReadSlice('\n')
				offset += int64(len(line))
			}
			if n == 1 && (strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff")) {
				yield(nil, fmt.Errorf("reading %s: UTF-16, which setup does not write", name))
				return
			}
			when, words, ok := split(text)
			if ok && strings.HasPrefix(words, "Starting Microsoft Exchange Server ") {
				if r != nil && !yield(r.event(), nil) {
					return
				}
				r = &run{start: when, ref: evidence.Ref{Path: name, Line: n, Offset: at}, said: map[string]string{}, outcome: "unfinished"}
			}
			if ok && r != nil {
				r.hear(words)
			}
			if err == nil {
				continue
			}
			if r != nil && !yield(r.event(), nil) {
				return
			}
			if err != io.EOF {
				yield(nil, fmt.Errorf("reading %s: %w", name, err))
			}
			return
		}
	}
}

func (r *run) hear(words string) {
	switch {
	case strings.HasPrefix(words, "The Exchange Server setup operation completed successfully"):
		r.outcome = "succeeded"
		return
	case strings.HasPrefix(words, "The Exchange Server setup operation didn't complete"),
		strings.HasPrefix(words, "Setup is stopping now because of one or more critical errors"),
		strings.HasPrefix(words, "Setup checks failed"):
		r.outcome = "failed"
		return
	}
	for _, f := range facts {
		if m := f.re.FindStringSubmatch(words); m != nil {
			if _, has := r.said[f.field]; !has {
				r.said[f.field] = m[1]
			}
			return
		}
	}
}

// split takes "[01/08/2021 23:17:50.0872] [0] words" apart. The last number of
// the time counts milliseconds, padded to four digits.
func split(line string) (when time.Time, words string, ok bool) {
	if len(line) < 32 || line[0] != '[' || line[25] != ']' {
		return when, "", false
	}
	when, err := time.Parse("01/02/2006 15:04:05", line[1:20])
	if err != nil {
		return when, "", false
	}
	var ms int
	if _, err := fmt.Sscanf(line[21:25], "%04d", &ms); err == nil && ms < 1000 {
		when = when.Add(time.Duration(ms) * time.Millisecond)
	}
	_, words, ok = strings.Cut(line[26:], "] ")
	return when, words, ok
}
