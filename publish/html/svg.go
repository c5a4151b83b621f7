package html

import (
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"limier/publish"
)

// A drawing is an SVG picture being drawn. Colours come from the style sheet
// by class, so that it follows light, dark and print.
type drawing struct {
	b             strings.Builder
	width, height float64
}

// safe makes text harmless inside SVG, and short.
func safe(s string) string { return template.HTMLEscapeString(publish.Plain(s)) }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// text draws text; anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, s string) {
	d.add(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, safe(s))
}

// rect draws a box with a title that shows when it is pointed at.
func (d *drawing) rect(x, y, w, h, r float64, class, title string) {
	d.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" class="%s">`, x, y, max(w, 0), h, r, class)
	if title != "" {
		d.add(`<title>%s</title>`, safe(title))
	}
	d.add(`</rect>`)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

// finish wraps the picture; id must be unique in the page.
func (d *drawing) finish(id, title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="%s-t %s-d" class="drawing"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		d.width, d.height, id, id, id, safe(title), id, safe(desc), d.b.String()))
}

// cut shortens text to n runes, from the middle for paths.
func cut(s string, n int) string {
	s = publish.Plain(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	if strings.ContainsAny(s, `/\`) && !strings.Contains(s, " ") {
		return string(r[:n/3]) + "…" + string(r[len(r)-(n-n/3-1):])
	}
	return strings.TrimRight(string(r[:n-1]), " ") + "…"
}

// wrap breaks text into at most two lines of n runes.
func wrap(s string, n int) []string {
	s = publish.Plain(s)
	if utf8.RuneCountInString(s) <= n {
		return []string{s}
	}
	r := []rune(s)
	at := n
	for i := n; i > n/2; i-- {
		if r[i] == ' ' {
			at = i
			break
		}
	}
	return []string{string(r[:at]), cut(strings.TrimSpace(string(r[at:])), n)}
}
