package console

import (
	"fmt"
	"html/template"
	"strings"
)

// A chart is an SVG picture; its colours come from the style sheet by class,
// so that it follows light and dark.
type chart struct {
	b             strings.Builder
	width, height float64
}

func (c *chart) add(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

func (c *chart) text(x, y float64, anchor, class, s string) {
	c.add(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, template.HTMLEscapeString(s))
}

// finish wraps the picture; id must be unique on the page.
func (c *chart) finish(id, title string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="%s" class="drawing"><title id="%s">%s</title>%s</svg>`,
		c.width, c.height, id, id, template.HTMLEscapeString(title), c.b.String()))
}

// A point is one day of a curve.
type point struct {
	Label string
	Value int64
}

// curve draws values over time, evenly spaced, as a line over an area.
func curve(id, title string, w *words, points []point) template.HTML {
	const width, height, left, bottom, top = 760.0, 240.0, 58.0, 30.0, 12.0
	c := &chart{width: width, height: height}
	most := int64(1)
	for _, p := range points {
		most = max(most, p.Value)
	}
	x := func(i int) float64 {
		if len(points) < 2 {
			return left + (width-left)/2
		}
		return left + float64(i)/float64(len(points)-1)*(width-left-12)
	}
	y := func(v int64) float64 { return top + (1-float64(v)/float64(most))*(height-top-bottom) }
	for _, v := range ticks(most) {
		c.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="axis"/>`, left, y(v), width-8, y(v))
		c.text(left-8, y(v)+4, "end", "tick", w.number(v))
	}
	if len(points) == 0 {
		return c.finish(id, title)
	}
	var line strings.Builder
	for i, p := range points {
		fmt.Fprintf(&line, "%.1f,%.1f ", x(i), y(p.Value))
	}
	c.add(`<polygon class="area" points="%.1f,%.1f %s%.1f,%.1f"/>`, x(0), y(0), line.String(), x(len(points)-1), y(0))
	c.add(`<polyline class="curve" points="%s"/>`, strings.TrimSpace(line.String()))
	if len(points) == 1 { // no line has one point
		c.add(`<circle class="bar bad" cx="%.1f" cy="%.1f" r="4"/>`, x(0), y(points[0].Value))
	}
	step := max(1, (len(points)+5)/6)
	for i, p := range points {
		c.add(`<circle cx="%.1f" cy="%.1f" r="5" fill="transparent"><title>%s</title></circle>`, x(i), y(p.Value), template.HTMLEscapeString(p.Label+": "+w.number(p.Value)))
		if i%step == 0 {
			anchor := "middle"
			switch {
			case len(points) == 1:
			case i == 0:
				anchor = "start"
			case i+step >= len(points):
				anchor = "end"
			}
			c.text(x(i), height-8, anchor, "tick", p.Label)
		}
	}
	return c.finish(id, title)
}

// ticks are round values from 0 up to most, four at the most.
func ticks(most int64) []int64 {
	step := int64(1)
	for i := 0; most/step > 4; i++ { // 1, 2, 5, 10, 20…
		if i%3 == 1 {
			step = step * 5 / 2
		} else {
			step *= 2
		}
	}
	var all []int64
	for v := int64(0); v <= most; v += step {
		all = append(all, v)
	}
	return all
}

// short cuts text to n characters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
