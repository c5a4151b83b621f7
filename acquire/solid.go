package acquire

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// A solid holds files of a .7z that are packed as one stream (7-Zip calls it
// a folder). Several files are unpacked once, in order, into a store.
type solid struct {
	tree   *tree
	in     []*io.SectionReader // packed streams
	packed int64
	coders []coder
	bonds  []bond
	takes  []int // the input that each packed stream goes into
	size   int64
	parts  []part

	begun   bool
	refused string // why no part can be read
}

// A part is one file of a solid.
type part struct {
	size   int64
	sum    uint32
	summed bool

	at  io.ReaderAt // what of it was unpacked; nil if it is a stream
	err error       // why that is not all, or not right
}

// A coder unpacks, decrypts or filters one stream.
type coder struct {
	method string
	props  []byte
	size   int64 // of what it yields
	inputs int
}

// A bond leads what one coder yields into an input. Those of all coders are
// numbered through.
type bond struct{ input, coder int }

// Methods (Methods.txt of the LZMA SDK).
const (
	copyMethod    = "\x00"
	lzmaMethod    = "\x03\x01\x01"
	lzma2Method   = "\x21"
	bcjMethod     = "\x03\x03\x01\x03" // x86
	bcjMethodNew  = "\x04"
	bcj2Method    = "\x03\x03\x01\x1b"
	deflateMethod = "\x04\x01\x08"
	bzip2Method   = "\x04\x02\x02"
	zstd7zMethod  = "\x04\xf7\x11\x01" // of 7-Zip ZS
	aesMethod     = "\x06\xf1\x07\x01"
)

var methodNames = map[string]string{
	"\x03": "Delta", "\x0a": "ARM64", "\x03\x04\x01": "PPMd", "\x04\x01\x09": "Deflate64",
}

// readCoders reads what unpacks s and returns how many packed streams that
// takes.
func (s *solid) readCoders(f *fields) int {
	n := f.number()
	if n == 0 || n > 4 { // 7-Zip itself writes no more
		f.bad = true
		return 0
	}
	inputs := 0
	for range n {
		flags := f.byte()
		c := coder{method: string(f.take(uint64(flags & 15))), inputs: 1}
		if flags&0x10 != 0 {
			in, out := f.number(), f.number()
			if in == 0 || in > 4 || out != 1 {
				f.bad = true
				return 0
			}
			c.inputs = int(in)
		}
		if flags&0x20 != 0 {
			c.props = bytes.Clone(f.take(f.number())) // the list is not kept
		}
		if flags&0xc0 != 0 {
			f.bad = true
		}
		inputs += c.inputs
		s.coders = append(s.coders, c)
	}
	for range n - 1 {
		in, out := f.number(), f.number()
		if in >= uint64(inputs) || out >= n || slices.ContainsFunc(s.bonds, func(b bond) bool { return b.coder == int(out) }) {
			f.bad = true
			return 0
		}
		s.bonds = append(s.bonds, bond{int(in), int(out)})
	}
	streams := inputs - len(s.bonds)
	if streams == 1 {
		for i := range inputs {
			if s.bonded(i) < 0 {
				s.takes = append(s.takes, i)
			}
		}
	} else {
		for range streams {
			s.takes = append(s.takes, int(min(f.number(), 1<<10)))
		}
	}
	if len(s.takes) != streams || streams < 1 {
		f.bad = true
		return 0
	}
	return streams
}

// bonded is the coder that yields what the input takes, -1 if none does.
func (s *solid) bonded(input int) int {
	for _, b := range s.bonds {
		if b.input == input {
			return b.coder
		}
	}
	return -1
}

// readSizes reads what each coder yields.
func (s *solid) readSizes(f *fields) {
	for i := range s.coders {
		s.coders[i].size = f.size()
	}
	s.size = s.coders[s.last()].size
}

// last is the coder whose yield no input takes. There is one, as bonds are one
// fewer than coders.
func (s *solid) last() int {
	for i := range s.coders {
		if !slices.ContainsFunc(s.bonds, func(b bond) bool { return b.coder == i }) {
			return i
		}
	}
	return 0
}

// begin makes the parts of s readable, or says why they cannot be.
func (s *solid) begin() string {
	if s.begun {
		return s.refused
	}
	s.begun = true
	err := s.known()
	switch {
	case err != nil:
		s.refused = err.Error()
	case s.largest() > plausible(sevenZip, s.packed):
		s.refused = "damaged member: impossible size"
	case !s.tree.budget.promise(s.cost()):
		s.refused = s.tree.budget.bomb().Error()
	case len(s.parts) > 1 || s.dictionaries() > maxDict:
		s.unpack()
	}
	return s.refused
}

// largest is the most that any coder yields: dictionaries are no larger.
func (s *solid) largest() int64 {
	return slices.MaxFunc(s.coders, func(a, b coder) int { return cmp.Compare(a.size, b.size) }).size
}

// cost is largest, and at least what it takes to begin a solid of several files.
func (s *solid) cost() int64 {
	if len(s.parts) > 1 {
		return max(s.largest(), 256<<10)
	}
	return s.largest()
}

