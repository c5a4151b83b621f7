package webshell

import "testing"

func TestOwnName(t *testing.T) {
	for host, want := range map[string]string{
		"example.org": "example", "shop.example.co.uk": "example", "www.example.fr": "example", "localhost": "localhost", "": "", ".": "",
	} {
		if got := OwnName(host); got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}
