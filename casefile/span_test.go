package casefile_test

import (
	"testing"
	"time"

	"limier/casefile"
	"limier/finding"
)

// TestSpans: of two clients of one shell, each is of its own days.
func TestSpans(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2021, 3, d, 4, 0, 0, 0, time.UTC) }
	f := finding.Finding{
		Title: "Web shell used", Level: finding.High, Start: day(5), End: day(8), Count: 3,
		Entities: []finding.Entity{{Type: finding.Address, Value: "198.51.100.9"}, {Type: finding.Address, Value: "203.0.113.4"}, {Type: finding.Address, Value: "192.0.2.1"}},
		Steps: []finding.Step{
			{Time: day(5), Text: "GET /x.aspx answered 200 to 198.51.100.9"},
			{Time: day(6), Text: "GET /x.aspx", Raw: "GET /x.aspx 203.0.113.4:51234 200"},
			{Time: day(8), Text: "GET /x.aspx answered 200 to 203.0.113.4"},
		},
	}
	flood := f
	flood.Count = 4000 // of which three are kept
	for _, c := range []struct {
		f           finding.Finding
		address     string
		first, last time.Time
	}{
		{f, "198.51.100.9", day(5), day(5)},
		{f, "203.0.113.4", day(6), day(8)},
		{f, "192.0.2.1", day(5), day(8)}, // no step tells
		{flood, "203.0.113.4", day(5), day(8)},
	} {
		if first, last := casefile.Spans(&c.f)(c.address); !first.Equal(c.first) || !last.Equal(c.last) {
			t.Errorf("%s: %v to %v, want %v to %v", c.address, first, last, c.first, c.last)
		}
	}
	found := &casefile.Case{Findings: []finding.Finding{f}}
	for _, a := range found.Addresses() {
		if a.Address == "203.0.113.4" && !a.First.Equal(day(6)) {
			t.Errorf("%s first seen %v", a.Address, a.First)
		}
	}
}
