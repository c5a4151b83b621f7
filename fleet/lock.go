package fleet

import (
	"errors"
	"os"
	"path/filepath"
)

// ErrLocked says that another process uses a folder.
var ErrLocked = errors.New("another process uses it")

// Lock makes a folder this process's own until the file is closed, or the
// process ends, however that may be.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
