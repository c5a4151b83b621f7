// Package lines cuts a stream of text into chunks that end where a line ends,
// so that each chunk can be read on its own and in parallel.
package lines

import (
	"bytes"
	"errors"
	"io"
	"iter"
)

// A Chunk is a run of whole lines.
type Chunk struct {
	Data   []byte // ends with a newline, unless the stream ended or Cut is set
	Offset int64  // of Data in the stream
	Cut    int64  // bytes dropped after Data, of a line longer than a chunk
}

// Chunks yields the chunks of r in order. Each is read into a buffer that
// buffer returns, at least two bytes long, and holds as much of it as there are
// whole lines; the chunk owns the buffer. A line longer than the buffer is cut
// to the buffer's length and what follows it, up to its end, is dropped.
//
// A read error is yielded after the lines before it, and ends the sequence. It
// can be ranged over once.
func Chunks(r io.Reader, buffer func() []byte) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		var rest []byte // the start of a line that the last buffer could not hold whole
		var offset int64
		for {
			buf := buffer()
			have := copy(buf, rest)
			n, err := readFull(r, buf[have:])
			buf = buf[:have+n]
			end := len(buf)
			if err == nil {
				end = bytes.LastIndexByte(buf, '\n') + 1
			}
			c := Chunk{Data: buf[:end], Offset: offset}
			if end == 0 && err == nil { // one line fills the buffer
				c.Data = buf
				c.Cut, rest, err = skipLine(r, len(buf))
			} else {
				rest = append([]byte(nil), buf[end:]...)
			}
			offset += int64(len(c.Data)) + c.Cut
			if len(c.Data) > 0 && !yield(c, nil) {
				return
			}
			switch {
			case err == io.EOF:
				return
			case err != nil:
				yield(Chunk{Offset: offset}, err)
				return
			}
		}
	}
}

// readFull fills buf; it returns io.EOF only where the stream ends.
func readFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		if m < 0 || m > len(buf)-n {
			return n, errors.New("lines: reader returned an impossible count")
		}
		n += m
	}
	if n == len(buf) && err == io.EOF {
		err = nil // the next read says so again
	}
	return n, err
}

// skipLine drops the rest of a line and returns what it read of the next, less
// than size bytes.
func skipLine(r io.Reader, size int) (dropped int64, rest []byte, err error) {
	buf := make([]byte, size)
	for {
		n, err := r.Read(buf)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			if err == io.EOF {
				err = nil // the next read says so again
			}
			return dropped + int64(i) + 1, append([]byte(nil), buf[i+1:n]...), err
		}
		dropped += int64(n)
		if err != nil {
			return dropped, nil, err
		}
	}
}
