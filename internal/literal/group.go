package literal

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// A group is the literals that one pass looks for.
type group struct {
	step  int
	size  int    // of a gram, in bytes: 2, 3, 4 or 8
	mask  uint64 // folds the bytes of a gram, and drops what does not belong to it
	shift uint32 // hash to place in a table

	// One of these tells by a gram's hash whether there may be one like it: a
	// byte each, which is fast, or for many grams a bit, which stays in the cache.
	table *[tableSize]byte
	bits  []byte
	shape *shape // of the teddy; nil without one
	teddy *teddy // steps are of one byte with one

	slot  uint32   // hash to slot number
	slots []uint32 // where a slot's entries start; one more at the end
	list  []entry
}

// An entry is one gram of one literal.
type entry struct {
	gram uint64 // folded
	lit  uint32
	off  uint32 // of the gram in the literal
}

const (
	maxGroups = len(classes)
	maxStep   = 8
	folded    = 0xdfdfdfdfdfdfdfdf // folds letters; that it folds other characters too costs a comparison
	mul       = 0x9E3779B1         // 2^32 / golden ratio (Knuth, TAOCP 3, 6.4)
	longMul   = 0x9E3779B97F4A7C15

	// tableSize is that of half a first-level cache.
	tableBits = 14
	tableSize = 1 << tableBits
	mostGrams = tableSize / 16 // while few hashes of other grams are in it

	// What things cost, in nanoseconds on a server of 2020.
	gramCost, candidateCost = 0.5, 10.0
)

// classes are the least lengths among which groups are divided.
var classes = [...]int{1, 2, 3, 4, 6, 9, 12}

// nexts are all that a byte can be after it is folded for a gram.
var nexts = func() (all []byte) {
	for c := range uint64(256) {
		if c&folded == c {
			all = append(all, byte(c))
		}
	}
	return all
}()

// divide spreads the literals over groups of neighbouring lengths such that
// the passes together are as cheap as the model can tell.
func (s *Set) divide(members []int, r *rates) {
	var byClass [len(classes)][]int
	for _, i := range members {
		c := 0
		for c+1 < len(classes) && len(s.lits[i]) >= classes[c+1] {
			c++
		}
		byClass[c] = append(byClass[c], i)
	}
	// cheapest[c] is the least cost of the classes from c on, and until[c] is
	// where first[c], its first group, ends.
	var cheapest [len(classes) + 1]float64
	var first [len(classes)]group
	var until [len(classes)]int
	for c := len(classes) - 1; c >= 0; c-- {
		cheapest[c] = math.Inf(1)
		var together []int
		for end := c + 1; end <= len(classes); end++ {
			together = append(together, byClass[end-1]...)
			g, cost := s.plan(together, r)
			if end == len(classes) && c > 0 && classes[c] <= width && (len(byClass[c]) > 0 || classes[c] == width) {
				if t, dear := s.planTeddy(together, r); dear < cost {
					g, cost = t, dear
				}
			}
			if cost += cheapest[end]; cost < cheapest[c] {
				cheapest[c], first[c], until[c] = cost, g, end
			}
		}
	}
	for c := 0; c < len(classes); {
		var together []int
		for _, l := range byClass[c:until[c]] {
			together = append(together, l...)
		}
		if len(together) > 0 {
			g := first[c]
			g.fill(s, together, r)
			s.groups = append(s.groups, g)
		}
		c = until[c]
	}
}

// plan chooses the grams and the step for a group of literals and estimates
// what the pass costs per byte.
func (s *Set) plan(members []int, r *rates) (best group, cost float64) {
	if len(members) == 0 {
		return group{}, 0
	}
	least := math.MaxInt
	for _, i := range members {
		least = min(least, len(s.lits[i]))
	}
	cost = math.Inf(1)
	for _, size := range []int{2, 3, 4, 8} {
		g := group{size: size, mask: grams(size), step: min(least-size+1, maxStep)}
		if size == 2 {
			g.step = max(g.step, 1)
		}
		if g.step < 1 {
			continue
		}
		perMiB := 0.0
		for _, i := range members {
			_, rate := g.window(s, i, r)
			perMiB += rate
		}
		perMiB += min(float64(len(members)*g.step)/tableSize, 1./16) * (1 << 20) // chance
		if c := (gramCost + perMiB/(1<<20)*candidateCost) / float64(g.step); c < cost {
			best, cost = g, c
		}
	}
	return best, cost
}

