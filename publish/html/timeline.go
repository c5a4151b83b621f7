package html

import (
	"fmt"
	"html/template"
	"time"

	"limier/casefile"
	"limier/finding"
)

// A scale maps times to places.
type scale struct {
	from, to    time.Time
	left, right float64
}

func (s scale) x(t time.Time) float64 {
	at := float64(t.Sub(s.from)) / float64(s.to.Sub(s.from))
	return s.left + min(max(at, 0), 1)*(s.right-s.left)
}

// ticks are full days or hours, about eight of them.
func (s scale) ticks() (list []time.Time, layout string) {
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour} {
		if s.to.Sub(s.from) > 10*step {
			continue
		}
		layout = "01-02"
		if step < 24*time.Hour {
			layout = "01-02 15:04"
		} else if step >= 30*24*time.Hour {
			layout = "2006-01"
		}
		for t := s.from.UTC().Truncate(step); !t.After(s.to) && len(list) < 12; t = t.Add(step) {
			if !t.Before(s.from) {
				list = append(list, t)
			}
		}
		return list, layout
	}
	return nil, "2006"
}

// maxRange is the longest time that the picture shows around hostile acts: in
// three years of logs nothing of one night could be seen.
const maxRange = 120 * 24 * time.Hour

// lane is the height of a lane.
const lane = 24.0

// timeline draws the phases of the attack, the life of each shell and what
// each source covers, on one axis.
func timeline(w *words, c *casefile.Case, v *casefile.Activity, r *report) template.HTML {
	s := scaleOf(c, r)
	if s.from.IsZero() {
		return ""
	}
	d := &drawing{width: 960}
	y := 30.0
	heading := func(text string) {
		y += 8
		d.text(8, y+10, "start", "group", text)
		y += 20
	}
	label := func(text string) { d.text(s.left-12, y+14, "end", "label", cut(text, 25)) }
	top := y

	heading(w.t("What was done"))
	for _, phase := range []finding.Phase{finding.Scanning, finding.Exploitation, finding.Backdoor, finding.Aftermath} {
		label(w.verb(phase))
		d.line(s.left, y+lane/2, s.right, y+lane/2, "lane")
		d.phase(w, s, c, v, phase, y)
		y += lane
	}
	if len(v.Shells) > 0 {
		heading(w.t("Web shells, from first to last trace"))
		for i, sh := range v.Shells {
			if i == 12 {
				d.text(s.left, y+14, "start", "label", w.t("and %d more", len(v.Shells)-i))
				y += lane
				break
			}
			label(sh.Label())
			d.line(s.left, y+lane/2, s.right, y+lane/2, "lane")
			if !sh.First.IsZero() {
				a, b := s.x(sh.First), s.x(sh.Last)
				d.rect(a-1, y+8, max(b-a+2, 4), lane-16, 4, "life", sh.Label()+": "+iso(sh.First)+" – "+iso(sh.Last))
			}
			d.requests(s, v.Requests[sh.Key], y)
			y += lane
		}
	}
	heading(w.t("What the evidence covers; hatched: nothing"))
	for _, cov := range r.Coverage {
		if !dated(cov) {
			continue
		}
		label(w.verb(cov.Source))
		d.rect(s.left, y+7, s.right-s.left, lane-14, 3, "blind", w.t("no log"))
		a, b := s.x(cov.First), s.x(cov.Last)
		d.rect(a, y+7, max(b-a, 3), lane-14, 3, "seen", w.verb(cov.Source)+": "+iso(cov.First)+" – "+iso(cov.Last))
		y += lane
	}
	ticks, layout := s.ticks()
	for _, t := range ticks {
		x := s.x(t)
		d.line(x, top, x, y+4, "grid")
		if x > s.right-30 { // the label would be cut at the edge
			d.text(s.right, 20, "end", "tick", t.Format(layout))
			continue
		}
		d.text(x, 20, "middle", "tick", t.Format(layout))
	}
	d.text(8, 20, "start", "tick", fmt.Sprintf("%d, UTC", s.from.Year()))
	d.height = y + 10
	// The hatching is drawn once and used by every bar.
	hatch := `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="hatch-bg"/><line x1="0" y1="0" x2="0" y2="6" class="hatch"/></pattern></defs>`
	body := d.b.String()
	d.b.Reset()
	d.b.WriteString(hatch + body)
	return d.finish("tl", w.t("Timeline across sources"), w.t("Lanes for each phase of the attack, bars for the life of each web shell, and bars for what each source covers, from %s to %s.", iso(s.from), iso(s.to)))
}

// scaleOf covers the evidence and the findings; from is zero if none has a time.
func scaleOf(c *casefile.Case, r *report) scale {
	s := scale{from: r.From, to: r.To, left: 196, right: 944}
	for _, f := range c.Findings {
		if f.Start.IsZero() {
			continue
		}
		if s.from.IsZero() || f.Start.Before(s.from) {
			s.from = f.Start
		}
		if f.End.After(s.to) {
			s.to = f.End
		}
	}
	if s.from.IsZero() {
		return s
	}
	if s.to.Sub(s.from) > maxRange && !r.First.IsZero() {
		if f := r.First.Add(-maxRange / 4); f.After(s.from) {
			s.from = f
		}
		if t := r.Last.Add(maxRange / 4); t.Before(s.to) {
			s.to = t
		}
	}
	if s.to.Sub(s.from) < time.Minute {
		s.to = s.from.Add(time.Minute)
	}
	return s
}

// phase draws the findings and steps of a phase in the lane at y; what would
// lie on what is there is left out.
func (d *drawing) phase(w *words, s scale, c *casefile.Case, v *casefile.Activity, phase finding.Phase, y float64) {
	drawn := map[string]bool{}
	for _, f := range c.Findings { // a finding keeps fewer steps than it has events
		if f.Phase != phase || f.Start.IsZero() || !f.End.After(f.Start) {
			continue
		}
		from, to := s.x(f.Start), s.x(f.End)
		if k := fmt.Sprintf("%.0f-%.0f", from, to); !drawn[k] {
			drawn[k] = true
			d.rect(from, y+lane/2-1.5, to-from, 3, 1.5, "span", w.plainTitle(f.Title)+": "+iso(f.Start)+" – "+iso(f.End))
		}
	}
	for _, t := range v.Traces {
		if t.Finding.Phase != phase || t.Step.Time.IsZero() || phase == finding.Backdoor && t.Step.Outcome == "" {
			continue
		}
		class := "mark tried"
		if t.Step.Outcome == finding.Succeeded && t.Finding.Outcome == finding.Succeeded {
			class = "mark worked"
		}
		x := s.x(t.Step.Time)
		if k := fmt.Sprintf("%.0f%s", x*2, class); !drawn[k] {
			drawn[k] = true
			d.rect(x-1.5, y+4, 3, lane-8, 1.5, class, iso(t.Step.Time)+"  "+w.plainTitle(t.Finding.Title))
		}
	}
}

// requests draws the requests for a shell in the lane at y.
func (d *drawing) requests(s scale, list []casefile.Trace, y float64) {
	drawn := map[string]bool{}
	for _, t := range list {
		class := "dot"
		if t.Post {
			class = "dot post"
		}
		k := fmt.Sprintf("%.0f%s", s.x(t.Step.Time), class)
		if drawn[k] { // under another
			continue
		}
		drawn[k] = true
		d.add(`<circle cx="%.1f" cy="%.1f" r="3.5" class="%s"><title>%s</title></circle>`, s.x(t.Step.Time), y+lane/2, class, safe(iso(t.Step.Time)+"  "+t.Address))
	}
}
