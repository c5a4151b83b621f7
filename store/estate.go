package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/wire"
)

// Overview is the estate at a glance, within the scope.
func (h *Hub) Overview(ctx context.Context, scope Scope) (Overview, error) {
	if !scope.all {
		return h.overviewOf(ctx, scope.org)
	}
	var o Overview
	counts, err := list(ctx, h, func(r *sql.Rows) (c struct {
		kind, key string
		n         int64
	}, err error) {
		return c, r.Scan(&c.kind, &c.key, &c.n)
	}, `SELECT kind, key, n FROM counter WHERE n <> 0 ORDER BY kind, key`)
	if err != nil {
		return o, err
	}
	verdicts, days := map[wire.Verdict]int{}, map[string]*Day{}
	for _, c := range counts {
		switch c.kind {
		case "cases":
			o.Cases = c.n
		case "organisations":
			o.Organisations = int(c.n)
		case "verdict":
			verdicts[wire.Verdict(c.key)] = int(c.n)
			o.Servers += int(c.n)
		default:
			if v, ok := strings.CutPrefix(c.kind, "day "); ok {
				countDay(days, c.key, wire.Verdict(v), int(c.n))
			}
		}
	}
	o.Verdicts, o.Curve = byGravity(verdicts), byDay(days)
	if o.CVEs, err = h.cves(ctx, `exposure`, nil); err != nil {
		return o, err
	}
	o.Builds, err = list(ctx, h, scanBuild, `SELECT product, build, name, servers FROM build WHERE servers > 0 ORDER BY servers DESC, product, build, name LIMIT 500`)
	return o, err
}

// overviewOf counts the servers of one organisation.
func (h *Hub) overviewOf(ctx context.Context, org string) (Overview, error) {
	o := Overview{Organisations: 1}
	verdicts, days := map[wire.Verdict]int{}, map[string]*Day{}
	_, err := list(ctx, h, func(r *sql.Rows) (_ struct{}, err error) {
		var v wire.Verdict
		var first, cases int64
		if err = r.Scan(&v, &first, &cases); err != nil {
			return
		}
		verdicts[v]++
		o.Servers++
		o.Cases += cases
		if d := day(moment(first)); d != "" && (v == wire.Compromised || v == wire.Attacked) {
			countDay(days, d, v, 1)
		}
		return
	}, `SELECT verdict, first_hostile, cases FROM server WHERE org = ?`, org)
	if err != nil {
		return o, err
	}
	o.Verdicts, o.Curve = byGravity(verdicts), byDay(days)
	own := `(SELECT exposure AS id, COUNT(*) AS servers FROM server WHERE org = ? AND exposure <> 0 GROUP BY exposure)`
	if o.CVEs, err = h.cves(ctx, own, []any{org}); err != nil {
		return o, err
	}
	o.Builds, err = list(ctx, h, scanBuild, `SELECT b.product, b.build, b.name, SUM(o.servers) FROM `+own+` o JOIN exposure e ON e.id = o.id JOIN build b ON b.id = e.build
		GROUP BY b.product, b.build, b.name ORDER BY 4 DESC, 1, 2, 3 LIMIT 500`, org)
	return o, err
}

func countDay(days map[string]*Day, key string, v wire.Verdict, n int) {
	d := days[key]
	if d == nil {
		d = &Day{Day: key}
		days[key] = d
	}
	switch v {
	case wire.Compromised:
		d.Compromised += n
	case wire.Attacked:
		d.Attacked += n
	}
}

func byDay(days map[string]*Day) []Day {
	var all []Day
	for _, d := range days {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b Day) int { return strings.Compare(a.Day, b.Day) })
	return all
}

func byGravity(n map[wire.Verdict]int) []Count {
	var all []Count
	for _, v := range append(Verdicts(), "") {
		if n[v] > 0 {
			all = append(all, Count{string(v), n[v]})
		}
	}
	return all
}

