package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"limier/casefile"
	"limier/finding"
	"limier/wire"
)

var (
	errNoCase  = errors.New("not a case file of Limier (limier scan PATH -o FILE writes one)")
	errDamaged = errors.New("the case file is damaged or cut short; take another copy of it, or scan again")
)

// look says of a path what SQLite would not: that there is no file, a folder,
// or a file of another kind.
func look(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no case file %s (limier scan PATH -o FILE writes one)", path)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w: no file but a folder or a device", path, errNoCase)
	}
	head := make([]byte, 100)
	n, err := io.ReadFull(f, head)
	head = head[:n]
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("reading %s: %w", path, err)
	case bytes.HasPrefix(head, []byte("age-encryption.org/")) || bytes.HasPrefix(head, []byte("-----BEGIN AGE")):
		return fmt.Errorf("%s is encrypted: limier case decrypt %s -o FILE", path, path)
	case n == 0:
		return fmt.Errorf("%s: %w: it is empty", path, errNoCase)
	case !bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return fmt.Errorf("%s: %w", path, errNoCase)
	}
	return nil
}

// damaged names what SQLite says of a broken file as such.
func damaged(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR:
			return fmt.Errorf("%w (%w)", errDamaged, err)
		}
	}
	return err
}

// maxRows bounds what is read of one table: a case from elsewhere may be
// hostile.
const maxRows = 5_000_000

