// Package petest writes small Windows program files for tests. They hold no
// code.
package petest

import (
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf16"
)

// Program returns a PE32+ file whose one section is a version resource with
// this file version and these strings.
func Program(file [4]uint16, strings map[string]string) []byte {
	le := binary.LittleEndian
	wide := func(s string) (b []byte) {
		for _, u := range utf16.Encode([]rune(s + "\x00")) {
			b = le.AppendUint16(b, u)
		}
		return b
	}
	pad := func(b []byte) []byte {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		return b
	}
	block := func(key string, text uint16, length int, value []byte, children ...[]byte) []byte {
		b := le.AppendUint16([]byte{0, 0}, uint16(length))
		b = le.AppendUint16(b, text)
		b = pad(append(b, wide(key)...))
		b = append(b, value...)
		for _, c := range children {
			b = append(pad(b), c...)
		}
		le.PutUint16(b, uint16(len(b)))
		return b
	}
	fixed := make([]byte, 52)
	le.PutUint32(fixed, 0xfeef04bd)
	for i, at := range []int{10, 8, 14, 12} {
		le.PutUint16(fixed[at:], file[i])
	}
	var list [][]byte
	for _, k := range slices.Sorted(maps.Keys(strings)) {
		v := strings[k]
		list = append(list, block(k, 1, len(v)+1, wide(v)))
	}
	info := block("VS_VERSION_INFO", 0, len(fixed), fixed, block("StringFileInfo", 1, 0, nil, block("040904b0", 1, 0, nil, list...)))

	const va = 0x1000
	rsrc := make([]byte, 3*24+16)
	for level, id := range []uint32{16, 1, 0x409} {
		le.PutUint16(rsrc[level*24+14:], 1)
		le.PutUint32(rsrc[level*24+16:], id)
		le.PutUint32(rsrc[level*24+20:], uint32((level+1)*24)|1<<31)
	}
	le.PutUint32(rsrc[2*24+20:], 3*24)
	le.PutUint32(rsrc[3*24:], va+uint32(len(rsrc)))
	le.PutUint32(rsrc[3*24+4:], uint32(len(info)))
	rsrc = append(rsrc, info...)

	b := make([]byte, 0x400)
	copy(b, "MZ")
	le.PutUint32(b[60:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	le.PutUint16(b[0x86:], 1)
	le.PutUint16(b[0x94:], 240)
	le.PutUint16(b[0x98:], 0x20b)
	le.PutUint32(b[0x98+112+16:], va)
	s := b[0x98+240:]
	copy(s, ".rsrc")
	le.PutUint32(s[8:], uint32(len(rsrc)))
	le.PutUint32(s[12:], va)
	le.PutUint32(s[16:], uint32(len(rsrc)))
	le.PutUint32(s[20:], 0x2000)
	return append(append(b, make([]byte, 0x2000-len(b))...), rsrc...)
}
