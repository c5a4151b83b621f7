package attribute

import (
	"cmp"
	"slices"

	"limier/knowledge"
)

// A Trial is one report whose actor is known: its traits are compared with the
// profiles, from which the report itself is taken away.
type Trial struct {
	Group, Report string
	Traits        []string
}

// A Result is what a trial gave.
type Result struct {
	Rank   int     // of the true actor, 1 for the best; 0 if it has no other report
	Margin float64 // of the best
	Right  bool    // the best is the true actor

	AbsentMargin      float64 // of the best when the true actor is not in the table
	Answered, Accused bool    // the answer names one actor; it does so although the true one is absent
}

// Try runs one trial.
func (p *Profiles) Try(t Trial) Result { return p.try(t, true) }

// TryWithoutLikeness runs a trial without the likeness to single reports, which
// is no part of the capped groups.
func (p *Profiles) TryWithoutLikeness(t Trial) Result { return p.try(t, false) }

func (p *Profiles) try(t Trial, alike bool) Result {
	var traits []Trait
	for _, id := range t.Traits {
		if techniqueID.MatchString(id) {
			traits = append(traits, Trait{Kind: Technique, ID: id, Name: id})
		} else {
			traits = append(traits, p.software(id))
		}
	}
	traits = tidy(traits)
	own := p.index("attack--" + t.Group)
	nobody := new(knowledge.Base)
	run := func(absent func(i, k int) bool) (ranking, Answer) {
		groups, likeness := p.groups(nobody, traits, absent)
		if !alike {
			clear(likeness)
		}
		r := p.rank(groups, likeness)
		a, _, _ := p.answer(groups, r, nil)
		return r, a
	}
	left := false
	r, answer := run(func(i, k int) bool {
		gone := i == own && p.Profiles[i].Reports[k].Name == t.Report
		left = left || i == own && !gone
		return gone
	})
	out := Result{Margin: r.margin(), Right: r.order[0] == own, Answered: answer == Closest || answer == Strong}
	if left {
		out.Rank = slices.Index(r.order, own) + 1
	}
	r, answer = run(func(i, _ int) bool { return i == own })
	out.AbsentMargin, out.Accused = r.margin(), answer == Closest || answer == Strong
	return out
}

// leastBlock is how many trials a step of the calibration rests on at least: a
// chance that rests on three trials is none.
const leastBlock = 30

// Isotonic fits the chance of being right to margins: it never falls as the
// margin grows (pool adjacent violators).
func Isotonic(margins []float64, right []bool) func(margin float64) float64 {
	type block struct{ low, sum, n float64 }
	order := make([]int, len(margins))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(margins[x], margins[y]) })
	var blocks []block
	for _, i := range order {
		b := block{margins[i], 0, 1}
		if right[i] {
			b.sum = 1
		}
		blocks = append(blocks, b)
		for n := len(blocks); n > 1 && blocks[n-2].sum/blocks[n-2].n >= blocks[n-1].sum/blocks[n-1].n; n = len(blocks) {
			blocks[n-2].sum += blocks[n-1].sum
			blocks[n-2].n += blocks[n-1].n
			blocks = blocks[:n-1]
		}
	}
	for i := 0; i+1 < len(blocks); {
		if blocks[i].n >= leastBlock && blocks[i+1].n >= leastBlock {
			i++
			continue
		}
		blocks[i].sum += blocks[i+1].sum
		blocks[i].n += blocks[i+1].n
		blocks = slices.Delete(blocks, i+1, i+2)
	}
	if len(blocks) > 0 {
		blocks[0].low = 0
	}
	return func(margin float64) float64 {
		at := 0.0
		for _, b := range blocks {
			if margin < b.low {
				break
			}
			at = (b.sum + 1) / (b.n + 2)
		}
		return at
	}
}
