package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
type Published struct {
	h  *Hub
	tx *sql.Tx // nil outside Look and Change
}

// Published returns the collections of what was published.
func (h *Hub) Published() Published { return Published{h: h} }

// Change runs f on what was published: all that f does is done in one moment, or
// nothing of it, and nobody else changes anything meanwhile.
func (p Published) Change(ctx context.Context, f func(Published) error) error {
	return p.h.update(ctx, func(tx *sql.Tx) error { return f(Published{p.h, tx}) })
}

// Look runs f on what was published as it is at this moment, and keeps nobody
// from changing it meanwhile.
func (p Published) Look(ctx context.Context, f func(Published) error) error {
	tx, err := p.h.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return p.h.told(err)
	}
	defer tx.Rollback()
	return f(Published{p.h, tx})
}

func (p Published) update(ctx context.Context, f func(*sql.Tx) error) error {
	if p.tx != nil {
		return f(p.tx)
	}
	return p.h.update(ctx, f)
}

func listPublished[T any](ctx context.Context, p Published, row func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	if p.tx != nil {
		return listIn(ctx, p.h, p.tx, row, query, args...)
	}
	return list(ctx, p.h, row, query, args...)
}

// Revoked lists the objects of a collection that were revoked.
func (p Published) Revoked(ctx context.Context, collection string) (map[string]bool, error) {
	gone := map[string]bool{}
	_, err := listPublished(ctx, p, func(r *sql.Rows) (_ struct{}, err error) {
		var id string
		err = r.Scan(&id)
		gone[id] = true
		return
	}, `SELECT object FROM published WHERE collection = ? AND revoked = 1`, collection)
	return gone, err
}

// An Item is what people call one thing that was published: a claim, an
// indicator.
type Item struct {
	Collection string
	taxii.Object
}

