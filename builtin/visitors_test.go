package builtin_test

import (
	"testing"

	"limier/builtin"
	"limier/webshell"
	"limier/webshell/webshelltest"
)

// TestAgainstVisitors: code of the server that only works on visitors is told
// from what lets somebody in, or does both.
func TestAgainstVisitors(t *testing.T) {
	for _, c := range []struct {
		archive, page string
		want          bool
	}{
		{"php", "g1-h01/functions.php", true}, // cloaked-script
		{"php", "g1-h09/settings.php", true},  // hidden-script
		{"client", "socket.html", true},       // the browser's part
		{"php", "temp-include.php", false},    // odd-include
		{"php", "links-for-bots.php", false},  // drops-script
		{"php", "object-end.php", false},      // a web shell
		{"php", "temp-template.php", false},   // harmless
	} {
		j := webshell.Judge(builtin.Languages(), c.page, webshelltest.Page(t, "../webshell/"+c.archive+"/testdata", c.page))
		if got := j.AgainstVisitors(); got != c.want {
			t.Errorf("%s: %v, %s", c.page, got, j.Verdict)
		}
	}
}
