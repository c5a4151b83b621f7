package webshell

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// MaxWhole is the size up to which Read reads all of a file, in bytes.
const MaxWhole = 16 << 20

// Limits of what is read of one file, in bytes.
const (
	headSize = 64 << 10
	maxTail  = 1 << 20
)

// Read reads a file as far as the languages need it: nil if none of them
// matches, else the file, of which only the start and the end are kept if it
// is longer than 16 MiB. Shells are put at one of the two. What it returns may
// stand in buf, which serves for the next file too: reasons hold copies.
func Read(languages []*Language, path string, r io.Reader, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], headSize)
	n, err := io.ReadFull(r, buf[:headSize])
	head := buf[:n]
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if !Matches(languages, path, head) {
		return nil, nil
	}
	if err != nil {
		return head, nil
	}
	data := slices.Grow(head, sizeOf(r)-n)
	for len(data) < MaxWhole {
		data = slices.Grow(data, 1)
		n, err := r.Read(data[len(data):min(cap(data), MaxWhole)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
	skipTo(r, maxTail)
	tail, err := lastBytes(r)
	return append(data, tail...), err
}

// sizeOf is how much room the file behind r takes, as far as it says so.
func sizeOf(r io.Reader) int {
	if f, ok := r.(fs.File); ok {
		if info, err := f.Stat(); err == nil {
			return int(max(headSize, min(info.Size()+1, MaxWhole))) // one more, to see the end
		}
	}
	return 4 * headSize
}

// Matches reports whether some language reads the file.
func Matches(languages []*Language, path string, head []byte) bool {
	path = strings.ToLower(path)
	for _, l := range languages {
		if l.Match(path, head) {
			return true
		}
	}
	return false
}

// skipTo leaves n bytes to read of a file that can go there at once: what lies
// between may be terabytes, of a sparse file. Others are read through.
func skipTo(r io.Reader, n int64) {
	f, ok := r.(fs.File)
	s, can := r.(io.Seeker)
	if !ok || !can {
		return
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > MaxWhole+n {
		_, _ = s.Seek(info.Size()-n, io.SeekStart) // if it fails, all is read
	}
}

func lastBytes(r io.Reader) ([]byte, error) {
	var tail []byte
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		tail = append(tail, buf[:n]...)
		if over := len(tail) - maxTail; over > maxTail {
			tail = append(tail[:0], tail[over:]...)
		}
		if err == io.EOF {
			return tail[max(0, len(tail)-maxTail):], nil
		}
		if err != nil {
			return nil, err
		}
	}
}
