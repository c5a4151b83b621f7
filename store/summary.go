package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"limier/baseline"
	"limier/casefile"
	"limier/finding"
	"limier/wire"
)

// Limits on what of one case can be searched. The case itself is kept whole.
const (
	maxKinds      = 200
	maxIndicators = 500
	maxFiles      = 1000
	maxText       = 500 // bytes of a title or value
)

// A Summary is what of a case can be searched and counted.
type Summary struct {
	Acquired   time.Time          `json:"acquired,omitzero"`
	Version    string             `json:"version"`
	Verdict    wire.Verdict       `json:"verdict"`
	Confidence finding.Confidence `json:"confidence"`
	Reason     string             `json:"reason"`
	Findings   int                `json:"findings"`
	First      time.Time          `json:"first,omitzero"` // earliest hostile act, scanning aside
	Last       time.Time          `json:"last,omitzero"`
	Exposure   exposureRow        `json:"exposure,omitzero"`
	Kinds      []kindRow          `json:"kinds,omitempty"`
	Indicators []indicatorRow     `json:"indicators,omitempty"`
	Files      []fileRow          `json:"files,omitempty"`
	Cut        int                `json:"cut,omitempty"` // rows beyond the limits
}

// An exposureRow is what a server is open to, by its hash: the list itself is
// read from the case when it is new.
type exposureRow struct {
	Hash    string `json:"h"`
	Product string `json:"p"`
	Build   string `json:"b"`
	Name    string `json:"n"`
}

// exposures are those of a case without what differs from server to server.
func exposures(c *casefile.Case) []wire.Exposure {
	var list []wire.Exposure
	for _, e := range c.Exposures[:min(len(c.Exposures), 8)] {
		e.Host, e.Proof = "", nil
		list = append(list, e)
	}
	return list
}

func exposureOf(list []wire.Exposure) exposureRow {
	if len(list) == 0 {
		return exposureRow{}
	}
	text := make([]byte, 0, 8<<10) // hashed at once: thousands of short writes take longer than the hash
	for _, e := range list {
		text = fmt.Appendf(text, "%q %q %q %q %d\n", e.Product, e.Build, e.Name, e.Notes, len(e.CVEs))
		for _, c := range e.CVEs {
			for _, s := range []string{c.ID, string(c.State), c.FixedIn, c.Note, c.Exploited} {
				text = append(append(text, s...), 0)
			}
		}
	}
	sum := sha256.Sum256(text)
	return exposureRow{hex.EncodeToString(sum[:]), cut(list[0].Product), cut(list[0].Build), cut(list[0].Name)}
}

type kindRow struct {
	Rule    string          `json:"r"`
	Title   string          `json:"t"`
	Level   finding.Level   `json:"l"`
	Phase   finding.Phase   `json:"p"`
	Outcome finding.Outcome `json:"o"`
	First   time.Time       `json:"f,omitzero"`
	Last    time.Time       `json:"e,omitzero"`
	N       int             `json:"n"`
}

type indicatorRow struct {
	Type  string    `json:"t"`
	Role  string    `json:"r,omitempty"`
	Value string    `json:"v"`
	Base  string    `json:"b,omitempty"`
	First time.Time `json:"f,omitzero"`
	Last  time.Time `json:"e,omitzero"`
}

type fileRow struct {
	Path   string `json:"p"`
	SHA256 string `json:"h"`
	Size   int64  `json:"s"`
}

// Kinds of indicators that are no kinds of entities.
const (
	ShellParameter = "shell-parameter" // the name that a shell's commands come under: its password, often
	TechniqueSet   = "technique-set"   // ATT&CK techniques that worked, in order
)

// parameter finds the name of a request's parameter in the code of a shell.
var parameter = regexp.MustCompile(`(?i)\b(?:request(?:\.(?:form|item|querystring|params))?\s*[\[(]|getparameter\(|\$_(?:post|get|request|cookie)\[)\s*["']([^"'\\]{1,64})["']`)

