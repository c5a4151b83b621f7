package sqlite

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
)

// sealed are the tables of the chain, in its order.
func sealed(version int) []string {
	tables := []string{"scan", "exposure", "exposure_cve", "finding", "step", "entity", "evidence", "gap", "coverage", "next_step"}
	if version >= 3 {
		tables = append(tables, "fact", "cluster", "cluster_member")
	}
	return tables
}

// A link is the state of the chain after one table.
type link struct {
	table string
	rows  int
	hash  string // of all rows until here, lower-case hex
}

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// links computes the chain: the SHA-256 of a table's rows, each as a JSON
// array and a line feed, that begins with the hash of the table before.
// doc/case-format.md describes it for other tools.
func links(ctx context.Context, q querier, version int) ([]link, error) {
	var all []link
	before := ""
	for _, table := range sealed(version) {
		sum := sha256.New()
		fmt.Fprintf(sum, "%s\n%s\n", before, table)
		n, err := hashRows(ctx, q, table, sum)
		if err != nil {
			return nil, err
		}
		before = hex.EncodeToString(sum.Sum(nil))
		all = append(all, link{table, n, before})
	}
	return all, nil
}

func hashRows(ctx context.Context, q querier, table string, sum hash.Hash) (n int, err error) {
	rows, err := q.QueryContext(ctx, `SELECT * FROM `+table+` ORDER BY rowid`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if n == maxRows {
			return n, fmt.Errorf("more than %d rows in %s", maxRows, table)
		}
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, v := range values {
			if s, ok := v.(string); ok {
				values[i] = []byte(s) // base64 in JSON: any bytes, one way to write them
			}
		}
		b, err := json.Marshal(values)
		if err != nil {
			return n, err
		}
		sum.Write(append(b, '\n'))
	}
	return n, rows.Err()
}

// seal stores the chain of what was written.
func seal(ctx context.Context, tx *sql.Tx) error {
	all, err := links(ctx, tx, Schema)
	if err != nil {
		return err
	}
	for i, l := range all {
		if _, err := tx.ExecContext(ctx, `INSERT INTO chain(n, "table", rows, hash) VALUES (?,?,?,?)`, i+1, l.table, l.rows, l.hash); err != nil {
			return err
		}
	}
	return nil
}

// A Seal is what the chain of a case file says.
type Seal struct {
	Head       string      // hash of everything, lower-case hex
	Rows       int         // that it covers
	Broken     []string    // tables whose rows are not those that were sealed: the first is where the change is
	Signatures []Signature // of the head
}

// A Signature is one by an ed25519 key over a head.
type Signature struct {
	Key   ed25519.PublicKey
	Valid bool // for the head as it is now
}

// ErrUnsealed says that a case file has no chain: version 1 had none.
var ErrUnsealed = errors.New("a case of version 1 has no hash chain; merge it into a new file to seal it as it is now")

// Verify computes the chain of the case file at path again and compares it
// with the one that is stored.
func Verify(ctx context.Context, path string) (*Seal, error) {
	db, version, err := openCase(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if version < 2 {
		return nil, ErrUnsealed
	}
	s, err := readSeal(ctx, db, version)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, damaged(err))
	}
	return s, nil
}

func readSeal(ctx context.Context, db *sql.DB, version int) (*Seal, error) {
	now, err := links(ctx, db, version)
	if err != nil {
		return nil, err
	}
	s := &Seal{Head: now[len(now)-1].hash}
	stored := map[string]link{}
	r := &reader{ctx: ctx, db: db}
	r.each(`SELECT "table", rows, hash FROM chain ORDER BY n`, func(scan func(...any) error) error {
		var l link
		err := scan(&l.table, &l.rows, &l.hash)
		stored[l.table] = l
		return err
	})
	for _, l := range now {
		s.Rows += l.rows
		if stored[l.table] != l {
			s.Broken = append(s.Broken, l.table)
		}
	}
	r.each(`SELECT key, signature FROM signature ORDER BY key LIMIT 100`, func(scan func(...any) error) error {
		var key, signature string
		err := scan(&key, &signature)
		k, kerr := hex.DecodeString(key)
		sig, serr := hex.DecodeString(signature)
		if err == nil && kerr == nil && serr == nil && len(k) == ed25519.PublicKeySize {
			s.Signatures = append(s.Signatures, Signature{k, ed25519.Verify(k, signedText(s.Head), sig)})
		}
		return err
	})
	return s, r.err
}

// signedText is what a signature is over.
func signedText(head string) []byte { return []byte("limier case\n" + head + "\n") }

// Sign adds a signature over the chain of the case file at path, which must
// be whole. The file is replaced at once or not at all.
func Sign(ctx context.Context, path string, key ed25519.PrivateKey) error {
	s, err := Verify(ctx, path)
	if err != nil {
		return err
	}
	if len(s.Broken) > 0 {
		return fmt.Errorf("%s: not signed, because it was changed after it was written: table %s", path, s.Broken[0])
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".limier-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Close()
	}
	if err != nil {
		return told(err)
	}
	db, err := sql.Open("sqlite", "file:"+pathEscape(tmp.Name())+"?_pragma=journal_mode(off)&_pragma=trusted_schema(off)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `INSERT OR REPLACE INTO signature(key, signature) VALUES (?,?)`,
		hex.EncodeToString(key.Public().(ed25519.PublicKey)), hex.EncodeToString(ed25519.Sign(key, signedText(s.Head))))
	if err = errors.Join(err, db.Close()); err != nil {
		return told(err)
	}
	if err := sync(tmp.Name()); err != nil {
		return told(err)
	}
	return os.Rename(tmp.Name(), path)
}
