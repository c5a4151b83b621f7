package agent

import (
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
