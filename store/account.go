package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const accountColumns = `a.name, a.org, a.role, a.password, a.subject, a.created, a.disabled, a.failures, a.failed`

func scanAccount(r interface{ Scan(...any) error }, more ...any) (a Account, err error) {
	var created, disabled, failed int64
	err = r.Scan(append([]any{&a.Name, &a.Organisation, &a.Role, &a.Password, &a.Subject, &created, &disabled, &a.Failures, &failed}, more...)...)
	a.Created, a.Disabled, a.Failed = moment(created), disabled != 0, moment(failed)
	return a, err
}

// Accounts lists the accounts that the scope shows, by name.
func (h *Hub) Accounts(ctx context.Context, scope Scope) ([]Account, error) {
	q, args := `SELECT `+accountColumns+` FROM account a`, []any{}
	if !scope.all {
		q, args = q+` WHERE a.org = ? AND a.org <> ''`, append(args, scope.org)
	}
	return list(ctx, h, func(r *sql.Rows) (Account, error) { return scanAccount(r) }, q+` ORDER BY a.name LIMIT 10000`, args...)
}

// Account returns an account by its name, for the one who logs in.
func (h *Hub) Account(ctx context.Context, name string) (Account, error) {
	a, err := scanAccount(h.read.QueryRowContext(ctx, h.sql(`SELECT `+accountColumns+` FROM account a WHERE a.name = ?`), asked(name)))
	return a, h.told(err)
}

// AccountBySubject returns the account of an OpenID Connect subject.
func (h *Hub) AccountBySubject(ctx context.Context, subject string) (Account, error) {
	if subject == "" {
		return Account{}, ErrNotFound
	}
	a, err := scanAccount(h.read.QueryRowContext(ctx, h.sql(`SELECT `+accountColumns+` FROM account a WHERE a.subject = ?`), asked(subject)))
	return a, h.told(err)
}

// ErrTaken says that an account has that name, or that OpenID Connect subject.
var ErrTaken = errors.New("there is an account of that name or subject")

// AddAccount adds an account; one that is there is never changed. A scope of one
// organisation adds accounts of that organisation only.
func (h *Hub) AddAccount(ctx context.Context, scope Scope, a Account) error {
	if !scope.all && (a.Organisation == "" || a.Organisation != scope.org) {
		return ErrScope
	}
	return h.update(ctx, func(tx *sql.Tx) error { return h.addAccount(ctx, tx, a) })
}

func (h *Hub) addAccount(ctx context.Context, tx *sql.Tx, a Account) error {
	if a.Role.Rank() == 0 || a.Name == "" {
		return errors.New("an account has a name, and a role: viewer, analyst, publisher or admin")
	}
	res, err := tx.ExecContext(ctx, h.sql(`INSERT INTO account(name, org, role, password, subject, created) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`), a.Name, a.Organisation, string(a.Role), a.Password, a.Subject, stamp(a.Created))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrTaken
}

// SetPassword gives an account another password, and ends its sessions.
func (h *Hub) SetPassword(ctx context.Context, name, hash string) error {
	return h.changeAccount(ctx, name, `UPDATE account SET password = ?, failures = 0 WHERE name = ?`, hash, name)
}

// Disable disables an account that the scope shows, or enables it again, and
// ends its sessions.
func (h *Hub) Disable(ctx context.Context, scope Scope, name string, disabled bool) error {
	n := 0
	if disabled {
		n = 1
	}
	q, args := `UPDATE account SET disabled = ?, failures = 0 WHERE name = ?`, []any{n, asked(name)}
	if !scope.all {
		q, args = q+` AND org = ? AND org <> ''`, append(args, scope.org)
	}
	return h.changeAccount(ctx, name, q, args...)
}

