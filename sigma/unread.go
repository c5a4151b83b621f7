package sigma

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"limier/event"
)

// An unread is a file with one rule, which is read once there is an event that
// the rule may be about.
type unread struct {
	file      string
	place     int // among all rules
	logsource event.Logsource
	names     []string // the rule has no name and ID but these
	data      []byte
}

// named reports whether one of these may mean the rule.
func (u *unread) named(refers []string) bool {
	return slices.ContainsFunc(u.names, func(n string) bool { return slices.Contains(refers, n) })
}

// need reads the rules that events of the key may match.
func (e *Engine) need(key bucketKey) {
	if !slices.Contains(taxonomyIDs, key.eventID) {
		key.eventID = "" // as far as concerns tells
	}
	e.loading.Lock()
	defer e.loading.Unlock()
	if e.ready[key] {
		return
	}
	e.ready[key] = true
	e.errs = append(e.errs, e.read(func(u *unread) bool { return concerns(u.logsource, key.ls, key.eventID) })...)
}

// read reads the rules that were put off and are wanted.
func (e *Engine) read(wanted func(*unread) bool) (errs []RuleError) {
	var rules []*Rule
	var rest []*unread
	for _, u := range e.unread {
		if !wanted(u) {
			rest = append(rest, u)
			continue
		}
		c := Collection{count: u.place}
		errs = append(errs, c.Add(u.file, u.data)...)
		rules = append(rules, c.Rules...)
	}
	if len(rest) == len(e.unread) {
		return nil
	}
	added, more := e.compile(rules)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unread = rest
	e.sources = slices.Concat(e.sources, added)
	slices.SortStableFunc(e.sources, func(a, b source) int { return a.rule.place - b.rule.place })
	for _, s := range added {
		e.name(s.root)
	}
	return append(errs, more...)
}

// Late returns which rules that were put off turned out not to be of use when
// they were read, and how many were not read yet.
func (e *Engine) Late() (errs []RuleError, unread int) {
	e.loading.Lock()
	defer e.loading.Unlock()
	return slices.Clone(e.errs), len(e.unread)
}

// glance returns what a file holds if that is plain without reading it as YAML:
// one rule, whose map stands in the first column, so that each entry starts a
// line with a bare word. An entry that no line starts is not there. One that a
// line seems to start is either there or nowhere: what looks like it is then
// part of a longer text, and the rule has no log source. Whenever there is
// doubt, glance returns nil.
func (c *Collection) glance(file string, data []byte) *unread {
	u := &unread{file: file, names: []string{baseName(file)}, data: data}
	if bytes.Count(data, []byte("\r")) != bytes.Count(data, []byte("\r\n")) {
		return nil
	}
	for _, feed := range []string{"\u0085", "\u2028", "\u2029"} { // YAML 1.1 ends lines there
		if bytes.Contains(data, []byte(feed)) {
			return nil
		}
	}
	for len(data) > 0 && strings.IndexByte("\r\n#", data[0]) >= 0 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	logsources, ids, names := 0, 0, 0
	for len(data) > 0 {
		var entry []byte
		entry, data = cutEntry(data)
		n := 0
		for n < len(entry) && (entry[n] >= 'a' && entry[n] <= 'z' || entry[n] == '_') {
			n++
		}
		key, value := entry[:n], entry[n:]
		if len(value) == 0 || value[0] != ':' || len(value) > 1 && strings.IndexByte(" \r\n", value[1]) < 0 {
			return nil
		}
		switch string(key) {
		case "action", "correlation", "filter":
			return nil
		case "logsource":
			logsources++
			var ok bool
			if u.logsource, ok = c.logsource(entry); !ok {
				return nil
			}
			continue
		case "id":
			ids++
		case "name":
			names++
		default:
			continue
		}
		value = bytes.TrimSpace(value[1:])
		if len(value) == 0 || bytes.ContainsFunc(value, special) {
			return nil
		}
		u.names = append(u.names, string(value))
	}
	if logsources != 1 || ids > 1 || names > 1 {
		return nil
	}
	return u
}

// special reports whether a text with the rune may not be what it looks like.
func special(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// cutEntry cuts a line and those that follow and start with a space or are
// empty or comments.
func cutEntry(data []byte) (entry, rest []byte) {
	for i := 0; ; {
		next := bytes.IndexByte(data[i:], '\n') + 1
		if next == 0 {
			return data, nil
		}
		if i += next; i < len(data) && strings.IndexByte(" \r\n#", data[i]) < 0 {
			return data[:i], data[i:]
		}
	}
}

// logsource reads an entry. Few differ.
func (c *Collection) logsource(entry []byte) (ls event.Logsource, ok bool) {
	if ls, ok = c.logsources[string(entry)]; ok {
		return ls, true
	}
	var n yaml.Node
	if yaml.Unmarshal(entry, &n) != nil || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode || len(n.Content[0].Content) != 2 {
		return ls, false
	}
	ls, err := readLogsource(n.Content[0].Content[1])
	if err != nil {
		return ls, false
	}
	if c.logsources == nil {
		c.logsources = map[string]event.Logsource{}
	}
	c.logsources[string(entry)] = ls
	return ls, true
}
