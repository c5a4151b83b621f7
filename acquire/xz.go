package acquire

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// An xzReader unpacks .xz: streams, each of blocks and an index of them
// (https://tukaani.org/xz/xz-file-format.txt, whose sections are named here).
// The package xz of ulikunitz/xz reserves, for every block, what its header
// states, up to 4 GiB; so only its LZMA2 is used.
type xzReader struct {
	at   io.ReaderAt
	size int64
	in   *tally

	flags  [2]byte // of the stream
	blocks uint64
	sizes  uint32 // CRC of the sizes of all blocks of the stream

	block    io.Reader // nil between blocks
	start    int64     // of the block
	data     int64     // of its packed bytes
	packed   uint64    // as its header says; or unstated
	unpacked uint64
	check    hash.Hash
	n        uint64 // bytes unpacked

	err error
}

const unstated = ^uint64(0)

// A tally tells how far its reader was read.
type tally struct {
	r *bufio.Reader
	n int64
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *tally) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

var errXZ = errors.New("damaged xz")

// maxDict is the dictionary of LZMA that is unpacked: xz -9 asks for 64 MiB.
const maxDict = 128 << 20

func newXZ(r io.ReaderAt, size int64) (*xzReader, error) {
	x := &xzReader{at: r, size: size, in: &tally{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)}}
	return x, x.openStream()
}

// Read unpacks on. What comes before damage is given.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		x.n += uint64(n)
		if x.check != nil {
			x.check.Write(p[:n])
		}
		if err == io.EOF {
			x.block, err = nil, x.closeBlock()
		}
		x.err = err
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// Close releases the dictionary.
func (x *xzReader) Close() error {
	x.block, x.err = nil, errors.New("closed")
	return nil
}

// full reads all of p: less is a file cut short.
func (x *xzReader) full(p []byte) error {
	_, err := io.ReadFull(x.in, p)
	return cut(err)
}

func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// openStream reads a stream's header (2.1.1).
func (x *xzReader) openStream() error {
	var h [12]byte
	if err := x.full(h[:]); err != nil {
		return err
	}
	if string(h[:6]) != "\xfd7zXZ\x00" {
		return fmt.Errorf("%w: other bytes follow its end", errXZ)
	}
	if crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) || h[6] != 0 || h[7] > 15 {
		return fmt.Errorf("%w: header of a stream", errXZ)
	}
	x.flags = [2]byte(h[6:8])
	x.blocks, x.sizes = 0, 0
	return nil
}

// next opens the next block, in the next stream if this one ends. After the
// last it returns io.EOF.
func (x *xzReader) next() error {
	x.start = x.in.n
	size, err := x.in.ReadByte()
	if err != nil {
		return cut(err)
	}
	if size != 0 {
		return x.openBlock(int(size)*4 + 4)
	}
	if err := x.closeStream(); err != nil {
		return err
	}
	for { // padding (2.2)
		head, err := x.in.r.Peek(4)
		if len(head) == 0 && err == io.EOF {
			return io.EOF
		}
		if string(head) != "\x00\x00\x00\x00" {
			return x.openStream()
		}
		x.in.r.Discard(4)
		x.in.n += 4
	}
}

// openBlock reads a block's header (3.1), whose first byte is read.
func (x *xzReader) openBlock(size int) error {
	bad := fmt.Errorf("%w: header of a block", errXZ)
	h := make([]byte, size)
	h[0] = byte(size/4 - 1)
	if err := x.full(h[1:]); err != nil {
		return err
	}
	body := h[:size-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(h[size-4:]) || body[1]&0x3c != 0 {
		return bad
	}
	r := bytes.NewReader(body[2:])
	x.packed, x.unpacked = unstated, unstated
	var err error
	if body[1]&0x40 != 0 {
		if x.packed, err = binary.ReadUvarint(r); err != nil {
			return bad
		}
	}
	if body[1]&0x80 != 0 {
		if x.unpacked, err = binary.ReadUvarint(r); err != nil {
			return bad
		}
	}
	filter, _ := binary.ReadUvarint(r)
	if body[1]&3 != 0 || filter != 0x21 {
		return errors.New("packed with a filter beside LZMA2, which Limier does not unpack: unpack it, then scan the folder")
	}
	one, _ := r.ReadByte()
	dict, err := r.ReadByte()
	if err != nil || one != 1 {
		return bad
	}
	x.data, x.n = x.in.n, 0
	x.check = newCheck(x.flags[1])
	x.block, err = newLZMA2(x.in, dict, lzma2Size(io.NewSectionReader(x.at, x.data, x.size-x.data)), maxDict)
	return err
}

// newCheck returns the check of a block (3.4), nil for none and those that
// nobody defined.
func newCheck(id byte) hash.Hash {
	switch id {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		return sha256.New()
	}
	return nil
}

// closeBlock reads what follows a block's packed bytes: padding and check.
func (x *xzReader) closeBlock() error {
	packed := x.in.n - x.data
	tail := make([]byte, -packed&3, 4+64)
	sum := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[x.flags[1]]
	tail = tail[:len(tail)+sum]
	if err := x.full(tail); err != nil {
		return err
	}
	if x.packed != unstated && x.packed != uint64(packed) || x.unpacked != unstated && x.unpacked != x.n {
		return fmt.Errorf("%w: sizes of a block", errXZ)
	}
	if x.check != nil {
		want, got := tail[len(tail)-sum:], x.check.Sum(nil)
		if x.flags[1] != 10 { // CRCs are little-endian
			for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
				got[i], got[j] = got[j], got[i]
			}
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%w: checksum differs", errXZ)
		}
	}
	x.blocks++
	x.sizes = sizesOf(x.sizes, uint64(x.data-x.start+packed+int64(sum)), x.n)
	return nil
}

