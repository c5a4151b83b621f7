package scan

import (
	"bytes"
	"errors"
	"io"
	"io/fs"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// An encoding is how a text log is written. IIS and Exchange write UTF-8 with
// lines that end in LF; logs that went through PowerShell, an editor or another
// system come with a byte order mark, in UTF-16, or with bare CR. Parsers know
// UTF-8 with LF only, so the others are decoded before they are asked.
type encoding struct {
	decode func(io.Reader) io.Reader // nil for plain UTF-8
	mark   int64                     // bytes of the byte order mark
	wide   bool                      // UTF-16: offsets in the decoded text are not those in the file
}

const mark8 = "\xef\xbb\xbf"

// encodingOf tells the encoding by the start of a file.
func encodingOf(head []byte) encoding {
	utf16 := func(order unicode.Endianness, mark int64) encoding {
		return encoding{mark: mark, wide: true, decode: func(r io.Reader) io.Reader {
			return transform.NewReader(r, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
		}}
	}
	switch {
	case bytes.HasPrefix(head, []byte(mark8)):
		return encoding{mark: int64(len(mark8)), decode: func(r io.Reader) io.Reader {
			return transform.NewReader(r, unicode.UTF8BOM.NewDecoder())
		}}
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16(unicode.LittleEndian, 2)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16(unicode.BigEndian, 2)
	case ascii16(head, 0):
		return utf16(unicode.LittleEndian, 0)
	case ascii16(head, 1):
		return utf16(unicode.BigEndian, 0)
	case bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, 0) < 0:
		return encoding{decode: func(r io.Reader) io.Reader { return bareCR{r} }}
	}
	return encoding{}
}

// ascii16 reports whether head starts with text in UTF-16 without a mark: each
// of 32 characters is printable ASCII in the byte at low, and 0 in the other.
func ascii16(head []byte, low int) bool {
	if len(head) < 64 {
		return false
	}
	for i := 0; i < 64; i += 2 {
		c := head[i+low]
		if head[i+1-low] != 0 || c < ' ' && c != '\t' && c != '\r' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

// bareCR ends lines with LF where the text has CR.
type bareCR struct{ r io.Reader }

func (c bareCR) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:max(n, 0)] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// reader returns the decoded text of r.
func (e encoding) reader(r io.Reader) io.Reader {
	if e.decode == nil {
		return r
	}
	return e.decode(r)
}

// file returns f with its text decoded.
func (e encoding) file(f fs.File) fs.File {
	if e.decode == nil {
		return f
	}
	return decodedFile{f, e.decode(f)}
}

type decodedFile struct {
	fs.File
	text io.Reader
}

func (d decodedFile) Read(p []byte) (int, error) { return d.text.Read(p) }

// head returns the decoded text of a file's first bytes.
func (e encoding) head(head []byte) []byte {
	if e.decode == nil {
		return head
	}
	if e.wide {
		head = head[:len(head)&^1]
	}
	text, err := io.ReadAll(e.decode(bytes.NewReader(head)))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return head
	}
	return text
}

// unplaced takes the offsets out of what a decoded text told, where they are not
// those in the file. Lines are counted all the same.
func (e encoding) unplaced(r *result) {
	if !e.wide {
		return
	}
	for _, s := range r.fold.kept {
		s.Event.Ref.Offset = 0
	}
	for i := range r.gaps {
		r.gaps[i].Ref.Offset = 0
	}
	for _, b := range r.builds {
		b.Ref.Offset = 0
	}
	for _, s := range r.scripts.scripts {
		if s == nil {
			continue
		}
		for i := range s.Proof {
			s.Proof[i].Offset = 0
		}
	}
}
