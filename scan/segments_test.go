package scan

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"limier/parse/iis"
)

// TestSegments cuts a log with headers in odd places at every line end: the
// lines, their numbers, offsets and columns stay the same.
func TestSegments(t *testing.T) {
	log := "#Software: x\n#Fields: date time cs-method cs-uri-stem sc-status\n2021-03-03 04:11:20 GET /a 200\n\n" +
		"# comment\n2021-03-03 04:11:21 GET /b 200\n#Fields: date time sc-status cs-uri-stem cs-method\r\n2021-03-03 04:11:22 404 /c GET\r\n2021-03-03 04:11:23 200 /d GET"
	read := func(cuts ...int) string {
		var b strings.Builder
		layout := iis.Parser.Layout("u_ex.log", nil)
		start, lines := 0, 0
		for i, end := range append(cuts, len(log)) {
			var segs []segment
			segs, layout = segments(layout, []byte(log[start:end]), int64(start), i == 0)
			for _, s := range segs {
				n, at := s.line, s.offset
				for text := range bytes.Lines(s.data) {
					n++
					if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 {
						ev, err := s.layout.Event(trimmed)
						if err != nil {
							t.Fatalf("%q: %v", trimmed, err)
						}
						fmt.Fprintf(&b, "%d@%d %s %s\n", lines+n, at, ev.Field("cs-uri-stem"), ev.Field("sc-status"))
					}
					at += int64(len(text))
				}
			}
			lines += strings.Count(log[start:end], "\n")
			start = end
		}
		return b.String()
	}
	want := "3@64 /a 200\n6@106 /b 200\n8@189 /c 404\n9@221 /d 200\n"
	if got := read(); got != want {
		t.Fatalf("got:\n%swant:\n%s", got, want)
	}
	for i, c := range log {
		if c == '\n' {
			if got := read(i + 1); got != want {
				t.Errorf("cut at %d: got:\n%s", i+1, got)
			}
		}
	}
}
