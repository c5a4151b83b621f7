package evtx

import (
	"bytes"
	"hash/crc32"
	"iter"
)

// A Decoder decodes chunks, one at a time. It keeps the templates it has seen,
// up to a limit, and all its buffers. The zero Decoder is ready. Use one per
// goroutine.
type Decoder struct {
	rec       Record
	chunk     []byte
	at        int64 // offset of chunk in the file
	normal    []byte
	defs      []uint16    // by offset in this chunk: index in known, plus 1
	known     []*template // of this chunk
	used      []int       // offsets set in defs
	templates map[string]*template
	root      Shape
	cost      int  // rough size of templates and shapes
	work      int  // what was spent on new ones in this chunk
	partial   bool // a value of this record was damaged
	members   []member
	buf       []byte
	spare     []byte
}

// maxCost limits the memory of a decoder's templates and shapes, in bytes. A
// large Security.evtx needs a tenth of it.
const maxCost = 16 << 20

// maxWork limits what one chunk can make a decoder spend on templates and
// shapes, in bytes of them. Real chunks need some 200 KB at first and little
// later; hostile ones can hold a thousand templates that overlap.
const maxWork = 8 << 20

// maxShapes limits how many shapes one template takes part in, as they are
// searched one by one. Real ones take part in a few.
const maxShapes = 512

// noFields is the shape of no record.
var noFields = Shape{EventID: -1, Channel: -1, Provider: -1, Computer: -1, RecordID: -1, Time: -1}

// broken marks a definition that cannot be compiled.
var broken = &template{}

// Records decodes one chunk: 64 KiB of which the end may be missing. Offset is
// where it lies in the file. What cannot be read is yielded as a *[Lost]
// without a record, and reading goes on.
func (d *Decoder) Records(chunk []byte, offset int64) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		d.begin(chunk, offset)
		d.scan(chunkHeaderSize, d.header(yield), yield)
	}
}

// begin forgets the chunk before.
func (d *Decoder) begin(chunk []byte, offset int64) {
	if d.defs == nil {
		d.defs = make([]uint16, ChunkSize)
	}
	for _, i := range d.used {
		d.defs[i] = 0
	}
	d.used, d.known = d.used[:0], d.known[:0]
	if d.templates == nil || d.cost > maxCost {
		d.templates, d.root, d.cost = map[string]*template{}, noFields, 0
	}
	d.rec.scratch, d.work = &d.members, 0
	d.chunk, d.at = chunk[:min(len(chunk), ChunkSize)], offset
	d.rec.chunk = d.chunk
	d.rec.nth++
}

// chunkMagic begins a chunk, recordMagic a record.
var (
	chunkMagic  = []byte("ElfChnk\x00")
	recordMagic = []byte{0x2a, 0x2a, 0, 0}
	// fragmentHeader begins the binary XML of every record that Windows writes.
	fragmentHeader = []byte{tokFragment, 1, 1, 0}
)

// header checks the chunk's header and returns where its records end, or -1 if
// it is not to be trusted or the caller had enough.
func (d *Decoder) header(yield func(*Record, error) bool) (end int) {
	c := d.chunk
	switch {
	case !validHeader(c):
		if !yield(nil, d.lost(0, chunkHeaderSize, ErrChunk)) {
			return -2
		}
		return -1
	case len(c) < ChunkSize:
		return int(le32(c[48:])) // cut short: its checksum cannot match
	}
	end = int(le32(c[48:]))
	sum := crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHeaderSize])
	if sum != le32(c[124:]) || crc32.ChecksumIEEE(c[chunkHeaderSize:end]) != le32(c[52:]) {
		if !yield(nil, d.lost(0, 0, ErrChecksum)) {
			return -2
		}
	}
	return end
}

// validHeader reports whether c begins with a plausible chunk header.
func validHeader(c []byte) bool {
	return len(c) >= chunkHeaderSize && bytes.Equal(c[:8], chunkMagic) &&
		le32(c[40:]) == 128 && le32(c[48:]) >= chunkHeaderSize && le32(c[48:]) <= ChunkSize
}

func (d *Decoder) lost(p, size int, err error) *Lost {
	return &Lost{Offset: d.at + int64(p), Size: int64(size), Err: err}
}

// scan decodes records from p. The header says that they end at end; -1 says
// that it does not know, -2 that nobody listens.
func (d *Decoder) scan(p, end int, yield func(*Record, error) bool) {
	if end == -2 {
		return
	}
	c := d.chunk
	limit := min(end, len(c))
	if end < 0 {
		limit = len(c)
	}
	var last uint64
	for {
		size := recordSize(c, p)
		if p >= limit && (size == 0 || le64(c[p+8:]) != last+1) {
			break // beyond what the header knows, only what goes on from before
		}
		if size == 0 {
			q := d.resync(p+4, limit)
			next, ok := d.salvage(p, q, end < 0, yield)
			if !ok {
				return
			}
			if p = next; p >= limit || validHeader(c[p:]) {
				break
			}
			continue
		}
		last = le64(c[p+8:])
		if !d.record(p, size, yield) {
			return
		}
		p += size
	}
	if end > len(c) {
		yield(nil, d.lost(len(c), end-len(c), ErrTruncated))
	}
}

