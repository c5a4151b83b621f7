package winevent

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/internal/objects"
)

// matchJSON asks for an object that names what every shape names.
func matchJSON(name string, head []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".har", ".ipynb", ".geojson":
		return false
	}
	for _, signs := range [][]string{
		{`"System"`, `"Provider"`, `"EventID"`},
		{`"winlog"`, `"channel"`}, {`"winlog"`, `"event_id"`},
		{`"EventID"`, `"Channel"`}, {`"EventID"`, `"SourceName"`},
		{`"event_id"`, `"log_name"`}, {`"event_id"`, `"source_name"`},
		{`"EventId"`, `"Channel"`, `"Provider"`},
	} {
		all := true
		for _, s := range signs {
			all = all && bytes.Contains(head, []byte(s))
		}
		if all {
			return true
		}
	}
	return false
}

// A jsonReader turns a file of JSON into events.
type jsonReader struct {
	reader

	zone    zone
	waiting []*event.Event // until the zone is known
}

// maxWaiting bounds the events that wait for one that tells the time zone.
const maxWaiting = 2000

func (r *jsonReader) read(f io.Reader) {
	for o, err := range objects.Each(f) {
		if err == nil {
			err = r.ctx.Err()
		}
		if r.done {
			return
		}
		ref := evidence.Ref{Path: r.path, Line: o.Line, Offset: o.Offset}
		if err != nil {
			if damaged, ok := err.(*objects.Damage); ok {
				r.gap(ref, damaged.Err)
				continue
			}
			r.flush()
			if !r.done {
				r.yield(nil, fmt.Errorf("reading %s: %w", r.path, err))
			}
			return
		}
		root, err := objects.Parse(o.Text)
		if err != nil {
			r.gap(ref, err)
			continue
		}
		d, when, ok := shape(root)
		if !ok {
			r.gap(ref, errShape)
			continue
		}
		host, _ := d.Field("Computer")
		ev := &event.Event{Time: when.utc, Host: host, Ref: ref, Data: d}
		if !when.local {
			if utc, ok := d.utc(); ok {
				ev.Time = utc
			}
			r.emit(ev)
			continue
		}
		known := r.zone.known
		r.zone.learn(d, when.utc)
		if r.waiting = append(r.waiting, ev); known || r.zone.known || len(r.waiting) >= maxWaiting {
			r.zone.known = true
			r.flush()
		}
	}
	if !r.done {
		r.flush()
	}
}

func (r *jsonReader) flush() {
	for _, ev := range r.waiting {
		ev.Time = r.zone.correct(ev.Data.(*data), ev.Time)
		r.emit(ev)
	}
	r.waiting = r.waiting[:0]
}

// A zone is the time zone of a host whose exporter wrote local time as if it
// were UTC, or without a zone. OTRF's sets do: their @timestamp and TimeCreated end in Z and are
// hours behind the UtcTime that Sysmon itself wrote into the same event.
type zone struct {
	known  bool
	told   bool          // Sysmon has told it
	offset time.Duration // from what is written to UTC
	varies bool          // a twelve-hour clock: nothing but UtcTime tells the time
}

// learn compares what is written with Sysmon's own time.
func (z *zone) learn(d *data, written time.Time) {
	utc, ok := d.utc()
	if !ok || written.IsZero() {
		return
	}
	// Exporting takes seconds, time zones are quarters of an hour.
	offset := utc.Sub(written).Round(15 * time.Minute)
	if z.known && offset != z.offset {
		z.varies = true
	}
	if !z.known {
		z.known, z.told, z.offset = true, true, offset
	}
}

func (z *zone) correct(d *data, written time.Time) time.Time {
	if utc, ok := d.utc(); ok {
		return utc
	}
	if written.IsZero() || z.varies || d.unzoned && !z.told {
		return time.Time{}
	}
	return written.Add(z.offset)
}
