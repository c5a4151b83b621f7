package scan

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/parse"
	"limier/wire"
)

var (
	errNoEvent = errors.New("line is not an event of this log")
	errNoTime  = fmt.Errorf("no date and time that can be read: the line was not judged")
	errOddTime = errors.New("a date before 1980 or after 2099: judged without it")
	errNULs    = fmt.Errorf("zero bytes where text belongs: the log was not closed cleanly, what was to stand there is lost")
)

// A counter takes the inventory of the requests of a segment, and notes lines
// that are no events.
type counter struct {
	r           *result
	layout      parse.Layout
	cover       *wire.Coverage
	clock       parse.Clock
	inventoried bool
	spanned     bool
	end         int64 // of the segment
}

func newCounter(seg segment, r *result) *counter {
	source := seg.layout.Source()
	return &counter{
		r: r, layout: seg.layout, cover: r.seen(label(source), time.Time{}, 0),
		inventoried: source == event.IIS || source == event.Web || source == event.HTTPProxy,
		end:         seg.offset + int64(len(seg.data)),
	}
}

// count counts a line, from its text.
func (c *counter) count(text []byte, ref evidence.Ref) {
	last := ref.Offset+int64(len(text))+1 >= c.end
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	if len(text) > 0 && text[0] == 0 {
		c.r.gap(ref, errNULs)
		text = bytes.TrimLeft(text, "\x00")
	}
	if len(text) == 0 {
		return
	}
	path, ok := c.layout.Path(text)
	if !ok {
		if _, isDirective := c.layout.Directive(text); !isDirective {
			c.r.gap(ref, errNoEvent)
		}
		return
	}
	c.cover.Events++
	entry := c.r.scripts.find(path)
	if entry == nil && c.spanned && !last {
		return // the first and the last line tell what a segment spans
	}
	req, ok := c.layout.Request(text, &c.clock)
	if entry != nil && ok && string(req.Path) != string(path) {
		entry = c.r.scripts.find(req.Path) // the line has columns of its own
	}
	c.add(req, ok, entry, ref)
}

func (c *counter) add(req parse.Request, ok bool, entry *entry, ref evidence.Ref) {
	if !ok || req.Time.IsZero() {
		if c.inventoried {
			c.r.gap(ref, errNoTime)
		}
		return
	}
	if odd(req.Time) {
		c.r.gap(ref, errOddTime)
		req.Time = time.Time{}
	} else {
		c.spanned = true
	}
	span(c.cover, req.Time, req.Time)
	if entry != nil && c.inventoried {
		entry.add(req, ref)
	}
}

// odd reports whether no log can be of that time: 1601 is what Windows makes of
// a date that was never set, 1980 that of a machine whose clock lost its own.
func odd(t time.Time) bool {
	return (t.Unix() < year1980 || t.Unix() >= year2100) && !t.IsZero()
}

const year1980, year2100 = 315532800, 4102444800 // in seconds since 1970
