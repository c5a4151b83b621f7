package php

import (
	"slices"
	"sync"
)

// A stock is memory for what is read of a file, which the next file uses again:
// to make it anew for each takes longer than to read.
type stock struct {
	tokens []token // of the file
	text   []token // of a text in it, while it is lexed
	open   []uint32
	slabs  [][]node
	used   int    // of slabs
	slab   []node // what is left of the one at hand
	args   [256]value

	skipped bool // some code was not read: it is nested too deep
	lost    bool // so was code in a text, of which there are no tokens
}

// Bounds of what is kept from one file for the next.
const (
	maxKeptTokens = 64 << 10
	maxKeptSlabs  = 256
)

var stocks = sync.Pool{New: func() any { return new(stock) }}

// lex cuts a file into tokens, as the function does.
func (s *stock) lex(src []byte) ([]token, bool) {
	l := &lexer{src: src, tokens: s.tokens[:0], open: s.open[:0]}
	s.tokens = nil
	if l.tokens == nil {
		l.tokens = make([]token, 0, len(src)/24+8)
	}
	l.html()
	tokens, cut := l.all()
	s.open, s.lost = l.open, l.far > maxFar
	return tokens, cut
}

// lexText cuts a text that the file makes into tokens, which are kept; it never
// fails. inPHP says that the text starts inside PHP code, as the argument of eval
// does.
func (s *stock) lexText(src []byte, inPHP bool) ([]token, bool) {
	l := &lexer{src: src, tokens: s.text[:0], open: s.open[:0]}
	if !inPHP {
		l.html()
	}
	tokens, cut := l.all()
	if s.open = l.open; cap(tokens) > maxKeptTokens {
		return tokens, cut
	}
	s.text = tokens
	return slices.Clone(tokens), cut
}

// node returns an empty node.
func (s *stock) node() *node {
	if len(s.slab) == 0 {
		if s.used == len(s.slabs) {
			s.slabs = append(s.slabs, make([]node, slabSize))
		}
		s.slab = s.slabs[s.used]
		s.used++
	}
	n := &s.slab[0]
	s.slab = s.slab[1:]
	return n
}

// release gives back what the machine read its file into. Nothing of it but its
// reasons may be used afterwards.
func (m *machine) release() {
	s := m.file.stock
	for _, slab := range s.slabs[:s.used] {
		clear(slab)
	}
	clear(s.args[:])
	s.used, s.slab, s.skipped, s.lost = 0, nil, false, false
	if len(s.slabs) > maxKeptSlabs {
		s.slabs = slices.Delete(s.slabs, maxKeptSlabs, len(s.slabs))
	}
	if t := m.file.tokens; cap(t) <= maxKeptTokens {
		s.tokens = t[:0]
	}
	if cap(s.open) > maxKeptTokens {
		s.open = nil
	}
	stocks.Put(s)
}
