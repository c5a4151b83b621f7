// Package finding describes what correlated sightings mean together.
package finding

import (
	"time"

	"limier/evidence"
)

// A Finding is one conclusion about one host.
type Finding struct {
	ID         string     `json:"id"`   // the same evidence gives the same ID
	Rule       string     `json:"rule"` // kebab-case name of the detector or Sigma correlation
	Title      string     `json:"title"`
	Reason     string     `json:"reason"` // why we say so, in plain words
	Phase      Phase      `json:"phase"`
	Outcome    Outcome    `json:"outcome,omitempty"`
	Level      Level      `json:"level"`
	Confidence Confidence `json:"confidence"`
	Host       string     `json:"host,omitempty"`
	Start      time.Time  `json:"start,omitzero"`       // UTC; zero if no event tells the time
	End        time.Time  `json:"end,omitzero"`         // UTC; not before Start
	Techniques []string   `json:"techniques,omitempty"` // ATT&CK IDs: "T1190"
	CVEs       []string   `json:"cves,omitempty"`
	Entities   []Entity   `json:"entities,omitempty"`
	Steps      []Step     `json:"steps"`                // never empty: a finding without proof cannot be
	Count      int        `json:"count"`                // events in all; Steps may show fewer
	References []string   `json:"references,omitempty"` // URLs: who published the indicators, what to do
}

// A Step is one piece of proof: an event, and what it shows.
type Step struct {
	Time    time.Time    `json:"time,omitzero"`
	Rule    string       `json:"rule,omitempty"` // the rule that sighted it
	Text    string       `json:"text"`           // what it shows, in plain words
	Outcome Outcome      `json:"outcome,omitempty"`
	Key     bool         `json:"key,omitempty"` // one of the few that the finding rests on
	Ref     evidence.Ref `json:"ref"`
	Raw     string       `json:"raw,omitempty"` // the evidence itself, cut to 2,000 bytes
}

// An Entity is a thing that a finding is about.
type Entity struct {
	Type  EntityType `json:"type"`
	Value string     `json:"value"`
	Role  string     `json:"role,omitempty"` // "attacker", "shell", "victim mailbox"…
}

// An EntityType is a kind of entity, in STIX's words.
type EntityType string

const (
	Address   EntityType = "ipv4-addr" // IPv6 addresses too; publishers tell them apart
	Account   EntityType = "user-account"
	FilePath  EntityType = "file"
	Hash      EntityType = "sha256"
	Process   EntityType = "process"
	UserAgent EntityType = "user-agent"
	URL       EntityType = "url"
	Domain    EntityType = "domain-name"
)

// A Phase is the part of an intrusion that a finding belongs to.
type Phase string

const (
	Scanning     Phase = "scanning"     // looked at from outside; nothing was exploited
	Exploitation Phase = "exploitation" // a vulnerability was tried or used
	Backdoor     Phase = "backdoor"     // a web shell or another way back in
	Aftermath    Phase = "aftermath"    // what was done with the access
)

// An Outcome says whether what was tried worked, as far as evidence tells.
type Outcome string

const (
	Attempted Outcome = "attempted" // tried; it failed or nothing shows success
	Succeeded Outcome = "succeeded" // the evidence shows that it worked
)

// A Level is how much attention a finding deserves, in Sigma's words.
type Level string

const (
	Informational Level = "informational"
	Low           Level = "low"
	Medium        Level = "medium"
	High          Level = "high"
	Critical      Level = "critical"
)

// Rank orders levels: 0 for informational and unknown words, 4 for critical.
func (l Level) Rank() int {
	switch l {
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	case Critical:
		return 4
	}
	return 0
}

// A Confidence is how sure we are, in ICD 203's words: it rests on the quality
// of the sources, not on how bad the finding is.
type Confidence string

const (
	LowConfidence      Confidence = "low"
	ModerateConfidence Confidence = "moderate"
	HighConfidence     Confidence = "high"
)
