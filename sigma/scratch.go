package sigma

import (
	"math/bits"
	"strings"
	"unsafe"

	"limier/event"
	"limier/parse/evtx"
)

// A scratch is the memory that matching one event needs.
type scratch struct {
	b          *bucket
	data       event.Data
	layout     *layout // of data, if it is a record of a Windows event log
	record     *evtx.Record
	memory     *memory  // nil if there is none
	known      []known  // by slot
	looked     []uint64 // by slot: the turn in which it was searched
	bits       []uint64 // of the literals seen; all zero between events
	hits       []uint32 // the bits that are set
	rules      []uint32 // that start with a slot's literals
	candidates []uint64
	turn       uint64 // of the event
	values     []value
	buf        []byte
}

// A value is what an event has for a slot.
type value struct {
	turn  uint64 // of the event that it was loaded for
	n     int    // how many views are present
	text  [maxViews]string
	lower [maxViews]string // of text, once asked for
}

// lowered returns strings.ToLower of the text of view k.
func (v *value) lowered(k int) string {
	if v.lower[k] == "" {
		v.lower[k] = strings.ToLower(v.text[k])
	}
	return v.lower[k]
}

// maxViews is the most values that are kept apart.
const maxViews = 4

func (v *value) add(text string) {
	for _, have := range v.text[:v.n] {
		if have == text {
			return
		}
	}
	if text != "" && v.n < maxViews {
		v.text[v.n] = text
		v.n++
	}
}

// reset makes s ready for an event of the bucket.
func (s *scratch) reset(b *bucket) {
	s.b, s.buf, s.hits = b, s.buf[:0], s.hits[:0]
	s.turn++
	s.bits = sized(s.bits, b.words)
	s.candidates = sized(s.candidates, len(b.always))
	s.values = sized(s.values, len(b.slots))
	s.known = sized(s.known, len(b.slots))
	s.looked = sized(s.looked, len(b.slots))
}

// sized returns a slice of n elements, of v if it is long enough.
func sized[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n, n+n/2)
	}
	return v[:n]
}

// set notes that a literal was seen.
func (s *scratch) set(bit uint32) {
	if mask := uint64(1) << (bit & 63); s.bits[bit>>6]&mask == 0 {
		s.bits[bit>>6] |= mask
		s.hits = append(s.hits, bit)
	}
}

// collect notes the literals whose bits were set in some words.
func (s *scratch) collect(at, words int) {
	for w := at; w < at+words; w++ {
		for word := s.bits[w]; word != 0; word &= word - 1 {
			s.hits = append(s.hits, uint32(w<<6+bits.TrailingZeros64(word)))
		}
	}
}

// forget makes the bits zero again.
func (s *scratch) forget() {
	for _, bit := range s.hits {
		s.bits[bit>>6] = 0
	}
}

func (s *scratch) load(slot int) *value {
	v := &s.values[slot]
	if v.turn == s.turn {
		return v
	}
	*v = value{turn: s.turn}
	if s.layout != nil {
		s.loadRecord(slot, v)
		return v
	}
	for _, w := range s.b.slots[slot].views {
		if text, ok := s.view(w); ok {
			v.add(text)
		}
	}
	return v
}

func (s *scratch) view(w view) (string, bool) {
	switch w.derive {
	case plain:
		for _, name := range w.names {
			if v, ok := s.data.Field(name); ok {
				return v, true
			}
		}
		return "", false
	case everything:
		start, between := len(s.buf), s.between()
		for _, v := range s.data.Fields() {
			if len(s.buf) > start {
				s.buf = append(s.buf, between)
			}
			s.buf = append(s.buf, v...)
		}
		return s.text(start), true
	case repeated:
		start, count, first := len(s.buf), 0, ""
		for name, v := range s.data.Fields() {
			if name != w.names[0] {
				continue
			}
			if count++; count == 1 {
				first = v
			} else if count == 2 {
				s.buf = append(s.buf, first...)
			}
			if count > 1 {
				s.buf = append(append(s.buf, '\n'), v...)
			}
		}
		if count < 2 {
			return first, count == 1
		}
		return s.text(start), true
	}
	a, ok := s.data.Field(w.names[0])
	if !ok {
		return "", false
	}
	if w.derive == operation {
		switch a { // message table of Security 4657
		case "%%1904", "%%1905":
			return "SetValue", true
		case "%%1906":
			return "DeleteValue", true
		}
		return a, true
	}
	if w.derive == integrity {
		return labels[a], true
	}
	b, hasB := s.data.Field(w.names[1])
	start := len(s.buf)
	switch w.derive {
	case uri:
		if !hasB {
			return a, true
		}
		s.buf = append(append(append(s.buf, a...), '?'), b...)
	case account:
		if sid, _ := s.data.Field(w.names[2]); wellKnown[sid] != "" {
			return wellKnown[sid], true
		}
		s.buf = append(append(append(s.buf, a...), '\\'), b...)
	case registry:
		for _, root := range registryRoots {
			if rest, ok := strings.CutPrefix(a, root[0]); ok {
				s.buf = append(s.buf, root[1]...)
				a = rest
				break
			}
		}
		s.buf = append(s.buf, a...)
		if hasB {
			s.buf = append(append(s.buf, '\\'), b...)
		}
	}
	return s.text(start), true
}

// wellKnown are the system's accounts: events name the machine in their place.
var wellKnown = map[string]string{
	"S-1-5-18": `NT AUTHORITY\SYSTEM`,
	"S-1-5-19": `NT AUTHORITY\LOCAL SERVICE`,
	"S-1-5-20": `NT AUTHORITY\NETWORK SERVICE`,
}

// labels are the integrity levels in Sysmon's words.
var labels = map[string]string{"S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-8448": "MediumPlus", "S-1-16-12288": "High", "S-1-16-16384": "System"}

// registryRoots are the kernel's names of the registry's roots, and Sysmon's.
var registryRoots = [][2]string{{`\REGISTRY\MACHINE`, "HKLM"}, {`\REGISTRY\USER`, "HKU"}}

// between is what stands between the values that keywords are looked for in.
func (s *scratch) between() byte {
	how := across
	if s.layout != nil {
		how = s.layout.spans
	} else if s.data.Logsource().Product == "windows" {
		if _, unnamed := s.data.Field("Data"); !unnamed {
			how = apart
		}
	}
	return "\n "[how]
}

// text returns the end of the buffer as a string that is valid until reset:
// the buffer only grows until then, and what was written is not written again.
func (s *scratch) text(start int) string {
	b := s.buf[start:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// bytesOf returns the bytes of a string, which must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
