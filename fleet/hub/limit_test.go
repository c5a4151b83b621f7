package hub

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"limier/store"
	"limier/store/sqlite"
)

// TestIdentities: who enrols may come at once, with one key; who was revoked is
// out as soon as the store is asked again, and when it cannot be asked.
func TestIdentities(t *testing.T) {
	ctx := t.Context()
	st, err := sqlite.OpenHub(ctx, filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	now := time.Date(2021, 3, 3, 0, 0, 0, 0, time.UTC)
	enrol := func(name, key string) int64 {
		t.Helper()
		id, err := st.Enrol(ctx, "org", name, key, now)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	c := newIdentities(st)
	is := func(what string, server int64, key string, want error) {
		t.Helper()
		if err := c.check(ctx, server, key, now); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	a := enrol("a", "key a")
	is("enrolled", a, "key a", nil)
	is("its key is another", a, "key b", errOtherKey)
	is("not enrolled", a+1, "key b", store.ErrNotFound)
	b := enrol("b", "key b")
	is("enrolled since its neighbour came", b, "key b", nil)
	if err := st.Revoke(ctx, store.All(), a, now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(identityAsk + time.Second)
	is("revoked", a, "key a", store.ErrNotFound)
	is("not revoked", b, "key b", nil)
	enrol("a", "new key")
	is("enrolled again", a, "new key", nil)
	now = now.Add(identityAsk + time.Second)
	is("with the old key", a, "key a", errOtherKey)
	is("with the new", a, "new key", nil)
	now = now.Add(-48 * time.Hour)
	is("the clock jumped", a, "new key", nil)
	st.Close()
	now = now.Add(identityTrust - time.Second)
	is("the store is away", a, "new key", nil)
	now = now.Add(2 * time.Second)
	if err := c.check(ctx, a, "new key", now); err == nil {
		t.Error("the store is away for long, and a key is trusted still")
	}
}
