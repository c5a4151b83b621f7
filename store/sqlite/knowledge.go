package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"limier/claim"
	"limier/knowledge"
)

// knowledgeID marks the file: "LIMK", in SQLite's header.
const (
	knowledgeID      = 0x4c494d4b
	knowledgeVersion = 1
)

const knowledgeSchema = `
CREATE TABLE import (id INTEGER PRIMARY KEY, source TEXT NOT NULL, sha256 TEXT NOT NULL, format TEXT NOT NULL, at TEXT NOT NULL, actors INTEGER NOT NULL, claims INTEGER NOT NULL, skipped TEXT NOT NULL) STRICT;
CREATE TABLE actor (id TEXT PRIMARY KEY, body TEXT NOT NULL, import INTEGER NOT NULL REFERENCES import(id)) STRICT;
CREATE TABLE claim (id TEXT NOT NULL, version INTEGER NOT NULL, relation TEXT NOT NULL, object_id TEXT NOT NULL, object TEXT NOT NULL, target_id TEXT NOT NULL, target TEXT NOT NULL,
	body TEXT NOT NULL, import INTEGER NOT NULL REFERENCES import(id), PRIMARY KEY (id, version)) STRICT;
CREATE INDEX claim_object_id ON claim(object_id);
CREATE INDEX claim_object ON claim(object);
CREATE INDEX claim_target_id ON claim(target_id);
CREATE INDEX claim_target ON claim(target);
`

// A Knowledge is a file of what was imported. It only grows: each claim stays
// as it was read, and says with which import it came.
type Knowledge struct{ db *sql.DB }

// OpenKnowledge opens the file at path, and makes it and its folder if there
// is none.
func OpenKnowledge(ctx context.Context, path string) (*Knowledge, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+pathEscape(path)+"?_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)&_pragma=trusted_schema(off)&_pragma=temp_store(memory)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	k := &Knowledge{db}
	if err := k.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", path, told(err))
	}
	return k, nil
}

func (k *Knowledge) prepare(ctx context.Context) error {
	var id, version, tables int
	if err := k.db.QueryRowContext(ctx, `SELECT (SELECT * FROM pragma_application_id), (SELECT * FROM pragma_user_version), (SELECT COUNT(*) FROM sqlite_schema)`).Scan(&id, &version, &tables); err != nil {
		return err
	}
	switch {
	case id == knowledgeID && version == knowledgeVersion:
		return nil
	case id == knowledgeID:
		return fmt.Errorf("the file is of version %d; this Limier reads %d", version, knowledgeVersion)
	case tables > 0:
		return errors.New("this is an SQLite file of something else, not of knowledge")
	}
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, knowledgeSchema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", knowledgeID, knowledgeVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

// Close closes the file.
func (k *Knowledge) Close() error { return k.db.Close() }

// Load adds to b what the file holds of the names: the actors, and the claims
// that speak of the things or actors of these names. Without names it adds all.
func (k *Knowledge) Load(ctx context.Context, b *knowledge.Base, names ...string) error {
	if err := k.actors(ctx, b); err != nil {
		return told(err)
	}
	if len(names) == 0 {
		return told(k.claims(ctx, b, `SELECT body FROM claim ORDER BY import, rowid`))
	}
	var keys []any
	seen := map[string]bool{}
	add := func(list ...string) {
		for _, s := range list {
			if s != "" && !seen[s] {
				seen[s] = true
				keys = append(keys, s)
			}
		}
	}
	for _, n := range names {
		add(n, knowledge.Fold(n))
		for _, found := range b.Find(n) {
			add(found.Actor.ID)
		}
	}
	// Who is called so by somebody's word is among the objects of those claims.
	marks := strings.TrimSuffix(strings.Repeat("?,", len(keys)), ",")
	rows, err := k.db.QueryContext(ctx, `SELECT DISTINCT object_id FROM claim WHERE relation = 'alias-of' AND target IN (`+marks+`) AND object_id <> ''`, keys...)
	if err != nil {
		return told(err)
	}
	var more []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return told(errors.Join(err, rows.Close()))
		}
		more = append(more, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return told(err)
	}
	add(more...)
	marks = strings.TrimSuffix(strings.Repeat("?,", len(keys)), ",")
	return told(k.claims(ctx, b, `SELECT body FROM claim WHERE rowid IN (SELECT rowid FROM claim WHERE object_id IN (`+marks+`) UNION SELECT rowid FROM claim WHERE object IN (`+marks+`)
		UNION SELECT rowid FROM claim WHERE target_id IN (`+marks+`) UNION SELECT rowid FROM claim WHERE target IN (`+marks+`)) ORDER BY import, rowid`,
		append(append(append(append([]any{}, keys...), keys...), keys...), keys...)...))
}

