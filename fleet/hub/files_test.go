package hub_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limier/acquire"
	"limier/casefile"
	"limier/evidence"
	"limier/fleet/agent"
	"limier/fleet/hub"
	"limier/store"
	"limier/store/sqlite"
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
	if text, err := io.ReadAll(f); err != nil || string(text) != "first" {
		t.Errorf("%q %v", text, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}

	path := filepath.Join(s.dir, "files", fmt.Sprint(ids[0], ".zst"))
	if err := s.DeleteFile(t.Context(), store.Org("org-b"), 1, ids[0]); !errors.Is(err, store.ErrNotFound) {
		t.Error("another organisation deletes a file:", err)
	}
	if err := s.DeleteFile(t.Context(), store.Org("org-a"), 1, ids[1]); !errors.Is(err, store.ErrNotFound) {
		t.Error("a file that was refused is deleted:", err)
	}
	if err := s.DeleteFile(t.Context(), store.Org("org-a"), 1, ids[0]); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a deleted file is there:", err)
	}
	if err := s.DeleteFile(t.Context(), store.Org("org-a"), 1, ids[0]); !errors.Is(err, store.ErrNotFound) {
		t.Error("it is deleted again:", err)
	}
}

// TestOldFiles: with the age of cases, files that servers sent go too.
func TestOldFiles(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	a, err := st.Enrol(t.Context(), "org", "ex01", "key", now)
	if err != nil {
		t.Fatal(err)
	}
	c := storetest.Case(1, true)
	if _, err := st.Ingest(t.Context(), []store.Submission{storetest.Submission(t, a, c, now)}); err != nil {
		t.Fatal(err)
	}
	if err := st.Contact(t.Context(), a, true, now); err != nil {
		t.Fatal(err)
	}
	server, err := st.Server(t.Context(), store.All(), a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for i, days := range []int{0, 0, 20, 0} { // when each came; the last never did
		id, err := st.AskFile(t.Context(), store.All(), store.FileRequest{Case: server.Latest, Path: c.Evidence[2].Path, SHA256: c.Evidence[2].SHA256, Asked: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "files", fmt.Sprint(id, ".zst")), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if i < 3 {
			if err := st.AnswerFile(t.Context(), a, store.FileRequest{ID: id, State: store.FileReceived, Answered: now.AddDate(0, 0, days)}); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, id)
	}
	// The first was noted as deleted by a hub that was killed then.
	if err := st.DropFile(t.Context(), store.All(), a, ids[0], time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.zst", "999.zst", "3"} {
		if err := os.WriteFile(filepath.Join(dir, "files", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		list, err := os.ReadDir(filepath.Join(dir, "files"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range list {
			names = append(names, f.Name())
		}
		return strings.Join(names, " ")
	}
	start(t, func(c *hub.Config) {
		c.Dir, c.Store, c.Retain = dir, st, 10*24*time.Hour
		c.Now = func() time.Time { return now.AddDate(0, 0, 25) }
	})
	want := fmt.Sprintf("3 %d.zst %d.zst 999.zst notes.zst", ids[2], ids[3])
	eventually(t, "what is old is deleted, and nothing else", func() bool { return left() == want })
	list, err := st.FileRequests(t.Context(), store.All(), a, store.FileDeleted)
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestLateFiles: a file that comes after its request was answered otherwise, or
// after it came already and was deleted, does not stay in the hub's folder.
func TestLateFiles(t *testing.T) {
	s := start(t, nil)
	const text = "first"
	c := storetest.Case(1, true)
	c.Evidence = []wire.Evidence{{Path: "www/a.aspx", Size: int64(len(text)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}}
	a, own, _ := s.collector(t, "org-a", "ex01", func() *casefile.Case { return c })
	if err := a.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the case is stored", func() bool { return s.server(t, 1).Cases == 1 })
	body := string(pack(t, text))
	for name, meanwhile := range map[string]func(id int64) error{
		"refused": func(id int64) error { return own.RefuseFile(t.Context(), id, "no") },
		"deleted": func(id int64) error {
			if err := own.SendFile(t.Context(), id, strings.NewReader(body)); err != nil {
				return err
			}
			return s.DeleteFile(t.Context(), store.All(), 1, id)
		},
		"sent": func(id int64) error { return own.SendFile(t.Context(), id, strings.NewReader(body)) },
	} {
		id, err := s.AskFile(t.Context(), store.All(), s.server(t, 1).Latest, c.Evidence[0].Path, c.Evidence[0].SHA256, "ana")
		if err != nil {
			t.Fatal(name, err)
		}
		r, w := io.Pipe()
		sent := make(chan error, 1)
		go func() { sent <- own.SendFile(context.WithoutCancel(t.Context()), id, r) }()
		eventually(t, name+": the hub takes the file", func() bool {
			begun, err := filepath.Glob(filepath.Join(s.dir, "files", ".tmp-*"))
			return err == nil && len(begun) > 0
		})
		if err := meanwhile(id); err != nil {
			t.Error(name, err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(name, err)
		}
		w.Close()
		if err := <-sent; err == nil {
			t.Error(name, "the hub took a second answer")
		}
		if _, err := os.Stat(filepath.Join(s.dir, "files", fmt.Sprint(id, ".zst"))); errors.Is(err, fs.ErrNotExist) != (name != "sent") {
			t.Errorf("%s before the file came: %v", name, err)
		}
	}
}
