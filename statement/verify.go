package statement

import (
	"bufio"
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"limier/internal/jcs"
)

// Pins are the public keys that the reader trusts, by the name of their owner.
// They come from elsewhere than the statement: from a meeting, a web site of
// the party, a treaty.
type Pins map[string][]ed25519.PublicKey

// keyMark begins a public key as `limier key` writes it.
const keyMark = "limier-ed25519-public "

// Add pins a key, in hexadecimal or as `limier key` writes it.
func (p Pins) Add(name, key string) error {
	var f faults
	if f.name("name", name); len(f) > 0 {
		return f[0]
	}
	b, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(key), keyMark))
	if err != nil || len(b) != ed25519.PublicKeySize {
		return fmt.Errorf("%s: no public key; limier key show prints one", name)
	}
	for other, keys := range p {
		if slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool { return k.Equal(ed25519.PublicKey(b)) }) && other != name {
			return fmt.Errorf("%s and %s have the same key", other, name)
		}
	}
	p[name] = append(p[name], b)
	return nil
}

// ReadPins adds the lines "NAME = KEY" of a file; # begins a comment.
func (p Pins) ReadPins(r io.Reader) error {
	in := bufio.NewScanner(io.LimitReader(r, 1<<20))
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, key, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("line %d is not NAME = KEY", n)
		}
		if err := p.Add(strings.TrimSpace(name), key); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return in.Err()
}

// A State is what became of a party's position.
type State string

const (
	Verified   State = "verified"    // signed by a pinned key of that party
	Missing    State = "missing"     // the party has taken no position
	UnknownKey State = "unknown-key" // no key of that party is pinned
	Forged     State = "invalid"     // no pinned key of that party made the signature
	Duplicate  State = "duplicate"   // the party has taken two positions: neither counts
	Withdrawn  State = "withdrawn"   // the party has taken it back
)

// A Row is one party in a [Report].
type Row struct {
	Signer     string
	State      State
	Invited    bool      // the statement lists it as a party
	Position   *Position // nil if missing
	Keys       []string  // ids of the pinned keys that signed, sorted
	Withdrawal *Withdrawal
}

// A Report says what the signatures of a file are worth.
type Report struct {
	Statement *Statement
	Hash      string
	Pinned    bool  // keys were given; without any, nothing is verified
	Rows      []Row // the parties in the statement's order, then the others
	Problems  []Problem
}

// A Problem is something wrong with a file. It is said in English unless a page
// says it in its language.
type Problem struct {
	text string
	args []any // what is a Problem itself is said in the language too
}

func (p Problem) String() string { return words{"en"}.say(p) }

// Whole reports whether every party, and nobody else, has taken a position
// that is verified and stands. One that was withdrawn does no harm if the party
// has taken another since.
func (r *Report) Whole() bool {
	stands := map[string]bool{}
	for _, w := range r.Rows {
		stands[w.Signer] = stands[w.Signer] || w.State == Verified && w.Invited
	}
	return len(r.Problems) == 0 && !slices.ContainsFunc(r.Rows, func(w Row) bool {
		return !stands[w.Signer] || w.State != Verified && w.State != Withdrawn
	})
}

// Verify says what each signature is worth. More withdrawals may come from a
// list that was published after the file; those that nobody signed who may
// are told and have no effect.
func (f *File) Verify(pins Pins, more ...dsse.Envelope) *Report {
	r := &Report{Statement: &f.Statement, Hash: f.hash, Pinned: len(pins) > 0}
	v := verifier{f, pins, r, map[string]*Withdrawal{}, map[string]bool{}}
	for i := range f.Withdrawals {
		v.withdrawal(&f.Withdrawals[i], Problem{"withdrawal %d", []any{i + 1}}, true)
	}
	for i := range more {
		v.withdrawal(&more[i], Problem{"withdrawal %d of the list", []any{i + 1}}, false)
	}
	for i := range f.Positions {
		v.position(&f.Positions[i], i+1)
	}
	for _, party := range f.Statement.Parties {
		if !slices.ContainsFunc(r.Rows, func(w Row) bool { return w.Signer == party }) {
			r.Rows = append(r.Rows, Row{Signer: party, State: Missing, Invited: true})
		}
	}
	place := func(w Row) int {
		if i := slices.Index(f.Statement.Parties, w.Signer); i >= 0 {
			return i
		}
		return len(f.Statement.Parties)
	}
	rank := func(w Row) int {
		return slices.Index([]State{Verified, Duplicate, UnknownKey, Forged, Withdrawn, Missing}, w.State)
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(place(a)-place(b), cmp.Compare(a.Signer, b.Signer), rank(a)-rank(b))
	})
	v.duplicates()
	return r
}

type verifier struct {
	f         *File
	pins      Pins
	report    *Report
	withdrawn map[string]*Withdrawal // by hash of the position
	seen      map[string]bool        // payloads
}

