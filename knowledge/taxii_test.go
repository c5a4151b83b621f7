package knowledge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestFetchTAXII pages through servers that know next, that only know dates,
// and that never end.
func TestFetchTAXII(t *testing.T) {
	object := func(n int) string {
		return fmt.Sprintf(`{"type":"intrusion-set","id":"intrusion-set--%d","name":"A%d","aliases":["B%d"],"modified":"2021-01-01T00:00:00Z"}`, n, n, n)
	}
	answer := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", taxiiType)
		fmt.Fprint(w, body)
	}
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  int    // actors
		fails string // in the error
	}{
		"next": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != taxiiType || r.Header.Get("Authorization") != "Basic eDp5" || !strings.HasSuffix(r.URL.Path, "/objects/") {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			switch r.URL.Query().Get("next") {
			case "":
				answer(w, `{"more":true,"next":"p2","objects":[`+object(1)+`,`+object(2)+`]}`)
			case "p2":
				answer(w, `{"objects":[`+object(3)+`]}`)
			}
		}, 3, ""},
		"dates": {func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("added_after") {
			case "":
				w.Header().Set("X-TAXII-Date-Added-Last", "2021-01-01T00:00:00Z")
				answer(w, `{"more":true,"objects":[`+object(1)+`]}`)
			default:
				answer(w, `{"objects":[`+object(2)+`]}`)
			}
		}, 2, ""},
		"the same page again": {func(w http.ResponseWriter, _ *http.Request) {
			answer(w, `{"more":true,"next":"x","objects":[`+object(1)+`]}`)
		}, 0, "not where"},
		"no TAXII":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, 0, "which is no TAXII"},
		"not allowed": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, 0, "401"},
		"another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, 0, "another host"},
		"broken": {func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"objects":[{]}`) }, 0, "invalid character"},
	} {
		server := httptest.NewServer(tt.serve)
		in, err := FetchTAXII(context.Background(), server.Client(), server.URL+"/api1/collections/1/", http.Header{"Authorization": {"Basic eDp5"}})
		server.Close()
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%s: %v, want %q", name, err, tt.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		im, err := ReadImport("collection", in)
		if err != nil || len(im.Actors) != tt.want || len(im.Claims) != tt.want {
			b, _ := json.Marshal(im)
			t.Errorf("%s: %v, %s", name, err, b)
		}
	}
}
