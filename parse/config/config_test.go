package config_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"limier/event"
	"limier/parse/config"
)

var update = flag.Bool("update", false, "rewrite what the archives want")

func read(t testing.TB, name string, data []byte) string {
	t.Helper()
	if !config.Parser.Match(name, data[:min(len(data), 4096)]) {
		return name + " is not for this parser\n"
	}
	f, err := fstest.MapFS{name: {Data: data}}.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for e, err := range config.Parser.Parse(context.Background(), name, f) {
		if err != nil {
			fmt.Fprintf(&b, "gap %v\n", err)
			continue
		}
		fmt.Fprint(&b, e.Ref)
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
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i, f := range a.Files {
			if f.Name != "want" {
				got.WriteString(read(t, f.Name, f.Data))
				continue
			}
			if *update {
				a.Files[i].Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if diff := cmp.Diff(got.String(), string(f.Data)); diff != "" {
				t.Errorf("%s: %s", file, diff)
			}
		}
	}
}

// TestEncodings: the same file in every encoding gives the same events.
func TestEncodings(t *testing.T) {
	text := `<?xml version="1.0" encoding="%s"?><configuration><system.applicationHost><sites><site name="Défaut 網" id="1"/></sites></system.applicationHost></configuration>`
	wide := func(s string, big, mark bool) (b []byte) {
		if mark {
			s = "\ufeff" + s
		}
		for _, u := range utf16.Encode([]rune(s)) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return b
	}
	want := read(t, "web.config", []byte(fmt.Sprintf(text, "utf-8")))
	if !strings.Contains(want, "Défaut 網") {
		t.Fatalf("got %s", want)
	}
	for name, data := range map[string][]byte{
		"UTF-8 with a mark": []byte("\ufeff" + fmt.Sprintf(text, "UTF-8")),
		"UTF-16 LE":         wide(fmt.Sprintf(text, "utf-16"), false, true),
		"UTF-16 BE":         wide(fmt.Sprintf(text, "UTF-16"), true, true),
		"UTF-16 unmarked":   wide(fmt.Sprintf(text, "utf-16"), false, false),
	} {
		if diff := cmp.Diff(want, read(t, "web.config", data)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestHostile: entities, depth and size are bounded.
func TestHostile(t *testing.T) {
	for name, data := range map[string]string{
		"entities": `<!DOCTYPE c [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><configuration><site name="&b;"/></configuration>`,
		"depth":    "<configuration>" + strings.Repeat("<x>", 1000),
		"long":     "<configuration>" + strings.Repeat(" ", 33<<20),
		"cut":      `<configuration><system.applicationHost><sites><site name="A" id="1">`,
	} {
		if got := read(t, "web.config", []byte(data)); strings.Count(got, "gap ") != 1 || strings.Contains(got, "Kind=\"end\"") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestRealFiles reads every real configuration: only the one that is
// malformed on purpose has a gap.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data/misc/exchange-iis-config/*.config"))
	if len(files) < 20 {
		t.Fatalf("%d files", len(files))
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, filepath.Base(name), data)
		if bad := strings.Contains(name, "Bad"); strings.Contains(got, "gap ") != bad || strings.Contains(got, `Kind="end"`) == bad {
			t.Errorf("%s: got %s", name, got)
		}
		if strings.Contains(got, "Suspect=") {
			t.Errorf("%s: a folder of a clean server is suspect: %s", name, got)
		}
		if !strings.Contains(strings.ToLower(name), "applicationhost") || strings.Contains(name, "Bad") {
			continue
		}
		for _, want := range []string{
			`Kind="site" Name="Default Web Site" ID="1"`,
			`Kind="site" Name="Exchange Back End" ID="2" Bindings="`,
			`Kind="log" Directory="%SystemDrive%\\inetpub\\logs\\LogFiles" Format="W3C"`,
			`Name="TokenCacheModule" Image="%windir%\\System32\\inetsrv\\cachtokn.dll"`,
			`URL="/" PhysicalPath="%SystemDrive%\\inetpub\\wwwroot"`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`<configuration><location path="Default Web Site/EWS"><system.webServer><security><authentication><windowsAuthentication enabled="true"><extendedProtection tokenChecking="Allow" flags="None"/></windowsAuthentication></authentication><ipSecurity allowUnlisted="false"><add ipAddress="::1" allowed="true"/></ipSecurity></security></system.webServer></location></configuration>`))
	f.Add([]byte("\xff\xfe<\x00c\x00>\x00"))
	f.Add([]byte(`<configuration><system.webServer><rewrite><rules><rule name="a"><match url=".*"/><conditions><add pattern="x"/></conditions><action type="AbortRequest"/></rule></rules></rewrite></system.webServer></configuration>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := fstest.MapFS{"x": {Data: b}}.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		ended := false
		for e, err := range config.Parser.Parse(context.Background(), "x", file) {
			if (e == nil) == (err == nil) || ended {
				t.Fatalf("event %v, error %v, after the end %v", e, err, ended)
			}
			ended = err == nil && e.Field("Kind") == "end"
			if err == nil && e.Data.Logsource() != event.Config {
				t.Fatalf("log source %v", e.Data.Logsource())
			}
		}
	})
}
