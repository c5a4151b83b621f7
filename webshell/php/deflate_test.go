package php

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// sameAsLibrary says that a text gives what the library makes of it, up to
// damage too.
func sameAsLibrary(t *testing.T, z *inflater, text []byte) {
	t.Helper()
	const bound = 1 << 16
	want, _ := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(text)), bound))
	if got := z.inflate(text, bound); !bytes.Equal(got, want) {
		t.Errorf("%d bytes give %d, want %d: %.40x", len(text), len(got), len(want), text)
	}
}

func deflatedAt(t testing.TB, text string, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 40_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 40_000) // codes of all lengths
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 12)
	}
	var z inflater // one for all: nothing of a text may be left for the next
	for _, text := range []string{
		"", "a", strings.Repeat("a", 70_000), strings.Repeat("<?php echo $a; ", 900), "0123456789" + strings.Repeat("0123456", 90), string(noise), string(skewed),
		base64.StdEncoding.EncodeToString(noise),
	} {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
			whole := deflatedAt(t, text, level)
			sameAsLibrary(t, &z, whole)
			for range 40 {
				sameAsLibrary(t, &z, whole[:r.IntN(len(whole)+1)])
				damaged := bytes.Clone(whole)
				damaged[r.IntN(min(len(damaged), 200))] ^= byte(1 << r.IntN(8))
				sameAsLibrary(t, &z, damaged)
			}
		}
	}
}

func FuzzInflate(f *testing.F) {
	f.Add([]byte("\x03\x00"))
	f.Add(deflatedAt(f, strings.Repeat("eval($_POST[1]);", 9), flate.BestCompression))
	f.Add(deflatedAt(f, "abcdefghijklmnopqrstuvwxyz", flate.HuffmanOnly))
	f.Fuzz(func(t *testing.T, text []byte) {
		var z inflater
		sameAsLibrary(t, &z, text)
	})
}
