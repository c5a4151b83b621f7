package builtin_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"limier/builtin"
	"limier/evidence"
	"limier/parse"
)

var update = flag.Bool("update", false, "rewrite the want sections")

// logArchives are the archives of text logs; the parsers of other formats have
// tests of their own.
func logArchives(t testing.TB) (names []string) {
	for _, dir := range []string{"accesslog", "exchange", "iis"} {
		found, err := filepath.Glob("../parse/" + dir + "/testdata/*.txtar")
		if err != nil || len(found) == 0 {
			t.Fatal("no archives of ", dir, err)
		}
		names = append(names, found...)
	}
	return names
}

// TestTextLogs parses each archive of text logs and compares the events with
// the archive's want section.
func TestTextLogs(t *testing.T) {
	for _, name := range logArchives(t) {
		golden(t, name, func(files fstest.MapFS) string {
			var b strings.Builder
			for _, path := range slices.Sorted(maps.Keys(files)) {
				for _, p := range builtin.Parsers() {
					if data := files[path].Data; p.Match(path, data[:min(len(data), 4<<10)]) {
						describe(t, &b, p, files, path)
					}
				}
			}
			return b.String()
		})
	}
}

// describe writes a line for each event and gap.
func describe(t *testing.T, w io.Writer, p *parse.Parser, fsys fs.FS, path string) {
	f, err := fsys.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for ev, err := range p.Events(t.Context(), path, f) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			fmt.Fprintf(w, "gap %v %v\n", gap.Ref, gap.Err)
		case err != nil:
			fmt.Fprintf(w, "error %v\n", err)
		default:
			fmt.Fprintf(w, "%v %s", ev.Ref, ev.Time.Format(time.RFC3339Nano))
			for name, v := range ev.Data.Fields() {
				fmt.Fprintf(w, " %s=%s", name, v)
			}
			fmt.Fprintln(w)
		}
	}
}

// golden compares what run makes of the archive with its want section, or
// rewrites that section under -update.
func golden(t *testing.T, name string, run func(fstest.MapFS) string) {
	t.Run(filepath.ToSlash(strings.TrimPrefix(name, "../")), func(t *testing.T) {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := fstest.MapFS{}
		for _, f := range a.Files {
			if f.Name != "want" {
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
		}
		want := &a.Files[len(a.Files)-1]
		if want.Name != "want" {
			t.Fatal("the last section must be want")
		}
		got := run(files)
		if *update {
			want.Data = []byte(got)
			if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if got != string(want.Data) {
			t.Errorf("got:\n%swant:\n%s", got, want.Data)
		}
	})
}

// FuzzTextLogs feeds junk to every parser of text logs, with each one's own
// header in force and without. What the inventory reads of an IIS line must be what
// parsing it gives.
func FuzzTextLogs(f *testing.F) {
	for _, name := range logArchives(f) {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(file.Name, file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		for _, p := range builtin.Parsers() {
			if p.Layout == nil {
				continue
			}
			p.Match(name, data)
			var clock parse.Clock
			layout := p.Layout(name, data)
			for _, line := range strings.Split(string(data), "\n") {
				line = strings.TrimRight(line, "\r")
				if line == "" {
					continue
				}
				if next, ok := layout.Directive([]byte(line)); ok {
					layout = next
					continue
				}
				layout.Path([]byte(line))
				r, ok := layout.Request([]byte(line), &clock)
				ev, err := layout.Event([]byte(line))
				if err != nil {
					continue
				}
				if stem := ev.Field("cs-uri-stem"); p.Name == "iis" && ok && stem != string(r.Path) && string(r.Path) != "-" {
					t.Errorf("%q: Event says %q, Request %q", line, stem, r.Path)
				}
				for range ev.Data.Fields() {
				}
			}
		}
	})
}
