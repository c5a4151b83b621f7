// Package wire defines the messages that a scan emits, as JSON lines.
//
// The stream is the contract between the collector, the hub and everything
// that reads a scan later. It starts with a Start and ends with an End; a
// stream without End was cut short. doc/wire.md describes it for readers.
package wire

import (
	"time"

	"limier/evidence"
	"limier/finding"
)

// Format is the version of the stream that this package reads and writes.
const Format = "limier/1"

// A Message is one entry of the stream. Exactly one field is set.
type Message struct {
	Start    *Start           `json:"start,omitempty"`
	Exposure *Exposure        `json:"exposure,omitempty"`
	Finding  *finding.Finding `json:"finding,omitempty"`
	Evidence *Evidence        `json:"evidence,omitempty"`
	Gap      *Gap             `json:"gap,omitempty"`
	End      *End             `json:"end,omitempty"`
}

// Start opens the stream.
type Start struct {
	Format   string    `json:"format"`
	Version  string    `json:"version"` // of Limier
	Source   string    `json:"source"`
	Host     string    `json:"host,omitempty"`
	Acquired time.Time `json:"acquired,omitzero"`
	Rules    int       `json:"rules"` // rules in force, if only for log sources that the evidence lacks
}

// An Exposure is a product found in the evidence and the vulnerabilities that
// its build is open to.
type Exposure struct {
	Host    string         `json:"host,omitempty"`    // only in a case of several hosts
	Product string         `json:"product"`           // "Exchange Server 2019"
	Build   string         `json:"build"`             // "15.2.792.3"
	Name    string         `json:"name,omitempty"`    // "Exchange Server 2019 CU8"
	Updated string         `json:"updated,omitempty"` // release date of the build, yyyy-mm-dd
	Proof   []evidence.Ref `json:"proof"`             // where the build was read
	CVEs    []CVEState     `json:"cves,omitempty"`
	Notes   []string       `json:"notes,omitempty"` // what the build alone cannot tell
}

// A CVEState says whether a build is open to one vulnerability.
type CVEState struct {
	ID      string `json:"id"`
	State   State  `json:"state"`
	FixedIn string `json:"fixed_in,omitempty"` // first fixed build of the same cumulative update
	Note    string `json:"note,omitempty"`

	// Exploited is the day since which CISA lists it as exploited, yyyy-mm-dd
	// (https://www.cisa.gov/known-exploited-vulnerabilities-catalog); "" if it
	// did not when the table was made.
	Exploited string `json:"exploited,omitempty"`
}

// A State is what a build and a configuration tell about one vulnerability.
type State string

const (
	Vulnerable State = "vulnerable"
	Fixed      State = "fixed"
	Depends    State = "depends" // on configuration that the evidence does not show
)

// Evidence is a file that was read whole. A scan tells of them only when asked.
type Evidence struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // lower-case hex
}

// A Gap is something that the scan could not read, or did not.
type Gap struct {
	Ref    evidence.Ref `json:"ref"`
	Reason string       `json:"reason"`
	Count  int          `json:"count,omitempty"` // how many alike, if more than one
}

// Coverage says what one kind of evidence covers.
type Coverage struct {
	Source string    `json:"source"` // "IIS", "HttpProxy", "Windows event log: security", "web files"…
	Files  int       `json:"files"`
	Events int64     `json:"events"`
	Bytes  int64     `json:"bytes"`
	First  time.Time `json:"first,omitzero"` // UTC; earliest event
	Last   time.Time `json:"last,omitzero"`
}

// A Verdict answers the question the scan was asked.
type Verdict string

const (
	Compromised Verdict = "compromised"
	Attacked    Verdict = "attacked"            // attempts, no proof of success
	Exposed     Verdict = "exposed"             // vulnerable, no sign of use
	NoSign      Verdict = "no sign found"       // always read with the coverage
	NotEnough   Verdict = "not enough evidence" // too little was there to say
)

// End closes a complete stream.
type End struct {
	Verdict    Verdict            `json:"verdict"`
	Confidence finding.Confidence `json:"confidence"`
	Reason     string             `json:"reason"`
	Coverage   []Coverage         `json:"coverage"`
	Next       []NextStep         `json:"next,omitempty"` // what to do, in order
	Counts     Counts             `json:"counts"`
}

// A NextStep is one thing to do, and who says so.
type NextStep struct {
	Text   string `json:"text"`
	Source string `json:"source,omitempty"` // URL
}

// Counts says how much the scan read and reported.
type Counts struct {
	Files     int   `json:"files"`
	Bytes     int64 `json:"bytes"`
	Events    int64 `json:"events"`
	Sightings int   `json:"sightings"`
	Findings  int   `json:"findings"`
	Gaps      int   `json:"gaps"`
}
