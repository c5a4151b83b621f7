package acquire

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// FuzzArchive opens anything that may be an archive and reads all of it. What
// cannot be read is an error or a gap; names stay inside, limits hold.
func FuzzArchive(f *testing.F) {
	var z, t bytes.Buffer
	zw, tw := zip.NewWriter(&z), tar.NewWriter(&t)
	for _, name := range []string{"uploads/auto/C%3A/a.log", `..\b`, "c/d", "c"} {
		w, err := zw.Create(name)
		if err != nil {
			f.Fatal(err)
		}
		io.WriteString(w, "2021-03-03 04:11:22 GET /\r\n")
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: 4, Mode: 0o644}); err != nil {
			f.Fatal(err)
		}
		io.WriteString(tw, "data")
	}
	zw.Close()
	tw.Close()
	var g bytes.Buffer
	gw := gzip.NewWriter(&g)
	gw.Write(t.Bytes())
	gw.Close()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{z.Bytes(), t.Bytes(), g.Bytes(), e.EncodeAll(t.Bytes(), nil), []byte("BZh91AY&SY"), decode(f, streams)} {
		f.Add(seed)
	}
	e.Close()
	for _, name := range slices.Sorted(maps.Keys(made7z)) {
		f.Add(decode(f, made7z[name]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBody(t.Context(), Config{MaxUnpacked: 1 << 20, MaxMembers: 100, MaxTemp: 1 << 20})
		defer b.Close()
		r := bytes.NewReader(data)
		k, err := sniff(r)
		if err != nil || k == notArchive {
			return
		}
		tree, err := b.openArchive(k, r, r.Size(), "fuzz.gz", "fuzz.gz")
		if err != nil {
			return
		}
		total := int64(0)
		err = fs.WalkDir(newNest(b, tree, "", 1), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if !fs.ValidPath(p) || strings.Contains("/"+p+"/", "/../") {
				t.Errorf("path %q", p)
			}
			file, err := tree.Open(p)
			if err != nil {
				return nil // in an archive of the archive
			}
			defer file.Close()
			n, err := io.Copy(io.Discard, file)
			total += n
			info, _ := file.Stat()
			if err == nil && k != gzipKind && k != zstdKind && k != bzip2Kind && k != xzKind && n != info.Size() {
				t.Errorf("%s: read %d of %d bytes without an error", p, n, info.Size())
			}
			file.(io.ReaderAt).ReadAt(make([]byte, 10), 3)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if total > 2<<20+int64(len(data))*100 { // stored members may overlap
			t.Errorf("%d bytes read from %d", total, len(data))
		}
	})
}

// FuzzSevenZip reads lists that are as their checksum says, which FuzzArchive
// hardly ever makes.
func FuzzSevenZip(f *testing.F) {
	for _, name := range slices.Sorted(maps.Keys(made7z)) {
		data := decode(f, made7z[name])
		b := newBody(f.Context(), Config{})
		list, err := b.newTree("", 0).list7z(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			f.Add(data[32:], cat(header7z, list))
		}
		b.Close()
	}
	f.Fuzz(func(t *testing.T, packed, list []byte) {
		if len(list) == 0 {
			return
		}
		cfg := Config{MaxUnpacked: 1 << 20, MaxMembers: 100, MaxTemp: 1 << 20}
		data := sevenZipOf(packed, list)
		files, _, _ := contents(t, bytes.NewReader(data), int64(len(data)), cfg)
		total := 0
		for _, data := range files {
			total += len(data)
		}
		if len(files) > 200 || total > 3<<20 {
			t.Errorf("%d bytes in %d files", total, len(files))
		}
	})
}

// FuzzName checks that no member's name leads out of its archive.
func FuzzName(f *testing.F) {
	for _, s := range []string{`..\..\x`, "/etc/passwd", `C:\x`, "uploads/ntfs/%5C%5C.%5CC%3A/x", "a/%2E%2E/b", "a\x00b", "%2F..%2F", "\xff/x"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, name string, velociraptor bool) {
		p, _, ok := memberPath(name, velociraptor)
		if ok && (!fs.ValidPath(p) || p == ".") {
			t.Errorf("%q became %q", name, p)
		}
	})
}