// Grant gives an account another role and organisation, and ends its sessions;
// else it stays as it is now, disabled too.
func (h *Hub) Grant(ctx context.Context, name string, role Role, org string) error {
	if role.Rank() == 0 {
		return fmt.Errorf("%.80q is no role", role)
	}
	return h.changeAccount(ctx, name, `UPDATE account SET role = ?, org = ? WHERE name = ?`, string(role), org, name)
}

// changeAccount changes one account and ends its sessions.
func (h *Hub) changeAccount(ctx context.Context, name, query string, args ...any) error {
	return h.update(ctx, func(tx *sql.Tx) error {
		if err := found(tx.ExecContext(ctx, h.sql(query), args...)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, h.sql(`DELETE FROM session WHERE account = ?`), name)
		return err
	})
}

// found is ErrNotFound for a statement that changed no row.
func found(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}

// EndSessions ends all sessions of an account, tokens of programs too.
func (h *Hub) EndSessions(ctx context.Context, name string) error {
	_, err := h.exec(ctx, `DELETE FROM session WHERE account = ?`, name)
	return err
}

// LogIn notes a log-in that worked or failed.
func (h *Hub) LogIn(ctx context.Context, name string, ok bool, at time.Time) error {
	q := `UPDATE account SET failures = failures + 1, failed = ? WHERE name = ?`
	if ok {
		q = `UPDATE account SET failures = 0, failed = CASE WHEN CAST(? AS BIGINT) > 0 THEN failed ELSE failed END WHERE name = ?`
	}
	_, err := h.exec(ctx, q, stamp(at), name)
	return err
}

// NewSession keeps a session under the hash of its secret.
func (h *Hub) NewSession(ctx context.Context, secret string, s Session) error {
	sum := sha256.Sum256([]byte(secret))
	_, err := h.exec(ctx, `INSERT INTO session(hash, account, created, seen, expires, address) VALUES (?,?,?,?,?,?)`, sum[:], s.Account.Name, stamp(s.Created), stamp(s.Created), stamp(s.Expires), s.Address)
	return err
}

// Session returns the session of a secret, if it has not expired and its
// account is not disabled.
func (h *Hub) Session(ctx context.Context, secret string, now time.Time) (Session, error) {
	sum := sha256.Sum256([]byte(secret))
	var s Session
	var created, seen, expires int64
	a, err := scanAccount(h.read.QueryRowContext(ctx, h.sql(`SELECT `+accountColumns+`, s.created, s.seen, s.expires, s.address FROM session s JOIN account a ON a.name = s.account WHERE s.hash = ?`), sum[:]), &created, &seen, &expires, &s.Address)
	if err != nil {
		return Session{}, h.told(err)
	}
	s.Account, s.Created, s.Seen, s.Expires = a, moment(created), moment(seen), moment(expires)
	if a.Disabled || !now.Before(s.Expires) {
		return Session{}, ErrNotFound
	}
	return s, nil
}

// SeeSession notes that a session is in use.
func (h *Hub) SeeSession(ctx context.Context, secret string, at time.Time) error {
	sum := sha256.Sum256([]byte(secret))
	_, err := h.exec(ctx, `UPDATE session SET seen = ? WHERE hash = ?`, stamp(at), sum[:])
	return err
}

// EndSession ends the session of a secret.
func (h *Hub) EndSession(ctx context.Context, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	_, err := h.exec(ctx, `DELETE FROM session WHERE hash = ?`, sum[:])
	return err
}

// NewToken keeps an enrolment token under its hash.
func (h *Hub) NewToken(ctx context.Context, scope Scope, t Token) error {
	if !scope.all && (t.Organisation == "" || t.Organisation != scope.org) {
		return ErrScope
	}
	_, err := h.exec(ctx, `INSERT INTO token(hash, org, created, created_by, expires, uses) VALUES (?,?,?,?,?,?)`, t.Hash[:], t.Organisation, stamp(t.Created), t.CreatedBy, stamp(t.Expires), t.Uses)
	return err
}

