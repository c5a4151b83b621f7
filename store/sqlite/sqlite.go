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
	"time"

	_ "modernc.org/sqlite" // the driver, in Go

	"limier/casefile"
	"limier/finding"
	"limier/wire"
)

// Schema is the version of the schema that this package writes and reads.
const Schema = 1

// applicationID marks the file as a case: "LIMR", in SQLite's header.
const applicationID = 0x4c494d52

//go:embed schema.sql
var schema string

// Write writes the case to a new file at path, replacing one that is there.
// The file appears whole or not at all.
func Write(ctx context.Context, path string, c *casefile.Case) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".limier-*.tmp")
	if err != nil {
		return err
	}
	tmp.Close()
	defer os.Remove(tmp.Name())
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(tmp.Name())+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
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
	w := &writer{ctx: ctx, tx: tx}
	w.exec(schema)
	w.exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, Schema))
	w.exec(`INSERT INTO scan(format, version, source, host, acquired, rules, complete, verdict, confidence, reason, files, bytes, events, sightings)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		c.Start.Format, c.Start.Version, c.Start.Source, c.Start.Host, stamp(c.Start.Acquired), c.Start.Rules, c.Complete, c.End.Verdict, c.End.Confidence, c.End.Reason,
		c.End.Counts.Files, c.End.Counts.Bytes, c.End.Counts.Events, c.End.Counts.Sightings)
	for i, e := range c.Exposures {
		w.exec(`INSERT INTO exposure(id, product, build, name, updated, proof, notes) VALUES (?,?,?,?,?,?,?)`, i+1, e.Product, e.Build, e.Name, e.Updated, text(e.Proof), text(e.Notes))
		for _, s := range e.CVEs {
			w.exec(`INSERT INTO exposure_cve(exposure, cve, state, fixed_in, note) VALUES (?,?,?,?,?)`, i+1, s.ID, s.State, s.FixedIn, s.Note)
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
	for _, g := range c.Gaps {
		w.exec(`INSERT INTO gap(path, line, record, "offset", reason, count) VALUES (?,?,?,?,?,?)`, g.Ref.Path, g.Ref.Line, g.Ref.Record, g.Ref.Offset, g.Reason, max(g.Count, 1))
	}
	for _, v := range c.End.Coverage {
		w.exec(`INSERT INTO coverage(source, files, events, bytes, first, last) VALUES (?,?,?,?,?,?)`, v.Source, v.Files, v.Events, v.Bytes, stamp(v.First), stamp(v.Last))
	}
	for i, n := range c.End.Next {
		w.exec(`INSERT INTO next_step(n, text, source) VALUES (?,?,?)`, i+1, n.Text, n.Source)
	}
	if w.err != nil {
		return w.err
	}
	return tx.Commit()
}

// A writer executes statements until one fails.
type writer struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (w *writer) exec(query string, args ...any) {
	if w.err == nil {
		_, w.err = w.tx.ExecContext(w.ctx, query, args...)
	}
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

var errNoCase = errors.New("not a case file of Limier")

// maxRows bounds what is read of one table: a case from elsewhere may be
// hostile.
const maxRows = 5_000_000

// Read reads the case at path. The file may come from somebody else: nothing
// in it is trusted to be well-formed.
func Read(ctx context.Context, path string) (*casefile.Case, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?mode=ro&_pragma=query_only(on)&_pragma=trusted_schema(off)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var app, version int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil || app != applicationID {
		return nil, fmt.Errorf("%s: %w", path, errNoCase)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version != Schema {
		return nil, fmt.Errorf("%s: case format %d; this version reads %d", path, version, Schema)
	}
	c := &casefile.Case{}
	r := &reader{ctx: ctx, db: db}
	r.each(`SELECT format, version, source, host, acquired, rules, complete, verdict, confidence, reason, files, bytes, events, sightings FROM scan LIMIT 1`, func(scan func(...any) error) error {
		var acquired string
		err := scan(&c.Start.Format, &c.Start.Version, &c.Start.Source, &c.Start.Host, &acquired, &c.Start.Rules, &c.Complete, &c.End.Verdict, &c.End.Confidence, &c.End.Reason,
			&c.End.Counts.Files, &c.End.Counts.Bytes, &c.End.Counts.Events, &c.End.Counts.Sightings)
		c.Start.Acquired = r.time(acquired)
		return err
	})
	r.each(`SELECT product, build, name, updated, proof, notes FROM exposure ORDER BY id`, func(scan func(...any) error) error {
		var e wire.Exposure
		var proof, notes string
		err := scan(&e.Product, &e.Build, &e.Name, &e.Updated, &proof, &notes)
		r.list(proof, &e.Proof)
		r.list(notes, &e.Notes)
		c.Exposures = append(c.Exposures, e)
		return err
	})
	r.each(`SELECT exposure, cve, state, fixed_in, note FROM exposure_cve ORDER BY rowid`, func(scan func(...any) error) error {
		var i int
		var s wire.CVEState
		err := scan(&i, &s.ID, &s.State, &s.FixedIn, &s.Note)
		if i >= 1 && i <= len(c.Exposures) {
			c.Exposures[i-1].CVEs = append(c.Exposures[i-1].CVEs, s)
		}
		return err
	})
	r.each(`SELECT key, rule, title, reason, phase, outcome, level, confidence, host, start, "end", count, techniques, cves, refs FROM finding ORDER BY id`, func(scan func(...any) error) error {
		var f finding.Finding
		var start, end, techniques, cves, refs string
		err := scan(&f.ID, &f.Rule, &f.Title, &f.Reason, &f.Phase, &f.Outcome, &f.Level, &f.Confidence, &f.Host, &start, &end, &f.Count, &techniques, &cves, &refs)
		f.Start, f.End = r.time(start), r.time(end)
		r.list(techniques, &f.Techniques)
		r.list(cves, &f.CVEs)
		r.list(refs, &f.References)
		c.Findings = append(c.Findings, f)
		return err
	})
	r.each(`SELECT finding, time, rule, text, outcome, key, path, line, record, "offset", raw FROM step ORDER BY finding, n`, func(scan func(...any) error) error {
		var i int
		var t string
		var s finding.Step
		err := scan(&i, &t, &s.Rule, &s.Text, &s.Outcome, &s.Key, &s.Ref.Path, &s.Ref.Line, &s.Ref.Record, &s.Ref.Offset, &s.Raw)
		s.Time = r.time(t)
		if i >= 1 && i <= len(c.Findings) {
			c.Findings[i-1].Steps = append(c.Findings[i-1].Steps, s)
		}
		return err
	})
	r.each(`SELECT finding, type, value, role FROM entity ORDER BY finding, n`, func(scan func(...any) error) error {
		var i int
		var e finding.Entity
		err := scan(&i, &e.Type, &e.Value, &e.Role)
		if i >= 1 && i <= len(c.Findings) {
			c.Findings[i-1].Entities = append(c.Findings[i-1].Entities, e)
		}
		return err
	})
	r.each(`SELECT path, line, record, "offset", reason, count FROM gap ORDER BY rowid`, func(scan func(...any) error) error {
		var g wire.Gap
		err := scan(&g.Ref.Path, &g.Ref.Line, &g.Ref.Record, &g.Ref.Offset, &g.Reason, &g.Count)
		c.Gaps = append(c.Gaps, g)
		return err
	})
	r.each(`SELECT source, files, events, bytes, first, last FROM coverage ORDER BY rowid`, func(scan func(...any) error) error {
		var v wire.Coverage
		var first, last string
		err := scan(&v.Source, &v.Files, &v.Events, &v.Bytes, &first, &last)
		v.First, v.Last = r.time(first), r.time(last)
		c.End.Coverage = append(c.End.Coverage, v)
		return err
	})
	r.each(`SELECT text, source FROM next_step ORDER BY n`, func(scan func(...any) error) error {
		var n wire.NextStep
		err := scan(&n.Text, &n.Source)
		c.End.Next = append(c.End.Next, n)
		return err
	})
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", path, r.err)
	}
	c.End.Counts.Findings, c.End.Counts.Gaps = len(c.Findings), len(c.Gaps)
	return c, nil
}

// A reader runs queries until one fails.
type reader struct {
	ctx context.Context
	db  *sql.DB
	err error
}

func (r *reader) each(query string, row func(scan func(...any) error) error) {
	if r.err != nil {
		return
	}
	rows, err := r.db.QueryContext(r.ctx, query)
	if err != nil {
		r.err = err
		return
	}
	defer rows.Close()
	for n := 0; rows.Next() && r.err == nil; n++ {
		if n == maxRows {
			r.err = fmt.Errorf("more than %d rows", maxRows)
			return
		}
		if err := row(rows.Scan); err != nil {
			r.err = err
		}
	}
	if r.err == nil {
		r.err = rows.Err()
	}
}

func (r *reader) time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02T15:04:05.000000Z", s)
	if err != nil && r.err == nil {
		r.err = err
	}
	return t
}

func (r *reader) list(s string, into any) {
	if s == "[]" {
		return
	}
	if err := json.Unmarshal([]byte(s), into); err != nil && r.err == nil {
		r.err = err
	}
}
