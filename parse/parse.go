// Package parse defines what a parser is. Parsers live in the folders below.
package parse

import (
	"context"
	"io/fs"
	"iter"

	"limier/event"
)

// A Parser turns one format of evidence into events.
type Parser struct {
	Name string // "iis"
	Doc  string // one line, lower case, no period

	// Match reports whether the parser reads the file, by its name and the
	// first bytes of its content (up to 4 KiB; collections rename files).
	Match func(path string, head []byte) bool

	// Parse yields the events of one file in the order they are written.
	// An unreadable record yields a nil event with an [evidence.GapError] and
	// parsing goes on; any other error ends the file.
	Parse func(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error]
}