// Summarize takes out of a case what can be searched and counted.
func Summarize(c *casefile.Case) Summary {
	s := Summary{Acquired: c.Start.Acquired, Version: cut(c.Start.Version), Verdict: c.End.Verdict, Confidence: c.End.Confidence, Reason: cut(c.End.Reason), Findings: len(c.Findings)}
	if rankOf(s.Verdict) == 0 {
		s.Verdict = wire.NotEnough // cut short, or a word that we do not know
	}
	s.Exposure = exposureOf(exposures(c))
	rows := map[indicatorRow]*indicatorRow{}
	add := func(f *finding.Finding, i indicatorRow) *indicatorRow {
		if i.Value = cut(i.Value); i.Value == "" {
			return nil
		}
		k := indicatorRow{Type: i.Type, Role: cut(i.Role), Value: i.Value}
		r := rows[k]
		if r == nil {
			if len(rows) >= maxIndicators {
				s.Cut++
				return nil
			}
			n := k
			n.Base = cut(i.Base)
			r = &n
			rows[k] = r
		}
		widen(&r.First, &r.Last, f.Start, f.End)
		return r
	}
	seen := map[finding.Entity]*indicatorRow{} // a case's findings are about the same few
	kinds := map[kindRow]*kindRow{}
	var techniques []string
	var worked finding.Finding
	for i := range c.Findings {
		f := &c.Findings[i]
		k := kindRow{Rule: cut(f.Rule), Title: cut(f.Title), Level: f.Level, Phase: f.Phase, Outcome: f.Outcome}
		if kinds[k] == nil && len(kinds) >= maxKinds {
			s.Cut++
		} else {
			if kinds[k] == nil {
				n := k
				kinds[k] = &n
			}
			kinds[k].N += max(f.Count, 1)
			widen(&kinds[k].First, &kinds[k].Last, f.Start, f.End)
		}
		if f.Phase != finding.Scanning && f.Level.Rank() >= finding.Medium.Rank() {
			widen(&s.First, &s.Last, f.Start, f.End)
		}
		if f.Outcome == finding.Succeeded {
			techniques = append(techniques, f.Techniques...)
			widen(&worked.Start, &worked.End, f.Start, f.End)
		}
		for _, e := range f.Entities {
			if r := seen[e]; r != nil {
				widen(&r.First, &r.Last, f.Start, f.End)
			} else {
				seen[e] = add(f, indicator(e))
			}
		}
		if f.Phase == finding.Backdoor {
			for k := range f.Steps[:min(len(f.Steps), 20)] {
				if !strings.ContainsAny(f.Steps[k].Raw, `"'`) {
					continue // no parameter's name: most lines are of logs
				}
				for _, m := range parameter.FindAllStringSubmatch(f.Steps[k].Raw, 5) {
					add(f, indicatorRow{Type: ShellParameter, Role: "shell", Value: m[1]})
				}
			}
		}
	}
	slices.Sort(techniques)
	if techniques = slices.Compact(techniques); len(techniques) > 1 {
		add(&worked, indicatorRow{Type: TechniqueSet, Value: strings.Join(techniques[:min(len(techniques), 60)], " ")})
	}
	for _, r := range rows {
		s.Indicators = append(s.Indicators, *r)
	}
	slices.SortFunc(s.Indicators, func(a, b indicatorRow) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Role, b.Role), strings.Compare(a.Value, b.Value))
	})
	for _, k := range kinds {
		s.Kinds = append(s.Kinds, *k)
	}
	slices.SortFunc(s.Kinds, func(a, b kindRow) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Title, b.Title), strings.Compare(string(a.Level+"\x00")+string(a.Outcome), string(b.Level+"\x00")+string(b.Outcome)))
	})
	s.files(c)
	return s
}

// indicator is what a finding is about, as an indicator; one without a value if
// it is none.
func indicator(e finding.Entity) indicatorRow {
	r := indicatorRow{Type: string(e.Type), Role: e.Role}
	switch e.Type {
	case finding.Address:
		addr, err := netip.ParseAddr(e.Value)
		if err != nil {
			return r
		}
		if addr = addr.Unmap(); addr.Is6() {
			r.Type = "ipv6-addr"
		}
		r.Value = addr.WithZone("").String()
	case finding.FilePath:
		r.Value = FilePath(e.Value)
		r.Base = path.Base(r.Value)
	case finding.Process:
		r.Value = strings.ToLower(strings.ReplaceAll(e.Value, `\`, "/"))
		r.Base = path.Base(r.Value)
	case finding.Hash, finding.URL, finding.Domain:
		r.Value = strings.ToLower(e.Value)
	case finding.UserAgent, finding.Account:
		r.Value = e.Value
	}
	return r
}

// files lists the files that no baseline knows. Logs are none: each is
// another every day.
func (s *Summary) files(c *casefile.Case) {
	seen := map[fileRow]bool{}
	for _, e := range c.Evidence {
		switch strings.ToLower(path.Ext(e.Path)) {
		case ".log", ".evtx", ".etl", ".txt", ".csv":
			continue
		}
		r := fileRow{cut(FilePath(e.Path)), strings.ToLower(e.SHA256), max(e.Size, 0)}
		if len(r.SHA256) != 64 || seen[r] {
			continue
		}
		if len(s.Files) >= maxFiles {
			s.Cut++
			continue
		}
		seen[r] = true
		s.Files = append(s.Files, r)
	}
	slices.SortFunc(s.Files, func(a, b fileRow) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.SHA256, b.SHA256))
	})
	// One content at a path, whatever sizes were claimed.
	s.Files = slices.CompactFunc(s.Files, func(a, b fileRow) bool { return a.Path == b.Path && a.SHA256 == b.SHA256 })
}

// FilePath is how the same file is named on every server: in lower case, with
// slashes, inside the product if it is there, else below its drive.
func FilePath(p string) string {
	if rel, ok := baseline.Rel(p); ok {
		return strings.ToLower(rel)
	}
	p = strings.ToLower(strings.ReplaceAll(p, `\`, "/"))
	for i := 0; i+1 < len(p); i++ {
		if (i == 0 || p[i-1] == '/') && p[i] >= 'a' && p[i] <= 'z' {
			rest := strings.TrimPrefix(p[i+1:], ":")
			if strings.HasPrefix(rest, "/") {
				return rest[1:]
			}
		}
	}
	return p
}

func widen(first, last *time.Time, from, to time.Time) {
	if !from.IsZero() && (first.IsZero() || from.Before(*first)) {
		*first = from
	}
	if to.Before(from) {
		to = from
	}
	if to.After(*last) {
		*last = to
	}
}

// cut makes text from a case fit for a column: no more than maxText bytes of
// UTF-8, without NUL, which PostgreSQL refuses.
func cut(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// rankOf orders verdicts, the worst highest; 0 for none.
func rankOf(v wire.Verdict) int64 {
	switch v {
	case wire.Compromised:
		return 5
	case wire.Attacked:
		return 4
	case wire.Exposed:
		return 3
	case wire.NotEnough:
		return 2
	case wire.NoSign:
		return 1
	}
	return 0
}

// Verdicts are all verdicts, the gravest first.
func Verdicts() []wire.Verdict {
	return []wire.Verdict{wire.Compromised, wire.Attacked, wire.Exposed, wire.NotEnough, wire.NoSign}
}

// standing is a verdict and the last hostile act as one number.
func standing(v wire.Verdict, last time.Time) int64 {
	return rankOf(v)<<40 + max(0, min(last.Unix(), 1<<40-1))
}
