package parse

import "testing"

func TestForwarded(t *testing.T) {
	for _, c := range []struct{ client, header, want string }{
		{"10.9.9.9", "203.0.113.77", "203.0.113.77"},
		{"10.9.9.9", "203.0.113.77:51234", "203.0.113.77"},
		{"fe80::1%4", "[2001:db8::7]:443", "2001:db8::7"},
		{"::ffff:10.9.9.9", "2001:db8::7", "2001:db8::7"},
		{"10.9.9.9", "6.6.6.6, 203.0.113.77, 10.0.0.1", "203.0.113.77"}, // the first is what the client says of itself
		{"10.9.9.9", "6.6.6.6,+203.0.113.77", "203.0.113.77"},
		{"100.64.3.4", "10.1.1.1, 10.1.1.2", "10.1.1.2"}, // a client of the own network
		{"198.51.100.4", "203.0.113.77", "198.51.100.4"}, // no proxy of the own network: anybody can write the header
		{"10.9.9.9", "-", "10.9.9.9"},
		{"10.9.9.9", "unknown, <script>", "10.9.9.9"},
		{"10.9.9.9", "", "10.9.9.9"},
		{"10.9.9.9", ",,,", "10.9.9.9"},
		{"-", "203.0.113.77", "-"},
	} {
		if got := string(Forwarded([]byte(c.client), []byte(c.header))); got != c.want {
			t.Errorf("Forwarded(%q, %q) = %q, want %q", c.client, c.header, got, c.want)
		}
	}
}
