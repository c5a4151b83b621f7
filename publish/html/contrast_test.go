package html

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

var cssVariable = regexp.MustCompile(`--([a-z0-9-]+):(#[0-9a-f]{3,6})`)

// palette reads the colours that a theme sets over those before it.
func palette(base map[string]string, css string) map[string]string {
	all := map[string]string{}
	for k, v := range base {
		all[k] = v
	}
	for _, m := range cssVariable.FindAllStringSubmatch(css, -1) {
		all[m[1]] = m[2]
	}
	return all
}

// luminance is WCAG 2.2's relative luminance.
func luminance(t *testing.T, hex string) float64 {
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	var c [3]int
	if _, err := fmt.Sscanf(hex, "%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		t.Fatal(hex, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// TestContrast checks the colours of the page as WCAG 2.2 AA asks: 4.5 for
// text (1.4.3), 3 for what a picture is read by (1.4.11), in light, dark and
// print. A browser cannot tell the ground of text in SVG, this can.
func TestContrast(t *testing.T) {
	root, rest, _ := strings.Cut(style, "@media (prefers-color-scheme:dark)")
	dark, rest, _ := strings.Cut(rest, "*{box-sizing")
	_, print, _ := strings.Cut(rest, "@media print")
	light := palette(nil, root)
	for name, colours := range map[string]map[string]string{"light": light, "dark": palette(light, dark), "print": palette(light, print)} {
		check := func(least float64, front, back string) {
			a, b := luminance(t, colours[front]), luminance(t, colours[back])
			if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); got < least {
				t.Errorf("%s: %s %s on %s %s: %.2f, want %.1f", name, front, colours[front], back, colours[back], got, least)
			}
		}
		for _, back := range []string{"paper", "card", "wash", "bad-w", "warn-w", "good-w", "none-w"} {
			check(4.5, "ink", back)
			check(4.5, "soft", back)
		}
		for _, back := range []string{"paper", "card"} {
			for _, front := range []string{"accent", "bad", "warn"} {
				check(4.5, front, back)
			}
		}
		for _, tone := range []string{"bad", "warn", "good", "none"} {
			check(4.5, tone, tone+"-w")
			check(4.5, "accent", tone+"-w")
		}
		for _, c := range []string{"c1", "c2", "c3", "c4", "c5", "c6"} {
			check(4.5, "card", c) // the letter of a badge
		}
		for _, front := range []string{"bad", "warn", "seen", "hatch"} {
			check(3, front, "card")
		}
	}
}
