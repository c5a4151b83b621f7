//go:build linux

package acquire_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"limier/acquire"
	"limier/internal/hostile"
)

// hostileFolder writes a hostile folder that cleaning up can delete.
func hostileFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o755) // for nobody
	if err := hostile.Write(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "special", "closed"), 0o700) })
	return dir
}

// asNobody gives up root's right to read everything, for this test's thread.
func asNobody(t *testing.T) {
	if os.Getuid() != 0 {
		return
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Setfsuid(0) })
}

func TestHostileFolder(t *testing.T) {
	dir := hostileFolder(t)
	asNobody(t)
	src := open(t, dir, acquire.Config{})
	errs, good := map[string]string{}, 0
	err := fs.WalkDir(src.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		if d.IsDir() {
			return nil
		}
		f, err := src.FS.Open(p)
		if err != nil {
			errs[p] = err.Error()
			return nil
		}
		defer f.Close()
		head := make([]byte, 4096)
		n, _ := io.ReadFull(f, head)
		if strings.Contains(string(head[:n]), hostile.GoodLine) {
			good++
		}
		if strings.HasPrefix(p, "archives/") {
			if _, err := io.Copy(io.Discard, f); err != nil {
				errs[p] = err.Error()
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if good < 15 {
		t.Errorf("%d good logs read", good)
	}
	for p, want := range map[string]string{
		"special/unreadable.log": "permission denied",
	} {
		if !strings.Contains(errs[p], want) {
			t.Errorf("%s: error %q, want %q", p, errs[p], want)
		}
	}
	got := "\n" + strings.Join(lost(src), "\n") + "\n"
	for _, want := range []string{
		"\nspecial/closed: folder cannot be listed: permission denied\n",
		"\nspecial/dangling: symbolic link", "(and 2 more alike)",
		"\nspecial/u_ex210310.log: not a file", "\nspecial/latin1-\uFFFD.log: name is not valid UTF-8",
		"\narchives/zero.zip: empty archive", "\narchives/noise.zip: named like an archive", "\narchives/cut.zip: zip archive cannot be opened",
		"\narchives/cut.tar: the archive breaks off", "\narchives/cut.tar.gz: gzip archive cannot be opened", "\narchives/noise.tar.zst: zstd archive cannot be opened",
		"\narchives/bomb.zip/u_ex210303.log: the archive unpacks to more than 200 times its size",
		"\narchives/overlap.zip/0128.log: the archive unpacks", "(and 871 more alike)",
		"climbs out of the archive", "\narchives/escaping.tar/link: symbolic link", "\narchives/escaping.tar/null: not a file", "\narchives/escaping.tar/hard: hard link",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no gap says %q:%s", want, got)
		}
	}
	for _, p := range []string{"special/loop", "special/up", "special/out.log", "special/up/logs/u_ex210303.log", "../x", "special/closed/u_ex210311.log"} {
		if f, err := src.FS.Open(p); err == nil {
			f.Close()
			t.Errorf("%s could be opened", p)
		}
	}
}
