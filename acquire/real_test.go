package acquire_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limier/acquire"
)

// sharedData is the folder of real evidence beside the project; tests skip
// without it.
func sharedData(t *testing.T, group string) string {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "data", group)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real evidence: %v", err)
	}
	return dir
}

func TestRealEvidence(t *testing.T) {
	src := open(t, sharedData(t, "evtx-attack"), acquire.Config{})
	zipped := 0
	err := fs.WalkDir(src.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(p, ".zip/") {
			zipped++
			data, err := fs.ReadFile(src.FS, p)
			if err != nil || len(data) == 0 {
				t.Errorf("%s: %d bytes, %v", p, len(data), err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if zipped < 5 {
		t.Errorf("%d files in archives", zipped)
	}
	if l := lost(src); len(l) > 0 {
		t.Errorf("lost %q", l)
	}
}

// The hives of regipy are packed with xz; every one must start as one.
func TestRealXZ(t *testing.T) {
	src := open(t, sharedData(t, "hives/regipy"), acquire.Config{})
	hives := 0
	err := fs.WalkDir(src.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(p, ".xz/") {
			return err
		}
		hives++
		data, err := fs.ReadFile(src.FS, p)
		if head := string(data[:min(4, len(data))]); err != nil || head != "regf" && head != "DIRT" && head != "HvLE" {
			t.Errorf("%s: %d bytes that start with %q, %v", p, len(data), head, err)
		}
		return nil
	})
	if err != nil || hives == 0 {
		t.Errorf("%d hives, %v", hives, err)
	}
	if l := lost(src); len(l) > 0 {
		t.Errorf("lost %q", l)
	}
}