// Tokens lists the enrolment tokens, the newest first, 1,000 at most.
func (h *Hub) Tokens(ctx context.Context, scope Scope) ([]Token, error) {
	q, args := `SELECT hash, org, created, created_by, expires, uses, last_used FROM token`, []any{}
	if !scope.all {
		q, args = q+` WHERE org = ?`, append(args, scope.org)
	}
	return list(ctx, h, func(r *sql.Rows) (t Token, err error) {
		var hash []byte
		var created, expires, used int64
		err = r.Scan(&hash, &t.Organisation, &created, &t.CreatedBy, &expires, &t.Uses, &used)
		copy(t.Hash[:], hash)
		t.Created, t.Expires, t.LastUsed = moment(created), moment(expires), moment(used)
		return t, err
	}, q+` ORDER BY created DESC, hash LIMIT 1000`, args...)
}

// UseToken enrols a server with a token: the token loses one use and the
// server gets its id, or neither. A server that enrols again with the same key,
// because the answer got lost, costs no use. A token that is unknown, used up or
// expired is not found.
func (h *Hub) UseToken(ctx context.Context, token, server, keyHash string, now time.Time) (t Token, id int64, err error) {
	t.Hash = sha256.Sum256([]byte(token))
	err = h.update(ctx, func(tx *sql.Tx) error {
		var hash []byte
		var expires int64
		if err := tx.QueryRowContext(ctx, h.sql(`SELECT hash, org, expires, uses FROM token WHERE hash = ?`), t.Hash[:]).Scan(&hash, &t.Organisation, &expires, &t.Uses); err != nil {
			return err
		}
		t.Expires = moment(expires)
		if subtle.ConstantTimeCompare(hash, t.Hash[:]) != 1 || !now.Before(t.Expires) || t.Organisation == "" {
			return ErrNotFound
		}
		err := tx.QueryRowContext(ctx, h.sql(`SELECT id FROM server WHERE name = ? AND org = ? AND key_hash = ? AND revoked = 0`), server, t.Organisation, keyHash).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if t.Uses < 1 {
			return ErrNotFound
		}
		if _, err := tx.ExecContext(ctx, h.sql(`UPDATE token SET uses = uses - 1, last_used = ? WHERE hash = ?`), stamp(now), t.Hash[:]); err != nil {
			return err
		}
		id, err = h.enrol(ctx, tx, t.Organisation, server, keyHash, now)
		return err
	})
	return t, id, err
}

// HasAdminToken reports whether there is a token that AddAdmin would take.
func (h *Hub) HasAdminToken(ctx context.Context, now time.Time) (bool, error) {
	var n int
	err := h.read.QueryRowContext(ctx, h.sql(`SELECT COUNT(*) FROM token WHERE org = '' AND uses > 0 AND expires > ?`), stamp(now)).Scan(&n)
	return n > 0, h.told(err)
}

// AddAdmin adds an account for the token of an administrator, one that was made
// for no organisation and enrols nobody: both happen, or neither. A token that
// is another, used up or expired is not found.
func (h *Hub) AddAdmin(ctx context.Context, token string, a Account, now time.Time) error {
	sum := sha256.Sum256([]byte(token))
	return h.update(ctx, func(tx *sql.Tx) error {
		if err := found(tx.ExecContext(ctx, h.sql(`UPDATE token SET uses = uses - 1, last_used = ? WHERE hash = ? AND org = '' AND uses > 0 AND expires > ?`), stamp(now), sum[:], stamp(now))); err != nil {
			return err
		}
		return h.addAccount(ctx, tx, a)
	})
}

// RevokeToken makes a token useless.
func (h *Hub) RevokeToken(ctx context.Context, scope Scope, hash [32]byte) error {
	q, args := `UPDATE token SET uses = 0 WHERE hash = ?`, []any{hash[:]}
	if !scope.all {
		q, args = q+` AND org = ?`, append(args, scope.org)
	}
	n, err := h.exec(ctx, q, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}
