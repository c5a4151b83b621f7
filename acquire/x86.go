package acquire

import (
	"bufio"
	"encoding/binary"
	"io"
)

// An x86Reader undoes 7-Zip's BCJ filter: in programs, it made the targets of
// calls and jumps absolute, which packs better (Bra86.c of the LZMA SDK).
type x86Reader struct {
	r    io.Reader
	buf  []byte
	done int // bytes at the start of buf that are converted
	ip   uint32
	mask uint32 // which of the last bytes looked like a call
	err  error
}

func (x *x86Reader) Read(p []byte) (int, error) {
	for x.done == 0 {
		if x.err != nil {
			return 0, x.err
		}
		rest := len(x.buf)
		if cap(x.buf) == 0 {
			x.buf = make([]byte, 0, 32<<10)
		}
		var n int
		n, x.err = x.r.Read(x.buf[rest:cap(x.buf)])
		x.buf = x.buf[:rest+n]
		x.done = x.convert(x.buf)
		x.ip += uint32(x.done)
		if x.err != nil {
			x.done = len(x.buf) // the last four bytes hold no whole call
		}
	}
	n := copy(p, x.buf[:x.done])
	x.done -= n
	x.buf = x.buf[:copy(x.buf, x.buf[n:])]
	return n, nil
}

// convert changes b and returns how many of its bytes are final.
func (x *x86Reader) convert(b []byte) int {
	sign := func(c byte) bool { return c == 0 || c == 0xff }
	allowed := [8]bool{true, true, true, false, true}
	number := [8]uint{0, 1, 2, 2, 3, 3, 3, 3}
	i, last := 0, -1
	for {
		for i+4 < len(b) && b[i]&0xfe != 0xe8 {
			i++
		}
		if i+4 >= len(b) {
			break
		}
		if d := i - last; d > 3 {
			x.mask = 0
		} else {
			x.mask = x.mask << (d - 1) & 7
			if x.mask != 0 && (!allowed[x.mask] || sign(b[i+4-int(number[x.mask])])) {
				last = i
				x.mask = x.mask<<1&7 | 1
				i++
				continue
			}
		}
		last = i
		if !sign(b[i+4]) {
			x.mask = x.mask<<1&7 | 1
			i++
			continue
		}
		src := uint32(b[i+4])<<24 | uint32(b[i+3])<<16 | uint32(b[i+2])<<8 | uint32(b[i+1])
		here := x.ip + uint32(i) + 5
		dest := src - here
		if k := number[x.mask] * 8; x.mask != 0 && sign(byte(dest>>(24-k))) {
			dest = dest ^ (1<<(32-k) - 1) - here
		}
		b[i+1], b[i+2], b[i+3], b[i+4] = byte(dest), byte(dest>>8), byte(dest>>16), -byte(dest>>24&1)
		i += 5
	}
	if d := i - last; d > 3 {
		x.mask = 0
	} else {
		x.mask = x.mask << (d - 1) & 7
	}
	return i
}

// A bcj2Reader undoes 7-Zip's BCJ2 filter, which keeps the absolute targets of
// calls and jumps in streams of their own, and in a fourth which of them are
// (Bcj2.c of the LZMA SDK 9.20).
type bcj2Reader struct {
	main, calls, jumps, flags *bufio.Reader

	prob       [256 + 2]uint16
	span, code uint32
	started    bool
	ip         uint32
	last       byte
	target     [4]byte
	left       []byte // of target
	err        error
}

func newBCJ2(ins []*bufio.Reader) *bcj2Reader {
	b := &bcj2Reader{main: ins[0], calls: ins[1], jumps: ins[2], flags: ins[3], span: 0xffffffff}
	for i := range b.prob {
		b.prob[i] = 1 << 10
	}
	return b
}

func (b *bcj2Reader) Read(p []byte) (int, error) {
	if !b.started {
		b.started = true
		for range 5 {
			b.shift()
		}
	}
	n := 0
	for n < len(p) && b.err == nil {
		if len(b.left) > 0 {
			k := copy(p[n:], b.left)
			n += k
			b.left = b.left[k:]
			continue
		}
		c, err := b.main.ReadByte()
		if err != nil {
			b.err = err
			break
		}
		p[n] = c
		n++
		b.ip++
		was := b.last
		b.last = c
		var from *bufio.Reader
		var prob *uint16
		switch {
		case c == 0xe8:
			from, prob = b.calls, &b.prob[was]
		case c == 0xe9:
			from, prob = b.jumps, &b.prob[256]
		case was == 0x0f && c&0xf0 == 0x80:
			from, prob = b.jumps, &b.prob[257]
		default:
			continue
		}
		if !b.bit(prob) {
			continue
		}
		if _, err := io.ReadFull(from, b.target[:]); err != nil {
			b.err = cut(err)
			break
		}
		b.ip += 4
		dest := binary.BigEndian.Uint32(b.target[:]) - b.ip
		binary.LittleEndian.PutUint32(b.target[:], dest)
		b.left, b.last = b.target[:], b.target[3]
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// bit decodes one bit, as LZMA does.
func (b *bcj2Reader) bit(prob *uint16) bool {
	if b.span < 1<<24 {
		b.span <<= 8
		b.shift()
	}
	bound := b.span >> 11 * uint32(*prob)
	if b.code < bound {
		b.span = bound
		*prob += (1<<11 - *prob) >> 5
		return false
	}
	b.span -= bound
	b.code -= bound
	*prob -= *prob >> 5
	return true
}

func (b *bcj2Reader) shift() {
	c, err := b.flags.ReadByte()
	if err != nil && b.err == nil {
		b.err = cut(err)
	}
	b.code = b.code<<8 | uint32(c)
}
