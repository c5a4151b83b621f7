package acquire

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// A near is the folder of the file that was opened last. It stays open for the
// next one, so that not every folder above is opened for every file.
type near struct {
	mu   sync.RWMutex // held while root is used, so that nobody closes it
	root *os.Root
	path string // "" without one, else with a slash at the end
}

// in calls do with the folder of a file and the file's name in it.
func (d *folder) in(name string, do func(dir *os.Root, base string) error) error {
	dir, base := path.Split(name)
	if dir == "" {
		return do(d.root, base)
	}
	if known, err := d.near.in(dir, base, do); known {
		return err
	}
	if err := d.noLinks(strings.TrimSuffix(dir, "/")); err != nil {
		return err
	}
	root, err := d.root.OpenRoot(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	err = do(root, base)
	d.near.set(root, dir)
	return err
}

func (n *near) in(dir, base string, do func(dir *os.Root, base string) error) (known bool, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.path != dir {
		return false, nil
	}
	return true, do(n.root, base)
}

// set closes the folder before.
func (n *near) set(root *os.Root, path string) error {
	n.mu.Lock()
	root, n.root, n.path = n.root, root, path
	n.mu.Unlock()
	if root == nil {
		return nil
	}
	return root.Close()
}
