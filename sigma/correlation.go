package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"limier/sighting"
)

// A correlation is a Sigma correlation rule (correlation rules specification
// 2.1).
type correlation struct {
	sighting.Rule
	file     string
	line     int
	kind     string
	refers   []string // ids or names
	groupBy  []string
	aliases  map[string]map[string]string // alias, rule, field
	span     time.Duration
	bounds   []bound
	fields   []string      // whose values are counted or added up
	logic    *node         // of temporal, in place of bounds: which rules must have matched
	places   map[*node]int // of its leaves, in refers
	rank     float64       // of value_percentile; 0: the share of each value in percent
	generate bool
	written  written

	rules []any // *sighting.Rule or *correlation, as refers
	state int8  // of the search for cycles
}

// A bound is one criterion of the condition.
type bound struct {
	op    string
	value float64
}

func (b bound) holds(x float64) bool {
	switch b.op {
	case "eq":
		return x == b.value
	case "neq":
		return x != b.value
	}
	return comparisons[b.op].holds(x, b.value)
}

func (c *correlation) holds(x float64) bool {
	for _, b := range c.bounds {
		if !b.holds(x) {
			return false
		}
	}
	return true
}

var kinds = []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median"}

type correlationText struct {
	Type      string                       `yaml:"type"`
	Rules     stringsOf                    `yaml:"rules"`
	GroupBy   stringsOf                    `yaml:"group-by"`
	Timespan  string                       `yaml:"timespan"`
	Aliases   map[string]map[string]string `yaml:"aliases"`
	Condition yaml.Node                    `yaml:"condition"`
	Generate  bool                         `yaml:"generate"`
}

func newCorrelation(h *header, file string, line int) (*correlation, error) {
	var text correlationText
	if err := h.Correlation.Decode(&text); err != nil {
		return nil, fmt.Errorf("correlation: %w", plainError(err))
	}
	c := &correlation{
		file: file, line: line, kind: text.Type, refers: text.Rules, groupBy: text.GroupBy,
		aliases: text.Aliases, generate: text.Generate, written: h.written(),
	}
	var err error
	if c.Rule, err = h.head(file); err != nil {
		return nil, err
	}
	if !slices.Contains(kinds, c.kind) {
		return nil, fmt.Errorf("correlation type %q is none of %v", c.kind, kinds)
	}
	if len(c.refers) == 0 {
		return nil, errors.New("correlation names no rules")
	}
	if c.span, err = timespan(text.Timespan); err != nil {
		return nil, err
	}
	if err := c.readCondition(&text.Condition); err != nil {
		return nil, fmt.Errorf("correlation: condition: %w", err)
	}
	return c, nil
}

func timespan(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if s == "" {
		return 0, errors.New("correlation has no timespan")
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	unit := units[s[len(s)-1]]
	if err != nil || unit == 0 || n <= 0 || n > 1_000_000 {
		return 0, fmt.Errorf("timespan %q is not a number with s, m, h or d", s)
	}
	return time.Duration(n) * unit, nil
}

func (c *correlation) readCondition(n *yaml.Node) error {
	values := strings.HasPrefix(c.kind, "value_")
	if n = resolve(n); n.Kind == 0 {
		if c.kind == "temporal" || c.kind == "temporal_ordered" {
			return nil
		}
		return errors.New("missing")
	}
	if n.Kind == yaml.ScalarNode {
		return c.readLogic(n.Value)
	}
	if n.Kind != yaml.MappingNode {
		return errors.New("not a map")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i].Value, resolve(n.Content[i+1])
		switch key {
		case "field":
			var fields stringsOf
			if err := fields.UnmarshalYAML(v); err != nil {
				return err
			}
			c.fields = fields
			continue
		case "gt", "gte", "lt", "lte", "eq", "neq", "percentile":
		default:
			return fmt.Errorf("unknown criterion %q", key)
		}
		x, err := strconv.ParseFloat(v.Value, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is not a number", key, v.Value)
		}
		if key == "percentile" {
			if c.rank = x; x <= 0 || x > 100 {
				return fmt.Errorf("percentile %v is not between 0 and 100", x)
			}
			continue
		}
		c.bounds = append(c.bounds, bound{key, x})
	}
	if c.kind == "value_median" {
		c.rank = 50
	}
	switch {
	case len(c.bounds) == 0:
		return errors.New("no criterion")
	case values && len(c.fields) == 0:
		return errors.New("no field")
	case values && len(c.fields) > 1 && c.kind != "value_count":
		return errors.New("more than one field")
	}
	return nil
}

