// Package evtx reads Windows event logs.
//
// [Parser] yields events that may be kept. [Scanner] is for an engine that
// judges millions of records and keeps few: it yields the same records one
// after the other without copying, and a chunk at a time, so that chunks of one
// log run on all cores.
package evtx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"

	"limier/event"
	"limier/evidence"
	"limier/internal/evtx"
	"limier/parse"
)

// Parser reads .evtx files, whole or damaged, in the order of the file.
var Parser = &parse.Parser{
	Name:  "evtx",
	Doc:   "Windows event logs (.evtx)",
	Match: match,
	Parse: func(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error] {
		return func(yield func(*event.Event, error) bool) { run(ctx, path, f, yield) }
	},
}

func match(path string, head []byte) bool {
	return strings.HasPrefix(string(head), evtx.Magic) ||
		len(path) > 5 && strings.EqualFold(path[len(path)-5:], ".evtx")
}

// A File is an open log.
type File = evtx.File

// Open opens a log for [Scanner.Chunk]. What it lost as a whole is in the
// file's Lost; [Gap] makes it a gap.
func Open(r io.ReaderAt, size int64) (*File, error) { return evtx.Open(r, size) }

// Gap says in the words of evidence what of the log at path was lost.
func Gap(path string, lost *evtx.Lost) *evidence.GapError {
	err := lost.Err
	if lost.Size > 0 {
		err = fmt.Errorf("%w (%d bytes)", err, lost.Size)
	}
	if !lost.Written.IsZero() {
		err = fmt.Errorf("%w, written %s", err, lost.Written.Format("2006-01-02T15:04:05Z"))
	}
	return &evidence.GapError{Ref: evidence.Ref{Path: path, Record: lost.Record, Offset: lost.Offset}, Err: err}
}

func run(ctx context.Context, path string, f fs.File, yield func(*event.Event, error) bool) {
	info, err := f.Stat()
	if err != nil {
		yield(nil, fmt.Errorf("reading %s: %w", path, err))
		return
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		r = &window{r: f}
	}
	log, err := Open(r, info.Size())
	if err != nil {
		yield(nil, fmt.Errorf("reading %s: %w", path, err))
		return
	}
	for _, lost := range log.Lost {
		if !yield(nil, Gap(path, lost)) {
			return
		}
	}
	s := Scanner{Path: path}
	for i := range log.Chunks() {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		for rec, err := range s.Chunk(log, i) {
			var ev *event.Event
			var gap *evidence.GapError
			if err == nil {
				ev = rec.Keep()
			}
			if !yield(ev, err) || err != nil && !errors.As(err, &gap) {
				return
			}
		}
	}
}

// A window makes a stream readable at offsets that do not go back further than
// keep bytes: members of archives are streams.
type window struct {
	r     io.Reader
	buf   []byte
	start int64 // offset of buf
	err   error // of r, once it has ended
}

// keep holds the chunk before and the one after, for damaged files.
const keep = 4 * evtx.ChunkSize

func (w *window) ReadAt(b []byte, off int64) (n int, err error) {
	if off < w.start {
		return 0, fmt.Errorf("cannot go back to %d in a stream", off)
	}
	end := off + int64(len(b))
	for w.err == nil && w.start+int64(len(w.buf)) < end {
		if len(w.buf) == 0 {
			w.buf = make([]byte, 0, 2*keep)
		}
		if len(w.buf) == cap(w.buf) {
			w.start += int64(len(w.buf) - keep)
			w.buf = w.buf[:copy(w.buf, w.buf[len(w.buf)-keep:])]
		}
		var n int
		n, w.err = w.r.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
	}
	if at := off - w.start; at < int64(len(w.buf)) {
		n = copy(b, w.buf[at:])
	}
	if n < len(b) {
		err = w.err
	}
	return n, err
}