// sizesOf adds the sizes of a block to a CRC, so that the index can be
// compared without keeping it.
func sizesOf(crc uint32, unpadded, unpacked uint64) uint32 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], unpadded)
	binary.LittleEndian.PutUint64(b[8:], unpacked)
	return crc32.Update(crc, crc32.IEEETable, b[:])
}

// closeStream reads the index (4), whose first byte is read, and the footer
// (2.1.2).
func (x *xzReader) closeStream() error {
	bad := fmt.Errorf("%w: index of a stream", errXZ)
	blocks, err := binary.ReadUvarint(x.in)
	if err != nil {
		return cut(err)
	}
	if blocks != x.blocks {
		return bad
	}
	var sizes uint32
	for range blocks {
		unpadded, err := binary.ReadUvarint(x.in)
		if err != nil {
			return cut(err)
		}
		unpacked, err := binary.ReadUvarint(x.in)
		if err != nil {
			return cut(err)
		}
		sizes = sizesOf(sizes, unpadded, unpacked)
	}
	if sizes != x.sizes {
		return bad
	}
	tail := make([]byte, -(x.in.n-x.start)&3+4, 8)
	if err := x.full(tail); err != nil {
		return err
	}
	index := x.in.n - x.start
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(x.at, x.start, index-4)); err != nil {
		return err
	}
	var footer [12]byte
	if err := x.full(footer[:]); err != nil {
		return err
	}
	if sum.Sum32() != binary.LittleEndian.Uint32(tail[len(tail)-4:]) || string(footer[10:]) != "YZ" || [2]byte(footer[8:10]) != x.flags ||
		crc32.ChecksumIEEE(footer[4:10]) != binary.LittleEndian.Uint32(footer[:]) ||
		int64(binary.LittleEndian.Uint32(footer[4:]))*4+4 != index {
		return bad
	}
	return nil
}

// newLZMA2 unpacks LZMA2 that unpacks to at most size bytes: no more is
// reserved, whatever dictionary the header asks for.
func newLZMA2(r io.Reader, dict byte, size, limit int64) (io.Reader, error) {
	n := min(lzma2Dict(dict), max(size, lzma.MinDictCap))
	if n > limit {
		return nil, fmt.Errorf("packed with a dictionary of over %d MiB: unpack it, then scan the folder", limit>>20)
	}
	return lzma.Reader2Config{DictCap: int(n)}.NewReader2(r)
}

// lzma2Dict is the dictionary that a header asks for (5.3.1).
func lzma2Dict(b byte) int64 { return int64(2|b&1) << (b&63/2 + 11) }

// lzma2Size adds up what the chunks of LZMA2 unpack to, as each says before it
// starts, until it is more than maxDict.
func lzma2Size(r io.Reader) int64 {
	in := bufio.NewReaderSize(r, 64<<10)
	var size int64
	for size <= maxDict {
		h, _ := in.Peek(6)
		switch {
		case len(h) >= 5 && h[0] >= 0x80:
			size += int64(h[0]&0x1f)<<16 + int64(binary.BigEndian.Uint16(h[1:])) + 1
			skip := 5 + int(binary.BigEndian.Uint16(h[3:])) + 1
			if h[0] >= 0xc0 {
				skip++ // properties
			}
			in.Discard(skip)
		case len(h) >= 3 && (h[0] == 1 || h[0] == 2):
			n := int(binary.BigEndian.Uint16(h[1:])) + 1
			size += int64(n)
			in.Discard(3 + n)
		default:
			return size
		}
	}
	return size
}
