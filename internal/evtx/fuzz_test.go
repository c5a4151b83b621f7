package evtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

// exercise reads all of a log in every way there is, and checks what must hold
// for any input.
func exercise(t *testing.T, data []byte) (records, losses int) {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	var text []byte
	for rec, err := range f.Records(&d) {
		var lost *Lost
		if errors.As(err, &lost) {
			if losses++; rec != nil || lost.Offset < 0 || lost.Size < 0 || lost.Error() == "" {
				t.Fatalf("record %v with loss %v", rec, lost)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		records++
		if rec.Offset < 0 || rec.Offset+int64(rec.Size()) > int64(len(data)) {
			t.Fatalf("record at %d of %d bytes in a file of %d", rec.Offset, rec.Size(), len(data))
		}
		kept := rec.Clone()
		for i := range min(len(rec.Shape.Fields), 200) {
			v := rec.Value(i)
			n := 0
			for e := range v.Elems() {
				text = e.Append(text[:0])
				if !utf8.Valid(text) {
					t.Fatalf("field %s: invalid UTF-8 %q", rec.Shape.Fields[i].Name, text)
				}
				if n++; n > len(v.Raw)+1 {
					t.Fatalf("more elements than bytes in %v", v)
				}
			}
			if w := kept.Value(i); !bytes.Equal(v.Raw, w.Raw) || v.Type != w.Type {
				t.Fatalf("clone: field %d differs", i)
			}
		}
		rec.Shape.Index("CommandLine")
		rec.EventID()
		rec.RecordID()
		rec.Time()
		if text = rec.AppendJSON(text[:0]); !json.Valid(text) {
			t.Fatalf("invalid JSON: %.500s", text)
		}
		if text = rec.AppendXML(text[:0]); !utf8.Valid(text) || len(text) > maxRender+3*ChunkSize {
			t.Fatalf("XML of %d bytes: %.500s", len(text), text)
		}
	}
	if d.cost > 2*maxCost {
		t.Fatalf("templates and shapes take %d bytes", d.cost)
	}
	return records, losses
}

// seeds are chunks that hold everything the format has.
func seeds() [][]byte {
	all := newBuilder()
	everything(all)
	loose := newBuilder()
	loose.record(1, func(b *builder) {
		b.fragment(el("Event", el("System", el("EventID", txt("7"))), el("EventData", el("Data", txt("x")))))
	})
	return [][]byte{many(1, 2), all.chunk(), loose.chunk()}
}

// FuzzChunk changes the records of a chunk; its checksums are put right.
func FuzzChunk(f *testing.F) {
	for _, c := range seeds() {
		f.Add(c[chunkHeaderSize:le32(c[48:])])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := make([]byte, ChunkSize)
		n := chunkHeaderSize + copy(c[chunkHeaderSize:], body)
		copy(c, chunkMagic)
		c[40] = 128
		c[48], c[49], c[50] = byte(n), byte(n>>8), byte(n>>16)
		sum(c)
		exercise(t, file(c))
	})
}

// FuzzTemplate changes the binary XML of a single record.
func FuzzTemplate(f *testing.F) {
	for _, c := range seeds() {
		size := recordSize(c, chunkHeaderSize)
		f.Add(c[chunkHeaderSize+recordHeader : chunkHeaderSize+size-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 60000 {
			return
		}
		b := newBuilder()
		b.record(1, func(b *builder) { b.b = append(b.b, body...) })
		exercise(t, file(b.chunk()))
	})
}

// FuzzFile changes anything, the layout of the file first of all.
func FuzzFile(f *testing.F) {
	whole := file(many(1, 3), make([]byte, ChunkSize), many(4, 2))
	for _, cut := range []int{len(whole), len(whole) - 65000, 4096 + 700, 4096, 100, 0} {
		f.Add(whole[:cut], 0, 0)
	}
	f.Add(whole, 4096, 3)
	f.Add(whole, 5000, 1000)
	f.Fuzz(func(t *testing.T, data []byte, at, cut int) {
		if at >= 0 && cut > 0 && at < len(data) && cut <= len(data)-at { // a piece is missing
			data = append(data[:at:at], data[at+cut:]...)
		}
		if len(data) < 4*ChunkSize {
			exercise(t, data)
		}
	})
}

func FuzzValue(f *testing.F) {
	for typ := range 0x24 {
		f.Add(byte(typ), []byte{1, 2, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 0, 0, 0})
		f.Add(byte(typ)|byte(TypeArray), []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 0, 0, 0, 0, 65, 0, 0, 0, 66, 0})
	}
	f.Fuzz(func(t *testing.T, typ byte, raw []byte) {
		v := Value{Raw: raw, Type: Type(typ)}
		if v.Type != TypeText && !utf8.ValidString(v.String()) {
			t.Errorf("%#x % x: invalid UTF-8 %q", typ, raw, v)
		}
		n := 0
		for range v.Elems() {
			if n++; n > len(raw)+1 {
				t.Fatalf("%#x % x: endless", typ, raw)
			}
		}
		if u, ok := v.Uint(); ok && v.Type != TypeBool && v.Type != TypeFiletime && len(raw) <= 8 {
			if again := (Value{Raw: num(TypeUint64, u, 8).raw, Type: TypeUint64}); again.String() == "" {
				t.Errorf("%d", u)
			}
		}
	})
}
