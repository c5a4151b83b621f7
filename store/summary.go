package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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
	maxExposures  = 8
	maxText       = 500       // bytes of a title or value
	maxExposed    = 256 << 10 // bytes of all that is said of exposures: ten times what a collector has to say
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
	for _, e := range c.Exposures[:min(len(c.Exposures), maxExposures)] {
		e.Host, e.Proof = "", nil
		list = append(list, e)
	}
	return list
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
	z := NewSummarizer()
	z.Add(&wire.Message{Start: &c.Start})
	for i := range c.Exposures {
		z.Add(&wire.Message{Exposure: &c.Exposures[i]})
	}
	for i := range c.Findings {
		z.Add(&wire.Message{Finding: &c.Findings[i]})
	}
	for i := range c.Evidence {
		z.Add(&wire.Message{Evidence: &c.Evidence[i]})
	}
	z.Add(&wire.Message{End: &c.End})
	return z.Summary()
}

// A Summarizer takes out of a case, message by message, what can be searched
// and counted. Whoever adds a message may write the next into the same memory,
// but its texts must stay until the Summary, which has its own.
type Summarizer struct {
	s          Summary
	exposed    []byte // what makes the exposures' hash
	exposures  int
	listed     int // bytes that they say
	rows       map[indicatorRow]*indicatorRow
	seen       map[finding.Entity]*indicatorRow // a case's findings are about the same few
	kinds      map[kindRow]*kindRow
	files      map[fileRow]bool
	techniques []string
	worked     finding.Finding // spans those that succeeded
}

// NewSummarizer makes one for a first case.
func NewSummarizer() *Summarizer {
	z := &Summarizer{rows: map[indicatorRow]*indicatorRow{}, seen: map[finding.Entity]*indicatorRow{}, kinds: map[kindRow]*kindRow{}, files: map[fileRow]bool{}}
	z.Reset()
	return z
}

// Reset begins another case.
func (z *Summarizer) Reset() {
	clear(z.rows)
	clear(z.seen)
	clear(z.kinds)
	clear(z.files)
	*z = Summarizer{s: Summary{Verdict: wire.NotEnough}, exposed: z.exposed[:0], rows: z.rows, seen: z.seen, kinds: z.kinds, files: z.files, techniques: z.techniques[:0]}
}

// Add takes the next message.
func (z *Summarizer) Add(m *wire.Message) {
	switch {
	case m.Start != nil:
		z.s.Acquired, z.s.Version = m.Start.Acquired, kept(cut(m.Start.Version))
	case m.Exposure != nil:
		z.Exposure(m.Exposure, ListOf(m.Exposure))
	case m.Finding != nil:
		z.finding(m.Finding)
	case m.Evidence != nil:
		z.file(m.Evidence)
	case m.End != nil:
		if rankOf(m.End.Verdict) != 0 { // else it was cut short, or says a word that we do not know
			z.s.Verdict = kept(m.End.Verdict)
		}
		z.s.Confidence, z.s.Reason = kept(cut(m.End.Confidence)), kept(cut(m.End.Reason))
	}
}

// A List is the hash of an exposure's vulnerabilities and notes, and how many
// bytes they are: thousands of servers share one.
type List struct {
	sum  [sha256.Size]byte
	size int
}

// ListOf hashes what an exposure lists.
func ListOf(e *wire.Exposure) List {
	text := make([]byte, 0, 1<<13) // at once: thousands of short writes take longer than the hash
	for i := range e.CVEs {
		c := &e.CVEs[i]
		text = appendTexts(text, c.ID, string(c.State), c.FixedIn, c.Note, c.Exploited)
	}
	text = binary.AppendUvarint(text, uint64(len(e.CVEs)))
	text = appendTexts(text, e.Notes...)
	return List{sha256.Sum256(text), len(text)}
}

// appendTexts writes texts so that none can pose as several.
func appendTexts(to []byte, texts ...string) []byte {
	for _, s := range texts {
		to = append(binary.AppendUvarint(to, uint64(len(s))), s...)
	}
	return to
}

// Exposure is Add for an exposure whose list is hashed. It hashes what exposures
// returns, without making it.
func (z *Summarizer) Exposure(e *wire.Exposure, l List) {
	if z.exposures++; z.exposures > maxExposures || z.listed > maxExposed {
		return
	}
	if z.exposures == 1 {
		z.s.Exposure = exposureRow{Product: kept(cut(e.Product)), Build: kept(cut(e.Build)), Name: kept(cut(e.Name))}
	}
	before := len(z.exposed)
	z.exposed = append(appendTexts(z.exposed, e.Product, e.Build, e.Name, e.Updated), l.sum[:]...)
	z.listed += len(z.exposed) - before + l.size
}

