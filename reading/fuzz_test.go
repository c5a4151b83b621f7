package reading

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead reads anything: what comes out must stand in the text.
func FuzzRead(f *testing.F) {
	r, err := New()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"La France attribue au GRU l'attaque contre TV5Monde, selon l'ANSSI.", "hxxp://a[.]example[.]com 1[.]2.3.4 «", "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
		"From: a\nDate: b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n--x--", "<html><p>a<p>b</html>", "\xff\xfeA\x00", "a\x00b\x00c\x00d\x00", "Is n't 's l' d'", "\r\n\r\n'’’", "CVE-2021-1 T1059.001",
	} {
		f.Add("a.txt", []byte(s))
		f.Add("a.html", []byte(s))
		f.Add("a.md", []byte(s))
		f.Add("a.eml", []byte(s))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		d, err := r.Read(t.Context(), name, data)
		if err != nil {
			return
		}
		if !utf8.ValidString(d.Text) {
			t.Error("the text is no UTF-8")
		}
		for _, e := range d.Entities {
			if d.Text[e.ByteStart:e.ByteEnd] != e.Quote || utf8.RuneCountInString(d.Text[:e.ByteStart]) != e.Start || utf8.RuneCountInString(e.Quote) != e.End-e.Start {
				t.Errorf("%q does not stand where it is said to", e.Quote)
			}
		}
		for _, c := range d.Claims {
			q := c.Evidence[0]
			if d.Text[q.ByteStart:q.ByteEnd] != q.Quote || utf8.RuneCountInString(d.Text[:q.ByteStart]) != q.Start {
				t.Errorf("the quote %q does not stand where it is said to", q.Quote)
			}
		}
		var page strings.Builder
		if err := WritePage(&page, d); err != nil {
			t.Error(err)
		}
		if strings.Contains(page.String(), "<script") {
			t.Error("the page has a script")
		}
	})
}
