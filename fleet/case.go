package fleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/finding"
	"limier/store"
	"limier/wire"
)

// maxLine bounds one message of a stream, in bytes, and maxMessages their number.
const (
	maxLine     = 4 << 20
	maxMessages = 500_000
)

// maxValues bounds what one message holds in all: room for 16,000 addresses, which
// collectors sent that did not leave any out yet. An empty step is three bytes long
// and takes 150 of memory: the 4 MiB of a line would take hundreds.
const maxValues = 50_000

// maxTaken bounds what the messages of a case take in memory beside their texts,
// in bytes. What collectors write takes less than it is long.
const maxTaken = 2 * store.MaxCase

// A Checked is a case that was read from end to end.
type Checked struct {
	Case           *casefile.Case
	Evidence, Hash [32]byte
}

// A Checker reads compressed cases as a hub does: of each it keeps what is
// searched. It is safe for concurrent use.
type Checker struct {
	dec   *zstd.Decoder
	free  sync.Pool // of *memory
	lists lists
}

// maxKept bounds the cases whose memory is kept for the next, in bytes.
const maxKept = 1 << 20

// NewChecker makes one. What it unpacks, and the window, are bounded.
func NewChecker() (*Checker, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(store.MaxCase), zstd.WithDecoderMaxWindow(8<<20))
	return &Checker{dec: dec}, err
}

// Check reads a compressed case from end to end: it must be one whole stream of
// our format, no larger than store.MaxCase. What it returns lacks the server
// and the time.
func (c *Checker) Check(body []byte) (store.Submission, error) {
	mem, _ := c.free.Get().(*memory)
	if mem == nil {
		mem = &memory{summarizer: store.NewSummarizer(), lists: &c.lists}
	}
	plain, err := c.unpack(body, mem.plain[:0])
	if err != nil {
		return store.Submission{}, err
	}
	z := mem.summarizer
	z.Reset()
	var start wire.Start
	for m, err := range messages(plain, mem) {
		if err != nil {
			return store.Submission{}, noCase(err)
		}
		if m.Start != nil {
			start = *m.Start
		}
		if m.Exposure == &mem.listed {
			z.Exposure(m.Exposure, mem.list)
		} else {
			z.Add(&m)
		}
	}
	s := store.Submission{Body: body, Summary: z.Summary()}
	s.Evidence, s.Hash = sums(plain, &start)
	if cap(plain) <= maxKept { // so is what its messages take
		mem.plain = plain
		c.free.Put(mem)
	}
	return s, nil
}

// unpack unpacks a case into memory that is given.
func (c *Checker) unpack(body, into []byte) ([]byte, error) {
	plain, err := c.dec.DecodeAll(body, into)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, store.ErrLarge
	} else if err != nil {
		return nil, noCase(err)
	}
	return plain, nil
}

func noCase(err error) error { return fmt.Errorf("no whole case: %w", err) }

// Check reads one compressed case as a Checker does, and returns all of it.
func Check(body []byte) (*Checked, error) {
	c, err := NewChecker()
	if err != nil {
		return nil, err
	}
	defer c.dec.Close()
	plain, err := c.unpack(body, nil)
	if err != nil {
		return nil, err
	}
	return CheckStream(plain)
}

// CheckStream is Check for a stream that is not compressed. It keeps nothing of
// plain.
func CheckStream(plain []byte) (*Checked, error) {
	c, err := casefile.Build(messages(plain, nil))
	if err != nil {
		return nil, noCase(err)
	}
	evidence, hash := sums(plain, &c.Start)
	return &Checked{Case: c, Evidence: evidence, Hash: hash}, nil
}

// sums are the hashes of the evidence and of the whole stream. The first leaves
// out when it was acquired and where it lay, so that the same evidence under
// the same rules gives the same.
func sums(plain []byte, start *wire.Start) (evidence, whole [32]byte) {
	rest := sha256.New()
	fmt.Fprintf(rest, "limier evidence 1\n%q\n%d\n", start.Version, start.Rules)
	rest.Write(plain[bytes.IndexByte(plain, '\n')+1:])
	return [32]byte(rest.Sum(nil)), sha256.Sum256(plain)
}

// messages reads the lines of a stream, which must be whole. If there is memory,
// what a message points to is good until the next, and its texts as long as
// plain; for ever if mem is nil.
func messages(plain []byte, mem *memory) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		ended := false
		n, takes := 0, 0
		for ; len(plain) > 0; n++ {
			line, err := readLine(plain)
			plain = plain[len(line):]
			if mem == nil {
				line = bytes.Clone(line) // its texts share it
			}
			var m wire.Message
			if err == nil {
				m, err = message(line, n, ended, mem)
			}
			if takes += taken(&m); err == nil && takes > maxTaken {
				err = fmt.Errorf("its first %d messages hold more than a case of %d MiB can", n+1, store.MaxCase>>20)
			}
			ended = m.End != nil
			if !yield(m, err) || err != nil {
				return
			}
		}
		switch {
		case n == 0:
			yield(wire.Message{}, errors.New("it is empty"))
		case !ended:
			yield(wire.Message{}, errors.New("it was cut short: there is no end"))
		}
	}
}

