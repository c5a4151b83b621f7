package fleet

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"
)

// A Receipt is a hub's word that it has a case: in its queue, which outlives
// the hub, or stored.
type Receipt struct {
	Server    int64     `json:"server"`
	Evidence  string    `json:"evidence"`  // SHA-256 of what the scan said of the evidence, hex
	Case      string    `json:"case"`      // SHA-256 of the whole stream, hex
	Received  time.Time `json:"received"`  // by the hub's clock, UTC
	Stored    bool      `json:"stored"`    // false: queued
	Signature []byte    `json:"signature"` // ed25519
}

// signed is what the signature is over; whether it is stored is not part of
// it, for that changes.
func (r Receipt) signed() []byte {
	return fmt.Appendf(nil, "limier receipt 1\n%d\n%s\n%s\n%s\n", r.Server, r.Evidence, r.Case, r.Received.UTC().Format(time.RFC3339Nano))
}

// Sign signs the receipt.
func (r *Receipt) Sign(key ed25519.PrivateKey) { r.Signature = ed25519.Sign(key, r.signed()) }

// Verify checks that the receipt is the hub's, and for this case of this server.
func (r Receipt) Verify(key ed25519.PublicKey, server int64, evidence, hash string) error {
	switch {
	case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, r.signed(), r.Signature):
		return errors.New("the receipt is not signed by the hub")
	case r.Server != server || r.Evidence != evidence || r.Case != hash:
		return errors.New("the receipt is for another case")
	}
	return nil
}
