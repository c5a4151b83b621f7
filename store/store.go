// Package store keeps what a fleet of servers reported: who they are, their
// cases, and what of them can be searched, counted and compared.
//
// One [Hub] holds all of it, in SQLite or PostgreSQL, with the same tables and
// queries; package sqlite or postgres opens one, and storetest proves that both
// answer alike. Everything that a page shows at once is counted when a case
// comes in; only the page of a file, finding or indicator reads the list of its
// servers.
//
// Times are kept in microseconds since 1970, UTC, 0 for none.
package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	_ "embed" // for schema.sql
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Hub is the database of a hub. It is safe for concurrent use; several hubs
// may share one in PostgreSQL.
type Hub struct {
	write, read            *sql.DB
	dialect                Dialect
	salt                   []byte    // of the identifiers that are hashes
	keyHashes, visit, held *sql.Stmt // of each visit of a server: to prepare them takes longer than to run them
	statements             sync.Map  // of *sql.Stmt, by their text: those of Ingest
}

// A Dialect is how one engine differs from the other.
type Dialect struct {
	Name               string // "sqlite", "postgres"
	Numbered           bool   // parameters are $1, $2… instead of ?
	Schema             map[string]string
	OrFail             bool   // a statement that fails may leave what it changed, and is quicker: its transaction ends anyway
	Lock               string // taken first in each writing transaction; "" if there is one writer anyway
	TableMissing, Full func(error) bool
}

var (
	// ErrNotFound says that there is no such thing, or that the scope does not
	// show it: the two look the same from outside.
	ErrNotFound = errors.New("not found")
	// ErrScope says that the operation needs the whole estate as its scope.
	ErrScope = errors.New("only for those who see all organisations")
	// ErrFull says that the disk is full. Nothing of the transaction was kept.
	ErrFull = errors.New("the database's disk is full")
	// ErrNewer says that a later version of Limier wrote the database.
	ErrNewer = errors.New("the database was written by a later version of Limier: update this hub, or restore a backup")
)

// A Scope is what the one who asks may see. The zero value sees nothing.
type Scope struct {
	all bool
	org string
}

// All sees every organisation.
func All() Scope { return Scope{all: true} }

// Org sees the servers of one organisation. An empty id sees nothing.
func Org(id string) Scope { return Scope{org: id} }

// Whole reports whether the scope is the whole estate.
func (s Scope) Whole() bool { return s.all }

// Organisation is the one that the scope is limited to; "" for all, or none.
func (s Scope) Organisation() string { return s.org }

// A Page asks for a part of a list.
type Page struct {
	After string // Next of the part before; "" for the first
	Limit int    // 0 means 50; at most 1,000
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return 50
	}
	return min(p.Limit, 1000)
}

