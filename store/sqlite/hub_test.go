package sqlite

import (
	"path/filepath"
	"testing"

	"limier/store"
	"limier/store/storetest"
)

func openHub(t *testing.T) *store.Hub {
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

func TestHub(t *testing.T) { storetest.Run(t, openHub) }
