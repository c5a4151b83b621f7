package webshell

import (
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
