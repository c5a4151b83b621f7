package wire

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"limier/evidence"
	"limier/finding"
)

// Read reads one line of a stream into m, which must be zero. It ignores fields
// that it does not know, and is strict about UTF-8, types and repeated names.
//
// A hub spends a fifth of its time here, so that what this version writes, field
// by field in the order of the types, is read by hand. All else is left to json,
// which alone says what is wrong.
func Read(line []byte, m *Message) error {
	if read(line, m) {
		return nil
	}
	*m = Message{}
	return json.Unmarshal(line, m)
}

// read is the way by hand. It reports false, and leaves m in any state, if the
// line is not as expected: broken, or only written in another way.
func read(line []byte, m *Message) bool {
	r := reader{in: string(line)} // one copy that all strings of the message share
	r.message(m)
	return !r.odd && r.at == len(r.in)
}

// A reader reads JSON as encoding/json writes it: no spaces, fields in order.
type reader struct {
	in    string
	at    int  // where the next byte is
	first bool // no field of the object was read yet
	odd   bool // not what was expected; what is read from then on does not count
}

func (r *reader) message(m *Message) {
	r.open()
	switch {
	case r.field("start"):
		m.Start = new(Start)
		r.start(m.Start)
	case r.field("exposure"):
		m.Exposure = new(Exposure)
		r.exposure(m.Exposure)
	case r.field("finding"):
		m.Finding = new(finding.Finding)
		r.finding(m.Finding)
	case r.field("evidence"):
		m.Evidence = new(Evidence)
		r.evidence(m.Evidence)
	case r.field("gap"):
		m.Gap = new(Gap)
		r.gap(m.Gap)
	case r.field("end"):
		m.End = new(End)
		r.end(m.End)
	}
	r.close()
	r.byte('\n')
}

func (r *reader) start(s *Start) {
	r.open()
	text(r, "format", &s.Format)
	text(r, "version", &s.Version)
	text(r, "source", &s.Source)
	text(r, "host", &s.Host)
	moment(r, "acquired", &s.Acquired)
	number(r, "rules", &s.Rules)
	r.close()
}

func (r *reader) exposure(e *Exposure) {
	r.open()
	text(r, "host", &e.Host)
	text(r, "product", &e.Product)
	text(r, "build", &e.Build)
	text(r, "name", &e.Name)
	text(r, "updated", &e.Updated)
	list(r, "proof", &e.Proof, (*reader).ref, 1)
	list(r, "cves", &e.CVEs, (*reader).cve, 48)
	list(r, "notes", &e.Notes, (*reader).string, 1)
	r.close()
}

func (r *reader) cve(c *CVEState) {
	r.open()
	text(r, "id", &c.ID)
	text(r, "state", &c.State)
	text(r, "fixed_in", &c.FixedIn)
	text(r, "note", &c.Note)
	text(r, "exploited", &c.Exploited)
	r.close()
}

func (r *reader) finding(f *finding.Finding) {
	r.open()
	text(r, "id", &f.ID)
	text(r, "rule", &f.Rule)
	text(r, "title", &f.Title)
	text(r, "reason", &f.Reason)
	text(r, "phase", &f.Phase)
	text(r, "outcome", &f.Outcome)
	text(r, "level", &f.Level)
	text(r, "confidence", &f.Confidence)
	text(r, "host", &f.Host)
	moment(r, "start", &f.Start)
	moment(r, "end", &f.End)
	list(r, "techniques", &f.Techniques, (*reader).string, 8)
	list(r, "cves", &f.CVEs, (*reader).string, 2)
	list(r, "entities", &f.Entities, (*reader).entity, 4)
	list(r, "steps", &f.Steps, (*reader).step, 8)
	number(r, "count", &f.Count)
	list(r, "references", &f.References, (*reader).string, 1)
	r.close()
}

func (r *reader) entity(e *finding.Entity) {
	r.open()
	text(r, "type", &e.Type)
	text(r, "value", &e.Value)
	text(r, "role", &e.Role)
	r.close()
}

func (r *reader) step(s *finding.Step) {
	r.open()
	moment(r, "time", &s.Time)
	text(r, "rule", &s.Rule)
	text(r, "text", &s.Text)
	text(r, "outcome", &s.Outcome)
	if r.field("key") {
		s.Key = r.word("true")
	}
	if r.field("ref") {
		r.ref(&s.Ref)
	}
	text(r, "raw", &s.Raw)
	r.close()
}

func (r *reader) ref(p *evidence.Ref) {
	r.open()
	text(r, "path", &p.Path)
	number(r, "line", &p.Line)
	number(r, "record", &p.Record)
	number(r, "offset", &p.Offset)
	r.close()
}

func (r *reader) evidence(e *Evidence) {
	r.open()
	text(r, "path", &e.Path)
	number(r, "size", &e.Size)
	text(r, "sha256", &e.SHA256)
	r.close()
}