// recordSize returns the size of the record at p, or 0 if there is none. A
// record's size stands at its beginning and at its end.
func recordSize(c []byte, p int) int {
	if p+recordHeader+4 > len(c) || !bytes.Equal(c[p:p+4], recordMagic) {
		return 0
	}
	size := le32(c[p+4:])
	if size < recordHeader+4 || size > uint32(len(c)-p) {
		return 0
	}
	if le32(c[p+int(size)-4:]) != size && recordSizeHead(c, p+int(size)) == 0 {
		return 0
	}
	return int(size)
}

// recordSizeHead is a weaker sign of a record: its magic and a possible size.
func recordSizeHead(c []byte, p int) int {
	if p+8 > len(c) || !bytes.Equal(c[p:p+4], recordMagic) || le32(c[p+4:]) > ChunkSize {
		return 0
	}
	return int(le32(c[p+4:]))
}

// salvage decodes what may be a record of unknown size at p, before the next
// one at q, and reports what is lost of it; zeros are no loss if slack is set.
func (d *Decoder) salvage(p, q int, slack bool, yield func(*Record, error) bool) (next int, more bool) {
	c := d.chunk
	if q-p > recordHeader+4 && bytes.Equal(c[p:p+4], recordMagic) {
		size := q - p
		if s := le32(c[p+4:]); s >= recordHeader+4 && s < uint32(size) {
			size = int(s)
		}
		ok := d.decode(p, size)
		l := d.lost(p, q-p, ErrRecord)
		l.Record, l.Written = d.rec.ID, Time(d.rec.Written)
		if ok { // zero if its values were never written
			created := d.rec.Value(d.rec.Shape.Time)
			n, number := created.Uint()
			ok = !created.Empty() && (n != 0 || !number)
		}
		if !ok {
			return q, yield(nil, l)
		}
		l.Size, l.Err = 0, ErrSize
		if !yield(nil, l) || !yield(&d.rec, nil) {
			return q, false
		}
		p += size
	}
	if p == q || slack && allZero(c[p:q]) {
		return q, true
	}
	return q, yield(nil, d.lost(p, q-p, ErrRecord))
}

// resync returns where the next record or chunk begins, or limit.
func (d *Decoder) resync(p, limit int) int {
	c := d.chunk
	for p < limit {
		i := bytes.IndexAny(c[p:limit], "*E")
		if i < 0 {
			break
		}
		p += i
		if recordSize(c, p) > 0 || p+recordHeader+4 < len(c) &&
			bytes.Equal(c[p:p+4], recordMagic) && bytes.Equal(c[p+recordHeader:p+recordHeader+4], fragmentHeader) {
			return p
		}
		if validHeader(c[p:]) {
			return p // another chunk begins inside this one; see File.Chunk
		}
		p++
	}
	return limit
}

