package proxyshell

import (
	"strings"
	"testing"
)

// Bytes that are no text make a query in lower case longer than it is.
func TestTokenAfterOddBytes(t *testing.T) {
	query := strings.Repeat("%ff", 200) + "&x-RPS-CAT=VgEAVAdXaW5kb3dzQwBBCEtlcmJlcm9zTBJhZG1pbkBjb3JwLmV4YW1wbGVVElMtMS01LTIxLTEtMi0zLTUwMEcBAAAA"
	account, sid := token(query)
	if want := "admin@corp.example"; account != want {
		t.Errorf("got %q, want %q", account, want)
	}
	if want := "S-1-5-21-1-2-3-500"; sid != want {
		t.Errorf("got %q, want %q", sid, want)
	}
}
