package acquire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
	"unicode/utf16"
)

// A .7z ends with the list of its files, itself packed as a rule (7zFormat.txt
// of the LZMA SDK, https://7-zip.org/sdk.html). bodgit/sevenzip reserves what
// the counts in there ask for, so the list is read here.

const (
	// maxList is how long that list may be unpacked: some 400,000 files.
	maxList = 64 << 20

	passwordNeeded = "password-protected: unpack the archive with its password, then scan the folder"
)

var (
	errList     = errors.New("the list of its files is damaged")
	errPassword = errors.New(passwordNeeded)
)

// Properties of the list.
const (
	end7z         = 0
	header7z      = 1
	properties7z  = 2
	streams7z     = 4
	files7z       = 5
	packInfo7z    = 6
	unpackInfo7z  = 7
	subStreams7z  = 8
	sizes7z       = 9
	sums7z        = 10
	folder7z      = 11
	unpackSizes7z = 12
	numStreams7z  = 13
	emptyStream7z = 14
	emptyFile7z   = 15
	anti7z        = 16
	names7z       = 17
	modified7z    = 20
	attributes7z  = 21
	packed7z      = 23
)

// readSevenZip lists the files of a .7z.
func (t *tree) readSevenZip(r io.ReaderAt, size int64) error {
	list, err := t.list7z(r, size)
	if err != nil || list == nil {
		return err
	}
	f := &fields{b: list}
	var solids []*solid
	id := f.number()
	if id == properties7z {
		for id = f.number(); id != end7z && !f.bad; id = f.number() {
			f.take(f.number())
		}
		id = f.number()
	}
	if id == streams7z {
		if solids, err = t.streams7z(f, r, size); err != nil {
			return err
		}
		id = f.number()
	}
	if f.bad {
		return errList
	}
	if id != files7z {
		return nil
	}
	t.store = &store{body: t.body}
	t.body.onClose(t.store.Close)
	return errors.Join(t.files7z(f, solids), t.store.finish())
}

// list7z reads the list of files, unpacked; nil if there is none.
func (t *tree) list7z(r io.ReaderAt, size int64) ([]byte, error) {
	start := make([]byte, 32)
	if _, err := r.ReadAt(start, 0); err != nil {
		return nil, cut(err)
	}
	at, n := binary.LittleEndian.Uint64(start[12:]), binary.LittleEndian.Uint64(start[20:])
	switch rest := uint64(size - 32); {
	case crc32.ChecksumIEEE(start[12:]) != binary.LittleEndian.Uint32(start[8:]):
		return nil, errors.New("damaged at its start: was it copied to the end?")
	case n == 0:
		return nil, nil
	case at > rest || n > rest-at:
		return nil, errors.New("the list of its files, at the end, is missing: was it copied to the end, and all its volumes joined?")
	case n > maxList:
		return nil, fmt.Errorf("the list of its files is longer than %d MiB", maxList>>20)
	}
	list := make([]byte, n)
	if _, err := r.ReadAt(list, 32+int64(at)); err != nil && err != io.EOF {
		return nil, err
	}
	if crc32.ChecksumIEEE(list) != binary.LittleEndian.Uint32(start[28:]) {
		return nil, errList
	}
	for range 4 { // packed again and again
		switch list[0] {
		case header7z:
			return list[1:], nil
		case packed7z:
			solids, err := t.streams7z(&fields{b: list[1:]}, r, size)
			if err != nil {
				return nil, err
			}
			if len(solids) != 1 || len(solids[0].parts) != 1 || solids[0].size == 0 {
				return nil, errList
			}
			s := solids[0]
			if s.largest() > maxList {
				return nil, fmt.Errorf("the list of its files is longer than %d MiB", maxList>>20)
			}
			in, err := s.open()
			if err != nil {
				return nil, err
			}
			list, err = io.ReadAll(in)
			if err != nil {
				return nil, fmt.Errorf("the list of its files: %w", err)
			}
			if int64(len(list)) != s.size || s.parts[0].summed && s.parts[0].sum != crc32.ChecksumIEEE(list) {
				return nil, errList
			}
		default:
			return nil, errList
		}
	}
	return nil, errList
}

// fields reads a list, until the first field that is not there. Whatever is
// collected from it stops at bad, so that counts reserve nothing.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n uint64) []byte {
	if f.bad || n > uint64(len(f.b)) {
		f.bad, f.b = true, nil
		return nil
	}
	b := f.b[:n]
	f.b = f.b[n:]
	return b
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number of one to nine bytes: each high bit of the first that
// is set stands for one more byte.
func (f *fields) number() uint64 {
	first := f.byte()
	var n uint64
	for i := range 8 {
		if mask := byte(0x80) >> i; first&mask == 0 {
			return n | uint64(first&(mask-1))<<(8*i)
		}
		n |= uint64(f.byte()) << (8 * i)
	}
	return n
}

