// Package regf reads Windows registry hives, cell by cell, from hostile files:
// every length is checked and the number of reads is bounded.
//
// Format: https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md
package regf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf16"
)

// ErrBroken says that a cell is damaged or points outside the hive.
var ErrBroken = errors.New("damaged hive")

// ErrTooMuch says that a hive made the reader do more work than any real one.
var ErrTooMuch = errors.New("hive has too many cells")

const (
	bins     = 4096    // where the cells begin
	maxReads = 4 << 20 // cells; a large SOFTWARE hive has some two million
	maxName  = 1024    // bytes of a name; the format allows 255 characters and 16,383 in values
)

// A Hive is an open registry file. It is not safe for concurrent use.
type Hive struct {
	// Dirty is true if the last write was cut short, so that newer data may be
	// in the transaction logs beside the hive, which are not read.
	Dirty bool
	// Cut is true if the file is shorter than its header says.
	Cut bool
	// Written is when the hive was last written; zero if it does not say.
	Written time.Time

	// Damaged counts the cells that could not be read so far.
	Damaged int

	r     io.ReaderAt
	size  int64
	root  uint32
	reads int
}

// Open reads the header of a hive of that size.
func Open(r io.ReaderAt, size int64) (*Hive, error) {
	var b [512]byte
	if n, err := r.ReadAt(b[:], 0); n < len(b) {
		return nil, fmt.Errorf("reading header: %w", err)
	}
	if string(b[:4]) != "regf" {
		return nil, errors.New("not a registry hive")
	}
	le := binary.LittleEndian
	return &Hive{Dirty: le.Uint32(b[4:]) != le.Uint32(b[8:]), Written: filetime(le.Uint64(b[12:])),
		Cut: bins+int64(le.Uint32(b[40:])) > size, r: r, size: size, root: le.Uint32(b[36:])}, nil
}

func (h *Hive) broken() error {
	h.Damaged++
	return ErrBroken
}

// read returns up to n bytes of the cell at offset, fewer if the cell is shorter.
func (h *Hive) read(offset uint32, n int) ([]byte, error) {
	if h.reads++; h.reads > maxReads {
		return nil, ErrTooMuch
	}
	at := bins + int64(offset)
	if offset == ^uint32(0) || at+4 > h.size {
		return nil, h.broken()
	}
	var b [4]byte
	if k, err := h.r.ReadAt(b[:], at); k < 4 {
		return nil, fmt.Errorf("%w: %w", h.broken(), err)
	}
	size := -int64(int32(binary.LittleEndian.Uint32(b[:]))) // a used cell's size is negative
	if size < 8 || at+size > h.size {
		return nil, h.broken()
	}
	data := make([]byte, min(int64(n), size-4))
	if k, err := h.r.ReadAt(data, at+4); k < len(data) {
		return nil, fmt.Errorf("%w: %w", h.broken(), err)
	}
	return data, nil
}

// A Key is one key of a hive.
type Key struct {
	Name    string
	Written time.Time // UTC; last change of the key or of one of its values

	h                *Hive
	subkeys, values  uint32 // offsets of lists
	nsubkeys, nvalue uint32
}

// Root returns the top key.
func (h *Hive) Root() (Key, error) { return h.key(h.root) }

func (h *Hive) key(offset uint32) (Key, error) {
	b, err := h.read(offset, 76+maxName)
	if err != nil {
		return Key{}, err
	}
	if len(b) < 76 || string(b[:2]) != "nk" {
		return Key{}, h.broken()
	}
	le := binary.LittleEndian
	k := Key{Written: filetime(le.Uint64(b[4:])), h: h,
		nsubkeys: le.Uint32(b[20:]), subkeys: le.Uint32(b[28:]),
		nvalue: le.Uint32(b[36:]), values: le.Uint32(b[40:])}
	n := min(int(le.Uint16(b[72:])), len(b)-76)
	k.Name = name(b[76:76+n], le.Uint16(b[2:])&0x20 != 0)
	return k, nil
}

// Subkeys yields the keys below k. A damaged one yields an error and is passed over.
func (k Key) Subkeys() iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		if k.nsubkeys > 0 && k.h != nil {
			k.h.list(k.subkeys, 0, yield)
		}
	}
}

// list walks a list of subkeys; an index root (ri) has lists in it.
func (h *Hive) list(offset uint32, depth int, yield func(Key, error) bool) bool {
	b, err := h.read(offset, 4+8*0xffff)
	if err != nil {
		return yield(Key{}, err)
	}
	if len(b) < 4 {
		return yield(Key{}, h.broken())
	}
	n, width := int(binary.LittleEndian.Uint16(b[2:])), 4
	kind := string(b[:2])
	if kind == "lf" || kind == "lh" {
		width = 8
	} else if kind != "li" && kind != "ri" || kind == "ri" && depth > 0 {
		return yield(Key{}, h.broken())
	}
	for i := range n {
		at := 4 + i*width
		if at+4 > len(b) {
			return yield(Key{}, h.broken())
		}
		next := binary.LittleEndian.Uint32(b[at:])
		if kind == "ri" {
			if !h.list(next, depth+1, yield) {
				return false
			}
			continue
		}
		k, err := h.key(next)
		if !yield(k, err) || errors.Is(err, ErrTooMuch) {
			return false
		}
	}
	return true
}

