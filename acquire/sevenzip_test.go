package acquire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz/lzma"
)

// Archives by 7-Zip 16.02 of Debian's p7zip. mixed: two logs in one solid, an
// empty file, an empty folder, a symbolic link. lzma: the same logs with LZMA,
// a solid each. bcj, bcj2: a program. secret: a log, encrypted, and an empty
// file; hidden: with the list encrypted too. ppmd: a log.
var made7z = map[string]string{
	"mixed": `N3q8ryccAASfqny2EQEAAAAAAAAiAAAAAAAAAJbCYZPgBmoAVl0AOAuIp8OLh8LZkIgsVCl6mnNdRXwdM9Rx+v/4HEF8lMgrVTnLKiczivI4WcEZYeYcaWlliWeMCUfzHF05BkoCq7CVHGqhOjfSyG
Rri4pea8S49TZStgAAAACBMweuD9N2FX1AwJDS/31pTY/fNf1msMbEtZigxWsbXF9T/MRZ8ncvc3ROkNRmEov7nqzXTVEE6xFgiG9CvmFsgu89X3Lxur4TTn7+F/O//zlh+7A9gvC2qcmk/KvC60Uo
845uuJMV5zjYZ176s2dbMPhJRc4pMGwquZPYvZRFWAhRy5bC8HJtYUTcJLpCox0aEOJGcO9GZ05qDbdbxm1lxOXWlhevCyekQPXBNOcAAAAXBl4BCYCzAAcLAQABIwMBAQVdABAAAAyBBgoBL7+Hbg
AA`,
	"lzma": `N3q8ryccAASyxYj4GwEAAAAAAAAjAAAAAAAAAL0Q0dUAGQwCkjSEPzKO7hGDySkI5xO5Cvn+cNVmha38OVsSByBUt9hmfXjo6s8zrh/XRwPjJlLQtWqUJrmnuSoo6HCQmLsQv5QAABkMApI0hD8yju
4Rg8kpCOcTuQr5/nDVZoWt/DlbEgcgVLfYZn146OrPM64f10cD4yZS0LVqlCa5p7kqKOhwkJi7FtIg0FOIDMao8Bu8PC0AAACBMweuMZxEbwtYhUPhMfotoj5laO2nGQRC1U212uupgPjfPGjNxkx6
MVXcIoNcaio15LTIF4r2K9Bx0nyX74BV+9o+BRrMCb/liL0ThTK+VKlRUZMu6KQ33JY6TVH6UGrIsDpTn8zg087zKdlObIYm8lGRHYkX+dNPxiY0xlFhAAAAFwaAlwEJgIQABwsBAAEjAwEBBV0AEA
AADIC6CgEnMarPAAA=`,
	"bcj": `N3q8ryccAASCgEp7QAIAAAAAAABSAAAAAAAAAJaZ07LgBe8COF0AdJKAYBADtob2l0We+KbtM+HExvG2lyUiq6SPBpQVtEnlghpFqqaXTjk6cFjGH1XbxtHEY4GI80y+RxG/jsrSMOZIRyS7ASdmqf
+GdlXZG3IDIPA3AZ5Eq3H8U8n0M7lzivlNfdKwes/7xIZ3Y9ql1OBjKoYFBd/qJ032bOdxULN+LBHoPChSiM15I6cbJ3RQww8WZNJW25OiZEbt1oCGdDqKEucAVlCEFrBAAIE5ig8OzSevpA+EluL+
8lXbWrThwJL+AKn8IzM6dOkrVgWq3/xhW16udwapimtJfWDlBwzMZ5b0bufGvBMIfDjWBHl+mdAKn+6DLqh0zk2PftXOoCxx3M/380johNXjmva9XlyTK4rVjtxuUFbIFS+/T9mdzfS4p9aCET9hDw
m6N9qxlD1FuW2sXwVqWij6otaY73zzwxXH5+KBMytreq/NZh5u8yVEUHeU/ETdIDaXJyQiNq8sMFlw975KBnFaX/pkJcH9nZLBEiDc9tAUxa7OTtKdIxalOVYjFCfp1OiO0W3WmrFD8kouu9cIbrUJ
8Ylbp3YkdjU9vFcz+zIOpD0h3cYRUozBnFaTCmFX8bwa648Qha428ANEiDgO1vsEvtDAmTjgUkN3SREF4HpKqNXBgkm4/uWm8/GwQB2JpdHH3XsFhMrmBubipFz64ArHptuy01pfd2NPpBOUQTvlY/
zNfWxt1MsNDf8gEyWtcbMsv3IEIPkvTFpL+5stXsFlDN26BQKLjL/jrrDqAAABBAYAAQmCQAAHCwEAAiEhAQAEAwMBAwEADIXwhfAACAoBWr0IBgAABQEZAQARDQBwAC4AZQB4AGUAAAAUCgEAAMXd
ZOIP1wEVBgEAIICkgQAA`,
	"bcj2": `N3q8ryccAASfL+UA8AEAAAAAAACCAAAAAAAAABfZvy4AdJFAYBADtm0Ma2TBs6U6MdY8YmmaZ/Bj4SenZc4dh92vL9GLvmQlV23wufvlaEwy1uL9GFNqa4cuyBVPbtCTrLFhaLM9QZURMMaXQpgoeA
OvS4O1NvHAyTkTvXB4nySif4j56e2gnWjgp2qtakKHqZg8GzVhFYVj6OAx+JzztQP11bCY5/JKIgQCdEBUHYa+YvDgVJbS1QoAEsEAM/tfSRLEz6oUaKfgjsqlHY3YNlekQUdwr+zAYiCSzLuOOIq6
bhQw6QB7VRKyA7Wktq+p+LrQCmRYmkUDnKH2wRhUWECEucouWv+i5I9O7sJ3s7kbq/ni4Ps/B2WgFwpeFucKa/BGCxkxdixzrCF31vNI/8IlZeXaiAgFDrAfW8rkWCNKD61NTF7MiMFS4KWBRUCpym
VvnxeiqQRbkQZkRfsa/5Vk3RiKicVq7lL8kW5Ifc3CAFOu6mVg6AF3ZvezsXoj62bLKQq1LRhjJ65yv8o1iKnA4vtKBO9uapn7flRp8UVhUCSSBa7+muX8o2MDbni87xYP4Zy7aUTC4AfYhCy0NSS8
I2H+s9mU4RfY1mWwXnT7M0/KoF8PnlwCRxMbCzOj82ZfzBEvaUNbJ2Dq3ZqLIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQQGAAQJgdEVBQUABwsBAAQjAwEBBV0AEAAAIwMBAQVdAB
AAACMDAQEFXQAQAAAUAwMBGwQBBQAEAQMCAgYBAAwAAIXwhfAACAoBWr0IBgAABQEZCAAAAAAAAAAAEQ0AcAAuAGUAeABlAAAAFAoBAADF3WTiD9cBFQYBACCApIEAAA==`,
	"secret": `N3q8ryccAAQKkDK51wAAAAAAAAAiAAAAAAAAAMNHGrEhSc0ewBoAKPUEx6l3XWIBLS7KJodxu+K1mItQTR/A3oRTl9bt2P4UUasoYyrL7CP+df9vLRurZDra8ZGol/JEkyjb2w/YBu5Pm8NVDsE6BA
AAgTMHrg/SwW/9QLuUZDs5pHrnaiJtCalqvZgVDZY1PaAprRznxJu2k4yNd4mdCnesMlhV3TMRBl3OoWnmkpBFZMyjUBGKw83Jz7xafi45BsIMv0k6nQh9Coe1S8gzXEEIWC+nv5dT62ECb5ztDfFF
usIGlaIkD2d7RMVK9RoLVNVV5wAAABcGUAEJgIcABwsBAAEjAwEBBV0AEAAADICeCgHoJcRaAAA=`,
	"hidden": `N3q8ryccAATxBRSB0AAAAAAAAAAvAAAAAAAAAPPg7uR7NAdtq4bxbIrV4n4PQa/lYkphSGialmj2F8rdKuO1Sk919MLkur8iV/oZLq47vYobkXfKlVAwWpEtnv3Jvt/6V5PrgUWqWBHZd/GoJq/sTw
xLBlVW+LUfxhRgH/UxXO8JZ3a6+7Isa0E31f2/fvsaoOfu3KY72z2aEl5ooTHm9oWPX6rRUeEVu/w68ouBgyfWceJopzAX6jbCCxr9RXUL3Ts/5z+Hnd1xlvq4/gb/n0TZZNqn1osX3xiyu6ELEvRc
wZmbUTyw8zZku7YiTmkpFwZQAQmAgAAHCwEAASQG8QcBElMPUeyODbMflFCvBJ1I1l2HJQxyCgEtQBtiAAA=`,
	"ppmd": `N3q8ryccAAR10H4HPQAAAAAAAABiAAAAAAAAAKbhNckAMf1MR4R9zXL3IrYnUBr1BABzwRTt3GBb4lItAiTL8lh+hzySbv4LfUO5pTUa+iB7Pz5ACGQlKckFnMgAAQQGAAEJPQAHCwEAASMDBAEFBg
AAAQAMTgAICgFq3fRnAAAFARkGAAAAAAAAERcAbABvAGcAcwAvAGIALgBsAG8AZwAAABkEAAAAABQKAQAAxd1k4g/XARUGAQAggKSBAAA=`,
}