// size reads a number of bytes, of which no archive has more than 2^56.
func (f *fields) size() int64 {
	n := f.number()
	if n > 1<<56 {
		f.bad = true
		return 0
	}
	return int64(n)
}

// A column holds a value for some or all files.
type column struct {
	some   bool
	bits   []byte // which, if not all
	values []byte
	width  int
}

func (f *fields) column(n uint64, width int) column {
	c := column{width: width, some: f.byte() == 0}
	if c.some {
		c.bits = f.take(n/8 + min(n%8, 1))
	}
	return c
}

// next returns the value of the i-th, nil if it has none. It is asked in order.
func (c *column) next(i int) []byte {
	if c.some && !bit(c.bits, i) || len(c.values) < c.width {
		return nil
	}
	v := c.values[:c.width]
	c.values = c.values[c.width:]
	return v
}

func bit(b []byte, i int) bool { return i/8 < len(b) && b[i/8]&(0x80>>(i%8)) != 0 }

// sums reads CRCs of n things; set is given those that are there.
func (f *fields) sums(n int, set func(i int, sum uint32)) {
	c := f.column(uint64(n), 4)
	for i := 0; i < n && !f.bad; i++ {
		if !c.some || bit(c.bits, i) {
			if b := f.take(4); b != nil {
				set(i, binary.LittleEndian.Uint32(b))
			}
		}
	}
}

// streams7z reads where the packed streams are and what unpacks them.
func (t *tree) streams7z(f *fields, r io.ReaderAt, size int64) ([]*solid, error) {
	limit := uint64(t.body.cfg.MaxMembers)
	var at int64
	var packed []int64
	var solids []*solid
	id := f.number()
	if id == packInfo7z {
		at = 32 + f.size()
		n := f.number()
		if n > limit {
			return nil, errTooMany
		}
		for id = f.number(); id != end7z && !f.bad; id = f.number() {
			switch id {
			case sizes7z:
				packed = nil
				for i := uint64(0); i < n && !f.bad; i++ {
					packed = append(packed, f.size())
				}
			case sums7z:
				f.sums(int(n), func(int, uint32) {})
			default:
				return nil, errList
			}
		}
		id = f.number()
	}
	if id == unpackInfo7z {
		if f.number() != folder7z {
			return nil, errList
		}
		n := f.number()
		if n > limit {
			return nil, errTooMany
		}
		if f.byte() != 0 {
			return nil, errList // kept elsewhere: nothing writes that
		}
		for range n {
			s := &solid{tree: t}
			streams := s.readCoders(f)
			if f.bad || streams > len(packed) {
				return nil, errList
			}
			for _, n := range packed[:streams] {
				if at > size || n > size-at {
					return nil, errList
				}
				s.in = append(s.in, io.NewSectionReader(r, at, n))
				s.packed += n
				at += n
			}
			packed = packed[streams:]
			solids = append(solids, s)
		}
		for id = f.number(); id != end7z && !f.bad; id = f.number() {
			switch id {
			case unpackSizes7z:
				for _, s := range solids {
					s.readSizes(f)
				}
			case sums7z:
				f.sums(len(solids), func(i int, sum uint32) { solids[i].parts = []part{{sum: sum, summed: true}} })
			default:
				return nil, errList
			}
		}
		id = f.number()
	}
	// Without more, a solid is one file.
	counts := make([]uint64, len(solids))
	for i, s := range solids {
		counts[i] = 1
		if s.parts == nil {
			s.parts = []part{{}}
		}
		s.parts[0].size = s.size
	}
	if id == subStreams7z {
		if err := readParts(f, solids, counts, limit); err != nil {
			return nil, err
		}
		id = f.number()
	}
	if f.bad || id != end7z {
		return nil, errList
	}
	return solids, nil
}

// readParts reads how solids divide into files.
func readParts(f *fields, solids []*solid, counts []uint64, limit uint64) error {
	id := f.number()
	if id == numStreams7z {
		var total uint64
		for i := range counts {
			counts[i] = f.number()
			if total += min(counts[i], limit+1); total > limit {
				return errTooMany
			}
		}
		id = f.number()
	}
	for i, s := range solids {
		if counts[i] == 1 {
			continue
		}
		s.parts = nil
		rest := s.size
		for k := range counts[i] {
			n := rest // of the last: what remains
			if k+1 < counts[i] {
				if id != sizes7z {
					return errList
				}
				n = f.size()
			}
			if f.bad || n > rest {
				return errList
			}
			s.parts = append(s.parts, part{size: n})
			rest -= n
		}
	}
	if id == sizes7z {
		id = f.number()
	}
	if id == sums7z {
		var without []*part // a CRC yet
		for _, s := range solids {
			for k := range s.parts {
				if !s.parts[k].summed {
					without = append(without, &s.parts[k])
				}
			}
		}
		f.sums(len(without), func(i int, sum uint32) { without[i].sum, without[i].summed = sum, true })
		id = f.number()
	}
	if id != end7z {
		return errList
	}
	return nil
}

