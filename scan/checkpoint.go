package scan

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"os"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Limits of a checkpoint. Files beyond them are read again.
const (
	maxCheckpoint = 256 << 20 // bytes on disk
	maxKept       = 1_000_000 // files
	maxFrame      = 64 << 20  // bytes of a frame, packed or not
	fullFrame     = 1 << 20   // a frame is written from here on
	openFrames    = 4         // frames that are held unpacked
	maxAge        = 24 * time.Hour
)

// A Checkpoint keeps on disk what each finished file told, so that a scan that
// was cut short goes on where it was. A file that has the size and the time of
// the first reading is not read again. It serves one scan at a time.
//
// On disk it is a line and frames: length, CRC-32C, and a gob for each file,
// packed with zstd. Whoever is killed leaves a torn frame at the end.
type Checkpoint struct {
	Every time.Duration // between frames; 0 writes one for each file

	mu      sync.Mutex
	file    *os.File
	end     int64
	seed    maphash.Seed
	at      map[uint64]int64 // frames by the hash of the paths in them
	open    []frame
	pack    *zstd.Encoder
	unpack  *zstd.Decoder
	pending bytes.Buffer // gobs of files that are in no frame yet
	gob     *gob.Encoder
	paths   []string // of these
	wrote   time.Time
	err     error // of writing; nothing is written after it
}

// A frame is one that was unpacked.
type frame struct {
	at    int64
	files map[string]*kept
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenCheckpoint opens the checkpoint at path, or makes one. The key says what
// the results depend on besides the files: the program, its rules, the host.
// An error with a checkpoint says why what was there is not used.
func OpenCheckpoint(path, key string, now time.Time) (*Checkpoint, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{file: file, seed: maphash.MakeSeed(), at: map[uint64]int64{}, wrote: now}
	if c.pack, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if c.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.gob = gob.NewEncoder(&c.pending)
	why := c.load(fmt.Sprintf("%x", sha256.Sum256([]byte(key))), now)
	if err := file.Truncate(c.end); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if c.end == 0 {
		n, err := fmt.Fprintf(io.NewOffsetWriter(file, 0), headLine, sha256.Sum256([]byte(key)), now.Unix())
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		c.end = int64(n)
	}
	return c, why
}

const headLine = "limier-checkpoint/1 %x %d\n"

// load reads which files the frames hold, up to the first that is damaged.
func (c *Checkpoint) load(key string, now time.Time) error {
	info, err := c.file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	if info.Size() > maxCheckpoint {
		return fmt.Errorf("the checkpoint has %d bytes, more than any that is written here: the scan starts over", info.Size())
	}
	line, err := bufio.NewReaderSize(io.NewSectionReader(c.file, 0, 256), 256).ReadString('\n')
	var sum []byte
	var began int64
	if n, _ := fmt.Sscanf(line, headLine, &sum, &began); err != nil || n != 2 {
		return errors.New("the checkpoint is damaged: the scan starts over")
	}
	if age := now.Sub(time.Unix(began, 0)); age < -time.Second || age > maxAge {
		return fmt.Errorf("the checkpoint is of %s, not of the last %s: the scan starts over", time.Unix(began, 0).UTC().Format(time.RFC3339), maxAge)
	}
	if fmt.Sprintf("%x", sum) != key {
		return errors.New("the checkpoint is of another version, other rules or other evidence: the scan starts over")
	}
	c.end = int64(len(line))
	files := 0
	for c.end < info.Size() {
		data, length, err := c.frame(c.end, info.Size())
		d := gob.NewDecoder(bytes.NewReader(data))
		var paths []uint64
		for err == nil {
			var one struct{ Path string }
			if err = d.Decode(&one); err == nil {
				paths = append(paths, maphash.String(c.seed, one.Path))
			}
		}
		if err != io.EOF || len(paths) == 0 {
			return fmt.Errorf("the checkpoint is torn after %d files: the scan goes on from there", files)
		}
		files += len(paths)
		for _, p := range paths[:min(len(paths), maxKept-min(maxKept, len(c.at)))] {
			c.at[p] = c.end
		}
		c.end += length
	}
	return nil
}

// frame reads the frame at an offset, and says how long it is on disk.
func (c *Checkpoint) frame(at, end int64) (data []byte, length int64, err error) {
	var head [8]byte
	if _, err := c.file.ReadAt(head[:], at); err != nil {
		return nil, 0, errors.Join(errTorn, err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:4]))
	if n > min(maxFrame, end-at-8) {
		return nil, 0, errTorn
	}
	packed := make([]byte, n)
	if _, err := c.file.ReadAt(packed, at+8); err != nil {
		return nil, 0, errors.Join(errTorn, err)
	}
	if crc32.Checksum(packed, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, 0, errTorn
	}
	data, err = c.unpack.DecodeAll(packed, nil)
	return data, 8 + n, err
}

