package scan

import (
	"bytes"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/parse"
	"limier/wire"
)

// header notes the build that a log's header names, and the log itself: one that
// holds nothing else was read too.
func (r *result) header(layout parse.Layout) {
	if layout == nil {
		return
	}
	r.seen(label(layout.Source()), time.Time{}, 0)
	if name, version := layout.Product(); strings.Contains(name, "Exchange") {
		r.builds = append(r.builds, &event.Event{Ref: evidence.Ref{Path: r.path}, Data: &event.Table{
			Source: event.Setup, Names: []string{"Product", "Version"}, Values: []string{exposure.Exchange, version}}})
	}
}

// lacks notes that n lines have no column for something that is judged.
func (r *result) lacks(seg segment, n int) {
	p, ok := seg.layout.(parse.Partial)
	if !ok || n == 0 {
		return
	}
	if names := p.Lacks(); len(names) > 0 {
		reason := "the log has no column " + strings.Join(names, ", ") + ": what would show there is not seen"
		r.gaps = addGap(r.gaps, wire.Gap{Ref: evidence.Ref{Path: r.path, Line: seg.line + 1, Offset: seg.offset}, Reason: reason, Count: n})
	}
}

// row keeps the first row of an HttpProxy log: unlike the header it tells
// security updates.
func (r *result) row(seg segment) {
	if len(r.builds) > 0 || seg.layout.Source() != event.HTTPProxy {
		return
	}
	text, _, _ := bytes.Cut(seg.data, []byte("\n"))
	if ev, err := seg.layout.Event(bytes.TrimRight(text, "\r")); err == nil {
		ev.Ref = evidence.Ref{Path: r.path, Line: seg.line + 1, Offset: seg.offset}
		r.builds = append(r.builds, ev)
	}
}
