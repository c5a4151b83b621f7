package client

import "limier/internal/script"

const (
	maxAside   = 1000            // pieces that are too deep to be run in their place
	maxReturns = 4               // of the same
	briefSteps = maxSteps / 6    // of scripts that are gone through once more
	briefMade  = maxMade / 6     // as bytes
	oneProgram = briefSteps / 10 // steps of each
	slackNest  = maxNest/50 + 2  // calls within what may still be begun
)

// An aside is code that is nested too deep to be run in its place.
type aside struct {
	n   *script.Node
	env *scope
}

// putAside keeps code for later; what comes again calls itself without end.
func (r *runner) putAside(n *script.Node) {
	if len(r.aside) < maxAside && r.returned[n] < maxReturns {
		r.returned[n]++
		r.aside = append(r.aside, aside{n, r.cur})
	}
}

// runAside runs what was too deep.
func (r *runner) runAside() {
	for i := 0; i < len(r.aside) && r.left > 0; i++ {
		r.cur, r.nest, r.under = r.aside[i].env, 0, 0
		r.exec(r.aside[i].n)
	}
	r.cur, r.aside = r.global, nil
}

// again goes through the scripts once more when they used up their steps, past
// the rounds of loops and calls of the same functions: nothing hides behind work
// that is endless.
func (r *runner) again() {
	if r.left > 0 {
		return
	}
	r.brief, r.codes = map[*script.Node]int{}, map[string]bool{}
	r.left, r.made = briefSteps, min(r.made, maxMade-briefMade)
	for _, b := range r.programs {
		if r.left <= 0 {
			break
		}
		r.cur, r.nest, r.under = r.global, 0, 0
		left := r.left
		r.left = min(left, oneProgram)
		before := r.left
		r.run(b)
		r.left = left - (before - max(0, r.left))
	}
	r.runAside()
	r.drain()
}

// repeats reports whether a function was called often enough while scripts are
// gone through once more.
func (r *runner) repeats(fn *script.Node) bool {
	if r.brief == nil {
		return false
	}
	r.brief[fn]++
	return r.brief[fn] > 2
}
