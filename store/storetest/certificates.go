package storetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificates writes into dir an authority, ca.pem, and what it issued:
// server.pem and server.key for 127.0.0.1 alone, client.pem and client.key.
func Certificates(dir string) error {
	var authority *x509.Certificate
	var issuer *ecdsa.PrivateKey
	for i, name := range []string{"ca", "server", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		switch name {
		case "ca":
			c.KeyUsage, c.ExtKeyUsage, c.IsCA, c.BasicConstraintsValid = x509.KeyUsageCertSign, nil, true, true
			authority, issuer = c, key
		case "server":
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		}
		cert, err := x509.CreateCertificate(rand.Reader, c, authority, &key.PublicKey, issuer)
		if err != nil {
			return err
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, name)
		err = errors.Join(
			os.WriteFile(file+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
			os.WriteFile(file+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
		if err != nil {
			return err
		}
	}
	return nil
}
