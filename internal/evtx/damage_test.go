package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// read returns the identifiers of the records of a log, and its losses.
func read(t *testing.T, data []byte) (ids []uint64, lost []*Lost) {
	t.Helper()
	exercise(t, data)
	var d Decoder
	for rec, err := range mustOpen(t, data).Records(&d) {
		var l *Lost
		switch {
		case errors.As(err, &l):
			lost = append(lost, l)
		case err != nil:
			t.Fatal(err)
		default:
			ids = append(ids, rec.RecordID())
		}
	}
	return ids, lost
}

func has(lost []*Lost, err error) bool {
	return slices.ContainsFunc(lost, func(l *Lost) bool { return errors.Is(l, err) })
}

func upTo(n uint64) (ids []uint64) {
	for i := uint64(1); i <= n; i++ {
		ids = append(ids, i)
	}
	return ids
}

// ends returns where each record of a whole file ends.
func ends(t *testing.T, data []byte) (ends []int) {
	t.Helper()
	var d Decoder
	for rec, err := range mustOpen(t, data).Records(&d) {
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(rec.Offset)+rec.Size())
	}
	return ends
}

func TestTruncated(t *testing.T) {
	whole := file(many(1, 4), many(5, 4))
	end := ends(t, whole)
	cuts := []int{0, 1, 7, 8, 127, 128, 129, 4095, 4096, 4097, 4104, 4607, 4608, 4609}
	for _, e := range end {
		cuts = append(cuts, e-500, e-29, e-8, e-1, e, e+1, e+27)
	}
	cuts = append(cuts, 4096+ChunkSize-1, 4096+ChunkSize, 4096+ChunkSize+1, 4096+ChunkSize+300, len(whole)-1)
	for _, cut := range cuts {
		want := 0
		for _, e := range end {
			if e <= cut {
				want++
			}
		}
		ids, lost := read(t, whole[:cut])
		if want < len(end) && end[want]-cut < 8 { // all but the padding and size that end it
			want++
		}
		if !slices.Equal(ids, upTo(uint64(want))) {
			t.Errorf("cut at %d: records %v, want %d", cut, ids, want)
		}
		if len(lost) == 0 {
			t.Errorf("cut at %d: nothing lost", cut)
		}
	}
	if ids, lost := read(t, whole); len(ids) != 8 || len(lost) > 0 {
		t.Errorf("whole: %v, lost %v", ids, lost)
	}
}

