package cfml

import (
	"flag"
	"testing"

	"limier/webshell/webshelltest"
)

var rounds = flag.Int("rounds", 0, "how often every change is made to every page; 0: three changes a page")

func TestSurvive(t *testing.T) {
	webshelltest.Survive(t, "testdata", Language, *rounds, 0.9)
}
