// Package hostile writes folders of damaged and malicious files, for tests of
// programs that read what an intruder may have prepared. Nothing in them is
// code; they only try to crash, stall or mislead their reader.
package hostile

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// GoodLine is the one healthy line that every damaged IIS log of the folder
// holds: readers are to find it there. It is harmless traffic.
const GoodLine = "2021-03-03 04:11:22 10.0.0.1 GET /owa/auth/logon.aspx replaceCurrent=1 443 - 192.0.2.7 Mozilla/5.0 - 200 0 0 12"

const iisHead = "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n" +
	"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"

// BombSize is what Bomb unpacks to.
const BombSize = 4 << 30

// Write fills dir. Big files are sparse or packed: it takes some 10 MB and a
// second. What the system cannot hold, such as pipes on Windows, is left out.
func Write(dir string) error {
	noise := make([]byte, 200_000)
	rand.NewChaCha8([32]byte{'h'}).Read(noise)
	log := iisHead + GoodLine + "\r\n"
	utf := utf16.Encode([]rune("\uFEFF" + log))
	wide := make([]byte, 0, 2*len(utf))
	for _, u := range utf {
		wide = append(wide, byte(u), byte(u>>8))
	}
	evtx := append([]byte("ElfFile\x00"), make([]byte, 4088)...)
	traversal, err := traversalZip(log)
	if err != nil {
		return err
	}
	escaping, err := escapingTar(log)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"logs/u_ex210301.log":                        {},
		"logs/u_ex210302.log":                        noise,
		"logs/u_ex210303.log":                        []byte(log + "2021-03-03 04:11:2"),
		"logs/u_ex210304.log":                        []byte(log + "2021-03-03 04:12:00 10.0.0.1 GET /\xff\xfe\xc0\xaf - 443 - 192.0.2.7 \xed\xa0\x80 - 200 0 0 1\r\n"),
		"logs/u_ex210305.log":                        wide,
		"logs/u_ex210306.log":                        []byte(strings.ReplaceAll(log, "\r\n", "\r\n\x00\x00\x00")),
		"logs/u_ex210307.log":                        []byte("#Fields: " + strings.Repeat("a ", 100_000) + "\r\n" + strings.Repeat("1 ", 100_000) + "\r\n"),
		"logs/u_ex\x1b[31m.log":                      []byte(log),
		"evtx/zero.evtx":                             {},
		"evtx/random.evtx":                           noise,
		"evtx/header.evtx":                           evtx,
		"evtx/chunk.evtx":                            append(append(bytes.Clone(evtx), "ElfChnk\x00"...), noise[:65528]...),
		"web/noise.aspx":                             noise,
		"web/deep.aspx":                              []byte("<%" + strings.Repeat("(", 200_000)),
		"web/zero.aspx":                              {},
		"config/applicationHost.config":              []byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;&b;">]><configuration>` + strings.Repeat("<a>", 50_000)),
		"setup/ExchangeSetup.log":                    []byte("[03/02/2021 10:00:00.0000] [0] \x00\x00 cut"),
		"archives/zero.zip":                          {},
		"archives/noise.zip":                         noise,
		"archives/cut.zip":                           traversal[:len(traversal)-40],
		"archives/traversal.zip":                     traversal,
		"archives/escaping.tar":                      escaping,
		"archives/cut.tar":                           escaping[:700],
		"archives/cut.tar.gz":                        {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2},
		"archives/noise.tar.zst":                     append([]byte{0x28, 0xb5, 0x2f, 0xfd}, noise[:100]...),
		"archives/bomb.zip":                          Bomb(),
		"archives/overlap.zip":                       overlapZip(1000),
		strings.Repeat("d/", 100) + "u_ex210308.log": []byte(log),
	}
	for name, data := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, data, 0o644); err != nil && !strings.Contains(name, "\x1b") {
			return err
		}
	}
	if err := sparseFile(filepath.Join(dir, "logs", "u_ex210309.log"), log, 2<<30); err != nil {
		return err
	}
	return errors.Join(special(dir)...)
}

// sparseFile is one healthy log whose last line is size bytes of NUL: what a
// crash of Windows leaves, but bigger.
func sparseFile(name, start string, size int64) error {
	if err := os.WriteFile(name, []byte(start), 0o644); err != nil {
		return err
	}
	return os.Truncate(name, size)
}

func traversalZip(log string) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range []string{`..\..\..\Windows\win.ini`, "../../../../etc/passwd", "/etc/shadow", `C:\inetpub\logs\u_ex210303.log`, "nul\x00.log",
		"CON", "aux.log", "twice.log", "twice.log", "Twice.log", "file", "file/under", strings.Repeat("long/", 500) + "x", "trailing. "} {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, log)
		}
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return buf.Bytes(), err
}

func escapingTar(log string) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range []tar.Header{
		{Name: "../../out.log", Typeflag: tar.TypeReg, Size: int64(len(log))},
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "../../../../etc/passwd"},
		{Name: "loop", Typeflag: tar.TypeSymlink, Linkname: "loop"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"},
		{Name: "pipe", Typeflag: tar.TypeFifo},
		{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
		{Name: "u_ex210303.log", Typeflag: tar.TypeReg, Size: int64(len(log))},
	} {
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if h.Size > 0 {
			io.WriteString(w, log)
		}
	}
	err := w.Close()
	return buf.Bytes(), err
}

// Bomb is a zip of one log of BombSize bytes, in a thousandth of it.
func Bomb() []byte {
	const piece = 1 << 20
	zeroes := make([]byte, piece)
	packed := deflated(zeroes)
	var data bytes.Buffer
	sum := crc32.NewIEEE()
	for range BombSize / piece {
		data.Write(packed)
	}
	data.Write([]byte{3, 0}) // the final, empty block
	sum.Write(zeroes[:1])    // wrong: nobody is to get that far
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "u_ex210303.log", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(data.Len()), UncompressedSize64: BombSize})
	if err != nil {
		panic(fmt.Sprint("writing to memory: ", err))
	}
	f.Write(data.Bytes())
	w.Close()
	return buf.Bytes()
}

// deflated packs data into blocks that may be followed by more.
func deflated(data []byte) []byte {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(data)
	w.Flush()
	return buf.Bytes()
}

// overlapZip lists the same 8 MiB n times (David Fifield, A better zip bomb,
// USENIX WOOT 2019, without its quoting).
func overlapZip(n int) []byte {
	zeroes := make([]byte, 8<<20)
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	packed := append(deflated(zeroes), 3, 0)
	h := &zip.FileHeader{Name: "0000.log", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(zeroes),
		CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(zeroes))}
	f, err := w.CreateRaw(h)
	if err != nil {
		panic(fmt.Sprint("writing to memory: ", err))
	}
	f.Write(packed)
	w.Close()
	data := buf.Bytes()
	start := bytes.LastIndex(data, []byte("PK\x01\x02"))
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	entry, tail := bytes.Clone(data[start:end]), bytes.Clone(data[end:])
	out := bytes.Clone(data[:start])
	for i := range n {
		copy(entry[46:], fmt.Sprintf("%04d", i)) // APPNOTE 4.3.12: the name follows 46 bytes
		out = append(out, entry...)
	}
	size := n * len(entry)
	for i, v := range []int{n, n} { // APPNOTE 4.3.16
		tail[8+2*i], tail[9+2*i] = byte(v), byte(v>>8)
	}
	tail[12], tail[13], tail[14], tail[15] = byte(size), byte(size>>8), byte(size>>16), byte(size>>24)
	return append(out, tail...)
}
