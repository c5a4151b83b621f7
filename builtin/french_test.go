package builtin_test

import (
	"strings"
	"testing"

	"limier/builtin"
	"limier/publish/html"
	"limier/sigma"
)

// Every rule that ships has a French title.
func TestFrenchTitles(t *testing.T) {
	rules, _ := builtin.Rules()
	engine, _ := sigma.Compile(rules, sigma.Config{})
	for _, r := range engine.Rules() {
		french(t, r.Title)
	}
}

func french(t *testing.T, title string) {
	t.Helper()
	if strings.Contains(string(html.Say("fr", title)), `<span lang="en">`) {
		t.Errorf("no French for the title %q", title)
	}
}
