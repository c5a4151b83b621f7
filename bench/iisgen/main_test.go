package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		n, err := generate(w, 3<<20, 5, 1000)
		if err != nil || n != int64(w.Len()) || n < 3<<20 || n > 3<<20+2000 {
			t.Fatalf("wrote %d of %d, %v", n, w.Len(), err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("one seed gives two logs")
	}
	lines := strings.Split(a.String(), "\r\n")
	attacked := 0
	for _, l := range lines {
		if strings.Contains(l, " 203.0.113.") {
			attacked++
		}
	}
	if want := len(lines) / 1000; attacked < want-1 || attacked > want+1 {
		t.Errorf("%d attacks in %d lines", attacked, len(lines))
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{"12": 12, "3KiB": 3 << 10, "1GiB": 1 << 30} {
		if got, err := bytesOf(s); got != want || err != nil {
			t.Errorf("%s: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "1TB", "99999999999GiB"} {
		if n, err := bytesOf(s); err == nil {
			t.Errorf("%s: %d", s, n)
		}
	}
}
