package fleet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Receipt is a hub's word that it has a case: in its queue, which outlives
// the hub, or stored.
type Receipt struct {
	Server    int64     `json:"server"`
	Evidence  string    `json:"evidence"`        // SHA-256 of what the scan said of the evidence, hex
	Case      string    `json:"case"`            // SHA-256 of the whole stream, hex
	Received  time.Time `json:"received"`        // by the hub's clock, UTC
	Stored    bool      `json:"stored"`          // false: queued
	Batch     []byte    `json:"batch,omitempty"` // SHA-256 of what each receipt says that has this signature; none if it is for this one
	Signature []byte    `json:"signature"`       // ed25519
}

// HeaderReceipt says which receipts a collector reads beside those that are
// signed alone: ReceiptBatch.
const (
	HeaderReceipt = "Limier-Receipt"
	ReceiptBatch  = "batch"
)

// maxBatch is how many receipts share a signature: beyond it, all that each has
// to send costs more than it saves.
const maxBatch = 16

// says is what the receipt says; whether the case is stored is not part of it,
// for that changes.
func (r *Receipt) says() []byte {
	return fmt.Appendf(nil, "limier receipt 1\n%d\n%s\n%s\n%s\n", r.Server, r.Evidence, r.Case, r.Received.UTC().Format(time.RFC3339Nano))
}

// signed is what the signature is over.
func (r *Receipt) signed() []byte {
	if len(r.Batch) == 0 {
		return r.says()
	}
	return append([]byte("limier receipts 1\n"), r.Batch...)
}

// Sign signs receipts, several with one signature.
func Sign(key ed25519.PrivateKey, receipts ...*Receipt) {
	for list := range slices.Chunk(receipts, maxBatch) {
		var batch []byte
		if len(list) > 1 {
			for _, r := range list {
				sum := sha256.Sum256(r.says())
				batch = append(batch, sum[:]...)
			}
		}
		list[0].Batch = batch
		signature := ed25519.Sign(key, list[0].signed())
		for _, r := range list {
			r.Batch, r.Signature = batch, signature
		}
	}
}

// Verify checks that the receipt is the hub's, and for this case of this server.
func (r *Receipt) Verify(key ed25519.PublicKey, server int64, evidence, hash string) error {
	in := len(r.Batch) == 0
	sum := sha256.Sum256(r.says())
	for one := range slices.Chunk(r.Batch, len(sum)) {
		in = in || bytes.Equal(one, sum[:])
	}
	switch {
	case !in || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, r.signed(), r.Signature):
		return errors.New("the receipt is not signed by the hub")
	case r.Server != server || r.Evidence != evidence || r.Case != hash:
		return errors.New("the receipt is for another case")
	}
	return nil
}
