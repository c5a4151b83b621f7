package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"limier/wire"
)

// A write that fails leaves what was there, and nothing half.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	path := filepath.Join(dir, "case.limier")
	if err := Write(t.Context(), path, sample()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	big := sample()
	for i := range 1000 {
		big.Gaps = append(big.Gaps, wire.Gap{Reason: strings.Repeat("x", 1000), Count: i})
	}
	err = Write(t.Context(), path, big)
	if !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("what was there before is lost")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".limier-*")); len(left) > 0 {
		t.Error("left behind: ", left)
	}
}
