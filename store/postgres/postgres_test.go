package postgres

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"limier/store"
	"limier/store/storetest"
)

func TestHub(t *testing.T) {
	c, err := storetest.StartPostgres(t.Context())
	if errors.Is(err, storetest.ErrNoPostgres) || os.IsPermission(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	storetest.Run(t, func(t *testing.T) *store.Hub {
		dsn, err := c.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, err := Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		// A second hub opens the same database, whose schema is there already.
		again, err := Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { again.Close() })
		return h
	})
}

func TestPasswordIsNotShown(t *testing.T) {
	for _, dsn := range []string{"postgres://u:secret@127.0.0.1:1/x?connect_timeout=1&sslmode=disable", "postgres://u:secret@[x", "password=secret port=x"} {
		_, err := Open(context.Background(), dsn)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}
