package php

import (
	"slices"
	"strings"
	"testing"

	"limier/webshell"
)

// changes lists every change, by kind and name.
func changes() []change {
	all := []change{}
	for _, t := range texts {
		all = append(all, change{"text/" + t.name, t.make})
	}
	for _, h := range slices.Concat(hidings, tricks) {
		all = append(all, change{"name/" + h.name, hideNames(h)}, change{"literal/" + h.name, hideTexts(h)}, change{"super/" + h.name, hideSupers(h)})
	}
	for kind, set := range map[string]map[string]string{"flow": flows, "way": ways, "door": doors, "entry": entries} {
		for n, t := range set {
			all = append(all, change{kind + "/" + n, passed(t)})
		}
	}
	for kind, set := range map[string]map[string]string{"wrap": wraps, "shell": shells, "gate": gates, "bend": bends, "turn": turns} {
		for n, t := range set {
			all = append(all, change{kind + "/" + n, around(t)})
		}
	}
	for _, by := range []string{"goto", "switch", "if", "closures"} {
		all = append(all, change{"flatten/" + by, flatten(by)})
	}
	for n, t := range statements {
		all = append(all, change{"statement/" + n, expressions(t)})
	}
	for kind, set := range map[string]map[string]string{"carrier": carriers, "bearer": bearers} {
		for n, t := range set {
			all = append(all, change{kind + "/" + n, carried(t)})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(a.name, b.name) })
	return all
}

// plainPages are what is dressed.
var plainPages = map[string]string{
	"command": "<?php\nsys" + "tem($_GET['c']);\n",
	"code":    "<?php\n$x = base64_decode($_POST['d']);\nev" + "al($x);\n",
	"writes":  "<?php\nif (isset($_POST['n'])) { file_put_contents($_POST['n'], $_POST['t']); echo 'ok'; }\n",
}

// bare are the changes after which a page is silent, and why.
var bare = map[string]string{
	"command door/path-info":         "a part of the page's address, which programs read everywhere",
	"code door/path-info":            "the same",
	"writes door/path-info":          "the same",
	"command carrier/own-tail":       "a short last line that the page reads of itself",
	"code carrier/own-tail":          "the same",
	"writes carrier/stream":          "writes a file only, out of a stream of its own",
	"writes super/ob":                "writes a file only, and nothing says where from",
	"writes super/strtr":             "the same",
	"bearer/gadget":                  "what a closure returned is serialised, and wakes up",
	"entry/server-loop":              "which headers a loop picks is not known",
	"way/included-return":            "a file that returns what was written to it",
	"command super/array-access-own": "an object that is asked as an array, before the page starts",
	"writes wrap/inherited":          "writes a file only, in a class of a program",
}

// writers are changes after which the page that writes a file is silent:
// that is an alarm only where it is plain that the page does nothing else.
var writers = words(`literal/property-hook-block name/env-array name/property-hook-block name/queue name/session name/states-match name/static-variable
	shell/parent-constructor super/array-access-own super/caesar super/coalesce-assign super/env-array super/html-buffer
	super/iterator-own super/magic-call-name super/property-hook-block super/queue super/rc4 super/states-match super/static-variable
	way/callback-filter way/ords way/pairs-loop way/property-hook way/property-set-hook way/recursion way/xor-function`)

func alarms(src string) ([]webshell.Reason, bool) {
	reasons := Analyse("page.php", []byte(src))
	return reasons, len(reasons) > 0 && reasons[0].Verdict.Rank() >= webshell.Malicious.Rank()
}

// A change of clothes does not hide what a page does.
func TestClothes(t *testing.T) {
	for name, page := range plainPages {
		for _, ch := range changes() {
			out := ch.make(newCoat(1, name, ch.name), page)
			if out == "" || out == page || bare[name+" "+ch.name] != "" || bare[ch.name] != "" || name == "writes" && writers[ch.name] {
				continue
			}
			if _, ok := alarms(out); !ok {
				t.Errorf("%s, %s: silent\n%s", name, ch.name, out)
			}
		}
	}
}
