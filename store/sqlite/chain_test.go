package sqlite

import (
	"bytes"
	"crypto/ed25519"
	"database/sql"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/casefile"
	"limier/wire"
)

// edit changes a case file behind Limier's back.
func edit(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
}

func written(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a%20 b?#.limier") // a name that an address would read otherwise
	if err := Write(t.Context(), path, sample()); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whoever changes, adds, removes or swaps a row is found out, and where.
func TestTampering(t *testing.T) {
	s, err := Verify(t.Context(), written(t))
	if err != nil || len(s.Broken) > 0 || s.Rows != 14 {
		t.Fatalf("untouched: %+v, %v", s, err)
	}
	for statement, want := range map[string]string{
		`UPDATE scan SET verdict = 'no sign found'`:           "scan",
		`UPDATE step SET raw = 'x'`:                           "step",
		`UPDATE step SET line = 8`:                            "step",
		`DELETE FROM step`:                                    "step",
		`DELETE FROM finding`:                                 "finding",
		`INSERT INTO gap VALUES ('p', 0, 0, 0, 'made up', 1)`: "gap",
		`UPDATE evidence SET sha256 = 'cd'`:                   "evidence",
		`UPDATE entity SET value = '198.51.100.1'`:            "entity",
		`UPDATE chain SET hash = 'ab' WHERE n = 3`:            "exposure_cve",
		`DELETE FROM chain`:                                   "scan",
		`UPDATE coverage SET rowid = 7`:                       "",
		`UPDATE finding SET title = replace(title, 't', char(116)); UPDATE finding SET id = id`: "",
	} {
		path := filepath.Join(t.TempDir(), "case.limier")
		if err := Write(t.Context(), path, sample()); err != nil {
			t.Fatal(err)
		}
		edit(t, path, statement)
		s, err := Verify(t.Context(), path)
		if err != nil {
			t.Fatal(statement, err)
		}
		if want == "" && len(s.Broken) > 0 || want != "" && (len(s.Broken) == 0 || s.Broken[0] != want) {
			t.Errorf("%s: broken %v, want %q first", statement, s.Broken, want)
		}
	}
}

func TestSign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case.limier")
	if err := Write(t.Context(), path, sample()); err != nil {
		t.Fatal(err)
	}
	public, private, _ := ed25519.GenerateKey(nil)
	if err := Sign(t.Context(), path, private); err != nil {
		t.Fatal(err)
	}
	s, err := Verify(t.Context(), path)
	if err != nil || len(s.Broken) > 0 || len(s.Signatures) != 1 || !s.Signatures[0].Valid || !s.Signatures[0].Key.Equal(public) {
		t.Fatalf("%+v, %v", s, err)
	}
	if got, err := Read(t.Context(), path); err != nil || cmp.Diff(sample(), got) != "" {
		t.Error("signing changed the case", err)
	}
	// A forger who computes the chain again cannot sign it.
	edit(t, path, `UPDATE scan SET verdict = 'no sign found'`)
	db, _ := sql.Open("sqlite", "file:"+path)
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`DELETE FROM chain`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(seal(t.Context(), tx), tx.Commit()); err != nil {
		t.Fatal(err)
	}
	if s, err = Verify(t.Context(), path); err != nil || len(s.Broken) > 0 || s.Signatures[0].Valid {
		t.Errorf("a forged chain must not carry a valid signature: %+v, %v", s, err)
	}
	edit(t, path, `UPDATE scan SET verdict = 'attacked'`)
	if err := Sign(t.Context(), path, private); err == nil {
		t.Error("signed a case that was tampered with")
	}
}

// A case of version 1 is read; it has no chain.
func TestVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.limier")
	edit(t, path, schema1, "PRAGMA application_id = 1279872338; PRAGMA user_version = 1",
		`INSERT INTO scan VALUES ('limier/1','old','ex01','EX01','',3,1,'exposed','low','r',1,2,3,4)`,
		`INSERT INTO exposure VALUES (1,'Exchange','15','','','[]','[]')`, `INSERT INTO exposure_cve VALUES (1,'CVE-2021-26855','vulnerable','','')`,
		`INSERT INTO coverage VALUES ('IIS',1,2,3,'','')`)
	c, err := Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := &casefile.Case{Complete: true, Start: wire.Start{Format: wire.Format, Version: "old", Source: "ex01", Host: "EX01", Rules: 3},
		Exposures: []wire.Exposure{{Product: "Exchange", Build: "15", CVEs: []wire.CVEState{{ID: "CVE-2021-26855", State: wire.Vulnerable}}}},
		End: wire.End{Verdict: wire.Exposed, Confidence: "low", Reason: "r", Coverage: []wire.Coverage{{Source: "IIS", Files: 1, Events: 2, Bytes: 3}},
			Counts: wire.Counts{Files: 1, Bytes: 2, Events: 3, Sightings: 4}}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if _, err := Verify(t.Context(), path); !errors.Is(err, ErrUnsealed) {
		t.Errorf("got %v", err)
	}
}

