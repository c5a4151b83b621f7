package winevent

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/evidence"
)

var update = flag.Bool("update", false, "rewrite what is wanted")

func open(t testing.TB, name string, data []byte) fs.File {
	t.Helper()
	f, err := fstest.MapFS{name: {Data: data}}.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestShapes(t *testing.T) {
	const name = "testdata/shapes.txtar"
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := len(a.Files) - 1
	var got strings.Builder
	for _, in := range a.Files[:last] {
		if !Parser.Match(in.Name, in.Data) {
			t.Errorf("%s is not recognised", in.Name)
		}
		for ev, err := range Parser.Parse(context.Background(), in.Name, open(t, in.Name, in.Data)) {
			var gap *evidence.GapError
			switch {
			case errors.As(err, &gap):
				fmt.Fprintf(&got, "gap %v\n", err)
			case err != nil:
				t.Errorf("%s: %v", in.Name, err)
			default:
				when := "-"
				if !ev.Time.IsZero() {
					when = ev.Time.Format("2006-01-02T15:04:05.999Z07:00")
				}
				ls := ev.Data.Logsource()
				fmt.Fprintf(&got, "%s %s %s/%s/%s", ev.Ref, when, ls.Product, ls.Category, ls.Service)
				for k, v := range ev.Data.Fields() {
					fmt.Fprintf(&got, " %s=%s", k, v)
				}
				got.WriteByte('\n')
			}
		}
	}
	if *update {
		a.Files[last].Data = []byte(got.String())
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(got.String(), string(a.Files[last].Data)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

func TestMatch(t *testing.T) {
	for name, head := range map[string]string{
		"a.json": `{"name": "package", "version": "1"}`,
		"b.json": `[1, 2]`,
		"c.log":  `2021-03-03 {"EventID": 1, "Channel": "x"}`,
		"d.json": ``,
	} {
		if Parser.Match(name, []byte(head)) {
			t.Errorf("%s is taken for events: %s", name, head)
		}
	}
}

// The sets of OTRF are local time that is labelled UTC, in part on a clock of
// twelve hours. All we say must be within minutes of Sysmon's own time.
func TestOTRF(t *testing.T) {
	root := os.Getenv("LIMIER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	zips, _ := filepath.Glob(filepath.Join(root, "data", "evtx-attack", "otrf-json", "*.zip"))
	if len(zips) == 0 {
		t.Skip("no data/evtx-attack/otrf-json: real evidence is not in the repository")
	}
	for _, name := range zips {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range z.File {
			f, err := z.Open(member.Name)
			if err != nil {
				t.Fatal(err)
			}
			events, timeless, sysmon := 0, 0, 0
			var first, last string
			for ev, err := range Parser.Parse(context.Background(), member.Name, f) {
				if err != nil {
					t.Errorf("%s: %v", member.Name, err)
					continue
				}
				events++
				if ev.Data.Logsource().Service == "sysmon" {
					sysmon++
				}
				if ev.Time.IsZero() {
					timeless++
					continue
				}
				when := ev.Time.Format("2006-01-02T15:04")
				if first == "" || when < first {
					first = when
				}
				last = max(last, when)
			}
			t.Logf("%s: %d events, %d of Sysmon, %d without a time, %s to %s", member.Name, events, sysmon, timeless, first, last)
			if events == 0 || first[:10] != last[:10] {
				t.Errorf("%s: %d events from %s to %s", member.Name, events, first, last)
			}
		}
		z.Close()
	}
}

func FuzzParser(f *testing.F) {
	a, err := txtar.ParseFile("testdata/shapes.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, in := range a.Files {
		f.Add(in.Data)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		events := 0
		for ev, err := range Parser.Parse(context.Background(), "in.json", open(t, "in.json", in)) {
			var gap *evidence.GapError
			if err != nil && !errors.As(err, &gap) {
				t.Fatal(err)
			}
			if err != nil {
				continue
			}
			events++
			if ev.Ref.Line < 1 || ev.Ref.Offset >= int64(len(in)) {
				t.Errorf("event at %v of %d bytes", ev.Ref, len(in))
			}
			if in[ev.Ref.Offset] != '{' {
				t.Errorf("no object at %d", ev.Ref.Offset)
			}
		}
		if n := bytes.Count(in, []byte("{")); events > n {
			t.Errorf("%d events of %d braces", events, n)
		}
	})
}
