package bounded

import (
	"regexp"
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

func TestReplaceRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		re := regexp.MustCompile(rapid.SampledFrom([]string{"a", "(b*)", "(?s)(.*)", "()", "(a)(b)?"}).Draw(t, "re"))
		s := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 0, 40, -1).Draw(t, "s")
		to := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"$1", "x", "$0"}), 0, 8).Draw(t, "to"), "")
		limit := rapid.IntRange(0, 1000).Draw(t, "limit")
		if got, ok := ReplaceRegexp(re, s, to, limit); ok && (len(got) > limit || got != re.ReplaceAllString(s, to)) {
			t.Fatalf("%q is longer than %d", got, limit)
		}
	})
}

func TestBombs(t *testing.T) {
	s := strings.Repeat("a", 1<<17)
	if _, ok := ReplaceAll(s, "a", s, 8<<20); ok {
		t.Error("16 GB were made")
	}
	if _, ok := ReplaceRegexp(regexp.MustCompile("a"), s, s, 8<<20); ok {
		t.Error("16 GB were made")
	}
}