func (k *Knowledge) actors(ctx context.Context, b *knowledge.Base) error {
	rows, err := k.db.QueryContext(ctx, `SELECT body FROM actor ORDER BY rowid`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var a knowledge.Actor
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &a); err != nil {
			return fmt.Errorf("actor: %w", err)
		}
		b.Actors = append(b.Actors, a)
	}
	return rows.Err()
}

func (k *Knowledge) claims(ctx context.Context, b *knowledge.Base, query string, args ...any) error {
	rows, err := k.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var c claim.Claim
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &c); err != nil {
			return fmt.Errorf("claim: %w", err)
		}
		b.Claims = append(b.Claims, c) // it was checked when it was added
	}
	return rows.Err()
}

// Add keeps an import in one transaction: all of it, or nothing. It returns how
// many actors and claims were new.
func (k *Knowledge) Add(ctx context.Context, im *knowledge.Import, source, sha256 string, at time.Time) (actors, claims int, err error) {
	b, err := knowledge.Builtin()
	if err != nil {
		return 0, 0, err
	}
	if err := k.Load(ctx, b); err != nil {
		return 0, 0, err
	}
	hadActors, hadClaims := len(b.Actors), len(b.Claims)
	if err := b.AddImport(im); err != nil {
		return 0, 0, err
	}
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, told(err)
	}
	defer tx.Rollback()
	w := &writer{ctx: ctx, tx: tx, stmts: map[string]*sql.Stmt{}}
	freshActors, freshClaims := b.Actors[hadActors:], b.Claims[hadClaims:]
	skipped, _ := json.Marshal(im.Skipped) // text and numbers always marshal
	var id int64
	if err := tx.QueryRowContext(ctx, `INSERT INTO import(source, sha256, format, at, actors, claims, skipped) VALUES (?,?,?,?,?,?,?) RETURNING id`, source, sha256, im.Format, stamp(at), len(freshActors), len(freshClaims), string(skipped)).Scan(&id); err != nil {
		return 0, 0, told(err)
	}
	for i := range freshActors {
		body, _ := json.Marshal(&freshActors[i])
		w.exec(`INSERT INTO actor(id, body, import) VALUES (?,?,?)`, freshActors[i].ID, string(body), id)
	}
	for i := range freshClaims {
		c := &freshClaims[i]
		body, _ := json.Marshal(c)
		w.exec(`INSERT INTO claim(id, version, relation, object_id, object, target_id, target, body, import) VALUES (?,?,?,?,?,?,?,?,?)`,
			c.ID, max(c.Version, 1), string(c.Relation), c.Object.ID, knowledge.Fold(c.Object.Name), c.Target.ID, knowledge.Fold(c.Target.Name), string(body), id)
	}
	if w.err != nil {
		return 0, 0, told(w.err)
	}
	if err := tx.Commit(); err != nil {
		return 0, 0, told(err)
	}
	return len(freshActors), len(freshClaims), nil
}

// An Imported is one import that the file holds.
type Imported struct {
	Source, SHA256, Format string
	At                     string // UTC
	Actors, Claims         int
}

// Imports lists the imports, the first one first.
func (k *Knowledge) Imports(ctx context.Context) ([]Imported, error) {
	rows, err := k.db.QueryContext(ctx, `SELECT source, sha256, format, at, actors, claims FROM import ORDER BY id`)
	if err != nil {
		return nil, told(err)
	}
	defer rows.Close()
	var all []Imported
	for rows.Next() {
		var i Imported
		if err := rows.Scan(&i.Source, &i.SHA256, &i.Format, &i.At, &i.Actors, &i.Claims); err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, rows.Err()
}
