package casefile

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What finds a shell in a line, and the method, must find what a plain search
// finds.
func TestDirectoryAgreesWithSearch(t *testing.T) {
	method := regexp.MustCompile(`(?:^|[ ,"])POST(?:[ ,"]|$)`)
	piece := rapid.SampledFrom([]string{"/", "owa", "auth", "a.aspx", "b.aspx", "a b.aspx", "POST", "POSTS", " ", ",", `"`, "?", ";", "é", "/owa/auth/a.aspx", "x/a.aspx"})
	rapid.Check(t, func(t *rapid.T) {
		var shells []Shell
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(piece, 0, 4), 0, 4).Draw(t, "paths") {
			p := strings.ToLower("/" + strings.Join(parts, ""))
			shells = append(shells, Shell{Key: p, Path: p})
		}
		raw := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "line"), "")
		lower := strings.ToLower(raw)
		want := ""
	search:
		for _, s := range shells {
			for i := range lower {
				if end := i + len(s.Path); strings.HasPrefix(lower[i:], s.Path) && (end == len(lower) || strings.IndexByte(ends, lower[end]) >= 0) {
					want = s.Key
					break search
				}
			}
		}
		if got := newDirectory(shells).asked(lower); got != want {
			t.Errorf("asked %q: got %q, want %q", lower, got, want)
		}
		if got, want := posted(raw), method.MatchString(raw); got != want {
			t.Errorf("posted %q: got %v, want %v", raw, got, want)
		}
	})
}
