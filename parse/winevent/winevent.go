// Package winevent parses Windows events that a forwarder or a tool exported as
// text: JSON of Winlogbeat (ECS, and its older form), NXLog as in OTRF's
// Security-Datasets, Velociraptor, EvtxECmd and evtx_dump, and rendered XML.
// Fields have the names that parse/evtx gives them.
//
// Objects and elements stand one to a line, or spread over lines, or in an
// array or below one element.
//
// Exports shift times. A Sysmon event's UtcTime is taken before the export's
// own time, and a time without a zone is taken for none unless Sysmon tells the
// zone: seen in the wild are local times labelled Z and a 12-hour clock without
// AM or PM.
package winevent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"

	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Parser reads exports of Windows event logs.
var Parser = &parse.Parser{
	Name:  "winevent",
	Doc:   "Windows events exported as JSON (Winlogbeat, NXLog, Velociraptor, EvtxECmd, evtx_dump) or XML",
	Match: match,
	Parse: func(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error] {
		return func(yield func(*event.Event, error) bool) {
			r := reader{ctx: ctx, path: path, yield: yield}
			in := bufio.NewReaderSize(f, 64<<10)
			head, _ := in.Peek(4 << 10) // what failed, reading on tells
			if start := trim(head); len(start) > 0 && start[0] == '<' {
				(&xmlReader{reader: r}).read(in)
			} else {
				(&jsonReader{reader: r}).read(in)
			}
		}
	},
}

// trim drops what may stand before the first object or element.
func trim(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n[")
}

func match(name string, head []byte) bool {
	head = trim(head)
	switch {
	case bytes.HasPrefix(head, []byte("{")):
		return matchJSON(name, head)
	case bytes.HasPrefix(head, []byte("<")):
		return bytes.Contains(head, []byte("schemas.microsoft.com/win/2004/08/events/event"))
	}
	return false
}

var (
	errShape   = errors.New("not a Windows event in a shape that is known")
	errNeither = errors.New("neither a JSON object nor an XML event")
)

// A reader hands over what a file tells.
type reader struct {
	ctx   context.Context
	path  string
	yield func(*event.Event, error) bool
	done  bool // the consumer has had enough
}

func (r *reader) emit(ev *event.Event) {
	if !r.done && !r.yield(ev, nil) {
		r.done = true
	}
}

func (r *reader) gap(ref evidence.Ref, err error) {
	if !r.done && !r.yield(nil, &evidence.GapError{Ref: ref, Err: err}) {
		r.done = true
	}
}
