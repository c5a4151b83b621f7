package winevent

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/internal/objects"
	"limier/parse"
)

// fromXML reads the events of a text. Data elements go by their Name, and
// other leaves by their own; attributes of the System part are named after
// their element: Provider_Name.
func fromXML(text []byte) iter.Seq2[*data, error] {
	return func(yield func(*data, error) bool) {
		dec := xml.NewDecoder(bytes.NewReader(text))
		dec.Strict = false
		dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
		var r *data
		var name string
		var value strings.Builder
		depth, leaf := 0, false
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				if r != nil {
					yield(nil, errors.New("XML event cut short"))
				}
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			switch t := tok.(type) {
			case xml.StartElement:
				depth++
				if t.Name.Local == "Event" {
					r, depth = &data{}, 0
				}
				if r == nil {
					continue
				}
				name, leaf = t.Name.Local, true
				value.Reset()
				for _, a := range t.Attr {
					switch {
					case t.Name.Local == "Data" && a.Name.Local == "Name":
						name = a.Value
					case a.Name.Local == "xmlns" || a.Name.Space == "xmlns":
					case t.Name.Local != "Data":
						r.add(t.Name.Local+"_"+a.Name.Local, a.Value)
					}
				}
			case xml.CharData:
				value.Write(t)
			case xml.EndElement:
				depth--
				if r == nil {
					continue
				}
				if t.Name.Local == "Event" {
					if _, ok := r.own("EventID"); !ok {
						if !yield(nil, errors.New("XML event without an EventID")) {
							return
						}
					} else if !yield(r, nil) {
						return
					}
					r = nil
					continue
				}
				if leaf {
					r.add(name, strings.TrimSpace(value.String()))
				}
				leaf = false
			}
			if depth > objects.MaxDepth {
				yield(nil, errors.New("XML nested too deeply"))
				return
			}
		}
	}
}

// An xmlReader turns a file of rendered XML into events: those of one line, or
// of many, alone or below one element.
type xmlReader struct {
	reader

	pending []byte // read and not yet told
	from    int    // where in it to look on for the end of an event
	inside  bool   // it starts with an event
	skip    bool   // of an event that is too long
	line    int
	offset  int64
}

var (
	eventStart = []byte("<Event")
	eventEnd   = []byte("</Event>")
)

func (r *xmlReader) read(f io.Reader) {
	r.line = 1
	buf := make([]byte, 64<<10)
	for !r.done {
		if err := r.ctx.Err(); err != nil {
			r.yield(nil, err)
			return
		}
		n, err := f.Read(buf)
		r.pending = append(r.pending, buf[:n]...)
		for !r.done && r.step(err != nil) {
		}
		switch {
		case errors.Is(err, io.EOF):
			if r.inside && !r.skip && !r.done {
				r.gap(r.ref(), errCutShort)
			}
			return
		case err != nil:
			if !r.done {
				r.yield(nil, fmt.Errorf("reading %s: %w", r.path, err))
			}
			return
		}
	}
}

var errCutShort = errors.New("XML event cut short")

// step takes the next event, or what stands before it, and reports whether
// there may be more in what is pending.
func (r *xmlReader) step(last bool) bool {
	if !r.inside {
		i := startOf(r.pending)
		n := i
		if i < 0 { // whole lines, for a tag may go on
			n = bytes.LastIndexByte(r.pending, '\n') + 1
			if last || n == 0 && len(r.pending) > objects.MaxObject {
				n = len(r.pending)
			}
		}
		r.outside(n)
		r.inside, r.from = i >= 0, len(eventStart)
		return i >= 0
	}
	end := bytes.Index(r.pending[r.from:], eventEnd)
	next := startOf(r.pending[r.from:])
	switch {
	case next >= 0 && (end < 0 || next < end): // the end is missing
		if !r.skip {
			r.gap(r.ref(), errCutShort)
		}
		r.take(r.from + next)
		r.from, r.skip = len(eventStart), false
		return true
	case end < 0:
		r.from = max(r.from, len(r.pending)-len(eventEnd))
		if len(r.pending) > objects.MaxObject {
			if !r.skip {
				r.gap(r.ref(), objects.ErrTooLong)
			}
			r.skip = true
			r.take(r.from)
			r.from = 0
		}
		return false
	}
	end += r.from + len(eventEnd)
	if !r.skip {
		ref := r.ref()
		for d, err := range fromXML(r.pending[:end]) {
			if err != nil {
				r.gap(ref, err)
				continue
			}
			r.emit(d.event(ref))
		}
	}
	r.take(end)
	r.inside, r.skip = false, false
	return true
}

// outside drops n bytes before an event: other tags, and lines that are lost.
func (r *xmlReader) outside(n int) {
	for n > 0 {
		line := r.pending[:n]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if text := bytes.TrimSpace(trim(line)); len(text) > 0 && text[0] != '<' {
			r.gap(r.ref(), errNeither)
		}
		n -= len(line)
		r.take(len(line))
	}
}

// startOf returns where an event's element starts, or -1. Its name ends where
// the tag or an attribute may follow.
func startOf(b []byte) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], eventStart)
		if i < 0 {
			return -1
		}
		at += i + len(eventStart)
		if at < len(b) && bytes.IndexByte([]byte(" >\t\r\n"), b[at]) >= 0 {
			return at - len(eventStart)
		}
	}
}

func (r *xmlReader) ref() evidence.Ref {
	return evidence.Ref{Path: r.path, Line: r.line, Offset: r.offset}
}

// take drops the first n bytes of what is pending.
func (r *xmlReader) take(n int) {
	r.line += bytes.Count(r.pending[:n], []byte("\n"))
	r.offset += int64(n)
	r.pending = r.pending[n:]
}

// event makes an event of the fields of an XML event.
func (d *data) event(ref evidence.Ref) *event.Event {
	id, _ := d.own("EventID")
	channel, _ := d.own("Channel")
	d.source = event.Windows(channel, id)
	host, _ := d.own("Computer")
	when, ok := d.utc()
	if !ok {
		text, _ := d.own("TimeCreated_SystemTime")
		if when = parse.Moment(text, layouts); strings.Trim(text, "0123456789-:. T") == "" {
			when = time.Time{} // of no zone
		}
	}
	return &event.Event{Time: when, Host: host, Ref: ref, Data: d}
}
