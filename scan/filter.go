package scan

import (
	"strings"
	"sync"

	"limier/event"
	"limier/parse"
	"limier/sighting"
	"limier/sigma"
)

// filters tell which lines of a text log some rule may match.
type filters struct {
	mu     sync.Mutex
	text   map[event.Logsource]*sigma.Prefilter // nil if every line has to be parsed
	tables map[tableKey]*sigma.Columns          // nil if columns do not tell
}

// A tableKey is the columns of a log: their names, with line feeds between.
type tableKey struct {
	source event.Logsource
	names  string
}

// maxTables bounds the headers that a filter is made for: a log may have a new
// one on every line.
const maxTables = 50

// prefilter returns the filter for a kind of log, tuned to the first that is
// read of it: that changes its speed and nothing else.
func (s *scanner) prefilter(source event.Logsource, sample []byte) *sigma.Prefilter {
	s.filters.mu.Lock()
	defer s.filters.mu.Unlock()
	p, ok := s.filters.text[source]
	if !ok {
		var without []*sighting.Rule
		if p, without = s.Rules.Prefilter(source, sample[:min(len(sample), 64<<10)]); len(without) > 0 {
			p = nil
		}
		if s.filters.text == nil {
			s.filters.text = map[event.Logsource]*sigma.Prefilter{}
		}
		s.filters.text[source] = p
	}
	return p
}

// columns returns the filter for a log with columns, or nil.
func (s *scanner) columns(t parse.Table, sample []byte) *sigma.Columns {
	names, path := t.Columns()
	key := tableKey{t.Source(), strings.Join(names, "\n")}
	s.filters.mu.Lock()
	defer s.filters.mu.Unlock()
	c, ok := s.filters.tables[key]
	if !ok && len(s.filters.tables) < maxTables {
		c = s.Rules.Columns(t.Source(), names, path, t.Value, sample[:min(len(sample), 64<<10)])
		if s.filters.tables == nil {
			s.filters.tables = map[tableKey]*sigma.Columns{}
		}
		s.filters.tables[key] = c
	}
	return c
}
