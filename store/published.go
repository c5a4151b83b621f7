package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"limier/claim"
	"limier/publish/taxii"
)

// Claims lists the claims that reviewers added, in the order they were added.
func (h *Hub) Claims(ctx context.Context) ([]claim.Claim, error) {
	return list(ctx, h, func(r *sql.Rows) (c claim.Claim, err error) {
		var body []byte
		if err = r.Scan(&body); err == nil {
			err = json.Unmarshal(body, &c)
		}
		return c, err
	}, `SELECT body FROM claim ORDER BY added, id, version`)
}

// AddClaims keeps claims that a reviewer accepted: all of them, or none. A
// claim that is there in this version stays as it is.
func (h *Hub) AddClaims(ctx context.Context, claims []claim.Claim, by string, at time.Time) error {
	return h.update(ctx, func(tx *sql.Tx) error {
		for i := range claims {
			c := &claims[i]
			if err := c.Lint(); err != nil {
				return fmt.Errorf("claim %q: %w", c.ID, err)
			}
			body, err := json.Marshal(c)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, h.sql(`INSERT INTO claim(id, version, body, added, added_by) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING`), c.ID, max(c.Version, 1), string(body), stamp(at), by); err != nil {
				return err
			}
		}
		return nil
	})
}

// Published is what publishers let go, as a store for a TAXII server.
type Published struct{ h *Hub }

// Published returns the collections of what was published.
func (h *Hub) Published() Published { return Published{h} }

// Count is how many objects a collection holds, and when the last came.
func (p Published) Count(ctx context.Context, collection string) (n int, last time.Time, err error) {
	var at int64
	err = p.h.read.QueryRowContext(ctx, p.h.sql(`SELECT COUNT(*), COALESCE(MAX(added), 0) FROM published WHERE collection = ?`), collection).Scan(&n, &at)
	return n, moment(at), p.h.told(err)
}

// Query implements [taxii.Store].
func (p Published) Query(ctx context.Context, collection string, q taxii.Query) ([]taxii.Object, bool, error) {
	// Which version is an object's last is not known before all are read.
	all, err := list(ctx, p.h, func(r *sql.Rows) (o taxii.Object, err error) {
		var at int64
		var body string
		err = r.Scan(&o.Seq, &o.ID, &o.Type, &o.Spec, &o.Version, &at, &body)
		o.Added, o.JSON = moment(at), json.RawMessage(body)
		return o, err
	}, `SELECT seq, object, type, spec, version, added, body FROM published WHERE collection = ? ORDER BY seq`, collection)
	if err != nil {
		return nil, false, err
	}
	page, more := taxii.Select(all, q)
	return page, more, nil
}

// Add implements [taxii.Store]: dates of addition grow, and no two are equal.
func (p Published) Add(ctx context.Context, collection string, objects []taxii.Object, now time.Time) error {
	return p.h.update(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, p.h.sql(`SELECT COALESCE(MAX(added), 0) FROM published WHERE collection = ?`), collection).Scan(&last); err != nil {
			return err
		}
		at := max(stamp(now), last+1)
		for _, o := range objects {
			res, err := tx.ExecContext(ctx, p.h.sql(`INSERT INTO published(collection, object, type, spec, version, added, body) VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`), collection, o.ID, o.Type, o.Spec, o.Version, at, string(o.JSON))
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n > 0 {
				at++
			}
		}
		return nil
	})
}

// Delete implements [taxii.Store].
func (p Published) Delete(ctx context.Context, collection string, q taxii.Query) (int, error) {
	q.Limit, q.After = 0, 0
	objects, _, err := p.Query(ctx, collection, q)
	if err != nil {
		return 0, err
	}
	err = p.h.update(ctx, func(tx *sql.Tx) error {
		for _, o := range objects {
			if _, err := tx.ExecContext(ctx, p.h.sql(`DELETE FROM published WHERE seq = ?`), o.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	return len(objects), err
}
