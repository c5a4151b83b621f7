package fleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/store"
	"limier/wire"
)

// maxLine bounds one message of a stream, in bytes, and maxMessages their number.
const (
	maxLine     = 4 << 20
	maxMessages = 500_000
)

// A Checked is a case that was read from end to end.
type Checked struct {
	Case           *casefile.Case
	Evidence, Hash [32]byte
}

// A Checker reads compressed cases. It is safe for concurrent use.
type Checker struct {
	dec  *zstd.Decoder
	free sync.Pool // of *[]byte that one case after the other is unpacked into
}

// maxKept bounds what is kept for the next case, in bytes.
const maxKept = 1 << 20

// NewChecker makes one. What it unpacks, and the window, are bounded.
func NewChecker() (*Checker, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(store.MaxCase), zstd.WithDecoderMaxWindow(8<<20))
	return &Checker{dec: dec}, err
}

// Check reads a compressed case as a hub does: it must be one whole stream of
// our format, no larger than store.MaxCase.
func (c *Checker) Check(body []byte) (*Checked, error) {
	buf, _ := c.free.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	plain, err := c.dec.DecodeAll(body, (*buf)[:0])
	if cap(plain) <= maxKept {
		*buf = plain
	}
	defer c.free.Put(buf)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, store.ErrLarge
	} else if err != nil {
		return nil, fmt.Errorf("no whole case: %w", err)
	}
	return CheckStream(plain)
}

// Check is Checker.Check for a single case.
func Check(body []byte) (*Checked, error) {
	c, err := NewChecker()
	if err != nil {
		return nil, err
	}
	defer c.dec.Close()
	return c.Check(body)
}

// CheckStream is Check for a stream that is not compressed. It keeps nothing of
// plain.
func CheckStream(plain []byte) (*Checked, error) {
	c, err := casefile.Build(messages(plain))
	switch {
	case err != nil:
		return nil, fmt.Errorf("no whole case: %w", err)
	case len(plain) == 0:
		return nil, errors.New("no whole case: it is empty")
	case !c.Complete:
		return nil, errors.New("no whole case: it was cut short: there is no end")
	}
	rest := sha256.New()
	begin(rest, &c.Start)
	rest.Write(plain[bytes.IndexByte(plain, '\n')+1:])
	return &Checked{Case: c, Evidence: [32]byte(rest.Sum(nil)), Hash: sha256.Sum256(plain)}, nil
}

// messages reads the lines of a stream.
func messages(plain []byte) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		ended := false
		for n := 0; len(plain) > 0; n++ {
			line, err := readLine(plain)
			plain = plain[len(line):]
			var m wire.Message
			if err == nil {
				err = message(line, n, ended, &m)
			}
			ended = m.End != nil
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// begin starts the evidence hash: when it was acquired and where it lay is
// left out, so that the same evidence under the same rules gives the same.
func begin(sum hash.Hash, s *wire.Start) {
	fmt.Fprintf(sum, "limier evidence 1\n%q\n%d\n", s.Version, s.Rules)
}

// message reads the line as the message number n.
func message(line []byte, n int, ended bool, m *wire.Message) error {
	switch {
	case ended:
		return errors.New("there is more after the end")
	case n == maxMessages:
		return fmt.Errorf("more than %d messages", maxMessages)
	}
	if err := json.Unmarshal(line, m); err != nil { // version 2: strict about UTF-8 and repeated names
		return fmt.Errorf("message %d: %w", n+1, err)
	}
	kinds := 0
	for _, is := range []bool{m.Start != nil, m.Exposure != nil, m.Finding != nil, m.Evidence != nil, m.Gap != nil, m.End != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case (n == 0) != (m.Start != nil):
		return fmt.Errorf("message %d: a stream begins with one start, and has no other", n+1)
	case kinds > 1:
		return fmt.Errorf("message %d is several at once", n+1)
	}
	return nil
}

// readLine reads a line with its end. It fails if the line is longer than
// maxLine or the stream stops in the middle of one.
func readLine(plain []byte) ([]byte, error) {
	n := bytes.IndexByte(plain[:min(len(plain), maxLine)], '\n')
	switch {
	case n >= 0:
		return plain[:n+1], nil
	case len(plain) < maxLine:
		return nil, io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("a message of more than %d MiB", maxLine>>20)
}
