package evtx

import (
	"errors"
	"iter"
	"strconv"

	"limier/event"
	"limier/evidence"
	"limier/internal/evtx"
)

// A Scanner decodes the chunks of one log without copying. Use one per
// goroutine; it may go on to another log when Path is changed.
type Scanner struct {
	Path string // for the events' refs

	// Memory belongs to whoever judges the records, as a shape's Plan does: what
	// it remembers from one record to the next.
	Memory any

	decoder evtx.Decoder
	rec     Record
	hosts   map[string]string                     // by UTF-16
	sources map[string]map[uint64]event.Logsource // by channel in UTF-16, event ID
}

// maxNames limits the scanner's maps: a log has a handful of hosts and channels.
const maxNames = 1024

// Chunk yields the records of the chunk numbered i. The record is reused: it
// must not be kept beyond the next one, [Record.Keep] copies it. An
// [evidence.GapError] says that something was lost and ends nothing; another
// error ends the chunk.
func (s *Scanner) Chunk(f *evtx.File, i int) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if s.hosts == nil || len(s.hosts) > maxNames || len(s.sources) > maxNames {
			s.hosts, s.sources = map[string]string{}, map[string]map[uint64]event.Logsource{}
		}
		for raw, err := range f.Chunk(&s.decoder, i) {
			var lost *evtx.Lost
			switch {
			case errors.As(err, &lost):
				if !yield(nil, Gap(s.Path, lost)) {
					return
				}
			case err != nil:
				yield(nil, err)
				return
			default:
				s.rec = Record{Record: raw, path: s.Path, scanner: s}
				s.name()
				if !yield(&s.rec, nil) {
					return
				}
			}
		}
	}
}

// name works out the record's host and log source.
func (s *Scanner) name() {
	r := &s.rec
	host := r.Value(r.Shape.Computer)
	known, ok := s.hosts[string(host.Raw)]
	if !ok {
		known = host.String()
		s.hosts[string(host.Raw)] = known
	}
	r.host = known
	r.ID, _ = r.EventID()
	channel := r.Value(r.Shape.Channel)
	byID, ok := s.sources[string(channel.Raw)]
	if !ok {
		byID = map[uint64]event.Logsource{}
		s.sources[string(channel.Raw)] = byID
	}
	if r.source, ok = byID[r.ID]; !ok {
		r.source = event.Windows(channel.String(), strconv.FormatUint(r.ID, 10))
		if len(byID) < maxNames*64 {
			byID[r.ID] = r.source
		}
	}
}

// A Record is the data of an event from a Windows event log. Besides what
// [event.Data] asks for it gives access to values as they lie in the log: the
// shape says which fields a record has, and is the same for all records of one
// kind, so an engine finds its fields once per shape (see Plan there) and then
// reads them by index.
//
//	for _, i := range rec.Indices("CommandLine") { v := rec.Value(i); … v.Raw is UTF-16 }
type Record struct {
	*evtx.Record        // Shape, Value, AppendXML, AppendJSON
	ID           uint64 // EventID; 0 if it has none

	host    string
	path    string
	source  event.Logsource
	scanner *Scanner // nil once kept
}

// Keep returns the record as an event that may be kept.
func (r *Record) Keep() *event.Event {
	kept := *r
	kept.Record, kept.scanner = r.Record.Clone(), nil
	return &event.Event{Time: r.Time(), Host: r.host, Ref: r.Ref(), Data: &kept}
}

// Ref points to the record.
func (r *Record) Ref() evidence.Ref {
	return evidence.Ref{Path: r.path, Record: r.RecordID(), Offset: r.Offset}
}

// Scanner returns the scanner that yielded the record, nil once it is kept.
func (r *Record) Scanner() *Scanner { return r.scanner }

// Host returns the Computer of the event.
func (r *Record) Host() string { return r.host }

// Logsource returns what [event.Windows] makes of the channel and the EventID.
func (r *Record) Logsource() event.Logsource { return r.source }

// Indices returns the indices in r.Shape.Fields of what Sigma means by name:
// usually one, several for repeated fields such as "Data". Security events that
// Sigma's categories cover answer to Sigma's names as well as their own. The
// names that [Record.Derived] lists are not there.
func (r *Record) Indices(name string) []int {
	if all := r.Shape.All(name); len(all) > 0 {
		return all
	}
	if own := r.alias(name); own != "" {
		return r.Shape.All(own)
	}
	return nil
}

// Field returns the value of a field by its Sigma name. Where a field is
// repeated, or an array, the values are joined by line feeds; rules that
// compare whole values range over Fields.
func (r *Record) Field(name string) (string, bool) {
	var buf [512]byte
	text, n := buf[:0], 0
	for _, i := range r.Indices(name) {
		v := r.Value(i)
		if v.Empty() {
			continue
		}
		if n > 0 {
			text = append(text, '\n')
		}
		text = v.Append(text)
		n++
	}
	if n == 0 {
		if s := r.derive(name); s != "" {
			return s, true
		}
	}
	return string(text), len(text) > 0
}

// Fields yields every field that has a value, the elements of arrays one by
// one, and then those that are derived.
func (r *Record) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range r.Shape.Fields {
			v := r.Value(i)
			if v.Empty() {
				continue
			}
			for e := range v.Elems() {
				if s := e.String(); s != "" && !yield(r.Shape.Fields[i].Name, s) {
					return
				}
			}
		}
		for _, name := range r.Derived() {
			if s := r.derive(name); s != "" && !yield(name, s) {
				return
			}
		}
	}
}

// text returns the first field of that name.
func (r *Record) text(name string) string {
	return r.Value(r.Shape.Index(name)).String()
}
