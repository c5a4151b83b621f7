package acquire_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"limier/acquire"
	"limier/evidence"
)

// A file of an archive under test.
type file struct {
	name, data string
	method     uint16 // of zip
	mode       byte   // typeflag of tar
	link       string
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		fw, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method, Modified: time.Date(2021, 3, 3, 4, 5, 6, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(fw, f.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Size: int64(len(f.data)), Typeflag: f.mode, Linkname: f.link, Mode: 0o600}
		if f.mode == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, f.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipOf(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data)
	w.Close()
	return buf.Bytes()
}

func zstdOf(data []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func xzOf(data []byte) []byte {
	var buf bytes.Buffer
	w, _ := xz.NewWriter(&buf)
	w.Write(data)
	w.Close()
	return buf.Bytes()
}

func write(t testing.TB, data []byte, elem ...string) string {
	t.Helper()
	p := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, path string, cfg acquire.Config) evidence.Source {
	t.Helper()
	src, closer, err := acquire.Open(t.Context(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return src
}

// read walks all of src. Files that cannot be read have their error for
// content.
func read(t testing.TB, src evidence.Source) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(src.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		if d.IsDir() {
			return nil
		}
		data, err := fs.ReadFile(src.FS, p)
		files[p] = string(data)
		if err != nil {
			files[p] = "error: " + err.Error()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func lost(src evidence.Source) []string {
	var list []string
	for _, g := range src.Lost() {
		list = append(list, g.Error())
	}
	return list
}

const line = "2021-03-03 04:11:22 10.0.0.1 POST /ecp/y.js - 443 - 192.0.2.7 - - 200 0 0 12\r\n"

func TestLayouts(t *testing.T) {
	evtx := zipOf(t, file{name: "Security.evtx", data: "ElfFile\x00 not really", method: zip.Deflate})
	tests := map[string]struct {
		name string
		data []byte
		want map[string]string
	}{
		"Velociraptor": {"Collection-EX01_example_org-2021-03-09T10_11_12Z.zip", zipOf(t,
			file{name: "uploads/auto/C%3A/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", data: line, method: zip.Deflate},
			file{name: "uploads/ntfs/%5C%5C.%5CC%3A/Windows/System32/winevt/Logs/Sysmon%254Operational.evtx", data: "e"},
			file{name: "client_info.json", data: `{"os_info":{"hostname":"EX01"}}`},
		), map[string]string{
			"uploads/auto/C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log":           line,
			"uploads/ntfs/C/Windows/System32/winevt/Logs/Sysmon%4Operational.evtx": "e",
			"client_info.json": `{"os_info":{"hostname":"EX01"}}`,
		}},
		"Velociraptor, unpacked and packed again": {"Collection-EX01-2021-03-09T10_11_12Z.tar", tarOf(t, file{name: "auto/C%3A/inetpub/a%25.log", data: line}),
			map[string]string{"auto/C/inetpub/a%.log": line}},
		"KAPE, backslashes": {"2021-03-09T101112_EX01.zip", zipOf(t,
			file{name: `C\inetpub\logs\LogFiles\W3SVC1\u_ex210303.log`, data: line, method: zip.Deflate},
			file{name: `C:\Windows\x.txt`, data: "x"},
		), map[string]string{"C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log": line, "C/Windows/x.txt": "x"}},
		"UAC": {"uac-EX01-linux-20210309101112.tar.gz", gzipOf(tarOf(t,
			file{name: "[root]/var/log/nginx/access.log", data: line},
			file{name: "/[root]/etc/hostname", data: "ex01"},
			file{name: "[root]/etc/mtab", mode: tar.TypeSymlink, link: "hostname"},
		)), map[string]string{"[root]/var/log/nginx/access.log": line, "[root]/etc/hostname": "ex01"}},
		"tar":  {"uac-EX01-linux-20210309101112.tar", tarOf(t, file{name: "./a/b", data: line}, file{name: "a/c", data: "c"}), map[string]string{"a/b": line, "a/c": "c"}},
		"zstd": {"uac-EX01-linux-20210309101112.tar.zst", zstdOf(tarOf(t, file{name: "a/b", data: line})), map[string]string{"a/b": line}},
		"xz":   {"uac-EX01-linux-20210309101112.txz", xzOf(tarOf(t, file{name: "a/b", data: line})), map[string]string{"a/b": line}},
		"zip of zips": {"Collection-EX01-2021-03-09T10_11_12Z.zip", zipOf(t, file{name: "in/1.zip", data: string(evtx)}, file{name: "in/2.zip", data: string(evtx), method: zip.Deflate}),
			map[string]string{"in/1.zip/Security.evtx": "ElfFile\x00 not really", "in/2.zip/Security.evtx": "ElfFile\x00 not really"}},
		"one file": {"Collection-EX01-2021-03-09T10_11_12Z.gz", gzipOf([]byte(line)), map[string]string{"Collection-EX01-2021-03-09T10_11_12Z": line}},
		"a log":    {"u_ex210303.log", []byte(line), map[string]string{"u_ex210303.log": line}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			src := open(t, write(t, test.data, t.TempDir(), test.name), acquire.Config{})
			if diff := cmp.Diff(read(t, src), test.want); diff != "" {
				t.Errorf("got-, want+:\n%s", diff)
			}
			want := "EX01"
			if name == "a log" {
				want = ""
			}
			if name == "Velociraptor" && src.Acquired.IsZero() == false {
				t.Errorf("time %v from a name that the description overrules", src.Acquired)
			}
			if src.Host != want {
				t.Errorf("host %q, want %q", src.Host, want)
			}
			if l := lost(src); len(l) > 0 {
				t.Errorf("lost %q", l)
			}
			var names []string
			for n := range test.want {
				names = append(names, n)
			}
			// fs.Sub takes the [ of UAC's folder for a pattern.
			if err := fstest.TestFS(src.FS, names...); err != nil && name != "UAC" {
				t.Error(err)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, []byte(line), dir, "logs", "u_ex1.log")
	write(t, gzipOf([]byte(line)), dir, "logs", "u_ex2.log.gz")
	write(t, zipOf(t, file{name: "u_ex3.log", data: line, method: zip.Deflate}), dir, "logs", "old.zip")
	write(t, xzOf([]byte(line)), dir, "logs", "u_ex4.log.xz")
	write(t, []byte("SQLite format 3\x00"), dir, "mine.limier")
	write(t, []byte("<%@ Page"), dir, "web", "not-mine.limier")
	write(t, []byte(`{"start":{"format":"limier/1"}}`), dir, "mine.jsonl")
	src := open(t, dir, acquire.Config{})
	want := map[string]string{
		"logs/u_ex1.log":              line,
		"logs/u_ex2.log.gz/u_ex2.log": line,
		"logs/old.zip/u_ex3.log":      line,
		"logs/u_ex4.log.xz/u_ex4.log": line,
		"web/not-mine.limier":         "<%@ Page",
	}
	if diff := cmp.Diff(read(t, src), want); diff != "" {
		t.Errorf("got-, want+:\n%s", diff)
	}
	if l := lost(src); len(l) > 0 {
		t.Errorf("lost %q", l)
	}
	if err := fstest.TestFS(src.FS, "logs/old.zip/u_ex3.log", "logs/u_ex1.log"); err != nil {
		t.Error(err)
	}
}

// ReadAt must give the same bytes as reading in order, in every container.
func TestReadAt(t *testing.T) {
	data := strings.Repeat(line, 20_000) // 1.6 MB: several blocks
	small := "small"
	dir := t.TempDir()
	write(t, []byte(data), dir, "plain.log")
	write(t, zipOf(t, file{name: "stored", data: data}, file{name: "deflated", data: data, method: zip.Deflate}), dir, "a.zip")
	write(t, tarOf(t, file{name: "first", data: small}, file{name: "member", data: data}), dir, "a.tar")
	write(t, zstdOf(tarOf(t, file{name: "first", data: small}, file{name: "member", data: data})), dir, "b.tar.zst")
	write(t, gzipOf([]byte(data)), dir, "c.log.gz")
	write(t, xzOf(tarOf(t, file{name: "first", data: small}, file{name: "member", data: data})), dir, "d.tar.xz")
	write(t, xzOf([]byte(data)), dir, "e.log.xz")
	src := open(t, dir, acquire.Config{})
	for name, packed := range map[string]bool{
		"plain.log": false, "a.zip/stored": false, "a.zip/deflated": true,
		"a.tar/member": false, "b.tar.zst/member": false, "c.log.gz/c.log": true,
		"d.tar.xz/member": false, "e.log.xz/e.log": true,
	} {
		f, err := src.FS.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := f.(interface{ Packed() bool }); (ok && p.Packed()) != packed {
			t.Errorf("%s: packed is not %v", name, packed)
		}
		r := f.(io.ReaderAt)
		for _, at := range []int{0, 1, 255 << 10, 256 << 10, 300_001, len(data) - 7} {
			buf := make([]byte, 400_000)
			n, err := r.ReadAt(buf, int64(at))
			want := data[at:min(at+len(buf), len(data))]
			if string(buf[:n]) != want {
				t.Errorf("%s: other bytes at %d (%d, want %d)", name, at, n, len(want))
			}
			if short := len(want) < len(buf); short != (err == io.EOF) || !short && err != nil {
				t.Errorf("%s: error %v at %d", name, err, at)
			}
		}
		if n, err := r.ReadAt(make([]byte, 1), int64(len(data))); n != 0 || err != io.EOF {
			t.Errorf("%s: %d, %v after the end", name, n, err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != int64(len(data)) && name != "e.log.xz/e.log" { // there a guess
			t.Errorf("%s: size %v, %v", name, info.Size(), err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "empty"), 0o755)
	write(t, nil, dir, "zero.zip")
	good := zipOf(t, file{name: "a", data: line, method: zip.Deflate})
	write(t, good[:len(good)-30], dir, "cut.zip")
	write(t, append([]byte("7z\xbc\xaf\x27\x1c"), make([]byte, 100)...), dir, "a.7z")
	write(t, encrypted(good), dir, "secret.zip")
	for name, want := range map[string]string{
		"absent":     "no such file or folder",
		"empty":      "is the evidence mounted?",
		"zero.zip":   "0 bytes",
		"cut.zip":    "copied to the end?",
		"a.7z":       "",
		"secret.zip": "password-protected",
	} {
		_, _, err := acquire.Open(t.Context(), filepath.Join(dir, name), acquire.Config{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want one with %q and the name", name, err, want)
		}
	}
}

// encrypted sets the flag of encryption in a zip of one member (APPNOTE 4.4.4).
func encrypted(data []byte) []byte {
	data = bytes.Clone(data)
	data[6] |= 1
	data[bytes.Index(data, []byte("PK\x01\x02"))+8] |= 1
	return data
}

// Hostile names are read under harmless ones, and told.
func TestNames(t *testing.T) {
	for _, kind := range []string{"zip", "tar"} {
		files := []file{
			{name: `..\..\Windows\evil.aspx`, data: "1"}, {name: "../up", data: "2"}, {name: "/abs", data: "3"},
			{name: `D:\d`, data: "4"}, {name: "twice", data: "5"}, {name: "twice", data: "6"}, {name: "Case", data: "7"}, {name: "case", data: "8"},
			{name: "con", data: "9"}, {name: "both", data: "10"}, {name: "both/in", data: "11"}, {name: strings.Repeat("d/", 200) + "x", data: "12"},
			{name: "bad\xff\xfe", data: "13"},
		}
		want := map[string]string{
			"%2E%2E/%2E%2E/Windows/evil.aspx": "1", "%2E%2E/up": "2", "abs": "3", "D/d": "4", "twice": "5", "twice~2": "6", "Case": "7", "case": "8",
			"con": "9", "both~2": "10", "both/in": "11", "bad\uFFFD": "13",
		}
		data := tarOf(t, files...)
		if kind == "zip" {
			files = append(files, file{name: "nu\x00l", data: "14"})
			want["nu%00l"] = "14"
			data = zipOf(t, files...)
		}
		src := open(t, write(t, data, t.TempDir(), "hostile."+kind), acquire.Config{})
		if diff := cmp.Diff(read(t, src), want); diff != "" {
			t.Errorf("%s: got-, want+:\n%s", kind, diff)
		}
		got := strings.Join(lost(src), "\n")
		for _, want := range []string{"climbs out", "used twice", "both a file and a folder", "128 folders"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no gap says %q: %s", kind, want, got)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	inner := zipOf(t, file{name: "x", data: "x"})
	for range 5 {
		inner = zipOf(t, file{name: "n.zip", data: string(inner)})
	}
	write(t, inner, dir, "deep", "n.zip")
	write(t, zipOf(t, file{name: "1"}, file{name: "2"}, file{name: "3"}, file{name: "4"}, file{name: "5"}), dir, "many", "n.zip")
	zeroes := string(make([]byte, 20<<20))
	write(t, zipOf(t, file{name: "zeroes", data: zeroes, method: zip.Deflate}), dir, "big", "n.zip")
	write(t, zstdOf(tarOf(t, file{name: "zeroes", data: zeroes}, file{name: "after", data: "a"})), dir, "bigtar", "n.tar.zst")
	write(t, xzOf([]byte(zeroes)), dir, "bigxz", "n.xz")

	src := open(t, filepath.Join(dir, "deep"), acquire.Config{})
	if files := read(t, src); len(files) != 1 || len(lost(src)) != 1 || !strings.Contains(lost(src)[0], "too many archives") {
		t.Errorf("depth: %q, lost %q", files, lost(src))
	}
	src = open(t, filepath.Join(dir, "many"), acquire.Config{MaxMembers: 3})
	if files := read(t, src); len(files) != 3 || len(lost(src)) != 1 || !strings.Contains(lost(src)[0], "limit of archive members") {
		t.Errorf("members: %q, lost %q", files, lost(src))
	}
	src = open(t, filepath.Join(dir, "big"), acquire.Config{MaxUnpacked: 1 << 20})
	if got := read(t, src)["n.zip/zeroes"]; !strings.Contains(got, "limit of 1048576 unpacked bytes") {
		t.Errorf("unpacked: %.100q", got)
	}
	src = open(t, filepath.Join(dir, "bigtar"), acquire.Config{MaxUnpacked: 1 << 20})
	read(t, src)
	if l := lost(src); len(l) != 1 || !strings.Contains(l[0], "limit of 1048576 unpacked bytes") {
		t.Errorf("unpacked: lost %q", l)
	}
	src = open(t, filepath.Join(dir, "bigxz"), acquire.Config{MaxUnpacked: 1 << 20})
	if got := read(t, src)["n.xz/n"]; !strings.Contains(got, "limit of 1048576 unpacked bytes") {
		t.Errorf("xz: %.100q", got)
	}
	// Reading the same bytes again is not more.
	src = open(t, filepath.Join(dir, "big"), acquire.Config{MaxUnpacked: 21 << 20})
	for range 3 {
		if got := read(t, src)["n.zip/zeroes"]; got != zeroes {
			t.Errorf("read %d bytes: %.100q", len(got), got)
		}
	}
}

func TestTruncated(t *testing.T) {
	rnd := noise(1_000_000)
	whole := tarOf(t, file{name: "first", data: line}, file{name: "last", data: string(rnd)})
	for name, data := range map[string][]byte{
		"a.tar": whole[:50_000], "a.tar.gz": gzipOf(whole)[:300_000], "a.tar.zst": zstdOf(whole)[:700_000], "a.tar.xz": xzOf(whole)[:300_000],
	} {
		src := open(t, write(t, data, t.TempDir(), name), acquire.Config{})
		files := read(t, src)
		if files["first"] != line {
			t.Errorf("%s: %.200q", name, files)
		}
		if got := strings.Join(lost(src), "\n"); !strings.Contains(got, "breaks off") {
			t.Errorf("%s: lost %q", name, got)
		}
	}
	between := whole[:1024] // the first file and no end
	for reason, data := range map[string][]byte{
		": the archive's end is missing: files may have stood behind the last one": between,
		": something follows the end of the archive: it is not read":               slices.Concat(tarOf(t, file{name: "first", data: line}), whole),
		": the archive is damaged behind its last file (gzip: invalid checksum)":   gzipOf(whole),
		"": whole,
	} {
		if strings.Contains(reason, "checksum") {
			data[len(data)-5]++
		}
		src := open(t, write(t, data, t.TempDir(), "a.tar"), acquire.Config{})
		files := read(t, src)
		if got := strings.Join(lost(src), "\n"); files["first"] != line || got != reason {
			t.Errorf("lost %q, want %q; %.200q", got, reason, files)
		}
	}
	src := open(t, write(t, gzipOf([]byte(strings.Repeat(line, 10_000)))[:900], t.TempDir(), "a.log.gz"), acquire.Config{})
	if got := read(t, src)["a.log"]; !strings.Contains(got, "unexpected EOF") {
		t.Errorf("gzip: %.100q", got)
	}
}

// noise does not compress.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

func TestNoTemporaryFileStays(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	data := noise(8 << 20) // so that the store must use the disk
	write(t, zipOf(t, file{name: "random", data: string(data), method: zip.Deflate}), dir, "a.zip")
	src, closer, err := acquire.Open(t.Context(), dir, acquire.Config{TempDir: tmp, MaxTemp: 9 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // each Close gives the space back
		f, err := src.FS.Open("a.zip/random")
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if _, err := f.(io.ReaderAt).ReadAt(buf, 5<<20); err != nil || !bytes.Equal(buf, data[5<<20:5<<20+100]) {
			t.Fatalf("other bytes, or %v", err)
		}
		f.Close()
	}
	src2, closer2, err := acquire.Open(t.Context(), dir, acquire.Config{TempDir: tmp, MaxTemp: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	f, err := src2.FS.Open("a.zip/random")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.(io.ReaderAt).ReadAt(make([]byte, 1), 0); err == nil || !strings.Contains(err.Error(), "temporary files") {
		t.Errorf("over the limit: %v", err)
	}
	f.Close()
	for _, c := range []io.Closer{closer, closer2, closer} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestSameGaps(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a.zip", "b.zip", "c.gz"} {
		write(t, []byte("damaged"), dir, "x", n)
	}
	var first []string
	for i := range 3 {
		src := open(t, dir, acquire.Config{})
		read(t, src)
		if l := lost(src); i == 0 {
			first = l
		} else if !slices.Equal(l, first) {
			t.Errorf("got %q, first %q", l, first)
		}
	}
	if len(first) != 3 {
		t.Errorf("lost %q", first)
	}
}

func TestManyArchives(t *testing.T) {
	dir := t.TempDir()
	z := zipOf(t, file{name: "a.log", data: line, method: zip.Deflate})
	for i := range 200 { // more than are kept open
		write(t, z, dir, "z"+string(rune('a'+i%26))+strings.Repeat("z", i/26)+".zip")
	}
	src := open(t, dir, acquire.Config{})
	files := read(t, src)
	if len(files) != 200 {
		t.Errorf("%d files", len(files))
	}
	for n, data := range files {
		if data != line {
			t.Errorf("%s: %q", n, data)
		}
	}
}

func TestAbsent(t *testing.T) {
	src := open(t, write(t, zipOf(t, file{name: "a", data: "a"}), t.TempDir(), "a.zip"), acquire.Config{})
	if _, err := src.FS.Open("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := acquire.Open(ctx, t.TempDir(), acquire.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A folder that is looked at more than once loses what it loses once.
func TestLostOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a right there")
	}
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.Symlink("nowhere", filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	src, closer, err := acquire.Open(t.Context(), dir, acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	for range 3 {
		if _, err := fs.ReadDir(src.FS, "."); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"a: symbolic link out of the evidence, in a circle or to nothing: not followed (and 1 more alike)"}
	if diff := cmp.Diff(lost(src), want); diff != "" {
		t.Error(diff)
	}
}

// Windows opens no file of a device's name; the gap says why, and what to do.
func TestDeviceNames(t *testing.T) {
	if runtime.GOOS != "windows" {
		t.Skip("names of devices are Windows'")
	}
	dir, err := os.MkdirTemp("", "") // Wine cannot remove a TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, name := range []string{"aux.php", "good.php"} {
		whole := `\\?\` + filepath.Join(dir, name)
		if err := os.WriteFile(whole, []byte("x"), 0o600); err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { os.Remove(whole) })
	}
	src, closer, err := acquire.Open(t.Context(), dir, acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if _, err := fs.ReadFile(src.FS, "good.php"); err != nil {
		t.Error(err)
	}
	if _, err := fs.ReadFile(src.FS, "aux.php"); err == nil || !strings.Contains(err.Error(), "keeps for devices") {
		t.Error("a device's name:", err)
	}
}
