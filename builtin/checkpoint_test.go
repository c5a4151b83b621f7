package builtin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"limier/acquire"
	"limier/builtin"
	"limier/evidence"
	"limier/scan"
	"limier/sigma"
)

// evidenceOfAll is the evidence of the detectors' archives and of the example.
func evidenceOfAll(t *testing.T) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	add := func(name string, data []byte) {
		fsys[name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: time.Date(2021, 3, 3, 7, 0, 0, len(fsys), time.UTC)}
	}
	archives, err := filepath.Glob("../detect/*/testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for i, name := range archives {
		if i%3 > 0 { // a third of them: each is read dozens of times
			continue
		}
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			name, encoded := strings.CutSuffix(f.Name, ".b64")
			if encoded {
				if f.Data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Data)), "")); err != nil {
					t.Fatal(err)
				}
			}
			if name != "want" && !strings.HasPrefix(name, "rules/") {
				add(fmt.Sprintf("%02d/%s", i%4, name), f.Data) // later ones of a name take the place of earlier ones
			}
		}
	}
	src, closer, err := acquire.Open(t.Context(), "../examples/intrusion", acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	err = fs.WalkDir(src.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(src.FS, path)
		add("example/"+path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Big enough that all workers read it together; hostile bytes in it.
	big := []byte("#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n")
	for i := 0; len(big) < 8<<20+1000; i++ {
		big = fmt.Appendf(big, "2021-03-03 04:%02d:%02d 203.0.113.%d POST /aspnet_client/x%d.aspx 200 agent\xff%d\n", i/60%60, i%60, i%7, i%50, i%30)
	}
	add("02/inetpub/logs/LogFiles/W3SVC1/u_ex210303_big.log", big)
	return fsys
}

// A countedFS counts the bytes that are read.
type countedFS struct {
	fs.FS
	n *atomic.Int64
}

type countedFile struct {
	fs.File
	n *atomic.Int64
}

func (c countedFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if info, e := fs.Stat(c.FS, name); err != nil || e != nil || info.IsDir() {
		return f, err
	}
	return countedFile{f, c.n}, nil
}

func (f countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.n.Add(int64(n))
	return n, err
}

func (f countedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.(interface {
		ReadAt([]byte, int64) (int, error)
	}).ReadAt(p, at)
	f.n.Add(int64(n))
	return n, err
}

// A scan that is cut short again and again, whose checkpoint is torn and
// flipped, tells the same bytes in the end as one that nothing disturbed.
func TestCheckpoint(t *testing.T) {
	fsys := evidenceOfAll(t)
	rules, _ := builtin.Rules()
	engine, _ := sigma.Compile(rules, sigma.Config{})
	path := filepath.Join(t.TempDir(), "checkpoint")
	var read atomic.Int64
	run := func(ctx context.Context, c *scan.Checkpoint, workers int, progress func(scan.Progress)) ([]byte, error) {
		var b bytes.Buffer
		cfg := scan.Config{Parsers: builtin.Parsers(), Rules: engine, Languages: builtin.Languages(), Detectors: builtin.Detectors(), Evidence: true, Workers: workers, Checkpoint: c, Progress: progress}
		for m, err := range scan.Run(ctx, evidence.Source{ID: "test", Host: "EX01", FS: countedFS{fsys, &read}}, cfg) {
			if err != nil {
				return nil, err
			}
			if err := json.NewEncoder(&b).Encode(m); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes(), nil
	}
	open := func() *scan.Checkpoint {
		c, err := scan.OpenCheckpoint(path, "key", time.Now())
		if c == nil {
			t.Fatal(err)
		}
		return c
	}
	want, err := run(t.Context(), nil, 2, nil)
	if err != nil || bytes.Count(want, []byte(`{"finding":`)) < 10 {
		t.Fatalf("%v: %.2000s", err, want)
	}
	whole := read.Load()
	r := rand.New(rand.NewPCG(1, 2))
	for _, step := range []int{7, 25} {
		os.Remove(path)
		for done, cuts := 0, 0; ; cuts++ {
			ctx, cancel := context.WithCancel(t.Context())
			c := open()
			got, err := run(ctx, c, 1+step%2, func(p scan.Progress) {
				if p.FilesDone >= done+step {
					done = p.FilesDone
					cancel()
				}
			})
			cancel()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if err == nil {
				if !bytes.Equal(got, want) {
					t.Fatalf("cut short %d times, after %d files each: another result\n%s", cuts, step, firstDifference(got, want))
				}
				if step == 7 && cuts < len(fsys)/14 {
					t.Errorf("cut short %d times only", cuts)
				}
				break
			}
			if step == 25 && cuts < 4 { // as a crash, or a bad disk, leaves it
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if b[r.IntN(len(b))] ^= 1; r.IntN(2) == 0 {
					b = b[:r.IntN(len(b))]
				}
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				done = 0
			}
			if cuts > len(fsys) {
				t.Fatal("no end of it")
			}
		}
	}

	// What was kept is not read; what changed is.
	os.Remove(path)
	c := open()
	if _, err := run(t.Context(), c, 2, nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	read.Store(0)
	c = open()
	if got, err := run(t.Context(), c, 2, nil); err != nil || !bytes.Equal(got, want) || read.Load() != 0 {
		t.Errorf("%v; read %d of %d bytes again", err, read.Load(), whole)
	}
	c.Close()
	const changed = "02/inetpub/logs/LogFiles/W3SVC1/u_ex210303_big.log"
	fsys[changed].Data = fsys[changed].Data[:len(fsys[changed].Data)/2]
	if want, err = run(t.Context(), nil, 2, nil); err != nil {
		t.Fatal(err)
	}
	c = open()
	defer c.Close()
	if got, err := run(t.Context(), c, 2, nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v; a file that changed was not read again\n%s", err, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return fmt.Sprintf("got  %.1500s\nwant %.1500s", g[i], w[i])
		}
	}
	return fmt.Sprint(len(g), " lines, want ", len(w))
}
