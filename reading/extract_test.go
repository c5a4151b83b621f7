package reading

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

const sentence1 = "Le Royaume-Uni accuse la Russie de la cyberattaque contre Viasat, révélée en février 2022."

func TestEncodings(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String(sentence1)
	if err != nil {
		t.Fatal(err)
	}
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(sentence1)) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	for name, data := range map[string][]byte{"UTF-8": []byte(sentence1), "mark": []byte("\xef\xbb\xbf" + sentence1), "Windows-1252": []byte(latin), "UTF-16": utf16le, "UTF-16 without mark": utf16le[2:]} {
		x, err := extract("a.txt", data)
		if err != nil || x.text != sentence1 {
			t.Errorf("%s gives %q, %v", name, x.text, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for name, data := range map[string]string{
		"a.html": "<!doctype html><title>x</title><script>evil()</script><nav>menu</nav><p>" + sentence1 + "</p>",
		"a.md":   "# Rapport\n\nLe **Royaume-Uni** accuse la [Russie](https://example.org/r) de la cyberattaque contre Viasat, révélée en février 2022.",
		"a.eml":  "From: a@example.org\r\nDate: Mon, 19 Jul 2021 10:00:00 +0000\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(sentence1, "é", "=C3=A9") + "\r\n--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--\r\n",
		"a.pdf":  string(makePDF("Le Royaume-Uni accuse la Russie de la cyberattaque contre Viasat.")),
	} {
		r, err := New()
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Read(t.Context(), name, []byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(d.Claims) != 1 || d.Claims[0].Target.Name != "Russia" || strings.Contains(d.Text, "evil") {
			t.Errorf("%s: %q gives %d claims", name, d.Text, len(d.Claims))
		}
	}
}

// makePDF is a PDF of one page with one line.
func makePDF(text string) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	fmt.Fprintf(w, "BT /F1 12 Tf 50 700 Td (%s) Tj ET", text)
	w.Close()
	return pdfOf(z.Bytes())
}

func pdfOf(stream []byte) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var offs []int
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
		fmt.Sprintf("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", len(stream), stream), "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"} {
		offs = append(offs, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%s\nendobj\n", i+1, o)
	}
	x := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offs)+1)
	for _, o := range offs {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF", len(offs)+1, x)
	return b.Bytes()
}

// TestHostile gives what an attacker would: each is refused or bounded.
func TestHostile(t *testing.T) {
	var bomb bytes.Buffer
	w := zlib.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 300 {
		w.Write(zeros)
	}
	w.Close()
	var page bytes.Buffer
	w = zlib.NewWriter(&page)
	w.Write(bytes.Repeat([]byte("BT (a) Tj ET\n"), 500_000))
	w.Close()
	for name, data := range map[string][]byte{"a zip bomb": pdfOf(bomb.Bytes()), "a page without end": pdfOf(page.Bytes()), "nesting": append([]byte("%PDF-1.4\n1 0 obj"), bytes.Repeat([]byte("["), 5000)...), "two filters": []byte("%PDF-1.4\n<</Filter[/FlateDecode/FlateDecode]>>stream\nendstream"), "nothing": []byte("%PDF-"), "zeros": make([]byte, 4096)} {
		if _, err := extract("a", data); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	for name, data := range map[string]string{
		"names alone":     strings.Repeat("APT28 ", 1<<20),
		"marks alone":     strings.Repeat("[", 5<<20),
		"a long sentence": strings.Repeat("la Russie accuse la Chine de la cyberattaque et ", 40000),
		"no end":          strings.Repeat("a", 1<<20),
		"deep HTML":       "<!doctype html>" + strings.Repeat("<div>", 100000) + sentence1,
		"nested mail":     "From: a\nDate: b\n" + strings.Repeat("Content-Type: message/rfc822\n\nFrom: a\n", 1000),
	} {
		r, _ := New()
		d, err := r.Read(t.Context(), "a", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if strings.HasSuffix(name, "alone") && len(d.Gaps) == 0 {
			t.Errorf("%s: nothing is said to be left out", name)
		}
	}
}
