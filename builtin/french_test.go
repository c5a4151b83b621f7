package builtin_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"limier/builtin"
	"limier/detect"
	"limier/publish/html"
	"limier/sigma"
	"limier/webshell"
	"limier/webshell/webshelltest"
)

// Every rule that ships has a French title.
func TestFrenchTitles(t *testing.T) {
	rules, _ := builtin.Rules()
	engine, _ := sigma.Compile(rules, sigma.Config{})
	for _, r := range engine.Rules() {
		french(t, r.Title)
	}
}

// What the analysers say of the files of their own tests has French words.
func TestFrenchReasons(t *testing.T) {
	dirs, err := filepath.Glob("../webshell/*/testdata")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, dir := range dirs {
		for name, data := range webshelltest.Pages(t, dir) {
			for _, r := range webshell.Judge(builtin.Languages(), name, data).Reasons {
				if !said[r.Text] {
					said[r.Text] = true
					french(t, r.Text)
				}
			}
		}
	}
	if len(said) < 300 {
		t.Errorf("only %d reasons", len(said))
	}
}

// So has what is found of scripts on a disk, and of the requests for them.
func TestFrenchScripts(t *testing.T) {
	names, err := filepath.Glob("../detect/webshell/testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d archives, %v", len(names), err)
	}
	archives := []*txtar.Archive{{Files: []txtar.File{
		{Name: "inetpub/wwwroot/a.html", Data: webshelltest.Page(t, "../webshell/client/testdata", "socket.html")},
		{Name: "inetpub/wwwroot/b.php", Data: webshelltest.Page(t, "../webshell/php/testdata", "bot-loop.php")},
	}}}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, a)
	}
	detectors := slices.DeleteFunc(builtin.Detectors(), func(d *detect.Detector) bool { return d.Name != "webshell" })
	found := map[string]bool{}
	for _, a := range archives {
		for _, f := range findings(t, a, detectors) {
			kind, _, _ := strings.Cut(f.Title, ":")
			found[kind] = true
			french(t, f.Title)
			french(t, f.Reason)
			for _, s := range f.Steps {
				french(t, s.Text)
			}
		}
	}
	for _, kind := range []string{"Web shell on disk", "Hostile script on disk", "Script against visitors on disk"} {
		if !found[kind] {
			t.Errorf("no %q was found", kind)
		}
	}
}

func french(t *testing.T, text string) {
	t.Helper()
	if said := string(html.Say("fr", text)); strings.Contains(said, `<span lang="en">`) || strings.Contains(said, " the ") {
		t.Errorf("no French for %q: %s", text, said)
	}
}
