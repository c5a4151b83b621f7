package acquire

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A kind is a format of archives, by its content.
type kind string

const (
	notArchive kind = ""
	zipKind    kind = "zip"
	tarKind    kind = "tar"
	gzipKind   kind = "gzip"
	zstdKind   kind = "zstd"
	sevenZip   kind = "7z"
	xzKind     kind = "xz"
	bzip2Kind  kind = "bzip2"
	rarKind    kind = "rar"
)

// sniff tells the kind of archive by its first bytes. A zip may also be cut at
// its start, or follow a program; it is then known by its end alone, which
// archive/zip finds.
func sniff(r io.ReaderAt) (kind, error) {
	head := make([]byte, 512)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return notArchive, err
	}
	return sniffHead(head[:n]), nil
}

func sniffHead(head []byte) kind {
	for _, m := range []struct {
		magic string
		kind  kind
	}{
		{"PK\x03\x04", zipKind}, {"PK\x05\x06", zipKind}, {"PK\x07\x08", zipKind},
		{"\x1f\x8b\x08", gzipKind}, {"\x28\xb5\x2f\xfd", zstdKind},
		{"7z\xbc\xaf\x27\x1c", sevenZip}, {"\xfd7zXZ\x00", xzKind}, {"BZh", bzip2Kind}, {"Rar!\x1a\x07", rarKind},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind
		}
	}
	if len(head) >= 262 && string(head[257:262]) == "ustar" {
		return tarKind
	}
	return notArchive
}

// IsArchiveName reports whether a file of this name is opened as an archive
// where it lies among evidence. Office documents and programs, which are
// archives too, are not.
func IsArchiveName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".zip", ".war", ".tar", ".tgz", ".gz", ".zst", ".7z", ".xz", ".bz2", ".rar", ".tzst", ".txz", ".tbz2":
		return true
	}
	return false
}

var errCannotUnpack = errors.New("not a format Limier unpacks: unpack it, then scan the folder")

// openArchive indexes an archive. name is that of its file; label is the path
// of the archive in Source.FS.
func (b *body) openArchive(k kind, r io.ReaderAt, size int64, name, label string) (*tree, error) {
	t := b.newTree(label, size)
	var err error
	switch k {
	case zipKind:
		err = t.readZip(r, size)
	case tarKind:
		err = t.readTar(r, size)
	case gzipKind, zstdKind, bzip2Kind, xzKind:
		err = t.readPacked(k, r, size, name)
	case sevenZip:
		err = t.readSevenZip(r, size)
	default:
		err = errCannotUnpack
	}
	if err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

// unpacker reads a compressed stream from its start.
func unpacker(k kind, r io.ReaderAt, size int64) (io.ReadCloser, error) {
	in := io.NewSectionReader(r, 0, size)
	switch k {
	case gzipKind:
		return gzip.NewReader(in)
	case zstdKind:
		// 128 MiB is the window of zstd --ultra -22 and all that --long=27 needs.
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case bzip2Kind:
		return io.NopCloser(bzip2.NewReader(in)), nil
	case xzKind:
		return newXZ(r, size)
	}
	return nil, errCannotUnpack
}

// readPacked reads a compressed tar, or one compressed file.
func (t *tree) readPacked(k kind, r io.ReaderAt, size int64, name string) error {
	in, err := unpacker(k, r, size)
	if err != nil {
		return err
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	in.Close()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("unpacking its start: %w", err)
	}
	if n > 0 && sniffHead(head[:n]) == tarKind {
		whole := &member{tree: t, size: size, stream: func() (io.ReadCloser, error) { return unpacker(k, r, size) }}
		rc, err := whole.open()
		if err != nil {
			return err
		}
		defer rc.Close()
		return t.readTarStream(rc)
	}
	if err == io.ErrUnexpectedEOF && n == 0 {
		return errors.New("cut short")
	}
	inner, wrong, ok := memberPath(strings.TrimSuffix(name, path.Ext(name)), false)
	if !ok || wrong != "" {
		inner = "content"
	}
	return t.add(inner, time.Time{}, &member{
		size:   unpackedSize(k, r, size, int64(n)),
		stream: func() (io.ReadCloser, error) { return unpacker(k, r, size) },
	})
}

// plausible is the most that packed bytes can unpack to: Deflate 1,032:1
// (zlib's technical notes), zstd blocks of 128 KiB in 4 bytes (RFC 8878
// section 3.1.1.2). Readers reserve memory by a file's size, which in an
// archive anyone can write.
func plausible(k kind, packed int64) int64 {
	if k == zstdKind || k == sevenZip { // which may hold zstd
		return packed<<15 + 1024
	}
	return packed*1032 + 1024
}

// unpackedSize guesses how long a compressed file is, for progress; nothing
// relies on it.
func unpackedSize(k kind, r io.ReaderAt, size, n int64) int64 {
	if n < 512 {
		return n
	}
	switch k {
	case gzipKind: // ISIZE, RFC 1952 section 2.3.1, modulo 2^32
		var b [4]byte
		if _, err := r.ReadAt(b[:], size-4); err == nil {
			if u := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24; u >= n {
				return min(u, plausible(k, size))
			}
		}
	case zstdKind:
		var h zstd.Header
		start := make([]byte, zstd.HeaderMaxSize)
		m, _ := r.ReadAt(start, 0)
		if h.Decode(start[:m]) == nil && h.HasFCS && int64(h.FrameContentSize) >= n {
			return min(int64(h.FrameContentSize), plausible(k, size))
		}
	}
	return max(size, n)
}