// program is what bcj and bcj2 hold: calls and jumps, some of them none.
func program() string {
	var b []byte
	for i := range 120 {
		b = append(b, byte(0xe8+min(1, max(0, 1-i%5))))
		b = binary.LittleEndian.AppendUint32(b, uint32(0x12345-5*i*(1+i%3)-(i%2)*0x20000))
		b = append(b, "\x90\x90\x90"[:i%4]...)
	}
	for i := range 40 {
		b = append(b, 0x0f, byte(0x80+i%16))
		b = binary.LittleEndian.AppendUint32(b, uint32(0x2345-6*i))
	}
	for i := range 100 {
		b = append(b, []byte{0xe8, 0xff, byte(i % 3 * 127), 0, 0xe9, 0, 0xff}[:3+i%5]...)
	}
	return string(b)
}

// number writes a number of a list in its longest form.
func number(n uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{0xff}, n) }

func cat(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// sevenZipOf puts packed bytes and the list after them into an archive.
func sevenZipOf(packed, list []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(list)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(list))
	head := binary.LittleEndian.AppendUint32([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), crc32.ChecksumIEEE(start))
	return cat(head, start, packed, list)
}

var storedCoder = []byte{1, 1, 0} // one coder, a method of one byte: copy

func lzma2Coder(dict byte) []byte { return []byte{1, 0x21, 0x21, 1, dict} }

