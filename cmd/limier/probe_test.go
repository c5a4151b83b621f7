package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"limier/probe"
)

// TestProbeAsksOnTheLoopback runs the command against servers of our own.
func TestProbeAsksOnTheLoopback(t *testing.T) {
	page := func(build string) *httptest.Server {
		s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `<link href="/owa/auth/`+build+`/themes/resources/logon.css"><form action="/owa/auth.owa">`)
		}))
		t.Cleanup(s.Close)
		return s
	}
	old, other := page("15.2.792"), httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	var out bytes.Buffer
	code := run(t.Context(), []string{"probe", old.URL, other.URL, old.URL, "--rate", "1000"}, nil, &out, os.Stderr)
	text := out.String()
	for _, want := range []string{"exchange  Exchange Server 2019 15.2.792 (Exchange Server 2019 CU8, security update unknown)", "note: ", "certificate (not verified)", "not-exchange", "1 exchange, 1 not-exchange"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Count(text, "exchange  Exchange Server") != 1 {
		t.Errorf("one was asked twice:\n%s", text)
	}
	out.Reset()
	again := run(t.Context(), []string{"probe", old.URL, "--json"}, nil, &out, os.Stderr)
	var r probe.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Exposure == nil || again != code {
		t.Errorf("%v, %d and %d: %s", err, code, again, out.String())
	}
	open, depends, _ := cveStates(r.Exposure)
	if want := len(open) > 0; want != (code == exitFindings) || len(open)+depends == 0 {
		t.Errorf("%d open, %d depend, exit code %d", len(open), depends, code)
	}
}
