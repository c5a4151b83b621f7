package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// What servers have is kept in lists, not in a row for each server and thing: a
// server's row names the things, a thing's row the servers. Once these are many,
// what the row names moves into the table holders, in parts, and the row begins
// anew.
//
// A thing's list says what changed: a server came, or went. Lists add up, in any
// order, and whoever adds to one need not read it.

// A hold is that a server has a thing (n is 1), or has it no more (-1). Build is
// the server's at that time, or 0.
type hold struct{ build, server, n int64 }

// maxRow bounds what a thing's row names, in bytes: some 100 servers. maxServer
// bounds their numbers, so that a damaged list takes no memory without end.
const (
	maxRow    = 512
	maxServer = 1 << 26
)

// appendHolds writes a list: for each build its number, how many servers follow
// and, in the lowest bit, whether they went; then the servers as differences.
func appendHolds(to []byte, list []hold) []byte {
	slices.SortFunc(list, func(a, b hold) int {
		return cmp.Or(cmp.Compare(a.build, b.build), cmp.Compare(b.n, a.n), cmp.Compare(a.server, b.server))
	})
	for len(list) > 0 {
		first, k := list[0], 1
		for k < len(list) && list[k].build == first.build && list[k].n == first.n {
			k++
		}
		went := uint64(0)
		if first.n < 0 {
			went = 1
		}
		to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(first.build)), uint64(k)<<1|went)
		last := int64(0)
		for _, x := range list[:k] {
			to = binary.AppendUvarint(to, uint64(x.server-last))
			last = x.server
		}
		list = list[k:]
	}
	return to
}

var errHolds = errors.New("a list of servers is damaged")

// readHolds calls each for all that a list says.
func readHolds(list []byte, each func(hold)) error {
	damaged := false
	next := func() uint64 {
		v, n := binary.Uvarint(list)
		if n <= 0 {
			damaged, n = true, len(list)
		}
		list = list[n:]
		return v
	}
	for len(list) > 0 {
		build, head := next(), next()
		if head>>1 == 0 || head>>1 > uint64(len(list)) {
			return errHolds
		}
		x := hold{build: int64(build), n: 1 - 2*int64(head&1)}
		for range head >> 1 {
			if x.server += int64(next()); damaged || x.server < 0 || x.server > maxServer {
				return errHolds
			}
			each(x)
		}
	}
	return nil
}

// sum is what is left of all changes.
func sum(list []hold) []hold {
	slices.SortFunc(list, func(a, b hold) int {
		return cmp.Or(cmp.Compare(a.build, b.build), cmp.Compare(a.server, b.server))
	})
	left := list[:0]
	for _, x := range list {
		last := len(left) - 1
		if last < 0 || left[last].server != x.server || left[last].build != x.build {
			left = append(left, x)
		} else if left[last].n += x.n; left[last].n == 0 {
			left = left[:last]
		}
	}
	return left
}

// holders are the servers within the scope that have a thing of the table, by
// number.
func (h *Hub) holders(ctx context.Context, scope Scope, table string, id int64) ([]int64, error) {
	var n []int32 // by server: their numbers have few holes, and are many
	_, err := list(ctx, h, func(r *sql.Rows) (struct{}, error) {
		var body sql.RawBytes
		if err := r.Scan(&body); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, readHolds(body, func(x hold) {
			if more := int(x.server) + 1 - len(n); more > 0 {
				n = append(n, make([]int32, more)...)
			}
			n[x.server] += int32(x.n)
		})
	}, `SELECT holders FROM `+table+` WHERE id = ? UNION ALL SELECT body FROM holders WHERE thing = ?`, id, id) // one statement: what a row names may move in between
	var servers []int64
	for server, n := range n {
		if n > 0 {
			servers = append(servers, int64(server))
		}
	}
	if err != nil || scope.all {
		return servers, err
	}
	own, err := list(ctx, h, func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) }, `SELECT id FROM server WHERE org = ?`, scope.org)
	own = slices.DeleteFunc(own, func(id int64) bool { return id >= int64(len(n)) || n[id] < 1 })
	slices.Sort(own)
	return own, err
}

// A holding is what a thing's row says of its servers.
type holding struct {
	servers int64  // how many
	parted  int64  // bytes in parts
	row     []byte // a list
	fresh   bool   // there is no row
}

