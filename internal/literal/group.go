package literal

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A group is the literals that one pass looks for.
type group struct {
	step  int
	pairs bool     // grams are two bytes and their own hash
	shift uint32   // hash to bit number
	bits  []uint64 // one bit per hash of a gram
	slot  uint32   // hash to slot number
	slots []uint32 // where a slot's entries start; one more at the end
	list  []entry
}

// An entry is one gram of one literal.
type entry struct {
	gram uint32 // folded
	lit  uint32
	off  uint32 // of the gram in the literal
}

const (
	maxGroups = len(classes)
	maxStep   = 8
	caseBit   = 0x20202020 // folds letters; that it also folds @ and ` costs a comparison
	mul       = 0x9E3779B1 // 2^32 / golden ratio (Knuth, TAOCP 3, 6.4)

	// What things cost, in nanoseconds on a server of 2020.
	pairCost, gramCost, candidateCost = 0.6, 1.2, 8.0
)

// classes are the least lengths among which groups are divided.
var classes = [...]int{1, 2, 3, 4, 6, 9, 12}

// divide spreads the literals over groups of neighbouring lengths such that
// the passes together are as cheap as the model can tell.
func (s *Set) divide(members []int, m *model) {
	var byClass [len(classes)][]int
	for _, i := range members {
		c := 0
		for c+1 < len(classes) && len(s.lits[i]) >= classes[c+1] {
			c++
		}
		byClass[c] = append(byClass[c], i)
	}
	// cheapest[c] is the least cost of the classes from c on, and until[c] is
	// where its first group ends.
	var cheapest [len(classes) + 1]float64
	var until [len(classes)]int
	for c := len(classes) - 1; c >= 0; c-- {
		cheapest[c] = math.Inf(1)
		var together []int
		for end := c + 1; end <= len(classes); end++ {
			together = append(together, byClass[end-1]...)
			_, cost := s.plan(together, m)
			if cost += cheapest[end]; cost < cheapest[c] {
				cheapest[c], until[c] = cost, end
			}
		}
	}
	for c := 0; c < len(classes); {
		var together []int
		for _, l := range byClass[c:until[c]] {
			together = append(together, l...)
		}
		if len(together) > 0 {
			g, _ := s.plan(together, m)
			g.fill(s, together, m)
			s.groups = append(s.groups, g)
		}
		c = until[c]
	}
}

// plan chooses the grams and the step for a group of literals and estimates
// what the pass costs per byte.
func (s *Set) plan(members []int, m *model) (best group, cost float64) {
	if len(members) == 0 {
		return group{}, 0
	}
	least := math.MaxInt
	for _, i := range members {
		least = min(least, len(s.lits[i]))
	}
	cost = math.Inf(1)
	for _, g := range []group{{pairs: true, step: max(1, least-1)}, {step: least - 3}} {
		if g.step < 1 {
			continue
		}
		g.step = min(g.step, maxStep)
		perMiB := 0.0
		for _, i := range members {
			_, rate := g.window(s.lits[i], m)
			perMiB += rate
		}
		check := gramCost
		if g.pairs {
			check = pairCost
		}
		if c := (check + perMiB/(1<<20)*candidateCost) / float64(g.step); c < cost {
			best, cost = g, c
		}
	}
	return best, cost
}

// window returns where the rarest step grams of the literal start, and how
// often any of them occurs per MiB.
func (g *group) window(lit []byte, m *model) (best int, rate float64) {
	size := g.size()
	if len(lit) < size {
		return 0, m.perMiB(lit)
	}
	rate = math.Inf(1)
	for off := 0; off+size+g.step-1 <= len(lit); off++ {
		sum := 0.0
		for k := range g.step {
			sum += m.perMiB(lit[off+k : off+k+size])
		}
		if sum < rate {
			best, rate = off, sum
		}
	}
	return best, rate
}

func (g *group) size() int {
	if g.pairs {
		return 2
	}
	return 4
}

func (g *group) fill(s *Set, members []int, m *model) {
	for _, i := range members {
		l := s.lits[i]
		best, rate := g.window(l, m)
		s.cost[i] = rate / float64(g.step)
		if len(l) == 1 { // any pair that starts so
			for second := range 256 {
				if fold[second] == byte(second) {
					g.list = append(g.list, entry{(uint32(l[0]) | uint32(second)<<8) | caseBit&0xffff, uint32(i), 0})
				}
			}
			continue
		}
		for k := range g.step {
			g.list = append(g.list, entry{g.load(l, best+k), uint32(i), uint32(best + k)})
		}
	}
	n := 16
	if !g.pairs {
		n = max(12, min(bits.Len(uint(len(g.list)*16)), 20)) // one bit in 16 is set; 128 KiB at most
	}
	g.shift = uint32(32 - n)
	g.bits = make([]uint64, 1<<(n-6))
	g.slot = uint32(32 - max(4, min(bits.Len(uint(len(g.list))), 20)))
	g.slots = make([]uint32, 1<<(32-g.slot)+1)
	slices.SortFunc(g.list, func(a, b entry) int {
		if d := int(a.gram*mul>>g.slot) - int(b.gram*mul>>g.slot); d != 0 {
			return d
		}
		return int(a.lit) - int(b.lit)
	})
	for _, e := range g.list {
		g.slots[e.gram*mul>>g.slot+1]++
		if g.pairs {
			g.setPairs(e.gram)
		} else {
			h := e.gram * mul >> g.shift
			g.bits[h>>6] |= 1 << (h & 63)
		}
	}
	for i := 1; i < len(g.slots); i++ {
		g.slots[i] += g.slots[i-1]
	}
}

