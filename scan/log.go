package scan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"limier/evidence"
	"limier/internal/lines"
	"limier/parse"
	"limier/sighting"
)

// chunkSize is how much of a log is read at a time. It fits the second-level
// cache with its literals.
const chunkSize = 1 << 20

var errLongLine = fmt.Errorf("line longer than %d bytes: cut", chunkSize)

// A segment is a run of lines under one header.
type segment struct {
	layout parse.Layout
	data   []byte
	offset int64
	line   int // lines before it in the chunk
}

// segments splits a chunk at its header lines and returns the layout in force
// after it. Header lines start with "#"; some Exchange logs repeat the columns
// as a bare line at their start, so the first lines of a file are all asked.
func segments(layout parse.Layout, data []byte, offset int64, first bool) ([]segment, parse.Layout) {
	var out []segment
	start, line := 0, 0
	lineAt := 0 // lines before start
	emit := func(end int) {
		if end > start {
			out = append(out, segment{layout, data[start:end], offset + int64(start), lineAt})
		}
	}
	pos := 0
	for pos < len(data) {
		if !(first && line < 20) && data[pos] != '#' {
			i := nextDirective(data[pos:])
			if i < 0 {
				break
			}
			line += bytes.Count(data[pos:pos+i+1], []byte("\n"))
			pos += i + 1
		}
		end := pos + bytes.IndexByte(data[pos:], '\n') + 1
		if end == pos {
			end = len(data)
		}
		text := bytes.TrimRight(data[pos:end], "\r\n")
		if len(text) > 0 {
			if next, ok := layout.Directive(text); ok {
				emit(pos)
				layout, start, lineAt = next, end, line+1
			}
		}
		pos, line = end, line+1
	}
	emit(len(data))
	return out, layout
}

// nextDirective returns where a line feed and a "#" stand, or -1. The sign is
// rare in logs, line feeds are not.
func nextDirective(data []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '#')
		if i < 0 {
			return -1
		}
		if at += i; at > 0 && data[at-1] == '\n' {
			return at - 1
		}
		at++
	}
}

// log reads a log line by line in this goroutine.
func (s *scanner) log(ctx context.Context, p *parse.Parser, j job, enc encoding, r io.Reader, into *result) {
	size := int(min(max(j.size, 1<<10), chunkSize)) + 1
	var layout parse.Layout
	line := 0
	known := &memory{}
	for chunk, err := range lines.Chunks(enc.reader(r), func() []byte { return make([]byte, size) }) {
		chunk.Offset += enc.mark
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			into.gap(evidence.Ref{Path: j.path}, err)
			return
		}
		first := layout == nil
		if first {
			layout = p.Layout(j.path, chunk.Data[:min(len(chunk.Data), 4<<10)])
		}
		var segs []segment
		segs, layout = segments(layout, chunk.Data, chunk.Offset, first)
		part := newResult(j.path)
		n := s.chunk(segs, chunk, known, part)
		into.append(part, line)
		line += n
	}
	into.header(layout)
	enc.unplaced(into)
}

// bigLog reads a log with all workers, a chunk each, and adds the chunks up in
// their order. A worker reads its chunk itself, so that it is in the cache of its
// core.
func (s *scanner) bigLog(ctx context.Context, j job, into *result, done func(int64)) {
	f, err := s.src.FS.Open(j.path)
	if err != nil {
		into.gap(evidence.Ref{Path: j.path}, err)
		return
	}
	defer f.Close()
	defer closeOn(ctx, f)()
	f, hashRest := s.hash(f, into)
	type task struct {
		chunk lines.Chunk
		out   chan *result
		lines chan int
	}
	order := make(chan task, 2*s.Workers-2)
	free := make(chan []byte, 3*s.Workers)
	buffer := func() []byte {
		select {
		case b := <-free:
			return b
		default:
			return make([]byte, chunkSize)
		}
	}
	next, stop := iter.Pull2(lines.Chunks(into.encoding.reader(f), buffer))
	defer stop()

	var mu sync.Mutex // guards next, layout and ended
	var layout parse.Layout
	ended := false
	read := func() (t task, segs []segment, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			return t, nil, false
		}
		chunk, err, ok := next()
		chunk.Offset += into.encoding.mark
		if err == nil {
			err = ctx.Err()
		}
		t = task{chunk, make(chan *result, 1), make(chan int, 1)}
		if err != nil {
			part := newResult(j.path)
			part.gap(evidence.Ref{Path: j.path, Offset: chunk.Offset}, err)
			t.out <- part
			t.lines <- 0
			order <- t
		}
		if !ok || err != nil {
			ended = true
			close(order)
			return t, nil, false
		}
		first := layout == nil
		if first {
			layout = into.parser.Layout(j.path, chunk.Data[:min(len(chunk.Data), 4<<10)])
		}
		segs, layout = segments(layout, chunk.Data, chunk.Offset, first)
		order <- t
		return t, segs, true
	}
	var wg sync.WaitGroup
	for range s.Workers {
		wg.Go(func() {
			known := &memory{}
			for {
				t, segs, ok := read()
				if !ok {
					return
				}
				part := newResult(j.path)
				n := s.chunk(segs, t.chunk, known, part)
				t.out <- part
				t.lines <- n
			}
		})
	}
	line := 0
	for t := range order {
		into.append(<-t.out, line)
		line += <-t.lines
		done(int64(len(t.chunk.Data)) + t.chunk.Cut)
		if cap(t.chunk.Data) == chunkSize {
			select {
			case free <- t.chunk.Data[:chunkSize]:
			default:
			}
		}
	}
	wg.Wait()
	hashRest()
	into.header(layout)
	into.encoding.unplaced(into)
}

