package acquire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"limier/evidence"
)

// Live opens the evidence of the host that runs it: Exchange's and IIS's logs,
// configuration, web roots and event logs, or those of another web server. now
// is when.
func Live(ctx context.Context, now time.Time, cfg Config) (evidence.Source, io.Closer, error) {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	b := newBody(ctx, cfg)
	m := thisMachine()
	m.absent = b.gaps.addOnce
	places := discover(m)
	j, err := newJoin(b, places, realPath)
	if err != nil {
		b.Close()
		return evidence.Source{}, nil, err
	}
	src := evidence.Source{ID: or(host, "live"), Host: host, Acquired: now.UTC(), FS: newNest(b, j, "", b.cfg.MaxDepth), Lost: b.gaps.list}
	return src, b, nil
}

// errNothingLive says where discover looked.
var errNothingLive = errors.New("no Exchange, IIS or other web server found on this host: looked for its registry keys, configuration and usual folders; " +
	"give the folder or archive that holds the evidence")

// A join shows some places of a machine as one FS, under their own paths.
type join struct {
	places []joined
}

type joined struct {
	place
	fs   fs.FS // *folder, or only
	dir  *folder
	file string // its name in dir, if it is a file
}

// newJoin opens places; real turns a place's path into one of this system.
func newJoin(b *body, places []place, real func(string) string) (*join, error) {
	j := &join{}
	for _, p := range places {
		info, err := os.Stat(real(p.path))
		if err != nil {
			b.gaps.addOnce(p.path, reason(err))
			continue
		}
		if info.IsDir() {
			d, err := newFolder(b, real(p.path), p.path)
			if err != nil {
				b.gaps.addOnce(p.path, "folder cannot be opened: "+reason(err))
				continue
			}
			j.places = append(j.places, joined{place: p, fs: d, dir: d})
			continue
		}
		d, err := newFolder(b, real(path.Dir(p.path)), path.Dir(p.path))
		if err != nil {
			b.gaps.addOnce(p.path, "cannot be opened: "+reason(err))
			continue
		}
		j.places = append(j.places, joined{place: p, fs: only{d, path.Base(p.path)}, dir: d, file: path.Base(p.path)})
	}
	if len(j.places) == 0 {
		if lost := b.gaps.list(); len(lost) > 0 {
			return nil, fmt.Errorf("nothing can be read on this host: %w; run as administrator or root", &lost[0])
		}
		return nil, errNothingLive
	}
	return j, nil
}

// find returns the place that holds name, and the name there.
func (j *join) find(name string) (*joined, string) {
	for i := range j.places {
		p := &j.places[i]
		if name == p.path {
			if p.file != "" {
				return p, p.file
			}
			return p, "."
		}
		if rest, ok := strings.CutPrefix(name, p.path+"/"); ok && p.file == "" {
			return p, rest
		}
	}
	return nil, ""
}

// disk says where an archive lies, if it is one of old logs.
func (j *join) disk(name string) (*folder, string) {
	if p, rest := j.find(name); p != nil && rest != "." {
		return p.dir, rest
	}
	return nil, ""
}

// archives reports whether archives at name are opened.
func (j *join) archives(name string) bool {
	p, _ := j.find(name)
	return p != nil && p.logs
}

// between lists what leads from name to places below it.
func (j *join) between(name string) []fs.DirEntry {
	var list []fs.DirEntry
	for _, p := range j.places {
		rest := p.path
		if name != "." {
			var ok bool
			if rest, ok = strings.CutPrefix(p.path, name+"/"); !ok {
				continue
			}
		}
		kid, deeper, _ := strings.Cut(rest, "/")
		if slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == kid }) {
			continue
		}
		if deeper == "" {
			at := "."
			if p.file != "" {
				at = p.file
			}
			if info, err := fs.Stat(p.fs, at); err == nil {
				list = append(list, fs.FileInfoToDirEntry(named{info, kid}))
			}
			continue
		}
		list = append(list, fs.FileInfoToDirEntry(info{&node{name: kid}}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

// named is a folder under the name it has in its parent.
type named struct {
	fs.FileInfo
	name string
}

func (n named) Name() string { return n.name }

// Open opens a file or folder.
func (j *join) Open(name string) (fs.File, error) {
	if p, rest := j.find(name); p != nil && rest != "." {
		return p.fs.Open(rest)
	}
	info, err := j.Stat(name)
	if err != nil {
		return nil, err
	}
	list, err := j.ReadDir(name)
	return &dirFile{info: info, list: list}, err
}

// ReadDir lists a folder.
func (j *join) ReadDir(name string) ([]fs.DirEntry, error) {
	if p, rest := j.find(name); p != nil {
		return fs.ReadDir(p.fs, rest)
	}
	if list := j.between(name); len(list) > 0 {
		return list, nil
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
}

// Stat describes a file or folder.
func (j *join) Stat(name string) (fs.FileInfo, error) {
	if p, rest := j.find(name); p != nil {
		i, err := fs.Stat(p.fs, rest)
		if err != nil {
			return nil, err
		}
		return named{i, path.Base(name)}, nil
	}
	if fs.ValidPath(name) && len(j.between(name)) > 0 {
		return info{&node{name: path.Base(name)}}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}