// known returns an error if s needs a password, a method that is not known, or
// too much memory.
func (s *solid) known() error {
	if s.dictionaries() > maxDict7z {
		return fmt.Errorf("packed with a dictionary of over %d MiB: unpack the archive, then scan the folder", maxDict7z>>20)
	}
	for _, c := range s.coders {
		inputs := 1
		switch c.method {
		case aesMethod:
			return errPassword
		case copyMethod, lzmaMethod, lzma2Method, bcjMethod, bcjMethodNew, deflateMethod, bzip2Method, zstd7zMethod:
		case bcj2Method:
			inputs = 4
		default:
			name, ok := methodNames[c.method]
			if !ok {
				name = fmt.Sprintf("method %x", c.method)
			}
			return fmt.Errorf("packed with %s, which Limier does not unpack: unpack the archive, then scan the folder", name)
		}
		if c.inputs != inputs {
			return errList
		}
	}
	return nil
}

// maxDict7z bounds what the coders of a solid remember: level 9 of 7-Zip asks
// for 256 MiB, and with BCJ2 for 1 MiB twice.
const maxDict7z = 258 << 20

// dictionaries is how much the coders of s remember.
func (s *solid) dictionaries() int64 {
	var n int64
	for _, c := range s.coders {
		n += c.dictionary()
	}
	return n
}

func (c coder) dictionary() int64 {
	switch {
	case c.method == lzmaMethod && len(c.props) == 5:
		return min(int64(binary.LittleEndian.Uint32(c.props[1:])), c.size)
	case c.method == lzma2Method && len(c.props) == 1:
		return min(lzma2Dict(c.props[0]), c.size)
	}
	return 0
}

// open starts to unpack s.
func (s *solid) open() (io.Reader, error) {
	if err := s.known(); err != nil {
		return nil, err
	}
	return s.yield(s.last())
}

// yield returns what the i-th coder yields. Bonds cannot lead in a circle from
// the last coder, as none leads from a coder twice.
func (s *solid) yield(i int) (io.Reader, error) {
	input := 0
	for _, c := range s.coders[:i] {
		input += c.inputs
	}
	var ins []*bufio.Reader
	for range s.coders[i].inputs {
		var in io.Reader
		var err error
		if c := s.bonded(input); c >= 0 {
			in, err = s.yield(c)
		} else if k := slices.Index(s.takes, input); k >= 0 {
			in = io.NewSectionReader(s.in[k], 0, s.in[k].Size())
		} else {
			err = errList
		}
		if err != nil {
			return nil, err
		}
		ins = append(ins, bufio.NewReaderSize(in, int(min(64<<10, max(s.packed, s.largest())))))
		input++
	}
	r, err := s.coders[i].reader(ins)
	return io.LimitReader(r, s.coders[i].size), err
}

func (c coder) reader(ins []*bufio.Reader) (io.Reader, error) {
	r := ins[0]
	switch c.method {
	case lzmaMethod:
		// As in LZMA2 and liblzma, lc and lp are at most 4 together: with
		// more, beginning takes up to 6 MiB.
		if len(c.props) != 5 || c.props[0]%9+c.props[0]/9%5 > 4 {
			return nil, errors.New("packed with unusual settings of LZMA: unpack the archive, then scan the folder")
		}
		header := binary.LittleEndian.AppendUint64(bytes.Clone(c.props), uint64(c.size))
		binary.LittleEndian.PutUint32(header[1:], uint32(max(c.dictionary(), lzma.MinDictCap)))
		return lzma.ReaderConfig{DictCap: maxDict7z}.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(header), r)))
	case lzma2Method:
		if len(c.props) != 1 {
			return nil, errList
		}
		return newLZMA2(r, c.props[0], c.size, maxDict7z)
	case bcjMethod, bcjMethodNew:
		return &x86Reader{r: r}, nil
	case bcj2Method:
		return newBCJ2(ins), nil
	case deflateMethod:
		return flate.NewReader(r), nil
	case bzip2Method:
		return bzip2.NewReader(r), nil
	case zstd7zMethod:
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderLowmem(true))
	}
	return r, nil
}

// unpack keeps all parts in the store of the archive.
func (s *solid) unpack() {
	b := s.tree.body
	if s.dictionaries() > maxDict { // one such at a time
		b.bigDict.Lock()
		defer b.bigDict.Unlock()
	}
	in, err := s.open()
	if err == nil {
		in = &taking{in, s.tree.budget}
	}
	for i := range s.parts {
		p := &s.parts[i]
		at := s.tree.store.size
		var n int64
		if err == nil {
			sum := crc32.NewIEEE()
			n, err = io.CopyN(io.MultiWriter(s.tree.store, sum), in, p.size)
			if err == nil && p.summed && p.sum != sum.Sum32() {
				p.err = errSum
			}
		}
		p.at, p.size = io.NewSectionReader(s.tree.store, at, n), n
		if err != nil {
			p.err = fmt.Errorf("the archive breaks off or is damaged here (%w)", cut(err))
		}
	}
}

var errSum = errors.New("damaged: its checksum differs")

// stream unpacks the only part of s.
func (s *solid) stream() (io.ReadCloser, error) {
	in, err := s.open()
	if err != nil {
		return nil, err
	}
	return io.NopCloser(&partReader{in: in, part: s.parts[0], sum: crc32.NewIEEE()}), nil
}

// A partReader reads a part and checks it.
type partReader struct {
	in   io.Reader
	part part
	sum  hash.Hash32
	n    int64
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	p.n += int64(n)
	p.sum.Write(b[:n])
	switch {
	case err != io.EOF:
		return n, err
	case p.n < p.part.size:
		return n, io.ErrUnexpectedEOF
	case p.part.summed && p.part.sum != p.sum.Sum32():
		return n, errSum
	}
	return n, io.EOF
}
