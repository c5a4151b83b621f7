// Package probe asks servers for the login page of Outlook on the web, once
// each, and says which build of Exchange it names and what that build is open
// to.
//
// It sends one GET and nothing that could do harm: no credentials, no exploit,
// no second path, no redirect followed. What it tells rests on what a stranger
// answers: a proxy, a honeypot or an administrator may say anything.
package probe

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"limier/evidence"
	"limier/exposure"
	"limier/wire"
)

// Path is the only one that is asked for: the page that Exchange shows before
// anybody has logged in.
const Path = "/owa/auth/logon.aspx"

const (
	maxBody    = 256 << 10
	maxHeader  = 64 << 10
	maxNames   = 20 // of a certificate
	defTimeout = 15 * time.Second
	defRate    = 2.0
	defWorkers = 8
)

// A Config says how to ask. Contact must be set; the rest has defaults.
type Config struct {
	Contact string // where the owner of a server can complain: mail address or URL
	Version string // of Limier, for the user agent

	Rate    float64       // most requests in a second, all together; 2 if zero
	Workers int           // at the same time; 8 if zero
	Timeout time.Duration // for one server, all in all; 15 s if zero
	Exclude *Exclusion
	Now     func() time.Time

	// Lookup finds the addresses of a name; nil is the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// A Status is what came of a target.
type Status string

const (
	Exchange    Status = "exchange"     // the answer names a build
	NoBuild     Status = "no-build"     // it looks like Outlook on the web, and names none
	Other       Status = "not-exchange" // something else answered
	Unreachable Status = "unreachable"
	Excluded    Status = "excluded" // not asked: it is on the exclusion list
)

// A Result is what one target answered.
type Result struct {
	Target      string         `json:"target"` // host:port
	At          time.Time      `json:"at"`     // UTC
	Status      Status         `json:"status"`
	Address     string         `json:"address,omitempty"`
	HTTP        int            `json:"http_status,omitempty"`
	Build       string         `json:"build,omitempty"`
	Where       string         `json:"where,omitempty"` // what named the build
	Exposure    *wire.Exposure `json:"exposure,omitempty"`
	Certificate *Certificate   `json:"certificate,omitempty"` // not verified
	Redirect    string         `json:"redirect,omitempty"`    // where it pointed; not followed
	Reason      string         `json:"reason,omitempty"`
}

// A Certificate is what the server showed. It is noted, not trusted.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256"`
	SelfMade  bool      `json:"self_signed,omitempty"`
	Version   string    `json:"tls_version"`
}

// A Prober asks. It may be used by many goroutines.
type Prober struct {
	c    Config
	mu   sync.Mutex
	next time.Time // when the next request may be sent
}

