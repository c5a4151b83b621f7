// Package evidence describes what an investigator was handed, and names any
// place inside it.
//
// Every fact that Limier states carries a [Ref], so a reader can open the file
// and see the line for themselves.
package evidence

import (
	"fmt"
	"io/fs"
	"time"
)

// A Source is one body of evidence from one host: a live disk, a folder, or a
// triage archive. All reading goes through FS, so the three look the same.
type Source struct {
	ID       string    // stable name, unique within a case
	Host     string    // the machine the evidence came from; "" if unknown
	Acquired time.Time // when it was taken, in UTC; zero if unknown
	FS       fs.FS     // read-only; paths use slashes, even for Windows evidence

	// Lost lists what acquiring could not reach, such as an unreadable
	// archive member. It is complete only once FS has been walked.
	Lost func() []GapError
}

// A Ref points to the place a fact was read from.
// The zero value of Line and Record means "the whole file".
type Ref struct {
	Path   string `json:"path"`             // relative to Source.FS
	Line   int    `json:"line,omitempty"`   // first line is 1, for text logs
	Record uint64 `json:"record,omitempty"` // record number, for binary logs
	Offset int64  `json:"offset,omitempty"` // byte offset of the line or record
}

// String formats r the way editors and grep do: path:line or path#record.
func (r Ref) String() string {
	switch {
	case r.Line > 0:
		return fmt.Sprintf("%s:%d", r.Path, r.Line)
	case r.Record > 0:
		return fmt.Sprintf("%s#%d", r.Path, r.Record)
	case r.Offset > 0:
		return fmt.Sprintf("%s@%d", r.Path, r.Offset)
	}
	return r.Path
}

// A GapError says that something could not be read. A gap is itself a fact
// about the evidence, so it is reported with the findings and never dropped.
type GapError struct {
	Ref Ref
	Err error
}

func (e *GapError) Error() string { return e.Ref.String() + ": " + e.Err.Error() }
func (e *GapError) Unwrap() error { return e.Err }
