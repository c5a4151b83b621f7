package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// A builder writes a chunk as Windows does. Its templates are made of x nodes.
type builder struct {
	b     []byte
	names map[string]int // offset of each name
	defs  map[string]int // offset of each template, by the caller's key
	last  uint64
}

// An x is a token of binary XML with what belongs to it.
type x struct {
	tok  byte
	name string
	dep  uint16
	kids []x // attributes first
	sub  uint16
	typ  Type
}

func el(name string, kids ...x) x { return x{tok: tokOpen, name: name, dep: noDependency, kids: kids} }
func dep(sub uint16, e x) x       { e.dep = sub; return e }
func at(name string, kids ...x) x { return x{tok: tokAttribute, name: name, kids: kids} }
func txt(s string) x              { return x{tok: tokValue, name: s} }
func cdata(s string) x            { return x{tok: tokCDATA, name: s} }
func char(c uint16) x             { return x{tok: tokCharRef, sub: c} }
func entity(s string) x           { return x{tok: tokEntityRef, name: s} }
func pi(target, data string) x {
	return x{tok: tokPITarget, name: target, kids: []x{{tok: tokPIData, name: data}}}
}
func sub(i uint16, typ Type) x         { return x{tok: tokSubstitution, sub: i, typ: typ} }
func opt(i uint16, typ Type) x         { return x{tok: tokOptional, sub: i, typ: typ} }
func val(typ Type, raw ...byte) value  { return value{typ: typ, raw: raw} }
func str(s string) value               { return value{typ: TypeString, raw: utf16le(s)} }
func xml(write func(b *builder)) value { return value{typ: TypeXML, write: write} }
func num(typ Type, n uint64, w int) value {
	return val(typ, binary.LittleEndian.AppendUint64(nil, n)[:w]...)
}

// A value of a template instance; write is for binary XML.
type value struct {
	typ   Type
	raw   []byte
	write func(b *builder)
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

func newBuilder() *builder {
	return &builder{b: make([]byte, chunkHeaderSize), names: map[string]int{}, defs: map[string]int{}}
}

func (b *builder) u16(n int) { b.b = append(b.b, byte(n), byte(n>>8)) }
func (b *builder) u32(n int) { b.b = append(b.b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24)) }
func (b *builder) put32(at, n int) {
	binary.LittleEndian.PutUint32(b.b[at:], uint32(n))
}

func (b *builder) name(s string) {
	if at, ok := b.names[s]; ok {
		b.u32(at)
		return
	}
	b.names[s] = len(b.b) + 4
	b.u32(len(b.b) + 4)
	b.u32(0)
	b.u16(0)
	b.text(s)
	b.u16(0)
}

func (b *builder) text(s string) {
	u := utf16le(s)
	b.u16(len(u) / 2)
	b.b = append(b.b, u...)
}

// nodes writes nodes as in a template, or as in a record without one.
func (b *builder) nodes(nodes []x, inTemplate bool) {
	for _, n := range nodes {
		switch n.tok {
		case tokOpen:
			var attrs, kids []x
			for _, k := range n.kids {
				if k.tok == tokAttribute {
					attrs = append(attrs, k)
				} else {
					kids = append(kids, k)
				}
			}
			tok := byte(tokOpen)
			if len(attrs) > 0 {
				tok |= tokMore
			}
			b.b = append(b.b, tok)
			if inTemplate {
				b.u16(int(n.dep))
			}
			size := len(b.b)
			b.u32(0)
			b.name(n.name)
			if len(attrs) > 0 {
				list := len(b.b)
				b.u32(0)
				for i, a := range attrs {
					tok := byte(tokAttribute)
					if i < len(attrs)-1 {
						tok |= tokMore
					}
					b.b = append(b.b, tok)
					b.name(a.name)
					b.nodes(a.kids, inTemplate)
				}
				b.put32(list, len(b.b)-list-4)
			}
			if len(kids) == 0 {
				b.b = append(b.b, tokCloseEmpty)
			} else {
				b.b = append(b.b, tokCloseStart)
				b.nodes(kids, inTemplate)
				b.b = append(b.b, tokEnd)
			}
			b.put32(size, len(b.b)-size-4)
		case tokValue:
			b.b = append(b.b, tokValue, byte(TypeString))
			b.text(n.name)
		case tokCDATA:
			b.b = append(b.b, tokCDATA)
			b.text(n.name)
		case tokCharRef:
			b.b = append(b.b, tokCharRef)
			b.u16(int(n.sub))
		case tokEntityRef:
			b.b = append(b.b, tokEntityRef)
			b.name(n.name)
		case tokPITarget:
			b.b = append(b.b, tokPITarget)
			b.name(n.name)
			b.b = append(b.b, tokPIData)
			b.text(n.kids[0].name)
		case tokSubstitution, tokOptional:
			b.b = append(b.b, n.tok)
			b.u16(int(n.sub))
			b.b = append(b.b, byte(n.typ))
		}
	}
}

