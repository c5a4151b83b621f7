package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"limier/fleet"
)

// Limits bound a spool.
type Limits struct {
	Bytes int64 // of cases that wait; 0 means 256 MiB
	Cases int   // that wait; 0 means 1,000
	Aside int   // cases that were refused, or are kept until they are stored; 0 means 50
}

// A Spool keeps cases in files until the hub has stored them. It survives
// crashes: a case is there whole or not at all. Three folders: waiting, sent
// (with a receipt, until the hub says that it is stored) and refused.
type Spool struct {
	dir    string
	limits Limits
	next   uint64
	missed fleet.Missed
}

// OpenSpool opens the spool in dir, makes it if there is none, and clears away
// what a crash left half written.
func OpenSpool(dir string, l Limits) (*Spool, error) {
	if l.Bytes == 0 {
		l.Bytes = 256 << 20
	}
	if l.Cases == 0 {
		l.Cases = 1000
	}
	if l.Aside == 0 {
		l.Aside = 50
	}
	s := &Spool{dir: dir, limits: l, next: 1}
	if text, err := os.ReadFile(s.missedFile()); err == nil {
		_ = json.Unmarshal(text, &s.missed) // damaged: none
	}
	for _, folder := range []string{"waiting", "sent", "refused"} {
		path := filepath.Join(dir, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".tmp-") {
				if err := os.Remove(filepath.Join(path, e.Name())); err != nil {
					return nil, err
				}
			}
			if number, _, ok := strings.Cut(e.Name(), "-"); ok {
				if n, err := strconv.ParseUint(number, 10, 64); err == nil && n >= s.next {
					s.next = n + 1
				}
			}
		}
	}
	return s, nil
}

// Put keeps a compressed case. If the spool is full, the oldest cases go.
func (s *Spool) Put(body []byte) (name string, err error) {
	if int64(len(body)) > s.limits.Bytes {
		return "", fmt.Errorf("the case has %d bytes; the spool takes %d", len(body), s.limits.Bytes)
	}
	waiting, err := s.list("waiting")
	if err != nil {
		return "", err
	}
	size, lost := int64(len(body)), 0
	for i := len(waiting) - 1; i >= 0; i-- {
		size += waiting[i].size
		if size > s.limits.Bytes || len(waiting)-i >= s.limits.Cases {
			if err := os.Remove(filepath.Join(s.dir, "waiting", waiting[i].name)); err != nil {
				return "", err
			}
			lost++
		}
	}
	if err := s.miss(lost, "the spool was full"); err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	name = fmt.Sprintf("%012d-%s.zst", s.next, hex.EncodeToString(sum[:]))
	s.next++
	return name, fleet.WriteFile(filepath.Join(s.dir, "waiting", name), body)
}

// Missed is what the hub will not get; nil if there is none.
func (s *Spool) Missed() *fleet.Missed {
	if s.missed.Cases == 0 {
		return nil
	}
	return &s.missed
}

func (s *Spool) missedFile() string { return filepath.Join(s.dir, "missed") }

// miss counts cases that the hub will not get.
func (s *Spool) miss(cases int, reason string) error {
	if cases == 0 {
		return nil
	}
	s.missed.Cases, s.missed.Reason = s.missed.Cases+cases, reason
	text, err := json.Marshal(s.missed)
	if err != nil {
		return err
	}
	return fleet.WriteFile(s.missedFile(), text)
}

// Waiting lists the cases that wait, the oldest first.
func (s *Spool) Waiting() ([]string, error) {
	list, err := s.list("waiting")
	var names []string
	for _, e := range list {
		names = append(names, e.name)
	}
	return names, err
}

type entry struct {
	name string
	size int64
}

func (s *Spool) list(folder string) ([]entry, error) {
	all, err := os.ReadDir(filepath.Join(s.dir, folder))
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, e := range all { // by name, which begins with a number: by age
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), ".zst") {
			list = append(list, entry{e.Name(), info.Size()})
		}
	}
	return list, nil
}

// Read returns a case that waits. One whose bytes are not those that were put
// there is told as damaged by whoever checks it.
func (s *Spool) Read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.dir, "waiting", name))
}

// Done notes that a case has a receipt. It stays until Settle.
func (s *Spool) Done(name, evidence string, r fleet.Receipt) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	number, _, _ := strings.Cut(name, "-") // the order of cases outlives sending them again
	as := number + "-" + evidence
	if err := fleet.WriteFile(filepath.Join(s.dir, "sent", as+".json"), append(text, '\n')); err != nil {
		return err
	}
	if err := s.move(name, "sent", as+".zst"); err != nil {
		return err
	}
	return s.trim("sent")
}

// Reject puts a case aside that the hub refuses, or would.
func (s *Spool) Reject(name, reason string) error {
	if err := s.move(name, "refused", name); err != nil {
		return err
	}
	return errors.Join(s.miss(1, reason), s.trim("refused"))
}

func (s *Spool) move(name, folder, as string) error {
	return os.Rename(filepath.Join(s.dir, "waiting", name), filepath.Join(s.dir, folder, as))
}

// trim keeps a folder's newest files.
func (s *Spool) trim(folder string) error {
	list, err := s.list(folder)
	if err != nil || len(list) <= s.limits.Aside {
		return err
	}
	for _, e := range list[:len(list)-s.limits.Aside] {
		if err := s.remove(folder, strings.TrimSuffix(e.name, ".zst")); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spool) remove(folder, name string) error {
	for _, ext := range []string{".zst", ".json"} {
		if err := os.Remove(filepath.Join(s.dir, folder, name+ext)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Sent lists the evidence hashes of the cases that have a receipt.
func (s *Spool) Sent() ([]string, error) {
	list, err := s.list("sent")
	var sums []string
	for _, e := range list {
		sums = append(sums, evidenceOf(e.name))
	}
	return sums, err
}

// Settle forgets the cases that the hub has stored, or keeps as dead letters. Those that have a receipt
// and are not stored wait again: the hub knows what it has, so that sending one
// twice is no harm.
func (s *Spool) Settle(held []string) error {
	list, err := s.list("sent")
	if err != nil {
		return err
	}
	for _, e := range list {
		if !slices.Contains(held, evidenceOf(e.name)) {
			if err := os.Rename(filepath.Join(s.dir, "sent", e.name), filepath.Join(s.dir, "waiting", e.name)); err != nil {
				return err
			}
		}
		if err := s.remove("sent", strings.TrimSuffix(e.name, ".zst")); err != nil {
			return err
		}
	}
	return nil
}

func evidenceOf(name string) string {
	_, sum, _ := strings.Cut(strings.TrimSuffix(name, ".zst"), "-")
	return sum
}