func (v *verifier) problem(text string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{text, args})
}

// withdrawal takes in one withdrawal. A list may hold some of other statements.
func (v *verifier) withdrawal(e *dsse.Envelope, what Problem, ours bool) {
	payload, w, err := readWithdrawal(e)
	if err == nil && !ours && w.Statement != v.f.hash {
		return
	}
	if err == nil {
		err = w.lint(v.f.hash)
	}
	if err != nil {
		v.problem("%s: %v", what, err)
		return
	}
	if keys := v.signatures(e, payload, w.Signer, what); len(keys) == 0 {
		v.problem("%s, in the name of %s, is signed by no pinned key of theirs: it has no effect", what, w.Signer)
		return
	}
	v.withdrawn[w.Position] = w
}

func (v *verifier) position(e *dsse.Envelope, n int) {
	what := Problem{"position %d", []any{n}}
	payload, p, err := readPosition(e)
	if err == nil {
		err = p.Lint(&v.f.Statement, v.f.hash)
	}
	if err != nil {
		v.problem("%s: %v", what, err)
		return
	}
	what = Problem{"position %d of %s", []any{n, p.Signer}}
	hash := digest(payload)
	if v.seen[hash] {
		v.problem("%s is there twice", what)
		return
	}
	v.seen[hash] = true
	row := Row{Signer: p.Signer, Invited: slices.Contains(v.f.Statement.Parties, p.Signer), Position: p}
	row.Keys = v.signatures(e, payload, p.Signer, what)
	switch {
	case len(v.pins[p.Signer]) == 0:
		row.State = UnknownKey
	case len(row.Keys) == 0:
		row.State = Forged
	default:
		row.State = Verified
	}
	if w := v.withdrawn[hash]; w != nil && w.Signer == p.Signer && row.State == Verified {
		row.State, row.Withdrawal = Withdrawn, w
	}
	if !row.Invited {
		v.problem("%s: the statement does not list it as a party", what)
	}
	v.report.Rows = append(v.report.Rows, row)
}

// signatures returns the ids of the pinned keys of a party that signed, and
// tells of signatures that are by nobody or by somebody else.
func (v *verifier) signatures(e *dsse.Envelope, payload []byte, name string, what Problem) (ids []string) {
	signed := dsse.PAE(e.PayloadType, payload)
	if len(e.Signatures) == 0 {
		v.problem("%s is not signed", what)
	}
	for _, s := range e.Signatures {
		sig, err := base64.StdEncoding.DecodeString(s.Sig)
		owner, id := "", ""
		if err == nil && len(sig) == ed25519.SignatureSize {
			owner, id = v.owner(signed, sig)
		}
		switch {
		case owner == name && slices.Contains(ids, id):
			v.problem("%s has two signatures by one key", what)
		case owner == name:
			ids = append(ids, id)
		case owner != "":
			v.problem("%s is signed by the key of %s", what, owner)
		case len(v.pins[name]) > 0:
			v.problem("%s has a signature that no pinned key made", what)
		}
	}
	slices.Sort(ids)
	return ids
}

// owner returns who signed: with so few keys, each is tried.
func (v *verifier) owner(signed, sig []byte) (name, id string) {
	for _, name := range sorted(v.pins) {
		for _, key := range v.pins[name] {
			if ed25519.Verify(key, signed, sig) {
				return name, keyID(key)
			}
		}
	}
	return "", ""
}

// duplicates marks the rows of those who have several positions that stand.
func (v *verifier) duplicates() {
	stand := map[string]int{}
	for _, w := range v.report.Rows {
		if w.State == Verified {
			stand[w.Signer]++
		}
	}
	for i := range v.report.Rows {
		if w := &v.report.Rows[i]; w.State == Verified && stand[w.Signer] > 1 {
			w.State = Duplicate
		}
	}
	for _, name := range sorted(stand) {
		if stand[name] > 1 {
			v.problem("%s has taken %d positions that differ: none counts", name, stand[name])
		}
	}
}

const listType = "limier/withdrawals/1"

type listJSON struct {
	Type        string          `json:"type"`
	Withdrawals []dsse.Envelope `json:"withdrawals"`
}

// ReadWithdrawals reads a list of withdrawals, of any statements.
func ReadWithdrawals(text []byte) ([]dsse.Envelope, error) {
	var in listJSON
	if len(text) > MaxFile {
		return nil, fmt.Errorf("more than %d bytes", MaxFile)
	}
	if err := jcs.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("no list of withdrawals: %w", err)
	}
	if in.Type != listType {
		return nil, fmt.Errorf("type is %q, not %q", in.Type, listType)
	}
	return in.Withdrawals, bounded(in.Withdrawals)
}

// WithdrawalList returns the list as it is written.
func WithdrawalList(list []dsse.Envelope) ([]byte, error) {
	return indented(listJSON{listType, order(list)})
}
