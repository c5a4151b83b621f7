package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"

	"limier/wire"
)

// maxEvidence bounds the files whose hash one scan tells.
const maxEvidence = 200_000

// A hashed file feeds what is read of it, in order, to a hash.
type hashed struct {
	fs.File
	sum  hash.Hash
	size int64
}

// A hashedAt file can be read at an offset too; that feeds no hash.
type hashedAt struct {
	*hashed
	io.ReaderAt
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.File.Read(p)
	h.sum.Write(p[:n])
	h.size += int64(n)
	return n, err
}

// hash wraps f if the scan is to tell hashes; done, called when the file was
// read, hashes the rest of it and notes the result.
func (s *scanner) hash(f fs.File, r *result) (wrapped fs.File, done func()) {
	if !s.Evidence {
		return f, func() {}
	}
	h := &hashed{File: f, sum: sha256.New()}
	wrapped = h
	if at, ok := f.(io.ReaderAt); ok {
		wrapped = hashedAt{h, at}
	}
	return wrapped, func() {
		if _, err := io.Copy(io.Discard, h); err == nil { // if not, reading it was a gap already
			r.evidence = &wire.Evidence{Path: r.path, Size: h.size, SHA256: hex.EncodeToString(h.sum.Sum(nil))}
		}
	}
}

// hashAlone hashes a file that is not read in order.
func (s *scanner) hashAlone(ctx context.Context, r *result) {
	if !s.Evidence {
		return
	}
	f, err := s.src.FS.Open(r.path)
	if err != nil {
		return // whoever reads it says so
	}
	defer f.Close()
	defer closeOn(ctx, f)()
	_, done := s.hash(f, r)
	done()
}
