// Package parse defines what a parser is. Parsers live in the folders below.
package parse

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/internal/lines"
)

// A Parser turns one format of evidence into events. It has either Layout, if
// the format is text with one event a line, or Parse.
type Parser struct {
	Name string // "iis"
	Doc  string // one line, lower case, no period

	// Match reports whether the parser reads the file, by its name and the
	// first bytes of its content (up to 4 KiB; collections rename files).
	Match func(path string, head []byte) bool

	// Layout returns the layout in force at the start of a text log.
	Layout func(path string, head []byte) Layout

	// Parse yields the events of one file in the order they are written.
	// An unreadable record yields a nil event with an [evidence.GapError] and
	// parsing goes on; any other error ends the file.
	Parse func(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error]
}

// A Layout reads the lines of a text log under one header. It is immutable.
// Lines come without their line end, and never empty.
type Layout interface {
	// Directive reads a header or comment line and returns the layout in
	// force after it; ok is false for a line that holds an event.
	Directive(line []byte) (next Layout, ok bool)

	// Event parses a line. The event shares no memory with it.
	Event(line []byte) (*event.Event, error)

	// Path returns the path that a web request asks for, without the query; it
	// is empty where the log has none. ok tells whether the line looks like an
	// event of this layout. It is called for every line, so it must be quick
	// and must not allocate; path shares memory with line.
	Path(line []byte) (path []byte, ok bool)

	// Request reads what the request inventory counts. It must not allocate; r
	// shares memory with line.
	Request(line []byte, clock *Clock) (r Request, ok bool)

	// Product returns the product and build that the header names, such as
	// "Microsoft Exchange Server" and "15.01.2375.007"; "" if it names none.
	Product() (name, version string)

	// Source returns the log source of the events.
	Source() event.Logsource
}

// A Table is a Layout whose lines are one value for each of its columns, with a
// space between two.
type Table interface {
	Layout

	// Columns returns the names of the columns, in their order, and which of
	// them has the path; none if the header was not seen or names no path.
	Columns() (names []string, path int)

	// Starts reports whether a line that has one value for each column starts as
	// an event does. Event, Path and Request read such a line column by column.
	Starts(line []byte) bool

	// Value returns what an event has for a value of a line.
	Value(column int, raw []byte) []byte

	// Asked is Request for a line that was cut into its values.
	Asked(values [][]byte, clock *Clock) (r Request, ok bool)
}

// A Partial is a Layout that may lack columns which detectors rest on.
type Partial interface {
	Layout

	// Lacks names those that are missing.
	Lacks() []string
}

// A Request is the part of a web request that is counted for every line.
type Request struct {
	Path   []byte // without the query
	Post   bool
	Status int
	Client []byte
	Agent  []byte
	Time   time.Time // UTC; zero if the line does not tell
}

// lineLimit is the longest line that is read whole. Exchange cuts its own at
// 32 KiB; what is longer is damage or an attack on the reader.
const lineLimit = 1 << 20

var errLongLine = fmt.Errorf("line longer than %d bytes: cut", lineLimit)

// Events yields the events of one file through either kind of parser. A scan
// reads text logs faster, a chunk at a time; this is the plain way.
func (p *Parser) Events(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error] {
	if p.Parse != nil {
		return p.Parse(ctx, path, f)
	}
	return func(yield func(*event.Event, error) bool) {
		var layout Layout
		line := 0
		for chunk, err := range lines.Chunks(f, func() []byte { return make([]byte, lineLimit) }) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if layout == nil {
				layout = p.Layout(path, chunk.Data[:min(len(chunk.Data), 4<<10)])
			}
			offset := chunk.Offset
			for text := range bytes.Lines(chunk.Data) {
				line++
				ref := evidence.Ref{Path: path, Line: line, Offset: offset}
				offset += int64(len(text))
				text = bytes.TrimRight(text, "\r\n")
				if len(text) == 0 {
					continue
				}
				if next, ok := layout.Directive(text); ok {
					layout = next
					continue
				}
				ev, err := layout.Event(text)
				if err != nil {
					err = &evidence.GapError{Ref: ref, Err: err}
					ev = nil
				} else {
					ev.Ref = ref
				}
				if !yield(ev, err) {
					return
				}
			}
			if chunk.Cut > 0 && !yield(nil, &evidence.GapError{Ref: evidence.Ref{Path: path, Line: line}, Err: errLongLine}) {
				return
			}
		}
	}
}