// streamsOf lists one solid of files of these sizes.
func streamsOf(packed int, coders []byte, size uint64, sizes ...uint64) []byte {
	b := cat(packInfo7z, 0, 1, sizes7z, number(uint64(packed)), end7z,
		unpackInfo7z, folder7z, 1, 0, coders, unpackSizes7z, number(size), end7z,
		subStreams7z, numStreams7z, number(uint64(len(sizes))), sizes7z)
	for _, n := range sizes[:len(sizes)-1] {
		b = append(b, number(n)...)
	}
	return append(b, end7z, end7z)
}

func filesOf(names ...string) []byte {
	text := []byte{0}
	for _, n := range names {
		for _, u := range utf16.Encode([]rune(n + "\x00")) {
			text = binary.LittleEndian.AppendUint16(text, u)
		}
	}
	return cat(files7z, number(uint64(len(names))), names7z, number(uint64(len(text))), text, end7z, end7z)
}

// stored7z keeps files, by name and content in turn, in one solid.
func stored7z(files ...string) []byte {
	var data []byte
	var names []string
	var sizes []uint64
	for i := 0; i < len(files); i += 2 {
		names = append(names, files[i])
		sizes = append(sizes, uint64(len(files[i+1])))
		data = append(data, files[i+1]...)
	}
	return sevenZipOf(data, cat(header7z, streams7z, streamsOf(len(data), storedCoder, uint64(len(data)), sizes...), filesOf(names...)))
}