func allZero(b []byte) bool {
	for len(b) >= 8 && le64(b) == 0 {
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// record decodes the record at p and yields it.
func (d *Decoder) record(p, size int, yield func(*Record, error) bool) bool {
	r := &d.rec
	ok := d.decode(p, size)
	if ok && !d.partial {
		return yield(r, nil)
	}
	lost := d.lost(p, size, ErrBinXML)
	lost.Record, lost.Written = r.ID, Time(r.Written)
	if ok {
		lost.Err = ErrPartial
	}
	return yield(nil, lost) && (!ok || yield(r, nil))
}

// decode makes d.rec the record at p and reports whether it can be read.
func (d *Decoder) decode(p, size int) bool {
	c := d.chunk
	r := &d.rec
	r.ID, r.Written, r.Offset = le64(c[p+8:]), le64(c[p+16:]), d.at+int64(p)
	r.data = c[p : p+size : p+size]
	r.values, r.instances, r.Shape = r.values[:0], r.instances[:0], &d.root
	r.ansi, d.partial = false, false
	return d.fragment(p+recordHeader, p+size-4, p, 0, 0, 0) && len(r.instances) > 0
}

// fragment decodes binary XML from p: the record's own, or the value sub of the
// instance parent. Start is where the record begins.
func (d *Decoder) fragment(p, end, start, parent, sub, depth int) bool {
	if depth > maxNested {
		return false
	}
	c := d.chunk
	for p < end {
		switch c[p] {
		case tokEOF:
			return true
		case tokFragment:
			p += 4
		case tokInstance:
			var ok bool
			if p, ok = d.instance(p+1, end, start, parent, sub, depth); !ok {
				return false
			}
			if depth == 0 {
				return true // what follows is the end token and padding
			}
		default:
			return d.loose(p, end, start, parent, sub)
		}
	}
	return p == end
}

// loose decodes elements that no template holds: what is left of them without
// their texts is a template of their own.
func (d *Decoder) loose(p, end, start, parent, sub int) bool {
	first := len(d.rec.values)
	for _, inTemplate := range []bool{false, true} { // some writers put dependencies here too
		n := normalizer{chunk: d.chunk, out: d.normal[:0], values: &d.rec.values, first: first, start: start}
		ok := n.fragment(p, end, inTemplate, 0)
		d.normal = n.out
		if t := d.intern(n.out, ok); t != broken {
			for _, v := range d.rec.values[first:] {
				d.rec.ansi = d.rec.ansi || v.typ&^TypeArray == TypeAnsi
			}
			return d.enter(t, first, len(d.rec.values)-first, parent, sub)
		}
		d.rec.values = d.rec.values[:first]
	}
	return false
}

// instance decodes a template instance whose token ends at p.
func (d *Decoder) instance(p, end, start, parent, sub, depth int) (next int, ok bool) {
	c := d.chunk
	h, ok := instanceAt(c, p, end)
	if !ok {
		return p, false
	}
	t := d.template(h.def)
	if t == broken || len(d.rec.instances) > maxNested*maxNested {
		return p, false
	}
	first := len(d.rec.values)
	v, xml := h.values, false
	descs := c[h.descs:h.values]
	for len(descs) >= 4 {
		size, typ := int(le16(descs)), Type(descs[2])
		d.rec.values = append(d.rec.values, valueRef{uint32(v - start), uint16(size), typ})
		switch typ {
		case TypeXML:
			xml = true
		case TypeAnsi, TypeAnsi | TypeArray:
			d.rec.ansi = true
		case TypeText: // ours alone; no log may claim to hold checked UTF-8
			d.rec.values[len(d.rec.values)-1].typ = TypeBinary
		}
		v += size
		descs = descs[4:]
	}
	if v > end {
		d.rec.values = d.rec.values[:first]
		return p, false
	}
	k := len(d.rec.instances)
	if !d.enter(t, first, h.count, parent, sub) {
		return p, false
	}
	if xml {
		for i := range h.count {
			ref := d.rec.values[first+i]
			if ref.typ != TypeXML || ref.size == 0 {
				continue
			}
			at := start + int(ref.off)
			if !d.fragment(at, at+int(ref.size), start, k, i, depth+1) {
				d.partial = true
			}
		}
	}
	return v, true
}

// enter adds an instance to the record and moves on to the shape with it.
func (d *Decoder) enter(t *template, first, count, parent, sub int) bool {
	r := &d.rec
	in := instance{tpl: t, first: uint32(first), count: uint32(count), parent: uint16(parent), sub: uint16(sub)}
	for i := range t.shapes {
		if s := &t.shapes[i]; s.from == r.Shape && s.parent == in.parent && s.sub == in.sub {
			r.instances = append(r.instances, in)
			r.Shape = s.to
			return true
		}
	}
	if d.work > maxWork {
		return false
	}
	r.instances = append(r.instances, in)
	to := new(Shape)
	*to = noFields
	to.instances = append([]instance(nil), r.instances...)
	to.build()
	d.cost += to.cost
	d.work += to.cost
	if len(t.shapes) > maxShapes {
		d.cost += maxCost // start again with the next chunk
	}
	t.shapes = append(t.shapes, transition{r.Shape, in.parent, in.sub, to})
	r.Shape = to
	return true
}

// template returns the template defined at an offset of the chunk.
func (d *Decoder) template(def int) *template {
	if uint(def) >= uint(len(d.chunk)) {
		return broken
	}
	if k := d.defs[def]; k != 0 {
		return d.known[k-1]
	}
	n := normalizer{chunk: d.chunk, out: d.normal[:0]}
	ok := d.work < maxWork && n.template(def, 0)
	d.normal = n.out
	t := d.intern(n.out, ok)
	d.known, d.used = append(d.known, t), append(d.used, def)
	d.defs[def] = uint16(len(d.known))
	return t
}

// intern compiles a normalised template unless it is known; it is broken if not
// ok.
func (d *Decoder) intern(normal []byte, ok bool) *template {
	if !ok {
		d.work += len(normal)
		return broken
	}
	if t, known := d.templates[string(normal)]; known {
		return t
	}
	if d.work > maxWork {
		return broken
	}
	t := compile(normal)
	cost := len(normal)
	if t == nil {
		t = broken
	} else {
		cost += t.cost
	}
	d.templates[string(normal)] = t
	d.cost += cost
	d.work += cost
	return t
}