// cves sums up what the exposures of a table with id and servers are open to. Each
// is read once: its count stands behind a long text.
func (h *Hub) cves(ctx context.Context, table string, args []any) ([]CVE, error) {
	all := map[string]*CVE{}
	_, err := list(ctx, h, func(r *sql.Rows) (_ struct{}, err error) {
		var id, state, exploited string
		var n int
		if err = r.Scan(&id, &state, &exploited, &n); err != nil {
			return
		}
		c := all[id]
		if c == nil {
			c = &CVE{ID: id}
			all[id] = c
		}
		c.Exploited = max(c.Exploited, exploited)
		switch wire.State(state) {
		case wire.Vulnerable:
			c.Vulnerable += n
		case wire.Depends:
			c.Depends += n
		}
		return
	}, `WITH e AS MATERIALIZED (SELECT id, servers FROM `+table+` t WHERE servers > 0)
		SELECT c.cve, c.state, MAX(c.exploited), SUM(e.servers) FROM exposure_cve c JOIN e ON e.id = c.exposure GROUP BY c.cve, c.state`, args...)
	if err != nil {
		return nil, err
	}
	var out []CVE
	for _, c := range all {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b CVE) int {
		if a.Vulnerable+a.Depends != b.Vulnerable+b.Depends {
			return b.Vulnerable + b.Depends - a.Vulnerable - a.Depends
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// CVEBuilds counts the servers that are open to a vulnerability by their build,
// most first.
func (h *Hub) CVEBuilds(ctx context.Context, scope Scope, cve string) ([]CVEBuild, error) {
	from, args := `exposure`, []any{}
	if !scope.all {
		from, args = `(SELECT s.exposure AS id, MIN(x.build) AS build, COUNT(*) AS servers FROM server s JOIN exposure x ON x.id = s.exposure WHERE s.org = ? GROUP BY s.exposure)`, append(args, scope.org)
	}
	open := string(wire.Vulnerable)
	return list(ctx, h, func(r *sql.Rows) (b CVEBuild, err error) {
		return b, r.Scan(&b.Product, &b.Build.Build, &b.Name, &b.Vulnerable, &b.Depends, &b.Servers)
	}, `SELECT b.product, b.build, b.name, SUM(CASE WHEN c.state = ? THEN e.servers ELSE 0 END), SUM(CASE WHEN c.state = ? THEN 0 ELSE e.servers END), SUM(e.servers)
		FROM exposure_cve c JOIN `+from+` e ON e.id = c.exposure JOIN build b ON b.id = e.build WHERE c.cve = ? AND e.servers > 0 AND c.state IN (?, ?)
		GROUP BY b.id, b.product, b.build, b.name ORDER BY 6 DESC, b.product, b.build, b.name LIMIT 500`, append([]any{open, open}, append(args, cve, open, string(wire.Depends))...)...)
}

func scanBuild(r *sql.Rows) (b Build, err error) {
	return b, r.Scan(&b.Product, &b.Build, &b.Name, &b.Servers)
}

// A Filter narrows a list of servers. The zero value takes all.
type Filter struct {
	Name         string // the name begins with this, as written; lists by name
	Organisation string // id
	Verdict      wire.Verdict
	Build        string // "15.2.858.5"
	CVE          string // vulnerable, or depending on configuration
}

const serverColumns = `s.id, s.org, s.name, s.enrolled, s.seen, s.revoked, s.allow_files, s.version, COALESCE(b.product, ''), COALESCE(b.build, ''), COALESCE(b.name, ''), s.verdict, s.confidence, s.reason, s.findings,
	s.first_hostile, s.last_hostile, s.latest, s.cases, s.acquired, s.received, s.standing`

const serverJoins = ` LEFT JOIN exposure e ON e.id = s.exposure LEFT JOIN build b ON b.id = e.build`

type listed struct {
	Server
	standing int64
}

func scanServer(r interface{ Scan(...any) error }, more ...any) (l listed, err error) {
	var t [7]int64
	var allow int64
	s := &l.Server
	err = r.Scan(append([]any{&s.ID, &s.Organisation, &s.Name, &t[0], &t[1], &t[2], &allow, &s.Version, &s.Product, &s.Build, &s.BuildName, &s.Verdict, &s.Confidence, &s.Reason, &s.Findings,
		&t[3], &t[4], &s.Latest, &s.Cases, &t[5], &t[6], &l.standing}, more...)...)
	s.Enrolled, s.Seen, s.Revoked, s.FirstHostile, s.LastHostile, s.Acquired, s.Received = moment(t[0]), moment(t[1]), moment(t[2]), moment(t[3]), moment(t[4]), moment(t[5]), moment(t[6])
	s.AllowFiles = allow != 0
	return l, err
}

// Servers lists servers, the worst first (by verdict, then by the last hostile
// act), or by name if the filter says a name. next is "" at the end.
func (h *Hub) Servers(ctx context.Context, scope Scope, f Filter, page Page) (servers []Server, next string, err error) {
	q := `SELECT ` + serverColumns + ` FROM server s` + serverJoins + ` WHERE 1 = 1`
	var args []any
	where := func(text string, values ...any) {
		q += " AND " + text
		args = append(args, values...)
	}
	if !scope.all {
		where("s.org = ?", scope.org)
	}
	if f.Organisation != "" {
		where("s.org = ?", f.Organisation)
	}
	if f.Verdict != "" {
		r := rankOf(f.Verdict)
		where("s.standing >= ? AND s.standing < ?", r<<40, (r+1)<<40)
	}
	if f.Build != "" || f.CVE != "" {
		ids, n, err := h.exposed(ctx, f.Build, f.CVE)
		if err != nil || len(ids) == 0 {
			return nil, "", err
		}
		column := "s.exposure"
		if n > few { // common: walk the list until the page is full
			column = "+s.exposure"
		}
		where(column+" IN ("+marks(len(ids))+")", anys(ids)...)
	}
	byName := f.Name != ""
	if byName {
		name := "s.name"
		if n, err := h.withVerdict(ctx, f.Verdict); err != nil {
			return nil, "", err
		} else if n <= few {
			name = "(s.name || '')" // look through those with the verdict, not through all names
		}
		from, to := prefix(f.Name)
		where(name+" >= ? AND "+name+" < ?", from, to)
		if after, id, ok := strings.Cut(page.After, "\x00"); ok {
			where("("+name+", s.org) > (?, ?)", after, id)
		}
		q += " ORDER BY " + name + ", s.org"
	} else {
		if k, ok := page.numbers(2); ok {
			where("(s.standing, s.id) < (?, ?)", k[0], k[1])
		}
		q += " ORDER BY s.standing DESC, s.id DESC"
	}
	all, err := list(ctx, h, func(r *sql.Rows) (listed, error) { return scanServer(r) }, q+" LIMIT ?", append(args, page.limit()+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(all) > page.limit() {
		all = all[:page.limit()]
		last := all[len(all)-1]
		if next = key(last.standing, last.ID); byName {
			next = last.Name + "\x00" + last.Organisation
		}
	}
	for _, l := range all {
		servers = append(servers, l.Server)
	}
	return servers, next, nil
}

// few servers are read and put in order at once; a list of more is walked in its
// own order until the page is full.
const few = 2000

// withVerdict is how many servers of the estate have a verdict; more than few
// for "".
func (h *Hub) withVerdict(ctx context.Context, v wire.Verdict) (n int, err error) {
	if v == "" {
		return few + 1, nil
	}
	err = h.read.QueryRowContext(ctx, h.sql(`SELECT COALESCE(SUM(n), 0) FROM counter WHERE kind = 'verdict' AND key = ?`), string(v)).Scan(&n)
	return n, h.told(err)
}

// exposed lists the exposures of a build or a vulnerability, and how many
// servers have one of them.
func (h *Hub) exposed(ctx context.Context, build, cve string) (ids []int64, n int, err error) {
	q, args := `SELECT e.id, e.servers FROM exposure e`, []any{}
	if cve != "" {
		q, args = q+` JOIN (SELECT DISTINCT exposure FROM exposure_cve WHERE cve = ?) c ON c.exposure = e.id`, append(args, cve)
	}
	if build != "" {
		q, args = q+` JOIN build b ON b.id = e.build AND b.build = ?`, append(args, build)
	}
	_, err = list(ctx, h, func(r *sql.Rows) (_ struct{}, err error) {
		var id int64
		var servers int
		err = r.Scan(&id, &servers)
		ids, n = append(ids, id), n+servers
		return
	}, q+` WHERE e.servers > 0 ORDER BY e.servers DESC LIMIT 5000`, args...)
	return ids, n, err
}

// Server returns one server.
func (h *Hub) Server(ctx context.Context, scope Scope, id int64) (Server, error) {
	l, err := scanServer(h.read.QueryRowContext(ctx, h.sql(`SELECT `+serverColumns+` FROM server s`+serverJoins+` WHERE s.id = ?`), id))
	if err == nil && !scope.all && l.Organisation != scope.org {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Server{}, h.told(err)
	}
	return l.Server, nil
}

// Cases lists the cases of a server, the newest first, 1,000 at most.
func (h *Hub) Cases(ctx context.Context, scope Scope, server int64) ([]CaseInfo, error) {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return nil, err
	}
	return list(ctx, h, func(r *sql.Rows) (CaseInfo, error) { return scanCase(r) },
		`SELECT id, server, received, acquired, verdict, findings, evidence, hash, LENGTH(body) FROM cases WHERE server = ? ORDER BY id DESC LIMIT 1000`, server)
}

func scanCase(r interface{ Scan(...any) error }, more ...any) (c CaseInfo, err error) {
	var received, acquired int64
	var evidence, hash []byte
	err = r.Scan(append([]any{&c.ID, &c.Server, &received, &acquired, &c.Verdict, &c.Findings, &evidence, &hash, &c.Size}, more...)...)
	c.Received, c.Acquired = moment(received), moment(acquired)
	copy(c.Evidence[:], evidence)
	copy(c.Hash[:], hash)
	return c, err
}

// CaseBody returns a case as it was received: a limier/1 stream in zstd.
func (h *Hub) CaseBody(ctx context.Context, scope Scope, id int64) (CaseInfo, []byte, error) {
	var body []byte
	c, err := scanCase(h.read.QueryRowContext(ctx, h.sql(`SELECT id, server, received, acquired, verdict, findings, evidence, hash, LENGTH(body), body FROM cases WHERE id = ?`), id), &body)
	if err != nil {
		return CaseInfo{}, nil, h.told(err)
	}
	if _, err := h.Server(ctx, scope, c.Server); err != nil {
		return CaseInfo{}, nil, err
	}
	return c, body, nil
}

// Case returns a case.
func (h *Hub) Case(ctx context.Context, scope Scope, id int64) (CaseInfo, *casefile.Case, error) {
	info, body, err := h.CaseBody(ctx, scope, id)
	if err != nil {
		return CaseInfo{}, nil, err
	}
	c, err := Decode(body)
	if err != nil {
		return CaseInfo{}, nil, fmt.Errorf("case %d: %w", id, err)
	}
	return info, c, nil
}

// MaxCase bounds a case, in bytes of its stream.
const MaxCase = 32 << 20

// ErrLarge says that a case is larger than MaxCase.
var ErrLarge = fmt.Errorf("the case is larger than %d MiB", MaxCase>>20)

// Decode reads a case that is kept compressed.
func Decode(body []byte) (*casefile.Case, error) {
	dec, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxCase), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return Read(dec)
}

// Read reads a case from its stream, which must be UTF-8 and no larger than
// MaxCase.
func Read(r io.Reader) (*casefile.Case, error) {
	lim := &io.LimitedReader{R: r, N: MaxCase + 1}
	dec := jsontext.NewDecoder(lim)
	return casefile.Build(func(yield func(wire.Message, error) bool) {
		for {
			var m wire.Message
			err := json.UnmarshalDecode(dec, &m)
			switch {
			case lim.N <= 0:
				err = ErrLarge
			case err == io.EOF:
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	})
}

// ErrEnrolled says that a server of that name is enrolled with another key.
var ErrEnrolled = errors.New("a server of that name is enrolled already: revoke it first, or choose another name")

// Enrol registers a server of an organisation with the hash of its public key,
// and the organisation if it is new. A server that was revoked and enrols
// again keeps its id and its cases.
func (h *Hub) Enrol(ctx context.Context, org, name, keyHash string, at time.Time) (id int64, err error) {
	err = h.update(ctx, func(tx *sql.Tx) error {
		id, err = h.enrol(ctx, tx, org, name, keyHash, at)
		return err
	})
	return id, err
}

// An Enrolment is what Enrol takes, for EnrolMany.
type Enrolment struct{ Organisation, Name, KeyHash string }

// EnrolMany enrols servers at once, all or none.
func (h *Hub) EnrolMany(ctx context.Context, list []Enrolment, at time.Time) error {
	return h.update(ctx, func(tx *sql.Tx) error {
		for _, e := range list {
			if _, err := h.enrol(ctx, tx, e.Organisation, e.Name, e.KeyHash, at); err != nil {
				return fmt.Errorf("%s of %s: %w", e.Name, e.Organisation, err)
			}
		}
		return nil
	})
}

func (h *Hub) enrol(ctx context.Context, tx *sql.Tx, org, name, keyHash string, at time.Time) (id int64, err error) {
	res, err := tx.ExecContext(ctx, h.sql(`INSERT INTO organisation(id, name, country, contact, notes, created) VALUES (?,?,'','','',?) ON CONFLICT (id) DO NOTHING`), org, org, stamp(at))
	if err != nil {
		return 0, err
	}
	if n, _ := res.RowsAffected(); n > 0 {
		if err := h.bump(ctx, tx, "organisations", 1); err != nil {
			return 0, err
		}
	}
	var revoked int64
	var key string
	switch err = tx.QueryRowContext(ctx, h.sql(`SELECT id, revoked, key_hash FROM server WHERE name = ? AND org = ?`), name, org).Scan(&id, &revoked, &key); {
	case err == nil && revoked == 0 && key == keyHash:
		return id, nil
	case err == nil && revoked == 0:
		return 0, ErrEnrolled
	case err == nil:
		if _, err = tx.ExecContext(ctx, h.sql(`UPDATE server SET enrolled = ?, revoked = 0, key_hash = ? WHERE id = ?`), stamp(at), keyHash, id); err != nil {
			return 0, err
		}
		return id, h.bump(ctx, tx, "keys", 1)
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, h.sql(`INSERT INTO server(org, name, enrolled, key_hash) VALUES (?,?,?,?) RETURNING id`), org, name, stamp(at), keyHash).Scan(&id); err != nil {
		return 0, err
	}
	if err := h.bump(ctx, tx, "verdict", 1); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, h.sql(`UPDATE organisation SET servers = servers + 1 WHERE id = ?`), org)
	return id, err
}

// KeyHashes returns the hashes of the keys that servers enrolled with, of those
// with numbers from one to before another. Servers that were revoked have none.
func (h *Hub) KeyHashes(ctx context.Context, from, to int64) (map[int64]string, error) {
	rows, err := h.keyHashes.QueryContext(ctx, from, to)
	if err != nil {
		return nil, h.told(err)
	}
	defer rows.Close()
	keys := map[int64]string{}
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return nil, err
		}
		keys[id] = key
	}
	return keys, h.told(rows.Err())
}

// KeyChanges counts how often the key of a server was taken away or replaced.
func (h *Hub) KeyChanges(ctx context.Context) (n int64, err error) {
	err = h.read.QueryRowContext(ctx, `SELECT COALESCE(SUM(n), 0) FROM counter WHERE kind = 'keys'`).Scan(&n)
	return n, h.told(err)
}

func (h *Hub) bump(ctx context.Context, tx *sql.Tx, kind string, n int) error {
	_, err := tx.ExecContext(ctx, h.sql(`INSERT INTO counter(kind, key, n) VALUES (?,'',?) ON CONFLICT (kind, key) DO UPDATE SET n = counter.n + excluded.n`), kind, n)
	return err
}

// Contact notes that a server was in touch, and whether its administrator
// lets the hub ask for files.
func (h *Hub) Contact(ctx context.Context, server int64, allowFiles bool, at time.Time) error {
	allow := 0
	if allowFiles {
		allow = 1
	}
	_, err := h.visit.ExecContext(ctx, stamp(at), allow, server) // counts nothing: no need to be the only writer
	return h.told(err)
}

// PutMissed notes what a server says that no hub will get, and returns how many
// cases more that is than before.
func (h *Hub) PutMissed(ctx context.Context, server int64, m Missed) (more int, err error) {
	was, err := h.missed(ctx, server)
	if err != nil || was.Cases == m.Cases {
		return 0, err
	}
	_, err = h.exec(ctx, `INSERT INTO missed(server, cases, reason, told) VALUES (?,?,?,?) ON CONFLICT (server) DO UPDATE SET cases = excluded.cases, reason = excluded.reason, told = excluded.told`,
		server, m.Cases, cut(m.Reason), stamp(m.Told))
	return m.Cases - was.Cases, err
}

// Missed is what PutMissed noted of a server.
func (h *Hub) Missed(ctx context.Context, scope Scope, server int64) (Missed, error) {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return Missed{}, err
	}
	return h.missed(ctx, server)
}

func (h *Hub) missed(ctx context.Context, server int64) (m Missed, err error) {
	var told int64
	err = h.read.QueryRowContext(ctx, h.sql(`SELECT cases, reason, told FROM missed WHERE server = ?`), server).Scan(&m.Cases, &m.Reason, &told)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	m.Told = moment(told)
	return m, h.told(err)
}

// Revoke keeps a server from submitting; enrolling again undoes it.
func (h *Hub) Revoke(ctx context.Context, scope Scope, server int64, at time.Time) error {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return err
	}
	return h.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, h.sql(`UPDATE server SET revoked = ? WHERE id = ?`), stamp(at), server); err != nil {
			return err
		}
		return h.bump(ctx, tx, "keys", 1)
	})
}

// Held reports which of the evidence hashes are of cases of the server, or of
// dead letters, which an administrator can replay.
func (h *Hub) Held(ctx context.Context, server int64, evidence [][32]byte) ([][32]byte, error) {
	var held [][32]byte
	for _, e := range evidence[:min(len(evidence), 100)] {
		var one int
		err := h.held.QueryRowContext(ctx, server, e[:], server, e[:]).Scan(&one)
		switch {
		case err == nil:
			held = append(held, e)
		case !errors.Is(err, sql.ErrNoRows):
			return nil, h.told(err)
		}
	}
	return held, nil
}
