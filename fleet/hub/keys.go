package hub

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"limier/fleet"
	"limier/store"
)

// Keys are a hub's own: its authority, the key of its receipts and the token
// for its metrics. Hubs that share a cluster share them.
type Keys struct {
	Authority *x509.Certificate
	Receipt   ed25519.PrivateKey
	Metrics   string // bearer token

	authority crypto.Signer
}

// clientLife is how long a collector's certificate holds; renewBefore, when it
// is asked to renew.
const (
	clientLife  = 397 * 24 * time.Hour
	renewBefore = 60 * 24 * time.Hour
	slack       = 48 * time.Hour // a clock may be that wrong
)

// KeysOf opens the keys in dir for the servers of a database. The first start
// makes them if there are none, and notes them; later it refuses others, for the
// servers would refuse what they sign.
func KeysOf(ctx context.Context, st *store.Hub, dir string, now time.Time) (*Keys, error) {
	others := fmt.Errorf("those of this database's servers are not in %s: copy there, whole, the folder keys of the hub that has them, or of its backup; if they are lost, see doc/fleet.md", dir)
	noted, err := st.NoteKeys(ctx, "")
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for _, name := range []string{"authority.key", "authority.pem", "receipt.key"} {
		if _, err := os.Stat(filepath.Join(dir, name)); noted != "" && errors.Is(err, fs.ErrNotExist) {
			return nil, others // and make none
		}
	}
	k, err := OpenKeys(dir, now)
	if err != nil {
		return nil, err
	}
	own := k.fingerprint()
	if noted == "" {
		if noted, err = st.NoteKeys(ctx, own); err != nil {
			return nil, err
		}
	}
	if noted != own {
		return nil, others
	}
	return k, nil
}

// fingerprint is the SHA-256 of what servers know of the keys.
func (k *Keys) fingerprint() string {
	sum := sha256.Sum256(append(bytes.Clone(k.Authority.Raw), k.Receipt.Public().(ed25519.PublicKey)...))
	return hex.EncodeToString(sum[:])
}

// OpenKeys reads the keys in dir, and makes them if there are none.
func OpenKeys(dir string, now time.Time) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	k := &Keys{}
	authority, err := openKey(dir, "authority.key", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
	if err != nil {
		return nil, err
	}
	receipt, err := openKey(dir, "receipt.key", func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	})
	if err != nil {
		return nil, err
	}
	var ok bool
	if k.Receipt, ok = receipt.(ed25519.PrivateKey); !ok {
		return nil, fmt.Errorf("%s is no ed25519 key", filepath.Join(dir, "receipt.key"))
	}
	k.authority = authority
	if k.Authority, err = openAuthority(dir, authority, now); err != nil {
		return nil, err
	}
	token, err := openFile(dir, "metrics.token", func() ([]byte, error) {
		b := make([]byte, 20)
		rand.Read(b)
		return []byte(hex.EncodeToString(b) + "\n"), nil
	})
	k.Metrics = strings.TrimSpace(string(token))
	if err == nil && len(k.Metrics) < 16 {
		err = fmt.Errorf("%s is too short: delete it, and the hub makes another", filepath.Join(dir, "metrics.token"))
	}
	return k, err
}

func openAuthority(dir string, key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	text, err := openFile(dir, "authority.pem", func() ([]byte, error) {
		t := &x509.Certificate{
			SerialNumber: serial(), Subject: pkix.Name{CommonName: "Limier hub authority"},
			NotBefore: now.Add(-slack), NotAfter: now.AddDate(20, 0, 0),
			IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		}
		der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
		return encode("CERTIFICATE", der), err
	})
	if err != nil {
		return nil, err
	}
	return ParseCertificate(text)
}

// ParseCertificate reads one certificate in PEM.
func ParseCertificate(text []byte) (*x509.Certificate, error) {
	b, _ := pem.Decode(text)
	if b == nil || b.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(b.Bytes)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func openKey(dir, name string, make func() (crypto.Signer, error)) (crypto.Signer, error) {
	text, err := openFile(dir, name, func() ([]byte, error) {
		key, err := make()
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return encode("PRIVATE KEY", der), err
	})
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(text)
	if b == nil {
		return nil, fmt.Errorf("%s is no key in PEM", filepath.Join(dir, name))
	}
	key, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
	}
	return key.(crypto.Signer), nil // every key of PKCS 8 signs
}

// openFile reads a file, and makes it if there is none: whole, or not at all.
func openFile(dir, name string, make func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if text, err = make(); err != nil {
		return nil, err
	}
	return text, fleet.WriteFile(path, text)
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

// Client makes a collector's certificate for the key of a request. Nothing
// else of the request counts.
func (k *Keys) Client(csr []byte, server int64, org string, now time.Time) (*x509.Certificate, error) {
	pub, err := requestKey(csr)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: clientName(server), Organization: []string{org}},
		NotBefore: now.Add(-slack), NotAfter: now.Add(clientLife),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, k.Authority, pub, k.authority)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// requestKey returns the public key of a certificate request that is signed
// with it: ECDSA P-256 or ed25519.
func requestKey(text []byte) (crypto.PublicKey, error) {
	b, _ := pem.Decode(text)
	if b == nil || b.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("no certificate request in PEM")
	}
	csr, err := x509.ParseCertificateRequest(b.Bytes)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	switch key := csr.PublicKey.(type) {
	case ed25519.PublicKey:
		return key, nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return key, nil
		}
	}
	return nil, errors.New("the key must be ed25519 or ECDSA P-256")
}

func clientName(server int64) string { return "server-" + strconv.FormatInt(server, 10) }

// serverOf reads the server's id out of a certificate that the authority made.
func serverOf(c *x509.Certificate) (int64, bool) {
	text, ok := strings.CutPrefix(c.Subject.CommonName, "server-")
	id, err := strconv.ParseInt(text, 10, 64)
	return id, ok && err == nil && id > 0
}

// TLS is the configuration of the listener. Collectors ask for
// fleet.ServerName, which the authority vouches for; all others get the site's
// own certificate, if there is one.
func (k *Keys) TLS(hosts []string, site *tls.Certificate, now func() time.Time) (*tls.Config, error) {
	var mu sync.Mutex
	var own *tls.Certificate
	// A hub may run for longer than a certificate holds, and its clock may have been wrong at first.
	current := func() (_ *tls.Certificate, err error) {
		mu.Lock()
		defer mu.Unlock()
		if at := now(); own == nil || at.Before(own.Leaf.NotBefore) || own.Leaf.NotAfter.Sub(at) < renewBefore {
			own, err = k.server(hosts, at)
		}
		return own, err
	}
	if _, err := current(); err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AddCert(k.Authority)
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ClientAuth: tls.VerifyClientCertIfGiven,
		ClientCAs:  clients,
		Time:       now,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if site != nil && hello.ServerName != fleet.ServerName {
				return site, nil
			}
			return current()
		},
	}, nil
}

// server makes a certificate for the hub itself.
func (k *Keys) server(hosts []string, at time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: fleet.ServerName}, DNSNames: []string{fleet.ServerName},
		NotBefore: at.Add(-slack), NotAfter: at.Add(clientLife),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if h != "" {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, k.Authority, key.Public(), k.authority)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, k.Authority.Raw}, PrivateKey: key, Leaf: leaf}, err
}
