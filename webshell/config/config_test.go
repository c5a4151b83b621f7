package config

import (
	"flag"
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
