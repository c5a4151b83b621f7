package webshelltest

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"limier/webshell"
)

// Deeds judges, for an archive of the sections page, ways and deeds, a page for
// each way in which data comes from the request and each deed it is put to. A
// line of ways is a name, a tab and an expression; one of deeds a name, a tab
// and code that has HERE in the place of the expression; the page has SINK in
// that of the code, and HEAD in that of the lines that a way needs before, behind
// a second tab with \n between them. All must raise an alarm but those that a section silent
// names, as "deed way" or "deed *".
func Deeds(t *testing.T, archive, name string, languages ...*webshell.Language) {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	section := map[string]string{}
	for _, f := range a.Files {
		section[f.Name] = string(f.Data)
	}
	silent := map[string]bool{}
	for line := range strings.Lines(section["silent"]) {
		silent[strings.TrimSpace(line)] = true
	}
	judged := 0
	for deed := range strings.Lines(section["deeds"]) {
		deed, code, _ := strings.Cut(strings.TrimSpace(deed), "\t")
		for way := range strings.Lines(section["ways"]) {
			way, expr, _ := strings.Cut(strings.TrimSpace(way), "\t")
			expr, head, _ := strings.Cut(expr, "\t")
			page := strings.NewReplacer("HEAD", lines.Replace(head), "SINK", strings.ReplaceAll(code, "HERE", expr)).Replace(section["page"])
			got := webshell.Judge(languages, name, []byte(page)).Verdict.Rank() >= webshell.Malicious.Rank()
			if want := !silent[deed+" "+way] && !silent[deed+" *"]; got != want {
				t.Errorf("%s of %s: alarm is %v\n%s", deed, way, got, page)
			}
			judged++
		}
	}
	if judged == 0 {
		t.Fatal("nothing to judge in " + archive)
	}
}

var lines = strings.NewReplacer(`\\`, `\`, `\n`, "\n")
