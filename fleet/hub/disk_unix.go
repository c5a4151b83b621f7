//go:build unix

package hub

import "golang.org/x/sys/unix"

// free is how many bytes fit on the disk of a folder.
func free(dir string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 1 << 62 // then writing will tell
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
