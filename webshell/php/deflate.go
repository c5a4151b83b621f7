package php

import (
	"encoding/binary"
	"math/bits"
)

// An inflater undoes DEFLATE (RFC 1951) of a text that is whole in memory. What
// packed scripts hide is mostly base64, whose letters take some six bits each: one
// look into the table gives two of them.
type inflater struct {
	src  []byte
	pos  int
	acc  uint64 // what was read of src and not used yet, the lowest bit first
	have uint   // how many bits of acc
	past uint   // how many of them lie behind the end of src

	out []byte // what was made, up to n, with room behind it
	n   int

	lits    [1 << litBits]entry
	dists   [1 << distBits]entry
	long    []entry // the tables of codes that are longer, one behind the other
	lengths [numLits + numDists]byte
	least   uint // bits that there are at least before a literal or length: those of the end of the block
}

const (
	litBits     = 12 // that one look into a table decides
	distBits    = 9
	maxCodeBits = 15 // bits
	numLits     = 288
	numDists    = 32
	room        = 258 + 16 // bytes of a match, and of what is written behind it
)

// An entry says what the next bits are:
//
//	bits 0-5   how many of them it takes, those that are added to a length or distance too
//	bits 8-23  one or two literals; the least length or distance; where longer codes are
//	bits 24-27 how many bits the first literal, the length or the distance has
//	bit 28     the code is longer than the table
//	bit 29     the block ends
//	bits 30-31 how many literals
//
// Zero is no code.
type entry uint32

const (
	isLonger  entry = 1 << 28
	endsBlock entry = 1 << 29
	oneByte   entry = 1 << 30
)

// What symbols mean, without the bits of their codes.
var (
	litSymbols = symbolsOf(numLits, func(i int) entry {
		switch {
		case i < 256:
			return oneByte | entry(i)<<8
		case i == 256:
			return endsBlock
		case i < 265:
			return entry(i-257+3) << 8
		case i < 285:
			extra := (i - 261) / 4
			return entry((4+(i-265)%4)<<extra+3)<<8 | entry(extra)
		case i == 285:
			return 258 << 8
		}
		return 0
	})
	distSymbols = symbolsOf(numDists, func(i int) entry {
		if i < 4 {
			return entry(i+1) << 8
		}
		if i >= 30 {
			return 0
		}
		extra := (i - 2) / 2
		return entry((2+i%2)<<extra+1)<<8 | entry(extra)
	})
	lengthSymbols = symbolsOf(19, func(i int) entry { return oneByte | entry(i)<<8 })
)

func symbolsOf(n int, of func(i int) entry) []entry {
	list := make([]entry, n)
	for i := range list {
		list[i] = of(i)
	}
	return list
}

// inflate is what a text gives, or what could be undone of it before damage or
// the bound. It is overwritten by the next.
func (z *inflater) inflate(src []byte, bound int) []byte {
	z.src, z.pos, z.acc, z.have, z.past, z.n = src, 0, 0, 0, 0, 0
	for last := false; !last; {
		h, ok := z.take(3)
		if !ok {
			break
		}
		last = h&1 == 1
		switch h >> 1 {
		case 0:
			ok = z.stored(bound)
		case 1:
			z.fixed()
			ok = z.block(bound)
		case 2:
			ok = z.dynamic() && z.block(bound)
		default:
			ok = false
		}
		if !ok {
			break
		}
	}
	z.src = nil
	return z.out[:min(z.n, bound)]
}

// fill reads until there are 56 bits or more.
func (z *inflater) fill() {
	for z.have < 56 {
		if z.pos < len(z.src) {
			z.acc |= uint64(z.src[z.pos]) << z.have
			z.pos++
		} else {
			z.past += 8
		}
		z.have += 8
	}
}

// take gives the next bits.
func (z *inflater) take(n uint) (uint, bool) {
	z.fill()
	if n > z.have-z.past {
		return 0, false
	}
	v := uint(z.acc) & (1<<n - 1)
	z.acc >>= n
	z.have -= n
	return v, true
}

// grow makes room for n bytes more.
func (z *inflater) grow(n int) {
	if z.n+n > len(z.out) {
		out := make([]byte, max(z.n+n, 2*len(z.out), 2*len(z.src)+4096))
		copy(out, z.out[:z.n])
		z.out = out
	}
}

