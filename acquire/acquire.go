// Package acquire opens evidence: a folder, a triage archive, one file, or the
// host it runs on. All become an [evidence.Source] that reads the same way.
//
// What its FS promises:
//   - ReadDir and Stat work; names are sorted; symbolic links are never
//     followed and never listed, nor is anything but files and folders.
//   - An archive is a folder of its members, also inside another archive:
//     "logs.zip/u_ex210303.log". One that cannot be opened stays a file, with a
//     gap. A .gz of one file is a folder of that file.
//   - Every file is an [io.ReaderAt], safe for concurrent use. If it has
//     a method Packed that says true, the first ReadAt unpacks the whole file
//     into a store that goes with the file's Close: rather read it in order.
//   - Nothing is written to disk in the clear or under a member's name. The
//     store keeps small things in memory and the rest in a nameless temporary
//     file of zstd blocks, so that antivirus finds nothing to eat.
//   - What FS does not show (links out of the evidence, password-protected
//     members, unreadable folders, limits) is in Source.Lost. What it shows and
//     cannot read fails at Open or Read, and is the reader's to report.
package acquire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"limier/evidence"
)

// A Config bounds what opening evidence may cost. The zero value is meant for
// collections of whole servers.
type Config struct {
	MaxUnpacked int64  // bytes read out of all archives together; 0 means 1 TiB
	MaxRatio    int64  // of one archive's unpacked to packed bytes, beyond its first GiB; 0 means 200
	MaxMembers  int    // of all archives together; 0 means 1,000,000
	MaxDepth    int    // archives inside each other; 0 means 3, negative none
	MaxTemp     int64  // bytes of temporary files at any time; 0 means 16 GiB
	TempDir     string // "" means the system's
}

func (c Config) withDefaults() Config {
	set := func(p *int64, v int64) {
		if *p == 0 {
			*p = v
		}
	}
	set(&c.MaxUnpacked, 1<<40)
	set(&c.MaxRatio, 200)
	set(&c.MaxTemp, 16<<30)
	if c.MaxMembers == 0 {
		c.MaxMembers = 1_000_000
	}
	if c.MaxDepth == 0 {
		c.MaxDepth = 3
	}
	return c
}

// Open opens the folder, archive or single file at path. The caller closes the
// Closer after the last read; temporary files go with it.
func Open(ctx context.Context, path string, cfg Config) (evidence.Source, io.Closer, error) {
	fail := func(err error) (evidence.Source, io.Closer, error) { return evidence.Source{}, nil, err }
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(fmt.Errorf("no such file or folder: %s; give the folder or the archive that holds the evidence", path))
	case err != nil:
		return fail(unopened(path, err))
	case !info.IsDir() && !info.Mode().IsRegular():
		return fail(fmt.Errorf("%s is neither a file nor a folder; give the folder or the archive that holds the evidence", path))
	}
	b := newBody(ctx, cfg)
	var root fs.FS
	if info.IsDir() {
		root, err = b.openFolder(path)
	} else {
		root, err = b.openFile(path)
	}
	if err != nil {
		b.Close()
		return fail(err)
	}
	src := evidence.Source{ID: sourceID(path), FS: root, Lost: b.gaps.list}
	describe(&src)
	return src, b, nil
}

// unopened says why the evidence at path cannot be opened.
func unopened(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no permission to read %s; run as administrator or root, or copy it", path)
	}
	return fmt.Errorf("opening evidence: %w", err)
}

// sourceID is the last element of path, which stays the same wherever the
// evidence is mounted or copied.
func sourceID(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	id := strings.Trim(filepath.Base(path), `/\.:`)
	if drive := filepath.VolumeName(path); id == "" && drive != "" {
		return strings.ToValidUTF8(drive, "\uFFFD")
	} else if id == "" {
		return "root"
	}
	return strings.ToValidUTF8(id, "\uFFFD")
}

// openFolder reads the folder at path, never outside it.
func (b *body) openFolder(path string) (fs.FS, error) {
	dir, err := newFolder(b, path, "")
	if err != nil {
		return nil, unopened(path, err)
	}
	entries, err := dir.ReadDir(".")
	if err != nil {
		return nil, unopened(path, err)
	}
	if len(entries) == 0 && len(b.gaps.list()) == 0 {
		return nil, fmt.Errorf("nothing in %s: the folder is empty; is the evidence mounted?", path)
	}
	return newNest(b, dir, "", b.cfg.MaxDepth), nil
}

// openFile reads the archive at path as a folder, and any other file as a
// folder that holds it alone.
func (b *body) openFile(path string) (fs.FS, error) {
	dir, err := newFolder(b, filepath.Dir(path), "")
	if err != nil {
		return nil, unopened(path, err)
	}
	name := filepath.Base(path)
	h := b.handles.handle(dir, name)
	size, err := h.size()
	if err != nil {
		return nil, unopened(path, err)
	}
	if size == 0 {
		return nil, fmt.Errorf("%s is empty (0 bytes); was it copied to the end?", path)
	}
	kind, err := sniff(h)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if kind == notArchive {
		return only{dir, name}, nil
	}
	t, err := b.openArchive(kind, h, size, name, "")
	if err != nil {
		return nil, fmt.Errorf("opening %s as %s: %w", path, kind, err)
	}
	if len(t.root.kids) == 0 {
		for _, g := range b.gaps.list() {
			return nil, fmt.Errorf("nothing can be read in %s: %w", path, g.Err)
		}
		return nil, fmt.Errorf("nothing in %s: the archive is empty", path)
	}
	return newNest(b, t, "", b.cfg.MaxDepth-1), nil
}
