package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
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

// maxRow bounds what a thing's row names, in bytes: some 100 servers.
const maxRow = 512

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
	next := func() uint64 {
		v, n := binary.Uvarint(list)
		list = list[max(n, 0):]
		if n <= 0 {
			list = nil
		}
		return v
	}
	for len(list) > 0 {
		build, head := next(), next()
		if head>>1 == 0 || head>>1 > uint64(len(list)) {
			return errHolds
		}
		x := hold{build: int64(build), n: 1 - 2*int64(head&1)}
		for range head >> 1 {
			if len(list) == 0 {
				return errHolds
			}
			x.server += int64(next())
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

// holders are the servers that have a thing of the table, by number.
func (h *Hub) holders(ctx context.Context, table string, id int64) ([]int64, error) {
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
	return servers, err
}

// A holding is what a thing's row says of its servers.
type holding struct {
	servers int64  // how many
	parted  int64  // bytes in parts
	row     []byte // a list
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
			t = &holding{}
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

// packIDs writes what a server has: numbers of 8 bytes, in their order.
func packIDs(ids []int64) []byte {
	to := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		to = binary.BigEndian.AppendUint64(to, uint64(id))
	}
	return to
}

func unpackIDs(list []byte) (ids []int64) {
	for ; len(list) >= 8; list = list[8:] {
		ids = append(ids, int64(binary.BigEndian.Uint64(list)))
	}
	return ids
}

// listStep is the step of the schema before which listHolders runs.
const listStep = 7

// listHolders makes lists of rows, of which there was one for each server and file.
func (h *Hub) listHolders(ctx context.Context, tx *sql.Tx) error {
	b := &ingest{h: h, tx: tx, stmts: map[string]*sql.Stmt{}}
	if err := b.groups(ctx, `SELECT server, file, 0 FROM server_file WHERE (server, file) > (?, ?) ORDER BY server, file LIMIT 10000`, func(server int64, files []hold) error {
		var ids []int64
		for _, x := range files {
			ids = append(ids, x.server)
		}
		return b.exec(ctx, `UPDATE server SET files = ? WHERE id = ?`, packIDs(ids), server)
	}); err != nil {
		return err
	}
	return b.groups(ctx, `SELECT x.file, x.server, COALESCE(e.build, 0) FROM server_file x JOIN server s ON s.id = x.server LEFT JOIN exposure e ON e.id = s.exposure
		WHERE (x.file, x.server) > (?, ?) ORDER BY x.file, x.server LIMIT 10000`, func(file int64, servers []hold) error {
		body := appendHolds(nil, servers)
		if len(body) <= maxRow {
			return b.exec(ctx, `UPDATE file SET holders = ? WHERE id = ?`, body, file)
		}
		if err := b.exec(ctx, `INSERT INTO holders(thing, part, body) VALUES (?,0,?)`, file, body); err != nil {
			return err
		}
		return b.exec(ctx, `UPDATE file SET parted = ? WHERE id = ?`, len(body), file)
	})
}

// groups reads all that a query finds, some rows at a time, and gives those of
// one first column at once. The second is the server of each, the third its build.
func (b *ingest) groups(ctx context.Context, query string, each func(of int64, list []hold) error) error {
	var of int64
	var group []hold
	for {
		last := hold{server: -1}
		if len(group) > 0 {
			last = group[len(group)-1]
		}
		type row struct {
			of int64
			hold
		}
		rows, err := listIn(ctx, b.h, b.tx, func(r *sql.Rows) (x row, err error) {
			x.n = 1
			return x, r.Scan(&x.of, &x.server, &x.build)
		}, query, of, last.server)
		if err != nil {
			return err
		}
		for _, x := range rows {
			if x.of != of && len(group) > 0 {
				if err := each(of, group); err != nil {
					return err
				}
				group = group[:0]
			}
			of, group = x.of, append(group, x.hold)
		}
		if len(rows) == 0 {
			if len(group) > 0 {
				return each(of, group)
			}
			return nil
		}
	}
}
