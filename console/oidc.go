package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"limier/publish"
	"limier/store"
)

// OIDC says how to log in with an OpenID Connect provider. Accounts are made
// at the first log-in with the role that the provider's claim gives.
type OIDC struct {
	Issuer       string // URL, as the provider's discovery document has it
	ClientID     string
	ClientSecret string
	Name         string // what the button calls the provider; "" for the issuer's host
	Redirect     string // the console's own URL as browsers reach it, without path

	// RoleClaim names the claim of the ID token that lists roles; "" for
	// "limier_role". Whoever has none of them cannot log in.
	RoleClaim string
	// OrganisationClaim names the claim that binds an account to one
	// organisation; "" for "limier_organisation". An account without it sees all
	// servers only if its role is administrator, else none.
	OrganisationClaim string

	// Grants say what groups may do. With any, RoleClaim and OrganisationClaim
	// count for nothing: the first grant whose group the account is in decides, and
	// who is in none cannot log in.
	Grants      []Grant
	GroupsClaim string // names the claim that lists an account's groups; "" for "groups"

	Client *http.Client // nil for the default
}

// A Grant is what the members of a group of the provider's may do here.
type Grant struct {
	Group        string
	Role         store.Role
	Organisation string // "" is the whole hub
}

// ParseGrant reads GROUP=ROLE@ORGANISATION. The whole hub is written *, so that
// nobody gets it by leaving something out.
func ParseGrant(s string) (Grant, error) {
	group, rest, ok := cutLast(s, "=")
	role, org, ok2 := strings.Cut(rest, "@")
	g := Grant{Group: group, Role: store.Role(role), Organisation: org}
	switch {
	case !ok || !ok2 || group == "":
		return Grant{}, fmt.Errorf("%.80q is not GROUP=ROLE@ORGANISATION", s)
	case g.Role.Rank() == 0:
		return Grant{}, fmt.Errorf("%.80q is no role: viewer, analyst, publisher or admin", role)
	case org == "*":
		g.Organisation = ""
	case !validOrg.MatchString(org):
		return Grant{}, fmt.Errorf("%.80q is no organisation's identifier; * is the whole hub", org)
	}
	return g, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// A provider talks to the OIDC provider; it is asked for its keys when first
// needed, so that the hub starts while the provider is down.
type provider struct {
	OIDC
	mu       sync.Mutex
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func (p *provider) ready(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.oauth != nil {
		return p.oauth, p.verifier, nil
	}
	// The provider keeps the context for later look-ups of keys.
	found, err := oidc.NewProvider(p.context(context.WithoutCancel(ctx)), p.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("asking the OpenID Connect provider %s: %w", p.Issuer, err)
	}
	p.oauth = &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: strings.TrimRight(p.Redirect, "/") + "/oidc/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
	p.verifier = found.Verifier(&oidc.Config{ClientID: p.ClientID})
	return p.oauth, p.verifier, nil
}

func (p *provider) context(ctx context.Context) context.Context {
	client := p.Client
	if client == nil {
		client = &http.Client{Timeout: 20 * time.Second}
	}
	return oidc.ClientContext(ctx, client)
}

// loginCookie carries state, nonce and verifier of an OIDC log-in from its
// start to its end: only this browser holds them.
const loginCookie = "limier-oidc"

func (c *Console) oidcStart(v *visit) error {
	oauth, _, err := c.oidc.ready(v.ctx())
	if err != nil {
		return v.fail(http.StatusBadGateway, err, "The log-in service does not answer. Try again, or log in with a password.")
	}
	state, nonce, verifier := secret(), secret(), oauth2.GenerateVerifier()
	c.setCookie(v.w, v.r, loginCookie, state+"."+nonce+"."+verifier, 10*time.Minute)
	http.Redirect(v.w, v.r, oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
	return nil
}

func (c *Console) oidcCallback(v *visit) error {
	bad := func(err error) error {
		return v.fail(http.StatusForbidden, err, "The log-in was not accepted. Start again from the log-in page.")
	}
	r := v.r
	parts := strings.Split(c.cookie(r, loginCookie), ".")
	c.setCookie(v.w, r, loginCookie, "", -1)
	if len(parts) != 3 || parts[0] == "" || r.URL.Query().Get("state") != parts[0] {
		return bad(errors.New("the state of the log-in does not fit"))
	}
	oauth, verifier, err := c.oidc.ready(r.Context())
	if err != nil {
		return bad(err)
	}
	ctx := c.oidc.context(r.Context())
	token, err := oauth.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(parts[2]))
	if err != nil {
		return bad(fmt.Errorf("exchanging the code: %w", err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return bad(fmt.Errorf("checking the token: %w", err))
	}
	if id.Nonce != parts[1] {
		return bad(errors.New("the nonce of the log-in does not fit"))
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return bad(err)
	}
	// refuse ends what an account got while it might log in: sessions and tokens.
	refuse := func(why, text string, values ...any) error {
		a, err := c.Store.AccountBySubject(v.ctx(), id.Issuer+" "+id.Subject)
		if err == nil {
			err = c.Store.EndSessions(v.ctx(), a.Name)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return v.fail(http.StatusForbidden, fmt.Errorf("%s %s", id.Subject, why), text, values...)
	}
	role := bestRole(claims[or(c.oidc.RoleClaim, "limier_role")])
	said := claims[or(c.oidc.OrganisationClaim, "limier_organisation")]
	org, text := said.(string)
	if len(c.oidc.Grants) > 0 {
		in := listed(claims[or(c.oidc.GroupsClaim, "groups")])
		var g Grant
		if i := slices.IndexFunc(c.oidc.Grants, func(g Grant) bool { return slices.Contains(in, g.Group) }); i >= 0 {
			g = c.oidc.Grants[i]
		}
		role, org = g.Role, g.Organisation
	} else if role != "" && (org == "" && role != store.Admin || said != nil && !text) { // a list must not pass for none, which is all
		return refuse("has no organisation", "Your account belongs to no organisation. Ask an administrator for one.")
	}
	if role == "" {
		return refuse("has no role", "Your account has no role here. Ask an administrator for one.")
	}
	if org != "" {
		if _, err := c.Store.Organisation(v.ctx(), store.All(), org); errors.Is(err, store.ErrNotFound) {
			return refuse("is of the organisation "+org+", which is not there", "Your account belongs to the organisation “%s”, which this hub does not know. Ask an administrator to make it.", publish.Plain(org))
		} else if err != nil {
			return err
		}
	}
	return c.enterOIDC(v, id.Issuer, id.Subject, claimName(claims, id.Subject), role, org)
}

// claimName is the name to show for an account, from the claims people know.
func claimName(claims map[string]any, subject string) string {
	for _, key := range []string{"preferred_username", "email", "name"} {
		s, _ := claims[key].(string)
		if s = publish.Plain(strings.Join(strings.Fields(s), " ")); s != "" {
			return short(s, 64)
		}
	}
	return short(publish.Plain(subject), 64)
}

// listed are the words of a claim, which is a word or a list.
func listed(claim any) (words []string) {
	switch v := claim.(type) {
	case string:
		words = []string{v}
	case []any:
		for _, x := range v {
			s, _ := x.(string)
			words = append(words, s)
		}
	}
	return words
}

// bestRole returns the highest role of a claim.
func bestRole(claim any) store.Role {
	words := listed(claim)
	var best store.Role
	for _, r := range store.Roles() { // from the lowest to the highest
		if slices.Contains(words, string(r)) {
			best = r
		}
	}
	return best
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// secret is 256 random bits as text.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// label is what the button to log in calls the provider.
func (p *provider) label() string {
	if p.Name != "" {
		return p.Name
	}
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return p.Issuer
	}
	return u.Host
}

// shortHash tells apart what has the same name.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:3])
}
