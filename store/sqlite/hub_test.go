package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"limier/store"
	"limier/store/storetest"
)

func openHub(t testing.TB) *store.Hub {
	t.Helper()
	h, err := OpenHub(t.Context(), filepath.Join(t.TempDir(), "hub ?%.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func TestHub(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Hub { return openHub(t) })
}

func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	open := func() (*store.Hub, error) { return OpenHub(t.Context(), path) }
	storetest.Upgrade(t, open, db)
	storetest.UpgradeLists(t, open, db)
}

func BenchmarkPublished(b *testing.B) { storetest.BenchmarkPublished(b, openHub(b)) }
