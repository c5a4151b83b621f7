package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/publish/taxii"
)

// A Collection is what publishers let go with one marking for the same readers.
type Collection struct {
	ID, Title string
	TLP       string   // of TLP 2.0: "clear", "green", "amber", "amber+strict", "red"
	Everybody bool     // each account reads it
	Readers   []string // else: identifiers of organisations, and @ with the name of an account; none: it is closed
	Created   time.Time
	CreatedBy string
	Always    bool // it is there without anybody making it
}

// TLPs are the markings of TLP 2.0, from the widest to the narrowest.
func TLPs() []string { return []string{"clear", "green", "amber", "amber+strict", "red"} }

// Reads reports whether an account reads the collection: as one of its readers,
// or as one who publishes for the whole hub.
func (c Collection) Reads(a Account) bool {
	return c.Everybody || a.Organisation == "" && a.Role.Rank() >= Publisher.Rank() || a.Organisation != "" && slices.Contains(c.Readers, a.Organisation) || slices.Contains(c.Readers, "@"+a.Name)
}

// ErrRed says that a collection has readers whom TLP:RED does not allow.
var ErrRed = errors.New("TLP:RED is for single persons: name accounts, no organisation and not everybody")

// A ReaderError says that a reader is neither an organisation nor an account.
type ReaderError struct{ Reader string }

func (e *ReaderError) Error() string {
	return fmt.Sprintf("%q is no organisation here, and no account with @ before it", e.Reader)
}

// Collections lists the collections: those that are always there, then by title.
func (h *Hub) Collections(ctx context.Context) ([]Collection, error) {
	var all []Collection
	for i, c := range taxii.Collections() {
		all = append(all, Collection{ID: c.ID, Title: c.Title, TLP: []string{"clear", "amber+strict"}[i], Everybody: true, Always: true})
	}
	own, err := list(ctx, h, func(r *sql.Rows) (c Collection, err error) {
		var everybody, created int64
		var readers string
		err = r.Scan(&c.ID, &c.Title, &c.TLP, &everybody, &readers, &created, &c.CreatedBy)
		c.Everybody, c.Readers, c.Created = everybody != 0, strings.FieldsFunc(readers, func(r rune) bool { return r == '\n' }), moment(created)
		return c, err
	}, `SELECT id, title, tlp, everybody, readers, created, created_by FROM collection ORDER BY title, id LIMIT 1000`)
	return append(all, own...), err
}

// PutCollection adds a collection, or changes its title and readers. Its marking
// stays: what went out under it is marked so.
func (h *Hub) PutCollection(ctx context.Context, scope Scope, c Collection) error {
	if !scope.all {
		return ErrScope
	}
	if c.Title == "" || !slices.Contains(TLPs(), c.TLP) {
		return errors.New("a collection has a title and a marking of TLP 2.0")
	}
	everybody := 0
	if c.Everybody {
		everybody = 1
	}
	return h.update(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, h.sql(`SELECT tlp FROM collection WHERE id = ?`), c.ID).Scan(&c.TLP)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, r := range c.Readers {
			q := `SELECT COUNT(*) FROM organisation WHERE id = ?`
			name, account := strings.CutPrefix(r, "@")
			if account {
				q = `SELECT COUNT(*) FROM account WHERE name = ?`
			}
			var n int
			if err := tx.QueryRowContext(ctx, h.sql(q), asked(name)).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return &ReaderError{r}
			}
			if !account && c.TLP == "red" {
				return ErrRed
			}
		}
		if c.Everybody && c.TLP == "red" {
			return ErrRed
		}
		_, err = tx.ExecContext(ctx, h.sql(`INSERT INTO collection(id, title, tlp, everybody, readers, created, created_by) VALUES (?,?,?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET title = excluded.title, everybody = excluded.everybody, readers = excluded.readers`), c.ID, asked(c.Title), c.TLP, everybody, strings.Join(c.Readers, "\n"), stamp(c.Created), c.CreatedBy)
		return err
	})
}
