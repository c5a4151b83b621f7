package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"limier/store"
)

type adminData struct {
	Form          string     // that was refused: "account", "token" or "organisation"; "" for none
	Sent          url.Values // what it held
	Secret        string     // shown once
	Accounts      []store.Account
	Roles         []store.Role
	Tokens        []store.Token
	Organisations []store.Organisation
	Dead          []store.DeadLetter
	Audit         []store.Entry
}

// Kept is what a field of a form held when the form was refused.
func (d adminData) Kept(form, field string) string {
	if form != d.Form {
		return ""
	}
	return d.Sent.Get(field)
}

func (c *Console) admin(v *visit) error { return c.showAdmin(v, http.StatusOK, adminData{}, "", "") }

// refuse shows a form of the page again, with what it held and what is wrong.
func (c *Console) refuse(v *visit, form, text string, values ...any) error {
	return c.showAdmin(v, http.StatusBadRequest, adminData{Form: form, Sent: v.r.PostForm}, "", v.t(text, values...))
}

func (c *Console) showAdmin(v *visit, status int, d adminData, done, problem string) error {
	d.Roles = store.Roles()
	var err error
	if d.Accounts, err = c.Store.Accounts(v.ctx(), v.scope); err != nil {
		return err
	}
	tokens, err := c.Store.Tokens(v.ctx(), v.scope)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Uses > 0 && c.Now().Before(t.Expires) {
			d.Tokens = append(d.Tokens, t)
		}
	}
	if d.Organisations, _, err = c.Store.Organisations(v.ctx(), v.scope, false, store.Page{Limit: 1000}); err != nil {
		return err
	}
	if v.scope.Whole() {
		if d.Dead, _, err = c.Store.DeadLetters(v.ctx(), v.scope, store.Page{}); err != nil {
			return err
		}
	}
	var next string
	if d.Audit, next, err = c.Store.Audit(v.ctx(), v.scope, part(v.r)); err != nil {
		return err
	}
	p := page{Title: v.t("Administration"), Data: d, Done: done, Error: problem}
	if next != "" {
		p.Next = "/admin?after=" + next + "#audit"
	}
	return c.show(v, status, "admin", p)
}

