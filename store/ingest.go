package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"limier/wire"
)

// A Submission is a case as it comes from the queue.
type Submission struct {
	Server         int64
	Received       time.Time
	Evidence, Hash [32]byte // SHA-256; with Server, Evidence is what a case is known by
	Body           []byte   // the stream, zstd
	Summary        Summary
}

// An Outcome is what became of a submission.
type Outcome string

const (
	Stored    Outcome = "stored"
	Duplicate Outcome = "duplicate" // the same evidence of this server was there already
	Unknown   Outcome = "unknown"   // no such server, or it was revoked
)

// Ingest keeps submissions, all or none of them, and says what became of each.
// A server's later submission takes the place of the one before in all that is
// searched and counted; the cases themselves stay until they are expired. One
// that comes after its successor, as a dead letter or from another hub, is only
// kept; one that says what an earlier case said is known by that.
func (h *Hub) Ingest(ctx context.Context, batch []Submission) ([]Outcome, error) {
	b := &ingest{h: h, out: make([]Outcome, len(batch)), stmts: map[string]*sql.Stmt{}, counters: map[[2]string]int64{}, deltas: map[int64]*delta{}, orgs: map[string]*[4]int64{}, builds: map[int64]*buildRow{}, exposures: map[int64]*exposed{},
		kinds: map[int64]*held[kindRow]{}, indicators: map[int64]*held[indicatorRow]{}, files: map[int64]*held[fileRow]{}}
	err := h.update(ctx, func(tx *sql.Tx) error {
		b.tx = tx
		return b.run(ctx, batch)
	})
	if err != nil {
		return nil, err
	}
	h.keepStatements(ctx, b.fresh)
	return b.out, nil
}

// ingest is one transaction of Ingest: what changes is added up first, so that
// each row is written once.
type ingest struct {
	h     *Hub
	tx    *sql.Tx
	out   []Outcome
	stmts map[string]*sql.Stmt
	fresh []string // of these, what no earlier transaction ran

	counters   map[[2]string]int64
	deltas     map[int64]*delta // by server
	orgs       map[string]*[4]int64
	builds     map[int64]*buildRow
	exposures  map[int64]*exposed
	kinds      map[int64]*held[kindRow]
	indicators map[int64]*held[indicatorRow]
	files      map[int64]*held[fileRow]
}

// A delta is a server before and after.
type delta struct {
	id                 int64
	org, name          string
	enrolled, revoked  int64
	cases              int64
	before, after      state
	had                [3][]byte   // kinds, indicators and files of the latest, as lists
	received, acquired int64       // of the latest
	kept               bool        // a case, as the latest or not
	last               *Submission // nil if nothing of it is new
	lastID             int64
}

// disorder is how much earlier than the latest case one can have been received
// that comes after it. If it is more, a clock was wrong.
const disorder = 90 * 24 * time.Hour

// late reports whether the submission is older than the server's latest, by the
// clock of the hub and by its own.
func (d *delta) late(s *Submission) bool {
	by := d.received - stamp(s.Received)
	return by > 0 && by < disorder.Microseconds() && stamp(s.Summary.Acquired) < d.acquired
}

func (d *delta) take(s *Submission, id int64) {
	d.last, d.lastID, d.received, d.acquired = s, id, stamp(s.Received), stamp(s.Summary.Acquired)
}

// A state is what of a server is counted.
type state struct {
	exposure, build int64
	verdict         wire.Verdict
	day             string
	latest          int64
}

type buildRow struct {
	product, build, name string
	n                    int64
}

type exposed struct {
	build int64
	from  *Submission // whose case says what it is
	n     int64
}

