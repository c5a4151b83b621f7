package sigma

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"limier/event"
	"limier/finding"
	"limier/sighting"
)

// A Rule is one Sigma rule as it was read.
type Rule struct {
	sighting.Rule

	File      string // where it was read
	Line      int
	Logsource event.Logsource
	Date      string
	Modified  string

	names      []string // search identifiers, in the order of the rule
	identifier map[string]*yaml.Node
	conditions []string
	written    written
	place      int // among all rules
}

// written is what a document itself says of what it would else be given.
type written struct{ ID, Name, Level string }

func (h *header) written() written { return written{h.ID, h.Name, h.Level} }

// A RuleError says why a rule, or a file of rules, could not be used.
type RuleError struct {
	File  string
	Line  int    // 0 if unknown
	ID    string // "" if unknown
	Title string
	Err   error
}

func (e *RuleError) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Title != "" {
		where += ": " + e.Title
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *RuleError) Unwrap() error { return e.Err }

// fail says what is wrong with a rule.
func (r *Rule) fail(err error) RuleError {
	return RuleError{File: r.File, Line: r.Line, ID: r.ID, Title: r.Title, Err: err}
}

// header is what rules, correlations and filters have in common.
type header struct {
	Title       string    `yaml:"title"`
	ID          string    `yaml:"id"`
	Name        string    `yaml:"name"`
	Status      string    `yaml:"status"`
	Description string    `yaml:"description"`
	Level       string    `yaml:"level"`
	Author      yaml.Node `yaml:"author"`
	Date        string    `yaml:"date"`
	Modified    string    `yaml:"modified"`
	Tags        stringsOf `yaml:"tags"`
	References  stringsOf `yaml:"references"`
	FalsePos    stringsOf `yaml:"falsepositives"`
	Taxonomy    string    `yaml:"taxonomy"`
	Logsource   yaml.Node `yaml:"logsource"`
	Detection   yaml.Node `yaml:"detection"`
	Correlation yaml.Node `yaml:"correlation"`
	Filter      yaml.Node `yaml:"filter"`

	place int // of the document in its file: the first rule is 1
}

// stringsOf reads a list of texts, or a single text.
type stringsOf []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *stringsOf) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			*s = stringsOf{n.Value}
		}
	case yaml.SequenceNode:
		for _, k := range n.Content {
			if k = resolve(k); k.Kind == yaml.ScalarNode {
				*s = append(*s, k.Value)
			}
		}
	default:
		return errors.New("neither a text nor a list")
	}
	return nil
}

// resolve follows a YAML alias.
func resolve(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < 10; i++ {
		n = n.Alias
	}
	return n
}

var (
	levels   = []finding.Level{finding.Informational, finding.Low, finding.Medium, finding.High, finding.Critical}
	statuses = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
)

// head turns the header of a document into what sightings show. file gives a
// name to what has none.
func (h *header) head(file string) (r sighting.Rule, err error) {
	r = sighting.Rule{
		ID: h.ID, Name: h.Name, Title: strings.TrimSpace(h.Title), Description: strings.TrimSpace(h.Description),
		Status: h.Status, Tags: h.Tags, References: h.References, FalsePos: h.FalsePos,
	}
	var authors stringsOf
	if h.Author.Kind != 0 && authors.UnmarshalYAML(&h.Author) == nil {
		r.Author = strings.Join(authors, ", ")
	}
	if r.Name == "" {
		r.Name = baseName(file)
		if h.place > 1 {
			r.Name += fmt.Sprintf("-%d", h.place)
		}
	}
	if r.ID == "" {
		r.ID = r.Name
	}
	if r.Title == "" {
		return r, errors.New("no title")
	}
	r.Level = finding.Level(strings.ToLower(h.Level))
	switch {
	case h.Level == "":
		r.Level = finding.Informational
	case !contains(levels, r.Level):
		return r, fmt.Errorf("level %q is none of %v", h.Level, levels)
	}
	if h.Status != "" && !contains(statuses, h.Status) {
		return r, fmt.Errorf("status %q is none of %v", h.Status, statuses)
	}
	if h.Taxonomy != "" && h.Taxonomy != "sigma" {
		return r, fmt.Errorf("taxonomy %q: only Sigma's own is known", h.Taxonomy)
	}
	return r, nil
}

