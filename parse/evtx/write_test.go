package evtx

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io/fs"
	"testing"
	"testing/fstest"
	"unicode/utf16"
)

// An elem is an element that a test writes into a log: attributes as name,
// value; text or elements.
type elem struct {
	name  string
	attrs []string
	text  string
	kids  []elem
}

// data is EventData of named values, or of unnamed ones where the name is "".
func data(pairs ...string) elem {
	e := elem{name: "EventData"}
	for i := 0; i < len(pairs); i += 2 {
		d := elem{name: "Data", text: pairs[i+1]}
		if pairs[i] != "" {
			d.attrs = []string{"Name", pairs[i]}
		}
		e.kids = append(e.kids, d)
	}
	return e
}

// logged is an event of a channel.
func logged(channel, id string, rest elem) elem {
	return elem{name: "Event", kids: []elem{{name: "System", kids: []elem{
		{name: "Provider", attrs: []string{"Name", "Test"}},
		{name: "EventID", text: id},
		{name: "TimeCreated", attrs: []string{"SystemTime", "2021-03-03T04:11:22.5Z"}},
		{name: "EventRecordID", text: "42"},
		{name: "Channel", text: channel},
		{name: "Computer", text: "ex01.corp.example"},
		{name: "Security", attrs: []string{"UserID", "S-1-5-18"}},
	}}, rest}}
}

// write returns a log of one chunk whose records need no templates
// ([MS-EVEN6] 2.2.12).
func write(events ...elem) []byte {
	le := binary.LittleEndian
	b := make([]byte, 512, 65536)
	u16 := func(n int) { b = le.AppendUint16(b, uint16(n)) }
	u32 := func(n int) { b = le.AppendUint32(b, uint32(n)) }
	text := func(s string) {
		u := utf16.Encode([]rune(s))
		u16(len(u))
		for _, c := range u {
			u16(int(c))
		}
	}
	name := func(s string) {
		u32(len(b) + 4)
		u32(0)
		u16(0)
		text(s)
		u16(0)
	}
	var element func(e elem)
	element = func(e elem) {
		b = append(b, 0x41)
		u32(0)
		name(e.name)
		u32(0)
		for i := 0; i < len(e.attrs); i += 2 {
			b = append(b, 0x06)
			name(e.attrs[i])
			b = append(b, 0x05, 0x01)
			text(e.attrs[i+1])
		}
		b = append(b, 0x02)
		if e.text != "" {
			b = append(b, 0x05, 0x01)
			text(e.text)
		}
		for _, k := range e.kids {
			element(k)
		}
		b = append(b, 0x04)
	}
	for i, e := range events {
		from := len(b)
		b = append(b, 0x2a, 0x2a, 0, 0)
		u32(0)
		b = le.AppendUint64(b, uint64(i+1))
		b = le.AppendUint64(b, 132592111000000000)
		b = append(b, 0x0f, 1, 1, 0)
		element(e)
		b = append(b, 0)
		for len(b)%8 != 4 {
			b = append(b, 0)
		}
		u32(len(b) + 4 - from)
		le.PutUint32(b[from+4:], uint32(len(b)-from))
	}
	end := len(b)
	b = b[:65536]
	copy(b, "ElfChnk\x00")
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[48:], uint32(end))
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[512:end]))
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:512]))
	head := make([]byte, 4096)
	copy(head, "ElfFile\x00")
	le.PutUint16(head[40:], 4096)
	le.PutUint16(head[42:], 1)
	le.PutUint32(head[124:], crc32.ChecksumIEEE(head[:120]))
	return append(head, b...)
}

// asFile returns the content as an open file.
func asFile(t testing.TB, content []byte) fs.File {
	t.Helper()
	f, err := fstest.MapFS{"x": {Data: bytes.Clone(content)}}.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	return f
}
