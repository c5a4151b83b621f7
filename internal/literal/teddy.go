package literal

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A teddy tells for 32 places at once whether a gram may start there, as that
// of Hyperscan does: each gram is in one of eight buckets, and for each of four
// bytes its two halves tell in which buckets there is a gram with such a byte.
// The bytes are next to each other, or, of text in UTF-16, every other one.
type teddy struct {
	low, high [4][16]byte // by half a byte: the buckets, a bit each
	table     *[tableSize]byte
	mask      uint64
	stride    int // from byte to byte
}

const (
	width   = 4 // bytes of a gram
	buckets = 8

	// What it costs, in nanoseconds: a byte, and a place that is looked up.
	teddyCost, lookupCost = 0.1, 2.0
)

// A bucket is what its grams have at each of their bytes.
type bucket struct {
	low, high [width]uint16  // sets of halves
	share     [width]float64 // of all bytes that are in both
}

func (b *bucket) rate() float64 {
	r := 1.0
	for _, s := range b.share {
		r *= s
	}
	return r
}

// with returns the bucket with one more gram.
func (b bucket) with(gram []byte, stride int, m *model) bucket {
	for k := range b.low {
		if k*stride >= len(gram) {
			b.low[k], b.high[k], b.share[k] = 0xffff, 0xffff, 1
			continue
		}
		low, high := b.low[k], b.high[k]
		for _, c := range [2]byte{gram[k*stride], upper(gram[k*stride])} {
			low |= 1 << (c & 15)
			high |= 1 << (c >> 4)
		}
		if low == b.low[k] && high == b.high[k] {
			continue
		}
		b.low[k], b.high[k], b.share[k] = low, high, 0
		for h := high; h != 0; h &= h - 1 {
			row := m.one[bits.TrailingZeros16(h)<<4:]
			for l := low; l != 0; l &= l - 1 {
				b.share[k] += row[bits.TrailingZeros16(l)]
			}
		}
	}
	return b
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// newTeddy chooses a gram of size bytes for each of the members and a bucket for
// it, the ones with the least choice first. It returns where the grams start and
// what a byte costs. Members are at least size bytes long.
func newTeddy(lits [][]byte, members []int, size, stride int, m *model) (t *teddy, at []int, cost float64) {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(len(lits[members[x]]), len(lits[members[y]])) })
	var all [buckets]bucket
	at = make([]int, len(members))
	cost = teddyCost
	for _, i := range order {
		l := lits[members[i]]
		into, least := 0, math.Inf(1)
		var chosen bucket
		for off := 0; off+size <= len(l); off += stride {
			gram := l[off : off+size]
			stops := m.perMiB(gram) / (1 << 20) * candidateCost
			if stops >= least {
				continue
			}
			for k := range all {
				b := all[k].with(gram, stride, m)
				c := stops + (b.rate()-all[k].rate())*lookupCost
				if c < least {
					into, chosen, least, at[i] = k, b, c, off
				}
				if all[k].low[0] == 0 {
					break // the other empty ones are alike
				}
			}
		}
		all[into] = chosen
		cost += least
	}
	t = &teddy{mask: grams(size), stride: stride}
	for k, b := range all {
		for j := range width {
			for half := range 16 {
				t.low[j][half] |= byte(b.low[j]>>half&1) << k
				t.high[j][half] |= byte(b.high[j]>>half&1) << k
			}
		}
	}
	return t, at, cost
}
