package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"
)

// Log adds a line to the audit log.
func (h *Hub) Log(ctx context.Context, e Entry) error {
	_, err := h.exec(ctx, `INSERT INTO audit(at, actor, org, action, object, detail, address) VALUES (?,?,?,?,?,?,?)`, stamp(e.At), cut(e.Actor), cut(e.Organisation), cut(e.Action), cut(e.Object), cut(e.Detail), cut(e.Address))
	return err
}

// Audit lists the audit log, the newest first. The scope of one organisation
// shows what its own accounts did.
func (h *Hub) Audit(ctx context.Context, scope Scope, page Page) (all []Entry, next string, err error) {
	q, args := `SELECT id, at, actor, org, action, object, detail, address FROM audit WHERE 1 = 1`, []any{}
	if !scope.all {
		q, args = q+` AND org = ? AND org <> ''`, append(args, scope.org)
	}
	if k, ok := page.numbers(1); ok {
		q, args = q+` AND id < ?`, append(args, k[0])
	}
	all, err = list(ctx, h, func(r *sql.Rows) (e Entry, err error) {
		var at int64
		err = r.Scan(&e.ID, &at, &e.Actor, &e.Organisation, &e.Action, &e.Object, &e.Detail, &e.Address)
		e.At = moment(at)
		return e, err
	}, q+` ORDER BY id DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(all) > page.limit() {
		all = all[:page.limit()]
		next = key(all[len(all)-1].ID)
	}
	return all, next, err
}

// PutDeadLetter keeps a case that could not be stored, with the reason.
func (h *Hub) PutDeadLetter(ctx context.Context, d DeadLetter, body []byte) error {
	_, err := h.exec(ctx, `INSERT INTO dead_letter(at, server, reason, body, evidence) VALUES (?,?,?,?,?)`, stamp(d.At), d.Server, cut(d.Reason), append([]byte{}, body...), append([]byte{}, d.Evidence...))
	return err
}

func scanDead(r interface{ Scan(...any) error }, more ...any) (d DeadLetter, err error) {
	var at, replayed int64
	err = r.Scan(append([]any{&d.ID, &at, &d.Server, &d.Reason, &d.Size, &replayed}, more...)...)
	d.At, d.Replayed = moment(at), moment(replayed)
	return d, err
}

// DeadLetters lists dead letters, the newest first.
func (h *Hub) DeadLetters(ctx context.Context, scope Scope, page Page) (all []DeadLetter, next string, err error) {
	if !scope.all {
		return nil, "", ErrScope
	}
	q, args := `SELECT id, at, server, reason, LENGTH(body), replayed FROM dead_letter`, []any{}
	if k, ok := page.numbers(1); ok {
		q, args = q+` WHERE id < ?`, append(args, k[0])
	}
	all, err = list(ctx, h, func(r *sql.Rows) (DeadLetter, error) { return scanDead(r) }, q+` ORDER BY id DESC LIMIT ?`, append(args, page.limit()+1)...)
	if len(all) > page.limit() {
		all = all[:page.limit()]
		next = key(all[len(all)-1].ID)
	}
	return all, next, err
}

// DeadLetter returns one with its body: what was in the queue.
func (h *Hub) DeadLetter(ctx context.Context, scope Scope, id int64) (DeadLetter, []byte, error) {
	if !scope.all {
		return DeadLetter{}, nil, ErrScope
	}
	var body []byte
	d, err := scanDead(h.read.QueryRowContext(ctx, h.sql(`SELECT id, at, server, reason, LENGTH(body), replayed, body FROM dead_letter WHERE id = ?`), id), &body)
	return d, body, h.told(err)
}

// Replayed notes that a dead letter was put into the queue again.
func (h *Hub) Replayed(ctx context.Context, id int64, at time.Time) error {
	_, err := h.exec(ctx, `UPDATE dead_letter SET replayed = ? WHERE id = ?`, stamp(at), id)
	return err
}

var (
	// ErrNotNamed says that a case does not name the file that is asked for.
	ErrNotNamed = errors.New("the case names no such file with that hash")
	// ErrNotAllowed says that a server's administrator lets the hub ask for none.
	ErrNotAllowed = errors.New("the server's administrator does not allow the hub to ask for files: limier agent --allow-files")
)

// AskFile asks a server, at its next visit, for a file that the case r.Case
// names with the hash. The path may be as the case has it, or as FilePath
// makes it.
func (h *Hub) AskFile(ctx context.Context, scope Scope, r FileRequest) (id int64, err error) {
	info, c, err := h.Case(ctx, scope, r.Case)
	if err != nil {
		return 0, err
	}
	s, err := h.Server(ctx, scope, info.Server)
	if err != nil {
		return 0, err
	}
	if !s.AllowFiles {
		return 0, ErrNotAllowed
	}
	path := ""
	for _, e := range c.Evidence {
		if e.SHA256 == r.SHA256 && (e.Path == r.Path || path == "" && FilePath(e.Path) == r.Path) {
			path = e.Path
		}
	}
	if path == "" {
		return 0, ErrNotNamed
	}
	err = h.update(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, h.sql(`INSERT INTO file_request(server, cases, path, sha256, asked, asked_by, state) VALUES (?,?,?,?,?,?,?) RETURNING id`),
			s.ID, r.Case, path, r.SHA256, stamp(r.Asked), r.AskedBy, string(FileAsked)).Scan(&id)
	})
	return id, err
}

// FileRequests lists what a server was asked for, the newest first, 1,000 at
// most; state limits it, "" takes all.
func (h *Hub) FileRequests(ctx context.Context, scope Scope, server int64, state FileState) ([]FileRequest, error) {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return nil, err
	}
	q, args := `SELECT `+requestColumns+` FROM file_request WHERE server = ?`, []any{server}
	if state != "" {
		q, args = q+` AND state = ?`, append(args, string(state))
	}
	return list(ctx, h, scanRequest, q+` ORDER BY id DESC LIMIT 1000`, args...)
}

// AnswerFile notes a server's answer to a request of its own that is open.
func (h *Hub) AnswerFile(ctx context.Context, server int64, r FileRequest) error {
	n, err := h.exec(ctx, `UPDATE file_request SET state = ?, answered = ?, reason = ?, size = ? WHERE id = ? AND server = ? AND state = ?`, string(r.State), stamp(r.Answered), cut(r.Reason), r.Size, r.ID, server, string(FileAsked))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// DropFile notes that a file which a server sent is there no more. A file that
// has not come, or was answered after before, stays; the zero time takes any.
func (h *Hub) DropFile(ctx context.Context, scope Scope, server, request int64, before time.Time) error {
	if _, err := h.Server(ctx, scope, server); err != nil {
		return err
	}
	q, args := `UPDATE file_request SET state = ? WHERE id = ? AND server = ? AND state = ?`, []any{string(FileDeleted), request, server, string(FileReceived)}
	if !before.IsZero() {
		q, args = q+` AND answered < ?`, append(args, stamp(before))
	}
	n, err := h.exec(ctx, q, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// FileRequest returns one request.
func (h *Hub) FileRequest(ctx context.Context, scope Scope, id int64) (FileRequest, error) {
	all, err := list(ctx, h, scanRequest, `SELECT `+requestColumns+` FROM file_request WHERE id = ?`, id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err == nil {
		_, err = h.Server(ctx, scope, all[0].Server)
	}
	if err != nil {
		return FileRequest{}, err
	}
	return all[0], nil
}

const requestColumns = `id, server, cases, path, sha256, asked, asked_by, state, answered, reason, size`

func scanRequest(r *sql.Rows) (f FileRequest, err error) {
	var asked, answered int64
	err = r.Scan(&f.ID, &f.Server, &f.Case, &f.Path, &f.SHA256, &asked, &f.AskedBy, &f.State, &answered, &f.Reason, &f.Size)
	f.Asked, f.Answered = moment(asked), moment(answered)
	return f, err
}

// Expire deletes cases that were received before the time and are not their
// server's latest, dead letters, sessions and tokens as old, and returns how many
// cases went. It works in steps, so that nothing waits for it.
func (h *Hub) Expire(ctx context.Context, before time.Time) (cases int64, err error) {
	for {
		n, err := h.expire(ctx, before)
		cases += n
		if err != nil {
			return cases, err
		}
		if n == 0 {
			break
		}
	}
	for _, q := range []string{`DELETE FROM dead_letter WHERE at < ?`, `DELETE FROM session WHERE expires < ?`, `DELETE FROM token WHERE expires < ?`} {
		if _, err := h.exec(ctx, q, stamp(before)); err != nil {
			return cases, err
		}
	}
	return cases, nil
}

// expire deletes some cases, and counts them off.
func (h *Hub) expire(ctx context.Context, before time.Time) (n int64, err error) {
	err = h.update(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, h.sql(`DELETE FROM cases WHERE id IN (SELECT c.id FROM cases c JOIN server s ON s.id = c.server WHERE c.received < ? AND s.latest <> c.id LIMIT 500) RETURNING server`), stamp(before))
		if err != nil {
			return err
		}
		defer rows.Close()
		of := map[int64]int{}
		for rows.Next() {
			var server int64
			if err := rows.Scan(&server); err != nil {
				return err
			}
			of[server]++
			n++
		}
		if err := rows.Err(); err != nil || n == 0 {
			return err
		}
		for _, server := range slices.Sorted(maps.Keys(of)) {
			if _, err := tx.ExecContext(ctx, h.sql(`UPDATE server SET cases = cases - ? WHERE id = ?`), of[server], server); err != nil {
				return err
			}
		}
		return h.bump(ctx, tx, "cases", int(-n))
	})
	return n, err
}
