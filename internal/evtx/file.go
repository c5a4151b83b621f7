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
		if d.buf, err = f.read(d.buf, off, ChunkSize); err != nil {
			yield(nil, err)
			return
		}
		switch {
		case !validHeader(d.buf):
			if !allZero(d.buf) {
				f.damaged(d, off, yield)
			}
		case chunkInside(d.buf):
			starts, err := f.misplaced(d, off)
			if err != nil {
				yield(nil, err)
				return
			}
			f.chunks(d, append([]int64{off}, starts...), yield)
		default:
			d.Records(d.buf, off)(yield)
		}
	}
}

// chunkInside reports whether another chunk may begin in c beyond its records:
// the sign that part of the file is missing.
func chunkInside(c []byte) bool {
	slack := c[min(len(c), int(le32(c[48:]))):]
	if bytes.Contains(slack, chunkMagic) {
		return true
	}
	for k := 1; k < len(chunkMagic); k++ {
		if bytes.HasSuffix(slack, chunkMagic[:k]) {
			return true
		}
	}
	return false
}

// read fills buf with up to size bytes from off.
func (f *File) read(buf []byte, off int64, size int) ([]byte, error) {
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:max(0, min(int64(size), f.size-off))]
	n, err := f.r.ReadAt(buf, off)
	if n < len(buf) && !errors.Is(err, io.EOF) {
		return buf[:n], fmt.Errorf("reading the chunk at %d: %w", off, err)
	}
	return buf[:n], nil
}

// damaged decodes what lies at off, where no chunk begins. What belongs to no
// chunk is decoded as if the header of a chunk at off were lost.
func (f *File) damaged(d *Decoder, off int64, yield func(*Record, error) bool) {
	here := d.buf
	begin, end := off, off+int64(len(here)) // of what belongs to no chunk
	if off > f.base {
		before, err := f.misplaced(d, off-ChunkSize)
		if err != nil {
			yield(nil, err)
			return
		}
		if n := len(before); n > 0 {
			begin = before[n-1] + ChunkSize
		}
	}
	starts, err := f.misplaced(d, off)
	if err != nil {
		yield(nil, err)
		return
	}
	if len(starts) > 0 {
		end = starts[0]
	}
	if f.headless(d, here, off, begin, end, yield) {
		f.chunks(d, starts, yield)
	}
}

// chunks decodes the chunks that begin at starts, each up to the next.
func (f *File) chunks(d *Decoder, starts []int64, yield func(*Record, error) bool) {
	for k, start := range starts {
		size := int64(ChunkSize)
		if k+1 < len(starts) {
			size = min(size, starts[k+1]-start)
		}
		chunk, err := f.read(nil, start, int(size))
		if err != nil {
			yield(nil, err)
			return
		}
		for rec, err := range d.Records(chunk, start) {
			if !yield(rec, err) {
				return
			}
		}
	}
}

// misplaced returns where chunks begin after off and before the next place for
// one. Windows leaves scraps of memory in unused space, headers of chunks among
// them; a chunk has a record after its header.
func (f *File) misplaced(d *Decoder, off int64) (starts []int64, err error) {
	d.spare, err = f.read(d.spare, off, ChunkSize+chunkHeaderSize+len(recordMagic))
	b := d.spare
	for p := 1; err == nil && p < len(b); p++ {
		i := bytes.Index(b[p:], chunkMagic)
		if i < 0 {
			break
		}
		p += i
		if p < ChunkSize && validHeader(b[p:]) && bytes.HasPrefix(b[p+chunkHeaderSize:], recordMagic) {
			starts = append(starts, off+int64(p))
		}
	}
	return starts, err
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
