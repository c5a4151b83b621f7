package sigma

import (
	"strconv"
	"strings"

	"limier/event"
	format "limier/internal/evtx"
	"limier/parse/evtx"
	"limier/sighting"
)

// MatchRecord is [Engine.Match] for a record that its [evtx.Scanner] yielded: it
// reads from the log what rules ask for and no more. It keeps in the record's
// shape where that is, so only the goroutine of the scanner may call it, and
// the event that [evtx.Record.Keep] makes of the record goes to Match.
func (e *Engine) MatchRecord(r *evtx.Record, found []*sighting.Rule) []*sighting.Rule {
	return e.match(r, e.layout(r), found)
}

func (e *Engine) match(r *evtx.Record, l *layout, found []*sighting.Rule) []*sighting.Rule {
	if l.b == nil {
		return found
	}
	s := e.pool.Get().(*scratch)
	s.reset(l.b)
	s.data, s.layout, s.record, s.memory = r, l, r, memoryOf(r.Scanner())
	found = l.b.match(s, found)
	s.data, s.layout, s.record, s.memory = nil, nil, nil, nil
	e.pool.Put(s)
	return found
}

// A plan is what an engine worked out for the records of one shape.
type plan struct {
	e       *Engine
	layouts []*layout
}

// A layout says where records of one shape, source and event ID have what the
// rules of a bucket ask for.
type layout struct {
	source event.Logsource
	id     uint64
	b      *bucket // nil if there are no rules
	slots  [][]place
	single []int   // by slot: the only field that it has its value from, or one of several, none
	trials []trial // by slot: whether remembering its values pays
	spoken bool    // a keyword stands in the templates
}

// rawKeywords returns texts one of which a record holds if it holds one of the
// keywords, or nil if there is no telling: a keyword of digits may be
// a number, which a record holds in another form. A keyword with spaces may span
// values.
func rawKeywords(keywords []string) []string {
	var raw []string
	for _, k := range keywords {
		longest := ""
		for _, piece := range strings.Fields(k) {
			if len(piece) > len(longest) {
				longest = piece
			}
		}
		// The letters, digits and signs of GUIDs, SIDs, dates and booleans.
		if strings.Trim(longest, "0123456789abcdefilnrstuxz+-:.{}") == "" || longest == highByte {
			return nil
		}
		raw = append(raw, longest)
	}
	return raw
}

// What a slot has that has not one field.
const (
	several = -1
	none    = -2
)

// single returns the only field that places have a value from.
func single(places []place) int {
	switch {
	case len(places) == 0:
		return none
	case len(places) == 1 && len(places[0].names) == 1 && places[0].names[0].derived == "" && len(places[0].names[0].fields) == 1:
		return places[0].names[0].fields[0]
	}
	return several
}

// A place is where a view finds its value.
type place struct {
	view  view
	names []column // of plain views
}

// A column is one name of a plain view.
type column struct {
	fields  []int  // in the shape
	derived string // what the record derives; "" if nothing
}

// maxLayouts bounds the layouts of a shape. One is usual: templates hold their
// event ID.
const maxLayouts = 256

func (e *Engine) layout(r *evtx.Record) *layout {
	p, _ := r.Shape.Plan.(*plan)
	if p == nil || p.e != e {
		p = &plan{e: e}
		r.Shape.Plan = p
	}
	source := r.Logsource()
	for _, l := range p.layouts {
		if l.id == r.ID && l.source == source {
			return l
		}
	}
	l := e.newLayout(r, source)
	if len(p.layouts) < maxLayouts {
		p.layouts = append(p.layouts, l)
	}
	return l
}

func (e *Engine) newLayout(r *evtx.Record, source event.Logsource) *layout {
	l := &layout{source: source, id: r.ID, b: e.nearest(bucketKey{source, strconv.FormatUint(r.ID, 10)})}
	if l.b == nil {
		return l
	}
	for _, slot := range l.b.slots {
		var places []place
		for _, w := range slot.views {
			p := place{view: w}
			if w.derive == plain || w.derive == repeated {
				for _, name := range w.names {
					n := column{fields: r.Indices(name)}
					for _, d := range r.Derived() {
						if d == name {
							n.derived = name
						}
					}
					if len(n.fields) > 0 || n.derived != "" {
						p.names = append(p.names, n)
					}
				}
				if len(p.names) == 0 {
					continue
				}
			}
			places = append(places, p)
		}
		l.slots = append(l.slots, places)
		l.single = append(l.single, single(places))
	}
	l.trials = make([]trial, len(l.slots))
	for _, i := range l.b.searched {
		if l.b.slots[i].raw != nil {
			plain := l.b.slots[i].keywords
			for i, f := range r.Shape.Fields {
				mixed := !f.Const && r.Value(i).Type == format.TypeText // of the template's text and values
				l.spoken = l.spoken || mixed || f.Const && plain.Any([]byte(f.Text))
			}
		}
	}
	return l
}

func (s *scratch) loadRecord(slot int, v *value) {
	for i := range s.layout.slots[slot] {
		p := &s.layout.slots[slot][i]
		switch {
		case p.names != nil:
			s.columns(p, v)
		case p.view.derive == everything:
			v.add(s.everything())
		default:
			if text, ok := s.view(p.view); ok {
				v.add(text)
			}
		}
	}
}

// columns adds the first name's values. Each value of a field that repeats may
// match; strings without names, and what is more than v has room for, are one.
func (s *scratch) columns(p *place, v *value) {
	for i := range p.names {
		start, before := len(s.buf), v.n
		for k, f := range p.names[i].fields {
			one := s.record.Value(f)
			if one.Empty() {
				continue
			}
			if len(s.buf) > start {
				s.buf = append(s.buf, '\n')
			}
			s.buf = one.Append(s.buf)
			if p.view.derive != repeated && (v.n < maxViews-1 || k == len(p.names[i].fields)-1) {
				v.add(s.text(start))
				start = len(s.buf)
			}
		}
		if len(s.buf) > start {
			v.add(s.text(start))
		}
		if v.n > before {
			return
		}
		if d := p.names[i].derived; d != "" {
			if text, ok := s.record.Field(d); ok {
				v.add(text)
				return
			}
		}
	}
}

func (s *scratch) everything() string {
	start := len(s.buf)
	for i := range s.record.Shape.Fields {
		v := s.record.Value(i)
		if v.Empty() {
			continue
		}
		if len(s.buf) > start {
			s.buf = append(s.buf, ' ')
		}
		s.buf = v.Append(s.buf)
	}
	return s.text(start)
}
