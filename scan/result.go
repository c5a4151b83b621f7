package scan

import (
	"slices"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/parse"
	"limier/sighting"
	"limier/wire"
)

// A result is what one file, or one chunk of a log, told.
type result struct {
	path    string
	bytes   int64
	cover   map[string]*wire.Coverage // by label
	fold    fold
	scripts inventory
	file    string // the path, if the file is a server-side script
	gaps    []wire.Gap
	builds  []*event.Event // what exposure is assessed from
	hosts   map[string]int

	// Of a big log, which is read later.
	parser   *parse.Parser
	encoding encoding

	evidence *wire.Evidence // nil if the file was not read whole, or hashes are not asked for

	lastSource event.Logsource // of the last event counted, and its coverage
	lastCover  *wire.Coverage
}

func newResult(path string) *result {
	return &result{path: path, hosts: map[string]int{}}
}

// gap notes what could not be read.
func (r *result) gap(ref evidence.Ref, err error) {
	r.gaps = addGap(r.gaps, wire.Gap{Ref: ref, Reason: err.Error(), Count: 1})
}

// maxGapsPerFile bounds the gaps that are told one by one; the rest of a
// file's gaps are counted with the last.
const maxGapsPerFile = 20

// addGap adds a gap to those of the same file, or counts it with one alike.
func addGap(gaps []wire.Gap, g wire.Gap) []wire.Gap {
	for i := range gaps {
		if gaps[i].Reason == g.Reason && gaps[i].Ref.Path == g.Ref.Path {
			gaps[i].Count += g.Count
			return gaps
		}
	}
	if len(gaps) >= maxGapsPerFile {
		last := &gaps[len(gaps)-1]
		last.Count += g.Count
		return gaps
	}
	return append(gaps, g)
}

// maxLabels bounds the kinds of evidence that are told apart.
const (
	maxLabels = 500
	otherLogs = "Windows event log: others"
)

// seen counts events of one kind of evidence.
func (r *result) seen(label string, t time.Time, n int64) *wire.Coverage {
	c := r.cover[label]
	if c == nil {
		if len(r.cover) >= maxLabels {
			label = otherLogs // whoever writes a log chooses its channels' names
			c = r.cover[label]
		}
	}
	if c == nil {
		if r.cover == nil {
			r.cover = map[string]*wire.Coverage{}
		}
		c = &wire.Coverage{Source: label, Files: 1}
		r.cover[label] = c
	}
	c.Events += n
	span(c, t, t)
	return c
}

func span(c *wire.Coverage, first, last time.Time) {
	if odd(first) || odd(last) {
		return
	}
	if !first.IsZero() && (c.First.IsZero() || first.Before(c.First)) {
		c.First = first
	}
	if last.After(c.Last) {
		c.Last = last
	}
}

// sighted keeps a sighting, with the evidence as text.
func (r *result) sighted(rule *sighting.Rule, ev *event.Event, note string) {
	if odd(ev.Time) {
		ev.Time = time.Time{}
	}
	if r.fold.add(sighting.Sighting{Rule: rule, Event: ev, Note: note, Count: 1, Last: ev.Time}) && ev.Raw == "" {
		ev.Raw = render(ev.Data)
	}
}

// render writes an event's fields as text, for evidence that is not text.
func render(d event.Data) string {
	var b strings.Builder
	for name, v := range d.Fields() {
		if b.Len() > 2000 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(v)
	}
	return cut(b.String())
}

// cut shortens text to 2,000 bytes.
func cut(text string) string {
	if len(text) > 2000 {
		text = strings.ToValidUTF8(text[:1997], "") + "…"
	}
	return text
}

// labels name the kinds of evidence for people.
var labels = map[event.Logsource]string{
	event.IIS: "IIS", event.Web: "web access log", event.HTTPProxy: "HttpProxy", event.ECPServer: "ECP Server",
	event.ECPActivity: "ECP Activity", event.OABGen: "OABGenerator", event.RPSHTTP: "Rps_Http", event.RPSCmdlet: "Rps_Cmdlet",
	event.Setup: "builds", event.ExchangeLog: "other Exchange logs", event.Config: "IIS configuration",
}

// Labels of files that hold no events: those that are judged, and the rest,
// which are only hashed.
const (
	webFiles   = "web files"
	otherFiles = "other files"
)

// label names the kind of evidence that an event belongs to.
func label(l event.Logsource) string {
	if name, ok := labels[l]; ok {
		return name
	}
	switch {
	case strings.HasPrefix(l.Category, "registry"):
		return "registry"
	case l.Service != "":
		return "Windows event log: " + l.Service
	case l.Category != "":
		return "Windows event log: " + l.Category
	}
	return otherLogs
}

