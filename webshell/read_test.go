package webshell

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

// What is read does not depend on how a reader gives it or what it says of its
// size; of a long file the start and the end remain.
func TestRead(t *testing.T) {
	all := []*Language{{Match: func(string, []byte) bool { return true }}}
	for _, size := range []int{0, 1, headSize - 1, headSize, headSize + 1, 5 * headSize, MaxWhole - 1, MaxWhole, MaxWhole + maxTail, MaxWhole + 3*maxTail} {
		data := bytes.Repeat([]byte("0123456789abcdef\n"), size/17+1)[:size]
		want := data
		if size > MaxWhole+maxTail {
			want = append(bytes.Clone(data[:MaxWhole]), data[size-maxTail:]...)
		}
		f, err := fstest.MapFS{"a": {Data: data}}.Open("a")
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]io.Reader{"file": f, "plain": strings.NewReader(string(data)), "end with data": iotest.DataErrReader(bytes.NewReader(data))} {
			got, err := Read(all, "a", r, nil)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %d bytes: got %d bytes, %v; want %d", name, size, len(got), err, len(want))
			}
		}
	}
}

// A sparse file of terabytes is not read through.
func TestReadSparse(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.php")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 4 << 40
	if err := f.Truncate(size); err != nil {
		t.Skip(err)
	}
	if _, err := f.WriteAt([]byte("the end"), size-7); err != nil {
		t.Skip(err)
	}
	got, err := Read([]*Language{{Match: func(string, []byte) bool { return true }}}, "a.php", f, nil)
	if err != nil || len(got) != MaxWhole+maxTail || !bytes.HasSuffix(got, []byte("the end")) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
