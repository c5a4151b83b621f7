package scan

import (
	"bytes"
	"strings"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/parse"
)

// header notes the build that a log's header names.
func (r *result) header(layout parse.Layout) {
	if layout == nil {
		return
	}
	if name, version := layout.Product(); strings.Contains(name, "Exchange") {
		r.builds = append(r.builds, &event.Event{Ref: evidence.Ref{Path: r.path}, Data: &event.Table{
			Source: event.Setup, Names: []string{"Product", "Version"}, Values: []string{exposure.Exchange, version}}})
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