// No change of a byte makes records disappear in silence.
func TestFlipped(t *testing.T) {
	whole := file(many(1, 3))
	end := ends(t, whole)
	for at := 0; at < end[2]; at++ {
		if at > 4096+chunkHeaderSize+900 && at%5 != 0 { // past the templates
			continue
		}
		if at == 128 { // the rest of the file's header is empty
			at = 4096
		}
		if at == 4096+128 { // the tables of names and templates, which we do not use
			at = 4096 + chunkHeaderSize
		}
		for _, bit := range []byte{1 << (at % 8)} {
			bad := slices.Clone(whole)
			bad[at] ^= bit
			ids, lost := read(t, bad)
			if len(ids) < 3 && len(lost) == 0 || at >= 4096+chunkHeaderSize && !has(lost, ErrChecksum) {
				t.Errorf("byte %d flipped: records %v, lost %v", at, ids, lost)
			}
			if at < 4096+chunkHeaderSize && len(ids) != 3 {
				t.Errorf("header byte %d flipped: records %v, lost %v", at, ids, lost)
			}
			if at >= end[1] && len(ids) < 2 {
				t.Errorf("byte %d of the last record flipped: records %v", at, ids)
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	cut := func(b []byte, at, n int) []byte { return slices.Delete(slices.Clone(b), at, at+n) }
	put := func(b []byte, at int, with ...byte) []byte { return slices.Insert(slices.Clone(b), at, with...) }
	set := func(b []byte, at int, with ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], with)
		return b
	}
	four := file(many(1, 80), many(81, 80), many(161, 80), many(241, 80))
	end := ends(t, four)
	second := headerSize + ChunkSize
	for _, tt := range []struct {
		name string
		data []byte
		ids  []uint64
		lost error
	}{
		{"second chunk header zeroed", set(four, second, make([]byte, chunkHeaderSize)...), upTo(320), ErrChunk},
		{"chunk magic damaged", set(four, second, 'X'), upTo(320), ErrChunk},
		{"chunk checksum wrong", set(four, second+52, 1, 2, 3, 4), upTo(320), ErrChecksum},
		{"free space beyond the chunk", set(four, second+48, 0xff, 0xff, 0xff, 0xff), upTo(320), ErrChunk},
		{"file header zeroed", set(four, 0, make([]byte, headerSize)...), upTo(320), ErrHeader},
		{"header counts fewer chunks", set(four, 42, 1), upTo(320), ErrHeader},
		{"chunks without a file", four[headerSize:], upTo(320), ErrHeader},
		{"bytes missing after the second chunk's records", cut(four, end[159]+8, 3001), upTo(320), ErrTruncated},
		{"bytes missing between records", cut(four, end[99], end[101]-end[99]),
			append(upTo(100), seq(103, 320)...), ErrRecord},
		{"most of the first chunk missing", cut(four, end[79]+8, 45000), upTo(320), ErrTruncated},
		{"a chunk's worth of bytes missing", cut(four, end[79]+8, ChunkSize), append(upTo(80), seq(161, 320)...), ErrTruncated},
		{"bytes added before the second chunk", put(four, second, bytes.Repeat([]byte("junk"), 300)...), upTo(320), ErrChunk},
		{"a chunk of zeros", set(four, second, make([]byte, ChunkSize)...), append(upTo(80), seq(161, 320)...), nil},
		{"a chunk of noise", set(four, second, bytes.Repeat([]byte("**\x00\x00noise"), ChunkSize/9)...), append(upTo(80), seq(161, 320)...), ErrChunk},
		{"a record's size zeroed", set(four, end[9]+4, 0, 0, 0, 0), upTo(320), ErrSize},
		{"a record's size too large", set(four, end[9]+4, 0xff, 0xff, 0, 0), upTo(320), ErrSize},
		{"a record's size 4 GB", set(four, end[9]+4, 0xff, 0xff, 0xff, 0xff), upTo(320), ErrSize},
		{"a record zeroed", set(four, end[9], make([]byte, end[10]-end[9])...), append(upTo(10), seq(12, 320)...), ErrRecord},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ids, lost := read(t, tt.data)
			if !slices.Equal(ids, tt.ids) {
				t.Errorf("%d records, want %d; missing %v", len(ids), len(tt.ids), missing(tt.ids, ids))
			}
			if tt.lost == nil && len(lost) > 0 || tt.lost != nil && !has(lost, tt.lost) {
				t.Errorf("lost %v, want %v", lost, tt.lost)
			}
			for _, l := range lost {
				if l.Offset+l.Size > int64(len(tt.data)) && !errors.Is(l, ErrTruncated) {
					t.Errorf("%v is beyond the end, %d", l, len(tt.data))
				}
			}
		})
	}
}

