package build_test

import (
	"bytes"
	"context"
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

	"limier/event"
	"limier/internal/petest"
	"limier/parse"
	"limier/parse/build"
)

var update = flag.Bool("update", false, "rewrite what the archives want")

// read returns what a parser makes of one file, an event or gap on each line.
func read(t testing.TB, p *parse.Parser, fsys fs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	for e, err := range p.Parse(context.Background(), name, f) {
		if err != nil {
			fmt.Fprintf(&b, "gap %v\n", err)
			continue
		}
		fmt.Fprint(&b, e.Ref)
		if !e.Time.IsZero() {
			fmt.Fprint(&b, " ", e.Time.Format("2006-01-02T15:04:05.000Z07:00"))
		}
		if e.Host != "" {
			fmt.Fprint(&b, " host ", e.Host)
		}
		for k, v := range e.Data.Fields() {
			fmt.Fprintf(&b, " %s=%q", k, v)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func TestArchives(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no archives")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			want, at := "", -1
			for i, f := range a.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
					continue
				}
				fsys := fstest.MapFS{f.Name: {Data: f.Data}}
				for _, p := range []*parse.Parser{build.Setup, build.Program, build.Server} {
					if p.Match(f.Name, f.Data[:min(len(f.Data), 4096)]) {
						got.WriteString(read(t, p, fsys, f.Name))
					}
				}
			}
			if *update && at >= 0 {
				a.Files[at].Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(got.String(), want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRealServer reads a real server's description.
func TestRealServer(t *testing.T) {
	fsys := os.DirFS(shared(t))
	got := read(t, build.Server, fsys, "data/builds/healthchecker/E19_Exchange_GetExchangeServer.xml")
	if !strings.Contains(got, `Version="Version 15.2 (Build 986.5)"`) || !strings.Contains(got, "host SOLO-E19A") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %s", got)
	}
}

// TestProgram: programs of Exchange and SharePoint tell their build; those that
// only bear such a name, and broken ones, do not.
func TestProgram(t *testing.T) {
	maker := map[string]string{"CompanyName": "Microsoft Corporation", "ProductName": "Microsoft® Exchange", "OriginalFilename": "ExSetup.exe"}
	exchange := petest.Program([4]uint16{15, 2, 1118, 36}, maker)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"V15/Bin/ExSetup.exe":             {exchange, `V15/Bin/ExSetup.exe Product="Exchange" Version="15.2.1118.36" Mode="file" Exact="true" Path="ExSetup.exe"` + "\n"},
		"ISAPI/Microsoft.SharePoint.dll":  {petest.Program([4]uint16{16, 0, 10417, 20027}, map[string]string{"CompanyName": "Microsoft Corporation", "ProductName": "Microsoft SharePoint 2019"}), `ISAPI/Microsoft.SharePoint.dll Product="SharePoint" Version="16.0.10417.20027" Mode="file" Exact="true"` + "\n"},
		"bin/Microsoft.Exchange.Fake.dll": {petest.Program([4]uint16{1, 0, 0, 0}, map[string]string{"CompanyName": "Contoso"}), ""},
		"bin/Microsoft.Exchange.None.dll": {petest.Program([4]uint16{1, 0, 0, 0}, nil), ""},
		"bin/Microsoft.Exchange.Cut.dll":  {exchange[:0x2010], "gap bin/Microsoft.Exchange.Cut.dll: reading the resources: unexpected EOF\n"},
	} {
		if !build.Program.Match(name, test.data[:64]) {
			t.Errorf("%s is not for this parser", name)
		}
		if got := read(t, build.Program, fstest.MapFS{name: {Data: test.data}}, name); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestRealProgram: a program of another maker says nothing about Exchange.
func TestRealProgram(t *testing.T) {
	if got := read(t, build.Program, os.DirFS(shared(t)), "data/misc/pe/putty.exe"); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestMatch(t *testing.T) {
	for name, want := range map[string]bool{
		"C/Program Files/Microsoft/Exchange Server/V15/Bin/ExSetup.exe":               true,
		`C:\Program Files\Microsoft\Exchange Server\V15\Bin\Microsoft.Exchange.X.dll`: true,
		"D/CU23/Setup/ServerRoles/Common/ExSetup.exe":                                 false,
		"C/Windows/explorer.exe": false,
	} {
		if got := build.Program.Match(name, []byte("MZ\x90")); got != want {
			t.Errorf("Match(%q) = %v, want %v", name, got, want)
		}
	}
	if build.Setup.Match("a.log", []byte("[x] [0] hello")) || !build.Setup.Match("u/ExchangeSetup.log", nil) {
		t.Error("ExchangeSetup.log is told by its name or its content")
	}
}

func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	return dir
}

func fuzz(f *testing.F, p *parse.Parser) {
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := fstest.MapFS{"x": {Data: b}}.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range p.Parse(context.Background(), "x", file) {
			if (e == nil) == (err == nil) {
				t.Fatalf("event %v, error %v", e, err)
			}
			if err == nil && e.Data.Logsource() != event.Setup {
				t.Fatalf("log source %v", e.Data.Logsource())
			}
		}
	})
}

func FuzzSetup(f *testing.F) {
	f.Add([]byte("[03/13/2021 05:01:29.0411] [0] Starting Microsoft Exchange Server 2013 Setup\n[03/13/2021 05:01:29.0427] [0] Setup version: 15.0.1497.2.\n[03/13/2021 05:01:29.0427] [0] Setup will use the path 'D:\\V15\\bin' for installing Exchange.\n"))
	f.Add(bytes.Repeat([]byte("x"), 1<<17))
	fuzz(f, build.Setup)
}

func FuzzServer(f *testing.F) {
	f.Add([]byte(`<Objs><Obj><Props><S N="Name">A</S><Obj N="AdminDisplayVersion"><ToString>Version 15.2 (Build 986.5)</ToString></Obj></Props></Obj></Objs>`))
	fuzz(f, build.Server)
}

func FuzzProgram(f *testing.F) {
	f.Add(petest.Program([4]uint16{15, 1, 2507, 6}, map[string]string{"CompanyName": "Microsoft", "ProductName": "Exchange"}))
	fuzz(f, build.Program)
}
