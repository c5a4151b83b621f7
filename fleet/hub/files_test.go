package hub_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limier/acquire"
	"limier/evidence"
	"limier/fleet/agent"
	"limier/store"
	"limier/store/storetest"
	"limier/wire"
)

func openFolder(path string) (evidence.Source, io.Closer, error) {
	return acquire.Open(context.Background(), path, acquire.Config{})
}

func TestFiles(t *testing.T) {
	s := start(t, nil)
	dir := t.TempDir()
	put := func(name, text string) wire.Evidence {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return wire.Evidence{Path: name, Size: int64(len(text)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}
	}
	c := storetest.Case(1, true)
	c.Evidence = []wire.Evidence{put("www/a.aspx", "first"), put("www/b.aspx", "second"), put("www/gone.aspx", "third")}
	_, _, home := s.collector(t, "org-a", "ex01", nil)
	open := func(allow bool) *agent.Agent {
		t.Helper()
		a, err := agent.Open(agent.Config{Dir: home, Now: s.clock.Now, AllowFiles: allow, Source: folder(dir), Scan: func(context.Context) iter.Seq2[wire.Message, error] { return messages(t, c) }})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	shy := open(false)
	if err := shy.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the case is stored", func() bool { return s.server(t, 1).Cases == 1 })
	latest := s.server(t, 1).Latest
	ask := func(scope store.Scope, path, sum string) (int64, error) {
		return s.AskFile(t.Context(), scope, latest, path, sum, "ana")
	}
	if _, err := ask(store.All(), "www/a.aspx", c.Evidence[0].SHA256); !errors.Is(err, store.ErrNotAllowed) {
		t.Error("a server that does not allow it was asked:", err)
	}
	a := open(true)
	if err := a.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another organisation": second(ask(store.Org("org-b"), "www/a.aspx", c.Evidence[0].SHA256)), "a file that the case does not name": second(ask(store.All(), "../../etc/shadow", c.Evidence[0].SHA256)),
		"another hash": second(ask(store.All(), "www/a.aspx", c.Evidence[1].SHA256)),
	} {
		if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrNotNamed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var ids []int64
	for _, e := range c.Evidence {
		id, err := ask(store.Org("org-a"), e.Path, e.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	put("www/b.aspx", "changed since")
	if err := os.Remove(filepath.Join(dir, "www/gone.aspx")); err != nil {
		t.Fatal(err)
	}
	// Another server of the same organisation cannot answer, nor see them.
	_, other, _ := s.collector(t, "org-a", "ex02", nil)
	if err := other.SendFile(t.Context(), ids[0], strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "not asked") {
		t.Error("another server answered:", err)
	}
	own, err := agent.OpenClient(home, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"another file": pack(t, "forged"), "no zstd": []byte("first"), "a bomb": pack(t, strings.Repeat("\x00", 257<<20))} {
		if err := own.SendFile(t.Context(), ids[0], strings.NewReader(string(body))); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := a.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := s.store.FileRequests(t.Context(), store.All(), 1, "")
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	if r := list[2]; r.State != store.FileReceived || r.Size != 5 {
		t.Errorf("%+v", r)
	}
	if r := list[1]; r.State != store.FileRefused || !strings.Contains(r.Reason, "changed") {
		t.Errorf("%+v", r)
	}
	if r := list[0]; r.State != store.FileRefused || !strings.Contains(r.Reason, "cannot be read") {
		t.Errorf("%+v", r)
	}
	if _, err := s.OpenFile(t.Context(), store.Org("org-b"), 1, ids[0]); !errors.Is(err, store.ErrNotFound) {
		t.Error("another organisation reads a file:", err)
	}
	f, err := s.OpenFile(t.Context(), store.Org("org-a"), 1, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || string(text) != "first" {
		t.Errorf("%q %v", text, err)
	}
}

func second[T any](_ T, err error) error { return err }
