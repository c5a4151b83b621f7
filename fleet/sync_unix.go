//go:build unix

package fleet

import (
	"errors"
	"os"
)

// syncDir makes what was renamed in a folder outlive a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
