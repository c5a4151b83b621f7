package acquire

import (
	"errors"
	"io"
	"io/fs"
	"sync"
)

// A file is an open member of an archive.
type file struct {
	info   info
	member *member
	name   string

	pos int64
	rc  io.ReadCloser // the stream being read

	mu       sync.Mutex
	unpacked *store // for ReadAt, if the member has none
	err      error  // of unpacking
	closed   bool
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

// Packed reports whether ReadAt must unpack the whole file first.
func (f *file) Packed() bool { return f.member.at == nil }

func (f *file) fail(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// Read reads on, in order.
func (f *file) Read(p []byte) (int, error) {
	if f.member.at != nil {
		n, err := f.ReadAt(p, f.pos)
		f.pos += int64(n)
		if n > 0 && err == io.EOF {
			err = nil
		}
		return n, err
	}
	if f.rc == nil {
		rc, err := f.member.open()
		if err != nil {
			return 0, f.fail("open", err)
		}
		f.rc = rc
	}
	n, err := f.rc.Read(p)
	return n, f.fail("read", err)
}

// ReadAt reads anywhere. It is safe for concurrent use.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	size := f.member.size
	at := f.member.at
	if at == nil {
		s, err := f.unpack()
		if err != nil {
			return 0, f.fail("read", err)
		}
		at, size = s, s.size
	}
	if off < 0 {
		return 0, f.fail("read", fs.ErrInvalid)
	}
	if off >= size {
		return 0, io.EOF
	}
	short := int64(len(p)) > size-off
	if short {
		p = p[:size-off]
	}
	n, err := at.ReadAt(p, off)
	switch {
	case n < len(p) && (err == nil || err == io.EOF):
		err = io.ErrUnexpectedEOF // the archive was cut short
	case n == len(p):
		err = nil
		if short {
			err = io.EOF
		}
	}
	return n, f.fail("read", err)
}

func (f *file) unpack() (*store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fs.ErrClosed
	}
	if f.unpacked == nil && f.err == nil {
		f.unpacked, f.err = f.member.unpack()
	}
	return f.unpacked, f.err
}

// Close releases the file and what was unpacked for it.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	var errs []error
	if f.rc != nil {
		errs = append(errs, f.rc.Close())
		f.rc = nil
	}
	if f.unpacked != nil {
		errs = append(errs, f.unpacked.Close())
		f.unpacked = nil
	}
	return errors.Join(errs...)
}

// open starts reading m in order, within the archive's budget.
func (m *member) open() (io.ReadCloser, error) {
	rc, err := m.stream()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // the member lies behind the archive's end; it is not empty
	}
	if err != nil {
		return nil, err
	}
	return &counted{ReadCloser: rc, member: m}, nil
}

// unpack keeps all of m for random access.
func (m *member) unpack() (*store, error) {
	rc, err := m.open()
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	s := &store{body: m.tree.body}
	if _, err = io.Copy(s, rc); err == nil {
		err = s.finish()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// counted accounts for what is read from a packed member. Reading the same
// bytes again is free.
type counted struct {
	io.ReadCloser
	member *member
	pos    int64
	err    error
}

func (c *counted) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.ReadCloser.Read(p)
	c.pos += int64(n)
	c.member.mu.Lock()
	fresh := c.pos - c.member.seen
	if fresh > 0 {
		c.member.seen = c.pos
	}
	c.member.mu.Unlock()
	if fresh > 0 {
		if c.err = c.member.tree.budget.take(fresh); c.err != nil {
			return 0, c.err
		}
	}
	return n, err
}
