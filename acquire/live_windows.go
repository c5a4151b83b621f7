package acquire

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/windows/registry"
)

func thisMachine() machine {
	return machine{windows: true, fs: drives{}, env: os.Getenv, registry: localMachine}
}

// localMachine reads a string of the 64-bit view, where Exchange writes.
func localMachine(key, value string) string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, key, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer k.Close()
	s, _, err := k.GetStringValue(value)
	if err != nil {
		return ""
	}
	return s
}

// realPath turns C/inetpub into C:\inetpub.
func realPath(p string) string {
	return p[:1] + `:\` + strings.ReplaceAll(strings.TrimPrefix(p[1:], "/"), "/", `\`)
}

// drives is the FS of all drives.
type drives struct{}

// Open opens a file of a drive.
func (drives) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) || len(name) < 3 || name[1] != '/' {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not on a drive")}
	}
	return os.Open(realPath(name))
}