// hold adds changes to the lists of things of a table. What is no longer in a
// row is written; what is in it, the caller writes.
func (b *ingest) hold(ctx context.Context, table string, ids []int64, changes func(id int64) []hold) (map[int64]*holding, error) {
	all := map[int64]*holding{}
	err := b.each(ctx, `SELECT id, servers, parted, holders FROM `+table+` WHERE id IN (%s)`, ids, func(rows *sql.Rows) error {
		var id int64
		t := &holding{}
		err := rows.Scan(&id, &t.servers, &t.parted, &t.row)
		all[id] = t
		return err
	})
	if err != nil {
		return nil, err
	}
	var parts [][]any
	for _, id := range ids {
		t := all[id]
		if t == nil {
			t = &holding{fresh: true}
			all[id] = t
		}
		list := changes(id)
		for _, x := range list {
			t.servers += x.n
		}
		switch t.row = appendHolds(t.row, list); {
		case t.servers == 0:
			t.row = []byte{}
			if err := b.unpart(ctx, id, t); err != nil {
				return nil, err
			}
		case len(t.row) > maxRow:
			if t.parted > 32*t.servers+2*maxRow { // most of it is of servers that went
				if err := b.gather(ctx, id, t); err != nil {
					return nil, fmt.Errorf("%s %d: %w", table, id, err)
				}
			}
			parts = append(parts, []any{id, t.parted, t.row})
			t.parted, t.row = t.parted+int64(len(t.row)), []byte{}
		}
	}
	if len(parts) > 0 {
		err = b.insert(ctx, `INSERT INTO holders(thing, part, body) VALUES `, "", parts)
	}
	return all, err
}

// keep writes the rows of things that came to servers or went: their lists, and
// what else is new in columns.
func keep[T any](ctx context.Context, b *ingest, table, columns, also string, things map[int64]*held[T], row func(*held[T]) []any) error {
	ids := slices.Sorted(maps.Keys(things))
	all, err := b.hold(ctx, table, ids, func(id int64) []hold { return things[id].holds })
	if err != nil || len(ids) == 0 {
		return err
	}
	var fresh, known [][]any
	for _, id := range ids {
		t := all[id]
		row := append([]any{id, t.servers, t.parted, t.row}, row(things[id])...)
		if t.fresh {
			fresh = append(fresh, row)
		} else {
			known = append(known, row)
		}
	}
	columns = `id, servers, parted, holders, ` + columns
	if len(fresh) > 0 {
		err = b.insert(ctx, `INSERT INTO `+table+`(`+columns+`) VALUES `, "", fresh)
	}
	if err == nil && len(known) > 0 {
		err = b.update(ctx, table, columns, `servers = excluded.servers, parted = excluded.parted, holders = excluded.holders`+also, known)
	}
	return err
}

// searched are the tables of things that are found by texts. What is new in one
// is looked through, until so many are that it pays to put them into the indexes:
// one by one, nearly each would change a page of each index.
func searched() []string { return []string{"indicator", "file"} }

const maxRecent = 50_000

// index puts what is new in a table into its indexes, if it is much.
func (b *ingest) index(ctx context.Context, table string) error {
	var n int
	if err := b.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table+` WHERE recent = 1`).Scan(&n); err != nil || n < maxRecent {
		return err
	}
	return b.exec(ctx, b.h.indexing(table))
}

// indexing is the statement that puts what is new in a table into the indexes.
func (h *Hub) indexing(table string) string {
	if h.dialect.OrFail {
		table = "OR FAIL " + table
	}
	return `UPDATE ` + table + ` SET recent = 0 WHERE recent = 1`
}

// Index puts what is new into the indexes, so that searches need not look through
// it. Ingest does when it is much.
func (h *Hub) Index(ctx context.Context) error {
	for _, table := range searched() {
		if _, err := h.exec(ctx, h.indexing(table)); err != nil {
			return err
		}
	}
	return nil
}

// gather brings the parts back into the row, without servers that went.
func (b *ingest) gather(ctx context.Context, id int64, t *holding) error {
	var all []hold
	add := func(x hold) { all = append(all, x) }
	if err := readHolds(t.row, add); err != nil {
		return err
	}
	if err := b.each(ctx, `SELECT body FROM holders WHERE thing IN (%s)`, []int64{id}, func(rows *sql.Rows) error {
		var body sql.RawBytes
		err := rows.Scan(&body)
		if err == nil {
			err = readHolds(body, add)
		}
		return err
	}); err != nil {
		return err
	}
	t.row = appendHolds(nil, sum(all))
	return b.unpart(ctx, id, t)
}

// unpart takes the parts away.
func (b *ingest) unpart(ctx context.Context, id int64, t *holding) error {
	if t.parted == 0 {
		return nil
	}
	t.parted = 0
	return b.exec(ctx, `DELETE FROM holders WHERE thing = ?`, id)
}

// A having is a thing that a server has: when it was first and last seen there,
// and how often. Of files these are zero.
type having struct{ id, first, last, n int64 }

// A held is a thing that servers have, and what changes: which of them have it,
// and when it was first and last seen there.
type held[T any] struct {
	row         T
	first, last int64
	holds       []hold
}

// packHavings writes what a server has, in the order of the numbers: each in 8
// bytes and, unless it is a file, what is told of it.
func packHavings(list []having, told bool) []byte {
	slices.SortFunc(list, func(a, b having) int { return cmp.Compare(a.id, b.id) })
	to := make([]byte, 0, 8*len(list))
	for _, x := range list {
		to = binary.BigEndian.AppendUint64(to, uint64(x.id))
		if told {
			to = binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(to, x.first), x.last-x.first), x.n)
		}
	}
	return to
}

