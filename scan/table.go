package scan

import (
	"slices"

	"limier/internal/literal"
	"limier/parse"
	"limier/sigma"
)

// A memory is what one goroutine remembers of the logs with columns that it
// reads. It changes what reading costs and nothing else.
type memory struct {
	names []string // of the log's columns
	judge *sigma.Judge
	paths map[string]*path
	chunk int // how many were begun
}

// A path is what is known of one.
type path struct {
	starts bool // a rule may match its lines
	script bool
	entry  *entry // in the inventory of the chunk with this number
	chunk  int
}

// Limits of what is remembered of paths: an attacker can ask for any number.
const (
	maxPaths = 10_000
	maxPath  = 256 // bytes of one
)

// of makes the memory ready for a log, and reports whether its columns tell
// which lines a rule may match.
func (m *memory) of(s *scanner, t parse.Table, sample []byte) bool {
	names, _ := t.Columns()
	if names == nil {
		return false
	}
	if slices.Equal(m.names, names) {
		return true
	}
	*m = memory{chunk: m.chunk}
	if s.Rules != nil {
		c := s.columns(t, sample)
		if c == nil {
			return false
		}
		m.judge = c.Judge()
	}
	m.names = names
	return true
}

// path returns what is known of a path.
func (m *memory) path(p []byte) *path {
	if k, ok := m.paths[string(p)]; ok {
		return k
	}
	k := &path{script: script(p), starts: m.judge != nil && m.judge.Starts(p)}
	if len(p) <= maxPath && len(m.paths) < maxPaths {
		if m.paths == nil {
			m.paths = map[string]*path{}
		}
		m.paths[string(p)] = k
	}
	return k
}

// next tells that a new chunk begins.
func (m *memory) next() {
	m.chunk++
	if len(m.paths) >= maxPaths {
		clear(m.paths)
	}
}

// table matches and counts the lines of a log with columns. A line that cannot
// be read by columns is parsed and counted by itself.
func (s *scanner) table(seg segment, t parse.Table, known *memory, r *result) {
	c := newCounter(seg, r)
	names, _ := t.Columns()
	values := make([][]byte, len(names))
	judge := known.judge
	var find literal.Finder
	found := false // more lines with literals
	if judge != nil {
		find = judge.Find(seg.data)
		found = find.Next()
	}
	for text, ref := range seg.lines(r.path) {
		start := int(ref.Offset - seg.offset)
		hit := found && find.Start == start
		if hit {
			found = find.Next()
		}
		line := text
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		var name []byte
		var p *path
		if n := len(line); n > 0 && line[0] != 0 && line[n-1] != '\r' {
			var ok bool
			if name, ok = t.Column(line); ok {
				p = known.path(name)
			}
		}
		if p == nil {
			if judge != nil {
				s.line(t, text, ref, r)
			}
			c.count(text, ref)
			continue
		}
		c.cover.Events++
		ends := start+len(text)+1 >= len(seg.data)
		if !hit && !p.starts && !p.script && c.spanned && !ends {
			continue
		}
		t.Split(line, values)
		if (hit || p.starts) && judge.May(line, values, hit) {
			s.line(t, line, ref, r)
		}
		if !p.script && c.spanned && !ends {
			continue
		}
		req, ok := t.Asked(values, &c.clock)
		if p.script && p.chunk != known.chunk {
			p.chunk, p.entry = known.chunk, r.scripts.find(name)
		}
		c.add(req, ok, p.entry, ref)
	}
}
