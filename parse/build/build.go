// Package build reads evidence of which build of Exchange or SharePoint is
// installed: ExchangeSetup.log, program files and the output of
// Get-ExchangeServer. The registry is parse/registry's.
package build

import (
	"path"
	"strings"

	"limier/event"
)

// names are the fields of every event of this package:
//
//	Product      "Exchange" or "SharePoint"
//	Version      the installed build, as the evidence spells it; "" if it proves none
//	Mode         what the evidence is: "setup", "file" or "server-object"
//	Exact        "true" if Version tells the security update, not only the CU
//	Path         the install folder, or the program's own name
//	SetupVersion setup: the build that was to be installed
//	Operation    setup: Install, BuildToBuildUpgrade, DisasterRecovery, Uninstall, PrepareSchema…
//	Outcome      setup: "succeeded", "failed" or "unfinished"
//	Previous     setup: the build before
//	User         setup: who ran it
var names = []string{"Product", "Version", "Mode", "Exact", "Path", "SetupVersion", "Operation", "Outcome", "Previous", "User"}

func table(values map[string]string) *event.Table {
	t := &event.Table{Source: event.Setup, Names: names, Values: make([]string, len(names))}
	for i, n := range names {
		t.Values[i] = values[n]
	}
	return t
}

// base returns the lower-case name of the file at a path with either slash.
func base(name string) string {
	return strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
}