func (r *reader) gap(g *Gap) {
	r.open()
	if r.field("ref") {
		r.ref(&g.Ref)
	}
	text(r, "reason", &g.Reason)
	number(r, "count", &g.Count)
	r.close()
}

func (r *reader) end(e *End) {
	r.open()
	text(r, "verdict", &e.Verdict)
	text(r, "confidence", &e.Confidence)
	text(r, "reason", &e.Reason)
	list(r, "coverage", &e.Coverage, (*reader).coverage, 8)
	list(r, "next", &e.Next, (*reader).next, 4)
	if r.field("counts") {
		r.counts(&e.Counts)
	}
	r.close()
}

func (r *reader) coverage(c *Coverage) {
	r.open()
	text(r, "source", &c.Source)
	number(r, "files", &c.Files)
	number(r, "events", &c.Events)
	number(r, "bytes", &c.Bytes)
	moment(r, "first", &c.First)
	moment(r, "last", &c.Last)
	r.close()
}

func (r *reader) next(n *NextStep) {
	r.open()
	text(r, "text", &n.Text)
	text(r, "source", &n.Source)
	r.close()
}

func (r *reader) counts(c *Counts) {
	r.open()
	number(r, "files", &c.Files)
	number(r, "bytes", &c.Bytes)
	number(r, "events", &c.Events)
	number(r, "sightings", &c.Sightings)
	number(r, "findings", &c.Findings)
	number(r, "gaps", &c.Gaps)
	r.close()
}

// open begins an object.
func (r *reader) open() {
	r.byte('{')
	r.first = true
}

// close ends an object. A field that was not read in its turn is odd.
func (r *reader) close() {
	r.byte('}')
	r.first = false
}

// field reports whether the object's next field has that name, and reads up to
// its value.
func (r *reader) field(name string) bool {
	rest := r.in[r.at:]
	if !r.first {
		if rest == "" || rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	n := len(name)
	if len(rest) < n+3 || rest[0] != '"' || rest[1:1+n] != name || rest[1+n] != '"' || rest[2+n] != ':' {
		return false
	}
	r.at = len(r.in) - len(rest) + n + 3
	r.first = false
	return true
}

// text reads a field that is a string, if it is the next.
func text[T ~string](r *reader, name string, to *T) {
	if r.field(name) {
		var s string
		r.string(&s)
		*to = T(s)
	}
}

// moment reads a field that is a time of UTC, if it is the next.
func moment(r *reader, name string, to *time.Time) {
	if r.field(name) {
		var s string
		if r.string(&s); !strings.HasSuffix(s, "Z") || to.UnmarshalText([]byte(s)) != nil {
			r.odd = true
		}
	}
}

// number reads a field that is a whole number, if it is the next.
func number[T int | int64 | uint64](r *reader, name string, to *T) {
	if !r.field(name) {
		return
	}
	rest := r.in[r.at:]
	n, digits := int64(0), 0
	for digits < len(rest) && digits < 19 && rest[digits]-'0' < 10 {
		n = n*10 + int64(rest[digits]-'0')
		digits++
	}
	*to = T(n)
	if digits == 0 || digits == 19 || digits > 1 && rest[0] == '0' || int64(*to) != n { // negative ones are left to json too
		r.odd = true
	}
	r.at += digits
}

// list reads a field that is a list, if it is the next: most often no longer
// than usual.
func list[T any](r *reader, name string, to *[]T, one func(*reader, *T), usual int) {
	if !r.field(name) || r.word("null") {
		return
	}
	r.byte('[')
	if r.word("]") {
		*to = []T{}
		return
	}
	all := make([]T, 0, usual)
	for !r.odd {
		var zero T
		all = append(all, zero)
		one(r, &all[len(all)-1])
		if !r.word(",") {
			r.byte(']')
			break
		}
	}
	*to = all
}

// byte reads one byte, which must be c.
func (r *reader) byte(c byte) {
	if r.at == len(r.in) || r.in[r.at] != c {
		r.odd = true
		return
	}
	r.at++
}

// word reads a word, if it is the next.
func (r *reader) word(w string) bool {
	if strings.HasPrefix(r.in[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

// string reads a string.
func (r *reader) string(to *string) {
	r.byte('"')
	rest := r.in[r.at:]
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '"':
			*to = rest[:i]
			r.at += i + 1
			return
		case c < ' ' || c == '\\' || c >= 0x80:
			r.escaped(to)
			return
		}
	}
	r.odd = true
}

// escaped is string for one with escapes, or beyond ASCII.
func (r *reader) escaped(to *string) {
	rest := r.in[r.at:]
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			s, err := jsontext.AppendUnquote(make([]byte, 0, i), r.in[r.at-1:r.at+i+1])
			r.odd = r.odd || err != nil
			*to = string(s)
			r.at += i + 1
			return
		}
	}
	r.odd = true
}
