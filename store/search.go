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
	q, args := ``, []any{}
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
	most := func(k FindingKind) (int, int64) { return k.Servers, k.ID }
	if !scope.all {
		own, err := h.own(ctx, "finding", `org = ?`, scope.org)
		if err != nil {
			return nil, "", err
		}
		kinds, err = byIDs(ctx, h, scanKind, kindColumns+` FROM finding f WHERE f.id`, slices.Sorted(maps.Keys(own)), q, args...)
		for i := range kinds {
			kinds[i].Servers = own[kinds[i].ID].n
		}
		kinds, next = mostFirst(kinds, most, page)
		return kinds, next, err
	}
	if k, ok := page.numbers(2); ok {
		q, args = q+` AND (f.servers, f.id) < (?, ?)`, append(args, k[0], k[1])
	}
	kinds, err = list(ctx, h, scanKind, kindColumns+` FROM finding f WHERE f.servers > 0`+q+` ORDER BY f.servers DESC, f.id DESC LIMIT ?`, append(args, page.limit()+1)...)
	kinds, next = mostFirst(kinds, most, page)
	return kinds, next, err
}

const kindColumns = `SELECT f.id, f.rule, f.title, f.level, f.phase, f.outcome, f.servers`

func scanKind(r *sql.Rows) (k FindingKind, err error) {
	return k, r.Scan(&k.ID, &k.Rule, &k.Title, &k.Level, &k.Phase, &k.Outcome, &k.Servers)
}

// mostFirst is a page of a list, what most servers share first.
func mostFirst[T any](all []T, by func(T) (servers int, id int64), page Page) ([]T, string) {
	slices.SortFunc(all, func(a, b T) int {
		n, i := by(a)
		m, j := by(b)
		return cmp.Or(cmp.Compare(m, n), cmp.Compare(j, i))
	})
	if k, ok := page.numbers(2); ok {
		all = slices.DeleteFunc(all, func(v T) bool {
			n, id := by(v)
			return cmp.Or(cmp.Compare(int64(n), k[0]), cmp.Compare(id, k[1])) >= 0
		})
	}
	if len(all) <= page.limit() {
		return all, ""
	}
	all = all[:page.limit()]
	n, id := by(all[len(all)-1])
	return all, key(int64(n), id)
}

// byIDs returns those of many things for which the condition holds, as a query
// that ends with their number finds them.
func byIDs[T any](ctx context.Context, h *Hub, scan func(*sql.Rows) (T, error), query string, ids []int64, condition string, args ...any) (found []T, err error) {
	for part := range slices.Chunk(ids, 500) {
		some, err := list(ctx, h, scan, query+` IN (`+marks(len(part))+`)`+condition, append(anys(part), args...)...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// A tally is how many servers have a thing, and when they saw it.
type tally struct {
	n           int
	first, last int64
}

func (t tally) add(x having) tally {
	if x.first != 0 && (t.first == 0 || x.first < t.first) {
		t.first = x.first
	}
	return tally{t.n + 1, t.first, max(t.last, x.last)}
}

// of is an indicator as those servers saw it.
func (t tally) of(i Indicator) Indicator {
	i.Servers, i.First, i.Last = t.n, moment(t.first), moment(t.last)
	return i
}

// own tallies what the servers for which the condition holds have.
func (h *Hub) own(ctx context.Context, table, condition string, args ...any) (map[int64]tally, error) {
	all := map[int64]tally{}
	_, err := list(ctx, h, func(r *sql.Rows) (struct{}, error) {
		var body sql.RawBytes
		err := r.Scan(&body)
		for _, x := range unpackHavings(body, table != "file") {
			all[x.id] = all[x.id].add(x)
		}
		return struct{}{}, err
	}, `SELECT `+columnOf(table)+` FROM server WHERE `+condition, args...)
	return all, err
}

// FindingKind returns one kind of finding; its count is of the whole estate.
func (h *Hub) FindingKind(ctx context.Context, id int64) (k FindingKind, err error) {
	all, err := list(ctx, h, scanKind, kindColumns+` FROM finding f WHERE f.id = ?`, id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return k, err
	}
	return all[0], nil
}

const indicatorColumns = `i.id, i.type, i.role, i.value, i.servers, i.first, i.last`

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
	return byText(ctx, h, scope, "indicator", indicatorColumns, []string{"value"}, text, page, func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) },
		func(i Indicator) (string, int64) { return i.Value, i.ID }, func(i *Indicator, t tally) { *i = t.of(*i) })
}

// SearchFiles looks for files that no baseline knows, by hash or the beginning
// of a hash, of a path, or of a name. It lists by path.
func (h *Hub) SearchFiles(ctx context.Context, scope Scope, text string, page Page) (found []File, next string, err error) {
	return byText(ctx, h, scope, "file", fileColumns, []string{"path", "sha256"}, text, page, scanFile,
		func(f File) (string, int64) { return f.Path, f.ID }, func(f *File, t tally) { f.Servers = t.n })
}

