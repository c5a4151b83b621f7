// Package sigma compiles Sigma rules, version 2.1, and finds which of them an
// event matches (https://github.com/SigmaHQ/sigma-specification).
//
// A [Collection] reads rules, an [Engine] matches events one at a time, and a
// [Correlator] judges what several sightings mean together. A field that an
// event lacks and one that is empty are the same: both are null and ”.
package sigma

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"limier/event"
	"limier/internal/literal"
	"limier/parse/evtx"
	"limier/sighting"
)

// A Config says how to compile rules. The zero value works.
type Config struct {
	// Placeholders are the values of what rules with the expand modifier name
	// between percent signs. A rule whose placeholder is missing is refused.
	Placeholders map[string][]string
}

// An Engine matches events against rules. It holds no state of the events: it
// is safe for concurrent use, and the same event gives the same result.
type Engine struct {
	config       Config
	filters      []*filter
	correlations []*correlation
	hidden       map[*sighting.Rule]bool

	services   map[string]bool // that rules name
	categories map[string]bool
	products   map[string]bool

	loading sync.Mutex // guards reading rules that were put off, and:
	unread  []*unread
	errs    []RuleError        // of those that were read since
	ready   map[bucketKey]bool // for whose events all were read

	mu       sync.RWMutex          // guards:
	sources  []source              // by place; replaced, never changed
	eventIDs map[string]bool       // that rules or the taxonomy name
	buckets  map[bucketKey]*bucket // nil for one without rules
	words    map[string]*keywords  // by their texts: buckets share them

	pool sync.Pool
}

type bucketKey struct {
	ls      event.Logsource
	eventID string
}

// Compile compiles the rules of a collection. A rule that cannot be compiled is
// named in the errors, and the others are used.
func Compile(c *Collection, cfg Config) (*Engine, []RuleError) {
	e := &Engine{
		config: cfg, filters: c.filters, unread: slices.Clone(c.unread),
		hidden: map[*sighting.Rule]bool{}, buckets: map[bucketKey]*bucket{}, words: map[string]*keywords{}, ready: map[bucketKey]bool{},
		services: map[string]bool{}, categories: map[string]bool{}, products: map[string]bool{}, eventIDs: map[string]bool{},
	}
	e.pool.New = func() any { return &scratch{} }
	for _, service := range taxonomyServices {
		e.services[service] = true
	}
	for _, id := range taxonomyIDs {
		e.eventIDs[id] = true
	}
	for _, r := range c.Rules {
		e.expect(r.Logsource)
	}
	for _, u := range c.unread {
		e.expect(u.logsource)
	}
	var errs []RuleError
	for _, f := range c.filters {
		if !f.used(c) {
			errs = append(errs, f.rule.fail(fmt.Errorf("filter: no rule of its log source is any of %q", f.refers)))
		}
	}
	var more []RuleError
	e.sources, more = e.compile(c.Rules)
	for _, s := range e.sources {
		e.name(s.root)
	}
	errs = append(errs, more...)
	errs = append(errs, e.read(func(u *unread) bool {
		return slices.ContainsFunc(c.correlations, func(cor *correlation) bool { return u.named(cor.refers) })
	})...)
	return e, append(errs, e.correlate(c)...)
}

func (e *Engine) expect(ls event.Logsource) {
	e.services[ls.Service] = true
	e.categories[ls.Category] = true
	e.products[ls.Product] = true
}

func (e *Engine) compile(rules []*Rule) (sources []source, errs []RuleError) {
	for _, r := range rules {
		root, err := r.logic(e.config.Placeholders, map[string]bool{})
		if err != nil {
			errs = append(errs, r.fail(err))
			continue
		}
		for _, f := range e.filters {
			if !f.applies(r) {
				continue
			}
			extra, err := f.rule.logic(e.config.Placeholders, map[string]bool{})
			if err != nil {
				errs = append(errs, f.rule.fail(err))
				continue
			}
			root = &node{op: and, kids: []*node{root, extra}}
		}
		sources = append(sources, source{r, root})
	}
	return sources, errs
}

// taxonomyServices are the services that categories and fields depend on.
var taxonomyServices = []string{"sysmon", "security", "powershell", "powershell-classic", "windefend"}

// taxonomyIDs are the event IDs that categories and fields depend on.
var taxonomyIDs = func() []string {
	ids := []string{"4688", "4657", "4103", "4104", "400", "600", "800", "255"}
	for i := 1; i < 30; i++ {
		ids = append(ids, fmt.Sprint(i))
	}
	return append(ids, antivirusIDs...)
}()