// lzma2Of holds one file, by LZMA2.
func lzma2Of(t *testing.T, data []byte, coder []byte, size uint64) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := lzma.NewWriter2(&buf)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return sevenZipOf(buf.Bytes(), cat(header7z, streams7z, streamsOf(buf.Len(), coder, size, size), filesOf("a.log")))
}

// contents reads all of an archive. A file that cannot be read has its error
// for content.
func contents(t *testing.T, r io.ReaderAt, size int64, cfg Config) (files map[string]string, gaps string, err error) {
	t.Helper()
	b := newBody(t.Context(), cfg)
	defer b.Close()
	tree, err := b.openArchive(sevenZip, r, size, "a.7z", "")
	if err != nil {
		return nil, "", err
	}
	files = map[string]string{}
	fsys := newNest(b, tree, "", 3)
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		files[p] = string(data)
		if err != nil {
			files[p] = "error: " + err.Error()
		}
		return nil
	})
	for _, g := range b.gaps.list() {
		gaps += g.Error() + "\n"
	}
	return files, gaps, err
}

func contentsOf(t *testing.T, data []byte) (files map[string]string, gaps string, err error) {
	t.Helper()
	return contents(t, bytes.NewReader(data), int64(len(data)), Config{})
}

func TestSevenZip(t *testing.T) {
	logs := map[string]string{"logs/u_ex210303.log": strings.Repeat(entry, 20), "logs/b.log": entry}
	mixed := maps.Clone(logs)
	mixed["empty.txt"] = ""
	for name, test := range map[string]struct {
		files map[string]string
		gap   string
	}{
		"mixed":  {mixed, "link: symbolic link: not followed"},
		"lzma":   {logs, ""},
		"bcj":    {map[string]string{"p.exe": program()}, ""},
		"bcj2":   {map[string]string{"p.exe": program()}, ""},
		"secret": {map[string]string{"empty.txt": ""}, "logs/b.log: password-protected"},
	} {
		files, gaps, err := contentsOf(t, decode(t, made7z[name]))
		if diff := cmp.Diff(files, test.files); diff != "" || err != nil {
			t.Errorf("%s: %v, got-, want+:\n%s", name, err, diff)
		}
		if !strings.Contains(gaps, test.gap) || test.gap == "" && gaps != "" {
			t.Errorf("%s: lost %q", name, gaps)
		}
	}
	for name, want := range map[string]string{"hidden": "password-protected", "ppmd": "packed with PPMd, which"} {
		files, gaps, err := contentsOf(t, decode(t, made7z[name]))
		if got := fmt.Sprint(gaps, err); len(files) > 0 || !strings.Contains(got, want) {
			t.Errorf("%s: %d files, %s", name, len(files), got)
		}
	}
	// Archives inside each other.
	outer := stored7z("in/a.7z", string(decode(t, made7z["lzma"])), "b.xz", string(decode(t, streams)))
	files, gaps, err := contentsOf(t, outer)
	want := map[string]string{"b.xz/b": strings.Repeat(entry, 12)}
	for n, data := range logs {
		want["in/a.7z/"+n] = data
	}
	if diff := cmp.Diff(files, want); diff != "" || gaps != "" || err != nil {
		t.Errorf("nested: %v, lost %q, got-, want+:\n%s", err, gaps, diff)
	}
}