func (z *inflater) stored(bound int) bool {
	z.pos -= int(z.have-z.past) / 8
	z.acc, z.have, z.past = 0, 0, 0
	if len(z.src)-z.pos < 4 {
		return false
	}
	size := binary.LittleEndian.Uint16(z.src[z.pos:])
	if size != ^binary.LittleEndian.Uint16(z.src[z.pos+2:]) {
		return false
	}
	text := z.src[z.pos+4:]
	text = text[:min(len(text), int(size))]
	z.grow(len(text) + room)
	z.n += copy(z.out[z.n:], text)
	z.pos += 4 + len(text)
	return len(text) == int(size) && z.n < bound
}

func (z *inflater) fixed() {
	for i := range numLits {
		switch {
		case i < 144, i >= 280:
			z.lengths[i] = 8
		case i < 256:
			z.lengths[i] = 9
		default:
			z.lengths[i] = 7
		}
	}
	for i := range numDists {
		z.lengths[numLits+i] = 5
	}
	z.tables(numLits)
}

// lengthOrder is the order in which the lengths of the codes of lengths stand.
var lengthOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block.
func (z *inflater) dynamic() bool {
	h, ok := z.take(14)
	lits, dists, n := int(h&31)+257, int(h>>5&31)+1, int(h>>10)+4
	if !ok || lits > 286 || dists > 30 {
		return false
	}
	clear(z.lengths[:19])
	for i := range n {
		v, ok := z.take(3)
		if !ok {
			return false
		}
		z.lengths[lengthOrder[i]] = byte(v)
	}
	if !z.build(z.dists[:1<<7], 7, z.lengths[:19], lengthSymbols) {
		return false
	}
	for i := 0; i < lits+dists; {
		z.fill()
		e := z.dists[z.acc&(1<<7-1)]
		if e == 0 {
			return false
		}
		if _, ok := z.take(uint(e & 63)); !ok {
			return false
		}
		v := byte(e >> 8)
		if v < 16 {
			z.lengths[i] = v
			i++
			continue
		}
		repeat, more := 3, uint(2) // of what was before, or of none
		of := byte(0)
		switch v {
		case 16:
			if i == 0 {
				return false
			}
			of = z.lengths[i-1]
		case 17:
			more = 3
		case 18:
			repeat, more = 11, 7
		}
		m, ok := z.take(more)
		if repeat += int(m); !ok || i+repeat > lits+dists {
			return false
		}
		for range repeat {
			z.lengths[i] = of
			i++
		}
	}
	copy(z.lengths[numLits:], z.lengths[lits:lits+dists])
	clear(z.lengths[numLits+dists:])
	return z.tables(lits)
}

// tables makes those of literals and distances.
func (z *inflater) tables(lits int) bool {
	z.long, z.least = z.long[:0], uint(z.lengths[256])
	if !z.build(z.lits[:], litBits, z.lengths[:lits], litSymbols) || !z.build(z.dists[:], distBits, z.lengths[numLits:], distSymbols) {
		return false
	}
	if len(z.src)-z.pos < 1<<litBits/4 { // two at once are not worth their making
		return true
	}
	for i := len(z.lits) - 1; i >= 0; i-- { // what follows an entry has a lower index
		a := z.lits[i]
		n := a & 63
		if a>>30 != 1 || n > litBits {
			continue
		}
		if b := z.lits[i>>n]; b>>30 == 1 && n+b&63 <= litBits {
			z.lits[i] = 2*oneByte | n<<24 | b>>8&0xff<<16 | a&0xff00 | n + b&63
		}
	}
	return true
}

// build makes the table of a code, which gives size bits at once. The code is
// complete, has a single symbol, or none.
func (z *inflater) build(table []entry, size uint, lengths []byte, symbols []entry) bool {
	var count [maxCodeBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	var next [maxCodeBits + 2]int
	code, longest := 0, 0
	for n := 1; n <= maxCodeBits; n++ {
		code <<= 1
		next[n] = code
		if code += count[n]; count[n] > 0 {
			longest = n
		}
		if code > 1<<n {
			return false
		}
	}
	used := code >> (maxCodeBits - longest)
	if longest > 0 && used != 1<<longest && !(used == 1 && longest == 1) {
		return false
	}
	clear(table)
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		e := symbols[i]
		if e != 0 {
			e += entry(n) | entry(n)<<24
		}
		at := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		if uint(n) <= size {
			for ; at < len(table); at += 1 << n {
				table[at] = e
			}
			continue
		}
		first := &table[at&(len(table)-1)]
		if *first == 0 {
			*first = isLonger | entry(len(z.long))<<8
			z.long = append(z.long, make([]entry, 1<<(maxCodeBits-size))...)
		}
		for long := z.long[*first>>8&0xffff:][:1<<(maxCodeBits-size)]; at>>size < len(long); at += 1 << n {
			long[at>>size] = e
		}
	}
	return true
}

