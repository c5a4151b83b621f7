package detect

import "testing"

// One client has one name, whatever port it came from.
func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"198.51.100.7": "198.51.100.7", "198.51.100.7:51234": "198.51.100.7", "[2001:db8::9]:443": "2001:db8::9", "[2001:db8::9]": "2001:db8::9",
		"2001:DB8::9": "2001:db8::9", "::ffff:198.51.100.7": "198.51.100.7", "fe80::1%12": "fe80::1%12", "": "", "-": "-", "EX01:444": "EX01:444", "::": "::",
	} {
		if got := Address(text); got != want {
			t.Errorf("Address(%q) = %q, want %q", text, got, want)
		}
	}
}
