package main

import (
	"fmt"
	"strings"
)

// A difference is one value that one reader gives and the other does not.
type difference struct {
	log    string
	record key
	ours   *fact // nil if we lack it
	theirs *fact // nil if they lack it
}

func (d difference) String() string {
	show := func(f *fact) string {
		if f == nil {
			return "nothing"
		}
		v := f.value
		if len(v) > 60 {
			v = v[:60] + "…"
		}
		return fmt.Sprintf("%s/%s=%q", f.section, f.name, v)
	}
	return fmt.Sprintf("%s record %d: ours %s, theirs %s", d.log, d.record.id, show(d.ours), show(d.theirs))
}

// sameName reports whether our name for a value and their path agree: we name
// an element by its local name, an attribute by element and attribute.
func sameName(ours, theirs fact) bool {
	if ours.section != theirs.section {
		return false
	}
	parts := strings.Split(theirs.name, "/")
	n := len(parts)
	return ours.name == theirs.name || ours.name == parts[n-1] ||
		n > 1 && ours.name == parts[n-2]+"_"+parts[n-1] ||
		n == 1 && ours.name == ours.section+"_"+parts[0]
}

// compare pairs the values of a record. What is left has no equal; values of
// one name are paired as one difference.
func compare(log string, record key, ours, theirs []fact, same func(a, b string) bool) (equal int, diffs []difference) {
	used := make([]bool, len(theirs))
	var left []fact
	for _, o := range ours {
		found := false
		for i, t := range theirs {
			if !used[i] && sameName(o, t) && same(o.value, t.value) {
				used[i], found = true, true
				equal++
				break
			}
		}
		if !found {
			left = append(left, o)
		}
	}
	for _, o := range left {
		d := difference{log: log, record: record, ours: &o}
		for i, t := range theirs {
			if !used[i] && sameName(o, t) {
				used[i], d.theirs = true, &t
				break
			}
		}
		diffs = append(diffs, d)
	}
	for i, t := range theirs {
		if !used[i] {
			diffs = append(diffs, difference{log: log, record: record, theirs: &t})
		}
	}
	return equal, diffs
}
