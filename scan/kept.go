package scan

import (
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"time"

	"limier/detect"
	"limier/event"
	"limier/evidence"
	"limier/sighting"
	"limier/wire"
)

// kept is a result as a checkpoint holds it, with what its file was then. It
// shares nothing with the result.
type kept struct {
	Path string
	Size int64
	Time time.Time
	Mode fs.FileMode

	Bytes     int64
	Cover     []wire.Coverage
	Names     [][]string // of the events' fields
	Events    []keptEvent
	Sightings []keptSighting
	Dropped   int
	Builds    []keptEvent
	Scripts   []keptScript
	Unlisted  int // requests for scripts beyond the inventory
	Script    string
	Gaps      []wire.Gap
	Hosts     map[string]int
	Evidence  *wire.Evidence
}

type keptSighting struct {
	Rule  int // place among the recognisers
	ID    string
	Event int // several rules may recognise one
	Note  string
	Count int
	Last  time.Time
}

type keptEvent struct {
	Time   time.Time
	Host   string
	Ref    evidence.Ref
	Raw    string
	File   *event.FileData // or, if nil:
	Source event.Logsource
	Names  int
	Values []string
	More   map[string]string
}

type keptScript struct {
	Script          detect.Script
	Statuses        [][2]int
	Clients, Agents []keptCount
}

type keptCount struct {
	Text string
	N    int
}

// recognise lists the analysers, then the rules in the order they were read.
func (s *scanner) recognise() {
	s.recognisers = []*sighting.Rule{webshellFile, maliciousFile, visitorsFile, suspiciousFile, unknownScript}
	if s.Rules != nil {
		s.recognisers = append(s.recognisers, s.Rules.Rules()...)
	}
	s.places = map[*sighting.Rule]int{}
	for i, r := range s.recognisers {
		s.places[r] = i
	}
}

// keep returns what to keep of a result, or nil if it cannot be kept.
func (r *result) keep(j job, by map[*sighting.Rule]int) *kept {
	k := &kept{Path: j.path, Size: j.size, Time: j.time, Mode: j.mode, Bytes: r.bytes, Dropped: r.fold.dropped, Unlisted: r.scripts.dropped, Script: r.file, Gaps: r.gaps, Hosts: r.hosts, Evidence: r.evidence}
	for _, c := range r.cover {
		k.Cover = append(k.Cover, *c)
	}
	places := map[*event.Event]int{}
	for _, s := range r.fold.kept {
		rule, known := by[s.Rule]
		if !known {
			return nil
		}
		at, ok := places[s.Event]
		if !ok {
			at = len(k.Events)
			places[s.Event] = at
			k.Events = append(k.Events, k.event(s.Event))
		}
		k.Sightings = append(k.Sightings, keptSighting{rule, s.Rule.ID, at, s.Note, s.Count, s.Last})
	}
	for _, ev := range r.builds {
		k.Builds = append(k.Builds, k.event(ev))
	}
	for _, e := range r.scripts.entries() {
		one := keptScript{Script: e.Script, Clients: e.clients.keep(), Agents: e.agents.keep()}
		for _, a := range e.statuses {
			one.Statuses = append(one.Statuses, [2]int{a.status, a.n})
		}
		k.Scripts = append(k.Scripts, one)
	}
	return k
}