func TestSevenZipTime(t *testing.T) {
	b := newBody(t.Context(), Config{})
	defer b.Close()
	data := decode(t, made7z["mixed"])
	tree, err := b.openArchive(sevenZip, bytes.NewReader(data), int64(len(data)), "a.7z", "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := fs.Stat(tree, "logs/b.log")
	if got := info.ModTime().Format("2006-01-02T15:04:05Z07:00"); err != nil || got != "2021-03-03T04:05:06Z" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestSevenZipNames(t *testing.T) {
	files, gaps, err := contentsOf(t, stored7z(
		`..\..\Windows\evil.aspx`, "1", "../up", "2", "/abs", "3", `D:\d`, "4", "twice", "5", "twice", "6", "Case", "7", "case", "8",
		"con", "9", "both", "10", "both/in", "11", strings.Repeat("d/", 200)+"x", "12", "", "13", "..", "14",
		"uploads/auto/C%3A/a.log", "15", strings.Repeat("n", 5000), "16",
	))
	want := map[string]string{
		"%2E%2E/%2E%2E/Windows/evil.aspx": "1", "%2E%2E/up": "2", "abs": "3", "D/d": "4", "twice": "5", "twice~2": "6", "Case": "7", "case": "8",
		"con": "9", "both~2": "10", "both/in": "11", "%2E%2E~2": "14", "uploads/auto/C/a.log": "15",
	}
	if diff := cmp.Diff(files, want); diff != "" || err != nil {
		t.Errorf("%v, got-, want+:\n%s", err, diff)
	}
	for _, want := range []string{"climbs out", "used twice", "both a file and a folder", "128 folders", "unusable name: empty", "more than 4,096 bytes"} {
		if !strings.Contains(gaps, want) {
			t.Errorf("no gap says %q: %s", want, gaps)
		}
	}
}

// Counts and sizes are the sender's to choose. What they ask for is not
// reserved, and told.
func TestSevenZipLies(t *testing.T) {
	const huge = 1 << 40
	one := streamsOf(1, storedCoder, 1, 1)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"streams":      {sevenZipOf(nil, cat(header7z, streams7z, packInfo7z, 0, number(huge), sizes7z)), "limit of archive members"},
		"some streams": {sevenZipOf(nil, cat(header7z, streams7z, packInfo7z, 0, number(900_000), sizes7z, 1, 2)), "list of its files is damaged"},
		"folders":      {sevenZipOf(nil, cat(header7z, streams7z, unpackInfo7z, folder7z, number(huge), 0)), "limit of archive members"},
		"parts":        {sevenZipOf([]byte{1}, cat(header7z, streams7z, one[:len(one)-12], number(huge), end7z, end7z)), "limit of archive members"},
		"all parts":    {sevenZipOf([]byte{1}, cat(header7z, streams7z, one[:len(one)-12], number(1<<63+1), end7z, end7z)), "limit of archive members"},
		"files":        {sevenZipOf([]byte{1}, cat(header7z, streams7z, one, files7z, number(huge), names7z, 5, 0, 'a', 0, 0, 0, end7z, end7z)), "list of its files is damaged"},
		"names":        {sevenZipOf([]byte{1}, cat(header7z, streams7z, one, files7z, 1, names7z, number(huge))), "list of its files is damaged"},
		"properties":   {sevenZipOf(nil, cat(header7z, streams7z, packInfo7z, 0, 1, sizes7z, 0, end7z, unpackInfo7z, folder7z, 1, 0, 1, 0x21, 0x21, number(huge))), "list of its files is damaged"},
		"coders":       {sevenZipOf(nil, cat(header7z, streams7z, packInfo7z, 0, 1, sizes7z, 0, end7z, unpackInfo7z, folder7z, 1, 0, number(huge))), "list of its files is damaged"},
		"beyond":       {sevenZipOf([]byte{1}, cat(header7z, streams7z, streamsOf(1000, storedCoder, 1000, 1000), filesOf("a"))), "list of its files is damaged"},
		"overflow":     {sevenZipOf([]byte{1}, cat(header7z, streams7z, streamsOf(-1, storedCoder, 1, 1), filesOf("a"))), "list of its files is damaged"},
		"negative":     {sevenZipOf([]byte{1}, cat(header7z, streams7z, streamsOf(1, storedCoder, 1, 5, 1), filesOf("a", "b"))), "list of its files is damaged"},
		"size":         {lzma2Of(t, []byte(entry), lzma2Coder(24), huge), "impossible size"},
		"bomb":         {sevenZipOf(make([]byte, 64<<10), cat(header7z, streams7z, streamsOf(64<<10, lzma2Coder(24), 2<<30, 2<<30), filesOf("a"))), "archive bomb"},
		"dictionary":   {sevenZipOf(make([]byte, 64<<10), cat(header7z, streams7z, streamsOf(64<<10, lzma2Coder(40), 300<<20, 300<<20), filesOf("a"))), "dictionary of over"},
		"list":         {sevenZipOf([]byte{1}, cat(packed7z, streamsOf(1, lzma2Coder(40), huge, huge))), "longer than 64 MiB"},
		"far list": {func() []byte {
			b := stored7z("a", "b")
			binary.LittleEndian.PutUint64(b[12:], huge)
			binary.LittleEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[12:32]))
			return b
		}(), "all its volumes joined"},
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, test := range tests {
		files, gaps, err := contentsOf(t, test.data)
		if got := fmt.Sprint(files, gaps, err); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %.300s", name, got)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

func TestSevenZipLimits(t *testing.T) {
	var buf bytes.Buffer
	w, err := lzma.NewWriter2(&buf)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 20<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list := cat(header7z, streams7z, streamsOf(buf.Len(), lzma2Coder(20), 20<<20, 1<<20, 19<<20), filesOf("first", "last"))
	data := sevenZipOf(buf.Bytes(), list)
	files, gaps, err := contents(t, bytes.NewReader(data), int64(len(data)), Config{MaxUnpacked: 2 << 20})
	if files["first"] != string(make([]byte, 1<<20)) || len(files["last"]) > 1<<20 || !strings.Contains(gaps, "last: the archive breaks off or is damaged here (limit of 2097152 unpacked bytes") || err != nil {
		t.Errorf("unpacked: %d bytes, %q, %v", len(files["last"]), gaps, err)
	}
	data = stored7z("1", "", "2", "2", "3", "3", "4", "4")
	if _, gaps, err := contents(t, bytes.NewReader(data), int64(len(data)), Config{MaxMembers: 3}); !strings.Contains(fmt.Sprint(gaps, err), "limit of archive members") {
		t.Errorf("members: %q, %v", gaps, err)
	}
}

// reads counts what is read.
type reads struct {
	r io.ReaderAt
	n int
}

func (r *reads) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.r.ReadAt(p, off)
	r.n += n
	return n, err
}

// However its files are read, a solid is unpacked once.
func TestSevenZipOnce(t *testing.T) {
	var files []string
	for i := range 100 {
		files = append(files, fmt.Sprintf("%03d.log", i), strings.Repeat(entry, 100))
	}
	data := stored7z(files...)
	b := newBody(t.Context(), Config{})
	defer b.Close()
	in := &reads{r: bytes.NewReader(data)}
	tree, err := b.openArchive(sevenZip, in, int64(len(data)), "a.7z", "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i := 99; i >= 0; i-- {
			got, err := fs.ReadFile(tree, files[2*i])
			if string(got) != files[2*i+1] || err != nil {
				t.Fatalf("%s: %d bytes, %v", files[2*i], len(got), err)
			}
		}
	}
	if in.n > len(data)+1024 {
		t.Errorf("%d bytes read of %d", in.n, len(data))
	}
}

// An archive that is cut or changed is refused, or says what of it is damaged.
func TestSevenZipDamaged(t *testing.T) {
	for _, name := range []string{"mixed", "lzma", "bcj", "bcj2"} {
		data := decode(t, made7z[name])
		want, lost, err := contentsOf(t, data)
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			if files, _, err := contentsOf(t, data[:n]); err == nil {
				t.Errorf("%s cut at %d: %d files", name, n, len(files))
			}
		}
		for i := 6; i < len(data); i++ {
			flipped := bytes.Clone(data)
			flipped[i] ^= 1 << (i % 8)
			files, gaps, err := contentsOf(t, flipped)
			if diff := cmp.Diff(files, want); diff != "" && err == nil && gaps == lost && !strings.Contains(fmt.Sprint(files), "error: ") {
				t.Errorf("%s: bit %d of byte %d: other content, and nothing said", name, i%8, i)
			}
		}
	}
}
