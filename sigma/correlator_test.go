package sigma

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/sighting"
)

// sight returns the sightings of events written "minute id field=value…".
func sight(t *testing.T, e *Engine, lines string) (all []sighting.Sighting) {
	t.Helper()
	start := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	for line := range strings.Lines(lines) {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		minute, err := time.ParseDuration(parts[0] + "m")
		if err != nil {
			t.Fatal(err)
		}
		r := &record{source: event.Windows("Security", parts[1]), names: []string{"EventID"}, values: parts[1:2]}
		for _, p := range parts[2:] {
			k, v, _ := strings.Cut(p, "=")
			r.names, r.values = append(r.names, k), append(r.values, v)
		}
		ev := &event.Event{Time: start.Add(minute), Data: r}
		for _, rule := range e.Match(ev, nil) {
			all = append(all, sighting.Sighting{Rule: rule, Event: ev, Count: 1, Last: ev.Time})
		}
	}
	return all
}

func TestCorrelator(t *testing.T) {
	rules, err := os.ReadFile("testdata/correlate.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, events, want string }{
		{"in the window", `
			0 4625 TargetUserName=anna
			4 4625 TargetUserName=anna
			9 4625 TargetUserName=anna`, ""},
		{"then a logon", `
			0 4625 TargetUserName=anna
			4 4625 TargetUserName=anna
			5 4625 TargetUserName=bob
			9 4625 TargetUserName=anna
			30 4624 TargetUserName=bob
			15 4624 TargetUserName=anna`, "then 9-15 anna 2"},
		{"a logon before", `
			1 4624 TargetUserName=anna
			2 4625 TargetUserName=anna
			4 4625 TargetUserName=anna
			9 4625 TargetUserName=anna`, ""},
		{"out of the window", `
			0 4625 TargetUserName=anna
			6 4625 TargetUserName=anna
			12 4625 TargetUserName=anna
			13 4624 TargetUserName=anna`, ""},
		{"the end of a long series counts", `
			0 4625 TargetUserName=anna
			5 4625 TargetUserName=anna
			9 4625 TargetUserName=anna
			14 4625 TargetUserName=anna
			18 4625 TargetUserName=anna
			23 4625 TargetUserName=anna
			31 4624 TargetUserName=anna`, "then 23-31 anna 2"},
		{"aliases", `
			0 4625 IpAddress=10.0.0.1
			1 5156 DestAddress=10.0.0.2
			4 5156 DestAddress=10.0.0.1`, "both 0-4 10.0.0.1 2"},
		{"values", `
			0 4625 IpAddress=10.0.0.1 TargetUserName=a
			1 4625 IpAddress=10.0.0.1 TargetUserName=b
			2 4625 IpAddress=10.0.0.1 TargetUserName=a
			3 4625 IpAddress=10.0.0.2 TargetUserName=c
			4 4625 IpAddress=10.0.0.1 TargetUserName=d`, "rare 3-3  1; spray 0-4 10.0.0.1 4"},
		{"sums, averages and medians", `
			0 5156 DestAddress=x Bytes=50
			1 5156 DestAddress=x Bytes=60
			2 5156 DestAddress=y Bytes=100`, "sum 0-1 x 2; avg 0-2  3; median 0-2  3"},
		{"no number", `
			0 5156 DestAddress=x Bytes=many`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := compile(t, string(rules))
			var got []string
			for _, f := range e.Correlator().Run(sight(t, e, c.events)) {
				var group []string
				for _, v := range f.Group {
					group = append(group, v.Text)
				}
				got = append(got, fmt.Sprintf("%s %d-%d %s %d", f.Rule.Name, f.Start.Minute(), f.End.Minute(), strings.Join(group, ","), f.Count))
			}
			if diff := cmp.Diff(strings.Join(got, "; "), c.want); diff != "" {
				t.Errorf("got (-) want (+):\n%s", diff)
			}
		})
	}
}

// A condition may join the rules of a temporal correlation in words.
func TestCorrelatorLogic(t *testing.T) {
	const rule = `
title: %[1]s
name: %[1]s
logsource: {product: windows, service: security}
detection: {a: {EventID: %[2]s}, condition: a}
---
`
	base := fmt.Sprintf(rule, "fail", "4625") + fmt.Sprintf(rule, "logon", "4624") + fmt.Sprintf(rule, "clear", "1102")
	for _, c := range []struct{ condition, events, want string }{
		{"fail and (logon or clear)", "0 4625 U=a\n1 1102 U=a\n2 4624 U=b", "0-1 2"},
		{"fail and not logon", "0 4625 U=a\n1 4624 U=a\n0 4625 U=b\n30 4625 U=a", "0-0 1; 30-30 1"},
		{"all of them", "0 4625 U=a\n1 1102 U=a\n3 4624 U=a", "0-3 3"},
	} {
		e := compile(t, base+"title: t\nname: t\ncorrelation: {type: temporal, rules: [fail, logon, clear], group-by: [U], timespan: 10m, condition: "+c.condition+"}\n")
		var got []string
		for _, f := range e.Correlator().Run(sight(t, e, c.events)) {
			got = append(got, fmt.Sprintf("%d-%d %d", f.Start.Minute(), f.End.Minute(), f.Count))
		}
		if diff := cmp.Diff(strings.Join(got, "; "), c.want); diff != "" {
			t.Errorf("%s: got (-) want (+):\n%s", c.condition, diff)
		}
	}
	all := &Collection{}
	errs := all.Add("rules.yml", []byte(base+"title: t\nname: t\ncorrelation: {type: event_count, rules: [fail], timespan: 10m, condition: fail and logon}\n"))
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "type temporal only") {
		t.Errorf("got %v", errs)
	}
}
