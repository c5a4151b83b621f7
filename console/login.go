package console

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"limier/store"
)

// How long a log-in lasts: without use, and at most.
const (
	idle     = 30 * time.Minute
	lifetime = 12 * time.Hour
)

// A handler answers a visit; the error it returns is told in plain words.
type handler func(v *visit) error

// open serves everybody, whether logged in or not.
func (c *Console) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := c.visit(w, r)
		if err == nil {
			err = c.form(v)
		}
		if err == nil {
			err = h(v)
		}
		if err != nil {
			c.tell(v, err)
		}
	})
}

// guard serves accounts that have role or more.
func (c *Console) guard(role store.Role, h handler) http.Handler {
	return c.open(func(v *visit) error {
		if v.account == nil {
			if v.program() {
				v.w.Header().Set("WWW-Authenticate", "Bearer")
				return v.fail(http.StatusUnauthorized, nil, "This needs a token that is good still, as “Authorization: Bearer …”. The account page makes one.")
			}
			if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
				return v.fail(http.StatusForbidden, nil, "Your log-in has ended. Log in again.")
			}
			http.Redirect(v.w, v.r, "/login?back="+url.QueryEscape(v.r.URL.RequestURI()), http.StatusSeeOther)
			return nil
		}
		if wait, ok := c.byUser.allow(v.account.Name); !ok {
			return c.slow(v, wait)
		}
		if v.account.Role.Rank() < role.Rank() {
			return v.fail(http.StatusForbidden, fmt.Errorf("%s asked for a page of role %s", v.account.Name, role), "Your account may not do this: it needs the role %s.", v.t(role))
		}
		return h(v)
	})
}

// visit finds out who asks.
func (c *Console) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{r: r, w: w, lang: c.language(r), session: c.cookie(r, sessionCookie)}
	v.words = c.words[v.lang]
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		v.session, v.bearer = token, true
	}
	if v.session == "" {
		v.session = secret()
		c.setCookie(w, r, sessionCookie, v.session, 0)
		return v, nil
	}
	s, err := c.Store.Session(r.Context(), v.session, c.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v, nil
	case err != nil:
		return v, err
	case c.Now().Sub(s.Seen) > idle && !v.bearer:
		return v, nil
	}
	v.account, v.scope = &s.Account, s.Account.Scope()
	if c.Now().Sub(s.Seen) > time.Minute {
		if err := c.Store.SeeSession(r.Context(), v.session, c.Now()); err != nil {
			return v, err
		}
	}
	return v, nil
}

// form refuses a request that changes something unless it comes from a form
// that this console gave to this browser.
func (c *Console) form(v *visit) error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead || v.bearer {
		return nil
	}
	if err := c.cross.Check(v.r); err != nil {
		return v.fail(http.StatusForbidden, err, "This request came from another site and was refused.")
	}
	// Text and files of a form stay in memory: ServeHTTP bounds the body.
	err := v.r.ParseForm()
	if err == nil {
		if err = v.r.ParseMultipartForm(maxForm); errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return v.fail(http.StatusBadRequest, err, "The form could not be read.")
	}
	if v.r.PostForm.Get("csrf") != v.csrf() {
		return v.fail(http.StatusForbidden, errors.New("the form's secret does not fit"), "This form is out of date. Go back, load the page again, and send it once more.")
	}
	return nil
}

func (c *Console) slow(v *visit, wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	v.w.Header().Set("Retry-After", fmt.Sprint(seconds))
	return v.fail(http.StatusTooManyRequests, errors.New("too many tries"), "Too many tries. Wait %d seconds.", seconds)
}

type loginData struct {
	Name, Back, OIDC string
	First            bool // no account exists
}

func (c *Console) loginPage(v *visit) error {
	return c.showLogin(v, http.StatusOK, "", v.r.URL.Query().Get("back"), "")
}

func (c *Console) showLogin(v *visit, status int, name, back, problem string) error {
	accounts, err := c.Store.Accounts(v.ctx(), store.All())
	if err != nil {
		return err
	}
	d := loginData{Name: name, Back: inside(back), First: len(accounts) == 0}
	if c.oidc != nil {
		d.OIDC = c.oidc.label()
	}
	return c.show(v, status, "login", page{Title: v.t("Log in"), Error: problem, Data: d})
}

// inside is a path of this console, never an address elsewhere.
func inside(back string) string {
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n\t") {
		return "/"
	}
	return back
}

