package hub

import (
	"os"
	"testing"
)

// TestDescribe: what the console's description wants of who asks stays with its
// paths.
func TestDescribe(t *testing.T) {
	pages, err := os.ReadFile("../../console/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := describe(openapi, pages)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/api/v1/overview": true, "/api/v1/servers": true, "/healthz": false, "/api/openapi.json": false} {
		get := object(object(object(all, "paths"), path), "get")
		if got := get["security"] != nil; got != want || get["responses"] == nil {
			t.Errorf("GET %s wants a token: %v, want %v", path, got, want)
		}
	}
}