func (b *ingest) run(ctx context.Context, batch []Submission) error {
	ids := map[int64]bool{}
	for _, s := range batch {
		ids[s.Server] = true
	}
	servers := slices.Sorted(maps.Keys(ids))
	const inTable = -1                      // its number is read if it is wanted
	known := map[int64]map[[32]byte]int64{} // numbers of cases by server and evidence
	if err := b.each(ctx, `SELECT id, org, name, enrolled, revoked, cases, received, acquired, exposure, verdict, first_hostile, latest, kinds, indicators, files, COALESCE((SELECT build FROM exposure WHERE exposure.id = server.exposure), 0) FROM server WHERE id IN (%s)`, servers, func(rows *sql.Rows) error {
		d := &delta{}
		var first int64
		err := rows.Scan(&d.id, &d.org, &d.name, &d.enrolled, &d.revoked, &d.cases, &d.received, &d.acquired, &d.before.exposure, &d.before.verdict, &first, &d.before.latest, &d.had[0], &d.had[1], &d.had[2], &d.before.build)
		d.before.day = day(moment(first))
		b.deltas[d.id] = d
		d.lastID = d.before.latest
		known[d.id] = map[[32]byte]int64{}
		return err
	}); err != nil {
		return err
	}
	if err := b.each(ctx, `SELECT server, evidence FROM cases WHERE server IN (%s)`, servers, func(rows *sql.Rows) error {
		var id int64
		var sum []byte
		err := rows.Scan(&id, &sum)
		if err == nil && known[id] != nil && len(sum) == 32 {
			known[id][[32]byte(sum)] = inTable
		}
		return err
	}); err != nil {
		return err
	}
	var next int64
	if err := b.tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM cases").Scan(&next); err != nil {
		return err
	}
	var cases [][]any
	for i := range batch {
		s := &batch[i]
		d := b.deltas[s.Server]
		switch {
		case d == nil || d.revoked != 0:
			b.out[i] = Unknown
			continue
		case known[s.Server][s.Evidence] != 0:
			b.out[i] = Duplicate
			if stamp(s.Summary.Acquired) <= d.acquired {
				continue // sent again
			}
			id := known[s.Server][s.Evidence]
			if id == inTable {
				if err := b.tx.QueryRowContext(ctx, b.h.sql(`SELECT id FROM cases WHERE server = ? AND evidence = ?`), s.Server, s.Evidence[:]).Scan(&id); err != nil {
					return err
				}
			}
			if id != d.lastID { // the server is again as it was: what it said in between is over
				d.take(s, id)
			}
			continue
		}
		b.out[i] = Stored
		next++
		known[s.Server][s.Evidence] = next
		if !d.late(s) {
			d.take(s, next)
		}
		d.cases++
		d.kept = true
		cases = append(cases, []any{next, s.Server, stamp(s.Received), stamp(s.Summary.Acquired), string(s.Summary.Verdict), s.Summary.Findings, s.Evidence[:], s.Hash[:], s.Body})
	}
	if len(cases) > 0 {
		err := b.insert(ctx, `INSERT INTO cases(id, server, received, acquired, verdict, findings, evidence, hash, body) VALUES `, "", cases)
		if err != nil {
			return err
		}
	}
	b.counters[[2]string{"cases", ""}] += int64(len(cases))
	return b.write(ctx)
}

// write adds up what the servers' latest submissions say, and writes it.
func (b *ingest) write(ctx context.Context) error {
	var servers [][]any
	for _, id := range slices.Sorted(maps.Keys(b.deltas)) {
		d := b.deltas[id]
		if d.last == nil {
			if d.kept {
				if err := b.exec(ctx, `UPDATE server SET cases = ? WHERE id = ?`, d.cases, id); err != nil {
					return err
				}
			}
			continue
		}
		s := &d.last.Summary
		d.after = state{verdict: s.Verdict, day: day(s.First), latest: d.lastID}
		d.after.exposure, d.after.build = b.exposure(d.last)
		b.count(d)
		servers = append(servers, []any{id, d.org, d.name, d.enrolled, stamp(d.last.Received), s.Version, d.after.exposure, string(s.Verdict), string(s.Confidence), s.Reason, s.Findings,
			stamp(s.First), stamp(s.Last), standing(s.Verdict, s.Last), d.lastID, d.cases, stamp(s.Acquired), stamp(d.last.Received), b.kindsOf(d), b.indicatorsOf(d), b.filesOf(d)})
	}
	return b.all(ctx, servers)
}

// kindsOf, indicatorsOf and filesOf note which of them came to a server and which
// went, and return what its row says of them now.
func (b *ingest) kindsOf(d *delta) []byte {
	list := d.last.Summary.Kinds
	now := make([]having, len(list))
	for i, r := range list {
		now[i] = having{b.h.id("finding", r.Rule, r.Title, string(r.Level), string(r.Phase), string(r.Outcome)), stamp(r.First), stamp(r.Last), int64(r.N)}
	}
	return change(b.kinds, d.id, [2]int64{}, d.had[0], now, true, func(i int) kindRow { return list[i] })
}

