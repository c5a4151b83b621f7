package acquire

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Files of many folders are opened at once, each by its own path; a link next to
// one that was opened is no file.
func TestNear(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 60 {
		name := fmt.Sprintf("%d/%d/%d.php", i%3, i%4, i)
		names = append(names, name)
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := os.Symlink("0.php", filepath.Join(dir, "0", "0", "link.php"))
	src, closer, err := Open(context.Background(), dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				name := names[rand.IntN(len(names))]
				if got, err := fs.ReadFile(src.FS, name); err != nil || string(got) != name {
					t.Errorf("%s: got %q, %v", name, got, err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := fs.ReadFile(src.FS, names[0]); err != nil {
		t.Error(err)
	}
	if _, err := fs.ReadFile(src.FS, "0/0/link.php"); err == nil && link == nil {
		t.Error("a link was opened")
	}
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
	if _, err := fs.ReadFile(src.FS, names[0]); err == nil {
		t.Error("a file was opened after all was closed")
	}
}
