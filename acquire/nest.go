package acquire

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"sync"
)

// A nest shows the archives inside another FS as folders.
type nest struct {
	body  *body
	base  fs.FS // a *folder, *tree or join
	label string
	depth int // levels of archives still opened

	mu     sync.Mutex
	mounts map[string]*mount
}

// A mount is one archive, or the failure to open it.
type mount struct {
	once sync.Once
	fs   *nest // nil: stays a file
}

func newNest(b *body, base fs.FS, label string, depth int) *nest {
	return &nest{body: b, base: base, label: label, depth: depth, mounts: map[string]*mount{}}
}

// within returns the FS and the path there that name leads to.
func (n *nest) within(name string) (fs.FS, string) {
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		if !IsArchiveName(name[:i]) {
			continue
		}
		if m := n.mount(name[:i]); m != nil {
			if i == len(name) {
				return m, "."
			}
			return m, name[i+1:]
		}
	}
	return n.base, name
}

// mount opens the archive at name, once; nil if it is none.
func (n *nest) mount(name string) *nest {
	n.mu.Lock()
	m := n.mounts[name]
	if m == nil {
		m = &mount{}
		n.mounts[name] = m
	}
	n.mu.Unlock()
	m.once.Do(func() { m.fs = n.open(name) })
	return m.fs
}

func (n *nest) open(name string) *nest {
	if j, ok := n.base.(*join); ok && !j.archives(name) {
		return nil
	}
	info, err := fs.Stat(n.base, name)
	if err != nil || info.IsDir() {
		return nil
	}
	label := path.Join(n.label, name)
	size := info.Size()
	if size == 0 {
		n.body.gaps.addOnce(label, "empty archive (0 bytes)")
		return nil
	}
	r, closer, err := n.content(name)
	if err != nil {
		return nil // opening it as a file fails too, which is told then
	}
	k, err := sniff(r)
	switch {
	case err != nil:
		closer()
		return nil
	case k == notArchive:
		closer()
		n.body.gaps.addOnce(label, "named like an archive but is none, or is damaged: read as a plain file")
		return nil
	case n.depth <= 0:
		closer()
		n.body.gaps.addOnce(label, "archive inside too many archives: not opened")
		return nil
	}
	t, err := n.body.openArchive(k, r, size, path.Base(name), label)
	if err != nil {
		closer()
		n.body.gaps.addOnce(label, string(k)+" archive cannot be opened: "+reason(err))
		return nil
	}
	n.body.onClose(closer)
	return newNest(n.body, t, label, n.depth-1)
}

// content opens an archive for random access, until closer is called.
func (n *nest) content(name string) (io.ReaderAt, func() error, error) {
	if dir, at := onDisk(n.base, name); dir != nil {
		return n.body.handles.handle(dir, at), func() error { return nil }, nil
	}
	f, err := n.base.Open(name)
	if err != nil {
		return nil, nil, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		f.Close()
		return nil, nil, errors.New("no random access")
	}
	return r, f.Close, nil
}

// onDisk finds the folder of the disk behind base.
func onDisk(base fs.FS, name string) (*folder, string) {
	switch b := base.(type) {
	case *folder:
		return b, name
	case interface {
		disk(string) (*folder, string)
	}:
		return b.disk(name)
	}
	return nil, ""
}

// Open opens a file or folder, also inside archives.
func (n *nest) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	in, rest := n.within(name)
	if in != n.base && rest == "." {
		info, err := n.Stat(name)
		if err != nil {
			return nil, err
		}
		list, err := n.ReadDir(name)
		return &dirFile{info: info, list: list}, err
	}
	if in != n.base {
		return in.Open(rest)
	}
	f, err := in.Open(rest)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		list, err := n.ReadDir(name)
		f.Close()
		return &dirFile{info: info, list: list}, err
	}
	return f, nil
}

// ReadDir lists a folder, or the members of an archive.
func (n *nest) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	in, rest := n.within(name)
	list, err := fs.ReadDir(in, rest)
	if err != nil || in != n.base {
		return list, err
	}
	for i, e := range list {
		if e.Type().IsRegular() && IsArchiveName(e.Name()) {
			if m := n.mount(path.Join(name, e.Name())); m != nil {
				list[i] = mountEntry{e}
			}
		}
	}
	return list, nil
}

// Stat describes a file or folder. An archive is a folder.
func (n *nest) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	in, rest := n.within(name)
	info, err := fs.Stat(in, rest)
	if err != nil || in == n.base || rest != "." {
		return info, err
	}
	outer, err := fs.Stat(n.base, name)
	if err != nil {
		return nil, err
	}
	return mountInfo{outer}, nil
}

// mountEntry is the entry of an archive.
type mountEntry struct{ fs.DirEntry }

func (mountEntry) IsDir() bool       { return true }
func (mountEntry) Type() fs.FileMode { return fs.ModeDir }
func (e mountEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	if err != nil {
		return nil, err
	}
	return mountInfo{info}, nil
}

// mountInfo describes an archive.
type mountInfo struct{ fs.FileInfo }

func (mountInfo) IsDir() bool         { return true }
func (i mountInfo) Mode() fs.FileMode { return i.FileInfo.Mode().Perm() | fs.ModeDir }