// A summary is what all files together told.
type summary struct {
	cover    map[string]*wire.Coverage
	fold     fold
	copies   copies
	scripts  inventory
	files    []string
	gaps     []wire.Gap
	exposure exposure.Collector
	hosts    hosts
	counts   wire.Counts
	evidence []wire.Evidence
	unlisted int // files beyond maxEvidence
}

func newSummary() *summary {
	return &summary{cover: map[string]*wire.Coverage{}}
}

func (s *summary) gap(ref evidence.Ref, err error) {
	s.gaps = append(s.gaps, wire.Gap{Ref: ref, Reason: err.Error(), Count: 1})
}

// add adds one file. Files are added in the order of their paths.
func (s *summary) add(r *result) {
	s.counts.Files++
	s.counts.Bytes += r.bytes
	for name, c := range r.cover {
		if s.cover[name] == nil && len(s.cover) >= maxLabels {
			name = otherLogs
		}
		all := s.cover[name]
		if all == nil {
			all = &wire.Coverage{Source: name}
			s.cover[name] = all
		}
		all.Files += c.Files
		all.Events += c.Events
		all.Bytes += r.bytes
		span(all, c.First, c.Last)
		if name != webFiles && name != otherFiles {
			s.counts.Events += c.Events
		}
	}
	s.copies.drop(r)
	s.fold.merge(&r.fold)
	s.scripts.merge(&r.scripts)
	if r.file != "" && len(s.files) < maxScriptFiles {
		s.files = append(s.files, r.file)
	}
	s.gaps = append(s.gaps, r.gaps...)
	if r.evidence != nil && len(s.evidence) < maxEvidence {
		s.evidence = append(s.evidence, *r.evidence)
	} else if r.evidence != nil {
		s.unlisted++
	}
	for _, ev := range r.builds {
		s.exposure.Add(ev)
	}
	s.hosts.add(r)
}

// coverage lists what was covered, by name.
func (s *summary) coverage() []wire.Coverage {
	var all []wire.Coverage
	for _, c := range s.cover {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b wire.Coverage) int { return strings.Compare(a.Source, b.Source) })
	return all
}

// sightings returns all sightings by time, those without a time first.
func (s *summary) sightings() []sighting.Sighting {
	slices.SortStableFunc(s.fold.kept, func(a, b sighting.Sighting) int { return a.Event.Time.Compare(b.Event.Time) })
	return s.fold.kept
}

// maxScriptFiles bounds the names of scripts that the detectors are told.
const maxScriptFiles = 200_000

// maxGaps bounds the gaps of one scan that are told one by one.
const maxGaps = 1000

// gapList returns the gaps of the whole scan: those of acquiring first.
func (s *summary) gapList(src evidence.Source) []wire.Gap {
	var all []wire.Gap
	if src.Lost != nil {
		for _, g := range src.Lost() {
			all = append(all, wire.Gap{Ref: g.Ref, Reason: g.Err.Error(), Count: 1})
		}
	}
	all = append(all, s.gaps...)
	if s.fold.dropped > 0 {
		all = append(all, wire.Gap{Reason: "more sightings than a scan keeps: the rest are only counted", Count: s.fold.dropped})
	}
	if s.scripts.dropped > 0 {
		all = append(all, wire.Gap{Reason: "more scripts were requested than the inventory keeps: the rest are only counted", Count: s.scripts.dropped})
	}
	if s.unlisted > 0 {
		all = append(all, wire.Gap{Reason: "more files than a scan tells the hash of: the rest were read all the same", Count: s.unlisted})
	}
	if over := len(all) - maxGaps; over > 0 {
		all = append(all[:maxGaps], wire.Gap{Reason: "further gaps", Count: over})
	}
	return all
}

// append adds the next chunk of the same file, which starts after line lines.
func (r *result) append(part *result, line int) {
	for name, c := range part.cover {
		span(r.seen(name, c.First, c.Events), c.First, c.Last)
	}
	moved := map[*event.Event]bool{} // several rules may have sighted one event
	for _, s := range part.fold.kept {
		if !moved[s.Event] {
			s.Event.Ref.Line += line
			moved[s.Event] = true
		}
	}
	r.fold.merge(&part.fold)
	for _, b := range part.builds {
		if len(r.builds) == 0 {
			b.Ref.Line += line
			r.builds = append(r.builds, b)
		}
	}
	for _, s := range part.scripts.scripts {
		if s == nil {
			continue
		}
		for i := range s.Proof {
			s.Proof[i].Line += line
		}
	}
	r.scripts.merge(&part.scripts)
	for _, g := range part.gaps {
		if g.Ref.Line > 0 {
			g.Ref.Line += line
		}
		r.gaps = addGap(r.gaps, g)
	}
}
