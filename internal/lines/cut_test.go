package lines

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slowly is Cut, byte by byte.
func slowly(b []byte, sep byte, most int) (end, seps int, at []int32) {
	for ; end < len(b) && b[end] != '\n'; end++ {
		if b[end] != sep {
			continue
		}
		if seps < most {
			at = append(at, int32(end))
		}
		seps++
	}
	return end, seps, at
}

func checkCut(t interface{ Fatalf(string, ...any) }, b []byte, sep byte, most int) {
	at := make([]int32, most+Room)
	end, seps := Cut(b, sep, at)
	wantEnd, wantSeps, want := slowly(b, sep, most)
	if end != wantEnd || seps != wantSeps || !slices.Equal(at[:min(seps, most)], want) {
		t.Fatalf("%q at %q, at most %d: got end %d and %d: %d; want end %d and %d: %d", b, sep, most, end, seps, at[:min(seps, most)], wantEnd, wantSeps, want)
	}
}

func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{"a ", "aaaaaaaaaaaa ", "aaaaaaaaaa \n", " ", "\n ", "a \x00\xff\xa0\x8a\n"}).Draw(t, "letters")
		b := rapid.SliceOfN(rapid.SampledFrom([]byte(letters)), 0, 300).Draw(t, "text")
		checkCut(t, b, ' ', rapid.IntRange(0, 40).Draw(t, "most"))
	})
}

// TestCutEveryPlace has the line feed, and a separator beside it, at every place
// of the first blocks.
func TestCutEveryPlace(t *testing.T) {
	for n := range 130 {
		for _, before := range []string{"", " ", "  ", " a "} {
			for after := range 70 {
				b := strings.Repeat("x", n) + before + "\n" + strings.Repeat(" ", after)
				checkCut(t, []byte(b), ' ', 8)
			}
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("2021-03-03 04:11:22 POST /ecp/y.js 200\r\n2021-03-03"), byte(' '), uint8(5))
	f.Add(bytes.Repeat([]byte(" "), 100), byte(' '), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, sep byte, most uint8) {
		if sep != '\n' {
			checkCut(t, b, sep, int(most))
		}
	})
}

func BenchmarkCut(b *testing.B) {
	line := "2021-03-01 00:09:10 10.0.0.10 POST /EWS/Exchange.asmx &CorrelationID=<empty>;&cafeReqId=4b2a89e1-6104-4617-bc93-ceaf17711684; 443 " +
		"EXAMPLE\\clark22 10.0.4.108 MacOutlook/16.46.21021202+(Intelx64+Mac+OS+X+Version+10.15.7+(Build+19H524)) - 200 0 0 75\r\n"
	log := []byte(strings.Repeat(line, 1000))
	at := make([]int32, 15+Room)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		for rest := log; len(rest) > 0; {
			end, _ := Cut(rest, ' ', at)
			rest = rest[end+1:]
		}
	}
}
