package agent

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"limier/fleet"
)

// The files of an identity, beside the private key.
const (
	identityFile = "identity.json"
	keyFile      = "agent.key"
)

// An identity is what enrolment gives, and the address of the hub.
type identity struct {
	Hub string `json:"hub"`
	fleet.EnrollResponse
}

// A Client talks to one hub as one server.
type Client struct {
	dir  string
	id   identity
	key  *ecdsa.PrivateKey
	now  func() time.Time
	http *http.Client
}

// ErrNotEnrolled says that the folder holds no identity.
var ErrNotEnrolled = errors.New("this server has not enrolled: limier agent enroll --hub https://HUB:8443 --token TOKEN")

// Enroll gets an identity from the hub at address with a token, and keeps it
// in dir, which is made for its owner alone. If the answer got lost, calling
// it again with the same token works.
func Enroll(ctx context.Context, dir, address, token, name string, now func() time.Time) (server int64, err error) {
	if now == nil {
		now = time.Now
	}
	if err := checkAddress(address); err != nil {
		return 0, err
	}
	address = strings.TrimSuffix(address, "/")
	pinned, err := fleet.Pinned(token, now)
	if err != nil {
		return 0, err
	}
	if err := private(dir); err != nil {
		return 0, err
	}
	if _, err := os.Stat(filepath.Join(dir, identityFile)); err == nil {
		return 0, fmt.Errorf("this server has enrolled already; to enrol again, have it revoked at the hub and remove %s and %s from %s; cases that wait there are kept", identityFile, keyFile, dir)
	}
	key, err := openKey(filepath.Join(dir, keyFile))
	if err != nil {
		return 0, err
	}
	csr, err := request(key)
	if err != nil {
		return 0, err
	}
	c := &Client{id: identity{Hub: address}, now: now, http: newHTTP(&tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: fleet.ServerName, Time: now,
		InsecureSkipVerify: true, // VerifyConnection does it, against the token's fingerprint
		VerifyConnection:   func(s tls.ConnectionState) error { return pinned(s.PeerCertificates) },
	})}
	id := identity{Hub: address}
	if err := c.call(ctx, http.MethodPost, fleet.PathEnroll, fleet.EnrollRequest{Token: token, Name: name, CSR: csr}, &id.EnrollResponse); err != nil {
		return 0, err
	}
	if _, err := newClient(dir, id, key, now); err != nil {
		return 0, fmt.Errorf("the hub's answer: %w", err)
	}
	return id.Server, writeIdentity(dir, id)
}

func writeIdentity(dir string, id identity) error {
	text, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return err
	}
	return fleet.WriteFile(filepath.Join(dir, identityFile), append(text, '\n'))
}

// checkAddress wants https and nothing but a host.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return fmt.Errorf("%q is not the address of a hub: write https://HOST:8443", address)
	}
	return nil
}

// openKey reads the collector's own key, and makes it if there is none. It
// never leaves this server.
func openKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, fleet.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(text)
	if b == nil {
		return nil, fmt.Errorf("%s is no key in PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is not a key of the collector", path)
	}
	return key, nil
}

func request(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "limier agent"}}, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// OpenClient opens the identity in dir.
func OpenClient(dir string, now func() time.Time) (*Client, error) {
	text, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotEnrolled
	} else if err != nil {
		return nil, err
	}
	var id identity
	if err := json.Unmarshal(text, &id); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, identityFile), err)
	}
	key, err := openKey(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	return newClient(dir, id, key, now)
}

func newClient(dir string, id identity, key *ecdsa.PrivateKey, now func() time.Time) (*Client, error) {
	cert, _ := pem.Decode([]byte(id.Certificate))
	authority, _ := pem.Decode([]byte(id.Authority))
	if cert == nil || authority == nil {
		return nil, errors.New("no certificates in the identity")
	}
	ca, err := x509.ParseCertificate(authority.Bytes)
	if err != nil {
		return nil, err
	}
	own, err := x509.ParseCertificate(cert.Bytes)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(own.PublicKey) {
		return nil, fmt.Errorf("the key in %s is not the one that enrolled: put that back, or have this server revoked at the hub, remove %s and enrol again", filepath.Join(dir, keyFile), identityFile)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &Client{dir: dir, id: id, key: key, now: now, http: newHTTP(&tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: fleet.ServerName, RootCAs: roots, Time: now,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Bytes}, PrivateKey: key}},
		// The next visit, or one that was put off, costs the hub a third less.
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	})}, nil
}

