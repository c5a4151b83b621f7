package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/finding"
	"limier/sighting"
)

// maxSteps bounds the steps of one finding: the first ones and the last ten.
const maxSteps = 60

// Tagged returns the sightings of the rules that carry the tag, by time. A
// shipped rule names the detector that reads it: "limier.proxylogon".
func (p *Pass) Tagged(tag string) []sighting.Sighting {
	var found []sighting.Sighting
	for _, s := range p.Sightings {
		if slices.Contains(s.Rule.Tags, tag) {
			found = append(found, s)
		}
	}
	return found
}

// A Draft is a finding in the making. Add the proof, then call Finish.
type Draft struct {
	finding.Finding
	seen     map[evidence.Ref]int // place in Steps
	level    map[evidence.Ref]int // rank of the rule that the step's text is of
	entities map[finding.Entity]bool

	context []finding.Step
}

// Add adds a sighting as a step. The same place in the evidence becomes one
// step, told by the weightiest of the rules that saw it. Technique, CVE and
// reference tags of the rule become the finding's.
func (d *Draft) Add(s sighting.Sighting, text string, outcome finding.Outcome) {
	d.Annotate(s.Rule)
	if i, ok := d.seen[s.Event.Ref]; ok {
		if outcome == finding.Succeeded {
			d.Steps[i].Outcome = outcome
		}
		if rank := s.Rule.Level.Rank(); rank > d.level[s.Event.Ref] {
			d.level[s.Event.Ref] = rank
			d.Steps[i].Rule, d.Steps[i].Text = s.Rule.Name, text
		}
		return
	}
	if d.seen == nil {
		d.seen = map[evidence.Ref]int{}
	}
	if d.level == nil {
		d.level = map[evidence.Ref]int{}
	}
	d.level[s.Event.Ref] = s.Rule.Level.Rank()
	d.seen[s.Event.Ref] = len(d.Steps)
	if s.Count > 1 {
		text += " (and the like until " + s.Last.Format(time.DateTime) + ")"
	}
	d.Count += max(1, s.Count)
	d.until(s.Last)
	d.Steps = append(d.Steps, finding.Step{
		Time: s.Event.Time, Rule: s.Rule.Name, Text: text, Outcome: outcome, Ref: s.Event.Ref, Raw: s.Event.Raw,
	})
}

// Tally counts a sighting that needs no step of its own beside others like it.
func (d *Draft) Tally(s sighting.Sighting) {
	d.Annotate(s.Rule)
	d.Count += max(1, s.Count)
	d.until(s.Last)
}

// Also says of the step at ref that another log tells of the same. The proof of
// that log is not counted.
func (d *Draft) Also(ref evidence.Ref, log string) {
	if i, ok := d.seen[ref]; ok && !strings.HasSuffix(d.Steps[i].Text, log) {
		d.Steps[i].Text += "; also in " + log
	}
}

// Context adds a step that belongs to another finding and explains this one. It
// adds nothing to the finding's time, count and techniques.
func (d *Draft) Context(s sighting.Sighting, text string) {
	if _, ok := d.seen[s.Event.Ref]; !ok {
		d.context = append(d.context, finding.Step{Time: s.Event.Time, Rule: s.Rule.Name, Text: text, Ref: s.Event.Ref, Raw: s.Event.Raw})
	}
}

// Annotate makes the rule's technique, CVE and reference tags the finding's.
func (d *Draft) Annotate(r *sighting.Rule) {
	for _, tag := range r.Tags {
		switch {
		case strings.HasPrefix(tag, "attack.t") && len(tag) > 8 && tag[8] >= '0' && tag[8] <= '9':
			addNew(&d.Techniques, strings.ToUpper(tag[7:]))
		case strings.HasPrefix(tag, "cve."):
			addNew(&d.CVEs, "CVE-"+strings.ReplaceAll(tag[4:], ".", "-"))
		}
	}
	for _, ref := range r.References {
		addNew(&d.References, ref)
	}
}

// Place adds a step for a place in the evidence that no rule sighted, such as
// a request that was only counted.
func (d *Draft) Place(t time.Time, ref evidence.Ref, text string) {
	if _, ok := d.seen[ref]; ok {
		return
	}
	if d.seen == nil {
		d.seen = map[evidence.Ref]int{}
	}
	d.seen[ref] = len(d.Steps)
	d.Count++
	d.Steps = append(d.Steps, finding.Step{Time: t, Text: text, Ref: ref})
}

