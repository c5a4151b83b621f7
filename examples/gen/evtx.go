package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf16"
)

// A winEvent is one Windows event.
type winEvent struct {
	time     time.Time
	channel  string
	provider string
	id       uint16
	level    byte
	task     uint16
	keywords uint64
	pid      uint32
	names    []string // of EventData; nil for one unnamed list, as old providers write
	values   []string
}

// eventLog writes a Windows event log, as "Windows XML Event Log (EVTX) format" by
// Joachim Metz describes it
// (https://github.com/libyal/libevtx/tree/main/documentation).
func eventLog(computer string, events []winEvent) []byte {
	var chunks [][]byte
	c := newChunk(1)
	for i, e := range events {
		id := uint64(i + 1)
		if !c.add(id, computer, e) {
			chunks = append(chunks, c.bytes())
			c = newChunk(id)
			c.add(id, computer, e)
		}
	}
	chunks = append(chunks, c.bytes())

	head := make([]byte, 4096)
	copy(head, "ElfFile\x00")
	le := binary.LittleEndian
	le.PutUint64(head[16:], uint64(len(chunks)-1))
	le.PutUint64(head[24:], uint64(len(events)+1))
	le.PutUint32(head[32:], 128)
	le.PutUint16(head[36:], 1)
	le.PutUint16(head[38:], 3)
	le.PutUint16(head[40:], 4096)
	le.PutUint16(head[42:], uint16(len(chunks)))
	le.PutUint32(head[124:], crc32.ChecksumIEEE(head[:120]))
	return append(head, bytes.Join(chunks, nil)...)
}

// A chunk is 64 KiB of records.
type chunk struct {
	b           []byte
	names       map[string]uint32 // where each name is written
	templates   map[string]uint32 // and each template, by what makes it differ
	first, last uint64
	lastRecord  int
}

func newChunk(first uint64) *chunk {
	c := &chunk{names: map[string]uint32{}, templates: map[string]uint32{}, first: first}
	c.b = make([]byte, 512, 1<<16)
	return c
}

func (c *chunk) u8(v byte)    { c.b = append(c.b, v) }
func (c *chunk) u16(v uint16) { c.b = binary.LittleEndian.AppendUint16(c.b, v) }
func (c *chunk) u32(v uint32) { c.b = binary.LittleEndian.AppendUint32(c.b, v) }
func (c *chunk) u64(v uint64) { c.b = binary.LittleEndian.AppendUint64(c.b, v) }

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func filetime(t time.Time) uint64 { return uint64(t.UnixNano()/100 + 116444736000000000) }

// add writes a record; it reports false, and writes nothing, if it has no room.
func (c *chunk) add(id uint64, computer string, e winEvent) bool {
	start := len(c.b)
	names, templates := clone(c.names), clone(c.templates)
	c.u32(0x00002a2a)
	c.u32(0)
	c.u64(id)
	c.u64(filetime(e.time))
	c.b = append(c.b, 0x0f, 1, 1, 0)
	c.template(e)
	c.values(id, computer, e)
	c.u8(0) // end of the fragment
	for len(c.b)%8 != 4 {
		c.u8(0)
	}
	size := uint32(len(c.b) - start + 4)
	c.u32(size)
	if len(c.b) > 1<<16 {
		c.b, c.names, c.templates = c.b[:start], names, templates
		return false
	}
	binary.LittleEndian.PutUint32(c.b[start+4:], size)
	c.lastRecord, c.last = start, id
	return true
}

func clone(m map[string]uint32) map[string]uint32 {
	n := make(map[string]uint32, len(m))
	for k, v := range m {
		n[k] = v
	}
	return n
}

// The value types of binary XML.
const (
	typeString = 0x01
	typeU8     = 0x04
	typeU16    = 0x06
	typeU32    = 0x08
	typeU64    = 0x0a
	typeTime   = 0x11
	typeHex64  = 0x15
	typeList   = 0x81 // of strings
)

