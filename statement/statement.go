// Package statement lets several parties sign one text without flattening what
// each of them says.
//
// A statement holds claims. Each party that signs takes a position: for every
// claim a role, from "states" to "objects", and its own grade. A position names
// the statement by its hash and is signed as a whole (DSSE, ed25519), so nobody
// can change another's role, take a signature without its roles, or move it to
// another text; and nobody has to wait for another to sign. A withdrawal is
// signed in the same way.
package statement

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"limier/claim"
	"limier/internal/jcs"
)

// Kinds of signed documents, with their version.
const (
	statementType  = "limier/statement/1"
	positionType   = "limier/position/1"
	withdrawalType = "limier/withdrawal/1"
	fileType       = "limier/cosigned/1"
)

// Bounds of what a file may hold: it comes from elsewhere.
const (
	MaxFile       = 16 << 20 // bytes
	maxPoints     = 200
	maxParties    = 200
	maxEnvelopes  = 1000
	maxSignatures = 16 // of one position
)

// A Text is the same text in several languages, by BCP 47 tag.
type Text map[string]string

// In returns the text in a language, else in English, else in any.
func (t Text) In(lang string) string {
	for _, l := range []string{lang, "en"} {
		if s, ok := t[l]; ok {
			return s
		}
	}
	for _, l := range sorted(t) {
		return t[l]
	}
	return ""
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// A Statement is what is put to the parties.
type Statement struct {
	Type    string   `json:"type" yaml:"-"`
	Title   Text     `json:"title" yaml:"title"`
	Text    Text     `json:"text" yaml:"text"`
	Issued  string   `json:"issued" yaml:"issued"`                         // yyyy-mm-dd
	Notice  Text     `json:"notice,omitempty" yaml:"notice,omitempty"`     // what a reader must know first, such as that this is an example
	Parties []string `json:"parties" yaml:"parties"`                       // who is asked to take a position
	Points  []Point  `json:"points" yaml:"-"`                              // in the order in which they are shown
	Bundle  string   `json:"bundle_sha256,omitempty" yaml:"-"`             // hexadecimal, of the STIX bundle that goes with it
	Replace string   `json:"replaces,omitempty" yaml:"replaces,omitempty"` // hash of the statement that this one replaces
}

// A Point is one claim of a statement, in the words put to the parties.
type Point struct {
	Text  Text        `json:"text" yaml:"text"`
	Claim claim.Claim `json:"claim" yaml:"claim"`
}

// A Role is what a party does with one claim.
type Role string

const (
	States        Role = "states"         // says it itself, with its own grade
	Supports      Role = "supports"       // backs those who say it
	Acknowledges  Role = "acknowledges"   // takes note that others say it
	TerritoryOnly Role = "territory-only" // says where it came from, not who did it
	Abstains      Role = "abstains"       // says nothing of it
	Objects       Role = "objects"        // says that it is not so
)

// Roles lists the roles in the order of this package.
func Roles() []Role {
	return []Role{States, Supports, Acknowledges, TerritoryOnly, Abstains, Objects}
}

// A Position is what one party says of every claim of a statement.
type Position struct {
	Type      string  `json:"type" yaml:"-"`
	Statement string  `json:"statement" yaml:"-"` // its hash
	Signer    string  `json:"signer" yaml:"signer"`
	On        string  `json:"on" yaml:"on"` // yyyy-mm-dd
	Stands    []Stand `json:"stands" yaml:"stands"`
}

// A Stand is a party's role and grade on one claim.
type Stand struct {
	Claim      string           `json:"claim" yaml:"claim"` // its ID
	Role       Role             `json:"role" yaml:"role"`
	Likelihood claim.Likelihood `json:"likelihood,omitempty" yaml:"likelihood,omitempty"`
	Confidence claim.Confidence `json:"confidence,omitempty" yaml:"confidence,omitempty"`
	Wording    string           `json:"wording,omitempty" yaml:"wording,omitempty"` // the party's own words
	Lang       string           `json:"lang,omitempty" yaml:"lang,omitempty"`       // of Wording
	Note       Text             `json:"note,omitempty" yaml:"note,omitempty"`
	Source     *Source          `json:"source,omitempty" yaml:"source,omitempty"`
}

// A Source is where a party said it.
type Source struct {
	Document string `json:"document" yaml:"document"`                   // its title
	On       string `json:"on" yaml:"on"`                               // the day it was published, yyyy-mm-dd
	URL      string `json:"url,omitempty" yaml:"url,omitempty"`         // of what was read
	Place    string `json:"place,omitempty" yaml:"place,omitempty"`     // in it: "§ 2"
	Through  string `json:"through,omitempty" yaml:"through,omitempty"` // who quotes it, if the document itself was not read
}

// A Withdrawal takes one position back. It cannot be undone: a party that
// comes back signs a new position, with another date or other roles.
type Withdrawal struct {
	Type      string `json:"type"`
	Statement string `json:"statement"` // its hash
	Position  string `json:"position"`  // hash of the position's payload
	Signer    string `json:"signer"`
	On        string `json:"on"` // yyyy-mm-dd
	Reason    Text   `json:"reason,omitempty"`
}

// Stand returns the stand on a claim.
func (p *Position) Stand(id string) Stand {
	for _, s := range p.Stands {
		if s.Claim == id {
			return s
		}
	}
	return Stand{}
}

// Hash returns what a position names a statement by: the SHA-256 of its
// canonical form, hexadecimal.
func (s *Statement) Hash() (string, error) {
	b, err := jcs.Marshal(s)
	return digest(b), err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// faults collects what is wrong.
type faults []error

func (f *faults) say(bad bool, format string, args ...any) {
	if bad {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

// Lint returns what is wrong with a statement.
func (s *Statement) Lint() error {
	var f faults
	f.say(s.Type != statementType, "type is %q, not %q", s.Type, statementType)
	f.text("title", s.Title, true)
	f.text("text", s.Text, true)
	f.text("notice", s.Notice, false)
	f.day("issued", s.Issued)
	f.hash("bundle_sha256", s.Bundle)
	f.hash("replaces", s.Replace)
	f.say(len(s.Parties) == 0 || len(s.Parties) > maxParties, "%d parties: there must be 1 to %d", len(s.Parties), maxParties)
	for i, p := range s.Parties {
		f.name("party", p)
		f.say(slices.Contains(s.Parties[:i], p), "the party %q is there twice", p)
	}
	f.say(len(s.Points) == 0 || len(s.Points) > maxPoints, "%d points: there must be 1 to %d", len(s.Points), maxPoints)
	ids := map[string]bool{}
	for i := range s.Points {
		p := &s.Points[i]
		f.text("text of "+p.Claim.ID, p.Text, true)
		f.say(ids[p.Claim.ID], "the claim %q is there twice", p.Claim.ID)
		f.say(!identifier.MatchString(p.Claim.ID), "the claim's id %q is not made of letters, digits, - . _ :", p.Claim.ID)
		ids[p.Claim.ID] = true
		if err := p.Claim.Lint(); err != nil {
			f = append(f, fmt.Errorf("claim %s: %w", p.Claim.ID, err))
		}
	}
	return errors.Join(f...)
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)
	language   = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$`)
	hexDigest  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Lint returns what is wrong with a position on a statement of that hash.
func (p *Position) Lint(s *Statement, hash string) error {
	var f faults
	f.say(p.Type != positionType, "type is %q, not %q", p.Type, positionType)
	f.say(p.Statement != hash, "it is on another statement, %.12s…", p.Statement)
	f.name("signer", p.Signer)
	f.day("on", p.On)
	have := map[string]bool{}
	for _, st := range p.Stands {
		f.say(!slices.ContainsFunc(s.Points, func(q Point) bool { return q.Claim.ID == st.Claim }), "the statement has no claim %q", st.Claim)
		f.say(have[st.Claim], "two roles on claim %q", st.Claim)
		have[st.Claim] = true
		f.stand(&st)
	}
	var open []string
	for _, q := range s.Points {
		if !have[q.Claim.ID] {
			open = append(open, strconv.Quote(q.Claim.ID))
		}
	}
	f.say(len(open) > 0, "no role on claim %s: say abstains, or the rest", strings.Join(open, ", "))
	return errors.Join(f...)
}

func (f *faults) stand(s *Stand) {
	f.say(!slices.Contains(Roles(), s.Role), "claim %s: role %q is none of %v", s.Claim, s.Role, Roles())
	graded := s.Likelihood != "" || s.Confidence != ""
	f.say(graded && (s.Role == Acknowledges || s.Role == Abstains), "claim %s: who %s has no grade of its own", s.Claim, s.Role)
	f.say(s.Likelihood != "" && !slices.Contains(claim.Likelihoods(), s.Likelihood), "claim %s: likelihood %q is none of %v", s.Claim, s.Likelihood, claim.Likelihoods())
	f.say(s.Confidence != "" && !slices.Contains(claim.Confidences(), s.Confidence), "claim %s: confidence %q is none of %v", s.Claim, s.Confidence, claim.Confidences())
	f.say(graded && s.Wording == "", "claim %s: a grade without its wording", s.Claim)
	f.say(s.Wording != "" && !language.MatchString(s.Lang), "claim %s: a wording without its language", s.Claim)
	f.text("note on "+s.Claim, s.Note, false)
	if c := s.Source; c != nil {
		f.say(c.Document == "", "claim %s: a source without a document", s.Claim)
		f.day("source on "+s.Claim+": on", c.On)
		f.say(c.URL != "" && !strings.HasPrefix(c.URL, "https://"), "claim %s: the source's address is no https://", s.Claim)
		f.printable("source on "+s.Claim, c.Document+c.URL+c.Place+c.Through)
	}
	f.printable("wording on "+s.Claim, s.Wording)
}

// lint returns what is wrong with a withdrawal on a statement of that hash.
func (w *Withdrawal) lint(hash string) error {
	var f faults
	f.say(w.Type != withdrawalType, "type is %q, not %q", w.Type, withdrawalType)
	f.say(w.Statement != hash, "it is on another statement, %.12s…", w.Statement)
	f.say(!hexDigest.MatchString(w.Position), "it names no position")
	f.name("signer", w.Signer)
	f.day("on", w.On)
	f.text("reason", w.Reason, false)
	return errors.Join(f...)
}

func (f *faults) day(what, s string) {
	_, err := time.Parse(time.DateOnly, s)
	f.say(err != nil, "%s %q is no day yyyy-mm-dd", what, s)
}

func (f *faults) hash(what, s string) {
	f.say(s != "" && !hexDigest.MatchString(s), "%s is no SHA-256 in hexadecimal", what)
}

func (f *faults) text(what string, t Text, must bool) {
	f.say(must && len(t) == 0, "no %s", what)
	for _, lang := range sorted(t) {
		f.say(!language.MatchString(lang), "%s: %q is no language", what, lang)
		f.say(t[lang] == "", "%s: empty in %s", what, lang)
		f.printable(what, t[lang])
	}
}

// printable refuses what changes how the text around it looks.
func (f *faults) printable(what, s string) {
	for _, r := range s {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			f.say(true, "%s: the hidden character %U", what, r)
			return
		}
	}
}

// name refuses names that look like another: of several alphabets, with hidden
// characters, or written in two ways.
func (f *faults) name(what, s string) {
	f.say(s == "" || len(s) > 200, "%s: the name has %d bytes: there must be 1 to 200", what, len(s))
	f.say(!norm.NFC.IsNormalString(s), "%s %q is not in Unicode's form NFC", what, s)
	alphabet := ""
	last := ' '
	for _, r := range s {
		ok := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == ' ' && last != ' ' || slices.Contains([]rune("-.,'()&’/"), r)
		f.say(!ok, "%s %q: the character %U has no place in a name", what, s, r)
		if a := script(r); a != "" {
			f.say(alphabet != "" && a != alphabet, "%s %q mixes %s and %s letters", what, s, alphabet, a)
			alphabet = a
		}
		last = r
	}
	f.say(last == ' ', "%s %q ends in a space", what, s)
}

// script names the alphabet of a letter, for those that look alike.
func script(r rune) string {
	for _, name := range []string{"Latin", "Greek", "Cyrillic", "Armenian", "Cherokee"} {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return ""
}
