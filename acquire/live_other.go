//go:build !windows

package acquire

import "os"

func thisMachine() machine {
	return machine{fs: os.DirFS("/"), env: os.Getenv, registry: func(string, string) string { return "" }}
}

// realPath turns var/log into /var/log.
func realPath(p string) string { return "/" + p }
