package literal

// Pairs are kinds of two characters next to each other, which are frequent: where
// one may stand is told for 64 places at once, in a bit each.
type Pairs struct{ halves [2]halves }

// NewPairs returns the pairs of a character of the first string and one of the
// second, "" for any, for up to eight kinds.
func NewPairs(kinds ...[2]string) *Pairs {
	p := new(Pairs)
	for bit, kind := range kinds {
		for k, any := range kind {
			h := &p.halves[k]
			for i := range 16 {
				if any == "" {
					h.low[i] |= 1 << bit
					h.high[i] |= 1 << bit
				}
			}
			for _, c := range []byte(any) {
				h.low[c&15] |= 1 << bit
				h.high[c>>4] |= 1 << bit
			}
		}
	}
	return p
}

// Mark tells in marks where a pair may start in as much of b as there is room for,
// and returns how many words it took. A pair at the end of b may lack its second
// character; some places have no pair.
func (p *Pairs) Mark(marks []uint64, b []byte) int {
	words := min(len(marks), (len(b)+63)/64)
	from := p.markMost(marks[:words], b)
	for w := from; w < words; w++ {
		m := uint64(0)
		for i, c := range b[w*64 : min(len(b), w*64+64)] {
			h := &p.halves
			if in := h[0].low[c&15] & h[0].high[c>>4]; in != 0 {
				if at := w*64 + i + 1; at < len(b) {
					in &= h[1].low[b[at]&15] & h[1].high[b[at]>>4]
				}
				if in != 0 {
					m |= 1 << i
				}
			}
		}
		marks[w] = m
	}
	return words
}
