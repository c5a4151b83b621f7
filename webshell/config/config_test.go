package config

import (
	"flag"
	"runtime"
	"strings"
	"testing"

	"limier/webshell/asp"
	"limier/webshell/aspnet"
	"limier/webshell/jsp"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, New(asp.Language, aspnet.Language, jsp.Language))
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", New(asp.Language, aspnet.Language, jsp.Language))
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, New(asp.Language, aspnet.Language, jsp.Language), "web.config", `<configuration><add path="*.jpg" type="PageHandlerFactory"/><% x = `, "", 10<<20,
		"<add ", "<rule ", "<!--", "(", "<%", "<rule></rule>", "a=\"", "<Files a>")
}

// A long precondition is not read again for each rule that names it.
func TestLongCondition(t *testing.T) {
	page := []byte(`<configuration><rewrite>` + strings.Repeat(`<rule preCondition="x"></rule>`, 500) +
		`<preCondition name="x"><add input="{HTTP_REFERER}"` + strings.Repeat(" ", 200_000) + `</preCondition></rewrite></configuration>`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	New().Analyse("web.config", page)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 20<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}
