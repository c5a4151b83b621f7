package php

import (
	"maps"
	"slices"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

// quiet are the pages of the tests that are long and raise no alarm.
func quiet(t *testing.T) map[string]string {
	pages := map[string]string{}
	for name, data := range webshelltest.Pages(t, "testdata") {
		if _, alarm := alarms(string(data)); !alarm && len(data) > 600 {
			pages[name] = string(data)
		}
	}
	return pages
}

// found says that an alarm is raised, and that its reason names a line from one to
// the other.
func found(text string, from, to int) (alarm, there bool, reasons []webshell.Reason) {
	reasons, alarm = alarms(text)
	there = alarm && slices.ContainsFunc(reasons[0].Steps, func(s webshell.Step) bool { return s.Line >= from && s.Line <= to })
	return alarm, there, reasons
}

// Lines within a legitimate file are found, and where they stand.
func TestWithin(t *testing.T) {
	n := 0
	for base, text := range quiet(t) {
		for name, page := range plainPages {
			if name == "writes" { // which a program may let its own users do
				continue
			}
			for _, place := range slices.Concat(spots, nested) {
				out, from, to := inject(newCoat(1, base, place), text, page, place)
				if out == "" {
					continue
				}
				n++
				if _, there, reasons := found(out, from, to); !there {
					t.Errorf("%s in %s, %s, lines %d to %d: %s", name, base, place, from, to, lines(reasons))
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("%d files only", n)
	}
}

// direct are what is an alarm wherever in a program it stands: who asks runs code
// or commands, or puts a file where he likes.
var direct = words(`request-to-eval request-to-command request-names-function request-to-include request-writes-file request-into-script request-writes-and-runs
	remote-to-eval remote-to-command keyed-eval packed-code drops-script drops-program covers-tracks starts-miner preloads-library sends-settings command-wrapper`)

// The hostile pages of the tests are found within what programs declare. The rest
// of those that are lost need the whole page: what nobody can set in a function, or
// what only a page that does nothing else may not do.
func TestInjected(t *testing.T) {
	bases := quiet(t)
	names := slices.Sorted(maps.Keys(bases))
	tried, kept, right := 0, 0, 0
	for name, data := range webshelltest.Pages(t, "testdata") {
		reasons, alarm := alarms(string(data))
		if !alarm || !direct[reasons[0].Rule] || len(data) > 3000 {
			continue
		}
		places := nested
		if testing.Short() {
			places = nested[:1]
		}
		for _, place := range places {
			c := newCoat(1, name, place)
			out, from, to := "", 0, 0
			for range 20 {
				if out, from, to = inject(c, bases[names[c.IntN(len(names))]], string(data), place); out != "" {
					break
				}
			}
			if out == "" {
				continue
			}
			tried++
			alarm, there, _ := found(out, from, to)
			if alarm {
				kept++
			} else {
				t.Logf("%s (%s), %s: silent", name, reasons[0].Rule, place)
			}
			if there {
				right++
			}
		}
	}
	t.Logf("%d put within declarations, %d found, %d of them where they stand", tried, kept, right)
	if kept*100 < tried*94 || right*100 < kept*99 {
		t.Errorf("%d put within declarations, %d found, %d of them where they stand", tried, kept, right)
	}
}
