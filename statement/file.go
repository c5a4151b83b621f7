package statement

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"limier/internal/jcs"
)

// Payload types of the envelopes: part of what is signed, so that no position
// can be shown as a withdrawal.
const (
	positionPayload   = "application/vnd.limier.position+json"
	withdrawalPayload = "application/vnd.limier.withdrawal+json"
)

// A File is a statement with what was signed of it so far. Envelopes are as
// they were read; [File.Verify] says what they are worth.
type File struct {
	Statement   Statement
	Positions   []dsse.Envelope
	Withdrawals []dsse.Envelope
	hash        string
}

// New puts a statement to its parties.
func New(s Statement) (*File, error) {
	s.Type = statementType
	if err := s.Lint(); err != nil {
		return nil, err
	}
	hash, err := s.Hash()
	return &File{Statement: s, hash: hash}, err
}

// Hash returns the hash of the statement, which all positions name.
func (f *File) Hash() string { return f.hash }

type fileJSON struct {
	Type        string          `json:"type"`
	Statement   json.RawMessage `json:"statement"`
	Positions   []dsse.Envelope `json:"positions"`
	Withdrawals []dsse.Envelope `json:"withdrawals,omitempty"`
}

// Read reads a file, and refuses one that two readers may read differently.
func Read(text []byte) (*File, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("more than %d bytes", MaxFile)
	}
	var in fileJSON
	if err := jcs.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("no co-signed statement: %w", err)
	}
	if in.Type != fileType {
		return nil, fmt.Errorf("type is %q, not %q", in.Type, fileType)
	}
	f := &File{Positions: in.Positions, Withdrawals: in.Withdrawals}
	if err := jcs.Unmarshal(in.Statement, &f.Statement); err != nil {
		return nil, fmt.Errorf("the statement: %w", err)
	}
	if err := f.Statement.Lint(); err != nil {
		return nil, fmt.Errorf("the statement: %w", err)
	}
	if err := bounded(f.Positions, f.Withdrawals); err != nil {
		return nil, err
	}
	var err error
	f.hash, err = f.Statement.Hash()
	return f, err
}

func bounded(lists ...[]dsse.Envelope) error {
	for _, list := range lists {
		if len(list) > maxEnvelopes {
			return fmt.Errorf("%d envelopes: more than %d", len(list), maxEnvelopes)
		}
		for _, e := range list {
			if len(e.Signatures) > maxSignatures {
				return fmt.Errorf("an envelope has %d signatures: more than %d", len(e.Signatures), maxSignatures)
			}
		}
	}
	return nil
}

// Bytes returns the file as it is written. The order of signing does not show.
func (f *File) Bytes() ([]byte, error) {
	s, err := json.Marshal(&f.Statement)
	if err != nil {
		return nil, err
	}
	out := fileJSON{fileType, s, order(f.Positions), order(f.Withdrawals)}
	if out.Positions == nil {
		out.Positions = []dsse.Envelope{}
	}
	return indented(out)
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// order sorts envelopes by what they say.
func order(list []dsse.Envelope) []dsse.Envelope {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b dsse.Envelope) int { return bytes.Compare([]byte(a.Payload), []byte(b.Payload)) })
	return list
}

// Sign adds a party's position, or another key's signature to the same
// position. A party that already said something else withdraws that first.
func (f *File) Sign(ctx context.Context, p Position, key ed25519.PrivateKey) error {
	p.Type, p.Statement = positionType, f.hash
	p.Stands = slices.Clone(p.Stands) // in the statement's order, so that the same roles are the same position
	place := func(t Stand) int {
		return slices.IndexFunc(f.Statement.Points, func(q Point) bool { return q.Claim.ID == t.Claim })
	}
	slices.SortStableFunc(p.Stands, func(a, b Stand) int { return place(a) - place(b) })
	if err := p.Lint(&f.Statement, f.hash); err != nil {
		return err
	}
	payload, err := jcs.Marshal(&p)
	if err != nil {
		return err
	}
	gone := f.withdrawn()
	for _, e := range f.Positions {
		old, q, err := readPosition(&e)
		if err != nil || q.Signer != p.Signer || gone[digest(old)] {
			continue
		}
		if !bytes.Equal(old, payload) {
			return fmt.Errorf("%s has taken another position, on %s: withdraw it first", p.Signer, q.On)
		}
	}
	if gone[digest(payload)] {
		return fmt.Errorf("%s has withdrawn this position: sign one with another date or other roles", p.Signer)
	}
	f.Positions, err = seal(ctx, f.Positions, positionPayload, payload, key)
	return err
}

