package builtin_test

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"limier/builtin"
	"limier/detect"
	"limier/internal/sourcetest"
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
		{Name: "inetpub/wwwroot/c.php", Data: webshelltest.Page(t, "../webshell/php/testdata", "crontab.php")},
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

// So has what each rule of what comes after a break-in says of itself, and of
// what else looks the same.
func TestFrenchRules(t *testing.T) {
	rules, _ := builtin.Rules()
	engine, _ := sigma.Compile(rules, sigma.Config{})
	said := 0
	for _, r := range engine.Rules() {
		if slices.Contains(r.Tags, "limier.aftermath") {
			said++
			text := strings.Join(strings.Fields(r.Description), " ")
			french(t, strings.TrimSuffix(strings.Replace(text, " Fooled by: ", " Harmless causes: ", 1), ".")+".")
		}
	}
	if said < 80 {
		t.Errorf("only %d rules", said)
	}
	french(t, "With it: "+engine.Rules()[0].Title+"; "+engine.Rules()[1].Title+".")
}

// noGap are errors of the readers that end a scan, stay inside, or hold another
// gap: no report shows them by themselves.
var noGap = []string{
	"no such file or folder: %s; give the folder or the archive that holds the evidence",
	"%s is neither a file nor a folder; give the folder or the archive that holds the evidence",
	"opening evidence: %w",
	"nothing in %s: the folder is empty; is the evidence mounted?",
	"nothing in %s: the archive is empty",
	"nothing can be read in %s: %w",
	"nothing can be read on this host: %w; run as administrator or root",
	"cannot go back to %d in a stream",
	"%s (and %d more alike)",
	"not a file", "not on a drive", "not a folder", "is a folder", "no random access", "cannot be read at an offset", "closed", "torn",
}

// What the readers of evidence say of what they could not read has French
// words: each text of an error in their code is tried.
func TestFrenchGaps(t *testing.T) {
	said := 0
	sourcetest.Each(t, func(_ string, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "Errorf" && (f.Sel.Name != "New" || fmt.Sprint(f.X) != "errors") {
			return
		}
		format := sourcetest.Text(call.Args[0])
		if slices.Contains(noGap, format) || !regexp.MustCompile(`[a-z]{3}`).MatchString(sourcetest.Bare(format)) {
			return
		}
		said++
		french(t, sourcetest.Filled(format, "cut short")) // a sentinel of ours, tried by itself
	}, "../acquire/*.go", "../parse/*.go", "../parse/*/*.go", "../internal/evtx/*.go", "../internal/regf/*.go", "../internal/peversion/*.go", "../scan/*.go")
	if said < 60 {
		t.Errorf("only %d texts", said)
	}
}

func french(t *testing.T, text string) {
	t.Helper()
	if said := string(html.Say("fr", text)); strings.Contains(said, `<span lang="en">`) || strings.Contains(said, " the ") {
		t.Errorf("no French for %q: %s", text, said)
	}
}
