package acquire

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
)

// readTar indexes a tar that can be read anywhere: members stay where they are.
func (t *tree) readTar(r io.ReaderAt, size int64) error {
	in := io.NewSectionReader(r, 0, size)
	return t.readMembers(&tarBlocks{r: in}, func(h *tar.Header, tr *tar.Reader) (io.ReaderAt, error) {
		if sparse(h) {
			return t.keep(h, tr)
		}
		off, err := in.Seek(0, io.SeekCurrent) // tar.Reader reads no further than the header
		if h.Size > size-off {
			h.Size = max(size-off, 0) // broken off; Next will say so
		}
		return io.NewSectionReader(r, off, h.Size), err
	})
}

// readTarStream indexes a tar that can be read only in order, and keeps its
// members in a store.
func (t *tree) readTarStream(in io.Reader) error {
	s := &store{body: t.body}
	t.body.onClose(s.Close)
	err := t.readMembers(&tarBlocks{r: in}, func(h *tar.Header, tr *tar.Reader) (io.ReaderAt, error) {
		off := s.size
		n, err := io.Copy(s, tr)
		h.Size = n // all of it that is there
		return io.NewSectionReader(s, off, n), err
	})
	return errors.Join(err, s.finish())
}

func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// keep unpacks one member.
func (t *tree) keep(h *tar.Header, r io.Reader) (io.ReaderAt, error) {
	s := &store{body: t.body}
	t.body.onClose(s.Close)
	n, err := io.Copy(s, &taking{r, t.budget})
	h.Size = n
	return s, errors.Join(err, s.finish())
}

// taking charges what is read to a budget.
type taking struct {
	r      io.Reader
	budget *budget
}

func (t *taking) Read(p []byte) (int, error) {
	if err := t.budget.body.stopped(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(p)
	if e := t.budget.take(int64(n)); e != nil {
		return 0, e
	}
	return n, err
}

// tarBlocks passes a tar on and sees whether its end mark, a block of zeroes, was
// the last that was read.
type tarBlocks struct {
	r     io.Reader
	off   int64
	ended bool
}

func (b *tarBlocks) Read(p []byte) (int, error) {
	if b.off%512 != 0 || len(p) != 512 { // no header
		n, err := b.r.Read(p)
		b.off += int64(n)
		b.ended = b.ended && n == 0
		return n, err
	}
	n, err := io.ReadFull(b.r, p)
	b.off += int64(n)
	if n > 0 {
		b.ended = n == 512 && zeroes(p)
		return n, nil
	}
	return 0, err
}

// Seek lets tar.Reader skip what members hold.
func (b *tarBlocks) Seek(offset int64, whence int) (int64, error) {
	s, ok := b.r.(io.Seeker)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	off, err := s.Seek(offset, whence)
	if err == nil {
		b.off = off
	}
	return off, err
}

// rest says what is wrong behind the last member.
func (b *tarBlocks) rest(stopped func() error) (string, error) {
	if !b.ended {
		return "the archive's end is missing: files may have stood behind the last one", nil
	}
	for p := make([]byte, 32<<10); ; {
		if err := stopped(); err != nil {
			return "", err
		}
		n, err := b.r.Read(p)
		switch {
		case !zeroes(p[:n]):
			return "something follows the end of the archive: it is not read", nil
		case err == io.EOF:
			return "", nil
		case err != nil:
			return "the archive is damaged behind its last file (" + err.Error() + ")", nil
		}
	}
}

func zeroes(p []byte) bool { return len(bytes.Trim(p, "\x00")) == 0 }

// readMembers adds every file of a tar; content places the current one. A tar
// that breaks off is read up to there.
func (t *tree) readMembers(in *tarBlocks, content func(*tar.Header, *tar.Reader) (io.ReaderAt, error)) error {
	tr := tar.NewReader(in)
	for n := 0; ; n++ {
		if err := t.body.stopped(); err != nil {
			return err
		}
		h, err := tr.Next()
		if err == io.EOF {
			wrong, err := in.rest(t.body.stopped)
			if wrong != "" {
				t.gap("", wrong)
			}
			return err
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if n == 0 {
				return err
			}
			t.gap("", "the archive breaks off or is damaged ("+err.Error()+"): only the files before are read")
			return nil
		}
		p, wrong, ok := memberPath(h.Name, encodedNames(h.Name))
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		case tar.TypeSymlink:
			t.links = append(t.links, link{p, h.Linkname})
			continue
		case tar.TypeLink:
			to, _, _ := memberPath(h.Linkname, false)
			if t.names[to] == nil {
				t.gap(p, "hard link to a file that the archive does not hold")
			}
			continue
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		default:
			t.gap(p, "not a file (device, pipe or socket)")
			continue
		}
		if !ok {
			t.gap(p, "member with an unusable name: "+or(wrong, "empty"))
			continue
		}
		at, err := content(h, tr)
		if wrong != "" {
			t.gap(p, wrong+": read under this name")
		}
		if at != nil {
			if e := t.add(p, h.ModTime, &member{size: h.Size, at: at}); e != nil {
				t.gap("", e.Error())
				return nil
			}
		}
		if err != nil {
			t.gap(p, "the archive breaks off or is damaged here ("+err.Error()+"): the rest is not read")
			return nil
		}
	}
}
