package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	one = "5b3f1c0e-6a52-5d0b-9e5d-1e7c6c696d01"
	two = "5b3f1c0e-6a52-5d0b-9e5d-1e7c6c696d02"

	three = "5b3f1c0e-6a52-5d0b-9e5d-1e7c6c696d03"
)

func newEvent(uuid, attributes string) []byte {
	return fmt.Appendf(nil, `{"Event":{"uuid":%q,"info":"ex01","date":"2021-03-09","timestamp":"1615248672","threat_level_id":"1","analysis":"2","Orgc":{"name":"Limier","uuid":%q},"Tag":[{"name":"tlp:amber"}],"Attribute":[%s]}}`, uuid, one, attributes)
}

func TestFeed(t *testing.T) {
	a := newEvent(one, `{"type":"ip-src","value":"203.0.113.45"},{"type":"filename|sha256","value":"a.aspx|abc"},{"type":"ip-src","value":"203.0.113.45"}`)
	b := newEvent(two, `{"type":"domain","value":"example.org"}`)
	f, err := New(a, b)
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(b, a)
	if diff := cmp.Diff(f, g); err != nil || diff != "" {
		t.Error("the order shows", diff, err)
	}
	// As md5sum has it.
	want := []string{
		"1b500f20cd7bdb9de3b79396ac83b9cd," + one, // 203.0.113.45
		"900150983cd24fb0d6963f7d28e17f72," + one, // abc (RFC 1321)
	}
	got := strings.Split(strings.TrimSpace(string(f["hashes.csv"])), "\n")
	if len(got) != 4 || !slices.Contains(got, want[0]) || !slices.Contains(got, want[1]) || !slices.IsSorted(got) {
		t.Errorf("%q", got)
	}
	var manifest map[string]struct {
		Info, Date, Analysis, Timestamp string
		Orgc                            map[string]string
		Tag                             []map[string]string
	}
	if err := json.Unmarshal(f["manifest.json"], &manifest); err != nil || len(manifest) != 2 || manifest[one].Orgc["name"] != "Limier" || manifest[two].Tag[0]["name"] != "tlp:amber" || manifest[one].Timestamp != "1615248672" {
		t.Errorf("%v %s", err, f["manifest.json"])
	}

	dir := filepath.Join(t.TempDir(), "feed")
	for range 2 {
		if err := f.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	read := Feed{}
	files, _ := os.ReadDir(dir)
	for _, e := range files {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		read[e.Name()] = b
	}
	if diff := cmp.Diff(f, read); diff != "" {
		t.Error(diff)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(other); err == nil || !strings.Contains(err.Error(), "is this the folder of a feed") {
		t.Error(err)
	}
}

func TestNamesAreNoPaths(t *testing.T) {
	for _, name := range []string{"", "../../etc/cron.d/x", "..\\x", one + "/x", "manifest", strings.ToUpper(one), one + "\x00", "/" + one} {
		if f, err := New(newEvent(name, "")); err == nil {
			t.Errorf("%q makes %v", name, slices.Collect(maps.Keys(f)))
		}
	}
	if _, err := New(newEvent(one, ""), newEvent(one, "")); err == nil {
		t.Error("one event twice")
	}
	for _, text := range []string{"", "{}", "[]", `{"Event":[]}`, `{"Event":{"uuid":"` + one + `"}}`, strings.Repeat("[", 100_000)} {
		if _, err := New([]byte(text)); err == nil {
			t.Errorf("%.20q is taken", text)
		}
	}
}

func TestServe(t *testing.T) {
	f, err := New(newEvent(one, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []http.Handler{f, source(newEvent(one, ""))} {
		answers(t, h)
	}
}

// source serves events that lie in memory.
func source(events ...[]byte) Source {
	return Source{
		All: func(context.Context) iter.Seq2[[]byte, error] {
			return func(yield func([]byte, error) bool) {
				for _, text := range events {
					if text == nil {
						yield(nil, errors.New("away"))
						return
					}
					if !yield(text, nil) {
						return
					}
				}
			}
		},
		One: func(_ context.Context, id string) ([]byte, error) {
			for _, text := range events {
				if text == nil {
					return nil, errors.New("away")
				}
				if bytes.Contains(text, []byte(id)) {
					return text, nil
				}
			}
			return nil, nil
		},
	}
}

func answers(t *testing.T, h http.Handler) {
	t.Helper()
	f, err := New(newEvent(one, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/manifest.json", 200}, {"HEAD", "/hashes.csv", 200}, {"GET", "/" + one + ".json", 200}, {"GET", "/", 404}, {"GET", "/" + two + ".json", 404}, {"GET", "/../feed.go", 404}, {"GET", "//manifest.json", 404}, {"GET", "/%2e%2e.json", 404}, {"POST", "/manifest.json", 405},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "/", nil)
		r.URL.Path = c.path
		h.ServeHTTP(w, r)
		if w.Code != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.code)
		}
		if c.path == "/"+one+".json" && !bytes.Equal(w.Body.Bytes(), f[one+".json"]) {
			t.Error("another event")
		}
	}
}

// TestSource: a feed that is not held in memory says the same as one that is,
// and one that breaks off is seen to be cut.
func TestSource(t *testing.T) {
	events := [][]byte{newEvent(two, `{"type":"domain","value":"example.org"}`), newEvent(three, `{"type":"filename|sha256","value":"a.aspx|abc"}`)}
	for n := range len(events) + 1 {
		f, err := New(events[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		get := func(h http.Handler, name string) string {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/"+name, nil))
			if w.Code != 200 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			return w.Body.String()
		}
		s := source(events[:n]...)
		for name := range f {
			got, want := get(s, name), get(f, name)
			switch name {
			case hashesName:
				lines := strings.SplitAfter(got, "\n")
				slices.Sort(lines)
				got = strings.Join(lines, "")
			case manifestName:
				var g, w any
				if err := errors.Join(json.Unmarshal([]byte(got), &g), json.Unmarshal([]byte(want), &w)); err != nil {
					t.Error(err, got)
				}
				if diff := cmp.Diff(w, g); diff != "" {
					t.Error(diff)
				}
				continue
			}
			if got != want {
				t.Errorf("%d events, %s: %s, want %s", n, name, got, want)
			}
		}
	}
	for _, broken := range [][]byte{nil, []byte("{}")} {
		server := httptest.NewServer(source(broken, events[0]))
		for _, name := range []string{manifestName, hashesName} {
			if r, err := http.Get(server.URL + "/" + name); err != nil || r.StatusCode != 500 {
				t.Errorf("%s: %v", name, err)
			}
		}
		server.Close()
		server = httptest.NewServer(source(events[0], broken))
		for _, name := range []string{manifestName, hashesName} {
			r, err := http.Get(server.URL + "/" + name)
			if err == nil {
				_, err = io.ReadAll(r.Body)
			}
			if err == nil {
				t.Errorf("%s: half a file passes for a whole one", name)
			}
		}
		server.Close()
	}
}