// files7z reads names, times and attributes, and adds every file.
func (t *tree) files7z(f *fields, solids []*solid) error {
	n := f.number()
	var empty, file, anti []byte
	var names *fields
	var modified, attributes column
	for id := f.number(); id != end7z && !f.bad; id = f.number() {
		p := &fields{b: f.take(f.number())}
		switch id {
		case emptyStream7z:
			empty = p.b
		case emptyFile7z:
			file = p.b
		case anti7z:
			anti = p.b
		case names7z:
			if p.byte() == 0 { // not kept elsewhere
				names = p
			}
		case modified7z:
			modified = p.column(n, 8)
			p.byte()
			modified.values = p.b
		case attributes7z:
			attributes = p.column(n, 4)
			p.byte()
			attributes.values = p.b
		}
	}
	if f.bad || names == nil {
		return errList
	}
	var here cursor
	empties := 0
	for i := 0; uint64(i) < n; i++ {
		if err := t.body.stopped(); err != nil {
			return err
		}
		name, ok := names.name()
		if !ok {
			return errList
		}
		var mod time.Time
		if v := modified.next(i); v != nil {
			mod = filetime(binary.LittleEndian.Uint64(v))
		}
		var attr uint32
		if v := attributes.next(i); v != nil {
			attr = binary.LittleEndian.Uint32(v)
		}
		var s *solid
		var part *part
		if bit(empty, i) {
			k := empties
			empties++
			if !bit(file, k) || bit(anti, k) {
				continue // a folder, or the order to delete something
			}
		} else if s, part = here.next(solids); s == nil {
			return errList
		}
		p, wrong, ok := memberPath(name, encodedNames(name))
		gap := ""
		switch kind := attr >> 28; {
		case !ok:
			gap = "member with an unusable name: " + or(wrong, "empty")
		case attr&0x400 != 0 || attr&0x8000 != 0 && kind == 0xa: // a reparse point; S_IFLNK
			gap = "symbolic link: not followed"
		case attr&0x10 != 0 || attr&0x8000 != 0 && kind == 4:
			continue
		case attr&0x8000 != 0 && kind != 0 && kind != 8:
			gap = "not a file (device, pipe or socket)"
		case s != nil:
			gap = s.begin()
		}
		if gap != "" {
			t.gap(p, gap)
			continue
		}
		m := &member{at: bytes.NewReader(nil)}
		if s != nil {
			m.size, m.at = part.size, part.at
			if part.err != nil {
				t.gap(p, part.err.Error())
				if part.size == 0 {
					continue
				}
			}
			if part.at == nil {
				m.stream = s.stream
			}
		}
		if wrong != "" {
			t.gap(p, wrong+": read under this name")
		}
		if err := t.add(p, mod, m); err != nil {
			t.gap("", err.Error())
			return nil
		}
	}
	return nil
}

// A cursor goes through the parts of solids.
type cursor struct{ solid, part int }

func (c *cursor) next(solids []*solid) (*solid, *part) {
	for ; c.solid < len(solids); c.solid, c.part = c.solid+1, 0 {
		if s := solids[c.solid]; c.part < len(s.parts) {
			c.part++
			return s, &s.parts[c.part-1]
		}
	}
	return nil, nil
}

// name reads a name in UTF-16 that a zero ends.
func (f *fields) name() (string, bool) {
	for i := 0; i+1 < len(f.b); i += 2 {
		if f.b[i] == 0 && f.b[i+1] == 0 {
			units := make([]uint16, i/2)
			for k := range units {
				units[k] = binary.LittleEndian.Uint16(f.b[2*k:])
			}
			f.b = f.b[i+2:]
			return string(utf16.Decode(units)), true
		}
	}
	return "", false
}

// filetime converts 100 ns since 1601 in UTC. Zero is no time.
func filetime(n uint64) time.Time {
	const unix = 116444736000000000
	if n == 0 || n > 1<<62 {
		return time.Time{}
	}
	n -= unix // may wrap, as an int64 it does not
	return time.Unix(int64(n)/1e7, int64(n)%1e7*100).UTC()
}
