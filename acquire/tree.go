package acquire

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A tree is the FS of one archive: its members by path.
type tree struct {
	body   *body
	label  string // path of the archive in Source.FS; "" for the source itself
	budget *budget
	root   *node
	names  map[string]*node
	links  []link
	store  *store // of what a .7z unpacks together
}

// A node is a file or folder of a tree.
type node struct {
	name  string
	mod   time.Time
	file  *member // nil for a folder
	kids  []*node
	taken map[string]bool // names of kids
}

// A member is the content of one file in an archive.
type member struct {
	tree   *tree
	size   int64                         // as the archive says
	at     io.ReaderAt                   // direct access; or nil
	stream func() (io.ReadCloser, error) // if at is nil

	mu   sync.Mutex
	seen int64 // bytes ever read from stream: only new ones count for the budget
}

type link struct{ at, target string }

func (b *body) newTree(label string, packed int64) *tree {
	t := &tree{body: b, label: label, root: &node{name: "."}, budget: &budget{body: b, packed: packed}}
	t.names = map[string]*node{".": t.root}
	return t
}

// gap records what the archive holds and t does not show.
func (t *tree) gap(p, reason string) {
	t.body.gaps.add(t.label, path.Join(t.label, p), reason)
}

var errTooMany = errors.New("limit of archive members reached: the rest is not read")

// add puts a file at p, under another name if p is taken.
func (t *tree) add(p string, mod time.Time, m *member) error {
	if t.body.members.Add(1) > int64(t.body.cfg.MaxMembers) {
		return errTooMany
	}
	m.tree = t
	dir, name := path.Split(p)
	parent := t.folder(path.Clean(dir), mod)
	p = path.Join(path.Clean(dir), name)
	if t.names[p] != nil {
		t.gap(p, "name used twice in the archive: the second is read as "+free(parent, name))
		name = free(parent, name)
		p = path.Join(path.Clean(dir), name)
	}
	t.put(parent, p, &node{name: name, mod: mod.UTC(), file: m})
	return nil
}

func free(parent *node, name string) string {
	for i := 2; ; i++ {
		if n := name + "~" + strconv.Itoa(i); !parent.taken[n] {
			return n
		}
	}
}

func (t *tree) put(parent *node, p string, n *node) {
	t.names[p] = n
	parent.kids = append(parent.kids, n)
	if parent.taken == nil {
		parent.taken = map[string]bool{}
	}
	parent.taken[n.name] = true
}

// folder returns the folder at p, made if there is none. A file of that name
// gives way.
func (t *tree) folder(p string, mod time.Time) *node {
	n := t.names[p]
	if n != nil && n.file == nil {
		return n
	}
	parent := t.folder(path.Dir(p), mod)
	if n != nil {
		name := free(parent, n.name)
		t.gap(p, "both a file and a folder in the archive: the file is read as "+name)
		n.name = name
		parent.taken[name] = true
		t.names[path.Join(path.Dir(p), name)] = n
		dir := &node{name: path.Base(p), mod: mod.UTC()}
		t.put(parent, p, dir)
		return dir
	}
	n = &node{name: path.Base(p), mod: mod.UTC()}
	t.put(parent, p, n)
	return n
}

// finish sorts t and reports links that lead to nothing it holds.
func (t *tree) finish() {
	for _, l := range t.links {
		target := strings.ReplaceAll(l.target, `\`, "/")
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(l.at), target)
		}
		if t.names[strings.TrimPrefix(path.Clean(target), "/")] == nil {
			t.gap(l.at, "symbolic link to something outside the archive: not followed")
		}
	}
	t.links = nil
	for _, n := range t.names {
		slices.SortFunc(n.kids, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
		n.taken = nil
	}
}

func (t *tree) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if n := t.names[name]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Stat describes a member.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return info{n}, nil
}

// ReadDir lists a folder, by name.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if n.file != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a folder")}
	}
	list := make([]fs.DirEntry, len(n.kids))
	for i, k := range n.kids {
		list[i] = fs.FileInfoToDirEntry(info{k})
	}
	return list, nil
}

// Open opens a member.
func (t *tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.file == nil {
		list, err := t.ReadDir(name)
		return &dirFile{info: info{n}, list: list}, err
	}
	return &file{info: info{n}, member: n.file, name: name}, nil
}

// info describes a node.
type info struct{ n *node }

func (i info) Name() string       { return i.n.name }
func (i info) ModTime() time.Time { return i.n.mod }
func (i info) IsDir() bool        { return i.n.file == nil }
func (i info) Sys() any           { return nil }
func (i info) Size() int64 {
	if i.n.file == nil {
		return 0
	}
	return i.n.file.size
}
func (i info) Mode() fs.FileMode {
	if i.n.file == nil {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// A dirFile is an open folder.
type dirFile struct {
	info fs.FileInfo
	list []fs.DirEntry
}

func (d *dirFile) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *dirFile) Close() error               { return nil }
func (d *dirFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("is a folder")}
}

// ReadDir lists the next n entries.
func (d *dirFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.list) {
		if n > 0 && len(d.list) == 0 {
			return nil, io.EOF
		}
		n = len(d.list)
	}
	list := d.list[:n]
	d.list = d.list[n:]
	return list, nil
}
