package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.log")
	if err := os.WriteFile(path, []byte("an entry of the last run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 1000
	w, err := openLog(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w, nil))
	for i := range 100 {
		log.Info("scanned", "n", i)
		if i == 5 { // the last run's entry is still in one of the two
			if got := read(t, path) + read(t, path+".1"); !strings.HasPrefix(got, "an entry of the last run\n") {
				t.Errorf("got %q", got)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("got %d files, want 2, %v", len(entries), err)
	}
	old, now := read(t, path+".1"), read(t, path)
	if len(old) > limit || len(now) > limit {
		t.Errorf("got %d and %d bytes, limit %d", len(old), len(now), limit)
	}
	lines := strings.Split(strings.TrimSpace(old+now), "\n")
	for i, line := range lines { // in order, whole, up to the last
		if !strings.HasPrefix(line, "time=") || !strings.HasSuffix(line, fmt.Sprint(" msg=scanned n=", 100-len(lines)+i)) {
			t.Fatalf("line %d of %d: %q", i, len(lines), line)
		}
	}
}

// What cannot be put aside, as when another program holds it on Windows, does
// not grow either.
func TestLogFileHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	if err := os.MkdirAll(filepath.Join(path+".1", "held"), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := openLog(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 50 {
		if _, err := fmt.Fprintln(w, "entry", i); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); len(got) > 100 || !strings.HasSuffix(got, "entry 49\n") {
		t.Errorf("got %q", got)
	}
}

// A link in the place of the log is not followed: not at the start, and not when
// the log cannot be put aside.
func TestLogFileLink(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "agent.log"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("of somebody else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path); err != nil {
		t.Skip("no links here: ", err)
	}
	if w, err := openLog(path, 100); err == nil {
		w.Close()
		t.Error("a link was opened")
	} else if !strings.Contains(err.Error(), "link") {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+".1", "held"), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := openLog(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 90)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(path, path+".was"), os.Symlink(other, path)); err != nil {
		w.Close()
		t.Skip("a file that is open is not renamed here: ", err)
	}
	defer w.Close()
	for range 2 {
		if _, err := w.Write(make([]byte, 90)); err == nil {
			t.Error("the link was written through")
		}
	}
	if got := read(t, other); got != "of somebody else" {
		t.Errorf("got %q", got)
	}
	// Once the link is gone there is a log again.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(w, "an entry"); err != nil || read(t, path) != "an entry" {
		t.Error(err, read(t, path))
	}
}

// A device is no file that could be put aside.
func TestLogFileDevice(t *testing.T) {
	w, err := openLog(os.DevNull, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range 3 {
		if _, err := w.Write([]byte("more than ten bytes\n")); err != nil {
			t.Fatal(err)
		}
	}
	if w.limit != 0 {
		t.Error("the device would have been renamed")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}
