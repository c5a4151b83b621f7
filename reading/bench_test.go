package reading

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkRead reads reports of 10 kB. The claim to hold: 1,000 of them in
// 20 s on one core, that is 20 ms each.
func BenchmarkRead(b *testing.B) {
	r, err := New()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"fr", "en"} {
		text, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			b.Fatal(err)
		}
		report := []byte(strings.Repeat(string(text)+"\n\n", 10000/len(text)+1)[:10000])
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(report)))
			for b.Loop() {
				if _, err := r.Read(b.Context(), "report.txt", report); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
