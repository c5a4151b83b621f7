package acquire

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// A folder is a folder of the disk. It uses os.Root, so that nothing outside
// is read even if the disk changes meanwhile.
type folder struct {
	body  *body
	root  *os.Root
	label string // path of the folder in Source.FS, "" for the source itself

	plain atomic.Pointer[string] // the path that noLinks let pass last
	near  near
}

func newFolder(b *body, dir, label string) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b.onClose(root.Close)
	d := &folder{body: b, root: root, label: label}
	b.onClose(func() error { return d.near.set(nil, "") })
	return d, nil
}

// openRegular opens a file and nothing else: opening a pipe would wait for its
// writer.
func (d *folder) openRegular(name string) (f *os.File, info fs.FileInfo, err error) {
	if !fs.ValidPath(name) {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errDevice}
	}
	err = d.in(name, func(dir *os.Root, base string) error {
		if err := plain(dir, base, name); err != nil {
			return err
		}
		if f, err = dir.OpenFile(base, os.O_RDONLY|nonblock, 0); err != nil {
			return err
		}
		if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() && !info.IsDir() {
			f.Close()
			return &fs.PathError{Op: "open", Path: name, Err: errors.New("not a file")}
		}
		return nil
	})
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		pe.Path = name
	}
	return f, info, err
}

// errDevice is why Windows does not open a file. Intruders make such files, by
// paths that begin with \\?\, so that nobody can look at them or delete them.
var errDevice = errors.New(`a name that Windows keeps for devices or streams (aux, con, com1), as intruders use to hide files: copy it under another name, with \\?\ before its path`)

// plain refuses what is neither a file nor a folder.
func plain(dir *os.Root, at, name string) error {
	info, err := dir.Lstat(at)
	if err != nil {
		return err
	}
	if m := info.Mode(); !m.IsRegular() && !m.IsDir() {
		return &fs.PathError{Op: "open", Path: name, Err: errors.New("not a file: a link, pipe, socket or device")}
	}
	return nil
}

// noLinks refuses a path that leads through a symbolic link. os.Root keeps
// links inside the folder; this keeps one file under one name. What a path
// shares with the one before is not looked at again: a chain of a thousand
// folders would take minutes.
func (d *folder) noLinks(name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return &fs.PathError{Op: "open", Path: name, Err: errDevice}
	}
	from := 0
	if last := d.plain.Load(); last != nil {
		for i := 0; i < min(len(name), len(*last)) && name[i] == (*last)[i]; i++ {
			if name[i] == '/' {
				from = i + 1
			}
		}
	}
	for i := from; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		if err := plain(d.root, filepath.FromSlash(name[:i]), name); err != nil {
			return err
		}
	}
	d.plain.Store(&name)
	return nil
}

// Open opens a file or folder.
func (d *folder) Open(name string) (fs.File, error) {
	f, info, err := d.openRegular(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return f, nil
	}
	f.Close()
	list, err := d.ReadDir(name)
	return &dirFile{info: info, list: list}, err
}

// Stat describes a file or folder.
func (d *folder) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	if err := d.noLinks(name); err != nil {
		return nil, err
	}
	return d.root.Lstat(filepath.FromSlash(name))
}

func (d *folder) gap(container, name, reason string) {
	d.body.gaps.add(path.Join(d.label, container), path.Join(d.label, name), reason)
}

// ReadDir lists a folder: its files and folders, without Limier's own output.
// A folder that cannot be read is empty, and a gap.
func (d *folder) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := d.noLinks(name); err != nil {
		return nil, err
	}
	all, err := fs.ReadDir(d.root.FS(), name)
	if err != nil {
		d.gap(path.Dir(name), name, "folder cannot be listed: "+reason(err))
		if len(all) == 0 && name == "." {
			return nil, err
		}
	}
	list := make([]fs.DirEntry, 0, len(all))
	lost := map[string]gapCount{}
	lose := func(name, reason string) {
		c := lost[reason]
		lost[reason] = gapCount{first: cmp.Or(c.first, path.Join(d.label, name)), n: c.n + 1}
	}
	for _, e := range all {
		p := path.Join(name, e.Name())
		switch t := e.Type(); {
		case !fs.ValidPath(e.Name()):
			// A name that is not UTF-8 cannot be opened through fs.FS.
			lose(path.Join(name, strings.ToValidUTF8(e.Name(), "\uFFFD")), "name is not valid UTF-8: rename it to have it read")
		case t.IsDir():
			list = append(list, e)
		case t.IsRegular():
			if !d.ours(p) {
				list = append(list, e)
			}
		case t&fs.ModeSymlink != 0:
			if _, err := d.root.Stat(filepath.FromSlash(p)); err != nil {
				lose(p, "symbolic link out of the evidence, in a circle or to nothing: not followed")
			}
		default:
			lose(p, "not a file (device, pipe or socket)")
		}
	}
	for reason, c := range lost {
		d.body.gaps.set(path.Join(d.label, name), reason, c)
	}
	return list, nil
}

// reason is err without the path that the gap names anyway.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return err.Error()
}

// ours reports whether Limier wrote the file: a case file, a stream or a
// report, by name and content both, so that neither alone hides a file.
func (d *folder) ours(name string) bool {
	var magics []string
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".limier":
		magics = []string{"SQLite format 3\x00"}
	case ".json", ".jsonl", ".ndjson":
		magics = []string{`{"start":{"format":"limier/`}
	case ".html":
		magics = []string{`<meta name="generator" content="Limier`}
	default:
		// SQLite's companions of a case file.
		return strings.HasSuffix(ext, "-wal") && strings.HasPrefix(ext, ".limier") ||
			strings.HasSuffix(ext, "-shm") && strings.HasPrefix(ext, ".limier")
	}
	f, _, err := d.openRegular(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 1024)
	n, _ := io.ReadFull(f, head)
	for _, m := range magics {
		if i := bytes.Index(head[:n], []byte(m)); i == 0 || i > 0 && path.Ext(name) == ".html" {
			return true
		}
	}
	return false
}

// only is a folder of which one file is shown.
type only struct {
	dir  *folder
	name string
}

// Open opens the file, or the folder that holds it alone.
func (o only) Open(name string) (fs.File, error) {
	switch name {
	case ".":
		info, err := o.dir.Stat(".")
		if err != nil {
			return nil, err
		}
		list, err := o.ReadDir(".")
		return &dirFile{info: info, list: list}, err
	case o.name:
		return o.dir.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the file.
func (o only) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	info, err := o.dir.Stat(o.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

// Stat describes the file.
func (o only) Stat(name string) (fs.FileInfo, error) {
	if name != "." && name != o.name {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return o.dir.Stat(name)
}
