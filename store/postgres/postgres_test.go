package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	open := func() (*store.Hub, error) { return Open(t.Context(), dsn) }
	storetest.Upgrade(t, open, db)
	storetest.UpgradeLists(t, open, db)
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

// TestSecured: the password comes from a file, and the server must be the one
// that the authority knows.
func TestSecured(t *testing.T) {
	c := start(t)
	dsn, err := c.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, database, _ := strings.Cut(dsn, "dbname=")
	dir, other := t.TempDir(), t.TempDir()
	if err := errors.Join(storetest.Certificates(dir), storetest.Certificates(other)); err != nil {
		t.Fatal(err)
	}
	port, err := c.Secure(t.Context(), dir, "hidden-word")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right, wrong := write("pgpass", "127.0.0.1:*:*:limier:hidden-word\n"), write("wrong", "*:*:*:limier:hidden-wort\n")
	t.Setenv("PGSERVICEFILE", write("pg_service.conf", fmt.Sprintf("[limier]\nhost=127.0.0.1\nport=%d\ndbname=%s\nuser=limier\nsslmode=verify-full\nsslrootcert=%s/ca.pem\npassfile=%s\n", port, database, dir, right)))
	at := func(host, query string) string {
		return fmt.Sprintf("postgres://limier@%s:%d/%s?%s", host, port, database, query)
	}
	for _, x := range []struct{ name, dsn, passfile, want string }{
		{"a file of passwords", at("127.0.0.1", "sslmode=verify-full&sslrootcert="+dir+"/ca.pem"), right, ""},
		{"a service", "service=limier", "", ""},
		{"another password", at("127.0.0.1", "sslmode=verify-full&sslrootcert="+dir+"/ca.pem"), wrong, "password authentication failed"},
		{"no password", at("127.0.0.1", "sslmode=verify-full&sslrootcert="+dir+"/ca.pem"), "", "password"},
		{"another authority", at("127.0.0.1", "sslmode=verify-full&sslrootcert="+other+"/ca.pem"), right, "certificate"},
		{"another name", at("localhost", "sslmode=verify-full&sslrootcert="+dir+"/ca.pem"), right, "certificate"},
		{"no TLS", at("127.0.0.1", "sslmode=disable"), right, "no encryption"},
		{"no such authority", at("127.0.0.1", "sslmode=verify-full&sslrootcert="+dir+"/none.pem"), right, "none.pem"},
		{"no such service", "service=none", right, "pg_service.conf"},
	} {
		t.Setenv("PGPASSFILE", x.passfile)
		h, err := Open(t.Context(), x.dsn)
		if err == nil {
			h.Close()
		}
		switch {
		case x.want == "" && err != nil:
			t.Errorf("%s: %v", x.name, err)
		case x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "hidden-")):
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
}
