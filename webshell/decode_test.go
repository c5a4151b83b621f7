package webshell

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"testing"
)

func TestBase64(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"aGVsbG8=", "hello"},
		{"aGVsbG8", "hello"},
		{" aGVs\r\n bG8= ", "hello"},
		{"aGVs*bG8*", "hello"},
		{"-_-_", "\xfb\xff\xbf"},
		{"YQ==Yg==", "ab"},
	} {
		if got, ok := Base64(c.in); !ok && c.in != "aGVs*bG8*" || string(got) != c.want {
			t.Errorf("Base64(%q) = %q, %v; want %q", c.in, got, ok, c.want)
		}
	}
	for _, in := range []string{"", "====", "(((((("} {
		if got, ok := Base64(in); ok {
			t.Errorf("Base64(%q) = %q", in, got)
		}
	}
}

func TestHex(t *testing.T) {
	for _, in := range []string{"68656c6c6f", `\x68\x65\x6C\x6c\x6f`, "0x68656c6c6f", "68 65 6c 6c 6f"} {
		if got, ok := Hex(in); !ok || string(got) != "hello" {
			t.Errorf("Hex(%q) = %q, %v", in, got, ok)
		}
	}
}

func TestInflate(t *testing.T) {
	want := bytes.Repeat([]byte("limier "), 1000)
	for name, open := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zlib": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"raw":  func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 9); return f },
	} {
		var b bytes.Buffer
		w := open(&b)
		w.Write(want)
		w.Close()
		if got, ok := Inflate(b.Bytes()); !ok || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), ok)
		}
	}
	var bomb bytes.Buffer
	w, _ := flate.NewWriter(&bomb, 9)
	w.Write(make([]byte, 3*MaxDecoded))
	w.Close()
	if got, _ := Inflate(bomb.Bytes()); len(got) != MaxDecoded {
		t.Errorf("a bomb yields %d bytes", len(got))
	}
}

func TestTextDecoders(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"url", URL("a%20b+c%u0041%zz%", true), "a b cA%zz%"},
		{"url without plus", URL("1+1", false), "1+1"},
		{"escapes", Unescape(`\x41\u0042\uuu0043\104\n\q\u{1F600}\`, false), "ABCD\nq\U0001F600\\"},
		{"escapes as bytes", Unescape(`\xff\377`, true), "\xff\xff"},
		{"escapes as code points", Unescape(`\xff`, false), "\u00ff"},
		{"reverse", Reverse("lave"), "eval"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"aGVsbG8=", `\u00`, `\u{`, "%u00", "%", "x\x9c\x00", "\x1f\x8b\x08", "0x0", "&#x;", "MZ", "\xca\xfe\xba\xbe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, _ := Base64(s)
		h, _ := Hex(s)
		z, _ := Inflate([]byte(s))
		for _, out := range [][]byte{b, h, z, []byte(URL(s, true)), []byte(Unescape(s, true)), []byte(Unescape(s, false))} {
			if len(out) > MaxDecoded && len(out) > 4*len(s) {
				t.Errorf("%d bytes out of %d", len(out), len(s))
			}
			Sniff(out)
		}
		if Reverse(Reverse(s)) != s {
			t.Errorf("not its own inverse: %q", s)
		}
		for _, at := range []int{-1, 0, len(s) / 2, len(s), len(s) + 1} {
			if got := Snippet([]byte(s), at); len(got) > MaxSnippet+8 {
				t.Errorf("a snippet of %d bytes", len(got))
			}
			if at >= 0 && at <= len(s) && Line([]byte(s), at) != LinesOf([]byte(s)).At(at) {
				t.Errorf("lines disagree at %d of %q", at, s)
			}
		}
	})
}
