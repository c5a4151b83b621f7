package script

import (
	"slices"
	"sync"
)

// A stock is memory for the tokens and nodes of one file, which the next file
// uses again: to make it anew for each takes longer than to read.
type stock struct {
	toks  []Token
	held  int // of toks that were written to
	nodes slabs[Node]
	ptrs  slabs[*Node]
}

// Bounds of what is kept from one file for the next.
const (
	maxKeptTokens = 32 << 10
	maxKeptSlabs  = 128
)

var stocks = sync.Pool{New: func() any { return new(stock) }}

// release empties the stock and keeps it for the next file.
func (s *stock) release() {
	s.nodes.empty()
	s.ptrs.empty()
	if cap(s.toks) > maxKeptTokens {
		s.toks = nil
	}
	clear(s.toks[:min(s.held, cap(s.toks))])
	s.toks, s.held = s.toks[:0], 0
	stocks.Put(s)
}

// slabs hand out small pieces of memory, all of them zero.
type slabs[T any] struct {
	all  [][]T
	used int
	left []T // of the one at hand
}

// take returns n of them; a slab has size.
func (s *slabs[T]) take(n, size int) []T {
	if n > size {
		return make([]T, n)
	}
	if len(s.left) < n {
		if s.used == len(s.all) {
			s.all = append(s.all, make([]T, size))
		}
		s.left = s.all[s.used]
		s.used++
	}
	out := s.left[:n:n]
	s.left = s.left[n:]
	return out
}

func (s *slabs[T]) empty() {
	for _, slab := range s.all[:s.used] {
		clear(slab)
	}
	s.used, s.left = 0, nil
	if len(s.all) > maxKeptSlabs {
		s.all = slices.Delete(s.all, maxKeptSlabs, len(s.all))
	}
}
