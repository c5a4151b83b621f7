package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOpenCheckpoint: what is not ours, not of this key or not of today is not
// used, and says why.
func TestOpenCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	now := time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)
	write := func() []byte {
		t.Helper()
		os.Remove(path)
		c, err := OpenCheckpoint(path, "key", now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			c.keep(&kept{Path: fmt.Sprint(i), Size: 7})
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		name, key string
		after     time.Duration
		change    func([]byte) []byte
		files     int
		want      string
	}{
		{"as it was", "key", time.Hour, nil, 3, ""},
		{"another key", "other", time.Hour, nil, 0, "another version"},
		{"old", "key", 25 * time.Hour, nil, 0, "not of the last"},
		{"from the future", "key", -time.Hour, nil, 0, "not of the last"},
		{"torn", "key", 0, func(b []byte) []byte { return b[:len(b)-1] }, 2, "torn after 2 files"},
		{"flipped", "key", 0, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, 2, "torn after 2 files"},
		{"zeros at the end", "key", 0, func(b []byte) []byte { return append(b, make([]byte, 4096)...) }, 3, "torn after 3 files"},
		{"a frame without end", "key", 0, func(b []byte) []byte { return append(b, "\xff\xff\xff\xff\x00\x00\x00\x00x"...) }, 3, "torn after 3 files"},
		{"no line", "key", 0, func(b []byte) []byte { return []byte(strings.Repeat("x", 5000)) }, 0, "damaged"},
		{"half a line", "key", 0, func(b []byte) []byte { return b[:30] }, 0, "damaged"},
		{"empty", "key", 0, func(b []byte) []byte { return nil }, 0, ""},
	} {
		b := write()
		if c.change != nil {
			if err := os.WriteFile(path, c.change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for again := range 2 { // what was refused is gone
			if again == 1 && c.want == "" {
				break
			}
			got, err := OpenCheckpoint(path, c.key, now.Add(c.after))
			if got == nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if again == 0 && (c.want == "") != (err == nil) || again == 0 && err != nil && !strings.Contains(err.Error(), c.want) || again == 1 && err != nil {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			n := 0
			for i := range 3 {
				if k := got.take(fmt.Sprint(i)); k != nil && k.Size == 7 {
					n++
				}
			}
			if n != c.files {
				t.Errorf("%s: %d files, want %d", c.name, n, c.files)
			}
			got.Close()
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err == nil {
		err = os.Truncate(path, maxCheckpoint+1)
		c, why := OpenCheckpoint(path, "key", now)
		if err != nil || c == nil || why == nil || !strings.Contains(why.Error(), "starts over") {
			t.Errorf("too large: %v, %v", why, err)
		}
		c.Close()
	}
}

// FuzzCheckpoint opens what anybody could have written.
func FuzzCheckpoint(f *testing.F) {
	dir := f.TempDir()
	now := time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)
	seed := filepath.Join(dir, "seed")
	c, err := OpenCheckpoint(seed, "key", now)
	if err != nil {
		f.Fatal(err)
	}
	c.keep(&kept{Path: "a", Names: [][]string{{"x"}}, Events: []keptEvent{{Values: []string{"y"}}}, Sightings: []keptSighting{{ID: "webshell-file"}}})
	c.Close()
	b, err := os.ReadFile(seed)
	if err != nil {
		f.Fatal(err)
	}
	head := strings.IndexByte(string(b), '\n') + 1
	data, _ := c.unpack.DecodeAll(b[head+8:], nil)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "checkpoint")
		c, err := OpenCheckpoint(path, "key", now)
		if err != nil {
			t.Fatal(err)
		}
		c.pending.Write(data) // as if it had been kept: the checksum holds
		c.paths = append(c.paths, "a")
		c.Close()
		if c, _ = OpenCheckpoint(path, "key", now); c == nil {
			t.Fatal("not opened")
		}
		defer c.Close()
		s := &scanner{}
		s.recognise()
		if k := c.take("a"); k != nil {
			if r := k.result(s.recognisers); r != nil {
				newSummary().add(r)
			}
		}
	})
}