// numbers reads the key of a page: numbers joined by dots.
func (p Page) numbers(n int) ([]int64, bool) {
	parts := strings.Split(p.After, ".")
	if len(parts) != n {
		return nil, false
	}
	out := make([]int64, n)
	for i, s := range parts {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

func key(numbers ...int64) string {
	var parts []string
	for _, n := range numbers {
		parts = append(parts, strconv.FormatInt(n, 10))
	}
	return strings.Join(parts, ".")
}

//go:embed schema.sql
var schema string

// Open takes over two connection pools of one database, one for writing and
// one for reading, and brings its tables up to date.
func Open(ctx context.Context, write, read *sql.DB, d Dialect) (*Hub, error) {
	h := &Hub{write: write, read: read, dialect: d}
	if err := h.migrate(ctx); err != nil {
		return nil, h.told(err)
	}
	for _, s := range []struct {
		to    **sql.Stmt
		db    *sql.DB
		query string
	}{
		{&h.keyHashes, read, `SELECT id, key_hash FROM server WHERE id >= ? AND id < ? AND revoked = 0`},
		{&h.visit, write, `UPDATE server SET seen = ?, allow_files = ? WHERE id = ?`},
		{&h.held, read, `SELECT 1 FROM cases WHERE server = ? AND evidence = ? UNION ALL SELECT 1 FROM dead_letter WHERE server = ? AND evidence = ?`},
	} {
		var err error
		if *s.to, err = s.db.PrepareContext(ctx, h.sql(s.query)); err != nil {
			return nil, h.told(err)
		}
	}
	return h, nil
}

// Close closes both pools.
func (h *Hub) Close() error {
	for _, s := range []*sql.Stmt{h.keyHashes, h.visit, h.held} {
		s.Close()
	}
	for _, s := range h.statements.Range {
		s.(*sql.Stmt).Close()
	}
	if h.read == h.write {
		return h.write.Close()
	}
	return errors.Join(h.read.Close(), h.write.Close())
}

// Ping reports whether the database answers.
func (h *Hub) Ping(ctx context.Context) error {
	var one int
	return h.told(h.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Engine names the database: "sqlite" or "postgres".
func (h *Hub) Engine() string { return h.dialect.Name }

// DB is the pool for reading, for tools that keep tables of their own beside
// those of this package.
func (h *Hub) DB() *sql.DB { return h.read }

// migrate runs the steps of the schema that the database has not seen. A step
// is a part of schema.sql; a database that was written by a later version is
// refused.
func (h *Hub) migrate(ctx context.Context) error {
	steps := strings.Split(h.words(schema), "-- step\n")[1:]
	tx, err := h.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS meta (key "+h.dialect.Schema["{text}"]+" PRIMARY KEY, value "+h.dialect.Schema["{text}"]+" NOT NULL)"); err != nil {
		return err
	}
	done := 0
	var text string
	switch err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'schema'").Scan(&text); {
	case err == nil:
		if done, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("meta.schema: %w", err)
		}
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if done > len(steps) {
		return ErrNewer
	}
	for i, step := range steps[done:] {
		for _, thing := range listsFor(done + i) {
			if err := h.listHolders(ctx, tx, thing); err != nil {
				return fmt.Errorf("making lists of each %s: %w", thing, err)
			}
		}
		for stmt := range strings.SplitSeq(step, ";\n") {
			if strings.TrimSpace(stmt) == "" {
				continue
			}
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return fmt.Errorf("schema: %w", err)
			}
		}
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	for k, v := range map[string]string{"schema": strconv.Itoa(len(steps)), "salt": hex.EncodeToString(salt)} {
		keep := " DO UPDATE SET value = excluded.value"
		if k == "salt" {
			keep = " DO NOTHING"
		}
		if _, err := tx.ExecContext(ctx, h.sql("INSERT INTO meta(key, value) VALUES (?,?) ON CONFLICT (key)"+keep), k, v); err != nil {
			return err
		}
	}
	if err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'salt'").Scan(&text); err != nil {
		return err
	}
	if h.salt, err = hex.DecodeString(text); err != nil {
		return err
	}
	return tx.Commit()
}

// NoteKeys notes the fingerprint of the keys that sign for this database's
// servers, unless one is noted; "" notes nothing. It returns the noted one, or
// ErrNotFound.
func (h *Hub) NoteKeys(ctx context.Context, fingerprint string) (noted string, err error) {
	if fingerprint != "" {
		if _, err := h.exec(ctx, `INSERT INTO meta(key, value) VALUES ('keys', ?) ON CONFLICT (key) DO NOTHING`, fingerprint); err != nil {
			return "", err
		}
	}
	err = h.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'keys'`).Scan(&noted)
	return noted, h.told(err)
}

// words puts the engine's own words into a schema.
func (h *Hub) words(text string) string {
	for marker, word := range h.dialect.Schema {
		text = strings.ReplaceAll(text, marker, word)
	}
	return text
}

// id is the identifier of something that is known by its content. The salt
// keeps others from making two things with one identifier.
func (h *Hub) id(kind string, parts ...string) int64 {
	text := append(append(make([]byte, 0, 512), h.salt...), kind...)
	for _, p := range parts {
		text = append(append(text, 0), p...)
	}
	sum := sha256.Sum256(text)
	return int64(binary.BigEndian.Uint64(sum[:]) >> 1)
}

// sql numbers the parameters where the engine wants it.
func (h *Hub) sql(query string) string {
	if !h.dialect.Numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// begin starts a transaction that writes, one at a time.
func (h *Hub) begin(ctx context.Context) (*sql.Tx, error) {
	tx, err := h.write.BeginTx(ctx, nil)
	if err != nil || h.dialect.Lock == "" {
		return tx, err
	}
	if _, err := tx.ExecContext(ctx, h.dialect.Lock); err != nil {
		tx.Rollback()
		return nil, err
	}
	return tx, nil
}

// update runs f in a transaction that writes.
func (h *Hub) update(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := h.begin(ctx)
	if err != nil {
		return h.told(err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return h.told(err)
	}
	return h.told(tx.Commit())
}

// exec runs one statement that writes.
func (h *Hub) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = h.update(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, h.sql(query), args...)
		if err == nil {
			changed, err = res.RowsAffected()
		}
		return err
	})
	return changed, err
}

// told names the errors that callers tell apart.
func (h *Hub) told(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case h.dialect.Full != nil && h.dialect.Full(err):
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return err
}

// list reads all rows of a query.
func list[T any](ctx context.Context, h *Hub, row func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	return listIn(ctx, h, h.read, row, query, args...)
}

// listIn is list within a transaction.
func listIn[T any](ctx context.Context, h *Hub, in interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, row func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = asked(s)
		}
	}
	rows, err := in.QueryContext(ctx, h.sql(query), args...)
	if err != nil {
		return nil, h.told(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := row(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, h.told(rows.Err())
}

// asked is a text that is asked for. PostgreSQL takes broken UTF-8 and zero bytes
// for an error, where nothing is to be found.
func asked(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// stamp and moment turn times into what the tables hold, and back.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// marks is n parameters: "?,?,?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// prefix bounds the texts that begin with p, in the order of bytes.
func prefix(p string) (from, to string) { return p, p + "\U0010ffff" }

// pattern is a LIKE pattern for texts that hold s.
func pattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(s)) + "%"
}
