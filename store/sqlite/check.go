package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"limier/casefile"
	"limier/enrich"
	"limier/finding"
	"limier/wire"
)

// maxText bounds one text of a case, in bytes. Limier cuts what it takes from
// evidence to 2,000.
const maxText = 1 << 20

// checkPages refuses a file in which two ways lead to one page or one row:
// each level of a tree would multiply what is read, and a small file never end.
func checkPages(ctx context.Context, db *sql.DB) error {
	var first string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&first); err != nil {
		return err
	}
	if first != "ok" {
		return fmt.Errorf("%w (%s)", errDamaged, first)
	}
	return nil
}

// checkSizes refuses a file with a text that is too long, before it is read.
func checkSizes(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'`)
	if err != nil {
		return err
	}
	where := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			rows.Close()
			return err
		}
		where[table] = append(where[table], fmt.Sprintf(`octet_length("%s") > %d`, column, maxText))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for table, columns := range where {
		var n int
		if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+` WHERE `+strings.Join(columns, " OR ")+`)`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("a text longer than %d bytes in table %s", maxText, table)
		}
	}
	return nil
}

// check refuses words and numbers that no scan writes: others rely on them.
func check(c *casefile.Case) error {
	scans := append([]casefile.Scan{{Start: c.Start, End: c.End, Complete: c.Complete}}, c.Scans...)
	for _, s := range scans {
		if s.Start.Format != wire.Format {
			return fmt.Errorf("a case of the stream format %q; this version reads %q", s.Start.Format, wire.Format)
		}
		if s.Complete && !slices.Contains([]wire.Verdict{wire.Compromised, wire.Attacked, wire.Exposed, wire.NoSign, wire.NotEnough}, s.End.Verdict) {
			return fmt.Errorf("no verdict %q", s.End.Verdict)
		}
		if n := s.End.Counts; s.Start.Rules < 0 || n.Files < 0 || n.Bytes < 0 || n.Events < 0 || n.Sightings < 0 || n.Findings < 0 || n.Gaps < 0 || !sure(s.End.Confidence, !s.Complete || s.End.Verdict == "") {
			return errors.New("a scan with a negative number or an unknown confidence")
		}
	}
	for i, f := range c.Findings {
		switch {
		case len(f.Steps) == 0:
			return fmt.Errorf("finding %d has no proof", i+1)
		case !slices.Contains([]finding.Level{finding.Informational, finding.Low, finding.Medium, finding.High, finding.Critical}, f.Level):
			return fmt.Errorf("finding %d: no level %q", i+1, f.Level)
		case !slices.Contains([]finding.Phase{finding.Scanning, finding.Exploitation, finding.Backdoor, finding.Aftermath}, f.Phase):
			return fmt.Errorf("finding %d: no phase %q", i+1, f.Phase)
		case !sure(f.Confidence, false), !outcome(f.Outcome):
			return fmt.Errorf("finding %d: no confidence %q or outcome %q", i+1, f.Confidence, f.Outcome)
		case f.Count < 0, f.End.Before(f.Start) && !f.End.IsZero():
			return fmt.Errorf("finding %d: a negative count or time", i+1)
		}
		for _, s := range f.Steps {
			if s.Ref.Line < 0 || s.Ref.Offset < 0 || !outcome(s.Outcome) {
				return fmt.Errorf("finding %d: a step with a negative place or the outcome %q", i+1, s.Outcome)
			}
		}
	}
	for _, g := range c.Gaps {
		if g.Count < 0 || g.Ref.Line < 0 || g.Ref.Offset < 0 {
			return errors.New("a gap with a negative number")
		}
	}
	for _, f := range c.Facts {
		if !slices.Contains(enrich.Kinds(), f.Kind) {
			return fmt.Errorf("no kind of fact %q", f.Kind)
		}
	}
	if !slices.IsSortedFunc(c.Facts, func(a, b casefile.Fact) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	}) {
		return errors.New("facts that are not by type and value")
	}
	for _, e := range c.Evidence {
		if e.Size < 0 || len(e.SHA256) != 64 || strings.Trim(e.SHA256, "0123456789abcdef") != "" {
			return fmt.Errorf("evidence %q: no size and SHA-256", e.Path)
		}
	}
	return nil
}

func sure(c finding.Confidence, mayLack bool) bool {
	return c == "" && mayLack || slices.Contains([]finding.Confidence{finding.LowConfidence, finding.ModerateConfidence, finding.HighConfidence}, c)
}

func outcome(o finding.Outcome) bool {
	return o == "" || o == finding.Attempted || o == finding.Succeeded
}