func (b *ingest) indicatorsOf(d *delta) []byte {
	list := d.last.Summary.Indicators
	now := make([]having, len(list))
	for i, r := range list {
		now[i] = having{b.h.id("indicator", r.Type, r.Role, r.Value), stamp(r.First), stamp(r.Last), 1}
	}
	return change(b.indicators, d.id, [2]int64{}, d.had[1], now, true, func(i int) indicatorRow { return list[i] })
}

func (b *ingest) filesOf(d *delta) []byte {
	list := d.last.Summary.Files
	now := make([]having, len(list))
	for i, r := range list {
		now[i] = having{id: b.h.id("file", r.SHA256, r.Path)}
	}
	return change(b.files, d.id, [2]int64{d.before.build, d.after.build}, d.had[2], now, false, func(i int) fileRow { return list[i] })
}

// count counts a server's change of state.
func (b *ingest) count(d *delta) {
	for sign, st := range map[int64]state{-1: d.before, 1: d.after} {
		if sign == -1 || st.latest != 0 {
			b.counters[[2]string{"verdict", string(st.verdict)}] += sign
		}
		if st.latest == 0 {
			continue
		}
		if st.day != "" && (st.verdict == wire.Compromised || st.verdict == wire.Attacked) {
			b.counters[[2]string{"day " + string(st.verdict), st.day}] += sign
		}
		if st.exposure != 0 {
			e := b.exposures[st.exposure]
			if e == nil {
				e = &exposed{build: st.build}
				b.exposures[st.exposure] = e
			}
			e.n += sign
		}
		if st.build != 0 {
			r := b.builds[st.build]
			if r == nil {
				r = &buildRow{}
				b.builds[st.build] = r
			}
			r.n += sign
		}
		o := b.orgs[d.org]
		if o == nil {
			o = &[4]int64{}
			b.orgs[d.org] = o
		}
		switch st.verdict {
		case wire.Compromised:
			o[0] += sign
		case wire.Attacked:
			o[1] += sign
		case wire.Exposed:
			o[2] += sign
		}
	}
	if rankOf(d.after.verdict) >= rankOf(wire.Attacked) && rankOf(d.after.verdict) > rankOf(d.before.verdict) {
		b.orgs[d.org][3]++ // something to tell that was not told
	}
}

// exposure registers what a server is open to.
func (b *ingest) exposure(s *Submission) (id, build int64) {
	e := s.Summary.Exposure
	if e.Hash == "" {
		return 0, 0
	}
	build, id = b.h.id("build", e.Product, e.Build, e.Name), b.h.id("exposure", e.Hash)
	r := b.builds[build]
	if r == nil {
		r = &buildRow{}
		b.builds[build] = r
	}
	r.product, r.build, r.name = e.Product, e.Build, e.Name
	x := b.exposures[id]
	if x == nil {
		x = &exposed{}
		b.exposures[id] = x
	}
	x.build, x.from = build, s
	return id, build
}

// writeExposures counts what servers are open to. What is new is read from a
// case, which the summary leaves to it: thousands of servers share one.
func (b *ingest) writeExposures(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(b.exposures))
	known := map[int64]bool{}
	if err := b.each(ctx, `SELECT id, 0 FROM exposure WHERE id IN (%s)`, ids, func(rows *sql.Rows) error {
		var id, zero int64
		err := rows.Scan(&id, &zero)
		known[id] = true
		return err
	}); err != nil {
		return err
	}
	var rows, cves [][]any
	for _, id := range ids {
		x := b.exposures[id]
		if known[id] {
			if x.n != 0 {
				if err := b.exec(ctx, `UPDATE exposure SET servers = servers + ? WHERE id = ?`, x.n, id); err != nil {
					return err
				}
			}
			continue
		}
		if x.from == nil {
			continue // an earlier one that is no longer known: nothing to count off
		}
		c, err := Decode(x.from.Body)
		if err != nil {
			return fmt.Errorf("the case of server %d: %w", x.from.Server, err)
		}
		list := exposures(c)
		body, err := json.Marshal(list)
		if err != nil {
			return err
		}
		rows = append(rows, []any{id, x.build, string(body), x.n})
		cves = append(cves, cveRows(id, list)...)
	}
	if len(rows) > 0 {
		if err := b.insert(ctx, `INSERT INTO exposure(id, build, body, servers) VALUES `, "", rows); err != nil {
			return err
		}
	}
	if len(cves) > 0 {
		return b.insert(ctx, `INSERT INTO exposure_cve(exposure, cve, state, exploited) VALUES `, ` ON CONFLICT DO NOTHING`, cves)
	}
	return nil
}

