package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"limier/event"
)

// A Collection is what was read of any number of rule files: detection rules,
// correlations and filters. The zero value is empty.
type Collection struct {
	Rules []*Rule

	// Lazy puts off reading rules whose log source is plain without: an engine
	// reads them when it sees an event that they may be about. They are in
	// Rules as little as they are counted among the errors.
	Lazy bool

	correlations []*correlation
	filters      []*filter
	unread       []*unread
	count        int                        // of rules, read or not
	logsources   map[string]event.Logsource // by their texts
}

const (
	maxFile      = 4 << 20 // bytes
	maxDocuments = 10_000  // of one file
)

// Read reads every .yml and .yaml file below the root of fsys, in the order of
// their names. What cannot be read is named, and the rest is used.
func Read(fsys fs.FS) (*Collection, []RuleError) {
	c := &Collection{}
	return c, c.Read(fsys)
}

// Read adds every .yml and .yaml file below the root of fsys, as the function
// Read does.
func (c *Collection) Read(fsys fs.FS) (errs []RuleError) {
	walk := func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			errs = append(errs, RuleError{File: name, Err: err})
			return nil
		}
		if ext := path.Ext(name); !d.Type().IsRegular() || ext != ".yml" && ext != ".yaml" {
			return nil
		}
		data, err := readFile(fsys, name)
		if err != nil {
			errs = append(errs, RuleError{File: name, Err: err})
			return nil
		}
		errs = append(errs, c.Add(name, data)...)
		return nil
	}
	if err := fs.WalkDir(fsys, ".", walk); err != nil {
		errs = append(errs, RuleError{File: ".", Err: err})
	}
	return errs
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil {
		b.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead) // room for the end of the file, too
	}
	_, err = b.ReadFrom(io.LimitReader(f, maxFile+1))
	if err == nil && b.Len() > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return b.Bytes(), err
}

// Add reads the documents of one file. Rule collections (action: global, reset
// and repeat) are resolved.
func (c *Collection) Add(file string, data []byte) (errs []RuleError) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if c.Lazy {
		if u := c.glance(file, data); u != nil {
			u.place = c.count
			c.count++
			c.unread = append(c.unread, u)
			return nil
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var global, last *yaml.Node
	place := 0
	for count := 0; ; count++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return errs
		}
		if err == nil && count == maxDocuments {
			err = fmt.Errorf("more than %d documents", maxDocuments)
		}
		if err != nil {
			return append(errs, RuleError{File: file, Err: plainError(err)})
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue
		}
		root := doc.Content[0]
		if root.Kind != yaml.MappingNode {
			errs = append(errs, RuleError{File: file, Line: root.Line, Err: errors.New("not a rule: no map")})
			continue
		}
		switch action(root) {
		case "global":
			global = root
			continue
		case "reset":
			global = nil
			continue
		case "repeat":
			root = merge(last, root, 0)
		default:
			root = merge(global, root, 0)
		}
		last = root
		place++
		if err := c.document(file, place, root); err != nil {
			errs = append(errs, *err)
		}
	}
}

// plainError drops the prefix by which a YAML error names its library.
func plainError(err error) error {
	return errors.New("YAML: " + strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", " "), "yaml: "))
}

func action(root *yaml.Node) string {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "action" {
			return resolve(root.Content[i+1]).Value
		}
	}
	return ""
}

// merge returns a with the entries of b: maps are merged, other values of b
// stand in place of a's.
func merge(a, b *yaml.Node, depth int) *yaml.Node {
	if a == nil {
		return b
	}
	if a, b = resolve(a), resolve(b); a.Kind != yaml.MappingNode || b.Kind != yaml.MappingNode || depth > maxDepth {
		return b
	}
	merged := *a
	merged.Line = b.Line
	merged.Content = append([]*yaml.Node(nil), a.Content...)
next:
	for i := 0; i+1 < len(b.Content); i += 2 {
		for k := 0; k+1 < len(merged.Content); k += 2 {
			if merged.Content[k].Value == b.Content[i].Value {
				merged.Content[k+1] = merge(merged.Content[k+1], b.Content[i+1], depth+1)
				continue next
			}
		}
		merged.Content = append(merged.Content, b.Content[i], b.Content[i+1])
	}
	return &merged
}

// ErrNotRule says of a YAML document that it has nothing of a Sigma rule.
var ErrNotRule = errors.New("not a Sigma rule: neither logsource, detection, correlation nor filter")

func (c *Collection) document(file string, place int, root *yaml.Node) *RuleError {
	h := header{place: place}
	err := root.Decode(&h)
	if err != nil {
		err = plainError(err)
	}
	switch {
	case err != nil:
	case h.Detection.Kind == 0 && h.Logsource.Kind == 0 && h.Correlation.Kind == 0 && h.Filter.Kind == 0:
		err = ErrNotRule
	case h.Correlation.Kind != 0:
		var cor *correlation
		if cor, err = newCorrelation(&h, file, root.Line); err == nil {
			c.correlations = append(c.correlations, cor)
		}
	case h.Filter.Kind != 0:
		var f *filter
		if f, err = newFilter(&h, file, root.Line); err == nil {
			c.filters = append(c.filters, f)
		}
	default:
		var r *Rule
		if r, err = newRule(&h, file, root.Line); err == nil {
			r.place = c.count
			c.count++
			c.Rules = append(c.Rules, r)
		}
	}
	if err != nil {
		return &RuleError{File: file, Line: root.Line, ID: h.ID, Title: h.Title, Err: err}
	}
	return nil
}
