package sigma

import (
	"slices"
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
	m := memoryOf(r.Scanner())
	if l.idle != nil && !l.idle.in(r, m) {
		return found
	}
	s := e.pool.Get().(*scratch)
	s.reset(l.b)
	s.data, s.layout, s.record, s.memory = r, l, r, m
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

	searched []int // of the bucket's, those that the records have
	spans    spans
	spoken   bool      // a keyword stands in the templates
	idle     *keywords // if set, a record with none of them matches no rule
}

// rawKeywords returns texts one of which a record holds if it holds one of the
// keywords, or nil if there is no telling: a keyword of digits may be
// a number, which a record holds in another form.
func rawKeywords(keywords []string, how spans) []string {
	var raw []string
	for _, k := range keywords {
		longest := ""
		for piece := range strings.FieldsFuncSeq(k, func(r rune) bool { return r == '\n' || how == across && r == ' ' }) {
			if len(piece) > len(longest) {
				longest = piece
			}
		}
		if numeric(longest) || longest == highByte {
			return nil
		}
		raw = append(raw, longest)
	}
	return raw
}

// numeric reports whether a value that is no text may be written with such a
// text: hexadecimal digits, GUIDs, SIDs, dates, booleans, and what is no number.
func numeric(text string) bool {
	for _, word := range []string{"true", "false", "1.#inf", "1.#ind"} {
		if strings.Contains(word, text) {
			return true
		}
	}
	return strings.Trim(text, "0123456789abcdefstxz+-:.{}#") == ""
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
	if len(r.Indices("Data")) > 0 {
		l.spans = across
	}
	for _, slot := range l.b.slots {
		if k := slot.keywords[l.spans]; k != nil {
			for i, f := range r.Shape.Fields {
				mixed := !f.Const && r.Value(i).Type == format.TypeText // of the template's text and values
				l.spoken = l.spoken || mixed || f.Const && k.ansi().Any([]byte(f.Text))
			}
		}
	}
	for _, i := range l.b.searched {
		if l.single[i] != none {
			l.searched = append(l.searched, i)
		}
	}
	always := slices.ContainsFunc(l.b.always, func(word uint64) bool { return word != 0 })
	switch {
	case always:
	case len(l.searched) == 0:
		l.b = nil // its rules ask for what these records lack
	case len(l.searched) == 1 && !l.spoken:
		l.idle = l.b.slots[l.searched[0]].keywords[l.spans]
	}
	return l
}

// in reports whether the record may hold one of the keywords. What is not in its
// chunk is not in the record.
func (k *keywords) in(r *evtx.Record, m *memory) bool {
	return m.mayHold(r, k) && k.wide().Any(r.Bytes()) || r.HasANSI() && k.ansi().Any(r.Bytes())
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
	start, between := len(s.buf), s.between()
	for i := range s.record.Shape.Fields {
		v := s.record.Value(i)
		if v.Empty() {
			continue
		}
		if len(s.buf) > start {
			s.buf = append(s.buf, between)
		}
		s.buf = v.Append(s.buf)
	}
	return s.text(start)
}
