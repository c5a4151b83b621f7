//go:build unix

package hostile

import (
	"os"
	"path/filepath"
	"syscall"
)

// special adds what is neither a file nor a folder, and what may not be read.
// Links are best effort: some file systems have none.
func special(dir string) []error {
	p := func(name string) string { return filepath.Join(dir, name) }
	return []error{
		os.MkdirAll(p("special/closed"), 0o755),
		os.Symlink("loop", p("special/loop")),
		os.Symlink("..", p("special/up")),
		os.Symlink("/etc/passwd", p("special/out.log")),
		os.Symlink("nowhere", p("special/dangling")),
		syscall.Mkfifo(p("special/u_ex210310.log"), 0o644),
		os.WriteFile(p("special/unreadable.log"), []byte(iisHead), 0o000),
		os.WriteFile(p("special/closed/u_ex210311.log"), []byte(iisHead), 0o644),
		os.WriteFile(p("special/latin1-\xe9.log"), []byte(iisHead), 0o644),
		os.Chmod(p("special/closed"), 0o000),
	}
}
