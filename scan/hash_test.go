package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"limier/evidence"
	"limier/parse"
	"limier/parse/evtx"
	"limier/parse/iis"
	"limier/wire"
)

// TestEvidence: each file that is read whole is hashed, however it is read,
// and only if hashes are asked for.
func TestEvidence(t *testing.T) {
	lines := bytes.Repeat([]byte("2021-03-03 04:11:22 10.0.0.1 GET /owa/ - 443 - 198.51.100.7 x 200\n"), 1000)
	header := []byte("#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\n")
	files := fstest.MapFS{
		"a/u_ex210303.log": {Data: append(bytes.Clone(header), lines...)},
		"a/u_ex210304.log": {Data: append(bytes.Clone(header), bytes.Repeat(lines, bigLog/len(lines)+2)...)},
		"b/big.evtx":       {Data: append([]byte("ElfFile\x00"), make([]byte, bigLog+10)...)},
		"b/small.evtx":     {Data: append([]byte("ElfFile\x00"), make([]byte, 9000)...)},
		"c/empty.txt":      {},
		"c/page.aspx":      {Data: []byte("<%@ Page %>")},
		"c/unknown.bin":    {Data: make([]byte, 100_000)},
		"c/utf16.log":      {Data: []byte("\xff\xfe#\x00F\x00")},
	}
	var want []wire.Evidence
	for _, name := range []string{"a/u_ex210303.log", "a/u_ex210304.log", "b/big.evtx", "b/small.evtx", "c/empty.txt", "c/page.aspx", "c/unknown.bin", "c/utf16.log"} {
		sum := sha256.Sum256(files[name].Data)
		want = append(want, wire.Evidence{Path: name, Size: int64(len(files[name].Data)), SHA256: hex.EncodeToString(sum[:])})
	}
	for _, workers := range []int{1, 5} {
		got := []wire.Evidence{}
		for m, err := range Run(context.Background(), evidence.Source{ID: "t", FS: files}, Config{Parsers: []*parse.Parser{iis.Parser, evtx.Parser}, Evidence: true, Workers: workers}) {
			if err != nil {
				t.Fatal(err)
			}
			if m.Evidence != nil {
				got = append(got, *m.Evidence)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers (-want +got):\n%s", workers, diff)
		}
	}
	for m := range Run(context.Background(), evidence.Source{ID: "t", FS: files}, Config{Parsers: []*parse.Parser{iis.Parser}}) {
		if m.Evidence != nil {
			t.Fatal("nobody asked for hashes")
		}
	}
}
