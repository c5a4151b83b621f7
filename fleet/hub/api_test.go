package hub

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
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

// TestMethods: each address of the description says which methods it takes.
func TestMethods(t *testing.T) {
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(openapi, &doc); err != nil || len(doc.Paths) < 8 {
		t.Fatal(len(doc.Paths), err)
	}
	h := &Hub{config: Config{Pages: func(*Hub) (http.Handler, error) { // as the console: it knows none of them
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/console.json" {
				io.WriteString(w, "{}")
				return
			}
			http.NotFound(w, r)
		}), nil
	}}}
	routes, err := h.routes()
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		want := "GET, HEAD"
		for m := range methods {
			if m = strings.ToUpper(m); m == "POST" || m == "PUT" {
				want = m
			}
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "BREW"} {
			if strings.Contains(want, method) {
				continue
			}
			w := httptest.NewRecorder()
			routes.ServeHTTP(w, httptest.NewRequest(method, strings.ReplaceAll(path, "{id}", "7"), nil))
			if got := w.Header().Get("Allow"); w.Code != http.StatusMethodNotAllowed || got != want || !strings.Contains(w.Body.String(), want+" only") {
				t.Errorf("%s %s: %d, %q, %s", method, path, w.Code, got, w.Body)
			}
		}
	}
}
