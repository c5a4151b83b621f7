// Package console is the hub's web pages: the estate, a server's case, search,
// prevalence, campaigns, knowledge, reading, publication and administration.
//
// Pages are made on the server and hold no script: they work in any browser,
// with a keyboard and with a screen reader, in English and in French. Whoever
// is bound to an organisation sees that organisation's servers only: every
// question to the store carries the scope of who asks.
package console

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"limier/publish"
	"limier/reading"
	"limier/store"
)

// Config says what a console shows and how people log in. Store is needed;
// the zero value of the rest works.
type Config struct {
	Store      *store.Hub
	Publishers []*publish.Publisher // formats that a case can be had in
	Mounts     []Mount              // handlers of others under the console's log-in
	OIDC       *OIDC                // nil: passwords only

	// NewToken makes a token with which servers of an organisation enrol.
	NewToken func(ctx context.Context, scope store.Scope, org string, uses int, life time.Duration, by string) (string, error)
	// DeleteFile deletes the answer of a server to a request; fs.ErrNotExist if it
	// lies elsewhere.
	DeleteFile func(ctx context.Context, scope store.Scope, server, request int64) error
	// Replay puts a dead letter into the queue again.
	Replay func(ctx context.Context, id int64) error

	Version string
	Log     *slog.Logger     // nil: nothing is logged
	Now     func() time.Time // nil: time.Now
}

// A Mount is a handler that the console guards: who has not logged in with
// Role or more cannot reach it.
type Mount struct {
	Path    string // "/taxii2/"
	Role    store.Role
	Handler http.Handler
}

// A Console serves the pages. It is an http.Handler.
type Console struct {
	Config
	mux     *http.ServeMux
	pages   map[string]map[string]*template.Template // by language and name
	words   map[string]*words
	hasher  *hasher
	oidc    *provider
	byName  *limiter // failed log-ins of an account
	byHost  *limiter // log-ins from an address
	byUser  *limiter // requests of an account
	cross   *http.CrossOriginProtection
	css     []byte
	cssPath string
	reports reports

	reading func() (*reading.Reader, error) // made when first needed
}

//go:embed pages/*.tmpl console.css
var files embed.FS

// New makes a console.
func New(c Config) (*Console, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	css, err := files.ReadFile("console.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(css)
	x := &Console{
		Config: c, mux: http.NewServeMux(), css: css, cssPath: "/static/" + hex.EncodeToString(sum[:6]) + ".css",
		hasher: newHasher(2), cross: http.NewCrossOriginProtection(),
		byName:  newLimiter(c.Now, 10, time.Minute),
		byHost:  newLimiter(c.Now, 30, 6*time.Second),
		byUser:  newLimiter(c.Now, 300, 100*time.Millisecond),
		reading: sync.OnceValues(reading.New),
		words:   map[string]*words{"en": {lang: "en"}, "fr": {lang: "fr"}},
	}
	if c.OIDC != nil {
		x.oidc = &provider{OIDC: *c.OIDC}
	}
	if err := x.parse(); err != nil {
		return nil, err
	}
	x.routes()
	return x, nil
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if secure(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	c.mux.ServeHTTP(w, r)
}

// maxForm bounds the body of a request: a report to read is the largest.
const maxForm = 4 << 20

// A failure is an error that a person is told of in plain words.
type failure struct {
	status int
	err    error  // for the log
	say    string // for the page
}

func (f *failure) Error() string { return fmt.Sprintf("%d: %v", f.status, f.err) }
func (f *failure) Unwrap() error { return f.err }

// A visit is one request by one account.
type visit struct {
	r       *http.Request
	w       http.ResponseWriter
	account *store.Account // nil before log-in
	session string         // the session's secret, or that of a visitor without one
	bearer  bool           // the secret came in a header: no browser sends it by itself
	lang    string
	scope   store.Scope
	words   *words
}

// program reports whether it is a program that asks, not a person's browser.
func (v *visit) program() bool { return strings.HasPrefix(v.r.URL.Path, "/api/") }

func (v *visit) ctx() context.Context { return v.r.Context() }

// t says a text in the visit's language.
func (v *visit) t(text any, values ...any) string { return v.words.t(text, values...) }

// csrf is the secret that a form of this visit carries.
func (v *visit) csrf() string {
	sum := sha256.Sum256([]byte("limier form\n" + v.session))
	return hex.EncodeToString(sum[:])
}

// fail makes a failure in the visit's language.
func (v *visit) fail(status int, err error, text string, values ...any) error {
	if err == nil {
		err = errors.New(text)
	}
	return &failure{status, err, v.t(text, values...)}
}

// language is that of the cookie, else the first of the browser's that there is.
func (c *Console) language(r *http.Request) string {
	if l := c.cookie(r, langCookie); c.words[l] != nil {
		return l
	}
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if c.words[tag] != nil {
			return tag
		}
	}
	return "en"
}

// Names of cookies. Where the browser speaks TLS they carry the prefix __Host-, which binds them to
// this host and to TLS (RFC 6265bis, 4.1.3.2).
const (
	sessionCookie = "limier-session"
	langCookie    = "limier-lang"
)

// secure reports whether the browser speaks TLS: to this console, or to a proxy
// on this machine that says so. The word of others is not believed.
func secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	h, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(h).IsLoopback() && r.Header.Get("X-Forwarded-Proto") == "https"
}

func cookieName(r *http.Request, name string) string {
	if secure(r) {
		return "__Host-" + name
	}
	return name
}

func (c *Console) cookie(r *http.Request, name string) string {
	k, err := r.Cookie(cookieName(r, name))
	if err != nil || len(k.Value) > 512 {
		return ""
	}
	return k.Value
}

// setCookie sets a cookie for a time; 0 for as long as the browser runs, less
// to take it away.
func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	k := &http.Cookie{Name: cookieName(r, name), Value: value, Path: "/", HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(age / time.Second)}
	if age < 0 {
		k.MaxAge = -1
	}
	http.SetCookie(w, k)
}

// host is the address that a request came from, without its port. Addresses of
// IPv6 are cut to /64, which is what one customer has.
func host(r *http.Request) string {
	h, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(h); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return h
}