// block undoes a block by the tables at hand. It ends early at damage, at the
// end of the text, and at the bound.
func (z *inflater) block(bound int) bool {
	for {
		z.quickly(bound)
		if z.n >= bound {
			return false
		}
		z.grow(room)
		z.fill()
		e := z.lits[z.acc&(1<<litBits-1)]
		if e&isLonger != 0 {
			e = z.long[int(e>>8&0xffff)+int(z.acc>>litBits)&(1<<(maxCodeBits-litBits)-1)]
		}
		if e >= 2*oneByte { // the first alone
			e = oneByte | e>>24&15 | e&0xff00
		}
		if e == 0 || z.least > z.have-z.past {
			return false
		}
		length := e.value(z.acc)
		if _, ok := z.take(uint(e & 63)); !ok {
			return false
		}
		switch {
		case e >= oneByte:
			z.out[z.n] = byte(e >> 8)
			z.n++
			continue
		case e&endsBlock != 0:
			return true
		}
		d := z.dists[z.acc&(1<<distBits-1)]
		if d&isLonger != 0 {
			d = z.long[int(d>>8&0xffff)+int(z.acc>>distBits)&(1<<(maxCodeBits-distBits)-1)]
		}
		back := d.value(z.acc)
		if _, ok := z.take(uint(d & 63)); d == 0 || !ok || back > z.n {
			return false
		}
		repeat(z.out, z.n, back, length)
		z.n += length
	}
}

// repeat appends length bytes that stand back bytes before the n-th, which may
// be among them. It writes a word too many.
func repeat(out []byte, n, back, length int) {
	if back >= 8 {
		for from := n - back; length > 0; length -= 8 {
			binary.LittleEndian.PutUint64(out[n:], binary.LittleEndian.Uint64(out[from:]))
			n, from = n+8, from+8
		}
		return
	}
	for i := n; i < n+length; i++ {
		out[i] = out[i-back]
	}
}

// quickly undoes what is far from the ends of the text and of the block: there
// are always bits enough for a length and its distance. It stops before whatever
// else it meets.
func (z *inflater) quickly(bound int) {
	src, out, pos, n, acc, have := z.src, z.out, z.pos, z.n, z.acc, z.have
	for z.past == 0 && len(src)-pos >= 8 && n < bound {
		if len(out)-n < room {
			z.n = n
			z.grow(room)
			out = z.out
		}
		acc |= binary.LittleEndian.Uint64(src[pos:]) << (have & 63)
		pos += int(63-have) >> 3
		have |= 56
		e := z.lits[acc&(1<<litBits-1)]
		if e >= oneByte {
			for range 3 {
				binary.LittleEndian.PutUint16(out[n:], uint16(e>>8))
				n += int(e >> 30)
				acc >>= e & 63
				have -= uint(e & 63)
				if e = z.lits[acc&(1<<litBits-1)]; e < oneByte {
					break
				}
			}
			continue
		}
		if e&isLonger != 0 {
			e = z.long[int(e>>8&0xffff)+int(acc>>litBits)&(1<<(maxCodeBits-litBits)-1)]
		}
		rest, left := acc>>(e&63), have-uint(e&63)
		if e >= oneByte {
			out[n] = byte(e >> 8)
			n, acc, have = n+1, rest, left
			continue
		}
		d := z.dists[rest&(1<<distBits-1)]
		if d&isLonger != 0 {
			d = z.long[int(d>>8&0xffff)+int(rest>>distBits)&(1<<(maxCodeBits-distBits)-1)]
		}
		back := d.value(rest)
		if e == 0 || e&endsBlock != 0 || d == 0 || back > n {
			break
		}
		length := e.value(acc)
		repeat(out, n, back, length)
		n, acc, have = n+length, rest>>(d&63), left-uint(d&63)
	}
	z.pos, z.n, z.acc, z.have = pos, n, acc, have
}

// value is the length or distance of an entry, by the bits that it is and those
// that are added.
func (e entry) value(acc uint64) int {
	return int(e>>8&0xffff) + int(acc&(1<<(e&63)-1)>>(e>>24&15))
}
