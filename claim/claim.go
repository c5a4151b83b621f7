// Package claim records who says what about whom, how sure they are, and in
// which words. Claims are append-only and never merged: two agencies that agree
// are two claims, and a withdrawal is a new one.
package claim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Claim is one statement by one or several attributors who speak together.
type Claim struct {
	ID      string `json:"id" yaml:"id"`
	Version int    `json:"version,omitempty" yaml:"version,omitempty"` // 1 if zero
	Status  Status `json:"status,omitempty" yaml:"status,omitempty"`   // Active if empty

	Attributors []Party  `json:"attributors" yaml:"attributors"` // empty: the text names nobody
	Relation    Relation `json:"relation" yaml:"relation"`

	// Object is what the claim is about: a campaign, an intrusion, an actor, as
	// the attributor names it. It is never widened: "unspecified activities"
	// stays that.
	Object Thing `json:"object" yaml:"object"`

	// Target is who or what the relation points to: the accused, the other
	// name, the place. Level says how high in the chain of command it stands.
	Target Thing `json:"target,omitzero" yaml:"target,omitempty"`
	Level  Level `json:"level,omitempty" yaml:"level,omitempty"`

	Polarity       Polarity            `json:"polarity" yaml:"polarity"`
	Modality       Modality            `json:"modality" yaml:"modality"`
	Likelihood     Likelihood          `json:"likelihood,omitempty" yaml:"likelihood,omitempty"` // "" if not stated
	Confidence     Confidence          `json:"confidence,omitempty" yaml:"confidence,omitempty"` // "" if not stated
	Wording        string              `json:"wording,omitempty" yaml:"wording,omitempty"`       // the words of likelihood and confidence, verbatim
	Lang           string              `json:"lang,omitempty" yaml:"lang,omitempty"`             // BCP 47, of Wording and the quotes
	Acts           []string            `json:"acts,omitempty" yaml:"acts,omitempty"`             // "indictment", "sanctions"…
	Value          int64               `json:"value,omitempty" yaml:"value,omitempty"`           // of a victim-count; 0 if the text gives no number
	Responsibility StateResponsibility `json:"state_responsibility,omitempty" yaml:"state_responsibility,omitempty"`

	Evidence    []Quote     `json:"evidence,omitempty" yaml:"evidence,omitempty"`
	Reliability Reliability `json:"source_reliability,omitempty" yaml:"source_reliability,omitempty"` // of whom we read it from

	SaidOn      string    `json:"said_on,omitempty" yaml:"said_on,omitempty"`           // yyyy, yyyy-mm or yyyy-mm-dd: no more precise than the source
	AboutFrom   string    `json:"about_from,omitempty" yaml:"about_from,omitempty"`     // likewise
	AboutTo     string    `json:"about_to,omitempty" yaml:"about_to,omitempty"`         // likewise
	RecordedAt  time.Time `json:"recorded_at,omitzero" yaml:"recorded_at,omitempty"`    // UTC
	ExtractedBy string    `json:"extracted_by,omitempty" yaml:"extracted_by,omitempty"` // a rule, a person, a model

	DerivedFrom []string `json:"derived_from,omitempty" yaml:"derived_from,omitempty"` // claim IDs that this one repeats
	Contradicts []string `json:"contradicts,omitempty" yaml:"contradicts,omitempty"`
	WithdrawnBy string   `json:"withdrawn_by,omitempty" yaml:"withdrawn_by,omitempty"`
	Note        string   `json:"note,omitempty" yaml:"note,omitempty"` // ours, never the attributor's
}

// A Party is one who makes a claim.
type Party struct {
	Identity string    `json:"identity" yaml:"identity"`               // "United Kingdom", "Microsoft"
	Organ    string    `json:"organ,omitempty" yaml:"organ,omitempty"` // "NCSC"
	Speaker  string    `json:"speaker,omitempty" yaml:"speaker,omitempty"`
	Kind     PartyKind `json:"kind,omitempty" yaml:"kind,omitempty"`
}

// Name names the party with its organ: "Canada (Global Affairs Canada)".
func (p Party) Name() string {
	if p.Organ == "" || p.Organ == p.Identity {
		return p.Identity
	}
	return p.Identity + " (" + p.Organ + ")"
}

