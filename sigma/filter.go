package sigma

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"limier/event"
)

// A filter narrows rules that others wrote (Sigma filters specification). A
// rule then matches if both its own condition and the filter's hold; a filter
// that takes events out says "condition: not selection", as pySigma has it.
type filter struct {
	rule   *Rule // the filter itself, read as a rule
	refers []string
}

func newFilter(h *header, file string, line int) (*filter, error) {
	f := &filter{rule: &Rule{File: file, Line: line, identifier: map[string]*yaml.Node{}}}
	var err error
	if f.rule.Rule, err = h.head(file); err != nil {
		return nil, err
	}
	if f.rule.Logsource, err = readLogsource(&h.Logsource); err != nil {
		return nil, err
	}
	n := resolve(&h.Filter)
	if n.Kind != yaml.MappingNode {
		return nil, errors.New("filter is no map")
	}
	detection := *n
	detection.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "rules" {
			detection.Content = append(detection.Content, n.Content[i], n.Content[i+1])
			continue
		}
		var refers stringsOf
		if err := refers.UnmarshalYAML(resolve(n.Content[i+1])); err != nil {
			return nil, fmt.Errorf("filter: rules: %w", err)
		}
		f.refers = refers
	}
	if len(f.refers) == 0 {
		return nil, errors.New("filter names no rules")
	}
	return f, f.rule.readDetection(&detection)
}

// applies reports whether the filter is meant for the rule.
func (f *filter) applies(r *Rule) bool {
	return f.covers(r.Logsource) && slices.ContainsFunc(f.refers, func(ref string) bool {
		return ref == r.ID || ref == r.Name || ref == "any"
	})
}

func (f *filter) covers(ls event.Logsource) bool {
	want := f.rule.Logsource
	return (want.Category == "" || want.Category == ls.Category) && (want.Product == "" || want.Product == ls.Product) &&
		(want.Service == "" || want.Service == ls.Service)
}

// used reports whether the filter is meant for any rule.
func (f *filter) used(c *Collection) bool {
	return slices.ContainsFunc(c.Rules, f.applies) || slices.ContainsFunc(c.unread, func(u *unread) bool {
		return f.covers(u.logsource) && (u.named(f.refers) || slices.Contains(f.refers, "any"))
	})
}