// New checks a configuration.
func New(c Config) (*Prober, error) {
	if strings.TrimSpace(c.Contact) == "" || strings.ContainsAny(c.Contact, "\r\n()") || len(c.Contact) > 200 {
		return nil, errors.New("a probe names who sends it: give a mail address or a URL as contact, without brackets")
	}
	if c.Rate == 0 {
		c.Rate = defRate
	}
	if c.Workers == 0 {
		c.Workers = defWorkers
	}
	if c.Timeout == 0 {
		c.Timeout = defTimeout
	}
	if c.Rate < 0 || c.Rate > 1000 || c.Workers < 0 || c.Workers > 256 || c.Timeout < 0 {
		return nil, errors.New("rate must be above 0 and at most 1000 a second, workers at most 256")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Lookup == nil {
		c.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return &Prober{c: c}, nil
}

// UserAgent is what the server's log will show.
func (p *Prober) UserAgent() string {
	return fmt.Sprintf("limier-probe/%s (+%s; one request, reads the Exchange build)", p.c.Version, p.c.Contact)
}

// wait returns when the next request may be sent.
func (p *Prober) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(time.Duration(float64(time.Second) / p.c.Rate))
	p.mu.Unlock()
	if at == now {
		return ctx.Err()
	}
	t := time.NewTimer(at.Sub(now))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run asks all targets and calls done with each result as it comes, never twice
// at a time. It ends early if ctx or done does.
func (p *Prober) Run(ctx context.Context, targets []Target, done func(int, Result) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(p.c.Workers, max(len(targets), 1)) {
		wg.Go(func() {
			for i := range work {
				r := p.One(ctx, targets[i])
				if ctx.Err() != nil {
					return // cut off in the middle: it says nothing of the server
				}
				mu.Lock()
				err := done(i, r)
				mu.Unlock()
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
send:
	for i := range targets {
		select {
		case work <- i:
		case <-ctx.Done():
			break send
		}
	}
	close(work)
	wg.Wait()
	return context.Cause(ctx)
}

// One asks one target.
func (p *Prober) One(ctx context.Context, t Target) Result {
	r := Result{Target: t.Key(), At: p.c.Now().UTC()}
	fail := func(s Status, format string, args ...any) Result {
		r.Status, r.Reason = s, fmt.Sprintf(format, args...)
		return r
	}
	if by := p.c.Exclude.Name(t.Host); by != "" {
		return fail(Excluded, "the exclusion list has %s", by)
	}
	addrs, err := p.addresses(ctx, t.Host)
	if err != nil || len(addrs) == 0 {
		return fail(Unreachable, "the name has no address")
	}
	for _, a := range addrs { // one that is excluded excludes the name
		if by := p.c.Exclude.Address(a); by != "" {
			return fail(Excluded, "%s is in %s of the exclusion list", a.Unmap(), by)
		}
	}
	addr := addrs[0].Unmap()
	r.Address = addr.String()
	if err := p.wait(ctx); err != nil {
		return fail(Unreachable, "not asked: interrupted")
	}
	ctx, cancel := context.WithTimeout(ctx, p.c.Timeout)
	defer cancel()
	return p.ask(ctx, t, addr, r)
}

func (p *Prober) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.c.Timeout)
	defer cancel()
	return p.c.Lookup(ctx, host)
}

func (p *Prober) ask(ctx context.Context, t Target, addr netip.Addr, r Result) Result {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			// The address that was checked, whatever the name says by now.
			return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(addr.String(), strconv.Itoa(t.Port)))
		},
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true, ServerName: t.Host, MinVersion: tls.VersionTLS10, CipherSuites: suites()},
		DisableKeepAlives:      true,
		DisableCompression:     true, // what is packed may unfold without end
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      false,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL(), nil)
	if err != nil {
		r.Status, r.Reason = Unreachable, err.Error()
		return r
	}
	req.Header.Set("User-Agent", p.UserAgent())
	req.Header.Set("Accept", "text/html")
	resp, err := transport.RoundTrip(req) // follows nothing
	if err != nil {
		r.Status, r.Reason = Unreachable, reason(err)
		return r
	}
	defer resp.Body.Close()
	r.HTTP = resp.StatusCode
	r.Certificate = certificate(resp.TLS)
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 {
		r.Redirect = cut(to, 300)
	}
	body, err := read(resp)
	got := Read(resp.Header, body)
	switch {
	case got.Build != "":
		r.Status, r.Build, r.Where = Exchange, got.Build, got.Where
		r.Exposure = assess(got, t)
	case got.OWA:
		r.Status, r.Reason = NoBuild, "it looks like Outlook on the web and names no build"
	case err != nil:
		r.Status, r.Reason = Unreachable, "the answer was cut short: "+reason(err)
	default:
		r.Status, r.Reason = Other, "the answer names no build of Exchange"
	}
	return r
}

// read reads what is looked at of a page. Some balancers pack it although nobody
// asked them to; what is unpacked has the same limit.
func read(resp *http.Response) ([]byte, error) {
	in := io.LimitReader(resp.Body, maxBody)
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil // it is not what it says: nothing to read
		}
		in = io.LimitReader(z, maxBody)
	}
	return io.ReadAll(in)
}

// assess says what a build is open to, and what it cannot tell from outside.
func assess(got Reading, t Target) *wire.Exposure {
	list := exposure.Assess([]exposure.Evidence{{Product: exposure.Exchange, Build: got.Build, Exact: got.Exact, Ref: evidence.Ref{Path: t.Key() + " " + got.Where}}}, exposure.Settings{})
	if len(list) == 0 {
		return nil
	}
	x := list[0]
	x.Notes = append(x.Notes, "Read from outside, from what the login page says: whatever stands in front of the server, or its administrator, may say something else.",
		"From outside it does not show whether the server was broken into: scan its evidence for that.")
	if got.Other != "" {
		x.Notes = append(x.Notes, "The answer names the build "+got.Other+" too: several servers may stand behind this name.")
	}
	return &x
}

// suites are all that old servers may still want: nothing secret is sent.
func suites() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

func certificate(state *tls.ConnectionState) *Certificate {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	c := &Certificate{
		Subject: cut(leaf.Subject.String(), 300), Issuer: cut(leaf.Issuer.String(), 300), NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		SHA256: hex.EncodeToString(sum[:]), SelfMade: selfMade(leaf), Version: tls.VersionName(state.Version),
	}
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)] {
		c.Names = append(c.Names, cut(n, 253))
	}
	return c
}

func selfMade(c *x509.Certificate) bool { return c.Subject.String() == c.Issuer.String() }

// cut bounds a text of a stranger.
func cut(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// reason says in few words why there was no answer.
func reason(err error) string {
	var dns *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns) && dns.Op == "dial":
		return "no connection"
	}
	return cut(err.Error(), 200)
}