const fileColumns = `i.id, i.path, i.sha256, i.size, i.servers`

func scanFile(r *sql.Rows) (f File, err error) {
	return f, r.Scan(&f.ID, &f.Path, &f.SHA256, &f.Size, &f.Servers)
}

// maxPrefixed bounds what is put in the order of the list of what another column
// finds: of a text that begins more than that, not all are listed.
const maxPrefixed = 1000

// byText finds the things of a table in which one of the columns, or base, begins
// with the text. The first column is the order of the list. In the scope of one
// organisation, tell says what its servers saw of them.
func byText[T any](ctx context.Context, h *Hub, scope Scope, table, columns string, by []string, text string, page Page, scan func(*sql.Rows) (T, error), at func(T) (string, int64), tell func(*T, tally)) (found []T, next string, err error) {
	order := by[0]
	after, args := "", []any{}
	if k, id, ok := cutKey(page.After); ok {
		after, args = " AND (i."+order+", i.id) > (?, ?)", []any{k, id}
	}
	limit := page.limit() + 1
	if scope.all {
		// One branch for each index, and one for what is in none yet; UNION takes
		// away what two of them find.
		begins, all := begin(by, text)
		all = append(append(all, args...), limit)
		some := []string{`SELECT * FROM (SELECT ` + columns + ` FROM ` + table + ` i WHERE i.recent = 1 AND i.servers > 0 AND ` + begins + after + ` ORDER BY i.` + order + `, i.id LIMIT ?) r`}
		for n, b := range beginnings(by, text) {
			from, to := prefix(b.text)
			where, most := "", maxPrefixed
			if b.column == "base" {
				where = ` AND i.base <> ''`
			}
			if b.column == order {
				most = limit // in the order of the list already
			}
			some = append(some, `SELECT * FROM (SELECT `+columns+` FROM `+table+` i WHERE i.recent = 0 AND i.servers > 0 AND i.`+b.column+` >= ? AND i.`+b.column+` < ?`+where+after+` ORDER BY i.`+b.column+`, i.id LIMIT ?) b`+fmt.Sprint(n))
			all = append(append(append(all, from, to), args...), most)
		}
		found, err = list(ctx, h, scan, strings.Join(some, " UNION ")+` ORDER BY `+order+`, id LIMIT ?`, append(all, limit)...)
	} else {
		var own map[int64]tally
		if own, err = h.own(ctx, table, `org = ?`, scope.org); err != nil {
			return nil, "", err
		}
		begins, some := begin(by, text)
		found, err = byIDs(ctx, h, scan, `SELECT `+columns+` FROM `+table+` i WHERE i.id`, slices.Sorted(maps.Keys(own)), ` AND `+begins+after, append(some, args...)...)
		slices.SortFunc(found, func(a, b T) int {
			k, i := at(a)
			l, j := at(b)
			return cmp.Or(strings.Compare(k, l), cmp.Compare(i, j))
		})
		for n := range found {
			_, id := at(found[n])
			tell(&found[n], own[id])
		}
	}
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
	all, err := list(ctx, h, scanFile, `SELECT `+fileColumns+` FROM file i WHERE i.id = ?`, id)
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
	var body []byte
	if err := h.read.QueryRowContext(ctx, h.sql(`SELECT files FROM server WHERE id = ?`), server).Scan(&body); err != nil {
		return nil, h.told(err)
	}
	var had []int64
	for _, x := range unpackHavings(body, false) {
		had = append(had, x.id)
	}
	files, err := byIDs(ctx, h, scanFile, `SELECT `+fileColumns+` FROM file i WHERE i.id`, had, "")
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
	}, `WITH p AS (SELECT path FROM file WHERE id = ?),
		g AS (SELECT id, holders FROM file WHERE recent = 0 AND servers > 0 AND path = (SELECT path FROM p) UNION ALL SELECT id, holders FROM file WHERE recent = 1 AND servers > 0 AND path = (SELECT path FROM p))
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
	return h.sighted(ctx, scope, "finding", id, page)
}

// IndicatorServers lists the servers with an indicator.
func (h *Hub) IndicatorServers(ctx context.Context, scope Scope, id int64, page Page) ([]Sighted, string, error) {
	return h.sighted(ctx, scope, "indicator", id, page)
}

// FileServers lists the servers with a file.
func (h *Hub) FileServers(ctx context.Context, scope Scope, id int64, page Page) ([]Sighted, string, error) {
	return h.sighted(ctx, scope, "file", id, page)
}

func (h *Hub) sighted(ctx context.Context, scope Scope, table string, id int64, page Page) (found []Sighted, next string, err error) {
	servers, err := h.holders(ctx, scope, table, id)
	if k, ok := page.numbers(1); ok {
		at, _ := slices.BinarySearch(servers, k[0]+1)
		servers = servers[at:]
	}
	if len(servers) > page.limit() {
		servers = servers[:page.limit()]
		next = key(servers[len(servers)-1])
	}
	if err != nil || len(servers) == 0 {
		return nil, "", err
	}
	found, err = list(ctx, h, func(r *sql.Rows) (v Sighted, err error) {
		var body []byte
		l, err := scanServer(r, &body)
		v = Sighted{Server: l.Server, Count: 1}
		for _, x := range unpackHavings(body, table != "file") {
			if x.id == id && table != "file" {
				v.First, v.Last, v.Count = moment(x.first), moment(x.last), int(x.n)
			}
		}
		return v, err
	}, `SELECT `+serverColumns+`, s.`+columnOf(table)+` FROM server s`+serverJoins+` WHERE s.id IN (`+marks(len(servers))+`) ORDER BY s.id`, anys(servers)...)
	return found, next, err
}

// Indicator returns one indicator; its count and times are within the scope.
func (h *Hub) Indicator(ctx context.Context, scope Scope, id int64) (Indicator, error) {
	i, err := scanIndicator(h.read.QueryRowContext(ctx, h.sql(`SELECT `+indicatorColumns+` FROM indicator i WHERE i.id = ?`), id))
	if err == nil && !scope.all {
		var own map[int64]tally
		own, err = h.own(ctx, "indicator", `org = ?`, scope.org)
		i = own[id].of(i)
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
	q, args := ` AND i.ties = 1`, []any{}
	switch kind {
	case "":
	case string(finding.Address):
		q, args = q+` AND i.type IN (?, 'ipv6-addr')`, append(args, kind)
	default:
		q, args = q+` AND i.type = ?`, append(args, kind)
	}
	most := func(i Indicator) (int, int64) { return i.Servers, i.ID }
	if !scope.all {
		own, err := h.own(ctx, "indicator", `org = ?`, scope.org)
		if err != nil {
			return nil, "", err
		}
		found, err = h.shared(ctx, own, q, args...)
		found, next = mostFirst(found, most, page)
		return found, next, err
	}
	if k, ok := page.numbers(2); ok {
		q, args = q+` AND (i.servers, i.id) < (?, ?)`, append(args, k[0], k[1])
	}
	found, err = list(ctx, h, func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) }, `SELECT `+indicatorColumns+` FROM indicator i WHERE i.servers > 1`+q+` ORDER BY i.servers DESC, i.id DESC LIMIT ?`, append(args, page.limit()+1)...)
	found, next = mostFirst(found, most, page)
	return found, next, err
}

// shared are the indicators for which the condition holds that more than one of
// some servers have.
func (h *Hub) shared(ctx context.Context, of map[int64]tally, condition string, args ...any) ([]Indicator, error) {
	maps.DeleteFunc(of, func(_ int64, t tally) bool { return t.n < 2 })
	found, err := byIDs(ctx, h, func(r *sql.Rows) (Indicator, error) { return scanIndicator(r) }, `SELECT `+indicatorColumns+` FROM indicator i WHERE i.id`, slices.Sorted(maps.Keys(of)), condition, args...)
	for n, i := range found {
		found[n] = of[i.ID].of(i)
	}
	return found, err
}

// A campaign may have as many servers as the estate: these bound those whose
// organisations are counted, those whose other indicators are, and these.
const (
	maxCounted  = 5000
	maxCompared = 500
	maxRelated  = 1000
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
	servers, err := h.holders(ctx, scope, "indicator", id)
	if err != nil || len(servers) == 0 {
		return c, err
	}
	counted := servers[:min(len(servers), maxCounted)]
	if err := h.read.QueryRowContext(ctx, h.sql(`SELECT COUNT(DISTINCT org) FROM server WHERE id IN (`+marks(len(counted))+`)`), anys(counted)...).Scan(&c.Organisations); err != nil {
		return Campaign{}, h.told(err)
	}
	compared := servers[:min(len(servers), maxCompared)]
	others, err := h.own(ctx, "indicator", `id IN (`+marks(len(compared))+`)`, anys(compared)...)
	if err != nil {
		return Campaign{}, err
	}
	delete(others, id)
	if most := slices.SortedFunc(maps.Keys(others), func(a, b int64) int { return cmp.Or(cmp.Compare(others[b].n, others[a].n), cmp.Compare(a, b)) }); len(most) > maxRelated {
		for _, id := range most[maxRelated:] {
			delete(others, id)
		}
	}
	c.Related, err = h.shared(ctx, others, ` AND i.ties = 1`)
	slices.SortFunc(c.Related, func(a, b Indicator) int {
		return cmp.Or(cmp.Compare(b.Servers, a.Servers), strings.Compare(a.Value, b.Value), cmp.Compare(a.ID, b.ID))
	})
	c.Related = c.Related[:min(len(c.Related), 50)]
	return c, err
}
