package literal

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A teddy tells for 32 places at once whether a gram may start there, as that
// of Hyperscan does: each gram is in one of some buckets, and for each of its
// first bytes the two halves tell in which buckets there is a gram with such a byte.
// The bytes are next to each other, or, of text in UTF-16, every other one.
type teddy struct {
	halves [2][width]halves // by eight buckets, by byte
	table  *[tableSize]byte
	mask   uint64
	shape
}

// halves are the buckets by half a byte, a bit each.
type halves struct{ low, high [16]byte }

// A shape is what a loop looks at. Sixteen buckets and three bytes let through a
// third of what eight and four do, with hundreds of literals, and cost the same.
type shape struct {
	stride  int // from byte to byte
	bytes   int
	buckets int
}

var (
	narrow = shape{stride: 1, bytes: 3, buckets: 16}
	wide   = shape{stride: 2, bytes: 4, buckets: 8}
)

const (
	width = 4 // characters of a gram, at most

	// What it costs, in nanoseconds: a byte, and a place that is looked up.
	teddyCost, lookupCost = 0.1, 2.0
)

// A bucket is what its grams have at each of their bytes.
type bucket struct {
	low, high [width]uint16  // sets of halves
	share     [width]float64 // of all bytes that are in both
	rate      float64        // how many of all places it lets through
}

// guess returns the rate that there were if the bytes of a text did not depend
// on each other.
func (b *bucket) guess(bytes int) float64 {
	r := 1.0
	for _, s := range b.share[:bytes] {
		r *= s
	}
	return r
}

// with returns the bucket with one more gram, but for its rate.
func (b bucket) with(gram []byte, s shape, m *model) bucket {
	for k := range s.bytes {
		if k*s.stride >= len(gram) {
			b.low[k], b.high[k], b.share[k] = 0xffff, 0xffff, 1
			continue
		}
		low, high := b.low[k], b.high[k]
		for _, c := range [2]byte{gram[k*s.stride], upper(gram[k*s.stride])} {
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
// it, the ones with the least choice first. It returns where the grams start. What
// is shorter is a gram as it is.
func newTeddy(lits [][]byte, members []int, size int, s shape, m *model) (t *teddy, at []int) {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(len(lits[members[x]]), len(lits[members[y]])) })
	var try *trial
	if m.sampled {
		try = newTrial(m.sample, s)
	}
	all := make([]bucket, s.buckets)
	at = make([]int, len(members))
	for _, i := range order {
		l := lits[members[i]]
		into, least := 0, math.Inf(1)
		var chosen bucket
		for off := 0; off+min(size, len(l)) <= len(l); off += s.stride {
			gram := l[off:min(off+size, len(l))]
			stops := m.perMiB(gram) / (1 << 20) * candidateCost
			if stops >= least {
				continue
			}
			for k := range all {
				b := all[k].with(gram, s, m)
				if b != all[k] {
					b.rate = b.guess(s.bytes)
					if try != nil {
						b.rate += try.rate(&b, all[k].rate+(least-stops)/lookupCost-b.rate)
					}
				}
				if c := stops + (b.rate-all[k].rate)*lookupCost; c < least {
					into, chosen, least, at[i] = k, b, c, off
				}
				if all[k].low[0] == 0 {
					break // the other empty ones are alike
				}
			}
		}
		all[into] = chosen
	}
	t = &teddy{mask: grams(size), shape: s}
	for k, b := range all {
		for j := range s.bytes {
			of := &t.halves[k/8][j]
			for half := range 16 {
				of.low[half] |= byte(b.low[j]>>half&1) << (k % 8)
				of.high[half] |= byte(b.high[j]>>half&1) << (k % 8)
			}
		}
	}
	return t, at
}

// A trial is places of a sample, to try buckets on: by byte of a gram and by half
// a byte, a bit for each place that has it there. Chosen by guess alone, buckets let
// four times as many places through.
type trial struct {
	low, high [width][16]places
	bytes     int
}

type places [tried / 64]uint64

const (
	tried = 8 << 10
	run   = 512 // of these next to each other
	step  = 8   // words that are looked at together
)

func newTrial(sample []byte, s shape) *trial {
	t := &trial{bytes: s.bytes}
	apart := max(run, len(sample)/(tried/run))
	for i := range tried {
		from := i/run*apart + i%run
		for k := range s.bytes {
			if p := from + k*s.stride; p < len(sample) {
				c := sample[p]
				t.low[k][c&15][i/64] |= 1 << (i % 64)
				t.high[k][c>>4][i/64] |= 1 << (i % 64)
			}
		}
	}
	return t
}

// rate returns which part of the places the bucket lets through, or something
// above most if it is more than that.
func (t *trial) rate(b *bucket, most float64) float64 {
	n, limit := 0, int(min(most, 1)*tried)
	for w := 0; w < len(places{}) && n <= limit; w += step {
		in := [step]uint64{}
		for k := range t.bytes {
			low, high := either(&t.low[k], b.low[k], w), either(&t.high[k], b.high[k], w)
			for i := range in {
				if k == 0 {
					in[i] = ^uint64(0)
				}
				in[i] &= low[i] & high[i]
			}
		}
		for _, v := range in {
			n += bits.OnesCount64(v)
		}
	}
	return float64(n) / tried
}

// either returns the places from word w on that have one of the halves.
func either(by *[16]places, halves uint16, w int) (in [step]uint64) {
	for ; halves != 0; halves &= halves - 1 {
		for i, p := range by[bits.TrailingZeros16(halves)][w : w+step] {
			in[i] |= p
		}
	}
	return in
}
