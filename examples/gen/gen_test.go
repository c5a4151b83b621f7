package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"limier/internal/evtx"
)

// The collections in the repository are what the program writes. Their tars
// are compared, as another version of the zstd library packs otherwise.
func TestExamplesAreCurrent(t *testing.T) {
	for _, e := range examples {
		c, err := e.make()
		if err != nil {
			t.Fatal(err)
		}
		want, err := pack(c)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(filepath.Join("..", e.dir, e.name))
		if err != nil {
			t.Fatal(err)
		}
		if len(packed) > 1<<20 {
			t.Errorf("%s: %d bytes, too many for the repository", e.name, len(packed))
		}
		d, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.DecodeAll(packed, nil)
		d.Close()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: not what gen writes: run go generate ./examples/gen", e.name)
		}
	}
}

// Nothing hostile lies in the clear where antivirus looks.
func TestHostileIsEncoded(t *testing.T) {
	var bad []string
	for _, e := range []string{encodedShell, encodedPrefix, encodedSuffix, encodedDump, encodedPack} {
		s, err := decode(e)
		if err != nil {
			t.Fatal(err)
		}
		bad = append(bad, s)
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("../*/*.zst")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range append(names, archives...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range bad {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds %q in the clear", name, s)
			}
		}
	}
}

// The event logs are whole, and the configuration is XML.
func TestFormats(t *testing.T) {
	for _, e := range examples {
		c, err := e.make()
		if err != nil {
			t.Fatal(err)
		}
		total, events := 0, 0
		for _, f := range c.files() {
			total += len(f.data)
			switch {
			case strings.HasSuffix(f.path, ".evtx"):
				events += readEvents(t, f)
			case strings.HasSuffix(f.path, ".config") && !wellFormed(string(f.data)):
				t.Errorf("%s is not XML", f.path)
			}
		}
		if total < 2_000_000 || total > 8_000_000 {
			t.Errorf("%s: %d bytes unpacked", e.name, total)
		}
		var want int
		for _, list := range c.events {
			want += len(list)
		}
		if events != want || want < 500 {
			t.Errorf("%s: %d events read, want %d", e.name, events, want)
		}
	}
}

func readEvents(t *testing.T, f packed) int {
	t.Helper()
	log, err := evtx.Open(bytes.NewReader(f.data), int64(len(f.data)))
	if err != nil {
		t.Fatalf("%s: %v", f.path, err)
	}
	var d evtx.Decoder
	n := 0
	for i := range log.Chunks() {
		for _, err := range log.Chunk(&d, i) {
			if err != nil {
				t.Fatalf("%s: %v", f.path, err)
			}
			n++
		}
	}
	return n
}