// Items lists the claims and indicators of collections, the last published
// first; text finds those that hold it, in any case.
func (p Published) Items(ctx context.Context, collections []string, text string, page Page) (items []Item, next string, err error) {
	if len(collections) == 0 {
		return nil, "", nil
	}
	q := `SELECT seq, collection, object, type, spec, version, revoked, added, body FROM published p WHERE (collection || '') IN (` + marks(len(collections)) + `) -- by seq, until the page is full
		AND (type IN ('indicator', 'note', 'opinion') OR type = 'relationship' AND body LIKE '%"claim_id":%')
		AND NOT EXISTS (SELECT 1 FROM published o WHERE o.collection = p.collection AND o.object = p.object AND (o.instant, o.seq) > (p.instant, p.seq))`
	args := anys(collections)
	if text != "" {
		q, args = q+` AND LOWER(body) LIKE ? ESCAPE '\'`, append(args, pattern(text))
	}
	if k, ok := page.numbers(1); ok {
		q, args = q+` AND seq < ?`, append(args, k[0])
	}
	items, err = listPublished(ctx, p, func(r *sql.Rows) (i Item, err error) {
		i.Object, err = scanPublished(r, &i.Collection)
		return i, err
	}, q+` ORDER BY seq DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(items) > page.limit() {
		items = items[:page.limit()]
		next = key(items[len(items)-1].Seq)
	}
	return items, next, err
}

func scanPublished(r *sql.Rows, collection *string) (o taxii.Object, err error) {
	var at, revoked int64
	var body string
	err = r.Scan(&o.Seq, collection, &o.ID, &o.Type, &o.Spec, &o.Version, &revoked, &at, &body)
	o.Added, o.Revoked, o.JSON = moment(at), revoked != 0, json.RawMessage(body)
	return o, err
}

// Count is how many objects a collection holds, and when the last came.
func (p Published) Count(ctx context.Context, collection string) (n int, last time.Time, err error) {
	var at int64
	err = p.h.read.QueryRowContext(ctx, p.h.sql(`SELECT COUNT(*), COALESCE(MAX(added), 0) FROM published WHERE collection = ?`), collection).Scan(&n, &at)
	return n, moment(at), p.h.told(err)
}

// Query implements [taxii.Store]. It reads no object but those it returns.
func (p Published) Query(ctx context.Context, collection string, q taxii.Query) (page []taxii.Object, more bool, err error) {
	if !q.AddedAfter.IsZero() { // seq and added grow together
		after, err := listPublished(ctx, p, func(r *sql.Rows) (seq int64, err error) { return seq, r.Scan(&seq) },
			`SELECT seq FROM published WHERE collection = ? AND added <= ? ORDER BY added DESC LIMIT 1`, collection, stamp(q.AddedAfter))
		if err != nil {
			return nil, false, err
		}
		q.After = slices.Max(append(after, q.After))
	}
	seq := "seq"
	if len(q.IDs) > 0 {
		seq = "+seq" // so that SQLite goes by the ids
	}
	text, args := `SELECT seq, collection, object, type, spec, version, revoked, added, body FROM published p WHERE collection = ? AND `+seq+` > ?`, []any{collection, q.After}
	where := func(cond string, values ...any) {
		text += " AND " + cond
		args = append(args, values...)
	}
	if len(q.IDs) > 0 {
		where(`object IN (`+marks(len(q.IDs))+`)`, anys(q.IDs)...)
	}
	if len(q.Types) > 0 {
		where(`type IN (`+marks(len(q.Types))+`)`, anys(q.Types)...)
	}
	if len(q.Mentions) > 0 { // quicker than to fetch all and look here
		var patterns []any
		for uuid := range q.Mentions {
			patterns = append(patterns, "%--"+uuid+"%")
		}
		where("("+strings.TrimSuffix(strings.Repeat("body LIKE ? OR ", len(patterns)), " OR ")+")", patterns...)
	}
	const no = `NOT EXISTS (SELECT 1 FROM published o WHERE o.collection = p.collection AND o.object = p.object AND `
	same := `o.spec = p.spec` // of versions that are compared
	if len(q.Specs) > 0 {
		where(`spec IN (`+marks(len(q.Specs))+`)`, anys(q.Specs)...)
		same = `o.spec IN (` + marks(len(q.Specs)) + `)`
	} else {
		where(no + `o.spec > p.spec)`)
	}
	if len(q.Versions) == 0 {
		q.Versions = []string{"last"}
	}
	if !slices.Contains(q.Versions, "all") {
		var some []string
		var values []any
		for _, v := range q.Versions {
			switch v {
			case "first":
				some, values = append(some, no+same+` AND (o.instant, o.seq) < (p.instant, p.seq))`), append(values, anys(q.Specs)...)
			case "last":
				some, values = append(some, no+same+` AND (o.instant, o.seq) > (p.instant, p.seq))`), append(values, anys(q.Specs)...)
			default:
				some, values = append(some, `instant = ?`), append(values, instant(v))
			}
		}
		where("("+strings.Join(some, " OR ")+")", values...)
	}
	text += ` ORDER BY ` + seq
	if q.Newest {
		text += ` DESC`
	}
	if q.Limit > 0 {
		text, args = text+` LIMIT ?`, append(args, q.Limit+1)
	}
	page, err = listPublished(ctx, p, func(r *sql.Rows) (taxii.Object, error) { return scanPublished(r, new(string)) }, text, args...)
	if q.Limit > 0 && len(page) > q.Limit {
		page, more = page[:q.Limit], true
	}
	return page, more, err
}

// instant writes an object's version so that texts compare as the times do; ""
// if it is no time.
func instant(version string) string {
	t, err := time.Parse(time.RFC3339Nano, version)
	if err != nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// Add implements [taxii.Store]: dates of addition grow, and no two are equal.
func (p Published) Add(ctx context.Context, collection string, objects []taxii.Object, now time.Time) error {
	return p.update(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, p.h.sql(`SELECT COALESCE(MAX(added), 0) FROM published WHERE collection = ?`), collection).Scan(&last); err != nil {
			return err
		}
		gone, err := Published{p.h, tx}.Revoked(ctx, collection)
		if err != nil {
			return err
		}
		at := max(stamp(now), last+1)
		for _, o := range objects {
			if gone[o.ID] {
				continue
			}
			revoked := 0
			if o.Revoked {
				revoked, gone[o.ID] = 1, true
			}
			res, err := tx.ExecContext(ctx, p.h.sql(`INSERT INTO published(collection, object, type, spec, version, instant, revoked, added, body) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`), collection, o.ID, o.Type, o.Spec, o.Version, instant(o.Version), revoked, at, string(o.JSON))
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
	err = p.update(ctx, func(tx *sql.Tx) error {
		for _, o := range objects {
			if _, err := tx.ExecContext(ctx, p.h.sql(`DELETE FROM published WHERE seq = ?`), o.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	return len(objects), err
}
