package evtx

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
)

// A File is an event log. Its methods may be called from several goroutines,
// each with a decoder of its own.
type File struct {
	// Lost is what is wrong with the file as a whole: a damaged header, an end
	// that is missing. Its chunks are read all the same.
	Lost []*Lost

	r    io.ReaderAt
	size int64
	base int64 // where the first chunk begins
}

// Magic begins an event log.
const Magic = "ElfFile\x00"

// Open reads the header. Damage is no error; only a failure to read is.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size, base: headerSize}
	head := make([]byte, min(size, headerSize))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err != io.EOF {
			return nil, fmt.Errorf("reading the header: %w", err)
		}
		head = head[:n]
	}
	switch {
	case len(head) < 128:
		f.lose(0, size, ErrTruncated)
	case bytes.Equal(head[:8], chunkMagic): // chunks without a file
		f.base = 0
		f.lose(0, 0, ErrHeader)
	case string(head[:8]) != Magic, crc32.ChecksumIEEE(head[:120]) != le32(head[124:]):
		f.lose(0, headerSize, ErrHeader)
	default:
		if block := int64(le16(head[40:])); block >= 128 && block <= headerSize {
			f.base = block
		}
		if end := f.base + int64(le16(head[42:]))*ChunkSize; end > size {
			f.lose(size, end-size, ErrTruncated)
		}
	}
	return f, nil
}

func (f *File) lose(offset, size int64, err error) {
	f.Lost = append(f.Lost, &Lost{Offset: offset, Size: size, Err: err})
}

// Chunks returns the number of chunks, by the size of the file and not by its
// header, which is wrong in a log that was copied while in use.
func (f *File) Chunks() int {
	return int(max(0, f.size-f.base+ChunkSize-1) / ChunkSize)
}

// Records decodes all chunks in their order. It first yields f.Lost.
func (f *File) Records(d *Decoder) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for _, l := range f.Lost {
			if !yield(nil, l) {
				return
			}
		}
		for i := range f.Chunks() {
			for rec, err := range f.Chunk(d, i) {
				if !yield(rec, err) {
					return
				}
			}
		}
	}
}

// Chunk decodes the chunk numbered i. What cannot be read is yielded as a
// *[Lost]; another error says that reading failed and ends the chunk. Where a
// chunk should begin and none does, its records are looked for all the same:
// under a damaged header, and in chunks that are out of place because part of
// the file is missing.
func (f *File) Chunk(d *Decoder, i int) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		off := f.base + int64(i)*ChunkSize
		var err error
		if d.buf, err = f.read(d.buf, off); err != nil {
			yield(nil, err)
			return
		}
		switch {
		case validHeader(d.buf):
			d.Records(d.buf, off)(yield)
		case !allZero(d.buf):
			f.damaged(d, off, yield)
		}
	}
}

// read fills buf with up to a chunk from off.
func (f *File) read(buf []byte, off int64) ([]byte, error) {
	if cap(buf) < ChunkSize {
		buf = make([]byte, ChunkSize)
	}
	buf = buf[:max(0, min(ChunkSize, f.size-off))]
	n, err := f.r.ReadAt(buf, off)
	if n < len(buf) && !errors.Is(err, io.EOF) {
		return buf[:n], fmt.Errorf("reading the chunk at %d: %w", off, err)
	}
	return buf[:n], nil
}

// damaged decodes what lies at off, where no chunk begins. The stretch up to
// the next chunk is decoded as if its header were whole, unless the chunk
// before reaches into it.
func (f *File) damaged(d *Decoder, off int64, yield func(*Record, error) bool) {
	here := d.buf
	var starts []int64 // of chunks out of place that end here or begin here
	begin := off       // of what belongs to no chunk
	if off > f.base {
		var err error
		if d.spare, err = f.read(d.spare, off-ChunkSize); err != nil {
			yield(nil, err)
			return
		}
		inPlace := validHeader(d.spare)
		if x := findChunks(d.spare, 1); len(x) > 0 {
			last := off - ChunkSize + int64(x[len(x)-1])
			begin = last + ChunkSize
			if inPlace { // then nobody else decodes what begins inside it
				for _, x := range x {
					starts = append(starts, off-ChunkSize+int64(x))
				}
			}
		}
	}
	inside := findChunks(here, 1)
	end := off + int64(len(here))
	for _, x := range inside {
		end = min(end, off+int64(x))
		starts = append(starts, off+int64(x))
	}
	for k, start := range starts {
		if start > begin && !f.headless(d, here, off, begin, min(start, end), yield) {
			return
		}
		begin = max(begin, start+ChunkSize)
		if !f.misplaced(d, start, starts[k+1:], yield) {
			return
		}
	}
	if len(inside) == 0 && begin < end {
		f.headless(d, here, off, begin, end, yield)
	}
}

// findChunks returns where chunks begin in b, from offset from on.
func findChunks(b []byte, from int) (at []int) {
	for p := from; p < len(b); p++ {
		i := bytes.Index(b[p:], chunkMagic)
		if i < 0 {
			break
		}
		if p += i; validHeader(b[p:]) {
			at = append(at, p)
		}
	}
	return at
}

// misplaced decodes the chunk at start, up to the next one.
func (f *File) misplaced(d *Decoder, start int64, next []int64, yield func(*Record, error) bool) bool {
	buf, err := f.read(nil, start)
	if err != nil {
		return yield(nil, err)
	}
	if len(next) > 0 {
		buf = buf[:min(int64(len(buf)), next[0]-start)]
	}
	return forward(d.Records(buf, start), yield)
}

// headless decodes what lies from begin to end as the records of a chunk that
// begins at off.
func (f *File) headless(d *Decoder, here []byte, off, begin, end int64, yield func(*Record, error) bool) bool {
	part := here[:end-off]
	if begin >= end || allZero(part[begin-off:]) {
		return true
	}
	more := true
	report := func(rec *Record, err error) bool {
		more = yield(rec, err)
		return more
	}
	if !report(nil, &Lost{Offset: begin, Size: min(chunkHeaderSize, end-begin), Err: ErrChunk}) {
		return false
	}
	d.begin(part, off)
	d.scan(max(chunkHeaderSize, int(begin-off)), -1, report)
	return more
}

// forward passes on what seq yields and reports whether more is wanted.
func forward(seq iter.Seq2[*Record, error], yield func(*Record, error) bool) bool {
	for rec, err := range seq {
		if !yield(rec, err) {
			return false
		}
	}
	return true
}