func (c *Console) newAccount(v *visit) error {
	f := v.r.PostForm
	bad := func(text string, values ...any) error { return c.refuse(v, "account", text, values...) }
	name, role, org := f.Get("name"), store.Role(f.Get("role")), f.Get("organisation")
	if !validName(name) {
		return bad("A name has letters, digits and . _ @ - only, 64 at most.")
	}
	if role.Rank() == 0 {
		return bad("There is no such role.")
	}
	if org != "" && !validOrg.MatchString(org) {
		return bad("An organisation's identifier has letters, digits and . _ - only.")
	}
	hash, err := c.hasher.hash(v.ctx(), f.Get("password"))
	if errors.Is(err, errPassword) {
		return bad("A password has %d characters or more.", minPassword)
	} else if err != nil {
		return err
	}
	if org != "" {
		if _, err := c.Store.Organisation(v.ctx(), v.scope, org); errors.Is(err, store.ErrNotFound) && v.scope.Organisation() != org {
			return bad("There is no organisation “%s”: save it first, further down, or mind the spelling.", org)
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	err = c.Store.AddAccount(v.ctx(), v.scope, store.Account{Name: name, Role: role, Organisation: org, Password: hash, Created: c.Now()})
	if errors.Is(err, store.ErrTaken) { // whose it is, an account of one organisation is not told
		return bad("This name is taken: names of accounts are unique on the whole hub. Choose another, say with the organisation's identifier in front.")
	} else if err != nil {
		return err
	}
	if err := c.note(v, "made account", name, string(role)+" "+org); err != nil {
		return err
	}
	return c.showAdmin(v, http.StatusOK, adminData{}, v.t("The account was made."), "")
}

// accountState disables or enables an account.
func (c *Console) accountState(v *visit) error {
	name := v.r.PostForm.Get("name")
	if name == v.account.Name {
		return v.fail(http.StatusBadRequest, nil, "You cannot disable your own account.")
	}
	disable := v.r.PostForm.Get("disabled") == "yes"
	if err := c.Store.Disable(v.ctx(), v.scope, name, disable); err != nil {
		return err
	}
	action := "enabled account"
	if disable {
		action = "disabled account"
	}
	if err := c.note(v, action, name, ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/admin", http.StatusSeeOther)
	return nil
}

// validOrg is what an organisation's identifier looks like.
var validOrg = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// validCountry is ISO 3166-1 alpha-2.
var validCountry = regexp.MustCompile(`^[A-Z]{2}$`)

func (c *Console) newToken(v *visit) error {
	f := v.r.PostForm
	org := f.Get("organisation")
	uses, err1 := strconv.Atoi(f.Get("uses"))
	valid, err2 := strconv.Atoi(f.Get("days"))
	if !validOrg.MatchString(org) {
		return c.refuse(v, "token", "An organisation's identifier has letters, digits and . _ - only.")
	}
	if err1 != nil || err2 != nil || uses < 1 || uses > 100_000 || valid < 1 || valid > 365 {
		return c.refuse(v, "token", "A token has 1 to 100,000 uses and lasts 1 to 365 days.")
	}
	if c.NewToken == nil {
		return v.fail(http.StatusNotImplemented, nil, "This hub cannot make tokens.")
	}
	token, err := c.NewToken(v.ctx(), v.scope, org, uses, time.Duration(valid)*24*time.Hour, v.account.Name)
	if err != nil {
		return err
	}
	return c.showAdmin(v, http.StatusOK, adminData{Secret: token}, v.t("The token was made."), "")
}

func (c *Console) revokeToken(v *visit) error {
	sum, err := hex.DecodeString(v.r.PostForm.Get("hash"))
	if err != nil || len(sum) != sha256.Size {
		return store.ErrNotFound
	}
	if err := c.Store.RevokeToken(v.ctx(), v.scope, [32]byte(sum)); err != nil {
		return err
	}
	if err := c.note(v, "revoked token", v.r.PostForm.Get("hash")[:12], ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/admin#tokens", http.StatusSeeOther)
	return nil
}

func (c *Console) putOrganisation(v *visit) error {
	f := v.r.PostForm
	id, country := f.Get("id"), strings.ToUpper(strings.TrimSpace(f.Get("country")))
	bad := func(text string) error { return c.refuse(v, "organisation", text) }
	switch {
	case !validOrg.MatchString(id):
		return bad("An organisation's identifier has letters, digits and . _ - only.")
	case strings.TrimSpace(f.Get("name")) == "":
		return bad("An organisation needs a name.")
	case country != "" && !validCountry.MatchString(country):
		return bad("A country has two letters: FR.")
	}
	o, err := c.Store.Organisation(v.ctx(), v.scope, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	o.ID, o.Name, o.Country, o.Contact = id, cut(f.Get("name")), country, cut(f.Get("contact"))
	if o.Created.IsZero() {
		o.Created = c.Now()
	}
	if err := c.Store.PutOrganisation(v.ctx(), v.scope, o); err != nil {
		return err
	}
	if err := c.note(v, "changed organisation", id, o.Name); err != nil {
		return err
	}
	return c.showAdmin(v, http.StatusOK, adminData{}, v.t("The organisation was saved."), "")
}

func (c *Console) replay(v *visit) error {
	id, err := strconv.ParseInt(v.r.PostForm.Get("id"), 10, 64)
	if err != nil {
		return store.ErrNotFound
	}
	if c.Replay == nil {
		return v.fail(http.StatusNotImplemented, nil, "This hub cannot replay letters.")
	}
	if err := c.Replay(v.ctx(), id); err != nil {
		return err
	}
	if err := c.note(v, "replayed dead letter", strconv.FormatInt(id, 10), ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/admin#dead", http.StatusSeeOther)
	return nil
}

type accountData struct {
	Token string // shown once
}

func (c *Console) account(v *visit) error {
	return c.showAccount(v, http.StatusOK, accountData{}, "", "")
}

func (c *Console) showAccount(v *visit, status int, d accountData, done, problem string) error {
	return c.show(v, status, "account", page{Title: v.t("Your account"), Data: d, Done: done, Error: problem})
}

func (c *Console) changePassword(v *visit) error {
	f := v.r.PostForm
	if wait, ok := c.byName.allow(v.account.Name); !ok {
		return c.slow(v, wait)
	}
	ok, err := c.hasher.verify(v.ctx(), f.Get("old"), v.account.Password)
	if err != nil {
		return err
	}
	if !ok {
		return c.showAccount(v, http.StatusForbidden, accountData{}, "", v.t("The password is wrong."))
	}
	hash, err := c.hasher.hash(v.ctx(), f.Get("new"))
	if errors.Is(err, errPassword) {
		return c.showAccount(v, http.StatusBadRequest, accountData{}, "", v.t("A password has %d characters or more.", minPassword))
	} else if err != nil {
		return err
	}
	if err := c.Store.SetPassword(v.ctx(), v.account.Name, hash); err != nil { // ends its sessions
		return err
	}
	if err := c.note(v, "changed password", v.account.Name, ""); err != nil {
		return err
	}
	c.byName.forget(v.account.Name)
	return c.enter(v, *v.account, "/account")
}

// apiLifetime is how long a token for the API lasts.
const apiLifetime = 90 * 24 * time.Hour

// newAPIToken makes a token for programs: it does what the account may do.
func (c *Console) newAPIToken(v *visit) error {
	now, token := c.Now(), secret()
	s := store.Session{Account: *v.account, Created: now, Seen: now, Expires: now.Add(apiLifetime), Address: host(v.r)}
	if err := c.Store.NewSession(v.ctx(), token, s); err != nil {
		return err
	}
	if err := c.note(v, "made API token", v.account.Name, ""); err != nil {
		return err
	}
	return c.showAccount(v, http.StatusOK, accountData{Token: token}, "", "")
}
