package html

import (
	"slices"
	"strings"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/publish"
)

// blind says what the evidence cannot tell, and whether the clocks agree.
func (r *report) blind(w *words, v *casefile.Activity) {
	say := func(text string, values ...any) {
		r.Blind = append(r.Blind, publish.Plain(w.t(text, values...)))
	}
	has := func(match func(string) bool) bool {
		for _, c := range r.Coverage {
			if c.Files > 0 && match(c.Source) {
				return true
			}
		}
		return false
	}
	for _, k := range []struct {
		text  string
		match func(string) bool
	}{
		{"No access log was there: requests from outside cannot be seen.", func(s string) bool { return s == "IIS" || s == "web access log" }},
		{"No log of Exchange's front end (HttpProxy) was there: what was asked of the back end cannot be seen.", func(s string) bool { return s == "HttpProxy" }},
		{"No Windows event log was there: what ran on the host cannot be seen.", func(s string) bool { return strings.HasPrefix(s, "Windows event log") }},
		{"No file of the web folders was there: a web shell that nobody asked for yet cannot be seen.", func(s string) bool { return s == "web files" }},
	} {
		if !has(k.match) {
			say(k.text)
		}
	}
	if !r.From.IsZero() {
		say("What happened before %s is in no log at hand.", w.when(r.From))
	}
	for _, c := range r.Coverage {
		if !dated(c) || r.First.IsZero() {
			continue
		}
		name := w.verb(c.Source)
		if late := c.First.Sub(r.First); late > time.Hour {
			say("%s: the log begins on %s, %s after the first hostile act.", name, w.when(c.First), w.pause(late))
		}
		if early := r.Last.Sub(c.Last); early > time.Hour && c.Source != "ECP Server" {
			say("%s: the last event is of %s, %s before the last hostile act seen.", name, w.when(c.Last), w.pause(early))
		}
	}
	for _, f := range r.Case.Findings {
		if slices.Contains(f.Techniques, "T1070.001") {
			say("A log was cleared: what it held before %s is lost.", w.when(f.Start))
		}
	}
	commands, ran := 0, map[string]bool{}
	for _, list := range v.Requests {
		for _, t := range list {
			if t.Post && t.Step.Outcome == finding.Succeeded {
				commands++
			}
		}
	}
	for _, l := range v.Links {
		ran[l.Request.Step.Ref.String()] = true
	}
	if n := commands - len(ran); n > 0 {
		say("Of %s to web shells, %d left no process in the logs: what they did is not known. IIS does not log what a request carries.", w.n(commands, "command", "commands"), n)
	}
	if n := len(r.Case.Gaps); n > 0 {
		say("%s could not be read; the places are listed below.", w.n(n, "part of the evidence", "parts of the evidence"))
	}
	for _, s := range v.Skews {
		a, b := casefile.On(s.Machine, w.verb(s.A)), w.verb(s.B)
		by := w.t(map[casefile.Pairing]string{
			casefile.ByRequestID: "by the id of the request", casefile.ByOrder: "by the order of the requests",
			casefile.ByProcess: "by process and command", casefile.ByStart: "by command and process",
		}[s.By])
		n := w.n(s.Pairs, "pair", "pairs")
		switch {
		case !s.Apart():
			r.Clocks = append(r.Clocks, w.t("%s and %s agree to within %s (%s, %s).", a, b, w.n(int64(casefile.Tolerance/time.Second), "second", "seconds"), n, by))
		case s.Median > 0:
			r.Clocks = append(r.Clocks, w.t("%s is %s ahead of %s (%s, %s). Times are shown as each log has them.", b, w.pause(s.Median), a, n, by))
		default:
			r.Clocks = append(r.Clocks, w.t("%s is %s behind %s (%s, %s). Times are shown as each log has them.", b, w.pause(-s.Median), a, n, by))
		}
	}
}
