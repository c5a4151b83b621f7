package webshelltest

import (
	"bytes"
	"hash/fnv"
	"iter"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"limier/webshell"
)

// A Changed is a page that one or more changes were applied to.
type Changed struct {
	Name    string
	Data    []byte
	Tongue  string
	Changes []string
}

// Changes yields what rounds of every change of its language make of a page,
// then as many chains of two to four; with 0 rounds two changes and a chain.
// The same seed gives the same pages.
func Changes(name string, data []byte, seed int64, rounds int) iter.Seq[Changed] {
	return func(yield func(Changed) bool) {
		if bytes.IndexByte(data, 0) >= 0 || bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}) {
			return // its encoding is a disguise of its own
		}
		first, ok := newPage(name, string(data))
		if !ok {
			return
		}
		h := fnv.New64a()
		h.Write(data)
		r := rand.New(rand.NewSource(seed ^ int64(h.Sum64())))
		changes := first.tongue.changes()
		apply := func(list []Change) bool {
			p := &page{name: first.name, tongue: first.tongue, parts: slices.Clone(first.parts)}
			out := Changed{Tongue: p.tongue.String()}
			for _, c := range list {
				if p.bytes == nil && c.do(r, p) {
					out.Changes = append(out.Changes, c.Name)
				}
			}
			if len(out.Changes) == 0 {
				return true
			}
			out.Name, out.Data = p.name, p.data()
			return yield(out)
		}
		some := func(n int) (list []Change) {
			for _, i := range r.Perm(len(changes))[:n] {
				list = append(list, changes[i])
			}
			return list
		}
		for round := range max(1, rounds) {
			list := changes
			if rounds == 0 {
				list = some(2)
			}
			for _, c := range list {
				if !apply([]Change{c}) {
					return
				}
			}
			if !apply(some(2 + (round+r.Intn(3))%3)) {
				return
			}
		}
	}
}

// Survive changes the pages of every archive dir/*.txtar as attackers change
// code that is known. At least that part of the hostile pages must keep their
// alarm, and no other may raise one unless it hides what it says.
func Survive(t *testing.T, dir string, l *webshell.Language, rounds int, least float64) {
	t.Helper()
	languages := []*webshell.Language{l}
	tried, kept := 0, 0
	for name, data := range Pages(t, dir) {
		hostile := Alarms(languages, name, data)
		for c := range Changes(name, data, 1, rounds) {
			alarm := Alarms(languages, c.Name, c.Data)
			switch {
			case !hostile && alarm && !slices.ContainsFunc(c.Changes, hides):
				t.Errorf("%s raises an alarm once changed by %s:\n%s", name, strings.Join(c.Changes, ", "), c.Data)
			case hostile:
				if tried++; alarm {
					kept++
				} else {
					t.Logf("%s raises no alarm once changed by %s:\n%s", name, strings.Join(c.Changes, ", "), c.Data)
				}
			}
		}
	}
	if part := float64(kept) / float64(max(1, tried)); part < least || tried == 0 {
		t.Errorf("%d of %d changed pages raise an alarm, %.3f of them, want %.3f", kept, tried, part, least)
	}
}

// hides reports whether a change hides what the code says, which is a reason of
// its own to raise an alarm.
func hides(change string) bool {
	return strings.HasPrefix(change, "text-") || change == "executed" || change == "unicode" || change == "source-evaluated" || change == "jspx"
}

// Alarms reports whether the languages raise an alarm on a page.
func Alarms(languages []*webshell.Language, name string, data []byte) bool {
	return webshell.Judge(languages, name, data).Verdict.Rank() >= webshell.Malicious.Rank()
}

func (t tongue) String() string {
	return [...]string{"C#", "VB.NET", "VBScript", "JScript", "Java", "CFML"}[t]
}
