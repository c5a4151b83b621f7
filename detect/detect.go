// Package detect defines what a detector is: it reads the sightings of one
// host and says what they mean together. Detectors live in the folders below.
package detect

import (
	"time"

	"limier/evidence"
	"limier/finding"
	"limier/sighting"
)

// A Detector turns sightings into findings. It is a value, not a type: all
// that varies besides its description is one function.
type Detector struct {
	Name string // kebab-case and never reused: "proxylogon"
	Doc  string // first line: title; then what it sees and what fools it

	// Run returns the findings in the order of their first step. It must not
	// change the pass. Its result depends on the pass alone.
	Run func(p *Pass) []finding.Finding
}

// A Pass is what the detectors are shown of one host.
type Pass struct {
	Host      string
	Sightings []sighting.Sighting // by time, those without a time first
	Scripts   []Script            // by path: what was requested of the web server
	Files     []string            // server-side scripts in the evidence, by path; at most 200,000

	// Correlated is what the rules that correlate saw in the sightings, in the
	// order of their ends.
	Correlated []Correlated
}

// A Correlated is what one correlation rule saw in one group of sightings.
type Correlated struct {
	Rule      *sighting.Rule
	Sightings []sighting.Sighting // in time order; at most 100 of them
	Count     int                 // events in all
}

// Named returns the sightings of the rules with these names, by time.
func (p *Pass) Named(names ...string) []sighting.Sighting {
	var found []sighting.Sighting
	for _, s := range p.Sightings {
		for _, n := range names {
			if s.Rule.Name == n {
				found = append(found, s)
				break
			}
		}
	}
	return found
}

// A Script sums up the requests for one path that names a server-side script,
// from all access logs together.
type Script struct {
	Path     string // lower case, as requested: "/owa/auth/x.aspx"
	Requests int
	Posts    int
	Answered int       // requests with a status from 200 to 299
	First    time.Time // UTC
	Last     time.Time
	FirstOK  time.Time // first request answered 2xx; zero if none was
	Statuses map[int]int
	Clients  map[string]int // at most 100 of them
	Agents   map[string]int // user agents; at most 20 of them
	Proof    []evidence.Ref // the first requests, and the first that were answered
}
