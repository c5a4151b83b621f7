package webshell

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
)

// A Sight is a dangerous thing that a program does, before its context is
// weighed.
type Sight struct {
	Rule    string
	Text    string
	Verdict Verdict            // suspicious if empty
	Sure    finding.Confidence // low if empty
	Decoded string
	Family  string       // only with proof
	Value   script.Value // what flows into it
	Node    *script.Node // where; nil for the file as a whole
	Inner   []Reason     // of a page that the code writes
}

func (s *Sight) rank() int { return 3*s.Verdict.Rank() + level(s.Sure) }

func level(c finding.Confidence) int {
	switch c {
	case finding.HighConfidence:
		return 2
	case finding.ModerateConfidence:
		return 1
	}
	return 0
}

// Sights are what was seen while a Machine ran a file.
type Sights struct {
	Machine *script.Machine
	All     []Sight
	at      map[*script.Node]int
	least   int // once All is full: no sight of it ranks lower
	read    int // bytes of the page that Hidden read
}

// maxSights bounds what is remembered of one file.
const maxSights = 400

// See notes what happens to v at n: once for each place, the strongest, and of
// many places those that weigh most. With the first certain web shell the verdict stands, and the machine hurries.
func (l *Sights) See(n *script.Node, v script.Value, s Sight) {
	s.Verdict, s.Sure = cmp.Or(s.Verdict, Suspicious), cmp.Or(s.Sure, finding.LowConfidence)
	s.Value, s.Node = v, n
	if n != nil && l.Machine != nil && s.Decoded == "" && l.Machine.Passing(n) {
		s.Decoded, _ = l.Machine.Text(n)
	}
	if s.Verdict == Webshell && s.Sure == finding.HighConfidence && l.Machine != nil {
		l.Machine.Hurry()
	}
	if i, ok := l.at[n]; ok && n != nil {
		if s.rank() > l.All[i].rank() {
			l.All[i] = s
		}
		return
	}
	if l.at == nil {
		l.at = map[*script.Node]int{}
	}
	if len(l.All) < maxSights {
		l.at[n] = len(l.All)
		l.All = append(l.All, s)
	} else if s.rank() > l.least {
		l.displace(n, s)
	}
}

// displace puts a sight in the place of the weakest, if it is stronger.
func (l *Sights) displace(n *script.Node, s Sight) {
	weakest := 0
	for i := range l.All {
		if l.All[i].rank() < l.All[weakest].rank() {
			weakest = i
		}
	}
	if l.least = l.All[weakest].rank(); s.rank() > l.least {
		delete(l.at, l.All[weakest].Node)
		l.at[n], l.All[weakest] = weakest, s
	}
}

// readsRequest is code that asks for a value of the request, as C#, VB and the
// scripts have it.
var readsRequest = regexp.MustCompile(`(?i)\brequest\s*(?:\.\s*(?:item|form|querystring|params|headers|cookies|servervariables)\s*)?[\[(]\s*["'][\w-]+["']`)

// The sizes of the texts that Hidden reads, in bytes: what is longer shows when
// it is run.
const (
	minHidden = 12
	maxHidden = 512
)

// maxSearched is how much Hidden reads of one page, again for each text that is
// not in it, in bytes.
const maxSearched = 256 << 20

// Hidden notes an argument of any call that is code which reads the request
// and that was decoded or put together: the page does not hold it in plain.
func (l *Sights) Hidden(n *script.Node, args []script.Value, page string) {
	for i := range args {
		a := &args[i]
		if a.K != script.VString || a.L&script.Built == 0 || len(a.S) < minHidden || len(a.S) > maxHidden || !namesRequest(a.S) {
			continue
		}
		code := readsRequest.FindString(a.S)
		if code == "" {
			continue
		}
		if l.read += len(page); l.read > maxSearched {
			return
		}
		if strings.Contains(page, code) || strings.Contains(page, strings.ReplaceAll(code, `"`, `""`)) || strings.Contains(page, strings.ReplaceAll(code, `"`, `\"`)) {
			continue
		}
		s := Sight{Rule: "hidden-request", Verdict: Malicious, Sure: finding.ModerateConfidence, Decoded: a.S,
			Text: "Code that reads the request is put together from pieces, so that the page does not show it."}
		if runsCode.MatchString(a.S) {
			s.Verdict = Webshell
		}
		l.See(n, *a, s)
	}
}

// Unread notes that code was left out, which alone is reason to look.
func (l *Sights) Unread(p *script.Page) {
	see := func(why string) { l.See(nil, script.Value{}, Sight{Rule: Unread(why).Rule, Text: why}) }
	if l.Machine.Deep {
		see(TooDeep)
	}
	if l.Machine.Long || p.Long || l.read > maxSearched {
		see(TooLong)
	}
}

// namesRequest looks for the rarest letter of the word.
func namesRequest(s string) bool {
	for _, word := range []string{"equest", "EQUEST"} {
		for i := 1; ; i++ {
			k := strings.IndexByte(s[min(i, len(s)):], word[1])
			if k < 0 {
				break
			}
			if i += k; strings.HasPrefix(s[i-1:], word) {
				return true
			}
		}
	}
	return false
}

var runsCode = regexp.MustCompile(`(?i)\b(?:eval|execute|executeglobal|process\.start|assembly\.load)\b`)

// Reasons tells the sights with their ways, the strongest first.
func (l *Sights) Reasons() []Reason {
	all := slices.Clone(l.All)
	slices.SortStableFunc(all, func(a, b Sight) int { return b.rank() - a.rank() })
	var out []Reason
	for i := range all[:min(len(all), maxReasons)] {
		out = append(append(out, l.reason(&all[i])), all[i].Inner...)
	}
	return Strongest(out)
}

func (l *Sights) reason(s *Sight) Reason {
	r := Reason{Verdict: s.Verdict, Confidence: s.Sure, Rule: s.Rule, Text: s.Text, Family: s.Family}
	step := func(p script.Place, role string) Step {
		return Step{Line: p.Line, Role: role, Code: Cut(p.Code, MaxSnippet)}
	}
	for i, p := range l.Machine.Places(s.Value.T, 7) {
		role := "step"
		if i == 0 {
			role = "source"
		}
		r.Steps = append(r.Steps, step(p, role))
	}
	if s.Node != nil {
		sink := step(l.Machine.Place(s.Node), "sink")
		if n := len(r.Steps); n > 1 && r.Steps[n-1].Line == sink.Line && r.Steps[n-1].Code == sink.Code {
			r.Steps = r.Steps[:n-1]
		}
		r.Steps = append(r.Steps, sink)
		if text, file := l.Machine.Text(s.Node); !file && s.Decoded == "" {
			s.Decoded = text
		}
	}
	r.Decoded = Cut(s.Decoded, MaxShown)
	return r
}

// maxReasons bounds what is told of one file.
const maxReasons = 20

// Strongest orders reasons by verdict and confidence and keeps the first 20.
func Strongest(reasons []Reason) []Reason {
	slices.SortStableFunc(reasons, func(a, b Reason) int {
		return cmp.Or(b.Verdict.Rank()-a.Verdict.Rank(), level(b.Confidence)-level(a.Confidence))
	})
	return reasons[:min(len(reasons), maxReasons)]
}
