package reading

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestModel asks a model on the loopback that tells one truth, and lies in
// every way we know of.
func TestModel(t *testing.T) {
	answer := `[
	{"attributor":"ANSSI","relation":"attributed-to","object":"attaque","target":"APT28","polarity":"+","modality":"asserted","quote":"l'attaque vient d'APT28"},
	{"attributor":"ANSSI","relation":"attributed-to","object":"attaque","target":"APT28","polarity":"+","modality":"asserted","quote":"l'attaque vient certainement d'APT28"},
	{"attributor":"NSA","relation":"attributed-to","object":"attaque","target":"APT28","polarity":"+","modality":"asserted","quote":"l'attaque vient d'APT28"},
	{"attributor":"ANSSI","relation":"attributed-to","object":"attaque","target":"APT29","polarity":"+","modality":"asserted","quote":"l'attaque vient d'APT28"},
	{"attributor":"ANSSI","relation":"did-it","object":"attaque","target":"APT28","polarity":"+","modality":"asserted","quote":"l'attaque vient d'APT28"},
	{"attributor":"ANSSI","relation":"attributed-to","object":"attaque","target":"APT28","polarity":"+","modality":"asserted","quote":""}]`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/chat/completions" {
			http.NotFound(w, req)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": "Here:\n" + answer}}}})
	}))
	defer srv.Close()
	d := read(t, "Pour l'ANSSI, l'attaque vient d'APT28.")
	before := len(d.Claims)
	r, _ := New()
	if err := AskModel(t.Context(), r, d, srv.URL+"/v1", "test"); err != nil {
		t.Fatal(err)
	}
	if got := len(d.Claims) - before; got != 1 {
		t.Fatalf("%d claims of the model were kept, want 1", got)
	}
	c := d.Claims[len(d.Claims)-1]
	if c.ExtractedBy != "model test" || c.Level != "" || c.Confidence != "" || c.Evidence[0].Quote != "l'attaque vient d'APT28" {
		t.Errorf("the claim is %+v", c)
	}
	if len(d.Gaps) != 1 || !strings.HasPrefix(d.Gaps[0], "5 of the model's 6 claims were dropped") {
		t.Errorf("gaps are %q", d.Gaps)
	}
	if err := AskModel(t.Context(), r, d, srv.URL+"/nowhere", "test"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong address gives %v", err)
	}
}
