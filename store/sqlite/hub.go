package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"limier/store"
)

// OpenHub opens the database of a hub at path, and makes it if there is none.
// It is in WAL mode with synchronous NORMAL: after a power failure the last
// transactions may be missing, and the queue has them still.
func OpenHub(ctx context.Context, path string) (*store.Hub, error) {
	// The file holds cases and hashes of passwords: for its owner alone.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=trusted_schema(off)&_pragma=temp_store(memory)"
	write, err := sql.Open("sqlite", "file:"+pathEscape(path)+pragmas+"&_pragma=cache_size(-65536)&_pragma=journal_size_limit(268435456)&_pragma=wal_autocheckpoint(32768)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil { // the first connection turns WAL on
		write.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", "file:"+pathEscape(path)+pragmas+"&_pragma=query_only(on)&_pragma=cache_size(-16384)")
	if err != nil {
		write.Close()
		return nil, err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	read.SetMaxOpenConns(n)
	read.SetMaxIdleConns(n)
	h, err := store.Open(ctx, write, read, store.Dialect{
		Name:   "sqlite",
		Schema: map[string]string{"{id}": "INTEGER PRIMARY KEY AUTOINCREMENT", "{text}": "TEXT", "{blob}": "BLOB", "{compact}": "WITHOUT ROWID"},
		OrFail: true,
		Full:   full,
	})
	if err != nil {
		read.Close()
		write.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return h, nil
}

func full(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC)
}

// BackupHub copies the database of a running hub to a new file at path, as it
// was at one moment.
func BackupHub(ctx context.Context, h *store.Hub, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists: a backup is written to a new file", path)
	}
	conn, err := h.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// The pool only reads; to SQLite this is writing, though of another file.
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = off`); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO ?`, path)
	if _, on := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only = on`); err == nil {
		err = on
	}
	if err != nil {
		os.Remove(path)
		return told(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	return sync(path)
}