// SignedBy reports whether a key signed a position in a party's name.
func (f *File) SignedBy(signer string, key ed25519.PublicKey) bool {
	for _, e := range f.Positions {
		payload, p, err := readPosition(&e)
		if err != nil || p.Signer != signer {
			continue
		}
		for _, s := range e.Signatures {
			if sig, err := base64.StdEncoding.DecodeString(s.Sig); err == nil && ed25519.Verify(key, dsse.PAE(e.PayloadType, payload), sig) {
				return true
			}
		}
	}
	return false
}

// withdrawn returns the hashes of the positions that some withdrawal names,
// whoever signed it.
func (f *File) withdrawn() map[string]bool {
	gone := map[string]bool{}
	for _, e := range f.Withdrawals {
		if _, w, err := readWithdrawal(&e); err == nil {
			gone[w.Position] = true
		}
	}
	return gone
}

// Withdraw adds withdrawals of all that a party has said, and returns how
// many positions that were.
func (f *File) Withdraw(ctx context.Context, signer, on string, reason Text, key ed25519.PrivateKey) (int, error) {
	n := 0
	gone := f.withdrawn()
	for _, e := range f.Positions {
		payload, p, err := readPosition(&e)
		if err != nil || p.Signer != signer || gone[digest(payload)] {
			continue
		}
		w := Withdrawal{withdrawalType, f.hash, digest(payload), signer, on, reason}
		if err := w.lint(f.hash); err != nil {
			return n, err
		}
		b, err := jcs.Marshal(&w)
		if err != nil {
			return n, err
		}
		if f.Withdrawals, err = seal(ctx, f.Withdrawals, withdrawalPayload, b, key); err != nil {
			return n, err
		}
		n++
	}
	if n == 0 {
		return 0, fmt.Errorf("%s has no position that could be withdrawn", signer)
	}
	return n, nil
}

// seal adds a signature to the envelope of a payload, which it makes if there
// is none.
func seal(ctx context.Context, list []dsse.Envelope, kind string, payload []byte, key ed25519.PrivateKey) ([]dsse.Envelope, error) {
	signer, err := dsse.NewEnvelopeSigner(signer{key})
	if err != nil {
		return list, err
	}
	e, err := signer.SignPayload(ctx, kind, payload)
	if err != nil {
		return list, err
	}
	for i, old := range list {
		if old.Payload != e.Payload || old.PayloadType != kind {
			continue
		}
		if slices.Contains(old.Signatures, e.Signatures[0]) {
			return list, errors.New("this key has already signed it")
		}
		list = slices.Clone(list)
		list[i].Signatures = append(slices.Clone(old.Signatures), e.Signatures...)
		return list, nil
	}
	return append(list, *e), nil
}

// signer is an ed25519 key as the library wants it.
type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(_ context.Context, data []byte) ([]byte, error) {
	return s.key.Sign(nil, data, crypto.Hash(0))
}

func (s signer) KeyID() (string, error) { return keyID(s.key.Public().(ed25519.PublicKey)), nil }

// keyID is a hint for people; nothing is decided by it.
func keyID(key ed25519.PublicKey) string { return digest(key)[:16] }

func readPosition(e *dsse.Envelope) ([]byte, *Position, error) {
	var p Position
	payload, err := open(e, positionPayload, &p)
	return payload, &p, err
}

func readWithdrawal(e *dsse.Envelope) ([]byte, *Withdrawal, error) {
	var w Withdrawal
	payload, err := open(e, withdrawalPayload, &w)
	return payload, &w, err
}

// open decodes a payload, which must be in canonical form: its hash names it.
func open(e *dsse.Envelope, kind string, v any) ([]byte, error) {
	if e.PayloadType != kind {
		return nil, fmt.Errorf("payload type %.80q is not %q", e.PayloadType, kind)
	}
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return nil, err
	}
	canonical, err := jcs.Canonical(payload)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(canonical, payload) {
		return nil, errors.New("the payload is not in canonical form")
	}
	return payload, jcs.Unmarshal(payload, v)
}