// fragment writes elements without a template.
func (b *builder) fragment(nodes ...x) {
	b.b = append(b.b, tokFragment, 1, 1, 0)
	b.nodes(nodes, false)
	b.b = append(b.b, tokEOF)
}

// instance writes an instance of the template called key, at first with its
// definition.
func (b *builder) instance(key string, def []x, values ...value) {
	b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
	b.u32(0x11223344)
	if at, ok := b.defs[key]; ok {
		b.u32(at)
	} else {
		b.defs[key] = len(b.b) + 4
		b.u32(len(b.b) + 4)
		b.u32(0)
		b.b = append(b.b, make([]byte, 16)...)
		size := len(b.b)
		b.u32(0)
		b.b = append(b.b, tokFragment, 1, 1, 0)
		b.nodes(def, true)
		b.b = append(b.b, tokEOF)
		b.put32(size, len(b.b)-size-4)
	}
	b.u32(len(values))
	descs := len(b.b)
	b.b = append(b.b, make([]byte, 4*len(values))...)
	for i, v := range values {
		from := len(b.b)
		if v.write != nil {
			v.write(b)
		} else {
			b.b = append(b.b, v.raw...)
		}
		binary.LittleEndian.PutUint16(b.b[descs+4*i:], uint16(len(b.b)-from))
		b.b[descs+4*i+2] = byte(v.typ)
	}
}

// record writes a record around what write writes.
func (b *builder) record(id uint64, write func(b *builder)) {
	from := len(b.b)
	b.b = append(b.b, recordMagic...)
	b.u32(0)
	b.b = binary.LittleEndian.AppendUint64(b.b, id)
	b.b = binary.LittleEndian.AppendUint64(b.b, 132000000000000000+id)
	write(b)
	for len(b.b)%8 != 4 {
		b.b = append(b.b, 0)
	}
	b.u32(len(b.b) + 4 - from)
	b.put32(from+4, len(b.b)-from)
	b.last = id
}

// chunk returns the chunk with its header and checksums.
func (b *builder) chunk() []byte {
	c := make([]byte, ChunkSize)
	copy(c, b.b)
	copy(c, chunkMagic)
	binary.LittleEndian.PutUint32(c[40:], 128)
	binary.LittleEndian.PutUint32(c[48:], uint32(len(b.b)))
	sum(c)
	return c
}

// sum puts the checksums into a chunk.
func sum(c []byte) {
	end := le32(c[48:])
	binary.LittleEndian.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHeaderSize:end]))
	s := crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHeaderSize])
	binary.LittleEndian.PutUint32(c[124:], s)
}

// file returns a file of chunks.
func file(chunks ...[]byte) []byte {
	f := make([]byte, headerSize)
	copy(f, Magic)
	binary.LittleEndian.PutUint32(f[32:], 128)
	binary.LittleEndian.PutUint16(f[36:], 1)
	binary.LittleEndian.PutUint16(f[38:], 3)
	binary.LittleEndian.PutUint16(f[40:], headerSize)
	binary.LittleEndian.PutUint16(f[42:], uint16(len(chunks)))
	binary.LittleEndian.PutUint32(f[124:], crc32.ChecksumIEEE(f[:120]))
	for _, c := range chunks {
		f = append(f, c...)
	}
	return f
}

// ordinary writes an event as most are: a template for the system's part, one
// for the event's data.
func ordinary(b *builder, id uint64, command string) {
	b.record(id, func(b *builder) {
		b.instance("event", []x{el("Event", at("xmlns", txt("http://schemas.microsoft.com/win/2004/08/events/event")),
			el("System",
				el("Provider", at("Name", txt("Test-Provider"))),
				dep(0, el("EventID", at("Qualifiers", opt(1, TypeUint16)), sub(0, TypeUint16))),
				el("TimeCreated", at("SystemTime", opt(2, TypeFiletime))),
				el("EventRecordID", opt(3, TypeUint64)),
				el("Channel", txt("Security")),
				el("Computer", txt("host.example")),
				el("Security", at("UserID", opt(4, TypeSID)))),
			opt(5, TypeXML))},
			num(TypeUint16, 4688, 2), val(TypeNull), num(TypeFiletime, 132000000000000000, 8), num(TypeUint64, id, 8), val(TypeNull),
			xml(func(b *builder) {
				b.instance("data", []x{el("EventData",
					el("Data", at("Name", txt("CommandLine")), sub(0, TypeString)),
					el("Data", at("Name", txt("ProcessId")), sub(1, TypeHex64)))},
					str(command), num(TypeHex64, 0x1f4, 8))
			}))
	})
}

// many returns a chunk of n ordinary records, the first with that identifier.
func many(first uint64, n int) []byte {
	b := newBuilder()
	for i := range n {
		ordinary(b, first+uint64(i), "cmd.exe /c whoami")
	}
	return b.chunk()
}
