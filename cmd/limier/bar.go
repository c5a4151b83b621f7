package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"limier/scan"
)

// A bar draws the progress of a scan in one line of a terminal.
type bar struct {
	w     io.Writer
	width func() int // columns of the terminal: a longer line could not be removed
	start time.Time

	mu    sync.Mutex
	drawn time.Time
}

func (b *bar) show(p scan.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Sub(b.drawn) < 100*time.Millisecond {
		return
	}
	b.drawn = now
	part := 0.0
	if p.Bytes > 0 {
		part = min(1, float64(p.BytesDone)/float64(p.Bytes))
	}
	const width = 24
	full := int(part * width)
	text := fmt.Sprintf("[%s%s] %3.0f %%  %d of %d files, %s of %s", strings.Repeat("=", full), strings.Repeat(" ", width-full),
		part*100, p.FilesDone, p.Files, size(p.BytesDone), size(p.Bytes))
	if spent := now.Sub(b.start); part > 0.02 && spent > time.Second {
		left := time.Duration(float64(spent) * (1 - part) / part)
		text += ", about " + left.Round(time.Second).String() + " left"
	}
	if p.Sightings > 0 {
		text += fmt.Sprintf(", %d sightings", p.Sightings)
	}
	fmt.Fprint(b.w, "\r\x1b[K"+ansi.Truncate(text, b.width()-1, "…"))
}

func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.drawn.IsZero() {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}

// size writes a number of bytes for people, in powers of 1,024.
func size(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
