package console

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"limier/store"
)

// A stand is an OpenID Connect provider on the loopback interface that keeps
// to the protocol: discovery, keys, codes used once, PKCE, signed tokens.
type stand struct {
	t      *testing.T
	url    string
	key    *ecdsa.PrivateKey
	claims map[string]any // of whoever logs in now
	forge  *ecdsa.PrivateKey
	mu     sync.Mutex
	codes  map[string]asked
}

// asked is what a code was asked with, and for whom.
type asked struct {
	url.Values
	claims map[string]any
}

func newStand(t *testing.T) *stand {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, key: key, codes: map[string]asked{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": s.url, "authorization_endpoint": s.url + "/authorize", "token_endpoint": s.url + "/token", "jwks_uri": s.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		code := secret()
		s.mu.Lock()
		s.codes[code] = asked{r.URL.Query(), maps.Clone(s.claims)}
		s.mu.Unlock()
		http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?code="+code+"&state="+url.QueryEscape(r.URL.Query().Get("state")), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		asked, ok := s.codes[r.FormValue("code")]
		delete(s.codes, r.FormValue("code"))
		s.mu.Unlock()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		sign := s.key
		if s.forge != nil {
			sign = s.forge
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: sign}, (&jose.SignerOptions{}).WithHeader("kid", "1"))
		if err != nil {
			t.Error(err)
		}
		claims := map[string]any{"iss": s.url, "aud": "limier", "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
		for k, v := range asked.claims {
			claims[k] = v
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Error(err)
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// TestGrants: a group of the provider's is a role in one organisation, or in the
// whole hub if the operator wrote so; nothing else of the token is.
func TestGrants(t *testing.T) {
	stand := newStand(t)
	config := &OIDC{Issuer: stand.url, ClientID: "limier", ClientSecret: "s"}
	for _, text := range []string{"/cert/publishers=publisher@*", "CN=it,OU=town=analyst@town", "everybody=viewer@clinic", "newcomers=viewer@village"} {
		g, err := ParseGrant(text)
		if err != nil {
			t.Fatal(err)
		}
		config.Grants = append(config.Grants, g)
	}
	for _, text := range []string{"", "x", "x=publisher", "x=publisher@", "=admin@*", "x=god@*", "x=admin@*@*", "x=admin@a b"} {
		if g, err := ParseGrant(text); err == nil {
			t.Errorf("%q was taken as %+v", text, g)
		}
	}
	e := newEstate(t, func(c *Config) { c.OIDC = config })
	e.c.oidc.Redirect = e.url
	enter := func(v *visitor) (code int, said string) {
		t.Helper()
		for next, i := e.url+"/oidc/start", 0; i < 3; i++ {
			resp, err := v.client.Get(next)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			next, code, said = resp.Header.Get("Location"), resp.StatusCode, html.UnescapeString(string(text))
		}
		return code, said
	}
	var before *visitor // who logged in last, with the same subject
	for _, c := range []struct {
		groups any
		code   int // of the log-in's end
		role   store.Role
		org    string
	}{
		{[]string{"everybody", "/cert/publishers"}, http.StatusSeeOther, store.Publisher, ""}, {"CN=it,OU=town", http.StatusSeeOther, store.Analyst, "town"}, {[]string{"everybody"}, http.StatusSeeOther, store.Viewer, "clinic"},
		{"newcomers", http.StatusForbidden, "", ""}, // of an organisation that is not there yet
		{[]string{"everybody"}, http.StatusSeeOther, store.Viewer, "clinic"},
		{[]string{"/CERT/publishers"}, http.StatusForbidden, "", ""}, {nil, http.StatusForbidden, "", ""}, {7, http.StatusForbidden, "", ""}, {map[string]bool{"everybody": true}, http.StatusForbidden, "", ""},
	} {
		stand.claims = map[string]any{"sub": "42", "preferred_username": "ann", "limier_role": "admin", "groups": c.groups}
		v := e.visitor()
		code, said := enter(v)
		if code != c.code || strings.Contains(said, "organisation “village”") != (c.groups == "newcomers") {
			t.Errorf("%v: %d, want %d: %s", c.groups, code, c.code, said)
		}
		a, err := e.hub.Account(t.Context(), "ann")
		if c.role != "" && (err != nil || a.Role != c.role || a.Organisation != c.org) {
			t.Errorf("%v: %s of %q, %v; want %s of %q", c.groups, a.Role, a.Organisation, err, c.role, c.org)
		}
		want := http.StatusForbidden
		if c.role == store.Publisher {
			want = http.StatusOK
		}
		if code, _ := v.get("/publication"); c.role != "" && code != want {
			t.Errorf("%v: /publication is %d, want %d", c.groups, code, want)
		}
		if before != nil {
			if code, _ := before.get("/servers"); code == http.StatusOK {
				t.Errorf("%v: a session of before is good still", c.groups)
			}
		}
		if before = nil; c.role != "" {
			before = v
		}
	}
	var did []string // of ann, the newest first
	log, _, err := e.hub.Audit(t.Context(), store.All(), store.Page{})
	for _, entry := range log {
		if entry.Actor == "ann" && entry.Action != "logged in" {
			did = append(did, entry.Action+" "+entry.Detail)
		}
	}
	if want := []string{"changed account viewer clinic", "changed account analyst town", "made account publisher "}; err != nil || !slices.Equal(did, want) {
		t.Errorf("the audit log has %q, %v; want %q", did, err, want)
	}
	stand.claims["groups"] = "newcomers"
	if err := e.hub.PutOrganisation(t.Context(), store.All(), store.Organisation{ID: "village", Name: "Village", Created: e.now}); err != nil {
		t.Fatal(err)
	}
	if code, said := enter(e.visitor()); code != http.StatusSeeOther {
		t.Errorf("once the organisation is there: %d, %s", code, said)
	}
}

func TestOIDC(t *testing.T) {
	stand := newStand(t)
	config := &OIDC{Issuer: stand.url, ClientID: "limier", ClientSecret: "s"}
	e := newEstate(t, func(c *Config) { c.OIDC = config })
	e.c.oidc.Redirect = e.url

	// login goes the way of a browser: start, provider, back.
	login := func(v *visitor, change func(back string) string) (int, string) {
		t.Helper()
		next := "/oidc/start"
		for range 3 {
			target := next
			if !strings.HasPrefix(target, "http") {
				target = e.url + target
			}
			r, _ := http.NewRequest(http.MethodGet, target, nil)
			resp, err := v.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusSeeOther {
				return resp.StatusCode, ""
			}
			next = resp.Header.Get("Location")
			if strings.Contains(next, "/oidc/callback") && change != nil {
				next = change(next)
			}
		}
		return http.StatusSeeOther, next
	}
	stand.claims = map[string]any{"sub": "42", "preferred_username": "ann", "limier_role": []string{"viewer", "analyst"}, "limier_organisation": "town"}
	v := e.visitor()
	if code, to := login(v, nil); code != http.StatusSeeOther || to != "/" {
		t.Fatalf("a log-in: %d to %q", code, to)
	}
	if code, body := v.get("/notify"); code != http.StatusOK || strings.Contains(body, "Clinic") || !strings.Contains(body, "ann") {
		t.Errorf("the analyst's page: %d", code)
	}
	// Who has fewer rights now has fewer here, from the next log-in on.
	stand.claims["limier_role"] = "viewer"
	v = e.visitor()
	login(v, nil)
	if code, _ := v.get("/notify"); code != http.StatusForbidden {
		t.Errorf("the page of an analyst who is a viewer now: %d", code)
	}
	accounts, err := e.hub.Accounts(context.Background(), store.All())
	if err != nil || len(accounts) != 1 {
		t.Errorf("%d accounts, want one: %v", len(accounts), err)
	}
	if ok, _ := e.c.hasher.verify(context.Background(), "", accounts[0].Password); ok {
		t.Error("the account can log in without a password")
	}

	// Who has lost the role, or the organisation, has no session of before either.
	for _, lost := range []string{"limier_role", "limier_organisation"} {
		stand.claims = map[string]any{"sub": "42", "limier_role": "viewer", "limier_organisation": "town"}
		v = e.visitor()
		if code, _ := login(v, nil); code != http.StatusSeeOther {
			t.Fatalf("logging in: %d", code)
		}
		delete(stand.claims, lost)
		if code, _ := login(e.visitor(), nil); code != http.StatusForbidden {
			t.Errorf("without %s: %d", lost, code)
		}
		if code, _ := v.get("/servers"); code == http.StatusOK {
			t.Errorf("without %s a session of before is good still", lost)
		}
	}

	for what, refuse := range map[string]func(){
		"no role":           func() { stand.claims = map[string]any{"sub": "7", "limier_organisation": "town"} },
		"a role of its own": func() { stand.claims = map[string]any{"sub": "7", "limier_role": "god"} },
		"no organisation":   func() { stand.claims = map[string]any{"sub": "7", "limier_role": "publisher"} },
		"a list of them": func() {
			stand.claims = map[string]any{"sub": "7", "limier_role": "admin", "limier_organisation": []string{"town"}}
		},
		"another's audience": func() { stand.claims = map[string]any{"sub": "7", "limier_role": "admin", "aud": "other"} },
		"an old token":       func() { stand.claims = map[string]any{"sub": "7", "limier_role": "admin", "exp": 1} },
		"another nonce":      func() { stand.claims = map[string]any{"sub": "7", "limier_role": "admin", "nonce": "x"} },
		"another's key": func() {
			stand.claims = map[string]any{"sub": "7", "limier_role": "admin"}
			stand.forge, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		},
	} {
		stand.forge = nil
		refuse()
		v := e.visitor()
		if code, _ := login(v, nil); code != http.StatusForbidden {
			t.Errorf("a log-in with %s: %d, want 403", what, code)
		}
		if code, _ := v.get("/"); code != http.StatusSeeOther {
			t.Errorf("after a log-in with %s the estate shows: %d", what, code)
		}
	}
	stand.forge = nil
	stand.claims = map[string]any{"sub": "1", "preferred_username": "boss", "limier_role": "admin"}
	if code, _ := login(e.visitor(), func(back string) string { return back + "x" }); code != http.StatusForbidden {
		t.Errorf("a changed state: %d", code)
	}
	var used string
	v = e.visitor()
	if code, _ := login(v, func(back string) string { used = back; return back }); code != http.StatusSeeOther {
		t.Errorf("the administrator: %d", code)
	}
	r, _ := http.NewRequest(http.MethodGet, used, nil)
	if code, _ := v.do(r); code != http.StatusForbidden {
		t.Errorf("the same code again: %d", code)
	}
}

// TestSameName: whoever the provider calls as somebody is called here already
// gets an account of their own, and theirs stays as it is; those who come at the
// same moment too.
func TestSameName(t *testing.T) {
	stand := newStand(t)
	e := newEstate(t, func(c *Config) { c.OIDC = &OIDC{Issuer: stand.url, ClientID: "limier", ClientSecret: "s"} })
	e.c.oidc.Redirect = e.url
	e.account("ann", store.Admin, "")
	before, err := e.hub.Account(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	// back is where the provider sends somebody's browser.
	back := func(v *visitor, subject, name string) string {
		stand.claims = map[string]any{"sub": subject, "preferred_username": name, "limier_role": "viewer", "limier_organisation": "town"}
		next := e.url + "/oidc/start"
		for range 2 {
			resp, err := v.client.Get(next)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			next = resp.Header.Get("Location")
		}
		return next
	}
	const people = 6
	var visitors [2 * people]*visitor // two browsers of each
	var wg sync.WaitGroup
	codes := make([]int, len(visitors))
	for i := range visitors {
		name := "ann"
		if i%people > 1 {
			name = "ben\nof the town"
		}
		visitors[i] = e.visitor()
		next := back(visitors[i], fmt.Sprint("subject", i%people), name)
		wg.Go(func() {
			if resp, err := visitors[i].client.Get(next); err == nil {
				resp.Body.Close()
				codes[i] = resp.StatusCode
			}
		})
	}
	wg.Wait()
	names := map[string]int{}
	for i := range people {
		a, err := e.hub.AccountBySubject(t.Context(), fmt.Sprint(stand.url, " subject", i))
		if err != nil {
			t.Errorf("subject %d has no account: %v", i, err)
		}
		names[a.Name]++
		if strings.Contains(a.Name, "\n") {
			t.Errorf("a name of two lines: %q", a.Name)
		}
	}
	if len(names) != people || names["ann"] > 0 {
		t.Errorf("%d people have %d names: %v", people, len(names), names)
	}
	for i, code := range codes {
		if code != http.StatusSeeOther {
			t.Errorf("log-in %d: %d", i, code)
		}
	}
	after, err := e.hub.Account(t.Context(), "ann")
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("the local account (-before +after, %v):\n%s", err, diff)
	}
	if code, _ := e.as("ann").get("/admin"); code != http.StatusOK {
		t.Errorf("the administrator's page: %d", code)
	}
}