// Read reads the case at path. The file may come from somebody else: nothing
// in it is trusted to be well-formed.
func Read(ctx context.Context, path string) (*casefile.Case, error) {
	db, version, err := openCase(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	c := &casefile.Case{}
	r := &reader{ctx: ctx, db: db, version: version}
	r.scans(c)
	r.exposures(c)
	r.findings(c)
	r.coverage(c)
	r.rest(c)
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", path, damaged(r.err))
	}
	c.End.Counts.Findings, c.End.Counts.Gaps = len(c.Findings), len(c.Gaps)
	if err := check(c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// scans reads the case as a whole, and the scans that a merged one is made of.
func (r *reader) scans(c *casefile.Case) {
	r.each(`SELECT `+r.since2("id", "0")+`, format, version, source, host, acquired, rules, complete, verdict, confidence, reason, files, bytes, events, sightings, `+r.since2("findings", "0")+`, `+r.since2("gaps", "0")+` FROM scan ORDER BY 1`, func(scan func(...any) error) error {
		var s casefile.Scan
		var id int
		var acquired string
		err := scan(&id, &s.Start.Format, &s.Start.Version, &s.Start.Source, &s.Start.Host, &acquired, &s.Start.Rules, &s.Complete, &s.End.Verdict, &s.End.Confidence, &s.End.Reason,
			&s.End.Counts.Files, &s.End.Counts.Bytes, &s.End.Counts.Events, &s.End.Counts.Sightings, &s.End.Counts.Findings, &s.End.Counts.Gaps)
		s.Start.Acquired = r.time(acquired)
		switch {
		case err != nil:
		case id == 0:
			c.Start, c.End, c.Complete = s.Start, s.End, s.Complete
		case id == len(c.Scans)+1:
			c.Scans = append(c.Scans, s)
		default:
			err = fmt.Errorf("scan %d out of order", id)
		}
		return err
	})
}

func (r *reader) exposures(c *casefile.Case) {
	r.each(`SELECT `+r.since2("host", "''")+`, product, build, name, updated, proof, notes FROM exposure ORDER BY id`, func(scan func(...any) error) error {
		var e wire.Exposure
		var proof, notes string
		err := scan(&e.Host, &e.Product, &e.Build, &e.Name, &e.Updated, &proof, &notes)
		r.list(proof, &e.Proof)
		r.list(notes, &e.Notes)
		c.Exposures = append(c.Exposures, e)
		return err
	})
	r.each(`SELECT exposure, cve, state, fixed_in, note, `+r.since2("exploited", "''")+` FROM exposure_cve ORDER BY rowid`, func(scan func(...any) error) error {
		var i int
		var s wire.CVEState
		err := scan(&i, &s.ID, &s.State, &s.FixedIn, &s.Note, &s.Exploited)
		if i >= 1 && i <= len(c.Exposures) {
			c.Exposures[i-1].CVEs = append(c.Exposures[i-1].CVEs, s)
		}
		return err
	})
}

func (r *reader) findings(c *casefile.Case) {
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
}

// coverage reads what each of the scans covered.
func (r *reader) coverage(c *casefile.Case) {
	r.each(`SELECT `+r.since2("scan", "0")+`, source, files, events, bytes, first, last FROM coverage ORDER BY rowid`, func(scan func(...any) error) error {
		var v wire.Coverage
		var id int
		var first, last string
		err := scan(&id, &v.Source, &v.Files, &v.Events, &v.Bytes, &first, &last)
		v.First, v.Last = r.time(first), r.time(last)
		switch {
		case id == 0:
			c.End.Coverage = append(c.End.Coverage, v)
		case id >= 1 && id <= len(c.Scans):
			end := &c.Scans[id-1].End
			end.Coverage = append(end.Coverage, v)
		}
		return err
	})
}

// rest reads the tables that stand alone.
func (r *reader) rest(c *casefile.Case) {
	r.each(`SELECT path, line, record, "offset", reason, count FROM gap ORDER BY rowid`, func(scan func(...any) error) error {
		var g wire.Gap
		err := scan(&g.Ref.Path, &g.Ref.Line, &g.Ref.Record, &g.Ref.Offset, &g.Reason, &g.Count)
		c.Gaps = append(c.Gaps, g)
		return err
	})
	r.each(`SELECT text, source FROM next_step ORDER BY n`, func(scan func(...any) error) error {
		var n wire.NextStep
		err := scan(&n.Text, &n.Source)
		c.End.Next = append(c.End.Next, n)
		return err
	})
	if r.version >= 2 {
		r.each(`SELECT path, size, sha256 FROM evidence ORDER BY rowid`, func(scan func(...any) error) error {
			var e wire.Evidence
			err := scan(&e.Path, &e.Size, &e.SHA256)
			c.Evidence = append(c.Evidence, e)
			return err
		})
	}
	if r.version >= 3 {
		r.each(`SELECT type, value, kind, text, name, asn, country, source, date, shared FROM fact ORDER BY n`, func(scan func(...any) error) error {
			var f casefile.Fact
			err := scan(&f.Type, &f.Value, &f.Kind, &f.Text, &f.Name, &f.ASN, &f.Country, &f.Source, &f.Date, &f.Shared)
			c.Facts = append(c.Facts, f)
			return err
		})
	}
}

// openCase opens the file at path to be read only, if it is a case.
func openCase(ctx context.Context, path string) (db *sql.DB, version int, err error) {
	if err := look(path); err != nil {
		return nil, 0, err
	}
	opened, err := sql.Open("sqlite", "file:"+pathEscape(path)+"?mode=ro&immutable=1&_pragma=query_only(on)&_pragma=trusted_schema(off)")
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			opened.Close()
		}
	}()
	opened.SetMaxOpenConns(1)
	var app int
	if err := opened.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return nil, 0, fmt.Errorf("%s: %w (%w)", path, errDamaged, err)
	}
	if app != applicationID {
		return nil, 0, fmt.Errorf("%s: %w", path, errNoCase)
	}
	if err := opened.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version < 1 || version > Schema {
		return nil, 0, fmt.Errorf("%s: case format %d; this version reads 1 to %d", path, version, Schema)
	}
	if err := checkSchema(ctx, opened, version); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, damaged(err))
	}
	if err := checkPages(ctx, opened); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, damaged(err))
	}
	if err := checkSizes(ctx, opened); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, damaged(err))
	}
	return opened, version, nil
}

// pathEscape writes a path for the driver's file: address, in which a
// question mark or a percent sign would begin something else.
func pathEscape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

// checkSchema refuses a file whose tables, indexes, views or triggers are not
// those of its version, word by word: a view or a trigger could run anything.
func checkSchema(ctx context.Context, db *sql.DB, version int) error {
	want := map[string]bool{}
	for stmt := range strings.SplitSeq(schemaOf(version), ";\n") {
		if i := strings.Index(stmt, "CREATE "); i >= 0 {
			want[stmt[i:]] = true
		}
	}
	rows, err := db.QueryContext(ctx, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 100`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var stmt string
		if err := rows.Scan(&stmt); err != nil {
			return err
		}
		if !want[stmt] {
			return fmt.Errorf("%w: it holds what no case file of version %d does", errNoCase, version)
		}
		delete(want, stmt)
	}
	if len(want) > 0 && rows.Err() == nil {
		return fmt.Errorf("%w: it lacks tables of version %d", errNoCase, version)
	}
	return rows.Err()
}

// A reader runs queries until one fails.
type reader struct {
	ctx     context.Context
	db      *sql.DB
	version int
	err     error
}

// since2 is a column of version 2, and what stands for it before.
func (r *reader) since2(column, before string) string {
	if r.version < 2 {
		return before
	}
	return column
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
