package lines

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestChunksKeepEveryLine cuts texts with line ends on and around every
// border: what comes out, joined, is what went in.
func TestChunksKeepEveryLine(t *testing.T) {
	for size := 2; size < 40; size++ {
		for width := range size {
			text := strings.Repeat(strings.Repeat("x", width)+"\n", 50) + "last"
			for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
				var got bytes.Buffer
				for c, err := range Chunks(r, func() []byte { return make([]byte, max(size, 5)) }) {
					if err != nil || c.Cut != 0 || c.Offset != int64(got.Len()) {
						t.Fatalf("size %d width %d: err %v cut %d offset %d at %d", size, width, err, c.Cut, c.Offset, got.Len())
					}
					got.Write(c.Data)
				}
				if got.String() != text {
					t.Fatalf("size %d width %d: lost text: %q", size, width, got.String())
				}
			}
		}
	}
}

func TestChunksCutLongLines(t *testing.T) {
	text := "a\n" + strings.Repeat("y", 100_000) + "\n" + strings.Repeat("b\n", 30)
	var got []string
	var cut int64
	for c, err := range Chunks(iotest.DataErrReader(strings.NewReader(text)), func() []byte { return make([]byte, 10) }) {
		if err != nil {
			t.Fatal(err)
		}
		got, cut = append(got, string(c.Data)), cut+c.Cut
		if want := text[c.Offset:][:len(c.Data)]; string(c.Data) != want {
			t.Errorf("chunk at %d is %q, want %q", c.Offset, c.Data, want)
		}
	}
	if want := []string{"a\n", "yyyyyyyyyy", strings.Repeat("b\n", 5)}; strings.Join(got[:3], "|") != strings.Join(want, "|") || len(got) != 8 || cut != 100_001-10 {
		t.Errorf("got %q, cut %d; want %q, cut %d", got, cut, want, 100_001-10)
	}
}

func TestChunksReportErrors(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(errors.New("bad sector")))
	var text string
	var failed error
	for c, err := range Chunks(broken, func() []byte { return make([]byte, 100) }) {
		text += string(c.Data)
		failed = err
	}
	if text != "a\nb" || failed == nil || failed.Error() != "bad sector" {
		t.Errorf("got %q, %v", text, failed)
	}
}
