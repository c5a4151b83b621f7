package postgres

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"limier/store"
	"limier/store/storetest"
)

// start starts PostgreSQL, or skips the test where it is not installed.
func start(t testing.TB) *storetest.Cluster {
	t.Helper()
	c, err := storetest.StartPostgres(t.Context())
	if errors.Is(err, storetest.ErrNoPostgres) || os.IsPermission(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// open opens a new database.
func open(t testing.TB, c *storetest.Cluster) (h *store.Hub, dsn string) {
	t.Helper()
	dsn, err := c.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h, err = Open(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h, dsn
}

func TestHub(t *testing.T) {
	c := start(t)
	storetest.Run(t, func(t *testing.T) *store.Hub {
		h, dsn := open(t, c)
		// A second hub opens the same database, whose schema is there already.
		again, err := Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { again.Close() })
		return h
	})
}

func TestUpgrade(t *testing.T) {
	dsn, err := start(t).Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.Upgrade(t, func() (*store.Hub, error) { return Open(t.Context(), dsn) }, db)
}

func BenchmarkPublished(b *testing.B) {
	h, _ := open(b, start(b))
	storetest.BenchmarkPublished(b, h)
}

func TestPasswordIsNotShown(t *testing.T) {
	for _, dsn := range []string{"postgres://u:secret@127.0.0.1:1/x?connect_timeout=1&sslmode=disable", "postgres://u:secret@[x", "password=secret port=x"} {
		_, err := Open(context.Background(), dsn)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}
