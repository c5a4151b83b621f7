// Package peversion reads the version resource of Windows programs (PE files),
// front to back, without keeping more than the resource section in memory.
//
// Format: https://learn.microsoft.com/windows/win32/debug/pe-format and
// https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo.
package peversion

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// An Info is a program's version resource.
type Info struct {
	File    [4]uint16         // of the file, from its fixed part
	Product [4]uint16         // of the product it belongs to, from the fixed part
	Strings map[string]string // FileVersion, ProductName, OriginalFilename…; at most 64
}

// ErrNone says that the file is a program without a version resource.
var ErrNone = errors.New("no version resource")

const (
	maxHead     = 64 << 10 // headers, and all section headers
	maxResource = 4 << 20  // of the resource section
)

// Read reads the version resource from the start of a program file.
func Read(r io.Reader) (*Info, error) {
	head := make([]byte, 4096)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("reading headers: %w", err)
	}
	head = head[:n]
	if len(head) < 64 || string(head[:2]) != "MZ" {
		return nil, errors.New("not a Windows program")
	}
	pe := int64(binary.LittleEndian.Uint32(head[60:]))
	if pe > maxHead/2 {
		return nil, fmt.Errorf("PE header at %d", pe)
	}
	for int64(len(head)) < pe+24+240+96*40 && err == nil {
		more := make([]byte, 4096)
		n, err = io.ReadFull(r, more)
		head = append(head, more[:n]...)
	}
	offset, size, va, err := resources(head, pe)
	if err != nil {
		return nil, err
	}
	var section []byte
	if offset < int64(len(head)) {
		section = head[offset:min(int64(len(head)), offset+size)]
	} else if _, err := io.CopyN(io.Discard, r, offset-int64(len(head))); err != nil {
		return nil, fmt.Errorf("reaching the resources: %w", err)
	}
	rest, err := io.ReadAll(io.LimitReader(r, min(size, maxResource)-int64(len(section))))
	if err != nil {
		return nil, fmt.Errorf("reading the resources: %w", err)
	}
	section = append(section[:len(section):len(section)], rest...)
	data, ok := version(section, va)
	switch {
	case ok:
		return parse(data)
	case int64(len(section)) < min(size, maxResource):
		return nil, fmt.Errorf("reading the resources: %w", io.ErrUnexpectedEOF)
	}
	return nil, ErrNone
}

// resources finds the section that holds the resource directory.
func resources(head []byte, pe int64) (offset, size int64, va uint32, err error) {
	broken := errors.New("broken PE header")
	if int64(len(head)) < pe+24+2 || string(head[pe:pe+4]) != "PE\x00\x00" {
		return 0, 0, 0, broken
	}
	sections := int64(binary.LittleEndian.Uint16(head[pe+6:]))
	optional := int64(binary.LittleEndian.Uint16(head[pe+20:]))
	directories := pe + 24 + 96 // of PE32
	if binary.LittleEndian.Uint16(head[pe+24:]) == 0x20b {
		directories = pe + 24 + 112 // of PE32+
	}
	if int64(len(head)) < directories+3*8 {
		return 0, 0, 0, broken
	}
	va = binary.LittleEndian.Uint32(head[directories+2*8:])
	if va == 0 {
		return 0, 0, 0, ErrNone
	}
	table := pe + 24 + optional
	for i := range min(sections, 96) {
		at := table + i*40
		if int64(len(head)) < at+40 {
			return 0, 0, 0, broken
		}
		virtual, start := binary.LittleEndian.Uint32(head[at+8:]), binary.LittleEndian.Uint32(head[at+12:])
		raw, pointer := binary.LittleEndian.Uint32(head[at+16:]), binary.LittleEndian.Uint32(head[at+20:])
		if va >= start && va-start < max(virtual, raw) {
			skip := va - start
			if skip > raw {
				return 0, 0, 0, broken
			}
			return int64(pointer) + int64(skip), int64(raw - skip), va, nil
		}
	}
	return 0, 0, 0, broken
}

