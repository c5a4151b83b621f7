package reading

import (
	"strings"
	"testing"
)

func read(t *testing.T, text string) *Document {
	t.Helper()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Read(t.Context(), "test.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestOffsets checks that every quote stands where the offsets say, in bytes
// and in code points.
func TestOffsets(t *testing.T) {
	d := read(t, "L’Élysée accuse la Russie de l’attaque contre TV5Monde. Selon l'ANSSI, « le mode opératoire APT28 » a mené la campagne depuis le territoire russe.")
	runes := []rune(d.Text)
	check := func(quote string, start, end, bs, be int) {
		if d.Text[bs:be] != quote || string(runes[start:end]) != quote {
			t.Errorf("%q: bytes give %q, code points %q", quote, d.Text[bs:be], string(runes[start:end]))
		}
	}
	for _, e := range d.Entities {
		check(e.Quote, e.Start, e.End, e.ByteStart, e.ByteEnd)
	}
	for _, c := range d.Claims {
		q := c.Evidence[0]
		check(q.Quote, q.Start, q.End, q.ByteStart, q.ByteEnd)
	}
	if len(d.Claims) < 2 || len(d.Entities) < 5 {
		t.Errorf("%d claims, %d entities", len(d.Claims), len(d.Entities))
	}
}

func TestIndicators(t *testing.T) {
	d := read(t, `C2: hxxps://evil[.]example[.]com/a.php, 203.0.113[.]7 and bad-domain.ru; mail ops[@]mail.ru. Hash d41d8cd98f00b204e9800998ecf8427e.
Versions 15.1.2044.4 and 1.2.3.4, System.Net and cmd.exe are none; see C:\Windows\Temp\x.aspx and CVE-2021-26855.`)
	var got []string
	for _, e := range d.Entities {
		switch e.Type {
		case "url", "ipv4-addr", "domain-name", "email-addr", "file-hash", "vulnerability", "file-path":
			got = append(got, e.Type+" "+e.Norm.Canonical)
		}
	}
	want := `url https://evil.example.com/a.php
ipv4-addr 203.0.113.7
domain-name bad-domain.ru
email-addr ops@mail.ru
file-hash d41d8cd98f00b204e9800998ecf8427e
file-path C:\Windows\Temp\x.aspx
vulnerability CVE-2021-26855`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}
