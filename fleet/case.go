package fleet

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
	cves cveLists
	free sync.Pool // of *scratch
}

// scratch is memory that one case after the other is read in; nothing that is
// read keeps it.
type scratch struct {
	plain []byte
	in    *bufio.Reader
}

// maxScratch bounds what is kept for the next case, in bytes.
const maxScratch = 1 << 20

// NewChecker makes one. What it unpacks, and the window, are bounded.
func NewChecker() (*Checker, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(store.MaxCase), zstd.WithDecoderMaxWindow(8<<20))
	return &Checker{dec: dec}, err
}

// Check reads a compressed case as a hub does: it must be one whole stream of
// our format, no larger than store.MaxCase.
func (c *Checker) Check(body []byte) (*Checked, error) {
	s, _ := c.free.Get().(*scratch)
	if s == nil {
		s = &scratch{in: bufio.NewReaderSize(nil, 64<<10)}
	}
	plain, err := c.dec.DecodeAll(body, s.plain[:0])
	if cap(plain) <= maxScratch {
		s.plain = plain
	}
	defer c.free.Put(s)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, store.ErrLarge
	} else if err != nil {
		return nil, fmt.Errorf("no whole case: %w", err)
	}
	checked, err := checkStream(bytes.NewReader(plain), s.in, &c.cves)
	if err != nil {
		return nil, fmt.Errorf("no whole case: %w", err)
	}
	return checked, nil
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

// CheckStream is Check for a stream that is not compressed.
func CheckStream(r io.Reader) (*Checked, error) {
	return checkStream(r, bufio.NewReaderSize(nil, 64<<10), &cveLists{})
}

func checkStream(r io.Reader, in *bufio.Reader, known *cveLists) (*Checked, error) {
	lim := &io.LimitedReader{R: r, N: store.MaxCase + 1}
	in.Reset(lim)
	whole, rest := sha256.New(), sha256.New()
	n := 0
	ended := false
	c, err := casefile.Build(func(yield func(wire.Message, error) bool) {
		for {
			line, err := readLine(in)
			if lim.N <= 0 {
				err = store.ErrLarge
			}
			if err == io.EOF {
				return
			}
			var m wire.Message
			if err == nil {
				whole.Write(line)
				err = message(line, n, ended, known, &m)
			}
			if err == nil && n == 0 {
				begin(rest, m.Start)
			} else if err == nil {
				rest.Write(line)
			}
			n++
			ended = m.End != nil
			if !yield(m, err) || err != nil {
				return
			}
		}
	})
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, errors.New("it is empty")
	case !ended:
		return nil, errors.New("it was cut short: there is no end")
	}
	return &Checked{Case: c, Evidence: [32]byte(rest.Sum(nil)), Hash: [32]byte(whole.Sum(nil))}, nil
}

// begin starts the evidence hash: when it was acquired and where it lay is
// left out, so that the same evidence under the same rules gives the same.
func begin(sum hash.Hash, s *wire.Start) {
	fmt.Fprintf(sum, "limier evidence 1\n%q\n%d\n", s.Version, s.Rules)
}

// message reads the line as the message number n.
func message(line []byte, n int, ended bool, known *cveLists, m *wire.Message) error {
	switch {
	case ended:
		return errors.New("there is more after the end")
	case n == maxMessages:
		return fmt.Errorf("more than %d messages", maxMessages)
	}
	// Version 2 takes half the time, and is strict about UTF-8 and repeated names.
	read := struct {
		wire.Message
		Exposure *struct {
			wire.Exposure
			CVEs jsontext.Value `json:"cves"`
		} `json:"exposure"`
	}{}
	err := json.Unmarshal(line, &read)
	if *m = read.Message; err == nil && read.Exposure != nil {
		m.Exposure = &read.Exposure.Exposure
		m.Exposure.CVEs, err = known.read(read.Exposure.CVEs)
	}
	if err != nil {
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

// cveLists remembers what builds are open to, by its JSON: most of a small case,
// and the same on thousands of servers. The lists are shared, and not changed.
type cveLists struct {
	mu   sync.Mutex
	seen map[string][]wire.CVEState
}

// What is remembered is bounded: so many lists of so many bytes.
const (
	maxLists    = 500
	maxListSize = 64 << 10
)

func (k *cveLists) read(text jsontext.Value) (list []wire.CVEState, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	k.mu.Lock()
	list, ok := k.seen[string(text)]
	k.mu.Unlock()
	if ok {
		return list, nil
	}
	if err := json.Unmarshal(text, &list); err != nil || len(text) > maxListSize {
		return list, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil || len(k.seen) >= maxLists {
		k.seen = map[string][]wire.CVEState{}
	}
	k.seen[string(text)] = list
	return list, nil
}

// readLine reads a line with its end. It fails if the line is longer than
// maxLine or the stream stops in the middle of one.
func readLine(in *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		part, err := in.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull && len(long)+len(part) <= maxLine:
			long = append(long, part...)
		case err == bufio.ErrBufferFull:
			return nil, fmt.Errorf("a message of more than %d MiB", maxLine>>20)
		case err == io.EOF && len(long)+len(part) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case long == nil:
			return part, nil
		default:
			return append(long, part...), nil
		}
	}
}