// A Thing is what a claim speaks of: by its ID in the knowledge base where it
// has one, and by the name that the claim uses.
type Thing struct {
	ID   string `json:"id,omitempty" yaml:"id,omitempty"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	Kind string `json:"kind,omitempty" yaml:"kind,omitempty"` // STIX type: "campaign", "intrusion-set", "identity", "location"
}

// A Quote is the place where a document says it.
type Quote struct {
	Document  string `json:"document" yaml:"document"`                 // title or file name
	URL       string `json:"url,omitempty" yaml:"url,omitempty"`       // where it was published
	SHA256    string `json:"sha256,omitempty" yaml:"sha256,omitempty"` // of the text that the offsets count in
	Lang      string `json:"lang,omitempty" yaml:"lang,omitempty"`     // BCP 47
	Quote     string `json:"quote,omitempty" yaml:"quote,omitempty"`   // verbatim
	Start     int    `json:"start,omitempty" yaml:"start,omitempty"`   // code points, as the others end exclusive
	End       int    `json:"end,omitempty" yaml:"end,omitempty"`       // code points
	ByteStart int    `json:"byte_start,omitempty" yaml:"byte_start,omitempty"`
	ByteEnd   int    `json:"byte_end,omitempty" yaml:"byte_end,omitempty"`
	Depth     Depth  `json:"depth,omitempty" yaml:"depth,omitempty"`
}

// A Status is the state of a claim in the knowledge base.
type Status string

const (
	Active     Status = "active"
	Superseded Status = "superseded"
	Withdrawn  Status = "withdrawn"
	Disputed   Status = "disputed"
)

// A PartyKind is what sort of party speaks.
type PartyKind string

const (
	State             PartyKind = "state"
	Intergovernmental PartyKind = "intergovernmental"
	Agency            PartyKind = "agency"
	Vendor            PartyKind = "vendor"
	Press             PartyKind = "press"
	Person            PartyKind = "person"
	Anonymous         PartyKind = "anonymous"
	Self              PartyKind = "self" // the accused of themselves
)

// A Relation ties the object of a claim to its target.
type Relation string

const (
	AttributedTo   Relation = "attributed-to"
	ConductedBy    Relation = "conducted-by"
	LinkedTo       Relation = "linked-to"
	OriginatesFrom Relation = "originates-from"
	LocatedIn      Relation = "located-in"
	SponsoredBy    Relation = "sponsored-by"
	Tolerates      Relation = "tolerates"
	AliasOf        Relation = "alias-of"
	MemberOf       Relation = "member-of"
	Uses           Relation = "uses"
	Endorses       Relation = "endorses"
	Denies         Relation = "denies"
	Accuses        Relation = "accuses"
	VictimCount    Relation = "victim-count"
	Indicts        Relation = "indicts"
	Sanctions      Relation = "sanctions"
	Seizes         Relation = "seizes"
	Expels         Relation = "expels"
	Reports        Relation = "reports" // describes the activity and names nobody
)

// Relations lists every relation, in the order of this package.
func Relations() []Relation {
	return []Relation{AttributedTo, ConductedBy, LinkedTo, OriginatesFrom, LocatedIn, SponsoredBy, Tolerates, AliasOf, MemberOf, Uses,
		Endorses, Denies, Accuses, VictimCount, Indicts, Sanctions, Seizes, Expels, Reports}
}

// A Level is how high the target of a claim stands. Levels are ordered, and no
// inference raises one.
type Level string

const (
	Territory    Level = "territory"
	Group        Level = "group"
	Persons      Level = "persons"
	Affiliated   Level = "affiliated" // state-backed, working for an organ
	Organisation Level = "organisation"
	TheState     Level = "state"
)

// Levels lists the levels from the lowest to the highest.
func Levels() []Level {
	return []Level{Territory, Group, Persons, Affiliated, Organisation, TheState}
}

// Rank is 1 for territory up to 6 for state, 0 for none.
func (l Level) Rank() int { return slices.Index(Levels(), l) + 1 }

// A Polarity says whether a claim affirms, denies or declines to say.
type Polarity string

const (
	Affirms  Polarity = "+"
	Negates  Polarity = "-"
	Declines Polarity = "0"
)

// A Modality is the manner of a claim.
type Modality string

const (
	Asserted     Modality = "asserted"
	Believed     Modality = "believed"
	Possible     Modality = "possible"
	Hedged       Modality = "hedged"
	Hypothetical Modality = "hypothetical"
	Predicted    Modality = "predicted"
	Alleged      Modality = "alleged" // before a court
	Acknowledged Modality = "acknowledged"
)

// A Likelihood is how probable the attributor holds the matter to be, in ICD
// 203's bins. It is kept apart from Confidence, and the words are kept too:
// French and English grades do not translate into each other.
type Likelihood string

const (
	AlmostNoChance Likelihood = "almost-no-chance"
	VeryUnlikely   Likelihood = "very-unlikely"
	Unlikely       Likelihood = "unlikely"
	EvenChance     Likelihood = "roughly-even-chance"
	Likely         Likelihood = "likely"
	VeryLikely     Likelihood = "very-likely" // also "highly likely"
	AlmostCertain  Likelihood = "almost-certain"
)

// Likelihoods lists ICD 203's bins from the least to the most likely.
func Likelihoods() []Likelihood {
	return []Likelihood{AlmostNoChance, VeryUnlikely, Unlikely, EvenChance, Likely, VeryLikely, AlmostCertain}
}

// A Confidence is how good the attributor holds its own sources to be.
type Confidence string

const (
	Low      Confidence = "low"
	Moderate Confidence = "moderate"
	High     Confidence = "high"
)

// Confidences lists the degrees from the lowest to the highest.
func Confidences() []Confidence { return []Confidence{Low, Moderate, High} }

// A StateResponsibility is one of the ten degrees of Healey's spectrum, in the
// words of MISP's taxonomy state-responsibility.
type StateResponsibility string

// A Reliability grades a source from A (completely reliable) to F (cannot be
// judged), as the Admiralty code does.
type Reliability string

// A Depth says how far a document stands from the one who speaks.
type Depth string

const (
	Primary    Depth = "primary"
	Quoted     Depth = "quoted"
	Paraphrase Depth = "paraphrase"
	PressCopy  Depth = "press-of-press"
)

// Lint returns what is wrong with a claim that is to enter the knowledge base:
// one without attributor, date or source is refused.
func (c *Claim) Lint() error {
	var errs []error
	say := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	say(c.ID == "", "no id")
	say(len(c.Attributors) == 0, "no attributor")
	for _, p := range c.Attributors {
		say(p.Identity == "", "an attributor has no identity")
	}
	say(!slices.Contains(Relations(), c.Relation), "relation %q is none of %v", c.Relation, Relations())
	say(c.Object.ID == "" && c.Object.Name == "", "no object")
	say(c.Level != "" && c.Level.Rank() == 0, "level %q is none of %v", c.Level, Levels())
	say(!slices.Contains([]Polarity{Affirms, Negates, Declines}, c.Polarity), "polarity %q is none of + - 0", c.Polarity)
	say(!slices.Contains([]Modality{Asserted, Believed, Possible, Hedged, Hypothetical, Predicted, Alleged, Acknowledged}, c.Modality), "modality %q is unknown", c.Modality)
	say(c.Likelihood != "" && !slices.Contains(Likelihoods(), c.Likelihood), "likelihood %q is none of ICD 203's", c.Likelihood)
	say(c.Confidence != "" && !slices.Contains(Confidences(), c.Confidence), "confidence %q is none of low, moderate, high", c.Confidence)
	say(!date(c.SaidOn), "said_on %q is no yyyy, yyyy-mm or yyyy-mm-dd", c.SaidOn)
	say(len(c.Evidence) == 0, "no source")
	for _, q := range c.Evidence {
		say(q.Document == "" && q.URL == "", "a source has neither document nor URL")
	}
	return errors.Join(errs...)
}

// date reports whether s is a year, a month or a day.
func date(s string) bool {
	for _, layout := range []string{"2006", "2006-01", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