// A merged case keeps its scans.
func TestMerged(t *testing.T) {
	a, b := sample(), sample()
	b.Start.Host, b.Start.Source, b.End.Verdict = "EX02", "ex02", wire.NoSign
	m, err := casefile.Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.limier")
	if err := Write(t.Context(), path, m); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Error(diff)
	}
}

// Files that are SQLite and no honest case are refused.
func TestHostileFiles(t *testing.T) {
	for name, statements := range map[string][]string{
		"trigger":       {`CREATE TRIGGER x AFTER INSERT ON gap BEGIN DELETE FROM finding; END`},
		"view":          {`DROP TABLE step`, `CREATE VIEW step AS SELECT 1 AS finding, 1 AS n`},
		"endless view":  {`DROP TABLE gap`, `CREATE VIEW gap AS WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) SELECT 'p' AS path, 0 AS line, 0 AS record, 0 AS "offset", 'r' AS reason, x AS count FROM c`},
		"other table":   {`CREATE TABLE more (x)`},
		"lacking table": {`DROP TABLE gap`},
		"loose table":   {`DROP TABLE gap`, `CREATE TABLE gap (path, line, record, "offset", reason, count)`},
		"generated":     {`ALTER TABLE gap ADD COLUMN z TEXT AS (path || reason)`},
		"no scan":       {`DELETE FROM scan`},
		"scan's number": {`UPDATE scan SET id = 4`},
		"other format":  {`UPDATE scan SET format = 'limier/9'`},
		"later version": {`PRAGMA user_version = 4`},
		"facts":         {`INSERT INTO fact VALUES (9,'address','1.1.1.1','listed','','',0,'','','',0)`},
		"fact's kind":   {`UPDATE fact SET kind = 'ok'`},
		"no version":    {`PRAGMA user_version = 0`},
		"other program": {`PRAGMA application_id = 1`},
		"bad time":      {`UPDATE step SET time = 'yesterday'`},
		"bad list":      {`UPDATE finding SET cves = '{"a":'`},
		"no proof":      {`DELETE FROM step`},
		"word":          {`UPDATE finding SET level = char(27) || '[31m'`},
		"verdict":       {`UPDATE scan SET verdict = 'all is well'`},
		"huge text":     {`UPDATE step SET raw = hex(zeroblob(9000000))`},
		"hash":          {`UPDATE evidence SET sha256 = '../../etc/passwd'`},
		"negative gap":  {`UPDATE gap SET count = -92`},
		"negative":      {`UPDATE finding SET count = -5`},
	} {
		path := filepath.Join(t.TempDir(), "case.limier")
		if err := Write(t.Context(), path, sample()); err != nil {
			t.Fatal(err)
		}
		edit(t, path, statements...)
		if _, err := Read(t.Context(), path); err == nil {
			t.Errorf("%s: read without a word", name)
		}
	}
}

// Bytes turned anywhere in the file end in an error or in a case, never in a
// crash or a wait.
func TestDamagedBytes(t *testing.T) {
	whole, err := os.ReadFile(written(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "case.limier")
	rnd := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 150 {
		b := bytes.Clone(whole)
		for range 1 + rnd.IntN(20) {
			b[rnd.IntN(len(b))] = byte(rnd.Uint32())
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), path); err != nil {
			refused++
		}
		Verify(t.Context(), path)
	}
	if refused == 0 {
		t.Error("nothing was refused: the damage does not reach what is read")
	}
}

// Pages that are used twice make a small file endless to read: each level of
// a table's tree multiplies its rows.
func TestSharedPages(t *testing.T) {
	c := sample()
	for range 2000 {
		c.Gaps = append(c.Gaps, wire.Gap{Reason: strings.Repeat("x", 500), Count: 1})
	}
	path := filepath.Join(t.TempDir(), "case.limier")
	if err := Write(t.Context(), path, c); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const size, interior = 4096, 5 // https://www.sqlite.org/fileformat2.html#b_tree_pages
	changed := 0
	for page := range slices.Chunk(file[size:], size) {
		if page[0] != interior {
			continue
		}
		cell := func(i int) []byte { return page[binary.BigEndian.Uint16(page[12+2*i:]):] }
		for i := range int(binary.BigEndian.Uint16(page[3:])) {
			copy(cell(i)[:4], cell(0)) // the child's page
			changed++
		}
	}
	if changed < 100 {
		t.Fatal("no tree of pages:", changed)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), path); !errors.Is(err, errDamaged) {
		t.Errorf("read: %v", err)
	}
	if _, err := Verify(t.Context(), path); !errors.Is(err, errDamaged) {
		t.Errorf("verified: %v", err)
	}
}