func missing(want, got []uint64) (ids []uint64) {
	for _, id := range want {
		if !slices.Contains(got, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func seq(from, to uint64) (ids []uint64) {
	for ; from <= to; from++ {
		ids = append(ids, from)
	}
	return ids
}

// Windows leaves scraps of memory in the space a chunk does not use.
func TestScraps(t *testing.T) {
	c := many(1, 3)
	copy(c[30000:], many(9, 1)[:chunkHeaderSize])
	copy(c[40000:], many(9, 1)[chunkHeaderSize:700])
	if ids, lost := read(t, file(c)); !slices.Equal(ids, upTo(3)) || len(lost) > 0 {
		t.Errorf("records %v, lost %v", ids, lost)
	}
}

// A log copied while it is written has records that its header does not know
// yet; remains of older ones do not go on with their numbers.
func TestBeyondHeader(t *testing.T) {
	c := many(1, 6)
	end := ends(t, file(c))
	binary.LittleEndian.PutUint32(c[48:], uint32(end[2]-headerSize))
	sum(c)
	if ids, lost := read(t, file(c)); !slices.Equal(ids, upTo(6)) {
		t.Errorf("records %v, lost %v", ids, lost)
	}
	binary.LittleEndian.PutUint64(c[end[2]-headerSize+8:], 1000) // an older record
	if ids, lost := read(t, file(c)); !slices.Equal(ids, upTo(3)) || len(lost) > 0 {
		t.Errorf("records %v, lost %v", ids, lost)
	}
}

// Chunks give the same in any order and on any decoder.
func TestChunksAlone(t *testing.T) {
	data := file(many(1, 50), many(51, 50), many(101, 50))
	data = slices.Delete(data, headerSize+ChunkSize-5000, headerSize+ChunkSize-2000)
	f := mustOpen(t, data)
	show := func(d *Decoder, i int) (lines []string) {
		for rec, err := range f.Chunk(d, i) {
			if err != nil {
				lines = append(lines, err.Error())
			} else {
				lines = append(lines, string(rec.AppendXML(nil)))
			}
		}
		return lines
	}
	var forward Decoder
	var want [][]string
	records := 0
	for i := range f.Chunks() {
		want = append(want, show(&forward, i))
		records += len(want[i])
	}
	if records < 150 {
		t.Errorf("%d records and losses", records)
	}
	var backward Decoder
	for i := f.Chunks() - 1; i >= 0; i-- {
		if got := show(&backward, i); !slices.Equal(got, want[i]) {
			t.Errorf("chunk %d read backward: %d lines, want %d", i, len(got), len(want[i]))
		}
		if got := show(new(Decoder), i); !slices.Equal(got, want[i]) {
			t.Errorf("chunk %d alone: %d lines, want %d", i, len(got), len(want[i]))
		}
	}
}

// Goroutines with decoders of their own read one file at once.
func TestParallel(t *testing.T) {
	var chunks [][]byte
	for i := range uint64(16) {
		chunks = append(chunks, many(1+100*i, 100))
	}
	f := mustOpen(t, file(chunks...))
	got := make([]int, f.Chunks())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			var d Decoder
			for i := w; i < f.Chunks(); i += 4 {
				for rec, err := range f.Chunk(&d, i) {
					if err == nil && rec.RecordID() == uint64(1+100*i+got[i]) {
						got[i]++
					}
				}
			}
		})
	}
	wg.Wait()
	for i, n := range got {
		if n != 100 {
			t.Errorf("chunk %d: %d records in order", i, n)
		}
	}
}

