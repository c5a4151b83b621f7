package acquire

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A store keeps bytes that were unpacked, for random access: zstd blocks, in
// memory while they are few, then in a temporary file without a name.
type store struct {
	body  *body
	block []byte  // the one being written
	ends  []int64 // where each packed block ends
	size  int64   // unpacked
	mem   []byte
	file  *os.File
	temp  int64 // bytes in file
}

const (
	blockSize = 256 << 10
	memStore  = 1 << 20 // packed bytes a store may hold in memory
)

// The coders keep no state between calls; each call brings its own buffers.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecoderMaxMemory(blockSize))
		if err != nil {
			panic(err)
		}
		return d
	})
	blocks = sync.Pool{New: func() any { b := make([]byte, 0, blockSize); return &b }}
)

// Write appends p. It is not safe for concurrent use, nor with ReadAt.
func (s *store) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.block == nil {
			s.block = make([]byte, 0, blockSize)
		}
		k := min(blockSize-len(s.block), len(p))
		s.block = append(s.block, p[:k]...)
		s.size += int64(k)
		p = p[k:]
		if len(s.block) == blockSize {
			if err := s.flush(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

// finish makes everything written readable. Nothing can be written after it.
func (s *store) finish() error {
	if len(s.block) == 0 {
		return nil
	}
	err := s.flush()
	s.block = nil
	return err
}

func (s *store) flush() error {
	packed := encoder().EncodeAll(s.block, nil)
	s.block = s.block[:0]
	var end int64
	if len(s.ends) > 0 {
		end = s.ends[len(s.ends)-1]
	}
	s.ends = append(s.ends, end+int64(len(packed)))
	if s.file == nil {
		s.mem = append(s.mem, packed...)
		if len(s.mem) <= memStore {
			return nil
		}
		if err := s.createFile(); err != nil {
			return err
		}
		packed, s.mem = s.mem, nil
	}
	s.temp += int64(len(packed))
	if s.body.temp.Add(int64(len(packed))) > s.body.cfg.MaxTemp {
		return fmt.Errorf("limit of %d bytes of temporary files reached", s.body.cfg.MaxTemp)
	}
	if _, err := s.file.Write(packed); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	return nil
}

func (s *store) createFile() error {
	f, err := os.CreateTemp(s.body.cfg.TempDir, "limier-*.tmp")
	if err != nil {
		return fmt.Errorf("creating a temporary file: %w", err)
	}
	if runtime.GOOS != "windows" { // there an open file keeps its name
		os.Remove(f.Name())
	}
	s.file = f
	return nil
}

// ReadAt reads what was written before finish.
func (s *store) ReadAt(p []byte, off int64) (int, error) {
	buf := blocks.Get().(*[]byte)
	defer blocks.Put(buf)
	n := 0
	for n < len(p) {
		i := int(off / blockSize)
		if off < 0 || i >= len(s.ends) {
			return n, io.EOF
		}
		block, err := s.readBlock(i, (*buf)[:0])
		if err != nil {
			return n, err
		}
		at := int(off % blockSize)
		if at >= len(block) {
			return n, io.EOF
		}
		k := copy(p[n:], block[at:])
		n += k
		off += int64(k)
	}
	return n, nil
}

func (s *store) readBlock(i int, buf []byte) ([]byte, error) {
	var start int64
	if i > 0 {
		start = s.ends[i-1]
	}
	end := s.ends[i]
	var packed []byte
	if s.file == nil {
		packed = s.mem[start:end]
	} else {
		packed = make([]byte, end-start)
		if _, err := s.file.ReadAt(packed, start); err != nil {
			return nil, fmt.Errorf("reading a temporary file: %w", err)
		}
	}
	return decoder().DecodeAll(packed, buf)
}

// Close deletes what was kept.
func (s *store) Close() error {
	s.mem, s.ends, s.block = nil, nil, nil
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	s.body.temp.Add(-s.temp)
	err := f.Close()
	if runtime.GOOS == "windows" {
		os.Remove(f.Name())
	}
	return err
}