// Entity adds an entity once; an empty value is not added.
func (d *Draft) Entity(kind finding.EntityType, value, role string) {
	e := finding.Entity{Type: kind, Value: value, Role: role}
	if d.entities == nil {
		d.entities = map[finding.Entity]bool{}
	}
	if value != "" && !d.entities[e] {
		d.entities[e] = true
		d.Entities = append(d.Entities, e)
	}
}

// Technique adds ATT&CK techniques that no rule named.
func (d *Draft) Technique(ids ...string) {
	for _, id := range ids {
		addNew(&d.Techniques, id)
	}
}

func (d *Draft) until(t time.Time) {
	if t.After(d.End) {
		d.End = t
	}
}

// Finish puts the steps in time order, fills in what follows from them and
// returns the finding. A draft without steps is no finding: ok is false.
func (d *Draft) Finish(p *Pass) (f finding.Finding, ok bool) {
	if len(d.Steps) == 0 {
		return f, false
	}
	f = d.Finding
	f.Steps = slices.Clone(d.Steps)
	slices.SortStableFunc(f.Steps, func(a, b finding.Step) int { return a.Time.Compare(b.Time) })
	for _, s := range f.Steps {
		if f.Start.IsZero() || !s.Time.IsZero() && s.Time.Before(f.Start) {
			f.Start = s.Time
		}
		if s.Time.After(f.End) {
			f.End = s.Time
		}
	}
	d.mark(f.Steps)
	f.Steps = append(f.Steps, d.context...)
	slices.SortStableFunc(f.Steps, func(a, b finding.Step) int { return a.Time.Compare(b.Time) })
	if f.Host == "" {
		f.Host = p.Host
	}
	total := len(f.Steps)
	sum := sha256.New()
	for _, part := range []string{f.Rule, f.Host, f.Title, f.Start.Format(time.RFC3339Nano), f.Steps[0].Ref.String()} {
		sum.Write([]byte(part + "\x00"))
	}
	f.ID = hex.EncodeToString(sum.Sum(nil)[:8])
	if len(f.Steps) > maxSteps {
		n := 0
		f.Steps = slices.DeleteFunc(f.Steps, func(s finding.Step) bool {
			n++
			return n > maxSteps-10 && n <= total-10 && !s.Key
		})
	}
	slices.Sort(f.Techniques)
	slices.Sort(f.CVEs)
	return f, true
}

// maxKey is how many steps of a finding are key ones.
const maxKey = 3

// mark makes those steps key that the weightiest rules saw, the successful ones
// first and of those the first.
func (d *Draft) mark(steps []finding.Step) {
	weight := func(s finding.Step) int {
		w := 2 * d.level[s.Ref]
		if s.Outcome == finding.Succeeded {
			w++
		}
		return w
	}
	order := make([]int, len(steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return weight(steps[b]) - weight(steps[a]) })
	for _, i := range order[:min(maxKey, len(order))] {
		steps[i].Key = true
	}
}

// Text joins the values of an event, for a look inside a column that has no
// fixed name.
func Text(e *event.Event) string {
	var b strings.Builder
	for _, value := range e.Data.Fields() {
		b.WriteString(value)
		b.WriteByte('\n')
	}
	return b.String()
}

// Runs splits sightings that are in time order wherever nothing happened for
// longer than pause.
func Runs(all []sighting.Sighting, pause time.Duration) [][]sighting.Sighting {
	var runs [][]sighting.Sighting
	for i, s := range all {
		if i == 0 || s.Event.Time.Sub(all[i-1].Event.Time) > pause {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], s)
	}
	return runs
}

// ByClient groups the sightings of requests by client, in the order of each
// client's first. Requests in an access log without a column for clients are
// one client's, whose name is "". Rest are events that are no requests, and
// those of the back end, whose client is the front end.
func ByClient(all []sighting.Sighting) (clients []string, by map[string][]sighting.Sighting, rest []sighting.Sighting) {
	by = map[string][]sighting.Sighting{}
	for _, s := range all {
		r, ok := RequestOf(s.Event)
		if !ok || r.BackEnd || r.Client == "" && s.Event.Data.Logsource().Category != "webserver" {
			rest = append(rest, s)
			continue
		}
		if by[r.Client] == nil {
			clients = append(clients, r.Client)
		}
		by[r.Client] = append(by[r.Client], s)
	}
	return clients, by, rest
}

func addNew(list *[]string, s string) {
	if s != "" && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}
