package acquire

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
)

func decode(t testing.TB, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const entry = "2021-03-03 04:11:22 10.0.0.1 POST /ecp/y.js - 443 - 192.0.2.7 - - 200 0 0 12\r\n"

// streams is entry 12 times, by xz 5.4.1 in four streams: two blocks with
// their sizes and CRC64 (-T2 --block-size=240), padding, SHA-256, no check,
// padding, CRC32 and a dictionary of 1.5 GiB for 156 bytes.
const streams = `
/Td6WFoAAATm1rRGA8BQ8AEhARYAAAAADP6cA+AA7wBIXQAZDAKSNIQ/Mo7uEYPJKQjnE7kK+f5w1WaFrfw5WxIHIFS32GZ9eOjqzzOuH9dHA+MmUtC1apQmuae5KijocJCYuxatht0DgAAAdjwBma
hUG3cDwFHkASEBFgAAAABPhnId4ADjAEldABmLQmXPaDW6pPXE0L9eRm3VMr6z+HyzLjLlrVm+Hhq6Z3GjhtbowPm9qENtfUh7kNi9cGWQUzULgQQvn4wKhzdSotQyiDQgAAAAAAAAlI7oyNiXKHMA
AmjwAWnkAZ6CgeyxxGf7AgAAAAAEWVoAAAAAAAAAAP03elhaAAAK4fsMoQIAIQEWAAAAdC/lo+AAmwBIXQAZDAKSNIQ/Mo7uEYPJKQjnE7kK+f5w1WaFrfw5WxIHIFS32GZ9eOjqzzOuH9dHA+MmUt
C1apQmuae5KijocJCYuxaR1CEDgAAALQzmOWP8QTy226R7saE85SqvzURrWdOMK8rUfGHL8D4AAXycAQAAABO0/xO26d8cAgAAAAAKWVr9N3pYWgAAAP8S2UECACEBDAAAAI+YQZzgAJsASV0AGQwC
kjSEPzKO7ctFFWe++MLY/oDoA04N06ut1PLglf1iiWjCDmzZmGbj7GRWTKkpPl1LqUXBAOmyPti5Sfw4YOyn95+TCaiwAAAAAAAAAV2cAQAAAIBiD9+oAAr8AgAAAAAAWVoAAAAA/Td6WFoAAAFpIt
42AgAhASUAAAA7eHtB4ACbAEhdABkMApI0hD8yju4Rg8kpCOcTuQr5/nDVZoWt/DlbEgcgVLfYZn146OrPM64f10cD4yZS0LVqlCa5p7kqKOhwkJi7FpHUIQOAAAC3t8w5AAFgnAEAAADzdutnPjAN
iwIAAAAAAVla`

// filtered is "a\n" through the x86 filter.
const filtered = `/Td6WFoAAATm1rRGAgEEACEBFgANhjUfAQABYQoAAAATRz+4k51F1AABGgLcLqV+H7bzfQEAAAAABFla`

func unpackXZ(data []byte) (string, error) {
	x, err := newXZ(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	defer x.Close()
	got, err := io.ReadAll(x)
	return string(got), err
}

func TestXZ(t *testing.T) {
	data, want := decode(t, streams), strings.Repeat(entry, 12)
	if got, err := unpackXZ(data); got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := unpackXZ(decode(t, filtered)); err == nil || !strings.Contains(err.Error(), "filter beside LZMA2") {
		t.Errorf("filtered: got %v", err)
	}
	if got, err := unpackXZ(append(data, "more"...)); got != want || err == nil {
		t.Errorf("bytes after the end: got %d bytes, %v", len(got), err)
	}
	for n := range data {
		got, err := unpackXZ(data[:n])
		if !strings.HasPrefix(want, got) {
			t.Fatalf("cut at %d: other bytes", n)
		}
		// Between streams and their padding, a cut cannot be seen.
		if whole := n == 248 || n == 252 || n == 256 || n == 416 || n == 548 || n == 552; whole != (err == nil) || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: got %v", n, err)
		}
	}
}

// What a checksum covers is never read wrong without an error.
func TestXZFlipped(t *testing.T) {
	data, want := decode(t, streams), strings.Repeat(entry, 12)
	for i := range data {
		if i >= 416 && i < 552 {
			continue // the stream without a check
		}
		for bit := range 8 {
			flipped := bytes.Clone(data)
			flipped[i] ^= 1 << bit
			if got, err := unpackXZ(flipped); err == nil && got != want {
				t.Errorf("bit %d of byte %d: other bytes without an error", bit, i)
			}
		}
	}
}

// A header can ask for 4 GiB; a block says beforehand how much it unpacks to.
func TestXZDictionary(t *testing.T) {
	block := []byte{2, 0, 0x21, 1, 40, 0, 0, 0}
	block = binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))
	start := append([]byte("\xfd7zXZ\x00\x00\x00\xff\x12\xd9A"), block...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := unpackXZ(append(bytes.Clone(start), 1, 0, 0, 'a', 0)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	// 65 chunks that claim 2 MiB each.
	liar := bytes.Clone(start)
	for range 65 {
		liar = append(liar, 0xff, 0xff, 0xff, 0, 0, 0x5d, 0)
	}
	if _, err := unpackXZ(liar); err == nil || !strings.Contains(err.Error(), "dictionary of over 128 MiB") {
		t.Errorf("got %v", err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}
