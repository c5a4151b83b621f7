package sigma

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"limier/event"
	"limier/sighting"
)

// A Correlated is what one correlation rule saw in one group of sightings.
// Sightings that follow within the rule's timespan belong to it.
type Correlated struct {
	Rule      *sighting.Rule
	Start     time.Time // of the first sighting
	End       time.Time // of the last
	Group     []Value   // of the rule's group-by
	Sightings []sighting.Sighting
	Count     int // of events; Sightings is cut to a hundred
}

// A Value is a field of a group.
type Value struct{ Field, Text string }

// maxShown bounds the sightings that a Correlated keeps.
const maxShown = 100

// A Correlator runs an engine's correlation rules.
type Correlator struct{ e *Engine }

// Correlator returns the correlator of the engine's correlation rules.
func (e *Engine) Correlator() *Correlator { return &Correlator{e} }

// An occurrence is one thing that a correlation counts: a sighting, or that the
// condition of an inner correlation held.
type occurrence struct {
	at    time.Time
	rule  int // index in the correlation's rules
	seen  []sighting.Sighting
	group []Value // of an inner correlation
	count int
}

// Run returns what the correlation rules see in the sightings of all rules,
// which must be in the order of time; those without a time are left out. The
// result is in the order of its ends. Rules that only serve an outer
// correlation are left out (see [Engine.Standalone]).
//
// A condition that more events can only fulfil ("gte: 10") is judged in a
// window that slides over the events of each group. Any other is judged when a
// window closes that starts with the group's first event, or the first after
// the window before.
func (c *Correlator) Run(sightings []sighting.Sighting) []Correlated {
	byRule := map[*sighting.Rule][]occurrence{}
	for i := range sightings {
		s := &sightings[i]
		if s.Event == nil || s.Event.Time.IsZero() {
			continue
		}
		byRule[s.Rule] = append(byRule[s.Rule], occurrence{at: s.Event.Time, seen: sightings[i : i+1], count: max(1, s.Count)})
	}
	var out []Correlated
	for _, cor := range c.e.correlations {
		var input []occurrence
		for i, r := range cor.rules {
			rule, ok := r.(*sighting.Rule)
			if !ok {
				rule = &r.(*correlation).Rule
			}
			for _, o := range byRule[rule] {
				o.rule = i
				input = append(input, o)
			}
		}
		slices.SortStableFunc(input, func(a, b occurrence) int { return a.at.Compare(b.at) })
		found, occurrences := cor.run(input)
		byRule[&cor.Rule] = occurrences
		if c.e.Standalone(&cor.Rule) {
			out = append(out, found...)
		}
	}
	slices.SortStableFunc(out, func(a, b Correlated) int {
		return cmp.Or(a.End.Compare(b.End), strings.Compare(a.Rule.Name, b.Rule.Name))
	})
	return out
}

// A window is the state of one group.
type window struct {
	group  []Value
	items  []occurrence
	values []string // by item, of value correlations

	total  int
	sum    float64        // of value_sum
	counts map[string]int // by value
	rules  []int          // by rule, how often it occurs
	chain  []int          // by rule: the latest start of an ordered chain that ends there, -1 if none
	next   int            // the number of the first item
	open   int            // index of the group's Correlated that may still grow, or -1
	last   time.Time      // when it last held
}

func (c *correlation) run(input []occurrence) (found []Correlated, occurrences []occurrence) {
	groups := map[string]*window{}
	var order []*window
	emit := func(w *window, items []occurrence) {
		at := items[len(items)-1].at
		if w.open >= 0 && at.Sub(w.last) <= c.span {
			found[w.open].add(items[len(items)-1:])
		} else {
			w.open = len(found)
			found = append(found, Correlated{Rule: &c.Rule, Group: w.group})
			found[w.open].add(items)
		}
		w.last = at
		occurrences = append(occurrences, occurrence{at: at, seen: items[len(items)-1].seen, group: w.group, count: 1})
	}
	rises := c.rises()
	for _, o := range input {
		group, ok := c.groupOf(&o)
		if !ok {
			continue
		}
		value, ok := c.valueOf(&o)
		if !ok {
			continue
		}
		key := joined(group)
		w := groups[key]
		if w == nil {
			w = &window{group: group, open: -1, counts: map[string]int{}, rules: make([]int, len(c.rules)), chain: slices.Repeat([]int{-1}, len(c.rules))}
			groups[key] = w
			order = append(order, w)
		}
		if rises {
			w.slide(o.at, c.span)
		} else if len(w.items) > 0 && o.at.Sub(w.items[0].at) > c.span {
			if items := c.judge(w); items != nil {
				emit(w, items)
			}
			w.clear()
		}
		w.push(o, value)
		if rises && c.reached(w) {
			emit(w, w.items)
		}
	}
	if !rises {
		for _, w := range order {
			if items := c.judge(w); items != nil {
				emit(w, items)
			}
		}
		slices.SortStableFunc(occurrences, func(a, b occurrence) int { return a.at.Compare(b.at) })
	}
	return found, occurrences
}

func (f *Correlated) add(items []occurrence) {
	for _, o := range items {
		for _, s := range o.seen {
			if f.Start.IsZero() || s.Event.Time.Before(f.Start) {
				f.Start = s.Event.Time
			}
			for _, t := range []time.Time{s.Event.Time, s.Last} {
				if t.After(f.End) {
					f.End = t
				}
			}
			if len(f.Sightings) < maxShown {
				f.Sightings = append(f.Sightings, s)
			}
		}
		f.Count += o.count
	}
}

func joined(group []Value) string {
	var b strings.Builder
	for _, v := range group {
		b.WriteString(v.Text)
		b.WriteByte(0)
	}
	return b.String()
}