var errTorn = errors.New("torn")

// Files is how many files need not be read again.
func (c *Checkpoint) Files() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.at)
}

// take returns what is kept of a file, or nil.
func (c *Checkpoint) take(path string) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	hash := maphash.String(c.seed, path)
	at, ok := c.at[hash]
	if !ok {
		return nil
	}
	i := 0
	for i < len(c.open) && c.open[i].at != at {
		i++
	}
	if i == len(c.open) {
		data, _, err := c.frame(at, c.end)
		f := frame{at, map[string]*kept{}}
		for d := gob.NewDecoder(bytes.NewReader(data)); err == nil; {
			k := new(kept)
			if err = d.Decode(k); err == nil {
				f.files[k.Path] = k
			}
		}
		if len(c.open) == openFrames {
			c.open = c.open[1:]
		}
		c.open = append(c.open, f)
		i = len(c.open) - 1
	}
	k := c.open[i].files[path]
	delete(c.open[i].files, path)
	delete(c.at, hash)
	return k
}

// keep notes what a file told. What cannot be kept is read again, that is all.
func (c *Checkpoint) keep(k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || len(c.paths) >= maxKept {
		return
	}
	if err := c.gob.Encode(k); err != nil {
		c.err = err
		return
	}
	c.paths = append(c.paths, k.Path)
	if now := time.Now(); now.Sub(c.wrote) >= c.Every || c.pending.Len() >= fullFrame {
		c.wrote = now
		c.flush()
	}
}

// flush writes a frame.
func (c *Checkpoint) flush() {
	if c.err != nil || len(c.paths) == 0 {
		return
	}
	if c.pending.Len() <= maxFrame {
		packed := c.pack.EncodeAll(c.pending.Bytes(), make([]byte, 8))
		binary.LittleEndian.PutUint32(packed, uint32(len(packed)-8))
		binary.LittleEndian.PutUint32(packed[4:], crc32.Checksum(packed[8:], castagnoli))
		if c.end+int64(len(packed)) > maxCheckpoint {
			c.err = errFull
			return
		}
		if _, c.err = c.file.WriteAt(packed, c.end); c.err != nil {
			return
		}
		c.end += int64(len(packed))
	}
	c.pending.Reset()
	c.gob, c.paths = gob.NewEncoder(&c.pending), c.paths[:0]
}

var errFull = fmt.Errorf("the checkpoint has reached %d bytes: files after that are read again if the scan is cut short", maxCheckpoint)

// Close writes what is left and closes the file. Its error also says if
// something could not be written before.
func (c *Checkpoint) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	c.unpack.Close()
	return errors.Join(c.err, c.file.Close())
}

// resume returns what a file told before the scan was cut short, or nil if it
// is to be read.
func (s *scanner) resume(j job) *result {
	if s.Checkpoint == nil {
		return nil
	}
	k := s.Checkpoint.take(j.path)
	if k == nil {
		return nil
	}
	// What a folder says of a file may be older than the file
	// (https://devblogs.microsoft.com/oldnewthing/20111226-00/?p=8813).
	f, err := s.src.FS.Open(j.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || cmp.Or(cmp.Compare(k.Size, j.size), cmp.Compare(k.Size, info.Size()), k.Time.Compare(j.time), k.Time.Compare(info.ModTime())) != 0 || k.Mode != j.mode {
		return nil
	}
	return k.result(s.recognisers)
}

// keep notes in the checkpoint what a file told, before that is added up.
func (s *scanner) keep(j job, r *result) {
	if s.Checkpoint == nil {
		return
	}
	if k := r.keep(j, s.places); k != nil {
		s.Checkpoint.keep(k)
	}
}