func newHTTP(c *tls.Config) *http.Client {
	return &http.Client{
		Timeout: 15 * time.Minute,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: c, TLSHandshakeTimeout: 30 * time.Second, ResponseHeaderTimeout: 2 * time.Minute,
			IdleConnTimeout: 10 * time.Second, // submit and leave
		},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the hub redirects: use the address that it redirects to")
		},
	}
}

// A Refused is an answer of the hub that is an error.
type Refused struct {
	Status int
	Detail string
}

func (e *Refused) Error() string { return fmt.Sprintf("the hub says: %s (%d)", e.Detail, e.Status) }

// Final reports whether the same request will never be accepted.
func (e *Refused) Final() bool {
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusBadRequest
}

// A Later is the hub's wish to be asked again after some time.
type Later struct {
	Refused
	After time.Duration
}

func (e *Later) Error() string { return e.Refused.Error() }

// Contact says hello.
func (c *Client) Contact(ctx context.Context, req fleet.ContactRequest) (resp fleet.ContactResponse, err error) {
	return resp, c.call(ctx, http.MethodPost, fleet.PathContact, req, &resp)
}

// Submit sends a case and returns the hub's receipt for it.
func (c *Client) Submit(ctx context.Context, body []byte, evidence, hash string) (r fleet.Receipt, err error) {
	if err := c.send(ctx, http.MethodPost, fleet.PathCases, "application/zstd", bytes.NewReader(body), &r); err != nil {
		return r, err
	}
	key, err := base64.StdEncoding.DecodeString(c.id.ReceiptKey)
	if err != nil {
		return r, fmt.Errorf("the hub's receipt key: %w", err)
	}
	return r, r.Verify(ed25519.PublicKey(key), c.id.Server, evidence, hash)
}

// Renew gets a new certificate for the same key.
func (c *Client) Renew(ctx context.Context) error {
	csr, err := request(c.key)
	if err != nil {
		return err
	}
	id := c.id
	if err := c.call(ctx, http.MethodPost, fleet.PathRenew, fleet.RenewRequest{CSR: csr}, &id.EnrollResponse); err != nil {
		return err
	}
	id.Authority, id.ReceiptKey, id.Server = c.id.Authority, c.id.ReceiptKey, c.id.Server // those were pinned
	n, err := newClient(c.dir, id, c.key, c.now)
	if err != nil {
		return err
	}
	c.http.CloseIdleConnections()
	c.id, c.http = id, n.http
	return writeIdentity(c.dir, id)
}

// SendFile sends a file, compressed with zstd, as the hub asked.
func (c *Client) SendFile(ctx context.Context, id int64, body io.Reader) error {
	return c.send(ctx, http.MethodPut, fleet.PathFiles+strconv.FormatInt(id, 10), "application/zstd", body, nil)
}

// RefuseFile says why a file is not sent.
func (c *Client) RefuseFile(ctx context.Context, id int64, reason string) error {
	return c.call(ctx, http.MethodPost, fleet.PathFiles+strconv.FormatInt(id, 10)+"/refuse", fleet.FileRefusal{Reason: reason}, nil)
}

func (c *Client) call(ctx context.Context, method, path string, req, resp any) error {
	text, err := json.Marshal(req)
	if err != nil {
		return err
	}
	return c.send(ctx, method, path, "application/json", bytes.NewReader(text), resp)
}

func (c *Client) send(ctx context.Context, method, path, kind string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.id.Hub+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set(fleet.HeaderReceipt, fleet.ReceiptBatch)
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return refusal(resp, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the hub's answer cannot be read: %w", err)
	}
	return nil
}

func refusal(resp *http.Response, text []byte) error {
	var p fleet.Problem
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		p.Detail = http.StatusText(resp.StatusCode)
	}
	e := Refused{resp.StatusCode, fmt.Sprintf("%.500s", p.Detail)}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return &Later{e, time.Duration(min(seconds, 3600)) * time.Second}
	}
	return &e
}

// Against is the client for a hub at another address, with the same identity.
func (c *Client) Against(address string) *Client {
	other := *c
	other.id.Hub = address
	return &other
}

// Ping says hello and nothing else.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.Contact(ctx, fleet.ContactRequest{})
	return err
}

// Close ends the connection.
func (c *Client) Close() { c.http.CloseIdleConnections() }