// version walks type, name and language to the first RT_VERSION resource.
func version(section []byte, va uint32) ([]byte, bool) {
	at, ok := entry(section, 0, 16)
	for level := 0; ok && level < 2; level++ {
		if at&(1<<31) == 0 {
			return nil, false
		}
		at, ok = entry(section, at&^(1<<31), -1)
	}
	if !ok || at&(1<<31) != 0 || uint64(at)+16 > uint64(len(section)) {
		return nil, false
	}
	start := binary.LittleEndian.Uint32(section[at:])
	size := binary.LittleEndian.Uint32(section[at+4:])
	if start < va || uint64(start-va) > uint64(len(section)) {
		return nil, false
	}
	data := section[start-va:]
	return data[:min(uint64(size), uint64(len(data)))], true
}

// entry returns where the entry with that id of a directory points to; an id of
// -1 takes the first.
func entry(section []byte, at uint32, id int) (uint32, bool) {
	if uint64(at)+16 > uint64(len(section)) {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint16(section[at+12:])) + int(binary.LittleEndian.Uint16(section[at+14:]))
	for i := range n {
		e := uint64(at) + 16 + uint64(i)*8
		if e+8 > uint64(len(section)) {
			return 0, false
		}
		if id < 0 || binary.LittleEndian.Uint32(section[e:]) == uint32(id) {
			return binary.LittleEndian.Uint32(section[e+4:]), true
		}
	}
	return 0, false
}

// parse reads a VS_VERSIONINFO.
func parse(data []byte) (*Info, error) {
	root, ok := block(data)
	if !ok || root.key != "VS_VERSION_INFO" {
		return nil, errors.New("broken version resource")
	}
	info := &Info{Strings: map[string]string{}}
	if v := root.value; len(v) >= 24 && binary.LittleEndian.Uint32(v) == 0xfeef04bd {
		for i, at := range []int{10, 8, 14, 12} {
			info.File[i] = binary.LittleEndian.Uint16(v[at:])
			info.Product[i] = binary.LittleEndian.Uint16(v[at+8:])
		}
	}
	// StringFileInfo, then a table per language, then the strings.
	each(root.children, func(file node) {
		if file.key != "StringFileInfo" {
			return
		}
		each(file.children, func(table node) {
			each(table.children, func(s node) {
				if _, has := info.Strings[s.key]; !has && len(info.Strings) < 64 {
					info.Strings[s.key] = text(s.value)
				}
			})
		})
	})
	return info, nil
}

// A node is one block of the resource: a key, a value and blocks inside.
type node struct {
	key             string
	value, children []byte
	size            int
}

func block(data []byte) (n node, ok bool) {
	if len(data) < 6 {
		return n, false
	}
	n.size = int(binary.LittleEndian.Uint16(data))
	length := int(binary.LittleEndian.Uint16(data[2:]))
	if binary.LittleEndian.Uint16(data[4:]) == 1 {
		length *= 2 // text is counted in UTF-16 units
	}
	if n.size < 6 || n.size > len(data) {
		return n, false
	}
	data = data[:n.size]
	at := 6
	for at+2 <= len(data) && (data[at] != 0 || data[at+1] != 0) {
		at += 2
	}
	n.key = text(data[6:at])
	at = min((at+2+3)&^3, len(data))
	end := min(at+length, len(data))
	n.value = data[at:end]
	n.children = data[min((end+3)&^3, len(data)):]
	return n, true
}

func each(data []byte, visit func(node)) {
	for range 256 {
		n, ok := block(data)
		if !ok {
			return
		}
		visit(n)
		data = data[min((n.size+3)&^3, len(data)):]
	}
}

// text decodes UTF-16 up to its first NUL.
func text(b []byte) string {
	var u []uint16
	for ; len(b) >= 2 && len(u) < 1024; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}
