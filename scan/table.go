package scan

import (
	"encoding/binary"
	"slices"

	"limier/evidence"
	"limier/internal/lines"
	"limier/internal/literal"
	"limier/parse"
	"limier/sigma"
)

// A memory is what one goroutine remembers of the logs with columns that it
// reads. It changes what reading costs and nothing else.
type memory struct {
	names  []string // of the log's columns
	judge  *sigma.Judge
	paths  map[string]*path
	recent [256]*path // of paths, where place says
	at     []int32    // of a line's spaces
	values [][]byte   // of a line
	chunk  int        // how many were begun
}

// A path is what is known of one.
type path struct {
	name   string
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
	m.at, m.values = make([]int32, len(names)+lines.Room), make([][]byte, len(names))
	return true
}

// path returns what is known of a path.
func (m *memory) path(p []byte) *path {
	slot := &m.recent[place(p)]
	if k := *slot; k != nil && k.name == string(p) {
		return k
	}
	k := m.look(p)
	if k.name != "" {
		*slot = k
	}
	return k
}

func (m *memory) look(p []byte) *path {
	if k, ok := m.paths[string(p)]; ok {
		return k
	}
	k := &path{script: script(p), starts: m.judge != nil && m.judge.Starts(p)}
	if len(p) <= maxPath && len(m.paths) < maxPaths {
		if m.paths == nil {
			m.paths = map[string]*path{}
		}
		k.name = string(p)
		m.paths[k.name] = k
	}
	return k
}

// place is a quick hash of a short text: whoever makes texts with one hash makes
// looking them up as slow as it is without.
func place(b []byte) uint8 {
	v := uint64(len(b)) << 56
	if len(b) >= 8 {
		v ^= binary.LittleEndian.Uint64(b[len(b)-8:]) ^ binary.LittleEndian.Uint64(b)<<1
	} else {
		for _, c := range b {
			v = v<<8 ^ uint64(c)
		}
	}
	return uint8(v * 0x9E3779B97F4A7C15 >> 56) // 2^64 / golden ratio
}

// next tells that a new chunk begins.
func (m *memory) next() {
	m.chunk++
	if len(m.paths) >= maxPaths {
		clear(m.paths)
		clear(m.recent[:])
	}
}

// table matches and counts the lines of a log with columns, and returns how many
// there are. A line that cannot be read by columns is parsed and counted by
// itself.
func (s *scanner) table(seg segment, t parse.Table, known *memory, r *result) int {
	c := newCounter(seg, r)
	names, key := t.Columns()
	judge := known.judge
	var find literal.Finder
	found := false // more lines with literals
	if judge != nil {
		find = judge.Find(seg.data)
		found = find.Next()
	}
	ref := evidence.Ref{Path: r.path, Line: seg.line, Offset: seg.offset}
	for pos, end := 0, 0; pos < len(seg.data); pos += end + 1 {
		var spaces int
		end, spaces = lines.Cut(seg.data[pos:], ' ', known.at)
		text := seg.data[pos : pos+end]
		ref.Line++
		ref.Offset = seg.offset + int64(pos)
		hit := found && find.Start == pos
		if hit {
			found = find.Next()
		}
		line := text
		if end > 0 && line[end-1] == '\r' {
			line = line[:end-1]
		}
		if n := len(line); spaces != len(names)-1 || n == 0 || line[0] == 0 || line[n-1] == '\r' || !t.Starts(line) {
			if judge != nil {
				s.line(t, text, ref, r)
			}
			c.count(text, ref)
			continue
		}
		name := value(line, known.at, key, spaces)
		p := known.path(name)
		c.cover.Events++
		counts := p.script || !c.spanned || pos+end+1 >= len(seg.data)
		if !hit && !p.starts && !counts {
			continue
		}
		values := known.values
		for i := range values {
			values[i] = value(line, known.at, i, spaces)
		}
		if (hit || p.starts) && judge.May(line, values, hit) {
			s.line(t, line, ref, r)
		}
		if !counts {
			continue
		}
		req, ok := t.Asked(values, &c.clock)
		if p.script && p.chunk != known.chunk {
			p.chunk, p.entry = known.chunk, r.scripts.find(name)
		}
		c.add(req, ok, p.entry, ref)
	}
	return ref.Line - seg.line
}

// value returns the i-th value of a line with spaces at those places.
func value(line []byte, at []int32, i, spaces int) []byte {
	from, to := 0, len(line)
	if i > 0 {
		from = int(at[i-1]) + 1
	}
	if i < spaces {
		to = int(at[i])
	}
	return line[from:to]
}
