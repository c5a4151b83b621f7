package cputime

import (
	"crypto/sha256"
	"testing"
	"time"
)

// What this process does counts, and waiting does not.
func TestUsed(t *testing.T) {
	before := Used()
	var sum [32]byte
	n := 0
	for ; Used()-before < 50*time.Millisecond && n < 10_000_000; n++ {
		sum = sha256.Sum256(sum[:])
	}
	if n == 0 || n == 10_000_000 {
		t.Fatalf("%v after %d hashes", Used()-before, n)
	}
	before = Used()
	time.Sleep(300 * time.Millisecond)
	if used := Used() - before; used > 250*time.Millisecond {
		t.Errorf("%v while asleep", used)
	}
}