// readLogic reads a condition such as "a and not b", of names of rules.
func (c *correlation) readLogic(text string) (err error) {
	if c.kind != "temporal" {
		return fmt.Errorf("%q: rules can be joined in correlations of type temporal only", text)
	}
	by := map[string]*node{}
	c.places = map[*node]int{}
	for i, ref := range c.refers {
		by[ref] = &node{op: leaf}
		c.places[by[ref]] = i
	}
	c.logic, err = parseCondition(text, c.refers, by, map[string]bool{})
	return err
}

// seen reports whether the logic is true of the rules that matched.
func (c *correlation) seen(n *node, w *window) bool {
	switch n.op {
	case and:
		return !slices.ContainsFunc(n.kids, func(k *node) bool { return !c.seen(k, w) })
	case or:
		return slices.ContainsFunc(n.kids, func(k *node) bool { return c.seen(k, w) })
	case not:
		return !c.seen(n.kids[0], w)
	}
	return w.rules[c.places[n]] > 0
}

// negates reports whether anything must not be.
func (n *node) negates() bool { return n.op == not || slices.ContainsFunc(n.kids, (*node).negates) }

// rises reports whether more events can only make the condition true, so that
// it can be judged at every event. (Sums are of sizes and counts.)
func (c *correlation) rises() bool {
	switch c.kind {
	case "value_avg", "value_percentile", "value_median":
		return false
	}
	if c.logic != nil {
		return !c.logic.negates()
	}
	for _, b := range c.bounds {
		if b.op != "gt" && b.op != "gte" {
			return false
		}
	}
	return true
}

// field returns the name that the events of a rule have for a group-by field.
func (c *correlation) field(name string, rule *sighting.Rule) string {
	of, ok := c.aliases[name]
	if !ok {
		return name
	}
	for _, key := range []string{rule.Name, rule.ID} {
		if f, ok := of[key]; ok {
			return f
		}
	}
	return name
}

// correlate resolves the correlations of a collection.
func (e *Engine) correlate(c *Collection) (errs []RuleError) {
	by := map[string]any{}
	fileOf := map[*sighting.Rule]string{}
	for _, s := range e.sources {
		r := &s.rule.Rule
		by[r.ID], by[r.Name] = r, r
		fileOf[r] = s.rule.File
	}
	for _, cor := range c.correlations {
		by[cor.ID], by[cor.Name] = cor, cor
	}
	usable := slices.Clone(c.correlations)
	for changed := true; changed; { // what refers to a refused correlation is refused
		changed = false
		usable = slices.DeleteFunc(usable, func(cor *correlation) bool {
			if err := cor.resolve(by); err != nil {
				errs = append(errs, RuleError{File: cor.file, Line: cor.line, ID: cor.ID, Title: cor.Title, Err: err})
				for k, v := range by {
					if v == any(cor) {
						delete(by, k)
					}
				}
				changed = true
				return true
			}
			return false
		})
	}
	for _, cor := range usable {
		e.order(cor)
		for _, r := range cor.rules {
			rule, ok := r.(*sighting.Rule)
			inner, _ := r.(*correlation)
			switch {
			case cor.generate:
			case ok && fileOf[rule] == cor.file:
				e.hidden[rule] = true
			case inner != nil && inner.file == cor.file:
				e.hidden[&inner.Rule] = true
			}
		}
	}
	return errs
}

func (c *correlation) resolve(by map[string]any) error {
	c.rules = nil
	for _, ref := range c.refers {
		r, ok := by[ref]
		if !ok {
			return fmt.Errorf("correlation refers to %q, which is not among the rules", ref)
		}
		c.rules = append(c.rules, r)
	}
	if c.cyclic(0) {
		return errors.New("correlation refers to itself")
	}
	return nil
}

func (c *correlation) cyclic(depth int) bool {
	if depth > maxDepth {
		return true
	}
	for _, r := range c.rules {
		if inner, ok := r.(*correlation); ok && inner.cyclic(depth+1) {
			return true
		}
	}
	return false
}

// order appends the correlation behind those it refers to.
func (e *Engine) order(c *correlation) {
	if c.state != 0 {
		return
	}
	c.state = 1
	for _, r := range c.rules {
		if inner, ok := r.(*correlation); ok {
			e.order(inner)
		}
	}
	e.correlations = append(e.correlations, c)
}
