// Package sqlite keeps a case in one SQLite file, whose schema doc/case-format.md
// describes for other tools.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed" // for schema.sql
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"modernc.org/sqlite" // the driver, in Go
	sqlite3 "modernc.org/sqlite/lib"

	"limier/casefile"
	"limier/finding"
)

// Schema is the version of the schema that this package writes. It reads
// version 2 too, which had no facts and no clusters, and version 1, which had
// one scan, no evidence and no chain.
const Schema = 3

// applicationID marks the file as a case: "LIMR", in SQLite's header.
const applicationID = 0x4c494d52

//go:embed schema1.sql
var schema1 string

//go:embed schema2.sql
var schema2 string

//go:embed schema3.sql
var schema3 string

// schemaOf is the text of the schema of a version.
func schemaOf(version int) string { return []string{"", schema1, schema2, schema3}[version] }

// Write writes the case to a new file at path, replacing one that is there.
// The file appears whole or not at all.
func Write(ctx context.Context, path string, c *casefile.Case) error {
	return told(write1(ctx, path, c))
}

// ErrFull says that the disk is full; what was there before is unchanged.
var ErrFull = errors.New("the disk is full; nothing was written and what was there before is unchanged")

// told names a full disk as such.
func told(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return err
}

func write1(ctx context.Context, path string, c *casefile.Case) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".limier-*.tmp")
	if err != nil {
		return err
	}
	tmp.Close()
	defer os.Remove(tmp.Name())
	db, err := sql.Open("sqlite", "file:"+pathEscape(tmp.Name())+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	err = write(ctx, db, c)
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := sync(tmp.Name()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func sync(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func write(ctx context.Context, db *sql.DB, c *casefile.Case) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	w := &writer{ctx: ctx, tx: tx, stmts: map[string]*sql.Stmt{}}
	w.exec(schemaOf(Schema))
	w.exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, Schema))
	for i, s := range append([]casefile.Scan{{Start: c.Start, End: c.End, Complete: c.Complete}}, c.Scans...) {
		w.exec(`INSERT INTO scan(id, format, version, source, host, acquired, rules, complete, verdict, confidence, reason, files, bytes, events, sightings, findings, gaps)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			i, s.Start.Format, s.Start.Version, s.Start.Source, s.Start.Host, stamp(s.Start.Acquired), s.Start.Rules, s.Complete, s.End.Verdict, s.End.Confidence, s.End.Reason,
			s.End.Counts.Files, s.End.Counts.Bytes, s.End.Counts.Events, s.End.Counts.Sightings, s.End.Counts.Findings, s.End.Counts.Gaps)
		for _, v := range s.End.Coverage {
			w.exec(`INSERT INTO coverage(scan, source, files, events, bytes, first, last) VALUES (?,?,?,?,?,?,?)`, i, v.Source, v.Files, v.Events, v.Bytes, stamp(v.First), stamp(v.Last))
		}
	}
	for i, e := range c.Exposures {
		w.exec(`INSERT INTO exposure(id, host, product, build, name, updated, proof, notes) VALUES (?,?,?,?,?,?,?,?)`, i+1, e.Host, e.Product, e.Build, e.Name, e.Updated, text(e.Proof), text(e.Notes))
		for _, s := range e.CVEs {
			w.exec(`INSERT INTO exposure_cve(exposure, cve, state, fixed_in, note, exploited) VALUES (?,?,?,?,?,?)`, i+1, s.ID, s.State, s.FixedIn, s.Note, s.Exploited)
		}
	}
	for i, f := range c.Findings {
		w.exec(`INSERT INTO finding(id, key, rule, title, reason, phase, outcome, level, confidence, host, start, "end", count, techniques, cves, refs)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			i+1, f.ID, f.Rule, f.Title, f.Reason, f.Phase, f.Outcome, f.Level, f.Confidence, f.Host, stamp(f.Start), stamp(f.End), f.Count, text(f.Techniques), text(f.CVEs), text(f.References))
		for n, s := range f.Steps {
			w.exec(`INSERT INTO step(finding, n, time, rule, text, outcome, key, path, line, record, "offset", raw) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
				i+1, n+1, stamp(s.Time), s.Rule, s.Text, s.Outcome, s.Key, s.Ref.Path, s.Ref.Line, s.Ref.Record, s.Ref.Offset, s.Raw)
		}
		for n, e := range f.Entities {
			w.exec(`INSERT INTO entity(finding, n, type, value, role) VALUES (?,?,?,?,?)`, i+1, n+1, e.Type, e.Value, e.Role)
		}
	}
	for _, e := range c.Evidence {
		w.exec(`INSERT INTO evidence(path, size, sha256) VALUES (?,?,?)`, e.Path, e.Size, e.SHA256)
	}
	for _, g := range c.Gaps {
		w.exec(`INSERT INTO gap(path, line, record, "offset", reason, count) VALUES (?,?,?,?,?,?)`, g.Ref.Path, g.Ref.Line, g.Ref.Record, g.Ref.Offset, g.Reason, max(g.Count, 1))
	}
	for i, f := range c.Facts {
		w.exec(`INSERT INTO fact(n, type, value, kind, text, name, asn, country, source, date, shared) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
			i+1, f.Type, f.Value, f.Kind, f.Text, f.Name, f.ASN, f.Country, f.Source, f.Date, f.Shared)
	}
	w.clusters(c)
	for i, n := range c.End.Next {
		w.exec(`INSERT INTO next_step(n, text, source) VALUES (?,?,?)`, i+1, n.Text, n.Source)
	}
	if w.err != nil {
		return w.err
	}
	if err := seal(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// clusters writes the groups of activity for other tools. They follow from
// the findings; Limier works them out again and does not read them back.
func (w *writer) clusters(c *casefile.Case) {
	places := map[*finding.Finding]int{}
	for i := range c.Findings {
		places[&c.Findings[i]] = i + 1
	}
	for i, cl := range c.Activity().Clusters {
		w.exec(`INSERT INTO cluster(id, name, level, succeeded, commanded, first, last) VALUES (?,?,?,?,?,?,?)`, i+1, cl.Name, cl.Level, cl.Succeeded, cl.Commanded, stamp(cl.First), stamp(cl.Last))
		members := func(kind string, values ...string) {
			for _, v := range values {
				w.exec(`INSERT INTO cluster_member(cluster, kind, value) VALUES (?,?,?)`, i+1, kind, v)
			}
		}
		members("address", cl.Addresses...)
		members("user-agent", cl.Agents...)
		members("shell", cl.Shells...)
		for _, f := range cl.Findings {
			members("finding", strconv.Itoa(places[f]))
		}
	}
}

// A writer executes statements until one fails.
type writer struct {
	ctx context.Context
	tx  *sql.Tx
	err error

	stmts map[string]*sql.Stmt // closed with the transaction
}

func (w *writer) exec(query string, args ...any) {
	if w.err != nil {
		return
	}
	if len(args) == 0 {
		_, w.err = w.tx.ExecContext(w.ctx, query)
		return
	}
	stmt := w.stmts[query]
	if stmt == nil {
		if stmt, w.err = w.tx.PrepareContext(w.ctx, query); w.err != nil {
			return
		}
		w.stmts[query] = stmt
	}
	_, w.err = stmt.ExecContext(w.ctx, args...)
}

// stamp writes a time so that text order is time order; "" for no time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// text writes a list as JSON, "[]" if it is empty.
func text[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings and refs always marshal
	return string(b)
}