// baseName is the name of a file's first rule if it has none.
func baseName(file string) string {
	base := path.Base(file)
	return strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(base, path.Ext(base))), "_", "-")
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func readLogsource(n *yaml.Node) (ls event.Logsource, err error) {
	if n.Kind != yaml.MappingNode {
		return ls, errors.New("no logsource")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := resolve(n.Content[i+1])
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
			continue
		}
		switch value := strings.ToLower(strings.TrimSpace(v.Value)); n.Content[i].Value {
		case "category":
			ls.Category = value
		case "product":
			ls.Product = value
		case "service":
			ls.Service = value
		}
	}
	if ls == (event.Logsource{}) {
		return ls, errors.New("logsource has neither category, product nor service")
	}
	return ls, nil
}

// newRule reads a detection rule.
func newRule(h *header, file string, line int) (*Rule, error) {
	r := &Rule{File: file, Line: line, Date: h.Date, Modified: h.Modified, identifier: map[string]*yaml.Node{}}
	var err error
	r.written = h.written()
	if r.Rule, err = h.head(file); err != nil {
		return r, err
	}
	if r.Logsource, err = readLogsource(&h.Logsource); err != nil {
		return r, err
	}
	return r, r.readDetection(&h.Detection)
}

func (r *Rule) readDetection(n *yaml.Node) error {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return errors.New("no detection")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := n.Content[i].Value, resolve(n.Content[i+1])
		switch name {
		case "condition":
			var texts stringsOf
			if err := texts.UnmarshalYAML(v); err != nil {
				return fmt.Errorf("condition: %w", err)
			}
			r.conditions = texts
		case "timeframe":
			return errors.New("detection has a timeframe: Sigma 2 has correlation rules instead")
		default:
			if r.identifier[name] != nil {
				return fmt.Errorf("detection has %q twice", name)
			}
			r.names = append(r.names, name)
			r.identifier[name] = v
		}
	}
	if len(r.conditions) == 0 {
		return errors.New("no condition")
	}
	return nil
}

// logic compiles the rule's detection.
func (r *Rule) logic(placeholders map[string][]string, used map[string]bool) (*node, error) {
	by := map[string]*node{}
	for _, name := range r.names {
		n, err := selection(r.identifier[name], placeholders, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		by[name] = n
	}
	var kids []*node
	for _, text := range r.conditions {
		n, err := parseCondition(text, r.names, by, used)
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	return join(or, kids), nil
}

// selection compiles a search identifier: a map is an "and" of its items, a
// list an "or" of maps or of keywords.
func selection(n *yaml.Node, placeholders map[string][]string, depth int) (*node, error) {
	n = resolve(n)
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	var kids []*node
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			it, err := newItem(key, placeholders)
			if err != nil {
				return nil, err
			}
			k, err := it.node(valuesOf(n.Content[i+1]))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			kids = append(kids, k)
		}
		if len(kids) == 0 {
			return nil, errors.New("empty map")
		}
		return join(and, kids), nil
	case yaml.SequenceNode:
		for _, v := range n.Content {
			k, err := selection(v, placeholders, depth+1)
			if err != nil {
				return nil, err
			}
			kids = append(kids, k)
		}
		if len(kids) == 0 {
			return nil, errors.New("empty list")
		}
		return join(or, kids), nil
	case yaml.ScalarNode:
		it := &item{placeholders: placeholders}
		return it.node([]*yaml.Node{n})
	}
	return nil, errors.New("neither a map nor a list")
}

func valuesOf(n *yaml.Node) (values []*yaml.Node) {
	if n = resolve(n); n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	for _, v := range n.Content {
		values = append(values, resolve(v))
	}
	return values
}

// date reports whether s is a date as Sigma writes it.
func date(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
