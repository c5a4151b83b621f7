package acquire

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// ZIP methods beyond those of archive/zip (APPNOTE.TXT 4.4.5).
const (
	deflate64  = 9 // Windows Explorer, above 2 GiB
	zstdMethod = 93
)

// readZip indexes a zip by its central directory.
func (t *tree) readZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	switch {
	case errors.Is(err, zip.ErrFormat):
		return errors.New("the list of its files, at the end, is missing or damaged: was it copied to the end? `zip -FF` may repair it")
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return err
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zstdMethod, zstd.ZipDecompressor(zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1)))
	velociraptor := false
	for _, f := range z.File {
		velociraptor = velociraptor || encodedNames(f.Name)
	}
	for _, f := range z.File {
		if err := t.body.stopped(); err != nil {
			return err
		}
		if err := t.addZipped(f, r, size, velociraptor); err == errTooMany {
			t.gap("", err.Error())
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) addZipped(f *zip.File, r io.ReaderAt, size int64, velociraptor bool) error {
	p, wrong, ok := memberPath(f.Name, velociraptor)
	mode := f.Mode()
	switch {
	case mode.IsDir() || strings.HasSuffix(f.Name, `\`) && f.UncompressedSize64 == 0:
		return nil
	case !ok:
		t.gap(p, "member with an unusable name: "+or(wrong, "empty"))
		return nil
	case mode&fs.ModeSymlink != 0:
		t.gap(p, "symbolic link: not followed")
		return nil
	case !mode.IsRegular():
		t.gap(p, "not a file (device, pipe or socket)")
		return nil
	case f.Flags&1 != 0:
		t.gap(p, passwordNeeded)
		return nil
	}
	m := &member{size: int64(f.UncompressedSize64)}
	switch f.Method {
	case zip.Store:
		off, err := f.DataOffset()
		if err != nil {
			t.gap(p, "damaged member: "+err.Error())
			return nil
		}
		if f.CompressedSize64 != f.UncompressedSize64 {
			t.gap(p, "damaged member: stored, but its two sizes differ")
			return nil
		}
		m.at = io.NewSectionReader(r, off, m.size)
	case zip.Deflate, zstdMethod:
		m.stream = f.Open
	case deflate64:
		t.gap(p, "packed with Deflate64, which Limier does not unpack: unpack the archive, then scan the folder")
		return nil
	default:
		t.gap(p, fmt.Sprintf("packed with ZIP method %d, which Limier does not unpack: unpack the archive, then scan the folder", f.Method))
		return nil
	}
	k := zipKind
	if f.Method == zstdMethod {
		k = zstdKind
	}
	if f.CompressedSize64 > uint64(size) || f.UncompressedSize64 > uint64(plausible(k, int64(f.CompressedSize64))) {
		t.gap(p, "damaged member: impossible size")
		return nil
	}
	// archive/zip stops a member at the size it states, so that the sizes can
	// be summed up here. While reading, which member is one too many would
	// depend on the order.
	if m.at == nil && !t.budget.promise(m.size) {
		t.gap(p, t.budget.bomb().Error())
		return nil
	}
	if wrong != "" {
		t.gap(p, wrong+": read under this name")
	}
	return t.add(p, f.Modified, m)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
