// Package regftest writes small registry hives for tests.
package regftest

import (
	"encoding/binary"
	"sort"
	"strings"
	"time"
	"unicode/utf16"
)

// Written is the time that every key of a hive made here bears.
var Written = time.Date(2021, 3, 3, 4, 5, 6, 0, time.UTC)

// Hive returns a hive with these values, by key path and name: a string
// becomes a text, an int a number, []byte bytes. A nil map makes an empty key.
func Hive(keys map[string]map[string]any) []byte {
	w := &writer{}
	top := &key{name: "ROOT"}
	var paths []string
	for p := range keys {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	for _, p := range paths {
		k := top
		for elem := range strings.SplitSeq(p, `\`) {
			k = k.child(elem)
		}
		k.values = keys[p]
	}
	root := w.key(top)
	head := make([]byte, 4096)
	copy(head, "regf")
	le := binary.LittleEndian
	le.PutUint32(head[4:], 1)
	le.PutUint32(head[8:], 1)
	le.PutUint64(head[12:], filetime())
	le.PutUint32(head[36:], root)
	for len(w.cells)%4096 != 0 {
		w.cells = append(w.cells, 0)
	}
	le.PutUint32(head[40:], uint32(len(w.cells)))
	return append(head, w.cells...)
}

type key struct {
	name   string
	below  []*key
	values map[string]any
}

func (k *key) child(name string) *key {
	for _, c := range k.below {
		if c.name == name {
			return c
		}
	}
	c := &key{name: name}
	k.below = append(k.below, c)
	return c
}

type writer struct{ cells []byte }

func (w *writer) cell(data []byte) uint32 {
	if len(w.cells) == 0 {
		w.cells = make([]byte, 32)
		copy(w.cells, "hbin")
	}
	at := uint32(len(w.cells))
	size := (len(data) + 4 + 7) &^ 7
	w.cells = binary.LittleEndian.AppendUint32(w.cells, uint32(-int32(size)))
	w.cells = append(w.cells, data...)
	w.cells = append(w.cells, make([]byte, size-4-len(data))...)
	return at
}

func (w *writer) key(k *key) uint32 {
	le := binary.LittleEndian
	b := make([]byte, 76)
	copy(b, "nk")
	le.PutUint16(b[2:], 0x20)
	le.PutUint64(b[4:], filetime())
	le.PutUint32(b[20:], uint32(len(k.below)))
	le.PutUint32(b[28:], ^uint32(0))
	if len(k.below) > 0 {
		list := le.AppendUint16([]byte("lh"), uint16(len(k.below)))
		for _, c := range k.below {
			list = le.AppendUint32(list, w.key(c))
			list = le.AppendUint32(list, 0)
		}
		le.PutUint32(b[28:], w.cell(list))
	}
	var names []string
	for n := range k.values {
		names = append(names, n)
	}
	sort.Strings(names)
	le.PutUint32(b[36:], uint32(len(names)))
	le.PutUint32(b[40:], ^uint32(0))
	if len(names) > 0 {
		var list []byte
		for _, n := range names {
			list = le.AppendUint32(list, w.value(n, k.values[n]))
		}
		le.PutUint32(b[40:], w.cell(list))
	}
	le.PutUint16(b[72:], uint16(len(k.name)))
	return w.cell(append(b, k.name...))
}

func (w *writer) value(name string, data any) uint32 {
	le := binary.LittleEndian
	b := make([]byte, 20)
	copy(b, "vk")
	le.PutUint16(b[2:], uint16(len(name)))
	le.PutUint16(b[16:], 1)
	var raw []byte
	switch d := data.(type) {
	case int:
		le.PutUint32(b[4:], 4|1<<31)
		le.PutUint32(b[8:], uint32(d))
		le.PutUint32(b[12:], 4)
	case string:
		le.PutUint32(b[12:], 1)
		for _, u := range utf16.Encode([]rune(d + "\x00")) {
			raw = le.AppendUint16(raw, u)
		}
	case []byte:
		le.PutUint32(b[12:], 3)
		raw = d
	}
	switch {
	case len(raw) > 16344:
		le.PutUint32(b[4:], uint32(len(raw)))
		var list []byte
		n := 0
		for ; len(raw) > 0; n++ {
			part := raw[:min(16344, len(raw))]
			list = le.AppendUint32(list, w.cell(part))
			raw = raw[len(part):]
		}
		big := le.AppendUint16([]byte("db"), uint16(n))
		le.PutUint32(b[8:], w.cell(le.AppendUint32(big, w.cell(list))))
	case raw != nil:
		le.PutUint32(b[4:], uint32(len(raw)))
		le.PutUint32(b[8:], w.cell(raw))
	}
	return w.cell(append(b, name...))
}

func filetime() uint64 { return uint64(Written.UnixNano()/100) + 116444736000000000 }
