package html

import (
	"fmt"
	"html/template"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/publish"
)

// A shell is a web shell with its life and its requests.
type shell struct {
	casefile.Shell
	Name      string
	Commands  int
	Requests  int
	Clients   int
	Histogram template.HTML
}

func (r *report) shells(w *words, v *casefile.Activity) {
	for i, s := range v.Shells {
		if i == mostShells {
			r.MoreShells = len(v.Shells) - i
			break
		}
		list := v.Requests[s.Key]
		x := shell{Shell: s, Name: publish.Plain(s.Label()), Requests: len(list)}
		clients := map[string]bool{}
		for _, t := range list {
			clients[t.Address] = true
			if t.Post {
				x.Commands++
			}
		}
		x.Clients = len(clients)
		if len(list) > 1 && i < 20 {
			x.Histogram = histogram(w, fmt.Sprintf("h%d", i+1), x, list)
		}
		r.Shells = append(r.Shells, x)
	}
}

// histogram draws how often a shell was asked for, in equal parts of its life.
func histogram(w *words, id string, s shell, list []casefile.Trace) template.HTML {
	first, last := list[0].Step.Time, list[len(list)-1].Step.Time
	width := time.Minute
	for _, width = range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		if last.Sub(first) < 60*width {
			break
		}
	}
	start := first.UTC().Truncate(width)
	n := min(int(last.Sub(start)/width)+1, 400)
	type bin struct{ get, post, failed int }
	bins := make([]bin, n)
	most := 1
	for _, t := range list {
		b := &bins[min(int(t.Step.Time.Sub(start)/width), n-1)]
		switch {
		case t.Step.Outcome != finding.Succeeded:
			b.failed++
		case t.Post:
			b.post++
		default:
			b.get++
		}
		most = max(most, b.get+b.post+b.failed)
	}
	d := &drawing{width: 720, height: 132}
	const left, top, bottom = 30.0, 8.0, 104.0
	step := (d.width - left - 4) / float64(max(n, 12))
	unit := (bottom - top) / float64(most)
	d.line(left, bottom, d.width-4, bottom, "axis")
	d.text(left-6, top+8, "end", "tick", fmt.Sprint(most))
	d.text(left-6, bottom, "end", "tick", "0")
	for i, b := range bins {
		x, y := left+float64(i)*step, bottom
		at := iso(start.Add(time.Duration(i) * width))
		for _, part := range []struct {
			n     int
			class string
			word  string
		}{{b.post, "post", "commands"}, {b.get, "get", "requests without a command"}, {b.failed, "failed", "requests that failed"}} {
			if part.n == 0 {
				continue
			}
			h := float64(part.n) * unit
			y -= h
			d.rect(x+0.5, y, max(step-1, 2), h, 1, part.class, fmt.Sprintf("%s: %d %s", at, part.n, w.t(part.word)))
		}
	}
	d.text(left, bottom+18, "start", "tick", iso(start))
	d.text(left+float64(n)*step, bottom+18, map[bool]string{true: "end", false: "start"}[float64(n)*step > 300], "tick", iso(last))
	return d.finish(id, w.t("Requests to %s over time", s.Name),
		w.t("%s, of which %d carried a command, between %s and %s.", w.n(len(list), "request", "requests"), s.Commands, iso(first), iso(last)))
}