// chunk matches and counts the lines of one chunk and returns how many lines
// it has.
func (s *scanner) chunk(segs []segment, chunk lines.Chunk, known *memory, r *result) int {
	known.next()
	n, rest := 0, chunk.Data // header lines may come last
	for _, seg := range segs {
		n = seg.line + s.segment(seg, known, r)
		rest = chunk.Data[seg.offset+int64(len(seg.data))-chunk.Offset:]
	}
	n += bytes.Count(rest, []byte("\n"))
	if len(rest) > 0 && rest[len(rest)-1] != '\n' {
		n++
	}
	if chunk.Cut > 0 {
		r.gap(evidence.Ref{Path: r.path, Line: n, Offset: chunk.Offset}, errLongLine)
	}
	return n
}

// segment matches rules on the lines that some rule may match, counts all, and
// returns how many there are.
func (s *scanner) segment(seg segment, known *memory, r *result) (n int) {
	r.row(seg)
	defer func() { r.lacks(seg, n) }()
	if table, ok := seg.layout.(parse.Table); ok {
		if known.of(s, table, seg.data) {
			return s.table(seg, table, known, r)
		}
	}
	if s.Rules != nil {
		s.rules(seg, r)
	}
	c := newCounter(seg, r)
	for text, ref := range seg.lines(r.path) {
		c.count(text, ref)
		n++
	}
	return n
}

// lines yields the lines of a segment with their line feeds cut off.
func (seg *segment) lines(path string) iter.Seq2[[]byte, evidence.Ref] {
	return func(yield func([]byte, evidence.Ref) bool) {
		ref := evidence.Ref{Path: path, Line: seg.line, Offset: seg.offset}
		for rest := seg.data; len(rest) > 0; {
			text := rest
			if i := bytes.IndexByte(rest, '\n'); i >= 0 {
				text, rest = rest[:i], rest[i+1:]
			} else {
				rest = nil
			}
			ref.Line++
			if !yield(text, ref) {
				return
			}
			ref.Offset += int64(len(text)) + 1
		}
	}
}

// rules parses and matches the lines that hold a rule's literals.
func (s *scanner) rules(seg segment, r *result) {
	filter := s.prefilter(seg.layout.Source(), seg.data)
	if filter == nil {
		for text, ref := range seg.lines(r.path) {
			s.line(seg.layout, text, ref, r)
		}
		return
	}
	line, pos := seg.line+1, 0
	for start, end := range filter.Lines(seg.data) {
		line += bytes.Count(seg.data[pos:start], []byte("\n"))
		pos = start
		s.line(seg.layout, seg.data[start:end], evidence.Ref{Path: r.path, Line: line, Offset: seg.offset + int64(start)}, r)
	}
}

// line parses one line that a rule may match, and matches it.
func (s *scanner) line(layout parse.Layout, text []byte, ref evidence.Ref, r *result) {
	text = bytes.TrimLeft(bytes.TrimRight(text, "\r\n"), "\x00")
	if len(text) == 0 {
		return
	}
	ev, err := layout.Event(text)
	if err != nil {
		return // counted as a gap with all lines like it
	}
	ev.Ref = ref
	if odd(ev.Time) {
		ev.Time = time.Time{}
	}
	kept := false
	for _, rule := range s.Rules.Match(ev, nil) {
		s.progress.sightings.Add(1)
		kept = r.fold.add(sighting.Sighting{Rule: rule, Event: ev, Count: 1, Last: ev.Time}) || kept
	}
	if kept {
		ev.Raw = cut(strings.ToValidUTF8(string(text), "\uFFFD"))
	}
}