func unpackHavings(list []byte, told bool) (all []having) {
	next := func() int64 {
		v, n := binary.Varint(list)
		list = list[max(n, 0):]
		return v
	}
	for len(list) >= 8 {
		x := having{id: int64(binary.BigEndian.Uint64(list))}
		list = list[8:]
		if told {
			x.first = next()
			x.last = x.first + next()
			x.n = next()
		}
		all = append(all, x)
	}
	return all
}

// change notes which things came to a server and which went, and returns what its
// row says of them now. Build is the server's before and after, 0 if nobody asks
// for it; row is what the thing with that place in the list is.
func change[T any](things map[int64]*held[T], server int64, build [2]int64, before []byte, now []having, told bool, row func(i int) T) []byte {
	had := map[int64]having{}
	for _, x := range unpackHavings(before, told) {
		had[x.id] = x
	}
	thing := func(id int64) *held[T] {
		t := things[id]
		if t == nil {
			t = &held[T]{}
			things[id] = t
		}
		return t
	}
	for i, x := range now {
		was, ok := had[x.id]
		delete(had, x.id)
		if was == x && build[0] == build[1] {
			continue
		}
		t := thing(x.id)
		t.row, t.last = row(i), max(t.last, x.last)
		if x.first != 0 && (t.first == 0 || x.first < t.first) {
			t.first = x.first
		}
		if ok && build[0] == build[1] {
			continue // seen at other times
		}
		t.holds = append(t.holds, hold{build[1], server, 1})
		if ok {
			t.holds = append(t.holds, hold{build[0], server, -1})
		}
	}
	for id := range had {
		t := thing(id)
		t.holds = append(t.holds, hold{build[0], server, -1})
	}
	return packHavings(now, told)
}

// columnOf is the column of a server that has its things of a table.
func columnOf(table string) string {
	if table == "finding" {
		return "kinds" // findings is how many there are
	}
	return table + "s"
}

// listsFor are the tables of things for which a step of the schema wants lists.
func listsFor(step int) []string {
	switch step {
	case 7:
		return []string{"file"}
	case 9:
		return []string{"finding", "indicator"}
	}
	return nil
}

// listHolders makes lists of rows, of which there was one for each server and
// thing.
func (h *Hub) listHolders(ctx context.Context, tx *sql.Tx, thing string) error {
	b := &ingest{h: h, tx: tx, stmts: map[string]*sql.Stmt{}}
	table, told, build, join := "server_"+thing, "x.first, x.last, 1", "0", ""
	switch thing {
	case "file":
		told, build, join = "0, 0, 0", "COALESCE(e.build, 0)", " JOIN server s ON s.id = x.server LEFT JOIN exposure e ON e.id = s.exposure"
	case "finding":
		told = "x.first, x.last, x.n"
	}
	if err := groups(ctx, b, `SELECT x.server, x.`+thing+`, `+told+` FROM `+table+` x WHERE (x.server, x.`+thing+`) > (?, ?) ORDER BY x.server, x.`+thing+` LIMIT 10000`,
		func(r *sql.Rows) (server, id int64, x having, err error) {
			err = r.Scan(&server, &x.id, &x.first, &x.last, &x.n)
			return server, x.id, x, err
		}, func(server int64, list []having) error {
			return b.exec(ctx, `UPDATE server SET `+columnOf(thing)+` = ? WHERE id = ?`, packHavings(list, thing != "file"), server)
		}); err != nil {
		return err
	}
	return groups(ctx, b, `SELECT x.`+thing+`, x.server, `+build+` FROM `+table+` x`+join+` WHERE (x.`+thing+`, x.server) > (?, ?) ORDER BY x.`+thing+`, x.server LIMIT 10000`,
		func(r *sql.Rows) (of, server int64, x hold, err error) {
			x.n = 1
			err = r.Scan(&of, &x.server, &x.build)
			return of, x.server, x, err
		}, func(id int64, servers []hold) error {
			body := appendHolds(nil, servers)
			if len(body) <= maxRow {
				return b.exec(ctx, `UPDATE `+thing+` SET holders = ? WHERE id = ?`, body, id)
			}
			if err := b.exec(ctx, `INSERT INTO holders(thing, part, body) VALUES (?,0,?)`, id, body); err != nil {
				return err
			}
			return b.exec(ctx, `UPDATE `+thing+` SET parted = ? WHERE id = ?`, len(body), id)
		})
}

// groups reads all that a query finds after two numbers, in their order, and
// gives those of one first number at once.
func groups[T any](ctx context.Context, b *ingest, query string, scan func(*sql.Rows) (of, next int64, x T, err error), each func(of int64, list []T) error) error {
	of, next := int64(0), int64(-1)
	var group []T
	for {
		type row struct {
			of int64
			x  T
		}
		rows, err := listIn(ctx, b.h, b.tx, func(r *sql.Rows) (row, error) {
			at, after, x, err := scan(r)
			next = after
			return row{at, x}, err
		}, query, of, next)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.of != of && len(group) > 0 {
				if err := each(of, group); err != nil {
					return err
				}
				group = group[:0]
			}
			of, group = r.of, append(group, r.x)
		}
		if len(rows) == 0 {
			if len(group) > 0 {
				return each(of, group)
			}
			return nil
		}
	}
}