// groupOf returns the values of the group-by fields; an event that lacks one
// belongs to no group.
func (c *correlation) groupOf(o *occurrence) (group []Value, ok bool) {
	for _, name := range c.groupBy {
		text, ok := c.fieldOf(o, name)
		if !ok {
			return nil, false
		}
		group = append(group, Value{name, text})
	}
	return group, true
}

func (c *correlation) fieldOf(o *occurrence, name string) (string, bool) {
	s := &o.seen[len(o.seen)-1]
	rule := s.Rule
	if inner, ok := c.rules[o.rule].(*correlation); ok {
		rule = &inner.Rule
	}
	name = c.field(name, rule)
	for _, v := range o.group {
		if v.Field == name {
			return v.Text, true
		}
	}
	return Field(s.Event, name)
}

func (c *correlation) valueOf(o *occurrence) (string, bool) {
	var parts []string
	for _, name := range c.fields {
		v, ok := c.fieldOf(o, name)
		if !ok {
			return "", false
		}
		if _, ok := number(v); !ok && (c.kind == "value_sum" || c.kind == "value_avg" || c.rank > 0) {
			return "", false
		}
		parts = append(parts, v)
	}
	return strings.Join(parts, "\x00"), true
}

// amount is what the occurrence adds to a sum.
func (o *occurrence) amount(value string) float64 {
	x, _ := number(value)
	return x * float64(o.count)
}

func (w *window) clear() {
	w.next += len(w.items)
	w.items, w.values, w.total, w.sum = nil, nil, 0, 0
	clear(w.counts)
	clear(w.rules)
}

func (w *window) push(o occurrence, value string) {
	w.items = append(w.items, o)
	w.values = append(w.values, value)
	w.total += o.count
	w.sum += o.amount(value)
	w.counts[value] += o.count
	w.rules[o.rule]++
	if o.rule == 0 {
		w.chain[0] = w.next + len(w.items) - 1
	} else if from := w.chain[o.rule-1]; from >= w.next && from > w.chain[o.rule] {
		w.chain[o.rule] = from
	}
}

// slide drops what is older than span before at.
func (w *window) slide(at time.Time, span time.Duration) {
	n := 0
	for n < len(w.items) && at.Sub(w.items[n].at) > span {
		o := &w.items[n]
		w.total -= o.count
		w.sum -= o.amount(w.values[n])
		if w.counts[w.values[n]] -= o.count; w.counts[w.values[n]] == 0 {
			delete(w.counts, w.values[n])
		}
		w.rules[o.rule]--
		n++
	}
	w.items, w.values = w.items[n:], w.values[n:]
	w.next += n
}

// reached judges a sliding window after an event.
func (c *correlation) reached(w *window) bool {
	switch c.kind {
	case "temporal_ordered":
		if len(c.bounds) == 0 {
			// Only the event that completes the chain: it comes last.
			last := len(c.rules) - 1
			return w.items[len(w.items)-1].rule == last && w.chain[last] >= w.next
		}
		longest := 0
		for i, from := range w.chain {
			if from >= w.next {
				longest = i + 1
			}
		}
		return c.holds(float64(longest))
	case "temporal":
		if c.logic != nil {
			return c.seen(c.logic, w)
		}
		if n := w.distinct(); len(c.bounds) > 0 {
			return c.holds(float64(n))
		} else {
			return n == len(c.rules)
		}
	case "value_count":
		return c.holds(float64(len(w.counts)))
	case "value_sum":
		return c.holds(w.sum)
	}
	return c.holds(float64(w.total))
}

func (w *window) distinct() (n int) {
	for _, count := range w.rules {
		if count > 0 {
			n++
		}
	}
	return n
}

// judge judges a window that has closed, and returns the events that the
// condition is true of.
func (c *correlation) judge(w *window) []occurrence {
	if len(w.items) == 0 {
		return nil
	}
	if c.kind == "value_percentile" && c.rank == 0 {
		var rare []occurrence
		for i, o := range w.items {
			if c.holds(100 * float64(w.counts[w.values[i]]) / float64(w.total)) {
				rare = append(rare, o)
			}
		}
		return rare
	}
	holds := false
	switch c.kind {
	case "value_avg", "value_percentile", "value_median":
		holds = c.holds(c.aggregate(w))
	default:
		holds = c.reached(w)
	}
	if !holds {
		return nil
	}
	return w.items
}

func (c *correlation) aggregate(w *window) float64 {
	var all []float64
	sum := 0.0
	for i, v := range w.values {
		x, _ := number(v)
		sum += w.items[i].amount(v)
		all = append(all, x)
	}
	if c.kind == "value_avg" {
		return sum / float64(w.total)
	}
	// The percentile between the two nearest ranks, as spreadsheets have it.
	slices.Sort(all)
	at := c.rank / 100 * float64(len(all)-1)
	low, part := math.Modf(at)
	if int(low)+1 >= len(all) {
		return all[len(all)-1]
	}
	return all[int(low)] + part*(all[int(low)+1]-all[int(low)])
}

// Field returns the value of a field of an event by the name that a Sigma rule
// for it uses, which need not be the log's own: "Image" of a Security 4688.
func Field(ev *event.Event, name string) (string, bool) {
	if ev == nil || ev.Data == nil {
		return "", false
	}
	if v, ok := ev.Data.Field(name); ok {
		return v, true
	}
	id, _ := ev.Data.Field("EventID")
	s := &scratch{data: ev.Data}
	for _, w := range views(name, ev.Data.Logsource(), id) {
		if v, ok := s.view(w); ok && v != "" {
			return v, true
		}
	}
	return "", false
}
