package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limier/publish/taxii"
)

// TestTaxiiServes starts the command, asks it as a client does, and stops it.
func TestTaxiiServes(t *testing.T) {
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, []byte("# who may read\nann correct-horse-battery\nbob another-long-password indicators\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	evidence := filepath.Join(dir, "ex01.limier")
	if code := run(t.Context(), []string{"scan", "../../examples/intrusion", "-o", evidence}, nil, io.Discard, os.Stderr); code != exitFindings {
		t.Fatal("no case:", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int)
	go func() {
		done <- run(ctx, []string{"taxii", "--listen", "127.0.0.1:0", "--users", users, evidence}, nil, w, os.Stderr)
		w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSpace(strings.TrimPrefix(line, "serving "))
	get := func(user, password, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", taxii.MediaType)
		req.SetBasicAuth(user, password)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	const ann, bob = "correct-horse-battery", "another-long-password"
	for _, c := range []struct {
		user, password, path string
		code                 int
		want, not            string
	}{
		{"ann", ann, "", 200, "/taxii2/limier/", ""},
		{"ann", "wrong", "", 401, "Unauthorized", "limier"},
		{"eve", "", "", 401, "Unauthorized", "limier"},
		{"ann", ann, "limier/collections/claims/objects/?match[type]=relationship", 200, "attributed-to", `"type":"indicator"`},
		{"ann", ann, "limier/collections/claims/manifest/", 200, "location--", ""},
		{"bob", bob, "limier/collections/", 200, "indicators", `"claims"`},
		{"bob", bob, "limier/collections/claims/objects/", 404, "NotFound", "attributed-to"},
		{"bob", bob, "limier/collections/indicators/objects/", 200, "203.0.113.45", "EX01"}, // the host stays behind
		{"bob", bob, "limier/collections/indicators/manifest/", 200, "indicator--", "observed-data--"},
	} {
		code, body := get(c.user, c.password, c.path)
		if code != c.code || !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
			t.Errorf("%s %s: %d %.600s, want %d with %q without %q", c.user, c.path, code, body, c.code, c.want, c.not)
		}
	}
	stop()
	if code := <-done; code != exitNothing {
		t.Errorf("stopping it is exit code %d", code)
	}
}
