package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

const orgColumns = `id, name, country, contact, notes, created, notified, notified_by, servers, compromised, attacked, exposed`

func scanOrg(r interface{ Scan(...any) error }) (o Organisation, err error) {
	var created, notified int64
	err = r.Scan(&o.ID, &o.Name, &o.Country, &o.Contact, &o.Notes, &created, &notified, &o.NotifiedBy, &o.Servers, &o.Compromised, &o.Attacked, &o.Exposed)
	o.Created, o.Notified = moment(created), moment(notified)
	return o, err
}

// Organisations lists organisations, those with most servers compromised, then
// attacked, then exposed first. toNotify leaves out those with none of the
// first two, and those that were told since the last finding.
func (h *Hub) Organisations(ctx context.Context, scope Scope, toNotify bool, page Page) (all []Organisation, next string, err error) {
	q, args := `SELECT `+orgColumns+` FROM organisation WHERE 1 = 1`, []any{}
	if !scope.all {
		q, args = q+` AND id = ?`, append(args, scope.org)
	}
	if toNotify {
		q += ` AND notified = 0 AND (compromised, attacked) > (0, 0)` // a range of the index
	}
	if numbers, id, ok := strings.Cut(page.After, "\x00"); ok {
		if k, ok := (Page{After: numbers}).numbers(3); ok {
			q, args = q+` AND (compromised, attacked, exposed, id) < (?, ?, ?, ?)`, append(args, k[0], k[1], k[2], id)
		}
	}
	all, err = list(ctx, h, func(r *sql.Rows) (Organisation, error) { return scanOrg(r) }, q+` ORDER BY compromised DESC, attacked DESC, exposed DESC, id DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(all) > page.limit() {
		all = all[:page.limit()]
		o := all[len(all)-1]
		next = key(int64(o.Compromised), int64(o.Attacked), int64(o.Exposed)) + "\x00" + o.ID
	}
	return all, next, err
}

// Organisation returns one organisation.
func (h *Hub) Organisation(ctx context.Context, scope Scope, id string) (Organisation, error) {
	if !scope.all && scope.org != id {
		return Organisation{}, ErrNotFound
	}
	o, err := scanOrg(h.read.QueryRowContext(ctx, h.sql(`SELECT `+orgColumns+` FROM organisation WHERE id = ?`), asked(id)))
	if err != nil {
		return Organisation{}, h.told(err)
	}
	return o, nil
}

// PutOrganisation adds an organisation, or changes its name, country, contact
// and notes.
func (h *Hub) PutOrganisation(ctx context.Context, scope Scope, o Organisation) error {
	if !scope.all {
		return ErrScope
	}
	return h.update(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, h.sql(`UPDATE organisation SET name = ?, country = ?, contact = ?, notes = ? WHERE id = ?`), o.Name, o.Country, o.Contact, o.Notes, o.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, h.sql(`INSERT INTO organisation(id, name, country, contact, notes, created) VALUES (?,?,?,?,?,?)`), o.ID, o.Name, o.Country, o.Contact, o.Notes, stamp(o.Created)); err != nil {
			return err
		}
		return h.bump(ctx, tx, "organisations", 1)
	})
}

// Notified notes that an organisation was told, by whom. The next finding that
// is worse undoes it.
func (h *Hub) Notified(ctx context.Context, scope Scope, id, by string, at time.Time) error {
	if _, err := h.Organisation(ctx, scope, id); err != nil {
		return err
	}
	_, err := h.exec(ctx, `UPDATE organisation SET notified = ?, notified_by = ? WHERE id = ?`, stamp(at), by, id)
	return err
}