func (z *Summarizer) finding(f *finding.Finding) {
	s := &z.s
	s.Findings++
	k := kindRow{Rule: cut(f.Rule), Title: cut(f.Title), Level: cut(f.Level), Phase: cut(f.Phase), Outcome: cut(f.Outcome)}
	r := z.kinds[k]
	if r == nil && len(z.kinds) < maxKinds {
		n := k
		r = &n
		z.kinds[k] = r
	}
	if r == nil {
		s.Cut++
	} else {
		r.N += min(max(f.Count, 1), 1<<30) // that a sum of whatever is told is one
		widen(&r.First, &r.Last, f.Start, f.End)
	}
	if f.Phase != finding.Scanning && f.Level.Rank() >= finding.Medium.Rank() {
		widen(&s.First, &s.Last, f.Start, f.End)
	}
	if f.Outcome == finding.Succeeded {
		z.techniques = append(z.techniques, f.Techniques...)
		widen(&z.worked.Start, &z.worked.End, f.Start, f.End)
	}
	for _, e := range f.Entities {
		if r := z.seen[e]; r != nil {
			widen(&r.First, &r.Last, f.Start, f.End)
		} else {
			z.seen[e] = z.indicator(f, indicator(e))
		}
	}
	if f.Phase != finding.Backdoor {
		return
	}
	for k := range f.Steps[:min(len(f.Steps), 20)] {
		if !strings.ContainsAny(f.Steps[k].Raw, `"'`) {
			continue // no parameter's name: most lines are of logs
		}
		for _, m := range parameter.FindAllStringSubmatch(f.Steps[k].Raw, 5) {
			z.indicator(f, indicatorRow{Type: ShellParameter, Role: "shell", Value: m[1]})
		}
	}
}

// indicator adds to what findings are about. It returns nil for what is not
// kept.
func (z *Summarizer) indicator(f *finding.Finding, i indicatorRow) *indicatorRow {
	if i.Value = cut(i.Value); i.Value == "" {
		return nil
	}
	k := indicatorRow{Type: i.Type, Role: cut(i.Role), Value: i.Value}
	r := z.rows[k]
	if r == nil {
		if len(z.rows) >= maxIndicators {
			z.s.Cut++
			return nil
		}
		n := k
		n.Base = cut(i.Base)
		r = &n
		z.rows[k] = r
	}
	widen(&r.First, &r.Last, f.Start, f.End)
	return r
}

// file keeps a file that no baseline knows. Logs are none: each is another
// every day.
func (z *Summarizer) file(e *wire.Evidence) {
	switch strings.ToLower(path.Ext(e.Path)) {
	case ".log", ".evtx", ".etl", ".txt", ".csv":
		return
	}
	r := fileRow{kept(cut(FilePath(e.Path))), kept(strings.ToLower(e.SHA256)), max(e.Size, 0)}
	if len(r.SHA256) != 64 || z.files[r] {
		return
	}
	if len(z.s.Files) >= maxFiles {
		z.s.Cut++
		return
	}
	z.files[r] = true
	z.s.Files = append(z.s.Files, r)
}

// Summary is what was added.
func (z *Summarizer) Summary() Summary {
	s := &z.s
	switch {
	case z.listed > maxExposed:
		s.Exposure = exposureRow{}
		s.Cut++
	case z.exposures > 0:
		sum := sha256.Sum256(z.exposed)
		s.Exposure.Hash = hex.EncodeToString(sum[:])
	}
	slices.Sort(z.techniques)
	if z.techniques = slices.Compact(z.techniques); len(z.techniques) > 1 {
		z.indicator(&z.worked, indicatorRow{Type: TechniqueSet, Value: strings.Join(z.techniques[:min(len(z.techniques), 60)], " ")})
	}
	for _, r := range z.rows {
		s.Indicators = append(s.Indicators, indicatorRow{kept(r.Type), kept(r.Role), kept(r.Value), kept(r.Base), r.First, r.Last})
	}
	slices.SortFunc(s.Indicators, func(a, b indicatorRow) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Role, b.Role), strings.Compare(a.Value, b.Value))
	})
	for _, k := range z.kinds {
		s.Kinds = append(s.Kinds, kindRow{kept(k.Rule), kept(k.Title), kept(k.Level), kept(k.Phase), kept(k.Outcome), k.First, k.Last, k.N})
	}
	slices.SortFunc(s.Kinds, func(a, b kindRow) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Title, b.Title), strings.Compare(string(a.Level+"\x00")+string(a.Outcome), string(b.Level+"\x00")+string(b.Outcome)))
	})
	slices.SortFunc(s.Files, func(a, b fileRow) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.SHA256, b.SHA256))
	})
	// One content at a path, whatever sizes were claimed.
	s.Files = slices.CompactFunc(s.Files, func(a, b fileRow) bool { return a.Path == b.Path && a.SHA256 == b.SHA256 })
	return *s
}

// Size is about how much memory it takes, in bytes.
func (s *Summary) Size() int {
	n := 500 + len(s.Version) + len(s.Confidence) + len(s.Reason) + len(s.Exposure.Product) + len(s.Exposure.Build) + len(s.Exposure.Name)
	for i := range s.Kinds {
		k := &s.Kinds[i]
		n += 200 + len(k.Rule) + len(k.Title) + len(k.Level) + len(k.Phase) + len(k.Outcome)
	}
	for i := range s.Indicators {
		r := &s.Indicators[i]
		n += 200 + len(r.Type) + len(r.Role) + len(r.Value) + len(r.Base)
	}
	for i := range s.Files {
		n += 100 + len(s.Files[i].Path) + len(s.Files[i].SHA256)
	}
	return n
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

// FilePath is how the same file is named on every server: in lower case, with
// slashes, inside the product if it is there, else below its drive.
func FilePath(p string) string {
	p = strings.ToLower(strings.ReplaceAll(p, `\`, "/"))
	if rel, ok := baseline.Rel(p); ok {
		return rel
	}
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

// kept is the text in memory of its own: that of a message is written over.
func kept[T ~string](s T) T { return T(strings.Clone(string(s))) }

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
func cut[T ~string](text T) T {
	s := string(text)
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if len(s) > maxText {
		s = s[:maxText]
	}
	return T(strings.ToValidUTF8(s, "\uFFFD"))
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
