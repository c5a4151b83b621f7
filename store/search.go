package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"limier/finding"
)

// All searches list what most servers share first, unless said otherwise. In
// the scope of one organisation they look at its servers only, and count only
// those. next is "" at the end.

// SearchFindings looks for findings whose title or rule holds one of the texts,
// in any case; an empty text, or none, finds all.
func (h *Hub) SearchFindings(ctx context.Context, scope Scope, texts []string, level finding.Level, page Page) (kinds []FindingKind, next string, err error) {
	n, from, args := `f.servers`, `finding f`, []any{}
	if !scope.all {
		n, args = `o.n`, []any{scope.org}
		from = `(SELECT x.finding, COUNT(*) AS n FROM server s JOIN server_finding x ON x.server = s.id WHERE s.org = ? GROUP BY x.finding) o JOIN finding f ON f.id = o.finding`
	}
	q := `SELECT f.id, f.rule, f.title, f.level, f.phase, f.outcome, ` + n + ` FROM ` + from + ` WHERE ` + n + ` > 0`
	for i, text := range texts {
		q += []string{` AND (`, ` OR `}[min(i, 1)] + `LOWER(f.title) LIKE ? ESCAPE '\' OR f.rule LIKE ? ESCAPE '\'`
		args = append(args, pattern(text), pattern(text))
	}
	if len(texts) > 0 {
		q += `)`
	}
	if level != "" {
		q, args = q+` AND f.level = ?`, append(args, string(level))
	}
	if k, ok := page.numbers(2); ok {
		q, args = q+` AND (`+n+`, f.id) < (?, ?)`, append(args, k[0], k[1])
	}
	kinds, err = list(ctx, h, func(r *sql.Rows) (k FindingKind, err error) {
		return k, r.Scan(&k.ID, &k.Rule, &k.Title, &k.Level, &k.Phase, &k.Outcome, &k.Servers)
	}, q+` ORDER BY `+n+` DESC, f.id DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(kinds) > page.limit() {
		kinds = kinds[:page.limit()]
		next = key(int64(kinds[len(kinds)-1].Servers), kinds[len(kinds)-1].ID)
	}
	return kinds, next, err
}

// FindingKind returns one kind of finding; its count is of the whole estate.
func (h *Hub) FindingKind(ctx context.Context, id int64) (k FindingKind, err error) {
	err = h.read.QueryRowContext(ctx, h.sql(`SELECT f.id, f.rule, f.title, f.level, f.phase, f.outcome, f.servers FROM finding f WHERE f.id = ?`), id).
		Scan(&k.ID, &k.Rule, &k.Title, &k.Level, &k.Phase, &k.Outcome, &k.Servers)
	return k, h.told(err)
}

const indicatorColumns = `i.id, i.type, i.role, i.value, i.servers, i.first, i.last`

// seenBy is when servers, x, saw an indicator; 0 is no time.
const seenBy = `COALESCE(MIN(NULLIF(x.first, 0)), 0) AS first, COALESCE(MAX(x.last), 0) AS last`

// own turns columns of the whole estate into those of some servers, counted in o.
func own(columns string) string {
	return strings.NewReplacer("i.servers", "o.n", "i.first", "o.first", "i.last", "o.last").Replace(columns)
}

func scanIndicator(r interface{ Scan(...any) error }) (i Indicator, err error) {
	var first, last int64
	err = r.Scan(&i.ID, &i.Type, &i.Role, &i.Value, &i.Servers, &first, &last)
	i.First, i.Last = moment(first), moment(last)
	return i, err
}

// SearchIndicators looks for an address, hash, path, domain, account, process,
// user agent or parameter that is the text or begins with it; a path also if
// its last element begins with it, in any case. It lists by value.
func (h *Hub) SearchIndicators(ctx context.Context, scope Scope, text string, page Page) (found []Indicator, next string, err error) {
	return byText(ctx, h, scope, "indicator", indicatorColumns, []string{"value"}, text, page,
		func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) }, func(i Indicator) (string, int64) { return i.Value, i.ID })
}

// SearchFiles looks for files that no baseline knows, by hash or the beginning
// of a hash, of a path, or of a name. It lists by path.
func (h *Hub) SearchFiles(ctx context.Context, scope Scope, text string, page Page) (found []File, next string, err error) {
	if !scope.all {
		return h.ownFiles(ctx, scope.org, text, page)
	}
	return byText(ctx, h, scope, "file", fileColumns, []string{"path", "sha256"}, text, page, scanFile, func(f File) (string, int64) { return f.Path, f.ID })
}

const fileColumns = `i.id, i.path, i.sha256, i.size, i.servers`

// ownFiles is SearchFiles among those of an organisation's servers.
func (h *Hub) ownFiles(ctx context.Context, org, text string, page Page) (found []File, next string, err error) {
	n := map[int64]int{}
	if _, err := list(ctx, h, func(r *sql.Rows) (struct{}, error) {
		var files sql.RawBytes
		err := r.Scan(&files)
		for _, id := range unpackIDs(files) {
			n[id]++
		}
		return struct{}{}, err
	}, `SELECT files FROM server WHERE org = ?`, org); err != nil {
		return nil, "", err
	}
	begins, args := begin([]string{"path", "sha256"}, text)
	if k, id, ok := cutKey(page.After); ok {
		begins, args = begins+` AND (i.path, i.id) > (?, ?)`, append(args, k, id)
	}
	found, err = h.filesBy(ctx, slices.Sorted(maps.Keys(n)), ` AND `+begins, args...)
	for i := range found {
		found[i].Servers = n[found[i].ID]
	}
	slices.SortFunc(found, func(a, b File) int { return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
	if len(found) > page.limit() {
		found = found[:page.limit()]
		last := found[len(found)-1]
		next = last.Path + "\x00" + key(last.ID)
	}
	return found, next, err
}

// filesBy returns those of the files for which the condition holds.
func (h *Hub) filesBy(ctx context.Context, ids []int64, condition string, args ...any) (found []File, err error) {
	for part := range slices.Chunk(ids, 500) {
		some, err := list(ctx, h, scanFile, `SELECT `+fileColumns+` FROM file i WHERE i.id IN (`+marks(len(part))+`)`+condition, append(anys(part), args...)...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func scanFile(r *sql.Rows) (f File, err error) {
	return f, r.Scan(&f.ID, &f.Path, &f.SHA256, &f.Size, &f.Servers)
}

// maxPrefixed bounds what is put in the order of the list of what another column
// finds: of a text that begins more than that, not all are listed.
const maxPrefixed = 1000

// byText finds the rows of a table in which one of the columns, or base,
// begins with the text. The first column is the order of the list.
func byText[T any](ctx context.Context, h *Hub, scope Scope, table, columns string, by []string, text string, page Page, scan func(*sql.Rows) (T, error), at func(T) (string, int64)) (found []T, next string, err error) {
	order := "i." + by[0]
	after, args := "", []any{}
	if k, id, ok := cutKey(page.After); ok {
		after, args = " AND ("+order+", i.id) > (?, ?)", []any{k, id}
	}
	limit := page.limit() + 1
	seen := ""
	if table == "indicator" {
		seen = ", " + seenBy
	}
	var q strings.Builder
	var all []any
	switch {
	case !scope.all:
		q.WriteString(`SELECT ` + own(columns) + ` FROM (SELECT x.` + table + ` AS id, COUNT(*) AS n` + seen + ` FROM server s JOIN server_` + table + ` x ON x.server = s.id WHERE s.org = ? GROUP BY x.` + table + `) o JOIN ` + table + ` i ON i.id = o.id WHERE `)
		all = append(all, scope.org)
		begins, some := begin(by, text)
		q.WriteString(begins + after)
		all = append(append(all, some...), args...)
	default:
		// One branch for each index; UNION takes away what two of them find.
		for n, b := range beginnings(by, text) {
			from, to := prefix(b.text)
			if n > 0 {
				q.WriteString(" UNION ")
			}
			some, most := "", maxPrefixed
			if b.column == "base" {
				some = ` AND i.base <> ''`
			}
			if b.column == by[0] {
				most = limit // in the order of the list already
			}
			q.WriteString(`SELECT * FROM (SELECT ` + columns + ` FROM ` + table + ` i WHERE i.servers > 0 AND i.` + b.column + ` >= ? AND i.` + b.column + ` < ?` + some + after + ` ORDER BY i.` + b.column + `, i.id LIMIT ?) b` + fmt.Sprint(n))
			all = append(append(append(all, from, to), args...), most)
		}
		order = by[0]
	}
	id := "id"
	if !scope.all {
		id = "i.id"
	}
	found, err = list(ctx, h, scan, q.String()+` ORDER BY `+order+`, `+id+` LIMIT ?`, append(all, limit)...)
	if len(found) >= limit {
		found = found[:limit-1]
		k, id := at(found[len(found)-1])
		next = k + "\x00" + key(id)
	}
	return found, next, err
}

// begin is the condition that one of the columns, or base, begins with the text.
func begin(by []string, text string) (condition string, args []any) {
	var some []string
	for _, b := range beginnings(by, text) {
		from, to := prefix(b.text)
		some = append(some, `i.`+b.column+` >= ? AND i.`+b.column+` < ?`)
		args = append(args, from, to)
	}
	return `(` + strings.Join(some, " OR ") + `)`, args
}

// A beginning is what a column may begin with.
type beginning struct{ column, text string }

// beginnings are those of a text as people have it: a path with its drive and
// backslashes, a hash in capitals, an address that was made harmless.
func beginnings(by []string, text string) (all []beginning) {
	add := func(column, text string) {
		if b := (beginning{column, text}); !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	lower := strings.ToLower(strings.ReplaceAll(text, `\`, "/"))
	add("base", lower)
	for _, column := range by {
		add(column, lower)
		if column == "value" {
			add(column, text) // an account, a user agent
			add(column, strings.NewReplacer("[.]", ".", "[:]", ":").Replace(lower))
		}
		if p := FilePath(text); p != "" && column != "sha256" {
			add(column, p)
		}
	}
	return all
}

func cutKey(after string) (text string, id int64, ok bool) {
	text, number, ok := strings.Cut(after, "\x00")
	if !ok {
		return "", 0, false
	}
	k, ok := Page{After: number}.numbers(1)
	if !ok {
		return "", 0, false
	}
	return text, k[0], true
}

// File returns one file. Its count is of all servers: how rare a file is, is
// told to everybody, and where it is only within the scope.
func (h *Hub) File(ctx context.Context, id int64) (File, error) {
	all, err := h.filesBy(ctx, []int64{id}, "")
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return File{}, err
	}
	return all[0], nil
}

// FilesOf lists the files of a server that no baseline knows, the rarest in
// the estate first.
func (h *Hub) FilesOf(ctx context.Context, scope Scope, server int64, limit int) ([]File, error) {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return nil, err
	}
	var ids []byte
	if err := h.read.QueryRowContext(ctx, h.sql(`SELECT files FROM server WHERE id = ?`), server).Scan(&ids); err != nil {
		return nil, h.told(err)
	}
	files, err := h.filesBy(ctx, unpackIDs(ids), "")
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(cmp.Compare(a.Servers, b.Servers), strings.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return files[:min(len(files), Page{Limit: limit}.limit())], err
}

// Prevalence says on how many servers of each build a file is, the builds with
// most such servers first. Counts are of the whole estate.
func (h *Hub) Prevalence(ctx context.Context, file int64) (all []Prevalence, err error) {
	type count struct{ with, same int64 }
	n := map[int64]*count{}
	_, err = list(ctx, h, func(r *sql.Rows) (struct{}, error) {
		var id int64
		var body sql.RawBytes
		if err := r.Scan(&id, &body); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, readHolds(body, func(x hold) {
			c := n[x.build]
			if c == nil {
				c = &count{}
				n[x.build] = c
			}
			c.same += x.n
			if id == file {
				c.with += x.n
			}
		})
	}, `WITH g AS (SELECT id, holders FROM file WHERE servers > 0 AND path = (SELECT path FROM file WHERE id = ?))
		SELECT id, holders FROM g UNION ALL SELECT g.id, x.body FROM g JOIN holders x ON x.thing = g.id`, file)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(n, func(_ int64, c *count) bool { return c.with <= 0 })
	names := map[int64]Build{}
	for part := range slices.Chunk(slices.Collect(maps.Keys(n)), 500) {
		if _, err := list(ctx, h, func(r *sql.Rows) (_ struct{}, err error) {
			var id int64
			var b Build
			err = r.Scan(&id, &b.Product, &b.Build, &b.Name, &b.Servers)
			names[id] = b
			return
		}, `SELECT id, product, build, name, servers FROM build WHERE id IN (`+marks(len(part))+`)`, anys(part)...); err != nil {
			return nil, err
		}
	}
	for id, c := range n {
		all = append(all, Prevalence{Build: names[id], With: int(c.with), SamePath: int(c.same)})
	}
	slices.SortFunc(all, func(a, b Prevalence) int {
		return cmp.Or(cmp.Compare(b.With, a.With), strings.Compare(a.Build.Build, b.Build.Build), strings.Compare(a.Product+"\x00"+a.Name, b.Product+"\x00"+b.Name))
	})
	return all[:min(len(all), 500)], nil
}

// FindingServers lists the servers with a kind of finding.
func (h *Hub) FindingServers(ctx context.Context, scope Scope, id int64, page Page) ([]Sighted, string, error) {
	return h.sighted(ctx, scope, "finding", "x.first, x.last, x.n", id, page)
}

// IndicatorServers lists the servers with an indicator.
func (h *Hub) IndicatorServers(ctx context.Context, scope Scope, id int64, page Page) ([]Sighted, string, error) {
	return h.sighted(ctx, scope, "indicator", "x.first, x.last, 1", id, page)
}

// FileServers lists the servers with a file.
func (h *Hub) FileServers(ctx context.Context, scope Scope, id int64, page Page) (found []Sighted, next string, err error) {
	servers, err := h.holders(ctx, "file", id)
	if err == nil && !scope.all {
		var own []int64
		if own, err = list(ctx, h, func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) }, `SELECT id FROM server WHERE org = ?`, scope.org); err == nil {
			servers = slices.DeleteFunc(own, func(id int64) bool {
				_, has := slices.BinarySearch(servers, id)
				return !has
			})
			slices.Sort(servers)
		}
	}
	if k, ok := page.numbers(1); ok {
		at, _ := slices.BinarySearch(servers, k[0]+1)
		servers = servers[at:]
	}
	if err != nil || len(servers) == 0 {
		return nil, "", err
	}
	if len(servers) > page.limit() {
		servers = servers[:page.limit()]
		next = key(servers[len(servers)-1])
	}
	found, err = list(ctx, h, func(r *sql.Rows) (Sighted, error) {
		l, err := scanServer(r)
		return Sighted{Server: l.Server, Count: 1}, err
	}, `SELECT `+serverColumns+` FROM server s`+serverJoins+` WHERE s.id IN (`+marks(len(servers))+`) ORDER BY s.id`, anys(servers)...)
	return found, next, err
}

func (h *Hub) sighted(ctx context.Context, scope Scope, table, columns string, id int64, page Page) (found []Sighted, next string, err error) {
	q := `SELECT ` + serverColumns + `, ` + columns + ` FROM ` + where(scope, table) + serverJoins + ` WHERE x.server = s.id AND x.` + table + ` = ?`
	args := []any{id}
	if !scope.all {
		q, args = q+` AND s.org = ?`, append(args, scope.org)
	}
	if k, ok := page.numbers(1); ok {
		q, args = q+` AND x.server > ?`, append(args, k[0])
	}
	found, err = list(ctx, h, func(r *sql.Rows) (v Sighted, err error) {
		var first, last int64
		l, err := scanServer(r, &first, &last, &v.Count)
		v.Server, v.First, v.Last = l.Server, moment(first), moment(last)
		return v, err
	}, q+` ORDER BY x.server LIMIT ?`, append(args, page.limit()+1)...)
	if len(found) > page.limit() {
		found = found[:page.limit()]
		next = key(found[len(found)-1].Server.ID)
	}
	return found, next, err
}

// where joins servers, s, with what they have, x. SQLite takes the tables of a
// CROSS JOIN in their order: an organisation has fewer servers than the estate.
func where(scope Scope, table string) string {
	if scope.all {
		return `server_` + table + ` x CROSS JOIN server s`
	}
	return `server s CROSS JOIN server_` + table + ` x`
}

// Indicator returns one indicator; its count and times are within the scope.
func (h *Hub) Indicator(ctx context.Context, scope Scope, id int64) (Indicator, error) {
	i, err := scanIndicator(h.read.QueryRowContext(ctx, h.sql(`SELECT `+indicatorColumns+` FROM indicator i WHERE i.id = ?`), id))
	if err == nil && !scope.all {
		var first, last int64
		err = h.read.QueryRowContext(ctx, h.sql(`SELECT COUNT(*), `+seenBy+` FROM `+where(scope, "indicator")+` WHERE x.server = s.id AND x.indicator = ? AND s.org = ?`), id, scope.org).Scan(&i.Servers, &first, &last)
		i.First, i.Last = moment(first), moment(last)
	}
	if err == nil && i.Servers == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Indicator{}, h.told(err)
	}
	return i, nil
}

// Campaigns lists what ties servers together: attackers' addresses, shells by
// path, hash or parameter, and sets of techniques, those that most servers
// share first. kind limits it to one type; "" takes all.
func (h *Hub) Campaigns(ctx context.Context, scope Scope, kind string, page Page) (found []Indicator, next string, err error) {
	q, n, args := `SELECT `+indicatorColumns+` FROM indicator i WHERE i.ties = 1 AND i.servers > 1`, `i.servers`, []any{}
	if !scope.all {
		q, n = `SELECT `+own(indicatorColumns)+` FROM (SELECT x.indicator AS id, COUNT(*) AS n, `+seenBy+` FROM server s JOIN server_indicator x ON x.server = s.id WHERE s.org = ? GROUP BY x.indicator) o
			JOIN indicator i ON i.id = o.id WHERE i.ties = 1 AND o.n > 1`, `o.n`
		args = append(args, scope.org)
	}
	switch kind {
	case "":
	case string(finding.Address):
		q, args = q+` AND i.type IN (?, 'ipv6-addr')`, append(args, kind)
	default:
		q, args = q+` AND i.type = ?`, append(args, kind)
	}
	if k, ok := page.numbers(2); ok {
		q, args = q+` AND (`+n+`, i.id) < (?, ?)`, append(args, k[0], k[1])
	}
	found, err = list(ctx, h, func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) }, q+` ORDER BY `+n+` DESC, i.id DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(found) > page.limit() {
		found = found[:page.limit()]
		last := found[len(found)-1]
		next = key(int64(last.Servers), last.ID)
	}
	return found, next, err
}

// A campaign may have as many servers as the estate: these bound those whose
// organisations are counted, and those whose other indicators are.
const (
	maxCounted  = 5000
	maxCompared = 500
)

// Campaign returns the servers that an indicator ties together in numbers, and
// what else these share; of very many, the first are looked at.
// IndicatorServers lists them.
func (h *Hub) Campaign(ctx context.Context, scope Scope, id int64) (Campaign, error) {
	i, err := h.Indicator(ctx, scope, id)
	if err != nil {
		return Campaign{}, err
	}
	c := Campaign{Indicator: i, Counted: min(i.Servers, maxCounted), Compared: min(i.Servers, maxCompared)}
	some, args := `SELECT x.server AS id, s.org FROM `+where(scope, "indicator")+` WHERE x.server = s.id AND x.indicator = ?`, []any{id}
	if !scope.all {
		some, args = some+` AND s.org = ?`, append(args, scope.org)
	}
	some += ` ORDER BY x.server LIMIT ?`
	if err := h.read.QueryRowContext(ctx, h.sql(`SELECT COUNT(DISTINCT t.org) FROM (`+some+`) t`), append(args, maxCounted)...).Scan(&c.Organisations); err != nil {
		return Campaign{}, h.told(err)
	}
	c.Related, err = list(ctx, h, func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) },
		`SELECT `+own(indicatorColumns)+` FROM (SELECT x.indicator AS id, COUNT(*) AS n, `+seenBy+` FROM (`+some+`) t JOIN server_indicator x ON x.server = t.id WHERE x.indicator <> ?
			GROUP BY x.indicator HAVING COUNT(*) > 1 ORDER BY 2 DESC, 1 LIMIT 200) o JOIN indicator i ON i.id = o.id WHERE i.ties = 1 ORDER BY o.n DESC, i.value LIMIT 50`, append(args, maxCompared, id)...)
	return c, err
}