// planTeddy is plan for a group with a teddy, where there can be one.
func (s *Set) planTeddy(members []int, r *rates) (g group, cost float64) {
	if !hasTeddy || !r.sampled || len(members) == 0 || len(members) > mostGrams {
		return group{}, math.Inf(1)
	}
	size := width
	for _, i := range members {
		size = min(size, len(s.lits[i]))
	}
	// A few of the least length do not make all grams shorter.
	if all := len(members); size < width {
		for _, i := range members {
			if len(s.lits[i]) == size {
				all += len(nexts)
			}
		}
		if all <= mostGrams {
			size++
		}
	}
	g = group{size: size, mask: grams(size), step: 1, shape: &narrow}
	cost = teddyCost
	for _, i := range members {
		_, rate := g.window(s, i, r)
		cost += rate / (1 << 20) * candidateCost
	}
	return g, cost
}

// wide is planTeddy for literals in UTF-16, of which a gram is four characters.
func (s *Set) wide(members []int) (g group, ok bool) {
	g = group{size: 2 * width, mask: grams(2 * width), step: 1, shape: &wide}
	return g, hasTeddy && len(members) <= mostGrams && !slices.ContainsFunc(members, func(i int) bool { return len(s.lits[i]) < g.size })
}

// grams returns the mask of grams of that many bytes.
func grams(size int) uint64 { return folded >> (64 - 8*size) }

// window returns where the rarest step grams of the i-th literal start, and how
// often any of them occurs per MiB.
func (g *group) window(s *Set, i int, r *rates) (best int, rate float64) {
	if l := s.lits[i]; len(l) < g.size {
		return 0, r.perMiB(l)
	}
	rate = math.Inf(1)
	sums := r.before(s, i, g.size)
	for off := 0; off+g.step < len(sums); off++ {
		if sum := sums[off+g.step] - sums[off]; sum < rate {
			best, rate = off, sum
		}
	}
	return best, rate
}

func (g *group) fill(s *Set, members []int, r *rates) {
	var at []int
	if g.shape != nil {
		g.teddy, at = newTeddy(s.lits, members, g.size, *g.shape, r.model)
	}
	for n, i := range members {
		l := s.lits[i]
		best, rate := g.window(s, i, r)
		if at != nil {
			best = at[n]
		}
		s.cost[i] = rate / float64(g.step)
		if len(l) == 1 { // any pair that starts so
			for second := range 256 {
				if fold[second] == byte(second) {
					g.list = append(g.list, entry{(uint64(l[0]) | uint64(second)<<8) & g.mask, uint32(i), 0})
				}
			}
			continue
		}
		if len(l) < g.size { // whatever comes next
			for _, c := range nexts {
				g.list = append(g.list, entry{g.load(l, 0) | uint64(c)<<(8*len(l)), uint32(i), 0})
			}
			continue
		}
		for k := range g.step {
			g.list = append(g.list, entry{g.load(l, best+k), uint32(i), uint32(best + k)})
		}
	}
	n := uint32(tableBits)
	if len(g.list) <= mostGrams || g.size == 8 {
		g.table = new([tableSize]byte)
	} else {
		n = uint32(min(bits.Len(uint(len(g.list)*16)), 20)) // one bit in 16 is set; 128 KiB at most
		g.bits = make([]byte, 1<<(n-3))
	}
	if g.teddy != nil {
		g.teddy.table = g.table
	}
	g.shift = 32 - n
	g.slot = uint32(32 - max(4, min(bits.Len(uint(len(g.list))), 20)))
	g.slots = make([]uint32, 1<<(32-g.slot)+1)
	slices.SortFunc(g.list, func(a, b entry) int {
		if d := int(g.hash(a.gram)>>g.slot) - int(g.hash(b.gram)>>g.slot); d != 0 {
			return d
		}
		return int(a.lit) - int(b.lit)
	})
	for _, e := range g.list {
		h := g.hash(e.gram)
		g.slots[h>>g.slot+1]++
		if h >>= g.shift; g.table != nil {
			g.table[h] = 1
		} else {
			g.bits[h>>3] |= 1 << (h & 7)
		}
	}
	for i := 1; i < len(g.slots); i++ {
		g.slots[i] += g.slots[i-1]
	}
}

// hash returns a hash of a gram whose high bits are good.
func (g *group) hash(gram uint64) uint32 {
	if g.size == 8 {
		return uint32(gram * longMul >> 32)
	}
	return uint32(gram) * mul
}

// load returns the folded gram at b[i:], zero bytes after the end of b.
func (g *group) load(b []byte, i int) uint64 {
	var v uint64
	if i+8 <= len(b) {
		v = binary.LittleEndian.Uint64(b[i:])
	} else {
		for k := 0; k < 8 && i+k < len(b); k++ {
			v |= uint64(b[i+k]) << (8 * k)
		}
	}
	return v & g.mask
}

