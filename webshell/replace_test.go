package webshell

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReplaceAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 0, 40, -1)
		s, from, to := text.Draw(t, "s"), text.Draw(t, "from"), text.Draw(t, "to")
		limit := rapid.IntRange(0, 400).Draw(t, "limit")
		want := strings.ReplaceAll(s, from, to)
		got, ok := ReplaceAll(s, from, to, limit)
		if fits := len(want) <= limit; ok != fits && len(to) > len(from) || ok && got != want {
			t.Fatalf("%q, %v; want %q within %d", got, ok, want, limit)
		}
	})
}

func TestReplaceBomb(t *testing.T) {
	s := strings.Repeat("a", 1<<17)
	if _, ok := ReplaceAll(s, "a", s, 8<<20); ok {
		t.Error("16 GB were made")
	}
}