// setPairs sets the bits of all pairs of bytes that fold to the gram.
func (g *group) setPairs(gram uint32) {
	for _, clear := range []uint32{0, 0x20, 0x2000, 0x2020} {
		v := gram &^ clear
		g.bits[v>>6] |= 1 << (v & 63)
	}
}

// load returns the folded gram at b[i:], zero bytes after the end of b.
func (g *group) load(b []byte, i int) uint32 {
	var v uint32
	if i+4 <= len(b) {
		v = binary.LittleEndian.Uint32(b[i:])
	} else {
		for k := 0; k < 4 && i+k < len(b); k++ {
			v |= uint32(b[i+k]) << (8 * k)
		}
	}
	if v |= caseBit; g.pairs {
		v &= 0xffff
	}
	return v
}

// next returns where a literal that starts at or after from stands, and its
// length; or -1. No literal ends in a line before that one.
func (g *group) next(s *Set, b []byte, from int) (at, size int) {
	for p := from; p < len(b); {
		if g.pairs {
			p = g.skipPairs(b, p)
		} else {
			p = g.skipGrams(b, p)
		}
		for end := min(p+4*g.step, len(b)); p < end; p += g.step {
			v := g.load(b, p)
			if !g.may(v) {
				continue
			}
			slot := v * mul >> (g.slot & 31)
			for _, e := range g.list[g.slots[slot]:g.slots[slot+1]] {
				if e.gram == v && holds(b, p-int(e.off), from, s.lits[e.lit]) {
					return p - int(e.off), len(s.lits[e.lit])
				}
			}
		}
	}
	return -1, 0
}

// skipGrams returns the first p, four steps apart, where one of the four
// places may hold a gram. Their loads run side by side.
func (g *group) skipGrams(b []byte, p int) int {
	table, shift, step := g.bits, g.shift&31, g.step
	for last := len(b) - 3*step - 4; p <= last; p += 4 * step {
		h0 := (binary.LittleEndian.Uint32(b[p:]) | caseBit) * mul >> shift
		h1 := (binary.LittleEndian.Uint32(b[p+step:]) | caseBit) * mul >> shift
		h2 := (binary.LittleEndian.Uint32(b[p+2*step:]) | caseBit) * mul >> shift
		h3 := (binary.LittleEndian.Uint32(b[p+3*step:]) | caseBit) * mul >> shift
		if (table[h0>>6]>>(h0&63)|table[h1>>6]>>(h1&63)|table[h2>>6]>>(h2&63)|table[h3>>6]>>(h3&63))&1 != 0 {
			break
		}
	}
	return p
}

// skipPairs is skipGrams for grams of two bytes.
func (g *group) skipPairs(b []byte, p int) int {
	table, step := (*[1 << 10]uint64)(g.bits), g.step
	for last := len(b) - 3*step - 2; p <= last; p += 4 * step {
		v0 := binary.LittleEndian.Uint16(b[p:])
		v1 := binary.LittleEndian.Uint16(b[p+step:])
		v2 := binary.LittleEndian.Uint16(b[p+2*step:])
		v3 := binary.LittleEndian.Uint16(b[p+3*step:])
		if (table[v0>>6]>>(v0&63)|table[v1>>6]>>(v1&63)|table[v2>>6]>>(v2&63)|table[v3>>6]>>(v3&63))&1 != 0 {
			break
		}
	}
	return p
}

// contained is next for all literals of a short value.
func (g *group) contained(s *Set, dst []uint64, b []byte) {
	for p := 0; p < len(b); {
		if g.pairs {
			p = g.skipPairs(b, p)
		} else {
			p = g.skipGrams(b, p)
		}
		for end := min(p+4*g.step, len(b)); p < end; p += g.step {
			v := g.load(b, p)
			if !g.may(v) {
				continue
			}
			slot := v * mul >> (g.slot & 31)
			for _, e := range g.list[g.slots[slot]:g.slots[slot+1]] {
				if e.gram == v && dst[e.lit>>6]>>(e.lit&63)&1 == 0 && holds(b, p-int(e.off), 0, s.lits[e.lit]) {
					dst[e.lit>>6] |= 1 << (e.lit & 63)
				}
			}
		}
	}
}

// may reports whether the folded gram may be one of the group's.
func (g *group) may(v uint32) bool {
	if !g.pairs {
		v = v * mul >> (g.shift & 31)
	}
	return g.bits[v>>6]>>(v&63)&1 != 0
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