// Open returns the key at a path below k, such as `Microsoft\ExchangeServer`,
// whatever its case. It is not ok if there is none.
func (k Key) Open(path string) (Key, bool) {
	for elem := range strings.SplitSeq(path, `\`) {
		found := false
		for sub, err := range k.Subkeys() {
			if err == nil && strings.EqualFold(sub.Name, elem) {
				k, found = sub, true
				break
			}
		}
		if !found {
			return Key{}, false
		}
	}
	return k, true
}

// A Value is one value of a key. Its data is read when asked for.
type Value struct {
	Name string // "" for the default value
	Type uint32 // 1 text, 2 text with %variables%, 3 bytes, 4 number, 7 list of texts, 11 number of 64 bits

	h      *Hive
	inline []byte
	size   uint32
	at     uint32
}

// Values yields the values of k. A damaged one yields an error and is passed over.
func (k Key) Values() iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		if k.nvalue == 0 || k.h == nil {
			return
		}
		list, err := k.h.read(k.values, 4*int(min(k.nvalue, 1<<16)))
		if err != nil {
			yield(Value{}, err)
			return
		}
		for ; len(list) >= 4; list = list[4:] {
			v, err := k.h.value(binary.LittleEndian.Uint32(list))
			if !yield(v, err) || errors.Is(err, ErrTooMuch) {
				return
			}
		}
	}
}

// Value returns the value with that name, whatever its case.
func (k Key) Value(name string) (Value, bool) {
	for v, err := range k.Values() {
		if err == nil && strings.EqualFold(v.Name, name) {
			return v, true
		}
	}
	return Value{}, false
}

func (h *Hive) value(offset uint32) (Value, error) {
	b, err := h.read(offset, 20+maxName)
	if err != nil {
		return Value{}, err
	}
	if len(b) < 20 || string(b[:2]) != "vk" {
		return Value{}, h.broken()
	}
	le := binary.LittleEndian
	v := Value{Type: le.Uint32(b[12:]), h: h, size: le.Uint32(b[4:]), at: le.Uint32(b[8:])}
	n := min(int(le.Uint16(b[2:])), len(b)-20)
	v.Name = name(b[20:20+n], le.Uint16(b[16:])&1 != 0)
	if v.size&(1<<31) != 0 { // up to four bytes lie in the offset itself
		v.size &^= 1 << 31
		if v.size > 4 {
			return Value{}, h.broken()
		}
		v.inline = append([]byte(nil), b[8:8+v.size]...)
	}
	return v, nil
}

// Data returns up to limit bytes of the value.
func (v Value) Data(limit int) ([]byte, error) {
	if v.inline != nil || v.size == 0 || v.h == nil {
		return v.inline, nil
	}
	want := min(int(v.size&(1<<30-1)), limit)
	b, err := v.h.read(v.at, min(want, 1<<20))
	if err != nil || v.size <= 16344 || len(b) < 8 || string(b[:2]) != "db" {
		return b, err
	}
	// Data of more than 16,344 bytes lies in segments of that size.
	n := int(binary.LittleEndian.Uint16(b[2:]))
	list, err := v.h.read(binary.LittleEndian.Uint32(b[4:]), 4*n)
	if err != nil {
		return nil, err
	}
	var data []byte
	for ; len(list) >= 4 && len(data) < want; list = list[4:] {
		part, err := v.h.read(binary.LittleEndian.Uint32(list), min(16344, want-len(data)))
		if err != nil {
			return data, err
		}
		data = append(data, part...)
	}
	return data, nil
}

// Text returns a text value, up to 8 KiB of it; the texts of a list are joined
// by spaces. A number gives its digits. Other types and damaged data give "".
func (v Value) Text() string {
	b, err := v.Data(16 << 10)
	if err != nil {
		return ""
	}
	switch {
	case v.Type == 4 && len(b) >= 4:
		return fmt.Sprint(binary.LittleEndian.Uint32(b))
	case v.Type == 11 && len(b) >= 8:
		return fmt.Sprint(binary.LittleEndian.Uint64(b))
	case v.Type == 1 || v.Type == 2 || v.Type == 7:
		s := strings.TrimRight(name(b, false), "\x00")
		return strings.ReplaceAll(s, "\x00", " ")
	}
	return ""
}

// name decodes Latin-1 or UTF-16.
func name(b []byte, latin bool) string {
	if latin {
		r := make([]rune, len(b))
		for i, c := range b {
			r[i] = rune(c)
		}
		return string(r)
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

// filetime counts 100 ns since 1601; zero and times outside 1980–2200 are no times.
func filetime(t uint64) time.Time {
	const epoch = 116444736000000000 // 1970 in that count
	const second = 10000000
	if t < epoch+10*365*86400*second || t > epoch+230*366*86400*second {
		return time.Time{}
	}
	t -= epoch
	return time.Unix(int64(t/second), int64(t%second)*100).UTC()
}
