package scan

import (
	"bytes"
	"strings"

	"limier/event"
	"limier/evidence"
	"limier/exposure"
	"limier/parse"
)

// builds lists what names a build. An event without an installed product,
// such as a setup run that failed, has no Version.
func builds(events []*event.Event) []exposure.Evidence {
	var list []exposure.Evidence
	for _, ev := range events {
		e := exposure.Evidence{Build: ev.Field("Version"), Exact: ev.Field("Exact") != "", Ref: ev.Ref}
		switch product := ev.Field("Product"); {
		case strings.Contains(product, "SharePoint"):
			e.Product = exposure.SharePoint
		case strings.Contains(product, "Exchange"):
			e.Product = exposure.Exchange
		default:
			continue
		}
		if e.Build != "" {
			list = append(list, e)
		}
	}
	return list
}

// header notes the build that the log's header names.
func (r *result) header(layout parse.Layout) {
	if layout == nil {
		return
	}
	if name, version := layout.Product(); version != "" {
		r.build(evidence.Ref{Path: r.path}, name, version, "")
	}
}

// row notes the build that the rows of an HttpProxy log carry. Unlike the
// header it tells security updates.
func (r *result) row(seg segment) {
	if len(r.builds) > 0 || seg.layout.Source() != event.HTTPProxy {
		return
	}
	text, _, _ := bytes.Cut(seg.data, []byte("\n"))
	ev, err := seg.layout.Event(bytes.TrimRight(text, "\r"))
	if err != nil {
		return
	}
	version := make([]string, 0, 4)
	for _, name := range []string{"MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion"} {
		version = append(version, ev.Field(name))
	}
	if version[0] != "" && version[3] != "" {
		r.build(evidence.Ref{Path: r.path, Line: seg.line + 1, Offset: seg.offset}, "Microsoft Exchange Server", strings.Join(version, "."), "rows")
	}
}

func (r *result) build(ref evidence.Ref, product, version, exact string) {
	r.builds = append(r.builds, &event.Event{Ref: ref, Data: &event.Table{
		Source: event.Setup, Names: []string{"Product", "Version", "Exact"}, Values: []string{product, version, exact}}})
}

// settings reads what the configuration decides beside the build.
func settings(events []*event.Event) exposure.Settings {
	return exposure.Settings{}
}
