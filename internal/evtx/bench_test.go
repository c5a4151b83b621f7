package evtx

import "testing"

// benchmark reads a real log again and again.
func benchmark(b *testing.B, visit func(rec *Record)) {
	data := load(b, "evtx-benign", "omerbenamram", "security.evtx")
	f := mustOpen(b, data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		for rec, err := range f.Records(&d) {
			if err != nil {
				b.Fatal(err)
			}
			visit(rec)
		}
	}
}

func BenchmarkDecode(b *testing.B) { benchmark(b, func(*Record) {}) }

func BenchmarkEveryValue(b *testing.B) {
	n := 0
	benchmark(b, func(rec *Record) {
		for i := range rec.Shape.Fields {
			n += len(rec.Value(i).Raw)
		}
	})
}

func BenchmarkEveryText(b *testing.B) {
	var buf []byte
	benchmark(b, func(rec *Record) {
		for i := range rec.Shape.Fields {
			buf = rec.Value(i).Append(buf[:0])
		}
	})
}

func BenchmarkClone(b *testing.B) { benchmark(b, func(rec *Record) { rec.Clone() }) }

func BenchmarkXML(b *testing.B) {
	var buf []byte
	benchmark(b, func(rec *Record) { buf = rec.AppendXML(buf[:0]) })
}

func BenchmarkJSON(b *testing.B) {
	var buf []byte
	benchmark(b, func(rec *Record) { buf = rec.AppendJSON(buf[:0]) })
}