// all writes the rows of all tables, each table in the order of its key.
func (b *ingest) all(ctx context.Context, servers [][]any) error {
	var e error
	do := func(head, tail string, rows [][]any) {
		if e == nil && len(rows) > 0 {
			e = b.insert(ctx, head, tail, rows)
		}
	}
	if len(servers) > 0 {
		e = b.update(ctx, `server`, `id, org, name, enrolled, seen, version, exposure, verdict, confidence, reason, findings, first_hostile, last_hostile, standing, latest, cases, acquired, received, kinds, indicators, files`,
			`seen = excluded.seen, version = excluded.version, exposure = excluded.exposure, verdict = excluded.verdict, confidence = excluded.confidence, reason = excluded.reason,
		findings = excluded.findings, first_hostile = excluded.first_hostile, last_hostile = excluded.last_hostile, standing = excluded.standing, latest = excluded.latest, cases = excluded.cases,
		acquired = excluded.acquired, received = excluded.received, kinds = excluded.kinds, indicators = excluded.indicators, files = excluded.files`, servers)
	}
	var rows [][]any
	for _, id := range slices.Sorted(maps.Keys(b.builds)) {
		r := b.builds[id]
		rows = append(rows, []any{id, r.product, r.build, r.name, r.n})
	}
	do(`INSERT INTO build(id, product, build, name, servers) VALUES `, ` ON CONFLICT (id) DO UPDATE SET servers = build.servers + excluded.servers`, rows)
	if e == nil {
		e = b.writeExposures(ctx)
	}
	rows = nil
	for _, k := range slices.SortedFunc(maps.Keys(b.counters), func(a, c [2]string) int { return slices.Compare(a[:], c[:]) }) {
		if n := b.counters[k]; n != 0 {
			rows = append(rows, []any{k[0], k[1], n})
		}
	}
	do(`INSERT INTO counter(kind, key, n) VALUES `, ` ON CONFLICT (kind, key) DO UPDATE SET n = counter.n + excluded.n`, rows)
	rows = nil
	for _, org := range slices.Sorted(maps.Keys(b.orgs)) {
		if o := b.orgs[org]; *o != [4]int64{} {
			rows = append(rows, []any{org, "", "", "", "", 0, o[0], o[1], o[2], o[3]}) // which is there: what is empty is not written
		}
	}
	if e == nil && len(rows) > 0 {
		e = b.update(ctx, `organisation`, `id, name, country, contact, notes, created, compromised, attacked, exposed, notified`,
			`compromised = organisation.compromised + excluded.compromised, attacked = organisation.attacked + excluded.attacked, exposed = organisation.exposed + excluded.exposed,
		notified = CASE WHEN excluded.notified > 0 THEN 0 ELSE organisation.notified END`, rows)
	}
	if e == nil {
		e = keep(ctx, b, "finding", "rule, title, level, phase, outcome", "", b.kinds, func(k *held[kindRow]) []any {
			return []any{k.row.Rule, k.row.Title, string(k.row.Level), string(k.row.Phase), string(k.row.Outcome)}
		})
	}
	if e == nil {
		e = keep(ctx, b, "indicator", "type, role, value, base, ties, first, last, recent", `, first = CASE WHEN excluded.first > 0 AND (indicator.first = 0 OR excluded.first < indicator.first) THEN excluded.first ELSE indicator.first END,
			last = CASE WHEN excluded.last > indicator.last THEN excluded.last ELSE indicator.last END`, b.indicators, func(i *held[indicatorRow]) []any {
			return []any{i.row.Type, i.row.Role, i.row.Value, i.row.Base, ties(i.row), i.first, i.last, 1}
		})
	}
	if e == nil {
		e = keep(ctx, b, "file", "path, base, sha256, size, recent", "", b.files, func(f *held[fileRow]) []any {
			return []any{f.row.Path, base(f.row.Path), f.row.SHA256, f.row.Size, 1}
		})
	}
	for _, table := range searched() {
		if e == nil {
			e = b.index(ctx, table)
		}
	}
	return e
}