// template writes the instance of e's template, with its definition if the
// chunk has none yet.
func (c *chunk) template(e winEvent) {
	key := e.provider + "\x00" + strings.Join(e.names, "\x00")
	c.u8(0x0c)
	c.u8(1)
	id := crc32.ChecksumIEEE([]byte(key))
	c.u32(id)
	if at, ok := c.templates[key]; ok {
		c.u32(at)
		return
	}
	at := uint32(len(c.b) + 4)
	c.templates[key] = at
	c.u32(at)
	c.u32(0) // next of the hash bucket
	c.u32(id)
	c.b = append(c.b, make([]byte, 12)...) // rest of its GUID
	size := len(c.b)
	c.u32(0)
	c.b = append(c.b, 0x0f, 1, 1, 0)
	c.element("Event", []attribute{{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event", 0, 0}}, func() {
		c.element("System", nil, func() {
			c.element("Provider", []attribute{{"Name", e.provider, 0, 0}}, nil)
			c.element("EventID", nil, func() { c.substitute(0, typeU16) })
			c.element("Level", nil, func() { c.substitute(1, typeU8) })
			c.element("Task", nil, func() { c.substitute(2, typeU16) })
			c.element("Keywords", nil, func() { c.substitute(3, typeHex64) })
			c.element("TimeCreated", []attribute{{"SystemTime", "", 4, typeTime}}, nil)
			c.element("EventRecordID", nil, func() { c.substitute(5, typeU64) })
			c.element("Execution", []attribute{{"ProcessID", "", 6, typeU32}}, nil)
			c.element("Channel", nil, func() { c.substitute(7, typeString) })
			c.element("Computer", nil, func() { c.substitute(8, typeString) })
		})
		c.element("EventData", nil, func() {
			for i, n := range e.names {
				c.element("Data", []attribute{{"Name", n, 0, 0}}, func() { c.substitute(uint16(9+i), typeString) })
			}
			if e.names == nil {
				c.element("Data", nil, func() { c.substitute(9, typeList) })
			}
		})
	})
	c.u8(0)
	binary.LittleEndian.PutUint32(c.b[size:], uint32(len(c.b)-size-4))
}

// An attribute has a fixed value, or a type and the number of its value.
type attribute struct {
	name, value string
	number      uint16
	typ         byte
}

func (c *chunk) element(name string, attributes []attribute, content func()) {
	token := byte(0x01)
	if attributes != nil {
		token = 0x41
	}
	c.u8(token)
	c.u16(0xffff)
	size := len(c.b)
	c.u32(0)
	c.name(name)
	if attributes != nil {
		list := len(c.b)
		c.u32(0)
		for i, a := range attributes {
			token := byte(0x06)
			if i < len(attributes)-1 {
				token = 0x46
			}
			c.u8(token)
			c.name(a.name)
			if a.typ != 0 {
				c.substitute(a.number, a.typ)
				continue
			}
			w := wide(a.value)
			c.b = append(c.b, 0x05, typeString)
			c.u16(uint16(len(w) / 2))
			c.b = append(c.b, w...)
		}
		binary.LittleEndian.PutUint32(c.b[list:], uint32(len(c.b)-list-4))
	}
	if content == nil {
		c.u8(0x03)
	} else {
		c.u8(0x02)
		content()
		c.u8(0x04)
	}
	binary.LittleEndian.PutUint32(c.b[size:], uint32(len(c.b)-size-4))
}

func (c *chunk) substitute(number uint16, typ byte) {
	c.u8(0x0d)
	c.u16(number)
	c.u8(typ)
}

// name refers to a name, and writes it where the chunk has not yet.
func (c *chunk) name(s string) {
	if at, ok := c.names[s]; ok {
		c.u32(at)
		return
	}
	at := uint32(len(c.b) + 4)
	c.names[s] = at
	c.u32(at)
	hash := uint32(0)
	for _, u := range utf16.Encode([]rune(s)) {
		hash = hash*65599 + uint32(u)
	}
	w := wide(s)
	c.u32(0) // next of the hash bucket
	c.u16(uint16(hash))
	c.u16(uint16(len(w) / 2))
	c.b = append(append(c.b, w...), 0, 0)
}

// values writes what fills the template.
func (c *chunk) values(id uint64, computer string, e winEvent) {
	le := binary.LittleEndian
	type value struct {
		typ  byte
		data []byte
	}
	list := []value{
		{typeU16, le.AppendUint16(nil, e.id)}, {typeU8, []byte{e.level}}, {typeU16, le.AppendUint16(nil, e.task)},
		{typeHex64, le.AppendUint64(nil, e.keywords)}, {typeTime, le.AppendUint64(nil, filetime(e.time))}, {typeU64, le.AppendUint64(nil, id)},
		{typeU32, le.AppendUint32(nil, e.pid)}, {typeString, wide(e.channel)}, {typeString, wide(computer)},
	}
	if e.names == nil {
		list = append(list, value{typeList, wide(strings.Join(e.values, "\x00") + "\x00")})
	} else {
		for _, v := range e.values {
			list = append(list, value{typeString, wide(v)})
		}
	}
	c.u32(uint32(len(list)))
	for _, v := range list {
		c.u16(uint16(len(v.data)))
		c.u8(v.typ)
		c.u8(0)
	}
	for _, v := range list {
		c.b = append(c.b, v.data...)
	}
}

// bytes finishes the chunk.
func (c *chunk) bytes() []byte {
	free := len(c.b)
	b := append(c.b, make([]byte, 1<<16-free)...)
	le := binary.LittleEndian
	copy(b, "ElfChnk\x00")
	le.PutUint64(b[8:], c.first)
	le.PutUint64(b[16:], c.last)
	le.PutUint64(b[24:], c.first)
	le.PutUint64(b[32:], c.last)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(c.lastRecord))
	le.PutUint32(b[48:], uint32(free))
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[512:free]))
	sum := crc32.ChecksumIEEE(b[:120])
	le.PutUint32(b[124:], crc32.Update(sum, crc32.IEEETable, b[128:512]))
	return b
}