// memory is what one case after the other is read into.
type memory struct {
	plain      []byte
	exposure   wire.Exposure
	finding    finding.Finding
	evidence   wire.Evidence
	gap        wire.Gap
	summarizer *store.Summarizer
	lists      *lists
	end        wire.End
	listed     wire.Exposure // whose CVEs and notes are the lists'
	list       store.List    // of listed
}

// message gives a line memory by how it begins. Where that is wrong, JSON takes
// it away again: it says what a message is, this only saves allocations. A nil
// memory gives none.
func (m *memory) message(line []byte) (w wire.Message) {
	switch {
	case m == nil:
	case bytes.HasPrefix(line, []byte(`{"exposure":{`)):
		e := &m.exposure
		*e = wire.Exposure{Proof: e.Proof[:0], CVEs: e.CVEs[:0], Notes: e.Notes[:0]}
		w.Exposure = e
	case bytes.HasPrefix(line, []byte(`{"finding":{`)):
		f := &m.finding
		*f = finding.Finding{Techniques: f.Techniques[:0], CVEs: f.CVEs[:0], Entities: f.Entities[:0], Steps: f.Steps[:0], References: f.References[:0]}
		w.Finding = f
	case bytes.HasPrefix(line, []byte(`{"evidence":{`)):
		m.evidence = wire.Evidence{}
		w.Evidence = &m.evidence
	case bytes.HasPrefix(line, []byte(`{"gap":{`)):
		m.gap = wire.Gap{}
		w.Gap = &m.gap
	case bytes.HasPrefix(line, []byte(`{"end":{`)):
		m.end = wire.End{Coverage: m.end.Coverage[:0], Next: m.end.Next[:0]}
		w.End = &m.end
	}
	return w
}

// quickMessage reads most lines; what it does not read is read again.
var quickMessage = Quickly[wire.Message]()

// message reads the line as the message number n.
func message(line []byte, n int, ended bool, mem *memory) (_ wire.Message, err error) {
	switch {
	case ended:
		return wire.Message{}, errors.New("there is more after the end")
	case n == maxMessages:
		return wire.Message{}, fmt.Errorf("more than %d messages", maxMessages)
	case len(line) > maxValues && commas(line) >= maxValues:
		return wire.Message{}, fmt.Errorf("message %d holds more than %d values", n+1, maxValues)
	}
	bare := bytes.TrimSuffix(line, []byte("\n"))
	m, ok := mem.readListed(bare)
	if !ok {
		m = mem.message(line)
		ok = quickMessage(bare, &m)
	}
	if !ok {
		m = mem.message(line)
		if err := json.Unmarshal(line, &m); err != nil { // version 2: strict about UTF-8 and repeated names
			return m, fmt.Errorf("message %d: %w", n+1, err)
		}
	}
	kinds := 0
	for _, is := range []bool{m.Start != nil, m.Exposure != nil, m.Finding != nil, m.Evidence != nil, m.Gap != nil, m.End != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case (n == 0) != (m.Start != nil):
		return m, fmt.Errorf("message %d: a stream begins with one start, and has no other", n+1)
	case n == 0 && m.Start.Format != wire.Format:
		return m, fmt.Errorf("it has the format %.40q; this version reads %s", m.Start.Format, wire.Format)
	case kinds > 1:
		return m, fmt.Errorf("message %d is several at once", n+1)
	}
	return m, nil
}

// taken is what a message takes in memory beside its texts, in bytes.
func taken(m *wire.Message) int {
	switch {
	case m.Exposure != nil:
		e := m.Exposure
		return int(unsafe.Sizeof(*e)) + all(e.Proof) + all(e.CVEs) + all(e.Notes)
	case m.Finding != nil:
		f := m.Finding
		return int(unsafe.Sizeof(*f)) + all(f.Techniques) + all(f.CVEs) + all(f.Entities) + all(f.Steps) + all(f.References)
	case m.Evidence != nil:
		return int(unsafe.Sizeof(*m.Evidence))
	case m.Gap != nil:
		return int(unsafe.Sizeof(*m.Gap))
	}
	return 0 // there is one start and one end
}

func all[T any](list []T) int {
	var one T
	return len(list) * int(unsafe.Sizeof(one))
}

// commas counts those outside of strings.
func commas(line []byte) (n int) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			n++
		}
	}
	return n
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
