// Package sighting describes an event or file that a rule or an analyser
// recognised. A sighting judges one event alone; what several mean together is
// a finding.
package sighting

import (
	"time"

	"limier/event"
	"limier/finding"
)

// A Sighting is one event that one rule recognised.
type Sighting struct {
	Rule  *Rule
	Event *event.Event
	Note  string // what the analyser saw, in plain words; "" for a Sigma rule

	// Count and Last fold a flood: after the first hundred sightings that one
	// rule makes of one client, status and path, the hundredth stands for the
	// rest. Count is 1 and Last is Event.Time for a sighting that stands for
	// itself.
	Count int
	Last  time.Time
}

// A Rule names what recognised an event: a Sigma rule's header, or an analyser.
type Rule struct {
	ID          string // a Sigma rule's UUID, or the analyser's name
	Name        string // kebab-case: Sigma's `name`, or the analyser's name
	Title       string
	Description string
	Level       finding.Level
	Status      string   // Sigma: stable, test, experimental…
	Tags        []string // Sigma tags: attack.t1190, cve.2021-26855…
	References  []string
	FalsePos    []string
	Author      string
}
