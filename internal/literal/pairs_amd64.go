package literal

import "unsafe"

// markMost marks whole words, and returns how many.
func (p *Pairs) markMost(marks []uint64, b []byte) int {
	n := min(len(marks), (len(b)-1)/64)
	if !hasTeddy || n <= 0 {
		return 0
	}
	markPairs(unsafe.SliceData(marks), unsafe.SliceData(b), n, &p.halves)
	return n
}

//go:noescape
func markPairs(marks *uint64, b *byte, n int, h *[2]halves)