// next returns where a literal that starts at or after from stands, and its
// length; or -1. No literal ends in a line before that one.
func (g *group) next(s *Set, b []byte, from int) (at, size int) {
	for p := from; p < len(b); {
		p = g.skip(b, p)
		for end := min(p+4*g.step, len(b)); p < end; p += g.step {
			v := g.load(b, p)
			if !g.may(v) {
				continue
			}
			slot := g.hash(v) >> (g.slot & 31)
			for _, e := range g.list[g.slots[slot]:g.slots[slot+1]] {
				if e.gram == v && holds(b, p-int(e.off), from, s.lits[e.lit]) {
					return p - int(e.off), len(s.lits[e.lit])
				}
			}
		}
	}
	return -1, 0
}

// skip returns the first p, four steps apart, where one of the four places may
// hold a gram. Their loads run side by side, and each is inside b.
func (g *group) skip(b []byte, p int) int {
	switch {
	case g.teddy != nil:
		return p + g.teddy.skip(b[p:])
	case g.size == 8:
		return g.skipLong(b, p)
	case g.table == nil:
		return g.skipMany(b, p)
	}
	table, mask, step := g.table, uint32(g.mask), g.step
	start := unsafe.Pointer(unsafe.SliceData(b))
	for last := len(b) - 3*step - 4; p <= last; p += 4 * step {
		at := unsafe.Add(start, p)
		h0 := four(at) & mask * mul >> (32 - tableBits)
		h1 := four(unsafe.Add(at, step)) & mask * mul >> (32 - tableBits)
		h2 := four(unsafe.Add(at, 2*step)) & mask * mul >> (32 - tableBits)
		h3 := four(unsafe.Add(at, 3*step)) & mask * mul >> (32 - tableBits)
		if table[h0]|table[h1]|table[h2]|table[h3] != 0 {
			break
		}
	}
	return p
}

// skipMany is skip for a table of bits.
func (g *group) skipMany(b []byte, p int) int {
	table, mask, shift, step := g.bits, uint32(g.mask), g.shift&31, g.step
	start := unsafe.Pointer(unsafe.SliceData(b))
	for last := len(b) - 3*step - 4; p <= last; p += 4 * step {
		at := unsafe.Add(start, p)
		h0 := four(at) & mask * mul >> shift
		h1 := four(unsafe.Add(at, step)) & mask * mul >> shift
		h2 := four(unsafe.Add(at, 2*step)) & mask * mul >> shift
		h3 := four(unsafe.Add(at, 3*step)) & mask * mul >> shift
		if (table[h0>>3]>>(h0&7)|table[h1>>3]>>(h1&7)|table[h2>>3]>>(h2&7)|table[h3>>3]>>(h3&7))&1 != 0 {
			break
		}
	}
	return p
}

// skipLong is skip for grams of eight bytes.
func (g *group) skipLong(b []byte, p int) int {
	table, step := g.table, g.step
	start := unsafe.Pointer(unsafe.SliceData(b))
	for last := len(b) - 3*step - 8; p <= last; p += 4 * step {
		at := unsafe.Add(start, p)
		h0 := eight(at) & folded * longMul >> (64 - tableBits)
		h1 := eight(unsafe.Add(at, step)) & folded * longMul >> (64 - tableBits)
		h2 := eight(unsafe.Add(at, 2*step)) & folded * longMul >> (64 - tableBits)
		h3 := eight(unsafe.Add(at, 3*step)) & folded * longMul >> (64 - tableBits)
		if table[h0]|table[h1]|table[h2]|table[h3] != 0 {
			break
		}
	}
	return p
}

func four(at unsafe.Pointer) uint32  { return binary.LittleEndian.Uint32((*[4]byte)(at)[:]) }
func eight(at unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(at)[:]) }

// contained is next for all literals of a short value.
func (g *group) contained(s *Set, dst []uint64, b []byte) {
	for p := 0; p < len(b); {
		p = g.skip(b, p)
		for end := min(p+4*g.step, len(b)); p < end; p += g.step {
			v := g.load(b, p)
			if !g.may(v) {
				continue
			}
			slot := g.hash(v) >> (g.slot & 31)
			for _, e := range g.list[g.slots[slot]:g.slots[slot+1]] {
				if e.gram == v && dst[e.lit>>6]>>(e.lit&63)&1 == 0 && holds(b, p-int(e.off), 0, s.lits[e.lit]) {
					dst[e.lit>>6] |= 1 << (e.lit & 63)
				}
			}
		}
	}
}

// may reports whether the folded gram may be one of the group's.
func (g *group) may(v uint64) bool {
	h := g.hash(v) >> (g.shift & 31)
	if g.table != nil {
		return g.table[h&(tableSize-1)] != 0
	}
	return g.bits[h>>3]>>(h&7)&1 != 0
}

// holds reports whether the folded literal stands at b[at:], at or after from.
func holds(b []byte, at, from int, lit []byte) bool {
	if at < from || at+len(lit) > len(b) {
		return false
	}
	for i, c := range b[at : at+len(lit)] {
		if fold[c] != lit[i] {
			return false
		}
	}
	return true
}