func (c *Console) login(v *visit) error {
	f := v.r.PostForm
	name, back := f.Get("name"), f.Get("back")
	if wait, ok := c.byHost.allow(host(v.r)); !ok {
		return c.slow(v, wait)
	}
	key := name
	if len(key) > 64 {
		key = key[:64]
	}
	if wait, ok := c.byName.allow(key); !ok {
		return c.slow(v, wait)
	}
	account, err := c.Store.Account(v.ctx(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	hash := account.Password
	if account.Disabled {
		hash = ""
	}
	ok, err := c.hasher.verify(v.ctx(), f.Get("password"), hash)
	if err != nil {
		return err
	}
	if account.Name != "" {
		if err := c.Store.LogIn(v.ctx(), account.Name, ok, c.Now()); err != nil {
			return err
		}
	}
	if !ok {
		if err := c.audit(v, key, "", "log-in failed", key, ""); err != nil {
			return err
		}
		return c.showLogin(v, http.StatusUnauthorized, name, back, v.t("The name or the password is wrong."))
	}
	c.byName.forget(key)
	return c.enter(v, account, back)
}

// enter starts a session of the account, under a secret that nobody knew
// before.
func (c *Console) enter(v *visit, a store.Account, back string) error {
	now, token := c.Now(), secret()
	s := store.Session{Account: a, Created: now, Seen: now, Expires: now.Add(lifetime), Address: host(v.r)}
	if err := c.Store.NewSession(v.ctx(), token, s); err != nil {
		return err
	}
	if err := c.audit(v, a.Name, a.Organisation, "logged in", a.Name, ""); err != nil {
		return err
	}
	c.setCookie(v.w, v.r, sessionCookie, token, lifetime)
	http.Redirect(v.w, v.r, inside(back), http.StatusSeeOther)
	return nil
}

func (c *Console) logout(v *visit) error {
	if v.account != nil {
		if err := c.Store.EndSession(v.ctx(), v.session); err != nil {
			return err
		}
		if err := c.note(v, "logged out", v.account.Name, ""); err != nil {
			return err
		}
	}
	c.setCookie(v.w, v.r, sessionCookie, "", -1)
	http.Redirect(v.w, v.r, "/login", http.StatusSeeOther)
	return nil
}

// setLanguage keeps the choice for a year.
func (c *Console) setLanguage(v *visit) error {
	if lang := v.r.PostForm.Get("lang"); c.words[lang] != nil {
		c.setCookie(v.w, v.r, langCookie, lang, 365*24*time.Hour)
	}
	http.Redirect(v.w, v.r, inside(v.r.PostForm.Get("back")), http.StatusSeeOther)
	return nil
}

type setupData struct {
	Name string
	Open bool // there is a token that was not used
}

func (c *Console) setupPage(v *visit) error { return c.showSetup(v, http.StatusOK, "", "") }

func (c *Console) showSetup(v *visit, status int, name, problem string) error {
	open, err := c.Store.HasAdminToken(v.ctx(), c.Now())
	if err != nil {
		return err
	}
	return c.show(v, status, "setup", page{Title: v.t("Set up the hub"), Error: problem, Data: setupData{name, open}})
}

// setup makes the first administrator for whoever has the token that the hub
// printed.
func (c *Console) setup(v *visit) error {
	f := v.r.PostForm
	if wait, ok := c.byHost.allow(host(v.r)); !ok {
		return c.slow(v, wait)
	}
	again := func(problem string) error { return c.showSetup(v, http.StatusBadRequest, f.Get("name"), problem) }
	if !validName(f.Get("name")) {
		return again(v.t("A name has letters, digits and . _ @ - only, 64 at most."))
	}
	hash, err := c.hasher.hash(v.ctx(), f.Get("password"))
	if errors.Is(err, errPassword) {
		return again(v.t("A password has %d characters or more.", minPassword))
	} else if err != nil {
		return err
	}
	a := store.Account{Name: f.Get("name"), Role: store.Admin, Password: hash, Created: c.Now()}
	switch err := c.Store.AddAdmin(v.ctx(), strings.TrimSpace(f.Get("token")), a, c.Now()); {
	case errors.Is(err, store.ErrNotFound):
		return again(v.t("This is not the token, or it was used."))
	case errors.Is(err, store.ErrTaken):
		return again(v.t("This name is taken. Choose another: the token is still good."))
	case err != nil:
		return err
	}
	if err := c.audit(v, a.Name, "", "made account", a.Name, string(a.Role)); err != nil {
		return err
	}
	return c.enter(v, a, "/")
}

// validName reports whether an account can be called so.
func validName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@-", r)) {
			return false
		}
	}
	return true
}

// enterOIDC logs in an account that the OpenID Connect provider vouches for,
// with the role and organisation that it says now. An account is known by issuer
// and subject: whom the provider calls as somebody is called here gets an account
// of another name.
func (c *Console) enterOIDC(v *visit, issuer, subject, name string, role store.Role, org string) error {
	key := issuer + " " + subject
	a, err := c.Store.AccountBySubject(v.ctx(), key)
	fresh := errors.Is(err, store.ErrNotFound)
	for _, name := range []string{name, name + " " + shortHash(key)} {
		if !errors.Is(err, store.ErrNotFound) {
			break
		}
		a = store.Account{Name: name, Organisation: org, Role: role, Subject: key, Created: c.Now()}
		if err = c.Store.AddAccount(v.ctx(), store.All(), a); errors.Is(err, store.ErrTaken) {
			a, err = c.Store.AccountBySubject(v.ctx(), key) // it may be their own: another browser of theirs was first
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v.fail(http.StatusConflict, fmt.Errorf("%s: the name %q is taken", subject, name), "Another account here has your name, “%s”. Ask an administrator of the log-in service for another name.", name)
	case err != nil:
		return err
	case a.Disabled:
		return v.fail(http.StatusForbidden, nil, "This account is disabled.")
	}
	if a.Role != role || a.Organisation != org {
		a.Role, a.Organisation = role, org
		if err := c.Store.Grant(v.ctx(), a.Name, role, org); err != nil { // no more than that: an administrator may disable it meanwhile
			return err
		}
		if err := c.audit(v, a.Name, org, "changed account", a.Name, string(role)+" "+org); err != nil {
			return err
		}
	}
	if fresh {
		if err := c.audit(v, a.Name, org, "made account", a.Name, string(role)+" "+org); err != nil {
			return err
		}
	}
	return c.enter(v, a, "/")
}

// note writes to the audit log what the visit's account did.
func (c *Console) note(v *visit, action, object, detail string) error {
	return c.audit(v, v.account.Name, v.account.Organisation, action, object, detail)
}

func (c *Console) audit(v *visit, actor, org, action, object, detail string) error {
	return c.Store.Log(context.WithoutCancel(v.ctx()), store.Entry{At: c.Now(), Actor: actor, Organisation: org, Action: action, Object: object, Detail: detail, Address: host(v.r)})
}
