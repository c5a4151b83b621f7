package sigma

import (
	"hash/maphash"

	"limier/parse/evtx"
)

// A memory remembers which literals stand in values of records: images, users
// and command lines repeat. It belongs to the goroutine of a scanner, and what
// it forgets costs time and nothing else.
type memory struct {
	seed   maphash.Seed
	values []*remembered
	size   int // bytes of values
	chunks []heard
}

// A heard says whether some keywords, in UTF-16, are in a chunk.
type heard struct {
	*keywords
	chunk uint64
	yes   bool
}

// A remembered is a value of a slot, as it lies in the log, the literals that it
// holds, the rules that start with them, and how tests of it ended.
type remembered struct {
	hash   uint64
	slot   *slot
	typ    uint8
	raw    []byte
	hits   []uint32
	starts []uint32
	tests  []tested
}

type tested struct {
	check *check
	holds bool
}

// maxTested bounds the tests that are remembered of a value.
const maxTested = 32

// A trial counts whether remembering the values of a slot pays. While most of
// them are new it is let be.
type trial struct {
	seen, new, pause, last int

	hash, at uint64 // of the value before, and where it is remembered
}

const (
	memorySize = 4096    // values, a power of two
	maxRaw     = 4096    // bytes of a value
	maxMemory  = 8 << 20 // bytes of all values; then it starts anew
)

// memoryOf returns the memory of a scanner, nil without one.
func memoryOf(s *evtx.Scanner) *memory {
	if s == nil {
		return nil
	}
	m, ok := s.Memory.(*memory)
	if !ok {
		m = newMemory(memorySize)
		s.Memory = m
	}
	return m
}

// newMemory returns a memory for size values, a power of two.
func newMemory(size int) *memory {
	return &memory{seed: maphash.MakeSeed(), values: make([]*remembered, size)}
}

// recall makes sure that it is known what a slot holds that has its value from
// one field: then it is recalled, or there is none. It is not ok if the value is
// not one to remember.
func (s *scratch) recall(i int, sl *slot) (ok bool) {
	f := s.layout.single[i]
	if f < 0 {
		return f == none
	}
	v := s.record.Value(f)
	if v.Empty() {
		return true
	}
	m := s.memory
	t := &s.layout.trials[i]
	if t.pause > 0 || len(v.Raw) > maxRaw {
		t.pause = max(0, t.pause-1)
		return false
	}
	if a := m.values[t.at]; a.is(t.hash, sl, uint8(v.Type), v.Raw) {
		s.known[i] = known{a, t.hash, s.turn}
		return true
	}
	h := maphash.Bytes(m.seed, v.Raw) ^ uint64(sl.at)*0x9e3779b97f4a7c15
	at := h >> 20 & uint64(len(m.values)-2)
	pair := m.values[at : at+2]
	t.hash, t.at = h, at
	t.seen++
	a := pair[0]
	if !a.is(h, sl, uint8(v.Type), v.Raw) {
		pair[0], pair[1] = pair[1], pair[0]
		if a = pair[0]; !a.is(h, sl, uint8(v.Type), v.Raw) { // the older one goes
			if t.new++; t.seen >= trialSize {
				if t.new > t.seen/2 {
					t.last = max(firstPause, min(2*t.last, 1<<24))
					t.pause = t.last
				}
				t.seen, t.new = 0, 0
			}
			if m.size > maxMemory {
				clear(m.values)
				m.size, a = 0, nil
			}
			if a == nil {
				a = &remembered{}
				pair[0] = a
			}
			m.size += max(0, len(v.Raw)-cap(a.raw))
			before := len(s.hits)
			s.search(i, sl)
			a.tests = a.tests[:0]
			a.hash, a.slot, a.typ, a.raw = h, sl, uint8(v.Type), append(a.raw[:0], v.Raw...)
			a.hits = append(a.hits[:0], s.hits[before:]...)
			a.starts = s.b.starting(a.starts[:0], a.hits)
		}
	}
	s.known[i] = known{a, h, s.turn}
	return true
}

// mayHold reports whether a keyword, in UTF-16, may be in the record: a chunk is
// searched once for all its records.
func (m *memory) mayHold(r *evtx.Record, k *keywords) bool {
	b, number := r.Chunk()
	if m == nil || b == nil {
		return true
	}
	for i := range m.chunks {
		if h := &m.chunks[i]; h.keywords == k {
			if h.chunk != number {
				h.chunk, h.yes = number, k.wide().Any(b)
			}
			return h.yes
		}
	}
	m.chunks = append(m.chunks, heard{k, number, k.wide().Any(b)})
	return m.chunks[len(m.chunks)-1].yes
}

// A known is what is remembered of a slot's value in the event at hand. Its
// memory may serve another value meanwhile: then the hash differs.
type known struct {
	*remembered
	hash uint64
	turn uint64
}

// recalled returns what is remembered of a slot's value in this event, or nil.
func (s *scratch) recalled(i int) *remembered {
	if k := &s.known[i]; k.turn == s.turn && k.remembered.hash == k.hash && k.remembered.slot == &s.b.slots[i] {
		return k.remembered
	}
	return nil
}

func (r *remembered) is(hash uint64, sl *slot, typ uint8, raw []byte) bool {
	return r != nil && r.hash == hash && r.slot == sl && r.typ == typ && string(r.raw) == string(raw)
}
