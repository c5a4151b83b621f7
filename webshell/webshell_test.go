package webshell

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"limier/finding"
)

// Whoever shows one reason shows the one that made the verdict, whichever
// language it is from.
func TestJudgeOrder(t *testing.T) {
	says := func(name string, reasons ...Reason) *Language {
		return &Language{Name: name, Match: func(string, []byte) bool { return true }, Analyse: func(string, []byte) []Reason { return reasons }}
	}
	weak := Reason{Verdict: Suspicious, Confidence: finding.HighConfidence, Rule: "weak"}
	strong := Reason{Verdict: Malicious, Confidence: finding.ModerateConfidence, Rule: "strong"}
	sure := Reason{Verdict: Malicious, Confidence: finding.HighConfidence, Rule: "sure"}
	got := Judge([]*Language{says("a", weak), says("b", strong, weak), says("c", sure)}, "x", nil)
	want := Judgement{Verdict: Malicious, Confidence: finding.HighConfidence, Language: "c", Reasons: []Reason{sure, strong, weak, weak}}
	if d := cmp.Diff(got, want); d != "" {
		t.Error("got (-), want (+):\n" + d)
	}
}

// A page that grows under the hands of who mends it, or is damaged over and over,
// takes no longer for that.
func TestMendBounded(t *testing.T) {
	for _, atom := range []string{"&lt;%", "&amp;lt;%", "< %=", "eval_r(request ", "(“", "(\xa1\xb0", "/*", "<scriptrunat publicstatic"} {
		page := bytes.Repeat([]byte(atom), maxMended/len(atom))
		if mended, how := Mend(page); len(mended) > 2*len(page) || mended != nil && how == "" {
			t.Errorf("%q: %d bytes, %q", atom, len(mended), how)
		}
		if mended, _ := Mend(append(page, page...)); mended != nil {
			t.Errorf("%q: a large page is mended", atom)
		}
	}
}