// Hostile binary XML is refused, or read within limits.
func TestHostile(t *testing.T) {
	event := func(def []x, values ...value) func(b *builder) {
		return func(b *builder) { b.instance("t", def, values...) }
	}
	deep := el("Event")
	for range 2000 {
		deep = el("e", deep)
	}
	uses := []x{}
	for range 3000 {
		uses = append(uses, el("Data", sub(0, TypeString)))
	}
	var nested func(depth int) func(b *builder)
	nested = func(depth int) func(b *builder) {
		return func(b *builder) {
			if depth == 0 {
				b.fragment(el("leaf", txt("x")))
				return
			}
			b.instance(fmt.Sprint(depth%2), []x{el("EventData", sub(0, TypeXML))}, xml(nested(depth-1)))
		}
	}
	for name, tt := range map[string]struct {
		write   func(b *builder)
		records int
	}{
		"elements 2,000 deep":          {event([]x{deep}), 0},
		"3,000 uses of one long value": {event([]x{el("Event", el("EventData", uses...))}, value{typ: TypeString, raw: bytes.Repeat([]byte{'<', 0}, 1000)}), 1},
		"values 100 deep":              {nested(100), 1},
		"values 10 deep":               {nested(10), 1},
		"a template that holds itself": {func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			def := len(b.b) + 4
			b.u32(def)
			b.u32(0)
			b.b = append(b.b, make([]byte, 16)...)
			b.u32(4 + 14 + 4 + 1)
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			b.u32(def)
			b.u32(0)
			b.b = append(b.b, tokEOF, tokEOF, tokEOF, tokEOF, tokEOF)
			b.u32(0)
		}, 0},
		"4 G values": {func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			b.u32(chunkHeaderSize)
			b.u32(-1)
		}, 0},
		"a template of 4 GB": {func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			b.u32(len(b.b) + 4)
			b.u32(0)
			b.b = append(b.b, make([]byte, 16)...)
			b.u32(-1)
			b.u32(0)
		}, 0},
		"a template beyond the chunk": {func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			b.u32(ChunkSize - 4)
			b.u32(0)
		}, 0},
		"a name beyond the chunk": {func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokOpen)
			b.u32(0)
			b.u32(1 << 31)
			b.b = append(b.b, tokCloseEmpty, tokEOF)
		}, 0},
		"values larger than the record": {func(b *builder) {
			event([]x{el("Event", sub(0, TypeString))}, str("abc"))(b)
			binary.LittleEndian.PutUint16(b.b[len(b.b)-10:], 0xffff)
		}, 0},
		"no binary XML": {func(b *builder) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder()
			b.record(1, tt.write)
			b.record(2, func(b *builder) { b.fragment(el("Event", el("System", el("EventRecordID", txt("2"))))) })
			records, losses := exercise(t, file(b.chunk()))
			if records != tt.records+1 || records+losses < 2 {
				t.Errorf("%d records, %d losses; want %d and the next", records, losses, tt.records)
			}
		})
	}
}

// Names that one long string serves thousands of times do not multiply.
func TestNameBomb(t *testing.T) {
	b := newBuilder()
	long := string(bytes.Repeat([]byte("n"), 20000))
	b.record(1, func(b *builder) {
		kids := []x{}
		for range 1500 {
			kids = append(kids, el(long))
		}
		b.fragment(el("Event", kids...))
	})
	if records, losses := exercise(t, file(b.chunk())); records != 0 || losses != 1 {
		t.Errorf("%d records, %d losses", records, losses)
	}
}

// A chunk of templates that overlap, each different, takes bounded time.
func TestTemplateBomb(t *testing.T) {
	b := newBuilder()
	for i := range 400 {
		b.record(uint64(i+1), func(b *builder) {
			b.b = append(b.b, tokFragment, 1, 1, 0, tokInstance, 1)
			b.u32(1)
			b.u32(40000 + 3*i) // its body is character references, one shorter than the last
			b.u32(0)
		})
	}
	for (40000+templateHeader-len(b.b))%3 != 0 {
		b.b = append(b.b, 0)
	}
	for len(b.b) < ChunkSize-400 {
		b.b = append(b.b, tokCharRef, '<', 0)
	}
	c := b.chunk()
	var d Decoder
	for rec, err := range d.Records(c, 0) {
		if rec == nil && err == nil {
			t.Fatal("nothing")
		}
	}
	if d.work < maxWork || d.work > 2*maxWork || d.cost > 2*maxWork {
		t.Errorf("work %d, cost %d", d.work, d.cost)
	}
}

// Templates that never come again do not fill the memory.
func TestCacheLimit(t *testing.T) {
	var d Decoder
	for i := range 800 {
		b := newBuilder()
		for k := range uint64(8) {
			b.record(k+1, func(b *builder) {
				kids := []x{el("System", el("EventID", txt("1")))}
				for n := range 40 {
					kids = append(kids, el(fmt.Sprintf("e%d-%d-%d", i, k, n), txt("v")))
				}
				b.fragment(el("Event", kids...))
			})
		}
		for _, err := range d.Records(b.chunk(), 0) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if d.cost > maxCost+1<<20 {
			t.Fatalf("after %d chunks the cache takes %d bytes", i, d.cost)
		}
	}
}
