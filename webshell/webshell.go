// Package webshell judges script files by what their code does: which data
// that a request controls reaches which dangerous call, and what was hidden on
// the way.
//
// The languages live in the folders below; builtin lists them.
package webshell

import (
	"limier/finding"
	"slices"
	"strings"
)

// A Verdict says what a file is. The zero value means nothing was seen.
type Verdict string

const (
	Suspicious Verdict = "suspicious" // worth a look; no alarm by default
	Malicious  Verdict = "malicious"  // a hostile script that is no shell: dropper, mailer, redirector…
	Webshell   Verdict = "webshell"   // lets a remote client run code or commands, or manage files
)

// Rank orders verdicts, nothing first.
func (v Verdict) Rank() int {
	switch v {
	case Suspicious:
		return 1
	case Malicious:
		return 2
	case Webshell:
		return 3
	}
	return 0
}

// A Reason is one argument for a verdict. A data flow has Steps from source to
// sink.
type Reason struct {
	Verdict    Verdict            `json:"verdict"`
	Confidence finding.Confidence `json:"confidence"`
	Rule       string             `json:"rule"` // kebab-case name of the mechanism: "request-to-eval"
	Text       string             `json:"text"` // one sentence in plain words
	Steps      []Step             `json:"steps,omitempty"`
	Decoded    string             `json:"decoded,omitempty"` // what was hidden, cut to 500 bytes
	Family     string             `json:"family,omitempty"`  // only with proof
}

// A Step is one place on a data flow.
type Step struct {
	Line int    `json:"line"` // first line is 1; 0 inside decoded code
	Role string `json:"role"` // "source", "step", "sink"
	Code string `json:"code"` // the code there, cut to 200 bytes
}

// A Language analyses one family of files.
type Language struct {
	Name string // "php"
	Doc  string // one line, lower case, no period

	// Match reports whether the language reads the file, by its name and the
	// first bytes of its content (up to 64 KiB).
	Match func(path string, head []byte) bool

	// Analyse returns every argument it has against the file, the strongest
	// first. It never fails: broken code is normal. It is bounded: time is
	// linear in len(data), memory in a small multiple of it.
	Analyse func(path string, data []byte) []Reason

	// Briefly is as Analyse, but ends with the first certain web shell: nothing
	// weighs more. Nil if Analyse serves.
	Briefly func(path string, data []byte) []Reason
}

// A Judgement is what all languages together say of one file.
type Judgement struct {
	Verdict    Verdict            `json:"verdict"`
	Confidence finding.Confidence `json:"confidence,omitempty"`
	Family     string             `json:"family,omitempty"`
	Language   string             `json:"language,omitempty"`
	Reasons    []Reason           `json:"reasons,omitempty"`
}

// visitors are the mechanisms that work on those who visit the site and give
// nobody a way in.
var visitors = []string{"announces-pages", "cloaked-content", "cloaked-redirect", "cloaked-script", "defacement", "doorway", "hidden-content", "hidden-links", "hidden-redirect", "hidden-script", "keeps-content",
	"mobile-redirect", "posts-foreign-text", "proves-ownership", "remote-redirect", "search-redirect", "skims-forms", "stray-script", "writes-doorways"}

// AgainstVisitors says that the file is hostile to the site's visitors only.
func (j *Judgement) AgainstVisitors() bool {
	others := func(r Reason) bool { return r.Verdict == Malicious && !slices.Contains(visitors, r.Rule) }
	return j.Verdict == Malicious && (j.Language == "client" || !slices.ContainsFunc(j.Reasons, others))
}

// Judge asks each language that matches the file and keeps the strongest
// verdict; the reasons of all stand in one order, the strongest first. An
// analyser that panics loses its own reasons, never the scan.
func Judge(languages []*Language, path string, data []byte) Judgement {
	return judge(languages, path, data, false)
}

// JudgeBriefly is as Judge for who asks for the verdict, the confidence and the
// family alone: it has no reasons, and leaves what only adds to a certain web
// shell.
func JudgeBriefly(languages []*Language, path string, data []byte) Judgement {
	j := judge(languages, path, data, true)
	j.Reasons = nil
	return j
}

func judge(languages []*Language, path string, data []byte, brief bool) Judgement {
	j := judgeAsIs(languages, path, data, brief)
	if j.Verdict.Rank() < Malicious.Rank() {
		if found := judgeMended(languages, path, data); found.Verdict != "" {
			found.Reasons = Strongest(append(found.Reasons, j.Reasons...))
			return found
		}
	}
	return j
}

func judgeAsIs(languages []*Language, path string, data []byte, brief bool) Judgement {
	var j Judgement
	head := data[:min(len(data), 64<<10)]
	lower := strings.ToLower(path)
	spoke := 0
	for _, l := range languages {
		if !l.Match(lower, head) {
			continue
		}
		reasons := analyse(l, path, data, brief)
		if len(reasons) == 0 {
			continue
		}
		spoke++
		best := reasons[0]
		if d := best.Verdict.Rank() - j.Verdict.Rank(); d > 0 || d == 0 && level(best.Confidence) > level(j.Confidence) {
			j.Verdict, j.Confidence, j.Language = best.Verdict, best.Confidence, l.Name
		}
		for _, r := range reasons {
			if j.Family == "" {
				j.Family = r.Family
			}
		}
		j.Reasons = append(j.Reasons, reasons...)
		if brief && best.certain() {
			break
		}
	}
	if spoke > 1 {
		j.Reasons = Strongest(j.Reasons)
	}
	if j.Family == "" && j.Verdict.Rank() >= Malicious.Rank() {
		for _, r := range j.Reasons {
			if r.Verdict == j.Verdict {
				j.Family = family(j.Language, data, r)
				break
			}
		}
	}
	return j
}

// certain says that no other reason weighs more.
func (r *Reason) certain() bool {
	return r.Verdict == Webshell && r.Confidence == finding.HighConfidence
}

func analyse(l *Language, path string, data []byte, brief bool) (reasons []Reason) {
	defer func() {
		if x := recover(); x != nil {
			reasons = append(reasons, Reason{Verdict: Suspicious, Confidence: finding.LowConfidence,
				Rule: "analyser-failed", Text: "The " + l.Name + " analyser failed on this file; look at it by hand."})
		}
	}()
	if brief && l.Briefly != nil {
		return l.Briefly(path, data)
	}
	return l.Analyse(path, data)
}
