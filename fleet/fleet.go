// Package fleet is what a collector and a hub say to each other: connect,
// submit, leave. Package agent is the collector, package hub the hub.
//
// A collector enrols once with a token that an administrator made, and from
// then on shows a certificate of its own key. It sends the stream of a scan
// (package wire) compressed with zstd, and gets a signed receipt.
package fleet

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ServerName is what a collector calls each hub in TLS, whatever its address:
// the hub's own authority vouches for that name only.
const ServerName = "hub.limier.internal"

// The hub's addresses for collectors. OpenAPI describes them:
// fleet/hub/openapi.json.
const (
	PathEnroll  = "/api/v1/enroll"
	PathRenew   = "/api/v1/renew"
	PathCases   = "/api/v1/cases"
	PathContact = "/api/v1/contact"
	PathFiles   = "/api/v1/files/"
)

// Limits that both sides hold.
const (
	MaxBody = 8 << 20   // bytes of a compressed case
	MaxFile = 256 << 20 // bytes of a file that the hub asks for
	MaxJSON = 64 << 10  // bytes of any other message
)

// An EnrollRequest asks for a certificate.
type EnrollRequest struct {
	Token string `json:"token"`
	Name  string `json:"name"` // of the server: a host name
	CSR   string `json:"csr"`  // PEM; only its key counts
}

// An EnrollResponse gives it.
type EnrollResponse struct {
	Server       int64  `json:"server"`
	Organisation string `json:"organisation"`
	Certificate  string `json:"certificate"` // PEM
	Authority    string `json:"authority"`   // PEM: whoever it vouches for is the hub
	ReceiptKey   string `json:"receipt_key"` // ed25519, base64
}

// A RenewRequest asks for a new certificate of the same key.
type RenewRequest struct {
	CSR string `json:"csr"`
}

// A ContactRequest is how a collector begins each visit.
type ContactRequest struct {
	AllowFiles bool     `json:"allow_files"`      // its administrator lets the hub ask for files
	Sent       []string `json:"sent,omitempty"`   // evidence hashes of cases that have a receipt; are they stored?
	Missed     *Missed  `json:"missed,omitempty"` // nil for none
}

// Missed is cases that no hub will get: lost because the spool was full, or put
// aside because they are damaged, too large or refused. All visits tell all of
// them, so that none counts twice if an answer is lost.
type Missed struct {
	Cases  int    `json:"cases"`  // since the spool was made
	Reason string `json:"reason"` // of the last
}

// A ContactResponse answers it.
type ContactResponse struct {
	Held  []string    `json:"held,omitempty"` // of Sent, those that are stored, or dead letters
	Files []FileOrder `json:"files,omitempty"`
	Renew bool        `json:"renew,omitempty"` // the certificate ends soon
}

// A FileOrder asks for one file that a case named.
type FileOrder struct {
	ID     int64  `json:"id"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// A FileRefusal says why a file is not sent.
type FileRefusal struct {
	Reason string `json:"reason"`
}

// A Problem is the body of each answer that is an error (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// tokenMark begins the text of each token.
const tokenMark = "limier1."

// NewToken writes an enrolment token: a secret, and the fingerprint of the
// authority, so that whoever has the token knows the right hub.
func NewToken(secret [20]byte, authority *x509.Certificate) string {
	pin := Fingerprint(authority)
	return tokenMark + base64.RawURLEncoding.EncodeToString(secret[:]) + "." + base64.RawURLEncoding.EncodeToString(pin[:16])
}

var errToken = errors.New("this is no enrolment token of Limier: copy it whole, from \"limier1.\" to its end")

// Pinned returns a check of a hub's certificates against the token's
// fingerprint: one of them must be the authority, and vouch for the first.
func Pinned(token string, now func() time.Time) (func([]*x509.Certificate) error, error) {
	rest, ok := strings.CutPrefix(token, tokenMark)
	secret, text, ok2 := strings.Cut(rest, ".")
	pin, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || !ok2 || err != nil || len(pin) != 16 || secret == "" {
		return nil, errToken
	}
	return func(chain []*x509.Certificate) error {
		for _, c := range chain {
			sum := Fingerprint(c)
			if subtle.ConstantTimeCompare(sum[:16], pin) != 1 {
				continue
			}
			roots := x509.NewCertPool()
			roots.AddCert(c)
			_, err := chain[0].Verify(x509.VerifyOptions{DNSName: ServerName, Roots: roots, CurrentTime: now()})
			return err
		}
		return errors.New("this is not the hub that made the token: its certificate is another's; check the address, and that nobody stands in between")
	}, nil
}

// Fingerprint is the SHA-256 of a certificate.
func Fingerprint(c *x509.Certificate) [32]byte { return sha256.Sum256(c.Raw) }

// KeyHash is the SHA-256 of a certificate's public key, in lower-case hex.
func KeyHash(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// ParseHash reads a SHA-256 in hex.
func ParseHash(s string) (sum [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		return sum, fmt.Errorf("%.80q is no SHA-256 in hex", s)
	}
	return [32]byte(b), nil
}