func (e *Engine) name(n *node) {
	for _, k := range n.kids {
		e.name(k)
	}
	if n.op == leaf && n.test.field == "EventID" && n.test.kind == patternTest {
		e.eventIDs[n.test.pattern.text] = true
	}
}

// Match appends to found the rules that the event matches, in the order they
// were read. It allocates nothing if no rule matches.
func (e *Engine) Match(ev *event.Event, found []*sighting.Rule) []*sighting.Rule {
	if ev == nil || ev.Data == nil {
		return found
	}
	if r, ok := ev.Data.(*evtx.Record); ok {
		return e.match(r, e.newLayout(r, r.Logsource()), found)
	}
	b := e.bucket(ev.Data)
	if b == nil {
		return found
	}
	s := e.pool.Get().(*scratch)
	s.reset(b)
	s.data = ev.Data
	found = b.match(s, found)
	s.data = nil
	e.pool.Put(s)
	return found
}

func (e *Engine) bucket(data event.Data) *bucket {
	key := bucketKey{ls: data.Logsource()}
	if key.ls.Product == "windows" {
		key.eventID, _ = data.Field("EventID")
	}
	return e.nearest(key)
}

// nearest returns the bucket for events of the key.
func (e *Engine) nearest(key bucketKey) *bucket {
	// Names that no rule knows share a bucket: evidence cannot make too many.
	if !e.services[key.ls.Service] {
		key.ls.Service = ""
	}
	if !e.categories[key.ls.Category] && key.ls.Category != event.IIS.Category && key.ls.Category != event.File.Category {
		key.ls.Category = ""
	}
	if !e.products[key.ls.Product] && key.ls.Product != "" {
		key.ls.Product = "?" // no product, and not an unknown one either
	}
	if b, ok := e.have(key); ok {
		return b
	}
	return e.get(key)
}

// have returns the bucket for events of the key if it was asked for before.
func (e *Engine) have(key bucketKey) (b *bucket, ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if !e.eventIDs[key.eventID] {
		key.eventID = ""
	}
	b, ok = e.buckets[key]
	return b, ok
}

// concerned returns the rules about events of the key, in the order they were
// read.
func (e *Engine) concerned(key bucketKey) (all []source) {
	e.need(key)
	e.mu.RLock()
	sources := e.sources
	e.mu.RUnlock()
	for _, s := range sources {
		if concerns(s.rule.Logsource, key.ls, key.eventID) {
			all = append(all, s)
		}
	}
	return all
}

func (e *Engine) get(key bucketKey) *bucket {
	concerned := e.concerned(key)
	e.mu.RLock()
	if !e.eventIDs[key.eventID] {
		key.eventID = ""
	}
	e.mu.RUnlock()
	b := newBucket(key.ls, key.eventID, concerned)
	e.mu.Lock()
	defer e.mu.Unlock()
	if other, ok := e.buckets[key]; ok {
		return other
	}
	e.buckets[key] = b
	if b != nil {
		for i := range b.slots {
			for how, k := range b.slots[i].keywords {
				b.slots[i].keywords[how] = e.shared(k)
			}
		}
	}
	return b
}

// shared returns the engine's own keywords with the same texts, ready for use.
func (e *Engine) shared(k *keywords) *keywords {
	if k == nil {
		return nil
	}
	key := strings.Join(k.texts, "\n")
	if e.words[key] == nil {
		k.ansi = sync.OnceValue(func() *literal.Set { return literal.New(k.texts) })
		k.wide = sync.OnceValue(func() *literal.Set { return literal.NewWide(k.texts) })
		e.words[key] = k
	}
	return e.words[key]
}

// Rules returns the headers of all rules, in the order of their files. It reads
// those that were put off.
func (e *Engine) Rules() []*sighting.Rule {
	e.loading.Lock()
	defer e.loading.Unlock()
	e.errs = append(e.errs, e.read(func(*unread) bool { return true })...)
	var all []*sighting.Rule
	for _, s := range e.sources {
		all = append(all, &s.rule.Rule)
	}
	return all
}

// Correlations returns the headers of the compiled correlation rules, in the
// order they were read.
func (e *Engine) Correlations() []*sighting.Rule {
	var all []*sighting.Rule
	for _, c := range e.correlations {
		all = append(all, &c.Rule)
	}
	return all
}

// Len returns the number of rules, read or put off, without correlations.
func (e *Engine) Len() int {
	e.loading.Lock()
	defer e.loading.Unlock()
	return len(e.sources) + len(e.unread)
}

// Standalone reports whether sightings of the rule are worth showing by
// themselves. A rule that only a correlation asks for, which does not say
// "generate: true", is not.
func (e *Engine) Standalone(r *sighting.Rule) bool { return !e.hidden[r] }
