package literal

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every pair is marked, on any machine at the same places.
func TestPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kinds [][2]string
		for range rapid.IntRange(1, 8).Draw(t, "n") {
			kinds = append(kinds, [2]string{text(t, "first", alphabet, 1, 3), text(t, "second", alphabet, 0, 3)})
		}
		p := NewPairs(kinds...)
		b := []byte(text(t, "text", alphabet+"\n", 0, 300))
		marks := make([]uint64, rapid.IntRange(0, 6).Draw(t, "room"))
		n := p.Mark(marks, b)
		if want := min(len(marks), (len(b)+63)/64); n != want {
			t.Fatalf("%d words, want %d", n, want)
		}
		for i, c := range b[:min(len(b), 64*n)] {
			may := false
			for bit := range kinds {
				kind := func(k int, c byte) bool {
					return p.halves[k].low[c&15]&p.halves[k].high[c>>4]>>bit&1 == 1
				}
				may = may || kind(0, c) && (i+1 == len(b) || kind(1, b[i+1]))
			}
			if got := marks[i/64]>>(i%64)&1 == 1; got != may {
				t.Fatalf("place %d of %q: got %v, want %v", i, b, got, may)
			}
			for _, k := range kinds {
				if strings.IndexByte(k[0], c) >= 0 && i+1 < len(b) && (k[1] == "" || strings.IndexByte(k[1], b[i+1]) >= 0) && !may {
					t.Fatalf("a pair at %d of %q is not marked", i, b)
				}
			}
		}
	})
}