// cveRows are one row for each CVE that a server is, or may be, open to.
func cveRows(id int64, list []wire.Exposure) [][]any {
	seen := map[[2]string]bool{}
	var rows [][]any
	for _, e := range list {
		for _, c := range e.CVEs[:min(len(e.CVEs), 500)] {
			k := [2]string{cut(c.ID), string(c.State)}
			if c.State == wire.Fixed || seen[k] {
				continue
			}
			seen[k] = true
			rows = append(rows, []any{id, k[0], cut(k[1]), cut(c.Exploited)})
		}
	}
	return rows
}

// ties reports whether servers that share the indicator belong together.
func ties(r indicatorRow) int {
	switch {
	case r.Role == "attacker", r.Role == "shell", r.Type == TechniqueSet:
		return 1
	}
	return 0
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// each reads the rows of a query over many ids.
func (b *ingest) each(ctx context.Context, query string, ids []int64, row func(*sql.Rows) error) error {
	for part := range slices.Chunk(ids, 500) {
		n := 20
		if len(part) > n {
			n = 500
		}
		args := anys(part)
		for len(args) < n {
			args = append(args, args[0]) // so that there are two statements, not 500
		}
		rows, err := b.query(ctx, fmt.Sprintf(query, marks(n)), args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := row(rows); err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// update changes rows that are there, as set says; excluded is what is given. All
// columns without a default are.
func (b *ingest) update(ctx context.Context, table, columns, set string, rows [][]any) error {
	if b.h.dialect.OrFail {
		return b.insert(ctx, `WITH excluded(`+columns+`) AS (VALUES `, `) UPDATE OR FAIL `+table+` SET `+set+` FROM excluded WHERE `+table+`.id = excluded.id`, rows)
	}
	return b.insert(ctx, `INSERT INTO `+table+`(`+columns+`) VALUES `, ` ON CONFLICT (id) DO UPDATE SET `+set, rows)
}

// insert writes rows, many with one statement.
func (b *ingest) insert(ctx context.Context, head, tail string, rows [][]any) error {
	if tail == "" && b.h.dialect.OrFail {
		head = strings.Replace(head, "INSERT", "INSERT OR FAIL", 1)
	}
	one := "(" + marks(len(rows[0])) + ")"
	var args []any
	for len(rows) > 0 {
		n := 1
		for _, many := range []int{100, 10} {
			if len(rows) >= many {
				n = many
				break
			}
		}
		args = args[:0]
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if err := b.exec(ctx, head+strings.TrimSuffix(strings.Repeat(one+",", n), ",")+tail, args...); err != nil {
			return fmt.Errorf("%s: %w", head[:strings.IndexByte(head, '(')], err)
		}
		rows = rows[n:]
	}
	return nil
}

// exec runs a statement of the transaction.
func (b *ingest) exec(ctx context.Context, query string, args ...any) error {
	if b.h.dialect.Numbered { // pgx keeps what it prepared by itself
		_, err := b.tx.ExecContext(ctx, b.h.sql(query), args...)
		return err
	}
	stmt, err := b.prepared(ctx, query)
	if err == nil {
		_, err = stmt.ExecContext(ctx, args...)
	}
	return err
}

// query is exec for one that reads.
func (b *ingest) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if b.h.dialect.Numbered {
		return b.tx.QueryContext(ctx, b.h.sql(query), args...)
	}
	stmt, err := b.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// prepared is a statement for the transaction, which closes it.
func (b *ingest) prepared(ctx context.Context, query string) (stmt *sql.Stmt, err error) {
	if stmt = b.stmts[query]; stmt != nil {
		return stmt, nil
	}
	if kept, ok := b.h.statements.Load(query); ok {
		stmt = b.tx.StmtContext(ctx, kept.(*sql.Stmt))
	} else if stmt, err = b.tx.PrepareContext(ctx, query); err != nil {
		return nil, err
	} else {
		b.fresh = append(b.fresh, query)
	}
	b.stmts[query] = stmt
	return stmt, nil
}

// keepStatements prepares statements for the next transactions: those of a
// hundred rows are thousands of words.
func (h *Hub) keepStatements(ctx context.Context, queries []string) {
	for _, q := range queries {
		if stmt, err := h.write.PrepareContext(ctx, q); err == nil { // else the next transaction tells
			if _, known := h.statements.LoadOrStore(q, stmt); known {
				stmt.Close()
			}
		}
	}
}