// result is what was kept; nil if a rule is not what it was.
func (k *kept) result(by []*sighting.Rule) *result {
	r := &result{path: k.Path, bytes: k.Bytes, fold: fold{dropped: k.Dropped}, scripts: inventory{scripts: map[string]*entry{}, dropped: k.Unlisted}, file: k.Script, gaps: k.Gaps, hosts: k.Hosts, evidence: k.Evidence, cover: map[string]*wire.Coverage{}}
	for i := range k.Cover {
		r.cover[k.Cover[i].Source] = &k.Cover[i]
	}
	var events []*event.Event
	for _, e := range k.Events {
		events = append(events, e.event(k.Names))
	}
	for _, s := range k.Sightings {
		if s.Rule < 0 || s.Rule >= len(by) || by[s.Rule].ID != s.ID || s.Event < 0 || s.Event >= len(events) || events[s.Event] == nil {
			return nil
		}
		r.fold.kept = append(r.fold.kept, sighting.Sighting{Rule: by[s.Rule], Event: events[s.Event], Note: s.Note, Count: s.Count, Last: s.Last})
	}
	for _, e := range k.Builds {
		ev := e.event(k.Names)
		if ev == nil {
			return nil
		}
		r.builds = append(r.builds, ev)
	}
	for i, s := range k.Scripts {
		if s.Script.Requests < 1 || len(s.Script.Proof) == 0 {
			return nil
		}
		e := &entry{Script: s.Script, clients: countsOf(s.Clients), agents: countsOf(s.Agents)}
		for _, a := range s.Statuses {
			e.statuses = append(e.statuses, answered{a[0], a[1]})
		}
		r.scripts.scripts[strconv.Itoa(i)] = e // paths that differ in case are one by now
	}
	return r
}

func (c *counts) keep() (all []keptCount) {
	for _, have := range c.list {
		all = append(all, keptCount{string(have.text), have.n})
	}
	return all
}

func countsOf(all []keptCount) (c counts) {
	for _, have := range all {
		c.add([]byte(have.Text), have.N, len(all))
	}
	return c
}

// otherNames are those that an event's Field may answer to and its Fields does
// not tell: Sigma's, for what Windows calls otherwise.
var otherNames = []string{"UserID", "Image", "ParentImage", "LogonId", "ParentProcessId", "TargetObject", "Details"}

// event returns what to keep of an event.
func (k *kept) event(ev *event.Event) keptEvent {
	e := keptEvent{Time: ev.Time, Host: ev.Host, Ref: ev.Ref, Raw: ev.Raw}
	if f, ok := ev.Data.(*event.FileData); ok {
		e.File = f
		return e
	}
	e.Source = ev.Data.Logsource()
	var names []string
	first := map[string]string{}
	for _, n := range otherNames {
		first[n] = ""
	}
	for n, v := range ev.Data.Fields() {
		names, e.Values = append(names, n), append(e.Values, v)
		if first[n] == "" {
			first[n] = v
		}
	}
	for n, v := range first {
		if exact, _ := ev.Data.Field(n); exact != v {
			if e.More == nil {
				e.More = map[string]string{}
			}
			e.More[n] = exact
		}
	}
	for e.Names = max(0, len(k.Names)-32); e.Names < len(k.Names); e.Names++ { // events alike are near each other
		if slices.Equal(k.Names[e.Names], names) {
			return e
		}
	}
	k.Names = append(k.Names, names)
	return e
}

// event is the event that was kept; nil if it is none.
func (e *keptEvent) event(names [][]string) *event.Event {
	ev := &event.Event{Time: e.Time, Host: e.Host, Ref: e.Ref, Raw: e.Raw, Data: e.File}
	if e.File == nil {
		if e.Names < 0 || e.Names >= len(names) || len(names[e.Names]) != len(e.Values) {
			return nil
		}
		ev.Data = &keptData{e.Source, names[e.Names], e.Values, e.More}
	}
	return ev
}

// keptData answers as the event's own data did.
type keptData struct {
	source        event.Logsource
	names, values []string
	more          map[string]string
}

// Logsource returns what the event's data said.
func (d *keptData) Logsource() event.Logsource { return d.source }

// Field returns the first value of that name, unless the event's data gave
// another.
func (d *keptData) Field(name string) (string, bool) {
	v, ok := d.more[name]
	for i := 0; !ok && i < len(d.names); i++ {
		if d.names[i] == name && d.values[i] != "" {
			return d.values[i], true
		}
	}
	return v, v != ""
}

// Fields yields every field, as the event's data did.
func (d *keptData) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, n := range d.names {
			if !yield(n, d.values[i]) {
				return
			}
		}
	}
}
